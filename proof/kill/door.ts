/** A way to a storage account that one process has for itself and that can be cut. */
import { createServer, request, type Agent, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Certificates } from '../../sandbox/tls.ts';

/**
 * What is cut: nothing, all of storage, or the latch alone, which is harder: everything else that an effect needs is
 * there, and nothing but the age of the last reading stops it.
 */
export interface Cut {
  readonly what: 'nothing' | 'storage' | 'latch';
  /** Connections break at once, or nothing ever answers. */
  readonly how: 'broken' | 'silent';
}

const WHOLE: Cut = { what: 'nothing', how: 'broken' };
const LATCH = /^\/latch\b/i;

export class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Requests that nobody answers. */
  readonly #held = new Set<ServerResponse>();
  #cut = WHOLE;

  private constructor(target: string, agent: Agent, { cert, key }: Certificates) {
    this.#server = createServer({ cert, key, keepAliveTimeout: 60_000 }, (incoming, response) => {
      if (this.#cut.what === 'storage' || (this.#cut.what === 'latch' && LATCH.test(incoming.url ?? ''))) {
        if (this.#cut.how === 'broken') incoming.socket.destroy();
        else this.#held.add(response);
        return;
      }
      passOn(incoming, response, target, agent);
    });
    this.#server.on('secureConnection', (socket: Socket) => {
      if (this.#cut.what === 'storage' && this.#cut.how === 'broken') {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  /** `target` is the real account's address; `agent` leads there. */
  static async open(target: string, agent: Agent, certificates: Certificates): Promise<Door> {
    const door = new Door(target, agent, certificates);
    await new Promise<void>((resolve) => door.#server.listen(0, '127.0.0.1', resolve));
    return door;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(cut: Cut): void {
    this.#cut = cut;
    if (cut.what === 'storage' && cut.how === 'broken') for (const socket of this.#sockets) socket.destroy();
  }

  /** What was held is never answered: the connection breaks. */
  heal(): void {
    this.#cut = WHOLE;
    for (const response of this.#held) response.socket?.destroy();
    this.#held.clear();
  }

  async close(): Promise<void> {
    this.heal();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function passOn(incoming: IncomingMessage, response: ServerResponse, target: string, agent: Agent): void {
  const outgoing = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers: incoming.headers, agent });
  const giveUp = (): void => {
    response.destroy();
    outgoing.destroy();
  };
  outgoing.on('error', giveUp).on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', giveUp).pipe(response);
  });
  incoming.on('error', giveUp).pipe(outgoing);
}
