/** What the guard itself computes in a read turn, without anything it waits for: the decision of the measured turn, again and again. */
import { readFileSync } from 'node:fs';
import { catalogue } from '../../src/actions/catalogue.ts';
import { HandleBook } from '../../src/actions/handles.ts';
import { InternalId } from '../../src/actions/internal-id.ts';
import { parsePlan } from '../../src/actions/plan.ts';
import { systemClock } from '../../src/clients/clock.ts';
import { Gate } from '../../src/guard/gate.ts';
import { KillSwitch } from '../../src/guard/kill-switch.ts';
import { Limits } from '../../src/guard/limits.ts';
import { Policy } from '../../src/guard/policy.ts';
import type { PersonFacts } from '../../src/guard/ports.ts';
import { quantile, round } from './figures.ts';

export interface GuardFigures {
  /** All policy questions of one read turn. Median. */
  readonly policyMs: number;
  /** The gate's decision without them. Median of the whole, less the median of the questions. */
  readonly gateMs: number;
  readonly policyQuestions: number;
}

const ROUNDS = 500;

export async function measureGuard(): Promise<GuardFigures> {
  const policy = new Policy(readFileSync(new URL('../../src/guard/policy.cedar', import.meta.url), 'utf8'), catalogue.all());
  const person: PersonFacts = { id: new InternalId('00000000-0000-4000-8000-000000000001'), displayName: 'Ada Ordinary', userPrincipalName: 'ada@contoso.example', enabled: true, guest: false, roles: ['employee'], privileged: false, breakGlass: false, vip: false };
  const latch = { level: 'full', epoch: 1, changedAt: new Date(0), changedBy: 'deployment', changedByName: '', reason: '' } as const;
  const killSwitch = new KillSwitch({ read: async () => ({ value: latch, etag: '1', storageNow: new Date(0) }), write: async () => true }, systemClock);
  let asked = 0;
  let askedMs = 0;
  const ask = policy.ask.bind(policy);
  policy.ask = (request) => {
    const beganMs = performance.now();
    try {
      return ask(request);
    } finally {
      asked += 1;
      askedMs += performance.now() - beganMs;
    }
  };
  const limits = new Limits({ used: async (_, keys) => keys.map(() => 0), count: async () => true, raise: async () => undefined, raisedFor: async () => undefined, raised: async () => [] }, systemClock);
  const effects = { note: async () => undefined, forget: async () => undefined, find: async () => undefined };
  const gate = new Gate(policy, { describe: async () => person, userOf: async () => undefined, describeGroup: async () => undefined, find: async () => undefined, membersOf: async () => [] }, killSwitch, limits, effects);
  const policyMs: number[] = [];
  const wholeMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const nowMs = systemClock.now().getTime();
    const handles = new HandleBook([], nowMs);
    const self = handles.mint('person', person.id, person.displayName, nowMs);
    const plan = parsePlan([{ id: 'call_1', type: 'function', function: { name: 'list_devices', arguments: JSON.stringify({ person: self }) } }], { catalogue, handles, words: [], nowMs });
    askedMs = 0;
    const beganMs = performance.now();
    await gate.decidePlan(plan, { turn: 'bench', requester: person, personal: true, untrusted: false }, () => undefined);
    wholeMs.push(performance.now() - beganMs);
    policyMs.push(askedMs);
  }
  const [policyMedian, wholeMedian] = [quantile(policyMs, 0.5), quantile(wholeMs, 0.5)];
  return { policyMs: round(policyMedian, 3), gateMs: round(wholeMedian - policyMedian, 3), policyQuestions: asked / ROUNDS };
}
