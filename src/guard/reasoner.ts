import type { ToolDescription } from '../actions/catalogue.ts';
import type { Tokens } from './money.ts';

/** The model, as the planner sees it. Wire shapes are OpenAI's; content is data from an untrusted party. */

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export type ModelMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string | null; readonly tool_calls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string };

export interface ModelRequest {
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolDescription[];
  readonly maxCompletionTokens: number;
  /** The text of the reply is JSON of this schema (structured outputs, strict). Not together with tools. */
  readonly answerIn?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
}

export interface ModelReply {
  /** The text of the reply, empty when there is none. */
  readonly text: string;
  /** As received: `actions/plan.parsePlan` decides whether it is a plan. Undefined when the reply proposes none. */
  readonly toolCalls: unknown;
  readonly finishReason: string;
  /** As reported; undefined when the reply had no usable report. */
  readonly usage: Tokens | undefined;
  /** The model that answered, as it calls itself; empty when it does not say. */
  readonly model: string;
  readonly requestId: string;
}

export interface Reasoner {
  /**
   * One attempt, never retried. Fails with `MODEL_UNAVAILABLE`, `MODEL_BUSY`, `MODEL_FILTERED` or `MODEL_MALFORMED`.
   */
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
  /** UTF-8 bytes of the request as it would be sent: an upper bound of its tokens. */
  requestBytes(request: ModelRequest): number;
}

export interface EmbeddingReply {
  /** One vector for each text, in their order. */
  readonly vectors: readonly (readonly number[])[];
  /** As reported, with no completion tokens; undefined when the reply had no usable report. */
  readonly usage: Tokens | undefined;
  readonly model: string;
  readonly requestId: string;
}

/** A model that turns texts into vectors. */
export interface Embedder {
  /** One attempt, never retried. Same errors as `Reasoner.complete`. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<EmbeddingReply>;
  /** UTF-8 bytes of the request as it would be sent: an upper bound of its tokens. */
  requestBytes(texts: readonly string[]): number;
}
