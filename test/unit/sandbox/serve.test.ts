import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { createFaults } from '../../../sandbox/faults.ts';
import type { Handler, SandboxRequest, Service } from '../../../sandbox/http.ts';
import { createIssuer } from '../../../sandbox/issuer.ts';
import { createJournal } from '../../../sandbox/journal.ts';
import { mount } from '../../../sandbox/serve.ts';
import { listen } from '../../../sandbox/wire.ts';
import { rejection } from './shared-cloud.ts';

const audience = 'https://graph.microsoft.com';
const seen: SandboxRequest[] = [];
const handler = (method: Handler['method'], path: string, effect = false): Handler => ({
  method,
  path,
  handle: (request) => {
    seen.push(request);
    return { status: 200, body: { path, params: request.params, body: request.body ?? null }, effect };
  },
});
const service: Service = {
  name: 'graph',
  audience,
  handlers: [
    handler('GET', '/v1.0/users/:id'),
    handler('GET', '/v1.0/users/delta'),
    handler('PATCH', '/v1.0/users/:id', true),
    { method: 'GET', path: '/throws', handle: () => { throw new Error('a bug'); } },
    { method: 'GET', path: '/unserialisable', handle: () => ({ status: 200, body: 1n }) },
    { method: 'POST', path: '/text', handle: () => ({ status: 201, headers: { 'content-type': 'text/csv' }, body: 'a,b' }) },
    { method: 'POST', path: '/nothing', handle: () => ({ status: 204, effect: true }) },
  ],
  error: (status, code, message) => ({ error: { status, code, message } }),
};

describe('sandbox server', function () {
  const journal = createJournal();
  const faults = createFaults();
  const issuer = createIssuer('tenant');
  let server: Awaited<ReturnType<typeof mount>>;
  let token = '';
  let base = '';

  before(async () => {
    server = await mount({ service, journal, faults, issuer, challenge: 'Bearer realm=""', maximumBodyBytes: 1000 });
    base = `http://127.0.0.1:${server.port}`;
    token = await issuer.issue({ clientId: 'me', objectId: 'o', audience, lifetimeSeconds: 3600 });
  });
  after(() => server.close());
  afterEach(() => faults.clear());

  const call = async (path: string, options: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}) => {
    const answer = await fetch(base + path, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : undefined };
  };
  const codeOf = (json: Record<string, unknown> | undefined): unknown => (json?.['error'] as Record<string, unknown> | undefined)?.['code'];

  it('routes without regard to case, decodes names, and prefers literal segments', async () => {
    assert.deepEqual((await call('/V1.0/Users/a%2Fb%20c/')).json?.['params'], { id: 'a/b c' });
    assert.equal((await call('/v1.0/users/delta')).json?.['path'], '/v1.0/users/delta');
    assert.deepEqual((await call('/v1.0/users/x', { method: 'PATCH', body: '{"a":1}' })).json?.['body'], { a: 1 });
    assert.equal(seen.at(-1)?.identity?.clientId, 'me');
    assert.equal((await call('/nothing', { method: 'POST' })).text, '');
    assert.equal((await call('/text', { method: 'POST' })).text, 'a,b');
    const head = await call('/v1.0/users/x', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
  });

  it('answers unknown routes, methods and bad bodies in the shape of the service', async () => {
    const outcomes = await Promise.all([
      call('/nowhere'),
      call('/v1.0/users/a/b/c'),
      call('/v1.0/users/x', { method: 'DELETE' }),
      call('/v1.0/users/%ff'),
      call('/v1.0/users/x', { method: 'PATCH', body: '{"a":' }),
      call('/v1.0/users/x', { method: 'PATCH', body: 'x'.repeat(1001) }),
      call('//evil.example/x'),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status), [404, 404, 405, 400, 400, 413, 404]);
    for (const { json, headers } of outcomes) {
      assert.equal(typeof codeOf(json), 'string');
      assert.ok(headers.get('request-id'));
    }
    assert.equal(outcomes[2].headers.get('allow'), 'GET, PATCH');
  });

  it('answers 500 for a bug of its own, and lives on', async () => {
    const write = process.stderr.write;
    process.stderr.write = () => true;
    try {
      assert.equal((await call('/throws')).status, 500);
      const since = (journal.entries().at(-1)?.index ?? 0) + 1;
      assert.equal((await call('/unserialisable')).status, 500);
      assert.deepEqual(journal.entries({ since }).map(({ status }) => status), [500]);
    } finally {
      process.stderr.write = write;
    }
    assert.equal((await call('/v1.0/users/x')).status, 200);
  });

  it('survives what is not HTTP, a Host that is none, and a client that leaves mid-body', async () => {
    const send = (text: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
        let answer = '';
        socket.on('data', (chunk) => {
          answer += chunk.toString();
          socket.destroy();
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(answer));
        setTimeout(() => socket.destroy(), 300);
      });
    assert.match(await send('\x16\x03\x01 not http\r\n\r\n'), /^HTTP\/1\.1 400/);
    assert.match(await send(`GET /v1.0/users/x HTTP/1.1\r\nHost: a b\r\nAuthorization: Bearer ${token}\r\n\r\n`), /^HTTP\/1\.1 200/);
    assert.equal(await send('PATCH /v1.0/users/x HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{'), '');
    assert.equal((await call('/v1.0/users/x')).status, 200);
  });

  it('refuses missing, foreign, expired and early tokens with 401 and a challenge', async () => {
    const other = createIssuer('other-tenant');
    const order = { clientId: 'me', objectId: 'o', audience, lifetimeSeconds: 3600 };
    const bad = ['', 'Basic abc', 'Bearer x', `Bearer ${await other.issue(order)}`, `Bearer ${await issuer.issue({ ...order, lifetimeSeconds: -10 })}`, `Bearer ${await issuer.issue({ ...order, audience: 'https://vault.azure.net' })}`];
    for (const authorization of bad) {
      const answer = await call('/v1.0/users/x', { headers: { authorization } });
      assert.equal(answer.status, 401, authorization);
      assert.equal(codeOf(answer.json), 'InvalidAuthenticationToken');
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm=""');
    }
  });

  it('stops accepting a token that it knows when the token expires', async () => {
    const short = await issuer.issue({ clientId: 'me', objectId: 'o', audience, lifetimeSeconds: 2 });
    const headers = { authorization: `Bearer ${short}` };
    assert.equal((await call('/v1.0/users/x', { headers })).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 2050));
    assert.equal((await call('/v1.0/users/x', { headers })).status, 401);
  });

  it('plays every kind of fault, as often as told', async () => {
    const before = seen.length;
    faults.post({ service: 'graph', kind: 'status', status: 429, code: 'TooManyRequests', retryAfterSeconds: 2, times: 1 });
    const limited = await call('/v1.0/users/x');
    assert.deepEqual([limited.status, codeOf(limited.json), limited.headers.get('retry-after')], [429, 'TooManyRequests', '2']);
    assert.equal((await call('/v1.0/users/x')).status, 200);

    faults.post({ service: 'graph', kind: 'body', status: 200, body: '<html>', contentType: 'text/html', times: 1 });
    const odd = await call('/v1.0/users/x');
    assert.deepEqual([odd.status, odd.text, odd.headers.get('content-type')], [200, '<html>', 'text/html']);

    faults.post({ service: 'graph', kind: 'reset', times: 1 });
    assert.match(String((await rejection(call('/v1.0/users/x'))).cause), /closed|ECONNRESET/);

    faults.post({ service: 'graph', kind: 'hang', times: 1 });
    assert.equal((await rejection(call('/v1.0/users/x', { signal: AbortSignal.timeout(100) }))).name, 'TimeoutError');
    assert.equal(seen.length - before, 1);

    faults.post({ service: 'graph', kind: 'delay', delayMs: 100, times: 1, method: 'patch', path: '/users/[^/]+$' });
    await call('/v1.0/users/x');
    assert.equal(faults.list().length, 1);
    const start = performance.now();
    await call('/v1.0/users/x', { method: 'PATCH', body: '{}' });
    assert.ok(performance.now() - start > 95);
    assert.deepEqual(journal.entries().slice(-7).map(({ status }) => status), [429, 200, 200, 0, 0, 200, 200]);
  });

  it('carries out a delayed request whose sender gave up', async () => {
    faults.post({ service: 'graph', kind: 'delay', delayMs: 150 });
    const since = (journal.entries().at(-1)?.index ?? 0) + 1;
    await rejection(call('/v1.0/users/late', { method: 'PATCH', body: '{}', signal: AbortSignal.timeout(50) }));
    assert.equal(journal.entries({ since, effect: true }).length, 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(journal.entries({ since, effect: true }).length, 1);
  });

  it('journals before the caller sees the answer, with effect only where something changed', async () => {
    const since = (journal.entries().at(-1)?.index ?? 0) + 1;
    await call('/v1.0/users/x?$select=id,displayName', { method: 'PATCH', body: '{"accountEnabled":false}' });
    const [entry] = journal.entries({ since });
    assert.deepEqual(
      { ...entry, time: '' },
      { index: since, time: '', service: 'graph', method: 'PATCH', path: '/v1.0/users/x', query: '$select=id,displayName', identity: 'me', audience, status: 200, body: { accountEnabled: false }, effect: true },
    );
    await call('/v1.0/users/x', { method: 'DELETE' });
    assert.equal(journal.entries().at(-1)?.effect, false);
  });

  it('says which port is taken', async () => {
    const first = await listen((_request, response) => response.end());
    try {
      const error = await rejection(listen(() => undefined, { port: first.port }));
      assert.equal(error.code, 'EADDRINUSE');
    } finally {
      await first.close();
    }
  });
});

