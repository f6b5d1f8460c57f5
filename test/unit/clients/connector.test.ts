import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectorClient } from 'botframework-connector';
import { createConnectorClient } from '../../../src/clients/connector.ts';
import { StewardError } from '../../../src/errors.ts';
import { Stopwatch } from '../../machine.ts';

describe('clients/connector', () => {
  let server: Server;
  let base = '';
  let answer: RequestListener = () => undefined;
  let calls = 0;

  before(async () => {
    server = createServer((request, response) => {
      calls += 1;
      request.resume();
      request.on('end', () => answer(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    calls = 0;
  });

  // The framework's own client above ours: its retries are what this is about.
  const connector = (isAllowed: (url: string) => boolean = () => true) =>
    new ConnectorClient({ signRequest: async (request) => request }, { baseUri: base, httpClient: createConnectorClient(isAllowed) });
  const send = (client = connector()) => client.conversations.sendToConversation('c', { type: 'message', text: 'x' });
  const update = (client = connector()) => client.conversations.updateActivity('c', 'a', { type: 'message', text: 'x' });

  const status = (code: number, headers: Record<string, string> = {}): RequestListener => (_request, response) => {
    response.statusCode = code;
    for (const [name, value] of Object.entries({ 'content-type': 'application/json', ...headers })) response.setHeader(name, value);
    response.end('{"id":"a1"}');
  };

  it('sends a message and hands back its id', async () => {
    answer = status(200);
    assert.equal((await send()).id, 'a1');
    assert.equal(calls, 1);
  });
  for (const code of [500, 502, 503, 504]) {
    it(`sends no message a second time after ${code}: it may have arrived`, async () => {
      answer = status(code);
      await assert.rejects(send(), (error: unknown) => error instanceof StewardError && error.code === 'SYSTEM_UNAVAILABLE');
      assert.equal(calls, 1);
    });
  }
  it('sends no message a second time after a connection that broke', async () => {
    answer = (request) => void request.socket.destroy();
    await assert.rejects(send(), (error: unknown) => error instanceof StewardError && error.code === 'SYSTEM_UNAVAILABLE');
    assert.equal(calls, 1);
  });
  for (const code of [400, 403, 404, 412]) {
    it(`asks once and fails with ${code}`, async () => {
      answer = status(code);
      await assert.rejects(send());
      assert.equal(calls, 1);
    });
  }
  it('repeats an update, which does no harm twice', async () => {
    answer = (request, response) => status(calls === 1 ? 503 : 200, calls === 1 ? { 'retry-after': '0' } : {})(request, response);
    assert.equal((await update()).id, 'a1');
    assert.equal(calls, 2);
  });
  it('sends nothing to a host that is not allowed', async () => {
    await assert.rejects(send(connector((url) => new URL(url).host === 'smba.trafficmanager.net')), (error: unknown) => error instanceof StewardError && error.code === 'SYSTEM_REFUSED');
    assert.equal(calls, 0);
  });
  it('follows no redirect to another host with its token', async () => {
    let elsewhere = 0;
    const other = createServer((_request, response) => void ((elsewhere += 1), response.end('{}')));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    answer = status(307, { location: `http://127.0.0.1:${port}/` });
    await send(connector((url) => url.startsWith(base))).catch(() => undefined);
    other.close();
    assert.equal(elsewhere, 0);
  });
  it('gives up on a connector that never answers', async () => {
    answer = () => undefined;
    const watch = new Stopwatch();
    await assert.rejects(send(), (error: unknown) => error instanceof StewardError && error.code === 'SYSTEM_UNAVAILABLE');
    assert(watch.ms < 12_000);
    assert.equal(calls, 1);
  });
});
