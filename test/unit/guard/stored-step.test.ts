/** Steps between their card and their execution: what is kept of them, and what an approval is bound to. */
import assert from 'node:assert/strict';
import { stepDigest } from '../../../src/actions/plan.ts';
import { bindStored, markInterrupted, storeStep } from '../../../src/guard/stored-step.ts';
import { person, planOf, testActions } from './support.ts';

const { catalogue, block } = testActions();
const ben = person('ben');
const [step] = planOf(catalogue, { action: block, who: ben, reason: 'phone stolen' }).steps;
assert(step);
const find = catalogue.find('find_person');
assert(find);
const search = { callId: 'c', action: find, proposed: {}, resolved: { name: 'Anna' }, provenance: {} };

describe('what is stored of a step', () => {
  it('names its target only where there is one', () => {
    assert.equal(storeStep(step, []).targetParameter, 'person');
    assert.equal('targetParameter' in storeStep(search, []), false);
  });
});

describe('what an approval is bound to of a step', () => {
  it('is its digest as stored and as made anew, its target, its arguments as shown, and the facts about the target', () => {
    const digest = stepDigest(step);
    const shown = [
      ['person', '', 'ben'],
      ['reason', 'composed by Steward', ''],
    ];
    assert.deepEqual(bindStored(storeStep(step, ['Sales'])), [digest, digest, 'person', shown, ['Sales']]);
  });

  it('of one without a target and without a word of where its arguments are from says so', () => {
    const digest = stepDigest(search);
    assert.deepEqual(bindStored(storeStep(search, [])), [digest, digest, '', [['name', '', '']], []]);
  });

  it('does not depend on the order in which a storage gives its arguments back', () => {
    const stored = storeStep(step, []);
    const turned = { ...stored, arguments: Object.fromEntries(Object.entries(stored.arguments).reverse()) };
    assert.notDeepEqual(Object.keys(turned.arguments), Object.keys(stored.arguments));
    assert.deepEqual(bindStored(turned), bindStored(stored));
  });
});

describe('a crash', () => {
  it('makes the step that ran unknown and leaves those after it not run, and knows what is done', () => {
    const stored = storeStep(step, []);
    const outcomes = ['done', 'failed', 'observed', 'running', 'waiting'] as const;
    const marked = markInterrupted({ kind: 'steps', steps: outcomes.map((outcome) => ({ ...stored, outcome })) });
    assert.deepEqual(marked.kind === 'steps' && marked.steps.map(({ outcome }) => outcome), ['done', 'failed', 'observed', 'unknown', 'not run']);
  });
});
