/** Key Vault secrets, data plane, api-version 2025-07-01 (Azure/azure-rest-api-specs, secrets.json). */
import { randomUUID } from 'node:crypto';
import { z } from 'zod/v4';
import type { Handler, SandboxRequest, SandboxResponse, Service } from './http.ts';
import { secretFromSeed } from './identifiers.ts';
import type { Permissions } from './permissions.ts';

export interface VaultOptions {
  readonly seed: number;
  readonly permissions: Permissions;
  /** Told every value that the vault ever holds, so that the journal can mask it. */
  readonly onSecret: (value: string) => void;
}

export interface Vault {
  readonly service: Service;
  /** Adds a version, as a rotation does; returns the version's id. */
  setSecret(name: string, value: string): string;
  /** The newest value, for assertions. */
  secret(name: string): string | undefined;
  /** Disables the newest version. */
  disableSecret(name: string): void;
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

/** What each role allows; `Key Vault Secrets User` has getSecret and readMetadata (docs: RBAC guide). */
const roles: ReadonlyMap<string, ReadonlySet<Access>> = new Map([
  ['Key Vault Secrets User', new Set<Access>(['read'])],
  ['Key Vault Secrets Officer', new Set<Access>(['read', 'write'])],
]);

const actions: Readonly<Record<Access, string>> = {
  read: 'Microsoft.KeyVault/vaults/secrets/getSecret/action',
  write: 'Microsoft.KeyVault/vaults/secrets/setSecret/action',
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
export function createVault({ seed, permissions, onSecret }: VaultOptions): Vault {
  /** Names are compared without case; oldest version first. */
  const secrets = new Map<string, Version[]>();
  const versionsOf = (name: string): Version[] => secrets.get(name.toLowerCase()) ?? [];

  const add = (name: string, value: string, change: z.infer<typeof changeSchema> = {}): Version => {
    onSecret(value);
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

  const mayAccess = (clientId: string, name: string, access: Access): boolean =>
    permissions
      .grantsOf(clientId)
      .filter(({ system, scope }) => system === 'vault' && scope === `secret ${name.toLowerCase()}`)
      .some(({ permission }) => roles.get(permission)?.has(access) === true);

  const forbidden = ({ identity, url }: SandboxRequest, access: Access): SandboxResponse =>
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
