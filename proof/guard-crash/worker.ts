/** One worker process of proof/guard-crash.ts: one scenario, killed at every boundary. */
// First: whatever is loaded after it takes its time from there.
import './clock.ts';
import { buttonsOf, cardOf, hasCard, isAlive, shown } from '../../test/stories/harness/cards.ts';
import { textAt } from '../../test/stories/harness/json.ts';
import { sleep } from '../../test/stories/harness/wait.ts';
import type { Message, Part } from '../guard-crash.ts';
import { brokenChains, type StoredRequest } from './auditor.ts';
import { moments, type Moment } from './boundary.ts';
import { doctored, judge, type Evidence, type JudgedRequest } from './judge.ts';
import { scenarios, type Playing, type Progress } from './scenarios.ts';
import { Killed, LATCH, publicName, REVIVE, Stage } from './stage.ts';

/** Hints of messages are removed once a second: that long a run is not over. */
const TAIL_MS = 1_300;
/** Sweeps come every 15 seconds. */
const SWEEP_MS = 16_000;
const SWEEPS_AT_THE_END = 6;
const SETTLE_MS = 15_000;
/** A card says within this time what became of its request. */
const SHOWN_MS = 5_000;
/** A scenario with more requests than that never ends. */
const MOST_BOUNDARIES = 500;

/** What the state of a request without steps says of what it would do. */
const SAID: Readonly<Record<string, string>> = { succeeded: 'done', unknown: 'unknown', failed: 'failed', executing: 'running' };

// Written by `fork` in proof/guard-crash.ts from a value of this type.
const { bundle, first = 1, most, scenario: wanted, seed } = JSON.parse(process.argv[2] ?? '') as Part;
const found = scenarios[wanted];
if (found === undefined) throw new Error(`there is no scenario ${wanted}`);
const scenario = found;

const violations: string[] = [];
const outcomes: Record<string, number> = {};
let kills = 0;
let doctoredSeen = 0;
let unanswered = 0;
const boundaries: Partial<Record<Moment, number>> = {};

const stage = await Stage.open(seed, bundle);
// Nobody is left to tell: whoever started this was stopped.
process.on('disconnect', () => {
  stage.kill();
  process.exit(1);
});
const knownReferences = new Set<string>();
try {
  await stage.start();
  const playing = await scenario.open(stage);
  let round = 0;
  for (const moment of moments) {
    for (let at = first; at <= Math.min(MOST_BOUNDARIES, most ?? MOST_BOUNDARIES); at += 1) {
      round += 1;
      const isClean = await playRound(playing, round, at, moment);
      send({ kind: 'progress', text: `${scenario.name}: request ${at} ${moment}${isClean ? ': not reached, clean' : ''}, violations: ${violations.length}` });
      boundaries[moment] = at - 1;
      if (isClean) break;
    }
    // A bot that lives knows things that one just started asks for: each round begins with one that just started.
    await stage.end();
    await stage.startAgain();
  }
  await judgeTheEnd(playing);
} finally {
  await stage.close();
}
send({ kind: 'found', scenario: scenario.name, boundaries: Object.values(boundaries), kills, outcomes, doctored: doctoredSeen, unanswered, violations }, () => process.exit(0));

/** Whether the round came to its end without reaching the request at which the bot would have been killed. */
async function playRound(playing: Playing, round: number, at: number, moment: Moment): Promise<boolean> {
  const progress: Progress = { acknowledged: false, approved: false };
  await playing.before();
  await stage.rest();
  const since = new Date(Date.now() - 1_000);
  const sinceLog = stage.connector.log.length;
  const sinceEntry = stage.nextEntry();
  stage.arrivals = [];
  let problem: string | undefined;
  stage.trap(at, moment);
  try {
    await playing.play(round, progress);
    await stage.rest(TAIL_MS);
  } catch (error) {
    if (!(error instanceof Killed)) problem = error instanceof Error ? error.message : 'something went wrong';
  }
  const killedAt = stage.boundary.killedAt;
  stage.boundary.clear();
  const where = `${scenario.name}, round ${round}, ${killedAt === undefined ? 'not killed' : `killed at request ${at} ${moment} (${killedAt})`}`;
  // A bot that was not killed must do what it was asked: this is also how it is shown that asking again works.
  if (problem !== undefined && killedAt === undefined) violations.push(`${where}: ${problem}`);
  if (killedAt !== undefined) {
    kills += 1;
    if (progress.acknowledged && stage.connector.messages({ conversationId: playing.requester.id, since: sinceLog }).length === 0) unanswered += 1;
    stage.forgive();
    await stage.startAgain();
  }
  const evidence = await settled(since, sinceEntry, progress);
  for (const violation of judge(evidence, publicName)) violations.push(`${where}: ${violation}`);
  if (killedAt === undefined) tryTheJudge(evidence);
  else for (const state of evidence.requests.length === 0 ? ['never asked'] : evidence.requests.map((request) => request.state)) outcomes[state] = (outcomes[state] ?? 0) + 1;
  return killedAt === undefined;
}

/** What can be seen from outside once nothing is on its way. */
async function settled(since: Date, sinceEntry: number, { approved }: Progress): Promise<Evidence> {
  const untilMs = performance.now() + SETTLE_MS;
  let requests: readonly StoredRequest[];
  do {
    await stage.rest();
    requests = (await stage.auditor.requests(since)).filter(({ reference }) => !knownReferences.has(reference));
  } while (requests.some(({ state }) => state === 'approved' || state === 'executing') && performance.now() < untilMs);
  for (const { reference } of requests) knownReferences.add(reference);
  const ledgers = await stage.auditor.ledgers({ closed: false });
  const records = [...ledgers.values()].flat();
  const ended = new Set(records.map(({ event }) => (event.kind === 'outcome' ? event.execution : '')));
  const own = new Set(requests.map(({ reference }) => publicName(reference)));
  const openIntents = records.flatMap(({ event }) => (event.kind === 'intent' && !ended.has(event.execution) && own.has(event.turn) ? [event.turn] : []));
  return { approved, effects: stage.effects(sinceEntry), requests: requests.map(judged), openIntents, brokenChains: brokenChains(ledgers) };
}

function judged({ reference, state, steps }: StoredRequest): JudgedRequest {
  return { reference, state, steps: steps.length > 0 ? steps : [{ action: REVIVE, target: LATCH, outcome: SAID[state] ?? 'waiting' }] };
}

/** A judge that finds nothing proves nothing: it is given false evidence made of the true one. */
function tryTheJudge(evidence: Evidence): void {
  for (const [what, false_] of doctored(evidence)) {
    doctoredSeen += 1;
    if (judge(false_, publicName).length === 0) violations.push(`${scenario.name}: the judge does not see ${what}`);
  }
}

/** After the last round: every message that was acknowledged has its answer, every doubt was told, and no card stands that lies. */
async function judgeTheEnd({ requester }: Playing): Promise<void> {
  // The sweep finds messages whose hint was lost, and the one of the next start answers them.
  await sleep(SWEEP_MS);
  await stage.end();
  await stage.startAgain();
  const isOpen = async (): Promise<boolean> => (await stage.auditor.rows('conversations', 'open eq true')).some(({ RowKey }) => RowKey.startsWith('in:'));
  for (let sweep = 0; sweep < SWEEPS_AT_THE_END && (await isOpen()); sweep += 1) await sleep(SWEEP_MS);
  if (await isOpen()) violations.push(`${scenario.name}: messages are neither answered nor called interrupted`);
  // The requests first: a card follows its request.
  const requests = await stage.auditor.requests();
  await sleep(SHOWN_MS);
  const messages = stage.connector.messages();
  const interrupted = messages.filter(({ activity }) => /^I was interrupted/.test(activity.text ?? '')).length;
  outcomes['answered: “I was interrupted …”'] = interrupted;

  const latest = [...new Map(messages.map((message) => [message.activityId, message])).values()].filter(hasCard);
  const referencesOf = (message: (typeof latest)[number]): readonly string[] => buttonsOf(cardOf(message)).map(({ data }) => textAt(data, 'reference'));
  for (const { cards, reference, reported, state } of requests) {
    if (state === 'approved' || state === 'executing') violations.push(`${scenario.name}: ${reference} is “${state}” at the end`);
    const shows = cards.flatMap(({ activityId }) => latest.filter((message) => message.activityId === activityId));
    if (state === 'unknown') {
      if (!reported) violations.push(`${scenario.name}: that ${reference} is unknown was not reported`);
      if (!latest.some((message) => message.conversationId !== requester.id && referencesOf(message).includes(reference))) violations.push(`${scenario.name}: no admin has a card that asks about ${reference}`);
      if (!shows.some((message) => message.conversationId === requester.id && /unknown/i.test(shown(message)))) violations.push(`${scenario.name}: the requester's card does not say that ${reference} is unknown`);
    }
    const over = state !== 'pending' && state !== 'unknown';
    for (const message of over ? shows : []) {
      if (isAlive(cardOf(message)) || /running …/i.test(shown(message))) violations.push(`${scenario.name}: ${reference} is “${state}” and its card still says ${isAlive(cardOf(message)) ? 'that it can be decided' : '“Running …”'}`);
    }
  }
}

function send(message: Message, then?: () => void): void {
  process.send?.(message, undefined, undefined, then);
}
