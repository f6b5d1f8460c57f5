/** Runs apart: MSAL keeps the first identity endpoint of a process. Prints one JSON line. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { systemClock } from '../../../src/clients/clock.ts';
import { createClients, type ClientOptions } from '../../../src/clients/create-clients.ts';
import { managedIdentity } from '../../../src/clients/credential.ts';
import { errorCode } from '../../../src/errors.ts';

interface Input extends Pick<ClientOptions, 'endpoints' | 'tenantId' | 'identities' | 'roleGroups'> {
  readonly caPem: string;
}

const input = JSON.parse(process.env['INPUT'] ?? '') as Input | { readonly probe: string };
const beganMs = performance.now();

if ('probe' in input) {
  const code = await managedIdentity(input.probe, { tenantId: 't', clock: systemClock }).getToken('https://graph.microsoft.com/.default').then(() => 'token', errorCode);
  process.stdout.write(`${JSON.stringify({ code, tookMs: performance.now() - beganMs })}\n`);
} else {
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };
  const { caPem, ...rest } = input;
  const agent = new Agent({ keepAlive: true, ca: caPem, lookup });
  const clients = createClients({ ...rest, agent, model: { deployment: 'd', name: 'gpt-5' }, clock: systemClock, instance: randomUUID() });
  await clients.prepare();
  await clients.ledger.append('a\n', 0);
  process.stdout.write(`${JSON.stringify({ digest: clients.digestKey.digest('a'), secrets: clients.secrets().length })}\n`);
  clients.close();
  agent.destroy();
}
process.exit(0);
