/** Enterprise applications and who may use them: learn.microsoft.com/graph/api/resources/serviceprincipal */

import type { ServicePrincipal } from '../company/company.ts';
import type { SandboxResponse } from '../http.ts';
import { toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { appRoleAssignmentType, project, servicePrincipalType } from './entity.ts';
import type { Entity } from './entity.ts';
import { isGuid, resourceNotFound } from './errors.ts';
import { collectionBody, contextOf, metadataRoot, page, readOptions, readSelect } from './odata.ts';
import { directoryPages, findUser } from './users.ts';

const readers = ['Application.Read.All', 'Application.ReadWrite.All', 'Application.ReadWrite.OwnedBy', 'Directory.Read.All'];

/** The robot's client id is the cloud's to give. */
const entityOf = (principal: ServicePrincipal, robotClientId: string | undefined): Entity =>
  toEntity({ ...principal, appId: principal.appId ?? robotClientId ?? null });

function list({ request, company, robotClientId }: Call): SandboxResponse {
  const options = readOptions(request.url);
  const select = readSelect(options, [servicePrincipalType]);
  const all = [...company.servicePrincipals.values()].map((principal) => entityOf(principal, robotClientId));
  const found = page(all, options, request.headers, request.url, { ...directoryPages, type: servicePrincipalType });
  return {
    status: 200,
    body: collectionBody(contextOf('servicePrincipals', select), found, found.entities.map((principal) =>
      project(principal, servicePrincipalType, select ?? servicePrincipalType.defaults))),
  };
}

function get(call: Call): SandboxResponse {
  const select = readSelect(readOptions(call.request.url), [servicePrincipalType]);
  const id = call.parameter('id');
  const principal = isGuid(id) ? call.company.servicePrincipals.get(id.toLowerCase()) : undefined;
  if (principal === undefined) throw resourceNotFound(id);
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#${contextOf('servicePrincipals', select)}/$entity`,
      ...project(entityOf(principal, call.robotClientId), servicePrincipalType, select ?? servicePrincipalType.defaults),
    },
  };
}

/** "Also returns app roles assigned to groups that the user is a direct member of": user-list-approleassignments. */
function listAssignments(call: Call): SandboxResponse {
  const { request, company } = call;
  const options = readOptions(request.url);
  const select = readSelect(options, [appRoleAssignmentType]);
  const { id } = findUser(call);
  const holds = (principalId: string): boolean =>
    principalId === id || company.directoryGroups.get(principalId)?.members.includes(id) === true;
  const assignments = company.appRoleAssignments.filter(({ principalId }) => holds(principalId)).map(toEntity);
  const found = page(assignments, options, request.headers, request.url, { ...directoryPages, type: appRoleAssignmentType });
  return {
    status: 200,
    body: collectionBody(contextOf('appRoleAssignments', select), found, found.entities.map((assignment) =>
      project(assignment, appRoleAssignmentType, select ?? appRoleAssignmentType.defaults))),
  };
}

export const appEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/servicePrincipals', permissions: readers, respond: list },
  { method: 'GET', path: '/servicePrincipals/:id', permissions: [...readers, 'Directory.ReadWrite.All'], respond: get },
  {
    method: 'GET',
    path: '/users/:id/appRoleAssignments',
    permissions: ['Directory.Read.All', 'AppRoleAssignment.ReadWrite.All'],
    respond: listAssignments,
  },
];
