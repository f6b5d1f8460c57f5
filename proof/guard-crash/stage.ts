/** A cloud, Teams and a model in this process, and a bot beside it that is started again whenever it was killed. */
import { APPROVE, buttonsOf, cardOf, DENY, hasCard, isAlive, shown } from '../../test/stories/harness/cards.ts';
import { Connector, type Received } from '../../test/stories/harness/connector.ts';
import type { Persona } from '../../test/stories/harness/journal.ts';
import { ScriptedModel } from '../../test/stories/harness/model.ts';
import { Chat, type Wire } from '../../test/stories/harness/teams.ts';
import { sleep } from '../../test/stories/harness/wait.ts';
import { deployLatch, SERVICE_URL, startDeployed, startEdge, type Edge, type StartedProcess } from '../../bench/deployed.ts';
import { startCloud, type Cloud } from '../../sandbox/cloud.ts';
import { createCompany, type Company } from '../../sandbox/company/company.ts';
import { createGraphService } from '../../sandbox/graph/graph.ts';
import { createModelService } from '../../sandbox/model/service.ts';
import { Auditor, publicName } from './auditor.ts';
import { Boundary, type Moment } from './boundary.ts';
import { ahead, pass } from './clock.ts';

const MODEL = { deployment: 'planner', name: 'gpt-4.1' };
const CLOCK = new URL('clock.mjs', import.meta.url).href;
/** Longer than a dead instance counts as alive (`ALIVE_MS`), and than any lease. */
const DEAD_MS = 100_000;
/** A bot that asked nothing for so long is at rest. Its sweep of the start is over then. */
const REST_MS = 250;
const STEP_MS = 5;
const WAIT_MS = 20_000;
const plainName = /^[A-Z][a-z]{2,} [A-Z][a-z]{2,}$/;

/** A change outside Steward that arrived, and what the ledger held at that moment. */
export interface Arrival {
  readonly action: string;
  readonly target: string;
  readonly intended: boolean;
}

/** The bot was killed: what was waited for does not come. */
export class Killed extends Error {}

export class Stage {
  readonly auditor: Auditor;
  readonly boundary: Boundary;
  readonly cloud: Cloud;
  readonly connector: Connector;
  readonly model: ScriptedModel;
  arrivals: Arrival[] = [];
  readonly #bundle: string;
  readonly #company: Company;
  readonly #edge: Edge;
  readonly #wire: Wire;
  #bot: StartedProcess | undefined;

  private constructor(parts: { bundle: string; cloud: Cloud; company: Company; connector: Connector; edge: Edge; model: ScriptedModel }) {
    const { bundle, cloud, company, connector, edge, model } = parts;
    this.cloud = cloud;
    this.connector = connector;
    this.model = model;
    this.#bundle = bundle;
    this.#company = company;
    this.#edge = edge;
    this.auditor = new Auditor(cloud);
    const ports = [model.url, cloud.endpoints.channelMetadata, cloud.endpoints.control].map((url) => Number(new URL(url).port));
    this.boundary = new Boundary(new Set(ports), (request) => this.#changing(request.method ?? '', request.url ?? ''));
    // The connector as activities name it. Its own address is one that production does not answer to.
    const named = new Proxy(connector, {
      get: (target, name) => {
        if (name === 'url') return SERVICE_URL;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const url = (): string => this.bot.url;
    this.#wire = {
      // Another port after each start.
      get bot() {
        return url();
      },
      botId: `28:${cloud.identities.channel}`,
      tenantId: cloud.tenantId,
      connector: named,
      model,
      authorization: async () => `Bearer ${await cloud.channel.mintToken({ serviceUrl: SERVICE_URL })}`,
    };
  }

  /** `bundle` is the main file of a build. */
  static async open(seed: number, bundle: string): Promise<Stage> {
    const [model, connector] = await Promise.all([ScriptedModel.start(MODEL.name), Connector.start()]);
    const cloud = await startCloud({
      seed,
      company: (of, tenantId) => {
        const made = createCompany(of, tenantId);
        return { people: made.people(), reset: () => made.reset(), made };
      },
      graph: (context) => createGraphService({ company: context.company.made, grants: context.graphGrants, tenantId: context.tenantId }),
      openai: (context) => createModelService({ deployment: MODEL.deployment, reasonerClientIds: new Set([context.identities.reasoner]), relay: { url: model.url, name: MODEL.name } }),
    });
    await deployLatch(cloud);
    const edge = await startEdge(cloud, Number(new URL(connector.url).port));
    return new Stage({ bundle, cloud, company: cloud.company.made, connector, edge, model });
  }

  async close(): Promise<void> {
    await this.#bot?.stop();
    await this.#edge.close();
    await this.cloud.stop();
    await Promise.all([this.connector.stop(), this.model.stop()]);
  }

  // --- the bot -----------------------------------------------------------------------------------------------------

  get bot(): StartedProcess {
    if (this.#bot === undefined) throw new Error('no bot was started');
    return this.#bot;
  }

  async start(): Promise<void> {
    const settings = { CRASH_AHEAD_MS: String(ahead()) };
    this.#bot = await startDeployed(this.cloud, this.#company, this.#edge, MODEL, { program: ['--import', CLOCK, this.#bundle], with: settings });
    await this.#bot.listening();
    await this.rest();
  }

  /** Starts a bot after one that died, when it counts as dead. */
  async startAgain(): Promise<void> {
    pass(DEAD_MS);
    await this.start();
  }

  async end(): Promise<void> {
    await this.bot.stop();
  }

  /** Leaves no bot behind. */
  kill(): void {
    this.#bot?.child.kill('SIGKILL');
  }

  trap(at: number, moment: Moment): void {
    const { child, ended } = this.bot;
    this.boundary.set({
      at,
      moment,
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    });
  }

  /** Waits until the bot asked nothing for a while. */
  async rest(ms = REST_MS): Promise<void> {
    await this.until(() => (this.boundary.isQuiet(ms) ? true : undefined), 'the bot to rest');
  }

  /** Fails with `Killed` when the bot is killed meanwhile. */
  async until<T>(predicate: () => T | undefined, what: string): Promise<T> {
    const beganMs = performance.now();
    for (;;) {
      if (this.boundary.killedAt !== undefined) throw new Killed();
      const found = predicate();
      if (found !== undefined) return found;
      if (performance.now() - beganMs > WAIT_MS) throw new Error(`${what}: not within ${WAIT_MS} ms`);
      await sleep(STEP_MS);
    }
  }

  /** Forgets that a bot was killed: what is waited for from now on is another one's. */
  forgive(): void {
    this.boundary.forgive();
  }

  // --- people ------------------------------------------------------------------------------------------------------

  person(role: string, index = 0): Persona {
    const found = this.#company.people().filter(({ roles, tenantId }) => roles.join() === role && tenantId === this.cloud.tenantId)[index];
    if (found === undefined) throw new Error(`there is no ${role}`);
    return found;
  }

  /** People whose names a search finds alone. */
  ordinary(): readonly Persona[] {
    const people = this.#company.people().filter(({ tenantId }) => tenantId === this.cloud.tenantId);
    const begins = (wanted: string, other: string): boolean => wanted.toLowerCase().split(' ').every((word) => other.toLowerCase().split(' ').some((each) => each.startsWith(word)));
    return people.filter(({ name, roles }) => roles.join() === 'employee' && plainName.test(name) && people.filter((other) => begins(name, other.name)).length === 1).slice(0, 40);
  }

  chat(person: Persona): Chat {
    return new Chat(this.#wire, person, 'personal');
  }

  /** Posts a message; whether it was acknowledged. What came of it is found at the connector. */
  async say(chat: Chat, text: string): Promise<boolean> {
    const posted = await chat.post(chat.message(text)).catch(() => undefined);
    if (posted === undefined) return false;
    if (posted.status >= 300) throw new Error(`the message was answered ${posted.status}: ${posted.text}`);
    return true;
  }

  /** A new card with something to press, in a chat. */
  async card(chat: Chat, since: number, which: RegExp): Promise<Received> {
    const card = await this.until(() => this.connector.messages({ conversationId: chat.id, since }).find((received) => received.kind === 'send' && hasCard(received) && buttonsOf(cardOf(received)).some(({ title, verb }) => which.test(title) || which.test(verb))), `a card with ${which}`);
    // A person looks at it first.
    await this.rest(60);
    return card;
  }

  /** Presses and waits until the card shows an end. */
  async press(chat: Chat, card: Received, which: RegExp): Promise<void> {
    const click = await chat.click(card, which).catch((error: unknown) => {
      if (this.boundary.killedAt !== undefined) throw new Killed();
      throw error;
    });
    if (click.privately !== undefined) throw new Error(`the click was refused: ${click.privately}`);
    await this.until(() => {
      const now = this.connector.current(card.activityId);
      return now !== undefined && now.kind === 'update' && hasCard(now) && !isAlive(cardOf(now)) && !/running …/i.test(shown(now)) ? now : undefined;
    }, 'the card to show an end');
  }

  // --- evidence ----------------------------------------------------------------------------------------------------

  /** Effects of the robot since an entry of the journal, as the systems behind it saw them. */
  effects(sinceIndex: number): readonly Arrival[] {
    const arrived = [...this.arrivals];
    return this.cloud.journal.entries({ since: sinceIndex }).flatMap(({ effect, method, path, service, status }) => {
      const change = changeOf(method, path);
      // Blocking somebody twice changes nothing the second time, and is done twice all the same.
      const happened = effect || (['graph', 'storage'].includes(service) && change !== undefined && status >= 200 && status < 300);
      if (!happened) return [];
      const { action, target } = change ?? { action: `${method} ${path}`, target: '' };
      const at = arrived.findIndex((each) => each.action === action && each.target === target);
      return [{ action, target, intended: at >= 0 && (arrived.splice(at, 1)[0]?.intended ?? false) }];
    });
  }

  nextEntry(): number {
    return (this.cloud.journal.entries().at(-1)?.index ?? -1) + 1;
  }

  async #changing(method: string, url: string): Promise<void> {
    const change = changeOf(method, url.replace(/\?.*/s, ''));
    if (change === undefined) return;
    const records = (await this.auditor.openLedgers()).flat().map(({ event }) => event);
    const ended = new Set(records.map((event) => (event.kind === 'outcome' ? event.execution : '')));
    const approved = new Set(records.map((event) => (event.kind === 'approval' && ['approved', 'executing'].includes(event.state) ? event.approval : '')));
    const intended =
      change.action === REVIVE
        ? records.some((event) => event.kind === 'approval' && event.state === 'executing' && event.by === 'second person')
        : records.some((event) => event.kind === 'intent' && event.action === change.action && !ended.has(event.execution) && approved.has(event.turn));
    this.arrivals.push({ ...change, intended });
  }
}

export const REVIVE = 'revive';
export const LATCH = 'the latch';

/** What a request would change, in the words of the catalogue. */
function changeOf(method: string, path: string): { readonly action: string; readonly target: string } | undefined {
  const [, user, tail] = /^\/v1\.0\/users\/([0-9a-f-]{36})(\/revokeSignInSessions)?$/i.exec(path) ?? [];
  if (user !== undefined && method === 'PATCH' && tail === undefined) return { action: 'block_sign_in', target: user.toLowerCase() };
  if (user !== undefined && method === 'POST' && tail !== undefined) return { action: 'revoke_sessions', target: user.toLowerCase() };
  if (/^\/latch\(/.test(path) && method !== 'GET') return { action: REVIVE, target: LATCH };
  return undefined;
}

export { APPROVE, DENY, publicName };
