import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATIENCE_MS } from '../../machine.ts';

const main = new URL('../../../sandbox/main.ts', import.meta.url).pathname;
/** Ready within ten seconds on two cores, which a story measures; here only that it comes. */
const READY_MS = PATIENCE_MS;

interface Started {
  readonly child: ChildProcess;
  readonly lines: () => string;
  readonly errors: () => string;
  readonly exited: Promise<number | null>;
}

function start(...args: string[]): Started {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return { child, lines: () => out, errors: () => err, exited: new Promise((resolve) => child.once('exit', resolve)) };
}

async function ready(started: Started): Promise<{ bot: string; control: string }> {
  const until = Date.now() + READY_MS;
  while (!started.lines().includes('\n')) {
    assert.ok(Date.now() < until, `not ready: ${started.errors()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return JSON.parse(started.lines());
}

describe('npm start', function () {
  this.timeout(3 * PATIENCE_MS);

  it('prints one JSON line when ready, serves with real managed-identity tokens, journals, and leaves nothing running after Ctrl-C', async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'steward-journal-')), 'journal.jsonl');
    const started = start('--headless', '--port', '0', '--journal', journal);
    const { bot, control, ...rest } = await ready(started) as { bot: string; control: string; ready?: boolean };
    assert.deepEqual(rest, { ready: true });
    assert.match(bot, /^http:\/\/127\.0\.0\.1:\d+\/api\/messages$/);
    const people = (await (await fetch(`${control}/people`)).json()) as { name: string; roles: string[] }[];
    for (const role of ['helpdesk', 'approver', 'admin', 'guest']) assert.ok(people.slice(0, 10).some(({ roles }) => roles.includes(role)), role);
    assert.ok(people.slice(0, 10).filter(({ roles }) => roles.includes('admin')).length >= 2);

    started.child.kill('SIGINT');
    assert.equal(await started.exited, 0, started.errors());
    assert.equal(started.lines().trim().split('\n').length, 1, 'stdout carries one line');
    for (const url of [bot, control]) await assert.rejects(fetch(url), 'nothing listens any more');

    const services = new Set(readFileSync(journal, 'utf8').trim().split('\n').map((line) => JSON.parse(line).service));
    for (const service of ['identity', 'vault', 'graph', 'storage']) assert.ok(services.has(service), service);
  });

  it('says in a sentence that a port is taken', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port)));
    try {
      for (const auth of [[], ['--auth']]) {
        const started = start('--headless', '--port', String(port), ...auth);
        assert.equal(await started.exited, 1);
        assert.match(started.errors(), new RegExp(`port ${port} is taken`));
        assert.equal(started.lines(), '');
      }
    } finally {
      holder.close();
    }
  });

  for (const [what, args, sentence] of [
    ['an unknown option', ['--hedless'], /hedless[\s\S]*--headless/],
    ['a port that is no number', ['--port', 'abc'], /--port takes a whole number/],
    ['a key variable that is empty', ['--model', 'http://127.0.0.1:1', '--model-key-env', 'STEWARD_TEST_NO_SUCH_KEY'], /STEWARD_TEST_NO_SUCH_KEY is empty/],
    ['a model name without a model', ['--model-name', 'x'], /go with --model/],
    ['a model over plain http elsewhere', ['--headless', '--port', '0', '--model', 'http://models.example'], /this machine only/],
  ] as const) {
    it(`refuses ${what} with a clear sentence`, async () => {
      const started = start(...args);
      const code = await started.exited;
      assert.ok(code === 1 || code === 2, String(code));
      assert.match(started.errors(), sentence);
      assert.doesNotMatch(started.errors(), /\n\s+at /, 'no stack');
    });
  }
});
