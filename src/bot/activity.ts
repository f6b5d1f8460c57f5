import { z } from 'zod/v4';

/** The parts of a Bot Framework activity that Steward reads, checked at the door. Everything else is ignored. */
const shape = z.object({
  type: z.string().min(1).max(100),
  id: z.string().max(500).optional(),
  channelId: z.literal('msteams'),
  serviceUrl: z.url().max(500),
  from: z.object({ id: z.string().min(1).max(500), aadObjectId: z.guid().optional() }),
  recipient: z.object({ id: z.string().min(1).max(500) }),
  conversation: z.object({
    id: z.string().min(1).max(1_000),
    tenantId: z.string().max(100).optional(),
    conversationType: z.enum(['personal', 'groupChat', 'channel']).optional(),
    isGroup: z.boolean().optional(),
  }),
  text: z.string().max(200_000).optional(),
  name: z.string().max(200).optional(),
  replyToId: z.string().max(500).optional(),
  channelData: z.object({ tenant: z.object({ id: z.string().max(100) }).optional(), eventType: z.string().max(100).optional() }).optional(),
  textFormat: z.string().max(50).optional(),
  attachments: z.array(z.object({ contentType: z.string().max(200), content: z.unknown() })).max(50).optional(),
  entities: z.array(z.object({ type: z.string().max(200), text: z.string().max(1_000).optional(), mentioned: z.object({ id: z.string() }).optional() })).max(200).optional(),
});

export type CheckedActivity = z.infer<typeof shape>;

/** Checks a body. Returns what is wrong in words, for the 400 that answers it. */
export function checkActivity(body: unknown): { readonly checked: CheckedActivity } | { readonly problem: string } {
  const result = shape.safeParse(body);
  if (result.success) return { checked: result.data };
  return { problem: result.error.issues.map((issue) => `${issue.path.join('.') || 'activity'}: ${issue.message}`).join('; ') };
}

/** The tenants that an activity names. All of them must be ours; naming none is not ours. */
export function tenantsOf(activity: CheckedActivity): readonly string[] {
  return [activity.conversation.tenantId, activity.channelData?.tenant?.id].filter((tenant) => tenant !== undefined);
}

/** A message of more characters is refused; it is the text as it came that counts. */
const MOST_CHARACTERS = 4_000;
/** Words are looked for in no more than this: what comes after it stands in a message that is refused anyway. */
const MOST_READ = 8_000;
/** The same message as HTML may be this long; a longer one is not compared, and not trusted. */
const MOST_HTML = 100_000;

/** What a person wrote themselves. */
export interface OwnWords {
  readonly text: string;
  /** Somebody else's text stood in the message. */
  readonly untrusted: boolean;
  /** The message is longer than Steward takes. */
  readonly tooLong?: boolean;
}

const QUOTATION = /<(\/?)(?:blockquote|quote)\b[^<>]*>?/gi;
const MENTION = /<(\/?)at\b[^<>]*>/gi;
const BLOCK = /<(?:br|\/?(?:p|div|li|ul|ol))\b[^<>]*>/gi;
const TAG = /<\/?[a-z][^<>]*>/gi;
/** A line that begins with `>`, indented or written as an entity. */
const QUOTED_LINE = /^[^\S\r\n\u2028\u2029]*(?:>|&gt;).*$/gm;
/** Teams adds the message itself as HTML, which is harmless; a quotation, a table or a link in it is not. */
const FOREIGN_HTML = /<(?:blockquote|quote|table|a|img|pre|iframe|attachment)\b/i;

/**
 * The person's own words in a message. What they quoted, forwarded or pasted as HTML is somebody else's: it is left
 * out, and the message counts as untrusted for this turn.
 *
 * INVARIANT: linear. It runs before anybody is known, on whatever was sent.
 */
export function ownWords(activity: CheckedActivity): OwnWords {
  const { attachments = [], text = '', textFormat } = activity;
  const raw = text.slice(0, MOST_READ);
  const typed = withoutMentionOfBot(raw, activity);
  const unquoted = withoutElements(typed, QUOTATION, 'nested');
  // Mentions of people are names from the directory, and no words of the person.
  const lines = withoutElements(unquoted, MENTION, 'flat').replace(BLOCK, '\n').replace(TAG, ' ');
  const own = lines.replace(QUOTED_LINE, ' ');
  const untrusted = unquoted !== typed || own !== lines || textFormat === 'xml' || attachments.some((attachment) => isForeign(attachment, raw));
  return { text: decoded(own).replace(/[^\S\n]+/g, ' ').trim(), untrusted, tooLong: text.length > MOST_CHARACTERS };
}

/** The text of a message without the mention of the bot itself. */
function withoutMentionOfBot(text: string, { entities = [], recipient }: CheckedActivity): string {
  return entities
    .filter(({ mentioned, type }) => type === 'mention' && mentioned?.id === recipient.id)
    // An empty mention would be found between all characters.
    .reduce((rest, { text: mention = '' }) => (mention === '' ? rest : rest.replaceAll(mention, ' ')), text);
}

/** Whether an attachment brings anything but the message once more. */
function isForeign({ content, contentType }: { readonly content?: unknown; readonly contentType: string }, message: string): boolean {
  if (contentType !== 'text/html' || typeof content !== 'string' || content.length > MOST_HTML) return true;
  return FOREIGN_HTML.test(content) || bareWords(content) !== bareWords(message);
}

/** What is to be read in a text, white space and invisible characters aside. */
function bareWords(text: string): string {
  return decoded(text.replace(TAG, '')).replace(/[\s\p{Cf}]+/gu, '');
}

/**
 * Takes elements out, content and all. `tag` finds opening and closing tags, the slash in its first group. Where they
 * nest, an element that is never closed reaches to the end; where they don't, only its tag means nothing.
 */
export function withoutElements(text: string, tag: RegExp, kind: 'nested' | 'flat'): string {
  let kept = '';
  let from = 0;
  let depth = 0;
  for (const { 0: found, 1: slash, index } of text.matchAll(tag)) {
    if (slash === '/') {
      if (depth === 0) continue;
      depth = kind === 'nested' ? depth - 1 : 0;
      if (depth === 0) from = index + found.length;
    } else {
      if (depth === 0) {
        kept += `${text.slice(from, index)} `;
        from = index + found.length;
      }
      depth += 1;
    }
  }
  return depth > 0 && kind === 'nested' ? kept : kept + text.slice(from);
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
  ['&nbsp;', ' '],
]);

function decoded(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES.get(entity) ?? entity);
}
