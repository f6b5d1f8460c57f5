import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { InternalId } from '../../../src/actions/internal-id.ts';
import type { CallOptions } from '../../../src/actions/ports.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient, idSegment, odataString, shaped } from '../../../src/clients/graph.ts';
import { GraphPeopleDirectory } from '../../../src/clients/people-directory.ts';
import { RecentWrites } from '../../../src/clients/quirks.ts';
import { errorCode, type StewardErrorCode } from '../../../src/errors.ts';
import { json, never, newId, rejectsWith, serve, tokens, type Server } from './support.ts';
import { Stopwatch } from '../../machine.ts';

const graphOf = (server: Server, times: { totalMs?: number; attemptMs?: number } = {}): GraphClient =>
  new GraphClient({ endpoint: server.url, credential: tokens, httpClient: createEgress({ allow: [server.url], agent: server.agent }).httpClient, clock: systemClock, ...times });

describe('graph', () => {
  const statuses: readonly [number, StewardErrorCode, StewardErrorCode][] = [
    [400, 'SYSTEM_REFUSED', 'SYSTEM_REFUSED'],
    [401, 'SYSTEM_REFUSED', 'SYSTEM_REFUSED'],
    [403, 'SYSTEM_REFUSED', 'SYSTEM_REFUSED'],
    [404, 'SYSTEM_NOT_FOUND', 'SYSTEM_NOT_FOUND'],
    [408, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN'],
    [409, 'SYSTEM_REFUSED', 'SYSTEM_REFUSED'],
    [302, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN'],
    [500, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN'],
    [503, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN'],
    [504, 'SYSTEM_UNAVAILABLE', 'SYSTEM_OUTCOME_UNKNOWN'],
  ];
  for (const [status, read, effect] of statuses) {
    it(`calls ${status} ${read} for a read and ${effect} for an effect`, async () => {
      const server = await serve((_request, response) => json(response, status, { error: { code: 'x', message: 'y' } }, { 'retry-after': '0' }));
      await rejectsWith(graphOf(server).request('GET', '/users/1'), read);
      const reads = server.requests.length;
      assert.equal(reads, [503, 504].includes(status) ? 3 : 1);
      await rejectsWith(graphOf(server).request('PATCH', '/users/1', { body: {} }), effect);
      assert.equal(server.requests.length, reads + 1, 'an effect is sent once');
    });
  }

  it('repeats a throttled effect once, after the time it was told', async () => {
    let calls = 0;
    const server = await serve((_request, response) => {
      calls += 1;
      if (calls === 1) json(response, 429, {}, { 'retry-after': '1' });
      else response.writeHead(204, { 'request-id': 'r-2' }).end();
    });
    const beganMs = performance.now();
    const answer = await graphOf(server).request('PATCH', '/users/1', { body: { accountEnabled: false } });
    assert.deepEqual(answer, { status: 204, body: undefined, requestId: 'r-2' });
    assert(performance.now() - beganMs >= 950);
    assert.equal(calls, 2);
  });

  it('asks before it sends an effect again, and sends nothing when the answer is no', async () => {
    const throttling = async () => serve((_request, response) => json(response, 429, {}, { 'retry-after': '0' }));
    const killed = new Error('killed');
    for (const effect of ['setSignInAllowed', 'revokeSessions'] as const) {
      const server = await throttling();
      const people = new GraphPeopleDirectory(graphOf(server), systemClock, new RecentWrites(() => 0));
      const send = (options: CallOptions) => (effect === 'revokeSessions' ? people.revokeSessions(newId(), options) : people.setSignInAllowed(newId(), false, options));
      const error = await rejectsWith(send({ signal: never, beforeRetry: () => Promise.reject(killed) }), 'SYSTEM_UNAVAILABLE');
      assert.equal(error.cause, killed);
      assert.equal(server.requests.length, 1);
      let asked = 0;
      await rejectsWith(send({ signal: never, beforeRetry: async () => { asked += 1; } }), 'SYSTEM_UNAVAILABLE');
      assert.equal(asked, 1);
      assert.equal(server.requests.length, 3);
    }
    const server = await throttling();
    await rejectsWith(graphOf(server).request('GET', '/users/1', { beforeRetry: async () => assert.fail('a read was asked about') }), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 3);
  });

  it('does not send an effect again when asking took all the time', async () => {
    const server = await serve((_request, response) => json(response, 429, {}, { 'retry-after': '0' }));
    const beforeRetry = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));
    await rejectsWith(graphOf(server, { totalMs: 200 }).request('PATCH', '/users/1', { body: {}, beforeRetry }), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 1);
  });

  it('does not begin a wait that ends after the deadline', async () => {
    const server = await serve((_request, response) => json(response, 429, {}, { 'retry-after': '30' }));
    const watch = new Stopwatch();
    await rejectsWith(graphOf(server).request('GET', '/users/1'), 'SYSTEM_UNAVAILABLE');
    await rejectsWith(graphOf(server).request('POST', '/users/1/x'), 'SYSTEM_UNAVAILABLE');
    assert(watch.ms < 1_000);
    assert.equal(server.requests.length, 2);
  });

  it('recovers a read from a passing fault', async () => {
    let calls = 0;
    const server = await serve((request, response) => {
      calls += 1;
      if (calls === 1) request.socket.destroy();
      else if (calls === 2) json(response, 503, {}, { 'retry-after': new Date(0).toUTCString() });
      else json(response, 200, { fine: true });
    });
    assert.deepEqual((await graphOf(server).request('GET', '/users/1')).body, { fine: true });
  });

  for (const [what, type, body] of [['HTML', 'text/html', '<html>sign in</html>'], ['broken JSON', 'application/json', '{"value":'], ['nothing', 'application/json', '']] as const) {
    it(`never takes a 200 with ${what} for success`, async () => {
      const server = await serve((_request, response) => response.writeHead(200, { 'content-type': type }).end(body));
      await rejectsWith(graphOf(server).request('GET', '/users/1'), 'SYSTEM_UNAVAILABLE');
      await rejectsWith(graphOf(server).request('POST', '/users/1/revokeSignInSessions'), 'SYSTEM_OUTCOME_UNKNOWN');
    });
  }

  it('says that the outcome is unknown when the connection is cut after a PATCH', async () => {
    const server = await serve((request) => request.socket.destroy());
    await rejectsWith(graphOf(server).request('PATCH', '/users/1', { body: {} }), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.equal(server.requests.length, 1);
  });

  it('gives up on a hang: unavailable for a read, unknown for an effect', async () => {
    const server = await serve(() => undefined);
    const graph = graphOf(server, { attemptMs: 60, totalMs: 200 });
    await rejectsWith(graph.request('GET', '/users/1'), 'SYSTEM_UNAVAILABLE');
    const reads = server.requests.length;
    await rejectsWith(graph.request('POST', '/users/1/x'), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.equal(server.requests.length, reads + 1);
  });

  it('says that nothing was done when nobody answered the door', async () => {
    const graph = new GraphClient({ endpoint: 'https://localhost:1', credential: tokens, httpClient: createEgress({ allow: ['https://localhost:1'] }).httpClient, clock: systemClock, totalMs: 500 });
    await rejectsWith(graph.request('PATCH', '/users/1', { body: {} }), 'SYSTEM_UNAVAILABLE');
  });

  it('tells an abort before the request from one after it', async () => {
    const server = await serve(() => undefined);
    const reason = new Error('killed');
    await assert.rejects(graphOf(server).request('PATCH', '/users/1', { body: {}, signal: AbortSignal.abort(reason) }), reason);
    assert.equal(server.requests.length, 0);
    for (const [method, expected] of [['GET', reason], ['PATCH', undefined]] as const) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 80);
      const error = await graphOf(server).request(method, '/users/1', { signal: controller.signal }).catch((caught: unknown) => caught);
      if (expected !== undefined) assert.equal(error, expected);
      else assert.equal(errorCode(error), 'SYSTEM_OUTCOME_UNKNOWN');
    }
  });

  it('fails without a token, and sends nothing', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const graph = new GraphClient({ endpoint: server.url, credential: { getToken: async () => null }, httpClient: createEgress({ allow: [server.url], agent: server.agent }).httpClient, clock: systemClock });
    assert.notEqual(errorCode(await graph.request('PATCH', '/users/1', { body: {} }).catch((caught: unknown) => caught)), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.equal(server.requests.length, 0);
  });

  it('follows pages on its own host, up to a bound', async () => {
    const server = await serve((request, response) => {
      const page = Number(new URL(request.url ?? '', server.url).searchParams.get('page') ?? '1');
      json(response, 200, { value: [{ n: page }], ...(page < 5 ? { '@odata.nextLink': `${server.url}/v1.0/things?page=${page + 1}` } : {}) });
    });
    const item = z.object({ n: z.number() });
    assert.deepEqual(await graphOf(server).list('/things', item, 10), { items: [1, 2, 3, 4, 5].map((n) => ({ n })), complete: true });
    assert.deepEqual(await graphOf(server).list('/things', item, 2), { items: [{ n: 1 }, { n: 2 }], complete: false });
  });

  it('does not take its token to another host for the next page', async () => {
    const server = await serve((_request, response) => json(response, 200, { value: [], '@odata.nextLink': 'https://evil.example/v1.0/things' }));
    await rejectsWith(graphOf(server).list('/things', z.object({}), 10), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 1);
  });

  it('refuses an answer in another shape', () => {
    const answer = { status: 200, body: { value: 'x' }, requestId: '' };
    assert.throws(() => shaped(z.object({ value: z.boolean() }), answer), { code: 'SYSTEM_UNAVAILABLE' });
    assert.throws(() => shaped(z.object({ value: z.boolean() }), answer, 'SYSTEM_OUTCOME_UNKNOWN'), { code: 'SYSTEM_OUTCOME_UNKNOWN' });
  });

  it('lets no id change the path, and no text leave its quotes', () => {
    for (const id of ['../groups/1', 'a/b', 'a?b', '%2e%2e', 'a b', '..']) assert.throws(() => idSegment(new InternalId(id)), { code: 'SYSTEM_REFUSED' });
    assert.equal(odataString("O'Brien' or 1 eq 1"), "'O''Brien'' or 1 eq 1'");
  });

  it('does not call sessions ended unless Graph says so', async () => {
    for (const body of [{ value: false }, {}, { value: 'true' }]) {
      const server = await serve((_request, response) => json(response, 200, body));
      await rejectsWith(new GraphPeopleDirectory(graphOf(server), systemClock, new RecentWrites(() => 0)).revokeSessions(newId(), { signal: never }), 'SYSTEM_OUTCOME_UNKNOWN');
    }
    const server = await serve((_request, response) => json(response, 200, { value: true }));
    assert.deepEqual(await new GraphPeopleDirectory(graphOf(server), systemClock, new RecentWrites(() => 0)).revokeSessions(newId(), { signal: never }), { requestIds: ['r-1'] });
  });

  it('changes sign-in by one property and reads nothing afterwards', async () => {
    const server = await serve((_request, response) => response.writeHead(204, { 'request-id': 'r-9' }).end());
    const id = newId();
    assert.deepEqual(await new GraphPeopleDirectory(graphOf(server), systemClock, new RecentWrites(() => 0)).setSignInAllowed(id, false, { signal: never }), { requestIds: ['r-9'] });
    assert.deepEqual(server.requests.map(({ method, path, body }) => [method, path, body]), [['PATCH', `/v1.0/users/${id.reveal()}`, '{"accountEnabled":false}']]);
  });
});
