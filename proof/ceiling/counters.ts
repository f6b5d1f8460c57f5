/** The counters as storage holds them, read by nothing of Steward's. */
import type { TableClient } from '@azure/data-tables';
import { InternalId } from '../../src/actions/internal-id.ts';

export interface Counters {
  readonly month: number;
  readonly day: number;
  readonly people: ReadonlyMap<number, number>;
}

const MOST_PEOPLE = 50;

export async function readCounters(table: TableClient, now: string): Promise<Counters> {
  const rows = new Map<string, number>();
  for await (const { microUsd, rowKey } of table.listEntities<{ microUsd?: bigint }>({ queryOptions: { filter: `PartitionKey eq '${now.slice(0, 7)}'` } })) rows.set(rowKey ?? '', Number(microUsd ?? 0n));
  const day = now.slice(0, 10);
  const people = Array.from({ length: MOST_PEOPLE }, (_, person) => [person, rows.get(`day:${day}:${new InternalId(`person-${person}`).digest()}`)] as const);
  return { month: rows.get('month') ?? 0, day: rows.get(`total:${day}`) ?? 0, people: new Map(people.filter((each): each is readonly [number, number] => each[1] !== undefined)) };
}
