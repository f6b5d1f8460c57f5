import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, ComplianceState, Device, DeviceDirectory, DevicePlatform } from '../actions/ports.ts';
import { idSegment, odataString, type GraphClient } from './graph.ts';

const SELECT = 'id,deviceName,operatingSystem,osVersion,model,serialNumber,complianceState,lastSyncDateTime';
/** Nobody has more managed devices than this; Intune itself allows 15 enrolments a person by default. */
const MOST_DEVICES = 200;

const managedDevice = z.object({
  id: z.string().min(1),
  deviceName: z.string().nullish(),
  operatingSystem: z.string().nullish(),
  osVersion: z.string().nullish(),
  model: z.string().nullish(),
  serialNumber: z.string().nullish(),
  complianceState: z.string().nullish(),
  lastSyncDateTime: z.string().nullish(),
});

const platforms: ReadonlyMap<string, DevicePlatform> = new Map([
  ['windows', 'windows'],
  ['macos', 'macos'],
  ['mac os x', 'macos'],
  ['ios', 'ios'],
  ['ipados', 'ios'],
  ['android', 'android'],
  ['linux', 'linux'],
]);

const states: ReadonlyMap<string, ComplianceState> = new Map([
  ['compliant', 'compliant'],
  ['noncompliant', 'noncompliant'],
]);

/** Managed devices in Intune, read by the robot through Graph. */
export class GraphDeviceDirectory implements DeviceDirectory {
  readonly #graph: GraphClient;

  constructor(graph: GraphClient) {
    this.#graph = graph;
  }

  async listOf(person: InternalId, limit: number, { signal }: CallOptions): Promise<{ readonly devices: readonly Device[]; readonly more: boolean }> {
    // Intune does not order by last sync, so all are read and ordered here.
    const query = { $filter: `userId eq ${odataString(idSegment(person))}`, $select: SELECT, $top: '100' };
    const found = await this.#graph.list('/deviceManagement/managedDevices', managedDevice, MOST_DEVICES, { query, signal });
    const devices = found.items.map(toDevice).sort((a, b) => (b.lastSyncAt?.getTime() ?? 0) - (a.lastSyncAt?.getTime() ?? 0));
    return { devices: devices.slice(0, limit), more: !found.complete || devices.length > limit };
  }
}

function toDevice(found: z.infer<typeof managedDevice>): Device {
  const syncedMs = Date.parse(found.lastSyncDateTime ?? '');
  return {
    id: new InternalId(found.id),
    name: found.deviceName ?? '',
    platform: platforms.get((found.operatingSystem ?? '').toLowerCase()) ?? 'other',
    osVersion: found.osVersion ?? '',
    model: found.model ?? '',
    serialNumber: found.serialNumber ?? '',
    compliance: states.get((found.complianceState ?? '').toLowerCase()) ?? 'other',
    // Intune writes the year 1 for "never".
    ...(syncedMs > 0 ? { lastSyncAt: new Date(syncedMs) } : {}),
  };
}
