import { canonicalJson } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import { StewardError } from '../errors.ts';
import { isSameText } from '../same-text.ts';
import type { Row, Table } from './tables.ts';

/** What a row says, all of it under the seal. Empty where there is nothing to say. */
export interface KeyRow {
  /** The key's name: random, and no secret. */
  readonly id: string;
  /** The key under the one in the vault, and which version of that. Both are empty once it was erased. */
  readonly wrapped: string;
  readonly wrappedBy: string;
  /** ISO 8601. */
  readonly erasedAt: string;
  /** Whether the notice of the erasure was written. */
  readonly noticed: boolean;
  /** Since when it is under legal hold, ISO 8601. */
  readonly heldSince: string;
}

export interface StoredKeyRow {
  readonly person: string;
  readonly value: KeyRow;
  readonly etag: string;
}

/** Nobody erases this many people between two sweeps. */
const MOST_UNNOTICED = 1_000;
const FIELDS = ['id', 'wrapped', 'wrappedBy', 'erasedAt', 'heldSince'] as const;

/**
 * The rows of `personkeys`. Each is sealed: whoever can write storage can take a key away, and can neither plant one, swap two,
 * nor lift a hold. Without the key of the seal, rows are read and not written.
 */
export class PersonKeyRows {
  readonly #table: Table;
  readonly #seal: DigestKey | undefined;

  constructor(table: Table, seal?: DigestKey) {
    this.#table = table;
    this.#seal = seal;
  }

  /** Undefined when there is none. Fails with `LEDGER_UNAVAILABLE` on a row whose seal does not hold, and with `STORAGE_UNAVAILABLE`. */
  async read(person: string): Promise<StoredKeyRow | undefined> {
    const row = await this.#table.read(partitionOf(person), person);
    return row === undefined ? undefined : this.#opened(row);
  }

  /** True if it was written: there was none, or the one that was read. */
  async write(person: string, value: KeyRow, stored: StoredKeyRow | undefined): Promise<boolean> {
    if (this.#seal === undefined) throw new StewardError('LEDGER_UNAVAILABLE', 'without the key of the seal nothing is written');
    const properties = { ...value, sealedBy: sealOf(person, value, this.#seal) };
    const written = stored === undefined ? await this.#table.insert(partitionOf(person), person, properties) : await this.#table.replace(partitionOf(person), person, properties, stored.etag);
    return written !== 'exists' && written !== 'conflict';
  }

  /** Erased, and without a notice of it; of those whose seal holds. */
  async unnoticed(): Promise<readonly StoredKeyRow[]> {
    const rows = await this.#table.some(`noticed eq false and erasedAt ne ''`, MOST_UNNOTICED);
    return rows.flatMap((row) => {
      try {
        return [this.#opened(row)];
      } catch {
        // Somebody else's erasure is not made ours.
        return [];
      }
    });
  }

  /** Whether anybody is under legal hold; a row that claims it counts, sealed or not. */
  async isAnyHeld(): Promise<boolean> {
    return (await this.#table.some(`heldSince ne ''`, 1)).length > 0;
  }

  #opened({ etag, key: person, properties }: Row): StoredKeyRow {
    const [id, wrapped, wrappedBy, erasedAt, heldSince] = FIELDS.map((name) => text(properties.get(name)));
    const value: KeyRow = { id: id ?? '', wrapped: wrapped ?? '', wrappedBy: wrappedBy ?? '', erasedAt: erasedAt ?? '', heldSince: heldSince ?? '', noticed: properties.get('noticed') === true };
    if (this.#seal !== undefined && !isSameText(sealOf(person, value, this.#seal), text(properties.get('sealedBy')))) throw new StewardError('LEDGER_UNAVAILABLE', 'a row of a key was not written by Steward');
    return { person, value, etag };
  }
}

function sealOf(person: string, value: KeyRow, key: DigestKey): string {
  return key.digest(`person key\0${canonicalJson([person, ...FIELDS.map((name) => value[name]), value.noticed])}`);
}

/** Spread over partitions, which storage can spread over machines. */
function partitionOf(person: string): string {
  if (!isPersonDigest(person)) throw new StewardError('LEDGER_UNAVAILABLE', 'not the digest of a person');
  return person.slice(0, 2);
}

export function isPersonDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
