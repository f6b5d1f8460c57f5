import type { Language } from './article.ts';
import type { Found } from './search.ts';
import { sentencesOf } from './sentences.ts';
import { folded, formsOf, STOP_WORDS, termsOf, wordsOf } from './words.ts';

/**
 * Whether a sentence may be said: it cites a passage that was retrieved for this question, and one sentence of that
 * passage says the same. Whoever wrote it, a model or an attacker through one, what is not supported is dropped.
 */

/** A sentence as the model returns it, with the passages that it cites by the names they had in the prompt. */
export interface ProposedSentence {
  readonly text: string;
  readonly passages: readonly string[];
}

export const dropReasons = ['no citation', 'citation invented', 'other words', 'other meaning', 'other numbers', 'other names', 'other negation', 'other force', 'repeated', 'too long', 'too many', 'beside the question'] as const;
export type DropReason = (typeof dropReasons)[number];

/** What a sentence rests on. */
export interface Support {
  readonly found: Found;
  /** The sentence of the passage that says it. */
  readonly source: string;
  /** Word for word, but for case, white space and a full stop. */
  readonly verbatim: boolean;
  /** The share of its words that stand in the source, its heading and its title. */
  readonly overlap: number;
}

export type Judged = { readonly text: string; readonly support: Support } | { readonly text: string; readonly dropped: DropReason };

/** Of the words of a sentence, so many must be the source's. */
export const LEAST_OVERLAP = 0.7;
const MOST_CHARACTERS = 400;

/** Judges one sentence by its words. Agreement in meaning, for what is not word for word, is for whoever can embed. */
export function judge({ passages, text }: ProposedSentence, retrieved: ReadonlyMap<string, Found>): Judged {
  const sentence = text.normalize('NFC').replace(/\s+/g, ' ').trim();
  if (sentence.length > MOST_CHARACTERS) return { text: sentence, dropped: 'too long' };
  if (passages.length === 0 || sentence === '') return { text: sentence, dropped: 'no citation' };
  const cited = passages.map((name) => retrieved.get(name));
  // One invented citation is enough: a model that makes up sources is not believed about the others.
  if (cited.some((found) => found === undefined)) return { text: sentence, dropped: 'citation invented' };
  const judged = cited.flatMap((found) => (found === undefined ? [] : [inPassage(sentence, found)]));
  const supported = judged.flatMap((each) => ('dropped' in each ? [] : [each])).sort((one, other) => other.overlap - one.overlap);
  const [support] = supported;
  if (support !== undefined) return { text: support.verbatim ? support.source : sentence, support };
  // The reason that came nearest to holding.
  const reasons = judged.flatMap((each) => ('dropped' in each ? [each.dropped] : []));
  return { text: sentence, dropped: reasons.find((reason) => reason !== 'other words') ?? reasons[0] ?? 'other words' };
}

function inPassage(sentence: string, found: Found): Support | { readonly dropped: DropReason } {
  const { article, passage } = found;
  const sources = sentencesOf(passage.text);
  const same = sources.find((source) => plain(source) === plain(sentence));
  if (same !== undefined) return { found, source: same, verbatim: true, overlap: 1 };
  const around = termSet(`${article.title}\n${passage.heading}`, article.language);
  const ranked = sources
    .map((source) => ({ source, overlap: overlapOf(sentence, source, around, article.language) }))
    .sort((one, other) => other.overlap - one.overlap);
  const near = ranked.filter(({ overlap }) => overlap >= LEAST_OVERLAP);
  if (near.length === 0) return { dropped: 'other words' };
  const refused: DropReason[] = [];
  for (const { overlap, source } of near) {
    const reason = differs(sentence, source, `${article.title} ${passage.heading}`, article.language);
    if (reason === undefined) return { found, source, verbatim: false, overlap };
    refused.push(reason);
  }
  return { dropped: refused[0] ?? 'other words' };
}

/** What a sentence says that its source does not, in the four ways in which a rephrasing lies. */
function differs(sentence: string, source: string, around: string, language: Language): DropReason | undefined {
  const numbers = numbersOf(source);
  // A number counts with the word behind it: five days are not five hours.
  if (![...numbersOf(sentence)].every((number) => numbers.has(number)) || isMissingNumber(sentence, source)) return 'other numbers';
  const names = termSet(`${source}\n${around}`, language);
  if (!namesOf(sentence).every((name) => STOP_WORDS.has(name) || formsOf(name, language).some((form) => names.has(form)))) return 'other names';
  if (negationsOf(sentence) % 2 !== negationsOf(source) % 2) return 'other negation';
  const force = forceOf(source);
  if ([...forceOf(sentence)].some((word) => !force.has(word)) || [...force].some((word) => LIMITS.has(word) && !forceOf(sentence).has(word))) return 'other force';
  return undefined;
}

function plain(text: string): string {
  return folded(text).replace(/[\s\p{P}\p{S}]+/gu, ' ').trim();
}

function termSet(text: string, language: Language): ReadonlySet<string> {
  return new Set(termsOf(text, language).flatMap(({ forms }) => forms));
}

function overlapOf(sentence: string, source: string, around: ReadonlySet<string>, language: Language): number {
  const terms = termsOf(sentence, language);
  const have = termSet(source, language);
  const shared = terms.filter(({ forms }) => forms.some((form) => have.has(form) || around.has(form)));
  // What is only in title and heading says what it is about, not that it is so.
  const own = terms.filter(({ forms }) => forms.some((form) => have.has(form)));
  return terms.length === 0 || own.length * 2 < terms.length ? 0 : shared.length / terms.length;
}

// --- numbers, dates -------------------------------------------------------------------------------------------------

const NUMERALS: ReadonlyMap<string, string> = new Map(
  [
    ['zero', 'null'], ['one', 'ein', 'eine', 'einen', 'einem', 'einer', 'un', 'une', 'once', 'einmal'], ['two', 'zwei', 'deux', 'twice', 'zweimal'], ['three', 'drei', 'trois'], ['four', 'vier', 'quatre'], ['five', 'funf', 'cinq'],
    ['six', 'sechs'], ['seven', 'sieben', 'sept'], ['eight', 'acht', 'huit'], ['nine', 'neun', 'neuf'], ['ten', 'zehn', 'dix'], ['eleven', 'elf', 'onze'], ['twelve', 'zwolf', 'douze'],
  ].flatMap((words, value) => words.map((word) => [word, String(value)] as const)),
);
/** “one”, “ein” and “un” are mostly no numbers. */
const ARTICLES: ReadonlySet<string> = new Set(['one', 'ein', 'eine', 'einen', 'einem', 'einer', 'un', 'une']);
const FIGURE = /\d+(?:[.,:/-]\d+)*/g;

/** Numbers with the word that follows, folded and stemmed no further than its first letters. */
function numbersOf(text: string): ReadonlySet<string> {
  const words = folded(text).match(/\d+(?:[.,:/-]\d+)*|\p{L}+|[%€$£]/gu) ?? [];
  return new Set(words.flatMap((word, at) => {
    const value = /^\d/.test(word) ? word.replace(/(?<=\d)[.,](?=\d{3}\b)/g, '') : ARTICLES.has(word) ? undefined : NUMERALS.get(word);
    return value === undefined ? [] : [`${value} ${(words[at + 1] ?? '').slice(0, 3)}`];
  }));
}

/** A figure of the sentence that nowhere stands in the source, whatever word follows. */
function isMissingNumber(sentence: string, source: string): boolean {
  const figures = new Set(source.match(FIGURE) ?? []);
  return (sentence.match(FIGURE) ?? []).some((figure) => !figures.has(figure));
}

// --- names ----------------------------------------------------------------------------------------------------------

/** Words with a capital or a digit that do not begin the sentence: products, places, months, teams. Folded. */
function namesOf(sentence: string): readonly string[] {
  return wordsOf(sentence).slice(1).filter((word) => /\p{Lu}/u.test(word) || /\d/.test(word)).map(folded);
}

// --- negation and force ---------------------------------------------------------------------------------------------

const NEGATION = /\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|unable|\w+n't|nicht|kein\w*|nie|niemals|niemand|nichts|ohne|weder|pas|jamais|aucun\w*|sans|ni|rien|personne ne|except|unless|ausser|sauf|instead|statt|anstatt|lieu|refuse\w*|forbid\w*|forbidden|prohibit\w*|verboten|interdit\w*|un(?:able|available|blocked?|lock\w*|encrypted|manag\w*|approved|reviewed)|dis(?:able\w*|allow\w*|connect\w*)|block\w*|stop\w*|verhinder\w*)\b/g;

function negationsOf(text: string): number {
  // French “ne … pas” is one.
  return (folded(text).match(NEGATION) ?? []).length;
}

/** What binds: must, may, only, always. A sentence may not bind more than its source, nor leave out what limits it. */
const FORCE: readonly (readonly [string, RegExp])[] = [
  ['must', /\b(?:must|have to|has to|required?|mandatory|need to|needs to|muss\w*|mussen|pflicht\w*|doit|doivent|devez|obligatoire\w*)\b/],
  ['may', /\b(?:may|can|allowed|permitted|darf\w*|durfen|kann|konnen|peut|peuvent|pouvez)\b/],
  ['should', /\b(?:should|recommended?|soll\w*|empfohlen|conseill\w*|recommand\w*)\b/],
  ['only', /\b(?:only|solely|exclusively|nur|ausschliesslich|seulement|uniquement|ne \p{L}+ que)\b/u],
  ['always', /\b(?:always|every time|immer|jedes mal|toujours|chaque fois)\b/],
  ['all', /\b(?:all|everybody|everyone|every|any|alle\w*|jede\w*|tous|toutes|tout|chaque)\b/],
  ['if', /\b(?:if|unless|provided|except|only when|falls|sofern|ausser|wenn|si|sauf|a condition)\b/],
  ['least', /\b(?:at least|minimum|mindestens|au moins)\b/],
  ['most', /\b(?:at most|maximum|up to|hochstens|bis zu|maximal|au plus|jusqu'a)\b/],
  ['before', /\b(?:before|until|bevor|bis|vor|avant|jusqu)\b/],
  ['after', /\b(?:after|nachdem|nach|apres)\b/],
];
/** These take something away from what is said, so that leaving them out says more. */
const LIMITS: ReadonlySet<string> = new Set(['only', 'if', 'most', 'least', 'before', 'after']);

function forceOf(text: string): ReadonlySet<string> {
  const plainText = folded(text);
  return new Set(FORCE.flatMap(([name, shape]) => (shape.test(plainText) ? [name] : [])));
}
