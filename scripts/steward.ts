/** What an operator types: `npm run -s steward -- COMMAND`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { run } from '../src/cli/main.ts';
import type { KnowledgeServices } from '../src/cli/knowledge-services.ts';
import { systemClock } from '../src/clients/clock.ts';

const GIT_TIMEOUT_MS = 10_000;
const { env: environment } = process;

/** Where a deployment is named, with the operator's own login; else the local stand-ins. Loaded when they are needed: a kill waits for nothing. */
async function services(): Promise<KnowledgeServices> {
  if ((environment['STEWARD_OPENAI_RESOURCE'] ?? '') === '') return (await import('../sandbox/knowledge.ts')).localServices();
  return (await import('../src/cli/knowledge-azure.ts')).azureServices(environment);
}

process.exitCode = await run(process.argv.slice(2), {
  root: fileURLToPath(new URL('../', import.meta.url)),
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  latch: { environment, clock: systemClock },
  knowledge: {
    environment,
    git: async (words, cwd) => (await promisify(execFile)('git', [...words], { cwd, timeout: GIT_TIMEOUT_MS })).stdout,
    services,
    today: () => systemClock.now().toISOString().slice(0, 10),
  },
});
