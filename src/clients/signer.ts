import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import type { CheckpointKey, Signer } from '../audit/checkpoint.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { VaultKey } from './vault-key.ts';

export const SIGNING_KEY = 'ledger-signing-key';
const TIMEOUT_MS = 8_000;

export interface VaultSignerOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  /** Told each version's public key before its first signature. */
  readonly publish: (key: CheckpointKey) => Promise<void>;
}

/** Signs with an RSA key that never leaves Key Vault. */
export class VaultSigner implements Signer {
  readonly #key: VaultKey;

  constructor({ publish, ...vault }: VaultSignerOptions) {
    this.#key = new VaultKey({ ...vault, name: SIGNING_KEY, operations: ['sign'], onVersion: (key, jwk) => publish({ key, jwk }) });
  }

  async sign(digest: Uint8Array): Promise<{ readonly key: string; readonly signature: string }> {
    try {
      const { client, name } = await this.#key.newest();
      const { result } = await client.sign('RS256', digest, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      return { key: name, signature: Buffer.from(result).toString('base64url') };
    } catch (error) {
      this.#key.forget();
      throw new StewardError('LEDGER_UNAVAILABLE', 'a checkpoint could not be signed', { cause: error });
    }
  }
}
