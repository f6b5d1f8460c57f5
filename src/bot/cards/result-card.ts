import type { Action, Report, Thing } from '../../actions/action.ts';
import { InternalId } from '../../actions/internal-id.ts';
import { en } from '../wording/en.ts';
import { block, expand, fact, frame, heading, inert, richText, run, type CardContent, type Json } from './card.ts';
import { reportChart, type Slot } from './report-chart.ts';

const words = en.results;

type Row = Readonly<Record<string, unknown>>;

/** A report of more rows says how many there are; all of them stand in its file. */
const MOST_REPORT_ROWS = 10;

/** Shows what an action read: facts of one thing, and lists as tables. Rendered by code, never written by the model. */
export function resultCard(action: Action, result: Row): { readonly content: CardContent; readonly summary: string } {
  const title = en.actions.get(action.name)?.title ?? action.name.replaceAll('_', ' ');
  const data: Record<string, string | number> = {};
  const slot: Slot = (value, options) => {
    const key = `v${Object.keys(data).length + 1}`;
    data[key] = typeof value === 'number' ? value : inert(value, options);
    return `\${${key}}`;
  };
  const main = Object.values(result).find(isThing);
  const body: Json[] = [heading(title)];
  if (main !== undefined) body.push({ ...(richText(run(slot(main.label), { weight: 'Bolder' })) as object), spacing: 'None' });
  if (action.report !== undefined) body.push(...reportOf(action, action.report, result, slot));
  for (const [name, value] of action.report === undefined ? Object.entries(result) : []) {
    if (value === undefined || value === main || name === 'more_matches' || words.modelOnly.has(name)) continue;
    const sentence = words.sentences.get(name);
    if (sentence !== undefined) body.push(...(value === true ? [block(sentence, { isSubtle: true })] : []));
    else if (Array.isArray(value)) body.push(...list(action.name, value as readonly Row[], result['more_matches'] === true, slot));
    else body.push(factOf(name, value, slot));
  }
  if (result['more_matches'] === true) body.push(block(words.more, { isSubtle: true }));
  return { content: expand(frame(title, body), data), summary: title };
}

/** A chart where there is one, and the first rows. The counts beside them are for the model: the chart says the same. */
function reportOf(action: Action, { chart, rows: field }: Report, result: Row, slot: Slot): readonly Json[] {
  const rows = result[field] as readonly Row[];
  const isComplete = result['complete'] !== false;
  const shown = rows.slice(0, MOST_REPORT_ROWS);
  const drawn = chart === undefined || rows.length < 2 ? undefined : reportChart(action, chart, rows, slot);
  return [...(drawn === undefined ? [] : [drawn]), ...list(action.name, shown, false, slot, words.reportCount(shown.length, rows.length, isComplete)), ...(isComplete ? [] : [block(words.incomplete, { isSubtle: true })])];
}

function list(action: string, read: readonly Row[], more: boolean, slot: Slot, count = words.count(read.length, more)): readonly Json[] {
  const rows = read.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !words.modelOnly.has(name))));
  const [first, ...others] = rows;
  if (first === undefined) return [block(words.none.get(action) ?? words.nothing)];
  const columns = words.columns.get(action);
  // One thing is facts; so is every thing of a list that has no columns to stand in.
  if (others.length === 0 || columns === undefined) return rows.flatMap((row, index) => factsOf(row, index > 0, slot));
  return [block(count, { isSubtle: true, spacing: 'None' }), table(rows, columns, slot)];
}

function factsOf(row: Row, separator: boolean, slot: Slot): readonly Json[] {
  const [lead, ...rest] = Object.entries(row);
  const name: Json = { ...(richText(run(slot(display(lead?.[0] ?? '', lead?.[1])), { weight: 'Bolder' })) as object), separator, spacing: separator ? 'Medium' : 'Small' };
  return [name, ...rest.flatMap(([key, value]) => (isShown(value) ? [factOf(key, value, slot)] : []))];
}

/** The first column takes most of the width: it holds the name, and below it whatever has no column of its own. */
const LEAD_WIDTH = 5;
const COLUMN_WIDTH = 3;

const order = [...words.fields.keys()];

function table(rows: readonly Row[], columns: readonly string[], slot: Slot): Json {
  const lead = Object.keys(rows[0] ?? {})[0] ?? '';
  const header = { type: 'TableRow', cells: [words.heads.get(lead) ?? label(lead), ...columns.map(label)].map((text) => cell(block(text, { isSubtle: true }))) };
  return {
    type: 'Table',
    // Its first row is a header by default. To say so, schema and renderer want different names.
    showGridLines: false,
    spacing: 'Small',
    columns: [{ width: LEAD_WIDTH }, ...columns.map(() => ({ width: COLUMN_WIDTH }))],
    rows: [header, ...rows.map((row) => rowOf(row, lead, columns, slot))],
  };
}

function rowOf(row: Row, lead: string, columns: readonly string[], slot: Slot): Json {
  const rest = Object.entries(row).filter(([name, value]) => name !== lead && !columns.includes(name) && isShown(value));
  const details = rest.sort(([one], [other]) => order.indexOf(one) - order.indexOf(other)).map(([name, value]) => inert(display(name, value))).join(' · ');
  const name = richText(run(slot(display(lead, row[lead])), { weight: 'Bolder' }));
  const below: Json = { ...(richText(run(slot(details, { whole: true }), { isSubtle: true, size: 'Small' })) as object), spacing: 'None' };
  return {
    type: 'TableRow',
    cells: [cell(name, ...(details === '' ? [] : [below])), ...columns.map((column) => cell(richText(run(slot(isShown(row[column]) ? display(column, row[column]) : words.missing)))))],
  };
}

function cell(...items: readonly Json[]): Json {
  return { type: 'TableCell', items };
}

function factOf(name: string, value: unknown, slot: Slot): Json {
  return fact(label(name), [richText(run(slot(display(name, value), { whole: words.whole.has(name) })))]);
}

function label(name: string): string {
  return words.fields.get(name) ?? name.replaceAll('_', ' ');
}

function isShown(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function display(name: string, value: unknown): string {
  if (isThing(value)) return value.label;
  if (value instanceof Date) return words.timed.has(name) ? words.time(value.toISOString()) : value.toISOString().slice(0, 10);
  if (value === '') return words.missing;
  if (typeof value === 'boolean') return words.values.get(name)?.get(String(value)) ?? en.card.flag(value);
  if (typeof value === 'string') return words.values.get(name)?.get(value) ?? value;
  return String(value);
}

function isThing(value: unknown): value is Thing {
  return typeof value === 'object' && value !== null && 'id' in value && value.id instanceof InternalId;
}
