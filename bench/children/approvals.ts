/** The guard on Azurite, in a process of its own: everything that is stored is stored there; people and systems answer at once. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { catalogue } from '../../src/actions/catalogue.ts';
import { HandleBook } from '../../src/actions/handles.ts';
import { InternalId } from '../../src/actions/internal-id.ts';
import { parsePlan } from '../../src/actions/plan.ts';
import type { Robot } from '../../src/actions/ports.ts';
import { Ledger } from '../../src/audit/ledger.ts';
import { systemClock } from '../../src/clients/clock.ts';
import { Approvals } from '../../src/guard/approvals.ts';
import { Executor } from '../../src/guard/execute.ts';
import { Gate } from '../../src/guard/gate.ts';
import { KillSwitch } from '../../src/guard/kill-switch.ts';
import { SealedLatch } from '../../src/guard/latch-seal.ts';
import { Limits } from '../../src/guard/limits.ts';
import { Policy } from '../../src/guard/policy.ts';
import type { PersonFacts, WhoIsWho } from '../../src/guard/ports.ts';
import { clientsOn } from '../lib/clients.ts';
import type { StewardGiven } from '../lib/facts.ts';
import { given, serve } from '../lib/served.ts';

/** One approval, in milliseconds. */
export interface ApprovalSamples {
  readonly toCard: number;
  readonly toApproved: number;
  readonly toSettled: number;
  readonly sum: number;
}

const started = await given<StewardGiven>();
const clients = clientsOn(started);
const person = (name: string, more: Partial<PersonFacts> = {}): PersonFacts => ({ id: new InternalId(randomUUID()), displayName: name, userPrincipalName: `${name}@contoso.example`, enabled: true, guest: false, employeeId: name, roles: ['employee'], privileged: false, breakGlass: false, vip: false, ...more });
const helper = person('helper', { roles: ['employee', 'helpdesk'] });
const colleague = person('colleague');
const whoIsWho: WhoIsWho = { describe: async (id) => [helper, colleague].find((each) => each.id.equals(id)), userOf: async () => undefined, describeGroup: async () => undefined, find: async () => undefined, membersOf: async () => [] };
const never = async (): Promise<never> => Promise.reject(new Error('nothing is read here'));
const done = async () => ({ requestIds: ['bench'] });
// What is measured blocks sign-in, and uses no other hand.
const robot = { people: { find: never, show: never, setSignInAllowed: done, revokeSessions: done } } as unknown as Robot;

await clients.prepare();
const latch = new SealedLatch(clients.latch, clients.digestKey, systemClock);
await latch.write({ level: 'full', epoch: 1, changedAt: systemClock.now(), changedBy: 'deployment', changedByName: '', reason: 'deployed' }, 'any');
const policy = new Policy(readFileSync(new URL('../../src/guard/policy.cedar', import.meta.url), 'utf8'), catalogue.all());
const killSwitch = new KillSwitch(latch, systemClock);
const limits = new Limits(clients.limits, systemClock);
const gate = new Gate(policy, whoIsWho, killSwitch, limits, clients.effects);
const ledger = new Ledger(clients.ledger, systemClock);
const executor = new Executor(robot, killSwitch, limits, clients.effects, ledger, clients.digestKey, systemClock);
const audience = { changed: async () => undefined, remind: async () => undefined, escalate: async () => undefined, doubt: async () => true };
const approvals = new Approvals({ store: clients.approvals, catalogue, gate, limits, records: clients.records, whoIsWho, killSwitch, executor, ledger, digestKey: clients.digestKey, bindings: [catalogue.digest, policy.digest], audience, read: async () => undefined });

async function measure(): Promise<ApprovalSamples> {
  const nowMs = systemClock.now().getTime();
  const handles = new HandleBook([], nowMs);
  const target = handles.mint('person', colleague.id, colleague.displayName, nowMs);
  const plan = parsePlan([{ id: 'call_1', type: 'function', function: { name: 'block_sign_in', arguments: JSON.stringify({ person: target, reason: 'phone stolen' }) } }], { catalogue, handles, words: [], nowMs });
  const place = { conversationId: 'chat', serviceUrl: 'https://smba.example/', tenantId: started.cloud.tenantId, botId: 'bot', channelId: 'msteams', conversationType: 'personal' };
  const card = { conversationId: 'chat', activityId: 'card', place, purpose: 'decide' as const };

  const beganMs = performance.now();
  const { reference } = await approvals.request({ subject: { kind: 'steps', steps: plan.steps }, by: 'requester', requester: helper, place, requestActivityId: 'message', turn: 'bench' });
  await approvals.cardSent(reference, card);
  const cardMs = performance.now();
  const result = await approvals.click({ reference, decision: 'approve', clicker: helper, card });
  const approvedMs = performance.now();
  if (result.kind !== 'approved') throw new Error(`the click was ${result.kind}${result.kind === 'refused' ? `: ${result.code}` : ''}`);
  await result.proceed();
  const settledMs = performance.now();
  const state = (await clients.approvals.read(reference))?.value.state;
  if (state !== 'succeeded') throw new Error(`the request ended as ${state}`);
  return { toCard: cardMs - beganMs, toApproved: approvedMs - cardMs, toSettled: settledMs - approvedMs, sum: settledMs - beganMs };
}

serve(
  {},
  {
    measure: async (rounds) => {
      const samples: ApprovalSamples[] = [];
      for (let round = 0; round < Number(rounds); round += 1) samples.push(await measure());
      return samples;
    },
  },
  async () => {
    await ledger.flush();
    clients.close();
  },
);
