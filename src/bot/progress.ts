import type { TurnContext } from 'botbuilder';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { Phase, WaitEnd } from './phase.ts';
import { within } from './within.ts';
import { en } from './wording/en.ts';

/** What a person who waits can be shown. Independent of the turn, which may not have begun or may be stuck. */
export interface ProgressChannel {
  typing(): Promise<void>;
  /** Resolves to the id of the message. */
  say(text: string): Promise<string>;
  /** Replaces the text of a message that `say` sent. */
  replace(activityId: string, text: string): Promise<void>;
}

export interface ProgressTimings {
  /** The client shows that Steward is working, this long after the message arrived, and again at the interval. */
  readonly typingAfterMs: number;
  readonly typingEveryMs: number;
  /** One line says what takes so long; it is changed in place when something else does, at most at the interval. */
  readonly statusAfterMs: number;
  readonly statusEveryMs: number;
  /** An answer waits no longer than this for a line or a typing indicator that is on its way. */
  readonly settleMs: number;
}

/** Typing shows within 0.5 s and the line within 5 s; a slow connector has the rest of that. */
export const progressTimings: ProgressTimings = { typingAfterMs: 150, typingEveryMs: 4_000, statusAfterMs: 4_000, statusEveryMs: 3_000, settleMs: 1_500 };

/**
 * What a person sees while they wait for the answer to one message: typing, and after a few seconds one line of status.
 *
 * INVARIANT: the answer is a message of its own (an update notifies nobody), so the line can never overwrite it. The
 * line is never sent once an answer is on its way, and says in the end how long it took. Clients that can't delete
 * messages (Agents Playground 0.2.28 answers 4xx) thus show nothing that is no longer true.
 */
export class Progress {
  readonly #channel: ProgressChannel;
  readonly #clock: Clock;
  readonly #timings: ProgressTimings;
  readonly #startedMs: number;
  #phase: Phase = 'starting';
  #hasActed = false;
  /** Calls of the channel, one after the other. */
  #calls: Promise<void> = Promise.resolve();
  #typing: NodeJS.Timeout | undefined;
  #status: NodeJS.Timeout | undefined;
  /** The line: not sent, sent under this id, or given up because nobody knows whether it arrived. */
  #line: { readonly id: string; text: string } | 'none' | 'lost' = 'none';
  #speaking = false;
  #said = false;
  #silent = false;
  #ended = false;

  constructor(channel: ProgressChannel, clock: Clock, timings = progressTimings) {
    this.#channel = channel;
    this.#clock = clock;
    this.#timings = timings;
    this.#startedMs = clock.monotonicMs();
    this.#typing = setTimeout(this.#type, timings.typingAfterMs).unref();
    this.#status = setTimeout(this.#refresh, timings.statusAfterMs).unref();
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether an effect was begun: “nothing was done” is no longer true for sure. */
  get hasActed(): boolean {
    return this.#hasActed;
  }

  /** Whether an answer was delivered, or is on its way. */
  get isAnswered(): boolean {
    return this.#said || this.#speaking;
  }

  get isSilent(): boolean {
    return this.#silent;
  }

  /** Told by whoever works on the message. */
  enter(phase: Phase): void {
    this.#phase = phase;
    if (phase === 'acting') this.#hasActed = true;
  }

  /** From now on nothing of the turn is sent: somebody else has the last word. */
  silence(): void {
    this.#silent = true;
    this.#stop();
  }

  /**
   * Watches over what a turn says. Typing and the line end before anything is sent, and what is sent after `silence`
   * goes nowhere. A message that the connector does not take fails with `REPLY_UNDELIVERED`.
   */
  attach(context: TurnContext): void {
    context.onSendActivities(async (_context, _activities, next) => {
      if (this.#silent) return [];
      this.#speaking = true;
      this.#stop();
      try {
        await within(this.#calls, this.#timings.settleMs);
        // Asked again, of a getter: it may have changed meanwhile.
        if (this.isSilent) return [];
        const sent = await next();
        this.#said = true;
        return sent;
      } catch (error) {
        throw new StewardError('REPLY_UNDELIVERED', 'the connector did not take a reply', { cause: error });
      } finally {
        this.#speaking = false;
      }
    });
  }

  /** The wait is over; the line, if there is one, says so. The first end counts. Fails when the line can't be changed. */
  async end(how: WaitEnd): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
    await this.#calls;
    if (typeof this.#line === 'string') return;
    const { id } = this.#line;
    const seconds = Math.max(1, Math.round((this.#clock.monotonicMs() - this.#startedMs) / 1_000));
    await this.#channel.replace(id, how === 'over' && !this.#said ? en.progress.undelivered : en.progress.ended[how](seconds));
  }

  readonly #type = (): void => {
    if (this.#isQuiet) return;
    this.#call(() => this.#channel.typing());
    this.#typing = setTimeout(this.#type, this.#timings.typingEveryMs).unref();
  };

  readonly #refresh = (): void => {
    if (this.#isQuiet || this.#line === 'lost') return;
    this.#call(async () => {
      const text = en.progress.status(this.#phase);
      if (this.#isQuiet || this.#line === 'lost') return;
      if (this.#line === 'none') {
        // One line at most: one that failed may stand there all the same.
        this.#line = 'lost';
        const id = await this.#channel.say(text);
        if (id !== '') this.#line = { id, text };
      } else if (this.#line.text !== text) {
        await this.#channel.replace(this.#line.id, text);
        this.#line.text = text;
      }
    });
    this.#status = setTimeout(this.#refresh, this.#timings.statusEveryMs).unref();
  };

  get #isQuiet(): boolean {
    return this.#speaking || this.#said || this.#silent || this.#ended;
  }

  /** What is shown meanwhile matters less than the answer: a failure of it is nobody's. */
  #call(task: () => Promise<void>): void {
    this.#calls = this.#calls.then(task).catch(() => undefined);
  }

  #stop(): void {
    clearTimeout(this.#typing);
    clearTimeout(this.#status);
  }
}
