import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { hasCard, shown } from './harness/cards.ts';
import { assertModelSawNoDirectory, assertPlain } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import { at, textAt } from './harness/json.ts';
import { calls, says } from './harness/model.ts';
import type { Chat, Posted } from './harness/teams.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const CONSENT = 'application/vnd.microsoft.teams.card.file.consent';
const INFO = 'application/vnd.microsoft.teams.card.file.info';
/** Teams wants an invoke answered by then. */
const INVOKE_DEADLINE_MS = 2_000;

const attachment = (received: Received, contentType: string) => (received.activity.attachments ?? []).find((each) => each.contentType === contentType);
const isOffer = (received: Received): boolean => attachment(received, CONSENT) !== undefined;

interface Asked {
  readonly chat: Chat;
  readonly card: Received;
  readonly offer: Received;
}

async function askForReport(world: World, chat = world.chat(world.person('helpdesk')), days = 7): Promise<Asked> {
  world.model.play(calls({ name: 'report_stale_devices', arguments: { days } }), says('Here they are.'));
  const turn = await chat.say('Which devices did not check in for a week? I need them as a file.', { expect: 3 });
  const [card, offer] = [turn.sent.find(hasCard), turn.sent.find(isOffer)];
  assert.ok(card !== undefined && offer !== undefined, `no report with an offer: ${turn.shown}`);
  assert.ok(turn.sent.indexOf(card) < turn.sent.indexOf(offer), 'the offer comes before the report');
  return { chat, card, offer };
}

/** The invoke that Teams sends when somebody presses a button of the consent card. */
function consent({ chat, offer }: Pick<Asked, 'chat' | 'offer'>, action: 'accept' | 'decline', more: Readonly<Record<string, unknown>> = {}, replyToId = offer.activityId): Record<string, unknown> {
  const content = attachment(offer, CONSENT)?.content;
  const context = at(content, action === 'accept' ? 'acceptContext' : 'declineContext');
  return { ...chat.envelope(), type: 'invoke', name: 'fileConsent/invoke', id: `f:${randomUUID()}`, replyToId, value: { type: 'fileUpload', action, context, ...more } };
}

const nameOf = (offer: Received): string => textAt(attachment(offer, CONSENT), 'name');

async function answered(world: World, chat: Chat, invoke: Record<string, unknown>): Promise<{ readonly posted: Posted; readonly said: readonly Received[] }> {
  const since = world.connector.log.length;
  const posted = await chat.post(invoke);
  assert.equal(posted.status, 200, posted.text);
  assert.ok(posted.durationMs < INVOKE_DEADLINE_MS, `the invoke was answered after ${posted.durationMs} ms`);
  await chat.settle(since);
  return { posted, said: chat.since(since).sent };
}

const accept = (world: World, asked: Pick<Asked, 'chat' | 'offer'>, changes = {}): ReturnType<typeof answered> => answered(world, asked.chat, consent(asked, 'accept', { uploadInfo: world.oneDrive.infoFor(nameOf(asked.offer), changes) }));

function sentence(said: readonly Received[]): string {
  const [only, ...more] = said;
  assert.ok(only !== undefined && more.length === 0, `expected one sentence, got ${said.map(shown).join(' | ')}`);
  const text = (only.activity.text ?? '').replace(/ \(Reference: [\w-]+\)/, '');
  assertPlain(text);
  return text;
}

const reads = async (world: World): Promise<number> => (await world.journal.of('graph')).filter(({ identity, path }) => identity === world.identities.robot && /managedDevices$/.test(path)).length;

describe('reports', () => {
  const { story } = useWorld({ model: 'scripted', oneDrive: true });

  story('report.card', 'are shown as a card with a chart and the first rows, and the model gets counts alone', async (world) => {
    const { card } = await askForReport(world);
    assert.match(shown(card), /The first 10 of \d+/);
    assert.match(card.raw, /"Chart\.HorizontalBar"/);
    const told = textAt(world.model.requests.at(-1)?.messages.at(-1), 'content');
    assert.deepEqual(Object.keys(JSON.parse(told) as object), ['devices', 'complete', 'by_platform']);
    assertModelSawNoDirectory(world, world.model.requests, 'Which devices did not check in for a week? I need them as a file.');
  });

  story('report.file', 'are read again when the file is accepted, put into OneDrive once and without a token, and shown as a file', async (world) => {
    const asked = await askForReport(world);
    const before = await reads(world);
    const { said } = await accept(world, asked);
    assert.ok((await reads(world)) > before, 'the report was not read again');
    const [upload, ...others] = world.oneDrive.uploads;
    assert.ok(upload !== undefined && others.length === 0);
    assert.deepEqual([upload.method, upload.range, upload.authorization], ['PUT', `bytes 0-${upload.body.length - 1}/${upload.body.length}`, undefined]);
    assert.equal(upload.body.toString('latin1', 0, 4), 'PK\u0003\u0004');
    const info = said.map((each) => attachment(each, INFO)).find((each) => each !== undefined);
    assert.ok(info !== undefined);
    assert.equal(info.contentUrl, world.oneDrive.infoFor(nameOf(asked.offer)).contentUrl);
    assert.deepEqual(info.content, { uniqueId: '1150D938-8870-4044-9F2C-5BBDEBA70C8C', fileType: 'xlsx' });
    assert.ok(world.connector.messages({ conversationId: asked.chat.id }).some(({ activityId, kind }) => kind === 'delete' && activityId === asked.offer.activityId), 'the consent card stays');
  });

  for (const [name, words, path] of [
    ['report_licence_use', 'How many licences do we use?', /\/subscribedSkus$/],
    ['report_open_tickets', 'Which tickets are open?', /\/api\/now\/v2\/table\/incident$/],
  ] as const) {
    story('report.card', `of ${name.replaceAll('_', ' ').slice(7)} are read by the robot, shown, and offered as a file`, async (world) => {
      world.model.play(calls({ name, arguments: {} }), says('Here they are.'));
      const turn = await world.chat(world.person('helpdesk')).say(words, { expect: 3 });
      const card = turn.sent.find(hasCard);
      assert.ok(card !== undefined && turn.sent.some(isOffer), turn.shown);
      assert.match(card.raw, /"Chart\.HorizontalBar/);
      const entries = [...(await world.journal.of('graph')), ...(await world.journal.of('servicenow'))].filter((entry) => path.test(entry.path));
      assert.ok(entries.length > 0 && entries.every(({ method, status }) => method === 'GET' && status === 200), entries.map(({ path: seen, status }) => `${seen} ${status}`).join());
      assertModelSawNoDirectory(world, world.model.requests, words);
    });
  }

  story('report.card', 'of a group say of which group they are, and of whom it consists', async (world) => {
    world.model.play(calls({ name: 'find_group', arguments: { name: 'Finance Department' } }), (request) => calls({ name: 'report_group_members', arguments: { group: request.handle('group', 'tool') } }), says('Here they are.'));
    const turn = await world.chat(world.person('helpdesk')).say('Who is in the group Finance Department?', { expect: 2 });
    const card = turn.sent.find(hasCard);
    assert.ok(card !== undefined, turn.shown);
    assert.match(shown(card), /Members of a group[\s\S]*Finance Department/);
  });

  story('report.card', 'are for helpdesk alone: an employee is refused, and nothing is read', async (world) => {
    world.model.play(calls({ name: 'report_stale_devices', arguments: { days: 30 } }));
    const turn = await world.chat(world.person('employee')).say('Which devices did not check in for a month?');
    assert.match(sentence(turn.sent), /role does not allow/i);
    assert.equal(await reads(world), 0);
  });

  story('report.file', 'carry a reference in their offer, and nothing of what was read', async (world) => {
    const { offer } = await askForReport(world);
    const content = attachment(offer, CONSENT)?.content;
    assert.deepEqual(Object.keys(content as object).sort(), ['acceptContext', 'declineContext', 'description', 'sizeInBytes']);
    assert.deepEqual(Object.keys(at(content, 'acceptContext') as object), ['reference']);
    assert.match(nameOf(offer), /^Devices that did not check in \d{4}-\d\d-\d\d\.xlsx$/);
  });

  story('report.file', 'make no file when it is declined, nor when it is accepted after that', async (world) => {
    const asked = await askForReport(world);
    const before = await reads(world);
    assert.match(sentence((await answered(world, asked.chat, consent(asked, 'decline'))).said), /no file was made/i);
    assert.match(sentence((await accept(world, asked)).said), /no longer on offer/i);
    assert.deepEqual([world.oneDrive.uploads.length, await reads(world)], [0, before]);
  });

  story('report.bound', 'are put there once, however often and however fast the file is accepted', async (world) => {
    const asked = await askForReport(world);
    const since = world.connector.log.length;
    const posted = await Promise.all(Array.from({ length: 4 }, () => asked.chat.post(consent(asked, 'accept', { uploadInfo: world.oneDrive.infoFor('x.xlsx') }))));
    assert.ok(posted.every(({ status }) => status === 200));
    await asked.chat.settle(since, { expect: 4 });
    assert.equal(world.oneDrive.uploads.length, 1);
    assert.match(sentence((await accept(world, asked)).said), /no longer on offer/i);
    assert.equal(world.oneDrive.uploads.length, 1);
  });

  story('report.bound', 'are for nobody else, nowhere else, and on no other card', async (world) => {
    const asked = await askForReport(world);
    const { chat, offer } = asked;
    const uploadInfo = world.oneDrive.infoFor('x.xlsx');
    const before = await reads(world);
    const other = world.person('helpdesk', 1);
    const elsewhere = world.chat(chat.person);
    for (const [where, invoke] of [
      [chat.as(other), consent({ chat: chat.as(other), offer }, 'accept', { uploadInfo })],
      [elsewhere, consent({ chat: elsewhere, offer }, 'accept', { uploadInfo })],
      [chat, consent(asked, 'accept', { uploadInfo }, 'another-card')],
      [chat, consent(asked, 'accept', { uploadInfo, context: { reference: 'made_up_reference_1' } })],
      [chat, consent(asked, 'accept', { uploadInfo, context: {} })],
      [chat, consent(asked, 'accept')],
      [chat, consent(asked, 'accept', { uploadInfo: { ...uploadInfo, uniqueId: '../..' } })],
    ] as const) assert.match(sentence((await answered(world, where, invoke)).said), /no longer on offer/i);
    assert.deepEqual([world.oneDrive.uploads.length, await reads(world)], [0, before]);
    await accept(world, asked);
    assert.equal(world.oneDrive.uploads.length, 1, 'a wrong one used it up');
  });

  story('report.host', 'are put on the OneDrive host and nowhere else, whatever the invoke says', async (world) => {
    const asked = await askForReport(world);
    const before = await reads(world);
    const { host, origin, port } = new URL(world.oneDrive.endpoint);
    const bad = [`https://evil-my.sharepoint.com:${port}/x`, `https://${host}.evil.example/x`, `https://user:pass@${host}/x`, `http://${host}/x`, `https://${new URL(origin).hostname}/x`, `https://127.0.0.1:${port}/x`, 'not a url'];
    for (const url of bad) {
      for (const changes of [{ uploadUrl: url }, { contentUrl: url }]) assert.match(sentence((await accept(world, asked, changes)).said), /not your organisation’s OneDrive/);
    }
    assert.deepEqual([world.oneDrive.uploads.length, await reads(world)], [0, before]);
  });

  story('report.honest', 'say so when the file could not be put there, or when nobody knows', async (world) => {
    for (const [status, words] of [[403, /could not put the file/i], [0, /do not know whether the file reached/i]] as const) {
      const asked = await askForReport(world);
      world.oneDrive.forget();
      world.oneDrive.answer(status);
      assert.match(sentence((await accept(world, asked)).said), words);
      assert.equal(world.oneDrive.uploads.length, 1, 'an upload was repeated');
    }
  });

  story('report.bound', 'are put nowhere while Steward may change nothing', async (world) => {
    for (const [level, words] of [['read-only', /put no files anywhere/i], ['off', /switched off/i]] as const) {
      const asked = await askForReport(world);
      const before = await reads(world);
      await world.level(level);
      assert.match(sentence((await accept(world, asked)).said), words);
      assert.deepEqual([world.oneDrive.uploads.length, await reads(world)], [0, before], level);
      await world.level('full');
    }
  });
});
