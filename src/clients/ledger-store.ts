import type { TokenCredential } from '@azure/core-auth';
import { createHttpHeaders, createPipelineRequest, type HttpClient, type RequestBodyType } from '@azure/core-rest-pipeline';
import { ContainerClient, newPipeline, type AppendBlobClient } from '@azure/storage-blob';
import { StewardError } from '../errors.ts';
import type { LedgerStore } from '../audit/record.ts';
import { backoffMs, wait } from './wait.ts';

export interface LedgerStoreOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly startedAt: Date;
  readonly instance: string;
}

const CONTAINER = 'ledger';
const TIMEOUT_MS = 4_000;
const ATTEMPTS = 3;
/** An append blob takes 50,000 blocks; the rest is room to say so. */
const MOST_BLOCKS = 49_000;
/** The largest block that every version of the service takes. */
const MOST_BLOCK_BYTES = 4 * 1024 * 1024;

/** The ledger of one start of an instance: one append blob, which only this process appends to. */
export class BlobLedgerStore implements LedgerStore {
  /** Path of the blob in the container. */
  readonly name: string;
  readonly #container: ContainerClient;
  readonly #blob: AppendBlobClient;
  #created: Promise<void> | undefined;
  #blocks = 0;

  constructor({ endpoint, credential, httpClient, startedAt, instance }: LedgerStoreOptions) {
    const at = startedAt.toISOString();
    this.name = `${at.slice(0, 10).replaceAll('-', '/')}/${at.replaceAll(/[-:]/g, '').replace(/\.\d+/, '')}-${instance}.jsonl`;
    // No repetition by the SDK: it would append a second time what was appended, and call its own conflict a fork.
    const pipeline = newPipeline(credential, { retryOptions: { maxTries: 1 }, httpClient: compatible(httpClient) });
    this.#container = new ContainerClient(`${endpoint}/${CONTAINER}`, pipeline);
    this.#blob = this.#container.getAppendBlobClient(this.name);
  }

  /** Creates the container if it is missing. Deployment makes it, with a retention policy; this is for the first start. */
  async prepare(): Promise<void> {
    try {
      await this.#repeated(() => this.#container.createIfNotExists({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) }));
    } catch (error) {
      throw new StewardError('LEDGER_UNAVAILABLE', 'the ledger container could not be made', { cause: error });
    }
  }

  async append(lines: string, positionBytes: number): Promise<void> {
    const bytes = Buffer.from(lines, 'utf8');
    if (bytes.length > MOST_BLOCK_BYTES) throw new StewardError('LEDGER_UNAVAILABLE', `an append of ${bytes.length} bytes is too large`);
    if (this.#blocks >= MOST_BLOCKS) throw new StewardError('LEDGER_UNAVAILABLE', `the ledger of this start is full after ${MOST_BLOCKS} appends; restart the instance`);
    try {
      this.#created ??= this.#create();
      await this.#created;
      await this.#append(bytes, positionBytes);
    } catch (error) {
      if (error instanceof StewardError && error.code === 'LEDGER_UNAVAILABLE') throw error;
      throw new StewardError('LEDGER_UNAVAILABLE', 'the ledger could not be written', { cause: error });
    }
    this.#blocks += 1;
  }

  async #create(): Promise<void> {
    let again = false;
    await this.#repeated(async () => {
      try {
        await this.#blob.create({ conditions: { ifNoneMatch: '*' }, abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        // Its name holds the id of this start: after an attempt whose answer was lost, the blob that is there is ours.
        if (again && statusOf(error) === 409) return;
        again = true;
        throw error;
      }
    });
  }

  async #append(bytes: Buffer, positionBytes: number): Promise<void> {
    let doubtful = false;
    await this.#repeated(async () => {
      try {
        await this.#blob.appendBlock(bytes, bytes.length, { conditions: { appendPosition: positionBytes }, abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        // An attempt whose answer was lost may have been written. It was, exactly if those bytes stand at the end.
        if (doubtful && statusOf(error) === 412 && (await this.#endsWith(bytes, positionBytes))) return;
        doubtful = true;
        throw error;
      }
    });
  }

  async #endsWith(bytes: Buffer, positionBytes: number): Promise<boolean> {
    const abortSignal = AbortSignal.timeout(TIMEOUT_MS);
    const { contentLength } = await this.#blob.getProperties({ abortSignal });
    if (contentLength !== positionBytes + bytes.length) return false;
    return (await this.#blob.downloadToBuffer(positionBytes, bytes.length, { abortSignal })).equals(bytes);
  }

  /** Repeats what failed for a passing reason: no answer, or one that says to come again. */
  async #repeated<T>(operation: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await operation();
      } catch (error) {
        const status = statusOf(error);
        const passing = status === undefined || status === 408 || status === 429 || status >= 500;
        if (!passing || attempt >= ATTEMPTS || error instanceof StewardError) throw error;
      }
      await wait(backoffMs(attempt, 100, 1_000));
    }
  }
}

type CompatibleClient = NonNullable<NonNullable<Parameters<typeof newPipeline>[1]>['httpClient']>;

/** The storage SDK takes an `httpClient` of the generation before; this is ours in that shape. */
function compatible(httpClient: HttpClient): CompatibleClient {
  return {
    sendRequest: async (request) => {
      const answer = await httpClient.sendRequest(
        createPipelineRequest({
          url: request.url,
          method: request.method,
          headers: createHttpHeaders(request.headers.toJson({ preserveCase: true })),
          timeout: request.timeout,
          body: request.body as RequestBodyType, // untyped in that generation; the egress refuses what it does not know
          ...(request.abortSignal === undefined ? {} : { abortSignal: request.abortSignal }),
          ...(request.streamResponseStatusCodes === undefined ? {} : { streamResponseStatusCodes: request.streamResponseStatusCodes }),
        }),
      );
      // The class of these headers is not exported to us; a copy of the request's, emptied, is of the right one.
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      for (const [name, value] of answer.headers) headers.set(name, value);
      const { status, bodyAsText, readableStreamBody } = answer;
      return { request, status, headers, ...(bodyAsText === undefined ? {} : { bodyAsText }), ...(readableStreamBody === undefined ? {} : { readableStreamBody }) };
    },
  };
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
