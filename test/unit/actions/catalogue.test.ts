import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod/v4';
import { defineAction, graph, policyClassOf, text, type Action } from '../../../src/actions/action.ts';
import { Catalogue, catalogue, toolsOf } from '../../../src/actions/catalogue.ts';
import { handle } from '../../../src/actions/handles.ts';
import type { DeviceDirectory, PeopleDirectory, Robot } from '../../../src/actions/ports.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { StewardError } from '../../../src/errors.ts';

const names = ['find_person', 'show_person', 'list_devices', 'block_sign_in', 'unblock_sign_in', 'revoke_sessions'];

describe('the catalogue', () => {
  it('has exactly these actions', () => {
    assert.deepEqual(catalogue.all().map(({ name }) => name), names);
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

  it('takes a restore by a second person unless one’s own effect is taken back, so it is of that class', () => {
    assert.deepEqual(catalogue.all().map((action) => [action.name, policyClassOf(action)]).filter(([, kind]) => kind !== 'read'), [['block_sign_in', 'destructive'], ['unblock_sign_in', 'restore'], ['revoke_sessions', 'destructive']]);
  });

  it('names only existing actions as the way back', () => {
    for (const { name, reversibleBy } of catalogue.all()) {
      if (reversibleBy === undefined) continue;
      assert.equal(catalogue.find(reversibleBy)?.reversibleBy, name);
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

  it('asks for no permission that infra does not grant, and no tier-0 one', () => {
    const granted = readFileSync(new URL('../../../infra/permissions.json', import.meta.url), 'utf8');
    for (const { operation } of catalogue.all()) {
      for (const permission of operation.permissions) {
        assert.ok(granted.includes(`"${permission}"`), permission);
        assert.doesNotMatch(permission, /^(?:RoleManagement|AppRoleAssignment|Application|Directory|User|Group|GroupMember|UserAuthenticationMethod)\.ReadWrite/);
      }
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

describe('toolsOf', () => {
  const tools = toolsOf(catalogue.all());

  it('gives one function tool for each action, in order', () => {
    assert.deepEqual(tools.map((tool) => tool.function.name), names);
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
      assert.deepEqual([...(parameters['required'] as string[])].sort(), Object.keys(properties).sort());
      for (const [name, property] of Object.entries(properties)) {
        assert.match(name, /^[a-z_]+$/);
        assert.equal(property['type'], 'string');
        assert.equal(typeof property['description'], 'string');
        for (const key of Object.keys(property)) assert.ok(['type', 'description', 'pattern', 'minLength', 'maxLength'].includes(key), `${name} has ${key}`);
      }
      assert.doesNotMatch(JSON.stringify(tool), /\$schema|\$ref|\$defs|acceptsTextHandle|"handle"/);
    });
  }

  it('is what stands in the committed prompt folder', () => {
    const committed = JSON.parse(readFileSync(new URL('../../../prompts/steward/actions.json', import.meta.url), 'utf8')) as unknown;
    assert.deepEqual(JSON.parse(JSON.stringify(tools.map((tool) => tool.function))), committed);
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
      for (const parameter of Object.keys(action.parameters.shape)) {
        if (action.effect === 'read' || parameter === action.target) continue;
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
  const people: PeopleDirectory = {
    find: async (...given) => (calls.push(['find', ...given]), { people: [], more: false }),
    show: async (...given) => (calls.push(['show', ...given]), { id: person.id, displayName: 'Anna Weber', userPrincipalName: 'anna@contoso.example', signInAllowed: false, guest: false }),
    setSignInAllowed: async (...given) => (calls.push(['setSignInAllowed', ...given]), { requestIds: ['r-1'] }),
    revokeSessions: async (...given) => (calls.push(['revokeSessions', ...given]), { requestIds: ['r-2'] }),
  };
  const devices: DeviceDirectory = { listOf: async (...given) => (calls.push(['listOf', ...given]), { devices: [], more: false }) };
  const robot: Robot = { people, devices };

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
      const result = await action.run(given, robot, { signal, receipt: (each) => receipts.push(each) });
      assert.equal(calls.length, 1);
      assert.deepEqual(calls[0]?.slice(0, call.length), call);
      assert.equal((calls[0]?.at(-1) as { signal: AbortSignal }).signal, signal);
      assert.equal(action.result.safeParse(result).success, true);
      assert.equal(receipts.length, action.effect === 'read' ? 0 : 1);
    });
  }
});

function sampleArguments(action: Action): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(action.parameters.shape).map(([name, schema]) => {
      const kind = z.globalRegistry.get(schema)?.['handle'];
      return [name, typeof kind === 'string' ? `${kind}_k7m2qz` : 'x'];
    }),
  );
}
