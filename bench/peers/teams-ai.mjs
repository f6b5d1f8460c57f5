/**
 * A Teams AI bot as the samples of the library make it: its planner, its model class, its prompt folder, memory for state,
 * one tool. The tool reads the devices of the person from Graph, as Steward's does. Authentication is on.
 */
import { fileURLToPath } from 'node:url';
import { DefaultAzureCredential, getBearerTokenProvider } from '@azure/identity';
import teamsAi from '@microsoft/teams-ai';
import botbuilder from 'botbuilder';
import { configuration, listen } from './channel.mjs';

const { ActionPlanner, Application, OpenAIModel, PromptManager, TeamsAdapter } = teamsAi;
const { MemoryStorage } = botbuilder;
const { APP_ID, MODEL_URL, MODEL_CLIENT_ID, GRAPH_URL, GRAPH_CLIENT_ID } = process.env;

const model = new OpenAIModel({
  azureADTokenProvider: getBearerTokenProvider(new DefaultAzureCredential({ managedIdentityClientId: MODEL_CLIENT_ID }), 'https://cognitiveservices.azure.com/.default'),
  azureDefaultDeployment: 'planner',
  azureEndpoint: MODEL_URL,
  azureApiVersion: '2024-10-21',
  useSystemMessages: true,
  logRequests: false,
});
const prompts = new PromptManager({ promptsFolder: fileURLToPath(new URL('prompts', import.meta.url)) });
const planner = new ActionPlanner({ model, prompts, defaultPrompt: 'chat' });
const adapter = new TeamsAdapter(configuration);
const app = new Application({ adapter, botAppId: APP_ID, storage: new MemoryStorage(), ai: { planner } });

const graphToken = getBearerTokenProvider(new DefaultAzureCredential({ managedIdentityClientId: GRAPH_CLIENT_ID }), 'https://graph.microsoft.com/.default');
app.ai.action('list_devices', async (context) => {
  const filter = encodeURIComponent(`userId eq '${context.activity.from.aadObjectId}'`);
  const answer = await fetch(`${GRAPH_URL}/v1.0/deviceManagement/managedDevices?$filter=${filter}&$select=id,deviceName,operatingSystem,complianceState,lastSyncDateTime&$top=100`, { headers: { authorization: `Bearer ${await graphToken()}` } });
  if (!answer.ok) throw new Error(`Graph answered ${answer.status}`);
  return JSON.stringify((await answer.json()).value);
});

listen(adapter, (context) => app.run(context));
