import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { systemClock } from '../../src/clients/clock.ts';
import { createClients, type Clients } from '../../src/clients/create-clients.ts';
import type { StewardGiven } from './facts.ts';

/** Steward's clients on the cloud of another process of this machine, with their production host names. */
export function clientsOn({ caPems, cloud }: Pick<StewardGiven, 'caPems' | 'cloud'>, endpoints: StewardGiven['cloud']['endpoints'] = cloud.endpoints): Clients {
  const { channel: _, ...identities } = cloud.identities;
  return createClients({
    endpoints,
    agent: new Agent({
      keepAlive: true,
      ca: [...caPems],
      lookup: (_name, options, callback) => {
        if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      },
    }),
    tenantId: cloud.tenantId,
    identities,
    roleGroups: cloud.groups,
    model: { deployment: 'planner', name: 'bench' },
    clock: systemClock,
    instance: randomUUID(),
  });
}
