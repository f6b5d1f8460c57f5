import type { Endpoints } from '../../sandbox/cloud.ts';
import type { Persona } from '../../sandbox/company/types.ts';
import type { Identities } from '../../sandbox/identifiers.ts';
import type { RoleGroups } from '../../src/clients/who-is-who.ts';

/** What the bots must know of the cloud. */
export interface CloudFacts {
  readonly tenantId: string;
  readonly identities: Identities;
  readonly endpoints: Endpoints;
  readonly caPem: string;
  readonly channelKeys: { readonly metadataUrl: string; readonly issuer: string };
  readonly groups: RoleGroups;
  readonly people: readonly Persona[];
}

/** What Steward's process is handed. */
export interface StewardGiven {
  readonly cloud: CloudFacts;
  readonly modelUrl: string;
  /** Authorities to trust: the cloud's and the model's. */
  readonly caPems: readonly string[];
}

/** One request that a bot made, by its own clock since the epoch, in milliseconds. */
export interface OutgoingCall {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly method: string;
  readonly host: string;
  readonly path: string;
}
