import assert from 'node:assert/strict';
import { StewardError } from '../../../src/errors.ts';
import { costOf } from '../../../src/guard/money.ts';
import type { ModelReply } from '../../../src/guard/reasoner.ts';
import { account, anna, make, price, request, signal, UPPER_BOUND } from './ceiling-support.ts';
import { rejectsWith, settle, throwsWith } from './support.ts';

describe('ceiling', () => {
  it('reserves the upper bound before the model is called', async () => {
    const { ceiling, seen } = make({ promptTokens: 100, completionTokens: 50 });
    await ceiling.complete(request, anna, signal);
    assert.deepEqual(seen, [UPPER_BOUND]);
  });

  it('settles from the reported usage, on both counters', async () => {
    const { ceiling, spend } = make({ promptTokens: 100, completionTokens: 50 });
    assert.equal((await ceiling.complete(request, anna, signal)).costMicroUsd, 200);
    await settle();
    assert.equal(spend.month, 200);
    assert.deepEqual([...spend.people.values()], [200]);
    assert.equal((await ceiling.status()).monthMicroUsd, 200);
  });

  it('settles on the month and day of the reservation, though midnight passed', async () => {
    const { ceiling, spend, clock } = make({ promptTokens: 100, completionTokens: 50 });
    const completing = ceiling.complete(request, anna, signal);
    clock.advance(30 * 24 * 3_600_000);
    await completing;
    await settle();
    assert.deepEqual(spend.entries.map(({ month, day }) => [month, day]), [['2026-11', '2026-11-22'], ['2026-11', '2026-11-22']]);
  });

  it('rounds up, so that many small costs are never free', async () => {
    const { ceiling, spend } = make({ promptTokens: 1, completionTokens: 0 }, { price: { ...price, inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 1 } });
    assert.equal((await ceiling.complete(request, anna, signal)).costMicroUsd, 1);
    await settle();
    assert.equal(spend.month, 1);
  });

  it('keeps the reservation when usage is not reported', async () => {
    const { ceiling, spend } = make(undefined);
    assert.equal((await ceiling.complete(request, anna, signal)).costMicroUsd, UPPER_BOUND);
    await settle();
    assert.equal(spend.month, UPPER_BOUND);
  });

  it('keeps the reservation when the model fails or is aborted', async () => {
    for (const error of [new StewardError('MODEL_UNAVAILABLE', 'down'), new DOMException('aborted', 'AbortError')]) {
      const { ceiling, spend } = make(error);
      await assert.rejects(ceiling.complete(request, anna, signal), (reason) => reason === error);
      await settle();
      assert.equal(spend.month, UPPER_BOUND);
    }
  });

  it('keeps the reservation when settling fails, and answers all the same', async () => {
    const { ceiling, spend } = make({ promptTokens: 100, completionTokens: 50 });
    spend.failing = ({ amountMicroUsd }) => amountMicroUsd < 0;
    assert.equal((await ceiling.complete(request, anna, signal)).text, 'x');
    await settle();
    assert.equal(spend.month, UPPER_BOUND);
  });

  it('does not call the model when nothing can be reserved', async () => {
    const { ceiling, spend, seen } = make({ promptTokens: 1, completionTokens: 1 });
    spend.failing = () => true;
    await rejectsWith(ceiling.complete(request, anna, signal), 'STORAGE_UNAVAILABLE');
    assert.deepEqual(seen, []);
  });

  it('refuses the month that is full before the model is called', async () => {
    const { ceiling, seen } = make(undefined, { monthMicroUsd: UPPER_BOUND * 2 - 1 });
    await ceiling.complete(request, anna, signal);
    await rejectsWith(ceiling.complete(request, account('ben'), signal), 'CEILING_MONTH');
    assert.equal(seen.length, 1);
  });

  it('refuses a person whose day is full, and serves another and the next day', async () => {
    const { ceiling, clock, seen } = make(undefined, { monthMicroUsd: 1_000_000, personDayMicroUsd: UPPER_BOUND });
    await ceiling.complete(request, anna, signal);
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_PERSON');
    await ceiling.complete(request, account('ben'), signal);
    clock.advance(24 * 3_600_000);
    await ceiling.complete(request, anna, signal);
    assert.equal(seen.length, 3);
  });

  it('spends a cap to its last micro-USD and not one more', async () => {
    const { ceiling } = make(undefined, { monthMicroUsd: UPPER_BOUND });
    await ceiling.complete(request, anna, signal);
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_MONTH');
  });

  it('allows nothing with a cap of nothing', async () => {
    const { ceiling, seen } = make(undefined, { monthMicroUsd: 0 });
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_MONTH');
    assert.deepEqual(seen, []);
  });

  const bad = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1, undefined as unknown as number, '5' as unknown as number];
  for (const amount of bad) {
    it(`does not start with a cap or price of ${String(amount)}${typeof amount === 'string' ? ' as text' : ''}`, () => {
      throwsWith(() => make(undefined, { monthMicroUsd: amount }), 'PRICE_UNKNOWN');
      throwsWith(() => make(undefined, { personDayMicroUsd: amount }), 'PRICE_UNKNOWN');
      throwsWith(() => make(undefined, { turnMicroUsd: amount }), 'PRICE_UNKNOWN');
      throwsWith(() => make(undefined, { dearest: { ...price, outputMicroUsdPerMillion: amount } }), 'PRICE_UNKNOWN');
      throwsWith(() => make(undefined, { embeddingPrice: { ...price, inputMicroUsdPerMillion: amount } }), 'PRICE_UNKNOWN');
      throwsWith(() => make(undefined, { price: { ...price, inputMicroUsdPerMillion: amount } }), 'PRICE_UNKNOWN');
      throwsWith(() => make(undefined, { price: { ...price, outputMicroUsdPerMillion: amount } }), 'PRICE_UNKNOWN');
    });
  }

  for (const bytes of [Number.NaN, -10_000_000, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
    it(`refuses a request of ${bytes} bytes before the model is called`, async () => {
      const { ceiling, spend, seen } = make(undefined, {}, { bytes });
      await rejectsWith(ceiling.complete(request, anna, signal), 'PRICE_UNKNOWN');
      assert.deepEqual([seen, spend.month], [[], 0]);
    });
  }

  for (const maxCompletionTokens of [Number.NaN, -1_000_000, Number.POSITIVE_INFINITY]) {
    it(`refuses a completion limit of ${maxCompletionTokens} before the model is called`, async () => {
      const { ceiling, seen } = make(undefined);
      await rejectsWith(ceiling.complete({ ...request, maxCompletionTokens }, anna, signal), 'PRICE_UNKNOWN');
      assert.deepEqual(seen, []);
    });
  }

  const lies: readonly NonNullable<ModelReply['usage']>[] = [
    { promptTokens: Number.NaN, completionTokens: 1 },
    { promptTokens: -1_000, completionTokens: 0 },
    { promptTokens: 1, completionTokens: Number.NEGATIVE_INFINITY },
    { promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: Number.MAX_SAFE_INTEGER },
  ];
  for (const usage of lies) {
    it(`keeps the reservation when the report says ${JSON.stringify(Object.values(usage))}`, async () => {
      const { ceiling, spend } = make(usage);
      await ceiling.complete(request, anna, signal).catch(() => undefined);
      await settle();
      assert.ok(spend.month >= UPPER_BOUND);
    });
  }

  it('gives nothing back for a negative count that hides behind a positive one', async () => {
    const { ceiling, spend } = make({ promptTokens: -900, completionTokens: 500 });
    await ceiling.complete(request, anna, signal).catch(() => undefined);
    await settle();
    assert.ok(spend.month >= UPPER_BOUND, `only ${spend.month} kept`);
  });

  it('books nothing more where what was used is what was reserved', async () => {
    const { ceiling, spend } = make({ promptTokens: 500, completionTokens: 1_000 });
    await ceiling.complete(request, anna, signal);
    await settle();
    assert.equal(spend.entries.length, 1);
  });

  it('reckons exactly where a float would not, and refuses what no number holds', () => {
    // 10^16 + 1 is no float; without its one the sum would be a micro-USD less.
    assert.equal(costOf({ inputMicroUsdPerMillion: 1_000_000, outputMicroUsdPerMillion: 1 }, { promptTokens: 10_000_000_000, completionTokens: 1 }), 10_000_000_001);
    throwsWith(() => costOf(price, { promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: 1 }), 'PRICE_UNKNOWN');
  });

  it('gives back what was reserved for a call that was called off before it was sent', async () => {
    const { ceiling, spend, seen } = make({ promptTokens: 1, completionTokens: 1 });
    const controller = new AbortController();
    const reason = new Error('killed');
    spend.during = () => controller.abort(reason);
    await assert.rejects(ceiling.complete(request, anna, controller.signal), (error) => error === reason);
    await settle();
    assert.deepEqual([seen, spend.month], [[], 0]);
    await assert.rejects(ceiling.complete(request, anna, controller.signal), (error) => error === reason);
    assert.equal(spend.entries.length, 2, 'a call that is off already reserves nothing');
  });

  it('gives back what was reserved for a call that the service throttled, since it charges nothing for it', async () => {
    const { ceiling, spend } = make(new StewardError('MODEL_BUSY', '429'));
    await rejectsWith(ceiling.complete(request, anna, signal), 'MODEL_BUSY');
    await settle();
    assert.equal(spend.month, 0);
  });

  it('keeps the reservation when the answer does not say which model gave it', async () => {
    const { ceiling, spend } = make({ promptTokens: 1, completionTokens: 1 }, {}, { model: '' });
    await ceiling.complete(request, anna, signal);
    await settle();
    assert.equal(spend.month, UPPER_BOUND);
  });
});
