import assert from 'node:assert/strict';
import { z } from 'zod/v4';
import { audienceOf, defineAction, effects, forModel, graph, personOnly, isAboutPerson, policyClasses, policyClassOf, searchText, targetKindOf, text, thing, type Action, type Thing } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { handle, handleKinds } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { StewardError } from '../../../src/errors.ts';

const sound = {
  name: 'wipe_device',
  version: '1.0.0',
  description: 'Wipes one device. Does not delete the account.',
  effect: 'destructive' as const,
  target: 'device' as const,
  operation: graph('POST', '/deviceManagement/managedDevices/{id}/wipe', 'DeviceManagementManagedDevices.PrivilegedOperations.All'),
  parameters: z.strictObject({ device: handle('device') }),
  result: z.object({ device: thing('device'), wiped: z.boolean() }),
  limit: { perHour: 1 },
  run: async () => assert.fail('never run here'),
};

/** A definition that breaks the types too: what a hurried author would write with a cast. */
const define = (changes: object): Action => defineAction({ ...sound, ...changes });

const without = (key: keyof typeof sound): object => Object.fromEntries(Object.entries(sound).filter(([name]) => name !== key));

function assertInvalid(make: () => unknown, says: RegExp): void {
  assert.throws(make, (error) => {
    assert(error instanceof StewardError && error.code === 'CATALOGUE_INVALID', String(error));
    assert.match(error.message, says);
    return true;
  });
}

describe('defineAction', () => {
  it('takes a sound definition as it is', () => {
    assert.equal(define({}).name, 'wipe_device');
  });

  for (const name of ['', 'wipe', 'Wipe_device', 'wipe-device', 'wipe_device2', 'wipe__device', '_wipe_device', 'wipe_device_', 'wipe device', 'wipe_device\n', 'constructor', '__proto__', 'wïpe_device', `wipe_${'x'.repeat(60)}`]) {
    it(`refuses the name ${JSON.stringify(name)}`, () => assertInvalid(() => define({ name }), /name must be/));
  }

  for (const version of ['', '1', '1.0', 'v1.0.0', '1.0.0-beta', '1.0.0 ', '1.0.x']) {
    it(`refuses the version ${JSON.stringify(version)}`, () => assertInvalid(() => define({ version }), /version must be/));
  }

  it('refuses a description longer than models accept', () => {
    assert.ok(define({ description: 'x'.repeat(1024) }));
    assertInvalid(() => define({ description: 'x'.repeat(1025) }), /1,024/);
  });

  for (const effect of ['write', 'destructive', 'critical'] as const) {
    it(`refuses a ${effect} action without a limit`, () => {
      assertInvalid(() => defineAction({ ...without('limit'), effect } as unknown as Parameters<typeof defineAction>[0]), /limit/);
    });
  }

  it('refuses a destructive action without a target; a service may be restarted without one', () => {
    assertInvalid(() => defineAction({ ...without('target'), effect: 'destructive' } as unknown as Parameters<typeof defineAction>[0]), /target/);
    for (const effect of ['write', 'critical'] as const) assert.ok(defineAction({ ...without('target'), effect, ships: 'disabled' } as unknown as Parameters<typeof defineAction>[0]));
  });

  it('lets a read have neither limit nor target', () => {
    assert.ok(define({ effect: 'read', limit: undefined, target: undefined }));
  });

  describe('refuses a limit', () => {
    const limits: readonly (readonly [string, object, RegExp])[] = [
      ['of no use an hour', { perHour: 0 }, /below one use/],
      ['that is not a number', { perHour: Number.NaN }, /below one use/],
      ['of no use for a person', { perHour: 5, perPersonPerHour: 0 }, /below one use/],
      ['that gives one person more than the deployment', { perHour: 5, perPersonPerHour: 6 }, /more in an hour than the whole deployment/],
      ['that is raised to less', { perHour: 5, raisableTo: 4 }, /raised, not lowered/],
      ['that is raised to what is no number', { perHour: 5, raisableTo: Number.NaN }, /raised, not lowered/],
    ];
    for (const [what, limit, says] of limits) it(what, () => assertInvalid(() => define({ limit }), says));
    it('never one that is sound', () => {
      for (const limit of [{ perHour: 1 }, { perHour: 5, perPersonPerHour: 5 }, { perHour: 5, perPersonPerHour: 1, raisableTo: 5 }]) assert.ok(define({ limit }));
    });
  });

  it('refuses a second person who would have less than a minute', () => {
    for (const secondPersonMinutes of [0, -1, 0.5, Number.NaN]) assertInvalid(() => define({ secondPersonMinutes }), /less than a minute/);
    assert.ok(define({ secondPersonMinutes: 1 }));
  });

  it('refuses a policy class that is not one of its effect: none that would be decided more weakly', () => {
    const finer: Readonly<Record<string, readonly string[]>> = { read: ['sensitive_read'], write: ['self_service'], destructive: ['restore'], critical: [] };
    for (const effect of effects) {
      for (const policyClass of policyClasses) {
        if (finer[effect]!.includes(policyClass)) assert.equal(policyClassOf(define({ effect, policyClass })), policyClass);
        else assertInvalid(() => define({ effect, policyClass }), /policy class is not one of its effect/);
      }
      assert.equal(policyClassOf(define({ effect, ships: 'disabled' })), effect);
    }
  });

  it('refuses what can’t be taken back unless a customer has to enable it', () => {
    for (const ships of [undefined, 'enabled']) assertInvalid(() => define({ effect: 'critical', ships }), /ships disabled/);
    assert.equal(define({ effect: 'critical', ships: 'disabled' }).ships, 'disabled');
    assert.equal(define({ ships: 'disabled' }).ships, 'disabled', 'anything else may');
  });

  it('refuses a report of rows that its result does not have', () => {
    const result = z.object({ device: thing('device'), rows: personOnly(z.array(z.object({ name: z.string() }))) });
    for (const rows of ['row', 'constructor', '']) assertInvalid(() => define({ result, report: { rows } }), /rows that are not in its result/);
    assert.ok(define({ result, report: { rows: 'rows' } }));
  });

  it('refuses a handle that nobody would resolve, and takes one of any kind that somebody does', () => {
    for (const kind of handleKinds) assert.ok(define({ parameters: z.strictObject({ device: handle('device'), other: handle(kind) }) }));
    for (const kind of handleKinds) assertInvalid(() => define({ parameters: z.strictObject({ device: handle('device'), inner: handle(kind).optional() }) }), /`inner` holds a handle/);
    for (const inner of [handle('device').optional(), z.array(handle('device')), z.object({ device: handle('device') }), z.union([handle('device'), z.string()])]) {
      assertInvalid(() => define({ parameters: z.strictObject({ device: handle('device'), inner }) }), /`inner` holds a handle/);
    }
  });

  it('refuses parameters that would take more than they name', () => {
    for (const parameters of [z.object({ device: handle('device') }), z.looseObject({ device: handle('device') }), z.object({ device: handle('device') }).catchall(z.string())]) assertInvalid(() => define({ parameters }), /strict object/);
  });

  it('refuses a target that is not one of its parameters', () => {
    assertInvalid(() => define({ target: 'person' }), /target must be one of its handle parameters/);
    const parameters = z.strictObject({ device: handle('device'), days: z.int(), note: text({ max: 9, description: 'x' }) });
    for (const target of ['days', 'note', 'constructor']) assertInvalid(() => define({ parameters, target }), /target must be one of its handle parameters/);
  });

  it('takes numbers, choices and truths as arguments', () => {
    assert.ok(define({ parameters: z.strictObject({ device: handle('device'), days: z.int().min(1).max(14), how: z.enum(['a', 'b']), loud: z.boolean().optional() }) }));
  });

  const texts: readonly (readonly [string, z.ZodType])[] = [
    ['a text', z.string()],
    ['an optional text', z.string().optional()],
    ['a list of texts', z.array(z.string())],
    ['a text inside an object', z.object({ inner: z.string() })],
    ['a text in a list of objects', z.array(z.object({ inner: z.string() }))],
    ['an address', z.email()],
    ['a URL', z.url()],
    ['a GUID', z.guid()],
    ['anything', z.any()],
    ['something unknown', z.unknown()],
    ['a record', z.record(z.string(), z.boolean())],
    ['a choice that holds a text', z.union([z.boolean(), z.string()])],
    ['a text or null', z.string().nullable()],
    ['a text with a default', z.string().default('x')],
    ['a text made by a transformation', z.string().transform((value) => value.length)],
    ['a tuple', z.tuple([z.string()])],
    ['something of its own kind', z.custom<string>()],
    ['a catch', z.string().catch('x')],
    ['a lazy text', z.lazy(() => z.string())],
  ];
  for (const [what, field] of texts) {
    it(`refuses ${what} in a result that is not marked for the person`, () => {
      assertInvalid(() => define({ result: z.object({ device: thing('device'), field }) }), /field.*free text/);
      assert.ok(define({ result: z.object({ device: thing('device'), field: personOnly(field) }) }));
    });
  }

  it('lets closed sets and things through to the model', () => {
    assert.ok(
      define({
        result: z.object({
          device: thing('device'),
          owner: thing('person').optional(),
          all: z.array(thing('device')),
          state: z.enum(['a', 'b']),
          fixed: z.literal('done'),
          count: z.number(),
          whole: z.int(),
          yes: z.boolean(),
          at: z.date().optional(),
        }),
      }),
    );
  });
});

describe('what an action is about', () => {
  it('is of the kind of its target, and of a person where it is one or is used by one', () => {
    for (const kind of handleKinds) {
      const action = define({ parameters: z.strictObject({ it: handle(kind), person: handle('person') }), target: 'it' });
      assert.equal(targetKindOf(action), kind);
      assert.equal(isAboutPerson(action), kind === 'person' || kind === 'device', kind);
    }
  });

  it('is nothing without a target, whatever else it names', () => {
    const action = define({ effect: 'read', target: undefined });
    assert.equal(targetKindOf(action), undefined);
    assert.equal(isAboutPerson(action), false);
  });
});

describe('the texts of a parameter', () => {
  const reason = text({ max: 10, description: 'Why.' });

  it('are trimmed, bounded and may have lines', () => {
    assert.equal(reason.parse('  a\nb '), 'a\nb');
    assert.equal(reason.safeParse('x'.repeat(11)).success, false);
    assert.equal(reason.safeParse(' \n ').success, false);
  });

  it('hold no control and no direction character', () => {
    for (const code of [...Array(32).keys(), 0x7f, 0x85, 0x9f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]) {
      if (code === 0x0a) continue;
      assert.equal(reason.safeParse(`a${String.fromCodePoint(code)}b`).success, false, code.toString(16));
    }
  });

  it('search by the same rules', () => {
    const search = searchText({ max: 10, description: 'Who.' });
    assert.equal(search.safeParse('a\u0000b').success, false);
    assert.equal(search.safeParse('x'.repeat(11)).success, false);
    assert.equal(z.globalRegistry.get(search)?.['acceptsTextHandle'], true);
    assert.equal(z.globalRegistry.get(reason)?.['acceptsTextHandle'], undefined);
  });
});

describe('thing', () => {
  const schema = thing('person');
  const id = new InternalId('x');

  it('takes a thing of its kind with a real internal id, and nothing else', () => {
    assert.equal(schema.safeParse({ kind: 'person', id, label: 'Anna' }).success, true);
    for (const other of [null, 'person_k7m2qz', id, { kind: 'device', id, label: 'x' }, { kind: 'person', id: 'x', label: 'x' }, { kind: 'person', label: 'x' }, { id }, []]) {
      assert.equal(schema.safeParse(other).success, false);
    }
  });

  it('has its audience, and so do its neighbours', () => {
    assert.equal(audienceOf(schema), 'thing');
    assert.equal(audienceOf(personOnly(z.string())), 'person');
    assert.equal(audienceOf(z.string()), 'model');
    assert.equal(audienceOf(personOnly(thing('person'))), 'person');
  });
});

/** A result of this shape in which each text is `secret-…` and each label a name that outsiders could choose. */
function synthetic(schema: z.core.$ZodType, path: string): unknown {
  const { def } = schema as z.ZodType & { def: { type: string; shape?: Record<string, z.ZodType>; element?: z.ZodType; innerType?: z.ZodType; entries?: Record<string, string>; values?: readonly unknown[] } };
  if (audienceOf(schema) === 'thing') {
    const kind = z.globalRegistry.get(schema)?.['handle'] as Thing['kind'];
    return { kind, id: new InternalId(`secret-id-${path}`), label: `secret-label-${path}` };
  }
  switch (def.type) {
    case 'object':
      return Object.fromEntries(Object.entries(def.shape ?? {}).map(([key, field]) => [key, synthetic(field, `${path}.${key}`)]));
    case 'array':
      return [0, 1].map((index) => synthetic(def.element!, `${path}[${index}]`));
    case 'optional':
      return synthetic(def.innerType!, path);
    case 'string':
      return `secret-text-${path}`;
    case 'enum':
      return Object.values(def.entries ?? {})[0];
    case 'literal':
      return def.values?.[0];
    case 'boolean':
      return true;
    case 'number':
      return 3;
    case 'date':
      return new Date('2026-11-22T10:11:12Z');
    default:
      throw new Error(`a result field of type ${def.type}: teach this test about it`);
  }
}

/** The words that a result's closed sets can hold. */
function wordsOf(schema: z.core.$ZodType): readonly unknown[] {
  const { def } = schema as z.ZodType & { def: { shape?: Record<string, z.ZodType>; element?: z.ZodType; innerType?: z.ZodType; entries?: Record<string, string>; values?: readonly unknown[] } };
  if (audienceOf(schema) !== 'model') return [];
  return [...Object.values(def.entries ?? {}), ...(def.values ?? []), ...[...Object.values(def.shape ?? {}), def.element, def.innerType].flatMap((inner) => (inner === undefined ? [] : wordsOf(inner)))];
}

describe('forModel', () => {
  for (const action of catalogue.all()) {
    it(`gives the model no directory text of ${action.name}, and a handle for each thing`, () => {
      const result = action.result.parse(synthetic(action.result, action.name));
      assert.match(JSON.stringify(result), /secret-/, 'the synthetic result holds what the model must not see');
      const minted: Thing[] = [];
      const seen = JSON.stringify(forModel(action.result, result, (each) => `${each.kind}_handle${minted.push(each)}`));
      assert.doesNotMatch(seen, /secret|internal id/);
      assert.doesNotMatch(seen, /"(?:id|label|job_title|department|office|user_name|mail|model|os_version|serial_number)"/);
      const shown = new Set([...JSON.stringify(result).matchAll(/secret-label-([\w.[\]]+)/g)].map(([label]) => label));
      // A thing for the person alone has a label and no handle.
      for (const { label } of minted) assert.ok(shown.has(label));
      assert.equal(seen.split('_handle').length - 1, minted.length);
    });

    it(`gives the model only closed sets and handles of ${action.name}`, () => {
      const result = action.result.parse(synthetic(action.result, action.name));
      const words = new Set(wordsOf(action.result));
      const look = (value: unknown): void => {
        if (typeof value === 'string') assert.ok(words.has(value) || /^(?:[a-z]+_handle|\d{4}-\d\d-\d\d)$/.test(value), value);
        else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) look(inner);
      };
      look(forModel(action.result, result, (each) => `${each.kind}_handle`));
    });
  }

  it('leaves out what the handler added beyond its schema', () => {
    const schema = z.object({ ok: z.boolean() });
    assert.deepEqual(forModel(schema, { ok: true, note: 'smuggled' }, () => 'x'), { ok: true });
  });

  it('leaves out absent fields instead of naming them', () => {
    const schema = z.object({ manager: thing('person').optional(), at: z.date().optional(), note: personOnly(z.string().optional()) });
    assert.deepEqual(forModel(schema, { manager: undefined, at: undefined, note: 'secret' }, () => assert.fail('nothing to mint')), {});
  });

  it('leaves out a thing that is for the person only', () => {
    const schema = z.object({ who: personOnly(thing('person')) });
    assert.deepEqual(forModel(schema, { who: { kind: 'person', id: new InternalId('x'), label: 'Anna' } }, () => assert.fail('nothing to mint')), {});
  });

  it('tells a day, not a moment', () => {
    assert.deepEqual(forModel(z.object({ at: z.date() }), { at: new Date('2026-11-22T10:11:12Z') }, () => 'x'), { at: '2026-11-22' });
  });
});
