import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Activity } from 'botbuilder';
import { placeOf, StewardAdapter } from '../../../src/bot/adapter.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { createConnectorClient } from '../../../src/clients/connector.ts';
import { PLACE } from './support.ts';

const APP = '11111111-1111-4111-8111-111111111111';
const TENANT = '22222222-2222-4222-8222-222222222222';

describe('bot/adapter', () => {
  const received: { readonly method: string; readonly url: string; readonly authorization: string; readonly body: Record<string, unknown> }[] = [];
  let connector: Server;
  let serviceUrl = '';
  let tokens = 0;

  before(async () => {
    connector = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        received.push({ method: request.method ?? '', url: request.url ?? '', authorization: request.headers.authorization ?? '', body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) });
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ id: `act-${received.length}` }));
      });
    });
    await new Promise<void>((resolve) => connector.listen(0, '127.0.0.1', resolve));
    serviceUrl = `http://127.0.0.1:${(connector.address() as AddressInfo).port}/`;
  });
  after(() => {
    connector.closeAllConnections();
    connector.close();
  });

  const adapter = new StewardAdapter({ appId: APP, tenantId: TENANT, httpClient: createConnectorClient(() => true), connectorToken: async () => `token-${(tokens += 1)}` });
  const speaker = new Speaker([], () => []);
  const place = () => ({ ...PLACE, tenantId: TENANT, serviceUrl });

  it('keeps the AI label of a message on its way to a real connector', async () => {
    const id = await adapter.at(place(), (context) => speaker.say(context, speaker.words('hello'), { model: true }));
    const last = received.at(-1)!;
    assert.equal(id, `act-${received.length}`);
    assert.equal(last.method, 'POST');
    assert.match(last.authorization, /^Bearer token-\d+$/);
    const [entity] = last.body['entities'] as Record<string, unknown>[];
    assert.deepEqual(entity?.['additionalType'], ['AIGeneratedContent']);
    assert.equal(entity['@type'], 'Message');
  });
  it('keeps the properties of an entity in an update, too', async () => {
    await adapter.at(place(), async (context) => {
      await context.updateActivity({ type: 'message', id: 'a7', text: 'x', entities: [{ type: 'https://schema.org/Message', additionalType: ['AIGeneratedContent'] }] });
    });
    const last = received.at(-1)!;
    assert.equal(last.method, 'PUT');
    assert.match(last.url, /\/activities\/a7$/);
    assert.deepEqual((last.body['entities'] as Record<string, unknown>[])[0]?.['additionalType'], ['AIGeneratedContent']);
  });
  it('sends and updates a card whole, with its summary', async () => {
    const card = speaker.card({ type: 'AdaptiveCard', body: [{ type: 'TextBlock', text: 'x' }] }, 'Please confirm');
    await adapter.at(place(), (context) => speaker.show(context, card));
    await adapter.at(place(), (context) => speaker.replace(context, 'a7', card));
    for (const { body } of received.slice(-2)) {
      assert.equal(body['summary'], 'Please confirm');
      assert.deepEqual((body['attachments'] as Record<string, unknown>[])[0]?.['content'], card.content);
    }
  });
  it('hands on what the logic resolves to, and what it fails with', async () => {
    assert.equal(await adapter.at(place(), async () => 7), 7);
    await assert.rejects(adapter.at(place(), async () => Promise.reject(new Error('mine'))), /mine/);
  });

  it('never has inbound authentication off, whatever the configuration', async () => {
    const { credentialsFactory } = (adapter as unknown as { botFrameworkAuthentication: { inner?: unknown; credentialsFactory?: unknown } }).botFrameworkAuthentication as unknown as { credentialsFactory?: { isAuthenticationDisabled(): Promise<boolean>; isValidAppId(id: string): Promise<boolean> } };
    // Where the framework keeps it is not ours to know: an activity without a token is the proof that counts.
    if (credentialsFactory !== undefined) {
      assert.equal(await credentialsFactory.isAuthenticationDisabled(), false);
      assert.equal(await credentialsFactory.isValidAppId(''), false);
      assert.equal(await credentialsFactory.isValidAppId(APP), true);
    }
    for (const channelId of ['msteams', 'emulator', 'directline']) {
      await assert.rejects(adapter.authenticate({ type: 'message', channelId, serviceUrl } as Activity, ''), { statusCode: 401 });
    }
  });
  for (const [what, ids] of [
    ['app id', { appId: '', tenantId: TENANT }],
    ['tenant id', { appId: APP, tenantId: '' }],
  ] as const) {
    it(`does not come into being with an empty ${what}, which would switch authentication off`, () => {
      assert.throws(() => new StewardAdapter({ ...ids, httpClient: createConnectorClient(() => true), connectorToken: async () => 't' }), TypeError);
    });
  }

  it('remembers where a message came from, under our own tenant', () => {
    const activity = { channelId: 'msteams', serviceUrl, recipient: { id: '28:bot' }, conversation: { id: 'c', conversationType: 'channel', tenantId: 'theirs' } } as unknown as Activity;
    assert.deepEqual(placeOf(activity, TENANT), { conversationId: 'c', serviceUrl, tenantId: TENANT, botId: '28:bot', channelId: 'msteams', conversationType: 'channel' });
  });
  it('takes a group for a group although its type is missing', () => {
    assert.equal(placeOf({ channelId: 'msteams', serviceUrl, recipient: { id: 'b' }, conversation: { id: 'c', isGroup: true } } as unknown as Activity, TENANT).conversationType, 'groupChat');
  });
});
