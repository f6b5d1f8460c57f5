import assert from 'node:assert/strict';
import { ConfigurationBotFrameworkAuthentication } from 'botbuilder';
import { ActivityTypes } from 'botframework-schema';
import type { Activity } from 'botframework-schema';
import { tokenKinds } from '../../../sandbox/channel.ts';
import { sharedCloud } from './shared-cloud.ts';

const serviceUrl = 'http://127.0.0.1:5555/connector/';

describe('sandbox channel tokens', function () {

  it('mints what the Bot Framework accepts, and one of each kind that it refuses', async () => {
    const { endpoints, identities, tenantId, channel } = await sharedCloud();
    // All of these or none: setting one turns the defaults of the others off.
    const authentication = new ConfigurationBotFrameworkAuthentication({
      MicrosoftAppId: identities.channel,
      MicrosoftAppTenantId: tenantId,
      MicrosoftAppType: 'UserAssignedMsi',
      ToChannelFromBotLoginUrl: 'https://login.microsoftonline.com/botframework.com',
      ToChannelFromBotOAuthScope: 'https://api.botframework.com',
      ToBotFromChannelTokenIssuer: channel.issuer,
      OAuthUrl: 'https://token.botframework.com',
      ToBotFromChannelOpenIdMetadataUrl: endpoints.channelMetadata,
      ToBotFromEmulatorOpenIdMetadataUrl: endpoints.channelMetadata,
      CallerId: '',
    });
    const activity = { type: ActivityTypes.Message, channelId: 'msteams', serviceUrl } as Activity;
    const outcomes: Record<string, string> = {};
    const { error: write } = console;
    console.error = () => undefined; // botframework-connector 4.23.3 prints every bad token's error, with its keys
    for (const kind of tokenKinds) {
      const token = await channel.mintToken({ serviceUrl, kind });
      outcomes[kind] = await authentication.authenticateRequest(activity, `Bearer ${token}`).then(
        () => 'accepted',
        (error: unknown) => `refused: ${String(error)}`,
      );
    }
    console.error = write;
    assert.equal(outcomes['good'], 'accepted');
    const accepted = Object.entries(outcomes).filter(([, outcome]) => outcome === 'accepted');
    assert.deepEqual(accepted, [['good', 'accepted']], JSON.stringify(outcomes, undefined, 1));
    // Each is refused for its own reason, not for a mistake they share.
    assert.match(outcomes['expired'] ?? '', /expired/i);
    assert.match(outcomes['not-yet-valid'] ?? '', /not active/i);
    assert.match(outcomes['wrong-signature'] ?? '', /invalid signature/i);
    assert.match(outcomes['not-endorsed'] ?? '', /endorse/i);
  });
});
