import { z } from 'zod/v4';
import { defineAction, graph } from '../action.ts';
import { complianceStates, devicePlatforms } from '../ports.ts';
import { countBy, MOST_ROWS, reportRows } from './report.ts';

export const reportStaleDevices = defineAction({
  name: 'report_stale_devices',
  version: '1.0.0',
  description:
    'Reports the managed devices of the company that did not check in for a number of days, with a chart and, if the person wants it, a file. ' +
    'Returns counts; the person is shown the devices. Does not change, sync, retire or wipe any device, and does not tell where a device is.',
  effect: 'read',
  operation: graph('GET', '/deviceManagement/managedDevices', 'DeviceManagementManagedDevices.Read.All'),
  parameters: z.strictObject({ days: z.int().min(7).max(365).meta({ description: 'For at least how many days they did not check in, 7 to 365, as the person said. Ask if they did not say.' }) }),
  result: z.object({
    devices: z.int(),
    complete: z.boolean(),
    by_platform: z.array(z.object({ platform: z.enum(devicePlatforms), devices: z.int() })),
    rows: reportRows({
      device: z.string(),
      last_sync: z.date().optional(),
      user: z.string().optional(),
      platform: z.enum(devicePlatforms),
      compliance: z.enum(complianceStates),
      owner: z.enum(['company', 'personal', 'unknown']),
      model: z.string(),
      os_version: z.string(),
      serial_number: z.string(),
    }),
  }),
  report: { rows: 'rows', chart: 'platform' },
  run: async ({ days }, { devices }, call) => {
    const found = await devices.stale(days, MOST_ROWS, call);
    return {
      devices: found.devices.length,
      complete: !found.more,
      by_platform: countBy(devicePlatforms, found.devices.map(({ platform }) => platform)).map(({ value, count }) => ({ platform: value, devices: count })),
      rows: found.devices.map((device) => ({
        device: device.name,
        last_sync: device.lastSyncAt,
        user: device.user?.displayName,
        platform: device.platform,
        compliance: device.compliance,
        owner: device.owner,
        model: device.model,
        os_version: device.osVersion,
        serial_number: device.serialNumber,
      })),
    };
  },
});
