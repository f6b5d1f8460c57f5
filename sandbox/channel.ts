/** The Bot Framework channel: its OpenID metadata, and the tokens, good and bad, that it could send a bot. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { listen, send, urlOf } from './wire.ts';

export const tokenKinds = [
  'good',
  'expired',
  'not-yet-valid',
  'unsigned',
  'wrong-signature',
  'wrong-audience',
  'wrong-issuer',
  'wrong-service-url',
  'unknown-key',
  'hs256',
  'not-endorsed',
] as const;
export type TokenKind = (typeof tokenKinds)[number];

export interface TokenOrder {
  /** Must equal the activity's `serviceUrl` to the letter. */
  readonly serviceUrl: string;
  readonly kind?: TokenKind | undefined;
}

export interface Channel {
  /** URL of the OpenID metadata: the bot's `ToBotFromChannelOpenIdMetadataUrl`. */
  readonly metadataUrl: string;
  /** The `iss` that good tokens carry. */
  readonly issuer: string;
  mintToken(order: TokenOrder): Promise<string>;
  close(): Promise<void>;
}

const issuer = 'https://api.botframework.com';
const lifetimeSeconds = 60 * 60;
/** Beyond the five minutes of clock skew that the Bot Framework allows. */
const farSeconds = 2 * 60 * 60;

type Key = ReturnType<typeof generateKeyPair>;

const makeKey = (): Key => {
  const key = generateKeyPair('RS256');
  key.catch(() => undefined); // reported by whoever needs it
  return key;
};

/** `appId` is the client id of the channel identity, which tokens are meant for. */
export async function startChannel(appId: string): Promise<Channel> {
  // Made on other threads while the rest of the cloud starts; whoever needs a key waits for it.
  const [endorsed, unendorsed, foreign] = [makeKey(), makeKey(), makeKey()];
  const publish = async (kid: string, key: Key, endorsements: readonly string[]) => ({
    ...(await exportJWK((await key).publicKey)),
    kid,
    use: 'sig',
    alg: 'RS256',
    endorsements,
  });
  const keySet = async () => ({ keys: [await publish('channel', endorsed, ['msteams']), await publish('elsewhere', unendorsed, ['webchat'])] });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = urlOf(request, 'http');
    const origin = url?.origin ?? '';
    request.resume();
    if (url?.pathname === '/v1/.well-known/openidconfiguration') {
      send(response, {
        status: 200,
        body: {
          issuer,
          authorization_endpoint: 'https://invalid.botframework.com',
          jwks_uri: `${origin}/v1/.well-known/keys`,
          id_token_signing_alg_values_supported: ['RS256'],
          token_endpoint_auth_methods_supported: ['private_key_jwt'],
        },
      });
    } else if (url?.pathname === '/v1/.well-known/keys') send(response, { status: 200, body: await keySet() });
    else send(response, { status: 404, body: { error: 'The channel serves its OpenID metadata and keys only.' } });
  };
  const server = await listen((request, response) => {
    serve(request, response).catch(() => send(response, { status: 500, body: { error: 'The channel has no keys.' } }));
  });

  const mintToken = async ({ serviceUrl, kind = 'good' }: TokenOrder): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const from = kind === 'expired' ? now - farSeconds : kind === 'not-yet-valid' ? now + farSeconds : now;
    const claims = {
      serviceurl: kind === 'wrong-service-url' ? 'https://smba.invalid/teams/' : serviceUrl,
      iss: kind === 'wrong-issuer' ? 'https://login.invalid/' : issuer,
      aud: kind === 'wrong-audience' ? '00000000-0000-4000-8000-000000000000' : appId,
      nbf: from,
      exp: from + lifetimeSeconds,
    };
    const sign = async (kid: string, key: Key): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign((await key).privateKey);

    switch (kind) {
      case 'unsigned':
        return new UnsecuredJWT(claims).encode();
      case 'hs256':
        // The classic confusion: a verifier that lets the header choose takes the public key's text for an HMAC key.
        return new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: 'channel' })
          .sign(new TextEncoder().encode(await exportSPKI((await endorsed).publicKey)));
      case 'wrong-signature':
        return sign('channel', foreign);
      case 'unknown-key':
        return sign('nobody', foreign);
      case 'not-endorsed':
        return sign('elsewhere', unendorsed);
      case 'good':
      case 'expired':
      case 'not-yet-valid':
      case 'wrong-audience':
      case 'wrong-issuer':
      case 'wrong-service-url':
        return sign('channel', endorsed);
    }
  };

  return {
    metadataUrl: `http://127.0.0.1:${server.port}/v1/.well-known/openidconfiguration`,
    issuer,
    mintToken,
    close: () => server.close(),
  };
}
