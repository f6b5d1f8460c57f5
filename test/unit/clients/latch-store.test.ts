import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { systemClock } from '../../../src/clients/clock.ts';
import { TableLatchStore } from '../../../src/clients/latch-store.ts';
import type { Properties, Table } from '../../../src/clients/tables.ts';
import { SealedLatch } from '../../../src/guard/latch-seal.ts';
import { latchLevels, type Latch, type Stop } from '../../../src/guard/ports.ts';
import { stopsOf } from '../../../src/guard/stops.ts';
import { clientsOf, cloud, never, rejectsWith, tablesOf } from './support.ts';

const keyed = (secret: string): { digest: (value: string) => string } => ({ digest: (value) => createHmac('sha256', secret).update(value).digest('hex') });
const HOUR_MS = 3_600_000;

describe('latch store', () => {
  afterEach(async () => (await cloud()).faults.clear());

  const stop: Stop = { scope: 'action', key: 'block_sign_in', label: 'Sperren „jetzt“', epoch: 7, at: new Date('2026-11-22T10:00:00.123Z'), by: 'd', byName: 'Ada', reason: 'r', lifted: false };
  const latch: Latch = { level: 'full', epoch: 1, changedAt: new Date('2026-11-22T10:00:00.000Z'), changedBy: 'deployment', changedByName: '', reason: 'first', kill: 'k', stops: [stop], stopped: '' };
  const storeOf = (table: Table, secret = 'a key'): SealedLatch => new SealedLatch(new TableLatchStore(table), keyed(secret), systemClock);
  const row = async (): Promise<Properties> => Object.fromEntries((await (await tablesOf()).latch.read('latch', 'latch'))?.properties ?? []) as Properties;

  it('reads a missing latch as missing, and changes one only under its tag', async () => {
    const { latch: table } = await tablesOf();
    await table.remove('latch', 'latch');
    const store = storeOf(table);
    assert.equal(await store.read(never), undefined);
    assert.equal(await store.write(latch, 'W/"datetime\'2026-11-22T10%3A00%3A00.0000000Z\'"'), false, 'a missing latch is not revived');
    assert.equal(await store.read(never), undefined);
    assert.equal(await store.write(latch, 'any'), true);
    const stored = await store.read(never);
    assert(stored);
    assert.deepEqual(stored.value, { ...latch, seal: 'holds' });
    assert(Math.abs(stored.storageNow.getTime() - Date.now()) < HOUR_MS);
    const killed: Latch = { ...latch, level: 'off', epoch: 2 };
    const [one, other] = await Promise.all([store.write(killed, stored.etag), storeOf((await tablesOf()).latch).write({ ...killed, level: 'observe' }, stored.etag)]);
    assert.notEqual(one, other, 'of two changes one wins');
    assert.equal(await store.write({ ...killed, epoch: 3 }, 'any'), true, 'kill needs no tag');
    assert.equal((await store.read(never))?.value.epoch, 3);
  });

  it('obeys a hand that writes nothing but `off`', async () => {
    const { latch: table } = await tablesOf();
    await table.upsert('latch', 'latch', { level: 'off' });
    const stored = await storeOf(table).read(never);
    assert.equal(stored?.value.level, 'off');
    assert.equal(stored.value.seal, 'not needed');
    assert(stored.value.epoch > 1_000_000, 'no approval has this epoch');
  });

  for (const level of latchLevels.filter((each) => each !== 'off')) {
    it(`takes a hand that writes \`${level}\` for off, whatever else it leaves as it was`, async () => {
      const { latch: table } = await tablesOf();
      const store = storeOf(table);
      await store.write({ ...latch, level: level === 'full' ? 'observe' : 'full', epoch: 9 }, 'any');
      await table.upsert('latch', 'latch', { ...(await row()), level });
      const { value } = (await store.read(never)) ?? assert.fail();
      assert.deepEqual([value.level, value.seal], ['off', 'broken']);
      assert(value.epoch > 1_000_000, 'what was asked under an older epoch lives again');
      await table.upsert('latch', 'latch', { level, epoch: 9 });
      assert.equal((await store.read(never))?.value.level, 'off', 'without a seal');
    });
  }

  const forgeries: Readonly<Record<string, Properties>> = { 'an epoch': { epoch: 8 }, 'who': { changedBy: 'x' }, 'a name': { changedByName: 'x' }, 'why': { reason: 'x' }, 'the last kill': { kill: '' }, 'what is stopped': { stops: '[]' }, 'text for stops': { stops: '{' }, 'when': { changedAt: new Date(0) }, 'the seal’s time': { sealedAt: new Date() }, 'the seal': { seal: 'a'.repeat(64) }, 'no seal': { seal: '' } };
  for (const [what, change] of Object.entries(forgeries)) {
    it(`takes a row in which ${what} was changed by hand for off`, async () => {
      const { latch: table } = await tablesOf();
      const store = storeOf(table);
      await store.write(latch, 'any');
      assert.equal((await store.read(never))?.value.level, 'full');
      await table.upsert('latch', 'latch', { ...(await row()), ...change });
      const { value } = (await store.read(never)) ?? assert.fail();
      assert.deepEqual([value.level, value.seal], ['off', 'broken']);
    });
  }

  it('takes an old row that was put back for off: its seal is older than the row', async () => {
    const { latch: table } = await tablesOf();
    // Sealed long ago, by Steward itself.
    const longAgo = new SealedLatch(new TableLatchStore(table), keyed('a key'), { ...systemClock, now: () => new Date(Date.now() - HOUR_MS) });
    await longAgo.write(latch, 'any');
    assert.equal((await storeOf(table).read(never))?.value.level, 'off');
  });

  it('believes an instance whose clock is an hour wrong, once it has read storage', async () => {
    const { latch: table } = await tablesOf();
    await storeOf(table).write(latch, 'any');
    const wrong = new SealedLatch(new TableLatchStore(table), keyed('a key'), { ...systemClock, now: () => new Date(Date.now() + HOUR_MS) });
    const stored = (await wrong.read(never)) ?? assert.fail();
    assert.equal(stored.value.seal, 'holds');
    assert.equal(await wrong.write({ ...stored.value, level: 'observe' }, stored.etag), true);
    assert.equal((await storeOf(table).read(never))?.value.level, 'observe');
  });

  it('believes no other deployment’s seal', async () => {
    const { latch: table } = await tablesOf();
    await storeOf(table, 'another key').write(latch, 'any');
    assert.equal((await storeOf(table).read(never))?.value.level, 'off');
  });

  it('lets hands stop one thing more without breaking the seal', async () => {
    const { latch: table } = await tablesOf();
    // Long after the seal: its row stays as it was.
    const store = storeOf(table);
    await store.write(latch, 'any');
    await table.upsert('latch', 'stopped', { stopped: 'action wipe_device; model' });
    const stored = (await store.read(never)) ?? assert.fail();
    assert.deepEqual([stored.value.level, stored.value.seal, stored.value.stopped], ['full', 'holds', 'action wipe_device; model']);
    // Two admins revive one of them: both rows change together, or none.
    await table.upsert('latch', 'stopped', { stopped: 'action wipe_device; model; person x' });
    assert.equal(await store.write({ ...stored.value, stopped: 'model' }, stored.etag), false, 'what a hand wrote meanwhile was lost');
    const again = (await store.read(never)) ?? assert.fail();
    assert.equal(await store.write({ ...again.value, stopped: 'model' }, again.etag), true);
    const { value } = (await store.read(never)) ?? assert.fail();
    assert.deepEqual([value.seal, value.stopped], ['holds', 'model']);
    assert.equal(await store.write({ ...value, level: 'off' }, 'any'), true);
    assert.equal((await store.read(never))?.value.stopped, 'model', 'a kill forgets nothing that hands stopped');
  });

  it('takes what is no text in the row of hands for something that nobody understands', async () => {
    const { latch: table } = await tablesOf();
    await table.upsert('latch', 'stopped', { stopped: 7 });
    const { value } = (await storeOf(table).read(never)) ?? assert.fail();
    assert.equal(stopsOf(value), 'all');
    await table.remove('latch', 'stopped');
  });

  it('does not act where hands put more rows beside it than anybody reads', async () => {
    const { latch: table } = await tablesOf();
    const keys = Array.from({ length: 51 }, (_, index) => `row-${index}`);
    await Promise.all(keys.map((key) => table.upsert('latch', key, {})));
    await rejectsWith(storeOf(table).read(never), 'LATCH_UNREADABLE');
    await Promise.all(keys.map((key) => table.remove('latch', key)));
  });

  it('reads nothing into a latch that it does not understand', async () => {
    const { latch: table } = await tablesOf();
    const strange: readonly Properties[] = [{ level: 'on', epoch: 1 }, { level: 'full' }, { level: 'full', epoch: 'one' }, { level: 'full', epoch: 1.5 }, { epoch: 1 }];
    for (const properties of strange) {
      await table.upsert('latch', 'latch', properties);
      await rejectsWith(storeOf(table).read(never), 'LATCH_UNREADABLE');
    }
    await table.remove('latch', 'latch');
  });

  it('fails at once when storage does, and obeys an abort', async () => {
    const { latch: store } = await clientsOf();
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 503 });
    await rejectsWith(store.read(never), 'LATCH_UNREADABLE');
    (await cloud()).faults.clear();
    (await cloud()).faults.post({ service: 'storage', kind: 'hang' });
    await assert.rejects(store.read(AbortSignal.timeout(100)), { name: 'TimeoutError' });
  });
});
