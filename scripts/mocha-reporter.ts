/** Mocha's own reporter for people, which also leaves counts and failures in a file for `scripts/test.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import Mocha from 'mocha';

/** A test or a hook that failed: where it stands, and what it threw. */
export interface Failure {
  readonly title: string;
  readonly file: string;
  readonly error: string;
}

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failures: Failure[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test: Mocha.Runnable, error: unknown) => {
      failures.push({ title: test.titlePath().join(' › '), file: test.file === undefined ? '' : relative('.', test.file), error: textOf(error) });
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { counts: file } = options.reporterOptions as { counts: string };
      const { passes, failures: failed, pending } = this.stats;
      const counts = { passed: passes, failed, skipped: pending, failures };
      // Whoever tidies temporary folders during a long run would otherwise lose what it found.
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(counts));
      // A server or timer that a test left open keeps the process alive. Say what it is instead of waiting for ever.
      // The exit code would not tell: mocha sets it at the last moment, to the number of failures.
      setTimeout(() => {
        const leftOpen = [...new Set(process.getActiveResourcesInfo())].join(', ');
        writeFileSync(file, JSON.stringify({ ...counts, leftOpen }));
        process.exit();
      }, GRACE_MS).unref();
    });
  }
}

const GRACE_MS = 10_000;

/** The stack, which mocha has freed of its own lines. One that does not hold the message, as after a change to it, follows the message. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack = '' } = error;
  return stack.includes(message) ? stack : `${error.name}: ${message}\n${stack}`;
}
