import { z } from 'zod/v4';
import { defineAction, graph } from '../action.ts';
import { handle } from '../handles.ts';
import { deviceFacts, factsOf } from './device-facts.ts';

export const showDevice = defineAction({
  name: 'show_device',
  version: '1.0.0',
  description:
    'Shows one managed device: who uses it, platform, compliance, encryption, whose property it is, when it was enrolled and when it last checked in. ' +
    'Does not change, lock, locate or wipe anything and does not show what is stored on it.',
  effect: 'read',
  target: 'device',
  operation: graph('GET', '/deviceManagement/managedDevices/{id}', 'DeviceManagementManagedDevices.Read.All'),
  parameters: z.strictObject({ device: handle('device') }),
  result: deviceFacts.extend({ encryption: z.enum(['on', 'off']).optional(), enrolled: z.date().optional() }),
  run: async ({ device }, { devices }, call) => {
    const shown = await devices.show(device.id, call);
    const encryption = shown.encrypted === undefined ? undefined : shown.encrypted ? ('on' as const) : ('off' as const);
    return { ...factsOf(shown), encryption, enrolled: shown.enrolledAt };
  },
});
