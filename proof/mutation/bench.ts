/** What the proofs about the tests share: tools that are installed apart, and copies of the project to work on. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** They have a package.json of their own, so that whoever only wants Steward does not install them. */
export const tools = fileURLToPath(new URL('.', import.meta.url));
/** Within the project, so that its packages are found from a copy; ignored by git. */
const WORK = join(root, '.data', 'proof');
/** What the unit tests of the guard and of plans read. */
const COPIED = ['package.json', 'tsconfig.json', 'src', 'prompts', 'docs', 'sandbox', 'scripts', 'test/unit', 'test/vectors'];

/** Installs the tools if they are not there as locked. Fails with what to do when npm can't. */
export async function installTools(progress: (text: string) => void): Promise<void> {
  if (isInstalled()) return;
  progress('installing the tools of proof/mutation, once (npm ci)');
  const { code } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], tools, process.platform === 'win32');
  if (code !== 0) throw new Error('the tools in proof/mutation could not be installed; npm says why above. Check the connection to the npm registry, then run the same command again.');
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

function isInstalled(): boolean {
  const record = join(tools, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const read = (path: string): Lock => JSON.parse(readFileSync(path, 'utf8')) as Lock;
  const { packages: installed } = read(record);
  return Object.entries(read(join(tools, 'package-lock.json')).packages).every(([path, { optional, version }]) => path === '' || optional === true || installed[path]?.version === version);
}

/** An empty folder to work in. */
export function workFolder(name: string): { readonly folder: string; readonly remove: () => void } {
  mkdirSync(WORK, { recursive: true });
  const folder = mkdtempSync(join(WORK, `${name}-`));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function copyProject(to: string): void {
  for (const path of COPIED) cpSync(join(root, path), join(to, path), { recursive: true });
}

/** Runs a program to its end. `said` is the end of what it wrote, for whoever has to explain a failure. */
export function run(command: string, programArguments: readonly string[], cwd: string, shell = false, heard: (text: string) => void = () => undefined): Promise<{ readonly code: number; readonly said: string }> {
  const MOST_SAID = 4_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command, programArguments, { cwd, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-MOST_SAID);
        heard(text);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, said }));
  });
}

/** Entries of a list of exceptions: `- path: ``code`` [→ ``code``]: reason`. */
export interface Exception {
  readonly file: string;
  readonly code: string;
  /** What a mutant makes of it; absent in a list of branches. */
  readonly becomes?: string;
  readonly reason: string;
}

export function readExceptions(name: string): readonly Exception[] {
  const lines = readFileSync(join(tools, name), 'utf8').split('\n').filter((line) => line.startsWith('- '));
  return lines.map((line) => {
    const [, file, code, becomes, reason] = /^- (\S+): ``(.+?)``(?: → ``(.*?)``)?: (.{10,})$/.exec(line) ?? [];
    if (file === undefined || code === undefined || reason === undefined) throw new Error(`${name} holds a line that is no exception: ${line}`);
    return { file, code: code.trim(), ...(becomes !== undefined && { becomes: becomes.trim() }), reason };
  });
}
