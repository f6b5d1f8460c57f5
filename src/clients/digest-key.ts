import { createHmac } from 'node:crypto';
import type { DigestKey } from '../audit/record.ts';
import { StewardError } from '../errors.ts';
import type { Vault } from './vault.ts';

/** The name of the secret; `infra/permissions.json` grants the keeper this one and no other. */
export const DIGEST_KEY_SECRET = 'ledger-digest-key';
/** 32 bytes, if it is hex or base64 more. */
const LEAST_CHARACTERS = 32;

/** HMAC-SHA-256 under a key from Key Vault. Read once: the same id must give the same digest while this process lives. */
export class VaultDigestKey implements DigestKey {
  readonly #vault: Vault;
  #key: string | undefined;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  async load(): Promise<void> {
    const secret = (await this.#vault.read(DIGEST_KEY_SECRET)).reveal();
    if (secret.length < LEAST_CHARACTERS) throw new StewardError('CONFIGURATION_INVALID', `the secret \`${DIGEST_KEY_SECRET}\` is shorter than ${LEAST_CHARACTERS} characters`);
    this.#key = secret;
  }

  /** Fails with `LEDGER_UNAVAILABLE` before the key was loaded. */
  digest(value: string): string {
    if (this.#key === undefined) throw new StewardError('LEDGER_UNAVAILABLE', 'the digest key was not loaded');
    return createHmac('sha256', this.#key).update(value).digest('hex');
  }
}
