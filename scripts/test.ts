/**
 * `npm test`: every stage, what failed shown again at the end, and the sum alone on the last line.
 *
 *     npm test                                   everything
 *     npm test -- --only lint,unit               some stages (browser, knowledge, unit and stories are the suites)
 *     npm test -- --grep 'second click'          the tests whose title matches
 *     npm test -- test/unit/guard/gate.test.ts   one file; what is not for us is handed to mocha
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from './mocha-reporter.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What `scripts/mocha-reporter.ts` leaves behind. */
interface TestRun extends Counts {
  readonly failures: readonly Failure[];
  readonly leftOpen?: string;
}

/** A check that either holds or not, and counts as one test. */
interface Check {
  readonly title: string;
  readonly command: readonly string[];
}

const folders = ['src', 'sandbox', 'test', 'proof', 'bench', 'scripts'].filter((folder) => existsSync(folder));
const checks = new Map<string, Check>([
  ['types', { title: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit'] }],
  ['lint', { title: 'lint', command: ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'] }],
  [
    'imports',
    {
      title: 'import rules',
      command: ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.mjs', '--output-type', 'err-long', ...folders],
    },
  ],
]);
if (existsSync('scripts/generate.ts')) {
  checks.set('generated', { title: 'generated files', command: ['--import', 'tsx', 'scripts/generate.ts', '--check'] });
}

/** Each suite in lanes that run side by side, since a lane waits most of the time. The longest come first. */
const suites = new Map<string, readonly (readonly string[])[]>([
  ['browser', lanes('test/browser', [])],
  ['knowledge', lanes('test/knowledge', [])],
  ['unit', lanes('test/unit', [['scripts', 'cli', 'platform'], ['clients'], ['sandbox']])],
  ['stories', lanes('test/stories', [['kill.test.ts', 'robot-revoked.test.ts', 'start.test.ts'], ['people.test.ts', 'waiting.test.ts'], ['approvals.test.ts', 'restart.test.ts'], ['failures.test.ts', 'clicks.test.ts'], ['hostile-model.test.ts'], ['actions-people.test.ts', 'actions-groups.test.ts'], ['actions-devices.test.ts', 'actions-azure.test.ts'], ['actions-tickets.test.ts', 'reports.test.ts']])],
]);
const CHROMIUM = '../test/browser/harness/chromium.ts';
/** Stories measure what people wait for. All else fills the time in which they wait, and steps back for them. */
const TIMED = 'stories';
const STORY_LANES_AT_ONCE = 3;
const OTHERS_AT_ONCE = 3;
const OTHERS_NICENESS = 3;

/** How much of what failed is shown again at the end. */
const MOST_TESTS_AGAIN = 10;
const MOST_LINES_AGAIN = 30;

const startedAt = Date.now();
const { only, files, forMocha } = readArguments(process.argv.slice(2));
const chosenChecks = [...checks].filter(([name]) => only.has(name)).map(([, check]) => check);
const chosenSuites = [...suites].filter(([name]) => files.length === 0 && only.has(name));
const chosenLanes = files.length > 0 ? [files] : chosenSuites.flatMap(([, each]) => each);

const failures: string[] = [];
const failedTests: Failure[] = [];
let sum: Counts = { passed: 0, failed: 0, skipped: 0 };

const checked = chosenChecks.map((check) => async () => {
  const { output, code, seconds } = await runCheck(check);
  heading(`${check.title}: ${code === 0 ? 'good' : 'FAILED'} (${seconds} s)`);
  if (code !== 0) failures.push(`${check.title}\n\n${output.trim() || `it ended with exit code ${code} and said nothing`}`);
  sum = add(sum, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
});
let ran = 0;
const tested = (lane: readonly string[], stepsBack: boolean) => async (): Promise<void> => {
  const counts = await runTests(lane, stepsBack);
  ran += counts.passed + counts.failed;
  sum = add(sum, counts);
};
const others = chosenSuites.filter(([name]) => name !== TIMED).flatMap(([, each]) => each.map((lane) => tested(lane, true)));
const timed = files.length > 0 ? [tested(files, false)] : chosenSuites.filter(([name]) => name === TIMED).flatMap(([, each]) => each.map((lane) => tested(lane, false)));
await Promise.all([atOnce(OTHERS_AT_ONCE, [...checked, ...others]), atOnce(STORY_LANES_AT_ONCE, timed)]);
// One lane may hold nothing that matches a pattern; all of them together must.
if ((files.length > 0 || chosenSuites.length > 0) && ran === 0) {
  failures.push('tests\n\nno test ran');
  sum = add(sum, { passed: 0, failed: 1, skipped: 0 });
}

if (chosenLanes.flat().some((spec) => spec.startsWith('test/browser'))) {
  const { findChromium, NO_CHROMIUM } = (await import(CHROMIUM)) as { readonly findChromium: () => string | undefined; readonly NO_CHROMIUM: string };
  if (findChromium() === undefined) heading(`browser: ${NO_CHROMIUM}`);
}
for (const { title, file, error } of failedTests.slice(0, MOST_TESTS_AGAIN)) heading(`failed: ${title} (${file})\n\n${firstLines(error)}`);
if (failedTests.length > MOST_TESTS_AGAIN) heading(`failed: ${failedTests.length - MOST_TESTS_AGAIN} more tests, shown above`);
for (const failure of failures) heading(`failed: ${failure}`);
console.log(`\n${secondsSince(startedAt)} s\n`);
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed > 0 ? 1 : 0;

function readArguments(given: readonly string[]): { only: ReadonlySet<string>; files: string[]; forMocha: string[] } {
  const known = [...checks.keys(), ...suites.keys()];
  const rest = [...given];
  const at = rest.indexOf('--only');
  const named = at < 0 ? [] : (rest.splice(at, 2)[1] ?? '').split(',');
  if (named.some((name) => !known.includes(name))) {
    console.error(`--only takes some of ${known.join(',')}, separated by commas`);
    process.exit(2);
  }
  // Who asks for one test does not wait for the checks.
  const byDefault = rest.length > 0 ? [...suites.keys()] : known;
  return {
    only: new Set(named.length > 0 ? named : byDefault),
    files: rest.filter((argument) => argument.endsWith('.test.ts')),
    forMocha: rest.filter((argument) => !argument.endsWith('.test.ts')),
  };
}

/** Runs all of them, so many at once, in their order. */
async function atOnce(most: number, work: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...work];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: most }, worker));
}

/** Lets a process have what others leave; those that it starts do the same. */
function stepBack({ pid }: ReturnType<typeof spawn>): void {
  try {
    if (pid !== undefined) setPriority(pid, OTHERS_NICENESS);
  } catch {
    // It has ended, or this machine does not allow it: then all are equal.
  }
}

async function runCheck({ command }: Check): Promise<{ output: string; code: number; seconds: string }> {
  const began = Date.now();
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  stepBack(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return { code: await ended(child), output, seconds: secondsSince(began) };
}

/** What stands in a folder, with some of it in lanes of its own and the rest in one more. */
function lanes(folder: string, apart: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const taken = new Set(apart.flat());
  if (!existsSync(folder)) return [];
  const there = readdirSync(folder);
  const rest = there.filter((entry) => !taken.has(entry) && (entry.endsWith('.test.ts') || !entry.includes('.')) && entry !== 'harness');
  const some = [rest, ...apart.map((lane) => lane.filter((entry) => there.includes(entry)))].filter((lane) => lane.length > 0);
  return some.map((lane) => lane.map((entry) => (entry.endsWith('.ts') ? `${folder}/${entry}` : `${folder}/${entry}/**/*.test.ts`)));
}

/**
 * One mocha run. Alone, its progress goes straight to the person who watches; beside others, it is shown when the run
 * ends, so that lanes don't mix.
 */
async function runTests(specs: readonly string[], stepsBack: boolean): Promise<Counts> {
  const began = Date.now();
  const besideOthers = chosenLanes.length + chosenChecks.length > 1;
  const folder = mkdtempSync(join(tmpdir(), 'steward-test-'));
  const counts = join(folder, 'counts.json');
  const reporter = ['--reporter', 'scripts/mocha-reporter.ts', '--reporter-option', `counts=${counts}`];
  // A forgotten `.only` would silently leave out the rest of a full run.
  const strict = forMocha.length > 0 || files.length > 0 ? [] : ['--forbid-only'];
  const child = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...reporter, ...strict, ...forMocha, ...specs], {
    stdio: ['ignore', besideOthers ? 'pipe' : 'inherit', besideOthers ? 'pipe' : 'inherit'],
  });
  if (stepsBack) stepBack(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await ended(child);
  if (besideOthers) heading(`${specs.join(', ')} (${secondsSince(began)} s)`);
  process.stdout.write(output);
  const counted = existsSync(counts) ? (JSON.parse(readFileSync(counts, 'utf8')) as TestRun) : undefined;
  rmSync(folder, { recursive: true, force: true });

  const problem = problemOf(counted, code);
  const result = counted ?? { passed: 0, failed: 0, skipped: 0 };
  // Alone, mocha's own list stands right above.
  if (besideOthers) failedTests.push(...(counted?.failures ?? []));
  if (problem === undefined) return result;
  failures.push(`tests\n\n${problem}`);
  return add(result, { passed: 0, failed: 1, skipped: 0 });
}

/** What mocha's own list of failures does not say. */
function problemOf(run: TestRun | undefined, code: number): string | undefined {
  if (run === undefined) return `mocha ended with exit code ${code} before the tests did; it says why above`;
  if (run.leftOpen !== undefined) return `the tests ended, but something they opened did not: ${run.leftOpen}`;
  if (run.failed === 0 && code !== 0) return `every test passed, yet mocha ended with exit code ${code}; it says why above`;
  return undefined;
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  const stop = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  }).finally(() => process.off('SIGINT', stop).off('SIGTERM', stop));
}

function add(one: Counts, other: Counts): Counts {
  return { passed: one.passed + other.passed, failed: one.failed + other.failed, skipped: one.skipped + other.skipped };
}

function firstLines(text: string): string {
  const all = text.trim().split('\n');
  return all.length <= MOST_LINES_AGAIN ? all.join('\n') : [...all.slice(0, MOST_LINES_AGAIN - 1), `… and ${all.length - MOST_LINES_AGAIN + 1} more lines, above`].join('\n');
}

function heading(text: string): void {
  console.log(`\n── ${text}`);
}

function secondsSince(time: number): string {
  return ((Date.now() - time) / 1000).toFixed(1);
}
