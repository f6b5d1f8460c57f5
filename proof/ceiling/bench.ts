/** Two processes, storage that may lose things, a model that keeps books; and one round after the other on them. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TableClient } from '@azure/data-tables';
import { startCloud, type Cloud } from '../../sandbox/cloud.ts';
import { createCompany } from '../../sandbox/company/company.ts';
import { createCertificates } from '../../sandbox/tls.ts';
import { isExact, judge, type Account } from './books.ts';
import { readCounters } from './counters.ts';
import { ModelService, mostPicoUsd, upMicroUsd } from './model.ts';
import { MOST_COMPLETION_TOKENS, planRound, TURNS, writeName, type RoundPlan, type TurnPlan } from './plan.ts';
import type { Sabotage } from './sabotage.ts';
import { LossyStorage, type Losses } from './storage.ts';
import type { Given, Order, Said } from './worker.ts';

const MODEL_HOST = 'steward-proof.openai.azure.com';
const ROUND_MS = 60_000;
/** Turns that a killed process had begun are over; whoever asks again begins another. */
const AGAIN = 1_000;
/** The attempts after a round, by people who have spent nothing. */
const PROBE = { turn: 5_000, person: 40 };

export interface Tally {
  rounds: number;
  turns: number;
  attempts: number;
  requests: number;
  kills: number;
  /** Rounds in which the counters had to be exact, and were looked at so. */
  exact: number;
  readonly outcomes: Record<string, number>;
  readonly violations: string[];
}

/** The first thing that a process says is that it listens. */
interface Ready {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
}

/** A process that is started again when it was killed. */
class Process {
  readonly #given: Given;
  #child: Ready;
  #spare: Ready;
  onSaid: (said: Said) => void = () => undefined;

  constructor(given: Given) {
    this.#given = given;
    this.#child = this.#fork();
    // Kept warm: a start takes longer than a round.
    this.#spare = this.#fork();
  }

  async order(order: Order): Promise<void> {
    const { child, ready } = this.#child;
    await ready;
    child.removeAllListeners('message');
    // The only sender is worker.ts, whose `tell` takes this type.
    child.on('message', (said) => this.onSaid(said as Said));
    child.send(order);
  }

  async kill(): Promise<void> {
    const { child } = this.#child;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.removeAllListeners('message');
    child.kill('SIGKILL');
    await gone;
    this.#child = this.#spare;
    this.#spare = this.#fork();
  }

  stop(): void {
    for (const { child } of [this.#child, this.#spare]) child.kill('SIGKILL');
  }

  #fork(): Ready {
    const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [JSON.stringify(this.#given)]);
    return { child, ready: new Promise((resolve) => child.once('message', () => resolve())) };
  }
}

export class Bench {
  readonly #cloud: Cloud;
  readonly #model: ModelService;
  readonly #storage: LossyStorage;
  readonly #table: TableClient;
  readonly #caPem: string;
  readonly #processes: [Process, Process];

  private constructor(parts: { cloud: Cloud; model: ModelService; storage: LossyStorage; caPem: string; sabotage: Sabotage | undefined }) {
    const { caPem, cloud, model, sabotage, storage } = parts;
    this.#cloud = cloud;
    this.#model = model;
    this.#storage = storage;
    this.#caPem = caPem;
    this.#table = new TableClient(cloud.endpoints.tables, 'spend', cloud.credentialFor(cloud.identities.keeper), { agent: cloud.agent });
    this.#processes = [this.#process(0, sabotage), this.#process(1, sabotage)];
  }

  static async open(seed: number, sabotage?: Sabotage): Promise<Bench> {
    const cloud = await startCloud({
      seed,
      company: (of, tenantId) => {
        const company = createCompany(of, tenantId);
        return { people: company.people(), reset: () => company.reset() };
      },
    });
    const { tables } = cloud.endpoints;
    const certificates = await createCertificates([new URL(tables).hostname, MODEL_HOST], 'Steward proof CA');
    const [model, storage] = await Promise.all([ModelService.start(certificates), LossyStorage.start(certificates, tables, cloud.agent)]);
    const bench = new Bench({ cloud, model, storage, caPem: certificates.caPem, sabotage });
    await bench.#table.createTable();
    return bench;
  }

  get losses(): Losses {
    return this.#storage.losses;
  }

  async close(): Promise<void> {
    for (const each of this.#processes) each.stop();
    await Promise.all([this.#model.stop(), this.#storage.stop()]);
    await this.#cloud.stop();
  }

  #process(process: 0 | 1, sabotage: Sabotage | undefined): Process {
    return new Process({ process, storageUrl: this.#storage.url, modelUrl: `https://${MODEL_HOST}:${this.#model.port}`, caPem: this.#caPem, ...(sabotage !== undefined && { sabotage }) });
  }

  /** One round, its claims, and an attempt after it. What was found is added to the tally. */
  async round(seed: number, round: number, tally: Tally): Promise<void> {
    const plan = planRound(seed, round);
    const served = this.#model.open(plan);
    this.#storage.play(seed, round, plan.lossy);
    const { left } = this.#storage;
    try {
      const played = await this.#play(plan);
      const account = { ...played, doubtful: played.doubtful + this.#storage.left - left };
      this.#storage.play(seed, round, false);
      const counters = await readCounters(this.#table, plan.now);
      tally.violations.push(...judge(plan, served, counters, account), ...(await this.#probe(plan)));
      tally.rounds += 1;
      tally.turns += TURNS;
      tally.requests += served.requests;
      tally.kills += account.kills;
      if (isExact(plan, account)) tally.exact += 1;
      for (const [outcome, number] of Object.entries(account.outcomes)) {
        tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + number;
        tally.attempts += number;
      }
    } catch (error) {
      tally.violations.push(`seed ${seed}, round ${round} (${plan.edge}): ${String(error)}`);
    } finally {
      this.#model.close(round);
      this.#cloud.journal.clear();
    }
  }

  async #play(plan: RoundPlan): Promise<Account> {
    const outcomes: Record<string, number> = {};
    const told: number[] = [];
    const stops: string[] = [];
    const ended = new Set<number>();
    const token = await this.#token();
    let kills = 0;
    let doubtful = 0;
    let killing: Promise<void> | undefined;
    let timer: NodeJS.Timeout | undefined;
    const wait: Promise<void>[] = [];

    const start = (index: 0 | 1, turns: readonly TurnPlan[]): Promise<void> =>
      new Promise((resolve) => {
        const process = this.#processes[index];
        process.onSaid = (said) => {
          if (said.kind === 'ready' || said.round !== plan.round) return;
          if (said.kind === 'told') told.push(said.percent);
          if (said.kind === 'stopped') stops.push(said.reason);
          if (said.kind === 'done') {
            doubtful += said.doubtful;
            resolve();
          }
          if (said.kind !== 'turn') return;
          ended.add(said.turn);
          for (const outcome of said.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        };
        void process.order({ plan, turns, token });
      });
    const turnsOf = (index: 0 | 1): readonly TurnPlan[] => plan.turns.filter((turn) => turn.process === index);
    const kill = (index: 0 | 1, done: () => void): void => {
      killing ??= (async () => {
        await this.#processes[index].kill();
        kills += 1;
        await start(index, turnsOf(index).filter(({ turn }) => !ended.has(turn)).map((turn) => ({ ...turn, turn: turn.turn + AGAIN })));
        done();
      })();
    };
    for (const index of [0, 1] as const) {
      wait.push(
        new Promise((resolve) => {
          void start(index, turnsOf(index)).then(resolve);
          const { kill: wanted } = plan;
          if (wanted?.process !== index) return;
          if ('afterMs' in wanted) timer = setTimeout(() => kill(index, resolve), wanted.afterMs);
          else {
            let requests = 0;
            this.#model.onRequest = (name) => {
              if (name.round === plan.round && name.process === index && (requests += 1) === wanted.atRequest) kill(index, resolve);
            };
          }
        }),
      );
    }
    await within(Promise.all(wait));
    clearTimeout(timer);
    this.#model.onRequest = () => undefined;
    await killing;
    return { outcomes, told, stops, kills, doubtful };
  }

  /** After the round each process serves on if and only if an attempt fits: nothing is stuck, and nothing is kept from anybody. */
  async #probe(plan: RoundPlan): Promise<readonly string[]> {
    if (plan.edge === 'overrun') return [];
    const found: string[] = [];
    const { kill: _, ...rest } = plan;
    for (const process of [0, 1] as const) {
      const turn: TurnPlan = { turn: PROBE.turn + process, process, person: PROBE.person + process, incident: true, purpose: 'turn', attempts: 1, paddingCharacters: 0 };
      const calm: RoundPlan = { ...rest, turns: [turn], moody: false, lossy: false };
      this.#model.open(calm);
      const { month } = await readCounters(this.#table, plan.now);
      const reservedMicroUsd = reservationOf(plan.round, turn);
      const fits = month + reservedMicroUsd <= plan.monthMicroUsd && reservedMicroUsd <= Math.min(plan.personDayMicroUsd, plan.turnMicroUsd);
      const outcome = Object.keys((await this.#play(calm)).outcomes).join();
      if ((outcome === 'served') !== fits) found.push(`seed ${plan.seed}, round ${plan.round} (${plan.edge}): an attempt after the round that ${fits ? 'fitted' : 'did not fit'} ended in ${outcome}`);
    }
    return found;
  }

  async #token(): Promise<string> {
    return (await this.#cloud.credentialFor(this.#cloud.identities.keeper).getToken('https://storage.azure.com/.default')).token;
  }
}

/** What an attempt of a probe reserves, reckoned here from the request as it goes over the wire. */
function reservationOf(round: number, { incident, person, process, turn }: TurnPlan): number {
  const content = writeName({ round, process, person, incident, turn, attempt: 0 });
  const body = { model: 'planner', messages: [{ role: 'user', content }], max_completion_tokens: MOST_COMPLETION_TOKENS, temperature: 0 };
  return upMicroUsd(mostPicoUsd(Buffer.byteLength(JSON.stringify(body)), MOST_COMPLETION_TOKENS));
}

async function within(rounds: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end in ${ROUND_MS / 1_000} s`)), ROUND_MS);
  });
  await Promise.race([rounds, late]).finally(() => clearTimeout(timer));
}
