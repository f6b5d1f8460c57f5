import type { AppServices, Workflows } from './ports/azure.ts';
import type { DeviceDirectory } from './ports/devices.ts';
import type { GroupDirectory } from './ports/groups.ts';
import type { ServiceHealth } from './ports/health.ts';
import type { LicenceDirectory } from './ports/licences.ts';
import type { Mailbox } from './ports/mail.ts';
import type { PeopleDirectory } from './ports/people.ts';
import type { TicketSystem } from './ports/tickets.ts';

/** What handlers need from the world, as narrow interfaces. `clients` implements them under the robot's identity. */

export type * from './ports/azure.ts';
export type { CallOptions, OperationReceipt } from './ports/call.ts';
export { complianceStates, devicePlatforms, type ComplianceState, type Device, type DeviceDetails, type DeviceDirectory, type DevicePlatform } from './ports/devices.ts';
export type * from './ports/groups.ts';
export type * from './ports/health.ts';
export type * from './ports/licences.ts';
export type * from './ports/mail.ts';
export * from './ports/people.ts';
export * from './ports/tickets.ts';

/** The robot's hands. Only `guard/execute` is given one. */
export interface Robot {
  readonly people: PeopleDirectory;
  readonly devices: DeviceDirectory;
  readonly groups: GroupDirectory;
  readonly licences: LicenceDirectory;
  readonly mail: Mailbox;
  readonly health: ServiceHealth;
  readonly tickets: TicketSystem;
  readonly appServices: AppServices;
  readonly workflows: Workflows;
}
