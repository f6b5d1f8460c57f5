import type { Clock } from '../clock.ts';
import type { Change, Row, Table } from './tables.ts';

export interface InboxTimings {
  /** How often hints are written, renewed and removed, all together. */
  readonly tickMs: number;
  /** How often the hint of a message that still waits is renewed. */
  readonly renewMs: number;
  /** A message that was received so long ago, and for whose conversation nothing runs or waits here, was given up. */
  readonly graceMs: number;
}

export const inboxTimings: InboxTimings = { tickMs: 1_000, renewMs: 5_000, graceMs: 20_000 };

/** The row of a received message. */
export interface InboxRow {
  readonly partition: string;
  readonly key: string;
}

interface Waiting extends InboxRow {
  readonly receivedMs: number;
  /** When its hint was last written; undefined when there is none yet. */
  hintedMs: number | undefined;
}

const PARTITION = 'open-inbox';
const MOST_HINTS = 10_000;
const MOST_CHANGES = 100; // in one transaction, by the service

/**
 * The messages that this instance received and did not answer yet, whether they are worked on or wait in its queue. Once
 * a second they are told to the other instances by small rows in one partition, which it renews while it lives, so that
 * a hint that nobody renews is a message that nobody works on. Nobody waits for these writes, and a quick turn is over
 * before there are any.
 *
 * A hint is no truth: whoever finds one reads the message's own row. A crash loses the hints of its last second; those
 * messages get theirs at the next start, or when their conversation is next tidied. It may also leave hints behind, which are removed when found.
 */
export class OpenInbox {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #timings: InboxTimings;
  readonly #isBusy: (partition: string) => boolean;
  readonly #waiting = new Map<string, Waiting>();
  /** Keys of hints that are needed no more. */
  readonly #over = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(table: Table, clock: Clock, timings: InboxTimings, isBusy: (partition: string) => boolean) {
    this.#table = table;
    this.#clock = clock;
    this.#timings = timings;
    this.#isBusy = isBusy;
  }

  /** This instance received the message and will answer it. */
  add(row: InboxRow): void {
    this.#waiting.set(hintKey(row), { ...row, receivedMs: this.#clock.monotonicMs(), hintedMs: undefined });
    this.#schedule();
  }

  /** The message was answered. */
  close(row: InboxRow): void {
    const key = hintKey(row);
    if (this.#waiting.get(key)?.hintedMs !== undefined) this.#over.add(key);
    this.#waiting.delete(key);
  }

  /** Whether this instance works on the message or has it waiting. */
  has(row: InboxRow): boolean {
    return this.#waiting.has(hintKey(row));
  }

  /** Messages whose hint was not renewed for so long, by storage's clock. One query over what is open. */
  async stale(olderThanMs: number): Promise<readonly InboxRow[]> {
    const hints = await this.#table.list(`PartitionKey eq '${PARTITION}'`, MOST_HINTS);
    return hints.filter((hint) => hint.storageNow.getTime() - hint.writtenAt.getTime() >= olderThanMs).map(toInboxRow);
  }

  /** Gives a message that was found without a hint one that ages from now on. */
  async hint(row: InboxRow): Promise<void> {
    await this.#table.insert(PARTITION, hintKey(row), propertiesOf(row));
  }

  /** Removes the hint of a message that is not open any more. */
  drop(row: InboxRow): void {
    this.#over.add(hintKey(row));
    this.#schedule();
  }

  #schedule(): void {
    if (this.#waiting.size === 0 && this.#over.size === 0) return;
    this.#timer ??= setTimeout(() => void this.#tick(), this.#timings.tickMs).unref();
  }

  async #tick(): Promise<void> {
    await this.#renew();
    const over = [...this.#over];
    this.#over.clear();
    // One that stays behind is removed by whoever finds it.
    await Promise.allSettled(over.map((key) => this.#table.remove(PARTITION, key)));
    this.#timer = undefined;
    this.#schedule();
  }

  async #renew(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const due: Waiting[] = [];
    for (const [key, waiting] of this.#waiting) {
      const { hintedMs, receivedMs, partition } = waiting;
      // Its turn is over and did not answer it. Its hint ages from here on, and then it counts as interrupted.
      if (hintedMs !== undefined && nowMs - receivedMs >= this.#timings.graceMs && !this.#isBusy(partition)) this.#waiting.delete(key);
      else if (hintedMs === undefined || nowMs - hintedMs >= this.#timings.renewMs) due.push(waiting);
    }
    for (let first = 0; first < due.length; first += MOST_CHANGES) {
      const group = due.slice(first, first + MOST_CHANGES);
      // Before the answer: a message that is answered meanwhile must know that it has a hint to remove.
      for (const waiting of group) waiting.hintedMs = nowMs;
      await this.#table.transact(PARTITION, group.map((row): Change => ({ kind: 'upsert', key: hintKey(row), properties: propertiesOf(row) }))).catch(() => {
        for (const waiting of group) waiting.hintedMs = undefined; // the next tick tries again
      });
    }
  }
}

function hintKey({ partition, key }: InboxRow): string {
  return `${partition}:${key}`;
}

function propertiesOf({ partition, key }: InboxRow): { readonly conversation: string; readonly inbox: string } {
  return { conversation: partition, inbox: key };
}

function toInboxRow(hint: Row): InboxRow {
  return { partition: String(hint.properties.get('conversation')), key: String(hint.properties.get('inbox')) };
}
