/** Finds who is meant: runs of words that are neither ordinary English nor about IT, in places where names stand. */
import { isBlank } from './entities.ts';
import type { Token } from './tokenise.ts';
import { isOrdinaryWord } from './vocabulary.ts';
import { NEGATIONS, OBJECTS, ORDINARY_FIRST_NAMES, PARTICLES, PERSONAL, POLITE, PROPER_THINGS, SELF, STOP_WORDS, THIRD, TITLES, VERBS } from './words.ts';

export interface NameMention {
  /** Index of the first and one past the last token. */
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
  /** True when something besides unfamiliarity says that it is a name: a capital, a title, a possessive, its place. */
  readonly strong: boolean;
  /** How sure that is; of several in one piece of a message only the surest count. */
  readonly grade: 0 | 1 | 2;
}

const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the', 'some', 'any', 'every', 'no', 'which', 'what']);
const PLACES: ReadonlySet<string> = new Set(['of', 'for', 'from', 'on', 'about', 'called', 'named', 'by', 'user', 'person', 'colleague', 'employee', 'is', 'was', 'does', 'did', 'has', 'can', 'let', 'name', 'with', 'and', 'me', 'whether', 'if']);

/** Tokens whose capital says that they are names although they are also ordinary words: "Will Young", "Mr. Black". */
export function forcedNames(tokens: readonly Token[]): ReadonlySet<number> {
  const shouting = tokens.filter((token) => token.kind === 'word').every((token) => token.text === token.text.toUpperCase());
  const forced = new Set<number>();
  let commandSeen = false;
  tokens.forEach((token, index) => {
    if (token.kind !== 'word') return;
    const afterTitle = TITLES.has(tokens[index - 1]?.lower ?? '') && !TITLES.has(token.lower);
    if (afterTitle) forced.add(index);
    if (!shouting && commandSeen && !token.initial && isCapitalised(token) && !PROPER_THINGS.has(token.lower) && !TITLES.has(token.lower)) forced.add(index);
    if (!POLITE.has(token.lower)) commandSeen = true;
  });
  return forced;
}

/** Names among the tokens that nothing else has claimed. */
export function findNames(tokens: readonly Token[], claimed: ReadonlySet<number>, forced: ReadonlySet<number>, question = false): readonly NameMention[] {
  const mentions: NameMention[] = [];
  const free = (index: number): boolean => {
    const token = tokens[index];
    if (token?.kind !== 'word' || claimed.has(index)) return false;
    return forced.has(index) || isUnfamiliar(token, tokens[index + 1]) || isOrdinaryFirstName(tokens, index, claimed);
  };
  for (let index = 0; index < tokens.length; index += 1) {
    if (!free(index) && !(isParticle(tokens[index]) && free(nextAfterParticles(tokens, index)) && !claimed.has(index))) continue;
    let to = index;
    while (to < tokens.length && (free(to) || (isParticle(tokens[to]) && !claimed.has(to) && free(nextAfterParticles(tokens, to))))) {
      to += 1;
      if (tokens[to - 1]?.possessive === true) break;
    }
    // "grace hill": an ordinary word right behind a first name in lower case.
    if (to === index + 1 && tokens[index]?.possessive === false && !isCapitalised(tokens[index]) && isSurnameLike(tokens[to]) && !claimed.has(to)) to += 1;
    // "who sang Yesterday": lower case before a capital is not part of the name.
    const capital = tokens.slice(index, to).findIndex((token) => isCapitalised(token) || /^\p{Lo}/u.test(token.text));
    if (capital > 0 && !isParticle(tokens[index])) index += capital;
    const surnameFirst = surnameFirstEnd(tokens, index, to, free);
    const mention = mentionOf(tokens, index, surnameFirst ?? to, forced);
    if (mention !== undefined && (mention.grade > 0 || (question ? claimed.has(mention.from - 1) : isBesideRequest(tokens, mention, claimed)))) mentions.push(mention);
    index = (surnameFirst ?? to) - 1;
  }
  if (mentions.length === 0) return question ? [] : afterVerb(tokens, claimed);
  const surest = Math.max(...mentions.map((mention) => mention.grade));
  // "Anna Weber from Finance": the second one says where she belongs.
  return mentions.filter((mention, index) => mention.grade === surest && !(index > 0 && /^(?:from|in|at|within)$/u.test(tokens[mention.from - 1]?.lower ?? '')));
}

/** Without other evidence a name stands next to the verb or the thing: "block anna", "devices anna weber". */
function isBesideRequest(tokens: readonly Token[], mention: NameMention, claimed: ReadonlySet<number>): boolean {
  const near = (index: number): boolean => {
    const token = tokens[index];
    if (token === undefined) return mention.from === 0 && mention.to === tokens.length;
    return claimed.has(index) || OBJECTS.has(token.stem) || /^(?:in|on|out|off|up|back|again|please|pls)$/u.test(token.lower);
  };
  // "is my phone waterproof": it is clear whose phone that is.
  if (tokens.some((token, index) => SELF.has(token.lower) && token.lower !== 'i' && !/^(?:show|tell|give|get|find|gimme)$/u.test(tokens[index - 1]?.lower ?? ''))) return false;
  return near(mention.from - 1) || near(mention.to) || (mention.from === 0 && mention.to < tokens.length && /^(?:is|has|can|should|must|needs)$/u.test(tokens[mention.to]?.lower ?? ''));
}

/** "block mark": an ordinary word, but the only thing there, right behind the verb. */
function afterVerb(tokens: readonly Token[], claimed: ReadonlySet<number>): readonly NameMention[] {
  const from = tokens.findIndex((token, index) => claimed.has(index - 1) && !claimed.has(index) && isSurnameLike(token));
  const first = tokens[from];
  if (first === undefined || tokens.some((token) => token.kind === 'handle')) return [];
  const to = isSurnameLike(tokens[from + 1]) && !first.possessive && !claimed.has(from + 1) ? from + 2 : from + 1;
  return [{ from, to, start: first.start, end: tokens[to - 1]?.end ?? first.end, strong: false, grade: 0 }];
}

/** "will smith", "jack black": in lower case, where a name stands, and before another word that could be one. */
function isOrdinaryFirstName(tokens: readonly Token[], index: number, claimed: ReadonlySet<number>): boolean {
  const [before, token, next] = [tokens[index - 1], tokens[index], tokens[index + 1]];
  if (token === undefined || next?.kind !== 'word' || !ORDINARY_FIRST_NAMES.has(token.lower) || token.possessive) return false;
  return (claimed.has(index - 1) || PLACES.has(before?.lower ?? '')) && (isUnfamiliar(next, undefined) || isSurnameLike(next));
}

/** An ordinary English word that could be a surname: no function word, no adverb, nothing about IT. */
function isSurnameLike(token: Token | undefined): boolean {
  return token !== undefined && token.kind === 'word' && isOrdinaryWord(token.lower) && isNoFunctionWord(token) && !/(?:ly|ing|ed)$/u.test(token.lower);
}

function mentionOf(tokens: readonly Token[], from: number, to: number, forced: ReadonlySet<number>): NameMention | undefined {
  const words = tokens.slice(from, to);
  const first = words[0];
  const last = words.at(-1);
  if (first === undefined || last === undefined || words.length > 6) return undefined;
  if (words.every((word) => /^.\.?$/u.test(word.text) || !/\p{L}/u.test(word.text))) return undefined;
  const before = tokens[from - 1];
  const titled = TITLES.has(before?.lower ?? '');
  const some = /^an?$|^any$/u.test(before?.lower ?? '') && forced.has(from);
  if (!titled && !some && ARTICLES.has(before?.lower ?? '') && !words.some((word) => word.possessive)) return undefined;
  const capital = words.some((word, offset) => isCapitalised(word) && (forced.has(from + offset) || !word.initial || words.length > 1));
  const given = before?.lower === 'to' && /^(?:belong|register|assign|report|issue|issu|given|enroll?|handed)$/u.test(tokens[from - 2]?.stem ?? '');
  const handed = before?.lower === 'to' && isBlank(tokens[from - 2]?.lower ?? '');
  const placed = given || handed || PLACES.has(before?.lower ?? '') || last.possessive;
  return { from, to, start: first.start, end: last.end, strong: titled || capital || placed, grade: titled || capital ? 2 : placed ? 1 : 0 };
}

/** "Weber, Anna" where a name is expected; "Anna, Tom and Maria" is a list. */
function surnameFirstEnd(tokens: readonly Token[], from: number, to: number, free: (index: number) => boolean): number | undefined {
  const surname = tokens[from];
  if (to !== from + 1 || surname === undefined || surname.initial || !isCapitalised(surname) || tokens[to]?.text !== ',') return undefined;
  const given = tokens[to + 1];
  if (given === undefined || !free(to + 1) || !isCapitalised(given) || free(to + 2)) return undefined;
  const after = tokens[to + 2];
  return after === undefined || !/^(?:,|and|&)$/u.test(after.lower) ? to + 2 : undefined;
}

function isUnfamiliar(token: Token, next: Token | undefined): boolean {
  if (token.lower.includes('@')) return true;
  if (/\d/u.test(token.lower) || !/\p{L}/u.test(token.lower)) return false;
  // A capital at the start of a sentence is no evidence, unless a second one follows.
  const evident = isCapitalised(token) && (!token.initial || (next?.kind === 'word' && isCapitalised(next)));
  if (!isCapitalised(token) && /(?:ing|tion|ment|ness|ology|ics|ism)$/u.test(token.lower) && token.lower.length >= 8) return false;
  return isNoFunctionWord(token) && (evident || (!isOrdinaryWord(token.lower) && !/^\p{Ll}{6,}ly$/u.test(token.text) && (isCapitalised(token) || !VERBS.has(token.stem))));
}

function isNoFunctionWord(token: Token): boolean {
  const { lower } = token;
  return !(
    STOP_WORDS.has(lower) || TITLES.has(lower) || SELF.has(lower) || THIRD.has(lower) || PERSONAL.has(lower) || NEGATIONS.has(lower) || POLITE.has(lower) || PROPER_THINGS.has(lower) || PARTICLES.has(lower) || OBJECTS.has(token.stem)
  );
}

function isParticle(token: Token | undefined): boolean {
  return token?.kind === 'word' && PARTICLES.has(token.lower);
}

function nextAfterParticles(tokens: readonly Token[], index: number): number {
  let next = index;
  while (isParticle(tokens[next])) next += 1;
  return next;
}

function isCapitalised(token: Token | undefined): boolean {
  return token !== undefined && /^\p{Lu}/u.test(token.text) && (/\p{Ll}/u.test(token.text) || /^\p{Lu}\.$/u.test(token.text));
}
