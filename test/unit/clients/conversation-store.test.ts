import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Memory } from '../../../src/bot/ports.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { TableConversationStore } from '../../../src/clients/conversation-store.ts';
import { bounded } from '../../../src/clients/memory.ts';
import { keyOf, type Properties, type Table } from '../../../src/clients/tables.ts';
import type { Place } from '../../../src/guard/approval.ts';
import type { ModelMessage } from '../../../src/guard/reasoner.ts';
import { clientsOf, cloud, newId, rejectsWith, tablesOf, until } from './support.ts';
import { Stopwatch } from '../../machine.ts';

const placeOf = (conversationId: string): Place => ({ conversationId, serviceUrl: 'https://smba.trafficmanager.net/emea/', tenantId: 't', botId: '28:b', channelId: 'msteams', conversationType: 'personal' });
const conversation = (): string => `a:${randomUUID()}/äöü;messageid=1#?\\`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const quick = { leaseMs: 3_000, renewMs: 300, giveUpMs: 1_500, waitMs: 8_000 };

/** Writes no hints while others count calls. */
const silent = { tickMs: 60_000, renewMs: 60_000, graceMs: 60_000 };
const talking = { tickMs: 50, renewMs: 300, graceMs: 400 };

async function storeOf(timings = quick, interruptedAfterMs = 0, inbox = silent) {
  const { conversations: table } = await tablesOf();
  return { table, store: new TableConversationStore(table, { instance: randomUUID(), clock: systemClock, timings, interruptedAfterMs, inbox }) };
}

const hintsOf = async (table: Table, conversationId: string) => table.list(`PartitionKey eq 'open-inbox' and conversation eq '${keyOf(conversationId)}'`, 100);
/** An instance that died: it received a message, and nothing was heard of it since. */
async function leaveOpen(conversationId: string, activityId: string) {
  const { table, store } = await storeOf();
  await store.receive({ conversationId, activityId, place: placeOf(conversationId) });
  const key = `in:${keyOf(activityId)}`;
  await table.upsert('open-inbox', `${keyOf(conversationId)}:${key}`, { conversation: keyOf(conversationId), inbox: key });
}

const memory: Memory = {
  history: [
    { role: 'user', content: 'block {person_abcdefghijkl}' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'show_person', arguments: '{"person":"person_abcdefghijkl"}' } }] },
    { role: 'tool', tool_call_id: 'c1', content: '{"sign_in":"allowed"}' },
    { role: 'assistant', content: 'Done.' },
  ],
  handles: [
    { handle: 'person_abcdefghijkl', kind: 'person', id: newId(), label: 'Ada', expiresAtMs: 5 },
    { handle: 'text_abcdefghijkl', kind: 'text', label: 'ada@example.com', expiresAtMs: 6 },
  ],
  words: ['block Ada'],
  choice: { reference: 'r', handles: ['person_abcdefghijkl'], activityId: '2', requestActivityId: '1' },
};

/** The table as it is seen by a storage whose clock is ahead. */
function aheadOf(table: Table, aheadMs: number): Table {
  const listed = async (filter: string, most: number) => (await table.list(filter, most)).map((row) => ({ ...row, storageNow: new Date(row.storageNow.getTime() + aheadMs) }));
  return new Proxy(table, {
    get: (target, name) => {
      if (name === 'list') return listed;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('conversation store', () => {
  afterEach(async () => (await cloud()).faults.clear());

  it('notes an activity once', async () => {
    const [{ store }, { store: other }] = [await storeOf(), await storeOf()];
    const conversationId = conversation();
    const received = { conversationId, activityId: '1', place: placeOf(conversationId) };
    const results = await Promise.all([store.receive(received), other.receive(received), store.receive(received)]);
    assert.deepEqual(results.filter(Boolean).length, 1);
    assert.equal(await store.receive({ ...received, activityId: '2' }), true);
    await store.answered(conversationId, '1');
    assert.equal(await other.receive(received), false, 'a redelivery is known after the answer too');
  });

  it('is not made to drop a message by an answer that was lost', async () => {
    const { faults } = await cloud();
    const { store } = await storeOf();
    const conversationId = conversation();
    faults.post({ service: 'storage', kind: 'reset', method: 'POST', times: 1 });
    assert.equal(await store.receive({ conversationId, activityId: '1', place: placeOf(conversationId) }), true);
  });

  it('gives back what was saved, for this person in this conversation only', async () => {
    const { store } = await storeOf();
    const [conversationId, person] = [conversation(), newId()];
    assert.deepEqual(await store.load(conversationId, person), { history: [], handles: [], words: [] });
    await store.inOrder(conversationId, () => store.save(conversationId, person, memory, '1'));
    const { store: other } = await storeOf();
    const loaded = await other.load(conversationId, person);
    assert.deepEqual({ ...loaded, handles: [], version: '' }, { ...memory, handles: [], version: '' });
    assert.deepEqual(loaded.handles.map(({ handle, id }) => [handle, id?.reveal()]), memory.handles.map(({ handle, id }) => [handle, id?.reveal()]));
    assert.deepEqual((await other.load(conversationId, newId())).words, []);
    assert.deepEqual((await other.load(conversation(), person)).words, []);
  });

  it('takes four calls to storage for the first turn of a conversation, and three for the next ones', async () => {
    const { journal } = await cloud();
    const { store } = await storeOf();
    const [conversationId, person] = [conversation(), newId()];
    const turn = async (activityId: string) => {
      await store.receive({ conversationId, activityId, place: placeOf(conversationId) });
      await store.inOrder(conversationId, async () => {
        await store.save(conversationId, person, await store.load(conversationId, person), activityId);
      });
    };
    for (const [activityId, calls] of [['1', 4], ['2', 3], ['3', 3]] as const) {
      journal.clear();
      await turn(activityId);
      assert.equal(journal.entries({ service: 'storage' }).length, calls, activityId);
    }
  });

  it('knows in a turn what another instance remembered since, also when nothing was saved in between', async () => {
    const [{ store }, { store: other }] = [await storeOf(), await storeOf()];
    const [conversationId, person] = [conversation(), newId()];
    const words = (where: typeof store) => where.inOrder(conversationId, async () => (await where.load(conversationId, person)).words);
    const write = (where: typeof store, word: string) => where.inOrder(conversationId, () => where.save(conversationId, person, { ...memory, words: [word] }, '1'));
    await write(store, 'ours');
    assert.deepEqual(await words(store), ['ours']);
    await write(other, 'theirs');
    assert.deepEqual(await words(store), ['theirs']);
    // That turn saved nothing; the one after it must not go back to what was kept before.
    assert.deepEqual(await words(store), ['theirs']);
    await store.inOrder(conversationId, async () => store.save(conversationId, person, { ...memory, words: ['ours again'] }));
    assert.deepEqual(await words(store), ['ours again']);
    const seen = await store.load(conversationId, person);
    await other.save(conversationId, person, { ...(await other.load(conversationId, person)), words: ['a click'] });
    assert.deepEqual((await store.load(conversationId, person)).words, ['a click'], 'outside a turn storage is asked');
    await rejectsWith(store.save(conversationId, person, seen), 'STORAGE_UNAVAILABLE');
  });

  it('keeps nobody else waiting for a lease that it took for a message without a turn', async () => {
    const [{ store }, { store: other }] = [await storeOf(), await storeOf()];
    const conversationId = conversation();
    await store.inOrder(conversationId, async () => undefined);
    const received = { conversationId, activityId: '1', place: placeOf(conversationId) };
    // A `cancel`, and its redelivery: both are noted, and neither asks for a turn.
    assert.deepEqual([await store.receive(received), await store.receive(received)], [true, false]);
    const watch = new Stopwatch();
    await other.inOrder(conversationId, async () => undefined);
    assert.ok(watch.ms < quick.leaseMs / 2, 'it waited for the lease to end by itself');
  });

  it('keeps the order of calls and never runs two turns at once, also over two instances', async () => {
    const stores = [(await storeOf()).store, (await storeOf()).store];
    const conversationId = conversation();
    let running = 0;
    const ran: string[] = [];
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        stores[index % 2]!.inOrder(conversationId, async () => {
          running += 1;
          assert.equal(running, 1);
          await pause(10);
          ran.push(`${index % 2}:${index}`);
          running -= 1;
        }),
      ),
    );
    for (const instance of ['0', '1']) {
      const own = ran.filter((each) => each.startsWith(instance)).map((each) => Number(each.slice(2)));
      assert.deepEqual(own, own.toSorted((a, b) => a - b));
    }
    assert.equal(ran.length, 12);
  });

  it('goes on after a turn that failed', async () => {
    const { store } = await storeOf();
    const conversationId = conversation();
    await assert.rejects(store.inOrder(conversationId, async () => Promise.reject(new Error('x'))), /x/);
    assert.equal(await store.inOrder(conversationId, async () => 'fine'), 'fine');
  });

  it('renews a lease while the turn runs', async () => {
    const [{ store, table }, { store: other }] = [await storeOf({ ...quick, leaseMs: 2_000 }), await storeOf({ ...quick, leaseMs: 2_000, waitMs: 1_000 })];
    const conversationId = conversation();
    await store.inOrder(conversationId, async ({ signal }) => {
      await pause(2_600);
      assert.equal(signal.aborted, false);
      await rejectsWith(other.inOrder(conversationId, async () => 'taken'), 'STORAGE_UNAVAILABLE');
    });
    assert.equal((await table.read(keyOf(conversationId), 'lease'))?.properties.get('held'), false);
    assert.equal(await other.inOrder(conversationId, async () => 'taken'), 'taken');
  });

  it('takes over a lease that nobody renews, and the one who lost it can save nothing', async () => {
    const slow = { leaseMs: 1_500, renewMs: 60_000, giveUpMs: 60_000, waitMs: 8_000 };
    const [{ store }, { store: other }] = [await storeOf(slow), await storeOf(slow)];
    const [conversationId, person] = [conversation(), newId()];
    await store.inOrder(conversationId, async ({ signal }) => {
      await other.inOrder(conversationId, () => other.save(conversationId, person, { ...memory, words: ['theirs'] }, '2'));
      assert.equal(signal.aborted, false, 'not noticed yet');
      await rejectsWith(store.save(conversationId, person, { ...memory, words: ['ours'] }, '1'), 'STORAGE_UNAVAILABLE');
      assert.equal(signal.aborted, true);
      await rejectsWith(store.save(conversationId, person, memory, '1'), 'STORAGE_UNAVAILABLE');
    });
    assert.deepEqual((await store.load(conversationId, person)).words, ['theirs']);
    assert.equal(await store.inOrder(conversationId, async () => 'again'), 'again');
  });

  it('aborts a turn whose lease can no longer be renewed, before others may take it', async () => {
    const { faults } = await cloud();
    const { store } = await storeOf({ leaseMs: 3_000, renewMs: 100, giveUpMs: 600, waitMs: 8_000 });
    await store.inOrder(conversation(), async ({ signal }) => {
      faults.post({ service: 'storage', kind: 'status', status: 500 });
      const watch = new Stopwatch();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      assert(watch.ms < 2_000);
      faults.clear();
    });
  });

  it('lets one of several savers outside a turn win, and none who has not seen the last save', async () => {
    const { store } = await storeOf();
    const [conversationId, person] = [conversation(), newId()];
    await store.save(conversationId, person, memory);
    await rejectsWith(store.save(conversationId, person, memory), 'STORAGE_UNAVAILABLE');
    const { choice: _, ...rest } = await store.load(conversationId, person);
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => store.save(conversationId, person, rest)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await store.load(conversationId, person)).choice, undefined);
  });

  it('does not take a click that comes during a turn for a part of it', async () => {
    const { store } = await storeOf();
    const [conversationId, person] = [conversation(), newId()];
    await store.save(conversationId, person, { ...memory, words: ['0'] });
    const stale = await store.load(conversationId, person);
    let inTurn = (): void => undefined;
    const began = new Promise<void>((resolve) => (inTurn = resolve));
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const turn = store.inOrder(conversationId, async () => {
      await store.save(conversationId, person, { ...memory, words: ['turn'] });
      inTurn();
      await held;
    });
    await began;
    await rejectsWith(store.save(conversationId, person, stale), 'STORAGE_UNAVAILABLE');
    goOn();
    await turn;
    assert.deepEqual((await store.load(conversationId, person)).words, ['turn']);
  });

  it('can save again in the same turn, before and after the answer', async () => {
    const { store } = await storeOf();
    const [conversationId, person] = [conversation(), newId()];
    await store.inOrder(conversationId, async () => {
      await store.save(conversationId, person, { ...memory, words: ['1'] });
      await store.save(conversationId, person, { ...memory, words: ['2'] }, '1');
      await store.save(conversationId, person, { ...memory, words: ['3'] });
    });
    assert.deepEqual((await store.load(conversationId, person)).words, ['3']);
    assert.equal(await (await storeOf()).store.inOrder(conversationId, async () => 'free'), 'free');
  });

  it('tells what was interrupted, and nothing that is answered, young, or being worked on', async () => {
    const [{ store, table }, { store: other }] = [await storeOf(), await storeOf()];
    const ids = { dead: conversation(), answered: conversation(), alive: conversation(), saved: conversation() };
    for (const conversationId of Object.values(ids)) await leaveOpen(conversationId, '1');
    await pause(1_100); // storage's clock is read to the second
    await store.answered(ids.answered, '1');
    await store.inOrder(ids.saved, () => store.save(ids.saved, newId(), memory, '1'));
    const young = await storeOf(quick, 20_000);
    assert.deepEqual((await young.store.interrupted()).filter(({ conversationId }) => conversationId === ids.dead), []);
    await store.inOrder(ids.alive, async () => {
      const found = (await other.interrupted()).filter(({ conversationId }) => Object.values(ids).includes(conversationId));
      assert.deepEqual(found, [{ conversationId: ids.dead, activityId: '1', place: placeOf(ids.dead) }]);
    });
    await other.answered(ids.dead, '1');
    assert.equal(await other.receive({ conversationId: ids.dead, activityId: '1', place: placeOf(ids.dead) }), false);
    assert.equal((await hintsOf(table, ids.alive)).length, 1);
  });

  it('tells of an interrupted message once, over all instances, and lets nobody act on it afterwards', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, async () => (await storeOf()).store));
    const conversationId = conversation();
    for (const activityId of ['1', '2', '3']) await leaveOpen(conversationId, activityId);
    await pause(1_100);
    const found = (await Promise.all(stores.map((store) => store.interrupted()))).flat().filter((each) => each.conversationId === conversationId);
    assert.deepEqual(found.map(({ activityId }) => activityId).toSorted(), ['1', '2', '3']);
    assert.equal(await stores[0]!.isWithdrawn(conversationId, '1'), true);
    assert.equal(await stores[0]!.isWithdrawn(conversationId, '4'), false);
  });

  it('does not call a message interrupted that waits in a queue, or whose turn is between two leases', async () => {
    const [{ store, table }, { store: other }] = [await storeOf(quick, 1_500, talking), await storeOf(quick, 1_500)];
    const conversationId = conversation();
    const found: string[] = [];
    const look = async () => {
      for (const each of [store, other]) found.push(...(await each.interrupted()).filter((received) => received.conversationId === conversationId).map(({ activityId }) => activityId));
    };
    for (const activityId of ['1', '2']) await store.receive({ conversationId, activityId, place: placeOf(conversationId) });
    const turns = [1, 2].map(() =>
      store.inOrder(conversationId, async () => {
        // As between two leases: nobody holds the conversation, and its messages are old.
        await pause(3_000);
        const lease = await table.read(keyOf(conversationId), 'lease');
        await table.upsert(keyOf(conversationId), 'lease', { owner: 'nobody', held: false });
        await look();
        await table.upsert(keyOf(conversationId), 'lease', Object.fromEntries(lease!.properties) as Properties);
      }),
    );
    await Promise.allSettled(turns);
    assert.deepEqual(found, []);
    // The turns are over and answered neither: now nobody speaks for them any more.
    await until(async () => { await look(); return found.length === 2; }, 8_000);
    assert.deepEqual(found.toSorted(), ['1', '2']);
  });

  it('removes the hint of a message that is answered, and writes none for a quick turn', async () => {
    const { store, table } = await storeOf(quick, 0, talking);
    const [slow, fast] = [conversation(), conversation()];
    for (const conversationId of [slow, fast]) await store.receive({ conversationId, activityId: '1', place: placeOf(conversationId) });
    await store.answered(fast, '1');
    await until(async () => (await hintsOf(table, slow)).length === 1);
    assert.deepEqual(await hintsOf(table, fast), []);
    await store.inOrder(slow, () => store.save(slow, newId(), memory, '1'));
    await until(async () => (await hintsOf(table, slow)).length === 0);
  });

  it('drops a hint whose message was answered, and does not look through conversations', async () => {
    const { journal } = await cloud();
    const { store, table } = await storeOf(quick, 0, talking);
    const conversationId = conversation();
    await leaveOpen(conversationId, '1');
    await (await storeOf()).store.answered(conversationId, '1');
    await pause(1_100);
    await store.interrupted(); // the first one looks for lost hints
    await leaveOpen(conversationId, '2');
    await (await storeOf()).store.answered(conversationId, '2');
    await pause(1_100);
    journal.clear();
    await store.interrupted();
    const queries = journal.entries({ service: 'storage' }).filter(({ query }) => query.includes('filter'));
    assert.deepEqual(queries.map(({ query }) => query.includes("PartitionKey eq 'open-inbox'")), [true]);
    await until(async () => (await hintsOf(table, conversationId)).length === 0);
  });

  it('finds a message whose hint a crash lost at the next start, though nobody writes again', async () => {
    const conversationId = conversation();
    await (await storeOf()).store.receive({ conversationId, activityId: '1', place: placeOf(conversationId) });
    const { store } = await storeOf();
    await until(async () => (await store.interrupted()).some((each) => each.conversationId === conversationId && each.activityId === '1'));
  });

  it('finds a message whose hint a crash lost when somebody writes in its conversation', async () => {
    const conversationId = conversation();
    await (await storeOf()).store.receive({ conversationId, activityId: '1', place: placeOf(conversationId) });
    const { store } = await storeOf();
    await store.receive({ conversationId, activityId: '2', place: placeOf(conversationId) });
    await until(async () => (await store.interrupted()).some((each) => each.conversationId === conversationId && each.activityId === '1'));
    assert.equal(await store.isWithdrawn(conversationId, '2'), false);
  });

  it('keeps answered messages for a day, and removes them after that', async () => {
    const { table } = await storeOf();
    const conversationId = conversation();
    const writer = await storeOf();
    for (const activityId of ['1', '2']) await writer.store.receive({ conversationId, activityId, place: placeOf(conversationId) });
    for (const activityId of ['1', '2']) await writer.store.answered(conversationId, activityId);
    const keys = async () => (await table.list(`PartitionKey eq '${keyOf(conversationId)}' and RowKey ge 'in:' and RowKey lt 'in;'`, 10)).length;
    const tidyAt = async (aheadMs: number) => {
      const ahead = aheadOf(table, aheadMs);
      const store = new TableConversationStore(ahead, { instance: randomUUID(), clock: systemClock, timings: quick, interruptedAfterMs: 40 * 24 * 3_600_000, inbox: silent });
      await store.receive({ conversationId, activityId: randomUUID(), place: placeOf(conversationId) });
      await store.interrupted();
    };
    await tidyAt(23 * 3_600_000);
    assert.equal(await keys(), 3);
    await tidyAt(25 * 3_600_000);
    assert.equal(await keys(), 2, 'what is open stays');
  });

  it('lets every instance know that a message was withdrawn, before and after it came, by one read', async () => {
    const { journal } = await cloud();
    const [{ store }, { store: other }] = [await storeOf(), await storeOf()];
    const conversationId = conversation();
    await store.withdraw(conversationId, '1');
    assert.equal(await store.receive({ conversationId, activityId: '1', place: placeOf(conversationId) }), true);
    await store.withdraw(conversationId, '1');
    journal.clear();
    assert.equal(await other.isWithdrawn(conversationId, '1'), true);
    assert.equal(journal.entries({ service: 'storage' }).length, 1);
    assert.equal(await other.isWithdrawn(conversationId, '2'), false);
    assert.equal(await other.isWithdrawn(conversation(), '1'), false);
    await store.answered(conversationId, '1');
    assert.equal(await other.isWithdrawn(conversationId, '1'), true);
  });

  it('fails when storage does', async () => {
    const { conversations } = await clientsOf();
    (await cloud()).faults.post({ service: 'storage', kind: 'status', status: 503 });
    const conversationId = conversation();
    await rejectsWith(conversations.receive({ conversationId, activityId: '1', place: placeOf(conversationId) }), 'STORAGE_UNAVAILABLE');
    await rejectsWith(conversations.load(conversationId, newId()), 'STORAGE_UNAVAILABLE');
    await rejectsWith(conversations.inOrder(conversationId, async () => assert.fail('the turn ran')), 'STORAGE_UNAVAILABLE');
  });
});

describe('bounded memory', () => {
  const exchange = (name: string, size: number): ModelMessage[] => [
    { role: 'user', content: name },
    { role: 'assistant', content: null, tool_calls: [{ id: name, type: 'function', function: { name: 'find_person', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: name, content: 'x'.repeat(size) },
    { role: 'assistant', content: 'done' },
  ];

  it('drops the oldest whole exchanges', () => {
    for (const size of [10, 5_000, 20_000]) {
      const history = Array.from({ length: 20 }, (_, index) => exchange(String(index), size)).flat();
      const kept = bounded({ history, handles: [], words: [] }).history;
      assert(kept.length <= 40 && kept.length > 0 && kept.length % 4 === 0);
      assert(JSON.stringify(kept).length <= 48_100);
      assert.deepEqual(kept, history.slice(-kept.length));
      assert.equal(kept[0]?.role, 'user');
    }
  });

  it('keeps nothing of an exchange that is too large by itself', () => {
    assert.deepEqual(bounded({ history: exchange('0', 50_000), handles: [], words: [] }).history, []);
  });

  it('keeps the newest words', () => {
    const words = Array.from({ length: 100 }, (_, index) => `${index}`);
    assert.deepEqual(bounded({ history: [], handles: [], words }).words, words.slice(-40));
    assert.deepEqual(bounded({ history: [], handles: [], words: ['a', 'x'.repeat(24_000)] }).words, ['x'.repeat(24_000)]);
  });
});
