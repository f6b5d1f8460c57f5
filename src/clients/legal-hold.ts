import { StewardError } from '../errors.ts';
import { openContainer, repeated, type BlobOptions } from './blobs.ts';

const TOTAL_MS = 5_000;

/**
 * Whether somebody put one of these containers under legal hold in Azure: an immutability policy of the container, which people
 * set there and Steward can't. Fails with `LEDGER_UNAVAILABLE`.
 */
export async function isUnderLegalHold(containers: readonly (BlobOptions & { readonly name: string })[]): Promise<boolean> {
  try {
    const found = await Promise.all(containers.map((container) => repeated(TOTAL_MS, (abortSignal) => openContainer(container.name, container).getProperties({ abortSignal }))));
    return found.some(({ hasLegalHold }) => hasLegalHold === true);
  } catch (error) {
    throw new StewardError('LEDGER_UNAVAILABLE', 'nobody knows whether the ledger is under legal hold', { cause: error });
  }
}
