/** Runs apart: MSAL keeps the first identity endpoint of a process. Prints one JSON line. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createClients, type ClientOptions } from '../../../src/clients/create-clients.ts';
import { errorCode } from '../../../src/errors.ts';

const { caPem, ...rest } = JSON.parse(process.env['INPUT'] ?? '') as Pick<ClientOptions, 'endpoints' | 'tenantId' | 'identities' | 'roleGroups' | 'systems'> & { readonly caPem: string };
const lookup: LookupFunction = (_host, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
const agent = new Agent({ keepAlive: true, ca: caPem, lookup });
const clients = createClients({ ...rest, agent, model: { deployment: 'd', name: 'gpt-5' }, clock: systemClock, instance: randomUUID() });
const options = { signal: new AbortController().signal };
const person = new InternalId(randomUUID());
const codeOf = (call: Promise<unknown>): Promise<string> => call.then(() => 'done', errorCode);

const prepared = await codeOf(clients.prepare());
const standing = await clients.robotStanding();
const { appServices, people, tickets, workflows } = clients.robot;
const codes = {
  read: await codeOf(people.find('Ada', 5, options)),
  effect: await codeOf(people.setSignInAllowed(person, false, options)),
  ticket: await codeOf(tickets.find('INC0010001', 5, options)),
  sites: await codeOf(appServices.list(options)),
  workflow: await codeOf(workflows.start('grant guest wifi', {}, options)),
};
process.stdout.write(`${JSON.stringify({ prepared, standing, codes })}\n`);
clients.close();
agent.destroy();
process.exit(0);
