import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod/v4';
import { defineAction, graph, policyClassOf, requirements, text, type Action, type PolicyClass, type Requirement } from '../../../src/actions/action.ts';
import { answerTool } from '../../../src/bot/answer-tool.ts';
import { Catalogue, catalogue, catalogueOf, toolsOf, type Selection } from '../../../src/actions/catalogue.ts';
import { handle } from '../../../src/actions/handles.ts';
import type { DeviceDirectory, PeopleDirectory, Robot } from '../../../src/actions/ports.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { StewardError } from '../../../src/errors.ts';

/** Each action in its order, and what the policy knows it as: pinned, so that none becomes easier to have by a slip. */
const pinned: Readonly<Record<string, PolicyClass>> = {
  find_person: 'read',
  show_person: 'read',
  list_mfa_methods: 'sensitive_read',
  list_sign_ins: 'sensitive_read',
  list_groups: 'read',
  list_apps: 'read',
  block_sign_in: 'destructive',
  unblock_sign_in: 'restore',
  revoke_sessions: 'destructive',
  list_licences: 'read',
  assign_licence: 'write',
  remove_licence: 'write',
  find_group: 'read',
  add_to_group: 'write',
  remove_from_group: 'write',
  find_device: 'read',
  list_devices: 'read',
  show_device: 'read',
  sync_device: 'write',
  lock_device: 'destructive',
  wipe_device: 'critical',
  send_mail: 'write',
  list_app_services: 'read',
  restart_app_service: 'critical',
  grant_guest_wifi: 'critical',
  offboard_person: 'critical',
  find_ticket: 'read',
  show_ticket: 'read',
  list_own_tickets: 'read',
  create_ticket: 'self_service',
  comment_on_ticket: 'write',
  comment_on_own_ticket: 'self_service',
  assign_ticket: 'write',
  close_ticket: 'write',
  report_stale_devices: 'read',
  report_licence_use: 'read',
  report_group_members: 'read',
  report_open_tickets: 'read',
  show_service_health: 'read',
};
const names = Object.keys(pinned);
/** A deployment that has everything. */
const ALL: Selection = { met: new Set(requirements), enable: catalogue.all().filter(({ ships }) => ships === 'disabled').map(({ name }) => name), disable: [] };

describe('the catalogue', () => {
  it('has exactly these actions, each of the class that it has', () => {
    assert.deepEqual(new Map(catalogue.all().map((action) => [action.name, policyClassOf(action)])), new Map(Object.entries(pinned)));
  });

  it('has for every deployment only what asks for nothing, and leaves to each what can’t be taken back', () => {
    for (const { name, effect, ships } of catalogue.all()) assert.equal(ships === 'disabled', effect === 'critical', name);
    const plain = catalogueOf({ met: new Set(), enable: [], disable: [] });
    assert.deepEqual(plain.all().map(({ name }) => name), catalogue.all().filter(({ needs, ships }) => needs === undefined && ships === undefined).map(({ name }) => name));
    assert.ok(plain.find('block_sign_in') && !plain.find('wipe_device') && !plain.find('restart_app_service'));
  });

  it('answers to no name but its own', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'size', 'get', '', 'BLOCK_SIGN_IN', 'block_sign_in ']) assert.equal(catalogue.find(name), undefined);
    for (const name of names) assert.equal(catalogue.find(name)?.name, name);
  });

  it('refuses two actions of one name', () => {
    const [first] = catalogue.all();
    assert.throws(() => new Catalogue([first!, first!]), (error) => error instanceof StewardError && error.code === 'CATALOGUE_INVALID');
  });

  it('refuses a way back that is not in it', () => {
    const block = catalogue.find('block_sign_in')!;
    assert.throws(() => new Catalogue([block]), (error) => error instanceof StewardError && error.code === 'CATALOGUE_INVALID' && /block_sign_in.*reversible/.test(error.message));
    assert.ok(new Catalogue([block, catalogue.find('unblock_sign_in')!]));
  });

  it('names only existing actions as the way back', () => {
    for (const { name, reversibleBy } of catalogue.all()) {
      if (reversibleBy === undefined) continue;
      const back = catalogue.find(reversibleBy);
      assert.equal(back?.reversibleBy, name);
      assert.notEqual(back.effect, 'read', name);
    }
  });

  it('takes strict objects only, so that an extra argument is refused', () => {
    for (const action of catalogue.all()) assert.equal(action.parameters.safeParse({ ...sampleArguments(action), extra: 1 }).success, false, action.name);
    for (const action of catalogue.all()) assert.equal(action.parameters.safeParse(sampleArguments(action)).success, true, action.name);
  });

  it('has a handle as the target of each action that has one', () => {
    for (const { name, target, parameters } of catalogue.all()) {
      if (target === undefined) continue;
      assert.ok(z.globalRegistry.get(parameters.shape[target])?.['handle'], `${name}: the policy would decide about nothing`);
    }
  });

  it('limits everything but reads', () => {
    for (const { name, effect, limit } of catalogue.all()) if (effect !== 'read') assert.ok(Number.isSafeInteger(limit?.perHour) && limit!.perHour > 0, name);
  });

  it('tells the model what each action does not do', () => {
    for (const { name, description } of catalogue.all()) assert.match(description, /\bnot\b/, name);
  });
});

describe('the digest of a catalogue', () => {
  const action = (changes: Partial<Action> = {}): Action => ({
    ...defineAction({
      name: 'lock_device',
      version: '1.0.0',
      description: 'Locks one device.',
      effect: 'write',
      target: 'device',
      operation: graph('POST', '/x/{id}/lock', 'Device.Lock'),
      parameters: z.strictObject({ device: handle('device'), reason: text({ max: 100, description: 'Why.' }) }),
      result: z.object({ locked: z.boolean() }),
      limit: { perHour: 5 },
      reversibleBy: 'unlock_device',
      run: async () => ({ locked: true }),
    }),
    ...changes,
  });
  /** Of these, and of the way back of each. */
  const digest = (...actions: readonly Action[]): string => {
    const back = (name: string): Action => ({ ...defineAction({ name: 'look_around', version: '1.0.0', description: 'x', effect: 'read', operation: graph('GET', '/x', 'X'), parameters: z.strictObject({}), result: z.object({ ok: z.boolean() }), run: async () => ({ ok: true }) }), name });
    return new Catalogue([...actions, back('unlock_device'), back('wipe_device')]).digest;
  };
  const original = digest(action());

  const changes: Readonly<Record<string, Partial<Action>>> = {
    name: { name: 'lock_phone' },
    version: { version: '1.0.1' },
    description: { description: 'Locks one device!' },
    effect: { effect: 'destructive' },
    target: { target: 'reason' },
    'method of the operation': { operation: graph('PATCH', '/x/{id}/lock', 'Device.Lock') },
    'path of the operation': { operation: graph('POST', '/x/{id}/wipe', 'Device.Lock') },
    'permission of the operation': { operation: graph('POST', '/x/{id}/lock', 'Device.Wipe') },
    limit: { limit: { perHour: 6 } },
    'limit of one person': { limit: { perHour: 5, perPersonPerHour: 2 } },
    'limit to which it can be raised': { limit: { perHour: 5, raisableTo: 9 } },
    'what it reads on the way': { reads: [graph('GET', '/x/{id}', 'Device.Read')] },
    'class that the policy knows it as': { policyClass: 'self_service' },
    'time of a second person': { secondPersonMinutes: 30 },
    'way back': { reversibleBy: 'wipe_device' },
    'longest text of a parameter': { parameters: z.strictObject({ device: handle('device'), reason: text({ max: 101, description: 'Why.' }) }) },
    'description of a parameter': { parameters: z.strictObject({ device: handle('device'), reason: text({ max: 100, description: 'Why not.' }) }) },
    'kind of a handle': { parameters: z.strictObject({ device: handle('person'), reason: text({ max: 100, description: 'Why.' }) }) },
    'one parameter less': { parameters: z.strictObject({ device: handle('device') }) },
    'a parameter made optional': { parameters: z.strictObject({ device: handle('device'), reason: text({ max: 100, description: 'Why.' }).optional() }) },
    'extra parameters allowed': { parameters: z.looseObject({ device: handle('device'), reason: text({ max: 100, description: 'Why.' }) }) },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`changes with the ${what}`, () => assert.notEqual(digest(action(change)), original));
  }

  it('changes with one action more and is the same for the same catalogue', () => {
    assert.notEqual(digest(action(), action({ name: 'lock_phone' })), original);
    assert.equal(digest(action()), original);
    assert.match(original, /^[0-9a-f]{64}$/);
  });
});

describe('the catalogue of one deployment', () => {
  const names_ = (selection: Partial<Selection>): readonly string[] => catalogueOf({ ...ALL, ...selection }).all().map(({ name }) => name);
  const without = (...left: readonly string[]): readonly string[] => catalogue.all().map(({ name }) => name).filter((name) => !left.includes(name));

  it('is the whole one where everything is set up and enabled, and its digest too', () => {
    assert.deepEqual(names_({}), without());
    assert.equal(catalogueOf(ALL).digest, catalogue.digest);
  });

  for (const requirement of requirements) {
    it(`has nothing that needs ${requirement} without it`, () => {
      const needing = catalogue.all().filter(({ needs }) => needs === requirement).map(({ name }) => name);
      assert.ok(needing.length > 0, 'a requirement of nothing');
      const met = new Set(requirements.filter((each): each is Requirement => each !== requirement));
      assert.deepEqual(names_({ met, enable: ALL.enable.filter((name) => !needing.includes(name)) }), without(...needing));
    });
  }

  it('has none that ships disabled unless it is enabled by name', () => {
    assert.deepEqual(names_({ enable: [] }), without(...ALL.enable));
    for (const name of ALL.enable) assert.deepEqual(names_({ enable: [name] }), without(...ALL.enable.filter((other) => other !== name)));
  });

  it('does without what the customer does without, even where it is enabled as well', () => {
    assert.deepEqual(names_({ disable: ['find_person', ...ALL.enable] }), without('find_person', ...ALL.enable));
  });

  it('offers no way back that it does not have', () => {
    assert.equal(catalogueOf({ ...ALL, disable: ['unblock_sign_in'] }).find('block_sign_in')?.reversibleBy, undefined);
    assert.equal(catalogueOf(ALL).find('block_sign_in')?.reversibleBy, 'unblock_sign_in');
  });

  it('has another digest than one with an action less', () => {
    assert.notEqual(catalogueOf({ ...ALL, disable: ['find_person'] }).digest, catalogue.digest);
  });

  const wrong: Readonly<Record<string, Partial<Selection>>> = {
    'enables what is no action': { enable: ['wipe_everything'] },
    'does without what is no action': { disable: ['find_persons'] },
    'names what every object has': { disable: ['constructor'] },
    'enables what it has not set up': { met: new Set(), enable: ['restart_app_service'] },
  };
  for (const [what, selection] of Object.entries(wrong)) {
    it(`is refused when the customer ${what}`, () => {
      const name = [...(selection.enable ?? []), ...(selection.disable ?? [])][0]!;
      assert.throws(() => catalogueOf({ ...ALL, ...selection }), (error) => error instanceof StewardError && error.code === 'CONFIGURATION_INVALID' && error.message.includes(`\`${name}\``));
    });
  }

  it('names every problem at once', () => {
    assert.throws(() => catalogueOf({ met: new Set(), enable: ['wipe_everything', 'restart_app_service'], disable: ['nothing_here'] }), /wipe_everything.*nothing_here.*restart_app_service.*app services/);
  });
});

describe('toolsOf', () => {
  const tools = toolsOf(catalogue.all());

  it('gives one function tool for each action, in order', () => {
    assert.deepEqual(tools.map((tool) => tool.function.name), catalogue.all().map(({ name }) => name));
  });

  for (const tool of tools) {
    it(`describes ${tool.function.name} as OpenAI takes it`, () => {
      assert.deepEqual(Object.keys(tool).sort(), ['function', 'type']);
      assert.equal(tool.type, 'function');
      assert.deepEqual(Object.keys(tool.function).sort(), ['description', 'name', 'parameters']);
      assert.match(tool.function.name, /^[a-zA-Z0-9_-]{1,64}$/);
      assert.ok(tool.function.description.length > 0 && tool.function.description.length <= 1024);
      const { parameters } = tool.function;
      assert.equal(parameters['type'], 'object');
      assert.equal(parameters['additionalProperties'], false, 'a strict object');
      const properties = parameters['properties'] as Record<string, Record<string, unknown>>;
      for (const name of (parameters['required'] ?? []) as string[]) assert.ok(Object.hasOwn(properties, name), name);
      for (const [name, property] of Object.entries(properties)) {
        assert.match(name, /^[a-z_]+$/);
        assert.ok(['string', 'integer', 'boolean'].includes(String(property['type'])), `${name} is ${String(property['type'])}`);
        assert.equal(typeof property['description'], 'string', `${name} is described`);
        for (const key of Object.keys(property)) assert.ok(['type', 'description', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'enum'].includes(key), `${name} has ${key}`);
      }
      assert.doesNotMatch(JSON.stringify(tool), /\$schema|\$ref|\$defs|acceptsTextHandle|"handle"|"states"|withinDays/);
    });
  }

  it('is what stands in the committed prompt folder, before the way to the articles', () => {
    const committed = JSON.parse(readFileSync(new URL('../../../prompts/steward/actions.json', import.meta.url), 'utf8')) as unknown;
    assert.deepEqual(JSON.parse(JSON.stringify([...tools, answerTool].map((tool) => tool.function))), committed);
  });
});

describe('the wording of actions', () => {
  for (const action of catalogue.all()) {
    it(`has words for ${action.name}`, () => {
      const wording = en.actions.get(action.name);
      assert.ok(wording);
      for (const part of ['title', 'help', 'example'] as const) assert.ok(wording[part].trim() !== '', part);
      if (action.effect === 'read') return;
      for (const part of ['button', 'consequence'] as const) assert.ok((wording[part] ?? '').trim() !== '', part);
      for (const part of ['running', 'done'] as const) assert.match(wording[part]?.('Anna Weber') ?? '', /Anna Weber/, part);
      assert.match(wording.consequence ?? '', /[.!]$/);
    });

    it(`has a name for each parameter of ${action.name} that a card shows, and each result field`, () => {
      for (const [parameter, schema] of Object.entries(action.parameters.shape)) {
        // A thing is shown under the name of its kind.
        if (action.effect === 'read' || z.globalRegistry.get(schema)?.['handle'] !== undefined) continue;
        assert.ok(en.card.argument[parameter], parameter);
      }
    });
  }

  it('has none for an action that does not exist', () => {
    for (const name of en.actions.keys()) assert.ok(catalogue.find(name), name);
  });
});

describe('the handlers', () => {
  const person = { kind: 'person' as const, handle: 'person_aaaaaa' as const, id: new InternalId('anna'), label: 'Anna' };
  const calls: unknown[][] = [];
  const people: Pick<PeopleDirectory, 'find' | 'show' | 'setSignInAllowed' | 'revokeSessions'> = {
    find: async (...given) => (calls.push(['find', ...given]), { people: [], more: false }),
    show: async (...given) => (calls.push(['show', ...given]), { id: person.id, displayName: 'Anna Weber', userPrincipalName: 'anna@contoso.example', signInAllowed: false, guest: false, licences: [] }),
    setSignInAllowed: async (...given) => (calls.push(['setSignInAllowed', ...given]), { requestIds: ['r-1'] }),
    revokeSessions: async (...given) => (calls.push(['revokeSessions', ...given]), { requestIds: ['r-2'] }),
  };
  const devices: Pick<DeviceDirectory, 'listOf'> = { listOf: async (...given) => (calls.push(['listOf', ...given]), { devices: [], more: false }) };
  const robot = { people, devices } as unknown as Robot;

  const expected: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly unknown[]])[] = [
    ['find_person', { name: 'Anna' }, ['find', 'Anna']],
    ['show_person', { person }, ['show', person.id]],
    ['list_devices', { person }, ['listOf', person.id]],
    ['block_sign_in', { person, reason: 'x' }, ['setSignInAllowed', person.id, false]],
    ['unblock_sign_in', { person, reason: 'x' }, ['setSignInAllowed', person.id, true]],
    ['revoke_sessions', { person, reason: 'x' }, ['revokeSessions', person.id]],
  ];
  for (const [name, given, call] of expected) {
    it(`of ${name} makes one call, with the signal that stops it, and answers in its declared shape`, async () => {
      calls.length = 0;
      const action = catalogue.find(name)!;
      const { signal } = new AbortController();
      const receipts: unknown[] = [];
      const result = await action.run(given, robot, { requester: new InternalId('hanna'), signal, receipt: (each) => receipts.push(each) });
      assert.equal(calls.length, 1);
      assert.deepEqual(calls[0]?.slice(0, call.length), call);
      assert.equal((calls[0]?.at(-1) as { signal: AbortSignal }).signal, signal);
      assert.equal(action.result.safeParse(result).success, true);
      assert.equal(receipts.length, action.effect === 'read' ? 0 : 1);
    });
  }
});

/** Arguments that parse: by the JSON Schema that the model is given, and a day for what states one. */
function sampleArguments(action: Action): Record<string, unknown> {
  const [tool] = toolsOf([action]);
  const properties = tool!.function.parameters['properties'] as Record<string, { readonly type: string; readonly minimum?: number; readonly enum?: readonly unknown[] }>;
  return Object.fromEntries(
    Object.entries(action.parameters.shape).map(([name, schema]) => {
      const meta = z.globalRegistry.get(schema);
      const { enum: choice, minimum, type } = properties[name]!;
      if (typeof meta?.['handle'] === 'string') return [name, `${meta['handle']}_k7m2qz`];
      if (choice !== undefined) return [name, choice[0]];
      if (type === 'integer') return [name, minimum];
      if (type === 'boolean') return [name, true];
      return [name, meta?.['states'] === 'day' ? '2026-11-30' : 'x'];
    }),
  );
}
