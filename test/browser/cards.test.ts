import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { findChromium, launch, NO_CHROMIUM } from './harness/chromium.ts';
import { gallery, HOSTILE_NAMES, type Exhibit } from './harness/gallery.ts';
import { themes } from './harness/hosts.ts';
import { Studio, type Seen } from './harness/studio.ts';

/** The narrowest that Teams gives a card, and about the widest. */
const WIDTHS_PX = [320, 600] as const;
/** WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5;
const LEAST_CONTRAST_LARGE = 3;
/** A cold browser on a busy machine. */
const LAUNCH_TIMEOUT_MS = 60_000;
const DRAW_TIMEOUT_MS = 30_000;
/** Pictures for people to look at, in test-results/cards: those that differ most, and fewer where there is room. */
const PHOTOGRAPHED = {
  320: /^(?:welcome|help-(?:helpdesk|admin)|result-(?:account|devices-3)|pick|approval-(?:own-(?:pending|succeeded)|second-(?:pending|denied)|steps-failed|viewing|viewing-denied)|settle|raise-pending|people-(?:3-(?:pending|halfway|failed|second)|25-halfway)|status-(?:full|off|everybody-stopped|stopped|details|by-hand|trouble)|revive-(?:read-only|emergency)|drill|hostile-unbroken-approval)$/,
  600: /^(?:welcome|result-devices-(?:3|25)|approval-(?:own-pending|second-pending|steps-failed)|settle|people-(?:3-halfway|25-(?:pending|failed)))$/,
} as const;

const available = findChromium() !== undefined;

describe(`bot/cards in a browser${available ? '' : ` (${NO_CHROMIUM})`}`, function () {
  this.timeout(DRAW_TIMEOUT_MS);
  let browser: Browser | undefined;
  before(async function () {
    if (!available) this.skip();
    this.timeout(LAUNCH_TIMEOUT_MS);
    browser = await launch();
  });
  after(() => browser?.close());

  for (const theme of themes) {
    for (const widthPx of WIDTHS_PX) {
      describe(`${theme}, ${widthPx} px`, () => {
        let seen: readonly (Seen & { readonly exhibit: Exhibit })[] = [];
        let studio: Studio | undefined;
        /** What is wrong, card by card; nothing must be. */
        const wrong = (look: (card: Seen & { readonly exhibit: Exhibit }) => readonly string[]): void => assert.deepEqual(seen.flatMap((card) => look(card).map((what) => `${card.name}: ${what}`)), []);

        before(async function () {
          if (browser === undefined) return this.skip();
          studio = await Studio.open(browser, theme, widthPx);
          const drawn = await studio.draw(gallery);
          seen = gallery.map((exhibit, index) => {
            const card = drawn[index];
            assert(card?.name === exhibit.name);
            return { ...card, exhibit };
          });
        });
        after(async () => {
          await studio?.photograph(gallery.filter(({ name }) => PHOTOGRAPHED[widthPx].test(name)));
          await studio?.close();
        });

        it('keeps everything within the card, and each text within its column', () => wrong(({ overflowing }) => overflowing));
        it('gives every text enough contrast', () =>
          wrong(({ texts }) => {
            assert(texts.length > 0);
            return texts.filter(({ contrast, large }) => !(contrast >= (large ? LEAST_CONTRAST_LARGE : LEAST_CONTRAST))).map(({ text, contrast }) => `${contrast.toFixed(2)} ${text}`);
          }));
        it('leaves no text empty, and shows no template', () =>
          wrong(({ exhibit, text, emptyBlocks }) => [
            // A reason that looks like a template is shown as it is written.
            ...((exhibit.hostile === true ? text.replaceAll('${$root.reference}', '').replaceAll('${reference}', '') : text).match(/\$\{|undefined|\[object|NaN|\{\{/g) ?? []), ...(emptyBlocks > 0 ? [`${emptyBlocks} empty`] : []),
          ]));
        it('says each state in words, with a glyph before them', () =>
          wrong(({ exhibit, first }) => (exhibit.state === undefined || (first.includes(exhibit.state) && /^[^\p{L}\p{N}\s] \p{L}/u.test(first)) ? [] : [first])));
        it('has a heading, a name, and buttons that can be told apart', () =>
          wrong(({ headings, label, buttons }) => [
            ...(headings.length > 0 && headings.every((heading) => heading !== '') ? [] : ['no heading']),
            ...(label === '' ? ['no name'] : []),
            ...(new Set(buttons).size === buttons.length && !buttons.includes('') ? [] : [`buttons: ${buttons.join(', ')}`]),
          ]));
        it('has a label for each input and a text for each image', () => wrong(({ unlabelledInputs, imagesWithoutAlternative }) => (unlabelledInputs + imagesWithoutAlternative > 0 ? [`${unlabelledInputs} inputs, ${imagesWithoutAlternative} images`] : [])));
        it('shows names as names: no markup, no date, no other direction', () =>
          wrong(({ exhibit, markup, text }) => [...markup, ...(exhibit.hostile === true ? (text.match(/[\u202a-\u202e\u2066-\u2069]|(?:02\/01|Jan(?:uary)? 2|2 Jan)[^ ]*/g) ?? []) : [])]));
      });
    }
  }

  describe('the checks themselves', () => {
    let studio: Studio | undefined;
    const draw = async (body: readonly unknown[]): Promise<Seen> => {
      const [card] = (await studio?.draw([{ name: 'x', content: { type: 'AdaptiveCard', version: '1.5', body } }])) ?? [];
      assert(card !== undefined);
      return card;
    };
    before(async function () {
      if (browser === undefined) return this.skip();
      studio = await Studio.open(browser, 'light', 320);
    });
    after(() => studio?.close());

    it('see an input without a label and an image without a text', async () => {
      const card = await draw([{ type: 'Input.Text', id: 'a' }, { type: 'Input.Text', id: 'b', label: 'Reason' }, { type: 'Image', url: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=' }]);
      assert.deepEqual([card.unlabelledInputs, card.imagesWithoutAlternative], [1, 1]);
    });
    it('see faint text, a missing heading and a missing name', async () => {
      const card = await draw([{ type: 'TextBlock', text: 'ready', color: 'Good' }]);
      assert(card.texts.some(({ contrast }) => contrast < LEAST_CONTRAST_LARGE));
      assert.deepEqual([card.headings, card.label], [[], '']);
    });
    it('see text that runs out of its column', async () => {
      const column = (text: string): object => ({ type: 'Column', width: '40px', items: [{ type: 'TextBlock', text }] });
      const wide = { type: 'Container', minHeight: '10px', items: [{ type: 'ColumnSet', columns: Array.from({ length: 9 }, () => ({ type: 'Column', width: '60px', items: [{ type: 'TextBlock', text: 'x' }] })) }] };
      assert.notDeepEqual((await draw([wide])).overflowing, []);
      assert.deepEqual((await draw([{ type: 'ColumnSet', columns: [column('a'), column('b')] }])).overflowing, []);
    });
    it('see what a name would become in a TextBlock, where no name may stand', async () => {
      const card = await draw([{ type: 'TextBlock', text: `${HOSTILE_NAMES['markdown']} ${HOSTILE_NAMES['template']}`, wrap: true }]);
      assert(card.markup.some((element) => element.startsWith('<a')) && card.markup.some((element) => element.startsWith('<strong')), card.markup.join());
      assert.doesNotMatch(card.text, /\{\{DATE/, 'the client expands dates');
    });
  });
});
