import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import type { Article } from './article.ts';
import type { Compared, Nearest } from './known-questions.ts';
import { judge, type DropReason, type Judged, type ProposedSentence, type Support } from './ground.ts';
import { Asked, type Thresholds } from './relevance.ts';
import type { Found, Search } from './search.ts';

/**
 * The knowledge step: passages are found, the model quotes or rephrases them under a prompt of its own and with no tool,
 * and code lets through what it can verify. Nothing that stands in an article or a question can reach a plan from here.
 */

/** The world outside, as this step needs it. */
export interface AnswerPorts {
  /** Vectors for texts, by the model of the index. */
  readonly embed: (texts: readonly string[]) => Promise<readonly (readonly number[])[]>;
  /** The model's answer in the schema `answerSchema`, as text. */
  readonly ask: (request: { readonly system: string; readonly user: string }) => Promise<string>;
}

export interface AnswerSettings {
  /** The system prompt of this step. */
  readonly contract: string;
  readonly thresholds: Thresholds;
}

export type Refusal = 'nothing near' | 'nothing said' | 'nothing supported';

/** A sentence that may be said, and what it rests on. */
export interface KeptSentence {
  readonly text: string;
  readonly support: Support;
  /** Cosine between the sentence and its source; 1 for a quotation. */
  readonly agreement: number;
}

export interface DroppedSentence {
  readonly text: string;
  readonly reason: DropReason;
  /** Where the meanings were compared. */
  readonly agreement?: number;
}

/** What came of a question, with all that it takes to see later why. */
export interface Answer {
  readonly question: string;
  /** Of the index that was searched. */
  readonly index: string;
  /** Of the question, as it was searched with: whole numbers from -127 to 127. */
  readonly vector: Int8Array;
  readonly retrieved: readonly Found[];
  /** As the model returned them, in their order; empty where it was not asked. */
  readonly proposed: readonly ProposedSentence[];
  readonly kept: readonly KeptSentence[];
  readonly dropped: readonly DroppedSentence[];
  /** Why nothing is said; undefined where something is. */
  readonly refusal?: Refusal;
}

/** For structured outputs in strict mode: every property required, none besides, no other limits. */
export const answerSchema = {
  name: 'grounded_answer',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['sentences'],
    properties: {
      sentences: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['text', 'passages'],
          properties: { text: { type: 'string' }, passages: { type: 'array', items: { type: 'string' } } },
        },
      },
    },
  },
} as const;

const proposals = z.strictObject({ sentences: z.array(z.strictObject({ text: z.string(), passages: z.array(z.string()) })) });

export const MOST_RETRIEVED = 6;
const MOST_SENTENCES = 5;
/** So many are looked at; a model that returns more is not read further. */
const MOST_PROPOSED = 20;

/** Answers from the articles that `may` be said to whoever hears it. Fails as the ports do, and with `MODEL_MALFORMED`. */
export async function answer(question: string, search: Search, may: (article: Article) => boolean, ports: AnswerPorts, settings: AnswerSettings): Promise<Answer> {
  const [embedded = []] = await ports.embed([question]);
  const vector = coarse(embedded);
  const retrieved = retrieve(question, vector, search, may);
  const asked = new Asked(question, search);
  const base = { question, index: search.digest, vector, retrieved };
  const near = nearEnough(asked, retrieved, compare(question, vector, search, may), settings.thresholds);
  if (near.passages.length === 0) return { ...base, proposed: [], kept: [], dropped: [], refusal: 'nothing near' };
  const names = namesOf(near.passages);
  const passages = [...names].map(([id, { article, passage }]) => ({ id, title: article.title, heading: passage.heading, text: passage.text }));
  const proposed = proposalsIn(await ports.ask({ system: settings.contract, user: JSON.stringify({ question, ...(near.like.length > 0 && { like: near.like.map((each) => each.question) }), passages }) }));
  const judged = judgeAll(proposed, near, asked, settings.thresholds);
  const rephrased = judged.flatMap((each) => ('support' in each && !each.support.verbatim ? [each] : []));
  const vectors = rephrased.length === 0 ? [] : await ports.embed(rephrased.flatMap(({ support, text }) => [text, support.source]));
  const agreements = new Map(rephrased.map((each, at) => [each as Judged, cosine(vectors[at * 2] ?? [], vectors[at * 2 + 1] ?? [])]));
  const { dropped, kept } = settle(judged, (each) => agreements.get(each) ?? 0, settings.thresholds);
  const refusal = kept.length > 0 ? {} : { refusal: proposed.length === 0 ? ('nothing said' as const) : ('nothing supported' as const) };
  return { ...base, proposed, kept, dropped, ...refusal };
}

/** The same search again: what a replay compares with what was recorded. */
export function retrieve(question: string, vector: Int8Array, search: Search, may: (article: Article) => boolean): readonly Found[] {
  return search.find({ text: question, vector: Float32Array.from(vector) }, may, MOST_RETRIEVED);
}

/** With the reviewed questions, as `retrieve` with the passages. */
export function compare(question: string, vector: Int8Array, search: Search, may: (article: Article) => boolean): Compared {
  return search.compare({ text: question, vector: Float32Array.from(vector) }, may);
}

/** What may be put before a model, and why. */
export interface Near {
  readonly passages: readonly Found[];
  /** Reviewed questions that ask the same in other words, and are answered; best first. */
  readonly like: readonly Nearest[];
  /** The articles that answer those. */
  readonly answering: ReadonlySet<Article>;
}

const NOTHING_NEAR: Near = { passages: [], like: [], answering: new Set() };
const MOST_LIKE = 3;
/** How much of its likeness to questions that nobody answers speaks against an answer. */
const DOUBT = 0.9;
/** How much the words of a passage speak for it beside the reviewed questions of its article. */
const WORDS = 0.1;

/** Those of the passages that are near enough to what was asked: by reviewed questions, or by their words where those say neither yes nor no. */
export function nearEnough(asked: Asked, retrieved: readonly Found[], { answering, unanswered }: Compared, thresholds: Thresholds): Near {
  const standings = new Map(answering.map(({ article, likeness }) => [article, likeness - DOUBT * unanswered]));
  if (unanswered > 0 && Math.max(-Infinity, ...standings.values()) < thresholds.doubtful) return NOTHING_NEAR;
  const known = new Set<Article>();
  const passages = retrieved.filter((found) => {
    if (!asked.isOnFocus(found)) return false;
    const { coverage, similarity } = asked.fitOf(found);
    if ((standings.get(found.article) ?? -Infinity) + WORDS * coverage >= thresholds.known) known.add(found.article);
    return known.has(found.article) || (asked.unknown <= thresholds.unknown && coverage >= thresholds.coverage && similarity >= thresholds.similarity);
  });
  const like = answering.filter(({ article }) => known.has(article)).flatMap(({ nearest }) => nearest).sort((one, other) => other.likeness - one.likeness).slice(0, MOST_LIKE);
  return { passages, like, answering: known };
}

/** What passages are called in the prompt. Not their hashes: an invented one must not be right by chance. */
export function namesOf(near: readonly Found[]): ReadonlyMap<string, Found> {
  return new Map(near.map((found, at) => [`p${at + 1}`, found]));
}

/** By words alone: what a replay can repeat without a model. */
export function judgeAll(proposed: readonly ProposedSentence[], near: Near, asked: Asked, thresholds: Thresholds): readonly Judged[] {
  const names = namesOf(near.passages);
  const said = new Set<string>();
  return proposed.slice(0, MOST_PROPOSED).map((sentence) => {
    const judged = judge(sentence, names);
    if ('dropped' in judged) return judged;
    if (said.has(judged.support.source)) return { text: judged.text, dropped: 'repeated' };
    const { found, source } = judged.support;
    const isCovered = near.answering.has(found.article) || asked.coverageOf(source, found) >= thresholds.sentenceCoverage;
    if (!isCovered || !asked.isAnswered(judged.text)) return { text: judged.text, dropped: 'beside the question' };
    said.add(judged.support.source);
    return judged;
  });
}

/** What is kept, with how well it agrees, and what is dropped. */
function settle(judged: readonly Judged[], agreementOf: (judged: Judged) => number, thresholds: Thresholds): Pick<Answer, 'kept' | 'dropped'> {
  const kept: KeptSentence[] = [];
  const dropped: DroppedSentence[] = [];
  for (const each of judged) {
    if ('dropped' in each) {
      dropped.push({ text: each.text, reason: each.dropped });
      continue;
    }
    const agreement = each.support.verbatim ? 1 : agreementOf(each);
    if (agreement < thresholds.agreement) dropped.push({ text: each.text, reason: 'other meaning', agreement });
    else if (kept.length === MOST_SENTENCES) dropped.push({ text: each.text, reason: 'too many', agreement });
    else kept.push({ text: each.text, support: each.support, agreement });
  }
  return { kept, dropped };
}

/** As they were kept; undefined for what is not as it was written. */
export function proposedIn(text: string): readonly ProposedSentence[] | undefined {
  try {
    return proposals.shape.sentences.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function proposalsIn(text: string): readonly ProposedSentence[] {
  try {
    return proposals.parse(JSON.parse(text)).sentences;
  } catch (error) {
    throw new StewardError('MODEL_MALFORMED', 'the model did not answer in the form that was asked for', { cause: error });
  }
}

/** Whole numbers from -127 to 127: short enough to be kept with the record, and searched with as they are, so that a replay finds the same. */
export function coarse(vector: readonly number[]): Int8Array {
  const most = Math.max(...vector.map(Math.abs));
  if (!Number.isFinite(most)) throw new StewardError('MODEL_MALFORMED', 'a vector that is none');
  return Int8Array.from(vector, (value) => (most === 0 ? 0 : Math.round((value / most) * 127)));
}

function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
  const length = Math.hypot(...one) * Math.hypot(...other);
  return length === 0 || !Number.isFinite(length) ? 0 : dot / length;
}

/** The nearest titles with their owners, for whoever gets no answer: each once, best first. */
export function nearestOf(retrieved: readonly Found[], most = 3): readonly Article[] {
  return [...new Set(retrieved.map(({ article }) => article))].slice(0, most);
}
