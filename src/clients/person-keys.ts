import { randomBytes } from 'node:crypto';
import type { PersonKey, PersonKeys } from '../audit/sealed.ts';
import type { Clock } from '../clock.ts';
import type { PersonStanding } from '../guard/ports.ts';
import { StewardError } from '../errors.ts';
import type { KeyRow, PersonKeyRows, StoredKeyRow } from './person-key-rows.ts';
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
  readonly rows: PersonKeyRows;
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
  readonly #rows: PersonKeyRows;
  readonly #wrapping: VaultKey;
  readonly #clock: Clock;
  readonly #mostHeld: number;
  /** In the order in which they were read. */
  readonly #held = new Map<string, Held>();
  readonly #asked = new Map<string, Promise<PersonKey>>();

  constructor({ clock, mostHeld = MOST_HELD, rows, ...vault }: TablePersonKeysOptions) {
    this.#mostHeld = mostHeld;
    this.#rows = rows;
    this.#clock = clock;
    this.#wrapping = new VaultKey({ ...vault, clock, name: WRAPPING_KEY, operations: ['wrapKey', 'unwrapKey'] });
  }

  async keyOf(person: string): Promise<PersonKey> {
    const held = this.#held.get(person);
    if (held !== undefined && this.#clock.monotonicMs() - held.readAtMs < TTL_MS) return held.key;
    return this.#asked.get(person) ?? this.#ask(person);
  }

  /** What the ledger can still say about somebody. */
  async standing(person: string): Promise<PersonStanding> {
    return safely('the key of a person could not be read', async () => standingOf(await this.#rows.read(person)));
  }

  /**
   * Overwrites the person's key in storage, unless it is under legal hold; with `only`, no key but that one, and whatever holds it.
   * Resolves to how it stood before. Other instances may use theirs for ten minutes more; what they seal in that time can't be
   * read either.
   */
  async erase(person: string, only?: string): Promise<PersonStanding> {
    this.#drop(person);
    try {
      return await this.#change(person, 'a key could not be erased', (row) => {
        const standing = standingOf(row);
        const isMeant = only === undefined ? standing === 'kept' : row?.value.id === only && standing !== 'erased';
        return isMeant && row !== undefined ? { id: row.value.id, wrapped: '', wrappedBy: '', erasedAt: this.#clock.now().toISOString(), noticed: only !== undefined, heldSince: '' } : undefined;
      });
    } finally {
      // Again: who asked while the row was being written may have read it as it was before.
      this.#drop(person);
    }
  }

  /** The notice of an erasure stands: the person may have another key from now on. */
  async noticed(person: string, key: string): Promise<void> {
    await this.#change(person, 'an erasure could not be noted', (row) => (row !== undefined && isErased(row.value) && row.value.id === key && !row.value.noticed ? { ...row.value, noticed: true } : undefined));
  }

  /** Puts a person under legal hold, who gets a key for it if there was none. Resolves to how it stood before. */
  async hold(person: string): Promise<PersonStanding> {
    await this.keyOf(person);
    return this.#change(person, 'a hold could not be noted', (row) => (standingOf(row) === 'kept' && row !== undefined ? { ...row.value, heldSince: this.#clock.now().toISOString() } : undefined));
  }

  /** Resolves to how it stood before. */
  async release(person: string): Promise<PersonStanding> {
    return this.#change(person, 'a hold could not be lifted', (row) => (standingOf(row) === 'held' && row !== undefined ? { ...row.value, heldSince: '' } : undefined));
  }

  /** The key that there is, for who reads the ledger and writes nothing; undefined for who has none, or was erased. */
  async find(person: string): Promise<PersonKey | undefined> {
    return safely('the key of a person could not be read', async () => {
      const row = await this.#rows.read(person);
      return row === undefined || isErased(row.value) ? undefined : this.#unwrap(person, row.value);
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
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const row = await this.#rows.read(person);
      if (row !== undefined && !isErased(row.value)) return this.#unwrap(person, row.value);
      // Another one takes the row; that the one before it was erased must be written down elsewhere by then.
      if (row?.value.noticed === false) throw new StewardError('LEDGER_UNAVAILABLE', 'an erasure is under way');
      const { key, value } = await this.#make(person);
      if (await this.#rows.write(person, value, row)) return key;
    }
    throw new StewardError('LEDGER_UNAVAILABLE', 'others kept changing the row');
  }

  /** Writes what `change` makes of the row, if anything. Resolves to how it stood before. */
  #change(person: string, problem: string, change: (row: StoredKeyRow | undefined) => KeyRow | undefined): Promise<PersonStanding> {
    return safely(problem, async () => {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
        const row = await this.#rows.read(person);
        const changed = change(row);
        if (changed === undefined || (await this.#rows.write(person, changed, row))) return standingOf(row);
      }
      throw new StewardError('LEDGER_UNAVAILABLE', 'others kept changing the row');
    });
  }

  async #make(person: string): Promise<{ readonly key: PersonKey; readonly value: KeyRow }> {
    const key = new HeldKey(person, randomBytes(ID_BYTES).toString('base64url'), randomBytes(SECRET_BYTES));
    try {
      const { client, name } = await this.#wrapping.newest();
      const { result } = await client.wrapKey(ALGORITHM, key.secret, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      // An answer no longer than the key wraps nothing, and nobody could ever unwrap it.
      if (result.length <= SECRET_BYTES) throw new StewardError('LEDGER_UNAVAILABLE', 'the vault wrapped nothing');
      return { key, value: { id: key.id, wrapped: Buffer.from(result).toString('base64url'), wrappedBy: name, erasedAt: '', noticed: false, heldSince: '' } };
    } catch (error) {
      this.#wrapping.forget();
      throw error;
    }
  }

  async #unwrap(person: string, { erasedAt, id, wrapped, wrappedBy }: KeyRow): Promise<PersonKey> {
    const version = this.#wrapping.named(wrappedBy);
    if (version === undefined || erasedAt !== '' || !/^[\w-]{16}$/.test(id) || !/^[\w-]+$/.test(wrapped)) throw new StewardError('LEDGER_UNAVAILABLE', 'a row holds no key');
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

const isErased = ({ erasedAt, wrapped }: KeyRow): boolean => erasedAt !== '' && wrapped === '';

function standingOf(row: StoredKeyRow | undefined): PersonStanding {
  if (row === undefined) return 'none';
  return isErased(row.value) ? 'erased' : row.value.heldSince === '' ? 'kept' : 'held';
}

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
