import { createHmac } from 'node:crypto';
import { systemClock } from '../../src/clients/clock.ts';
import { DIGEST_KEY_SECRET } from '../../src/clients/digest-key.ts';
import { createEgress } from '../../src/clients/egress.ts';
import { TableLatchStore } from '../../src/clients/latch-store.ts';
import { openTables } from '../../src/clients/tables.ts';
import { SealedLatch } from '../../src/guard/latch-seal.ts';
import type { Cloud } from '../../sandbox/cloud.ts';

/** The latch of a deployment on this cloud, written as Steward itself writes it: under the keeper, and sealed. */
export function latchOf({ agent, credentialFor, endpoints, identities, vault }: Pick<Cloud, 'agent' | 'credentialFor' | 'endpoints' | 'identities' | 'vault'>): SealedLatch {
  const { httpClient } = createEgress({ allow: [endpoints.tables], agent });
  const { latch } = openTables({ endpoint: endpoints.tables, credential: credentialFor(identities.keeper), httpClient });
  const key = { digest: (value: string) => createHmac('sha256', vault.secret(DIGEST_KEY_SECRET) ?? '').update(value).digest('hex') };
  return new SealedLatch(new TableLatchStore(latch), key, systemClock);
}
