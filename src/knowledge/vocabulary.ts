import type { Language } from './article.ts';
import { formsOf, termsOf, type Term } from './words.ts';

/** A word of a question, and how much it says. */
export interface AskedTerm extends Term {
  /** Inverse document frequency: what few passages have says more, and what none has says most. */
  readonly weight: number;
  /** Whether any passage of the index has it. */
  readonly known: boolean;
}

/** Shorter words have too many neighbours to be taken for one another. */
const SHORTEST_MISTYPED = 5;
const SHORTEST_COMPOUND = 8;
const SHORTEST_PART = 4;

/** Which words the passages have, and in how many of them: what makes a word of a question weigh, and a mistyped one known. */
export class Vocabulary {
  readonly #frequency = new Map<string, number>();
  /** Words as they are written, folded, by first letter and by length. */
  readonly #written = new Map<string, Set<string>>();
  #texts = 0;

  add(terms: readonly Term[]): void {
    this.#texts += 1;
    for (const form of new Set(terms.flatMap(({ forms }) => forms))) this.#frequency.set(form, (this.#frequency.get(form) ?? 0) + 1);
    for (const { word } of terms) {
      const bucket = bucketOf(word, word.length);
      const words = this.#written.get(bucket);
      if (words === undefined) this.#written.set(bucket, new Set([word]));
      else words.add(word);
    }
  }

  /** The terms of a question, each once, as this vocabulary knows them. */
  asked(question: string, language?: Language): readonly AskedTerm[] {
    const asked = new Map<string, AskedTerm>();
    for (const term of termsOf(question, language).flatMap((each) => this.#read(each, language))) {
      const frequency = Math.max(0, ...term.forms.map((form) => this.#frequency.get(form) ?? 0));
      asked.set(term.forms.join(' '), { ...term, known: frequency > 0, weight: Math.log(1 + (this.#texts - frequency + 0.5) / (frequency + 0.5)) });
    }
    return [...asked.values()];
  }

  #isKnown({ forms }: Pick<Term, 'forms'>): boolean {
    return forms.some((form) => this.#frequency.has(form));
  }

  /** A word that nobody wrote: a compound of two that somebody did, or one of those mistyped. */
  #read(term: Term, language?: Language): readonly Term[] {
    if (this.#isKnown(term) || /\d/.test(term.word)) return [term];
    const parts = this.#partsOf(term.word, language);
    if (parts !== undefined) return parts;
    const meant = this.#meant(term.word);
    return meant === undefined ? [term] : [{ word: term.word, forms: formsOf(meant, language) }];
  }

  #partsOf(word: string, language?: Language): readonly Term[] | undefined {
    if (word.length < SHORTEST_COMPOUND) return undefined;
    for (let at = word.length - SHORTEST_PART; at >= SHORTEST_PART; at -= 1) {
      const [first, second] = [word.slice(0, at), word.slice(at)];
      const firsts = [first, first.replace(/(?:s|n|en|es)$/, '')].map((each) => ({ word: each, forms: formsOf(each, language) }));
      const one = firsts.find((each) => each.word.length >= SHORTEST_PART && this.#isKnown(each));
      const other = { word: second, forms: formsOf(second, language) };
      if (one !== undefined && this.#isKnown(other)) return [one, other];
    }
    return undefined;
  }

  #meant(word: string): string | undefined {
    if (word.length < SHORTEST_MISTYPED) return undefined;
    const near = [word.length - 1, word.length, word.length + 1].flatMap((length) => [...(this.#written.get(bucketOf(word, length)) ?? [])]);
    return near.filter((each) => isOneSlipAway(word, each)).sort()[0];
  }
}

const bucketOf = (word: string, length: number): string => `${word.charAt(0)}${length}`;

/** One letter too many, missing, wrong, or swapped with its neighbour. */
function isOneSlipAway(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  return short.slice(at + 1) === long.slice(at + 1) || (short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2));
}
