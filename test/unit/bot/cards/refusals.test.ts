import assert from 'node:assert/strict';
import { en } from '../../../../src/bot/wording/en.ts';

/** What was not done, or what is not known to be. */
const NOT_DONE = /(?:I did|changed) nothing|nothing was (?:done|changed)|it was not done|I stopped|I kept it back|I do not know whether|I had trouble delivering/i;
/** What to do next. */
const NEXT = /(?:Please |Type “|Somebody else has to decide|The card shows)/;

describe('bot/wording: a refusal', () => {
  for (const [code, sentence] of Object.entries(en.errors)) {
    it(`says what was not done, and then what to do next: ${code}`, () => {
      assert.match(sentence, NOT_DONE);
      const next = sentence.search(NEXT);
      assert(next > sentence.search(NOT_DONE), sentence);
      // Read at a glance, in a chat.
      assert(sentence.length <= 190, `${sentence.length} characters`);
      assert.doesNotMatch(sentence, /_|\b[A-Z]{3,}\b|error|invalid|exception/);
    });
  }
});
