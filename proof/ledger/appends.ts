/** Two instances that append to real blob storage at the same time, with clocks two hours apart, while requests are lost, refused and late. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline';
import { startCloud, type Cloud } from '../../sandbox/cloud.ts';
import { Anchoring } from '../../src/audit/anchoring.ts';
import { checkpointOf, keysOf } from '../../src/audit/checkpoint.ts';
import { Ledger } from '../../src/audit/ledger.ts';
import { verifyLedger } from '../../src/audit/verify.ts';
import { ANCHOR_CONTAINER, BlobAnchorStore, TableHeadStore } from '../../src/clients/anchor-store.ts';
import { openContainer, type BlobOptions } from '../../src/clients/blobs.ts';
import { BlobChainReader } from '../../src/clients/chain-reader.ts';
import { createEgress } from '../../src/clients/egress.ts';
import { BlobLedgerStore } from '../../src/clients/ledger-store.ts';
import { VaultSigner } from '../../src/clients/signer.ts';
import { ensureTables, openTables } from '../../src/clients/tables.ts';
import type { Clock } from '../../src/clock.ts';
import { eventAt } from '../../test/unit/audit/anchored.ts';
import type { Outcome, ProofOptions } from '../proof.ts';
import { chanceOf, type Chance } from '../random.ts';

const HOUR_MS = 3_600_000;
/** Records that are on their way at the same time, in each instance. */
const AT_ONCE = 16;
/** Of all requests to storage. */
const FAULTY = 0.1;
const LATE_MS = 150;
/** So that a chain goes on in several blobs. */
const LIMITS = { blocks: 100, blobBytes: 1024 ** 3, totalMs: 20_000 };

interface Told {
  readonly id: string;
  readonly sequence: number;
}

/** `each`: records of one instance. */
export async function appendUnderFaults(each: number, { progress, seed }: ProofOptions): Promise<Outcome> {
  const cloud = await startCloud({ seed, company: () => ({ people: [], reset: () => undefined }) });
  try {
    return await append(cloud, each, chanceOf(seed, 1_000_000), progress);
  } finally {
    await cloud.stop();
  }
}

async function append(cloud: Cloud, each: number, chance: Chance, progress: ProofOptions['progress']): Promise<Outcome> {
  const { agent, endpoints, identities } = cloud;
  const { httpClient } = createEgress({ allow: [endpoints.blobs, endpoints.tables, endpoints.vault], agent });
  const counts: Record<string, number> = { 'requests to storage that were refused': 0, 'requests to storage that were lost before they came': 0, 'requests to storage whose answer was lost': 0, 'requests to storage that were late': 0 };
  const keeper = { credential: cloud.credentialFor(identities.keeper), httpClient };
  const faulty: BlobOptions = { endpoint: endpoints.blobs, ...keeper, httpClient: withFaults(httpClient, chance, counts) };
  const tables = openTables({ endpoint: endpoints.tables, ...keeper });
  await ensureTables(tables);
  const heads = new TableHeadStore(tables.heads);
  const anchors = new BlobAnchorStore({ endpoint: endpoints.anchors, ...keeper });
  await anchors.prepare();

  const violations: string[] = [];
  const instances = [-HOUR_MS, HOUR_MS].map((aheadMs) => {
    const clock: Clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() };
    const store = new BlobLedgerStore({ ...faulty, startedAt: clock.now(), instance: randomUUID(), limits: LIMITS });
    const ledger = new Ledger(store, clock);
    const signer = new VaultSigner({ endpoint: endpoints.vault, ...keeper, clock, publish: (key) => anchors.putKey(key) });
    const anchoring = new Anchoring({ ledger, chain: store.chain, heads, anchors, signer, clock, onError: (error) => void violations.push(`a checkpoint was not made: ${String(error)}`) });
    ledger.watch(anchoring);
    return { store, ledger, anchoring, told: [] as Told[] };
  });
  await instances[0]?.store.prepare();
  const startedMs = performance.now();
  await Promise.all(instances.flatMap(({ ledger, told }, which) => Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (let index = lane; index < each; index += AT_ONCE) {
      const { id, sequence } = await ledger.record(eventAt(index), { pressing: true });
      told.push({ id, sequence });
      if (which === 0 && index % 2_500 === 0) progress(`${index.toLocaleString('en-GB')} appends by each instance`);
    }
  })));
  counts['appends'] = instances.reduce((sum, { told }) => sum + told.length, 0);
  counts['appends a second'] = Math.round((1_000 * counts['appends']) / (performance.now() - startedMs));
  // The second one knows by then what the first one told.
  for (const { anchoring } of instances) await anchoring.stop();
  const held = await instances[1]?.anchoring.checkpoint();

  const reader = new BlobChainReader({ endpoint: endpoints.blobs, ...keeper });
  const chains = new Map<string, readonly Uint8Array[]>();
  for (const { bytes, chain } of await reader.list()) chains.set(chain, await wholeOf(chain, bytes, reader));
  const { checkpoints, keys } = await anchorsOf({ endpoint: endpoints.anchors, ...keeper });
  const verdict = await verifyLedger({ chains, anchors: checkpoints, keys, now: new Date(), ...(held && { held }) });
  counts['records read back'] = verdict.records;
  counts['of those, protected by the last checkpoint'] = verdict.protectedRecords;
  counts['checkpoints'] = verdict.checkpoints;
  counts['blobs'] = instances.reduce((sum, { store }) => sum + Number(/-(\d{4})\.jsonl$/.exec(store.name)?.[1] ?? '1'), 0);
  if (!verdict.holds) violations.push(`what two instances appended does not hold: ${JSON.stringify(verdict.findings).slice(0, 300)}`);
  if (verdict.protectedRecords !== verdict.records) violations.push(`${verdict.records - verdict.protectedRecords} records are not vouched for after a clean stop`);
  for (const { ledger, store, told } of instances) {
    const there = new Map(Buffer.concat([...(chains.get(store.chain) ?? [])]).toString('utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Told).map(({ id, sequence }) => [sequence, id]));
    const lost = told.filter(({ id, sequence }) => there.get(sequence) !== id).length;
    if (lost > 0) violations.push(`${lost} acknowledged records are not there`);
    if (there.size !== ledger.end.records || there.size !== each) violations.push(`${there.size} records are there, and ${each} were made`);
  }
  return { counts, violations };
}

/** Storage as it is on a bad day. */
function withFaults(to: HttpClient, chance: Chance, counts: Record<string, number>): HttpClient {
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  return {
    sendRequest: async (request) => {
      if (!chance.is(FAULTY)) return to.sendRequest(request);
      switch (chance.one(['refused', 'before', 'after', 'late'] as const)) {
        case 'refused':
          count('requests to storage that were refused');
          return { request, status: 503, headers: createHttpHeaders(), bodyAsText: '' };
        case 'before':
          count('requests to storage that were lost before they came');
          throw new Error('the connection was cut');
        case 'after':
          count('requests to storage whose answer was lost');
          await to.sendRequest(request);
          throw new Error('the answer was lost');
        case 'late':
          count('requests to storage that were late');
          await sleep(chance.next() * LATE_MS);
          return to.sendRequest(request);
      }
    },
  };
}

async function wholeOf(chain: string, bytes: number, reader: BlobChainReader): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes; ) {
    const piece = await reader.read(chain, at, bytes - at);
    if (piece.byteLength === 0) break;
    pieces.push(piece);
    at += piece.byteLength;
  }
  return pieces;
}

async function anchorsOf(options: BlobOptions) {
  const container = openContainer(ANCHOR_CONTAINER, options);
  const texts = new Map<string, string>();
  for await (const { name } of container.listBlobsFlat()) texts.set(name, (await container.getBlobClient(name).downloadToBuffer()).toString('utf8'));
  const of = (folder: string) => [...texts].filter(([name]) => name.startsWith(folder));
  return { checkpoints: new Map(of('checkpoints/').map(([name, text]) => [name, checkpointOf(text)])), keys: of('keys/').flatMap(([, text]) => keysOf(text) ?? []) };
}
