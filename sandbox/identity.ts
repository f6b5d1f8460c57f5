/** The App Service managed-identity endpoint: who holds the header gets tokens for the identities of this app. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { SandboxRequest, SandboxResponse, Service, TokenIdentity } from './http.ts';
import { guidFromSeed, identityNames } from './identifiers.ts';
import type { Identities } from './identifiers.ts';
import type { Issuer } from './issuer.ts';

export interface IdentityOptions {
  readonly seed: number;
  readonly identities: Identities;
  /** What `X-IDENTITY-HEADER` must carry. */
  readonly header: string;
  readonly issuer: Issuer;
  /** Client ids that this app may no longer use: taken off it, or disabled in the directory. */
  readonly revoked?: ReadonlySet<string> | undefined;
  /** Application ID URIs that the tenant registered itself, beside Microsoft's. */
  readonly audiences?: readonly string[];
}

export interface IdentityService {
  readonly service: Service;
  /** Who asks for what, for the journal. */
  identify(url: URL): TokenIdentity | undefined;
  /** A token without the detour over the wire, for tests and for the sandbox itself. */
  issue(clientId: string, audience: string): Promise<{ readonly token: string; readonly expiresAtSeconds: number }>;
}

/** App Service gives tokens for about a day. */
const lifetimeSeconds = 24 * 60 * 60;

const microsoftAudiences = [
  'https://vault.azure.net',
  'https://graph.microsoft.com',
  'https://cognitiveservices.azure.com',
  'https://storage.azure.com',
  'https://management.azure.com',
  'https://api.botframework.com',
];

const noIdentity = 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.';

const withoutSlash = (resource: string): string => resource.replace(/\/$/, '');

const sameText = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};

const errorBody = (statusCode: number, message: string) => ({ statusCode, message, correlationId: randomUUID() });
const error = (status: number, message: string): SandboxResponse => ({ status, body: errorBody(status, message) });

/** Tokens for exactly the four identities; anything else is refused as App Service does. */
export function createIdentityService({ seed, identities, header, issuer, revoked = new Set(), audiences: more = [] }: IdentityOptions): IdentityService {
  const audiences = new Set([...microsoftAudiences, ...more]);
  const objectIds = new Map(identityNames.map((name) => [identities[name], guidFromSeed(seed, `principal/${name}`)] as const));

  const issue: IdentityService['issue'] = async (clientId, audience) => {
    const objectId = objectIds.get(clientId);
    if (objectId === undefined) throw new Error('no such managed identity');
    // As @azure/identity words it for whoever asks over the wire.
    if (revoked.has(clientId)) throw new Error(`ManagedIdentityCredential: Authentication failed. Message ${noIdentity}`);
    const token = await issuer.issue({ clientId, objectId, audience, lifetimeSeconds });
    return { token, expiresAtSeconds: Math.floor(Date.now() / 1000) + lifetimeSeconds };
  };

  const giveToken = async ({ url, headers }: SandboxRequest): Promise<SandboxResponse> => {
    if (!sameText(headers['x-identity-header'] ?? '', header)) return error(401, 'The X-IDENTITY-HEADER is missing or wrong.');
    if (url.searchParams.get('api-version') !== '2019-08-01') return error(400, 'The api-version is missing or not supported.');
    const resource = url.searchParams.get('resource') ?? '';
    const audience = withoutSlash(resource);
    if (!audiences.has(audience)) return error(400, `The resource principal named ${resource} was not found in the tenant.`);
    const clientId = (url.searchParams.get('client_id') ?? '').toLowerCase();
    // No client id would mean the system-assigned identity, which this app does not have.
    if (!objectIds.has(clientId) || revoked.has(clientId)) return error(400, noIdentity);
    const { token, expiresAtSeconds } = await issue(clientId, audience);
    return {
      status: 200,
      headers: { 'cache-control': 'no-store' },
      // `resource` must echo the request and `expires_on` be a string, or MSAL never caches the token.
      body: { access_token: token, expires_on: String(expiresAtSeconds), resource, token_type: 'Bearer', client_id: clientId },
    };
  };

  return {
    issue,
    identify: ({ searchParams }) => {
      const clientId = (searchParams.get('client_id') ?? '').toLowerCase();
      return objectIds.has(clientId) ? { clientId, audience: withoutSlash(searchParams.get('resource') ?? '') } : undefined;
    },
    service: {
      name: 'identity',
      handlers: [{ method: 'GET', path: '/msi/token', handle: giveToken }],
      error: (status, _code, message) => errorBody(status, message),
    },
  };
}
