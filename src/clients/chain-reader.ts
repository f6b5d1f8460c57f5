import type { ContainerClient } from '@azure/storage-blob';
import type { ChainReader, StoredChain } from '../audit/adopt.ts';
import { StewardError } from '../errors.ts';
import { openContainer, repeated, type BlobOptions } from './blobs.ts';
import { LEDGER_CONTAINER } from './ledger-store.ts';

/** The time in which one answer must come, however often it is asked for. */
const TOTAL_MS = 15_000;
/** `…-0002.jsonl` continues `….jsonl`. */
const PART = /^(.+?)(?:-(\d{4}))?\.jsonl$/;

interface Part {
  readonly name: string;
  readonly number: number;
  readonly bytes: number;
}

/** Every chain in the ledger container, whoever wrote it. */
export class BlobChainReader implements ChainReader {
  readonly #container: ContainerClient;
  /** The parts of each chain in their order, as they were listed last. */
  #parts: ReadonlyMap<string, readonly Part[]> = new Map();

  constructor(options: BlobOptions) {
    this.#container = openContainer(LEDGER_CONTAINER, options);
  }

  async list(): Promise<readonly StoredChain[]> {
    const parts = new Map<string, Part[]>();
    const lastMs = new Map<string, number>();
    const nowMs = await this.#safely(async (abortSignal) => {
      parts.clear();
      let now = 0;
      for await (const page of this.#container.listBlobsFlat({ abortSignal }).byPage({ maxPageSize: 5_000 })) {
        now = page.date?.getTime() ?? now;
        for (const { name, properties } of page.segment.blobItems) {
          const [, chain, number = '1'] = PART.exec(name) ?? [];
          if (chain === undefined) continue;
          parts.set(chain, [...(parts.get(chain) ?? []), { name, number: Number(number), bytes: properties.contentLength ?? 0 }]);
          lastMs.set(chain, Math.max(lastMs.get(chain) ?? 0, properties.lastModified.getTime()));
        }
      }
      return now;
    });
    this.#parts = new Map([...parts].map(([chain, all]) => [chain, all.sort((one, other) => one.number - other.number)]));
    return [...this.#parts].map(([chain, all]) => ({ chain, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), restsForMs: nowMs - (lastMs.get(chain) ?? nowMs) }));
  }

  async read(chain: string, positionBytes: number, mostBytes: number): Promise<Uint8Array> {
    let beginBytes = 0;
    for (const { bytes, name } of this.#parts.get(chain) ?? []) {
      const from = positionBytes - beginBytes;
      if (from < bytes) return this.#safely((abortSignal) => this.#container.getBlobClient(name).downloadToBuffer(from, Math.min(mostBytes, bytes - from), { abortSignal }));
      beginBytes += bytes;
    }
    return new Uint8Array();
  }

  async #safely<T>(operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await repeated(TOTAL_MS, operation);
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', 'the ledger could not be read', { cause: error });
    }
  }
}
