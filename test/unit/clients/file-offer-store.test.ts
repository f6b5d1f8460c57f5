import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { TableFileOfferStore } from '../../../src/clients/file-offer-store.ts';
import { keyOf, type Table } from '../../../src/clients/tables.ts';
import type { FileOffer } from '../../../src/bot/ports.ts';
import { newId, tablesOf } from './support.ts';

describe('offers of files', () => {
  let table: Table;
  before(async function () {
    table = (await tablesOf()).offers;
  });

  const offer = (changes: Partial<FileOffer> = {}): FileOffer => ({
    reference: randomUUID(),
    requester: newId(),
    place: { conversationId: `a:${randomUUID()}`, serviceUrl: 'https://smba.trafficmanager.net/teams/', tenantId: 't', botId: '28:bot', channelId: 'msteams', conversationType: 'personal' },
    activityId: '1700000000001',
    step: { action: 'report_group_members', version: '1.0.0', arguments: { group: { kind: 'group', handle: 'group_k7m2qz', id: newId(), label: 'Sales' } }, targetParameter: 'group', provenance: {}, digest: 'd', targetContext: [], outcome: 'waiting' },
    ...changes,
  });
  const by = ({ activityId, place, requester }: FileOffer) => ({ requester, conversationId: place.conversationId, activityId });
  const rowsOf = (made: FileOffer) => table.list(`PartitionKey eq '${keyOf(made.place.conversationId)}'`, 100);

  it('gives one back whole, once', async () => {
    const store = new TableFileOfferStore(table);
    const made = offer();
    await store.add(made);
    const taken = await store.take(made.reference, by(made));
    assert.deepEqual([taken?.reference, taken?.activityId, taken?.step.action, taken?.requester.equals(made.requester)], [made.reference, made.activityId, 'report_group_members', true]);
    const argument = taken?.step.arguments['group'];
    assert.ok(argument !== undefined && 'id' in argument && 'id' in made.step.arguments['group']! && argument.id.equals(made.step.arguments['group'].id));
    assert.equal(await store.take(made.reference, by(made)), undefined);
  });

  it('gives it to one of many who ask at once, over instances', async () => {
    const made = offer();
    await new TableFileOfferStore(table).add(made);
    const taken = await Promise.all(Array.from({ length: 8 }, () => new TableFileOfferStore(table).take(made.reference, by(made))));
    assert.equal(taken.filter((each) => each !== undefined).length, 1);
  });

  it('gives it to nobody else, in no other chat, and for no other card; and still to the right one after that', async () => {
    const store = new TableFileOfferStore(table);
    const made = offer();
    await store.add(made);
    for (const wrong of [{ ...by(made), requester: newId() }, { ...by(made), conversationId: 'a:other' }, { ...by(made), activityId: 'another' }]) assert.equal(await store.take(made.reference, wrong), undefined);
    assert.equal(await store.take(randomUUID(), by(made)), undefined);
    const { activityId: _, ...withoutCard } = by(made);
    assert.ok(await store.take(made.reference, withoutCard));
  });

  it('ends after its time, by storage’s clock', async () => {
    const made = offer();
    await new TableFileOfferStore(table).add(made);
    // Storage's clock counts whole seconds in its answers: what is over at once is over, and what lives long lives.
    assert.equal(await new TableFileOfferStore(table, { ttlMs: -2_000 }).take(made.reference, by(made)), undefined);
    assert.ok(await new TableFileOfferStore(table, { ttlMs: 60_000 }).take(made.reference, by(made)));
  });

  it('keeps nothing of one that was taken, and removes what is over when the next one is made', async () => {
    const store = new TableFileOfferStore(table);
    const made = offer();
    await store.add(made);
    assert.ok(await store.take(made.reference, by(made)));
    const [row] = await rowsOf(made);
    assert.ok(row !== undefined && ![...row.properties.keys()].some((name) => name.startsWith('json')), 'a taken offer still says what it was for');
    const next = offer({ place: made.place, requester: made.requester });
    await store.add(next);
    assert.deepEqual((await rowsOf(made)).map(({ key }) => key), [next.reference]);
  });
});
