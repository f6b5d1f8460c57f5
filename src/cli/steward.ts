/** What an operator types: `npm run -s steward -- COMMAND`. */
import { fileURLToPath } from 'node:url';
import { run } from './main.ts';

process.exitCode = run(process.argv.slice(2), {
  root: fileURLToPath(new URL('../../', import.meta.url)),
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
});
