import { z } from 'zod/v4';
import type { ChainHead } from './checkpoint.ts';
import type { LedgerEvent, LedgerRecord } from './record.ts';

/** A chain is taken away as a whole, once a record of this kind in another one says so; here is what makes that record believed. */

/** No setting goes below it, so that whoever verifies needs no setting, and believes none. */
export const LEDGER_FLOOR_DAYS = 365;
export const DAY_MS = 24 * 60 * 60_000;

export type RetiredEvent = Extract<LedgerEvent, { kind: 'retired' }>;

/** A record that a chain was taken away, where it stands. */
export interface RecordedRetirement extends Pick<RetiredEvent, 'chain' | 'records' | 'hash'> {
  /** The chain that holds the record, its number there, its public name and its time. */
  readonly by: string;
  readonly sequence: number;
  readonly id: string;
  readonly at: string;
}

/** Why the record is not believed. */
export type RetirementProblem = 'retired, and nothing vouches for that' | 'retired at another head' | 'retired in the future' | 'retired too early' | 'retired without proof';

const shape = z.object({ kind: z.literal('retired'), chain: z.string().max(300), records: z.int().positive(), hash: z.string().length(64), last: z.string().max(40).optional(), days: z.int().nonnegative() });

/** As a chain holds it that anybody may have written: what it is not made of is left out. Undefined for another event. */
export function retiredEventOf(event: LedgerEvent): RetiredEvent | undefined {
  const read = shape.safeParse(event);
  if (!read.success) return undefined;
  const { last, ...rest } = read.data;
  return { ...rest, ...(last !== undefined && { last }) };
}

/** Undefined for a record that says nothing of the kind. */
export function retirementOf({ at, event, id, sequence }: LedgerRecord, by: string): RecordedRetirement | undefined {
  const said = retiredEventOf(event);
  return said && { chain: said.chain, records: said.records, hash: said.hash, by, sequence, id, at };
}

const DAY = /^(\d{4})\/(\d{2})\/(\d{2})\//;

/** The end of the day on which a chain began, as its path says; undefined where it does not say. */
export function begunBefore(chain: string): number | undefined {
  const [, year, month, day] = DAY.exec(chain) ?? [];
  const beginMs = Date.parse(`${year}-${month}-${day}T00:00:00.000Z`);
  return Number.isNaN(beginMs) ? undefined : beginMs + DAY_MS;
}

/** A head, and when a checkpoint named it. */
export interface NamedHead extends ChainHead {
  readonly at: string;
}

/** What the verifier knows of its own. */
export interface Bounds {
  readonly now: Date;
  /** How long this deployment keeps its chains; absent, or below it, the floor. */
  readonly keptDays?: number;
}

export interface Judged {
  readonly problem?: RetirementProblem;
  /** When a checkpoint first named the last record. Absent where there is a problem. */
  readonly namedAt?: string;
}

/**
 * Whether a record is believed that a chain was taken away. `heads`: all that good checkpoints name of that chain. `isVouchedFor`:
 * the record stands in a chain that holds, and a good checkpoint names a later head of it.
 *
 * INVARIANT: against a holder of storage and the signing key, who can make any record and any checkpoint, the day in the chain's path
 * decides: the held checkpoint names the path, and the verifier's own clock bounds the time of the record.
 */
export function judge({ at, chain, hash, records }: RecordedRetirement, heads: readonly NamedHead[], isVouchedFor: boolean, { keptDays = 0, now }: Bounds): Judged {
  if (!isVouchedFor) return { problem: 'retired, and nothing vouches for that' };
  const atMs = Date.parse(at);
  const isLast = heads.some((head) => head.records === records) && heads.every((head) => head.records < records || (head.records === records && head.hash === hash));
  if (!isLast) return { problem: 'retired at another head' };
  if (!(atMs <= now.getTime())) return { problem: 'retired in the future' };
  const latestMs = atMs - Math.max(keptDays, LEDGER_FLOOR_DAYS) * DAY_MS;
  const begunMs = begunBefore(chain);
  if (begunMs === undefined || begunMs > latestMs) return { problem: 'retired too early' };
  // One that names the end, while others say a day later and more that the chain had not come so far, was dated back.
  const grewMs = heads.filter((head) => head.records < records).reduce((latest, head) => Math.max(latest, Date.parse(head.at)), -Infinity);
  const [namedMs = Infinity] = heads.filter((head) => head.records === records).map((head) => Date.parse(head.at)).filter((namedAtMs) => namedAtMs + DAY_MS >= grewMs).sort((one, other) => one - other);
  return namedMs <= latestMs ? { namedAt: new Date(namedMs).toISOString() } : { problem: 'retired without proof' };
}
