import assert from 'node:assert/strict';
import { HandleBook } from '../../../src/actions/handles.ts';
import { conceal } from '../../../src/bot/conceal.ts';
import { bestOfThreeMs, NOW_MS, shown, SUPER_LINEAR_MS, vectors } from './support.ts';
import { Stopwatch } from '../../machine.ts';

const fresh = (): HandleBook => new HandleBook([], NOW_MS);

describe('bot/conceal', () => {
  for (const line of vectors('conceal-invalid.txt')) {
    const [pasted = '', never = pasted] = line.split('\t');
    it(`hides ${shown(pasted)} from the model`, () => {
      const concealed = conceal(`block ${pasted} now`, fresh(), NOW_MS);
      assert(!concealed.toLowerCase().includes(never.toLowerCase()), concealed);
      assert.match(concealed, /text_[a-z2-7]{12}/);
      assert.match(concealed, /^block /);
      assert.match(concealed, / now$/);
    });
  }
  for (const text of vectors('conceal-valid.txt')) {
    it(`leaves ${shown(text)} as it is`, () => {
      assert.equal(conceal(text, fresh(), NOW_MS), text);
    });
  }
  it('keeps what was pasted behind the handle, so that a find action gets it back whole', () => {
    const handles = fresh();
    const handle = /text_[a-z2-7]+/.exec(conceal('find anna@contoso.com.', handles, NOW_MS))![0];
    assert.equal(handles.resolveText(handle, NOW_MS), 'anna@contoso.com');
  });
  it('gives the same text the same handle, and another text another', () => {
    const [first, second, third] = conceal('a@contoso.com b@contoso.com a@contoso.com', fresh(), NOW_MS).split(' ');
    assert.equal(first, third);
    assert.notEqual(first, second);
  });
  it('works the same the second time: no state stays in a pattern', () => {
    for (let time = 0; time < 5; time += 1) {
      assert.doesNotMatch(conceal('block CONTOSO\\anna and anna@contoso.com', fresh(), NOW_MS), /anna/);
      assert.equal(conceal('{person_k7m2qz}', fresh(), NOW_MS), '{person_k7m2qz}');
    }
  });
  it('leaves a live handle of any shape, and hides what only holds one', () => {
    const handles = new HandleBook([{ handle: 'device_a2b3c4d5e6f7', kind: 'device', label: 'LAPTOP', expiresAtMs: NOW_MS + 1 }], NOW_MS);
    assert.equal(conceal('wipe device_a2b3c4d5e6f7 {device_a2b3c4d5e6f7}', handles, NOW_MS), 'wipe device_a2b3c4d5e6f7 {device_a2b3c4d5e6f7}');
    assert.doesNotMatch(conceal('wipe device_a2b3c4d5e6f7@contoso.com', handles, NOW_MS), /device_|contoso/);
    // Expired, it is a text like any other.
    assert.doesNotMatch(conceal('wipe device_a2b3c4d5e6f7', handles, NOW_MS + 2), /a2b3c4/);
  });
  it('keeps an address whole, however it was written', () => {
    for (const text of ['anna\uff20contoso.com', 'anna\u200b@contoso.com', 'anna@con\u00adtoso.com', '\uff41nna@contoso\uff0ecom']) {
      const handles = fresh();
      assert.equal(handles.resolveText(conceal(text, handles, NOW_MS), NOW_MS), 'anna@contoso.com');
    }
  });
  it('hides the value of a password and says that there was one', () => {
    assert.match(conceal('his password=hunter2, please', fresh(), NOW_MS), /^his password=text_[a-z2-7]{12} please$/);
  });
  it('stays linear on 200,000 characters made to make patterns slow', () => {
    for (const part of ['<', '<quote ', '<at>', '@', '[', 'a.', '1', '1 ', '0 ', '+1', 'A-', 'A1-', 'a@', 'a\\\\', 'eyJ', 'eyJ-', '-----BEGIN ', '-----BEGIN A-----', 'password', '=', ' ', '(1', '123 ', 'a_', '\u0301\u0316', 'ab1-']) {
      for (const end of ['', 'x', '!', '@']) {
        const text = part.repeat(Math.floor(200_000 / part.length)) + end;
        assert(bestOfThreeMs(() => conceal(text, fresh(), NOW_MS)) < SUPER_LINEAR_MS, `${part} ${end}`);
      }
    }
  });
  it('ends in time on text made to make patterns slow', () => {
    const watch = new Stopwatch();
    for (const evil of ['a'.repeat(4_000), 'a.'.repeat(2_000), '+1 '.repeat(1_300), 'A-'.repeat(2_000), `a@${'b.'.repeat(2_000)}`, '-----BEGIN '.repeat(360)]) conceal(evil, fresh(), NOW_MS);
    assert(watch.ms < 1_500);
  });
});
