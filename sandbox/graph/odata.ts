/** Query options, paging and collections: learn.microsoft.com/graph/query-parameters and /graph/paging */

import { findProperty } from './entity.ts';
import type { Entity, EntityType } from './entity.ts';
import { badQuery, GraphError, unsupportedQuery } from './errors.ts';
import { parseFilter } from './filter.ts';
import type { Filter } from './filter.ts';
import { parseSearch } from './search.ts';

const systemOptions = ['$count', '$expand', '$filter', '$format', '$orderby', '$search', '$select', '$skip', '$skiptoken', '$top'] as const;
type SystemOption = (typeof systemOptions)[number];
export type Options = ReadonlyMap<SystemOption, string>;

export const metadataRoot = 'https://graph.microsoft.com/v1.0/$metadata';

/**
 * Reads the system query options. The dollar sign may be left out in v1.0, and parameters that are no system options
 * are ignored; an unknown name with a dollar sign, or one given twice, is refused.
 */
export function readOptions(url: URL): Options {
  const options = new Map<SystemOption, string>();
  for (const [given, value] of url.searchParams) {
    const lower = given.toLowerCase();
    const name = systemOptions.find((option) => option === lower || option === `$${lower}`);
    if (name === undefined) {
      if (given.startsWith('$')) throw badQuery(`The query parameter '${given}' is not supported.`);
      continue;
    }
    if (options.has(name)) throw badQuery(`Query option '${name}' was specified more than once, but it must be specified at most once.`);
    options.set(name, value);
  }
  return options;
}

/** The names in `$select`, in the type's spelling, or undefined when there is none. */
export function readSelect(options: Options, types: readonly EntityType[]): readonly string[] | undefined {
  const text = options.get('$select');
  if (text === undefined) return undefined;
  return text.split(',').map((part) => {
    const name = part.trim();
    const found = types.map((type) => findProperty(type, name)).find((property) => property !== undefined);
    if (found === undefined) {
      const typeName = types.length === 1 ? (types[0]?.name ?? '') : 'directoryObject';
      throw badQuery(name === ''
        ? 'Parsing OData Select and Expand failed: An identifier was expected at position 0.'
        : `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${typeName}'.`);
    }
    return found;
  });
}

export interface Page {
  readonly entities: readonly Entity[];
  /** Present when the client asked for it the way Graph wants it. */
  readonly count?: number;
  readonly nextLink?: string;
}

export interface CollectionRules {
  /** What `$filter`, `$search` and `$orderby` may name. */
  readonly type: EntityType;
  readonly defaultPageSize: number;
  readonly maximumPageSize: number;
  /** Collections reached through a link take `$filter`, `$search` and `$orderby` only as advanced queries. */
  readonly isLink?: boolean;
  /** Pages are numbers of objects to pass over, as services outside of the directory have them, instead of tokens. */
  readonly usesSkip?: boolean;
  /** Called with every property that the query reads, so that a caller cannot probe what it may not see. */
  readonly reading?: (properties: ReadonlySet<string>) => void;
}

function readPageSize(text: string | undefined, rules: CollectionRules): number {
  if (text === undefined) return rules.defaultPageSize;
  if (!/^\d+$/.test(text)) {
    throw badQuery(`Invalid value '${text}' for $top query option found. The $top query option requires a non-negative integer value.`);
  }
  const size = Number(text);
  if (size < 1 || size > rules.maximumPageSize) {
    throw unsupportedQuery(`Invalid page size specified: '${text}'. Must be between 1 and ${rules.maximumPageSize} inclusive.`);
  }
  return size;
}

const tokenOf = (entity: Entity): string => Buffer.from(`after:${entity.id}`).toString('base64url');

function readToken(token: string, entities: readonly Entity[]): number {
  const decoded = Buffer.from(token, 'base64url').toString();
  const position = entities.findIndex((entity) => decoded === `after:${entity.id}`);
  if (position === -1) {
    throw new GraphError(400, 'Directory_ExpiredPageToken', 'The specified page token value has expired and can no longer be included in your request.');
  }
  return position + 1;
}

/** Whether the request carries the header that directory objects want for `$search` and everything advanced. */
export const isEventual = (headers: Readonly<Record<string, string>>): boolean => headers['consistencylevel']?.toLowerCase() === 'eventual';

/** Filters, searches, sorts and cuts a collection. */
export function page(
  all: Iterable<Entity>,
  options: Options,
  headers: Readonly<Record<string, string>>,
  url: URL,
  rules: CollectionRules,
): Page {
  const { type } = rules;
  const isDirectory = type.service === undefined;
  const isCounted = options.get('$count')?.toLowerCase() === 'true';
  const isAdvanced = isEventual(headers) && isCounted;
  const [filterText, searchText, orderText] = [options.get('$filter'), options.get('$search'), options.get('$orderby')];
  const sizeText = options.get('$top');

  if (options.has('$skip') && rules.usesSkip !== true) throw unsupportedQuery("'$skip' is not supported by the service.");
  if (searchText !== undefined && !isDirectory) throw badQuery("The query parameter '$search' is not supported.");
  if (searchText !== undefined && !isEventual(headers)) {
    // The literal message of the service, as learn.microsoft.com/graph/aad-advanced-queries shows it.
    throw unsupportedQuery("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'");
  }
  if (rules.isLink === true && (filterText !== undefined || orderText !== undefined) && !isAdvanced) {
    throw unsupportedQuery('The specified filter or order is only supported with $count=true and the ConsistencyLevel:eventual header.');
  }

  const conditions: Filter[] = [];
  if (filterText !== undefined) conditions.push(parseFilter(filterText, type, isAdvanced));
  if (searchText !== undefined) conditions.push(parseSearch(searchText, type));
  for (const condition of conditions) rules.reading?.(condition.properties);

  const sorted = sort([...all], orderText, type, {
    isAdvanced: isAdvanced || (searchText !== undefined && isEventual(headers)),
    isFiltered: isDirectory && filterText !== undefined,
  });
  const matching = sorted.filter((entity) => conditions.every((condition) => condition.matches(entity)));

  const size = readPageSize(sizeText, rules);
  if (rules.usesSkip === true) return skipPage(matching, readSkip(options.get('$skip')), size, url, isCounted);
  const token = options.get('$skiptoken');
  const start = token === undefined ? 0 : readToken(token, sorted);
  // The token names the last one sent, not a number: pages stay whole when a later page's objects change.
  const beforeStart = new Set(sorted.slice(0, start));
  const rest = matching.filter((entity) => !beforeStart.has(entity));
  const entities = rest.slice(0, size);
  const last = entities.at(-1);
  let nextLink: string | undefined;
  if (last !== undefined && rest.length > entities.length) {
    const next = new URL(url);
    for (const name of [...next.searchParams.keys()]) {
      if (/^\$?skiptoken$/i.test(name)) next.searchParams.delete(name);
    }
    next.searchParams.set('$skiptoken', tokenOf(last));
    nextLink = next.href.replaceAll('%24', '$');
  }
  // Directory objects ignore `$count` without the header; Intune always counts.
  const count = isAdvanced || type.service === 'intune' || (!isDirectory && isCounted) ? matching.length : undefined;
  return { entities, ...(count !== undefined && { count }), ...(nextLink !== undefined && { nextLink }) };
}

function readSkip(text = '0'): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw badQuery(`Invalid value '${text}' for $skip query option found. The $skip query option requires a non-negative integer value.`);
}

function skipPage(matching: readonly Entity[], skip: number, size: number, url: URL, isCounted: boolean): Page {
  const next = new URL(url);
  for (const name of [...next.searchParams.keys()]) if (/^\$?skip$/i.test(name)) next.searchParams.delete(name);
  next.searchParams.set('$skip', String(skip + size));
  return {
    entities: matching.slice(skip, skip + size),
    ...(isCounted && { count: matching.length }),
    ...(matching.length > skip + size && { nextLink: next.href.replaceAll('%24', '$') }),
  };
}

function sort(
  entities: Entity[],
  text: string | undefined,
  type: EntityType,
  query: { readonly isAdvanced: boolean; readonly isFiltered: boolean },
): Entity[] {
  if (text === undefined) return entities;
  const refusal = unsupportedQuery('Sorting not supported for current query.');
  if (query.isFiltered && !query.isAdvanced) throw refusal;
  const keys = text.split(',').map((part) => {
    const [given = '', direction = 'asc', ...rest] = part.trim().split(/\s+/);
    const name = findProperty(type, given);
    if (name === undefined) throw badQuery(`Could not find a property named '${given}' on type 'microsoft.graph.${type.name}'.`);
    if (rest.length > 0 || !/^(?:asc|desc)$/i.test(direction)) throw badQuery(`Syntax error at position ${text.indexOf(direction)} in '${text}'.`);
    const support = type.sortable.get(name);
    if (support === undefined || (support === 'advanced' && !query.isAdvanced)) throw refusal;
    return { name, sign: direction.toLowerCase() === 'desc' ? -1 : 1 };
  });
  const textOf = (entity: Entity, name: string): string => {
    const value: unknown = entity[name];
    return typeof value === 'string' ? value : '';
  };
  return entities.sort((one, other) => {
    for (const { name, sign } of keys) {
      const order = textOf(one, name).localeCompare(textOf(other, name), 'en', { sensitivity: 'base' });
      if (order !== 0) return order * sign;
    }
    return 0;
  });
}

/** The envelope of a collection. */
export const collectionBody = (context: string, found: Page, value: readonly unknown[]): unknown => ({
  '@odata.context': `${metadataRoot}#${context}`,
  ...(found.count !== undefined && { '@odata.count': found.count }),
  ...(found.nextLink !== undefined && { '@odata.nextLink': found.nextLink }),
  value,
});

/** `users(id,displayName)`, or `users` without `$select`. */
export const contextOf = (set: string, select: readonly string[] | undefined): string =>
  select === undefined ? set : `${set}(${select.join(',')})`;
