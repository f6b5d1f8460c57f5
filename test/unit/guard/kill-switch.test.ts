import assert from 'node:assert/strict';
import { deployLatch, KillSwitch } from '../../../src/guard/kill-switch.ts';
import { latchLevels, type Latch, type LatchLevel } from '../../../src/guard/ports.ts';
import { deferred, handClock, latch, MemoryLatch, rejectsWith, settle, type HandClock } from './support.ts';

const by = { digest: 'admin', name: 'Ada Admin', reason: 'kill all' };

function make(store = new MemoryLatch()): { readonly clock: HandClock; readonly store: MemoryLatch; readonly killSwitch: KillSwitch } {
  const clock = handClock();
  return { clock, store, killSwitch: new KillSwitch(store, clock) };
}

describe('kill switch: reading', () => {
  for (const level of latchLevels) {
    it(`reads the level ${level} and its epoch`, async () => {
      const { killSwitch } = make(new MemoryLatch(latch({ level, epoch: 7 })));
      const reading = await killSwitch.read();
      assert.deepEqual([reading.level, reading.epoch], [level, 7]);
      if (level === 'off') await rejectsWith(killSwitch.assertAlive(), 'KILLED');
      else assert.equal((await killSwitch.assertAlive()).level, level);
    });
  }

  it('counts a missing latch as killed', async () => {
    const { store, killSwitch } = make();
    store.row = undefined;
    const reading = await killSwitch.read();
    assert.equal(reading.level, 'off');
    assert.equal(reading.latch, undefined);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('fails when the latch can’t be read, and asks again at the next boundary', async () => {
    const { store, killSwitch } = make();
    store.onRead = async () => Promise.reject(new Error('503'));
    await rejectsWith(killSwitch.read(), 'LATCH_UNREADABLE');
    await rejectsWith(killSwitch.assertAlive(), 'LATCH_UNREADABLE');
    store.onRead = undefined;
    assert.equal((await killSwitch.read()).level, 'full');
    assert.equal(store.reads, 3);
  });

  it('revives what was just killed, though somebody read the latch while the kill was being written', async () => {
    const { clock, killSwitch, store } = make();
    let during: Promise<unknown> | undefined;
    store.onWrite = async () => {
      store.onWrite = undefined;
      during = killSwitch.read();
      await during;
    };
    const { epoch } = await killSwitch.kill(by);
    await during;
    clock.advance(1);
    assert.equal((await killSwitch.read()).epoch, epoch, 'a proposal would be bound to an epoch that is over');
  });
  it('keeps a reading for less than a second, and one for all who ask meanwhile', async () => {
    const { clock, store, killSwitch } = make();
    await Promise.all([killSwitch.read(), killSwitch.read(), killSwitch.assertAlive()]);
    clock.advance(899);
    await killSwitch.read();
    assert.equal(store.reads, 1);
    store.put({ level: 'off', epoch: 2 });
    clock.advance(1);
    assert.equal((await killSwitch.read()).level, 'off', 'a reading that began a second ago is too old');
    assert.equal(store.reads, 2);
  });

  it('forgets a reading that failed, and not the one that took its place meanwhile', async () => {
    const { clock, store, killSwitch } = make();
    const slow = deferred<undefined>();
    store.onRead = () => slow.promise;
    const failing = killSwitch.read();
    clock.advance(1_000);
    store.onRead = undefined;
    await killSwitch.read();
    slow.reject(new Error('503'));
    await rejectsWith(failing, 'LATCH_UNREADABLE');
    await killSwitch.read();
    assert.equal(store.reads, 2, 'the second reading still counts');
  });

  it('counts the age of a reading from its beginning, not its end', async () => {
    const { clock, store, killSwitch } = make();
    store.onRead = async () => clock.advance(600);
    await killSwitch.read();
    clock.advance(400);
    store.put({ level: 'off', epoch: 2 });
    store.onRead = undefined;
    assert.equal((await killSwitch.read()).level, 'off');
  });

  it('does not act on a reading that took a second', async () => {
    const { clock, store, killSwitch } = make();
    store.onRead = async () => clock.advance(1_000);
    await rejectsWith(killSwitch.read(), 'LATCH_UNREADABLE');
    await rejectsWith(killSwitch.assertAlive(), 'LATCH_UNREADABLE');
    store.onRead = async () => clock.advance(899);
    assert.equal((await killSwitch.read()).level, 'full');
  });

  it('hands storage a signal that ends a read', async () => {
    const signals: AbortSignal[] = [];
    const killSwitch = new KillSwitch({ read: async (signal) => (signals.push(signal), undefined), write: async () => true }, handClock());
    await killSwitch.read();
    assert(signals[0] instanceof AbortSignal);
  });
});

describe('kill switch: kill', () => {
  it('writes off under a new epoch, with who and why', async () => {
    const { store, killSwitch, clock } = make(new MemoryLatch(latch({ epoch: 4 })));
    assert.equal((await killSwitch.kill(by)).stored, true);
    const { kill, ...row } = store.row ?? assert.fail();
    assert.deepEqual(row, { level: 'off', epoch: 5, changedAt: clock.now(), changedBy: 'admin', changedByName: 'Ada Admin', reason: 'kill all', stops: [] });
    assert.match(kill ?? '', /^[0-9a-f-]{36}$/);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('kills over a missing latch', async () => {
    const { store, killSwitch } = make();
    store.row = undefined;
    assert.equal((await killSwitch.kill(by)).stored, true);
    assert.equal(store.stored()?.value.level, 'off');
  });

  it('over a missing latch takes an epoch that was never counted, so that no old approval lives again', async () => {
    const { store, killSwitch } = make();
    store.row = undefined;
    await killSwitch.kill(by);
    // What the deleted row had counted to, nobody knows any more.
    assert.ok((store.stored()?.value.epoch ?? 0) > 1_000_000, String(store.stored()?.value.epoch));
  });

  it('takes effect here at once, though storage hangs', async () => {
    const { store, killSwitch } = make();
    await killSwitch.read();
    const hanging = deferred<undefined>();
    store.onWrite = () => hanging.promise;
    const killed = killSwitch.kill(by);
    assert.equal(killSwitch.guardCall().signal.aborted, true, 'in the very same tick');
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    assert.equal(store.row?.level, 'full', 'storage does not know yet');
    hanging.resolve(undefined);
    assert.equal((await killed).stored, true);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('takes effect for those who had asked before it', async () => {
    const { store, killSwitch } = make();
    const slow = deferred<undefined>();
    store.onRead = () => slow.promise;
    const asked = killSwitch.assertAlive();
    store.onRead = undefined;
    const killed = killSwitch.kill(by);
    slow.resolve(undefined);
    await rejectsWith(asked, 'KILLED');
    await killed;
  });

  it('aborts calls that are on their way, and leaves alone those that returned', async () => {
    const { killSwitch } = make();
    const running = killSwitch.guardCall();
    const returned = killSwitch.guardCall();
    returned.done();
    assert.equal(running.signal.aborted, false);
    void killSwitch.kill(by);
    assert.equal(running.signal.aborted, true);
    assert.equal((running.signal.reason as { code?: string }).code, 'KILLED');
    assert.equal(returned.signal.aborted, false);
    assert.equal(killSwitch.guardCall().signal.aborted, true, 'a call that begins after it does not leave');
    await settle();
  });

  it('is told by another instance’s kill, which aborts calls here too', async () => {
    const { clock, store, killSwitch } = make();
    await killSwitch.read();
    const running = killSwitch.guardCall();
    store.put({ level: 'off', epoch: 2 });
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    assert.equal(running.signal.aborted, true);
  });

  const elsewhere: readonly (readonly [string, (store: MemoryLatch) => void])[] = [
    ['is switched off elsewhere', (store) => store.put({ level: 'off', epoch: 2 })],
    ['is deleted', (store) => void (store.row = undefined)],
    ['can’t be read', (store) => void (store.onRead = async () => Promise.reject(new Error('503')))],
  ];
  for (const [what, change] of elsewhere) {
    it(`aborts a call within a second when the latch ${what}, though nobody else asks`, async () => {
      const { clock, store, killSwitch } = make();
      await killSwitch.read();
      const { signal, done } = killSwitch.guardCall();
      change(store);
      clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.equal(signal.aborted, true);
      done();
    });
  }

  it('watches the latch no longer than a call takes', async () => {
    const { clock, store, killSwitch } = make();
    killSwitch.guardCall().done();
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal(store.reads, 0);
  });

  it('stays killed here when storage refuses, and keeps telling it until it listens', async () => {
    const { clock, store, killSwitch } = make();
    store.onWrite = async () => Promise.reject(new Error('503'));
    assert.equal((await killSwitch.kill(by)).stored, false, 'says that others were not told');
    clock.advance(60_000);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    store.onWrite = undefined;
    const before = store.writes;
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    assert.ok(store.writes > before, 'it tried again');
    assert.equal(store.row?.level, 'off');
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('tells a storage that listens once', async () => {
    const { store, killSwitch } = make();
    assert.equal((await killSwitch.kill(by)).stored, true);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.equal(store.writes, 1);
  });

  it('leaves alone the calls that run while the latch is read as on', async () => {
    const { clock, killSwitch } = make();
    const { done, signal } = killSwitch.guardCall();
    clock.advance(1_000);
    assert.equal((await killSwitch.read()).level, 'full');
    assert.equal(signal.aborted, false);
    done();
  });

  it('keeps telling a storage that refuses again and again', async () => {
    const { store, killSwitch } = make();
    store.onWrite = async () => (store.writes < 3 ? Promise.reject(new Error('503')) : undefined);
    assert.equal((await killSwitch.kill(by)).stored, false);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.deepEqual([store.writes, store.row?.level], [2, 'full'], 'a second later, once more');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.deepEqual([store.writes, store.row?.level], [3, 'off']);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.equal(store.writes, 3, 'and then no more');
  });

  it('kills though the latch can’t be read', async () => {
    const { store, killSwitch } = make(new MemoryLatch(latch({ epoch: 9 })));
    await killSwitch.read();
    store.onRead = async () => Promise.reject(new Error('503'));
    assert.equal((await killSwitch.kill(by)).stored, true);
    assert.equal(store.row?.level, 'off');
    assert.ok(store.row.epoch > 9, 'above every epoch that was seen');
  });

  it('is not undone by a reading of a higher epoch that arrives while it is written', async () => {
    const { store, killSwitch } = make();
    await killSwitch.read();
    const writing = deferred<undefined>();
    store.onWrite = () => writing.promise;
    const killed = killSwitch.kill(by);
    store.put({ level: 'full', epoch: 99 });
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    assert.equal(killSwitch.guardCall().signal.aborted, true);
    writing.resolve(undefined);
    await killed;
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('is not undone by a reading of a higher epoch that began before it and arrives after it', async () => {
    const { clock, store, killSwitch } = make(new MemoryLatch(latch({ epoch: 7 })));
    await killSwitch.read();
    clock.advance(1_000);
    // Another instance killed and revived meanwhile; this reading saw that, and its answer is still on the way.
    store.put({ level: 'full', epoch: 9 });
    const slow = deferred<undefined>();
    const seen = store.stored();
    const read = store.read.bind(store);
    let first = true;
    store.read = async () => {
      if (!first) throw new Error('503');
      first = false;
      await slow.promise;
      return seen;
    };
    const asked = killSwitch.assertAlive();
    assert.equal((await killSwitch.kill(by)).stored, true);
    slow.resolve(undefined);
    await rejectsWith(asked, 'KILLED');
    assert.equal(killSwitch.guardCall().signal.aborted, true);
    store.read = read;
  });

  it('raises the epoch with every kill, so that older approvals stay dead', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    await killSwitch.kill(by);
    assert.equal(store.row?.epoch, 3);
  });
});

describe('kill switch: revive', () => {
  it('switches on again under a new epoch', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    assert.equal(await killSwitch.revive('full', 2, { ...by, reason: 'false alarm' }), 3);
    assert.equal(store.row?.level, 'full');
    assert.equal((await killSwitch.assertAlive()).epoch, 3);
    assert.equal(killSwitch.guardCall().signal.aborted, false);
  });

  it('refuses when the latch changed after the proposal', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    for (const epoch of [0, 1, 3, Number.NaN]) await rejectsWith(killSwitch.revive('full', epoch, by), 'APPROVAL_STALE');
    assert.equal(store.row?.level, 'off');
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('refuses when the latch changes between its reading and its writing', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    store.onWrite = async () => store.put({ epoch: 3 });
    await rejectsWith(killSwitch.revive('full', 2, by), 'APPROVAL_STALE');
    store.onWrite = undefined;
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('never writes a missing latch', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    store.row = undefined;
    await assert.rejects(killSwitch.revive('full', 0, by));
    await assert.rejects(killSwitch.revive('full', 2, by));
    assert.equal(store.row, undefined);
    const fresh = make();
    fresh.store.row = undefined;
    await rejectsWith(fresh.killSwitch.revive('full', 0, by), 'LATCH_UNREADABLE');
    assert.equal(fresh.store.row, undefined);
  });

  it('refuses when the latch can’t be read', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    store.onRead = async () => Promise.reject(new Error('503'));
    await rejectsWith(killSwitch.revive('full', 2, by), 'LATCH_UNREADABLE');
    assert.equal(store.row?.level, 'off');
  });

  it('by another instance switches this one on again too', async () => {
    const { clock, store, killSwitch } = make();
    await killSwitch.kill(by);
    store.put({ level: 'full', epoch: 3 });
    clock.advance(1_000);
    assert.equal((await killSwitch.assertAlive()).epoch, 3);
    assert.equal(killSwitch.guardCall().signal.aborted, false);
  });

  it('by another instance is not believed from an old row', async () => {
    const { clock, store, killSwitch } = make();
    await killSwitch.kill(by);
    // A hand or a lagging replica that shows what was before the kill.
    store.put({ level: 'full', epoch: 2 });
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    store.put({ level: 'full', epoch: 1 });
    clock.advance(1_000);
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });

  it('does not undo a kill that comes while it is written', async () => {
    const { store, killSwitch } = make();
    await killSwitch.kill(by);
    const reviving = deferred<undefined>();
    const killing = deferred<undefined>();
    const queue = [reviving.promise, killing.promise];
    store.onWrite = () => queue.shift() ?? Promise.resolve(undefined);
    const revived = killSwitch.revive('full', 2, by).catch(() => undefined);
    await settle();
    const killed = killSwitch.kill(by);
    await settle();
    reviving.resolve(undefined);
    await revived;
    assert.equal(killSwitch.guardCall().signal.aborted, true, 'the kill came last');
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
    killing.resolve(undefined);
    await killed;
    await rejectsWith(killSwitch.assertAlive(), 'KILLED');
  });
});

describe('kill switch: epochs', () => {
  it('are still known when the latch is lost', async () => {
    const { clock, store, killSwitch } = make(new MemoryLatch(latch({ level: 'off', epoch: 7 })));
    await killSwitch.read();
    const lose = async (): Promise<number> => {
      store.row = undefined;
      clock.advance(1_000);
      return (await killSwitch.read()).epoch;
    };
    assert.equal(await lose(), 7);
    store.put({ level: 'off', epoch: 7 });
    assert.equal(await killSwitch.revive('full', 7, by), 8);
    assert.equal(await lose(), 8, 'that of the revival');
  });

  it('a revival takes back a kill that storage never took', async () => {
    const { store, killSwitch } = make();
    store.onWrite = async () => Promise.reject(new Error('503'));
    await killSwitch.kill(by);
    store.onWrite = undefined;
    await killSwitch.revive('full', 1, by);
    assert.equal((await killSwitch.assertAlive()).level, 'full');
  });

  it('a third reading may be the one that is quick enough', async () => {
    const { clock, store, killSwitch } = make();
    store.onRead = async () => (store.reads < 3 ? clock.advance(1_000) : undefined);
    assert.equal((await killSwitch.read()).level, 'full');
    assert.equal(store.reads, 3);
  });
});

describe('deployLatch', () => {
  const deployed = async (row: Latch | undefined, level?: LatchLevel): Promise<{ readonly written: boolean; readonly row: Latch | undefined }> => {
    const store = new MemoryLatch();
    store.row = row;
    return { written: await (level === undefined ? deployLatch(store, handClock()) : deployLatch(store, handClock(), level)), row: store.row };
  };
  it('writes a latch that changes nothing until two admins raise it, above every epoch that was counted', async () => {
    const { row, written } = await deployed(undefined);
    assert.equal(written, true);
    assert.equal(row?.level, 'observe');
    assert.deepEqual([row.changedBy, row.changedByName, row.reason], ['deployment', '', 'deployed']);
    assert(row.epoch > 1_000_000_000_000);
  });
  it('leaves a latch as it is, a killed one too', async () => {
    const off = latch({ level: 'off', epoch: 7 });
    assert.deepEqual(await deployed(off, 'full'), { written: false, row: off });
  });
  it('writes nothing when it can’t see whether there is one', async () => {
    const store = new MemoryLatch();
    store.onRead = async () => Promise.reject(new Error('storage is away'));
    await assert.rejects(deployLatch(store, handClock()));
    assert.equal(store.writes, 0);
  });
});
