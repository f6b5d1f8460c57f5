import assert from 'node:assert/strict';
import { drillCard } from '../../../../src/bot/cards/drill-card.ts';
import { Speaker } from '../../../../src/bot/say.ts';
import { en } from '../../../../src/bot/wording/en.ts';
import type { DrillResult } from '../../../../src/guard/drill.ts';

const result = (changes: Partial<DrillResult> = {}): DrillResult => ({ rounds: 5, here: { p50Ms: 0.2, maxMs: 1.4 }, elsewhere: { p50Ms: 480.1, maxMs: 903.7 }, storedMs: 38.2, boundMs: 1_000, ok: true, ...changes });
const json = (given: DrillResult): string => JSON.stringify(drillCard(given).content);

describe('bot/cards: a drill', () => {
  it('says how long a stop took, rounded up, and that nothing real was stopped', () => {
    for (const part of [en.drill.inTime, en.drill.what(5), 'usually 1\u00a0ms, at the longest 2\u00a0ms', 'usually 481\u00a0ms, at the longest 904\u00a0ms', 'within 39\u00a0ms', '1,000\u00a0ms']) assert(json(result()).includes(part), part);
    assert(!json(result()).includes(en.drill.next));
  });
  it('says that a stop was too slow, and what is surer until it is mended', () => {
    const slow = result({ elsewhere: { p50Ms: 480, maxMs: Number.POSITIVE_INFINITY }, ok: false });
    for (const part of [en.drill.tooSlow, en.drill.next, 'at the longest never']) assert(json(slow).includes(part), part);
    assert(!json(slow).includes(en.drill.inTime) && !/Infinity|NaN/.test(json(slow)));
  });
  it('passes the output gate', () => {
    const { content, summary } = drillCard(result());
    assert.doesNotThrow(() => new Speaker([], () => []).card(content, summary));
  });
});
