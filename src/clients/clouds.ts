import { StewardError } from '../errors.ts';

/**
 * The clouds that Steward can be deployed to. Configuration names resources; hosts are formed here and nowhere else, so
 * that no setting can send a token to a host of somebody's choosing.
 */
interface CloudRow {
  readonly graphHost: string;
  readonly vaultSuffix: string;
  readonly openaiSuffix: string;
  readonly tableSuffix: string;
  readonly blobSuffix: string;
  readonly armHost: string;
  /** Of a Logic App's request trigger: `prod-NN.REGION.` before it. */
  readonly logicSuffix: string;
  readonly serviceNowSuffix: string;
  readonly sharePointSuffix: string;
  readonly audiences: { readonly graph: string; readonly vault: string; readonly openai: string; readonly storage: string; readonly arm: string };
  /** Hosts of the Bot Connector service, which the bot may answer to. */
  readonly connectorHosts: readonly string[];
}

const publicCloud: CloudRow = {
  graphHost: 'graph.microsoft.com',
  vaultSuffix: 'vault.azure.net',
  openaiSuffix: 'openai.azure.com',
  tableSuffix: 'table.core.windows.net',
  blobSuffix: 'blob.core.windows.net',
  armHost: 'management.azure.com',
  logicSuffix: 'logic.azure.com',
  serviceNowSuffix: 'service-now.com',
  sharePointSuffix: 'sharepoint.com',
  audiences: {
    graph: 'https://graph.microsoft.com',
    vault: 'https://vault.azure.net',
    openai: 'https://cognitiveservices.azure.com',
    storage: 'https://storage.azure.com',
    arm: 'https://management.azure.com',
  },
  // The service URL of Teams outside government clouds: platform-teams, `serviceUrl` of an activity.
  connectorHosts: ['smba.trafficmanager.net'],
};

export type CloudName = 'public';

export const clouds: Readonly<Record<CloudName, CloudRow>> = { public: publicCloud };

/** Base URLs, without a slash at the end. */
export interface Endpoints {
  readonly graph: string;
  readonly vault: string;
  readonly openai: string;
  readonly tables: string;
  readonly blobs: string;
  /** Of the account that checkpoints of the ledger go to; the security team's own, where there is one. */
  readonly anchors: string;
  readonly arm: string;
  /** Absent where the customer has none. */
  readonly servicenow?: string;
  /** Of the request triggers, by the place (`prod-12.westeurope`) that a workflow's setting names. */
  readonly logic: Readonly<Record<string, string>>;
  /** The tenant's OneDrive host; absent where reports come without a file. */
  readonly oneDrive?: string;
}

/** Resource names of one deployment. */
export interface ResourceNames {
  readonly vault: string;
  readonly openai: string;
  readonly storage: string;
  /** The storage account for checkpoints of the ledger, if it is another one. */
  readonly anchors?: string;
  readonly servicenow?: string;
  /** Such as `prod-12.westeurope`. */
  readonly logicPlaces?: readonly string[];
  /** Such as `contoso-my.sharepoint.com`. */
  readonly oneDriveHost?: string;
}

// A name is one host label. Anything else (a dot, a slash, an @) could form another host.
const patterns: Readonly<Record<'vault' | 'openai' | 'storage', RegExp>> = {
  vault: /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/i,
  openai: /^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$/i,
  storage: /^[a-z0-9]{3,24}$/,
};

/** The endpoints of the named resources. Fails with `CONFIGURATION_INVALID`, naming every bad one. */
export function endpointsFor(cloud: CloudName, names: ResourceNames): Endpoints {
  const bad = Object.entries(patterns).filter(([kind, pattern]) => {
    // `Object.entries` forgets the keys; they are those of `patterns`.
    return !pattern.test(names[kind as keyof typeof patterns]);
  });
  const { anchors = names.storage, logicPlaces = [], oneDriveHost, servicenow } = names;
  if (!patterns.storage.test(anchors)) bad.push(['anchors', patterns.storage]);
  if (servicenow !== undefined && !/^[a-z0-9][a-z0-9-]{0,62}$/i.test(servicenow)) bad.push(['servicenow', patterns.vault]);
  if (logicPlaces.some((place) => !/^prod-\d{2,3}\.[a-z0-9]{3,40}$/.test(place))) bad.push(['logic', patterns.vault]);
  if (oneDriveHost !== undefined && !isOneDriveHost(oneDriveHost, clouds[cloud].sharePointSuffix)) bad.push(['oneDriveHost', patterns.vault]);
  if (bad.length > 0) throw new StewardError('CONFIGURATION_INVALID', `not a resource name: ${bad.map(([kind]) => kind).join(', ')}`);
  const row = clouds[cloud];
  return {
    graph: `https://${row.graphHost}`,
    vault: vaultEndpoint(cloud, names.vault),
    openai: `https://${names.openai}.${row.openaiSuffix}`,
    tables: `https://${names.storage}.${row.tableSuffix}`,
    blobs: `https://${names.storage}.${row.blobSuffix}`,
    anchors: `https://${anchors}.${row.blobSuffix}`,
    arm: `https://${row.armHost}`,
    ...(servicenow !== undefined && { servicenow: `https://${servicenow}.${row.serviceNowSuffix}` }),
    ...(oneDriveHost !== undefined && { oneDrive: `https://${oneDriveHost.toLowerCase()}` }),
    logic: Object.fromEntries(logicPlaces.map((place) => [place, `https://${place}.${row.logicSuffix}`])),
  };
}

/** Where the tables of a storage account are, for whoever knows nothing else of the deployment. Fails with `CONFIGURATION_INVALID`. */
export function tablesEndpoint(cloud: CloudName, storage: string): string {
  if (!patterns.storage.test(storage)) throw new StewardError('CONFIGURATION_INVALID', 'not a resource name: storage');
  return `https://${storage}.${clouds[cloud].tableSuffix}`;
}

/** Where a storage account keeps its blobs. Fails with `CONFIGURATION_INVALID`. */
export function blobsEndpoint(cloud: CloudName, storage: string): string {
  if (!patterns.storage.test(storage)) throw new StewardError('CONFIGURATION_INVALID', 'not a resource name: storage');
  return `https://${storage}.${clouds[cloud].blobSuffix}`;
}

/** Where a vault answers. Fails with `CONFIGURATION_INVALID`. */
export function vaultEndpoint(cloud: CloudName, vault: string): string {
  if (!patterns.vault.test(vault)) throw new StewardError('CONFIGURATION_INVALID', 'not a resource name: vault');
  return `https://${vault}.${clouds[cloud].vaultSuffix}`;
}

/** `TENANT-my.sharepoint.com`: where the people of a tenant have their OneDrive. */
function isOneDriveHost(host: string, suffix: string): boolean {
  const [label = '', ...rest] = host.toLowerCase().split('.');
  return /^[a-z0-9][a-z0-9-]{0,58}-my$/.test(label) && rest.join('.') === suffix;
}

/** The scope to ask a token for. */
export function scopeOf(audience: keyof CloudRow['audiences'], cloud: CloudName = 'public'): string {
  return `${clouds[cloud].audiences[audience]}/.default`;
}
