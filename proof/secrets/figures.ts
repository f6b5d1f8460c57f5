/** How well the shapes alone find credentials, on vectors that somebody else chose. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createScrubber, SECRET } from '../../src/audit/scrub.ts';

export interface Vectors {
  readonly positives: readonly { readonly class: string; readonly text: string; readonly secret: string }[];
  readonly negatives: readonly { readonly about: string; readonly text: string }[];
}

/** Each written by somebody who had not read the scanner. Once the misses of one were read, its figure says little. */
const YARDSTICKS = [
  ['first yardstick', new URL('vectors.ts', import.meta.url)],
  ['second yardstick', new URL('second/vectors.ts', import.meta.url)],
] as const;
/** Of a normal distribution: 95 % lie within so many standard deviations. */
const Z = 1.959964;

/** Wilson's interval at 95 % for a share of `total`. */
export function wilson(hits: number, total: number): readonly [low: number, high: number] {
  if (total === 0) return [0, 1];
  const share = hits / total;
  const middle = share + Z ** 2 / (2 * total);
  const spread = Z * Math.sqrt((share * (1 - share)) / total + Z ** 2 / (4 * total ** 2));
  const scale = 1 + Z ** 2 / total;
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
}

export interface Figures {
  /** One each for a person to read, with intervals. */
  readonly lines: readonly string[];
  /** How many of how many, by what was counted. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Of every yardstick that is there. */
export async function figures(): Promise<Figures> {
  const all: Figures[] = [];
  for (const [name, url] of YARDSTICKS) {
    // The module is another hand's: its shape is what it promised.
    if (existsSync(fileURLToPath(url))) all.push(figuresOf(name, (await import(url.href)) as Vectors));
  }
  return { lines: all.flatMap(({ lines }) => lines), counts: Object.assign({}, ...all.map(({ counts }) => counts)) as Record<string, number> };
}

export function figuresOf(yardstick: string, { negatives, positives }: Vectors): Figures {
  const scrubber = createScrubber(() => []);
  const classes = new Map<string, { hits: number; total: number }>();
  for (const { class: name, secret, text } of positives) {
    const counted = classes.get(name) ?? { hits: 0, total: 0 };
    counted.total += 1;
    if (!scrubber.text(text).includes(secret)) counted.hits += 1;
    classes.set(name, counted);
  }
  const wrong = negatives.filter(({ text }) => scrubber.text(text).includes(SECRET)).length;
  const sum = [...classes.values()].reduce((all, { hits, total }) => ({ hits: all.hits + hits, total: all.total + total }), { hits: 0, total: 0 });
  const shares = [...classes, ['all classes', sum] as const].map(([name, { hits, total }]) => ({ what: `secrets found, ${name}`, hits, total, per: 100 }));
  const all = [...shares, { what: 'texts without a secret that were changed', hits: wrong, total: negatives.length, per: 1_000 }];
  return {
    lines: [`scanner, ${yardstick}:`, ...all.map(({ hits, per, total, what }) => `  ${what}: ${hits} of ${total}, ${range(hits, total, per)} ${per === 100 ? '%' : 'per 1,000'}`)],
    counts: Object.fromEntries(all.map(({ hits, total, what }) => [`${yardstick}: ${what}, of ${total}`, hits])),
  };
}

function range(hits: number, total: number, per: number): string {
  const [low, high] = wilson(hits, total);
  return `${((total === 0 ? 0 : hits / total) * per).toFixed(1)} (${(low * per).toFixed(1)} to ${(high * per).toFixed(1)})`;
}
