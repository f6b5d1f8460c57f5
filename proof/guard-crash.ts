/** The bot, as it is deployed, killed with SIGKILL at every request it makes between a message and the end of what was asked. */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../scripts/build.ts';
import { scenarios } from './guard-crash/scenarios.ts';
import type { Proof } from './proof.ts';

/** Two: what the smallest machines of a pipeline have. */
const WORKERS = 2;

export interface Part {
  readonly seed: number;
  /** Position in the list of scenarios. */
  readonly scenario: number;
  /** The main file of the build. */
  readonly bundle: string;
  /** Begin at this boundary, to repeat a case. */
  readonly first?: number;
  /** Stop at so many boundaries, although the run is not clean yet. */
  readonly most?: number;
}

/** What a worker says: how far it is, and at the end what it found. */
export type Message =
  | { readonly kind: 'progress'; readonly text: string }
  | {
      readonly kind: 'found';
      readonly scenario: string;
      /** Requests of a whole run, for each moment of death. */
      readonly boundaries: readonly number[];
      readonly kills: number;
      /** How often each state was what became of a request. */
      readonly outcomes: Readonly<Record<string, number>>;
      /** False evidence that the judge was given. */
      readonly doctored: number;
      /** Messages that were acknowledged and about which nothing was said before the bot died. */
      readonly unanswered: number;
      readonly violations: readonly string[];
    };

type Found = Extract<Message, { kind: 'found' }>;

export const proof: Proof = {
  claim: 'a bot that is killed at any request does nothing unrecorded, nothing twice, and leaves no doubt untold',
  async run({ seed, count, progress }) {
    const folder = mkdtempSync(join(tmpdir(), 'steward-crash-'));
    try {
      await build(folder);
      const waiting = scenarios.map((_, scenario): Part => ({ seed, scenario, bundle: join(folder, 'src/main.cjs'), ...(count !== undefined && { most: count }) }));
      const found: Found[] = [];
      const work = async (): Promise<void> => {
        for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) found.push(await runPart(part, progress));
      };
      await Promise.all(Array.from({ length: WORKERS }, work));
      return { counts: Object.assign({}, ...found.map(countsOf)) as Record<string, number>, violations: found.flatMap(({ violations }) => violations) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function countsOf({ boundaries, doctored, kills, outcomes, scenario, unanswered, violations }: Found): Record<string, number> {
  const named = (what: string): string => `${scenario}: ${what}`;
  return {
    [named('boundaries')]: Math.max(0, ...boundaries),
    [named('kills')]: kills,
    ...Object.fromEntries(Object.entries(outcomes).sort().map(([state, number]) => [named(state), number])),
    [named('acknowledged messages that the kill left without an answer')]: unanswered,
    [named('pieces of false evidence that the judge was given')]: doctored,
    [named('violations')]: violations.length,
  };
}

/** A process of its own: its clock is set forward, and its bots are its own. */
function runPart(part: Part, progress: (text: string) => void): Promise<Found> {
  const worker = fork(fileURLToPath(new URL('./guard-crash/worker.ts', import.meta.url)), [JSON.stringify(part)]);
  return new Promise((resolve, reject) => {
    let found: Found | undefined;
    worker.on('message', (message) => {
      // The only sender is guard-crash/worker.ts, whose `send` takes this type.
      const said = message as Message;
      if (said.kind === 'progress') progress(said.text);
      else found = said;
    });
    worker.on('error', reject);
    worker.on('exit', (code) => (found === undefined ? reject(new Error(`a worker ended with ${code} before it was done`)) : resolve(found)));
  });
}
