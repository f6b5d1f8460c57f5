/** What both bare bots share: the adapter as a production bot has it, with authentication, and the server of the samples. */
import restify from 'restify';

const { APP_ID, TENANT_ID, CHANNEL_METADATA_URL, CHANNEL_ISSUER, PORT = '0' } = process.env;

/** Tokens are checked against the keys of the emulated channel; replies are signed by the managed identity of the bot. */
export const configuration = {
  MicrosoftAppType: 'UserAssignedMsi',
  MicrosoftAppId: APP_ID,
  MicrosoftAppTenantId: TENANT_ID,
  ToBotFromChannelOpenIdMetadataUrl: CHANNEL_METADATA_URL,
  ToBotFromChannelTokenIssuer: CHANNEL_ISSUER,
  ToBotFromEmulatorOpenIdMetadataUrl: CHANNEL_METADATA_URL,
  ToChannelFromBotLoginUrl: 'https://login.microsoftonline.com/botframework.com',
  ToChannelFromBotOAuthScope: 'https://api.botframework.com',
  OAuthUrl: 'https://token.botframework.com',
};

/** Serves `/api/messages` and tells the parent its port. */
export function listen(adapter, logic) {
  adapter.onTurnError = async (_context, error) => void process.stderr.write(`${error?.stack ?? error}\n`);
  const server = restify.createServer();
  server.use(restify.plugins.bodyParser());
  server.post('/api/messages', async (request, response) => {
    await adapter.process(request, response, logic);
  });
  server.listen(Number(PORT), '127.0.0.1', () => process.send?.({ ready: { port: server.address().port } }));
  process.once('disconnect', () => process.exit(0));
}
