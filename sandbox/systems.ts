/** What the made-up company connected to Steward: the settings that an operator would make. */
import type { SystemSettings } from '../src/clients/systems.ts';
import type { Cloud } from './cloud.ts';
import type { Company } from './company/company.ts';

/** Where Teams puts files of the company's people. */
export const ONEDRIVE_HOST = 'haldenworks-my.sharepoint.com';

export function systemsOf({ arm, logic }: Pick<Cloud, 'arm' | 'logic'>, company: Pick<Company, 'managedGroups' | 'robotMailbox'>): SystemSettings {
  const { 'grant-guest-wifi': wifi, 'offboard-person': offboard } = logic.workflows;
  const own = arm.ownResourceGroup;
  return {
    managedGroups: company.managedGroups,
    mailbox: company.robotMailbox.id,
    servicenow: { user: 'steward.integration', secret: 'servicenow-password' },
    sites: [...arm.sites].flatMap(([name, { resourceGroup }]) => (resourceGroup === own ? [] : [{ subscription: arm.subscriptionId, resourceGroup, name }])),
    ownResourceGroup: { subscription: arm.subscriptionId, resourceGroup: own },
    workflows: { 'grant guest wifi': { place: wifi.place, workflowId: wifi.id }, 'offboard person': { place: offboard.place, workflowId: offboard.id } },
  };
}

/** The request triggers of its workflows, by the place in their address. */
export function placesOf({ endpoints, logic }: Pick<Cloud, 'endpoints' | 'logic'>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.values(logic.workflows).map(({ place, region }) => [place, endpoints.logic[region]]));
}
