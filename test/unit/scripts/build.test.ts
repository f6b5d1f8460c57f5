import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { build, deferImports, packagesIn, STUBBED, stubOf, type BuildResult } from '../../../scripts/build.ts';

const root = new URL('../../../', import.meta.url);
const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

describe('the production bundle', function () {
  this.timeout(120_000);
  let folder: string;
  let first: BuildResult;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'steward-build-'));
    first = await build(join(folder, 'one'), { cache: false });
  });
  after(() => rmSync(folder, { recursive: true }));

  const inputs = (): readonly string[] => Object.keys(first.metafile.inputs);

  it('is the same to the byte when it is built again', async () => {
    const second = await build(join(folder, 'two'), { cache: false });
    assert.deepEqual([...second.files.keys()], [...first.files.keys()]);
    for (const path of first.files.keys()) assert.ok(readFileSync(join(folder, 'one', path)).equals(readFileSync(join(folder, 'two', path))), `${path} differs`);
  });

  it('is made of src and packages, and of nothing from sandbox, test, bench or scripts', () => {
    const strange = inputs().filter((path) => !path.startsWith('src/') && !path.startsWith('node_modules/') && !path.startsWith('stub:'));
    assert.deepEqual(strange, []);
    assert.ok(inputs().includes('src/main.ts'));
  });

  it('has no package that production does not depend on', () => {
    const lock = readJson('package-lock.json') as { packages: Record<string, { dev?: boolean; devOptional?: boolean }> };
    const folders = [...packagesIn(first.metafile).values()];
    assert.ok(folders.length > 50);
    // npm marks what is there for devDependencies alone.
    assert.deepEqual(folders.filter((path) => lock.packages[path] === undefined || lock.packages[path].dev === true), []);
  });

  it('holds neither recognizers nor the tokenizer', () => {
    assert.deepEqual([...packagesIn(first.metafile).keys()].filter((name) => STUBBED.test(name.replace(/@[^@]*$/, ''))), []);
    const stubbed = inputs().filter((path) => path.startsWith('stub:')).map((path) => path.slice('stub:'.length));
    assert.ok(stubbed.includes('@microsoft/recognizers-text-suite') && stubbed.some((path) => path.startsWith('gpt-tokenizer')), stubbed.join());
  });

  it('fails loudly where something asks for what was left out', () => {
    const module: { exports: Record<string, unknown> } = { exports: {} };
    (runInThisContext(`(module) => { ${stubOf('gpt-tokenizer')} }`) as (given: typeof module) => void)(module);
    assert.throws(() => module.exports['encode'], /gpt-tokenizer is not in this build, and something asked it for encode/);
  });

  it('comes with policy, prompt and policy engine as they are in the repository', () => {
    const same = { 'src/guard/policy.cedar': 'src/guard/policy.cedar', 'prompts/steward/skprompt.txt': 'prompts/steward/skprompt.txt', 'src/cedar_wasm_bg.wasm': 'node_modules/@cedar-policy/cedar-wasm/nodejs/cedar_wasm_bg.wasm' };
    for (const [there, here] of Object.entries(same)) assert.ok(readFileSync(join(folder, 'one', there)).equals(readFileSync(new URL(here, root))), there);
  });

  it('names the licence of every package in it', () => {
    const notices = readFileSync(join(folder, 'one/THIRD-PARTY-NOTICES.txt'), 'utf8');
    assert.deepEqual([...packagesIn(first.metafile).keys()].filter((id) => !notices.includes(id)), []);
  });

  it('does not start without its settings, says each one that is missing, and ends with 1', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'one/src/main.cjs')], { env: {}, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^steward does not start: the configuration does not hold:$/m);
    assert.match(stderr, /^ {2}STEWARD_TENANT_ID is missing$/m);
  });

  it('starts the same with a code cache whose header does not fit', () => {
    const main = join(folder, 'one/src/main.cjs');
    assert.equal(spawnSync(process.execPath, [main, '--write-code-cache'], { env: {} }).status, 1);
    const [cache = ''] = readdirSync(join(folder, 'one/src')).filter((name) => name.endsWith('.cache'));
    const path = join(folder, 'one/src', cache);
    writeFileSync(path, readFileSync(path).fill(7, 0, 4096));
    const { status, stderr } = spawnSync(process.execPath, [main], { env: {}, encoding: 'utf8' });
    rmSync(path);
    assert.equal(status, 1);
    assert.match(stderr, /STEWARD_TENANT_ID is missing/);
  });
});

describe('loading at first use', () => {
  /** Runs rewritten CommonJS; `loaded` notes what it required, in order. */
  function runDeferred(source: string, modules: Readonly<Record<string, unknown>>): { readonly exports: Record<string, unknown>; readonly loaded: readonly string[] } {
    const loaded: string[] = [];
    const module = { exports: {} as Record<string, unknown> };
    const text = deferImports(source, (specifier) => modules[specifier]);
    const load = (specifier: string): unknown => {
      loaded.push(specifier);
      return modules[specifier];
    };
    (runInThisContext(`(function (exports, module, require) {${text}\n})`) as (...given: readonly unknown[]) => void)(module.exports, module, load);
    return { exports: module.exports, loaded };
  }

  it('loads nothing until it is used, and then once', () => {
    const { exports, loaded } = runDeferred('const far_1 = require("far");\nexports.call = () => far_1.answer() + far_1.answer();', { far: { answer: () => 21 } });
    assert.deepEqual(loaded, []);
    assert.equal((exports['call'] as () => number)(), 42);
    assert.deepEqual(loaded, ['far']);
  });

  it('gives each name of an exported module as that module has it', () => {
    const source = 'var __exportStar = () => {};\nexports.own = 1;\n__exportStar(require("far"), exports);';
    const { exports, loaded } = runDeferred(source, { far: { name: 'far', own: 2, default: 3 } });
    assert.deepEqual([Object.keys(exports), loaded], [['own', 'name'], []]);
    assert.deepEqual([exports['own'], exports['name'], loaded], [1, 'far', ['far']]);
  });

  it('keeps constructors, calls without a receiver and short properties', () => {
    const Far = { Inner: class { readonly inner = true; } };
    const source = 'const far_1 = require("far");\nconst call = require("call");\nexports.made = () => new far_1.Inner();\nexports.called = () => call();\nexports.short = () => ({ far_1 });';
    const { exports } = runDeferred(source, { far: Far, call: function (this: unknown) { return this === undefined || this === globalThis; } });
    assert.equal((exports['made'] as () => { inner: boolean })().inner, true);
    assert.equal((exports['called'] as () => boolean)(), true);
    assert.equal((exports['short'] as () => { far_1: unknown })().far_1, Far);
  });

  it('leaves a name alone that means something else anywhere in the file, or is assigned to', () => {
    for (const rest of ['function inner(far_1) { return far_1; }', 'far_1 = 2;']) {
      const source = `let far_1 = require("far");\n${rest}`;
      assert.equal(deferImports(source, () => ({})), source);
    }
  });
});
