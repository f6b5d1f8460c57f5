import type { ContainerClient } from '@azure/storage-blob';
import type { StoredChain } from '../audit/adopt.ts';
import type { RemovableChains } from '../audit/retire.ts';
import { StewardError } from '../errors.ts';
import { openContainer, repeated, statusOf, type BlobOptions } from './blobs.ts';
import { LEDGER_CONTAINER } from './ledger-store.ts';

/** The time in which one answer must come, however often it is asked for. */
const TOTAL_MS = 15_000;
/** `…-0002.jsonl` continues `….jsonl`. */
const PART = /^(.+?)(?:-(\d{4}))?\.jsonl$/;

interface Part {
  readonly name: string;
  readonly number: number;
  readonly bytes: number;
  readonly etag: string;
}

/** Every chain in the ledger container, whoever wrote it. */
export class BlobChainReader implements RemovableChains {
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
          parts.set(chain, [...(parts.get(chain) ?? []), { name, number: Number(number), bytes: properties.contentLength ?? 0, etag: properties.etag }]);
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

  async remove(chain: string): Promise<'removed' | 'held'> {
    for (const { etag, name } of [...(this.#parts.get(chain) ?? [])].reverse()) {
      const removed = await this.#safely(async (abortSignal) => {
        const blob = this.#container.getBlobClient(name);
        try {
          await blob.delete({ conditions: { ifMatch: etag }, abortSignal });
        } catch (error) {
          // 409: an immutability policy, a legal hold or a snapshot. https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
          if (statusOf(error) === 409) return false;
          // Another instance was first, or this one, and its answer was lost: 404, or 412 where the condition is looked at before.
          const isGone = statusOf(error) === 404 || (statusOf(error) === 412 && !(await blob.exists({ abortSignal })));
          if (!isGone) throw error;
        }
        return true;
      }, 'deleted');
      if (!removed) return 'held';
    }
    return 'removed';
  }

  async #safely<T>(operation: (abortSignal: AbortSignal) => Promise<T>, done = 'read'): Promise<T> {
    try {
      return await repeated(TOTAL_MS, operation);
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', `the ledger could not be ${done}`, { cause: error });
    }
  }
}
