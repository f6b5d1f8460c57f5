/** Steps between their card and their execution: what is kept of them, and what an approval is bound to. */
import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { defineAction, graph } from '../../../src/actions/action.ts';
import { Catalogue } from '../../../src/actions/catalogue.ts';
import { handle } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { stepDigest } from '../../../src/actions/plan.ts';
import { bindStored, markInterrupted, restoreStep, storeStep } from '../../../src/guard/stored-step.ts';
import { person, planOf, testActions, throwsWith } from './support.ts';

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

describe('numbers, booleans and things of other kinds', () => {
  const hold = defineAction({
    name: 'hold_device',
    version: '1.0.0',
    description: 'Does nothing.',
    effect: 'destructive',
    target: 'device',
    operation: graph('POST', '/x', 'X'),
    parameters: z.strictObject({ device: handle('device'), group: handle('group'), days: z.int(), loud: z.boolean() }),
    result: z.object({ done: z.boolean() }),
    limit: { perHour: 1 },
    run: async () => assert.fail('never run here'),
  });
  const device = { kind: 'device', handle: 'device_aaaaaa', id: new InternalId('laptop'), label: 'LAPTOP-1' } as const;
  const group = { kind: 'group', handle: 'group_aaaaaa', id: new InternalId('sales'), label: 'Sales' } as const;
  const asked = { callId: 'c', action: hold, proposed: {}, resolved: { device, group, days: 14, loud: false }, target: device, provenance: {} };
  const stored = storeStep(asked, ['Ben', 'ben@contoso.example']);
  const withArgument = (name: string, value: number | boolean | string) => ({ ...stored, arguments: { ...stored.arguments, [name]: typeof value === 'string' ? { text: value } : { value } } });

  it('are what they were once they come back from storage, and so is the digest', () => {
    const restored = restoreStep(stored, new Catalogue([hold]));
    assert.deepEqual(restored.resolved, asked.resolved);
    assert.equal(restored.target?.kind, 'device');
    assert.equal(restored.target.id.equals(device.id), true);
    assert.equal(stepDigest(restored), stepDigest(asked));
  });

  it('are bound: another number, another truth, a text that reads the same or another thing is another step', () => {
    const bound = JSON.stringify(bindStored(stored));
    for (const other of [withArgument('days', 15), withArgument('days', '14'), withArgument('loud', true), withArgument('loud', 'false'), { ...stored, arguments: { ...stored.arguments, group: { ...group, id: new InternalId('admins') } } }, { ...stored, targetContext: ['Vip', 'vip@contoso.example'] }]) {
      assert.notEqual(JSON.stringify(bindStored(other)), bound);
    }
  });

  it('of a kind that no card shows are not stored', () => {
    for (const odd of [['a'], { a: 1 }, null, Symbol('x'), new Date(0)]) throwsWith(() => storeStep({ ...asked, resolved: { ...asked.resolved, odd } }, []), 'UNEXPECTED');
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
