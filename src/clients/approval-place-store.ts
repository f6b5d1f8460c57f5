import type { ApprovalPlaceStore } from '../bot/ports.ts';
import type { Place } from '../guard/approval.ts';
import { place } from './places.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, keyOf, type Table } from './tables.ts';

const PARTITION = 'approvals';
/** More chats for approvals than any organisation has use for. */
const MOST_PLACES = 100;

/** The chats to which second-person cards go, one row each. */
export class TableApprovalPlaceStore implements ApprovalPlaceStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async add(where: Place, name: string): Promise<void> {
    await this.#table.upsert(PARTITION, keyOf(where.conversationId), { ...jsonProperties(toStoredJson(where)), name });
  }

  async remove(conversationId: string): Promise<boolean> {
    const key = keyOf(conversationId);
    if ((await this.#table.read(PARTITION, key)) === undefined) return false;
    await this.#table.remove(PARTITION, key);
    return true;
  }

  async list(): Promise<readonly { readonly place: Place; readonly name: string }[]> {
    const rows = await this.#table.list(`PartitionKey eq '${PARTITION}'`, MOST_PLACES);
    return rows.map((row) => {
      const name = row.properties.get('name');
      return { place: fromStoredJson(place, jsonOf(row)), name: typeof name === 'string' ? name : '' };
    });
  }
}
