/** One worker process of proof/guard-table.ts. */
import { setImmediate } from 'node:timers/promises';
import { approvals, codeOf, describe, everyAction, everyGroup, QUIET, randomQuestion, requestersAndPlaces, SecondOpinion, wholeSpace, type Noise, type Question } from '../test/second-opinion/compare.ts';
import { answer, type Approval } from '../test/second-opinion/table.ts';
import type { Message, Part } from './guard-table.ts';
import { chanceOf } from './random.ts';

/** Nothing here waits for anything, so without a breath now and then no message would leave and no signal arrive. */
const BREATH_EVERY = 500;
/** More than that need not be kept to know that the claim is wrong. */
const MOST_VIOLATIONS = 1_000;
/** Neighbours in the space stay with one worker, for many make the same request of Cedar. */
const NEIGHBOURS = 1_024;
/** A line of progress after so many questions. */
const PROGRESS_EVERY = 10_000;

// Written by `fork` in proof/guard-table.ts from a value of this type.
const { seed, count, index, of } = JSON.parse(process.argv[2] ?? '') as Part;
// Nobody is left to tell: whoever started this was stopped.
process.on('disconnect', () => process.exit(1));
const opinion = new SecondOpinion();
const violations: string[] = [];
let done = 0;

async function ask(question: Question, asked: readonly Approval[], noise: Noise = QUIET, label = ''): Promise<void> {
  const disagreements = await opinion.compare(question, noise, asked);
  if (violations.length < MOST_VIOLATIONS) violations.push(...disagreements.map((disagreement) => label + describe(disagreement)));
  done += 1;
  if (done % BREATH_EVERY === 0) await setImmediate();
  if (done % PROGRESS_EVERY === 0) send({ kind: 'progress', done, violations: violations.length });
}

function send(message: Message, then?: () => void): void {
  process.send?.(message, undefined, undefined, then);
}

let position = 0;
for (const space of [wholeSpace, requestersAndPlaces, everyGroup, everyAction]) {
  for (const question of space()) {
    if (Math.floor(position / NEIGHBOURS) % of === index) await ask(question, approvals);
    position += 1;
  }
}
const finite = done;

const distinct = new Set<number>();
const answers: Record<string, number> = {};
for (let request = index; request < count; request += of) {
  const { question, noise } = randomQuestion(chanceOf(seed, request));
  distinct.add(codeOf(question));
  const kind = answer(question.facts);
  answers[kind] = (answers[kind] ?? 0) + 1;
  // The gate alone: it puts the three questions itself, and for all of them the time does not suffice.
  await ask(question, [], noise, `seed ${seed}, request ${request}: `);
}
send({ kind: 'found', finite, random: done - finite, asked: opinion.asked, distinct: Float64Array.from(distinct), answers, violations }, () => process.removeAllListeners('disconnect').disconnect());
