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
  readonly audiences: { readonly graph: string; readonly vault: string; readonly openai: string; readonly storage: string };
  /** Hosts of the Bot Connector service, which the bot may answer to. */
  readonly connectorHosts: readonly string[];
}

const publicCloud: CloudRow = {
  graphHost: 'graph.microsoft.com',
  vaultSuffix: 'vault.azure.net',
  openaiSuffix: 'openai.azure.com',
  tableSuffix: 'table.core.windows.net',
  blobSuffix: 'blob.core.windows.net',
  audiences: {
    graph: 'https://graph.microsoft.com',
    vault: 'https://vault.azure.net',
    openai: 'https://cognitiveservices.azure.com',
    storage: 'https://storage.azure.com',
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
}

/** Resource names of one deployment. */
export interface ResourceNames {
  readonly vault: string;
  readonly openai: string;
  readonly storage: string;
}

// A name is one host label. Anything else (a dot, a slash, an @) could form another host.
const patterns: Readonly<Record<keyof ResourceNames, RegExp>> = {
  vault: /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/i,
  openai: /^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$/i,
  storage: /^[a-z0-9]{3,24}$/,
};

/** The endpoints of the named resources. Fails with `CONFIGURATION_INVALID`, naming every bad one. */
export function endpointsFor(cloud: CloudName, names: ResourceNames): Endpoints {
  const bad = Object.entries(patterns).filter(([kind, pattern]) => {
    // `Object.entries` forgets the keys; they are those of ResourceNames by the type of `patterns`.
    return !pattern.test(names[kind as keyof ResourceNames]);
  });
  if (bad.length > 0) throw new StewardError('CONFIGURATION_INVALID', `not a resource name: ${bad.map(([kind]) => kind).join(', ')}`);
  const row = clouds[cloud];
  return {
    graph: `https://${row.graphHost}`,
    vault: `https://${names.vault}.${row.vaultSuffix}`,
    openai: `https://${names.openai}.${row.openaiSuffix}`,
    tables: `https://${names.storage}.${row.tableSuffix}`,
    blobs: `https://${names.storage}.${row.blobSuffix}`,
  };
}

/** The scope to ask a token for. */
export function scopeOf(audience: keyof CloudRow['audiences'], cloud: CloudName = 'public'): string {
  return `${clouds[cloud].audiences[audience]}/.default`;
}
