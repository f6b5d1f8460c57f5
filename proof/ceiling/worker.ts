/** One process of Steward, as far as money goes: the real ceiling, leases, store, SDKs and HTTP. Killed at any moment. */
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { InternalId } from '../../src/actions/internal-id.ts';
import { createEgress } from '../../src/clients/egress.ts';
import { AzureEmbedder } from '../../src/clients/embedder.ts';
import { dearest, priceOf } from '../../src/clients/model-prices.ts';
import { AzureReasoner } from '../../src/clients/model.ts';
import { SpendLeases } from '../../src/clients/spend-lease.ts';
import { TableSpendStore } from '../../src/clients/spend-store.ts';
import { openTables } from '../../src/clients/tables.ts';
import { errorCode } from '../../src/errors.ts';
import { Ceiling, type Account } from '../../src/guard/ceiling.ts';
import type { PersonFacts, SpendStore } from '../../src/guard/ports.ts';
import { EMBEDDING_MODEL, MODEL } from './model.ts';
import { MOST_COMPLETION_TOKENS, monthOf, writeName, type RoundPlan, type TurnPlan } from './plan.ts';
import { bound, spoil, type Sabotage } from './sabotage.ts';

/** What a process is told once. */
export interface Given {
  readonly process: 0 | 1;
  readonly storageUrl: string;
  readonly modelUrl: string;
  readonly caPem: string;
  readonly sabotage?: Sabotage;
}

export interface Order {
  readonly plan: RoundPlan;
  /** Those that are still to be done. */
  readonly turns: readonly TurnPlan[];
  /** Of storage, for the keeper. */
  readonly token: string;
}

export type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'turn'; readonly round: number; readonly turn: number; readonly outcomes: readonly string[] }
  | { readonly kind: 'told'; readonly round: number; readonly percent: number }
  | { readonly kind: 'stopped'; readonly round: number; readonly reason: string }
  /** Nothing is on its way any more and nothing is leased; so many movements of money may have been lost on the way. */
  | { readonly kind: 'done'; readonly round: number; readonly doubtful: number };

const MODEL_TIMEOUT_MS = 2_000;
const LEASE_TIMES = { idleMs: 40, outMs: 300 };
const REST_EVERY_MS = 25;

// Written by `fork` in bench.ts from a value of this type.
const given = JSON.parse(process.argv[2] ?? '') as Given;
// Nobody is left to tell: whoever started this was stopped.
process.on('disconnect', () => process.exit(1));
const tell = (said: Said): void => void process.send?.(said);

const loopback: LookupFunction = (_host, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
const agent = new Agent({ keepAlive: true, ca: given.caPem, lookup: loopback });
let token = '';
const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
const httpOf = (url: string) => createEgress({ allow: [url], agent }).httpClient;
const { spend } = openTables({ endpoint: given.storageUrl, credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 1_000 }) }, httpClient: httpOf(given.storageUrl) });
const deployment = { endpoint: given.modelUrl, credential, httpClient: httpOf(given.modelUrl), deployment: 'planner', timeoutMs: MODEL_TIMEOUT_MS };

/** Movements of money that storage did not answer. */
let doubtful = 0;
/** Movements that are on their way to storage: a lease that is given back is nobody's call. */
let moving = 0;

const { accountOf, leases, reasoner, store } = spoil(given.sabotage, {
  table: spend,
  reasoner: new AzureReasoner({ ...deployment, name: MODEL }),
  accountOf: (turn: TurnPlan, id: object): Account => (turn.purpose === 'turn' ? { purpose: 'turn', person: { id: personId(turn.person), roles: rolesOf(turn) }, turn: id } : { purpose: 'canary' }),
  store: (table) => new TableSpendStore(table),
  leases: (inner) => new SpendLeases({ ...bound(inner), add: (entry) => {
    moving += 1;
    return inner.add(entry).catch((error: unknown) => {
      doubtful += 1;
      throw error;
    }).finally(() => (moving -= 1));
  } }, LEASE_TIMES),
});
const embedder = new AzureEmbedder(deployment);

function personId(person: number): InternalId {
  return new InternalId(`person-${person}`);
}

function rolesOf({ incident }: TurnPlan): PersonFacts['roles'] {
  return incident ? ['employee', 'helpdesk'] : ['employee'];
}

process.on('message', (order) => {
  // The only sender is bench.ts, whose `order` takes this type.
  void run(order as Order).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
tell({ kind: 'ready' });

async function run({ plan, turns, token: fresh }: Order): Promise<void> {
  token = fresh;
  const { round } = plan;
  let isStopped = false;
  let unsettled = 0;
  doubtful = 0;
  const watching = async <T>(call: Promise<T>): Promise<T> => {
    unsettled += 1;
    return call.finally(() => (unsettled -= 1));
  };
  const watched: SpendStore = { ...bound(leases), add: (entry) => watching(leases.add(entry)), isFirst: (month, matter) => watching(leases.isFirst(month, matter)) };
  const price = priceOf(MODEL);
  const embeddingPrice = priceOf(EMBEDDING_MODEL);
  if (price === undefined || embeddingPrice === undefined) throw new Error('the price table lacks the models of this proof');
  const ceiling = new Ceiling({
    reasoner,
    embedder,
    store: watched,
    settings: { monthMicroUsd: plan.monthMicroUsd, personDayMicroUsd: plan.personDayMicroUsd, turnMicroUsd: plan.turnMicroUsd, price, embeddingPrice, dearest: dearest() },
    clock: { now: () => new Date(plan.now), monotonicMs: () => performance.now() },
    alarms: {
      onNotice: (notice) => notice.kind === 'month' && tell({ kind: 'told', round, percent: notice.percent }),
      stopModel: (reason) => {
        isStopped = true;
        tell({ kind: 'stopped', round, reason });
      },
    },
  });
  const raise = plan.raised !== undefined && given.process === 0 && turns.length > 1 ? ceiling.raiseDay(personId(plan.raised.person), plan.raised.toMicroUsd).catch(() => undefined) : undefined;

  const one = async (turn: TurnPlan): Promise<void> => {
    const outcomes: string[] = [];
    const controller = new AbortController();
    if (turn.abortAfterMs !== undefined) setTimeout(() => controller.abort(new DOMException('called off', 'AbortError')), turn.abortAfterMs).unref();
    const account = accountOf(turn, {});
    for (let attempt = 0; attempt < turn.attempts && !isStopped; attempt += 1) {
      const text = writeName({ round, process: given.process, person: turn.person, incident: turn.incident, turn: turn.turn, attempt }) + 'x'.repeat(turn.paddingCharacters);
      try {
        if (turn.purpose === 'embedding') await ceiling.embed([text], controller.signal);
        else await ceiling.complete({ messages: [{ role: 'user', content: text }], tools: [], maxCompletionTokens: MOST_COMPLETION_TOKENS }, account, controller.signal);
        outcomes.push('served');
      } catch (error) {
        outcomes.push(error instanceof DOMException ? 'called off' : errorCode(error));
        if (errorCode(error).startsWith('CEILING_') || error instanceof DOMException) break;
      }
    }
    tell({ kind: 'turn', round, turn: turn.turn, outcomes });
  };
  await Promise.all([raise, ...turns.map(one)]);
  // At rest when no movement is on its way and what is counted is what is spent: then nothing is leased.
  const month = monthOf(plan);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, REST_EVERY_MS));
    if (unsettled + moving > 0) continue;
    const [counted, spent] = await Promise.all([store.read(month), leases.read(month)].map((reading) => reading.catch(() => undefined)));
    if (counted !== undefined && counted.monthMicroUsd === spent?.monthMicroUsd && unsettled + moving === 0) break;
  }
  tell({ kind: 'done', round, doubtful });
}
