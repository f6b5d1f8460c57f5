import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const LOCK = { name: 'clone', lockfileVersion: 3, packages: { '': { name: 'clone' }, 'node_modules/tsx': { version: '1.0.0' } } };

/** Stands in for npm: counts its calls, talks on stdout as npm does, and installs a `tsx` that is enough to run a file. */
const FAKE_NPM = `#!/usr/bin/env node
import { appendFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
console.log('npm says hello on stdout');
if (process.env.FAKE_NPM_FAILS) {
  console.error('npm error network unreachable');
  process.exit(7);
}
await setTimeout(Number(process.env.FAKE_NPM_MS ?? 0));
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules');
symlinkSync(${JSON.stringify(resolve('node_modules/tsx'))}, 'node_modules/tsx');
`;

const PROGRAM = `
if (process.argv.includes('--fail')) process.exit(42);
if (process.argv.includes('--wait')) {
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1;
      console.error('received', signal);
      setTimeout(() => process.exit(signals === 1 ? 0 : 9), 300);
    });
  }
  setInterval(() => undefined, 1000);
}
console.log(JSON.stringify({ ready: true, arguments: process.argv.slice(2) }));
`;

const PREPARE = `
import { appendFileSync, mkdirSync } from 'node:fs';
mkdirSync('node_modules/.cache/steward/vectors', { recursive: true });
appendFileSync('prepared', 'x');
console.log('said on stdout');
`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('scripts/with-dependencies.mjs', () => {
  let clone: string;

  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'steward-clone-'));
    write('package.json', JSON.stringify({ type: 'module', engines: { node: '^20.19.0 || ^22.12.0 || >=24.0.0' } }));
    write('package-lock.json', JSON.stringify(LOCK));
    write('sandbox/main.ts', PROGRAM);
    write('bin/npm', FAKE_NPM);
    write('bin/package.json', JSON.stringify({ type: 'module' }));
    chmodSync(join(clone, 'bin/npm'), 0o755);
    mkdirSync(join(clone, 'scripts'));
    copyFileSync('scripts/with-dependencies.mjs', join(clone, 'scripts/with-dependencies.mjs'));
  });

  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  it('installs what is missing, then runs the program with its arguments', async () => {
    const { code, stdout } = await run(['start', '--headless', '--port', '0']);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { ready: true, arguments: ['--headless', '--port', '0'] });
    assert.deepEqual(npmCalls(), ['ci --include=dev --loglevel=notice']);
  });

  it('keeps what npm says off stdout, which belongs to the program', async () => {
    const { stdout, stderr } = await run(['start']);
    assert.equal(stdout.trim().split('\n').length, 1);
    assert.match(stderr, /npm says hello on stdout/);
  });

  it('does not install again when nothing changed', async () => {
    await run(['start']);
    const { code, stderr } = await run(['start']);
    assert.deepEqual([code, stderr, npmCalls().length], [0, '', 1]);
  });

  it('installs again when the lockfile changed', async () => {
    await run(['start']);
    write('package-lock.json', JSON.stringify({ ...LOCK, version: '2.0.0' }));
    await run(['start']);
    assert.equal(npmCalls().length, 2);
  });

  it('installs again when the install was made by another major version of Node', async () => {
    await run(['start']);
    write('node_modules/.steward-installed', readFileSync(join(clone, 'node_modules/.steward-installed'), 'utf8').replace(/^node\d+/, 'node18'));
    await run(['start']);
    assert.equal(npmCalls().length, 2);
  });

  it('accepts an install made by hand, when it has every locked version', async () => {
    await run(['start']);
    rmSync(join(clone, 'node_modules/.steward-installed'));
    write('node_modules/.package-lock.json', JSON.stringify(LOCK));
    await run(['start']);
    assert.equal(npmCalls().length, 1);
  });

  it('does not accept an install made by hand that has another version', async () => {
    await run(['start']);
    rmSync(join(clone, 'node_modules/.steward-installed'));
    write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/tsx': { version: '0.9.0' } } }));
    await run(['start']);
    assert.equal(npmCalls().length, 2);
  });

  it('installs once when two programs are started together', async () => {
    const both = await Promise.all([run(['start', 'one'], { FAKE_NPM_MS: '600' }), run(['start', 'two'], { FAKE_NPM_MS: '600' })]);
    assert.deepEqual(both.map(({ code }) => code), [0, 0]);
    assert.equal(npmCalls().length, 1);
  });

  it('takes over the lock of an install that was killed', async () => {
    const child = spawn(process.execPath, ['scripts/with-dependencies.mjs', 'start'], { cwd: clone, env: environment({ FAKE_NPM_MS: '60000' }), detached: true });
    const ended = outcome(child);
    await until(() => existsSync(join(clone, 'npm-calls')));
    process.kill(-child.pid!, 'SIGKILL'); // with its npm
    await ended;
    const { code } = await run(['start']);
    assert.equal(code, 0);
    assert.equal(npmCalls().length, 2);
  });

  it('keeps the message of a failed install, says what to do, and ends with 1', async () => {
    const { code, stdout, stderr } = await run(['start'], { FAKE_NPM_FAILS: 'yes' });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /npm error network unreachable\n.*Check the connection to the npm registry, then run the same command again\.\n$/);
    assert.ok(!existsSync(join(clone, 'node_modules/.steward-installed')));
  });

  it('prepares the articles once, before the program, and again after another install', async () => {
    write('sandbox/prepare.ts', PREPARE);
    const { stderr, stdout } = await run(['start', 'one']);
    assert.match(stderr, /reading the sample articles, once/);
    assert.deepEqual(JSON.parse(stdout), { ready: true, arguments: ['one'] });
    const again = await run(['start', 'two']);
    assert.deepEqual([again.stderr, prepared()], ['', 1]);
    write('package-lock.json', JSON.stringify({ ...LOCK, version: '2.0.0' }));
    await run(['start', 'three']);
    assert.equal(prepared(), 2);
  });

  it('prepares them also where somebody installed by hand', async () => {
    await run(['start']);
    rmSync(join(clone, 'node_modules/.steward-installed'));
    write('node_modules/.package-lock.json', JSON.stringify(LOCK));
    write('sandbox/prepare.ts', PREPARE);
    await run(['start']);
    assert.deepEqual([npmCalls().length, prepared()], [1, 1]);
  });

  it('starts the program all the same when the articles could not be prepared', async () => {
    write('sandbox/prepare.ts', 'throw new Error("nothing to read");');
    const { code, stderr } = await run(['start']);
    assert.equal(code, 0);
    assert.match(stderr, /nothing to read/);
  });

  it('passes on the exit code of the program', async () => {
    assert.equal((await run(['start', '--fail'])).code, 42);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`hands ${signal} on once and waits for the program to end by itself`, async () => {
      const child = start(['start', '--wait']);
      const ended = outcome(child);
      await once(child.stdout!, 'data');
      child.kill(signal);
      setTimeout(() => child.kill(signal), 100);
      const { code, stderr } = await ended;
      assert.equal(code, 0);
      assert.equal(stderr.split(`received ${signal}`).length - 1, 1);
    });
  }

  it('stops the program when npm, which started us, is gone', async () => {
    // npm's place is taken by a shell that does not hand the signal on, as /bin/sh does not.
    const script = `"${process.execPath}" scripts/with-dependencies.mjs start --wait & wait`;
    const child = spawn('/bin/sh', ['-c', script], { cwd: clone, env: environment({ npm_lifecycle_event: 'start' }) });
    const ended = outcome(child);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.match((await ended).stderr, /received SIGTERM/); // and the pipes closed, so nothing is left that holds them
  });

  it('names the versions of Node that work, and the one that is running', async () => {
    write('package.json', JSON.stringify({ type: 'module', engines: { node: '^18.0.0 || >=99.1.0' } }));
    const { code, stderr } = await run(['start']);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`Steward needs Node ^18.0.0 || >=99.1.0, and this is Node ${process.versions.node}.`), stderr);
    assert.ok(!existsSync(join(clone, 'npm-calls')));
  });

  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const ranges: readonly (readonly [range: string, holds: boolean])[] = [
    [`^${major}.${minor}.0`, true],
    [`^${major}.${minor + 1}.0`, false],
    [`^${major - 1}.0.0`, false],
    [`>=${major - 1}.99.99`, true],
    [`>=${major + 1}.0.0`, false],
    [`^${major + 2}.0.0 || ^${major}.0.0`, true],
  ];
  for (const [range, holds] of ranges) {
    it(`${holds ? 'accepts' : 'refuses'} Node ${process.versions.node} where ${range} is asked for`, async () => {
      write('package.json', JSON.stringify({ type: 'module', engines: { node: range } }));
      const { code } = await run(['start']);
      assert.equal(code, holds ? 0 : 1);
    });
  }

  it('says so when a program is not in the checkout, and installs nothing', async () => {
    const { code, stderr } = await run(['bench']);
    assert.equal(code, 1);
    assert.match(stderr, /`bench` is not in this checkout: there is no bench\/main\.ts/);
    assert.ok(!existsSync(join(clone, 'npm-calls')));
  });

  for (const name of [undefined, 'constructor', 'nonsense']) {
    it(`lists the programs when asked for ${name ?? 'none'}`, async () => {
      const { code, stderr } = await run(name === undefined ? [] : [name]);
      assert.equal(code, 2);
      assert.match(stderr, /start, test, steward, proof, bench/);
    });
  }

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  }

  function prepared(): number {
    return readFileSync(join(clone, 'prepared'), 'utf8').length;
  }

  function npmCalls(): string[] {
    return readFileSync(join(clone, 'npm-calls'), 'utf8').trim().split('\n');
  }

  function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const { npm_lifecycle_event: _, ...inherited } = process.env; // we may be run by `npm test`
    return { ...inherited, PATH: [join(clone, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter), ...more };
  }

  function start(given: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn(process.execPath, ['scripts/with-dependencies.mjs', ...given], { cwd: clone, env: environment(more) });
  }

  function run(given: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return outcome(start(given, more));
  }
});

async function outcome(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
