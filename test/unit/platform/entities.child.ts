/** Prints the entities that a connector receives when nothing patches botframework-connector. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectorClient } from 'botframework-connector';

const server = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    process.stdout.write(JSON.stringify((JSON.parse(text) as { entities: unknown }).entities));
    response.setHeader('content-type', 'application/json');
    response.end('{"id":"a"}');
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new ConnectorClient({ signRequest: async (request) => request }, { baseUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
await client.conversations.sendToConversation('c', { type: 'message', text: 'x', entities: [{ type: 'https://schema.org/Message', additionalType: ['AIGeneratedContent'] }] });
server.closeAllConnections();
server.close();
