import { systemClock } from './clock.ts';
import { tablesEndpoint, vaultEndpoint, type CloudName } from './clouds.ts';
import { logIn, type GivenLogin } from './operator-login.ts';
import { PersonKeyRows } from './person-key-rows.ts';
import { TablePersonKeys } from './person-keys.ts';
import { openTables } from './tables.ts';

/** The keys of people with an operator's own Azure login: to read what was sealed, and to write nothing. */

export interface OperatorKeysOptions extends GivenLogin {
  readonly cloud: CloudName;
  readonly account: string;
  readonly vault: string;
  readonly tenantId: string;
  /** Instead of the pinned hosts: for tests. */
  readonly endpoints?: { readonly tables: string; readonly vault: string };
}

export interface OperatorKeys {
  /** By the keyed digest of a person and the id of the key; undefined where it was erased. Fails with `LEDGER_UNAVAILABLE`. */
  readonly find: (person: string, key: string) => Promise<Buffer | undefined>;
  readonly close: () => void;
}

export function openKeys({ account, cloud, tenantId, vault, ...given }: OperatorKeysOptions): OperatorKeys {
  const endpoints = given.endpoints ?? { tables: tablesEndpoint(cloud, account), vault: vaultEndpoint(cloud, vault) };
  const { close, ...login } = logIn(tenantId, [endpoints.tables, endpoints.vault], given);
  const { personkeys } = openTables({ endpoint: endpoints.tables, ...login });
  const keys = new TablePersonKeys({ rows: new PersonKeyRows(personkeys), endpoint: endpoints.vault, ...login, clock: systemClock });
  return {
    find: async (person, key) => {
      const found = await keys.find(person);
      return found?.id === key ? found.secret : undefined;
    },
    close,
  };
}
