/** Signs what a client without keys (the Agents Playground, curl) sends to the bot, and changes nothing else. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Channel } from './channel.ts';
import { BodyCutError, BodyTooLargeError, listen, readBody, send, urlOf } from './wire.ts';
import type { Listening } from './wire.ts';

export interface SigningProxyOptions {
  readonly channel: Channel;
  /** The bot's `/api/messages`. */
  readonly botUrl: string;
  /** Signed for when the body names no service URL. */
  readonly defaultServiceUrl?: string;
  readonly port?: number;
}

export interface SigningProxy {
  /** Where clients post activities. */
  readonly url: string;
  close(): Promise<void>;
}

const path = '/api/messages';
const maximumBodyBytes = 5 * 1024 * 1024;
const tokenReuseMs = 10 * 60 * 1000;
const tokensKept = 100;

/** Names of headers that belong to one connection (RFC 9110, 7.6.1) or that Node writes itself. */
const connectionHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'te', 'proxy-connection']);

type ServiceUrl = { readonly kind: 'none' } | { readonly kind: 'loopback' | 'elsewhere'; readonly url: string };

function isLoopback(text: string): boolean {
  try {
    const { hostname, protocol } = new URL(text);
    const isWeb = protocol === 'http:' || protocol === 'https:';
    return isWeb && (hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname));
  } catch {
    return false;
  }
}

function serviceUrlOf(body: Buffer): ServiceUrl {
  try {
    const activity: unknown = JSON.parse(body.toString('utf8'));
    if (typeof activity !== 'object' || activity === null || !('serviceUrl' in activity)) return { kind: 'none' };
    const { serviceUrl } = activity;
    if (typeof serviceUrl !== 'string' || serviceUrl === '') return { kind: 'none' };
    return { kind: isLoopback(serviceUrl) ? 'loopback' : 'elsewhere', url: serviceUrl };
  } catch {
    return { kind: 'none' };
  }
}

function forward(botUrl: string, request: IncomingMessage, body: Buffer, token: string, response: ServerResponse): void {
  const type = request.headers['content-type'];
  const onward = httpRequest(
    botUrl,
    {
      method: request.method,
      // No pool: a kept connection that the bot closes would fail one request now and then.
      agent: false,
      headers: {
        ...(type !== undefined && { 'content-type': type }),
        authorization: `Bearer ${token}`,
        'content-length': body.length,
      },
    },
    (answer) => {
      const headers = Object.entries(answer.headers).filter(([name]) => !connectionHeaders.has(name));
      for (const [name, value] of headers) if (value !== undefined) response.setHeader(name, value);
      response.writeHead(answer.statusCode ?? 502);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    },
  );
  onward.on('error', (error) => send(response, { status: 502, body: { error: `The bot did not answer: ${error.message}.` } }));
  response.on('close', () => onward.destroy());
  onward.end(body);
}

/** Listens on loopback. Refuses nothing itself but what it must not sign: a service URL outside this machine. */
export async function startSigningProxy(options: SigningProxyOptions): Promise<SigningProxy> {
  const { channel, botUrl, defaultServiceUrl = 'http://127.0.0.1/', port } = options;
  const tokens = new Map<string, { readonly token: Promise<string>; readonly untilMs: number }>();
  const tokenFor = (serviceUrl: string): Promise<string> => {
    const known = tokens.get(serviceUrl);
    if (known !== undefined && known.untilMs > Date.now()) return known.token;
    if (tokens.size >= tokensKept) tokens.clear();
    const token = channel.mintToken({ serviceUrl });
    tokens.set(serviceUrl, { token, untilMs: Date.now() + tokenReuseMs });
    return token;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname = '' } = urlOf(request, 'http') ?? {};
    if (pathname !== path) {
      request.resume();
      send(response, { status: 404, body: { error: `The proxy forwards ${path} only.` } });
      return;
    }
    const body = await readBody(request, maximumBodyBytes);
    const serviceUrl = serviceUrlOf(body);
    if (serviceUrl.kind === 'elsewhere') {
      send(response, { status: 400, body: { error: 'The sandbox signs only activities whose `serviceUrl` is a loopback address.' } });
      return;
    }
    forward(botUrl, request, body, await tokenFor(serviceUrl.kind === 'none' ? defaultServiceUrl : serviceUrl.url), response);
  };

  const server: Listening = await listen((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (error instanceof BodyCutError) return;
      const isLarge = error instanceof BodyTooLargeError;
      send(response, { status: isLarge ? 413 : 500, body: { error: isLarge ? 'The body is larger than 5 MB.' : 'The proxy failed.' } });
    });
  }, { port });
  return { url: `http://127.0.0.1:${server.port}${path}`, close: () => server.close() };
}
