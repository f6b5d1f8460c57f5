/** One started product with everything around it: Teams on one side, a model on the other, the sandbox underneath. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Built } from '../../../sandbox/articles.ts';
import { startSandbox } from '../../../sandbox/start.ts';
import { latchOf } from '../../../bench/lib/latch.ts';
import type { Sandbox } from '../../../sandbox/start.ts';
import { identitiesFromSeed } from '../../../sandbox/identifiers.ts';
import type { Identities } from '../../../sandbox/identifiers.ts';
import { openContainer } from '../../../src/clients/blobs.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import type { AuditSetting } from '../../../src/cli/audit-setting.ts';
import { openTables, type Tables } from '../../../src/clients/tables.ts';
import type { LatchLevel } from '../../../src/guard/ports.ts';
import { PATIENCE_MS } from '../../machine.ts';
import { verifies } from '../../requirements.ts';
import type { RequirementId } from '../../requirements.ts';
import { Connector } from './connector.ts';
import { Control, Journal } from './journal.ts';
import type { Persona } from './journal.ts';
import { ScriptedModel } from './model.ts';
import { OneDrive } from './one-drive.ts';
import { Chat } from './teams.ts';
import { sleep } from './wait.ts';
import type { Wire, Where } from './teams.ts';

export interface WorldOptions {
  /** `scripted`: the story says what the model says. `own`: the sandbox's model. */
  readonly model: 'scripted' | 'own';
  /** Post to the bot itself, with tokens from control, instead of the signing proxy. */
  readonly auth?: boolean;
  /** Tokens over the emulated identity endpoint. The SDK keeps the first endpoint of a process, so one world may. */
  readonly managedIdentity?: boolean;
  /** Keeps storage there, so that another start finds it. */
  readonly dataDir?: string;
  /** Answers from these, built and signed as an operator would. */
  readonly articles?: () => Promise<Built>;
  /** A OneDrive beside it, so that reports come with files. */
  readonly oneDrive?: boolean;
  /** The robot gets no token any more. */
  readonly robotRevoked?: boolean;
}

const SEED = 4711;
/** An instance acts on a reading of the latch that began less than a second ago. */
const LATCH_READ_WITHIN_MS = 1_100;
const plainName = /^[A-Z][a-z]{2,} [A-Z][a-z]{2,}$/;

const tokens = (name: string): readonly string[] => name.normalize('NFKD').toLowerCase().split(/[^\p{L}\p{M}]+/u).filter((token) => token !== '');

/** Whether a search for `wanted` could also find `other`: every word begins one of the other's. */
const couldMean = (wanted: string, other: string): boolean => tokens(wanted).every((word) => tokens(other).some((candidate) => candidate.startsWith(word)));

interface Operator {
  readonly words: readonly string[];
  readonly connection: NonNullable<AuditSetting['connection']>;
}

export class World {
  readonly bot: string;
  readonly control: Control;
  readonly connector: Connector;
  readonly people: readonly Persona[];
  /** The company's tenant: the one that most people are in. */
  readonly tenantId: string;
  readonly identities: Identities;
  /** What Steward reported to its operator. */
  readonly errors: readonly unknown[];
  readonly #model: ScriptedModel | undefined;
  readonly #oneDrive: OneDrive | undefined;
  readonly #stop: () => Promise<void>;
  readonly #newHour: () => Promise<void>;
  readonly #setLevel: (level: LatchLevel) => Promise<void>;
  #level: LatchLevel = 'full';
  readonly #wire: Wire;
  readonly #ordinary: Persona[];
  /** What the sandbox was asked since the story began. */
  readonly journal: Journal;
  /** State as it is stored, for hands that write what Steward does not. */
  readonly tables: Tables;
  /** Copies the containers of ledger and checkpoints into a directory, as an operator does. */
  readonly copyLedger: (directory: string) => Promise<void>;
  /** How an operator reaches this deployment. */
  readonly operator: Operator;

  private constructor(parts: { bot: string; control: Control; connector: Connector; model: ScriptedModel | undefined; people: readonly Persona[]; auth: boolean; errors: readonly unknown[]; stop: () => Promise<void>; newHour: () => Promise<void>; setLevel: (level: LatchLevel) => Promise<void>; tables: Tables; copyLedger: (directory: string) => Promise<void>; operator: Operator; oneDrive: OneDrive | undefined }) {
    const { bot, control, connector, model, people, auth } = parts;
    this.bot = bot;
    this.control = control;
    this.journal = new Journal(control);
    this.connector = connector;
    this.people = people;
    this.tenantId = mostCommon(people.map(({ tenantId }) => tenantId));
    this.errors = parts.errors;
    this.identities = identitiesFromSeed(SEED);
    this.#model = model;
    this.#oneDrive = parts.oneDrive;
    this.#stop = parts.stop;
    this.#newHour = parts.newHour;
    this.#setLevel = parts.setLevel;
    this.tables = parts.tables;
    this.operator = parts.operator;
    this.copyLedger = parts.copyLedger;
    this.#wire = {
      bot,
      botId: `28:${this.identities.channel}`,
      tenantId: this.tenantId,
      connector,
      model,
      ...(auth && { authorization: async () => `Bearer ${await control.token('good', connector.url)}` }),
    };
    this.#ordinary = people.filter(
      (person) =>
        person.tenantId === this.tenantId && person.roles.join() === 'employee' && person !== this.person('employee') && plainName.test(person.name) &&
        !people.some((other) => other !== person && couldMean(person.name, other.name)),
    )
      // Ordinary people stand before the special cases, which no role tells apart.
      .slice(0, 60);
  }

  /** `before`: Teams and the model of a world whose product was stopped, to go on with. */
  static async open({ model: kind, auth = false, managedIdentity = false, dataDir, oneDrive: withOneDrive = false, robotRevoked = false, articles }: WorldOptions, before?: World): Promise<World> {
    const connector = before?.connector ?? (await Connector.start());
    const model = before === undefined ? (kind === 'scripted' ? await ScriptedModel.start() : undefined) : before.#model;
    const oneDrive = withOneDrive ? await OneDrive.start() : undefined;
    const errors: unknown[] = [];
    try {
      const sandbox = await startSandbox({ seed: SEED, ...(articles !== undefined && { articles: await articles() }), onError: (error) => void errors.push(error), ...(dataDir !== undefined && { dataDir }), ...(model !== undefined && { model: { url: model.url, name: 'scripted' } }), ...(auth && { auth }), ...(managedIdentity && { managedIdentity }), ...(robotRevoked && { robotRevoked }), ...(oneDrive && { oneDrive }) });
      const control = new Control(sandbox.control);
      return new World({ bot: sandbox.bot, control, connector, model, people: await control.people(), auth, errors, stop: () => sandbox.stop(), newHour: newHourOf(sandbox), setLevel: setLevelOf(sandbox), tables: tablesOf(sandbox), copyLedger: copyLedgerOf(sandbox), operator: operatorOf(sandbox), oneDrive });
    } catch (error) {
      // What stays open would keep the run from ending.
      await Promise.all([connector.stop(), model?.stop(), oneDrive?.stop()]);
      throw error;
    }
  }

  get model(): ScriptedModel {
    if (this.#model === undefined) throw new Error('this world has no scripted model');
    return this.#model;
  }

  get oneDrive(): OneDrive {
    if (this.#oneDrive === undefined) throw new Error('this world has no OneDrive');
    return this.#oneDrive;
  }

  /** The first who has exactly these roles, or the next ones. */
  person(role: 'employee' | 'helpdesk' | 'approver' | 'admin' | 'guest' | 'vip' | 'data protection', index = 0): Persona {
    const wanted = role === 'guest' || role === 'employee' ? role : `employee,${role}`;
    const found = this.people.filter(({ roles, tenantId }) => tenantId === this.tenantId && roles.join() === wanted)[index];
    if (found === undefined) throw new Error(`there is no ${role} number ${index + 1}`);
    return found;
  }

  /** Somebody of another tenant. */
  get stranger(): Persona {
    const found = this.people.find(({ tenantId }) => tenantId !== this.tenantId);
    if (found === undefined) throw new Error('there is nobody from another tenant');
    return found;
  }

  /** A colleague without any role, whose name is nobody else's; another one at each call, for a long while. */
  colleague(): Persona {
    const found = this.#ordinary.shift();
    if (found === undefined) throw new Error('there are no ordinary colleagues');
    this.#ordinary.push(found);
    return found;
  }

  /** A new conversation, or one that is known from before. */
  chat(person: Persona, where: Where = 'personal', id?: string): Chat {
    const chat = new Chat(this.#wire, person, where, id);
    this.connector.setMembers(chat.id, [member(person)]);
    return chat;
  }

  /** Begins a story: nothing planned, no trouble, an empty journal, and nothing that counts towards the hourly limits. */
  async begin(): Promise<void> {
    this.#model?.forget();
    this.connector.heal();
    this.#oneDrive?.forget();
    await this.control.heal();
    await this.#newHour();
    if (this.#level !== 'full') await this.level('full');
    await this.journal.skip();
  }

  /** Writes the latch as an operator does, and waits until every instance must have read it. The next story begins at `full`. */
  async level(level: LatchLevel): Promise<void> {
    await this.#setLevel(level);
    this.#level = level;
    await sleep(LATCH_READ_WITHIN_MS);
  }

  /** Stops the product; Teams and the model go on. */
  async stop(): Promise<void> {
    await this.#stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all([this.connector.stop(), this.#model?.stop(), this.#oneDrive?.stop()]);
  }
}

function mostCommon(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first] = [...counts].sort(([, one], [, other]) => other - one);
  if (first === undefined) throw new Error('there are no people');
  return first[0];
}

/** A file of stories is an hour's work of a few people many times over. */
function newHourOf({ cloud }: Sandbox): () => Promise<void> {
  const { limits } = tablesOf({ cloud });
  return async () => {
    const rows = await limits.list("PartitionKey ge ''", 1_000);
    await Promise.all(rows.map(({ key, partition }) => limits.remove(partition, key)));
  };
}

/** State tables under the keeper. */
function tablesOf({ cloud }: Pick<Sandbox, 'cloud'>): Tables {
  const { agent, endpoints, identities } = cloud;
  return openTables({ endpoint: endpoints.tables, credential: cloud.credentialFor(identities.keeper), httpClient: createEgress({ allow: [endpoints.tables], agent }).httpClient });
}

/** With the keeper's login, which may read all of it. */
function operatorOf({ cloud }: Sandbox): Operator {
  const { agent, endpoints: { anchors, blobs, tables, vault }, identities, tenantId } = cloud;
  const endpoints = { ledger: blobs, anchors, tables, vault };
  return { words: ['--account', 'stewardsandbox', '--tenant', tenantId, '--vault', 'steward-sandbox'], connection: { endpoints, credential: cloud.credentialFor(identities.keeper), httpClient: createEgress({ allow: [...new Set(Object.values(endpoints))], agent }).httpClient } };
}

function copyLedgerOf({ cloud }: Sandbox): (directory: string) => Promise<void> {
  const { agent, endpoints, identities } = cloud;
  const options = { endpoint: endpoints.blobs, credential: cloud.credentialFor(identities.keeper), httpClient: createEgress({ allow: [endpoints.blobs], agent }).httpClient };
  return async (directory) => {
    for (const name of ['ledger', 'anchors']) {
      const container = openContainer(name, options);
      for await (const blob of container.listBlobsFlat()) {
        const file = join(directory, name, blob.name);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, await container.getBlobClient(blob.name).downloadToBuffer());
      }
    }
  };
}

function setLevelOf({ cloud }: Sandbox): (level: LatchLevel) => Promise<void> {
  const store = latchOf(cloud);
  return async (level) => {
    const held = await store.read(AbortSignal.timeout(5_000));
    if (held === undefined) throw new Error('there is no latch');
    await store.write({ ...held.value, level, epoch: held.value.epoch + 1 }, 'any');
  };
}

const member = ({ teamsId, name, aadObjectId, tenantId, upn }: Persona) => ({ id: teamsId, name, aadObjectId, tenantId, userPrincipalName: upn });

export type Story = (ids: RequirementId | readonly RequirementId[], title: string, tell: (world: World) => Promise<void>, options?: { readonly timeoutMs?: number }) => void;

/** One world for the stories of a `describe`. A story also fails when its script and the calls of the model differ. */
export function useWorld(options: WorldOptions): { readonly story: Story } {
  let opened: World | undefined;
  before(async function () {
    this.timeout(3 * PATIENCE_MS);
    opened = await World.open(options);
  });
  after(async function () {
    this.timeout(PATIENCE_MS);
    await opened?.close();
  });
  return {
    story: (ids, title, tell, { timeoutMs = 30_000 } = {}) => {
      it(verifies(ids, title), async function () {
        // A guard against what never ends; what takes too long says so itself.
        this.timeout(4 * timeoutMs);
        if (opened === undefined) throw new Error('the world did not open');
        await opened.begin();
        await tell(opened);
        if (options.model === 'scripted') opened.model.assertDone();
      });
    },
  };
}
