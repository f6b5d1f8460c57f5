/**
 * Steward killed at random instants while effects flow on two processes of the production bundle: in chat, by hand in
 * storage, with storage cut off, and with processes that die of it. And the same on bundles with one fault each, which
 * must be noticed.
 */
import { quantile, round } from '../bench/lib/figures.ts';
import { brokenBundles, plantFaults } from './kill/faults.ts';
import { Load } from './kill/load.ts';
import { Rounds, trials, type Figures, type RoundResult, type Trial } from './kill/round.ts';
import { Stage } from './kill/stage.ts';
import { strokeOf } from './kill/strokes.ts';
import type { Proof } from './proof.ts';
import { chanceOf, type Chance } from './random.ts';

/** As many as are promised, with work cut off on both processes; `--count` asks for fewer or more. */
const ROUNDS = 300;
/** A round in which a process had nothing left to do when the kill came proves nothing of it, and is not counted. */
const MOST_FOR_ONE = 2;
/** In the other rounds nothing but the dead cards is tried. */
const TRIED = 0.24;
/** From so many rounds on there is time for the bundles with a fault. */
const ROUNDS_WITH_FAULTS = 20;
const PROGRESS_EVERY = 10;
/** The last rounds of a long run leave nothing that is told only a minute and a half later. */
const CALM_ROUNDS = 35;
const ROUNDS_WITH_CALM = 150;

export const proof: Proof = {
  claim:
    'a kill at any instant lets no effect begin in the process that it came to, none on the other a second after storage had it, cut off or not, and none after a restart; what was on the wire is told as done or unknown, and cards of before stay dead',
  async run({ seed, count = ROUNDS, progress }) {
    const stage = await Stage.start();
    try {
      const rounds = new Rounds(stage, new Load(stage));
      // At once: a list of faults that no longer fits is not worth a whole run.
      const bundles = brokenBundles(stage);
      const results = await play(rounds, seed, count, progress);
      await rounds.outcomes.end(progress);
      const counts = { ...countsOf(results), ...rounds.outcomes.counts };
      const violations = results.flatMap(({ stuck, violations: found }) => (stuck === undefined ? found : [...found, stuck]));
      const faults = count < ROUNDS_WITH_FAULTS ? { counts: {}, violations: [] } : await plantFaults(stage, rounds, bundles, seed, progress);
      return { counts: { ...counts, ...faults.counts }, violations: [...violations, ...faults.violations] };
    } finally {
      await stage.stop();
    }
  },
};

async function play(rounds: Rounds, seed: number, wanted: number, progress: (text: string) => void): Promise<readonly RoundResult[]> {
  const results: RoundResult[] = [];
  let counted = 0;
  for (let index = 0; counted < wanted && index < wanted * MOST_FOR_ONE + PROGRESS_EVERY; index += 1) {
    const chance = chanceOf(seed, index);
    const isCalm = wanted >= ROUNDS_WITH_CALM && counted >= wanted - CALM_ROUNDS;
    const result = await rounds.play(`seed ${seed}, round ${index}`, strokeOf(chance, isCalm), isCalm ? 'nothing more' : trialOf(chance), chance);
    results.push(result);
    for (const violation of result.violations) progress(violation);
    if (isCounted(result)) counted += 1;
    if (result.stuck !== undefined) await rounds.startAnew();
    if (index % PROGRESS_EVERY === PROGRESS_EVERY - 1) progress(`${counted} rounds, violations: ${results.reduce((sum, { violations }) => sum + violations.length, 0)}`);
  }
  return results;
}

function isCounted({ cut, stuck }: RoundResult): boolean {
  return cut.length === 2 && stuck === undefined;
}

function trialOf(chance: Chance): Trial {
  return chance.is(TRIED) ? chance.one(trials) : 'nothing more';
}

function countsOf(results: readonly RoundResult[]): Readonly<Record<string, number>> {
  const counted = results.filter(isCounted);
  const counts: Record<string, number> = { rounds: counted.length, 'rounds that are not counted, since a process had nothing left to do': results.length - counted.length };
  for (const { stroke, trial } of counted) {
    counts[`kills: ${stroke}`] = (counts[`kills: ${stroke}`] ?? 0) + 1;
    if (trial !== 'nothing more') counts[`then: ${trial}`] = (counts[`then: ${trial}`] ?? 0) + 1;
  }
  const all = (pick: (figures: Figures) => readonly number[]): readonly number[] => results.flatMap(({ figures }) => pick(figures));
  const sum = (pick: (figures: Figures) => number): number => results.reduce((total, { figures }) => total + pick(figures), 0);
  const tell = (what: string, samples: readonly number[]): void => {
    if (samples.length === 0) return;
    counts[`${what}, p50 ms`] = round(quantile(samples, 0.5), 1);
    counts[`${what}, p99 ms`] = round(quantile(samples, 0.99), 1);
    counts[`${what}, longest ms`] = round(quantile(samples, 1), 1);
  };
  tell('from the message to the latch of the process', all(({ cameToLatch }) => cameToLatch));
  tell('effects that still began elsewhere: the last, after storage had the kill', all(({ storedToLastElsewhere }) => storedToLastElsewhere));
  counts['the oldest reading of the latch that an effect began on, ms'] = round(quantile(all(({ readingAge }) => readingAge), 1), 1);
  counts['effects on the wire when the kill came'] = sum(({ onTheWire }) => onTheWire);
  counts['of those, carried out by Graph'] = sum(({ carriedOut }) => carriedOut);
  return counts;
}
