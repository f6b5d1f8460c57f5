/** Upstreams that mean ill, over real TLS: nothing is called done that was not, and time, memory and reach stay bounded. */
import assert from 'node:assert/strict';
import { createServer as createPlainServer, type AddressInfo, type Socket } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod/v4';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { SystemClient, type SystemClientOptions } from '../../../src/clients/system.ts';
import { errorCode, type StewardErrorCode } from '../../../src/errors.ts';
import { json, rejectsWith, serve, tokens, until, type Server } from './support.ts';
import { Stopwatch } from '../../machine.ts';

const KIBIBYTE = 1024;
/** What the tests let one answer have. */
const MOST_BYTES = 64 * KIBIBYTE;
const TOTAL_MS = 700;
const ATTEMPT_MS = 250;
/** What this machine may take longer, busy as it is. */
const SLACK_MS = 600;

const authorize: SystemClientOptions['authorize'] = { name: 'identity', sendRequest: async (request, next) => next(request) };

function clientOf(server: Server, changes: Partial<SystemClientOptions> = {}): SystemClient {
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent, mostResponseBytes: MOST_BYTES });
  return new SystemClient({ name: 'upstream', base: server.url, authorize, httpClient, clock: systemClock, requestIdHeader: 'request-id', totalMs: TOTAL_MS, attemptMs: ATTEMPT_MS, ...changes });
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const watch = new Stopwatch();
  try {
    return await promise;
  } finally {
    const tookMs = watch.ms;
    assert(tookMs <= ms + SLACK_MS, `took ${Math.round(tookMs)} ms, may take ${ms} ms`);
  }
}

/** Writes for as long as the other side takes it; `written` are the bytes that were taken. */
function endless(response: ServerResponse, piece: string, everyMs: number): { written: number } {
  const count = { written: 0 };
  const timer = setInterval(() => {
    if (response.destroyed) return clearInterval(timer);
    if (response.writableLength > MOST_BYTES) return;
    response.write(piece);
    count.written += piece.length;
  }, everyMs);
  return count;
}

type Answer = (response: ServerResponse, request: IncomingMessage, server: () => Server) => void;

/** What a read and an effect fail with, and how often each was sent at most. */
const hostile: Readonly<Record<string, readonly [Answer, StewardErrorCode, StewardErrorCode, number]>> = {
  '500': [(response) => json(response, 500, { error: { code: 'InternalServerError' } }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  '500 in HTML': [(response) => response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>oops</h1>'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  '429 with a short Retry-After': [(response) => json(response, 429, {}, { 'retry-after': '0' }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_UNAVAILABLE', 2],
  '429 with a Retry-After of a day': [(response) => json(response, 429, {}, { 'retry-after': '86400' }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_UNAVAILABLE', 1],
  '429 with a Retry-After that is no time': [(response) => json(response, 429, {}, { 'retry-after': 'soon' }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_UNAVAILABLE', 2],
  '429 without a header': [(response) => json(response, 429, { error: { code: 'TooManyRequests' } }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_UNAVAILABLE', 2],
  'HTML with 200': [(response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<form>Sign in</form>'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'HTML that says it is JSON': [(response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<form>Sign in</form>'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'JSON that says it is HTML': [(response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{"value":true}'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'JSON that breaks off': [(response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"result":{"sys_id":"x","error":'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'compressed JSON that nobody asked for': [(response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('{}'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'Graph’s error with 200': [(response) => json(response, 200, { error: { code: 'generalException', message: 'x' } }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'ServiceNow’s error with 200': [(response) => json(response, 200, { error: { message: 'Transaction cancelled: maximum execution time exceeded', detail: 'x' }, status: 'failure' }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'ServiceNow’s error with 201': [(response) => json(response, 201, { status: 'failure' }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  '409 Directory_ConcurrencyViolation': [(response) => json(response, 409, { error: { code: 'Directory_ConcurrencyViolation', message: 'Please wait briefly and retry.' } }), 'SYSTEM_UNAVAILABLE', 'SYSTEM_UNAVAILABLE', 2],
  '409 that only speaks of it': [(response) => json(response, 409, { error: { code: 'Request_Conflict', message: 'Directory_ConcurrencyViolation is the name of the group' } }), 'SYSTEM_REFUSED', 'SYSTEM_REFUSED', 1],
  'a redirect elsewhere': [(response) => response.writeHead(307, { location: 'https://evil.example/take' }).end(), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'a redirect to itself': [(response, request, server) => response.writeHead(308, { location: `${server().url}${request.url ?? ''}` }).end(), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'an endless header': [(response) => void response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(64 * KIBIBYTE)}`), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'what is no HTTP': [(response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'fewer bytes than it said': [(response) => { response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"value":true}'); setTimeout(() => response.destroy(), 20); }, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'nothing at all': [() => undefined, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
  'half a head': [(response) => void response.socket?.write('HTTP/1.1 200 OK\r\ncontent-type: appl'), 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN', 1],
};

describe('an upstream that answers with', () => {
  for (const [what, [answer, read, effect, sends]] of Object.entries(hostile)) {
    it(`${what}: ${read} for a read, ${effect} for an effect, which is sent ${sends === 1 ? 'once' : 'twice'}`, async () => {
      const server = await serve((request, response) => {
        answer(response, request, () => server);
      });
      const client = clientOf(server);
      await within(TOTAL_MS, rejectsWith(client.request('GET', '/x'), read));
      assert(server.requests.length <= 3, `a read was sent ${server.requests.length} times`);
      const reads = server.requests.length;
      await within(TOTAL_MS, rejectsWith(client.request('POST', '/x', { body: {} }), effect));
      assert.equal(server.requests.length - reads, sends);
    });
  }

  for (const [what, everyMs, piece] of [['a body without end', 0, ' '.repeat(1024 * KIBIBYTE)], ['a body that drips', 20, ' ']] as const) {
    it(`${what}: read no further than the limit, and no longer than the deadline`, async () => {
      const counts: { written: number }[] = [];
      const sockets = new Set<Socket>();
      const server = await serve((request, response) => {
        sockets.add(request.socket);
        response.writeHead(200, { 'content-type': 'application/json' });
        counts.push(endless(response, piece, everyMs));
      });
      const client = clientOf(server);
      await within(TOTAL_MS, rejectsWith(client.request('GET', '/x'), 'SYSTEM_UNAVAILABLE'));
      await within(ATTEMPT_MS, rejectsWith(client.request('PATCH', '/x', { body: {} }), 'SYSTEM_OUTCOME_UNKNOWN'));
      assert(counts.length <= 4);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // What a kernel and a TLS stack hold on the way comes on top of the limit; without one it would be without end.
      for (const { written } of counts) assert(written < MOST_BYTES + 8 * 1024 * KIBIBYTE, `${written} bytes were taken`);
      for (const socket of sockets) assert(socket.destroyed, 'the connection is closed');
      const before = counts.map(({ written }) => written);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(counts.map(({ written }) => written), before, 'and nothing is read any more');
    });
  }

  it('JSON of the deepest nesting: an answer in an unexpected shape, and nothing worse', async () => {
    const depth = 30_000;
    const server = await serve((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(`${'['.repeat(depth)}${']'.repeat(depth)}`));
    const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient: createEgress({ allow: [server.url], agent: server.agent }).httpClient, clock: systemClock });
    await rejectsWith(graph.list('/things', z.object({ id: z.string() }), 10), 'SYSTEM_UNAVAILABLE');
  });

  it('JSON with a prototype: what is read of it has the shape that was asked for, and nothing else changes', async () => {
    const server = await serve((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"value":[{"id":"a","__proto__":{"admin":true}}],"__proto__":{"polluted":true}}'));
    const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient: createEgress({ allow: [server.url], agent: server.agent }).httpClient, clock: systemClock });
    const { items } = await graph.list('/things', z.object({ id: z.string() }), 10);
    assert.deepEqual(items, [{ id: 'a' }]);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.equal((items[0] as Record<string, unknown>)['admin'], undefined);
  });

  it('a door that opens and says nothing: not done, for an effect too, since nothing was sent', async () => {
    const sockets: Socket[] = [];
    const silent = createPlainServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const client = new SystemClient({ name: 'upstream', base: url, authorize, httpClient: createEgress({ allow: [url] }).httpClient, clock: systemClock, requestIdHeader: 'x', totalMs: TOTAL_MS, attemptMs: ATTEMPT_MS });
      await within(TOTAL_MS, rejectsWith(client.request('POST', '/x', { body: {} }), 'SYSTEM_UNAVAILABLE'));
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });
});

describe('a list whose next link', () => {
  const listOf = async (next: (server: Server, page: number) => string, pageSize = 1) => {
    let page = 0;
    const server: Server = await serve((_request, response) => json(response, 200, { value: Array.from({ length: pageSize }, (_, index) => ({ n: page * pageSize + index })), '@odata.nextLink': next(server, (page += 1)) }));
    const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient: createEgress({ allow: [server.url], agent: server.agent }).httpClient, clock: systemClock });
    return { server, list: (most: number) => graph.list('/things', z.object({ n: z.number() }), most) };
  };

  it('leads back is not read twice, and half of it does not pass for the whole', async () => {
    const { list, server } = await listOf(({ url }) => `${url}/v1.0/things?$skiptoken=a`);
    await rejectsWith(list(1_000), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 2);
  });

  it('leads back over two pages is not read for ever', async () => {
    const { list, server } = await listOf(({ url }, page) => `${url}/v1.0/things?$skiptoken=${page % 2}`);
    await rejectsWith(list(1_000), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 3);
  });

  it('is new each time ends at a bound', async () => {
    const { list, server } = await listOf(({ url }, page) => `${url}/v1.0/things?$skiptoken=${page}`);
    await rejectsWith(list(1_000), 'SYSTEM_UNAVAILABLE');
    assert(server.requests.length <= 50, `${server.requests.length} pages`);
  });

  for (const [what, link] of [['another host', () => 'https://evil.example/v1.0/things'], ['another port', () => 'https://graph.microsoft.com:1/v1.0/things'], ['no TLS', ({ url }: Server) => url.replace('https:', 'http:')], ['what is no address', () => '//'], ['a script', () => 'javascript:alert(1)']] as const) {
    it(`leads to ${what} is not followed`, async () => {
      const { list, server } = await listOf(link);
      await rejectsWith(list(1_000), 'SYSTEM_UNAVAILABLE');
      assert.equal(server.requests.length, 1);
    });
  }

  it('brings a name and a password along is refused by the egress list', async () => {
    const { list, server } = await listOf(({ url }) => url.replace('https://', 'https://user:password@'));
    await rejectsWith(list(1_000), 'SYSTEM_REFUSED');
    assert.equal(server.requests.length, 1);
  });
});

describe('what stands before the wire', () => {
  const hanging: SystemClientOptions['authorize'] = { name: 'identity', sendRequest: () => new Promise(() => undefined) };

  it('a token that does not come: not done in time, and nothing is sent', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    for (const method of ['GET', 'POST'] as const) await within(TOTAL_MS, rejectsWith(clientOf(server, { authorize: hanging }).request(method, '/x'), 'SYSTEM_UNAVAILABLE'));
    assert.equal(server.requests.length, 0);
  });

  it('a token that comes too late: what was given up is not sent any more', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const late: SystemClientOptions['authorize'] = { name: 'identity', sendRequest: async (request, next) => new Promise((resolve) => setTimeout(resolve, 2 * ATTEMPT_MS)).then(async () => next(request)) };
    await within(TOTAL_MS, rejectsWith(clientOf(server, { authorize: late }).request('POST', '/x'), 'SYSTEM_UNAVAILABLE'));
    await new Promise((resolve) => setTimeout(resolve, 3 * ATTEMPT_MS));
    assert.equal(server.requests.length, 0);
  });

  it('a kill while it waits for a token is heard at once', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const controller = new AbortController();
    const killed = new Error('killed');
    setTimeout(() => controller.abort(killed), 30);
    await within(500, assert.rejects(clientOf(server, { authorize: hanging, totalMs: 60_000, attemptMs: 60_000 }).request('POST', '/x', { signal: controller.signal }), killed));
    assert.equal(server.requests.length, 0);
  });

  it('an effect that a challenge asks for again is sent again only if it still may be', async () => {
    const server = await serve((_request, response) => response.writeHead(401, { 'www-authenticate': 'Bearer realm="", error="insufficient_claims", claims="e30="' }).end());
    const again: SystemClientOptions['authorize'] = { name: 'identity', sendRequest: async (request, next) => ((await next(request)).status === 401 ? next(request) : next(request)) };
    await rejectsWith(clientOf(server, { authorize: again }).request('POST', '/x', { beforeRetry: () => Promise.reject(new Error('killed')) }), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 1);
    await rejectsWith(clientOf(server, { authorize: again }).request('POST', '/x', { beforeRetry: () => Promise.resolve() }), 'SYSTEM_REFUSED');
    assert.equal(server.requests.length, 3);
  });
});

describe('the circuit breaker', () => {
  /** As many silent attempts in a row open it, for so long; src/clients/system.ts. */
  const OPENS_AFTER = 9;
  const PAUSE_MS = 5_000;
  const real = Date.now;
  let aheadMs = 0;
  before(() => {
    // Cockatiel measures its pause by the wall clock.
    Date.now = () => real() + aheadMs;
  });
  after(() => {
    Date.now = real;
  });

  /** An upstream that fails or not, as `state` says, and a client of it. */
  async function made(changes: Partial<SystemClientOptions> = {}) {
    const state: { answer: 'fails' | 'hangs' | 'works' | 'refuses' } = { answer: 'fails' };
    const server = await serve((_request, response) => {
      if (state.answer === 'hangs') return;
      json(response, { fails: 500, works: 200, refuses: 403 }[state.answer], { fine: true });
    });
    const client = clientOf(server, { breaker: true, ...changes });
    const effect = (signal?: AbortSignal): Promise<string> => client.request('POST', '/x', { body: {}, ...(signal && { signal }) }).then(() => 'done', (error: unknown) => errorCode(error) ?? String(error));
    const fail = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) await effect();
    };
    const asked = (): number => server.requests.length;
    return { asked, client, effect, fail, server, state };
  }

  it('opens after repeated silence: then nothing is sent, and an effect is not done instead of unknown', async () => {
    const { asked, client, effect, fail, state } = await made();
    await fail(OPENS_AFTER - 1);
    assert.equal(await effect(), 'SYSTEM_OUTCOME_UNKNOWN');
    state.answer = 'works';
    assert.equal(await effect(), 'SYSTEM_UNAVAILABLE');
    await within(200, rejectsWith(client.request('GET', '/x'), 'SYSTEM_UNAVAILABLE'));
    assert.equal(asked(), OPENS_AFTER);
  });

  it('counts silence in a row only: any answer, a refusal too, starts it anew', async () => {
    for (const answer of ['works', 'refuses'] as const) {
      const { asked, effect, fail, state } = await made();
      await fail(OPENS_AFTER - 1);
      state.answer = answer;
      await effect();
      state.answer = 'fails';
      await fail(OPENS_AFTER - 1);
      assert.equal(await effect(), 'SYSTEM_OUTCOME_UNKNOWN', 'still asked');
      assert.equal(asked(), 2 * OPENS_AFTER);
    }
  });

  it('lets one through after its pause, closes when it is answered, and waits again when it is not', async () => {
    const { asked, effect, fail, state } = await made();
    await fail(OPENS_AFTER);
    aheadMs += PAUSE_MS + 1;
    assert.equal(await effect(), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.equal(await effect(), 'SYSTEM_UNAVAILABLE');
    assert.equal(asked(), OPENS_AFTER + 1);
    state.answer = 'works';
    aheadMs += PAUSE_MS + 1;
    assert.equal(await effect(), 'done');
    assert.equal(await effect(), 'done');
    assert.equal(asked(), OPENS_AFTER + 3);
  });

  it('makes nobody wait for the one that it let through: neither past a deadline nor past a kill', async () => {
    const { asked, effect, fail, state } = await made({ totalMs: 2_000, attemptMs: 2_000 });
    await fail(OPENS_AFTER);
    aheadMs += PAUSE_MS + 1;
    state.answer = 'hangs';
    const trial = new AbortController();
    const first = effect(trial.signal);
    await until(async () => asked() === OPENS_AFTER + 1);
    assert.equal(await within(500, effect()), 'SYSTEM_UNAVAILABLE');
    assert.equal(asked(), OPENS_AFTER + 1);
    trial.abort();
    await first;
  });

  it('does not count what was aborted: neither as silence nor as an answer', async () => {
    const { asked, effect, fail, state } = await made();
    const aborted = async (): Promise<void> => {
      state.answer = 'hangs';
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 40);
      await effect(controller.signal);
      state.answer = 'fails';
    };
    await aborted();
    await fail(OPENS_AFTER - 1);
    await aborted();
    assert.equal(asked(), OPENS_AFTER + 1);
    assert.equal(await effect(), 'SYSTEM_OUTCOME_UNKNOWN', 'the ninth silence is sent');
    assert.equal(await effect(), 'SYSTEM_UNAVAILABLE', 'and after it nothing');
    assert.equal(asked(), OPENS_AFTER + 2);
  });

  it('of one client leaves those of others alone: who is who and the kill switch stay readable', async () => {
    const { effect, fail, server, state } = await made();
    await fail(OPENS_AFTER);
    state.answer = 'works';
    assert.equal(await effect(), 'SYSTEM_UNAVAILABLE');
    const keeper = clientOf(server);
    assert.equal((await keeper.request('GET', '/x')).status, 200);
    state.answer = 'fails';
    for (let time = 0; time <= OPENS_AFTER; time += 1) await rejectsWith(keeper.request('GET', '/x'), 'SYSTEM_UNAVAILABLE');
    state.answer = 'works';
    assert.equal((await keeper.request('GET', '/x')).status, 200, 'without a breaker it asks every time');
  });
});
