/** Starts the local cloud and Steward on it: what `npm start` does, and what the stories drive. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { managedIdentity } from '../src/clients/credential.ts';
import type { KnownSecret } from '../src/audit/scrub.ts';
import { createConnectorClient } from '../src/clients/connector.ts';
import { createClients, type ClientOptions } from '../src/clients/create-clients.ts';
import { systemClock } from '../src/clients/clock.ts';
import { dearest, dearestEmbedding, priceOf } from '../src/clients/model-prices.ts';
import { deployLatch } from '../src/guard/kill-switch.ts';
import { SealedLatch } from '../src/guard/latch-seal.ts';
import { createSteward, type Steward } from '../src/steward.ts';
import { catalogue } from '../src/actions/catalogue.ts';
import { met } from '../src/clients/systems.ts';
import { deployArticles, type Built } from './articles.ts';
import { startCloud, type Cloud } from './cloud.ts';
import { createCompany, type Company } from './company/company.ts';
import { createGraphService } from './graph/graph.ts';
import { createServiceNowService } from './servicenow/servicenow.ts';
import { ONEDRIVE_HOST, placesOf, systemsOf } from './systems.ts';
import { createModelService } from './model/service.ts';
import { EMBEDDING_MODEL_NAME } from './model/wire.ts';
import type { RelayOptions } from './model/relay.ts';
import { startSigningProxy } from './signing-proxy.ts';

const DEPLOYMENT = 'planner';
/** Where citations of the made-up company's articles lead; nobody is there. */
const INTRANET_HOST = 'intranet.haldenworks.example';
/** The sandbox's money: enough for any afternoon, and a ceiling all the same. */
const MONTH_MICRO_USD = 50_000_000;
const PERSON_DAY_MICRO_USD = 10_000_000;
const NEVER = '9999-12-31';
const TURN_MICRO_USD = 1_000_000;

export interface StartOptions {
  readonly seed?: number;
  /** Instead of the sandbox's own model: any Azure-OpenAI- or OpenAI-compatible endpoint. */
  readonly model?: RelayOptions;
  /** The bot itself on `port`, and tokens from the control server. Otherwise a proxy on `port` signs what comes. */
  readonly auth?: boolean;
  readonly port?: number;
  readonly journalFile?: string;
  /** Told every secret that the cloud makes. */
  readonly onSecret?: (name: string, value: string) => void;
  readonly dataDir?: string;
  /** Tokens from the emulated identity endpoint, as in Azure. It is one for a process, so tests with several clouds go without. */
  readonly managedIdentity?: boolean;
  readonly onError?: (error: unknown) => void;
  /** The robot was taken off the app, as `infra/revoke-robot.sh` does it. */
  readonly robotRevoked?: boolean;
  /** Answers from the articles of the made-up company, or from others that were built before. */
  readonly articles?: true | Built;
  /** Stands in for OneDrive, where reports are put as files. Absent: reports come without a file, as the Agents Playground takes none. */
  readonly oneDrive?: { readonly endpoint: string; readonly caPem: string };
}

export interface Sandbox {
  /** Where activities are posted. */
  readonly bot: string;
  readonly control: string;
  readonly cloud: Cloud;
  readonly company: Company;
  /** What the running Steward must never show. */
  secrets(): readonly KnownSecret[];
  stop(): Promise<void>;
}

/** Resolves when Steward answers. Fails with a sentence when a port is taken or something does not hold. */
export async function startSandbox(options: StartOptions = {}): Promise<Sandbox> {
  const { seed = 1, port = 0, auth = false } = options;
  let prepared = (): Promise<void> => Promise.resolve();
  const cloud = await startCloud({
    seed,
    dataDir: options.dataDir,
    journalFile: options.journalFile,
    onSecret: options.onSecret,
    ...(options.robotRevoked === true && { revoked: ['robot'] }),
    company: (companySeed, tenantId) => {
      const company = createCompany(companySeed, tenantId);
      return { people: company.people(), reset: () => company.reset(), company };
    },
    graph: (context) => {
      const { company: all } = context.company;
      const { robot } = context.identities;
      const { address, id } = all.robotMailbox;
      return createGraphService({ company: all, grants: context.graphGrants, tenantId: context.tenantId, robotClientId: robot, exchangeScopes: new Map([[robot, new Set([id, address])]]) });
    },
    servicenow: (context) => createServiceNowService({ company: context.company.company, seed: context.seed, tenantId: context.tenantId, user: context.servicenowUser, password: context.servicenowPassword }),
    openai: (context) => {
      const service = createModelService({ deployment: DEPLOYMENT, reasonerClientIds: new Set([context.identities.reasoner]), ...(options.model && { relay: options.model }) });
      if (options.model === undefined) prepared = () => service.prepare();
      return service;
    },
  });
  const { company } = cloud.company;
  if (options.managedIdentity === true) offerManagedIdentity(cloud);

  const articlesAt = mkdtempSync(join(tmpdir(), 'steward-articles-'));
  let steward: Steward | undefined;
  let secrets = (): readonly KnownSecret[] => [];
  const run = async (onPort: number): Promise<number> => {
    const { started, port: listening } = await startSteward(cloud, company, { ...options, articlesAt }, onPort, (known) => {
      secrets = known;
    });
    steward = started;
    return listening;
  };
  try {
    const [botPort] = await Promise.all([run(auth ? port : 0), prepared(), options.articles === undefined ? undefined : deployArticles(cloud.vault, articlesAt, options.articles === true ? undefined : options.articles)]);
    const botUrl = `http://127.0.0.1:${botPort}/api/messages`;
    const proxy = auth ? undefined : await startSigningProxy({ channel: cloud.channel, botUrl, port });
    // Storage is emptied under a running Steward only by starting another: its ledger and leases would not survive it.
    cloud.onReset(async () => {
      await steward?.stop();
      cloud.storage.clear();
      await run(botPort);
    });
    return {
      bot: proxy?.url ?? botUrl,
      control: cloud.endpoints.control,
      cloud,
      company,
      secrets: () => secrets(),
      stop: async () => {
        await proxy?.close();
        await steward?.stop();
        await cloud.stop();
        rmSync(articlesAt, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await steward?.stop().catch(() => undefined);
    await cloud.stop();
    rmSync(articlesAt, { recursive: true, force: true });
    throw error;
  }
}

async function startSteward(cloud: Cloud, company: Company, options: StartOptions & { readonly articlesAt: string }, port: number, onSecrets: (known: () => readonly KnownSecret[]) => void): Promise<{ readonly started: Steward; readonly port: number }> {
  const { channel, keeper, reasoner, robot } = cloud.identities;
  const { groups } = company;
  const name = options.model?.name ?? 'sandbox-tool-picker';
  const credentials: Pick<ClientOptions, 'credentialFor'> = options.managedIdentity === true ? {} : { credentialFor: (clientId) => cloud.credentialFor(clientId) };
  const systems = systemsOf(cloud, company);
  const clients = createClients({
    endpoints: { ...cloud.endpoints, logic: placesOf(cloud), ...(options.oneDrive && { oneDrive: options.oneDrive.endpoint }) },
    systems,
    agent: options.oneDrive === undefined ? cloud.agent : new Agent({ ...cloud.agent.options, ca: [String(cloud.agent.options.ca), options.oneDrive.caPem] }),
    tenantId: cloud.tenantId,
    identities: { reasoner, robot, keeper },
    roleGroups: groups,
    model: { deployment: DEPLOYMENT, name },
    embedding: { deployment: DEPLOYMENT },
    knowledgeDirectory: options.articlesAt,
    clock: systemClock,
    instance: randomUUID(),
    ...credentials,
  });
  onSecrets(() => clients.secrets());
  const channelCredential = options.managedIdentity === true ? managedIdentity(channel, { tenantId: cloud.tenantId, clock: systemClock }) : cloud.credentialFor(channel);
  const steward = createSteward(
    {
      tenantId: cloud.tenantId,
      appId: channel,
      channelKeys: { metadataUrl: cloud.channel.metadataUrl, issuer: cloud.channel.issuer },
      linkHosts: options.articles === undefined ? [] : [INTRANET_HOST],
      ceiling: {
        monthMicroUsd: MONTH_MICRO_USD,
        personDayMicroUsd: PERSON_DAY_MICRO_USD,
        turnMicroUsd: TURN_MICRO_USD,
        // What does not exist is not retired.
        price: priceOf(name) ?? { ...dearest(), model: name, retires: NEVER },
        embeddingPrice: { ...dearestEmbedding(), model: EMBEDDING_MODEL_NAME, retires: NEVER },
        dearest: dearest(),
        // A model server of somebody's own calls its model as it likes.
        anyModel: options.model !== undefined,
      },
      policy: read('../src/guard/policy.cedar'),
      contract: read('../prompts/steward/skprompt.txt'),
      ...(options.articles !== undefined && { knowledge: { contract: read('../prompts/knowledge/skprompt.txt'), model: EMBEDDING_MODEL_NAME } }),
      // The made-up company takes everything there is.
      actions: { met: met(systems), enable: catalogue.all().flatMap(({ name, ships }) => (ships === 'disabled' ? [name] : [])), disable: [] },
      oneDriveHost: options.oneDrive === undefined ? ONEDRIVE_HOST : new URL(options.oneDrive.endpoint).host,
    },
    {
      clients,
      clock: systemClock,
      connector: {
        httpClient: createConnectorClient(isLoopback),
        connectorToken: async () => (await channelCredential.getToken('https://api.botframework.com/.default'))?.token ?? '',
      },
      isServiceUrlAllowed: isLoopback,
      onError: options.onError ?? (() => undefined),
    },
  );
  await clients.prepare();
  // The made-up company is past its pilot.
  await deployLatch(new SealedLatch(clients.latch, clients.digestKey, systemClock), systemClock, 'full');
  return { started: steward, ...(await steward.start(port, '127.0.0.1')) };
}

/** The environment that App Service gives a process with managed identities. */
function offerManagedIdentity(cloud: Cloud): void {
  // eslint-disable-next-line steward/environment-once -- @azure/identity takes the endpoint from the environment only
  Object.assign(process.env, { IDENTITY_ENDPOINT: cloud.endpoints.identity, IDENTITY_HEADER: cloud.endpoints.identityHeader });
}

/** Any port of this machine, and nothing else. */
export function isLoopback(url: string): boolean {
  try {
    const { hostname, protocol } = new URL(url);
    return (protocol === 'http:' || protocol === 'https:') && (hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname));
  } catch {
    return false;
  }
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
