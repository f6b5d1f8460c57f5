/** What the ledger says about requests, and how fresh the facts are that they are decided on. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ApprovalRecord } from '../../../src/guard/approval.ts';
import { publicName } from '../../../src/guard/approval-rows.ts';
import { ada, ben, card, cleo, make, place, root, stepsOf } from './approvals-support.ts';
import { digestKey, person, planOf, settle } from './support.ts';

const keyed = (who: { readonly id: { digest(): string } }): string => digestKey.digest(who.id.digest());
const eventOf = (record: ApprovalRecord, more: object): object => ({ kind: 'approval', approval: publicName(record.reference), by: record.by, binding: record.binding, ...more });
const approver = person('second', { roles: ['employee', 'approver'] });

/** What it says about people has tests of its own (`approvals.test.ts`). */
const unsealed = (events: readonly object[]): readonly object[] => events.map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'sealed')));

describe('the ledger about a request', () => {
  it('names it by sixteen characters of a digest, never by its reference', () => {
    assert.equal(publicName('reference'), createHash('sha256').update('reference').digest('hex').slice(0, 16));
    assert.match(publicName('reference'), /^[0-9a-f]{16}$/);
  });

  it('has who asked, the turn and the steps, and of each later state who brought it about', async () => {
    const { ask, press, records } = make();
    const record = await ask('requester', ben, cleo);
    await press(record);
    const events = unsealed(records.events('approval'));
    assert.deepEqual(events[0], eventOf(record, { state: 'pending', person: keyed(ada), turn: 'turn-1', steps: stepsOf(record).map(({ digest }) => digest) }));
    assert.deepEqual(events[1], eventOf(record, { state: 'approved', person: keyed(ada) }));
    assert.deepEqual(events[2], eventOf(record, { state: 'succeeded', person: '' }));
    assert.equal(events.length, 3);
  });

  it('has of a decision what the card was that was clicked, and no other', async () => {
    const longer = { digest: (value: string): string => createHash('sha256').update(value).digest('hex') };
    const { approvals, press, records, requestFor } = make({ digestKey: longer });
    for (const decision of ['approve', 'deny'] as const) {
      const record = await requestFor('requester', ben);
      await approvals.cardSent(record.reference, { ...card, activityId: 'another' }, { type: 'AdaptiveCard', body: ['another'] });
      const { cards } = await approvals.cardSent(record.reference, card, { body: ['block ben'], type: 'AdaptiveCard' });
      await press(record, ada, { decision });
      const decided = records.events('approval').filter(({ approval, shown }) => approval === publicName(record.reference) && shown !== undefined);
      assert.deepEqual(decided.map(({ shown, state }) => [state, shown]), [[decision === 'approve' ? 'approved' : 'denied', cards[1]?.shown]]);
      assert.equal(cards[1]?.shown, longer.digest('card\0{"body":["block ben"],"type":"AdaptiveCard"}'));
      assert.notEqual(cards[0]?.shown, cards[1]?.shown);
    }
  });

  it('has no steps where there are none', async () => {
    const { propose, records } = make();
    await propose();
    assert.deepEqual(records.events('approval')[0]?.steps, []);
  });

  it('has who declined, and who withdrew', async () => {
    const { ask, approvals, press, records } = make();
    const declined = await ask('requester', ben);
    await press(declined, ada, { decision: 'deny' });
    assert.deepEqual(unsealed(records.events('approval')).at(-1), eventOf(declined, { state: 'denied', person: keyed(ada) }));
    const withdrawn = await ask('second person', ben);
    const look = { ...card, activityId: 'look', purpose: 'look' } as const;
    await approvals.cardSent(withdrawn.reference, look);
    assert.equal((await approvals.withdrawOwn({ reference: withdrawn.reference, clicker: ada, card: look })).kind, 'settled');
    assert.deepEqual(records.events('approval').at(-1), eventOf(withdrawn, { state: 'withdrawn', person: keyed(ada) }));
    await approvals.withdrawOwn({ reference: withdrawn.reference, clicker: ada, card: look });
    await settle();
    assert.deepEqual(records.events('approval').at(-1), eventOf(withdrawn, { state: 'click refused', by: 'withdraw', person: keyed(ada), code: 'APPROVAL_SETTLED' }));
    await approvals.withdrawOwn({ reference: 'forged', clicker: ada, card: look });
    await settle();
    const forged = records.events('approval').at(-1);
    assert.deepEqual([forged?.binding, forged?.code], ['', 'APPROVAL_UNKNOWN']);
  });

  it('has who confirmed a revival', async () => {
    const { propose, press, killSwitch, personKeys, records, directory } = make();
    const other = person('other-admin', { roles: ['employee', 'admin'] });
    directory.put(other);
    await killSwitch.kill({ digest: 'd', name: 'n', reason: 'r' });
    const record = await propose();
    assert.equal((await press(record, other)).kind, 'settled');
    const { sealed, ...executing } = records.events('approval').find(({ state }) => state === 'executing') ?? assert.fail('it is not there');
    assert.deepEqual(executing, eventOf(record, { state: 'executing', person: keyed(other) }));
    assert.deepEqual(sealed?.map(({ as, person }) => [as, person]), [['approver', keyed(other)]]);
    assert.deepEqual(personKeys.opened(records).map(({ as, name, reason }) => [as, name, reason]), [['requester', 'root', 'false alarm'], ['approver', 'other-admin', undefined]]);
  });
});

describe('a revival', () => {
  it('that somebody ends at the same time does not happen, and the click is told that it came too late', async () => {
    const { propose, click, killSwitch, store, directory, latchStore } = make();
    const other = person('other-admin', { roles: ['employee', 'admin'] });
    directory.put(other);
    await killSwitch.kill({ digest: 'd', name: 'n', reason: 'r' });
    const record = await propose();
    store.onReplace = async () => store.tamper(record.reference, (row) => ({ ...row, state: 'withdrawn' }));
    const result = await click(record, other);
    assert.equal(result.kind === 'refused' && result.code, 'APPROVAL_SETTLED');
    assert.equal(latchStore.row?.level, 'off');
  });
});

describe('what an approval is decided and run on', () => {
  it('is read now, never remembered', async () => {
    const { ask, press, directory } = make();
    const record = await ask('requester', ben);
    directory.looks.length = 0;
    await press(record);
    assert.deepEqual(new Set(directory.looks.map(({ freshness }) => freshness)), new Set(['now']));
  });

  it('no longer holds when the approver lost the role, or an account is gone, after the click', async () => {
    for (const change of ['role', 'approver', 'requester'] as const) {
      const { ask, click, store, directory, actions } = make();
      directory.put(approver);
      const vip = { ...ben, vip: true };
      directory.put(vip);
      const record = await ask('second person', vip);
      const result = await click(record, approver);
      assert.equal(result.kind, 'approved');
      if (change === 'role') directory.put({ ...approver, roles: ['employee'] });
      else directory.remove(change === 'approver' ? approver : ada);
      if (result.kind === 'approved') await result.proceed();
      assert.deepEqual(stepsOf(store.rows.get(record.reference)!.value).map(({ outcome, problem }) => [outcome, problem]), [['failed', 'APPROVAL_STALE']], change);
      assert.deepEqual(actions.ran, []);
    }
  });

  it('hands on nothing of a read that failed', async () => {
    const handed: unknown[] = [];
    const { approvals, actions, press } = make({ read: async (_record, _action, result) => void handed.push(result) });
    actions.inside = async () => Promise.reject(new Error('no'));
    const subject = { kind: 'steps', steps: planOf(actions.catalogue, { action: actions.look, who: ben }).steps } as const;
    const record = await approvals.request({ subject, by: 'requester', requester: ada, place, requestActivityId: 'm', turn: 't' });
    await approvals.cardSent(record.reference, card);
    await press(record);
    assert.deepEqual(handed, []);
  });
});

describe('an end that the cards show', () => {
  for (const state of ['succeeded', 'failed', 'denied', 'expired', 'withdrawn', 'killed'] as const) {
    it(`is shown by the sweep where whoever ended it did not: ${state}`, async () => {
      const { ask, approvals, store, shown } = make();
      const record = await ask('requester', ben);
      store.tamper(record.reference, (row) => ({ ...row, state }));
      store.open = async () => [(await store.read(record.reference))!];
      const told = shown.length;
      await approvals.sweep();
      assert.deepEqual(shown.slice(told).map((each) => each.state), [state]);
      assert.equal(store.state(record.reference), state);
    });
  }

  it('is noted in storage', async () => {
    const { ask, approvals, store } = make();
    const record = await ask('requester', ben);
    await approvals.shown(record);
    assert.deepEqual(store.shownEnds, [record.reference]);
  });
});

describe('requests of one person in one conversation', () => {
  it('are nobody else’s and of no other conversation', async () => {
    const { ask, approvals } = make();
    const record = await ask('requester', ben);
    const found = async (conversationId: string, who: typeof ada): Promise<readonly string[]> => (await approvals.pendingOf(conversationId, who)).map(({ reference }) => reference);
    assert.deepEqual(await found(record.place.conversationId, ada), [record.reference]);
    assert.deepEqual(await found('elsewhere', ada), []);
    assert.deepEqual(await found(record.place.conversationId, root), []);
  });

  it('say that they were withdrawn, by their message and by cancel', async () => {
    const { ask, approvals, store } = make();
    const first = await ask('requester', ben);
    assert.equal(await approvals.withdrawFor(first.place.conversationId, 'message-1'), 1);
    const second = await ask('requester', ben);
    assert.equal(await approvals.withdrawAll(second.place.conversationId, ada), 1);
    assert.deepEqual([store.state(first.reference), store.state(second.reference)], ['withdrawn', 'withdrawn']);
  });
});

describe('an unknown outcome that was settled', () => {
  it('is neither counted nor told again, though its card is still to be shown', async () => {
    const { ask, approvals, audience, store } = make();
    const record = await ask('requester', ben);
    store.tamper(record.reference, (row) => ({ ...row, state: 'unknown', settlement: { outcome: 'done', by: root.id, byName: 'root', at: new Date(0) } }));
    store.open = async () => [(await store.read(record.reference))!];
    assert.deepEqual(await approvals.counts(), { pending: 0, unknown: 0 });
    await approvals.sweep();
    assert.deepEqual(audience.doubted, []);
  });
});
