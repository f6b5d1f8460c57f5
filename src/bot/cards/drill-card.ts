import type { DrillResult } from '../../guard/drill.ts';
import { en } from '../wording/en.ts';
import { banner, block, expand, fact, frame, heading, type CardContent } from './card.ts';

const words = en.drill;

/** How fast a stop took hold, measured on the deployed latch with a step that does nothing. */
export function drillCard({ boundMs, elsewhere, here, ok, rounds, storedMs }: DrillResult): { readonly content: CardContent; readonly summary: string } {
  const text = ok ? words.inTime : words.tooSlow;
  const body = [
    banner([block(`${ok ? '✓' : '✗'} ${text}`, { weight: 'Bolder' })], ok ? 'good' : 'attention'),
    heading(words.title),
    block(words.what(rounds), { spacing: 'Small' }),
    fact(words.here, [block(words.took(timeOf(here.p50Ms), timeOf(here.maxMs)))]),
    fact(words.elsewhere, [block(words.took(timeOf(elsewhere.p50Ms), timeOf(elsewhere.maxMs))), block(words.bound(timeOf(boundMs)), { isSubtle: true, spacing: 'None' })]),
    fact(words.stored, [block(words.atMost(timeOf(storedMs)))]),
    ...(ok ? [] : [block(words.next, { separator: true })]),
  ];
  return { content: expand(frame(text, body), {}), summary: text };
}

/** In whole milliseconds, rounded up; what never happened has no time. */
function timeOf(ms: number): string {
  return Number.isFinite(ms) ? words.ms(Math.ceil(ms)) : words.never;
}
