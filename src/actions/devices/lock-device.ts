import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const lockDevice = defineAction({
  name: 'lock_device',
  version: '1.0.0',
  description:
    'Locks the screen of one managed phone, tablet or Mac through Intune. Windows computers refuse it. Does not block sign-in, does not delete anything and can’t be taken back from here. ' +
    'A person confirms it on a card before it happens.',
  effect: 'destructive',
  target: 'device',
  operation: graph('POST', '/deviceManagement/managedDevices/{id}/remoteLock', 'DeviceManagementManagedDevices.PrivilegedOperations.All'),
  // Only after a 404, which may mean 403.
  reads: [graph('GET', '/deviceManagement/managedDevices/{id}', 'DeviceManagementManagedDevices.Read.All')],
  parameters: z.strictObject({
    device: handle('device'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ device: thing('device'), order: z.literal('sent') }),
  limit: { perHour: 20, perPersonPerHour: 10, raisableTo: 60 },
  run: async ({ device }, { devices }, call) => {
    call.receipt(await devices.lock(device.id, call));
    return { device: { kind: 'device' as const, id: device.id, label: device.label }, order: 'sent' as const };
  },
});
