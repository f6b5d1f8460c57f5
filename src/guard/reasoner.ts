import type { ToolDescription } from '../actions/catalogue.ts';

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
}

export interface ModelReply {
  /** The text of the reply, empty when there is none. */
  readonly text: string;
  /** As received: `actions/plan.parsePlan` decides whether it is a plan. Undefined when the reply proposes none. */
  readonly toolCalls: unknown;
  readonly finishReason: string;
  /** As reported; undefined when the reply had no usable report. */
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | undefined;
  readonly model: string;
  readonly requestId: string;
}

export interface Reasoner {
  /** The model name whose pinned price applies. */
  readonly modelName: string;
  /**
   * One attempt, never retried. Fails with `MODEL_UNAVAILABLE`, `MODEL_BUSY`, `MODEL_FILTERED` or `MODEL_MALFORMED`.
   */
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
  /** UTF-8 bytes of the request as it would be sent: an upper bound of its tokens. */
  requestBytes(request: ModelRequest): number;
}
