import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { LedgerEvent, LedgerRecord, LedgerStore } from './record.ts';
import type { Scrubber } from './scrub.ts';
import { seal, type PersonKeys, type Said, type Sealed } from './sealed.ts';

export const GENESIS = '0'.repeat(64);

/** These only tell what went on. Nothing waits for them, so they gather until something is written that somebody waits for. */
const TOLD: ReadonlySet<LedgerEvent['kind']> = new Set(['message', 'model', 'plan', 'decision', 'reply']);
/** The longest that they gather. */
const GATHER_MS = 50;

interface Group {
  lines: string;
  readonly events: LedgerEvent[];
  /** The hash of its last record. */
  last: string;
  readonly done: Promise<void>;
  /** Lets it be written as soon as the one before it is. */
  readonly begin: () => void;
}

export interface LedgerWatcher {
  /** Fails with `LEDGER_UNAVAILABLE` while nobody can vouch for what would be recorded. */
  assertMayAct(): void;
  /** Must not throw. */
  durable(events: readonly LedgerEvent[]): void;
}

/**
 * The append-only, hash-chained record of one running instance. Records are hashed and written in the order in which
 * `record` is called, in groups: while one append is on its way, the next ones gather; and what only tells waits a moment
 * for what must be written, so that an intent comes with all that led to it in one append.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #scrubber: Pick<Scrubber, 'value'> | undefined;
  readonly #personKeys: PersonKeys | undefined;
  #previous = GENESIS;
  #sequence = 0;
  #positionBytes = 0;
  /** The hash of the last record that is durable. */
  #durable = GENESIS;
  #records = 0;
  /** Told of what has become durable, and asked before an intent; see `watch`. */
  #watcher: LedgerWatcher | undefined;
  #gathering: Group | undefined;
  #tail: Promise<void> = Promise.resolve();
  #broken: StewardError | undefined;

  /** `scrubber` takes secrets out of what others put in: request ids, names of models, problems of a plan. Without keys nothing is said about people. */
  constructor(store: LedgerStore, clock: Clock, scrubber?: Pick<Scrubber, 'value'>, personKeys?: PersonKeys) {
    this.#store = store;
    this.#scrubber = scrubber;
    this.#personKeys = personKeys;
    this.#clock = clock;
  }

  /**
   * Closes what a record is to say about people, each under that person's key; spread the result into the event. Not part of
   * `record`, which keeps its order because it waits for nothing. Fails with `LEDGER_UNAVAILABLE`.
   */
  async seal(said: readonly Said[]): Promise<{ readonly sealed?: readonly Sealed[] }> {
    const keys = this.#personKeys;
    if (keys === undefined || said.length === 0) return {};
    return { sealed: await Promise.all(said.map(async ({ as, facts, person }) => seal(await keys.keyOf(person), as, this.#scrubber?.value(facts) ?? facts))) };
  }

  /**
   * Adds a record and resolves when it is durable. Whoever is about to act waits for it; whoever only tells need not, and
   * what is not `pressing` gathers for a moment.
   * Fails with `LEDGER_UNAVAILABLE`; after one failed append nothing more is accepted, since whether it was written is
   * not known and a chain must not fork.
   */
  async record(event: LedgerEvent, { pressing = !TOLD.has(event.kind) } = {}): Promise<LedgerRecord> {
    if (this.#broken !== undefined) throw this.#broken;
    if (event.kind === 'intent') this.#watcher?.assertMayAct();
    const record = chain({ version: 1, sequence: this.#sequence, at: this.#clock.now().toISOString(), id: publicName(), event: this.#scrubbed(event), previous: this.#previous });
    this.#sequence += 1;
    this.#previous = record.hash;
    await this.#write(record, pressing);
    return record;
  }

  /** From now on there is somebody who vouches for what is recorded; one at most. */
  watch(watcher: LedgerWatcher): void {
    this.#watcher = watcher;
  }

  /** Whether a record was lost: from then on nothing is accepted, and whoever watches over this instance replaces it. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Where what is durable ends, with which record, and after how many. */
  get end(): { readonly positionBytes: number; readonly hash: string; readonly records: number } {
    return { positionBytes: this.#positionBytes, hash: this.#durable, records: this.#records };
  }

  /** Resolves when everything recorded so far is durable, or fails as `record` does. */
  async flush(): Promise<void> {
    this.#gathering?.begin();
    await this.#tail;
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** What is sealed was scrubbed before; a ciphertext that looks like a secret by chance must stay as it is. */
  #scrubbed(event: LedgerEvent): LedgerEvent {
    if (this.#scrubber === undefined) return event;
    const scrubbed = this.#scrubber.value(event);
    return 'sealed' in event ? ({ ...scrubbed, sealed: event.sealed } as LedgerEvent) : scrubbed;
  }

  #write(record: LedgerRecord, pressing: boolean): Promise<void> {
    const group = this.#gathering ?? this.#gather();
    group.lines += `${JSON.stringify(record)}\n`;
    group.events.push(record.event);
    group.last = record.hash;
    if (pressing) group.begin();
    return group.done;
  }

  #gather(): Group {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const timer = setTimeout(begin, GATHER_MS);
    const done = Promise.all([this.#tail, begun]).then(async () => {
      clearTimeout(timer);
      this.#gathering = undefined;
      if (this.#broken !== undefined) throw this.#broken;
      try {
        await this.#store.append(group.lines, this.#positionBytes);
        this.#positionBytes += Buffer.byteLength(group.lines);
        this.#durable = group.last;
        this.#records += group.events.length;
      } catch (error) {
        this.#broken = new StewardError('LEDGER_UNAVAILABLE', 'the ledger refused an append; this instance records nothing more', { cause: error });
        throw this.#broken;
      }
      this.#watcher?.durable(group.events);
    });
    const group: Group = { lines: '', events: [], last: GENESIS, done, begin };
    this.#gathering = group;
    this.#tail = done.catch(() => undefined);
    return group;
  }
}

/** Completes a record with the hash over its canonical form. */
export function chain(unhashed: Omit<LedgerRecord, 'hash'>): LedgerRecord {
  return { ...unhashed, hash: createHash('sha256').update(canonicalJson(unhashed)).digest('hex') };
}

/** JSON with keys in order, so that the same record has one form only (after RFC 8785, for our plain values). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Checks a chain from its first line. Returns the index of the first bad record, or undefined when it holds. */
export function firstBadRecord(records: readonly LedgerRecord[]): number | undefined {
  let previous = GENESIS;
  for (const [index, record] of records.entries()) {
    if (!follows(record, index, previous)) return index;
    previous = record.hash;
  }
  return undefined;
}

/** Whether a record stands in its place behind the one with the hash `previous`, unchanged. */
export function follows({ hash, ...unhashed }: LedgerRecord, index: number, previous: string): boolean {
  return unhashed.sequence === index && unhashed.previous === previous && chain(unhashed).hash === hash;
}

/** A record from its line, in the one form in which it is written: what says the same in other bytes is another one. */
export function recordOf(line: string): LedgerRecord | undefined {
  try {
    const record = JSON.parse(line) as LedgerRecord;
    return JSON.stringify(record) === line && typeof record.hash === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** A short public name that people can read out: five characters, a dash, five characters. */
function publicName(): string {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const letters = [...randomBytes(10)].map((byte) => alphabet.charAt(byte % 32)).join('');
  return `${letters.slice(0, 5)}-${letters.slice(5)}`;
}
