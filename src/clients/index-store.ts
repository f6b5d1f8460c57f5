import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonWebKey } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { KeyClient } from '@azure/keyvault-keys';
import type { ContainerClient } from '@azure/storage-blob';
import { StewardError } from '../errors.ts';
import { INDEX_FILE, SIGNATURE_FILE, VECTORS_FILE, type IndexFiles } from '../knowledge/index-file.ts';
import type { IndexStore } from '../knowledge/library.ts';
import { ANCHOR_CONTAINER } from './anchor-store.ts';
import { openContainer, repeated, statusOf, type BlobOptions } from './blobs.ts';
import { publicPart } from './vault-key.ts';

/** Signs indexes. Whoever builds may sign with it; Steward itself may only read its public part. */
export const KNOWLEDGE_KEY = 'knowledge-signing-key';
const TIMEOUT_MS = 8_000;
/** An index of a hundred thousand passages takes a while to be kept, once. */
const ARCHIVE_MS = 60_000;
const DIGEST = /^[0-9a-f]{64}$/;
const NAMES = { index: INDEX_FILE, vectors: VECTORS_FILE, signature: SIGNATURE_FILE } as const;

export interface IndexStoreOptions {
  /** The folder that came with the deployment. */
  readonly directory: string;
  readonly vault: string;
  readonly anchors: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
}

/** The deployed index on disk, its key in Key Vault, and every index that was answered from beside the checkpoints, where nobody changes it. */
export class FolderIndexStore implements IndexStore {
  readonly #directory: string;
  readonly #keys: KeyClient;
  readonly #container: ContainerClient;

  constructor({ anchors, credential, directory, httpClient, vault }: IndexStoreOptions) {
    this.#directory = directory;
    this.#keys = new KeyClient(vault, credential, { httpClient, retryOptions: { maxRetries: 2 } });
    const blobs: BlobOptions = { endpoint: anchors, credential, httpClient };
    this.#container = openContainer(ANCHOR_CONTAINER, blobs);
  }

  async deployed(): Promise<IndexFiles | undefined> {
    if (this.#directory === '') return undefined;
    const read = async (name: string): Promise<Buffer | undefined> => {
      try {
        return await readFile(join(this.#directory, name));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw new StewardError('KNOWLEDGE_UNTRUSTED', 'a file of the index can’t be read', { cause: error });
      }
    };
    const [index, vectors, signature] = await Promise.all([read(INDEX_FILE), read(VECTORS_FILE), read(SIGNATURE_FILE)]);
    if (index === undefined && vectors === undefined && signature === undefined) return undefined;
    if (index === undefined || vectors === undefined || signature === undefined) throw new StewardError('KNOWLEDGE_UNTRUSTED', 'the index is not whole, or not signed');
    return { index, vectors, signature };
  }

  keyOf(name: string): Promise<JsonWebKey | undefined> {
    return keyNamed(this.#keys, name);
  }

  /** What is there already is there under its digest: nothing to compare. Signature last, so that what has one is whole. */
  async archive(digest: string, files: IndexFiles): Promise<void> {
    for (const part of ['index', 'vectors', 'signature'] as const) {
      const blob = this.#container.getBlockBlobClient(nameOf(digest, NAMES[part]));
      const bytes = files[part];
      await this.#safely(async (abortSignal) => {
        try {
          await blob.upload(bytes, bytes.byteLength, { conditions: { ifNoneMatch: '*' }, abortSignal });
        } catch (error) {
          if (statusOf(error) !== 409 && statusOf(error) !== 412) throw error;
        }
      });
    }
  }

  async archived(digest: string): Promise<Pick<IndexFiles, 'index' | 'vectors'> | undefined> {
    if (!DIGEST.test(digest)) return undefined;
    const read = (name: string): Promise<Buffer | undefined> =>
      this.#safely(async (abortSignal) => {
        try {
          return await this.#container.getBlobClient(nameOf(digest, name)).downloadToBuffer(0, undefined, { abortSignal });
        } catch (error) {
          if (statusOf(error) === 404) return undefined;
          throw error;
        }
      });
    const [index, vectors] = await Promise.all([read(INDEX_FILE), read(VECTORS_FILE)]);
    return index === undefined || vectors === undefined ? undefined : { index, vectors };
  }

  async #safely<T>(operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await repeated(ARCHIVE_MS, operation);
    } catch (error) {
      throw new StewardError('STORAGE_UNAVAILABLE', 'the index could not be kept or read where answers are traced to', { cause: error });
    }
  }
}

/** The public key of a signature, asked with any login that may read it. */
export function publicKeyOf({ credential, httpClient, vault }: Pick<IndexStoreOptions, 'vault' | 'credential' | 'httpClient'>, name: string): Promise<JsonWebKey | undefined> {
  return keyNamed(new KeyClient(vault, credential, { httpClient, retryOptions: { maxRetries: 2 } }), name);
}

/** A version that was disabled is trusted no more: that takes back every index that it signed. */
async function keyNamed(keys: KeyClient, name: string): Promise<JsonWebKey | undefined> {
  const [key, version = '', ...more] = name.split('/');
  if (key !== KNOWLEDGE_KEY || !/^[0-9a-f]{32}$/.test(version) || more.length > 0) return undefined;
  try {
    const found = await keys.getKey(key, { version, abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    return found.properties.enabled === true ? publicPart(KNOWLEDGE_KEY, found) : undefined;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error instanceof StewardError ? error : new StewardError('STORAGE_UNAVAILABLE', 'the key of the index could not be read', { cause: error });
  }
}

/** A folder for each index: what `audit export` copies, and `audit why` looks into. */
function nameOf(digest: string, file: string): string {
  return `knowledge/${digest}/${file}`;
}
