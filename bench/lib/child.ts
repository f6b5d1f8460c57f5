/** Processes of a measurement: each bot and the cloud have their own, so that none waits for another's garbage collector. */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Child<Ready> {
  readonly ready: Ready;
  readonly pid: number;
  /** Processor time used so far, in milliseconds; undefined where the system does not tell. */
  cpuMs(): number | undefined;
  /** The end of what it wrote to stderr. */
  told(): string;
  /** Asks for one thing and waits for its answer, for a minute unless told otherwise. */
  ask(question: string, value?: unknown, deadlineMs?: number): Promise<unknown>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Beside bench/, with `.ts` or `.mjs`. */
  readonly file: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Sent first, before it says that it is ready. */
  readonly given?: unknown;
}

/** What `ask` fails with when its time is up; the child may still be at it. */
export const NO_ANSWER = 'gave no answer';
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;

/** What a child may take over from this process: nothing that decides what it talks to. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG'];

/** Starts a file of this folder and waits for its `{ready}`. Fails with what it wrote to stderr. */
export async function startChild<Ready>({ file, env = {}, execArgv = [], given }: ChildOptions): Promise<Child<Ready>> {
  const passed = Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const child = fork(fileURLToPath(new URL(`../${file}`, import.meta.url)), [], {
    env: { ...passed, ...env },
    execArgv: [...(file.endsWith('.ts') ? ['--import', 'tsx'] : []), ...execArgv],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => (told = (told + chunk.toString('utf8')).slice(-4_000)));
  child.stdout?.resume();
  let next = 0;
  if (given !== undefined) child.send({ given });
  const ready = await message<{ readonly ready: Ready }>(child, (received) => 'ready' in received, START_DEADLINE_MS).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${file} did not start: ${told || String(error)}`, { cause: error });
  });
  return {
    ready: ready.ready,
    pid: child.pid ?? 0,
    told: () => told,
    cpuMs: () => cpuMsOf(child.pid ?? 0),
    ask: async (question, value, deadlineMs = START_DEADLINE_MS) => {
      const id = (next += 1);
      child.send({ id, question, value });
      const answer = await message<{ readonly answer: unknown }>(child, (received) => received['id'] === id, deadlineMs);
      return answer.answer;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

/** Linux tells it in hundredths of a second. */
function cpuMsOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}

function message<T>(child: ChildProcess, fits: (received: Record<string, unknown>) => boolean, deadlineMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      done();
    };
    const onMessage = (received: unknown): void => {
      if (typeof received === 'object' && received !== null && fits(received as Record<string, unknown>)) settle(() => resolve(received as T));
    };
    const onExit = (code: number | null): void => settle(() => reject(new Error(`ended with ${code}`)));
    const timer = setTimeout(() => settle(() => reject(new Error(NO_ANSWER))), deadlineMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
