import { StewardError } from '../errors.ts';
import { latchLevels, type Latch, type LatchLevel, type LatchStore, type Stored } from '../guard/ports.ts';
import { integerOf, type Row, type Table } from './tables.ts';

const PARTITION = 'latch';
const KEY = 'latch';

/**
 * The kill switch: one row of plain columns, so that whoever can write storage can pull it by hand. Setting `level` to
 * `off` is enough; everything else that is missing then is filled in.
 */
export class TableLatchStore implements LatchStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async read(signal: AbortSignal): Promise<Stored<Latch> | undefined> {
    let row: Row | undefined;
    try {
      // One attempt: the caller reads again and again anyway, and a late answer is worth nothing.
      row = await this.#table.read(PARTITION, KEY, { signal, attempts: 1 });
    } catch (error) {
      signal.throwIfAborted();
      throw new StewardError('LATCH_UNREADABLE', 'the latch could not be read', { cause: error });
    }
    return row === undefined ? undefined : { value: toLatch(row), etag: row.etag, storageNow: row.storageNow };
  }

  async write(latch: Latch, etag: string): Promise<boolean> {
    const properties = { level: latch.level, epoch: BigInt(latch.epoch), changedAt: latch.changedAt, changedBy: latch.changedBy, changedByName: latch.changedByName, reason: latch.reason };
    if (etag === 'any') {
      await this.#table.upsert(PARTITION, KEY, properties);
      return true;
    }
    return (await this.#table.replace(PARTITION, KEY, properties, etag)) !== 'conflict';
  }
}

function toLatch(row: Row): Latch {
  const level = latchLevels.find((each) => each === row.properties.get('level'));
  if (level === undefined) throw new StewardError('LATCH_UNREADABLE', 'the latch holds no known level');
  const changedAt = row.properties.get('changedAt');
  return {
    level,
    epoch: epochOf(row, level),
    changedAt: changedAt instanceof Date ? changedAt : row.writtenAt,
    changedBy: textOf(row, 'changedBy') || 'storage',
    changedByName: textOf(row, 'changedByName'),
    reason: textOf(row, 'reason'),
  };
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

function textOf(row: Row, name: string): string {
  const value = row.properties.get(name);
  return typeof value === 'string' ? value : '';
}
