import { StewardError } from '../errors.ts';
import type { SpendStore } from '../guard/ports.ts';
import { Serial } from './serial.ts';
import { integerOf, type Change, type Table } from './tables.ts';
import { backoffMs, wait } from './wait.ts';

const MONTH_KEY = 'month';
const MOST_ATTEMPTS = 20;
const MOST_CACHED = 2_000;

/** A counter as last seen; no tag when there is no row yet. */
interface Counter {
  readonly microUsd: number;
  readonly etag?: string;
}

type Entry = Parameters<SpendStore['add']>[0];

/**
 * Two counters, of the month and of one person's day, that move together or not at all: one transaction in the month's
 * partition under both version tags. What was last seen is kept, so that the common case is one call.
 */
export class TableSpendStore implements SpendStore {
  readonly #table: Table;
  readonly #serial = new Serial();
  readonly #seen = new Map<string, Counter>();

  constructor(table: Table) {
    this.#table = table;
  }

  async add(entry: Entry): Promise<'added' | 'month full' | 'person full'> {
    const amounts = [entry.amountMicroUsd, entry.monthCapMicroUsd, entry.personDayCapMicroUsd];
    if (!amounts.every(Number.isSafeInteger)) throw new StewardError('PRICE_UNKNOWN', 'an amount of money is not a safe integer');
    // One at a time here: they would only be each other's conflicts.
    return this.#serial.inTurn(entry.month, () => this.#add(entry));
  }

  async read(month: string): Promise<{ readonly monthMicroUsd: number }> {
    const { microUsd } = await this.#fetch(month, MONTH_KEY);
    return { monthMicroUsd: microUsd };
  }

  async #add(entry: Entry): Promise<'added' | 'month full' | 'person full'> {
    const { month, amountMicroUsd } = entry;
    const personKey = `day:${entry.day}:${entry.person.digest()}`;
    let fresh = false;
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const [monthCounter, personCounter] = await Promise.all([this.#counter(month, MONTH_KEY, fresh), this.#counter(month, personKey, fresh)]);
      const monthMicroUsd = monthCounter.microUsd + amountMicroUsd;
      const personMicroUsd = personCounter.microUsd + amountMicroUsd;
      if (![monthMicroUsd, personMicroUsd].every(Number.isSafeInteger)) throw new StewardError('PRICE_UNKNOWN', 'a sum of money is not a safe integer');
      if (monthMicroUsd < 0 || personMicroUsd < 0) throw new StewardError('PRICE_UNKNOWN', 'more money would be given back than was spent');

      if (amountMicroUsd > 0 && entry.force !== true) {
        const full = monthMicroUsd > entry.monthCapMicroUsd ? 'month full' : personMicroUsd > entry.personDayCapMicroUsd ? 'person full' : undefined;
        if (full !== undefined) {
          if (fresh) return full;
          // Another instance may have given back meanwhile; a refusal is decided on what storage says now.
          fresh = true;
          continue;
        }
      }

      const { doubt, written } = await this.#write(month, personKey, [monthCounter, monthMicroUsd], [personCounter, personMicroUsd]);
      if (written) return 'added';
      // Adding twice keeps the ceiling; giving back twice would not. The reservation stays.
      if (doubt && amountMicroUsd < 0) throw new StewardError('STORAGE_UNAVAILABLE', 'whether money was given back is not known');
      fresh = true;
      await wait(backoffMs(attempt, 10, 300));
    }
    throw new StewardError('STORAGE_UNAVAILABLE', `the spend counters were changed by others ${MOST_ATTEMPTS} times in a row`);
  }

  async #write(month: string, personKey: string, [monthCounter, monthMicroUsd]: readonly [Counter, number], [personCounter, personMicroUsd]: readonly [Counter, number]): Promise<{ readonly written: boolean; readonly doubt: boolean }> {
    let doubt = false;
    try {
      const result = await this.#table.transact(month, [change(MONTH_KEY, monthCounter, monthMicroUsd), change(personKey, personCounter, personMicroUsd)], () => (doubt = true));
      if (result !== 'conflict') {
        this.#see(month, MONTH_KEY, monthMicroUsd, result[0]?.etag);
        this.#see(month, personKey, personMicroUsd, result[1]?.etag);
        return { written: true, doubt: false };
      }
    } catch (error) {
      this.#forget(month, personKey);
      throw error;
    }
    this.#forget(month, personKey);
    return { written: false, doubt };
  }

  async #counter(month: string, key: string, fresh: boolean): Promise<Counter> {
    return (fresh ? undefined : this.#seen.get(`${month}/${key}`)) ?? this.#fetch(month, key);
  }

  async #fetch(month: string, key: string): Promise<Counter> {
    const row = await this.#table.read(month, key);
    if (row === undefined) return { microUsd: 0 };
    const microUsd = integerOf(row, 'microUsd');
    if (microUsd < 0) throw new StewardError('STORAGE_UNAVAILABLE', 'a spend counter is negative');
    return { microUsd, etag: row.etag };
  }

  #see(month: string, key: string, microUsd: number, etag: string | undefined): void {
    if (this.#seen.size >= MOST_CACHED) this.#seen.clear();
    // No tag: the row is ours no more, and the next one reads it again.
    if (etag) this.#seen.set(`${month}/${key}`, { microUsd, etag });
    else this.#seen.delete(`${month}/${key}`);
  }

  #forget(month: string, personKey: string): void {
    this.#seen.delete(`${month}/${MONTH_KEY}`);
    this.#seen.delete(`${month}/${personKey}`);
  }
}

function change(key: string, { etag }: Counter, microUsd: number): Change {
  const properties = { microUsd: BigInt(microUsd) };
  return etag === undefined ? { kind: 'insert', key, properties } : { kind: 'replace', key, properties, etag };
}
