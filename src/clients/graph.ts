import { randomUUID } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import { bearerTokenAuthenticationPolicy, createEmptyPipeline, createHttpHeaders, createPipelineRequest, type HttpClient, type Pipeline, type PipelineResponse } from '@azure/core-rest-pipeline';
import { z } from 'zod/v4';
import type { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { apiVersions } from './api-versions.ts';
import { scopeOf } from './clouds.ts';
import { EgressError } from './egress.ts';
import { backoffMs, wait } from './wait.ts';

export type GraphMethod = 'GET' | 'POST' | 'PATCH';

export interface GraphRequestOptions {
  /** Values as they are; encoded here. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Whether repeating the request does no harm. By default only for GET. */
  readonly idempotent?: boolean;
  /** Awaited before an effect is sent a second time; when it rejects, the effect is not done. */
  readonly beforeRetry?: (() => Promise<void>) | undefined;
}

export interface GraphAnswer {
  readonly status: number;
  /** Parsed JSON, or undefined when the answer has no body. Untrusted: take it through `shaped`. */
  readonly body: unknown;
  readonly requestId: string;
}

export interface GraphClientOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  /** For everything: attempts and the waits between them. */
  readonly totalMs?: number;
  readonly attemptMs?: number;
}

const MOST_ATTEMPTS = 3;
const MOST_PAGES = 50;
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 503, 504]);

/** One attempt: an answer, or an error that may be followed by another attempt. */
type Attempt = { readonly answer: GraphAnswer } | { readonly error: StewardError; readonly again: boolean; readonly afterMs?: number };

/**
 * Microsoft Graph under one identity. Reads are repeated within a deadline. An effect is never repeated once it may have
 * been processed: then the outcome is unknown, and says so.
 */
export class GraphClient {
  readonly #base: string;
  readonly #origin: string;
  readonly #httpClient: HttpClient;
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;
  readonly #totalMs: number;
  readonly #attemptMs: number;

  constructor(options: GraphClientOptions) {
    this.#base = `${options.endpoint}/${apiVersions.graph}`;
    this.#origin = new URL(options.endpoint).origin;
    this.#httpClient = options.httpClient;
    this.#clock = options.clock;
    this.#totalMs = options.totalMs ?? 8_000;
    this.#attemptMs = options.attemptMs ?? 5_000;
    // No retry and no redirect policy: what may be repeated is decided below, and a redirect is not an answer of Graph.
    this.#pipeline = createEmptyPipeline();
    this.#pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential: options.credential, scopes: scopeOf('graph') }));
  }

  /**
   * Fails with `SYSTEM_NOT_FOUND`, `SYSTEM_REFUSED`, `SYSTEM_UNAVAILABLE`, for effects `SYSTEM_OUTCOME_UNKNOWN`, or with
   * the signal's reason when it was aborted before anything was sent.
   */
  async request(method: GraphMethod, path: string, options: GraphRequestOptions = {}): Promise<GraphAnswer> {
    return this.#request(method, this.#urlOf(path, options.query), options);
  }

  /**
   * The items of a paged list, in order. `complete` is false when there were more than `most`.
   * A link to the next page is followed on Graph's own host only.
   */
  async list<T>(path: string, item: z.ZodType<T>, most: number, options: GraphRequestOptions = {}): Promise<{ readonly items: readonly T[]; readonly complete: boolean }> {
    const page = z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() });
    const items: T[] = [];
    let url: string | undefined = this.#urlOf(path, options.query);
    for (let pages = 0; url !== undefined; pages += 1) {
      if (pages >= MOST_PAGES) throw new StewardError('SYSTEM_UNAVAILABLE', 'a list has too many pages');
      const answer: GraphAnswer = await this.#request('GET', url, options);
      const { value, '@odata.nextLink': next } = shaped(page, answer);
      items.push(...value);
      if (items.length > most || (items.length === most && next !== undefined)) return { items: items.slice(0, most), complete: false };
      if (next !== undefined && (!URL.canParse(next) || new URL(next).origin !== this.#origin)) throw new StewardError('SYSTEM_UNAVAILABLE', 'the link to the next page leads to another host');
      url = next;
    }
    return { items, complete: true };
  }

  #urlOf(path: string, query: Readonly<Record<string, string>> = {}): string {
    const parts = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return `${this.#base}${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`;
  }

  async #request(method: GraphMethod, url: string, options: GraphRequestOptions): Promise<GraphAnswer> {
    const { signal } = options;
    const repeatable = options.idempotent ?? method === 'GET';
    const deadlineMs = this.#clock.monotonicMs() + this.#totalMs;
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      const result = await this.#attempt(method, url, options, repeatable, Math.max(1, Math.min(this.#attemptMs, leftMs)));
      if ('answer' in result) return result.answer;
      const pauseMs = result.afterMs ?? backoffMs(attempt, 200, 2_000);
      const mostAttempts = repeatable ? MOST_ATTEMPTS : 2;
      // A wait past the deadline is not begun: an answer now is worth more than the same one later.
      if (!result.again || attempt >= mostAttempts || this.#clock.monotonicMs() + pauseMs >= deadlineMs) throw result.error;
      await wait(pauseMs, signal);
      if (repeatable || options.beforeRetry === undefined) continue;
      try {
        await options.beforeRetry();
      } catch (error) {
        // What may be sent again was not processed, so this is "not done".
        throw new StewardError('SYSTEM_UNAVAILABLE', 'the request may not be sent again', { cause: error });
      }
      if (this.#clock.monotonicMs() >= deadlineMs) throw result.error;
    }
  }

  async #attempt(method: GraphMethod, url: string, options: GraphRequestOptions, repeatable: boolean, timeoutMs: number): Promise<Attempt> {
    const { signal } = options;
    const lost = repeatable ? 'SYSTEM_UNAVAILABLE' : 'SYSTEM_OUTCOME_UNKNOWN';
    const request = createPipelineRequest({
      url,
      method,
      timeout: timeoutMs,
      disableKeepAlive: !repeatable,
      ...(signal === undefined ? {} : { abortSignal: signal }),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      headers: createHttpHeaders({
        Accept: 'application/json',
        'client-request-id': randomUUID(),
        ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...options.headers,
      }),
    });
    let reached = false;
    const httpClient: HttpClient = {
      sendRequest: (ready) => {
        reached = true;
        return this.#httpClient.sendRequest(ready);
      },
    };
    let response: PipelineResponse;
    try {
      response = await this.#pipeline.sendRequest(httpClient, request);
    } catch (error) {
      if (error instanceof StewardError) return { error, again: false };
      // Any other error is a policy's own: before the wire when there is no token, after it when an answer puzzles it.
      const sent = error instanceof EgressError ? error.sent : reached;
      if (signal?.aborted === true && (repeatable || !sent)) signal.throwIfAborted();
      // Nothing was sent: not done, and for a read as for an effect another attempt does no harm.
      if (!sent) return { error: new StewardError('SYSTEM_UNAVAILABLE', 'Graph could not be reached', { cause: error }), again: signal?.aborted !== true };
      return { error: new StewardError(lost, 'Graph gave no whole answer', { cause: error }), again: repeatable };
    }
    return this.#judge(response, repeatable, lost);
  }

  #judge(response: PipelineResponse, repeatable: boolean, lost: 'SYSTEM_UNAVAILABLE' | 'SYSTEM_OUTCOME_UNKNOWN'): Attempt {
    const { status } = response;
    const requestId = response.headers.get('request-id') ?? '';
    if (status >= 200 && status < 300) {
      const body = jsonOf(response);
      // A proxy's sign-in page comes with 200 too; it is nobody's success.
      if (body === NOT_JSON) return { error: new StewardError(lost, `an answer ${status} that is not JSON`), again: false };
      return { answer: { status, body, requestId } };
    }
    const afterMs = retryAfterMs(response, this.#clock);
    const again = { again: true, ...(afterMs === undefined ? {} : { afterMs }) };
    // Throttled requests were not processed: https://learn.microsoft.com/graph/throttling
    if (status === 429) return { error: new StewardError('SYSTEM_UNAVAILABLE', 'Graph is throttling'), ...again };
    if (status === 404) return { error: new StewardError('SYSTEM_NOT_FOUND', 'Graph knows no such thing'), again: false };
    if (status >= 400 && status < 500 && status !== 408) return { error: new StewardError('SYSTEM_REFUSED', `Graph answered ${status}`), again: false };
    const error = new StewardError(lost, `Graph answered ${status}`);
    return repeatable && RETRIED_STATUSES.has(status) ? { error, ...again } : { error, again: false };
  }
}

const NOT_JSON = Symbol('not JSON');

/** The parsed body, undefined when there is none (204, 202), or `NOT_JSON`. */
function jsonOf({ status, bodyAsText, headers }: PipelineResponse): unknown {
  if (bodyAsText === undefined || bodyAsText === null || bodyAsText === '') return status === 200 ? NOT_JSON : undefined;
  if (!/^application\/json\b/i.test(headers.get('content-type') ?? '')) return NOT_JSON;
  try {
    return JSON.parse(bodyAsText) as unknown;
  } catch {
    return NOT_JSON;
  }
}

/** `Retry-After` in either form, or undefined. */
function retryAfterMs(response: PipelineResponse, clock: Clock): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.now().getTime());
}

/** The body of an answer in the shape that is needed; fails with `code` when it has another. */
export function shaped<T>(schema: z.ZodType<T>, answer: GraphAnswer, code: 'SYSTEM_UNAVAILABLE' | 'SYSTEM_OUTCOME_UNKNOWN' = 'SYSTEM_UNAVAILABLE'): T {
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new StewardError(code, `an answer in an unexpected shape at: ${where}`);
}

/** An id as a path segment. Directory ids are GUIDs; anything that could change the path is refused before it is sent. */
export function idSegment(id: InternalId): string {
  const value = id.reveal();
  if (!/^[0-9A-Za-z-]{1,64}$/.test(value)) throw new StewardError('SYSTEM_REFUSED', 'an id that cannot be part of a path');
  return value;
}

/** A string literal of OData: quoted, quotes doubled. */
export function odataString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
