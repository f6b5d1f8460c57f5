import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { brief, Control, Journal } from '../stories/harness/journal.ts';
import { until } from '../stories/harness/wait.ts';
import { findChromium, NO_CHROMIUM } from './harness/chromium.ts';
import { Demo, pictures, type Seat } from './harness/demo.ts';

const EFFECT_WITHIN_MS = 60_000;
const DENY = 'Don’t do it';

/** The path that a newcomer walks, in a browser, on what `npm start` runs. The tests build on each other. */
describe('the demo in a browser', function () {
  this.timeout(300_000);
  this.bail(true);
  let demo: Demo;
  let journal: Journal;
  let hanna: Seat;
  let adele: Seat;
  let tobias: Seat;
  const dialogues: string[] = [];
  const shot = pictures(new URL('../../test-results/demo', import.meta.url).pathname);

  before(async function () {
    if (findChromium() === undefined) {
      console.log(`    ${NO_CHROMIUM}`);
      this.skip();
    }
    demo = await Demo.start();
    journal = new Journal(new Control(demo.control));
    [hanna, adele] = await Promise.all([demo.seat('Hanna Virtanen'), demo.seat('Adele Fontaine')]);
    hanna.page.on('dialog', (dialogue) => {
      dialogues.push(dialogue.message());
      void dialogue.dismiss();
    });
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await shot(hanna.page, '00-failed');
  });
  after(() => (demo as Demo | undefined)?.stop());

  const effects = async (): Promise<readonly string[]> => (await journal.effects()).map(brief);
  const noEffect = async (): Promise<void> => assert.deepEqual(await effects(), [], 'something was changed');
  const oneEffect = async (pattern: RegExp): Promise<void> => {
    await until(async () => (await effects()).length > 0, EFFECT_WITHIN_MS, 'an effect');
    const done = await effects();
    assert.equal(done.length, 1, done.join('\n'));
    assert.match(done[0] ?? '', pattern);
    await journal.skip();
  };
  /** Something to decide: to withdraw one's own request, or to ask that what was done be taken back, is not. */
  const hasButton = (card: Locator): Promise<boolean> => card.getByRole('button', { name: /^(?!Undo$|Withdraw$)/ }).first().isVisible();
  const ends = async (card: Locator, ...words: readonly (string | RegExp)[]): Promise<void> => {
    for (const word of words) await card.getByText(word).first().waitFor({ timeout: EFFECT_WITHIN_MS });
  };

  it('is there: the welcome of before the page was opened, and an empty journal', async () => {
    await hanna.text(/I’m Steward/);
    await shot(hanna.page, '01-open');
    const page = await journalPage();
    await page.getByText('Nothing was changed so far').waitFor();
    await page.close();
    await noEffect();
  });

  it('shows the devices of a colleague, and changes nothing', async () => {
    await hanna.say('which devices does Nadia Petrov have?');
    const card = await hanna.card('Devices', /compliant/i);
    assert.match(await card.innerText(), /Windows/);
    await shot(hanna.page, '02-devices');
    await noEffect();
  });

  it('says what it can do', async () => {
    await hanna.say('help');
    await hanna.text(/Block sign-in|block someone’s sign-in/);
    await shot(hanna.page, '03-help');
    await noEffect();
  });

  it('does nothing before the click, and exactly one thing after it', async () => {
    await hanna.say("block Nadia Petrov's sign-in because her phone was stolen");
    const card = await hanna.card('Nadia Petrov', 'her phone was stolen');
    await noEffect();
    await shot(hanna.page, '04-card');
    await hanna.click(card, 'Block sign-in');
    await ends(await hanna.card('her phone was stolen'), /\bDone\b/, /Hanna Virtanen/);
    await shot(hanna.page, '05-done');
    assert.ok(!(await hasButton(card)), 'a button is left');
    const page = await journalPage();
    await page.getByRole('row').filter({ hasText: 'robot' }).getByText('Nadia Petrov').waitFor();
    await shot(page, '06-journal');
    await page.close();
    await oneEffect(/^graph PATCH .*accountEnabled":false/);
  });

  it('does nothing after a no', async () => {
    await hanna.say('sign Nadia Petrov out everywhere because her laptop was lost');
    const card = await hanna.card('Nadia Petrov', 'her laptop was lost');
    await hanna.click(card, DENY);
    await ends(await hanna.card('her laptop was lost'), /\bDeclined\b/);
    await shot(hanna.page, '07-declined');
    await noEffect();
  });

  it('shows a hostile name as what it is: text', async () => {
    const scripts = await hanna.page.locator('script').count();
    await hanna.say('find Scarlett Tagg');
    const card = await hanna.card('Scarlett Tagg');
    await hanna.say('find Linus Marker');
    await hanna.card('Linus Marker');
    await hanna.say('find Mallory Grant');
    await hanna.card('Mallory Grant');
    await shot(hanna.page, '08-hostile');
    assert.match(await card.innerText(), /alert\(1\)/, 'the name is not shown');
    assert.equal(await hanna.page.locator('script').count(), scripts, 'the name became a script');
    assert.equal(await hanna.page.locator('a[href*="evil.example"], at').count(), 0, 'the name became markup');
    assert.deepEqual(dialogues, []);
    await noEffect();
  });

  it('acts on whom and what a ticket names, on one card, and comments on the ticket', async () => {
    await hanna.say('show ticket INC0010006');
    const ticket = await hanna.card('INC0010006', 'Adrian Singh');
    assert.match(await ticket.innerText(), /warehouse terminal/);
    await shot(hanna.page, '30-ticket');
    await hanna.say('block the caller and lock his laptop, then comment on it');
    const card = await hanna.card('Adrian Singh', 'INC0010006', 'Lock');
    await noEffect();
    await shot(hanna.page, '31-ticket-card');
    await card.getByRole('button').first().click();
    await ends(await hanna.card('INC0010006', 'Lock'), /\bDone\b/, /Hanna Virtanen/);
    await shot(hanna.page, '32-ticket-done');
    await until(async () => (await effects()).length === 3, EFFECT_WITHIN_MS, 'three effects');
    const [blocked, locked, commented] = await effects();
    assert.match(blocked ?? '', /^graph PATCH .*accountEnabled":false/);
    assert.match(locked ?? '', /^graph POST .*remoteLock/);
    assert.match(commented ?? '', /^servicenow PATCH .*incident/);
    await journal.skip();
  });

  it('reports as a chart and a table, and on what is wrong at Microsoft', async () => {
    await hanna.say('which devices did not sync for 60 days?');
    const report = await hanna.card('Latitude', 'the company');
    await report.getByText(/\bWindows\b/).first().scrollIntoViewIfNeeded();
    await shot(hanna.page, '33-report');
    await hanna.say('licence report');
    await hanna.card('Visio');
    await shot(hanna.page, '34-licences');
    await hanna.say('is Microsoft 365 having problems?');
    await hanna.card('Microsoft 365', /incident|advisory/i);
    await shot(hanna.page, '35-health');
    await noEffect();
  });

  it('asks a second person about a VIP, whose client shows the card although it was closed then', async () => {
    await hanna.say("block Victor Almeida's sign-in because his laptop was stolen");
    const own = await hanna.card('Victor Almeida', 'his laptop was stolen');
    await hanna.text(/Tobias Lindgren/);
    assert.ok(!(await hasButton(own)), 'the requester could decide');
    await shot(hanna.page, '09-second-asked');
    tobias = await demo.seat('Tobias Lindgren');
    const card = await tobias.card('Victor Almeida', 'Hanna Virtanen');
    await shot(tobias.page, '10-second-card');
    await noEffect();
    await tobias.click(card, 'Block sign-in');
    await ends(await tobias.card('Victor Almeida'), /\bDone\b/, /Tobias Lindgren/);
    await ends(await hanna.card('Victor Almeida', 'his laptop was stolen'), /\bDone\b/, /Tobias Lindgren/);
    await shot(tobias.page, '11-second-done');
    await shot(hanna.page, '12-requester-told');
    await oneEffect(/^graph PATCH .*accountEnabled":false/);
  });

  it('stops everything at one command of an admin', async () => {
    await hanna.say('sign Nadia Petrov out everywhere because her bag was stolen');
    const pending = await hanna.card('Nadia Petrov', 'her bag was stolen');
    assert.ok(await hasButton(pending));
    await adele.say('kill all');
    await adele.text(/switched off/);
    await shot(adele.page, '13-killed');
    await ends(await hanna.card('her bag was stolen'), /\bStopped\b/);
    assert.ok(!(await hasButton(pending)), 'the card is alive');
    await hanna.say("block Nadia Petrov's sign-in because her tablet was stolen");
    await hanna.text(/Steward is switched off, so nothing was done/);
    await shot(hanna.page, '14-refused');
    assert.equal(await hanna.page.locator('.ac-adaptiveCard').filter({ hasText: 'her tablet was stolen' }).count(), 0);
    await noEffect();
  });

  it('works again when one admin asks for it and another confirms', async () => {
    await adele.say('revive because it was a drill');
    await adele.text(/Tobias Lindgren/);
    const card = await tobias.card('it was a drill');
    await shot(tobias.page, '15-revive-card');
    await tobias.click(card, 'Revive');
    await ends(await tobias.card('it was a drill'), /\bDone\b/);
    await shot(tobias.page, '16-revived');
    await hanna.say('unblock Nadia Petrov, her phone was found');
    const again = await hanna.card('Nadia Petrov', 'her phone was found');
    await hanna.click(again, 'Allow sign-in');
    await ends(await hanna.card('her phone was found'), /\bDone\b/);
    await shot(hanna.page, '17-works-again');
    await oneEffect(/^graph PATCH .*accountEnabled":true/);
  });

  it('shows the conversation again after a reload', async () => {
    await hanna.page.reload();
    await hanna.card('her phone was stolen');
    await ends(await hanna.card('her phone was found'), /\bDone\b/);
    await hanna.text('unblock Nadia Petrov, her phone was found');
    await shot(hanna.page, '18-reloaded');
  });

  /** What a person sees who opens the address of the journal. */
  async function journalPage(): Promise<Page> {
    const page = await demo.page();
    await page.goto(`${demo.control}/journal`);
    return page;
  }
});
