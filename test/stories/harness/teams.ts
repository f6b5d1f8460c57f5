/** People in Teams: what they type and press becomes activities of the shape that Teams sends. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { buttonOf, cardOf, shown } from './cards.ts';
import { Stopwatch } from '../../machine.ts';
import type { Connector, Received } from './connector.ts';
import type { Persona } from './journal.ts';
import { at, parse, textAt } from './json.ts';
import type { ScriptedModel } from './model.ts';

export type Where = 'personal' | 'groupChat' | 'channel';

/** What a chat needs of the world around it. */
export interface Wire {
  readonly bot: string;
  readonly botId: string;
  readonly tenantId: string;
  readonly connector: Connector;
  readonly model: ScriptedModel | undefined;
  /** The `Authorization` header of each post; absent where a proxy signs. */
  readonly authorization?: (() => Promise<string>) | undefined;
}

export interface Posted {
  readonly status: number;
  /** Without what the machine withheld. */
  readonly durationMs: number;
  readonly withheldMs: number;
  readonly text: string;
  readonly body: unknown;
}

/** What came of a message. */
export interface Turn extends Posted {
  /** Id of the message that was posted. */
  readonly id: string;
  /** Messages of Steward in this conversation since, oldest first: sent and updated. */
  readonly replies: readonly Received[];
  /** Those that are new messages. */
  readonly sent: readonly Received[];
  /** All that they show, as one text. */
  readonly shown: string;
}

/** What the person who pressed sees. */
export interface Click extends Posted {
  /** `statusCode` of the invoke response. */
  readonly statusCode: unknown;
  readonly type: string;
  /** The card that replaces the one pressed, if any. */
  readonly card: unknown;
  /** A message that only this person sees, if any. */
  readonly privately: string | undefined;
}

export interface SayOptions {
  readonly id?: string;
  readonly attachments?: readonly unknown[];
  readonly textFormat?: string;
  /** Fields that replace those of the activity. */
  readonly with?: Readonly<Record<string, unknown>>;
  /** How many new messages to wait for; 0 waits for quiet alone. */
  readonly expect?: number;
  readonly timeoutMs?: number;
}

/** The line that Steward sends when somebody waits; later it is changed in place. */
export const isStatusLine = ({ activity, kind }: Received): boolean => kind === 'send' && /^Still working on /.test(activity.text ?? '');

const QUIET_MS = 120;
let clock = Date.now();

/** Ids of Teams messages are times in milliseconds. */
export const messageId = (): string => String((clock = Math.max(clock + 1, Date.now())));

export const conversationId = (where: Where): string => {
  const random = randomBytes(24).toString('base64url');
  if (where === 'personal') return `a:1${random}`;
  return where === 'groupChat' ? `19:${randomUUID().replaceAll('-', '')}@thread.v2` : `19:${random}@thread.tacv2;messageid=${messageId()}`;
};

/** A conversation as one of the people in it sees it. */
export class Chat {
  readonly id: string;
  readonly where: Where;
  readonly person: Persona;
  readonly #wire: Wire;

  constructor(wire: Wire, person: Persona, where: Where, id = conversationId(where)) {
    this.#wire = wire;
    this.person = person;
    this.where = where;
    this.id = id;
  }

  /** The same conversation with somebody else at the keyboard. */
  as(person: Persona): Chat {
    return new Chat(this.#wire, person, this.where, this.id);
  }

  /** What every activity of this person here has. */
  envelope(): Record<string, unknown> {
    const { person, where } = this;
    return {
      id: messageId(),
      timestamp: new Date().toISOString(),
      localTimestamp: new Date().toISOString(),
      localTimezone: 'Europe/London',
      channelId: 'msteams',
      serviceUrl: this.#wire.connector.url,
      from: { id: person.teamsId, name: person.name, aadObjectId: person.aadObjectId },
      conversation: { ...(where !== 'personal' && { isGroup: true }), conversationType: where, tenantId: person.tenantId, id: this.id },
      recipient: { id: this.#wire.botId, name: 'Steward' },
      channelData: { tenant: { id: person.tenantId } },
      locale: 'en-GB',
    };
  }

  message(text: string, { id, attachments, textFormat, with: replaced }: SayOptions = {}): Record<string, unknown> {
    const mention = this.where === 'personal' ? undefined : { type: 'mention', text: '<at>Steward</at>', mentioned: { id: this.#wire.botId, name: 'Steward' } };
    return {
      ...this.envelope(),
      type: 'message',
      ...(id !== undefined && { id }),
      textFormat: textFormat ?? 'plain',
      text: mention === undefined ? text : `<at>Steward</at> ${text}`,
      ...(attachments !== undefined && { attachments }),
      entities: [
        ...(mention === undefined ? [] : [mention]),
        { type: 'clientInfo', locale: 'en-GB', country: 'GB', platform: 'Web', timezone: 'Europe/London' },
      ],
      ...replaced,
    };
  }

  /** Posts an activity as it is. */
  async post(activity: unknown): Promise<Posted> {
    const watch = new Stopwatch();
    const authorization = await this.#wire.authorization?.();
    const response = await fetch(this.#wire.bot, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify(activity),
    });
    const text = await response.text();
    return { status: response.status, durationMs: watch.ms, withheldMs: watch.withheldMs, text, body: parse(text) };
  }

  /** Types a message and waits until Steward has answered and is quiet. */
  async say(text: string, options: SayOptions = {}): Promise<Turn> {
    return this.deliver(this.message(text, options), options);
  }

  /** Posts an activity and waits for the answer. */
  async deliver(activity: Record<string, unknown>, options: SayOptions = {}): Promise<Turn> {
    const since = this.#wire.connector.log.length;
    const posted = await this.post(activity);
    const id = textAt(activity, 'id');
    if (posted.status >= 300) return { ...posted, id, replies: [], sent: [], shown: '' };
    await this.settle(since, options);
    return { ...posted, id, ...this.since(since) };
  }

  /** What Steward said here since a position in the connector's log, but for the line that says why it takes so long. */
  since(since: number): Pick<Turn, 'replies' | 'sent' | 'shown'> {
    const lines = new Set(this.#wire.connector.messages({ conversationId: this.id }).filter(isStatusLine).map(({ activityId }) => activityId));
    const replies = this.#wire.connector.messages({ conversationId: this.id, since }).filter(({ activityId }) => !lines.has(activityId));
    return { replies, sent: replies.filter(({ kind }) => kind === 'send'), shown: replies.map(shown).join('\n') };
  }

  /** Waits for new messages, then until neither the connector nor the model hears anything more. */
  async settle(since: number, { expect = 1, timeoutMs = 12_000 }: SayOptions = {}): Promise<void> {
    const { connector, model } = this.#wire;
    const startedMs = Date.now();
    const watch = new Stopwatch();
    let [heardMs, quiet] = [startedMs, watch];
    for (;;) {
      const enough = this.since(since).sent.length >= expect;
      const lastMs = Math.max(startedMs, connector.lastMs, model?.lastMs ?? 0);
      if (lastMs !== heardMs) [heardMs, quiet] = [lastMs, new Stopwatch()];
      if (enough && !connector.busy && model?.busy !== true && quiet.hasTaken(expect === 0 ? 5 * QUIET_MS : QUIET_MS)) return;
      if (watch.hasTaken(timeoutMs)) {
        if (enough) return;
        throw new Error(`no answer to ${this.person.name} within ${timeoutMs} ms`);
      }
      await sleep(10);
    }
  }

  /** The invoke that pressing a button sends. */
  invoke(card: Received, which: RegExp, inputs: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const { action } = buttonOf(cardOf(card), which);
    const data = at(action, 'data');
    const value = Object.keys(inputs).length === 0 ? action : { ...action, data: { ...(typeof data === 'object' && data !== null ? data : {}), ...inputs } };
    return this.invokeWith(card.activityId, value);
  }

  invokeWith(replyToId: string, action: unknown): Record<string, unknown> {
    return {
      ...this.envelope(),
      type: 'invoke',
      name: 'adaptiveCard/action',
      id: `f:${randomUUID()}`,
      replyToId,
      value: { action, trigger: 'manual' },
      channelData: { tenant: { id: this.person.tenantId }, source: { name: 'message' }, legacy: { replyToId } },
    };
  }

  /** Presses the button whose title or verb fits. */
  async click(card: Received, which: RegExp, inputs: Readonly<Record<string, unknown>> = {}): Promise<Click> {
    return this.press(this.invoke(card, which, inputs));
  }

  async press(invoke: Record<string, unknown>): Promise<Click> {
    const posted = await this.post(invoke);
    const type = textAt(posted.body, 'type');
    const value = at(posted.body, 'value');
    return {
      ...posted,
      statusCode: at(posted.body, 'statusCode'),
      type,
      card: type === 'application/vnd.microsoft.card.adaptive' ? value : undefined,
      privately: type === 'application/vnd.microsoft.activity.message' && typeof value === 'string' ? value : undefined,
    };
  }

  /** Edits a message that was sent before. */
  async edit(id: string, text: string): Promise<Posted> {
    return this.post({ ...this.message(text, { id }), type: 'messageUpdate', channelData: { eventType: 'editMessage', tenant: { id: this.person.tenantId } } });
  }

  /** Deletes a message that was sent before. */
  async remove(id: string): Promise<Posted> {
    return this.post({ ...this.envelope(), type: 'messageDelete', id, channelData: { eventType: 'softDeleteMessage', tenant: { id: this.person.tenantId } } });
  }

  /** What Teams sends when the app is installed: two activities, in no order that one could rely on. */
  async install(order: 'installation first' | 'conversation first' | 'together' = 'installation first'): Promise<void> {
    const { teamsId, aadObjectId } = this.person;
    const installed = (): Promise<Posted> => this.post({ ...this.envelope(), type: 'installationUpdate', action: 'add' });
    const begun = (): Promise<Posted> => this.post({ ...this.envelope(), type: 'conversationUpdate', membersAdded: [{ id: this.#wire.botId }, { id: teamsId, aadObjectId }] });
    if (order === 'together') await Promise.all([begun(), installed()]);
    else for (const post of order === 'conversation first' ? [begun, installed] : [installed, begun]) await post();
  }

  /** What Teams sends when the app is removed. */
  async uninstall(): Promise<void> {
    await this.post({ ...this.envelope(), type: 'conversationUpdate', membersRemoved: [{ id: this.#wire.botId }] });
    await this.post({ ...this.envelope(), type: 'installationUpdate', action: 'remove' });
  }
}

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The attachment that Teams adds when a message quotes another one. */
export const quoteOf = (author: string, text: string, own: string): Record<string, unknown> => ({
  contentType: 'text/html',
  content: `<blockquote itemscope itemtype="http://schema.skype.com/Reply" itemid="${messageId()}"><strong itemprop="mri" itemid="29:someone">${escapeHtml(author)}</strong><p itemprop="preview">${escapeHtml(text)}</p></blockquote><p>${escapeHtml(own)}</p>`,
});

/** The attachment that Teams adds to every formatted message. */
export const htmlOf = (html: string): Record<string, unknown> => ({ contentType: 'text/html', content: html });
