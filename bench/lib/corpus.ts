/** Passages, questions and vectors that are alike on every machine, and what an exact search finds among them. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chanceOf, type Chance } from '../../proof/random.ts';
import { articleHash, passageHash, sha256, type Article, type Passage } from '../../src/knowledge/article.ts';
import { INDEX_FILE, indexText, manifestOf, SIGNATURE_FILE, signatureText, vectorBytes, VECTORS_FILE } from '../../src/knowledge/index-file.ts';
import { STOP_WORDS } from '../../src/knowledge/words.ts';

/** Of `text-embedding-3-small`, and of `text-embedding-ada-002` before it. */
export const DIMENSIONS = 1_536;
export const MODEL = 'text-embedding-3-small';
/** So many are compared with what an exact search finds. */
export const DEPTH = 10;
export const QUESTIONS_FILE = 'questions.json';
export const QUESTION_VECTORS_FILE = 'questions.f32';
export const KEY_FILE = 'key.json';

const VOCABULARY = 20_000;
const CONSONANTS = Array.from('bcdfghklmnprstvwz');
const VOWELS = Array.from('aeiou');
const ENDINGS = Array.from('lmnrst');
const TOPICS = 100;
const WORDS_OF_A_TOPIC = 60;
const PASSAGES_OF_AN_ARTICLE = 10;
/** Zipf and Mandelbrot: the most frequent word stands in a quarter of all passages, as a frequent word that is no stop word does. */
const RANK_OFFSET = 25;
/** Cosines of a passage with the centre of its topic, and of a question with its passage: what the model gives for texts about one thing. */
const NEARNESS = { topic: 0.6, question: 0.65 };

export interface Corpus {
  readonly folder: string;
  readonly passages: number;
  readonly questions: number;
  /** For each question, the hashes of its nearest passages. */
  readonly exact: readonly (readonly string[])[];
}

/** Writes an index as Steward loads it, signed by a key of its own, and questions, to a new folder. */
export function writeCorpus(folder: string, seed: number, passages: number, questions: number): Corpus {
  mkdirSync(folder, { recursive: true });
  const { articles, vectors } = corpusOf(seed, passages);
  const all = articles.flatMap((article) => article.passages);
  const asked = questionsOf(seed, all, vectors, questions);
  const index = new TextEncoder().encode(indexText({ articles, model: MODEL, dimensions: DIMENSIONS }));
  const bytes = vectorBytes(vectors);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 3_072 });
  const signature = sign('RSA-SHA256', Buffer.from(manifestOf(index, bytes)), privateKey).toString('base64url');
  const files: readonly (readonly [string, Uint8Array | string])[] = [
    [INDEX_FILE, index],
    [VECTORS_FILE, bytes],
    [SIGNATURE_FILE, signatureText(index, bytes, 'bench', signature)],
    [KEY_FILE, JSON.stringify(publicKey.export({ format: 'jwk' }))],
    [QUESTIONS_FILE, JSON.stringify(asked.texts)],
    [QUESTION_VECTORS_FILE, vectorBytes(asked.vectors)],
  ];
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  return { folder, passages, questions, exact: nearest(vectors, asked.vectors).map((list) => list.map((at) => all[at]?.hash ?? '')) };
}

function corpusOf(seed: number, count: number): { readonly articles: readonly Article[]; readonly vectors: Float32Array } {
  const chance = chanceOf(seed, count);
  const words = wordsOf(chance);
  const drawn = zipf(chance, words);
  const topics = Array.from({ length: TOPICS }, () => ({ words: Array.from({ length: WORDS_OF_A_TOPIC }, () => chance.one(words)), centre: direction(chance) }));
  const vectors = new Float32Array(count * DIMENSIONS);
  const articles = Array.from({ length: Math.ceil(count / PASSAGES_OF_AN_ARTICLE) }, (_, at): Article => {
    const topic = chance.one(topics);
    const said = (length: number): string => Array.from({ length }, () => (chance.is(0.3) ? chance.one(topic.words) : drawn())).join(' ');
    // Ids in the order in which an index has them.
    const id = `article-${String(at).padStart(6, '0')}`;
    const passages = Array.from({ length: Math.min(PASSAGES_OF_AN_ARTICLE, count - at * PASSAGES_OF_AN_ARTICLE) }, (_each, place): Passage => {
      vectors.set(near(chance, topic.centre, NEARNESS.topic), (at * PASSAGES_OF_AN_ARTICLE + place) * DIMENSIONS);
      const text = { heading: said(3), text: said(45 + Math.floor(chance.next() * 31)) };
      return { ...text, hash: passageHash(id, text) };
    });
    const article = { id, title: said(4), language: 'en', audience: 'everyone', owner: { name: 'Service Desk', mail: 'desk@contoso.example' }, expires: '2099-12-31', sources: ['https://contoso.example'], questions: [], unanswered: [], body: sha256(id), passages } as const;
    return { ...article, review: { hash: articleHash(article), reviewer: 'Ada', author: 'Grace', reviewed: '2026-01-31' } };
  });
  return { articles, vectors };
}

/** Each is about one passage: some of its words and some others, and a direction near its own. */
function questionsOf(seed: number, passages: readonly Passage[], vectors: Float32Array, count: number): { readonly texts: readonly string[]; readonly vectors: Float32Array } {
  const chance = chanceOf(seed, -passages.length);
  const asked = new Float32Array(count * DIMENSIONS);
  const texts = Array.from({ length: count }, (_, at) => {
    const about = Math.floor(chance.next() * passages.length);
    asked.set(near(chance, vectors.subarray(about * DIMENSIONS, (about + 1) * DIMENSIONS), NEARNESS.question), at * DIMENSIONS);
    const wordsAbout = (passages[about]?.text ?? '').split(' ');
    const others = chance.one(passages).text.split(' ');
    return [...Array.from({ length: 5 }, () => chance.one(wordsAbout)), ...Array.from({ length: 2 }, () => chance.one(others))].join(' ');
  });
  return { texts, vectors: asked };
}

function wordsOf(chance: Chance): readonly string[] {
  const words = new Set<string>();
  while (words.size < VOCABULARY) {
    const word = Array.from({ length: 2 + Math.floor(chance.next() * 3) }, () => `${chance.one(CONSONANTS)}${chance.one(VOWELS)}${chance.is(0.3) ? chance.one(ENDINGS) : ''}`).join('');
    if (!STOP_WORDS.has(word)) words.add(word);
  }
  return [...words];
}

function zipf(chance: Chance, words: readonly string[]): () => string {
  const sums = new Float64Array(words.length);
  let whole = 0;
  for (let rank = 0; rank < words.length; rank += 1) sums[rank] = whole += 1 / (rank + 1 + RANK_OFFSET);
  return () => {
    const drawn = chance.next() * whole;
    let [low, high] = [0, words.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < drawn) low = middle + 1;
      else high = middle;
    }
    return words[low] ?? '';
  };
}

function direction(chance: Chance): Float64Array {
  const vector = new Float64Array(DIMENSIONS);
  for (let at = 0; at < DIMENSIONS; at += 1) vector[at] = chance.next() * 2 - 1;
  return unit(vector);
}

/** In so many dimensions two random directions are at right angles, or nearly: the cosine is `nearness`, or nearly. */
function near(chance: Chance, centre: Float32Array | Float64Array, nearness: number): Float64Array {
  const vector = direction(chance);
  const rest = Math.sqrt(1 - nearness ** 2);
  for (let at = 0; at < DIMENSIONS; at += 1) vector[at] = nearness * centre[at]! + rest * vector[at]!;
  return unit(vector);
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector, 0));
  for (let at = 0; at < vector.length; at += 1) vector[at]! /= length;
  return vector;
}

/** The truth: every cosine in 64-bit floats over the vectors as they were given, and the greatest of them. */
function nearest(vectors: Float32Array, asked: Float32Array): readonly (readonly number[])[] {
  const lengths = Array.from({ length: vectors.length / DIMENSIONS }, (_, at) => Math.sqrt(dot(Float64Array.from(vectors.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS)), vectors, at * DIMENSIONS)));
  return Array.from({ length: asked.length / DIMENSIONS }, (_, place) => {
    const question = Float64Array.from(asked.subarray(place * DIMENSIONS, (place + 1) * DIMENSIONS));
    const cosines = lengths.map((length, at) => dot(question, vectors, at * DIMENSIONS) / length);
    return [...cosines.keys()].sort((one, other) => cosines[other]! - cosines[one]! || one - other).slice(0, DEPTH);
  });
}

function dot(vector: Float64Array, vectors: Float32Array | Float64Array, from: number): number {
  let sum = 0;
  for (let at = 0; at < DIMENSIONS; at += 1) sum += vector[at]! * vectors[from + at]!;
  return sum;
}
