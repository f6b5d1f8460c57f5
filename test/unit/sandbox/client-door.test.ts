import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { openClientDoor, type ClientDoor } from '../../../sandbox/client-door.ts';
import { clientPorts } from '../../../sandbox/clients.ts';
import { Stream } from '../../stories/harness/stream.ts';
import { until } from '../../stories/harness/wait.ts';

/** As much of the Agents Playground as a door sees: a stream, two posts, and anything else. */
class Client {
  readonly #server: Server;
  readonly #pages: Duplex[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      const isMessage = request.url?.endsWith('/messages') === true;
      response.setHeader('x-from', 'client');
      request.on('end', () => response.end(isMessage ? JSON.stringify({ messageId: 'm1', timestamp: 7 }) : `${request.method} ${request.url}`));
    });
    this.#server.on('upgrade', (request, socket: Duplex) => {
      const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      socket.on('error', () => undefined);
      this.#pages.push(socket);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  send(message: unknown): void {
    const payload = Buffer.from(JSON.stringify(message));
    const [long, longest] = [payload.length >= 126, payload.length >= 65_536];
    const header = Buffer.alloc(longest ? 10 : long ? 4 : 2);
    header[0] = 0x81;
    header[1] = longest ? 127 : long ? 126 : payload.length;
    if (longest) header.writeBigUInt64BE(BigInt(payload.length), 2);
    else if (long) header.writeUInt16BE(payload.length, 2);
    const frame = Buffer.concat([header, payload]);
    // In two pieces, as a network may.
    for (const page of this.#pages) {
      page.write(frame.subarray(0, 1));
      page.write(frame.subarray(1));
    }
  }

  close(): void {
    for (const page of this.#pages) page.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('the door of a Teams client', () => {
  let client: Client;
  let door: ClientDoor;
  let url: string;
  beforeEach(async () => {
    client = new Client();
    door = await openClientDoor({ port: 0, behind: await client.listen() });
    url = `http://127.0.0.1:${door.port}`;
  });
  afterEach(async () => {
    client.close();
    await door.close();
  });

  const create = (text: string): unknown => ({ action: 'createMessage', actionConversationId: 'c', message: { text } });
  const opened = async (ready: boolean): Promise<Stream> => Stream.open(url, ready ? { conversation: 'c' } : {});

  it('keeps what came before anybody looked, and gives it to each page in order', async () => {
    const [short, long, longest] = [create('short'), create('x'.repeat(300)), create('y'.repeat(70_000))];
    for (const message of [short, long, longest]) client.send(message);
    for (let page = 0; page < 2; page += 1) {
      const stream = await opened(true);
      await until(() => stream.messages.length >= 3, 2000, 'three messages');
      assert.deepEqual(stream.messages, [short, long, longest]);
      stream.close();
    }
  });

  it('gives a page nothing until it says that it is ready, and nothing twice', async () => {
    client.send(create('before'));
    const stream = await opened(false);
    client.send(create('between'));
    await fetch(`${url}/anything`);
    assert.deepEqual(stream.messages, [], 'the page could not have shown it');
    await fetch(`${url}/_debug/conversation/c/installation`, { method: 'POST', body: '{}' });
    client.send(create('after'));
    await until(() => stream.messages.length >= 3, 2000, 'three messages');
    assert.deepEqual(stream.messages, [create('before'), create('between'), create('after')]);
    stream.close();
  });

  it('keeps what the person wrote, and no typing', async () => {
    await fetch(`${url}/_conversation/v1/conversations/c/messages`, { method: 'POST', body: JSON.stringify({ from: { id: 'me' }, text: '<b>hi</b>', textFormat: 'plain' }) });
    client.send({ action: 'typing', actionConversationId: 'c' });
    client.send(create('answer'));
    const stream = await opened(true);
    await until(() => stream.messages.length >= 2, 2000, 'two messages');
    assert.deepEqual(stream.messages, [
      { action: 'createMessage', actionConversationId: 'c', message: { messageId: 'm1', timestamp: 7, from: { id: 'me' }, text: '<b>hi</b>', textFormat: 'plain', attachments: [], attachmentLayout: 'list', mentions: [] } },
      create('answer'),
    ]);
    stream.close();
  });

  it('passes everything else on as it is', async () => {
    const answer = await fetch(`${url}/page?x=1`);
    assert.equal(answer.headers.get('x-from'), 'client');
    assert.equal(await answer.text(), 'GET /page?x=1');
  });

  it('is open to this machine only', async () => {
    const outside = Object.values(networkInterfaces()).flat().find((address) => address?.family === 'IPv4' && !address.internal);
    if (outside === undefined) return;
    await assert.rejects(fetch(`http://${outside.address}:${door.port}/`));
  });
});

describe('the ports of the Teams clients', () => {
  it('follow each other, and are different ones when they are free to choose', async () => {
    const free = await clientPorts(0);
    assert.equal(new Set(free).size, 3);
    // Below the ports that systems give away by themselves.
    const first = 23_310;
    assert.deepEqual(await clientPorts(first), [first, first + 1, first + 2]);
  });
});
