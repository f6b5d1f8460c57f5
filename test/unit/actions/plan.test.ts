import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod/v4';
import { defineAction, graph } from '../../../src/actions/action.ts';
import { Catalogue, catalogue } from '../../../src/actions/catalogue.ts';
import { HandleBook, HANDLE_TTL_MS, type Reference } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { isFromWords, isReference, MOST_STEPS, MOST_TARGETS, parsePlan, PlanError, stepDigest, type Plan, type PlanContext, type Step } from '../../../src/actions/plan.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';

interface Vector {
  readonly why: string;
  readonly calls: unknown;
  /** How often the one call is repeated, each time with an id of its own. */
  readonly repeat?: number;
}
interface InvalidVector extends Vector {
  readonly code: StewardErrorCode;
}
interface ValidVector extends Vector {
  readonly actions: readonly string[];
}

const vectors = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');
const annaId = new InternalId('5f3c1f0e-9a50-4e6b-8d6a-0a4a5b6c7d8e');
const laptopId = new InternalId('0b0c7f7a-8a4d-4b0f-9d8e-1c2d3e4f5a6b');

/** One person's conversation, and the handles that the vectors name. */
function conversation(words: readonly string[] = ['Block Anna, her phone was stolen']): { readonly context: PlanContext; readonly names: ReadonlyMap<string, string> } {
  const old = new HandleBook([], NOW_MS - HANDLE_TTL_MS);
  const expired = old.mint('person', new InternalId('somebody-else'), 'Old', NOW_MS - HANDLE_TTL_MS);
  const expiredText = old.mintText('old@contoso.example', NOW_MS - HANDLE_TTL_MS);
  // Not yet expired when the conversation was loaded a moment ago.
  const handles = new HandleBook(old.entries(NOW_MS - 1), NOW_MS - 1);
  const anna = handles.mint('person', annaId, 'Anna Weber', NOW_MS);
  const laptop = handles.mint('device', laptopId, 'LAPTOP-7', NOW_MS);
  const names = new Map<string, string>([
    ['@anna@', anna],
    ['@ANNA@', anna.toUpperCase()],
    ['@laptop@', laptop],
    ['@swapped@', laptop.replace('device_', 'person_')],
    ['@text@', handles.mintText('anna.weber@contoso.example', NOW_MS)],
    // The same thing, as somebody else in another conversation knows it.
    ['@foreign@', new HandleBook([], NOW_MS).mint('person', annaId, 'Anna Weber', NOW_MS)],
    ['@expired@', expired],
    ['@expiredText@', expiredText],
  ]);
  return { context: { catalogue, handles, words, nowMs: NOW_MS }, names };
}

function callsOf({ calls, repeat }: Vector, names: ReadonlyMap<string, string>): unknown {
  const filled: unknown = JSON.parse(JSON.stringify(calls ?? null).replace(/@[a-zA-Z]+@/g, (name) => names.get(name) ?? name));
  if (repeat === undefined) return filled;
  const [call] = filled as readonly object[];
  return Array.from({ length: repeat }, (_, index) => ({ ...call, id: `call-${index}` }));
}

/** The error of a proposal that is no plan. */
function refused(raw: unknown, context: PlanContext): PlanError {
  let plan: Plan;
  try {
    plan = parsePlan(raw, context);
  } catch (error) {
    assert(error instanceof PlanError, `not a PlanError: ${String(error)}`);
    return error;
  }
  assert.fail(`parsed to ${plan.steps.length} steps`);
}

const call = (name: string, given: unknown, id = 'call-1'): unknown => ({ id, type: 'function', function: { name, arguments: JSON.stringify(given) } });

describe('parsePlan', () => {
  describe('refuses, whole', () => {
    for (const vector of vectors('plans-invalid.json') as readonly InvalidVector[]) {
      it(vector.why, () => {
        const { context, names } = conversation();
        const error = refused(callsOf(vector, names), context);
        assert.equal(error.code, vector.code, error.message);
        assert(error.problems.length > 0);
        assert.equal(({} as Record<string, unknown>)['confirmed'], undefined, 'a prototype was reached');
      });
    }

    it('undefined, functions, dates and other things that JSON does not know', () => {
      const { context } = conversation();
      for (const raw of [undefined, () => [], new Date(0), Symbol('plan'), 7n, new Map(), Object.create(null)]) {
        assert.equal(refused(raw, context).code, 'PLAN_MALFORMED');
      }
    });

    it('any action at all when the catalogue is asked for what an object would inherit', () => {
      const { context } = conversation();
      for (const name of Object.getOwnPropertyNames(Object.prototype)) assert.equal(refused([call(name, {})], context).code, 'PLAN_UNKNOWN_ACTION');
    });
  });

  describe('takes, whole', () => {
    for (const vector of vectors('plans-valid.json') as readonly ValidVector[]) {
      it(vector.why, () => {
        const { context, names } = conversation();
        const plan = parsePlan(callsOf(vector, names), context);
        assert.deepEqual(plan.steps.map(({ action }) => action.name), vector.actions);
        for (const step of plan.steps) assert.equal(step.action, catalogue.find(step.action.name), 'not the action of the catalogue');
      });
    }
  });

  it('reports every problem of every step at once', () => {
    const { context, names } = conversation();
    const error = refused([call('wipe_all', {}, 'a'), call('block_sign_in', { person: names.get('@anna@'), extra: 1 }, 'b'), call('show_person', { person: 'person_k7m2qz' }, 'c')], context);
    assert.deepEqual(error.problems.map((problem) => problem.slice(0, 6)), ['step 1', 'step 2', 'step 3']);
    assert.equal(error.code, 'PLAN_UNKNOWN_ACTION', 'the first problem names the error');
    assert.match(error.problems[1]!, /reason/);
    assert.match(error.problems[1]!, /unrecognized_keys/);
  });

  it('says of each problem what it is and where', () => {
    const { context, names } = conversation();
    const person = names.get('@anna@');
    const raw = (text: string): unknown => ({ id: 'call-1', type: 'function', function: { name: 'block_sign_in', arguments: text } });
    const long = context.handles.mint('person', new InternalId('eve'), 'x'.repeat(300), NOW_MS);
    const search = (id: string): unknown => call('find_person', { name: 'Anna' }, id);
    const mixed = Array.from({ length: 9 }, (_, index) => (index === 0 ? call('show_person', { person }, 'a') : search(`call-${index}`)));
    const cases: readonly (readonly [unknown, readonly string[]])[] = [
      [[{ id: '', type: 'function', function: { name: 7, arguments: '{}' } }], ['0.id: too_small', '0.function.name: invalid_type']],
      [[], ['no steps']],
      [mixed, ['9 steps, at most 8']],
      [[search('a'), search('a')], ['two steps share an id']],
      [[call('wipe_all', {})], ['step 1: no such action']],
      [[raw('{"person"')], ['step 1: arguments are not JSON']],
      [[raw('[]')], ['step 1: arguments: invalid_type']],
      [[raw(`{"person": "${person}", "reason": "x", "constructor": 1}`)], ['step 1: arguments name a prototype key']],
      [[raw(`{"person": "${person}", "reason": {"deep": {"__proto__": 1}}}`)], ['step 1: arguments name a prototype key']],
      [[call('block_sign_in', { person: 'Anna', reason: 7 })], ['step 1: person: invalid_format, reason: invalid_type']],
      [[call('show_person', { person: 'person_k7m2qz' })], ['step 1: person: not a live handle of this person here']],
      [[call('find_person', { name: 'text_k7m2qz' })], ['step 1: name: not a live text handle of this person here']],
      [[call('block_sign_in', { person, reason: 'as person_k7m2qz said' })], ['step 1: reason: holds a handle that is not live here']],
      [[call('block_sign_in', { person, reason: `as ${long} said` })], ['step 1: reason: does not hold once its handles are read']],
    ];
    for (const [proposal, problems] of cases) {
      const error = refused(proposal, context);
      assert.deepEqual(error.problems, problems);
      assert.deepEqual([error.message, error.name], [problems.join('; '), 'PlanError']);
    }
    assert.equal(refused([call('wipe_all', {}, 'a'), call('wipe_all', {}, 'b')], context).message, 'step 1: no such action; step 2: no such action');
  });

  it('takes a text handle for the whole value only where it is the whole value and the parameter takes one', () => {
    const { context, names } = conversation(['Find her']);
    const text = names.get('@text@')!;
    const given = (name: string, proposed: object, parameter: string): unknown => {
      const [step] = parsePlan([call(name, proposed)], context).steps;
      return [step?.resolved[parameter], step?.provenance[parameter]];
    };
    const behind = 'anna.weber@contoso.example';
    assert.deepEqual(given('find_person', { name: text }, 'name'), [behind, 'your words']);
    assert.deepEqual(given('find_person', { name: `${text} x` }, 'name'), [`${behind} x`, 'composed by Steward']);
    assert.deepEqual(given('find_person', { name: `x ${text}` }, 'name'), [`x ${behind}`, 'composed by Steward']);
    assert.deepEqual(given('block_sign_in', { person: names.get('@anna@'), reason: text }, 'reason'), [behind, 'composed by Steward']);
  });

  it('puts no value of the proposal but its field names into the problems', () => {
    const { context } = conversation();
    const error = refused([call('block_sign_in', { person: 'anna@contoso.example', reason: 'x'.repeat(500) }, 'a'), call('steal_secrets', {}, 'b')], context);
    assert.doesNotMatch(error.message, /contoso|xxx|steal/);
  });

  it('resolves handles to things and keeps the proposal as the model wrote it', () => {
    const { context, names } = conversation();
    const person = names.get('@anna@');
    const [step] = parsePlan([call('block_sign_in', { person, reason: 'phone stolen' })], context).steps;
    assert(step);
    assert.deepEqual(step.proposed, { person, reason: 'phone stolen' });
    const reference = step.resolved['person'] as Reference;
    assert(reference.id.equals(annaId));
    assert.equal(reference.label, 'Anna Weber');
    assert.equal(step.target, reference, 'the policy decides about what the handler will be given');
    assert.equal(step.callId, 'call-1');
  });

  it('puts the text behind a text handle where the model could not see it, as the person’s words', () => {
    const { context, names } = conversation();
    const text = names.get('@text@')!;
    for (const written of [text, `{${text}}`]) {
      const [step] = parsePlan([call('find_person', { name: written })], context).steps;
      assert(step);
      assert.equal(step.resolved['name'], 'anna.weber@contoso.example');
      assert.equal(step.provenance['name'], 'your words');
      assert.deepEqual(step.proposed, { name: written });
    }
  });

  it('puts into a text for people what the handles in it stand for, and keeps the proposal as it was', () => {
    const { context, names } = conversation(['Block her, wrote anna.weber@contoso.example']);
    const person = names.get('@anna@')!;
    const written = `wrote ${names.get('@text@')!}`;
    const [step] = parsePlan([call('block_sign_in', { person, reason: written })], context).steps;
    assert(step);
    assert.equal(step.resolved['reason'], 'wrote anna.weber@contoso.example');
    assert.equal(step.provenance['reason'], 'your words');
    assert.deepEqual(step.proposed, { person, reason: written });
    const [other] = parsePlan([call('block_sign_in', { person, reason: `{${person}} asked for it` })], context).steps;
    assert.equal(other?.resolved['reason'], 'Anna Weber asked for it');
    assert.equal(other.provenance['reason'], 'composed by Steward');
  });

  it('refuses a text that holds a handle which stands for nothing here', () => {
    const { context, names } = conversation();
    for (const forged of ['person_k7m2qz', '{device_k7m2qz}', names.get('@foreign@')!, names.get('@expired@')!, names.get('@expiredText@')!]) {
      assert.equal(refused([call('block_sign_in', { person: names.get('@anna@'), reason: `as ${forged} said` })], context).code, 'HANDLE_UNKNOWN', forged);
    }
  });

  it('holds what a handle in a text stands for to the same bounds as the text', () => {
    const labels = ['Eve \u202enimda', 'Eve\u0007', 'x'.repeat(300)];
    for (const label of labels) {
      const { context, names } = conversation();
      const outsider = context.handles.mint('person', new InternalId('eve'), label, NOW_MS);
      const error = refused([call('block_sign_in', { person: names.get('@anna@'), reason: `asked by {${outsider}}` })], context);
      assert.equal(error.code, 'PLAN_BAD_ARGUMENTS');
    }
  });

  it('says of each text whether the person wrote it', () => {
    const { context, names } = conversation(['Block Anna, her   PHONE was stolen']);
    const person = names.get('@anna@');
    const provenance = (reason: string): unknown => parsePlan([call('block_sign_in', { person, reason })], context).steps[0]?.provenance['reason'];
    assert.equal(provenance('her phone was stolen'), 'your words');
    assert.equal(provenance('phone stolen'), 'composed by Steward');
  });

  it('stops at a handle that expires between two steps of time', () => {
    const { context, names } = conversation();
    const raw = [call('show_person', { person: names.get('@anna@') })];
    assert.equal(parsePlan(raw, { ...context, nowMs: NOW_MS + HANDLE_TTL_MS - 1 }).steps.length, 1);
    assert.equal(refused(raw, { ...context, nowMs: NOW_MS + HANDLE_TTL_MS }).code, 'HANDLE_UNKNOWN');
  });

  it('takes eight steps and not nine, and 25 targets of one action and not 26', () => {
    assert.deepEqual([MOST_STEPS, MOST_TARGETS], [8, 25]);
  });

  it('takes the same read twice, and not the same effect on one person under two handles', () => {
    const { context, names } = conversation();
    const person = names.get('@anna@');
    const other = context.handles.mint('person', annaId, 'Anna Weber', NOW_MS);
    assert.equal(parsePlan([call('show_person', { person }, 'a'), call('show_person', { person }, 'b')], context).steps.length, 2);
    const twice = [call('block_sign_in', { person, reason: 'x' }, 'a'), call('list_devices', { person }, 'b'), call('block_sign_in', { person: other, reason: ' x ' }, 'c')];
    assert.deepEqual([refused(twice, context).code, refused(twice, context).problems], ['PLAN_MALFORMED', ['the same effect twice']]);
  });

  it('refuses what was asked for later, without repeating the words', () => {
    const { context, names } = conversation(['Block Anna tomorrow']);
    const error = refused([call('show_person', { person: names.get('@anna@') }, 'a'), call('block_sign_in', { person: names.get('@anna@'), reason: 'x' }, 'b')], context);
    assert.deepEqual([error.code, error.problems], ['PLAN_SCHEDULED', ['1 phrases about another time or a condition']]);
  });

  it('takes a plan of which the person’s words are not known', () => {
    const { context, names } = conversation([]);
    assert.equal(parsePlan([call('block_sign_in', { person: names.get('@anna@'), reason: 'x' })], context).steps.length, 1);
  });

  it('resolves a text handle only where the parameter takes one, and leaves out what was not given', () => {
    const search = defineAction({
      name: 'search_things',
      version: '1.0.0',
      description: 'Searches. Does not change.',
      effect: 'read',
      operation: graph('GET', '/users', 'User.Read.All'),
      parameters: z.strictObject({ count: z.number(), more: z.string().optional() }),
      result: z.object({ ok: z.boolean() }),
      run: async () => ({ ok: true }),
    });
    const { context } = conversation();
    const [step] = parsePlan([call('search_things', { count: 3 })], { ...context, catalogue: new Catalogue([search]) }).steps;
    assert(step);
    assert.deepEqual([step.resolved, step.provenance, 'target' in step], [{ count: 3 }, {}, false]);
  });

  it('gives a proposal a digest that changes with every part of it', () => {
    const { context, names } = conversation();
    const person = names.get('@anna@');
    const digest = (...calls: readonly unknown[]): string => parsePlan(calls, context).digest;
    const digests = [
      digest(call('show_person', { person })),
      digest(call('list_devices', { person })),
      digest(call('show_person', { person }, 'call-2')),
      digest(call('show_person', { person }), call('list_devices', { person }, 'call-2')),
      digest(call('list_devices', { person }, 'call-2'), call('show_person', { person })),
    ];
    assert.equal(new Set(digests).size, digests.length);
    assert.equal(digest(call('show_person', { person })), digests[0]);
  });
});

describe('isFromWords', () => {
  const words = ['Please block Anna — her  Phone\nwas STOLEN in Zürich', 'ﬁle a note: ＡＢＣ'];
  const yes = ['her phone was stolen', 'HER PHONE', '  phone   was stolen ', 'Zu\u0308rich', 'file a note', 'abc', 'phone\u00a0was'];
  const no = ['her phone is stolen', 'phone stolen', 'stolen in Zürich file', 'Anna: her phone', 'zurich', '', '   ', 'block Anna - her'];
  for (const value of yes) it(`takes “${value}” for the person’s words`, () => assert.equal(isFromWords(value, words), true));
  for (const value of no) it(`does not take “${value}” for the person’s words`, () => assert.equal(isFromWords(value, words), false));

  it('counts white space as one blank, and not as none', () => {
    assert.equal(isFromWords('her\t\n phone', ['Her phone']), true);
    assert.equal(isFromWords('herphone', ['Her phone']), false);
  });

  it('does not join two messages into one, and finds nothing in none', () => {
    assert.equal(isFromWords('one two', ['one', 'two']), false);
    assert.equal(isFromWords('one', []), false);
  });
});

describe('stepDigest', () => {
  const { context, names } = conversation();
  const [step] = parsePlan([call('block_sign_in', { person: names.get('@anna@'), reason: 'phone stolen' })], context).steps;
  assert(step);
  const original = stepDigest(step);
  const person = step.resolved['person'] as Reference;
  const withResolved = (changes: Readonly<Record<string, unknown>>): Step => ({ ...step, resolved: { ...step.resolved, ...changes } });
  const withAction = (changes: Partial<Step['action']>): Step => ({ ...step, action: { ...step.action, ...changes } });

  const binding: readonly (readonly [string, Step])[] = [
    ['the name of the action', withAction({ name: 'unblock_sign_in' })],
    ['its version', withAction({ version: '1.0.1' })],
    ['a text argument', withResolved({ reason: 'phone stolen.' })],
    ['the case of a text argument', withResolved({ reason: 'Phone stolen' })],
    ['white space in a text argument', withResolved({ reason: 'phone  stolen' })],
    ['the id of the target', withResolved({ person: { ...person, id: laptopId } })],
    ['the kind of the target', withResolved({ person: { ...person, kind: 'device' } })],
    ['one more argument', withResolved({ more: 'x' })],
    ['one argument less', { ...step, resolved: { person } }],
    ['the names of two arguments swapped', { ...step, resolved: { person: 'phone stolen', reason: person } }],
    ['a target that became its handle', withResolved({ person: person.handle })],
  ];
  for (const [what, changed] of binding) it(`changes with ${what}`, () => assert.notEqual(stepDigest(changed), original));

  const free: readonly (readonly [string, Step])[] = [
    ['the label of the target', withResolved({ person: { ...person, label: 'Anna Weber-Meier' } })],
    ['the handle that named the target', withResolved({ person: { ...person, handle: 'person_aaaaaaaaaaaa' } })],
    ['the order of the arguments', { ...step, resolved: { reason: step.resolved['reason'], person } }],
    ['the case of an id', withResolved({ person: { ...person, id: new InternalId('5F3C1F0E-9A50-4E6B-8D6A-0A4A5B6C7D8E') } })],
    ['the id of the call', { ...step, callId: 'other' }],
    ['the provenance', { ...step, provenance: { reason: 'composed by Steward' } }],
    ['what the model wrote', { ...step, proposed: {} }],
    ['the description of the action', withAction({ description: 'Something else.' })],
  ];
  for (const [what, changed] of free) it(`does not change with ${what}`, () => assert.equal(stepDigest(changed), original));

  it('is SHA-256 and holds no id', () => {
    assert.match(original, /^[0-9a-f]{64}$/);
    assert.notEqual(original, createHash('sha256').update('').digest('hex'));
    assert.equal(annaId.appearsIn(original), false);
  });
});

describe('a resolved handle', () => {
  it('is a thing with a handle and an id, and nothing else is', () => {
    const { context, names } = conversation();
    assert.equal(isReference(context.handles.resolve('person', names.get('@anna@')!, NOW_MS)), true);
    for (const other of [null, undefined, 'person_k7m2qz', 7, {}, { handle: 'person_k7m2qz' }, { id: annaId }]) assert.equal(isReference(other), false);
  });
});
