import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { looksSecret } from '../audit/secret-shapes.ts';
import { buildIndex } from '../knowledge/build.ts';
import type { Article } from '../knowledge/article.ts';
import { INDEX_FILE, loadIndex, manifestOf, readIndex, SIGNATURE_FILE, signatureText, VECTORS_FILE, type IndexFiles, type LoadedIndex } from '../knowledge/index-file.ts';
import { hearsOf, sayable } from '../knowledge/library.ts';
import { answer, type Answer } from '../knowledge/answer.ts';
import { thresholdsFor } from '../knowledge/thresholds.ts';
import { Search } from '../knowledge/search.ts';
import type { KnowledgeServices } from './knowledge-services.ts';

/** Building an index and asking it: the two that need a model. */

export interface Built {
  readonly digest: string;
  readonly articles: number;
  readonly passages: number;
  readonly dimensions: number;
  readonly bytes: number;
  readonly embedded: number;
  readonly files: IndexFiles;
}

/** Builds and signs; keeps what `before` has already. */
export async function build(articles: readonly Article[], services: KnowledgeServices, before?: LoadedIndex): Promise<Built> {
  let embedded = 0;
  const embed: KnowledgeServices['embed'] = async (texts) => {
    embedded += texts.length;
    return services.embed(texts);
  };
  const { index, vectors } = await buildIndex(articles, services.model, embed, before);
  const { key, signature } = await services.sign(createHash('sha256').update(manifestOf(index, vectors)).digest());
  const files = { index, vectors, signature: new TextEncoder().encode(signatureText(index, vectors, key, signature)) };
  // What Steward would refuse is not handed out.
  const loaded = await loadIndex(files, services.keyOf);
  return { digest: loaded.digest, articles: articles.length, passages: articles.flatMap(({ passages }) => passages).length, dimensions: loaded.index.dimensions, bytes: index.byteLength + vectors.byteLength, embedded, files };
}

/** An index that stands in a folder already; undefined for none, and for what is none. */
export function builtBefore(directory: string): LoadedIndex | undefined {
  try {
    return readIndex({ index: readFileSync(join(directory, INDEX_FILE)), vectors: readFileSync(join(directory, VECTORS_FILE)) });
  } catch {
    return undefined;
  }
}

/** Under other names first; the signature last, since an index without its own is refused. */
export function writeIndex(directory: string, files: IndexFiles): void {
  mkdirSync(directory, { recursive: true });
  const named = [[INDEX_FILE, files.index], [VECTORS_FILE, files.vectors], [SIGNATURE_FILE, files.signature]] as const;
  for (const [name, bytes] of named) writeFileSync(join(directory, `${name}.new`), bytes);
  for (const [name] of named) renameSync(join(directory, `${name}.new`), join(directory, name));
}

/** Asks an index as somebody with these roles would in a personal chat. */
export async function ask(question: string, files: IndexFiles, roles: readonly string[], contract: string, services: KnowledgeServices, day: string): Promise<Answer> {
  const loaded = await loadIndex(files, services.keyOf);
  return answer(question, new Search(loaded), sayable(hearsOf(roles, true), day, looksSecret), services, { contract, thresholds: thresholdsFor(loaded.index.model) });
}

/** The three files of a folder; undefined where one is missing. */
export function filesIn(directory: string): IndexFiles | undefined {
  const at = (name: string): string => join(directory, name);
  if (![INDEX_FILE, VECTORS_FILE, SIGNATURE_FILE].every((name) => existsSync(at(name)))) return undefined;
  return { index: readFileSync(at(INDEX_FILE)), vectors: readFileSync(at(VECTORS_FILE)), signature: readFileSync(at(SIGNATURE_FILE)) };
}
