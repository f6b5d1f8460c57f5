import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import { productName } from '../actions/licences/product-names.ts';
import type { AssignedApp, AuthenticationMethod, CallOptions, Membership, MethodKind, OperationReceipt, PeopleDirectory, Person, PersonDetails, SignIn } from '../actions/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { displayNameClause, folded, isGuid, wantedText } from './directory-search.ts';
import { idSegment, odataString, shaped, type GraphClient } from './graph.ts';
import { refusedIfThere, type RecentWrites } from './quirks.ts';

const SELECT = 'id,displayName,userPrincipalName,mail,jobTitle,department,officeLocation,accountEnabled,userType';
/** Enough that the exact name is almost always among the matches, at the price of one request. */
const SEARCH_PAGE = 50;
/** More than this nobody has in a directory that people can read. */
const MOST_MEMBERSHIPS = 1_000;
const SIGN_INS_LAST_MS = 7 * 24 * 60 * 60_000;

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

const licenceDetail = z.object({ skuPartNumber: z.string().nullish() });
const licenceDetails = z.object({ value: z.array(licenceDetail) });

const method = z.object({
  '@odata.type': z.string(),
  createdDateTime: z.string().nullish(),
  displayName: z.string().nullish(),
  model: z.string().nullish(),
  phoneNumber: z.string().nullish(),
  emailAddress: z.string().nullish(),
});
const methods = z.object({ value: z.array(method) });

/** https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview */
const methodKindOf: ReadonlyMap<string, MethodKind> = new Map([
  ['#microsoft.graph.passwordAuthenticationMethod', 'password'],
  ['#microsoft.graph.phoneAuthenticationMethod', 'phone'],
  ['#microsoft.graph.microsoftAuthenticatorAuthenticationMethod', 'authenticator app'],
  ['#microsoft.graph.fido2AuthenticationMethod', 'passkey'],
  ['#microsoft.graph.emailAuthenticationMethod', 'email'],
  ['#microsoft.graph.softwareOathAuthenticationMethod', 'one-time code'],
  ['#microsoft.graph.windowsHelloForBusinessAuthenticationMethod', 'windows hello'],
  ['#microsoft.graph.temporaryAccessPassAuthenticationMethod', 'temporary access pass'],
  ['#microsoft.graph.x509CertificateAuthenticationMethod', 'certificate'],
]);

const signIn = z.object({
  createdDateTime: z.string(),
  appDisplayName: z.string().nullish(),
  ipAddress: z.string().nullish(),
  clientAppUsed: z.string().nullish(),
  status: z.object({ errorCode: z.int(), failureReason: z.string().nullish() }),
  location: z.object({ city: z.string().nullish(), countryOrRegion: z.string().nullish() }).nullish(),
});
const SIGN_IN_SELECT = 'id,createdDateTime,appDisplayName,ipAddress,clientAppUsed,status,location';

const container = z.object({ '@odata.type': z.string(), id: z.string().min(1), displayName: z.string().nullish(), groupTypes: z.array(z.string()).nullish(), securityEnabled: z.boolean().nullish() });
const appRole = z.object({ resourceId: z.string().nullish(), resourceDisplayName: z.string().nullish() });

const ADDRESS = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>".]+$/;

/** People in Entra, read and changed by the robot through Graph. */
export class GraphPeopleDirectory implements PeopleDirectory {
  readonly #graph: GraphClient;
  readonly #clock: Clock;
  readonly #recent: RecentWrites;

  /** `recent` holds the people whose accounts or licences were changed here a moment ago. */
  constructor(graph: GraphClient, clock: Clock, recent: RecentWrites) {
    this.#graph = graph;
    this.#clock = clock;
    this.#recent = recent;
  }

  async find(text: string, limit: number, { signal }: CallOptions): Promise<{ readonly people: readonly Person[]; readonly more: boolean }> {
    const wanted = wantedText(text);
    if (wanted === '') return { people: [], more: false };
    if (isGuid(wanted)) return this.#byId(wanted, signal);
    if (ADDRESS.test(wanted)) return this.#filtered(addressFilter(wanted), limit, signal);
    return this.#byName(wanted, limit, signal);
  }

  async show(id: InternalId, { signal }: CallOptions): Promise<PersonDetails> {
    const path = `/users/${idSegment(id)}`;
    const [account, licences] = await Promise.all([
      this.#graph.request('GET', path, { query: { $select: SELECT, $expand: 'manager($select=id,displayName)' }, signal }),
      this.#graph.request('GET', `${path}/licenseDetails`, { query: { $select: 'skuPartNumber' }, signal }),
    ]);
    const found = shaped(userWithManager, account);
    const { manager } = found;
    return {
      ...toPerson(found),
      settling: this.#recent.isSettling(id.digest()),
      licences: shaped(licenceDetails, licences).value.map(({ skuPartNumber }) => productName(skuPartNumber ?? '')).sort((a, b) => a.localeCompare(b)),
      ...(manager && { manager: { id: new InternalId(manager.id), displayName: manager.displayName ?? '' } }),
    };
  }

  async authenticationMethods(id: InternalId, { signal }: CallOptions): Promise<readonly AuthenticationMethod[]> {
    // It takes no query: https://learn.microsoft.com/graph/api/authentication-list-methods
    return shaped(methods, await this.#graph.request('GET', `/users/${idSegment(id)}/authentication/methods`, { signal })).value.map(toMethod);
  }

  async signIns(id: InternalId, limit: number, { signal }: CallOptions): Promise<{ readonly signIns: readonly SignIn[]; readonly more: boolean }> {
    const since = new Date(this.#clock.now().getTime() - SIGN_INS_LAST_MS).toISOString();
    const query = { $filter: `userId eq ${odataString(idSegment(id))} and createdDateTime ge ${since}`, $orderby: 'createdDateTime desc', $select: SIGN_IN_SELECT, $top: String(limit + 1) };
    const found = await this.#graph.list('/auditLogs/signIns', signIn, limit, { query, signal });
    return { signIns: found.items.map(toSignIn), more: !found.complete };
  }

  async groupsOf(id: InternalId, limit: number, { signal }: CallOptions): Promise<{ readonly groups: readonly Membership[]; readonly more: boolean }> {
    // Without a cast, which would ask an index that may lag behind. Directory roles and administrative units are left out here.
    const query = { $select: 'id,displayName,groupTypes,securityEnabled', $top: '999' };
    const found = await this.#graph.list(`/users/${idSegment(id)}/memberOf`, container, MOST_MEMBERSHIPS, { query, signal });
    const groups = found.items.filter((each) => each['@odata.type'] === '#microsoft.graph.group').map(toMembership).sort((a, b) => a.name.localeCompare(b.name));
    return { groups: groups.slice(0, limit), more: !found.complete || groups.length > limit };
  }

  async appsOf(id: InternalId, limit: number, { signal }: CallOptions): Promise<{ readonly apps: readonly AssignedApp[]; readonly more: boolean }> {
    // Complete only so, for somebody who has many through groups: https://learn.microsoft.com/graph/api/user-list-approleassignments
    const options = { query: { $count: 'true', $top: '999' }, headers: { ConsistencyLevel: 'eventual' }, signal };
    const found = await this.#graph.list(`/users/${idSegment(id)}/appRoleAssignments`, appRole, MOST_MEMBERSHIPS, options);
    // One app may have given several roles, and to several groups.
    const names = new Map(found.items.map(({ resourceDisplayName, resourceId }) => [resourceId ?? '', resourceDisplayName ?? '']));
    const apps = [...names.values()].sort((a, b) => a.localeCompare(b)).map((name) => ({ name }));
    return { apps: apps.slice(0, limit), more: !found.complete || apps.length > limit };
  }

  async setSignInAllowed(id: InternalId, allowed: boolean, options: CallOptions): Promise<OperationReceipt> {
    // Not read again afterwards: a replica may still show the old value and turn a success into a doubt.
    return this.#recent.around(id.digest(), () => this.#effect(id, options, async (path, sent) => this.#graph.request('PATCH', path, { body: { accountEnabled: allowed }, ...sent })));
  }

  async revokeSessions(id: InternalId, options: CallOptions): Promise<OperationReceipt> {
    return this.#effect(id, options, async (path, sent) => {
      const answer = await this.#graph.request('POST', `${path}/revokeSignInSessions`, sent);
      const { value } = shaped(z.object({ value: z.boolean() }), answer, 'SYSTEM_OUTCOME_UNKNOWN');
      if (!value) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'Graph did not say that the sessions were ended');
      return answer;
    });
  }

  /** An effect on an account that may answer 404 for an account that is there. */
  async #effect(id: InternalId, { beforeRetry, signal }: CallOptions, send: (path: string, options: Pick<CallOptions, 'signal' | 'beforeRetry'>) => Promise<{ readonly requestId: string }>): Promise<OperationReceipt> {
    const path = `/users/${idSegment(id)}`;
    try {
      const answer = await send(path, { signal, ...(beforeRetry && { beforeRetry }) });
      return { requestIds: [answer.requestId] };
    } catch (error) {
      return refusedIfThere(error, () => this.#graph.request('GET', path, { query: { $select: 'id' }, signal }));
    }
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
    const most = Math.max(limit + 1, SEARCH_PAGE);
    const query = { $search: displayNameClause(name), $count: 'true', $select: SELECT, $top: String(most) };
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

function toMethod(found: z.infer<typeof method>): AuthenticationMethod {
  const { displayName, emailAddress, model, phoneNumber } = found;
  const detail = phoneNumber ? maskedNumber(phoneNumber) : emailAddress ? maskedAddress(emailAddress) : (displayName ?? model);
  const createdMs = Date.parse(found.createdDateTime ?? '');
  return { kind: methodKindOf.get(found['@odata.type']) ?? 'other', ...(detail && { detail }), ...(createdMs > 0 && { createdAt: new Date(createdMs) }) };
}

/** Enough to tell two numbers apart, too little to call one. */
function maskedNumber(number: string): string {
  return `… ${number.replaceAll(/\D/g, '').slice(-2)}`;
}

function maskedAddress(address: string): string {
  return address.replace(/^(.).*(@.*)$/su, '$1…$2');
}

function toSignIn({ appDisplayName, clientAppUsed, createdDateTime, ipAddress, location, status }: z.infer<typeof signIn>): SignIn {
  const at = new Date(createdDateTime);
  if (Number.isNaN(at.getTime())) throw new StewardError('SYSTEM_UNAVAILABLE', 'a sign-in without a time');
  const place = [location?.city, location?.countryOrRegion].filter(Boolean).join(', ');
  const succeeded = status.errorCode === 0;
  return {
    at,
    succeeded,
    app: appDisplayName ?? '',
    ...(!succeeded && status.failureReason && { failure: status.failureReason }),
    ...(ipAddress && { ipAddress }),
    ...(place !== '' && { place }),
    ...(clientAppUsed && { client: clientAppUsed }),
  };
}

function toMembership({ displayName, groupTypes, id, securityEnabled }: z.infer<typeof container>): Membership {
  return { id: new InternalId(id), name: displayName ?? '', kind: groupTypes?.includes('Unified') === true ? 'microsoft 365' : securityEnabled === true ? 'security' : 'other' };
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
