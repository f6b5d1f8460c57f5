import assert from 'node:assert/strict';
import { en } from '../../src/bot/wording/en.ts';
import { errorCode, StewardError, stewardErrorCodes } from '../../src/errors.ts';

describe('errors', () => {
  it('has a sentence for each code, and a code for each sentence', () => {
    assert.deepEqual(Object.keys(en.errors).sort(), [...stewardErrorCodes].sort());
    assert.equal(new Set(stewardErrorCodes).size, stewardErrorCodes.length, 'a code stands twice in the list');
  });

  it('names each code AREA_PROBLEM in capitals', () => {
    for (const code of stewardErrorCodes) assert.match(code, /^[A-Z]+(?:_[A-Z]+)*$/);
  });

  for (const [code, sentence] of Object.entries(en.errors)) {
    it(`says ${code} plainly`, () => {
      assert(sentence.length <= 220, `${sentence.length} characters`);
      assert.match(sentence, /^[A-Z].*[.!?…]$/su, 'starts with a capital and ends with punctuation');
      assert.doesNotMatch(sentence, /[A-Z]{2,}_[A-Z_]+/, 'a code');
      assert.doesNotMatch(sentence, /\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b|\b(?:person|device|text)_\w/i, 'an id or a handle');
      assert.doesNotMatch(sentence, /[\r\n`{}<>]|\b(?:undefined|null|NaN|token|latch|ledger row|Cedar|Graph|JSON)\b/, 'the inside of a program');
      assert.equal(sentence, sentence.trim());
    });
  }

  it('gives the code of its own errors, and UNEXPECTED for anything else', () => {
    assert.equal(errorCode(new StewardError('KILLED', 'off')), 'KILLED');
    for (const other of [new Error('KILLED'), { code: 'KILLED' }, 'KILLED', null, undefined, 0]) assert.equal(errorCode(other), 'UNEXPECTED');
  });

  it('keeps its cause and its class', () => {
    const cause = new Error('socket hang up');
    const error = new StewardError('SYSTEM_UNAVAILABLE', 'no answer', { cause });
    assert.equal(error.cause, cause);
    assert.equal(error.name, 'StewardError');
    assert(error instanceof Error);
  });
});
