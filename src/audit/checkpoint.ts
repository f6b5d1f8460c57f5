import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { z } from 'zod/v4';
import { canonicalJson } from './ledger.ts';

/** Where one chain ended when somebody looked. */
export interface ChainHead {
  /** Path of the ledger of one start of an instance. */
  readonly chain: string;
  readonly records: number;
  readonly bytes: number;
  /** The hash of its last record; zeros for none. */
  readonly hash: string;
}

/** What an instance vouches for: the head of every chain that it knows of. Digests and paths, and nothing about anybody. */
export interface Checkpoint {
  readonly version: 1;
  /** The chain of the instance that writes it, and how many it has written before. */
  readonly writer: string;
  readonly number: number;
  /** ISO 8601, by that instance's clock. */
  readonly at: string;
  /** Digest of the writer's checkpoint before it; zeros for the first. */
  readonly previous: string;
  /** Digest of an earlier checkpoint of this writer, whose heads hold where none is named here. */
  readonly base?: string | undefined;
  readonly heads: readonly ChainHead[];
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The version of the key that signed, as Key Vault names it. */
  readonly key: string;
  /** RSASSA-PKCS1-v1_5 with SHA-256 (RS256) over the canonical JSON, base64url: what `openssl dgst -sha256 -verify` checks. */
  readonly signature: string;
}

/** A public key, with the name that Key Vault gives it. */
export interface CheckpointKey {
  readonly key: string;
  readonly jwk: JsonWebKey;
}

/** Signs a SHA-256 digest. Fails with `LEDGER_UNAVAILABLE`. */
export interface Signer {
  sign(digest: Uint8Array): Promise<{ readonly key: string; readonly signature: string }>;
}

const head = z.strictObject({ chain: z.string(), records: z.int().nonnegative(), bytes: z.int().nonnegative(), hash: z.string().length(64) });
const signedCheckpoint: z.ZodType<SignedCheckpoint> = z.strictObject({
  checkpoint: z.strictObject({ version: z.literal(1), writer: z.string(), number: z.int().nonnegative(), at: z.string(), previous: z.string().length(64), base: z.string().length(64).optional(), heads: z.array(head) }),
  key: z.string(),
  signature: z.string(),
});
const checkpointKeys: z.ZodType<readonly CheckpointKey[]> = z.array(z.strictObject({ key: z.string(), jwk: z.record(z.string(), z.unknown()) }));

/** SHA-256 over the canonical JSON: what is signed, and the name by which other checkpoints refer to it. */
export function digestOf(checkpoint: Checkpoint): Buffer {
  return createHash('sha256').update(canonicalJson(checkpoint)).digest();
}

export function checkpointText(signed: SignedCheckpoint): string {
  return `${canonicalJson(signed)}\n`;
}

/** Undefined for what is no checkpoint, or is not written as one is. */
export function checkpointOf(text: string): SignedCheckpoint | undefined {
  const signed = parsed(signedCheckpoint, text);
  return signed !== undefined && checkpointText(signed) === text ? signed : undefined;
}

/** Undefined for what is no list of keys. */
export function keysOf(text: string): readonly CheckpointKey[] | undefined {
  return parsed(checkpointKeys, text);
}

/** Whether one of the keys signed it. */
export function isSigned({ checkpoint, key, signature }: SignedCheckpoint, keys: readonly CheckpointKey[]): boolean {
  const jwk = keys.find((each) => each.key === key)?.jwk;
  if (jwk === undefined) return false;
  try {
    // Key Vault signs the digest that it is given; `verify` makes the same one from what was digested.
    return verify('RSA-SHA256', Buffer.from(canonicalJson(checkpoint)), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
