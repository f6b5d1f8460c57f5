/** `--model URL`: which address is called, with which key, and what comes back. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { candidatesFor, createRelay } from '../../../sandbox/model/relay.ts';
import { createModelService } from '../../../sandbox/model/service.ts';
import { Stopwatch } from '../../machine.ts';

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const servers: Server[] = [];

async function listen(answer: (seen: Seen, response: ServerResponse) => void): Promise<{ readonly origin: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const entry = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.push(entry);
      answer(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return { origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, seen };
}

const ok = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}');
};

describe('sandbox model: relay', () => {
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const azure = (origin: string): string => `${origin}/openai/deployments/m/chat/completions?api-version=2024-10-21`;
  const rules: readonly (readonly [string, readonly string[], string])[] = [
    ['https://host/v1/chat/completions', ['https://host/v1/chat/completions'], 'openai'],
    ['https://host/openai/deployments/d/chat/completions?api-version=2025-01-01', ['https://host/openai/deployments/d/chat/completions?api-version=2025-01-01'], 'azure'],
    ['https://host/openai/deployments/d', ['https://host/openai/deployments/d/chat/completions?api-version=2024-10-21'], 'azure'],
    ['https://host/openai/deployments/', [azure('https://host')], 'azure'],
    ['https://host/v1', ['https://host/v1/chat/completions'], 'openai'],
    ['https://host/v1/', ['https://host/v1/chat/completions'], 'openai'],
    ['https://mine.openai.azure.com', [azure('https://mine.openai.azure.com')], 'azure'],
    ['http://127.0.0.1:8080', [azure('http://127.0.0.1:8080'), 'http://127.0.0.1:8080/v1/chat/completions', 'http://127.0.0.1:8080/chat/completions'], 'azure'],
  ];
  for (const [address, urls, style] of rules) {
    it(`understands ${address}`, () => {
      const candidates = candidatesFor(address, 'm');
      assert.deepEqual(candidates.map((candidate) => candidate.url), urls);
      assert.equal(candidates[0]?.style, style);
    });
  }

  it('refuses plain http to another machine, and what is no address, in one sentence', () => {
    assert.throws(() => createRelay({ url: 'http://models.example' }, 'd'), /plain http is allowed for a model on this machine only/u);
    assert.throws(() => createRelay({ url: 'http://127.0.0.1.evil.example' }, 'd'), /plain http/u);
    assert.throws(() => createRelay({ url: 'models' }, 'd'), /not a URL/u);
    assert.throws(() => createRelay({ url: 'ftp://host' }, 'd'), /http or https/u);
    assert.throws(() => createRelay({ url: 'https://me:secret@host' }, 'd'), (error: Error) => !error.message.includes('secret'));
    for (const url of ['http://localhost:1', 'http://[::1]:1', 'http://127.0.0.1:1', 'https://host']) createRelay({ url }, 'd');
  });

  it('tries the known paths of a bare address and remembers the one that worked', async () => {
    const { origin, seen } = await listen(({ url }, response) => (url.startsWith('/v1/') ? ok(response) : response.writeHead(404).end('{}')));
    const relay = createRelay({ url: origin, name: 'llama', key: 'k' }, 'd');
    assert.equal((await relay.forward({ messages: [], model: 'other' })).status, 200);
    assert.equal((await relay.forward({ messages: [] })).status, 200);
    assert.deepEqual(seen.map(({ url }) => url.split('?')[0]), ['/openai/deployments/llama/chat/completions', '/v1/chat/completions', '/v1/chat/completions']);
    assert.deepEqual(seen.map(({ headers }) => [headers['api-key'], headers.authorization]), [['k', undefined], [undefined, 'Bearer k'], [undefined, 'Bearer k']]);
    assert.equal((JSON.parse(seen[1]?.body ?? '') as { model: string }).model, 'llama');
  });

  it('gives back a 404 when no path works, and tries again next time', async () => {
    const { origin, seen } = await listen((_seen, response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here'));
    const relay = createRelay({ url: origin }, 'd');
    assert.equal((await relay.forward({})).status, 404);
    assert.equal((await relay.forward({})).status, 404);
    assert.equal(seen.length, 6);
  });

  it('passes on status, body and retry-after, hostile ones too', async () => {
    const answers: readonly (readonly [number, string])[] = [[429, '{"error":{"message":"slow down"}}'], [200, '<html>not JSON'], [200, '{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{\\"__proto__\\":1}'], [500, ''], [302, '']];
    for (const [status, body] of answers) {
      const { origin } = await listen((_seen, response) => response.writeHead(status, { 'retry-after': '7', 'content-type': 'text/plain', 'set-cookie': 'a=b', location: 'http://127.0.0.1:1/' }).end(body));
      const response = await createRelay({ url: `${origin}/v1` }, 'd').forward({});
      assert.equal(response.status, status);
      assert.equal(response.body, body);
      assert.equal(response.headers?.['retry-after'], '7');
      assert.equal(response.headers['set-cookie'], undefined);
    }
  });

  it('answers 502 when nobody is there, without naming the key', async () => {
    const response = await createRelay({ url: 'http://127.0.0.1:1/v1', key: 'secret-key' }, 'd').forward({});
    assert.equal(response.status, 502);
    assert.match(JSON.stringify(response.body), /"code":"BadGateway".*ECONNREFUSED|cannot be reached/u);
    assert.ok(!JSON.stringify(response).includes('secret-key'));
  });

  it('gives up on an endpoint that is too slow, and on an answer that is too large', async () => {
    const slow = await listen(() => undefined);
    const watch = new Stopwatch();
    assert.equal((await createRelay({ url: `${slow.origin}/v1` }, 'd', { timeoutMs: 80, maxBytes: 1000 }).forward({})).status, 502);
    assert.ok(watch.ms < 2000);
    const dripping = await listen((_seen, response) => void response.writeHead(200).write('{'));
    assert.equal((await createRelay({ url: `${dripping.origin}/v1` }, 'd', { timeoutMs: 80, maxBytes: 1000 }).forward({})).status, 502);
    const large = await listen((_seen, response) => response.writeHead(200).end('x'.repeat(5000)));
    assert.equal((await createRelay({ url: `${large.origin}/v1` }, 'd', { timeoutMs: 5000, maxBytes: 1000 }).forward({})).status, 502);
  });

  it('keeps embeddings local and still checks who calls', async function () {
    const { origin, seen } = await listen((_seen, response) => ok(response));
    const service = createModelService({ deployment: 'd', reasonerClientIds: new Set(['reasoner']), relay: { url: `${origin}/v1` } });
    const call = (path: string, clientId: string, body: unknown): unknown => {
      const handler = service.handlers.find((candidate) => candidate.path.endsWith(path));
      assert.ok(handler);
      return handler.handle({ method: 'POST', url: new URL(`https://h/openai/deployments/d${path}?api-version=2024-10-21`), params: { deployment: 'd' }, headers: {}, body, identity: { clientId, audience: 'https://cognitiveservices.azure.com' } });
    };
    assert.equal(((await call('/chat/completions', 'robot', {})) as { status: number }).status, 401);
    assert.equal(seen.length, 0);
    assert.equal(((await call('/embeddings', 'reasoner', { input: 'x' })) as { status: number }).status, 200);
    assert.equal(seen.length, 0);
    // The caller's own token stays here.
    assert.equal(((await call('/chat/completions', 'reasoner', { messages: [] })) as { status: number }).status, 200);
    assert.equal(seen[0]?.headers.authorization, undefined);
  });
});
