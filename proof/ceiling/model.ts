/** A model service over HTTPS that keeps its own books of what it served, whether or not it says so to the caller. */
import { createServer, type Server } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Certificates } from '../../sandbox/tls.ts';
import { chanceOf } from '../random.ts';
import { MOST_COMPLETION_TOKENS, readName, type AttemptName, type RoundPlan } from './plan.ts';

export const MODEL = 'gpt-4.1-mini';
export const EMBEDDING_MODEL = 'text-embedding-3-small';
/** What a token costs, in millionths of a micro-USD: the books of this service know no rounding. */
const PICO_USD = { in: 400_000n, out: 1_600_000n, embedded: 20_000n };
const PICO_PER_MICRO = 1_000_000n;

export const upMicroUsd = (picoUsd: bigint): number => Number((picoUsd + PICO_PER_MICRO - 1n) / PICO_PER_MICRO);

/** What so many tokens of a chat cost, in millionths of a micro-USD. */
export const mostPicoUsd = (input: number, output: number): bigint => PICO_USD.in * BigInt(input) + PICO_USD.out * BigInt(output);

/** What was served in one round. Amounts in millionths of a micro-USD. */
export class Served {
  all = 0n;
  /** To people without an incident role, and to nobody. */
  ordinary = 0n;
  readonly people = new Map<number, bigint>();
  readonly turns = new Map<number, bigint>();
  /** What the counters must come to if nothing but the service itself goes wrong: micro-USD. */
  countedMicroUsd = 0;
  requests = 0;
  overruns = 0;
}

type Mood = 'as ever' | 'no report' | 'nameless' | 'cut' | 'late' | 'throttled' | 'failed' | 'filtered';
const moods: readonly (readonly [number, Mood])[] = [[0.06, 'no report'], [0.08, 'nameless'], [0.12, 'cut'], [0.122, 'late'], [0.17, 'throttled'], [0.2, 'failed'], [0.23, 'filtered']];
/** Longer than the callers wait. */
const LATE_MS = 6_000;

export class ModelService {
  readonly #server: Server;
  readonly #rounds = new Map<number, { readonly plan: RoundPlan; readonly served: Served }>();
  /** Called when a request has arrived and before it is answered: its caller is between reserving and settling. */
  onRequest: (name: AttemptName) => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start({ cert, key }: Certificates): Promise<ModelService> {
    const server = createServer({ cert, key });
    const service = new ModelService(server);
    server.on('request', (request, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => service.#serve(request.url ?? '', Buffer.concat(chunks).toString('utf8'), response));
      // A caller that was killed.
      for (const each of [request, response]) each.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  open(plan: RoundPlan): Served {
    const served = new Served();
    this.#rounds.set(plan.round, { plan, served });
    return served;
  }

  close(round: number): void {
    this.#rounds.delete(round);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(path: string, text: string, response: ServerResponse): void {
    const name = readName(text);
    const round = name && this.#rounds.get(name.round);
    // A request of a round that is over: whoever sent it was killed long ago.
    if (name === undefined || round === undefined) return void response.destroy();
    const { plan, served } = round;
    const chance = chanceOf(plan.seed, (name.round * 10_000 + name.turn) * 10 + name.attempt + 1_000_000);
    const isEmbedding = path.includes('/embeddings');
    const mostIn = Buffer.byteLength(JSON.stringify(JSON.parse(text)));
    // Often to the very bound: one token more must not fit anywhere.
    const tokensIn = chance.is(0.3) ? mostIn : Math.floor(mostIn * (0.1 + 0.9 * chance.next()));
    const isOverrun = plan.edge === 'overrun' && !isEmbedding && chance.is(0.1);
    const mostOut = isEmbedding ? 0 : MOST_COMPLETION_TOKENS;
    const tokensOut = isOverrun ? mostOut * 5 : chance.is(0.3) ? mostOut : Math.floor(mostOut * chance.next());
    const cost = (input: number, output: number): bigint => (isEmbedding ? PICO_USD.embedded * BigInt(input) : mostPicoUsd(input, output));
    const mood = plan.moody ? drawn(chance.next()) : 'as ever';

    served.requests += 1;
    if (mood !== 'throttled') {
      const price = cost(tokensIn, tokensOut);
      served.all += price;
      if (!name.incident) served.ordinary += price;
      if (name.person >= 0) {
        served.people.set(name.person, (served.people.get(name.person) ?? 0n) + price);
        served.turns.set(name.turn, (served.turns.get(name.turn) ?? 0n) + price);
      }
      if (isOverrun) served.overruns += 1;
      served.countedMicroUsd += upMicroUsd(mood === 'as ever' ? price : cost(mostIn, mostOut));
    }
    this.onRequest(name);

    const usage = isEmbedding ? { prompt_tokens: tokensIn, total_tokens: tokensIn } : { prompt_tokens: tokensIn, completion_tokens: tokensOut, total_tokens: tokensIn + tokensOut };
    const answer = {
      ...(mood !== 'nameless' && { model: isEmbedding ? EMBEDDING_MODEL : `${MODEL}-2025-04-14` }),
      ...(isEmbedding ? { data: [{ index: 0, embedding: [1, 0] }] } : { choices: [{ finish_reason: 'stop', message: { content: 'x' } }] }),
      ...(mood !== 'no report' && { usage }),
    };
    setTimeout(() => say(response, mood, answer), mood === 'late' ? LATE_MS : Math.floor(chance.next() * 60)).unref();
  }
}

function drawn(number: number): Mood {
  return moods.find(([below]) => number < below)?.[1] ?? 'as ever';
}

function say(response: ServerResponse, mood: Mood, answer: unknown): void {
  const json = (status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0', 'x-should-retry': 'true' }).end(JSON.stringify(body));
  switch (mood) {
    case 'cut':
      return void response.destroy();
    case 'throttled':
      return json(429, { error: { code: '429' } });
    case 'failed':
      return json(500, {});
    case 'filtered':
      return json(400, { error: { code: 'content_filter' } });
    default:
      return json(200, answer);
  }
}
