import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { StewardError } from '../../src/errors.ts';
import { describeError, errorLine, silenceLibraries } from '../../src/log.ts';

const AT = new Date(Date.UTC(2026, 4, 4));
const foreign = (message: string, more: object = {}): Error => Object.assign(new Error(message), more);

describe('log', () => {
  it('prints our own code and message', () => {
    assert.deepEqual({ ...describeError(new StewardError('KILLED', 'the latch is off')), at: '' }, { code: 'KILLED', name: 'StewardError', message: 'the latch is off', at: '' });
  });
  for (const message of ['SENTINEL', 'GET https://graph.microsoft.com/users/SENTINEL failed', 'two\nlines (SENTINEL)', 'in (https://h/src/SENTINEL:1:2)', 'x\n    at f (/a/node_modules/SENTINEL:1:2)']) {
    it(`never prints the message of somebody else's error: ${JSON.stringify(message)}`, () => {
      const line = errorLine(foreign(message, { url: 'SENTINEL', request: { headers: 'SENTINEL' }, response: 'SENTINEL', stderr: 'SENTINEL' }), AT);
      assert(!line.includes('SENTINEL'), line);
    });
  }
  it('prints no part of a message that was changed after the stack was made, nor of one that looks like a stack', () => {
    const shorter = foreign('x\n    at f (/a/node_modules/SENTINEL.js:1:2)');
    shorter.message = 'y';
    const longer = foreign('x');
    longer.message = 'y\n    at f (/a/src/SENTINEL.ts:1:2)';
    for (const error of [shorter, longer, foreign('x\n    at f (/a/node_modules/SENTINEL.js:1:2)'), foreign('Error: \n    at /a/src/SENTINEL.ts:1:2\n')]) {
      const line = errorLine(error, AT);
      assert(!line.includes('SENTINEL'), line);
    }
  });
  it('says where an error with a message came from, whatever lines are in it', () => {
    const error = foreign('x\n    at f (/a/src/SENTINEL.ts:1:2)');
    error.stack = `Error: ${error.message}\n    at node:internal/x:1:2\n    at async file:///srv/steward/src/bot/front.ts:12:3`;
    assert.equal(describeError(error)['at'], 'src/bot/front.ts:12');
  });
  it('prints of a cause its class and nothing else', () => {
    const line = errorLine(new StewardError('MODEL_UNAVAILABLE', 'no answer', { cause: foreign('SENTINEL', { name: 'RestError' }) }), AT);
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
    const line = errorLine(new StewardError('UNEXPECTED', 'a\nb\u2028c'), AT);
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
});
