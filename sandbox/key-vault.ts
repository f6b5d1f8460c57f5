/** Key Vault secrets and RSA keys, data plane, api-version 2025-07-01 (Azure/azure-rest-api-specs, secrets.json and keys.json). */
import { constants, generateKeyPairSync, privateDecrypt, privateEncrypt, publicEncrypt, randomUUID, type JsonWebKey } from 'node:crypto';
import { z } from 'zod/v4';
import type { Handler, SandboxRequest, SandboxResponse, Service } from './http.ts';
import { secretFromSeed } from './identifiers.ts';
import type { Permissions } from './permissions.ts';
import { readKeys, writeKeys, type RsaKey } from './vault-key-file.ts';

export interface VaultOptions {
  readonly seed: number;
  readonly permissions: Permissions;
  /** Told every value that the vault ever holds, so that the journal can mask it. */
  readonly onSecret: (value: string, name: string) => void;
  /** Where its keys outlast it; absent, they go with it. */
  readonly keyFile?: string | undefined;
}

export interface Vault {
  readonly service: Service;
  /** Adds a version, as a rotation does; returns the version's id. */
  setSecret(name: string, value: string): string;
  /** The newest value, for assertions. */
  secret(name: string): string | undefined;
  /** Disables the newest version. */
  disableSecret(name: string): void;
  /** Signs a SHA-256 digest with the newest version of a key, as somebody does who may. Resolves to what the vault calls that version, and the signature. */
  sign(name: KeyName, digest: Uint8Array): { readonly key: string; readonly signature: string };
  /** The public part of a version, by what the vault calls it. */
  publicKey(name: string): JsonWebKey | undefined;
  /** Adds a version of a key, as a rotation does. */
  rotateKey(name?: KeyName): void;
  /** The newest version of a key has expired, as one with a rotation policy does in the end. */
  expireKey(name: KeyName): void;
  reset(): void;
}

interface Version {
  readonly version: string;
  readonly value: string;
  readonly createdSeconds: number;
  updatedSeconds: number;
  enabled: boolean;
  expires?: number | undefined;
  notBefore?: number | undefined;
  contentType?: string | undefined;
  tags?: Record<string, string> | undefined;
}

/** Handles a request for one secret that has passed the checks. */
type SecretHandler = (name: string, request: SandboxRequest) => SandboxResponse;

type Access = 'read' | 'write';

type KeyOperation = 'sign' | 'wrapKey' | 'unwrapKey';

/** The keys that are there, and what each is for. */
const keyOperations = {
  'ledger-signing-key': ['sign', 'verify'],
  'ledger-wrapping-key': ['wrapKey', 'unwrapKey'],
  'knowledge-signing-key': ['sign', 'verify'],
} as const;
type KeyName = keyof typeof keyOperations;
const isKeyName = (name: string): name is KeyName => Object.hasOwn(keyOperations, name);

const newPair = (): RsaKey['pair'] => generateKeyPairSync('rsa', { modulusLength: 2048 });
/** The vaults of one process begin with the same keys: making one takes a tenth of a second and more. */
const firstPairs = new Map<KeyName, RsaKey['pair']>();
const DIGEST_BYTES = 32;
/** What stands before a SHA-256 digest in a signature. RFC 8017, 9.2, note 1. */
const SHA_256 = Buffer.from('3031300d060960864801650304020105000420', 'hex');
const signSchema = z.object({ alg: z.literal('RS256'), value: z.string() });
const wrapSchema = z.object({ alg: z.literal('RSA-OAEP-256'), value: z.string().regex(/^[\w-]+$/) });
const oaep256 = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

/** Data actions of the built-in roles, of those that are emulated (docs: Azure built-in roles, security). */
const keyRoles: ReadonlyMap<string, ReadonlySet<KeyAccess>> = new Map([
  ['Key Vault Crypto User', new Set<KeyAccess>(['readKey', 'sign', 'wrapKey', 'unwrapKey'])],
  // “Read metadata of key vaults and its certificates, keys, and secrets”: vaults/*/read.
  ['Key Vault Reader', new Set<KeyAccess>(['readKey'])],
  ['Key Vault Crypto Service Encryption User', new Set<KeyAccess>(['readKey', 'wrapKey', 'unwrapKey'])],
]);
type KeyAccess = 'readKey' | KeyOperation;

/** What each role allows; `Key Vault Secrets User` has getSecret and readMetadata (docs: RBAC guide). */
const roles: ReadonlyMap<string, ReadonlySet<Access>> = new Map([
  ['Key Vault Secrets User', new Set<Access>(['read'])],
  ['Key Vault Secrets Officer', new Set<Access>(['read', 'write'])],
]);

const actions: Readonly<Record<Access | KeyAccess, string>> = {
  read: 'Microsoft.KeyVault/vaults/secrets/getSecret/action',
  write: 'Microsoft.KeyVault/vaults/secrets/setSecret/action',
  readKey: 'Microsoft.KeyVault/vaults/keys/read',
  sign: 'Microsoft.KeyVault/vaults/keys/sign/action',
  wrapKey: 'Microsoft.KeyVault/vaults/keys/wrap/action',
  unwrapKey: 'Microsoft.KeyVault/vaults/keys/unwrap/action',
};

const changeSchema = z.object({
  contentType: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  attributes: z.object({ enabled: z.boolean().optional(), nbf: z.int().optional(), exp: z.int().optional() }).optional(),
});
const setSchema = changeSchema.extend({ value: z.string().max(25_000) });

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

const error = (status: number, code: string, message: string, innererror?: string): SandboxResponse => ({
  status,
  body: { error: { code, message, ...(innererror !== undefined && { innererror: { code: innererror } }) } },
});

const notFound = (id: string): SandboxResponse =>
  error(
    404,
    'SecretNotFound',
    `A secret with (name/id) ${id} was not found in this key vault. If you recently deleted this secret you may be able to ` +
      'recover it using the correct recovery command.',
  );

function describe(origin: string, name: string, secret: Version): Record<string, unknown> {
  return {
    id: `${origin}/secrets/${name}/${secret.version}`,
    attributes: {
      enabled: secret.enabled,
      created: secret.createdSeconds,
      updated: secret.updatedSeconds,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: 90,
      ...(secret.notBefore !== undefined && { nbf: secret.notBefore }),
      ...(secret.expires !== undefined && { exp: secret.expires }),
    },
    ...(secret.contentType !== undefined && { contentType: secret.contentType }),
    ...(secret.tags !== undefined && { tags: secret.tags }),
  };
}

/** A vault seeded with what Steward and its robot keep there. */
export function createVault({ seed, permissions, onSecret, keyFile }: VaultOptions): Vault {
  /** Names are compared without case; oldest version first. */
  const secrets = new Map<string, Version[]>();
  const versionsOf = (name: string): Version[] => secrets.get(name.toLowerCase()) ?? [];

  const add = (name: string, value: string, change: z.infer<typeof changeSchema> = {}): Version => {
    onSecret(value, name);
    const now = nowSeconds();
    const added: Version = {
      version: randomUUID().replaceAll('-', ''),
      value,
      createdSeconds: now,
      updatedSeconds: now,
      enabled: change.attributes?.enabled ?? true,
      expires: change.attributes?.exp,
      notBefore: change.attributes?.nbf,
      contentType: change.contentType,
      tags: change.tags,
    };
    secrets.set(name.toLowerCase(), [...versionsOf(name), added]);
    return added;
  };

  const reset = (): void => {
    secrets.clear();
    add('ledger-digest-key', secretFromSeed(seed, 'vault/ledger-digest-key'));
    add('servicenow-password', secretFromSeed(seed, 'vault/servicenow-password'));
  };
  reset();

  /** Oldest version first. */
  const keys = readKeys(keyFile);
  const addKey = (name: KeyName, pair: RsaKey['pair']): RsaKey => {
    const key = { version: randomUUID().replaceAll('-', ''), pair, createdSeconds: nowSeconds() };
    keys.set(name, [...(keys.get(name) ?? []), key]);
    writeKeys(keyFile, keys);
    return key;
  };
  const firstPair = (name: KeyName): RsaKey['pair'] => {
    const pair = firstPairs.get(name) ?? newPair();
    firstPairs.set(name, pair);
    return pair;
  };
  /** Made when it is asked for: most who start a vault sign and wrap nothing. */
  const newestKey = (name: KeyName): RsaKey => keys.get(name)?.at(-1) ?? addKey(name, firstPair(name));

  type KeyHandler = (key: RsaKey, about: { readonly name: KeyName; readonly kid: string }, request: SandboxRequest) => SandboxResponse;
  const keyOf = (access: KeyAccess, handle: KeyHandler): Handler['handle'] => (request) => {
    const { version } = request.params;
    const name = (request.params['name'] ?? '').toLowerCase();
    if (!request.url.searchParams.has('api-version')) return error(400, 'BadParameter', 'api-version must be specified');
    const may = permissions.grantsOf(request.identity?.clientId ?? '').some((grant) => grant.system === 'vault' && grant.scope === `key ${name}` && keyRoles.get(grant.permission)?.has(access) === true);
    if (!may) return forbidden(request, access);
    const found = !isKeyName(name) ? undefined : version === undefined ? newestKey(name) : keys.get(name)?.find((key) => key.version === version.toLowerCase());
    if (found === undefined || !isKeyName(name)) return error(404, 'KeyNotFound', `A key with (name/id) ${name} was not found in this key vault.`);
    if (access !== 'readKey' && !keyOperations[name].some((each) => each === access)) return error(403, 'Forbidden', `Operation ${access} is not permitted on this key.`, 'KeyOperationForbidden');
    // What was wrapped can be unwrapped for good (docs: key types, algorithms, and operations).
    if ((access === 'sign' || access === 'wrapKey') && (found.expires ?? Infinity) <= nowSeconds()) return error(403, 'Forbidden', `Operation ${access} is not allowed on an expired key.`);
    return handle(found, { name, kid: `${request.url.origin}/keys/${name}/${found.version}` }, request);
  };

  const describeKey: KeyHandler = ({ createdSeconds, expires, pair }, { kid, name }) => {
    const { e, kty, n } = pair.publicKey.export({ format: 'jwk' });
    const attributes = { enabled: true, created: createdSeconds, updated: createdSeconds, ...(expires !== undefined && { exp: expires }), recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90, exportable: false };
    return { status: 200, body: { key: { kid, kty, n, e, key_ops: keyOperations[name] }, attributes } };
  };

  const signed = ({ pair }: RsaKey, digest: Uint8Array): string => privateEncrypt({ key: pair.privateKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([SHA_256, digest])).toString('base64url');
  const signWith: KeyHandler = (key, { kid }, { body }) => {
    const parsed = signSchema.safeParse(body);
    const digest = parsed.success ? Buffer.from(parsed.data.value, 'base64url') : undefined;
    if (digest?.length !== DIGEST_BYTES) return error(400, 'BadParameter', 'Invalid length of value. RS256 signs a digest of 32 bytes.');
    return { status: 200, body: { kid, value: signed(key, digest) } };
  };

  /** Either way, what does not fit the key or was wrapped by another one is a bad parameter. */
  const wrapOrUnwrap = (operation: (pair: RsaKey['pair'], value: Buffer) => Buffer): KeyHandler => ({ pair }, { kid }, { body }) => {
    const parsed = wrapSchema.safeParse(body);
    if (!parsed.success) return error(400, 'BadParameter', 'Property alg or value has an invalid value or is missing.');
    try {
      return { status: 200, body: { kid, value: operation(pair, Buffer.from(parsed.data.value, 'base64url')).toString('base64url') } };
    } catch {
      return error(400, 'BadParameter', 'The parameter is incorrect.');
    }
  };
  const wrapWith = wrapOrUnwrap(({ publicKey }, value) => publicEncrypt({ key: publicKey, ...oaep256 }, value));
  const unwrapWith = wrapOrUnwrap(({ privateKey }, value) => privateDecrypt({ key: privateKey, ...oaep256 }, value));

  const mayAccess = (clientId: string, name: string, access: Access): boolean =>
    permissions
      .grantsOf(clientId)
      .filter(({ system, scope }) => system === 'vault' && scope === `secret ${name.toLowerCase()}`)
      .some(({ permission }) => roles.get(permission)?.has(access) === true);

  const forbidden = ({ identity, url }: SandboxRequest, access: keyof typeof actions): SandboxResponse =>
    error(
      403,
      'Forbidden',
      [
        'Caller is not authorized to perform action on resource.',
        'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
        `Caller: appid=${identity?.clientId ?? ''}`,
        `Action: '${actions[access]}'`,
        `Resource: '${url.pathname}'`,
        'Assignment: (not found)',
      ].join('\r\n'),
      'ForbiddenByRbac',
    );

  /** What every request has to pass: api-version, a legal name, and a role on exactly that secret. */
  const guarded = (method: Handler['method'], path: string, access: Access, handle: SecretHandler): Handler => ({
    method,
    path,
    handle: (request) => {
      const name = request.params['name'] ?? '';
      if (!request.url.searchParams.has('api-version')) return error(400, 'BadParameter', 'api-version must be specified');
      if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) return error(400, 'BadParameter', `The request URI contains an invalid name: ${name}`);
      if (!mayAccess(request.identity?.clientId ?? '', name, access)) return forbidden(request, access);
      return handle(name, request);
    },
  });

  const read = (name: string, { url, params }: SandboxRequest): SandboxResponse => {
    const versions = versionsOf(name);
    const wanted = params['version'];
    const found = wanted === undefined ? versions.at(-1) : versions.find(({ version }) => version === wanted.toLowerCase());
    if (found === undefined) return notFound(wanted === undefined ? name : `${name}/${wanted}`);
    if (!found.enabled) return error(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled');
    return { status: 200, body: { value: found.value, ...describe(url.origin, name, found) } };
  };

  const write = (name: string, { url, body }: SandboxRequest): SandboxResponse => {
    const parsed = setSchema.safeParse(body);
    if (!parsed.success) return error(400, 'BadParameter', 'Property value has an invalid value or is missing.');
    const added = add(name, parsed.data.value, parsed.data);
    return { status: 200, body: { value: added.value, ...describe(url.origin, name, added) } };
  };

  const change = (name: string, { url, params, body }: SandboxRequest): SandboxResponse => {
    const parsed = changeSchema.safeParse(body);
    if (!parsed.success) return error(400, 'BadParameter', 'The attributes have an invalid value.');
    const found = versionsOf(name).find(({ version }) => version === params['version']?.toLowerCase());
    if (found === undefined) return notFound(`${name}/${params['version'] ?? ''}`);
    const { attributes, contentType, tags } = parsed.data;
    found.enabled = attributes?.enabled ?? found.enabled;
    found.expires = attributes?.exp ?? found.expires;
    found.notBefore = attributes?.nbf ?? found.notBefore;
    found.contentType = contentType ?? found.contentType;
    found.tags = tags ?? found.tags;
    found.updatedSeconds = nowSeconds();
    return { status: 200, body: describe(url.origin, name, found) };
  };

  const list = (name: string, { url }: SandboxRequest): SandboxResponse => {
    const versions = versionsOf(name);
    if (versions.length === 0) return notFound(name);
    return { status: 200, body: { value: versions.map((version) => describe(url.origin, name, version)), nextLink: null } };
  };

  return {
    reset,
    sign: (name, digest) => {
      const key = newestKey(name);
      return { key: `${name}/${key.version}`, signature: signed(key, digest) };
    },
    publicKey: (text) => {
      const [name = '', version] = text.split('/');
      return isKeyName(name) ? keys.get(name)?.find((key) => key.version === version)?.pair.publicKey.export({ format: 'jwk' }) : undefined;
    },
    rotateKey: (name = 'ledger-signing-key') => void addKey(name, newPair()),
    expireKey: (name) => {
      newestKey(name).expires = nowSeconds();
    },
    setSecret: (name, value) => add(name, value).version,
    secret: (name) => versionsOf(name).at(-1)?.value,
    disableSecret: (name) => {
      const newest = versionsOf(name).at(-1);
      if (newest !== undefined) newest.enabled = false;
    },
    service: {
      name: 'vault',
      audience: 'https://vault.azure.net',
      handlers: [
        // Roles are given on single secrets, so nobody may list the vault.
        { method: 'GET', path: '/secrets', handle: (request) => forbidden(request, 'read') },
        { method: 'GET', path: '/keys/:name', handle: keyOf('readKey', describeKey) },
        { method: 'GET', path: '/keys/:name/:version', handle: keyOf('readKey', describeKey) },
        { method: 'POST', path: '/keys/:name/:version/sign', handle: keyOf('sign', signWith) },
        { method: 'POST', path: '/keys/:name/:version/wrapkey', handle: keyOf('wrapKey', wrapWith) },
        { method: 'POST', path: '/keys/:name/:version/unwrapkey', handle: keyOf('unwrapKey', unwrapWith) },
        guarded('GET', '/secrets/:name', 'read', read),
        guarded('GET', '/secrets/:name/versions', 'read', list),
        guarded('GET', '/secrets/:name/:version', 'read', read),
        guarded('PUT', '/secrets/:name', 'write', write),
        guarded('PATCH', '/secrets/:name/:version', 'write', change),
      ],
      error: (_status, code, message) => ({ error: { code, message } }),
    },
  };
}
