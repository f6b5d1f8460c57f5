/** What the contenders of `npm run bench -- knowledge` have in common: each is a process that loads, and answers questions one by one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIMENSIONS, QUESTION_VECTORS_FILE, QUESTIONS_FILE } from './corpus.ts';
import { round } from './figures.ts';
import { given, serve } from './served.ts';

export interface ContenderGiven {
  readonly folder: string;
}

/** What loading took, beyond what the process had before. */
export interface Loaded {
  readonly loadSeconds: number;
  /** After a full collection of garbage. */
  readonly rssMiB: number;
  /** The JavaScript heap in use and the array buffers beside it. */
  readonly heapMiB: number;
  /** The most that was resident at any time, while loading too. */
  readonly peakMiB: number;
}

export interface AskedFor {
  readonly way: string;
  readonly from: number;
  readonly to: number;
}

export interface Answered {
  readonly tookMs: readonly number[];
  /** Hashes of the passages that were found, best first. */
  readonly found: readonly (readonly string[])[];
}

/** `gone` where its process has ended over it. */
export interface Failed {
  readonly failed: string;
  readonly gone?: true;
}

export interface ContenderQuestion {
  readonly text: string;
  readonly vector: Float32Array;
}

interface Contender {
  /** From the files on disk to the first question. */
  readonly load: (folder: string) => Promise<void>;
  /** Each finds so many passages as are compared. The hashes are read off when the clock has stopped. */
  readonly ways: Readonly<Record<string, (question: ContenderQuestion) => Promise<() => readonly string[]>>>;
  /** Where it keeps files of its own. One that fails here is asked as far as it came. */
  readonly build?: (folder: string) => Promise<void>;
}

export async function contend({ build, load, ways }: Contender): Promise<void> {
  const { folder } = await given<ContenderGiven>();
  const texts = JSON.parse(readFileSync(join(folder, QUESTIONS_FILE), 'utf8')) as readonly string[];
  const vectors = floatsIn(join(folder, QUESTION_VECTORS_FILE));
  const questions = texts.map((text, at): ContenderQuestion => ({ text, vector: vectors.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS) }));
  const measured = async (): Promise<Loaded> => {
    const before = inUse();
    const beganMs = performance.now();
    await load(folder);
    const loadSeconds = round((performance.now() - beganMs) / 1_000);
    const after = inUse();
    const beyond = (part: 'rss' | 'heap'): number => Math.round((after[part] - before[part]) / 1024 ** 2);
    return { loadSeconds, rssMiB: beyond('rss'), heapMiB: beyond('heap'), peakMiB: Math.round(process.resourceUsage().maxRSS / 1024 - before.rss / 1024 ** 2) };
  };
  const ask = async ({ from, to, way }: AskedFor): Promise<Answered> => {
    const tookMs: number[] = [];
    const found: (readonly string[])[] = [];
    for (const question of questions.slice(from, to)) {
      const beganMs = performance.now();
      const read = await ways[way]!(question);
      tookMs.push(performance.now() - beganMs);
      found.push(read());
    }
    return { tookMs, found };
  };
  serve({}, { build: () => caught(async () => build?.(folder)), load: () => caught(measured), ask: (value) => caught(() => ask(value as AskedFor)) }, async () => undefined);
}

export function floatsIn(path: string): Float32Array {
  const { buffer, byteLength, byteOffset } = readFileSync(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** The vector that begins there, as an array. Spread, it would hold an object for each number and take three times the memory. */
export function arrayAt(vectors: Float32Array, from: number): number[] {
  const numbers = new Array<number>(DIMENSIONS).fill(0);
  for (let at = 0; at < DIMENSIONS; at += 1) numbers[at] = vectors[from + at]!;
  return numbers;
}

function inUse(): { readonly rss: number; readonly heap: number } {
  const { gc } = globalThis as { readonly gc?: () => void };
  if (gc === undefined) throw new Error('memory is measured with --expose-gc');
  gc();
  gc();
  const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
  return { rss, heap: heapUsed + arrayBuffers };
}

/** What a contender can't do is its result. */
async function caught<T>(act: () => Promise<T>): Promise<T | Failed> {
  return act().catch((error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }));
}
