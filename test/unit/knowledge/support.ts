import type { Article } from '../../../src/knowledge/article.ts';
import { buildIndex } from '../../../src/knowledge/build.ts';
import { readIndex } from '../../../src/knowledge/index-file.ts';
import { Search } from '../../../src/knowledge/search.ts';

/** Vectors of words, so that what is alike in words is alike: no model, and the same everywhere. */
export const DIMENSIONS = 64;
export const MODEL = 'universal-sentence-encoder-lite';

export function wordVector(text: string): readonly number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/\p{L}{3,}|\d+/gu) ?? []) {
    let hash = 7;
    for (const character of word.slice(0, 5)) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 100_003;
    const at = hash % DIMENSIONS;
    vector[at] = (vector[at] ?? 0) + 1;
  }
  return vector.every((value) => value === 0) ? vector.map((_, at) => (at === 0 ? 1 : 0)) : vector;
}

export const embed = async (texts: readonly string[]): Promise<readonly (readonly number[])[]> => texts.map(wordVector);

export async function searchOver(articles: readonly Article[]): Promise<Search> {
  return new Search(readIndex(await buildIndex(articles, MODEL, embed)));
}
