import type { Plan as TeamsPlan, Planner, PredictedDoCommand, PredictedSayCommand } from '@microsoft/teams-ai';
import type { TurnContext } from 'botbuilder';
import { forModel, type Action, type Thing } from '../actions/action.ts';
import { toolsOf, type Catalogue, type ToolDescription } from '../actions/catalogue.ts';
import { parsePlan, PlanError, stepDigest, type Step } from '../actions/plan.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Scrubber } from '../audit/scrub.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError, type StewardErrorCode } from '../errors.ts';
import type { ApprovalRecord } from '../guard/approval.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { Ceiling, MeteredReply } from '../guard/ceiling.ts';
import type { Executor } from '../guard/execute.ts';
import type { Decision, Gate } from '../guard/gate.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { ModelMessage } from '../guard/reasoner.ts';
import { saidOfPlan } from '../guard/said.ts';
import type { About } from '../guard/stops.ts';
import { inert } from './cards/card.ts';
import { pickCard, type PickOption } from './cards/pick-card.ts';
import { resultCard } from './cards/result-card.ts';
import { answerTool, questionIn } from './answer-tool.ts';
import type { Answers } from './answers.ts';
import { cardReference, secondPersonSentence, type Desk } from './desk.ts';
import { closeExchanges } from './history.ts';
import { callModel } from './model-call.ts';
import type { Reports } from './reports.ts';
import { saidDigest, type Speaker } from './say.ts';
import { turnOf, type Turn } from './turn.ts';
import { en } from './wording/en.ts';

/** The most times the model is asked in one turn. */
export const MOST_ROUNDS = 6;
const MOST_COMPLETION_TOKENS = 800;
/** A reply that rests on nothing that was read may be this long: a question, a greeting, one friendly line. */
const MOST_UNGROUNDED_CHARACTERS = 320;
/** A comment on what was read: the result itself is shown by code. */
const MOST_COMMENT_CHARACTERS = 600;
const MOST_LINES = 6;
/** The command that turns waiting steps into a card. Not an action: no model can name it, since plans go through the catalogue. */
const ASK_PEOPLE = 'steward.ask_people';
/** The command that answers from articles; `questionIn` takes it out of a plan before the catalogue is asked. */
const ANSWER = 'steward.answer';
const NOTHING: TeamsPlan = { type: 'plan', commands: [] };

export interface PlannerDependencies {
  readonly catalogue: Catalogue;
  readonly contract: string;
  readonly ceiling: Ceiling;
  readonly gate: Gate;
  readonly executor: Executor;
  readonly approvals: Approvals;
  readonly killSwitch: KillSwitch;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly speaker: Speaker;
  readonly desk: Desk;
  /** Absent where reports come without a file. */
  readonly reports?: Reports | undefined;
  /** Absent where there are no articles. */
  readonly answers?: Answers | undefined;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
}

/**
 * Our own planner for Teams AI: it asks the model, parses what comes back, has the whole plan decided, and returns
 * only decided commands. The framework's own planner would turn unparsable arguments into `{}` and run (teams-ai 1.7.4).
 */
export class StewardPlanner implements Planner {
  readonly #with: PlannerDependencies;
  readonly #tools: readonly ToolDescription[];

  constructor(dependencies: PlannerDependencies) {
    this.#with = dependencies;
    this.#tools = [...toolsOf(dependencies.catalogue.all()), ...(dependencies.answers === undefined ? [] : [answerTool])];
  }

  /** The names under which Teams AI may call back: the catalogue's, the card, and the articles. */
  commandNames(): readonly string[] {
    return [...this.#with.catalogue.all().map((action) => action.name), ASK_PEOPLE, ANSWER];
  }

  beginTask(context: TurnContext): Promise<TeamsPlan> {
    return this.#next(turnOf(context));
  }

  continueTask(context: TurnContext): Promise<TeamsPlan> {
    return this.#next(turnOf(context));
  }

  /**
   * The door behind every registered handler. Runs one decided step, found by the call id and nothing else; anything
   * that was not decided in this turn is refused. Resolves to the string that Teams AI wants: empty ends the loop.
   */
  async door(context: TurnContext, callId: unknown, command: string): Promise<string> {
    const turn = turnOf(context);
    if (turn.ended) return '';
    try {
      if (command === ASK_PEOPLE) return await this.#askPeople(turn);
      if (command === ANSWER) return await this.#answer(turn);
      const decided = typeof callId === 'string' ? turn.decided.get(callId) : undefined;
      if (decided?.step.action.name !== command) throw new StewardError('UNEXPECTED', 'a command came that was not decided');
      turn.decided.delete(decided.step.callId);
      return await this.#run(turn, decided.step, decided.token);
    } catch (error) {
      return this.refuse(turn, error);
    }
  }

  /** Says why nothing happens, in one plain sentence with a reference into the ledger, and ends the turn. */
  async refuse(turn: Turn, error: unknown): Promise<''> {
    if (turn.ended) return '';
    turn.ended = true;
    const { aborted, reason } = turn.signal as { readonly aborted: boolean; readonly reason: unknown };
    const isOwnFailure = !aborted || turn.acting;
    const code = isOwnFailure ? errorCode(error) : errorCode(reason);
    turn.history.push({ role: 'assistant', content: turn.acting || turn.acted.length > 0 ? '[Steward stopped part of the way and told the person what happened.]' : '[Steward did nothing and told the person why.]' });
    // `cancel` and the deadline have said their own sentence already; what came of an effect is still owed.
    if (!isOwnFailure && turn.acted.length === 0 && (reason === 'cancelled' || code === 'TURN_TOO_LONG')) return '';
    const words = turn.acted.length === 0 ? en.errors[code] : en.stoppedAfter(turn.acted.join(' '));
    await this.#tell(turn, words + (await this.#recordRefusal(turn, code, error)));
    return '';
  }

  /** Says the model's last word. Registered as Teams AI's SAY. */
  async say(context: TurnContext, text: string): Promise<string> {
    const turn = turnOf(context);
    const { clock, ledger, speaker } = this.#with;
    const nowMs = clock.now().getTime();
    try {
      await this.#showResults(turn);
      if (text !== '') {
        const said = speaker.modelText(text, { handles: turn.handles, ids: [turn.person.id] }, nowMs);
        if (said === '') throw new StewardError('SAY_WITHHELD', 'nothing was left to say');
        const full = turn.acted.length === 0 && (claimsAnEffect(said) || asksForAnEffect(turn.words.at(-1) ?? '')) ? speaker.words(`${said}\n\n${en.nothingChanged}`) : said;
        await speaker.say(turn.context, full, { model: true });
        void ledger.record({ kind: 'reply', turn: turn.id, digest: saidDigest(full), withheld: false }).catch(() => undefined);
      }
    } catch (error) {
      return this.refuse(turn, error);
    }
    turn.ended = true;
    return '';
  }

  // --- one round ---------------------------------------------------------------------------------------------------

  async #next(turn: Turn): Promise<TeamsPlan> {
    if (turn.ended) return NOTHING;
    try {
      turn.rounds += 1;
      if (turn.rounds > MOST_ROUNDS) throw new StewardError('PLAN_TOO_MANY_ROUNDS', 'the model kept asking');
      if (turn.preset !== undefined) return await this.#decide(turn, turn.rounds === 1 ? turn.preset : []);
      const reply = await this.#ask(turn);
      // Read again: the model took its time, and a kill may have come meanwhile.
      await this.#with.killSwitch.assertAlive(asking(turn));
      turn.signal.throwIfAborted();
      return reply.toolCalls === undefined ? this.#lastWord(turn, reply) : await this.#decide(turn, reply.toolCalls);
    } catch (error) {
      await this.refuse(turn, error);
      return NOTHING;
    }
  }

  async #ask(turn: Turn): Promise<MeteredReply> {
    const { ceiling, clock, scrubber } = this.#with;
    turn.enter('thinking');
    const self = turn.handles.mint('person', turn.person.id, turn.person.displayName, clock.now().getTime());
    const messages: ModelMessage[] = [
      { role: 'system', content: this.#with.contract },
      { role: 'system', content: `The person asking is ${self}.` },
      ...closeExchanges(turn.history),
    ];
    return callModel(this.#with, { about: asking(turn), turn: turn.id, purpose: 'turn', signal: turn.signal }, (signal) => ceiling.complete({ messages: scrubber.value(messages), tools: this.#tools, maxCompletionTokens: MOST_COMPLETION_TOKENS }, { purpose: 'turn', person: turn.person, turn }, signal));
  }

  #lastWord(turn: Turn, reply: MeteredReply): TeamsPlan {
    const text = reply.text.trim();
    if (text === '' && turn.executed.length === 0) throw new StewardError('MODEL_MALFORMED', 'neither text nor tool calls');
    turn.history.push({ role: 'assistant', content: text === '' ? '[Steward showed the result.]' : this.#isSayable(turn, text) ? text : '[Steward withheld this answer.]' });
    // What rests on nothing that was read here is no answer: a long one would be a claim without a source.
    const ungrounded = text.length > (turn.executed.length === 0 ? MOST_UNGROUNDED_CHARACTERS : MOST_COMMENT_CHARACTERS) || text.split('\n').length > MOST_LINES;
    const command: PredictedSayCommand = { type: 'SAY', response: { role: 'assistant', content: ungrounded ? (turn.executed.length === 0 ? en.offTopic : '') : text } };
    return { type: 'plan', commands: [command] };
  }

  /** What a person typed has none any more: it is the model that would hand one to a system, whose logs others read. */
  #holdsSecret(resolved: Readonly<Record<string, unknown>>): boolean {
    return Object.values(resolved).some((value) => typeof value === 'string' && this.#with.scrubber.text(value) !== value);
  }

  /** What must not be said to the person is not kept, and not read again by the model either. */
  #isSayable(turn: Turn, text: string): boolean {
    try {
      this.#with.speaker.modelText(text, { handles: turn.handles, ids: [turn.person.id] }, this.#with.clock.now().getTime());
      return true;
    } catch {
      return false;
    }
  }

  async #decide(turn: Turn, toolCalls: unknown): Promise<TeamsPlan> {
    const { question, rest } = this.#with.answers === undefined ? { rest: toolCalls } : questionIn(toolCalls);
    turn.asking = question;
    const commands: PredictedDoCommand[] = question !== undefined && Array.isArray(rest) && rest.length === 0 ? [] : await this.#decideSteps(turn, rest);
    if (question !== undefined) commands.push({ type: 'DO', action: ANSWER, parameters: {} });
    // Last: the turn ends with a card.
    if (turn.waiting !== undefined) commands.push({ type: 'DO', action: ASK_PEOPLE, parameters: {} });
    return { type: 'plan', commands };
  }

  /** What runs at once; what waits for people is noted in the turn. */
  async #decideSteps(turn: Turn, toolCalls: unknown): Promise<PredictedDoCommand[]> {
    const { catalogue, clock, gate, digestKey, ledger } = this.#with;
    turn.enter('looking up');
    const plan = parsePlan(toolCalls, { catalogue, handles: turn.handles, words: turn.words, nowMs: clock.now().getTime() });
    if (plan.steps.some(({ resolved }) => this.#holdsSecret(resolved))) throw new StewardError('PLAN_BAD_ARGUMENTS', 'a secret among the arguments');
    const steps = plan.steps.map((step) => ({ action: step.action.name, version: step.action.version, digest: stepDigest(step), provenance: step.provenance }));
    // INVARIANT: nothing is decided of which the ledger could not say who asked for it, and what.
    const sealed = await ledger.seal(saidOfPlan(turn.person, plan.steps, digestKey));
    void ledger.record({ kind: 'plan', turn: turn.id, plan: plan.digest, steps, ...sealed }).catch(() => undefined);
    const facts = { turn: turn.id, requester: turn.person, personal: turn.place.conversationType === 'personal', untrusted: turn.untrusted, conversation: turn.place.conversationId };
    const decided = await gate.decidePlan(plan, facts, (step, decision) => this.#recordDecision(turn, step, decision));
    if (decided.kind === 'refused') throw new StewardError(decided.code, `refused by ${decided.policies.join(', ') || 'default'}`);

    turn.history.push({
      role: 'assistant',
      content: null,
      tool_calls: plan.steps.map((step) => ({ id: step.callId, type: 'function', function: { name: step.action.name, arguments: JSON.stringify(this.#with.scrubber.value(step.proposed)) } })),
    });
    for (const step of decided.run) turn.decided.set(step.step.callId, step);
    if (decided.wait.length > 0) turn.waiting = decided;
    return decided.run.map(({ step }) => ({ type: 'DO', action: step.action.name, parameters: { callId: step.callId } }));
  }

  // --- what a decided command does ---------------------------------------------------------------------------------

  async #run(turn: Turn, step: Step, token: Parameters<Executor['execute']>[0]): Promise<string> {
    turn.signal.throwIfAborted();
    const { action } = step;
    turn.acting = action.effect !== 'read';
    turn.enter(turn.acting ? 'acting' : 'looking up');
    const executed = this.#with.executor.execute(token);
    // A read is left behind when the turn is called off; the outcome of an effect is waited for, since it must be told.
    const receipt = await (turn.acting ? executed : unlessAborted(executed, turn.signal));
    if (receipt.kind !== 'done') {
      throw new StewardError(receipt.kind === 'observed' ? 'READ_ONLY' : receipt.code, 'the step did not complete');
    }
    if (turn.acting) turn.acted.push(doneSentence(step));
    turn.acting = false;
    const nowMs = this.#with.clock.now().getTime();
    const mint = (thing: Thing): string => turn.handles.mint(thing.kind, thing.id, thing.label, nowMs);
    turn.history.push({ role: 'tool', tool_call_id: step.callId, content: JSON.stringify(this.#with.scrubber.value(forModel(action.result, receipt.result, mint))) });
    turn.executed.push({ action, step, result: receipt.result });
    if (action.ambiguity !== undefined && (await this.#settleMatches(turn, action.ambiguity, receipt.result))) return '';
    return 'done';
  }

  /** None or several matches end the turn: code says so, and the person chooses. True when it did. */
  async #settleMatches(turn: Turn, ambiguity: NonNullable<Action['ambiguity']>, result: Readonly<Record<string, unknown>>): Promise<boolean> {
    const matches = result[ambiguity.list];
    if (!Array.isArray(matches) || matches.length === 1) return false;
    turn.ended = true;
    if (matches.length === 0) {
      await this.#tell(turn, en.noneFound[ambiguity.thing] ?? en.results.nothing);
      return true;
    }
    if (result['more_matches'] === true) {
      await this.#tell(turn, en.tooManyFound[ambiguity.thing] ?? en.results.more);
      return true;
    }
    const { clock, speaker } = this.#with;
    const nowMs = clock.now().getTime();
    const rows = matches as readonly Readonly<Record<string, unknown>>[];
    const things = rows.map((row) => row[ambiguity.thing] as Thing);
    const options = rows.map((row, index): PickOption => ({ name: things[index]?.label ?? '', context: textFields(row) }));
    const reference = cardReference();
    const card = speaker.card(pickCard(reference, options, ambiguity.thing), en.pick.summary(ambiguity.thing), { handles: turn.handles });
    const activityId = await speaker.show(turn.context, card);
    turn.choice = { reference, handles: things.map((thing) => turn.handles.mint(thing.kind, thing.id, thing.label, nowMs)), activityId, requestActivityId: turn.requestActivityId };
    return true;
  }

  async #askPeople(turn: Turn): Promise<string> {
    const { waiting } = turn;
    if (waiting === undefined) throw new StewardError('UNEXPECTED', 'nothing waits for people');
    turn.waiting = undefined;
    turn.signal.throwIfAborted();
    if (await turn.isWithdrawn()) throw new StewardError('REQUEST_WITHDRAWN', 'the message was edited or deleted meanwhile');
    const request = { subject: { kind: 'steps' as const, steps: waiting.wait }, by: waiting.by, requester: turn.person, place: turn.place, requestActivityId: turn.requestActivityId, turn: turn.id };
    for (const step of waiting.wait) turn.history.push({ role: 'tool', tool_call_id: step.callId, content: JSON.stringify({ status: 'waiting for a person to decide on a card' }) });
    turn.ended = true;
    turn.enter('asking people');
    try {
      const { desk } = this.#with;
      if (waiting.by === 'requester') {
        await this.#withdrawIfEdited(turn, await desk.askRequester(turn.context, request));
        return '';
      }
      const { asked, record } = await desk.askOthers(turn.context, request, 'approver');
      if (!(await this.#withdrawIfEdited(turn, record))) await this.#tell(turn, secondPersonSentence(asked));
    } catch (error) {
      turn.ended = false;
      throw error;
    }
    return '';
  }

  /** An edit that came while the card was on its way found nothing to withdraw: looked at once more, now that it stands. */
  async #withdrawIfEdited(turn: Turn, record: ApprovalRecord): Promise<boolean> {
    if (!turn.signal.aborted && !(await turn.isWithdrawn())) return false;
    await this.#with.approvals.withdraw(record.reference);
    return true;
  }

  /** Shows what was read: the last reads, not the searches on the way to them. */
  async #showResults(turn: Turn): Promise<void> {
    const worthShowing = turn.executed.filter(({ action }) => action.ambiguity === undefined);
    for (const { action, result, step } of worthShowing.length > 0 ? worthShowing : turn.executed.slice(-1)) {
      const { content, summary } = resultCard(action, result);
      await this.#with.speaker.show(turn.context, this.#with.speaker.card(content, summary, { handles: turn.handles, ids: [turn.person.id] }));
      await this.#with.reports?.offer(turn.context, turn.person, turn.place, turn.id, step, result);
    }
  }

  async #tell(turn: Turn, text: string): Promise<void> {
    await this.#with.speaker.say(turn.context, this.#with.speaker.words(text, { handles: turn.handles, ids: [turn.person.id] }));
  }

  /** Answers from articles, in a step of its own: neither question nor answer is read by the model that plans. */
  async #answer(turn: Turn): Promise<string> {
    const { answers, scrubber } = this.#with;
    const { asking: question } = turn;
    if (answers === undefined || question === undefined) throw new StewardError('UNEXPECTED', 'nothing was asked');
    turn.asking = undefined;
    turn.signal.throwIfAborted();
    if (scrubber.text(question) !== question) throw new StewardError('PLAN_BAD_ARGUMENTS', 'a secret in the question');
    turn.enter('reading articles');
    await this.#showResults(turn);
    turn.answer = await answers.answer(turn.context, { question, person: turn.person, place: turn.place, turn, signal: turn.signal });
    turn.history.push({ role: 'assistant', content: turn.answer.articles.length === 0 ? '[Steward found no article that answers.]' : '[Steward answered from articles and showed the answer.]' });
    turn.ended = turn.waiting === undefined;
    return '';
  }

  // --- ledger ------------------------------------------------------------------------------------------------------

  #recordDecision(turn: Turn, step: Step, decision: Decision): void {
    void this.#with.ledger
      .record({ kind: 'decision', turn: turn.id, step: stepDigest(step), action: step.action.name, decision: decision.kind, policies: decision.policies })
      .catch(() => undefined);
  }

  async #recordRefusal(turn: Turn, code: StewardErrorCode, error: unknown): Promise<string> {
    const { digestKey, ledger } = this.#with;
    const details = error instanceof PlanError ? error.problems.slice(0, 10).map((problem) => problem.slice(0, 200)) : [];
    try {
      const record = await ledger.record({ kind: 'refusal', turn: turn.id, person: digestKey.digest(turn.person.id.digest()), code, details });
      return en.reference(record.id);
    } catch {
      // Without a ledger there is no reference to give; the sentence still tells the truth.
      return '';
    }
  }
}

/** The value of a promise, or the reason of the signal once it is aborted; what the promise does then is nobody's. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => {
      // `cancel` aborts with a word and not with an error.
      reject(signal.reason instanceof Error ? signal.reason : new StewardError('UNEXPECTED', 'the turn was called off'));
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/** What was done, for a turn that stopped after it. */
function doneSentence({ action, target }: Step): string {
  const wording = en.actions.get(action.name);
  return wording?.done?.(inert(target?.label ?? '')) ?? en.doneSentence(wording?.title ?? action.name);
}

function textOf(value: unknown): readonly string[] {
  const text = typeof value === 'object' && value !== null && 'label' in value ? value.label : value;
  return typeof text === 'string' && text !== '' ? [inert(text)] : [];
}

/** The facts of a row that tell namesakes apart: its free text and whose it is, in order. */
function textFields(row: Readonly<Record<string, unknown>>): readonly string[] {
  const facts = ['user', 'job_title', 'department', 'user_name', 'group_description', 'model', 'summary', 'state', 'caller_name', 'model', 'serial_number', 'app_state'].flatMap((field) => textOf(row[field]));
  return row['account'] === 'guest' ? [en.pick.guest, ...facts] : facts;
}

/**
 * Whether a text sounds as if something had been done. Effects come only from cards, never from the model's words, so
 * the sentence that is added is always true; too often is better than too rarely.
 */
export function claimsAnEffect(text: string): boolean {
  return /\b(?:no longer|as (?:you )?(?:asked|requested)|taken care of|all set|(?:has|have) been|is now|are now|I(?:'|’)ve|I have|(?:signed|logged) \S+ out)\b/i.test(text) || EFFECT_WORDS.test(text);
}

/** Whether the person asked for something that changes things. If no card came of it, they are told that nothing did. */
export function asksForAnEffect(words: string): boolean {
  return /\b(?:un)?(?:block|lock|suspend|disable|enable|revoke|deactivate|activate|restore|wipe|delete|remove|reset|kick|end|kill|cut|ban|sperr\w*|entsperr\w*|bloque\w*)\b|\bsign(?:ed)? \S+.*\bout\b|\blog(?:ged)? \S+.*\bout\b|\bsign out\b/i.test(words);
}

const EFFECT_WORDS = /\b(?:blocked|unblocked|revoked|ended|disabled|enabled|locked|unlocked|wiped|deleted|removed|reset|signed out|logged out|kicked|terminated|suspended|restored|re-?enabled|done|completed|executed|succe(?:ss|eded)|approved|confirmed|gesperrt|entsperrt|erledigt|bloqué)\w*/i;

/** What a stop may concern when the model is asked. */
function asking({ person, place }: Turn): About {
  return { model: true, people: [person.id], conversation: place.conversationId };
}
