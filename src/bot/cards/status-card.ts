import type { LatchReading } from '../../guard/kill-switch.ts';
import type { LatchLevel, RaisedLimit } from '../../guard/ports.ts';
import { usd } from '../commands.ts';
import { actionTitle, en } from '../wording/en.ts';
import { banner, block, clientTime, expand, fact, frame, heading, inert, richText, run, type CardContent, type Tone } from './card.ts';

const words = en.status;

/** What could be read; what could not is left out, but for the latch. */
export interface Standing {
  readonly latch?: Pick<LatchReading, 'level' | 'latch'>;
  /** Requests that wait for people, and those of which nobody knows the outcome. */
  readonly requests?: { readonly pending: number; readonly unknown: number };
  readonly spend?: { readonly monthMicroUsd: number; readonly monthCapMicroUsd: number };
  /** Limits that a second person raised. */
  readonly raised?: readonly RaisedLimit[];
}

const LOOKS: Readonly<Record<LatchLevel, readonly [glyph: string, tone: Tone]>> = { full: ['✓', 'good'], 'read-only': ['◐', 'warning'], observe: ['○', 'warning'], off: ['■', 'attention'] };

/** How Steward stands: the latch, what waits for people, what was spent. */
export function statusCard({ latch, raised = [], requests, spend }: Standing): { readonly content: CardContent; readonly summary: string } {
  const { text, glyph, tone } = levelOf(latch);
  const row = latch?.latch;
  const body = [
    banner([block(`${glyph} ${text}`, { weight: 'Bolder' })], tone),
    heading(words.title),
    ...(row === undefined ? [] : [fact(words.since, [block(clientTime(row.changedAt))])]),
    ...(row === undefined || row.changedByName === '' ? [] : [fact(words.by, [richText(run('${by}'))])]),
    ...(requests === undefined ? [] : [fact(words.waiting, [block(words.pending(requests.pending)), ...(requests.unknown === 0 ? [] : [block(words.unknown(requests.unknown), { spacing: 'None' })])])]),
    ...(spend === undefined ? [] : [fact(words.spendLabel, [block(words.spend(usd(spend.monthMicroUsd), usd(spend.monthCapMicroUsd)))])]),
    ...raised.map(({ action, perHour, until }) => fact(words.limit, [block(words.raised(actionTitle(action), perHour)), block(words.raisedUntil(clientTime(until)), { spacing: 'None' })])),
    ...(requests === undefined || spend === undefined ? [block(words.partly, { isSubtle: true })] : []),
  ];
  return { content: expand(frame(text, body), { by: inert(row?.changedByName ?? '') }), summary: text };
}

function levelOf(latch: Standing['latch']): { readonly text: string; readonly glyph: string; readonly tone: Tone } {
  if (latch === undefined) return { text: words.unreadable, glyph: '?', tone: 'attention' };
  if (latch.latch === undefined) return { text: words.missing, glyph: '■', tone: 'attention' };
  const [glyph, tone] = LOOKS[latch.level];
  return { text: words.line(words.levels[latch.level]), glyph, tone };
}
