/**
 * Two processes of Steward as it is deployed, each with a way of its own to storage that can be cut, and each telling
 * what it sends and when. Admins who kill and revive, and the hand that writes the latch.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { TableClient, type TableEntityResult } from '@azure/data-tables';
import { deployLatch } from '../../bench/deployed.ts';
import { en } from '../../src/bot/wording/en.ts';
import { createCertificates } from '../../sandbox/tls.ts';
import { APPROVE, buttonsOf, cardOf, hasCard, shown } from '../../test/stories/harness/cards.ts';
import type { Received } from '../../test/stories/harness/connector.ts';
import type { Persona } from '../../test/stories/harness/journal.ts';
import type { Chat, Click } from '../../test/stories/harness/teams.ts';
import { until } from '../../test/stories/harness/wait.ts';
import { Two, type Dress } from '../guard-clicks/two.ts';
import { Cards } from './cards.ts';
import { Door, type Cut } from './door.ts';
import { nowMs, Wire } from './wire.ts';

/** Which of the two processes. */
export type Which = 0 | 1;
export const BOTH: readonly Which[] = [0, 1];
export const otherThan = (at: Which): Which => (at === 0 ? 1 : 0);

const PRELOAD = pathToFileURL(join(import.meta.dirname, '../../bench/wire.mjs')).href;
const LATCH_KEY = { partitionKey: 'latch', rowKey: 'latch' } as const;
const LIMITS_PARTITION = 'raised';
/** What two people may raise it to (src/actions/people/block-sign-in.ts): a round does more than twenty in an hour. */
const BLOCKS_AN_HOUR = 60n;
const DAY_MS = 24 * 60 * 60_000;
const REPLY_MS = 20_000;
/** Admins also get cards about outcomes that nobody knows. */
const REVIVE = /^revive/i;
const REFUSALS = Object.values(en.errors);
/** What a click says that took too long to be decided; Steward goes on with it behind. */
const STILL_CHECKING = /still checking/i;

/** Whether a message is a plain refusal; others come in between, about outcomes of before. */
export function isRefusal({ activity: { text = '' } }: Received): boolean {
  return REFUSALS.some((refusal) => text.startsWith(refusal));
}
/** A reading of the latch is used for a second (src/guard/kill-switch.ts). */
export const READING_LIVES_MS = 1_000;

interface Doors {
  readonly tables: Door;
  readonly blobs: Door;
}

export class Stage {
  readonly two: Two;
  readonly cards: Cards;
  readonly wires: readonly [Wire, Wire];
  readonly admins: readonly Persona[];
  readonly #doors: readonly Doors[];
  readonly #chats = new Map<string, readonly [Chat, Chat]>();
  #kills = 0;

  private constructor(two: Two, wires: readonly [Wire, Wire], doors: readonly Doors[]) {
    this.two = two;
    this.wires = wires;
    this.cards = new Cards(two.connector);
    this.#doors = doors;
    this.admins = [two.person('employee,admin'), two.person('employee,admin', 1)];
  }

  static async start(): Promise<Stage> {
    const wires: Wire[] = [];
    const doors: Doors[] = [];
    const two = await Two.start(async (at, { cloud, edge, folder }): Promise<Dress> => {
      const { tables, blobs } = cloud.endpoints;
      const hosts = [tables, blobs].map((url) => new URL(url).hostname);
      // Whoever trusts two authorities needs two names of them.
      const certificates = await createCertificates(hosts, `Steward door CA ${at}`);
      const [table, blob] = await Promise.all([tables, blobs].map((url) => Door.open(url, cloud.agent, certificates)));
      if (table === undefined || blob === undefined) throw new Error('there is no door');
      doors[at] = { tables: table, blobs: blob };
      const redirect = { ...(JSON.parse(edge.environment['BENCH_REDIRECT'] ?? '{}') as Record<string, number>), [`${hosts[0]}:443`]: table.port, [`${hosts[1]}:443`]: blob.port };
      const authorities = join(folder, `authorities-${at}.pem`);
      writeFileSync(authorities, readFileSync(edge.environment['NODE_EXTRA_CA_CERTS'] ?? '', 'utf8') + certificates.caPem);
      const wire = join(folder, `wire-${at}.txt`);
      wires[at] = new Wire(wire);
      return {
        edge: { ...edge, environment: { ...edge.environment, BENCH_REDIRECT: JSON.stringify(redirect), NODE_EXTRA_CA_CERTS: authorities } },
        preload: ['--import', PRELOAD],
        with: { BENCH_WIRE: wire },
      };
    });
    const [one, other] = wires;
    if (one === undefined || other === undefined) throw new Error('a process tells nothing');
    const stage = new Stage(two, [one, other], doors);
    await stage.#meet();
    return stage;
  }

  async stop(): Promise<void> {
    for (const at of BOTH) this.heal(at);
    await this.two.stop();
    await Promise.all(this.#doors.flatMap(({ blobs, tables }) => [blobs.close(), tables.close()]));
  }

  /** Admins have written to Steward before: it can reach them. */
  async #meet(): Promise<void> {
    for (const admin of this.admins) {
      const [chat] = this.#chatsOf(admin);
      await chat.install();
      const since = this.cards.position;
      await chat.post(chat.message('hello'));
      await until(() => this.cards.since(since).find(({ conversationId }) => conversationId === chat.id), REPLY_MS, 'an admin was not answered');
    }
  }

  #chatsOf(admin: Persona): readonly [Chat, Chat] {
    const chats = this.#chats.get(admin.aadObjectId) ?? this.two.chats(admin);
    this.#chats.set(admin.aadObjectId, chats);
    return chats;
  }

  // --- storage -------------------------------------------------------------------------------------------------------

  cut(at: Which, cut: Cut): void {
    const doors = this.#doors[at];
    doors?.tables.cut(cut);
    if (cut.what === 'storage') doors?.blobs.cut(cut);
  }

  heal(at: Which): void {
    const doors = this.#doors[at];
    doors?.tables.heal();
    doors?.blobs.heal();
  }

  #table(name: string): TableClient {
    const { cloud } = this.two;
    return new TableClient(cloud.endpoints.tables, name, cloud.credentialFor(cloud.identities.keeper), { agent: cloud.agent });
  }

  /** The row as it stands. */
  async latchRow(): Promise<TableEntityResult<Record<string, unknown>>> {
    return this.#table('latch').getEntity(LATCH_KEY.partitionKey, LATCH_KEY.rowKey);
  }

  /** What a hand does in the portal: changes columns of the row, or puts a whole row there. */
  async writeLatch(columns: Readonly<Record<string, unknown>>, mode: 'Merge' | 'Replace' = 'Merge'): Promise<void> {
    const kept = Object.fromEntries(Object.entries(columns).filter(([name]) => !/^(?:etag|timestamp|odata\.|partitionKey|rowKey)/.test(name)));
    await this.#table('latch').upsertEntity({ ...kept, ...LATCH_KEY }, mode);
  }

  async deleteLatch(): Promise<void> {
    await this.#table('latch').deleteEntity(LATCH_KEY.partitionKey, LATCH_KEY.rowKey);
  }

  /** As a deployment does, and two admins after it. */
  async deployLatch(): Promise<void> {
    await deployLatch(this.two.cloud);
  }

  /** As two people raise it for an hour, but for longer; and nothing was counted in this hour yet. */
  async freeLimits(): Promise<void> {
    const limits = this.#table('limits');
    for await (const { partitionKey = '', rowKey = '' } of limits.listEntities()) if (partitionKey !== LIMITS_PARTITION) await limits.deleteEntity(partitionKey, rowKey);
    await limits.upsertEntity({ partitionKey: LIMITS_PARTITION, rowKey: 'block_sign_in', perHour: BLOCKS_AN_HOUR, untilMs: BigInt(Date.now() + DAY_MS) }, 'Replace');
  }

  // --- kill and revive -----------------------------------------------------------------------------------------------

  /** Says `kill all` to one process, in a personal chat. `mark` finds the message among what came there. */
  kill(at: Which, admin = 0): { readonly mark: string; readonly conversationId: string; readonly posted: Promise<unknown> } {
    const mark = `?kill=${(this.#kills += 1)}`;
    const person = this.admins[admin % this.admins.length];
    if (person === undefined) throw new Error('there are no admins');
    const [chat, other] = this.two.chats(person, 'personal', mark);
    const here = at === 0 ? chat : other;
    return { mark, conversationId: here.id, posted: here.post(here.message('kill all')) };
  }

  /** Two admins revive, one after the other. Resolves when Steward said that it is done, on whatever process. */
  async revive(at: Which, proposer = 0): Promise<void> {
    const [one, other] = proposer % 2 === 0 ? this.admins : [...this.admins].reverse();
    if (one === undefined || other === undefined) throw new Error('there are not two admins');
    const proposing = this.#chatsOf(one)[at];
    const deciding = this.#chatsOf(other)[at];
    const since = this.cards.position;
    await proposing.post(proposing.message('revive because the round is over'));
    let card: Received | undefined;
    await until(() => {
      const sent = this.cards.since(since);
      card = sent.find((received) => received.conversationId === deciding.id && hasCard(received) && buttonsOf(cardOf(received)).some(({ title }) => REVIVE.test(title)));
      return card !== undefined || sent.some((received) => received.conversationId === proposing.id && isRefusal(received));
    }, REPLY_MS, 'nobody was asked to revive');
    if (card === undefined) throw new Error(`nobody was asked to revive, and said was: ${this.cards.since(since).filter(({ conversationId }) => conversationId === proposing.id).map(shown).join(' | ').slice(0, 300)}`);
    const click = await deciding.click(card, REVIVE);
    if (STILL_CHECKING.test(click.privately ?? '')) await until(async () => (await this.latchRow())['level'] === 'full', REPLY_MS, 'the revival did not come through');
    else if (click.card === undefined) throw new Error(`the revival was not taken: ${click.text.slice(0, 300)}`);
  }

  /** Waits until no process can still use a reading of the latch that it began before `changedMs`. */
  async forgetReadings(changedMs: number): Promise<void> {
    const before = this.wires.map((wire) => wire.of('read', changedMs - READING_LIVES_MS).filter(({ atMs }) => atMs < changedMs).at(-1)?.atMs ?? 0);
    const leftMs = Math.max(...before) + READING_LIVES_MS - nowMs();
    if (leftMs > 0) await sleep(leftMs + 1);
  }

  /** Whether a process has read the latch, from beginning to end, since then. */
  hasRead(at: Which, sinceMs: number): boolean {
    const wire = this.wires[at];
    return wire.of('read', sinceMs).some((read) => /^2/.test(wire.endOf(read)?.what ?? ''));
  }

  /** What a person pressed on a card that must be dead. Undefined when it was refused as it should be. */
  async pressDead(chat: Chat, card: Received): Promise<string | undefined> {
    const click: Click = await chat.press(chat.invoke(card, APPROVE));
    const refused = click.status === 200 && click.card === undefined && click.privately !== undefined && click.privately !== '';
    return refused ? undefined : `${click.status} ${click.text.slice(0, 150)}`;
  }
}
