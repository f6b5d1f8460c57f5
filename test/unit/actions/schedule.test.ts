import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { HandleBook } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { parsePlan, PlanError } from '../../../src/actions/plan.ts';
import { laterPhrases } from '../../../src/actions/schedule.ts';
import { Stopwatch } from '../../machine.ts';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');

const linesOf = (name: string): readonly string[] =>
  readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** The code that a plan of one action is refused with, where these were the person's words; undefined when it is a plan. */
function refusal(words: string, reason = 'as they said', name = 'block_sign_in'): string | undefined {
  const handles = new HandleBook([], NOW_MS);
  const person = handles.mint('person', new InternalId('anna'), 'Anna Weber', NOW_MS);
  const given = name === 'block_sign_in' ? { person, reason } : { person };
  try {
    parsePlan([{ id: 'c', type: 'function', function: { name, arguments: JSON.stringify(given) } }], { catalogue, handles, words: ['an earlier message: tomorrow', words], nowMs: NOW_MS });
  } catch (error) {
    assert(error instanceof PlanError, String(error));
    return error.code;
  }
  return undefined;
}

const later = linesOf('schedule-later.txt');
const now = linesOf('schedule-now.txt').map((line) => line.split(' | '));

describe('what is asked for later or under a condition', () => {
  for (const words of later) {
    it(`is not done now: ${words}`, () => assert.equal(refusal(words), 'PLAN_SCHEDULED'));
  }

  it('may be asked about: a read runs whatever the words say', () => {
    for (const words of later) assert.equal(refusal(words, '', 'show_person'), undefined, words);
  });

  it('is not done now because the model took the whole request, the time or the condition as the reason', () => {
    for (const words of later) {
      assert.equal(refusal(words, words.slice(0, 200)), 'PLAN_SCHEDULED', words);
      for (const phrase of laterPhrases(words)) assert.equal(refusal(words, phrase), 'PLAN_SCHEDULED', `${words}: ${phrase}`);
    }
    assert.equal(refusal('Please block Anna tomorrow', 'block Anna tomorrow'), 'PLAN_SCHEDULED');
    assert.equal(refusal('Block Anna on Friday', 'on Friday'), 'PLAN_SCHEDULED');
  });

  it('is seen beside a reason that speaks of the same time', () => {
    assert.equal(refusal('Block Anna tomorrow, she leaves tomorrow', 'she leaves tomorrow'), 'PLAN_SCHEDULED');
    assert.equal(refusal('Block Anna in two hours, they come in one hour', 'they come in one hour'), 'PLAN_SCHEDULED');
    assert.equal(refusal('They come in one hour, so block Anna in two hours', 'They come in one hour'), 'PLAN_SCHEDULED');
  });
});

describe('what is asked for now', () => {
  for (const [words = '', reason] of now) {
    it(`is no request for later: ${words}`, () => assert.equal(refusal(words, reason), undefined, laterPhrases(words).join(' / ')));
  }

  it('is asked in the last message: what stood in an earlier one was answered', () => {
    assert.equal(refusal('now, please'), undefined);
  });

  it('keeps its reason out of it only where the person wrote it', () => {
    assert.equal(refusal('Block Anna tomorrow', 'she leaves tomorrow'), 'PLAN_SCHEDULED');
  });

  it('keeps what is asked where the reason stood in an earlier message', () => {
    assert.equal(refusal('Block Anna tomorrow', 'an earlier message'), 'PLAN_SCHEDULED');
  });

  it('knows its reason whatever white space stands in it', () => {
    assert.equal(refusal('Block Anna, she  leaves \n tomorrow', 'she leaves tomorrow'), undefined);
  });

  it('is found in words whose lower case is longer', () => {
    assert.equal(refusal('İİ Block Anna, she leaves on Friday', 'she leaves on Friday'), 'PLAN_SCHEDULED', 'refused rather than cut in the wrong place');
  });
});

describe('a hostile message', () => {
  const long: Readonly<Record<string, string>> = {
    'one word': 'a'.repeat(20_000),
    blanks: `in${' '.repeat(19_990)}two`,
    'conditions without an end': 'if '.repeat(6_666),
    'conditions with one word': `if ${'x'.repeat(19_000)}`,
    'words that begin a time': 'in about '.repeat(2_222),
    'numbers without a unit': 'in 10 '.repeat(3_333),
    days: 'friday '.repeat(2_857),
    'days and their parts': `friday ${'morning '.repeat(2_400)}x`,
    'ends of something': 'at the end of the '.repeat(1_111),
    'after somebody': 'after x '.repeat(2_500),
    'greetings': 'guten morgen '.repeat(1_500),
    digits: '1'.repeat(20_000),
    'digits with points': '1.1/'.repeat(5_000),
    apostrophes: "'".repeat(20_000),
    'letters of other scripts': '明日'.repeat(10_000),
    'emoji and what joins them': '👩‍💻'.repeat(4_000),
    'invisible characters': '\u200b'.repeat(20_000),
  };
  for (const [what, words] of Object.entries(long)) {
    it(`of ${what} takes no longer than any other`, () => {
      const once = (): number => {
        const watch = new Stopwatch();
        laterPhrases(words);
        return watch.ms;
      };
      // The shortest of a few: a busy machine makes one of them long.
      const tookMs = Math.min(...Array.from({ length: 5 }, once));
      assert.ok(tookMs < 50, `${Math.round(tookMs)} ms`);
    });
  }
});
