/** `npm run bench -- <what> [--json] [options]`: measures on this machine and prints a table, or one JSON document. */

interface Bench {
  readonly run: (options: { readonly json: boolean; readonly args: readonly string[] }) => Promise<void>;
}

const benches: ReadonlyMap<string, () => Promise<Bench>> = new Map([
  ['turn', () => import('./turn.ts')],
  ['gate', () => import('./gate.ts')],
  ['kill', () => import('./kill.ts')],
  ['ledger', () => import('./ledger.ts')],
  ['knowledge', () => import('./knowledge.ts')],
  // By a name that the compiler does not follow: each measurement stands alone.
  ['start', () => import(new URL('start.ts', import.meta.url).href) as Promise<Bench>],
]);

const USAGE = `npm run bench -- <what> [--json] [options]
  turn     a message answered: Steward beside a bare Teams AI bot and a bare Bot Framework echo
             --rounds N      measured turns of each bot (200)
             --quiet N       turns after more than a second of silence (20)
             --no-actions    without confirm-and-execute
             --profile DIR   writes a processor profile of Steward there
  gate     decisions beside plain Cedar and casbin, and an approval on Azurite
             --questions N   asked of each (6000)
             --approvals N   from the request to the end (200)
  kill     a kill under load on two processes, in chat, by hand and with storage cut; beside a flag that is polled
             --rounds N      kills in all (40)
  ledger   records that must be durable, in groups; beside one append for each
             --records N     of each way (2000)
  knowledge  a question's passages found among 1,000, 10,000 and 100,000, beside vectra and Orama, with recall; in memory
             --quick         without 100,000, and with 50 questions
  start    from the start of the process to listening`;

const [name = '', ...rest] = process.argv.slice(2);
const load = benches.get(name);
if (load === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const bench = await load();
  await bench.run({ json: rest.includes('--json'), args: rest.filter((argument) => argument !== '--json') });
}
