/** A ledger of which one chain is old enough to go: it ended, another instance vouched for its end, and more than a year later a third one is there. */
import type { SignedCheckpoint } from '../../../src/audit/checkpoint.ts';
import { chain as chained, GENESIS } from '../../../src/audit/ledger.ts';
import type { LedgerEvent, LedgerRecord } from '../../../src/audit/record.ts';
import { DAY_MS } from '../../../src/audit/retired.ts';
import { deployment, eventAt, handClock, signed, type Instance } from './anchored.ts';

export const OLD = '2025/09/01/old';
export const WITNESS = '2025/09/03/witness';
export const YOUNG = '2026/10/20/young';
export const OWN = '2026/10/25/own';

export interface Copy {
  readonly chains: Map<string, string>;
  readonly anchors: Map<string, SignedCheckpoint | undefined>;
  held: SignedCheckpoint;
  now: Date;
}

export type RetiredEvent = Extract<LedgerEvent, { kind: 'retired' }>;

/** `held`: before the chain was retired, or after. With `grows`, the old chain goes on until the day before. */
export async function retiring(held: 'before' | 'after' = 'before', grows = false) {
  const made = deployment(handClock(Date.UTC(2025, 8, 1, 9)), { afterMs: 600_000, afterRecords: 1_000, mostMs: 600_000, againMs: 600_000, wholeEveryMs: DAY_MS });
  const { anchors, clock, instance } = made;
  const fill = async ({ anchoring, ledger }: Instance, count: number, from = 0): Promise<void> => {
    for (let index = from; index < from + count; index += 1) await ledger.record(eventAt(index), { pressing: true });
    await anchoring.checkpoint();
  };
  const [old, witness, young, own] = [instance(OLD), instance(WITNESS), instance(YOUNG), instance(OWN)];
  await fill(old, 6);
  clock.advance(3_600_000);
  await fill(old, 4, 6);
  clock.advance(2 * DAY_MS);
  await fill(witness, 3);
  clock.advance(412 * DAY_MS);
  await fill(young, 5);
  clock.advance(5 * DAY_MS);
  if (grows) await fill(old, 1);
  await fill(own, 4);
  const before = await own.anchoring.checkpoint();
  clock.advance(DAY_MS / 24);
  const event: RetiredEvent = { kind: 'retired', chain: OLD, records: old.ledger.end.records, hash: old.ledger.end.hash, last: '2025-09-01T10:00:00.000Z', days: 400 };
  const all = [old, witness, young, own];
  const texts = (): Map<string, string> => new Map(all.map(({ chain, store }) => [chain, store.text]));
  const copy = (given: SignedCheckpoint): Copy => ({ chains: texts(), anchors: new Map(anchors.read()), held: given, now: clock.now() });
  const unretired = copy(before);
  await own.ledger.record(event);
  const after = await own.anchoring.checkpoint();
  clock.advance(60_000);
  const retired = copy(held === 'before' ? before : after);
  retired.chains.delete(OLD);
  return { ...made, all, event, unretired, retired };
}

/** Adds what a holder of storage and the signing key adds: a chain of their own with these records, and a checkpoint of it that fits. */
export function forge(copy: Copy, chain: string, events: readonly LedgerEvent[], at: Date = copy.now, vouches = true): void {
  const records = chainedRecords(events, at);
  const text = textOf(records);
  copy.chains.set(chain, text);
  if (!vouches) return;
  const heads = [{ chain, records: records.length, bytes: Buffer.byteLength(text), hash: records.at(-1)?.hash ?? GENESIS }];
  copy.anchors.set(`checkpoints/${chain}/0.json`, signed({ version: 1, writer: chain, number: 0, at: at.toISOString(), previous: GENESIS, heads }));
}

/** A checkpoint that says it was made long ago. */
export function dateBack(copy: Copy, writer: string, at: Date, head: { readonly chain: string; readonly records: number; readonly hash: string }): void {
  const bytes = Buffer.byteLength(textOf(recordsOf(copy.chains.get(head.chain) ?? '').slice(0, head.records)));
  copy.anchors.set(`checkpoints/${writer}/0.json`, signed({ version: 1, writer, number: 0, at: at.toISOString(), previous: GENESIS, heads: [{ ...head, bytes }] }));
}

export const recordsOf = (text: string): LedgerRecord[] => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LedgerRecord);
export const textOf = (records: readonly LedgerRecord[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

function chainedRecords(events: readonly LedgerEvent[], at: Date): readonly LedgerRecord[] {
  let previous = GENESIS;
  return events.map((event, sequence) => {
    const record = chained({ version: 1, sequence, at: at.toISOString(), id: 'AAAAA-AAAAA', event, previous });
    previous = record.hash;
    return record;
  });
}
