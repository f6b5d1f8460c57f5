/** The three people of the demo, each with a Teams client of their own. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Persona } from './company/company.ts';
import { installBot, startPlayground, type Playground, type PlaygroundOptions } from './playground.ts';

/** Who sits where, by the roles that the company gives them. */
const seats = [
  { roles: 'employee,helpdesk', may: 'helpdesk: asks and confirms' },
  { roles: 'employee,admin', may: 'admin: may stop Steward' },
  { roles: 'employee,approver,admin', may: 'approver and admin: the second person' },
] as const;
/** The client's configuration names five others, no more and no fewer. */
const OTHERS = 5;
const INSTALLED_WITHIN_MS = 10_000;
const FREE_PORTS = { first: 20_000, last: 30_000 };
const MOST_ATTEMPTS = 50;

export interface Client {
  readonly url: string;
  readonly person: Persona;
  /** What this person may do, in a few words. */
  readonly may: string;
}

export interface Clients {
  /** One who asks, an admin, and an admin who also approves. */
  readonly all: readonly [asks: Client, stops: Client, seconds: Client];
  /** Installs the bot again, after its stores were emptied. */
  install(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClientsOptions extends Pick<PlaygroundOptions, 'bot' | 'tenantId'> {
  readonly ports: readonly number[];
  readonly people: readonly Persona[];
  /** Kept there, beside storage; without it, in a temporary folder that goes with them. */
  readonly directory?: string;
  /** Resolves when the bot answers, to what tells whether it knows this person's chat by now. */
  readonly botReady: Promise<(person: Persona) => boolean>;
}

/**
 * A port for each client, from `first` on; 0 takes free ones. Fails with a sentence when one is taken: a client would
 * silently take another.
 */
export async function clientPorts(first: number, howMany: number = seats.length): Promise<readonly number[]> {
  const wanted = Array.from({ length: howMany }, (_, index) => (first === 0 ? 0 : first + index));
  const servers: Server[] = [];
  try {
    // All are held until the last is there, so that no free one is given twice.
    for (const port of wanted) servers.push(await (port === 0 ? openAny() : open(port)));
    return servers.map((server) => (server.address() as AddressInfo).port); // TCP, so it has an address of this kind
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/**
 * Not the one that the system would give: it is free only until the next connection out of this machine takes it, and the
 * client opens it a second later. These lie below all that systems give by themselves.
 */
async function openAny(): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open(randomInt(FREE_PORTS.first, FREE_PORTS.last));
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

async function open(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new Error(`port ${port} is taken: stop what listens there, or choose others with --playground-port`)));
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

/** Resolves when all three answer and the bot can write to everyone in them, whether a browser shows them or not. */
export async function startClients({ bot, botReady, directory, people, ports, tenantId }: ClientsOptions): Promise<Clients> {
  const temporary = directory === undefined ? mkdtempSync(join(tmpdir(), 'steward-clients-')) : undefined;
  const folder = directory ?? temporary ?? '';
  const started: Playground[] = [];
  const innerPorts = await clientPorts(0);
  const seated: { playground: Playground; person: Persona }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((playground) => playground.stop()));
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  };
  const seat = async ({ roles, may }: (typeof seats)[number], index: number): Promise<Client> => {
    const person = people.find((candidate) => candidate.tenantId === tenantId && candidate.roles.join() === roles);
    if (person === undefined) throw new Error(`the company has nobody with the roles ${roles}`);
    const others = people.filter((other) => other !== person && other.tenantId === tenantId).slice(0, OTHERS);
    const playground = await startPlayground({ bot, tenantId, person, others, port: ports[index] ?? 0, innerPort: innerPorts[index] ?? 0, directory: join(folder, `client-${index + 1}`) });
    started.push(playground);
    const isKnown = await botReady;
    await installBot(playground, person);
    await known(person, isKnown);
    seated.push({ playground, person });
    return { url: playground.url, person, may };
  };
  // Waited for to the end, also when one has failed: what comes up after that is stopped as well.
  const settled = await Promise.allSettled([seat(seats[0], 0), seat(seats[1], 1), seat(seats[2], 2)] as const);
  const [asks, stops, seconds] = settled;
  if (asks.status === 'fulfilled' && stops.status === 'fulfilled' && seconds.status === 'fulfilled') {
    const install = async (): Promise<void> => {
      await Promise.all(seated.map(({ playground, person }) => installBot(playground, person)));
    };
    return { all: [asks.value, stops.value, seconds.value], install, stop };
  }
  await stop();
  throw settled.find((one) => one.status === 'rejected')?.reason;
}

async function known(person: Persona, isKnown: (person: Persona) => boolean): Promise<void> {
  for (const deadline = performance.now() + INSTALLED_WITHIN_MS; performance.now() < deadline; ) {
    if (isKnown(person)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Steward did not learn of ${person.name}'s chat within ${INSTALLED_WITHIN_MS / 1000} seconds`);
}
