/**
 * How fast the ledger takes what must be durable before anything happens: groups of records in one append, beside one append
 * for each record, on the same storage and in the same run.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startCloud, type Cloud } from '../sandbox/cloud.ts';
import { chain as chained, GENESIS, Ledger } from '../src/audit/ledger.ts';
import type { LedgerEvent } from '../src/audit/record.ts';
import { systemClock } from '../src/clients/clock.ts';
import { createEgress } from '../src/clients/egress.ts';
import { BlobLedgerStore } from '../src/clients/ledger-store.ts';
import { machine, round, summarise, table, type Machine, type Summary } from './lib/figures.ts';

/** Callers that wait for their record at the same time. */
const AT_ONCE = [1, 16, 100] as const;
const RECORDS = 2_000;
const WARM_UP = 100;
/** Each way is measured so often, in turns; the middle one counts. */
const TURNS = 3;

interface Way {
  readonly recordsPerSecond: number;
  /** From the call to the durable record, in milliseconds. */
  readonly wait: Summary;
}

interface Row {
  readonly atOnce: number;
  readonly grouped: Way;
  readonly oneByOne: Way;
  readonly ratio: number;
}

interface Result {
  readonly machine: Machine;
  readonly records: number;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

const notes: readonly string[] = [
  'Records of an intent, each of which its caller waits for. Both ways hash the same chain with the same code and use the same client; storage is Azurite in this process, on loopback, so a request takes a millisecond or two where Azure takes five to twenty: there the ratio is larger.',
  'One by one: an append-block call for each record, one after the other, since the next one’s position follows from it.',
  'Grouped: while one append is on its way, what is recorded meanwhile gathers for the next. With one caller there is nothing to gather.',
];

const intent: LedgerEvent = { kind: 'intent', execution: 'e'.repeat(22), turn: 't'.repeat(22), action: 'block_sign_in', version: '1.0.0', step: 's'.repeat(64), target: 'd'.repeat(64), requester: 'r'.repeat(64), approver: 'a'.repeat(64), policies: ['own-confirmation'], killEpoch: 1_795_000_000_000 };

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { records: { type: 'string', default: String(RECORDS) } } });
  const records = Number(values.records);
  if (!Number.isInteger(records) || records < AT_ONCE[2]) throw new Error(`--records takes a number, at least ${AT_ONCE[2]}`);
  const cloud = await startCloud({ seed: 1, company: () => ({ people: [], reset: () => undefined }) });
  try {
    await grouped(cloud, WARM_UP, 16);
    await oneByOne(cloud, WARM_UP, 16);
    const rows: Row[] = [];
    for (const atOnce of AT_ONCE) rows.push(await rowOf(cloud, records, atOnce));
    const result: Result = { machine: machine(), records, rows, notes };
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : asText(result));
  } finally {
    await cloud.stop();
  }
}

async function rowOf(cloud: Cloud, records: number, atOnce: number): Promise<Row> {
  const ways: { readonly grouped: Way[]; readonly oneByOne: Way[] } = { grouped: [], oneByOne: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    ways.grouped.push(await grouped(cloud, records, atOnce));
    ways.oneByOne.push(await oneByOne(cloud, records, atOnce));
  }
  const [group, single] = [middle(ways.grouped), middle(ways.oneByOne)];
  return { atOnce, grouped: group, oneByOne: single, ratio: round(group.recordsPerSecond / single.recordsPerSecond, 1) };
}

async function grouped(cloud: Cloud, records: number, atOnce: number): Promise<Way> {
  const ledger = new Ledger(await storeIn(cloud), systemClock);
  return measure(records, atOnce, () => ledger.record(intent));
}

async function oneByOne(cloud: Cloud, records: number, atOnce: number): Promise<Way> {
  const store = await storeIn(cloud);
  let [previous, sequence, positionBytes] = [GENESIS, 0, 0];
  let tail = Promise.resolve();
  return measure(records, atOnce, () => {
    tail = tail.then(async () => {
      const record = chained({ version: 1, sequence, at: systemClock.now().toISOString(), id: 'AAAAA-AAAAA', event: intent, previous });
      const line = `${JSON.stringify(record)}\n`;
      await store.append(line, positionBytes);
      [previous, sequence, positionBytes] = [record.hash, sequence + 1, positionBytes + Buffer.byteLength(line)];
    });
    return tail;
  });
}

async function storeIn({ agent, credentialFor, endpoints, identities }: Cloud): Promise<BlobLedgerStore> {
  const { httpClient } = createEgress({ allow: [endpoints.blobs], agent });
  const store = new BlobLedgerStore({ endpoint: endpoints.blobs, credential: credentialFor(identities.keeper), httpClient, startedAt: systemClock.now(), instance: randomUUID() });
  await store.prepare();
  return store;
}

async function measure(records: number, atOnce: number, record: () => Promise<unknown>): Promise<Way> {
  const waits: number[] = [];
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, async (_, lane) => {
    for (let index = lane; index < records; index += atOnce) {
      const calledMs = performance.now();
      await record();
      waits.push(performance.now() - calledMs);
    }
  }));
  return { recordsPerSecond: round((1_000 * records) / (performance.now() - startedMs), 0), wait: summarise(waits) };
}

function middle(ways: readonly Way[]): Way {
  const sorted = [...ways].sort((one, other) => one.recordsPerSecond - other.recordsPerSecond);
  const way = sorted[Math.floor(sorted.length / 2)];
  if (way === undefined) throw new Error('nothing was measured');
  return way;
}

function asText({ machine: { cores, cpu, load1, node }, notes: said, records, rows }: Result): string {
  const cells = rows.map(({ atOnce, grouped: group, oneByOne: single, ratio }) => [String(atOnce), String(group.recordsPerSecond), group.wait.p50, group.wait.p99, String(single.recordsPerSecond), single.wait.p50, single.wait.p99, `${ratio.toFixed(1)} x`]);
  return `${records.toLocaleString('en-GB')} records, ${node}, ${cores} cores (${cpu}), load ${load1}\n\n${table(['callers at once', 'grouped /s', 'p50 ms', 'p99 ms', 'one by one /s', 'p50 ms', 'p99 ms', 'ratio'], cells)}\n\n${said.join('\n\n')}\n`;
}
