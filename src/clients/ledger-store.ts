import type { AppendBlobClient, ContainerClient } from '@azure/storage-blob';
import { StewardError } from '../errors.ts';
import type { LedgerReader, LedgerStore } from '../audit/record.ts';
import { openContainer, repeated, statusOf, type BlobOptions } from './blobs.ts';

export interface LedgerStoreOptions extends BlobOptions {
  readonly startedAt: Date;
  readonly instance: string;
  readonly limits?: LedgerLimits;
}

export interface LedgerLimits {
  /** Appends to one blob; the next one begins another. */
  readonly blocks: number;
  /** Bytes in one blob. */
  readonly blobBytes: number;
  /** The time in which one append must succeed, however often it is repeated. */
  readonly totalMs: number;
}

/** An append blob takes 50,000 blocks; a gibibyte can still be read in one go. */
const limitsOfTheService: LedgerLimits = { blocks: 49_000, blobBytes: 1024 ** 3, totalMs: 6_000 };

export const LEDGER_CONTAINER = 'ledger';
/** The largest block that every version of the service takes. */
const MOST_BLOCK_BYTES = 4 * 1024 * 1024;

/** One append blob of a ledger. */
interface Part {
  /** Path in the container. */
  readonly name: string;
  readonly blob: AppendBlobClient;
  /** Where it begins in the ledger: positions that the caller gives run on over all parts. */
  readonly beginBytes: number;
  readonly created: Promise<void>;
}

/**
 * The ledger of one start of an instance, which only this process appends to: an append blob, and when it is full
 * another one (`…-0002.jsonl`), whose first record continues the chain of the one before.
 */
export class BlobLedgerStore implements LedgerStore, LedgerReader {
  readonly #container: ContainerClient;
  readonly #path: string;
  readonly #limits: LedgerLimits;
  readonly #all: Part[] = [];
  #part: Part | undefined;
  #parts = 0;
  #blocks = 0;
  #endBytes = 0;

  constructor({ startedAt, instance, limits = limitsOfTheService, ...options }: LedgerStoreOptions) {
    const at = startedAt.toISOString();
    this.#path = `${at.slice(0, 10).replaceAll('-', '/')}/${at.replaceAll(/[-:]/g, '').replace(/\.\d+/, '')}-${instance}`;
    this.#limits = limits;
    this.#container = openContainer(LEDGER_CONTAINER, options);
  }

  /** What all its blobs' names begin with: the name of the chain. */
  get chain(): string {
    return this.#path;
  }

  /** Path in the container of the blob that is appended to. */
  get name(): string {
    return this.#part?.name ?? this.#nameOf(1);
  }

  /** Creates the container if it is missing. Deployment makes it, with a retention policy; this is for the first start. */
  async prepare(): Promise<void> {
    try {
      await this.#repeated((abortSignal) => this.#container.createIfNotExists({ abortSignal }));
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', 'the ledger container could not be made', { cause: error });
    }
  }

  async append(lines: string, positionBytes: number): Promise<void> {
    const bytes = Buffer.from(lines, 'utf8');
    if (bytes.length > MOST_BLOCK_BYTES) throw new StewardError('LEDGER_UNAVAILABLE', `an append of ${bytes.length} bytes is too large`);
    // The service checks the position within a blob; that the first record of a further one is at its place is checked here.
    if (positionBytes !== this.#endBytes) throw new StewardError('LEDGER_UNAVAILABLE', `an append at byte ${positionBytes} of a ledger that ends at ${this.#endBytes}`);
    try {
      const part = this.#partFor(bytes.length);
      await part.created;
      await this.#append(part.blob, bytes, positionBytes - part.beginBytes);
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', 'the ledger could not be written', { cause: error });
    }
    this.#blocks += 1;
    this.#endBytes += bytes.length;
  }

  async read(positionBytes: number, mostBytes: number): Promise<Uint8Array> {
    const index = this.#all.findLastIndex(({ beginBytes }) => beginBytes <= positionBytes);
    const part = this.#all[index];
    const endBytes = Math.min(this.#all[index + 1]?.beginBytes ?? this.#endBytes, positionBytes + mostBytes);
    if (part === undefined || endBytes <= positionBytes) return new Uint8Array();
    try {
      // Downloaded whole or not at all: what storage cut short would look like a ledger that was.
      return await this.#repeated((abortSignal) => part.blob.downloadToBuffer(positionBytes - part.beginBytes, endBytes - positionBytes, { abortSignal }));
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', 'the ledger could not be read', { cause: error });
    }
  }

  #partFor(bytes: number): Part {
    const current = this.#part;
    if (current !== undefined && this.#blocks < this.#limits.blocks && this.#endBytes - current.beginBytes + bytes <= this.#limits.blobBytes) return current;
    this.#parts += 1;
    this.#blocks = 0;
    const name = this.#nameOf(this.#parts);
    const blob = this.#container.getAppendBlobClient(name);
    this.#part = { name, blob, beginBytes: this.#endBytes, created: this.#create(blob) };
    this.#all.push(this.#part);
    return this.#part;
  }

  #nameOf(part: number): string {
    return part === 1 ? `${this.#path}.jsonl` : `${this.#path}-${String(part).padStart(4, '0')}.jsonl`;
  }

  async #create(blob: AppendBlobClient): Promise<void> {
    let again = false;
    await this.#repeated(async (abortSignal) => {
      try {
        await blob.create({ conditions: { ifNoneMatch: '*' }, abortSignal });
      } catch (error) {
        // Its name holds the id of this start: after an attempt whose answer was lost, the blob that is there is ours.
        if (again && statusOf(error) === 409) return;
        again = true;
        throw error;
      }
    });
  }

  async #append(blob: AppendBlobClient, bytes: Buffer, positionBytes: number): Promise<void> {
    let doubtful = false;
    await this.#repeated(async (abortSignal) => {
      try {
        await blob.appendBlock(bytes, bytes.length, { conditions: { appendPosition: positionBytes }, abortSignal });
      } catch (error) {
        // An attempt whose answer was lost may have been written. It was, exactly if those bytes stand at the end.
        if (doubtful && statusOf(error) === 412 && (await endsWith(blob, bytes, positionBytes, abortSignal))) return;
        doubtful = true;
        throw error;
      }
    });
  }

  #repeated<T>(operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    return repeated(this.#limits.totalMs, operation);
  }
}

async function endsWith(blob: AppendBlobClient, bytes: Buffer, positionBytes: number, abortSignal: AbortSignal): Promise<boolean> {
  const { contentLength } = await blob.getProperties({ abortSignal });
  if (contentLength !== positionBytes + bytes.length) return false;
  return (await blob.downloadToBuffer(positionBytes, bytes.length, { abortSignal })).equals(bytes);
}
