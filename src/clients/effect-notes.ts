import type { InternalId } from '../actions/internal-id.ts';
import type { EffectNotes } from '../guard/ports.ts';
import type { Table } from './tables.ts';

/** One row for each target, under the action that takes the effect back. */
export class TableEffectNotes implements EffectNotes {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async note(undoneBy: string, target: InternalId, requesterDigest: string): Promise<void> {
    await this.#table.upsert(undoneBy, target.digest(), { requester: requesterDigest });
  }

  async forget(undoneBy: string, target: InternalId): Promise<void> {
    await this.#table.remove(undoneBy, target.digest());
  }

  async find(undoneBy: string, target: InternalId): Promise<{ readonly requesterDigest: string; readonly ageMs: number } | undefined> {
    const row = await this.#table.read(undoneBy, target.digest());
    return row && { requesterDigest: String(row.properties.get('requester')), ageMs: row.storageNow.getTime() - row.writtenAt.getTime() };
  }
}
