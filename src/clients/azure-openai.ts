import '@azure/openai/types';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { APIError, AzureOpenAI } from 'openai';
import { StewardError } from '../errors.ts';
import { apiVersions } from './api-versions.ts';
import { scopeOf } from './clouds.ts';
import { EgressError, fetchOver } from './egress.ts';

/** One deployment of Azure OpenAI under one identity. */
export interface DeploymentOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly deployment: string;
  readonly timeoutMs?: number;
}

/** Longer than a turn may take: its deadline ends a call that hangs, and says so in words. */
export const MODEL_TIMEOUT_MS = 60_000;

/** A client that never repeats a call: each attempt is reserved for. */
export function openAzureOpenAI({ credential, deployment, endpoint, httpClient, timeoutMs = MODEL_TIMEOUT_MS }: DeploymentOptions): AzureOpenAI {
  return new AzureOpenAI({
    // `baseURL`, not `endpoint`: with OPENAI_BASE_URL in the environment the latter is refused, and main.ts is the
    // only file that reads the environment.
    baseURL: `${endpoint}/openai`,
    deployment,
    apiVersion: apiVersions.openai,
    azureADTokenProvider: async () => {
      const token = await credential.getToken(scopeOf('openai'));
      if (token === null) throw new StewardError('MODEL_UNAVAILABLE', 'no token for the model');
      return token.token;
    },
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: timeoutMs,
    // openai types `fetch` by whichever shim it picked at load; ours takes and gives what the platform's does.
    fetch: fetchOver(httpClient, timeoutMs) as never,
  });
}

/** What the SDK gives back for a call: its parsed body, and the response with its headers. */
interface Pending {
  withResponse(): Promise<{ readonly data: unknown; readonly response: { readonly headers: { get(name: string): string | null } } }>;
}

/** The body of one answer, unjudged. Fails with the reason of an abort, or with one of the `MODEL_…` codes. */
export async function answerOf(signal: AbortSignal, send: (own: AbortSignal) => Pending): Promise<{ readonly received: unknown; readonly requestId: string }> {
  signal.throwIfAborted();
  // A signal of this call's own: the SDK (4.77.4) never takes its listener off again, and the caller's lives longer.
  const call = new AbortController();
  const onAbort = (): void => call.abort();
  signal.addEventListener('abort', onAbort);
  try {
    const { data, response } = await send(call.signal).withResponse();
    return { received: data, requestId: response.headers.get('apim-request-id') ?? response.headers.get('x-request-id') ?? '' };
  } catch (error) {
    signal.throwIfAborted();
    throw modelError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Which of the model's codes an error of the SDK is. The SDK's texts repeat request data, so none is passed on. */
function modelError(error: unknown): StewardError {
  if (error instanceof StewardError && error.code.startsWith('MODEL_')) return error;
  if (error instanceof APIError && error.status !== undefined) {
    if (error.status === 429) return new StewardError('MODEL_BUSY', 'the model is throttling');
    if (error.status === 400 && error.code === 'content_filter') return new StewardError('MODEL_FILTERED', 'the request was filtered');
    return new StewardError('MODEL_UNAVAILABLE', `the model answered ${error.status}`);
  }
  // A 200 whose body is not JSON fails in the SDK's parser.
  if (error instanceof SyntaxError) return new StewardError('MODEL_MALFORMED', 'the model answered something that is not JSON');
  if (causes(error).some((cause) => cause instanceof EgressError && cause.code === 'RESPONSE_TOO_LARGE')) return new StewardError('MODEL_MALFORMED', 'the model answered too much');
  return new StewardError('MODEL_UNAVAILABLE', 'the model gave no answer');
}

function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  return chain;
}
