/**
 * The sandbox's Azure OpenAI. It speaks the wire protocol and knows nothing of who calls it. Behind chat completions is no
 * language model but a tool picker (`picker.ts`), which quotes from passages where a request brings them (`extract.ts`), and
 * every answer says so; behind embeddings are real weights.
 */
import type { Handler, SandboxRequest, SandboxResponse, Service } from '../http.ts';
import { createEmbedder, DIMENSIONS } from './embedding.ts';
import { extract, readExtraction, readFields, writeQuotes } from './extract.ts';
import { pickNext } from './picker.ts';
import type { Similarity } from './plan.ts';
import { createRelay } from './relay.ts';
import type { RelayOptions } from './relay.ts';
import { formatted } from './response-format.ts';
import { isOrdinaryWord } from './vocabulary.ts';
import { azureError, openAiError, WireError } from './wire-error.ts';
import { chatResponse, checkContent, embeddingsResponse, readChatRequest, readEmbeddingsRequest, responseHeaders } from './wire.ts';
import type { ChatRequest } from './wire.ts';

export interface ModelServiceOptions {
  /** Client ids with the role Cognitive Services OpenAI User; everybody with a token when absent. */
  readonly reasonerClientIds?: ReadonlySet<string>;
  /** Name of the one deployment, for chat and embeddings alike. */
  readonly deployment: string;
  readonly relay?: RelayOptions;
  /** Latency added to each completion, for tests of slow models. */
  readonly delayMs?: () => number;
}

export const MODEL_AUDIENCE = 'https://cognitiveservices.azure.com';

export function createModelService(options: ModelServiceOptions): Service & { prepare(): Promise<void> } {
  const embedder = createEmbedder();
  const relay = options.relay === undefined ? undefined : createRelay(options.relay, options.deployment);

  const chat = async (request: SandboxRequest): Promise<SandboxResponse> => {
    const delay = options.delayMs?.() ?? 0;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (relay !== undefined) return relay.forward(request.body);
    const wanted = readChatRequest(request.body, request.url.searchParams.get('api-version') ?? '');
    checkContent(wanted.messages);
    const grounded = await answerFromPassages(wanted, embedder.similarity);
    if (grounded !== undefined) return chatResponse({ text: grounded }, wanted, request.body);
    embedder.warm(wanted.tools.map((tool) => tool.description));
    const picked = await pickNext(
      {
        messages: wanted.messages,
        tools: wanted.toolChoice === 'none' ? [] : wanted.tools,
        ...(typeof wanted.toolChoice === 'object' || wanted.toolChoice === 'required' ? { choice: wanted.toolChoice } : {}),
      },
      embedder.similarity,
    );
    const calls = 'calls' in picked && !wanted.parallel ? { calls: picked.calls.slice(0, 1) } : picked;
    return chatResponse('text' in calls ? { text: formatted(calls.text, wanted.format) } : calls, wanted, request.body);
  };

  const embeddings = async (request: SandboxRequest): Promise<SandboxResponse> => {
    const wanted = readEmbeddingsRequest(request.body);
    if (wanted.dimensions !== undefined && wanted.dimensions !== DIMENSIONS) {
      throw new WireError(400, openAiError(`This model has ${String(DIMENSIONS)} dimensions and cannot be shortened.`, 'dimensions', 'invalid_value'));
    }
    return embeddingsResponse(await embedder.embedAll(wanted.inputs), wanted);
  };

  const guarded = (handle: (request: SandboxRequest) => Promise<SandboxResponse>): Handler['handle'] => async (request) => {
    const refused = refuse(request, options);
    if (refused !== undefined) return refused;
    try {
      return await handle(request);
    } catch (error) {
      if (error instanceof WireError) return { status: error.status, headers: responseHeaders(), body: error.body };
      throw error;
    }
  };

  return {
    name: 'openai',
    audience: MODEL_AUDIENCE,
    handlers: [
      { method: 'POST', path: '/openai/deployments/:deployment/chat/completions', handle: guarded(chat) },
      { method: 'POST', path: '/openai/deployments/:deployment/embeddings', handle: guarded(embeddings) },
    ],
    error: (_status, code, message) => azureError(code, message),
    prepare: async () => {
      isOrdinaryWord('');
      await embedder.prepare();
    },
  };
}

/** The answer to a question that came with passages and a schema for sentences and their sources; undefined for all else. */
async function answerFromPassages({ messages, tools, format }: ChatRequest, similarity: Similarity): Promise<string | undefined> {
  const fields = format.type === 'json_schema' && tools.length === 0 ? readFields(format.schema) : undefined;
  const last = messages.at(-1);
  const extraction = fields !== undefined && last?.role === 'user' ? readExtraction(last.content) : undefined;
  return fields === undefined || extraction === undefined ? undefined : writeQuotes(await extract(extraction, similarity), fields);
}

/** Token, role, api-version and deployment, in the order in which Azure looks at them. */
function refuse(request: SandboxRequest, options: ModelServiceOptions): SandboxResponse | undefined {
  const answer = (status: number, code: string, message: string): SandboxResponse => ({ status, headers: responseHeaders(), body: azureError(code, message) });
  if (request.identity === undefined || request.identity.audience.replace(/\/$/u, '') !== MODEL_AUDIENCE) {
    return answer(401, '401', 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.');
  }
  if (options.reasonerClientIds !== undefined && !options.reasonerClientIds.has(request.identity.clientId)) {
    return answer(401, 'PermissionDenied', `The principal \`${request.identity.clientId}\` lacks the required data action \`Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action\` to perform \`POST ${request.url.pathname}\` operation.`);
  }
  const version = request.url.searchParams.get('api-version');
  if (version === null || !/^\d{4}-\d{2}-\d{2}(?:-preview)?$/u.test(version)) return answer(404, '404', 'Resource not found');
  if (request.params['deployment']?.toLowerCase() !== options.deployment.toLowerCase()) {
    return answer(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.');
  }
  return undefined;
}
