import { z } from 'zod/v4';
import { parts, personalFacts, type PersonalFacts } from './sealed.ts';

/** Records as a stranger reads them: a copy may have been written by anybody, so its shape is checked before it is told. */

const text = z.string();
const texts = z.array(text);
const sealed = z.array(z.object({ as: z.enum(parts), person: text, key: text, box: text })).optional();

const event = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), steward: text.optional(), robot: text.optional(), deployment: text.optional(), catalogue: text, policy: text, contract: text, knowledge: text.optional(), configuration: text }),
  z.object({ kind: z.literal('message'), turn: text, person: text, tainted: z.boolean(), locale: text.optional() }),
  z.object({ kind: z.literal('model'), turn: text, purpose: text, model: text, promptTokens: z.number(), completionTokens: z.number(), costMicroUsd: z.number() }),
  z.object({ kind: z.literal('plan'), turn: text, plan: text, steps: z.array(z.object({ action: text, version: text, digest: text, provenance: z.record(text, text).optional() })), sealed }),
  z.object({ kind: z.literal('decision'), turn: text, step: text, action: text, decision: text, policies: texts }),
  z.object({ kind: z.literal('refusal'), turn: text, person: text, code: text, details: texts }),
  z.object({ kind: z.literal('approval'), approval: text, state: text, by: text, person: text, turn: text.optional(), steps: texts.optional(), code: text.optional(), settled: text.optional(), shown: text.optional(), sealed }),
  z.object({ kind: z.literal('intent'), execution: text, turn: text, action: text, version: text, step: text, target: text.optional(), requester: text, approver: text.optional(), policies: texts }),
  z.object({ kind: z.literal('outcome'), execution: text, outcome: text, code: text.optional(), requestIds: texts, durationMs: z.number() }),
  z.object({ kind: z.literal('file'), turn: text, action: text, state: text, code: text.optional() }),
  z.object({
    kind: z.literal('answer'), turn: text, person: text, question: text, index: text, hears: texts, day: text,
    passages: z.array(z.object({ article: text, hash: text, similarity: z.number(), lexical: z.number(), score: z.number() })),
    kept: z.array(z.object({ digest: text, hash: text, verbatim: z.boolean(), overlap: z.number(), agreement: z.number() })),
    dropped: z.array(z.object({ digest: text, reason: text, agreement: z.number().optional() })),
    refusal: text.optional(), sealed,
  }),
  z.object({ kind: z.literal('feedback'), answer: text, turn: text, person: text, reaction: text, articles: texts, told: texts, sealed }),
  z.object({ kind: z.literal('reply'), turn: text, withheld: z.boolean() }),
  z.object({ kind: z.literal('latch'), change: text, level: text, person: text, confirmedBy: text.optional(), scope: text.optional() }),
  z.object({ kind: z.literal('limit'), action: text, perHour: z.number(), person: text, confirmedBy: text }),
  z.object({ kind: z.literal('records'), change: text, state: text, person: text, by: text, confirmedBy: text.optional(), approval: text.optional(), code: text.optional(), sealed }),
  z.object({ kind: z.literal('sweep'), days: z.number() }),
  z.object({ kind: z.literal('retired'), chain: text, records: z.number(), hash: text, last: text.optional(), days: z.number() }),
  z.object({ kind: z.literal('spending'), day: text, toMicroUsd: z.number(), person: text }),
]);
export type ReadEvent = z.infer<typeof event>;

const record = z.object({ id: text, at: z.iso.datetime(), event });

/** One record, and the chain that it stands in. */
export interface Entry {
  readonly chain: string;
  readonly id: string;
  /** ISO 8601, by the clock of the instance that wrote it. */
  readonly at: string;
  readonly event: ReadEvent;
}

/** Undefined for a record of a kind or a form that this version does not know. */
export function entryOf(chain: string, value: unknown): Entry | undefined {
  const read = record.safeParse(value);
  return read.success ? { chain, ...read.data } : undefined;
}

/** What was sealed in a record, opened: a line of `people.jsonl`. */
export interface OpenedPart {
  /** The record's public name, and which of its sealed parts. */
  readonly record: string;
  readonly index: number;
  readonly as: string;
  readonly person: string;
  readonly facts: PersonalFacts;
}

const openedPart = z.object({ record: text, index: z.int().nonnegative(), as: z.enum(parts), person: text });

export function openedPartText({ as, facts, index, person, record: id }: OpenedPart): string {
  return `${JSON.stringify({ record: id, index, ...facts, as, person })}\n`;
}

/** Undefined for a line that is not one of `people.jsonl`. */
export function openedPartOf(line: string): OpenedPart | undefined {
  try {
    const { record: id, index, as, person, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const [head, facts] = [openedPart.safeParse({ record: id, index, as, person }), personalFacts.safeParse(rest)];
    return head.success && facts.success ? { ...head.data, facts: facts.data } : undefined;
  } catch {
    return undefined;
  }
}
