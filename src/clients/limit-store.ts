import { StewardError } from '../errors.ts';
import type { LimitStore } from '../guard/ports.ts';
import { Serial } from './serial.ts';
import { integerOf, type Table } from './tables.ts';
import { backoffMs, wait } from './wait.ts';

const MOST_ATTEMPTS = 20;

/** How often an action ran in an hour, over all instances. */
export class TableLimitStore implements LimitStore {
  readonly #table: Table;
  readonly #serial = new Serial();

  constructor(table: Table) {
    this.#table = table;
  }

  async count(action: string, hour: string, limit: number): Promise<boolean> {
    return this.#serial.inTurn(`${action}/${hour}`, () => this.#count(action, hour, limit));
  }

  async #count(action: string, hour: string, limit: number): Promise<boolean> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const row = await this.#table.read(hour, action);
      const used = row === undefined ? 0 : integerOf(row, 'used');
      if (used >= limit) return false;
      const properties = { used: BigInt(used + 1) };
      const written = row === undefined ? await this.#table.insert(hour, action, properties) : await this.#table.replace(hour, action, properties, row.etag);
      if (typeof written !== 'string') return true;
      await wait(backoffMs(attempt, 10, 300));
    }
    throw new StewardError('STORAGE_UNAVAILABLE', `a limit was changed by others ${MOST_ATTEMPTS} times in a row`);
  }
}
