import type { InternalId } from '../actions/internal-id.ts';
import { StewardError } from '../errors.ts';
import type { MonthSpend, SpendAnswer, SpendEntry, SpendStore } from '../guard/ports.ts';
import { Serial } from '../serial.ts';
import { integerOf, type Change, type Row, type Table } from './tables.ts';
import { backoffMs, wait } from './wait.ts';

const MONTH_KEY = 'month';
const TOTAL = 'total:';
/** Sorts right after every key that begins with `TOTAL`. */
const TOTAL_END = 'total;';
const MOST_DAYS = 31;
const MOST_ATTEMPTS = 20;
const MOST_CACHED = 2_000;
/** Past this share of a cap, one part less of so many, nothing is leased. */
const LEASE_PART = 10;

/** A counter as last seen; no tag when there is no row yet. */
interface Counter {
  readonly microUsd: number;
  /** What an admin raised the cap of this person and day to. */
  readonly raisedMicroUsd?: number;
  readonly etag?: string;
}

export type LeaseEntry = SpendEntry & {
  /** To be added as well where that leaves a tenth of every cap free. */
  readonly leaseMicroUsd?: number;
};

/** Counters that can be taken from ahead of need. */
export interface LeasingStore extends SpendStore {
  add(entry: LeaseEntry): Promise<SpendAnswer & { readonly leasedMicroUsd: number }>;
}

/**
 * Three counters, of the month, of its day and of one person's day, that move together or not at all: one transaction in
 * the month's partition under their version tags. What was last seen is kept, so that the common case is one call.
 */
export class TableSpendStore implements LeasingStore {
  readonly #table: Table;
  readonly #serial = new Serial();
  readonly #seen = new Map<string, Counter>();

  constructor(table: Table) {
    this.#table = table;
  }

  async add(entry: LeaseEntry): Promise<SpendAnswer & { readonly leasedMicroUsd: number }> {
    assertAmounts(Math.abs(entry.amountMicroUsd), entry.monthCapMicroUsd, entry.personDayCapMicroUsd, entry.leaseMicroUsd ?? 0);
    // One at a time here: they would only be each other's conflicts.
    return this.#serial.inTurn(entry.month, () => this.#add(entry));
  }

  async read(month: string): Promise<MonthSpend> {
    const [{ microUsd }, totals] = await Promise.all([
      this.#fetch(month, MONTH_KEY),
      this.#table.list(`PartitionKey eq '${month}' and RowKey ge '${TOTAL}' and RowKey lt '${TOTAL_END}'`, MOST_DAYS),
    ]);
    return { monthMicroUsd: microUsd, days: totals.map((row) => ({ day: row.key.slice(TOTAL.length), microUsd: toCounter(row).microUsd })) };
  }

  /** Kept in the counter's own row, so that both are read at once and change under one tag. */
  async raiseDay({ day, month, person, toMicroUsd }: Parameters<SpendStore['raiseDay']>[0]): Promise<void> {
    assertAmounts(toMicroUsd);
    const key = personKey(day, person);
    await this.#serial.inTurn(month, async () => {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
        const counter = { ...(await this.#fetch(month, key)), raisedMicroUsd: toMicroUsd };
        this.#forget(month, [key]);
        if ((await this.#table.transact(month, [change(key, counter, counter.microUsd)])) !== 'conflict') return;
        await wait(backoffMs(attempt, 10, 300));
      }
      throw tooManyConflicts();
    });
  }

  async isFirst(month: string, matter: string): Promise<boolean> {
    return (await this.#table.insert(month, `first:${matter.replaceAll(' ', '-')}`, {})) !== 'exists';
  }

  async #add(entry: LeaseEntry): Promise<SpendAnswer & { readonly leasedMicroUsd: number }> {
    const { amountMicroUsd, day, leaseMicroUsd = 0, month, person } = entry;
    const keys = [MONTH_KEY, `${TOTAL}${day}`, ...(person === undefined ? [] : [personKey(day, person)])];
    let fresh = false;
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const counters = await Promise.all(keys.map((key) => this.#counter(month, key, fresh)));
      const [ofMonth, , ofPerson] = counters as [Counter, Counter, Counter?]; // one for each key
      const leasedMicroUsd = leaseMicroUsd > 0 && this.#fullAt(entry, ofMonth, ofPerson, amountMicroUsd + leaseMicroUsd, LEASE_PART) === undefined ? leaseMicroUsd : 0;
      const movedMicroUsd = amountMicroUsd + leasedMicroUsd;
      const full = amountMicroUsd > 0 && entry.force !== true ? this.#fullAt(entry, ofMonth, ofPerson, movedMicroUsd) : undefined;
      if (full !== undefined) {
        if (fresh) return { kind: full, monthMicroUsd: ofMonth.microUsd, leasedMicroUsd: 0 };
        // Another instance may have given back meanwhile; a refusal is decided on what storage says now.
        fresh = true;
        continue;
      }
      const sums = counters.map(({ microUsd }) => microUsd + movedMicroUsd);
      // Not negative either: no more is given back than was spent.
      assertAmounts(...sums);

      const { doubt, written } = await this.#write(month, keys, counters, sums);
      if (written) return { kind: 'added', monthMicroUsd: ofMonth.microUsd + movedMicroUsd, leasedMicroUsd };
      // Adding twice keeps the ceiling; giving back twice would not. The reservation stays.
      if (doubt && amountMicroUsd < 0) throw new StewardError('STORAGE_UNAVAILABLE', 'whether money was given back is not known');
      fresh = true;
      await wait(backoffMs(attempt, 10, 300));
    }
    throw tooManyConflicts();
  }

  /** Which cap the counters would pass with so much more; with `part`, which cap less one part of so many. */
  #fullAt(entry: SpendEntry, ofMonth: Counter, ofPerson: Counter | undefined, moreMicroUsd: number, part?: number): 'month full' | 'person full' | undefined {
    const within = (capMicroUsd: number): number => (part === undefined ? capMicroUsd : capMicroUsd - Math.ceil(capMicroUsd / part));
    if (ofMonth.microUsd + moreMicroUsd > within(entry.monthCapMicroUsd)) return 'month full';
    if (ofPerson !== undefined && ofPerson.microUsd + moreMicroUsd > within(Math.max(entry.personDayCapMicroUsd, ofPerson.raisedMicroUsd ?? 0))) return 'person full';
    return undefined;
  }

  async #write(month: string, keys: readonly string[], counters: readonly Counter[], sums: readonly number[]): Promise<{ readonly written: boolean; readonly doubt: boolean }> {
    let doubt = false;
    const next = keys.map((key, index) => ({ key, counter: counters[index] ?? { microUsd: 0 }, microUsd: sums[index] ?? 0 }));
    try {
      const result = await this.#table.transact(month, next.map(({ counter, key, microUsd }) => change(key, counter, microUsd)), () => (doubt = true));
      if (result !== 'conflict') {
        next.forEach(({ counter, key, microUsd }, index) => this.#see(month, key, { ...counter, microUsd }, result[index]?.etag));
        return { written: true, doubt: false };
      }
    } catch (error) {
      this.#forget(month, keys);
      throw error;
    }
    this.#forget(month, keys);
    return { written: false, doubt };
  }

  async #counter(month: string, key: string, fresh: boolean): Promise<Counter> {
    return (fresh ? undefined : this.#seen.get(`${month}/${key}`)) ?? this.#fetch(month, key);
  }

  async #fetch(month: string, key: string): Promise<Counter> {
    const row = await this.#table.read(month, key);
    return row === undefined ? { microUsd: 0 } : toCounter(row);
  }

  #see(month: string, key: string, counter: Counter, etag: string | undefined): void {
    if (this.#seen.size >= MOST_CACHED) this.#seen.clear();
    // No tag: the row is somebody else's by now, and the next one reads it again.
    if (etag) this.#seen.set(`${month}/${key}`, { ...counter, etag });
    else this.#seen.delete(`${month}/${key}`);
  }

  #forget(month: string, keys: readonly string[]): void {
    for (const key of keys) this.#seen.delete(`${month}/${key}`);
  }
}

function personKey(day: string, person: InternalId): string {
  return `day:${day}:${person.digest()}`;
}

function toCounter(row: Row): Counter {
  const microUsd = integerOf(row, 'microUsd');
  const raised = row.properties.has('raisedMicroUsd') ? { raisedMicroUsd: integerOf(row, 'raisedMicroUsd') } : {};
  if (microUsd < 0 || (raised.raisedMicroUsd ?? 0) < 0) throw new StewardError('STORAGE_UNAVAILABLE', 'a spend counter is negative');
  return { microUsd, ...raised, etag: row.etag };
}

function change(key: string, { etag, raisedMicroUsd }: Counter, microUsd: number): Change {
  const properties = { microUsd: BigInt(microUsd), ...(raisedMicroUsd !== undefined && { raisedMicroUsd: BigInt(raisedMicroUsd) }) };
  return etag === undefined ? { kind: 'insert', key, properties } : { kind: 'replace', key, properties, etag };
}

/** Fails on NaN, fractions, negative ones and sums that a number does not keep exactly. */
function assertAmounts(...amounts: readonly number[]): void {
  if (!amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0)) throw new StewardError('PRICE_UNKNOWN', 'an amount of money is not a safe non-negative integer');
}

function tooManyConflicts(): StewardError {
  return new StewardError('STORAGE_UNAVAILABLE', `the spend counters were changed by others ${MOST_ATTEMPTS} times in a row`);
}
