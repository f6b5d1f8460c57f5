import assert from 'node:assert/strict';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { stepDigest } from '../../../src/actions/plan.ts';
import { StewardError } from '../../../src/errors.ts';
import { Gate, type Decision, type TurnFacts } from '../../../src/guard/gate.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { Directory, handClock, latch, MemoryLatch, person, planOf, policyOf, policyText, rejectsWith, testActions, type Proposal } from './support.ts';

const ada = person('ada', { roles: ['employee', 'helpdesk'] });
const ben = person('ben');
const vip = person('vip', { vip: true });
const root = person('root', { privileged: true });

function make(source = policyText) {
  const actions = testActions();
  const policy = policyOf(source);
  const directory = new Directory(ada, ben, vip, root);
  const store = new MemoryLatch(latch({ epoch: 5 }));
  const clock = handClock();
  const gate = new Gate(policy, directory, new KillSwitch(store, clock));
  const facts: TurnFacts = { turn: 'turn-1', requester: ada, personal: true, untrusted: false };
  const decisions: Decision[] = [];
  const decide = (proposals: readonly Proposal[], changes: Partial<TurnFacts> = {}) =>
    gate.decidePlan(planOf(actions.catalogue, ...proposals), { ...facts, ...changes }, (_, decision) => void decisions.push(decision));
  const look = (who: PersonFacts): Proposal => ({ action: actions.look, who });
  const block = (who: PersonFacts): Proposal => ({ action: actions.block, who });
  return { actions, policy, directory, store, clock, gate, decisions, decide, look, block };
}

describe('gate: a plan', () => {
  it('of reads runs now, each step with a token for exactly that step', async () => {
    const { decide, look } = make();
    const plan = await decide([look(ben), look(vip)]);
    assert(plan.kind === 'decided');
    assert.deepEqual(plan.wait, []);
    assert.equal(plan.by, 'requester');
    for (const { step, token } of plan.run) {
      const grant = token.redeem();
      assert.equal(grant.step, step);
      assert.equal(grant.stepDigest, stepDigest(step));
      assert.equal(grant.requesterDigest, ada.id.digest());
      assert.equal(grant.approverDigest, undefined);
      assert.equal(grant.killEpoch, 5);
      assert.equal(grant.turn, 'turn-1');
      assert.deepEqual(grant.policies, ['read-helpdesk']);
    }
  });

  it('gives tokens that are good once', async () => {
    const { decide, look } = make();
    const plan = await decide([look(ben)]);
    assert(plan.kind === 'decided');
    const token = plan.run[0]!.token;
    token.redeem();
    for (let again = 0; again < 3; again += 1) assert.throws(() => token.redeem(), (error) => error instanceof StewardError && error.code === 'TOKEN_SPENT');
  });

  it('is refused whole when its third step is refused, and nothing gets a token', async () => {
    const { decide, look, block, decisions } = make();
    const plan = await decide([look(ben), block(ben), block(root), look(vip)]);
    assert(plan.kind === 'refused');
    assert.equal(plan.code, 'TARGET_PRIVILEGED');
    assert.deepEqual(plan.policies, ['forbid-privileged-target']);
    assert.equal(plan.step.callId, 'call-2');
    assert.deepEqual(Object.keys(plan).sort(), ['code', 'kind', 'policies', 'step'], 'no list of steps to run');
    assert.deepEqual(decisions.map(({ kind }) => kind), ['run', 'confirm', 'refuse', 'run'], 'each step was decided and recorded');
  });

  it('that is refused in two steps names the first of them', async () => {
    const { decide, look, block } = make();
    const plan = await decide([look(ben), block(ada), block(root)]);
    assert(plan.kind === 'refused');
    assert.equal(plan.code, 'TARGET_SELF');
  });

  it('runs what stands before the first step that waits, and lets everything after it wait', async () => {
    const { decide, look, block } = make();
    const plan = await decide([look(ben), block(ben), look(vip), block(vip)]);
    assert(plan.kind === 'decided');
    assert.deepEqual(plan.run.map(({ step }) => step.callId), ['call-0']);
    assert.deepEqual(plan.wait.map(({ callId }) => callId), ['call-1', 'call-2', 'call-3']);
    assert.equal(plan.by, 'second person', 'one step that takes a second person makes all of them take one');
  });

  it('that waits for its requester alone says so', async () => {
    const { decide, block } = make();
    const plan = await decide([block(ben)]);
    assert(plan.kind === 'decided');
    assert.equal(plan.by, 'requester');
  });

  it('fails when a target has gone, before anything gets a token', async () => {
    const { decide, look, directory, block } = make();
    directory.remove(ben);
    await rejectsWith(decide([look(vip), block(ben)]), 'TARGET_MISSING');
  });

  it('fails when the directory is down', async () => {
    const { decide, look, directory } = make();
    directory.down = true;
    await rejectsWith(decide([look(ben)]), 'DIRECTORY_UNAVAILABLE');
  });

  it('fails when the latch can’t be read, and looks nobody up', async () => {
    const { decide, look, store, directory } = make();
    store.onRead = async () => Promise.reject(new Error('503'));
    await rejectsWith(decide([look(ben)]), 'LATCH_UNREADABLE');
    assert.deepEqual(directory.looks, []);
  });

  it('is refused when Steward is off or its latch is missing', async () => {
    for (const row of [latch({ level: 'off' }), undefined]) {
      const { decide, look, store } = make();
      store.row = row;
      const plan = await decide([look(ben)]);
      assert(plan.kind === 'refused');
      assert.equal(plan.code, 'KILLED');
    }
  });

  it('decides about the target as the directory knows it now, not as its label says', async () => {
    const { decide, block, directory } = make();
    directory.put({ ...ben, privileged: true });
    const plan = await decide([block(ben)]);
    assert(plan.kind === 'refused');
    assert.equal(plan.code, 'TARGET_PRIVILEGED');
  });

  it('that can’t be evaluated is refused and not asked again with more approvals', async () => {
    const { decide, block } = make('@id("err") @reason("Errs unless confirmed.") permit (principal, action, resource) when { if context.confirmed then true else 9223372036854775807 + 1 > 0 };');
    const plan = await decide([block(ben)]);
    assert(plan.kind === 'refused');
    assert.equal(plan.code, 'POLICY_EVALUATION_FAILED');
  });

  it('waits where the message may hold words of others', async () => {
    const { decide, look } = make();
    const plan = await decide([look(ben)], { untrusted: true });
    assert(plan.kind === 'decided');
    assert.deepEqual([plan.run.length, plan.wait.length, plan.by], [0, 1, 'requester']);
  });
});

describe('gate: the second decision', () => {
  const decideApproved = (made: ReturnType<typeof make>, target: PersonFacts, by: 'requester' | 'second person', requester = ada) => {
    const step = planOf(made.actions.catalogue, made.block(target)).steps[0]!;
    return made.gate.decideApproved({ action: step.action, targetId: step.target }, { requester, by });
  };

  it('permits what was confirmed and names the policies', async () => {
    assert.deepEqual(await decideApproved(make(), ben, 'requester'), ['account-confirm']);
    assert.deepEqual(await decideApproved(make(), vip, 'second person'), ['account-confirm']);
  });

  it('does not take the requester’s own click where it takes a second person', async () => {
    await rejectsWith(decideApproved(make(), vip, 'requester'), 'POLICY_DENIED');
  });

  it('never uses a remembered fact about the target', async () => {
    const made = make();
    await decideApproved(made, ben, 'requester');
    assert.deepEqual(made.directory.looks, [{ id: ben.id.digest(), freshness: 'now' }]);
  });

  const changes: readonly (readonly [string, (made: ReturnType<typeof make>) => unknown, StewardError['code']])[] = [
    ['the requester lost the role', () => person('ada', { roles: ['employee'] }), 'POLICY_DENIED'],
    ['the requester was blocked', () => ({ ...ada, enabled: false }), 'POLICY_DENIED'],
    ['the requester became a guest', () => ({ ...ada, guest: true }), 'PERSON_GUEST'],
    ['the target became privileged', ({ directory }) => directory.put({ ...ben, privileged: true }), 'TARGET_PRIVILEGED'],
    ['the target became a break-glass account', ({ directory }) => directory.put({ ...ben, breakGlass: true }), 'TARGET_PRIVILEGED'],
    ['the target became a VIP', ({ directory }) => directory.put({ ...ben, vip: true }), 'POLICY_DENIED'],
    ['the target has gone', ({ directory }) => directory.remove(ben), 'TARGET_MISSING'],
    ['the directory went down', ({ directory }) => void (directory.down = true), 'DIRECTORY_UNAVAILABLE'],
    ['Steward was switched off', ({ store }) => store.put({ level: 'off' }), 'KILLED'],
    ['Steward became read-only', ({ store }) => store.put({ level: 'read-only' }), 'READ_ONLY'],
    ['the latch can’t be read', ({ store }) => void (store.onRead = async () => Promise.reject(new Error('503'))), 'LATCH_UNREADABLE'],
  ];
  for (const [what, change, code] of changes) {
    it(`refuses when ${what} since`, async () => {
      const made = make();
      const changed = change(made);
      const requester = typeof changed === 'object' ? (changed as PersonFacts) : ada;
      await rejectsWith(decideApproved(made, ben, 'requester', requester), code);
    });
  }
});

describe('gate: what help may offer', () => {
  const gate = new Gate(policyOf(), new Directory(), new KillSwitch(new MemoryLatch(), handClock()));
  const offered = (requester: PersonFacts): readonly string[] => gate.permitted(catalogue.all(), requester).map(({ action, kind, own }) => `${action.name}: ${kind}${own ? ', own' : ''}`);

  it('to the helpdesk: everything', () => {
    assert.deepEqual(offered(ada), ['find_person: run', 'show_person: run', 'list_devices: run', 'block_sign_in: confirm', 'unblock_sign_in: confirm', 'revoke_sessions: confirm']);
  });

  it('to an employee: their own account', () => {
    assert.deepEqual(offered(ben), ['show_person: run, own', 'list_devices: run, own']);
  });

  it('to an approver and an admin: no more than to an employee', () => {
    assert.deepEqual(offered(person('cora', { roles: ['employee', 'approver'] })), offered(ben));
    assert.deepEqual(offered(person('dora', { roles: ['employee', 'admin'] })), offered(ben));
  });

  it('to guests, blocked accounts and people without a role: nothing', () => {
    for (const requester of [{ ...ada, guest: true }, { ...ada, enabled: false }, { ...ada, roles: [] }]) assert.deepEqual(offered(requester), []);
  });
});
