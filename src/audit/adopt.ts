import type { HeadStore } from './anchoring.ts';
import { beginning, readOn } from './read-chain.ts';
import { DAY_MS, LEDGER_FLOOR_DAYS } from './retired.ts';

/** A chain as it lies in storage. */
export interface StoredChain {
  readonly chain: string;
  readonly bytes: number;
  /** Nothing was added to it for so long, by storage's clock. */
  readonly restsForMs: number;
}

/** All chains of the deployment. Fails with `LEDGER_UNAVAILABLE`. */
export interface ChainReader {
  list(): Promise<readonly StoredChain[]>;
  /** Bytes of a chain from a position on, over all its parts; at most so many. */
  read(chain: string, positionBytes: number, mostBytes: number): Promise<Uint8Array>;
}

/** An instance that lives tells its own head every minute. */
const RESTS_MS = 3 * 60_000;

/**
 * Reads on in chains whose instance is gone, from where it last told their head to where they end, so that the next
 * checkpoint names that end. Resolves to the chains that do not hang together; their last good head stays.
 */
export async function adoptChains(heads: HeadStore, chains: ChainReader, own: string): Promise<readonly string[]> {
  const [known, stored] = await Promise.all([heads.list(), chains.list()]);
  const told = new Map(known.map((head) => [head.chain, head]));
  const broken: string[] = [];
  for (const { bytes, chain, restsForMs } of stored) {
    const head = told.get(chain) ?? beginning(chain);
    if (chain === own || restsForMs < RESTS_MS || head.bytes === bytes) continue;
    // It may be on its way out, the last part first (src/audit/retire.ts); whether rightly so, `audit verify` says.
    if (bytes < head.bytes && restsForMs > LEDGER_FLOOR_DAYS * DAY_MS) continue;
    const end = await readOn(head, bytes, (fromBytes, mostBytes) => chains.read(chain, fromBytes, mostBytes));
    if (end.bytes > head.bytes) await heads.put(end);
    if (end.bytes !== bytes) broken.push(chain);
  }
  return broken;
}
