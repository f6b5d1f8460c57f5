import { setTimeout as pause } from 'node:timers/promises';
import type { InternalId } from '../actions/internal-id.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError, type StewardErrorCode } from '../errors.ts';
import type { Place } from '../guard/approval.ts';
import type { StewardAdapter } from './adapter.ts';
import { Progress } from './progress.ts';
import type { Speaker } from './say.ts';
import { tell } from './tell.ts';
import { within } from './within.ts';
import { en } from './wording/en.ts';

/**
 * The longest that a person waits for words, from the arrival of the message: who it is, the queue behind an earlier
 * message and the work itself all count, since nobody who waits can tell them apart.
 */
export const TURN_DEADLINE_MS = 45_000;
/** The reference into the ledger is worth this wait and no more. */
const REFERENCE_WAIT_MS = 1_000;
/** A sentence that must be said is tried again after these pauses when the connector fails. */
const INSIST_AFTER_MS = [0, 1_000, 5_000];

/** One message on its way from its arrival to its last word. */
export interface Work {
  readonly sender: InternalId;
  readonly place: Place;
  /** The message that asked. */
  readonly requestActivityId: string;
  /** It is a `cancel` itself, which another one does not call off. */
  readonly isCancel?: boolean;
  readonly controller: AbortController;
  readonly progress: Progress;
}

export interface WorksDependencies {
  readonly adapter: StewardAdapter;
  readonly speaker: Speaker;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly clock: Clock;
  /** Takes what goes on by itself; a clean stop waits for it. */
  readonly behind: (work: Promise<void>) => void;
  readonly onError: (error: unknown) => void;
}

/** Everything that is being worked on or waits to be: who asked for it, how it is called off, and that it ends in words. */
export class Works {
  readonly #with: WorksDependencies;
  readonly #open = new Set<Work>();
  readonly #deadlines = new Map<Work, NodeJS.Timeout>();

  constructor(dependencies: WorksDependencies) {
    this.#with = dependencies;
  }

  /** A message arrived. `finish` must follow. */
  begin(given: Pick<Work, 'sender' | 'place' | 'requestActivityId' | 'isCancel'>): Work {
    const { adapter, clock, speaker } = this.#with;
    const progress = new Progress(
      {
        typing: () => adapter.at(given.place, (context) => speaker.typing(context)),
        say: (text) => adapter.at(given.place, (context) => speaker.say(context, speaker.words(text))),
        replace: (activityId, text) => adapter.at(given.place, (context) => speaker.reword(context, activityId, speaker.words(text))),
      },
      clock,
    );
    const work: Work = { ...given, controller: new AbortController(), progress };
    this.#open.add(work);
    this.#deadlines.set(work, setTimeout(() => { this.#with.behind(this.#tookTooLong(work)); }, TURN_DEADLINE_MS).unref());
    return work;
  }

  /** Waits for the end of a work, and sees to it that the person was told something. Never fails. */
  async finish(work: Work, done: Promise<void>): Promise<void> {
    let failed: StewardErrorCode | undefined;
    try {
      await done;
    } catch (error) {
      this.#with.onError(error);
      failed = errorCode(error);
    }
    this.#close(work);
    if (!work.progress.isSilent && (failed !== undefined || !work.progress.isAnswered)) await this.#insist(work, en.errors[failed ?? 'UNEXPECTED'], failed === 'REPLY_UNDELIVERED');
    // Whoever silenced it has the last word, and ends it.
    if (!work.progress.isSilent) await work.progress.end('over').catch(this.#with.onError);
  }

  /** Ends a work that is nobody's concern any more, a redelivery, without a word. */
  drop(work: Work): void {
    this.#close(work);
    work.progress.silence();
    this.#with.behind(work.progress.end('stopped'));
  }

  /**
   * Calls off what one person asked for in one conversation, whether it runs or waits; the caller says so. `acting` when an
   * effect had begun: then the turn goes on to say what came of it.
   */
  cancel(conversationId: string, person: InternalId): 'nothing' | 'stopped' | 'acting' {
    const works = [...this.#open].filter(({ isCancel, place, sender, progress }) => isCancel !== true && place.conversationId === conversationId && sender.equals(person) && !progress.isAnswered);
    for (const { controller, progress } of works) {
      if (!progress.hasActed) progress.silence();
      controller.abort('cancelled');
      if (!progress.hasActed) this.#with.behind(progress.end('cancelled'));
    }
    if (works.length === 0) return 'nothing';
    return works.some(({ progress }) => progress.hasActed) ? 'acting' : 'stopped';
  }

  /** The message was edited or deleted: what runs or waits for it stops, and says so. */
  withdraw(conversationId: string, activityId: string): void {
    for (const { controller, place, requestActivityId } of this.#open) {
      if (place.conversationId === conversationId && requestActivityId === activityId) controller.abort(new StewardError('REQUEST_WITHDRAWN', 'the message was edited or deleted'));
    }
  }

  #close(work: Work): void {
    clearTimeout(this.#deadlines.get(work));
    this.#deadlines.delete(work);
    this.#open.delete(work);
  }

  /** Said from here and not by the turn, which may hang in a call that can't be aborted, or wait in a queue. */
  async #tookTooLong(work: Work): Promise<void> {
    const { controller, progress } = work;
    if (progress.isAnswered || progress.isSilent) return;
    const { phase } = progress;
    // Silent before it is aborted: what the turn says to an abort would be a second sentence.
    if (!progress.hasActed) progress.silence();
    controller.abort(new StewardError('TURN_TOO_LONG', 'the message was not answered in time'));
    if (progress.hasActed) return this.#insist(work, en.tookTooLongActing);
    const reference = await within(this.#record(work), REFERENCE_WAIT_MS);
    await this.#insist(work, en.tookTooLong(phase, Math.round(TURN_DEADLINE_MS / 1_000)) + (reference?.value ?? ''));
    await progress.end('stopped');
  }

  async #record({ sender }: Work): Promise<string> {
    const { digestKey, ledger } = this.#with;
    try {
      return en.reference((await ledger.record({ kind: 'refusal', turn: '', person: digestKey.digest(sender.digest()), code: 'TURN_TOO_LONG', details: [] })).id);
    } catch {
      return '';
    }
  }

  /** Says a sentence that must not be lost. It may be said twice: a connector that fails does not say whether it delivered. */
  async #insist(work: Work, sentence: string, hasFailed = false): Promise<void> {
    const { adapter, onError, speaker } = this.#with;
    for (const afterMs of INSIST_AFTER_MS.slice(hasFailed ? 1 : 0)) {
      await pause(afterMs);
      try {
        await adapter.at(work.place, (context) => {
          if (!work.progress.isSilent) work.progress.attach(context);
          return tell(speaker, context, sentence);
        });
        return;
      } catch (error) {
        onError(new StewardError('REPLY_UNDELIVERED', 'a sentence that had to be said was not delivered', { cause: error }));
      }
    }
  }
}
