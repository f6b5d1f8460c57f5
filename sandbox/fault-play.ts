/** Acts out one fault on a live request, the same way for our own services and for storage. */
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault, QuirkInForce } from './faults.ts';
import type { SandboxRequest, SandboxResponse, Service } from './http.ts';
import { send } from './wire.ts';

/** What the real service would write for an injected status. */
export type ErrorAnswer = (
  status: number,
  code: string,
  message: string,
) => { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };

const toldToFail = 'The sandbox was told to fail this request.';
const dripMs = 1000;
const hugeChunk = Buffer.alloc(64 * 1024, 'a');
/** A client that reads on and on gets no more than this. */
const hugeBytesMost = 1024 ** 3;
const page = '<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>Our services aren\'t available right now</h1></body></html>';
const html = 'text/html; charset=utf-8';

const isGone = (response: ServerResponse): boolean => response.destroyed || response.socket?.destroyed !== false;

/** One byte after the other; ends early when the client has gone. */
async function drip(response: ServerResponse, status: number, text: string, contentType: string, everyMs: number): Promise<void> {
  response.writeHead(status, { 'content-type': contentType });
  for (const byte of Buffer.from(text)) {
    if (isGone(response)) return;
    response.write(Buffer.from([byte]));
    await wait(everyMs, undefined, { ref: false });
  }
  response.end();
}

/** A JSON string that does not end, as fast as the client reads it. */
async function flood(response: ServerResponse, status: number, contentType: string): Promise<void> {
  response.writeHead(status, { 'content-type': contentType });
  response.write('{"value":["');
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  for (let sent = 0; sent < hugeBytesMost && !isGone(response); sent += hugeChunk.length) {
    if (!response.write(hugeChunk)) await Promise.race([new Promise<void>((resolve) => response.once('drain', resolve)), closed]);
  }
  response.destroy();
}

/**
 * True when the request is settled, false when it still wants its real answer. `before` is called with the status
 * (0: never answered) before the client can see it. `url` is where redirects lead from.
 */
export async function playFault(
  fault: Fault,
  response: ServerResponse,
  error: ErrorAnswer,
  before: (status: number) => void,
  url?: URL,
): Promise<boolean> {
  const { retryAfterSeconds, contentType } = fault;
  const retryAfter: Record<string, string> = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  const answerError = (status: number, code: string, message = toldToFail, more = retryAfter): true => {
    before(status);
    const { headers, body } = error(status, fault.code ?? code, message);
    send(response, { status, headers: { ...headers, ...more }, body });
    return true;
  };
  /** A `to` without a path keeps that of the request. */
  const redirect = (status: number, to: string): true => {
    before(status);
    const { pathname, origin } = new URL(to);
    const location = pathname === '/' && url !== undefined ? new URL(url.pathname + url.search, origin).href : to;
    send(response, { status, headers: { location } });
    return true;
  };

  switch (fault.kind) {
    case 'delay':
      // Not tied to the client: a request whose sender gave up still takes effect, as it does in the real world.
      await wait(fault.delayMs ?? 0, undefined, { ref: false });
      return false;
    case 'hang':
      before(0);
      return true;
    case 'reset':
      before(0);
      response.socket?.destroy();
      return true;
    case 'status':
      return answerError(fault.status ?? 503, 'ServiceUnavailable');
    case 'body': {
      const status = fault.status ?? 200;
      before(status);
      const type: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
      send(response, { status, headers: { ...type, ...retryAfter }, body: fault.body });
      return true;
    }
    case 'slow': {
      const status = fault.status ?? 200;
      before(status);
      const text = typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? { value: [] });
      await drip(response, status, text, contentType ?? 'application/json', fault.delayMs ?? dripMs);
      return true;
    }
    case 'huge': {
      const status = fault.status ?? 200;
      before(status);
      await flood(response, status, contentType ?? 'application/json');
      return true;
    }
    case 'html': {
      const status = fault.status ?? 502;
      before(status);
      send(response, { status, headers: { 'content-type': html, ...retryAfter }, body: typeof fault.body === 'string' ? fault.body : page });
      return true;
    }
    case 'redirect':
      return redirect(fault.status ?? 302, fault.location ?? 'https://elsewhere.example');
    case 'quirk':
      switch (fault.quirk) {
        case 'ok-with-error':
          return answerError(200, 'InternalServerError');
        case 'throttle-silent':
          return answerError(429, 'TooManyRequests', 'Too many requests.', {});
        case 'concurrency-violation':
          // The sentence of the directory, as clients that retry it quote it.
          return answerError(fault.status ?? 409, 'Directory_ConcurrencyViolation', 'Error due to concurrent requests being made to the tenant. Please wait briefly and retry.');
        case 'regional-endpoint':
          return fault.location === undefined
            ? answerError(fault.status ?? 404, 'WorkflowNotFound', 'The workflow could not be found.')
            : redirect(fault.status ?? 307, fault.location);
        default:
          return false;
      }
  }
}

/** Answers of one service that a stale read may repeat. */
export interface Remembered {
  /** As they were before the latest write, by caller and URL. */
  readonly old: Map<string, SandboxResponse>;
  readonly latest: Map<string, SandboxResponse>;
}

export const rememberNothing = (): Remembered => ({ old: new Map(), latest: new Map() });
const answersKept = 256;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function withTextBooleans(value: unknown): unknown {
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(withTextBooleans);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withTextBooleans(field)])) : value;
}

const pageTokens = /^(?:\$?skiptoken|\$skip|sysparm_offset)$/i;

/** The answer with a next link to the first page, or undefined when the request asks for that page itself. */
function leadBack({ url }: SandboxRequest, response: SandboxResponse, service: Service): SandboxResponse | undefined {
  const first = new URL(url);
  for (const name of [...first.searchParams.keys()]) if (pageTokens.test(name)) first.searchParams.delete(name);
  if (first.search === url.search || response.status !== 200 || !isObject(response.body)) return undefined;
  const link = first.href.replaceAll('%24', '$');
  if (service.name === 'servicenow') return { ...response, headers: { ...response.headers, link: `<${link}>;rel="next"` } };
  return { ...response, body: { ...response.body, [service.name === 'graph' ? '@odata.nextLink' : 'nextLink']: link } };
}

/** Changes a real answer in the manner of the quirks in force, and spends those that showed. */
export function applyQuirks(
  inForce: readonly QuirkInForce[],
  request: SandboxRequest,
  real: SandboxResponse,
  service: Service,
  { old, latest }: Remembered,
): SandboxResponse {
  let response = real;
  for (const { quirk, ...force } of inForce) {
    const before = response;
    switch (quirk) {
      case 'not-found-for-forbidden':
        if (response.status === 403) {
          const message = 'Resource does not exist or one of its queried reference-property objects are not present.';
          response = { ...response, status: 404, body: service.error(404, 'Request_ResourceNotFound', message) };
        }
        break;
      case 'string-booleans': {
        const body = withTextBooleans(response.body);
        if (JSON.stringify(body) !== JSON.stringify(response.body)) response = { ...response, body };
        break;
      }
      case 'repeating-page':
        response = leadBack(request, response, service) ?? response;
        break;
      case 'stale-read': {
        const key = `${request.identity?.clientId ?? ''} ${request.url.href}`;
        if (request.method !== 'GET') {
          if (response.effect === true) for (const [known, answer] of latest) if (!old.has(known)) old.set(known, answer);
          break;
        }
        const stale = old.get(key);
        if (stale !== undefined) response = stale;
        else if (response.status === 200 && latest.size < answersKept) latest.set(key, response);
        break;
      }
      case 'empty-is-404':
        if (response.status === 404) force.spend();
        break;
      default:
    }
    if (response !== before) force.spend();
  }
  return response;
}
