import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { IdentityConflict, MatchedBy } from '../actions/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import { idSegment, odataString, shaped, type GraphClient } from './graph.ts';
import { stringBoolean } from './quirks.ts';
import { queryValue, rowText, type ServiceNowClient } from './service-now.ts';

/** `brief`: for reading, at most a minute old. `now`: for effects. */
export interface LookUp {
  readonly freshness: 'brief' | 'now';
  readonly signal: AbortSignal;
}

/** The same human in the other system. */
export interface Matched {
  readonly id: InternalId;
  readonly name: string;
  readonly matchedBy: MatchedBy;
}

const BRIEF_MS = 60_000;
const MOST_REMEMBERED = 500;
/** More accounts than this never share one number or address by mistake; any of them makes it a conflict. */
const MOST_CANDIDATES = 20;
/** An account in Exchange has at most 400 addresses; more conditions than this make no useful query. */
const MOST_ADDRESSES = 40;

const USER_SELECT = 'id,displayName,userPrincipalName,mail,proxyAddresses,employeeId,userType';
const SYS_USER_FIELDS = ['sys_id', 'name', 'email', 'employee_number', 'active'] as const;

const entraUser = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  userPrincipalName: z.string(),
  mail: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  employeeId: z.string().nullish(),
  userType: z.string().nullish(),
});

const sysUser = z.object({ sys_id: z.string().min(1), name: rowText, email: rowText, employee_number: rowText, active: stringBoolean });

/** What both systems know about somebody. `former` are addresses that still reach them and are not their own any more. */
interface Account {
  readonly id: string;
  readonly name: string;
  readonly number: string;
  readonly addresses: ReadonlySet<string>;
  readonly former: ReadonlySet<string>;
  /** All of them as they are written: ServiceNow's documentation has queries compare values with their case. */
  readonly spelled: readonly string[];
  /** False for a record that ServiceNow has put out of use. A blocked sign-in does not end who somebody is. */
  readonly active: boolean;
  readonly guest: boolean;
}

const codes: Readonly<Record<IdentityConflict, StewardErrorCode>> = {
  none: 'IDENTITY_NONE',
  several: 'IDENTITY_SEVERAL',
  guest: 'IDENTITY_GUEST',
  inactive: 'IDENTITY_INACTIVE',
  recreated: 'IDENTITY_RECREATED',
  contradiction: 'IDENTITY_CONTRADICTION',
};

/** Who it is could not be told for sure. Its code says which case it is; nothing was done. */
export class IdentityError extends StewardError {
  readonly conflict: IdentityConflict;

  constructor(conflict: IdentityConflict) {
    super(codes[conflict], `the accounts of one person do not fit together: ${conflict}`);
    this.conflict = conflict;
  }
}

/**
 * One human across Entra and ServiceNow. What counts is the employee number (`employeeId`, `employee_number`) where both
 * records have one, else that the mail address of the record in ServiceNow is one of the account's: mail, user principal
 * name or a further address. Where both records have both, both must agree. Anything else is a conflict, and is refused.
 *
 * Not used: names, which many share; `user_name`, `onPremisesSamAccountName` and `onPremisesImmutableId`, which are
 * unique within one on-premises domain at best and are given anew.
 *
 * INVARIANT: a match holds in both directions. Whoever ServiceNow's record leads back to is the account that was asked about.
 */
export class IdentityMap {
  readonly #graph: GraphClient;
  readonly #serviceNow: ServiceNowClient;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, { readonly matched: Matched; readonly atMs: number }>();

  constructor(graph: GraphClient, serviceNow: ServiceNowClient, clock: Clock) {
    this.#graph = graph;
    this.#serviceNow = serviceNow;
    this.#clock = clock;
  }

  /** The record of a person in ServiceNow. Fails with an `IdentityError`, or `SYSTEM_NOT_FOUND` where Entra knows no such person. */
  async toServiceNow(person: InternalId, { freshness, signal }: LookUp): Promise<Matched> {
    return this.#remember(`entra ${person.digest()}`, freshness, async () => {
      const own = ofEntra(shaped(entraUser, await this.#graph.request('GET', `/users/${idSegment(person)}`, { query: { $select: USER_SELECT }, signal })));
      const found = choose(own, own.guest ? [] : await this.#sysUsers(own, signal));
      const back = choose(found.other, await this.#entraUsers(found.other, signal));
      if (back.other.id.toLowerCase() !== own.id.toLowerCase()) throw new IdentityError('contradiction');
      return matched(found);
    });
  }

  /** The account in Entra of somebody in ServiceNow. Fails with an `IdentityError`, or `SYSTEM_NOT_FOUND` where ServiceNow knows no such record. */
  async toEntra(sysUserId: InternalId, { freshness, signal }: LookUp): Promise<Matched> {
    return this.#remember(`servicenow ${sysUserId.digest()}`, freshness, async () => {
      const own = ofServiceNow(await this.#serviceNow.row('sys_user', sysUserId, sysUser, SYS_USER_FIELDS, signal));
      const found = choose(own, own.active ? await this.#entraUsers(own, signal) : []);
      const back = choose(found.other, await this.#sysUsers(found.other, signal));
      if (back.other.id !== own.id) throw new IdentityError('contradiction');
      return matched(found);
    });
  }

  /** Records in ServiceNow that share the number or an address. */
  async #sysUsers({ addresses, former, number, spelled }: Account, signal: AbortSignal): Promise<readonly Account[]> {
    const wanted = [...new Set([...addresses, ...former, ...spelled])].flatMap((address) => queryValue(address) ?? []).slice(0, MOST_ADDRESSES);
    const safeNumber = queryValue(number);
    const conditions = [...(safeNumber === undefined ? [] : [`employee_number=${safeNumber}`]), ...(wanted.length === 0 ? [] : [`emailIN${wanted.join(',')}`])];
    if (conditions.length === 0) return [];
    const found = await this.#serviceNow.rows('sys_user', sysUser, { query: `${conditions.join('^OR')}^ORDERBYsys_id`, fields: SYS_USER_FIELDS, limit: MOST_CANDIDATES, signal });
    if (found.more) throw new IdentityError('several');
    return found.rows.map(ofServiceNow);
  }

  /** Accounts in Entra that share the number or the address. */
  async #entraUsers({ addresses, number }: Account, signal: AbortSignal): Promise<readonly Account[]> {
    // https://learn.microsoft.com/graph/api/resources/user: all of these take `eq`, and proxyAddresses `any` with it.
    const filters = [...addresses].flatMap((address) => [`mail eq ${odataString(address)}`, `userPrincipalName eq ${odataString(address)}`, `proxyAddresses/any(p:p eq ${odataString(`smtp:${address}`)})`]);
    if (number !== '') filters.unshift(`employeeId eq ${odataString(number)}`);
    if (filters.length === 0) return [];
    const found = await this.#graph.list('/users', entraUser, MOST_CANDIDATES, { query: { $filter: filters.join(' or '), $select: USER_SELECT, $top: String(MOST_CANDIDATES) }, signal });
    if (!found.complete) throw new IdentityError('several');
    return found.items.map(ofEntra);
  }

  /** Only what was matched is kept: a conflict that has been mended must show at once. */
  async #remember(key: string, freshness: LookUp['freshness'], look: () => Promise<Matched>): Promise<Matched> {
    const held = this.#remembered.get(key);
    if (freshness === 'brief' && held !== undefined && this.#clock.monotonicMs() - held.atMs < BRIEF_MS) return held.matched;
    this.#remembered.delete(key);
    const atMs = this.#clock.monotonicMs();
    const found = await look();
    this.#remembered.set(key, { matched: found, atMs });
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size > MOST_REMEMBERED && oldest.done !== true) this.#remembered.delete(oldest.value);
    return found;
  }
}

interface Found {
  readonly other: Account;
  readonly by: MatchedBy;
}

/** The one of these accounts that belongs to the same human. Fails with the conflict that keeps it from being told. */
function choose(own: Account, others: readonly Account[]): Found {
  if (own.guest) throw new IdentityError('guest');
  if (!own.active) throw new IdentityError('inactive');
  const compared = others.map((other) => ({ other, ...compare(own, other) }));
  // A guest may have been invited under the address of a colleague; which of them a ticket speaks of can't be told.
  if (compared.some(({ mail, other }) => other.guest && mail === 'same')) throw new IdentityError('guest');
  const live = compared.filter(({ other }) => other.active && !other.guest);
  // The address was given to somebody else, or the account was deleted and made again.
  if (live.some(({ mail, number }) => mail === 'same' && number === 'other')) throw new IdentityError('recreated');
  const agreeing = live.filter(agrees);
  const [first, second] = agreeing;
  if (second !== undefined) throw new IdentityError('several');
  if (first !== undefined) return { other: first.other, by: first.number === 'same' ? 'employee number' : first.isFormer ? 'former address' : 'mail address' };
  if (live.some(({ number }) => number === 'same')) throw new IdentityError('contradiction');
  throw new IdentityError(compared.some((each) => !each.other.active && agrees(each)) ? 'inactive' : 'none');
}

type Comparison = 'same' | 'other' | 'unknown';

function agrees({ mail, number }: { readonly mail: Comparison; readonly number: Comparison }): boolean {
  return number === 'same' ? mail !== 'other' : number === 'unknown' && mail === 'same';
}

function compare(one: Account, other: Account): { readonly number: Comparison; readonly mail: Comparison; readonly isFormer: boolean } {
  const all = (account: Account): readonly string[] => [...account.addresses, ...account.former];
  const [ones, others] = [all(one), all(other)];
  const isKnown = ones.length > 0 && others.length > 0;
  const shared = ones.filter((address) => others.includes(address));
  return {
    number: one.number === '' || other.number === '' ? 'unknown' : one.number === other.number ? 'same' : 'other',
    mail: !isKnown ? 'unknown' : shared.length > 0 ? 'same' : 'other',
    isFormer: shared.length > 0 && shared.every((address) => one.former.has(address) || other.former.has(address)),
  };
}

function matched({ by, other }: Found): Matched {
  return { id: new InternalId(other.id), name: other.name, matchedBy: by };
}

function ofEntra({ displayName, employeeId, id, mail, proxyAddresses, userPrincipalName, userType }: z.infer<typeof entraUser>): Account {
  const own = [mail ?? '', userPrincipalName].map(folded).filter((address) => address !== '');
  const further = (proxyAddresses ?? []).filter((address) => /^smtp:/i.test(address)).map((address) => folded(address.slice('smtp:'.length)));
  return {
    id,
    name: displayName ?? userPrincipalName,
    number: (employeeId ?? '').trim(),
    addresses: new Set(own),
    former: new Set(further.filter((address) => !own.includes(address))),
    spelled: [mail ?? '', userPrincipalName, ...(proxyAddresses ?? []).map((address) => address.replace(/^smtp:/i, ''))].filter((address) => address.includes('@')),
    active: true,
    guest: userType !== 'Member',
  };
}

function ofServiceNow({ active, email, employee_number: number, name, sys_id: id }: z.infer<typeof sysUser>): Account {
  const address = folded(email);
  return { id, name, number: number.trim(), addresses: new Set(address === '' ? [] : [address]), former: new Set(), spelled: [email], active, guest: false };
}

/** Addresses are the same whatever their case. */
function folded(address: string): string {
  return address.normalize('NFC').trim().toLowerCase();
}
