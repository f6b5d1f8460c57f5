/** Every request that a bot makes of anything in this process, counted; at the n-th the bot is killed. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server, type AddressInfo } from 'node:net';

/** When the bot dies: before its request is handled, so that it never arrived, or after, so that its answer never does. */
export const moments = ['before it is handled', 'before it is answered'] as const;
export type Moment = (typeof moments)[number];

/** Marks the proof's own requests. */
export const AUDITOR = 'x-auditor';

export interface Trap {
  readonly at: number;
  readonly moment: Moment;
  /** Kills the bot; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

export class Boundary {
  /** Ports of servers that only this process asks. */
  readonly #own: ReadonlySet<number>;
  /** Called when a request arrives that would change something, before it is handled. */
  readonly #onChange: (request: IncomingMessage) => Promise<void>;
  #trap: Trap | undefined;
  #count = 0;
  #open = 0;
  #lastMs = 0;
  #killedAt: string | undefined;

  constructor(own: ReadonlySet<number>, onChange: (request: IncomingMessage) => Promise<void>) {
    this.#own = own;
    this.#onChange = onChange;
    const isCounted = (server: Server, request: IncomingMessage): boolean => request.headers[AUDITOR] === undefined && !this.#own.has((server.address() as AddressInfo).port);
    const arrived = (request: IncomingMessage, response: ServerResponse, pass: () => boolean): void => void this.#arrived(request, response, pass);
    // Every http and https server of this process is one of these, whichever library made it.
    Server.prototype.emit = function emit(this: Server, event: string | symbol, ...values: unknown[]): boolean {
      const pass = (): boolean => EventEmitter.prototype.emit.call(this, event, ...values);
      if (event !== 'request') return pass();
      const [request, response] = values as [IncomingMessage, ServerResponse];
      if (!isCounted(this, request)) return pass();
      arrived(request, response, pass);
      return true;
    };
  }

  /** Counts from now on. */
  set(trap: Trap): void {
    this.#trap = trap;
    this.#count = 0;
    this.#killedAt = undefined;
  }

  /** Stops counting. */
  clear(): void {
    this.#trap = undefined;
  }

  /** What is waited for from now on is another bot's. */
  forgive(): void {
    this.#killedAt = undefined;
  }

  get count(): number {
    return this.#count;
  }

  /** Which request it was; undefined while the bot lives. */
  get killedAt(): string | undefined {
    return this.#killedAt;
  }

  /** Whether nothing was asked for so long. */
  isQuiet(ms: number): boolean {
    return this.#open === 0 && performance.now() - this.#lastMs >= ms;
  }

  async #arrived(request: IncomingMessage, response: ServerResponse, pass: () => boolean): Promise<void> {
    this.#lastMs = performance.now();
    this.#open += 1;
    response.once('close', () => {
      this.#open -= 1;
      this.#lastMs = performance.now();
    });
    const trap = this.#trap;
    const isTheOne = trap !== undefined && (this.#count += 1) === trap.at;
    const kill = async (): Promise<void> => {
      this.#killedAt = `${request.method ?? ''} ${request.headers.host?.replace(/:\d+$/, '') ?? ''}${request.url?.replace(/\?.*/s, '') ?? ''}`;
      this.#trap = undefined;
      await trap?.kill();
    };
    if (isTheOne && trap.moment === 'before it is handled') {
      await kill();
      request.socket.destroy();
      return;
    }
    if (isTheOne) {
      let killed: Promise<void> | undefined;
      for (const name of ['write', 'end'] as const) {
        const answer = (response[name] as (...values: unknown[]) => unknown).bind(response);
        Object.assign(response, {
          [name]: (...values: unknown[]) => {
            killed ??= kill();
            void killed.then(() => answer(...values));
            return name === 'end' ? response : true;
          },
        });
      }
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') await this.#onChange(request);
    pass();
  }
}
