import type { LedgerCopyOptions } from '../clients/ledger-copy.ts';
import type { OperatorKeysOptions } from '../clients/operator-keys.ts';

/** What the commands need beside what was typed. */
export interface AuditSetting {
  /** Of the repository, whose policy says why. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For tests: another login and another way to storage. The hosts that production uses stay pinned. */
  readonly connection?: Pick<LedgerCopyOptions, 'credential' | 'httpClient'> & { readonly endpoints?: NonNullable<LedgerCopyOptions['endpoints']> & NonNullable<OperatorKeysOptions['endpoints']> };
}
