import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** Waits, or fails with the signal's reason as soon as it is aborted. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** A duration that grows with each attempt, spread so that several who wait do not come back together. */
export function backoffMs(attempt: number, firstMs: number, mostMs: number): number {
  const fullMs = Math.min(firstMs * 2 ** (attempt - 1), mostMs);
  return fullMs * (0.5 + randomInt(1_000) / 2_000);
}
