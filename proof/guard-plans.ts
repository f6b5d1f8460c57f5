/** Hostile plans from a grammar that knows the catalogue, through the planner, the gate, the approvals and the executor. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runPlans, type Found } from './guard-plans/run.ts';
import { sabotages } from './guard-plans/world.ts';
import type { Outcome, Proof } from './proof.ts';

/** As many as are promised; `--count` asks for fewer or more. */
const PLANS = 100_000;
/** Two: what the smallest machines of a pipeline have. */
const WORKERS = 2;
/** So many plans are enough to see that a spoilt Steward is noticed. */
const PLANS_TO_NOTICE = 200;
/** Some ways to spoil it show only where people do something rare. */
const MOST_PLANS_TO_NOTICE = 3_000;

export interface Part {
  readonly seed: number;
  readonly plans: number;
  readonly index: number;
  readonly of: number;
}

export type Message = { readonly kind: 'progress'; readonly plans: number; readonly violations: number } | { readonly kind: 'found'; readonly found: Found };

export const proof: Proof = {
  claim: 'whatever a planner proposes and whoever clicks: no effect without the approval of the right person for exactly that step',
  async run({ seed, count = PLANS, progress }): Promise<Outcome> {
    const blind: string[] = [];
    const noticedAfter: Record<string, number> = {};
    for (const sabotage of sabotages) {
      let tried = 0;
      for (let found: Found | undefined; tried < MOST_PLANS_TO_NOTICE && (found?.violations.length ?? 0) === 0; ) {
        found = await runPlans({ seed: seed + tried, plans: PLANS_TO_NOTICE, index: 0, of: 1, sabotage });
        tried += found.plans;
        if (found.violations.length > 0) noticedAfter[`plans until it was noticed that ${sabotage}`] = tried;
      }
      if (!(`plans until it was noticed that ${sabotage}` in noticedAfter)) blind.push(`the books did not notice that ${sabotage}`);
    }
    progress('a spoilt Steward is noticed; now the real one');
    const far = Array.from({ length: WORKERS }, () => ({ plans: 0, violations: 0 }));
    const found = await Promise.all(
      far.map((_, index) =>
        runPart({ seed, plans: Math.ceil(count / WORKERS), index, of: WORKERS }, (said) => {
          far[index] = said;
          const [plans, violations] = [far.reduce((sum, each) => sum + each.plans, 0), far.reduce((sum, each) => sum + each.violations, 0)];
          if (Math.floor(plans / 400) % 10 === 0) progress(`${plans.toLocaleString('en-GB')} plans, violations: ${violations}`);
        }),
      ),
    );
    const counts: Record<string, number> = {};
    for (const part of found) for (const [what, number] of Object.entries(part.counts)) counts[what] = (counts[what] ?? 0) + number;
    const sorted = Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
    return {
      counts: { 'hostile plans': found.reduce((sum, part) => sum + part.plans, 0), turns: found.reduce((sum, part) => sum + part.turns, 0), ...noticedAfter, ...sorted },
      violations: [...blind, ...found.flatMap((part) => part.violations)],
    };
  },
};

/** A process, not a thread: tsx reads no TypeScript in threads of Node 20. */
function runPart(part: Part, progress: (said: Extract<Message, { kind: 'progress' }>) => void): Promise<Found> {
  const worker = fork(fileURLToPath(new URL('./guard-plans/worker.ts', import.meta.url)), [JSON.stringify(part)], { serialization: 'advanced' });
  return new Promise((resolve, reject) => {
    worker.on('message', (message) => {
      // The only sender is guard-plans/worker.ts, whose `send` takes this type.
      const said = message as Message;
      if (said.kind === 'progress') progress(said);
      else resolve(said.found);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a worker ended with ${code} before it was done`)));
  });
}
