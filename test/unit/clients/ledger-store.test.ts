import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createEgress } from '../../../src/clients/egress.ts';
import { BlobLedgerStore, type LedgerLimits } from '../../../src/clients/ledger-store.ts';
import { cloud, rejectsWith } from './support.ts';
import { Stopwatch } from '../../machine.ts';

async function ledgerOf(instance: string = randomUUID(), limits?: LedgerLimits) {
  const { endpoints, agent, identities, credentialFor } = await cloud();
  const store = new BlobLedgerStore({ endpoint: endpoints.blobs, credential: credentialFor(identities.keeper), httpClient: createEgress({ allow: [endpoints.blobs], agent }).httpClient, startedAt: new Date('2026-11-22T10:11:12.345Z'), instance, ...(limits === undefined ? {} : { limits }) });
  await store.prepare();
  return store;
}

describe('ledger store', () => {
  afterEach(async () => (await cloud()).faults.clear());

  it('names its blob by day, start and instance', async () => {
    assert.equal((await ledgerOf('i-1')).name, '2026/11/22/20261122T101112Z-i-1.jsonl');
  });

  it('appends where the last append ended, one call each', async () => {
    const { journal } = await cloud();
    const store = await ledgerOf();
    await store.append('ä\n', 0);
    journal.clear();
    await store.append('b\n', 3);
    assert.equal(journal.entries().length, 1);
  });

  it('fails on another position, and never merges a fork', async () => {
    const store = await ledgerOf();
    await store.append('a\n', 0);
    await rejectsWith(store.append('b\n', 0), 'LEDGER_UNAVAILABLE');
    await rejectsWith(store.append('b\n', 5), 'LEDGER_UNAVAILABLE');
    await store.append('b\n', 2);
  });

  it('does not open a blob that is there', async () => {
    const instance = randomUUID();
    await (await ledgerOf(instance)).append('a\n', 0);
    await rejectsWith((await ledgerOf(instance)).append('a\n', 0), 'LEDGER_UNAVAILABLE');
  });

  it('survives a passing fault without writing twice', async () => {
    const { faults } = await cloud();
    const store = await ledgerOf();
    await store.append('a\n', 0);
    faults.post({ service: 'storage', kind: 'status', status: 503, method: 'PUT', times: 1 });
    await store.append('b\n', 2);
    faults.post({ service: 'storage', kind: 'reset', method: 'PUT', times: 1 });
    await store.append('c\n', 4);
    await store.append('d\n', 6);
  });

  it('recognises its own append when the answer was lost, and only its own', async () => {
    const { endpoints, agent, identities, credentialFor } = await cloud();
    const { httpClient } = createEgress({ allow: [endpoints.blobs], agent });
    let lose = 0;
    const forgetful = {
      sendRequest: async (request: Parameters<typeof httpClient.sendRequest>[0]) => {
        const answer = await httpClient.sendRequest(request);
        if (request.method === 'PUT' && lose > 0) {
          lose -= 1;
          throw new Error('the answer was lost');
        }
        return answer;
      },
    };
    const store = new BlobLedgerStore({ endpoint: endpoints.blobs, credential: credentialFor(identities.keeper), httpClient: forgetful, startedAt: new Date(), instance: randomUUID() });
    await store.prepare();
    lose = 1; // the blob was created, and we do not know
    await store.append('a\n', 0);
    lose = 1; // the block was appended, and we do not know
    await store.append('b\n', 2);
    await store.append('c\n', 4);
    await rejectsWith(store.append('x\n', 4), 'LEDGER_UNAVAILABLE');
  });

  it('begins another blob before one is full, at the running position', async () => {
    const { journal } = await cloud();
    const store = await ledgerOf('i-2', { blocks: 2, blobBytes: 1_000, totalMs: 2_000 });
    const names: string[] = [];
    for (const position of [0, 2, 4, 6, 8]) {
      await store.append('a\n', position);
      names.push(store.name);
    }
    const first = '2026/11/22/20261122T101112Z-i-2';
    assert.deepEqual(names, [`${first}.jsonl`, `${first}.jsonl`, `${first}-0002.jsonl`, `${first}-0002.jsonl`, `${first}-0003.jsonl`]);
    const positions = journal.entries().filter(({ query, path }) => query.includes('comp=appendblock') && path.includes('i-2'));
    assert.equal(positions.length, 5);
    await rejectsWith(store.append('b\n', 8), 'LEDGER_UNAVAILABLE');
    await rejectsWith(store.append('b\n', 0), 'LEDGER_UNAVAILABLE');
    await store.append('b\n', 10);
  });

  it('begins another blob before one grows too large', async () => {
    const store = await ledgerOf('i-3', { blocks: 100, blobBytes: 5, totalMs: 2_000 });
    await store.append('a\n', 0);
    await store.append('b\n', 2);
    assert(store.name.endsWith('-i-3.jsonl'));
    await store.append('c\n', 4);
    assert(store.name.endsWith('-i-3-0002.jsonl'));
    await rejectsWith(store.append('d\n', 4), 'LEDGER_UNAVAILABLE');
  });

  it('survives a moment without storage, and no longer one', async () => {
    const { faults } = await cloud();
    const store = await ledgerOf();
    await store.append('a\n', 0);
    faults.post({ service: 'storage', kind: 'status', status: 503 });
    setTimeout(() => faults.clear(), 1_500);
    await store.append('b\n', 2);
    faults.post({ service: 'storage', kind: 'reset', times: 4 });
    await store.append('c\n', 4);
    const impatient = await ledgerOf(randomUUID(), { blocks: 100, blobBytes: 1_000, totalMs: 500 });
    await impatient.append('a\n', 0);
    faults.post({ service: 'storage', kind: 'hang' });
    const watch = new Stopwatch();
    await rejectsWith(impatient.append('b\n', 2), 'LEDGER_UNAVAILABLE');
    assert(watch.ms < 1_500);
  });

  it('fails when storage does', async () => {
    const store = await ledgerOf(randomUUID(), { blocks: 100, blobBytes: 1_000, totalMs: 500 });
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 500 });
    await rejectsWith(store.append('a\n', 0), 'LEDGER_UNAVAILABLE');
    (await cloud()).faults.clear();
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 403 });
    await rejectsWith((await ledgerOf().catch(() => store)).append('a\n', 0), 'LEDGER_UNAVAILABLE');
  });
});
