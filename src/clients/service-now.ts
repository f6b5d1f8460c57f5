import type { PipelinePolicy, HttpClient } from '@azure/core-rest-pipeline';
import { z } from 'zod/v4';
import type { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, OperationReceipt } from '../actions/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { apiVersions } from './api-versions.ts';
import { isEmptyList } from './quirks.ts';
import { idSegment, shaped, SystemClient, type SystemAnswer, type SystemMethod, type SystemRequestOptions } from './system.ts';
import type { SecretValue, Vault } from './vault.ts';

export interface ServiceNowClientOptions {
  /** Origin of the instance. */
  readonly endpoint: string;
  /** User name of the integration user. */
  readonly user: string;
  /** Name of the secret that holds its password, and the vault to read it from. */
  readonly secret: string;
  readonly vault: Pick<Vault, 'read'>;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  readonly breaker?: boolean;
  readonly totalMs?: number;
  readonly attemptMs?: number;
}

/** Tables that Steward reads; it writes `incident` alone. */
export type ServiceNowTable = 'incident' | 'sys_user' | 'sys_journal_field';

/** The password was refused, and the vault holds another one by now. Nothing was processed. */
class PasswordChanged extends StewardError {}

/**
 * ServiceNow's Table API under the integration user: https://www.servicenow.com/docs, “Table API”. Basic
 * authentication with a password from Key Vault that is asked for with each request and kept nowhere else.
 */
export class ServiceNowClient extends SystemClient {
  constructor({ endpoint, secret, user, vault, ...options }: ServiceNowClientOptions) {
    super({ name: 'ServiceNow', base: `${endpoint}/api/now/${apiVersions.servicenow}/table`, authorize: basicAuthentication(user, secret, vault), requestIdHeader: 'x-transaction-id', ...options });
  }

  /** As `SystemClient`. A request that met a rotated password is sent once more, with the new one. */
  override async request(method: SystemMethod, path: string, options: SystemRequestOptions = {}): Promise<SystemAnswer> {
    try {
      return await super.request(method, path, options);
    } catch (error) {
      if (!(error instanceof PasswordChanged)) throw error;
    }
    options.signal?.throwIfAborted();
    try {
      await options.beforeRetry?.();
    } catch (error) {
      throw new StewardError('SYSTEM_UNAVAILABLE', 'the request may not be sent again', { cause: error });
    }
    return super.request(method, path, options);
  }

  /** Rows of a table in the order of the query. `more` says that there are others, whether or not this user may read them. */
  async rows<T>(table: ServiceNowTable, row: z.ZodType<T>, { fields, limit, query, signal }: { readonly query: string; readonly fields: readonly string[]; readonly limit: number; readonly signal: AbortSignal }): Promise<{ readonly rows: readonly T[]; readonly more: boolean }> {
    let answer: SystemAnswer;
    try {
      answer = await this.request('GET', `/${table}`, { signal, query: { ...view(fields), sysparm_query: query, sysparm_limit: String(limit + 1) } });
    } catch (error) {
      if (isEmptyList(error)) return { rows: [], more: false };
      throw error;
    }
    const { result } = shaped(z.object({ result: z.array(row) }), answer);
    // The limit is applied before access rules are, so a short page is not the last one for sure: “Table API”, `sysparm_limit`.
    return { rows: result.slice(0, limit), more: result.length > limit || (answer.total ?? 0) > result.length };
  }

  /** Fails with `SYSTEM_NOT_FOUND`, which also stands for a row that this user may not read. */
  async row<T>(table: ServiceNowTable, id: InternalId, row: z.ZodType<T>, fields: readonly string[], signal: AbortSignal): Promise<T> {
    return shaped(z.object({ result: row }), await this.request('GET', `/${table}/${idSegment(id)}`, { signal, query: view(fields) })).result;
  }

  /** Makes an incident, or changes the one with this id; gives what is stored now, in these fields. Never sent twice once it may have been processed. */
  async write<T>(id: InternalId | undefined, values: Readonly<Record<string, string>>, row: z.ZodType<T>, fields: readonly string[], { beforeRetry, signal }: CallOptions): Promise<{ readonly row: T; readonly receipt: OperationReceipt }> {
    const path = id === undefined ? '/incident' : `/incident/${idSegment(id)}`;
    const answer = await this.request(id === undefined ? 'POST' : 'PATCH', path, { body: values, query: view(fields), signal, beforeRetry });
    return { row: shaped(z.object({ result: row }), answer, 'SYSTEM_OUTCOME_UNKNOWN').result, receipt: { requestIds: [answer.requestId] } };
  }
}

/** Values as the database has them, references without links, and no field that is not needed. */
function view(fields: readonly string[]): Readonly<Record<string, string>> {
  return { sysparm_fields: fields.join(','), sysparm_display_value: 'false', sysparm_exclude_reference_link: 'true' };
}

function basicAuthentication(user: string, secret: string, vault: Pick<Vault, 'read'>): PipelinePolicy {
  return {
    name: 'serviceNowBasicAuthentication',
    sendRequest: async (request, next) => {
      const password = await vault.read(secret);
      request.headers.set('Authorization', `Basic ${encoded(user, password)}`);
      const response = await next(request);
      if (response.status !== 401) return response;
      const newer = await vault.read(secret, password);
      // The same one again would be refused again, and brings the account nearer to being locked out.
      if (newer.reveal() === password.reveal()) return response;
      throw new PasswordChanged('SYSTEM_REFUSED', 'ServiceNow refused a password that has been rotated');
    },
  };
}

function encoded(user: string, password: SecretValue): string {
  return Buffer.from(`${user}:${password.reveal()}`, 'utf8').toString('base64');
}

// --- encoded queries -------------------------------------------------------------------------------------------------

/**
 * A value for an encoded query, or undefined where it can't be one. A caret ends the condition and nothing escapes it, a
 * line break may, a comma ends a member of a list, and `javascript:` has the instance evaluate what follows. An invalid
 * condition is left out and the result grows: “Table API”, `sysparm_query`.
 */
export function queryValue(value: string): string | undefined {
  return value === '' || value.length > 256 || /[\^,\p{Cc}\u2028\u2029]|javascript:/iu.test(value) ? undefined : value;
}

const MOST_WORDS = 6;
const MOST_WORD_CHARACTERS = 40;

/** Conditions that a field holds every word of a text, in any order; undefined where there is no word in it. */
export function holdsWords(field: string, text: string): string | undefined {
  // Letters and digits alone, with what stands inside words: nothing that an operator begins with.
  const words = text.normalize('NFC').match(/[\p{L}\p{M}\p{N}]+(?:[._@-][\p{L}\p{M}\p{N}]+)*/gu)?.slice(0, MOST_WORDS) ?? [];
  if (words.length === 0) return undefined;
  return words.map((word) => spellings(word.slice(0, MOST_WORD_CHARACTERS)).map((spelling) => `${field}LIKE${spelling}`).join('^OR')).join('^');
}

/** Values are compared with their case: “Table API”, `sysparm_query`. So a word is asked for in each of its usual ones. */
export function spellings(word: string): readonly string[] {
  const lower = word.toLowerCase();
  return [...new Set([word, lower, word.toUpperCase(), lower.charAt(0).toUpperCase() + lower.slice(1)])];
}

/** `YYYY-MM-DD HH:MM:SS` in UTC, as the database has it; undefined for anything else. */
export function serviceNowTime(value: string): Date | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(value) ?? [];
  const ms = day === undefined || time === undefined ? NaN : Date.parse(`${day}T${time}Z`);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

/** A text of a row. A field that this user may not read, or that the instance does not have, is not in the answer. */
export const rowText = z.string().nullish().transform((value) => value ?? '');
/** The sys_id in a reference field: plain without links, an object where the instance gives them all the same. */
export const rowReference = z.union([rowText, z.object({ value: z.string() }).transform(({ value }) => value)]);
