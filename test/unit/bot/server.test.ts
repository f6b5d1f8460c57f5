import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startChannel, tokenKinds, type Channel } from '../../../sandbox/channel.ts';
import { StewardAdapter } from '../../../src/bot/adapter.ts';
import { createServer, type Arrival, type HttpServer } from '../../../src/bot/server.ts';

const TENANT = '22222222-2222-4222-8222-222222222222';
const APP = '11111111-1111-4111-8111-111111111111';
const ALLOWED = 'https://smba.trafficmanager.net/teams/';
const JSON_TYPE = { 'content-type': 'application/json' };

const good = {
  type: 'message',
  id: 'm1',
  channelId: 'msteams',
  serviceUrl: ALLOWED,
  from: { id: '29:anna', aadObjectId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301' },
  recipient: { id: '28:bot' },
  conversation: { id: 'a:1', tenantId: TENANT, conversationType: 'personal' },
  channelData: { tenant: { id: TENANT } },
  text: 'hello',
};

describe('bot/server: over real HTTP', () => {
  let server: HttpServer;
  let base = '';
  let authenticate: () => Promise<unknown> = async () => ({});
  let onActivity: (arrival: Arrival) => Promise<{ status: number; body?: unknown }> = async () => ({ status: 200 });
  const errors: unknown[] = [];
  let taken = 0;

  before(async () => {
    server = createServer({
      adapter: { authenticate: () => authenticate() } as unknown as StewardAdapter,
      tenantId: TENANT,
      isServiceUrlAllowed: (url) => url === ALLOWED,
      isHealthy: () => true,
      onActivity: (arrival) => ((taken += 1), onActivity(arrival)),
      onError: (error) => errors.push(error),
    });
    base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  });
  after(() => server.close());
  beforeEach(() => {
    authenticate = async () => ({});
    onActivity = async () => ({ status: 200 });
    taken = 0;
    errors.length = 0;
  });
  afterEach(async () => {
    assert.equal((await fetch(`${base}/health`)).status, 200, 'the process is up');
  });

  const post = (body: NonNullable<RequestInit['body']> | null, headers: Record<string, string> = JSON_TYPE): Promise<Response> => fetch(`${base}/api/messages`, { method: 'POST', headers, body });
  const postJson = (body: unknown): Promise<Response> => post(JSON.stringify(body));

  it('hands on a good activity and answers with what it is told', async () => {
    onActivity = async () => ({ status: 200, body: { statusCode: 200 } });
    const answer = await postJson(good);
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { statusCode: 200 });
    assert.equal(taken, 1);
  });

  const refused: readonly (readonly [string, () => Promise<Response>, number])[] = [
    ['nothing', () => post(null), 400],
    ['nothing, without a type', () => post(null, {}), 400],
    ['an empty object', () => postJson({}), 400],
    ['a list', () => postJson([good]), 400],
    ['null', () => post('null'), 400],
    ['a JSON string', () => postJson('hello'), 400],
    ['a number', () => postJson(7), 400],
    ['text', () => post('hello', { 'content-type': 'text/plain' }), 415],
    ['bytes', () => post(JSON.stringify(good), { 'content-type': 'application/octet-stream' }), 415],
    ['JSON that breaks off', () => post('{"type":'), 400],
    ['JSON with a wrong digest', () => post(JSON.stringify(good), { ...JSON_TYPE, 'content-md5': 'x' }), 400],
    ['3 MB', () => postJson({ ...good, text: 'x'.repeat(3 * 1024 * 1024) }), 413],
    ['an encoding that nobody asked for', () => post(JSON.stringify(good), { ...JSON_TYPE, 'content-encoding': 'br' }), 415],
    ['a prototype key in place of an activity', () => post('{"__proto__":{"type":"message"}}'), 400],
    ['no conversation', () => postJson({ ...good, conversation: undefined }), 400],
    ['a conversation that is text', () => postJson({ ...good, conversation: 'a:1' }), 400],
    ['no sender', () => postJson({ ...good, from: undefined }), 400],
    ['another channel', () => postJson({ ...good, channelId: 'emulator' }), 400],
    ['a serviceUrl that is no URL', () => postJson({ ...good, serviceUrl: 'x' }), 400],
    ['a serviceUrl off the list', () => postJson({ ...good, serviceUrl: 'https://evil.example/' }), 403],
    ['a foreign tenant', () => postJson({ ...good, conversation: { ...good.conversation, tenantId: 'x' }, channelData: { tenant: { id: 'x' } } }), 403],
    ['a foreign tenant in the conversation alone', () => postJson({ ...good, conversation: { ...good.conversation, tenantId: 'x' } }), 403],
    ['a foreign tenant in the channel data alone', () => postJson({ ...good, channelData: { tenant: { id: 'x' } } }), 403],
    ['no tenant', () => postJson({ ...good, conversation: { id: 'a:1' }, channelData: {} }), 403],
    ['an unknown route', () => fetch(`${base}/api/other`, { method: 'POST', headers: JSON_TYPE, body: '{}' }), 404],
    ['a route with broken percent signs', () => fetch(`${base}/%E0%A4%A`), 404],
    ['GET', () => fetch(`${base}/api/messages`), 405],
    ['PUT', () => fetch(`${base}/api/messages`, { method: 'PUT', headers: JSON_TYPE, body: JSON.stringify(good) }), 405],
    ['DELETE', () => fetch(`${base}/api/messages`, { method: 'DELETE' }), 405],
  ];
  for (const [what, send, status] of refused) {
    it(`answers ${status} to ${what}, and hands nothing on`, async () => {
      const answer = await send();
      assert.equal(answer.status, status, await answer.text());
      assert.equal(taken, 0);
    });
  }

  it('looks at the token before it says anything about the shape of an activity', async () => {
    authenticate = async () => Promise.reject(new Error('no'));
    assert.equal((await postJson({ ...good, conversation: undefined })).status, 401);
    assert.equal((await postJson({ ...good, conversation: { id: 'a', tenantId: 'x' } })).status, 401);
  });

  const named = (name: string, more: object = {}): Error => Object.assign(new Error('SENTINEL'), { name, ...more });
  for (const error of [named('JsonWebTokenError'), named('NotBeforeError'), named('TokenExpiredError'), named('SyntaxError'), named('AuthenticationError', { statusCode: 401 }), named('AuthenticationError', { statusCode: 403 }), new TypeError('SENTINEL')]) {
    it(`answers 401 to a token that fails with ${error.name}, and says nothing of why`, async () => {
      authenticate = async () => Promise.reject(error);
      const answer = await postJson(good);
      assert.equal(answer.status, 401);
      assert.doesNotMatch(await answer.text(), /SENTINEL/);
      assert.equal(taken, 0);
    });
  }
  for (const [what, error] of [
    ['can’t be reached', named('FetchError', { code: 'ECONNREFUSED' })],
    ['can’t be found', named('Error', { code: 'ENOTFOUND' })],
    ['do not answer in time', named('Error', { code: 'ETIMEDOUT' })],
    // What botframework-connector 4.23.3 throws when the metadata or the keys answer 5xx.
    ['answer 500', named('Error', { statusCode: 500 })],
  ] as const) {
    it(`answers 503 when the channel’s keys ${what}, so that the channel sends it again`, async () => {
      authenticate = async () => Promise.reject(error);
      assert.equal((await postJson(good)).status, 503);
      assert.equal(taken, 0);
    });
  }
  it('answers 503 when the activity could not be taken, tells the operator, and the sender nothing', async () => {
    onActivity = async () => Promise.reject(new Error('SENTINEL'));
    const answer = await postJson(good);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(await answer.text(), /SENTINEL/);
    assert.equal(errors.length, 1);
  });

  it('reads no body larger than its bound out of a small compressed one', async () => {
    const answer = await post(new Uint8Array(gzipSync(JSON.stringify({ ...good, text: 'x'.repeat(30 * 1024 * 1024) }))), { ...JSON_TYPE, 'content-encoding': 'gzip' }).catch((error: unknown) => error);
    // Whoever still sends when the answer comes may see the end of the connection before it.
    if (answer instanceof Response) assert([413, 415].includes(answer.status), String(answer.status));
    else assert.match(String((answer as Error).cause), /ECONNRESET|EPIPE|other side closed/);
    assert.equal(taken, 0);
    assert.equal((await postJson(good)).status, 200, 'and goes on');
  });
  it('writes no file that a stranger sends', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const form = new FormData();
    form.set('type', 'message');
    form.set('file', new Blob(['x'.repeat(100_000)]), 'evil.sh');
    const answer = await fetch(`${base}/api/messages`, { method: 'POST', body: form });
    assert(answer.status >= 400 && answer.status < 500);
    const written = readdirSync(tmpdir()).filter((name) => name.startsWith('upload_') && !before.has(name));
    for (const name of written) rmSync(join(tmpdir(), name));
    assert.deepEqual(written, []);
  });
});

describe('bot/server: what could end the process', () => {
  // In a child process, since the mistake would end this one.
  for (const [what, body] of [
    ['is no gzip', 'not gzip'],
    ['breaks off', gzipSync(JSON.stringify(good)).subarray(0, 30).toString('latin1')],
  ] as const) {
    it(`survives a body that says gzip and ${what}, from a sender without a token`, async () => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', new URL('server.child.ts', import.meta.url).pathname, Buffer.from(body, 'latin1').toString('base64')], { timeout: 55_000 }).catch((error: unknown) => ({ stdout: String((error as { stderr?: string }).stderr) }));
      assert.match(stdout, /^refused 4\d\d, up 200$/m);
    });
  }
});

describe('bot/server: with real tokens', () => {
  let channel: Channel;
  const open: { close: () => Promise<unknown> }[] = [];
  const quiet = { error: console.error, log: console.log };

  before(async () => {
    // botframework-connector prints keys and errors.
    Object.assign(console, { error: () => undefined });
    channel = await startChannel(APP);
  });
  after(async () => {
    Object.assign(console, quiet);
    await Promise.all([channel.close(), ...open.map((each) => each.close())]);
  });

  async function serverWith(metadataUrl: string, onToken: (token: string) => void = () => undefined): Promise<string> {
    const adapter = new StewardAdapter({ onToken, appId: APP, tenantId: TENANT, channelKeys: { metadataUrl, issuer: channel.issuer }, httpClient: { sendRequest: async () => Promise.reject(new Error('no call is made')) }, connectorToken: async () => 't' });
    const server = createServer({ adapter, tenantId: TENANT, isServiceUrlAllowed: () => true, isHealthy: () => true, onActivity: async () => ({ status: 200 }), onError: () => undefined });
    open.push(server);
    return `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}/api/messages`;
  }
  async function listening(listener: RequestListener): Promise<string> {
    const server: Server = createHttp(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const post = async (url: string, authorization: string | undefined, body: unknown = good): Promise<number> =>
    (await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...(authorization !== undefined && { authorization }) }, body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) })).status;

  for (const kind of tokenKinds) {
    it(`answers ${kind === 'good' ? 200 : 401} to a token that is ${kind}`, async () => {
      const url = await serverWith(channel.metadataUrl);
      assert.equal(await post(url, `Bearer ${await channel.mintToken({ serviceUrl: ALLOWED, kind })}`), kind === 'good' ? 200 : 401);
    });
  }
  it('takes a token for a secret once it was found good, and nothing that anybody could send', async () => {
    const told: string[] = [];
    const url = await serverWith(channel.metadataUrl, (token) => void told.push(token));
    for (const kind of tokenKinds.filter((each) => each !== 'good')) await post(url, `Bearer ${await channel.mintToken({ serviceUrl: ALLOWED, kind })}`);
    await post(url, 'Bearer Hanna Virtanen');
    assert.deepEqual(told, []);
    const good = await channel.mintToken({ serviceUrl: ALLOWED });
    await post(url, `Bearer ${good}`);
    assert.deepEqual(told, [good]);
  });
  for (const authorization of [undefined, '', 'Bearer', 'Bearer x', 'Bearer a.b.c', 'Basic eDp5', 'Bearer  ']) {
    it(`answers 401 to ${authorization === undefined ? 'no authorization' : `the authorization ${JSON.stringify(authorization)}`}`, async () => {
      assert.equal(await post(await serverWith(channel.metadataUrl), authorization), 401);
    });
  }
  it('answers 4xx to a good token for another serviceUrl, wherever the activity names none', async () => {
    const url = await serverWith(channel.metadataUrl);
    const authorization = `Bearer ${await channel.mintToken({ serviceUrl: 'https://other.example/' })}`;
    for (const body of [{ ...good, serviceUrl: undefined }, { ...good, serviceUrl: '' }, { ...good, channelId: undefined }, { type: 'message' }]) {
      const status = await post(url, authorization, body);
      assert(status === 400 || status === 401, String(status));
    }
  });
  it('does not let an activity of the emulator channel in without a token', async () => {
    assert.equal(await post(await serverWith(channel.metadataUrl), undefined, { ...good, channelId: 'emulator' }), 401);
  });

  for (const [what, listener] of [
    ['the metadata answers 500', (_request, response) => void Object.assign(response, { statusCode: 500 }).end()],
    ['the metadata is no JSON', (_request, response) => void response.end('<html>')],
    [
      'the keys answer 503',
      (request, response) => {
        if (request.url !== '/metadata') return void Object.assign(response, { statusCode: 503 }).end();
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ jwks_uri: `http://${String(request.headers.host)}/keys` }));
      },
    ],
  ] as readonly (readonly [string, RequestListener])[]) {
    it(`answers 503 while ${what}`, async () => {
      const url = await serverWith(`${await listening(listener)}/metadata`);
      assert.equal(await post(url, `Bearer ${await channel.mintToken({ serviceUrl: ALLOWED })}`), 503);
    });
  }
  it('answers 503 while the metadata can’t be reached', async () => {
    const url = await serverWith('http://127.0.0.1:1/metadata');
    assert.equal(await post(url, `Bearer ${await channel.mintToken({ serviceUrl: ALLOWED })}`), 503);
  });
});
