/**
 * `npm run proof -- NAME [--seed N] [--count N] [--json]`: what takes too long for `npm test`.
 * Exit code 0: the claims held; 1: a violation, printed; 2: asked for what there is not.
 */
import { parseArgs } from 'node:util';
import type { Proof, ProofOptions } from '../proof/proof.ts';

type Load = () => Promise<{ readonly proof: Proof }>;

/** Each proof by its name, loaded when it is asked for. A new one is one line here, and its name in a group below. */
const proofs = new Map<string, Load>([
  ['guard-table', () => import('../proof/guard-table.ts')],
  ['guard-mutants', () => import('../proof/guard-mutants.ts')],
  ['guard-crash', () => import('../proof/guard-crash.ts')],
  ['guard-plans', () => import('../proof/guard-plans.ts')],
  ['guard-clicks', () => import('../proof/guard-clicks.ts')],
  ['guard-coverage', () => import('../proof/guard-coverage.ts')],
  ['guard-mutation', () => import('../proof/guard-mutation.ts')],
]);

/** Names that run several, one after the other. */
const groups = new Map<string, readonly string[]>([['guard', ['guard-table', 'guard-mutants', 'guard-plans', 'guard-clicks', 'guard-crash']]]);

const DEFAULT_SEED = 1;
/** So many violations are printed; all are counted. */
const SHOWN = 10;

process.exitCode = await main(process.argv.slice(2));

async function main(programArguments: readonly string[]): Promise<number> {
  const asked = readArguments(programArguments);
  if (asked === undefined) {
    console.error(`usage: npm run proof -- NAME [--seed N] [--count N] [--json]\n  NAME is one of: ${[...groups.keys(), ...proofs.keys()].join(', ')}`);
    return 2;
  }
  let violated = false;
  for (const { name, load } of asked.parts) {
    const { proof } = await load();
    const startedAtMs = performance.now();
    if (!asked.json) console.log(`${name}: ${proof.claim}\n  seed ${asked.options.seed}`);
    const { counts, violations } = await proof.run(asked.options);
    const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
    violated ||= violations.length > 0;
    if (asked.json) {
      console.log(JSON.stringify({ name, seed: asked.options.seed, seconds, counts, violations: violations.length, first: violations.slice(0, SHOWN) }));
      continue;
    }
    for (const [what, number] of Object.entries(counts)) console.log(`  ${what}: ${number.toLocaleString('en-GB')}`);
    console.log(`  ${seconds} s, violations: ${violations.length}`);
    for (const violation of violations.slice(0, SHOWN)) console.log(`    ${violation}`);
  }
  return violated ? 1 : 0;
}

/** Undefined when there is no such proof, or a number is none. */
function readArguments(programArguments: readonly string[]): { readonly parts: readonly { readonly name: string; readonly load: Load }[]; readonly json: boolean; readonly options: ProofOptions } | undefined {
  let parsed;
  try {
    parsed = parseArgs({ args: [...programArguments], allowPositionals: true, options: { seed: { type: 'string' }, count: { type: 'string' }, json: { type: 'boolean', default: false } } });
  } catch {
    return undefined;
  }
  const { positionals, values } = parsed;
  const [name, ...more] = positionals;
  const seed = values.seed === undefined ? DEFAULT_SEED : wholeNumber(values.seed);
  const count = values.count === undefined ? undefined : wholeNumber(values.count);
  if (name === undefined || more.length > 0 || seed === undefined || (values.count !== undefined && count === undefined)) return undefined;
  const parts = (groups.get(name) ?? [name]).map((part) => ({ name: part, load: proofs.get(part) }));
  if (!parts.every((part): part is { name: string; load: Load } => part.load !== undefined)) return undefined;
  // Progress is for whoever waits, so it stays off stdout.
  const progress = (text: string): void => console.error(`  … ${text}`);
  return { parts, json: values.json, options: { seed, progress, ...(count !== undefined && { count }) } };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
