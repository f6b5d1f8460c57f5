import assert from 'node:assert/strict';
import { Agent, createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { createCertificates } from '../../../sandbox/tls.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { OneDriveFilePlace } from '../../../src/clients/file-upload.ts';
import { never, rejectsWith } from './support.ts';

const HOST = 'contoso-my.sharepoint.com';
const FILE = new Uint8Array(Buffer.from('PK\u0003\u0004 not really a table'));

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

describe('files into OneDrive', () => {
  let server: Server;
  let agent: Agent;
  let port = 0;
  let answer: (response: ServerResponse) => void = () => undefined;
  const seen: Seen[] = [];
  const dialled: string[] = [];

  before(async () => {
    const { caPem, cert, key } = await createCertificates([HOST, '*.sharepoint.com'], 'OneDrive test CA');
    server = createServer({ key, cert }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
        answer(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    const lookup: LookupFunction = (host, options, callback) => {
      dialled.push(host);
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    agent = new Agent({ ca: caPem, lookup });
  });

  after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  beforeEach(() => {
    seen.length = 0;
    dialled.length = 0;
    answer = (response) => void response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":"01ABC"}');
  });

  const endpoint = (): string => `https://${HOST}:${port}`;
  const place = (): OneDriveFilePlace => new OneDriveFilePlace({ endpoint: endpoint(), httpClient: createEgress({ allow: [endpoint()], agent }).httpClient });
  const address = (): string => `${endpoint()}/personal/hanna_contoso_com/_api/v2.0/drive/items/01/uploadSession?guid='1'`;

  for (const status of [200, 201]) {
    it(`puts the whole file in one request, without a token, and takes ${status} for success`, async () => {
      answer = (response) => void response.writeHead(status).end('{}');
      await place().put(address(), FILE, { signal: never });
      assert.equal(seen.length, 1);
      const [{ body, headers, method, path }] = seen as [Seen];
      assert.deepEqual([method, path], ['PUT', new URL(address()).pathname + new URL(address()).search]);
      assert.equal(headers['content-range'], `bytes 0-${FILE.byteLength - 1}/${FILE.byteLength}`);
      assert.equal(headers['content-length'], String(FILE.byteLength));
      assert.equal(headers.authorization, undefined);
      assert.ok(body.equals(FILE));
    });
  }

  const elsewhere = (): readonly string[] => [
    `https://evil-my.sharepoint.com:${port}/x`,
    `https://${HOST}.evil.example:${port}/x`,
    `https://${HOST}@evil.example:${port}/x`,
    `https://user:secret@${HOST}:${port}/x`,
    `http://${HOST}:${port}/x`,
    `https://${HOST}:${port + 1}/x`,
    `https://${HOST}/x`,
    `https:\\\\${HOST}:${port}\\x`,
    `https://127.0.0.1:${port}/x`,
    `//${HOST}:${port}/x`,
    'file:///etc/passwd',
    '',
  ];

  it('knows the addresses that are its own, in whatever case', () => {
    assert.equal(place().isItsAddress(address()), true);
    assert.equal(place().isItsAddress(address().replace(HOST, HOST.toUpperCase())), true);
    for (const url of elsewhere()) assert.equal(place().isItsAddress(url), false, url);
  });

  it('sends nothing to any other address, and does not even look it up', async () => {
    for (const url of elsewhere()) await rejectsWith(place().put(url, FILE, { signal: never }), 'SYSTEM_REFUSED');
    assert.deepEqual([seen.length, dialled], [0, []]);
  });

  it('follows no redirect to another host', async () => {
    answer = (response) => void response.writeHead(307, { location: `https://evil-my.sharepoint.com:${port}/x` }).end();
    await rejectsWith(place().put(address(), FILE, { signal: never }), 'SYSTEM_REFUSED');
    assert.deepEqual([seen.length, [...new Set(dialled)]], [1, [HOST]]);
  });

  for (const [status, code] of [[202, 'SYSTEM_REFUSED'], [401, 'SYSTEM_REFUSED'], [404, 'SYSTEM_REFUSED'], [409, 'SYSTEM_REFUSED'], [507, 'SYSTEM_OUTCOME_UNKNOWN'], [503, 'SYSTEM_OUTCOME_UNKNOWN']] as const) {
    it(`puts it once and fails with ${code} on ${status}`, async () => {
      answer = (response) => void response.writeHead(status).end('{}');
      await rejectsWith(place().put(address(), FILE, { signal: never }), code);
      assert.equal(seen.length, 1);
    });
  }

  it('does not know the outcome of an upload that got no answer, and does not repeat it', async () => {
    answer = (response) => response.destroy();
    await rejectsWith(place().put(address(), FILE, { signal: never }), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.equal(seen.length, 1);
  });

  it('says that nothing was put where the host could not be reached', async () => {
    const unreachable = `https://${HOST}:1`;
    const { httpClient } = createEgress({ allow: [unreachable], agent });
    await rejectsWith(new OneDriveFilePlace({ endpoint: unreachable, httpClient }).put(`${unreachable}/x`, FILE, { signal: never }), 'SYSTEM_UNAVAILABLE');
  });

  it('stops when it is aborted', async () => {
    const stop = new AbortController();
    answer = () => stop.abort();
    await rejectsWith(place().put(address(), FILE, { signal: stop.signal }), 'SYSTEM_OUTCOME_UNKNOWN');
  });
});
