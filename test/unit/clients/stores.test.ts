import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { TableAdminRoster } from '../../../src/clients/admin-roster.ts';
import { TableApprovalStore } from '../../../src/clients/approval-store.ts';
import { TableApprovalPlaceStore } from '../../../src/clients/approval-place-store.ts';
import { TableContactStore } from '../../../src/clients/contact-store.ts';
import { TableEffectNotes } from '../../../src/clients/effect-notes.ts';
import { TableLimitStore } from '../../../src/clients/limit-store.ts';
import { fromStoredJson, toStoredJson } from '../../../src/clients/stored-json.ts';
import { jsonOf, jsonProperties, type Row } from '../../../src/clients/tables.ts';
import type { ApprovalRecord, Place } from '../../../src/guard/approval.ts';
import { z } from 'zod/v4';
import { clientsOf, cloud, handClock, newId, rejectsWith, tablesOf } from './support.ts';

const place: Place = { conversationId: 'a:1/2\\3#4?5', serviceUrl: 'https://smba.trafficmanager.net/emea/', tenantId: 't', botId: '28:b', channelId: 'msteams', conversationType: 'personal' };

describe('admin roster', () => {
  it('remembers admins and forgets those who are none', async () => {
    const clock = handClock();
    const roster = new TableAdminRoster((await tablesOf()).roster, clock);
    const other = new TableAdminRoster((await tablesOf()).roster, clock);
    const id = newId();
    assert.equal(await roster.wasAdmin(id), false);
    await roster.remember(id, true);
    assert.equal(await other.wasAdmin(id), true);
    await other.remember(id, false);
    assert.equal(await roster.wasAdmin(id), false);
    await other.remember(newId(), false);
  });

  it('counts what it read itself in the last 24 hours while storage is away, and nothing else', async () => {
    const clock = handClock();
    const roster = new TableAdminRoster((await tablesOf()).roster, clock);
    const [admin, nobody] = [newId(), newId()];
    await roster.remember(admin, true);
    const { faults } = await cloud();
    faults.post({ service: 'storage', kind: 'hang' });
    try {
      assert.deepEqual([await roster.wasAdmin(admin), await roster.wasAdmin(nobody)], [true, false]);
      clock.advance(24 * 60 * 60_000 + 1);
      assert.equal(await roster.wasAdmin(admin), false);
    } finally {
      faults.clear();
    }
  });

  it('writes the same thing again only after a while', async () => {
    const { journal } = await cloud();
    const clock = handClock();
    const roster = new TableAdminRoster((await tablesOf()).roster, clock);
    const id = newId();
    journal.clear();
    for (let times = 0; times < 5; times += 1) await roster.remember(id, true);
    assert.equal(journal.entries().length, 1);
    clock.advance(10 * 60_000);
    await roster.remember(id, true);
    assert.equal(journal.entries().length, 2);
  });
});

describe('limit store', () => {
  it('counts to the limit and no further, over two instances', async () => {
    const stores = [new TableLimitStore((await tablesOf()).limits), new TableLimitStore((await tablesOf()).limits)];
    const hour = `2026-11-22T10-${randomUUID()}`;
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => stores[index % 2]!.count(hour, 'block_sign_in', 5)));
    assert.equal(results.filter(Boolean).length, 5);
    assert.equal(await stores[0]!.count(`${hour}1`, 'block_sign_in', 0), false);
  });
});

describe('limit store: what was counted and raised', () => {
  it('says how often each key was counted in the hour, of this hour and this key alone', async () => {
    const store = new TableLimitStore((await tablesOf()).limits);
    const [hour, action] = [`2026-11-22T11-${randomUUID()}`, `block_sign_in_${randomUUID()}`];
    const person = `${action}:0f0f`;
    for (const key of [action, action, person]) assert.equal(await store.count(hour, key, 5), true);
    assert.deepEqual(await store.used(hour, [person, action, 'never_counted']), [1, 2, 0]);
    assert.deepEqual(await store.used(`${hour}1`, [person, action]), [0, 0]);
    assert.deepEqual(await store.used(hour, []), []);
  });

  it('keeps what was raised for every instance, the last one of each action, also when it is over', async () => {
    const stores = [new TableLimitStore((await tablesOf()).limits), new TableLimitStore((await tablesOf()).limits)];
    const [one, other] = [`a_${randomUUID()}`, `b_${randomUUID()}`];
    assert.equal(await stores[0]!.raisedFor(one), undefined);
    await stores[0]!.raise({ action: one, perHour: 9, until: new Date('2026-11-22T11:00:00.000Z') });
    await stores[0]!.raise({ action: one, perHour: 60, until: new Date('2020-01-01T00:00:00.123Z') });
    await stores[0]!.raise({ action: other, perHour: 3, until: new Date('2026-11-22T12:00:00.000Z') });
    assert.deepEqual(await stores[1]!.raisedFor(one), { action: one, perHour: 60, until: new Date('2020-01-01T00:00:00.123Z') });
    const raised = (await stores[1]!.raised()).filter(({ action }) => action === one || action === other);
    assert.deepEqual(raised.map(({ action, perHour }) => [action, perHour]).sort(), [[one, 60], [other, 3]].sort());
  });

  it('fails when storage does, and when a row is not a count', async () => {
    const { limits: table } = await tablesOf();
    const store = new TableLimitStore(table);
    const hour = `2026-11-22T12-${randomUUID()}`;
    await table.upsert(hour, 'k', { used: 'many' });
    await rejectsWith(store.used(hour, ['k']), 'STORAGE_UNAVAILABLE');
    await rejectsWith(store.count(hour, 'k', 5), 'STORAGE_UNAVAILABLE');
    const { faults } = await cloud();
    faults.post({ service: 'storage', kind: 'status', status: 500 });
    await rejectsWith(store.used(hour, ['other']), 'STORAGE_UNAVAILABLE');
    await rejectsWith(store.raised(), 'STORAGE_UNAVAILABLE');
    await rejectsWith(store.raise({ action: 'x', perHour: 1, until: new Date(0) }), 'STORAGE_UNAVAILABLE');
    faults.clear();
  });
});

describe('effect notes', () => {
  it('keep who had it done last to each target, by storage’s clock and for every instance', async () => {
    const notes = new TableEffectNotes((await tablesOf()).effects);
    const [ben, cleo] = [newId(), newId()];
    assert.equal(await notes.find('unblock_sign_in', ben), undefined);
    await notes.note('unblock_sign_in', ben, 'a'.repeat(64));
    await notes.note('unblock_sign_in', ben, 'b'.repeat(64));
    await notes.note('unblock_sign_in', cleo, 'c'.repeat(64));
    const other = new TableEffectNotes((await tablesOf()).effects);
    const found = await other.find('unblock_sign_in', ben);
    assert.equal(found?.requesterDigest, 'b'.repeat(64));
    // Storage says what time it is in whole seconds.
    assert(found.ageMs > -1_000 && found.ageMs < 10_000, `${found.ageMs} ms`);
    assert.equal(await other.find('block_sign_in', ben), undefined);
    await other.forget('unblock_sign_in', ben);
    await other.forget('unblock_sign_in', ben);
    assert.equal(await notes.find('unblock_sign_in', ben), undefined);
    assert.equal((await notes.find('unblock_sign_in', cleo))?.requesterDigest, 'c'.repeat(64));
  });

  it('hold no id of anybody', async () => {
    const { effects: table } = await tablesOf();
    const id = newId();
    await new TableEffectNotes(table).note('unblock_sign_in', id, 'a'.repeat(64));
    const row = await table.read('unblock_sign_in', id.digest());
    assert(row);
    assert.equal(id.appearsIn(JSON.stringify([row.key, ...row.properties])), false);
  });

  it('fail when storage does', async () => {
    const { faults } = await cloud();
    const notes = new TableEffectNotes((await tablesOf()).effects);
    faults.post({ service: 'storage', kind: 'status', status: 500 });
    await rejectsWith(notes.note('unblock_sign_in', newId(), 'a'), 'STORAGE_UNAVAILABLE');
    await rejectsWith(notes.find('unblock_sign_in', newId()), 'STORAGE_UNAVAILABLE');
    faults.clear();
  });
});

describe('approval place store', () => {
  it('keeps the chats that approvals go to, each once, and forgets them', async () => {
    const store = new TableApprovalPlaceStore((await tablesOf()).contacts);
    const mine = { ...place, conversationId: `19:${randomUUID()}@thread.v2/#?` };
    const listed = async (): Promise<readonly unknown[]> => (await new TableApprovalPlaceStore((await tablesOf()).contacts).list()).filter((each) => each.place.conversationId === mine.conversationId);
    assert.equal(await store.remove(mine.conversationId), false);
    await store.add(mine, 'IT approvals');
    await store.add(mine, 'IT approvals “2”');
    assert.deepEqual(await listed(), [{ place: mine, name: 'IT approvals “2”' }]);
    assert.equal(await store.remove(mine.conversationId), true);
    assert.equal(await store.remove(mine.conversationId), false);
    assert.deepEqual(await listed(), []);
  });
});

describe('approval store', () => {
  afterEach(async () => (await cloud()).faults.clear());

  const record = (changes: Partial<ApprovalRecord> = {}): ApprovalRecord => ({
    reference: randomUUID(),
    state: 'pending',
    by: 'second person',
    subject: {
      kind: 'steps',
      steps: [
        {
          action: 'block_sign_in',
          version: '1.0.0',
          arguments: { person: { kind: 'person', handle: 'person_abcdefghijkl', id: newId(), label: 'Ada “$id” Lovelace' }, reason: { text: '{"$id":"x"} lost phone' } },
          targetParameter: 'person',
          provenance: { reason: 'your words', person: 'composed by Steward' },
          digest: 'd'.repeat(64),
          targetContext: ['IT', 'Leeds'],
          outcome: 'waiting',
        },
      ],
    },
    requester: newId(),
    requesterName: 'Grace',
    place,
    requestActivityId: '1',
    cards: [{ conversationId: 'c', activityId: '2', place, purpose: 'decide' }],
    binding: 'b'.repeat(64),
    killEpoch: 3,
    createdAt: new Date('2026-11-22T10:00:00.000Z'),
    expiresAt: new Date('2026-11-22T11:00:00.000Z'),
    ...changes,
  });

  const plain = (value: ApprovalRecord): unknown => JSON.parse(toStoredJson(value));

  it('gives back what was stored, ids and dates included', async () => {
    const { approvals } = await clientsOf();
    const stored = record({ decidedBy: newId(), decidedByName: 'Hedy', decidedAt: new Date('2026-11-22T10:30:00.000Z'), aliveUntil: new Date('2026-11-22T10:31:00.000Z') });
    const { etag } = await approvals.insert(stored);
    const read = await approvals.read(stored.reference);
    assert.equal(read?.etag, etag);
    assert.deepEqual(plain(read.value), plain(stored));
    assert(read.value.requester.equals(stored.requester));
    assert(read.value.expiresAt instanceof Date);
    assert(Math.abs(read.storageNow.getTime() - Date.now()) < 5_000);
    const settled = record({
      state: 'unknown',
      decidedBy: newId(),
      denyReason: 'wrong “Anna”',
      remindedAt: new Date('2026-11-22T10:31:00.000Z'),
      escalatedAt: new Date('2026-11-22T10:32:00.000Z'),
      reportedAt: new Date('2026-11-22T10:33:00.000Z'),
      settlement: { outcome: 'not done', by: newId(), byName: 'Root', at: new Date('2026-11-22T10:34:00.000Z') },
      cards: (['decide', 'settle', 'look'] as const).map((purpose) => ({ conversationId: 'c', activityId: purpose, place, purpose })),
    });
    const raise = record({ subject: { kind: 'raise', reason: 'many', action: 'block_sign_in', perHour: 60 } });
    for (const each of [settled, raise]) {
      await approvals.insert(each);
      assert.deepEqual(plain((await approvals.read(each.reference))!.value), plain(each));
    }
    const revive = record({ subject: { kind: 'revive', reason: 'fixed', what: { scope: 'all', level: 'full' }, stillStopped: [] } });
    await approvals.insert(revive);
    assert.deepEqual(plain((await approvals.read(revive.reference))!.value), plain(revive));
    assert.equal(await approvals.read('no such reference / # ?'), undefined);
    await rejectsWith(approvals.insert(stored), 'STORAGE_UNAVAILABLE');
  });

  it('lets one of two changes win', async () => {
    const stores = [new TableApprovalStore((await tablesOf()).approvals), new TableApprovalStore((await tablesOf()).approvals)];
    const pending = record();
    const { etag } = await stores[0]!.insert(pending);
    const results = await Promise.all(Array.from({ length: 6 }, (_, index) => stores[index % 2]!.replace({ ...pending, state: 'approved' }, etag)));
    const winners = results.filter((result) => result !== undefined);
    assert.equal(winners.length, 1);
    const executing = await stores[0]!.replace({ ...pending, state: 'executing' }, winners[0]!.etag);
    assert(executing);
    assert.equal(await stores[1]!.replace({ ...pending, state: 'failed' }, etag), undefined);
  });

  it('recognises its own write when the answer was lost', async () => {
    const { faults } = await cloud();
    const { approvals } = await clientsOf();
    const pending = record();
    const { etag } = await approvals.insert(pending);
    faults.post({ service: 'storage', kind: 'reset', method: 'PUT', times: 1 });
    assert(await approvals.replace({ ...pending, state: 'approved' }, etag));
  });

  it('lists what is not settled', async () => {
    const { approvals } = await clientsOf();
    const [open, settled] = [record(), record({ state: 'denied' })];
    await Promise.all([approvals.insert(open), approvals.insert(settled)]);
    const references = (await approvals.open()).map(({ value }) => value.reference);
    assert(references.includes(open.reference) && !references.includes(settled.reference));
  });

  it('keeps in the index what nobody knows the outcome of, until somebody says it', async () => {
    const { approvals: table } = await tablesOf();
    const store = new TableApprovalStore(table);
    const executing = record({ state: 'executing' });
    const { etag } = await store.insert(executing);
    const unknown: ApprovalRecord = { ...executing, state: 'unknown' };
    const stored = await store.replace(unknown, etag);
    assert((await store.open()).some(({ value }) => value.reference === executing.reference));
    await store.shown(unknown);
    assert((await store.open()).some(({ value }) => value.reference === executing.reference));
    const settled = await store.replace({ ...unknown, settlement: { outcome: 'done', by: newId(), byName: 'Root', at: new Date(0) } }, stored!.etag);
    assert(!(await store.open()).some(({ value }) => value.reference === executing.reference));
    await store.shown(settled!.value);
    assert.equal(await table.read('open', executing.reference), undefined);
  });

  it('finds what was done last for a person in a conversation, and for nobody else', async () => {
    const stores = [new TableApprovalStore((await tablesOf()).approvals), new TableApprovalStore((await tablesOf()).approvals)];
    const [requester, where] = [newId(), { ...place, conversationId: `a:${randomUUID()}/#?` }];
    const [first, second] = [record({ state: 'succeeded', requester, place: where }), record({ state: 'succeeded', requester, place: where })];
    assert.equal(await stores[1]!.lastDone(where.conversationId, requester), undefined);
    for (const each of [first, second]) {
      await stores[0]!.insert(each);
      await stores[0]!.noteDone(each);
    }
    assert.equal((await stores[1]!.lastDone(where.conversationId, requester))?.reference, second.reference);
    assert.equal(await stores[1]!.lastDone(where.conversationId, newId()), undefined);
    assert.equal(await stores[1]!.lastDone(place.conversationId, requester), undefined);
    await stores[0]!.noteDone({ ...first, reference: 'no-such-approval' });
    assert.equal(await stores[1]!.lastDone(where.conversationId, requester), undefined);
  });

  it('finds open ones without looking through the settled ones, and forgets those that settle', async () => {
    const { journal } = await cloud();
    const { approvals: table } = await tablesOf();
    const store = new TableApprovalStore(table);
    const [staying, settling] = [record(), record()];
    await store.insert(staying);
    const { etag } = await store.insert(settling);
    const approved = await store.replace({ ...settling, state: 'approved' }, etag);
    assert.notEqual(await table.read('open', settling.reference), undefined);
    const denied = await store.replace({ ...settling, state: 'denied' }, approved!.etag);
    await store.shown(denied!.value);
    assert.equal(await table.read('open', settling.reference), undefined);
    journal.clear();
    const references = (await store.open()).map(({ value }) => value.reference);
    assert(references.includes(staying.reference) && !references.includes(settling.reference));
    const calls = journal.entries({ service: 'storage' });
    const queries = calls.filter(({ query }) => query.includes('filter'));
    assert.deepEqual(queries.map(({ query }) => query.includes("PartitionKey eq 'open'")), [true]);
  });

  it('leaves alone an approval that is about to be inserted, and an end that is about to be shown', async () => {
    const { approvals: table } = await tablesOf();
    const store = new TableApprovalStore(table);
    const [ended, coming] = [record(), record()];
    const { etag } = await store.insert(ended);
    await store.replace({ ...ended, state: 'succeeded' }, etag);
    await table.upsert('open', coming.reference, { reference: coming.reference });
    const open = await store.open();
    assert(!open.some(({ value }) => value.reference === ended.reference || value.reference === coming.reference));
    for (const { reference } of [ended, coming]) assert.notEqual(await table.read('open', reference), undefined);
  });

  it('lists an end that nobody showed in time, until somebody did', async () => {
    const { approvals: table } = await tablesOf();
    const store = new TableApprovalStore(table, { shownWithinMs: -60_000 });
    const ended = record();
    const { etag } = await store.insert(ended);
    const denied = await store.replace({ ...ended, state: 'denied' }, etag);
    const references = async (): Promise<readonly string[]> => (await store.open()).map(({ value }) => value.reference);
    assert((await references()).includes(ended.reference));
    await store.shown(denied!.value);
    assert(!(await references()).includes(ended.reference));
  });

  it('refuses a stored value that is not an approval', async () => {
    const { approvals: table } = await tablesOf();
    const store = new TableApprovalStore(table);
    for (const properties of [{ json0: '{}' }, { json0: 'x' }, {}, { ...jsonProperties(toStoredJson(record())), state: 'approved' }, jsonProperties(toStoredJson({ ...record(), state: 'constructor' }))]) {
      const reference = randomUUID();
      await table.upsert('approval', reference, properties);
      await rejectsWith(store.read(reference), 'STORAGE_UNAVAILABLE');
    }
  });
});

describe('table', () => {
  it('takes an empty tag for a conflict, alone and in a transaction', async () => {
    const { contacts: table } = await tablesOf();
    const key = randomUUID();
    await table.insert('p', key, { a: 1 });
    assert.equal(await table.replace('p', key, { a: 2 }, ''), 'conflict');
    assert.equal(await table.transact('p', [{ kind: 'upsert', key: randomUUID(), properties: {} }, { kind: 'replace', key, properties: { a: 2 }, etag: '' }]), 'conflict');
    assert.equal((await table.read('p', key))?.properties.get('a'), 1n);
  });
});

describe('contact store', () => {
  it('remembers where a person can be reached', async () => {
    const { contacts } = await clientsOf();
    const person = newId();
    assert.equal(await contacts.find(person), undefined);
    await contacts.remember(person, place);
    await contacts.remember(person, { ...place, conversationId: 'other' });
    assert.deepEqual(await new TableContactStore((await tablesOf()).contacts).find(person), { ...place, conversationId: 'other' });
  });

  it('says to one of many, over instances, that a person was not known, and keeps the newest place', async () => {
    const { contacts: table } = await tablesOf();
    const person = newId();
    const [one, other] = [new TableContactStore(table), new TableContactStore(table)];
    const met = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).meet(person, place)));
    assert.equal(met.filter((first) => first).length, 1);
    assert.equal(await one.meet(person, { ...place, conversationId: 'other' }), false);
    assert.deepEqual(await new TableContactStore(table).find(person), { ...place, conversationId: 'other' });
  });
});

describe('stored values', () => {
  const rowOf = (properties: Record<string, unknown>): Row => ({ partition: 'p', key: 'k', properties: new Map(Object.entries(properties)), etag: 'e', writtenAt: new Date(0), storageNow: new Date(0) });

  it('are split over properties and refused when too large', () => {
    const json = JSON.stringify('ü'.repeat(100_000));
    const properties = jsonProperties(json);
    assert.equal(Object.keys(properties).length, 4);
    assert.equal(jsonOf(rowOf(properties)), json);
    assert.throws(() => jsonProperties('x'.repeat(300_001)), { code: 'STORAGE_UNAVAILABLE' });
  });

  it('write ids out, and take no text for one', () => {
    const id = new InternalId('0f0f');
    assert.equal(JSON.stringify({ id }), '{"id":"[internal id]"}');
    const json = toStoredJson({ id, at: new Date(0), text: '{"$id":"evil"}', list: [id] });
    assert.equal(json, '{"id":{"$id":"0f0f"},"at":{"$date":"1970-01-01T00:00:00.000Z"},"text":"{\\"$id\\":\\"evil\\"}","list":[{"$id":"0f0f"}]}');
    const back = fromStoredJson(z.object({ id: z.instanceof(InternalId), at: z.date(), text: z.string() }), json);
    assert(back.id.equals(id));
  });
});
