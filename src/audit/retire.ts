import type { Clock } from '../clock.ts';
import type { ChainReader, StoredChain } from './adopt.ts';
import type { Anchoring, HeadStore } from './anchoring.ts';
import { isSigned, type ChainHead, type CheckpointKey, type SignedCheckpoint } from './checkpoint.ts';
import type { Ledger } from './ledger.ts';
import { beginning, readOn } from './read-chain.ts';
import { begunBefore, DAY_MS, LEDGER_FLOOR_DAYS, retiredEventOf, type RetiredEvent } from './retired.ts';

/** Chains that can be taken away. */
export interface RemovableChains extends ChainReader {
  /**
   * Deletes what of a chain was there when it was listed last, the last part first, so that what is left is always its
   * beginning. `held`: storage keeps it, by a policy or a legal hold. Fails with `LEDGER_UNAVAILABLE`, also where somebody wrote to it since.
   */
  remove(chain: string): Promise<'removed' | 'held'>;
}

/** A checkpoint as it lies in storage, and how long it has, by storage's clock. */
export interface AnchoredCheckpoint {
  readonly signed: SignedCheckpoint;
  readonly restsForMs: number;
}

/** All of it fails with `LEDGER_UNAVAILABLE`. */
export interface AnchorReader {
  keys(): Promise<readonly CheckpointKey[]>;
  /** The first checkpoint of a writer, which names every chain. Undefined where there is none. */
  first(writer: string): Promise<AnchoredCheckpoint | undefined>;
  /** The last one, which names the writer's own chain. */
  last(writer: string): Promise<AnchoredCheckpoint | undefined>;
}

export interface RetirementDependencies {
  readonly ledger: Pick<Ledger, 'record'>;
  /** The chain of this instance. */
  readonly chain: string;
  readonly anchoring: Pick<Anchoring, 'checkpoint'>;
  readonly chains: RemovableChains;
  readonly anchors: AnchorReader;
  readonly heads: Pick<HeadStore, 'list'> & { remove(chain: string): Promise<void> };
  /** How long a chain is kept after its last record; never less than the floor. */
  readonly days: number;
  /** Whether anything that the ledger says is under legal hold: then none of it goes. */
  readonly isHeld: () => Promise<boolean>;
  readonly clock: Clock;
}

export interface Swept {
  readonly retired: readonly string[];
  /** A legal hold keeps them, or storage does. They are tried again with the next sweep. */
  readonly held: readonly string[];
  /** They do not hang together, or not as they were vouched for: evidence, and kept. */
  readonly broken: readonly string[];
}

/** In one sweep; what is left goes with the next one. */
const MOST_AT_ONCE = 50;
/** Where storage keeps so many, it keeps all: nothing more is said of chains that stay. */
const MOST_HELD = 3;
/** First checkpoints of other instances that are asked for the ends of chains. */
const MOST_WITNESSES = 8;

/**
 * Takes away chains that are over for as long as the ledger is kept: says so in its own chain, lets a checkpoint vouch for
 * that, and only then deletes. Any number of instances may do it at once, and die at any point: what one began, the next sweep
 * of any of them says again and ends.
 */
export class LedgerRetirement {
  readonly #with: RetirementDependencies;
  readonly #keptMs: number;
  /** Chains of which a record of ours that is vouched for says that they are retired. */
  readonly #said = new Set<string>();
  /** Chains that an older chain said were retired, and that a record of ours says again. */
  readonly #saidAgain = new Set<string>();

  constructor(dependencies: RetirementDependencies) {
    this.#with = dependencies;
    this.#keptMs = Math.max(dependencies.days, LEDGER_FLOOR_DAYS) * DAY_MS;
  }

  /** Fails with `LEDGER_UNAVAILABLE` and `STORAGE_UNAVAILABLE`; what was done until then stands. */
  async sweep(): Promise<Swept> {
    const { chain: own, chains, days, isHeld, ledger } = this.#with;
    // Shows others that this instance lives, though nobody asks it for anything: its chain does not rest.
    await ledger.record({ kind: 'sweep', days });
    const stored = await chains.list();
    const ended = stored.filter(({ chain }) => this.#isPast(begunBefore(chain))).sort((one, other) => (one.chain < other.chain ? -1 : 1));
    const overdue = ended.filter(({ chain, restsForMs }) => chain !== own && restsForMs > this.#keptMs);
    const [retired, held, broken]: [string[], string[], string[]] = [[], [], []];
    const ends = overdue.length === 0 ? undefined : await this.#endsFrom(ended);
    let heldAnew = 0;
    for (const each of overdue) {
      const { chain } = each;
      if (await isHeld()) {
        held.push(...overdue.map(({ chain: kept }) => kept).filter((kept) => !retired.includes(kept) && !held.includes(kept)));
        break;
      }
      const wasSaid = this.#said.has(chain);
      if (!wasSaid && heldAnew >= MOST_HELD) continue;
      const end = await ends?.(each);
      const result = end === undefined ? 'kept' : await this.#retire(each, end);
      if (result === 'removed') retired.push(chain);
      if (result === 'broken') broken.push(chain);
      if (result === 'held') held.push(chain);
      if (result === 'held' && !wasSaid) heldAnew += 1;
      if (retired.length >= MOST_AT_ONCE) break;
    }
    await this.#forget(new Set(stored.map(({ chain }) => chain)));
    return { retired, held, broken };
  }

  /** Finds of a chain the head that was signed and stored for as long as the ledger is kept, and that is not short of what lies there. */
  async #endsFrom(ended: readonly StoredChain[]): Promise<(stored: StoredChain) => Promise<ChainHead | undefined>> {
    const { anchors } = this.#with;
    const keys = await anchors.keys();
    const headsOf = (anchored: AnchoredCheckpoint | undefined): ReadonlyMap<string, ChainHead> => {
      const isGood = anchored !== undefined && anchored.restsForMs > this.#keptMs && this.#isPast(Date.parse(anchored.signed.checkpoint.at)) && isSigned(anchored.signed, keys);
      return new Map(isGood ? anchored.signed.checkpoint.heads.map((head) => [head.chain, head]) : []);
    };
    const witnesses: ReadonlyMap<string, ChainHead>[] = [];
    for (const { chain } of ended.slice(-MOST_WITNESSES)) witnesses.push(headsOf(await anchors.first(chain)));
    return async ({ bytes, chain }) => {
      const isEnd = (head: ChainHead | undefined): head is ChainHead => head !== undefined && head.bytes >= bytes && head.records > 0;
      const known = witnesses.map((heads) => heads.get(chain)).filter(isEnd);
      if (known.length > 0) return known.reduce((longest, head) => (head.records > longest.records ? head : longest));
      const own = headsOf(await anchors.last(chain)).get(chain);
      return isEnd(own) ? own : undefined;
    };
  }

  async #retire({ bytes, chain }: StoredChain, end: ChainHead): Promise<'removed' | 'held' | 'broken' | 'kept'> {
    const { chains, heads } = this.#with;
    if (!this.#said.has(chain)) {
      const said = await this.#eventsFor(chain, bytes, end);
      if (said === 'broken' || said === 'kept') return said;
      if (!(await this.#say(said))) return 'kept';
      for (const event of said) this.#saidAgain.add(event.chain);
      this.#said.add(chain);
    }
    if ((await chains.remove(chain)) === 'held') return 'held';
    await heads.remove(chain);
    return 'removed';
  }

  /** What has to be said before the chain goes: what it says itself of chains that are gone, and that it goes. */
  async #eventsFor(chain: string, bytes: number, end: ChainHead): Promise<readonly RetiredEvent[] | 'broken' | 'kept'> {
    const { chains, days } = this.#with;
    const { hash, records } = end;
    const carried: RetiredEvent[] = [];
    let last = '';
    const read = await readOn(beginning(chain), bytes, (from, most) => chains.read(chain, from, most), ({ at, event }) => {
      last = at;
      const said = retiredEventOf(event);
      if (said !== undefined && !this.#said.has(said.chain) && !this.#saidAgain.has(said.chain)) carried.push(said);
    });
    if (read.bytes !== bytes) return 'broken';
    // A sweep that died on the way left a beginning. When the last record was is known no more.
    if (bytes < end.bytes) return [...carried, { kind: 'retired', chain, records, hash, days }];
    if (read.records !== records || read.hash !== hash) return 'broken';
    return this.#isPast(Date.parse(last)) ? [...carried, { kind: 'retired', chain, records, hash, last, days }] : 'kept';
  }

  /** Resolves to whether a checkpoint vouches for it. */
  async #say(events: readonly RetiredEvent[]): Promise<boolean> {
    const { anchoring, chain: own, ledger } = this.#with;
    let sequence = 0;
    for (const event of events) ({ sequence } = await ledger.record(event));
    const { checkpoint } = await anchoring.checkpoint();
    return checkpoint.heads.some(({ chain, records }) => chain === own && records > sequence);
  }

  /** Heads of chains that are gone leave the next checkpoints. Those before name them still, so that this hides nothing. */
  async #forget(there: ReadonlySet<string>): Promise<void> {
    const { heads } = this.#with;
    for (const { chain } of await heads.list()) if (!there.has(chain) && this.#isPast(begunBefore(chain))) await heads.remove(chain);
  }

  #isPast(ms: number | undefined): boolean {
    return ms !== undefined && ms <= this.#with.clock.now().getTime() - this.#keptMs;
  }
}
