import assert from 'node:assert/strict';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { drillKill } from '../../../src/guard/drill.ts';
import { KillSwitch } from '../../../src/guard/kill-switch.ts';
import type { Clock } from '../../../src/clock.ts';
import { latch, MemoryLatch, rejectsWith } from './support.ts';

const by = { digest: 'admin', name: 'Ada', reason: 'drill' };
const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };

describe('a drill', function () {
  this.timeout(40_000);

  it('times the real latch, and leaves everything as it was', async () => {
    const store = new MemoryLatch(latch({ changedAt: new Date() }));
    const killSwitch = new KillSwitch(store, clock);
    const work = killSwitch.guardCall({ actions: ['block_sign_in'], model: true, effect: true });
    const { elsewhere, here, ok, rounds } = await drillKill({ killSwitch, latch: store, clock, by, rounds: 2 });
    assert.equal(rounds, 2);
    assert(here.maxMs <= elsewhere.maxMs);
    assert(elsewhere.p50Ms > 0);
    assert.equal(ok, elsewhere.maxMs <= 1_000);
    assert.equal(work.signal.aborted, false, 'work was stopped by a drill');
    work.done();
    assert.deepEqual([store.row?.level, store.row?.epoch], ['full', 1]);
    assert.ok(store.row?.stops?.every(({ lifted }) => lifted), 'the drill left something stopped');
  });

  it('is not misled by an earlier one that died half-way', async () => {
    const store = new MemoryLatch(latch());
    const killSwitch = new KillSwitch(store, clock);
    await killSwitch.kill(by, { scope: 'action', key: 'drill', label: '' });
    const { elsewhere } = await drillKill({ killSwitch: new KillSwitch(store, clock), latch: store, clock, by, rounds: 1 });
    assert(elsewhere.maxMs > 0, 'what it measured was known before it began');
    assert.ok(store.row?.stops?.every(({ lifted }) => lifted));
  });

  it('does not hold while storage refuses, and says so by failing', async () => {
    const store = new MemoryLatch(latch());
    store.onWrite = async () => Promise.reject(new Error('503'));
    await rejectsWith(drillKill({ killSwitch: new KillSwitch(store, clock), latch: store, clock, by }).then(() => undefined), 'LATCH_UNREADABLE');
  });

  it('stops nothing that exists', () => {
    assert.equal(catalogue.find('drill'), undefined);
  });
});
