import type { Action, Thing } from '../../actions/action.ts';
import { InternalId } from '../../actions/internal-id.ts';
import { en } from '../wording/en.ts';
import { expand, frame, heading, inert, richText, run, type CardContent, type Json } from './card.ts';

/** Shows what an action read: facts of one thing, and lists as tables. Rendered by code, never written by the model. */
export function resultCard(action: Action, result: Readonly<Record<string, unknown>>): { readonly content: CardContent; readonly summary: string } {
  const title = en.actions.get(action.name)?.title ?? action.name;
  const body: Json[] = [];
  const data: Record<string, string> = {};
  let count = 0;
  // Outside text goes in as data of the template, never as part of it.
  const slot = (text: string): string => {
    const key = `v${(count += 1)}`;
    data[key] = inert(text);
    return `\${${key}}`;
  };
  const main = Object.values(result).find(isThing);
  body.push(main === undefined ? heading(title) : { ...(richText(run(`${title}: `, { weight: 'Bolder', size: 'Medium' }), run(slot(main.label), { weight: 'Bolder', size: 'Medium' })) as object) });
  for (const [name, value] of Object.entries(result)) {
    if (value === undefined || value === main || name === 'more_matches') continue;
    if (Array.isArray(value)) body.push(...table(action.name, value as readonly Readonly<Record<string, unknown>>[], slot));
    else body.push({ ...(richText(run(`${label(name)}: `, { weight: 'Bolder' }), run(slot(display(value)))) as object), spacing: 'Small' });
  }
  if (result['more_matches'] === true) body.push({ type: 'TextBlock', text: en.results.more, wrap: true, isSubtle: true });
  return { content: expand(frame(en.card.fallback, body), data), summary: title };
}

function table(action: string, rows: readonly Readonly<Record<string, unknown>>[], slot: (text: string) => string): readonly Json[] {
  const [first] = rows;
  if (first === undefined) return [{ type: 'TextBlock', text: en.results.none.get(action) ?? '–', wrap: true }];
  const [lead, ...rest] = Object.keys(first);
  // A list of blocks, not a wide grid: at 320 px a grid of six columns can't be read.
  return rows.map((row) => ({
    type: 'Container',
    separator: true,
    items: [
      richText(run(slot(display(row[lead ?? ''])), { weight: 'Bolder' })),
      ...rest
        .filter((name) => row[name] !== undefined)
        .map((name) => ({ ...(richText(run(`${label(name)}: `, { isSubtle: true }), run(slot(display(row[name])))) as object), spacing: 'None' }) satisfies Json),
    ],
  }));
}

function label(name: string): string {
  return en.results.fields.get(name) ?? name.replaceAll('_', ' ');
}

function display(value: unknown): string {
  if (isThing(value)) return value.label;
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value === 'string') return en.results.values.get(value) ?? value;
  return String(value);
}

function isThing(value: unknown): value is Thing {
  return typeof value === 'object' && value !== null && 'id' in value && value.id instanceof InternalId;
}
