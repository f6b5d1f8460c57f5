/** One round: effects flow on both processes, Steward is killed at some instant, nothing moves; then two admins revive it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCard, shown } from '../../test/stories/harness/cards.ts';
import { until } from '../../test/stories/harness/wait.ts';
import type { Chance } from '../random.ts';
import type { Asked, Load } from './load.ts';
import { Outcomes } from './outcomes.ts';
import { BOTH, isRefusal, READING_LIVES_MS, type Stage, type Which } from './stage.ts';
import type { Stroke, Struck } from './strokes.ts';
import { nowMs, type WireEvent } from './wire.ts';

/** The kill comes within this time of the moment when effects flow on both processes: by its end most plans are through. */
const FLOW_MS = 500;
/** Some kills come earlier, at any time since the first click. */
const EARLY = 0.05;
const FLOWS_MS = 10_000;
/** Beyond the second that a process may go on for. What begins later than that is seen before the next approval. */
const LOOK_ON_MS = 30;
const ANSWER_MS = 20_000;
/** A seal that is fifteen seconds older than the row is an old row's (src/guard/latch-seal.ts); within them docs/decisions/0011 says what is believed. */
const OLD_MS = 20_000;
/** A process that has nothing to do reads the latch every five seconds (src/steward.ts). */
const WATCHED_MS = 20_000;

/** What is tried while Steward is dead. */
export const trials = ['nothing more', 'the killing process killed at once, and started again', 'both processes killed at once, and started again', 'the level put back by hand', 'an old row put back'] as const;
export type Trial = (typeof trials)[number];

export interface RoundResult {
  readonly stroke: string;
  readonly trial: Trial;
  readonly violations: readonly string[];
  /** Why it did not come to its end: something did not happen that should have. */
  readonly stuck?: string;
  /** The processes whose work the kill cut off: something had begun there, and something was left. */
  readonly cut: readonly Which[];
  readonly figures: Figures;
}

/** In milliseconds; lists because a round may have none of one kind, or several. */
export interface Figures {
  /** From the message to the last effect begun in the process that it came to; 0 when none began any more. */
  readonly cameToLast: readonly number[];
  readonly cameToLatch: readonly number[];
  readonly cameToStored: readonly number[];
  readonly cameToAnswer: readonly number[];
  /** Since storage had the kill: the last effect begun in a process that was not told; none when it began before. */
  readonly storedToLastElsewhere: readonly number[];
  /** Since the message, or since a hand began to write: the last effect begun in a process that was not told; 0 as above. */
  readonly strokeToLastElsewhere: readonly number[];
  /** How old the reading of the latch was on which an effect began. */
  readonly readingAge: readonly number[];
  /** Effects that were on the wire when the process was killed: cut off, and those of them that Graph carried out. */
  readonly onTheWire: number;
  readonly carriedOut: number;
}

const NO_FIGURES: Figures = { cameToLast: [], cameToLatch: [], cameToStored: [], cameToAnswer: [], storedToLastElsewhere: [], strokeToLastElsewhere: [], readingAge: [], onTheWire: 0, carriedOut: 0 };

export class Rounds {
  readonly #stage: Stage;
  readonly #load: Load;
  readonly outcomes: Outcomes;
  /** No effect may begin from here on, until something is approved anew. */
  #quietSinceMs: number | undefined;
  /** A row of a deployment that was alive, and when it was taken. */
  #oldRow: { readonly row: Readonly<Record<string, unknown>>; readonly atMs: number } | undefined;

  constructor(stage: Stage, load: Load) {
    this.#stage = stage;
    this.#load = load;
    this.outcomes = new Outcomes(stage);
  }

  /** Both processes from the bundle as it is now, and a latch that is alive, whatever became of the one before. */
  async startAnew(): Promise<void> {
    const stage = this.#stage;
    for (const at of BOTH) await stage.two.crash(at);
    for (const at of BOTH) stage.heal(at);
    this.#quietSinceMs = undefined;
    this.outcomes.forget();
    await stage.deleteLatch().catch(() => undefined);
    await stage.deployLatch();
    for (const at of BOTH) await stage.two.startAgain(at);
  }

  /** `label` stands before each violation. After a round that is stuck, `startAnew`. */
  async play(label: string, stroke: Stroke, wantedTrial: Trial, chance: Chance): Promise<RoundResult> {
    // The row of the first round has to grow old.
    const trial = wantedTrial === 'an old row put back' && nowMs() - (this.#oldRow?.atMs ?? nowMs()) < OLD_MS ? 'nothing more' : wantedTrial;
    const result: { -readonly [Key in keyof RoundResult]: RoundResult[Key] } = { stroke: stroke.name, trial, violations: [], cut: [], figures: NO_FIGURES };
    const violations: string[] = [];
    result.violations = violations;
    try {
      await this.#play(stroke, trial, chance, (text) => void violations.push(`${label}, ${stroke.name}: ${text}`), (cut, figures) => Object.assign(result, { cut, figures }));
    } catch (error) {
      result.stuck = `${label}, ${stroke.name} (${trial}): ${String(error)}`;
    }
    return result;
  }

  async #play(stroke: Stroke, trial: Trial, chance: Chance, add: (text: string) => void, measured: (cut: RoundResult['cut'], figures: Figures) => void): Promise<void> {
    const stage = this.#stage;
    const journalSince = (stage.two.cloud.journal.entries().at(-1)?.index ?? -1) + 1;
    const { running, waiting } = await this.#load.ask();
    this.#oldRow ??= { row: await stage.latchRow(), atMs: nowMs() };

    this.#stillQuiet(add);
    const startMs = nowMs();
    const approved = this.#load.approve(running, chance);
    if (!chance.is(EARLY)) await until(() => BOTH.every((at) => stage.wires[at].of('effect', startMs).length > 0), FLOWS_MS, 'effects do not flow on both processes').catch(() => undefined);
    await sleep(chance.next() * FLOW_MS);
    const struck = await stroke.strike(stage, chance);
    if (trial.includes('killed at once')) await this.#crash(struck, trial, approved);
    await approved;
    const leftMs = struck.storedMs + READING_LIVES_MS + LOOK_ON_MS - nowMs();
    if (leftMs > 0) await sleep(leftMs);
    measured(this.#cutOff(startMs, running), { ...this.#judge(struck, startMs, add), ...this.#wire(struck, startMs, journalSince) });

    for (const at of struck.cutOff) stage.heal(at);
    const reviver: Which = chance.is(0.5) ? 0 : 1;
    await this.#dead(struck, trial, waiting, chance.is(0.5) ? [reviver] : [], add);
    const needsKill = struck.needsKill || (trial === 'the level put back by hand' && stroke.leavesLevelAlone === true);
    const isShaken = stroke.shakes === true || trial.includes('killed at once');
    await this.outcomes.settle(running, () => new Set(this.#writes(journalSince)), isShaken, add);
    const revivedMs = await this.#revive(needsKill, reviver, chance);
    this.outcomes.freeze(add);
    for (const asked of [waiting, chance.one(running)]) await this.#press(asked, chance.is(0.5) ? 0 : 1, 'after the revival', add);
    this.#stillQuiet(add);
    await stage.forgetReadings(revivedMs);
    this.#stillQuiet(add);
  }

  /** Dies as soon as it has killed: nothing but storage remembers. */
  async #crash({ told }: Struck, trial: Trial, approved: Promise<unknown>): Promise<void> {
    const stage = this.#stage;
    const dying = trial.startsWith('both') ? BOTH : told.length > 0 ? told.slice(0, 1).map(({ at }) => at) : BOTH.slice(0, 1);
    for (const at of dying) await stage.two.crash(at);
    await approved;
    // Without storage it would not start.
    for (const at of dying) stage.heal(at);
    await Promise.all(dying.map((at) => stage.two.startAgain(at)));
  }

  /** Effects that began where none may. */
  #judge({ cutOff, storedMs, told, writeMs }: Struck, startMs: number, add: (text: string) => void): Omit<Figures, 'onTheWire' | 'carriedOut'> {
    const stage = this.#stage;
    const elsewhere: number[] = [];
    const sinceStroke: number[] = [];
    const strokeMs = Math.min(...told.map(({ cameMs }) => cameMs), told.length === 0 ? writeMs : Number.POSITIVE_INFINITY);
    const ages: number[] = [];
    for (const at of BOTH) {
      const wire = stage.wires[at];
      const effects = wire.of('effect', startMs);
      const here = told.find((each) => each.at === at);
      const last = effects.at(-1);
      if (here !== undefined) {
        const late = effects.filter(({ atMs }) => atMs > here.latchMs);
        const latest = late.at(-1);
        if (latest !== undefined) add(`${late.length} effects begun in the killed process, the last ${(latest.atMs - here.latchMs).toFixed(1)} ms after its latch`);
        const answered = wire.of('effect-over', here.latchMs).filter(({ number, what }) => /^2/.test(what) && effects.some((effect) => effect.number === number && effect.atMs <= here.latchMs));
        if (answered.length > 0) add(`${answered.length} calls went on to their answer after the kill`);
      } else if (last !== undefined) {
        const afterMs = last.atMs - storedMs;
        if (afterMs > READING_LIVES_MS) add(`an effect began ${afterMs.toFixed(1)} ms after storage had the kill, in a process ${cutOff.includes(at) ? 'that was cut off' : 'that was not told'}`);
        if (afterMs > 0) elsewhere.push(afterMs);
        sinceStroke.push(Math.max(0, last.atMs - strokeMs));
      }
      for (const effect of effects) ages.push(effect.atMs - (readingFor(effect, wire.of('read', effect.atMs - 10 * READING_LIVES_MS), (read) => wire.endOf(read)) ?? Number.NEGATIVE_INFINITY));
    }
    this.#quietSinceMs = nowMs();
    const answers = told.flatMap(({ at, cameMs, conversationId }) => {
      const said = stage.wires[at].of('say', cameMs).find(({ what }) => what.includes(encodeURIComponent(conversationId)));
      return said === undefined ? [] : [said.atMs - cameMs];
    });
    const lastHere = told.map(({ at, cameMs }) => (stage.wires[at].of('effect', cameMs).at(-1)?.atMs ?? cameMs) - cameMs);
    return { cameToLast: lastHere, cameToLatch: told.map(({ cameMs, latchMs }) => latchMs - cameMs), cameToStored: told.slice(0, 1).map(({ cameMs }) => storedMs - cameMs), cameToAnswer: answers, storedToLastElsewhere: elsewhere, strokeToLastElsewhere: sinceStroke, readingAge: ages.filter(Number.isFinite) };
  }

  /** Where work had begun and was not through. */
  #cutOff(startMs: number, running: readonly Asked[]): readonly Which[] {
    return BOTH.filter((at) => {
      const begun = this.#stage.wires[at].of('effect', startMs).length;
      const wanted = running.filter(({ plan }) => plan.at === at).reduce((sum, { plan }) => sum + plan.targets.length, 0);
      return begun > 0 && begun < wanted;
    });
  }

  /** Nothing begins between a kill that was judged and the next approval. */
  #stillQuiet(add: (text: string) => void): void {
    if (this.#quietSinceMs === undefined) return;
    for (const at of BOTH) {
      const effects = this.#stage.wires[at].of('effect', this.#quietSinceMs);
      if (effects.length > 0) add(`${effects.length} effects begun in process ${at} while nothing was approved: ${effects.map(({ what }) => what).join(', ').slice(0, 200)}`);
    }
    this.#quietSinceMs = nowMs();
  }

  // --- while it is dead ----------------------------------------------------------------------------------------------

  async #dead(struck: Struck, trial: Trial, waiting: Asked, pressed: readonly Which[], add: (text: string) => void): Promise<void> {
    const stage = this.#stage;
    if (trial === 'the level put back by hand') {
      // A stop that nobody has read yet is taken back by the hand that wrote it (docs/decisions/0011).
      await until(() => BOTH.every((at) => stage.hasRead(at, struck.storedMs)), WATCHED_MS, 'the latch is not read');
      await stage.writeLatch({ level: 'full' });
    }
    if (trial === 'an old row put back' && this.#oldRow !== undefined) await stage.writeLatch(this.#oldRow.row, 'Replace');
    const isTried = trial !== 'nothing more' || struck.needsKill;
    // A reading from before what was written would hide it.
    if (isTried) await stage.forgetReadings(nowMs());
    // A card that was pressed while Steward was dead is marked so: not every one is.
    for (const at of isTried ? BOTH : pressed) {
      await this.#press(waiting, at, `while it was dead (${trial})`, add);
      if (isTried) await this.#askDead(waiting, at, trial, add);
    }
  }

  async #press({ card, plan }: Asked, at: Which, when: string, add: (text: string) => void): Promise<void> {
    const problem = await this.#stage.pressDead(plan.chats[at], card);
    if (problem !== undefined) add(`a card of before the kill was taken ${when}: ${problem}`);
  }

  /** A new request is refused, and no model hears of it. */
  async #askDead({ plan }: Asked, at: Which, trial: Trial, add: (text: string) => void): Promise<void> {
    const { cards, two } = this.#stage;
    const since = cards.position;
    const modelCalls = two.model.requests.length;
    const chat = plan.chats[at];
    await chat.post(chat.message(`Block the people of ${plan.name} because they are gone`));
    const answer = await until(() => cards.since(since).find((received) => received.conversationId === chat.id && (hasCard(received) || isRefusal(received))), ANSWER_MS, 'no answer while it was dead');
    if (hasCard(answer)) add(`a request was taken while it was dead (${trial}): ${shown(answer).slice(0, 150)}`);
    if (two.model.requests.length > modelCalls) add(`the model was called while it was dead (${trial})`);
  }

  /** Resolves to when the revival was through. What nobody can revive is killed first. */
  async #revive(needsKill: boolean, at: Which, chance: Chance): Promise<number> {
    const stage = this.#stage;
    if (needsKill) {
      const sinceMs = nowMs();
      await stage.kill(at).posted;
      const wire = stage.wires[at];
      await until(() => wire.of('write', sinceMs).some((write) => /^2/.test(wire.endOf(write)?.what ?? '')), ANSWER_MS, 'the kill did not reach storage');
    }
    await stage.revive(at, chance.is(0.5) ? 0 : 1);
    return nowMs();
  }

  // --- what was on the wire --------------------------------------------------------------------------------------------

  /** Whom Graph blocked since then, by object id. */
  #writes(since: number): readonly string[] {
    return this.#stage.two.cloud.journal
      .entries({ service: 'graph', since })
      .filter(({ method, status }) => method === 'PATCH' && status < 300)
      .map(({ path }) => path.split('/').at(-1)?.toLowerCase() ?? '');
  }

  #wire({ storedMs, told }: Struck, startMs: number, journalSince: number): Pick<Figures, 'onTheWire' | 'carriedOut'> {
    const carriedOut = new Set(this.#writes(journalSince));
    const cut = BOTH.flatMap((at) => {
      const wire = this.#stage.wires[at];
      const killedMs = told.find((each) => each.at === at)?.latchMs ?? storedMs;
      return wire.of('effect', startMs).filter((effect) => effect.atMs <= killedMs && (wire.endOf(effect)?.atMs ?? Number.POSITIVE_INFINITY) > killedMs);
    });
    return { onTheWire: cut.length, carriedOut: cut.filter(({ what }) => carriedOut.has(what.split('/').at(-1)?.toLowerCase() ?? '')).length };
  }
}

/** When the newest reading began that was over, with an answer, before this. */
function readingFor(effect: WireEvent, reads: readonly WireEvent[], endOf: (read: WireEvent) => WireEvent | undefined): number | undefined {
  return reads.filter((read) => {
    const end = endOf(read);
    return read.atMs < effect.atMs && end !== undefined && end.atMs < effect.atMs && /^[24]/.test(end.what);
  }).at(-1)?.atMs;
}
