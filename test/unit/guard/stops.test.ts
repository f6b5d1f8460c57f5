import assert from 'node:assert/strict';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { KillSwitch, problemWith, type KillWhat } from '../../../src/guard/kill-switch.ts';
import type { Latch, LatchLevel, Stop } from '../../../src/guard/ports.ts';
import { conversationKey, stopMarks, stopOf, stopsOf, withoutHandStop, withStop, type About } from '../../../src/guard/stops.ts';
import { handClock, latch, MemoryLatch, rejectsWith, settle, START_MS, type HandClock } from './support.ts';

const by = { digest: 'admin', name: 'Ada Admin', reason: 'odd' };
const ada = new InternalId('id-of-ada');
const bob = new InternalId('id-of-bob');
const HERE = 'a:conversation';

const things: readonly { readonly what: Exclude<KillWhat, { scope: 'all' }>; readonly about: About; readonly not: About; readonly code: string }[] = [
  { what: { scope: 'model', key: '', label: '' }, about: { model: true }, not: { people: [ada], actions: ['find_person'] }, code: 'STOPPED_MODEL' },
  { what: { scope: 'action', key: 'block_sign_in', label: '' }, about: { actions: ['find_person', 'block_sign_in'] }, not: { actions: ['unblock_sign_in'] }, code: 'STOPPED_ACTION' },
  { what: { scope: 'person', key: ada.digest(), label: 'Ada' }, about: { people: [bob, ada] }, not: { people: [bob] }, code: 'STOPPED_PERSON' },
  { what: { scope: 'conversation', key: conversationKey(HERE), label: '' }, about: { conversation: HERE }, not: { conversation: 'a:other' }, code: 'STOPPED_CONVERSATION' },
];

function make(row: Partial<Latch> = {}): { readonly clock: HandClock; readonly store: MemoryLatch; readonly killSwitch: KillSwitch; readonly another: () => KillSwitch } {
  const clock = handClock();
  const store = new MemoryLatch(latch(row));
  return { clock, store, killSwitch: new KillSwitch(store, clock), another: () => new KillSwitch(store, clock) };
}

const stop = (changes: Partial<Stop> = {}): Stop => ({ scope: 'model', key: '', label: '', epoch: 1, at: new Date(START_MS), by: '', byName: '', reason: '', lifted: false, ...changes });

describe('one thing that is stopped', () => {
  for (const { about, code, not, what } of things) {
    it(`(${what.scope}) ends what it concerns here at once, elsewhere on its next reading, and nothing else`, async () => {
      const { another, clock, killSwitch, store } = make();
      const other = another();
      await Promise.all([killSwitch.read(), other.read()]);
      const [running, untouched, there] = [killSwitch.guardCall(about), killSwitch.guardCall(not), other.guardCall(about)];
      store.onWrite = () => new Promise(() => undefined);
      void killSwitch.kill(by, what);
      assert.equal(running.signal.aborted, true, 'in the very same tick');
      assert.equal(untouched.signal.aborted, false);
      assert.equal(killSwitch.guardCall(about).signal.aborted, true, 'what begins after it does not leave');
      await rejectsWith(killSwitch.assertAlive(about), code as never);
      assert.equal((await killSwitch.assertAlive(not)).level, 'full');
      // Elsewhere nothing is known before storage has it.
      await other.assertAlive(about);
      store.onWrite = undefined;
      assert.equal((await killSwitch.kill(by, what)).stored, true);
      clock.advance(1_000);
      await rejectsWith(other.assertAlive(about), code as never);
      assert.equal(there.signal.aborted, true);
      assert.equal((await other.assertAlive(not)).level, 'full', 'the level is as it was');
      for (const { done } of [running, untouched, there]) done();
    });

    it(`(${what.scope}) survives a restart, and is revived under a new epoch that keeps what was asked before dead`, async () => {
      const { another, clock, killSwitch } = make();
      const before = stopMarks((await killSwitch.read()).stops, about);
      const { epoch } = await killSwitch.kill(by, what);
      const restarted = another();
      await rejectsWith(restarted.assertAlive(about), code as never);
      const lifted = await restarted.lift(what, epoch, by);
      assert(lifted > epoch);
      clock.advance(1_000);
      for (const each of [restarted, killSwitch]) {
        const { stops } = await each.assertAlive(about);
        assert.notEqual(stopMarks(stops, about), before, 'a request of before the stop would live again');
        assert.equal(stopMarks(stops, not), '');
      }
    });

    it(`(${what.scope}) is not revived by a proposal of another stop, nor twice`, async () => {
      const { killSwitch } = make();
      const { epoch } = await killSwitch.kill(by, what);
      const again = await killSwitch.kill(by, what);
      assert(again.epoch > epoch);
      await rejectsWith(killSwitch.lift(what, epoch, by), 'APPROVAL_STALE');
      await killSwitch.lift(what, again.epoch, by);
      await rejectsWith(killSwitch.lift(what, again.epoch, by), 'APPROVAL_STALE');
    });
  }

  it('is told to storage until it listens, and what was revived since is not stopped again by a repetition', async () => {
    const { another, clock, killSwitch, store } = make();
    const what = { scope: 'model', key: '', label: '' } as const;
    let writes = 0;
    store.onWrite = async () => {
      writes += 1;
      // The first write lands, and its answer is lost.
      if (writes === 1) {
        const { epoch } = (await killSwitch.read()).stops[0] ?? assert.fail();
        store.put({ stops: [stop({ epoch })] });
        throw new Error('lost');
      }
    };
    const { epoch, stored } = await killSwitch.kill(by, what);
    assert.equal(stored, false);
    await another().lift(what, epoch, by);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await settle();
    clock.advance(1_000);
    assert.equal((await killSwitch.assertAlive({ model: true })).level, 'full', 'two admins revived it');
    assert.equal(writes, 2, 'the stop and the revival');
  });

  it('is stopped though somebody whose clock is ahead revived it a moment ago', async () => {
    const { another, clock, killSwitch, store } = make();
    store.put({ stops: [stop({ epoch: START_MS + 60_000, lifted: true })] });
    const { epoch, stored } = await killSwitch.kill(by, { scope: 'model', key: '', label: '' });
    assert.deepEqual([stored, epoch], [true, START_MS + 60_001]);
    clock.advance(1_000);
    for (const each of [killSwitch, another()]) await rejectsWith(each.assertAlive({ model: true }), 'STOPPED_MODEL');
  });

  it('stays when everything is killed and revived', async () => {
    const { clock, killSwitch } = make();
    await killSwitch.kill(by, { scope: 'model', key: '', label: '' });
    const { epoch } = await killSwitch.kill(by);
    await killSwitch.revive('full', epoch, by);
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive({ model: true }), 'STOPPED_MODEL');
    assert.equal((await killSwitch.assertAlive({ people: [ada] })).level, 'full');
  });

  it('is not taken away by a hand that changes the row, for who has seen it', async () => {
    const { clock, killSwitch, store } = make();
    const { epoch } = await killSwitch.kill(by, { scope: 'model', key: '', label: '' });
    await killSwitch.read();
    clock.advance(1_000);
    await killSwitch.read();
    store.put({ level: 'off', stops: [], seal: 'broken', epoch: 50 });
    clock.advance(1_000);
    assert.equal((await killSwitch.read()).level, 'off');
    await killSwitch.revive('full', 50, by);
    store.put({ seal: 'holds' });
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive({ model: true }), 'STOPPED_MODEL');
    assert.equal(store.row?.stops?.[0]?.epoch, epoch);
  });
});

describe('what hands stop', () => {
  const texts: readonly (readonly [string, readonly string[] | 'all'])[] = [
    ['', []],
    ['model', ['model:']],
    [' Model ; action wipe_device;person 8b1c2d3e-0000-4000-8000-0000000000aa ;', ['model:', 'action:wipe_device', `person:${new InternalId('8b1c2d3e-0000-4000-8000-0000000000aa').digest()}`]],
    ['everything', 'all'],
    ['action', 'all'],
    ['action wipe device', 'all'],
    ['model; action Wipe_Device', 'all'],
    ['person', 'all'],
    ['person ada@contoso.example', 'all'],
    ['model please', 'all'],
    ['conversation x', 'all'],
  ];
  for (const [text, expected] of texts) {
    it(`“${text}” ${expected === 'all' ? 'is not understood, and stops everything' : `stops ${expected.length === 0 ? 'nothing' : expected.join(' and ')}`}`, async () => {
      const stops = stopsOf(latch({ stopped: text }));
      assert.deepEqual(stops === 'all' ? stops : stops.map(({ key, scope }) => `${scope}:${key}`), expected);
      const { killSwitch } = make({ stopped: text });
      assert.equal((await killSwitch.read()).level, expected === 'all' ? 'off' : 'full');
    });
  }

  it('is revived by two admins like everything else, and nothing but that', async () => {
    const { clock, killSwitch, store } = make({ stopped: 'model; action wipe_device' });
    await rejectsWith(killSwitch.assertAlive({ model: true }), 'STOPPED_MODEL');
    await settle();
    clock.advance(1_000);
    const { epoch } = (await killSwitch.read()).stops.find(({ scope }) => scope === 'model') ?? assert.fail();
    await killSwitch.lift({ scope: 'model', key: '' }, epoch, by);
    clock.advance(1_000);
    assert.equal(store.row?.stopped, 'action wipe_device');
    await killSwitch.assertAlive({ model: true });
    await rejectsWith(killSwitch.assertAlive({ actions: ['wipe_device'] }), 'STOPPED_ACTION');
  });

  for (const [what, stopped, problem] of [['one thing', 'model', 'STOPPED_MODEL'], ['everything, in words that nobody understands', 'everything please', 'KILLED']] as const) {
    it(`(${what}) is not revived by the hand that takes it back`, async () => {
      const { another, clock, killSwitch, store } = make();
      store.put({ stopped });
      await rejectsWith(killSwitch.assertAlive({ model: true }), problem);
      await settle();
      store.put({ stopped: '' });
      clock.advance(1_000);
      for (const each of [killSwitch, another()]) await rejectsWith(each.assertAlive({ model: true }), problem);
      assert.equal(store.writes, 1, 'made its own more than once');
    });
  }

  it('is revived after it was made Steward’s own, though it was stopped and revived in chat before', async () => {
    const { clock, killSwitch, store } = make();
    const { epoch } = await killSwitch.kill(by, { scope: 'model', key: '', label: '' });
    const lifted = await killSwitch.lift({ scope: 'model', key: '' }, epoch, by);
    store.put({ stopped: 'model' });
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive({ model: true }), 'STOPPED_MODEL');
    await settle();
    clock.advance(1_000);
    const now = (await killSwitch.read()).stops.filter(({ lifted: isLifted }) => !isLifted);
    assert.deepEqual(now.map(({ by: who }) => who), ['storage']);
    assert(now[0] !== undefined && now[0].epoch > lifted);
    await killSwitch.lift({ scope: 'model', key: '' }, now[0].epoch, by);
    assert.equal(store.row?.stopped, '');
    clock.advance(1_000);
    await killSwitch.assertAlive({ model: true });
  });

  it('does not mend a broken seal on the way', async () => {
    const { killSwitch, store } = make({ stopped: 'model', level: 'off', seal: 'broken' });
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    await settle();
    assert.equal(store.writes, 0);
  });

  it('is left as it was written where it is not what is revived', () => {
    assert.equal(withoutHandStop('odd text; MODEL ;person 8b1c2d3e-0000-4000-8000-0000000000aa', { scope: 'model', key: '' }), 'odd text; person 8b1c2d3e-0000-4000-8000-0000000000aa');
  });
});

describe('levels', () => {
  const order: readonly LatchLevel[] = ['off', 'read-only', 'observe', 'full'];
  for (const from of order) {
    for (const to of order.slice(0, 3) as readonly Exclude<LatchLevel, 'full'>[]) {
      it(`a kill to ${to} at ${from} never raises it`, async () => {
        const { another, clock, killSwitch } = make({ level: from });
        await killSwitch.kill(by, { scope: 'all', level: to });
        const lowest = order[Math.min(order.indexOf(from), order.indexOf(to))];
        assert.equal((await killSwitch.read()).level, lowest);
        clock.advance(1_000);
        assert.equal((await another().read()).level, lowest);
      });
    }
  }

  it('below full, an effect that is on its way is aborted and a read goes on', async () => {
    const { killSwitch } = make();
    const [effect, read] = [killSwitch.guardCall({ effect: true }), killSwitch.guardCall({})];
    await killSwitch.kill(by, { scope: 'all', level: 'read-only' });
    assert.deepEqual([effect.signal.aborted, read.signal.aborted], [true, false]);
    assert.equal(killSwitch.guardCall({ effect: true }).signal.aborted, true);
    for (const { done } of [effect, read]) done();
  });

  it('a weaker kill does not weaken one that storage does not know yet', async () => {
    const { killSwitch, store } = make();
    store.onWrite = () => new Promise(() => undefined);
    void killSwitch.kill(by);
    void killSwitch.kill(by, { scope: 'all', level: 'observe' });
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('a kill whose answer was lost and that two admins revived since is not repeated', async () => {
    const { another, clock, killSwitch, store } = make();
    let lost = true;
    const { write } = store;
    store.write = async (value, etag) => {
      const written = await write.call(store, value, etag);
      if (lost) throw new Error('lost');
      return written;
    };
    assert.equal((await killSwitch.kill(by)).stored, false);
    lost = false;
    const other = another();
    await other.revive('full', (await other.read()).epoch, by);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await settle();
    assert.equal(store.row?.level, 'full', 'killed again by a repetition');
    clock.advance(1_000);
    assert.equal((await killSwitch.assertAlive()).level, 'full');
  });
});

describe('an old row that was put back', () => {
  it('counts as off for who has seen a newer one', async () => {
    const { clock, killSwitch, store } = make({ epoch: 7 });
    await killSwitch.read();
    store.put({ level: 'full', epoch: 6 });
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });
});

describe('who watches the latch', () => {
  it('is told of the first reading and of every one that differs, once, and never of one that was overtaken', async () => {
    const clock = handClock();
    const store = new MemoryLatch(latch({ epoch: 1 }));
    const told: (readonly [LatchLevel, number])[] = [];
    const killSwitch = new KillSwitch(store, clock, ({ epoch, level }) => void told.push([level, epoch]));
    await killSwitch.read();
    clock.advance(1_000);
    await killSwitch.read();
    assert.deepEqual(told, [['full', 1]]);
    // A reading that hangs while the latch is killed and revived.
    const slow = store.stored();
    const { read } = store;
    let arrive = (): void => undefined;
    store.read = async () => {
      await new Promise<void>((resolve) => (arrive = resolve));
      return slow;
    };
    clock.advance(1_000);
    const late = killSwitch.read().catch(() => undefined);
    store.read = read;
    store.put({ level: 'full', epoch: 3 });
    clock.advance(1_000);
    await killSwitch.read();
    arrive();
    await late;
    assert.deepEqual(told, [['full', 1], ['full', 3]]);
    store.put({ stops: [stop()] });
    clock.advance(1_000);
    await killSwitch.read();
    assert.equal(told.length, 3, 'a stop is news as well');
  });
});

describe('stops', () => {
  it('of a thing that was lifted long ago are forgotten, and of one that is stopped never', () => {
    const day = 24 * 60 * 60_000;
    const held = [stop({ lifted: true, at: new Date(START_MS - day - 1) }), stop({ scope: 'action', key: 'a_b', at: new Date(START_MS - 9 * day) }), stop({ scope: 'action', key: 'c_d', lifted: true, at: new Date(START_MS - day + 1) })];
    const next = withStop(held, stop({ scope: 'person', key: 'p' }), new Date(START_MS));
    assert.deepEqual(next.map(({ key }) => key), ['a_b', 'c_d', 'p']);
  });

  it('that are lifted stop nothing', () => {
    assert.equal(stopOf([stop({ lifted: true })], { model: true }), undefined);
    assert.equal(problemWith({ level: 'full', stops: [stop({ lifted: true })] }, { model: true }), undefined);
    assert.equal(problemWith({ level: 'off', stops: [stop()] }, { model: true }), 'KILLED', 'the stronger one is told');
  });
});
