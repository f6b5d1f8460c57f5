import type { Clock } from '../clock.ts';
import { approvalIsOpen } from './approval-store.ts';
import type { Row, Table, Tables } from './tables.ts';

/** How long it is kept, in days since it was last written. */
export interface RetentionSettings {
  readonly conversationDays: number;
  readonly approvalDays: number;
  /** Chains of the ledger (src/audit/retire.ts). */
  readonly ledgerDays: number;
}

export const defaultRetention: RetentionSettings = { conversationDays: 30, approvalDays: 180, ledgerDays: 400 };
const DAY_MS = 24 * 60 * 60_000;
/** In one go; what is left goes with the next one. */
const MOST_AT_ONCE = 5_000;

/** What nobody needs any more goes: history and handles, messages that were noted, and requests that were settled. */
export class Retention {
  readonly #tables: Pick<Tables, 'conversations' | 'approvals' | 'answers'>;
  readonly #settings: Pick<RetentionSettings, 'conversationDays' | 'approvalDays'>;
  readonly #clock: Clock;

  constructor(tables: Pick<Tables, 'conversations' | 'approvals' | 'answers'>, settings: Pick<RetentionSettings, 'conversationDays' | 'approvalDays'>, clock: Clock) {
    this.#tables = tables;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Resolves to how many rows went. Any number of instances may do it at once. Fails with `STORAGE_UNAVAILABLE`. */
  async sweep(): Promise<number> {
    const { answers, approvals, conversations } = this.#tables;
    const { approvalDays, conversationDays } = this.#settings;
    const [conversation, approval] = [this.#before(conversationDays), this.#before(approvalDays)];
    return (
      (await remove(conversations, `RowKey ge 'memory:' and RowKey lt 'memory;' and ${conversation}`)) +
      // One that is still open waits for somebody to be told of it.
      (await remove(conversations, `RowKey ge 'in:' and RowKey lt 'in;' and open eq false and ${conversation}`)) +
      (await remove(answers, conversation)) +
      (await remove(approvals, `PartitionKey eq 'approval' and ${approval}`, (row) => !approvalIsOpen(row))) +
      (await remove(approvals, `PartitionKey eq 'done' and ${approval}`))
    );
  }

  #before(days: number): string {
    return `Timestamp lt datetime'${new Date(this.#clock.now().getTime() - days * DAY_MS).toISOString()}'`;
  }
}

/** A row that was written since it was read stays. */
async function remove(table: Table, filter: string, isOver: (row: Row) => boolean = () => true): Promise<number> {
  const rows = (await table.some(filter, MOST_AT_ONCE)).filter(isOver);
  let removed = 0;
  for (const { etag, key, partition } of rows) if (await table.remove(partition, key, etag)) removed += 1;
  return removed;
}
