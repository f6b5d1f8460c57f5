/** What two people change about what the ledger says of a third: erased, or released from legal hold. */
import assert from 'node:assert/strict';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';
import type { ApprovalRecord } from '../../../src/guard/approval.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { ada, card, cleo, make, olga, paul, place, rhea, root } from './approvals-support.ts';
import { digestKey, MemoryRecords, person } from './support.ts';

const digestOf = ({ id }: PersonFacts): string => digestKey.digest(id.digest());
const CLEO = digestOf(cleo);

async function asking(change: 'erase' | 'release' = 'erase', about: Partial<Extract<ApprovalRecord['subject'], { kind: 'records' }>> = {}, by: 'requester' | 'second person' = 'second person') {
  const kept = new MemoryRecords();
  if (change === 'release') kept.standings.set(CLEO, 'held');
  const made = make({ records: kept });
  const record = await made.approvals.request({ subject: { kind: 'records', change, reason: 'she asked for it in writing', person: CLEO, label: 'Cleo', context: [], ...about }, by, requester: olga, place, requestActivityId: 'message-1', turn: '' });
  await made.approvals.cardSent(record.reference, card);
  const refused = async (clicker: PersonFacts, code: StewardErrorCode): Promise<void> => {
    const result = await made.press(record, clicker);
    assert.equal(result.kind === 'refused' ? result.code : result.kind, code);
    assert.deepEqual(kept.done, []);
  };
  return { ...made, kept, record, refused };
}

describe('what the ledger says about somebody', () => {
  for (const change of ['erase', 'release'] as const) {
    it(`is changed (${change}) by data protection with an admin, asked for and done on record before and after, with who and why`, async () => {
      const { kept, personKeys, press, record, records, store } = await asking(change);
      assert.equal((await press(record, root)).kind, 'settled');
      assert.deepEqual(kept.done, [[change, CLEO]]);
      assert.equal(store.state(record.reference), 'succeeded');
      const about = { change, person: CLEO, by: digestOf(olga), confirmedBy: digestOf(root) };
      assert.deepEqual(records.events('records').map(({ kind: _, approval, ...event }) => ({ ...event, hasName: approval !== undefined })), ['asked', 'done'].map((state) => ({ ...about, state, hasName: true })));
      const said = personKeys.opened(records);
      assert.ok(said.some(({ as, name, reason }) => as === 'requester' && name === 'olga' && reason === 'she asked for it in writing'));
      assert.ok(said.some(({ as, name }) => as === 'approver' && name === 'root'));
    });
  }

  const clickers: readonly (readonly [string, PersonFacts, StewardErrorCode])[] = [
    ['who asks', olga, 'APPROVAL_OWN_REQUEST'],
    ['who asks, by another account', person('olga-2', { roles: ['admin'], employeeId: olga.employeeId! }), 'APPROVAL_OWN_REQUEST'],
    ['an admin who can’t be told apart', { ...root, employeeId: undefined }, 'APPROVAL_OWN_REQUEST'],
    ['an approver', paul, 'APPROVAL_NOT_YOURS'],
    ['a second officer', person('otto', { roles: ['employee', 'data protection'] }), 'APPROVAL_NOT_YOURS'],
    ['a guest', { ...root, guest: true }, 'APPROVAL_NOT_YOURS'],
    ['a blocked admin', { ...root, enabled: false }, 'APPROVAL_NOT_YOURS'],
    ['helpdesk', ada, 'APPROVAL_NOT_YOURS'],
  ];
  for (const [who, clicker, code] of clickers) {
    it(`is not erased by ${who}`, async () => (await asking()).refused(clicker, code));
  }

  it('is not erased by the one whom it is about, nor on that one’s word', async () => {
    await (await asking('erase', { person: digestOf(root) })).refused(root, 'RECORDS_OWN');
    await (await asking('erase', { person: digestOf(olga) })).refused(root, 'RECORDS_OWN');
  });

  it('is never erased on one person’s word, however the request was made', async () => (await asking('erase', {}, 'requester')).refused(olga, 'APPROVAL_OWN_REQUEST'));

  for (const [what, facts] of [['lost the role', { roles: ['employee', 'admin'] }], ['was blocked', { enabled: false }], ['became a guest', { guest: true }]] as const) {
    it(`is not erased for an officer who ${what} since`, async () => {
      const { directory, refused } = await asking();
      directory.put({ ...olga, ...facts });
      await refused(root, 'RECORDS_NOT_OFFICER');
    });
  }

  it('is not erased while Steward may only look or is off, after a kill, or for whom an admin stopped', async () => {
    for (const level of ['read-only', 'observe'] as const) {
      const { killSwitch, refused } = await asking();
      await killSwitch.kill({ digest: 'x', name: 'Root', reason: '' }, { scope: 'all', level });
      await refused(root, 'KILLED');
    }
    for (const level of ['read-only', 'observe'] as const) {
      const { clock, latchStore, refused } = await asking();
      latchStore.put({ level });
      clock.advance(1_000);
      await refused(root, 'READ_ONLY');
    }
    const { killSwitch, refused } = await asking();
    await killSwitch.kill({ digest: 'x', name: 'Root', reason: '' }, { scope: 'person', key: olga.id.digest(), label: 'Olga' });
    await refused(root, 'KILLED');
  });

  const standings = [['erase', 'held', 'RECORDS_HELD'], ['erase', 'none', 'RECORDS_NONE'], ['erase', 'erased', 'RECORDS_NONE'], ['release', 'kept', 'RECORDS_NONE'], ['release', 'erased', 'RECORDS_NONE']] as const;
  for (const [change, standing, code] of standings) {
    it(`is not changed (${change}) where it stands as ${standing}`, async () => {
      const { kept, refused, records } = await asking(change);
      kept.standings.set(CLEO, standing);
      await refused(root, code);
      assert.deepEqual(records.events('records'), []);
    });
  }

  it('is not erased under a hold that came between the question and the change, and the card and the ledger say so', async () => {
    const { kept, press, record, records, store } = await asking();
    kept.meanwhile = () => void kept.standings.set(CLEO, 'held');
    assert.equal((await press(record, root)).kind, 'settled');
    assert.deepEqual([kept.done, store.state(record.reference)], [[], 'failed']);
    assert.deepEqual(records.events('records').map(({ code, state }) => [state, code]), [['asked', undefined], ['refused', 'RECORDS_HELD']]);
  });

  it('is not erased while nobody knows how it stands, or the ledger takes no record', async () => {
    const { kept, refused } = await asking();
    kept.failure = new StewardError('LEDGER_UNAVAILABLE', 'away');
    await refused(root, 'LEDGER_UNAVAILABLE');
    const other = await asking();
    other.personKeys.failure = new StewardError('LEDGER_UNAVAILABLE', 'away');
    await other.refused(root, 'LEDGER_UNAVAILABLE');
    const third = await asking();
    third.records.onAppend = async () => Promise.reject(new Error('away'));
    await third.refused(root, 'LEDGER_UNAVAILABLE');
  });

  it('is erased once, however many admins click', async () => {
    const { kept, press, record } = await asking();
    const results = await Promise.all([press(record, root), press(record, rhea), press(record, root)]);
    assert.equal(results.filter(({ kind }) => kind === 'settled').length, 1);
    assert.deepEqual(kept.done, [['erase', CLEO]]);
  });

  it('stays when the admin declines, and nobody else is asked in time', async () => {
    const { approvals, audience, clock, kept, press, record } = await asking();
    clock.advance(3.5 * 3_600_000);
    await approvals.sweep();
    assert.deepEqual(audience.escalated, [], 'backup approvers are asked');
    assert.equal(audience.reminded.length, 1);
    assert.equal((await press(record, root, { decision: 'deny' })).kind, 'settled');
    assert.deepEqual(kept.done, []);
  });
});
