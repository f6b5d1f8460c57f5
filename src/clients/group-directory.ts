import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, Group, GroupDirectory, GroupMember, OperationReceipt } from '../actions/ports.ts';
import { StewardError } from '../errors.ts';
import { displayNameClause, folded, isGuid, wantedText } from './directory-search.ts';
import { idSegment, shaped, type GraphClient } from './graph.ts';
import { refusedIfThere } from './quirks.ts';
import { SystemRefusal } from './refusal.ts';

/** Enough that the exact name is almost always among the matches, at the price of one request. */
const SEARCH_PAGE = 50;
const MOST_MEMBERSHIPS = 2_000;

const group = z.object({ id: z.string().min(1), displayName: z.string().nullish(), description: z.string().nullish() });
const SELECT = Object.keys(group.shape).join(',');

const member = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  userPrincipalName: z.string(),
  jobTitle: z.string().nullish(),
  department: z.string().nullish(),
});
const container = z.object({ id: z.string() });

/** Graph's sentence for somebody who is in the group: https://learn.microsoft.com/graph/api/group-post-members */
const ALREADY_MEMBER = /added object references already exist/i;

/**
 * Groups in Entra, read and changed by the robot through Graph. It may change the members of those groups alone that it
 * owns: docs/decisions/0009-group-membership.md.
 */
export class GraphGroupDirectory implements GroupDirectory {
  readonly #graph: GraphClient;
  readonly #managed: ReadonlySet<string>;

  /** `managed` are the object ids of the groups on the customer's list. */
  constructor(graph: GraphClient, managed: readonly string[]) {
    this.#graph = graph;
    this.#managed = new Set(managed.map((id) => id.toLowerCase()));
  }

  async find(text: string, limit: number, { signal }: CallOptions): Promise<{ readonly groups: readonly Group[]; readonly more: boolean }> {
    const wanted = wantedText(text);
    if (wanted === '') return { groups: [], more: false };
    if (isGuid(wanted)) return { groups: await this.#byId(new InternalId(wanted), signal), more: false };
    const query = { $search: displayNameClause(wanted), $count: 'true', $select: SELECT, $top: String(SEARCH_PAGE) };
    const { complete, items } = await this.#graph.list('/groups', group, SEARCH_PAGE, { query, headers: { ConsistencyLevel: 'eventual' }, signal });
    // If a group is called exactly so, then only those that are; and those that can be changed before the others.
    const exact = items.filter(({ displayName }) => folded(displayName ?? '') === folded(wanted));
    const groups = (exact.length > 0 ? exact : items).map((each) => this.#toGroup(each)).sort((a, b) => Number(b.managed) - Number(a.managed));
    return { groups: groups.slice(0, limit), more: groups.length > limit || (exact.length === 0 && !complete) };
  }

  async members(id: InternalId, limit: number, { signal }: CallOptions): Promise<{ readonly members: readonly GroupMember[]; readonly more: boolean }> {
    const query = { $select: Object.keys(member.shape).join(','), $top: String(Math.min(limit + 1, 999)) };
    const found = await this.#graph.list(`/groups/${idSegment(id)}/members/microsoft.graph.user`, member, limit, { query, signal });
    return { members: found.items.map(toMember), more: !found.complete };
  }

  async add(id: InternalId, person: InternalId, { beforeRetry, signal }: CallOptions): Promise<OperationReceipt> {
    try {
      const answer = await this.#graph.request('POST', `/groups/${idSegment(id)}/members/$ref`, { body: this.#graph.referenceTo(person), signal, beforeRetry });
      return { requestIds: [answer.requestId] };
    } catch (error) {
      if (error instanceof SystemRefusal && error.status === 400 && error.says(ALREADY_MEMBER)) throw new StewardError('ALREADY_SO', 'the person is in the group', { cause: error });
      return refusedIfThere(error, () => this.#bothThere(id, person, signal));
    }
  }

  async remove(id: InternalId, person: InternalId, { beforeRetry, signal }: CallOptions): Promise<OperationReceipt> {
    try {
      // Without `/$ref` Graph would delete the person's account: https://learn.microsoft.com/graph/api/group-delete-members
      const answer = await this.#graph.request('DELETE', `/groups/${idSegment(id)}/members/${idSegment(person)}/$ref`, { signal, beforeRetry });
      return { requestIds: [answer.requestId] };
    } catch (error) {
      // 404 is for a group or a person that is gone, for one who is no member, and for one whom this identity may not remove.
      if (error instanceof SystemRefusal && error.code === 'SYSTEM_NOT_FOUND' && (await this.#isOutside(id, person, signal))) {
        throw new StewardError('ALREADY_SO', 'the person is not in the group', { cause: error });
      }
      return refusedIfThere(error, () => this.#bothThere(id, person, signal));
    }
  }

  async #byId(id: InternalId, signal: AbortSignal): Promise<readonly Group[]> {
    try {
      return [this.#toGroup(shaped(group, await this.#graph.request('GET', `/groups/${idSegment(id)}`, { query: { $select: SELECT }, signal })))];
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return [];
      throw error;
    }
  }

  #bothThere(id: InternalId, person: InternalId, signal: AbortSignal): Promise<unknown> {
    return Promise.all([`/groups/${idSegment(id)}`, `/users/${idSegment(person)}`].map((path) => this.#graph.request('GET', path, { query: { $select: 'id' }, signal })));
  }

  /** Whether both exist and the person is surely not in the group. */
  async #isOutside(id: InternalId, person: InternalId, signal: AbortSignal): Promise<boolean> {
    try {
      const [, { complete, items }] = await Promise.all([
        this.#bothThere(id, person, signal),
        this.#graph.list(`/users/${idSegment(person)}/memberOf`, container, MOST_MEMBERSHIPS, { query: { $select: 'id', $top: '999' }, signal }),
      ]);
      return complete && !items.some((each) => new InternalId(each.id).equals(id));
    } catch {
      return false;
    }
  }

  #toGroup({ description, displayName, id }: z.infer<typeof group>): Group {
    return { id: new InternalId(id), name: displayName ?? '', managed: this.#managed.has(id.toLowerCase()), ...(description && { description }) };
  }
}

function toMember({ department, displayName, id, jobTitle, userPrincipalName }: z.infer<typeof member>): GroupMember {
  return { id: new InternalId(id), displayName: displayName ?? userPrincipalName, userPrincipalName, ...(jobTitle && { jobTitle }), ...(department && { department }) };
}
