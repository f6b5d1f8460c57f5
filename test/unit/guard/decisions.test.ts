/** Who may do what and when, as a table beside `policy.cedar`; and what holds over every row that could be written. */
import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { isAboutPerson, policyClassOf, type Action } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import type { HandleKind, Reference } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import type { Plan, Step } from '../../../src/actions/plan.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';
import { Gate, type Decision } from '../../../src/guard/gate.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import { latchLevels, type LatchLevel, type PersonFacts, type Role } from '../../../src/guard/ports.ts';
import { Directory, handClock, levelOf, limitsOf, MemoryEffects, person, policyOf } from './support.ts';

const policy = policyOf();

const ordinary = person('ordinary');
const targets = {
  somebody: ordinary,
  self: 'the requester',
  privileged: person('privileged', { privileged: true }),
  'break-glass': person('break-glass', { breakGlass: true }),
  vip: person('vip', { vip: true }),
  'privileged vip': person('both', { privileged: true, vip: true }),
  guest: person('guest', { guest: true, roles: [] }),
  blocked: person('blocked', { enabled: false }),
} as const satisfies Record<string, PersonFacts | 'the requester'>;
type Target = keyof typeof targets;

const requesters = {
  nobody: person('asker', { roles: [] }),
  employee: person('asker', { roles: ['employee'] }),
  helpdesk: person('asker', { roles: ['employee', 'helpdesk'] }),
  approver: person('asker', { roles: ['employee', 'approver'] }),
  admin: person('asker', { roles: ['employee', 'admin'] }),
  'everything at once': person('asker', { roles: ['employee', 'helpdesk', 'approver', 'admin'] }),
  'a guest with a role': person('asker', { roles: ['employee', 'helpdesk'], guest: true }),
  'a blocked helpdesk': person('asker', { roles: ['employee', 'helpdesk'], enabled: false }),
  'a privileged helpdesk': person('asker', { roles: ['employee', 'helpdesk'], privileged: true }),
} as const satisfies Record<string, PersonFacts>;
type Requester = keyof typeof requesters;

type Verdict = 'run' | 'confirm' | 'second person' | StewardErrorCode;

interface Situation {
  readonly who: Requester;
  readonly action: string;
  readonly target?: Target;
  readonly personal?: boolean;
  readonly level?: LatchLevel;
  readonly untrusted?: boolean;
}

const [LAPTOP, SALES] = [new InternalId('laptop'), new InternalId('sales')];

/** A plan of one step, whatever its parameters are: the gate looks at things, at the target and at a reason. */
function planFor(action: Action, about: PersonFacts): Plan {
  const ids: Partial<Record<HandleKind, InternalId>> = { person: about.id, device: LAPTOP, group: SALES };
  const resolved = Object.fromEntries(
    Object.entries(action.parameters.shape).flatMap(([name, schema]): [string, unknown][] => {
      const kind = z.globalRegistry.get(schema)?.['handle'] as HandleKind | undefined;
      if (kind !== undefined) return [[name, { kind, handle: `${kind}_aaaaaa`, id: ids[kind] ?? new InternalId(kind), label: 'x' }]];
      return name === 'reason' ? [[name, 'x']] : [];
    }),
  );
  const target = action.target === undefined ? undefined : (resolved[action.target] as Reference);
  const step: Step = { callId: 'c', action, proposed: {}, resolved, ...(target && { target }), provenance: {} };
  return { steps: [step], digest: 'd' };
}

async function decide({ who, action: name, target = 'somebody', personal = true, level = 'full', untrusted = false }: Situation): Promise<Decision> {
  const action = catalogue.find(name);
  assert(action, name);
  const requester = requesters[who];
  const resolved = targets[target] === 'the requester' ? requester : targets[target];
  const directory = new Directory(requester, resolved);
  directory.putDevice(LAPTOP, resolved);
  directory.putGroup(SALES, { managed: true, steward: false, roleAssignable: false, dynamic: false, synced: false });
  const gate = new Gate(policy, directory, new KillSwitch(levelOf(level), handClock()), limitsOf(handClock()), new MemoryEffects(handClock()));
  let decision: Decision | undefined;
  const plan = await gate.decidePlan(planFor(action, resolved), { turn: 't', requester, personal, untrusted }, (_, decided) => {
    decision = decided;
  });
  assert(decision);
  // What was recorded is what is done.
  if (decision.kind === 'refuse') assert.equal(plan.kind, 'refused');
  else {
    assert.equal(plan.kind, 'decided');
    assert.equal(plan.kind === 'decided' && plan.run.length, decision.kind === 'run' ? 1 : 0);
    assert.equal(plan.kind === 'decided' && plan.wait.length, decision.kind === 'run' ? 0 : 1);
  }
  return decision;
}

const verdict = (decision: Decision): Verdict => (decision.kind === 'refuse' ? decision.code : decision.kind);

/** Refused to everybody about themselves, whoever asks. */
const FORBIDDEN_SELF: readonly string[] = ['block_sign_in', 'unblock_sign_in', 'wipe_device', 'grant_guest_wifi', 'offboard_person'];

/** What the helpdesk gets for each action of the catalogue, about an ordinary colleague. */
const helpdesk: Readonly<Record<'run' | 'confirm' | 'second person', readonly string[]>> = {
  run: [
    ...['find_person', 'show_person', 'list_mfa_methods', 'list_sign_ins', 'list_groups', 'list_apps', 'list_licences', 'find_group', 'find_device', 'list_devices', 'show_device'],
    ...['list_app_services', 'find_ticket', 'show_ticket', 'list_own_tickets', 'create_ticket', 'comment_on_own_ticket', 'show_service_health'],
    ...['report_stale_devices', 'report_licence_use', 'report_group_members', 'report_open_tickets'],
  ],
  confirm: [
    ...['block_sign_in', 'revoke_sessions', 'assign_licence', 'remove_licence', 'add_to_group', 'remove_from_group', 'sync_device', 'lock_device', 'send_mail'],
    ...['comment_on_ticket', 'assign_ticket', 'close_ticket'],
  ],
  'second person': ['unblock_sign_in', 'wipe_device', 'restart_app_service', 'grant_guest_wifi', 'offboard_person'],
};
/** What everybody gets about themselves; the rest of the catalogue is not theirs. */
const everybody: readonly string[] = ['show_person', 'list_devices', 'list_apps', 'list_mfa_methods', 'list_sign_ins', 'list_own_tickets', 'create_ticket', 'comment_on_own_ticket'];

const table: readonly (readonly [Situation, Verdict])[] = [
  ...Object.entries(helpdesk).flatMap(([answer, names]) => names.map((action): [Situation, Verdict] => [{ who: 'helpdesk', action }, answer as Verdict])),
  ...Object.values(helpdesk).flat().map((action): [Situation, Verdict] => [{ who: 'employee', action, target: 'self' }, everybody.includes(action) ? 'run' : FORBIDDEN_SELF.includes(action) ? 'TARGET_SELF' : 'POLICY_DENIED']),
  // "Helpdesk reads the directory and devices."
  [{ who: 'helpdesk', action: 'find_person' }, 'run'],
  [{ who: 'helpdesk', action: 'show_person' }, 'run'],
  [{ who: 'helpdesk', action: 'list_devices' }, 'run'],
  [{ who: 'helpdesk', action: 'show_person', target: 'privileged' }, 'run'],
  [{ who: 'helpdesk', action: 'list_devices', target: 'break-glass' }, 'run'],
  [{ who: 'helpdesk', action: 'show_person', target: 'vip' }, 'run'],
  [{ who: 'helpdesk', action: 'show_person', target: 'guest' }, 'run'],
  [{ who: 'helpdesk', action: 'show_person', target: 'self' }, 'run'],
  // … and confirms first when others may have written the message.
  [{ who: 'helpdesk', action: 'find_person', untrusted: true }, 'confirm'],
  [{ who: 'helpdesk', action: 'show_person', untrusted: true }, 'confirm'],
  [{ who: 'employee', action: 'show_person', target: 'self', untrusted: true }, 'confirm'],
  // "Everyone sees their own account and devices."
  [{ who: 'employee', action: 'show_person', target: 'self' }, 'run'],
  [{ who: 'employee', action: 'list_devices', target: 'self' }, 'run'],
  [{ who: 'approver', action: 'show_person', target: 'self' }, 'run'],
  [{ who: 'admin', action: 'list_devices', target: 'self' }, 'run'],
  [{ who: 'employee', action: 'show_person' }, 'POLICY_DENIED'],
  [{ who: 'employee', action: 'list_devices' }, 'POLICY_DENIED'],
  [{ who: 'employee', action: 'find_person' }, 'POLICY_DENIED'],
  [{ who: 'approver', action: 'find_person' }, 'POLICY_DENIED'],
  [{ who: 'admin', action: 'find_person' }, 'POLICY_DENIED'],
  [{ who: 'admin', action: 'show_person' }, 'POLICY_DENIED'],
  [{ who: 'nobody', action: 'show_person', target: 'self' }, 'POLICY_DENIED'],
  // "Helpdesk blocks and ends sessions after confirming", and takes back what it did not do itself with a second person.
  [{ who: 'helpdesk', action: 'block_sign_in' }, 'confirm'],
  [{ who: 'helpdesk', action: 'unblock_sign_in' }, 'second person'],
  [{ who: 'helpdesk', action: 'revoke_sessions' }, 'confirm'],
  [{ who: 'helpdesk', action: 'block_sign_in', untrusted: true }, 'confirm'],
  [{ who: 'helpdesk', action: 'unblock_sign_in', target: 'blocked' }, 'second person'],
  [{ who: 'a privileged helpdesk', action: 'block_sign_in' }, 'confirm'],
  // A VIP takes a second person.
  [{ who: 'helpdesk', action: 'block_sign_in', target: 'vip' }, 'second person'],
  [{ who: 'helpdesk', action: 'unblock_sign_in', target: 'vip' }, 'second person'],
  [{ who: 'helpdesk', action: 'revoke_sessions', target: 'vip' }, 'second person'],
  [{ who: 'everything at once', action: 'block_sign_in', target: 'vip' }, 'second person'],
  // Nobody else has effects, whatever their role.
  [{ who: 'nobody', action: 'block_sign_in' }, 'POLICY_DENIED'],
  [{ who: 'employee', action: 'block_sign_in' }, 'POLICY_DENIED'],
  [{ who: 'approver', action: 'block_sign_in' }, 'POLICY_DENIED'],
  [{ who: 'admin', action: 'revoke_sessions' }, 'POLICY_DENIED'],
  [{ who: 'employee', action: 'revoke_sessions', target: 'self' }, 'POLICY_DENIED'],
  // "Steward is switched off."
  [{ who: 'helpdesk', action: 'find_person', level: 'off' }, 'KILLED'],
  [{ who: 'helpdesk', action: 'block_sign_in', level: 'off' }, 'KILLED'],
  [{ who: 'employee', action: 'show_person', target: 'self', level: 'off' }, 'KILLED'],
  // "Steward is in read-only mode."
  [{ who: 'helpdesk', action: 'find_person', level: 'read-only' }, 'run'],
  [{ who: 'helpdesk', action: 'block_sign_in', level: 'read-only' }, 'READ_ONLY'],
  [{ who: 'helpdesk', action: 'unblock_sign_in', level: 'read-only' }, 'READ_ONLY'],
  [{ who: 'helpdesk', action: 'revoke_sessions', target: 'vip', level: 'read-only' }, 'READ_ONLY'],
  // Observe plans, decides and shows the card; the executor makes no effect of it.
  [{ who: 'helpdesk', action: 'find_person', level: 'observe' }, 'run'],
  [{ who: 'helpdesk', action: 'block_sign_in', level: 'observe' }, 'confirm'],
  // "Guests don't ask for actions." "A blocked account doesn't ask for actions."
  [{ who: 'a guest with a role', action: 'find_person' }, 'PERSON_GUEST'],
  [{ who: 'a guest with a role', action: 'block_sign_in' }, 'PERSON_GUEST'],
  [{ who: 'a guest with a role', action: 'show_person', target: 'self' }, 'PERSON_GUEST'],
  [{ who: 'a blocked helpdesk', action: 'find_person' }, 'POLICY_DENIED'],
  [{ who: 'a blocked helpdesk', action: 'block_sign_in' }, 'POLICY_DENIED'],
  // "Actions and personal reads are taken in personal chat only."
  [{ who: 'helpdesk', action: 'find_person', personal: false }, 'PLACE_NOT_PERSONAL'],
  [{ who: 'helpdesk', action: 'block_sign_in', personal: false }, 'PLACE_NOT_PERSONAL'],
  [{ who: 'employee', action: 'show_person', target: 'self', personal: false }, 'PLACE_NOT_PERSONAL'],
  // "Accounts with directory roles … and break-glass accounts are out of reach."
  [{ who: 'helpdesk', action: 'block_sign_in', target: 'privileged' }, 'TARGET_PRIVILEGED'],
  [{ who: 'helpdesk', action: 'unblock_sign_in', target: 'privileged' }, 'TARGET_PRIVILEGED'],
  [{ who: 'helpdesk', action: 'revoke_sessions', target: 'privileged' }, 'TARGET_PRIVILEGED'],
  [{ who: 'helpdesk', action: 'block_sign_in', target: 'break-glass' }, 'TARGET_PRIVILEGED'],
  [{ who: 'helpdesk', action: 'revoke_sessions', target: 'break-glass' }, 'TARGET_PRIVILEGED'],
  [{ who: 'everything at once', action: 'block_sign_in', target: 'privileged vip' }, 'TARGET_PRIVILEGED'],
  [{ who: 'a privileged helpdesk', action: 'revoke_sessions', target: 'self' }, 'TARGET_PRIVILEGED'],
  // "Nobody blocks or unblocks their own account."
  [{ who: 'helpdesk', action: 'block_sign_in', target: 'self' }, 'TARGET_SELF'],
  [{ who: 'helpdesk', action: 'unblock_sign_in', target: 'self' }, 'TARGET_SELF'],
  [{ who: 'everything at once', action: 'unblock_sign_in', target: 'self' }, 'TARGET_SELF'],
  [{ who: 'helpdesk', action: 'revoke_sessions', target: 'self' }, 'confirm'],
];

function title({ who, action, target, personal, level, untrusted }: Situation): string {
  const more = [target && `on ${target}`, personal === false && 'in a group', level && `at ${level}`, untrusted && 'from a message that others wrote in'].filter(Boolean);
  return [who, action, ...more].join(', ');
}

describe('decisions', () => {
  for (const [situation, expected] of table) {
    it(`${title(situation)}: ${expected}`, async () => assert.equal(verdict(await decide(situation)), expected));
  }

  it('has a row for each action of the catalogue, each level and each kind of target', () => {
    for (const { name } of catalogue.all()) assert.ok(table.some(([{ action }]) => action === name), name);
    for (const level of latchLevels) assert.ok(level === 'full' || table.some(([row]) => row.level === level), level);
    for (const target of Object.keys(targets)) assert.ok(target === 'somebody' || table.some(([row]) => row.target === target), target);
    for (const who of Object.keys(requesters)) assert.ok(table.some(([row]) => row.who === who), who);
  });
});

describe('over every requester, action, target, place, level and trust', () => {
  const all: (readonly [Situation, Decision])[] = [];

  before(async function () {
    this.timeout(300_000);
    for (const who of Object.keys(requesters) as Requester[])
      for (const action of catalogue.all())
        for (const target of isAboutPerson(action) ? (Object.keys(targets) as Target[]) : (['somebody'] as const))
          for (const personal of [true, false])
            for (const level of personal ? latchLevels : (['full'] as const))
              for (const untrusted of personal && level === 'full' ? [false, true] : [false]) {
                const situation = { who, action: action.name, target, personal, level, untrusted };
                // What differs by the class alone is asked of the first action of its class in every place and at every level.
                if (!firstOfClass(action) && (!personal || level !== 'full')) continue;
                all.push([situation, await decide(situation)]);
              }
  });

  function firstOfClass(action: Action): boolean {
    return catalogue.all().find((other) => policyClassOf(other) === policyClassOf(action) && isAboutPerson(other) === isAboutPerson(action)) === action;
  }

  /** Every situation that fits must be decided as the claim says. */
  function always(which: (situation: Situation, requester: PersonFacts, target: PersonFacts) => boolean, claim: (verdict: Verdict) => boolean): void {
    let count = 0;
    for (const [situation, decision] of all) {
      const requester = requesters[situation.who];
      const named = targets[situation.target ?? 'somebody'];
      if (!which(situation, requester, named === 'the requester' ? requester : named)) continue;
      count += 1;
      assert.ok(claim(verdict(decision)), `${title(situation)}: ${verdict(decision)}`);
    }
    assert.ok(count > 0, 'no situation fits');
  }
  const refused = (decided: Verdict): boolean => !['run', 'confirm', 'second person'].includes(decided);
  const isRead = (action: string): boolean => catalogue.find(action)?.effect === 'read';
  const classOf = (action: string): string => policyClassOf(catalogue.find(action)!);
  const isAbout = (action: string): boolean => isAboutPerson(catalogue.find(action)!);
  /** Effects beyond one's own tickets. */
  const isEffect = (action: string): boolean => !isRead(action) && classOf(action) !== 'self_service';
  const has = (requester: PersonFacts, role: Role): boolean => requester.roles.includes(role);

  it('nothing is permitted when switched off', () => always(({ level }) => level === 'off', refused));
  it('no effect is permitted in read-only mode', () => always(({ level, action }) => level === 'read-only' && !isRead(action), refused));
  it('nothing is permitted outside personal chat', () => always(({ personal }) => personal === false, refused));
  it('nothing is permitted to a guest or a blocked account', () => always((_, { guest, enabled }) => guest || !enabled, refused));
  it('nothing is permitted without a role', () => always((_, { roles }) => roles.length === 0, refused));
  it('no effect runs without a person’s click, one’s own tickets aside', () => always(({ action }) => isEffect(action), (decided) => decided !== 'run'));
  it('no effect is permitted to anybody but the helpdesk, one’s own tickets aside', () => always(({ action }, requester) => isEffect(action) && !has(requester, 'helpdesk'), refused));
  it('no effect is permitted on a protected account', () => always(({ action }, _, { privileged, breakGlass }) => !isRead(action) && isAbout(action) && (privileged || breakGlass), refused));
  it('nothing destructive is done to a VIP on the requester’s own word', () => always(({ action }, _, { vip }) => ['destructive', 'restore', 'critical'].includes(classOf(action)) && isAbout(action) && vip, (decided) => decided === 'second person' || refused(decided)));
  it('nobody blocks or unblocks themselves, or does to themselves what can’t be taken back', () => always(({ action, target }) => target === 'self' && (action.endsWith('block_sign_in') || classOf(action) === 'critical'), refused));
  it('nothing runs at once from a message that others may have written', () => always(({ untrusted }) => untrusted === true, (decided) => decided !== 'run'));
  it('no error of evaluation happens', () => always(() => true, (decided) => decided !== 'POLICY_EVALUATION_FAILED'));
  it('an employee reads nobody else', () => always(({ action, target }, requester) => target !== 'self' && !(everybody.includes(action) && !isAbout(action)) && !has(requester, 'helpdesk'), refused));
});
