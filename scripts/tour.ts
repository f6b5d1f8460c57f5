/** `npm run tour`: makes the pictures of docs/tour.md again, by doing what it says. */
import type { Page } from 'playwright-core';
import { Demo, type Seat } from '../test/browser/harness/demo.ts';

const FOLDER = new URL('../docs/tour/', import.meta.url).pathname;
/** Below the client's own heading, and above where one types. */
const HEADING_PX = 64;
const FOOT_PX = 70;
const CLOSED_WITHIN_MS = 3_000;

const demo = await Demo.start();
try {
  const hanna = await seated('Hanna Virtanen');
  await hanna.say("block Nadia Petrov's sign-in because her phone was stolen");
  const card = await hanna.card('Nadia Petrov', 'her phone was stolen');
  await picture(hanna, '1-ask');
  await hanna.click(card, 'Block sign-in');
  await has(hanna, 'her phone was stolen', /Done/);
  await picture(hanna, '2-done');

  const page = await demo.page();
  await page.setViewportSize({ width: 900, height: 260 });
  await page.goto(`${demo.control}/journal`);
  await page.getByText('Nadia Petrov').waitFor();
  await page.screenshot({ path: `${FOLDER}3-journal.png` });
  await page.close();

  await hanna.say("block Adele Fontaine's sign-in because her phone was stolen");
  await hanna.text(/protected/);
  await picture(hanna, '4-refused');

  await hanna.say('find Mallory Grant');
  await hanna.card('Mallory Grant');
  await hanna.text(/^I found Mallory/);
  await picture(hanna, '5-hostile');

  await hanna.say("block Victor Almeida's sign-in because his laptop was stolen");
  await hanna.text(/I have asked Tobias Lindgren/);
  const tobias = await seated('Tobias Lindgren');
  const second = await tobias.card('his laptop was stolen');
  await picture(tobias, '6-second-person');
  await tobias.click(second, 'Block sign-in');
  await has(hanna, 'his laptop was stolen', /Done/);

  await hanna.say('sign Nadia Petrov out everywhere because her bag was stolen');
  await hanna.card('her bag was stolen');
  const adele = await seated('Adele Fontaine');
  await adele.say('kill all');
  await adele.text(/switched off/);
  await has(hanna, 'her bag was stolen', /Stopped/);
  await hanna.say("block Nadia Petrov's sign-in because her tablet was stolen");
  await hanna.text(/switched off/);
  await picture(hanna, '7-killed');

  await adele.say('revive because it was a drill');
  const revival = await tobias.card('it was a drill');
  await picture(tobias, '8-revive');
  await tobias.click(revival, 'Revive');
  await has(tobias, 'it was a drill', /Confirmed by/);

  await adele.say('status');
  await adele.card('How Steward stands', 'Steward is on.');
  await picture(adele, '9-status');

  await adele.say('kill model');
  await adele.text(/language model is switched off/);
  await hanna.say('which devices does Nadia Petrov have?');
  await hanna.text(/language model is switched off/);
  await picture(hanna, '10-without-model');
} finally {
  await demo.stop();
}

/** A client without its log. */
async function seated(name: string): Promise<Seat> {
  const seat = await demo.seat(name);
  await seat.page.setViewportSize({ width: 900, height: 700 });
  await closeLog(seat.page);
  return seat;
}

async function closeLog(page: Page): Promise<void> {
  const heading = page.getByText('Log Panel', { exact: true });
  // In a narrow window it may close by itself between the look and the click.
  if (await heading.isVisible()) await heading.locator('xpath=..').getByRole('button').last().click({ timeout: CLOSED_WITHIN_MS }).catch(() => undefined);
}

async function has(seat: Seat, reason: string, state: RegExp): Promise<void> {
  await seat.card(reason, state);
}

/** The conversation, without what stands around it. */
async function picture(seat: Seat, name: string): Promise<void> {
  // "Your response was sent to the app" goes by itself; it says nothing of ours.
  await seat.page.getByText('Your response was sent to the app').waitFor({ state: 'hidden' }).catch(() => undefined);
  const { width, height } = seat.page.viewportSize() ?? { width: 900, height: 700 };
  await seat.page.screenshot({ path: `${FOLDER}${name}.png`, clip: { x: 0, y: HEADING_PX, width, height: height - HEADING_PX - FOOT_PX } });
}
