import { z } from 'zod/v4';
import { DraftError } from './knowledge-draft-notes.ts';

/**
 * A record of ServiceNow's table `kb_knowledge`, as its Table API returns it (GET /api/now/table/kb_knowledge/{sys_id}): `text` is
 * HTML, `wiki` markup, `short_description` the title. With `sysparm_display_value=all` each field is a pair of values.
 */

const field = z
  .union([z.string(), z.null(), z.object({ value: z.string().nullish(), display_value: z.string().nullish() })])
  .optional()
  .transform((read) => (typeof read === 'object' ? (read?.value ?? read?.display_value ?? '') : (read ?? '')));
const record = z.object({ number: field, short_description: field, text: field, wiki: field, valid_to: field, workflow_state: field });

export interface ServiceNowArticle {
  /** Empty: it has none that can be cited. */
  readonly number: string;
  readonly title: string;
  readonly html: string;
  readonly notes: readonly string[];
}

/** Fails with `DraftError`. */
export function readServiceNow(json: string): ServiceNowArticle {
  const parsed = parse(json);
  const result = isObject(parsed) && Object.hasOwn(parsed, 'result') ? parsed.result : parsed;
  if (isObject(parsed) && isObject(parsed.error)) throw new DraftError('is an error that ServiceNow answered with, and no article: fetch the record again');
  if (Array.isArray(result) && result.length !== 1) throw new DraftError(`has ${result.length} records in it: give one article at a time`);
  const found = record.safeParse(Array.isArray(result) ? result[0] : result);
  const none = new DraftError('is JSON, but no article: give a kb_knowledge record as ServiceNow’s Table API returns it, with number, short_description, text and valid_to');
  if (!found.success) throw none;
  const { number, short_description: title, text, valid_to: validTo, wiki, workflow_state: state } = found.data;
  if (text.trim() === '' && wiki.trim() !== '') throw new DraftError('is an article in wiki markup, which is not read: change its type to HTML in ServiceNow, or copy its text into a DOCX');
  if (text.trim() === '' && title.trim() === '') throw none;
  const [day] = /^\d{4}-\d{2}-\d{2}/.exec(validTo) ?? [];
  return {
    number: /^[A-Za-z0-9-]{1,40}$/.test(number) ? number : '',
    title,
    html: text,
    notes: [
      ...(day === undefined ? [] : [`in ServiceNow it is valid to ${day}`]),
      ...(/^[a-z_ ]{1,40}$/i.test(state) && state.toLowerCase() !== 'published' ? [`in ServiceNow its state is “${state}”, not “published”`] : []),
    ],
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new DraftError('is no JSON: save the answer of ServiceNow’s Table API as it came');
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
