import '@azure/openai/types';
import type { AzureOpenAI } from 'openai';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import type { ModelReply, ModelRequest, Reasoner } from '../guard/reasoner.ts';
import { answerOf, openAzureOpenAI, type DeploymentOptions } from './azure-openai.ts';
import { priceOf } from './model-prices.ts';

export interface ReasonerOptions extends DeploymentOptions {
  /** The model behind the deployment. */
  readonly name: string;
}

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
  readonly #client: AzureOpenAI;
  readonly #deployment: string;
  readonly #temperature: { readonly temperature?: number };

  constructor(options: ReasonerOptions) {
    this.#deployment = options.deployment;
    this.#temperature = priceOf(options.name)?.supportsTemperature === true ? { temperature: 0 } : {};
    this.#client = openAzureOpenAI(options);
  }

  /** Of the compact form: the SDK indents what it sends, but tokens are counted over what is in it. */
  requestBytes(request: ModelRequest): number {
    return Buffer.byteLength(JSON.stringify(this.#bodyOf(request)), 'utf8');
  }

  async complete(request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
    const { received, requestId } = await answerOf(signal, (own) => this.#client.chat.completions.create(this.#bodyOf(request), { signal: own }));
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
      model: parsed.data.model ?? '',
      requestId,
    };
  }

  #bodyOf({ answerIn, messages, tools, maxCompletionTokens }: ModelRequest): ChatCompletionCreateParamsNonStreaming {
    const body = {
      model: this.#deployment,
      messages,
      max_completion_tokens: maxCompletionTokens,
      // An empty list of tools is refused by the service, and so are the two options without a list.
      ...(tools.length === 0 ? {} : { tools, tool_choice: 'auto' as const, parallel_tool_calls: true }),
      // learn.microsoft.com/azure/ai-services/openai/how-to/structured-outputs: GA in api-version 2024-10-21.
      ...(answerIn && { response_format: { type: 'json_schema', json_schema: { name: answerIn.name, strict: true, schema: answerIn.schema } } }),
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
