import type { SpendStore } from '../guard/ports.ts';
import { Serial } from './serial.ts';

/** A person who asked nothing for so long gets back what is held for them. */
const HOLD_MS = 5_000;
/** So close to a cap nothing is held: others may need it. */
const SHARE_OF_CAP = 0.9;

type Entry = Parameters<SpendStore['add']>[0];

/** Money that storage counts as spent and that nobody spent. */
interface Purse {
  heldMicroUsd: number;
  /** Where it was counted. */
  readonly entry: Entry;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Reserves twice what is asked for, and keeps what is given back, for the next attempt of the same person: in a turn the
 * model is asked several times, and only the first waits for storage. Everything that is handed out here is counted in
 * storage before, so the ceiling holds whatever becomes of this process: a crash loses what it held.
 */
export class SpendPurse implements SpendStore {
  readonly #store: SpendStore;
  readonly #holdMs: number;
  readonly #serial = new Serial();
  readonly #purses = new Map<string, Purse>();

  constructor(store: SpendStore, holdMs = HOLD_MS) {
    this.#store = store;
    this.#holdMs = holdMs;
  }

  async add(entry: Entry): Promise<'added' | 'month full' | 'person full'> {
    // What is no amount is for the store to refuse.
    if (!Number.isSafeInteger(entry.amountMicroUsd)) return this.#store.add(entry);
    const key = `${entry.month}/${entry.day}/${entry.person.digest()}`;
    return this.#serial.inTurn(key, () => (entry.amountMicroUsd > 0 ? this.#take(key, entry) : this.#putBack(key, entry)));
  }

  /** What is held is not spent. */
  async read(month: string): Promise<{ readonly monthMicroUsd: number }> {
    const { monthMicroUsd } = await this.#store.read(month);
    const held = [...this.#purses.values()].filter(({ entry }) => entry.month === month).reduce((sum, { heldMicroUsd }) => sum + heldMicroUsd, 0);
    return { monthMicroUsd: Math.max(0, monthMicroUsd - held) };
  }

  async #take(key: string, entry: Entry): Promise<'added' | 'month full' | 'person full'> {
    const heldMicroUsd = this.#purses.get(key)?.heldMicroUsd ?? 0;
    const missingMicroUsd = entry.amountMicroUsd - heldMicroUsd;
    if (missingMicroUsd <= 0) {
      this.#hold(key, entry, -missingMicroUsd);
      return 'added';
    }
    const ahead = missingMicroUsd + entry.amountMicroUsd;
    if (entry.force !== true && Number.isSafeInteger(ahead)) {
      const lower = { monthCapMicroUsd: Math.floor(entry.monthCapMicroUsd * SHARE_OF_CAP), personDayCapMicroUsd: Math.floor(entry.personDayCapMicroUsd * SHARE_OF_CAP) };
      if ((await this.#store.add({ ...entry, ...lower, amountMicroUsd: ahead })) === 'added') {
        this.#hold(key, entry, entry.amountMicroUsd);
        return 'added';
      }
    }
    const result = await this.#store.add({ ...entry, amountMicroUsd: missingMicroUsd });
    if (result === 'added') this.#drop(key);
    return result;
  }

  /** Kept where something is held ahead already; else near a cap, or long after the reservation, given back at once. */
  async #putBack(key: string, entry: Entry): Promise<'added' | 'month full' | 'person full'> {
    const purse = this.#purses.get(key);
    if (purse === undefined) return this.#store.add(entry);
    this.#hold(key, entry, purse.heldMicroUsd - entry.amountMicroUsd);
    return 'added';
  }

  #hold(key: string, entry: Entry, heldMicroUsd: number): void {
    clearTimeout(this.#purses.get(key)?.timer);
    const timer = setTimeout(() => void this.#serial.inTurn(key, () => this.#giveBack(key)).catch(() => undefined), this.#holdMs).unref();
    this.#purses.set(key, { heldMicroUsd, entry, timer });
  }

  async #giveBack(key: string): Promise<void> {
    const purse = this.#purses.get(key);
    this.#drop(key);
    // What could not be given back stays counted: the error is on the safe side.
    if (purse !== undefined && purse.heldMicroUsd > 0) await this.#store.add({ ...purse.entry, amountMicroUsd: -purse.heldMicroUsd });
  }

  #drop(key: string): void {
    clearTimeout(this.#purses.get(key)?.timer);
    this.#purses.delete(key);
  }
}
