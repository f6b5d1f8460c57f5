import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

describe('scripts/test.ts', () => {
  let clone: string;

  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'steward-clone-'));
    for (const name of ['node_modules', 'scripts', 'package.json', '.mocharc.json']) symlinkSync(resolve(name), join(clone, name));
  });

  afterEach(() => rmSync(clone, { recursive: true }));

  it('ends with the sum alone on the last line', () => {
    write('test/unit/one.test.ts', `it('holds', () => {}); it('holds too', () => {});`);
    write('test/stories/two.test.ts', `it('is a story', () => {});`);
    const { code, lines } = run('--only', 'unit,stories');
    assert.deepEqual([code, lines.at(-1)], [0, '3 passed, 0 failed']);
  });

  it('counts what was skipped, and fails when a test fails', () => {
    write('test/unit/one.test.ts', `it('holds', () => {}); it('does not', () => { throw new Error('because'); }); it('is for later');`);
    const { code, lines } = run('--only', 'unit');
    assert.deepEqual([code, lines.at(-1)], [1, '1 passed, 1 failed, 1 skipped']);
    assert.ok(lines.some((line) => line.includes('because')));
  });

  it('counts each check as one test and shows a failed one whole, at the end', () => {
    write('tsconfig.json', '{ "compilerOptions": { "noEmit": true, "types": [] }, "files": ["wrong.ts"] }');
    write('wrong.ts', `export const count: number = 'three';`);
    write('test/unit/one.test.ts', `it('holds', () => {});`);
    const { code, lines } = run('--only', 'types,unit');
    assert.deepEqual([code, lines.at(-1)], [1, '1 passed, 1 failed']);
    const told = lines.findIndex((line) => line.includes('wrong.ts(1,14): error TS2322'));
    assert.ok(told > lines.findIndex((line) => line.includes('1 passing')), 'after the tests');
  });

  it('shows what failed in one of several lanes again at the end, with its title, file and error, and not mocha’s own lines', () => {
    write('test/unit/one.test.ts', `describe('stores', () => { it('keep', () => { throw new Error('lost\\n' + 'more\\n'.repeat(60)); }); });`);
    write('test/stories/two.test.ts', `describe('a world', () => { before(() => { throw new Error('did not open'); }); it('is a story', () => {}); });`);
    const { code, lines } = run('--only', 'unit,stories');
    assert.deepEqual([code, lines.at(-1)], [1, '0 passed, 2 failed']);
    const at = lines.indexOf('── failed: stores › keep (test/unit/one.test.ts)');
    const other = lines.findIndex((line) => /^── failed: a world › "before all" hook for "is a story" \(test\/stories\/two\.test\.ts\)$/.test(line));
    assert.ok(at > lines.lastIndexOf('  1 failing') && other > 0, lines.join('\n'));
    assert.equal(lines[at + 2], 'Error: lost');
    assert.ok(lines.slice(at + 2, at + 40).some((line) => /^… and \d+ more lines, above$/.test(line)));
    assert.ok(!lines.slice(Math.min(at, other)).some((line) => line.includes('node_modules/mocha')));
  });

  it('fails when no test ran', () => {
    write('test/unit/one.test.ts', `it('holds', () => {});`);
    const { code, lines } = run('--grep', 'nothing like this');
    assert.deepEqual([code, lines.at(-1)], [1, '0 passed, 1 failed']);
  });

  it('fails when a test file cannot be loaded', () => {
    write('test/unit/one.test.ts', `import './nowhere.ts';`);
    const { code, lines } = run('--only', 'unit');
    assert.deepEqual([code, lines.at(-1)], [1, '0 passed, 1 failed']);
  });

  it('refuses a forgotten `.only` in a full run', () => {
    write('test/unit/one.test.ts', `it('holds', () => {}); it.only('holds too', () => {});`);
    assert.equal(run('--only', 'unit').code, 1);
  });

  it('runs one file when given one', () => {
    write('test/unit/one.test.ts', `it('holds', () => {});`);
    write('test/unit/two.test.ts', `it('holds', () => {}); it('holds too', () => {});`);
    assert.equal(run('test/unit/two.test.ts').lines.at(-1), '2 passed, 0 failed');
  });

  it('says what stages there are when asked for another', () => {
    const { code, errors } = run('--only', 'lint,everything');
    assert.equal(code, 2);
    assert.match(errors, /--only takes some of types,lint,imports,(generated,)?browser,(knowledge,)?unit,stories/);
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  }

  function run(...given: string[]): { code: number | null; lines: string[]; errors: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/test.ts', ...given], { cwd: clone, encoding: 'utf8' });
    return { code: status, lines: stdout.trimEnd().split('\n'), errors: stderr };
  }
});
