import type { Article, Language } from './article.ts';
import { askedFor, supplies } from './asked-for.ts';
import { focusOf } from './focus.ts';
import type { Found, Search } from './search.ts';
import type { AskedTerm } from './vocabulary.ts';
import { termsOf } from './words.ts';

/** Whether what was found is about what was asked. Searching always finds something; this is where Steward says that it has no article. */

/** Pinned: changing one changes what is refused, and is measured first (test/knowledge). */
export interface Thresholds {
  /** Cosine between the question and the best passage. */
  readonly similarity: number;
  /**
   * Share of what the question's words weigh that a passage and the reviewed questions of its article must have, less the
   * share that only questions which it leaves unanswered have.
   */
  readonly coverage: number;
  /** The same for a sentence with its heading and title. */
  readonly sentenceCoverage: number;
  /** Share that words may weigh which no article has at all. */
  readonly unknown: number;
  /** From here on, reviewed questions decide: they ask the same. Likeness to those that an article answers, less some of that to those that none does. */
  readonly known: number;
  /** Below this, those that nobody answers decide. */
  readonly doubtful: number;
  /** Cosine between a rephrased sentence and its source. */
  readonly agreement: number;
}

/** How a passage fits a question. */
export interface Fit {
  readonly coverage: number;
  readonly similarity: number;
}

/** One question, as the vocabulary of one index reads it. */
export class Asked {
  readonly terms: readonly AskedTerm[];
  /** Share of the weight that no article knows. */
  readonly unknown: number;
  readonly #whole: number;
  readonly #wanted: ReturnType<typeof askedFor>;
  /** Each of them has to be met. */
  readonly #focus: readonly (readonly AskedTerm[])[];

  constructor(question: string, search: Pick<Search, 'vocabulary'>) {
    this.terms = search.vocabulary.asked(question);
    this.#whole = weightOf(this.terms);
    this.#wanted = askedFor(question);
    this.#focus = focusOf(question).map((words) => search.vocabulary.asked(words));
    this.unknown = this.#whole === 0 ? 1 : weightOf(this.terms.filter(({ known }) => !known)) / this.#whole;
  }

  fitOf({ article, passage, similarity }: Found): Fit {
    const { answered, unanswered } = wordsOfQuestions(article);
    const text = formsIn(`${article.title}\n${passage.heading}\n${passage.text}`, article.language);
    const isCovered = ({ forms }: AskedTerm): boolean => forms.some((form) => text.has(form) || answered.has(form));
    const coverage = this.#share((term) => isCovered(term));
    const denied = this.#share((term) => !isCovered(term) && term.forms.some((form) => unanswered.has(form)));
    return { similarity, coverage: coverage - denied };
  }

  /** Whether a passage has every word that the question turns on, itself or in a reviewed question of its article. */
  isOnFocus({ article, passage }: Found): boolean {
    const { answered } = wordsOfQuestions(article);
    const text = formsIn(`${article.title}\n${passage.heading}\n${passage.text}`, article.language);
    return this.#focus.every((terms) => terms.every(({ forms }) => forms.some((form) => text.has(form) || answered.has(form))));
  }

  /** How much of the question a sentence answers, read under its title and heading. */
  coverageOf(sentence: string, { article, passage }: Found): number {
    return this.#coverage(`${article.title}\n${passage.heading}\n${sentence}`, article.language);
  }

  /** Whether a sentence has the kind of thing that was asked for: an amount, a time, somebody. */
  isAnswered(sentence: string): boolean {
    return supplies(sentence, this.#wanted);
  }

  #coverage(text: string, language: Language): number {
    const have = formsIn(text, language);
    return this.#share(({ forms }) => forms.some((form) => have.has(form)));
  }

  /** What share of the question's weight its terms have that are so. */
  #share(isSo: (term: AskedTerm) => boolean): number {
    return this.#whole === 0 ? 0 : weightOf(this.terms.filter(isSo)) / this.#whole;
  }
}

function formsIn(text: string, language: Language): ReadonlySet<string> {
  return new Set(termsOf(text, language).flatMap(({ forms }) => forms));
}

interface QuestionWords {
  readonly answered: ReadonlySet<string>;
  readonly unanswered: ReadonlySet<string>;
}

const known = new WeakMap<Article, QuestionWords>();

/** The words of an article's reviewed questions. Read once for each article: every question asks for them. */
function wordsOfQuestions(article: Article): QuestionWords {
  const { language, questions, unanswered } = article;
  const words = known.get(article) ?? { answered: formsIn(questions.join('\n'), language), unanswered: formsIn(unanswered.join('\n'), language) };
  known.set(article, words);
  return words;
}

function weightOf(terms: readonly AskedTerm[]): number {
  return terms.reduce((sum, { weight }) => sum + weight, 0);
}
