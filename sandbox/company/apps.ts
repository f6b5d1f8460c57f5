/** The company's enterprise applications, and who may use them. */

import { toGraphTime } from './devices.ts';
import type { Random } from './random.ts';
import type { AppRoleAssignment, Group, ServicePrincipal, User } from './types.ts';

interface App {
  readonly name: string;
  readonly description: string;
  readonly host: string | null;
  /** Names of groups whose direct members may use it. */
  readonly groups: readonly string[];
}

const apps: readonly App[] = [
  { name: 'Expenses', description: 'Travel and other expenses.', host: 'expenses', groups: ['Finance Department', 'Sales Department', 'Marketing Department'] },
  { name: 'Learning Portal', description: 'Courses and certificates.', host: 'learning', groups: ['Human Resources Department', 'Customer Support Department', 'Marketing Department'] },
  { name: 'Warehouse Planner', description: 'Stock and shifts.', host: 'warehouse', groups: ['Operations Department'] },
  { name: 'Design Library', description: 'Drawings and brand assets.', host: 'design', groups: ['Design Tools'] },
  { name: 'Payroll', description: 'Salaries.', host: 'payroll', groups: ['Payroll Readers'] },
  // Without a home page, so that a caller meets null.
  { name: 'Badge Reader Sync', description: 'Doors and badges.', host: null, groups: ['Facilities Department'] },
];

/** "The principal is assigned to the resource app without any specific app roles": learn.microsoft.com/graph/api/resources/approleassignment */
const defaultAccess = '00000000-0000-0000-0000-000000000000';
const dayMs = 86_400_000;

interface Apps {
  readonly servicePrincipals: readonly ServicePrincipal[];
  readonly assignments: readonly AppRoleAssignment[];
}

/** `direct` are people who may use the first app without any group. */
export function createApps(random: Random, epochMs: number, domain: string, robotId: string, groups: readonly Group[], direct: readonly User[]): Apps {
  const servicePrincipals = apps.map(({ name, description, host }): ServicePrincipal => ({
    id: random.uuid(),
    appId: random.uuid(),
    accountEnabled: true,
    appDisplayName: name,
    appRoleAssignmentRequired: true,
    description,
    displayName: name,
    homepage: host === null ? null : `https://${host}.${domain}/`,
    loginUrl: null,
    servicePrincipalType: 'Application',
    tags: ['WindowsAzureActiveDirectoryIntegratedApp'],
  }));
  const assign = (resource: ServicePrincipal, principal: User | Group, principalType: 'User' | 'Group'): AppRoleAssignment => ({
    id: random.text('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 43),
    appRoleId: defaultAccess,
    createdDateTime: toGraphTime(epochMs - random.integer(20, 900) * dayMs),
    principalDisplayName: principal.displayName,
    principalId: principal.id,
    principalType,
    resourceDisplayName: resource.displayName,
    resourceId: resource.id,
  });
  const assignments = apps.flatMap((app, index) => {
    const resource = servicePrincipals[index];
    if (resource === undefined) return [];
    const holders = groups.filter((group) => app.groups.includes(group.displayName)).map((group) => assign(resource, group, 'Group'));
    return index === 0 ? [...holders, ...direct.map((user) => assign(resource, user, 'User'))] : holders;
  });
  const robot: ServicePrincipal = {
    id: robotId,
    appId: null,
    accountEnabled: true,
    appDisplayName: 'steward-robot',
    appRoleAssignmentRequired: false,
    description: null,
    displayName: 'steward-robot',
    homepage: null,
    loginUrl: null,
    servicePrincipalType: 'ManagedIdentity',
    tags: [],
  };
  return { servicePrincipals: [...servicePrincipals, robot], assignments };
}
