import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ANCHOR_CONTAINER } from './anchor-store.ts';
import { openContainer, repeated } from './blobs.ts';
import { blobsEndpoint, scopeOf, type CloudName } from './clouds.ts';
import { LEDGER_CONTAINER } from './ledger-store.ts';
import { logIn, type GivenLogin } from './operator-login.ts';
import { OperatorError, problemOf, tokenFrom } from './operator.ts';

/** The two containers of the ledger, brought to disk with an operator's own Azure login. Nothing in Azure is changed. */

/** A piece of a blob, and the time in which one must come. */
const PIECE_BYTES = 4 * 1024 * 1024;
const TOTAL_MS = 30_000;
/** What Steward calls its blobs. Anything else could leave the directory. */
const NAME = /^(?!\.)[A-Za-z0-9_.-]{1,200}(?:\/(?!\.)[A-Za-z0-9_.-]{1,200}){0,9}$/;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

export interface LedgerCopyOptions extends GivenLogin {
  readonly cloud: CloudName;
  readonly account: string;
  /** The account of the checkpoints, where it is another one. */
  readonly anchorAccount: string;
  readonly tenantId: string;
  /** Instead of the pinned hosts: for tests. */
  readonly endpoints?: { readonly ledger: string; readonly anchors: string };
}

export interface LedgerCopied {
  readonly ledgerFiles: number;
  readonly anchorFiles: number;
  /** Blobs that are none of Steward's by their name, and stayed where they are. */
  readonly left: number;
}

/**
 * Writes `DIRECTORY/ledger` and `DIRECTORY/anchors`, byte for byte. The anchors come first: whatever they vouch for stands in
 * the ledger already. Fails with `OperatorError`.
 */
export async function copyLedger(directory: string, { account, anchorAccount, cloud, tenantId, ...given }: LedgerCopyOptions): Promise<LedgerCopied> {
  const endpoints = given.endpoints ?? { ledger: blobsEndpoint(cloud, account), anchors: blobsEndpoint(cloud, anchorAccount) };
  const { close, credential, httpClient } = logIn(tenantId, [endpoints.ledger, endpoints.anchors], given);
  const token = await tokenFrom(credential, scopeOf('storage', cloud));
  const copy = (endpoint: string, container: string): Promise<{ readonly files: number; readonly left: number }> => copyContainer(join(directory, container), container, { endpoint, credential: { getToken: async () => token }, httpClient });
  try {
    const anchors = await copy(endpoints.anchors, ANCHOR_CONTAINER);
    const ledger = await copy(endpoints.ledger, LEDGER_CONTAINER);
    return { anchorFiles: anchors.files, ledgerFiles: ledger.files, left: anchors.left + ledger.left };
  } finally {
    close();
  }
}

async function copyContainer(directory: string, name: string, options: Parameters<typeof openContainer>[1]): Promise<{ readonly files: number; readonly left: number }> {
  const container = openContainer(name, options);
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  let [files, left] = [0, 0];
  try {
    for await (const { name: blob, properties } of container.listBlobsFlat()) {
      if (!NAME.test(blob)) {
        left += 1;
        continue;
      }
      const file = join(directory, blob);
      await mkdir(dirname(file), { recursive: true, mode: DIRECTORY_MODE });
      // As long as it was when it was listed: a chain that grows meanwhile ends after a whole append.
      const bytes = properties.contentLength ?? 0;
      await writeFile(file, '', { mode: FILE_MODE, flag: 'wx' });
      for (let from = 0; from < bytes; from += PIECE_BYTES) {
        const piece = await repeated(TOTAL_MS, (abortSignal) => container.getBlobClient(blob).downloadToBuffer(from, Math.min(PIECE_BYTES, bytes - from), { abortSignal }));
        await writeFile(file, piece, { flag: 'a' });
      }
      files += 1;
    }
  } catch (error) {
    // What the disk refused is no answer of storage.
    if (error instanceof Error && 'syscall' in error && 'path' in error) throw error;
    throw new OperatorError(problemOf(error), { cause: error });
  }
  return { files, left };
}
