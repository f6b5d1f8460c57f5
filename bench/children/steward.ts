/** Steward in a process of its own, wired as src/main.ts wires it, on the cloud of another process. */
// First: what makes requests must find them timed.
import { callsSoFar } from '../lib/trace.ts';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/clients/clock.ts';
import { createConnectorClient } from '../../src/clients/connector.ts';
import { managedIdentity } from '../../src/clients/credential.ts';
import { dearest } from '../../src/clients/model-prices.ts';
import { SealedLatch } from '../../src/guard/latch-seal.ts';
import { createSteward } from '../../src/steward.ts';
import { clientsOn } from '../lib/clients.ts';
import type { StewardGiven } from '../lib/facts.ts';
import { given, serve } from '../lib/served.ts';

const { cloud, modelUrl, caPems } = await given<StewardGiven>();

const { channel } = cloud.identities;
const credential = managedIdentity(channel, { tenantId: cloud.tenantId, clock: systemClock });
const clients = clientsOn({ caPems, cloud }, { ...cloud.endpoints, openai: modelUrl });
const isLoopback = (url: string): boolean => new URL(url).hostname === '127.0.0.1';
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const steward = createSteward(
  {
    tenantId: cloud.tenantId,
    appId: channel,
    channelKeys: cloud.channelKeys,
    linkHosts: [],
    // Out of the way: a measurement must not end at the ceiling.
    ceiling: { monthMicroUsd: 1e12, personDayMicroUsd: 1e12, turnMicroUsd: 1e12, price: dearest(), dearest: dearest(), anyModel: true },
    policy: read('../../src/guard/policy.cedar'),
    contract: read('../../prompts/steward/skprompt.txt'),
    // What every deployment has: the cloud of this measurement connects no other system.
    actions: { met: new Set(), enable: [], disable: [] },
  },
  {
    clients,
    clock: systemClock,
    connector: { httpClient: createConnectorClient(isLoopback), connectorToken: async () => (await credential.getToken('https://api.botframework.com/.default'))?.token ?? '' },
    isServiceUrlAllowed: isLoopback,
    onError: (error) => process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  },
);
await clients.prepare();
await new SealedLatch(clients.latch, clients.digestKey, systemClock).write({ level: 'full', epoch: 1, changedAt: systemClock.now(), changedBy: 'deployment', changedByName: '', reason: 'deployed' }, 'any');
const { port } = await steward.start(0, '127.0.0.1');
serve({ port }, { calls: callsSoFar }, () => steward.stop());
