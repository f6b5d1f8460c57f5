/** Whether the unit tests would notice: Stryker breaks the guard and plan parsing in every small way it knows, one at a time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyProject, installTools, readExceptions, run, tools, workFolder, type Exception } from './mutation/bench.ts';
import type { Proof } from './proof.ts';

const LEAST_PERCENT = 90;
/** As many as the smallest machines of a pipeline have cores. */
const AT_ONCE = 2;
/** What a mutant may take longer than its tests do without it: a busy machine is not a test that noticed. */
const PATIENCE_MS = 10_000;

/** The first of them alone with `--count`. Each file with the tests that are about it; all of the tests for each file would take hours and say little more. */
const GROUPS: readonly { readonly files: readonly string[]; readonly tests: readonly string[] }[] = [
  { files: ['guard/gate'], tests: ['guard/gate', 'guard/classes'] },
  { files: ['guard/execute', 'guard/token', 'guard/limits'], tests: ['guard/execute', 'guard/limits'] },
  {
    files: ['guard/approvals', 'guard/approval-rows', 'guard/approval-sweep', 'guard/run-approved', 'guard/stored-step', 'guard/who-decides'],
    tests: ['guard/stored-step', 'guard/approval-records', 'guard/approvals', 'guard/approval-people'],
  },
  { files: ['guard/policy'], tests: ['guard/policy', 'guard/classes'] },
  { files: ['guard/kill-switch', 'guard/ceiling'], tests: ['guard/kill-switch', 'guard/ceiling'] },
  { files: ['actions/plan'], tests: ['actions/plan', 'actions/schedule'] },
];

interface Mutant {
  readonly mutatorName: string;
  readonly replacement: string;
  readonly status: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

/** Both count from one. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** What this proof takes of Stryker's report: https://github.com/stryker-mutator/mutation-testing-elements, `mutation-testing-report-schema`. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

export const proof: Proof = {
  claim: `the unit tests notice at least ${LEAST_PERCENT} % of what Stryker breaks in the guard and in plan parsing, and the rest is explained`,
  async run({ count = GROUPS.length, progress }) {
    await installTools(progress);
    const reports: Report[] = [];
    for (const [index, group] of GROUPS.slice(0, count).entries()) {
      progress(`group ${index + 1} of ${count}: ${group.files.join(', ')}`);
      reports.push(await mutate(group, progress));
    }
    return judge(reports, readExceptions('survivors.md'));
  },
};

async function mutate({ files, tests }: (typeof GROUPS)[number], progress: (text: string) => void): Promise<Report> {
  const { folder, remove } = workFolder('mutation');
  try {
    copyProject(folder);
    const options = {
      mutate: files.map((name) => `src/${name}.ts`),
      testRunner: 'mocha',
      testRunnerNodeArgs: ['--import', 'tsx'],
      mochaOptions: { spec: tests.map((name) => `test/unit/${name}.test.ts`) },
      coverageAnalysis: 'perTest',
      // What runs once while a module loads would need a new process for each mutant; such mutants are counted as not tried.
      ignoreStatic: true,
      concurrency: AT_ONCE,
      timeoutMS: PATIENCE_MS,
      inPlace: true,
      disableTypeChecks: false,
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: 'report.json' },
      allowConsoleColors: false,
    };
    writeFileSync(join(folder, 'stryker.json'), JSON.stringify(options));
    const stryker = join(tools, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    const { code, said } = await run(process.execPath, [stryker, 'run', 'stryker.json'], folder, false, (text) => {
      const last = text.trim().split('\n').at(-1) ?? '';
      if (last.startsWith('Mutation testing')) progress(last);
    });
    if (code !== 0) throw new Error(`Stryker ended with ${code}: ${said.trim()}`);
    // Stryker wrote it just now, in the shape of its schema.
    return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
  } finally {
    remove();
  }
}

function judge(reports: readonly Report[], explained: readonly Exception[]): { readonly counts: Record<string, number>; readonly violations: readonly string[] } {
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  const sum = { tried: 0, noticed: 0 };
  for (const [file, { mutants, source }] of reports.flatMap(({ files }) => Object.entries(files))) {
    const count = (...statuses: readonly string[]): number => mutants.filter(({ status }) => statuses.includes(status)).length;
    const noticed = count('Killed', 'Timeout');
    const missed = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
    sum.noticed += noticed;
    sum.tried += noticed + missed.length;
    counts[`${file}, killed`] = count('Killed');
    counts[`${file}, timed out`] = count('Timeout');
    counts[`${file}, survived`] = count('Survived');
    counts[`${file}, not covered`] = count('NoCoverage');
    counts[`${file}, not tried (static, or no program)`] = count('Ignored', 'CompileError', 'RuntimeError');
    counts[`${file}, noticed in %`] = percent(noticed, noticed + missed.length);
    for (const mutant of missed) {
      const code = codeOf(mutant, source);
      const becomes = oneLine(mutant.replacement);
      if (explained.some((each) => each.file === file && each.code === code && each.becomes === becomes)) continue;
      violations.push(`${file}:${mutant.location.start.line}: survived without an explanation: \`\`${code}\`\` → \`\`${becomes}\`\``);
    }
  }
  counts['in all, tried'] = sum.tried;
  counts['in all, noticed'] = sum.noticed;
  counts['in all, noticed in %'] = percent(sum.noticed, sum.tried);
  if (sum.noticed * 100 < sum.tried * LEAST_PERCENT) violations.unshift(`only ${percent(sum.noticed, sum.tried)} % were noticed`);
  return { counts, violations };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((part * 1_000) / whole) / 10;
}

/** What stands where the mutant was put, on one line and cut: as it stands in survivors.md. */
function codeOf({ location: { start, end } }: Mutant, source: string): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return oneLine(lines.map((line, index) => line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined)).join('\n'));
}

function oneLine(text: string): string {
  const MOST_CHARACTERS = 120;
  return text.replace(/\s+/g, ' ').trim().slice(0, MOST_CHARACTERS).trim();
}
