/** Intune's managed devices: learn.microsoft.com/graph/api/resources/intune-devices-manageddevice */

import type { SandboxResponse } from '../http.ts';
import { toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { managedDeviceType, project } from './entity.ts';
import { GraphError, isGuid } from './errors.ts';
import { collectionBody, contextOf, metadataRoot, page, readOptions, readSelect } from './odata.ts';

const readers = [
  'DeviceManagementManagedDevices.Read.All', 'DeviceManagementManagedDevices.ReadWrite.All',
  'DeviceManagementConfiguration.Read.All', 'DeviceManagementConfiguration.ReadWrite.All',
];

const set = 'deviceManagement/managedDevices';

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
  const select = readSelect(options, [managedDeviceType]);
  const found = page([...company.devices.values()].map(toEntity), options, request.headers, request.url, {
    type: managedDeviceType,
    defaultPageSize: 1000,
    maximumPageSize: 1000,
  });
  return {
    status: 200,
    body: collectionBody(contextOf(set, select), found, found.entities.map((device) =>
      project(device, managedDeviceType, select ?? managedDeviceType.defaults))),
  };
}

function get(call: Call): SandboxResponse {
  const select = readSelect(readOptions(call.request.url), [managedDeviceType]);
  const id = call.parameter('id');
  const path = `${set}('${id}')`;
  if (!isGuid(id)) throw intuneError(400, 'BadRequest', 'Device Id is not a valid Guid.', path);
  const device = call.company.devices.get(id.toLowerCase());
  if (device === undefined) throw intuneError(404, 'ResourceNotFound', 'Device not found.', path);
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#${contextOf(set, select)}/$entity`,
      ...project(toEntity(device), managedDeviceType, select ?? managedDeviceType.defaults),
    },
  };
}

export const deviceEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: `/${set}`, permissions: readers, respond: list },
  { method: 'GET', path: `/${set}/:id`, permissions: readers, respond: get },
];
