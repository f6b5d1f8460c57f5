/** Traps of botbuilder 4.23.3 and botframework-connector 4.23.3. A test that fails here after an upgrade means: a workaround may go. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { TeamsAdapter } from '@microsoft/teams-ai';
import type { Activity, Request, Response } from 'botbuilder';
import { ConnectorClient } from 'botframework-connector';
import { startChannel, type Channel } from '../../../sandbox/channel.ts';

const APP = '11111111-1111-4111-8111-111111111111';
const SERVICE_URL = 'https://smba.trafficmanager.net/teams/';
const activity = { type: 'message', channelId: 'msteams', serviceUrl: SERVICE_URL } as Activity;

describe('platform: botbuilder 4.23.3', () => {
  it('drops every property of an entity but its type on the wire (src/bot/adapter.ts patches the mapper)', async () => {
    // A child process: the patch is global, and this one may have loaded it.
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', new URL('entities.child.ts', import.meta.url).pathname]);
    assert.deepEqual(JSON.parse(stdout), [{ type: 'https://schema.org/Message' }]);
  });

  it('sends a message four times to a connector that answers 500 (src/clients/connector.ts sends it once)', async function () {
    this.slow(10_000);
    let calls = 0;
    const server = createServer((request, response) => {
      calls += 1;
      request.resume();
      response.statusCode = 500;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new ConnectorClient({ signRequest: async (request) => request }, { baseUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await assert.rejects(client.conversations.sendToConversation('c', { type: 'message', text: 'x' }));
    server.closeAllConnections();
    server.close();
    assert.equal(calls, 4);
  });

  it('lets everybody in when the app id is empty (StewardAdapter refuses an empty one)', async () => {
    const open = new TeamsAdapter({}) as unknown as { botFrameworkAuthentication: { authenticateRequest(given: Activity, header: string): Promise<unknown> } };
    await assert.doesNotReject(open.botFrameworkAuthentication.authenticateRequest(activity, ''));
  });

  describe('with the keys of a channel', () => {
    let channel: Channel;
    let adapter: TeamsAdapter;
    const printed: string[] = [];
    const { error } = console;
    before(async () => {
      channel = await startChannel(APP);
      adapter = new TeamsAdapter({
        MicrosoftAppId: APP,
        MicrosoftAppTenantId: APP,
        MicrosoftAppType: 'UserAssignedMsi',
        ToBotFromChannelOpenIdMetadataUrl: channel.metadataUrl,
        ToBotFromChannelTokenIssuer: channel.issuer,
        ToBotFromEmulatorOpenIdMetadataUrl: channel.metadataUrl,
        ToChannelFromBotLoginUrl: 'https://login.microsoftonline.com/botframework.com',
        ToChannelFromBotOAuthScope: 'https://api.botframework.com',
        OAuthUrl: 'https://token.botframework.com',
      });
      console.error = (...what: unknown[]) => void printed.push(what.join(' '));
    });
    after(async () => {
      console.error = error;
      await channel.close();
    });

    async function process(kind: 'wrong-signature' | 'hs256' | 'not-yet-valid' | 'expired'): Promise<number> {
      let status = 0;
      const response = { socket: {}, header: () => undefined, send: () => undefined, end: () => undefined, status: (code: number) => (status = code) } as unknown as Response;
      const request = { body: activity, headers: { authorization: `Bearer ${await channel.mintToken({ serviceUrl: SERVICE_URL, kind })}` }, method: 'POST' } as unknown as Request;
      await adapter.process(request, response, async () => undefined).catch(() => undefined);
      return status;
    }

    for (const kind of ['wrong-signature', 'hs256', 'not-yet-valid'] as const) {
      it(`answers 500 to a token that is ${kind}: CloudAdapter.process is not used (src/bot/server.ts)`, async () => {
        assert.equal(await process(kind), 500);
      });
    }
    it('answers 401 to an expired token, as it should', async () => {
      assert.equal(await process('expired'), 401);
    });
    it('prints the keys of the channel and the errors of tokens (src/log.ts silences the console)', async () => {
      printed.length = 0;
      await process('wrong-signature');
      assert.match(printed.join('\n'), /BEGIN RSA PUBLIC KEY/);
    });
    it('takes an activity without a serviceUrl for one with the right one (src/bot/activity.ts wants it)', async () => {
      const { botFrameworkAuthentication } = adapter as unknown as { botFrameworkAuthentication: { authenticateRequest(given: Activity, header: string): Promise<unknown> } };
      const token = await channel.mintToken({ serviceUrl: 'https://elsewhere.example/' });
      await assert.doesNotReject(botFrameworkAuthentication.authenticateRequest({ type: 'message', channelId: 'msteams' } as Activity, `Bearer ${token}`));
    });
    it('fails with an error of status 500 while the channel’s metadata answers 500, which is no bad token', async () => {
      const down = createServer((_request, response) => void Object.assign(response, { statusCode: 500 }).end());
      await new Promise<void>((resolve) => down.listen(0, '127.0.0.1', resolve));
      const cut = new TeamsAdapter({ MicrosoftAppId: APP, MicrosoftAppTenantId: APP, MicrosoftAppType: 'UserAssignedMsi', ToBotFromChannelOpenIdMetadataUrl: `http://127.0.0.1:${(down.address() as AddressInfo).port}/`, ToBotFromChannelTokenIssuer: channel.issuer }) as unknown as {
        botFrameworkAuthentication: { authenticateRequest(given: Activity, header: string): Promise<unknown> };
      };
      await assert.rejects(cut.botFrameworkAuthentication.authenticateRequest(activity, `Bearer ${await channel.mintToken({ serviceUrl: SERVICE_URL })}`), { statusCode: 500 });
      down.close();
    });
  });
});
