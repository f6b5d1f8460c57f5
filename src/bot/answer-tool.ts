import { z } from 'zod/v4';
import type { ToolDescription } from '../actions/catalogue.ts';
import { HANDLE_IN_TEXT } from '../actions/handles.ts';
import { PlanError } from '../actions/plan.ts';

/**
 * The way from planning to the articles. No action and not in the catalogue: nothing in a system is read or changed by it,
 * the step behind it has a prompt of its own, and nothing of what it finds comes back to the model that plans.
 */

export const ANSWER_TOOL = 'answer_from_articles';
export const MOST_QUESTION_CHARACTERS = 500;

export const answerTool: ToolDescription = {
  type: 'function',
  function: {
    name: ANSWER_TOOL,
    description: 'Answers a question about how something works or is done in this company from its reviewed articles. Does not look anything up in a system, does not change anything and does not return the answer: the person is shown it.',
    parameters: {
      type: 'object',
      properties: { question: { description: 'The question, in the words of the person who asks, complete in itself.', type: 'string', minLength: 1, maxLength: MOST_QUESTION_CHARACTERS } },
      required: ['question'],
      additionalProperties: false,
    },
  },
};

const isAnswerCall = z.object({ function: z.object({ name: z.literal(ANSWER_TOOL) }) });
const answerCall = z.object({ id: z.string().min(1).max(200), type: z.literal('function'), function: z.object({ name: z.literal(ANSWER_TOOL), arguments: z.string().max(4_000) }) });
const answerArguments = z.strictObject({ question: z.string().max(MOST_QUESTION_CHARACTERS) });

/** Takes the question out of what the model proposes; the rest is a plan, or nothing. Fails with a `PlanError`. */
export function questionIn(toolCalls: unknown): { readonly question?: string; readonly rest: unknown } {
  if (!Array.isArray(toolCalls)) return { rest: toolCalls };
  const asked = toolCalls.filter((call) => isAnswerCall.safeParse(call).success);
  if (asked.length === 0) return { rest: toolCalls };
  if (asked.length > 1) throw new PlanError('PLAN_MALFORMED', ['two questions at once']);
  const call = answerCall.safeParse(asked[0]);
  const given = call.success ? answerArguments.safeParse(jsonIn(call.data.function.arguments)) : undefined;
  const question = given?.data?.question;
  if (question === undefined || withoutHandles(question) === '') throw new PlanError('PLAN_BAD_ARGUMENTS', ['a question that is none']);
  return { question, rest: toolCalls.filter((each) => each !== asked[0]) };
}

/** A handle stands for something of this conversation, of which no article knows. */
export function withoutHandles(question: string): string {
  return question.replace(new RegExp(HANDLE_IN_TEXT.source, 'gi'), ' ').replace(/\s+/g, ' ').trim();
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
