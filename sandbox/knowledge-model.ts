/** The sandbox's model as the knowledge step uses it, over its wire format but without a network: for measuring thousands of questions. */
import { randomUUID } from 'node:crypto';
import type { SandboxRequest, SandboxResponse } from './http.ts';
import { createModelService, MODEL_AUDIENCE } from './model/service.ts';
import { isRecord } from './model/tools.ts';

export interface AnswerModel {
  embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  ask(request: { readonly system: string; readonly user: string }): Promise<string>;
}

const DEPLOYMENT = 'measured';
const SCHEMA = { type: 'object', additionalProperties: false, required: ['sentences'], properties: { sentences: { type: 'array', items: { type: 'object', additionalProperties: false, required: ['text', 'passages'], properties: { text: { type: 'string' }, passages: { type: 'array', items: { type: 'string' } } } } } } };

export function answerModel(): AnswerModel {
  const service = createModelService({ deployment: DEPLOYMENT });
  const post = async (operation: string, body: unknown): Promise<Record<string, unknown>> => {
    const path = `/openai/deployments/${DEPLOYMENT}/${operation}`;
    const handler = service.handlers.find((each) => each.path === `/openai/deployments/:deployment/${operation}`);
    const request = { method: 'POST', url: new URL(`https://local${path}?api-version=2024-10-21`), params: { deployment: DEPLOYMENT }, headers: {}, body, identity: { audience: MODEL_AUDIENCE, clientId: randomUUID() } } as unknown as SandboxRequest;
    const answered = (await handler?.handle(request)) as SandboxResponse;
    if (answered.status !== 200 || !isRecord(answered.body)) throw new Error(`the sandbox's model answers ${String(answered.status)}: ${JSON.stringify(answered.body)}`);
    return answered.body;
  };
  return {
    embed: async (texts) => ((await post('embeddings', { model: DEPLOYMENT, input: [...texts] }))['data'] as { readonly embedding: readonly number[] }[]).map(({ embedding }) => embedding),
    ask: async ({ system, user }) => {
      const body = { model: DEPLOYMENT, messages: [{ role: 'system', content: system }, { role: 'user', content: user }], max_completion_tokens: 800, response_format: { type: 'json_schema', json_schema: { name: 'grounded_answer', strict: true, schema: SCHEMA } } };
      const [choice] = (await post('chat/completions', body))['choices'] as { readonly message: { readonly content: string } }[];
      return choice?.message.content ?? '';
    },
  };
}
