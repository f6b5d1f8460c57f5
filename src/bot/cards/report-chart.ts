import type { z } from 'zod/v4';
import type { Action, Report } from '../../actions/action.ts';
import { en } from '../wording/en.ts';
import { richText, run, type Json } from './card.ts';

const words = en.results;

/** Makes outside text data of the template, never part of it; gives the place that it is inserted at. A number stays one. */
export type Slot = (value: string | number, options?: { readonly whole: boolean }) => string;

type Row = Readonly<Record<string, unknown>>;

/** As many bars as a person takes in at a glance. */
const MOST_BARS = 10;
const MOST_LABEL_CHARACTERS = 60;

/**
 * The chart of a report. Each bar says in words what it shows, so that no fact depends on a colour; a client that draws no
 * charts shows the same words as lines. Elements and properties: learn.microsoft.com, “Charts in Adaptive Cards”.
 */
export function reportChart(action: Action, chart: NonNullable<Report['chart']>, rows: readonly Row[], slot: Slot): Json | undefined {
  return typeof chart === 'string' ? counted(action, chart, rows, slot) : parted(chart.parts, rows, slot);
}

/** One bar for each value that occurs, in the order of its closed set. */
function counted({ report, result }: Action, field: string, rows: readonly Row[], slot: Slot): Json | undefined {
  const bars = valuesOf(result, report?.rows ?? '', field)
    .map((value) => ({ label: words.values.get(field)?.get(value) ?? value, count: rows.filter((row) => row[field] === value).length }))
    .filter(({ count }) => count > 0)
    .slice(0, MOST_BARS);
  if (bars.length < 2) return undefined;
  return {
    type: 'Chart.HorizontalBar',
    title: words.chartTitles.get(field) ?? '',
    displayMode: 'AbsoluteNoAxis',
    color: 'categoricalBlue',
    data: bars.map(({ count, label }) => ({ x: slot(label), y: slot(count) })),
    fallback: lines(bars.map(({ count, label }) => `${label}: ${count}`), slot),
  };
}

/** A bar for each row, of two parts. The first field of a row names it. */
function parted([one, other]: readonly [string, string], rows: readonly Row[], slot: Slot): Json | undefined {
  const bars = rows.slice(0, MOST_BARS).map((row) => {
    const [name, parts] = [plain(String(Object.values(row)[0])), [Number(row[one]), Number(row[other])] as const];
    return { title: words.chartParts(name, parts[0], parts[0] + Math.max(0, parts[1])), parts: [parts[0], Math.max(0, parts[1])] as const };
  });
  const drawn = bars.filter(({ parts }) => parts[0] + parts[1] > 0);
  if (drawn.length < 2) return undefined;
  const legends = [words.fields.get(one) ?? one, words.fields.get(other) ?? other] as const;
  return {
    type: 'Chart.HorizontalBar.Stacked',
    title: words.chartTitles.get(one) ?? '',
    data: drawn.map(({ parts, title }) => ({
      title: slot(title),
      data: [
        { legend: legends[0], value: slot(parts[0]), color: 'categoricalBlue' },
        { legend: legends[1], value: slot(parts[1]), color: 'neutral' },
      ],
    })),
    fallback: lines(drawn.map(({ title }) => title), slot),
  };
}

/** A chart has no runs, and what its labels expand is not said: letters, digits and a few signs, nothing else. */
function plain(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,&()+–-]+/gu, ' ').trim().slice(0, MOST_LABEL_CHARACTERS);
}

function lines(texts: readonly string[], slot: Slot): Json {
  return { type: 'Container', items: texts.map((text) => ({ ...(richText(run(slot(text))) as object), spacing: 'None' })) };
}

/** The closed set of a field of the rows, in its order. */
function valuesOf(result: z.ZodObject, rows: string, field: string): readonly string[] {
  const row = (result.shape[rows] as z.ZodArray<z.ZodObject<z.core.$ZodShape>> | undefined)?.element;
  const schema = row?.shape[field];
  // A chart counts closed sets alone: text from outside has no order and no end.
  return ((schema as Partial<z.ZodEnum> | undefined)?.options ?? []).filter((value) => typeof value === 'string');
}
