/** How records look in an answer: `sysparm_fields`, `sysparm_display_value`, `sysparm_exclude_reference_link`. */

import { valueAt, walk } from './tables.ts';
import type { Database, Place, Row, Table } from './tables.ts';

export interface View {
  readonly fields: readonly string[] | undefined;
  readonly displayValue: 'true' | 'false' | 'all';
  readonly excludesLinks: boolean;
  readonly origin: string;
}

/** Reads the parameters; a value that is none of the published ones counts as the default. */
export function readView(url: URL): View {
  const parameters = url.searchParams;
  const displayValue = parameters.get('sysparm_display_value');
  const fields = parameters.get('sysparm_fields') ?? '';
  return {
    fields: fields === '' ? undefined : fields.split(',').map((name) => name.trim()),
    displayValue: displayValue === 'true' || displayValue === 'all' ? displayValue : 'false',
    excludesLinks: parameters.get('sysparm_exclude_reference_link') === 'true',
    origin: url.origin,
  };
}

const journalElements = new Map([
  ['comments', ['comments']],
  ['work_notes', ['work_notes']],
  ['comments_and_work_notes', ['comments', 'work_notes']],
]);

/** A journal field's display value is all its entries, the newest first. */
function journalText(database: Database, { table, name, row }: Place): string {
  const elements = journalElements.get(name) ?? [];
  const userNames = new Map([...(database.get('sys_user')?.rows.values() ?? [])].map((user) => [user.get('user_name'), user.get('name')]));
  return [...(database.get('sys_journal_field')?.rows.values() ?? [])]
    .filter((entry) => entry.get('element_id') === row?.get('sys_id') && elements.includes(entry.get('element') ?? ''))
    .reverse()
    .map((entry) => {
      const author = entry.get('sys_created_by') ?? '';
      const label = table.fields.get(entry.get('element') ?? '')?.label ?? '';
      return `${entry.get('sys_created_on') ?? ''} - ${userNames.get(author) ?? author} (${label})\n${entry.get('value') ?? ''}\n\n`;
    })
    .join('');
}

function displayOf(database: Database, place: Place): string {
  const { field } = place;
  const value = valueAt(place);
  if (field.type === 'journal_input') return journalText(database, place);
  if (field.type === 'choice') return field.choices?.get(value) ?? value;
  if (field.type !== 'reference') return value;
  const target = database.get(field.reference ?? '');
  return target?.rows.get(value)?.get(target.display) ?? '';
}

function render(database: Database, place: Place, view: View): unknown {
  const value = valueAt(place);
  const { reference } = place.field;
  const link = reference === undefined || value === '' || view.excludesLinks ? undefined : `${view.origin}/api/now/table/${reference}/${value}`;
  if (view.displayValue === 'false') return link === undefined ? value : { link, value };
  const display = displayOf(database, place);
  if (view.displayValue === 'all') return { display_value: display, value, ...(link !== undefined && { link }) };
  return link === undefined ? display : { display_value: display, link };
}

/** One record as the answer shows it. Names that are no fields are left out, as the Table API's page says. */
export function show(database: Database, table: Table, row: Row, view: View): Record<string, unknown> {
  const shown: [string, unknown][] = [];
  for (const path of view.fields ?? table.fields.keys()) {
    const place = walk(database, table, path, row);
    if (place !== undefined) shown.push([path, render(database, place, view)]);
  }
  return Object.fromEntries(shown);
}
