import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/** Stands in for npm: says what a part is to say, and has no Node 24 to give. */
const FAKE_NPM = `#!/usr/bin/env bash
case "$1" in
  test) printf '%b' "$TEST_SAYS"; [[ $TEST_SAYS == *' 0 failed'* ]] ;;
  run) printf '%b' "$PROOF_SAYS"; [[ $PROOF_SAYS == *' 0 failed'* ]] ;;
  *) exit 1 ;;
esac
`;
const GOOD = '7 passed, 0 failed\\n';

describe('.ci/run', () => {
  let clone: string;

  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'steward-ci-'));
    for (const folder of ['.ci', 'bin']) mkdirSync(join(clone, folder));
    symlinkSync(resolve('.ci/run'), join(clone, '.ci/run'));
    writeFileSync(join(clone, 'bin/npm'), FAKE_NPM);
    chmodSync(join(clone, 'bin/npm'), 0o755);
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  it('ends with the sum over all parts, and says nothing of failures when there are none', () => {
    const { code, lines } = run(GOOD, '2 passed, 0 failed\\n');
    assert.deepEqual([code, lines.at(-1)], [0, '9 passed, 0 failed']);
    assert.ok(!lines.some((line) => line.includes('failed: ')));
  });

  it('shows what failed in any part again at the end, and then its titles', () => {
    const tests = `── failed: approvals › are spent once (test/unit/one.test.ts)\\n\\nError: spent twice\\n\\n3.0 s\\n\\n4 passed, 1 failed\\n`;
    const { code, lines } = run(tests, '── failed: guard-clicks\\n\\nseed 3: two effects\\n1 passed, 1 failed\\n');
    assert.deepEqual([code, lines.at(-1)], [1, '5 passed, 2 failed']);
    const node = `(Node ${process.version})`;
    assert.deepEqual(lines.slice(-18), [
      `== failed: npm test ${node}`, '── failed: approvals › are spent once (test/unit/one.test.ts)', '', 'Error: spent twice', '', '', '',
      `== failed: npm run -s proof -- --touched ${node}`, '── failed: guard-clicks', '', 'seed 3: two effects', '',
      `== failed: npm test ${node}`, '── failed: approvals › are spent once (test/unit/one.test.ts)',
      `== failed: npm run -s proof -- --touched ${node}`, '── failed: guard-clicks', '',
      '5 passed, 2 failed',
    ]);
  });

  it('shortens what is long: 40 lines of a failure, 10 failures', () => {
    const long = Array.from({ length: 12 }, (_, index) => `── failed: number ${index}\\n${'why\\n'.repeat(100)}`).join('');
    const { lines } = run(`${long}1 passed, 12 failed\\n`, GOOD);
    const again = lines.slice(lines.indexOf(`== failed: npm test (Node ${process.version})`));
    assert.equal(again.filter((line) => line === 'why').length, 10 * 39);
    assert.ok(again.some((line) => line === '── failed: number 9') && !again.some((line) => line === '── failed: number 10'));
  });

  it('counts a part that ends without a sum as one failure, and shows its last lines again', () => {
    const { code, lines } = run('the machine is full\\n', GOOD);
    assert.deepEqual([code, lines.at(-1)], [1, '7 passed, 1 failed']);
    assert.equal(lines.filter((line) => line === 'the machine is full').length, 2);
  });

  function run(testSays: string, proofSays: string): { code: number | null; lines: string[] } {
    // Node 24 is then not fetched: the second run of the suites is left out.
    const path = [join(clone, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
    const { status, stdout } = spawnSync('bash', [join(clone, '.ci/run')], { encoding: 'utf8', env: { ...process.env, PATH: path, STEWARD_CHROMIUM: 'none', TEST_SAYS: testSays, PROOF_SAYS: proofSays } });
    return { code: status, lines: stdout.trimEnd().split('\n') };
  }
});
