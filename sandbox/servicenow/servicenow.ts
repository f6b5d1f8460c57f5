/**
 * ServiceNow's Table API over the sandbox's company. Source: servicenow.com/docs, Australia release, “Table API”
 * (github.com/ServiceNow/ServiceNowDocs, markdown/api-reference/rest-apis/c_TableAPI.md).
 */

import { randomBytes } from 'node:crypto';
import type { Company } from '../company/company.ts';
import type { Handler, SandboxRequest, SandboxResponse, Service } from '../http.ts';
import { createData, toIncidentNumber, toSysId } from './data.ts';
import { failure, invalidTable, mayNotQuery, mayNotWrite, noRecord, noResource, notAuthenticated, ServiceNowError } from './errors.ts';
import { emptyIncident, writeIncident } from './incident.ts';
import type { Writer, Written } from './incident.ts';
import { parseQuery, select } from './query.ts';
import type { Query } from './query.ts';
import { forbiddenTables, toServiceNowTime } from './tables.ts';
import type { Row, Table } from './tables.ts';
import { readView, show } from './view.ts';

export { identityCases } from './data.ts';
export type { IdentityCases } from './data.ts';

export interface ServiceNowOptions {
  readonly company: Company;
  readonly seed: number;
  readonly tenantId: string;
  /** `user_name` of the integration user; it may read the tables served here and write incidents. */
  readonly user: string;
  readonly password: string;
  readonly now?: () => Date;
}

export type ServiceNowService = Service & {
  /** Puts every record back as the seed made it. */
  reset(): void;
};

const defaultLimit = 10_000;
const writableTable = 'incident';
const versions: ReadonlySet<string> = new Set(['v1', 'v2']);

/** What the shared server says in its own words, in ServiceNow's. */
const serverMessages = new Map([
  ['ResourceNotFound', 'Requested URI does not represent any resource'],
  ['MethodNotAllowed', 'Method not supported'],
]);

/** A number of records; anything else counts as not given. */
function readCount(url: URL, name: string, fallback: number): number {
  const text = url.searchParams.get(name) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : fallback;
}

/** The `Link` header: the same request at other offsets. */
function linkHeader(url: URL, offset: number, limit: number, total: number): string {
  const at = (position: number, relation: string): string => {
    const target = new URL(url);
    target.searchParams.set('sysparm_limit', String(limit));
    target.searchParams.set('sysparm_offset', String(position));
    return `<${target.href}>;rel="${relation}"`;
  };
  const last = Math.max(0, Math.ceil(total / limit) - 1) * limit;
  return [
    at(0, 'first'),
    ...(offset > 0 ? [at(Math.max(0, offset - limit), 'prev')] : []),
    ...(offset + limit < total ? [at(offset + limit, 'next')] : []),
    at(last, 'last'),
  ].join(',');
}

/** The emulated service. Basic authentication is its own; it has no bearer tokens and so no audience. */
export function createServiceNowService(options: ServiceNowOptions): ServiceNowService {
  const { company, seed, user, password, now = () => new Date() } = options;
  // What Graph changes in the company later is not in ServiceNow, so the first content is kept for `reset`. Rows are
  // replaced, never changed.
  const { database, integrationUserId } = createData(company, seed, user);
  const initial = new Map([...database].map(([name, { rows }]) => [name, new Map(rows)]));
  let made = 0;

  const isSignedIn = ({ headers }: SandboxRequest): boolean => {
    const [, encoded = ''] = /^basic +([a-z0-9+/=]+)$/i.exec(headers['authorization'] ?? '') ?? [];
    return Buffer.from(encoded, 'base64').toString('utf8') === `${user}:${password}`;
  };

  const tableOf = ({ params, url }: SandboxRequest, purpose: 'list' | 'record' | 'Insert' | 'Update'): Table => {
    const name = params['table'] ?? '';
    const table = database.get(name);
    if (table === undefined && !forbiddenTables.has(name)) throw invalidTable(name);
    const mayWrite = name === writableTable;
    switch (purpose) {
      case 'list':
        if (table === undefined) throw mayNotQuery(url.searchParams.has('sysparm_query'));
        return table;
      case 'record':
        if (table === undefined) throw noRecord();
        return table;
      case 'Insert':
      case 'Update':
        if (table === undefined || !mayWrite) throw mayNotWrite(purpose);
        return table;
    }
  };

  const rowOf = (table: Table, { params }: SandboxRequest): Row => {
    const row = table.rows.get(params['sys_id'] ?? '');
    if (row === undefined) throw noRecord();
    return row;
  };

  const queryOf = (url: URL, table: Table): Query => {
    const given = url.searchParams.get('sysparm_query');
    if (given !== null) return parseQuery(given, database, table, integrationUserId);
    // Name-value pairs are a filter too, where there is no encoded query.
    const pairs = [...url.searchParams].filter(([name]) => table.fields.has(name));
    return { matches: (row) => pairs.every(([name, value]) => row.get(name) === value), orders: [] };
  };

  const list = (request: SandboxRequest): SandboxResponse => {
    const { url, params, quirk } = request;
    const table = tableOf(request, 'list');
    const found = select(queryOf(url, table), database, table);
    // Version 1 answers an empty list with 404; version 2 and the newest with an empty array.
    if (found.length === 0 && (params['version'] === 'v1' || quirk === 'empty-is-404')) throw noRecord();
    const limit = readCount(url, 'sysparm_limit', defaultLimit) || defaultLimit;
    const offset = readCount(url, 'sysparm_offset', 0);
    const view = readView(url);
    return {
      status: 200,
      headers: {
        ...(url.searchParams.get('sysparm_no_count') !== 'true' && { 'x-total-count': String(found.length) }),
        ...(url.searchParams.get('sysparm_suppress_pagination_header') !== 'true' && { link: linkHeader(url, offset, limit, found.length) }),
      },
      body: { result: found.slice(offset, offset + limit).map((row) => show(database, table, row, view)) },
    };
  };

  const read = (request: SandboxRequest): SandboxResponse => {
    const table = tableOf(request, 'record');
    return { status: 200, body: { result: show(database, table, rowOf(table, request), readView(request.url)) } };
  };

  const writerOf = ({ url }: SandboxRequest): Writer => ({
    userId: integrationUserId, userName: user, nowMs: now().getTime(),
    writesDisplayValues: url.searchParams.get('sysparm_input_display_value') === 'true',
  });

  const store = (table: Table, { row, journal }: Written, writer: Writer): void => {
    const sysId = row.get('sys_id') ?? '';
    table.rows.set(sysId, row);
    const entries = database.get('sys_journal_field');
    for (const { element, value } of journal) {
      const id = toSysId(seed, `sys_journal_field/made/${made++}`);
      entries?.rows.set(id, new Map([
        ['sys_id', id], ['element', element], ['element_id', sysId], ['name', table.name], ['sys_created_by', writer.userName],
        ['sys_created_on', toServiceNowTime(writer.nowMs)], ['value', value],
      ]));
    }
  };

  const create = (request: SandboxRequest): SandboxResponse => {
    const table = tableOf(request, 'Insert');
    const writer = writerOf(request);
    const number = toIncidentNumber(table.rows.size);
    const sysId = toSysId(seed, `incident/${number}`);
    const written = writeIncident(database, table, emptyIncident(table, { sysId, number }, writer), request.body, writer);
    store(table, written, writer);
    return {
      status: 201,
      headers: { location: `${request.url.origin}/api/now/table/${table.name}/${sysId}` },
      body: { result: show(database, table, written.row, readView(request.url)) },
      effect: true,
    };
  };

  const update = (request: SandboxRequest): SandboxResponse => {
    const table = tableOf(request, 'Update');
    const before = rowOf(table, request);
    const writer = writerOf(request);
    const written = writeIncident(database, table, before, request.body, writer);
    if (written.isChanged) {
      written.row.set('sys_mod_count', String(Number(before.get('sys_mod_count')) + 1));
      written.row.set('sys_updated_by', writer.userName);
      written.row.set('sys_updated_on', toServiceNowTime(writer.nowMs));
      store(table, written, writer);
    }
    return { status: 200, body: { result: show(database, table, written.row, readView(request.url)) }, effect: written.isChanged };
  };

  const guarded = (handle: (request: SandboxRequest) => SandboxResponse) => (request: SandboxRequest): SandboxResponse => {
    const transaction = { 'x-transaction-id': randomBytes(6).toString('hex') };
    const answer = (): SandboxResponse => {
      if (!isSignedIn(request)) return notAuthenticated();
      try {
        const { version } = request.params;
        if (version !== undefined && !versions.has(version)) throw noResource();
        const answered = handle(request);
        return { ...answered, headers: { 'x-is-logged-in': 'true', ...answered.headers } };
      } catch (error) {
        if (!(error instanceof ServiceNowError)) throw error;
        return { status: error.status, headers: { 'x-is-logged-in': 'true' }, body: failure(error.message, error.detail) };
      }
    };
    const { headers, ...rest } = answer();
    return { ...rest, headers: { ...transaction, ...headers } };
  };

  const operations: readonly (readonly [Handler['method'], string, (request: SandboxRequest) => SandboxResponse])[] = [
    ['GET', '/:table', list],
    ['GET', '/:table/:sys_id', read],
    ['POST', '/:table', create],
    ['PATCH', '/:table/:sys_id', update],
  ];

  return {
    name: 'servicenow',
    handlers: ['/api/now/table', '/api/now/:version/table'].flatMap((base) =>
      operations.map(([method, path, handle]): Handler => ({ method, path: `${base}${path}`, handle: guarded(handle) }))),
    error: (_status, code, message) => failure(serverMessages.get(code) ?? message, null),
    reset: () => {
      for (const [name, { rows }] of database) {
        rows.clear();
        for (const [id, row] of initial.get(name) ?? []) rows.set(id, row);
      }
      made = 0;
    },
  };
}
