/** What an operator types: `npm run -s steward -- COMMAND`. */
import { fileURLToPath } from 'node:url';
import { systemClock } from '../clients/clock.ts';
import { run } from './main.ts';

process.exitCode = await run(process.argv.slice(2), {
  root: fileURLToPath(new URL('../../', import.meta.url)),
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  latch: { environment: process.env, clock: systemClock },
});
