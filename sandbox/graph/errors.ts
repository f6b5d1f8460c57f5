/** Microsoft Graph's error shape. Source: learn.microsoft.com/graph/errors */

import { randomUUID } from 'node:crypto';

/** A refusal that becomes Graph's error body. */
export class GraphError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'GraphError';
    this.status = status;
    this.code = code;
  }
}

/** The ids and the time that Graph puts on every answer. */
export interface Trace {
  readonly requestId: string;
  readonly clientRequestId: string;
  readonly date: Date;
}

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const isGuid = (text: string): boolean => guid.test(text);

/** A new trace; the client's own id is echoed when it is a GUID, and is the request id when none came. */
export function createTrace(headers: Readonly<Record<string, string>>, date: Date): Trace {
  const requestId = randomUUID();
  const sent = headers['client-request-id'];
  return { requestId, clientRequestId: sent !== undefined && isGuid(sent) ? sent : requestId, date };
}

export const traceHeaders = (trace: Trace): Record<string, string> => ({
  'request-id': trace.requestId,
  'client-request-id': trace.clientRequestId,
  'odata-version': '4.0',
  'cache-control': 'no-cache',
});

/** `{"error": …}` as Graph writes it; its `date` has neither milliseconds nor zone. */
export const errorBody = (code: string, message: string, trace: Trace): unknown => ({
  error: {
    code,
    message,
    innerError: {
      date: trace.date.toISOString().slice(0, 19),
      'request-id': trace.requestId,
      'client-request-id': trace.clientRequestId,
    },
  },
});

export const insufficientPrivileges = (): GraphError =>
  new GraphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');

export const resourceNotFound = (name: string): GraphError =>
  new GraphError(404, 'Request_ResourceNotFound', `Resource '${name}' does not exist or one of its queried reference-property objects are not present.`);

export const badRequest = (message: string): GraphError => new GraphError(400, 'Request_BadRequest', message);

/** What the OData layer in front of the directory says, before the directory sees the request. */
export const badQuery = (message: string): GraphError => new GraphError(400, 'BadRequest', message);

export const unsupportedQuery = (message: string): GraphError => new GraphError(400, 'Request_UnsupportedQuery', message);
