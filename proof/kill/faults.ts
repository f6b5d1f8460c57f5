/** Bundles in which one thing of the kill switch is broken: the rounds must notice every one. */
import { chanceOf } from '../random.ts';
import type { Outcome } from '../proof.ts';
import { edited, readBundle, writeBundle, type Edit } from './bundle.ts';
import type { Rounds, Trial } from './round.ts';
import type { Stage } from './stage.ts';
import { strokeNamed } from './strokes.ts';

interface Fault {
  readonly name: string;
  /** Several where one layer alone would go unnoticed, because the next one holds. */
  readonly edits: readonly Edit[];
  readonly stroke: string;
  readonly trial?: Trial;
}

/** A fault that is not noticed in so many rounds is not noticed. */
const MOST_ROUNDS = 8;
/** Far from the numbers of the rounds before. */
const FIRST_INDEX = 1_000_000;

const faults: readonly Fault[] = [
  {
    name: 'a reading of the latch lives ten seconds, and is not renewed while a call runs',
    edits: [
      { find: /READING_LIVES_MS = 900;/, by: 'READING_LIVES_MS = 1e4;' },
      { find: /WATCH_EVERY_MS = 400;/, by: 'WATCH_EVERY_MS = 1e4;' },
    ],
    stroke: 'in chat, the other process without the latch alone',
  },
  {
    name: 'a latch that can’t be read is what it was',
    edits: [{ find: /const reading = await promise;/, by: 'const reading = await promise.catch(() => this.#last);' }],
    stroke: 'the level unreadable',
  },
  {
    name: 'a missing latch lets everything go on',
    edits: [{ find: /level: "off", epoch: this\.#lastEpoch, latch: void 0/, by: 'level: "full", epoch: this.#lastEpoch, latch: void 0' }],
    stroke: 'the row deleted',
  },
  {
    name: 'the process that was killed learns of it from storage alone',
    edits: [{ find: /level: this\.#floor\?\.what \?\? "full"/, by: 'level: "full"' }],
    stroke: 'in chat',
  },
  {
    name: 'a kill calls nothing off',
    edits: [{ find: /(this\.#reading = void 0;\s+)this\.#abortWhere\(this\.#ownReading\(\)\);/, by: '$1' }],
    stroke: 'in chat',
  },
  {
    name: 'the seal is not looked at',
    edits: [{ find: /#holds\(\{[^)]*\}\) \{/, by: '$& return true;' }],
    stroke: 'in chat',
    trial: 'the level put back by hand',
  },
  {
    name: 'what was called off on the wire is told as not done',
    edits: [{ find: /return NOT_DONE\.has\(code\) \?/, by: 'return true ?' }],
    stroke: 'in chat, at both processes at once',
  },
  {
    name: 'the epoch is compared nowhere, and waiting cards are not killed',
    edits: [
      { find: /return epoch !== record\.killEpoch \|\| /, by: 'return ' },
      { find: /if \(epoch !== grant\.killEpoch \|\| /, by: 'if (' },
      { find: /async #endPending\((\w+), (\w+)\) \{/, by: '$& if ($2 === "killed") return 0;' },
    ],
    stroke: 'in chat',
  },
];

/** Bundles as text, one for each fault. Fails when the bundle is no longer what this list knows: then a fault would be none. */
export function brokenBundles(stage: Stage): readonly string[] {
  const sound = readBundle(stage);
  return faults.map(({ edits, name }) => edited(sound, name, edits));
}

/** Plays each fault until a round notices it. */
export async function plantFaults(stage: Stage, rounds: Rounds, bundles: readonly string[], seed: number, progress: (text: string) => void): Promise<Outcome> {
  const violations: string[] = [];
  let needed = 0;
  for (const [number, { name, stroke, trial = 'nothing more' }] of faults.entries()) {
    writeBundle(stage, bundles[number] ?? '');
    await rounds.startAnew();
    let noticed: string | undefined;
    for (let index = 0; index < MOST_ROUNDS && noticed === undefined; index += 1) {
      needed += 1;
      const chance = chanceOf(seed, FIRST_INDEX + number * MOST_ROUNDS + index);
      const { stuck, violations: found } = await rounds.play('planted', strokeNamed(stroke), trial, chance);
      noticed = found[0];
      // That something else did not go on is no notice of the fault.
      if (noticed === undefined && stuck !== undefined) await rounds.startAnew();
    }
    progress(`${name}: ${noticed === undefined ? 'not noticed' : `noticed: ${noticed.slice(0, 160)}`}`);
    if (noticed === undefined) violations.push(`nobody noticed in ${MOST_ROUNDS} rounds that ${name}`);
  }
  return { counts: { 'planted faults': faults.length, 'planted faults noticed': faults.length - violations.length, 'rounds until they were': needed }, violations };
}
