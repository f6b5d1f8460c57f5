/** The articles of the made-up company, built and signed as an operator would, without Azure. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Article, Review } from '../src/knowledge/article.ts';
import { buildIndex } from '../src/knowledge/build.ts';
import { reviewed } from '../src/knowledge/check.ts';
import { INDEX_FILE, manifestOf, SIGNATURE_FILE, signatureText, VECTORS_FILE } from '../src/knowledge/index-file.ts';
import { readArticle } from '../src/knowledge/read-article.ts';
import type { Vault } from './key-vault.ts';
import { createEmbedder } from './model/embedding.ts';
import { EMBEDDING_MODEL_NAME } from './model/wire.ts';

const ARTICLES = fileURLToPath(new URL('../src/knowledge/articles/', import.meta.url));
/** Embedding takes some seconds; what was embedded once is kept where packages keep such things. */
const CACHE = fileURLToPath(new URL('../node_modules/.cache/steward/', import.meta.url));

/** What was built before it is signed. */
export interface Built {
  readonly index: Uint8Array;
  readonly vectors: Uint8Array;
}

/** Writes index, vectors and signature into a folder. */
export async function deployArticles(vault: Pick<Vault, 'sign'>, directory: string, built?: Built): Promise<void> {
  const { index, vectors } = built ?? (await buildArticles(readArticles()));
  const { key, signature } = vault.sign('knowledge-signing-key', createHash('sha256').update(manifestOf(index, vectors)).digest());
  writeFileSync(join(directory, INDEX_FILE), index);
  writeFileSync(join(directory, VECTORS_FILE), vectors);
  writeFileSync(join(directory, SIGNATURE_FILE), signatureText(index, vectors, key, signature));
}

/** With their reviews; fails on a file that is no article. */
export function readArticles(): readonly Article[] {
  const names = existsSync(ARTICLES) ? readdirSync(ARTICLES) : [];
  const reviews = names.includes('reviews.jsonl') ? readFileSync(join(ARTICLES, 'reviews.jsonl'), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Review & { readonly id: string }) : [];
  return names.filter((name) => name.endsWith('.md') && name !== 'README.md').map((name) => reviewed(readArticle(name, readFileSync(join(ARTICLES, name), 'utf8')).article, reviews));
}

/** An index of the local model's vectors, yet to be signed. From the cache where the articles are the same. */
export async function buildArticles(articles: readonly Article[]): Promise<Built> {
  const directory = join(CACHE, `articles-${createHash('sha256').update(JSON.stringify([EMBEDDING_MODEL_NAME, articles])).digest('hex').slice(0, 32)}`);
  const [index, vectors] = [INDEX_FILE, VECTORS_FILE].map((name) => join(directory, name)) as [string, string];
  if (!existsSync(index)) {
    const embedder = createEmbedder();
    const built = await buildIndex(articles, EMBEDDING_MODEL_NAME, async (texts) => {
      const embedded: (readonly number[])[] = [];
      for (const text of texts) embedded.push(await embedder.embed(text));
      return embedded;
    });
    mkdirSync(directory, { recursive: true });
    // The index last, and by its name at once: where it is, the vectors are.
    writeFileSync(vectors, built.vectors);
    writeFileSync(`${index}.${process.pid}`, built.index);
    renameSync(`${index}.${process.pid}`, index);
  }
  return { index: readFileSync(index), vectors: readFileSync(vectors) };
}
