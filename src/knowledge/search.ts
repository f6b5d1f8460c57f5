import MiniSearch from 'minisearch';
import type { Article, Passage } from './article.ts';
import type { LoadedIndex } from './index-file.ts';
import { KnownQuestions, type Compared } from './known-questions.ts';
import { Vocabulary, type AskedTerm } from './vocabulary.ts';
import { termOf, termsOf, type ReadTerm } from './words.ts';

/** A passage that was found for a question. */
export interface Found {
  readonly article: Article;
  readonly passage: Passage;
  /** Cosine between question and passage. */
  readonly similarity: number;
  /** BM25+ of the question's words; 0 where it has none of them. */
  readonly lexical: number;
  /** Reciprocal ranks in the lists by vectors, by words and by reviewed questions, summed. */
  readonly score: number;
}

export interface Question {
  readonly text: string;
  readonly vector: Float32Array;
}

/** Which lists are ranked: both, but for measuring what each of them is worth. */
export type Ranking = 'both' | 'vectors' | 'words';

/** Usual for reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009. */
const FUSION = 60;
/** Ranks beyond this add nothing. */
const DEPTH = 50;
const BOOST = { title: 2, heading: 1.5, text: 1 };

interface Entry {
  readonly article: Article;
  readonly passage: Passage;
}

/** Hybrid search over one index, in memory: every vector is compared, so nothing is missed. */
export class Search {
  readonly digest: string;
  readonly vocabulary = new Vocabulary();
  readonly #dimensions: number;
  readonly #entries: readonly Entry[];
  /** As they were signed, one after the other. */
  readonly #vectors: Float32Array;
  /** Of each vector, one divided by its length; 0 for one without a direction, which is like nothing. */
  readonly #scales: Float64Array;
  readonly #questions: KnownQuestions;
  /** Where the passages of an article stand among all. */
  readonly #placesOf = new Map<Article, readonly number[]>();
  readonly #words: MiniSearch<{ readonly id: number; readonly title: string; readonly heading: string; readonly text: string }>;

  constructor({ digest, index, vectors }: LoadedIndex) {
    this.digest = digest;
    this.#dimensions = index.dimensions;
    this.#vectors = vectors;
    this.#scales = scalesOf(vectors, index.dimensions);
    this.#entries = index.articles.flatMap((article) => article.passages.map((passage) => ({ article, passage })));
    for (const [at, { article }] of this.#entries.entries()) this.#placesOf.set(article, [...(this.#placesOf.get(article) ?? []), at]);
    const readOnce = remembering(termOf);
    this.#words = new MiniSearch({ fields: ['title', 'heading', 'text'], tokenize: (text) => text.split(' '), processTerm: (term) => (term === '' ? null : term), searchOptions: { boost: BOOST } });
    this.#words.addAll(
      this.#entries.map(({ article: { language, title }, passage }, id) => {
        const fields = [title, passage.heading, passage.text].map((text) => termsOf(text, language, readOnce));
        this.vocabulary.add(fields.flat());
        const [first = '', second = '', third = ''] = fields.map((terms) => terms.flatMap(({ forms }) => forms).join(' '));
        return { id, title: first, heading: second, text: third };
      }),
    );
    // What nobody answers makes no word known.
    for (const { language, questions } of index.articles) for (const question of questions) this.vocabulary.add(termsOf(question, language, readOnce));
    this.#questions = new KnownQuestions(index.articles, this.vocabulary, { values: vectors, scales: this.#scales, dimensions: index.dimensions }, this.#entries.length);
  }

  /** With the reviewed questions of the articles that `may` be said. */
  compare({ text, vector }: Question, may: (article: Article) => boolean): Compared {
    return this.#questions.compare(text, vector, may);
  }

  /**
   * The passages that fit best, best first, among the articles that `may` be said. What they are not is for whoever asks
   * to see: there is always a best one.
   */
  find({ text, vector }: Question, may: (article: Article) => boolean, most: number, ranking: Ranking = 'both'): readonly Found[] {
    const allowed = new Map<Article, boolean>();
    const mayOnce = (article: Article): boolean => {
      const known = allowed.get(article) ?? may(article);
      allowed.set(article, known);
      return known;
    };
    const isAllowed = ({ article }: Entry): boolean => mayOnce(article);
    const similarities = this.#similarities(vector);
    const lexical = this.#lexical(this.vocabulary.asked(text), isAllowed);
    const scores = new Map<number, number>();
    const rank = (list: readonly (readonly number[])[]): void => list.forEach((entries, place) => entries.forEach((at) => scores.set(at, (scores.get(at) ?? 0) + 1 / (FUSION + place + 1))));
    if (ranking !== 'words') rank(best(similarities, DEPTH, (at) => isAllowed(this.#entry(at))).map((at) => [at]));
    if (ranking !== 'vectors') rank(best(lexical, DEPTH, (at) => (lexical[at] ?? 0) > 0).map((at) => [at]));
    if (ranking === 'both') rank(this.#byQuestion({ text, vector }, mayOnce));
    return [...scores]
      .map(([at, score]) => ({ ...this.#entry(at), at, score, similarity: similarities[at] ?? 0, lexical: lexical[at] ?? 0 }))
      .sort((one, other) => other.score - one.score || other.similarity - one.similarity || one.at - other.at)
      .slice(0, most)
      .map(({ at: _, ...found }) => found);
  }

  /** A passage by its hash, as this index has it. */
  passage(hash: string): Entry | undefined {
    return this.#entries.find(({ passage }) => passage.hash === hash);
  }

  /** BM25+ of each entry that is allowed. */
  #lexical(terms: readonly AskedTerm[], isAllowed: (entry: Entry) => boolean): Float64Array {
    const scores = new Float64Array(this.#entries.length);
    const query = terms.flatMap(({ forms }) => forms).join(' ');
    if (query === '') return scores;
    for (const { id, score } of this.#words.search(query, { filter: ({ id }) => isAllowed(this.#entry(id as number)) })) scores[id as number] = score;
    return scores;
  }

  /** The passages of each article, by how near one of its reviewed questions is. */
  #byQuestion(question: Question, may: (article: Article) => boolean): readonly (readonly number[])[] {
    return this.compare(question, may).answering.map(({ article }) => this.#placesOf.get(article) ?? []);
  }

  #entry(at: number): Entry {
    const entry = this.#entries[at];
    if (entry === undefined) throw new RangeError('no such passage');
    return entry;
  }

  #similarities(question: Float32Array): Float64Array {
    const [asked, scale] = this.#asked(question);
    return dotProducts(asked, this.#vectors, this.#entries.length).map((product, at) => product * scale * (this.#scales[at] ?? 0));
  }

  /** A question's vector in 64-bit floats, and one divided by its length. */
  #asked(question: Float32Array): readonly [vector: Float64Array, scale: number] {
    const asked = new Float64Array(this.#dimensions);
    asked.set(question.subarray(0, this.#dimensions));
    return [asked, scaleOf(asked, 0, this.#dimensions)];
  }
}

/**
 * Of one vector with the first of many. Four at a time: each number of the one is read once for all four, and four sums don't wait
 * for each other. Every sum is made in the same order, wherever its vector stands, so vectors that are alike get the same.
 */
function dotProducts(one: Float64Array, many: Float32Array, count: number): Float64Array {
  const products = new Float64Array(count);
  let at = 0;
  for (; at + 3 < count; at += 4) {
    const [first, second, third, fourth] = [at * one.length, (at + 1) * one.length, (at + 2) * one.length, (at + 3) * one.length];
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let place = 0; place < one.length; place += 1) {
      const value = one[place] ?? 0;
      sum0 += value * (many[first + place] ?? 0);
      sum1 += value * (many[second + place] ?? 0);
      sum2 += value * (many[third + place] ?? 0);
      sum3 += value * (many[fourth + place] ?? 0);
    }
    products.set([sum0, sum1, sum2, sum3], at);
  }
  for (; at < count; at += 1) products[at] = dotProduct(one, many, at * one.length);
  return products;
}

/** With the vector that begins at a place among many. */
function dotProduct(one: Float64Array, many: Float32Array, from: number): number {
  let sum = 0;
  for (let place = 0; place < one.length; place += 1) sum += (one[place] ?? 0) * (many[from + place] ?? 0);
  return sum;
}

/** The places of the greatest values that are allowed, greatest first. */
function best(values: Float64Array, most: number, isAllowed: (at: number) => boolean): readonly number[] {
  const kept: number[] = [];
  let least = -Infinity;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    if (kept.length === most && value <= least) continue;
    if (!isAllowed(at)) continue;
    let place = kept.length;
    while (place > 0 && (values[kept[place - 1] ?? 0] ?? 0) < value) place -= 1;
    kept.splice(place, 0, at);
    if (kept.length > most) kept.pop();
    least = values[kept.at(-1) ?? 0] ?? 0;
  }
  return kept;
}

function scalesOf(vectors: Float32Array, dimensions: number): Float64Array {
  const scales = new Float64Array(vectors.length / dimensions);
  for (let at = 0; at < scales.length; at += 1) scales[at] = scaleOf(vectors, at * dimensions, dimensions);
  return scales;
}

function scaleOf(vectors: Float32Array | Float64Array, from: number, dimensions: number): number {
  let square = 0;
  for (let place = from; place < from + dimensions; place += 1) square += (vectors[place] ?? 0) ** 2;
  return square === 0 ? 0 : 1 / Math.sqrt(square);
}

/** Passages say the same words again and again: each is read once while an index is loaded. */
function remembering(read: ReadTerm): ReadTerm {
  const known = new Map<string, ReturnType<ReadTerm>>();
  return (written, language) => {
    const key = `${language ?? ''} ${written}`;
    if (!known.has(key)) known.set(key, read(written, language));
    return known.get(key);
  };
}
