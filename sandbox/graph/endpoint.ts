/** Wraps a handler of ours into one of Graph's: permission check, ids on every answer, errors in Graph's shape. */

import type { Company } from '../company/company.ts';
import type { Handler, SandboxRequest, SandboxResponse } from '../http.ts';
import { createTrace, errorBody, GraphError, insufficientPrivileges, traceHeaders } from './errors.ts';

export interface GraphOptions {
  readonly company: Company;
  /** Microsoft Graph app roles of a client id. */
  readonly grants: (clientId: string) => ReadonlySet<string>;
  readonly tenantId: string;
  readonly now?: () => Date;
}

export interface Call {
  readonly request: SandboxRequest;
  readonly company: Company;
  /** The caller's app roles. */
  readonly granted: ReadonlySet<string>;
  readonly now: Date;
  /** A path parameter of the handler. */
  parameter(name: string): string;
}

export interface Endpoint {
  readonly method: Handler['method'];
  /** Without the version. */
  readonly path: string;
  /** App roles of which one is enough. */
  readonly permissions: readonly string[];
  respond(call: Call): SandboxResponse;
}

export const hasAny = (granted: ReadonlySet<string>, permissions: readonly string[]): boolean =>
  permissions.some((permission) => granted.has(permission));

/** Makes the handler that the sandbox serves. */
export function toHandler(endpoint: Endpoint, options: GraphOptions): Handler {
  const { company, grants, now = () => new Date() } = options;

  const answer = (request: SandboxRequest, date: Date): SandboxResponse => {
    // The serving layer has checked the token; without one there is nobody to ask for permissions.
    if (request.identity === undefined) throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty.');
    const granted = grants(request.identity.clientId);
    if (!hasAny(granted, endpoint.permissions)) throw insufficientPrivileges();
    return endpoint.respond({
      request,
      company,
      granted,
      now: date,
      parameter: (name) => request.params[name] ?? '',
    });
  };

  return {
    method: endpoint.method,
    path: `/v1.0${endpoint.path}`,
    handle: (request) => {
      const date = now();
      const trace = createTrace(request.headers, date);
      try {
        const response = answer(request, date);
        return { ...response, headers: { ...response.headers, ...traceHeaders(trace) } };
      } catch (error) {
        if (!(error instanceof GraphError)) throw error;
        return { status: error.status, headers: traceHeaders(trace), body: errorBody(error.code, error.message, trace) };
      }
    },
  };
}
