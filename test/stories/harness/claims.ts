/** What must hold of every answer, whatever its words. */
import assert from 'node:assert/strict';
import type { Received } from './connector.ts';
import { brief } from './journal.ts';
import type { Entry } from './journal.ts';
import { at, listAt, textAt } from './json.ts';
import type { ModelRequest } from './model.ts';
import type { Click, Turn } from './teams.ts';
import { hasCard, shown } from './cards.ts';
import type { World } from './world.ts';

const GUID = /\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b/i;
const HANDLE = /\b(?:person|device|group|licence|ticket|app|text)_[a-z2-7]{6,40}\b/;
/** Error codes, stack traces, framework names, JSON, tool names: the inside of a program. */
const INSIDES = [
  /\b[A-Z]{3,}_[A-Z_]{3,}\b/,
  /^\s*at .+:\d+/m,
  /\b(?:TypeError|RangeError|StewardError|PlanError|ZodError|RestError)\b/,
  /\.(?:ts|js|mjs):\d+/,
  /\b(?:find_person|show_person|list_devices|block_sign_in|unblock_sign_in|revoke_sessions)\b/,
  /\b(?:undefined|null|NaN|\[object Object\])\b/,
  /[{}]/,
  /<\/?[a-z][^>]*>/i,
];
const MOST_CHARACTERS = 400;

/** Words for people: not empty, not long, and nothing of the inside of a program or of its directory. */
export function assertPlain(text: string, what = 'the sentence'): void {
  assert.notEqual(text.trim(), '', `${what} is empty`);
  assert.ok(text.length <= MOST_CHARACTERS, `${what} has ${text.length} characters: ${text}`);
  assertNoIds(text, what);
  for (const inside of INSIDES) assert.doesNotMatch(text, inside, `${what} shows the inside of a program`);
}

/** No internal id and no handle. */
export function assertNoIds(text: string, what = 'the answer'): void {
  assert.doesNotMatch(text, GUID, `${what} shows an internal id`);
  assert.doesNotMatch(text, HANDLE, `${what} shows a handle`);
}

/** The turn was answered by exactly one message, a plain sentence without a card; gives the sentence. */
export function onlySentence(turn: Turn): string {
  assert.ok(turn.status >= 200 && turn.status < 300, `the message was answered ${turn.status}: ${turn.text}`);
  const sentence = only(turn);
  assert.ok(!hasCard(sentence), `a card instead of a sentence: ${shown(sentence)}`);
  assertPlain(sentence.activity.text ?? '');
  return sentence.activity.text ?? '';
}

/** The one message that a turn was answered by. */
export function only(turn: Turn): Received {
  const [message] = turn.replies;
  assert.equal(turn.replies.length, 1, `expected one message, got ${turn.replies.length}: ${turn.replies.map((reply) => `[${reply.kind}] ${shown(reply)}`).join(' | ')}`);
  assert.ok(message !== undefined);
  return message;
}

/** Nothing outside Steward has changed since the story began. */
export async function assertNoEffect(world: World): Promise<void> {
  const effects = await world.journal.effects();
  assert.deepEqual(effects.map(brief), [], 'something was changed');
}

/** Exactly one change, and it is `accountEnabled` of this person, by the robot. */
export async function assertOneBlock(world: World, person: { readonly aadObjectId: string }, enabled = false): Promise<Entry> {
  const effects = await world.journal.effects();
  assert.equal(effects.length, 1, `expected one effect, got: ${effects.map(brief).join(' | ') || 'none'}`);
  const [effect] = effects;
  assert.ok(effect !== undefined);
  assert.equal(effect.service, 'graph');
  assert.equal(effect.method, 'PATCH');
  assert.match(effect.path, new RegExp(`^/v1\\.0/users/${person.aadObjectId}$`, 'i'));
  assert.deepEqual(effect.body, { accountEnabled: enabled });
  assert.equal(effect.identity, world.identities.robot, 'the effect was not made by the robot');
  return effect;
}

/** The click changed nothing for others: only the person who clicked is told, plainly. */
export function assertRefused(click: Click): string {
  assert.equal(click.status, 200, `the click was answered ${click.status}: ${click.text}`);
  assert.equal(click.card, undefined, 'a refused click must not get a card');
  assert.ok(click.privately !== undefined, `not a private message: ${click.text}`);
  assertPlain(click.privately, 'the refusal');
  return click.privately;
}

/** From when on a machine may keep a click so long that Steward says that it is still checking, as it does shortly before Teams gives up. */
export const WITHHELD_MUCH_MS = 300;

/** The click was taken: a card without anything more to press comes back, in time. */
export function assertTaken(click: Click): void {
  assert.equal(click.status, 200, `the click was answered ${click.status}: ${click.text}`);
  assert.equal(click.statusCode, 200);
  if (click.withheldMs < WITHHELD_MUCH_MS || !/^I am still checking/.test(click.privately ?? '')) assert.ok(click.card !== undefined, `no card came back: ${click.text}`);
  assert.ok(click.durationMs < 2000, `the click was answered after ${Math.round(click.durationMs)} ms`);
}

/** Ids and addresses of everybody, and names that the person did not write, stay away from the model. */
export function assertModelSawNoDirectory(world: World, requests: readonly { readonly raw: string }[], words: string): void {
  assert.ok(requests.length > 0, 'the model was never asked');
  const written = words.toLowerCase();
  for (const { raw } of requests) {
    const seen = raw.toLowerCase();
    const secret = (value: string, what: string): void => {
      if (value !== '' && seen.includes(value.toLowerCase())) assert.fail(`the model was told ${what}: …${raw.slice(Math.max(0, seen.indexOf(value.toLowerCase()) - 80), seen.indexOf(value.toLowerCase()) + 80)}…`);
    };
    assert.doesNotMatch(raw, GUID, 'the model was told a GUID');
    assert.doesNotMatch(raw, /\beyJ[\w-]{10,}/, 'the model was told a token');
    for (const person of world.people) {
      secret(person.aadObjectId, 'an object id');
      secret(person.upn, 'a user name');
      secret(person.upn.split('@')[0] ?? '', 'the local part of a user name');
      secret(person.teamsId, 'a Teams id');
      secret(person.tenantId, 'a tenant id');
      if (!written.includes(person.name.toLowerCase())) secret(person.name, 'a display name');
    }
    for (const id of Object.values(world.identities)) secret(id, 'a client id');
  }
}

/** Every tool call in the history has its answer and the other way round, or the real API answers 400. */
export function assertWellFormed(request: ModelRequest): void {
  const open = new Set<string>();
  for (const entry of request.messages) {
    const role = textAt(entry, 'role');
    if (role === 'tool') {
      const id = textAt(entry, 'tool_call_id');
      assert.ok(open.delete(id), 'a tool message answers no call');
      continue;
    }
    assert.equal(open.size, 0, 'a tool call in the history has no answer');
    assert.ok(['system', 'user', 'assistant'].includes(role), `a message has the role “${role}”`);
    for (const call of listAt(entry, 'tool_calls')) {
      const id = textAt(call, 'id');
      assert.notEqual(id, '', 'a call in the history has no id');
      assert.equal(at(call, 'type'), 'function');
      open.add(id);
    }
    if (role === 'assistant' && listAt(entry, 'tool_calls').length === 0) assert.equal(typeof at(entry, 'content'), 'string', 'an assistant message says nothing');
  }
  assert.equal(open.size, 0, 'the newest tool call has no answer');
}
