import assert from 'node:assert/strict';
import type { Action, Limit } from '../../../src/actions/action.ts';
import { Limits, RAISED_MS } from '../../../src/guard/limits.ts';
import { handClock, MemoryLimits, rejectsWith, testActions } from './support.ts';
import { StewardError } from '../../../src/errors.ts';

const { block } = testActions();
const of = (limit: Limit): Action => ({ ...block, limit });
const { limit: _, ...unlimited } = block;

function make() {
  const clock = handClock();
  const store = new MemoryLimits();
  const limits = new Limits(store, clock);
  /** How many uses go through, of as many as anybody could want. */
  const room = async (action: Action, who: string, by: Limits = limits): Promise<number> => {
    let taken = 0;
    while (taken < 100 && (await by.take(action, who))) taken += 1;
    return taken;
  };
  return { clock, store, limits, room };
}

describe('limits', () => {
  it('bound a person, and all of them together', async () => {
    const { limits, room } = make();
    const action = of({ perHour: 5, perPersonPerHour: 3 });
    assert.equal(await limits.isReached(action, 'ada', 3), false);
    assert.equal(await limits.isReached(action, 'ada', 4), true);
    assert.equal(await room(action, 'ada'), 3);
    assert.equal(await limits.isReached(action, 'ada', 1), true);
    assert.equal(await limits.isReached(action, 'ben', 2), false);
    assert.equal(await limits.isReached(action, 'ben', 3), true);
    assert.equal(await room(action, 'ben'), 2);
    assert.equal(await room(action, 'cleo'), 0);
  });

  it('without one for a person are those of the deployment', async () => {
    const { room } = make();
    assert.equal(await room(of({ perHour: 4 }), 'ada'), 4);
  });

  it('begin anew with each hour of the clock', async () => {
    const { room, clock } = make();
    const action = of({ perHour: 2 });
    clock.advance(59 * 60_000);
    assert.equal(await room(action, 'ada'), 2);
    clock.advance(59_999);
    assert.equal(await room(action, 'ada'), 0);
    clock.advance(1);
    assert.equal(await room(action, 'ada'), 2);
  });

  it('hold over two instances that share only storage', async () => {
    const { limits, room, store, clock } = make();
    const other = new Limits(store, clock);
    const action = of({ perHour: 3 });
    const taken = await Promise.all(Array.from({ length: 10 }, (_each, index) => (index % 2 === 0 ? limits : other).take(action, `person-${index}`)));
    assert.equal(taken.filter(Boolean).length, 3);
    assert.equal(await room(action, 'ada', other), 0);
  });

  it('are none for an action that declares none', async () => {
    const { limits, store } = make();
    assert.equal(await limits.isReached(unlimited, 'ada', 1_000), false);
    assert.equal(await limits.take(unlimited, 'ada'), true);
    assert.equal(await limits.raise(unlimited), undefined);
    assert.deepEqual(store.counted, []);
  });

  it('are reached where storage does not say how often it counted', async () => {
    const { limits, store } = make();
    store.used = async () => [];
    assert.equal(await limits.isReached(of({ perHour: 2 }), 'ada', 1), true);
  });

  it('are not passed when they can’t be counted', async () => {
    const { limits, store } = make();
    store.answer = new StewardError('STORAGE_UNAVAILABLE', 'down');
    await rejectsWith(limits.isReached(of({ perHour: 2 }), 'ada', 1), 'STORAGE_UNAVAILABLE');
    await rejectsWith(limits.take(of({ perHour: 2 }), 'ada'), 'STORAGE_UNAVAILABLE');
  });
});

describe('raised limits', () => {
  const action = of({ perHour: 2, perPersonPerHour: 1, raisableTo: 6 });

  it('let both go to the declared maximum, for 60 minutes of the clock and over every instance', async () => {
    const { limits, room, store, clock } = make();
    clock.advance(30 * 60_000);
    const raised = await limits.raise(action);
    assert.deepEqual([raised?.action, raised?.perHour, raised!.until.getTime() - clock.now().getTime()], ['block_sign_in', 6, RAISED_MS]);
    assert.equal(RAISED_MS, 3_600_000);
    assert.equal(await room(action, 'ada', new Limits(store, clock)), 6);
    clock.advance(30 * 60_000);
    assert.equal(await room(action, 'ada'), 6, 'the next hour, still raised');
    clock.advance(30 * 60_000 - 1);
    assert.equal(await limits.isReached(action, 'cleo', 1), true);
    assert.equal((await limits.raised()).length, 1);
    clock.advance(1);
    assert.deepEqual(await limits.raised(), []);
    clock.advance(30 * 60_000);
    assert.equal(await room(action, 'ada'), 1, 'and over by itself');
  });

  it('never go above what the action declares today, whatever is stored', async () => {
    const { limits, room, store, clock } = make();
    await store.raise({ action: 'block_sign_in', perHour: 1_000, until: new Date(clock.now().getTime() + 1) });
    assert.equal(await limits.isReached(action, 'ada', 7), true);
    assert.equal(await room(action, 'ada'), 6);
    assert.equal(await room(of({ perHour: 2 }), 'ben'), 0, 'one that can’t be raised was not');
  });

  it('are over at their end, not after it', async () => {
    const { limits, store, clock } = make();
    await store.raise({ action: 'block_sign_in', perHour: 6, until: new Date(clock.now().getTime() + 1) });
    assert.equal(await limits.isReached(action, 'ada', 2), false);
    clock.advance(1);
    assert.equal(await limits.isReached(action, 'ada', 2), true);
  });

  it('are looked for only where an action can be raised', async () => {
    const { limits, store } = make();
    store.raisedFor = async () => Promise.reject(new StewardError('STORAGE_UNAVAILABLE', 'down'));
    await rejectsWith(limits.isReached(action, 'ada', 1), 'STORAGE_UNAVAILABLE');
    assert.equal(await limits.isReached(of({ perHour: 2 }), 'ada', 1), false);
    assert.equal(await limits.isReached(of({ perHour: 2, raisableTo: 2 }), 'ada', 1), false);
  });

  it('never lower a limit', async () => {
    const { store, room, clock } = make();
    await store.raise({ action: 'block_sign_in', perHour: 0, until: new Date(clock.now().getTime() + 1) });
    assert.deepEqual([await room(action, 'ada'), await room(action, 'ben')], [1, 1]);
  });

  it('of one action are not those of another', async () => {
    const { limits, room } = make();
    await limits.raise(action);
    assert.equal(await room({ ...action, name: 'unblock_sign_in' }, 'ada'), 1);
  });
});
