import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import type { CheckpointKey, Signer } from '../audit/checkpoint.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';

/** The name of the key; `infra/permissions.json` grants the keeper this one and no other. */
export const SIGNING_KEY = 'ledger-signing-key';
/** A rotated key is used from then on after this. */
const TTL_MS = 10 * 60_000;
const TIMEOUT_MS = 8_000;
const LEAST_MODULUS_BYTES = 256;

export interface VaultSignerOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  /** Told each version's public key before its first signature. */
  readonly publish: (key: CheckpointKey) => Promise<void>;
}

interface Held {
  readonly name: string;
  readonly client: CryptographyClient;
  readonly readAtMs: number;
}

/** Signs with an RSA key that never leaves Key Vault. */
export class VaultSigner implements Signer {
  readonly #options: VaultSignerOptions;
  readonly #keys: KeyClient;
  #held: Held | undefined;

  constructor(options: VaultSignerOptions) {
    const { credential, endpoint, httpClient } = options;
    this.#options = options;
    this.#keys = new KeyClient(endpoint, credential, { httpClient, retryOptions });
  }

  async sign(digest: Uint8Array): Promise<{ readonly key: string; readonly signature: string }> {
    try {
      const { client, name } = await this.#newest();
      const { result } = await client.sign('RS256', digest, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      return { key: name, signature: Buffer.from(result).toString('base64url') };
    } catch (error) {
      // The next one asks for the key anew: this version may have been disabled.
      this.#held = undefined;
      throw new StewardError('LEDGER_UNAVAILABLE', 'a checkpoint could not be signed', { cause: error });
    }
  }

  async #newest(): Promise<Held> {
    const { clock, credential, httpClient, publish } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#held !== undefined && nowMs - this.#held.readAtMs < TTL_MS) return this.#held;
    const key = await this.#keys.getKey(SIGNING_KEY, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    const name = `${SIGNING_KEY}/${key.properties.version ?? ''}`;
    if (this.#held?.name !== name) await publish({ key: name, jwk: publicPart(key) });
    this.#held = { name, client: new CryptographyClient(key, credential, { httpClient, retryOptions }), readAtMs: nowMs };
    return this.#held;
  }
}

const retryOptions = { maxRetries: 1, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 };

function publicPart({ key }: KeyVaultKey): CheckpointKey['jwk'] {
  const { e, kty, n } = key ?? {};
  if ((kty !== 'RSA' && kty !== 'RSA-HSM') || e === undefined || n === undefined || n.length < LEAST_MODULUS_BYTES) throw new StewardError('CONFIGURATION_INVALID', `the key \`${SIGNING_KEY}\` is not an RSA key of ${LEAST_MODULUS_BYTES * 8} bits or more`);
  return { kty: 'RSA', n: Buffer.from(n).toString('base64url'), e: Buffer.from(e).toString('base64url') };
}
