import type { Activity, Attachment, TurnContext } from 'botbuilder';
import { createHash } from 'node:crypto';
import { HANDLE_IN_TEXT, type HandleBook } from '../actions/handles.ts';
import type { InternalId } from '../actions/internal-id.ts';
import { StewardError } from '../errors.ts';
import { en } from './wording/en.ts';

/** Text that passed the output gate. Made here only; senders take nothing else. */
export type UserText = string & { readonly [userText]: true };
declare const userText: unique symbol;

/** A card that passed the output gate. */
export interface UserCard {
  readonly [userCard]: true;
  readonly content: Readonly<Record<string, unknown>>;
  readonly summary: UserText;
}
declare const userCard: unique symbol;

/** A value that must never be said: a secret that this process holds. */
export interface Concealed {
  appearsIn(text: string): boolean;
}

/** What the gate compares with. */
export interface SayContext {
  /** Handles of this conversation: their labels may be said to this person, their ids never. */
  readonly handles?: HandleBook;
  /** Further internal ids that took part: requester, targets. */
  readonly ids?: readonly InternalId[];
}

const GUID = /\{?\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b\}?/gi;
const LINK = /\b(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\.|(?:javascript|vbscript|data|file|blob|about|mailto|tel|callto|sip|msteams|ms-[a-z-]+):)[^\s<>"'\]]+/gi;
/** Words that call everybody in some clients. */
const MENTION_OF_ALL = /@(?=(?:everyone|channel|team|here|all)\b)/gi;
/** Shapes of credentials, whatever their value. */
const SECRET_SHAPES: readonly RegExp[] = [
  /\beyJ[\w-]{10,}\.[\w-]{10,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig|client_secret|password)=[^\s&;]{8,}/i,
  /\bBearer\s+[\w.~+/-]{20,}/i,
];

/**
 * The only sender. Everything said passes its gate: no internal id, no secret, no link off the list, no mention of
 * everyone, no HTML. Text goes out as plain text, so that Markdown in a name stays inert.
 */
export class Speaker {
  readonly #linkHosts: ReadonlySet<string>;
  readonly #secrets: () => readonly Concealed[];

  /** `linkHosts` are exact host names; an empty list allows none. */
  constructor(linkHosts: readonly string[], secrets: () => readonly Concealed[]) {
    this.#linkHosts = new Set(linkHosts.map((host) => host.toLowerCase()));
    this.#secrets = secrets;
  }

  /** Text written by code, from `wording`. Fails with `SAY_WITHHELD` if something that must not be said got in. */
  words(text: string, context: SayContext = {}): UserText {
    this.#assertClean(text, context);
    // The brand is given here and nowhere else.
    return text as UserText;
  }

  /**
   * Text written by the model. Handles become names; links off the list, ids, mentions and HTML are taken out; text
   * that holds an internal id or a secret is withheld whole, with `SAY_WITHHELD`.
   */
  modelText(text: string, context: SayContext & { readonly handles: HandleBook }, nowMs: number): UserText {
    this.#assertClean(text, context);
    const named = stripMarkup(text)
      .replace(LINK, (link) => (this.#isListed(link) ? link : en.linkRemoved))
      .replace(GUID, en.idRemoved)
      .replace(HANDLE_IN_TEXT, (_, handle: string) => inertName(context.handles.labelOf(handle, nowMs) ?? en.unknownName));
    this.#assertClean(named, context);
    return named.trim() as UserText;
  }

  /** A card made by code. Every string in it passes the gate. Fails with `SAY_WITHHELD`. */
  card(content: Readonly<Record<string, unknown>>, summary: string, context: SayContext = {}): UserCard {
    // The reference of an approval is random and meant for the card; it is the only opaque value in it.
    this.#assertClean(JSON.stringify(content), context);
    return { content, summary: this.words(summary, context) } as UserCard;
  }

  /**
   * Sends text. `model` labels it as AI-generated; `lines` keeps line breaks, which needs Markdown: for text that code
   * wrote whole, with names from outside passed through `plainInMarkdown`. Resolves to the activity id.
   */
  async say(to: TurnContext, text: UserText, options: { readonly model?: boolean; readonly lines?: boolean } = {}): Promise<string> {
    const activity: Partial<Activity> = {
      type: 'message',
      text,
      textFormat: options.lines === true ? 'markdown' : 'plain',
      ...(options.model === true && { entities: [{ type: 'https://schema.org/Message', '@type': 'Message', '@context': 'https://schema.org', '@id': '', additionalType: ['AIGeneratedContent'] }] }),
    };
    return (await to.sendActivity(activity))?.id ?? '';
  }

  /** Sends a card, alone in its activity: a card beside text can't be updated later. Resolves to the activity id. */
  async show(to: TurnContext, card: UserCard): Promise<string> {
    return (await to.sendActivity({ type: 'message', summary: card.summary, attachments: [attach(card)] }))?.id ?? '';
  }

  /** Replaces a card where it stands. */
  async replace(to: TurnContext, activityId: string, card: UserCard): Promise<void> {
    await to.updateActivity({ type: 'message', id: activityId, summary: card.summary, attachments: [attach(card)] });
  }

  async typing(to: TurnContext): Promise<void> {
    await to.sendActivity({ type: 'typing' });
  }

  #isListed(link: string): boolean {
    const url = safeUrl(link);
    return url?.protocol === 'https:' && url.username === '' && this.#linkHosts.has(url.host.toLowerCase());
  }

  #assertClean(text: string, context: SayContext): void {
    const ids = [...(context.handles?.ids() ?? []), ...(context.ids ?? [])];
    if (ids.some((id) => id.appearsIn(text))) throw new StewardError('SAY_WITHHELD', 'an internal id was about to be said');
    if (SECRET_SHAPES.some((shape) => shape.test(text)) || this.#secrets().some((secret) => secret.appearsIn(text))) {
      throw new StewardError('SAY_WITHHELD', 'a secret was about to be said');
    }
  }
}

/** Digest of what was said, for the ledger. */
export function saidDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A name from the directory, made inert: one line, no direction or control characters, bounded, no template syntax. */
export function inertName(name: string): string {
  const line = name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .replace(/\s+/gu, ' ')
    .replaceAll('{{', '{ {')
    .replaceAll('${', '$ {')
    .trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** A name from outside for a text that is Markdown. */
export function plainInMarkdown(name: string): string {
  return inertName(name).replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, '\\$&');
}

/** Takes out HTML, mentions and images; what remains is plain text. */
function stripMarkup(text: string): string {
  return text
    .replace(/<at\b[^>]*>[\s\S]*?<\/at>/gi, '')
    .replace(/<[^>]*>/g, '')
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    // A link's text may say another place than its target: both are shown, and the target is judged as a link.
    .replace(/\[([^\]]*)\]\(([^)\s]*)[^)]*\)+/g, '$1 $2')
    .replace(MENTION_OF_ALL, '')
    .replace(/[\p{Cf}]/gu, '');
}

function safeUrl(link: string): URL | undefined {
  try {
    return new URL(link);
  } catch {
    return undefined;
  }
}

function attach(card: UserCard): Attachment {
  return { contentType: 'application/vnd.microsoft.card.adaptive', content: card.content };
}
