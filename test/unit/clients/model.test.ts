import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createEgress } from '../../../src/clients/egress.ts';
import { dearest, dearestEmbedding, modelPrices, priceOf } from '../../../src/clients/model-prices.ts';
import { AzureReasoner } from '../../../src/clients/model.ts';
import type { ModelRequest } from '../../../src/guard/reasoner.ts';
import { json, never, rejectsWith, serve, tokens } from './support.ts';

const request: ModelRequest = {
  messages: [
    { role: 'system', content: 'Sei höflich.' },
    { role: 'user', content: 'block {person_abcdefghijkl}' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'find_person', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c1', content: '{}' },
  ],
  tools: [{ type: 'function', function: { name: 'find_person', description: 'Finds.', parameters: { type: 'object' } } }],
  maxCompletionTokens: 500,
};

const completion = (changes: Record<string, unknown> = {}, message: Record<string, unknown> = { role: 'assistant', content: 'hello' }) => ({
  id: 'x', object: 'chat.completion', model: 'gpt-4.1-2025-04-14', choices: [{ index: 0, finish_reason: 'stop', message }], usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }, ...changes,
});

async function reasonerOn(answer: (response: ServerResponse) => void, { name = 'gpt-4.1', timeoutMs = 2_000 } = {}) {
  const server = await serve((_request, response) => answer(response));
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent, mostResponseBytes: 100_000 });
  return { server, reasoner: new AzureReasoner({ endpoint: server.url, credential: tokens, httpClient, deployment: 'chat', name, timeoutMs }) };
}

const answering = (body: unknown) => (response: ServerResponse) => json(response, 200, body, { 'apim-request-id': 'a-1' });

describe('model', () => {
  it('sends what was asked and nothing else, and counts its bytes', async () => {
    const { server, reasoner } = await reasonerOn(answering(completion()));
    const reply = await reasoner.complete(request, never);
    assert.deepEqual(reply, { text: 'hello', toolCalls: undefined, finishReason: 'stop', usage: { promptTokens: 10, completionTokens: 2 }, model: 'gpt-4.1-2025-04-14', requestId: 'a-1' });
    const [sent] = server.requests;
    assert(sent);
    assert.equal(sent.path, '/openai/deployments/chat/chat/completions?api-version=2024-10-21');
    assert.equal(sent.headers.authorization, 'Bearer a-token');
    assert.deepEqual(JSON.parse(sent.body), { model: 'chat', messages: request.messages, max_completion_tokens: 500, tools: request.tools, tool_choice: 'auto', parallel_tool_calls: true, temperature: 0 });
    // The SDK indents what it sends; tokens are counted over what is in it.
    assert.equal(Buffer.byteLength(JSON.stringify(JSON.parse(sent.body))), reasoner.requestBytes(request));
  });

  it('sends no temperature to a model that refuses it, and no tool options without tools', async () => {
    for (const name of ['gpt-5', 'constructor']) {
      const { server, reasoner } = await reasonerOn(answering(completion()), { name });
      await reasoner.complete({ ...request, tools: [] }, never);
      assert.deepEqual(Object.keys(JSON.parse(server.requests[0]?.body ?? '') as object), ['model', 'messages', 'max_completion_tokens']);
    }
  });

  it('takes an empty list of tool calls for none', async () => {
    for (const calls of [[], null, undefined]) {
      const { reasoner } = await reasonerOn(answering(completion({}, { role: 'assistant', content: 'hello', tool_calls: calls })));
      assert.equal((await reasoner.complete(request, never)).toolCalls, undefined);
    }
  });

  it('leaves tool calls as they came', async () => {
    for (const calls of [[{ id: 1, function: 'x' }], 'evil', { a: 1 }, [[]], 7]) {
      const { reasoner } = await reasonerOn(answering(completion({}, { role: 'assistant', content: null, tool_calls: calls })));
      const reply = await reasoner.complete(request, never);
      assert.deepEqual(reply.toolCalls, calls);
      assert.equal(reply.text, '');
    }
  });

  it('bounds the text', async () => {
    const { reasoner } = await reasonerOn(answering(completion({}, { content: 'x'.repeat(30_000) })));
    assert.equal((await reasoner.complete(request, never)).text.length, 20_000);
  });

  for (const usage of [undefined, null, {}, { prompt_tokens: -1, completion_tokens: 1 }, { prompt_tokens: 1.5, completion_tokens: 1 }, { prompt_tokens: '5', completion_tokens: 1 }, { prompt_tokens: 2 ** 53, completion_tokens: 1 }, 'many']) {
    it(`takes the report ${JSON.stringify(usage)} for none`, async () => {
      const { reasoner } = await reasonerOn(answering(completion({ usage })));
      assert.equal((await reasoner.complete(request, never)).usage, undefined);
    });
  }

  const filtered = { error: { code: 'content_filter', message: 'secret prompt', innererror: { code: 'ResponsibleAIPolicyViolation' } } };
  for (const [what, answer, code] of [
    ['throttling', (response: ServerResponse) => json(response, 429, { error: { code: '429', message: 'secret prompt' } }), 'MODEL_BUSY'],
    ['a filtered request', (response: ServerResponse) => json(response, 400, filtered), 'MODEL_FILTERED'],
    ['a filtered reply', answering(completion({ choices: [{ finish_reason: 'content_filter', message: { content: null } }] })), 'MODEL_FILTERED'],
    ['another bad request', (response: ServerResponse) => json(response, 400, { error: { code: 'x', message: 'secret prompt' } }), 'MODEL_UNAVAILABLE'],
    ['a missing role', (response: ServerResponse) => json(response, 401, { error: { code: 'PermissionDenied' } }), 'MODEL_UNAVAILABLE'],
    ['a failing service', (response: ServerResponse) => json(response, 500, { error: {} }), 'MODEL_UNAVAILABLE'],
    ['a cut connection', (response: ServerResponse) => response.destroy(), 'MODEL_UNAVAILABLE'],
    ['HTML', (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'), 'MODEL_MALFORMED'],
    ['broken JSON', (response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":'), 'MODEL_MALFORMED'],
    ['an empty body', (response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).end(), 'MODEL_MALFORMED'],
    ['no choices', answering(completion({ choices: [] })), 'MODEL_MALFORMED'],
    ['choices of another kind', answering(completion({ choices: 'x' })), 'MODEL_MALFORMED'],
    ['no message', answering(completion({ choices: [{}] })), 'MODEL_MALFORMED'],
    ['text of another kind', answering(completion({}, { content: { a: 1 } })), 'MODEL_MALFORMED'],
    ['an array', answering([]), 'MODEL_MALFORMED'],
    ['null', answering(null), 'MODEL_MALFORMED'],
    ['far too much', answering('x'.repeat(200_000)), 'MODEL_MALFORMED'],
  ] as const) {
    it(`calls ${what} ${code}, once, and repeats nothing of it`, async () => {
      const { server, reasoner } = await reasonerOn(answer);
      const error = await rejectsWith(reasoner.complete(request, never), code);
      assert.equal(server.requests.length, 1);
      assert(!error.message.includes('secret'));
      assert.equal(error.cause, undefined);
    });
  }

  it('gives up on a model that hangs', async () => {
    const { reasoner } = await reasonerOn(() => undefined, { timeoutMs: 60 });
    await rejectsWith(reasoner.complete(request, never), 'MODEL_UNAVAILABLE');
  });

  it('passes the reason of an abort through', async () => {
    const { server, reasoner } = await reasonerOn(() => undefined);
    const reason = new Error('killed');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(reasoner.complete(request, controller.signal), reason);
    await assert.rejects(reasoner.complete(request, AbortSignal.abort(reason)), reason);
    assert.equal(server.requests.length, 1);
  });
});

describe('model prices', () => {
  it('are integers, and unknown for what has no row', () => {
    for (const row of modelPrices()) {
      assert(Number.isSafeInteger(row.inputMicroUsdPerMillion) && row.inputMicroUsdPerMillion > 0);
      assert(Number.isSafeInteger(row.outputMicroUsdPerMillion));
      assert.equal(priceOf(row.model), row);
      // A day, and after the day on which it was read that the model exists.
      for (const day of [row.retires, row.asOf]) assert.equal(new Date(day).toISOString().slice(0, 10), day);
      assert(row.retires > row.asOf && row.source.startsWith('https://'));
      assert(dearest().outputMicroUsdPerMillion >= row.outputMicroUsdPerMillion && dearest().inputMicroUsdPerMillion >= row.inputMicroUsdPerMillion);
    }
    assert.equal(dearestEmbedding().model, 'text-embedding-3-large');
    for (const name of ['', 'constructor', '__proto__', 'GPT-4.1', 'gpt-9']) assert.equal(priceOf(name), undefined);
  });
});
