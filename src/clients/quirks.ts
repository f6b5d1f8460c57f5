import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';

/**
 * What systems do that their reference does not say, or says elsewhere: each a small rule with its source. The sandbox
 * can be told to do each of them (`POST /faults`, kind `quirk`).
 */

// --- an answer that says success and holds an error -----------------------------------------------------------------

const errorBody = z.union([z.object({ error: z.object({ code: z.string() }) }), z.object({ error: z.object({ message: z.string() }) }), z.object({ status: z.literal('failure') })]);

/**
 * A 2xx whose body is an error. ServiceNow answers so when a transaction quota cancels a request that has begun
 * (support.servicenow.com, KB1297438); of Graph and ARM no page says it, and a gateway in front of either may. Nobody's success.
 */
export function isErrorInSuccess(body: unknown): boolean {
  return errorBody.safeParse(body).success;
}

// --- what was surely not processed ----------------------------------------------------------------------------------

/** The directory answers this to a change that met another one and was not made. */
const concurrencyViolation = z.object({ error: z.object({ code: z.literal('Directory_ConcurrencyViolation') }) });

/**
 * Whether an answer says that the request was not processed, so that even an effect may be sent again. Throttled requests
 * fail, and some come without `Retry-After`: https://learn.microsoft.com/graph/throttling. `Directory_ConcurrencyViolation`
 * comes with 409 and is to be repeated after a short while: https://learn.microsoft.com/graph/errors. No page has it with 400;
 * there it is taken by its code alone, which says the same.
 */
export function isNeverProcessed(status: number, body: unknown): boolean {
  if (status === 429) return true;
  if (status !== 409 && status !== 400) return false;
  return concurrencyViolation.safeParse(body).success;
}

// --- paging that repeats ---------------------------------------------------------------------------------------------

/**
 * Links to next pages, each taken once: a list that leads back to a page would be read for ever. Graph has done so:
 * https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/7004 and /1239.
 */
export class NewPages {
  readonly #taken = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The link, if it is new. Fails with `SYSTEM_UNAVAILABLE`: half a list must not pass for the whole. */
  take(link: string): string {
    if (this.#taken.has(link)) throw new StewardError('SYSTEM_UNAVAILABLE', 'a list leads back to a page that was read');
    this.#taken.add(link);
    if (this.#taken.size >= this.#most) throw new StewardError('SYSTEM_UNAVAILABLE', 'a list has too many pages');
    return link;
  }
}

// --- 404 that means 403 ----------------------------------------------------------------------------------------------

/**
 * A 404 for a thing that exists but that this identity may not change. Graph's own page gives 404 one meaning, that the
 * thing is not there (https://learn.microsoft.com/graph/errors); that services behind it hide so what a caller may not
 * touch is experience and no promise. So a 404 to an effect is looked into: when the thing can be read, the effect was refused.
 */
export async function refusedIfThere(error: unknown, isThere: () => Promise<unknown>): Promise<never> {
  if (!(error instanceof StewardError) || error.code !== 'SYSTEM_NOT_FOUND') throw error;
  const there = await isThere().then(
    () => true,
    () => false,
  );
  throw there ? new StewardError('SYSTEM_REFUSED', 'a 404 for a thing that is there', { cause: error }) : error;
}

// --- eventual consistency --------------------------------------------------------------------------------------------

/**
 * A change is not seen by every reading at once, and Microsoft names no time after which it is:
 * https://devblogs.microsoft.com/identity/designing-for-eventual-consistency-for-microsoft-entra/. A minute is our own measure.
 */
const SETTLES_MS = 60_000;
const MOST_REMEMBERED = 500;

/** What was changed a moment ago, so that a reading of it can say that it may be older than the change. */
export class RecentWrites {
  readonly #atMs = new Map<string, number>();
  readonly #now: () => number;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(key: string): void {
    this.#atMs.delete(key);
    this.#atMs.set(key, this.#now());
    const oldest = this.#atMs.keys().next();
    if (this.#atMs.size > MOST_REMEMBERED && oldest.done !== true) this.#atMs.delete(oldest.value);
  }

  /** An effect that is noted when it was done, and when nobody knows whether it was. */
  async around<T>(key: string, effect: () => Promise<T>): Promise<T> {
    try {
      const result = await effect();
      this.note(key);
      return result;
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_OUTCOME_UNKNOWN') this.note(key);
      throw error;
    }
  }

  isSettling(key: string): boolean {
    const atMs = this.#atMs.get(key);
    return atMs !== undefined && this.#now() - atMs < SETTLES_MS;
  }
}

// --- ServiceNow ------------------------------------------------------------------------------------------------------

/** The Table API writes every value as a string, booleans too, unless a display value is asked for. */
export const stringBoolean = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/**
 * An empty list is 200 with `result: []`; people have met 404 `No Record found` for one too
 * (https://www.servicenow.com/community/developer-forum/404-error-in-case-of-rest-api-not-returning-any-data/m-p/3087325):
 * both are “none”.
 */
export function isEmptyList(error: unknown): boolean {
  return error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND';
}
