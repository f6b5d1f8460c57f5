/** What the tests of approvals share: people, a whole guard in memory, and clicks. */
import assert from 'node:assert/strict';
import type { Limit } from '../../../src/actions/action.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';
import type { ApprovalRecord, Place, SentCard, StoredStep } from '../../../src/guard/approval.ts';
import { Approvals, type ApprovalsDependencies, type ClickResult, type DecisionClick } from '../../../src/guard/approvals.ts';
import { Executor } from '../../../src/guard/execute.ts';
import { Gate } from '../../../src/guard/gate.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { digestKey, Directory, handClock, latch, ledgerOf, limitsOf, MemoryApprovals, MemoryAudience, MemoryEffects, MemoryLatch, MemoryLimits, MemoryPersonKeys, MemoryRecords, person, planOf, policyOf, robot, testActions } from './support.ts';

export const ada = person('ada', { roles: ['employee', 'helpdesk'] });
export const ben = person('ben');
export const cleo = person('cleo');
export const vip = person('vip', { vip: true });
export const paul = person('paul', { roles: ['employee', 'approver'] });
export const root = person('root', { roles: ['employee', 'admin'] });
export const rhea = person('rhea', { roles: ['employee', 'admin'] });
export const olga = person('olga', { roles: ['employee', 'data protection'] });
export const bea = person('bea', { roles: ['employee', 'backup approver'] });

export const place: Place = { conversationId: 'chat-of-ada', serviceUrl: 'https://smba.example/', tenantId: 't', botId: 'bot', channelId: 'msteams', conversationType: 'personal' };
export const card: SentCard = { conversationId: 'chat-of-ada', activityId: 'card-1', place, purpose: 'decide' };
export const HOUR = 3_600_000;

export function make(changes: Partial<ApprovalsDependencies> = {}, limit?: Limit) {
  const actions = testActions(limit);
  const clock = handClock();
  const latchStore = new MemoryLatch(latch({ epoch: 5 }));
  const killSwitch = new KillSwitch(latchStore, clock);
  const directory = new Directory(ada, ben, cleo, vip, paul, root, rhea, bea, olga);
  const limitStore = new MemoryLimits();
  const limits = limitsOf(clock, limitStore);
  const effects = new MemoryEffects(clock);
  const gate = new Gate(policyOf(), directory, killSwitch, limits, effects);
  const personKeys = new MemoryPersonKeys();
  const { ledger, store: records } = ledgerOf(clock, personKeys);
  const executor = new Executor(robot, killSwitch, limits, effects, ledger, digestKey, clock);
  const store = new MemoryApprovals(clock);
  const audience = new MemoryAudience();
  const { shown } = audience;
  const brought: unknown[] = [];
  const kept = new MemoryRecords();
  const dependencies: ApprovalsDependencies = {
    store,
    catalogue: actions.catalogue,
    gate,
    limits,
    records: kept,
    whoIsWho: directory,
    killSwitch,
    executor,
    ledger,
    digestKey,
    bindings: ['catalogue', 'policy', 'contract', 'configuration'],
    audience,
    read: async (_record, action, result) => void brought.push([action.name, Object.keys(result)]),
    ...changes,
  };
  const approvals = new Approvals(dependencies);
  const requestFor = (by: 'requester' | 'second person', ...targets: readonly PersonFacts[]): Promise<ApprovalRecord> =>
    approvals.request({
      subject: { kind: 'steps', steps: planOf(actions.catalogue, ...targets.map((who) => ({ action: actions.block, who }))).steps },
      by,
      requester: ada,
      place,
      requestActivityId: 'message-1',
      turn: 'turn-1',
    });
  /** A request whose card was sent. */
  const ask = async (by: 'requester' | 'second person', ...targets: readonly PersonFacts[]): Promise<ApprovalRecord> => {
    const record = await requestFor(by, ...targets);
    await approvals.cardSent(record.reference, card);
    return record;
  };
  const propose = async (by: 'requester' | 'second person' = 'second person'): Promise<ApprovalRecord> => {
    const record = await approvals.request({ subject: { kind: 'revive', reason: 'false alarm', what: { scope: 'all', level: 'full' }, stillStopped: [] }, by, requester: root, place, requestActivityId: 'message-1', turn: 'turn-1' });
    await approvals.cardSent(record.reference, card);
    return record;
  };
  const click = (record: ApprovalRecord, clicker: PersonFacts = ada, more: Partial<DecisionClick> = {}): Promise<ClickResult> =>
    approvals.click({ reference: record.reference, decision: 'approve', clicker, card, ...more });
  /** A click, and whatever follows from it. */
  const press = async (record: ApprovalRecord, clicker: PersonFacts = ada, more: Partial<DecisionClick> = {}): Promise<ClickResult> => {
    const result = await click(record, clicker, more);
    if (result.kind === 'approved') await result.proceed();
    return result;
  };
  const refuses = async (pressed: Promise<ClickResult>, code?: StewardErrorCode): Promise<void> => {
    const result = await pressed;
    assert.equal(result.kind, 'refused', `not refused: ${result.kind}`);
    if (code !== undefined) assert.equal(result.kind === 'refused' && result.code, code);
    assert.deepEqual(actions.ran, [], 'something ran');
  };
  const outcomes = (reference: string): readonly string[] => {
    const subject = store.rows.get(reference)?.value.subject;
    return subject?.kind === 'steps' ? subject.steps.map(({ outcome }) => outcome) : [];
  };
  return { actions, clock, latchStore, killSwitch, directory, limits, limitStore, effects, gate, executor, personKeys, records, store, audience, shown, brought, dependencies, approvals, requestFor, ask, propose, click, press, refuses, outcomes };
}

export const stepsOf = (record: ApprovalRecord): readonly StoredStep[] => (record.subject.kind === 'steps' ? record.subject.steps : assert.fail('no steps'));
export const withSteps = (change: (steps: readonly StoredStep[]) => readonly StoredStep[]) => (record: ApprovalRecord): ApprovalRecord => ({ ...record, subject: { kind: 'steps', steps: change(stepsOf(record)) } });
export const withStep = (change: (step: StoredStep) => StoredStep) => withSteps((steps) => steps.map((step, index) => (index === 0 ? change(step) : step)));
