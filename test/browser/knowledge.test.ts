import { findChromium, NO_CHROMIUM } from './harness/chromium.ts';
import { Demo, pictures, type Seat } from './harness/demo.ts';

/** Wide enough for the list of conversations. */
const WITH_LIST = { width: 1500, height: 900 };

/** A question in a browser, on what `npm start` runs. The pictures are looked at. */
describe('an answer from articles in a browser', function () {
  this.timeout(300_000);
  this.bail(true);
  let demo: Demo;
  let hanna: Seat;
  const shot = pictures(new URL('../../test-results/knowledge', import.meta.url).pathname);

  before(async function () {
    if (findChromium() === undefined) {
      console.log(`    ${NO_CHROMIUM}`);
      this.skip();
    }
    demo = await Demo.start();
    hanna = await demo.seat('Hanna Virtanen');
  });
  after(() => (demo as Demo | undefined)?.stop());

  it('quotes, with numbers that lead to title, review date and owner, and the label of AI', async () => {
    await hanna.say('How long is a guest Wi-Fi code valid?');
    await hanna.text(/Quoted word for word from reviewed articles/);
    await hanna.page.waitForTimeout(500);
    await shot(hanna.page, '1-answer');
    await hanna.page.getByText('1', { exact: true }).last().hover();
    await hanna.page.getByText(/Reviewed 20/).first().waitFor();
    await shot(hanna.page, '2-citation');
  });

  it('says on what it rests', async () => {
    await hanna.say('why?');
    await hanna.text(/the same passages, the same scores, the same verdicts/);
    await shot(hanna.page, '3-why');
  });

  it('says that it has no article, which are nearest and whose they are, and offers a ticket', async () => {
    await hanna.say('How do I configure a Kubernetes cluster?');
    await hanna.text(/no reviewed article that answers that/);
    await shot(hanna.page, '4-refused');
  });

  it('answers whoever mentions it in a group chat, with the same numbers and label', async () => {
    const tobias = await demo.seat('Tobias Lindgren');
    await tobias.page.setViewportSize(WITH_LIST);
    await tobias.page.getByText('IT operations').first().click();
    await tobias.mention('Steward', 'How long is a guest Wi-Fi code valid?');
    await tobias.text(/Quoted word for word from reviewed articles/);
    await tobias.page.waitForTimeout(500);
    await shot(tobias.page, '5-group');
  });
});
