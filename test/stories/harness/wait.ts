import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 10;

/** Waits until `predicate` gives something truthy, and gives it back. Fails with `what` after `timeoutMs`. */
export async function until<T>(predicate: () => T | Promise<T>, timeoutMs: number, what: string): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await predicate();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(STEP_MS);
  }
}

export { sleep };
