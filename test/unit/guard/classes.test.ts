/** Each row of docs/policy.md, for every class of action: those that the catalogue has, and those that it will have. */
import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { defineAction, graph, policyClasses, policyClassOf, text, type Action, type Effect, type PolicyClass } from '../../../src/actions/action.ts';
import { Catalogue } from '../../../src/actions/catalogue.ts';
import { handle, HandleBook } from '../../../src/actions/handles.ts';
import { parsePlan } from '../../../src/actions/plan.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';
import { Gate, type Decision, type Permitted } from '../../../src/guard/gate.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import { Policy, type PolicyRequest } from '../../../src/guard/policy.ts';
import type { GroupFacts, LatchLevel, PersonFacts } from '../../../src/guard/ports.ts';
import { Directory, handClock, levelOf, limitsOf, MemoryEffects, MemoryLimits, person, policyText, START_MS } from './support.ts';

const operation = graph('GET', '/x', 'X');
const result = z.object({ ok: z.boolean() });
const why = text({ max: 100, description: 'Why.' }).optional();
const run = async (): Promise<{ ok: boolean }> => ({ ok: true });
const onPerson = (name: string, effect: Effect, policyClass: PolicyClass = effect): Action =>
  defineAction({ name, version: '1.0.0', description: 'x', effect, policyClass: policyClass === effect ? undefined : policyClass, ...(effect === 'critical' && { ships: 'disabled' }), target: 'person', operation, parameters: z.strictObject({ person: handle('person'), reason: why, ticket: why }), result, limit: { perHour: 5 }, run });

const actions = {
  find: defineAction({ name: 'find_person', version: '1.0.0', description: 'x', effect: 'read', operation, parameters: z.strictObject({ name: text({ max: 9, description: 'x' }) }), result, run }),
  show: onPerson('show_person', 'read'),
  devices: onPerson('list_devices', 'read'),
  apps: onPerson('list_apps', 'read'),
  'own tickets': defineAction({ name: 'list_own_tickets', version: '1.0.0', description: 'x', effect: 'read', operation, parameters: z.strictObject({}), result, run }),
  groups: onPerson('list_groups', 'read'),
  'sign-ins': onPerson('list_sign_ins', 'read', 'sensitive_read'),
  ticket: onPerson('open_ticket', 'write', 'self_service'),
  mail: onPerson('send_mail', 'write'),
  block: onPerson('block_sign_in', 'destructive'),
  lock: onPerson('lock_devices', 'destructive'),
  unblock: onPerson('unblock_sign_in', 'destructive', 'restore'),
  unlock: onPerson('unlock_devices', 'destructive', 'restore'),
  wipe: onPerson('wipe_devices', 'critical'),
};
type Name = keyof typeof actions;
const catalogue = new Catalogue(Object.values(actions));
const policy = new Policy(policyText, catalogue.all());

const requesters = {
  nobody: person('asker', { roles: [] }),
  employee: person('asker'),
  helpdesk: person('asker', { roles: ['employee', 'helpdesk'] }),
  'helpdesk alone': person('asker', { roles: ['helpdesk'] }),
  approver: person('asker', { roles: ['employee', 'approver'] }),
  'backup approver': person('asker', { roles: ['employee', 'backup approver'] }),
  admin: person('asker', { roles: ['employee', 'admin'] }),
  'a guest': person('asker', { roles: ['employee', 'helpdesk'], guest: true }),
  'a blocked one': person('asker', { roles: ['employee', 'helpdesk'], enabled: false }),
};
type Requester = keyof typeof requesters;

interface More {
  readonly on?: Partial<PersonFacts> | 'self';
  readonly level?: LatchLevel;
  readonly personal?: boolean;
  readonly untrusted?: boolean;
  readonly because?: 'reason' | 'ticket';
  readonly limitReached?: boolean;
  readonly own?: boolean;
}

async function decide(who: Requester, name: Name, { on = {}, level = 'full', personal = true, untrusted = false, because, limitReached = false, own = false }: More): Promise<Decision> {
  const requester = requesters[who];
  const target = on === 'self' ? requester : person('target', on);
  const action = actions[name];
  const clock = handClock();
  const [limits, effects] = [new MemoryLimits(), new MemoryEffects(clock)];
  if (limitReached) for (let use = 0; use < 5; use += 1) await limitsOf(clock, limits).take(action, requester.id.digest());
  if (own) await effects.note(action.name, target.id, requester.id.digest());
  const gate = new Gate(policy, new Directory(requester, target), new KillSwitch(levelOf(level), clock), limitsOf(clock, limits), effects);
  const handles = new HandleBook([], START_MS);
  const given = action.target === undefined ? ('name' in action.parameters.shape ? { name: 'x' } : {}) : { person: handles.mint('person', target.id, 'x', START_MS), ...(because && { [because]: 'x' }) };
  const plan = parsePlan([{ id: 'c', type: 'function', function: { name: action.name, arguments: JSON.stringify(given) } }], { catalogue, handles, words: [], nowMs: START_MS });
  const decisions: Decision[] = [];
  await gate.decidePlan(plan, { turn: 't', requester, personal, untrusted }, (_, decision) => void decisions.push(decision));
  assert.equal(decisions.length, 1);
  return decisions[0]!;
}

type Expected = 'run' | 'confirm' | 'second person' | StewardErrorCode;
type Row = readonly [Requester, Name, More, Expected, ...string[]];

const permits: readonly Row[] = [
  ['helpdesk', 'find', {}, 'run', 'read-helpdesk'],
  ['helpdesk', 'groups', {}, 'run', 'read-helpdesk'],
  ['helpdesk', 'show', { untrusted: true }, 'confirm', 'read-helpdesk'],
  ['helpdesk', 'show', { on: { privileged: true, breakGlass: true, vip: true } }, 'run'],
  ['employee', 'show', { on: 'self' }, 'run', 'read-own'],
  ['employee', 'devices', { on: 'self', untrusted: true }, 'confirm', 'read-own'],
  ['employee', 'apps', { on: 'self' }, 'run', 'read-own'],
  ['employee', 'apps', {}, 'POLICY_DENIED'],
  ['employee', 'own tickets', {}, 'run', 'read-own-tickets'],
  ['employee', 'own tickets', { untrusted: true }, 'confirm', 'read-own-tickets'],
  ['helpdesk alone', 'own tickets', {}, 'run', 'read-helpdesk'],
  ['approver', 'own tickets', {}, 'run', 'read-own-tickets'],
  ['nobody', 'own tickets', {}, 'POLICY_DENIED'],
  ['employee', 'groups', { on: 'self' }, 'POLICY_DENIED'],
  ['employee', 'show', {}, 'POLICY_DENIED'],
  ['employee', 'find', {}, 'POLICY_DENIED'],
  ['helpdesk', 'sign-ins', { because: 'reason' }, 'run', 'sensitive-read-helpdesk'],
  ['helpdesk', 'sign-ins', { because: 'ticket' }, 'run', 'sensitive-read-helpdesk'],
  ['helpdesk', 'sign-ins', { because: 'ticket', untrusted: true }, 'confirm', 'sensitive-read-helpdesk'],
  ['helpdesk', 'sign-ins', {}, 'POLICY_DENIED'],
  ['helpdesk', 'sign-ins', { on: 'self' }, 'run', 'sensitive-read-own'],
  ['employee', 'sign-ins', { on: 'self' }, 'run', 'sensitive-read-own'],
  ['employee', 'sign-ins', { on: 'self', untrusted: true }, 'confirm', 'sensitive-read-own'],
  ['employee', 'sign-ins', { because: 'reason' }, 'POLICY_DENIED'],
  ['employee', 'ticket', {}, 'run', 'self-service'],
  ['employee', 'ticket', { untrusted: true }, 'confirm', 'self-service'],
  ['helpdesk alone', 'ticket', {}, 'POLICY_DENIED'],
  ['helpdesk', 'mail', {}, 'confirm', 'write-confirm'],
  ['helpdesk', 'mail', { untrusted: true }, 'confirm', 'write-confirm'],
  ['helpdesk', 'mail', { on: { vip: true } }, 'confirm', 'write-confirm'],
  ['helpdesk', 'mail', { on: 'self' }, 'confirm', 'write-confirm'],
  ['helpdesk', 'block', {}, 'confirm', 'destructive-confirm'],
  ['helpdesk', 'block', { on: { vip: true } }, 'second person', 'destructive-confirm'],
  ['helpdesk', 'lock', { on: 'self' }, 'confirm', 'destructive-confirm'],
  ['helpdesk', 'unblock', {}, 'second person', 'restore-confirm'],
  ['helpdesk', 'unblock', { own: true }, 'confirm', 'restore-confirm'],
  ['helpdesk', 'unblock', { own: true, on: { vip: true } }, 'confirm', 'restore-confirm'],
  ['helpdesk', 'unlock', { on: 'self', own: true }, 'confirm', 'restore-confirm'],
  ['helpdesk', 'block', { own: true, on: { vip: true } }, 'second person', 'destructive-confirm'],
  ['helpdesk', 'wipe', {}, 'second person', 'critical-second'],
  ['helpdesk', 'wipe', { own: true }, 'second person', 'critical-second'],
];
/** “A role counts only where this table names it.” */
const others: readonly Row[] = (['nobody', 'approver', 'backup approver', 'admin'] as const).flatMap((who) =>
  (['find', 'show', 'sign-ins', 'mail', 'block', 'unblock', 'wipe'] as const).map((name): Row => [who, name, { because: name === 'find' ? undefined : 'reason' }, 'POLICY_DENIED']),
);
const employees: readonly Row[] = (['mail', 'block', 'lock', 'unlock', 'wipe'] as const).map((name): Row => ['employee', name, { own: true }, 'POLICY_DENIED']);

const every = Object.keys(actions) as Name[];
const effects = every.filter((name) => actions[name].effect !== 'read');
const reads = every.filter((name) => actions[name].effect === 'read');
const asked: More = { because: 'reason', own: true };
const with_ = (name: Name, more: More): More => (actions[name].target === undefined ? more : { ...asked, ...more });
const forbids: readonly Row[] = [
  ...every.map((name): Row => ['helpdesk', name, with_(name, { level: 'off' }), 'KILLED', 'forbid-killed']),
  ...effects.map((name): Row => ['helpdesk', name, with_(name, { level: 'read-only' }), 'READ_ONLY', 'forbid-read-only']),
  ...reads.map((name): Row => ['helpdesk', name, with_(name, { level: 'read-only' }), 'run']),
  ...every.map((name): Row => ['a guest', name, with_(name, {}), 'PERSON_GUEST', 'forbid-guest-requester']),
  ...every.map((name): Row => ['a blocked one', name, with_(name, {}), 'POLICY_DENIED', 'forbid-disabled-requester']),
  ...every.map((name): Row => ['helpdesk', name, with_(name, { personal: false }), 'PLACE_NOT_PERSONAL', 'forbid-not-personal']),
  ...effects.map((name): Row => ['helpdesk', name, with_(name, { limitReached: true }), 'LIMIT_REACHED', 'forbid-limit-reached']),
  // A read with a limit is not forbidden by it: the executor alone counts it.
  ...reads.filter((name) => actions[name].target !== undefined).map((name): Row => ['helpdesk', name, with_(name, { limitReached: true }), 'run']),
  ...effects.flatMap((name): Row[] => [['helpdesk', name, with_(name, { on: { privileged: true } }), 'TARGET_PRIVILEGED', 'forbid-privileged-target'], ['helpdesk', name, with_(name, { on: { breakGlass: true } }), 'TARGET_PRIVILEGED', 'forbid-privileged-target']]),
  ...(['block', 'unblock'] as const).map((name): Row => ['helpdesk', name, { ...asked, on: 'self' }, 'TARGET_SELF', 'forbid-self']),
  ['helpdesk', 'wipe', { ...asked, on: 'self' }, 'TARGET_SELF', 'forbid-self-critical'],
  // Observe decides as `full` does.
  ['helpdesk', 'block', { level: 'observe' }, 'confirm'],
  ['helpdesk', 'wipe', { level: 'observe' }, 'second person'],
  ['employee', 'ticket', { level: 'observe' }, 'run'],
];

const titleOf = ([who, name, { on, ...more }]: Row): string => [who, name, on === 'self' ? 'on themselves' : Object.keys(on ?? {}).join(' and '), ...Object.entries(more).flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${String(value)}`]))].filter(Boolean).join(', ');

describe('a class of actions', () => {
  for (const row of [...permits, ...others, ...employees]) {
    const [who, name, more, expected, ...policies] = row;
    it(`${titleOf(row)}: ${expected}`, async () => {
      const decision = await decide(who, name, more);
      assert.equal(decision.kind === 'refuse' ? decision.code : decision.kind, expected);
      // More than one permit may have decided.
      for (const id of policies) assert.ok(decision.policies.includes(id), `${id} is not among ${decision.policies.join(', ')}`);
    });
  }

  it('is each of those that there are', () => {
    assert.deepEqual(new Set(Object.values(actions).map(policyClassOf)), new Set(policyClasses));
  });
});

describe('nobody, whatever the table says', () => {
  for (const row of forbids) {
    const [who, name, more, expected, id] = row;
    it(`${titleOf(row)}: ${expected}`, async () => {
      const decision = await decide(who, name, more);
      assert.equal(decision.kind === 'refuse' ? decision.code : decision.kind, expected);
      if (id !== undefined) assert.deepEqual(decision.policies, [id]);
    });
  }

  const ask = (name: Name, group: GroupFacts, code: StewardErrorCode = 'TARGET_PRIVILEGED', id = 'forbid-protected-group'): boolean => {
    const all: PolicyRequest = { requester: requesters.helpdesk, action: actions[name], ...(actions[name].target !== undefined && { target: person('target') }), level: 'full', personal: true, untrusted: false, confirmed: true, seconded: true, limitReached: false, justified: true, ownRecentEffect: true, group };
    const answer = policy.ask(all);
    if (!answer.permitted) assert.deepEqual([answer.code, answer.policies], [code, [id]]);
    return answer.permitted;
  };
  const ordinary: GroupFacts = { managed: true, steward: false, roleAssignable: false, dynamic: false, synced: false };
  for (const key of ['steward', 'roleAssignable', 'dynamic', 'synced'] as const) {
    it(`an effect on a group that is ${key}, with all approvals; and reads of it are not concerned`, () => {
      for (const name of effects) assert.equal(ask(name, { ...ordinary, [key]: true }), false, name);
      for (const name of reads) assert.equal(ask(name, { ...ordinary, [key]: true }), true, name);
    });
  }
  it('an effect on a group that is not on the list, with all approvals; and reads of it are not concerned', () => {
    for (const name of effects) assert.equal(ask(name, { ...ordinary, managed: false }, 'GROUP_NOT_MANAGED', 'forbid-unlisted-group'), false, name);
    for (const name of reads) assert.equal(ask(name, { ...ordinary, managed: false }), true, name);
  });
  it('never an effect on an ordinary group of the list', () => {
    for (const name of every) assert.equal(ask(name, ordinary), true, name);
  });
});

describe('what help may offer of each class', () => {
  const clock = handClock();
  const gate = new Gate(policy, new Directory(), new KillSwitch(levelOf('full'), clock), limitsOf(clock), new MemoryEffects(clock));
  const offered = (who: Requester): Readonly<Record<string, string>> => Object.fromEntries(gate.permitted(catalogue.all(), requesters[who]).map(({ action, kind, own }: Permitted) => [action.name, own ? `${kind}, own` : kind]));

  it('to the helpdesk and to an employee', () => {
    assert.deepEqual(offered('helpdesk'), {
      find_person: 'run',
      show_person: 'run',
      list_devices: 'run',
      list_apps: 'run',
      list_own_tickets: 'run',
      list_groups: 'run',
      list_sign_ins: 'run',
      open_ticket: 'run',
      send_mail: 'confirm',
      block_sign_in: 'confirm',
      lock_devices: 'confirm',
      unblock_sign_in: 'second person',
      unlock_devices: 'second person',
      wipe_devices: 'second person',
    });
    assert.deepEqual(offered('employee'), { show_person: 'run, own', list_devices: 'run, own', list_apps: 'run, own', list_own_tickets: 'run', list_sign_ins: 'run, own', open_ticket: 'run' });
  });
});
