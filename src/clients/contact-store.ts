import type { InternalId } from '../actions/internal-id.ts';
import type { ContactStore } from '../bot/ports.ts';
import type { Place } from '../guard/approval.ts';
import { place } from './places.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, type Table } from './tables.ts';

const PARTITION = 'contact';
const MOST_REMEMBERED = 5_000;

/** The personal chat in which each person can be reached. */
export class TableContactStore implements ContactStore {
  readonly #table: Table;
  /** What this instance wrote last, so that a person who writes every minute costs one write. */
  readonly #written = new Map<string, string>();

  constructor(table: Table) {
    this.#table = table;
  }

  async remember(person: InternalId, where: Place): Promise<void> {
    const key = person.digest();
    const json = toStoredJson(where);
    if (this.#written.get(key) === json) return;
    await this.#table.upsert(PARTITION, key, jsonProperties(json));
    this.#wrote(key, json);
  }

  async meet(person: InternalId, where: Place): Promise<boolean> {
    const key = person.digest();
    const json = toStoredJson(where);
    if ((await this.#table.insert(PARTITION, key, jsonProperties(json))) === 'exists') {
      await this.remember(person, where);
      return false;
    }
    this.#wrote(key, json);
    return true;
  }

  async find(person: InternalId): Promise<Place | undefined> {
    const row = await this.#table.read(PARTITION, person.digest());
    return row === undefined ? undefined : fromStoredJson(place, jsonOf(row));
  }

  #wrote(key: string, json: string): void {
    if (this.#written.size >= MOST_REMEMBERED) this.#written.clear();
    this.#written.set(key, json);
  }
}
