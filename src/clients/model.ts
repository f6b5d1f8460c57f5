import '@azure/openai/types';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { APIError, AzureOpenAI } from 'openai';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import type { ModelReply, ModelRequest, Reasoner } from '../guard/reasoner.ts';
import { apiVersions } from './api-versions.ts';
import { scopeOf } from './clouds.ts';
import { EgressError, fetchOver } from './egress.ts';
import { priceOf } from './model-prices.ts';

export interface ReasonerOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly deployment: string;
  /** The model behind the deployment, whose price applies. */
  readonly name: string;
  readonly timeoutMs?: number;
}

/** Longer than a turn may take: its deadline ends a call that hangs, and says so in words. */
export const MODEL_TIMEOUT_MS = 60_000;
/** Far more than can be said in a message; a longer reply is cut before anything reads it. */
const MOST_TEXT = 20_000;

/** What must hold of an answer. Everything else, tool calls above all, is left as it came: `parsePlan` judges it. */
const completion = z.object({
  model: z.string().optional(),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), tool_calls: z.unknown() }),
      }),
    )
    .min(1),
  usage: z.unknown(),
});

const usage = z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() });

/** One deployment of Azure OpenAI under the reasoner's identity. */
export class AzureReasoner implements Reasoner {
  readonly modelName: string;
  readonly #client: AzureOpenAI;
  readonly #deployment: string;
  readonly #temperature: { readonly temperature?: number };

  constructor(options: ReasonerOptions) {
    const { endpoint, credential, httpClient, deployment, name, timeoutMs = MODEL_TIMEOUT_MS } = options;
    this.modelName = name;
    this.#deployment = deployment;
    this.#temperature = priceOf(name)?.supportsTemperature === true ? { temperature: 0 } : {};
    this.#client = new AzureOpenAI({
      // `baseURL`, not `endpoint`: with OPENAI_BASE_URL in the environment the latter is refused, and main.ts is the
      // only file that reads the environment.
      baseURL: `${endpoint}/openai`,
      deployment,
      apiVersion: apiVersions.openai,
      azureADTokenProvider: async () => {
        const token = await credential.getToken(scopeOf('openai'));
        if (token === null) throw new StewardError('MODEL_UNAVAILABLE', 'no token for the model');
        return token.token;
      },
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: timeoutMs,
      // openai types `fetch` by whichever shim it picked at load; ours takes and gives what the platform's does.
      fetch: fetchOver(httpClient, timeoutMs) as never,
    });
  }

  /** Of the compact form: the SDK indents what it sends, but tokens are counted over what is in it. */
  requestBytes(request: ModelRequest): number {
    return Buffer.byteLength(JSON.stringify(this.#bodyOf(request)), 'utf8');
  }

  async complete(request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
    signal.throwIfAborted();
    // A signal of this call's own: the SDK (4.77.4) never takes its listener off again, and the caller's lives longer.
    const call = new AbortController();
    const onAbort = (): void => call.abort();
    signal.addEventListener('abort', onAbort);
    let received: unknown;
    let requestId: string;
    try {
      const { data, response } = await this.#client.chat.completions.create(this.#bodyOf(request), { signal: call.signal }).withResponse();
      received = data;
      requestId = response.headers.get('apim-request-id') ?? response.headers.get('x-request-id') ?? '';
    } catch (error) {
      signal.throwIfAborted();
      throw modelError(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    const parsed = completion.safeParse(received);
    const choice = parsed.data?.choices[0];
    if (!parsed.success || choice === undefined) throw new StewardError('MODEL_MALFORMED', 'the model answered in an unexpected shape');
    const finishReason = choice.finish_reason ?? '';
    if (finishReason === 'content_filter') throw new StewardError('MODEL_FILTERED', 'the reply was filtered');
    const counted = usage.safeParse(parsed.data.usage);
    return {
      text: (choice.message.content ?? '').slice(0, MOST_TEXT),
      toolCalls: calledTools(choice.message.tool_calls),
      finishReason,
      usage: counted.success ? { promptTokens: counted.data.prompt_tokens, completionTokens: counted.data.completion_tokens } : undefined,
      model: parsed.data.model ?? this.modelName,
      requestId,
    };
  }

  #bodyOf({ messages, tools, maxCompletionTokens }: ModelRequest): ChatCompletionCreateParamsNonStreaming {
    const body = {
      model: this.#deployment,
      messages,
      max_completion_tokens: maxCompletionTokens,
      // An empty list of tools is refused by the service, and so are the two options without a list.
      ...(tools.length === 0 ? {} : { tools, tool_choice: 'auto' as const, parallel_tool_calls: true }),
      ...this.#temperature,
    };
    // The port's types are OpenAI's with `readonly`, which the SDK's own types lack.
    return body as unknown as ChatCompletionCreateParamsNonStreaming;
  }
}

/** Some answers say "no tool calls" by an empty list. */
function calledTools(calls: unknown): unknown {
  return Array.isArray(calls) && calls.length === 0 ? undefined : (calls ?? undefined);
}

/** Which of the model's codes an error of the SDK is. The SDK's texts repeat request data, so none is passed on. */
function modelError(error: unknown): StewardError {
  if (error instanceof StewardError && error.code.startsWith('MODEL_')) return error;
  if (error instanceof APIError && error.status !== undefined) {
    if (error.status === 429) return new StewardError('MODEL_BUSY', 'the model is throttling');
    if (error.status === 400 && error.code === 'content_filter') return new StewardError('MODEL_FILTERED', 'the request was filtered');
    return new StewardError('MODEL_UNAVAILABLE', `the model answered ${error.status}`);
  }
  // A 200 whose body is not JSON fails in the SDK's parser.
  if (error instanceof SyntaxError) return new StewardError('MODEL_MALFORMED', 'the model answered something that is not JSON');
  if (causes(error).some((cause) => cause instanceof EgressError && cause.code === 'RESPONSE_TOO_LARGE')) return new StewardError('MODEL_MALFORMED', 'the model answered too much');
  return new StewardError('MODEL_UNAVAILABLE', 'the model gave no answer');
}

function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  return chain;
}
