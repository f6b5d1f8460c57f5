import type { Requirement } from '../actions/action.ts';
import type { WorkflowName } from '../actions/ports.ts';

/** Where a Logic App with a request trigger is. */
export interface WorkflowPlace {
  /** First labels of its host, such as `prod-12.westeurope`. */
  readonly place: string;
  readonly workflowId: string;
}

/** An App Service by its Azure resource names. */
export interface SiteName {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** The systems that a customer connected, and what of each Steward may touch. Names and ids; never a secret. */
export interface SystemSettings {
  /** Object ids of the groups whose members may be changed. */
  readonly managedGroups: readonly string[];
  /** Object id of the user behind the robot's own mailbox. */
  readonly mailbox?: string;
  readonly servicenow?: {
    /** User name of the integration user. */
    readonly user: string;
    /** Name of the secret in Key Vault that holds its password. */
    readonly secret: string;
  };
  /** App Services that may be restarted. */
  readonly sites: readonly SiteName[];
  /** The resource group of Steward itself: never a target. */
  readonly ownResourceGroup?: Omit<SiteName, 'name'>;
  readonly workflows: Readonly<Partial<Record<WorkflowName, WorkflowPlace>>>;
}

export const noSystems: SystemSettings = { managedGroups: [], sites: [], workflows: {} };

/** Which requirements of actions these settings meet. */
export function met(settings: SystemSettings): ReadonlySet<Requirement> {
  const met: readonly (readonly [Requirement, boolean])[] = [
    ['managed groups', settings.managedGroups.length > 0],
    ['mailbox', settings.mailbox !== undefined],
    ['servicenow', settings.servicenow !== undefined],
    ['app services', settings.sites.length > 0],
    ['grant guest wifi', settings.workflows['grant guest wifi'] !== undefined],
    ['offboard person', settings.workflows['offboard person'] !== undefined],
  ];
  return new Set(met.flatMap(([requirement, holds]) => (holds ? [requirement] : [])));
}
