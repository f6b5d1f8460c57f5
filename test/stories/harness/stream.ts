/** A page of the Agents Playground without the page: it connects, says that it is ready, and keeps what it is sent. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { parse } from './json.ts';

const PATH = '/_ws_conversation/v1/conversations/stream';

export class Stream {
  readonly messages: unknown[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(client: string, ready: { readonly conversation?: string } = { conversation: 'personal-tobias.lindgren' }): Promise<Stream> {
    const [socket, head] = await new Promise<[Socket, Buffer]>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') };
      request(client + PATH, { headers, agent: false })
        .once('error', reject)
        .once('response', ({ statusCode }) => reject(new Error(`no stream: ${statusCode}`)))
        .once('upgrade', (_answer, opened: Socket, first: Buffer) => resolve([opened, first]))
        .end();
    });
    const stream = new Stream(socket);
    let rest: Buffer = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      rest = Buffer.concat([rest, chunk]);
      // RFC 6455, 5.2: a server's frames are not masked.
      for (;;) {
        const short = (rest[1] ?? 0) & 0x7f;
        const header = short === 126 ? 4 : short === 127 ? 10 : 2;
        if (rest.length < header) return;
        const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
        if (rest.length < header + length) return;
        if (rest[0] === 0x81) stream.messages.push(parse(rest.toString('utf8', header, header + length)));
        rest = rest.subarray(header + length);
      }
    };
    socket.on('data', take);
    take(head);
    if (ready.conversation !== undefined) await fetch(`${client}/_debug/conversation/${ready.conversation}/installation`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    return stream;
  }

  close(): void {
    this.#socket.destroy();
  }
}
