import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { Latch, LatchLevel, LatchStore, Stored } from './ports.ts';

/** A reading is good for acting only if it began less than this long ago, by the clock that never jumps. */
const READING_LIVES_MS = 1_000;
/** A read that takes longer than this is a read that failed. */
const READ_DEADLINE_MS = 2_000;

/** A machine that is busy for a moment must not look like a storage that is away. */
const READ_ATTEMPTS = 3;
const DEPLOY_DEADLINE_MS = 5_000;

/** What the latch said, and how old that knowledge may become. */
export interface LatchReading {
  readonly level: LatchLevel;
  readonly epoch: number;
  readonly latch: Latch | undefined;
  /** Storage's own clock at the reading. */
  readonly storageNow: Date;
}

interface PendingReading {
  readonly beganMs: number;
  readonly promise: Promise<LatchReading>;
}

/**
 * The persistent latch, read at every boundary. A missing latch means killed; a latch that can't be read means that
 * nothing acts. A kill in this process takes effect before storage is asked.
 */
export class KillSwitch {
  readonly #store: LatchStore;
  readonly #clock: Clock;
  readonly #running = new Set<AbortController>();
  #reading: PendingReading | undefined;
  /**
   * Set by a kill here, so that the process does not wait for storage to stop. Infinite until storage holds the kill;
   * from then on a reading of a newer epoch, which only a revive writes, clears it.
   */
  #killedSinceEpoch: number | undefined;
  #lastEpoch = 0;
  /** How often this process was killed. */
  #kills = 0;

  constructor(store: LatchStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * The level now: a reading that began less than a second ago, else a new one.
   * Fails with `LATCH_UNREADABLE`; the caller then does nothing.
   */
  async read(): Promise<LatchReading> {
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
      const { beganMs, promise } = this.#freshest();
      const reading = await promise;
      // A reading that took too long tells what was true too long ago: it is read again, not used.
      if (this.#clock.monotonicMs() - beganMs < READING_LIVES_MS) return this.#killedSinceEpoch === undefined ? reading : { ...reading, level: 'off' };
    }
    throw new StewardError('LATCH_UNREADABLE', 'the latch took longer than a second to read');
  }

  #freshest(): PendingReading {
    const nowMs = this.#clock.monotonicMs();
    if (this.#reading !== undefined && nowMs - this.#reading.beganMs < READING_LIVES_MS) return this.#reading;
    const reading = { beganMs: nowMs, promise: this.#readStore() };
    this.#reading = reading;
    reading.promise.catch(() => {
      // A failed reading is not kept: the next boundary asks again.
      if (this.#reading === reading) this.#reading = undefined;
    });
    return reading;
  }

  /** Fails with `KILLED` unless Steward may do something at all. */
  async assertAlive(): Promise<LatchReading> {
    const reading = await this.read();
    if (reading.level === 'off') throw new StewardError('KILLED', 'the latch is off');
    return reading;
  }

  /**
   * A signal for a call that is about to leave the process. A kill aborts it, wherever the kill came from: while the
   * call runs, the latch is read on, and a latch that can't be read aborts as well. Call `done` when it returned.
   */
  guardCall(): { readonly signal: AbortSignal; readonly done: () => void } {
    const controller = new AbortController();
    if (this.#killedSinceEpoch === undefined) this.#running.add(controller);
    else controller.abort(killed());
    const watch = setInterval(() => {
      this.assertAlive().catch((error: unknown) => {
        controller.abort(error);
      });
    }, READING_LIVES_MS / 2);
    watch.unref();
    const done = (): void => {
      clearInterval(watch);
      this.#running.delete(controller);
    };
    return { signal: controller.signal, done };
  }

  /**
   * Stops everything: here at once, elsewhere as soon as the write lands. `stored` is false when storage could not be
   * told; this process stays killed all the same, and goes on trying.
   */
  async kill(by: { readonly digest: string; readonly name: string; readonly reason: string }): Promise<{ readonly stored: boolean; readonly epoch: number }> {
    this.#kills += 1;
    this.#killedSinceEpoch = Number.POSITIVE_INFINITY;
    this.#reading = undefined;
    for (const controller of this.#running) controller.abort(killed());
    this.#running.clear();
    const stored = await this.#writeKill(by);
    if (!stored) this.#keepTrying(by);
    return { stored, epoch: this.#lastEpoch };
  }

  async #writeKill(by: { readonly digest: string; readonly name: string; readonly reason: string }): Promise<boolean> {
    try {
      // Where the epoch is not known (the row is missing or can't be read), the time is above any that was counted: an epoch must never go back.
      const stored = await this.#store.read(AbortSignal.timeout(READ_DEADLINE_MS)).catch(() => undefined);
      const known = stored === undefined ? this.#clock.now().getTime() : stored.value.epoch;
      const epoch = Math.max(known, this.#lastEpoch) + 1;
      await this.#store.write({ level: 'off', epoch, changedAt: this.#clock.now(), changedBy: by.digest, changedByName: by.name, reason: by.reason }, 'any');
      this.#killedSinceEpoch = epoch;
      this.#lastEpoch = epoch;
      return true;
    } catch {
      return false;
    }
  }

  /** Other instances must learn of the kill as soon as storage is back. */
  #keepTrying(by: { readonly digest: string; readonly name: string; readonly reason: string }): void {
    const timer = setTimeout(() => {
      void this.#writeKill(by).then((written) => {
        if (!written) this.#keepTrying(by);
      });
    }, READING_LIVES_MS);
    timer.unref();
  }

  /**
   * Revives: called by the approvals alone, once two admins were checked. Fails with `APPROVAL_STALE` when the latch
   * changed after the proposal, and with `LATCH_UNREADABLE` when it can't be read.
   */
  async revive(level: LatchLevel, expectedEpoch: number, by: { readonly digest: string; readonly name: string; readonly reason: string }): Promise<number> {
    const kills = this.#kills;
    const stored = await this.#readRaw();
    const epoch = stored?.value.epoch ?? 0;
    if (epoch !== expectedEpoch) throw new StewardError('APPROVAL_STALE', 'the latch changed after the proposal');
    // A missing latch is written by a deployment, never by a revive: deleting it must not become a way around two admins.
    if (stored === undefined) throw new StewardError('LATCH_UNREADABLE', 'the latch is missing; a deployment writes it');
    const written = await this.#store.write({ level, epoch: epoch + 1, changedAt: this.#clock.now(), changedBy: by.digest, changedByName: by.name, reason: by.reason }, stored.etag);
    if (!written) throw new StewardError('APPROVAL_STALE', 'the latch changed meanwhile');
    this.#reading = undefined;
    this.#lastEpoch = epoch + 1;
    // A kill that came while the write was on its way stands, whichever of the two storage saw last.
    if (this.#kills === kills) this.#killedSinceEpoch = undefined;
    return epoch + 1;
  }

  async #readStore(): Promise<LatchReading> {
    const stored = await this.#readRaw();
    // INVARIANT: a missing latch is a killed Steward.
    if (stored === undefined) return { level: 'off', epoch: this.#lastEpoch, latch: undefined, storageNow: this.#clock.now() };
    const { level, epoch } = stored.value;
    this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
    if (this.#killedSinceEpoch !== undefined && epoch > this.#killedSinceEpoch) this.#killedSinceEpoch = undefined;
    if (level === 'off') {
      for (const controller of this.#running) controller.abort(killed());
      this.#running.clear();
    }
    return { level, epoch, latch: stored.value, storageNow: stored.storageNow };
  }

  async #readRaw(): Promise<Stored<Latch> | undefined> {
    try {
      return await this.#store.read(AbortSignal.timeout(READ_DEADLINE_MS));
    } catch (error) {
      throw new StewardError('LATCH_UNREADABLE', 'the latch could not be read', { cause: error });
    }
  }
}

function killed(): StewardError {
  return new StewardError('KILLED', 'aborted by the kill switch');
}

/**
 * What a deployment does once: writes the latch where there is none. A new deployment decides, records and shows, and changes
 * nothing, until two admins raise it in chat; so writing a latch that was deleted makes nobody act either. False when there
 * was one, which stays as it is.
 */
export async function deployLatch(store: LatchStore, clock: Clock, level: LatchLevel = 'observe'): Promise<boolean> {
  if ((await store.read(AbortSignal.timeout(DEPLOY_DEADLINE_MS))) !== undefined) return false;
  return store.write({ level, epoch: clock.now().getTime(), changedAt: clock.now(), changedBy: 'deployment', changedByName: '', reason: 'deployed' }, 'any');
}
