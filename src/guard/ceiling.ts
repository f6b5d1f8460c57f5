import type { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { assertAmounts, costOf, isShare, type Price, type Tokens } from './money.ts';
import type { PersonFacts, Role, SpendAnswer, SpendEntry, SpendStore } from './ports.ts';
import type { Embedder, EmbeddingReply, ModelReply, ModelRequest, Reasoner } from './reasoner.ts';

export type { Price } from './money.ts';

/** A pinned row of the price table. */
export interface PricedModel extends Price {
  readonly model: string;
  /** The day from which deployments of it answer with errors, ISO 8601. */
  readonly retires: string;
}

export interface CeilingSettings {
  readonly monthMicroUsd: number;
  readonly personDayMicroUsd: number;
  readonly turnMicroUsd: number;
  readonly price: PricedModel;
  /** Absent: nothing is embedded. */
  readonly embeddingPrice?: PricedModel;
  /** What an answer of a model that is not the pinned one is reckoned at. */
  readonly dearest: Price;
  /** Whether answers may come from a model of any name. Never in production. */
  readonly anyModel?: boolean;
}

/** Who pays. The deployment pays for canaries and embeddings; `turn` is any object that lives as long as the turn does. */
export type Account =
  | { readonly purpose: 'turn'; readonly person: Pick<PersonFacts, 'id' | 'roles'>; readonly turn: object }
  | { readonly purpose: 'canary' | 'embedding' };

export type Purpose = Account['purpose'];

/** Why the model is stopped at once. */
export type ModelStop = 'CEILING_OVERRUN' | 'CEILING_OTHER_MODEL';

/** What admins are told about money. */
export type SpendNotice =
  | { readonly kind: 'month'; readonly percent: (typeof warnAtPercent)[number]; readonly monthMicroUsd: number; readonly monthCapMicroUsd: number }
  | { readonly kind: 'overrun'; readonly reservedMicroUsd: number; readonly reportedMicroUsd: number; readonly booked: boolean }
  | { readonly kind: 'other model'; readonly expected: string; readonly reported: string; readonly booked: boolean };

export interface CeilingAlarms {
  onNotice(notice: SpendNotice): void;
  /** Stops all use of the model until admins revive it: what it costs is not what was reckoned. */
  stopModel(reason: ModelStop): void;
}

/** How the money of this deployment stands. Amounts are micro-USD. */
export interface SpendStatus {
  /** Spent and reserved. */
  readonly monthMicroUsd: number;
  readonly monthCapMicroUsd: number;
  /** Of the cap, what is kept for people with an incident role. */
  readonly heldBackMicroUsd: number;
  /** Days of this month on which money was spent, oldest first. */
  readonly days: readonly { readonly day: string; readonly microUsd: number }[];
  readonly model: { readonly name: string; readonly retires: string; readonly retiresSoon: boolean };
  readonly turnCapMicroUsd: number;
  readonly personDayCapMicroUsd: number;
}

export type Metered<Reply> = Reply & { readonly costMicroUsd: number };
export type MeteredReply = Metered<ModelReply>;

export const warnAtPercent = [50, 80, 95] as const;
/** Who works on incidents: the last tenth of a month is theirs. */
const incidentRoles: readonly Role[] = ['helpdesk', 'approver', 'admin'];
/** One part in so many of a month is held back. */
const HELD_BACK_PART = 10;
const RETIRES_SOON_MS = 60 * 24 * 3_600_000;

export interface CeilingDependencies {
  readonly reasoner: Reasoner;
  readonly embedder?: Embedder | undefined;
  readonly store: SpendStore;
  readonly settings: CeilingSettings;
  readonly clock: Clock;
  readonly alarms: CeilingAlarms;
}

/** One attempt, from its reservation to its end. */
interface Attempt {
  readonly price: PricedModel;
  readonly entry: Omit<SpendEntry, 'amountMicroUsd'>;
  /** What the turn settled and has reserved; absent outside a turn. */
  readonly turn?: { microUsd: number } | undefined;
  readonly reservedMicroUsd: number;
}

/**
 * The money that cannot be exceeded. An upper bound is reserved before each attempt and settled from the reported
 * usage; a crash, an abort or a missing report keeps the reservation. No key or role bypasses it.
 */
export class Ceiling {
  readonly #with: CeilingDependencies;
  readonly #heldBackMicroUsd: number;
  readonly #turns = new WeakMap<object, { microUsd: number }>();
  /** Warnings that this process need not ask storage about again, as `month/percent`. */
  readonly #warned = new Set<string>();

  /** Fails with `PRICE_UNKNOWN` unless caps and prices are safe non-negative integers. */
  constructor(dependencies: CeilingDependencies) {
    const { dearest, embeddingPrice, monthMicroUsd, personDayMicroUsd, price, turnMicroUsd } = dependencies.settings;
    assertAmounts(monthMicroUsd, personDayMicroUsd, turnMicroUsd);
    for (const each of [price, dearest, ...(embeddingPrice === undefined ? [] : [embeddingPrice])]) assertAmounts(each.inputMicroUsdPerMillion, each.outputMicroUsdPerMillion);
    this.#with = dependencies;
    this.#heldBackMicroUsd = Math.ceil(monthMicroUsd / HELD_BACK_PART);
  }

  /**
   * One metered attempt. Fails before the model is called with `CEILING_MONTH`, `CEILING_HELD_BACK`, `CEILING_PERSON` or
   * `CEILING_TURN`; after it with `CEILING_OVERRUN` or `CEILING_OTHER_MODEL`, or as the reasoner does.
   */
  async complete(request: ModelRequest, account: Account, signal: AbortSignal): Promise<MeteredReply> {
    const { reasoner, settings } = this.#with;
    const most = { promptTokens: reasoner.requestBytes(request), completionTokens: request.maxCompletionTokens };
    return this.#metered(settings.price, most, account, signal, () => reasoner.complete(request, signal));
  }

  /** One metered attempt on the deployment's own account. Same errors; `MODEL_UNAVAILABLE` where no embedding model is set. */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<Metered<EmbeddingReply>> {
    const { embedder, settings } = this.#with;
    if (embedder === undefined || settings.embeddingPrice === undefined) throw new StewardError('MODEL_UNAVAILABLE', 'no embedding model is set');
    const most = { promptTokens: embedder.requestBytes(texts), completionTokens: 0 };
    return this.#metered(settings.embeddingPrice, most, { purpose: 'embedding' }, signal, () => embedder.embed(texts, signal));
  }

  /** Why nobody's day may be raised to this, or undefined. */
  raiseProblem(toMicroUsd: number): 'above the month' | 'not above the day' | undefined {
    const { monthMicroUsd, personDayMicroUsd } = this.#with.settings;
    if (toMicroUsd > monthMicroUsd) return 'above the month';
    return toMicroUsd > personDayMicroUsd ? undefined : 'not above the day';
  }

  /**
   * For the rest of that day (UTC) one person may spend so much, still inside what the month has. Fails with
   * `PRICE_UNKNOWN` on what is no amount or has a `raiseProblem`, or as the store does.
   */
  async raiseDay(person: InternalId, toMicroUsd: number, { day, month } = this.today()): Promise<void> {
    assertAmounts(toMicroUsd);
    if (this.raiseProblem(toMicroUsd) !== undefined) throw new StewardError('PRICE_UNKNOWN', 'a day that may not be raised to this');
    await this.#with.store.raiseDay({ month, day, person, toMicroUsd });
  }

  /** Month and day to which money is booked now: `2026-01`, `2026-01-31`, in UTC. */
  today(): { readonly month: string; readonly day: string } {
    const now = this.#with.clock.now().toISOString();
    return { month: now.slice(0, 7), day: now.slice(0, 10) };
  }

  /** How the running month stands. Fails as the store does. */
  async status(): Promise<SpendStatus> {
    const { clock, settings, store } = this.#with;
    const { model, retires } = settings.price;
    return {
      ...(await store.read(this.today().month)),
      monthCapMicroUsd: settings.monthMicroUsd,
      heldBackMicroUsd: this.#heldBackMicroUsd,
      model: { name: model, retires, retiresSoon: Date.parse(retires) - clock.now().getTime() <= RETIRES_SOON_MS },
      turnCapMicroUsd: settings.turnMicroUsd,
      personDayCapMicroUsd: settings.personDayMicroUsd,
    };
  }

  // --- one attempt -------------------------------------------------------------------------------------------------

  async #metered<Reply extends { readonly usage: Tokens | undefined; readonly model: string }>(price: PricedModel, most: Tokens, account: Account, signal: AbortSignal, call: () => Promise<Reply>): Promise<Metered<Reply>> {
    signal.throwIfAborted();
    const { attempt, answer } = await this.#reserve(price, most, account);
    let costMicroUsd = attempt.reservedMicroUsd;
    try {
      if (signal.aborted) costMicroUsd = 0; // Called off while storage was asked: nothing was sent.
      signal.throwIfAborted();
      const reply = await call();
      costMicroUsd = await this.#costOf(attempt, reply);
      return { ...reply, costMicroUsd };
    } catch (error) {
      // "If the service doesn't perform processing, you won't be charged", as with 429; what was filtered or timed out is.
      // learn.microsoft.com/azure/ai-services/openai/how-to/manage-costs
      if (error instanceof StewardError && error.code === 'MODEL_BUSY') costMicroUsd = 0;
      throw error;
    } finally {
      void this.#finish(attempt, costMicroUsd, answer.monthMicroUsd);
    }
  }

  async #reserve(price: PricedModel, most: Tokens, account: Account): Promise<{ readonly attempt: Attempt; readonly answer: SpendAnswer }> {
    const { settings, store } = this.#with;
    const reservedMicroUsd = costOf(price, most);
    const isIncident = account.purpose === 'turn' && account.person.roles.some((role) => incidentRoles.includes(role));
    const entry = {
      ...this.today(),
      ...(account.purpose === 'turn' && { person: account.person.id }),
      monthCapMicroUsd: isIncident ? settings.monthMicroUsd : settings.monthMicroUsd - this.#heldBackMicroUsd,
      personDayCapMicroUsd: settings.personDayMicroUsd,
    };
    const turn = account.purpose === 'turn' ? this.#turnOf(account.turn) : undefined;
    if (turn !== undefined && turn.microUsd + reservedMicroUsd > settings.turnMicroUsd) throw new StewardError('CEILING_TURN', 'this turn has spent what one may');
    // Counted before storage is asked: another attempt of the turn may come meanwhile.
    if (turn !== undefined) turn.microUsd += reservedMicroUsd;
    try {
      const answer = await store.add({ ...entry, amountMicroUsd: reservedMicroUsd });
      if (answer.kind === 'added') return { attempt: { price, entry, turn, reservedMicroUsd }, answer };
      void this.#warn(entry.month, answer.monthMicroUsd);
      if (answer.kind === 'person full') throw new StewardError('CEILING_PERSON', 'the day of this person is spent');
      if (isIncident || answer.monthMicroUsd + reservedMicroUsd > settings.monthMicroUsd) throw new StewardError('CEILING_MONTH', 'the month of this deployment is spent');
      throw new StewardError('CEILING_HELD_BACK', 'the rest of the month is held back for incidents');
    } catch (error) {
      if (turn !== undefined) turn.microUsd -= reservedMicroUsd;
      throw error;
    }
  }

  #turnOf(turn: object): { microUsd: number } {
    const known = this.#turns.get(turn) ?? { microUsd: 0 };
    this.#turns.set(turn, known);
    return known;
  }

  /** What an answer cost. Without a usable report: what was reserved for it. */
  async #costOf(attempt: Attempt, { model, usage }: { readonly usage: Tokens | undefined; readonly model: string }): Promise<number> {
    const { alarms, settings } = this.#with;
    const { price, reservedMicroUsd } = attempt;
    const isOther = model !== '' && settings.anyModel !== true && !isNamed(price.model, model);
    // An answer that does not say whose it is proves nothing about what it cost.
    const isSettled = usage !== undefined && model !== '' && Object.values(usage).every((tokens) => Number.isSafeInteger(tokens) && tokens >= 0);
    if (!isSettled && !isOther) return reservedMicroUsd;
    const reportedMicroUsd = isSettled ? costOrInfinity(isOther ? settings.dearest : price, usage) : reservedMicroUsd;
    if (!isOther && reportedMicroUsd <= reservedMicroUsd) return reportedMicroUsd;
    const reason: ModelStop = isOther ? 'CEILING_OTHER_MODEL' : 'CEILING_OVERRUN';
    alarms.stopModel(reason);
    // It is spent: booked whatever the caps say, and nothing is given back.
    const booked = reportedMicroUsd <= reservedMicroUsd || (await this.#settle(attempt, reportedMicroUsd)) !== undefined;
    this.#notify(isOther ? { kind: 'other model', expected: price.model, reported: model, booked } : { kind: 'overrun', reservedMicroUsd, reportedMicroUsd, booked });
    throw new StewardError(reason, isOther ? 'the answer came from another model than the one whose price is pinned' : 'the model reported more than was reserved');
  }

  /** Gives back what was not used, and warns. Nobody waits for it; what can't be given back stays counted, on the safe side. */
  async #finish(attempt: Attempt, costMicroUsd: number, monthMicroUsd: number): Promise<void> {
    const settledMicroUsd = costMicroUsd < attempt.reservedMicroUsd ? await this.#settle(attempt, costMicroUsd) : undefined;
    await this.#warn(attempt.entry.month, settledMicroUsd ?? monthMicroUsd);
  }

  /** Books the difference to what was reserved. Resolves to the month's sum, or undefined when it could not be booked. */
  async #settle({ entry, turn, reservedMicroUsd }: Attempt, costMicroUsd: number): Promise<number | undefined> {
    const amountMicroUsd = costMicroUsd - reservedMicroUsd;
    if (turn !== undefined) turn.microUsd += amountMicroUsd;
    try {
      return (await this.#with.store.add({ ...entry, amountMicroUsd, ...(amountMicroUsd > 0 && { force: true }) })).monthMicroUsd;
    } catch {
      return undefined;
    }
  }

  // --- warnings ----------------------------------------------------------------------------------------------------

  /** Tells the highest mark that was passed, once in a month over all instances. */
  async #warn(month: string, monthMicroUsd: number): Promise<void> {
    const { settings, store } = this.#with;
    const { monthMicroUsd: monthCapMicroUsd } = settings;
    const passed = warnAtPercent.filter((percent) => monthMicroUsd > 0 && isShare(monthMicroUsd, percent, monthCapMicroUsd) && !this.#warned.has(`${month}/${percent}`));
    for (const percent of passed) this.#warned.add(`${month}/${percent}`);
    try {
      const first = await Promise.all(passed.map((percent) => store.isFirst(month, `warned at ${percent}`)));
      const percent = passed.at(-1);
      // Lower marks that were passed with it are settled by the same sentence.
      if (percent !== undefined && first.at(-1) === true) this.#notify({ kind: 'month', percent, monthMicroUsd, monthCapMicroUsd });
    } catch {
      // Asked again by the next attempt.
      for (const percent of passed) this.#warned.delete(`${month}/${percent}`);
    }
  }

  #notify(notice: SpendNotice): void {
    try {
      this.#with.alarms.onNotice(notice);
    } catch {
      // Who is told must not decide what is spent.
    }
  }
}

/** Azure names what answered by model and version, `gpt-4.1-2025-04-14`; a fine-tuned or smaller one has a longer name and another price. */
function isNamed(model: string, reported: string): boolean {
  return reported === model || (reported.startsWith(`${model}-`) && /^\d{4}-\d{2}-\d{2}$/.test(reported.slice(model.length + 1)));
}

/** A sum that no number holds is more than any reservation. */
function costOrInfinity(price: Price, usage: Tokens): number {
  try {
    return costOf(price, usage);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
