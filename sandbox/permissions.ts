/** Reads `infra/permissions.json`: what infrastructure grants is what the sandbox allows, nothing else. */
import { readFileSync } from 'node:fs';
import { z } from 'zod/v4';
import { identityNames } from './identifiers.ts';
import type { Identities } from './identifiers.ts';

const grantSchema = z.object({
  system: z.string(),
  permission: z.string(),
  scope: z.string(),
});

const documentSchema = z.object({
  identities: z.record(z.enum(identityNames), z.object({ grants: z.array(grantSchema) })),
});

export type Grant = Readonly<z.infer<typeof grantSchema>>;

/** The file's content; a test may hand in another one. */
export type PermissionsDocument = z.infer<typeof documentSchema>;

/** Answers what one calling identity may do. An unknown client id may do nothing. */
export interface Permissions {
  grantsOf(clientId: string): readonly Grant[];
  /** Names of the permissions that the identity holds on one system, for example Graph app roles. */
  permissionsOn(system: string, clientId: string): ReadonlySet<string>;
}

/** The committed document. Read from disk, since Node 20 warns about JSON modules. */
export const readPermissions = (): PermissionsDocument =>
  documentSchema.parse(JSON.parse(readFileSync(new URL('../infra/permissions.json', import.meta.url), 'utf8')));

/** Ties the document's identity names to this sandbox's client ids. */
export function createPermissions(identities: Identities, document: PermissionsDocument = readPermissions()): Permissions {
  const byClientId = new Map(identityNames.map((name) => [identities[name], document.identities[name].grants] as const));
  const grantsOf = (clientId: string): readonly Grant[] => byClientId.get(clientId) ?? [];
  return {
    grantsOf,
    permissionsOn: (system, clientId) =>
      new Set(grantsOf(clientId).filter((grant) => grant.system === system).map((grant) => grant.permission)),
  };
}
