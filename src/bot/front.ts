import type { Application } from '@microsoft/teams-ai';
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
import { createApplication } from './application.ts';
import { Callers } from './callers.ts';
import { inert } from './cards/card.ts';
import { answerClick, message } from './clicks.ts';
import { helpText, parseCommand, type Command } from './commands.ts';
import { conceal } from './conceal.ts';
import type { Desk } from './desk.ts';
import type { StewardPlanner } from './planner.ts';
import type { ContactStore, ConversationStore, Lease } from './ports.ts';
import type { Speaker } from './say.ts';
import type { Arrival, HttpAnswer } from './server.ts';
import { StopCommands } from './stop.ts';
import { tell, tellCode } from './tell.ts';
import { attachTurn, Turn } from './turn.ts';
import { within } from './within.ts';
import { en } from './wording/en.ts';

/** A turn that takes longer is ended with a sentence. */
const TURN_DEADLINE_MS = 45_000;
/** When nothing was said for this long, the client shows that Steward is working; and again at this interval. */
const TYPING_AFTER_MS = 300;
const TYPING_EVERY_MS = 4_000;
const DRAIN_DEADLINE_MS = 25_000;
/** A click is answered within two seconds, whatever the directory and storage do. */
const CLICK_DEADLINE_MS = 1_800;

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
  readonly #callers: Callers;
  readonly #stop: StopCommands;
  /** Running turns, by conversation: `cancel` aborts them, and so does an edit of the message. */
  readonly #running = new Map<string, { readonly controller: AbortController; readonly requestActivityId: string }>();
  readonly #background = new Set<Promise<void>>();

  constructor(dependencies: FrontDependencies) {
    this.#with = dependencies;
    this.#application = createApplication(dependencies);
    const behind = (work: Promise<void>): void => this.#behind(work);
    this.#callers = new Callers(dependencies.whoIsWho, dependencies.roster, behind);
    this.#stop = new StopCommands({ ...dependencies, callers: this.#callers, behind });
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
        if (checked.id !== undefined) this.#behind(this.#withdraw(checked.conversation.id, checked.id));
        return ACCEPTED;
      case 'installationUpdate':
      case 'conversationUpdate':
        if ((activity as { action?: unknown }).action !== 'remove') this.#behind(this.#welcome(arrival));
        return ACCEPTED;
      default:
        return ACCEPTED;
    }
  };

  /** Waits for what is being worked on, for a clean stop; not longer than an effect may take. */
  async drain(): Promise<void> {
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, DRAIN_DEADLINE_MS).unref();
    });
    const done = async (): Promise<void> => {
      while (this.#background.size > 0) await Promise.allSettled(this.#background);
    };
    await Promise.race([done(), late]);
  }

  /** Keeps in mind who is admin, for the day on which the directory is down. */
  rememberAdmins(): Promise<void> {
    return this.#stop.rememberAdmins();
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
      this.#behind(this.#turn(arrival, (context) => this.#stop.kill(context, sender, command.scope)));
      return ACCEPTED;
    }
    const who = await this.#callers.who(sender, 'brief');
    if (who === undefined) {
      this.#behind(this.#turn(arrival, (context) => tellCode(this.#with.speaker, context, 'PERSON_UNKNOWN')));
      return { status: 403, body: { error: { message: 'the sender is not in the directory' } } };
    }
    try {
      // INVARIANT: noted before it is acknowledged, so that a redelivery is recognised and a crash is noticed.
      const isNew = await this.#with.conversations.receive({ conversationId: checked.conversation.id, activityId: checked.id, place: placeOf(activity, this.#with.tenantId) });
      if (!isNew) return ACCEPTED;
    } catch (error) {
      this.#with.onError(error);
      this.#behind(this.#turn(arrival, (context) => tellCode(this.#with.speaker, context, errorCode(error))));
      return ACCEPTED;
    }
    if (command?.kind === 'cancel') {
      this.#behind(this.#turn(arrival, (context) => this.#cancel(context, who)));
      return ACCEPTED;
    }
    this.#behind(
      this.#with.conversations.inOrder(checked.conversation.id, (lease) => this.#turn(arrival, (context) => this.#answer(context, who, words, command, lease))).catch((error: unknown) =>
        // The conversation could not be taken: storage is away. The person is told all the same.
        this.#turn(arrival, (context) => tellCode(this.#with.speaker, context, errorCode(error))),
      ),
    );
    return ACCEPTED;
  }

  async #answer(context: TurnContext, who: PersonFacts | StewardError, words: OwnWords, command: Command | undefined, lease: Lease): Promise<void> {
    const { conversations } = this.#with;
    const { id, conversation } = context.activity;
    let remembered = false;
    try {
      if (who instanceof StewardError) return await tellCode(this.#with.speaker, context, who.code);
      await this.#noteContact(context, who);
      if (who.guest) return await tellCode(this.#with.speaker, context, 'PERSON_GUEST');
      if (command !== undefined && (await this.#command(context, who, command))) return;
      if (placeOf(context.activity, this.#with.tenantId).conversationType !== 'personal') return await tell(this.#with.speaker, context, en.groupOnly(this.#personalLink()));
      if (words.text === '') return await tell(this.#with.speaker, context, en.emptyMessage);
      if (words.tooLong) return await tell(this.#with.speaker, context, en.tooLong);
      await this.#plan(context, who, words, lease);
      remembered = true;
    } catch (error) {
      this.#with.onError(error);
      await tellCode(this.#with.speaker, context, errorCode(error));
    } finally {
      if (!remembered && id !== undefined) await conversations.answered(conversation.id, id).catch(this.#with.onError);
    }
  }

  /** A message for the model: state is loaded, the planner works, state is saved. */
  async #plan(context: TurnContext, person: PersonFacts, words: OwnWords, lease: Lease, picked?: { readonly handle: string; readonly requestActivityId: string }): Promise<void> {
    const { clock, conversations, digestKey, killSwitch, ledger } = this.#with;
    await killSwitch.assertAlive();
    const conversationId = context.activity.conversation.id;
    const requestActivityId = picked?.requestActivityId ?? context.activity.id ?? '';
    const isWithdrawn = (): Promise<boolean> => conversations.isWithdrawn(conversationId, requestActivityId);
    const controller = new AbortController();
    const running = { controller, requestActivityId };
    this.#running.set(conversationId, running);
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
        requestActivityId,
        isWithdrawn,
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
      // What was said stands, and a card that was sent counts: a memory that can't be kept must not claim otherwise.
      await conversations.save(conversationId, person.id, turn.memory(clock.now().getTime()), context.activity.id).catch(this.#with.onError);
    } finally {
      stopTyping();
      clearTimeout(deadline);
      if (this.#running.get(conversationId) === running) this.#running.delete(conversationId);
    }
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  /** True when the command was dealt with; false hands the message to the model. */
  async #command(context: TurnContext, person: PersonFacts, command: Command): Promise<boolean> {
    const { approvals, catalogue, gate } = this.#with;
    switch (command.kind) {
      case 'help':
        await tell(this.#with.speaker, context, helpText(person, gate.permitted(catalogue.all(), person)), { lines: true });
        return true;
      case 'greeting':
        await tell(this.#with.speaker, context, en.greeting(inert(person.displayName.split(' ')[0] ?? '')));
        return true;
      case 'thanks':
        await tell(this.#with.speaker, context, en.thanks);
        return true;
      case 'status':
        await this.#stop.status(context);
        return true;
      case 'revive':
        await this.#stop.revive(context, person, command.reason);
        return true;
      case 'yes': {
        const pending = await approvals.pendingOf(context.activity.conversation.id, person);
        if (pending.length === 0) return false;
        await tell(this.#with.speaker, context, en.yesIsNotApproval);
        return true;
      }
      case 'kill':
      case 'cancel':
        // Dealt with before the queue.
        return true;
    }
  }

  /** An edited or deleted message: what it asked for is dropped, wherever it is on its way. */
  async #withdraw(conversationId: string, activityId: string): Promise<void> {
    const running = this.#running.get(conversationId);
    if (running?.requestActivityId === activityId) running.controller.abort(new StewardError('REQUEST_WITHDRAWN', 'the message was edited or deleted'));
    // Noted before the requests are looked for: a turn that is about to make one looks for the note afterwards.
    await this.#with.conversations.withdraw(conversationId, activityId);
    await this.#with.approvals.withdrawFor(conversationId, activityId);
  }

  async #cancel(context: TurnContext, who: PersonFacts | StewardError): Promise<void> {
    const { conversations } = this.#with;
    const { conversation, id } = context.activity;
    const running = this.#running.get(conversation.id);
    running?.controller.abort('cancelled');
    const withdrawn = who instanceof StewardError ? 0 : await this.#withdrawAll(conversation.id, who);
    await tell(this.#with.speaker, context, en.cancelled(withdrawn, running !== undefined));
    if (id !== undefined) await conversations.answered(conversation.id, id);
  }

  /** Everything that waits for this person here: cards, and a list to pick from. Resolves to how many. */
  async #withdrawAll(conversationId: string, person: PersonFacts): Promise<number> {
    const { approvals, conversations } = this.#with;
    const { choice } = await conversations.load(conversationId, person.id);
    const listed = choice !== undefined && !(await conversations.isWithdrawn(conversationId, choice.requestActivityId));
    if (listed) await conversations.withdraw(conversationId, choice.requestActivityId);
    return (await approvals.withdrawAll(conversationId, person)) + (listed ? 1 : 0);
  }

  // --- clicks ------------------------------------------------------------------------------------------------------

  async #invoke(arrival: Arrival): Promise<HttpAnswer> {
    const { activity, checked } = arrival;
    if (checked.name !== 'adaptiveCard/action') return { status: 501 };
    if (checked.from.aadObjectId === undefined) return { status: 403, body: { error: { message: 'a click needs a sender from the directory' } } };
    const sender = new InternalId(checked.from.aadObjectId);
    const answered = this.#click(arrival, sender, activity.value);
    // Whatever becomes of it, it is carried through; the answer only says how far it got.
    this.#behind(answered.then(() => undefined));
    return (await within(answered, CLICK_DEADLINE_MS))?.value ?? message(en.stillChecking);
  }

  async #click(arrival: Arrival, sender: InternalId, value: unknown): Promise<HttpAnswer> {
    const who = await this.#callers.who(sender, 'now');
    if (who === undefined || who instanceof StewardError) return message(en.errors[who?.code ?? 'PERSON_UNKNOWN']);
    try {
      return await answerClick(arrival.checked, value, who, {
        approvals: this.#with.approvals,
        desk: this.#with.desk,
        pick: (picked) => this.#pick(arrival, who, picked),
        behind: (work) => this.#behind(work),
      });
    } catch (error) {
      this.#with.onError(error);
      return message(en.errors[errorCode(error)]);
    }
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
    if (label === undefined || (await conversations.isWithdrawn(conversationId, choice.requestActivityId))) return undefined;
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
            await tellCode(this.#with.speaker, context, errorCode(error));
          }
        }),
      ),
    );
    return inert(label);
  }

  // --- helpers -----------------------------------------------------------------------------------------------------

  /** A personal chat is where a person can be reached later. */
  async #noteContact(context: TurnContext, person: PersonFacts): Promise<void> {
    const place = placeOf(context.activity, this.#with.tenantId);
    if (place.conversationType === 'personal' && !person.guest) await this.#with.contacts.remember(person.id, place);
  }

  async #welcome(arrival: Arrival): Promise<void> {
    const { checked, activity } = arrival;
    const place: Place = placeOf(activity, this.#with.tenantId);
    if (place.conversationType !== 'personal' || checked.from.aadObjectId === undefined) return;
    const person = await this.#callers.who(new InternalId(checked.from.aadObjectId), 'brief');
    if (person === undefined || person instanceof StewardError || person.guest) return;
    // A client that reloads installs again; the welcome is said once.
    const known = await this.#with.contacts.find(person.id);
    await this.#with.contacts.remember(person.id, place);
    // Teams sends both kinds at an installation; one of them welcomes.
    if (known === undefined && checked.type === 'installationUpdate') await this.#turn(arrival, (context) => tell(this.#with.speaker, context, en.welcome));
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
