/**
 * The model of all bots: Azure OpenAI's chat completions on one plain HTTPS server that does not think. It looks for what
 * is asked in the newest message of the person, and talks as soon as it has seen the result of a tool.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';

/** The last thing that every bot says in a read turn. */
export const LAST_WORDS = 'The devices are listed.';

interface Message {
  readonly role: string;
  readonly content: string | null;
}

export interface Model {
  readonly url: string;
  /** What its clients must trust. */
  readonly caPem: string;
  close(): Promise<void>;
}

export async function startModel(): Promise<Model> {
  // Not from the sandbox's authority, whose key stays in the cloud's process; and of another name, since OpenSSL finds an issuer by its name.
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'model of the measurement' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  let served = 0;
  const server = createServer({ key, cert, keepAlive: true, noDelay: true }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      served += 1;
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly messages: readonly Message[] };
      const answer = JSON.stringify({
        id: `chatcmpl-${served}`,
        object: 'chat.completion',
        created: Math.floor(Date.now() / 1000),
        model: 'bench',
        choices: [{ index: 0, ...reply(body.messages, served), logprobs: null }],
        usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
      });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer), 'apim-request-id': String(served) });
      response.end(answer);
    });
  });
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    caPem: `${cert}\n`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const HANDLE = /person_[a-z2-7]{6,40}/;

function reply(messages: readonly Message[], served: number): { readonly message: unknown; readonly finish_reason: string } {
  const calls = (name: string, parameters: unknown) => ({
    message: { role: 'assistant', content: null, tool_calls: [{ id: `call_${served}`, type: 'function', function: { name, arguments: JSON.stringify(parameters) } }] },
    finish_reason: 'tool_calls',
  });
  const last = messages.at(-1);
  const asked = messages.findLast(({ role, content }) => role === 'user' && content !== null)?.content ?? '';
  const block = /^Block the sign-in of ([^,]+), (.+)$/.exec(asked);
  if (block !== null) {
    const [, name = '', reason = ''] = block;
    if (last?.role !== 'tool') return calls('find_person', { name });
    const found = HANDLE.exec(last.content ?? '')?.[0];
    if (found !== undefined) return calls('block_sign_in', { person: found, reason });
  } else if (last?.role !== 'tool') {
    // Steward says who asks; a bot that does not gets a call without arguments.
    const asker = messages.filter(({ role }) => role === 'system').map(({ content }) => /The person asking is (person_[a-z2-7]{6,40})/.exec(content ?? '')?.[1]).find((each) => each !== undefined);
    return calls('list_devices', asker === undefined ? {} : { person: asker });
  }
  return { message: { role: 'assistant', content: LAST_WORDS }, finish_reason: 'stop' };
}
