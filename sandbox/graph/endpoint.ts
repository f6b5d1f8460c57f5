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
  /** Client id of the robot, whose service principal owns the groups in `company.managedGroups`. Without it nobody is the robot. */
  readonly robotClientId?: string;
  /**
   * Mailboxes (address or user id) that a client id may send from, by Exchange's RBAC for Applications:
   * learn.microsoft.com/exchange/permissions-exo/application-rbac. It adds to what app roles allow.
   */
  readonly exchangeScopes?: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Call {
  readonly request: SandboxRequest;
  readonly company: Company;
  /** The caller's app roles. */
  readonly granted: ReadonlySet<string>;
  readonly now: Date;
  readonly tenantId: string;
  readonly isRobot: boolean;
  readonly robotClientId: string | undefined;
  /** Mailboxes that Exchange lets the caller send from, in lower case. */
  readonly mailboxes: ReadonlySet<string>;
  /** How long after the company's epoch the service started. What "happened lately" is moved by it, so that it stays late. */
  readonly sinceEpochMs: number;
  /** A path parameter of the handler. */
  parameter(name: string): string;
}

export interface Endpoint {
  readonly method: Handler['method'];
  /** Without the version. */
  readonly path: string;
  /** App roles of which one is enough. */
  readonly permissions: readonly string[];
  /** True where something else than an app role opens it too, such as owning the group; `respond` then asks for both. */
  readonly asksItself?: true;
  respond(call: Call): SandboxResponse;
}

export const hasAny = (granted: ReadonlySet<string>, permissions: readonly string[]): boolean =>
  permissions.some((permission) => granted.has(permission));

/** Makes the handler that the sandbox serves. `startedMs` is when the service started. */
export function toHandler(endpoint: Endpoint, options: GraphOptions, startedMs: number): Handler {
  const { company, grants, tenantId, robotClientId, exchangeScopes, now = () => new Date() } = options;
  const sinceEpochMs = Math.max(0, startedMs - company.epoch.getTime());

  const answer = (request: SandboxRequest, date: Date): SandboxResponse => {
    // The serving layer has checked the token; without one there is nobody to ask for permissions.
    if (request.identity === undefined) throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty.');
    const { clientId } = request.identity;
    const granted = grants(clientId);
    if (endpoint.asksItself !== true && !hasAny(granted, endpoint.permissions)) throw insufficientPrivileges();
    return endpoint.respond({
      request,
      company,
      granted,
      now: date,
      tenantId,
      isRobot: robotClientId !== undefined && clientId === robotClientId,
      robotClientId,
      mailboxes: new Set([...(exchangeScopes?.get(clientId) ?? [])].map((mailbox) => mailbox.toLowerCase())),
      sinceEpochMs,
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
