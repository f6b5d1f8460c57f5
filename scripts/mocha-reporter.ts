/** Mocha's own reporter for people, which also leaves the counts in a file for `scripts/test.ts`. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { counts: file } = options.reporterOptions as { counts: string };
      const { passes, failures, pending } = this.stats;
      const counts = { passed: passes, failed: failures, skipped: pending };
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
