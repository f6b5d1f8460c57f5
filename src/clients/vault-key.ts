import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import type { CheckpointKey } from '../audit/checkpoint.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';

/** A rotated key is used from then on after this. */
const TTL_MS = 10 * 60_000;
const TIMEOUT_MS = 8_000;
const LEAST_MODULUS_BYTES = 256;
const MOST_VERSIONS = 100;
const retryOptions = { maxRetries: 1, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 };

export interface VaultKeyOptions {
  /** Of the key in the vault; `infra/permissions.json` grants the keeper each that there is by name. */
  readonly name: string;
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
  /** What is asked of the vault: a version that is not meant for it is not used. */
  readonly operations: readonly string[];
  /** Told each version's public key before it is used for the first time. */
  readonly onVersion?: (name: string, jwk: CheckpointKey['jwk']) => Promise<void>;
}

/** One version of the key: what it is called in records, `NAME/VERSION`, and what asks the vault to use it. */
export interface KeyVersion {
  readonly name: string;
  readonly client: CryptographyClient;
}

/** An RSA key of 2048 bits or more in Key Vault, in all its versions. The private part never leaves the vault. */
export class VaultKey {
  readonly #options: VaultKeyOptions;
  readonly #keys: KeyClient;
  #held: (KeyVersion & { readonly readAtMs: number }) | undefined;
  #reading: Promise<KeyVersion> | undefined;
  /** Each client asks once how to authenticate, so they are kept. */
  readonly #versions = new Map<string, KeyVersion>();

  constructor(options: VaultKeyOptions) {
    const { credential, endpoint, httpClient } = options;
    this.#options = options;
    this.#keys = new KeyClient(endpoint, credential, { httpClient, retryOptions });
  }

  /** The newest version, ten minutes old at most. Fails with the SDK's errors, and with `CONFIGURATION_INVALID`. */
  async newest(): Promise<KeyVersion> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#held !== undefined && nowMs - this.#held.readAtMs < TTL_MS) return this.#held;
    this.#reading ??= this.#read(nowMs).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** The next one asks for the key anew: this version may have been disabled. */
  forget(): void {
    this.#held = undefined;
  }

  /** A version by what `newest` called it; undefined for any other text. Asks nothing. */
  named(name: string): KeyVersion | undefined {
    const [key, version = '', ...more] = name.split('/');
    return key === this.#options.name && /^[0-9a-f]{32}$/.test(version) && more.length === 0 ? this.#version(version) : undefined;
  }

  async #read(readAtMs: number): Promise<KeyVersion> {
    const { name, onVersion, operations } = this.#options;
    const key = await this.#keys.getKey(name, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    const { keyOperations = [] } = key;
    if (!operations.every((each) => keyOperations.includes(each))) throw new StewardError('CONFIGURATION_INVALID', `the key \`${name}\` does not allow ${operations.join(' and ')}`);
    const jwk = publicPart(name, key);
    const version = this.#version(key.properties.version ?? '');
    if (this.#held?.name !== version.name) await onVersion?.(version.name, jwk);
    this.#held = { ...version, readAtMs };
    return version;
  }

  /**
   * Everything is done by the vault, which checks each time whether the version may still be used. So the SDK gets the
   * address and no more: knowing the public key it might wrap by itself, and knowing the expiry it refuses to unwrap,
   * which the vault allows for good (`ensureValid` of 4.10.2; https://learn.microsoft.com/azure/key-vault/keys/about-keys-details).
   */
  #version(version: string): KeyVersion {
    const known = this.#versions.get(version);
    if (known !== undefined) return known;
    const { credential, endpoint, httpClient, name } = this.#options;
    const key: KeyVaultKey = { id: `${endpoint}/keys/${name}/${version}`, name, properties: { name, version, vaultUrl: endpoint } };
    const made = { name: `${name}/${version}`, client: new CryptographyClient(key, credential, { httpClient, retryOptions }) };
    // Which versions there are is said by rows too, and those may be wrong.
    if (this.#versions.size >= MOST_VERSIONS) this.#versions.clear();
    this.#versions.set(version, made);
    return made;
  }
}

export function publicPart(name: string, { key }: KeyVaultKey): CheckpointKey['jwk'] {
  const { e, kty, n } = key ?? {};
  if ((kty !== 'RSA' && kty !== 'RSA-HSM') || e === undefined || n === undefined || n.length < LEAST_MODULUS_BYTES) throw new StewardError('CONFIGURATION_INVALID', `the key \`${name}\` is not an RSA key of ${LEAST_MODULUS_BYTES * 8} bits or more`);
  return { kty: 'RSA', n: Buffer.from(n).toString('base64url'), e: Buffer.from(e).toString('base64url') };
}
