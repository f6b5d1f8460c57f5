import { StewardError } from '../errors.ts';

/** Money is an integer of micro-USD, a millionth of a US dollar. No float ever holds an amount. */

/** Prices are pinned integers: micro-USD for one million tokens. */
export interface Price {
  readonly inputMicroUsdPerMillion: number;
  readonly outputMicroUsdPerMillion: number;
}

export interface Tokens {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const TOKENS_PER_PRICE = 1_000_000n;

/** Whether this is an amount at all: not NaN, no fraction, not negative, exactly kept by a number. */
export function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Fails with `PRICE_UNKNOWN` on the first value that is no amount. */
export function assertAmounts(...values: readonly number[]): void {
  if (!values.every(isAmount)) throw new StewardError('PRICE_UNKNOWN', 'an amount of money or tokens is not a safe non-negative integer');
}

/** What so many tokens cost, rounded up to the next micro-USD. Fails with `PRICE_UNKNOWN`, also when the sum is too large. */
export function costOf(price: Price, { promptTokens, completionTokens }: Tokens): number {
  assertAmounts(price.inputMicroUsdPerMillion, price.outputMicroUsdPerMillion, promptTokens, completionTokens);
  // The product of two safe integers need not be one, and a rounded product would round the ceiling.
  const exact = BigInt(promptTokens) * BigInt(price.inputMicroUsdPerMillion) + BigInt(completionTokens) * BigInt(price.outputMicroUsdPerMillion);
  const microUsd = Number((exact + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE);
  assertAmounts(microUsd);
  return microUsd;
}

/** Whether `part` is at least so many percent of `whole`. */
export function isShare(part: number, percent: number, whole: number): boolean {
  return BigInt(part) * 100n >= BigInt(whole) * BigInt(percent);
}

const USD = /^\d{1,6}(?:\.\d{1,2})?$/;

/** Micro-USD of an amount as people write it, such as `250` or `99.50`; undefined for anything else. */
export function parseUsd(text: string): number | undefined {
  return USD.test(text) ? Math.round(Number(text) * 1_000_000) : undefined;
}
