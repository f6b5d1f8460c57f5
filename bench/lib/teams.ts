/** Teams as a bot sees it: a connector that takes its calls, and activities posted to it. Times are of the monotonic clock. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Person {
  readonly name: string;
  readonly teamsId: string;
  readonly aadObjectId: string;
}

/** One call of a bot, as it stood when its last byte had come in. */
export interface Received {
  readonly atMs: number;
  readonly kind: 'send' | 'update';
  readonly activityId: string;
  readonly conversationId: string;
  readonly activity: { readonly type?: string; readonly text?: string; readonly attachments?: readonly { readonly content?: unknown }[] };
}

type Fits = (received: Received) => boolean;

const ANSWER_DEADLINE_MS = 20_000;

export class Teams {
  readonly #server;
  readonly #waiting = new Set<{ readonly fits: Fits; readonly resolve: (received: Received) => void }>();
  #next = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const atMs = performance.now();
        const [, conversationId = '', named = ''] = /^\/+v3\/conversations\/([^/]+)\/activities\/?([^/?]*)/.exec(request.url ?? '') ?? [];
        const kind = request.method === 'PUT' ? 'update' : 'send';
        const activityId = kind === 'update' ? decodeURIComponent(named) : `1:${(this.#next += 1)}`;
        const answer = JSON.stringify({ id: activityId });
        response.writeHead(kind === 'update' ? 200 : 201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
        response.end(answer);
        const received: Received = { atMs, kind, activityId, conversationId: decodeURIComponent(conversationId), activity: JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') };
        for (const waiting of this.#waiting) {
          if (!waiting.fits(received)) continue;
          this.#waiting.delete(waiting);
          waiting.resolve(received);
        }
      });
    });
    this.#server.keepAliveTimeout = 65_000;
  }

  static async start(): Promise<Teams> {
    const teams = new Teams();
    await new Promise<void>((resolve) => teams.#server.listen(0, '127.0.0.1', resolve));
    return teams;
  }

  /** The `serviceUrl` of every activity. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** The first call that fits, from now on. Listen before you post. */
  async heard(fits: Fits, what: string): Promise<Received> {
    return new Promise((resolve, reject) => {
      const waiting = {
        fits,
        resolve: (received: Received) => {
          clearTimeout(late);
          resolve(received);
        },
      };
      const late = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(new Error(`${what} did not come within ${ANSWER_DEADLINE_MS} ms`));
      }, ANSWER_DEADLINE_MS);
      this.#waiting.add(waiting);
    });
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

export interface ChatOptions {
  readonly bot: string;
  readonly botId: string;
  readonly tenantId: string;
  readonly serviceUrl: string;
  /** A channel token, good for the whole measurement. */
  readonly token: string;
  readonly person: Person;
}

/** One personal chat of one person with one bot. */
export class Chat {
  readonly id = `a:1${randomBytes(24).toString('base64url')}`;
  readonly #with: ChatOptions;
  readonly #agent = new Agent({ keepAlive: true });
  #messageId = Date.now();

  constructor(options: ChatOptions) {
    this.#with = options;
  }

  #envelope(): Record<string, unknown> {
    const { person, botId, tenantId, serviceUrl } = this.#with;
    return {
      id: String((this.#messageId += 1)),
      timestamp: new Date().toISOString(),
      channelId: 'msteams',
      serviceUrl,
      from: { id: person.teamsId, name: person.name, aadObjectId: person.aadObjectId },
      conversation: { conversationType: 'personal', tenantId, id: this.id },
      recipient: { id: botId, name: 'Bot' },
      channelData: { tenant: { id: tenantId } },
      locale: 'en-GB',
    };
  }

  /** Posts a message. Resolves to when it was posted and when the bot acknowledged it. */
  say(text: string): Promise<{ readonly beganMs: number; readonly acknowledgedMs: number }> {
    return this.#post({ ...this.#envelope(), type: 'message', textFormat: 'plain', text, entities: [{ type: 'clientInfo', locale: 'en-GB', country: 'GB', platform: 'Web' }] });
  }

  /** Presses a button of a card. */
  press(replyToId: string, action: unknown): Promise<{ readonly beganMs: number; readonly acknowledgedMs: number }> {
    return this.#post({ ...this.#envelope(), type: 'invoke', name: 'adaptiveCard/action', id: `f:${randomUUID()}`, replyToId, value: { action, trigger: 'manual' } });
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(activity: unknown): Promise<{ readonly beganMs: number; readonly acknowledgedMs: number }> {
    const body = Buffer.from(JSON.stringify(activity));
    return new Promise((resolve, reject) => {
      const beganMs = performance.now();
      const outgoing = httpRequest(this.#with.bot, { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json', 'content-length': body.length, authorization: `Bearer ${this.#with.token}` } }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const acknowledgedMs = performance.now();
          const status = incoming.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve({ beganMs, acknowledgedMs });
          else reject(new Error(`the bot answered ${status}: ${Buffer.concat(chunks).toString('utf8').slice(0, 300)}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}
