import { randomBytes } from 'node:crypto';
import type { PersonKey, PersonKeys } from '../audit/sealed.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { Properties, Row, Table } from './tables.ts';
import { VaultKey, type VaultKeyOptions } from './vault-key.ts';

export const WRAPPING_KEY = 'ledger-wrapping-key';
const ALGORITHM = 'RSA-OAEP-256';
const SECRET_BYTES = 32;
const ID_BYTES = 12;
/** A key that was erased elsewhere goes out of use here after this. */
const TTL_MS = 10 * 60_000;
const MOST_HELD = 5_000;
const TIMEOUT_MS = 8_000;
/** A row that others changed meanwhile is read again this often. */
const MOST_ATTEMPTS = 4;

export interface TablePersonKeysOptions extends Pick<VaultKeyOptions, 'endpoint' | 'credential' | 'httpClient'> {
  readonly table: Table;
  readonly clock: Clock;
  /** Keys in memory at a time. */
  readonly mostHeld?: number;
}

interface Held {
  readonly key: PersonKey;
  readonly readAtMs: number;
}

/**
 * A row for each person, with the key wrapped by one in Key Vault: storage alone reads nothing, and who erases the row
 * erases what every record says of that person. Everything fails with `LEDGER_UNAVAILABLE`, and no error names a key.
 */
export class TablePersonKeys implements PersonKeys {
  readonly #table: Table;
  readonly #wrapping: VaultKey;
  readonly #clock: Clock;
  readonly #mostHeld: number;
  /** In the order in which they were read. */
  readonly #held = new Map<string, Held>();
  readonly #asked = new Map<string, Promise<PersonKey>>();

  constructor({ clock, mostHeld = MOST_HELD, table, ...vault }: TablePersonKeysOptions) {
    this.#mostHeld = mostHeld;
    this.#table = table;
    this.#clock = clock;
    this.#wrapping = new VaultKey({ ...vault, clock, name: WRAPPING_KEY, operations: ['wrapKey', 'unwrapKey'] });
  }

  async keyOf(person: string): Promise<PersonKey> {
    const held = this.#held.get(person);
    if (held !== undefined && this.#clock.monotonicMs() - held.readAtMs < TTL_MS) return held.key;
    return this.#asked.get(person) ?? this.#ask(person);
  }

  /**
   * Overwrites the person's key in storage. True when there was one. Other instances may use theirs for ten minutes more; what
   * they seal in that time can't be read either.
   */
  async erase(person: string): Promise<boolean> {
    this.#drop(person);
    try {
      return await safely('a key could not be erased', async () => {
        for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
          const row = await this.#table.read(partitionOf(person), person);
          if (row === undefined || isErased(row)) return false;
          // Whatever else it holds: what can't be read must be erasable too.
          const written = await this.#table.replace(partitionOf(person), person, { id: text(row, 'id'), wrapped: '', wrappedBy: '', erasedAt: this.#clock.now().toISOString() }, row.etag);
          if (written !== 'conflict') return true;
        }
        throw new StewardError('LEDGER_UNAVAILABLE', 'others kept changing the row');
      });
    } finally {
      // Again: who asked while the row was being written may have read it as it was before.
      this.#drop(person);
    }
  }

  /** The key that there is, for who reads the ledger and writes nothing; undefined for who has none, or was erased. */
  async find(person: string): Promise<PersonKey | undefined> {
    return safely('the key of a person could not be read', async () => {
      const row = await this.#table.read(partitionOf(person), person);
      return row === undefined || isErased(row) ? undefined : this.#unwrap(person, row);
    });
  }

  #ask(person: string): Promise<PersonKey> {
    // Before it is read: one that is erased while it is being read is used no longer than the others.
    const readAtMs = this.#clock.monotonicMs();
    const isCurrent = (): boolean => this.#asked.get(person) === asked;
    const asked = safely('the key of a person could not be used', () => this.#load(person))
      .then((key) => {
        if (isCurrent()) this.#hold(person, { key, readAtMs });
        return key;
      })
      .finally(() => {
        if (isCurrent()) this.#asked.delete(person);
      });
    this.#asked.set(person, asked);
    return asked;
  }

  async #load(person: string): Promise<PersonKey> {
    const partition = partitionOf(person);
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const row = await this.#table.read(partition, person);
      if (row !== undefined && !isErased(row)) return this.#unwrap(person, row);
      const { key, properties } = await this.#make(person);
      const written = row === undefined ? await this.#table.insert(partition, person, properties) : await this.#table.replace(partition, person, properties, row.etag);
      if (written !== 'exists' && written !== 'conflict') return key;
    }
    throw new StewardError('LEDGER_UNAVAILABLE', 'others kept changing the row');
  }

  async #make(person: string): Promise<{ readonly key: PersonKey; readonly properties: Properties }> {
    const key = new HeldKey(person, randomBytes(ID_BYTES).toString('base64url'), randomBytes(SECRET_BYTES));
    try {
      const { client, name } = await this.#wrapping.newest();
      const { result } = await client.wrapKey(ALGORITHM, key.secret, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      // An answer no longer than the key wraps nothing, and nobody could ever unwrap it.
      if (result.length <= SECRET_BYTES) throw new StewardError('LEDGER_UNAVAILABLE', 'the vault wrapped nothing');
      return { key, properties: { id: key.id, wrapped: Buffer.from(result).toString('base64url'), wrappedBy: name } };
    } catch (error) {
      this.#wrapping.forget();
      throw error;
    }
  }

  async #unwrap(person: string, row: Row): Promise<PersonKey> {
    const [id, wrapped, wrappedBy] = [text(row, 'id'), text(row, 'wrapped'), text(row, 'wrappedBy')];
    const version = this.#wrapping.named(wrappedBy);
    if (version === undefined || row.properties.has('erasedAt') || !/^[\w-]{16}$/.test(id) || !/^[\w-]+$/.test(wrapped)) throw new StewardError('LEDGER_UNAVAILABLE', 'a row holds no key');
    const { result } = await version.client.unwrapKey(ALGORITHM, Buffer.from(wrapped, 'base64url'), { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    if (result.length !== SECRET_BYTES) throw new StewardError('LEDGER_UNAVAILABLE', `a key is not of ${SECRET_BYTES} bytes`);
    return new HeldKey(person, id, Buffer.from(result));
  }

  #hold(person: string, held: Held): void {
    this.#held.delete(person);
    this.#held.set(person, held);
    for (const [oldest, { readAtMs }] of this.#held) {
      if (this.#held.size <= this.#mostHeld && held.readAtMs - readAtMs < TTL_MS) break;
      this.#held.delete(oldest);
    }
  }

  /** What is being read is not kept either. */
  #drop(person: string): void {
    this.#held.delete(person);
    this.#asked.delete(person);
  }
}

/** The secret shows in no string, JSON or inspect form. */
class HeldKey implements PersonKey {
  readonly person: string;
  readonly id: string;
  readonly #secret: Buffer;

  constructor(person: string, id: string, secret: Buffer) {
    this.person = person;
    this.id = id;
    this.#secret = secret;
  }

  get secret(): Buffer {
    return this.#secret;
  }
}

/** Spread over partitions, which storage can spread over machines. */
function partitionOf(person: string): string {
  if (!/^[0-9a-f]{64}$/.test(person)) throw new StewardError('LEDGER_UNAVAILABLE', 'not the digest of a person');
  return person.slice(0, 2);
}

function text(row: Row, name: string): string {
  const value = row.properties.get(name);
  return typeof value === 'string' ? value : '';
}

const isErased = (row: Row): boolean => text(row, 'erasedAt') !== '' && row.properties.get('wrapped') === '';

async function safely<T>(message: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw new StewardError('LEDGER_UNAVAILABLE', message, { cause: error instanceof StewardError ? error : bare(error) });
  }
}

/** An error of the SDK holds its request and its answer, and in those the key itself. What is left tells what to look for. */
function bare(error: unknown): Error {
  const [status, code] = ['statusCode', 'code'].map((name) => (typeof error === 'object' && error !== null ? (Reflect.get(error, name) as unknown) : undefined));
  return new Error(`the vault answered ${typeof status === 'number' ? status : 'nothing'}${typeof code === 'string' && /^\w{1,40}$/.test(code) ? `, ${code}` : ''}`);
}
