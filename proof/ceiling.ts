/** Two hundred parallel turns at the edge of the ceiling, on two processes that are killed, with a storage that loses and a model that counts. */
import { Bench, type Tally } from './ceiling/bench.ts';
import { sabotages } from './ceiling/sabotage.ts';
import type { Proof } from './proof.ts';

/** As many as are promised; `--count` asks for fewer or more. */
const ROUNDS = 300;
/** Some ways to spoil the ceiling show only at one of its edges. */
const MOST_ROUNDS_TO_NOTICE = 15;

export const proof: Proof = {
  claim: 'what the model serves never costs more than the ceiling, by the smallest unit, whoever asks, whatever is lost and whoever is killed',
  async run({ seed, count, progress }) {
    const blind: string[] = [];
    const noticed: Record<string, number> = {};
    // A short run is for changes elsewhere; that the books are awake is shown by whole ones.
    for (const sabotage of count === undefined ? sabotages : []) {
      const tally = emptyTally();
      const bench = await Bench.open(seed, sabotage);
      try {
        for (let round = 0; round < MOST_ROUNDS_TO_NOTICE && tally.violations.length === 0; round += 1) await bench.round(seed, round, tally);
      } finally {
        await bench.close();
      }
      if (tally.violations.length === 0) blind.push(`the books did not notice that ${sabotage}`);
      else noticed[`rounds until it was noticed that ${sabotage}`] = tally.rounds;
      progress(`${sabotage}: ${tally.violations[0] ?? 'not noticed'}`);
    }

    const tally = emptyTally();
    let shown = 0;
    const bench = await Bench.open(seed);
    try {
      for (let round = 0; round < (count ?? ROUNDS); round += 1) {
        await bench.round(seed, round, tally);
        for (const violation of tally.violations.slice(shown)) progress(violation);
        shown = tally.violations.length;
        if (round % 10 === 9) progress(`${round + 1} rounds, violations: ${tally.violations.length}`);
      }
      const { attempts, exact, kills, outcomes, requests, rounds, turns, violations } = tally;
      const { answers, busy, requests: dropped } = bench.losses;
      const ended = Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1)).map(([outcome, number]) => [`attempts that ended in ${outcome}`, number]);
      return {
        counts: { rounds, turns, attempts, 'requests that the model received': requests, 'processes killed': kills, 'rounds whose counters had to be exact': exact, 'answers of storage lost': answers, 'requests to storage lost': dropped, 'times storage was busy': busy, ...(Object.fromEntries(ended) as Record<string, number>), ...noticed },
        violations: [...blind, ...violations],
      };
    } finally {
      await bench.close();
    }
  },
};

function emptyTally(): Tally {
  return { rounds: 0, turns: 0, attempts: 0, requests: 0, kills: 0, exact: 0, outcomes: {}, violations: [] };
}
