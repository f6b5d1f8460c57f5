/**
 * How fast the gate decides, beside Cedar with the same policies and nothing of ours around it, and casbin with the same
 * rules; and how long an approval takes from the request to its end, on Azurite.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { preparsePolicySet, preparseSchema, statefulIsAuthorized, type StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { catalogue } from '../src/actions/catalogue.ts';
import { HandleBook } from '../src/actions/handles.ts';
import { InternalId } from '../src/actions/internal-id.ts';
import { parsePlan, type Plan } from '../src/actions/plan.ts';
import { isAboutPerson, type Action } from '../src/actions/action.ts';
import { systemClock } from '../src/clients/clock.ts';
import { Gate } from '../src/guard/gate.ts';
import { KillSwitch } from '../src/guard/kill-switch.ts';
import { Limits } from '../src/guard/limits.ts';
import { Policy, schemaOf, type PolicyRequest } from '../src/guard/policy.ts';
import { roles, type PersonFacts, type Role } from '../src/guard/ports.ts';
import type { ApprovalSamples } from './children/approvals.ts';
import { casbinOf } from './lib/casbin.ts';
import { startChild } from './lib/child.ts';
import type { CloudFacts, StewardGiven } from './lib/facts.ts';
import { machine, round, summarise, table, type Machine, type Summary } from './lib/figures.ts';

const WARM_UP = 300;
/** An action may run ten times in an hour for one person, and a count is emptied outside of what is measured. */
const FORGET_LIMITS_EVERY = 10;
const KEY = 'bench';

/** Makes a request of a question; `ask` is what is measured. */
type Engine = (question: PolicyRequest) => { readonly ask: () => boolean | Promise<boolean> };

interface Figure extends Summary {
  readonly perSecond: number;
}

interface Figures {
  readonly machine: Machine;
  readonly questions: number;
  /** The engines that answered every question alike; where one disagrees, nothing is measured. */
  readonly agreed: readonly string[];
  readonly policyQuestion: Readonly<Record<string, Figure>>;
  readonly wholeDecision: Figure;
  readonly approval: Readonly<Record<keyof ApprovalSamples, Summary>>;
  readonly notes: readonly string[];
}

const notes: readonly string[] = [
  'A question is one request with all its facts: may this person do this to that person now. Each engine is asked the same one in turn, in one thread.',
  'Steward’s policy question is Cedar’s answer with everything around it: entities made of facts, validation against the schema, any error a refusal. Cedar alone is handed requests that are made already, and validates them too.',
  'Casbin’s rules are the same, as matchers over attributes; its requests are made already and it validates nothing.',
  'The whole decision asks one to three questions of one step, reads latch, limits and target from memory, and issues the token.',
  'The approval round trip keeps rows, latch, limits, notes and ledger in Azurite on loopback; directory and target system answer at once. `npm run bench -- turn` has it with both.',
];

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { questions: { type: 'string', default: '6000' }, approvals: { type: 'string', default: '200' } } });
  const [questions, approvals] = [Number(values.questions), Number(values.approvals)];
  if (![questions, approvals].every((count) => Number.isInteger(count) && count > 0)) throw new Error('--questions and --approvals take a number');
  const { agreed, policyQuestion } = await measureQuestions(questions);
  const figures: Figures = { machine: machine(), questions, agreed, policyQuestion, wholeDecision: await measureDecisions(questions), approval: await measureApprovals(approvals), notes };
  process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : asText(figures));
}

// --- questions -----------------------------------------------------------------------------------------------------

function personOf(name: string, changes: Partial<PersonFacts> = {}): PersonFacts {
  return { id: new InternalId(name), displayName: name, userPrincipalName: `${name}@contoso.example`, enabled: true, guest: false, employeeId: name, roles: ['employee'], privileged: false, breakGlass: false, vip: false, ...changes };
}

const requesters = [personOf('helper', { roles: ['employee', 'helpdesk'] }), personOf('employee'), personOf('approver', { roles: ['employee', 'approver'] }), personOf('guest', { roles: ['employee', 'helpdesk'], guest: true }), personOf('blocked', { roles: ['employee', 'helpdesk'], enabled: false })];
const targets = [personOf('ordinary'), personOf('vip', { vip: true }), personOf('privileged', { privileged: true }), personOf('emergency', { breakGlass: true })];
const levels = ['full', 'full', 'full', 'observe', 'read-only', 'off'] as const;

/** Actions that a person, a name and a reason are enough for. */
const measured = catalogue.all().filter(({ parameters }) => Object.keys(parameters.shape).every((name) => ['person', 'name', 'reason'].includes(name)));

/** The `index`-th question: every list is gone through at its own pace, so that all meet. */
function questionOf(index: number): PolicyRequest {
  const at = <T>(list: readonly T[], pace: number): T => list[Math.floor(index / pace) % list.length] as T;
  const action = at(measured, 1);
  const requester = at(requesters, 6);
  const bit = (pace: number, oneIn: number): boolean => Math.floor(index / pace) % oneIn === oneIn - 1;
  return {
    requester,
    action,
    ...(isAboutPerson(action) && { target: at([...targets, requester], 30) }),
    level: at(levels, 150),
    confirmed: bit(5, 2),
    seconded: bit(11, 3),
    justified: !bit(13, 4),
    untrusted: bit(17, 3),
    personal: !bit(19, 9),
    limitReached: bit(23, 7),
    ownRecentEffect: bit(29, 2),
  };
}

async function measureQuestions(count: number): Promise<Pick<Figures, 'agreed' | 'policyQuestion'>> {
  const source = readFileSync(new URL('../src/guard/policy.cedar', import.meta.url), 'utf8');
  const policy = new Policy(source, catalogue.all());
  const cedar = plainCedar(source, catalogue.all());
  const casbin = await casbinOf(catalogue.all());
  const engines: (readonly [string, Engine])[] = [
    ['Steward', (question) => ({ ask: () => policy.ask(question).permitted })],
    ['Cedar alone', cedar],
    ...(casbin === undefined ? [] : [['casbin', casbin] as const]),
  ];
  const samples = new Map(engines.map(([name]) => [name, [] as number[]]));
  for (let index = -WARM_UP; index < count; index += 1) {
    const question = questionOf(index + WARM_UP);
    const answers: boolean[] = [];
    // Each begins in its turn, so that what else this machine does falls on all of them alike.
    const turned = (index + WARM_UP) % engines.length;
    for (const [name, make] of [...engines.slice(turned), ...engines.slice(0, turned)]) {
      const { ask } = make(question);
      const beganMs = performance.now();
      const answered = ask();
      answers.push(typeof answered === 'boolean' ? answered : await answered);
      const tookMs = performance.now() - beganMs;
      if (index >= 0) samples.get(name)?.push(tookMs);
    }
    if (new Set(answers).size !== 1) throw new Error(`the engines disagree about ${JSON.stringify({ ...question, action: question.action.name })}: ${answers.join()}`);
  }
  return { agreed: engines.map(([name]) => name), policyQuestion: Object.fromEntries([...samples].map(([name, taken]) => [name, figureOf(taken)])) };
}

/** The same policies and schema, requests made beforehand, and nothing around it. */
function plainCedar(source: string, actions: readonly Action[]): (question: PolicyRequest) => { readonly ask: () => boolean } {
  const made = [preparsePolicySet(KEY, { staticPolicies: source }), preparseSchema(KEY, schemaOf(actions))];
  if (made.some(({ type }) => type === 'failure')) throw new Error('the policies do not parse');
  const entityOf = ({ id, enabled, guest, privileged, breakGlass, vip, roles: held }: PersonFacts): StatefulAuthorizationCall['entities'][number] => ({
    uid: { type: 'Person', id: id.digest() },
    attrs: { enabled, guest, privileged, breakGlass, vip },
    parents: held.map((role: Role) => ({ type: 'Role', id: role })),
  });
  const rest = [...roles.map((role) => ({ uid: { type: 'Role', id: role }, attrs: {}, parents: [] })), { uid: { type: 'Deployment', id: 'this' }, attrs: {}, parents: [] }];
  return ({ requester, target, action, ...facts }) => {
    const { level, personal, untrusted, confirmed, seconded, limitReached, justified, ownRecentEffect } = facts;
    const people = target === undefined || target === requester ? [requester] : [requester, target];
    const call: StatefulAuthorizationCall = {
      principal: { type: 'Person', id: requester.id.digest() },
      action: { type: 'Action', id: action.name },
      resource: target === undefined ? { type: 'Deployment', id: 'this' } : { type: 'Person', id: target.id.digest() },
      context: { level, personal, untrusted, confirmed, seconded, limitReached, justified, ownRecentEffect },
      entities: [...people.map(entityOf), ...rest],
      preparsedPolicySetId: KEY,
      preparsedSchemaName: KEY,
      validateRequest: true,
    };
    return {
      ask: () => {
        const answer = statefulIsAuthorized(call);
        return answer.type === 'success' && answer.response.decision === 'allow';
      },
    };
  };
}

// --- whole decisions -----------------------------------------------------------------------------------------------

async function measureDecisions(count: number): Promise<Figure> {
  const policy = new Policy(readFileSync(new URL('../src/guard/policy.cedar', import.meta.url), 'utf8'), catalogue.all());
  const latch = { level: 'full', epoch: 1, changedAt: new Date(0), changedBy: 'deployment', changedByName: '', reason: '' } as const;
  const killSwitch = new KillSwitch({ read: async () => ({ value: latch, etag: '1', storageNow: new Date(0) }), write: async () => true }, systemClock);
  const limits = new Limits({ used: async (_, keys) => keys.map(() => 0), count: async () => true, raise: async () => undefined, raisedFor: async () => undefined, raised: async () => [] }, systemClock);
  const known = new Map([...requesters, ...targets].map((person) => [person.id.digest(), person]));
  const gate = new Gate(policy, { describe: async (id) => known.get(id.digest()), userOf: async () => undefined, describeGroup: async () => undefined, find: async () => undefined, membersOf: async () => [] }, killSwitch, limits, { note: async () => undefined, forget: async () => undefined, find: async () => undefined });
  const samples: number[] = [];
  for (let index = -WARM_UP; index < count; index += 1) {
    const { action, target, requester, untrusted } = questionOf(index + WARM_UP);
    const plan = planOf(action, target ?? requester);
    const beganMs = performance.now();
    await gate.decidePlan(plan, { turn: 'bench', requester, personal: true, untrusted }, () => undefined);
    if (index >= 0) samples.push(performance.now() - beganMs);
  }
  return figureOf(samples);
}

function planOf(action: Action, target: PersonFacts): Plan {
  const nowMs = systemClock.now().getTime();
  const handles = new HandleBook([], nowMs);
  const { shape } = action.parameters;
  const given = { ...('person' in shape && { person: handles.mint('person', target.id, target.displayName, nowMs) }), ...('reason' in shape && { reason: 'phone stolen' }), ...('name' in shape && { name: 'Ada' }) };
  return parsePlan([{ id: 'call_1', type: 'function', function: { name: action.name, arguments: JSON.stringify(given) } }], { catalogue, handles, words: [], nowMs });
}

// --- approvals -----------------------------------------------------------------------------------------------------

async function measureApprovals(rounds: number): Promise<Figures['approval']> {
  const cloud = await startChild<CloudFacts>({ file: 'children/cloud.ts' });
  try {
    const { endpoints, caPem } = cloud.ready;
    const given: StewardGiven = { cloud: cloud.ready, modelUrl: endpoints.openai, caPems: [caPem] };
    const steward = await startChild({ file: 'children/approvals.ts', env: { IDENTITY_ENDPOINT: endpoints.identity, IDENTITY_HEADER: endpoints.identityHeader }, given });
    try {
      const taken: ApprovalSamples[] = [];
      for (let done = -FORGET_LIMITS_EVERY; done < rounds; done += FORGET_LIMITS_EVERY) {
        await cloud.ask('forgetLimits');
        const samples = (await steward.ask('measure', FORGET_LIMITS_EVERY)) as readonly ApprovalSamples[];
        // The first ones warm up.
        if (done >= 0) taken.push(...samples);
      }
      const of = (part: keyof ApprovalSamples): Summary => summarise(taken.map((sample) => sample[part]));
      return { toCard: of('toCard'), toApproved: of('toApproved'), toSettled: of('toSettled'), sum: of('sum') };
    } finally {
      await steward.stop();
    }
  } finally {
    await cloud.stop();
  }
}

// --- figures -------------------------------------------------------------------------------------------------------

function figureOf(samples: readonly number[]): Figure {
  const summary = summarise(samples);
  const totalMs = samples.reduce((sum, each) => sum + each, 0);
  // More digits than a turn needs: these are fractions of a millisecond.
  const at = (share: number): number => round([...samples].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * samples.length) - 1)] ?? Number.NaN, 4);
  return { ...summary, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), perSecond: Math.round((samples.length / totalMs) * 1_000) };
}

function asText({ agreed, approval, machine: on, policyQuestion, questions, wholeDecision }: Figures): string {
  const rowOf = (name: string, { p50, p95, p99, perSecond }: Figure): readonly (string | number)[] => [name, p50.toFixed(3), p95.toFixed(3), p99.toFixed(3), perSecond.toLocaleString('en-GB')];
  const approvalRows = ([['request to card noted', 'toCard'], ['click to approved', 'toApproved'], ['approved to settled', 'toSettled'], ['all of it', 'sum']] as const).map(([name, part]) => [name, approval[part].p50, approval[part].p95, approval[part].p99]);
  return [
    `${on.cpu}, ${on.cores} cores, Node ${on.node}, load ${on.load1}, ${on.date}`,
    `${questions} questions, answered alike by ${agreed.join(', ')}${agreed.includes('casbin') ? '' : '; casbin is not installed, so it is left out'}`,
    '',
    table(['milliseconds', 'p50', 'p95', 'p99', 'per second'], [...Object.entries(policyQuestion).map(([name, figure]) => rowOf(`a question: ${name}`, figure)), rowOf('a whole decision: Steward', wholeDecision)]),
    '',
    table(['an approval on Azurite, milliseconds', 'p50', 'p95', 'p99'], approvalRows),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}
