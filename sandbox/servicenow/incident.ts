/** What happens to an incident when it is written: the dictionary, then business rules and data policies of the base system. */

import { mandatoryFields, unreadableBody } from './errors.ts';
import { priorityOf } from './data.ts';
import { toServiceNowTime } from './tables.ts';
import type { Database, Field, Row, Table } from './tables.ts';

export interface Writer {
  readonly userId: string;
  readonly userName: string;
  readonly nowMs: number;
  /** Whether values are display values: `sysparm_input_display_value`. */
  readonly writesDisplayValues: boolean;
}

export interface Written {
  readonly row: Row;
  /** Entries for the journal, in the order in which they were written. */
  readonly journal: readonly { readonly element: string; readonly value: string }[];
  readonly isChanged: boolean;
}

const isRecord = (body: unknown): body is Readonly<Record<string, unknown>> => typeof body === 'object' && body !== null && !Array.isArray(body);

const [stateResolved, stateClosed, stateCanceled] = ['6', '7', '8'];

function toStored(field: Field, value: unknown, database: Database, writesDisplayValues: boolean): string | undefined {
  if (value === null) return '';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  let stored = String(value);
  if (field.type === 'reference' && writesDisplayValues) {
    const target = database.get(field.reference ?? '');
    stored = [...(target?.rows.values() ?? [])].find((row) => row.get(target?.display ?? '') === stored)?.get('sys_id') ?? '';
  }
  if (field.choices !== undefined) {
    if (writesDisplayValues) stored = [...field.choices].find(([, label]) => label === stored)?.[0] ?? stored;
    // What is no choice is dropped, and a data policy then finds the field empty.
    if (field.isClosed === true && !field.choices.has(stored)) return '';
  }
  return field.maximum === undefined ? stored : stored.slice(0, field.maximum);
}

/** The record as it would be stored. Unknown and read-only fields are ignored. Fails with a data policy's refusal. */
export function writeIncident(database: Database, table: Table, before: Row, body: unknown, writer: Writer): Written {
  if (!isRecord(body)) throw unreadableBody();
  const row = new Map(before);
  const journal: { element: string; value: string }[] = [];
  // On what is closed or cancelled neither journal is among the fields that can still be edited (servicenow.com/docs,
  // “Resolve and close an incident”); instances answer 200 and keep nothing.
  const isOver = before.get('active') === 'false';
  for (const [name, value] of Object.entries(body)) {
    const field = table.fields.get(name);
    if (field === undefined || field.isReadOnly === true) continue;
    const stored = toStored(field, value, database, writer.writesDisplayValues);
    if (stored === undefined) continue;
    if (field.type !== 'journal_input') row.set(name, stored);
    else if (stored !== '' && !isOver) journal.push({ element: name, value: stored });
  }

  const state = row.get('state') ?? '';
  const isFinal = state === stateResolved || state === stateClosed;
  const missing = ['close_code', 'close_notes'].filter((name) => isFinal && row.get(name) === '');
  // Data policy “Make close info mandatory when resolved or closed”.
  if (missing.length > 0) throw mandatoryFields(missing.map((name) => table.fields.get(name)?.label ?? name));

  const now = toServiceNowTime(writer.nowMs);
  if (state !== before.get('state')) {
    if (state === stateResolved) {
      row.set('resolved_at', now);
      row.set('resolved_by', writer.userId);
    }
    if (state === stateClosed || state === stateCanceled) {
      row.set('closed_at', now);
      row.set('closed_by', writer.userId);
    }
  }
  row.set('incident_state', state);
  row.set('active', String(state !== stateClosed && state !== stateCanceled));
  row.set('priority', priorityOf(row.get('impact') ?? '', row.get('urgency') ?? ''));

  const isChanged = journal.length > 0 || [...row].some(([name, value]) => before.get(name) !== value);
  return { row, journal, isChanged };
}

/** An incident before anything is written: the defaults of the base system. */
export function emptyIncident(table: Table, identity: { readonly sysId: string; readonly number: string }, { userId, userName, nowMs }: Writer): Row {
  const now = toServiceNowTime(nowMs);
  const defaults: Readonly<Record<string, string>> = {
    active: 'true', category: 'inquiry', impact: '3', incident_state: '1', number: identity.number, opened_at: now, opened_by: userId, priority: '5', state: '1',
    sys_class_name: 'incident', sys_created_by: userName, sys_created_on: now, sys_id: identity.sysId, sys_mod_count: '0', sys_updated_by: userName, sys_updated_on: now,
    urgency: '3',
  };
  return new Map([...table.fields.keys()].map((name) => [name, defaults[name] ?? '']));
}
