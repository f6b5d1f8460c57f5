import { z } from 'zod/v4';
import { defineAction, graph, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const syncDevice = defineAction({
  name: 'sync_device',
  version: '1.0.0',
  description:
    'Asks one managed device to check in with Intune now. Does not wait for it and does not lock, restart or wipe it. ' +
    'A person confirms it on a card before it happens.',
  effect: 'write',
  target: 'device',
  operation: graph('POST', '/deviceManagement/managedDevices/{id}/syncDevice', 'DeviceManagementManagedDevices.PrivilegedOperations.All'),
  // Only after a 404, which may mean 403.
  reads: [graph('GET', '/deviceManagement/managedDevices/{id}', 'DeviceManagementManagedDevices.Read.All')],
  parameters: z.strictObject({ device: handle('device') }),
  result: z.object({ device: thing('device'), order: z.literal('sent') }),
  limit: { perHour: 60, perPersonPerHour: 30, raisableTo: 120 },
  run: async ({ device }, { devices }, call) => {
    call.receipt(await devices.sync(device.id, call));
    return { device: { kind: 'device' as const, id: device.id, label: device.label }, order: 'sent' as const };
  },
});
