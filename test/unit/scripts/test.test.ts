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
    assert.match(errors, /--only takes some of types,lint,imports,(generated,)?unit,stories/);
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  }

  function run(...given: string[]): { code: number | null; lines: string[]; errors: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/test.ts', ...given], { cwd: clone, encoding: 'utf8' });
    return { code: status, lines: stdout.trimEnd().split('\n'), errors: stderr };
  }
}).timeout(30_000);
