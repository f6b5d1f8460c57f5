import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod/v4';

/**
 * What a record says about somebody in words that people read: names, reasons, arguments. It is enciphered under a key of
 * that person, so that erasing the key erases it everywhere, and the chain, which is over the ciphertext, still holds.
 */
export interface Sealed {
  readonly as: Part;
  /** Keyed digest of the person whose key it is: the same as elsewhere in the ledger. */
  readonly person: string;
  /** Which key of that person: who was erased has another one afterwards. */
  readonly key: string;
  /** AES-256-GCM: nonce of 12 bytes, ciphertext, tag of 16 bytes; base64url. */
  readonly box: string;
}

export const parts = ['requester', 'approver', 'target'] as const;
export type Part = (typeof parts)[number];

/** What is inside. */
export interface PersonalFacts {
  /** Display name of the person, device, group or other thing. */
  readonly name?: string | undefined;
  /** What tells namesakes apart, as the card shows it: title, department, sign-in name. */
  readonly context?: readonly string[] | undefined;
  /** For a target: the digest of the step that concerns it, and the arguments in words, by their parameter's name. */
  readonly step?: string | undefined;
  readonly arguments?: Readonly<Record<string, string>> | undefined;
  /** What a person said for a decision: the reason of a decline, of a stop. */
  readonly reason?: string | undefined;
}

/** What is to be said about somebody in a record. */
export interface Said {
  readonly as: Part;
  /** Keyed digest of the person whose key closes it. */
  readonly person: string;
  readonly facts: PersonalFacts;
}

/** A person's key, ready to use. */
export interface PersonKey {
  readonly person: string;
  /** Random, and no secret. */
  readonly id: string;
  /** 32 bytes; never logged, never stored unwrapped. */
  readonly secret: Buffer;
}

/** Keys by the keyed digest of a person. Makes one for who has none. Fails with `LEDGER_UNAVAILABLE`. */
export interface PersonKeys {
  keyOf(personDigest: string): Promise<PersonKey>;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Lengths tell less when there are few of them. */
const STEP_BYTES = 64;

export const personalFacts: z.ZodType<PersonalFacts> = z.strictObject({
  name: z.string().optional(),
  context: z.array(z.string()).optional(),
  step: z.string().optional(),
  arguments: z.record(z.string(), z.string()).optional(),
  reason: z.string().optional(),
});

export function seal({ id, person, secret }: PersonKey, as: Part, facts: PersonalFacts): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, secret, nonce).setAAD(aboutOf(as, person, id));
  const text = Buffer.from(JSON.stringify(facts), 'utf8');
  // JSON may end in spaces.
  const padded = Buffer.concat([text, Buffer.alloc(STEP_BYTES - (text.length % STEP_BYTES), ' ')]);
  return { as, person, key: id, box: Buffer.concat([nonce, cipher.update(padded), cipher.final(), cipher.getAuthTag()]).toString('base64url') };
}

/** Undefined where this key does not open it, or what comes out is not what goes in. */
export function open({ as, box, key, person }: Sealed, secret: Buffer): PersonalFacts | undefined {
  try {
    const bytes = Buffer.from(box, 'base64url');
    const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES }).setAAD(aboutOf(as, person, key));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
    return personalFacts.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Bound to whom it is about, and as what: a box can't be moved to another's record unseen. */
const aboutOf = (as: Part, person: string, key: string): Buffer => Buffer.from(JSON.stringify(['steward ledger 1', as, person, key]), 'utf8');
