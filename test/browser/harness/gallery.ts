/** Every kind and state of card that Steward shows, made by the code that makes them for Teams. */
import assert from 'node:assert/strict';
import type { Action } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { approvalCard } from '../../../src/bot/cards/approval-card.ts';
import type { CardContent } from '../../../src/bot/cards/card.ts';
import { drillCard } from '../../../src/bot/cards/drill-card.ts';
import { helpCard, welcomeCard } from '../../../src/bot/cards/help-card.ts';
import { pickCard, pickedCard } from '../../../src/bot/cards/pick-card.ts';
import { resultCard } from '../../../src/bot/cards/result-card.ts';
import { statusCard, type Audience, type Standing } from '../../../src/bot/cards/status-card.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { apiVersions } from '../../../src/clients/api-versions.ts';
import type { ApprovalRecord, ApprovalState, ApprovalSubject, StepOutcome } from '../../../src/guard/approval.ts';
import type { SpendStatus } from '../../../src/guard/ceiling.ts';
import type { DrillResult } from '../../../src/guard/drill.ts';
import type { Permitted } from '../../../src/guard/gate.ts';
import type { Latch, LatchLevel, Stop } from '../../../src/guard/ports.ts';
import { ANNA, BOB, NOW_MS, record, storedStep, type StepWords } from '../../unit/bot/support.ts';

export interface Exhibit {
  readonly name: string;
  readonly content: CardContent;
  /** What the strip over the card must say in words. */
  readonly state?: string;
  /** Holds names that try to be more than names. */
  readonly hostile?: boolean;
}

const STATES: readonly ApprovalState[] = ['pending', 'approved', 'executing', 'succeeded', 'failed', 'unknown', 'denied', 'expired', 'withdrawn', 'killed'];
const DECIDED: ReadonlySet<ApprovalState> = new Set<ApprovalState>(['approved', 'executing', 'succeeded', 'failed', 'unknown', 'denied']);
const OUTCOMES: Partial<Readonly<Record<ApprovalState, readonly [one: StepOutcome, ...several: StepOutcome[]]>>> = {
  executing: ['running', 'done', 'running', 'waiting'],
  succeeded: ['done', 'done', 'done', 'done'],
  failed: ['failed', 'done', 'failed', 'not run'],
  unknown: ['unknown', 'done', 'unknown', 'not run'],
};

export const LONG_WORD = 'Donaudampfschifffahrtsgesellschaft'.repeat(6).slice(0, 200);
/** Names as outsiders may choose them, each with what a client might make of it. */
export const HOSTILE_NAMES: Readonly<Record<string, string>> = {
  long: 'Maximiliana Konstantina Schmidt-Wolkenstein von und zu Hohenlohe-Langenburg-Schillingsfürst',
  unbroken: LONG_WORD,
  direction: 'Anna \u202egpj.exe\u202c Weber',
  template: '{{DATE(2020-01-02T03:04:05Z, SHORT)}} ${$root.reference} ${reference}',
  markdown: '**Anna** [click here](https://evil.example/a) _Weber_ `code` # Heading',
  html: '<b>Anna</b> <at>everyone</at> <img src=x onerror=alert(1)>',
  emoji: '👩🏽‍💻 Anna 🧯✅ Weber',
};

function requestIn(state: ApprovalState, by: ApprovalRecord['by'], steps = 1, words: StepWords = {}, changes: Partial<ApprovalRecord> = {}): ApprovalRecord {
  const actions = ['block_sign_in', 'revoke_sessions', 'unblock_sign_in'];
  return record({
    state,
    by,
    subject: {
      kind: 'steps',
      steps: Array.from({ length: steps }, (_, index) => {
        const outcome = OUTCOMES[state]?.[steps === 1 ? 0 : index + 1] ?? 'waiting';
        const problem = outcome === 'failed' ? ({ problem: 'SYSTEM_REFUSED' } as const) : outcome === 'unknown' ? ({ problem: 'SYSTEM_OUTCOME_UNKNOWN' } as const) : {};
        return storedStep({ reason: 'her laptop was stolen on the train this morning', context: ['Sales manager', 'Sales', 'anna.weber@contoso.com'], ...words }, { action: actions[index] ?? 'block_sign_in', outcome, ...problem });
      }),
    },
    ...(DECIDED.has(state) && { decidedBy: BOB, decidedByName: words.name ?? (by === 'requester' ? 'Bob Brandt' : 'Clara Conrad'), decidedAt: new Date(NOW_MS) }),
    ...changes,
  });
}

/** One action over several people: what was done of it, and whether it went wrong then. */
function overMany(count: number, state: ApprovalState, done = 0, changes: Partial<ApprovalRecord> = {}): ApprovalRecord {
  const names = ['Anna Weber', 'Hiroshi Haddad', 'Maximiliana Schmidt-Wolkenstein', 'Bo Li', 'Siobhán Ní Bhraonáin'];
  const jobs = ['Sales manager · Sales · Berlin, Haus 3', 'Support Analyst · Customer Support · Toronto 2.68', 'Engineer · Engineering'];
  const outcomeAt = (index: number): StepOutcome => {
    if (index < done) return 'done';
    if (state === 'executing') return index === done ? 'running' : 'waiting';
    return state === 'failed' ? (index === done ? 'failed' : 'not run') : 'waiting';
  };
  const steps = Array.from({ length: count }, (_, index) => {
    const outcome = outcomeAt(index);
    return storedStep({ name: names[index % names.length] ?? '', reason: 'a phishing mail reached the whole team this morning', context: [jobs[index % jobs.length] ?? '', `person.${index + 1}@contoso.com`] }, { outcome, ...(outcome === 'failed' && { problem: 'SYSTEM_REFUSED' as const }) });
  });
  return record({ state, subject: { kind: 'steps', steps }, ...(DECIDED.has(state) && { decidedBy: BOB, decidedByName: 'Bob Brandt', decidedAt: new Date(NOW_MS) }), ...changes });
}

const raise = (state: ApprovalState): ApprovalRecord =>
  record({ state, by: 'second person', subject: { kind: 'raise', action: 'block_sign_in', perHour: 60, reason: 'a phishing wave hit the sales team' }, ...(DECIDED.has(state) && { decidedBy: ANNA, decidedByName: 'Anna Weber', decidedAt: new Date(NOW_MS) }) });

const DENY_REASON = 'Victor told me on the phone that the laptop was in his bag all along, so please ask him again first.';
const settledBy = (outcome: 'done' | 'not done'): Partial<ApprovalRecord> => ({ settlement: { outcome, by: ANNA, byName: 'Anna Weber', at: new Date(NOW_MS) } });

const revive = (state: ApprovalState, changes: Partial<Extract<ApprovalSubject, { kind: 'revive' }>> = {}): ApprovalRecord =>
  record({ state, by: 'second person', subject: { kind: 'revive', reason: 'the drill is over and the audit found nothing', what: { scope: 'all', level: 'full' }, stillStopped: [], ...changes }, ...(DECIDED.has(state) && { decidedBy: ANNA, decidedByName: 'Anna Weber', decidedAt: new Date(NOW_MS) }) });

const records = (state: ApprovalState, changes: Partial<Extract<ApprovalSubject, { kind: 'records' }>> = {}): ApprovalRecord =>
  record({ state, by: 'second person', subject: { kind: 'records', change: 'erase', reason: 'she asked for it in writing on 3 November', person: 'd'.repeat(64), label: 'Maria Weber', context: ['Sales manager', 'Sales', 'maria.weber@contoso.com'], ...changes }, ...(DECIDED.has(state) && { decidedBy: ANNA, decidedByName: 'Anna Weber', decidedAt: new Date(NOW_MS) }) });

const permitted = (name: string, kind: Permitted['kind'], own = false): Permitted => ({ action: actionOf(name), kind, own });
const HELPDESK: readonly Permitted[] = [permitted('find_person', 'run'), permitted('show_person', 'run'), permitted('list_devices', 'run'), permitted('block_sign_in', 'confirm'), permitted('unblock_sign_in', 'confirm'), permitted('revoke_sessions', 'confirm')];
const EMPLOYEE: readonly Permitted[] = [permitted('show_person', 'run', true), permitted('list_devices', 'run', true)];
/** A catalogue that has grown: thirty actions, some of which take two people. */
const MANY: readonly Permitted[] = Array.from({ length: 30 }, (_, index) => {
  const each = HELPDESK[index % HELPDESK.length];
  assert(each !== undefined);
  return index >= 24 ? { ...each, kind: 'second person' as const } : each;
});

function actionOf(name: string): Action {
  const action = catalogue.find(name);
  assert(action !== undefined, name);
  return action;
}

const anna = (label = 'Anna Weber'): object => ({ kind: 'person', id: ANNA, label });
const device = (index: number, label = ['LAPTOP-AWEBER-01', 'iPhone von Anna', 'WS-SALES-0042', 'anna-macbook'][index % 4] ?? ''): Readonly<Record<string, unknown>> => ({
  device: { kind: 'device', id: BOB, label },
  platform: ['windows', 'ios', 'windows', 'macos'][index % 4],
  compliance: ['compliant', 'noncompliant', 'other'][index % 3],
  last_sync: index % 5 === 4 ? undefined : new Date(NOW_MS - index * 86_400_000),
  model: ['Latitude 7440', 'iPhone 15 Pro', 'OptiPlex 7010', 'MacBook Air (M3)'][index % 4],
  os_version: ['10.0.26100.1742', '18.1', '10.0.22631.4317', '15.1'][index % 4],
  serial_number: ['PF3ABC12', 'F2LXK9QHN7', '9JH2LM3', 'C02ZK1ABMD6T'][index % 4],
});
const devices = (count: number, more = false, label?: string): CardContent => resultCard(actionOf('list_devices'), { person: anna(label), devices: Array.from({ length: count }, (_, index) => device(index, label)), more_matches: more }).content;
const account = (label = 'Anna Weber', text?: string): CardContent =>
  resultCard(actionOf('show_person'), { person: anna(label), sign_in: 'blocked', account: 'member', manager: anna(text ?? 'Clara Conrad'), job_title: text ?? 'Sales manager', department: text ?? 'Sales', office: text ?? 'Berlin, Haus 3', user_name: text ?? 'anna.weber@contoso.com', mail: text ?? 'anna.weber@contoso.com' }).content;
const matches = (name: (index: number) => string, count = 4): CardContent => pickCard('p'.repeat(20), Array.from({ length: count }, (_, index) => ({ name: name(index), context: [['Sales manager', 'Engineer', 'Guest'][index % 3] ?? '', ['Sales', 'Engineering', 'Partners'][index % 3] ?? '', `anna.weber${index}@contoso.com`] })));

const daily = (count: number): SpendStatus['days'] => Array.from({ length: count }, (_, index) => ({ day: new Date(NOW_MS - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10), microUsd: (index * 1_370_000) % 4_100_000 }));
const SPEND: SpendStatus = { monthMicroUsd: 12_340_000, monthCapMicroUsd: 250_000_000, heldBackMicroUsd: 25_000_000, days: daily(4), model: { name: 'gpt-4.1-mini', retires: '2026-10-14', retiresSoon: false }, turnCapMicroUsd: 500_000, personDayCapMicroUsd: 5_000_000 };
const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const VERSIONS: NonNullable<Standing['versions']> = { steward: '0.1.0', catalogue: DIGEST, policy: DIGEST, contract: DIGEST, configuration: DIGEST, apis: apiVersions };
const stop = (scope: Stop['scope'], changes: Partial<Stop> = {}): Stop => ({ scope, key: scope === 'action' ? 'block_sign_in' : 'k', label: scope === 'person' ? 'Victor Almeida' : '', epoch: 1, at: new Date(NOW_MS), by: 'd', byName: 'Clara Conrad', reason: 'he blocked four people within a minute', lifted: false, ...changes });
const standing = (level: LatchLevel, changes: Standing & { readonly row?: Partial<Latch> } = {}): Standing => {
  const { row, ...others } = changes;
  return {
    latch: { level, latch: { level, epoch: 4, changedAt: new Date(NOW_MS), changedBy: 'd', changedByName: 'Clara Conrad', reason: 'drill', seal: 'holds', ...row }, stops: [] },
    own: { pending: 1 },
    requests: { pending: level === 'full' ? 3 : 0, unknown: level === 'read-only' ? 1 : 0 },
    spend: SPEND,
    raised: [],
    robot: 'ok',
    audit: { at: new Date(NOW_MS), holds: true, records: 12_345 },
    versions: VERSIONS,
    ...others,
  };
};
const status = (name: string, state: string, given: Standing, audience: Audience = 'operators'): Exhibit => ({ name: `status-${name}`, content: statusCard(given, audience).content, state });
const stopped = (...stops: readonly Stop[]): Standing => ({ latch: { ...standing('full').latch!, stops } });
/** As after the button for the rest was pressed. */
const opened = (content: CardContent): CardContent => JSON.parse(JSON.stringify(content).replaceAll('"isVisible":false', '"isVisible":true')) as CardContent;
const drill = (elsewhereMaxMs: number): DrillResult => ({ rounds: 5, here: { p50Ms: 0.4, maxMs: 1.2 }, elsewhere: { p50Ms: 512.3, maxMs: elsewhereMaxMs }, storedMs: 38.9, boundMs: 1_000, ok: elsewhereMaxMs <= 1_000 });

const waiting = (by: ApprovalRecord['by']): string => en.card.waiting[by];
const request = (name: string, one: ApprovalRecord): Exhibit => ({ name, content: approvalCard(one).content, state: one.state === 'pending' ? waiting(one.by) : en.card.state[one.state] });

/** All of them. Names are file names. */
export const gallery: readonly Exhibit[] = [
  { name: 'welcome', content: welcomeCard({ roles: ['employee', 'helpdesk'] }, { permitted: HELPDESK, hasArticles: true }).content },
  { name: 'help-employee', content: helpCard({ roles: ['employee'] }, { permitted: EMPLOYEE, hasArticles: true }).content },
  { name: 'help-helpdesk', content: helpCard({ roles: ['employee', 'helpdesk'] }, { permitted: HELPDESK, hasArticles: true }).content },
  { name: 'help-approver', content: helpCard({ roles: ['employee', 'approver'] }, { permitted: EMPLOYEE, hasArticles: true }).content },
  { name: 'help-admin', content: helpCard({ roles: ['employee', 'helpdesk', 'approver', 'admin'] }, { permitted: HELPDESK, hasArticles: true }).content },
  { name: 'help-officer', content: helpCard({ roles: ['employee', 'data protection'] }, { permitted: EMPLOYEE, hasArticles: true }).content },
  { name: 'help-nothing', content: helpCard({ roles: [] }, { permitted: [], hasArticles: true }).content },
  { name: 'help-many', content: helpCard({ roles: ['employee', 'helpdesk', 'admin'] }, { permitted: MANY, hasArticles: true }).content },
  { name: 'result-account', content: account() },
  { name: 'result-person', content: resultCard(actionOf('find_person'), { people: [{ person: anna(), sign_in: 'allowed', account: 'member', job_title: 'Sales manager', department: undefined, user_name: 'anna.weber@contoso.com' }], more_matches: false }).content },
  { name: 'result-devices-none', content: devices(0) },
  { name: 'result-devices-1', content: devices(1) },
  { name: 'result-devices-3', content: devices(3) },
  { name: 'result-devices-25', content: devices(25, true) },
  { name: 'pick', content: matches(() => 'Anna Weber') },
  { name: 'picked', content: pickedCard(en.pick.picked('Anna Weber')) },
  ...(['requester', 'second person'] as const).flatMap((by) => STATES.map((state) => request(`approval-${by === 'requester' ? 'own' : 'second'}-${state}`, requestIn(state, by)))),
  { name: 'approval-viewing', content: approvalCard(requestIn('pending', 'second person'), { purpose: 'look' }).content, state: waiting('second person') },
  { name: 'approval-viewing-denied', content: approvalCard(requestIn('denied', 'second person', 1, {}, { denyReason: DENY_REASON }), { purpose: 'look' }).content, state: en.card.state.denied },
  { name: 'approval-viewing-done', content: approvalCard(requestIn('succeeded', 'second person'), { purpose: 'look' }).content, state: en.card.state.succeeded },
  { name: 'settle', content: approvalCard(requestIn('unknown', 'requester'), { purpose: 'settle' }).content, state: en.card.state.unknown },
  { name: 'settle-done', content: approvalCard(requestIn('unknown', 'requester', 1, {}, settledBy('done')), { purpose: 'settle' }).content, state: en.card.settled.done },
  { name: 'settled-not-done', content: approvalCard(requestIn('unknown', 'requester', 1, {}, settledBy('not done'))).content, state: en.card.settled['not done'] },
  ...(['pending', 'succeeded', 'denied'] as const).map((state) => request(`raise-${state}`, raise(state))),
  ...[3, 25].flatMap((count) => [
    request(`people-${count}-pending`, overMany(count, 'pending')),
    request(`people-${count}-halfway`, overMany(count, 'executing', Math.floor(count / 2))),
    { name: `people-${count}-failed`, content: approvalCard(overMany(count, 'failed', Math.floor(count / 2))).content, state: en.card.partly },
  ]),
  request('people-3-second', overMany(3, 'pending', 0, { by: 'second person' })),
  request('people-3-done', overMany(3, 'succeeded', 3)),
  { name: 'approval-observed', content: approvalCard(record({ state: 'succeeded', decidedByName: 'Bob Brandt', decidedAt: new Date(NOW_MS), subject: { kind: 'steps', steps: [storedStep({}, { outcome: 'observed' })] } })).content, state: en.card.observed },
  ...STATES.map((state) => request(`approval-steps-${state}`, requestIn(state, 'requester', 3))),
  ...(['pending', 'succeeded', 'denied'] as const).map((state) => request(`revive-${state}`, revive(state))),
  request('revive-model', revive('pending', { what: { scope: 'model', key: '', label: '', epoch: 1 } })),
  request('revive-action', revive('pending', { what: { scope: 'action', key: 'block_sign_in', label: '', epoch: 1 }, stillStopped: [en.kill.names.model] })),
  request('revive-person', revive('pending', { what: { scope: 'person', key: 'k', label: 'Victor Almeida', epoch: 1 } })),
  request('revive-here', revive('succeeded', { what: { scope: 'conversation', key: 'k', label: '', epoch: 1 } })),
  request('revive-read-only', revive('pending', { what: { scope: 'all', level: 'read-only' }, stillStopped: [en.kill.names.model, en.kill.names.action('Block sign-in'), 'Victor Almeida'] })),
  ...(['pending', 'succeeded', 'failed', 'denied'] as const).map((state) => request(`erase-${state}`, records(state))),
  request('release-pending', records('pending', { change: 'release', label: en.records.byDigest('d'.repeat(64)), context: [] })),
  request('revive-emergency', { ...revive('succeeded'), breakGlass: true }),
  ...(['full', 'read-only', 'observe', 'off'] as const).map((level) => status(level, en.status.levels[level], standing(level))),
  status('everybody', en.status.levels.full, standing('full'), 'everybody'),
  status('everybody-stopped', en.status.partly, standing('full', stopped(stop('model'), stop('action'), stop('person'))), 'everybody'),
  status('stopped', en.status.partly, standing('full', stopped(stop('model', { by: 'storage', byName: '', reason: '' }), stop('action'), stop('person'), stop('conversation', { reason: '' })))),
  (({ content, ...rest }: Exhibit): Exhibit => ({ ...rest, content: opened(content) }))(status('details', en.status.levels.full, standing('full', { spend: { ...SPEND, days: daily(28), model: { ...SPEND.model, retiresSoon: true } }, raised: [{ action: 'block_sign_in', perHour: 60, until: new Date(NOW_MS) }] }))),
  status('by-hand', en.status.changedByHand, standing('off', { row: { level: 'full', seal: 'broken' } })),
  status('by-cli', en.status.levels.off, standing('off', { row: { seal: 'not needed' } })),
  status('trouble', en.status.partly, standing('full', { robot: 'revoked', audit: { at: new Date(NOW_MS), holds: false, records: 12_345 } })),
  status('unreadable', en.status.unreadable, {}),
  status('unreadable-everybody', en.status.unreadable, {}, 'everybody'),
  status('missing', en.status.missing, { ...standing('off'), latch: { level: 'off', latch: undefined } }),
  { name: 'drill', content: drillCard(drill(843.7)).content, state: en.drill.inTime },
  { name: 'drill-slow', content: drillCard(drill(Number.POSITIVE_INFINITY)).content, state: en.drill.tooSlow },
  ...Object.entries(HOSTILE_NAMES).flatMap(([what, name]): readonly Exhibit[] => [
    { name: `hostile-${what}-approval`, content: approvalCard(requestIn('pending', 'second person', 1, { name, reason: name.repeat(3), context: [name, name] }, { requesterName: name })).content, hostile: true },
    { name: `hostile-${what}-denied`, content: approvalCard(requestIn('denied', 'requester', 1, { name, reason: name, context: [name] }, { requesterName: name })).content, hostile: true },
    { name: `hostile-${what}-reason`, content: approvalCard(requestIn('denied', 'second person', 1, { name, reason: name, context: [name] }, { denyReason: name })).content, hostile: true },
    { name: `hostile-${what}-people`, content: approvalCard(overMany(3, 'failed', 1, { subject: { kind: 'steps', steps: (['done', 'failed', 'not run'] as const).map((outcome) => storedStep({ name, reason: name, context: [name] }, { outcome, ...(outcome === 'failed' && { problem: 'SYSTEM_REFUSED' as const }) })) } })).content, hostile: true },
    { name: `hostile-${what}-devices`, content: devices(3, false, name), hostile: true },
    { name: `hostile-${what}-account`, content: account(name, name), hostile: true },
    { name: `hostile-${what}-pick`, content: matches(() => name, 10), hostile: true },
    { name: `hostile-${what}-status`, content: opened(statusCard(standing('off', { latch: { ...standing('off', { row: { changedByName: name, reason: name } }).latch!, stops: [stop('person', { label: name, byName: name, reason: name })] } }), 'operators').content), hostile: true },
    { name: `hostile-${what}-erase`, content: approvalCard(records('pending', { label: name, context: [name, name], reason: name })).content, hostile: true },
    { name: `hostile-${what}-revive`, content: approvalCard(revive('pending', { what: { scope: 'person', key: 'k', label: name, epoch: 1 }, stillStopped: [name, name], reason: name })).content, hostile: true },
  ]),
];
