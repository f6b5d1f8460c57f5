import assert from 'node:assert/strict';
import type { PersonFacts, Stop } from '../../../src/guard/ports.ts';
import type { ApprovalRecord, ReviveWhat } from '../../../src/guard/approval.ts';
import type { KillWhat } from '../../../src/guard/kill-switch.ts';
import { conversationKey } from '../../../src/guard/stops.ts';
import { issueToken } from '../../../src/guard/token.ts';
import { ada, ben, card, cleo, make, paul, place, rhea, root } from './approvals-support.ts';
import { digestKey, person, planOf, rejectsWith } from './support.ts';

const by = { digest: 'admin', name: 'Root', reason: 'odd' };
type Thing = Exclude<KillWhat, { scope: 'all' }>;
const action: Thing = { scope: 'action', key: 'block_sign_in', label: '' };
const requester: Thing = { scope: 'person', key: ada.id.digest(), label: 'ada' };
const chat: Thing = { scope: 'conversation', key: conversationKey(place.conversationId), label: '' };
const concerned: Readonly<Record<string, Thing>> = { 'its action': action, 'its requester': requester, 'its chat': chat };
const others: Readonly<Record<string, Thing>> = {
  'another action': { scope: 'action', key: 'unblock_sign_in', label: '' },
  'its target': { scope: 'person', key: ben.id.digest(), label: 'ben' },
  'another chat': { scope: 'conversation', key: conversationKey('elsewhere'), label: '' },
  'the model': { scope: 'model', key: '', label: '' },
};

describe('a request', () => {
  for (const [what, thing] of Object.entries(concerned)) {
    it(`is dead once ${what} was stopped, and stays dead when that is revived`, async () => {
      const { ask, clock, killSwitch, press, refuses, store } = make();
      const record = await ask('requester', ben);
      const { epoch } = await killSwitch.kill(by, thing);
      await killSwitch.lift(thing, epoch, by);
      clock.advance(1_000);
      await refuses(press(record), 'KILLED');
      assert.equal(store.state(record.reference), 'killed');
      const fresh = await ask('requester', ben);
      assert.equal((await press(fresh)).kind, 'approved', 'what is asked after the revival is alive');
    });

    it(`dies on its card when ${what} is stopped, and no other does`, async () => {
      const { approvals, ask, audience, killSwitch, store } = make();
      const record = await ask('requester', ben);
      const raise = await approvals.request({ subject: { kind: 'raise', reason: 'r', action: 'revoke_sessions', perHour: 3 }, by: 'second person', requester: root, place: { ...place, conversationId: 'elsewhere' }, requestActivityId: 'm', turn: 't' });
      const { epoch } = await killSwitch.kill(by, thing);
      const stop: Stop = { ...thing, epoch, at: new Date(0), by: '', byName: '', reason: '', lifted: false };
      assert.equal(await approvals.killPending([stop]), 1);
      assert.equal(store.state(record.reference), 'killed');
      assert.equal(store.state(raise.reference), 'pending');
      assert.equal(audience.shown.filter(({ reference }) => reference === record.reference).at(-1)?.state, 'killed');
    });

    it(`of which ${what} is stopped between click and execution does nothing`, async () => {
      const { actions, ask, click, clock, killSwitch, outcomes } = make();
      const record = await ask('requester', ben);
      const result = await click(record);
      assert(result.kind === 'approved');
      await killSwitch.kill(by, thing);
      clock.advance(1_000);
      await result.proceed();
      assert.deepEqual(actions.ran, []);
      assert.deepEqual(outcomes(record.reference), ['failed']);
    });
  }

  for (const [what, thing] of Object.entries(others)) {
    it(`is alive though ${what} was stopped`, async () => {
      const { actions, ask, clock, killSwitch, press } = make();
      const record = await ask('requester', ben);
      await killSwitch.kill(by, thing);
      clock.advance(1_000);
      assert.equal((await press(record)).kind, 'approved');
      assert.equal(actions.ran.length, 1);
    });
  }

  it('is not approved by somebody who is stopped, and may be declined by them', async () => {
    const { ask, clock, killSwitch, press, refuses } = make();
    const record = await ask('second person', ben);
    await killSwitch.kill(by, { scope: 'person', key: paul.id.digest(), label: 'paul' });
    clock.advance(1_000);
    await refuses(press(record, paul), 'STOPPED_PERSON');
    assert.equal((await press(record, paul, { decision: 'deny' })).kind, 'settled');
  });

  it('whose approver is stopped between two steps goes no further', async () => {
    const { actions, ask, clock, killSwitch, outcomes, press } = make();
    const record = await ask('second person', ben, cleo);
    actions.inside = async () => {
      await killSwitch.kill(by, { scope: 'person', key: paul.id.digest(), label: 'paul' });
      clock.advance(1_000);
    };
    await press(record, paul);
    assert.equal(actions.ran.length, 1);
    assert.deepEqual(outcomes(record.reference), ['done', 'failed']);
  });

  it('that a kill from storage made stale is killed when it is learnt of, and a fresh one is not', async () => {
    const { approvals, ask, clock, latchStore, store } = make();
    const old = await ask('requester', ben);
    latchStore.put({ level: 'full', epoch: 9 });
    clock.advance(1_000);
    const fresh = await ask('requester', cleo);
    assert.equal(await approvals.killStale(), 1);
    assert.deepEqual([store.state(old.reference), store.state(fresh.reference)], ['killed', 'pending']);
  });

  it('that was made in the instant of a kill, and that the kill did not find, dies with the next sweep; its card says so', async () => {
    const { approvals, ask, latchStore, shown, store } = make();
    const old = await ask('requester', ben);
    // Still within the second of the reading that the request was made on.
    latchStore.put({ level: 'off', epoch: 6 });
    await approvals.sweep();
    assert.deepEqual([store.state(old.reference), shown.at(-1)?.reference, shown.at(-1)?.state], ['killed', old.reference, 'killed']);
  });

  it('of after a revival is not killed by whoever read the latch before it', async () => {
    const { approvals, ask, killSwitch, latchStore, store } = make();
    const { reference } = await ask('requester', ben);
    await killSwitch.read();
    latchStore.put({ level: 'full', epoch: 9 });
    store.tamper(reference, (row) => ({ ...row, killEpoch: 9 }));
    await approvals.sweep();
    assert.equal(await approvals.killStale(), 0);
    assert.equal(store.state(reference), 'pending');
  });

  it('is left as it is while the latch can’t be read, and the rest of the sweep is done', async () => {
    const { approvals, ask, clock, latchStore, store } = make();
    const old = await ask('requester', ben);
    clock.advance(600_000);
    const fresh = await ask('second person', cleo);
    latchStore.put({ level: 'off', epoch: 6 });
    latchStore.onRead = async () => Promise.reject(new Error('storage is away'));
    await approvals.sweep();
    assert.deepEqual([store.state(old.reference), store.state(fresh.reference)], ['expired', 'pending']);
    await rejectsWith(approvals.killStale(), 'LATCH_UNREADABLE');
  });
});

describe('the gate', () => {
  it('refuses what is stopped, with a sentence of its own, and lets the rest run', async () => {
    const { actions, clock, gate, killSwitch } = make();
    const facts = { turn: 't', requester: ada, personal: true, untrusted: false, conversation: place.conversationId };
    const decide = async (): Promise<string> => {
      const decided = await gate.decidePlan(planOf(actions.catalogue, { action: actions.look, who: ben }), facts, () => undefined);
      return decided.kind === 'refused' ? decided.code : decided.kind;
    };
    assert.equal(await decide(), 'decided');
    const expected: readonly (readonly [Thing, string])[] = [[{ ...action, key: actions.look.name }, 'STOPPED_ACTION'], [requester, 'STOPPED_PERSON'], [chat, 'STOPPED_CONVERSATION']];
    for (const [thing, code] of expected) {
      const { epoch } = await killSwitch.kill(by, thing);
      assert.equal(await decide(), code);
      await killSwitch.lift(thing, epoch, by);
      clock.advance(1_000);
      assert.equal(await decide(), 'decided');
    }
    await killSwitch.kill(by, requester);
    await killSwitch.kill(by);
    assert.equal(await decide(), 'KILLED', 'the stronger one is told');
  });
});

describe('a token', () => {
  it('that was issued before a stop is worth nothing after its revival', async () => {
    const { actions, clock, executor, gate, killSwitch } = make();
    const facts = { turn: 't', requester: ada, personal: true, untrusted: false, conversation: place.conversationId };
    for (const thing of Object.values({ ...concerned, 'its action': { ...action, key: actions.look.name } })) {
      const decided = await gate.decidePlan(planOf(actions.catalogue, { action: actions.look, who: ben }), facts, () => undefined);
      assert(decided.kind === 'decided' && decided.run[0]);
      const { epoch } = await killSwitch.kill(by, thing);
      await killSwitch.lift(thing, epoch, by);
      clock.advance(1_000);
      assert.deepEqual(await executor.execute(decided.run[0].token), { kind: 'failed', code: 'KILLED' });
    }
    assert.deepEqual(actions.ran, []);
  });

  it('without marks does not run what was stopped since', async () => {
    const { actions, clock, executor, killSwitch } = make();
    const { steps: [step] } = planOf(actions.catalogue, { action: actions.look, who: ben });
    assert(step);
    const thing: Thing = { ...action, key: actions.look.name };
    const { epoch } = await killSwitch.kill(by, thing);
    await killSwitch.lift(thing, epoch, by);
    clock.advance(1_000);
    const token = issueToken({ step, stepDigest: 'd', requester: ada.id, policies: [], killEpoch: 5, turn: 't' });
    assert.equal((await executor.execute(token)).kind, 'failed');
  });
});

describe('the revival of one thing', () => {
  async function proposed(thing: Thing, changes: { readonly proposer?: PersonFacts } = {}) {
    const made = make();
    const { epoch } = await made.killSwitch.kill(by, thing);
    const { proposer = root } = changes;
    made.directory.put(proposer);
    const what: ReviveWhat = { ...thing, epoch };
    const record = await made.approvals.request({ subject: { kind: 'revive', reason: 'mended', what, stillStopped: [] }, by: 'second person', requester: proposer, place, requestActivityId: 'm', turn: 't' });
    await made.approvals.cardSent(record.reference, card);
    return { ...made, record };
  }

  for (const [name, thing] of Object.entries({ ...concerned, 'the model': others['the model'] ?? action })) {
    it(`(${name}) takes two admins, and is in the ledger`, async () => {
      const { clock, killSwitch, press, record, records, refuses } = await proposed(thing);
      await refuses(press(record, root), 'APPROVAL_OWN_REQUEST');
      await refuses(press(record, paul), 'APPROVAL_NOT_YOURS');
      clock.advance(1_000);
      assert.equal((await killSwitch.read()).stops.some(({ lifted }) => !lifted), true);
      assert.equal((await press(record, rhea)).kind, 'settled');
      clock.advance(1_000);
      assert.equal((await killSwitch.read()).stops.some(({ lifted }) => !lifted), false);
      const latches = records.events('latch');
      assert.deepEqual(latches.map(({ change, confirmedBy, key, person: who, scope }) => [change, who, confirmedBy, scope, key]), [['revived', digestKey.digest(root.id.digest()), digestKey.digest(rhea.id.digest()), thing.scope, thing.key]]);
      assert.equal(latches[0]?.breakGlass, undefined);
    });
  }

  it('does not come after it was stopped once more', async () => {
    const { clock, killSwitch, press, record } = await proposed(action);
    await killSwitch.kill(by, action);
    clock.advance(1_000);
    await assert.rejects(press(record, rhea).then((result) => result.kind === 'refused' && Promise.reject(new Error(result.code))));
    await rejectsWith(killSwitch.assertAlive({ actions: [action.key] }), 'STOPPED_ACTION');
  });

  it('is not confirmed by an admin who is stopped, nor where the proposer is', async () => {
    for (const stopped of [root, rhea]) {
      const { clock, killSwitch, press, record, refuses } = await proposed(action);
      await killSwitch.kill(by, { scope: 'person', key: stopped.id.digest(), label: '' });
      clock.advance(1_000);
      await refuses(press(record, rhea), 'STOPPED_PERSON');
    }
  });

  for (const which of ['proposer', 'confirmer'] as const) {
    it(`in which an emergency account is the ${which} is named as such in the ledger and on the record`, async () => {
      const glass = person('glass', { roles: ['employee', 'admin'], breakGlass: true });
      const { directory, press, record, records, store } = await proposed(action, which === 'proposer' ? { proposer: glass } : {});
      directory.put(glass);
      assert.equal((await press(record, which === 'proposer' ? rhea : glass)).kind, 'settled');
      assert.equal(records.events('latch').at(-1)?.breakGlass, true);
      const after: ApprovalRecord | undefined = store.rows.get(record.reference)?.value;
      assert.equal(after?.breakGlass, true);
    });
  }
});
