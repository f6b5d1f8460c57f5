import type { InternalId } from './internal-id.ts';

/** What handlers need from the world, as narrow interfaces. `clients` implements them under the robot's identity. */

export interface CallOptions {
  /** Aborted by the kill switch and by the step's deadline. */
  readonly signal: AbortSignal;
  /**
   * Awaited before an effect is sent a second time (it was throttled, or never left). When it rejects, the effect is not
   * sent again and fails as not done. The guard reads the kill switch again here.
   */
  readonly beforeRetry?: () => Promise<void>;
}

/** What a system answered to an effect, for the ledger. */
export interface OperationReceipt {
  /** Request ids that the system returned, newest last. */
  readonly requestIds: readonly string[];
}

export interface Person {
  readonly id: InternalId;
  readonly displayName: string;
  readonly userPrincipalName: string;
  readonly mail?: string;
  readonly jobTitle?: string;
  readonly department?: string;
  readonly officeLocation?: string;
  readonly signInAllowed: boolean;
  readonly guest: boolean;
}

export interface PersonDetails extends Person {
  readonly manager?: { readonly id: InternalId; readonly displayName: string };
}

export interface PeopleDirectory {
  /**
   * People whose name, mail address, user name or object id is `text`. An exact match on an address or id returns that
   * one person only.
   */
  find(text: string, limit: number, options: CallOptions): Promise<{ readonly people: readonly Person[]; readonly more: boolean }>;
  /** Fails with `SYSTEM_NOT_FOUND` when the person does not exist. */
  show(id: InternalId, options: CallOptions): Promise<PersonDetails>;
  /** Sets `accountEnabled`. Fails with `SYSTEM_REFUSED`, `SYSTEM_NOT_FOUND`, `SYSTEM_UNAVAILABLE` or `SYSTEM_OUTCOME_UNKNOWN`. */
  setSignInAllowed(id: InternalId, allowed: boolean, options: CallOptions): Promise<OperationReceipt>;
  /** Ends every sign-in session. Same errors as `setSignInAllowed`. */
  revokeSessions(id: InternalId, options: CallOptions): Promise<OperationReceipt>;
}

export const devicePlatforms = ['windows', 'macos', 'ios', 'android', 'linux', 'other'] as const;
export type DevicePlatform = (typeof devicePlatforms)[number];

export const complianceStates = ['compliant', 'noncompliant', 'other'] as const;
export type ComplianceState = (typeof complianceStates)[number];

export interface Device {
  readonly id: InternalId;
  readonly name: string;
  readonly platform: DevicePlatform;
  readonly osVersion: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly compliance: ComplianceState;
  readonly lastSyncAt?: Date;
}

export interface DeviceDirectory {
  /** Managed devices whose primary user is the person, newest sync first; at most `limit`. */
  listOf(person: InternalId, limit: number, options: CallOptions): Promise<{ readonly devices: readonly Device[]; readonly more: boolean }>;
}

/** The robot's hands. Only `guard/execute` is given one. */
export interface Robot {
  readonly people: PeopleDirectory;
  readonly devices: DeviceDirectory;
}
