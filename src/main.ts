/** Production: reads the environment once, builds Steward, listens. The sandbox has its own. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createScrubber, SecretForms, type KnownSecret } from './audit/scrub.ts';
import { clouds, endpointsFor } from './clients/clouds.ts';
import { systemClock } from './clients/clock.ts';
import { createConnectorClient } from './clients/connector.ts';
import { createClients, type Clients } from './clients/create-clients.ts';
import { managedIdentity } from './clients/credential.ts';
import { dearest, priceOf, type ModelPrice } from './clients/model-prices.ts';
import { met } from './clients/systems.ts';
import { readConfig } from './config.ts';
import { StewardError } from './errors.ts';
import { deployLatch } from './guard/kill-switch.ts';
import { SealedLatch } from './guard/latch-seal.ts';
import { errorLine, reportCrashes, scrubOutput, silenceLibraries } from './log.ts';
import { createSteward } from './steward.ts';

/** App Service's own secret: with it, whoever is on this machine is given tokens. */
const { IDENTITY_HEADER = '' } = process.env;
let known = (): readonly KnownSecret[] => [];
const identityHeader = new SecretForms(IDENTITY_HEADER);
const scrubber = createScrubber(() => [identityHeader, ...known()]);
const report = (error: unknown): void => void process.stderr.write(errorLine(error, systemClock.now(), scrubber));

/** `node dist/src/main.cjs deploy-latch`: a step of the deployment. Without a latch, Steward counts as killed. */
const DEPLOY_LATCH = 'deploy-latch';

async function deploy(clients: Clients): Promise<void> {
  await clients.prepare();
  const written = await deployLatch(new SealedLatch(clients.latch, clients.digestKey, systemClock), systemClock);
  process.stdout.write(written ? 'the latch is deployed, at level observe: two admins raise it in chat\n' : 'there is a latch already; it stays as it is\n');
  clients.close();
}

function pinned(setting: string, model: string): ModelPrice {
  const price = priceOf(model);
  if (price === undefined) throw new StewardError('PRICE_UNKNOWN', `${setting} \`${model}\` has no pinned price`);
  return price;
}

async function main(): Promise<void> {
  const config = readConfig(process.env, process.execArgv);
  const price = pinned('STEWARD_OPENAI_MODEL', config.model.name);
  const embeddingPrice = config.embedding && pinned('STEWARD_EMBEDDING_MODEL', config.embedding.name);
  const { channel, ...identities } = config.identities;
  const { systems } = config;
  // Made before anything else asks for a token: the first credential decides the network options of the process.
  const channelCredential = managedIdentity(channel, { tenantId: config.tenantId, clock: systemClock });
  const clients = createClients({
    endpoints: endpointsFor(config.cloud, { ...config.resources, logicPlaces: Object.values(systems.workflows).map(({ place }) => place), ...(systems.servicenowInstance !== undefined && { servicenow: systems.servicenowInstance }), ...(systems.oneDriveHost !== undefined && { oneDriveHost: systems.oneDriveHost }) }),
    systems,
    tenantId: config.tenantId,
    identities,
    roleGroups: config.roleGroups,
    model: config.model,
    ...(config.embedding && { embedding: config.embedding }),
    retention: config.retention,
    ...(config.knowledgeDirectory !== undefined && { knowledgeDirectory: config.knowledgeDirectory }),
    clock: systemClock,
    instance: randomUUID(),
  });
  known = () => clients.secrets();
  // Asked while the policy engine and the Bot Framework are loaded. `start` waits for the same answers, and says why not.
  clients.prepare().catch(() => undefined);
  if (process.argv[2] === DEPLOY_LATCH) return deploy(clients);
  const hosts: ReadonlySet<string> = new Set(clouds[config.cloud].connectorHosts);
  const isServiceUrlAllowed = (url: string): boolean => {
    const { host, protocol } = new URL(url);
    return protocol === 'https:' && hosts.has(host);
  };
  const steward = createSteward(
    {
      tenantId: config.tenantId,
      appId: channel,
      linkHosts: config.linkHosts,
      ceiling: { monthMicroUsd: config.monthMicroUsd, personDayMicroUsd: config.personDayMicroUsd, turnMicroUsd: config.turnMicroUsd, price, ...(embeddingPrice && { embeddingPrice }), dearest: dearest() },
      policy: readFileSync(new URL('guard/policy.cedar', import.meta.url), 'utf8'),
      policyOverlay: config.policyOverlay,
      actions: { met: met(systems), enable: config.enableActions, disable: config.disableActions },
      ...(systems.oneDriveHost !== undefined && { oneDriveHost: systems.oneDriveHost }),
      contract: readFileSync(new URL('../prompts/steward/skprompt.txt', import.meta.url), 'utf8'),
      ...(config.knowledgeDirectory !== undefined && config.embedding !== undefined && { knowledge: { contract: readFileSync(new URL('../prompts/knowledge/skprompt.txt', import.meta.url), 'utf8'), model: config.embedding.name } }),
    },
    {
      clients,
      clock: systemClock,
      connector: {
        httpClient: createConnectorClient(isServiceUrlAllowed),
        connectorToken: async () => (await channelCredential.getToken('https://api.botframework.com/.default'))?.token ?? '',
      },
      isServiceUrlAllowed,
      onError: report,
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void steward.stop().finally(() => process.exit(0));
    });
  }
  await steward.start(config.port);
}

scrubOutput(process.stdout, scrubber);
scrubOutput(process.stderr, scrubber);
reportCrashes(process, report);
silenceLibraries(console);
main().catch((error: unknown) => {
  if (error instanceof StewardError) process.stderr.write(`steward does not start: ${error.message}\n`);
  else report(error);
  process.exit(1);
});
