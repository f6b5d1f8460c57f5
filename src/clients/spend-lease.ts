import type { MonthSpend, SpendAnswer, SpendEntry, SpendStore } from '../guard/ports.ts';
import { MODEL_TIMEOUT_MS } from './azure-openai.ts';
import { Serial } from '../serial.ts';
import type { LeasingStore } from './spend-store.ts';

export interface LeaseTimes {
  /** A lease that nobody used for so long is given back. */
  readonly idleMs: number;
  /** While an attempt is on its way: its answer will want the lease. */
  readonly outMs: number;
}

const TIMES: LeaseTimes = { idleMs: 5_000, outMs: MODEL_TIMEOUT_MS };

/** Money that storage counts as spent and that nobody spent yet. */
interface Lease {
  microUsd: number;
  /** Where it was counted. */
  readonly entry: SpendEntry;
  /** The month's sum, as storage counted it last. */
  readonly monthMicroUsd: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Leases: with the first attempt of a turn this instance takes a slice of the caps for that person, and the attempts
 * after it are served from the slice; what is given back goes into it. So only the first waits for storage. The slice is
 * counted in storage before anything is served from it, under the counters' version tags, so the ceiling holds over all
 * instances and whatever becomes of this process: what a crashed one had leased stays counted. Near a cap nothing is
 * leased, since others may need it.
 */
export class SpendLeases implements SpendStore {
  readonly #store: LeasingStore;
  readonly #times: LeaseTimes;
  readonly #serial = new Serial();
  readonly #leases = new Map<string, Lease>();

  constructor(store: LeasingStore, times: LeaseTimes = TIMES) {
    this.#store = store;
    this.#times = times;
  }

  async add(entry: SpendEntry): Promise<SpendAnswer> {
    const { amountMicroUsd, day, month, person } = entry;
    // What is no amount is for the store to refuse.
    if (!Number.isSafeInteger(amountMicroUsd)) return this.#store.add(entry);
    const key = `${month}/${day}/${person?.digest() ?? 'deployment'}`;
    return this.#serial.inTurn(key, () => (amountMicroUsd > 0 ? this.#take(key, entry) : this.#putBack(key, entry)));
  }

  /** What is leased is not spent. */
  async read(month: string): Promise<MonthSpend> {
    const { days, monthMicroUsd } = await this.#store.read(month);
    return {
      monthMicroUsd: this.#unleased(month, monthMicroUsd),
      days: days.map(({ day, microUsd }) => ({ day, microUsd: Math.max(0, microUsd - this.#leased((entry) => entry.day === day)) })),
    };
  }

  raiseDay(raise: Parameters<SpendStore['raiseDay']>[0]): Promise<void> {
    return this.#store.raiseDay(raise);
  }

  isFirst(month: string, matter: string): Promise<boolean> {
    return this.#store.isFirst(month, matter);
  }

  async #take(key: string, entry: SpendEntry): Promise<SpendAnswer> {
    const { amountMicroUsd, month } = entry;
    const lease = this.#leases.get(key);
    const missingMicroUsd = amountMicroUsd - (lease?.microUsd ?? 0);
    if (lease !== undefined && missingMicroUsd <= 0) {
      this.#hold(key, entry, -missingMicroUsd, lease.monthMicroUsd, this.#times.outMs);
      return { kind: 'added', monthMicroUsd: this.#unleased(month, lease.monthMicroUsd) };
    }
    const { leasedMicroUsd, ...answer } = await this.#store.add({ ...entry, amountMicroUsd: missingMicroUsd, ...(entry.force !== true && { leaseMicroUsd: amountMicroUsd }) });
    if (answer.kind === 'added') {
      this.#drop(key);
      if (leasedMicroUsd > 0) this.#hold(key, entry, leasedMicroUsd, answer.monthMicroUsd, this.#times.outMs);
    }
    return { ...answer, monthMicroUsd: this.#unleased(month, answer.monthMicroUsd) };
  }

  /** Kept where there is a lease already; else, near a cap or long after the reservation, given back at once. */
  async #putBack(key: string, entry: SpendEntry): Promise<SpendAnswer> {
    const lease = this.#leases.get(key);
    if (lease === undefined) return this.#store.add(entry);
    this.#hold(key, entry, lease.microUsd - entry.amountMicroUsd, lease.monthMicroUsd, this.#times.idleMs);
    return { kind: 'added', monthMicroUsd: this.#unleased(entry.month, lease.monthMicroUsd) };
  }

  #hold(key: string, entry: SpendEntry, microUsd: number, monthMicroUsd: number, forMs: number): void {
    clearTimeout(this.#leases.get(key)?.timer);
    const timer = setTimeout(() => void this.#serial.inTurn(key, () => this.#giveBack(key)).catch(() => undefined), forMs).unref();
    this.#leases.set(key, { microUsd, entry, monthMicroUsd, timer });
  }

  async #giveBack(key: string): Promise<void> {
    const lease = this.#leases.get(key);
    this.#drop(key);
    // What could not be given back stays counted: the error is on the safe side.
    if (lease !== undefined && lease.microUsd > 0) await this.#store.add({ ...lease.entry, force: false, amountMicroUsd: -lease.microUsd });
  }

  #drop(key: string): void {
    clearTimeout(this.#leases.get(key)?.timer);
    this.#leases.delete(key);
  }

  #leased(which: (entry: SpendEntry) => boolean): number {
    return [...this.#leases.values()].reduce((sum, { entry, microUsd }) => sum + (which(entry) ? microUsd : 0), 0);
  }

  #unleased(month: string, monthMicroUsd: number): number {
    return Math.max(0, monthMicroUsd - this.#leased((entry) => entry.month === month));
  }
}
