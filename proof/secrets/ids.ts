/** What the sandbox's company calls its people and things by: nobody is to see one of these. */
import { createCompany, type Company } from '../../sandbox/company/company.ts';
import { guidFromSeed, identitiesFromSeed, identityNames } from '../../sandbox/identifiers.ts';
import { createData } from '../../sandbox/servicenow/data.ts';
import type { Canary } from './canaries.ts';

export type IdKind = 'person' | 'group' | 'device' | 'device in Entra' | 'licence' | 'application' | 'directory role' | 'ticket' | 'person in ServiceNow' | 'identity' | 'subscription' | 'tenant';

/** Which kind stands before the colon of a canary's name. */
export const kindOf = ({ name }: Canary): string => name.split(':', 1)[0] ?? '';

/** All of them, each once. */
export function internalIds(seed: number, tenantId: string): readonly Canary[] {
  const company: Company = createCompany(seed, tenantId);
  const { database } = createData(company, seed, 'steward.integration');
  const rowsOf = (table: string): readonly string[] => [...(database.get(table)?.rows.keys() ?? [])];
  const ids: readonly (readonly [IdKind, Iterable<string | null>])[] = [
    ['person', company.users.keys()],
    ['group', company.directoryGroups.keys()],
    ['device', company.devices.keys()],
    ['device in Entra', [...company.devices.values()].map(({ azureADDeviceId }) => azureADDeviceId)],
    ['licence', company.subscriptions.flatMap(({ skuId, subscriptionId }) => [skuId, subscriptionId])],
    ['application', [...company.servicePrincipals.values()].flatMap(({ appId, id }) => [id, appId])],
    ['directory role', company.directoryRoles.keys()],
    ['ticket', rowsOf('incident')],
    ['person in ServiceNow', rowsOf('sys_user')],
    ['identity', identityNames.flatMap((name) => [identitiesFromSeed(seed)[name], guidFromSeed(seed, `principal/${name}`)])],
    ['subscription', [guidFromSeed(seed, 'subscription')]],
    ['tenant', [tenantId]],
  ];
  const seen = new Set<string>();
  return ids.flatMap(([kind, values]) =>
    [...values].flatMap((value): Canary[] => {
      if (value === null || value === '' || seen.has(value)) return [];
      seen.add(value);
      return [{ kind: 'internal id', name: `${kind}: ${seen.size}`, value }];
    }),
  );
}
