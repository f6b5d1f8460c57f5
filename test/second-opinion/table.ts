/**
 * The policy as a decision table, written from docs/policy.md alone: hold the two next to each other. Nothing here comes from
 * `src`; test/second-opinion/compare.ts asks the real gate the same questions.
 */

export type Class = 'read' | 'sensitive read' | 'self-service' | 'write' | 'destructive' | 'restore' | 'critical';
export type Role = 'employee' | 'helpdesk' | 'approver' | 'admin';
export type Level = 'full' | 'read-only' | 'observe' | 'off';
export type Answer = 'run' | 'confirm' | 'second person' | 'refuse';
/** What has been approved by the time of the question. "second person" means: as well as confirmed. */
export type Approval = 'none' | 'confirmed' | 'second person';

/** The page names six actions on their own; every other action is only its class. */
export type Named = 'show an account' | 'list devices' | 'list apps' | 'list own tickets' | 'block sign-in' | 'unblock sign-in';

export interface Target {
  readonly privileged: boolean;
  readonly breakGlass: boolean;
  readonly vip: boolean;
  /** It is the requester's own account. */
  readonly own: boolean;
  /** It is a device that nobody uses, so none of the above is known. */
  readonly unused: boolean;
}

export interface Group {
  /** The customer put it on the list of those that Steward may change. */
  readonly listed: boolean;
  /** Steward reads one of its roles from this group. */
  readonly stewardRole: boolean;
  readonly roleAssignable: boolean;
  readonly dynamic: boolean;
  readonly synced: boolean;
}

/** Everything under "What decides". */
export interface Facts {
  readonly class: Class;
  readonly named: Named | undefined;
  readonly roles: readonly Role[];
  readonly guest: boolean;
  readonly enabled: boolean;
  readonly target: Target | undefined;
  readonly group: Group | undefined;
  readonly level: Level;
  readonly personal: boolean;
  readonly untrusted: boolean;
  readonly limitReached: boolean;
  readonly justified: boolean;
  readonly ownRecentEffect: boolean;
}

type Holds = (f: Facts) => boolean;

const always: Holds = () => true;
const targeted: Holds = (f) => f.target !== undefined;
const aboutThemselves: Holds = (f) => f.target?.own === true;
const justified: Holds = (f) => f.justified;
const untrusted: Holds = (f) => f.untrusted;
const vipOrUnused: Holds = (f) => f.target?.vip === true || f.target?.unused === true;
const named = (f: Facts, ...names: readonly Named[]): boolean => f.named !== undefined && names.includes(f.named);
const ownShowOrList: Holds = (f) => named(f, 'show an account', 'list devices', 'list apps') && aboutThemselves(f);
const ownTickets: Holds = (f) => named(f, 'list own tickets');

const runOrConfirm = (f: Facts): Answer => (untrusted(f) ? 'confirm' : 'run');

interface Row {
  readonly class: Class;
  readonly role: Role;
  readonly when: Holds;
  readonly answer: (f: Facts) => Answer;
}

/** "Who may", row by row, in the page's order. */
export const WHO_MAY: readonly Row[] = [
  { class: 'read', role: 'helpdesk', when: always, answer: runOrConfirm },
  { class: 'read', role: 'employee', when: ownShowOrList, answer: runOrConfirm },
  { class: 'read', role: 'employee', when: ownTickets, answer: runOrConfirm },
  { class: 'sensitive read', role: 'helpdesk', when: justified, answer: runOrConfirm },
  { class: 'sensitive read', role: 'employee', when: aboutThemselves, answer: runOrConfirm },
  { class: 'self-service', role: 'employee', when: always, answer: runOrConfirm },
  { class: 'write', role: 'helpdesk', when: always, answer: () => 'confirm' },
  { class: 'destructive', role: 'helpdesk', when: targeted, answer: (f) => (vipOrUnused(f) ? 'second person' : 'confirm') },
  { class: 'restore', role: 'helpdesk', when: targeted, answer: (f) => (f.ownRecentEffect ? 'confirm' : 'second person') },
  { class: 'critical', role: 'helpdesk', when: always, answer: () => 'second person' },
];

const everything: Holds = always;
const effects: Holds = (f) => f.class !== 'read' && f.class !== 'sensitive read';

interface Forbid {
  readonly forbid: string;
  readonly holds: Holds;
  readonly concerns: Holds;
}

/** "Nobody, whatever the table above says", row by row, in the page's order. */
export const NOBODY: readonly Forbid[] = [
  { forbid: 'the level is off', holds: (f) => f.level === 'off', concerns: everything },
  { forbid: 'the level is read-only', holds: (f) => f.level === 'read-only', concerns: effects },
  { forbid: 'the requester is a guest', holds: (f) => f.guest, concerns: everything },
  { forbid: "the requester's account is disabled", holds: (f) => !f.enabled, concerns: everything },
  { forbid: 'it was not asked in personal chat', holds: (f) => !f.personal, concerns: everything },
  { forbid: "the action's limit is reached", holds: (f) => f.limitReached, concerns: effects },
  {
    forbid: 'the target is privileged or break-glass',
    holds: (f) => f.target !== undefined && (f.target.privileged || f.target.breakGlass),
    concerns: effects,
  },
  {
    forbid: "the target is the requester's own account",
    holds: aboutThemselves,
    concerns: (f) => f.class === 'critical' || named(f, 'block sign-in', 'unblock sign-in'),
  },
  {
    forbid: "the group is a role group of Steward's, role-assignable, dynamic or synced",
    holds: (f) => f.group !== undefined && (f.group.stewardRole || f.group.roleAssignable || f.group.dynamic || f.group.synced),
    concerns: effects,
  },
  { forbid: "the group is not on the customer's list", holds: (f) => f.group !== undefined && !f.group.listed, concerns: effects },
];

/** From the least that is asked of people to the most. */
export const STRENGTH: readonly Answer[] = ['run', 'confirm', 'second person', 'refuse'];

/**
 * The page's answer: refuse where a forbid holds or no row permits; otherwise the weakest answer that a row gives.
 *
 * @returns one of the four answers; never throws.
 */
export function answer(facts: Facts): Answer {
  if (NOBODY.some((row) => row.concerns(facts) && row.holds(facts))) return 'refuse';
  const given = WHO_MAY.filter((row) => row.class === facts.class && facts.roles.includes(row.role) && row.when(facts)).map((row) =>
    row.answer(facts),
  );
  return STRENGTH.find((each) => given.includes(each)) ?? 'refuse';
}

/** Whether the page permits the step once this much has been approved. */
export function permits(facts: Facts, approval: Approval): boolean {
  const enough: Readonly<Record<Approval, readonly Answer[]>> = {
    none: ['run'],
    confirmed: ['run', 'confirm'],
    'second person': ['run', 'confirm', 'second person'],
  };
  return enough[approval].includes(answer(facts));
}
