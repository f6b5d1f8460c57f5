import type { TokenCredential } from '@azure/core-auth';
import { bearerTokenAuthenticationPolicy, type HttpClient } from '@azure/core-rest-pipeline';
import { z } from 'zod/v4';
import type { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { apiVersions } from './api-versions.ts';
import { scopeOf } from './clouds.ts';
import { NewPages } from './quirks.ts';
import { idSegment, shaped, SystemClient, type SystemRequestOptions } from './system.ts';

export { idSegment, shaped } from './system.ts';

export interface GraphClientOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  readonly breaker?: boolean;
  /** For everything: attempts and the waits between them. */
  readonly totalMs?: number;
  readonly attemptMs?: number;
}

const MOST_PAGES = 50;

/** Microsoft Graph under one identity. */
export class GraphClient extends SystemClient {
  readonly #origin: string;
  readonly #base: string;

  constructor({ credential, endpoint, ...options }: GraphClientOptions) {
    const base = `${endpoint}/${apiVersions.graph}`;
    super({
      name: 'Graph',
      base,
      authorize: bearerTokenAuthenticationPolicy({ credential, scopes: scopeOf('graph') }),
      requestIdHeader: 'request-id',
      ...options,
    });
    this.#origin = new URL(endpoint).origin;
    this.#base = base;
  }

  /** What names a directory object in a body: https://learn.microsoft.com/graph/api/group-post-members */
  referenceTo(id: InternalId): { readonly '@odata.id': string } {
    return { '@odata.id': `${this.#base}/directoryObjects/${idSegment(id)}` };
  }

  /**
   * The items of a paged list, in order. `complete` is false when there were more than `most`.
   * A link to the next page is followed on Graph's own host only.
   */
  async list<T>(path: string, item: z.ZodType<T>, most: number, options: SystemRequestOptions = {}): Promise<{ readonly items: readonly T[]; readonly complete: boolean }> {
    const page = z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() });
    const items: T[] = [];
    const pages = new NewPages(MOST_PAGES);
    for (let answer = await this.request('GET', path, options); ; ) {
      const { value, '@odata.nextLink': next } = shaped(page, answer);
      items.push(...value);
      if (items.length > most || (items.length === most && next !== undefined)) return { items: items.slice(0, most), complete: false };
      if (next === undefined) return { items, complete: true };
      if (!URL.canParse(next) || new URL(next).origin !== this.#origin) throw new StewardError('SYSTEM_UNAVAILABLE', 'the link to the next page leads to another host');
      answer = await this.follow(pages.take(next), options);
    }
  }
}

/** A string literal of OData: quoted, quotes doubled. */
export function odataString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
