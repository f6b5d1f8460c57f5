import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, OperationReceipt, PeopleDirectory, Person, PersonDetails } from '../actions/ports.ts';
import { StewardError } from '../errors.ts';
import { idSegment, odataString, shaped, type GraphClient } from './graph.ts';

const SELECT = 'id,displayName,userPrincipalName,mail,jobTitle,department,officeLocation,accountEnabled,userType';
/** Enough that the exact name is almost always among the matches, at the price of one request. */
const SEARCH_PAGE = 50;
const MOST_TEXT = 256;

const user = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  userPrincipalName: z.string(),
  mail: z.string().nullish(),
  jobTitle: z.string().nullish(),
  department: z.string().nullish(),
  officeLocation: z.string().nullish(),
  accountEnabled: z.boolean(),
  userType: z.string().nullish(),
});
type User = z.infer<typeof user>;

const userWithManager = user.extend({ manager: z.object({ id: z.string().min(1), displayName: z.string().nullish() }).nullish() });

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ADDRESS = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>".]+$/;

/** People in Entra, read and changed by the robot through Graph. */
export class GraphPeopleDirectory implements PeopleDirectory {
  readonly #graph: GraphClient;

  constructor(graph: GraphClient) {
    this.#graph = graph;
  }

  async find(text: string, limit: number, { signal }: CallOptions): Promise<{ readonly people: readonly Person[]; readonly more: boolean }> {
    const wanted = text
      .replaceAll(/<\/?at[^>]*>/gi, ' ')
      .normalize('NFC')
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, MOST_TEXT);
    if (wanted === '') return { people: [], more: false };
    if (GUID.test(wanted)) return this.#byId(wanted, signal);
    if (ADDRESS.test(wanted)) return this.#filtered(addressFilter(wanted), limit, signal);
    return this.#byName(wanted, limit, signal);
  }

  async show(id: InternalId, { signal }: CallOptions): Promise<PersonDetails> {
    const query = { $select: SELECT, $expand: 'manager($select=id,displayName)' };
    const found = shaped(userWithManager, await this.#graph.request('GET', `/users/${idSegment(id)}`, { query, signal }));
    const { manager } = found;
    return manager ? { ...toPerson(found), manager: { id: new InternalId(manager.id), displayName: manager.displayName ?? '' } } : toPerson(found);
  }

  async setSignInAllowed(id: InternalId, allowed: boolean, { signal, beforeRetry }: CallOptions): Promise<OperationReceipt> {
    // Not read again afterwards: a replica may still show the old value and turn a success into a doubt.
    const answer = await this.#graph.request('PATCH', `/users/${idSegment(id)}`, { body: { accountEnabled: allowed }, signal, beforeRetry });
    return { requestIds: [answer.requestId] };
  }

  async revokeSessions(id: InternalId, { signal, beforeRetry }: CallOptions): Promise<OperationReceipt> {
    const answer = await this.#graph.request('POST', `/users/${idSegment(id)}/revokeSignInSessions`, { signal, beforeRetry });
    const { value } = shaped(z.object({ value: z.boolean() }), answer, 'SYSTEM_OUTCOME_UNKNOWN');
    if (!value) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'Graph did not say that the sessions were ended');
    return { requestIds: [answer.requestId] };
  }

  async #byId(id: string, signal: AbortSignal): Promise<{ readonly people: readonly Person[]; readonly more: boolean }> {
    try {
      const answer = await this.#graph.request('GET', `/users/${idSegment(new InternalId(id))}`, { query: { $select: SELECT }, signal });
      return { people: [toPerson(shaped(user, answer))], more: false };
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return { people: [], more: false };
      throw error;
    }
  }

  /**
   * People whose display name holds every word of the text, in any order, each at least as the beginning of a word. If
   * somebody is called exactly so, then only those who are: "Anna Li" is not also Anna Lindqvist.
   */
  async #byName(name: string, limit: number, signal: AbortSignal): Promise<{ readonly people: readonly Person[]; readonly more: boolean }> {
    // One clause: Graph splits it into words and asks for all of them. An ampersand inside `$search` is a known issue.
    // https://learn.microsoft.com/graph/search-query-parameter#using-search-on-directory-object-collections
    const clause = `"displayName:${name.replaceAll('&', ' ').replaceAll(/["\\]/g, '\\$&')}"`;
    const most = Math.max(limit + 1, SEARCH_PAGE);
    const query = { $search: clause, $count: 'true', $select: SELECT, $top: String(most) };
    const found = await this.#graph.list('/users', user, most, { query, headers: { ConsistencyLevel: 'eventual' }, signal });
    const exact = found.items.filter(({ displayName }) => folded(displayName ?? '') === folded(name));
    if (exact.length > 0 && found.complete) return cut(exact, limit, false);
    if (!found.complete) {
      // The exact ones may be beyond the page; asked for by themselves they are complete.
      const byName = await this.#filtered(`displayName eq ${odataString(name)}`, limit, signal);
      if (byName.people.length > 0) return byName;
      if (exact.length > 0) return cut(exact, limit, true);
    }
    return cut(found.items, limit, !found.complete);
  }

  async #filtered(filter: string, limit: number, signal: AbortSignal): Promise<{ readonly people: readonly Person[]; readonly more: boolean }> {
    const found = await this.#graph.list('/users', user, limit + 1, { query: { $filter: filter, $select: SELECT, $top: String(limit + 1) }, signal });
    return cut(found.items, limit, false);
  }
}

/** Accounts that own an address: as user name, as mail address, or as one of the further addresses. */
function addressFilter(address: string): string {
  // https://learn.microsoft.com/graph/api/resources/user: proxyAddresses takes `any` with `eq`.
  return `userPrincipalName eq ${odataString(address)} or mail eq ${odataString(address)} or proxyAddresses/any(p:p eq ${odataString(`smtp:${address}`)})`;
}

function cut(users: readonly User[], limit: number, more: boolean): { readonly people: readonly Person[]; readonly more: boolean } {
  return { people: users.slice(0, limit).map(toPerson), more: more || users.length > limit };
}

/** A name without case, accents and spare spaces. */
function folded(name: string): string {
  return name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

function toPerson(found: User): Person {
  const { mail, jobTitle, department, officeLocation } = found;
  return {
    id: new InternalId(found.id),
    displayName: found.displayName ?? found.userPrincipalName,
    userPrincipalName: found.userPrincipalName,
    signInAllowed: found.accountEnabled,
    // Entra calls everybody who is not a guest a member; an account without a type is treated as the weaker one.
    guest: found.userType !== 'Member',
    ...(mail ? { mail } : {}),
    ...(jobTitle ? { jobTitle } : {}),
    ...(department ? { department } : {}),
    ...(officeLocation ? { officeLocation } : {}),
  };
}
