import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { bearer, raw, rejection, sharedCloud, startTestCloud } from './shared-cloud.ts';

const tableFor = (cloud: Cloud, name: 'keeper' | 'robot', table: string): TableClient =>
  new TableClient(cloud.endpoints.tables, table, cloud.credentialFor(cloud.identities[name]), { agent: cloud.agent, retryOptions: { maxRetries: 0 } });
// `agent` is honoured at run time, but missing from the option type.
const blobsFor = (cloud: Cloud, name: 'keeper' | 'robot'): BlobServiceClient =>
  new BlobServiceClient(cloud.endpoints.blobs, cloud.credentialFor(cloud.identities[name]), { agent: cloud.agent, retryOptions: { maxTries: 1 } } as object);

describe('sandbox storage', function () {

  it('keeps entities and refuses a stale ETag', async () => {
    const cloud = await sharedCloud();
    const table = tableFor(cloud, 'keeper', 'etags');
    await table.createTable();
    const { etag } = await table.createEntity({ partitionKey: 'p', rowKey: 'r', n: 1 });
    await table.updateEntity({ partitionKey: 'p', rowKey: 'r', n: 2 }, 'Replace', { etag: etag ?? '' });
    const stale = await rejection(table.updateEntity({ partitionKey: 'p', rowKey: 'r', n: 3 }, 'Replace', { etag: etag ?? '' }));
    assert.equal(stale.statusCode, 412);
    await table.submitTransaction([
      ['create', { partitionKey: 'p', rowKey: 'a' }],
      ['create', { partitionKey: 'p', rowKey: 'b' }],
    ]);
    const keys: unknown[] = [];
    for await (const entity of table.listEntities({ queryOptions: { filter: "PartitionKey eq 'p'" } })) keys.push(entity.rowKey);
    assert.deepEqual(keys, ['a', 'b', 'r']);
  });

  it('appends to blobs at the position asked for and nowhere else', async () => {
    const cloud = await sharedCloud();
    const container = blobsFor(cloud, 'keeper').getContainerClient('appends');
    await container.create();
    const blob = container.getAppendBlobClient('chain');
    await blob.create({ conditions: { ifNoneMatch: '*' } });
    await blob.appendBlock('first\n', 6, { conditions: { appendPosition: 0 } });
    const late = await rejection(blob.appendBlock('other\n', 6, { conditions: { appendPosition: 0 } }));
    assert.equal(late.statusCode, 412);
    assert.equal((await blob.downloadToBuffer()).toString(), 'first\n');
  });

  it('refuses the robot with AuthorizationPermissionMismatch, in the shape of each service', async () => {
    const cloud = await sharedCloud();
    const table = await rejection(tableFor(cloud, 'robot', 'forbidden').createTable());
    assert.equal(table.statusCode, 403);
    assert.match(JSON.stringify(table.details), /AuthorizationPermissionMismatch/);
    const blob = await rejection(blobsFor(cloud, 'robot').getContainerClient('forbidden').create());
    assert.equal(blob.statusCode, 403);
    assert.equal(blob.code, 'AuthorizationPermissionMismatch');
  });

  it('refuses a forged token, a wrong audience and a shared key, which Azurite alone would not all do', async () => {
    const cloud = await sharedCloud();
    const { authorization } = await bearer(cloud, cloud.identities.robot, 'https://storage.azure.com');
    const [head, claims = '', signature] = authorization.split('.');
    const forged = Buffer.from(claims, 'base64url').toString().replace(cloud.identities.robot, cloud.identities.keeper);
    const attempts = {
      forged: `${head}.${Buffer.from(forged).toString('base64url')}.${signature}`,
      audience: (await bearer(cloud, cloud.identities.keeper, 'https://vault.azure.net')).authorization,
      sharedKey: `SharedKey stewardsandbox:${Buffer.alloc(32).toString('base64')}`,
    };
    for (const [name, value] of Object.entries(attempts)) {
      const answer = await raw(cloud.agent, `${cloud.endpoints.tables}/Tables`, { headers: { authorization: value, 'x-ms-version': '2019-02-02' } });
      assert.equal(answer.status, 401, name);
      assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer authorization_uri=/);
    }
    assert.equal((await raw(cloud.agent, `${cloud.endpoints.blobs}/?comp=list`)).status, 401);
  });

  it('journals table bodies without disturbing them, and no blob content', async () => {
    const cloud = await sharedCloud();
    const since = (cloud.journal.entries().at(-1)?.index ?? 0) + 1;
    const table = tableFor(cloud, 'keeper', 'journalled');
    await table.createTable();
    const long = 'x'.repeat(30_000);
    await table.createEntity({ partitionKey: 'p', rowKey: 'r', colour: 'teal', password: 'hunter22', long });
    assert.equal((await table.getEntity('p', 'r'))['long'], long);
    const container = blobsFor(cloud, 'keeper').getContainerClient('journalled');
    await container.create();
    await container.getBlockBlobClient('b').upload('blob content', 12);
    const entries = cloud.journal.entries({ since, service: 'storage' });
    const insert = entries.find(({ method, path }) => method === 'POST' && path === '/journalled');
    assert.equal(insert?.status, 204);
    assert.equal(insert.identity, cloud.identities.keeper);
    assert.equal((insert.body as Record<string, unknown>)['colour'], 'teal');
    assert.ok(!JSON.stringify(entries).includes('hunter22'));
    assert.ok(!JSON.stringify(entries).includes('blob content'));
    assert.ok(entries.every(({ effect }) => !effect));
    assert.equal(entries.length, 5);
  });

  it('obeys faults before Azurite sees the request', async () => {
    const cloud = await startTestCloud();
    try {
      const table = tableFor(cloud, 'keeper', 'faulty');
      cloud.faults.post({ service: 'storage', method: 'POST', kind: 'status', status: 503, code: 'ServerBusy', times: 1 });
      const busy = await rejection(table.createTable());
      assert.equal(busy.statusCode, 503);
      assert.match(JSON.stringify(busy.details), /ServerBusy/);
      await table.createTable();
      cloud.faults.post({ service: 'storage', path: '^/faulty', kind: 'delay', delayMs: 120, times: 1 });
      const start = performance.now();
      await table.createEntity({ partitionKey: 'p', rowKey: 'delayed', text: 'kept' });
      assert.ok(performance.now() - start >= 115);
      assert.equal((await table.getEntity('p', 'delayed'))['text'], 'kept');
      cloud.faults.post({ service: 'storage', kind: 'reset', times: 1 });
      assert.equal((await rejection(table.getEntity('p', 'delayed'))).code, 'ECONNRESET');
      assert.equal(cloud.journal.entries().at(-1)?.status, 0);
    } finally {
      await cloud.stop();
    }
  });

  it('empties tables and containers on request and leaves them usable', async () => {
    const cloud = await startTestCloud();
    try {
      const table = tableFor(cloud, 'keeper', 'cleared');
      await table.createTable();
      await table.createEntity({ partitionKey: 'p', rowKey: 'r' });
      const container = blobsFor(cloud, 'keeper').getContainerClient('cleared');
      await container.create();
      await container.getAppendBlobClient('b').create();
      cloud.storage.clear();
      assert.equal((await rejection(table.getEntity('p', 'r'))).statusCode, 404);
      assert.equal(await container.getAppendBlobClient('b').exists(), false);
      await table.createEntity({ partitionKey: 'p', rowKey: 'r' });
      await container.getAppendBlobClient('b').create({ conditions: { ifNoneMatch: '*' } });
    } finally {
      await cloud.stop();
    }
  });

  it('keeps data between runs in a data folder', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'steward-sandbox-'));
    try {
      const first = await startTestCloud({ dataDir });
      const table = tableFor(first, 'keeper', 'kept');
      await table.createTable();
      await table.createEntity({ partitionKey: 'p', rowKey: 'r', text: 'still here' });
      const container = blobsFor(first, 'keeper').getContainerClient('kept');
      await container.create();
      const blob = container.getAppendBlobClient('b');
      await blob.create();
      await blob.appendBlock('line\n', 5);
      await first.stop();
      const second = await startTestCloud({ dataDir });
      try {
        assert.equal((await tableFor(second, 'keeper', 'kept').getEntity('p', 'r'))['text'], 'still here');
        const read = await blobsFor(second, 'keeper').getContainerClient('kept').getAppendBlobClient('b').downloadToBuffer();
        assert.equal(read.toString(), 'line\n');
      } finally {
        await second.stop();
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
