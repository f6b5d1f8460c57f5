/** The sign-in log: learn.microsoft.com/graph/api/resources/signin */

import type { SandboxResponse } from '../http.ts';
import { toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { project, signInType } from './entity.ts';
import type { Entity } from './entity.ts';
import { GraphError } from './errors.ts';
import { collectionBody, contextOf, metadataRoot, page, readOptions, readSelect } from './odata.ts';

const set = 'auditLogs/signIns';

/** Moves a time as far as the service started after the company's epoch: a log whose newest entry is old is no log. */
export const lately = (time: string, sinceEpochMs: number): string =>
  new Date(Date.parse(time) + sinceEpochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');

const entriesOf = ({ company, sinceEpochMs }: Call): readonly Entity[] =>
  company.signIns().map((signIn) => toEntity({ ...signIn, createdDateTime: lately(signIn.createdDateTime, sinceEpochMs) }));

/** "The maximum and default page size is 1,000 objects": signin-list. Newest first without `$orderby`. */
function list(call: Call): SandboxResponse {
  const { request } = call;
  const options = readOptions(request.url);
  const select = readSelect(options, [signInType]);
  const found = page(entriesOf(call), options, request.headers, request.url, { type: signInType, defaultPageSize: 1000, maximumPageSize: 1000 });
  return {
    status: 200,
    body: collectionBody(contextOf(set, select), found, found.entities.map((entry) => project(entry, signInType, select ?? signInType.defaults))),
  };
}

function get(call: Call): SandboxResponse {
  const select = readSelect(readOptions(call.request.url), [signInType]);
  const id = call.parameter('id');
  const entry = entriesOf(call).find((candidate) => candidate.id === id.toLowerCase());
  if (entry === undefined) throw new GraphError(404, 'Request_ResourceNotFound', `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`);
  return {
    status: 200,
    body: { '@odata.context': `${metadataRoot}#${contextOf(set, select)}/$entity`, ...project(entry, signInType, select ?? signInType.defaults) },
  };
}

export const signInEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: `/${set}`, permissions: ['AuditLog.Read.All'], respond: list },
  { method: 'GET', path: `/${set}/:id`, permissions: ['AuditLog.Read.All'], respond: get },
];
