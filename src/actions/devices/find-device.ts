import { z } from 'zod/v4';
import { defineAction, graph, searchText } from '../action.ts';
import { deviceFacts, factsOf } from './device-facts.ts';

/** A serial number is one device's. More share one only where the maker wrote none, and then it tells nothing. */
const MOST = 10;

export const findDevice = defineAction({
  name: 'find_device',
  version: '1.0.0',
  description:
    'Finds the managed device with exactly this serial number and returns a handle for it and for the person who uses it. ' +
    'Takes a text_… handle in place of the number. Does not find by name and does not change, lock, locate or wipe anything.',
  effect: 'read',
  operation: graph('GET', '/deviceManagement/managedDevices', 'DeviceManagementManagedDevices.Read.All'),
  parameters: z.strictObject({
    serial_number: searchText({ max: 64, description: 'The serial number, or a text_… handle from the message of the person who asks.' }),
  }),
  result: z.object({ devices: z.array(deviceFacts), more_matches: z.boolean() }),
  ambiguity: { list: 'devices', thing: 'device' },
  run: async ({ serial_number }, { devices }, call) => {
    const found = await devices.findBySerial(serial_number, MOST, call);
    return { devices: found.devices.map(factsOf), more_matches: found.more };
  },
});
