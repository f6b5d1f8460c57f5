/** A ledger of several chains with checkpoints, in memory: the real chain, the real anchoring, a key of its own. */
import { constants, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto';
import { Anchoring, type AnchoringLimits, type AnchorStore, type HeadStore } from '../../../src/audit/anchoring.ts';
import { canonicalJson, Ledger } from '../../../src/audit/ledger.ts';
import { checkpointOf, checkpointText, type ChainHead, type Checkpoint, type CheckpointKey, type SignedCheckpoint, type Signer } from '../../../src/audit/checkpoint.ts';
import type { LedgerEvent, LedgerStore } from '../../../src/audit/record.ts';
import type { Clock } from '../../../src/clock.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY = 'ledger-signing-key/v1';
export const keys: readonly CheckpointKey[] = [{ key: KEY, jwk: pair.publicKey.export({ format: 'jwk' }) }];

/** What a holder of the key can sign. */
export function signed(checkpoint: Checkpoint): SignedCheckpoint {
  return { checkpoint, key: KEY, signature: sign('RSA-SHA256', Buffer.from(canonicalJson(checkpoint)), pair.privateKey).toString('base64url') };
}

export class MemorySigner implements Signer {
  fails = false;

  async sign(digest: Uint8Array): Promise<{ readonly key: string; readonly signature: string }> {
    if (this.fails) throw new Error('the vault is away');
    // What stands before a SHA-256 digest in a signature (RFC 8017, 9.2): Key Vault signs digests, Node what was digested.
    const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
    return { key: KEY, signature: privateEncrypt({ key: pair.privateKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([prefix, digest])).toString('base64url') };
  }
}

export class MemoryHeads implements HeadStore {
  readonly heads = new Map<string, ChainHead>();

  async list(): Promise<readonly ChainHead[]> {
    return [...this.heads.values()];
  }

  async put(head: ChainHead): Promise<void> {
    if ((this.heads.get(head.chain)?.records ?? -1) < head.records) this.heads.set(head.chain, head);
  }
}

export class MemoryAnchors implements AnchorStore {
  readonly blobs = new Map<string, string>();
  /** Fails before it is written, or after: then the answer is lost. */
  fails: 'no' | 'before' | 'after' = 'no';

  async put(checkpoint: SignedCheckpoint): Promise<void> {
    const { number, writer } = checkpoint.checkpoint;
    const name = `checkpoints/${writer}/${number}.json`;
    if (this.fails === 'before') throw new Error('storage is away');
    const there = this.blobs.get(name);
    if (there !== undefined && there !== checkpointText(checkpoint)) throw new Error('a number was used twice');
    this.blobs.set(name, checkpointText(checkpoint));
    if (this.fails === 'after') throw new Error('the answer was lost');
  }

  read(): ReadonlyMap<string, SignedCheckpoint | undefined> {
    return new Map([...this.blobs].map(([name, text]) => [name, checkpointOf(text)]));
  }
}

export class MemoryLedgerStore implements LedgerStore {
  text = '';

  async append(lines: string): Promise<void> {
    this.text += lines;
  }
}

export function handClock(startMs = Date.UTC(2026, 10, 22, 9)): Clock & { advance(ms: number): void } {
  let nowMs = startMs;
  return { now: () => new Date(nowMs), monotonicMs: () => nowMs - startMs, advance: (ms) => void (nowMs += ms) };
}

export interface Instance {
  readonly chain: string;
  readonly ledger: Ledger;
  readonly store: MemoryLedgerStore;
  readonly anchoring: Anchoring;
}

/** Several instances over the same heads and anchors. */
export function deployment(clock = handClock(), limits?: AnchoringLimits) {
  const heads = new MemoryHeads();
  const anchors = new MemoryAnchors();
  const signer = new MemorySigner();
  const errors: unknown[] = [];
  const instance = (chain: string): Instance => {
    const store = new MemoryLedgerStore();
    const ledger = new Ledger(store, clock);
    const anchoring = new Anchoring({ ledger, chain, heads, anchors, signer, clock, onError: (error) => void errors.push(error), ...(limits && { limits }) });
    ledger.watch(anchoring);
    return { chain, ledger, store, anchoring };
  };
  return { clock, heads, anchors, signer, errors, instance };
}

/** Events as they come in a turn; some hold what JSON writes in more than one way. */
export function eventAt(index: number): LedgerEvent {
  const execution = `execution-${index >> 1}`;
  switch (index % 5) {
    case 0:
      return { kind: 'message', turn: `turn-${index}`, person: 'a'.repeat(64), conversation: 'b'.repeat(64), tainted: index % 2 === 0 };
    case 1:
      return { kind: 'refusal', turn: `turn-${index}`, person: 'c'.repeat(64), code: 'POLICY_DENIED', details: ['Zoë \u001f "quoted" \\ 𝄞', ''] };
    case 2:
      return { kind: 'model', turn: `turn-${index}`, purpose: 'turn', model: 'm', promptTokens: index, completionTokens: 1, costMicroUsd: 12, requestId: 'r', durationMs: 1.5 };
    case 3:
      return { kind: 'decision', turn: `turn-${index}`, step: 'd'.repeat(64), action: 'block_sign_in', decision: 'confirm', policies: ['own-confirmation'] };
    default:
      return { kind: 'outcome', execution, outcome: 'done', requestIds: ['00000000-0000-4000-8000-000000000000'], durationMs: 12 };
  }
}
