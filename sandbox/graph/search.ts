/** `$search` on directory objects: learn.microsoft.com/graph/search-query-parameter */

import type { EntityType } from './entity.ts';
import { findProperty } from './entity.ts';
import { badQuery, unsupportedQuery } from './errors.ts';
import type { Filter, Predicate } from './filter.ts';

// A run of small letters with the capitals before it, a run of anything else that is a letter, digits, or symbols.
// `HelloWorld` is two words and `HELLOworld` one, since only the change from small to capital splits.
const piece = /\p{Lu}*(?:(?!\p{Lu})[\p{L}\p{M}])+|\p{Lu}+|\p{N}+|[^\p{L}\p{M}\p{N}\s]+/gu;

/**
 * Folds case and combining marks, so that `jose` finds `José` and `Muller` finds `Müller`. Microsoft does not document
 * accents; this follows Active Directory, whose indexes ignore them. Letters without a decomposition (ø, ł, ß) stay.
 */
const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

interface Words {
  readonly words: readonly string[];
  /** Words joined where only symbols stand between them: `hello-world` is found by `helloworld`. */
  readonly joined: readonly string[];
}

/** Splits text as the documentation describes: at spaces, symbols, numbers, and where small letters turn to capitals. */
export function splitWords(text: string): Words {
  const words: string[] = [];
  const joined: string[] = [];
  for (const chunk of text.normalize('NFC').split(/\s+/)) {
    const pieces = (chunk.match(piece) ?? []).filter((part) => /[\p{L}\p{N}]/u.test(part)).map(fold);
    words.push(...pieces);
    if (pieces.length > 1) joined.push(pieces.join(''));
  }
  return { words, joined };
}

/** Every word that was typed must begin some word of the value, in any order; there is no "contains". */
export function matchesWords(value: string, typed: string): boolean {
  const wanted = splitWords(typed).words;
  const { words, joined } = splitWords(value);
  const candidates = [...words, ...joined];
  return wanted.length > 0 && wanted.every((word) => candidates.some((candidate) => candidate.startsWith(word)));
}

interface Clause {
  readonly kind: 'clause';
  readonly text: string;
}

type Token = Clause | { readonly kind: 'symbol'; readonly value: '(' | ')' | 'AND' | 'OR' };

function tokenise(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|(\(|\)|AND\b|OR\b))/y;
  let end = 0;
  while (text.slice(end).trim() !== '') {
    pattern.lastIndex = end;
    const match = pattern.exec(text);
    if (match === null) {
      const rest = text.slice(end).search(/[^\p{L}\p{N}\s]/u);
      const position = rest === -1 ? end : end + rest;
      throw badQuery(`Syntax error: character '${text.charAt(position)}' is not valid at position ${position} in '${text}'.`);
    }
    end += match[0].length;
    const [, clause, symbol] = match;
    if (clause !== undefined) tokens.push({ kind: 'clause', text: clause.replace(/\\(.)/g, '$1') });
    else if (symbol === '(' || symbol === ')' || symbol === 'AND' || symbol === 'OR') tokens.push({ kind: 'symbol', value: symbol });
  }
  return tokens;
}

/** Parses `"displayName:anna" OR "mail:anna"`. Throws GraphError. */
export function parseSearch(text: string, type: EntityType): Filter {
  const tokens = tokenise(text);
  const used = new Set<string>();
  let index = 0;
  const isSymbol = (value: string): boolean => {
    const token = tokens[index];
    return token?.kind === 'symbol' && token.value === value;
  };

  const clause = ({ text: source }: Clause): Predicate => {
    const colon = source.indexOf(':');
    if (colon === -1) throw unsupportedQuery('The property name must be specified in the $search clause.');
    const name = findProperty(type, source.slice(0, colon).trim());
    if (name === undefined || !(type.filterable.includes(name) || type.tokenised.includes(name))) {
      throw unsupportedQuery(`Unsupported or invalid search clause specified for property '${source.slice(0, colon)}'.`);
    }
    const wanted = source.slice(colon + 1).trim();
    used.add(name);
    const test = type.tokenised.includes(name)
      ? (value: string): boolean => matchesWords(value, wanted)
      : (value: string): boolean => wanted !== '' && value.toLowerCase().startsWith(wanted.toLowerCase());
    return (entity) => {
      const value: unknown = entity[name];
      if (Array.isArray(value)) return value.some((one) => typeof one === 'string' && test(one));
      return typeof value === 'string' && test(value);
    };
  };

  const primary = (): Predicate => {
    const token = tokens[index];
    index += 1;
    if (token?.kind === 'clause') return clause(token);
    if (token?.value === '(') {
      const inner = disjunction();
      if (!isSymbol(')')) throw badQuery(`Syntax error: ')' expected in '${text}'.`);
      index += 1;
      return inner;
    }
    throw badQuery(`Syntax error: a clause in double quotes is expected in '${text}'.`);
  };

  const conjunction = (): Predicate => {
    let left = primary();
    while (isSymbol('AND')) {
      index += 1;
      const [one, two] = [left, primary()];
      left = (entity) => one(entity) && two(entity);
    }
    return left;
  };

  const disjunction = (): Predicate => {
    let left = conjunction();
    while (isSymbol('OR')) {
      index += 1;
      const [one, two] = [left, conjunction()];
      left = (entity) => one(entity) || two(entity);
    }
    return left;
  };

  const matches = disjunction();
  if (index < tokens.length) throw badQuery(`Syntax error: 'AND' or 'OR' expected in '${text}'.`);
  return { matches, properties: used };
}
