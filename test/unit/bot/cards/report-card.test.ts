import assert from 'node:assert/strict';
import { reportGroupMembers } from '../../../../src/actions/reports/report-group-members.ts';
import { reportLicenceUse } from '../../../../src/actions/reports/report-licence-use.ts';
import { reportOpenTickets } from '../../../../src/actions/reports/report-open-tickets.ts';
import { reportStaleDevices } from '../../../../src/actions/reports/report-stale-devices.ts';
import { InternalId } from '../../../../src/actions/internal-id.ts';
import { resultCard } from '../../../../src/bot/cards/result-card.ts';
import { Speaker } from '../../../../src/bot/say.ts';

type Element = Readonly<Record<string, unknown>>;

const device = (index: number, changes: Element = {}): Element => ({ device: `LT-${index}`, last_sync: new Date('2026-03-01T00:00:00Z'), user: 'Anna Weber', platform: index % 3 === 0 ? 'ios' : 'windows', compliance: 'compliant', owner: 'company', model: 'Latitude', os_version: '10', serial_number: `S${index}`, ...changes });
const stale = (count: number, changes: Element = {}): Element => ({ devices: count, complete: true, by_platform: [], rows: Array.from({ length: count }, (_, index) => device(index)), ...changes });
const licences = (...rows: readonly (readonly [string, number, number])[]): Element => ({ products: rows.length, complete: true, products_without_any_left: 0, rows: rows.map(([licence, used, available]) => ({ licence, used, available, total: used + available })) });

function* elements(value: unknown): Generator<Element> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Element;
  for (const inner of Object.values(value)) yield* elements(inner);
}
const ofType = (content: unknown, type: RegExp): readonly Element[] => [...elements(content)].filter((element) => typeof element['type'] === 'string' && type.test(element['type']));
const runs = (content: unknown): readonly string[] => ofType(content, /^TextRun$/).map(({ text }) => String(text));
const blocks = (content: unknown): readonly string[] => ofType(content, /^TextBlock$/).map(({ text }) => String(text));
/** Data rows of the one table, its head aside. */
const tableRows = (content: unknown): number => ofType(content, /^TableRow$/).length - 1;

describe('the card of a report', () => {
  it('shows the first ten rows and says how many there are', () => {
    const { content, summary } = resultCard(reportStaleDevices, stale(143));
    assert.equal(summary, 'Devices that did not check in');
    assert.equal(tableRows(content), 10);
    assert.ok(blocks(content).includes('The first 10 of 143'));
    assert.ok(runs(content).includes('LT-9') && !runs(content).includes('LT-10'));
  });

  it('shows all of ten rows without talk of a first part', () => {
    const { content } = resultCard(reportStaleDevices, stale(10));
    assert.equal(tableRows(content), 10);
    assert.ok(blocks(content).includes('10 entries'));
  });

  it('says so when not even the report holds all', () => {
    const { content } = resultCard(reportStaleDevices, stale(2_000, { complete: false }));
    assert.ok(blocks(content).includes('The first 10 of more than 2,000'));
    assert.ok(blocks(content).some((text) => /more than a report can hold/.test(text)));
    assert.ok(!blocks(resultCard(reportStaleDevices, stale(2_000)).content).some((text) => /more than/.test(text)));
  });

  it('says plainly that there is nothing', () => {
    const { content } = resultCard(reportStaleDevices, stale(0));
    assert.ok(blocks(content).includes('Every managed device checked in.'));
    assert.equal(ofType(content, /^Chart/).length, 0);
  });

  it('counts all rows in its chart, not only those that it lists, and says each count in words too', () => {
    const { content } = resultCard(reportStaleDevices, stale(143));
    const [chart, ...others] = ofType(content, /^Chart\./);
    assert.equal(others.length, 0);
    assert.equal(chart?.['type'], 'Chart.HorizontalBar');
    assert.deepEqual(chart['data'], [{ x: 'Windows', y: 95 }, { x: 'iOS', y: 48 }]);
    assert.deepEqual(runs(chart['fallback']), ['Windows: 95', 'iOS: 48']);
  });

  it('shows used and available licences as parts of a bar whose title says both', () => {
    const { content } = resultCard(reportLicenceUse, licences(['Microsoft 365 E3', 40, 10], ['Visio Plan 2', 5, 0]));
    const [chart] = ofType(content, /^Chart\./);
    assert.equal(chart?.['type'], 'Chart.HorizontalBar.Stacked');
    const [first, second] = chart['data'] as readonly Element[];
    assert.equal(first?.['title'], 'Microsoft 365 E3: 40 of 50 used');
    assert.deepEqual((first?.['data'] as readonly Element[]).map(({ legend, value }) => [legend, value]), [['Used', 40], ['Left', 10]]);
    assert.equal(second?.['title'], 'Visio Plan 2: 5 of 5 used');
    assert.deepEqual(runs(chart['fallback']), ['Microsoft 365 E3: 40 of 50 used', 'Visio Plan 2: 5 of 5 used']);
  });

  it('draws no negative part where more is used than there is', () => {
    const { content } = resultCard(reportLicenceUse, licences(['A', 12, -2], ['B', 1, 1]));
    const [chart] = ofType(content, /^Chart\./);
    assert.deepEqual(((chart?.['data'] as readonly Element[])[0]?.['data'] as readonly Element[]).map(({ value }) => value), [12, 0]);
  });

  it('draws the priorities of tickets in their own order', () => {
    const ticket = (priority: string): Element => ({ ticket: 'INC0010001', priority, state: 'new', summary: 'x', opened: new Date('2026-03-01T00:00:00Z') });
    const { content } = resultCard(reportOpenTickets, { tickets: 3, complete: true, by_priority: [], rows: ['low', 'critical', 'low'].map(ticket) });
    const [chart] = ofType(content, /^Chart\./);
    assert.deepEqual((chart?.['data'] as readonly Element[]).map(({ y }) => y), [1, 2]);
    assert.match(String((chart?.['data'] as readonly Element[])[0]?.['x']), /critical/i);
  });

  it('draws nothing where there is only one bar, and none for members', () => {
    assert.equal(ofType(resultCard(reportLicenceUse, licences(['A', 1, 1])).content, /^Chart/).length, 0);
    assert.equal(ofType(resultCard(reportStaleDevices, stale(2, { rows: [device(1), device(2)] })).content, /^Chart/).length, 0);
    const group = { kind: 'group', id: new InternalId('11111111-2222-4333-8444-555555555555'), label: 'Sales EMEA' };
    const { content } = resultCard(reportGroupMembers, { group, members: 2, complete: true, rows: [{ person: 'Anna Weber', user_name: 'anna@contoso.com' }, { person: 'Bob Brandt', user_name: 'bob@contoso.com' }] });
    assert.equal(ofType(content, /^Chart/).length, 0);
    assert.ok(runs(content).includes('Sales EMEA'), 'it says of which group');
  });

  it('does not show the counts that are for the model once more', () => {
    assert.ok(!blocks(resultCard(reportStaleDevices, stale(3)).content).some((text) => /complete|by.platform|^devices$/i.test(text)));
  });

  it('draws with what Teams documents: every element of a chart and each of its properties', () => {
    // learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards
    const documented = new Map([
      ['Chart.HorizontalBar', ['type', 'title', 'displayMode', 'color', 'data', 'fallback']],
      ['Chart.HorizontalBar.Stacked', ['type', 'title', 'data', 'fallback']],
    ]);
    for (const { content } of [resultCard(reportStaleDevices, stale(20)), resultCard(reportLicenceUse, licences(['A', 1, 1], ['B', 1, 1]))]) {
      for (const chart of ofType(content, /^Chart/)) assert.deepEqual(Object.keys(chart).filter((key) => !documented.get(String(chart['type']))?.includes(key)), []);
    }
  });

  it('keeps what outsiders wrote inert in table, chart and fallback', () => {
    const hostile = '[click](https://evil.example) ${$root} **x** {{DATE(2020-01-01)}}';
    const card = resultCard(reportLicenceUse, licences([hostile, 40, 10], ['B', 1, 1]));
    const devices = resultCard(reportStaleDevices, stale(2, { rows: [device(1, { device: hostile, user: hostile, model: hostile }), device(2, { platform: 'macos' })] }));
    for (const { content, summary } of [card, devices]) {
      const text = JSON.stringify(content);
      assert.doesNotMatch(text, /https:\/\/evil|\{\{DATE/);
      assert.ok(!blocks(content).some((block) => block.includes('click')), 'a TextBlock renders Markdown');
      assert.ok(new Speaker([], () => []).card(content, summary));
    }
  });
});
