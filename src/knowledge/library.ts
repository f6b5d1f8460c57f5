import type { JsonWebKey } from 'node:crypto';
import { StewardError } from '../errors.ts';
import { audiences, type Article, type Audience } from './article.ts';
import { standing, unsayable, type LooksSecret } from './check.ts';
import { loadIndex, readIndex, type IndexFiles } from './index-file.ts';
import { Search } from './search.ts';

/** Where indexes are: the one that was deployed, and every one that was ever answered from. */
export interface IndexStore {
  /** The files as they were deployed; undefined where there are none. */
  deployed(): Promise<IndexFiles | undefined>;
  /** The public key by the name that a signature has for it; undefined for one that is not this deployment's. */
  keyOf(name: string): Promise<JsonWebKey | undefined>;
  /** Keeps an index under its digest, once and for good. Fails with `STORAGE_UNAVAILABLE`. */
  archive(digest: string, files: IndexFiles): Promise<void>;
  /** Fails with `STORAGE_UNAVAILABLE`; undefined where it was never kept. */
  archived(digest: string): Promise<Pick<IndexFiles, 'index' | 'vectors'> | undefined>;
}

export interface LibrarySettings {
  /** The embedding model of this deployment: an index of another model's vectors is refused. */
  readonly model: string;
  /** A day such as `2026-01-31`, in UTC. */
  readonly today: () => string;
  readonly looksSecret: LooksSecret;
}

/** The articles of this deployment, loaded when the first question comes, and what of them may be said today. */
export class Library {
  readonly #store: IndexStore;
  readonly #settings: LibrarySettings;
  #loading: Promise<Search> | undefined;
  /** What may be said whatever the day, by the article as it was loaded. */
  readonly #sayable = new WeakMap<Article, boolean>();

  constructor(store: IndexStore, settings: LibrarySettings) {
    this.#store = store;
    this.#settings = settings;
  }

  /** Fails with `KNOWLEDGE_NONE`, `KNOWLEDGE_UNTRUSTED` or `STORAGE_UNAVAILABLE`; asked again, it tries again. */
  search(): Promise<Search> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /** An index that was answered from before; undefined where it is not kept. Fails as `search` does. */
  async searchOf(digest: string): Promise<Search | undefined> {
    const current = await this.#loading?.catch(() => undefined);
    if (current?.digest === digest) return current;
    const files = await this.#store.archived(digest);
    if (files === undefined) return undefined;
    const loaded = readIndex(files);
    // INVARIANT: a name is a digest. What is kept under another name is not the index of that time.
    if (loaded.digest !== digest) throw new StewardError('KNOWLEDGE_UNTRUSTED', 'an index is not what its name says');
    return new Search(loaded);
  }

  get today(): string {
    return this.#settings.today();
  }

  /** Which articles may be said to these, on that day. */
  maySay(hears: ReadonlySet<Audience>, day: string): (article: Article) => boolean {
    return sayable(hears, day, this.#settings.looksSecret, this.#sayable);
  }

  async #load(): Promise<Search> {
    const files = await this.#store.deployed();
    if (files === undefined) throw new StewardError('KNOWLEDGE_NONE', 'no index is deployed');
    const loaded = await loadIndex(files, (name) => this.#store.keyOf(name));
    if (loaded.index.model !== this.#settings.model) throw new StewardError('KNOWLEDGE_UNTRUSTED', `the index was built with the vectors of ${loaded.index.model}`);
    // INVARIANT: kept before anything is said from it, so that every answer can be traced to the index of its time.
    await this.#store.archive(loaded.digest, files);
    return new Search(loaded);
  }
}

/**
 * Which articles of an index may be said to these, on that day. A signature says who built an index, so each article is
 * judged again. `known` keeps what does not change from day to day.
 */
export function sayable(hears: ReadonlySet<Audience>, day: string, looksSecret: LooksSecret, known = new WeakMap<Article, boolean>()): (article: Article) => boolean {
  const isSayable = (article: Article): boolean => {
    const before = known.get(article) ?? unsayable(article, looksSecret).length === 0;
    known.set(article, before);
    return before;
  };
  return (article) => hears.has(article.audience) && standing(article, day).length === 0 && isSayable(article);
}

/** What somebody with these roles hears. In a group everybody reads along. */
export function hearsOf(roles: readonly string[], personal: boolean): ReadonlySet<Audience> {
  if (!personal) return new Set(['everyone']);
  const isAdmin = roles.includes('admin');
  return new Set(audiences.filter((audience) => audience === 'everyone' || (audience === 'helpdesk' && (isAdmin || roles.includes('helpdesk'))) || (audience === 'admin' && isAdmin)));
}
