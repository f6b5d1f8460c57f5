/** `npm start` as a newcomer sees it: the program as a child, and one browser page for each of its three people. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { until } from '../../stories/harness/wait.ts';
import { launch } from './chromium.ts';

const READY_WITHIN_MS = 120_000;
const SHOWN_WITHIN_MS = 60_000;

/** One person in front of their Teams client. */
export class Seat {
  readonly name: string;
  readonly page: Page;
  /** From the address to a page that takes text. */
  readonly openedInMs: number;

  constructor(name: string, page: Page, openedInMs: number) {
    this.name = name;
    this.page = page;
    this.openedInMs = openedInMs;
  }

  async say(text: string): Promise<void> {
    const box = inputOf(this.page);
    await box.click();
    await this.page.keyboard.insertText(text);
    await this.page.keyboard.press('Enter');
    await this.text(text);
  }

  /** Says something to somebody by name, which is what a bot hears in a group. */
  async mention(whom: string, text: string): Promise<void> {
    await inputOf(this.page).click();
    // Key by key: the list of names opens as one types.
    await this.page.keyboard.type(`@${whom.slice(0, 2)}`);
    await this.page.getByText(whom, { exact: true }).last().click({ timeout: SHOWN_WITHIN_MS });
    await this.page.keyboard.insertText(` ${text}`);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until this stands somewhere on the page. */
  async text(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).last().waitFor({ timeout: SHOWN_WITHIN_MS });
  }

  /** The newest card with this text on it, once it is there. */
  async card(...texts: readonly (string | RegExp)[]): Promise<Locator> {
    const card = texts.reduce((cards, hasText) => cards.filter({ hasText }), this.page.locator('.ac-adaptiveCard')).last();
    await card.waitFor({ timeout: SHOWN_WITHIN_MS });
    await card.scrollIntoViewIfNeeded();
    return card;
  }

  async click(card: Locator, button: string): Promise<void> {
    await card.getByRole('button', { name: button, exact: true }).click({ timeout: SHOWN_WITHIN_MS });
  }
}

export class Demo {
  readonly control: string;
  /** From the command to the line that says ready. */
  readonly readyInMs: number;
  readonly #child: ChildProcess;
  readonly #browser: Browser;
  readonly #clients: ReadonlyMap<string, string>;

  private constructor(child: ChildProcess, browser: Browser, output: string, readyInMs: number) {
    this.#child = child;
    this.#browser = browser;
    this.readyInMs = readyInMs;
    this.#clients = new Map([...output.matchAll(/(http:\/\/localhost:\d+) +(\p{L}+ \p{L}+)/gu)].map(([, url = '', name = '']) => [name, url]));
    this.control = /(http:\/\/127\.0\.0\.1:\d+)\/journal/.exec(output)?.[1] ?? '';
    assert.equal(this.#clients.size, 3, `not three clients: ${output}`);
    assert.ok(this.control !== '', `no journal: ${output}`);
  }

  static async start({ directory = new URL('../../../', import.meta.url), withinMs = READY_WITHIN_MS }: { readonly directory?: URL | string; readonly withinMs?: number } = {}): Promise<Demo> {
    const began = performance.now();
    // In a group of its own, so that a signal reaches all of it, as Ctrl-C does.
    const child = spawn(process.execPath, ['scripts/with-dependencies.mjs', 'start', '--port', '0', '--playground-port', '0'], { cwd: directory, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
    let browser: Browser | undefined;
    try {
      const ready = until(() => child.exitCode !== null || /Ctrl-C[^]*\n\n/.test(output), withinMs, 'ready').then(() => performance.now() - began);
      // The browser starts meanwhile.
      const [launched, readyInMs] = await Promise.all([launch().then((it) => (browser = it)), ready]);
      assert.equal(child.exitCode, null, `it ended: ${errors}`);
      return new Demo(child, launched, output, readyInMs);
    } catch (error) {
      await browser?.close();
      end(child, 'SIGKILL');
      throw error;
    }
  }

  /** Opens one person's client. */
  async seat(name: string): Promise<Seat> {
    const url = this.#clients.get(name);
    assert.ok(url !== undefined, `no client for ${name}`);
    const page = await this.page();
    const began = performance.now();
    await page.goto(url);
    await inputOf(page).waitFor({ timeout: READY_WITHIN_MS });
    return new Seat(name, page, performance.now() - began);
  }

  /** An empty page; the sizes are those of a small window, so that pictures stay readable. */
  page(): Promise<Page> {
    return this.#browser.newPage({ viewport: { width: 1100, height: 820 } });
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    if (this.#child.exitCode === null) {
      end(this.#child, 'SIGINT');
      await until(() => this.#child.exitCode !== null, 8_000, 'the end after Ctrl-C').catch(() => end(this.#child, 'SIGKILL'));
    }
  }
}

const inputOf = (page: Page): Locator => page.locator('[contenteditable=true], textarea').first();

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch {
    // It has ended already.
  }
}

/** A folder for pictures. */
export function pictures(folder: string): (subject: Page | Locator, name: string) => Promise<void> {
  mkdirSync(folder, { recursive: true });
  return async (subject, name) => {
    await subject.screenshot({ path: `${folder}/${name}.png` });
  };
}
