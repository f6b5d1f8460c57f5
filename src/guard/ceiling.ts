import type { InternalId } from '../actions/internal-id.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { SpendStore } from './ports.ts';
import type { ModelReply, ModelRequest, Reasoner } from './reasoner.ts';

/** Prices are pinned integers: micro-USD for one million tokens. */
export interface Price {
  readonly inputMicroUsdPerMillion: number;
  readonly outputMicroUsdPerMillion: number;
}

export interface CeilingSettings {
  readonly monthMicroUsd: number;
  readonly personDayMicroUsd: number;
  readonly price: Price;
}

export interface MeteredReply extends ModelReply {
  readonly costMicroUsd: number;
}

/**
 * The money that cannot be exceeded. An upper bound is reserved before each attempt and settled from the reported
 * usage; a crash, an abort or a missing report keeps the reservation.
 */
export class Ceiling {
  readonly #store: SpendStore;
  readonly #clock: Clock;
  readonly #settings: CeilingSettings;
  readonly #reasoner: Reasoner;

  /** Fails with `PRICE_UNKNOWN` unless caps and prices are safe non-negative integers. */
  constructor(reasoner: Reasoner, store: SpendStore, settings: CeilingSettings, clock: Clock) {
    const { monthMicroUsd, personDayMicroUsd, price } = settings;
    for (const amount of [monthMicroUsd, personDayMicroUsd, price.inputMicroUsdPerMillion, price.outputMicroUsdPerMillion]) {
      if (!Number.isSafeInteger(amount) || amount < 0) throw new StewardError('PRICE_UNKNOWN', 'caps and prices must be non-negative integers of micro-USD');
    }
    this.#reasoner = reasoner;
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * One metered attempt. Fails with `CEILING_MONTH` or `CEILING_PERSON` before the model is called, or as the reasoner does.
   */
  async complete(request: ModelRequest, person: InternalId, signal: AbortSignal): Promise<MeteredReply> {
    const reservedMicroUsd = this.#cost(this.#reasoner.requestBytes(request), request.maxCompletionTokens);
    const now = this.#clock.now().toISOString();
    const counters = {
      month: now.slice(0, 7),
      day: now.slice(0, 10),
      person,
      monthCapMicroUsd: this.#settings.monthMicroUsd,
      personDayCapMicroUsd: this.#settings.personDayMicroUsd,
    };
    const reserved = await this.#store.add({ ...counters, amountMicroUsd: reservedMicroUsd });
    if (reserved === 'month full') throw new StewardError('CEILING_MONTH', 'the month of this deployment is spent');
    if (reserved === 'person full') throw new StewardError('CEILING_PERSON', 'the day of this person is spent');
    const reply = await this.#reasoner.complete(request, signal);
    if (reply.usage === undefined) return { ...reply, costMicroUsd: reservedMicroUsd };
    const costMicroUsd = this.#cost(reply.usage.promptTokens, reply.usage.completionTokens);
    // A failed settlement keeps the reservation: the error is on the safe side. More than was reserved has been spent
    // already, so it is booked whatever the caps say.
    const differenceMicroUsd = costMicroUsd - reservedMicroUsd;
    if (differenceMicroUsd !== 0) void this.#store.add({ ...counters, amountMicroUsd: differenceMicroUsd, force: true }).catch(() => undefined);
    return { ...reply, costMicroUsd };
  }

  /** Spend of the running month, and its cap. */
  async status(): Promise<{ readonly monthMicroUsd: number; readonly monthCapMicroUsd: number }> {
    const { monthMicroUsd } = await this.#store.read(this.#clock.now().toISOString().slice(0, 7));
    return { monthMicroUsd, monthCapMicroUsd: this.#settings.monthMicroUsd };
  }

  #cost(inputTokens: number, outputTokens: number): number {
    const { inputMicroUsdPerMillion, outputMicroUsdPerMillion } = this.#settings.price;
    if (![inputTokens, outputTokens].every((tokens) => Number.isSafeInteger(tokens) && tokens >= 0)) throw new StewardError('PRICE_UNKNOWN', 'a token count is not a safe non-negative integer');
    const cost = Math.ceil((inputTokens * inputMicroUsdPerMillion + outputTokens * outputMicroUsdPerMillion) / 1_000_000);
    if (!Number.isSafeInteger(cost)) throw new StewardError('PRICE_UNKNOWN', 'a cost is not a safe integer');
    return cost;
  }
}
