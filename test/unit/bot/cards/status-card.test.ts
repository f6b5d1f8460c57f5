import assert from 'node:assert/strict';
import { statusCard } from '../../../../src/bot/cards/status-card.ts';
import { Speaker } from '../../../../src/bot/say.ts';
import { en } from '../../../../src/bot/wording/en.ts';
import { latchLevels, type Latch, type LatchLevel } from '../../../../src/guard/ports.ts';

const latch = (changes: Partial<Latch> = {}): Latch => ({ level: 'off', epoch: 4, changedAt: new Date(Date.UTC(2026, 4, 4, 9, 30, 59)), changedBy: 'd', changedByName: 'Anna Weber', reason: 'r', ...changes });
const standing = (level: LatchLevel, changes: Partial<Latch> = {}): Parameters<typeof statusCard>[0] => ({ latch: { level, latch: latch({ level, ...changes }) }, requests: { pending: 2, unknown: 0 }, spend: { monthMicroUsd: 1, monthCapMicroUsd: 250_000_000 } });
const json = (given: Parameters<typeof statusCard>[0]): string => JSON.stringify(statusCard(given).content);

describe('bot/cards: status', () => {
  it('says the level, since when, and by whom', () => {
    for (const part of ['Steward is switched off.', '{{DATE(2026-05-04T09:30:59Z, SHORT)}}', 'Anna Weber']) assert(json(standing('off')).includes(part), part);
  });
  it('says how many requests wait, and what was spent, never as less', () => {
    assert(json(standing('full')).includes(en.status.pending(2)));
    assert(json(standing('full')).includes('0.01 of at most 250.00 USD'));
  });
  it('has a sentence and a glyph for every level', () => {
    const lines = latchLevels.map((level) => {
      const [banner] = statusCard(standing(level)).content['body'] as readonly { readonly items: readonly { readonly text: string }[] }[];
      return banner!.items[0]!.text;
    });
    assert.equal(new Set(lines).size, latchLevels.length);
    for (const line of lines) assert.match(line, /^[^\p{L}\p{N}\s] Steward is /u);
  });
  it('says that a missing latch counts as off, and that one that can’t be read stops everything', () => {
    assert(json({ latch: { level: 'off', latch: undefined } }).includes(en.status.missing));
    assert(json({}).includes(en.status.unreadable));
  });
  it('says that something could not be read, and shows no number in its place', () => {
    const { latch: read } = standing('full');
    assert(json({ ...(read && { latch: read }) }).includes(en.status.partly));
    assert.doesNotMatch(json({ ...(read && { latch: read }) }), /USD|wait/);
    assert(!json(standing('full')).includes(en.status.partly));
  });
  it('leaves out who set it where nobody is named', () => {
    assert(!json(standing('full', { changedByName: '' })).includes(en.status.by));
  });
  it('shows the name of who set it in a run only, made inert', () => {
    const { content, summary } = statusCard(standing('off', { changedByName: '**x** [a](https://evil.example) {{DATE(2020)}} ${by}\u202e' }));
    const fact = (content['body'] as readonly { readonly columns?: readonly { readonly items: readonly Readonly<Record<string, unknown>>[] }[] }[]).flatMap(({ columns = [] }) => columns.flatMap(({ items }) => items)).filter((item) => JSON.stringify(item).includes('**x**'));
    assert.deepEqual(fact.map(({ type }) => type), ['RichTextBlock']);
    assert.doesNotMatch(JSON.stringify(fact), /https:|\{\{|\$\{|\u202e/);
    assert.doesNotThrow(() => new Speaker([], () => []).card(content, summary));
    assert(!summary.includes('x'));
  });
});
