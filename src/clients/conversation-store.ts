import { AsyncLocalStorage } from 'node:async_hooks';
import type { InternalId } from '../actions/internal-id.ts';
import type { ConversationStore, Lease, Memory, Received } from '../bot/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { isLive, LeaseKeeper, leaseTimings, LEASE_KEY, type ConversationLease, type LeaseTimings } from './conversation-lease.ts';
import { bounded, memory as memoryShape, received as receivedShape } from './memory.ts';
import { inboxTimings, OpenInbox, type InboxRow, type InboxTimings } from './open-inbox.ts';
import { Serial } from '../serial.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, keyOf, type Change, type Table } from './tables.ts';

export interface ConversationStoreOptions {
  readonly instance: string;
  readonly clock: Clock;
  readonly timings?: LeaseTimings;
  readonly inbox?: InboxTimings;
  /** A message is called interrupted when nobody said for so long that it is being worked on. Several times the renewal. */
  readonly interruptedAfterMs?: number;
}

/** Those that are given out are marked first, so few at once: a crash loses the answers to these. */
const MOST_INTERRUPTED = 50;
/** Teams delivers again within minutes. */
const REDELIVERY_MS = 24 * 60 * 60_000;
const MOST_INBOX_ROWS = 10_000;
const MOST_TIDIED_AT_ONCE = 20;
const MOST_LOST = 10_000;
const MOST_TIDIED_KNOWN = 5_000;
const MOST_KEPT = 200;
const NOTHING: Memory = { history: [], handles: [], words: [] };

/**
 * Conversations, one partition each: the lease, a row for every message of the last day, and the memory of each person.
 * One partition, so that a turn ends in one transaction that fails as a whole when the lease was lost.
 */
export class TableConversationStore implements ConversationStore {
  readonly #table: Table;
  readonly #keeper: LeaseKeeper;
  readonly #timings: LeaseTimings;
  readonly #interruptedAfterMs: number;
  readonly #clock: Clock;
  readonly #turns = new Serial();
  readonly #inbox: OpenInbox;
  /** Conversations whose old rows wait to be removed, and when each was last rid of them. */
  readonly #untidied = new Set<string>();
  #foundLost = false;
  readonly #tidiedMs = new Map<string, number>();
  /** Leases that are being taken while the message is noted, until its turn comes for them. */
  readonly #ahead = new Map<string, Promise<ConversationLease | undefined>>();
  /**
   * What the last turn of a conversation left behind, for the next one: good as long as nobody else has had the
   * conversation. One person's at most, since only a personal chat has a memory worth keeping.
   */
  readonly #kept = new Map<string, { readonly key: string; readonly memory: Memory }>();
  /** The lease of the turn that a call belongs to. A click that comes meanwhile is no part of the turn. */
  readonly #current = new AsyncLocalStorage<{ readonly partition: string; readonly lease: ConversationLease }>();

  constructor(table: Table, { instance, clock, timings = leaseTimings, inbox = inboxTimings, interruptedAfterMs = 20_000 }: ConversationStoreOptions) {
    this.#table = table;
    this.#keeper = new LeaseKeeper(table, instance, clock, timings);
    this.#timings = timings;
    this.#clock = clock;
    this.#inbox = new OpenInbox(table, clock, inbox, (partition) => this.#turns.isBusy(partition));
    this.#interruptedAfterMs = interruptedAfterMs;
  }

  async receive(received: Received): Promise<boolean> {
    const row = inboxRow(received.conversationId, received.activityId);
    const properties = { ...jsonProperties(toStoredJson(received)), open: true };
    this.#takeAhead(row.partition);
    try {
      if ((await this.#table.insert(row.partition, row.key, properties)) === 'exists') return false;
    } finally {
      // Whoever works on the message asks for its turn at once; a redelivery and a `cancel` never do.
      setImmediate(() => this.#releaseUnclaimed(row.partition));
    }
    this.#inbox.add(row);
    const tidiedMs = this.#tidiedMs.get(row.partition);
    if (tidiedMs === undefined || this.#clock.monotonicMs() - tidiedMs >= REDELIVERY_MS) this.#untidied.add(row.partition);
    return true;
  }

  async inOrder<T>(conversationId: string, turn: (lease: Lease) => Promise<T>): Promise<T> {
    const partition = keyOf(conversationId);
    return this.#turns.inTurn(partition, async () => {
      const lease = (await this.#claimAhead(partition)) ?? (await this.#keeper.take(partition));
      if (!lease.isUnbroken) this.#kept.delete(partition);
      try {
        // eslint-disable-next-line steward/one-executor -- AsyncLocalStorage's own `run`: nothing is executed that was not here before
        return await this.#current.run({ partition, lease }, () => turn({ signal: lease.signal }));
      } finally {
        await lease.release();
      }
    });
  }

  async load(conversationId: string, person: InternalId): Promise<Memory> {
    const partition = keyOf(conversationId);
    const kept = this.#kept.get(partition);
    if (kept?.key === memoryKey(person) && this.#leaseOf(partition) !== undefined) return kept.memory;
    const row = await this.#table.read(partition, memoryKey(person));
    return row === undefined ? NOTHING : { ...fromStoredJson(memoryShape, jsonOf(row)), version: row.etag };
  }

  /** In a turn, `answered` lets go of the lease in the same call. */
  async save(conversationId: string, person: InternalId, memory: Memory, answered?: string): Promise<void> {
    const partition = keyOf(conversationId);
    const stored = bounded(memory);
    const row = { key: memoryKey(person), properties: { ...jsonProperties(toStoredJson(stored)), shape: 1 } };
    const marks = answered === undefined ? [] : [closed(answered)];
    const lease = this.#leaseOf(partition);
    this.#kept.delete(partition);
    if (lease !== undefined) {
      const [version] = await lease.write([{ kind: 'upsert', ...row }, ...marks], { release: answered !== undefined });
      if (version) this.#keep(partition, row.key, { ...stored, version });
    } else {
      const change: Change = memory.version === undefined ? { kind: 'insert', ...row } : { kind: 'replace', ...row, etag: memory.version };
      if ((await this.#table.transact(partition, [change, ...marks])) === 'conflict') throw new StewardError('STORAGE_UNAVAILABLE', 'a memory was saved by somebody else since it was loaded');
    }
    if (answered !== undefined) this.#inbox.close(inboxRow(conversationId, answered));
  }

  async answered(conversationId: string, activityId: string): Promise<void> {
    const partition = keyOf(conversationId);
    const lease = this.#leaseOf(partition);
    if (lease !== undefined) await lease.write([closed(activityId)], { release: true });
    else await this.#table.upsert(partition, inboxKey(activityId), { open: false });
    this.#inbox.close(inboxRow(conversationId, activityId));
  }

  /** A row of its own, which neither needs the message to have arrived nor gets in the way of its answer. */
  async withdraw(conversationId: string, activityId: string): Promise<void> {
    const { partition, key } = inboxRow(conversationId, activityId);
    await this.#table.upsert(partition, withdrawnKey(key), { open: false });
  }

  async isWithdrawn(conversationId: string, activityId: string): Promise<boolean> {
    const { partition, key } = inboxRow(conversationId, activityId);
    return (await this.#table.read(partition, withdrawnKey(key))) !== undefined;
  }

  /** One query over the hints; the rest is for hints that nobody renewed or that were lost, and housekeeping. */
  async interrupted(): Promise<readonly Received[]> {
    const interrupted: Received[] = [];
    let problem: unknown;
    for (const row of await this.#inbox.stale(this.#interruptedAfterMs)) {
      if (this.#inbox.has(row)) continue;
      if (interrupted.length >= MOST_INTERRUPTED) break;
      try {
        const received = await this.#giveUp(row);
        if (received !== undefined) interrupted.push(received);
      } catch (error) {
        // What was marked before this one must be told all the same.
        problem ??= error;
      }
    }
    if (!this.#foundLost) await this.#findLost();
    if (interrupted.length > 0) return interrupted;
    if (problem !== undefined) throw new StewardError('STORAGE_UNAVAILABLE', 'an interrupted message could not be looked at', { cause: problem });
    await this.#tidySome();
    return [];
  }

  /** Marks a message that nobody works on, unless somebody was first: only one instance may say that it was interrupted. */
  async #giveUp(row: InboxRow): Promise<Received | undefined> {
    const { partition, key } = row;
    const stored = await this.#table.read(partition, key);
    if (stored?.properties.get('open') !== true) {
      this.#inbox.drop(row);
      return undefined;
    }
    const lease = await this.#table.read(partition, LEASE_KEY);
    if (lease !== undefined && isLive(lease, this.#timings.leaseMs)) return undefined;
    const received = fromStoredJson(receivedShape, jsonOf(stored));
    const marked = await this.#table.transact(partition, [
      { kind: 'replace', key, properties: { open: false, interrupted: true }, etag: stored.etag },
      // Should an instance that was only cut off come back to it, it learns that nothing may be done any more.
      { kind: 'upsert', key: withdrawnKey(key), properties: { open: false } },
    ]);
    if (marked === 'conflict') return undefined;
    this.#inbox.drop(row);
    return received;
  }

  /**
   * Finds the messages whose hint a crash lost: once for each start, the only time that the whole table is asked. They are
   * not given up yet, for another instance may just have received them; from here on their hint ages.
   */
  async #findLost(): Promise<void> {
    for (const { key, partition } of await this.#table.list("open eq true and RowKey ge 'in:' and RowKey lt 'in;'", MOST_LOST)) {
      const row = { partition, key };
      if (!this.#inbox.has(row)) await this.#inbox.hint(row);
    }
    this.#foundLost = true;
  }

  async #tidySome(): Promise<void> {
    for (const partition of [...this.#untidied].slice(0, MOST_TIDIED_AT_ONCE)) {
      this.#untidied.delete(partition);
      try {
        await this.#tidy(partition);
      } catch {
        this.#untidied.add(partition); // once more, after the others
        continue;
      }
      if (this.#tidiedMs.size >= MOST_TIDIED_KNOWN) this.#tidiedMs.clear();
      this.#tidiedMs.set(partition, this.#clock.monotonicMs());
    }
  }

  /** Removes what no redelivery can ask for, and finds messages whose hint a crash lost. Once a day for a conversation in use. */
  async #tidy(partition: string): Promise<void> {
    for (const { key, properties, storageNow, writtenAt } of await this.#table.list(`PartitionKey eq '${partition}' and RowKey ge 'in:' and RowKey lt 'in;'`, MOST_INBOX_ROWS)) {
      const row = { partition, key };
      if (properties.get('open') === true) {
        if (!this.#inbox.has(row)) await this.#inbox.hint(row);
      } else if (storageNow.getTime() - writtenAt.getTime() >= REDELIVERY_MS) {
        await this.#table.remove(partition, key);
      }
    }
  }

  /** Nobody waits for both calls one after the other when the conversation is idle here, and was ours last. */
  #takeAhead(partition: string): void {
    if (!this.#turns.isBusy(partition) && !this.#ahead.has(partition)) this.#ahead.set(partition, this.#keeper.takeAgain(partition));
  }

  async #claimAhead(partition: string): Promise<ConversationLease | undefined> {
    const ahead = this.#ahead.get(partition);
    this.#ahead.delete(partition);
    return ahead;
  }

  #releaseUnclaimed(partition: string): void {
    if (!this.#turns.isBusy(partition)) void this.#claimAhead(partition).then((lease) => lease?.release());
  }

  #keep(partition: string, key: string, memory: Memory): void {
    this.#kept.set(partition, { key, memory });
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MOST_KEPT && oldest.done !== true) this.#kept.delete(oldest.value);
  }

  #leaseOf(partition: string): ConversationLease | undefined {
    const turn = this.#current.getStore();
    return turn?.partition === partition ? turn.lease : undefined;
  }
}

function inboxKey(activityId: string): string {
  return `in:${keyOf(activityId)}`;
}

function memoryKey(person: InternalId): string {
  return `memory:${person.digest()}`;
}

function inboxRow(conversationId: string, activityId: string): InboxRow {
  return { partition: keyOf(conversationId), key: inboxKey(activityId) };
}

function withdrawnKey(key: string): string {
  return `${key}:withdrawn`;
}

/** The row stays for a day, so that a redelivery is still known; where it came from is forgotten. */
function closed(activityId: string): Change {
  return { kind: 'upsert', key: inboxKey(activityId), properties: { open: false } };
}
