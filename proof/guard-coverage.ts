/** The branches of the guard and of plan parsing, counted by Istanbul while their unit tests run. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { copyProject, installTools, readExceptions, root, run, tools, workFolder } from './mutation/bench.ts';
import type { Proof } from './proof.ts';

/** Plan parsing: what turns the text of a model into steps. */
const PLAN_PARSING = ['src/actions/plan.ts', 'src/actions/schedule.ts', 'src/actions/handles.ts'];
/** Another way to look at the same gate, which takes long and tests no line that the others do not. */
const SLOW = 'second-opinion.test.ts';
const PLAN_TESTS = ['plan', 'schedule', 'handles', 'internal-id', 'devices-azure'].map((name) => `test/unit/actions/${name}.test.ts`);

/** What this proof takes of istanbul-lib-instrument, which brings no types. */
interface Istanbul {
  createInstrumenter(options: { readonly esModules: boolean; readonly parserPlugins: readonly string[] }): { instrumentSync(code: string, file: string): string };
}

interface FileCoverage {
  readonly branchMap: Readonly<Record<string, { readonly type: string; readonly locations: readonly { readonly start: { readonly line?: number } }[]; readonly loc: { readonly start: { readonly line: number } } }>>;
  readonly b: Readonly<Record<string, readonly number[]>>;
}

export const proof: Proof = {
  claim: 'the unit tests take every branch of the guard and of plan parsing',
  async run({ progress }) {
    await installTools(progress);
    const { folder, remove } = workFolder('coverage');
    try {
      copyProject(folder);
      const files = [...readdirSync(join(root, 'src/guard')).filter((name) => name.endsWith('.ts')).map((name) => `src/guard/${name}`), ...PLAN_PARSING];
      instrument(folder, files);
      const counted = join(folder, 'coverage.json');
      writeFileSync(join(folder, 'count.mjs'), `import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => writeFileSync(${JSON.stringify(counted)}, JSON.stringify(globalThis.__coverage__ ?? {})));\n`);
      const tests = [...readdirSync(join(root, 'test/unit/guard')).filter((name) => name.endsWith('.test.ts') && name !== SLOW).map((name) => `test/unit/guard/${name}`), ...PLAN_TESTS];
      progress(`${tests.length} test files`);
      const mocha = await run(process.execPath, ['--import', 'tsx', '--import', './count.mjs', join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', '--timeout', '60000', '--reporter', 'dot', ...tests], folder);
      // The only writer is count.mjs above, with what Istanbul's counters hold.
      const coverage = new Map(Object.entries(JSON.parse(readFileSync(counted, 'utf8')) as Record<string, FileCoverage>));
      return { ...report(files, coverage), ...(mocha.code !== 0 && { violations: [`the tests failed: ${mocha.said.trim()}`] }) };
    } finally {
      remove();
    }
  },
};

function instrument(folder: string, files: readonly string[]): void {
  // The module is what its manual says.
  const istanbul = createRequire(join(tools, 'package.json'))('istanbul-lib-instrument') as Istanbul;
  for (const file of files) {
    const instrumenter = istanbul.createInstrumenter({ esModules: true, parserPlugins: ['typescript'] });
    writeFileSync(join(folder, file), instrumenter.instrumentSync(readFileSync(join(root, file), 'utf8'), file));
  }
}

function report(files: readonly string[], coverage: ReadonlyMap<string, FileCoverage>): { readonly counts: Record<string, number>; readonly violations: readonly string[] } {
  const exceptions = readExceptions('uncovered.md');
  const used = new Set<(typeof exceptions)[number]>();
  const violations: string[] = [];
  const counts: Record<string, number> = {};
  let all = 0;
  let taken = 0;
  for (const file of files) {
    const covered = coverage.get(file);
    const source = readFileSync(join(root, file), 'utf8').split('\n');
    // A file of types alone is erased, and has nothing to take.
    const branches = Object.entries(covered?.branchMap ?? {}).flatMap(([id, branch]) =>
      branch.locations.map((location, index) => ({ type: branch.type, line: location.start.line ?? branch.loc.start.line, way: index + 1, taken: (covered?.b[id]?.[index] ?? 0) > 0 })),
    );
    if (covered === undefined && source.some((line) => /^(?:export )?(?:async )?(?:function|class|const) /.test(line))) violations.push(`${file}: no test loads it`);
    for (const branch of branches.filter((each) => !each.taken)) {
      const text = source[branch.line - 1]?.trim() ?? '';
      const exception = exceptions.find((each) => each.file === file && text.includes(each.code));
      if (exception) used.add(exception);
      else violations.push(`${file}:${branch.line}: way ${branch.way} of this ${branch.type} is never taken: ${text}`);
    }
    const done = branches.filter((each) => each.taken).length;
    all += branches.length;
    taken += done;
    counts[`${file}, branches`] = branches.length;
    if (done < branches.length) counts[`${file}, not taken`] = branches.length - done;
  }
  for (const each of exceptions) if (!used.has(each)) violations.push(`uncovered.md excuses what is covered or gone: ${each.file}: ${each.code}`);
  return { counts: { ...counts, 'branches in all': all, 'taken in all': taken, 'excused in proof/mutation/uncovered.md': all - taken - violations.filter((each) => each.includes('is never taken')).length }, violations };
}
