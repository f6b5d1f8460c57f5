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
/** Embedding all of them takes some ten seconds; what was embedded once is kept where packages keep such things. */
const CACHE = fileURLToPath(new URL('../node_modules/.cache/steward/vectors/', import.meta.url));

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

/** An index of the local model's vectors, yet to be signed. */
export async function buildArticles(articles: readonly Article[]): Promise<Built> {
  const embedder = createEmbedder();
  return buildIndex(articles, EMBEDDING_MODEL_NAME, async (texts) => {
    const missing = texts.filter((text) => !existsSync(cached(text)));
    const vectors = missing.length === 0 ? [] : await embedder.embedAll(missing);
    mkdirSync(CACHE, { recursive: true });
    missing.forEach((text, place) => {
      // By its name at once: several processes may do this, and any may be killed.
      const unfinished = `${cached(text)}.${process.pid}`;
      writeFileSync(unfinished, Float32Array.from(vectors[place] ?? []));
      renameSync(unfinished, cached(text));
    });
    return texts.map((text) => {
      const { buffer, byteLength, byteOffset } = readFileSync(cached(text));
      return Array.from(new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength)));
    });
  });
}

/** Where the vector of a text is kept. */
function cached(text: string): string {
  return join(CACHE, createHash('sha256').update(`${EMBEDDING_MODEL_NAME}\n${text}`).digest('hex'));
}
