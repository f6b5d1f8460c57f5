/** Asks the questions of this folder, and counts what came of them. */
import { readFileSync } from 'node:fs';
import { buildArticles, readArticles } from '../../sandbox/articles.ts';
import { answerModel, type AnswerModel } from '../../sandbox/knowledge-model.ts';
import { answer, retrieve, coarse, type Answer } from '../../src/knowledge/answer.ts';
import type { Article } from '../../src/knowledge/article.ts';
import { readIndex } from '../../src/knowledge/index-file.ts';
import { hearsOf, sayable } from '../../src/knowledge/library.ts';
import type { Thresholds } from '../../src/knowledge/relevance.ts';
import { Search, type Ranking } from '../../src/knowledge/search.ts';
import { looksSecret } from '../../src/audit/secret-shapes.ts';

export interface Asked {
  readonly id: string;
  readonly question: string;
  readonly language: string;
  /** The article that answers it; absent where none does. */
  readonly article?: string;
  /** Others that answer it as well. */
  readonly also?: readonly string[];
}

/** Thresholds were fixed on the first half; figures are of the second. */
export type Half = 'tuning' | 'held out';

export const DAY = '2026-11-23';
const CONTRACT = readFileSync(new URL('../../prompts/knowledge/skprompt.txt', import.meta.url), 'utf8');

export function questions(file: 'answerable' | 'near' | 'far', half?: Half): readonly Asked[] {
  const all = readFileSync(new URL(`${file}.jsonl`, import.meta.url), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Asked);
  // Every other one: each file is in the order of the articles.
  return all.filter((_, at) => half === undefined || (at % 2 === 0) === (half === 'tuning'));
}

export interface Stage {
  readonly search: Search;
  readonly model: AnswerModel;
  readonly may: (article: Article) => boolean;
}

export async function stage(): Promise<Stage> {
  const search = new Search(readIndex(await buildArticles(readArticles())));
  // As somebody of the helpdesk, who hears what everybody hears and a little more.
  return { search, model: answerModel(), may: sayable(hearsOf(['employee', 'helpdesk'], true), DAY, looksSecret) };
}

const embedded = new Map<string, Promise<readonly number[]>>();

export async function vectorOf(model: AnswerModel, text: string): Promise<readonly number[]> {
  const known = embedded.get(text) ?? model.embed([text]).then(([vector = []]) => vector);
  embedded.set(text, known);
  return known;
}

export async function ask({ may, model, search }: Stage, question: string, thresholds: Thresholds): Promise<Answer> {
  const ports = { embed: (texts: readonly string[]) => Promise.all(texts.map((text) => vectorOf(model, text))), ask: (request: { readonly system: string; readonly user: string }) => model.ask(request) };
  return answer(question, search, may, ports, { contract: CONTRACT, thresholds });
}

/** Whether the expected article is among the first five that were found. */
export async function isRecalled({ may, model, search }: Stage, { also = [], article = '', question }: Asked, ranking: Ranking = 'both', most = 5): Promise<boolean> {
  const vector = coarse(await vectorOf(model, question));
  const found = ranking === 'both' ? retrieve(question, vector, search, may).slice(0, most) : search.find({ text: question, vector: Float32Array.from(vector) }, may, most, ranking);
  return found.some(({ article: { id } }) => id === article || also.includes(id));
}

export const isRight = ({ kept }: Answer, { also = [], article = '' }: Asked): boolean => kept.some(({ support }) => support.found.article.id === article || also.includes(support.found.article.id));

/** A share of a count, with the interval in which it lies with 95 % certainty (Wilson). */
export function share(hits: number, all: number): { readonly hits: number; readonly all: number; readonly share: number; readonly low: number; readonly high: number } {
  if (all === 0) return { hits, all, share: 0, low: 0, high: 1 };
  const [p, z] = [hits / all, 1.96];
  const middle = (p + (z * z) / (2 * all)) / (1 + (z * z) / all);
  const half = (z / (1 + (z * z) / all)) * Math.sqrt((p * (1 - p)) / all + (z * z) / (4 * all * all));
  return { hits, all, share: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
