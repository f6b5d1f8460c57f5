import { StewardError } from '../errors.ts';
import type { LimitStore, RaisedLimit } from '../guard/ports.ts';
import { Serial } from '../serial.ts';
import { integerOf, type Row, type Table } from './tables.ts';
import { backoffMs, wait } from './wait.ts';

const MOST_ATTEMPTS = 20;
const RAISED_PARTITION = 'raised';
/** More actions than a catalogue will ever hold. */
const MOST_RAISED = 1_000;

/** How often something ran in an hour, over all instances: one partition for an hour, one row for a key. */
export class TableLimitStore implements LimitStore {
  readonly #table: Table;
  readonly #serial = new Serial();

  constructor(table: Table) {
    this.#table = table;
  }

  async used(hour: string, keys: readonly string[]): Promise<readonly number[]> {
    const rows = await Promise.all(keys.map((key) => this.#table.read(hour, key)));
    return rows.map((row) => (row === undefined ? 0 : integerOf(row, 'used')));
  }

  async count(hour: string, key: string, limit: number): Promise<boolean> {
    return this.#serial.inTurn(`${key}/${hour}`, () => this.#count(hour, key, limit));
  }

  async raise({ action, perHour, until }: RaisedLimit): Promise<void> {
    await this.#table.upsert(RAISED_PARTITION, action, { perHour: BigInt(perHour), untilMs: BigInt(until.getTime()) });
  }

  async raisedFor(action: string): Promise<RaisedLimit | undefined> {
    const row = await this.#table.read(RAISED_PARTITION, action);
    return row && toRaised(row);
  }

  async raised(): Promise<readonly RaisedLimit[]> {
    return (await this.#table.list(`PartitionKey eq '${RAISED_PARTITION}'`, MOST_RAISED)).map(toRaised);
  }

  async #count(hour: string, key: string, limit: number): Promise<boolean> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const row = await this.#table.read(hour, key);
      const used = row === undefined ? 0 : integerOf(row, 'used');
      if (used >= limit) return false;
      const properties = { used: BigInt(used + 1) };
      const written = row === undefined ? await this.#table.insert(hour, key, properties) : await this.#table.replace(hour, key, properties, row.etag);
      if (typeof written !== 'string') return true;
      await wait(backoffMs(attempt, 10, 300));
    }
    throw new StewardError('STORAGE_UNAVAILABLE', `a limit was changed by others ${MOST_ATTEMPTS} times in a row`);
  }
}

function toRaised(row: Row): RaisedLimit {
  return { action: row.key, perHour: integerOf(row, 'perHour'), until: new Date(integerOf(row, 'untilMs')) };
}
