import type { ContainerClient } from '@azure/storage-blob';
import type { DigestKey } from '../audit/record.ts';
import { StewardError } from '../errors.ts';
import type { PersonRecords, PersonStanding } from '../guard/ports.ts';
import { isSameText } from '../same-text.ts';
import { ANCHOR_CONTAINER } from './anchor-store.ts';
import { openContainer, repeated, statusOf, type BlobOptions } from './blobs.ts';
import type { PersonKeyRows } from './person-key-rows.ts';
import type { TablePersonKeys } from './person-keys.ts';

const FOLDER = 'erasures/';
/** `erasures/PERSON/KEY/SEAL`: digests or random, they say nothing about anybody. */
const NAME = /^erasures\/([0-9a-f]{64})\/([\w-]{16})\/([0-9a-f]{64})$/;
const TOTAL_MS = 10_000;

/** An erasure that stands in the container: whose key, and which. */
export interface Notice {
  readonly person: string;
  readonly key: string;
}

/**
 * That a key was erased, written down where no backup of the tables reaches: an empty blob for each in the container of the
 * checkpoints, written once and changed by nobody. Its name bears a seal, so that whoever can write there can't have keys erased.
 */
export class ErasureNotices {
  readonly #container: ContainerClient;
  readonly #seal: DigestKey;

  constructor(options: BlobOptions, seal: DigestKey) {
    this.#container = openContainer(ANCHOR_CONTAINER, options);
    this.#seal = seal;
  }

  /** Fails with `LEDGER_UNAVAILABLE`. */
  async put({ key, person }: Notice): Promise<void> {
    const blob = this.#container.getBlockBlobClient(`${FOLDER}${person}/${key}/${this.#sealOf({ person, key })}`);
    await safely(async (abortSignal) => {
      try {
        await blob.upload('', 0, { conditions: { ifNoneMatch: '*' }, abortSignal });
      } catch (error) {
        const isThere = statusOf(error) === 409 || statusOf(error) === 412;
        if (!isThere || !(await blob.exists({ abortSignal }))) throw error;
      }
    });
  }

  /** Those that Steward wrote, and how many others there are. Fails with `LEDGER_UNAVAILABLE`. */
  async list(): Promise<{ readonly notices: readonly Notice[]; readonly forged: number }> {
    return safely(async (abortSignal) => {
      const notices: Notice[] = [];
      let forged = 0;
      for await (const { name } of this.#container.listBlobsFlat({ prefix: FOLDER, abortSignal })) {
        const [, person = '', key = '', seal = ''] = NAME.exec(name) ?? [];
        if (isSameText(this.#sealOf({ person, key }), seal)) notices.push({ person, key });
        else forged += 1;
      }
      return { notices, forged };
    });
  }

  #sealOf({ key, person }: Notice): string {
    return this.#seal.digest(`erasure\0${person}\0${key}`);
  }
}

async function safely<T>(operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await repeated(TOTAL_MS, operation);
  } catch (error) {
    throw new StewardError('LEDGER_UNAVAILABLE', 'the notices of erasures could not be reached', { cause: error });
  }
}

/**
 * Erasing what the ledger says about somebody, for good. The row is overwritten first, in one step with the question whether it
 * is held; then the notice is written, and until it is that person gets no other key. A row that comes back with a backup is
 * erased again by its notice.
 */
export class Erasures implements PersonRecords {
  readonly #keys: TablePersonKeys;
  readonly #rows: PersonKeyRows;
  readonly #notices: ErasureNotices;
  readonly #isHeld: () => Promise<boolean>;

  /** `isHeld`: whether the whole ledger is under legal hold. */
  constructor(keys: TablePersonKeys, rows: PersonKeyRows, notices: ErasureNotices, isHeld: () => Promise<boolean>) {
    this.#keys = keys;
    this.#rows = rows;
    this.#notices = notices;
    this.#isHeld = isHeld;
  }

  async standing(person: string): Promise<PersonStanding> {
    const standing = await this.#keys.standing(person);
    return standing === 'kept' && (await this.#isHeld()) ? 'held' : standing;
  }

  async erase(person: string): Promise<PersonStanding> {
    if (await this.#isHeld()) return 'held';
    const standing = await this.#keys.erase(person);
    if (standing === 'kept') await this.#notice(await this.#rows.read(person));
    return standing;
  }

  hold(person: string): Promise<PersonStanding> {
    return this.#keys.hold(person);
  }

  release(person: string): Promise<PersonStanding> {
    return this.#keys.release(person);
  }

  /**
   * Finishes what a crash left half done, and erases again what was restored. Resolves to whose keys were erased again, and what
   * went wrong with others. Any number of instances may do it at once. Fails with `LEDGER_UNAVAILABLE` and `STORAGE_UNAVAILABLE`.
   */
  async reapply(): Promise<{ readonly again: readonly string[]; readonly problems: readonly unknown[] }> {
    const again: string[] = [];
    const problems: unknown[] = [];
    const each = async <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
      for (const item of items) await work(item).catch((error: unknown) => problems.push(error));
    };
    await each(await this.#rows.unnoticed(), (row) => this.#notice(row));
    const { forged, notices } = await this.#notices.list();
    await each(notices, async ({ key, person }) => {
      const row = await this.#rows.read(person);
      if (row === undefined || row.value.id !== key || row.value.erasedAt !== '') return;
      await this.#keys.erase(person, key);
      again.push(person);
    });
    if (forged > 0) problems.push(new StewardError('LEDGER_UNAVAILABLE', `${forged} notices of erasures that Steward did not write`));
    return { again, problems };
  }

  async #notice(row: Awaited<ReturnType<PersonKeyRows['read']>>): Promise<void> {
    if (row === undefined || row.value.erasedAt === '' || row.value.noticed) return;
    await this.#notices.put({ person: row.person, key: row.value.id });
    await this.#keys.noticed(row.person, row.value.id);
  }
}
