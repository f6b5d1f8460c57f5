import type { ModelMessage } from '../guard/reasoner.ts';

/** What the model is told about a call that has no result. */
const NOT_RUN = JSON.stringify({ status: 'not run' });

/**
 * Completes the exchanges of a history: the API refuses a tool call without its result, and a refusal, a crash or a
 * card can leave one. Results without their call are dropped.
 */
export function closeExchanges(history: readonly ModelMessage[]): ModelMessage[] {
  const closed: ModelMessage[] = [];
  for (let index = 0; index < history.length; index += 1) {
    const message = history[index];
    if (message === undefined || message.role === 'tool') continue;
    closed.push(message);
    if (message.role !== 'assistant' || message.tool_calls === undefined) continue;
    const results = new Map<string, ModelMessage>();
    for (let next = index + 1; history[next]?.role === 'tool'; next += 1) {
      const result = history[next];
      if (result?.role === 'tool') results.set(result.tool_call_id, result);
    }
    for (const call of message.tool_calls) closed.push(results.get(call.id) ?? { role: 'tool', tool_call_id: call.id, content: NOT_RUN });
  }
  return closed;
}

/** The newest whole exchanges that fit: the oldest go first, and a cut never falls between a call and its result. */
export function newest(history: readonly ModelMessage[], mostMessages: number): ModelMessage[] {
  let from = Math.max(0, history.length - mostMessages);
  while (from < history.length && history[from]?.role !== 'user') from += 1;
  return history.slice(from);
}
