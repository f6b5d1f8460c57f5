import type { TokenCredential } from '@azure/core-auth';
import { createHttpHeaders, createPipelineRequest, type HttpClient, type RequestBodyType } from '@azure/core-rest-pipeline';
import { ContainerClient, newPipeline } from '@azure/storage-blob';
import { StewardError } from '../errors.ts';
import { backoffMs, wait } from './wait.ts';

export interface BlobOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
}

const ATTEMPT_MS = 4_000;

/** A container, without the SDK's own repetition: it would append a second time what was appended, and call its own conflict a fork. */
export function openContainer(name: string, { credential, endpoint, httpClient }: BlobOptions): ContainerClient {
  return new ContainerClient(`${endpoint}/${name}`, newPipeline(credential, { retryOptions: { maxTries: 1 }, httpClient: compatible(httpClient) }));
}

/**
 * Repeats what failed for a passing reason (no answer, or one that says to come again) until `totalMs` are up: one
 * failed append ends the ledger of this instance for good, so a moment without storage must not be one.
 */
export async function repeated<T>(totalMs: number, operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(totalMs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation(AbortSignal.any([deadline, AbortSignal.timeout(ATTEMPT_MS)]));
    } catch (error) {
      const status = statusOf(error);
      const passing = status === undefined || status === 408 || status === 429 || status >= 500;
      if (!passing || error instanceof StewardError || !(await passes(backoffMs(attempt, 100, 2_000), deadline))) throw error;
    }
  }
}

/** Waits; false when the deadline came first. */
async function passes(ms: number, deadline: AbortSignal): Promise<boolean> {
  return wait(ms, deadline).then(
    () => true,
    () => false,
  );
}

type CompatibleClient = NonNullable<NonNullable<Parameters<typeof newPipeline>[1]>['httpClient']>;

/** The storage SDK takes an `httpClient` of the generation before; this is ours in that shape. */
function compatible(httpClient: HttpClient): CompatibleClient {
  return {
    sendRequest: async (request) => {
      const answer = await httpClient.sendRequest(
        createPipelineRequest({
          url: request.url,
          method: request.method,
          headers: createHttpHeaders(request.headers.toJson({ preserveCase: true })),
          timeout: request.timeout,
          body: request.body as RequestBodyType, // untyped in that generation; the egress refuses what it does not know
          ...(request.abortSignal === undefined ? {} : { abortSignal: request.abortSignal }),
          ...(request.streamResponseStatusCodes === undefined ? {} : { streamResponseStatusCodes: request.streamResponseStatusCodes }),
        }),
      );
      // The class of these headers is not exported to us; a copy of the request's, emptied, is of the right one.
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      for (const [name, value] of answer.headers) headers.set(name, value);
      const { status, bodyAsText, readableStreamBody } = answer;
      return { request, status, headers, ...(bodyAsText === undefined ? {} : { bodyAsText }), ...(readableStreamBody === undefined ? {} : { readableStreamBody }) };
    },
  };
}

/** The HTTP status of an SDK's error. */
export function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
