/** Groups: learn.microsoft.com/graph/api/resources/group */

import type { Group } from '../company/company.ts';
import type { SandboxResponse } from '../http.ts';
import { membersOf, toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { groupType, project, userType } from './entity.ts';
import type { EntityType } from './entity.ts';
import { badRequest, isGuid, resourceNotFound } from './errors.ts';
import { contextOf, metadataRoot, readOptions, readSelect } from './odata.ts';
import { linked } from './users.ts';

const readers = ['Group.ReadBasic.All', 'GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];

const memberReaders = ['GroupMember.ReadBasic.All', 'Group.ReadBasic.All', 'GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All'];

/** A group by object id; unlike users, groups have no other key, so anything else is malformed. */
function findGroup(call: Call): Group {
  const id = call.parameter('id');
  if (!isGuid(id)) throw badRequest(`Invalid object identifier '${id}'.`);
  const group = call.company.directoryGroups.get(id.toLowerCase());
  if (group === undefined) throw resourceNotFound(id);
  return group;
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

export const groupEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/groups/:id', permissions: readers, respond: get },
  { method: 'GET', path: '/groups/:id/members', permissions: memberReaders, respond: members(false, undefined) },
  { method: 'GET', path: '/groups/:id/members/microsoft.graph.user', permissions: memberReaders, respond: members(false, userType) },
  { method: 'GET', path: '/groups/:id/transitiveMembers', permissions: memberReaders, respond: members(true, undefined) },
  { method: 'GET', path: '/groups/:id/transitiveMembers/microsoft.graph.user', permissions: memberReaders, respond: members(true, userType) },
];
