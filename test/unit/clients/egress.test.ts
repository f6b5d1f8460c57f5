import assert from 'node:assert/strict';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { createEgress, EgressError, fetchOver } from '../../../src/clients/egress.ts';
import { json, rejectsWith, serve } from './support.ts';

const egressError = async (promise: Promise<unknown>): Promise<EgressError> => {
  const error = await promise.then(() => assert.fail('resolved'), (reason: unknown) => reason);
  assert(error instanceof EgressError, String(error));
  return error;
};

describe('egress', () => {
  it('reaches an allowed host through the given agent', async () => {
    const server = await serve((_request, response) => json(response, 200, { fine: true }));
    const { httpClient, close } = createEgress({ allow: [server.url], agent: server.agent });
    const answer = await httpClient.sendRequest(createPipelineRequest({ url: `${server.url}/a?b=c`, method: 'POST', body: 'grüße' }));
    assert.equal(answer.bodyAsText, '{"fine":true}');
    assert.equal(server.requests[0]?.path, '/a?b=c');
    assert.equal(server.requests[0].body, 'grüße');
    assert.equal(server.requests[0].headers['accept-encoding'], 'identity');
    close();
  });

  it('refuses what is not on the list, before anything is sent', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const { httpClient } = createEgress({ allow: ['https://graph.microsoft.com:1', 'https://vault.example'], agent: server.agent });
    const port = new URL(server.url).port;
    for (const url of [
      server.url, // another port
      'https://graph.microsoft.com/',
      'https://graph.microsoft.com:1.evil.example/',
      `https://vault.example@graph.microsoft.com:${port}/`,
      'https://vault.example:444/',
      'https://sub.vault.example/',
      'http://vault.example/',
      'https://user:password@vault.example/',
      'https://127.0.0.1/',
    ]) {
      const attempt = (async () => httpClient.sendRequest(createPipelineRequest({ url })))();
      await attempt.then(() => assert.fail(`allowed ${url}`), (error: unknown) => assert.match(String(error), /egress list|Invalid URL/, url));
    }
    await rejectsWith(createEgress({ allow: [] }).httpClient.sendRequest(createPipelineRequest({ url: server.url })), 'SYSTEM_REFUSED');
    assert.equal(server.requests.length, 0);
  });

  it('does not follow a redirect', async () => {
    const server = await serve((_request, response) => response.writeHead(302, { location: 'https://evil.example/' }).end());
    const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
    assert.equal((await httpClient.sendRequest(createPipelineRequest({ url: server.url }))).status, 302);
  });

  it('stops reading an answer that is too large', async () => {
    const server = await serve((_request, response) => response.writeHead(200).end('x'.repeat(5_000)));
    const { httpClient } = createEgress({ allow: [server.url], agent: server.agent, mostResponseBytes: 1_000 });
    const error = await egressError(httpClient.sendRequest(createPipelineRequest({ url: server.url })));
    assert.equal(error.code, 'RESPONSE_TOO_LARGE');
    assert.equal(error.sent, true);
  });

  it('gives up on an answer that hangs, also after its headers', async () => {
    const silent = await serve(() => undefined);
    const half = await serve((_request, response) => response.writeHead(200, { 'content-length': '100' }).write('half'));
    for (const server of [silent, half]) {
      const { httpClient } = createEgress({ allow: [server.url], agent: server.agent, timeoutMs: 80 });
      const error = await egressError(httpClient.sendRequest(createPipelineRequest({ url: server.url })));
      assert.equal(error.code, 'ETIMEDOUT');
      assert.equal(error.sent, true);
    }
  });

  it('fails when an answer breaks off', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
    assert.equal((await egressError(httpClient.sendRequest(createPipelineRequest({ url: server.url })))).sent, true);
  });

  it('knows that nothing was sent when no connection was made', async () => {
    const server = await serve(() => undefined);
    const { httpClient } = createEgress({ allow: ['https://localhost:1', server.url] });
    const refused = await egressError(httpClient.sendRequest(createPipelineRequest({ url: 'https://localhost:1/' })));
    assert.equal(refused.sent, false);
    // Its own agent does not trust the sandbox's authority.
    const untrusted = createEgress({ allow: [server.url.replace('graph.microsoft.com', 'localhost')] });
    assert.equal((await egressError(untrusted.httpClient.sendRequest(createPipelineRequest({ url: server.url.replace('graph.microsoft.com', 'localhost') })))).sent, false);
    assert.equal(server.requests.length, 0);
  });

  it('uses a connection of its own for a request that asks for one', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
    await httpClient.sendRequest(createPipelineRequest({ url: server.url }));
    await httpClient.sendRequest(createPipelineRequest({ url: server.url, disableKeepAlive: true }));
    assert.equal(server.requests[1]?.headers.connection, 'close');
  });

  it('ends at once when aborted, in a way that SDKs take for an abort', async () => {
    const server = await serve(() => undefined);
    const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    const error = await egressError(httpClient.sendRequest(createPipelineRequest({ url: server.url, abortSignal: controller.signal })));
    assert.equal(error.name, 'AbortError');
  });

  it('serves as a fetch', async () => {
    const server = await serve((_request, response, body) => json(response, 201, { got: body }));
    const fetch = fetchOver(createEgress({ allow: [server.url], agent: server.agent }).httpClient, 1_000);
    const answer = await fetch(new URL(server.url), { method: 'POST', body: 'b', headers: { 'x-y': 'z' } });
    assert.equal(answer.status, 201);
    assert.deepEqual(await answer.json(), { got: 'b' });
    assert.equal(server.requests[0]?.headers['x-y'], 'z');
  });
});
