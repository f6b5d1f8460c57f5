/**
 * Stands between the processes and storage, and loses what it is told to: requests before they arrive, answers after they
 * took effect. It also lets one transaction through at a time, with no read beside it, since Azurite (3.35) keeps one list
 * of changes to take back for all transactions that run: the failure of one takes back what another has done. In Azure an
 * entity group transaction is atomic and seen whole or not at all.
 */
import { createServer, request as send, type Agent, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Certificates } from '../../sandbox/tls.ts';
import { chanceOf, type Chance } from '../random.ts';

export interface Losses {
  requests: number;
  answers: number;
  busy: number;
}

export class LossyStorage {
  readonly losses: Losses = { requests: 0, answers: 0, busy: 0 };
  /** Requests whose sender did not wait for the answer: what it repeats may count twice, on the safe side. */
  left = 0;
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent: Agent;
  #chance: Chance | undefined;
  /** Ends when the last transaction so far is over, and the reads that run. */
  #written: Promise<void> = Promise.resolve();
  readonly #reading = new Set<Promise<void>>();

  private constructor(server: Server, target: string, agent: Agent) {
    this.#server = server;
    this.#target = new URL(target);
    this.#agent = agent;
  }

  static async start({ cert, key }: Certificates, target: string, agent: Agent): Promise<LossyStorage> {
    const server = createServer({ cert, key });
    const storage = new LossyStorage(server, target, agent);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      for (const each of [request, response]) each.on('error', () => undefined);
      storage.#pass(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return storage;
  }

  /** Where it stands in for storage, under storage's own name. */
  get url(): string {
    const url = new URL(this.#target);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.origin;
  }

  /** Begins to lose things, or ends it. */
  play(seed: number, round: number, lossy: boolean): void {
    this.#chance = lossy ? chanceOf(seed, 2_000_000 + round) : undefined;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const [isWrite, number] = [request.url?.includes('$batch') === true, this.#chance?.next() ?? 1];
    if (number < (isWrite ? 0.03 : 0.01)) {
      this.losses.requests += 1;
      return void response.destroy();
    }
    const losesAnswer = isWrite && number < 0.09;
    if (isWrite && !losesAnswer && number < 0.11) {
      this.losses.busy += 1;
      request.resume();
      return void response.writeHead(503, { 'content-type': 'application/json' }).end('{"odata.error":{"code":"ServerBusy"}}');
    }
    const forward = (): Promise<void> => this.#forward(request, response, losesAnswer);
    if (isWrite) {
      this.#written = Promise.all([this.#written, ...this.#reading]).then(forward);
      return;
    }
    const read = this.#written.then(forward);
    this.#reading.add(read);
    void read.then(() => this.#reading.delete(read));
  }

  /** Resolves when storage is done with it, whatever became of it. */
  #forward(request: IncomingMessage, response: ServerResponse, losesAnswer: boolean): Promise<void> {
    return new Promise((resolve) => {
      const onward = send(new URL(request.url ?? '/', this.#target), { method: request.method, headers: { ...request.headers, host: this.#target.host }, agent: this.#agent }, (answer) => {
        answer.on('close', resolve);
        if (losesAnswer) {
          this.losses.answers += 1;
          answer.resume();
          response.destroy();
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        // A reader that was killed leaves the rest unread.
        response.on('close', () => answer.resume());
      });
      onward.on('error', () => {
        response.destroy();
        resolve();
      });
      const abandon = (): void => {
        if (!request.complete) onward.destroy(new Error('its sender is gone'));
      };
      response.on('close', () => {
        if (!response.writableFinished) this.left += 1;
      });
      request.on('close', abandon);
      if (request.destroyed) abandon();
      // A killed process has sent what it has sent: what is whole takes effect, as it does in the real world.
      request.pipe(onward);
    });
  }
}
