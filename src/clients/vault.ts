import { inspect } from 'node:util';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { SecretClient } from '@azure/keyvault-secrets';
import { SecretForms, type KnownSecret, type Span } from '../audit/scrub.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError } from '../errors.ts';

export type { KnownSecret } from '../audit/scrub.ts';

/** A value from Key Vault. Its string, JSON and inspect forms are a placeholder; only `src/clients` reveals it. */
export class SecretValue implements KnownSecret {
  readonly #value: string;
  readonly #forms: SecretForms;

  constructor(value: string) {
    this.#value = value;
    this.#forms = new SecretForms(value);
  }

  reveal(): string {
    return this.#value;
  }

  /** Whether the secret stands in a text, as it is or in a common encoding. */
  appearsIn(text: string): boolean {
    return this.#forms.appearsIn(text);
  }

  spansIn(text: string): readonly Span[] {
    return this.#forms.spansIn(text);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

export interface VaultOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
}

const TTL_MS = 10 * 60_000;
const MOST_KNOWN = 64;

interface Held {
  readonly secret: SecretValue;
  readonly readAtMs: number;
}

/** Named secrets under one identity, kept for ten minutes so that a rotation is noticed. */
export class Vault {
  readonly #client: SecretClient;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #flights = new Map<string, Promise<SecretValue>>();
  /** Old values too: after a rotation they may still stand somewhere. */
  readonly #known: SecretValue[] = [];

  constructor({ endpoint, credential, httpClient, clock }: VaultOptions) {
    this.#clock = clock;
    this.#client = new SecretClient(endpoint, credential, { httpClient, retryOptions: { maxRetries: 1, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 } });
  }

  /**
   * Fails with `SYSTEM_UNAVAILABLE`, `ROBOT_REVOKED`, or `CONFIGURATION_INVALID` when there is no such secret. A value that the system has
   * `refused` is not given again from memory: the vault may hold a newer one.
   */
  async read(name: string, refused?: SecretValue): Promise<SecretValue> {
    const held = this.#held.get(name);
    if (held !== undefined && held.secret !== refused && this.#clock.monotonicMs() - held.readAtMs < TTL_MS) return held.secret;
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      flight = this.#fetch(name).finally(() => this.#flights.delete(name));
      this.#flights.set(name, flight);
    }
    return flight;
  }

  /** Every value that was read so far. */
  known(): readonly SecretValue[] {
    return this.#known;
  }

  async #fetch(name: string): Promise<SecretValue> {
    const readAtMs = this.#clock.monotonicMs();
    let value: string | undefined;
    try {
      ({ value } = await this.#client.getSecret(name));
    } catch (error) {
      if (errorCode(error) === 'ROBOT_REVOKED') throw error;
      // An empty answer makes this SDK throw a TypeError (4.11.2), so nothing is assumed about the class.
      if (statusOf(error) === 404) throw new StewardError('CONFIGURATION_INVALID', `the vault has no secret \`${name}\``, { cause: error });
      throw new StewardError('SYSTEM_UNAVAILABLE', `the secret \`${name}\` could not be read`, { cause: error });
    }
    if (value === undefined || value === '') throw new StewardError('CONFIGURATION_INVALID', `the secret \`${name}\` is empty`);
    const secret = new SecretValue(value);
    this.#held.set(name, { secret, readAtMs });
    if (!this.#known.some((other) => other.reveal() === value)) {
      this.#known.push(secret);
      if (this.#known.length > MOST_KNOWN) this.#known.shift();
    }
    return secret;
  }
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
