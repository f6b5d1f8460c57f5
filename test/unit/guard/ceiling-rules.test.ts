import assert from 'node:assert/strict';
import type { CeilingSettings } from '../../../src/guard/ceiling.ts';
import { parseUsd } from '../../../src/guard/money.ts';
import type { Role } from '../../../src/guard/ports.ts';
import { account, anna, make, request, signal, Spend, UPPER_BOUND } from './ceiling-support.ts';
import { rejectsWith, settle, START_MS, throwsWith } from './support.ts';

const DAY_MS = 24 * 3_600_000;
const employee = (name: string) => account(name, ['employee']);

describe('ceiling: a turn', () => {
  it('may spend so much in all its attempts together, and the next turn as much again', async () => {
    const { ceiling, seen } = make({ promptTokens: 100, completionTokens: 200 }, { turnMicroUsd: UPPER_BOUND + 499 });
    const turn = account('anna');
    await ceiling.complete(request, turn, signal);
    await settle();
    await rejectsWith(ceiling.complete(request, turn, signal), 'CEILING_TURN');
    assert.equal(seen.length, 1, 'the model was asked past the cap of the turn');
    await ceiling.complete(request, account('anna'), signal);
    assert.equal(seen.length, 2);
  });

  it('is spent to its last micro-USD', async () => {
    const { ceiling, seen } = make({ promptTokens: 100, completionTokens: 200 }, { turnMicroUsd: UPPER_BOUND + 500 });
    const turn = account('anna');
    await ceiling.complete(request, turn, signal);
    await settle();
    await ceiling.complete(request, turn, signal);
    assert.equal(seen.length, 2);
  });

  it('counts attempts that are on their way at the same time', async () => {
    const { ceiling, seen } = make(undefined, { turnMicroUsd: UPPER_BOUND * 2 - 1 });
    const turn = account('anna');
    const results = await Promise.allSettled([ceiling.complete(request, turn, signal), ceiling.complete(request, turn, signal)]);
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected']);
    assert.equal(seen.length, 1);
  });

  it('is not charged for an attempt that another cap refused', async () => {
    const spend = new Spend();
    const { ceiling } = make(undefined, { turnMicroUsd: UPPER_BOUND }, { spend });
    const turn = account('anna');
    spend.failing = () => true;
    await rejectsWith(ceiling.complete(request, turn, signal), 'STORAGE_UNAVAILABLE');
    spend.failing = undefined;
    await ceiling.complete(request, turn, signal);
  });
});

describe('ceiling: the last tenth of the month', () => {
  // Ten times what one attempt reserves; 90 % is nine attempts.
  const settings: Partial<CeilingSettings> = { monthMicroUsd: UPPER_BOUND * 10, personDayMicroUsd: UPPER_BOUND * 100 };

  it('is for helpdesk, approvers and admins; everybody else is refused from 90 % on', async () => {
    const { ceiling, seen } = make(undefined, settings);
    for (let index = 0; index < 9; index += 1) await ceiling.complete(request, employee('eve'), signal);
    await rejectsWith(ceiling.complete(request, employee('eve'), signal), 'CEILING_HELD_BACK');
    for (const roles of [[], ['backup approver'], ['employee', 'backup approver']] as const) await rejectsWith(ceiling.complete(request, account('eve', roles), signal), 'CEILING_HELD_BACK');
    assert.equal(seen.length, 9);
    await ceiling.complete(request, account('hans', ['employee', 'helpdesk']), signal);
    assert.equal(seen.length, 10);
  });

  for (const role of ['helpdesk', 'approver', 'admin'] as const satisfies readonly Role[]) {
    it(`serves somebody who is ${role} to the last micro-USD, and tells both that the month is over then`, async () => {
      const { ceiling } = make(undefined, settings);
      for (let index = 0; index < 10; index += 1) await ceiling.complete(request, account('hans', [role]), signal);
      await rejectsWith(ceiling.complete(request, account('hans', [role]), signal), 'CEILING_MONTH');
      await rejectsWith(ceiling.complete(request, employee('eve'), signal), 'CEILING_MONTH');
    });
  }

  it('is no smaller for a cap that ten does not divide', async () => {
    const { ceiling } = make(undefined, { ...settings, monthMicroUsd: 10_001 });
    assert.equal((await ceiling.status()).heldBackMicroUsd, 1_001);
  });

  it('is not for embeddings and canaries, which nobody pays for', async () => {
    const { ceiling, spend, seen } = make(undefined, { ...settings, personDayMicroUsd: 0 });
    spend.month = UPPER_BOUND * 9 - 500;
    await ceiling.embed(['x'], signal);
    await rejectsWith(ceiling.embed(['x'], signal), 'CEILING_HELD_BACK');
    await rejectsWith(ceiling.complete(request, { purpose: 'canary' }, signal), 'CEILING_HELD_BACK');
    assert.equal(seen.length, 1);
    assert.deepEqual(spend.entries.map(({ person }) => person), [undefined], 'somebody’s day was charged');
  });
});

describe('ceiling: embeddings and canaries', () => {
  it('are reserved before the call and settled on the month', async () => {
    const { ceiling, spend, seen } = make({ promptTokens: 100, completionTokens: 0 });
    assert.equal((await ceiling.embed(['a', 'b'], signal)).vectors.length, 2);
    assert.equal((await ceiling.complete(request, { purpose: 'canary' }, signal)).costMicroUsd, 100);
    await settle();
    assert.deepEqual(seen, [500, 100 + UPPER_BOUND]);
    assert.equal(spend.month, 200);
  });

  it('are refused where nothing is set to embed with', async () => {
    const { ceiling, seen } = make(undefined, { embeddingPrice: undefined });
    await rejectsWith(ceiling.embed(['a'], signal), 'MODEL_UNAVAILABLE');
    assert.deepEqual(seen, []);
  });
});

describe('ceiling: a raised day', () => {
  const settings: Partial<CeilingSettings> = { monthMicroUsd: UPPER_BOUND * 10, personDayMicroUsd: UPPER_BOUND };

  it('lets one person spend more on that day, not the day after, and nobody else', async () => {
    const { ceiling, clock } = make(undefined, settings);
    await ceiling.complete(request, anna, signal);
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_PERSON');
    await ceiling.raiseDay(anna.person.id, UPPER_BOUND * 2);
    await ceiling.complete(request, anna, signal);
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_PERSON');
    const ben = account('ben');
    await ceiling.complete(request, ben, signal);
    await rejectsWith(ceiling.complete(request, ben, signal), 'CEILING_PERSON');
    clock.advance(DAY_MS);
    await ceiling.complete(request, anna, signal);
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_PERSON');
  });

  it('is above what everybody has and within what the month has', async () => {
    const { ceiling, spend } = make(undefined, settings);
    assert.equal(ceiling.raiseProblem(UPPER_BOUND), 'not above the day');
    assert.equal(ceiling.raiseProblem(UPPER_BOUND + 1), undefined);
    assert.equal(ceiling.raiseProblem(UPPER_BOUND * 10), undefined);
    assert.equal(ceiling.raiseProblem(UPPER_BOUND * 10 + 1), 'above the month');
    for (const amount of [UPPER_BOUND, UPPER_BOUND * 10 + 1, Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) await rejectsWith(ceiling.raiseDay(anna.person.id, amount), 'PRICE_UNKNOWN');
    assert.equal(spend.raised.size, 0);
  });

  it('is asked for in dollars and cents, and in nothing else', () => {
    for (const [text, microUsd] of [['5', 5_000_000], ['0.07', 70_000], ['7.5', 7_500_000], ['999999.99', 999_999_990_000]] as const) assert.equal(parseUsd(text), microUsd);
    for (const text of ['', '-5', '5.', '.5', '1e3', '5,00', '0x5', ' 5', '5 ', '1000000', '5.001', 'NaN', 'Infinity', '٥']) assert.equal(parseUsd(text), undefined, text);
  });
});

describe('ceiling: more than was reserved', () => {
  const more = { promptTokens: 500, completionTokens: 1_500 };

  it('is booked, stops the model and is told', async () => {
    const { ceiling, spend, told } = make(more);
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_OVERRUN');
    assert.equal(spend.month, 3_500);
    assert.deepEqual(told, { stops: ['CEILING_OVERRUN'], notices: [{ kind: 'overrun', reservedMicroUsd: UPPER_BOUND, reportedMicroUsd: 3_500, booked: true }] });
  });

  it('is booked past the caps, and then nothing more is served', async () => {
    const { ceiling, spend, seen } = make(more, { monthMicroUsd: UPPER_BOUND });
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_OVERRUN');
    assert.equal(spend.month, 3_500);
    await rejectsWith(ceiling.complete(request, account('ben'), signal), 'CEILING_MONTH');
    assert.equal(seen.length, 1);
  });

  it('stops the model also when it can’t be booked, and says so', async () => {
    const { ceiling, spend, told } = make(more);
    spend.failing = ({ force }) => force === true;
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_OVERRUN');
    assert.equal(spend.month, UPPER_BOUND);
    assert.deepEqual([told.stops, told.notices.map((notice) => notice.kind === 'overrun' && notice.booked)], [['CEILING_OVERRUN'], [false]]);
  });

  it('stops the model when it is more than a number holds', async () => {
    const { ceiling, spend, told } = make({ promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: Number.MAX_SAFE_INTEGER });
    await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_OVERRUN');
    assert.deepEqual([told.stops, spend.month], [['CEILING_OVERRUN'], UPPER_BOUND]);
  });

  it('is no alarm to the micro-USD that was reserved', async () => {
    const { ceiling, told } = make({ promptTokens: 500, completionTokens: 1_000 });
    await ceiling.complete(request, anna, signal);
    assert.deepEqual(told.stops, []);
  });
});

describe('ceiling: the model that answered', () => {
  for (const model of ['gpt-test', 'gpt-test-2025-04-14']) {
    it(`may call itself ${model}`, async () => {
      const { ceiling, told } = make({ promptTokens: 1, completionTokens: 1 }, {}, { model });
      assert.equal((await ceiling.complete(request, anna, signal)).costMicroUsd, 3);
      assert.deepEqual(told.stops, []);
    });
  }

  for (const model of ['gpt-test-mini', 'gpt-test-mini-2025-04-14', 'gpt-test-2025-04-14.ft-0123', 'gpt', 'GPT-test', 'gpt-test-', 'gpt-test2025-04-14', 'x']) {
    it(`may not call itself ${model}: the model is stopped, and its answer is booked at the highest price and not used`, async () => {
      const { ceiling, spend, told } = make({ promptTokens: 500, completionTokens: 500 }, { monthMicroUsd: 100_000 }, { model });
      await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_OTHER_MODEL');
      await settle();
      assert.equal(spend.month, 5_000);
      assert.deepEqual(told, { stops: ['CEILING_OTHER_MODEL'], notices: [{ kind: 'other model', expected: 'gpt-test', reported: model, booked: true }] });
    });
  }

  it('gives nothing back when it is another one, however little it reports', async () => {
    for (const usage of [{ promptTokens: 1, completionTokens: 0 }, undefined]) {
      const { ceiling, spend } = make(usage, {}, { model: 'x' });
      await rejectsWith(ceiling.complete(request, anna, signal), 'CEILING_OTHER_MODEL');
      await settle();
      assert.equal(spend.month, UPPER_BOUND);
    }
  });

  it('may be any where the settings say so, which no deployment’s do', async () => {
    const { ceiling, told } = make({ promptTokens: 1, completionTokens: 1 }, { anyModel: true }, { model: 'llama' });
    assert.equal((await ceiling.complete(request, anna, signal)).costMicroUsd, 3);
    assert.deepEqual(told.stops, []);
  });

  it('is checked for embeddings as well', async () => {
    const { ceiling, told } = make({ promptTokens: 1, completionTokens: 0 }, {}, { model: 'x' });
    await rejectsWith(ceiling.embed(['a'], signal), 'CEILING_OTHER_MODEL');
    assert.deepEqual(told.stops, ['CEILING_OTHER_MODEL']);
  });
});

describe('ceiling: warnings', () => {
  // Each attempt that reports nothing costs one hundredth of the month.
  const settings: Partial<CeilingSettings> = { monthMicroUsd: UPPER_BOUND * 100, personDayMicroUsd: UPPER_BOUND * 100 };

  it('come at 50, 80 and 95 %, once in a month over all instances', async () => {
    const spend = new Spend();
    const instances = [make(undefined, settings, { spend }), make(undefined, settings, { spend })];
    const at: [number, number][] = [];
    for (let index = 1; index <= 100; index += 1) {
      const { ceiling, told } = instances[index % 2]!;
      await ceiling.complete(request, anna, signal);
      await settle();
      for (const notice of told.notices.splice(0)) if (notice.kind === 'month') at.push([index, notice.percent]);
    }
    assert.deepEqual(at, [[50, 50], [80, 80], [95, 95]]);
  });

  it('come again in the next month', async () => {
    const { ceiling, clock, spend, told } = make(undefined, settings);
    spend.month = UPPER_BOUND * 60;
    await ceiling.complete(request, anna, signal);
    await settle();
    clock.advance(30 * DAY_MS);
    await ceiling.complete(request, anna, signal);
    await settle();
    assert.deepEqual(told.notices.map((notice) => notice.kind === 'month' && notice.percent), [50, 50]);
  });

  it('tell only the highest of several that were passed at once', async () => {
    const { ceiling, spend, told } = make(undefined, settings);
    spend.month = UPPER_BOUND * 84;
    for (let times = 0; times < 3; times += 1) {
      await ceiling.complete(request, anna, signal);
      await settle();
    }
    assert.deepEqual(told.notices, [{ kind: 'month', percent: 80, monthMicroUsd: UPPER_BOUND * 85, monthCapMicroUsd: UPPER_BOUND * 100 }]);
  });

  it('go by what was settled, not by what was reserved for a moment', async () => {
    const { ceiling, spend, told } = make({ promptTokens: 1, completionTokens: 0 }, settings);
    spend.month = UPPER_BOUND * 49.5;
    await ceiling.complete(request, anna, signal);
    await settle();
    assert.deepEqual(told.notices, []);
  });

  it('are tried again when storage failed, and never stand in the way of an answer', async () => {
    const { ceiling, spend, told } = make(undefined, settings);
    spend.month = UPPER_BOUND * 60;
    const isFirst = spend.isFirst.bind(spend);
    spend.isFirst = () => Promise.reject(new Error('down'));
    assert.equal((await ceiling.complete(request, anna, signal)).text, 'x');
    await settle();
    spend.isFirst = isFirst;
    await ceiling.complete(request, anna, signal);
    await settle();
    assert.equal(told.notices.length, 1);
  });
});

describe('ceiling: how it stands', () => {
  it('is told with caps, days and the day on which the model retires', async () => {
    const { ceiling, spend } = make(undefined);
    const asked: string[] = [];
    spend.read = async (month) => (asked.push(month), { monthMicroUsd: 7, days: [{ day: '2026-11-22', microUsd: 7 }] });
    assert.deepEqual(await ceiling.status(), {
      monthMicroUsd: 7,
      monthCapMicroUsd: 10_000,
      heldBackMicroUsd: 1_000,
      days: [{ day: '2026-11-22', microUsd: 7 }],
      model: { name: 'gpt-test', retires: '2027-06-30', retiresSoon: false },
      turnCapMicroUsd: 1_000_000,
      personDayCapMicroUsd: 5_000,
    });
    assert.deepEqual(asked, ['2026-11']);
  });

  it('says from 60 days before that the model retires soon, and after it', async () => {
    for (const [days, soon] of [[61, false], [60, true], [1, true], [-1, true], [-400, true]] as const) {
      const retires = new Date(START_MS + days * DAY_MS).toISOString().slice(0, 10);
      const { ceiling, clock } = make(undefined, { price: { model: 'gpt-test', retires, inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 1 } });
      // To midnight, at which days begin.
      clock.advance(Date.parse(new Date(START_MS).toISOString().slice(0, 10)) - START_MS);
      assert.equal((await ceiling.status()).model.retiresSoon, soon, `${days} days`);
    }
  });

  it('does not start with a price that is none', () => {
    throwsWith(() => make(undefined, { dearest: { inputMicroUsdPerMillion: Number.NaN, outputMicroUsdPerMillion: 1 } }), 'PRICE_UNKNOWN');
  });
});
