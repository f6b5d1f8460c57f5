/** A fake Bot Connector: what Teams would receive from the bot, in order and as it came over the wire. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from './json.ts';
import { sleep, until } from './wait.ts';

export interface Attachment {
  readonly contentType: string;
  readonly content?: unknown;
  readonly contentUrl?: string;
}

/** The part of an activity that stories look at; `raw` on {@link Received} has all of it. */
export interface Activity {
  readonly type: string;
  readonly text?: string;
  readonly textFormat?: string;
  readonly summary?: string;
  readonly attachments?: readonly Attachment[];
  readonly entities?: readonly Readonly<Record<string, unknown>>[];
  readonly channelData?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** One call of the bot. */
export interface Received {
  readonly index: number;
  readonly atMs: number;
  readonly kind: 'send' | 'update' | 'delete' | 'create';
  readonly conversationId: string;
  /** The id that the connector gave or that the path named. */
  readonly activityId: string;
  readonly activity: Activity;
  /** The body to the letter. */
  readonly raw: string;
  /** The caller's bearer token. */
  readonly token: string;
  /** What it was answered; 0 for a call that was left hanging. */
  readonly status: number;
}

/** Trouble for the calls to come. Calls that fail are recorded with their status and not delivered. */
export interface Trouble {
  readonly kind: 'status' | 'delay' | 'hang';
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
  readonly times?: number;
  /** Only for calls about this conversation, and with an activity of this type. */
  readonly conversationId?: string;
  readonly type?: string;
}

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly aadObjectId: string;
  readonly tenantId: string;
  readonly userPrincipalName?: string;
}

const nothing: Activity = { type: '' };

export class Connector {
  readonly #server: Server;
  readonly #log: Received[] = [];
  readonly #members = new Map<string, readonly Member[]>();
  #troubles: { readonly trouble: Trouble; left: number }[] = [];
  #inFlight = 0;
  #lastMs = 0;
  #nextId = 1;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Connector> {
    const server = createServer();
    const connector = new Connector(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      connector.#inFlight += 1;
      response.once('close', () => {
        connector.#inFlight -= 1;
        connector.#lastMs = Date.now();
      });
      connector.#answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return connector;
  }

  /** The `serviceUrl` of every activity. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Everything received, oldest first. */
  get log(): readonly Received[] {
    return this.#log;
  }

  /** When a call last ended. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get busy(): boolean {
    return this.#inFlight > 0;
  }

  /** What was delivered to one conversation, or to all of them, from a position in the log on. Typing does not count. */
  messages(options: { readonly conversationId?: string; readonly since?: number } = {}): readonly Received[] {
    return this.#log
      .slice(options.since ?? 0)
      .filter(({ status, kind, activity, conversationId }) =>
        status >= 200 && status < 300 && kind !== 'create' && (kind === 'delete' || activity.type === 'message') &&
        (options.conversationId === undefined || options.conversationId === conversationId));
  }

  /** The present form of a message: the last update, or what was sent. */
  current(activityId: string): Received | undefined {
    return this.messages().filter((received) => received.activityId === activityId).at(-1);
  }

  setMembers(conversationId: string, members: readonly Member[]): void {
    this.#members.set(conversationId, members);
  }

  fail(trouble: Trouble): void {
    this.#troubles.push({ trouble, left: trouble.times ?? 1 });
  }

  heal(): void {
    this.#troubles = [];
  }

  async until<T>(predicate: () => T, timeoutMs: number, what: string): Promise<NonNullable<T>> {
    return until(predicate, timeoutMs, what);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname.replace(/^\/+/, '/');
    const parts = path.split('/').slice(1).map(decodeURIComponent);
    const send = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      const text = JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text), ...headers });
      response.end(text);
    };
    const [version, area, conversationId = '', what, detail] = parts;
    if (version !== 'v3' || area !== 'conversations') return send(404, { error: { code: 'NotFound', message: 'No such resource.' } });

    if (request.method === 'GET' && (what === 'members' || what === 'pagedmembers')) {
      const members = this.#members.get(conversationId) ?? [];
      if (what === 'pagedmembers') return send(200, { members });
      if (detail === undefined) return send(200, members);
      const member = members.find(({ id, aadObjectId }) => id === detail || aadObjectId === detail);
      return member === undefined ? send(404, { error: { code: 'NotFound', message: 'No such member.' } }) : send(200, member);
    }

    const method = request.method ?? '';
    const kind = method === 'PUT' ? 'update' : method === 'DELETE' ? 'delete' : method === 'POST' ? (conversationId === '' ? 'create' : 'send') : undefined;
    if (kind === undefined || (kind !== 'create' && what !== 'activities')) return send(405, { error: { code: 'MethodNotAllowed', message: 'Not here.' } });

    const activity = (parse(raw) as Activity | undefined) ?? nothing;
    const trouble = this.#troubles.find(
      (candidate) =>
        (candidate.trouble.method === undefined || candidate.trouble.method === method) &&
        (candidate.trouble.conversationId === undefined || candidate.trouble.conversationId === conversationId) &&
        (candidate.trouble.type === undefined || candidate.trouble.type === activity.type),
    );
    let status = kind === 'send' || kind === 'create' ? 201 : 200;
    if (trouble !== undefined) {
      trouble.left -= 1;
      if (trouble.left <= 0) this.#troubles = this.#troubles.filter((other) => other !== trouble);
      if (trouble.trouble.kind === 'delay') await sleep(trouble.trouble.delayMs ?? 1000);
      if (trouble.trouble.kind === 'status') status = trouble.trouble.status ?? 500;
      if (trouble.trouble.kind === 'hang') status = 0;
    }
    const named = detail ?? '';
    if (status === 200 && !this.#log.some((earlier) => earlier.activityId === named && earlier.conversationId === conversationId)) status = 404;
    const activityId = kind === 'send' ? `1:${(this.#nextId++).toString(36).padStart(8, '0')}` : kind === 'create' ? `a:created-${this.#nextId++}` : named;
    this.#log.push({
      index: this.#log.length,
      atMs: Date.now(),
      kind,
      conversationId,
      activityId,
      activity,
      raw,
      token: (request.headers.authorization ?? '').replace(/^Bearer /, ''),
      status,
    });
    this.#lastMs = Date.now();
    if (status === 0) return;
    if (status >= 400) return send(status, { error: { code: 'ServiceError', message: 'The connector was told to fail.' } }, trouble?.trouble.retryAfterSeconds === undefined ? {} : { 'retry-after': String(trouble.trouble.retryAfterSeconds) });
    send(status, { id: activityId });
  }
}
