/** `$filter`: the part of OData's grammar that Graph accepts for the served types. */

import type { Entity, EntityType } from './entity.ts';
import { findProperty } from './entity.ts';
import { badQuery, unsupportedQuery } from './errors.ts';

export type Predicate = (entity: Entity) => boolean;

export interface Filter {
  readonly matches: Predicate;
  /** Properties that the expression reads. */
  readonly properties: ReadonlySet<string>;
}

type Literal = string | boolean | number | null;
type Comparison = (value: unknown) => boolean;

interface Token {
  readonly kind: 'text' | 'word' | 'symbol';
  readonly value: string;
  readonly position: number;
}

// A quote inside a string is written twice. Words include times, GUIDs, numbers and paths such as `proxyAddresses/any`.
const tokenPattern = /\s*(?:'((?:[^']|'')*)'|(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?|[A-Za-z0-9_.$@/-]+)|([(),:]))/y;

function tokenise(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  let end = 0;
  if (text.trim() === '') throw badQuery('Invalid filter clause: An expression was expected.');
  while (text.slice(end).trim() !== '') {
    pattern.lastIndex = end;
    const match = pattern.exec(text);
    if (match === null) {
      const position = end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
      throw badQuery(text.charAt(position) === "'"
        ? `Invalid filter clause: There is an unterminated string literal at position ${text.length} in '${text}'.`
        : `Invalid filter clause: Syntax error: character '${text.charAt(position)}' is not valid at position ${position} in '${text}'.`);
    }
    const [whole, quoted, word, symbol] = match;
    const position = end;
    end += whole.length;
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted.replaceAll("''", "'"), position });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word, position });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', value: symbol, position });
  }
  return tokens;
}

const booleans = new Set([
  'accountEnabled', 'isAssignableToRole', 'isResolved', 'mailEnabled', 'onPremisesSyncEnabled', 'securityEnabled',
]);

const fold = (text: string): string => text.toLowerCase();

function equals(value: unknown, literal: Literal): boolean {
  if (typeof value === 'string' && typeof literal === 'string') return fold(value) === fold(literal);
  return (value ?? null) === literal;
}

// A map, since the name comes from outside.
const functions = new Map<string, (value: string, part: string) => boolean>([
  ['startswith', (value, part) => fold(value).startsWith(fold(part))],
  ['endswith', (value, part) => fold(value).endsWith(fold(part))],
]);

/**
 * Parses and checks an expression. Strings compare without regard to case, as the directory does. `ne`, `not` and
 * `endsWith` are advanced queries: learn.microsoft.com/graph/aad-advanced-queries. Throws GraphError.
 */
export function parseFilter(text: string, type: EntityType, isAdvanced: boolean): Filter {
  const tokens = tokenise(text);
  const used = new Set<string>();
  let index = 0;

  const peek = (): Token | undefined => tokens[index];
  const isWord = (word: string): boolean => peek()?.kind === 'word' && peek()?.value.toLowerCase() === word;
  const syntaxError = (): Error =>
    badQuery(`Invalid filter clause: Syntax error at position ${peek()?.position ?? text.length} in '${text}'.`);
  const next = (): Token => {
    const token = tokens[index];
    if (token === undefined) throw syntaxError();
    index += 1;
    return token;
  };
  const expect = (symbol: string): void => {
    const token = next();
    if (token.kind === 'symbol' && token.value === symbol) return;
    index -= 1;
    throw syntaxError();
  };
  const requireAdvanced = (operator: string): void => {
    // Other services than the directory know no advanced queries; there these operators simply work.
    if (type.service === undefined && !isAdvanced) {
      throw unsupportedQuery(`Operator '${operator}' is not supported because the 'ConsistencyLevel:eventual' header is missing.`);
    }
  };

  const property = (name: string): string => {
    const found = findProperty(type, name);
    if (found === undefined) throw badQuery(`Invalid filter clause: Could not find a property named '${name}' on type 'microsoft.graph.${type.name}'.`);
    if (!type.filterable.includes(found)) {
      throw unsupportedQuery(`Unsupported or invalid query filter clause specified for property '${found}' of resource '${type.name.charAt(0).toUpperCase()}${type.name.slice(1)}'.`);
    }
    used.add(found);
    return found;
  };

  const literal = (): Literal => {
    const token = next();
    if (token.kind === 'text') return token.value;
    if (token.kind === 'symbol') throw syntaxError();
    switch (token.value.toLowerCase()) {
      case 'true': return true;
      case 'false': return false;
      case 'null': return null;
      default:
        if (/^-?\d+$/.test(token.value)) return Number(token.value);
        // An unquoted GUID or time is a literal too; any other bare word is a mistake.
        if (/^[0-9a-f]{8}-|^\d{4}-\d\d-/i.test(token.value)) return token.value;
        throw badQuery(`Invalid filter clause: Could not find a property named '${token.value}' on type 'microsoft.graph.${type.name}'.`);
    }
  };

  const comparison = (name: string, call: string): Comparison => {
    const token = next();
    const operator = token.value.toLowerCase();
    switch (operator) {
      case 'eq':
      case 'ne': {
        const wanted = literal();
        const isBooleanProperty = booleans.has(name);
        if (wanted !== null && isBooleanProperty !== (typeof wanted === 'boolean')) {
          throw badQuery(`Invalid filter clause: A binary operator with incompatible types was detected. Found operand types 'Edm.${isBooleanProperty ? 'Boolean' : 'String'}' and 'Edm.${typeof wanted === 'boolean' ? 'Boolean' : 'String'}' for operator kind '${operator === 'eq' ? 'Equal' : 'NotEqual'}'.`);
        }
        if (operator === 'eq') return (value) => equals(value, wanted);
        requireAdvanced('ne');
        return (value) => !equals(value, wanted);
      }
      case 'in': {
        expect('(');
        const wanted = [literal()];
        while (peek()?.value === ',') {
          next();
          wanted.push(literal());
        }
        expect(')');
        return (value) => wanted.some((one) => equals(value, one));
      }
      case 'ge':
      case 'le': {
        const wanted = literal();
        if (!/DateTime$/.test(name) || typeof wanted !== 'string') {
          throw unsupportedQuery(`Unsupported or invalid query filter clause specified for property '${name}' of resource '${type.name}'.`);
        }
        const limit = Date.parse(wanted);
        return (value) => typeof value === 'string' && (operator === 'ge' ? Date.parse(value) >= limit : Date.parse(value) <= limit);
      }
      default:
        throw ['gt', 'lt', 'has'].includes(operator)
          ? unsupportedQuery(`Unsupported property filter clause operator '${token.value}'.`)
          : badQuery(`Invalid filter clause: Syntax error at position ${token.position} in '${call}'.`);
    }
  };

  const stringFunction = (name: string): ((argument: string) => Comparison) => {
    const test = functions.get(name);
    if (test === undefined) throw unsupportedQuery(`Unsupported property filter clause operator '${name.charAt(0).toUpperCase()}${name.slice(1)}'.`);
    if (name === 'endswith') requireAdvanced('endsWith');
    return (part) => (value) => typeof value === 'string' && test(value, part);
  };

  const functionCall = (name: string, argument: (word: string) => string): { target: string; test: Comparison } => {
    const make = stringFunction(name);
    expect('(');
    const target = argument(next().value);
    expect(',');
    const part = literal();
    if (typeof part !== 'string') throw badQuery(`Invalid filter clause: No function signature for the function with name '${name}' matches the specified arguments.`);
    expect(')');
    return { target, test: make(part) };
  };

  // `proxyAddresses/any(p:p eq 'smtp:…')` or `any(p:startswith(p,'…'))`.
  const lambda = (path: string): Predicate => {
    const [collection = '', operator = ''] = path.split('/');
    const name = property(collection);
    if (operator.toLowerCase() !== 'any') throw unsupportedQuery(`Unsupported property filter clause operator '${operator}'.`);
    expect('(');
    const variable = next().value;
    expect(':');
    const first = next();
    let test: Comparison;
    if (first.value === variable) test = comparison(name, text);
    else {
      test = functionCall(first.value.toLowerCase(), (word) => {
        if (word !== variable) throw syntaxError();
        return word;
      }).test;
    }
    expect(')');
    return (entity) => {
      const values: unknown = entity[name];
      return Array.isArray(values) && values.some((value) => test(value));
    };
  };

  const primary = (): Predicate => {
    const token = next();
    if (token.kind === 'symbol' && token.value === '(') {
      const inner = disjunction();
      expect(')');
      return inner;
    }
    if (token.kind !== 'word') {
      index -= 1;
      throw syntaxError();
    }
    if (token.value.toLowerCase() === 'not') {
      requireAdvanced('not');
      const inner = primary();
      return (entity) => !inner(entity);
    }
    if (token.value.includes('/')) return lambda(token.value);
    if (peek()?.kind === 'symbol' && peek()?.value === '(') {
      const { target, test } = functionCall(token.value.toLowerCase(), property);
      return (entity) => test(entity[target]);
    }
    const name = property(token.value);
    const test = comparison(name, text);
    return (entity) => test(entity[name]);
  };

  const conjunction = (): Predicate => {
    let left = primary();
    while (isWord('and')) {
      next();
      const [one, two] = [left, primary()];
      left = (entity) => one(entity) && two(entity);
    }
    return left;
  };

  const disjunction = (): Predicate => {
    let left = conjunction();
    while (isWord('or')) {
      next();
      const [one, two] = [left, conjunction()];
      left = (entity) => one(entity) || two(entity);
    }
    return left;
  };

  const matches = disjunction();
  if (peek() !== undefined) throw syntaxError();
  return { matches, properties: used };
}
