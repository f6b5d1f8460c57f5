/** What people are told of each effect, against what Graph carried out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { shown } from '../../test/stories/harness/cards.ts';
import type { Persona } from '../../test/stories/harness/journal.ts';
import type { Asked } from './load.ts';
import type { Stage } from './stage.ts';
import { nowMs } from './wire.ts';

/** An end that was not shown is shown again after 30 s (src/clients/approval-store.ts), by a look every 15 s; no claim rests on less. */
const SOON_MS = 50_000;
/** An instance that is gone is noticed after 90 s (src/guard/run-approved.ts), by a look every 15 s (src/steward.ts). */
const AT_LAST_MS = 125_000;
/** What a card says of one person among several, or of the only one. */
const OUTCOME = /^ \((done|not done|not run|outcome unknown|waiting|running)\)$/;

interface Open {
  readonly asked: Asked;
  /** Object ids, as Graph has them by now: an effect may have begun within the second, and end after it. */
  carriedOut: () => ReadonlySet<string>;
  readonly untilMs: number;
  readonly add: (text: string) => void;
}

export class Outcomes {
  readonly #stage: Stage;
  readonly counts = { 'told as done': 0, 'told as unknown, and Graph had carried it out': 0, 'told as unknown, and Graph had not': 0, 'told as not done, and Graph had not': 0, 'cards whose process died or lost storage, told later': 0 };
  #open: Open[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /**
   * Checks cards that are at their end, and keeps the others for later where their process died or lost its storage: then
   * `add` is called after the round.
   */
  async settle(asked: readonly Asked[], carriedOut: () => ReadonlySet<string>, isLate: boolean, add: (text: string) => void): Promise<void> {
    const untilMs = nowMs() + (isLate ? AT_LAST_MS : SOON_MS);
    this.#open.push(...asked.map((each) => ({ asked: each, carriedOut, untilMs, add })));
    this.look();
    while (!isLate && this.#open.some((open) => open.add === add)) {
      await sleep(20);
      this.look();
    }
    this.counts['cards whose process died or lost storage, told later'] += this.#open.filter((open) => open.add === add).length;
  }

  /** Whatever was on the wire in this round has come to its end; the next one blocks the same people anew. */
  freeze(add: (text: string) => void): void {
    for (const open of this.#open) {
      if (open.add !== add) continue;
      const byNow = open.carriedOut();
      open.carriedOut = () => byNow;
    }
  }

  /** Waits for all that are open. */
  async end(progress: (text: string) => void): Promise<void> {
    if (this.#open.length > 0) progress(`${this.#open.length} cards of processes that died or lost storage have not come to their end`);
    while (this.#open.length > 0) {
      await sleep(200);
      this.look();
    }
  }

  /** What is open does not matter any more. */
  forget(): void {
    this.#open = [];
  }

  look(): void {
    this.#open = this.#open.filter((open) => !this.#isSettled(open));
  }

  #isSettled({ add, asked: { card, plan }, carriedOut, untilMs }: Open): boolean {
    const said = this.#stage.cards.endOf(card.activityId);
    if (said === undefined) {
      if (nowMs() < untilMs) return false;
      const now = this.#stage.cards.current(card.activityId);
      add(`the card of ${plan.name} did not come to its end, and says: ${now === undefined ? 'nothing' : shown(now).slice(0, 400)}`);
      return true;
    }
    const blocked = carriedOut();
    for (const target of plan.targets) this.#check(target, outcomeOf(said, target), blocked.has(target.aadObjectId.toLowerCase()), add);
    return true;
  }

  #check({ name }: Persona, outcome: string, isCarriedOut: boolean, add: (text: string) => void): void {
    if (outcome === 'done') {
      this.counts['told as done'] += 1;
      if (!isCarriedOut) add(`${name} is told to be blocked, and Graph did not carry it out`);
    } else if (outcome === 'outcome unknown') {
      this.counts[isCarriedOut ? 'told as unknown, and Graph had carried it out' : 'told as unknown, and Graph had not'] += 1;
    } else {
      if (!isCarriedOut) this.counts['told as not done, and Graph had not'] += 1;
      else add(`Graph blocked ${name}, and the card says “${outcome}”`);
    }
  }
}

/** What stands behind the name, or `nothing`. */
function outcomeOf(said: readonly string[], { name }: Persona): string {
  const at = said.indexOf(name);
  const found = at < 0 ? undefined : OUTCOME.exec(said[at + 1] ?? '')?.[1];
  return found ?? 'nothing';
}
