/**
 * The door of one Teams client. The Agents Playground sends what it has to a page as soon as the page connects, before the
 * page can take it, and keeps nothing: a card that came while nobody looked is lost, and so is everything at a reload.
 * The door keeps the conversation, and gives it to each page once that page says that it is ready.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { z } from 'zod/v4';
import { closeServer, portOf } from './wire.ts';

export interface ClientDoor {
  readonly port: number;
  close(): Promise<void>;
}

const STREAM = '/_ws_conversation/v1/conversations/stream';
/** What a page posts when it has read its configuration and can show messages. */
const readyPath = /^\/_debug\/conversation\/[^/]+\/installation$/;
const saidPath = /^\/_conversation\/v1\/conversations\/([^/]+)\/messages$/;
const MOST_FRAMES_KEPT = 2_000;
const MOST_FRAME_BYTES = 16 * 1024 * 1024;

/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE_TEXT = 0x1;
const OPCODE_CLOSE = 0x8;

const said = z.object({ from: z.object({ id: z.string() }), text: z.string(), textFormat: z.string().optional() });
const saidAs = z.object({ messageId: z.string(), timestamp: z.number() });

/** Listens on loopback `port`, in front of the client on loopback `behind`, which must answer already. */
export async function openClientDoor({ behind, port }: { readonly behind: number; readonly port: number }): Promise<ClientDoor> {
  const kept: Buffer[] = [];
  const pages = new Map<Duplex, { ready: boolean }>();
  const keep = (frame: Buffer): void => {
    kept.push(frame);
    if (kept.length > MOST_FRAMES_KEPT) kept.shift();
  };
  const show = (): void => {
    for (const [socket, page] of pages) {
      if (page.ready) continue;
      page.ready = true;
      socket.write(Buffer.concat(kept));
    }
  };

  const client = await connect(behind, (payload) => {
    const frame = textFrame(payload);
    if (actionOf(payload) !== 'typing') keep(frame);
    for (const [socket, page] of pages) if (page.ready) socket.write(frame);
  });

  const server = createServer((request, response) => {
    const { method, url = '/' } = request;
    const conversation = method === 'POST' ? saidPath.exec(url)?.[1] : undefined;
    forward(behind, request, response, {
      listen: conversation !== undefined,
      answered: (sent, received) => {
        if (method === 'POST' && readyPath.test(url)) show();
        const own = conversation === undefined ? undefined : ownMessage(conversation, sent, received);
        if (own !== undefined) keep(textFrame(own));
      },
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (request.url !== STREAM) return passOn(behind, request, socket, head);
    socket.write(handshake(request.headers['sec-websocket-key'] ?? ''));
    pages.set(socket, { ready: false });
    // Pages only listen here; the one thing they say is that they go.
    socket.on('data', (chunk: Buffer) => ((chunk[0] ?? 0) & 0x0f) === OPCODE_CLOSE && socket.end());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => pages.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: portOf(server),
    close: async () => {
      client.destroy();
      for (const socket of pages.keys()) socket.destroy();
      await closeServer(server);
    },
  };
}

/** What the client's page does with a message of its own, said as the client says what the bot sends. */
function ownMessage(conversation: string, sent: string, received: string): string | undefined {
  try {
    const { from, text, textFormat = 'plain' } = said.parse(JSON.parse(sent));
    const { messageId, timestamp } = saidAs.parse(JSON.parse(received));
    const message = { messageId, timestamp, from, text, textFormat, attachments: [], attachmentLayout: 'list', mentions: [] };
    return JSON.stringify({ action: 'createMessage', actionConversationId: decodeURIComponent(conversation), message });
  } catch {
    return undefined; // Not a message of a kind that we know: it is not shown again.
  }
}

function actionOf(payload: string): unknown {
  try {
    return (JSON.parse(payload) as { action?: unknown } | null)?.action;
  } catch {
    return undefined;
  }
}

interface Hearing {
  /** Whether `answered` is given both bodies. */
  readonly listen: boolean;
  readonly answered: (sent: string, received: string) => void;
}

function forward(behind: number, request: IncomingMessage, response: ServerResponse, { listen, answered }: Hearing): void {
  const onward = httpRequest({ host: '127.0.0.1', port: behind, method: request.method, path: request.url, headers: request.headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    const received = listen ? collect(answer) : (): string => '';
    answer.once('end', () => answered(sent(), received()));
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  const sent = listen ? collect(request) : (): string => '';
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

function collect(message: IncomingMessage): () => string {
  const chunks: Buffer[] = [];
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Another stream than the conversation's (the log's): bytes both ways. */
function passOn(behind: number, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const onward = httpRequest({ host: '127.0.0.1', port: behind, path: request.url, headers: request.headers, agent: false });
  onward.on('upgrade', (answer, inner: Socket, first: Buffer) => {
    const headers = answer.rawHeaders.flatMap((text, index) => (index % 2 === 0 ? [`${text}: ${answer.rawHeaders[index + 1] ?? ''}`] : []));
    socket.write(['HTTP/1.1 101 Switching Protocols', ...headers, '', ''].join('\r\n'));
    socket.write(first);
    inner.write(head);
    inner.on('error', () => socket.destroy());
    socket.on('close', () => inner.destroy());
    inner.on('close', () => socket.destroy());
    inner.pipe(socket).pipe(inner);
  });
  onward.on('response', () => socket.destroy());
  onward.on('error', () => socket.destroy());
  onward.end();
}

/** Listens to the client's stream, as a page would. */
function connect(port: number, hear: (payload: string) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const key = randomBytes(16).toString('base64');
    const request = httpRequest({ host: '127.0.0.1', port, path: STREAM, agent: false, headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key } });
    request.once('error', reject);
    request.once('response', () => reject(new Error('the Agents Playground has no stream of messages')));
    request.once('upgrade', (_answer, socket: Socket, head: Buffer) => {
      const take = readFrames(hear);
      socket.on('error', () => socket.destroy());
      socket.on('data', take);
      take(head);
      resolve(socket);
    });
    request.end();
  });
}

/** Calls `hear` with each whole text frame. A server's frames are not masked (RFC 6455, 5.1), and this one splits none. */
function readFrames(hear: (payload: string) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 2) return;
      const [first = 0, second = 0] = rest;
      const short = second & 0x7f;
      const header = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (rest.length < header) return;
      const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
      if (length > MOST_FRAME_BYTES) throw new RangeError('a frame of the Agents Playground is too long');
      if (rest.length < header + length) return;
      if ((first & 0x0f) === OPCODE_TEXT) hear(rest.toString('utf8', header, header + length));
      rest = rest.subarray(header + length);
    }
  };
}

function textFrame(text: string): Buffer {
  const payload = Buffer.from(text, 'utf8');
  const header = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  header[0] = 0x80 | OPCODE_TEXT;
  header[1] = header.length === 2 ? payload.length : header.length === 4 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(payload.length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

function handshake(key: string): string {
  const accept = createHash('sha1').update(key + WEBSOCKET_GUID).digest('base64');
  return ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n');
}
