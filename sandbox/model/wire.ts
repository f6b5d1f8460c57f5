/**
 * The wire format of Azure OpenAI chat completions and embeddings, api-version 2024-10-21: what is accepted, what is
 * refused and how, and the fields around an answer. Sources: Microsoft Learn, "Azure OpenAI in Azure AI Foundry Models
 * REST API reference" and "Content filtering".
 */
import { createHash, randomUUID } from 'node:crypto';
import type { SandboxResponse } from '../http.ts';
import type { ChatMessage } from './conversation.ts';
import type { Picked } from './picker.ts';
import { readResponseFormat } from './response-format.ts';
import type { ResponseFormat } from './response-format.ts';
import { isRecord } from './tools.ts';
import type { ToolDefinition } from './tools.ts';
import { bad, WireError } from './wire-error.ts';

/** A user's message with this string in it is filtered, as hateful text is in Azure. */
export const CONTENT_FILTER_TRIGGER = 'SANDBOX-CONTENT-FILTER';

/** What the answers call themselves, so that nobody mistakes them for a language model's. */
export const MODEL_NAME = 'sandbox-tool-picker';
export const SYSTEM_FINGERPRINT = 'not-a-language-model';
export const EMBEDDING_MODEL_NAME = 'universal-sentence-encoder-lite';

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly tool: string };
  readonly parallel: boolean;
  readonly format: ResponseFormat;
  readonly maxTokens?: number;
}

export interface EmbeddingsRequest {
  readonly inputs: readonly string[];
  readonly encoding: 'float' | 'base64';
  readonly dimensions?: number;
}

const MAX_MESSAGES = 2048;
const MAX_TOOLS = 128;
const MAX_INPUTS = 2048;
/** Azure's limit is 8,191 tokens of input for an embedding. */
const MAX_INPUT_BYTES = 8191 * 4;

export function responseHeaders(): Readonly<Record<string, string>> {
  return { 'apim-request-id': randomUUID(), 'x-ms-region': 'Sandbox', 'x-request-id': randomUUID(), 'x-ratelimit-remaining-requests': '999', 'x-ratelimit-remaining-tokens': '99999' };
}

// --- reading

export function readChatRequest(body: unknown, apiVersion: string): ChatRequest {
  if (!isRecord(body)) throw bad('We could not parse the JSON body of your request. The API expects a JSON object.', null);
  if (body['stream'] === true) throw bad('Streaming is not emulated by the sandbox; send stream: false.', 'stream', 'not_emulated');
  if (body['n'] !== undefined && body['n'] !== null && body['n'] !== 1) throw bad('The sandbox gives one choice; n must be 1.', 'n', 'not_emulated');
  const tools = readToolDefinitions(body['tools']);
  const maxTokens = readMaxTokens(body);
  const messages = readMessages(body['messages']);
  return {
    messages,
    tools,
    toolChoice: readToolChoice(body['tool_choice'], tools),
    parallel: body['parallel_tool_calls'] !== false,
    format: readResponseFormat(body['response_format'], messages.map(({ content }) => content), apiVersion),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
}

function readMaxTokens(body: Readonly<Record<string, unknown>>): number | undefined {
  const older = body['max_tokens'] ?? undefined;
  const newer = body['max_completion_tokens'] ?? undefined;
  if (older !== undefined && newer !== undefined) {
    throw bad("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", 'max_tokens', 'invalid_parameter_combination');
  }
  const value = older ?? newer;
  const name = older === undefined ? 'max_completion_tokens' : 'max_tokens';
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw bad(`Invalid type for '${name}': expected an integer.`, name, 'invalid_type');
  if (value < 1) throw bad(`Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${String(value)} instead.`, name, 'integer_below_min_value');
  return value;
}

function readToolDefinitions(value: unknown): readonly ToolDefinition[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad("Invalid type for 'tools': expected an array of objects.", 'tools', 'invalid_type');
  if (value.length === 0) throw bad("Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.", 'tools', 'empty_array');
  if (value.length > MAX_TOOLS) throw bad(`Invalid 'tools': array too long. Expected an array with maximum length ${String(MAX_TOOLS)}.`, 'tools', 'array_above_max_length');
  return value.map((tool: unknown, index) => {
    const path = `tools[${String(index)}]`;
    if (!isRecord(tool) || tool['type'] !== 'function') throw bad(`Invalid value for '${path}.type': supported values are: 'function'.`, `${path}.type`, 'invalid_value');
    const definition = tool['function'];
    if (!isRecord(definition)) throw bad(`Missing required parameter: '${path}.function'.`, `${path}.function`, 'missing_required_parameter');
    const name = definition['name'];
    if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/u.test(name)) {
      throw bad(`Invalid '${path}.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, `${path}.function.name`, 'invalid_value');
    }
    const parameters = definition['parameters'];
    if (parameters !== undefined && (!isRecord(parameters) || parameters['type'] !== 'object')) {
      throw bad(`Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"'.`, `${path}.function.parameters`, 'invalid_function_parameters');
    }
    return { name, description: typeof definition['description'] === 'string' ? definition['description'] : '', parameters: parameters ?? {} };
  });
}

function readToolChoice(value: unknown, tools: readonly ToolDefinition[]): ChatRequest['toolChoice'] {
  if (value === undefined || value === null) return tools.length === 0 ? 'none' : 'auto';
  if (tools.length === 0) throw bad("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", 'tool_choice', 'invalid_value');
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const name = isRecord(value) && value['type'] === 'function' && isRecord(value['function']) ? value['function']['name'] : undefined;
  if (typeof name !== 'string') throw bad("Invalid value for 'tool_choice'. Supported values are: 'none', 'auto', 'required' and a named function.", 'tool_choice', 'invalid_value');
  if (!tools.some((tool) => tool.name === name)) throw bad(`Tool choice '${name}' not found in 'tools' parameter.`, 'tool_choice', 'invalid_value');
  return { tool: name };
}

function readMessages(value: unknown): readonly ChatMessage[] {
  if (!Array.isArray(value)) throw bad("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter');
  if (value.length === 0) throw bad("Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.", 'messages', 'empty_array');
  if (value.length > MAX_MESSAGES) throw bad(`Invalid 'messages': array too long. Expected an array with maximum length ${String(MAX_MESSAGES)}.`, 'messages', 'array_above_max_length');
  const messages = value.map(readMessage);
  checkOrder(messages);
  return messages;
}

function readMessage(value: unknown, index: number): ChatMessage {
  const path = `messages[${String(index)}]`;
  if (!isRecord(value)) throw bad(`Invalid type for '${path}': expected an object.`, path, 'invalid_type');
  const role = value['role'];
  if (role !== 'system' && role !== 'developer' && role !== 'user' && role !== 'assistant' && role !== 'tool') {
    throw bad(`Invalid value for '${path}.role'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'.`, `${path}.role`, 'invalid_value');
  }
  const toolCalls = role === 'assistant' ? readToolCalls(value['tool_calls'], path) : undefined;
  const content = readContent(value['content'], path, toolCalls !== undefined);
  if (role !== 'tool') return { role, content, ...(toolCalls === undefined ? {} : { toolCalls }) };
  const toolCallId = value['tool_call_id'];
  if (typeof toolCallId !== 'string') throw bad(`Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.`, `${path}.tool_call_id`);
  return { role, content, toolCallId };
}

function readContent(value: unknown, path: string, optional: boolean): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    return value
      .map((part: unknown, index) => {
        if (isRecord(part) && part['type'] === 'text' && typeof part['text'] === 'string') return part['text'];
        throw bad(`Invalid value for '${path}.content[${String(index)}]': the sandbox reads parts of type 'text' only.`, `${path}.content[${String(index)}].type`, 'invalid_value');
      })
      .join('');
  }
  if ((value === undefined || value === null) && optional) return '';
  throw bad(`Invalid value for '${path}.content': expected a string, got ${value === null || value === undefined ? 'null' : typeof value}.`, `${path}.content`, 'invalid_type');
}

function readToolCalls(value: unknown, path: string): ChatMessage['toolCalls'] {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw bad(`Invalid type for '${path}.tool_calls': expected an array of objects.`, `${path}.tool_calls`, 'invalid_type');
  if (value.length === 0) throw bad(`Invalid '${path}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`, `${path}.tool_calls`, 'empty_array');
  return value.map((call: unknown, index) => {
    const callPath = `${path}.tool_calls[${String(index)}]`;
    const called = isRecord(call) && call['type'] === 'function' ? call['function'] : undefined;
    if (!isRecord(call) || typeof call['id'] !== 'string' || !isRecord(called) || typeof called['name'] !== 'string' || typeof called['arguments'] !== 'string') {
      throw bad(`Missing required parameter: '${callPath}' needs id, type 'function', function.name and function.arguments.`, callPath, 'missing_required_parameter');
    }
    return { id: call['id'], name: called['name'], arguments: called['arguments'] };
  });
}

/** Every call is answered directly after it, once, and no tool message comes without its call. */
function checkOrder(messages: readonly ChatMessage[]): void {
  const unanswered = new Set<string>();
  messages.forEach((message, index) => {
    if (message.role === 'tool') {
      const id = message.toolCallId ?? '';
      if (unanswered.delete(id)) return;
      throw bad("Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.", `messages.[${String(index)}].role`);
    }
    refuseUnanswered(unanswered, index);
    for (const call of message.toolCalls ?? []) unanswered.add(call.id);
  });
  refuseUnanswered(unanswered, messages.length);
}

function refuseUnanswered(unanswered: ReadonlySet<string>, index: number): void {
  if (unanswered.size === 0) return;
  throw bad(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...unanswered].join(', ')}`,
    `messages.[${String(index)}].role`,
  );
}

export function readEmbeddingsRequest(body: unknown): EmbeddingsRequest {
  if (!isRecord(body)) throw bad('We could not parse the JSON body of your request. The API expects a JSON object.', null);
  const encoding = body['encoding_format'] ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64') throw bad("Invalid value for 'encoding_format'. Supported values are: 'float' and 'base64'.", 'encoding_format', 'invalid_value');
  const input = body['input'];
  const inputs: unknown[] = Array.isArray(input) ? input : [input];
  if (inputs.length === 0 || inputs.length > MAX_INPUTS) throw bad(`Invalid 'input': expected 1 to ${String(MAX_INPUTS)} texts.`, 'input', 'invalid_value');
  const dimensions = body['dimensions'] ?? undefined;
  if (dimensions !== undefined && (typeof dimensions !== 'number' || !Number.isInteger(dimensions) || dimensions < 1)) throw bad("Invalid 'dimensions': expected a positive integer.", 'dimensions', 'invalid_value');
  return {
    inputs: inputs.map((text) => {
      if (typeof text !== 'string' || text === '') throw bad("'$.input' is invalid. The sandbox embeds non-empty strings and arrays of them.", 'input', 'invalid_value');
      if (Buffer.byteLength(text) > MAX_INPUT_BYTES) throw bad("This model's maximum context length is 8191 tokens; please reduce your prompt.", 'input', 'context_length_exceeded');
      return text;
    }),
    encoding,
    ...(typeof dimensions === 'number' ? { dimensions } : {}),
  };
}

// --- content filter

const SAFE = { hate: { filtered: false, severity: 'safe' }, self_harm: { filtered: false, severity: 'safe' }, sexual: { filtered: false, severity: 'safe' }, violence: { filtered: false, severity: 'safe' } } as const;
const PROMPT_SAFE = { ...SAFE, jailbreak: { filtered: false, detected: false } } as const;

/** Throws Azure's answer to filtered prompts when a user's message carries the trigger. */
export function checkContent(messages: readonly ChatMessage[]): void {
  if (!messages.some((message) => message.role === 'user' && message.content.includes(CONTENT_FILTER_TRIGGER))) return;
  throw new WireError(400, {
    error: {
      message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
      type: null,
      param: 'prompt',
      code: 'content_filter',
      status: 400,
      innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { ...PROMPT_SAFE, hate: { filtered: true, severity: 'high' } } },
    },
  });
}

// --- writing

/** Tokens are approximated as a quarter of the UTF-8 bytes, rounded up: at least 1, and never more than the bytes. */
export function approximateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** The whole request counts, tools and schema included, as it does in Azure. */
export function promptTokens(body: unknown): number {
  return isRecord(body) ? approximateTokens(JSON.stringify([body['messages'], body['tools'] ?? [], ...(isRecord(body['response_format']) ? [body['response_format']] : [])])) : 0;
}

export function chatResponse(picked: Picked, request: ChatRequest, body: unknown): SandboxResponse {
  const prompt = promptTokens(body);
  const calls = 'calls' in picked ? picked.calls : [];
  const toolCalls = calls.map((call) => ({ id: `call_${randomUUID().replace(/-/gu, '').slice(0, 24)}`, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.arguments) } }));
  const text = 'text' in picked ? picked.text : null;
  const wanted = approximateTokens(text ?? JSON.stringify(toolCalls.map((call) => call.function)));
  const limit = request.maxTokens ?? Infinity;
  const cut = wanted > limit;
  const message = cut
    ? // What the real model does when the limit falls into a call: no usable call comes out.
      { role: 'assistant', content: text === null ? '' : text.slice(0, limit * 4), refusal: null }
    : { role: 'assistant', content: text, refusal: null, ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}) };
  const completion = cut ? limit : wanted;
  return {
    status: 200,
    headers: responseHeaders(),
    body: {
      id: `chatcmpl-${createHash('sha256').update(randomUUID()).digest('hex').slice(0, 29)}`,
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: MODEL_NAME,
      system_fingerprint: SYSTEM_FINGERPRINT,
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: PROMPT_SAFE }],
      choices: [{ index: 0, finish_reason: cut ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop', logprobs: null, message, content_filter_results: text === null ? {} : SAFE }],
      usage: {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt + completion,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
      },
    },
  };
}

export function embeddingsResponse(vectors: readonly (readonly number[])[], request: EmbeddingsRequest): SandboxResponse {
  const tokens = request.inputs.reduce((sum, text) => sum + approximateTokens(text), 0);
  return {
    status: 200,
    headers: responseHeaders(),
    body: {
      object: 'list',
      data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: request.encoding === 'base64' ? base64(vector) : vector })),
      model: EMBEDDING_MODEL_NAME,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    },
  };
}

/** Little-endian 32-bit floats, as the SDKs decode them. */
function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}
