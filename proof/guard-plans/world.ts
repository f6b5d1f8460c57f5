/** Steward's own parts, from the planner to the executor, on memory: what is around them is played. */
import { createApplication } from '../../src/bot/application.ts';
import { ActivityTypes, TurnContext, type Activity, type ConversationReference, type ResourceResponse } from 'botbuilder';
import { z } from 'zod/v4';
import { Catalogue, catalogue as realCatalogue } from '../../src/actions/catalogue.ts';
import type { Action } from '../../src/actions/action.ts';
import { HandleBook, HANDLE_TTL_MS, type StoredHandle } from '../../src/actions/handles.ts';
import { InternalId } from '../../src/actions/internal-id.ts';
import type { DeviceDirectory, PeopleDirectory, Robot } from '../../src/actions/ports.ts';
import { Ledger } from '../../src/audit/ledger.ts';
import { createScrubber } from '../../src/audit/scrub.ts';
import type { LedgerRecord } from '../../src/audit/record.ts';
import { StewardAdapter } from '../../src/bot/adapter.ts';
import { answerClick } from '../../src/bot/clicks.ts';
import type { CheckedActivity } from '../../src/bot/activity.ts';
import { Desk } from '../../src/bot/desk.ts';
import { StewardPlanner } from '../../src/bot/planner.ts';
import { Speaker } from '../../src/bot/say.ts';
import { attachTurn, Turn } from '../../src/bot/turn.ts';
import { StewardError } from '../../src/errors.ts';
import type { Place } from '../../src/guard/approval.ts';
import { Approvals } from '../../src/guard/approvals.ts';
import { Ceiling } from '../../src/guard/ceiling.ts';
import { Executor } from '../../src/guard/execute.ts';
import { Gate } from '../../src/guard/gate.ts';
import { KillSwitch } from '../../src/guard/kill-switch.ts';
import { Limits } from '../../src/guard/limits.ts';
import { Policy } from '../../src/guard/policy.ts';
import type { Latch, PersonFacts, Stored } from '../../src/guard/ports.ts';
import type { ModelReply, ModelRequest, Reasoner } from '../../src/guard/reasoner.ts';
import { handClock, latch, MemoryApprovals, MemoryEffects, MemoryLatch, MemoryLimits, MemoryRecords, policyText } from '../../test/unit/guard/support.ts';
import { Bookkeeper, letters } from './bookkeeper.ts';
import { approvers, Company, everybody, gone } from './people.ts';

/** Ways in which Steward is spoilt, to see that the books notice. */
export const sabotages = ['confirm runs at once', 'any click counts', 'arguments are not parsed', 'a handler acts twice', 'any card counts', 'nothing is recorded'] as const;
export type Sabotage = (typeof sabotages)[number];

export const APPROVE = 'steward/approve';
const TENANT = 'tenant';
const BOT = '28:bot';
/** A request that was just made waits a second for the note of its card; afterwards it does not. */
export const SETTLED_MS = 6_000;

/** The actions that the robot of this world plays. */
const PLAYED: readonly string[] = ['find_person', 'show_person', 'list_devices', 'block_sign_in', 'unblock_sign_in', 'revoke_sessions'];
export const playedActions: readonly Action[] = realCatalogue.all().filter(({ name }) => PLAYED.includes(name));

/** A latch row in a storage whose clock goes. */
class PlayedLatch extends MemoryLatch {
  readonly #now: () => Date;

  constructor(now: () => Date) {
    super(latch());
    this.#now = now;
  }

  override stored(): Stored<Latch> | undefined {
    const stored = super.stored();
    return stored && { ...stored, storageNow: this.#now() };
  }
}

/** What is sent: cards get into the books as they are shown. */
class PlayedAdapter extends StewardAdapter {
  readonly onSend: (conversationId: string, activity: Partial<Activity>) => string;

  constructor(onSend: PlayedAdapter['onSend']) {
    const never = async (): Promise<never> => Promise.reject(new Error('nothing here leaves the process'));
    super({ appId: 'app', tenantId: TENANT, httpClient: { sendRequest: never }, connectorToken: never });
    this.onSend = onSend;
  }

  override async sendActivities(context: TurnContext, activities: Partial<Activity>[]): Promise<ResourceResponse[]> {
    return activities.map((activity) => ({ id: this.onSend(activity.conversation?.id ?? context.activity.conversation.id, activity) }));
  }

  override async updateActivity(): Promise<ResourceResponse> {
    return { id: '' };
  }

  override async deleteActivity(_: TurnContext, __: Partial<ConversationReference>): Promise<void> {
    throw new Error('nothing is deleted');
  }

  override async at<T>(place: Place, logic: (context: TurnContext) => Promise<T>): Promise<T> {
    return logic(new TurnContext(this, activityIn(place.conversationId, place.conversationType)));
  }
}

/** Updates are shown at once: nobody waits here for the answer to a click to arrive. */
class PromptDesk extends Desk {
  override holdUpdates(): void {
    // Nothing is held.
  }
}

function activityIn(conversationId: string, conversationType: string, text = ''): Activity {
  return { type: ActivityTypes.Message, id: 'message', text, channelId: 'msteams', serviceUrl: 'https://smba.example/', from: { id: 'them', name: '' }, recipient: { id: BOT, name: '' }, conversation: { id: conversationId, conversationType, tenantId: TENANT, isGroup: conversationType !== 'personal', name: '' } } as Activity;
}

export const chatOf = (person: PersonFacts): string => `chat-of-${person.displayName}`;

function placeFor(conversationId: string, conversationType: string): Place {
  return { conversationId, serviceUrl: 'https://smba.example/', tenantId: TENANT, botId: BOT, channelId: 'msteams', conversationType };
}

export interface Asked {
  readonly person: PersonFacts;
  readonly words: string;
  readonly personal: boolean;
  readonly untrusted: boolean;
  readonly edited: boolean;
  readonly handles: readonly StoredHandle[];
  /** What the model says in each round. */
  readonly reply: (request: ModelRequest) => { readonly toolCalls: unknown } | { readonly text: string };
  /** Whether the systems fail. */
  readonly failing: boolean;
}

export type Answer = 'private' | 'card';

export class World {
  readonly clock = handClock();
  readonly company = new Company();
  readonly latch = new PlayedLatch(() => this.clock.now());
  readonly books: Bookkeeper;
  readonly approvals: Approvals;
  /** How often the ledger held each refusal, decision and click. */
  readonly tally: Record<string, number> = {};
  /** Cards sent since the last turn began. */
  fresh: string[] = [];
  readonly #application: ReturnType<typeof createApplication>;
  readonly #adapter: PlayedAdapter;
  readonly #desk: Desk;
  readonly #rows: MemoryApprovals;
  #reply: Asked['reply'] = () => ({ text: '' });
  #asking: PersonFacts | undefined;
  #failing = false;
  #activities = 0;

  constructor(sabotage?: Sabotage) {
    const { clock, company } = this;
    const nowMs = (): number => clock.now().getTime();
    this.books = new Bookkeeper(company, nowMs);
    const catalogue = this.#spied(sabotage);
    // The policy names actions that are not played.
    const policy = new Policy(policyText, realCatalogue.all());
    if (sabotage === 'confirm runs at once') {
      const ask = policy.ask.bind(policy);
      policy.ask = (request) => ask({ ...request, confirmed: true });
    }
    const killSwitch = new KillSwitch(this.latch, clock);
    const limits = new Limits(new MemoryLimits(), clock);
    const effects = new MemoryEffects(clock);
    const gate = new Gate(policy, company, killSwitch, limits, effects);
    const ledger = new Ledger({ append: async (lines) => this.#recorded(lines, sabotage) }, clock);
    const digestKey = { digest: (text: string) => `keyed(${text})` };
    const executor = new Executor(this.#robot(), killSwitch, limits, effects, ledger, digestKey, clock);
    const speaker = new Speaker([], () => []);
    this.#adapter = new PlayedAdapter((conversationId, activity) => this.#sent(conversationId, activity));
    const contacts = { remember: async () => undefined, find: async (id: InternalId) => {
      const person = everybody.find((each) => each.id.equals(id));
      return person && placeFor(chatOf(person), 'personal');
    } };
    const places = { add: async () => undefined, remove: async () => false, list: async () => [] };
    this.#desk = new PromptDesk(this.#adapter, speaker, contacts, places, company, clock);
    this.#rows = new MemoryApprovals(clock);
    const whoIsWho = company;
    this.approvals = new Approvals({ store: this.#rows, catalogue, gate, limits, records: new MemoryRecords(), whoIsWho, killSwitch, executor, ledger, digestKey, bindings: ['catalogue', policy.digest], audience: this.#desk, read: this.#desk.read });
    if (sabotage === 'any click counts' || sabotage === 'any card counts') this.#spoilClicks(sabotage);
    this.#desk.serve(this.approvals);
    const reasoner: Reasoner = { requestBytes: () => 100, complete: async (request) => this.#complete(request) };
    const price = { model: 'played', retires: '2099-01-01', inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 1 };
    const ceiling = new Ceiling({
      reasoner,
      store: { add: async () => ({ kind: 'added', monthMicroUsd: 0 }), read: async () => ({ monthMicroUsd: 0, days: [] }), raiseDay: async () => undefined, isFirst: async () => false },
      settings: { monthMicroUsd: 1e12, personDayMicroUsd: 1e12, turnMicroUsd: 1e12, price, dearest: price },
      clock,
      alarms: { onNotice: () => undefined, stopModel: () => this.books.violation('the ceiling stopped the model') },
    });
    const planner = new StewardPlanner({ catalogue, contract: 'contract', ceiling, gate, executor, approvals: this.approvals, killSwitch, ledger, digestKey, speaker, desk: this.#desk, scrubber: createScrubber(() => []), clock });
    this.#application = createApplication({ adapter: this.#adapter, appId: 'app', planner, onError: (error) => this.books.violation(`Teams AI met what was not planned: ${String(error)}`) });
  }

  /** One message and all that the planner makes of it. Resolves to the handles that the person has afterwards. */
  async ask(asked: Asked): Promise<readonly StoredHandle[]> {
    const { clock, books } = this;
    this.#reply = asked.reply;
    this.#failing = asked.failing;
    this.#asking = asked.person;
    this.fresh = [];
    books.turn = asked;
    const conversationType = asked.personal ? 'personal' : 'groupChat';
    const context = new TurnContext(this.#adapter, activityIn(chatOf(asked.person), conversationType, asked.words));
    const turn = new Turn({
      context,
      person: asked.person,
      place: placeFor(chatOf(asked.person), conversationType),
      requestActivityId: 'message',
      untrusted: asked.untrusted,
      signal: new AbortController().signal,
      enter: () => undefined,
      isWithdrawn: async () => asked.edited,
      memory: { history: [], handles: asked.handles, words: [asked.words] },
      nowMs: clock.now().getTime(),
    });
    attachTurn(context, turn);
    try {
      await this.#application.run(context);
    } catch (error) {
      books.violation(`the turn threw ${describe(error)}`);
    }
    books.turn = undefined;
    this.company.looks.length = 0;
    return turn.memory(clock.now().getTime()).handles;
  }

  /** A click as it comes off the wire, with everything that follows from it. */
  async press(clicker: PersonFacts, conversationId: string, activityId: string, value: unknown): Promise<Answer> {
    const behind: Promise<unknown>[] = [];
    const checked = { type: 'invoke', conversation: { id: conversationId }, replyToId: activityId } as unknown as CheckedActivity;
    try {
      const facts = await this.company.describe(clicker.id, 'now');
      // Whom the directory does not know is refused at the door.
      if (facts === undefined) return 'private';
      const answer = await answerClick(checked, value, facts, { approvals: this.approvals, desk: this.#desk, pick: async () => undefined, undo: async () => false, behind: (work) => void behind.push(work) });
      await Promise.all(behind);
      this.company.looks.length = 0;
      return (answer.body as { readonly type?: unknown }).type === 'application/vnd.microsoft.activity.message' ? 'private' : 'card';
    } catch (error) {
      this.books.violation(`a click threw ${describe(error)}`);
      return 'private';
    }
  }

  /** Old cards are forgotten, so that the books stay short. */
  forget(keep: number): void {
    const { cards } = this.books;
    for (const [activityId, { reference }] of [...cards].slice(0, Math.max(0, cards.size - keep))) {
      cards.delete(activityId);
      this.#rows.rows.delete(reference);
    }
  }

  async stop(): Promise<void> {
    // What was only told is still on its way.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  // --- what is played ----------------------------------------------------------------------------------------------

  #spied(sabotage: Sabotage | undefined): Catalogue {
    return new Catalogue(playedActions.map((action): Action => ({
      ...action,
      ...(sabotage === 'arguments are not parsed' && 'reason' in action.parameters.shape && { parameters: action.parameters.extend({ reason: z.any() }) }),
      run: async (given, robot, context) => {
        this.books.handled(action.name, given, (id) => `keyed(${id.digest()})`);
        if (sabotage === 'a handler acts twice' && action.effect !== 'read') await action.run(given, robot, context);
        return action.run(given, robot, context);
      },
    })));
  }

  #robot(): Robot {
    const effect = async (action: string, id: InternalId) => {
      await this.books.robot(action, id);
      if (this.#failing) throw new StewardError('SYSTEM_REFUSED', 'played');
      return { requestIds: ['request'] };
    };
    const personOf = (facts: PersonFacts) => ({ id: facts.id, displayName: facts.displayName, userPrincipalName: facts.userPrincipalName, signInAllowed: facts.enabled, guest: facts.guest, licences: [] });
    const people: Pick<PeopleDirectory, 'find' | 'show' | 'setSignInAllowed' | 'revokeSessions'> = {
      find: async (text, limit) => {
        await this.books.robot('find_person', undefined);
        if (typeof text !== 'string' || limit !== 10) this.books.violation('a search was asked with other arguments');
        const people = text === 'Ordinary' ? everybody.slice(0, 3) : everybody.filter(({ displayName }) => displayName === text);
        return { people: people.map(personOf), more: false };
      },
      show: async (id) => {
        await this.books.robot('show_person', id);
        const found = everybody.find((each) => each.id.equals(id));
        if (found === undefined) throw new StewardError('SYSTEM_NOT_FOUND', 'played');
        return personOf(found);
      },
      setSignInAllowed: async (id, allowed) => effect(allowed ? 'unblock_sign_in' : 'block_sign_in', id),
      revokeSessions: async (id) => effect('revoke_sessions', id),
    };
    const devices: Pick<DeviceDirectory, 'listOf'> = {
      listOf: async (id) => {
        await this.books.robot('list_devices', id);
        return { devices: [{ id: new InternalId(`device-of-${id.digest()}`), name: 'Laptop', platform: 'windows', osVersion: '1', model: 'm', serialNumber: 's', compliance: 'compliant' }], more: false };
      },
    };
    // The played actions use no other hand.
    return { people, devices } as unknown as Robot;
  }

  #complete(request: ModelRequest): ModelReply {
    const said = this.#reply(request);
    const reply = { finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 }, model: 'played', requestId: 'r' };
    return 'text' in said ? { ...reply, text: said.text, toolCalls: undefined } : { ...reply, text: '', toolCalls: said.toolCalls };
  }

  #sent(conversationId: string, activity: Partial<Activity>): string {
    const activityId = `activity-${(this.#activities += 1)}`;
    const content = activity.attachments?.[0]?.content as { readonly actions?: readonly { readonly verb?: string; readonly data?: { readonly reference?: string } }[] } | undefined;
    const approve = content?.actions?.find(({ verb }) => verb === APPROVE);
    if (approve === undefined || this.#asking === undefined) return activityId;
    const words = letters([...texts(content)].join(' '));
    const own = conversationId === chatOf(this.#asking);
    this.books.cards.set(activityId, { activityId, conversationId, reference: approve.data?.reference ?? '', words, requester: this.#asking, own, shownAtMs: this.clock.now().getTime(), epoch: this.books.epoch, pressedBy: [], declined: false, withdrawn: false, used: new Set() });
    this.fresh.push(activityId);
    return activityId;
  }

  #recorded(lines: string, sabotage: Sabotage | undefined): void {
    for (const line of lines.trimEnd().split('\n')) {
      const { event } = JSON.parse(line) as LedgerRecord;
      if (event.kind === 'intent' && sabotage !== 'nothing is recorded') this.books.intended(event.action, event.target ?? '');
      if (event.kind === 'refusal') {
        this.#count(`plans refused with ${event.code}`);
        if (event.code === 'UNEXPECTED') this.books.violation('an error that nobody expected');
      }
      if (event.kind === 'decision') this.#count(`steps decided "${event.decision}"`);
      if (event.kind === 'approval' && event.code !== undefined) {
        this.#count(`clicks refused with ${event.code}`);
        if (event.code === 'UNEXPECTED') this.books.violation('a click ended in an error that nobody expected');
      }
      if (event.kind === 'outcome') this.#count(`executions that ended "${event.outcome}"`);
    }
  }

  #count(what: string): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }

  #spoilClicks(sabotage: Sabotage): void {
    const click = this.approvals.click.bind(this.approvals);
    this.approvals.click = async (given) => {
      const record = (await this.#rows.read(given.reference))?.value;
      const card = record?.cards.find(({ purpose }) => purpose === 'decide');
      if (record === undefined || card === undefined) return click(given);
      const rightful = everybody.find((each) => (record.by === 'requester' ? each.id.equals(record.requester) : chatOf(each) === card.conversationId)) ?? given.clicker;
      return click(sabotage === 'any card counts' ? { ...given, card } : { ...given, clicker: rightful });
    };
  }
}

function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) yield* texts(inner);
}

const describe = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message.slice(0, 120)}` : String(error));

/** What each requester's conversation knows at first: everybody, one who is gone, and a text; and what it must not honour. */
export function handlesFor(nowMs: number): { readonly live: readonly StoredHandle[]; readonly expired: readonly StoredHandle[] } {
  const book = new HandleBook([], nowMs);
  for (const { displayName, id } of [...everybody, gone]) book.mint('person', id, displayName, nowMs);
  book.mint('device', new InternalId('device-one'), 'Laptop of nobody', nowMs);
  book.mintText('vipone@contoso.example', nowMs);
  const old = new HandleBook([], nowMs);
  for (const { displayName, id } of everybody.slice(0, 5)) old.mint('person', id, displayName, nowMs - HANDLE_TTL_MS - 1);
  return { live: book.entries(nowMs), expired: old.entries(0) };
}

export const approversOf = (card: { readonly conversationId: string }): readonly PersonFacts[] => approvers.filter((each) => chatOf(each) === card.conversationId);
