/** The gate against the decision table that was written from docs/policy.md: the finite space, and random requests. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Proof } from './proof.ts';

/** As many as are promised; `--count` asks for fewer or more. */
const RANDOM_REQUESTS = 1_000_000;
/** Two: what the smallest machines of a pipeline have. */
const WORKERS = 2;

/** Worker `index` of `of` takes every `of`-th question. */
export interface Part {
  readonly seed: number;
  readonly count: number;
  readonly index: number;
  readonly of: number;
}

/** What a worker says: how far it is, and at the end what it found. */
export type Message =
  | { readonly kind: 'progress'; readonly done: number; readonly violations: number }
  | {
      readonly kind: 'found';
      readonly finite: number;
      readonly random: number;
      readonly asked: number;
      /** One code for each distinct set of facts among the random requests. */
      readonly distinct: Float64Array;
      readonly answers: Readonly<Record<string, number>>;
      readonly violations: readonly string[];
    };

export const proof: Proof = {
  claim: 'the gate answers as docs/policy.md says',
  async run({ seed, count = RANDOM_REQUESTS, progress }) {
    const far = Array.from({ length: WORKERS }, () => ({ done: 0, violations: 0 }));
    const found = await Promise.all(
      far.map((_, index) =>
        runPart({ seed, count, index, of: WORKERS }, (said) => {
          far[index] = said;
          const total = far.reduce((sum, each) => ({ done: sum.done + each.done, violations: sum.violations + each.violations }));
          progress(`${total.done.toLocaleString('en-GB')} questions, violations: ${total.violations}`);
        }),
      ),
    );
    const sum = (value: (part: (typeof found)[number]) => number): number => found.reduce((total, part) => total + value(part), 0);
    const answers = ['run', 'confirm', 'second person', 'refuse'].map((kind) => [`random requests answered "${kind}"`, sum((part) => part.answers[kind] ?? 0)]);
    return {
      counts: {
        'questions of the finite space': sum((part) => part.finite),
        'random requests': sum((part) => part.random),
        'distinct facts among them': new Set(found.flatMap((part) => [...part.distinct])).size,
        ...(Object.fromEntries(answers) as Record<string, number>),
        'evaluations by Cedar': sum((part) => part.asked),
      },
      violations: found.flatMap((part) => part.violations),
    };
  },
};

/** A process, not a thread: tsx reads no TypeScript in threads of Node 20. */
function runPart(part: Part, progress: (said: Extract<Message, { kind: 'progress' }>) => void): Promise<Extract<Message, { kind: 'found' }>> {
  const worker = fork(fileURLToPath(new URL('./guard-table-worker.ts', import.meta.url)), [JSON.stringify(part)], { serialization: 'advanced' });
  return new Promise((resolve, reject) => {
    worker.on('message', (message) => {
      // The only sender is guard-table-worker.ts, whose `send` takes this type.
      const said = message as Message;
      if (said.kind === 'progress') progress(said);
      else resolve(said);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a worker ended with ${code} before it was done`)));
  });
}
