import { AzureCliCredential } from '@azure/identity';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { systemClock } from './clock.ts';
import { tablesEndpoint, vaultEndpoint, type CloudName } from './clouds.ts';
import { createEgress } from './egress.ts';
import { TablePersonKeys } from './person-keys.ts';
import { openTables } from './tables.ts';

/** The keys of people with an operator's own Azure login: to read what was sealed, and to write nothing. */

export interface OperatorKeysOptions {
  readonly cloud: CloudName;
  readonly account: string;
  readonly vault: string;
  readonly tenantId: string;
  /** Instead of the Azure CLI's login, the pinned hosts and the ordinary connection: for tests. */
  readonly credential?: TokenCredential;
  readonly endpoints?: { readonly tables: string; readonly vault: string };
  readonly httpClient?: HttpClient;
}

export interface OperatorKeys {
  /** By the keyed digest of a person and the id of the key; undefined where it was erased. Fails with `LEDGER_UNAVAILABLE`. */
  readonly find: (person: string, key: string) => Promise<Buffer | undefined>;
  readonly close: () => void;
}

const AZ_DEADLINE_MS = 60_000;

export function openKeys({ account, cloud, tenantId, vault, ...given }: OperatorKeysOptions): OperatorKeys {
  const endpoints = given.endpoints ?? { tables: tablesEndpoint(cloud, account), vault: vaultEndpoint(cloud, vault) };
  const credential = given.credential ?? new AzureCliCredential({ tenantId, processTimeoutInMs: AZ_DEADLINE_MS });
  const egress = given.httpClient === undefined ? createEgress({ allow: [endpoints.tables, endpoints.vault] }) : undefined;
  const httpClient = given.httpClient ?? egress?.httpClient;
  if (httpClient === undefined) throw new TypeError('no connection');
  const { personkeys } = openTables({ endpoint: endpoints.tables, credential, httpClient });
  const keys = new TablePersonKeys({ table: personkeys, endpoint: endpoints.vault, credential, httpClient, clock: systemClock });
  return {
    find: async (person, key) => {
      const found = await keys.find(person);
      return found?.id === key ? found.secret : undefined;
    },
    close: () => egress?.close(),
  };
}
