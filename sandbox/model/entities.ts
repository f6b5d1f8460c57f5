/**
 * Finds what a message names besides people: a ticket's number, a serial number, a group, a licence, an app; and what it
 * wants written. Each is blanked afterwards, at its length, so that nothing in it is read as a request or as somebody's name.
 */
import { fold } from './tokenise.ts';

export type EntityKind = 'ticket' | 'serial' | 'group' | 'licence' | 'app' | 'role';

export interface Entity {
  readonly kind: EntityKind;
  /** As written; for a role the field of a ticket that holds that person. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Digits are no name, no verb and no thing for those who read the rest. */
const BLANK = '0';
/** What stands for something taken out of the text. */
export function isBlank(word: string): boolean {
  return /^0+$/u.test(word);
}

const TICKET = String.raw`(?:INC|RITM|REQ|SCTASK|TASK|CHG|PRB)\d{3,}`;
const TEXT_HANDLE = String.raw`\{?text_[a-z2-7]{6,}\}?`;
const CAPITALS = String.raw`(?:\p{Lu}[\p{L}\d&-]*|\d+)(?:\s+(?:\p{Lu}[\p{L}\d&-]*|\d+|&))*`;
const GROUP_END = String.raw`(?=\s+(?:because|since|as|please|pls|for|due|and|so|he|she|they|who|thanks)\b|[,.;:?!"”]|\s*$)`;

/** In order; the first group is the value. Only a name is blanked, so that the word for the thing stays. */
const SHAPES: readonly (readonly [EntityKind, RegExp])[] = [
  ['ticket', new RegExp(String.raw`\b(${TICKET})\b`, 'giu')],
  ['serial', new RegExp(String.raw`\bserial(?:\s+(?:number|no\.?|nr\.?))?(?:\s+(?:is|of)|\s*[:#=])?\s*(${TEXT_HANDLE}|(?=[\w-]*\d)[A-Z\d][\w-]{4,})`, 'giu')],
  ['group', new RegExp(String.raw`\bgroup\s+(?:called\s+|named\s+)?["“]([^"”]{2,80})["”]`, 'giu')],
  ['group', new RegExp(String.raw`\bgroup\s+(?:called\s+|named\s+)?(${TEXT_HANDLE})`, 'giu')],
  ['group', new RegExp(String.raw`\b(?:to|into|from|of|in|the)\s+(${CAPITALS})\s+group\b`, 'gu')],
  ['group', new RegExp(String.raw`\bmembers\s+of\s+(?:the\s+)?(?!group\b)(${CAPITALS})`, 'gu')],
  ['group', new RegExp(String.raw`\bgroup\s+(?:called\s+|named\s+)?(?!(?:of|for|members?|memberships?|because|is|are|that|and|to|with|who|in|on|from|please|policy|chat)\b)([\p{L}\d][^,.;:?!"“”<>{}]{0,60}?)${GROUP_END}`, 'giu')],
  ['licence', new RegExp(String.raw`\b((?:(?:microsoft|office)\s+365\s+|[mo]365\s+)?(?:e[135]|f[13]))\b`, 'giu')],
  ['licence', new RegExp(String.raw`(?:\b(?:an?|the|one|another|his|her|their)|['’]s)\s+((?:[\p{L}\d+]+\s+){0,3}[\p{L}\d+]+)\s+licen[cs]e\b`, 'giu')],
  ['app', new RegExp(String.raw`\b(?:re-?start|re-?boot|recycle|bounce)\s+(?:the\s+)?(?:(?:web\s?app|app(?:lication)?(?:\s+service)?|site)\s+(?:called\s+|named\s+)?)([\p{L}\d][\p{L}\d-]*)`, 'giu')],
  ['app', /\b(?:re-?start|re-?boot|recycle|bounce)\s+(?:the\s+)?([\p{L}\d]+(?:-[\p{L}\d]+)+)/giu],
];
const ROLES: readonly (readonly [string, RegExp])[] = [
  ['caller', /\b(?:the|its|this|that)\s+(caller|requester)\b/giu],
  ['assignee', /\b(?:the|its|this|that)\s+(assignee)\b/giu],
];

/** The things named, in order and apart from each other. Roles such as “the caller” only where there is a ticket to have them. */
export function findEntities(text: string, hasTicket: boolean): readonly Entity[] {
  const found: Entity[] = [];
  const take = (kind: EntityKind, shape: RegExp, value?: string): void => {
    for (const match of text.matchAll(shape)) {
      const named = match[1] ?? '';
      const start = match.index + match[0].lastIndexOf(named);
      const entity = { kind, value: value ?? named.replace(/[{}]/gu, '').trim(), start, end: start + named.length };
      if (named !== '' && !found.some((other) => other.start < entity.end && entity.start < other.end)) found.push(entity);
    }
  };
  for (const [kind, shape] of SHAPES) take(kind, shape);
  if (hasTicket || found.some(({ kind }) => kind === 'ticket')) for (const [role, shape] of ROLES) take('role', shape, role);
  return found.sort((left, right) => left.start - right.start);
}

export function blank(text: string, entities: readonly Pick<Entity, 'start' | 'end'>[]): string {
  return entities.reduce((left, { start, end }) => left.slice(0, start) + BLANK.repeat(end - start) + left.slice(end), text);
}

// --- what is to be written

export type WritingKind = 'comment' | 'mail' | 'create' | 'close';

/** Words that the person wants written somewhere: a comment, a mail, a ticket. */
export interface Writing {
  readonly kind: WritingKind;
  /** Where the request begins. */
  readonly from: number;
  /** Where its own words begin; they go to the end. */
  readonly at: number;
  readonly words: string;
}

const BEGIN = String.raw`(?:^|[.,;!?]\s*|\b(?:and|then)\s+)((?:(?:please|pls|can|could|would|you|i|we|want|need|to|i'd|like|then|also|just|hi|hello|steward|kindly)[\s,]+)*`;
const SAYING = String.raw`\s*:\s+|\s+["“]|,?\s+(?:that|saying(?:\s+that)?|to\s+say\s+that)\s+`;
const WRITINGS: readonly (readonly [WritingKind, RegExp])[] = (
  [
    ['create', String.raw`(?:need\s+an?\s+(?:new\s+)?(?:ticket|incident)|(?:open|create|raise|log|file|submit|make|report|new)\b[^:"“.,]{0,30}?\b(?:ticket|incident|case|problem|issue)\b(?!\s+${TICKET}))[^:"“.,]{0,30}?`, String.raw`${SAYING}|[.,]\s+|\s+(?:because|about)\s+`],
    ['comment', String.raw`(?:comment\b|(?:add|write|leave|post|put|tell)\b[^:"“]{0,40}?\b(?:comment|note|ticket|incident|${TICKET})\b)[^:"“]{0,60}?`, SAYING],
    // “tell my ticket I am back”: nothing stands between.
    ['comment', String.raw`tell\s+(?:my|the)\s+(?:ticket|incident)`, String.raw`\s+`],
    ['mail', String.raw`(?:(?:e-?mail|mail)\b|(?:send|write)\b[^:"“.]{0,60}?\b(?:e-?mail|mail)\b)[^:"“.]{0,80}?`, SAYING],
    ['close', String.raw`(?:close|resolve|solve)\b[^:"“.,]{0,30}?\b(?:ticket|incident|it|${TICKET})`, String.raw`${SAYING}|,\s+`],
  ] as const
).map(([kind, request, saying]) => [kind, new RegExp(`${BEGIN}${request})(?:${saying})(.{2,})$`, 'isu')] as const);

/** The first request to write something, with what is to be written. */
export function findWriting(text: string, wanted: (kind: WritingKind) => boolean): Writing | undefined {
  for (const [kind, shape] of WRITINGS) {
    const match = wanted(kind) ? shape.exec(text) : null;
    const [, request = '', said = ''] = match ?? [];
    if (match === null) continue;
    const words = said.trim().replace(/["”]\s*$/u, '').replace(/(?<=[^.])\.$/u, '');
    return { kind, from: match.index + match[0].indexOf(request), at: text.length - said.length, words };
  }
  return undefined;
}

// --- numbers and days

const COUNTS: ReadonlyMap<string, number> = new Map(['a', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map((word, index) => [word, Math.max(1, index)] as const));
const UNIT_DAYS: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30 };

/** For how many days: “3 days”, “a week”. */
export function daysIn(text: string): number | undefined {
  const match = /\b(\d{1,3}|a|one|two|three|four|five|six|seven|eight|nine|ten)[\s-]+(day|week|month)s?\b/iu.exec(text);
  const count = match?.[1] === undefined ? undefined : (COUNTS.get(match[1].toLowerCase()) ?? Number(match[1]));
  return count === undefined ? undefined : count * (UNIT_DAYS[match?.[2]?.toLowerCase() ?? ''] ?? 1);
}

const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/** A day with its year, as YYYY-MM-DD. There is no clock here, so “Friday” is none. */
export function dayIn(text: string): string | undefined {
  const iso = /\b(\d{4})-(\d{2})-(\d{2})\b/u.exec(text);
  if (iso !== null) return iso[0];
  const numeric = /\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b/u.exec(text);
  const written = /\b(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?\s+(\p{L}+),?\s+(\d{4})\b/iu.exec(text) ?? swapped(/\b(\p{L}+)\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b/iu.exec(text));
  const [, day, month, year] = numeric ?? written ?? [];
  if (day === undefined || month === undefined || year === undefined) return undefined;
  const number = /^\d+$/u.test(month) ? Number(month) : MONTHS.indexOf(fold(month)) + 1;
  return number < 1 || number > 12 ? undefined : `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

function swapped(match: RegExpExecArray | null): readonly (string | undefined)[] | undefined {
  return match === null ? undefined : [match[0], match[2], match[1], match[3]];
}
