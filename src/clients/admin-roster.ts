import type { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import type { AdminRoster } from '../guard/ports.ts';
import type { Row, Table } from './tables.ts';

const PARTITION = 'admin';
const DAY_MS = 24 * 60 * 60_000;
/** What this instance wrote itself so lately is not written again: people are read on every message. */
const REPEAT_AFTER_MS = 10 * 60_000;
const MOST_REMEMBERED = 5_000;
/** A kill waits for it. */
const READ_WITHIN_MS = 1_000;

/** Who was lately read as an admin, so that `kill` works while Graph is down. Age is reckoned by storage's clock. */
export class TableAdminRoster implements AdminRoster {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #lately = new Map<string, { readonly admin: boolean; readonly atMs: number }>();

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  async remember(id: InternalId, admin: boolean): Promise<void> {
    const key = id.digest();
    const nowMs = this.#clock.monotonicMs();
    const lately = this.#lately.get(key);
    if (lately?.admin === admin && nowMs - lately.atMs < REPEAT_AFTER_MS) return;
    if (admin) await this.#table.upsert(PARTITION, key, { admin });
    else await this.#table.remove(PARTITION, key);
    if (this.#lately.size >= MOST_REMEMBERED) this.#lately.clear();
    this.#lately.set(key, { admin, atMs: nowMs });
  }

  async wasAdmin(id: InternalId): Promise<boolean> {
    const key = id.digest();
    let row: Row | undefined;
    try {
      row = await this.#table.read(PARTITION, key, { attempts: 1, signal: AbortSignal.timeout(READ_WITHIN_MS) });
    } catch {
      // What this instance read itself counts then: a kill must work while directory and storage are both away.
      const lately = this.#lately.get(key);
      return lately?.admin === true && this.#clock.monotonicMs() - lately.atMs <= DAY_MS;
    }
    return row?.properties.get('admin') === true && row.storageNow.getTime() - row.writtenAt.getTime() <= DAY_MS;
  }
}
