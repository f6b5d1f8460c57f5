/** Intune's managed devices: learn.microsoft.com/graph/api/resources/intune-devices-manageddevice */

import { createHash } from 'node:crypto';
import { z } from 'zod/v4';
import type { Company } from '../company/company.ts';
import { toGraphTime } from '../company/devices.ts';
import type { ManagedDevice } from '../company/types.ts';
import type { SandboxResponse } from '../http.ts';
import { toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { managedDeviceType, project } from './entity.ts';
import type { Entity, EntityType } from './entity.ts';
import { GraphError, isGuid } from './errors.ts';
import { collectionBody, contextOf, metadataRoot, page, readOptions, readSelect } from './odata.ts';

const readers = [
  'DeviceManagementManagedDevices.Read.All', 'DeviceManagementManagedDevices.ReadWrite.All',
  'DeviceManagementConfiguration.Read.All', 'DeviceManagementConfiguration.ReadWrite.All',
];

const privileged = ['DeviceManagementManagedDevices.PrivilegedOperations.All'];

const wipers = [...privileged, 'DeviceManagementManagedDevices.ReadWrite.All', 'DeviceManagementConfiguration.ReadWrite.All'];

const set = 'deviceManagement/managedDevices';

type ActionName = 'syncDevice' | 'remoteLock' | 'wipe';

/** `microsoft.graph.deviceActionResult`; a Mac's lock carries the PIN that opens it again. */
interface ActionResult {
  readonly '@odata.type': '#microsoft.graph.deviceActionResult' | '#microsoft.graph.remoteLockActionResult';
  readonly actionName: string;
  readonly actionState: 'pending' | 'done';
  readonly startDateTime: string;
  readonly lastUpdatedDateTime: string;
  readonly unlockPin?: string;
}

/** What was done to a device since the start. */
interface Effects {
  readonly managementState: 'managed' | 'wipePending';
  readonly lastSyncDateTime?: string;
  readonly deviceActionResults: readonly ActionResult[];
}

const untouched: Effects = { managementState: 'managed', deviceActionResults: [] };

/** By company and device id; the company itself knows devices as they were at the start. */
const effects = new WeakMap<Company, Map<string, Effects>>();

/** Forgets what was done to the company's devices. */
export const resetDeviceActions = (company: Company): void => void effects.delete(company);

const effectsOn = (company: Company, id: string): Effects => effects.get(company)?.get(id) ?? untouched;

const ours = ['managementState', 'deviceActionResults'].filter((name) => !managedDeviceType.properties.includes(name));
const deviceType: EntityType = {
  ...managedDeviceType,
  properties: [...managedDeviceType.properties, ...ours],
  defaults: [...managedDeviceType.defaults, ...ours],
};

const describe = (company: Company, device: ManagedDevice): Entity => ({ ...toEntity(device), ...effectsOn(company, device.id) });

/** Intune puts a JSON document into the message, with the address of its backend and so the id that was asked for. */
function intuneError(status: number, code: string, message: string, path: string): GraphError {
  const text = `${message} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: `
    + `00000000-0000-0000-0000-000000000000 - Url: https://fef.msua04.manage.microsoft.com/DeviceFE/StatelessDeviceFEService/${path}`;
  return new GraphError(status, code, JSON.stringify({
    _version: 3, Message: text, CustomApiErrorPhrase: '', RetryAfter: null, ErrorSourceService: '', HttpHeaders: '{}',
  }));
}

function list({ request, company }: Call): SandboxResponse {
  const options = readOptions(request.url);
  const select = readSelect(options, [deviceType]);
  const devices = [...company.devices.values()].map((device) => describe(company, device));
  const found = page(devices, options, request.headers, request.url, {
    type: deviceType,
    defaultPageSize: 1000,
    maximumPageSize: 1000,
  });
  return {
    status: 200,
    body: collectionBody(contextOf(set, select), found, found.entities.map((device) =>
      project(device, deviceType, select ?? deviceType.defaults))),
  };
}

function findDevice(call: Call, suffix = ''): { readonly device: ManagedDevice; readonly path: string } {
  const id = call.parameter('id');
  const path = `${set}('${id}')${suffix}`;
  if (!isGuid(id)) throw intuneError(400, 'BadRequest', 'Device Id is not a valid Guid.', path);
  const device = call.company.devices.get(id.toLowerCase());
  if (device === undefined) throw intuneError(404, 'ResourceNotFound', 'Device not found.', path);
  return { device, path };
}

function get(call: Call): SandboxResponse {
  const select = readSelect(readOptions(call.request.url), [deviceType]);
  const { device } = findDevice(call);
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#${contextOf(set, select)}/$entity`,
      ...project(describe(call.company, device), deviceType, select ?? deviceType.defaults),
    },
  };
}

/** Six digits, the same for the same device. */
const unlockPinOf = (device: ManagedDevice): string =>
  String(createHash('sha256').update(`unlock/${device.id}`).digest().readUInt32BE() % 1_000_000).padStart(6, '0');

function note({ company, now }: Call, device: ManagedDevice, name: ActionName): void {
  const time = toGraphTime(now.getTime());
  const before = effectsOn(company, device.id);
  const isMacLock = name === 'remoteLock' && device.operatingSystem === 'macOS';
  const result: ActionResult = {
    '@odata.type': isMacLock ? '#microsoft.graph.remoteLockActionResult' : '#microsoft.graph.deviceActionResult',
    actionName: name,
    // A device that syncs has answered; lock and wipe wait until it next checks in.
    actionState: name === 'syncDevice' ? 'done' : 'pending',
    startDateTime: time,
    lastUpdatedDateTime: time,
    ...(isMacLock && { unlockPin: unlockPinOf(device) }),
  };
  const after: Effects = {
    ...before,
    ...(name === 'syncDevice' && { lastSyncDateTime: time }),
    ...(name === 'wipe' && { managementState: 'wipePending' as const }),
    deviceActionResults: [...before.deviceActionResults.filter(({ actionName }) => actionName !== name), result],
  };
  const ofCompany = effects.get(company) ?? new Map<string, Effects>();
  effects.set(company, ofCompany.set(device.id, after));
}

// Parameters of the action in the CSDL; all may be left out.
const wipeSchema = z.strictObject({
  keepEnrollmentData: z.boolean().nullish(),
  keepUserData: z.boolean().nullish(),
  macOsUnlockCode: z.string().nullish(),
  persistEsimDataPlan: z.boolean().nullish(),
});

const noParameters = z.strictObject({});

/** An action on one device: 204, and what it does is in the device's `deviceActionResults`. */
const act = (name: ActionName) => (call: Call): SandboxResponse => {
  const { device, path } = findDevice(call, `/microsoft.management.services.api.${name}?api-version=2021-04-07`);
  const schema = name === 'wipe' ? wipeSchema : noParameters;
  if (!schema.safeParse(call.request.body ?? {}).success) throw intuneError(400, 'BadRequest', 'An error has occurred', path);
  // No reason is given for a platform without remote lock: github.com/microsoftgraph/microsoft-graph-docs/issues/10007
  if (name === 'remoteLock' && device.operatingSystem === 'Windows') throw intuneError(400, 'BadRequest', 'An error has occurred', path);
  note(call, device, name);
  return { status: 204, effect: true };
};

export const deviceEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: `/${set}`, permissions: readers, respond: list },
  { method: 'GET', path: `/${set}/:id`, permissions: readers, respond: get },
  { method: 'POST', path: `/${set}/:id/syncDevice`, permissions: privileged, respond: act('syncDevice') },
  { method: 'POST', path: `/${set}/:id/remoteLock`, permissions: privileged, respond: act('remoteLock') },
  { method: 'POST', path: `/${set}/:id/wipe`, permissions: wipers, respond: act('wipe') },
];
