import { createRequire } from 'node:module';
import { TeamsAdapter } from '@microsoft/teams-ai';
import type { Activity, ConversationReference, TurnContext } from 'botbuilder';
import { ServiceClientCredentialsFactory, type AuthenticateRequestResult, type BotFrameworkAuthentication } from 'botframework-connector';
import type { Place } from '../guard/approval.ts';

/**
 * botbuilder 4.23.3 drops every property of `activity.entities[]` but type, text and mentioned when it sends: its
 * mapper for Entity lacks `additionalProperties`. AI label and citations would arrive empty.
 */
const { Entity } = createRequire(import.meta.url)('botframework-connector/lib/connectorApi/models/mappers.js') as { Entity: { type: { additionalProperties?: unknown } } };
Entity.type.additionalProperties = { type: { name: 'Object' } };

/** The HTTP client that the connector uses, as its options take it. */
export type ConnectorHttpClient = NonNullable<NonNullable<ConstructorParameters<typeof TeamsAdapter>[3]>['httpClient']>;

export interface AdapterSettings {
  /** Client id of the channel identity: the bot's app id. Never empty: an empty one switches authentication off. */
  readonly appId: string;
  readonly tenantId: string;
  /** Where the channel's signing keys come from; absent in production, which uses Bot Framework's own. */
  readonly channelKeys?: { readonly metadataUrl: string; readonly issuer: string };
  readonly httpClient: ConnectorHttpClient;
  /** A token of the channel identity for the connector. */
  readonly connectorToken: () => Promise<string>;
  /** Told each token that the channel sent and that was good: it opens Steward to whoever has it. */
  readonly onToken?: (token: string) => void;
}

/** CloudAdapter with what Steward needs of it: authenticate first, run later, send at any time. */
export class StewardAdapter extends TeamsAdapter {
  readonly #appId: string;
  readonly #onToken: AdapterSettings['onToken'];

  constructor(settings: AdapterSettings) {
    if (settings.appId === '' || settings.tenantId === '') throw new TypeError('the adapter needs an app id and a tenant id');
    super(
      {
        MicrosoftAppId: settings.appId,
        MicrosoftAppTenantId: settings.tenantId,
        // Set always: the default, MultiTenant, fails open when the app id is missing.
        MicrosoftAppType: 'UserAssignedMsi',
        ...(settings.channelKeys && channelConfiguration(settings.channelKeys)),
      },
      new ChannelCredentials(settings.appId, settings.connectorToken),
      undefined,
      { httpClient: settings.httpClient },
    );
    this.#appId = settings.appId;
    this.#onToken = settings.onToken;
  }

  /** Checks the token of a request. Fails in many ways, all of which mean no. */
  async authenticate(activity: Activity, authorization: string): Promise<AuthenticateRequestResult> {
    // Typed on the base class as protected in some releases and public in others.
    const authenticated = await (this as unknown as { botFrameworkAuthentication: BotFrameworkAuthentication }).botFrameworkAuthentication.authenticateRequest(activity, authorization);
    // Not before: anybody can send a header with a colleague's name in it.
    this.#onToken?.(authorization.replace(/^Bearer +/i, ''));
    return authenticated;
  }

  /** Runs a turn for an activity whose token was checked. */
  async runTurn(authenticated: AuthenticateRequestResult, activity: Activity, logic: (context: TurnContext) => Promise<void>): Promise<void> {
    await this.processActivity(authenticated, activity, logic);
  }

  /** Runs logic in a conversation without a message to answer. */
  async at<T>(place: Place, logic: (context: TurnContext) => Promise<T>): Promise<T> {
    let result: { readonly value: T } | undefined;
    await this.continueConversationAsync(this.#appId, referenceOf(place), async (context) => {
      result = { value: await logic(context) };
    });
    if (result === undefined) throw new Error('the conversation could not be continued');
    return result.value;
  }
}

type Credentials = Awaited<ReturnType<ServiceClientCredentialsFactory['createCredentials']>>;

/** Signs connector calls with the channel identity. The framework's own factory makes a credential for every turn. */
class ChannelCredentials extends ServiceClientCredentialsFactory {
  readonly #appId: string;
  readonly #token: () => Promise<string>;

  constructor(appId: string, token: () => Promise<string>) {
    super();
    this.#appId = appId;
    this.#token = token;
  }

  async isValidAppId(appId: string): Promise<boolean> {
    return appId === this.#appId;
  }

  // INVARIANT: inbound authentication is on, whatever the configuration says.
  async isAuthenticationDisabled(): Promise<boolean> {
    return false;
  }

  async createCredentials(): Promise<Credentials> {
    const credentials: Credentials = {
      signRequest: async (request) => {
        request.headers.set('authorization', `Bearer ${await this.#token()}`);
        return request;
      },
    };
    return credentials;
  }
}

/** The language that the person's Teams is set to, where it says one that is one (BCP 47). */
export function localeOf({ locale }: Activity): { readonly locale?: string } {
  return locale !== undefined && /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}$/.test(locale) ? { locale } : {};
}

/** The app was removed, or somebody left. */
export function isFarewell(activity: object): boolean {
  const { action, membersRemoved } = activity as { readonly action?: unknown; readonly membersRemoved?: unknown };
  return action === 'remove' || (Array.isArray(membersRemoved) && membersRemoved.length > 0);
}

/** Where an activity came from, as it is stored. */
export function placeOf(activity: Activity, tenantId: string): Place {
  // Teams always says it; other channels may leave it out (botbuilder's type does not know).
  const { conversationType } = activity.conversation as { conversationType?: string };
  return {
    conversationId: activity.conversation.id,
    serviceUrl: activity.serviceUrl,
    tenantId,
    botId: activity.recipient.id,
    channelId: activity.channelId,
    conversationType: conversationType ?? (activity.conversation.isGroup ? 'groupChat' : 'personal'),
  };
}

function referenceOf(place: Place): Partial<ConversationReference> {
  const bot = { id: place.botId, name: '' };
  return {
    bot,
    channelId: place.channelId,
    serviceUrl: place.serviceUrl,
    conversation: { id: place.conversationId, isGroup: place.conversationType !== 'personal', conversationType: place.conversationType, tenantId: place.tenantId, name: '' },
  };
}

/**
 * Setting any one of these turns the defaults of all of them off (botframework-connector 4.23.3), so they come
 * together or not at all.
 */
function channelConfiguration(keys: NonNullable<AdapterSettings['channelKeys']>): Record<string, string> {
  return {
    ToBotFromChannelOpenIdMetadataUrl: keys.metadataUrl,
    ToBotFromChannelTokenIssuer: keys.issuer,
    ToBotFromEmulatorOpenIdMetadataUrl: keys.metadataUrl,
    ToChannelFromBotLoginUrl: 'https://login.microsoftonline.com/botframework.com',
    ToChannelFromBotOAuthScope: 'https://api.botframework.com',
    OAuthUrl: 'https://token.botframework.com',
  };
}
