/**
 * Encoded queries. Sources: servicenow.com/docs “Table API” (`sysparm_query`), “Operators available for filters and
 * queries” and “Encoded query strings”.
 */

import { valueAt, walk } from './tables.ts';
import type { Database, Row, Table } from './tables.ts';

export type Match = (row: Row) => boolean;

export interface Query {
  readonly matches: Match;
  readonly orders: readonly { readonly path: string; readonly descending: boolean }[];
}

/** Longer ones first where one begins with another. */
const operators = [
  'ISNOTEMPTY', 'ISEMPTY', 'ANYTHING', 'STARTSWITH', 'ENDSWITH', 'NOT LIKE', 'NOT IN', 'LIKE', 'IN', '!=', '>=', '<=', '=', '>', '<',
] as const;
type Operator = (typeof operators)[number];

// Field names are lower case and operators are not, so the first operator ends the name.
const term = new RegExp(`^([a-z0-9_.]+?)(${operators.join('|')})(.*)$`, 's');

const numeric = /^-?\d+$/;

const compare = (one: string, other: string): number => {
  if (numeric.test(one) && numeric.test(other)) return Number(one) - Number(other);
  return one < other ? -1 : one > other ? 1 : 0;
};

/** Values are compared with their case, as the Table API's page says. */
const tests: Readonly<Record<Operator, (actual: string, wanted: string) => boolean>> = {
  '=': (actual, wanted) => actual === wanted,
  '!=': (actual, wanted) => actual !== wanted,
  '>': (actual, wanted) => actual !== '' && compare(actual, wanted) > 0,
  '<': (actual, wanted) => actual !== '' && compare(actual, wanted) < 0,
  '>=': (actual, wanted) => actual !== '' && compare(actual, wanted) >= 0,
  '<=': (actual, wanted) => actual !== '' && compare(actual, wanted) <= 0,
  LIKE: (actual, wanted) => actual.includes(wanted),
  'NOT LIKE': (actual, wanted) => !actual.includes(wanted),
  STARTSWITH: (actual, wanted) => actual.startsWith(wanted),
  ENDSWITH: (actual, wanted) => actual.endsWith(wanted),
  IN: (actual, wanted) => wanted.split(',').includes(actual),
  'NOT IN': (actual, wanted) => !wanted.split(',').includes(actual),
  ISEMPTY: (actual) => actual === '',
  ISNOTEMPTY: (actual) => actual !== '',
  ANYTHING: () => true,
};

/**
 * Reads an encoded query. A part that is no condition, or that names no field, is ignored, as the base system does
 * (`glide.invalid_query.returns_no_rows` is false): the result grows. There is no way to write a caret in a value.
 */
export function parseQuery(text: string, database: Database, table: Table, userId: string): Query {
  const orders: { path: string; descending: boolean }[] = [];

  const condition = (part: string): Match | undefined => {
    const [, path = '', operator = '', given = ''] = term.exec(part) ?? [];
    if (walk(database, table, path, undefined) === undefined) return undefined;
    const test = tests[operator as Operator]; // the expression holds no others
    const wanted = given === 'javascript:gs.getUserID()' ? userId : given;
    return (row) => {
      const place = walk(database, table, path, row);
      return place !== undefined && test(valueAt(place), wanted);
    };
  };

  const alternatives = text.split('^NQ').map((filter): Match => {
    // Groups are joined by AND. `^OR` adds to the group of the condition before it.
    const groups: Match[][] = [];
    for (const [index, part] of filter.split('^').entries()) {
      const order = /^ORDERBY(DESC)?(.+)$/.exec(part);
      if (order !== null) {
        const path = order[2] ?? '';
        if (walk(database, table, path, undefined) !== undefined) orders.push({ path, descending: order[1] !== undefined });
        continue;
      }
      const isAlternative = index > 0 && part.startsWith('OR');
      const match = condition(isAlternative ? part.slice('OR'.length) : part);
      if (match === undefined) continue;
      const last = groups.at(-1);
      if (isAlternative && last !== undefined) last.push(match);
      else groups.push([match]);
    }
    return (row) => groups.every((group) => group.some((match) => match(row)));
  });

  return { matches: (row) => alternatives.some((match) => match(row)), orders };
}

/** The rows that match, in the order that was asked for, else as they were made. */
export function select(query: Query, database: Database, table: Table): readonly Row[] {
  const found = [...table.rows.values()].filter(query.matches);
  const valueOf = (row: Row, path: string): string => {
    const place = walk(database, table, path, row);
    return place === undefined ? '' : valueAt(place);
  };
  return found.sort((one, other) => {
    for (const { path, descending } of query.orders) {
      const order = compare(valueOf(one, path), valueOf(other, path));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}
