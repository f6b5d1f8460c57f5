import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { decodeJwt } from 'jose';
import { startSigningProxy } from '../../../sandbox/signing-proxy.ts';
import type { SigningProxy } from '../../../sandbox/signing-proxy.ts';
import { listen, readBody } from '../../../sandbox/wire.ts';
import type { Listening } from '../../../sandbox/wire.ts';
import { sharedCloud } from './shared-cloud.ts';

describe('sandbox signing proxy', function () {
  const received: { method: string | undefined; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  let bot: Listening;
  let proxy: SigningProxy;

  before(async () => {
    bot = await listen((request, response) => {
      void readBody(request, 10_000_000).then((body) => {
        received.push({ method: request.method, headers: request.headers, body });
        response.writeHead(418, { 'x-bot': 'yes', 'content-type': 'application/octet-stream' });
        response.end(Buffer.from([0, 255, 10]));
      });
    });
    proxy = await startSigningProxy({ channel: (await sharedCloud()).channel, botUrl: `http://127.0.0.1:${bot.port}/api/messages`, defaultServiceUrl: 'http://127.0.0.1:1/' });
  });
  after(async () => {
    await proxy.close();
    await bot.close();
  });

  const post = (body: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) => fetch(proxy.url, { method: 'POST', body, headers });
  const claims = () => decodeJwt((received.at(-1)?.headers.authorization ?? '').replace('Bearer ', ''));

  it('passes bytes, type, status, headers and answer through unchanged', async () => {
    const { identities } = await sharedCloud();
    const body = '{ "serviceUrl":"http://localhost:56150/_connector", "text" : "zażółć" }';
    const answer = await post(body, { 'content-type': 'application/json; charset=utf-8; x=y', authorization: 'Bearer of-the-client' });
    assert.equal(answer.status, 418);
    assert.equal(answer.headers.get('x-bot'), 'yes');
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.from([0, 255, 10]));
    assert.equal(received.at(-1)?.body.toString(), body);
    assert.equal(received.at(-1)?.headers['content-type'], 'application/json; charset=utf-8; x=y');
    assert.equal(claims()['serviceurl'], 'http://localhost:56150/_connector');
    assert.equal(claims().aud, identities.channel);
  });

  it('forwards whatever the body is, since refusing it is the bot\'s job', async () => {
    for (const body of ['', '[]', 'null', '{"text":', '"x"', '{"serviceUrl":7}', Buffer.from([0xff, 0xfe]), 'x'.repeat(3_000_000)]) {
      assert.equal((await post(body)).status, 418);
      assert.deepEqual(received.at(-1)?.body, Buffer.from(body));
      assert.equal(claims()['serviceurl'], 'http://127.0.0.1:1/');
    }
    assert.equal((await fetch(proxy.url)).status, 418);
    assert.equal(received.at(-1)?.method, 'GET');
  });

  it('signs for loopback addresses only', async () => {
    for (const good of ['http://127.0.0.1:1/', 'http://127.8.9.1/x', 'https://localhost/', 'http://[::1]:99/', 'http://2130706433/']) {
      assert.equal((await post(JSON.stringify({ serviceUrl: good }))).status, 418, good);
    }
    const count = received.length;
    for (const bad of ['https://smba.trafficmanager.net/emea/', 'http://localhost.evil.example/', 'http://127.0.0.1@evil.example/', 'http://127.0.0.1.evil.example/', 'nonsense', 'file:///etc/passwd']) {
      const answer = await post(JSON.stringify({ serviceUrl: bad }));
      assert.equal(answer.status, 400, bad);
      assert.match(((await answer.json()) as { error: string }).error, /loopback/);
    }
    assert.equal(received.length, count);
  });

  it('answers 413 above 5 MB, 404 elsewhere and 502 when the bot is away', async () => {
    assert.equal((await post('x'.repeat(5 * 1024 * 1024 + 1))).status, 413);
    assert.equal((await fetch(proxy.url.replace('messages', 'other'))).status, 404);
    const away = await startSigningProxy({ channel: (await sharedCloud()).channel, botUrl: 'http://127.0.0.1:1/api/messages' });
    const answer = await fetch(away.url, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 502);
    await away.close();
  });
});
