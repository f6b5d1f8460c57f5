import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { inspect } from 'node:util';
import { StewardError } from '../../src/errors.ts';
import { createScrubber, SECRET, SecretForms } from '../../src/audit/scrub.ts';
import { describeError, errorLine, reportCrashes, scrubOutput, silenceLibraries, type Output } from '../../src/log.ts';

const AT = new Date(Date.UTC(2026, 4, 4));
const scrubber = createScrubber(() => [new SecretForms('orange-horse')]);
const foreign = (message: string, more: object = {}): Error => Object.assign(new Error(message), more);

describe('log', () => {
  it('prints our own code and message', () => {
    assert.deepEqual({ ...describeError(new StewardError('KILLED', 'the latch is off')), at: '' }, { code: 'KILLED', name: 'StewardError', message: 'the latch is off', at: '' });
  });
  for (const message of ['SENTINEL', 'GET https://graph.microsoft.com/users/SENTINEL failed', 'two\nlines (SENTINEL)', 'in (https://h/src/SENTINEL:1:2)', 'x\n    at f (/a/node_modules/SENTINEL:1:2)']) {
    it(`never prints the message of somebody else's error: ${JSON.stringify(message)}`, () => {
      const line = errorLine(foreign(message, { url: 'SENTINEL', request: { headers: 'SENTINEL' }, response: 'SENTINEL', stderr: 'SENTINEL' }), AT, scrubber);
      assert(!line.includes('SENTINEL'), line);
    });
  }
  it('prints no part of a message that was changed after the stack was made, nor of one that looks like a stack', () => {
    const shorter = foreign('x\n    at f (/a/node_modules/SENTINEL.js:1:2)');
    shorter.message = 'y';
    const longer = foreign('x');
    longer.message = 'y\n    at f (/a/src/SENTINEL.ts:1:2)';
    for (const error of [shorter, longer, foreign('x\n    at f (/a/node_modules/SENTINEL.js:1:2)'), foreign('Error: \n    at /a/src/SENTINEL.ts:1:2\n')]) {
      const line = errorLine(error, AT, scrubber);
      assert(!line.includes('SENTINEL'), line);
    }
  });
  it('says where an error with a message came from, whatever lines are in it', () => {
    const error = foreign('x\n    at f (/a/src/SENTINEL.ts:1:2)');
    error.stack = `Error: ${error.message}\n    at node:internal/x:1:2\n    at async file:///srv/steward/src/bot/front.ts:12:3`;
    assert.equal(describeError(error)['at'], 'src/bot/front.ts:12');
  });
  it('prints of a cause its class and nothing else', () => {
    const line = errorLine(new StewardError('MODEL_UNAVAILABLE', 'no answer', { cause: foreign('SENTINEL', { name: 'RestError' }) }), AT, scrubber);
    assert(!line.includes('SENTINEL'));
    assert.match(line, /"cause":"RestError"/);
  });
  it('prints the code of a system, shortened, and no code that is not text', () => {
    assert.equal(describeError(foreign('x', { code: 'ECONNREFUSED' }))['system'], 'ECONNREFUSED');
    assert.equal(describeError(foreign('x', { code: 'x'.repeat(500) }))['system']?.length, 60);
    assert.equal(describeError(foreign('x', { code: { token: 'SENTINEL' } }))['system'], '');
  });
  it('says where an error came from', () => {
    const error = foreign('x');
    error.stack = 'Error: x\n    at f (file:///srv/steward/src/bot/front.ts:12:3)';
    assert.equal(describeError(error)['at'], 'src/bot/front.ts:12');
  });
  for (const thrown of ['SENTINEL', { token: 'SENTINEL' }, undefined, null, 7]) {
    it(`prints only the type of a thrown ${inspect(thrown)}`, () => {
      assert.deepEqual(describeError(thrown), { code: 'UNEXPECTED', name: typeof thrown });
    });
  }
  it('is one line of JSON, whatever is in it', () => {
    const line = errorLine(new StewardError('UNEXPECTED', 'a\nb\u2028c'), AT, scrubber);
    assert.equal(line.trimEnd().split('\n').length, 1);
    assert.equal((JSON.parse(line) as { time: string }).time, AT.toISOString());
  });
  it('silences what libraries print', () => {
    const written: unknown[] = [];
    const target = Object.fromEntries(['log', 'info', 'warn', 'error', 'debug', 'trace'].map((method) => [method, (...what: unknown[]) => written.push(what)])) as unknown as Console;
    silenceLibraries(target);
    for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) target[method]('SENTINEL');
    assert.deepEqual(written, []);
  });
  it('prints no secret that got into our own message, nor into the class or the code of an error', () => {
    const stuck = foreign('x', { name: 'orange-horse', code: `ghp_${'a1'.repeat(18)}` });
    for (const error of [new StewardError('UNEXPECTED', `no Authorization: Bearer ${'aB3'.repeat(12)} and orange-horse`), new StewardError('UNEXPECTED', Buffer.from('orange-horse').toString('base64')), stuck]) {
      const line = errorLine(error, AT, scrubber);
      assert.ok(line.includes(SECRET), line);
      assert.doesNotMatch(line, /orange-horse|b3JhbmdlLWhvcnNl|aB3aB3|ghp_/);
    }
  });
  describe('what is written to a stream', () => {
    const opened = (): { readonly output: Output; readonly written: () => string } => {
      const written: string[] = [];
      const output: Output = {
        write: (chunk, done) => {
          written.push(Buffer.from(chunk as string).toString());
          if (typeof done === 'function') done();
          return true;
        },
      };
      scrubOutput(output, scrubber);
      return { output, written: () => written.join('') };
    };
    it('goes out without secrets, cut wherever, as text or bytes', () => {
      const text = Buffer.from('ä orange-horse ä\nnext\n');
      for (let cut = 0; cut < text.length; cut += 1) {
        const { output, written } = opened();
        output.write(text.subarray(0, cut));
        output.write(text.subarray(cut));
        assert.equal(written(), `ä ${SECRET} ä\nnext\n`);
      }
    });
    it('goes out without ids of other systems, behind whatever they stand', () => {
      const { output, written } = opened();
      const [guid, hex] = ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'a91f3c0d77e24b6f8c1d2e3f40516273'];
      output.write(`GET /users/${guid}/x ${guid.toUpperCase()} ${guid.replaceAll('-', '%2D')} q=element_id%3D${hex} sys_user/${hex}\n`);
      assert.equal(written(), 'GET /users/[id]/x [id] [id] q=element_id%3D[id] sys_user/[id]\n');
      output.write(`sha256 ${'a1'.repeat(32)} commit ${'b2'.repeat(20)} took 12345678 ms\n`);
      assert.ok(written().endsWith(`sha256 ${'a1'.repeat(32)} commit ${'b2'.repeat(20)} took 12345678 ms\n`));
    });
    it('tells its writer when it is written', () => {
      let told = 0;
      const { output } = opened();
      output.write('half', () => void (told += 1));
      output.write(' a line\n', 'utf8', () => void (told += 1));
      assert.equal(told, 2);
    });
  });
  describe('a crash', () => {
    const crashes = (): { readonly fire: (event: string, error: unknown) => void; readonly reported: unknown[]; readonly exits: number[]; readonly removed: string[] } => {
      const listeners = new Map<string, (error: unknown) => void>();
      const reported: unknown[] = [];
      const exits: number[] = [];
      const removed: string[] = [];
      reportCrashes({ on: (event, listener) => void listeners.set(event, listener), removeAllListeners: (event) => void removed.push(event), exit: (code) => void exits.push(code) }, (error) => void reported.push(error));
      return { fire: (event, error) => listeners.get(event)?.(error), reported, exits, removed };
    };
    it('by an exception that nobody caught is reported, and the process ends', () => {
      const { exits, fire, reported } = crashes();
      fire('uncaughtException', 'error');
      assert.deepEqual([reported, exits], [['error'], [1]]);
    });
    it('by a rejection that nobody handled is reported, and the process goes on', () => {
      const { exits, fire, reported } = crashes();
      fire('unhandledRejection', 'error');
      assert.deepEqual([reported, exits], [['error'], []]);
    });
    it('is not foretold by Node itself', () => {
      const { fire, removed, reported } = crashes();
      fire('warning', 'w');
      assert.deepEqual([removed, reported], [['warning'], ['w']]);
    });
    it('prints nothing of an error that Node would have printed whole', async () => {
      const program = `
        import { createScrubber } from './src/audit/scrub.ts';
        import { errorLine, reportCrashes } from './src/log.ts';
        reportCrashes(process, (error) => process.stderr.write(errorLine(error, new Date(), createScrubber(() => []))));
        process.emitWarning('SENTINEL');
        void Promise.reject(new Error('SENTINEL'));
        setTimeout(() => { throw Object.assign(new Error('SENTINEL'), { token: 'SENTINEL' }); }, 50);`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { cwd: new URL('../../', import.meta.url), stdio: ['ignore', 'pipe', 'pipe'] });
      let printed = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      const code = await new Promise((resolve) => child.once('close', resolve));
      assert.deepEqual([code, printed.trim().split('\n').length], [1, 3], printed);
      assert.doesNotMatch(printed, /SENTINEL/);
    }).timeout(60_000);
  });
});
