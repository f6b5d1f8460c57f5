/** The whole local cloud: every service that Steward needs, on loopback, behind production host names. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { armAudience, createArm } from './arm/arm.ts';
import type { Arm } from './arm/arm.ts';
import { loadAzurite } from './azurite.ts';
import { startChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { startControl } from './control.ts';
import { createFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import type { Service, TokenIdentity } from './http.ts';
import { guidFromSeed, identitiesFromSeed, identityNames } from './identifiers.ts';
import type { Identities } from './identifiers.ts';
import { createIdentityService } from './identity.ts';
import { createIssuer } from './issuer.ts';
import { createJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { createVault } from './key-vault.ts';
import type { Vault } from './key-vault.ts';
import { createLogic, logicHosts } from './logic/logic.ts';
import type { Logic, LogicRegion } from './logic/logic.ts';
import { createPermissions } from './permissions.ts';
import type { Permissions, PermissionsDocument } from './permissions.ts';
import { mount } from './serve.ts';
import type { Refusal } from './serve.ts';
import { startStorage } from './storage.ts';
import type { Storage } from './storage.ts';
import { createCertificates } from './tls.ts';

/** The part of the company that the cloud itself uses. */
export interface SandboxCompany {
  /** What `GET /people` of the control server answers. */
  readonly people: readonly unknown[];
  reset(): void;
}

/** What the factories of the larger services may know. */
export interface CloudContext<Company extends SandboxCompany = SandboxCompany> {
  readonly company: Company;
  readonly seed: number;
  readonly tenantId: string;
  readonly identities: Identities;
  readonly permissions: Permissions;
  /** Graph app roles of a client id. */
  readonly graphGrants: (clientId: string) => ReadonlySet<string>;
  /** The integration user of the ServiceNow instance, and its password: the vault's secret `servicenow-password`. */
  readonly servicenowUser: string;
  readonly servicenowPassword: string;
}

export interface CloudOptions<Company extends SandboxCompany = SandboxCompany> {
  readonly seed: number;
  readonly company: (seed: number, tenantId: string) => Company;
  /** Keeps storage between runs; in memory when absent. */
  readonly dataDir?: string | undefined;
  readonly journalFile?: string | undefined;
  /** Told every secret that is made here, for whoever looks for them elsewhere. */
  readonly onSecret?: ((name: string, value: string) => void) | undefined;
  readonly graph?: ((context: CloudContext<Company>) => Service) | undefined;
  readonly openai?: ((context: CloudContext<Company>) => Service) | undefined;
  /** It checks its own Basic credentials: no issuer of ours is asked. */
  readonly servicenow?: ((context: CloudContext<Company>) => Service) | undefined;
  /** The `aud` claim that workflows ask for: Azure Resource Manager's, or an app registration of the tenant (`api://…`). */
  readonly logicAudience?: string | undefined;
  /** Identities that were taken off the app. */
  readonly revoked?: readonly (keyof Identities)[] | undefined;
  /** Instead of `infra/permissions.json`, for tests that grant more or less. */
  readonly permissions?: PermissionsDocument | undefined;
}

export interface Endpoints {
  /** Value for IDENTITY_ENDPOINT. */
  readonly identity: string;
  /** Value for IDENTITY_HEADER. */
  readonly identityHeader: string;
  readonly vault: string;
  readonly graph: string;
  readonly openai: string;
  readonly servicenow: string;
  readonly arm: string;
  /** Request triggers are reached at the host of their workflow's region. */
  readonly logic: Readonly<Record<LogicRegion, string>>;
  readonly tables: string;
  readonly blobs: string;
  /** Where checkpoints of the ledger go: here the same account. */
  readonly anchors: string;
  readonly channelMetadata: string;
  readonly control: string;
}

/** Structurally a `TokenCredential` of @azure/core-auth. */
export interface CloudCredential {
  getToken(scopes: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }>;
}

export interface Cloud<Company extends SandboxCompany = SandboxCompany> {
  readonly company: Company;
  readonly tenantId: string;
  readonly identities: Identities;
  readonly endpoints: Endpoints;
  /** Resolves every host name to this machine and trusts the sandbox's authority only. */
  readonly agent: Agent;
  readonly caPem: string;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly channel: Channel;
  readonly vault: Vault;
  readonly storage: Pick<Storage, 'clear' | 'legalHolds'>;
  readonly arm: Omit<Arm, 'service' | 'reset'>;
  readonly logic: Omit<Logic, 'services' | 'reset'>;
  /** A credential without the identity endpoint, whose SDK keeps the first endpoint of a process for good. */
  credentialFor(clientId: string): CloudCredential;
  /** Called by `reset`, in order, after the cloud's own state is as at the start. */
  onReset(hook: () => void | Promise<void>): void;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const loopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** Stands in for a service that was not handed in: it is there, and has no routes. */
const emptyService = (name: 'graph' | 'openai' | 'servicenow', audience?: string): Service => ({
  name,
  ...(audience !== undefined && { audience }),
  handlers: [],
  error: (_status, code, message) => ({ error: { code, message } }),
});

const graphAudience = 'https://graph.microsoft.com';
const modelAudience = 'https://cognitiveservices.azure.com';
const servicenowUser = 'steward.integration';
const servicenowHost = 'haldenworks.service-now.com';
const modelRole = 'Cognitive Services OpenAI User';
const modelAction = 'Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action';

/** Starts everything on free ports of 127.0.0.1. `stop` leaves no handle open. */
export async function startCloud<Company extends SandboxCompany>(options: CloudOptions<Company>): Promise<Cloud<Company>> {
  const { seed, dataDir } = options;
  const tenantId = guidFromSeed(seed, 'tenant');
  const identities = identitiesFromSeed(seed);
  const { onSecret = () => undefined } = options;
  const made = createIssuer(tenantId);
  const nameOf = (clientId: string): string => identityNames.find((name) => identities[name] === clientId) ?? 'nobody';
  const issuer: typeof made = {
    ...made,
    issue: async (request) => {
      const token = await made.issue(request);
      onSecret(`token of the ${nameOf(request.clientId)} for ${request.audience}`, token);
      return token;
    },
  };
  const channelStarted = startChannel(identities.channel);
  const certificatesMade = createCertificates();
  loadAzurite(); // blocks for a while, as the keys above are being made on other threads

  const permissions = createPermissions(identities, options.permissions);
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
  const journal = createJournal({ file: options.journalFile });
  const faults = createFaults();
  const header = randomBytes(16).toString('hex');
  journal.hide(header);
  onSecret('header of the identity endpoint', header);
  const { logicAudience = armAudience } = options;
  const identity = createIdentityService({ seed, identities, header, issuer, revoked: new Set(options.revoked?.map((name) => identities[name])), audiences: [logicAudience] });
  const vault = createVault({ seed, permissions, onSecret: (value, name) => {
    journal.hide(value);
    onSecret(`secret ${name} of the vault`, value);
  }, ...(dataDir !== undefined && { keyFile: join(dataDir, 'vault-keys.json') }) });
  const graphGrants = (clientId: string): ReadonlySet<string> => permissions.permissionsOn('graph', clientId);
  const company = options.company(seed, tenantId);
  const servicenowPassword = vault.secret('servicenow-password') ?? '';
  const context: CloudContext<Company> = { company, seed, tenantId, identities, permissions, graphGrants, servicenowUser, servicenowPassword };
  const graph = options.graph?.(context) ?? emptyService('graph', graphAudience);
  const openai = options.openai?.(context) ?? emptyService('openai', modelAudience);
  const servicenow = options.servicenow?.(context) ?? emptyService('servicenow');
  const arm = createArm({ seed, identities, permissions });
  const logic = createLogic({ seed, permissions, audience: logicAudience });

  /** Basic credentials are the same in every request, so the journal can tell whose they are. */
  const basic = Buffer.from(`${servicenowUser}:${servicenowPassword}`).toString('base64');
  const integrationUser = (_url: URL, authorization: string | undefined): TokenIdentity | undefined =>
    authorization === `Basic ${basic}` ? { clientId: servicenowUser, audience: `https://${servicenowHost}` } : undefined;

  /** Azure OpenAI answers a missing role with 401, not 403. */
  const mayUseModel = ({ clientId }: { readonly clientId: string }): Refusal | undefined =>
    permissions.permissionsOn('openai', clientId).has(modelRole)
      ? undefined
      : {
          status: 401,
          code: 'PermissionDenied',
          message: `The principal \`${clientId}\` lacks the required data action \`${modelAction}\`.`,
        };

  const [startedChannel, tls] = await Promise.all([channelStarted, certificatesMade]);
  onSecret('TLS key', tls.key.replaceAll(/-----[^-]+-----|\s/g, ''));
  const channel: typeof startedChannel = {
    ...startedChannel,
    mintToken: async (order) => {
      const token = await startedChannel.mintToken(order);
      onSecret('token of the channel for Steward', token);
      return token;
    },
  };
  const common = { journal, faults, issuer };
  const challenge = (resource: string): string =>
    `Bearer authorization="https://login.microsoftonline.com/${tenantId}", resource="${resource}"`;
  const [identityServer, vaultServer, graphServer, openaiServer, servicenowServer, armServer, westServer, northServer, storage] = await Promise.all([
    mount({ ...common, service: identity.service, identify: (url) => identity.identify(url) }),
    mount({ ...common, service: vault.service, tls, challenge: challenge('https://vault.azure.net') }),
    mount({ ...common, service: graph, tls, challenge: challenge(graphAudience) }),
    mount({ ...common, service: openai, tls, authorise: mayUseModel }),
    mount({ ...common, service: servicenow, tls, challenge: 'BASIC realm="Service-now"', identify: integrationUser }),
    mount({ ...common, service: arm.service, tls, challenge: challenge(armAudience) }),
    mount({ ...common, service: logic.services.westeurope, tls }),
    mount({ ...common, service: logic.services.northeurope, tls }),
    startStorage({ ...common, tls, tenantId, permissions, dataDir }),
  ]);

  const hooks: (() => void | Promise<void>)[] = [];
  const reset = async (): Promise<void> => {
    faults.clear();
    vault.reset();
    company.reset();
    for (const service of [graph, openai, servicenow, arm.service]) service.reset?.();
    logic.reset();
    for (const hook of hooks) await hook();
    journal.clear(); // last, since hooks make requests too
  };
  const control = await startControl({ people: () => company.people, identities: { ...identities }, journal, faults, channel, reset });

  const agent = new Agent({ keepAlive: true, ca: tls.caPem, lookup: loopback });
  const servers = [control, channel, identityServer, vaultServer, graphServer, openaiServer, servicenowServer, armServer, westServer, northServer, storage];
  let stopped: Promise<void> | undefined;

  return {
    company,
    tenantId,
    identities,
    endpoints: {
      identity: `http://127.0.0.1:${identityServer.port}/msi/token`,
      identityHeader: header,
      vault: `https://steward-sandbox.vault.azure.net:${vaultServer.port}`,
      graph: `https://graph.microsoft.com:${graphServer.port}`,
      openai: `https://steward-sandbox.openai.azure.com:${openaiServer.port}`,
      servicenow: `https://${servicenowHost}:${servicenowServer.port}`,
      arm: `https://management.azure.com:${armServer.port}`,
      logic: {
        westeurope: `https://${logicHosts.westeurope}:${westServer.port}`,
        northeurope: `https://${logicHosts.northeurope}:${northServer.port}`,
      },
      tables: storage.tables,
      blobs: storage.blobs,
      anchors: storage.blobs,
      channelMetadata: channel.metadataUrl,
      control: control.url,
    },
    agent,
    caPem: tls.caPem,
    journal,
    faults,
    channel,
    vault,
    storage,
    arm,
    logic,
    credentialFor: (clientId) => ({
      getToken: async (scopes) => {
        const [scope = ''] = [scopes].flat();
        const { token, expiresAtSeconds } = await identity.issue(clientId, scope.replace(/\/?\.default$/, ''));
        return { token, expiresOnTimestamp: expiresAtSeconds * 1000 };
      },
    }),
    onReset: (hook) => {
      hooks.push(hook);
    },
    reset,
    stop: () => {
      stopped ??= Promise.all(servers.map((server) => server.close())).then(() => {
        agent.destroy();
        journal.close();
      });
      return stopped;
    },
  };
}
