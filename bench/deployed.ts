/**
 * Steward as it is deployed, a child process with production configuration, against the sandbox's cloud. The only thing
 * that is not as in Azure is where host names lead: `redirect.mjs`, preloaded, takes them to this machine.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/clients/clock.ts';
import { createEgress } from '../src/clients/egress.ts';
import { openTables } from '../src/clients/tables.ts';
import { deployLatch as deployFirst } from '../src/guard/kill-switch.ts';
import type { Cloud } from '../sandbox/cloud.ts';
import type { Company } from '../sandbox/company/company.ts';
import { latchOf } from './lib/latch.ts';
import { createCertificates, type Certificates } from '../sandbox/tls.ts';

/** Where activities of a deployed bot come from, and where its answers go. */
export const SERVICE_URL = 'https://smba.trafficmanager.net/';
const CONNECTOR_HOST = 'smba.trafficmanager.net';
const METADATA_HOST = 'login.botframework.com';
const REDIRECT = new URL('redirect.mjs', import.meta.url).href;
/** What `npm run build` makes. */
export const BUNDLE = fileURLToPath(new URL('../dist/src/main.cjs', import.meta.url));

/** The two public services that the sandbox's cloud leaves out, under their own names and over TLS. */
export interface Edge {
  /** What a process must be started with: where names lead (`redirect.mjs`), and whom it trusts. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** `connectorPort` is where a plain-http connector listens. */
export async function startEdge(cloud: Pick<Cloud, 'endpoints' | 'caPem'>, connectorPort: number): Promise<Edge> {
  const authority = await createCertificates([CONNECTOR_HOST, METADATA_HOST], 'Steward bench CA');
  const connector = tlsTo(connectorPort, authority);
  // The sandbox names its keys by its own address.
  const origin = new URL(cloud.endpoints.channelMetadata).origin;
  const metadata = createServer({ key: authority.key, cert: authority.cert }, (request, response) => {
    fetch(`${origin}${request.url ?? '/'}`)
      .then(async (answer) => ({ status: answer.status, text: await answer.text() }))
      // The stories load restify into this process, whose `writeHead` gives nothing to go on with.
      .then(({ status, text }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(text.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, `https://${METADATA_HOST}`));
      })
      .catch(() => response.destroy());
  });
  const servers = [connector, metadata];
  const [connectorTlsPort, metadataPort] = await Promise.all(servers.map(listen));
  const at = (url: string): readonly [string, number] => {
    const { hostname, port } = new URL(url);
    return [`${hostname}:443`, Number(port)];
  };
  const { graph, vault, openai, tables, blobs } = cloud.endpoints;
  const hosts = Object.fromEntries([...[graph, vault, openai, tables, blobs].map(at), [`${CONNECTOR_HOST}:443`, connectorTlsPort], [`${METADATA_HOST}:443`, metadataPort]]);
  const folder = mkdtempSync(join(tmpdir(), 'steward-bench-'));
  const authorities = join(folder, 'authorities.pem');
  writeFileSync(authorities, cloud.caPem + authority.caPem);
  return {
    environment: { BENCH_REDIRECT: JSON.stringify(hosts), NODE_EXTRA_CA_CERTS: authorities },
    close: async () => {
      rmSync(folder, { recursive: true });
      metadata.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
  };
}

/** The production environment of a deployment on this cloud: everything `src/config.ts` reads, and what App Service sets. */
export function productionEnvironment(cloud: Cloud, { groups }: Pick<Company, 'groups'>, model: { readonly deployment: string; readonly name: string }): Readonly<Record<string, string>> {
  const { endpoints, identities, tenantId } = cloud;
  const label = (url: string): string => new URL(url).hostname.split('.')[0] ?? '';
  return {
    NODE_ENV: 'production',
    IDENTITY_ENDPOINT: endpoints.identity,
    IDENTITY_HEADER: endpoints.identityHeader,
    STEWARD_TENANT_ID: tenantId,
    STEWARD_CHANNEL_CLIENT_ID: identities.channel,
    STEWARD_REASONER_CLIENT_ID: identities.reasoner,
    STEWARD_ROBOT_CLIENT_ID: identities.robot,
    STEWARD_KEEPER_CLIENT_ID: identities.keeper,
    STEWARD_VAULT_NAME: label(endpoints.vault),
    STEWARD_STORAGE_ACCOUNT: label(endpoints.tables),
    STEWARD_OPENAI_RESOURCE: label(endpoints.openai),
    STEWARD_OPENAI_DEPLOYMENT: model.deployment,
    STEWARD_OPENAI_MODEL: model.name,
    STEWARD_HELPDESK_GROUP_ID: groups.helpdesk,
    STEWARD_APPROVER_GROUP_ID: groups.approver,
    STEWARD_ADMIN_GROUP_ID: groups.admin,
    STEWARD_VIP_GROUP_ID: groups.vip,
    STEWARD_BREAK_GLASS_GROUP_ID: groups.breakGlass,
    STEWARD_MONTHLY_CEILING_USD: '1000',
    STEWARD_PERSON_DAILY_CEILING_USD: '100',
  };
}

export interface StartedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Where activities are posted. */
  readonly url: string;
  readonly port: number;
  /** On the clock of `performance.now()`. */
  readonly spawnedAtMs: number;
  /** Resolves on the same clock when the port takes connections. Fails with what the process said when it ended before. */
  listening(): Promise<number>;
  /** Exit code, once it ended. */
  readonly ended: Promise<number>;
  /** What it printed so far. */
  output(): string;
  /** Asks it to stop, then makes it. */
  stop(): Promise<number>;
}

/** Starts a Node program that listens on `PORT`; its environment is `environment` and nothing of ours but the path. */
export async function startProcess(program: readonly string[], environment: Readonly<Record<string, string>>, edge: Edge): Promise<StartedProcess> {
  const port = await freePort();
  const spawnedAtMs = performance.now();
  const child = spawn(process.execPath, ['--import', REDIRECT, ...program], {
    env: { PATH: process.env['PATH'] ?? '', ...environment, ...edge.environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-20_000)));
  let hasEnded = false;
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      resolve(-1);
    });
    child.once('close', (code) => resolve(code ?? -1));
  }).finally(() => (hasEnded = true));
  return {
    child,
    pid: child.pid ?? -1,
    url: `http://127.0.0.1:${port}/api/messages`,
    port,
    spawnedAtMs,
    ended,
    output: () => said,
    listening: async () => {
      while (!(await takesConnections(port))) {
        if (hasEnded) throw new Error(`the process ended with ${await ended}: ${said.trim()}`);
        if (performance.now() - spawnedAtMs > 30_000) throw new Error(`nothing listens after 30 s: ${said.trim()}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return performance.now();
    },
    stop: async () => {
      if (!hasEnded) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const code = await ended;
      clearTimeout(late);
      return code;
    },
  };
}

/** Steward's bundle on this cloud. `with` replaces settings; undefined leaves one out. */
export function startDeployed(
  cloud: Cloud,
  company: Pick<Company, 'groups'>,
  edge: Edge,
  model: { readonly deployment: string; readonly name: string },
  options: { readonly with?: Readonly<Record<string, string | undefined>>; readonly program?: readonly string[] } = {},
): Promise<StartedProcess> {
  const environment = Object.entries({ ...productionEnvironment(cloud, company, model), ...options.with }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return startProcess(options.program ?? [BUNDLE], Object.fromEntries(environment), edge);
}

/** What deployment does once, and two admins after it: without a latch Steward counts as killed. */
export async function deployLatch(cloud: Cloud): Promise<void> {
  const { httpClient } = createEgress({ allow: [cloud.endpoints.tables], agent: cloud.agent });
  await openTables({ endpoint: cloud.endpoints.tables, credential: cloud.credentialFor(cloud.identities.keeper), httpClient }).latch.create();
  await deployFirst(latchOf(cloud), systemClock, 'full');
}

/** Takes TLS off and hands the bytes on. */
function tlsTo(port: number, { key, cert }: Certificates): Server {
  const secureContext = createSecureContext({ key, cert });
  return createTcpServer((raw) => {
    const inside = new TLSSocket(raw, { isServer: true, secureContext });
    const target = connect(port, '127.0.0.1');
    for (const [one, other] of [[inside, target], [target, inside]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy());
    inside.pipe(target).pipe(inside);
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
