/** Memberships in the company's directory, and what a caller may see of its objects. */

import type { Company, Group, User } from '../company/company.ts';
import { hasAny } from './endpoint.ts';
import { basicUserProperties, directoryRoleType, groupType, project, userType } from './entity.ts';
import type { Entity, EntityType } from './entity.ts';
import { insufficientPrivileges } from './errors.ts';

type Granted = ReadonlySet<string>;

/** Roles that read whole user profiles. */
export const userReaders: readonly string[] = ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];

const groupReaders = [
  'GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Group.ReadBasic.All', 'Directory.Read.All', 'Directory.ReadWrite.All',
];

// learn.microsoft.com/graph/api/directoryrole-get, "Permissions". User.Read.All and GroupMember.Read.All are not enough.
const roleReaders = ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', 'Directory.Read.All', 'Directory.ReadWrite.All'];

// Domain objects are plain records of Graph's properties; the OData layer reads them by name.
export const toEntity = (object: { readonly id: string } | Entity): Entity => ({ ...object });

export interface Typed {
  readonly type: EntityType;
  readonly entity: Entity;
}

/** Which user properties the caller may read: all of them, the basic profile, or none. */
export function readableUserProperties(granted: Granted): readonly string[] {
  if (hasAny(granted, userReaders)) return userType.properties;
  return granted.has('User.ReadBasic.All') ? basicUserProperties : [];
}

/** Throws the refusal when one of the properties is beyond the caller's profile permission. */
export function requireReadable(granted: Granted, names: Iterable<string>): void {
  const readable = readableUserProperties(granted);
  for (const name of names) {
    if (!readable.includes(name)) throw insufficientPrivileges();
  }
}

const mayRead = (granted: Granted, type: EntityType): boolean => {
  switch (type.name) {
    case 'user': return hasAny(granted, [...userReaders, 'User.ReadBasic.All']);
    case 'group': return hasAny(granted, groupReaders);
    case 'directoryRole': return hasAny(granted, roleReaders);
    default: return false; // no other type is a member or a container
  }
};

/**
 * A member or container as the caller sees it: types that it has no permission for come with their id only and nulls
 * elsewhere. learn.microsoft.com/graph/permissions-overview, "Limited information returned for inaccessible member objects".
 */
export function describe({ type, entity }: Typed, select: readonly string[] | undefined, granted: Granted): Record<string, unknown> {
  const names = (select ?? type.defaults).filter((name) => type.properties.includes(name));
  const readable = type.name === 'user' ? readableUserProperties(granted) : mayRead(granted, type) ? type.properties : [];
  const visible = Object.fromEntries(Object.entries(entity).filter(([name]) => name === 'id' || readable.includes(name)));
  return { '@odata.type': `#microsoft.graph.${type.name}`, ...project({ ...visible, id: entity.id }, type, names) };
}

/** The object behind a member's id. */
export function findObject(company: Company, id: string): Typed | undefined {
  const user = company.users.get(id);
  if (user !== undefined) return { type: userType, entity: toEntity(user) };
  const group = company.directoryGroups.get(id);
  return group === undefined ? undefined : { type: groupType, entity: toEntity(group) };
}

/** Every group and directory role that the object is in itself. */
export function directContainersOf(company: Company, id: string): readonly Typed[] {
  const holds = ({ members }: { readonly members: readonly string[] }): boolean => members.includes(id);
  return [
    ...[...company.directoryGroups.values()].filter(holds).map((group) => ({ type: groupType, entity: toEntity(group) })),
    ...[...company.directoryRoles.values()].filter(holds).map((role) => ({ type: directoryRoleType, entity: toEntity(role) })),
  ];
}

/** Every group and directory role that the object is in, directly or through groups. */
export function containersOf(company: Company, id: string): readonly Typed[] {
  const groups: Group[] = [];
  const members = new Set([id]);
  // Repeats until no further group holds one of the members found so far; nesting is shallow.
  for (let found = true; found;) {
    found = false;
    for (const group of company.directoryGroups.values()) {
      if (members.has(group.id) || !group.members.some((member) => members.has(member))) continue;
      members.add(group.id);
      groups.push(group);
      found = true;
    }
  }
  const roles = [...company.directoryRoles.values()].filter((role) => role.members.some((member) => members.has(member)));
  return [
    ...groups.map((group) => ({ type: groupType, entity: toEntity(group) })),
    ...roles.map((role) => ({ type: directoryRoleType, entity: toEntity(role) })),
  ];
}

/** Members of a group; nested groups' members too when `isTransitive`. */
export function membersOf(company: Company, group: Group, isTransitive: boolean): readonly Typed[] {
  const found = new Map<string, Typed>();
  const visit = (ids: readonly string[]): void => {
    for (const id of ids) {
      const member = found.has(id) ? undefined : findObject(company, id);
      if (member === undefined) continue;
      found.set(id, member);
      if (isTransitive) visit(company.directoryGroups.get(id)?.members ?? []);
    }
  };
  visit(group.members);
  return [...found.values()];
}

/**
 * Whether only a higher-privileged administrator may change the user's sensitive properties: holders of directory roles,
 * and members of role-assignable groups even without a role.
 * learn.microsoft.com/graph/api/resources/users, "Who can perform sensitive actions"
 */
export function isProtected(company: Company, user: User): boolean {
  return containersOf(company, user.id).some(({ type, entity }) =>
    type.name === 'directoryRole' || (type.name === 'group' && entity['isAssignableToRole'] === true));
}

