import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { defineAction, graph, policyClassOf, servicenow, type Action, type Effect, type PolicyClass } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { handle, type HandleKind, type Reference } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { stepDigest, type Step } from '../../../src/actions/plan.ts';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';
import { Gate, type Decision, type TurnFacts } from '../../../src/guard/gate.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import { Policy, type PolicyRequest } from '../../../src/guard/policy.ts';
import type { GroupFacts, PersonFacts } from '../../../src/guard/ports.ts';
import { Directory, handClock, latch, limitsOf, MemoryEffects, MemoryLatch, MemoryLimits, person, planOf, policyOf, policyText, rejectsWith, testActions, type Proposal } from './support.ts';

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
  const limitStore = new MemoryLimits();
  const limits = limitsOf(clock, limitStore);
  const effects = new MemoryEffects(clock);
  const gate = new Gate(policy, directory, new KillSwitch(store, clock), limits, effects);
  const facts: TurnFacts = { turn: 'turn-1', requester: ada, personal: true, untrusted: false };
  const decisions: Decision[] = [];
  const decide = (proposals: readonly Proposal[], changes: Partial<TurnFacts> = {}) =>
    gate.decidePlan(planOf(actions.catalogue, ...proposals), { ...facts, ...changes }, (_, decision) => void decisions.push(decision));
  const look = (who: PersonFacts): Proposal => ({ action: actions.look, who });
  const block = (who: PersonFacts): Proposal => ({ action: actions.block, who });
  const unblock = (who: PersonFacts): Proposal => ({ action: actions.unblock, who });
  return { actions, policy, directory, store, clock, limits, limitStore, effects, gate, decisions, decide, look, block, unblock };
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
      assert.ok(grant.requester.equals(ada.id));
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
    return made.gate.decideApproved(step, { requester, by });
  };

  it('permits what was confirmed and names the policies', async () => {
    assert.deepEqual(await decideApproved(make(), ben, 'requester'), ['destructive-confirm']);
    assert.deepEqual(await decideApproved(make(), vip, 'second person'), ['destructive-confirm']);
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

describe('gate: limits', () => {
  const people = [ben, ...['b', 'c', 'd', 'e', 'f'].map((name) => person(name))];

  it('refuse a plan up front that has more uses than are left, and nothing of it is counted', async () => {
    const { decide, block, directory, limitStore, limits, actions } = make();
    for (const each of people) directory.put(each);
    const refused = await decide(people.map(block));
    assert(refused.kind === 'refused');
    assert.deepEqual([refused.code, refused.policies], ['LIMIT_REACHED', ['forbid-limit-reached']]);
    assert.deepEqual(limitStore.counted, []);
    assert.equal((await decide(people.slice(1).map(block))).kind, 'decided', 'five of five');
    await limits.take(actions.block, ada.id.digest());
    assert.equal((await decide(people.slice(1).map(block))).kind, 'refused', 'five of four');
    assert.equal((await decide(people.slice(2).map(block))).kind, 'decided');
  });

  it('count the uses of each action for itself, and no reads', async () => {
    const { decide, block, look, unblock, directory } = make();
    for (const each of people) directory.put(each);
    const plan = await decide([...people.slice(0, 3).map(block), ...people.slice(0, 3).map(unblock), look(ben), look(ben)]);
    assert.equal(plan.kind, 'decided');
  });

  it('of one person refuse that person, and nobody else', async () => {
    const { decide, block, limits, actions, directory } = make();
    const other = person('other', { roles: ['employee', 'helpdesk'] });
    directory.put(other);
    const mine = { ...actions.block, limit: { perHour: 5, perPersonPerHour: 1 } };
    await limits.take(mine, ada.id.digest());
    assert.equal(await limits.isReached(mine, ada.id.digest(), 1), true);
    assert.equal(await limits.isReached(mine, other.id.digest(), 1), false);
    assert.equal((await decide([block(ben)])).kind, 'decided', 'the test action has no limit of one person');
  });

  it('refuse the second decision too, when they were reached since', async () => {
    const made = make();
    const [step] = planOf(made.actions.catalogue, made.block(ben)).steps;
    for (let use = 0; use < 5; use += 1) await made.limits.take(made.actions.block, 'somebody else');
    await rejectsWith(made.gate.decideApproved(step!, { requester: ada, by: 'requester' }), 'LIMIT_REACHED');
  });

  it('that can’t be read are a failure, not a permission', async () => {
    const { decide, block, limitStore } = make();
    limitStore.answer = new StewardError('STORAGE_UNAVAILABLE', 'down');
    await rejectsWith(decide([block(ben)]), 'STORAGE_UNAVAILABLE');
  });
});

describe('gate: taking back', () => {
  const MINUTES_29_59 = 30 * 60_000 - 1_000;

  async function blocked(by: PersonFacts = ada) {
    const made = make();
    await made.effects.note('unblock_sign_in', ben.id, by.id.digest());
    const kind = async (requester: PersonFacts = ada): Promise<string> => {
      const plan = await made.decide([made.unblock(ben)], { requester });
      return plan.kind === 'decided' ? plan.by : plan.code;
    };
    const approved = (by_: 'requester' | 'second person', requester = ada): Promise<readonly string[]> => made.gate.decideApproved(planOf(made.actions.catalogue, made.unblock(ben)).steps[0]!, { requester, by: by_ });
    return { ...made, kind, approved };
  }

  it('what one had done oneself takes one’s own click for less than 30 minutes', async () => {
    const { kind, clock } = await blocked();
    assert.equal(await kind(), 'requester');
    clock.advance(MINUTES_29_59);
    assert.equal(await kind(), 'requester');
    clock.advance(999);
    assert.equal(await kind(), 'requester');
    clock.advance(1);
    assert.equal(await kind(), 'second person');
  });

  it('is decided again at the click: a card confirmed after 30 minutes is not enough', async () => {
    const { approved, clock } = await blocked();
    clock.advance(MINUTES_29_59);
    assert.deepEqual(await approved('requester'), ['restore-confirm']);
    clock.advance(1_000);
    await rejectsWith(approved('requester'), 'POLICY_DENIED');
    assert.deepEqual(await approved('second person'), ['restore-confirm']);
  });

  it('what somebody else had done takes a second person', async () => {
    const { kind, approved } = await blocked(person('colleague', { roles: ['helpdesk'] }));
    assert.equal(await kind(), 'second person');
    await rejectsWith(approved('requester'), 'POLICY_DENIED');
  });

  it('what was done to somebody else, by another action or not at all takes a second person', async () => {
    const { effects, kind } = await blocked();
    await effects.forget('unblock_sign_in', ben.id);
    await effects.note('unblock_sign_in', vip.id, ada.id.digest());
    await effects.note('block_sign_in', ben.id, ada.id.digest());
    assert.equal(await kind(), 'second person');
  });

  it('is refused when the notes can’t be read', async () => {
    const { effects, decide, unblock, approved, block, look } = await blocked();
    effects.down = true;
    await rejectsWith(decide([unblock(ben)]), 'STORAGE_UNAVAILABLE');
    await rejectsWith(approved('second person'), 'STORAGE_UNAVAILABLE');
    assert.equal((await decide([block(ben), look(ben)])).kind, 'decided', 'and nothing else asks for them');
  });
});

describe('gate: a refusal', () => {
  it('tells why a target is out of reach to those who could reach somebody, and to nobody else', async () => {
    const { decide, block } = make();
    const told = async (requester: PersonFacts): Promise<string | undefined> => {
      const plan = await decide([block(root)], { requester });
      return plan.kind === 'refused' ? plan.code : undefined;
    };
    assert.equal(await told(ada), 'TARGET_PRIVILEGED');
    for (const roles of [['employee'], ['employee', 'approver'], ['employee', 'admin'], []] as const) assert.equal(await told(person('eve', { roles })), 'POLICY_DENIED');
  });
});

describe('gate: devices, groups and other things', () => {
  const on = (name: string, effect: Effect, target: HandleKind, ...more: readonly HandleKind[]): Action =>
    defineAction({
      name,
      version: '1.0.0',
      description: 'Does nothing.',
      effect,
      ...(effect === 'critical' && { ships: 'disabled' }),
      target,
      operation: target === 'ticket' ? servicenow('GET', '/x', 'x') : graph('GET', '/x', 'X'),
      parameters: z.strictObject(Object.fromEntries([target, ...more].map((kind) => [kind, handle(kind)]))) as z.ZodObject<Record<HandleKind, z.ZodType>>,
      result: z.object({ done: z.boolean() }),
      limit: { perHour: 5 },
      run: async () => assert.fail('never run here'),
    });
  const [hold, erase, look, join, members, ticket] = [on('hold_device', 'destructive', 'device'), on('erase_device', 'critical', 'device'), on('see_device', 'read', 'device'), on('join_group', 'write', 'person', 'group'), on('see_group', 'read', 'group'), on('see_ticket', 'read', 'ticket')];
  const policy = new Policy(policyText, [...catalogue.all(), hold, erase, look, join, members, ticket]);
  const referenceTo = (kind: HandleKind, id: InternalId): Reference => ({ kind, handle: `${kind}_aaaaaa`, id, label: 'x' });
  const laptop = new InternalId('laptop');
  const sales = new InternalId('sales');
  const ordinary: GroupFacts = { managed: true, steward: false, roleAssignable: false, dynamic: false, synced: false };

  function here() {
    const clock = handClock();
    const directory = new Directory(ada, ben, vip, root);
    const effects = new MemoryEffects(clock);
    const gate = new Gate(policy, directory, new KillSwitch(new MemoryLatch(), clock), limitsOf(clock), effects);
    const stepOf = (action: Action, ids: Readonly<Partial<Record<HandleKind, InternalId>>>): Step => {
      const resolved = Object.fromEntries(Object.entries(ids).map(([kind, id]) => [kind, referenceTo(kind as HandleKind, id)]));
      return { callId: action.name, action, proposed: {}, resolved, target: resolved[action.target ?? ''], provenance: {} };
    };
    const decide = async (...steps: readonly Step[]): Promise<string> => {
      const plan = await gate.decidePlan({ steps, digest: 'd' }, { turn: 't', requester: ada, personal: true, untrusted: false }, () => undefined);
      return plan.kind === 'refused' ? plan.code : plan.wait.length === 0 ? 'run' : plan.by;
    };
    return { directory, effects, gate, stepOf, decide };
  }

  const users: readonly (readonly [string, Action, PersonFacts | 'nobody', string])[] = [
    ['an ordinary colleague’s', hold, ben, 'requester'],
    ['a VIP’s', hold, vip, 'second person'],
    ['a role holder’s', hold, root, 'TARGET_PRIVILEGED'],
    ['one’s own', hold, ada, 'requester'],
    ['one’s own', erase, ada, 'TARGET_SELF'],
    ['nobody’s', hold, 'nobody', 'second person'],
    ['nobody’s', erase, 'nobody', 'second person'],
    ['nobody’s', look, 'nobody', 'run'],
  ];
  for (const [whose, action, user, expected] of users) {
    it(`decides about a device by who uses it: ${action.effect}, ${whose}: ${expected}`, async () => {
      const { decide, directory, stepOf } = here();
      directory.putDevice(laptop, user);
      assert.equal(await decide(stepOf(action, { device: laptop })), expected);
    });
  }

  it('takes a second person’s click for a device that nobody uses, and the requester’s own for none', async () => {
    const { directory, gate, stepOf } = here();
    directory.putDevice(laptop, 'nobody');
    await rejectsWith(gate.decideApproved(stepOf(hold, { device: laptop }), { requester: ada, by: 'requester' }), 'POLICY_DENIED');
    assert.deepEqual(await gate.decideApproved(stepOf(hold, { device: laptop }), { requester: ada, by: 'second person' }), ['destructive-confirm']);
  });

  it('asks who uses a device as it was lately for a plan and as it is now after a click, and follows a change', async () => {
    const { decide, directory, gate, stepOf } = here();
    directory.putDevice(laptop, ben);
    assert.equal(await decide(stepOf(hold, { device: laptop })), 'requester');
    directory.putDevice(laptop, vip);
    await rejectsWith(gate.decideApproved(stepOf(hold, { device: laptop }), { requester: ada, by: 'requester' }), 'POLICY_DENIED');
    assert.deepEqual(directory.looks, [{ id: ben.id.digest(), freshness: 'brief' }, { id: vip.id.digest(), freshness: 'now' }]);
  });

  it('fails about a device that is gone, before anything gets a token and again after the click', async () => {
    const { decide, directory, gate, stepOf } = here();
    directory.putDevice(laptop, ben);
    const gone = new InternalId('scrapped');
    await rejectsWith(decide(stepOf(look, { device: laptop }), stepOf(hold, { device: gone })), 'TARGET_MISSING');
    await rejectsWith(gate.decideApproved(stepOf(hold, { device: gone }), { requester: ada, by: 'second person' }), 'TARGET_MISSING');
  });

  it('fails about a device and a group while the directory is down', async () => {
    const { decide, directory, stepOf } = here();
    directory.putDevice(laptop, ben);
    directory.putGroup(sales, ordinary);
    directory.down = true;
    await rejectsWith(decide(stepOf(hold, { device: laptop })), 'DIRECTORY_UNAVAILABLE');
    await rejectsWith(decide(stepOf(join, { person: ben.id, group: sales })), 'DIRECTORY_UNAVAILABLE');
  });

  const groups: readonly (readonly [string, Partial<GroupFacts>, string])[] = [
    ['on the list', {}, 'requester'],
    ['off the list', { managed: false }, 'GROUP_NOT_MANAGED'],
    ['of Steward’s own', { steward: true }, 'TARGET_PRIVILEGED'],
    ['that can be given roles', { roleAssignable: true }, 'TARGET_PRIVILEGED'],
    ['with a rule for its members', { dynamic: true }, 'TARGET_PRIVILEGED'],
    ['from on-premises', { synced: true }, 'TARGET_PRIVILEGED'],
  ];
  for (const [what, facts, expected] of groups) {
    it(`decides an effect by the group that it names: ${what}: ${expected}, in the plan and after the click`, async () => {
      const { decide, directory, gate, stepOf } = here();
      directory.putGroup(sales, { ...ordinary, ...facts });
      const step = stepOf(join, { person: ben.id, group: sales });
      assert.equal(await decide(step), expected);
      const approved = gate.decideApproved(step, { requester: ada, by: 'second person' });
      if (expected === 'requester') assert.deepEqual(await approved, ['write-confirm']);
      else await rejectsWith(approved, expected as StewardErrorCode);
    });
  }

  it('fails about an effect on a group that is gone; a read of it is no effect, and asks for no facts', async () => {
    const { decide, directory, gate, stepOf } = here();
    await rejectsWith(decide(stepOf(join, { person: ben.id, group: sales })), 'TARGET_MISSING');
    await rejectsWith(gate.decideApproved(stepOf(join, { person: ben.id, group: sales }), { requester: ada, by: 'requester' }), 'TARGET_MISSING');
    directory.looks.length = 0;
    assert.equal(await decide(stepOf(members, { group: sales })), 'run');
    assert.deepEqual(directory.looks, []);
  });

  it('takes a ticket for nobody: no account is read for it', async () => {
    const { decide, directory, stepOf } = here();
    assert.equal(await decide(stepOf(ticket, { ticket: new InternalId('INC') })), 'run');
    assert.deepEqual(directory.looks, []);
  });
});

describe('gate: what help may offer', () => {
  const gate = new Gate(policyOf(), new Directory(), new KillSwitch(new MemoryLatch(), handClock()), limitsOf(handClock()), new MemoryEffects(handClock()));
  const offered = (requester: PersonFacts): readonly string[] => gate.permitted(catalogue.all(), requester).map(({ action, kind, own }) => `${action.name}: ${kind}${own ? ', own' : ''}`);

  it('to the helpdesk: everything', () => {
    const takes: Readonly<Record<PolicyClass, string>> = { read: 'run', sensitive_read: 'run', self_service: 'run', write: 'confirm', destructive: 'confirm', restore: 'second person', critical: 'second person' };
    assert.deepEqual(offered(ada), catalogue.all().map((action) => `${action.name}: ${takes[policyClassOf(action)]}`));
  });

  it('to an employee: their own account, devices, apps and tickets', () => {
    const own = ['show_person', 'list_mfa_methods', 'list_sign_ins', 'list_apps', 'list_devices'].map((name) => `${name}: run, own`);
    assert.deepEqual([...offered(ben)].sort(), [...own, 'list_own_tickets: run', 'create_ticket: run', 'comment_on_own_ticket: run'].sort());
  });

  it('to an approver and an admin: no more than to an employee', () => {
    assert.deepEqual(offered(person('cora', { roles: ['employee', 'approver'] })), offered(ben));
    assert.deepEqual(offered(person('dora', { roles: ['employee', 'admin'] })), offered(ben));
  });

  it('to guests, blocked accounts and people without a role: nothing', () => {
    for (const requester of [{ ...ada, guest: true }, { ...ada, enabled: false }, { ...ada, roles: [] }]) assert.deepEqual(offered(requester), []);
  });
});

describe('gate: what the policy is asked', () => {
  /** A gate over a policy that permits everything and notes what it was asked. */
  function asking() {
    const made = make();
    const asked: PolicyRequest[] = [];
    const policy = { ask: (request: PolicyRequest) => (asked.push(request), { permitted: true, policies: ['all'], code: 'POLICY_DENIED' }) } as unknown as Policy;
    const gate = new Gate(policy, made.directory, new KillSwitch(made.store, made.clock), made.limits, made.effects);
    const [step] = planOf(made.actions.catalogue, { action: made.actions.block, who: ben }).steps;
    assert(step);
    const turn = { turn: 'turn-1', requester: ada, personal: true, untrusted: false };
    return { ...made, asked, gate, step, turn };
  }

  it('is about the target as it was lately for a plan, and as it is now after a click', async () => {
    const { asked, directory, gate, step, turn } = asking();
    await gate.decidePlan({ steps: [step], digest: 'd' }, turn, () => undefined);
    await gate.decideApproved(step, { requester: ada, by: 'requester' });
    assert.deepEqual(directory.looks.map(({ freshness }) => freshness), ['brief', 'now']);
    assert.deepEqual(asked.map(({ target }) => target?.id.equals(ben.id)), [true, true]);
  });

  it('is about no target where the action has none', async () => {
    const { asked, directory, gate, turn } = asking();
    const find = catalogue.find('find_person')!;
    const step = { callId: 'c', action: find, proposed: {}, resolved: { name: 'Anna' }, provenance: {} };
    const plan = await gate.decidePlan({ steps: [step], digest: 'd' }, turn, () => undefined);
    assert.equal(plan.kind, 'decided');
    assert.deepEqual(await gate.decideApproved(step, { requester: ada, by: 'requester' }), ['all']);
    assert.deepEqual(asked.map((request) => 'target' in request), [false, false]);
    assert.deepEqual(directory.looks, []);
  });

  it('does not ask who undid what without a target, whatever the class', async () => {
    const { asked, gate } = asking();
    const restore = { ...catalogue.find('find_person')!, effect: 'destructive', policyClass: 'restore', limit: { perHour: 5 } } as const;
    await gate.decideApproved({ action: restore, resolved: {} }, { requester: ada, by: 'requester' });
    assert.deepEqual(asked.map(({ ownRecentEffect }) => ownRecentEffect), [false]);
  });

  it('says that the step is justified with a reason or with a ticket, and not without', async () => {
    const { asked, gate, step } = asking();
    const { reason, ...bare } = step.resolved;
    for (const resolved of [bare, { ...bare, reason }, { ...bare, ticket: 'INC-1' }, { ...bare, reason, ticket: 'INC-1' }]) {
      await gate.decideApproved({ ...step, resolved }, { requester: ada, by: 'requester' });
    }
    assert.deepEqual(asked.map(({ justified }) => justified), [false, true, true, true]);
  });

  it('says after a click who approved, and trusts no words', async () => {
    const { asked, gate, step } = asking();
    await gate.decideApproved(step, { requester: ada, by: 'requester' });
    await gate.decideApproved(step, { requester: ada, by: 'second person' });
    assert.deepEqual(asked.map(({ confirmed, personal, seconded, untrusted }) => [confirmed, seconded, personal, untrusted]), [[true, false, true, true], [true, true, true, true]]);
  });

  it('stands for anybody with an ordinary account when somebody asks what is possible at all', () => {
    const { actions, asked, gate } = asking();
    gate.permitted([actions.block, catalogue.find('find_person')!], { ...root, guest: true, enabled: false, breakGlass: true, vip: true });
    const [target, none] = asked.map((request) => request.target);
    assert(target);
    const { breakGlass, enabled, guest, privileged, roles, vip: isVip } = target;
    assert.deepEqual({ breakGlass, enabled, guest, privileged, roles, isVip }, { breakGlass: false, enabled: true, guest: false, privileged: false, roles: ['employee'], isVip: false });
    assert.equal(target.id.equals(root.id), false);
    assert.equal(none, undefined);
  });
});
