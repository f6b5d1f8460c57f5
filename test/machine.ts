/**
 * What a busy machine adds to the time that something takes. A promise in time is about the product: what other work
 * kept from this process is told apart, so that the promise is measured as strictly on a busy machine as on an idle one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

const TASKS = '/proc/self/task';
const NS_PER_MS = 1e6;
/** Several threads that wait at once count several times, so that a process's own time may stand still. */
const MOST_TIMES = 10;

/**
 * Milliseconds that the threads of this process were ready to run and had no processor, since they began: the second
 * number of schedstat (https://docs.kernel.org/scheduler/sched-stats.html). 0 where the system does not tell.
 */
export function withheldMs(): number {
  let total = 0;
  try {
    for (const task of readdirSync(TASKS)) total += Number(readFileSync(`${TASKS}/${task}/schedstat`, 'utf8').split(' ')[1] ?? 0);
  } catch {
    // Not Linux, or a thread that ended meanwhile.
  }
  return total / NS_PER_MS;
}

export class Stopwatch {
  readonly #startedMs = performance.now();
  readonly #withheldMs = withheldMs();

  /** Milliseconds since it was started, by the clock on the wall. */
  get wallMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Those of them in which other work kept this process waiting. */
  get withheldMs(): number {
    return Math.max(0, withheldMs() - this.#withheldMs);
  }

  /** Whether so much of its own time has passed; in any case after ten times as long on the wall. */
  hasTaken(ms: number): boolean {
    const { wallMs } = this;
    return wallMs > ms && (this.ms > ms || wallMs > MOST_TIMES * ms);
  }

  /** What it took of its own accord. */
  get ms(): number {
    return Math.max(0, this.wallMs - this.withheldMs);
  }
}

/** How many times slower than an idle machine this one may be for a new process, by what waited for its processors in the last minute. */
export function crowding(): number {
  return Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
}

/** Milliseconds after which something that was waited for, and that nothing promises in time, does not come any more. */
export const PATIENCE_MS = 60_000;
