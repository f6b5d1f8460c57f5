/**
 * Answers a question from passages by quoting them. It is EXTRACTIVE and no language model: up to three sentences, word
 * for word, that stand in the passages and look like an answer, or none. Nothing that a passage says is ever followed.
 *
 * A sentence answers when the words that carry the question are found in it or above it (`weigh`), when it looks like
 * the kind of answer that is wanted (`LOOKS`: an amount, a time, a rule, …), and when nothing that the question turns on
 * is missing (`isAnswer`). Vectors, which know English only, shift how much may be missing.
 */
import { ASKED, CONTINUES, COUNTS, isEmpty, isWeak, joined, languageOf, LOOKS, meaningsOf, MEASURES, neighboursOf, plain, relation, root } from './lexicon.ts';
import type { Kind, Language } from './lexicon.ts';
import type { Similarity } from './plan.ts';
import type { JsonSchema } from './response-format.ts';
import { sentencesOf } from './sentences.ts';
import { isRecord } from './tools.ts';

export interface Passage {
  readonly id: string;
  readonly title: string;
  readonly heading: string;
  readonly text: string;
}

export interface Quote {
  readonly text: string;
  readonly passages: readonly string[];
}

export interface Extraction {
  readonly question: string;
  /** The same question in other words, where the message gives some. */
  readonly like?: readonly string[];
  readonly passages: readonly Passage[];
}

const MAX_QUOTES = 3;
const MAX_LIKE = 3;
const MAX_PASSAGES = 2;
/** One vector takes about 30 ms. */
const MAX_EMBEDDED = 6;
const MAX_QUESTION = 1000;
const MAX_READ = 20;

/** A question with its passages, as JSON in a user's message; undefined for any other message. */
export function readExtraction(content: string): Extraction | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value['question'] !== 'string' || !Array.isArray(value['passages'])) return undefined;
  const passages = value['passages'].flatMap((passage: unknown) => {
    if (!isRecord(passage) || typeof passage['id'] !== 'string' || typeof passage['text'] !== 'string') return [];
    const { id, text, title, heading } = passage;
    return [{ id, text, title: typeof title === 'string' ? title : '', heading: typeof heading === 'string' ? heading : '' }];
  });
  const like = Array.isArray(value['like']) ? value['like'].filter((each) => typeof each === 'string').slice(0, MAX_LIKE) : [];
  return passages.length === value['passages'].length ? { question: value['question'], like, passages } : undefined;
}

/** The names that a schema gives to a list of objects with a text and a list of texts. */
interface Fields {
  readonly list: string;
  readonly text: string;
  readonly sources: string;
}

/** Known by its shape alone: one list of objects, each with a string and a list of strings. */
export function readFields(schema: JsonSchema): Fields | undefined {
  const [list, ...others] = propertiesOf(schema);
  const items = list?.[1]['items'];
  if (list === undefined || others.length > 0 || list[1]['type'] !== 'array' || !isRecord(items)) return undefined;
  const properties = propertiesOf(items);
  const text = properties.find(([, { type }]) => type === 'string')?.[0];
  const sources = properties.find(([, { type, items: inner }]) => type === 'array' && isRecord(inner) && inner['type'] === 'string')?.[0];
  return properties.length === 2 && text !== undefined && sources !== undefined ? { list: list[0], text, sources } : undefined;
}

function propertiesOf(schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const properties = schema['properties'];
  return isRecord(properties) ? Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isRecord(entry[1])) : [];
}

export function writeQuotes(quoted: readonly Quote[], { list, text, sources }: Fields): string {
  return JSON.stringify({ [list]: quoted.map((quote) => ({ [text]: quote.text, [sources]: quote.passages })) });
}

// --- words

interface Word {
  readonly root: string;
  readonly meanings: readonly string[];
}

interface Term extends Word {
  /** How much the question turns on it. */
  readonly weight: number;
}

function wordsOf(text: string, language: Language): readonly Word[] {
  return (joined(plain(text)).match(/[\p{L}\p{N}]+(?:'[\p{L}]+)*/gu) ?? []).map(withoutElision).filter((word) => !isEmpty(word, language)).map(read);
}

function withoutElision(word: string): string {
  return word.replace(/^(?:l|d|j|m|n|s|t|c|qu|jusqu|lorsqu)'(?=\p{L}{2})/u, '').replace(/'s$/u, '');
}

/** The same words come again in every sentence. */
const readBefore = new Map<string, Word>();
const MAX_REMEMBERED = 20_000;

function read(word: string): Word {
  const known = readBefore.get(word);
  if (known !== undefined) return known;
  const base = root(word);
  const fresh = { root: base, meanings: meaningsOf(base) };
  if (readBefore.size >= MAX_REMEMBERED) readBefore.clear();
  readBefore.set(word, fresh);
  return fresh;
}

/** How far one word stands for another, from 0 to 1. */
function alike(left: Word, right: Word): number {
  if (left.root === right.root) return 1;
  if (left.meanings.some((meaning) => right.meanings.includes(meaning))) return left.meanings.length === 1 && right.meanings.length === 1 ? 0.95 : 0.8;
  const [short, long] = left.root.length < right.root.length ? [left.root, right.root] : [right.root, left.root];
  const related = Math.max(0, ...left.meanings.flatMap((one) => right.meanings.map((other) => relation(one, other))));
  if (short.length < 5 || /\d/u.test(short)) return related;
  if (long.startsWith(short)) return 0.85;
  if (long.length - short.length >= 3 && long.length >= 9 && long.endsWith(short)) return 0.7;
  let shared = 0;
  while (shared < short.length && short[shared] === long[shared]) shared += 1;
  return shared >= 5 && shared >= short.length * 0.75 && long.length - shared <= 4 ? 0.75 : related;
}

function best(term: Word, words: readonly Word[]): number {
  return words.reduce((most, word) => (most === 1 ? 1 : Math.max(most, alike(term, word))), 0);
}

// --- the question

interface Question {
  readonly text: string;
  readonly language: Language;
  readonly kind: Kind;
  /** Asks what to do in some case, rather than how something is done. */
  readonly conditional: boolean;
  readonly terms: readonly Term[];
  /** What is counted, after "how many"; one of these. */
  readonly counted: readonly Word[];
}

const WEIGHTS = { noun: 1, verb: 0.75, other: 0.8, weak: 0.15 } as const;
const BEFORE_VERB = /^(?:i|we|you|they|he|she|it|to|can|could|may|must|should|will|would|do|does|did|don't|can't|cannot|never|not|je|on|nous|vous|ich|wir|man|zu)$/u;
const BEFORE_NOUN = /^(?:the|a|an|my|our|your|their|his|her|some|any|many|much|for|of|with|without|from|in|on|at|le|la|les|l|un|une|des|du|de|d|mon|ma|mes|notre|nos|au|aux|avec|sans|pour|der|die|das|den|dem|ein|eine|einen|einem|einer|mein|meine|meinen|meinem|meiner|viele|unser|unsere|fur|mit|ohne|im|am|zum|zur)$/u;

function readQuestion(text: string): Question {
  // "US" is no pronoun.
  const folded = plain(text.replace(/\bUS\b/gu, 'USA')).replace(/\s+/gu, ' ').trim();
  const language = languageOf(folded);
  const kind = ASKED.find(([, pattern]) => pattern.test(folded))?.[0] ?? 'trouble';
  const terms = termsOf(text.replace(/\bUS\b/gu, 'USA'), language);
  const counted = /\b(?:how many|wie ?viele?|combien d(?:e |'))\s*((?:[\p{L}\p{N}-]+\s*){1,3})/u.exec(joined(folded))?.[1] ?? '';
  return { text, language, kind, conditional: /\b(?:if|when|wenn|falls|si|quand|lorsque)\b/u.test(folded), terms: terms.filter(({ meanings }) => !(kind === 'size' && meanings.includes('large'))), counted: wordsOf(counted, language).slice(0, 2) };
}

function termsOf(text: string, language: Language): readonly Term[] {
  // Capitals say in German which words are nouns; those at the start of a sentence say nothing.
  const capitals = new Set([...text.matchAll(/(?<=[\p{Ll}\p{N},:]\s+)\p{Lu}[\p{L}\p{N}]*/gu)].map(([word]) => plain(word)));
  const words = (joined(plain(text)).match(/[\p{L}\p{N}]+(?:'[\p{L}]+)*/gu) ?? []).map(withoutElision);
  const terms = new Map<string, Term>();
  words.forEach((word, index) => {
    if (isEmpty(word, language) || /^\d$/u.test(word)) return;
    const known = read(word);
    const before = words[index - 1] ?? '';
    const weight = isWeak(known.root) ? WEIGHTS.weak : capitals.has(word) || BEFORE_NOUN.test(before) ? WEIGHTS.noun : BEFORE_VERB.test(before) || (language === 'de' && capitals.size > 0) ? WEIGHTS.verb : WEIGHTS.other;
    const key = known.meanings.length === 1 ? (known.meanings[0] ?? word) : known.root;
    if ((terms.get(key)?.weight ?? 0) < weight) terms.set(key, { ...known, weight });
  });
  return [...terms.values()];
}

// --- the passages

interface Candidate {
  readonly passage: Passage;
  readonly text: string;
  readonly at: number;
  readonly item: boolean;
  readonly score: number;
  /** Share of the question found in the passage, wherever there. */
  readonly covered: number;
  /** How many of the words that the question turns on the passage lacks. */
  readonly absent: number;
  /** Share of the question found in the sentence itself. */
  readonly own: number;
  readonly fits: boolean;
  /** Share found in the sentence, its heading or the sentence before; a title is about too much to count for more. */
  readonly near: number;
}

/** Where a word of the question stands counts: in the sentence, in the one before, in the heading, in the title. */
const PLACES = { sentence: 1, heading: 0.9, title: 0.8, meant: 0.9, before: 0.75, passage: 0.45, aside: 0.4 } as const;
const POINTS = /\b(?:it|they|them|this|these|er|es|ihn|diese[rsmn]?|il|elle|ils|elles|cela)\b/u;
/** Kinds whose answer cannot do without its look: no amount, no answer. */
const STRICT: ReadonlySet<Kind> = new Set(['number', 'money', 'amount', 'duration', 'size', 'often', 'when', 'count', 'why']);

function weigh(question: Question, passage: Passage): readonly Candidate[] {
  const sentences = sentencesOf(passage.text);
  const language = languageOf(plain(passage.text));
  const words = sentences.map(({ text }) => wordsOf(question.kind === 'how' && !question.conditional ? withoutCondition(text) : text, language));
  const title = wordsOf(passage.title, language);
  const heading = wordsOf(passage.heading, language);
  const all = [...title, ...heading, ...words.flat()];
  const total = question.terms.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const share = (of: (term: Term) => number): number => question.terms.reduce((sum, term) => sum + term.weight * of(term), 0) / total;
  const covered = share((term) => best(term, all));
  const absent = question.terms.filter((term) => term.weight > WEIGHTS.weak && best(term, all) === 0).length;
  const inPassage = new Map(question.terms.map((term) => [term, best(term, all)]));
  const above = new Map(question.terms.map((term) => [term, Math.max(best(term, heading) * PLACES.heading, best(term, title) * PLACES.title)]));
  return sentences.map(({ text, item }, at) => {
    const here = words[at] ?? [];
    const lead = leadOf(sentences, at);
    // "It arrives within a week": what it is stands before.
    const pointing = POINTS.test(plain(text));
    const weightBefore = pointing ? PLACES.meant : PLACES.before;
    const before = [...(words[at - 1] ?? []), ...(pointing ? (words[at - 2] ?? []) : []), ...(lead === undefined ? [] : (words[lead] ?? []))];
    const own = share((term) => best(term, here));
    const near = share((term) => Math.max(best(term, here), best(term, heading) * PLACES.heading, best(term, before) * weightBefore, best(term, title) * PLACES.aside));
    const context = share((term) => Math.max(best(term, here), above.get(term) ?? 0, best(term, before) * weightBefore, (inPassage.get(term) ?? 0) * PLACES.passage));
    const fits = looksRight(question, text);
    const loose = (item && lead === undefined) || CONTINUES.test(plain(text)) ? 0.12 : 0;
    const contrast = isAboutNeighbour(question, here, [...heading, ...title, ...before]) ? 0.55 : 1;
    const score = (0.6 * context + 0.4 * own) * contrast + (fits ? 0.22 : 0) - loose - (text.endsWith(':') ? 0.1 : 0) - (text.endsWith('?') ? 0.3 : 0);
    return { passage, text, at, item, score, covered: covered * contrast, absent, own, fits, near: near * contrast };
  });
}

/** "You can reset it if you have registered a phone" does not say how to register one. */
function withoutCondition(sentence: string): string {
  return sentence.replace(/(?<=\S),?\s+(?:if|unless|provided|wenn|falls|sofern|si)\s.*$/su, '');
}

/** The sentence that introduces the list in which this one stands. */
function leadOf(sentences: readonly { readonly text: string; readonly item: boolean }[], at: number): number | undefined {
  if (sentences[at]?.item !== true) return undefined;
  let lead = at - 1;
  while (lead >= 0 && sentences[lead]?.item === true) lead -= 1;
  return lead >= 0 && sentences[lead]?.text.endsWith(':') === true ? lead : undefined;
}

function looksRight(question: Question, sentence: string): boolean {
  const folded = plain(sentence);
  const look = LOOKS.get(question.kind);
  if (look === undefined) return true;
  // "The mail room" is no place where the mail room is.
  if (question.kind === 'where' || question.kind === 'who') return look.test(folded.replace(/[\p{L}-]+/gu, (word) => (best(read(word), question.terms) === 1 ? ' ' : word)));
  if (question.kind !== 'count') return look.test(folded);
  const isCounted = (word: Word): boolean => question.counted.some((counted) => alike(word, counted) > 0);
  // The thing that is counted follows its number closely: "48 places", not "the phone, on floor 2".
  const bare = folded.replace(MEASURES, (measure) => (wordsOf(measure, question.language).some(isCounted) ? measure : ' '));
  return [...bare.matchAll(COUNTS)].some(({ index }) => question.counted.length === 0 || wordsOf(bare.slice(index).split(/\s+/u).slice(0, 5).join(' '), question.language).some(isCounted));
}

/** The question is about a laptop, the sentence about a phone, and nothing above it says laptop. */
function isAboutNeighbour(question: Question, here: readonly Word[], around: readonly Word[]): boolean {
  const said = new Set(here.flatMap(({ meanings }) => meanings));
  const told = new Set(around.flatMap(({ meanings }) => meanings));
  const asked = new Set(question.terms.flatMap(({ meanings }) => meanings));
  return question.terms.some(({ meanings }) => {
    if (meanings.some((meaning) => said.has(meaning) || told.has(meaning))) return false;
    const neighbours = new Set(meanings.flatMap((meaning) => [...neighboursOf(meaning)]));
    return [...said, ...told].some((other) => neighbours.has(other) && !asked.has(other));
  });
}

// --- the judgement

/** Of a sentence in passages that are known to answer. */
const LEAST_SCORE = 0.3;
/** How much of the question must be found; less where vectors say that sentence and question are close. */
const ENOUGH = { least: 0.5, usual: 0.74, most: 0.85 } as const;

function enough(question: Question, passage: Passage, closeness: number | undefined): number {
  // Across languages only the words that the lexicon has can be found.
  if (languageOf(plain(passage.text)) !== question.language) return ENOUGH.least + 0.05;
  // Who tells of trouble says more than any article does.
  const start = ENOUGH.usual - (question.kind === 'trouble' ? 0.18 : question.kind === 'how' ? 0.08 : 0);
  return closeness === undefined ? start : Math.min(ENOUGH.most, Math.max(ENOUGH.least, start - 0.35 * (closeness - 0.45)));
}

function isAnswer(question: Question, candidate: Candidate, lost: number, closeness: number | undefined): boolean {
  if (!candidate.fits && STRICT.has(question.kind)) return false;
  const wanted = enough(question, candidate.passage, closeness);
  // What is nowhere at all weighs twice.
  const missing = question.kind === 'trouble' ? lost / 6 : lost / 3 + candidate.absent * 0.05;
  return candidate.covered - missing >= wanted && candidate.near >= wanted - (STRICT.has(question.kind) ? 0.15 : 0.25);
}

export async function extract({ like = [], passages, question }: Extraction, similarity: Similarity): Promise<readonly Quote[]> {
  const wanted = readQuestion(question.slice(0, MAX_QUESTION));
  // Who names such questions says that the passages answer them: then the best sentence is an answer, though its words alone do not show it.
  for (const [isSure, texts] of [[true, [question, ...like]], [false, like.length === 0 ? [] : [...like, question]]] as const) {
    for (const text of texts) {
      const found = await extractFor(text, passages, similarity, wanted, isSure);
      if (found.length > 0) return found;
    }
  }
  return [];
}

/** `wanted`: what was asked, whose kind of answer it has to be, in whatever words. */
async function extractFor(text: string, given: readonly Passage[], similarity: Similarity, wanted: Question, isSure: boolean): Promise<readonly Quote[]> {
  const question = readQuestion(text.slice(0, MAX_QUESTION));
  const passages = given.slice(0, MAX_READ);
  if (question.terms.every(({ weight }) => weight <= WEIGHTS.weak)) return [];
  const everything = passages.flatMap(({ title, heading, text: body }) => wordsOf(`${title}. ${heading}. ${body}`, languageOf(plain(body))));
  const total = question.terms.reduce((sum, { weight }) => sum + weight, 0);
  const lost = question.terms.reduce((sum, term) => sum + (best(term, everything) === 0 ? term.weight : 0), 0) / total;

  const ranked = passages.flatMap((passage) => weigh(question, passage)).sort((left, right) => right.score - left.score);
  const promising = ranked.slice(0, MAX_EMBEDDED);
  const closeness = new Map<Candidate, number>();
  if (question.language === 'en') {
    for (const candidate of promising) {
      if (languageOf(plain(candidate.passage.text)) === 'en') closeness.set(candidate, await similarity(question.text, `${candidate.passage.heading}. ${candidate.text}`));
    }
  }
  const final = promising.map((candidate) => ({ ...candidate, close: closeness.get(candidate), score: candidate.score + 0.3 * (closeness.get(candidate) ?? 0.4) })).sort((left, right) => right.score - left.score);
  const isKind = (candidate: Candidate): boolean => !STRICT.has(wanted.kind) || looksRight(wanted, candidate.text);
  const first = final.find((candidate) => isKind(candidate) && (isSure ? isAnswer(question, candidate, lost, candidate.close) : candidate.score >= LEAST_SCORE));
  if (first === undefined) return [];
  return quotes(first, [first, ...final.filter((candidate) => candidate !== first)], ranked, question);
}

/** The best sentence, what follows it in its list, and others about as good, of at most two passages. */
function quotes(first: Candidate, final: readonly Candidate[], ranked: readonly Candidate[], question: Question): readonly Quote[] {
  const chosen: Candidate[] = [];
  const take = (candidate: Candidate): void => {
    const sources = new Set([...chosen, candidate].map(({ passage }) => passage.id));
    if (chosen.length < MAX_QUOTES && sources.size <= MAX_PASSAGES && !chosen.some(({ text }) => text === candidate.text)) chosen.push(candidate);
  };
  const rest = ranked.filter(({ passage }) => passage === first.passage).sort((left, right) => left.at - right.at);
  const following = rest.filter(({ at }) => at > first.at);
  if (first.text.endsWith(':')) {
    const end = following.findIndex(({ item }) => !item);
    const items = end < 0 ? following : following.slice(0, end);
    for (const item of items.length > 0 ? items : following.slice(0, 1)) take(item);
  } else {
    const instructs = question.kind === 'how' || question.kind === 'trouble';
    // A list is followed from its beginning, unless what is asked stands far down in it.
    if (instructs && first.item) {
      const list = rest.slice(rest.findLastIndex(({ at, item }) => at < first.at && !item) + 1, rest.findIndex(({ at }) => at === first.at) + 1);
      if (list.length <= MAX_QUOTES) for (const step of list) take(step);
    }
    const begun = rest.find(({ at }) => at === first.at - 1);
    if (instructs && begun !== undefined && !begun.text.endsWith(':') && CONTINUES.test(plain(first.text))) take(begun);
    take(first);
    if (instructs) for (const next of following.slice(0, MAX_QUOTES - 1)) if (next.item === first.item && (next.item || next.fits)) take(next);
  }
  for (const candidate of final.slice(1)) {
    const least = candidate.passage === first.passage ? 0.8 : 0.9;
    if (candidate.score >= first.score * least && (candidate.fits || !STRICT.has(question.kind)) && !candidate.text.endsWith(':') && !candidate.text.endsWith('?')) take(candidate);
  }
  return chosen.map(({ text, passage }) => ({ text, passages: [passage.id] }));
}
