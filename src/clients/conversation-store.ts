import { AsyncLocalStorage } from 'node:async_hooks';
import type { InternalId } from '../actions/internal-id.ts';
import type { ConversationStore, Lease, Memory, Received } from '../bot/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { isLive, LeaseKeeper, leaseTimings, LEASE_KEY, type ConversationLease, type LeaseTimings } from './conversation-lease.ts';
import { bounded, memory as memoryShape, received as receivedShape } from './memory.ts';
import { Serial } from './serial.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, keyOf, type Change, type Row, type Table } from './tables.ts';

export interface ConversationStoreOptions {
  readonly instance: string;
  readonly clock: Clock;
  readonly timings?: LeaseTimings;
  /** A message younger than this is not called interrupted: whoever received it may just be about to take the lease. */
  readonly interruptedAfterMs?: number;
}

const MOST_INTERRUPTED = 1_000;
const NOTHING: Memory = { history: [], handles: [], words: [] };

/**
 * Conversations, one partition each: the lease, a row for every message that was received, and the memory of each person.
 * One partition, so that a turn ends in one transaction that fails as a whole when the lease was lost.
 */
export class TableConversationStore implements ConversationStore {
  readonly #table: Table;
  readonly #keeper: LeaseKeeper;
  readonly #timings: LeaseTimings;
  readonly #interruptedAfterMs: number;
  readonly #turns = new Serial();
  /** The lease of the turn that a call belongs to. A click that comes meanwhile is no part of the turn. */
  readonly #current = new AsyncLocalStorage<{ readonly partition: string; readonly lease: ConversationLease }>();

  constructor(table: Table, { instance, clock, timings = leaseTimings, interruptedAfterMs = 20_000 }: ConversationStoreOptions) {
    this.#table = table;
    this.#keeper = new LeaseKeeper(table, instance, clock, timings);
    this.#timings = timings;
    this.#interruptedAfterMs = interruptedAfterMs;
  }

  async receive(received: Received): Promise<boolean> {
    const properties = { ...jsonProperties(toStoredJson(received)), open: true };
    return (await this.#table.insert(keyOf(received.conversationId), inboxKey(received.activityId), properties)) !== 'exists';
  }

  async inOrder<T>(conversationId: string, turn: (lease: Lease) => Promise<T>): Promise<T> {
    const partition = keyOf(conversationId);
    return this.#turns.inTurn(partition, async () => {
      const lease = await this.#keeper.take(partition);
      try {
        // eslint-disable-next-line steward/one-executor -- AsyncLocalStorage's own `run`: nothing is executed that was not here before
        return await this.#current.run({ partition, lease }, () => turn({ signal: lease.signal }));
      } finally {
        await lease.release();
      }
    });
  }

  async load(conversationId: string, person: InternalId): Promise<Memory> {
    const row = await this.#table.read(keyOf(conversationId), memoryKey(person));
    return row === undefined ? NOTHING : { ...fromStoredJson(memoryShape, jsonOf(row)), version: row.etag };
  }

  /** In a turn, `answered` lets go of the lease in the same call. */
  async save(conversationId: string, person: InternalId, memory: Memory, answered?: string): Promise<void> {
    const partition = keyOf(conversationId);
    const row = { key: memoryKey(person), properties: { ...jsonProperties(toStoredJson(bounded(memory))), shape: 1 } };
    const marks = answered === undefined ? [] : [closed(answered)];
    const lease = this.#leaseOf(partition);
    if (lease !== undefined) {
      await lease.write([{ kind: 'upsert', ...row }, ...marks], { release: answered !== undefined });
      return;
    }
    const change: Change = memory.version === undefined ? { kind: 'insert', ...row } : { kind: 'replace', ...row, etag: memory.version };
    if ((await this.#table.transact(partition, [change, ...marks])) === 'conflict') throw new StewardError('STORAGE_UNAVAILABLE', 'a memory was saved by somebody else since it was loaded');
  }

  async answered(conversationId: string, activityId: string): Promise<void> {
    const partition = keyOf(conversationId);
    const lease = this.#leaseOf(partition);
    if (lease !== undefined) await lease.write([closed(activityId)], { release: true });
    else await this.#table.upsert(partition, inboxKey(activityId), { open: false });
  }

  async interrupted(): Promise<readonly Received[]> {
    const open = await this.#table.list(`RowKey ge 'in:' and RowKey lt 'in;' and open eq true`, MOST_INTERRUPTED);
    const old = open.filter((row) => row.storageNow.getTime() - row.writtenAt.getTime() >= this.#interruptedAfterMs);
    const leases = new Map<string, Row | undefined>();
    for (const { partition } of old) if (!leases.has(partition)) leases.set(partition, await this.#table.read(partition, LEASE_KEY));
    return old
      .filter(({ partition }) => {
        const lease = leases.get(partition);
        return lease === undefined || !isLive(lease, this.#timings.leaseMs);
      })
      .map((row) => fromStoredJson(receivedShape, jsonOf(row)));
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

/** The row stays, so that a redelivery is still known; where it came from is forgotten. */
function closed(activityId: string): Change {
  return { kind: 'upsert', key: inboxKey(activityId), properties: { open: false } };
}
