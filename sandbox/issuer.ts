/** The sandbox's Entra ID: issues and verifies the bearer tokens of managed identities. */
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import type { TokenIdentity } from './http.ts';

export interface Issuer {
  issue(request: TokenRequest): Promise<string>;
  /** Verifies an `Authorization` header for one audience. */
  verify(authorization: string | undefined, audience: string): Promise<Verdict>;
}

export interface TokenRequest {
  readonly clientId: string;
  /** Object id of the identity's service principal. */
  readonly objectId: string;
  readonly audience: string;
  readonly lifetimeSeconds: number;
}

export type Verdict = { readonly identity: TokenIdentity } | { readonly problem: string };

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

// One key for the process: MSAL caches tokens per process, client id and resource, so two sandboxes with one seed in
// one test run would otherwise be handed each other's tokens and refuse them.
let sharedKey: Promise<KeyPair> | undefined;

const verifiedTokensKept = 256;

interface Verified {
  readonly identity: TokenIdentity;
  readonly expiresAtMs: number;
}

/** Creates the issuer of one tenant. Call it early: making the key takes a while and runs beside other work. */
export function createIssuer(tenantId: string): Issuer {
  sharedKey ??= generateKeyPair('RS256');
  const keys = sharedKey;
  keys.catch(() => undefined); // reported by whoever asks for a token
  // Azurite 3.35 accepts this issuer only (not the v2.0 one).
  const issuer = `https://sts.windows.net/${tenantId}/`;
  const verified = new Map<string, Verified>();

  const check = async (token: string, key: CryptoKey): Promise<Verified> => {
    const { payload } = await jwtVerify(token, key, { algorithms: ['RS256'], issuer, requiredClaims: ['exp', 'nbf', 'aud'] });
    const { appid, aud, exp } = payload;
    if (typeof appid !== 'string' || typeof aud !== 'string' || exp === undefined) throw new Error('claims missing');
    return { identity: { clientId: appid, audience: aud }, expiresAtMs: exp * 1000 };
  };

  return {
    issue: async ({ clientId, objectId, audience, lifetimeSeconds }) => {
      const { privateKey } = await keys;
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ appid: clientId, oid: objectId, sub: objectId, tid: tenantId, idtyp: 'app', ver: '1.0' })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'sandbox' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },

    verify: async (authorization, audience) => {
      const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) return { problem: 'no bearer token came' };
      let known = verified.get(token);
      if (known === undefined) {
        try {
          known = await check(token, (await keys).publicKey);
        } catch {
          return { problem: 'the token is expired, not yet valid, malformed, or not signed by the tenant' };
        }
        if (verified.size >= verifiedTokensKept) verified.clear();
        verified.set(token, known);
      }
      if (known.expiresAtMs <= Date.now()) return { problem: 'the token is expired' };
      if (known.identity.audience !== audience) return { problem: `the token's audience is not ${audience}` };
      return { identity: known.identity };
    },
  };
}
