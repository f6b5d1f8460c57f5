/** The sandbox's cloud (Azurite, Graph, identity, Key Vault) in a process of its own. */
import { TableClient } from '@azure/data-tables';
import { startCloud } from '../../sandbox/cloud.ts';
import { createCompany } from '../../sandbox/company/company.ts';
import { createGraphService } from '../../sandbox/graph/graph.ts';
import { serve } from '../lib/served.ts';
import type { CloudFacts } from '../lib/facts.ts';

const cloud = await startCloud({
  seed: 4711,
  company: (seed, tenantId) => {
    const company = createCompany(seed, tenantId);
    return { people: company.people(), reset: () => company.reset(), company };
  },
  graph: (context) => createGraphService({ company: context.company.company, grants: context.graphGrants, tenantId: context.tenantId }),
});

const facts: CloudFacts = {
  tenantId: cloud.tenantId,
  identities: cloud.identities,
  endpoints: cloud.endpoints,
  caPem: cloud.caPem,
  channelKeys: { metadataUrl: cloud.channel.metadataUrl, issuer: cloud.channel.issuer },
  groups: cloud.company.company.groups,
  people: cloud.company.company.people(),
};

serve(
  facts,
  {
    token: (serviceUrl) => cloud.channel.mintToken({ serviceUrl: String(serviceUrl) }),
    // An action may run 20 times in an hour; a measurement runs it more often, and empties the count between turns.
    forgetLimits: async () => {
      const limits = new TableClient(cloud.endpoints.tables, 'limits', cloud.credentialFor(cloud.identities.keeper), { agent: cloud.agent });
      for await (const { partitionKey, rowKey } of limits.listEntities()) await limits.deleteEntity(partitionKey ?? '', rowKey ?? '');
      cloud.journal.clear();
    },
    forgetJournal: () => cloud.journal.clear(),
  },
  () => cloud.stop(),
);
