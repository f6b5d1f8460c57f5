import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { GroupFacts, PersonFacts, Role, WhoIsWho } from '../guard/ports.ts';
import { idSegment, shaped, type GraphClient } from './graph.ts';

/** Object ids of the groups that give roles and protect people. */
export interface RoleGroups {
  readonly helpdesk: string;
  readonly approver: string;
  /** Asked when the approvers don't answer. */
  readonly backupApprover?: string;
  readonly admin: string;
  readonly dataProtection?: string;
  readonly vip: string;
  readonly breakGlass: string;
}

/** The setting that names each group, for the sentence an operator reads when one of them is wrong. */
export const roleGroupVariables: Readonly<Record<keyof RoleGroups, string>> = {
  helpdesk: 'STEWARD_HELPDESK_GROUP_ID',
  approver: 'STEWARD_APPROVER_GROUP_ID',
  backupApprover: 'STEWARD_BACKUP_APPROVER_GROUP_ID',
  admin: 'STEWARD_ADMIN_GROUP_ID',
  dataProtection: 'STEWARD_DATA_PROTECTION_GROUP_ID',
  vip: 'STEWARD_VIP_GROUP_ID',
  breakGlass: 'STEWARD_BREAK_GLASS_GROUP_ID',
};

/** The groups that give a role, and the role that each gives. */
const groupRoles: ReadonlyMap<keyof RoleGroups, Exclude<Role, 'employee'>> = new Map([
  ['helpdesk', 'helpdesk'],
  ['approver', 'approver'],
  ['backupApprover', 'backup approver'],
  ['admin', 'admin'],
  ['dataProtection', 'data protection'],
]);

const BRIEF_MS = 60_000;
/** Nobody is in more groups than this in a directory that can be reasoned about; past it the answer is no. */
const MOST_MEMBERSHIPS = 2_000;
const MOST_CACHED = 2_000;

const account = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  userPrincipalName: z.string(),
  jobTitle: z.string().nullish(),
  department: z.string().nullish(),
  officeLocation: z.string().nullish(),
  accountEnabled: z.boolean(),
  userType: z.string().nullish(),
  employeeId: z.string().nullish(),
});
const SELECT = Object.keys(account.shape).join(',');

const membership = z.object({ '@odata.type': z.string(), id: z.string().min(1), isAssignableToRole: z.boolean().nullish() });
const roleGroup = z.object({ id: z.string(), isAssignableToRole: z.boolean().nullish() });
const member = z.object({ id: z.string().min(1) });
const deviceUser = z.object({ id: z.string(), userId: z.string().nullish() });
const named = z.object({ id: z.string().min(1), userPrincipalName: z.string() });
/** Without `#`, which marks guests, and `$`, which Graph wants written in another way: neither is asked about by name. */
const SIGN_IN_NAME = /^[A-Za-z0-9][A-Za-z0-9._'-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$/;
const group = z.object({ id: z.string(), isAssignableToRole: z.boolean().nullish(), groupTypes: z.array(z.string()).nullish(), onPremisesSyncEnabled: z.boolean().nullish() });
const admin = z.object({ id: z.string(), accountEnabled: z.boolean().nullish(), employeeId: z.string().nullish() });


function kindOf(role: Exclude<Role, 'employee'>): keyof RoleGroups {
  for (const [kind, given] of groupRoles) if (given === role) return kind;
  throw new StewardError('UNEXPECTED', 'a role that no group gives');
}

interface Cached {
  readonly facts: PersonFacts;
  /** When the reading began, on the clock that never jumps. */
  readonly beganMs: number;
}

/** Facts about people for the policy, read by the keeper through Graph. */
export class GraphWhoIsWho implements WhoIsWho {
  readonly #graph: GraphClient;
  readonly #groups: RoleGroups;
  readonly #managed: readonly string[];
  readonly #clock: Clock;
  readonly #cache = new Map<string, Cached>();
  readonly #flights = new Map<string, Promise<PersonFacts | undefined>>();

  /** `managed` are the object ids of the groups that Steward may change. */
  constructor(graph: GraphClient, groups: RoleGroups, clock: Clock, managed: readonly string[] = []) {
    this.#managed = managed;
    this.#graph = graph;
    this.#groups = groups;
    this.#clock = clock;
  }

  async describe(id: InternalId, freshness: 'brief' | 'now', signal?: AbortSignal): Promise<PersonFacts | undefined> {
    signal?.throwIfAborted();
    if (freshness === 'now') return this.#read(id, signal);
    const key = id.digest();
    const cached = this.#cache.get(key);
    if (cached !== undefined && this.#clock.monotonicMs() - cached.beganMs < BRIEF_MS) return cached.facts;
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      // Without the caller's signal: others may wait for the same reading. It has a deadline of its own.
      flight = this.#read(id).finally(() => this.#flights.delete(key));
      this.#flights.set(key, flight);
    }
    return signal === undefined ? flight : orAborted(flight, signal);
  }

  async userOf(device: InternalId, freshness: 'brief' | 'now'): Promise<PersonFacts | 'nobody' | undefined> {
    const found = await this.#found(`/deviceManagement/managedDevices/${idSegment(device)}`, deviceUser);
    if (found === undefined) return undefined;
    return found.userId ? ((await this.describe(new InternalId(found.userId), freshness)) ?? 'nobody') : 'nobody';
  }

  async describeGroup(id: InternalId): Promise<GroupFacts | undefined> {
    const found = await this.#found(`/groups/${idSegment(id)}`, group);
    if (found === undefined) return undefined;
    const isOf = (ids: readonly (string | undefined)[]): boolean => ids.some((each) => each?.toLowerCase() === found.id.toLowerCase());
    return {
      managed: isOf(this.#managed),
      steward: isOf(Object.values(this.#groups)),
      roleAssignable: found.isAssignableToRole === true,
      dynamic: found.groupTypes?.includes('DynamicMembership') === true,
      synced: found.onPremisesSyncEnabled === true,
    };
  }

  /** One thing of the directory, or undefined when it has none such. */
  async #found<T>(path: string, shape: z.ZodObject<z.ZodRawShape> & z.ZodType<T>): Promise<T | undefined> {
    try {
      return shaped(shape, await this.#graph.request('GET', path, { query: { $select: Object.keys(shape.shape).join(',') } }));
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return undefined;
      throw new StewardError('DIRECTORY_UNAVAILABLE', 'an account, a device or a group could not be read', { cause: error });
    }
  }

  async membersOf(role: Exclude<Role, 'employee'>, limit: number): Promise<readonly InternalId[]> {
    const kind = kindOf(role);
    if (this.#groups[kind] === undefined) return [];
    try {
      const { items } = await this.#users(kind, member, limit);
      return items.map(({ id }) => new InternalId(id));
    } catch (error) {
      throw new StewardError('DIRECTORY_UNAVAILABLE', 'the members of a role group could not be read', { cause: error });
    }
  }

  async find(signInName: string): Promise<InternalId | undefined> {
    if (!SIGN_IN_NAME.test(signInName)) return undefined;
    // learn.microsoft.com/graph/api/user-get: by id or user principal name
    const found = await this.#found(`/users/${encodeURIComponent(signInName)}`, named);
    // Graph takes other keys in this place too; only the name that was given counts.
    return found?.userPrincipalName.toLowerCase() === signInName.toLowerCase() ? new InternalId(found.id) : undefined;
  }

  /** What must hold of the groups before anything is served. Fails with `CONFIGURATION_INVALID`, naming every bad setting. */
  async checkRoleGroups(): Promise<void> {
    const kinds = Object.keys(roleGroupVariables) as (keyof RoleGroups)[]; // `Object.keys` forgets the keys of a Record
    const problems = (await Promise.all([...kinds.map((kind) => this.#groupProblem(kind)), this.#adminProblem()])).filter((problem) => problem !== undefined);
    if (problems.length > 0) throw new StewardError('CONFIGURATION_INVALID', problems.join('; '));
  }

  async #groupProblem(kind: keyof RoleGroups): Promise<string | undefined> {
    const variable = roleGroupVariables[kind];
    if (this.#groups[kind] === undefined) return undefined;
    try {
      const answer = await this.#graph.request('GET', `/groups/${this.#segment(kind)}`, { query: { $select: 'id,isAssignableToRole' } });
      const mustBeAssignable = groupRoles.has(kind);
      return mustBeAssignable && shaped(roleGroup, answer).isAssignableToRole !== true ? `the group of ${variable} is not role-assignable` : undefined;
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return `the group of ${variable} does not exist`;
      throw error;
    }
  }

  /** Reviving takes two different people, so there must be two. */
  async #adminProblem(): Promise<string | undefined> {
    try {
      const { items } = await this.#users('admin', admin, MOST_MEMBERSHIPS);
      const humans = new Set(items.filter(({ accountEnabled, employeeId }) => accountEnabled === true && employeeId).map(({ employeeId }) => employeeId));
      return humans.size < 2 ? `the group of ${roleGroupVariables.admin} has fewer than two different people who can sign in and have an employee id` : undefined;
    } catch (error) {
      // Said by the check of the group itself.
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** The users in a group, directly or through a group. */
  #users<T>(kind: keyof RoleGroups, shape: z.ZodObject<z.ZodRawShape> & z.ZodType<T>, most: number): Promise<{ readonly items: readonly T[] }> {
    const query = { $select: Object.keys(shape.shape).join(','), $count: 'true', $top: String(Math.min(most, 999)) };
    // The cast to users makes this an advanced query: https://learn.microsoft.com/graph/aad-advanced-queries
    return this.#graph.list(`/groups/${this.#segment(kind)}/transitiveMembers/microsoft.graph.user`, shape, most, { query, headers: { ConsistencyLevel: 'eventual' } });
  }

  #segment(kind: keyof RoleGroups): string {
    const id = this.#groups[kind] ?? '';
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new StewardError('CONFIGURATION_INVALID', `${roleGroupVariables[kind]} is not an object id`);
    return id;
  }

  async #read(id: InternalId, signal?: AbortSignal): Promise<PersonFacts | undefined> {
    const beganMs = this.#clock.monotonicMs();
    const options = signal === undefined ? {} : { signal };
    try {
      const path = `/users/${idSegment(id)}`;
      const [found, memberships] = await Promise.all([
        this.#readAccount(path, options),
        // A deleted account answers 404 here as well; the account itself says which of the two it is.
        this.#graph.list(`${path}/transitiveMemberOf`, membership, MOST_MEMBERSHIPS, { query: { $select: 'id,isAssignableToRole', $top: '999' }, ...options }).catch((error: unknown) => error),
      ]);
      if (found === undefined) {
        this.#cache.delete(id.digest());
        return undefined;
      }
      if (!isList(memberships)) throw memberships;
      if (!memberships.complete) throw new StewardError('DIRECTORY_UNAVAILABLE', `an account in more than ${MOST_MEMBERSHIPS} groups`);
      const facts = this.#toFacts(found, memberships.items);
      this.#remember(id.digest(), { facts, beganMs });
      return facts;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof StewardError && error.code === 'DIRECTORY_UNAVAILABLE') throw error;
      throw new StewardError('DIRECTORY_UNAVAILABLE', 'who is who could not be read', { cause: error });
    }
  }

  async #readAccount(path: string, options: { readonly signal?: AbortSignal }): Promise<z.infer<typeof account> | undefined> {
    try {
      return shaped(account, await this.#graph.request('GET', path, { query: { $select: SELECT }, ...options }));
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return undefined;
      throw error;
    }
  }

  #toFacts(found: z.infer<typeof account>, memberships: readonly z.infer<typeof membership>[]): PersonFacts {
    const groups = new Set(memberships.map(({ id }) => id.toLowerCase()));
    const isIn = (kind: keyof RoleGroups): boolean => groups.has(this.#groups[kind]?.toLowerCase() ?? '');
    const guest = found.userType !== 'Member';
    const { jobTitle, department, officeLocation, employeeId } = found;
    return {
      id: new InternalId(found.id),
      displayName: found.displayName ?? found.userPrincipalName,
      userPrincipalName: found.userPrincipalName,
      enabled: found.accountEnabled,
      guest,
      roles: [...(guest ? [] : (['employee'] as const)), ...[...groupRoles].flatMap(([kind, role]) => (isIn(kind) ? [role] : []))],
      // Whoever holds a directory role, or is in a group that could be given one, can change more than Steward can.
      privileged: memberships.some((entry) => entry['@odata.type'] === '#microsoft.graph.directoryRole' || entry.isAssignableToRole === true),
      breakGlass: isIn('breakGlass'),
      vip: isIn('vip'),
      ...(jobTitle ? { jobTitle } : {}),
      ...(department ? { department } : {}),
      ...(officeLocation ? { officeLocation } : {}),
      ...(employeeId ? { employeeId } : {}),
    };
  }

  #remember(key: string, entry: Cached): void {
    // A reading that began earlier and ended later must not hide a newer one.
    const held = this.#cache.get(key);
    if (held !== undefined && held.beganMs > entry.beganMs) return;
    this.#cache.delete(key);
    this.#cache.set(key, entry);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size > MOST_CACHED && oldest.done !== true) this.#cache.delete(oldest.value);
  }
}

type Memberships = { readonly items: readonly z.infer<typeof membership>[]; readonly complete: boolean };

function isList(value: unknown): value is Memberships {
  return typeof value === 'object' && value !== null && 'items' in value;
}

/** The promise's result, or the signal's reason as soon as it is aborted. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
