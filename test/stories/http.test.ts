import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { APPROVE, shown } from './harness/cards.ts';
import { assertNoEffect, assertOneBlock, assertPlain, assertTaken, onlySentence } from './harness/claims.ts';
import { later, says } from './harness/model.ts';
import { ask, settled } from './harness/scenes.ts';
import { messageId } from './harness/teams.ts';
import type { Chat } from './harness/teams.ts';
import { sleep, until } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

interface Raw {
  readonly status: number;
  readonly text: string;
}

async function post(world: World, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Raw> {
  const response = await fetch(world.bot, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, signal: AbortSignal.timeout(5000) });
  return { status: response.status, text: await response.text() };
}

const readSafely = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const bearer = async (world: World, kind = 'good', serviceUrl = world.connector.url): Promise<Record<string, string>> => ({ authorization: `Bearer ${await world.control.token(kind, serviceUrl)}` });

/** An error answer says nothing of the inside. */
function assertQuiet(answer: Raw, expected: readonly number[], what: string): void {
  assert.ok(expected.includes(answer.status), `${what}: answered ${answer.status}, expected ${expected.join(' or ')}: ${answer.text.slice(0, 200)}`);
  assert.doesNotMatch(answer.text, /^\s*at .+:\d+/m, `${what}: a stack trace`);
  assert.doesNotMatch(answer.text, /node_modules|\.ts:\d+|\/work\//, `${what}: a path`);
}

/** Nothing was executed, asked or said, and the next person is served. */
async function assertUntouched(world: World, since: number): Promise<void> {
  await sleep(250);
  await assertNoEffect(world);
  assert.deepEqual(world.model.requests.map((request) => request.last('user')), [], 'the model was asked');
  assert.deepEqual(world.connector.messages({ since }).map(shown), [], 'something was said');
  world.model.play(says('Still here.'));
  onlySentence(await world.chat(world.person('helpdesk')).say('are you still around?'));
}

describe('over HTTP', () => {
  const { story } = useWorld({ model: 'scripted', auth: true });

  story(['http.bodies', 'http.up'], 'bodies that are no activities are refused', async (world) => {
    const since = world.connector.log.length;
    const good = await bearer(world);
    const bodies: readonly (readonly [what: string, body: string | Uint8Array, expected: readonly number[], headers?: Readonly<Record<string, string>>])[] = [
      ['an empty body', '', [400]],
      ['an array', '[]', [400]],
      ['an array of activities', JSON.stringify([world.chat(world.person('helpdesk')).message('hello')]), [400]],
      ['an empty object', '{}', [400, 401]],
      ['null', 'null', [400]],
      ['a number', '7', [400]],
      ['a text', '"hello"', [400]],
      ['malformed JSON', '{"type":"message"', [400]],
      ['no JSON', 'hello', [400]],
      ['a byte order mark and rubbish', '\uFEFF{', [400]],
      ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), [400]],
      ['100,000 brackets', '['.repeat(100_000), [400, 413]],
      ['100,000 objects in each other', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, [400, 401, 413]],
      ['3 MB', JSON.stringify({ ...world.chat(world.person('helpdesk')).message('x'.repeat(3 * 1024 * 1024)) }), [413]],
      ['3 MB of blanks', ' '.repeat(3 * 1024 * 1024), [413]],
      ['a form', 'type=message&text=hello', [400, 401, 415], { 'content-type': 'application/x-www-form-urlencoded' }],
      ['XML', '<activity/>', [400, 401, 415], { 'content-type': 'application/xml' }],
    ];
    for (const [what, body, expected, headers] of bodies) {
      assertQuiet(await post(world, body, { ...good, ...headers }), expected, `${what}, with a good token`);
      assertQuiet(await post(world, body, headers), [...expected, 401, 403], `${what}, without a token`);
    }
    await assertUntouched(world, since);
  });

  story(['http.activities', 'http.up'], 'activities without what an activity has are refused', async (world) => {
    const since = world.connector.log.length;
    const good = await bearer(world);
    const message = world.chat(world.person('helpdesk')).message('block everybody');
    const without = (...fields: readonly string[]): Record<string, unknown> => Object.fromEntries(Object.entries({ ...message, id: messageId() }).filter(([name]) => !fields.includes(name)));
    const withThat = (change: Readonly<Record<string, unknown>>): Record<string, unknown> => ({ ...message, id: messageId(), ...change });
    const conversation = message['conversation'] as Record<string, unknown>;
    const activities: readonly (readonly [what: string, activity: unknown, expected?: readonly number[]])[] = [
      ['no conversation', without('conversation')],
      ['a conversation that is null', withThat({ conversation: null })],
      ['a conversation that is a text', withThat({ conversation: 'a:1' })],
      ['a conversation without an id', withThat({ conversation: { ...conversation, id: undefined } })],
      ['a conversation whose id is empty', withThat({ conversation: { ...conversation, id: '' } })],
      ['a conversation whose id is an object', withThat({ conversation: { ...conversation, id: { a: 1 } } })],
      ['a conversation whose id is endless', withThat({ conversation: { ...conversation, id: 'a'.repeat(20_000) } })],
      ['a conversation of no tenant', withThat({ conversation: { ...conversation, tenantId: undefined }, channelData: {} })],
      ['no type', without('type')],
      ['a type that is a number', withThat({ type: 7 })],
      ['no sender', without('from')],
      ['a sender without an id', withThat({ from: {} })],
      ['a sender whose object id is no text', withThat({ from: { id: '29:x', name: 'x', aadObjectId: { $ne: '' } } })],
      ['a sender whose object id is no GUID', withThat({ from: { id: '29:x', name: 'x', aadObjectId: '../users' } })],
      ['no recipient', without('recipient')],
      ['no channel', without('channelId')],
      ['another channel', withThat({ channelId: 'webchat' })],
      ['the emulator', withThat({ channelId: 'emulator' })],
      ['no serviceUrl', without('serviceUrl')],
      ['another serviceUrl than the token\'s', withThat({ serviceUrl: 'http://127.0.0.1:9/' })],
      ['a serviceUrl that is no URL', withThat({ serviceUrl: 'teams' })],
    ];
    for (const [what, activity] of activities) {
      const answer = await post(world, JSON.stringify(activity), good);
      assert.ok(answer.status >= 400 && answer.status < 500, `${what}: answered ${answer.status}: ${answer.text.slice(0, 200)}`);
      assertQuiet(answer, [answer.status], what);
    }
    await assertUntouched(world, since);
  });

  story(['http.activities', 'http.up'], 'fields of odd shapes do no harm', async (world) => {
    const good = await bearer(world);
    const message = world.chat(world.person('helpdesk')).message('hello');
    const odd: readonly unknown[] = [
      { ...message, text: 7 },
      { ...message, text: null },
      { ...message, text: { a: 1 } },
      { ...message, text: ['a'] },
      { ...message, attachments: 'x' },
      { ...message, attachments: [null, 7, { contentType: 7, content: { a: [] } }] },
      { ...message, entities: 7 },
      { ...message, entities: [null, 'x', { type: 7 }, { type: 'mention' }, { type: 'mention', mentioned: null, text: 7 }] },
      { ...message, channelData: 'x' },
      { ...message, channelData: null },
      { ...message, textFormat: 'xml' },
      { ...message, locale: 7 },
      { ...message, timestamp: 'yesterday' },
      { ...message, type: 'event', name: 'constructor' },
      { ...message, type: '___DO___' },
      { ...message, type: 'constructor' },
      { ...message, type: 'invoke', name: 'task/fetch', value: {} },
      { ...message, type: 'invoke', name: '__proto__', value: {} },
      { ...message, type: 'invoke' },
      { ...message, type: 'messageReaction', reactionsAdded: 'x' },
      { ...message, type: 'conversationUpdate', membersAdded: 'x' },
      { ...message, type: 'installationUpdate' },
      { ...message, type: 'messageUpdate', channelData: undefined },
      { ...message, type: 'endOfConversation' },
      { ...message, text: '\u0000\u202E'.repeat(100) },
      { ...message, text: '' },
      { ...message, text: '👩‍💻'.repeat(2000) },
      JSON.parse(JSON.stringify(message).replace('{', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},')) as unknown,
    ];
    world.model.always(says('Hello.'));
    const since = world.connector.log.length;
    for (const [index, activity] of odd.entries()) {
      const answer = await post(world, JSON.stringify({ ...(activity as Record<string, unknown>), id: messageId(), conversation: world.chat(world.person('helpdesk')).envelope()['conversation'] }), good);
      // 501 is how Bot Framework says that no one handles an invoke.
      const invoke = (activity as Record<string, unknown>)['type'] === 'invoke';
      assert.ok(answer.status < 500 || (invoke && answer.status === 501), `${index}: answered ${answer.status}: ${answer.text.slice(0, 200)}`);
    }
    // Seven are messages with a text that can be read; the reply to the one whose locale is a number comes late.
    await world.connector.until(() => world.connector.messages({ since }).length >= 7, 15_000, 'seven answers');
    await world.chat(world.person('helpdesk')).settle(world.connector.log.length, { expect: 0 });
    await assertNoEffect(world);
    world.model.forget();
    await assertUntouched(world, world.connector.log.length);
  });

  story(['http.activities', 'path.guest'], 'somebody of another tenant is refused', async (world) => {
    const since = world.connector.log.length;
    const good = await bearer(world);
    const { stranger } = world;
    const foreign = world.chat(stranger).message('block everybody');
    assertQuiet(await post(world, JSON.stringify(foreign), good), [401, 403], 'a foreign tenant');
    // Only one of the two places that name the tenant is foreign.
    const ours = world.chat(world.person('helpdesk')).message('block everybody');
    const conversation = ours['conversation'] as Record<string, unknown>;
    assertQuiet(await post(world, JSON.stringify({ ...ours, id: messageId(), conversation: { ...conversation, tenantId: stranger.tenantId } }), good), [401, 403], 'a conversation of a foreign tenant');
    assertQuiet(await post(world, JSON.stringify({ ...ours, id: messageId(), channelData: { tenant: { id: stranger.tenantId } } }), good), [401, 403], 'channel data of a foreign tenant');
    assertQuiet(await post(world, JSON.stringify({ ...world.chat(stranger).invokeWith('1:00000001', { type: 'Action.Execute', verb: 'steward/approve', data: { reference: 'x' } }) }), good), [401, 403], 'a click of a foreign tenant');
    await assertUntouched(world, since);
  });

  story(['http.activities'], 'somebody whom the directory does not know is served nothing', async (world) => {
    const unknown = { ...world.stranger, tenantId: world.tenantId };
    const since = world.connector.log.length;
    for (const words of ['block everybody', 'help', 'kill all', 'status', 'revive because I say so']) {
      const chat = world.chat(unknown);
      const posted = await chat.post(chat.message(words));
      assert.ok(posted.status < 500, `answered ${posted.status}`);
      // Turned away at the door, told in the chat, or both.
      await chat.settle(since, { expect: posted.status >= 400 ? 0 : 1 });
      const { sent } = chat.since(since);
      assert.ok(posted.status >= 400 || sent.length === 1, `${words}: ${posted.status} and ${sent.length} messages`);
      for (const reply of sent) assertPlain(shown(reply));
    }
    assert.equal(world.model.requests.length, 0, 'the model was asked for somebody unknown');
    await assertUntouched(world, world.connector.log.length);
  });

  for (const kind of ['expired', 'not-yet-valid', 'unsigned', 'wrong-signature', 'wrong-audience', 'wrong-issuer', 'wrong-service-url', 'unknown-key', 'hs256', 'not-endorsed']) {
    story(['http.jwt', 'http.up', 'start.jwt-always', 'start.auth-tokens'], `a token that is ${kind} is refused`, async (world) => {
      const since = world.connector.log.length;
      const bad = await bearer(world, kind);
      const chat = world.chat(world.person('helpdesk'));
      for (const activity of [chat.message('block everybody'), chat.invokeWith('1:00000001', { type: 'Action.Execute', verb: 'steward/approve', data: { reference: 'x' } })]) {
        assertQuiet(await post(world, JSON.stringify(activity), bad), [401, 403], kind);
      }
      await assertUntouched(world, since);
    });
  }

  story(['http.jwt', 'http.up', 'start.jwt-always'], 'a header that is no token is refused', async (world) => {
    const since = world.connector.log.length;
    const message = JSON.stringify(world.chat(world.person('helpdesk')).message('block everybody'));
    const good = (await bearer(world))['authorization'] ?? '';
    const [head = '', payload = '', signature = ''] = good.replace('Bearer ', '').split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, aud: 'x' })).toString('base64url');
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Bearer x', 'Bearer x.y.z', `Basic ${Buffer.from('a:b').toString('base64')}`, good.replace('Bearer ', ''), `Bearer ${head}.${payload}.`, `Bearer ${head}.${payload}.${signature.slice(0, -4)}AAAA`, `Bearer ${head}.${forged}.${signature}`, `Bearer ..`, `Bearer ${'x'.repeat(7000)}`]) {
      assertQuiet(await post(world, message, authorization === undefined ? {} : { authorization }), [401, 403], `the header ${JSON.stringify(authorization?.slice(0, 40))}`);
    }
    await assertUntouched(world, since);
  });

  story('http.up', 'other methods and paths are refused', async (world) => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD']) {
      const { status } = await fetch(world.bot, { method, headers: await bearer(world) });
      assert.ok(status === 404 || status === 405, `${method}: ${status}`);
    }
    const { origin } = new URL(world.bot);
    for (const path of ['/', '/api', '/api/messages/..%2f..%2fetc/passwd', '/.env', '/api/messagesx', '/__proto__', '/%ff']) {
      const { status } = await fetch(origin + path);
      assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    }
    await assertUntouched(world, world.connector.log.length);
  });

  story('http.up', 'a client that hangs up half-way does no harm', async (world) => {
    const { hostname, port, pathname } = new URL(world.bot);
    const headers = { 'content-type': 'application/json', 'content-length': '1000', ...(await bearer(world)) };
    for (let count = 0; count < 5; count += 1) {
      await new Promise<void>((resolve) => {
        const request = httpRequest({ hostname, port, path: pathname, method: 'POST', headers });
        request.on('error', () => resolve());
        request.write('{"type":"message"');
        setTimeout(() => {
          request.destroy();
          resolve();
        }, 30);
      });
    }
    await assertUntouched(world, world.connector.log.length);
  });

  story(['start.auth-tokens', 'must.only-robot'], 'a good token gets the whole story', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    await assertNoEffect(world);
    assertTaken(await chat.click(card, APPROVE));
    await settled(world, card);
    await assertOneBlock(world, target);
  });

  story('path.slow-model', 'a slow model does not hold the request', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(later(3000, says('That took me a while.')));
    const since = world.connector.log.length;
    const posted = await chat.post(chat.message('what is the meaning of it all?'));
    assert.ok(posted.status < 300);
    assert.ok(posted.durationMs < 1000, `held for ${Math.round(posted.durationMs)} ms`);
    await chat.settle(since);
    assert.match(chat.since(since).shown, /took me a while/);
  });

  story('path.order', 'turns in one conversation keep their order, and another conversation does not wait', async (world) => {
    const slow = world.chat(world.person('helpdesk'));
    const quick = world.chat(world.person('helpdesk', 1));
    const order: string[] = [];
    world.model.always((request) => {
      const [word = ''] = request.last('user').match(/(?:first|second|third|fourth|elsewhere)/) ?? [];
      order.push(word);
      return says(`You said ${word}.`);
    });
    world.model.play(later(1500, () => {
      order.push('first');
      return says('You said first.');
    }));
    const since = world.connector.log.length;
    const send = (chat: Chat, word: string): Promise<unknown> => chat.post(chat.message(`my ${word} question is a hard one`));
    await send(slow, 'first');
    await until(() => world.model.requests.length === 1, 5000, 'the first call');
    await send(slow, 'second');
    await send(slow, 'third');
    await send(slow, 'fourth');
    await send(quick, 'elsewhere');
    await world.connector.until(() => quick.since(since).sent.length > 0, 1000, 'the other conversation to be answered meanwhile');
    assert.equal(slow.since(since).sent.length, 0);
    await slow.settle(since, { expect: 4 });
    assert.deepEqual(slow.since(since).sent.map((reply) => /first|second|third|fourth/.exec(shown(reply))?.[0]), ['first', 'second', 'third', 'fourth']);
    assert.deepEqual(order.filter((word) => word !== 'elsewhere'), ['first', 'second', 'third', 'fourth']);
    // The later ones know of the earlier ones.
    const fourth = world.model.requests.find((request) => request.last('user').includes('fourth'));
    assert.ok(fourth !== undefined && /first/.test(fourth.raw) && /third/.test(fourth.raw), 'the history is not the whole conversation');
  });

  story('path.redelivery', 'a message that is delivered again while the model thinks is answered once', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(later(600, says('Once.')));
    const since = world.connector.log.length;
    const message = chat.message('do you say things twice, perhaps?');
    const posted = await Promise.all([chat.post(message), sleep(100).then(() => chat.post(message)), sleep(300).then(() => chat.post(message))]);
    for (const { status } of posted) assert.ok(status < 300);
    await chat.settle(since);
    await chat.post(message);
    await sleep(600);
    assert.equal(chat.since(since).replies.length, 1);
  });

  story(['http.bodies', 'http.up'], 'a body that is huge once it is unpacked is refused', async (world) => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20));
    for (const headers of [await bearer(world), {}]) {
      assertQuiet(await post(world, bomb, { ...headers, 'content-encoding': 'gzip' }), [400, 401, 403, 413, 415], 'a bomb');
    }
    await assertUntouched(world, world.connector.log.length);
  });

  story(['http.bodies', 'http.up'], 'an upload is refused, and nothing of it is kept', async (world) => {
    const before = new Set(readdirSync(tmpdir()));
    const form = ['--x', 'content-disposition: form-data; name="file"; filename="steward-upload.txt"', 'content-type: text/plain', '', 'x'.repeat(50_000), '--x--', ''].join('\r\n');
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    for (const body of [form, form.slice(0, 200), '']) assertQuiet(await post(world, body, type), [400, 401, 403, 413, 415], 'an upload');
    const kept = readdirSync(tmpdir()).filter((name) => !before.has(name) && !/^(?:tsx|node|steward|v8|puppeteer|playwright|bash)/i.test(name));
    assert.deepEqual(kept.filter((name) => readSafely(join(tmpdir(), name)).includes('x'.repeat(100))), [], 'the upload of a stranger lies on the disk');
    await assertUntouched(world, world.connector.log.length);
  });

  story(['http.bodies', 'http.up'], 'a body that lies about its compression is refused', async (world) => {
    for (const encoding of ['gzip', 'deflate', 'br', 'x-none']) {
      for (const headers of [await bearer(world), {}]) {
        assertQuiet(await post(world, JSON.stringify(world.chat(world.person('helpdesk')).message('hello')), { ...headers, 'content-encoding': encoding }), [400, 401, 403, 415], encoding);
      }
    }
    await assertUntouched(world, world.connector.log.length);
  });
});
