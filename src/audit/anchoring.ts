import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { digestOf, type ChainHead, type Checkpoint, type SignedCheckpoint, type Signer } from './checkpoint.ts';
import { GENESIS, type Ledger, type LedgerWatcher } from './ledger.ts';
import type { LedgerEvent } from './record.ts';

/** When a checkpoint is due. */
export interface AnchoringLimits {
  /** After the first record that no checkpoint names. */
  readonly afterMs: number;
  readonly afterRecords: number;
  /** How long Steward acts on while nobody vouches for what it records. */
  readonly mostMs: number;
  /** Before the first repetition; it doubles with each. */
  readonly againMs: number;
  /** Between two checkpoints that name every chain; the ones after it name what has changed since. */
  readonly wholeEveryMs: number;
}

/** A minute and a hundred records are promised: what signing, storing and one repetition take is in that, and what comes meanwhile. */
const promised: AnchoringLimits = { afterMs: 40_000, afterRecords: 60, mostMs: 5 * 60_000, againMs: 1_000, wholeEveryMs: 24 * 60 * 60_000 };
const MOST_AGAIN_MS = 20_000;
/** The most intents whose outcome is waited for. */
const MOST_OPEN = 1_000;

/** The heads of all chains, as their instances last told them. Read by others; only signed ones prove anything. */
export interface HeadStore {
  list(): Promise<readonly ChainHead[]>;
  /** Never backwards: a head that is behind the one that stands there changes nothing. */
  put(head: ChainHead): Promise<void>;
}

/** Where checkpoints go: written once, and never again. Fails with `LEDGER_UNAVAILABLE`. */
export interface AnchorStore {
  put(signed: SignedCheckpoint): Promise<void>;
}

export interface AnchoringDependencies {
  readonly ledger: Ledger;
  /** The chain of this instance. */
  readonly chain: string;
  readonly heads: HeadStore;
  readonly anchors: AnchorStore;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Told when a checkpoint could not be made; must not throw. */
  readonly onError: (error: unknown) => void;
  readonly limits?: AnchoringLimits;
}

interface Made {
  readonly signed: SignedCheckpoint;
  readonly digest: string;
  readonly own: ChainHead;
  /** When the ledger was looked at, by the clock that never jumps. */
  readonly lookedMs: number;
  /** All heads, where it names them all. */
  readonly whole?: ReadonlyMap<string, ChainHead>;
}

/**
 * Vouches for what is recorded: signs the head of every chain and puts the signature where it can't be changed. Within a
 * minute, within a hundred records, and after every effect of which a second person decided.
 */
export class Anchoring implements LedgerWatcher {
  readonly #with: AnchoringDependencies;
  readonly #limits: AnchoringLimits;
  /** Executions that a second person let run, until their outcome is recorded. */
  readonly #awaited = new Set<string>();
  #number = 0;
  #previous = GENESIS;
  #base: { readonly digest: string; readonly heads: ReadonlyMap<string, ChainHead>; readonly atMs: number } | undefined;
  #last: SignedCheckpoint | undefined;
  /** Records of ours that the last checkpoint names. */
  #anchored = 0;
  /** When the first record was durable that no checkpoint names, by the clock that never jumps. */
  #sinceMs: number | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<SignedCheckpoint> | undefined;
  /** Signed, and not known to be stored. */
  #made: Made | undefined;

  constructor(dependencies: AnchoringDependencies) {
    this.#with = dependencies;
    this.#limits = dependencies.limits ?? promised;
  }

  /** The last checkpoint of this instance; undefined before the first one. */
  get last(): SignedCheckpoint | undefined {
    return this.#last;
  }

  /** How many of this instance's records no checkpoint names yet. */
  get waiting(): number {
    return this.#with.ledger.end.records - this.#anchored;
  }

  assertMayAct(): void {
    const { clock } = this.#with;
    if (this.#sinceMs !== undefined && clock.monotonicMs() - this.#sinceMs > this.#limits.mostMs) throw new StewardError('LEDGER_UNAVAILABLE', 'nothing has vouched for the ledger for too long');
  }

  durable(events: readonly LedgerEvent[]): void {
    this.#sinceMs ??= this.#with.clock.monotonicMs();
    const isPressing = events.filter((event) => this.#isDecidedByTwo(event)).length > 0;
    // While it fails, it is tried again when its time comes.
    if (this.#failures === 0 && (isPressing || this.waiting >= this.#limits.afterRecords)) void this.checkpoint().catch(() => undefined);
    else this.#plan(this.#limits.afterMs);
  }

  /** Whether this is the outcome of an effect that a second person decided. */
  #isDecidedByTwo(event: LedgerEvent): boolean {
    if (event.kind === 'intent' && event.approver !== undefined && event.approver !== event.requester && this.#awaited.size < MOST_OPEN) this.#awaited.add(event.execution);
    return event.kind === 'outcome' && this.#awaited.delete(event.execution);
  }

  /** Vouches for everything that is durable now. Resolves to the checkpoint; fails with `LEDGER_UNAVAILABLE`. */
  async checkpoint(): Promise<SignedCheckpoint> {
    // What became durable after the one on its way looked is not in it.
    if (this.#writing !== undefined) await this.#writing.catch(() => undefined);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Vouches once more and for the last time; a clean stop waits for it. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.waiting > 0 || this.#last === undefined) await this.checkpoint();
    clearTimeout(this.#timer);
  }

  #plan(inMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.checkpoint().catch(() => undefined);
    }, inMs);
    this.#timer.unref();
  }

  async #write(): Promise<SignedCheckpoint> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      // One whose answer was lost may be there: it is put again as it is, for a number is used once.
      const lost = this.#made;
      if (lost !== undefined) await this.#put(lost);
      if (lost !== undefined && this.waiting === 0) return lost.signed;
      const made = await this.#make();
      await this.#put(made);
      if (this.waiting > 0) this.#plan(this.#limits.afterMs);
      return made.signed;
    } catch (error) {
      this.#failures += 1;
      this.#plan(Math.min(MOST_AGAIN_MS, this.#limits.againMs * 2 ** (this.#failures - 1)));
      this.#with.onError(error);
      throw error instanceof StewardError && error.code === 'LEDGER_UNAVAILABLE' ? error : new StewardError('LEDGER_UNAVAILABLE', 'the ledger could not be vouched for', { cause: error });
    }
  }

  async #make(): Promise<Made> {
    const { chain, clock, heads, ledger, signer } = this.#with;
    const lookedMs = clock.monotonicMs();
    const { hash, positionBytes: bytes, records } = ledger.end;
    const own: ChainHead = { chain, records, bytes, hash };
    const all = new Map([...(await heads.list()), own].map((head) => [head.chain, head]));
    const base = this.#base !== undefined && lookedMs - this.#base.atMs < this.#limits.wholeEveryMs ? this.#base : undefined;
    const named = [...all.values()].filter((head) => base === undefined || head.chain === chain || base.heads.get(head.chain)?.hash !== head.hash);
    const checkpoint: Checkpoint = {
      version: 1,
      writer: chain,
      number: this.#number,
      at: clock.now().toISOString(),
      previous: this.#previous,
      ...(base && { base: base.digest }),
      heads: named.sort((one, other) => (one.chain < other.chain ? -1 : 1)),
    };
    const digest = digestOf(checkpoint);
    this.#made = { own, lookedMs, digest: digest.toString('hex'), signed: { checkpoint, ...(await signer.sign(digest)) }, ...(base === undefined && { whole: all }) };
    return this.#made;
  }

  async #put({ digest, lookedMs, own, signed, whole }: Made): Promise<void> {
    const { anchors, heads, onError } = this.#with;
    await anchors.put(signed);
    this.#made = undefined;
    this.#number += 1;
    this.#previous = digest;
    if (whole !== undefined) this.#base = { digest, heads: whole, atMs: lookedMs };
    this.#last = signed;
    this.#anchored = own.records;
    this.#failures = 0;
    this.#sinceMs = this.waiting > 0 ? lookedMs : undefined;
    // What others learn of this chain; that they learn it late is no harm.
    await heads.put(own).catch(onError);
  }
}
