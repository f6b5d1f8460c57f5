import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const wipeDevice = defineAction({
  name: 'wipe_device',
  version: '1.0.0',
  description:
    'Resets one managed device to its factory state: everything on it is lost for good. Does not block sign-in, does not end sessions and does not touch what is kept in the cloud. ' +
    'A second person approves it on a card before it happens.',
  effect: 'critical',
  ships: 'disabled',
  target: 'device',
  operation: graph('POST', '/deviceManagement/managedDevices/{id}/wipe', 'DeviceManagementManagedDevices.PrivilegedOperations.All'),
  // Only after a 404, which may mean 403.
  reads: [graph('GET', '/deviceManagement/managedDevices/{id}', 'DeviceManagementManagedDevices.Read.All')],
  parameters: z.strictObject({
    device: handle('device'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ device: thing('device'), order: z.literal('sent') }),
  limit: { perHour: 3, perPersonPerHour: 2, raisableTo: 10 },
  run: async ({ device }, { devices }, call) => {
    call.receipt(await devices.wipe(device.id, call));
    return { device: { kind: 'device' as const, id: device.id, label: device.label }, order: 'sent' as const };
  },
});
