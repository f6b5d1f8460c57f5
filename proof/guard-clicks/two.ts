/** Two processes of Steward as it is deployed, on one sandbox cloud, and people in Teams who talk to either of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { deployLatch, SERVICE_URL, startDeployed, startEdge, type Edge, type StartedProcess } from '../../bench/deployed.ts';
import { startCloud, type Cloud } from '../../sandbox/cloud.ts';
import { createCompany, type Company } from '../../sandbox/company/company.ts';
import { createGraphService } from '../../sandbox/graph/graph.ts';
import { createModelService } from '../../sandbox/model/service.ts';
import type { JournalEntry } from '../../sandbox/journal.ts';
import { build } from '../../scripts/build.ts';
import { cardOf, hasCard, isAlive } from '../../test/stories/harness/cards.ts';
import { Connector, type Received } from '../../test/stories/harness/connector.ts';
import type { Persona } from '../../test/stories/harness/journal.ts';
import { ScriptedModel } from '../../test/stories/harness/model.ts';
import { finds, proposes, REASON } from '../../test/stories/harness/scenes.ts';
import { Chat, conversationId, type Where } from '../../test/stories/harness/teams.ts';
import { until } from '../../test/stories/harness/wait.ts';

const SEED = 4711;
const MODEL = { deployment: 'planner', name: 'gpt-4.1' };
const CARD_MS = 20_000;
const ORDINARY = 60;
const PLAIN_NAME = /^[A-Z][a-z]{2,} [A-Z][a-z]{2,}$/;

export interface Asked {
  /** Where the request was made, seen from either process. */
  readonly chats: readonly [Chat, Chat];
  /** Where the card to decide stands. */
  readonly deciders: readonly [Chat, Chat];
  readonly card: Received;
  readonly target: Persona;
}

/** Something done to somebody, as Graph saw it. */
export interface Effect {
  readonly path: string;
  readonly body: unknown;
}

/** How a process is started, where it is not as it is deployed. */
export interface Dress {
  readonly edge?: Edge;
  /** Given to Node before the bundle. */
  readonly preload?: readonly string[];
  readonly with?: Readonly<Record<string, string>>;
}

export type DressOf = (at: 0 | 1, around: { readonly cloud: Cloud; readonly edge: Edge; readonly folder: string }) => Promise<Dress>;

export class Two {
  readonly connector: Connector;
  readonly cloud: Cloud;
  readonly company: Company;
  readonly colleagues: readonly Persona[];
  readonly model: ScriptedModel;
  /** Where the bundle is, and whatever a proof keeps; gone at the end. */
  readonly folder: string;
  readonly #edge: Edge;
  readonly #start: (at: 0 | 1) => Promise<StartedProcess>;
  readonly #processes: [StartedProcess, StartedProcess];
  #since = 0;

  private constructor(parts: { connector: Connector; cloud: Cloud; company: Company; model: ScriptedModel; edge: Edge; start: (at: 0 | 1) => Promise<StartedProcess>; processes: [StartedProcess, StartedProcess]; folder: string }) {
    this.connector = parts.connector;
    this.cloud = parts.cloud;
    this.company = parts.company;
    this.model = parts.model;
    this.folder = parts.folder;
    this.#edge = parts.edge;
    this.#start = parts.start;
    this.#processes = parts.processes;
    const everybody = this.company.people();
    const words = (name: string): readonly string[] => name.toLowerCase().split(' ');
    // As the search has it: somebody else is meant too when every word begins one of theirs.
    const isUnlike = (person: Persona): boolean => !everybody.some((other) => other !== person && words(person.name).every((word) => words(other.name).some((theirs) => theirs.startsWith(word))));
    const plain = everybody.filter((person) => person.roles.join() === 'employee' && person.tenantId === this.cloud.tenantId && PLAIN_NAME.test(person.name) && isUnlike(person));
    // Ordinary people stand before the special cases, which no role tells apart; the first of them clicks.
    this.colleagues = plain.slice(1, ORDINARY);
  }

  static async start(dressOf: DressOf = () => Promise.resolve({})): Promise<Two> {
    const folder = mkdtempSync(join(tmpdir(), 'steward-proof-'));
    const [model, connector] = await Promise.all([ScriptedModel.start(MODEL.name), Connector.start()]);
    await build(folder, { cache: false });
    const cloud = await startCloud({
      seed: SEED,
      company: (seed, tenantId) => {
        const made = createCompany(seed, tenantId);
        return { people: made.people(), reset: () => made.reset(), made };
      },
      graph: (context) => createGraphService({ company: context.company.made, grants: context.graphGrants, tenantId: context.tenantId }),
      openai: (context) => createModelService({ deployment: MODEL.deployment, reasonerClientIds: new Set([context.identities.reasoner]), relay: { url: model.url, name: MODEL.name } }),
    });
    const company = cloud.company.made;
    await deployLatch(cloud);
    const edge = await startEdge(cloud, Number(new URL(connector.url).port));
    const dresses = [await dressOf(0, { cloud, edge, folder }), await dressOf(1, { cloud, edge, folder })] as const;
    const start = async (at: 0 | 1): Promise<StartedProcess> => {
      const { preload = [], ...dress } = dresses[at];
      const started = await startDeployed(cloud, company, dress.edge ?? edge, MODEL, { program: [...preload, join(folder, 'src/main.cjs')], ...(dress.with && { with: dress.with }) });
      await started.listening();
      return started;
    };
    return new Two({ connector, cloud, company, model, edge, folder, start, processes: [await start(0), await start(1)] });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.stop()));
    await this.#edge.close();
    await this.cloud.stop();
    await Promise.all([this.connector.stop(), this.model.stop()]);
    rmSync(this.folder, { recursive: true });
  }

  /** Ends a process without a warning. */
  async crash(at: 0 | 1): Promise<void> {
    this.#processes[at].child.kill('SIGKILL');
    await this.#processes[at].ended;
  }

  /** Starts a process anew, on another port; conversations follow it. Whatever ran there must have ended. */
  async startAgain(at: 0 | 1): Promise<void> {
    this.#processes[at] = await this.#start(at);
  }

  output(at: 0 | 1): string {
    return this.#processes[at].output();
  }

  /** The first who has exactly these roles, or the next ones. */
  person(roles: string, index = 0): Persona {
    const found = this.company.people().filter((each) => each.roles.join() === roles && (each.tenantId === this.cloud.tenantId) === (roles !== ''))[index];
    if (found === undefined) throw new Error(`there is nobody with the roles “${roles}”`);
    return found;
  }

  named(name: string): Persona {
    const found = this.company.people().find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  /** One conversation, seen from each process: whichever of them the channel's balancer picks. `mark` is put behind the address. */
  chats(person: Persona, where: Where = 'personal', mark = ''): readonly [Chat, Chat] {
    const id = conversationId(where);
    const processes = this.#processes;
    const at = (index: 0 | 1): Chat => {
      const wire = {
        get bot() {
          return processes[index].url + mark;
        },
        botId: `28:${this.cloud.identities.channel}`,
        tenantId: this.cloud.tenantId,
        connector: this.#public(),
        model: this.model,
        authorization: () => this.#token(),
      };
      return new Chat(wire, person, where, id);
    };
    return [at(0), at(1)];
  }

  #public(): Connector {
    // The connector's own address is one that production does not answer to.
    return new Proxy(this.connector, {
      get: (target, name) => {
        if (name === 'url') return SERVICE_URL;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #minted: { readonly token: Promise<string>; readonly atMs: number } | undefined;

  /** A token of the channel, kept for a minute as the channel keeps its own. */
  async #token(): Promise<string> {
    if (this.#minted === undefined || performance.now() - this.#minted.atMs > 60_000) this.#minted = { token: this.cloud.channel.mintToken({ serviceUrl: SERVICE_URL }), atMs: performance.now() };
    return `Bearer ${await this.#minted.token}`;
  }

  /** A request made at one of the processes, up to its card. */
  async ask(at: 0 | 1, requester: readonly [Chat, Chat], target: Persona, decider?: readonly [Chat, Chat]): Promise<Asked> {
    // Asked for again and again: blocking somebody who is blocked would be no different from doing nothing.
    this.company.changeUser(target.aadObjectId, { accountEnabled: true });
    this.model.forget();
    this.model.play(finds(target.name), proposes('block_sign_in'));
    const since = this.connector.log.length;
    const deciders = decider ?? requester;
    const posted = await requester[at].post(requester[at].message(`Block ${target.name} because ${REASON}`));
    if (posted.status >= 300) throw new Error(`the request was answered ${posted.status}: ${posted.text}`);
    const card = await until(() => this.connector.messages({ conversationId: deciders[0].id, since }).find((message) => hasCard(message) && message.kind === 'send' && isAlive(cardOf(message))), CARD_MS, `no card about ${target.name}`).catch((error: unknown) => {
      throw new Error(`${String(error)}; said was: ${requester[at].since(since).shown.slice(0, 400)}`);
    });
    return { chats: requester, deciders, card, target };
  }

  /** What was done since this was asked last: every write that Graph took, also one that changed nothing any more. */
  effects(): readonly Effect[] {
    const fresh = this.#writes();
    this.#since = Math.max(this.#since, ...fresh.map(({ index }) => index + 1));
    return fresh.map(({ body, path }) => ({ path, body }));
  }

  hasEffects(): boolean {
    return this.#writes().length > 0;
  }

  #writes(): readonly JournalEntry[] {
    return this.cloud.journal.entries({ service: 'graph', since: this.#since }).filter(({ method, status }) => method === 'PATCH' && status < 300);
  }

  /** Waits until the card says what became of it; its words are given back. */
  async over({ card }: Asked, timeoutMs = CARD_MS): Promise<string> {
    return until(
      () => {
        const now = this.connector.current(card.activityId);
        if (now?.kind !== 'update' || !hasCard(now) || isAlive(cardOf(now))) return undefined;
        const words = JSON.stringify(cardOf(now));
        return /running …/i.test(words) ? undefined : words;
      },
      timeoutMs,
      'the card was not brought to an end',
    );
  }

  /** An action may run 20 times in an hour; a proof runs it more often. */
  async forgetLimits(): Promise<void> {
    const limits = new TableClient(this.cloud.endpoints.tables, 'limits', this.cloud.credentialFor(this.cloud.identities.keeper), { agent: this.cloud.agent });
    for await (const { partitionKey, rowKey } of limits.listEntities()) await limits.deleteEntity(partitionKey ?? '', rowKey ?? '');
  }
}
