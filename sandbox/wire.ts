/** The few things every sandbox server does with HTTP: listen on loopback, read a body, answer. */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly port: number;
  /** Cuts open connections, so that a hanging request cannot keep the process alive. */
  close(): Promise<void>;
}

export interface ServerKey {
  readonly key: string;
  readonly cert: string;
}

export interface ListenOptions {
  readonly tls?: ServerKey | undefined;
  readonly port?: number | undefined;
}

/** Longer than any client keeps a connection idle: a server that closes first makes the next request fail. */
export const keepAliveSeconds = 65;

const json = 'application/json; charset=utf-8';
const text = 'text/plain; charset=utf-8';

/** Listens on 127.0.0.1 and nowhere else; port 0 takes a free one. With `tls` it speaks https. */
export async function listen(handle: RequestListener, { tls, port = 0 }: ListenOptions = {}): Promise<Listening> {
  const server: Server | TlsServer = tls === undefined ? createHttpServer(handle) : createHttpsServer({ ...tls }, handle);
  server.keepAliveTimeout = keepAliveSeconds * 1000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  server.on('error', (error) => process.stderr.write(`sandbox: ${String(error)}\n`));
  return { port: portOf(server), close: () => closeServer(server) };
}

export const portOf = (server: Server | TlsServer): number => (server.address() as AddressInfo).port; // always TCP here

/** Stops listening and cuts what is open. */
export async function closeServer(server: Server | TlsServer): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}

/** The body grew past the limit. */
export class BodyTooLargeError extends Error {}

/** The client went away before its body was complete. */
export class BodyCutError extends Error {}

/** Reads the whole body, or throws BodyTooLargeError or BodyCutError. */
export async function readBody(request: IncomingMessage, maximumBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      // The rest is still read and dropped: a client that is busy sending would not see an early answer.
      if (length <= maximumBytes) chunks.push(chunk);
    });
    request.once('end', () => {
      if (length > maximumBytes) reject(new BodyTooLargeError());
      else resolve(Buffer.concat(chunks));
    });
    request.once('error', () => reject(new BodyCutError()));
    request.once('close', () => reject(new BodyCutError()));
  });
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON, unless it is a string or bytes. */
  readonly body?: unknown;
}

/**
 * Writes one answer. `before` runs when nothing can fail any more and the client has seen nothing yet. A client that
 * has gone away is no error.
 */
export function send(response: ServerResponse, { status, headers = {}, body }: Answer, before?: () => void): void {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  // Serialised first: a value that JSON cannot say must fail before anything is on the wire.
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = isRaw ? body : JSON.stringify(body);
  before?.();
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (bytes === undefined) {
    if (status !== 204 && status !== 304) response.setHeader('content-length', 0);
    response.end();
    return;
  }
  if (!names.has('content-type')) response.setHeader('content-type', typeof body === 'string' ? text : json);
  response.setHeader('content-length', Buffer.byteLength(bytes));
  response.end(bytes);
}

/** The URL of a request as the client meant it; undefined when it is not one. */
export function urlOf(request: IncomingMessage, scheme: 'http' | 'https'): URL | undefined {
  const { url = '/', headers } = request;
  // `//host/x` in a request line is a path, but a relative reference would read it as a host.
  const origin = `${scheme}://${headers.host ?? '127.0.0.1'}`;
  for (const base of [origin, `${scheme}://127.0.0.1`]) {
    try {
      return url.startsWith('/') ? new URL(base + url) : new URL(url, base);
    } catch {
      // An impossible Host header must not hide the path.
    }
  }
  return undefined;
}
