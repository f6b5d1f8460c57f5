/** What must hold after a crash, told from evidence that was gathered outside the bot: pure, so that it can be tried on false evidence. */

/** One change outside Steward, as the system behind it saw it. */
export interface Effect {
  readonly action: string;
  readonly target: string;
  /** Whether the ledger held, when the request arrived, an intent of this action without an outcome, for a request that was approved. */
  readonly intended: boolean;
}

export interface JudgedStep {
  readonly action: string;
  readonly target: string;
  readonly outcome: string;
}

export interface JudgedRequest {
  readonly reference: string;
  readonly state: string;
  readonly steps: readonly JudgedStep[];
}

export interface Evidence {
  /** Whether somebody pressed the button that approves. */
  readonly approved: boolean;
  readonly effects: readonly Effect[];
  readonly requests: readonly JudgedRequest[];
  /** Executions that the ledger holds an intent of and no outcome, by the public name of their request. */
  readonly openIntents: readonly string[];
  /** Ledgers whose chain is broken. */
  readonly brokenChains: readonly string[];
}

const UNDECIDED = new Set(['approved', 'executing']);

/** How often a step may have had its effect, by what is said of it. */
const TIMES: Readonly<Record<string, readonly number[]>> = {
  done: [1],
  unknown: [0, 1],
  waiting: [0],
  running: [],
  failed: [0],
  'not run': [0],
  observed: [0],
};

/** One sentence for each thing that does not hold. */
export function judge({ approved, brokenChains, effects, openIntents, requests }: Evidence, publicName: (reference: string) => string): readonly string[] {
  const violations: string[] = [];
  const violated = (what: string): number => violations.push(what);
  for (const { action, intended, target } of effects) {
    if (!intended) violated(`${action} took effect on ${target} without an intent`);
    if (!approved) violated(`${action} took effect on ${target} without an approval`);
  }
  const keyOf = ({ action, target }: Pick<Effect, 'action' | 'target'>): string => `${action} ${target}`;
  const steps = requests.flatMap((request) => request.steps.map((step) => ({ ...step, state: request.state })));
  for (const key of new Set([...effects, ...steps].map(keyOf))) {
    const times = effects.filter((effect) => keyOf(effect) === key).length;
    const [step, ...more] = steps.filter((each) => keyOf(each) === key);
    if (times > 1) violated(`${key} took effect ${times} times`);
    if (step === undefined) violated(`${key} took effect and no request says so`);
    else if (more.length > 0) violated(`${key} is a step of ${more.length + 1} requests`);
    else if (times < 2 && TIMES[step.outcome]?.includes(times) !== true) violated(`${key} took effect ${times} times and is called “${step.outcome}” (${step.state})`);
  }
  for (const { reference, state, steps: own } of requests) {
    const outcomes = own.map(({ outcome }) => outcome);
    if (UNDECIDED.has(state)) violated(`${reference} is still “${state}”`);
    if (state === 'succeeded' && outcomes.some((outcome) => outcome !== 'done')) violated(`${reference} is “succeeded” and its steps are ${outcomes.join(', ')}`);
    if (state === 'unknown' && own.length > 0 && !outcomes.includes('unknown')) violated(`${reference} is “unknown” and no step of it is`);
    if (!approved && ['succeeded', 'unknown'].includes(state)) violated(`${reference} is “${state}” and nobody approved it`);
  }
  for (const name of openIntents) {
    const request = requests.find(({ reference }) => publicName(reference) === name);
    if (request?.state !== 'unknown') violated(`the ledger has an intent without an outcome, and its request is “${request?.state ?? 'not there'}”`);
  }
  for (const name of brokenChains) violated(`the chain of ${name} does not hold`);
  return violations;
}

/** False evidence made of true evidence, each of which the judge must see through. */
export function doctored(evidence: Evidence): ReadonlyMap<string, Evidence> {
  const [effect] = evidence.effects;
  const [request] = evidence.requests;
  const cases = new Map<string, Evidence>();
  if (request !== undefined) cases.set('a request that hangs', { ...evidence, requests: [{ ...request, state: 'executing' }] });
  cases.set('a broken chain', { ...evidence, brokenChains: ['ledger'] });
  if (effect === undefined || request === undefined) return cases;
  cases.set('an effect before its intent', { ...evidence, effects: [{ ...effect, intended: false }, ...evidence.effects.slice(1)] });
  cases.set('an effect twice', { ...evidence, effects: [effect, ...evidence.effects] });
  cases.set('an effect that is called not run', { ...evidence, requests: [{ ...request, state: 'failed', steps: request.steps.map((step) => ({ ...step, outcome: 'not run' })) }] });
  cases.set('an effect that did not happen', { ...evidence, effects: evidence.effects.slice(1) });
  cases.set('an effect that nobody asked for', { ...evidence, effects: [...evidence.effects, { ...effect, target: 'somebody else' }] });
  cases.set('an effect that nobody approved', { ...evidence, approved: false });
  cases.set('an intent whose outcome is not told to be unknown', { ...evidence, openIntents: ['0123456789abcdef'] });
  return cases;
}
