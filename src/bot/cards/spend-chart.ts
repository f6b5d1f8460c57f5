import type { SpendStatus } from '../../guard/ceiling.ts';
import { usd } from '../commands.ts';
import { en } from '../wording/en.ts';
import { block, type Json } from './card.ts';

const words = en.status;

/** Enough to see a day that is unlike the others. More would push the card's first line out of sight. */
const MOST_BARS = 5;
const MICRO_USD_PER_CENT = 10_000;
const DAY_MS = 86_400_000;

/**
 * Spend by day: the days up to the latest on which anything was spent, and in a line what those of the month before that
 * came to. Lying bars, since a standing chart is 300 px high, however little it says. Each says its amount beside the day:
 * at the end of a bar clients cut it off, and a sum that they make has a rounding error. A client that draws no charts
 * shows the same as lines. Elements and properties: learn.microsoft.com, “Charts in Adaptive Cards”.
 */
export function spendChart({ days }: Pick<SpendStatus, 'days'>): readonly Json[] {
  const last = days.at(-1);
  if (last === undefined) return [];
  const spent = new Map(days.map(({ day, microUsd }) => [day, microUsd]));
  const latest = daysUpTo(last.day);
  const before = days.filter(({ day }) => day < (latest[0] ?? ''));
  const bars = latest.map((day) => ({ label: dayInWords(day), microUsd: spent.get(day) ?? 0 }));
  const shown = before.length > 0 ? bars : bars.slice(bars.findIndex(({ microUsd }) => microUsd > 0));
  const beforeMicroUsd = before.reduce((sum, { microUsd }) => sum + microUsd, 0);
  const chart: Json = {
    type: 'Chart.HorizontalBar',
    title: words.chart,
    displayMode: 'AbsoluteWithAxis',
    xAxisTitle: words.chartAmount,
    color: 'categoricalBlue',
    data: shown.map(({ label, microUsd }) => ({ x: words.barOf(label, usd(microUsd)), y: Math.ceil(microUsd / MICRO_USD_PER_CENT) / 100 })),
    fallback: { type: 'Container', items: shown.map(({ label, microUsd }) => block(words.dayOf(label, usd(microUsd)), { spacing: 'None' })) },
  };
  return [chart, ...(beforeMicroUsd === 0 ? [] : [block(words.daysBefore(usd(beforeMicroUsd)), { isSubtle: true, spacing: 'Small' })])];
}

/** The days of the month up to one, oldest first. */
function daysUpTo(last: string): readonly string[] {
  const lastMs = Date.parse(last);
  const all = Array.from({ length: MOST_BARS }, (_, index) => new Date(lastMs - (MOST_BARS - 1 - index) * DAY_MS).toISOString().slice(0, 10));
  return all.filter((day) => day.slice(0, 7) === last.slice(0, 7));
}

/** A day such as 2026-05-04 as people write it. */
export function dayInWords(day: string, more: Intl.DateTimeFormatOptions = {}): string {
  return new Date(day).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC', ...more });
}
