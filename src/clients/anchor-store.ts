import type { ContainerClient } from '@azure/storage-blob';
import type { AnchorStore, HeadStore } from '../audit/anchoring.ts';
import { checkpointOf, checkpointText, keysOf, type ChainHead, type CheckpointKey, type SignedCheckpoint } from '../audit/checkpoint.ts';
import type { AnchoredCheckpoint, AnchorReader } from '../audit/retire.ts';
import { StewardError } from '../errors.ts';
import { openContainer, repeated, statusOf, type BlobOptions } from './blobs.ts';
import { integerOf, keyOf, type Row, type Table } from './tables.ts';

export const ANCHOR_CONTAINER = 'anchors';
/** The time in which one checkpoint must be stored, however often it is repeated. */
const TOTAL_MS = 10_000;
const PARTITION = 'head';
const MOST_HEADS = 50_000;
/** A head that others changed meanwhile is read again this often. */
const MOST_ATTEMPTS = 3;

/**
 * One blob for each checkpoint, in a container that deployment gives an immutability policy and that may belong to
 * another account: written once, and changed by nobody, Steward included.
 */
export class BlobAnchorStore implements AnchorStore, AnchorReader {
  readonly #container: ContainerClient;

  constructor(options: BlobOptions) {
    this.#container = openContainer(ANCHOR_CONTAINER, options);
  }

  /** Creates the container if it is missing; deployment makes it, with its policy. Fails with `LEDGER_UNAVAILABLE`. */
  async prepare(): Promise<void> {
    // Asked first: where it is somebody else's, Steward may write into it and create nothing.
    await this.#safely(async (abortSignal) => (await this.#container.exists({ abortSignal })) || (await this.#container.createIfNotExists({ abortSignal })));
  }

  async put(signed: SignedCheckpoint): Promise<void> {
    await this.#once(anchorName(signed), checkpointText(signed));
  }

  /** Beside the checkpoints, for whoever verifies a copy of the container. What to trust, the verifier decides. */
  async putKey({ jwk, key }: CheckpointKey): Promise<void> {
    await this.#once(`keys/${key.replaceAll('/', '-')}.json`, `${JSON.stringify([{ key, jwk }])}\n`);
  }

  async keys(): Promise<readonly CheckpointKey[]> {
    const names = await this.#names('keys/');
    const texts = await Promise.all(names.map((name) => this.#safely(async (abortSignal) => (await this.#container.getBlobClient(name).downloadToBuffer(0, undefined, { abortSignal })).toString('utf8'), 'read')));
    return texts.flatMap((text) => keysOf(text) ?? []);
  }

  async first(writer: string): Promise<AnchoredCheckpoint | undefined> {
    return this.#read(nameOf(writer, 0));
  }

  async last(writer: string): Promise<AnchoredCheckpoint | undefined> {
    const name = (await this.#names(`checkpoints/${writer}/`)).at(-1);
    return name === undefined ? undefined : this.#read(name);
  }

  /** Blobs whose name begins so, in order. */
  async #names(prefix: string): Promise<readonly string[]> {
    return this.#safely(async (abortSignal) => {
      const names: string[] = [];
      for await (const { name } of this.#container.listBlobsFlat({ prefix, abortSignal })) names.push(name);
      return names.sort();
    }, 'read');
  }

  /** Undefined for what is not there, or no checkpoint. */
  async #read(name: string): Promise<AnchoredCheckpoint | undefined> {
    return this.#safely(async (abortSignal) => {
      const blob = this.#container.getBlobClient(name);
      try {
        const { date, etag, lastModified } = await blob.getProperties({ abortSignal });
        const signed = checkpointOf((await blob.downloadToBuffer(0, undefined, { abortSignal, ...(etag !== undefined && { conditions: { ifMatch: etag } }) })).toString('utf8'));
        return signed && { signed, restsForMs: date === undefined || lastModified === undefined ? 0 : date.getTime() - lastModified.getTime() };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    }, 'read');
  }

  /** Writes what is not there. What is there already has to be the same. */
  async #once(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const blob = this.#container.getBlockBlobClient(name);
    await this.#safely(async (abortSignal) => {
      try {
        await blob.upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' }, blobHTTPHeaders: { blobContentType: 'application/json' }, abortSignal });
      } catch (error) {
        const isThere = statusOf(error) === 409 || statusOf(error) === 412;
        if (!isThere || !(await blob.downloadToBuffer(0, undefined, { abortSignal })).equals(bytes)) throw error;
      }
    });
  }

  async #safely<T>(operation: (abortSignal: AbortSignal) => Promise<T>, done = 'stored'): Promise<T> {
    try {
      return await repeated(TOTAL_MS, operation);
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', `a checkpoint could not be ${done}`, { cause: error });
    }
  }
}

/** Where a checkpoint stands in the container. */
export function anchorName({ checkpoint: { number, writer } }: SignedCheckpoint): string {
  return nameOf(writer, number);
}

function nameOf(writer: string, number: number): string {
  return `checkpoints/${writer}/${String(number).padStart(8, '0')}.json`;
}

/** A row for each chain. Whoever can write it can't make it prove anything: what counts is what was signed. */
export class TableHeadStore implements HeadStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async list(): Promise<readonly ChainHead[]> {
    return (await this.#table.list(`PartitionKey eq '${PARTITION}'`, MOST_HEADS)).map(headOf);
  }

  async remove(chain: string): Promise<void> {
    await this.#table.remove(PARTITION, keyOf(chain));
  }

  async put({ bytes, chain, hash, records }: ChainHead): Promise<void> {
    const properties = { chain, records, bytes, hash };
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const row = await this.#table.read(PARTITION, keyOf(chain));
      if (row !== undefined && headOf(row).records >= records) return;
      const written = row === undefined ? await this.#table.insert(PARTITION, keyOf(chain), properties) : await this.#table.replace(PARTITION, keyOf(chain), properties, row.etag);
      if (written !== 'exists' && written !== 'conflict') return;
    }
  }
}

function headOf(row: Row): ChainHead {
  const text = (name: string): string => {
    const value = row.properties.get(name);
    return typeof value === 'string' ? value : '';
  };
  return { chain: text('chain'), records: integerOf(row, 'records'), bytes: integerOf(row, 'bytes'), hash: text('hash') };
}
