/** How well the shapes alone find credentials, on vectors that somebody else chose. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createScrubber, SECRET } from '../../src/audit/scrub.ts';

export interface Vectors {
  readonly positives: readonly { readonly class: string; readonly text: string; readonly secret: string }[];
  readonly negatives: readonly { readonly about: string; readonly text: string }[];
}

const VECTORS = new URL('vectors.ts', import.meta.url);
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

/** One line each; says so where there are no vectors. */
export async function figures(): Promise<readonly string[]> {
  if (!existsSync(fileURLToPath(VECTORS))) return ['scanner: proof/secrets/vectors.ts is not there yet, so neither recall nor false positives are known'];
  // The module is another hand's: its shape is what it promised.
  return linesOf((await import(VECTORS.href)) as Vectors);
}

export function linesOf({ negatives, positives }: Vectors): readonly string[] {
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
  return [
    ...[...classes, ['all classes', sum] as const].map(([name, { hits, total }]) => `scanner recall, ${name}: ${hits} of ${total}, ${range(hits, total, 100)} %`),
    `scanner false positives: ${wrong} of ${negatives.length}, ${range(wrong, negatives.length, 1_000)} per 1,000`,
  ];
}

function range(hits: number, total: number, per: number): string {
  const [low, high] = wilson(hits, total);
  return `${((total === 0 ? 0 : hits / total) * per).toFixed(1)} (${(low * per).toFixed(1)} to ${(high * per).toFixed(1)})`;
}
