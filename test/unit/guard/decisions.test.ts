/** Who may do what and when, as a table beside `policy.cedar`; and what holds over every row that could be written. */
import assert from 'node:assert/strict';
import type { Action } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { HandleBook } from '../../../src/actions/handles.ts';
import { parsePlan, type Plan } from '../../../src/actions/plan.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';
import { Gate, type Decision } from '../../../src/guard/gate.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import { latchLevels, type LatchLevel, type PersonFacts, type Role } from '../../../src/guard/ports.ts';
import { Directory, handClock, levelOf, limitsOf, MemoryEffects, person, policyOf, START_MS } from './support.ts';

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

function planFor(action: Action, target: PersonFacts | undefined): Plan {
  const handles = new HandleBook([], START_MS);
  const given = Object.fromEntries(Object.keys(action.parameters.shape).map((name) => [name, name === action.target && target ? handles.mint('person', target.id, target.displayName, START_MS) : 'x']));
  return parsePlan([{ id: 'c', type: 'function', function: { name: action.name, arguments: JSON.stringify(given) } }], { catalogue, handles, words: [], nowMs: START_MS });
}

async function decide({ who, action: name, target = 'somebody', personal = true, level = 'full', untrusted = false }: Situation): Promise<Decision> {
  const action = catalogue.find(name);
  assert(action, name);
  const requester = requesters[who];
  const resolved = targets[target] === 'the requester' ? requester : targets[target];
  const gate = new Gate(policy, new Directory(requester, resolved), new KillSwitch(levelOf(level), handClock()), limitsOf(handClock()), new MemoryEffects(handClock()));
  let decision: Decision | undefined;
  const plan = await gate.decidePlan(planFor(action, action.target === undefined ? undefined : resolved), { turn: 't', requester, personal, untrusted }, (_, decided) => {
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

const table: readonly (readonly [Situation, Verdict])[] = [
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
    this.timeout(60_000);
    for (const who of Object.keys(requesters) as Requester[])
      for (const { name: action, target: takesTarget } of catalogue.all())
        for (const target of takesTarget === undefined ? (['somebody'] as const) : (Object.keys(targets) as Target[]))
          for (const personal of [true, false])
            for (const level of personal ? latchLevels : (['full'] as const))
              for (const untrusted of personal && level === 'full' ? [false, true] : [false]) {
                const situation = { who, action, target, personal, level, untrusted };
                all.push([situation, await decide(situation)]);
              }
  });

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
  const has = (requester: PersonFacts, role: Role): boolean => requester.roles.includes(role);

  it('nothing is permitted when switched off', () => always(({ level }) => level === 'off', refused));
  it('no effect is permitted in read-only mode', () => always(({ level, action }) => level === 'read-only' && !isRead(action), refused));
  it('nothing is permitted outside personal chat', () => always(({ personal }) => personal === false, refused));
  it('nothing is permitted to a guest or a blocked account', () => always((_, { guest, enabled }) => guest || !enabled, refused));
  it('nothing is permitted without a role', () => always((_, { roles }) => roles.length === 0, refused));
  it('no effect runs without a person’s click', () => always(({ action }) => !isRead(action), (decided) => decided !== 'run'));
  it('no effect is permitted to anybody but the helpdesk', () => always(({ action }, requester) => !isRead(action) && !has(requester, 'helpdesk'), refused));
  it('no effect is permitted on a protected account', () => always(({ action }, _, { privileged, breakGlass }) => !isRead(action) && (privileged || breakGlass), refused));
  it('no effect on a VIP is permitted on the requester’s own word', () => always(({ action }, _, { vip }) => !isRead(action) && vip, (decided) => decided === 'second person' || refused(decided)));
  it('nobody blocks or unblocks themselves', () => always(({ action, target }) => target === 'self' && action.endsWith('block_sign_in'), refused));
  it('nothing runs at once from a message that others may have written', () => always(({ untrusted }) => untrusted === true, (decided) => decided !== 'run'));
  it('no error of evaluation happens', () => always(() => true, (decided) => decided !== 'POLICY_EVALUATION_FAILED'));
  it('an employee reads nobody else', () => always(({ target }, requester) => target !== 'self' && !has(requester, 'helpdesk'), refused));
});
