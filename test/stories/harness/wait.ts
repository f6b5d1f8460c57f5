import { setTimeout as sleep } from 'node:timers/promises';
import { Stopwatch } from '../../machine.ts';

const STEP_MS = 10;

/** Waits until `predicate` gives something truthy, and gives it back. Fails with `what` after `timeoutMs` of this process's own time. */
export async function until<T>(predicate: () => T | Promise<T>, timeoutMs: number, what: string): Promise<NonNullable<T>> {
  const watch = new Stopwatch();
  for (;;) {
    const found = await predicate();
    if (found !== undefined && found !== null && found !== false) return found;
    if (watch.hasTaken(timeoutMs)) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(STEP_MS);
  }
}

export { sleep };
