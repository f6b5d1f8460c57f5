import { randomUUID } from 'node:crypto';
import { createEmptyPipeline, createHttpHeaders, createPipelineRequest, type HttpClient, type Pipeline, type PipelinePolicy, type PipelineResponse } from '@azure/core-rest-pipeline';
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen, isBrokenCircuitError, type CircuitBreakerPolicy } from 'cockatiel';
import type { z } from 'zod/v4';
import type { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { EgressError } from './egress.ts';
import { isErrorInSuccess, isNeverProcessed } from './quirks.ts';
import { SystemRefusal } from './refusal.ts';
import { backoffMs, wait } from './wait.ts';

export type SystemMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface SystemRequestOptions {
  /** Values as they are; encoded here. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Whether repeating the request does no harm. By default only for GET. */
  readonly idempotent?: boolean;
  /** Whether 200 without a body is this operation's success; else it is half an answer. */
  readonly mayBeEmpty?: boolean;
  /** Awaited before an effect is sent a second time; when it rejects, the effect is not done. */
  readonly beforeRetry?: (() => Promise<void>) | undefined;
}

export interface SystemAnswer {
  readonly status: number;
  /** Parsed JSON, or undefined when the answer has no body. Untrusted: take it through `shaped`. */
  readonly body: unknown;
  readonly requestId: string;
  /** How many rows there are in all (`X-Total-Count`), where the system says so. */
  readonly total?: number;
}

export interface SystemClientOptions {
  /** For error messages, which only operators read. */
  readonly name: string;
  /** What every path is put behind: origin and, where the API has one, version. */
  readonly base: string;
  /** Puts the identity on a request. */
  readonly authorize: PipelinePolicy;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  /** Response header with the system's id of the request. */
  readonly requestIdHeader: string;
  /** Header and query parameters of every request: an API version, for instance. */
  readonly query?: Readonly<Record<string, string>>;
  /** Stops asking a system that does not answer. */
  readonly breaker?: boolean;
  /** For everything: attempts and the waits between them. */
  readonly totalMs?: number;
  readonly attemptMs?: number;
}

const MOST_ATTEMPTS = 3;
/** A system that failed so often in a row is left alone for a while: three reads, with their attempts. */
const BREAK_AFTER = 9;
const HALF_OPEN_AFTER_MS = 5_000;
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 503, 504]);

/** One attempt: an answer, or an error that may be followed by another attempt. */
type Failed = {
  readonly error: StewardError;
  readonly again: boolean;
  readonly afterMs?: number;
  /** The system gave no answer, or said that it can't. `unasked`: it was not asked, or nobody waited for its answer. */
  readonly silent?: boolean | 'unasked';
};
type Attempt = { readonly answer: SystemAnswer } | Failed;

/** A failed attempt, for the circuit breaker: it counts what is thrown and silent, and takes what is not thrown for an answer. */
class NoAnswer extends Error {
  readonly attempt: Failed;

  constructor(attempt: Failed) {
    super('no answer');
    this.attempt = attempt;
  }
}

function isSilence(error: Error): boolean {
  return error instanceof NoAnswer && error.attempt.silent === true;
}

/**
 * One system under one identity. Reads are repeated within a deadline. An effect is never repeated once it may have
 * been processed: then the outcome is unknown, and says so.
 */
export class SystemClient {
  readonly #name: string;
  readonly #base: string;
  readonly #httpClient: HttpClient;
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;
  readonly #requestIdHeader: string;
  readonly #query: Readonly<Record<string, string>>;
  readonly #breaker: CircuitBreakerPolicy | undefined;
  readonly #totalMs: number;
  readonly #attemptMs: number;

  constructor(options: SystemClientOptions) {
    this.#name = options.name;
    this.#base = options.base;
    this.#httpClient = options.httpClient;
    this.#clock = options.clock;
    this.#requestIdHeader = options.requestIdHeader;
    this.#query = options.query ?? {};
    this.#totalMs = options.totalMs ?? 8_000;
    this.#attemptMs = options.attemptMs ?? 5_000;
    // No retry and no redirect policy: what may be repeated is decided below, and a redirect is not an answer of the system.
    this.#pipeline = createEmptyPipeline();
    this.#pipeline.addPolicy(options.authorize);
    this.#breaker = options.breaker === true ? circuitBreaker(handleWhen(isSilence), { halfOpenAfter: HALF_OPEN_AFTER_MS, breaker: new ConsecutiveBreaker(BREAK_AFTER) }) : undefined;
  }

  /**
   * Fails with `SYSTEM_NOT_FOUND`, `SYSTEM_REFUSED`, `SYSTEM_UNAVAILABLE`, for effects `SYSTEM_OUTCOME_UNKNOWN`, or with
   * the signal's reason when it was aborted before anything was sent.
   */
  async request(method: SystemMethod, path: string, options: SystemRequestOptions = {}): Promise<SystemAnswer> {
    return this.#request(method, this.#urlOf(path, options.query), options);
  }

  /** Same, for an address that the system itself gave. The egress list still decides where it may lead. */
  async follow(url: string, options: SystemRequestOptions = {}): Promise<SystemAnswer> {
    return this.#request('GET', url, options);
  }

  #urlOf(path: string, query: Readonly<Record<string, string>> = {}): string {
    const parts = Object.entries({ ...this.#query, ...query }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return `${this.#base}${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`;
  }

  async #request(method: SystemMethod, url: string, options: SystemRequestOptions): Promise<SystemAnswer> {
    const { signal } = options;
    const repeatable = options.idempotent ?? method === 'GET';
    const deadlineMs = this.#clock.monotonicMs() + this.#totalMs;
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      const result = await this.#unlessBroken(() => this.#attempt(method, url, options, repeatable, Math.max(1, Math.min(this.#attemptMs, leftMs))));
      if ('answer' in result) return result.answer;
      const pauseMs = result.afterMs ?? backoffMs(attempt, 200, 2_000);
      const mostAttempts = repeatable ? MOST_ATTEMPTS : 2;
      // A wait past the deadline is not begun: an answer now is worth more than the same one later.
      if (!result.again || attempt >= mostAttempts || this.#clock.monotonicMs() + pauseMs >= deadlineMs) throw result.error;
      await wait(pauseMs, signal);
      if (repeatable || options.beforeRetry === undefined) continue;
      await mayBeSentAgain(options.beforeRetry);
      if (this.#clock.monotonicMs() >= deadlineMs) throw result.error;
    }
  }

  /** Through the circuit breaker. Nothing is sent while it is open. */
  async #unlessBroken(attempt: () => Promise<Attempt>): Promise<Attempt> {
    if (this.#breaker === undefined) return attempt();
    const broken = { error: new StewardError('SYSTEM_UNAVAILABLE', `${this.#name} did not answer lately and is not asked now`), again: false };
    // Cockatiel would let it wait for the one that was let through, past its deadline and past a kill.
    if (this.#breaker.state === CircuitState.HalfOpen) return broken;
    try {
      return await this.#breaker.execute(async () => {
        const result = await attempt();
        if ('error' in result && result.silent !== undefined) throw new NoAnswer(result);
        return result;
      });
    } catch (error) {
      if (error instanceof NoAnswer) return error.attempt;
      if (isBrokenCircuitError(error)) return broken;
      throw error;
    }
  }

  async #attempt(method: SystemMethod, url: string, options: SystemRequestOptions, repeatable: boolean, timeoutMs: number): Promise<Attempt> {
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
    let onTheWire = false;
    const untilMs = this.#clock.monotonicMs() + timeoutMs;
    const httpClient: HttpClient = {
      sendRequest: async (ready) => {
        // A policy that answers a challenge sends again; an effect only if it still may be.
        if (reached && !repeatable) await mayBeSentAgain(options.beforeRetry);
        // INVARIANT: what was given up is not sent any more, however late its token comes.
        const leftMs = untilMs - this.#clock.monotonicMs();
        if (leftMs <= 0) throw new EgressError('ETIMEDOUT', `not ready to be sent within ${timeoutMs} ms`, reached);
        reached = onTheWire = true;
        ready.timeout = leftMs;
        return this.#httpClient.sendRequest(ready).finally(() => (onTheWire = false));
      },
    };
    let response: PipelineResponse;
    try {
      response = await orLate(this.#pipeline.sendRequest(httpClient, request), timeoutMs, signal, () => (onTheWire ? undefined : new EgressError('ETIMEDOUT', `not ready to be sent within ${timeoutMs} ms, or aborted before`, reached)));
    } catch (error) {
      if (error instanceof StewardError) return { error, again: false, silent: 'unasked' };
      // Any other error is a policy's own: before the wire when there is no token, after it when an answer puzzles it.
      const sent = error instanceof EgressError ? error.sent : reached;
      if (signal?.aborted === true && (repeatable || !sent)) signal.throwIfAborted();
      // Nothing was sent: not done, and for a read as for an effect another attempt does no harm.
      if (!sent) return { error: new StewardError('SYSTEM_UNAVAILABLE', `${this.#name} could not be reached`, { cause: error }), again: signal?.aborted !== true, silent: signal?.aborted === true ? 'unasked' : true };
      return { error: new StewardError(lost, `${this.#name} gave no whole answer`, { cause: error }), again: repeatable, silent: signal?.aborted === true ? 'unasked' : true };
    }
    return this.#judge(response, repeatable, lost, options.mayBeEmpty === true);
  }

  #judge(response: PipelineResponse, repeatable: boolean, lost: 'SYSTEM_UNAVAILABLE' | 'SYSTEM_OUTCOME_UNKNOWN', mayBeEmpty: boolean): Attempt {
    const { status } = response;
    const requestId = response.headers.get(this.#requestIdHeader) ?? '';
    if (status >= 200 && status < 300) {
      const body = mayBeEmpty && isEmpty(response) ? undefined : jsonOf(response);
      // A proxy's sign-in page comes with 200 too; it is nobody's success.
      if (body === NOT_JSON) return { error: new StewardError(lost, `${this.#name}: an answer ${status} that is not JSON`), again: false };
      if (isErrorInSuccess(body)) return { error: new StewardError(lost, `${this.#name}: an error in an answer ${status}`), again: false };
      const total = response.headers.get('x-total-count') ?? '';
      return { answer: { status, body, requestId, ...(/^\d{1,9}$/.test(total) && { total: Number(total) }) } };
    }
    const afterMs = retryAfterMs(response, this.#clock);
    const again = { again: true, ...(afterMs === undefined ? {} : { afterMs }) };
    const body = jsonOf(response);
    if (isNeverProcessed(status, body)) return { error: new StewardError('SYSTEM_UNAVAILABLE', `${this.#name} answered ${status}: not processed`), ...again };
    if (status === 404) return { error: new SystemRefusal('SYSTEM_NOT_FOUND', `${this.#name} knows no such thing`, status, body), again: false };
    if (status >= 400 && status < 500 && status !== 408) return { error: new SystemRefusal('SYSTEM_REFUSED', `${this.#name} answered ${status}`, status, body), again: false };
    const error = new StewardError(lost, `${this.#name} answered ${status}`);
    return repeatable && RETRIED_STATUSES.has(status) ? { error, ...again, silent: true } : { error, again: false, silent: true };
  }
}

/** Fails with `SYSTEM_UNAVAILABLE` when not: what could be sent again was not processed, so this is "not done". */
async function mayBeSentAgain(beforeRetry: SystemRequestOptions['beforeRetry']): Promise<void> {
  try {
    await beforeRetry?.();
  } catch (error) {
    throw new StewardError('SYSTEM_UNAVAILABLE', 'the request may not be sent again', { cause: error });
  }
}

/**
 * The answer; or the failure `unready` as soon as the request is late or aborted while it is not on the wire (no token came,
 * for instance). Once it is, the wire's own deadline and abort decide, for they know what was sent, and `unready` is none.
 */
async function orLate(answer: Promise<PipelineResponse>, ms: number, signal: AbortSignal | undefined, unready: () => EgressError | undefined): Promise<PipelineResponse> {
  let giveUp: () => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    giveUp = () => {
      const error = unready();
      if (error !== undefined) reject(error);
    };
  });
  const timer = setTimeout(giveUp, ms);
  signal?.addEventListener('abort', giveUp);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

const NOT_JSON = Symbol('not JSON');

function isEmpty({ bodyAsText }: PipelineResponse): boolean {
  return bodyAsText === undefined || bodyAsText === null || bodyAsText === '';
}

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
export function shaped<T>(schema: z.ZodType<T>, answer: SystemAnswer, code: 'SYSTEM_UNAVAILABLE' | 'SYSTEM_OUTCOME_UNKNOWN' = 'SYSTEM_UNAVAILABLE'): T {
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
