/** The Microsoft 365 Agents Playground: a Teams-like web client, started as a child with one person of the company in it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { openClientDoor } from './client-door.ts';
import type { Persona } from './company/company.ts';

export interface PlaygroundOptions {
  readonly bot: { readonly url: string; readonly id: string };
  /** Where people open it. */
  readonly port: number;
  /** Where the client itself listens, behind its door. */
  readonly innerPort: number;
  readonly tenantId: string;
  readonly person: Persona;
  /** Exactly five: the client's configuration allows no other number. */
  readonly others: readonly Persona[];
  /** The client writes its logs beside its configuration. */
  readonly directory: string;
}

export interface Playground {
  readonly url: string;
  stop(): Promise<void>;
}

/** The client listens on every interface of the machine and has no option for less; what it opens is kept to loopback. */
const ONLY_LOOPBACK = `data:text/javascript,${encodeURIComponent(`
  import { Server } from 'node:net';
  const { listen } = Server.prototype;
  Server.prototype.listen = function (port, ...rest) { return listen.call(this, { host: '127.0.0.1', port }, ...rest); };
`)}`;
const READY_WITHIN_MS = 60_000;

/** Resolves when the client answers. Both ports must be free: the client itself would silently take another. */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { bot, directory, port, innerPort } = options;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  // JSON is YAML.
  writeFileSync(join(directory, '.m365agentsplayground.yml'), JSON.stringify(configuration(options), null, 2));
  const cli = createRequire(import.meta.url).resolve('@microsoft/m365agentsplayground/cli.js');
  const child = spawn(process.execPath, ['--import', ONLY_LOOPBACK, cli, 'start', '-e', bot.url, '-p', String(innerPort), '-c', 'msteams', '--dt'], {
    cwd: directory,
    // eslint-disable-next-line steward/environment-once -- a child inherits the environment; only the browser is switched off
    env: { ...process.env, TEAMSAPPTESTER_BROWSER: 'none' },
    stdio: 'ignore',
    // A group of its own: a terminal sends Ctrl-C to all of its group, and Steward may still have something to say in this client.
    detached: true,
  });
  // A terminal that can't wait any more must not leave it behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  try {
    await ready(child, innerPort);
    const door = await openClientDoor({ port, behind: innerPort });
    const stop = async (): Promise<void> => {
      await Promise.all([door.close(), stopped(child)]);
    };
    return { url: `http://localhost:${port}`, stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/**
 * Installs the bot in the person's chat, as opening the page does. The client answers at once and tells the bot behind
 * its answer.
 */
export async function installBot({ url }: Playground, person: Persona): Promise<void> {
  const response = await fetch(`${url}/_debug/conversation/${chatOf(person)}/installation`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  if (!response.ok) throw new Error(`the Agents Playground answered ${response.status} when the bot was installed for ${person.name}`);
}

/** The id of a person's chat with the bot. */
export function chatOf({ upn }: Persona): string {
  return `personal-${upn.replace(/@.*/, '')}`;
}

function configuration({ bot, others, person, tenantId }: PlaygroundOptions): unknown {
  const user = ({ aadObjectId, name, teamsId, upn }: Persona): unknown => {
    const [givenName = '', ...rest] = name.split(' ');
    return { id: teamsId, name, userPrincipleName: upn, aadObjectId, givenName, surname: rest.join(' '), email: upn };
  };
  return {
    version: '0.1.1',
    tenantId,
    bot: { id: bot.id, name: 'Steward' },
    currentUser: user(person),
    users: others.map(user),
    personalChat: { id: chatOf(person) },
    groupChat: { id: 'group-it-operations', name: 'IT operations' },
    team: { id: 'team-it', name: 'IT', aadGroupId: tenantId, channels: [{ id: 'channel-announcements', name: 'Announcements' }] },
  };
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  for (const deadline = performance.now() + READY_WITHIN_MS; performance.now() < deadline; ) {
    if (child.exitCode !== null) throw new Error('the Agents Playground ended at once; its log is in the data folder');
    const answered = await fetch(`http://127.0.0.1:${port}/_debug/ping`).then((response) => response.ok, () => false);
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the Agents Playground did not answer within ${READY_WITHIN_MS / 1000} seconds`);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
  });
}
