import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Anchoring } from '../../../src/audit/anchoring.ts';
import { checkpointOf, digestOf, isSigned, keysOf, type Checkpoint, type CheckpointKey } from '../../../src/audit/checkpoint.ts';
import { Ledger } from '../../../src/audit/ledger.ts';
import { beginning, readOn } from '../../../src/audit/read-chain.ts';
import { LedgerRetirement } from '../../../src/audit/retire.ts';
import { DAY_MS } from '../../../src/audit/retired.ts';
import { ANCHOR_CONTAINER, anchorName, BlobAnchorStore, TableHeadStore } from '../../../src/clients/anchor-store.ts';
import { openContainer, type BlobOptions } from '../../../src/clients/blobs.ts';
import { BlobChainReader } from '../../../src/clients/chain-reader.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { BlobLedgerStore, LEDGER_CONTAINER } from '../../../src/clients/ledger-store.ts';
import { SIGNING_KEY, VaultSigner } from '../../../src/clients/signer.ts';
import { ensureTables, openTables } from '../../../src/clients/tables.ts';
import type { Clock } from '../../../src/clock.ts';
import { eventAt } from '../audit/anchored.ts';
import { cloud, rejectsWith } from './support.ts';

async function keeper(identity: 'keeper' | 'robot' = 'keeper'): Promise<{ readonly options: BlobOptions; readonly tables: string; readonly vault: string }> {
  const { agent, credentialFor, endpoints, identities } = await cloud();
  const { httpClient } = createEgress({ allow: [endpoints.anchors, endpoints.tables, endpoints.vault], agent });
  return { options: { endpoint: endpoints.anchors, credential: credentialFor(identities[identity]), httpClient }, tables: endpoints.tables, vault: endpoints.vault };
}

async function make(identity: 'keeper' | 'robot' = 'keeper') {
  const { options, vault } = await keeper(identity);
  const anchors = new BlobAnchorStore(options);
  if (identity === 'keeper') await anchors.prepare();
  const published: CheckpointKey[] = [];
  const signer = new VaultSigner({ ...options, endpoint: vault, clock: systemClock, publish: async (key) => {
    published.push(key);
    await anchors.putKey(key);
  } });
  const container = openContainer(ANCHOR_CONTAINER, options);
  const textOf = async (name: string): Promise<string> => (await container.getBlobClient(name).downloadToBuffer()).toString('utf8');
  return { anchors, container, published, signer, textOf };
}

const checkpoint = (writer: string, changes: Partial<Checkpoint> = {}): Checkpoint => ({ version: 1, writer, number: 0, at: '2026-11-22T10:00:00.000Z', previous: '0'.repeat(64), heads: [{ chain: writer, records: 1, bytes: 10, hash: 'a'.repeat(64) }], ...changes });

describe('checkpoints in storage', () => {
  afterEach(async () => (await cloud()).faults.clear());

  it('are signed in the vault, and checked with nothing but what lies beside them', async () => {
    const { anchors, published, signer, textOf } = await make();
    const made = checkpoint(randomUUID());
    const signed = { checkpoint: made, ...(await signer.sign(digestOf(made))) };
    await anchors.put(signed);
    const [key] = published;
    assert.ok(key);
    assert.ok(signed.key.startsWith(`${SIGNING_KEY}/`));
    const [read, keys] = [checkpointOf(await textOf(anchorName(signed))), keysOf(await textOf(`keys/${key.key.replaceAll('/', '-')}.json`))];
    assert.ok(read && keys);
    assert.equal(isSigned(read, keys), true);
    assert.equal(isSigned({ ...read, checkpoint: { ...made, at: '2026-11-22T10:00:00.001Z' } }, keys), false);
    assert.deepEqual(Object.keys(key.jwk).sort(), ['e', 'kty', 'n'], 'more than the public part');
  });
  it('are written once: the same again is no harm, another one fails, and nobody deletes one', async () => {
    const { anchors, container, signer, textOf } = await make();
    const made = checkpoint(randomUUID());
    const signed = { checkpoint: made, ...(await signer.sign(digestOf(made))) };
    await anchors.put(signed);
    await anchors.put(signed);
    const before = await textOf(anchorName(signed));
    await rejectsWith(anchors.put({ ...signed, signature: 'AAAA' }), 'LEDGER_UNAVAILABLE');
    await assert.rejects(container.getBlobClient(anchorName(signed)).delete());
    await assert.rejects(container.getBlockBlobClient(anchorName(signed)).upload('x', 1));
    assert.equal(await textOf(anchorName(signed)), before);
  });
  it('are written though storage refused at first', async () => {
    const { anchors, signer, textOf } = await make();
    const made = checkpoint(randomUUID());
    const signed = { checkpoint: made, ...(await signer.sign(digestOf(made))) };
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 503, method: 'PUT', times: 1 });
    await anchors.put(signed);
    assert.ok(await textOf(anchorName(signed)));
  });
  it('are signed by nobody but the keeper, and not while the vault is away', async () => {
    const { signer } = await make('robot');
    await rejectsWith(signer.sign(Buffer.alloc(32)), 'LEDGER_UNAVAILABLE');
    const own = (await make()).signer;
    (await cloud()).faults.post({ service: 'vault', kind: 'status', status: 503 });
    await rejectsWith(own.sign(Buffer.alloc(32)), 'LEDGER_UNAVAILABLE');
    (await cloud()).faults.clear();
    assert.ok((await own.sign(Buffer.alloc(32))).signature);
  });
});

describe('what takes old chains away', () => {
  afterEach(async () => (await cloud()).faults.clear());

  async function chainOf(instance: string = randomUUID()) {
    const { options } = await keeper();
    const store = new BlobLedgerStore({ ...options, startedAt: new Date(), instance, limits: { blocks: 1, blobBytes: 1e9, totalMs: 5_000 } });
    await store.prepare();
    let endBytes = 0;
    const append = async (): Promise<void> => {
      await store.append('a\n', endBytes);
      endBytes += 2;
    };
    for (let part = 0; part < 3; part += 1) await append();
    const reader = new BlobChainReader(options);
    const bytesOf = async (): Promise<number | undefined> => (await new BlobChainReader(options).list()).find(({ chain }) => chain === store.chain)?.bytes;
    const container = openContainer(LEDGER_CONTAINER, options);
    return { bytesOf, chain: store.chain, container, reader };
  }

  it('deletes all its parts, the last one first, and nothing of another chain', async () => {
    const [one, other] = [await chainOf(), await chainOf()];
    await one.reader.list();
    const { journal } = await cloud();
    journal.clear();
    assert.equal(await one.reader.remove(one.chain), 'removed');
    const deleted = journal.entries().filter(({ method }) => method === 'DELETE').map(({ path }) => path.slice(path.lastIndexOf(one.chain) + one.chain.length));
    assert.deepEqual(deleted, ['-0003.jsonl', '-0002.jsonl', '.jsonl']);
    assert.deepEqual([await one.bytesOf(), await other.bytesOf()], [undefined, 6]);
  });
  it('takes what another instance deleted for deleted', async () => {
    const { bytesOf, chain, container, reader } = await chainOf();
    await reader.list();
    await container.getBlobClient(`${chain}-0003.jsonl`).delete();
    assert.equal(await reader.remove(chain), 'removed');
    assert.equal(await bytesOf(), undefined);
  });
  it('leaves what somebody wrote to since it was listed', async () => {
    const { bytesOf, chain, container, reader } = await chainOf();
    await reader.list();
    await container.getAppendBlobClient(`${chain}-0003.jsonl`).appendBlock('b\n', 2);
    await rejectsWith(reader.remove(chain), 'LEDGER_UNAVAILABLE');
    assert.equal(await bytesOf(), 8);
  });
  it('says that storage holds it, and deletes no other part of it', async () => {
    const { bytesOf, chain, reader } = await chainOf();
    await reader.list();
    const { storage } = await cloud();
    storage.legalHolds.add(LEDGER_CONTAINER);
    try {
      assert.equal(await reader.remove(chain), 'held');
    } finally {
      storage.legalHolds.clear();
    }
    assert.equal(await bytesOf(), 6);
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 403, method: 'DELETE', times: 1 });
    await rejectsWith(reader.remove(chain), 'LEDGER_UNAVAILABLE');
  });
  it('does so after 400 days by storage’s clock, and no day before, with the heads and all', async () => {
    const { options, tables: endpoint } = await keeper();
    const tables = openTables({ ...options, endpoint });
    await ensureTables(tables);
    const [heads, { signer }] = [new TableHeadStore(tables.heads), await make()];
    /** An instance so many days from now: its own clock says so, and the one of storage. */
    const instanceAfter = async (days: number) => {
      const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + days * DAY_MS) };
      const ahead: BlobOptions = { ...options, httpClient: { sendRequest: async (request) => {
        const answer = await options.httpClient.sendRequest(request);
        answer.headers.set('date', clock.now().toUTCString());
        return answer;
      } } };
      const store = new BlobLedgerStore({ ...ahead, startedAt: clock.now(), instance: randomUUID(), limits: { blocks: 2, blobBytes: 1e9, totalMs: 5_000 } });
      await store.prepare();
      const ledger = new Ledger(store, clock);
      const anchors = new BlobAnchorStore(ahead);
      const anchoring = new Anchoring({ ledger, chain: store.chain, heads, anchors, signer, clock, onError: (error) => assert.fail(String(error)) });
      const retirement = new LedgerRetirement({ ledger, chain: store.chain, anchoring, chains: new BlobChainReader(ahead), anchors, heads, days: 400, isHeld: async () => false, clock });
      return { anchoring, chain: store.chain, ledger, retirement };
    };
    const old = await instanceAfter(0);
    for (let index = 0; index < 5; index += 1) await old.ledger.record(eventAt(index), { pressing: true });
    await old.anchoring.stop();
    const bytesOf = async (): Promise<number | undefined> => (await new BlobChainReader(options).list()).find(({ chain }) => chain === old.chain)?.bytes;
    const isTold = async (): Promise<boolean> => (await heads.list()).some(({ chain }) => chain === old.chain);
    assert.equal((await (await instanceAfter(399)).retirement.sweep()).retired.includes(old.chain), false);
    assert.deepEqual([await bytesOf(), await isTold()], [old.ledger.end.positionBytes, true]);
    const { anchoring, retirement } = await instanceAfter(402);
    assert.equal((await retirement.sweep()).retired.includes(old.chain), true);
    assert.deepEqual([await bytesOf(), await isTold()], [undefined, false]);
    assert.equal((await anchoring.checkpoint()).checkpoint.heads.some(({ chain }) => chain === old.chain), false);
  });
  it('reads the first and the last checkpoint of a writer, how long they have been there, and the keys', async () => {
    const { anchors, published, signer } = await make();
    const writer = `2026/11/22/${randomUUID()}`;
    const all = await Promise.all([0, 1, 2].map(async (number) => {
      const each = checkpoint(writer, { number });
      return { checkpoint: each, ...(await signer.sign(digestOf(each))) };
    }));
    for (const each of all) await anchors.put(each);
    const [first, last] = [await anchors.first(writer), await anchors.last(writer)];
    assert.deepEqual([first?.signed, last?.signed], [all[0], all[2]]);
    assert.ok(first && first.restsForMs >= 0 && first.restsForMs < 60_000);
    assert.deepEqual([await anchors.first(randomUUID()), await anchors.last(randomUUID())], [undefined, undefined]);
    const keys = await anchors.keys();
    assert.ok(published.length > 0 && isSigned(first.signed, keys));
  });
});

describe('heads and chains in storage', () => {
  it('go where they are taken out, and nowhere else', async () => {
    const { options, tables: endpoint } = await keeper();
    const tables = openTables({ ...options, endpoint });
    await ensureTables(tables);
    const heads = new TableHeadStore(tables.heads);
    const [one, other] = [`2026/11/22/${randomUUID()}`, `2026/11/22/${randomUUID()}`];
    for (const chain of [one, other]) await heads.put({ chain, records: 5, bytes: 50, hash: 'a'.repeat(64) });
    await heads.remove(one);
    await heads.remove(one);
    assert.deepEqual((await heads.list()).map(({ chain }) => chain).filter((chain) => chain === one || chain === other), [other]);
  });
  it('never go backwards, whoever tells an older one', async () => {
    const { options, tables: endpoint } = await keeper();
    const tables = openTables({ ...options, endpoint });
    await ensureTables(tables);
    const heads = new TableHeadStore(tables.heads);
    const chain = `2026/11/22/${randomUUID()}`;
    await heads.put({ chain, records: 5, bytes: 50, hash: 'a'.repeat(64) });
    await Promise.all([3, 9, 7].map((records) => heads.put({ chain, records, bytes: records * 10, hash: 'b'.repeat(64) })));
    await heads.put({ chain, records: 4, bytes: 40, hash: 'c'.repeat(64) });
    assert.deepEqual((await heads.list()).filter((head) => head.chain === chain), [{ chain, records: 9, bytes: 90, hash: 'b'.repeat(64) }]);
  });
  it('are read over all the blobs of a chain', async () => {
    const { options } = await keeper();
    const store = new BlobLedgerStore({ ...options, startedAt: new Date(), instance: randomUUID(), limits: { blocks: 2, blobBytes: 1e9, totalMs: 5_000 } });
    await store.prepare();
    const ledger = new Ledger(store, systemClock);
    for (let index = 0; index < 5; index += 1) await ledger.record(eventAt(index), { pressing: true });
    assert.match(store.name, /-0003\.jsonl$/);
    const reader = new BlobChainReader(options);
    const found = (await reader.list()).find(({ chain }) => chain === store.chain);
    assert.equal(found?.bytes, ledger.end.positionBytes);
    assert.ok((found?.restsForMs ?? -1) >= 0 && (found?.restsForMs ?? Infinity) < 60_000);
    const { records, hash } = await readOn(beginning(store.chain), ledger.end.positionBytes, (from, most) => reader.read(store.chain, from, most));
    assert.deepEqual([records, hash], [5, ledger.end.hash]);
  });
});
