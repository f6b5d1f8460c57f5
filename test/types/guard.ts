/** What must not compile, so that no hurried change can go around the guard. `tsc` checks it; nothing runs it. */
/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- the compiler must refuse it, not only the linter */
import { defineAction, graph, text, thing, type RunContext } from '../../src/actions/action.ts';
import { handle, type Handle, type HandleBook, type Reference } from '../../src/actions/handles.ts';
import type { InternalId } from '../../src/actions/internal-id.ts';
import type { Plan, Step } from '../../src/actions/plan.ts';
import type { Robot } from '../../src/actions/ports.ts';
import type { Ledger } from '../../src/audit/ledger.ts';
import type { StewardErrorCode } from '../../src/errors.ts';
import type { Approvals } from '../../src/guard/approvals.ts';
import type { ApprovalRecord } from '../../src/guard/approval.ts';
import type { Executor, Receipt } from '../../src/guard/execute.ts';
import type { DecidedPlan, Decision, Gate } from '../../src/guard/gate.ts';
import type { KillSwitch } from '../../src/guard/kill-switch.ts';
import type { Limits } from '../../src/guard/limits.ts';
import type { PersonFacts } from '../../src/guard/ports.ts';
import * as tokens from '../../src/guard/token.ts';
import type { ExecutionToken } from '../../src/guard/token.ts';
import { z } from 'zod/v4';

declare const executor: Executor;
declare const token: ExecutionToken;
declare const step: Step;
declare const plan: Plan;
declare const gate: Gate;
declare const book: HandleBook;
declare const approvals: Approvals;
declare const robot: Robot;
declare const context: RunContext;
declare const ledger: Ledger;
declare const killSwitch: KillSwitch;
declare const record: ApprovalRecord;
declare const id: InternalId;
declare const requester: PersonFacts;
declare const limits: Limits;

declare function use(value: unknown): void;

export function tokensAreNotForged(): void {
  // @ts-expect-error -- the class stays at home
  use(new tokens.ExecutionToken({ step }));
  // @ts-expect-error -- nothing that merely looks like a token is one
  void executor.execute({ redeem: () => ({ step }) });
  // @ts-expect-error -- a step is no permission to run it
  void executor.execute(step);
  // @ts-expect-error -- neither is a plan
  void executor.execute(plan);
  // @ts-expect-error -- neither is an approval
  void executor.execute(record);
  // @ts-expect-error -- what a token allows is private
  use(token.grant);
}

export function plansAreParsed(): void {
  // @ts-expect-error -- a plan has steps and a digest
  const empty: Plan = {};
  // @ts-expect-error -- a plan without steps is none
  const noSteps: Plan = { digest: 'x' };
  // @ts-expect-error -- what the model wrote is no step
  const proposed: Plan = { digest: 'x', steps: [{ id: 'c', type: 'function', function: { name: 'block_sign_in', arguments: '{}' } }] };
  // @ts-expect-error -- a name is no action
  const named: Plan = { digest: 'x', steps: [{ ...step, action: 'block_sign_in' }] };
  // @ts-expect-error -- nobody adds a step to a decided plan
  plan.steps.push(step);
  // @ts-expect-error -- nobody exchanges its arguments
  step.resolved = {};
  use([empty, noSteps, proposed, named]);
}

export function decisionsAreLookedAt(decided: DecidedPlan, decision: Decision, receipt: Receipt): void {
  // @ts-expect-error -- a plan that may be refused has nothing to run until that was looked at
  use(decided.run);
  // @ts-expect-error -- a permission has no code
  if (decision.kind === 'run') use(decision.code);
  // @ts-expect-error -- a closed set
  const almost: Decision = { kind: 'maybe', policies: [] };
  // @ts-expect-error -- a refusal names its code
  const silent: Decision = { kind: 'refuse', policies: [] };
  // @ts-expect-error -- only what is done has a result
  use(receipt.result);
  // @ts-expect-error -- unknown is not done
  const done: Receipt = { kind: 'unknown', result: {} };
  // @ts-expect-error -- a failure says why
  const failed: Receipt = { kind: 'failed' };
  use([almost, silent, done, failed]);
}

export function handlesAreNotIds(): void {
  // @ts-expect-error -- a handle of another kind
  const device: Handle<'device'> = 'person_k7m2qz';
  // @ts-expect-error -- a text is no handle
  const text_: Handle = 'Anna Weber';
  // @ts-expect-error -- a reference holds an internal id, not its text
  const reference: Reference = { kind: 'person', handle: 'person_k7m2qz', id: 'x', label: 'Anna' };
  // @ts-expect-error -- an id is minted as an id
  book.mint('person', '5f3c1f0e-9a50-4e6b-8d6a-0a4a5b6c7d8e', 'Anna', 0);
  // @ts-expect-error -- no such kind
  book.mint('text', id, 'x', 0);
  use([device, text_, reference]);
}

export function handlersGetWhatWasResolved(): void {
  const lock = defineAction({
    name: 'lock_device',
    version: '1.0.0',
    description: 'Locks. Does not wipe.',
    effect: 'write',
    target: 'device',
    operation: graph('POST', '/x', 'X'),
    parameters: z.strictObject({ device: handle('device'), reason: text({ max: 10, description: 'Why.' }) }),
    result: z.object({ device: thing('device'), locked: z.boolean() }),
    limit: { perHour: 1 },
    run: async ({ device, reason }, { people }, { signal }) => {
      // @ts-expect-error -- a handler is given a reference, not a handle
      const handleText: string = device;
      // @ts-expect-error -- an id is not a text
      const idText: string = device.id;
      const words: string = reason;
      // @ts-expect-error -- no argument that the schema does not have
      use(device.serialNumber);
      // @ts-expect-error -- a call can always be stopped
      await people.setSignInAllowed(device.id, false);
      // @ts-expect-error -- a label is no id
      await people.setSignInAllowed(device.label, false, { signal });
      use([handleText, idText, words]);
      return { device: { kind: 'device' as const, id: device.id, label: device.label }, locked: true };
    },
  });
  use(lock);
  const sound = { name: 'lock_device', version: '1.0.0', description: 'x', operation: graph('POST', '/x', 'X'), parameters: z.strictObject({ device: handle('device') }), result: z.object({ ok: z.boolean() }), limit: { perHour: 1 } } as const;
  // @ts-expect-error -- the target is one of its parameters
  use(defineAction({ ...sound, effect: 'write', target: 'person', run: async () => ({ ok: true }) }));
  // @ts-expect-error -- a closed set of effects
  use(defineAction({ ...sound, effect: 'delete', target: 'device', run: async () => ({ ok: true }) }));
  // @ts-expect-error -- a handler answers in its declared shape
  use(defineAction({ ...sound, effect: 'write', target: 'device', run: async () => ({ ok: 'yes' }) }));
  // @ts-expect-error -- Graph is called by these methods only
  use(graph('PUT', '/users/{id}', 'X'));
  // @ts-expect-error -- the robot has no hand for anything else
  use(robot.fetch);
  // @ts-expect-error -- a handler has no environment
  use(context.env);
}

export function approvalsAreClosed(): void {
  // @ts-expect-error -- who clicks is a person that was looked up, never a name
  void approvals.click({ reference: 'x', decision: 'approve', clicker: 'Anna', card: { conversationId: 'c', activityId: 'a' } });
  // @ts-expect-error -- a click says which card it came from
  void approvals.click({ reference: 'x', decision: 'approve', clicker: { id } });
  // @ts-expect-error -- a closed set
  void approvals.click({ reference: 'x', decision: 'yes', clicker: { id }, card: { conversationId: 'c', activityId: 'a' } });
  // @ts-expect-error -- a record is replaced in storage, not changed in place
  record.state = 'approved';
  // @ts-expect-error -- no state of this name
  const state: ApprovalRecord['state'] = 'done';
  // @ts-expect-error -- a revival names the epoch that it knows
  void killSwitch.revive('full', { digest: 'x', name: 'x', reason: 'x' });
  // @ts-expect-error -- no level of this name
  void killSwitch.revive('on', 1, { digest: 'x', name: 'x', reason: 'x' });
  // @ts-expect-error -- no code of this name
  const code: StewardErrorCode = 'APPROVAL_FINE';
  // @ts-expect-error -- the second decision says for whom
  void gate.decideApproved(step, { by: 'requester' });
  // @ts-expect-error -- an admin says what became of it, in one of two words
  void approvals.settle({ reference: 'x', clicker: { ...requester }, card: { conversationId: 'c', activityId: 'a' }, outcome: 'perhaps' });
  // @ts-expect-error -- a card is for something
  void approvals.cardSent('x', { conversationId: 'c', activityId: 'a', place: record.place });
  // @ts-expect-error -- a limit is raised for an action of the catalogue, not for a name
  void limits.raise('block_sign_in');
  use([state, code]);
}

export function theLedgerTakesKnownRecords(): void {
  // @ts-expect-error -- no free text
  void ledger.record('something happened');
  // @ts-expect-error -- no kind of this name
  void ledger.record({ kind: 'note', text: 'x' });
  // @ts-expect-error -- an intent has all its parts
  void ledger.record({ kind: 'intent', execution: 'x' });
  // @ts-expect-error -- an internal id is no digest
  void ledger.record({ kind: 'refusal', turn: 't', person: id, code: 'KILLED', details: [] });
}
