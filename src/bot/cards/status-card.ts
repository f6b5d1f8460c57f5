import type { SpendStatus } from '../../guard/ceiling.ts';
import type { LatchReading } from '../../guard/kill-switch.ts';
import type { LatchLevel, RaisedLimit, Role, Stop } from '../../guard/ports.ts';
import { stopsOf } from '../../guard/stops.ts';
import { usd } from '../commands.ts';
import { actionTitle, en } from '../wording/en.ts';
import { banner, block, clientTime, expand, fact, frame, heading, inert, richText, run, type CardContent, type Json, type Tone } from './card.ts';
import { quoted } from './facts.ts';
import { dayInWords, spendChart } from './spend-chart.ts';

const words = en.status;

/** The last check of the ledger: when, with what result, over how many records. */
export interface AuditCheck {
  readonly at: Date;
  readonly holds: boolean;
  readonly records: number;
}

/** What is deployed. None of it is a secret. */
export interface Versions {
  /** Steward’s own, as in package.json. */
  readonly steward: string;
  /** Digests as hexadecimal; the first eight characters are shown. */
  readonly catalogue: string;
  readonly policy: string;
  readonly contract: string;
  readonly configuration: string;
  /** API versions that are pinned, by name. */
  readonly apis: Readonly<Record<string, string>>;
}

/** What could be read. A part that is missing could not be, and the card says so. */
export interface Standing {
  readonly latch?: Pick<LatchReading, 'level' | 'latch'> & Partial<Pick<LatchReading, 'stops' | 'storageNow'>>;
  /** This person's own requests that wait. */
  readonly own?: { readonly pending: number };
  /** Requests that wait for people, and those of which nobody knows the outcome. */
  readonly requests?: { readonly pending: number; readonly unknown: number };
  readonly spend?: SpendStatus;
  /** Limits that a second person raised. */
  readonly raised?: readonly RaisedLimit[];
  /** Whether the robot's identity still gets tokens. */
  readonly robot?: 'ok' | 'revoked' | 'unknown';
  readonly audit?: AuditCheck | 'never';
  readonly versions?: Versions;
}

/** Everybody sees whether Steward is on and what of their own waits; those who work with it also why, and all the rest. */
export type Audience = 'everybody' | 'operators';

const OPERATORS: readonly Role[] = ['helpdesk', 'approver', 'admin'];

/** What a person with these roles is shown. */
export function audienceOf(roles: readonly Role[]): Audience {
  return roles.some((role) => OPERATORS.includes(role)) ? 'operators' : 'everybody';
}

const LOOKS: Readonly<Record<LatchLevel, readonly [glyph: string, tone: Tone]>> = { full: ['✓', 'good'], 'read-only': ['◐', 'warning'], observe: ['○', 'warning'], off: ['■', 'attention'] };
/** Stops that concern everybody; whom or which chat an admin stopped is for those who work with it. */
const PUBLIC_SCOPES: readonly Stop['scope'][] = ['model', 'action'];
const DIGEST_CHARACTERS = 8;
const DETAILS_ID = 'details';
const NO_BREAK = '\u00a0';

/** Makes text from outside data of the template, never part of it; gives the place that it is inserted at. */
type Slot = (text: string) => string;

/** How Steward stands: the latch and what is stopped, what waits for people, what was spent, and behind a button what is deployed. */
export function statusCard(standing: Standing, audience: Audience): { readonly content: CardContent; readonly summary: string } {
  const isOperator = audience === 'operators';
  const { latch, robot } = standing;
  const stops = (latch?.stops ?? []).filter(({ lifted, scope }) => !lifted && (isOperator || PUBLIC_SCOPES.includes(scope)));
  const alerts = [...(robot === 'revoked' ? [words.robotRevoked] : []), ...(isOperator && typeof standing.audit === 'object' && !standing.audit.holds ? [words.ledgerBroken] : [])];
  const { glyph, text, tone } = levelOf(latch, stops.length > 0 || robot === 'revoked', alerts.length > 0);
  const data: Record<string, string> = {};
  const slot: Slot = (outside) => {
    const key = `v${Object.keys(data).length + 1}`;
    data[key] = outside;
    return `\${${key}}`;
  };
  const body = [
    banner([block(`${glyph} ${text}`, { weight: 'Bolder' }), ...alerts.map((alert) => block(alert, { spacing: 'Small' }))], tone),
    heading(words.title),
    ...(isOperator ? latchFacts(latch, slot) : []),
    ...(stops.length === 0 ? [] : [fact(words.stopped, stops.flatMap((stop) => stopLines(stop, isOperator, slot)))]),
    ...(isOperator ? [...operatorFacts(standing), ...details(standing, slot)] : ownFacts(standing)),
  ];
  const content = expand(frame(text, body), data);
  return { content: isOperator ? { ...content, actions: [{ type: 'Action.ToggleVisibility', title: words.details, targetElements: [DETAILS_ID] }] } : content, summary: text };
}

function levelOf(reading: Standing['latch'], isPartly: boolean, hasAlerts: boolean): { readonly text: string; readonly glyph: string; readonly tone: Tone } {
  if (reading === undefined) return { text: words.unreadable, glyph: '?', tone: 'attention' };
  const { latch, level } = reading;
  if (latch === undefined) return { text: words.missing, glyph: '■', tone: 'attention' };
  const [glyph, tone] = LOOKS[level];
  if (latch.seal === 'broken') return { text: words.changedByHand, glyph, tone };
  if (level === 'off' && stopsOf(latch) === 'all') return { text: words.notUnderstood, glyph, tone };
  if (level === 'full' && isPartly) return { text: words.partly, glyph: '◐', tone: 'warning' };
  if (level === 'full' && hasAlerts) return { text: words.line(words.levels.full), glyph: '!', tone: 'warning' };
  return { text: words.line(words.levels[level]), glyph, tone };
}

/** Since when, by whom and why. Of a row that somebody changed by hand nothing is repeated: they may have written anything. */
function latchFacts(reading: Standing['latch'], slot: Slot): readonly Json[] {
  const latch = reading?.latch;
  if (reading === undefined || latch === undefined || latch.seal === 'broken') return [];
  // What was stopped here a moment ago is not in the row that was read.
  if (latch.level !== reading.level) return stopsOf(latch) === 'all' ? [] : [block(words.notKept)];
  const byHand = latch.seal === 'not needed' ? [run(latch.changedByName === '' ? words.byHand : ` (${words.byHand})`)] : [];
  const by = [...(latch.changedByName === '' ? [] : [run(slot(inert(latch.changedByName)))]), ...byHand];
  return [
    fact(words.since, [block(clientTime(latch.changedAt))]),
    ...(by.length === 0 ? [] : [fact(words.by, [richText(...by)])]),
    ...(isNoReason(latch.reason) || latch.level === 'full' ? [] : [fact(words.why, [richText(run(slot(quoted(latch.reason))))])]),
  ];
}

/** What is stopped, and for those who work with it since when, by whom and why. */
function stopLines(stop: Stop, isOperator: boolean, slot: Slot): readonly Json[] {
  const what = richText(run(slot(nameOf(stop)), { weight: 'Bolder' }));
  if (!isOperator) return [what];
  const by = stop.by === 'storage' ? words.stoppedByHand : stop.byName === '' ? '' : words.stoppedBy(inert(stop.byName));
  return [
    what,
    block(words.stoppedSince(clientTime(stop.at)), { isSubtle: true, spacing: 'None' }),
    ...[by, isNoReason(stop.reason) ? '' : quoted(stop.reason)].filter((text) => text !== '').map((text) => ({ ...(richText(run(slot(text), { isSubtle: true })) as object), spacing: 'None' })),
  ];
}

/** A command without a reason leaves its own name. */
function isNoReason(reason: string): boolean {
  return reason === '' || reason === 'kill';
}

function nameOf({ key, label, scope }: Stop): string {
  if (scope === 'action') return actionTitle(key);
  return scope === 'person' ? inert(label) || words.somebody : words.things[scope];
}

function ownFacts({ own }: Standing): readonly Json[] {
  return [fact(words.waiting, [own === undefined ? notRead() : block(words.ownPending(own.pending))])];
}

function operatorFacts({ latch, own, raised, requests, robot, spend }: Standing): readonly Json[] {
  const waiting = requests === undefined ? [notRead()] : [block(words.pending(requests.pending)), ...(requests.unknown === 0 ? [] : [block(words.unknown(requests.unknown), { spacing: 'None' })])];
  const mine = own === undefined || own.pending === 0 ? [] : [block(words.ownPending(own.pending), { spacing: 'None' })];
  const limits = raised === undefined ? [fact(words.limits, [notRead()])] : raised.map(({ action, perHour, until }) => fact(words.limit, [block(words.raised(actionTitle(action), perHour)), block(words.raisedUntil(clientTime(until)), { spacing: 'None' })]));
  return [
    ...(robot === 'unknown' ? [fact(words.robot, [block(words.robots.unknown)])] : []),
    fact(words.waiting, [...waiting, ...mine]),
    ...limits,
    ...(spend === undefined ? [fact(words.spendLabel, [notRead()])] : [fact(words.spendLabel, spendLines(spend)), ...spendChart(spend)]),
    ...(spend?.model.retiresSoon === true ? [fact(words.model, [block(retirement(spend.model.retires, latch?.storageNow))])] : []),
  ];
}

function retirement(retires: string, now: Date | undefined): string {
  const day = dayInWords(retires, { year: 'numeric' });
  return now !== undefined && now.getTime() >= Date.parse(retires) ? words.retired(day) : words.retires(day);
}

function spendLines({ heldBackMicroUsd, monthCapMicroUsd, monthMicroUsd }: SpendStatus): readonly Json[] {
  return [block(words.spend(usd(monthMicroUsd), usd(monthCapMicroUsd))), ...(heldBackMicroUsd === 0 ? [] : [block(words.heldBack(usd(heldBackMicroUsd)), { isSubtle: true, spacing: 'None' })])];
}

/** What one looks up once a month stands behind a button. */
function details({ audit, robot, spend, versions }: Standing, slot: Slot): readonly Json[] {
  const items = [
    ...(robot === 'unknown' ? [] : [fact(words.robot, [robot === undefined ? notRead() : block(words.robots[robot])])]),
    ...auditFacts(audit),
    ...(spend === undefined ? [] : [fact(words.caps, [block(words.capsText(usd(spend.personDayCapMicroUsd), usd(spend.turnCapMicroUsd)))]), fact(words.model, [richText(run(slot(inert(spend.model.name))))])]),
    fact(words.versions, versions === undefined ? [notRead()] : versionLines(versions, slot)),
  ];
  return [{ type: 'Container', id: DETAILS_ID, isVisible: false, separator: true, spacing: 'Medium', items }];
}

function auditFacts(audit: Standing['audit']): readonly Json[] {
  if (audit === undefined) return [fact(words.audit, [notRead()])];
  if (audit === 'never') return [fact(words.audit, [block(words.auditNever)])];
  const records = audit.records.toLocaleString('en-GB');
  return [fact(words.audit, [block(audit.holds ? words.auditHolds(records) : words.auditBroken(records)), block(words.checked(clientTime(audit.at)), { isSubtle: true, spacing: 'None' })])];
}

function versionLines({ apis, steward, ...digests }: Versions, slot: Slot): readonly Json[] {
  const parts = Object.entries(words.digests).map(([name, label]) => `${label}${NO_BREAK}${digests[name as keyof typeof digests].slice(0, DIGEST_CHARACTERS)}`); // Our own names, listed above.
  const pinned = Object.entries(apis).map(([name, version]) => `${name}${NO_BREAK}${version}`);
  return [words.steward(steward), parts.join(' · '), `${words.apis}: ${pinned.join(' · ')}`].map((text, index) => ({ ...(richText(run(slot(text), { isSubtle: index > 0 })) as object), spacing: index === 0 ? 'Default' : 'None' }));
}

function notRead(): Json {
  return block(words.notRead, { isSubtle: true });
}
