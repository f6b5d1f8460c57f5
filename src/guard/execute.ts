import { randomUUID } from 'node:crypto';
import type { InternalId } from '../actions/internal-id.ts';
import type { OperationReceipt, Robot } from '../actions/ports.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Scrubber } from '../audit/scrub.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError, type StewardErrorCode } from '../errors.ts';
import type { KillSwitch } from './kill-switch.ts';
import type { Limits } from './limits.ts';
import type { EffectNotes } from './ports.ts';
import { stopMarks, type About } from './stops.ts';
import type { ExecutionToken } from './token.ts';

/** A step that takes longer than this is aborted; what it did is then unknown, unless it was a read. */
const STEP_DEADLINE_MS = 20_000;

/** What happened. `done` carries the result; everything else says plainly what is known. */
export type Receipt =
  | { readonly kind: 'done'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: 'observed' }
  | { readonly kind: 'failed'; readonly code: StewardErrorCode }
  | { readonly kind: 'unknown'; readonly code: StewardErrorCode };

/** The one place where an action's `run` is called, and the only holder of the robot's hands. */
export class Executor {
  readonly #robot: Robot;
  readonly #killSwitch: KillSwitch;
  readonly #limits: Limits;
  readonly #effects: EffectNotes;
  readonly #ledger: Ledger;
  readonly #digestKey: DigestKey;
  readonly #clock: Clock;
  readonly #scrubber: Pick<Scrubber, 'value'> | undefined;

  /** `scrubber` takes secrets out of what systems answer: whatever is made of a result, card, file or prompt, has none. */
  constructor(robot: Robot, killSwitch: KillSwitch, limits: Limits, effects: EffectNotes, ledger: Ledger, digestKey: DigestKey, clock: Clock, scrubber?: Pick<Scrubber, 'value'>) {
    this.#robot = robot;
    this.#killSwitch = killSwitch;
    this.#limits = limits;
    this.#effects = effects;
    this.#ledger = ledger;
    this.#digestKey = digestKey;
    this.#clock = clock;
    this.#scrubber = scrubber;
  }

  /**
   * Runs one step, once. Never throws for what the step did: the receipt says it. Fails with `TOKEN_SPENT` when the
   * token was used before.
   */
  async execute(token: ExecutionToken): Promise<Receipt> {
    const grant = token.redeem();
    const { action, resolved, target } = grant.step;
    const execution = randomUUID();
    const about: About = { actions: [action.name], people: [grant.requester], ...grant.about, effect: action.effect !== 'read' };
    let intended = false;
    try {
      const { epoch, level, stops } = await this.#killSwitch.assertAlive(about);
      if (epoch !== grant.killEpoch || stopMarks(stops, about) !== (grant.stopMarks ?? '')) return { kind: 'failed', code: 'KILLED' };
      if (action.effect !== 'read' && level === 'read-only') return { kind: 'failed', code: 'READ_ONLY' };
      if (!(await this.#limits.take(action, grant.requester.digest()))) return { kind: 'failed', code: 'LIMIT_REACHED' };
      // INVARIANT: no effect without a ledger record written before it.
      await this.#ledger.record({
        kind: 'intent',
        execution,
        turn: grant.turn,
        action: action.name,
        version: action.version,
        step: grant.stepDigest,
        ...(target && { target: this.#digestKey.digest(target.id.digest()) }),
        requester: this.#digestKey.digest(grant.requester.digest()),
        ...(grant.approverDigest !== undefined && { approver: this.#digestKey.digest(grant.approverDigest) }),
        policies: grant.policies,
        killEpoch: grant.killEpoch,
      });
      intended = true;
      if (action.effect !== 'read' && level === 'observe') {
        await this.#outcome(execution, 'observed', [], 0);
        return { kind: 'observed' };
      }
      // Read again: counting and recording took time. A kill, or another level, may have come meanwhile.
      const again = await this.#killSwitch.assertAlive(about);
      if (again.epoch !== epoch || again.level !== level) throw new StewardError(again.level === 'read-only' ? 'READ_ONLY' : 'KILLED', 'the latch changed after the intent');
    } catch (error) {
      const code = errorCode(error);
      // Nothing was called: an intent without an outcome would say that this is not known.
      if (intended) await this.#outcome(execution, 'failed', [], 0, code).catch(() => undefined);
      return { kind: 'failed', code };
    }
    const receipt = await this.#call(execution, action, resolved, grant.requester, about);
    if (receipt.kind === 'done' && target !== undefined) await this.#noteEffect(action, target.id, grant.requester.digest());
    return receipt;
  }

  /** Whoever did it may take it back by themselves for a while. A note that fails costs them a second person. */
  async #noteEffect({ name, reversibleBy }: Grant['step']['action'], target: InternalId, requesterDigest: string): Promise<void> {
    if (reversibleBy === undefined) return;
    await Promise.all([this.#effects.note(reversibleBy, target, requesterDigest), this.#effects.forget(name, target)]).catch(() => undefined);
  }

  async #call(execution: string, action: Grant['step']['action'], resolved: Grant['step']['resolved'], requester: InternalId, about: About): Promise<Receipt> {
    const startedMs = this.#clock.monotonicMs();
    const requestIds: string[] = [];
    const guarded = this.#killSwitch.guardCall(about);
    const signal = AbortSignal.any([guarded.signal, AbortSignal.timeout(STEP_DEADLINE_MS)]);
    let receipt: Receipt;
    try {
      // A kill between the last reading and here has aborted the signal already: nothing leaves.
      if (signal.aborted) throw new StewardError('SYSTEM_UNAVAILABLE', 'aborted before the call', { cause: signal.reason });
      const result = await action.run(resolved, this.#robot, {
        signal,
        requester,
        beforeRetry: async () => {
          await this.#killSwitch.assertAlive(about);
        },
        receipt: (given: OperationReceipt) => void requestIds.push(...given.requestIds),
      });
      const parsed = action.result.safeParse(result);
      if (!parsed.success) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'the result does not have the declared shape', { cause: parsed.error });
      receipt = { kind: 'done', result: this.#scrubber?.value(parsed.data) ?? parsed.data };
    } catch (error) {
      receipt = failure(error, action.effect === 'read', signal);
    } finally {
      guarded.done();
    }
    const durationMs = Math.round(this.#clock.monotonicMs() - startedMs);
    // What happened has happened: a ledger that refuses now must not turn it into a failure. The open intent stays.
    // Of an effect nobody is told before its outcome is durable; a read changed nothing, and its result need not wait.
    const pressing = action.effect !== 'read';
    const recorded = this.#outcome(execution, receipt.kind, requestIds, durationMs, 'code' in receipt ? receipt.code : undefined, pressing).catch(() => undefined);
    if (pressing) await recorded;
    return receipt;
  }

  async #outcome(execution: string, outcome: string, requestIds: readonly string[], durationMs: number, code?: StewardErrorCode, pressing = true): Promise<void> {
    await this.#ledger.record({ kind: 'outcome', execution, outcome, ...(code && { code }), requestIds, durationMs }, { pressing });
  }
}

type Grant = ReturnType<ExecutionToken['redeem']>;

/** What a system says that did not do it, and why. */
const NOT_DONE: ReadonlySet<StewardErrorCode> = new Set<StewardErrorCode>(['SYSTEM_REFUSED', 'SYSTEM_NOT_FOUND', 'SYSTEM_UNAVAILABLE', 'ROBOT_REVOKED', 'ALREADY_SO', 'LICENCE_NONE_LEFT', 'LICENCE_NO_LOCATION', 'LICENCE_INHERITED', 'TARGET_CONFLICT', 'TARGET_NOT_OWN', 'IDENTITY_NONE', 'IDENTITY_SEVERAL', 'IDENTITY_GUEST', 'IDENTITY_INACTIVE', 'IDENTITY_RECREATED', 'IDENTITY_CONTRADICTION', 'TICKET_CLOSED', 'RECIPIENT_OUTSIDE', 'CONFIGURATION_INVALID']);

function failure(error: unknown, isRead: boolean, signal: AbortSignal): Receipt {
  const code = errorCode(error);
  if (isRead) return { kind: 'failed', code: code === 'SYSTEM_OUTCOME_UNKNOWN' || (signal.aborted && code === 'UNEXPECTED') ? 'SYSTEM_UNAVAILABLE' : code };
  // These say that the system did not do it. Everything else, an abort on the wire first of all, may have been done.
  return NOT_DONE.has(code) ? { kind: 'failed', code } : { kind: 'unknown', code: code === 'UNEXPECTED' ? 'SYSTEM_OUTCOME_UNKNOWN' : code };
}
