/** The ceiling over the real SDK and real HTTP: what a call that goes wrong leaves counted. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createEgress } from '../../../src/clients/egress.ts';
import { AzureEmbedder } from '../../../src/clients/embedder.ts';
import { dearest, priceOf } from '../../../src/clients/model-prices.ts';
import { AzureReasoner } from '../../../src/clients/model.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';
import { Ceiling, type Account, type ModelStop } from '../../../src/guard/ceiling.ts';
import { costOf } from '../../../src/guard/money.ts';
import type { ModelRequest } from '../../../src/guard/reasoner.ts';
import { Spend } from '../guard/ceiling-support.ts';
import { handClock, settle } from '../guard/support.ts';
import { json, never, newId, rejectsWith, serve, tokens } from './support.ts';

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [], maxCompletionTokens: 500 };
const price = priceOf('gpt-4.1')!;
const embeddingPrice = priceOf('text-embedding-3-small')!;
const account = (): Account => ({ purpose: 'turn', person: { id: newId(), roles: ['employee'] }, turn: {} });

const answer = (changes: Record<string, unknown> = {}) => ({ model: 'gpt-4.1-2025-04-14', choices: [{ finish_reason: 'stop', message: { content: 'hi' } }], usage: { prompt_tokens: 10, completion_tokens: 2 }, ...changes });
const answering = (body: unknown) => (response: ServerResponse) => json(response, 200, body);

async function ceilingOn(handle: (response: ServerResponse) => void, timeoutMs = 2_000) {
  const server = await serve((_request, response) => handle(response));
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
  const options = { endpoint: server.url, credential: tokens, httpClient, deployment: 'chat', timeoutMs };
  const reasoner = new AzureReasoner({ ...options, name: 'gpt-4.1' });
  const embedder = new AzureEmbedder(options);
  const store = new Spend();
  const stops: ModelStop[] = [];
  const settings = { monthMicroUsd: 10 ** 9, personDayMicroUsd: 10 ** 9, turnMicroUsd: 10 ** 9, price, embeddingPrice, dearest: dearest() };
  const ceiling = new Ceiling({ reasoner, embedder, store, settings, clock: handClock(), alarms: { onNotice: () => undefined, stopModel: (reason) => stops.push(reason) } });
  const reserved = costOf(price, { promptTokens: reasoner.requestBytes(request), completionTokens: 500 });
  return { ceiling, embedder, reserved, server, stops, store };
}

describe('model and ceiling', () => {
  const kept: readonly (readonly [string, (response: ServerResponse) => void, StewardErrorCode])[] = [
    ['a timeout', () => undefined, 'MODEL_UNAVAILABLE'],
    ['a cut connection', (response) => response.destroy(), 'MODEL_UNAVAILABLE'],
    ['half an answer', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":'), 'MODEL_MALFORMED'],
    ['a failing service', (response) => json(response, 500, {}), 'MODEL_UNAVAILABLE'],
    ['a gateway that asks to try again', (response) => json(response, 503, {}, { 'retry-after': '0', 'x-should-retry': 'true' }), 'MODEL_UNAVAILABLE'],
    ['a timeout of the service', (response) => json(response, 408, {}, { 'x-should-retry': 'true' }), 'MODEL_UNAVAILABLE'],
    ['a filtered prompt', (response) => json(response, 400, { error: { code: 'content_filter' } }), 'MODEL_FILTERED'],
  ];
  for (const [what, handle, code] of kept) {
    it(`is asked once and keeps its whole reservation after ${what}`, async () => {
      const { ceiling, reserved, server, store } = await ceilingOn(handle, what === 'a timeout' ? 100 : 2_000);
      await rejectsWith(ceiling.complete(request, account(), never), code);
      await settle();
      assert.equal(server.requests.length, 1, 'an attempt that nobody reserved for');
      assert.deepEqual(store.entries.map(({ amountMicroUsd }) => amountMicroUsd), [reserved]);
    });
  }

  it('is asked once and keeps its whole reservation after an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('killed');
    const { ceiling, reserved, server, store } = await ceilingOn(() => controller.abort(reason));
    await assert.rejects(ceiling.complete(request, account(), controller.signal), (error) => error === reason);
    await settle();
    assert.equal(server.requests.length, 1);
    assert.equal(store.month, reserved);
  });

  it('is asked once when it throttles, and keeps nothing', async () => {
    const { ceiling, server, store } = await ceilingOn((response) => json(response, 429, { error: { code: '429' } }, { 'retry-after': '0', 'x-should-retry': 'true' }));
    await rejectsWith(ceiling.complete(request, account(), never), 'MODEL_BUSY');
    await settle();
    assert.equal(server.requests.length, 1);
    assert.equal(store.month, 0);
  });

  for (const [what, changes] of [['no report', { usage: undefined }], ['half a report', { usage: { prompt_tokens: 1 } }], ['a report in fractions', { usage: { prompt_tokens: 0.5, completion_tokens: 1 } }], ['no name of the model', { model: undefined }]] as const) {
    it(`keeps its whole reservation when there is ${what}`, async () => {
      const { ceiling, reserved, stops, store } = await ceilingOn(answering(answer(changes)));
      assert.equal((await ceiling.complete(request, account(), never)).costMicroUsd, reserved);
      await settle();
      assert.deepEqual([store.month, stops], [reserved, []]);
    });
  }

  it('is settled from its report', async () => {
    const { ceiling, store } = await ceilingOn(answering(answer()));
    await ceiling.complete(request, account(), never);
    await settle();
    assert.equal(store.month, 10 * 2 + 2 * 8);
  });

  it('is stopped when the deployment holds another model than the settings say', async () => {
    const { ceiling, stops } = await ceilingOn(answering(answer({ model: 'gpt-4.1-mini-2025-04-14' })));
    await rejectsWith(ceiling.complete(request, account(), never), 'CEILING_OTHER_MODEL');
    assert.deepEqual(stops, ['CEILING_OTHER_MODEL']);
  });
});

describe('embedder', () => {
  const embedding = (changes: Record<string, unknown> = {}) => ({
    object: 'list', model: 'text-embedding-3-small', data: [{ object: 'embedding', index: 1, embedding: [0.5, 1] }, { object: 'embedding', index: 0, embedding: [0.25, 2] }], usage: { prompt_tokens: 4, total_tokens: 4 }, ...changes,
  });

  it('sends the texts and nothing else, counts its bytes, and gives the vectors in their order', async () => {
    const { ceiling, embedder, server, store } = await ceilingOn(answering(embedding()));
    const { costMicroUsd, vectors } = await ceiling.embed(['Wie', 'geht’s?'], never);
    assert.deepEqual(vectors, [[0.25, 2], [0.5, 1]]);
    const [sent] = server.requests;
    assert.equal(sent?.path, '/openai/deployments/chat/embeddings?api-version=2024-10-21');
    assert.deepEqual(JSON.parse(sent.body), { model: 'chat', input: ['Wie', 'geht’s?'], encoding_format: 'float' });
    assert.equal(Buffer.byteLength(JSON.stringify(JSON.parse(sent.body))), embedder.requestBytes(['Wie', 'geht’s?']));
    await settle();
    assert.deepEqual([costMicroUsd, store.month, store.entries[0]?.person], [1, 1, undefined]);
  });

  for (const [what, body] of [
    ['too few vectors', embedding({ data: [{ index: 0, embedding: [1] }] })],
    ['too many vectors', embedding({ data: [0, 1, 2].map((index) => ({ index, embedding: [1] })) })],
    ['one vector twice', embedding({ data: [0, 0].map((index) => ({ index, embedding: [1] })) })],
    ['vectors of unlike lengths', embedding({ data: [{ index: 0, embedding: [1] }, { index: 1, embedding: [1, 2] }] })],
    ['vectors that are text', embedding({ data: [0, 1].map((index) => ({ index, embedding: 'AAAA' })) })],
    ['empty vectors', embedding({ data: [0, 1].map((index) => ({ index, embedding: [] })) })],
    ['no data', {}],
  ] as const) {
    it(`fails on ${what}, and keeps what was reserved`, async () => {
      const { ceiling, server, store } = await ceilingOn(answering(body));
      await rejectsWith(ceiling.embed(['a', 'b'], never), 'MODEL_MALFORMED');
      await settle();
      assert.equal(store.entries.length, 1);
      assert.equal(server.requests.length, 1);
    });
  }

  it('sends nothing when there is nothing to embed', async () => {
    const { embedder, server } = await ceilingOn(answering(embedding()));
    for (const texts of [[], [''], ['a', ''], Array.from({ length: 2_049 }, () => 'a')]) await rejectsWith(embedder.embed(texts, never), 'UNEXPECTED');
    assert.equal(server.requests.length, 0);
  });
});
