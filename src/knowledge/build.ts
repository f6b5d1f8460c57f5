import type { Article } from './article.ts';
import { indexText, readIndex, textsOf, vectorBytes, type LoadedIndex } from './index-file.ts';

/** Turns texts into vectors, one for each, in their order; all of one length. */
export type Embed = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>;

/** So many texts are embedded with one request. */
const AT_ONCE = 64;

/**
 * The files of an index, yet to be signed. Texts that an index before had by the same model
 * keep their vectors: a service that answers a little differently each time would change every index otherwise.
 * Fails as `embed` does, and with `KNOWLEDGE_UNTRUSTED` where its vectors are none.
 */
export async function buildIndex(articles: readonly Article[], model: string, embed: Embed, before?: LoadedIndex): Promise<{ readonly index: Uint8Array; readonly vectors: Uint8Array }> {
  const kept = before?.index.model === model ? vectorsOf(before) : new Map<string, Float32Array>();
  const sorted = [...articles].sort((one, other) => (one.id < other.id ? -1 : 1));
  const texts = textsOf(sorted);
  const missing = [...new Set(texts)].filter((text) => !kept.has(text));
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const some = missing.slice(at, at + AT_ONCE);
    const vectors = await embed(some);
    some.forEach((text, place) => kept.set(text, Float32Array.from(vectors[place] ?? [])));
  }
  const all = texts.map((text) => kept.get(text) ?? new Float32Array());
  const dimensions = all[0]?.length ?? before?.index.dimensions ?? 1;
  const vectors = new Float32Array(all.length * dimensions);
  all.forEach((vector, place) => vectors.set(vector.subarray(0, dimensions), place * dimensions));
  const files = { index: new TextEncoder().encode(indexText({ articles: sorted, model, dimensions })), vectors: vectorBytes(all.every(({ length }) => length === dimensions) ? vectors : new Float32Array()) };
  // What could not be loaded is not written.
  readIndex(files);
  return files;
}

function vectorsOf({ index, vectors }: LoadedIndex): Map<string, Float32Array> {
  const texts = textsOf(index.articles);
  return new Map(texts.map((text, place) => [text, vectors.slice(place * index.dimensions, (place + 1) * index.dimensions)]));
}
