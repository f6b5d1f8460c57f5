import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import type { LatchRow, LatchRowStore, SealedColumns } from '../guard/latch-seal.ts';
import { latchLevels, stopScopes, type Latch, type LatchLevel, type Stop, type Stored } from '../guard/ports.ts';
import { integerOf, type Change, type Row, type Table } from './tables.ts';

const PARTITION = 'latch';
const KEY = 'latch';
/** A row of its own: a hand that writes it must not break the seal of the other. */
const BY_HAND = 'stopped';
/** A string property holds 64 KiB in UTF-16. */
const MOST_CHARACTERS = 30_000;
/** The two, and what a hand may have put beside them. */
const MOST_ROWS = 50;
/** Between the tags of the two rows; no tag holds it. */
const TAGS = ' ';

const storedStops = z.array(
  z.object({ scope: z.enum(stopScopes), key: z.string(), label: z.string(), epoch: z.int(), at: z.int().transform((ms) => new Date(ms)), by: z.string(), byName: z.string(), reason: z.string(), lifted: z.boolean() } satisfies Record<keyof Stop, z.ZodType>),
);

/**
 * The kill switch: one row of plain columns, so that whoever can write storage can pull it by hand. Setting `level` to
 * `off` is enough; everything else that is missing then is filled in. A second row, `stopped`, is for hands alone: its
 * column `stopped` names what else they stop. A version tag is that of both.
 */
export class TableLatchStore implements LatchRowStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async read(signal: AbortSignal): Promise<Stored<LatchRow> | undefined> {
    let rows: readonly Row[];
    try {
      // One attempt: the caller reads again and again anyway, and a late answer is worth nothing.
      rows = await this.#table.list(`PartitionKey eq '${PARTITION}'`, MOST_ROWS, { signal, attempts: 1 });
    } catch (error) {
      signal.throwIfAborted();
      throw new StewardError('LATCH_UNREADABLE', 'the latch could not be read', { cause: error });
    }
    const row = rows.find(({ key }) => key === KEY);
    const byHand = rows.find(({ key }) => key === BY_HAND);
    if (row === undefined) return undefined;
    return { value: { latch: toLatch(row, byHand), columns: toColumns(row), writtenAt: row.writtenAt }, etag: `${row.etag}${TAGS}${byHand?.etag ?? ''}`, storageNow: row.storageNow };
  }

  async write(latch: Latch, columns: SealedColumns, etag: string): Promise<boolean> {
    const stops = JSON.stringify((latch.stops ?? []).map((stop) => ({ ...stop, at: stop.at.getTime() })));
    if (stops.length > MOST_CHARACTERS) throw new StewardError('STORAGE_UNAVAILABLE', 'more is stopped than the latch holds');
    const properties = {
      level: latch.level,
      epoch: BigInt(latch.epoch),
      changedAt: latch.changedAt,
      changedBy: latch.changedBy,
      changedByName: latch.changedByName,
      reason: latch.reason,
      kill: latch.kill ?? '',
      stops,
      ...(columns.sealedAt && { sealedAt: columns.sealedAt }),
      seal: columns.sealedBy ?? '',
    };
    if (etag === 'any') {
      await this.#table.upsert(PARTITION, KEY, properties);
      return true;
    }
    const [own = '', byHand = ''] = etag.split(TAGS);
    const changes: readonly Change[] = [{ kind: 'replace', key: KEY, properties, etag: own }, ...(byHand === '' ? [] : [{ kind: 'replace', key: BY_HAND, properties: { stopped: latch.stopped ?? '' }, etag: byHand } as const])];
    return (await this.#table.transact(PARTITION, changes)) !== 'conflict';
  }
}

function toLatch(row: Row, byHand: Row | undefined): Latch {
  const level = latchLevels.find((each) => each === row.properties.get('level'));
  if (level === undefined) throw new StewardError('LATCH_UNREADABLE', 'the latch holds no known level');
  return {
    level,
    epoch: epochOf(row, level),
    changedAt: dateOf(row, 'changedAt') ?? row.writtenAt,
    changedBy: textOf(row, 'changedBy') || 'storage',
    changedByName: textOf(row, 'changedByName'),
    reason: textOf(row, 'reason'),
    kill: textOf(row, 'kill'),
    stops: stopsOf(textOf(row, 'stops')),
    stopped: byHandOf(byHand),
  };
}

function toColumns(row: Row): SealedColumns {
  const sealedAt = dateOf(row, 'sealedAt');
  return { ...(sealedAt && { sealedAt }), sealedBy: textOf(row, 'seal') };
}

/** None where there are none that can be read; the seal then does not hold, and everything is off. */
function stopsOf(json: string): readonly Stop[] {
  try {
    return storedStops.parse(JSON.parse(json || '[]'));
  } catch {
    return [];
  }
}

function epochOf(row: Row, level: LatchLevel): number {
  // A hand that replaces the whole row by `level: off` leaves no epoch. The time of that write is higher than any epoch
  // counted from one, so nothing that was approved before it can live again.
  if (level === 'off' && !row.properties.has('epoch')) return row.writtenAt.getTime();
  try {
    return integerOf(row, 'epoch');
  } catch (error) {
    throw new StewardError('LATCH_UNREADABLE', 'the latch holds no epoch', { cause: error });
  }
}

/** What hands stopped. What is no text is written as something that nobody understands, and so stops everything. */
function byHandOf(row: Row | undefined): string {
  const value = row?.properties.get('stopped');
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : 'not text';
}

function dateOf(row: Row, name: string): Date | undefined {
  const value = row.properties.get(name);
  return value instanceof Date ? value : undefined;
}

function textOf(row: Row, name: string): string {
  const value = row.properties.get(name);
  return typeof value === 'string' ? value : '';
}
