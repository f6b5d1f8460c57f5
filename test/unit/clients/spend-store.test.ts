import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { createEgress } from '../../../src/clients/egress.ts';
import { SpendLeases } from '../../../src/clients/spend-lease.ts';
import { TableSpendStore, type LeaseEntry } from '../../../src/clients/spend-store.ts';
import { ensureTables, openTables } from '../../../src/clients/tables.ts';
import { cloud, newId, rejectsWith, tablesOf } from './support.ts';

const DAY = '2026-11-22';
const newMonth = (): string => `2026-11-${randomUUID()}`;
const entry = (changes: Partial<LeaseEntry> = {}): LeaseEntry => ({ month: newMonth(), day: DAY, person: newId(), amountMicroUsd: 100, monthCapMicroUsd: 1_000, personDayCapMicroUsd: 500, ...changes });
const newStore = async (): Promise<TableSpendStore> => new TableSpendStore((await tablesOf()).spend);
const add = async (store: TableSpendStore, each: LeaseEntry): Promise<string> => (await store.add(each)).kind;
const monthOf = async (store: TableSpendStore, month: string): Promise<number> => (await store.read(month)).monthMicroUsd;

/** A store whose next transaction is carried out and never answered. */
async function forgetful(): Promise<{ readonly store: TableSpendStore; readonly loseNext: (meanwhile?: () => Promise<unknown>) => void }> {
  const { agent, credentialFor, endpoints, identities } = await cloud();
  const { httpClient } = createEgress({ allow: [endpoints.tables], agent });
  let lose: (() => Promise<unknown>) | undefined;
  const losing: HttpClient = {
    sendRequest: async (request) => {
      const answer = await httpClient.sendRequest(request);
      if (lose === undefined || !request.url.includes('$batch')) return answer;
      const meanwhile = lose;
      lose = undefined;
      await meanwhile();
      throw new Error('the answer was lost');
    },
  };
  const tables = openTables({ endpoint: endpoints.tables, credential: credentialFor(identities.keeper), httpClient: losing });
  await ensureTables(tables);
  return { store: new TableSpendStore(tables.spend), loseNext: (meanwhile = async () => undefined) => (lose = meanwhile) };
}

describe('spend store', () => {
  afterEach(async () => (await cloud()).faults.clear());

  it('never passes a cap, however many ask at once on however many instances', async () => {
    const month = newMonth();
    const person = newId();
    const stores = await Promise.all([newStore(), newStore(), newStore()]);
    const results = await Promise.all(Array.from({ length: 50 }, (_, index) => add(stores[index % 3]!, entry({ month, person: index % 2 === 0 ? person : newId() }))));
    assert.equal(await monthOf(stores[0], month), 1_000);
    assert.equal(results.filter((result) => result === 'added').length, 10);
    assert(results.filter((result, index) => result === 'added' && index % 2 === 0).length <= 5);
  });

  it('costs one call when nobody else spends', async () => {
    const { journal } = await cloud();
    const store = await newStore();
    const each = entry();
    await store.add(each);
    journal.clear();
    assert.equal(await add(store, { ...each, amountMicroUsd: -40 }), 'added');
    assert.equal(journal.entries().length, 1);
    assert.equal(await monthOf(store, each.month), 60);
  });

  it('tells whose cap it is, and notices what another instance gave back', async () => {
    const [one, other] = await Promise.all([newStore(), newStore()]);
    const each = entry();
    assert.equal(await add(one, { ...each, amountMicroUsd: 501 }), 'person full');
    assert.equal(await add(one, { ...each, amountMicroUsd: 500 }), 'added');
    assert.equal(await add(one, each), 'person full');
    assert.equal(await add(other, { ...each, amountMicroUsd: -500 }), 'added');
    assert.equal(await add(one, each), 'added');
    assert.equal(await add(one, { ...each, person: newId(), monthCapMicroUsd: 150 }), 'month full');
  });

  it('refuses nobody who was given room by another instance a moment ago, at either edge', async () => {
    const [one, other] = (await Promise.all([newStore(), newStore()])).map((store) => new SpendLeases(store));
    const each = entry({ amountMicroUsd: 900 , personDayCapMicroUsd: 1_000 });
    for (let times = 0; times < 3; times += 1) {
      assert.equal((await one!.add(each)).kind, 'added');
      assert.equal((await other!.add({ ...each, person: newId() })).kind, 'month full');
      assert.equal((await one!.add({ ...each, amountMicroUsd: -900 })).kind, 'added');
      assert.equal((await other!.add(each)).kind, 'added');
      assert.equal((await other!.add({ ...each, amountMicroUsd: -900 })).kind, 'added');
    }
  });

  it('takes nothing but safe integers, and gives back no more than was spent', async () => {
    const store = await newStore();
    for (const amountMicroUsd of [Number.NaN, Infinity, -Infinity, 0.5, -0.5, 2 ** 53]) await rejectsWith(store.add(entry({ amountMicroUsd })), 'PRICE_UNKNOWN');
    for (const cap of [Number.NaN, -1, 0.5, 2 ** 53, Infinity]) {
      await rejectsWith(store.add(entry({ monthCapMicroUsd: cap })), 'PRICE_UNKNOWN');
      await rejectsWith(store.add(entry({ personDayCapMicroUsd: cap })), 'PRICE_UNKNOWN');
      await rejectsWith(store.add(entry({ leaseMicroUsd: cap })), 'PRICE_UNKNOWN');
      await rejectsWith(store.raiseDay({ month: newMonth(), day: DAY, person: newId(), toMicroUsd: cap }), 'PRICE_UNKNOWN');
    }
    await rejectsWith(store.add(entry({ amountMicroUsd: -1 })), 'PRICE_UNKNOWN');
    const most = entry({ amountMicroUsd: Number.MAX_SAFE_INTEGER, monthCapMicroUsd: Number.MAX_SAFE_INTEGER, personDayCapMicroUsd: Number.MAX_SAFE_INTEGER });
    assert.equal(await add(store, most), 'added');
    await rejectsWith(store.add({ ...most, amountMicroUsd: 1, force: true }), 'PRICE_UNKNOWN');
    assert.equal(await monthOf(store, most.month), Number.MAX_SAFE_INTEGER);
  });

  it('books by force what was spent already, whatever the caps say', async () => {
    const store = await newStore();
    const each = entry({ monthCapMicroUsd: 150 });
    assert.equal(await add(store, each), 'added');
    assert.equal(await add(store, each), 'month full');
    assert.equal(await add(store, { ...each, force: true, amountMicroUsd: 900 }), 'added');
    assert.equal(await monthOf(store, each.month), 1_000);
    assert.equal(await add(store, { ...each, amountMicroUsd: 1 }), 'month full');
    await rejectsWith(store.add({ ...each, force: true, amountMicroUsd: Number.NaN }), 'PRICE_UNKNOWN');
  });

  it('counts beyond 32 bits', async () => {
    const store = await newStore();
    const each = entry({ monthCapMicroUsd: 10 ** 15, personDayCapMicroUsd: 10 ** 15, amountMicroUsd: 5 * 10 ** 12 });
    await store.add(each);
    await store.add(each);
    assert.equal(await monthOf(store, each.month), 10 ** 13);
  });

  it('counts each day of a month, with what nobody in particular spent', async () => {
    const store = await newStore();
    const month = newMonth();
    await store.add(entry({ month, amountMicroUsd: 70 }));
    const { person: _, ...nobody } = entry({ month, day: '2026-11-03', amountMicroUsd: 30, personDayCapMicroUsd: 0 });
    assert.equal(await add(store, nobody), 'added');
    await store.add(entry({ month, amountMicroUsd: 5 }));
    assert.deepEqual(await store.read(month), { monthMicroUsd: 105, days: [{ day: '2026-11-03', microUsd: 30 }, { day: DAY, microUsd: 75 }] });
    assert.equal(await add(store, { ...nobody, monthCapMicroUsd: 134 }), 'month full');
  });

  it('leases what leaves a tenth of both caps free, and no more', async () => {
    const store = await newStore();
    const each = entry({ monthCapMicroUsd: 1_000, personDayCapMicroUsd: 500, amountMicroUsd: 150, leaseMicroUsd: 150 });
    assert.equal((await store.add(each)).leasedMicroUsd, 150);
    assert.equal((await store.add(each)).leasedMicroUsd, 0, 'the day has 50 left beside it');
    assert.equal((await store.add({ ...each, person: newId(), amountMicroUsd: 225, leaseMicroUsd: 225 })).leasedMicroUsd, 225);
    assert.equal(await monthOf(store, each.month), 900);
    const { kind, leasedMicroUsd } = await store.add({ ...each, person: newId(), amountMicroUsd: 50, leaseMicroUsd: 1 });
    assert.deepEqual([kind, leasedMicroUsd], ['added', 0]);
  });

  it('lets one person spend what an admin raised their day to, on that day and on every instance', async () => {
    const [one, other] = await Promise.all([newStore(), newStore()]);
    const each = entry({ amountMicroUsd: 500 });
    assert.equal(await add(one, each), 'added');
    assert.equal(await add(one, { ...each, amountMicroUsd: 1 }), 'person full');
    await other.raiseDay({ month: each.month, day: DAY, person: each.person!, toMicroUsd: 700 });
    assert.equal(await add(one, { ...each, amountMicroUsd: 200 }), 'added');
    assert.equal(await add(one, { ...each, amountMicroUsd: 1 }), 'person full');
    assert.equal(await add(one, { ...each, amountMicroUsd: -200 }), 'added');
    assert.equal(await add(other, { ...each, amountMicroUsd: 200 }), 'added', 'the raise was lost when money moved');
    assert.equal(await add(other, { ...each, day: '2026-11-23', amountMicroUsd: 300 }), 'added');
    assert.equal(await add(other, { ...each, day: '2026-11-23', amountMicroUsd: 201 }), 'month full');
    assert.equal(await add(other, { ...each, day: '2026-11-23', amountMicroUsd: 201, monthCapMicroUsd: 9_999 }), 'person full');
  });

  it('raises the day of somebody who spent nothing yet, and never past the month', async () => {
    const store = await newStore();
    const each = entry({ monthCapMicroUsd: 600 });
    await store.raiseDay({ month: each.month, day: DAY, person: each.person!, toMicroUsd: 100_000 });
    assert.equal(await add(store, { ...each, amountMicroUsd: 601 }), 'month full');
    assert.equal(await add(store, { ...each, amountMicroUsd: 600 }), 'added');
  });

  it('says to one instance only that it is the first', async () => {
    const stores = await Promise.all([newStore(), newStore(), newStore()]);
    const month = newMonth();
    const firsts = await Promise.all(stores.map((store) => store.isFirst(month, 'warned at 50')));
    assert.equal(firsts.filter(Boolean).length, 1);
    assert.equal(await stores[0].isFirst(month, 'warned at 80'), true);
    assert.equal(await stores[0].isFirst(newMonth(), 'warned at 50'), true);
  });

  it('counts once what was written but not answered', async () => {
    const { loseNext, store } = await forgetful();
    const each = entry();
    await store.add(each);
    loseNext();
    assert.equal(await add(store, each), 'added');
    assert.equal(await monthOf(store, each.month), 200);
    loseNext();
    assert.equal(await add(store, { ...each, amountMicroUsd: -60 }), 'added');
    assert.equal(await monthOf(store, each.month), 140);
  });

  it('gives nothing back twice when the answer was lost and others wrote since', async () => {
    const { loseNext, store } = await forgetful();
    const other = await newStore();
    const each = entry();
    await store.add({ ...each, amountMicroUsd: 300 });
    // The same person on another instance: every row that was written is somebody else’s by then.
    loseNext(() => other.add({ ...each, amountMicroUsd: 10 }));
    await rejectsWith(store.add({ ...each, amountMicroUsd: -100 }), 'STORAGE_UNAVAILABLE');
    assert.equal(await monthOf(store, each.month), 210);
    loseNext(() => other.add({ ...each, amountMicroUsd: 10 }));
    assert.equal(await add(store, each), 'added');
    assert(await monthOf(store, each.month) >= 320, 'less is counted than was handed out');
  });

  it('fails when storage does', async () => {
    const store = await newStore();
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 500 });
    await rejectsWith(store.add(entry()), 'STORAGE_UNAVAILABLE');
    await rejectsWith(store.read('2026-11'), 'STORAGE_UNAVAILABLE');
    await rejectsWith(store.isFirst('2026-11', 'warned at 50'), 'STORAGE_UNAVAILABLE');
    await rejectsWith(store.raiseDay({ month: '2026-11', day: DAY, person: newId(), toMicroUsd: 1 }), 'STORAGE_UNAVAILABLE');
  });

  it('fails on a counter that is none', async () => {
    const { spend } = await tablesOf();
    const month = newMonth();
    for (const microUsd of [-1n, 'x', 1.5]) {
      await spend.upsert(month, 'month', { microUsd });
      await rejectsWith(new TableSpendStore(spend).add(entry({ month })), 'STORAGE_UNAVAILABLE');
    }
  });
});
