/** Users: learn.microsoft.com/graph/api/resources/user */

import type { User, UserChanges } from '../company/company.ts';
import type { SandboxResponse } from '../http.ts';
import { containersOf, describe, directContainersOf, isProtected, readableUserProperties, requireReadable, toEntity, userReaders } from './directory.ts';
import type { Typed } from './directory.ts';
import { hasAny } from './endpoint.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { findProperty, groupType, directoryRoleType, project, userType } from './entity.ts';
import type { EntityType } from './entity.ts';
import { badQuery, badRequest, GraphError, insufficientPrivileges, isGuid, resourceNotFound, unsupportedQuery } from './errors.ts';
import { collectionBody, contextOf, isEventual, metadataRoot, page, readOptions, readSelect } from './odata.ts';
import type { Options } from './odata.ts';

export const directoryPages = { defaultPageSize: 100, maximumPageSize: 999 };

const lookupPermissions = ['User.ReadBasic.All', ...userReaders];

// Application permissions of transitiveMemberOf and checkMemberGroups.
const membershipPermissions = [
  'User.Read.All', 'GroupMember.ReadBasic.All', 'GroupMember.Read.All', 'Group.ReadBasic.All', 'Group.Read.All', 'Directory.Read.All',
  'Directory.ReadWrite.All',
];

// Application permissions of memberOf, which are not those of transitiveMemberOf.
const directMembershipPermissions = ['GroupMember.ReadBasic.All', 'Group.ReadBasic.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];

/** A user by object id or user principal name. Throws GraphError. */
export function findUser(call: Call): User {
  const key = call.parameter('id');
  const user = isGuid(key)
    ? call.company.users.get(key.toLowerCase())
    : [...call.company.users.values()].find((candidate) => candidate.userPrincipalName.toLowerCase() === key.toLowerCase());
  // Malformed ids get the same answer: the directory takes what is no GUID for a user principal name.
  if (user === undefined) throw resourceNotFound(key);
  return user;
}

/** Only found by `$select` on one user, never in a collection. */
const singleOnly = new Set(['aboutme', 'birthday', 'hiredate', 'interests', 'mysite', 'pastprojects', 'preferredname', 'responsibilities', 'schools', 'skills', 'mailboxsettings']);

function readUserSelect(options: Options, granted: ReadonlySet<string>): readonly string[] | undefined {
  const select = readSelect(options, [userType]);
  if (select !== undefined) requireReadable(granted, select);
  return select;
}

interface Expansion {
  readonly select: readonly string[] | undefined;
}

/** `$expand=manager` or `$expand=manager($select=…)`. */
function readExpand(options: Options, granted: ReadonlySet<string>): Expansion | undefined {
  const text = options.get('$expand');
  if (text === undefined) return undefined;
  const match = /^manager(?:\((?:\$levels=1;)?\$select=([^();]+)\))?$/i.exec(text.trim());
  if (match === null) {
    const name = /^\w*/.exec(text.trim())?.[0] ?? '';
    if (name.toLowerCase() === 'manager') throw unsupportedQuery('The sandbox knows `manager` and `manager($select=…)` only.');
    throw badQuery(`Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.user'.`);
  }
  if (!hasAny(granted, userReaders)) throw insufficientPrivileges();
  const names = match[1];
  return { select: names === undefined ? undefined : readSelect(new Map([['$select', names]]), [userType]) };
}

function render(user: User, select: readonly string[] | undefined, expansion: Expansion | undefined, call: Call): Record<string, unknown> {
  const readable = readableUserProperties(call.granted);
  const names = (select ?? userType.defaults).filter((name) => readable.includes(name));
  const manager = expansion === undefined ? undefined : call.company.users.get(call.company.managers.get(user.id) ?? '');
  return {
    ...project(toEntity(user), userType, names),
    ...(expansion !== undefined && manager !== undefined && {
      manager: describe({ type: userType, entity: toEntity(manager) }, expansion.select, call.granted),
    }),
  };
}

function list(call: Call): SandboxResponse {
  const { request, company, granted } = call;
  const options = readOptions(request.url);
  for (const name of (options.get('$select') ?? '').split(',')) {
    if (singleOnly.has(name.trim().toLowerCase())) throw new GraphError(501, 'NotImplemented', `The property '${name.trim()}' cannot be returned within a user collection.`);
  }
  const select = readUserSelect(options, granted);
  const expansion = readExpand(options, granted);
  if (expansion !== undefined && isEventual(request.headers)) throw unsupportedQuery('$expand is not supported with advanced queries.');
  const found = page([...company.users.values()].map(toEntity), options, request.headers, request.url, {
    ...directoryPages,
    type: userType,
    reading: (properties) => {
      requireReadable(granted, properties);
    },
  });
  const users = found.entities.map(({ id }) => company.users.get(id)).filter((user) => user !== undefined);
  return {
    status: 200,
    body: collectionBody(contextOf('users', select), found, users.map((user) => render(user, select, expansion, call))),
  };
}

function count(call: Call): SandboxResponse {
  const { request, company, granted } = call;
  // learn.microsoft.com/graph/aad-advanced-queries, "Error handling"
  if (!isEventual(request.headers)) throw badRequest('$count is not currently supported.');
  const options = new Map(readOptions(request.url)).set('$count', 'true');
  const found = page([...company.users.values()].map(toEntity), options, request.headers, request.url, {
    ...directoryPages,
    type: userType,
    reading: (properties) => {
      requireReadable(granted, properties);
    },
  });
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(found.count ?? 0) };
}

function get(call: Call): SandboxResponse {
  const options = readOptions(call.request.url);
  const select = readUserSelect(options, call.granted);
  const expansion = readExpand(options, call.granted);
  const user = findUser(call);
  return {
    status: 200,
    body: { '@odata.context': `${metadataRoot}#${contextOf('users', select)}/$entity`, ...render(user, select, expansion, call) },
  };
}

function getManager(call: Call): SandboxResponse {
  const select = readSelect(readOptions(call.request.url), [userType]);
  const user = findUser(call);
  const manager = call.company.users.get(call.company.managers.get(user.id) ?? '');
  if (manager === undefined) throw resourceNotFound('manager');
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#${contextOf('directoryObjects', select)}/$entity`,
      ...describe({ type: userType, entity: toEntity(manager) }, select, call.granted),
    },
  };
}

type Kind = 'boolean' | 'string' | 'strings';

/** What PATCH may set, and with which kind of value. */
const writable = new Map<keyof UserChanges, Kind>([
  ['accountEnabled', 'boolean'], ['businessPhones', 'strings'], ['city', 'string'], ['companyName', 'string'], ['country', 'string'],
  ['department', 'string'], ['displayName', 'string'], ['employeeId', 'string'], ['employeeType', 'string'], ['givenName', 'string'],
  ['jobTitle', 'string'], ['mailNickname', 'string'], ['mobilePhone', 'string'], ['officeLocation', 'string'],
  ['onPremisesImmutableId', 'string'], ['otherMails', 'strings'], ['preferredLanguage', 'string'], ['surname', 'string'],
  ['usageLocation', 'string'], ['userPrincipalName', 'string'],
]);

const notNullable = new Set<string>(['accountEnabled', 'businessPhones', 'displayName', 'mailNickname', 'otherMails', 'userPrincipalName']);

// learn.microsoft.com/graph/api/resources/users, "Sensitive actions"
const sensitive = new Set<string>(['accountEnabled', 'businessPhones', 'mobilePhone', 'onPremisesImmutableId', 'otherMails', 'passwordProfile', 'userPrincipalName']);

const isKind = (value: unknown, kind: Kind): boolean => {
  if (kind === 'strings') return Array.isArray(value) && value.every((one) => typeof one === 'string');
  return typeof value === kind;
};

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readChanges(body: unknown): UserChanges {
  if (body === undefined) throw new GraphError(400, 'BadRequest', 'Empty Payload. JSON content expected.');
  if (!isRecord(body)) throw new GraphError(400, 'BadRequest', 'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.');
  const changes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name.startsWith('@odata.')) continue;
    const kind = writable.get(name as keyof UserChanges); // only looked up: an unknown name finds nothing
    if (kind === undefined) {
      throw badRequest(findProperty(userType, name) === name ? `Property '${name}' is read-only and cannot be set.` : `Invalid property '${name}'.`);
    }
    if (!(isKind(value, kind) || (value === null && !notNullable.has(name)))) {
      throw badRequest(`Invalid value specified for property '${name}' of resource 'User'.`);
    }
    changes[name] = value;
  }
  return changes; // every name is a key of UserChanges and every value of its kind, checked above
}

function update(call: Call): SandboxResponse {
  const { company, granted, request } = call;
  const changes = readChanges(request.body);
  const names = Object.keys(changes);
  if (!hasAny(granted, ['User.ReadWrite.All', 'Directory.ReadWrite.All'])) {
    // learn.microsoft.com/graph/api/user-update: accountEnabled takes User.EnableDisableAccount.All together with User.Read.All.
    const mayEnable = granted.has('User.EnableDisableAccount.All') && hasAny(granted, userReaders);
    if (!mayEnable || names.some((name) => name !== 'accountEnabled')) throw insufficientPrivileges();
  }
  const user = findUser(call);
  // An app without a directory role of its own may not touch the sensitive properties of administrators and of members
  // of role-assignable groups, whatever its permissions: learn.microsoft.com/graph/api/resources/users and user-update.
  if (names.some((name) => sensitive.has(name)) && isProtected(company, user)) throw insufficientPrivileges();
  // The account state of a synchronised user can be set in the cloud; its profile comes from on-premises.
  if (user.onPremisesSyncEnabled === true && names.some((name) => name !== 'accountEnabled')) {
    throw badRequest('Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.');
  }
  const isChanged = company.changeUser(user.id, changes);
  return { status: 204, effect: isChanged };
}

function revokeSignInSessions(call: Call): SandboxResponse {
  const user = findUser(call);
  // "This API doesn't revoke sign-in sessions for external users": user-revokesigninsessions. It answers the same. It is
  // no "sensitive action", so administrators' sessions can be revoked too.
  const isRevoked = user.userType === 'Member';
  if (isRevoked) {
    call.company.changeUser(user.id, { signInSessionsValidFromDateTime: call.now.toISOString().replace(/\.\d{3}Z$/, 'Z') });
  }
  return { status: 200, effect: isRevoked, body: { '@odata.context': `${metadataRoot}#Edm.Boolean`, value: true } };
}

const maximumGroupIds = 20;

function checkMemberGroups(call: Call): SandboxResponse {
  const { body } = call.request;
  const groupIds: unknown = isRecord(body) ? body['groupIds'] : undefined;
  if (!Array.isArray(groupIds) || groupIds.length === 0) throw badRequest("Required parameter 'groupIds' is missing or empty.");
  const ids = groupIds.filter((id) => typeof id === 'string');
  if (ids.length !== groupIds.length) throw badRequest("Invalid value specified for parameter 'groupIds'.");
  if (ids.length > maximumGroupIds) throw badRequest(`The number of values in 'groupIds' exceeds the maximum of ${maximumGroupIds}.`);
  const malformed = ids.find((id) => !isGuid(id));
  if (malformed !== undefined) throw badRequest(`Invalid object identifier '${malformed}'.`);
  const groups = new Set(containersOf(call.company, findUser(call).id).filter(({ type }) => type === groupType).map(({ entity }) => entity.id));
  return {
    status: 200,
    body: { '@odata.context': `${metadataRoot}#Collection(Edm.String)`, value: ids.filter((id) => groups.has(id.toLowerCase())) },
  };
}

/** A collection of members or containers, whole or cast to one type. */
export function linked(call: Call, objects: readonly Typed[], cast: EntityType | undefined, isCastAdvanced: boolean): SandboxResponse {
  const { request } = call;
  const options = readOptions(request.url);
  const isCounted = options.get('$count')?.toLowerCase() === 'true';
  // "Use of OData cast with transitive members list" is an advanced query: learn.microsoft.com/graph/aad-advanced-queries;
  // so is it with memberOf: learn.microsoft.com/graph/api/user-list-memberof, "Request headers"
  if (cast !== undefined && isCastAdvanced && !(isEventual(request.headers) && isCounted)) {
    throw unsupportedQuery('OData cast on this collection is only supported with $count=true and the ConsistencyLevel:eventual header.');
  }
  const select = readSelect(options, cast === undefined ? [groupType, userType, directoryRoleType] : [cast]);
  const chosen = cast === undefined ? objects : objects.filter(({ type }) => type === cast);
  const byId = new Map(chosen.map((object) => [object.entity.id, object]));
  const found = page(chosen.map(({ entity }) => entity), options, request.headers, request.url, {
    ...directoryPages,
    // Without a cast only what all types share can be asked for; groups have it.
    type: cast ?? groupType,
    isLink: true,
    reading: (properties) => {
      if (cast === userType) requireReadable(call.granted, properties);
    },
  });
  const set = cast === undefined ? 'directoryObjects' : `${cast.name}s`;
  return {
    status: 200,
    body: collectionBody(contextOf(set, select), found, found.entities.map(({ id }) => {
      const object = byId.get(id);
      if (object === undefined) throw new Error('a page holds only what went in');
      const { '@odata.type': odataType, ...properties } = describe(object, select, call.granted);
      return cast === undefined ? { '@odata.type': odataType, ...properties } : properties;
    })),
  };
}

const memberOf = (isTransitive: boolean, cast: EntityType | undefined) => (call: Call): SandboxResponse =>
  linked(call, (isTransitive ? containersOf : directContainersOf)(call.company, findUser(call).id), cast, true);

export const userEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/users', permissions: lookupPermissions, respond: list },
  { method: 'GET', path: '/users/$count', permissions: lookupPermissions, respond: count },
  { method: 'GET', path: '/users/:id', permissions: lookupPermissions, respond: get },
  { method: 'GET', path: '/users/:id/manager', permissions: userReaders, respond: getManager },
  {
    method: 'PATCH',
    path: '/users/:id',
    permissions: ['User.EnableDisableAccount.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
    respond: update,
  },
  {
    method: 'POST',
    path: '/users/:id/revokeSignInSessions',
    permissions: ['User.RevokeSessions.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
    respond: revokeSignInSessions,
  },
  { method: 'POST', path: '/users/:id/checkMemberGroups', permissions: membershipPermissions, respond: checkMemberGroups },
  { method: 'GET', path: '/users/:id/memberOf', permissions: directMembershipPermissions, respond: memberOf(false, undefined) },
  { method: 'GET', path: '/users/:id/memberOf/microsoft.graph.group', permissions: directMembershipPermissions, respond: memberOf(false, groupType) },
  {
    method: 'GET',
    path: '/users/:id/memberOf/microsoft.graph.directoryRole',
    permissions: directMembershipPermissions,
    respond: memberOf(false, directoryRoleType),
  },
  { method: 'GET', path: '/users/:id/transitiveMemberOf', permissions: membershipPermissions, respond: memberOf(true, undefined) },
  { method: 'GET', path: '/users/:id/transitiveMemberOf/microsoft.graph.group', permissions: membershipPermissions, respond: memberOf(true, groupType) },
  {
    method: 'GET',
    path: '/users/:id/transitiveMemberOf/microsoft.graph.directoryRole',
    permissions: membershipPermissions,
    respond: memberOf(true, directoryRoleType),
  },
];
