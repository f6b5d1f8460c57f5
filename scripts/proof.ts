/**
 * `npm run proof -- NAME [--seed N] [--count N] [--json]`: what takes too long for `npm test`. A whole run, with no `--count`,
 * that found no violation leaves its figures in `proof/results/NAME.json`, with a digest of the files that it was about.
 * `npm run proof -- --touched` runs a short form of those proofs whose files are others since, and ends with
 * `N passed, N failed`.
 * Exit code 0: the claims held; 1: a violation, printed; 2: asked for what there is not.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Proof, ProofOptions } from '../proof/proof.ts';

interface Entry {
  readonly load: () => Promise<{ readonly proof: Proof }>;
  /** Files and folders that it is about: when they change, its figures are those of something else. */
  readonly about: readonly string[];
  /** How many cases a short run takes; absent where `npm test` holds a short form already, or there is none. */
  readonly short?: number;
}

const GUARD = ['src/guard', 'src/actions', 'src/errors.ts'];
const BOT = [...GUARD, 'src/bot', 'src/clients', 'src/audit', 'src/steward.ts', 'src/main.ts'];

/** Each proof by its name, loaded when it is asked for. A new one is one entry here, and its name in a group below. */
const proofs = new Map<string, Entry>([
  ['guard-table', { load: () => import('../proof/guard-table.ts'), about: [...GUARD, 'docs/policy.md', 'test/second-opinion', 'proof/guard-table.ts', 'proof/guard-table-worker.ts'] }],
  ['guard-mutants', { load: () => import('../proof/guard-mutants.ts'), about: [...GUARD, 'test/second-opinion', 'proof/guard-mutants.ts'] }],
  ['guard-crash', { load: () => import('../proof/guard-crash.ts'), about: [...BOT, 'proof/guard-crash.ts', 'proof/guard-crash'], short: 4 }],
  ['guard-plans', { load: () => import('../proof/guard-plans.ts'), about: [...GUARD, 'src/bot', 'proof/guard-plans.ts', 'proof/guard-plans'], short: 5_000 }],
  ['guard-clicks', { load: () => import('../proof/guard-clicks.ts'), about: [...BOT, 'proof/guard-clicks.ts', 'proof/guard-clicks'], short: 4 }],
  ['kill', { load: () => import('../proof/kill.ts'), about: [...BOT, 'proof/kill.ts', 'proof/kill', 'proof/guard-clicks/two.ts', 'bench/wire.mjs'], short: 4 }],
  ['ceiling', { load: () => import('../proof/ceiling.ts'), about: ['src/guard/ceiling.ts', 'src/guard/money.ts', 'src/guard/reasoner.ts', 'src/clients/spend-lease.ts', 'src/clients/spend-store.ts', 'src/clients/tables.ts', 'src/serial.ts', 'src/clients/model.ts', 'src/clients/model-prices.ts', 'src/clients/azure-openai.ts', 'src/clients/embedder.ts', 'src/clients/egress.ts', 'proof/ceiling.ts', 'proof/ceiling'], short: 5 }],
  ['ledger', { load: () => import('../proof/ledger.ts'), about: ['src/audit', 'src/clients/ledger-store.ts', 'src/clients/anchor-store.ts', 'src/clients/chain-reader.ts', 'src/clients/blobs.ts', 'src/clients/signer.ts', 'test/unit/audit/anchored.ts', 'proof/ledger.ts', 'proof/ledger'], short: 200 }],
  ['secrets', { load: () => import('../proof/secrets.ts'), about: [...BOT, 'src/log.ts', 'src/encodings.ts', 'proof/secrets.ts', 'proof/secrets'], short: 5 }],
  ['knowledge', { load: () => import('../proof/knowledge.ts'), about: ['src/knowledge', 'sandbox/model', 'sandbox/articles.ts', 'sandbox/knowledge-model.ts', 'prompts/knowledge', 'test/knowledge', 'proof/knowledge.ts'] }],
  ['guard-coverage', { load: () => import('../proof/guard-coverage.ts'), about: [...GUARD, 'test/unit/guard', 'test/unit/actions', 'proof/guard-coverage.ts'] }],
  ['guard-mutation', { load: () => import('../proof/guard-mutation.ts'), about: [...GUARD, 'test/unit/guard', 'test/unit/actions', 'proof/guard-mutation.ts', 'proof/mutation'] }],
]);

/** Names that run several, one after the other. */
const groups = new Map<string, readonly string[]>([['guard', ['guard-table', 'guard-mutants', 'guard-plans', 'guard-clicks', 'guard-crash']]]);

const RESULTS = fileURLToPath(new URL('../proof/results', import.meta.url));
const DEFAULT_SEED = 1;
/** So many violations are printed; all are counted. */
const SHOWN = 10;
/** What `--touched` shows again at the end, one text for each proof that failed. */
const failures: string[] = [];

process.exitCode = await main(process.argv.slice(2));

async function main(programArguments: readonly string[]): Promise<number> {
  if (programArguments.length === 1 && programArguments[0] === '--touched') return touched();
  const asked = readArguments(programArguments);
  if (asked === undefined) {
    console.error(`usage: npm run proof -- NAME [--seed N] [--count N] [--json]\n       npm run proof -- --touched\n  NAME is one of: ${[...groups.keys(), ...proofs.keys()].join(', ')}`);
    return 2;
  }
  let violated = false;
  for (const name of asked.names) violated = !(await runOne(name, asked.options, asked.json)) || violated;
  return violated ? 1 : 0;
}

/** Runs one and prints what it found; whether its claim held. */
async function runOne(name: string, options: ProofOptions, json: boolean): Promise<boolean> {
  const { about, load } = entryOf(name);
  const { proof } = await load();
  const sources = digestOf(about);
  const startedAtMs = performance.now();
  if (!json) console.log(`${name}: ${proof.claim}\n  seed ${options.seed}`);
  const { counts, violations } = await proof.run(options);
  const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
  if (violations.length === 0 && options.count === undefined) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(resultFile(name), `${JSON.stringify({ proof: name, claim: proof.claim, seed: options.seed, seconds, node: process.version, counts, violations: 0, sources }, null, 2)}\n`);
  }
  if (json) {
    console.log(JSON.stringify({ name, seed: options.seed, seconds, counts, violations: violations.length, first: violations.slice(0, SHOWN) }));
    return violations.length === 0;
  }
  for (const [what, number] of Object.entries(counts)) console.log(`  ${what}: ${number.toLocaleString('en-GB')}`);
  console.log(`  ${seconds} s, violations: ${violations.length}`);
  for (const violation of violations.slice(0, SHOWN)) console.log(`    ${violation}`);
  if (violations.length > 0) failures.push(`${name}\n\n${violations.slice(0, SHOWN).join('\n')}`);
  return violations.length === 0;
}

async function touched(): Promise<number> {
  const due = [...proofs].filter(([name, { about, short }]) => short !== undefined && recordedSources(name) !== digestOf(about));
  let passed = 0;
  for (const [name, { short }] of due) {
    const held = await runOne(name, { seed: DEFAULT_SEED, count: short ?? 1, progress }, false).catch((error: unknown) => {
      console.error(error);
      failures.push(`${name}\n\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return false;
    });
    if (held) passed += 1;
  }
  for (const failure of failures) console.log(`\n── failed: ${failure}`);
  console.log(`${passed} passed, ${due.length - passed} failed`);
  return passed === due.length ? 0 : 1;
}

function entryOf(name: string): Entry {
  const entry = proofs.get(name);
  if (entry === undefined) throw new Error(`there is no proof ${name}`);
  return entry;
}

function resultFile(name: string): string {
  return `${RESULTS}/${name}.json`;
}

/** What the files were at the last whole run, or undefined. */
function recordedSources(name: string): unknown {
  if (!existsSync(resultFile(name))) return undefined;
  const recorded: unknown = JSON.parse(readFileSync(resultFile(name), 'utf8'));
  return typeof recorded === 'object' && recorded !== null && 'sources' in recorded ? recorded.sources : undefined;
}

/** SHA-256 over the files that git knows under these paths, names and contents, as they are in the folder. */
function digestOf(about: readonly string[]): string {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...about], { cwd: root, encoding: 'utf8' }).split('\0').filter((file) => file !== '' && existsSync(`${root}/${file}`));
  const hash = createHash('sha256');
  for (const file of [...new Set(files)].sort()) hash.update(JSON.stringify([file, createHash('sha256').update(readFileSync(`${root}/${file}`)).digest('hex')]));
  return hash.digest('hex');
}

/** Progress is for whoever waits, so it stays off stdout. */
function progress(text: string): void {
  console.error(`  … ${text}`);
}

/** Undefined when there is no such proof, or a number is none. */
function readArguments(programArguments: readonly string[]): { readonly names: readonly string[]; readonly json: boolean; readonly options: ProofOptions } | undefined {
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
  const names = groups.get(name) ?? [name];
  if (!names.every((each) => proofs.has(each))) return undefined;
  return { names, json: values.json, options: { seed, progress, ...(count !== undefined && { count }) } };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
