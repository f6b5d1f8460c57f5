import type { Action } from '../actions/action.ts';
import type { Catalogue } from '../actions/catalogue.ts';
import type { InternalId } from '../actions/internal-id.ts';
import { errorCode, StewardError } from '../errors.ts';
import type { ApprovalRecord, ApprovalState, StoredStep } from './approval.ts';
import { publicName, type ApprovalRows, type Audience } from './approval-rows.ts';
import type { Executor, Receipt } from './execute.ts';
import type { Gate } from './gate.ts';
import type { KillSwitch } from './kill-switch.ts';
import type { PersonFacts, Stored, WhoIsWho } from './ports.ts';
import { restoreStep, withOutcome } from './stored-step.ts';
import { stopMarks, type About } from './stops.ts';
import { issueToken } from './token.ts';
import { mayDecide } from './who-decides.ts';

/** An executing approval whose instance did not renew it for this long belongs to a dead one. Longer than any step may take. */
export const ALIVE_MS = 90_000;

export interface RunApprovedDependencies {
  readonly rows: ApprovalRows;
  readonly catalogue: Catalogue;
  readonly gate: Gate;
  readonly whoIsWho: WhoIsWho;
  readonly killSwitch: KillSwitch;
  readonly executor: Executor;
  readonly audience: Audience;
  /** Given what an approved read brought back; must not throw. */
  readonly read: (record: ApprovalRecord, action: Action, result: Readonly<Record<string, unknown>>) => Promise<void>;
}

/** Carries out what was approved: step by step, each decided once more, until one of them fails. */
export class ApprovedRun {
  readonly #with: RunApprovedDependencies;

  constructor(dependencies: RunApprovedDependencies) {
    this.#with = dependencies;
  }

  async proceed(approved: Stored<ApprovalRecord>, approvedSteps: readonly StoredStep[], requester: InternalId, approver: InternalId): Promise<void> {
    const { audience, rows } = this.#with;
    let stored: Stored<ApprovalRecord> | undefined = approved;
    let steps = approvedSteps;
    let failed = false;
    for (const [index, step] of approvedSteps.entries()) {
      if (failed) {
        steps = withOutcome(steps, index, 'not run');
        continue;
      }
      steps = withOutcome(steps, index, 'running');
      // Written before the effect: a crash from here on leaves `executing`, which is found and reported as unknown.
      stored = await rows.advance(stored, { state: 'executing', subject: { kind: 'steps', steps }, aliveUntil: new Date(stored.storageNow.getTime() + ALIVE_MS) });
      if (stored === undefined) return;
      // Ticked off where people look on. Not waited for: a channel that is slow must not hold up the next step.
      if (index > 0) void audience.changed(stored.value);
      const receipt = await this.#runStep(stored.value, step, requester, approver);
      failed = receipt.kind === 'failed' || receipt.kind === 'unknown';
      steps = withOutcome(steps, index, receipt.kind, 'code' in receipt ? receipt.code : undefined);
    }
    const state: ApprovalState = steps.some((step) => step.outcome === 'unknown') ? 'unknown' : failed ? 'failed' : 'succeeded';
    const settled = await rows.finish(stored, { state, subject: { kind: 'steps', steps } });
    if (settled !== undefined && steps.some((step) => step.outcome === 'done')) await rows.store.noteDone(settled).catch(() => undefined);
  }

  async #runStep(record: ApprovalRecord, step: StoredStep, requesterId: InternalId, approverId: InternalId): Promise<Receipt> {
    const { catalogue, executor, gate, killSwitch, read } = this.#with;
    try {
      const { stops } = await killSwitch.read();
      if (stopMarks(stops, aboutOf(record)) !== (record.stopMarks ?? '')) throw new StewardError('KILLED', 'something it is about was stopped meanwhile');
      // Read again before each step: a plan of several runs for a while, and both may have changed since the click.
      const [requester, approver] = await Promise.all([this.#describe(requesterId), this.#describe(approverId)]);
      if (!mayDecide(approver, record, requester)) throw new StewardError('APPROVAL_STALE', 'the approver no longer may');
      const restored = restoreStep(step, catalogue);
      const policies = await gate.decideApproved(restored, { requester, by: record.by });
      const about: About = { actions: [step.action], people: [requester.id, approver.id], conversation: record.place.conversationId };
      const token = issueToken({
        step: restored,
        about,
        stopMarks: stopMarks(stops, about),
        stepDigest: step.digest,
        requester: requester.id,
        approverDigest: approver.id.digest(),
        policies,
        killEpoch: record.killEpoch,
        turn: publicName(record.reference),
      });
      const receipt = await executor.execute(token);
      if (receipt.kind === 'done' && restored.action.effect === 'read') await read(record, restored.action, receipt.result);
      return receipt;
    } catch (error) {
      return { kind: 'failed', code: errorCode(error) };
    }
  }

  async #describe(id: InternalId): Promise<PersonFacts> {
    const person = await this.#with.whoIsWho.describe(id, 'now');
    if (person === undefined) throw new StewardError('APPROVAL_STALE', 'the requester or the approver no longer exists');
    return person;
  }
}

/** What a stop may concern of a request. A revival is never stopped, but by another kill. */
export function aboutOf({ place, requester, subject }: Pick<ApprovalRecord, 'subject' | 'requester' | 'place'>): About {
  if (subject.kind === 'revive') return {};
  const actions = subject.kind === 'steps' ? subject.steps.map(({ action }) => action) : subject.kind === 'raise' ? [subject.action] : [];
  return { actions, people: [requester], conversation: place.conversationId };
}
