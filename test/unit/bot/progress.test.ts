import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { TurnContext } from 'botbuilder';
import type { StewardAdapter } from '../../../src/bot/adapter.ts';
import type { Phase } from '../../../src/bot/phase.ts';
import { Progress, progressTimings } from '../../../src/bot/progress.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { TURN_DEADLINE_MS, Works } from '../../../src/bot/work.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { ANNA, BOB, failsWith, PLACE } from './support.ts';

const { typingAfterMs, typingEveryMs, statusAfterMs, statusEveryMs, settleMs } = progressTimings;
const PHASES: readonly Phase[] = ['starting', 'queued', 'thinking', 'looking up', 'reading articles', 'asking people', 'acting'];

/** Lets what is promised happen. */
const settle = async (): Promise<void> => {
  for (let round = 0; round < 20; round += 1) await Promise.resolve();
};

/** Time passes in small steps, and everything that it sets off happens. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    mock.timers.tick(Math.min(50, left));
    await settle();
  }
}

interface Shown {
  readonly progress: Progress;
  /** What was shown, in order: `typing`, `say …`, `replace …`, `answer`. */
  readonly log: string[];
  /** Sends through a context that the progress watches; with `send` instead of the connector. */
  readonly answer: (send?: () => Promise<unknown>) => Promise<unknown>;
}

function shown(given: { readonly say?: () => Promise<string>; readonly replace?: () => Promise<void>; readonly typing?: () => Promise<void> } = {}): Shown {
  const log: string[] = [];
  const startedMs = Date.now();
  const progress = new Progress(
    {
      typing: async () => (log.push('typing'), given.typing?.()),
      say: async (text) => (log.push(`say ${text}`), (await given.say?.()) ?? 'line'),
      replace: async (id, text) => (log.push(`replace ${id}: ${text}`), given.replace?.()),
    },
    { now: () => new Date(), monotonicMs: () => Date.now() - startedMs },
  );
  type Handler = (context: unknown, activities: unknown, next: () => Promise<unknown>) => Promise<unknown>;
  let handler: Handler | undefined;
  progress.attach({ onSendActivities: (watch: Handler) => void (handler = watch) } as unknown as TurnContext);
  return { progress, log, answer: (send = async () => [{ id: 'a' }]) => handler?.({}, [], async () => (log.push('answer'), send())) ?? Promise.reject(new Error('nothing watches')) };
}

const withoutTyping = (log: readonly string[]): readonly string[] => log.filter((entry) => entry !== 'typing');

describe('bot/progress', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  it('shows typing soon and again, until something is said', async () => {
    const { log, answer } = shown();
    await pass(typingAfterMs - 50);
    assert.deepEqual(log, []);
    await pass(50);
    assert.deepEqual(log, ['typing']);
    await pass(typingEveryMs);
    assert.equal(log.filter((entry) => entry === 'typing').length, 2);
    await answer();
    const before = log.length;
    await pass(60_000);
    assert.deepEqual(log.slice(before), []);
  });

  it('shows nothing for a quick answer, and nothing at its end', async () => {
    const { log, answer, progress } = shown();
    await answer();
    await progress.end('over');
    await pass(60_000);
    assert.deepEqual(log, ['answer']);
  });

  it('sends one line, and changes it only when something else is done, at most at the interval', async () => {
    const { log, progress } = shown();
    progress.enter('thinking');
    await pass(statusAfterMs);
    assert.deepEqual(withoutTyping(log), [`say ${en.progress.status('thinking')}`]);
    await pass(3 * statusEveryMs);
    assert.equal(withoutTyping(log).length, 1);
    progress.enter('looking up');
    progress.enter('thinking');
    progress.enter('looking up');
    await pass(statusEveryMs);
    assert.deepEqual(withoutTyping(log).slice(1), [`replace line: ${en.progress.status('looking up')}`]);
  });

  for (const how of ['over', 'cancelled', 'stopped'] as const) {
    it(`ends the line once, with how long it took: ${how}`, async () => {
      const { log, answer, progress } = shown();
      await pass(6_000);
      if (how === 'over') await answer();
      await progress.end(how);
      await progress.end('stopped');
      assert.equal(log.at(-1), `replace line: ${en.progress.ended[how](6)}`);
      assert.equal(log.filter((entry) => entry.startsWith('replace')).length, 1);
    });
  }

  it('ends the line by owning up when nothing was delivered', async () => {
    const { log, progress } = shown();
    await pass(6_000);
    await progress.end('over');
    assert.equal(log.at(-1), `replace line: ${en.progress.undelivered}`);
  });

  it('sends no second line when the first failed, and does not fail for it', async () => {
    const { log, answer, progress } = shown({ say: async () => Promise.reject(new Error('503')), typing: async () => Promise.reject(new Error('503')) });
    await pass(30_000);
    await answer();
    await progress.end('over');
    assert.equal(withoutTyping(log).length, 2, log.join(' | '));
  });

  it('goes on after a change that failed', async () => {
    const { log, answer, progress } = shown({ replace: async () => Promise.reject(new Error('503')) });
    await pass(statusAfterMs);
    progress.enter('thinking');
    await pass(2 * statusEveryMs);
    await answer();
    assert.equal(log.at(-1), 'answer');
  });

  it('lets a line that is on its way arrive before the answer, but does not wait for it for long', async () => {
    let arrive: (id: string) => void = () => undefined;
    const first = shown({ say: () => new Promise((resolve) => (arrive = resolve)) });
    await pass(statusAfterMs);
    const answering = first.answer();
    await pass(settleMs - 100);
    assert(!first.log.includes('answer'), 'the answer overtook the line');
    arrive('line');
    await settle();
    await answering;
    assert.equal(first.log.at(-1), 'answer');

    const second = shown({ say: () => new Promise(() => undefined) });
    await pass(statusAfterMs);
    const late = second.answer();
    await pass(settleMs);
    await late;
    assert.equal(second.log.at(-1), 'answer');
  });

  it('sends no line after an answer whose sending takes long', async () => {
    const { log, answer } = shown();
    void answer(() => new Promise(() => undefined));
    await pass(30_000);
    assert.deepEqual(log, ['answer']);
  });

  it('lets nothing of the turn out once it is silenced, also what had waited for the line', async () => {
    const { log, answer, progress } = shown({ say: () => new Promise(() => undefined) });
    await pass(statusAfterMs);
    const waiting = answer();
    progress.silence();
    await pass(settleMs);
    assert.deepEqual(await waiting, []);
    assert.deepEqual(await answer(), []);
    assert(!log.includes('answer'));
  });

  it('calls a message that was not taken undelivered, and the next one may be said', async () => {
    const { answer, progress } = shown();
    await assert.rejects(answer(async () => Promise.reject(new Error('503'))), failsWith('REPLY_UNDELIVERED'));
    assert.equal(progress.isAnswered, false);
    await answer();
    assert.equal(progress.isAnswered, true);
  });

  it('has plain words for whatever is being done, and says how to stop what can be stopped', () => {
    for (const phase of PHASES) {
      const status = en.progress.status(phase);
      assert.match(status, /^Still working on .*\.$/);
      assert.equal(/cancel/.test(status), phase !== 'acting');
      const late = en.tookTooLong(phase, 45);
      for (const part of [/too long/, /45 seconds/, /Nothing was done/, /try again/]) assert.match(late, part);
      for (const text of [status, late]) assert.doesNotMatch(text, /undefined|[_{}]/);
    }
  });
});

/** Works whose connector takes what is said, or fails. */
function works(deliver: () => Promise<void> = async () => undefined): { readonly works: Works; readonly said: string[]; readonly errors: unknown[] } {
  const said: string[] = [];
  const errors: unknown[] = [];
  const context = {
    onSendActivities: () => undefined,
    sendActivity: async ({ type, text = '' }: { type: string; text?: string }) => {
      await deliver();
      if (type === 'message') said.push(text);
      return { id: 'x' };
    },
    updateActivity: async ({ text = '' }: { text?: string }) => void said.push(`line: ${text}`),
  };
  const onError = (error: unknown): void => void errors.push(error);
  return {
    said,
    errors,
    works: new Works({
      adapter: { at: async (_place: unknown, logic: (given: unknown) => Promise<unknown>) => logic(context) } as unknown as StewardAdapter,
      speaker: new Speaker([], () => []),
      ledger: { record: async () => ({ id: 'ref-1' }) } as never,
      digestKey: { digest: (text: string) => text.slice(0, 4) },
      clock: { now: () => new Date(), monotonicMs: () => Date.now() },
      behind: (work) => void work.catch(onError),
      onError,
    }),
  };
}
const ASKED = { sender: BOB, place: PLACE, requestActivityId: 'm1' };

describe('bot/work: a failure never ends in silence', () => {
  it('says a sentence when the code crashed, and reports it', async () => {
    const { works: all, said, errors } = works();
    await all.finish(all.begin(ASKED), Promise.reject(new TypeError('SENTINEL')));
    assert.deepEqual(said, [en.errors.UNEXPECTED]);
    assert(errors[0] instanceof TypeError);
  });

  it('says a sentence when the turn ended without a word', async () => {
    const { works: all, said } = works();
    await all.finish(all.begin(ASKED), Promise.resolve());
    assert.deepEqual(said, [en.errors.UNEXPECTED]);
  });

  it('says nothing twice about a redelivery or what was called off', async () => {
    const { works: all, said } = works();
    all.drop(all.begin(ASKED));
    const work = all.begin(ASKED);
    assert.equal(all.cancel(PLACE.conversationId, BOB), 'stopped');
    await all.finish(work, Promise.resolve());
    assert.deepEqual(said, []);
    assert.equal(work.controller.signal.reason, 'cancelled');
  });

  it('says it again, to a connector that failed, and tells the operator', async () => {
    let failures = 1;
    const { works: all, said, errors } = works(async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('503');
    });
    await all.finish(all.begin(ASKED), Promise.resolve());
    assert.deepEqual(said, [en.errors.UNEXPECTED]);
    assert.equal(errors.length, 1);
    failsWith('REPLY_UNDELIVERED')(errors[0]);
  });
});

describe('bot/work: the deadline', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  /** There is a pause of no length before a sentence. */
  const afterAll = (): Promise<void> => pass(100);

  it('says what was waited for, that nothing was done, and a reference', async () => {
    const { works: all, said } = works();
    const work = all.begin(ASKED);
    work.progress.enter('looking up');
    await pass(TURN_DEADLINE_MS);
    await afterAll();
    assert.equal(said.filter((text) => text.includes('took too long')).join(), en.tookTooLong('looking up', 45) + en.reference('ref-1'));
    assert.equal(said.at(-1), `line: ${en.progress.ended.stopped(45)}`);
    assert.equal(work.controller.signal.aborted, true);
    assert.equal(work.progress.isSilent, true);
  });

  it('never says that nothing was done once an effect was begun, and lets the turn say what came of it', async () => {
    const { works: all, said } = works();
    const work = all.begin(ASKED);
    work.progress.enter('acting');
    work.progress.enter('thinking');
    await pass(TURN_DEADLINE_MS);
    await afterAll();
    assert(said.includes(en.tookTooLongActing));
    assert(!said.some((text) => /nothing was/i.test(text)));
    assert.equal(work.progress.isSilent, false);
  });

  it('is over with the answer', async () => {
    const { works: all, said } = works();
    const work = all.begin(ASKED);
    work.progress.silence();
    await all.finish(work, Promise.resolve());
    await pass(2 * TURN_DEADLINE_MS);
    await afterAll();
    assert.deepEqual(said, []);
  });

  it('calls off nothing of another person or another conversation', () => {
    const { works: all } = works();
    const work = all.begin(ASKED);
    assert.equal(all.cancel('a:2', BOB), 'nothing');
    assert.equal(all.cancel(PLACE.conversationId, ANNA), 'nothing');
    assert.equal(work.controller.signal.aborted, false);
    work.progress.enter('acting');
    assert.equal(all.cancel(PLACE.conversationId, BOB), 'acting');
    assert.equal(work.progress.isSilent, false);
    all.drop(work);
  });
});
