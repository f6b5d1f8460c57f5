import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Control } from './harness/journal.ts';
import { isObject, parse, textAt } from './harness/json.ts';
import { Stream } from './harness/stream.ts';
import { crowding, PATIENCE_MS } from '../machine.ts';
import { until } from './harness/wait.ts';
import { verifies } from '../requirements.ts';

const root = new URL('../../', import.meta.url);

const GONE_MS = 3_000;

/** What `npm start -- …` runs, in a process group of its own, as a terminal does. */
class Run {
  readonly #child: ChildProcess;
  readonly startedMs = Date.now();
  stdout = '';
  stderr = '';
  code: number | null | undefined;

  constructor(...options: readonly string[]) {
    this.#child = spawn(process.execPath, ['scripts/with-dependencies.mjs', 'start', ...options], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('utf8')));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('utf8')));
    this.#child.once('close', (code) => (this.code = code ?? -1));
  }

  async ready(): Promise<unknown> {
    const line = await until(() => (this.code === undefined ? this.stdout.split('\n').find((text) => text.includes('"ready"')) : 'over'), PATIENCE_MS, `ready; stderr: ${this.stderr}`);
    assert.notEqual(line, 'over', `it ended with ${this.code}: ${this.stderr}`);
    return parse(line);
  }

  /** What is printed with the clients: one block, closed by an empty line. */
  async welcomed(): Promise<string> {
    await until(() => this.code !== undefined || /Ctrl-C[^]*\n\n$/.test(this.stdout), 2 * PATIENCE_MS, `the clients; stderr: ${this.stderr}`);
    assert.equal(this.code, undefined, `it ended with ${this.code}: ${this.stderr}`);
    return this.stdout;
  }

  async ended(timeoutMs: number): Promise<number | null> {
    await until(() => this.code !== undefined, timeoutMs, `the end; stderr: ${this.stderr.slice(-500)}`);
    return this.code ?? null;
  }

  signal(name: NodeJS.Signals): void {
    process.kill(-(this.#child.pid ?? 0), name);
  }

  /** Whether a process of the group still lives. */
  get alive(): boolean {
    try {
      process.kill(-(this.#child.pid ?? 0), 0);
      return true;
    } catch {
      return false;
    }
  }

  /** A process that has ended counts until the system has taken note of it. */
  async gone(): Promise<void> {
    await until(() => !this.alive, GONE_MS, 'a process is left');
  }

  end(): void {
    if (this.alive) this.signal('SIGKILL');
  }
}

const listening = async (port = 0): Promise<Server> => {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
};

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** A port that was free a moment ago. */
const freePort = async (): Promise<number> => {
  const server = await listening();
  const port = portOf(server);
  await closed(server);
  return port;
};

/** Promised on a machine with two processors to itself. */
const READY_MS = 10_000;

describe('npm start', function () {
  this.timeout(4 * PATIENCE_MS);
  let run: Run | undefined;
  afterEach(() => run?.end());

  it(verifies(['start.ready-line', 'start.ready-in-time', 'start.interrupt'], 'prints one line when ready, and leaves nothing behind after Ctrl-C'), async () => {
    const port = await freePort();
    run = new Run('--headless', '--port', String(port));
    const ready = await run.ready();
    const readyMs = Date.now() - run.startedMs;
    assert.ok(readyMs < READY_MS * crowding(), `ready after ${readyMs} ms`);
    assert.ok(isObject(ready));
    assert.deepEqual(Object.keys(ready).sort(), ['bot', 'control', 'ready']);
    assert.equal(ready['ready'], true);
    assert.equal(textAt(ready, 'bot'), `http://127.0.0.1:${port}/api/messages`);
    const control = new Control(textAt(ready, 'control'));
    assert.ok((await control.people()).length > 100);
    assert.equal(run.stdout.trim().split('\n').length, 1, `more than one line on stdout: ${run.stdout}`);

    run.signal('SIGINT');
    const code = await run.ended(PATIENCE_MS);
    assert.ok(code === 0 || code === 130, `it ended with ${code}`);
    await run.gone();
    await closed(await listening(port));
    await assert.rejects(() => control.people(), 'the control server is left');
    assert.doesNotMatch(run.stderr, /^\s*at .+:\d+/m, 'a stack trace on the way out');
  });

  it(verifies('start.taken-port', 'says so plainly when the port is taken'), async () => {
    const taken = await listening();
    try {
      run = new Run('--headless', '--port', String(portOf(taken)));
      const code = await run.ended(PATIENCE_MS);
      assert.notEqual(code, 0);
      assert.equal(run.stdout.trim(), '');
      assert.match(run.stderr, new RegExp(String(portOf(taken))), 'the port is not named');
      assert.match(run.stderr, /taken|in use|already/i);
      assert.doesNotMatch(run.stderr, /EADDRINUSE|^\s*at .+:\d+/m);
      await run.gone();
    } finally {
      await closed(taken);
    }
  });

  it(verifies('start.model-loopback', 'refuses a model over plain http elsewhere, and ends'), async () => {
    run = new Run('--headless', '--port', String(await freePort()), '--model', 'http://models.example/v1');
    const code = await run.ended(PATIENCE_MS);
    assert.notEqual(code, 0);
    assert.match(run.stderr, /https/i);
    assert.doesNotMatch(run.stderr, /^\s*at .+:\d+/m);
  });

  it(verifies(['http.up', 'start.auth-tokens'], 'survives what a stranger may post'), async () => {
    const port = await freePort();
    run = new Run('--headless', '--auth', '--port', String(port));
    const bot = textAt(await run.ready(), 'bot');
    const attempts: readonly (readonly [body: string, headers: Readonly<Record<string, string>>])[] = [
      ['hello', { 'content-encoding': 'gzip' }],
      ['hello', { 'content-encoding': 'deflate' }],
      ['--x\r\n', { 'content-type': 'multipart/form-data; boundary=x' }],
      ['x', { 'content-type': 'multipart/form-data' }],
      ['{', {}],
      ['['.repeat(200_000), {}],
      ['a=b', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['{}', { 'content-type': 'application/json; charset=nonsense' }],
      ['{}', { 'content-md5': 'nonsense' }],
      ['{}', { authorization: 'Basic %%%' }],
      ['{}', { authorization: 'Signature x' }],
    ];
    for (const [body, headers] of attempts) {
      const response = await fetch(bot, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: unknown) => error);
      assert.equal(run.code, undefined, `the process died of ${JSON.stringify([body.slice(0, 40), headers])}: ${run.stderr.slice(-400)}`);
      assert.ok(response instanceof Response, `no answer to ${JSON.stringify([body.slice(0, 40), headers])}`);
      assert.ok(response.status >= 400 && response.status < 500, `${JSON.stringify([body.slice(0, 40), headers])}: ${response.status}`);
    }
    run.signal('SIGTERM');
    await run.ended(PATIENCE_MS);
    await run.gone();
  });

  describe('with the Teams clients', () => {
    /** The address of each person's client. */
    const clientsOf = (welcome: string): ReadonlyMap<string, string> => new Map([...welcome.matchAll(/(http:\/\/localhost:\d+) +(\p{L}+) /gu)].map(([, url = '', name = '']) => [name, url]));

    it('tells who sits where and what to try on 80 columns, and reaches the second person whose client nobody has opened', async () => {
      run = new Run('--port', '0', '--playground-port', '0');
      const welcome = await run.welcomed();
      assert.deepEqual(welcome.split('\n').filter((line) => line.length > 80), []);
      const clients = clientsOf(welcome);
      assert.deepEqual([...clients.keys()], ['Hanna', 'Adele', 'Tobias']);
      assert.match(welcome, /kill all/);
      const sentence = /block Victor Almeida's .+/.exec(welcome)?.[0] ?? assert.fail(`nothing about the VIP: ${welcome}`);
      const journal = /http:\/\/127\.0\.0\.1:\d+\/journal/.exec(welcome)?.[0] ?? assert.fail('no journal');

      const hanna = clients.get('Hanna') ?? '';
      const ask = async (text: string): Promise<void> => {
        const asked = await fetch(`${hanna}/_conversation/v1/conversations/personal-hanna.virtanen/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ from: { id: await userOf(hanna) }, text, textFormat: 'plain' }),
        });
        assert.ok(asked.ok, `${asked.status} ${await asked.text()}`);
      };
      await ask(sentence);
      // Only now does somebody look at the approver's client, as a page does.
      const tobias = await Stream.open(clients.get('Tobias') ?? '');
      try {
        const card = await until(() => tobias.messages.find((message) => JSON.stringify(message).includes('Action.Execute')), PATIENCE_MS, 'the card of the second person');
        assert.match(JSON.stringify(card), /Victor Almeida/);
        assert.match(JSON.stringify(card), /Hanna Virtanen/);
        assert.match(await (await fetch(journal, { headers: { accept: 'text/html' } })).text(), /Nothing was changed so far/);
      } finally {
        tobias.close();
      }
      const requester = await Stream.open(hanna, { conversation: 'personal-hanna.virtanen' });
      await until(() => requester.messages.some((message) => JSON.stringify(message).includes('I have asked')), PATIENCE_MS, 'the sentence for the requester').finally(() => requester.close());
      // In the middle of a turn: the person's client goes last, so nothing is sent to one that is gone.
      await ask('find Mallory Grant');
      run.signal('SIGINT');
      assert.equal(await run.ended(PATIENCE_MS), 0, run.stderr);
      assert.doesNotMatch(run.stderr, /REPLY_UNDELIVERED/, 'it was said to a client that was gone');
      await run.gone();
    });

    it('says so plainly when the port of one client is taken', async () => {
      const taken = await listening();
      try {
        run = new Run('--port', '0', '--playground-port', String(portOf(taken) - 1));
        assert.notEqual(await run.ended(PATIENCE_MS), 0);
        assert.equal(run.stdout, '');
        assert.match(run.stderr, new RegExp(`${portOf(taken)} is taken.*--playground-port`));
      } finally {
        await closed(taken);
      }
    });

    it('does not start clients that could not sign', async () => {
      run = new Run('--auth');
      assert.equal(await run.ended(PATIENCE_MS), 2);
      assert.match(run.stderr, /--headless/);
    });
  });
});

/** Who the client says that its user is. */
async function userOf(client: string): Promise<string> {
  const config: unknown = await (await fetch(`${client}/_internal/v1/testConfig`)).json();
  assert.ok(isObject(config) && isObject(config['config']));
  return textAt(config['config']['currentUser'], 'id');
}
