import assert from 'node:assert/strict';
import { SpendLeases } from '../../../src/clients/spend-lease.ts';
import type { LeaseEntry, LeasingStore } from '../../../src/clients/spend-store.ts';
import { StewardError } from '../../../src/errors.ts';
import type { MonthSpend, SpendAnswer, SpendEntry } from '../../../src/guard/ports.ts';
import { newId, until } from './support.ts';

/** Storage's counters, with the caps they keep. */
class Storage implements LeasingStore {
  spent = 0;
  readonly calls: number[] = [];
  down = false;

  async add({ amountMicroUsd, force, leaseMicroUsd = 0, monthCapMicroUsd, personDayCapMicroUsd }: LeaseEntry): Promise<SpendAnswer & { readonly leasedMicroUsd: number }> {
    const fits = (amount: number, part = 1): boolean => this.spent + amount <= Math.min(monthCapMicroUsd, personDayCapMicroUsd) * part;
    const leasedMicroUsd = fits(amountMicroUsd + leaseMicroUsd, 0.9) ? leaseMicroUsd : 0;
    this.calls.push(amountMicroUsd + leasedMicroUsd);
    if (this.down) throw new StewardError('STORAGE_UNAVAILABLE', 'for the test');
    if (force !== true && amountMicroUsd > 0 && !fits(amountMicroUsd)) return { kind: this.spent + amountMicroUsd > monthCapMicroUsd ? 'month full' : 'person full', monthMicroUsd: this.spent, leasedMicroUsd: 0 };
    this.spent += amountMicroUsd + leasedMicroUsd;
    return { kind: 'added', monthMicroUsd: this.spent, leasedMicroUsd };
  }

  async read(): Promise<MonthSpend> {
    return { monthMicroUsd: this.spent, days: [{ day: '2026-11-22', microUsd: this.spent }] };
  }

  async raiseDay(): Promise<void> {
    // Not played here.
  }

  async isFirst(): Promise<boolean> {
    return true;
  }
}

function make(idleMs = 60_000, outMs = 60_000) {
  const storage = new Storage();
  const leases = new SpendLeases(storage, { idleMs, outMs });
  const person = newId();
  const answer = (amountMicroUsd: number, changes: Partial<SpendEntry> = {}) => leases.add({ month: '2026-11', day: '2026-11-22', person, amountMicroUsd, monthCapMicroUsd: 10_000, personDayCapMicroUsd: 10_000, ...changes });
  const add = async (amountMicroUsd: number, changes: Partial<SpendEntry> = {}) => (await answer(amountMicroUsd, changes)).kind;
  return { storage, leases, add, answer };
}

describe('spend lease', () => {
  it('waits for storage once for the attempts of a turn', async () => {
    const { storage, add } = make();
    await add(100);
    await add(-90);
    await add(110);
    await add(-100);
    await add(120);
    assert.deepEqual(storage.calls, [200]);
  });

  it('hands out nothing that storage does not count already', async () => {
    const { storage, add } = make();
    let handedOut = 0;
    for (const amount of [100, 150, -50, 400, -300, 90, 700, -700, 20]) {
      await add(amount);
      handedOut += amount;
      assert.ok(storage.spent >= handedOut, `${handedOut} handed out, ${storage.spent} counted`);
    }
  });

  it('counts what it holds as unspent, and gives it back when nothing is asked for', async () => {
    const { storage, leases, add } = make(20);
    await add(100);
    await add(-90);
    assert.deepEqual(await leases.read('2026-11'), { monthMicroUsd: 10, days: [{ day: '2026-11-22', microUsd: 10 }] });
    await until(async () => storage.spent === 10, 2_000);
    assert.deepEqual(await leases.read('2026-11'), { monthMicroUsd: 10, days: [{ day: '2026-11-22', microUsd: 10 }] });
  });

  it('is kept while an attempt is on its way, however long its answer takes', async () => {
    const { storage, add } = make(1, 60_000);
    await add(100);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(storage.spent, 200, 'given back before the answer came');
    await add(50);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(storage.spent, 200, 'given back before the second answer came');
    await add(-50);
    await add(-90);
    await until(async () => storage.spent === 10, 2_000);
  });

  it('gives back at once what comes after that', async () => {
    const { storage, add } = make(60_000, 20);
    await add(100);
    await until(async () => storage.spent === 100, 2_000);
    await add(-90);
    assert.equal(storage.spent, 10);
  });

  it('leases nothing near a cap, which is spent to its last micro-USD and not one more', async () => {
    for (const cap of ['monthCapMicroUsd', 'personDayCapMicroUsd'] as const) {
      const { storage, add } = make();
      assert.equal(await add(100, { [cap]: 200 }), 'added');
      assert.equal(storage.spent, 100, 'leased so close to the cap');
      assert.equal(await add(100, { [cap]: 200 }), 'added');
      assert.equal(await add(1, { [cap]: 200 }), cap === 'monthCapMicroUsd' ? 'month full' : 'person full');
      assert.equal(storage.spent, 200);
    }
  });

  it('leases for each person and day apart', async () => {
    const { storage, add } = make();
    await add(100);
    await add(100, { day: '2026-11-23' });
    await add(100, { person: newId() });
    await add(100, { person: undefined as never });
    assert.deepEqual(storage.calls, [200, 200, 200, 200]);
  });

  it('books by force what was spent already, out of what it holds first', async () => {
    const { storage, add } = make();
    await add(100);
    assert.equal(await add(900, { force: true, monthCapMicroUsd: 150 }), 'added');
    assert.equal(storage.spent, 1_000);
  });

  it('serves attempts at the same time from one lease', async () => {
    const { storage, add } = make();
    assert.deepEqual(await Promise.all(Array.from({ length: 10 }, () => add(100))), Array.from({ length: 10 }, () => 'added'));
    assert.ok(storage.spent >= 1_000);
  });

  it('hands out nothing when storage fails, and leaves no-amounts to the store', async () => {
    const { storage, add } = make();
    storage.down = true;
    await assert.rejects(add(100), { code: 'STORAGE_UNAVAILABLE' });
    storage.down = false;
    await add(100);
    assert.equal(storage.spent, 200);
    await add(Number.NaN);
    assert.equal(storage.calls.at(-1), Number.NaN);
  });

  it('asks storage once for an attempt, near a cap as well', async () => {
    const { storage, add } = make();
    await add(100, { monthCapMicroUsd: 150 });
    assert.equal(storage.calls.length, 1);
  });

  it('says how the month stands without what is leased', async () => {
    const { answer } = make();
    assert.equal((await answer(100)).monthMicroUsd, 100);
    assert.equal((await answer(-90)).monthMicroUsd, 10);
    assert.equal((await answer(60)).monthMicroUsd, 70);
  });

  it('keeps what a process had leased counted when it dies', async () => {
    const { storage, add } = make();
    await add(100);
    await add(-90);
    const next = new SpendLeases(storage);
    assert.equal((await next.read('2026-11')).monthMicroUsd, 200);
  });
});
