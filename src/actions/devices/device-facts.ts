import { z } from 'zod/v4';
import { personOnly, thing } from '../action.ts';
import { complianceStates, devicePlatforms, type DeviceDetails } from '../ports.ts';

/** What is told about a device wherever one is found or shown. Its user is a thing, so that “block her” works from a device. */
export const deviceFacts = z.object({
  device: thing('device'),
  user: thing('person').optional(),
  platform: z.enum(devicePlatforms),
  compliance: z.enum(complianceStates),
  last_sync: z.date().optional(),
  owner: z.enum(['company', 'personal', 'unknown']),
  model: personOnly(z.string()),
  os_version: personOnly(z.string()),
  serial_number: personOnly(z.string()),
});

export function factsOf(device: DeviceDetails): z.infer<typeof deviceFacts> {
  return {
    device: { kind: 'device', id: device.id, label: device.name },
    user: device.user && { kind: 'person', id: device.user.id, label: device.user.displayName },
    platform: device.platform,
    compliance: device.compliance,
    last_sync: device.lastSyncAt,
    owner: device.owner,
    model: device.model,
    os_version: device.osVersion,
    serial_number: device.serialNumber,
  };
}
