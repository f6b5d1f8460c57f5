import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { Serial } from '../serial.ts';
import type { Change, Row, Table } from './tables.ts';
import { backoffMs, wait } from './wait.ts';

export const LEASE_KEY = 'lease';

export interface LeaseTimings {
  /** A lease that was not renewed for so long, by storage's clock, may be taken by another instance. */
  readonly leaseMs: number;
  readonly renewMs: number;
  /** A lease that this instance could not renew for so long is given up; shorter than `leaseMs`. */
  readonly giveUpMs: number;
  /** The longest that a turn waits for another instance. */
  readonly waitMs: number;
}

export const leaseTimings: LeaseTimings = { leaseMs: 15_000, renewMs: 5_000, giveUpMs: 12_000, waitMs: 60_000 };

/** Whether somebody may still be at work under the lease, by storage's own clock. */
export function isLive(lease: Row, leaseMs: number): boolean {
  return lease.properties.get('held') === true && lease.storageNow.getTime() - lease.writtenAt.getTime() < leaseMs;
}

const MOST_TAGS = 5_000;

/** Takes leases of conversations, and knows the version tags that let it take them again in one call. */
export class LeaseKeeper {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #timings: LeaseTimings;
  readonly #owner: string;
  readonly #tags = new Map<string, string>();

  constructor(table: Table, instance: string, clock: Clock, timings: LeaseTimings) {
    this.#table = table;
    this.#clock = clock;
    this.#timings = timings;
    // Never two keepers with one name, even if two were given the same instance.
    this.#owner = `${instance}:${randomBytes(6).toString('hex')}`;
  }

  /** Waits until no other instance holds the lease, and takes it. Fails with `STORAGE_UNAVAILABLE`. */
  async take(partition: string): Promise<ConversationLease> {
    const deadlineMs = this.#clock.monotonicMs() + this.#timings.waitMs;
    const known = this.#tags.get(partition);
    // With the tag of our own last release this succeeds exactly if nobody took the lease since.
    let taken = await this.#try(partition, known, known !== undefined);
    for (let attempt = 1; taken === undefined; attempt += 1) {
      const row = await this.#table.read(partition, LEASE_KEY);
      if (row === undefined) taken = await this.#try(partition, undefined);
      // A lease of our own that is still held was left by a release that failed: our turns come one after the other.
      else if (row.properties.get('owner') === this.#owner || !isLive(row, this.#timings.leaseMs)) taken = await this.#try(partition, row.etag);
      if (taken !== undefined) break;
      if (this.#clock.monotonicMs() >= deadlineMs) throw new StewardError('STORAGE_UNAVAILABLE', 'another instance did not let go of a conversation');
      await wait(backoffMs(attempt, 50, 1_000));
    }
    return taken;
  }

  /**
   * Takes the lease again if nobody had it since this instance let go of it, in one call. Undefined when that is not
   * known, did not hold or failed: `take` then says what is the matter.
   */
  async takeAgain(partition: string): Promise<ConversationLease | undefined> {
    const known = this.#tags.get(partition);
    if (known === undefined) return undefined;
    // Used up: two attempts with one tag would be each other's conflict.
    this.#tags.delete(partition);
    return this.#try(partition, known, true).catch(() => undefined);
  }

  async #try(partition: string, etag: string | undefined, unbroken = false): Promise<ConversationLease | undefined> {
    const beganMs = this.#clock.monotonicMs();
    const properties = { owner: this.#owner, held: true };
    const written = etag === undefined ? await this.#table.insert(partition, LEASE_KEY, properties) : await this.#table.replace(partition, LEASE_KEY, properties, etag);
    if (typeof written === 'string' || written.etag === '') {
      this.#tags.delete(partition);
      return undefined;
    }
    return new ConversationLease({ table: this.#table, clock: this.#clock, timings: this.#timings, owner: this.#owner, partition, etag: written.etag, unbroken, beganMs, released: (tag) => { this.#remember(partition, tag); } });
  }

  #remember(partition: string, etag: string | undefined): void {
    if (this.#tags.size >= MOST_TAGS) this.#tags.clear();
    if (etag === undefined) this.#tags.delete(partition);
    else this.#tags.set(partition, etag);
  }
}

interface LeaseState {
  readonly table: Table;
  readonly clock: Clock;
  readonly timings: LeaseTimings;
  readonly owner: string;
  readonly partition: string;
  readonly etag: string;
  readonly unbroken: boolean;
  readonly beganMs: number;
  /** Told the tag with which the lease can be taken again, or undefined when it is not known. */
  readonly released: (etag: string | undefined) => void;
}

/** A lease that is held. Renews itself until it is released; everything that uses its tag happens one after the other. */
export class ConversationLease {
  readonly #state: LeaseState;
  readonly #lost = new AbortController();
  readonly #serial = new Serial();
  #etag: string;
  #held = true;
  #timer: NodeJS.Timeout | undefined;
  #giveUp: NodeJS.Timeout | undefined;

  constructor(state: LeaseState) {
    this.#state = state;
    this.#etag = state.etag;
    this.#heldSince(state.beganMs);
  }

  /** Aborted when another instance has the conversation, or may have it. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Nobody else has had the conversation since this instance last let go of it. */
  get isUnbroken(): boolean {
    return this.#state.unbroken;
  }

  /**
   * Writes changes in one transaction with the lease row: all fail if the lease was lost. With `release`, the lease is let
   * go in the same call. Resolves to the new tags of the changed rows, or to none where the lease was taken right after.
   */
  async write(changes: readonly Change[], { release }: { readonly release: boolean }): Promise<readonly string[]> {
    return this.#serial.inTurn('', () => this.#write(changes, release));
  }

  /** Lets go, if `write` did not. Never fails: a lease that can't be released ends by itself. */
  async release(): Promise<void> {
    await this.#serial.inTurn('', async () => {
      this.#stop();
      if (!this.#held || this.#lost.signal.aborted) return;
      try {
        await this.#write([], true);
      } catch {
        this.#state.released(undefined);
      }
    });
  }

  async #write(changes: readonly Change[], release: boolean): Promise<readonly string[]> {
    const { table, partition, owner, clock, released } = this.#state;
    if (this.#lost.signal.aborted) throw new StewardError('STORAGE_UNAVAILABLE', 'the conversation is no longer ours');
    const beganMs = clock.monotonicMs();
    const lease: Change = { kind: 'replace', key: LEASE_KEY, properties: { owner, held: !release }, etag: this.#etag };
    const written = await table.transact(partition, [lease, ...changes]);
    if (written === 'conflict') {
      this.#lose();
      throw new StewardError('STORAGE_UNAVAILABLE', 'the conversation was taken by another instance');
    }
    const etag = written[0]?.etag;
    if (!etag) {
      // Written, and somebody took the lease right after.
      this.#lose();
      return [];
    }
    this.#etag = etag;
    this.#held = !release;
    if (release) {
      this.#stop();
      released(etag);
    } else {
      this.#heldSince(beganMs);
    }
    return written.slice(1).map((row) => row.etag);
  }

  #heldSince(beganMs: number): void {
    const { clock, timings } = this.#state;
    this.#stop();
    const sinceMs = clock.monotonicMs() - beganMs;
    this.#giveUp = setTimeout(() => { this.#lose(); }, Math.max(0, timings.giveUpMs - sinceMs)).unref();
    this.#timer = setTimeout(() => {
      // A renewal that fails is tried again; the other timer gives up in time.
      this.#serial.inTurn('', () => (this.#held && !this.#lost.signal.aborted ? this.#write([], false) : Promise.resolve([]))).catch(() => {
        if (this.#held && !this.#lost.signal.aborted) this.#timer?.refresh();
      });
    }, timings.renewMs).unref();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#giveUp);
  }

  #lose(): void {
    this.#stop();
    this.#state.released(undefined);
    this.#lost.abort(new StewardError('STORAGE_UNAVAILABLE', 'the conversation was lost to another instance'));
  }
}
