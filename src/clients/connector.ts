import { toHttpHeadersLike, type CompatResponse, type RequestPolicy, type WebResourceLike } from '@azure/core-http-compat';
import { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';
import { StewardError } from '../errors.ts';

/** Without a bound, a connector call never ends (botframework-connector 4.23.3). */
const CALL_DEADLINE_MS = 10_000;

/**
 * The HTTP client of the Bot Connector: a deadline for every call, no request to a host that is not a connector's, and
 * no second POST after a failure whose outcome is not known: the framework repeats 5xx up to three times, and a message
 * or a card would be there twice. An error that is not the pipeline's own class is not retried by it.
 */
export function createConnectorClient(isAllowed: (url: string) => boolean): RequestPolicy {
  const client = createDefaultHttpClient();
  return {
    async sendRequest(request: WebResourceLike): Promise<CompatResponse> {
      if (!isAllowed(request.url)) throw new StewardError('SYSTEM_REFUSED', 'the connector host is not on the list');
      const repeatable = request.method !== 'POST';
      const pipelineRequest = createPipelineRequest({
        url: request.url,
        method: request.method,
        headers: createHttpHeaders(request.headers.rawHeaders()),
        // Bodies of the connector are JSON text; the compat type is wider.
        body: request.body as string | undefined,
        timeout: CALL_DEADLINE_MS,
        abortSignal: AbortSignal.timeout(CALL_DEADLINE_MS),
        allowInsecureConnection: request.url.startsWith('http://'),
      });
      let response;
      try {
        response = await client.sendRequest(pipelineRequest);
      } catch (error) {
        if (repeatable) throw error;
        throw new StewardError('SYSTEM_UNAVAILABLE', 'the connector did not answer a message', { cause: error });
      }
      if (!repeatable && response.status >= 500) throw new StewardError('SYSTEM_UNAVAILABLE', `the connector answered ${response.status} to a message`);
      return { ...response, request, headers: toHttpHeadersLike(response.headers) };
    },
  };
}
