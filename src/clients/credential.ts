import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth';
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import { ManagedIdentityCredential } from '@azure/identity';
import { SecretForms, type KnownSecret } from '../audit/scrub.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';

export interface CredentialOptions {
  readonly tenantId: string;
  readonly clock: Clock;
  /** The longest that a caller waits for a token. */
  readonly deadlineMs?: number;
}

/** The identity endpoint is on this machine; three seconds are many times what it needs. */
const IDENTITY_TIMEOUT_MS = 3_000;
const DEADLINE_MS = 5_000;
/** A token with less than this left is renewed, and still used when that fails. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** A token with less than this left is not used. */
const UNUSABLE_BEFORE_MS = 30_000;

/**
 * One user-assigned managed identity. Wrapped since ManagedIdentityCredential (4.13.1) has no single flight, ignores
 * abort signals, and waits for ever on an endpoint that hangs.
 */
export function managedIdentity(clientId: string, options: CredentialOptions): TokenCredential {
  const inner = new ManagedIdentityCredential({
    clientId,
    // The first credential that fetches decides these two for the whole process; all of ours are alike.
    retryOptions: { maxRetries: 1 },
    httpClient: identityHttpClient(),
  });
  return guardedCredential(inner, options);
}

/** Single flight, a deadline, and a cache around a credential. */
export function guardedCredential(inner: TokenCredential, { tenantId, clock, deadlineMs = DEADLINE_MS }: CredentialOptions): TokenCredential {
  const cache = new Map<string, AccessToken>();
  const flights = new Map<string, Promise<AccessToken>>();

  const fetchToken = async (scope: string, options: GetTokenOptions): Promise<AccessToken> => {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new StewardError('SYSTEM_UNAVAILABLE', `no token within ${deadlineMs} ms`));
      }, deadlineMs);
    });
    try {
      const token = await Promise.race([inner.getToken(scope, options), deadline]);
      if (token === null) throw new StewardError('SYSTEM_UNAVAILABLE', 'the identity endpoint gave no token');
      cache.set(scope, token);
      return token;
    } catch (error) {
      throw error instanceof StewardError ? error : new StewardError('SYSTEM_UNAVAILABLE', 'no token could be had', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    getToken: async (scopes, options = {}) => {
      const scope = typeof scopes === 'string' ? scopes : scopes.join(' ');
      // A service's challenge may name a tenant; one that names another is misconfigured or not who it seems to be.
      if (options.tenantId !== undefined && options.tenantId.toLowerCase() !== tenantId.toLowerCase()) {
        throw new StewardError('SYSTEM_REFUSED', 'a service asked for a token of another tenant');
      }
      const leftMs = (token: AccessToken): number => token.expiresOnTimestamp - clock.now().getTime();
      const cached = options.claims === undefined ? cache.get(scope) : undefined;
      if (cached !== undefined && leftMs(cached) > RENEW_BEFORE_MS) return cached;

      let flight = flights.get(scope);
      if (flight === undefined) {
        // The abort signal of one caller is not passed on: others may be waiting for the same token.
        flight = fetchToken(scope, options.claims === undefined ? {} : { claims: options.claims }).finally(() => flights.delete(scope));
        flights.set(scope, flight);
      }
      try {
        return await flight;
      } catch (error) {
        if (cached !== undefined && leftMs(cached) > UNUSABLE_BEFORE_MS) return cached;
        throw error;
      }
    },
  };
}

/**
 * What says that an identity itself is refused, and not that nobody answered or that the request was bad. App Service's
 * words for one that is not, or no longer, of this app (the older in MicrosoftDocs/azure-docs issue 43543, the newer in
 * Azure-Samples/azure-search-openai-demo issue 2148); virtual machines' words for one that is not theirs; and Entra's codes
 * for a service principal that is disabled or gone (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
 * No SDK passes the status on. Words change: what is not known here is an endpoint that does not answer, which is no less safe.
 */
const REFUSED = /\bNo (?:User Assigned or Delegated Managed Identity|MSI) found for specified ClientId\b|\bIdentity not found\b|\bAADSTS(?:7000112|700016)\b/i;

/**
 * A credential whose refusal has a name of its own: fails with `ROBOT_REVOKED` where Azure gives this identity no token
 * any more, and else as the credential itself does.
 */
export function revocable(credential: TokenCredential): TokenCredential {
  return {
    getToken: async (scopes, options) => {
      try {
        return await credential.getToken(scopes, options);
      } catch (error) {
        throw isRefusal(error) ? new StewardError('ROBOT_REVOKED', 'the identity is given no token any more', { cause: error }) : error;
      }
    },
  };
}

function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (REFUSED.test(cause.message)) return true;
  return false;
}

/**
 * For the identity endpoint only: plain http, and therefore to addresses of this machine and its link alone. App Service
 * and Container Apps put theirs on loopback or 169.254.0.0/16; virtual machines on 169.254.169.254.
 */
function identityHttpClient(): HttpClient {
  const http = createDefaultHttpClient();
  return {
    sendRequest: async (request) => {
      const { hostname } = new URL(request.url);
      if (!/^(localhost|127\.\d+\.\d+\.\d+|169\.254\.\d+\.\d+|\[::1\])$/.test(hostname)) {
        throw new StewardError('CONFIGURATION_INVALID', 'the identity endpoint is not on this machine');
      }
      request.timeout = IDENTITY_TIMEOUT_MS;
      return http.sendRequest(request);
    },
  };
}

/** The most tokens that are kept in mind: each identity has a few audiences, and each token lives for a day at most. */
const MOST_TOKENS = 32;

/** Tells which tokens were given out, so that none of them is ever written down. */
export class KnownTokens {
  readonly #known = new Map<string, SecretForms>();

  /** The same credential; what it gives is known from then on. */
  of(credential: TokenCredential): TokenCredential {
    return {
      getToken: async (scopes, options) => {
        const given = await credential.getToken(scopes, options);
        if (given !== null) this.add(given.token);
        return given;
      },
    };
  }

  add(token: string): void {
    if (token === '' || this.#known.has(token)) return;
    this.#known.set(token, new SecretForms(token));
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_TOKENS && oldest !== undefined) this.#known.delete(oldest);
  }

  known(): readonly KnownSecret[] {
    return [...this.#known.values()];
  }
}
