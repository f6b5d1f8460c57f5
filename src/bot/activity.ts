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

/** What a person wrote themselves. */
export interface OwnWords {
  readonly text: string;
  /** Somebody else's text stood in the message. */
  readonly untrusted: boolean;
}

/** The text of a message without the mention of the bot itself. */
function withoutMentionOfBot({ entities = [], recipient, text = '' }: CheckedActivity): string {
  return entities
    .filter(({ mentioned, type }) => type === 'mention' && mentioned?.id === recipient.id)
    .reduce((rest, { text: mention }) => (mention === undefined ? rest : rest.replaceAll(mention, ' ')), text);
}

/**
 * The person's own words in a message. What they quoted, forwarded or pasted as HTML is somebody else's: it is left
 * out, and the message counts as untrusted for this turn.
 */
export function ownWords(activity: CheckedActivity): OwnWords {
  const raw = withoutMentionOfBot(activity);
  const html = (activity.attachments ?? []).filter((attachment) => attachment.contentType === 'text/html').map((attachment) => (typeof attachment.content === 'string' ? attachment.content : '<attachment>'));
  // Teams adds the message itself as HTML, which is harmless; a quotation, a table or a link in it is not.
  const quoted = html.some((content) => /<(?:blockquote|table|a|img|pre|iframe|attachment)\b/i.test(content)) || /<(?:blockquote|quote)\b/i.test(raw);
  const forwarded = (activity.attachments ?? []).some((attachment) => attachment.contentType !== 'text/html');
  const withoutQuotes = raw
    .replace(/<(blockquote|quote)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/^>.*$/gm, ' ')
    // Mentions of people are names from the directory, and no words of the person.
    .replace(/<at\b[^>]*>[\s\S]*?<\/at>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;/g, ' ');
  const untrusted = quoted || forwarded || /^>/m.test(raw) || activity.textFormat === 'xml';
  return { text: withoutQuotes.replace(/[^\S\n]+/g, ' ').trim(), untrusted };
}
