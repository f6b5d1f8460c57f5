import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { en } from '../../src/bot/wording/en.ts';
import { Control, Journal } from '../stories/harness/journal.ts';
import { findChromium, NO_CHROMIUM } from './harness/chromium.ts';
import { Demo, pictures, type Seat } from './harness/demo.ts';

const SHOWN_WITHIN_MS = 60_000;
/** Five stops, each waited for by somebody who learns of it from storage alone. */
const DRILLED_WITHIN_MS = 30_000;

/** What admins do about Steward itself, in a browser, on what `npm start` runs. The tests build on each other. */
describe('stop and revive in a browser', function () {
  this.timeout(300_000);
  this.bail(true);
  let demo: Demo;
  let journal: Journal;
  let hanna: Seat;
  let adele: Seat;
  let tobias: Seat;
  const shot = pictures(new URL('../../test-results/stop', import.meta.url).pathname);

  before(async function () {
    if (findChromium() === undefined) {
      console.log(`    ${NO_CHROMIUM}`);
      this.skip();
    }
    demo = await Demo.start();
    journal = new Journal(new Control(demo.control));
    [hanna, adele, tobias] = await Promise.all([demo.seat('Hanna Virtanen'), demo.seat('Adele Fontaine'), demo.seat('Tobias Lindgren')]);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await Promise.all([shot(hanna.page, '00-failed-hanna'), shot(adele.page, '00-failed-adele'), shot(tobias.page, '00-failed-tobias')]);
  });
  after(() => (demo as Demo | undefined)?.stop());

  const noEffect = async (): Promise<void> => assert.deepEqual(await journal.effects(), [], 'something was changed');
  const reads = (card: Locator, text: string | RegExp): Promise<void> => card.getByText(text).first().waitFor({ timeout: SHOWN_WITHIN_MS });

  it('shows an admin how Steward stands: spend as a chart, and what is deployed behind a button', async () => {
    await hanna.say('which devices does Nadia Petrov have?');
    await hanna.card('Devices', /compliant/i);
    await adele.say('status');
    const card = await adele.card(en.status.title, en.status.line(en.status.levels.full));
    await card.getByText('of at most').waitFor();
    // Its bars are elements of that name only where a client draws them; lines stand there else.
    await card.getByRole('img', { name: /0\.\d\d/ }).first().waitFor({ timeout: SHOWN_WITHIN_MS });
    await shot(adele.page, '01-status');
    assert.equal(await card.getByText(en.status.versions, { exact: true }).isVisible(), false);
    await adele.click(card, en.status.details);
    await card.getByText(en.status.versions, { exact: true }).waitFor();
    await card.getByText(en.status.versions, { exact: true }).scrollIntoViewIfNeeded();
    await shot(adele.page, '02-status-details');
  });

  it('shows the helpdesk the same, and refuses to let it stop anything', async () => {
    await hanna.say('kill all');
    await hanna.text(en.errors.KILL_NOT_ADMIN);
    await hanna.say('status');
    await hanna.card(en.status.title, en.status.line(en.status.levels.full));
    await shot(hanna.page, '03-refused');
    await noEffect();
  });

  it('goes on without the model: commands work, and sentences get one that says so', async () => {
    await adele.say('kill model');
    await adele.text(en.kill.stopped.model);
    await shot(adele.page, '04-model-killed');
    await tobias.text(/Adele Fontaine .*language model/);
    await hanna.say('which devices does Victor Almeida have?');
    await hanna.text(en.errors.STOPPED_MODEL);
    await hanna.say('status');
    const card = await hanna.card(en.status.partly, en.status.things.model);
    await reads(card, /by Adele Fontaine/);
    await shot(hanna.page, '05-without-model');
    await noEffect();
  });

  it('has the model back once another admin has confirmed it on a card', async () => {
    await adele.say('revive model because the vendor fixed it');
    await adele.text(/Tobias Lindgren/);
    const card = await tobias.card(en.kill.reviveTitles.model, 'the vendor fixed it', 'Adele Fontaine');
    await shot(tobias.page, '06-revive-model');
    await tobias.click(card, en.kill.reviveButton);
    await reads(await tobias.card('the vendor fixed it'), /\bDone\b/);
    await hanna.say('which devices does Victor Almeida have?');
    await hanna.card('Devices', 'Victor Almeida');
  });

  it('stops everything at one command: the open card dies, and the next request is refused', async () => {
    await hanna.say('sign Nadia Petrov out everywhere because her bag was stolen');
    await hanna.card('her bag was stolen', en.card.waiting.requester);
    await adele.say('kill all');
    await adele.text(en.kill.done);
    await shot(adele.page, '07-killed');
    const dead = await hanna.card('her bag was stolen');
    await reads(dead, /\bStopped\b/);
    assert.equal(await dead.getByRole('button').count(), 0, 'the card is alive');
    await hanna.say("block Nadia Petrov's sign-in because her tablet was stolen");
    await hanna.text(en.errors.KILLED);
    await hanna.say('status');
    await hanna.card(en.status.title, en.status.line(en.status.levels.off));
    await shot(hanna.page, '08-off');
    await noEffect();
  });

  it('is revived by two admins: the one who proposes it can’t confirm it', async () => {
    await adele.say('revive because it was a drill');
    await adele.text(/I have asked .*Tobias Lindgren/);
    assert.equal(await adele.page.getByRole('button', { name: en.kill.reviveButton, exact: true }).count(), 0);
    const card = await tobias.card(en.kill.reviveTitles.all, 'it was a drill');
    await shot(tobias.page, '09-revive');
    await tobias.click(card, en.kill.reviveButton);
    await reads(await tobias.card('it was a drill'), en.kill.confirmedBy('Tobias Lindgren'));
    await shot(tobias.page, '10-revived');
    await hanna.say('status');
    await hanna.card(en.status.title, en.status.line(en.status.levels.full));
    await noEffect();
  });

  it('drills the stop, and says how long it took', async () => {
    await adele.say('drill kill');
    await adele.page.getByText(en.drill.title).last().waitFor({ timeout: DRILLED_WITHIN_MS });
    // Whether it is in time is for the machine to say: a busy one may take longer, and the card then says so.
    const card = await adele.card(en.drill.title, en.drill.what(5));
    await reads(card, /^usually [\d,]+\u00a0ms, at the longest [\d,]+\u00a0ms$/);
    await shot(adele.page, '11-drill');
    await noEffect();
  });
});
