import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

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

export interface DeviceDetails extends Device {
  /** The primary user; absent where it has none. */
  readonly user?: { readonly id: InternalId; readonly displayName: string };
  readonly encrypted?: boolean;
  readonly owner: 'company' | 'personal' | 'unknown';
  readonly enrolledAt?: Date;
}

export interface DeviceDirectory {
  /** Managed devices with exactly this serial number. */
  findBySerial(serialNumber: string, limit: number, options: CallOptions): Promise<{ readonly devices: readonly DeviceDetails[]; readonly more: boolean }>;
  /** Fails with `SYSTEM_NOT_FOUND`. */
  show(id: InternalId, options: CallOptions): Promise<DeviceDetails>;
  /** Managed devices that did not sync for so many days, the longest first; at most `limit`. */
  stale(days: number, limit: number, options: CallOptions): Promise<{ readonly devices: readonly DeviceDetails[]; readonly more: boolean }>;
  /** Asks the device to check in. Fails with `SYSTEM_REFUSED`, `SYSTEM_NOT_FOUND`, `SYSTEM_UNAVAILABLE` or `SYSTEM_OUTCOME_UNKNOWN`, as the two below. */
  sync(id: InternalId, options: CallOptions): Promise<OperationReceipt>;
  lock(id: InternalId, options: CallOptions): Promise<OperationReceipt>;
  /** Factory reset. Can't be taken back. */
  wipe(id: InternalId, options: CallOptions): Promise<OperationReceipt>;
  /** Managed devices whose primary user is the person, newest sync first; at most `limit`. */
  listOf(person: InternalId, limit: number, options: CallOptions): Promise<{ readonly devices: readonly Device[]; readonly more: boolean }>;
}
