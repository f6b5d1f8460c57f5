import { z } from 'zod/v4';
import { defineAction, graph, personOnly, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { complianceStates, devicePlatforms } from '../ports.ts';

/** One card shows this many rows. */
const MOST = 25;

export const listDevices = defineAction({
  name: 'list_devices',
  version: '1.0.0',
  description: 'Lists the managed devices of one person. Does not change, lock, locate or wipe anything.',
  effect: 'read',
  target: 'person',
  operation: graph('GET', '/deviceManagement/managedDevices', 'DeviceManagementManagedDevices.Read.All'),
  parameters: z.strictObject({ person: handle('person') }),
  result: z.object({
    person: thing('person'),
    devices: z.array(
      z.object({
        device: thing('device'),
        platform: z.enum(devicePlatforms),
        compliance: z.enum(complianceStates),
        last_sync: z.date().optional(),
        model: personOnly(z.string()),
        os_version: personOnly(z.string()),
        serial_number: personOnly(z.string()),
      }),
    ),
    more_matches: z.boolean(),
  }),
  run: async ({ person }, { devices }, call) => {
    const found = await devices.listOf(person.id, MOST, call);
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      devices: found.devices.map((device) => ({
        device: { kind: 'device' as const, id: device.id, label: device.name },
        platform: device.platform,
        compliance: device.compliance,
        last_sync: device.lastSyncAt,
        model: device.model,
        os_version: device.osVersion,
        serial_number: device.serialNumber,
      })),
      more_matches: found.more,
    };
  },
});
