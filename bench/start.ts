/**
 * `npm run bench -- start`: from the start of the process to its first answered message, and the memory it has then.
 * Steward's bundle as it is deployed, against a bare Teams AI bot and a bare botbuilder echo bot; all of them over real
 * HTTP with the same channel and the same model endpoint, one after another in every round, so that whatever else the
 * machine does meets them alike.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startCloud, type Cloud } from '../sandbox/cloud.ts';
import { createCompany, type Company } from '../sandbox/company/company.ts';
import { createGraphService } from '../sandbox/graph/graph.ts';
import type { Service } from '../sandbox/http.ts';
import { BUNDLE, deployLatch, SERVICE_URL, startDeployed, startEdge, startProcess, type Edge, type StartedProcess } from './deployed.ts';

const SEED = 7;
const LEAST_ROUNDS = 1;
const ROUNDS = 15;
/** One for the page cache, the tables and the ledger's container; not counted. */
const WARM_UPS = 1;
const ANSWER_WITHIN_MS = 20_000;
/** Goes to the model: it is no command. */
const QUESTION = 'Which of the printers on my floor is the quickest?';
const ANSWER = 'I know nothing about printers.';
const MODEL = { deployment: 'planner', name: 'gpt-4.1' };

/** Milliseconds from the start of the process, and MiB. */
interface Start {
  readonly listeningMs: number;
  readonly answeredMs: number;
  /** Of the process until then, user and system: hardly touched by what else the machine does. */
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly peakMiB: number;
}

interface Contender {
  readonly name: string;
  readonly start: () => Promise<StartedProcess>;
}

interface Summary {
  readonly name: string;
  readonly starts: number;
  readonly listeningMs: Spread;
  readonly answeredMs: Spread;
  readonly cpuMs: Spread;
  readonly rssMiB: Spread;
  readonly peakMiB: Spread;
}

interface Spread {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
}

/** Takes `--rounds N`. Prints a table, or one JSON document. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const rounds = roundsOf(args);
  if (!existsSync(BUNDLE)) throw new Error('there is no bundle yet: run `npm run build` first');
  const bench = await openBench();
  try {
    const contenders = bench.contenders.filter(({ name }) => args.every((each) => !each.startsWith('--only=') || each.slice(7).split(',').includes(name)));
    const starts = new Map(contenders.map(({ name }) => [name, [] as Start[]]));
    for (let round = -WARM_UPS; round < rounds; round += 1) {
      for (const contender of contenders) {
        const start = await measure(contender, bench);
        if (round >= 0) starts.get(contender.name)?.push(start);
      }
    }
    const summaries = [...starts].map(([name, all]) => summaryOf(name, all));
    const [ours] = summaries;
    const ratios = Object.fromEntries(summaries.slice(1).map((other) => [other.name, { answered: ratio(ours?.answeredMs.median, other.answeredMs.median), memory: ratio(ours?.rssMiB.median, other.rssMiB.median) }]));
    const document = { bench: 'start', rounds, machine: machine(), contenders: summaries, stewardOver: ratios };
    process.stdout.write(json ? `${JSON.stringify(document, undefined, 2)}\n` : tableOf(document));
  } finally {
    await bench.close();
  }
}

/**
 * One start and one answered message of a bundle elsewhere, with arguments: what `npm run build` has V8 compile, so that
 * its code cache holds what a start needs and no more.
 */
export async function rehearse(program: readonly string[]): Promise<void> {
  const bench = await openBench(program);
  try {
    const [steward] = bench.contenders;
    if (steward !== undefined) await measure(steward, bench);
  } finally {
    await bench.close();
  }
}

interface Bench {
  readonly contenders: readonly Contender[];
  readonly connector: BenchConnector;
  readonly cloud: Cloud;
  readonly company: Company;
  close(): Promise<void>;
}

async function openBench(program: readonly string[] = [BUNDLE]): Promise<Bench> {
  const connector = await BenchConnector.start();
  const cloud = await startCloud({
    seed: SEED,
    company: (seed, tenantId) => {
      const company = createCompany(seed, tenantId);
      return { people: company.people(), reset: () => company.reset(), company };
    },
    graph: (context) => createGraphService({ company: context.company.company, grants: context.graphGrants, tenantId: context.tenantId }),
    openai: () => promptModel(),
  });
  const { company } = cloud.company;
  await deployLatch(cloud);
  const edge = await startEdge(cloud, connector.port);
  return {
    connector,
    cloud,
    company,
    contenders: [
      { name: 'steward', start: () => startDeployed(cloud, company, edge, MODEL, { program }) },
      { name: 'teams-ai', start: () => startPeer('teams-ai', cloud, edge) },
      { name: 'echo', start: () => startPeer('echo', cloud, edge) },
    ],
    close: async () => {
      await edge.close();
      await cloud.stop();
      await connector.stop();
    },
  };
}

/** A bare bot on the same public names, keys and identities. The echo bot calls no model. */
function startPeer(name: 'teams-ai' | 'echo', { identities, tenantId, endpoints }: Cloud, edge: Edge): Promise<StartedProcess> {
  const program = fileURLToPath(new URL(`peers/${name}.mjs`, import.meta.url));
  const environment = {
    NODE_ENV: 'production',
    IDENTITY_ENDPOINT: endpoints.identity,
    IDENTITY_HEADER: endpoints.identityHeader,
    APP_ID: identities.channel,
    TENANT_ID: tenantId,
    CHANNEL_METADATA_URL: 'https://login.botframework.com/v1/.well-known/openidconfiguration',
    CHANNEL_ISSUER: 'https://api.botframework.com',
    MODEL_URL: withoutPort(endpoints.openai),
    MODEL_CLIENT_ID: identities.reasoner,
    GRAPH_URL: withoutPort(endpoints.graph),
    GRAPH_CLIENT_ID: identities.robot,
  };
  return startProcess([program], environment, edge);
}

const withoutPort = (url: string): string => `https://${new URL(url).hostname}`;

/** Starts it, posts a message the moment that it listens, and waits for the answer at the connector. */
async function measure({ name, start }: Contender, { connector, cloud, company }: Bench): Promise<Start> {
  const conversationId = `a:1${randomUUID()}`;
  const token = await cloud.channel.mintToken({ serviceUrl: SERVICE_URL });
  const person = company.people().find(({ roles }) => roles.join() === 'employee');
  if (person === undefined) throw new Error('the company has no ordinary employee');
  const activity = {
    type: 'message',
    id: String(Date.now()),
    timestamp: new Date().toISOString(),
    channelId: 'msteams',
    serviceUrl: SERVICE_URL,
    from: { id: person.teamsId, name: person.name, aadObjectId: person.aadObjectId },
    conversation: { id: conversationId, conversationType: 'personal', tenantId: cloud.tenantId },
    recipient: { id: `28:${cloud.identities.channel}`, name: 'Steward' },
    channelData: { tenant: { id: cloud.tenantId } },
    textFormat: 'plain',
    text: QUESTION,
  };
  const started = await start();
  try {
    const listeningAtMs = await started.listening();
    const answered = connector.answer(conversationId, ANSWER_WITHIN_MS);
    const response = await fetch(started.url, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: JSON.stringify(activity) });
    if (response.status !== 200) throw new Error(`${name} answered ${response.status}: ${await response.text()}`);
    const { atMs, text } = await answered.catch((error: unknown) => {
      throw new Error(`${name}: ${String(error)}: ${started.output()}`);
    });
    const status = readFileSync(`/proc/${started.pid}/status`, 'utf8');
    if (!text.includes(name === 'echo' ? QUESTION : ANSWER)) throw new Error(`${name} answered something else: ${text}`);
    return { listeningMs: listeningAtMs - started.spawnedAtMs, answeredMs: atMs - started.spawnedAtMs, cpuMs: cpuMsOf(started.pid), rssMiB: mebibytes(status, 'VmRSS'), peakMiB: mebibytes(status, 'VmHWM') };
  } finally {
    await started.stop();
  }
}

/** A model that answers at once with one sentence, and counts as the service does. */
function promptModel(): Service {
  const body = {
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: MODEL.name,
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: ANSWER } }],
    usage: { prompt_tokens: 700, completion_tokens: 8, total_tokens: 708 },
  };
  return {
    name: 'openai',
    audience: 'https://cognitiveservices.azure.com',
    handlers: [{ method: 'POST', path: '/openai/deployments/:deployment/chat/completions', handle: () => ({ status: 200, body }) }],
    error: (_status, code, message) => ({ error: { code, message } }),
  };
}

/** Takes what bots say; typing is not an answer. */
class BenchConnector {
  readonly #server: Server;
  readonly #waiting = new Map<string, (said: { readonly atMs: number; readonly text: string }) => void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<BenchConnector> {
    const server = createServer({ keepAliveTimeout: 65_000 });
    const connector = new BenchConnector(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const atMs = performance.now();
        const [, , , conversation = ''] = (request.url ?? '').split('/');
        const activity = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as { type?: string; text?: string };
        if (activity.type === 'message') connector.#waiting.get(decodeURIComponent(conversation))?.({ atMs, text: activity.text ?? '' });
        response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id: `1:${randomUUID()}` }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return connector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  answer(conversationId: string, withinMs: number): Promise<{ readonly atMs: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs);
      this.#waiting.set(conversationId, (said) => {
        clearTimeout(late);
        this.#waiting.delete(conversationId);
        resolve(said);
      });
    });
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function roundsOf(args: readonly string[]): number {
  const at = args.indexOf('--rounds');
  const rounds = at === -1 ? ROUNDS : Number(args[at + 1]);
  if (!Number.isInteger(rounds) || rounds < LEAST_ROUNDS) throw new Error('--rounds takes a whole number');
  return rounds;
}

function mebibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}

/** Node's threads too; Linux counts in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function summaryOf(name: string, starts: readonly Start[]): Summary {
  const spread = (pick: (start: Start) => number): Spread => {
    const sorted = starts.map(pick).sort((one, other) => one - other);
    const at = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
    return { min: at(0.001), median: at(0.5), p95: at(0.95) };
  };
  return { name, starts: starts.length, listeningMs: spread(({ listeningMs }) => listeningMs), answeredMs: spread(({ answeredMs }) => answeredMs), cpuMs: spread(({ cpuMs }) => cpuMs), rssMiB: spread(({ rssMiB }) => rssMiB), peakMiB: spread(({ peakMiB }) => peakMiB) };
}

const round = (value: number): number => Math.round(value * 10) / 10;
const ratio = (ours: number | undefined, theirs: number): number => Math.round(((ours ?? Number.NaN) / theirs) * 100) / 100;

function machine(): Readonly<Record<string, unknown>> {
  return { node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length, memoryMiB: Math.round(totalmem() / 1024 / 1024), loadAverage1m: round(loadavg()[0] ?? 0) };
}

function tableOf({ rounds, machine: facts, contenders, stewardOver }: { rounds: number; machine: Readonly<Record<string, unknown>>; contenders: readonly Summary[]; stewardOver: Readonly<Record<string, { answered: number; memory: number }>> }): string {
  const rows = [
    ['', 'listening ms', '', 'first answer ms', '', '', 'CPU ms', 'RSS MiB', 'peak MiB'],
    ['', 'median', 'p95', 'min', 'median', 'p95', 'median', 'median', 'median'],
    ...contenders.map(({ name, listeningMs, answeredMs, cpuMs, rssMiB, peakMiB }) => [name, ...[listeningMs.median, listeningMs.p95, answeredMs.min, answeredMs.median, answeredMs.p95, cpuMs.median, rssMiB.median, peakMiB.median].map((value) => value.toFixed(0))]),
  ];
  const widths = (rows[1] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '));
  const compared = Object.entries(stewardOver).map(([name, { answered, memory }]) => `steward / ${name}: ${answered} of the time, ${memory} of the memory`);
  return `${lines.join('\n')}\n\n${compared.join('\n')}\n${rounds} starts each, interleaved. ${Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`).join(', ')}\n`;
}
