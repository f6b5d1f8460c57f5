import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import { StewardError } from '../errors.ts';

/**
 * Values as they are stored. Internal ids hide in JSON by design, so they are written out here, on the way to our own
 * tables and nowhere else, as `{"$id": …}`, and dates as `{"$date": …}`. Keys are ours; a text can't look like either.
 */
export function toStoredJson(value: unknown): string {
  return JSON.stringify(plain(value));
}

function plain(value: unknown): unknown {
  if (value instanceof InternalId) return { $id: value.reveal() };
  if (value instanceof Date) return { $date: value.toISOString() };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
  return value;
}

const storedDate = z.iso.datetime();

/** Reads what `toStoredJson` wrote, in the shape that is needed. Fails with `STORAGE_UNAVAILABLE` on anything else. */
export function fromStoredJson<T>(schema: z.ZodType<T>, json: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json, (_key, field: unknown) => revived(field));
  } catch (error) {
    throw new StewardError('STORAGE_UNAVAILABLE', 'a stored value is not JSON', { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new StewardError('STORAGE_UNAVAILABLE', `a stored value has an unexpected shape at: ${where}`);
}

/** An id or a date where exactly that was written out, else the field itself. Called for every value of a row: no schema. */
function revived(field: unknown): unknown {
  if (typeof field !== 'object' || field === null) return field;
  const [entry, another]: readonly (readonly [string, unknown])[] = Object.entries(field);
  if (entry === undefined || another !== undefined) return field;
  const [name, value] = entry;
  if (typeof value !== 'string') return field;
  if (name === '$id' && value !== '') return new InternalId(value);
  return name === '$date' && storedDate.safeParse(value).success ? new Date(value) : field;
}

/** An internal id that was read back. */
export const internalId = z.instanceof(InternalId);
