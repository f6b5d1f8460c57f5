import { createHash, randomBytes } from 'node:crypto';
import type { Action } from '../actions/action.ts';
import type { Catalogue } from '../actions/catalogue.ts';
import type { Handle, Reference } from '../actions/handles.ts';
import type { InternalId } from '../actions/internal-id.ts';
import { isReference, stepDigest, type Step } from '../actions/plan.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError, type StewardErrorCode } from '../errors.ts';
import type { ApprovalRecord, ApprovalState, ApprovalStore, ApprovalSubject, CardInstance, Place, SentCard, StepOutcome, StoredArgument, StoredStep } from './approval.ts';
import type { Executor, Receipt } from './execute.ts';
import type { Gate } from './gate.ts';
import type { KillSwitch } from './kill-switch.ts';
import type { PersonFacts, Stored, WhoIsWho } from './ports.ts';
import { issueToken } from './token.ts';

/** How long a request waits for a click. */
const CONFIRM_TTL_MS = 10 * 60_000;
const SECOND_PERSON_TTL_MS = 4 * 60 * 60_000;
/** An executing approval whose instance did not renew it for this long belongs to a dead one. Longer than any step may take. */
const ALIVE_MS = 90_000;
/** A click may overtake the note of where its card stands: on a request that was just made it waits a second for it. */
const JUST_MADE_MS = 5_000;
const CARD_NOTE_PAUSE_MS = 50;
const CARD_NOTE_ATTEMPTS = 20;

export interface ApprovalRequest {
  readonly subject: { readonly kind: 'steps'; readonly steps: readonly Step[] } | Extract<ApprovalSubject, { kind: 'revive' }>;
  readonly by: 'requester' | 'second person';
  readonly requester: PersonFacts;
  readonly place: Place;
  readonly requestActivityId: string;
  /** The turn that led to it, for the ledger. */
  readonly turn: string;
}

export interface Click {
  readonly reference: string;
  readonly decision: 'approve' | 'deny';
  readonly clicker: PersonFacts;
  readonly card: CardInstance;
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
  readonly whoIsWho: WhoIsWho;
  readonly killSwitch: KillSwitch;
  readonly executor: Executor;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly clock: Clock;
  /** Digests of catalogue, policy, contract and configuration: a request made under others is dead. */
  readonly bindings: readonly string[];
  /** Told after every change that people should see; must not throw. */
  readonly changed: (record: ApprovalRecord) => Promise<void>;
  /** Given what an approved read brought back; must not throw. */
  readonly read: (record: ApprovalRecord, action: Action, result: Readonly<Record<string, unknown>>) => Promise<void>;
}

/** Requests that wait for people, from the card to the outcome. */
export class Approvals {
  readonly #with: ApprovalsDependencies;

  constructor(dependencies: ApprovalsDependencies) {
    this.#with = dependencies;
  }

  /** Stores a request. It can't be approved before `cardSent` named a card. */
  async request(request: ApprovalRequest): Promise<ApprovalRecord> {
    const { killSwitch, store } = this.#with;
    const { epoch, storageNow } = await killSwitch.read();
    const subject = request.subject.kind === 'revive' ? request.subject : { kind: 'steps' as const, steps: await Promise.all(request.subject.steps.map((step) => this.#store(step))) };
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
      expiresAt: new Date(storageNow.getTime() + ttlMs(request.by)),
    };
    const record: ApprovalRecord = { ...unbound, binding: this.#binding(unbound) };
    await store.insert(record);
    await this.#record(record, { person: request.requester, turn: request.turn, steps: subject.kind === 'steps' ? subject.steps.map((step) => step.digest) : [] });
    return record;
  }

  async #store(step: Step): Promise<StoredStep> {
    const target = step.target === undefined ? undefined : await this.#with.whoIsWho.describe(step.target.id, 'now');
    const context = [target?.jobTitle, target?.department, target?.officeLocation, target?.userPrincipalName];
    return storeStep(step, context.filter((fact) => fact !== undefined));
  }

  /** Notes a message in which the card stands. Only clicks on noted cards count. */
  async cardSent(reference: string, card: SentCard): Promise<void> {
    await this.#update(reference, (record) => ({ ...record, cards: [...record.cards, card] }));
  }

  /** Ends a request whose card could not be shown: what nobody saw must not be approvable. */
  async abandon(reference: string): Promise<void> {
    await this.#update(reference, (record) => (record.state === 'pending' ? { ...record, state: 'withdrawn' } : record));
  }

  /** Withdraws one request, if it still waits. */
  async withdraw(reference: string): Promise<void> {
    const stored = await this.#with.store.read(reference);
    if (stored?.value.state === 'pending') await this.#settle(stored, { state: 'withdrawn' });
  }

  /** Decides a click. Everything is read afresh; one click wins by compare-and-swap. */
  async click(click: Click): Promise<ClickResult> {
    let result = await this.#clickOnce(click);
    // A swap is also lost to the note of another card of the same request; only a state that changed settles it.
    for (let attempt = 0; result.kind === 'refused' && result.code === 'APPROVAL_SETTLED' && result.record?.state === 'pending' && attempt < 3; attempt += 1) {
      result = await this.#clickOnce(click);
    }
    return result;
  }

  async #clickOnce(click: Click): Promise<ClickResult> {
    const stored = await this.#readWithCard(click);
    if (stored === undefined) return this.#refuse(click, 'APPROVAL_UNKNOWN');
    const record = stored.value;
    const problem = await this.#problemWith(stored, click);
    if (problem === 'APPROVAL_EXPIRED' || problem === 'APPROVAL_STALE' || problem === 'KILLED') {
      const ended = await this.#swap(stored, { state: problem === 'APPROVAL_EXPIRED' ? 'expired' : 'killed' });
      if (ended !== undefined) await this.#with.changed(ended.value);
    }
    if (problem !== undefined) return this.#refuse(click, problem, record);
    const { clicker } = click;
    const decidedBy = { decidedBy: clicker.id, decidedByName: clicker.displayName, decidedAt: stored.storageNow };
    if (click.decision === 'deny') {
      const denied = await this.#swap(stored, { state: 'denied', ...decidedBy });
      if (denied === undefined) return this.#refuse(click, 'APPROVAL_SETTLED', record);
      // Declined is declined, whether or not it could be recorded.
      await this.#record(denied.value, { person: clicker }).catch(() => undefined);
      return { kind: 'settled', record: denied.value };
    }
    try {
      return await this.#approve(stored, click, decidedBy);
    } catch (error) {
      return this.#refuse(click, errorCode(error), record);
    }
  }

  async #approve(stored: Stored<ApprovalRecord>, click: Click, decidedBy: Pick<ApprovalRecord, 'decidedBy' | 'decidedByName' | 'decidedAt'>): Promise<ClickResult> {
    const record = stored.value;
    const requester = await this.#with.whoIsWho.describe(record.requester, 'now');
    if (requester === undefined) return this.#refuse(click, 'PERSON_UNKNOWN', record);
    if (record.by === 'second person' && isSameHuman(requester, click.clicker)) return this.#refuse(click, 'APPROVAL_OWN_REQUEST', record);
    if (record.subject.kind === 'revive') return this.#approveRevive(stored, record.subject, requester, click, decidedBy);
    // INVARIANT: every step is decided again, on fresh facts, before the approval is stored.
    await Promise.all(record.subject.steps.map((step) => this.#decideAgain(step, requester, record.by)));
    const approved = await this.#swap(stored, { state: 'approved', ...decidedBy });
    if (approved === undefined) return this.#refuse(click, 'APPROVAL_SETTLED', record);
    await this.#record(approved.value, { person: click.clicker });
    return { kind: 'approved', record: approved.value, proceed: () => this.#execute(approved, requester, click.clicker) };
  }

  async #approveRevive(stored: Stored<ApprovalRecord>, subject: Extract<ApprovalSubject, { kind: 'revive' }>, requester: PersonFacts, click: Click, decidedBy: Partial<ApprovalRecord>): Promise<ClickResult> {
    const { clicker } = click;
    // INVARIANT: two different humans, whatever the record says about who may click.
    if (isSameHuman(requester, clicker)) return this.#refuse(click, 'APPROVAL_OWN_REQUEST', stored.value);
    if (!mayRevive(requester) || !mayRevive(clicker)) return this.#refuse(click, 'KILL_NOT_ADMIN', stored.value);
    const executing = await this.#swap(stored, { state: 'executing', ...decidedBy });
    if (executing === undefined) return this.#refuse(click, 'APPROVAL_SETTLED', stored.value);
    await this.#record(executing.value, { person: clicker });
    const { digestKey, killSwitch, ledger } = this.#with;
    const digest = digestKey.digest(requester.id.digest());
    const epoch = await killSwitch.revive(subject.level, stored.value.killEpoch, { digest, name: requester.displayName, reason: subject.reason });
    await ledger.record({ kind: 'latch', level: subject.level, epoch, person: digest, confirmedBy: digestKey.digest(clicker.id.digest()) });
    const done = await this.#swap(executing, { state: 'succeeded' });
    return { kind: 'settled', record: (done ?? executing).value };
  }

  /** Withdraws what a message asked for, when that message was edited or deleted. */
  async withdrawFor(conversationId: string, requestActivityId: string): Promise<number> {
    return this.#endPending((record) => record.place.conversationId === conversationId && record.requestActivityId === requestActivityId, 'withdrawn');
  }

  /** Withdraws every pending request of a person in a conversation: what `cancel` does. */
  async withdrawAll(conversationId: string, requester: PersonFacts): Promise<number> {
    return this.#endPending((record) => record.place.conversationId === conversationId && record.requester.equals(requester.id), 'withdrawn');
  }

  /** Kills every pending request; called after a kill. */
  async killPending(): Promise<number> {
    return this.#endPending(() => true, 'killed');
  }

  /** Pending requests of a person in a conversation. */
  async pendingOf(conversationId: string, requester: PersonFacts): Promise<readonly ApprovalRecord[]> {
    const open = await this.#with.store.open();
    return open.map(({ value }) => value).filter((record) => record.state === 'pending' && record.place.conversationId === conversationId && record.requester.equals(requester.id));
  }

  /** How many requests wait, for `status`. */
  async pendingCount(): Promise<number> {
    return (await this.#with.store.open()).filter(({ value }) => value.state === 'pending').length;
  }

  /**
   * Housekeeping: expires what waited too long, and settles as `unknown` what a dead instance was executing. What was
   * approved and never begun is `failed`: nothing of it happened.
   */
  async sweep(): Promise<void> {
    for (const stored of await this.#with.store.open()) {
      const { value: record, storageNow } = stored;
      if (record.state === 'pending' && record.expiresAt <= storageNow) await this.#settle(stored, { state: 'expired' });
      const dead = (record.aliveUntil ?? new Date((record.decidedAt ?? record.expiresAt).getTime() + ALIVE_MS)) <= storageNow;
      if (record.state === 'approved' && dead) await this.#settle(stored, { state: 'failed' });
      if (record.state === 'executing' && dead) await this.#settle(stored, { state: 'unknown', subject: markRunning(record.subject, 'unknown') });
    }
  }

  // --- the checks of a click ---------------------------------------------------------------------------------------

  async #problemWith(stored: Stored<ApprovalRecord>, click: Click): Promise<StewardErrorCode | undefined> {
    const { value: record, storageNow } = stored;
    const { clicker } = click;
    if (!isNoted(click.card, record)) return 'APPROVAL_COPIED';
    if (record.by === 'second person' && record.requester.equals(clicker.id)) return 'APPROVAL_OWN_REQUEST';
    if (!mayClick(clicker, record)) return 'APPROVAL_NOT_YOURS';
    if (record.state !== 'pending') return record.state === 'expired' ? 'APPROVAL_EXPIRED' : 'APPROVAL_SETTLED';
    if (record.expiresAt <= storageNow) return 'APPROVAL_EXPIRED';
    // What is bound must still be what is true: steps, requester, place, catalogue, policy, contract, configuration.
    if (this.#binding(record) !== record.binding) return 'APPROVAL_STALE';
    const { epoch, level } = await this.#with.killSwitch.read();
    if (epoch !== record.killEpoch) return 'KILLED';
    if (level === 'off' && record.subject.kind !== 'revive') return 'KILLED';
    return undefined;
  }

  async #decideAgain(step: StoredStep, requester: PersonFacts, by: ApprovalRecord['by']): Promise<readonly string[]> {
    const action = this.#with.catalogue.find(step.action);
    if (action?.version !== step.version) throw new StewardError('APPROVAL_STALE', 'the action changed after the request');
    return this.#with.gate.decideApproved({ action, targetId: targetOf(step) }, { requester, by });
  }

  // --- execution ---------------------------------------------------------------------------------------------------

  async #execute(approved: Stored<ApprovalRecord>, requester: PersonFacts, approver: PersonFacts): Promise<void> {
    let stored: Stored<ApprovalRecord> | undefined = approved;
    const { subject } = approved.value;
    if (subject.kind !== 'steps') return;
    let steps = subject.steps;
    let failed = false;
    for (const [index, step] of steps.entries()) {
      if (failed) {
        steps = withOutcome(steps, index, 'not run');
        continue;
      }
      steps = withOutcome(steps, index, 'running');
      // Written before the effect: a crash from here on leaves `executing`, which is found and reported as unknown.
      stored = await this.#swap(stored, { state: 'executing', subject: { kind: 'steps', steps }, aliveUntil: new Date(stored.storageNow.getTime() + ALIVE_MS) });
      if (stored === undefined) return;
      const receipt = await this.#executeStep(stored.value, step, requester.id, approver.id);
      failed = receipt.kind === 'failed' || receipt.kind === 'unknown';
      steps = withOutcome(steps, index, receipt.kind, 'code' in receipt ? receipt.code : undefined);
    }
    const state: ApprovalState = steps.some((step) => step.outcome === 'unknown') ? 'unknown' : failed ? 'failed' : 'succeeded';
    await this.#settle(stored, { state, subject: { kind: 'steps', steps } });
  }

  async #executeStep(record: ApprovalRecord, step: StoredStep, requesterId: InternalId, approverId: InternalId): Promise<Receipt> {
    try {
      // Read again before each step: a plan of several runs for a while, and both may have changed since the click.
      const [requester, approver] = await Promise.all([requesterId, approverId].map((id) => this.#with.whoIsWho.describe(id, 'now')));
      if (requester === undefined || approver === undefined || !mayDecide(approver, record, requester)) throw new StewardError('APPROVAL_STALE', 'the approver no longer may');
      const policies = await this.#decideAgain(step, requester, record.by);
      const action = this.#with.catalogue.find(step.action);
      if (action === undefined) throw new StewardError('APPROVAL_STALE', 'the action left the catalogue');
      const target = targetOf(step);
      const token = issueToken({
        step: { action, resolved: restoreArguments(step), ...(target && { target }) },
        stepDigest: step.digest,
        requesterDigest: requester.id.digest(),
        approverDigest: approver.id.digest(),
        policies,
        killEpoch: record.killEpoch,
        turn: short(record.reference),
      });
      const receipt = await this.#with.executor.execute(token);
      if (receipt.kind === 'done' && action.effect === 'read') await this.#with.read(record, action, receipt.result);
      return receipt;
    } catch (error) {
      return { kind: 'failed', code: errorCode(error) };
    }
  }

  // --- storage -----------------------------------------------------------------------------------------------------

  async #readWithCard({ card, reference }: Click): Promise<Stored<ApprovalRecord> | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const stored = await this.#with.store.read(reference);
      const { value: record } = stored ?? {};
      if (stored === undefined || record?.state !== 'pending' || isNoted(card, record) || attempt >= CARD_NOTE_ATTEMPTS) return stored;
      const createdAtMs = record.expiresAt.getTime() - ttlMs(record.by);
      if (stored.storageNow.getTime() - createdAtMs > JUST_MADE_MS) return stored;
      await new Promise((resolve) => setTimeout(resolve, CARD_NOTE_PAUSE_MS));
    }
  }

  async #endPending(which: (record: ApprovalRecord) => boolean, state: ApprovalState): Promise<number> {
    let ended = 0;
    for (const stored of await this.#with.store.open()) {
      if (stored.value.state === 'pending' && which(stored.value) && (await this.#settle(stored, { state }))) ended += 1;
    }
    return ended;
  }

  async #update(reference: string, change: (record: ApprovalRecord) => ApprovalRecord): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const stored = await this.#with.store.read(reference);
      if (stored === undefined) throw new StewardError('APPROVAL_UNKNOWN', 'the request is gone');
      if (await this.#with.store.replace(change(stored.value), stored.etag)) return;
    }
    throw new StewardError('STORAGE_UNAVAILABLE', 'the request kept changing');
  }

  #swap(stored: Stored<ApprovalRecord>, change: Partial<ApprovalRecord>): Promise<Stored<ApprovalRecord> | undefined> {
    return this.#with.store.replace({ ...stored.value, ...change }, stored.etag);
  }

  async #settle(stored: Stored<ApprovalRecord>, change: Partial<ApprovalRecord>): Promise<boolean> {
    const settled = await this.#swap(stored, change);
    if (settled === undefined) return false;
    // It has happened: a ledger that refuses now must not keep people from learning it.
    await this.#record(settled.value).catch(() => undefined);
    await this.#with.changed(settled.value);
    return true;
  }

  async #refuse(click: Click, code: StewardErrorCode, record?: ApprovalRecord): Promise<ClickResult> {
    const { digestKey, ledger } = this.#with;
    // Told, not waited for: a refusal has no effect that would need a record before it.
    void ledger
      .record({ kind: 'approval', approval: short(click.reference), state: 'click refused', by: click.decision, person: digestKey.digest(click.clicker.id.digest()), binding: record?.binding ?? '', code })
      .catch(() => undefined);
    return { kind: 'refused', code, ...(record && { record }) };
  }

  async #record(record: ApprovalRecord, about: { readonly person?: PersonFacts; readonly turn?: string; readonly steps?: readonly string[] } = {}): Promise<void> {
    const { digestKey, ledger } = this.#with;
    const { person, steps, turn } = about;
    await ledger.record({
      kind: 'approval',
      approval: short(record.reference),
      state: record.state,
      by: record.by,
      person: person ? digestKey.digest(person.id.digest()) : '',
      binding: record.binding,
      ...(turn !== undefined && { turn }),
      ...(steps && { steps }),
    });
  }

  #binding(record: Pick<ApprovalRecord, 'subject' | 'by' | 'requester' | 'place' | 'requestActivityId' | 'killEpoch' | 'expiresAt' | 'reference'>): string {
    const subject = record.subject.kind === 'steps' ? record.subject.steps.map(digestStored) : [record.subject.reason, record.subject.level];
    const bound = [record.reference, subject, record.by, record.requester.digest(), record.place.conversationId, record.requestActivityId, record.killEpoch, record.expiresAt.getTime(), this.#with.bindings];
    return createHash('sha256').update(JSON.stringify(bound)).digest('hex');
  }
}

/** Accounts with one employee id are one human; an account without one can't be told apart, and so can't second. */
export function isSameHuman(a: PersonFacts, b: PersonFacts): boolean {
  return a.id.equals(b.id) || a.employeeId === undefined || b.employeeId === undefined || a.employeeId === b.employeeId;
}

function ttlMs(by: ApprovalRecord['by']): number {
  return by === 'requester' ? CONFIRM_TTL_MS : SECOND_PERSON_TTL_MS;
}

function isNoted(card: CardInstance, record: ApprovalRecord): boolean {
  return record.cards.some((sent) => sent.conversationId === card.conversationId && sent.activityId === card.activityId);
}

/** Whether an account is one whose click counts for a request, as far as the click itself tells. */
function mayClick(clicker: PersonFacts, record: ApprovalRecord): boolean {
  if (clicker.guest || !clicker.enabled) return false;
  if (record.by === 'requester') return record.requester.equals(clicker.id);
  return clicker.roles.includes(record.subject.kind === 'revive' ? 'admin' : 'approver');
}

/** The same with fresh facts about both: the second person must be another human. */
function mayDecide(approver: PersonFacts, record: ApprovalRecord, requester: PersonFacts): boolean {
  return mayClick(approver, record) && (record.by === 'requester' || !isSameHuman(requester, approver));
}

function mayRevive(person: PersonFacts): boolean {
  return person.roles.includes('admin') && person.enabled && !person.guest;
}

function short(reference: string): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 16);
}

function storeStep(step: Step, targetContext: readonly string[]): StoredStep {
  const stored = Object.entries(step.resolved).map(([name, value]): [string, StoredArgument] => [
    name,
    isReference(value) ? { kind: value.kind, handle: value.handle, id: value.id, label: value.label } : { text: String(value) },
  ]);
  const { action, provenance } = step;
  return {
    action: action.name,
    version: action.version,
    arguments: Object.fromEntries(stored),
    ...(action.target !== undefined && { targetParameter: action.target }),
    provenance,
    digest: stepDigest(step),
    targetContext,
    outcome: 'waiting',
  };
}

function restoreArguments(step: StoredStep): Record<string, string | Reference> {
  const restored = Object.entries(step.arguments).map(([name, value]): [string, string | Reference] => [
    name,
    'text' in value ? value.text : { kind: value.kind, handle: value.handle as Handle, id: value.id, label: value.label },
  ]);
  return Object.fromEntries(restored);
}

/** The digest of what is stored now, not the digest that is stored: a row that was changed no longer matches its binding. */
function digestStored(step: StoredStep): string {
  const resolved = restoreArguments(step);
  const digest = stepDigest({ action: { name: step.action, version: step.version } as Step['action'], resolved });
  return `${digest} ${step.digest} ${step.targetParameter ?? ''}`;
}

function targetOf(step: StoredStep): Reference | undefined {
  if (step.targetParameter === undefined) return undefined;
  const target = restoreArguments(step)[step.targetParameter];
  if (target === undefined || typeof target === 'string') throw new StewardError('APPROVAL_STALE', 'the stored step has lost its target');
  return target;
}

function withOutcome(steps: readonly StoredStep[], index: number, outcome: StepOutcome, problem?: StewardErrorCode): readonly StoredStep[] {
  return steps.map((step, at) => (at === index ? { ...step, outcome, ...(problem && { problem }) } : step));
}

function markRunning(subject: ApprovalSubject, outcome: StepOutcome): ApprovalSubject {
  if (subject.kind !== 'steps') return subject;
  return { kind: 'steps', steps: subject.steps.map((step) => (step.outcome === 'running' ? { ...step, outcome } : step.outcome === 'waiting' ? { ...step, outcome: 'not run' } : step)) };
}
