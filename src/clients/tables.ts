import { createHash, randomBytes } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { TableClient, TableServiceClient, type TransactionAction } from '@azure/data-tables';
import { StewardError } from '../errors.ts';
import { backoffMs, wait } from './wait.ts';

/**
 * Azure Table storage with what all stores here need: no blind repetition of a write, version tags, storage's clock,
 * and errors that are either an answer (`exists`, `conflict`, undefined) or `STORAGE_UNAVAILABLE`.
 */
export type Value = string | number | boolean | bigint | Date;
export type Properties = Readonly<Record<string, Value>>;

export interface Row {
  readonly partition: string;
  readonly key: string;
  readonly properties: ReadonlyMap<string, unknown>;
  readonly etag: string;
  /** When storage last wrote the row, by its own clock. */
  readonly writtenAt: Date;
  /** Storage's clock when it answered, to the second. */
  readonly storageNow: Date;
}

export interface Written {
  readonly etag: string;
  readonly storageNow: Date;
}

/** One step of a transaction. All steps hold or none does. */
export type Change =
  | { readonly kind: 'insert'; readonly key: string; readonly properties: Properties }
  | { readonly kind: 'replace'; readonly key: string; readonly properties: Properties; readonly etag: string }
  | { readonly kind: 'upsert'; readonly key: string; readonly properties: Properties }
  /** Changes these properties of a row that is there, and no others. The tag `*`: whatever it holds. */
  | { readonly kind: 'merge'; readonly key: string; readonly properties: Properties; readonly etag: string };

/** Names the write that made a row, so that a write whose answer was lost can be recognised. */
const NONCE = 'nonce';
const TIMEOUT_MS = 4_000;
const ATTEMPTS = 3;

export class Table {
  readonly name: string;
  readonly #client: TableClient;

  constructor(client: TableClient) {
    this.#client = client;
    this.name = client.tableName;
  }

  async create(): Promise<void> {
    await this.#safely(undefined, async (abortSignal) => {
      await this.#client.createTable({ abortSignal });
    });
  }

  async read(partition: string, key: string, options: { readonly signal?: AbortSignal; readonly attempts?: number } = {}): Promise<Row | undefined> {
    return this.#safely(
      options.signal,
      async (abortSignal) => {
        const clock = new StorageClock();
        try {
          const entity = await this.#client.getEntity(safeKey(partition), safeKey(key), { abortSignal, onResponse: clock.listen });
          return toRow(entity, clock.now());
        } catch (error) {
          // A table that is not there is a fault of the deployment, not an answer about the row.
          if (statusOf(error) === 404 && codeOf(error) !== 'TableNotFound') return undefined;
          throw error;
        }
      },
      options.attempts,
    );
  }

  /** Rows that match an OData filter, at most `most`; fails when there are more. */
  async list(filter: string, most: number, options: { readonly signal?: AbortSignal; readonly attempts?: number } = {}): Promise<readonly Row[]> {
    return this.#safely(
      options.signal,
      async (abortSignal) => {
        const rows = await this.#matching(filter, most, abortSignal);
        if (rows.length > most) throw new StewardError('STORAGE_UNAVAILABLE', `more than ${most} rows in \`${this.name}\``);
        return rows;
      },
      options.attempts,
    );
  }

  /** Rows that match an OData filter, no more than `most` of them. */
  async some(filter: string, most: number): Promise<readonly Row[]> {
    return this.#safely(undefined, async (abortSignal) => (await this.#matching(filter, most, abortSignal)).slice(0, most));
  }

  /** No page is asked for once there are more than `most`. */
  async #matching(filter: string, most: number, abortSignal: AbortSignal): Promise<readonly Row[]> {
    const clock = new StorageClock();
    const rows: Row[] = [];
    for await (const page of this.#client.listEntities({ queryOptions: { filter }, abortSignal, onResponse: clock.listen }).byPage({ maxPageSize: 1_000 })) {
      for (const entity of page) rows.push(toRow(entity, clock.now()));
      if (rows.length > most) break;
    }
    return rows;
  }

  async insert(partition: string, key: string, properties: Properties): Promise<Written | 'exists'> {
    const result = await this.transact(partition, [{ kind: 'insert', key, properties }]);
    return result === 'conflict' ? 'exists' : only(result);
  }

  async replace(partition: string, key: string, properties: Properties, etag: string): Promise<Written | 'conflict'> {
    const result = await this.transact(partition, [{ kind: 'replace', key, properties, etag }]);
    return result === 'conflict' ? 'conflict' : only(result);
  }

  /** `conflict` also when there is no such row. */
  async merge(partition: string, key: string, properties: Properties, etag: string): Promise<Written | 'conflict'> {
    const result = await this.transact(partition, [{ kind: 'merge', key, properties, etag }]);
    return result === 'conflict' ? 'conflict' : only(result);
  }

  async upsert(partition: string, key: string, properties: Properties): Promise<Written> {
    const result = await this.transact(partition, [{ kind: 'upsert', key, properties }]);
    if (result === 'conflict') throw new StewardError('STORAGE_UNAVAILABLE', 'an unconditional write met a conflict');
    return only(result);
  }

  /** With a tag, only a row that nobody wrote since; false when somebody did, or there is none. */
  async remove(partition: string, key: string, etag = '*'): Promise<boolean> {
    return this.#safely(undefined, async (abortSignal) => {
      try {
        await this.#client.deleteEntity(safeKey(partition), safeKey(key), { etag, abortSignal });
        return true;
      } catch (error) {
        if (statusOf(error) === 404 || (etag !== '*' && statusOf(error) === 412)) return false;
        throw error;
      }
    });
  }

  /**
   * Applies changes to one partition, all or none. `conflict` when a row was not as expected. An attempt whose answer was
   * lost is repeated and recognised by its nonce; should others have written every row since, it too ends in `conflict`,
   * and `onDoubt` is called.
   */
  async transact(partition: string, changes: readonly Change[], onDoubt?: () => void): Promise<readonly Written[] | 'conflict'> {
    // A row that was somebody else's when we last saw it. The SDK would take an empty tag for none, and not compare at all.
    if (changes.some((change) => 'etag' in change && change.etag === '')) return 'conflict';
    const nonce = randomBytes(9).toString('base64url');
    let doubtful = false;
    return this.#safely(undefined, async (abortSignal) => {
      try {
        return await this.#send(partition, changes, nonce, abortSignal);
      } catch (error) {
        if (!isConflict(error)) {
          doubtful = true;
          throw error;
        }
        // After an attempt whose answer was lost, a conflict may be with ourselves.
        if (!doubtful) return 'conflict';
        const own = await this.#ownWrite(partition, changes, nonce);
        if (own === 'conflict') onDoubt?.();
        return own;
      }
    });
  }

  async #send(partition: string, changes: readonly Change[], nonce: string, abortSignal: AbortSignal): Promise<readonly Written[]> {
    const clock = new StorageClock();
    const options = { abortSignal, onResponse: clock.listen };
    const entityOf = ({ key, properties }: Change) => ({ ...wireProperties(properties), [NONCE]: nonce, partitionKey: safeKey(partition), rowKey: safeKey(key) });
    const [change] = changes;
    if (changes.length === 1 && change !== undefined) {
      const entity = entityOf(change);
      const { etag } =
        change.kind === 'insert'
          ? await this.#client.createEntity(entity, options)
          : change.kind === 'upsert'
            ? await this.#client.upsertEntity(entity, 'Replace', options)
            : await this.#client.updateEntity(entity, change.kind === 'merge' ? 'Merge' : 'Replace', { ...options, etag: change.etag });
      return [{ etag: needed(etag), storageNow: clock.now() }];
    }
    const actions = changes.map((each): TransactionAction => {
      if (each.kind === 'insert') return ['create', entityOf(each)];
      if (each.kind === 'upsert') return ['upsert', entityOf(each), 'Replace'];
      return ['update', entityOf(each), each.kind === 'merge' ? 'Merge' : 'Replace', { etag: each.etag }];
    });
    // A transaction takes no `onResponse`; what needs storage's clock reads a row.
    const { subResponses } = await this.#client.submitTransaction(actions, { abortSignal });
    if (subResponses.length !== changes.length) throw new StewardError('STORAGE_UNAVAILABLE', 'a transaction was answered in part');
    return subResponses.map(({ etag }) => ({ etag: needed(etag), storageNow: clock.now() }));
  }

  /** The tags of rows that an earlier attempt of this very write made, or `conflict` when it made none. */
  async #ownWrite(partition: string, changes: readonly Change[], nonce: string): Promise<readonly Written[] | 'conflict'> {
    const rows = await Promise.all(changes.map(({ key }) => this.read(partition, key)));
    const own = rows.filter((row) => row?.properties.get(NONCE) === nonce);
    if (own.length === 0) return 'conflict';
    // Rows that others changed since have somebody else's tag, which must not be used: an empty one matches nothing.
    return rows.map((row) => ({ etag: row?.properties.get(NONCE) === nonce ? row.etag : '', storageNow: row?.storageNow ?? new Date(0) }));
  }

  #safely<T>(signal: AbortSignal | undefined, operation: (abortSignal: AbortSignal) => Promise<T>, attempts?: number): Promise<T> {
    return safely(this.name, signal, operation, attempts);
  }
}

/** Repeats what failed for a passing reason; every failure that is left is `STORAGE_UNAVAILABLE`. */
async function safely<T>(name: string, signal: AbortSignal | undefined, operation: (abortSignal: AbortSignal) => Promise<T>, attempts = ATTEMPTS): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    // By hand: each `AbortSignal.timeout` goes off in the end, long after its call, and makes an error with a stack.
    const attemptOver = new AbortController();
    const abort = (): void => attemptOver.abort();
    const timer = setTimeout(abort, TIMEOUT_MS);
    signal?.addEventListener('abort', abort);
    try {
      return await operation(attemptOver.signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof StewardError) throw error.code === 'SYSTEM_UNAVAILABLE' ? unavailable(name, error) : error;
      if (attempt >= attempts || !isPassing(error)) throw unavailable(name, error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
    await wait(backoffMs(attempt, 100, 1_000), signal);
  }
}

const tableNames = ['latch', 'roster', 'spend', 'limits', 'approvals', 'conversations', 'contacts', 'effects', 'offers', 'answers', 'heads', 'personkeys'] as const;
export type Tables = Readonly<Record<(typeof tableNames)[number], Table>> & { readonly names: () => Promise<ReadonlySet<string>> };

export interface TablesOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
}

export function openTables({ endpoint, credential, httpClient }: TablesOptions): Tables {
  const open = (name: string): Table =>
    new Table(new TableClient(endpoint, name, credential, { httpClient, retryOptions: { maxRetries: 0 } }));
  const service = new TableServiceClient(endpoint, credential, { httpClient, retryOptions: { maxRetries: 0 } });
  return {
    names: () => safely('tables', undefined, async (abortSignal) => {
      const names = new Set<string>();
      for await (const { name } of service.listTables({ abortSignal })) if (name !== undefined) names.add(name);
      return names;
    }),
    latch: open('latch'),
    roster: open('roster'),
    spend: open('spend'),
    limits: open('limits'),
    approvals: open('approvals'),
    conversations: open('conversations'),
    contacts: open('contacts'),
    effects: open('effects'),
    offers: open('offers'),
    answers: open('answers'),
    heads: open('heads'),
    personkeys: open('personkeys'),
  };
}

/** Creates the tables that are missing. No row: a missing latch row means killed, and only deployment writes it. */
export async function ensureTables(tables: Tables): Promise<void> {
  // One request where they are there already, instead of a connection for each.
  const there = await tables.names();
  await Promise.all(tableNames.filter((name) => !there.has(name)).map((name) => tables[name].create()));
}

/** SHA-256 in hex: a key for text from outside, of fixed length and without forbidden characters. */
export function keyOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/**
 * Keys may not hold `/ \ # ?` or control characters and end at 1 KiB. What is plain stays readable; anything else
 * becomes its hash, since an escape of our own could make two texts one key.
 */
function safeKey(key: string): string {
  return /^[A-Za-z0-9:_.-]{1,200}$/.test(key) && !key.startsWith('hash:') ? key : `hash:${keyOf(key)}`;
}

const CHUNK_CHARACTERS = 30_000; // a string property holds 64 KiB in UTF-16
const MOST_CHUNKS = 10;

/** JSON as properties `json0` … `json9`, since one property holds 64 KiB. Fails when it needs more. */
export function jsonProperties(json: string): Properties {
  const chunks = Math.max(1, Math.ceil(json.length / CHUNK_CHARACTERS));
  if (chunks > MOST_CHUNKS) throw new StewardError('STORAGE_UNAVAILABLE', `a row of ${json.length} characters is too large`);
  return Object.fromEntries(Array.from({ length: chunks }, (_, index) => [`json${index}`, json.slice(index * CHUNK_CHARACTERS, (index + 1) * CHUNK_CHARACTERS)]));
}

/** The JSON that `jsonProperties` split. */
export function jsonOf(row: Row): string {
  let json = '';
  for (let index = 0; index < MOST_CHUNKS; index += 1) {
    const chunk = row.properties.get(`json${index}`);
    if (typeof chunk !== 'string') break;
    json += chunk;
  }
  return json;
}

/** An integer property, whatever integer type storage kept it in. Fails with `STORAGE_UNAVAILABLE` on anything else. */
export function integerOf(row: Row, name: string): number {
  const value = row.properties.get(name);
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw new StewardError('STORAGE_UNAVAILABLE', `\`${name}\` is not a safe integer`);
  return number;
}

/** Remembers the `date` header, storage's own clock, of the last answer. */
class StorageClock {
  #date = '';

  readonly listen = (response: { readonly headers: { get(name: string): string | undefined } }): void => {
    this.#date = response.headers.get('date') ?? '';
  };

  now(): Date {
    return new Date(Date.parse(this.#date) || 0);
  }
}

function toRow(entity: Readonly<Record<string, unknown>>, storageNow: Date): Row {
  const { partitionKey, rowKey, etag, timestamp, ...properties } = entity;
  return {
    partition: String(partitionKey),
    key: String(rowKey),
    properties: new Map(Object.entries(properties)),
    etag: needed(etag),
    writtenAt: new Date(typeof timestamp === 'string' ? timestamp : 0),
    storageNow,
  };
}

/** Large integers are given their type: the SDK would send a number above 2^31 as a double. */
function wireProperties(properties: Properties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value]));
}

function needed(etag: unknown): string {
  if (typeof etag !== 'string' || etag === '') throw new StewardError('STORAGE_UNAVAILABLE', 'an answer without a version tag');
  return etag;
}

function only(written: readonly Written[]): Written {
  const [first] = written;
  if (first === undefined) throw new StewardError('STORAGE_UNAVAILABLE', 'a write without an answer');
  return first;
}

function unavailable(name: string, cause: unknown): StewardError {
  return new StewardError('STORAGE_UNAVAILABLE', `the table \`${name}\` could not be used`, { cause });
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** The service's own code, which the SDK keeps in `details.odataError`. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const details: unknown = 'details' in error ? error.details : undefined;
  if (typeof details === 'object' && details !== null && 'odataError' in details) {
    const odata: unknown = details.odataError;
    if (typeof odata === 'object' && odata !== null && 'code' in odata && typeof odata.code === 'string') return odata.code;
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The row was not as expected: there already, changed, or gone. */
function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  const code = codeOf(error);
  if (code === 'TableNotFound' || code === 'TableBeingDeleted') return false;
  return status === 409 || status === 412 || status === 404;
}

/** No answer, or one that says to come again. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status === 408 || status === 429 || status >= 500;
}
