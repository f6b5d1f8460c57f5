import assert from 'node:assert/strict';
import { closeExchanges, newest } from '../../../src/bot/history.ts';
import { Turn, attachTurn, turnOf } from '../../../src/bot/turn.ts';
import type { ModelMessage } from '../../../src/guard/reasoner.ts';
import { handlesWith, NOW_MS, person, PLACE } from './support.ts';
import type { TurnContext } from 'botbuilder';

/** What the chat completions API accepts: every tool call is followed at once by exactly its results, and no result stands elsewhere. */
function assertAccepted(messages: readonly ModelMessage[]): void {
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      assert(open.includes(message.tool_call_id), `message ${index} answers no open call`);
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    assert.deepEqual(open, [], `message ${index} comes before a result`);
    if (message.role === 'assistant' && message.tool_calls !== undefined) open = message.tool_calls.map((call) => call.id);
  }
  assert.deepEqual(open, [], 'the history ends before a result');
}

const user = (content: string): ModelMessage => ({ role: 'user', content });
const said = (content: string): ModelMessage => ({ role: 'assistant', content });
const calls = (...ids: string[]): ModelMessage => ({ role: 'assistant', content: null, tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'find_person', arguments: '{}' } })) });
const result = (id: string, content = `result of ${id}`): ModelMessage => ({ role: 'tool', tool_call_id: id, content });

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function seeded(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
  };
}

function randomHistory(random: (most: number) => number): ModelMessage[] {
  return Array.from({ length: random(40) }, (): ModelMessage => {
    // Ids repeat on purpose: a model may use the same one in every turn.
    const id = (): string => `call_${random(6)}`;
    switch (random(5)) {
      case 0:
        return user('u');
      case 1:
        return said('a');
      case 2:
        return calls(...new Set(Array.from({ length: 1 + random(4) }, id)));
      default:
        return result(id());
    }
  });
}

describe('bot/history: closing exchanges', () => {
  it('leaves a whole history as it is', () => {
    const history = [user('a'), calls('1', '2'), result('1'), result('2'), said('b')];
    assert.deepEqual(closeExchanges(history), history);
  });
  it('gives a call without a result one that says it did not run', () => {
    assert.deepEqual(closeExchanges([user('a'), calls('1', '2'), result('1')]), [user('a'), calls('1', '2'), result('1'), result('2', '{"status":"not run"}')]);
  });
  it('drops a result without its call', () => {
    assert.deepEqual(closeExchanges([result('0'), user('a'), result('1'), said('b')]), [user('a'), said('b')]);
  });
  it('puts results into the order of their calls and drops those of other calls', () => {
    assert.deepEqual(closeExchanges([calls('1', '2'), result('2'), result('9'), result('1')]), [calls('1', '2'), result('1'), result('2')]);
  });
  it('does not take a result from a later exchange with the same id', () => {
    const closed = closeExchanges([calls('1'), user('a'), calls('1'), result('1', 'second')]);
    assert.deepEqual(closed, [calls('1'), result('1', '{"status":"not run"}'), user('a'), calls('1'), result('1', 'second')]);
  });
  it('changes nothing the second time', () => {
    const random = seeded(11);
    for (let round = 0; round < 200; round += 1) {
      const once = closeExchanges(randomHistory(random));
      assert.deepEqual(closeExchanges(once), once);
    }
  });
  it('yields a history that the API accepts, whatever it is given (1,000 histories, seed 7)', () => {
    const random = seeded(7);
    for (let round = 0; round < 1_000; round += 1) {
      const history = randomHistory(random);
      const before = structuredClone(history);
      const closed = closeExchanges(history);
      assertAccepted(closed);
      assert.deepEqual(history, before, 'it changed what it was given');
      const spoken = (messages: readonly ModelMessage[]) => messages.filter((message) => message.role !== 'tool');
      assert.deepEqual(spoken(closed), spoken(history), 'something that was said got lost');
    }
  });
});

describe('bot/history: the newest exchanges', () => {
  it('never splits an exchange, never passes the bound, and keeps the end (1,000 histories, seed 13)', () => {
    const random = seeded(13);
    for (let round = 0; round < 1_000; round += 1) {
      const closed = closeExchanges(randomHistory(random));
      const most = 1 + random(30);
      const kept = newest(closed, most);
      assertAccepted(kept);
      assert(kept.length <= most);
      assert.deepEqual(kept, closed.slice(closed.length - kept.length));
      if (kept.length > 0) assert.equal(kept[0]?.role, 'user');
    }
  });
  it('keeps everything that fits and begins with the person', () => {
    const history = [user('a'), said('b'), user('c'), said('d')];
    assert.deepEqual(newest(history, 4), history);
    assert.deepEqual(newest(history, 3), history.slice(2));
    assert.deepEqual(newest(history, 0), []);
  });
});

describe('bot/turn: what is remembered', () => {
  const turnWith = (history: readonly ModelMessage[], words: readonly string[] = []): Turn =>
    new Turn({
      context: { turnState: new Map() } as unknown as TurnContext,
      person: person(),
      place: PLACE,
      requestActivityId: 'm1',
      untrusted: false,
      signal: new AbortController().signal,
      isWithdrawn: async () => false,
      enter: () => undefined,
      memory: { history, handles: handlesWith().entries(NOW_MS), words },
      nowMs: NOW_MS,
    });

  it('is at most 30 messages of whole exchanges and 20 messages of the person', () => {
    const history = Array.from({ length: 100 }, (_, index) => [user(`u${index}`), calls(`c${index}`), result(`c${index}`), said('x')]).flat();
    const memory = turnWith(history, Array.from({ length: 50 }, (_, index) => `w${index}`)).memory(NOW_MS);
    assert(memory.history.length <= 30 && memory.history.length >= 25);
    assertAccepted(memory.history);
    assert.equal(memory.words.length, 20);
    assert.equal(memory.words.at(-1), 'w49');
  });
  it('is whole exchanges even when the turn broke off between a call and its result', () => {
    const turn = turnWith([]);
    turn.history.push(user('a'), calls('1', '2'), result('1'));
    assertAccepted(turn.memory(NOW_MS).history);
  });
  it('forgets handles that have expired', () => {
    assert.equal(turnWith([]).memory(NOW_MS).handles.length, 2);
    assert.equal(turnWith([]).memory(NOW_MS + 86_400_000).handles.length, 0);
  });
  it('does not change the memory that it was given', () => {
    const history = [user('a')];
    turnWith(history).history.push(user('b'));
    assert.equal(history.length, 1);
  });
  it('fails where no turn is attached, and finds the one that is', () => {
    const context = { turnState: new Map() } as unknown as TurnContext;
    assert.throws(() => turnOf(context), TypeError);
    const turn = turnWith([]);
    attachTurn(context, turn);
    assert.equal(turnOf(context), turn);
  });
});
