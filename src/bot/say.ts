import type { Activity, Attachment, TurnContext } from 'botbuilder';
import { createHash } from 'node:crypto';
import { HANDLE_IN_TEXT, type HandleBook } from '../actions/handles.ts';
import { normalised, type InternalId } from '../actions/internal-id.ts';
import { looksSecret } from '../audit/secret-shapes.ts';
import { StewardError } from '../errors.ts';
import { withoutElements } from './activity.ts';
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
/** Handles as the model writes them, in whatever case: one that stands for nothing must not be read out either. */
const HANDLE = new RegExp(HANDLE_IN_TEXT.source, 'gi');
const AT = /<(\/?)at\b[^<>]*>/gi;

/** Where a link goes on to: up to white space or markup, less the punctuation after it. */
const REST = String.raw`[^\s<>]*[^\s<>"'“”‘’«»()\[\].,;:!?]`;
/** Ends of names that clients take for a host although nothing else says so. No English words, no file types. */
const ENDS = 'com|net|org|io|dev|app|co|info|biz|xyz|top|site|online|shop|store|tech|cloud|link|click|live|example|edu|gov|eu|de|fr|nl|ch|uk|es|it|pl|ru|cn|br|au|ca|jp|tv|gg|ly|tk';
/**
 * What a client may open, as browsers read it and not as the RFC writes it. Read by `readable` first.
 * INVARIANT: linear. Nothing of unbounded length can begin inside itself.
 */
const LINK = new RegExp(
  [
    // Any scheme with two slashes, whichever way they lean.
    String.raw`(?<![a-z\d+.-])[a-z\d+.-]{0,21}:[\\/]{2}${REST}`,
    String.raw`:[\\/]{2}${REST}`,
    // Schemes that need no slash at all: `https:evil.example` is a link.
    String.raw`(?<![\p{L}\d])(?:https?|ftps?|wss?|javascript|vbscript|data|file|blob|about|mailto|tel|callto|sips?|sms|skype|msteams|ms-[a-z-]{1,40}):${REST}`,
    // A host of this page's scheme, or a share.
    String.raw`(?<![\p{L}\d:\\/])[\\/]{2,}[\p{L}\d]${REST}`,
    String.raw`(?<![\p{L}\d])www\d{0,3}\.${REST}`,
    // A bare host with a path or a port.
    String.raw`(?<![\p{L}\d.-])(?:[\p{L}\d-]+\.)+[a-z][a-z\d-]{1,23}(?:\/|:\d)[^\s<>]*`,
    // A bare host. Not within a mail address: what stands before or after its `@`, or before a guest's `#EXT#`. Neither ASP.NET nor M.de Vries.
    String.raw`(?<![\p{L}\d.-]|[\p{L}\d._%+#-]@|[\p{L}\d]_)(?!(?:(?:asp|vb)\.net|\p{L}\.de)(?!\.?[\p{L}\d]))(?:[\p{L}\d-]+\.)+(?:${ENDS})(?![\p{L}\d]|[\p{L}\d._%+-]{0,64}@[\p{L}\d])`,
  ].join('|'),
  'giu',
);
/** What code itself links to: the personal chat. */
const CODE_LINK_HOSTS: readonly string[] = ['teams.microsoft.com'];
/** No link for a reader: every card names it. */
const CARD_SCHEMA = 'http://adaptivecards.io/schemas/adaptive-card.json';

/** One such entity for each activity: Teams takes no second one. */
const AI_GENERATED = { type: 'https://schema.org/Message', '@type': 'Message', '@context': 'https://schema.org', '@id': '', additionalType: ['AIGeneratedContent'] };

/** One source of an answer, as Teams shows it behind its number. */
export interface Citation {
  /** `[1]` in the text. */
  readonly position: number;
  /** At most 80 characters. */
  readonly name: string;
  /** At most 160. */
  readonly abstract: string;
  /** At most three of at most 28. */
  readonly keywords: readonly string[];
  readonly url?: string | undefined;
}

/** Words that call everybody in some clients. */
const MENTION_OF_ALL = /@(?=(?:everyone|channel|team|here|all)\b)/gi;

/**
 * The only sender. Everything said passes its gate: no internal id, no secret, no link off the list, no mention of
 * everyone, no HTML. Text goes out as plain text, so that Markdown in a name stays inert.
 */
export class Speaker {
  readonly #modelHosts: ReadonlySet<string>;
  readonly #codeHosts: ReadonlySet<string>;
  readonly #fileHosts: ReadonlySet<string>;
  readonly #secrets: () => readonly Concealed[];

  /**
   * `linkHosts` are exact host names that anything may link to, `codeLinkHosts` those that only code may, and `fileHost`
   * is where a file card may lead.
   */
  constructor(linkHosts: readonly string[], secrets: () => readonly Concealed[], codeLinkHosts = CODE_LINK_HOSTS, fileHost?: string) {
    this.#fileHosts = new Set(fileHost === undefined ? [] : [fileHost.toLowerCase()]);
    this.#modelHosts = new Set(linkHosts.map((host) => host.toLowerCase()));
    this.#codeHosts = new Set([...this.#modelHosts, ...codeLinkHosts.map((host) => host.toLowerCase())]);
    this.#secrets = secrets;
  }

  /**
   * Text written by code, from `wording`. Fails with `SAY_WITHHELD` if something that must not be said got in, also a
   * link off the lists: what comes from outside has been through `inertName` before.
   */
  words(text: string, context: SayContext = {}): UserText {
    this.#assertClean(text, context);
    this.#assertLinks(text);
    // The brand is given here and in `modelText`, nowhere else.
    return text as UserText;
  }

  /**
   * Text written by the model. Handles become names; links off the list, ids, mentions and HTML are taken out; text
   * that holds an internal id or a secret is withheld whole, with `SAY_WITHHELD`. Empty if nothing is left to be read.
   */
  modelText(text: string, context: SayContext & { readonly handles: HandleBook }, nowMs: number): UserText {
    this.#assertClean(text, context);
    const isListed = (link: string): boolean => leadsTo(this.#modelHosts, link);
    const named = replaceLinks(stripMarkup(text), isListed)
      .replace(GUID, en.idRemoved)
      .replace(HANDLE, (_, handle: string) => inertName(context.handles.labelOf(handle.toLowerCase(), nowMs) ?? en.unknownName));
    // Once more: a name and what the model wrote beside it can make a link together.
    const said = replaceLinks(named, isListed).trim();
    this.#assertClean(said, context);
    return (/[^\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u.test(said) ? said : '') as UserText;
  }

  /** A card made by code. Every string and key in it passes the gate. Fails with `SAY_WITHHELD`. */
  card(content: Readonly<Record<string, unknown>>, summary: string, context: SayContext = {}): UserCard {
    // As they are, not as JSON: escaping would hide a value with a quotation mark in it.
    const texts = [...stringsIn(content)].filter((text) => text !== CARD_SCHEMA).join('\n');
    this.#assertClean(texts, context);
    this.#assertLinks(texts);
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
      ...(options.model === true && { entities: [AI_GENERATED] }),
    };
    return (await to.sendActivity(activity))?.id ?? '';
  }

  /** Whether code may link there. */
  isLinkable(link: string): boolean {
    return leadsTo(this.#codeHosts, link);
  }

  /**
   * Sends an answer with what it cites, labelled as AI-generated where it cites something, and lets Teams ask what the reader thinks of it. Every part
   * of a citation passes the gate like what is said. Resolves to the activity id. Fails with `SAY_WITHHELD`.
   * https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content
   */
  async answer(to: TurnContext, text: UserText, citations: readonly Citation[]): Promise<string> {
    const parts = citations.flatMap(({ abstract, keywords, name, url }) => [name, abstract, ...keywords, ...(url === undefined ? [] : [url])]).join('\n');
    this.#assertClean(parts, {});
    this.#assertLinks(parts);
    const citation = citations.map(({ abstract, keywords, name, position, url }) => ({
      '@type': 'Claim',
      position,
      appearance: { '@type': 'DigitalDocument', name, abstract, keywords, ...(url !== undefined && { url }) },
    }));
    // Without a source it is a refusal, which code wrote.
    const entities = citation.length > 0 ? [{ ...AI_GENERATED, citation }] : [];
    return (await to.sendActivity({ type: 'message', text, textFormat: 'markdown', entities, channelData: { feedbackLoop: { type: 'default' } } }))?.id ?? '';
  }

  /** Sends a card, alone in its activity: a card beside text can't be updated later. Resolves to the activity id. */
  async show(to: TurnContext, card: UserCard): Promise<string> {
    return (await to.sendActivity({ type: 'message', summary: card.summary, attachments: [attach(card)] }))?.id ?? '';
  }

  /**
   * Lets Teams ask the person whether they want a file. What they answer comes back with the reference, and with an
   * address to put the file to. Resolves to the activity id.
   * https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4
   */
  async offerFile(to: TurnContext, offer: { readonly name: UserText; readonly description: UserText; readonly sizeInBytes: number; readonly reference: string; readonly summary: UserText }): Promise<string> {
    const { description, name, reference, sizeInBytes, summary } = offer;
    const content = { description, sizeInBytes, acceptContext: { reference }, declineContext: { reference } };
    return (await to.sendActivity({ type: 'message', summary, attachments: [{ contentType: 'application/vnd.microsoft.teams.card.file.consent', name, content }] }))?.id ?? '';
  }

  /** Shows a file that was put into the person's OneDrive. Fails with `SAY_WITHHELD` when its address is anywhere else. */
  async showFile(to: TurnContext, file: { readonly name: UserText; readonly contentUrl: string; readonly uniqueId: string; readonly fileType: string; readonly summary: UserText }): Promise<string> {
    const { contentUrl, fileType, name, summary, uniqueId } = file;
    this.#assertClean([contentUrl, uniqueId, fileType].join('\n'), {});
    if (!leadsTo(this.#fileHosts, contentUrl)) throw new StewardError('SAY_WITHHELD', 'a file card was about to lead elsewhere');
    return (await to.sendActivity({ type: 'message', summary, attachments: [{ contentType: 'application/vnd.microsoft.teams.card.file.info', contentUrl, name, content: { uniqueId, fileType } }] }))?.id ?? '';
  }

  /** Takes back a message of ours. */
  async remove(to: TurnContext, activityId: string): Promise<void> {
    await to.deleteActivity(activityId);
  }

  /** Replaces a card where it stands. */
  async replace(to: TurnContext, activityId: string, card: UserCard): Promise<void> {
    await to.updateActivity({ type: 'message', id: activityId, summary: card.summary, attachments: [attach(card)] });
  }

  /** Replaces a text where it stands. Nobody is notified of it. */
  async reword(to: TurnContext, activityId: string, text: UserText): Promise<void> {
    await to.updateActivity({ type: 'message', id: activityId, text, textFormat: 'plain' });
  }

  async typing(to: TurnContext): Promise<void> {
    await to.sendActivity({ type: 'typing' });
  }

  #assertClean(text: string, context: SayContext): void {
    const ids = [...(context.handles?.ids() ?? []), ...(context.ids ?? [])];
    if (ids.some((id) => id.appearsIn(text))) throw new StewardError('SAY_WITHHELD', 'an internal id was about to be said');
    if (looksSecret(text) || this.#secrets().some((secret) => secret.appearsIn(text))) {
      throw new StewardError('SAY_WITHHELD', 'a secret was about to be said');
    }
  }

  #assertLinks(text: string): void {
    if (hasForeignLink(text, (link) => leadsTo(this.#codeHosts, link))) throw new StewardError('SAY_WITHHELD', 'a link off the lists was about to be said');
  }
}

/** Digest of what was said, for the ledger. */
export function saidDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The most characters of a name that are shown, and that are looked at. */
const MOST_NAME = 80;
const MOST_NAME_READ = 2_000;

/** A name from the directory, made inert: one line, no direction or control characters, bounded, no link, no template syntax. */
export function inertName(name: string): string {
  const line = oneLine(name.slice(0, MOST_NAME_READ));
  // By code points: half of a surrogate pair is no character.
  const characters = [...line];
  const short = characters.length > MOST_NAME ? `${characters.slice(0, MOST_NAME - 1).join('')}…` : line;
  // After the cut, which may make a link of what was none.
  return withoutTemplates(replaceLinks(short)).replaceAll('${', '$ {').trim();
}

/**
 * A text from outside that must be shown whole, for a run of a card: on one line, so that it can't look like another
 * line of the card, with its links pulled apart instead of taken out.
 */
export function inertWhole(text: string): string {
  return withoutTemplates(replaceLinks(oneLine(text), () => false, pulledApart));
}

/** A name from outside for a text that is Markdown. */
export function plainInMarkdown(name: string): string {
  // A backslash would be doubled, and one that escapes must not stand where it makes a link: `//` and `:/\` are links.
  return inertName(name.replaceAll('\\', '/'))
    .replace(/[`*_{}[\]()#+\-.!|<>~]/g, '\\$&')
    .replace(/[:/](?=\\)/g, '$& ');
}

/** A text that is said whole, as one paragraph of a text that is Markdown: nothing in it is a mark. */
export function wholeInMarkdown(text: string): string {
  return inertWhole(text.replaceAll('\\', '/'))
    .replace(/[`*_{}[\]|<>~]/g, '\\$&')
    // Only where a line begins do these begin something.
    .replace(/^(?:[#+-]|\d+(?=[.)]))/, (mark) => (/\d/.test(mark) ? `${mark}\\` : `\\${mark}`))
    .replace(/[:/](?=\\)/g, '$& ');
}

/** Invisible and control characters out, white space to one blank. */
function oneLine(text: string): string {
  return normalised(text, 'NFC')
    .replace(/\p{Cf}|(?!\s)\p{Cc}/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Breaks what clients expand, also in `{{{`. */
function withoutTemplates(text: string): string {
  return text.replace(/\{(?=\{)/g, '{ ');
}

/** Takes out HTML, mentions and images; what remains is plain text. */
function stripMarkup(text: string): string {
  const visible = withoutElements(normalised(text, 'NFC').replace(/\p{Cf}/gu, ''), AT, 'flat');
  // Without the last `>` every `<` before it would be followed to the end of the text.
  const end = visible.lastIndexOf('>') + 1;
  const untagged = visible.slice(0, end).replace(/<[^>]*>/g, '') + visible.slice(end);
  return (
    untagged
      .replace(/!\[[^[\]]*\]\([^()]*\)/g, '')
      // A link's text may say another place than its target: both are shown, and the target is judged as a link.
      .replace(/\[([^[\]]*)\]\(([^()\s]*)(?:\s[^()]*)?\)/g, '$1 $2')
      .replace(MENTION_OF_ALL, '')
  );
}

// --- links ---------------------------------------------------------------------------------------------------------

/** As clients read it when they look for links: full-width and invisible characters mean what they resemble. */
function readable(text: string): string {
  return normalised(text, 'NFKC')
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replaceAll('\u3002', '.');
}

function hasForeignLink(text: string, isListed: (link: string) => boolean): boolean {
  for (const [link] of readable(text).matchAll(LINK)) if (!isListed(link)) return true;
  return false;
}

/** Replaces links that are not listed. Word by word: what holds no link keeps its own characters. */
function replaceLinks(text: string, isListed: (link: string) => boolean = () => false, instead: (link: string) => string = () => en.linkRemoved): string {
  if (!hasForeignLink(text, isListed)) return text;
  return text.replace(/\S+/g, (word) => {
    if (!hasForeignLink(word, isListed)) return word;
    const replaced = readable(word).replace(LINK, (link) => (isListed(link) ? link : instead(link)));
    // What stood around a link may be one itself once the link is gone; then nothing of the word stays.
    return hasForeignLink(replaced, isListed) ? instead(readable(word)) : replaced;
  });
}

/** Readable in whole, and no link any more. */
function pulledApart(link: string): string {
  return link.replace(/[:/\\.]/g, '$& ').trimEnd();
}

/** Whether a link leads to one of these hosts, for every reader: `\`, a missing slash or a user name are read in several ways. */
function leadsTo(hosts: ReadonlySet<string>, link: string): boolean {
  if (!/^https:\/\/[^/?#@]+(?:[/?#]|$)/i.test(link) || link.includes('\\')) return false;
  const url = safeUrl(link);
  return url?.protocol === 'https:' && hosts.has(url.host.toLowerCase());
}

function safeUrl(link: string): URL | undefined {
  try {
    return new URL(link);
  } catch {
    return undefined;
  }
}

/** Every string in a card, and every key. */
function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) yield key;
    yield* stringsIn(inner);
  }
}

function attach(card: UserCard): Attachment {
  return { contentType: 'application/vnd.microsoft.card.adaptive', content: card.content };
}
