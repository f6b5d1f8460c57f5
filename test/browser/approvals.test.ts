import assert from 'node:assert/strict';
import { brief, Control, Journal } from '../stories/harness/journal.ts';
import { until } from '../stories/harness/wait.ts';
import { findChromium, NO_CHROMIUM } from './harness/chromium.ts';
import { Demo, pictures, type Seat } from './harness/demo.ts';

/** A narrower client hides its list of chats. */
const WITH_LIST = { width: 1500, height: 900 };
/** Each effect takes so long that there is something to look at. */
const SLOW_MS = 2_500;

/** Approvals as people see them: in a group chat, with a reason, and over several people. The tests build on each other. */
describe('approvals in a browser', function () {
  this.timeout(300_000);
  this.bail(true);
  let demo: Demo;
  let control: Control;
  let journal: Journal;
  let hanna: Seat;
  let tobias: Seat;
  const shot = pictures(new URL('../../test-results/demo', import.meta.url).pathname);

  before(async function () {
    if (findChromium() === undefined) {
      console.log(`    ${NO_CHROMIUM}`);
      this.skip();
    }
    demo = await Demo.start();
    control = new Control(demo.control);
    journal = new Journal(control);
    [hanna, tobias] = await Promise.all([demo.seat('Hanna Virtanen'), demo.seat('Tobias Lindgren')]);
  });
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    await shot(hanna.page, '20-failed-hanna');
    await shot(tobias.page, '20-failed-tobias');
  });
  after(() => (demo as Demo | undefined)?.stop());

  const effects = async (): Promise<readonly string[]> => (await journal.effects()).map(brief);

  it('come to the group chat in which an admin said “approvals here”; the requester sees what is asked, and where', async () => {
    await tobias.page.setViewportSize(WITH_LIST);
    await tobias.page.getByText('IT operations').first().click();
    await tobias.mention('Steward', 'approvals here');
    await tobias.text(/From now on I ask for second approvals here/);
    await hanna.say("block Victor Almeida's sign-in because his laptop was stolen");
    const look = await hanna.card('Victor Almeida', 'his laptop was stolen');
    await hanna.text(/I have asked/);
    assert.deepEqual(await look.getByRole('button').allInnerTexts(), ['Withdraw']);
    await shot(hanna.page, '20-requester-waits');
    const card = await tobias.card('Victor Almeida', 'Hanna Virtanen');
    await card.getByLabel(/If you decline: why/).waitFor();
    await shot(tobias.page, '21-group-card');
    assert.deepEqual(await effects(), []);
  });

  it('are declined there with a reason, which the requester reads', async () => {
    const card = await tobias.card('Victor Almeida', 'Hanna Virtanen');
    await card.getByLabel(/If you decline: why/).fill('He found it again: it was in his bag.');
    await tobias.click(card, 'Don’t do it');
    await tobias.card(/Declined/, 'it was in his bag');
    await hanna.card(/Declined/, 'Tobias Lindgren', 'it was in his bag');
    await hanna.text(/The reason is on the card/);
    await shot(tobias.page, '22-group-declined');
    await shot(hanna.page, '23-requester-declined');
    assert.deepEqual(await effects(), []);
  });

  it('over three people are one card that ticks off live', async () => {
    const names = (await control.people()).filter(({ roles }) => roles.join() === 'employee').slice(1, 4).map(({ name }) => name);
    await hanna.say(`block ${names.slice(0, 2).join(', ')} and ${names[2] ?? ''} because they clicked a phishing link`);
    const card = await hanna.card(...names, 'phishing link');
    await shot(hanna.page, '24-three-people');
    await control.fault({ service: 'graph', kind: 'delay', method: 'PATCH', delayMs: SLOW_MS, times: 3 });
    await hanna.click(card, 'Confirm');
    await hanna.card(/1 of 3 done/, /\(running\)/);
    await shot(hanna.page, '25-three-halfway');
    assert.ok((await effects()).length < 3);
    await hanna.card(/✓ Done/, ...names);
    await shot(hanna.page, '26-three-done');
    await until(async () => (await effects()).length === 3, 5_000, 'three effects');
  });

  it('and are taken back by one button, with a card of their own', async () => {
    await journal.skip();
    await hanna.click(await hanna.card(/✓ Done/, 'phishing link'), 'Undo');
    const card = await hanna.card('Allow sign-in again for 3 people', 'worded by Steward');
    await shot(hanna.page, '27-undo-card');
    assert.deepEqual(await effects(), []);
    await hanna.click(card, 'Confirm');
    await hanna.card('Allow sign-in again for 3 people', /✓ Done/);
    assert.equal((await effects()).length, 3);
  });
});
