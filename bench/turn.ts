/**
 * How long a person waits for Steward, beside bots that secure nothing: a bare Teams AI bot with the same tool, and a
 * Bot Framework echo. All with the same model endpoint, the same Graph, the same channel keys, one process each; turns of
 * the bots take turns with each other in one run, so that what else this machine does falls on all of them alike.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { breakdownOf, type Breakdown, type Part } from './lib/breakdown.ts';
import { startChild, type Child } from './lib/child.ts';
import type { CloudFacts, OutgoingCall, StewardGiven } from './lib/facts.ts';
import { machine, round, summarise, table, type Machine, type Summary } from './lib/figures.ts';
import { measureGuard, type GuardFigures } from './lib/guard.ts';
import { LAST_WORDS, startModel } from './lib/model.ts';
import { Chat, Teams, type Person, type Received } from './lib/teams.ts';

const bots = ['steward', 'teams-ai', 'echo'] as const;
type Bot = (typeof bots)[number];

const CONVERSATIONS = 8;
const WARM_UP = 40;
/** After each turn: whatever a bot still does behind its last answer must not fall on the next bot. */
const PAUSE_MS = 20;
/** Longer than a reading of the kill switch lives. */
const SILENCE_MS = 1_100;
/** One action may run 20 times in an hour, and a count is emptied outside of what is measured. */
const FORGET_LIMITS_EVERY = 10;
const QUESTION = 'Which devices do I have?';

/** The goal, in milliseconds more than the bare Teams AI bot. */
const GOAL = { p50: 10, p95: 50 } as const;

interface Figures {
  readonly machine: Machine;
  readonly rounds: number;
  readonly oneAtATime: Readonly<Record<Bot, Summary>>;
  readonly eightAtATime: Readonly<Record<Bot, Summary>>;
  readonly afterSilence: Readonly<Record<'steward' | 'teams-ai', Summary>>;
  readonly added: { readonly p50: number; readonly p95: number; readonly p50Ratio: number; readonly p95Ratio: number; readonly goal: typeof GOAL; readonly holds: boolean };
  readonly breakdown: Breakdown;
  /** Processor time of the bot's process for each of these turns, with what it does behind its last answer. */
  readonly cpuMsPerTurn: Readonly<Record<Bot, number>>;
  readonly guard: GuardFigures;
  readonly confirmAndExecute?: Readonly<Record<'toCard' | 'clickAnswered' | 'toDone' | 'sum', Summary>>;
  readonly notes: readonly string[];
}

const notes: readonly string[] = [
  'Latency is from the post of the activity to the last answer of its turn at the connector; all on loopback, so no figure holds the network of Azure.',
  'All three bots check the channel token and sign their replies with a managed identity, as in production. The model thinks for 0 ms; a real one takes 500 to 5,000 ms, for every bot alike.',
  'The bare Teams AI bot runs the same two model calls and the same Graph request, keeps its state in memory, and has no roles, policy, kill switch, ceiling, ledger, confirmation or output gate. Steward keeps all state in Azurite, and shows a card before its last sentence. The echo calls nothing.',
  'There is no bare counterpart of confirm-and-execute: nothing there asks before it acts. From click to done it includes the moment for which an update waits, so that the answer to the click arrives first.',
  'Storage, model, Graph and connector times are between the start of a request and the last byte of its answer, seen by the process of Steward. Requests run beside each other and beside computing, so the kinds add up to more than the time waited. Policy and gate are computed apart, on the same decision.',
];

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '200' }, quiet: { type: 'string', default: '20' }, 'no-actions': { type: 'boolean', default: false }, profile: { type: 'string' } },
  });
  const rounds = Number(values.rounds);
  const quiet = Number(values.quiet);
  if (![rounds, quiet].every((count) => Number.isInteger(count) && count > 0)) throw new Error('--rounds and --quiet take a number of turns');
  const bench = await Bench.start(values.profile);
  try {
    const figures = await bench.measure({ rounds, quiet, actions: !values['no-actions'] });
    process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : asText(figures));
  } catch (error) {
    throw new Error(`the measurement broke off; the bots said: ${bench.told() || 'nothing'}`, { cause: error });
  } finally {
    await bench.stop();
  }
}

class Bench {
  readonly #teams: Teams;
  readonly #cloud: Child<CloudFacts>;
  readonly #children: Readonly<Record<Bot, Child<{ readonly port: number }>>>;
  readonly #token: string;
  readonly #stop: (() => Promise<unknown>)[];

  private constructor(parts: { readonly teams: Teams; readonly cloud: Child<CloudFacts>; readonly children: Readonly<Record<Bot, Child<{ readonly port: number }>>>; readonly token: string; readonly stop: (() => Promise<unknown>)[] }) {
    this.#teams = parts.teams;
    this.#cloud = parts.cloud;
    this.#children = parts.children;
    this.#token = parts.token;
    this.#stop = parts.stop;
  }

  static async start(profile: string | undefined): Promise<Bench> {
    const stop: (() => Promise<unknown>)[] = [];
    const ended = <T extends { stop(): Promise<unknown> }>(thing: T): T => {
      stop.unshift(() => thing.stop());
      return thing;
    };
    try {
      const teams = ended(await Teams.start());
      const model = await startModel();
      stop.unshift(() => model.close());
      const cloud = ended(await startChild<CloudFacts>({ file: 'children/cloud.ts' }));
      const { ready: facts } = cloud;
      const { endpoints, identities } = facts;

      const folder = mkdtempSync(join(tmpdir(), 'steward-bench-'));
      stop.push(async () => rmSync(folder, { recursive: true }));
      const authorities = join(folder, 'authorities.pem');
      writeFileSync(authorities, facts.caPem + model.caPem);

      const identity = { IDENTITY_ENDPOINT: endpoints.identity, IDENTITY_HEADER: endpoints.identityHeader };
      const peer = {
        ...identity,
        NODE_EXTRA_CA_CERTS: authorities,
        APP_ID: identities.channel,
        TENANT_ID: facts.tenantId,
        CHANNEL_METADATA_URL: facts.channelKeys.metadataUrl,
        CHANNEL_ISSUER: facts.channelKeys.issuer,
        MODEL_URL: model.url,
        MODEL_CLIENT_ID: identities.reasoner,
        GRAPH_URL: `https://localhost:${new URL(endpoints.graph).port}`,
        GRAPH_CLIENT_ID: identities.robot,
      };
      const given: StewardGiven = { cloud: facts, modelUrl: model.url, caPems: [facts.caPem, model.caPem] };
      type Ready = { readonly port: number };
      const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
      const children = {
        steward: ended(await startChild<Ready>({ file: 'children/steward.ts', env: identity, given, execArgv })),
        'teams-ai': ended(await startChild<Ready>({ file: 'peers/teams-ai.mjs', env: peer })),
        echo: ended(await startChild<Ready>({ file: 'peers/echo.mjs', env: peer })),
      };
      return new Bench({ teams, cloud, children, token: String(await cloud.ask('token', teams.url)), stop });
    } catch (error) {
      for (const end of stop) await end();
      throw error;
    }
  }

  /** What the bots complained about. */
  told(): string {
    return bots.map((bot) => this.#children[bot].told()).join('\n').trim();
  }

  async stop(): Promise<void> {
    for (const end of this.#stop) await end();
  }

  async measure({ rounds, quiet, actions }: { readonly rounds: number; readonly quiet: number; readonly actions: boolean }): Promise<Figures> {
    const employees = this.#people('employee');
    const chats = forEach(bots, (bot) => employees.slice(0, CONVERSATIONS).map((person) => this.#chat(bot, person)));
    for (let round = 0; round < WARM_UP; round += 1) for (const bot of bots) await this.#read(bot, chats[bot][round % CONVERSATIONS]!);
    await this.#forget();

    const calls: { readonly turn: { readonly beganMs: number; readonly endedMs: number }; readonly calls: readonly OutgoingCall[] }[] = [];
    const one = forEach(bots, (): number[] => []);
    const cpuBefore = this.#cpu();
    for (let round = 0; round < rounds; round += 1) {
      // Who goes first changes, so that nobody always runs behind the same one.
      for (let place = 0; place < bots.length; place += 1) {
        const bot = bots[(round + place) % bots.length]!;
        const turn = await this.#read(bot, chats[bot][round % CONVERSATIONS]!);
        one[bot].push(turn.endedMs - turn.beganMs);
        await sleep(PAUSE_MS);
        if (bot === 'steward') calls.push({ turn, calls: await this.#calls() });
      }
      if (round % 20 === 19) await this.#cloud.ask('forgetJournal');
    }

    const cpuAfter = this.#cpu();

    const silent = { steward: [] as number[], 'teams-ai': [] as number[] };
    for (let round = 0; round < quiet; round += 1) {
      for (const bot of ['steward', 'teams-ai'] as const) {
        await sleep(SILENCE_MS);
        const turn = await this.#read(bot, chats[bot][round % CONVERSATIONS]!);
        silent[bot].push(turn.endedMs - turn.beganMs);
      }
    }

    const eight = forEach(bots, (): number[] => []);
    const waves = Math.ceil(rounds / CONVERSATIONS);
    for (let wave = -2; wave < waves; wave += 1) {
      for (const bot of bots) {
        const turns = await Promise.all(chats[bot].map((chat) => this.#read(bot, chat)));
        if (wave >= 0) eight[bot].push(...turns.map(({ beganMs, endedMs }) => endedMs - beganMs));
        await sleep(PAUSE_MS);
      }
      await this.#cloud.ask('forgetJournal');
    }
    await this.#calls();

    const oneAtATime = forEach(bots, (bot) => summarise(one[bot]));
    const { steward, 'teams-ai': bare } = oneAtATime;
    const p50 = round(steward.p50 - bare.p50);
    const p95 = round(steward.p95 - bare.p95);
    const acted = actions ? { confirmAndExecute: await this.#actions(Math.max(20, Math.ceil(rounds / 4))) } : {};
    for (const bot of bots) for (const chat of chats[bot]) chat.close();
    return {
      machine: machine(),
      rounds,
      oneAtATime,
      eightAtATime: forEach(bots, (bot) => summarise(eight[bot])),
      afterSilence: { steward: summarise(silent.steward), 'teams-ai': summarise(silent['teams-ai']) },
      added: { p50, p95, p50Ratio: round(steward.p50 / bare.p50), p95Ratio: round(steward.p95 / bare.p95), goal: GOAL, holds: p50 <= GOAL.p50 && p95 <= GOAL.p95 },
      breakdown: breakdownOf(calls, this.#partOf),
      cpuMsPerTurn: forEach(bots, (bot) => round((cpuAfter[bot] - cpuBefore[bot]) / rounds)),
      guard: await measureGuard(),
      ...acted,
      notes,
    };
  }

  /** One read turn, up to its last answer; for the echo, its only one. */
  async #read(bot: Bot, chat: Chat): Promise<{ readonly beganMs: number; readonly endedMs: number }> {
    const last = this.#teams.heard(
      ({ conversationId, activity }) => conversationId === chat.id && activity.type === 'message' && (bot === 'echo' || activity.text === LAST_WORDS),
      `the last answer of ${bot}`,
    );
    const [{ beganMs }, { atMs }] = await Promise.all([chat.say(QUESTION), last]);
    return { beganMs, endedMs: atMs };
  }

  /** Message to card, and click to the card that says what was done. */
  async #actions(rounds: number): Promise<NonNullable<Figures['confirmAndExecute']>> {
    const [helper] = this.#people('employee,helpdesk');
    const colleagues = this.#people('employee').slice(CONVERSATIONS);
    const samples = { toCard: [] as number[], clickAnswered: [] as number[], toDone: [] as number[], sum: [] as number[] };
    const chat = this.#chat('steward', helper!);
    for (let round = -5; round < rounds; round += 1) {
      if (round % FORGET_LIMITS_EVERY === 0) await this.#forget();
      const target = colleagues[(round + 5) % colleagues.length]!;
      const shown = this.#teams.heard(({ conversationId, kind, activity }) => conversationId === chat.id && kind === 'send' && activity.type === 'message', 'the card');
      const [asked, card] = await Promise.all([chat.say(`Block the sign-in of ${target.name}, her laptop was stolen on the train`), shown]);
      const action = confirmOf(card);
      await sleep(PAUSE_MS);
      const done = this.#teams.heard(({ kind, activityId, activity }) => kind === 'update' && activityId === card.activityId && JSON.stringify(activity.attachments).includes('✓'), 'the outcome');
      const [clicked, updated] = await Promise.all([chat.press(card.activityId, action), done]);
      await sleep(PAUSE_MS);
      if (round < 0) continue;
      samples.toCard.push(card.atMs - asked.beganMs);
      samples.clickAnswered.push(clicked.acknowledgedMs - clicked.beganMs);
      samples.toDone.push(updated.atMs - clicked.beganMs);
      samples.sum.push(card.atMs - asked.beganMs + updated.atMs - clicked.beganMs);
    }
    chat.close();
    return forEach(['toCard', 'clickAnswered', 'toDone', 'sum'] as const, (what) => summarise(samples[what]));
  }

  #chat(bot: Bot, person: Person): Chat {
    const { ready: facts } = this.#cloud;
    return new Chat({
      bot: `http://127.0.0.1:${this.#children[bot].ready.port}/api/messages`,
      botId: `28:${facts.identities.channel}`,
      tenantId: facts.tenantId,
      serviceUrl: this.#teams.url,
      token: this.#token,
      person,
    });
  }

  /** People with exactly these roles whose names are plain and nobody else's. */
  #people(roles: string): readonly Person[] {
    const { people, tenantId } = this.#cloud.ready;
    return people.filter((person) => person.tenantId === tenantId && person.roles.join() === roles && /^[A-Z][a-z]{2,} [A-Z][a-z]{2,}$/.test(person.name) && people.filter(({ name }) => sharesWords(name, person.name)).length === 1);
  }

  /** Which part of a turn a request of Steward belongs to. */
  readonly #partOf = ({ method, host, path }: OutgoingCall): Part => {
    const at = (url: string): boolean => new URL(url).hostname === host;
    const { endpoints } = this.#cloud.ready;
    if (at(endpoints.blobs)) return 'storage: ledger append';
    if (at(endpoints.tables)) return tablePart(method, path);
    if (at(endpoints.graph)) return 'graph';
    if (at(endpoints.vault)) return 'other';
    return path.startsWith('/v3/') ? 'connector' : path.startsWith('/openai/') ? 'model' : 'other';
  };

  async #calls(): Promise<readonly OutgoingCall[]> {
    // Its clock counts from the epoch; this process's own counts from its start.
    const taken = (await this.#children.steward.ask('calls')) as readonly OutgoingCall[];
    return taken.map((call) => ({ ...call, beganMs: call.beganMs - performance.timeOrigin, endedMs: call.endedMs - performance.timeOrigin }));
  }

  #cpu(): Readonly<Record<Bot, number>> {
    return forEach(bots, (bot) => this.#children[bot].cpuMs() ?? Number.NaN);
  }

  async #forget(): Promise<void> {
    await this.#cloud.ask('forgetLimits');
    await this.#calls();
  }
}

function tablePart(method: string, path: string): Part {
  if (path.includes('/$batch')) return 'storage: transaction (spend, or answer and lease)';
  if (path.includes('/latch')) return 'storage: latch';
  if (path.includes('/conversations')) {
    if (method === 'GET') return 'storage: memory load';
    return method === 'POST' ? 'storage: inbox note' : 'storage: lease';
  }
  return 'storage: other';
}

/** Whether a search for one name could also find the other. */
function sharesWords(one: string, other: string): boolean {
  const words = (name: string): readonly string[] => name.toLowerCase().split(/\P{L}+/u);
  return words(other).every((word) => words(one).some((candidate) => candidate.startsWith(word)));
}

/** The button that confirms: the first one that can be pressed. */
function confirmOf(card: Received): unknown {
  const found: unknown[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('type' in value && value.type === 'Action.Execute') found.push(value);
    for (const inner of Object.values(value)) look(inner);
  };
  look(card.activity.attachments);
  if (found.length === 0) throw new Error(`no card but: ${JSON.stringify(card.activity).slice(0, 400)}`);
  return found[0];
}

function forEach<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>; // `fromEntries` forgets the keys
}

function asText(figures: Figures): string {
  const { added, breakdown, guard, machine: on } = figures;
  const names: Readonly<Record<string, string>> = { steward: 'Steward', 'teams-ai': 'bare Teams AI', echo: 'bare echo' };
  const head = (what: string): readonly string[] => [what, 'turns', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'];
  const row = (name: string, { count, p50, p95, p99, max }: Summary): readonly (string | number)[] => [name, String(count), p50, p95, p99, max];
  const rows = (summaries: Readonly<Record<string, Summary>>): readonly (readonly (string | number)[])[] => Object.entries(summaries).map(([bot, summary]) => row(names[bot] ?? bot, summary));
  const acted = figures.confirmAndExecute;
  return [
    `Node ${on.node}, ${on.cores} × ${on.cpu}, ${on.memoryMiB} MiB, ${on.date}, load ${on.load1}`,
    '',
    table(head('A read turn, one at a time'), rows(figures.oneAtATime)),
    `Processor time of a turn: Steward ${figures.cpuMsPerTurn.steward} ms, bare Teams AI ${figures.cpuMsPerTurn['teams-ai']} ms, bare echo ${figures.cpuMsPerTurn.echo} ms.`,
    `Steward adds ${added.p50.toFixed(1)} ms p50 (× ${added.p50Ratio}) and ${added.p95.toFixed(1)} ms p95 (× ${added.p95Ratio}) to the bare Teams AI bot; the goal is at most ${added.goal.p50} and ${added.goal.p95}: it ${added.holds ? 'holds' : 'does not hold'}.`,
    '',
    table(head('A read turn, eight in flight'), rows(figures.eightAtATime)),
    '',
    table(head('A read turn after a second of silence'), rows(figures.afterSilence)),
    '',
    table(
      ['Where the time of a read turn of Steward goes', 'calls', 'ms each', 'ms a turn'],
      breakdown.kinds.map(({ part, callsPerTurn, msEach, msPerTurn }) => [part, callsPerTurn.toFixed(2), msEach, msPerTurn]),
    ),
    '',
    table(
      ['Of the same turn, in sequence', 'ms'],
      [...breakdown.waited.map(({ on: what, ms }): [string, number] => [`waited for ${what}`, ms]), ['policy (computed)', guard.policyMs], ['gate (computed)', guard.gateMs], ['rest: framework, parsing, output gate', Math.max(0, round(breakdown.computedMs - guard.policyMs - guard.gateMs))], ['whole turn, mean', breakdown.turnMs]],
    ),
    ...(acted === undefined
      ? []
      : [
          '',
          table(head('Confirm and execute (block_sign_in), Steward'), [
            row('message to card', acted.toCard),
            row('click to its answer', acted.clickAnswered),
            row('click to the card that says done', acted.toDone),
            row('message to card + click to done', acted.sum),
          ]),
        ]),
    '',
    ...figures.notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}
