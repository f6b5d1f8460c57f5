import type { Article } from './article.ts';
import type { AskedTerm, Vocabulary } from './vocabulary.ts';

/** Questions that authors wrote down and reviewers read: those that an article answers, and those that it does not. */

/** How near a question is to one that somebody reviewed. */
export interface Nearest {
  readonly article: Article;
  readonly question: string;
  /** Cosine of the two. */
  readonly similarity: number;
  /** Share of what their words weigh that both have. */
  readonly overlap: number;
}

interface Known {
  readonly article: Article;
  readonly text: string;
  readonly isAnswered: boolean;
  readonly terms: readonly AskedTerm[];
  /** Where its vector begins. */
  readonly from: number;
}

/** The two count alike: a vector sees what words hide, and words what a vector blurs. */
export function likeness({ overlap, similarity }: Pick<Nearest, 'overlap' | 'similarity'>): number {
  return (overlap + similarity) / 2;
}

export class KnownQuestions {
  readonly #known: readonly Known[];
  readonly #vocabulary: Vocabulary;

  /** `from`: where the vectors of the first question begin. */
  constructor(articles: readonly Article[], vocabulary: Vocabulary, from: number, dimensions: number) {
    this.#vocabulary = vocabulary;
    const all = articles.flatMap((article) => [...article.questions.map((text) => ({ article, text, isAnswered: true })), ...article.unanswered.map((text) => ({ article, text, isAnswered: false }))]);
    this.#known = all.map((each, at) => ({ ...each, from: from + at * dimensions, terms: vocabulary.asked(each.text, each.article.language) }));
  }

  /** The nearest that is answered and the nearest that is not, among the articles that may be said. */
  nearest(question: string, similarityAt: (from: number) => number, may: (article: Article) => boolean): { readonly answered: readonly Nearest[]; readonly unanswered: readonly Nearest[] } {
    const asked = this.#vocabulary.asked(question);
    const near = this.#known.filter(({ article }) => may(article)).map((known) => ({ isAnswered: known.isAnswered, article: known.article, question: known.text, similarity: similarityAt(known.from), overlap: overlapOf(asked, known.terms) }));
    const sorted = near.sort((one, other) => likeness(other) - likeness(one));
    const of = (isAnswered: boolean): readonly Nearest[] => sorted.filter((each) => each.isAnswered === isAnswered).map(({ isAnswered: _, ...each }) => each);
    return { answered: of(true), unanswered: of(false) };
  }
}

/** Of what the words of both weigh together, the share of those that both have. */
function overlapOf(one: readonly AskedTerm[], other: readonly AskedTerm[]): number {
  const isIn = ({ forms }: AskedTerm, terms: readonly AskedTerm[]): boolean => terms.some((term) => term.forms.some((form) => forms.includes(form)));
  const sum = (terms: readonly AskedTerm[]): number => terms.reduce((all, { weight }) => all + weight, 0);
  const shared = sum(one.filter((term) => isIn(term, other)));
  const all = sum(one) + sum(other.filter((term) => !isIn(term, one)));
  return all === 0 ? 0 : shared / all;
}
