/** The Microsoft 365 Agents Playground: a Teams-like web client, started as a child with one person of the company in it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Persona } from './company/company.ts';

export interface PlaygroundOptions {
  readonly bot: { readonly url: string; readonly id: string };
  readonly port: number;
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

/** Fails with a sentence when the port is taken: the client itself would silently take another. */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { bot, directory, port } = options;
  await assertFree(port);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  // JSON is YAML.
  writeFileSync(join(directory, '.m365agentsplayground.yml'), JSON.stringify(configuration(options), null, 2));
  const cli = createRequire(import.meta.url).resolve('@microsoft/m365agentsplayground/cli.js');
  const child = spawn(process.execPath, [cli, 'start', '-e', bot.url, '-p', String(port), '-c', 'msteams', '--dt'], {
    cwd: directory,
    // eslint-disable-next-line steward/environment-once -- a child inherits the environment; only the browser is switched off
    env: { ...process.env, TEAMSAPPTESTER_BROWSER: 'none' },
    stdio: 'ignore',
  });
  try {
    await ready(child, port);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { url: `http://localhost:${port}`, stop: () => stopped(child) };
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
    personalChat: { id: `personal-${person.upn.replace(/@.*/, '')}` },
    groupChat: { id: 'group-it-operations', name: 'IT operations' },
    team: { id: 'team-it', name: 'IT', aadGroupId: tenantId, channels: [{ id: 'channel-announcements', name: 'Announcements' }] },
  };
}

async function assertFree(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => {
      reject(new Error(`port ${port} is taken: stop what listens there, or choose another with --playground-port`));
    });
    probe.listen(port, () => {
      probe.close(() => {
        resolve();
      });
    });
  });
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error('the Agents Playground ended at once; its log is in the data folder');
    const answered = await fetch(`http://127.0.0.1:${port}/_debug/ping`).then((response) => response.ok, () => false);
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the Agents Playground did not answer within ten seconds');
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
