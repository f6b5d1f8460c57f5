import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { domainOf, scaffold, ScaffoldError } from '../../../src/cli/new-action.ts';
import { run as runCommand } from '../../../src/cli/main.ts';
import { systemClock } from '../../../src/clients/clock.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const execute = promisify(execFile);

/** A copy of what an action touches, in a folder of its own. */
function copyOfTree(): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'steward-scaffold-')));
  for (const path of ['src', 'tsconfig.json', 'eslint.config.js', 'package.json']) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'));
  return copy;
}

/** Every file below a folder with its content. */
function contents(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ name, parentPath }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')]));
}

const fails = (usage: boolean, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ScaffoldError, String(error));
  assert.equal(error.usage, usage);
  assert.match(error.message, pattern);
  return true;
};

describe('`steward actions new`', () => {
  let copy = '';
  before(() => {
    copy = copyOfTree();
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it('writes an action, its words and a test that pass types, lint and mocha, and is in the catalogue', async function () {
    this.timeout(180_000);
    const made = [scaffold(copy, 'retire_device'), scaffold(copy, 'fetch_weather', 'health')];
    assert.deepEqual(made[0], {
      created: ['src/actions/devices/retire-device.ts', 'test/unit/actions/devices/retire-device.test.ts'],
      changed: ['src/actions/catalogue.ts', 'src/bot/wording/actions/devices.ts'],
    });
    const files = [...new Set(made.flatMap(({ changed, created }) => [...created, ...changed]))];
    // Of the copy, those files and what they import.
    writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ ...(JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as object), include: files }));
    const node = (...words: readonly string[]) => execute(process.execPath, words, { cwd: copy }).catch((error: unknown) => assert.fail(`${words.join(' ')}\n${(error as { stdout: string }).stdout}${(error as { stderr: string }).stderr}`));
    await Promise.all([node('node_modules/typescript/bin/tsc', '--noEmit'), node('node_modules/eslint/bin/eslint.js', '--max-warnings', '0', ...files)]);
    await node('--import', 'tsx', 'node_modules/mocha/bin/mocha.js', ...files.filter((file) => file.startsWith('test/')));
  });

  it('ships what it wrote disabled', () => {
    assert.match(readFileSync(join(copy, 'src/actions/devices/retire-device.ts'), 'utf8'), /ships: 'disabled'/);
  });

  for (const name of ['', 'block', 'Block_sign', 'block-sign', 'block_Sign', '../../etc_passwd', 'a_b/../c_d', "x_y'; drop_table", 'constructor', '__proto__', '_x', 'x_', `a_${'b'.repeat(64)}`, 'größe_ändern']) {
    it(`refuses the name ${JSON.stringify(name)} and writes nothing`, () => {
      const before = contents(copy);
      assert.throws(() => scaffold(copy, name, 'people'), fails(true, /verb_noun/));
      assert.deepEqual(contents(copy), before);
    });
  }

  for (const name of ['block_sign_in', 'find_person', 'report_licence_use']) {
    it(`refuses ${name}, which exists, and writes nothing`, () => {
      const before = contents(copy);
      assert.throws(() => scaffold(copy, name), fails(false, /there is/));
      // Elsewhere too: two actions of one name are no catalogue.
      assert.throws(() => scaffold(copy, name, 'mail'), fails(false, /there is|has something called/));
      assert.deepEqual(contents(copy), before);
    });
  }

  it('ends with 1 for an action that exists', async () => {
    let err = '';
    assert.equal(await runCommand(['actions', 'new', 'block_sign_in'], { root: copy, print: () => undefined, complain: (text) => void (err += text), latch: { environment: {}, clock: systemClock } }), 1);
    assert.match(err, /there is an action block_sign_in/);
  });

  it('knows where an action belongs by its name, and asks where it does not', () => {
    assert.deepEqual(['retire_device', 'rename_group', 'report_guests', 'disable_account', 'escalate_ticket'].map(domainOf), ['devices', 'groups', 'reports', 'people', 'tickets']);
    assert.throws(() => scaffold(copy, 'fetch_moon'), fails(true, /--in people \|/));
  });
});
