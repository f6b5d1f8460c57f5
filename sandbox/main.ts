/** `npm start`: the local cloud, Steward on it, and a Teams client in the browser. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError, silenceLibraries } from '../src/log.ts';
import { startPlayground, type Playground } from './playground.ts';
import { startSandbox, type Sandbox, type StartOptions } from './start.ts';

const USAGE = `npm start -- [options]
  --headless              no Teams client; one JSON line on stdout when ready
  --port N                port of the bot's /api/messages (3978)
  --playground-port N     port of the Teams client (56150)
  --model URL             an Azure-OpenAI- or OpenAI-compatible endpoint as the reasoner (http on loopback only)
  --model-name N          the deployment or model name to ask for
  --model-key-env VAR     the environment variable that holds its key
  --journal FILE          one JSON line for each request an emulated service received
  --data DIR              keep storage there between runs (without: in memory)
  --seed N                another company (1)
  --auth                  no signing proxy: the bot itself on --port, tokens from the control server`;

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
  const name = values['model-name'];
  return {
    headless: values.headless,
    port: wholeNumber('--port', values.port, 65_535),
    playgroundPort: wholeNumber('--playground-port', values['playground-port'], 65_535),
    seed: wholeNumber('--seed', values.seed, 2 ** 31 - 1),
    auth: values.auth,
    managedIdentity: true,
    ...(values.model !== undefined && { model: { url: values.model, ...(name !== undefined && { name }), ...(key !== undefined && { key }) } }),
    ...(values.journal !== undefined && { journalFile: values.journal }),
    ...(values.data !== undefined && { dataDir: values.data }),
  };
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new UsageError(`${option} takes a whole number from 0 to ${most}`);
  return value;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const running: { stopping: boolean; sandbox?: Sandbox; playground?: Playground } = { stopping: false };
  const stop = (): void => {
    if (running.stopping) return;
    running.stopping = true;
    // Nothing that hangs may keep the terminal: after five seconds it ends anyway.
    setTimeout(() => process.exit(1), 5_000).unref();
    void Promise.allSettled([running.playground?.stop(), running.sandbox?.stop()]).then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const sandbox = await startSandbox({ ...options, onError: report });
  running.sandbox = sandbox;
  // Ended while it was starting: what has just come up is taken down again.
  if (running.stopping) return sandbox.stop();
  if (options.headless) {
    process.stdout.write(`${JSON.stringify({ ready: true, bot: sandbox.bot, control: sandbox.control })}\n`);
    return;
  }
  const [person, ...rest] = sandbox.company.personas;
  if (person === undefined) throw new Error('the company has no people');
  const others = rest.filter(({ tenantId }) => tenantId === person.tenantId).slice(0, 5);
  const directory = join(options.dataDir ?? '.data', 'playground');
  mkdirSync(directory, { recursive: true });
  running.playground = await startPlayground({ bot: { url: sandbox.bot, id: sandbox.cloud.identities.channel }, port: options.playgroundPort, tenantId: sandbox.cloud.tenantId, person, others, directory });
  process.stdout.write(welcome(running.playground.url, sandbox, person.name));
}

function welcome(url: string, sandbox: Sandbox, name: string): string {
  const somebody = sandbox.company.personas.find(({ roles }) => roles.length === 1 && roles[0] === 'employee')?.name ?? 'somebody';
  return `
Steward is ready. Open ${url}
You are ${name}, helpdesk, in a made-up company. Try:
  1. help
  2. find ${somebody}
  3. which devices does ${somebody} have?
  4. block ${somebody}'s sign-in because the phone was stolen     (then decide on the card)
  5. sign ${somebody} out everywhere
What the robot did: ${sandbox.control}/journal?effect=true
The model here is a tool picker, not a language model; --model URL takes a real one. Ctrl-C stops everything.

`;
}

/** Errors that people see afterwards go to stderr, with allow-listed fields only. */
function report(error: unknown): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level: 'error', ...describeError(error) })}\n`);
}

process.on('unhandledRejection', report);
silenceLibraries(console);
main().catch((error: unknown) => {
  const { code, port } = error as { code?: unknown; port?: unknown };
  const isTaken = code === 'EADDRINUSE' && typeof port === 'number';
  const sentence = isTaken ? `port ${port} is taken: stop what listens there, or choose another with --port` : error instanceof Error ? error.message : 'it failed for an unknown reason';
  process.stderr.write(`${sentence}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
