import { z } from 'zod/v4';
import { handleKinds, type StoredHandle } from '../actions/handles.ts';
import type { Memory, Received, SaidAnswer, StoredAnswer } from '../bot/ports.ts';
import type { ModelMessage } from '../guard/reasoner.ts';
import { place } from './places.ts';
import { audiences } from '../knowledge/article.ts';
import { dropReasons } from '../knowledge/ground.ts';
import { internalId } from './stored-json.ts';

const MOST_MESSAGES = 40;
const MOST_HISTORY_CHARACTERS = 48_000;
const MOST_WORDS = 40;
const MOST_WORD_CHARACTERS = 24_000;

const toolCall = z.object({ id: z.string(), type: z.literal('function'), function: z.object({ name: z.string(), arguments: z.string() }) });

const message: z.ZodType<ModelMessage> = z.union([
  z.object({ role: z.enum(['system', 'user']), content: z.string() }),
  z.object({ role: z.literal('assistant'), content: z.string().nullable(), tool_calls: z.array(toolCall).optional() }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: z.string() }),
]);

const storedHandle: z.ZodType<StoredHandle> = z.object({
  handle: z.string(),
  kind: z.enum([...handleKinds, 'text']),
  id: internalId.optional(),
  label: z.string(),
  expiresAtMs: z.number(),
} satisfies Record<keyof StoredHandle, z.ZodType>);

const score = z.object({ hash: z.string(), similarity: z.number(), lexical: z.number(), score: z.number() });

export const saidAnswer: z.ZodType<SaidAnswer> = z.object({
  reference: z.string(),
  turn: z.string(),
  conversationId: z.string(),
  activityId: z.string(),
  articles: z.array(z.object({ id: z.string(), title: z.string(), ownerName: z.string(), ownerMail: z.string() })),
} satisfies Record<keyof SaidAnswer, z.ZodType>);

const storedAnswer: z.ZodType<StoredAnswer> = z.intersection(
  saidAnswer,
  z.object({
    trace: z.object({
      question: z.string(),
      index: z.string(),
      hears: z.array(z.enum(audiences)),
      day: z.string(),
      vector: z.string(),
      proposed: z.array(z.object({ text: z.string(), passages: z.array(z.string()) })),
      passages: z.array(score),
      kept: z.array(z.object({ text: z.string(), hash: z.string(), agreement: z.number() })),
      dropped: z.array(z.object({ text: z.string(), reason: z.enum(dropReasons) })),
      refusal: z.string().optional(),
    } satisfies Record<keyof StoredAnswer['trace'], z.ZodType>),
  }),
);

/** A memory as it is stored; its version is the row's tag. `satisfies` names every field: one not named would be dropped. */
export const memory: z.ZodType<Omit<Memory, 'version'>> = z.object({
  history: z.array(message),
  handles: z.array(storedHandle),
  words: z.array(z.string()),
  choice: z.object({ reference: z.string(), handles: z.array(z.string()), activityId: z.string(), requestActivityId: z.string() }).optional(),
  answer: storedAnswer.optional(),
} satisfies Record<keyof Omit<Memory, 'version'>, z.ZodType>);

/** A received activity as it is stored. */
export const received: z.ZodType<Received> = z.object({ conversationId: z.string(), activityId: z.string(), place });

/**
 * The memory with what is too old dropped: whole exchanges, from a person's message up to the next one, so that no tool
 * call loses its results.
 */
export function bounded({ version: _, ...all }: Memory): Omit<Memory, 'version'> {
  return { ...all, history: boundedHistory(all.history), words: boundedWords(all.words) };
}

function boundedHistory(history: readonly ModelMessage[]): readonly ModelMessage[] {
  const exchanges: ModelMessage[][] = [];
  for (const each of history) {
    const current = exchanges.at(-1);
    if (each.role === 'user' || current === undefined) exchanges.push([each]);
    else current.push(each);
  }
  const kept: ModelMessage[][] = [];
  let messages = 0;
  let characters = 0;
  for (const exchange of exchanges.reverse()) {
    messages += exchange.length;
    characters += JSON.stringify(exchange).length;
    // One exchange may have more messages than the bound; it may not have more text.
    if ((messages > MOST_MESSAGES && kept.length > 0) || characters > MOST_HISTORY_CHARACTERS) break;
    kept.unshift(exchange);
  }
  return kept.flat();
}

function boundedWords(words: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const word of words.slice(-MOST_WORDS).reverse()) {
    characters += word.length;
    if (characters > MOST_WORD_CHARACTERS) break;
    kept.unshift(word);
  }
  return kept;
}
