/** Groups: learn.microsoft.com/graph/api/resources/group */

import type { Group } from '../company/company.ts';
import type { SandboxResponse } from '../http.ts';
import { findObject, membersOf, toEntity } from './directory.ts';
import { hasAny } from './endpoint.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { groupType, project, userType } from './entity.ts';
import type { EntityType } from './entity.ts';
import { badRequest, insufficientPrivileges, isGuid, resourceNotFound } from './errors.ts';
import { collectionBody, contextOf, metadataRoot, page, readOptions, readSelect } from './odata.ts';
import { directoryPages, isRecord, linked } from './users.ts';

const readers = ['Group.ReadBasic.All', 'GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];

const memberReaders = ['GroupMember.ReadBasic.All', 'Group.ReadBasic.All', 'GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All'];

const ownerReaders = ['GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'GroupMember.ReadWrite.All', 'Directory.Read.All'];

// learn.microsoft.com/graph/api/group-post-members and group-delete-members, "Permissions"
const memberWriters = ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'];

/** A group by object id; unlike users, groups have no other key, so anything else is malformed. */
function findGroup(call: Call): Group {
  const id = call.parameter('id');
  if (!isGuid(id)) throw badRequest(`Invalid object identifier '${id}'.`);
  const group = call.company.directoryGroups.get(id.toLowerCase());
  if (group === undefined) throw resourceNotFound(id);
  return group;
}

function list({ request, company }: Call): SandboxResponse {
  const options = readOptions(request.url);
  const select = readSelect(options, [groupType]);
  const found = page([...company.directoryGroups.values()].map(toEntity), options, request.headers, request.url, { ...directoryPages, type: groupType });
  return {
    status: 200,
    body: collectionBody(contextOf('groups', select), found, found.entities.map((group) => project(group, groupType, select ?? groupType.defaults))),
  };
}

function get(call: Call): SandboxResponse {
  const select = readSelect(readOptions(call.request.url), [groupType]);
  const group = findGroup(call);
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#${contextOf('groups', select)}/$entity`,
      ...project(toEntity(group), groupType, select ?? groupType.defaults),
    },
  };
}

const members = (isTransitive: boolean, cast: EntityType | undefined) => (call: Call): SandboxResponse =>
  linked(call, membersOf(call.company, findGroup(call), isTransitive), cast, isTransitive);

function owners(call: Call): SandboxResponse {
  const { owners: ids, onPremisesSyncEnabled } = findGroup(call);
  // "Owners are currently not available for groups synchronized from an on-premises environment", and "service principals
  // are not listed as group owners": learn.microsoft.com/graph/api/group-list-owners
  const users = onPremisesSyncEnabled === true ? [] : ids.map((id) => findObject(call.company, id)).filter((object) => object !== undefined);
  return linked(call, users, undefined, false);
}

/**
 * The group whose members the caller is about to change. An owner may do so without any app role, but nobody may change
 * what a rule or another directory decides.
 */
function findWritable(call: Call): Group {
  const isWriter = hasAny(call.granted, memberWriters);
  const id = call.parameter('id').toLowerCase();
  const isOwner = call.isRobot && call.company.directoryGroups.get(id)?.owners.includes(call.company.robotPrincipalId) === true;
  // Who may write to no group is not told which ones exist.
  if (!isWriter && !isOwner) throw insufficientPrivileges();
  const group = findGroup(call);
  // group-post-members, "Permissions": role-assignable groups take RoleManagement.ReadWrite.Directory too.
  if (group.isAssignableToRole === true && !call.granted.has('RoleManagement.ReadWrite.Directory')) throw insufficientPrivileges();
  // learn.microsoft.com/troubleshoot/entra/entra-id/users-groups-entra-apis/authorization-requestdenied-403-error-add-user-group
  if (group.groupTypes.includes('DynamicMembership')) throw insufficientPrivileges();
  if (group.onPremisesSyncEnabled === true) {
    throw badRequest('Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.');
  }
  return group;
}

const reference = /^https:\/\/graph\.microsoft\.com(?::\d+)?\/v1\.0\/(?:directoryObjects|users|groups)\/([^/?#]+)$/i;

function addMember(call: Call): SandboxResponse {
  const group = findWritable(call);
  const { body } = call.request;
  const target: unknown = isRecord(body) ? body['@odata.id'] : undefined;
  const id = typeof target === 'string' ? reference.exec(target)?.[1]?.toLowerCase() : undefined;
  if (id === undefined) throw badRequest('Invalid URL format specified in payload.');
  const member = isGuid(id) ? findObject(call.company, id) : undefined;
  if (member === undefined) throw resourceNotFound(id);
  if (member.type === groupType) {
    if (!call.granted.has('Group.ReadWrite.All')) throw insufficientPrivileges();
    // Groups nest neither in Microsoft 365 groups nor in role-assignable ones: learn.microsoft.com/graph/api/resources/groups-overview
    if (group.groupTypes.includes('Unified') || group.isAssignableToRole === true) throw badRequest('The group does not take groups as members.');
  }
  if (group.members.includes(id)) {
    throw badRequest("One or more added object references already exist for the following modified properties: 'members'.");
  }
  return { status: 204, effect: call.company.changeMembers(group.id, [...group.members, id]) };
}

function removeMember(call: Call): SandboxResponse {
  const group = findWritable(call);
  const id = call.parameter('memberId').toLowerCase();
  if (!group.members.includes(id)) throw resourceNotFound(call.parameter('memberId'));
  return { status: 204, effect: call.company.changeMembers(group.id, group.members.filter((member) => member !== id)) };
}

export const groupEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/groups', permissions: readers, respond: list },
  { method: 'GET', path: '/groups/:id', permissions: readers, respond: get },
  { method: 'GET', path: '/groups/:id/members', permissions: memberReaders, respond: members(false, undefined) },
  { method: 'GET', path: '/groups/:id/members/microsoft.graph.user', permissions: memberReaders, respond: members(false, userType) },
  { method: 'GET', path: '/groups/:id/owners', permissions: ownerReaders, respond: owners },
  { method: 'POST', path: '/groups/:id/members/$ref', permissions: memberWriters, asksItself: true, respond: addMember },
  { method: 'DELETE', path: '/groups/:id/members/:memberId/$ref', permissions: memberWriters, asksItself: true, respond: removeMember },
  { method: 'GET', path: '/groups/:id/transitiveMembers', permissions: memberReaders, respond: members(true, undefined) },
  { method: 'GET', path: '/groups/:id/transitiveMembers/microsoft.graph.user', permissions: memberReaders, respond: members(true, userType) },
];
