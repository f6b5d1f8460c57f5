import assert from 'node:assert/strict';
import { audienceOf, statusCard, type Audience, type Standing } from '../../../../src/bot/cards/status-card.ts';
import { Speaker } from '../../../../src/bot/say.ts';
import { en } from '../../../../src/bot/wording/en.ts';
import type { SpendStatus } from '../../../../src/guard/ceiling.ts';
import { latchLevels, type Latch, type LatchLevel, type Stop } from '../../../../src/guard/ports.ts';

const AT = new Date(Date.UTC(2026, 4, 4, 9, 30, 59));
const TIME = '{{DATE(2026-05-04T09:30:59Z, SHORT)}} {{TIME(2026-05-04T09:30:59Z)}}';
const SPEND: SpendStatus = { monthMicroUsd: 1, monthCapMicroUsd: 250_000_000, heldBackMicroUsd: 25_000_000, days: [{ day: '2026-05-01', microUsd: 1 }, { day: '2026-05-04', microUsd: 2_500_001 }], model: { name: 'gpt-4.1-mini', retires: '2026-10-14', retiresSoon: false }, turnCapMicroUsd: 500_000, personDayCapMicroUsd: 5_000_000 };
const DIGESTS = { catalogue: 'aaaaaaaa1', policy: 'bbbbbbbb1', contract: 'cccccccc1', configuration: 'dddddddd1' };

const latch = (changes: Partial<Latch> = {}): Latch => ({ level: 'off', epoch: 4, changedAt: AT, changedBy: 'd', changedByName: 'Anna Weber', reason: 'a phone was lost', seal: 'holds', ...changes });
const stop = (scope: Stop['scope'], changes: Partial<Stop> = {}): Stop => ({ scope, key: scope === 'action' ? 'block_sign_in' : 'k3y0fs0mething', label: scope === 'person' ? 'Victor Almeida' : '', epoch: 1, at: AT, by: 'd', byName: 'Clara Conrad', reason: 'four blocks in a minute', lifted: false, ...changes });
const standing = (level: LatchLevel, row: Partial<Latch> = {}, stops: readonly Stop[] = []): Standing => ({
  latch: { level, latch: latch({ level, ...row }), stops },
  own: { pending: 1 },
  requests: { pending: 2, unknown: 0 },
  spend: SPEND,
  raised: [],
  robot: 'ok',
  audit: { at: AT, holds: true, records: 12_345 },
  versions: { steward: '0.1.0', ...DIGESTS, apis: { graph: 'v1.0' } },
});
/** All but one part of it. */
const without = (part: keyof Standing): Standing => Object.fromEntries(Object.entries(standing('full')).filter(([name]) => name !== part));
const json = (given: Standing, audience: Audience = 'operators'): string => JSON.stringify(statusCard(given, audience).content);
/** The first line, which is all that many people read. */
const firstLine = (given: Standing, audience: Audience = 'operators'): string => {
  const [banner] = statusCard(given, audience).content['body'] as readonly { readonly items: readonly { readonly text: string }[] }[];
  return banner?.items[0]?.text ?? '';
};
const chartOf = (given: Standing): Readonly<Record<string, unknown>> | undefined => (statusCard(given, 'operators').content['body'] as readonly Readonly<Record<string, unknown>>[]).find(({ type }) => type === 'Chart.HorizontalBar');

describe('bot/cards: status', () => {
  it('says the level, since when, by whom and why', () => {
    for (const part of ['Steward is switched off.', '{{DATE(2026-05-04T09:30:59Z, SHORT)}}', 'Anna Weber', '“a phone was lost”']) assert(json(standing('off')).includes(part), part);
  });
  it('has a sentence and a glyph for every level', () => {
    const lines = latchLevels.map((level) => firstLine(standing(level)));
    assert.equal(new Set(lines).size, latchLevels.length);
    for (const line of lines) assert.match(line, /^[^\p{L}\p{N}\s] Steward is /u);
  });
  it('says that a missing latch counts as off, and that one that can’t be read stops everything', () => {
    assert(firstLine({ latch: { level: 'off', latch: undefined } }).includes(en.status.missing));
    assert(firstLine({}).includes(en.status.unreadable));
  });
  it('says plainly that the latch was changed by hand, and repeats nothing of what stands in it', () => {
    const given = standing('off', { level: 'full', seal: 'broken', changedByName: 'Somebody', reason: 'all is well' });
    assert(firstLine(given).includes(en.status.changedByHand));
    assert.doesNotMatch(json(given), /Somebody|all is well|"Since"/);
  });
  it('says when a stop came from outside of chat: its name is what somebody wrote there', () => {
    assert(json(standing('off', { seal: 'not needed' })).includes(`(${en.status.byHand})`));
    assert(!json(standing('off')).includes(en.status.byHand));
  });
  it('says that an entry which is not understood stops everything', () => {
    const { latch: read } = standing('off', { level: 'full', stopped: 'everything please' });
    assert(firstLine({ latch: { ...read!, level: 'off' } }).includes(en.status.notUnderstood));
  });
  it('names nobody of an older row where a stop is not in storage yet', () => {
    const { latch: read } = standing('full', { changedByName: 'Bob', reason: '' });
    const said = json({ latch: { ...read!, level: 'off' } });
    assert(said.includes(en.status.notKept) && !said.includes('Bob'));
    assert(firstLine({ latch: { ...read!, level: 'off' } }).includes('switched off'));
  });
  it('gives no reason where none was given', () => {
    assert(!json(standing('off', { reason: 'kill' })).includes('“kill”'));
  });
  it('leaves out who set it where nobody is named', () => {
    assert(!json(standing('full', { changedByName: '' })).includes(`"${en.status.by}"`));
  });

  it('lists what is stopped, since when, by whom and why, and does not say that all is well', () => {
    const given = standing('full', {}, [stop('model', { by: 'storage', byName: '', reason: '' }), stop('action'), stop('person'), stop('conversation', { lifted: true })]);
    for (const part of [en.status.things.model, en.status.stoppedByHand, 'Block sign-in', 'Victor Almeida', 'by Clara Conrad', '“four blocks in a minute”', en.status.stoppedSince(TIME)]) assert(json(given).includes(part), part);
    assert(!json(given).includes(en.status.things.conversation), 'it was lifted');
    assert(firstLine(given).includes(en.status.partly));
    assert(!firstLine(standing('full', {}, [stop('model', { lifted: true })])).includes(en.status.partly));
    assert(!json(given).includes('k3y0fs0mething'), 'a key is for nobody');
  });
  it('says on its first lines that the robot’s access is taken away, to everybody', () => {
    for (const audience of ['everybody', 'operators'] as const) {
      const given: Standing = { ...standing('full'), robot: 'revoked' };
      assert(firstLine(given, audience).includes(en.status.partly) && json(given, audience).includes(en.status.robotRevoked), audience);
    }
    assert(!json(standing('full')).includes(en.status.robotRevoked));
  });
  it('says on its first lines that the ledger does not hold', () => {
    const given: Standing = { ...standing('full'), audit: { at: AT, holds: false, records: 12_345 } };
    for (const part of [en.status.ledgerBroken, en.status.auditBroken('12,345')]) assert(json(given).includes(part), part);
    assert.doesNotMatch(firstLine(given), /✓/);
    assert(json(standing('full')).includes(en.status.auditHolds('12,345')) && json(standing('full')).includes(en.status.checked(TIME)));
    assert(json({ ...standing('full'), audit: 'never' }).includes(en.status.auditNever));
  });

  it('says how many requests wait, and what was spent, never as less', () => {
    for (const part of [en.status.pending(2), en.status.ownPending(1), '0.01 of at most 250.00 USD', en.status.heldBack('25.00'), en.status.capsText('5.00', '0.50')]) assert(json(standing('full')).includes(part), part);
  });
  it('draws spend by day, a day without any among them, and says the same in words where no charts are drawn', () => {
    const chart = chartOf(standing('full'));
    assert.deepEqual(chart?.['data'], [{ x: '1 May: 0.01', y: 0.01 }, { x: '2 May: 0.00', y: 0 }, { x: '3 May: 0.00', y: 0 }, { x: '4 May: 2.51', y: 2.51 }]);
    for (const part of ['1 May: 0.01 USD', '3 May: 0.00 USD', '4 May: 2.51 USD']) assert(JSON.stringify(chart?.['fallback']).includes(part), part);
    assert.equal(chartOf({ ...standing('full'), spend: { ...SPEND, days: [] } }), undefined);
    assert.deepEqual(chartOf({ ...standing('full'), spend: { ...SPEND, days: [{ day: '2026-05-20', microUsd: 10_000 }] } })?.['data'], [{ x: '20 May: 0.01', y: 0.01 }]);
  });
  it('draws the last days of a long month, and says what came before', () => {
    const days = Array.from({ length: 31 }, (_, index) => ({ day: `2026-05-${String(index + 1).padStart(2, '0')}`, microUsd: 1_000_000 }));
    const given = { ...standing('full'), spend: { ...SPEND, days } };
    assert.deepEqual((chartOf(given)?.['data'] as readonly { readonly x: string }[]).map(({ x }) => x), ['27 May: 1.00', '28 May: 1.00', '29 May: 1.00', '30 May: 1.00', '31 May: 1.00']);
    assert(json(given).includes(en.status.daysBefore('26.00')));
  });
  it('says when Microsoft retires the model only once that is near, and that it has', () => {
    assert(!json(standing('full')).includes('October'));
    assert(json({ ...standing('full'), spend: { ...SPEND, model: { ...SPEND.model, retiresSoon: true } } }).includes(en.status.retires('14 October 2026')));
    const late: Standing = { ...standing('full'), latch: { ...standing('full').latch!, storageNow: new Date(Date.UTC(2026, 10, 1)) }, spend: { ...SPEND, model: { ...SPEND.model, retiresSoon: true } } };
    assert(json(late).includes(en.status.retired('14 October 2026')));
  });
  it('names what is deployed by eight characters of each digest, behind a button', () => {
    const { content } = statusCard(standing('full'), 'operators');
    for (const part of ['Steward 0.1.0', 'actions\u00a0aaaaaaaa · policy\u00a0bbbbbbbb · contract\u00a0cccccccc · settings\u00a0dddddddd', 'graph\u00a0v1.0']) assert(JSON.stringify(content).includes(part), part);
    const [action] = content['actions'] as readonly { readonly type: string; readonly targetElements: readonly string[] }[];
    const hidden = (content['body'] as readonly Readonly<Record<string, unknown>>[]).filter(({ isVisible }) => isVisible === false).map(({ id }) => id);
    assert.equal(action?.type, 'Action.ToggleVisibility');
    assert.deepEqual(action.targetElements, hidden);
  });

  for (const part of ['requests', 'spend', 'raised', 'robot', 'audit', 'versions'] as const) {
    it(`says that ${part} could not be read, and nothing in its place`, () => {
      const count = (text: string): number => text.split(en.status.notRead).length - 1;
      assert.equal(count(json(standing('full'))), 0);
      assert.equal(count(json(without(part))), 1);
    });
  }
  it('shows no number where none could be read', () => {
    assert.doesNotMatch(json({ latch: standing('full').latch! }), /USD|wait for|records/);
    assert.equal(json({ latch: standing('full').latch! }, 'everybody').includes(en.status.notRead), true);
  });

  it('tells everybody whether Steward is on and what of theirs waits, and nothing about others', () => {
    const given = standing('full', {}, [stop('model'), stop('person'), stop('conversation')]);
    const said = json(given, 'everybody');
    for (const part of [en.status.partly, en.status.things.model, en.status.ownPending(1)]) assert(said.includes(part), part);
    assert.doesNotMatch(said, /Victor|Clara|Anna|four blocks|USD|records|aaaaaaaa|One chat|"actions"/);
    assert(firstLine(standing('full', {}, [stop('person')]), 'everybody').includes('Steward is on.'));
  });
  it('counts helpdesk, approvers and admins as those who work with it', () => {
    assert.equal(audienceOf(['employee']), 'everybody');
    for (const role of ['helpdesk', 'approver', 'admin'] as const) assert.equal(audienceOf(['employee', role]), 'operators');
  });

  it('shows names and reasons in runs only, made inert', () => {
    const hostile = '**x** [a](https://evil.example) {{DATE(2020)}} ${v1}\u202e';
    const { content, summary } = statusCard(standing('off', { changedByName: hostile, reason: hostile }, [stop('person', { label: hostile, byName: hostile, reason: hostile })]), 'operators');
    const owners: unknown[] = [];
    JSON.stringify(content, (_key, value: unknown) => {
      if (typeof value === 'object' && value !== null && 'text' in value && String(value.text).includes('**x**')) owners.push((value as { readonly type?: string }).type);
      return value;
    });
    assert.deepEqual(owners, ['TextRun', 'TextRun', 'TextRun', 'TextRun', 'TextRun']);
    assert.doesNotMatch(JSON.stringify(content), /https:\/\/evil|\{\{DATE\(2020\)|\u202e/);
    assert.doesNotThrow(() => new Speaker([], () => []).card(content, summary));
    assert(!summary.includes('x'));
  });
});
