import { createHash, randomBytes } from 'node:crypto';
import type { Catalogue } from '../actions/catalogue.ts';
import type { Step } from '../actions/plan.ts';
import { canonicalJson, type Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Sealed } from '../audit/sealed.ts';
import { errorCode, StewardError, type StewardErrorCode } from '../errors.ts';
import type { ApprovalRecord, ApprovalState, ApprovalStore, ApprovalSubject, CardInstance, Place, SentCard, StoredStep } from './approval.ts';
import { ApprovalRows, type Audience } from './approval-rows.ts';
import { sweep } from './approval-sweep.ts';
import type { Executor } from './execute.ts';
import type { Gate } from './gate.ts';
import type { KillSwitch, LatchReading } from './kill-switch.ts';
import type { Limits } from './limits.ts';
import { OwnChanges, type Decided } from './own-changes.ts';
import type { PersonFacts, PersonRecords, Stop, Stored, WhoIsWho } from './ports.ts';
import { aboutOf, ApprovedRun, type RunApprovedDependencies } from './run-approved.ts';
import { saidOf, saidOfTarget } from './said.ts';
import { bindSubject, restoreStep, storeStep } from './stored-step.ts';
import { stopMarks, stopOf } from './stops.ts';
import { isActiveAdmin, isNoted, isSameHuman, mayClick, shownAt } from './who-decides.ts';

/** How long a request waits for a click. */
const CONFIRM_TTL_MS = 10 * 60_000;
const SECOND_PERSON_TTL_MS = 4 * 60 * 60_000;
/** A click may overtake the note of where its card stands: on a request that was just made it waits a second for it. */
const JUST_MADE_MS = 5_000;
const CARD_NOTE_PAUSE_MS = 50;
const CARD_NOTE_ATTEMPTS = 20;
/** What is approved is never truncated, so what would have to be is not asked. */
const MOST_TEXT_CHARACTERS = 4_000;

export interface ApprovalRequest {
  readonly subject: { readonly kind: 'steps'; readonly steps: readonly Step[] } | Exclude<ApprovalSubject, { kind: 'steps' }>;
  readonly by: 'requester' | 'second person';
  readonly requester: PersonFacts;
  readonly place: Place;
  readonly requestActivityId: string;
  /** The turn that led to it, for the ledger. */
  readonly turn: string;
}

export interface Click {
  readonly reference: string;
  readonly clicker: PersonFacts;
  readonly card: CardInstance;
}

export interface DecisionClick extends Click {
  readonly decision: 'approve' | 'deny';
  /** Why it is declined, in the clicker's words; checked and whole. */
  readonly reason?: string;
}

export type ClickResult =
  | { readonly kind: 'refused'; readonly code: StewardErrorCode; readonly record?: ApprovalRecord }
  | { readonly kind: 'settled'; readonly record: ApprovalRecord }
  /** Decided and stored. `proceed` executes; the caller answers the click first. */
  | { readonly kind: 'approved'; readonly record: ApprovalRecord; readonly proceed: () => Promise<void> };

export interface ApprovalsDependencies {
  readonly store: ApprovalStore;
  readonly catalogue: Catalogue;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly records: PersonRecords;
  readonly whoIsWho: WhoIsWho;
  readonly killSwitch: KillSwitch;
  readonly executor: Executor;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  /** Digests of catalogue, policy, contract and configuration: a request made under others is dead. */
  readonly bindings: readonly string[];
  readonly audience: Audience;
  readonly read: RunApprovedDependencies['read'];
}

/** Requests that wait for people, from the card to the outcome. */
export class Approvals {
  readonly #with: ApprovalsDependencies;
  readonly #rows: ApprovalRows;
  readonly #run: ApprovedRun;
  readonly #own: OwnChanges;
  #sweeping: Promise<void> | undefined;

  constructor(dependencies: ApprovalsDependencies) {
    this.#with = dependencies;
    this.#rows = new ApprovalRows(dependencies);
    this.#run = new ApprovedRun({ ...dependencies, rows: this.#rows });
    this.#own = new OwnChanges({ ...dependencies, rows: this.#rows });
  }

  /** Stores a request. It can't be approved before `cardSent` named a card. */
  async request(request: ApprovalRequest): Promise<ApprovalRecord> {
    const { killSwitch, store } = this.#with;
    const { epoch, stops, storageNow } = await killSwitch.read();
    const subject: ApprovalSubject = request.subject.kind === 'steps' ? { kind: 'steps', steps: await Promise.all(request.subject.steps.map((step) => this.#store(step))) } : request.subject;
    const unbound = {
      reference: randomBytes(20).toString('base64url'),
      state: 'pending' as const,
      by: request.by,
      subject,
      requester: request.requester.id,
      requesterName: request.requester.displayName,
      place: request.place,
      requestActivityId: request.requestActivityId,
      cards: [],
      killEpoch: epoch,
      createdAt: storageNow,
      expiresAt: new Date(storageNow.getTime() + ttlMs(request)),
    };
    const marked = { ...unbound, stopMarks: stopMarks(stops, aboutOf(unbound)) };
    const record: ApprovalRecord = { ...marked, binding: this.#binding(marked) };
    const { digestKey, ledger } = this.#with;
    const sealed = await ledger.seal([saidOf('requester', request.requester, digestKey, 'reason' in subject ? subject.reason : undefined), ...(subject.kind === 'steps' ? subject.steps.map((step) => saidOfTarget(request.requester, step, digestKey)) : [])]);
    await store.insert(record);
    await this.#rows.record(record, { person: request.requester, ...sealed, turn: request.turn, steps: subject.kind === 'steps' ? subject.steps.map((step) => step.digest) : [] });
    return record;
  }

  async #store(step: Step): Promise<StoredStep> {
    const tooLong = Object.values(step.resolved).some((value) => typeof value === 'string' && value.length > MOST_TEXT_CHARACTERS);
    if (tooLong) throw new StewardError('PLAN_TEXT_TOO_LONG', `a text over ${MOST_TEXT_CHARACTERS} characters`);
    return storeStep(step, await this.#contextOf(step));
  }

  /** What tells the target from its namesakes. */
  async #contextOf({ target }: Step): Promise<readonly string[]> {
    const { whoIsWho } = this.#with;
    if (target?.kind === 'device') {
      const user = await whoIsWho.userOf(target.id, 'now');
      return user === undefined || user === 'nobody' ? [] : [user.displayName, user.userPrincipalName];
    }
    const person = target?.kind === 'person' ? await whoIsWho.describe(target.id, 'now') : undefined;
    return [person?.jobTitle, person?.department, person?.officeLocation, person?.userPrincipalName].filter((fact) => fact !== undefined);
  }

  /**
   * Notes a message in which the card stands, and what the card was; resolves to the request as it is by then. Only clicks on
   * noted cards count.
   */
  async cardSent(reference: string, card: SentCard, content?: Readonly<Record<string, unknown>>): Promise<ApprovalRecord> {
    const sent = content === undefined ? card : { ...card, shown: this.#with.digestKey.digest(`card\0${canonicalJson(content)}`) };
    return this.#rows.update(reference, (record) => ({ ...record, cards: [...record.cards, sent] }));
  }

  /** Ends a request whose card could not be shown: what nobody saw must not be approvable. */
  async abandon(reference: string): Promise<void> {
    await this.#rows.update(reference, (record) => (record.state === 'pending' ? { ...record, state: 'withdrawn' } : record));
  }

  /** Withdraws one request, if it still waits. */
  async withdraw(reference: string): Promise<void> {
    const stored = await this.#with.store.read(reference);
    if (stored?.value.state === 'pending') await this.#rows.finish(stored, { state: 'withdrawn' });
  }

  /** Decides a click. Everything is read afresh; one click wins by compare-and-swap. */
  async click(click: DecisionClick): Promise<ClickResult> {
    let result = await this.#clickOnce(click);
    // A swap is also lost to the note of another card of the same request; only a state that changed settles it.
    for (let attempt = 0; result.kind === 'refused' && result.code === 'APPROVAL_SETTLED' && result.record?.state === 'pending' && attempt < 3; attempt += 1) {
      result = await this.#clickOnce(click);
    }
    return result;
  }

  /** The requester's own click on the card that only shows what others are asked. */
  async withdrawOwn(click: Click): Promise<ClickResult> {
    const refuse = (code: StewardErrorCode, record?: ApprovalRecord): ClickResult => this.#refuse({ ...click, decision: 'withdraw' }, code, record);
    const stored = await this.#with.store.read(click.reference);
    if (stored === undefined) return refuse('APPROVAL_UNKNOWN');
    if (!isNoted(click.card, stored.value, 'look')) return refuse('APPROVAL_COPIED', stored.value);
    if (!stored.value.requester.equals(click.clicker.id)) return refuse('APPROVAL_NOT_YOURS', stored.value);
    const withdrawn = stored.value.state === 'pending' ? await this.#rows.advance(stored, { state: 'withdrawn' }) : undefined;
    if (withdrawn === undefined) return refuse('APPROVAL_SETTLED', stored.value);
    await this.#rows.record(withdrawn.value, { person: click.clicker }).catch(() => undefined);
    // Not waited for: a channel that is slow must not hold up the answer to the click.
    void this.#with.audience.changed(withdrawn.value);
    return { kind: 'settled', record: withdrawn.value };
  }

  /** What an admin found out about an outcome that Steward does not know. */
  async settle(click: Click & { readonly outcome: 'done' | 'not done' }): Promise<ClickResult> {
    const { clicker, outcome, reference } = click;
    const refuse = (code: StewardErrorCode, record?: ApprovalRecord): ClickResult => this.#refuse({ ...click, decision: 'settle' }, code, record);
    const stored = await this.#with.store.read(reference);
    if (stored === undefined) return refuse('APPROVAL_UNKNOWN');
    const { value: record, storageNow } = stored;
    if (!isNoted(click.card, record, 'settle')) return refuse('APPROVAL_COPIED', record);
    if (!isActiveAdmin(clicker)) return refuse('KILL_NOT_ADMIN', record);
    if (stopOf((await this.#with.killSwitch.read()).stops, { people: [clicker.id] }) !== undefined) return refuse('STOPPED_PERSON', record);
    if (record.state !== 'unknown' || record.settlement !== undefined) return refuse('APPROVAL_SETTLED', record);
    const settled = await this.#rows.swap(stored, { settlement: { outcome, by: clicker.id, byName: clicker.displayName, at: storageNow } });
    if (settled === undefined) return refuse('APPROVAL_SETTLED', record);
    await this.#rows.record(settled.value, { person: clicker, settled: outcome }).catch(() => undefined);
    return { kind: 'settled', record: settled.value };
  }

  /** Withdraws what a message asked for, when that message was edited or deleted. */
  async withdrawFor(conversationId: string, requestActivityId: string): Promise<number> {
    return this.#endPending((record) => record.place.conversationId === conversationId && record.requestActivityId === requestActivityId, 'withdrawn');
  }

  /** Withdraws every pending request of a person in a conversation: what `cancel` does. */
  async withdrawAll(conversationId: string, requester: PersonFacts): Promise<number> {
    return this.#endPending((record) => record.place.conversationId === conversationId && record.requester.equals(requester.id), 'withdrawn');
  }

  /** Kills every pending request, or those that one of these stops concerns; called after a kill. */
  async killPending(stops?: readonly Stop[]): Promise<number> {
    return this.#endPending((record) => stops === undefined || stopOf(stops, aboutOf(record)) !== undefined, 'killed');
  }

  /** Kills what was asked before a kill that was learnt of from storage. Fails with `LATCH_UNREADABLE`. */
  async killStale(): Promise<number> {
    const open = await this.#with.store.open();
    const isStale = await this.#staleness();
    return this.#end(open, isStale, 'killed');
  }

  /** Tells what a kill left behind, for requests that were read before: the latch is read after them, so none is of a newer epoch. */
  async #staleness(): Promise<(record: ApprovalRecord) => boolean> {
    const reading = await this.#with.killSwitch.readAnew();
    return (record) => record.state === 'pending' && this.#isKilled(record, reading);
  }

  /** Pending requests of a person in a conversation. */
  async pendingOf(conversationId: string, requester: PersonFacts): Promise<readonly ApprovalRecord[]> {
    return (await this.#pending()).filter((record) => record.place.conversationId === conversationId && record.requester.equals(requester.id));
  }

  /** What waits: for this person to decide, and what this person asked for. */
  async pendingFor(person: PersonFacts): Promise<{ readonly toDecide: readonly ApprovalRecord[]; readonly asked: readonly ApprovalRecord[] }> {
    const pending = await this.#pending();
    return {
      toDecide: pending.filter((record) => mayClick(person, record) && (record.by === 'requester' || !record.requester.equals(person.id))),
      asked: pending.filter((record) => record.requester.equals(person.id) && record.by === 'second person'),
    };
  }

  /** How many requests wait, and of how many nobody knows the outcome. For `status`. */
  async counts(): Promise<{ readonly pending: number; readonly unknown: number }> {
    const open = await this.#with.store.open();
    const count = (state: ApprovalState): number => open.filter(({ value }) => value.state === state && value.settlement === undefined).length;
    return { pending: count('pending'), unknown: count('unknown') };
  }

  /**
   * Steps that an action takes back, the newest first: of the request with that reference, else of the last one that did
   * something. Only of what this person asked for in this conversation.
   */
  async undoable(conversationId: string, requester: PersonFacts, reference?: string): Promise<readonly StoredStep[]> {
    const { store } = this.#with;
    const record = reference === undefined ? await store.lastDone(conversationId, requester.id) : (await store.read(reference))?.value;
    if (record?.subject.kind !== 'steps' || !record.requester.equals(requester.id) || record.place.conversationId !== conversationId) return [];
    const done = record.subject.steps.filter((step) => step.outcome === 'done' && this.#with.catalogue.find(step.action)?.reversibleBy !== undefined);
    return done.reverse();
  }

  /** The cards of a request say how it ended. */
  async shown(record: ApprovalRecord): Promise<void> {
    await this.#with.store.shown(record);
  }

  /**
   * Reminds, expires, and finds what a crash or a kill left behind. One at a time: while one goes on, it is the answer to the
   * next as well. Fails with what went wrong first, after everything was looked at.
   */
  sweep(): Promise<void> {
    this.#sweeping ??= sweep(this.#rows, this.#with.audience, () => this.#staleness()).finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  // --- a click -----------------------------------------------------------------------------------------------------

  async #clickOnce(click: DecisionClick): Promise<ClickResult> {
    const stored = await this.#readWithCard(click);
    if (stored === undefined) return this.#refuse(click, 'APPROVAL_UNKNOWN');
    const record = stored.value;
    const problem = await this.#problemWith(stored, click);
    if (problem === 'APPROVAL_EXPIRED' || problem === 'APPROVAL_STALE' || problem === 'KILLED') {
      const ended = await this.#rows.swap(stored, { state: problem === 'APPROVAL_EXPIRED' ? 'expired' : 'killed' });
      if (ended !== undefined) await this.#with.audience.changed(ended.value);
    }
    if (problem !== undefined) return this.#refuse(click, problem, record);
    const { clicker } = click;
    const decided = { decidedBy: clicker.id, decidedByName: clicker.displayName, decidedAt: stored.storageNow };
    if (click.decision === 'deny') {
      const denied = await this.#rows.swap(stored, { state: 'denied', ...decided, ...(click.reason !== undefined && { denyReason: click.reason }) });
      if (denied === undefined) return this.#refuse(click, 'APPROVAL_SETTLED', record);
      // Declined is declined, whether or not it could be recorded.
      const sealed = await this.#sealApprover(click).catch(() => ({}));
      await this.#rows.record(denied.value, { person: clicker, ...shownAt(record, click.card), ...sealed }).catch(() => undefined);
      return { kind: 'settled', record: denied.value };
    }
    try {
      return await this.#approve(stored, click, decided);
    } catch (error) {
      return this.#refuse(click, errorCode(error), record);
    }
  }

  /** Who decides, for the ledger. Fails with `LEDGER_UNAVAILABLE`: of an approval it must be known whose it was. */
  #sealApprover({ clicker, reason }: DecisionClick): Promise<{ readonly sealed?: readonly Sealed[] }> {
    const { digestKey, ledger } = this.#with;
    return ledger.seal([saidOf('approver', clicker, digestKey, reason)]);
  }

  async #problemWith(stored: Stored<ApprovalRecord>, click: DecisionClick): Promise<StewardErrorCode | undefined> {
    const { value: record, storageNow } = stored;
    const { clicker } = click;
    if (!isNoted(click.card, record, 'decide')) return 'APPROVAL_COPIED';
    if (record.by === 'second person' && record.requester.equals(clicker.id)) return 'APPROVAL_OWN_REQUEST';
    if (!mayClick(clicker, record)) return 'APPROVAL_NOT_YOURS';
    if (record.state !== 'pending') return record.state === 'expired' ? 'APPROVAL_EXPIRED' : 'APPROVAL_SETTLED';
    if (record.expiresAt <= storageNow) return 'APPROVAL_EXPIRED';
    // What is bound must still be what is true: steps, requester, place, catalogue, policy, contract, configuration.
    if (this.#binding(record) !== record.binding) return 'APPROVAL_STALE';
    return this.#isKilled(record, await this.#with.killSwitch.read()) ? 'KILLED' : undefined;
  }

  #isKilled(record: ApprovalRecord, { epoch, level, stops }: LatchReading): boolean {
    return epoch !== record.killEpoch || stopMarks(stops, aboutOf(record)) !== (record.stopMarks ?? '') || (level === 'off' && record.subject.kind !== 'revive');
  }

  async #approve(stored: Stored<ApprovalRecord>, click: DecisionClick, decided: Decided): Promise<ClickResult> {
    const record = stored.value;
    const { subject } = record;
    const requester = await this.#with.whoIsWho.describe(record.requester, 'now');
    if (requester === undefined) return this.#refuse(click, 'PERSON_UNKNOWN', record);
    const { stops } = await this.#with.killSwitch.read();
    if (stopOf(stops, { people: [requester.id, click.clicker.id] }) !== undefined) return this.#refuse(click, 'STOPPED_PERSON', record);
    // INVARIANT: two different humans, whatever the record says about who may click.
    if ((record.by === 'second person' || subject.kind !== 'steps') && isSameHuman(requester, click.clicker)) return this.#refuse(click, 'APPROVAL_OWN_REQUEST', record);
    if (subject.kind !== 'steps') {
      const settled = await this.#own.approve({ stored, subject, requester, clicker: click.clicker, decided, ...shownAt(record, click.card) });
      return typeof settled === 'string' ? this.#refuse(click, settled, record) : { kind: 'settled', record: settled };
    }
    // INVARIANT: every step is decided again, on fresh facts, before the approval is stored.
    await Promise.all(subject.steps.map((step) => this.#with.gate.decideApproved(restoreStep(step, this.#with.catalogue), { requester, by: record.by })));
    const sealed = await this.#sealApprover(click);
    const approved = await this.#rows.swap(stored, { state: 'approved', ...decided });
    if (approved === undefined) return this.#refuse(click, 'APPROVAL_SETTLED', record);
    await this.#rows.record(approved.value, { person: click.clicker, ...shownAt(record, click.card), ...sealed });
    return { kind: 'approved', record: approved.value, proceed: () => this.#run.proceed(approved, subject.steps, requester.id, click.clicker.id) };
  }

  // --- storage -----------------------------------------------------------------------------------------------------

  async #pending(): Promise<readonly ApprovalRecord[]> {
    return (await this.#with.store.open()).map(({ value }) => value).filter(({ state }) => state === 'pending');
  }

  async #readWithCard({ card, reference }: Click): Promise<Stored<ApprovalRecord> | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const stored = await this.#with.store.read(reference);
      const { value: record } = stored ?? {};
      if (stored === undefined || record?.state !== 'pending' || isNoted(card, record, 'decide') || attempt >= CARD_NOTE_ATTEMPTS) return stored;
      if (stored.storageNow.getTime() - record.createdAt.getTime() > JUST_MADE_MS) return stored;
      await new Promise((resolve) => setTimeout(resolve, CARD_NOTE_PAUSE_MS));
    }
  }

  async #endPending(which: (record: ApprovalRecord) => boolean, state: ApprovalState): Promise<number> {
    return this.#end(await this.#with.store.open(), which, state);
  }

  async #end(open: readonly Stored<ApprovalRecord>[], which: (record: ApprovalRecord) => boolean, state: ApprovalState): Promise<number> {
    let ended = 0;
    for (const stored of open) {
      if (stored.value.state === 'pending' && which(stored.value) && (await this.#rows.finish(stored, { state }))) ended += 1;
    }
    return ended;
  }

  #refuse(click: Click & { readonly decision: string }, code: StewardErrorCode, record?: ApprovalRecord): ClickResult {
    this.#rows.noteRefusal(click.reference, click.decision, click.clicker, code, record?.binding);
    return { kind: 'refused', code, ...(record && { record }) };
  }

  #binding(record: Pick<ApprovalRecord, 'subject' | 'by' | 'requester' | 'requesterName' | 'place' | 'requestActivityId' | 'killEpoch' | 'stopMarks' | 'createdAt' | 'expiresAt' | 'reference'>): string {
    const bound = [
      record.reference,
      bindSubject(record.subject),
      record.by,
      record.requester.digest(),
      record.requesterName,
      record.place.conversationId,
      record.requestActivityId,
      record.killEpoch,
      record.stopMarks ?? '',
      record.createdAt.getTime(),
      record.expiresAt.getTime(),
      this.#with.bindings,
    ];
    return createHash('sha256').update(JSON.stringify(bound)).digest('hex');
  }
}

/** A plan waits as long as the action in it that waits the shortest. */
function ttlMs({ by, subject }: ApprovalRequest): number {
  if (by === 'requester') return CONFIRM_TTL_MS;
  const minutes = subject.kind === 'steps' ? subject.steps.flatMap(({ action }) => action.secondPersonMinutes ?? []) : [];
  return Math.min(SECOND_PERSON_TTL_MS, ...minutes.map((each) => each * 60_000));
}
