import assert from 'node:assert/strict';
import { get as httpGet } from 'node:http';
import { createFaults } from '../../../sandbox/faults.ts';
import type { Service } from '../../../sandbox/http.ts';
import { createIssuer } from '../../../sandbox/issuer.ts';
import { createJournal } from '../../../sandbox/journal.ts';
import { mount } from '../../../sandbox/serve.ts';
import { rejection } from './shared-cloud.ts';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

describe('sandbox quirks and hostile answers', function () {
  const faults = createFaults();
  const journal = createJournal();
  const issuer = createIssuer('tenant');
  const state = { enabled: true, writes: 0 };

  const serviceOf = (name: 'graph' | 'servicenow' | 'logic'): Service => ({
    name,
    handlers: [
      { method: 'GET', path: '/thing', handle: () => ({ status: 200, body: { enabled: state.enabled, nested: [{ other: false, count: 2 }] } }) },
      { method: 'GET', path: '/other', handle: () => ({ status: 200, body: { enabled: state.enabled } }) },
      { method: 'PATCH', path: '/thing', handle: () => { state.enabled = !state.enabled; state.writes += 1; return { status: 204, effect: true }; } },
      { method: 'GET', path: '/forbidden', handle: () => ({ status: 403, body: { error: { code: 'Authorization_RequestDenied' } } }) },
      { method: 'GET', path: '/list', handle: ({ url }) => {
        const next = new URL(url);
        next.searchParams.set('$skiptoken', 'two');
        return { status: 200, body: { value: [1], ...(url.searchParams.has('$skiptoken') ? {} : { '@odata.nextLink': next.href }) } };
      } },
      { method: 'GET', path: '/records', handle: ({ quirk }) => (quirk === 'empty-is-404' ? { status: 404, body: {} } : { status: 200, body: { result: [] } }) },
      { method: 'POST', path: '/token', handle: ({ body }) => ({ status: 200, body }) },
    ],
    error: (_status, code, message) => ({ error: { code, message } }),
  });

  const servers = new Map<string, Awaited<ReturnType<typeof mount>>>();
  before(async () => {
    for (const name of ['graph', 'servicenow', 'logic'] as const) servers.set(name, await mount({ service: serviceOf(name), journal, faults, issuer }));
  });
  after(() => Promise.all([...servers.values()].map((server) => server.close())));
  beforeEach(() => {
    faults.clear();
    Object.assign(state, { enabled: true, writes: 0 });
  });

  const baseOf = (name: string): string => `http://127.0.0.1:${servers.get(name)?.port ?? 0}`;
  const call = async (path: string, options: RequestInit = {}, name = 'graph'): Promise<Answer> => {
    const answer = await fetch(baseOf(name) + path, { redirect: 'manual', ...options });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown> };
  };
  const change = (): Promise<Answer> => call('/thing', { method: 'PATCH', body: '{}' });
  const codeOf = ({ json }: Answer): unknown => (json['error'] as { code?: string } | undefined)?.code;
  const enabled = async (path = '/thing'): Promise<unknown> => (await call(path)).json['enabled'];
  const post = (quirk: string, more: object = {}, service = 'graph'): void => faults.post({ service, kind: 'quirk', quirk, ...more });

  it('not-found-for-forbidden: 403 becomes 404, and nothing else does', async () => {
    post('not-found-for-forbidden', { times: 1 });
    assert.equal((await call('/thing')).status, 200);
    const answer = await call('/forbidden');
    assert.deepEqual([answer.status, codeOf(answer)], [404, 'Request_ResourceNotFound']);
    assert.equal((await call('/forbidden')).status, 403);
  });

  it('ok-with-error: 200 with an error in it, and nothing done', async () => {
    post('ok-with-error', { code: 'generalException', times: 1 });
    const answer = await change();
    assert.deepEqual([answer.status, codeOf(answer), state.writes], [200, 'generalException', 0]);
    assert.deepEqual([(await change()).status, state.writes], [204, 1]);
  });

  it('stale-read: a read repeats its answer from before the write, as often as told, and others do not', async () => {
    post('stale-read', { times: 2 });
    assert.equal(await enabled(), true);
    assert.equal(await enabled(), true);
    await change();
    assert.equal(await enabled('/other'), false);
    assert.equal(await enabled(), true);
    assert.equal(await enabled(), true);
    assert.deepEqual([await enabled(), faults.list(), state.writes], [false, [], 1]);
    post('stale-read', { times: 1 });
    assert.equal(await enabled(), false, 'what an earlier quirk remembered is gone');
  });

  it('repeating-page: the second page leads back to the first', async () => {
    post('repeating-page');
    const first = await call('/list?$top=1');
    const second = await call(new URL(String(first.json['@odata.nextLink'])).pathname + new URL(String(first.json['@odata.nextLink'])).search);
    assert.equal(new URL(String(second.json['@odata.nextLink'])).search, '?$top=1');
    faults.clear();
    assert.equal((await call('/list?$skiptoken=two')).json['@odata.nextLink'], undefined);
  });

  it('repeating-page: ServiceNow says it in a Link header', async () => {
    post('repeating-page', {}, 'servicenow');
    assert.equal((await call('/list?sysparm_limit=1', {}, 'servicenow')).headers.get('link'), null);
    assert.match((await call('/list?sysparm_limit=1&sysparm_offset=1', {}, 'servicenow')).headers.get('link') ?? '', /^<http\S+\/list\?sysparm_limit=1>;rel="next"$/);
  });

  it('throttle-silent: 429 without Retry-After, even when one is given', async () => {
    post('throttle-silent', { retryAfterSeconds: 9 });
    const answer = await change();
    assert.deepEqual([answer.status, answer.headers.get('retry-after'), state.writes], [429, null, 0]);
  });

  it('regional-endpoint: one host does not know the path, or sends the request to the other', async () => {
    post('regional-endpoint', { host: 'northeurope' }, 'logic');
    assert.equal((await call('/thing', {}, 'logic')).status, 200, 'another host');
    faults.clear();
    post('regional-endpoint', { host: '127', times: 1 }, 'logic');
    const gone = await call('/thing', {}, 'logic');
    assert.deepEqual([gone.status, codeOf(gone)], [404, 'WorkflowNotFound']);
    post('regional-endpoint', { location: 'https://prod-12.westeurope.logic.azure.com' }, 'logic');
    const sent = await call('/thing?a=1', { method: 'PATCH', body: '{}' }, 'logic');
    assert.deepEqual([sent.status, sent.headers.get('location'), state.writes], [307, 'https://prod-12.westeurope.logic.azure.com/thing?a=1', 0]);
  });

  it('concurrency-violation: writes are refused with 409 or 400, and reads are not', async () => {
    post('concurrency-violation', { times: 1 });
    assert.equal((await call('/thing')).status, 200);
    const answer = await change();
    assert.deepEqual([answer.status, codeOf(answer), state.writes], [409, 'Directory_ConcurrencyViolation', 0]);
    post('concurrency-violation', { status: 400, times: 1 });
    assert.equal((await change()).status, 400);
    assert.equal((await change()).status, 204);
  });

  it('string-booleans: "true" and "false", at every depth, and no other value', async () => {
    post('string-booleans');
    assert.deepEqual((await call('/thing')).json, { enabled: 'true', nested: [{ other: 'false', count: 2 }] });
    assert.equal((await call('/records')).text, '{"result":[]}');
  });

  it('empty-is-404: is handed to ServiceNow, which acts it out, and to no write', async () => {
    post('empty-is-404', { times: 1 }, 'servicenow');
    assert.equal((await call('/thing', {}, 'servicenow')).status, 200);
    assert.deepEqual([(await call('/records', {}, 'servicenow')).status, faults.list()], [404, []]);
    assert.equal((await call('/records', {}, 'servicenow')).status, 200);
  });

  it('slow: a byte at a time, and the next request is answered as ever', async () => {
    faults.post({ service: 'graph', kind: 'slow', delayMs: 20, body: { value: [] }, times: 1 });
    const start = performance.now();
    const answer = await call('/thing');
    assert.deepEqual([answer.status, answer.text], [200, '{"value":[]}']);
    assert.ok(performance.now() - start > 11 * 20);
    faults.post({ service: 'graph', kind: 'slow', times: 1 });
    assert.equal((await rejection(call('/thing', { signal: AbortSignal.timeout(100) }))).name, 'TimeoutError');
    assert.equal((await call('/thing')).status, 200);
  });

  it('huge: more than anybody asked for, until the client hangs up', async () => {
    faults.post({ service: 'graph', kind: 'huge', times: 1 });
    const most = 8 * 1024 * 1024;
    const received = await new Promise<number>((resolve, reject) => {
      httpGet(`${baseOf('graph')}/thing`, (answer) => {
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > most) answer.destroy();
        });
        answer.on('close', () => resolve(bytes));
      }).on('error', reject);
    });
    assert.ok(received > most);
    assert.equal((await call('/thing')).status, 200);
  });

  it('html: a page where JSON was expected, as an error and as a success', async () => {
    faults.post({ service: 'graph', kind: 'html', times: 1 });
    const bad = await call('/thing');
    assert.deepEqual([bad.status, bad.headers.get('content-type')], [502, 'text/html; charset=utf-8']);
    assert.match(bad.text, /^<!DOCTYPE html>/);
    faults.post({ service: 'graph', kind: 'html', status: 200, body: '<b>login</b>', times: 1 });
    const good = await call('/thing');
    assert.deepEqual([good.status, good.text], [200, '<b>login</b>']);
  });

  it('redirect: to another host with the same path, or to where it is told', async () => {
    faults.post({ service: 'graph', kind: 'redirect', times: 1 });
    const plain = await call('/thing?a=1');
    assert.deepEqual([plain.status, plain.headers.get('location')], [302, 'https://elsewhere.example/thing?a=1']);
    faults.post({ service: 'graph', kind: 'redirect', status: 308, location: 'https://evil.example/steal?b=2', times: 1 });
    const told = await call('/thing', { method: 'PATCH', body: '{}' });
    assert.deepEqual([told.status, told.headers.get('location'), state.writes], [308, 'https://evil.example/steal?b=2', 0]);
  });

  it('journals the status that the client saw', async () => {
    const since = (journal.entries().at(-1)?.index ?? 0) + 1;
    post('not-found-for-forbidden', { times: 1 });
    await call('/forbidden');
    faults.post({ service: 'graph', kind: 'html', times: 1 });
    await call('/thing');
    assert.deepEqual(journal.entries({ since }).map(({ status }) => status), [404, 502]);
  });

  it('reads a form, as token endpoints send one, and keeps its password out of the journal', async () => {
    const since = (journal.entries().at(-1)?.index ?? 0) + 1;
    const form = new URLSearchParams({ grant_type: 'password', username: 'a b', password: 'hunter2' });
    assert.deepEqual((await call('/token', { method: 'POST', body: form })).json, { grant_type: 'password', username: 'a b', password: 'hunter2' });
    assert.doesNotMatch(JSON.stringify(journal.entries({ since })), /hunter2/);
  });
});
