import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { KillSwitch, type By } from './kill-switch.ts';
import type { LatchStore } from './ports.ts';
import { isSame } from './stops.ts';

/** No action has this name, since each is a verb and a noun: to stop it stops nothing. */
const NOTHING = { scope: 'action', key: 'drill', label: '' } as const;
const ROUNDS = 5;
/** A stop has to have arrived everywhere by then, or the round failed. */
const GIVE_UP_MS = 5_000;
/** What others promise: design, “kill switch”. */
const BOUND_MS = 1_000;
const READING_LIVES_MS = 1_000;

interface Spread {
  readonly p50Ms: number;
  readonly maxMs: number;
}

export interface DrillResult {
  readonly rounds: number;
  readonly here: Spread;
  readonly elsewhere: Spread;
  /** The longest that storage took. */
  readonly storedMs: number;
  readonly boundMs: number;
  /** Every round was within the bound. */
  readonly ok: boolean;
}

/** From the command on, in milliseconds. */
interface DrillRound {
  /** Until a call of this process that it concerns was aborted. */
  readonly hereMs: number;
  /** Until storage had it. */
  readonly storedMs: number;
  /** From then until a call was aborted by whoever learns of it from storage alone, as another instance does. Infinite: never. */
  readonly elsewhereMs: number;
}

export interface DrillDependencies {
  readonly killSwitch: KillSwitch;
  readonly latch: LatchStore;
  readonly clock: Clock;
  readonly by: By;
  /** How often; absent, often enough to tell. */
  readonly rounds?: number;
}

/**
 * Times the deployed latch: stops and revives something that does not exist, on the row that stops Steward, through the code
 * that stops it, with a call that does nothing. Fails with `LATCH_UNREADABLE`, and with `KILLED` where there is nothing left to stop.
 */
export async function drillKill({ by, clock, killSwitch, latch, rounds: count = ROUNDS }: DrillDependencies): Promise<DrillResult> {
  const rounds: DrillRound[] = [];
  for (let round = 0; round < count; round += 1) {
    const { stops } = await killSwitch.assertAlive();
    // An earlier drill that died half-way: measured now, it would look like an instance that knew before it was told.
    const left = stops.find((stop) => isSame(stop, NOTHING) && !stop.lifted);
    if (left !== undefined) await killSwitch.lift(NOTHING, left.epoch, by);
    const other = new KillSwitch(latch, clock);
    await other.assertAlive();
    const elsewhere = other.guardCall({ actions: [NOTHING.key] });
    // Its reading is as old as another instance’s may be: a part of its life more each round.
    await pause((READING_LIVES_MS * round) / count);
    rounds.push(await drillOnce({ by, clock, killSwitch, latch }, elsewhere.signal).finally(elsewhere.done));
  }
  const elsewhere = spread(rounds.map(({ elsewhereMs }) => elsewhereMs));
  return { rounds: rounds.length, here: spread(rounds.map(({ hereMs }) => hereMs)), elsewhere, storedMs: Math.max(...rounds.map(({ storedMs }) => storedMs)), boundMs: BOUND_MS, ok: elsewhere.maxMs <= BOUND_MS };
}

function spread(milliseconds: readonly number[]): Spread {
  const sorted = [...milliseconds].sort((one, other) => one - other);
  return { p50Ms: sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY, maxMs: sorted.at(-1) ?? Number.POSITIVE_INFINITY };
}

async function drillOnce({ by, clock, killSwitch }: DrillDependencies, elsewhere: AbortSignal): Promise<DrillRound> {
  const here = killSwitch.guardCall({ actions: [NOTHING.key] });
  const beganMs = clock.monotonicMs();
  const since = (): number => clock.monotonicMs() - beganMs;
  const hereMs = aborted(here.signal, since);
  const elsewhereMs = aborted(elsewhere, since);
  const { epoch, stored } = await killSwitch.kill(by, NOTHING);
  if (!stored) throw new StewardError('LATCH_UNREADABLE', 'storage did not take the stop');
  const storedMs = since();
  try {
    return { hereMs: await hereMs, storedMs, elsewhereMs: Math.max(0, (await elsewhereMs) - storedMs) };
  } finally {
    here.done();
    await killSwitch.lift(NOTHING, epoch, by);
  }
}

function aborted(signal: AbortSignal, since: () => number): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(since());
      return;
    }
    const late = setTimeout(() => resolve(Number.POSITIVE_INFINITY), GIVE_UP_MS).unref();
    signal.addEventListener('abort', () => {
      clearTimeout(late);
      resolve(since());
    });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
