import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { createHttpHeaders, createPipelineRequest, type HttpClient, type HttpMethods, type PipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { StewardError } from '../errors.ts';

/**
 * The one pipeline for outbound HTTP. Written here and not taken from core-rest-pipeline, because that client stops its
 * timeout at the headers, reads bodies of any size, and waits for ever when a compressed body breaks off (1.24.0).
 */
export interface EgressOptions {
  /** Base URLs; host and port of a request must be one of theirs exactly. Empty allows nothing. */
  readonly allow: readonly string[];
  readonly agent?: Agent;
  /** The largest answer that is read. */
  readonly mostResponseBytes?: number;
  /** The time from start to last byte when a request asks for none. */
  readonly timeoutMs?: number;
  /** The most time that a request can ask for. */
  readonly longestMs?: number;
}

export interface Egress {
  /** For the `httpClient` option of every Azure SDK client. */
  readonly httpClient: HttpClient;
  close(): void;
}

/**
 * A request that got no whole answer. `sent` is false only when surely nothing reached the other side, so that an effect
 * can be called "not done" instead of "unknown".
 */
export class EgressError extends Error {
  /** Node's, or `ETIMEDOUT`, `ABORTED`, `RESPONSE_TOO_LARGE`, `RESPONSE_ENCODED`. */
  readonly code: string;
  readonly sent: boolean;

  constructor(code: string, message: string, sent: boolean, options?: ErrorOptions) {
    super(message, options);
    // Azure's SDKs know an abort by its name.
    this.name = code === 'ABORTED' ? 'AbortError' : 'EgressError';
    this.code = code;
    this.sent = sent;
  }
}

const MEBIBYTE = 1024 * 1024;

export function createEgress(options: EgressOptions): Egress {
  const { mostResponseBytes = 4 * MEBIBYTE, timeoutMs = 10_000, longestMs = 30_000 } = options;
  const origins = new Set(options.allow.map((base) => new URL(base).origin));
  const own = options.agent === undefined ? new Agent({ keepAlive: true, minVersion: 'TLSv1.2' }) : undefined;
  const agent = options.agent ?? own;
  // For requests that ask for a connection of their own: an effect on a pooled connection that the server has just
  // closed would end in "unknown" for no reason.
  const single = new Agent({ ...(agent?.options ?? {}), keepAlive: false });

  const sendRequest = async (request: PipelineRequest): Promise<PipelineResponse> => {
    const url = new URL(request.url);
    if (url.protocol !== 'https:' || !origins.has(url.origin) || url.username !== '' || url.password !== '') {
      throw new StewardError('SYSTEM_REFUSED', 'the host of a request is not on the egress list');
    }
    const limitMs = request.timeout > 0 ? Math.min(request.timeout, longestMs) : timeoutMs;
    return exchange(request, url, { agent: request.disableKeepAlive ? single : agent, limitMs, mostResponseBytes });
  };

  return {
    httpClient: { sendRequest },
    close: () => {
      own?.destroy();
      single.destroy();
    },
  };
}

interface ExchangeOptions {
  readonly agent: Agent | undefined;
  readonly limitMs: number;
  readonly mostResponseBytes: number;
}

/** One request and its whole answer. Redirects are answers like any other: whoever follows one comes through here again. */
function exchange(request: PipelineRequest, url: URL, { agent, limitMs, mostResponseBytes }: ExchangeOptions): Promise<PipelineResponse> {
  const body = bytesOf(request.body);
  // Compressed answers would need a second bound against bombs, and Azure's JSON is small.
  request.headers.set('Accept-Encoding', 'identity');
  if (body !== undefined) request.headers.set('Content-Length', body.byteLength);

  return new Promise((resolve, reject) => {
    const { abortSignal } = request;
    let sent = false;

    const outgoing = httpsRequest({ ...urlToHttpOptions(url), agent, method: request.method, headers: request.headers.toJSON({ preserveCase: true }) });

    const finish = (): void => {
      clearTimeout(timer);
      abortSignal?.removeEventListener('abort', onAbort);
    };
    const fail = (code: string, message: string, cause?: unknown): void => {
      finish();
      reject(new EgressError(code, message, sent, { cause }));
      outgoing.destroy();
    };
    const onAbort = (): void => {
      fail('ABORTED', 'the request was aborted');
    };
    const timer = setTimeout(() => {
      fail('ETIMEDOUT', `no whole answer within ${limitMs} ms`);
    }, limitMs);

    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      fail(error.code ?? 'REQUEST_SEND_ERROR', 'the connection failed', error);
    });
    outgoing.once('socket', (socket) => {
      // Nothing is written before the handshake is done and the certificate was accepted.
      if (outgoing.reusedSocket) sent = true;
      else socket.once('secureConnect', () => (sent = true));
    });
    outgoing.once('response', (incoming) => {
      sent = true;
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostResponseBytes) fail('RESPONSE_TOO_LARGE', `an answer of more than ${mostResponseBytes} bytes`);
        else chunks.push(chunk);
      });
      incoming.on('error', (error: NodeJS.ErrnoException) => {
        fail(error.code ?? 'ECONNRESET', 'the answer broke off', error);
      });
      incoming.on('end', () => {
        const encoding = incoming.headers['content-encoding'];
        if (encoding !== undefined && encoding !== 'identity') {
          fail('RESPONSE_ENCODED', 'an answer in an encoding that was not asked for');
          return;
        }
        finish();
        const status = incoming.statusCode ?? 0;
        const headers = createHttpHeaders();
        for (const [name, value] of Object.entries(incoming.headers)) {
          const first = Array.isArray(value) ? value[0] : value;
          if (first !== undefined) headers.set(name, first);
        }
        const whole = Buffer.concat(chunks);
        const wanted = request.streamResponseStatusCodes;
        const asStream = wanted?.has(status) === true || wanted?.has(Number.POSITIVE_INFINITY) === true;
        resolve({ request, status, headers, ...(asStream ? { readableStreamBody: Readable.from([whole]) } : { bodyAsText: whole.toString('utf8') }) });
      });
    });

    if (abortSignal?.aborted === true) onAbort();
    else {
      abortSignal?.addEventListener('abort', onAbort);
      outgoing.end(body);
    }
  });
}

/** The bytes of a body. Streams and forms are refused: nothing here sends one, and their size is not known before. */
function bytesOf(body: PipelineRequest['body']): Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new StewardError('UNEXPECTED', 'a request body of an unknown kind');
}

/** The egress as a `fetch`, for clients that are not Azure's. */
export function fetchOver(httpClient: HttpClient, timeoutMs: number): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return async (input, init = {}) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    if (init.body !== undefined && init.body !== null && typeof init.body !== 'string') throw new StewardError('UNEXPECTED', 'a request body of an unknown kind');
    const answer = await httpClient.sendRequest(
      createPipelineRequest({
        url,
        // `fetch` leaves the method open; those that core-rest-pipeline does not know fail at the other side.
        method: (init.method ?? 'GET') as HttpMethods,
        headers: createHttpHeaders(Object.fromEntries(new Headers(init.headers))),
        ...(typeof init.body === 'string' ? { body: init.body } : {}),
        ...(init.signal ? { abortSignal: init.signal } : {}),
        timeout: timeoutMs,
      }),
    );
    const noBody = answer.status === 204 || answer.status === 304;
    return new Response(noBody ? null : (answer.bodyAsText ?? ''), { status: answer.status, headers: answer.headers.toJSON() });
  };
}
