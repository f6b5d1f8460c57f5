import { randomUUID } from 'node:crypto';
import type { Application } from '@microsoft/teams-ai';
import type { TurnContext } from 'botbuilder';
import type { Catalogue } from '../actions/catalogue.ts';
import type { HandleBook } from '../actions/handles.ts';
import { InternalId } from '../actions/internal-id.ts';
import type { LedgerCheck } from '../audit/ledger-check.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Scrubber } from '../audit/scrub.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError } from '../errors.ts';
import type { Place } from '../guard/approval.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { Ceiling } from '../guard/ceiling.ts';
import type { Gate } from '../guard/gate.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { Limits } from '../guard/limits.ts';
import type { AdminRoster, LatchStore, PersonFacts, PersonRecords, WhoIsWho } from '../guard/ports.ts';
import { codeOfStop, stopOf } from '../guard/stops.ts';
import { ownWords, type OwnWords } from './activity.ts';
import { isFarewell, localeOf, placeOf, type StewardAdapter } from './adapter.ts';
import { createApplication } from './application.ts';
import { Callers } from './callers.ts';
import { inert } from './cards/card.ts';
import type { Versions } from './cards/status-card.ts';
import { helpCard, welcomeCard, type Offer } from './cards/help-card.ts';
import { MOST_QUESTION_CHARACTERS } from './answer-tool.ts';
import { answerClick, message } from './clicks.ts';
import { parseCommand, type Command } from './commands.ts';
import { conceal } from './conceal.ts';
import type { Desk } from './desk.ts';
import type { StewardPlanner } from './planner.ts';
import type { ApprovalPlaceStore, ContactStore, ConversationStore, Lease, Memory } from './ports.ts';
import { FEEDBACK } from './feedback.ts';
import type { Knowledge } from './knowledge.ts';
import { FILE_CONSENT, type Reports } from './reports.ts';
import type { Speaker } from './say.ts';
import type { Arrival, HttpAnswer } from './server.ts';
import { RecordCommands } from './records.ts';
import { RequestCommands } from './requests.ts';
import { SpendCommands } from './spending.ts';
import { StatusCommand, type StatusDependencies } from './status.ts';
import { StopCommands } from './stop.ts';
import { show, tell, tellCode } from './tell.ts';
import { attachTurn, Turn } from './turn.ts';
import { undoCalls } from './undo.ts';
import { within } from './within.ts';
import { Works, type Work } from './work.ts';
import { en } from './wording/en.ts';

/** `cancel` waits no longer than this to learn whether it is a redelivery. */
const CANCEL_NOTE_WAIT_MS = 250;
const DRAIN_DEADLINE_MS = 25_000;
/** A click is answered within two seconds, whatever the directory and storage do. */
const CLICK_DEADLINE_MS = 1_800;

/** Commands that are answered whatever is stopped: they only show, or take something back. */
const ALWAYS: ReadonlySet<Command['kind']> = new Set(['help', 'greeting', 'thanks', 'why', 'status', 'pending', 'yes', 'kill', 'cancel'] as const);

const ACCEPTED: HttpAnswer = { status: 200 };
const UNKNOWN_SENDER: HttpAnswer = { status: 403, body: { error: { message: 'the sender is not in the directory' } } };

export interface FrontDependencies {
  readonly adapter: StewardAdapter;
  readonly appId: string;
  readonly tenantId: string;
  readonly catalogue: Catalogue;
  readonly speaker: Speaker;
  readonly planner: StewardPlanner;
  readonly desk: Desk;
  /** Absent where reports come without a file. */
  readonly reports?: Reports | undefined;
  /** Absent where there are no articles. */
  readonly knowledge?: Knowledge | undefined;
  readonly approvals: Approvals;
  readonly gate: Gate;
  readonly killSwitch: KillSwitch;
  readonly latch: LatchStore;
  readonly ledgerCheck: LedgerCheck;
  readonly robotStanding: StatusDependencies['robotStanding'];
  readonly versions: Versions;
  readonly ceiling: Ceiling;
  readonly limits: Limits;
  readonly records: PersonRecords;
  readonly whoIsWho: WhoIsWho;
  readonly roster: AdminRoster;
  readonly conversations: ConversationStore;
  readonly contacts: ContactStore;
  readonly approvalPlaces: ApprovalPlaceStore;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** What a turn starts from, where it is not a message for the model. */
interface Origin {
  /** The match that the person chose from a list. */
  readonly picked?: { readonly handle: string };
  /** Proposes in the model's place. */
  readonly propose?: (handles: HandleBook) => readonly unknown[];
}

/** Where activities arrive: who it is, what kind it is, and who deals with it. */
export class Front {
  readonly #with: FrontDependencies;
  readonly #application: Application;
  readonly #callers: Callers;
  readonly #stop: StopCommands;
  readonly #status: StatusCommand;
  readonly #spending: SpendCommands;
  readonly #works: Works;
  readonly #requests: RequestCommands;
  readonly #records: RecordCommands;
  readonly #background = new Set<Promise<void>>();

  constructor(dependencies: FrontDependencies) {
    this.#with = dependencies;
    this.#application = createApplication(dependencies);
    const behind = (work: Promise<void>): void => this.#behind(work);
    this.#works = new Works({ ...dependencies, behind });
    this.#callers = new Callers(dependencies.whoIsWho, dependencies.roster, behind);
    this.#stop = new StopCommands({ ...dependencies, callers: this.#callers, behind });
    this.#requests = new RequestCommands(dependencies);
    this.#records = new RecordCommands(dependencies);
    this.#status = new StatusCommand(dependencies);
    this.#spending = new SpendCommands(dependencies);
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
        if (!isFarewell(activity)) this.#behind(this.#welcome(arrival));
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
    const { scrubber } = this.#with;
    // At the door, so that neither the model nor anything that is kept ever has it.
    const words = scrubber.value(ownWords(checked));
    const command = parseCommand(words.text);
    // INVARIANT: a kill waits for nothing: no queue, no model, no state, no directory that is down.
    if (command?.kind === 'kill') {
      this.#behind(this.#turn(arrival, (context) => this.#stop.kill(context, sender, command.what, command.reason)));
      return ACCEPTED;
    }
    if (command?.kind === 'cancel') return this.#cancel(arrival, sender);
    const place = placeOf(activity, this.#with.tenantId);
    // From here on the person sees that something happens, however slow directory and storage are.
    const work = this.#works.begin({ sender, place, requestActivityId: checked.id });
    const ends = (logic: () => Promise<void>): void => this.#behind(this.#works.finish(work, logic()));
    // Under way while the message is noted: a reading is good for a second from its beginning.
    void this.#with.killSwitch.read().catch(() => undefined);
    const who = await this.#callers.who(sender, 'brief');
    if (who === undefined) {
      ends(() => this.#turn(arrival, (context) => tellCode(this.#with.speaker, context, 'PERSON_UNKNOWN'), work));
      return UNKNOWN_SENDER;
    }
    try {
      // INVARIANT: noted before it is acknowledged, so that a redelivery is recognised and a crash is noticed.
      if (!(await this.#with.conversations.receive({ conversationId: place.conversationId, activityId: checked.id, place }))) {
        this.#works.drop(work);
        return ACCEPTED;
      }
    } catch (error) {
      this.#with.onError(error);
      ends(() => this.#turn(arrival, (context) => tellCode(this.#with.speaker, context, errorCode(error)), work));
      return ACCEPTED;
    }
    ends(() => this.#inOrder(work, arrival, (context, lease) => this.#answer(context, who, words, command, lease, work)));
    return ACCEPTED;
  }

  /** One message of a conversation after the other. One that was called off while it waited only says what it must. */
  #inOrder(work: Work, arrival: Arrival, logic: (context: TurnContext, lease: Lease) => Promise<void>): Promise<void> {
    work.progress.enter('queued');
    return this.#with.conversations.inOrder(work.place.conversationId, (lease) => {
      work.progress.enter('starting');
      return this.#turn(arrival, (context) => logic(context, lease), work);
    });
  }

  async #answer(context: TurnContext, who: PersonFacts | StewardError, words: OwnWords, command: Command | undefined, lease: Lease, work: Work): Promise<void> {
    const { conversations } = this.#with;
    const { id, conversation } = context.activity;
    let remembered = false;
    try {
      if (work.controller.signal.aborted) return await this.#calledOff(context, work);
      if (who instanceof StewardError) return await tellCode(this.#with.speaker, context, who.code);
      await this.#noteContact(context, who);
      if (who.guest) return await tellCode(this.#with.speaker, context, 'PERSON_GUEST');
      if (command !== undefined && !ALWAYS.has(command.kind)) await this.#assertNotStopped(who, conversation.id);
      if (command !== undefined && (await this.#command(context, who, command, lease, work))) return;
      const isPersonal = work.place.conversationType === 'personal';
      if (!isPersonal && this.#with.knowledge === undefined) return await tell(this.#with.speaker, context, en.groupOnly(personalLink(this.#with.appId)));
      if (words.text === '') return await tell(this.#with.speaker, context, en.emptyMessage);
      if (words.tooLong) return await tell(this.#with.speaker, context, en.tooLong);
      if (!isPersonal) return void (remembered = await this.#answerHere(context, who, words, lease, work));
      await this.#plan(context, who, words, lease, work);
      remembered = true;
    } catch (error) {
      // What the connector did not take is said again from outside the turn, after a pause.
      if (errorCode(error) === 'REPLY_UNDELIVERED') throw error;
      this.#with.onError(error);
      await tellCode(this.#with.speaker, context, errorCode(error));
    } finally {
      if (!remembered && id !== undefined) await conversations.answered(conversation.id, id).catch(this.#with.onError);
    }
  }

  /** A message for the model: state is loaded, the planner works, state is saved. */
  async #plan(context: TurnContext, person: PersonFacts, words: OwnWords, lease: Lease, work: Work, { picked, propose }: Origin = {}): Promise<void> {
    const { clock, conversations, digestKey, killSwitch, ledger } = this.#with;
    const conversationId = context.activity.conversation.id;
    await killSwitch.assertAlive({ people: [person.id], conversation: conversationId });
    const { controller, progress, requestActivityId } = work;
    const isWithdrawn = (): Promise<boolean> => conversations.isWithdrawn(conversationId, requestActivityId);
    const nowMs = clock.now().getTime();
    const memory = await conversations.load(conversationId, person.id);
    const turn = new Turn({
      context,
      person,
      place: work.place,
      requestActivityId,
      isWithdrawn,
      untrusted: words.untrusted,
      signal: AbortSignal.any([controller.signal, lease.signal]),
      enter: (phase) => {
        progress.enter(phase);
      },
      memory,
      nowMs,
      ...(propose && { propose }),
    });
    attachTurn(context, turn);
    if (picked === undefined) turn.words.push(words.text);
    turn.history.push({ role: 'user', content: picked === undefined ? conceal(words.text, turn.handles, nowMs) : `I mean {${picked.handle}}.` });
    const record = ledger.record({ kind: 'message', turn: turn.id, person: digestKey.digest(person.id.digest()), conversation: digestKey.digest(conversationId), tainted: words.untrusted, ...localeOf(context.activity) });
    record.catch(() => undefined);
    await this.#application.run(context);
    // What was said stands, and a card that was sent counts: a memory that can't be kept must not claim otherwise.
    await conversations.save(conversationId, person.id, this.#scrubbed(turn.memory(clock.now().getTime())), context.activity.id).catch(this.#with.onError);
  }

  /**
   * In a group: articles and nothing else. No planner takes part, so nothing that is written there can become a plan, and
   * nothing of what was said before is read. Resolves to whether the message is marked as answered.
   */
  async #answerHere(context: TurnContext, person: PersonFacts, words: OwnWords, lease: Lease, { controller, place, progress }: Work): Promise<boolean> {
    const { conversations, digestKey, knowledge, ledger } = this.#with;
    if (knowledge === undefined) throw new StewardError('KNOWLEDGE_NONE', 'there are no articles');
    const memory = await conversations.load(place.conversationId, person.id);
    const turn = { id: randomUUID() };
    ledger.record({ kind: 'message', turn: turn.id, person: digestKey.digest(person.id.digest()), conversation: digestKey.digest(place.conversationId), tainted: words.untrusted, ...localeOf(context.activity) }).catch(() => undefined);
    progress.enter('reading articles');
    const signal = AbortSignal.any([controller.signal, lease.signal]);
    try {
      const answer = await knowledge.answers.answer(context, { question: words.text.slice(0, MOST_QUESTION_CHARACTERS), person, place, turn, signal });
      await conversations.save(place.conversationId, person.id, { ...memory, answer }, context.activity.id).catch(this.#with.onError);
      return true;
    } catch (error) {
      // `cancel` and the deadline have said their own sentence already.
      const { reason } = controller.signal as { readonly reason: unknown };
      if (controller.signal.aborted && (reason === 'cancelled' || errorCode(reason) === 'TURN_TOO_LONG')) return false;
      throw controller.signal.aborted ? reason : error;
    }
  }

  /** What the model and other systems said is kept without secrets too. */
  #scrubbed(memory: Memory): Memory {
    return { ...memory, history: this.#with.scrubber.value(memory.history), words: this.#with.scrubber.value(memory.words) };
  }

  /** A message that was taken back while it waited is told so; `cancel` and the deadline have spoken for themselves. */
  async #calledOff(context: TurnContext, { controller }: Work): Promise<void> {
    const reason: unknown = controller.signal.reason;
    if (reason instanceof StewardError) await tellCode(this.#with.speaker, context, reason.code);
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  /** What changes something is not for a person, or from a chat, that an admin stopped. */
  async #assertNotStopped({ id }: PersonFacts, conversationId: string): Promise<void> {
    const stop = stopOf((await this.#with.killSwitch.read()).stops, { people: [id], conversation: conversationId });
    // In the chat that is stopped, it is revived.
    if (stop !== undefined && stop.scope !== 'conversation') throw new StewardError(codeOfStop(stop), 'stopped by an admin');
  }

  /** True when the command was dealt with; false hands the message to the model. */
  async #command(context: TurnContext, person: PersonFacts, command: Command, lease: Lease, work: Work): Promise<boolean> {
    const { approvals } = this.#with;
    switch (command.kind) {
      case 'help':
        await show(this.#with.speaker, context, helpCard(person, this.#offerTo(person)));
        return true;
      case 'greeting':
        await tell(this.#with.speaker, context, en.greeting(inert(person.displayName.split(' ')[0] ?? '')));
        return true;
      case 'thanks':
        await tell(this.#with.speaker, context, en.thanks);
        return true;
      case 'status':
        await this.#status.show(context, person);
        return true;
      case 'drill':
        // It stops and revives something, if only a thing that does not exist.
        work.progress.enter('acting');
        await this.#stop.drill(context, person);
        return true;
      case 'revive':
        // Other admins may have been asked before this is over: “nothing was done” would not be true.
        work.progress.enter('acting');
        await this.#stop.revive(context, person, command.what, command.reason);
        return true;
      case 'yes': {
        const pending = await approvals.pendingOf(context.activity.conversation.id, person);
        if (pending.length === 0) return false;
        await tell(this.#with.speaker, context, en.yesIsNotApproval);
        return true;
      }
      case 'approvals here':
        await this.#requests.approvalsHere(context, person, command.here);
        return true;
      case 'forget':
        await this.#forget(context, person);
        return true;
      case 'why':
        if (this.#with.knowledge === undefined) return false;
        await this.#with.knowledge.why.show(context, person);
        return true;
      case 'pending':
      case 'raise':
      case 'raise spending':
      case 'records':
      case 'undo':
        if (work.place.conversationType !== 'personal') await tell(this.#with.speaker, context, en.groupOnly(personalLink(this.#with.appId)));
        else if (command.kind === 'pending') await this.#requests.pending(context, person);
        else if (command.kind === 'raise spending') await this.#spending.raise(context, person, command);
        else if (command.kind === 'records') await this.#records.change(context, person, command);
        else if (command.kind === 'raise') await this.#requests.raise(context, person, command.action, command.reason);
        else await this.#undo(context, person, lease, work);
        return true;
      case 'kill':
      case 'cancel':
        // Dealt with before the queue.
        return true;
    }
  }

  /** History and handles go, at once and for every instance; evidence stays. */
  async #forget(context: TurnContext, person: PersonFacts): Promise<void> {
    await this.#with.conversations.save(context.activity.conversation.id, person.id, { history: [], handles: [], words: [] });
    await tell(this.#with.speaker, context, en.forgotten);
  }

  /** An edited or deleted message: what it asked for is dropped, wherever it is on its way. */
  async #withdraw(conversationId: string, activityId: string): Promise<void> {
    this.#works.withdraw(conversationId, activityId);
    // Noted before the requests are looked for: a turn that is about to make one looks for the note afterwards.
    await this.#with.conversations.withdraw(conversationId, activityId);
    await this.#with.approvals.withdrawFor(conversationId, activityId);
  }

  /** `cancel`: what this person has running or waiting here stops at once; cards need directory and storage, and come after. */
  async #cancel(arrival: Arrival, sender: InternalId): Promise<HttpAnswer> {
    const { conversations, speaker } = this.#with;
    const place = placeOf(arrival.activity, this.#with.tenantId);
    const noted = conversations.receive({ conversationId: place.conversationId, activityId: arrival.checked.id ?? '', place });
    // A redelivery must not call off what was asked for since.
    const isNew = (await within(noted.catch(() => true), CANCEL_NOTE_WAIT_MS))?.value ?? true;
    if (!isNew) return ACCEPTED;
    const stopped = this.#works.cancel(place.conversationId, sender);
    const isTold = stopped !== 'nothing';
    if (isTold) this.#behind(this.#turn(arrival, (context) => tell(speaker, context, stopped === 'acting' ? en.cancelledActing : en.cancelled(0, true))));
    const work = isTold ? undefined : this.#works.begin({ sender, place, requestActivityId: '', isCancel: true });
    // Some cards may be withdrawn and others not, should it take too long.
    work?.progress.enter('acting');
    const who = await this.#callers.who(sender, 'brief');
    const cards = this.#turn(arrival, (context) => this.#cancelCards(context, who, isTold), work);
    this.#behind(work === undefined ? cards : this.#works.finish(work, cards));
    return who === undefined ? UNKNOWN_SENDER : ACCEPTED;
  }

  async #cancelCards(context: TurnContext, who: PersonFacts | StewardError | undefined, isTold: boolean): Promise<void> {
    const { conversations, onError, speaker } = this.#with;
    const { conversation, id = '' } = context.activity;
    try {
      if (who === undefined) {
        if (!isTold) await tellCode(speaker, context, 'PERSON_UNKNOWN');
        return;
      }
      if (who instanceof StewardError) throw who;
      const withdrawn = await this.#withdrawAll(conversation.id, who);
      if (!isTold) await tell(speaker, context, en.cancelled(withdrawn, false));
    } catch (error) {
      onError(error);
      await tell(speaker, context, en.cancelCardsUnknown);
    } finally {
      await conversations.answered(conversation.id, id).catch(onError);
    }
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
    const { reports } = this.#with;
    const isFileConsent = checked.name === FILE_CONSENT && reports !== undefined;
    const isFeedback = checked.name === FEEDBACK && this.#with.knowledge !== undefined;
    if (checked.name !== 'adaptiveCard/action' && !isFileConsent && !isFeedback) return { status: 501 };
    if (checked.from.aadObjectId === undefined) return { status: 403, body: { error: { message: 'a click needs a sender from the directory' } } };
    const sender = new InternalId(checked.from.aadObjectId);
    if (isFeedback) {
      this.#behind(this.#feedback(arrival, sender));
      return ACCEPTED;
    }
    if (isFileConsent) {
      // Reading and uploading take longer than an invoke may: what comes of it is said in the chat.
      this.#behind(this.#fileConsent(arrival, sender, reports));
      return ACCEPTED;
    }
    const answered = this.#click(arrival, sender, activity.value);
    // Whatever becomes of it, it is carried through; the answer only says how far it got.
    this.#behind(answered.then(() => undefined));
    return (await within(answered, CLICK_DEADLINE_MS))?.value ?? message(en.stillChecking);
  }

  async #fileConsent({ activity, checked }: Arrival, sender: InternalId, reports: Reports): Promise<void> {
    const place = placeOf(activity, this.#with.tenantId);
    const who = await this.#callers.who(sender, 'now');
    const code = who === undefined ? 'PERSON_UNKNOWN' : who instanceof StewardError ? who.code : undefined;
    if (code !== undefined) return this.#with.adapter.at(place, (context) => tellCode(this.#with.speaker, context, code));
    await reports.answer({ person: who as PersonFacts, place, activityId: checked.replyToId, value: activity.value });
  }

  /** What somebody thinks of an answer. Nobody waits for anything: Teams has thanked them. */
  async #feedback({ activity, checked }: Arrival, sender: InternalId): Promise<void> {
    const person = await this.#callers.who(sender, 'brief');
    if (person === undefined || person instanceof StewardError || person.guest) return;
    await this.#with.knowledge?.feedback.take({ person, place: placeOf(activity, this.#with.tenantId), activityId: checked.replyToId, value: activity.value });
  }

  async #click(arrival: Arrival, sender: InternalId, value: unknown): Promise<HttpAnswer> {
    const who = await this.#callers.who(sender, 'now');
    if (who === undefined || who instanceof StewardError) return message(en.errors[who?.code ?? 'PERSON_UNKNOWN']);
    try {
      return await answerClick(arrival.checked, this.#with.scrubber.value(value), who, {
        approvals: this.#with.approvals,
        desk: this.#with.desk,
        pick: (picked) => this.#pick(arrival, who, picked),
        undo: (reference) => this.#undoClicked(arrival, who, reference),
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
    const work = this.#works.begin({ sender: person.id, place: placeOf(arrival.activity, this.#with.tenantId), requestActivityId: choice.requestActivityId });
    const logic = async (context: TurnContext, lease: Lease): Promise<void> => {
      if (work.controller.signal.aborted) return this.#calledOff(context, work);
      asMessage(context, label);
      // What it fails with is said by `finish`.
      await this.#plan(context, person, { text: label, untrusted: false }, lease, work, { picked: { handle } });
    };
    this.#behind(this.#works.finish(work, this.#inOrder(work, arrival, logic)));
    return inert(label);
  }

  // --- taking back -------------------------------------------------------------------------------------------------

  /** Proposes what takes back a request, or the last one here that did something for this person. */
  async #undo(context: TurnContext, person: PersonFacts, lease: Lease, work: Work, reference?: string): Promise<void> {
    const { approvals, catalogue, clock } = this.#with;
    const steps = await approvals.undoable(work.place.conversationId, person, reference);
    if (steps.length === 0) return tell(this.#with.speaker, context, en.undo.nothing);
    const propose = (handles: HandleBook): readonly unknown[] => undoCalls(steps, catalogue, handles, clock.now().getTime());
    await this.#plan(context, person, { text: en.undo.command, untrusted: false }, lease, work, { propose });
  }

  async #undoClicked(arrival: Arrival, person: PersonFacts, reference: string): Promise<boolean> {
    const place = placeOf(arrival.activity, this.#with.tenantId);
    if ((await this.#with.approvals.undoable(place.conversationId, person, reference)).length === 0) return false;
    const work = this.#works.begin({ sender: person.id, place, requestActivityId: arrival.checked.id ?? '' });
    const logic = async (context: TurnContext, lease: Lease): Promise<void> => {
      if (work.controller.signal.aborted) return this.#calledOff(context, work);
      asMessage(context, en.undo.command);
      await this.#undo(context, person, lease, work, reference);
    };
    this.#behind(this.#works.finish(work, this.#inOrder(work, arrival, logic)));
    return true;
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
    // An installation comes as two activities, in either order and to any instance, and once more when a client reloads: whichever
    // is first to note the person welcomes.
    if (!(await this.#with.contacts.meet(person.id, place))) return;
    await this.#turn(arrival, (context) => show(this.#with.speaker, context, welcomeCard(person, this.#offerTo(person))));
  }

  #offerTo(person: PersonFacts): Offer {
    const { catalogue, gate, knowledge } = this.#with;
    return { permitted: gate.permitted(catalogue.all(), person), hasArticles: knowledge !== undefined };
  }

  /** Runs a turn; what it says ends the wait that `work` shows. */
  #turn(arrival: Arrival, logic: (context: TurnContext) => Promise<void>, work?: Work): Promise<void> {
    return this.#with.adapter.runTurn(arrival.authenticated, arrival.activity, (context) => {
      work?.progress.attach(context);
      return logic(context);
    });
  }

  #behind(work: Promise<void>): void {
    const watched = work.catch(this.#with.onError);
    this.#background.add(watched);
    void watched.finally(() => this.#background.delete(watched));
  }
}

/** Where Teams opens the personal chat with the bot. */
export function personalLink(appId: string): string {
  return `https://teams.microsoft.com/l/chat/0/0?users=28:${encodeURIComponent(appId)}`;
}

/** Teams AI works on messages; a click stands for one. */
function asMessage({ activity }: TurnContext, text: string): void {
  activity.type = 'message';
  activity.text = text;
}
