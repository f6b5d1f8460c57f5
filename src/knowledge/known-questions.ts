import type { Article } from './article.ts';
import { Centred, type Vectors } from './centred.ts';
import type { AskedTerm, Vocabulary } from './vocabulary.ts';

/** Questions that authors wrote down and reviewers read: those that an article answers, and those that it does not. */

/** How near a question is to one that somebody reviewed. */
export interface Nearest {
  readonly article: Article;
  readonly question: string;
  readonly likeness: number;
}

/** An article by those of its questions that are nearest. */
export interface Answering {
  readonly article: Article;
  /** Of the nearest together, as `likenessOf` says. */
  readonly likeness: number;
  /** Best first. */
  readonly nearest: readonly Nearest[];
}

export interface Compared {
  /** Every article that has reviewed questions, best first. */
  readonly answering: readonly Answering[];
  /** Of the nearest that nobody answers, together; 0 where there are none. */
  readonly unanswered: number;
}

interface Known {
  readonly article: Article;
  readonly text: string;
  readonly isAnswered: boolean;
  /** What its words weigh together. */
  readonly weight: number;
}

/** Where a word stands: in which question, and how much it weighs there. */
interface Posting {
  readonly known: number;
  readonly term: AskedTerm;
}

/** One alone may be near by chance … */
const COUNTING = 6;
/** … unless it says the same in the same words. */
const SAME = 0.9;

export class KnownQuestions {
  readonly #known: readonly Known[];
  readonly #byForm = new Map<string, Posting[]>();
  readonly #vocabulary: Vocabulary;
  readonly #vectors: Vectors;
  #centred?: Centred;
  readonly #from: number;

  /** `from`: the place of the first question's vector. */
  constructor(articles: readonly Article[], vocabulary: Vocabulary, vectors: Vectors, from: number) {
    this.#vocabulary = vocabulary;
    this.#vectors = vectors;
    this.#from = from;
    const all = articles.flatMap((article) => [...article.questions.map((text) => ({ article, text, isAnswered: true })), ...article.unanswered.map((text) => ({ article, text, isAnswered: false }))]);
    this.#known = all.map((each, known) => {
      const terms = vocabulary.asked(each.text, each.article.language);
      for (const term of terms) for (const form of new Set(term.forms)) this.#postingsOf(form).push({ known, term });
      return { ...each, weight: weightOf(terms) };
    });
  }

  #postingsOf(form: string): Posting[] {
    const postings = this.#byForm.get(form) ?? [];
    this.#byForm.set(form, postings);
    return postings;
  }

  /** With the questions of the articles that may be said. */
  compare(question: string, vector: Float32Array, may: (article: Article) => boolean): Compared {
    if (this.#known.length === 0) return { answering: [], unanswered: 0 };
    const overlaps = this.#overlaps(question);
    this.#centred ??= new Centred(this.#vectors);
    const cosine = this.#centred.cosines(vector);
    const answered = new Map<Article, Nearest[]>();
    const unanswered: Nearest[] = [];
    for (const [at, { article, isAnswered, text }] of this.#known.entries()) {
      if (!may(article)) continue;
      // The two count alike: a vector sees what words hide, and words what a vector blurs.
      const nearest = { article, question: text, likeness: ((overlaps.get(at) ?? 0) + cosine(this.#from + at)) / 2 };
      const list = isAnswered ? (answered.get(article) ?? []) : unanswered;
      list.push(nearest);
      if (isAnswered) answered.set(article, list);
    }
    const answering = [...answered].map(([article, all]) => {
      const nearest = counting(all);
      return { article, nearest, likeness: likenessOf(nearest) };
    });
    return { answering: answering.sort((one, other) => other.likeness - one.likeness), unanswered: likenessOf(counting(unanswered)) };
  }

  /** By question: of what the words of both weigh together, the share of those that both have. */
  #overlaps(question: string): ReadonlyMap<number, number> {
    const asked = this.#vocabulary.asked(question);
    const shared = new Map<number, number>();
    const met = new Map<number, Set<AskedTerm>>();
    for (const { forms, weight } of asked) {
      const postings = forms.flatMap((form) => this.#byForm.get(form) ?? []);
      for (const known of new Set(postings.map((each) => each.known))) shared.set(known, (shared.get(known) ?? 0) + weight);
      for (const { known, term } of postings) met.set(known, (met.get(known) ?? new Set()).add(term));
    }
    const whole = weightOf(asked);
    return new Map([...shared].map(([known, sum]) => [known, sum / (whole + (this.#known[known]?.weight ?? 0) - weightOf([...(met.get(known) ?? [])]))]));
  }
}

function counting(all: readonly Nearest[]): readonly Nearest[] {
  return [...all].sort((one, other) => other.likeness - one.likeness).slice(0, COUNTING);
}

/** Their mean; 1 where the best is the same question. */
function likenessOf(nearest: readonly Nearest[]): number {
  const [best] = nearest;
  if (best === undefined) return 0;
  return best.likeness >= SAME ? 1 : nearest.reduce((sum, { likeness }) => sum + likeness, 0) / nearest.length;
}

function weightOf(terms: readonly AskedTerm[]): number {
  return terms.reduce((sum, { weight }) => sum + weight, 0);
}
