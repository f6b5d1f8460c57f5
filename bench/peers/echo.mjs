/** The echo bot of the Bot Framework samples. It calls nothing: what remains is the price of a message. */
import botbuilder from 'botbuilder';
import { configuration, listen } from './channel.mjs';

const { ActivityHandler, CloudAdapter, ConfigurationBotFrameworkAuthentication } = botbuilder;

const bot = new ActivityHandler();
bot.onMessage(async (context, next) => {
  await context.sendActivity(`Echo: ${context.activity.text}`);
  await next();
});

listen(new CloudAdapter(new ConfigurationBotFrameworkAuthentication(configuration)), (context) => bot.run(context));
