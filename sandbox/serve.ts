/** Puts one emulated service on the wire: routing, tokens, limits, faults and the journal. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { quirks } from './faults.ts';
import type { Faults } from './faults.ts';
import { applyQuirks, playFault, rememberNothing } from './fault-play.ts';
import type { ErrorAnswer, Remembered } from './fault-play.ts';
import type { Handler, Refusal, SandboxRequest, SandboxResponse, Service, TokenIdentity } from './http.ts';
import type { Issuer } from './issuer.ts';
import type { Journal } from './journal.ts';
import { BodyCutError, BodyTooLargeError, listen, readBody, send, urlOf } from './wire.ts';
import type { Listening, ServerKey } from './wire.ts';

export type { Refusal } from './http.ts';

export interface MountOptions {
  readonly service: Service;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly issuer: Issuer;
  /** Absent for the identity endpoint, which is plain http on App Service too. */
  readonly tls?: ServerKey | undefined;
  /** Value of `WWW-Authenticate` on a 401. */
  readonly challenge?: string | undefined;
  /** A check for the whole service, such as a role on the account; undefined lets the request pass. */
  readonly authorise?: ((identity: TokenIdentity) => Refusal | undefined) | undefined;
  /** Who asks, for the journal, where no bearer token says so. */
  readonly identify?: ((url: URL, authorization: string | undefined) => TokenIdentity | undefined) | undefined;
  readonly maximumBodyBytes?: number;
}

interface Route {
  readonly segments: readonly string[];
  readonly handler: Handler;
}

interface Match {
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string>>;
}

const defaultMaximumBodyBytes = 4 * 1024 * 1024;

/** How each service names its request id and a missing token. */
const customs = new Map([
  ['graph', { requestId: 'request-id', unauthorised: 'InvalidAuthenticationToken' }],
  ['openai', { requestId: 'apim-request-id', unauthorised: 'Unauthorized' }],
]);
const commonCustoms = { requestId: 'x-ms-request-id', unauthorised: 'Unauthorized' };

const isParameter = (segment: string): boolean => segment.startsWith(':');

/** A trailing slash makes no difference: SecretClient sends one when it asks for no version. */
const splitPath = (path: string): readonly string[] =>
  path.split('/').filter((segment, index, all) => segment !== '' || (index > 0 && index < all.length - 1));

/** Literal segments win over parameters, whatever the order of the handlers. */
const bySpecificity = (one: Route, other: Route): number => {
  for (const [index, segment] of one.segments.entries()) {
    const difference = Number(isParameter(segment)) - Number(isParameter(other.segments[index] ?? ''));
    if (difference !== 0) return difference;
  }
  return 0;
};

function matchRoute({ segments, handler }: Route, path: readonly string[]): Match | undefined {
  if (segments.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const actual = path[index] ?? '';
    if (isParameter(segment)) {
      if (actual === '') return undefined;
      params[segment.slice(1)] = actual;
    } else if (segment.toLowerCase() !== actual.toLowerCase()) return undefined;
  }
  return { handler, params };
}

const decodePath = (url: URL): readonly string[] | undefined => {
  try {
    return splitPath(url.pathname).map(decodeURIComponent);
  } catch {
    return undefined;
  }
};

const headersOf = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );

type ParsedBody = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

/** Token endpoints take forms (RFC 6749, section 4.3.2); everything else here is JSON. */
const formType = /^application\/x-www-form-urlencoded\b/i;

const parseBody = (bytes: Buffer, contentType = ''): ParsedBody => {
  if (bytes.length === 0) return { ok: true, value: undefined };
  if (formType.test(contentType)) return { ok: true, value: Object.fromEntries(new URLSearchParams(bytes.toString('utf8'))) };
  try {
    return { ok: true, value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return { ok: false };
  }
};

const textKept = 2000;

/** Serves one service on a free loopback port. Whatever comes in is answered in the service's own error shape. */
export async function mount(options: MountOptions): Promise<Listening> {
  const { service, journal, faults, issuer, tls, challenge, authorise, identify } = options;
  const { requestId, unauthorised } = customs.get(service.name) ?? commonCustoms;
  const maximumBodyBytes = options.maximumBodyBytes ?? defaultMaximumBodyBytes;
  const routes = service.handlers.map((handler): Route => ({ segments: splitPath(handler.path), handler })).sort(bySpecificity);

  let remembered: Remembered | undefined;

  const refuse = ({ status, code, message }: Refusal, headers: Readonly<Record<string, string>> = {}): SandboxResponse => ({
    status,
    headers,
    body: service.error(status, code, message),
  });

  /** What the journal keeps of a body that cannot be masked field by field. */
  const unparsed = (bytes: Buffer): string =>
    `[not JSON, ${bytes.length} bytes]${service.name === 'vault' ? '' : ` ${bytes.toString('utf8', 0, textKept)}`}`;

  const route = (method: string, path: readonly string[]): Match | SandboxResponse => {
    const matches = routes.map((candidate) => matchRoute(candidate, path)).filter((match) => match !== undefined);
    if (matches.length === 0) {
      return refuse({ status: 404, code: 'ResourceNotFound', message: 'There is no such resource in the sandbox.' });
    }
    const wanted = method === 'HEAD' ? 'GET' : method;
    const match = matches.find(({ handler }) => handler.method === wanted);
    if (match !== undefined) return match;
    const allow = [...new Set(matches.map(({ handler }) => handler.method))].join(', ');
    return refuse({ status: 405, code: 'MethodNotAllowed', message: `The method ${method} is not supported here.` }, { allow });
  };

  const handle = async (request: Omit<SandboxRequest, 'params'>): Promise<SandboxResponse> => {
    const path = decodePath(request.url);
    if (path === undefined) return refuse({ status: 400, code: 'BadRequest', message: 'The path is not properly encoded.' });
    const found = route(request.method, path);
    return 'handler' in found ? found.handler.handle({ ...request, params: found.params }) : found;
  };

  const authenticate = async (authorization: string | undefined, url: URL): Promise<TokenIdentity | SandboxResponse | undefined> => {
    if (service.audience === undefined) return identify?.(url, authorization);
    const verdict = await issuer.verify(authorization, service.audience);
    if ('identity' in verdict) return verdict.identity;
    const plain = { status: 401, code: unauthorised, message: `Authentication failed: ${verdict.problem}.` };
    return refuse(service.challenge?.(authorization) ?? plain, challenge === undefined ? {} : { 'www-authenticate': challenge });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET' } = request;
    const idHeader = { [requestId]: randomUUID() };
    const url = urlOf(request, tls === undefined ? 'http' : 'https') ?? new URL('http://127.0.0.1/');
    const context: { identity?: TokenIdentity; body?: unknown; bodyBytes: number } = { bodyBytes: 0 };
    const record = (status: number, effect = false): void =>
      journal.record({ service: service.name, method, url, ...context, status, effect });
    const reply = (result: SandboxResponse): void => {
      send(response, { ...result, headers: { ...idHeader, ...result.headers } }, () => record(result.status, result.effect));
    };

    try {
      const bytes = await readBody(request, maximumBodyBytes);
      const parsed = parseBody(bytes, request.headers['content-type']);
      context.bodyBytes = bytes.length;
      context.body = parsed.ok ? parsed.value : unparsed(bytes);

      const caller = await authenticate(request.headers.authorization, url);
      if (caller !== undefined && 'status' in caller) {
        reply(caller);
        return;
      }
      if (caller !== undefined) context.identity = caller;

      const fault = faults.take(service.name, method, url.pathname, url.hostname);
      if (fault !== undefined) {
        const error: ErrorAnswer = (status, code, message) => ({ headers: idHeader, body: service.error(status, code, message) });
        if (await playFault(fault, response, error, record, url)) return;
      }

      const refusal = caller === undefined || service.audience === undefined ? undefined : authorise?.(caller);
      if (refusal !== undefined) reply(refuse(refusal));
      else if (!parsed.ok) reply(refuse({ status: 400, code: 'BadRequest', message: 'The request body is not valid JSON.' }));
      else {
        const inForce = faults.quirksOf(service.name, method, url.pathname, url.hostname);
        const forService = inForce.find(({ quirk }) => quirks[quirk].moment === 'service')?.quirk;
        const asked = {
          method, url, headers: headersOf(request), body: parsed.value,
          ...(caller !== undefined && { identity: caller }),
          ...(forService !== undefined && { quirk: forService }),
        };
        if (inForce.length === 0 && faults.list().length === 0) remembered = undefined;
        const result = await handle(asked);
        reply(inForce.length === 0 ? result : applyQuirks(inForce, { ...asked, params: {} }, result, service, (remembered ??= rememberNothing())));
      }
    } catch (error) {
      if (error instanceof BodyCutError) return;
      if (error instanceof BodyTooLargeError) {
        reply(refuse({ status: 413, code: 'RequestEntityTooLarge', message: 'The request body is too large.' }));
        return;
      }
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`sandbox: ${service.name} ${method} ${url.pathname}: ${reason}\n`);
      const message = 'The sandbox failed on this request; its log says why.';
      reply(refuse({ status: 500, code: 'InternalServerError', message }));
    }
  };

  return listen((request, response) => {
    // Last resort: an error shape that itself throws must not take the process down.
    answer(request, response).catch(() => {
      send(response, { status: 500 });
    });
  }, { tls });
}
