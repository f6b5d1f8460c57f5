import assert from 'node:assert/strict';
import { askedFor, supplies } from '../../../src/knowledge/asked-for.ts';
import { focusOf } from '../../../src/knowledge/focus.ts';

describe('what a question turns on', () => {
  for (const [question, focus] of [
    ['Which encryption does the tunnel use?', ['encryption']],
    ['how many colleagues have one?', ['colleagues']],
    ['Who installed the antennas?', ['installed']],
    ['Is the red one better than the blue one?', ['better']],
    ['When is the next training?', ['next training']],
    ['Welche Marke haben die Drucker?', ['marke']],
    ['Wie viele Badges gibt es?', ['badges']],
    ['Quelle marque choisir ?', ['marque']],
    // What is asked of whoever helps, or of nobody in particular, turns on nothing.
    ['What do I do when it hangs?', []],
    ['Who can help me?', []],
    ['Whom do I call?', []],
    ['How long is it valid?', []],
    ['Was tun, wenn es klemmt?', []],
  ] as const) {
    it(question, () => assert.deepEqual(focusOf(question), focus));
  }
});

describe('what kind of answer a question wants', () => {
  for (const [question, wanted, given, other] of [
    ['What does a badge cost?', ['money'], 'A new badge costs 15 euros.', 'A new badge is ready in two days.'],
    ['How long is the code valid?', ['number'], 'The code is valid for 24 hours.', 'The code comes from the reception.'],
    ['Who approves it?', ['somebody'], 'The line manager approves it.', 'It is approved in ServiceNow.'],
    ['Why is it blocked?', ['reason'], 'It is blocked to protect your data.', 'It is blocked on laptops.'],
    ['Wann ist geöffnet?', ['time'], 'Geöffnet ist von 8 bis 16 Uhr.', 'Es gibt Kaffee.'],
    ['Combien coûte un badge ?', ['money'], 'Le badge coûte 15 euros.', 'Le badge est prêt.'],
  ] as const) {
    it(question, () => {
      const asked = askedFor(question);
      assert.deepEqual(asked, wanted);
      assert.ok(supplies(given, asked), given);
      assert.ok(!supplies(other, asked), other);
    });
  }
  it('anything, where nothing in particular is asked for', () => assert.deepEqual(askedFor('My screen is black.'), []));
});
