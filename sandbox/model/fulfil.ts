/** Fills a request of `requests.ts`: which person, device, group, licence, ticket or app it means, and what it says. */
import type { Memory } from './conversation.ts';
import { dayIn, daysIn } from './entities.ts';
import type { Entity, EntityKind, Writing } from './entities.ts';
import { kindOf } from './handles.ts';
import { cut, fragment } from './reasons.ts';
import type { Tool } from './tools.ts';
import type { Talk, Target, Want } from './want.ts';

export interface Asked {
  readonly said: string;
  readonly entities: readonly Entity[];
  /** Handles, names and roles in this piece or the one it leans on. */
  readonly targets: readonly Target[];
  /** Nothing is named and nobody either: “it”, or no word at all. */
  readonly pointing: boolean;
  readonly stated: string | undefined;
  readonly text: string;
  readonly writing?: Writing | undefined;
  /** Before the words to write: what they may speak of as done. */
  readonly before: string;
}

/** One want for each combination of what is named, or what to say instead. */
export function fulfil(tool: Tool, asked: Asked, memory: Memory): readonly Want[] | Talk {
  const values = valuesFor(tool, asked);
  const kinds = tool.parameters.flatMap(({ role }) => (role.type === 'handle' ? [role.kind] : []));
  let combinations: readonly (readonly Target[])[] = [[]];
  for (const kind of kinds) {
    const things = thingsOf(kind, asked, memory);
    if (things.length === 0) return kind === 'person' ? 'who' : memory.choices.length > 1 ? 'which' : 'more';
    combinations = combinations.flatMap((some) => things.map((thing) => [...some, thing]));
  }
  const isSaid = ({ name, required, role }: Tool['parameters'][number]): boolean => !required || role.type === 'handle' || role.type === 'reason' || values[name] !== undefined;
  if (!tool.parameters.every(isSaid)) return 'more';
  const needsReason = tool.parameters.some(({ role, required }) => role.type === 'reason' && required);
  const reason = asked.stated ?? (needsReason ? fragment(asked.text, 10_000) : '');
  return combinations.map(([target, ...others]) => ({ tool, values, reason, text: asked.text, others, ...(target !== undefined && { target }) }));
}

function thingsOf(kind: string, { said, entities, targets, pointing }: Asked, memory: Memory): readonly Target[] {
  const named = (wanted: EntityKind): readonly Entity[] => entities.filter((entity) => entity.kind === wanted);
  const handles = targets.filter((target) => 'handle' in target && kindOf(target.handle) === kind);
  const last = memory.last.get(kind);
  const spokenOf: readonly Target[] = last === undefined ? [] : [{ handle: last }];
  if (handles.length > 0) return handles;
  switch (kind) {
    case 'person':
      return peopleIn(targets);
    case 'device': {
      const serials = named('serial').map(({ value }): Target => ({ via: 'find_device', kind, values: { serial_number: value } }));
      if (serials.length > 0) return serials;
      if (pointing && last !== undefined) return spokenOf;
      const platforms = platformsIn(said);
      const owners = peopleIn(targets);
      return owners.length > 0 ? owners.map((of) => ({ via: 'list_devices', kind, of, ...(platforms !== undefined && { oneOf: platforms }) })) : spokenOf;
    }
    case 'group':
      return orSpokenOf(named('group').map(({ value }) => ({ via: 'find_group', kind, values: { name: value } })), spokenOf);
    case 'ticket':
      if (/\bmy\b/u.test(said)) return [{ via: 'list_own_tickets', kind }];
      return orSpokenOf(named('ticket').map(({ value }) => ({ via: 'find_ticket', kind, values: { words: value } })), spokenOf);
    case 'licence':
      return named('licence').map(({ value }) => ({ via: 'list_licences', kind, words: value.toLowerCase().replace(/\b([mo])365\b/u, (_, letter: string) => (letter === 'm' ? 'microsoft 365' : 'office 365')).split(/\s+/u) }));
    case 'app':
      return orSpokenOf(named('app').map(({ value }) => ({ via: 'list_app_services', kind, values: { name: value } })), spokenOf);
    default:
      return [];
  }
}

function orSpokenOf(named: readonly Target[], spokenOf: readonly Target[]): readonly Target[] {
  return named.length > 0 ? named : spokenOf;
}

function peopleIn(targets: readonly Target[]): readonly Target[] {
  return targets.filter((target) => ('handle' in target ? kindOf(target.handle) === 'person' : 'name' in target || target.kind === 'person'));
}

const PLATFORMS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\b(?:macbook|mac)s?\b/u, ['macos']],
  [/\bi(?:phone|pad)s?\b/u, ['ios']],
  [/\b(?:laptop|notebook|computer|pc|desktop|workstation)s?\b/u, ['windows', 'macos', 'linux']],
  [/\b(?:(?:smart)?phone|mobile|handset|tablet)s?\b/u, ['ios', 'android']],
];

/** Values of Intune's platforms that a word for a device may mean. */
function platformsIn(said: string): readonly string[] | undefined {
  return PLATFORMS.find(([words]) => words.test(said))?.[1];
}

/** The longest subject made of a text's own first words, in characters. */
const SUBJECT = 78;

function valuesFor(tool: Tool, { entities, stated, text, writing, before }: Asked): Readonly<Record<string, string | number>> {
  const known: Record<string, string | number | undefined> = {
    name: entities.find(({ kind }) => kind === 'group')?.value,
    serial_number: entities.find(({ kind }) => kind === 'serial')?.value,
    words: /\b(?:tickets?|incidents?)\b.*?\b(?:about|for|on|with|regarding|concerning|mentioning)\s+(?:the\s+|an?\s+)?(.+?)[?.!\s]*$/iu.exec(text)?.[1],
    days: daysIn(text),
    last_day: dayIn(text),
  };
  // “that we did” tells what went before it.
  const words = writing !== undefined && /^(?:we|i) (?:did|have)(?: (?:it|so|that|this))?\.?$/iu.test(writing.words) ? trimmed(before) : writing?.words;
  const subject = /\b(?:with (?:the )?)?subject:?\s+["“]?(.+?)["”]?\s*(?:$|:|\bthat\b|\bsaying\b)/iu.exec(writing === undefined ? '' : text.slice(writing.from, writing.at))?.[1];
  if (words !== undefined) Object.assign(known, { text: words, body: words, description: words, notes: words, subject: subject ?? cut(words, SUBJECT), summary: cut(words, SUBJECT * 2) });
  known['notes'] ??= stated;
  const lengths = new Map(tool.parameters.map(({ name, role }) => [name, 'maxLength' in role ? role.maxLength : undefined] as const));
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) => {
      if (value === undefined || !lengths.has(name)) return [];
      const most = lengths.get(name);
      return [[name, typeof value === 'string' && most !== undefined ? cut(value, most) : value] as const];
    }),
  );
}

function trimmed(text: string): string | undefined {
  return text.replace(/[\s,;]*(?:and|then)?[\s,;]*$/iu, '').trim() || undefined;
}
