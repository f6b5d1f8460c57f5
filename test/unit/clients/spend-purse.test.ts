import assert from 'node:assert/strict';
import { SpendPurse } from '../../../src/clients/spend-purse.ts';
import { StewardError } from '../../../src/errors.ts';
import type { SpendStore } from '../../../src/guard/ports.ts';
import { newId, until } from './support.ts';

type Entry = Parameters<SpendStore['add']>[0];

/** Storage's counters, with the caps they keep. */
class Storage implements SpendStore {
  spent = 0;
  readonly calls: number[] = [];
  down = false;

  async add({ amountMicroUsd, monthCapMicroUsd, personDayCapMicroUsd, force }: Entry): Promise<'added' | 'month full' | 'person full'> {
    this.calls.push(amountMicroUsd);
    if (this.down) throw new StewardError('STORAGE_UNAVAILABLE', 'for the test');
    if (force !== true && amountMicroUsd > 0 && this.spent + amountMicroUsd > monthCapMicroUsd) return 'month full';
    if (force !== true && amountMicroUsd > 0 && this.spent + amountMicroUsd > personDayCapMicroUsd) return 'person full';
    this.spent += amountMicroUsd;
    return 'added';
  }

  async read(): Promise<{ readonly monthMicroUsd: number }> {
    return { monthMicroUsd: this.spent };
  }
}

function make(holdMs = 60_000) {
  const storage = new Storage();
  const purse = new SpendPurse(storage, holdMs);
  const person = newId();
  const add = (amountMicroUsd: number, changes: Partial<Entry> = {}) => purse.add({ month: '2026-11', day: '2026-11-22', person, amountMicroUsd, monthCapMicroUsd: 10_000, personDayCapMicroUsd: 10_000, ...changes });
  return { storage, purse, add };
}

describe('spend purse', () => {
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
    const { storage, purse, add } = make(20);
    await add(100);
    await add(-90);
    assert.deepEqual(await purse.read('2026-11'), { monthMicroUsd: 10 });
    await until(async () => storage.spent === 10, 2_000);
    assert.deepEqual(await purse.read('2026-11'), { monthMicroUsd: 10 });
  });

  it('gives back at once what comes after that', async () => {
    const { storage, add } = make(20);
    await add(100);
    await until(async () => storage.spent === 100, 2_000);
    await add(-90);
    assert.equal(storage.spent, 10);
  });

  it('holds nothing near a cap, which is spent to its last micro-USD and not one more', async () => {
    for (const cap of ['monthCapMicroUsd', 'personDayCapMicroUsd'] as const) {
      const { storage, add } = make();
      assert.equal(await add(100, { [cap]: 200 }), 'added');
      assert.equal(storage.spent, 100, 'held so close to the cap');
      assert.equal(await add(100, { [cap]: 200 }), 'added');
      assert.equal(await add(1, { [cap]: 200 }), cap === 'monthCapMicroUsd' ? 'month full' : 'person full');
      assert.equal(storage.spent, 200);
    }
  });

  it('holds for each person and day apart', async () => {
    const { storage, add } = make();
    await add(100);
    await add(100, { day: '2026-11-23' });
    await add(100, { person: newId() });
    assert.deepEqual(storage.calls, [200, 200, 200]);
  });

  it('books by force what was spent already, out of what it holds first', async () => {
    const { storage, add } = make();
    await add(100);
    assert.equal(await add(900, { force: true, monthCapMicroUsd: 150 }), 'added');
    assert.equal(storage.spent, 1_000);
  });

  it('serves attempts at the same time from one purse', async () => {
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
});
