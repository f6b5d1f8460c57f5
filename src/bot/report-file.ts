import { z } from 'zod/v4';
import type { Action } from '../actions/action.ts';
import { StewardError } from '../errors.ts';
import { actionTitle, en } from './wording/en.ts';

const words = en.results;

/** Excel takes no more in one cell (learn.microsoft.com, “Excel specifications and limits”: 32,767 characters). */
const MOST_CELL_CHARACTERS = 32_000;
const MOST_SHEET_NAME_CHARACTERS = 31;
const COLUMN_WIDTH_CHARACTERS = 24;
/** What a file of few rows has, and what a row adds once compressed: for the estimate that Teams shows. */
const EMPTY_FILE_BYTES = 8_000;
const ROW_BYTES = 80;

type Cell = { readonly value: string; readonly type: StringConstructor; readonly fontWeight?: 'bold' } | { readonly value: number; readonly type: NumberConstructor } | { readonly value: Date; readonly type: DateConstructor; readonly format: string } | null;

/**
 * The rows of a report as an XLSX file: one sheet, every field a column. Text is always a text cell, whatever it begins
 * with: nothing that an outsider wrote becomes a formula. Fails with `CATALOGUE_INVALID` where the action is no report.
 */
export async function reportFile(action: Action, result: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  const rows = rowsOf(action, result);
  const columns = Object.keys(rowShape(action));
  const heads = columns.map((column): Cell => ({ value: words.heads.get(column) ?? words.fields.get(column) ?? column.replaceAll('_', ' '), type: String, fontWeight: 'bold' }));
  const body = rows.map((row) => columns.map((column) => cellOf(column, row[column])));
  const note: Cell[][] = result['complete'] === false ? [[{ value: en.files.incomplete, type: String }, ...columns.slice(1).map(() => null)]] : [];
  // Loaded when the first file is made. This entry compresses in this thread; the package's other ones start workers.
  const { default: writeExcelFile } = await import('write-excel-file/node');
  const sheet = actionTitle(action.name).replace(/[\\/?*[\]:]/g, ' ').slice(0, MOST_SHEET_NAME_CHARACTERS);
  return writeExcelFile([heads, ...body, ...note], { sheet, stickyRowsCount: 1, columns: columns.map(() => ({ width: COLUMN_WIDTH_CHARACTERS })) }).toBuffer();
}

/** About how large the file will be, in bytes. */
export function estimatedBytes(rows: number): number {
  return EMPTY_FILE_BYTES + rows * ROW_BYTES;
}

/** What a report's result has of rows. */
export function rowsOf({ name, report }: Action, result: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] {
  const rows = report && result[report.rows];
  if (!Array.isArray(rows)) throw new StewardError('CATALOGUE_INVALID', `action \`${name}\` reports no rows`);
  return rows as readonly Readonly<Record<string, unknown>>[];
}

/** All columns, also those that no row fills. */
function rowShape({ name, report, result }: Action): Readonly<Record<string, unknown>> {
  const rows = report && result.shape[report.rows];
  if (!(rows instanceof z.ZodArray) || !(rows.element instanceof z.ZodObject)) throw new StewardError('CATALOGUE_INVALID', `action \`${name}\` reports no rows`);
  return rows.element.shape;
}

function cellOf(column: string, value: unknown): Cell {
  if (value === undefined || value === null || value === '') return null;
  if (value instanceof Date) return { value, type: Date, format: 'yyyy-mm-dd' };
  if (typeof value === 'number') return { value, type: Number };
  if (typeof value === 'boolean') return { value: en.card.flag(value), type: String };
  if (typeof value !== 'string') throw new StewardError('CATALOGUE_INVALID', 'a report row holds more than plain values');
  // Words for closed sets, without the glyph that a card has before them.
  const word = words.values.get(column)?.get(value)?.replace(/^[^\p{L}\p{N}]+ /u, '');
  return { value: word ?? plain(value), type: String };
}

/** Control characters and half a surrogate pair are no XML; what can't be seen has no place in a table. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029\ufffe\uffff]/gu, ' ').replace(/\p{Cf}/gu, '').slice(0, MOST_CELL_CHARACTERS).replace(/[\ud800-\udbff]$/, '');
}
