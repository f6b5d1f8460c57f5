import type { Plan, Step } from '../actions/plan.ts';
import { isReference, stepDigest } from '../actions/plan.ts';
import { isAboutPerson, policyClassOf, type Action } from '../actions/action.ts';
import type { Reference } from '../actions/handles.ts';
import { InternalId } from '../actions/internal-id.ts';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import type { KillSwitch } from './kill-switch.ts';
import type { Limits } from './limits.ts';
import type { Policy, PolicyRequest } from './policy.ts';
import type { EffectNotes, PersonFacts, WhoIsWho } from './ports.ts';
import { codeOfStop, stopMarks, stopOf, type About } from './stops.ts';
import { issueToken, type ExecutionToken } from './token.ts';

/** What the guard decided about one step, and by which policies. */
export type Decision =
  | { readonly kind: 'run' | 'confirm' | 'second person'; readonly policies: readonly string[] }
  | { readonly kind: 'refuse'; readonly policies: readonly string[]; readonly code: StewardErrorCode };

/** What is true of the turn, whatever the plan says. */
export interface TurnFacts {
  readonly turn: string;
  readonly requester: PersonFacts;
  readonly personal: boolean;
  readonly untrusted: boolean;
  /** Absent where nothing but the person and the action could be stopped. */
  readonly conversation?: string;
}

/** A plan after the gate: refused as a whole, or steps to run now and steps that wait for people. */
export type DecidedPlan =
  | { readonly kind: 'refused'; readonly code: StewardErrorCode; readonly policies: readonly string[]; readonly step: Step }
  | { readonly kind: 'decided'; readonly run: readonly DecidedStep[]; readonly wait: readonly Step[]; readonly by: 'requester' | 'second person' };

export interface DecidedStep {
  readonly step: Step;
  readonly token: ExecutionToken;
}

/** How long people may take back on their own what they had done. */
const OWN_EFFECT_MS = 30 * 60_000;
/** Parameters that say why. */
const JUSTIFICATIONS = ['reason', 'ticket'] as const;

/** Stands for any ordinary colleague when `help` asks what is possible at all. */
const ANYBODY = new InternalId('any ordinary colleague');

/** Uses a device that belongs to nobody: a kiosk, a spare. Nobody can say who is hit, so it takes what a VIP's takes. */
const NOBODYS: PersonFacts = { id: new InternalId('nobody'), displayName: '', userPrincipalName: '', enabled: true, guest: false, roles: ['employee'], privileged: false, breakGlass: false, vip: true };

type Approvals = Pick<PolicyRequest, 'confirmed' | 'seconded'>;
const NOBODY: Approvals = { confirmed: false, seconded: false };
const CONFIRMED: Approvals = { confirmed: true, seconded: false };
const SECONDED: Approvals = { confirmed: true, seconded: true };

/** An action that a person may ask for; `own` when only for themselves. */
export interface Permitted {
  readonly action: Action;
  readonly kind: 'run' | 'confirm' | 'second person';
  readonly own: boolean;
}

/** The code that turns a plan into decisions. */
export class Gate {
  readonly #policy: Policy;
  readonly #whoIsWho: WhoIsWho;
  readonly #killSwitch: KillSwitch;
  readonly #limits: Limits;
  readonly #effects: EffectNotes;

  constructor(policy: Policy, whoIsWho: WhoIsWho, killSwitch: KillSwitch, limits: Limits, effects: EffectNotes) {
    this.#policy = policy;
    this.#whoIsWho = whoIsWho;
    this.#killSwitch = killSwitch;
    this.#limits = limits;
    this.#effects = effects;
  }

  /**
   * Decides every step before the first one runs. One refused step refuses the plan: there is no partial execution.
   * Steps before the first one that needs people run now; that one and all after it wait, in their order.
   * Fails with `LATCH_UNREADABLE` or `DIRECTORY_UNAVAILABLE` when a decision can't be made.
   */
  async decidePlan(plan: Plan, facts: TurnFacts, record: (step: Step, decision: Decision) => void): Promise<DecidedPlan> {
    const { epoch, level, stops } = await this.#killSwitch.read();
    const aboutOf = ({ name }: Action): About => ({ actions: [name], people: [facts.requester.id], ...(facts.conversation !== undefined && { conversation: facts.conversation }) });
    const run: DecidedStep[] = [];
    const wait: Step[] = [];
    let by: 'requester' | 'second person' = 'requester';
    const decided: { step: Step; decision: Decision }[] = [];
    for (const step of plan.steps) {
      const about = await this.#describe(step, 'brief');
      // All of one action in this plan count together: a limit that its third use would pass refuses the plan now.
      const uses = plan.steps.filter(({ action }) => action === step.action).length;
      const stepFacts = await this.#stepFacts(step, facts.requester, uses);
      // For the policy, what is stopped is switched off.
      const stop = stopOf(stops, aboutOf(step.action));
      const answer = this.#decide({ ...facts, ...stepFacts, ...about, action: step.action, level: stop === undefined ? level : 'off' });
      const decision: Decision = stop !== undefined && level !== 'off' && answer.kind === 'refuse' && answer.code === 'KILLED' ? { ...answer, code: codeOfStop(stop) } : answer;
      record(step, decision);
      decided.push({ step, decision });
    }
    for (const { step, decision } of decided) {
      if (decision.kind !== 'refuse') continue;
      // Why a target is out of reach is told only to those who could reach somebody: it says something about the target.
      const code = (decision.code.startsWith('TARGET_') || decision.code === 'GROUP_NOT_MANAGED') && this.permitted([step.action], facts.requester).length === 0 ? 'POLICY_DENIED' : decision.code;
      return { kind: 'refused', code, policies: decision.policies, step };
    }
    for (const { step, decision } of decided) {
      if (decision.kind === 'run' && wait.length === 0) {
        const token = issueToken({ step, stepDigest: stepDigest(step), requester: facts.requester.id, policies: decision.policies, killEpoch: epoch, about: aboutOf(step.action), stopMarks: stopMarks(stops, aboutOf(step.action)), turn: facts.turn });
        run.push({ step, token });
        continue;
      }
      if (decision.kind === 'second person') by = 'second person';
      wait.push(step);
    }
    return { kind: 'decided', run, wait, by };
  }

  /**
   * The second decision, for a step that a person approved: everything is read afresh. Fails with the code of the
   * refusal; resolves to the policies that permit.
   */
  async decideApproved(
    step: Pick<Step, 'action' | 'resolved' | 'target'>,
    facts: { readonly requester: PersonFacts; readonly by: 'requester' | 'second person' },
  ): Promise<readonly string[]> {
    const { level, stops } = await this.#killSwitch.read();
    const stop = stopOf(stops, { actions: [step.action.name], people: [facts.requester.id] });
    if (stop !== undefined) throw new StewardError(codeOfStop(stop), 'stopped by an admin');
    const [about, stepFacts] = await Promise.all([this.#describe(step, 'now'), this.#stepFacts(step, facts.requester, 1)]);
    const approvals = facts.by === 'requester' ? CONFIRMED : SECONDED;
    const answer = this.#policy.ask({
      requester: facts.requester,
      action: step.action,
      ...about,
      level,
      personal: true,
      untrusted: true,
      ...stepFacts,
      ...approvals,
    });
    if (!answer.permitted) throw new StewardError(answer.code, 'the second decision refused');
    return answer.policies;
  }

  /** Which actions a person could ask for at all, with the approval that each takes; `help` shows it. */
  permitted(actions: readonly Action[], requester: PersonFacts): readonly Permitted[] {
    const somebody: PersonFacts = { ...requester, id: ANYBODY, roles: ['employee'], guest: false, enabled: true, privileged: false, breakGlass: false, vip: false };
    return actions.flatMap((action): Permitted[] => {
      const facts = { requester, action, level: 'full', personal: true, untrusted: false, limitReached: false, justified: true, ownRecentEffect: false } as const;
      const general = this.#decide({ ...facts, ...(isAboutPerson(action) && { target: somebody }) });
      if (general.kind !== 'refuse') return [{ action, kind: general.kind, own: false }];
      if (!isAboutPerson(action)) return [];
      const own = this.#decide({ ...facts, target: requester });
      return own.kind === 'refuse' ? [] : [{ action, kind: own.kind, own: true }];
    });
  }

  #decide(request: Omit<PolicyRequest, 'confirmed' | 'seconded'>): Decision {
    const run = this.#policy.ask({ ...request, ...NOBODY });
    if (run.permitted) return { kind: 'run', policies: run.policies };
    // INVARIANT: what could not be evaluated is refused, not asked again with more approvals.
    if (run.code === 'POLICY_EVALUATION_FAILED') return { kind: 'refuse', policies: run.policies, code: run.code };
    const confirmed = this.#policy.ask({ ...request, ...CONFIRMED });
    if (confirmed.permitted) return { kind: 'confirm', policies: confirmed.policies };
    const seconded = this.#policy.ask({ ...request, ...SECONDED });
    if (seconded.permitted) return { kind: 'second person', policies: seconded.policies };
    return { kind: 'refuse', policies: seconded.policies, code: seconded.code };
  }

  async #stepFacts({ action, resolved, target }: Pick<Step, 'action' | 'resolved' | 'target'>, requester: PersonFacts, uses: number): Promise<Pick<PolicyRequest, 'limitReached' | 'justified' | 'ownRecentEffect'>> {
    const requesterDigest = requester.id.digest();
    const [limitReached, effect] = await Promise.all([
      this.#limits.isReached(action, requesterDigest, uses),
      policyClassOf(action) === 'restore' && target !== undefined ? this.#effects.find(action.name, target.id) : undefined,
    ]);
    return {
      limitReached,
      justified: JUSTIFICATIONS.some((name) => resolved[name] !== undefined),
      ownRecentEffect: effect !== undefined && effect.requesterDigest === requesterDigest && effect.ageMs < OWN_EFFECT_MS,
    };
  }

  /** Whom a step is about, and which group it names. What is no longer there is no target. */
  async #describe({ action, resolved, target }: Pick<Step, 'action' | 'resolved' | 'target'>, freshness: 'brief' | 'now'): Promise<Pick<PolicyRequest, 'target' | 'group'>> {
    // Reading about a group is decided like any other reading.
    const named = action.effect === 'read' ? undefined : Object.values(resolved).filter(isReference).find(({ kind }) => kind === 'group');
    const [person, group] = await Promise.all([
      target !== undefined && isAboutPerson(action) ? this.#personOf(target, freshness) : undefined,
      named && this.#whoIsWho.describeGroup(named.id),
    ]);
    if (named !== undefined && group === undefined) throw new StewardError('TARGET_MISSING', 'the group no longer exists');
    return { ...(person && { target: person }), ...(group && { group }) };
  }

  async #personOf({ id, kind }: Reference, freshness: 'brief' | 'now'): Promise<PersonFacts> {
    const person = await (kind === 'device' ? this.#whoIsWho.userOf(id, freshness) : this.#whoIsWho.describe(id, freshness));
    if (person === undefined) throw new StewardError('TARGET_MISSING', 'the target no longer exists');
    return person === 'nobody' ? NOBODYS : person;
  }
}
