/** What a piece of a message asks for: an action, what it is about, whom it is about, and whether it is asked for at all. */
import { isBlank } from './entities.ts';
import { findNames, forcedNames } from './names.ts';
import { stem } from './tokenise.ts';
import type { Token } from './tokenise.ts';
import { isOrdinaryWord } from './vocabulary.ts';
import { CAUSES, EVERYBODY, FIND, NEGATIONS, NOT_TYPOS, OBJECTS, PERSONAL, PHRASES, POLITE, READ, SELF, STATEMENT_VERBS, STOP_WORDS, THIRD, TITLES, TYPO_TARGETS } from './words.ts';
import type { Phrase } from './words.ts';

export type TargetReference =
  | { readonly by: 'handle'; readonly handle: string }
  | { readonly by: 'name'; readonly name: string; readonly strong: boolean }
  /** “The caller”: the person in that field of a ticket. */
  | { readonly by: 'role'; readonly role: string }
  | { readonly by: 'self' }
  | { readonly by: 'third'; readonly personal: boolean }
  | { readonly by: 'position'; readonly position: number | 'last' | 'other' | 'all' };

export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly Token[];
  readonly action?: string;
  /** What the action is about without saying so. */
  readonly implies?: string;
  readonly objects: ReadonlySet<string>;
  readonly targets: readonly TargetReference[];
  readonly negated: boolean;
  readonly question: boolean;
  /** Says that something is so: a reason, not a request. */
  readonly statement: boolean;
  /** Unfamiliar words that are not part of a target. */
  readonly leftover: number;
}

export interface FoundAction {
  readonly action: string;
  readonly implies?: string;
  readonly claimed: ReadonlySet<number>;
  readonly from: number;
}

const MAX_GAP = 7;
const SPLITTERS: ReadonlySet<string> = new Set(['and', 'then', 'but', 'plus', '&', 'without', 'instead', 'rather']);
const POSITIONS: ReadonlyMap<string, number | 'last' | 'other' | 'all'> = new Map<string, number | 'last' | 'other' | 'all'>([
  ['first', 1], ['1st', 1], ['second', 2], ['2nd', 2], ['third', 3], ['3rd', 3], ['fourth', 4], ['4th', 4], ['fifth', 5], ['5th', 5], ['last', 'last'], ['other', 'other'], ['both', 'all'],
]);

/** The first phrase of the language that occurs, by the order of the list; `blocked` indices belong to names. */
export function findAction(tokens: readonly Token[], blocked: ReadonlySet<number> = new Set(), allowed: (phrase: Phrase) => boolean = () => true): FoundAction | undefined {
  for (const phrase of PHRASES) {
    if (!allowed(phrase)) continue;
    for (let from = 0; from < tokens.length; from += 1) {
      const claimed = matchPhrase(tokens, from, phrase.pattern, blocked);
      if (claimed !== undefined && !isAdjective(tokens, from)) {
        return { action: phrase.action, claimed: new Set(claimed), from, ...(phrase.implies === undefined ? {} : { implies: phrase.implies }) };
      }
    }
  }
  return undefined;
}

/** "a locked door", "the blocked account": the participle describes, it asks for nothing. */
function isAdjective(tokens: readonly Token[], index: number): boolean {
  if (!/ed$/u.test(tokens[index]?.lower ?? '') || tokens[index + 1]?.kind !== 'word') return false;
  return /^(?:an?|the|any|some|all|every|no|this|that|my|his|her|their|our|your)$/u.test(tokens[index - 1]?.lower ?? '');
}

function matchPhrase(tokens: readonly Token[], from: number, pattern: Phrase['pattern'], blocked: ReadonlySet<number>): readonly number[] | undefined {
  const claimed: number[] = [];
  let index = from;
  let gap = 0;
  for (const part of pattern) {
    if (part === '*') {
      gap = MAX_GAP;
      continue;
    }
    let found = false;
    for (let skip = 0; skip <= gap && !found; skip += 1) {
      const token = tokens[index + skip];
      if (token === undefined || (skip < gap && token.kind === 'punctuation')) break;
      if (token.kind === 'word' && !blocked.has(index + skip) && (part.has(token.stem) || part.has(token.lower))) {
        claimed.push(index + skip);
        index += skip + 1;
        found = true;
      }
    }
    if (!found) return undefined;
    gap = 0;
  }
  return claimed;
}

/** What the words are about: devices, sessions, a department. */
export function findObjects(tokens: readonly Token[], blocked: ReadonlySet<number> = new Set()): ReadonlySet<string> {
  const objects = new Set<string>();
  tokens.forEach((token, index) => {
    if (token.kind !== 'word' || blocked.has(index)) return;
    const object = OBJECTS.get(token.stem);
    // "number 2" counts, it is no telephone number.
    if (token.lower === 'number' && /^\d$/u.test(tokens[index + 1]?.lower ?? '')) return;
    if (object !== undefined) objects.add(object);
    if (/^(?:sign|log)$/u.test(token.stem) && /^(?:in|on)$/u.test(tokens[index + 1]?.lower ?? '')) objects.add('signin');
    if (/^(?:manages|supervises|leads)$/u.test(token.lower)) objects.add('manager');
    if (token.stem === 'report' && tokens.slice(index + 1).some((next) => next.lower === 'to')) objects.add('manager');
  });
  return objects;
}

/** Corrects single typing errors in words that are close to an action or a thing and to no name. */
export function correctTypos(tokens: readonly Token[]): readonly Token[] {
  const forced = forcedNames(tokens);
  return tokens.map((token, index) => {
    if (token.kind !== 'word' || forced.has(index) || token.possessive || STOP_WORDS.has(token.lower) || NOT_TYPOS.has(token.lower) || isOrdinaryWord(token.lower) || OBJECTS.has(token.stem)) return token;
    if (token.lower.length < (index === 0 ? 3 : 4) || TYPO_TARGETS.includes(token.lower) || !/^[a-z]+$/u.test(token.lower)) return token;
    if (findAction([token]) !== undefined) return token;
    const target = TYPO_TARGETS.find((word) => word[0] === token.lower[0] && (word.length > 4 || index === 0) && isOneSlipAway(token.lower, word));
    return target === undefined ? token : { ...token, lower: target, stem: stem(target) };
  });
}

/** One letter added, left out, wrong, or two swapped. */
export function isOneSlipAway(written: string, meant: string): boolean {
  if (written === meant || Math.abs(written.length - meant.length) > 1) return false;
  let prefix = 0;
  while (prefix < Math.min(written.length, meant.length) && written[prefix] === meant[prefix]) prefix += 1;
  const left = written.slice(prefix);
  const right = meant.slice(prefix);
  if (left.slice(1) === right.slice(1) || left.slice(1) === right || left === right.slice(1)) return true;
  return left[0] === right[1] && left[1] === right[0] && left.slice(2) === right.slice(2);
}

/** Cuts a message at "and", "then", commas and sentence ends, and reads each piece. */
export function segmentMessage(text: string, tokens: readonly Token[], commands: ReadonlySet<string>): readonly Segment[] {
  const forced = forcedNames(tokens);
  const pieces: { tokens: Token[]; forced: Set<number>; asked: boolean }[] = [{ tokens: [], forced: new Set(), asked: false }];
  tokens.forEach((token, index) => {
    const current = pieces.at(-1);
    if (current === undefined) return;
    const punctuation = token.kind === 'punctuation' && /[,;.!?():–—]/u.test(token.text);
    if (token.text === '?') current.asked = true;
    if (punctuation && !isInsideName(tokens, index, forced)) {
      pieces.push({ tokens: [], forced: new Set(), asked: false });
      return;
    }
    if (!forced.has(index) && SPLITTERS.has(token.lower)) pieces.push({ tokens: [], forced: new Set(), asked: false });
    const piece = pieces.at(-1);
    if (piece === undefined) return;
    if (forced.has(index)) piece.forced.add(piece.tokens.length);
    piece.tokens.push(token);
  });
  return pieces.filter((piece) => piece.tokens.some((token) => token.kind !== 'punctuation')).map((piece) => readSegment(text, piece.tokens, piece.forced, piece.asked, commands));
}

function isInsideName(tokens: readonly Token[], index: number, forced: ReadonlySet<number>): boolean {
  // "Weber, Anna": one capital on each side, and no further name after them.
  if (tokens[index]?.text !== ',' || !forced.has(index - 1) || !forced.has(index + 1)) return false;
  if (forced.has(index - 2) || forced.has(index + 2)) return false;
  return !/^(?:,|and|&)$/u.test(tokens[index + 2]?.lower ?? '');
}

function readSegment(text: string, tokens: readonly Token[], forced: ReadonlySet<number>, asked: boolean, commands: ReadonlySet<string>): Segment {
  const question = isQuestion(tokens, asked);
  const command = findCommand(tokens, commands, forced);
  // "Is she blocked?" asks about a state; the words for actions are adjectives there.
  const action = question ? findAction(tokens, forced, (phrase) => phrase.action === FIND || phrase.action === READ) : findAction(tokens, forced);
  const described = !question && action !== undefined && describesState(tokens, action);
  const claimed = new Set(action?.claimed ?? []);
  if (command !== undefined) claimed.add(command);
  const objects = new Set(findObjects(withoutScope(tokens), new Set(forced)));
  if (question && findAction(tokens, forced, (phrase) => phrase.action === 'block' || phrase.action === 'allow') !== undefined) objects.add('state');
  claimActionWords(tokens, claimed, question);
  const names = findNames(tokens, claimed, forced, question);
  const inName = new Set(names.flatMap((name) => Array.from({ length: name.to - name.from }, (_, offset) => name.from + offset)));
  const unclaimed = (index: number): boolean => !claimed.has(index) && !inName.has(index);
  const statement = described || (action === undefined && command === undefined && !question && isStatement(tokens, inName));
  const first = tokens[0];
  const last = tokens.at(-1);
  const commandAction = command === undefined ? undefined : tokens[command]?.stem;
  // A verb of the language wins over the same word as a bare command, unless the command comes first ("remove X from group").
  const useCommand = commandAction !== undefined && !described && (action === undefined || ((command ?? 0) < action.from && !isOwnPhrase(action, command ?? 0)));
  return {
    start: first?.start ?? 0,
    end: last?.end ?? text.length,
    tokens,
    ...(useCommand ? { action: commandAction } : action === undefined || described ? {} : { action: action.action }),
    ...(!useCommand && action?.implies !== undefined ? { implies: action.implies } : {}),
    objects,
    targets: findTargets(text, tokens, names, unclaimed),
    negated: !question && isNegated(tokens, action?.from ?? command ?? tokens.length, claimed),
    question,
    statement,
    leftover: tokens.filter((token, index) => token.kind === 'word' && unclaimed(index) && !isBlank(token.lower) && !STOP_WORDS.has(token.lower) && !OBJECTS.has(token.stem) && !POLITE.has(token.lower) && !TITLES.has(token.lower) && !THIRD.has(token.lower)).length,
  };
}

/** "Anna is locked out", "she can't sign in": how things are, not what to do. */
function describesState(tokens: readonly Token[], action: FoundAction): boolean {
  const words = tokens.map((token) => token.lower);
  if (words.some((word) => /^(?:sure|ensure|should|must|shall|needs?|want|please|be)$/u.test(word))) return false;
  const verb = tokens[action.from];
  if (/^(?:can't|cannot|cant|unable)$/u.test(verb?.lower ?? '')) return true;
  const before = words.slice(Math.max(0, action.from - 2), action.from);
  return /(?:ed|out)$/u.test(verb?.lower ?? '') && before.some((word) => /^(?:is|are|was|were|been|got|am|isn't|wasn't|still|already)$/u.test(word));
}

function isOwnPhrase(action: FoundAction, command: number): boolean {
  return action.claimed.has(command);
}

/** In a question "blocked" and "signing in" are no names either. */
function claimActionWords(tokens: readonly Token[], claimed: Set<number>, question: boolean): void {
  tokens.forEach((token, index) => {
    if (token.kind !== 'word' || /^\p{Lu}/u.test(token.text)) return;
    if (/^(?:sign|log)$/u.test(token.stem) || (question && findAction([token]) !== undefined) || findAction([token]) !== undefined) claimed.add(index);
  });
}

/** A verb where a command stands: first after polite words, or after "to". */
function findCommand(tokens: readonly Token[], commands: ReadonlySet<string>, forced: ReadonlySet<number>): number | undefined {
  let index = 0;
  while (index < tokens.length && (tokens[index]?.kind === 'punctuation' || POLITE.has(tokens[index]?.lower ?? '') || NEGATIONS.has(tokens[index]?.lower ?? '') || ['do', 'not'].includes(tokens[index]?.lower ?? ''))) index += 1;
  const token = tokens[index];
  return token?.kind === 'word' && !forced.has(index) && commands.has(token.stem) ? index : undefined;
}

/** "from all devices" and "on every device" say how far, not what. */
function withoutScope(tokens: readonly Token[]): readonly Token[] {
  const kept: Token[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const words = tokens.slice(index, index + 4).map((token) => token.lower);
    if (['from', 'on', 'of', 'in', 'off'].includes(words[0] ?? '')) {
      const rest = words.slice(1, 3);
      const length = /^(?:all|every|any|each)$/u.test(rest[0] ?? '') ? (/^(?:his|her|their|my|the|of)$/u.test(rest[1] ?? '') ? 4 : 3) : 0;
      const noun = tokens[index + length - 1];
      if (length > 0 && noun !== undefined && OBJECTS.get(noun.stem) === 'device') {
        index += length - 1;
        continue;
      }
    }
    const token = tokens[index];
    if (token !== undefined) kept.push(token);
  }
  return kept;
}

function isQuestion(tokens: readonly Token[], asked: boolean): boolean {
  const words = tokens.filter((token) => token.kind === 'word').map((token) => token.lower);
  while (words.length > 0 && ['please', 'hey', 'hi', 'hello', 'so', 'and', 'ok', 'now', 'but', 'then'].includes(words[0] ?? '')) words.shift();
  const [first = '', second = ''] = words;
  // "Could Anna be unblocked?" asks for it.
  if (/^(?:can|could|would|may)$/u.test(first) && words.some((word) => word === 'be' || word === 'back')) return false;
  if (/^(?:i|we|tell|do|can|could|please|let)$/u.test(first) && /\b(?:know|see|tell (?:me|us)|say|find out|wonder(?:ing)?)\b(?: \w+)? (?:which|what|who|whose|whether|if)\b/u.test(words.join(' '))) return true;
  if (/^(?:check|verify|see|tell|know|find)$/u.test(first) && words.some((word) => word === 'whether' || word === 'if')) return true;
  if (/^(?:can|could|would|will|may)$/u.test(first)) return !/^(?:you|u|we|i|someone|somebody|anyone|please|ya)$/u.test(second);
  if (/^(?:is|are|am|was|were|has|does|did|do|why|who|whom|whose|which|what|when|where|how|can't|isn't|aren't|cannot)$/u.test(first)) {
    return first !== 'do' || /^(?:we|i|you|they)$/u.test(second);
  }
  return asked && !words.some((word) => /^(?:can|could|would|will)$/u.test(word)) && findAction(tokens) === undefined;
}

function isStatement(tokens: readonly Token[], inName: ReadonlySet<number>): boolean {
  const words = tokens.map((token, index) => ({ token, index })).filter(({ token, index }) => token.kind === 'word' && !inName.has(index));
  if (words.length === 0) return false;
  // "I like my new phone."
  if (/^(?:i|we)$/u.test(words[0]?.token.lower ?? '') && !/^(?:want|need|would|must|should|have|can|could|think|mean|meant|may|will)$/u.test(words[1]?.token.lower ?? '')) return true;
  if (words.some(({ token }) => STATEMENT_VERBS.has(token.lower))) return true;
  return words.length >= 2 && (words.some(({ token }) => CAUSES.has(token.lower)) || /^(?:back|false|no longer|gone)$/u.test(words[0]?.token.lower ?? ''));
}

function isNegated(tokens: readonly Token[], actionFrom: number, claimed: ReadonlySet<number>): boolean {
  return tokens.some((token, index) => {
    if (index >= actionFrom || claimed.has(index)) return false;
    if (token.lower === 'no') return /^(?:need|reason|point)$/u.test(tokens[index + 1]?.lower ?? '');
    if (token.lower === 'instead') return tokens[index + 1]?.lower === 'of';
    if (token.lower === 'rather') return tokens[index + 1]?.lower === 'than';
    return NEGATIONS.has(token.lower);
  });
}

function findTargets(text: string, tokens: readonly Token[], names: ReturnType<typeof findNames>, unclaimed: (index: number) => boolean): readonly TargetReference[] {
  const targets: (TargetReference & { readonly at: number })[] = names.map((name) => ({ by: 'name', name: text.slice(name.start, name.end), strong: name.strong, at: name.start }));
  tokens.forEach((token, index) => {
    if (token.kind === 'handle') {
      targets.push({ by: 'handle', handle: token.text.toLowerCase(), at: token.start });
    }
    if (token.kind !== 'word' || !unclaimed(index)) return;
    const numbered = /^[1-9]$/u.test(token.lower) && (tokens.length === 1 || /^(?:number|no|no.|option|nr|#|match|choice|person)$/u.test(tokens[index - 1]?.lower ?? '')) ? Number(token.lower) : undefined;
    const position = POSITIONS.get(token.lower) ?? numbered;
    const beforeOne = /^(?:one|person|match|two|of)$/u.test(tokens[index + 1]?.lower ?? '');
    const aloneEnough = numbered !== undefined || tokens.filter((other) => other.kind === 'word').length <= 5 || ['both'].includes(token.lower);
    if (position !== undefined && (beforeOne || aloneEnough)) targets.push({ by: 'position', position, at: token.start });
    if (EVERYBODY.has(token.lower) && /^(?:of|two)$/u.test(tokens[index + 1]?.lower ?? '') && /^(?:them|these|those)$/u.test(tokens[index + 2]?.lower ?? '')) targets.push({ by: 'position', position: 'all', at: token.start });
  });
  if (targets.length === 0) {
    const pronoun = tokens.find((token, index) => token.kind === 'word' && unclaimed(index) && THIRD.has(token.lower) && !isFiller(tokens, index));
    if (pronoun !== undefined) return [{ by: 'third', personal: PERSONAL.has(pronoun.lower) }];
    const self = tokens.find((token, index) => SELF.has(token.lower) && unclaimed(index) && !isAsking(tokens, index));
    if (self !== undefined) return [{ by: 'self' }];
  }
  return targets.sort((left, right) => left.at - right.at).map(({ at: _at, ...target }) => target);
}

/** "that" and "it" in "is it true that" point at nothing. */
function isFiller(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  return token !== undefined && !PERSONAL.has(token.lower) && tokens.length - index > 4;
}

/** "I want", "can I", "show me", "tell me": the speaker asks, and is not what is asked about. */
function isAsking(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.lower ?? '';
  const after = tokens[index + 1]?.lower ?? '';
  const { lower } = tokens[index] ?? { lower: '' };
  if (lower === 'me') return /^(?:show|tell|give|get|find|help|for|send|let)$/u.test(before);
  if (lower === 'i') return /^(?:want|need|would|think|mean|must|should|believe|guess)$/u.test(after) || /^(?:can|could|should)$/u.test(before);
  return /^(?:i'm|im)$/u.test(lower);
}
