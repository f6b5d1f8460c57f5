import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, ComplianceState, Device, DeviceDetails, DeviceDirectory, DevicePlatform, OperationReceipt } from '../actions/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { idSegment, odataString, shaped, type GraphClient } from './graph.ts';
import { refusedIfThere } from './quirks.ts';

const PATH = '/deviceManagement/managedDevices';
const SELECT = 'id,deviceName,operatingSystem,osVersion,model,serialNumber,complianceState,lastSyncDateTime';
const SELECT_DETAILS = `${SELECT},userId,userDisplayName,isEncrypted,managedDeviceOwnerType,enrolledDateTime`;
/** Nobody has more managed devices than this; Intune itself allows 15 enrolments a person by default. */
const MOST_DEVICES = 200;
/** So many devices are read at most to find those that were silent the longest. */
const MOST_STALE = 5_000;
/** Intune gives no larger page. */
const LARGEST_PAGE = 1_000;
/** No maker's serial number is longer; what is, is not one. */
const MOST_SERIAL_CHARACTERS = 64;
const DAY_MS = 24 * 60 * 60_000;

/** https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice */
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

const deviceDetails = managedDevice.extend({
  userId: z.string().nullish(),
  userDisplayName: z.string().nullish(),
  isEncrypted: z.boolean().nullish(),
  managedDeviceOwnerType: z.string().nullish(),
  enrolledDateTime: z.string().nullish(),
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

const owners: ReadonlyMap<string, DeviceDetails['owner']> = new Map([
  ['company', 'company'],
  ['personal', 'personal'],
]);

/** Managed devices in Intune, read and acted on by the robot through Graph. */
export class GraphDeviceDirectory implements DeviceDirectory {
  readonly #graph: GraphClient;
  readonly #clock: Clock;

  constructor(graph: GraphClient, clock: Clock) {
    this.#graph = graph;
    this.#clock = clock;
  }

  async findBySerial(serialNumber: string, limit: number, { signal }: CallOptions): Promise<{ readonly devices: readonly DeviceDetails[]; readonly more: boolean }> {
    const wanted = serialNumber.normalize('NFC').replaceAll(/[\s\p{Cc}]+/gu, '');
    if (wanted === '' || wanted.length > MOST_SERIAL_CHARACTERS) return { devices: [], more: false };
    const query = { $filter: `serialNumber eq ${odataString(wanted)}`, $select: SELECT_DETAILS, $top: String(limit + 1) };
    const found = await this.#graph.list(PATH, deviceDetails, limit + 1, { query, signal });
    // A service that ignored the filter would hand over the first devices that it has.
    const devices = found.items.filter((device) => device.serialNumber?.toLowerCase() === wanted.toLowerCase());
    return { devices: devices.slice(0, limit).map(toDetails), more: !found.complete || devices.length > limit };
  }

  async show(id: InternalId, { signal }: CallOptions): Promise<DeviceDetails> {
    return toDetails(shaped(deviceDetails, await this.#graph.request('GET', `${PATH}/${idSegment(id)}`, { query: { $select: SELECT_DETAILS }, signal })));
  }

  async stale(days: number, limit: number, { signal }: CallOptions): Promise<{ readonly devices: readonly DeviceDetails[]; readonly more: boolean }> {
    const since = new Date(this.#clock.now().getTime() - days * DAY_MS).toISOString();
    // Intune does not order by last sync, so all are read and ordered here. “Never” is the year 1, and so before any day.
    const query = { $filter: `lastSyncDateTime le ${since}`, $select: SELECT_DETAILS, $top: String(LARGEST_PAGE) };
    const found = await this.#graph.list(PATH, deviceDetails, MOST_STALE, { query, signal });
    const devices = found.items.map(toDetails).sort((a, b) => (a.lastSyncAt?.getTime() ?? 0) - (b.lastSyncAt?.getTime() ?? 0));
    return { devices: devices.slice(0, limit), more: !found.complete || devices.length > limit };
  }

  async sync(id: InternalId, options: CallOptions): Promise<OperationReceipt> {
    return this.#act(id, 'syncDevice', options);
  }

  async lock(id: InternalId, options: CallOptions): Promise<OperationReceipt> {
    return this.#act(id, 'remoteLock', options);
  }

  async wipe(id: InternalId, options: CallOptions): Promise<OperationReceipt> {
    // Both said: what is left out of the body is Intune's choice. https://learn.microsoft.com/graph/api/intune-devices-manageddevice-wipe
    return this.#act(id, 'wipe', options, { keepEnrollmentData: false, keepUserData: false });
  }

  async listOf(person: InternalId, limit: number, { signal }: CallOptions): Promise<{ readonly devices: readonly Device[]; readonly more: boolean }> {
    // Intune does not order by last sync, so all are read and ordered here.
    const query = { $filter: `userId eq ${odataString(idSegment(person))}`, $select: SELECT, $top: '100' };
    const found = await this.#graph.list(PATH, managedDevice, MOST_DEVICES, { query, signal });
    const devices = found.items.map(toDevice).sort((a, b) => (b.lastSyncAt?.getTime() ?? 0) - (a.lastSyncAt?.getTime() ?? 0));
    return { devices: devices.slice(0, limit), more: !found.complete || devices.length > limit };
  }

  /** Intune takes the order (204) and the device carries it out when it next checks in. */
  async #act(id: InternalId, action: 'syncDevice' | 'remoteLock' | 'wipe', { signal, beforeRetry }: CallOptions, body?: unknown): Promise<OperationReceipt> {
    try {
      const answer = await this.#graph.request('POST', `${PATH}/${idSegment(id)}/${action}`, { ...(body !== undefined && { body }), signal, beforeRetry });
      if (answer.status !== 204) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', `Intune answered an action with ${answer.status}`);
      return { requestIds: [answer.requestId] };
    } catch (error) {
      return refusedIfThere(error, () => this.show(id, { signal }));
    }
  }
}

function toDevice(found: z.infer<typeof managedDevice>): Device {
  const lastSyncAt = timeOf(found.lastSyncDateTime);
  return {
    id: new InternalId(found.id),
    name: found.deviceName ?? '',
    platform: platforms.get((found.operatingSystem ?? '').toLowerCase()) ?? 'other',
    osVersion: found.osVersion ?? '',
    model: found.model ?? '',
    serialNumber: found.serialNumber ?? '',
    compliance: states.get((found.complianceState ?? '').toLowerCase()) ?? 'other',
    ...(lastSyncAt && { lastSyncAt }),
  };
}

function toDetails(found: z.infer<typeof deviceDetails>): DeviceDetails {
  const enrolledAt = timeOf(found.enrolledDateTime);
  return {
    ...toDevice(found),
    ...(found.userId && { user: { id: new InternalId(found.userId), displayName: found.userDisplayName ?? '' } }),
    ...(typeof found.isEncrypted === 'boolean' && { encrypted: found.isEncrypted }),
    owner: owners.get((found.managedDeviceOwnerType ?? '').toLowerCase()) ?? 'unknown',
    ...(enrolledAt && { enrolledAt }),
  };
}

/** Intune writes the year 1 for “never”. */
function timeOf(text: string | null | undefined): Date | undefined {
  const ms = Date.parse(text ?? '');
  return ms > 0 ? new Date(ms) : undefined;
}
