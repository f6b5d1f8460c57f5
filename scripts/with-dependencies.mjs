/**
 * Runs one program of this repository, after installing what it needs:
 *
 *     node scripts/with-dependencies.mjs <program> [arguments]
 *
 * This is what makes `npm start` and `npm test` work as the first command typed in a fresh clone. It may use nothing
 * that has to be installed. stdout belongs to the program (`npm start -- --headless` promises exactly one line there),
 * so everything said here, and by npm, goes to stderr.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAMS = new Map([
  ['start', 'sandbox/main.ts'],
  ['test', 'scripts/test.ts'],
  ['steward', 'src/cli/main.ts'],
  ['proof', 'scripts/proof.ts'],
  ['bench', 'bench/main.ts'],
]);

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
const stampFile = join(root, 'node_modules/.steward-installed');
const prepare = 'sandbox/prepare.ts';
/** Where `prepare` leaves what it made; npm empties it with the rest. */
const prepared = join(root, 'node_modules/.cache/steward/vectors');
const runtime = `node${process.versions.node.split('.')[0]} ${process.platform}-${process.arch}`;

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...programArguments]) {
  const program = PROGRAMS.get(name ?? '');
  if (program === undefined) {
    return fail(`say which program to run: ${[...PROGRAMS.keys()].join(', ')}`, 2);
  }
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (!satisfies(process.versions.node, engines.node)) {
    return fail(
      `Steward needs Node ${engines.node}, and this is Node ${process.versions.node}. ` +
        `Install one of those (\`nvm install\` reads .nvmrc) and run the command again.`,
    );
  }
  if (!existsSync(join(root, program))) {
    return fail(`\`${name}\` is not in this checkout: there is no ${program}`);
  }
  const installCode = await installWhatIsMissing();
  if (installCode !== 0) return installCode;
  return run(process.execPath, ['--import', 'tsx', program, ...programArguments], { stdio: 'inherit' });
}

/** Understands what `engines` here uses: `^1.2.3` and `>=1.2.3`, joined by `||`. */
function satisfies(version, range) {
  const parts = version.split('.').map(Number);
  return range.split('||').some((alternative) => {
    const [, operator, ...digits] = /^\s*(\^|>=)(\d+)\.(\d+)\.(\d+)\s*$/.exec(alternative);
    const least = digits.map(Number);
    const firstDifference = parts.map((part, index) => part - least[index]).find((difference) => difference !== 0) ?? 0;
    return firstDifference >= 0 && (operator === '>=' || parts[0] === least[0]);
  });
}

async function installWhatIsMissing() {
  if (isInstalled() && isPrepared()) return 0;
  const releaseLock = await takeLock();
  try {
    const code = isInstalled() ? 0 : await install(); // or by whoever held the lock
    if (code !== 0 || isPrepared()) return code;
    console.error('steward: reading the sample articles, once …');
    const prepareCode = await run(process.execPath, ['--import', 'tsx', prepare], { stdio: ['ignore', 2, 2] });
    // Where it failed, whoever needs the articles reads them then, and says what is wrong.
    return prepareCode > 128 ? prepareCode : 0;
  } finally {
    releaseLock();
  }
}

function isPrepared() {
  return existsSync(prepared) || !existsSync(join(root, prepare));
}

async function install() {
  console.error('steward: installing dependencies, once (npm ci) …');
  const code = await run(
    'npm',
    // A machine may say NODE_ENV=production, and `npm run -s` hands `silent` down, which would hide why npm failed.
    ['ci', '--include=dev', '--loglevel=notice'],
    { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' },
  );
  if (code > 128) return code; // interrupted, which needs no advice
  if (code !== 0) {
    return fail(
      'the dependencies could not be installed; npm says why above. ' +
        'Check the connection to the npm registry, then run the same command again.',
    );
  }
  writeFileSync(stampFile, currentStamp());
  return 0;
}

function isInstalled() {
  const stamp = readIfThere(stampFile);
  if (stamp === currentStamp()) return true;
  const installedForAnotherNode = stamp !== undefined && !stamp.startsWith(runtime);
  return !installedForAnotherNode && npmInstalledTheLockfile();
}

function currentStamp() {
  return `${runtime} ${createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')}\n`;
}

/** True after `npm ci` or `npm install` by hand. npm writes this record last, so half an install has none. */
function npmInstalledTheLockfile() {
  const record = readIfThere(join(root, 'node_modules/.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

/**
 * One install at a time per checkout: `npm start` and `npm test` may be typed together in a fresh clone. The lock names
 * its holder, so that one left behind by a killed process is taken over. It lives outside node_modules, which npm empties.
 */
async function takeLock() {
  const lock = join(tmpdir(), `steward-install-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  for (let waited = 0; ; waited += 1) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return () => unlinkSync(lock);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waited === 0) console.error('steward: waiting for another install in this folder …');
    await sleep(300);
    const holder = readIfThere(lock);
    if (holder !== undefined && !isRunning(Number(holder))) unlinkSync(lock);
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Runs a child to its end and returns the exit code to pass on. */
function run(command, commandArguments, options) {
  const child = spawn(command, commandArguments, { cwd: root, ...options });
  // A signal is handed on once. Ctrl-C in a terminal also reaches the child directly, and npm repeats it to us.
  const interrupt = once(() => child.kill('SIGINT'));
  const terminate = once(() => child.kill('SIGTERM'));
  process.on('SIGINT', interrupt).on('SIGTERM', terminate);
  // Killing npm ends it, and often the shell between us, without a word to us; nothing must stay behind.
  const startedBy = ancestors();
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event !== undefined && ancestors() !== startedBy) terminate();
  }, 500);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(fail(`\`${command}\` could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal])); // what a shell reports
  }).finally(() => {
    clearInterval(watch);
    process.off('SIGINT', interrupt).off('SIGTERM', terminate);
  });
}

/** Our parent and, where the system tells, its parent: npm starts a shell, which starts us. */
function ancestors() {
  const parent = readIfThere(`/proc/${process.ppid}/stat`); // pid (name) state ppid …
  return `${process.ppid} ${parent?.slice(parent.lastIndexOf(')')).split(' ')[2]}`;
}

function once(act) {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

function fail(sentence, code = 1) {
  console.error(`steward: ${sentence}`);
  return code;
}
