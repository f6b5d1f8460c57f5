/** Draws cards as Teams does, with the same renderer, and measures what a person would see. */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { frameCss, hostConfig, type Theme } from './hosts.ts';

/** What looks, in the page: a plain script, since a page knows neither modules nor types of ours. */
const LOOK = new URL('look.mjs', import.meta.url).pathname;
const RENDERER = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js');
const PICTURES = new URL('../../../test-results/cards/', import.meta.url).pathname;

/** One piece of text as it stands on the card. */
export interface SeenText {
  readonly text: string;
  /** Between the text and the nearest opaque background, as WCAG 2.2 counts it. */
  readonly contrast: number;
  /** From 24 px, or from 18.66 px if bold: WCAG's large text. */
  readonly large: boolean;
}

export interface Seen {
  readonly name: string;
  readonly text: string;
  readonly texts: readonly SeenText[];
  /** What reaches beyond the card, or beyond its own column. */
  readonly overflowing: readonly string[];
  /** The text of the strip over the card: the first thing in it, if that has a style of its own. */
  readonly first: string;
  readonly emptyBlocks: number;
  readonly headings: readonly string[];
  readonly label: string;
  readonly buttons: readonly string[];
  readonly unlabelledInputs: number;
  readonly imagesWithoutAlternative: number;
  /** Elements that only markup in a name could have made. */
  readonly markup: readonly string[];
}

export class Studio {
  readonly #page: Page;
  readonly #theme: Theme;
  readonly #widthPx: number;

  private constructor(page: Page, theme: Theme, widthPx: number) {
    this.#page = page;
    this.#theme = theme;
    this.#widthPx = widthPx;
  }

  static async open(browser: Browser, theme: Theme, widthPx: number): Promise<Studio> {
    const page = await browser.newPage({ viewport: { width: widthPx + 40, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...(theme === 'contrast' && { colorScheme: 'dark' as const }) });
    await page.setContent(`<!doctype html><html lang="en"><head><style>${frameCss[theme]}</style></head><body></body></html>`);
    await page.addScriptTag({ path: RENDERER });
    await page.addScriptTag({ path: LOOK });
    return new Studio(page, theme, widthPx);
  }

  /** Draws all cards below each other and says what is to be seen of each. */
  async draw(cards: readonly { readonly name: string; readonly content: unknown }[]): Promise<readonly Seen[]> {
    const given = { cards: cards.map(({ name, content }) => ({ name, content })), config: hostConfig(this.#theme), widthPx: this.#widthPx };
    // `look.mjs` answers in the shape of `Seen`.
    return this.#page.evaluate<readonly Seen[]>(`drawAndLook(${JSON.stringify(given)})`);
  }

  /** Draws these cards alone and saves pictures of them to test-results/cards, for people to look at. */
  async photograph(cards: readonly { readonly name: string; readonly content: unknown }[]): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.draw(cards);
    for (const { name } of cards) await this.#page.locator(`#card-${name}`).screenshot({ path: join(PICTURES, `${name}-${this.#theme}-${this.#widthPx}.png`), animations: 'disabled' });
  }

  async close(): Promise<void> {
    await this.#page.close();
  }
}
