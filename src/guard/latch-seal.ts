import { canonicalJson } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { isSameText } from '../same-text.ts';
import type { Latch, LatchStore, Stored } from './ports.ts';

/**
 * Storage notes by itself when a row was written. A seal is dated by storage's clock as well, known to a second or two: one that is
 * further from the row's time is of an old row put back.
 */
const SEAL_LIVES_MS = 15_000;

/** What the seal covers, and when it was made. */
export interface SealedColumns {
  /** By storage's clock, as near as the instance knows it. */
  readonly sealedAt?: Date;
  readonly sealedBy?: string;
}

/** A row as it stands in storage: whoever may write there may have written it. */
export interface LatchRow {
  readonly latch: Latch;
  readonly columns: SealedColumns;
  /** When storage took it, by storage's clock: nobody can choose it. */
  readonly writtenAt: Date;
}

export interface LatchRowStore {
  read(signal: AbortSignal): Promise<Stored<LatchRow> | undefined>;
  write(latch: Latch, columns: SealedColumns, etag: string): Promise<boolean>;
}

/** The seal over everything that could let Steward act again. What hands stop stands outside of it. */
export function sealOf({ changedAt, changedBy, changedByName, epoch, kill = '', level, reason, stops = [] }: Latch, sealedAt: Date, key: DigestKey): string {
  return key.digest(`latch\0${canonicalJson([level, epoch, changedAt.getTime(), changedBy, changedByName, reason, kill, stops.map((stop) => ({ ...stop, at: stop.at.getTime() })), sealedAt.getTime()])}`);
}

/**
 * The latch with a seal: whoever can write storage can stop Steward and never revive it. A row whose seal does not hold
 * counts as off, and as changed when storage took it, which is later than any epoch that was counted from one.
 */
export class SealedLatch implements LatchStore {
  readonly #rows: LatchRowStore;
  readonly #key: DigestKey;
  readonly #clock: Clock;
  /** How far storage’s clock was ahead of ours when it was last read. */
  #aheadMs = 0;

  constructor(rows: LatchRowStore, key: DigestKey, clock: Clock) {
    this.#rows = rows;
    this.#key = key;
    this.#clock = clock;
  }

  async read(signal: AbortSignal): Promise<Stored<Latch> | undefined> {
    const stored = await this.#rows.read(signal);
    if (stored === undefined) return undefined;
    this.#aheadMs = stored.storageNow.getTime() - this.#clock.now().getTime();
    const { latch, writtenAt } = stored.value;
    if (this.#holds(stored.value)) return { ...stored, value: { ...latch, seal: 'holds' } };
    const seal = latch.level === 'off' ? 'not needed' : 'broken';
    return { ...stored, value: { ...latch, level: 'off', epoch: Math.max(latch.epoch, writtenAt.getTime()), seal } };
  }

  async write(latch: Latch, etag: string): Promise<boolean> {
    // By storage’s clock as far as we know it: an instance whose own is wrong must not be one that nobody can revive.
    const sealedAt = new Date(this.#clock.now().getTime() + this.#aheadMs);
    return this.#rows.write(latch, { sealedAt, sealedBy: sealOf(latch, sealedAt, this.#key) }, etag);
  }

  #holds({ columns: { sealedAt, sealedBy }, latch, writtenAt }: LatchRow): boolean {
    if (sealedAt === undefined || sealedBy === undefined || Math.abs(writtenAt.getTime() - sealedAt.getTime()) > SEAL_LIVES_MS) return false;
    return isSameText(sealOf(latch, sealedAt, this.#key), sealedBy);
  }
}
