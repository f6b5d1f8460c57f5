import { Application, AI, type TurnState } from '@microsoft/teams-ai';
import type { TurnContext } from 'botbuilder';
import type { Catalogue } from '../actions/catalogue.ts';
import { InternalId } from '../actions/internal-id.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError } from '../errors.ts';
import type { Place } from '../guard/approval.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { Ceiling } from '../guard/ceiling.ts';
import type { Gate } from '../guard/gate.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { AdminRoster, PersonFacts, WhoIsWho } from '../guard/ports.ts';
import { ownWords, type OwnWords } from './activity.ts';
import { placeOf, type StewardAdapter } from './adapter.ts';
import { inert } from './cards/card.ts';
import { answerClick, refuseClick } from './clicks.ts';
import { helpText, latchText, parseCommand, usd, type Command } from './commands.ts';
import { conceal } from './conceal.ts';
import { listOf, type Desk } from './desk.ts';
import type { StewardPlanner } from './planner.ts';
import type { ContactStore, ConversationStore, Lease } from './ports.ts';
import type { Speaker } from './say.ts';
import type { Arrival, HttpAnswer } from './server.ts';
import { attachTurn, Turn } from './turn.ts';
import { en } from './wording/en.ts';

/** A turn that takes longer is ended with a sentence. */
const TURN_DEADLINE_MS = 45_000;
/** When nothing was said for this long, the client shows that Steward is working; and again at this interval. */
const TYPING_AFTER_MS = 300;
const TYPING_EVERY_MS = 4_000;
/** Who someone is must be known within this time, or the message is answered without it. */
const WHO_DEADLINE_MS = 5_000;
const MOST_MESSAGE_CHARACTERS = 4_000;
const MOST_KILLS_REMEMBERED = 1_000;
/** A kill waits no longer than this to learn whether it is a redelivery. */
const KILL_NOTE_WAIT_MS = 250;

const ACCEPTED: HttpAnswer = { status: 200 };

export interface FrontDependencies {
  readonly adapter: StewardAdapter;
  readonly appId: string;
  readonly tenantId: string;
  readonly catalogue: Catalogue;
  readonly speaker: Speaker;
  readonly planner: StewardPlanner;
  readonly desk: Desk;
  readonly approvals: Approvals;
  readonly gate: Gate;
  readonly killSwitch: KillSwitch;
  readonly ceiling: Ceiling;
  readonly whoIsWho: WhoIsWho;
  readonly roster: AdminRoster;
  readonly conversations: ConversationStore;
  readonly contacts: ContactStore;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Where activities arrive: who it is, what kind it is, and who deals with it. */
export class Front {
  readonly #with: FrontDependencies;
  readonly #application: Application;
  /** Running turns, by conversation: `cancel` aborts them. */
  readonly #running = new Map<string, AbortController>();
  readonly #background = new Set<Promise<void>>();
  /** Ids of messages that killed, newest last. */
  readonly #kills = new Set<string>();

  constructor(dependencies: FrontDependencies) {
    this.#with = dependencies;
    this.#application = createApplication(dependencies);
  }

  /** Takes one activity. Messages are acknowledged at once and worked on behind it; clicks are answered in place. */
  readonly receive = async (arrival: Arrival): Promise<HttpAnswer> => {
    const { checked, activity } = arrival;
    switch (checked.type) {
      case 'message':
        return this.#message(arrival);
      case 'invoke':
        return this.#invoke(arrival);
      case 'messageUpdate':
      case 'messageDelete':
        if (checked.id !== undefined) this.#behind(this.#with.approvals.withdrawFor(checked.conversation.id, checked.id).then(() => undefined));
        return ACCEPTED;
      case 'installationUpdate':
      case 'conversationUpdate':
        if ((activity as { action?: unknown }).action !== 'remove') this.#behind(this.#welcome(arrival));
        return ACCEPTED;
      default:
        return ACCEPTED;
    }
  };

  /** Waits for what is being worked on, for a clean stop. */
  async drain(): Promise<void> {
    while (this.#background.size > 0) await Promise.allSettled(this.#background);
  }

  /** Answers what a crash interrupted. */
  async resume(): Promise<void> {
    const { adapter, conversations, speaker } = this.#with;
    for (const received of await conversations.interrupted()) {
      // Marked first: an answer that fails is lost, an answer that repeats would be worse.
      await conversations.answered(received.conversationId, received.activityId);
      await adapter.at(received.place, (context) => speaker.say(context, speaker.words(en.interrupted))).catch(this.#with.onError);
    }
  }

  // --- messages ----------------------------------------------------------------------------------------------------

  async #message(arrival: Arrival): Promise<HttpAnswer> {
    const { activity, checked } = arrival;
    if (checked.id === undefined) return { status: 400, body: { error: { message: 'a message needs an id' } } };
    if (checked.from.aadObjectId === undefined) return { status: 403, body: { error: { message: 'a message needs a sender from the directory' } } };
    const sender = new InternalId(checked.from.aadObjectId);
    const words = ownWords(checked);
    const command = parseCommand(words.text);
    // INVARIANT: a kill waits for nothing: no queue, no model, no state, no directory that is down.
    if (command?.kind === 'kill') {
      this.#behind(this.#turn(arrival, (context) => this.#kill(context, sender, command.scope)));
      return ACCEPTED;
    }
    const who = await this.#who(sender, 'brief');
    if (who === undefined) {
      this.#behind(this.#turn(arrival, (context) => this.#sayCode(context, 'PERSON_UNKNOWN')));
      return { status: 403, body: { error: { message: 'the sender is not in the directory' } } };
    }
    try {
      // INVARIANT: noted before it is acknowledged, so that a redelivery is recognised and a crash is noticed.
      const isNew = await this.#with.conversations.receive({ conversationId: checked.conversation.id, activityId: checked.id, place: placeOf(activity, this.#with.tenantId) });
      if (!isNew) return ACCEPTED;
    } catch (error) {
      this.#with.onError(error);
      this.#behind(this.#turn(arrival, (context) => this.#sayCode(context, errorCode(error))));
      return ACCEPTED;
    }
    if (command?.kind === 'cancel') {
      this.#behind(this.#turn(arrival, (context) => this.#cancel(context, who)));
      return ACCEPTED;
    }
    this.#behind(
      this.#with.conversations.inOrder(checked.conversation.id, (lease) => this.#turn(arrival, (context) => this.#answer(context, who, words, command, lease))).catch((error: unknown) =>
        // The conversation could not be taken: storage is away. The person is told all the same.
        this.#turn(arrival, (context) => this.#sayCode(context, errorCode(error))),
      ),
    );
    return ACCEPTED;
  }

  async #answer(context: TurnContext, who: PersonFacts | StewardError, words: OwnWords, command: Command | undefined, lease: Lease): Promise<void> {
    const { conversations } = this.#with;
    const { id, conversation } = context.activity;
    let remembered = false;
    try {
      if (who instanceof StewardError) return await this.#sayCode(context, who.code);
      await this.#noteContact(context, who);
      if (who.guest) return await this.#sayCode(context, 'PERSON_GUEST');
      if (command !== undefined && (await this.#command(context, who, command))) return;
      if (placeOf(context.activity, this.#with.tenantId).conversationType !== 'personal') return await this.#say(context, en.groupOnly(this.#personalLink()));
      if (words.text === '') return await this.#say(context, en.emptyMessage);
      if (words.text.length > MOST_MESSAGE_CHARACTERS) return await this.#say(context, en.tooLong);
      await this.#plan(context, who, words, lease);
      remembered = true;
    } catch (error) {
      this.#with.onError(error);
      await this.#sayCode(context, errorCode(error));
    } finally {
      if (!remembered && id !== undefined) await conversations.answered(conversation.id, id).catch(this.#with.onError);
    }
  }

  /** A message for the model: state is loaded, the planner works, state is saved. */
  async #plan(context: TurnContext, person: PersonFacts, words: OwnWords, lease: Lease, picked?: { readonly handle: string; readonly requestActivityId: string }): Promise<void> {
    const { clock, conversations, digestKey, killSwitch, ledger } = this.#with;
    await killSwitch.assertAlive();
    const conversationId = context.activity.conversation.id;
    const controller = new AbortController();
    this.#running.set(conversationId, controller);
    const deadline = setTimeout(() => {
      controller.abort(new StewardError('MODEL_UNAVAILABLE', 'the turn took too long'));
    }, TURN_DEADLINE_MS);
    const stopTyping = this.#typing(context);
    try {
      const nowMs = clock.now().getTime();
      const memory = await conversations.load(conversationId, person.id);
      const turn = new Turn({
        context,
        person,
        place: placeOf(context.activity, this.#with.tenantId),
        requestActivityId: picked?.requestActivityId ?? context.activity.id ?? '',
        untrusted: words.untrusted,
        signal: AbortSignal.any([controller.signal, lease.signal]),
        speaking: stopTyping,
        memory,
        nowMs,
      });
      attachTurn(context, turn);
      if (picked === undefined) turn.words.push(words.text);
      turn.history.push({ role: 'user', content: picked === undefined ? conceal(words.text, turn.handles, nowMs) : `I mean {${picked.handle}}.` });
      const record = ledger.record({ kind: 'message', turn: turn.id, person: digestKey.digest(person.id.digest()), conversation: digestKey.digest(conversationId), tainted: words.untrusted });
      record.catch(() => undefined);
      await this.#application.run(context);
      await conversations.save(conversationId, person.id, turn.memory(clock.now().getTime()), context.activity.id);
    } finally {
      stopTyping();
      clearTimeout(deadline);
      if (this.#running.get(conversationId) === controller) this.#running.delete(conversationId);
    }
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  /** True when the command was dealt with; false hands the message to the model. */
  async #command(context: TurnContext, person: PersonFacts, command: Command): Promise<boolean> {
    const { approvals, catalogue, gate } = this.#with;
    switch (command.kind) {
      case 'help':
        await this.#say(context, helpText(person, gate.permitted(catalogue.all(), person)), { lines: true });
        return true;
      case 'greeting':
        await this.#say(context, en.greeting(inert(person.displayName.split(' ')[0] ?? '')));
        return true;
      case 'thanks':
        await this.#say(context, en.thanks);
        return true;
      case 'status':
        await this.#status(context);
        return true;
      case 'revive':
        await this.#revive(context, person, command.reason);
        return true;
      case 'yes': {
        const pending = await approvals.pendingOf(context.activity.conversation.id, person);
        if (pending.length === 0) return false;
        await this.#say(context, en.yesIsNotApproval);
        return true;
      }
      case 'kill':
      case 'cancel':
        // Dealt with before the queue.
        return true;
    }
  }

  async #kill(context: TurnContext, sender: InternalId, scope: 'all' | 'other'): Promise<void> {
    const { approvals, digestKey, killSwitch, ledger } = this.#with;
    const [isNew, admin] = await Promise.all([this.#isNewKill(context), this.#isAdminForKill(sender)]);
    // A redelivery must not kill again what two admins have revived since.
    if (!isNew) return;
    if (admin === undefined) return this.#sayCode(context, 'KILL_NOT_ADMIN');
    if (scope !== 'all') return this.#say(context, en.kill.unknownScope);
    const digest = digestKey.digest(sender.digest());
    const written = await killSwitch.kill({ digest, name: admin.name, reason: 'kill all' });
    await this.#say(context, written ? en.kill.done : en.kill.doneHereOnly);
    await ledger.record({ kind: 'latch', level: 'off', epoch: -1, person: digest }).catch(this.#with.onError);
    await approvals.killPending();
  }

  /** Whoever says first that the sender is an admin is believed: the directory now, or what was read in the last 24 h. */
  async #isAdminForKill(sender: InternalId): Promise<{ readonly name: string } | undefined> {
    const remembered = this.#with.roster.wasAdmin(sender).then((was) => (was ? { name: '' } : Promise.reject(new Error('not remembered'))));
    const fresh = this.#who(sender, 'now').then((who) => {
      if (who === undefined || who instanceof StewardError || !who.roles.includes('admin') || !who.enabled || who.guest) throw new Error('no admin');
      return { name: who.displayName };
    });
    return Promise.any([fresh, remembered]).catch(() => undefined);
  }

  /** Whether this kill was not seen before. Storage may say so within a moment; if it does not, the kill counts. */
  async #isNewKill(context: TurnContext): Promise<boolean> {
    const { conversation, id = '' } = context.activity;
    if (this.#kills.has(id)) return false;
    this.#kills.add(id);
    if (this.#kills.size > MOST_KILLS_REMEMBERED) this.#kills.delete(this.#kills.values().next().value ?? '');
    const noted = this.#with.conversations.receive({ conversationId: conversation.id, activityId: id, place: placeOf(context.activity, this.#with.tenantId) });
    const late = new Promise<boolean>((resolve) => {
      setTimeout(() => {
        resolve(true);
      }, KILL_NOTE_WAIT_MS).unref();
    });
    const isNew = await Promise.race([noted.catch(() => true), late]);
    if (isNew) this.#behind(this.#with.conversations.answered(conversation.id, id));
    return isNew;
  }

  async #revive(context: TurnContext, person: PersonFacts, reason: string): Promise<void> {
    const { desk, killSwitch, whoIsWho } = this.#with;
    // Fresh: an admin who was removed a moment ago proposes nothing.
    const fresh = await whoIsWho.describe(person.id, 'now');
    if (fresh === undefined || !fresh.roles.includes('admin') || !fresh.enabled) return this.#sayCode(context, 'KILL_NOT_ADMIN');
    const { level, latch } = await killSwitch.read();
    if (level === 'full') return this.#sayCode(context, 'REVIVE_NOT_KILLED');
    if (latch === undefined) return this.#say(context, en.status.missing);
    if (reason === '') return this.#sayCode(context, 'REVIVE_NEEDS_REASON');
    const { activity } = context;
    const subject = { kind: 'revive' as const, reason: reason.slice(0, 300), level: 'full' as const };
    try {
      const asked = await desk.askOthers({ subject, by: 'second person', requester: fresh, place: placeOf(activity, this.#with.tenantId), requestActivityId: activity.id ?? '' }, 'admin');
      await this.#say(context, en.kill.proposed(listOf(asked)));
    } catch (error) {
      if (errorCode(error) !== 'APPROVAL_NOBODY_REACHABLE') throw error;
      await this.#say(context, en.kill.nobody);
    }
  }

  async #status(context: TurnContext): Promise<void> {
    const { approvals, ceiling, killSwitch } = this.#with;
    const [latch, pending, spend] = await Promise.allSettled([killSwitch.read(), approvals.pendingCount(), ceiling.status()]);
    const lines = [latch.status === 'fulfilled' ? latchText(latch.value) : en.status.unreadable];
    if (pending.status === 'fulfilled') lines.push(en.status.pending(pending.value));
    if (spend.status === 'fulfilled') lines.push(en.status.spend(usd(spend.value.monthMicroUsd), usd(spend.value.monthCapMicroUsd)));
    await this.#say(context, lines.join('\n\n'), { lines: true });
  }

  async #cancel(context: TurnContext, who: PersonFacts | StewardError): Promise<void> {
    const { approvals, conversations } = this.#with;
    const { conversation, id } = context.activity;
    const running = this.#running.get(conversation.id);
    running?.abort('cancelled');
    const withdrawn = who instanceof StewardError ? 0 : await approvals.withdrawAll(conversation.id, who);
    await this.#say(context, en.cancelled(withdrawn, running !== undefined));
    if (id !== undefined) await conversations.answered(conversation.id, id);
  }

  // --- clicks ------------------------------------------------------------------------------------------------------

  async #invoke(arrival: Arrival): Promise<HttpAnswer> {
    const { activity, checked } = arrival;
    if (checked.name !== 'adaptiveCard/action') return { status: 501 };
    if (checked.from.aadObjectId === undefined) return { status: 403, body: { error: { message: 'a click needs a sender from the directory' } } };
    const who = await this.#who(new InternalId(checked.from.aadObjectId), 'now');
    if (who === undefined) return refuseClick('PERSON_UNKNOWN');
    if (who instanceof StewardError) return refuseClick(who.code);
    return answerClick(checked, activity.value, who, {
      approvals: this.#with.approvals,
      desk: this.#with.desk,
      pick: (picked) => this.#pick(arrival, who, picked),
      onError: this.#with.onError,
    });
  }

  /** Goes on with the match that the person picked. Resolves to its name, or undefined when the list is not current. */
  async #pick(arrival: Arrival, person: PersonFacts, picked: { readonly reference: string; readonly choice: number; readonly activityId: string }): Promise<string | undefined> {
    const { clock, conversations } = this.#with;
    const conversationId = arrival.checked.conversation.id;
    const memory = await conversations.load(conversationId, person.id);
    const { choice } = memory;
    const handle = choice?.handles[picked.choice];
    if (choice?.reference !== picked.reference || choice.activityId !== picked.activityId || handle === undefined) return undefined;
    const label = memory.handles.find((entry) => entry.handle === handle && entry.expiresAtMs > clock.now().getTime())?.label;
    if (label === undefined) return undefined;
    const { choice: _, ...rest } = memory;
    // Taken once: the list is no longer current before anything comes of it.
    await conversations.save(conversationId, person.id, rest);
    this.#behind(
      conversations.inOrder(conversationId, (lease) =>
        this.#turn(arrival, async (context) => {
          // Teams AI works on messages; the click stands for one.
          context.activity.type = 'message';
          context.activity.text = label;
          try {
            await this.#plan(context, person, { text: label, untrusted: false }, lease, { handle, requestActivityId: choice.requestActivityId });
          } catch (error) {
            this.#with.onError(error);
            await this.#sayCode(context, errorCode(error));
          }
        }),
      ),
    );
    return inert(label);
  }

  // --- helpers -----------------------------------------------------------------------------------------------------

  /** The person behind an account: facts, undefined when there is none, or the error that kept us from knowing. */
  async #who(id: InternalId, freshness: 'brief' | 'now'): Promise<PersonFacts | StewardError | undefined> {
    try {
      const facts = await this.#with.whoIsWho.describe(id, freshness, AbortSignal.timeout(WHO_DEADLINE_MS));
      if (facts !== undefined) this.#behind(this.#with.roster.remember(id, facts.roles.includes('admin')));
      return facts;
    } catch (error) {
      return error instanceof StewardError ? error : new StewardError('DIRECTORY_UNAVAILABLE', 'the directory could not be read', { cause: error });
    }
  }

  /** A personal chat is where a person can be reached later. */
  async #noteContact(context: TurnContext, person: PersonFacts): Promise<void> {
    const place = placeOf(context.activity, this.#with.tenantId);
    if (place.conversationType === 'personal' && !person.guest) await this.#with.contacts.remember(person.id, place);
  }

  async #welcome(arrival: Arrival): Promise<void> {
    const { checked, activity } = arrival;
    const place: Place = placeOf(activity, this.#with.tenantId);
    if (place.conversationType !== 'personal' || checked.from.aadObjectId === undefined) return;
    const person = await this.#who(new InternalId(checked.from.aadObjectId), 'brief');
    if (person === undefined || person instanceof StewardError || person.guest) return;
    // A client that reloads installs again; the welcome is said once.
    const known = await this.#with.contacts.find(person.id);
    await this.#with.contacts.remember(person.id, place);
    // Teams sends both kinds at an installation; one of them welcomes.
    if (known === undefined && checked.type === 'installationUpdate') await this.#turn(arrival, (context) => this.#say(context, en.welcome));
  }

  #typing(context: TurnContext): () => void {
    const send = (): void => void this.#with.speaker.typing(context).catch(() => undefined);
    let every: NodeJS.Timeout | undefined;
    const first = setTimeout(() => {
      send();
      every = setInterval(send, TYPING_EVERY_MS);
    }, TYPING_AFTER_MS);
    return () => {
      clearTimeout(first);
      clearInterval(every);
    };
  }

  async #say(context: TurnContext, text: string, options: { readonly lines?: boolean } = {}): Promise<void> {
    await this.#with.speaker.say(context, this.#with.speaker.words(text), options);
  }

  async #sayCode(context: TurnContext, code: keyof typeof en.errors): Promise<void> {
    await this.#say(context, en.errors[code]);
  }

  #turn(arrival: Arrival, logic: (context: TurnContext) => Promise<void>): Promise<void> {
    return this.#with.adapter.runTurn(arrival.authenticated, arrival.activity, logic);
  }

  #behind(work: Promise<void>): void {
    const watched = work.catch(this.#with.onError);
    this.#background.add(watched);
    void watched.finally(() => this.#background.delete(watched));
  }

  #personalLink(): string {
    return `https://teams.microsoft.com/l/chat/0/0?users=28:${encodeURIComponent(this.#with.appId)}`;
  }
}

/** Teams AI, used for routing a plan's commands; every handler is the same door. */
function createApplication({ adapter, appId, onError, planner }: FrontDependencies): Application {
  const application = new Application<TurnState>({ adapter, botAppId: appId, startTypingTimer: false, removeRecipientMention: false, ai: { planner } });
  // The option above is ignored and the timer is one for all conversations (teams-ai 1.7.4); typing is ours.
  application.startTypingTimer = () => undefined;
  const { ai } = application;
  for (const name of planner.commandNames()) {
    ai.action(name, (context: TurnContext, _state, parameters: { readonly callId?: unknown }) => planner.door(context, parameters.callId, name));
  }
  ai.action(AI.SayCommandActionName, async (context: TurnContext, _state, command: { readonly response?: { readonly content?: string } }) => planner.say(context, command.response?.content ?? ''));
  const stop = async (context: TurnContext): Promise<string> => {
    onError(new StewardError('UNEXPECTED', 'teams-ai met a command that was not planned'));
    await planner.door(context, undefined, '');
    return AI.StopCommandName;
  };
  ai.action(AI.UnknownActionName, stop);
  ai.action(AI.TooManyStepsActionName, stop);
  ai.action(AI.HttpErrorActionName, async (_context: TurnContext, _state, error: Error) => {
    throw error;
  });
  return application;
}
