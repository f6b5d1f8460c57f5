import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { holdsWords, queryValue, rowReference, rowText, ServiceNowClient, serviceNowTime, spellings } from '../../../src/clients/service-now.ts';
import { SecretValue } from '../../../src/clients/vault.ts';
import { StewardError } from '../../../src/errors.ts';
import { json, never, newId, rejectsWith, serve, type Server } from './support.ts';

const user = 'steward.integration';
const row = z.object({ sys_id: z.string() });
const list = (count: number) => Array.from({ length: count }, (_, index) => ({ sys_id: String(index) }));

/** A vault whose password changes when it is asked after a refusal, as after a rotation. */
function vaultOf(first: string, second = first) {
  const reads: (SecretValue | undefined)[] = [];
  let held = new SecretValue(first);
  return {
    reads,
    read: async (_name: string, refused?: SecretValue) => {
      reads.push(refused);
      if (refused === held) held = new SecretValue(second);
      return held;
    },
  };
}

function clientOf(server: Server, vault: { read: (name: string, refused?: SecretValue) => Promise<SecretValue> } = vaultOf('s3cret')): ServiceNowClient {
  return new ServiceNowClient({ endpoint: server.url, user, secret: 'servicenow-password', vault, httpClient: createEgress({ allow: [server.url], agent: server.agent }).httpClient, clock: systemClock });
}

const basic = (password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const ask = (client: ServiceNowClient, limit = 5) => client.rows('incident', row, { query: 'active=true', fields: ['sys_id', 'number'], limit, signal: never });
const refusal = { error: { message: 'User Not Authenticated', detail: 'Required to provide Auth information' }, status: 'failure' };

describe('servicenow', () => {
  it('asks with the integration user, for the fields that it needs, and for one row more than it gives', async () => {
    const server = await serve((_request, response) => json(response, 200, { result: list(6) }));
    assert.deepEqual(await ask(clientOf(server)), { rows: list(5), more: true });
    const [asked] = server.requests;
    assert.equal(asked?.headers.authorization, basic('s3cret'));
    const url = new URL(asked.path, server.url);
    assert.equal(url.pathname, '/api/now/v2/table/incident');
    assert.deepEqual(Object.fromEntries(url.searchParams), { sysparm_query: 'active=true', sysparm_fields: 'sys_id,number', sysparm_limit: '6', sysparm_display_value: 'false', sysparm_exclude_reference_link: 'true' });
  });

  it('believes the total count that there is more, where access rules have thinned the page, and does without one', async () => {
    const thinned = await serve((_request, response) => json(response, 200, { result: list(2) }, { 'x-total-count': '9' }));
    assert.deepEqual(await ask(clientOf(thinned)), { rows: list(2), more: true });
    const whole = await serve((_request, response) => json(response, 200, { result: list(2) }, { 'x-total-count': '2' }));
    assert.deepEqual(await ask(clientOf(whole)), { rows: list(2), more: false });
    const silent = await serve((_request, response) => json(response, 200, { result: list(2) }));
    assert.deepEqual(await ask(clientOf(silent)), { rows: list(2), more: false });
  });

  it('takes 404 for an empty list, and for nothing else', async () => {
    const server = await serve((_request, response) => json(response, 404, { error: { message: 'No Record found', detail: null }, status: 'failure' }));
    assert.deepEqual(await ask(clientOf(server)), { rows: [], more: false });
    await rejectsWith(clientOf(server).row('incident', newId(), row, ['sys_id'], never), 'SYSTEM_NOT_FOUND');
    await rejectsWith(clientOf(server).write(newId(), { comments: 'x' }, row, ['sys_id'], { signal: never }), 'SYSTEM_NOT_FOUND');
  });

  it('takes an error in an answer 200 for no success', async () => {
    const server = await serve((_request, response) => json(response, 200, { error: { message: 'Transaction cancelled', detail: null }, status: 'failure' }));
    await rejectsWith(ask(clientOf(server)), 'SYSTEM_UNAVAILABLE');
    await rejectsWith(clientOf(server).write(undefined, { short_description: 'x' }, row, ['sys_id'], { signal: never }), 'SYSTEM_OUTCOME_UNKNOWN');
  });

  it('sends what may have been processed once, and says that the outcome is unknown', async () => {
    const server = await serve((request, response) => (request.method === 'POST' ? response.destroy() : json(response, 500, {})));
    await rejectsWith(clientOf(server).write(undefined, { short_description: 'x' }, row, ['sys_id'], { signal: never }), 'SYSTEM_OUTCOME_UNKNOWN');
    await rejectsWith(clientOf(server).write(newId(), { state: '6' }, row, ['sys_id'], { signal: never }), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.deepEqual(server.requests.map(({ method }) => method), ['POST', 'PATCH']);
  });

  it('calls an answer in another shape unknown for an effect', async () => {
    const server = await serve((_request, response) => json(response, 201, { result: {} }));
    await rejectsWith(clientOf(server).write(undefined, {}, row, ['sys_id'], { signal: never }), 'SYSTEM_OUTCOME_UNKNOWN');
  });

  it('reads a rotated password again, once, and sends the request again', async () => {
    const server = await serve((request, response) => (request.headers.authorization === basic('new') ? json(response, 200, { result: list(1) }) : json(response, 401, refusal)));
    const vault = vaultOf('old', 'new');
    const client = clientOf(server, vault);
    assert.deepEqual((await ask(client)).rows, list(1));
    assert.deepEqual(server.requests.map(({ headers }) => headers.authorization), [basic('old'), basic('new')]);
    await ask(client);
    assert.equal(server.requests.length, 3, 'the new one is kept');
  });

  it('asks the kill switch before it sends an effect again with another password', async () => {
    const server = await serve((request, response) => (request.headers.authorization === basic('new') ? json(response, 200, { result: list(1)[0] }) : json(response, 401, refusal)));
    const beforeRetry = () => Promise.reject(new StewardError('KILLED', 'off'));
    await rejectsWith(clientOf(server, vaultOf('old', 'new')).write(newId(), { state: '6' }, row, ['sys_id'], { signal: never, beforeRetry }), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 1);
    let asked = 0;
    await clientOf(server, vaultOf('old', 'new')).write(newId(), { state: '6' }, row, ['sys_id'], { signal: never, beforeRetry: async () => void (asked += 1) });
    assert.equal(asked, 1);
    assert.equal(server.requests.length, 3);
  });

  it('sends a password that is simply wrong once only: each try brings the account nearer to its lock', async () => {
    const server = await serve((_request, response) => json(response, 401, refusal));
    const vault = vaultOf('wrong');
    await rejectsWith(ask(clientOf(server, vault)), 'SYSTEM_REFUSED');
    assert.equal(server.requests.length, 1);
    assert.equal(vault.reads.length, 2);
  });

  it('sends nothing when the vault gives no password', async () => {
    const server = await serve((_request, response) => json(response, 200, { result: [] }));
    const read = () => Promise.reject(new StewardError('SYSTEM_UNAVAILABLE', 'the vault is away'));
    await rejectsWith(clientOf(server, { read }).write(newId(), {}, row, ['sys_id'], { signal: never }), 'SYSTEM_UNAVAILABLE');
    assert.equal(server.requests.length, 0);
  });
});

describe('an encoded query', () => {
  it('refuses values that would end a condition, add one, or be evaluated', () => {
    for (const value of ['a^active=true', 'a^NQsys_idISNOTEMPTY', '^ORDERBYDESCnumber', 'a\nb', 'a\u2028b', 'a,b', 'javascript:gs.getUserID()', 'JavaScript:1', '', 'x'.repeat(257)]) assert.equal(queryValue(value), undefined, value);
    for (const value of ['4711', "o'brien@example.com", 'anna.weber+x@example.com', 'ÄÖ-1']) assert.equal(queryValue(value), value);
  });

  it('asks for words in their usual spellings, and takes nothing else from a text', () => {
    assert.equal(holdsWords('short_description', 'VPN'), 'short_descriptionLIKEVPN^ORshort_descriptionLIKEvpn^ORshort_descriptionLIKEVpn');
    assert.deepEqual(spellings('laptop'), ['laptop', 'LAPTOP', 'Laptop']);
    const hostile = holdsWords('short_description', 'dock^ORactive=true^NQsys_idISNOTEMPTY javascript:gs.x() =\n%') ?? '';
    for (const part of hostile.split('^')) assert.match(part, /^(?:OR)?short_descriptionLIKE[\p{L}\p{N}._@-]+$/u);
    assert.doesNotMatch(hostile, /\^NQ|javascript:|active=/i);
    for (const empty of ['', '  ', '^^', '=%', '…']) assert.equal(holdsWords('short_description', empty), undefined, empty);
    assert.equal(holdsWords('f', 'one two three four five six seven eight')?.includes('seven'), false);
  });
});

describe('values of a row', () => {
  it('reads times as UTC, and nothing else as one', () => {
    assert.equal(serviceNowTime('2026-11-22 16:05:09')?.toISOString(), '2026-11-22T16:05:09.000Z');
    for (const other of ['', '2026-11-22', '22.11.2026 16:05:09', '2026-13-45 99:99:99']) assert.equal(serviceNowTime(other), undefined, other);
  });

  it('takes a reference as text or as an object, and a missing field as empty', () => {
    assert.equal(rowReference.parse('abc'), 'abc');
    assert.equal(rowReference.parse({ link: 'https://x', value: 'abc' }), 'abc');
    for (const nothing of ['', null, undefined]) assert.equal(rowReference.parse(nothing), '');
    assert.equal(rowText.parse(undefined), '');
  });
});
