/** Ordinary phrasing leads to the right tool and arguments. See test/vectors/utterances/README.md for how the halves came about. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createModelService } from '../../../sandbox/model/service.ts';
import { catalogue, toolsOf } from '../../../src/actions/catalogue.ts';
import { Stopwatch } from '../../machine.ts';

interface Call {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, string | number | readonly string[]>>;
  readonly result?: unknown;
}
interface Utterance {
  readonly id: string;
  readonly topic: string;
  readonly history?: readonly { readonly say: string; readonly steps: readonly (readonly Call[])[]; readonly reply: string }[];
  readonly say: string;
  readonly finds?: Readonly<Record<string, readonly string[]>>;
  readonly expect: readonly (readonly Call[])[];
}
interface ToolShape {
  readonly description: string;
  readonly parameters: Readonly<Record<string, object>>;
  /** Absent: all of them. */
  readonly required?: readonly string[];
}
/** One tool list: what the vectors call a tool and its parameters, and what the list calls them. */
interface ToolList {
  readonly tools: Readonly<Record<string, ToolShape>>;
  readonly toolNames: Readonly<Record<string, string>>;
  readonly parameterNames: Readonly<Record<string, string>>;
  readonly asker: string;
}

const person = { type: 'string', pattern: '^person_[a-z2-7]{6,}$' };
const reason = { type: 'string', minLength: 1, maxLength: 200 };

const PRODUCT: ToolList = {
  asker: 'You are an assistant for IT operations. The person asking is person_asker2.',
  toolNames: {},
  parameterNames: {},
  tools: {
    find_person: { description: 'Finds people by name, mail address or user name. Returns handles.', parameters: { name: { type: 'string', maxLength: 120, description: 'What the person is called, or a text_… handle' } } },
    show_person: { description: 'Shows the account of one person: manager, department, sign-in state.', parameters: { person } },
    list_devices: { description: 'Lists the managed devices of one person.', parameters: { person } },
    block_sign_in: { description: 'Blocks sign-in for one person. Does not end sessions that are already open and does not delete anything.', parameters: { person, reason } },
    unblock_sign_in: { description: 'Allows sign-in again for one person whose sign-in is blocked.', parameters: { person, reason } },
    revoke_sessions: { description: 'Ends all sign-in sessions of one person; they must sign in again. Does not block sign-in.', parameters: { person, reason } },
  },
};

const why = { type: 'string', maxLength: 300, description: 'Why this is asked for, in the words of the requester' };
const OTHER: ToolList = {
  asker: 'You help a service desk. You are talking to {person_asker2}, be brief.',
  toolNames: { find_person: 'directory_search', show_person: 'account_overview', list_devices: 'hardware_inventory', block_sign_in: 'suspend_access', unblock_sign_in: 'reinstate_access', revoke_sessions: 'sign_out_everywhere' },
  parameterNames: { person: 'employee', reason: 'justification', name: 'query' },
  tools: {
    account_overview: { description: 'Gives an overview of an employee: who their boss is, which department they belong to and whether they may log in.', parameters: { employee: person } },
    sign_out_everywhere: { description: 'Logs an employee out of every session at once, so that a fresh login is needed. The account stays usable.', parameters: { employee: person, justification: why } },
    reinstate_access: { description: 'Lets a suspended employee log in once more.', parameters: { employee: person, justification: why } },
    directory_search: { description: 'Looks up employees in the company directory by what they are called. Gives back references.', parameters: { query: { type: 'string', description: 'Name to look for' } } },
    hardware_inventory: { description: 'Enumerates laptops, phones and other machines that are enrolled for an employee.', parameters: { employee: person } },
    suspend_access: { description: 'Stops an employee from logging in. Existing sessions are not closed; nothing is removed.', parameters: { employee: person, justification: why } },
  },
};

/** Every tool of the product's own catalogue. */
const CATALOGUE: ToolList = {
  asker: PRODUCT.asker,
  toolNames: {},
  parameterNames: {},
  tools: Object.fromEntries(
    toolsOf(catalogue.all()).map(({ function: { name, description, parameters } }) => {
      const { properties, required } = parameters as { readonly properties: Readonly<Record<string, object>>; readonly required?: readonly string[] };
      return [name, { description, parameters: properties, required: required ?? [] }];
    }),
  ),
};

const service = createModelService({ deployment: 'gpt' });
const handler = service.handlers.find((candidate) => candidate.path.endsWith('/chat/completions'));

function load(half: string): readonly Utterance[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/utterances/${half}.json`, import.meta.url), 'utf8')) as readonly Utterance[];
}

async function complete(messages: readonly object[], list: ToolList): Promise<{ content: string | null; tool_calls?: { id: string; function: { name: string; arguments: string } }[] }> {
  assert.ok(handler);
  const tools = Object.entries(list.tools).map(([name, tool]) => ({
    type: 'function',
    function: { name, description: tool.description, parameters: { type: 'object', additionalProperties: false, properties: tool.parameters, required: tool.required ?? Object.keys(tool.parameters) } },
  }));
  const response = await handler.handle({
    method: 'POST',
    url: new URL('https://localhost/openai/deployments/gpt/chat/completions?api-version=2024-10-21'),
    params: { deployment: 'gpt' },
    headers: {},
    body: { messages, tools },
    identity: { clientId: 'reasoner', audience: 'https://cognitiveservices.azure.com' },
  });
  assert.equal(response.status, 200, JSON.stringify(response.body));
  const { choices } = response.body as { choices: { message: Awaited<ReturnType<typeof complete>> }[] };
  assert.ok(choices[0]);
  return choices[0].message;
}

const LICENCES: Readonly<Record<string, string>> = { licence_e3m234: 'Microsoft 365 E3', licence_e5m234: 'Microsoft 365 E5', licence_vis234: 'Visio Plan 1', licence_cop234: 'Microsoft 365 Copilot', licence_pbi234: 'Power BI Pro', licence_ems234: 'Enterprise Mobility + Security E3' };

/** Plays the whole conversation; undefined when every step was right, else what went wrong. */
async function judge(utterance: Utterance, list: ToolList): Promise<string | undefined> {
  const nameOf = (tool: string): string => list.toolNames[tool] ?? tool;
  const keyOf = (parameter: string): string => list.parameterNames[parameter] ?? parameter;
  const messages: object[] = [{ role: 'system', content: list.asker }];
  const said: string[] = [];
  let callCount = 0;
  for (const turn of utterance.history ?? []) {
    messages.push({ role: 'user', content: turn.say });
    said.push(turn.say);
    for (const step of turn.steps) {
      const calls = step.map((call) => ({ id: `h${String((callCount += 1))}`, call }));
      messages.push({ role: 'assistant', content: null, tool_calls: calls.map(({ id, call }) => ({ id, type: 'function', function: { name: nameOf(call.tool), arguments: JSON.stringify(Object.fromEntries(Object.entries(call.arguments).map(([key, value]) => [keyOf(key), value]))) } })) });
      for (const { id, call } of calls) messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify(call.result) });
    }
    messages.push({ role: 'assistant', content: turn.reply });
  }
  messages.push({ role: 'user', content: utterance.say });
  said.push(utterance.say);
  for (let step = 0; ; step += 1) {
    const answer = await complete(messages, list);
    const calls = (answer.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as Record<string, string | number>, raw: call }));
    const expected = utterance.expect[step] ?? [];
    const shown = JSON.stringify(calls.map((call) => [call.name, call.arguments]));
    if (calls.length !== expected.length) return `step ${String(step)}: ${shown} ${answer.content ?? ''}`;
    for (const want of expected) {
      const matching = calls.some((call) => {
        if (call.name !== nameOf(want.tool) || Object.keys(call.arguments).length !== Object.keys(want.arguments).length) return false;
        return Object.entries(want.arguments).every(([key, value]) => isRight(value, call.arguments[keyOf(key)], said));
      });
      if (!matching) return `step ${String(step)}: ${shown}`;
    }
    if (expected.length === 0) return answer.content === null || answer.content === '' ? 'no text' : undefined;
    messages.push({ role: 'assistant', content: null, tool_calls: calls.map((call) => call.raw) });
    for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(resultOf(call, utterance, nameOf)) });
  }
}

/** `*` is any contiguous part of the person's own words, as the product checks them. */
function isRight(wanted: string | number | readonly string[], got: string | number | undefined, said: readonly string[]): boolean {
  if (typeof got !== 'string') return got !== undefined && wanted === got;
  if (wanted === '*') return got.length > 0 && said.some((text) => text.normalize('NFKC').toLowerCase().includes(got.normalize('NFKC').toLowerCase()));
  return typeof wanted === 'object' ? wanted.includes(got) : wanted === got;
}

function resultOf(call: { name: string; arguments: Record<string, string | number> }, utterance: Utterance, nameOf: (tool: string) => string): unknown {
  const found = (fallback: readonly string[]): readonly string[] => Object.entries(utterance.finds ?? {}).find(([name]) => Object.values(call.arguments).includes(name))?.[1] ?? fallback;
  switch (call.name) {
    case 'list_devices':
      if (!utterance.id.startsWith('c')) break;
      return { person: call.arguments['person'], devices: [{ device: 'device_lap234', platform: 'windows', compliance: 'compliant' }, { device: 'device_pho234', platform: 'ios', compliance: 'compliant' }], more_matches: false };
    case 'find_device':
      return { devices: [{ device: 'device_ser234', user: 'person_k7m2qz', platform: 'windows', compliance: 'compliant' }], more_matches: false };
    case 'find_group':
      return { groups: found([]).map((group) => ({ group, members_changeable: true })), more_matches: false };
    case 'find_ticket':
      return { tickets: found(['ticket_inc234']).map((ticket) => ({ ticket, state: 'new', priority: 'high' })), more_matches: false };
    case 'list_own_tickets':
      return { tickets: [{ ticket: 'ticket_own234', state: 'new', priority: 'low' }], more_matches: false };
    case 'list_app_services':
      return { apps: [{ app: 'app_one234', app_state: 'running' }] };
    case 'list_licences':
      return { licences: Object.entries(LICENCES).map(([licence, product]) => ({ licence, product, available: 3, used: 4, total: 7 })), more_matches: false };
  }
  if (call.name === nameOf('find_person')) {
    const handles = Object.entries(utterance.finds ?? {}).find(([name]) => Object.values(call.arguments).includes(name))?.[1] ?? [];
    return { people: handles.map((handle) => ({ person: handle, department: 'Finance', account: 'enabled' })) };
  }
  const subject = Object.values(call.arguments)[0];
  if (call.name === nameOf('show_person')) return { person: subject, manager: 'person_mgr234', department: 'Finance', signIn: 'allowed' };
  if (call.name === nameOf('list_devices')) return { devices: [{ device: 'device_lap234', compliance: 'compliant' }] };
  return { person: subject, done: true };
}

async function figures(half: string, list: ToolList): Promise<{ share: number; wrong: readonly { utterance: Utterance; got: string }[] }> {
  const utterances = load(half);
  const wrong: { utterance: Utterance; got: string }[] = [];
  for (const utterance of utterances) {
    const got = await judge(utterance, list);
    if (got !== undefined) wrong.push({ utterance, got });
  }
  return { share: 1 - wrong.length / utterances.length, wrong };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

describe('sandbox model: utterances', function () {
  this.timeout(60_000);
  before(() => service.prepare());

  it('has two halves of at least 80 with nothing in common', () => {
    const [tuned, heldOut] = [load('tuned'), load('held-out')];
    assert.ok(tuned.length >= 80 && heldOut.length >= 80);
    const key = (utterance: Utterance): string => JSON.stringify([utterance.say.toLowerCase(), utterance.history ?? [], utterance.finds ?? {}]);
    const known = new Set(tuned.map(key));
    assert.deepEqual(heldOut.filter((utterance) => known.has(key(utterance))).map((utterance) => utterance.say), []);
    const ids = [...tuned, ...heldOut].map((utterance) => utterance.id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('picks the right tool and arguments on the half it was tuned on', async () => {
    const { share, wrong } = await figures('tuned', PRODUCT);
    console.log(`      tuned half: ${percent(share)} right`);
    // Only the tuned half is ever shown; looking at the other one would make it a tuned half too.
    for (const { utterance, got } of wrong) console.log(`        ${utterance.id} ${utterance.topic}: ${utterance.say} → ${got}`);
    assert.ok(share >= 0.95, `${percent(share)} of the tuned half`);
  });

  it('picks the right tool and arguments on 95 % of the half it was not tuned on', async () => {
    const { share, wrong } = await figures('held-out', PRODUCT);
    console.log(`      held-out half: ${percent(share)} right`);
    assert.ok(share >= 0.95, `${percent(share)} of the held-out half`);
    assert.equal(wrong.filter(({ utterance }) => utterance.topic === 'off-topic').length, 0, 'a tool was picked for something off-topic');
  });

  it('works from other tool names, parameter names and descriptions', async () => {
    const tuned = await figures('tuned', OTHER);
    const heldOut = await figures('held-out', OTHER);
    console.log(`      other tools: ${percent(tuned.share)} of the tuned half, ${percent(heldOut.share)} of the held-out half`);
    if (process.env['UTTERANCES_VERBOSE'] !== undefined) for (const { utterance, got } of tuned.wrong) console.log(`        ${utterance.id} ${utterance.topic}: ${utterance.say} → ${got}`);
    assert.ok(tuned.share >= 0.9 && heldOut.share >= 0.9);
  });

  it('picks from the whole catalogue, on the half it was tuned on', async () => {
    const { share, wrong } = await figures('catalogue-tuned', CATALOGUE);
    console.log(`      whole catalogue, tuned half: ${percent(share)} right`);
    for (const { utterance, got } of wrong) console.log(`        ${utterance.id} ${utterance.topic}: ${utterance.say} → ${got}`);
    assert.ok(share >= 0.95, `${percent(share)} of the tuned half`);
  });

  it('picks from the whole catalogue, on the half it was not tuned on', async () => {
    const { share, wrong } = await figures('catalogue-held-out', CATALOGUE);
    console.log(`      whole catalogue, held-out half: ${percent(share)} right`);
    assert.ok(share >= 0.9, `${percent(share)} of the held-out half`);
    assert.equal(wrong.filter(({ utterance }) => utterance.topic === 'off-topic').length, 0, 'a tool was picked for something off-topic');
  });

  it('does with the whole catalogue what it did with six actions', async () => {
    // What six tools could not do, more tools may: wipe a laptop, or tell whether Outlook is down.
    const { wrong } = await figures('held-out', CATALOGUE);
    const others = wrong.filter(({ utterance }) => utterance.topic !== 'unsupported');
    console.log(`      whole catalogue, the six actions' held-out half: ${String(others.length)} wrong of ${String(load('held-out').length)}`);
    assert.ok(1 - others.length / load('held-out').length >= 0.97, `${String(others.length)} wrong`);
  });

  it('proposes nothing that is not in the tool list', async () => {
    const asked = [['lock_device', 'lock {device_lap234} because it was stolen'], ['list_licences', 'which licences do we have?'], ['create_ticket', 'open a ticket: my screen flickers'], ['show_service_health', 'is Teams down?']] as const;
    for (const [name, say] of asked) {
      const messages = [{ role: 'system', content: CATALOGUE.asker }, { role: 'user', content: say }];
      const { [name]: _, ...tools } = CATALOGUE.tools;
      assert.deepEqual((await complete(messages, CATALOGUE)).tool_calls?.map((call) => call.function.name), [name]);
      assert.equal((await complete(messages, { ...CATALOGUE, tools })).tool_calls, undefined, say);
    }
  });

  it('survives long and strange messages with the whole catalogue', async () => {
    for (const text of ['a '.repeat(4000), 'open a ticket '.repeat(400), 'please '.repeat(600), 'group A '.repeat(600), 'give E3 licence '.repeat(300), 'a'.repeat(4000), 'comment on '.repeat(400), 'the Marketing EU '.repeat(300), 'block 0000000000', '000000', 'INC0010023 '.repeat(400), ' subject'.repeat(500)]) {
      const watch = new Stopwatch();
      await complete([{ role: 'user', content: text }], CATALOGUE);
      assert.ok(watch.ms < 2000, `${text.slice(0, 20)} took ${String(Math.round(watch.ms))} ms`);
    }
  });

  it('answers within 60 ms once prepared', async () => {
    const messages = [{ role: 'system', content: PRODUCT.asker }];
    const times: number[] = [];
    for (const utterance of load('tuned')) {
      const started = performance.now();
      await complete([...messages, { role: 'user', content: utterance.say }], PRODUCT);
      times.push(performance.now() - started);
    }
    times.sort((left, right) => left - right);
    const p95 = times[Math.floor(times.length * 0.95)] ?? Infinity;
    console.log(`      completion: p50 ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
    assert.ok(p95 < 60, `${p95.toFixed(0)} ms at the 95th percentile`);
  });
});
