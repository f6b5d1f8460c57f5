/** `npm start`: the local cloud, Steward on it, and three people's Teams clients for the browser. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createScrubber } from '../src/audit/scrub.ts';
import { errorLine, reportCrashes, scrubOutput, silenceLibraries } from '../src/log.ts';
import { clientPorts, startClients, type Clients } from './clients.ts';
import { createCompany } from './company/company.ts';
import { guidFromSeed, identitiesFromSeed } from './identifiers.ts';
import { chatOf } from './playground.ts';
import type { Sandbox, StartOptions } from './start.ts';

const USAGE = `npm start -- [options]
  --headless              no Teams clients; one JSON line on stdout when ready
  --port N                port of the bot's /api/messages (3978); 0 takes a free one
  --playground-port N     ports N, N+1 and N+2 for the Teams clients (56150); 0 takes free ones
  --model URL             an Azure-OpenAI- or OpenAI-compatible endpoint as the reasoner (http on loopback only)
  --model-name N          the deployment or model name to ask for
  --model-key-env VAR     the environment variable that holds its key
  --journal FILE          one JSON line for each request an emulated service received
  --secrets FILE          one JSON line for each secret that is made here, for whoever looks for them elsewhere
  --data DIR              keep storage there between runs (without: in memory)
  --seed N                another company (1)
  --auth                  with --headless: the bot itself on --port, tokens from the control server`;

/** Longer than a turn with the made-up model takes, and short enough for whoever waits at the terminal. */
const STOP_WITHIN_MS = 8_000;

/** A sentence for the person at the terminal; nothing else is wrong. */
class UsageError extends Error {}

interface Options extends StartOptions {
  readonly headless: boolean;
  readonly playgroundPort: number;
  readonly port: number;
}

function readOptions(args: readonly string[]): Options {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        headless: { type: 'boolean', default: false },
        port: { type: 'string', default: '3978' },
        'playground-port': { type: 'string', default: '56150' },
        model: { type: 'string' },
        'model-name': { type: 'string' },
        'model-key-env': { type: 'string' },
        journal: { type: 'string' },
        secrets: { type: 'string' },
        data: { type: 'string' },
        seed: { type: 'string', default: '1' },
        auth: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : 'bad options'}\n\n${USAGE}`);
  }
  if (values.help) throw new UsageError(USAGE);
  if (values.model === undefined && (values['model-name'] !== undefined || values['model-key-env'] !== undefined)) throw new UsageError('--model-name and --model-key-env go with --model');
  const keyVariable = values['model-key-env'];
  const key = keyVariable === undefined ? undefined : process.env[keyVariable];
  if (keyVariable !== undefined && (key === undefined || key === '')) throw new UsageError(`the environment variable ${keyVariable} is empty; --model-key-env names the one that holds the key`);
  if (values.auth && !values.headless) throw new UsageError('--auth goes with --headless: the Teams clients have no key to sign with');
  const name = values['model-name'];
  const { secrets } = values;
  return {
    headless: values.headless,
    port: wholeNumber('--port', values.port, 65_535),
    playgroundPort: wholeNumber('--playground-port', values['playground-port'], 65_533),
    seed: wholeNumber('--seed', values.seed, 2 ** 31 - 1),
    auth: values.auth,
    managedIdentity: true,
    articles: true,
    ...(values.model !== undefined && { model: { url: values.model, ...(name !== undefined && { name }), ...(key !== undefined && { key }) } }),
    ...(values.journal !== undefined && { journalFile: values.journal }),
    ...(secrets !== undefined && { onSecret: (name, value) => appendFileSync(secrets, `${JSON.stringify({ name, value })}\n`, { mode: 0o600 }) }),
    ...(values.data !== undefined && { dataDir: values.data }),
  };
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new UsageError(`${option} takes a whole number from 0 to ${most}`);
  return value;
}

interface Running {
  stopping: boolean;
  sandbox?: Sandbox;
  clients?: Clients;
}

const running: Running = { stopping: false };
const scrubber = createScrubber(() => running.sandbox?.secrets() ?? []);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const stop = (): void => {
    if (running.stopping) return;
    running.stopping = true;
    // Nothing that hangs may keep the terminal.
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    void stopAll(running).then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // The terminal was closed.
  process.on('SIGHUP', stop);

  if (options.headless) {
    const { startSandbox } = await import('./start.ts');
    const sandbox = await startSandbox({ ...options, onError: report });
    running.sandbox = sandbox;
    // Ended while it was starting: what has just come up is taken down again.
    if (running.stopping) return sandbox.stop();
    process.stdout.write(`${JSON.stringify({ ready: true, bot: sandbox.bot, control: sandbox.control })}\n`);
    return;
  }

  // The clients take a second each, so they start beside the cloud: all they must know of it follows from the seed.
  const { seed = 1 } = options;
  // What was typed wrongly, or a taken port, is said before the rest is loaded.
  const [ports, [port = 0]] = await Promise.all([clientPorts(options.playgroundPort), options.port === 0 ? clientPorts(0, 1) : [options.port]]);
  const tenantId = guidFromSeed(seed, 'tenant');
  const starting = import('./start.ts').then(({ startSandbox }) => startSandbox({ ...options, port, onError: report }));
  const clientsStarting = startClients({
    bot: { url: `http://127.0.0.1:${port}/api/messages`, id: identitiesFromSeed(seed).channel },
    tenantId,
    people: createCompany(seed, tenantId).personas,
    ports,
    ...(options.dataDir !== undefined && { directory: join(options.dataDir, 'clients') }),
    botReady: starting.then((sandbox) => (person) => sandbox.cloud.journal.entries({ service: 'storage' }).some(({ method, path, status, body }) =>
      method !== 'GET' && status < 300 && path.includes('contacts') && JSON.stringify(body).includes(chatOf(person)))),
  });
  const [sandbox, clients] = await Promise.allSettled([starting, clientsStarting]);
  if (sandbox.status === 'fulfilled') running.sandbox = sandbox.value;
  if (clients.status === 'fulfilled') running.clients = clients.value;
  if (sandbox.status === 'rejected') throw sandbox.reason;
  if (clients.status === 'rejected') {
    await sandbox.value.stop();
    throw clients.reason;
  }
  if (running.stopping) {
    await stopAll(running);
    return;
  }
  sandbox.value.cloud.onReset(() => clients.value.install());
  process.stdout.write(welcome(clients.value, sandbox.value));
}

/** The clients last: whoever was asking something hears what became of it, and Steward need not wait for a chat that is gone. */
async function stopAll({ clients, sandbox }: Running): Promise<void> {
  await Promise.allSettled([sandbox?.stop()]);
  await Promise.allSettled([clients?.stop()]);
}

/** At most 80 columns wide. */
function welcome({ all }: Clients, { company, control }: Sandbox): string {
  const [asks, stops, seconds] = all;
  const named = (roles: string): string => company.personas.find((person) => person.roles.join() === roles)?.name ?? 'somebody';
  const [employee, vip] = [named('employee'), named('employee,vip')];
  const widest = Math.max(...all.map(({ person }) => person.name.length));
  const first = (person: { readonly name: string }): string => person.name.split(' ')[0] ?? person.name;
  return `
Steward is ready. Open three tabs; in each you are somebody else:

${all.map(({ url, person, may }) => `  ${url}  ${person.name.padEnd(widest)}  ${may}`).join('\n')}

Type this as ${first(asks.person)}:

  1. which devices does ${employee} have?
  2. block ${employee}'s sign-in because her phone was stolen
     Decide on the card: nothing happens before your click, or if you decline.
  3. find Mallory Grant
     Her display name is an attack on the model. It stays plain text.
  4. block ${vip}'s sign-in because his laptop was stolen
     A VIP: the card goes to ${first(seconds.person)}, and only a second person's click counts.
  5. as ${first(stops.person)}: kill all
     Everything stops, open cards are dead. Then: revive because it was a drill
     ${first(seconds.person)} confirms that on a card.

What the robot did:  ${control}/journal
How to stop:         Ctrl-C; it leaves nothing behind

The model here is a tool picker, not a language model. A real one:
npm start -- --model URL --model-name NAME

`;
}

/** Errors that people see afterwards go to stderr, with allow-listed fields only. */
function report(error: unknown): void {
  process.stderr.write(errorLine(error, new Date(), scrubber));
}

scrubOutput(process.stdout, scrubber);
scrubOutput(process.stderr, scrubber);
reportCrashes(process, report);
silenceLibraries(console);
main().catch((error: unknown) => {
  const { code, port } = error as { code?: unknown; port?: unknown };
  const isTaken = code === 'EADDRINUSE' && typeof port === 'number';
  const sentence = isTaken ? `port ${port} is taken: stop what listens there, or choose another with --port` : error instanceof Error ? error.message : 'it failed for an unknown reason';
  process.stderr.write(`${sentence}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
