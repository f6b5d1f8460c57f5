/**
 * Asks the real gate, with the real policy, what table.ts answers: facts become people, a latch, counters and notes in
 * memory, and whatever comes back becomes one of the table's four words.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod/v4';
import { defineAction, graph, isAboutPerson, policyClassOf, policyClasses, targetKindOf, type Action, type Effect, type PolicyClass } from '../../src/actions/action.ts';
import { catalogue } from '../../src/actions/catalogue.ts';
import { handle, type Reference } from '../../src/actions/handles.ts';
import { InternalId } from '../../src/actions/internal-id.ts';
import type { Step } from '../../src/actions/plan.ts';
import type { Clock } from '../../src/clock.ts';
import { StewardError } from '../../src/errors.ts';
import { Gate, type Decision } from '../../src/guard/gate.ts';
import { KillSwitch } from '../../src/guard/kill-switch.ts';
import { Limits } from '../../src/guard/limits.ts';
import { Policy, type PolicyAnswer, type PolicyRequest } from '../../src/guard/policy.ts';
import type { EffectNotes, GroupFacts, LatchStore, LimitStore, PersonFacts, WhoIsWho } from '../../src/guard/ports.ts';
import type { Chance } from '../../proof/random.ts';
import { answer, permits, type Answer, type Approval, type Class, type Facts, type Group, type Level, type Named, type Role, type Target } from './table.ts';

/** The policy that Steward ships. */
export const policyText = readFileSync(new URL('../../src/guard/policy.cedar', import.meta.url), 'utf8');

// --- what is asked for ---------------------------------------------------------------------------------------------

/** An action as the code has it, and as the page speaks of it. */
export interface Subject {
  readonly action: Action;
  readonly class: Class;
  readonly named: Named | undefined;
}

const CLASS: Readonly<Record<PolicyClass, Class>> = {
  read: 'read',
  sensitive_read: 'sensitive read',
  self_service: 'self-service',
  write: 'write',
  destructive: 'destructive',
  restore: 'restore',
  critical: 'critical',
};

/** What the page itself says of actions that it names. Of all others, the class that they declare is believed. */
const ON_THE_PAGE: ReadonlyMap<string, Pick<Subject, 'class' | 'named'>> = new Map([
  ['find_person', { class: 'read', named: undefined }],
  ['show_person', { class: 'read', named: 'show an account' }],
  ['list_devices', { class: 'read', named: 'list devices' }],
  ['list_apps', { class: 'read', named: 'list apps' }],
  ['list_own_tickets', { class: 'read', named: 'list own tickets' }],
  ['block_sign_in', { class: 'destructive', named: 'block sign-in' }],
  ['unblock_sign_in', { class: 'restore', named: 'unblock sign-in' }],
  ['revoke_sessions', { class: 'destructive', named: undefined }],
]);

const EFFECT: Readonly<Record<PolicyClass, Effect>> = {
  read: 'read',
  sensitive_read: 'read',
  self_service: 'write',
  write: 'write',
  destructive: 'destructive',
  restore: 'destructive',
  critical: 'critical',
};

/** One action that stands for its class and nothing else, so that a class is compared whatever the catalogue has of it. */
function synthetic(policyClass: PolicyClass, on: 'person' | 'device' = 'person'): Action {
  const effect = EFFECT[policyClass];
  return defineAction({
    name: `opinion_${policyClass}${on === 'person' ? '' : '_on_device'}`,
    version: '1.0.0',
    description: 'Does nothing.',
    effect,
    ...(effect !== policyClass && { policyClass }),
    ...(effect === 'critical' && { ships: 'disabled' }),
    target: on,
    operation: graph('GET', '/users/{id}', 'User.Read.All'),
    // One parameter of the target's name; its other name is for the types alone.
    parameters: z.strictObject(on === 'person' ? { person: handle('person') } : { device: handle('device') }) as unknown as z.ZodObject<{ person: z.ZodType; device: z.ZodType }>,
    result: z.object({ done: z.literal('done') }),
    limit: { perHour: LIMIT },
    run: async () => ({ done: 'done' as const }),
  });
}

/** The same without a target. `defineAction` refuses an effect of that kind, the policy decides about it all the same. */
function withoutTarget({ target: _target, ...action }: Action): Action {
  return { ...action, name: `${action.name}_at_large` };
}

const LIMIT = 5;
const synthetics = policyClasses.map((policyClass) => synthetic(policyClass));
const actions: readonly Action[] = [...catalogue.all(), ...synthetics, ...synthetics.map(withoutTarget), ...policyClasses.map((policyClass) => synthetic(policyClass, 'device'))];

/** Every action of the catalogue, and for every class one about a person, one about a device and one without a target. */
export const subjects: readonly Subject[] = actions.map((action) => ({ action, ...(ON_THE_PAGE.get(action.name) ?? { class: CLASS[policyClassOf(action)], named: undefined }) }));

/** What the page tells apart: each action that it names, and for every class one about a person and one about nobody. */
const representatives: readonly Subject[] = subjects.filter(({ action, named }) => named !== undefined || (action.name.startsWith('opinion_') && targetKindOf(action) !== 'device'));

/** One question: the facts, and the action that stands for `class` and `named` in them. */
export interface Question {
  readonly action: Action;
  readonly facts: Facts;
}

// --- what the page does not mention, and must not matter -----------------------------------------------------------

/** Facts of the code that stand on no line of the page. */
export interface Noise {
  /** The requester's own attributes, where the target is somebody else. */
  readonly requester: Pick<PersonFacts, 'privileged' | 'breakGlass' | 'vip'>;
  readonly target: Pick<PersonFacts, 'enabled' | 'guest' | 'roles'>;
  readonly backupApprover: boolean;
  readonly justification: 'reason' | 'ticket';
  /** What the notes say where the effect is not the requester's own, or not recent. */
  readonly otherEffect: 'none' | "somebody else's" | 'old';
  readonly ageMs: number;
}

export const QUIET: Noise = {
  requester: { privileged: false, breakGlass: false, vip: false },
  target: { enabled: true, guest: false, roles: ['employee'] },
  backupApprover: false,
  justification: 'reason',
  otherEffect: 'none',
  ageMs: 60_000,
};

const RECENT_MS = 30 * 60_000;

// --- the world -----------------------------------------------------------------------------------------------------

const REQUESTER = new InternalId('the requester of the comparison');
const TARGET = new InternalId('the target of the comparison');
const DEVICE = new InternalId('the device of the comparison');
const GROUP = new InternalId('the group of the comparison');
const NAMES = { displayName: 'Somebody', userPrincipalName: 'somebody@contoso.example' } as const;

const APPROVED: Readonly<Record<Approval, Pick<PolicyRequest, 'confirmed' | 'seconded'>>> = {
  none: { confirmed: false, seconded: false },
  confirmed: { confirmed: true, seconded: false },
  'second person': { confirmed: true, seconded: true },
};
export const approvals = ['none', 'confirmed', 'second person'] as const satisfies readonly Approval[];

/** Answers that are kept at once: neighbours in the space often make the same request of Cedar. */
const MOST_KNOWN = 20_000;

/** The real policy, which answers an identical request once. An error in Cedar is a finding here, not a refusal. */
class RememberingPolicy extends Policy {
  asked = 0;
  readonly #known = new Map<string, PolicyAnswer>();

  override ask(request: PolicyRequest): PolicyAnswer {
    const key = keyOf(request);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fresh = super.ask(request);
    this.asked += 1;
    if (fresh.code === 'POLICY_EVALUATION_FAILED') throw new StewardError(fresh.code, 'Cedar could not evaluate');
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, fresh);
    return fresh;
  }
}

/** Everything in a request, whatever the order; only the turn, which the gate hands down beside it, is no part of the question. */
function keyOf({ action, requester, target, ...facts }: PolicyRequest): string {
  const rest = Object.entries(facts).filter(([name]) => name !== 'turn').sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([action.name, requester.id === REQUESTER, requester, target && [target.id === TARGET, target], rest]);
}

/** What the gate is shown of one question. */
interface Scene {
  readonly requester: PersonFacts;
  readonly target: PersonFacts | undefined;
  readonly facts: Facts;
  readonly noise: Noise;
}

/** Where code and page part. */
export interface Disagreement {
  readonly question: Question;
  readonly asked: 'the gate' | 'the second decision' | Approval;
  readonly page: string;
  readonly code: string;
}

/** The real gate over one policy text, in a world that is set for every question. */
export class SecondOpinion {
  readonly #policy: RememberingPolicy;
  readonly #gate: Gate;
  #scene: Scene | undefined;
  #nowMs = 0;

  constructor(source: string = policyText, overlay = '') {
    this.#policy = new RememberingPolicy(source, actions, overlay);
    const clock: Clock = { now: () => new Date(this.#nowMs), monotonicMs: () => this.#nowMs };
    const latch: LatchStore = {
      read: async () => ({ value: { level: this.#now().facts.level, epoch: 1, changedAt: new Date(0), changedBy: 'deployment', changedByName: '', reason: '' }, etag: '1', storageNow: new Date(0) }),
      write: async () => false,
    };
    const people: WhoIsWho = {
      describe: async (id) => (this.#now().target?.id.equals(id) === true ? this.#now().target : undefined),
      userOf: async (id) => {
        const { facts, target } = this.#now();
        if (!id.equals(DEVICE)) return undefined;
        return facts.target?.unused === true ? 'nobody' : target;
      },
      describeGroup: async (id) => (id.equals(GROUP) ? groupFactsOf(this.#now().facts) : undefined),
      find: async () => undefined,
      membersOf: async () => [],
    };
    const limits: LimitStore = {
      used: async (_hour, keys) => keys.map(() => (this.#now().facts.limitReached ? Number.MAX_SAFE_INTEGER : 0)),
      count: async () => false,
      raise: async () => undefined,
      raisedFor: async () => undefined,
      raised: async () => [],
    };
    const effects: EffectNotes = {
      note: async () => undefined,
      forget: async () => undefined,
      find: async () => {
        const { facts, noise } = this.#now();
        if (facts.ownRecentEffect) return { requesterDigest: REQUESTER.digest(), ageMs: noise.ageMs };
        if (noise.otherEffect === 'none') return undefined;
        return noise.otherEffect === 'old' ? { requesterDigest: REQUESTER.digest(), ageMs: RECENT_MS + noise.ageMs } : { requesterDigest: TARGET.digest(), ageMs: noise.ageMs };
      },
    };
    this.#gate = new Gate(this.#policy, people, new KillSwitch(latch, clock), new Limits(limits, clock), effects);
  }

  /** How often Cedar was asked. */
  get asked(): number {
    return this.#policy.asked;
  }

  /**
   * The code's answer, and the policies that decided, through the gate. Fails with what the gate fails with.
   */
  async answer(question: Question, noise: Noise = QUIET): Promise<{ readonly kind: Answer; readonly policies: readonly string[] }> {
    const scene = this.#set(question, noise);
    const { facts } = scene;
    const decisions: Decision[] = [];
    const decided = await this.#gate.decidePlan(
      { steps: [stepOf(question, scene)], digest: '' },
      { turn: 'turn', requester: scene.requester, personal: facts.personal, untrusted: facts.untrusted },
      (_step, decision) => decisions.push(decision),
    );
    const [decision] = decisions;
    if (decision === undefined) throw new Error('the gate recorded no decision');
    const kind = decided.kind === 'refused' ? 'refuse' : decided.run.length > 0 ? 'run' : decided.by === 'requester' ? 'confirm' : 'second person';
    if (kind !== decision.kind) throw new Error(`the gate recorded ${decision.kind} and answered ${kind}`);
    return { kind, policies: decision.policies };
  }

  /**
   * Everything that code and page say differently about one question: the gate's answer, the second decision, and each
   * of `asked` put to the policy alone.
   */
  async compare(question: Question, noise: Noise = QUIET, asked: readonly Approval[] = approvals): Promise<readonly Disagreement[]> {
    const found: Disagreement[] = [];
    const note = (asked: Disagreement['asked'], page: string | boolean, code: string | boolean): void => {
      if (page !== code) found.push({ question, asked, page: String(page), code: String(code) });
    };
    note('the gate', answer(question.facts), await said(async () => (await this.answer(question, noise)).kind));
    for (const approval of asked) note(approval, permits(question.facts, approval), await said(async () => this.#policy.ask(this.#request(question, approval)).permitted));
    // At the click the place is personal and nothing is trusted, so only such questions can be compared.
    if (question.facts.personal && question.facts.untrusted) {
      for (const by of asked) if (by !== 'none') note('the second decision', permits(question.facts, by), await said(async () => this.#secondDecision(question, by)));
    }
    return found;
  }

  async #secondDecision(question: Question, by: 'confirmed' | 'second person'): Promise<boolean> {
    const scene = this.#now();
    try {
      await this.#gate.decideApproved(stepOf(question, scene), { requester: scene.requester, by: by === 'confirmed' ? 'requester' : 'second person' });
      return true;
    } catch (error) {
      if (error instanceof StewardError && error.message === 'the second decision refused') return false;
      throw error;
    }
  }

  #request({ action, facts }: Question, approval: Approval): PolicyRequest {
    const { requester, target } = this.#now();
    const { level, personal, untrusted, limitReached, justified, ownRecentEffect } = facts;
    const group = groupFactsOf(facts);
    return { requester, action, level, personal, untrusted, limitReached, justified, ownRecentEffect, ...APPROVED[approval], ...(target && { target }), ...(group && { group }) };
  }

  #set({ action, facts }: Question, noise: Noise): Scene {
    const { target } = facts;
    const attributes = target && { privileged: target.privileged, breakGlass: target.breakGlass, vip: target.vip };
    const requester: PersonFacts = {
      id: REQUESTER,
      ...NAMES,
      enabled: facts.enabled,
      guest: facts.guest,
      roles: [...facts.roles, ...(noise.backupApprover ? (['backup approver'] as const) : [])],
      ...(target?.own === true && attributes ? attributes : noise.requester),
    };
    if (isAboutPerson(action) ? target === undefined : target !== undefined) throw new Error(`${action.name} and its facts differ about a target`);
    // A device that nobody uses: the policy sees somebody of whom nothing is known but that a second person is wanted.
    const other = attributes && { id: TARGET, ...NAMES, ...noise.target, ...attributes, ...((target?.unused) && { vip: true }) };
    this.#scene = { requester, target: target?.own === true ? requester : other, facts, noise };
    // The latch is read anew for every question.
    this.#nowMs += 60_000;
    return this.#scene;
  }

  #now(): Scene {
    if (this.#scene === undefined) throw new Error('nothing was asked yet');
    return this.#scene;
  }
}

/** As a parsed plan has it. */
function stepOf({ action, facts }: Question, { target, noise }: Scene): Step {
  return {
    callId: 'call',
    action,
    proposed: {},
    resolved: { ...(facts.justified && { [noise.justification]: 'phone stolen' }), ...(facts.group && { group: referenceTo('group', GROUP) }) },
    ...(target && { target: targetKindOf(action) === 'device' ? referenceTo('device', DEVICE) : referenceTo('person', target.id) }),
    provenance: {},
  };
}

function referenceTo<K extends 'person' | 'device' | 'group'>(kind: K, id: InternalId): Reference<K> {
  return { kind, handle: `${kind}_comparison`, id, label: NAMES.displayName };
}

function groupFactsOf({ group }: Facts): GroupFacts | undefined {
  return group && { managed: group.listed, steward: group.stewardRole, roleAssignable: group.roleAssignable, dynamic: group.dynamic, synced: group.synced };
}

async function said<T extends string | boolean>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    return `failed: ${error instanceof StewardError ? error.code : String(error)}`;
  }
}

/** One line, enough to ask again. */
export function describe({ question, asked, page, code }: Disagreement): string {
  return `${question.action.name}, asked ${asked}: the page says ${page}, the code ${code}; ${JSON.stringify(question.facts)}`;
}

// --- the space -----------------------------------------------------------------------------------------------------

const BOTH = [false, true] as const;
const LEVELS = ['full', 'read-only', 'observe', 'off'] as const satisfies readonly Level[];
const ROLES = ['employee', 'helpdesk', 'approver', 'admin'] as const satisfies readonly Role[];

/** All sixteen of four truth values. */
const FOUR = BOTH.flatMap((a) => BOTH.flatMap((b) => BOTH.flatMap((c) => BOTH.map((d) => [a, b, c, d] as const))));
const roleSets: readonly (readonly Role[])[] = FOUR.map((held) => ROLES.filter((_, index) => held[index]));
const targets: readonly Target[] = FOUR.map(([privileged, breakGlass, vip, own]) => ({ privileged, breakGlass, vip, own, unused: false }));
const plainTargets = targets.filter(({ privileged, breakGlass, vip }) => !privileged && !breakGlass && !vip);
const vips = targets.filter(({ privileged, breakGlass, vip, own }) => !privileged && !breakGlass && vip && !own);
const UNUSED: Target = { privileged: false, breakGlass: false, vip: false, own: false, unused: true };
const groups: readonly Group[] = FOUR.flatMap(([stewardRole, roleAssignable, dynamic, synced]) => BOTH.map((listed) => ({ listed, stewardRole, roleAssignable, dynamic, synced })));

/** Nothing stands in the way. */
const CLEAR = { guest: false, enabled: true, group: undefined, level: 'full', personal: true, untrusted: false, limitReached: false, justified: true, ownRecentEffect: false } as const satisfies Partial<Facts>;

/** By the page an own recent effect was one on the same target, so there is one. */
function isPossible(facts: Facts): boolean {
  return facts.target !== undefined || !facts.ownRecentEffect;
}

function* questions(of: readonly Subject[], from: readonly Target[], change: (base: Facts) => Iterable<Facts>): Iterable<Question> {
  for (const { action, ...subject } of of) {
    for (const target of targetsOf(action, from)) {
      for (const roles of roleSets) {
        for (const facts of change({ ...CLEAR, ...subject, roles, target })) if (isPossible(facts)) yield { action, facts };
      }
    }
  }
}

/** Those of `from` that the action can have: only a device can be without somebody who uses it. */
function targetsOf(action: Action, from: readonly Target[]): readonly (Target | undefined)[] {
  if (!isAboutPerson(action)) return [undefined];
  return from.filter(({ unused }) => !unused || targetKindOf(action) === 'device');
}

/** Every set of roles × representative × target × level × limit × taint × justification × own recent effect. */
export function* wholeSpace(): Iterable<Question> {
  yield* questions(representatives, targets, function* (base) {
    for (const level of LEVELS)
      for (const limitReached of BOTH)
        for (const untrusted of BOTH)
          for (const justified of BOTH) for (const ownRecentEffect of BOTH) yield { ...base, level, limitReached, untrusted, justified, ownRecentEffect };
  });
}

/** Every set of roles × representative × own account or not × level × taint, for guests, blocked accounts and chats that others read. */
export function* requestersAndPlaces(): Iterable<Question> {
  yield* questions(representatives, plainTargets, function* (base) {
    for (const level of LEVELS)
      for (const untrusted of BOTH) for (const guest of BOTH) for (const enabled of BOTH) for (const personal of BOTH) yield { ...base, level, untrusted, guest, enabled, personal };
  });
}

/** Every set of roles × representative × own account or not × taint × kind of group, where effects may happen and where not. */
export function* everyGroup(): Iterable<Question> {
  yield* questions(representatives, plainTargets, function* (base) {
    for (const level of ['full', 'read-only'] as const) for (const untrusted of BOTH) for (const group of groups) yield { ...base, level, untrusted, group };
  });
}

/** Every set of roles × every action × level × kind of target: another's account, one's own, a VIP's, a device that nobody uses. */
export function* everyAction(): Iterable<Question> {
  yield* questions(subjects, [...plainTargets, ...vips, UNUSED], function* (base) {
    for (const level of LEVELS) yield { ...base, level };
  });
}

/** Around every "yes": each kind of action asked by an employee and by helpdesk, and each single fact changed. */
export function* nearestQuestions(): Iterable<Question> {
  const kinds = new Set<string>();
  for (const { action, ...subject } of subjects) {
    const kind = JSON.stringify([subject.class, subject.named, isAboutPerson(action)]);
    const isNew = !kinds.has(kind);
    kinds.add(kind);
    for (const target of targetsOf(action, [...plainTargets, UNUSED])) {
      for (const roles of [['employee'], ['helpdesk'], ['approver', 'admin']] as const) {
        const base: Facts = { ...CLEAR, ...subject, roles, target };
        const changes = isNew && roles[0] !== 'approver' ? singleChanges(target) : [];
        for (const facts of [base, ...changes.map((change) => ({ ...base, ...change }))]) if (isPossible(facts)) yield { action, facts };
      }
    }
  }
}

/** Of a device that nobody uses nothing else is known that could change. */
function singleChanges(target: Target | undefined): readonly Partial<Facts>[] {
  return [
    ...LEVELS.filter((level) => level !== 'full').map((level) => ({ level })),
    ...[{ guest: true }, { enabled: false }, { personal: false }, { untrusted: true }, { limitReached: true }, { justified: false }, { ownRecentEffect: true }],
    ...(target?.unused === false ? [{ privileged: true }, { breakGlass: true }, { vip: true }].map((attribute) => ({ target: { ...target, ...attribute } })) : []),
    ...groups.filter(({ listed, ...group }) => [!listed, ...Object.values(group)].filter(Boolean).length < 2).map((group) => ({ group })),
  ];
}

/** One random question out of everything that facts can be, mostly such as could be permitted, and random noise. */
export function randomQuestion(chance: Chance): { readonly question: Question; readonly noise: Noise } {
  const truth = (probability: number): boolean => chance.is(probability);
  const { action, ...subject } = chance.one(subjects);
  const roles = ROLES.filter((role) => truth(role === 'employee' || role === 'helpdesk' ? 0.8 : 0.3));
  const unused = targetKindOf(action) === 'device' && truth(0.2);
  const used = { privileged: truth(0.08), breakGlass: truth(0.08), vip: truth(0.3), own: truth(0.3), unused: false };
  const target = !isAboutPerson(action) ? undefined : unused ? UNUSED : used;
  const group = truth(0.7) ? undefined : { listed: truth(0.8), stewardRole: truth(0.08), roleAssignable: truth(0.08), dynamic: truth(0.08), synced: truth(0.08) };
  const facts: Facts = {
    ...subject,
    roles,
    target,
    group,
    guest: truth(0.05),
    enabled: truth(0.95),
    level: truth(0.6) ? 'full' : chance.one(LEVELS),
    personal: truth(0.95),
    untrusted: truth(0.5),
    limitReached: truth(0.1),
    justified: truth(0.5),
    ownRecentEffect: target !== undefined && truth(0.5),
  };
  const noise: Noise = {
    requester: { privileged: truth(0.5), breakGlass: truth(0.5), vip: truth(0.5) },
    target: { enabled: truth(0.5), guest: truth(0.5), roles: ROLES.filter(() => truth(0.5)) },
    backupApprover: truth(0.3),
    justification: chance.one(['reason', 'ticket']),
    otherEffect: chance.one(['none', "somebody else's", 'old']),
    // Up to the last millisecond before the half hour is over.
    ageMs: chance.is(0.1) ? RECENT_MS - 1 : Math.floor(chance.next() * RECENT_MS),
  };
  return { question: { action, facts }, noise };
}

/** A number that two questions share only if their facts are the same; what the page does not mention is left out. */
export function codeOf({ action, facts }: Question): number {
  const { target, group } = facts;
  const bits: readonly boolean[] = [
    ...ROLES.map((role) => facts.roles.includes(role)),
    ...[facts.guest, facts.enabled, facts.personal, facts.untrusted, facts.limitReached, facts.justified, facts.ownRecentEffect],
    ...[target?.privileged, target?.breakGlass, target?.vip, target?.own, target?.unused, group !== undefined, group?.listed, group?.stewardRole, group?.roleAssignable, group?.dynamic, group?.synced].map((bit) => bit === true),
  ];
  const start = subjects.findIndex((subject) => subject.action === action) * LEVELS.length + LEVELS.indexOf(facts.level);
  return bits.reduce((code, bit) => code * 2 + Number(bit), start);
}
