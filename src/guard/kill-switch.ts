import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import type { Latch, LatchLevel, LatchStore, Stop, Stored } from './ports.ts';
import { codeOfStop, isSame, stopOf, stopsOf, withoutHandStop, withStop, type About } from './stops.ts';

/**
 * A reading is good for acting only if it began less than this long ago, by the clock that never jumps: what it lets begin is on
 * the wire within the second.
 */
const READING_LIVES_MS = 900;
/** What storage did not take is tried again after this. */
const WRITE_AGAIN_MS = 1_000;
/** A call that runs is looked after so often, with a reading no older than that: it is aborted within a second of a kill elsewhere. */
const WATCH_EVERY_MS = 400;
/** A read that takes longer than this is a read that failed. */
const READ_DEADLINE_MS = 2_000;

/** A machine that is busy for a moment must not look like a storage that is away. */
const READ_ATTEMPTS = 3;
/** Others may change the latch at the same time; after this often, a kill of everything is written whatever they write. */
const WRITE_ATTEMPTS = 3;
const DEPLOY_DEADLINE_MS = 5_000;

/** From nothing to everything. A kill only ever goes down. */
const STRENGTH: readonly LatchLevel[] = ['off', 'read-only', 'observe', 'full'];

/** What the latch said, and how old that knowledge may become. */
export interface LatchReading {
  readonly level: LatchLevel;
  readonly epoch: number;
  readonly latch: Latch | undefined;
  /** Everything less than all that is stopped or was until lately. */
  readonly stops: readonly Stop[];
  /** Storage's own clock at the reading. */
  readonly storageNow: Date;
}

/** What a kill stops: everything, down to a level at which nothing has an effect, or one thing. */
export type KillWhat = { readonly scope: 'all'; readonly level: Exclude<LatchLevel, 'full'> } | Pick<Stop, 'scope' | 'key' | 'label'>;

/** Who changes the latch, and why. */
export interface By {
  readonly digest: string;
  readonly name: string;
  readonly reason: string;
}

const EVERYTHING: KillWhat = { scope: 'all', level: 'off' };

interface PendingReading {
  readonly beganMs: number;
  readonly promise: Promise<LatchReading>;
}

/** A kill that was pulled in this process. `sinceEpoch` is infinite until storage holds it. */
interface Own<T> {
  what: T;
  sinceEpoch: number;
  /** Its epoch is above everything that storage held when it was first asked. */
  isAbove?: boolean;
}

/**
 * The persistent latch, read at every boundary. A missing latch means killed; a latch that can't be read means that
 * nothing acts. A kill in this process takes effect before storage is asked.
 */
export class KillSwitch {
  readonly #store: LatchStore;
  readonly #clock: Clock;
  readonly #onChange: (reading: LatchReading) => void;
  readonly #running = new Map<AbortController, About>();
  #reading: PendingReading | undefined;
  /**
   * Set by a kill here, so that the process does not wait for storage to stop. Once storage holds the kill, a reading of
   * a newer epoch, which only a revive writes, clears it.
   */
  #floor: Own<LatchLevel> | undefined;
  readonly #ownStops = new Map<string, Own<Stop>>();
  #lastEpoch = 0;
  #last: LatchReading | undefined;
  /** Readings are counted when they begin: one that was overtaken is no news. */
  #begun = 0;
  #newest = 0;
  /** The stops of the last row that Steward itself wrote: a hand that changes the row does not take one away. */
  #sealedStops: readonly Stop[] = [];
  /** How often this process was killed. */
  #kills = 0;

  /** `onChange` is told when a reading differs from the one before, and of the first; it must not throw. */
  constructor(store: LatchStore, clock: Clock, onChange: (reading: LatchReading) => void = () => undefined) {
    this.#store = store;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /**
   * The level now: a reading that began less than 900 ms ago, else a new one.
   * Fails with `LATCH_UNREADABLE`; the caller then does nothing.
   */
  read(): Promise<LatchReading> {
    return this.#read(READING_LIVES_MS);
  }

  /** As `read`, and the reading begins now: whatever was stored before has been counted. */
  readAnew(): Promise<LatchReading> {
    return this.#read(0);
  }

  async #read(mostAgeMs: number): Promise<LatchReading> {
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
      const { beganMs, promise } = this.#freshest(mostAgeMs);
      const reading = await promise;
      // A reading that took too long tells what was true too long ago: it is read again, not used.
      if (this.#clock.monotonicMs() - beganMs < READING_LIVES_MS) return this.#withOwn(reading);
    }
    throw new StewardError('LATCH_UNREADABLE', 'the latch took too long to read');
  }

  #freshest(mostAgeMs: number): PendingReading {
    const nowMs = this.#clock.monotonicMs();
    if (this.#reading !== undefined && nowMs - this.#reading.beganMs < mostAgeMs) return this.#reading;
    const reading = { beganMs: nowMs, promise: this.#readStore() };
    this.#reading = reading;
    reading.promise.catch(() => {
      // A failed reading is not kept: the next boundary asks again.
      if (this.#reading === reading) this.#reading = undefined;
    });
    return reading;
  }

  /** Fails with `KILLED` unless Steward may do something at all, and with `STOPPED_…` when what this is about is stopped. */
  async assertAlive(about: About = {}): Promise<LatchReading> {
    const reading = await this.read();
    const problem = problemWith(reading, { ...about, effect: false });
    if (problem !== undefined) throw new StewardError(problem, 'the latch does not allow it');
    return reading;
  }

  /**
   * A signal for a call that is about to leave the process. A kill that concerns it aborts it, wherever the kill came
   * from: while the call runs, the latch is read on, and a latch that can't be read aborts as well. Call `done` when it returned.
   */
  guardCall(about: About = {}): { readonly signal: AbortSignal; readonly done: () => void } {
    const controller = new AbortController();
    this.#running.set(controller, about);
    this.#abortWhere(this.#ownReading());
    const watch = setInterval(() => {
      // A reading aborts by itself what it concerns; one that fails aborts this call.
      this.#read(WATCH_EVERY_MS).then(
        (reading) => this.#abortWhere(reading),
        (error: unknown) => controller.abort(error),
      );
    }, WATCH_EVERY_MS);
    watch.unref();
    const done = (): void => {
      clearInterval(watch);
      this.#running.delete(controller);
    };
    return { signal: controller.signal, done };
  }

  /**
   * Stops everything, or one thing: here at once, elsewhere as soon as the write lands. `stored` is false when storage
   * could not be told; this process stays stopped all the same, and goes on trying. A kill never raises a level.
   */
  async kill(by: By, what: KillWhat = EVERYTHING): Promise<{ readonly stored: boolean; readonly epoch: number }> {
    this.#kills += 1;
    const name = randomUUID();
    const own = what.scope === 'all' ? this.#lower(what.level) : this.#stop(by, what);
    this.#reading = undefined;
    this.#abortWhere(this.#ownReading());
    const write = (): Promise<boolean> => (what.scope === 'all' ? this.#writeKill(by, what.level, name, own) : this.#writeStop(own as Own<Stop>));
    const stored = await write();
    if (!stored) this.#keepTrying(write);
    return { stored, epoch: what.scope === 'all' ? this.#lastEpoch : (own as Own<Stop>).what.epoch };
  }

  #lower(level: LatchLevel): Own<LatchLevel> {
    const own = { what: lower(level, this.#floor?.what ?? 'full'), sinceEpoch: Number.POSITIVE_INFINITY };
    this.#floor = own;
    return own;
  }

  #stop({ digest, name, reason }: By, what: Pick<Stop, 'scope' | 'key' | 'label'>): Own<Stop> {
    const at = this.#clock.now();
    const known = [...(this.#last?.stops ?? []), ...this.#ownReading().stops].filter((each) => isSame(each, what)).map(({ epoch }) => epoch);
    const own = { what: { ...what, epoch: Math.max(at.getTime(), ...known.map((epoch) => epoch + 1)), at, by: digest, byName: name, reason, lifted: false }, sinceEpoch: Number.POSITIVE_INFINITY };
    this.#ownStops.set(`${what.scope}:${what.key}`, own);
    return own;
  }

  async #writeKill(by: By, level: LatchLevel, kill: string, own: Own<unknown>): Promise<boolean> {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const stored = await this.#store.read(AbortSignal.timeout(READ_DEADLINE_MS)).catch(() => undefined);
        // An earlier attempt landed after all. A revival keeps the name: what two admins revived since must not die of a repetition.
        if (stored?.value.kill === kill) return this.#landed(own, stored.value.epoch - (stored.value.level === 'off' ? 0 : 1));
        // Where the epoch is not known (the row is missing or can't be read), the time is above any that was counted: an epoch must never go back.
        const epoch = Math.max(stored?.value.epoch ?? this.#clock.now().getTime(), this.#lastEpoch) + 1;
        const next: Latch = {
          ...stored?.value,
          level: lower(level, stored?.value.level ?? 'off'),
          epoch,
          changedAt: this.#clock.now(),
          changedBy: by.digest,
          changedByName: by.name,
          reason: by.reason,
          kill,
          stops: this.#stopsToKeep(stored?.value),
        };
        if (await this.#store.write(next, stored === undefined || attempt >= WRITE_ATTEMPTS ? 'any' : stored.etag)) return this.#landed(own, epoch);
      }
    } catch {
      return false;
    }
  }

  async #writeStop(own: Own<Stop>): Promise<boolean> {
    try {
      for (let attempt = 1; attempt <= WRITE_ATTEMPTS; attempt += 1) {
        const stored = await this.#readRaw();
        // A missing row means that everything is off.
        if (stored === undefined) return true;
        const known = this.#stopsToKeep(stored.value).find((each) => isSame(each, own.what))?.epoch ?? 0;
        // Another instance’s clock may be ahead: what it wrote before this stop must not look like a revival after it.
        if (own.isAbove !== true) own.what = { ...own.what, epoch: Math.max(own.what.epoch, known + 1) };
        // An earlier attempt landed, or somebody stopped or revived the same thing since.
        else if (known >= own.what.epoch) return this.#landed(own, own.what.epoch);
        own.isAbove = true;
        const stop = own.what;
        if (await this.#store.write({ ...stored.value, stops: withStop(this.#stopsToKeep(stored.value), stop, this.#clock.now()) }, stored.etag)) return this.#landed(own, stop.epoch);
      }
      return false;
    } catch {
      return false;
    }
  }

  #landed(own: Own<unknown>, epoch: number): true {
    own.sinceEpoch = epoch;
    // A reading that began before this was written would bind a revival to what is over.
    this.#reading = undefined;
    if (own === this.#floor) this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
    return true;
  }

  /** Other instances must learn of the kill as soon as storage is back. */
  #keepTrying(write: () => Promise<boolean>): void {
    const timer = setTimeout(() => {
      void write().then((written) => {
        if (!written) this.#keepTrying(write);
      });
    }, WRITE_AGAIN_MS);
    timer.unref();
  }

  /**
   * Revives everything, up to a level: called by the approvals alone, once two admins were checked. Fails with
   * `APPROVAL_STALE` when the latch changed after the proposal, and with `LATCH_UNREADABLE` when it can't be read.
   */
  async revive(level: LatchLevel, expectedEpoch: number, by: By): Promise<number> {
    const kills = this.#kills;
    const stored = await this.#readRaw();
    const epoch = stored?.value.epoch ?? 0;
    if (epoch !== expectedEpoch) throw new StewardError('APPROVAL_STALE', 'the latch changed after the proposal');
    // A missing latch is written by a deployment, never by a revive: deleting it must not become a way around two admins.
    if (stored === undefined) throw new StewardError('LATCH_UNREADABLE', 'the latch is missing; a deployment writes it');
    // Above what others counted as well: of an old row that was put back they have seen a newer one.
    const raised = Math.max(epoch, this.#lastEpoch) + 1;
    const next: Latch = { ...stored.value, level, epoch: raised, changedAt: this.#clock.now(), changedBy: by.digest, changedByName: by.name, reason: by.reason, stops: this.#stopsToKeep(stored.value) };
    if (!(await this.#store.write(next, stored.etag))) throw new StewardError('APPROVAL_STALE', 'the latch changed meanwhile');
    this.#reading = undefined;
    this.#lastEpoch = raised;
    // A kill that came while the write was on its way stands, whichever of the two storage saw last.
    if (this.#kills === kills) this.#floor = undefined;
    return raised;
  }

  /** Revives one thing: called by the approvals alone. `expectedEpoch` is that of the stop. Fails as `revive` does. */
  async lift(what: Pick<Stop, 'scope' | 'key'>, expectedEpoch: number, by: By): Promise<number> {
    const kills = this.#kills;
    const stored = await this.#readRaw();
    if (stored === undefined) throw new StewardError('LATCH_UNREADABLE', 'the latch is missing; a deployment writes it');
    const same = this.#stopsIn(stored.value).filter((each) => isSame(each, what));
    const stop = same.find(({ epoch, lifted: isLifted }) => !isLifted && epoch === expectedEpoch);
    if (stop === undefined) throw new StewardError('APPROVAL_STALE', 'the stop changed after the proposal');
    const at = this.#clock.now();
    const lifted: Stop = { ...stop, epoch: Math.max(at.getTime(), ...same.map(({ epoch }) => epoch + 1)), at, by: by.digest, byName: by.name, reason: by.reason, lifted: true };
    const next: Latch = { ...stored.value, stops: withStop(this.#stopsToKeep(stored.value), lifted, at), stopped: withoutHandStop(stored.value.stopped ?? '', what) };
    if (!(await this.#store.write(next, stored.etag))) throw new StewardError('APPROVAL_STALE', 'the latch changed meanwhile');
    this.#reading = undefined;
    if (this.#kills === kills) this.#ownStops.delete(`${what.scope}:${what.key}`);
    return lifted.epoch;
  }

  async #readStore(): Promise<LatchReading> {
    this.#begun += 1;
    const order = this.#begun;
    const stored = await this.#readRaw();
    // INVARIANT: a missing latch is a killed Steward.
    if (stored === undefined) return this.#seen(order, { level: 'off', epoch: this.#lastEpoch, latch: undefined, stops: [], storageNow: this.#clock.now() });
    const { epoch } = stored.value;
    this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
    if (this.#floor !== undefined && epoch > this.#floor.sinceEpoch) this.#floor = undefined;
    if (stored.value.seal !== 'broken' && stored.value.seal !== 'not needed') this.#sealedStops = stored.value.stops ?? [];
    const stops = this.#stopsIn(stored.value);
    for (const [key, { sinceEpoch, what }] of this.#ownStops) {
      if (stops.some((each) => isSame(each, what) && each.epoch >= sinceEpoch)) this.#ownStops.delete(key);
    }
    const isUnclear = stopsOf(stored.value) === 'all';
    if (isUnclear || stops.some(isByHand)) void this.#keepWhatHandsStopped();
    // A row that is older than one that was read was put back.
    const level = isUnclear || epoch < this.#lastEpoch ? 'off' : stored.value.level;
    return this.#seen(order, { level, epoch, latch: stored.value, stops, storageNow: stored.storageNow });
  }

  #seen(order: number, reading: LatchReading): LatchReading {
    this.#abortWhere(reading);
    if (order < this.#newest) return reading;
    this.#newest = order;
    const before = this.#last;
    this.#last = reading;
    if (before === undefined || changed(before, reading)) this.#onChange(reading);
    return reading;
  }

  /**
   * Makes what a hand stopped Steward's own, so that the hand that takes it back revives nothing. Not waited for: until
   * it is written, the reading itself stops; whoever reads next tries again.
   */
  async #keepWhatHandsStopped(): Promise<void> {
    try {
      const stored = await this.#readRaw();
      // To write a row is to seal it: one whose seal is broken stays as it is, and off.
      if (stored === undefined || stored.value.seal === 'broken' || stored.value.seal === 'not needed') return;
      const { value } = stored;
      const at = this.#clock.now();
      if (stopsOf(value) === 'all') {
        if (value.level !== 'off') await this.#store.write({ ...value, level: 'off', epoch: Math.max(value.epoch, this.#lastEpoch) + 1, changedAt: at, changedBy: 'storage', changedByName: '', reason: '', stops: this.#stopsToKeep(value) }, stored.etag);
        return;
      }
      const kept = this.#stopsToKeep(value);
      const fresh = this.#stopsIn(value).filter(isByHand).map((stop): Stop => ({ ...stop, at, epoch: Math.max(at.getTime(), ...kept.filter((each) => isSame(each, stop)).map(({ epoch }) => epoch + 1)) }));
      if (fresh.length > 0) await this.#store.write({ ...value, stops: fresh.reduce((stops, stop) => withStop(stops, stop, at), kept) }, stored.etag);
    } catch {
      // Storage does not answer, so nothing acts either.
    }
  }

  /** The stops of a row, and those of the last sealed one that somebody may have taken out of it. */
  #stopsToKeep(latch: Latch | undefined): readonly Stop[] {
    const there = latch?.stops ?? [];
    if (latch !== undefined && latch.seal !== 'broken' && latch.seal !== 'not needed') return there;
    return [...there.filter((stop) => !this.#sealedStops.some((each) => isSame(each, stop))), ...this.#sealedStops];
  }

  #stopsIn(latch: Latch): readonly Stop[] {
    const all = stopsOf({ ...latch, stops: this.#stopsToKeep(latch) });
    return all === 'all' ? this.#stopsToKeep(latch) : all;
  }

  /** What this process knows without asking storage. */
  #ownReading(): Pick<LatchReading, 'level' | 'stops'> {
    return { level: this.#floor?.what ?? 'full', stops: [...this.#ownStops.values()].map(({ what }) => what) };
  }

  #withOwn(reading: LatchReading): LatchReading {
    if (this.#floor === undefined && this.#ownStops.size === 0) return reading;
    const own = this.#ownReading();
    return { ...reading, level: lower(own.level, reading.level), stops: [...reading.stops.filter((stop) => !own.stops.some((each) => isSame(each, stop))), ...own.stops] };
  }

  #abortWhere(reading: Pick<LatchReading, 'level' | 'stops'>): void {
    for (const [controller, about] of this.#running) {
      const problem = problemWith(reading, about);
      if (problem === undefined) continue;
      controller.abort(new StewardError(problem, 'aborted by the kill switch'));
      this.#running.delete(controller);
    }
  }

  async #readRaw(): Promise<Stored<Latch> | undefined> {
    try {
      return await this.#store.read(AbortSignal.timeout(READ_DEADLINE_MS));
    } catch (error) {
      throw new StewardError('LATCH_UNREADABLE', 'the latch could not be read', { cause: error });
    }
  }
}

/** Why something may not go on, or undefined. */
export function problemWith({ level, stops }: Pick<LatchReading, 'level' | 'stops'>, about: About): StewardErrorCode | undefined {
  if (level === 'off') return 'KILLED';
  if (about.effect === true && level !== 'full') return 'READ_ONLY';
  const stop = stopOf(stops, about);
  return stop && codeOfStop(stop);
}

/** The lower of two levels. */
function lower(one: LatchLevel, other: LatchLevel): LatchLevel {
  return STRENGTH.indexOf(one) < STRENGTH.indexOf(other) ? one : other;
}

/** Stopped by a hand, and not yet Steward's own. */
function isByHand({ epoch, lifted }: Stop): boolean {
  return epoch === 0 && !lifted;
}

function changed(before: LatchReading, { epoch, level, stops }: LatchReading): boolean {
  const marks = (all: readonly Stop[]): string => all.map(({ epoch: since, key, lifted, scope }) => `${scope}:${key}@${since}${lifted ? '-' : '+'}`).sort().join();
  return before.level !== level || before.epoch !== epoch || marks(before.stops) !== marks(stops);
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
