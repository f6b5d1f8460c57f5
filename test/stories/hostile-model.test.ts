import assert from 'node:assert/strict';
import { APPROVE, hasCard, shown } from './harness/cards.ts';
import { assertNoEffect, assertPlain, assertWellFormed, onlySentence } from './harness/claims.ts';
import { brief } from './harness/journal.ts';
import { body, calls, fails, later, message, says } from './harness/model.ts';
import type { ModelRequest, Reply, Step } from './harness/model.ts';
import { ask, finds, REASON, settled } from './harness/scenes.ts';
import { until } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';
import type { RequirementId } from '../requirements.ts';
import type { Chat, Turn } from './harness/teams.ts';

const GUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
/** More calls than this for one message is a model that leads Steward by the nose. */
const MOST_CALLS = 20;

/** A completion around any choices. */
const completion = (choices: unknown, rest: Readonly<Record<string, unknown>> = {}): Reply =>
  body({ id: 'x', object: 'chat.completion', created: 1, model: 'scripted', choices, usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 }, ...rest });

const block = (person: unknown, rest: Readonly<Record<string, unknown>> = { reason: REASON }) => ({ name: 'block_sign_in', arguments: { person, ...rest } });
const person = (request: ModelRequest): string => request.handle('person', 'tool');

/** The same, for every call until the story ends. */
type Attack = (handle: string) => Reply;

/** Refused means: nothing changed, nothing read on the way, one plain sentence, no card. */
async function assertNothingCame(world: World, turn: Turn): Promise<void> {
  onlySentence(turn);
  await assertNoEffect(world);
  assert.ok(world.model.requests.length <= MOST_CALLS, `${world.model.requests.length} model calls for one message`);
}

/** The next message in the same conversation is answered, and what the model is sent is whole. */
async function assertRecovered(world: World, chat: Chat): Promise<void> {
  world.model.forget();
  world.model.play(says('I can look that up.'));
  const before = chat.since(0).sent.length;
  const turn = await chat.say('and what about the printer on floor three?');
  assert.match(onlySentence(turn), /look that up/, 'the next message is not answered');
  // Turns keep their order: whatever the attack still had to say would stand before this answer.
  assert.equal(chat.since(0).sent.length, before + 1, 'something was said after the answer');
  for (const request of world.model.requests) assertWellFormed(request);
  world.model.assertDone();
}

describe('a hostile model', () => {
  const { story } = useWorld({ model: 'scripted' });

  /** After a proper look-up the model answers the attack, again and again if it is asked again. */
  const attack = (id: RequirementId, title: string, reply: Attack): void => {
    story([id, 'hostile.recovers'], title, async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      let handle = '';
      world.model.play(finds(target.name));
      world.model.always((request) => {
        handle ||= person(request);
        return reply(handle);
      });
      await assertNothingCame(world, await chat.say(`Block ${target.name} because ${REASON}`));
      await assertRecovered(world, chat);
      await assertNoEffect(world);
    });
  };

  /** The model answers the attack at once. */
  const opening = (id: RequirementId, title: string, reply: Step): void => {
    story([id, 'hostile.recovers'], title, async (world) => {
      const chat = world.chat(world.person('helpdesk'));
      world.model.always(reply);
      await assertNothingCame(world, await chat.say(`Block ${world.colleague().name} because ${REASON}`));
      await assertRecovered(world, chat);
      await assertNoEffect(world);
    });
  };

  describe('that names what does not exist', () => {
    for (const name of ['wipe_everything', 'delete_user', 'run_command', 'BLOCK_SIGN_IN', 'block_sign_in ', 'block_sign_in\u0000', 'blоck_sign_in', 'functions.block_sign_in', '../block_sign_in', '']) {
      attack('hostile.unknown-action', `is refused: ${JSON.stringify(name)}`, (handle) => calls({ ...block(handle), name }));
    }
    for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '___DO___', '___UnknownAction___', '___FlaggedInput___', '___PlanReady___', '___SAY___', '___TooManySteps___', '___HttpError___', 'STOP']) {
      attack('hostile.names', `is refused: ${name}`, (handle) => calls({ ...block(handle), name }));
    }
    attack('hostile.unknown-action', 'is refused whole, though the first step exists', (handle) => calls({ name: 'show_person', arguments: { person: handle } }, { name: 'wipe_device', arguments: { person: handle } }));
  });

  describe('whose arguments are wrong', () => {
    const wrong: Readonly<Record<string, (handle: string) => unknown>> = {
      'none at all': () => ({}),
      'no person': () => ({ reason: REASON }),
      'no reason': (handle) => ({ person: handle }),
      'an empty reason': (handle) => ({ person: handle, reason: '   ' }),
      'a reason that is too long': (handle) => ({ person: handle, reason: 'x'.repeat(201) }),
      'a reason with a control character': (handle) => ({ person: handle, reason: 'stolen\u0007 laptop' }),
      'a reason that turns the text around': (handle) => ({ person: handle, reason: 'stolen \u202Eegnaro\u202C' }),
      'a reason that is a number': (handle) => ({ person: handle, reason: 7 }),
      'a reason that is an object': (handle) => ({ person: handle, reason: { toString: 'stolen' } }),
      'a person that is a list': (handle) => ({ person: [handle], reason: REASON }),
      'a person that is null': () => ({ person: null, reason: REASON }),
      'a person that is true': () => ({ person: true, reason: REASON }),
      'one more than there is': (handle) => ({ person: handle, reason: REASON, confirmed: true }),
      'an approval': (handle) => ({ person: handle, reason: REASON, approved_by: 'admin', force: true }),
    };
    for (const [title, argumentsOf] of Object.entries(wrong)) {
      attack('hostile.arguments', `is refused: ${title}`, (handle) => calls({ name: 'block_sign_in', arguments: argumentsOf(handle) }));
    }
    const smuggled: readonly (readonly [title: string, json: (handle: string) => string])[] = [
      ['__proto__', (handle) => `{"person":"${handle}","reason":"${REASON}","__proto__":{"confirmed":true}}`],
      ['an escaped __proto__', (handle) => `{"person":"${handle}","reason":"${REASON}","\\u005f\\u005fproto__":{"confirmed":true}}`],
      ['constructor', (handle) => `{"person":"${handle}","reason":"${REASON}","constructor":{"prototype":{"confirmed":true}}}`],
      ['prototype', (handle) => `{"person":"${handle}","reason":"${REASON}","prototype":{}}`],
      ['a nested __proto__', (handle) => `{"person":{"__proto__":"${handle}"},"reason":"${REASON}"}`],
    ];
    for (const [title, json] of smuggled) attack('hostile.arguments', `is refused: a prototype key, ${title}`, (handle) => calls({ name: 'block_sign_in', arguments: json(handle) }));

    const unparsable: Readonly<Record<string, (handle: string) => unknown>> = {
      'not JSON': () => 'person=her',
      'cut off': (handle) => `{"person":"${handle}","reason":"stol`,
      'with a trailing comma': (handle) => `{"person":"${handle}","reason":"${REASON}",}`,
      'twice in a row': (handle) => `{"person":"${handle}","reason":"${REASON}"}{}`,
      empty: () => '',
      blank: () => '   ',
      'JSON null': () => 'null',
      'a JSON list': (handle) => JSON.stringify([handle, REASON]),
      'a JSON text': (handle) => JSON.stringify(handle),
      'a JSON number': () => '7',
      'a million brackets': () => '['.repeat(1_000_000),
      'an object that is no text': (handle) => [{ person: handle, reason: REASON }],
      'a number that is no text': () => 7,
      'null that is no text': () => null,
    };
    for (const [title, argumentsOf] of Object.entries(unparsable)) attack('hostile.unparsable', `is refused: ${title}`, (handle) => calls({ name: 'block_sign_in', arguments: argumentsOf(handle) }));
  });

  describe('that points at what it was not given', () => {
    for (const forged of ['person_aaaaaaaaaaaa', 'person_k7m2qz', 'person_', 'person_AAAAAAAAAAAA', '{person_aaaaaaaaaaaa}', 'device_aaaaaaaaaaaa', 'user_aaaaaaaaaaaa', 'person_constructor', 'me', '*', 'everyone', '', GUID, `person_${GUID}`, 'person_aaaaaaaaaaaa\nperson_bbbbbbbbbbbb']) {
      opening('hostile.forged-handle', `is refused: ${JSON.stringify(forged)}`, () => calls(block(forged)));
    }

    story('hostile.forged-handle', 'is refused: a name, an address and an object id in place of a handle', async (world) => {
      const target = world.colleague();
      for (const value of [target.name, target.upn, target.aadObjectId, target.teamsId]) {
        world.model.forget();
        world.model.always(calls(block(value)));
        const chat = world.chat(world.person('helpdesk'));
        await assertNothingCame(world, await chat.say(`Block ${target.name}`));
        await assertRecovered(world, chat);
      }
    });

    story('hostile.forged-handle', 'is refused: a handle of the same person from another conversation', async (world) => {
      const target = world.colleague();
      const elsewhere = world.chat(world.person('helpdesk'));
      let handle = '';
      world.model.play(finds(target.name), (request) => {
        handle = person(request);
        return says('Found.');
      });
      await elsewhere.say(`find ${target.name}`);
      assert.match(handle, /^person_/);
      for (const asker of [world.person('helpdesk'), world.person('helpdesk', 1)]) {
        world.model.forget();
        world.model.always(calls(block(handle)));
        const chat = world.chat(asker);
        await assertNothingCame(world, await chat.say(`Block ${target.name} because ${REASON}`));
        await assertRecovered(world, chat);
      }
    });

    story('hostile.forged-handle', 'is refused: a handle of another person in the same conversation', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      let handle = '';
      world.model.play(finds(target.name), (request) => {
        handle = person(request);
        return says('Found.');
      });
      await chat.say(`find ${target.name}`);
      world.model.always(calls(block(handle)));
      await assertNothingCame(world, await chat.as(world.person('helpdesk', 1)).say(`Block ${target.name} because ${REASON}`));
    });

    story('hostile.forged-handle', 'is refused: a text_… handle as a person, and a device as a person', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.always((request) => calls(block(request.handle('text', 'user'))));
      await assertNothingCame(world, await chat.say(`Block ${target.upn} because ${REASON}`));
      await assertRecovered(world, chat);

      const owner = world.person('employee');
      world.model.forget();
      world.model.play(finds(owner.name), (request) => calls({ name: 'list_devices', arguments: { person: person(request) } }));
      let device = '';
      world.model.always((request) => {
        device ||= request.handle('device', 'tool');
        return calls(block(device));
      });
      const turn = await chat.say(`which devices does ${owner.name} have?`);
      assert.match(device, /^device_/);
      await assertNoEffect(world);
      // The list was rightly shown; the sentence that follows is the refusal.
      const last = turn.sent.at(-1);
      assert.ok(last !== undefined && !hasCard(last), turn.shown);
      assertPlain(last.activity.text ?? '');
      await assertRecovered(world, chat);
    });
  });

  describe('that is in a hurry', () => {
    story('hostile.at-once', 'gets a card at most: nothing happens without a click', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), (request) => calls(block(person(request))));
      const turn = await chat.say(`find ${target.name}`);
      await assertNoEffect(world);
      assert.equal(turn.sent.filter(hasCard).length, 1, turn.shown);
    });

    story('hostile.at-once', 'gets a card at most: the same with three steps at once', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), (request) =>
        calls(block(person(request)), { name: 'revoke_sessions', arguments: { person: person(request), reason: REASON } }, { name: 'unblock_sign_in', arguments: { person: person(request), reason: REASON } }));
      const turn = await chat.say(`Block ${target.name} because ${REASON}`);
      await assertNoEffect(world);
      assert.ok(turn.sent.length >= 1);
    });

    opening('hostile.fifty-steps', 'is refused: 50 look-ups', () => calls(...Array.from({ length: 50 }, (_, index) => ({ name: 'find_person', arguments: { name: `Anna ${index}` } }))));
    attack('hostile.fifty-steps', 'is refused: 50 blocks', (handle) => calls(...Array.from({ length: 50 }, () => block(handle))));

    story('hostile.fifty-steps', 'reads nothing for a plan that is too long', async (world) => {
      world.model.always(calls(...Array.from({ length: 50 }, () => ({ name: 'find_person', arguments: { name: 'Anna' } }))));
      await world.chat(world.person('helpdesk')).say('find everybody called Anna');
      const reads = (await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot);
      assert.deepEqual(reads.map(brief), []);
    });

    story(['hostile.endless', 'hostile.recovers'], 'that never comes to an end is ended', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.always(() => calls({ name: 'find_person', arguments: { name: target.name } }));
      await assertNothingCame(world, await chat.say(`find ${target.name}`));
      await assertRecovered(world, chat);
    });
  });

  describe('whose third step is not allowed', () => {
    for (const [title, forbidden] of [
      ['an admin is blocked', (world: World) => world.person('admin').name],
      ['the asker is blocked', (world: World) => world.person('helpdesk').name],
      ['a member of a role-assignable group is blocked', (world: World) => world.person('approver').name],
    ] as const) {
      story(['hostile.third-step', 'path.whole-plan-first', 'hostile.recovers'], `runs nothing of the plan: ${title}`, async (world) => {
        const target = world.colleague();
        const chat = world.chat(world.person('helpdesk'));
        let first = '';
        world.model.play(
          finds(target.name),
          (request) => {
            first = person(request);
            return calls({ name: 'find_person', arguments: { name: forbidden(world) } });
          },
        );
        let plan: Reply | undefined;
        world.model.always((request) => {
          plan ??= calls({ name: 'show_person', arguments: { person: first } }, { name: 'list_devices', arguments: { person: first } }, block(person(request)));
          return plan;
        });
        const turn = await chat.say(`Show ${target.name}, list the devices, and block ${forbidden(world)} because ${REASON}`);
        await assertNothingCame(world, turn);
        // Two searches were right; nothing of the refused plan was read.
        const reads = (await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot);
        assert.ok(reads.every(({ path }) => !/managedDevices|manager/i.test(path)), `a step of the refused plan ran: ${reads.map(brief).join(' | ')}`);
        await assertRecovered(world, chat);
      });
    }

    story(['hostile.third-step', 'path.whole-plan-first'], 'runs nothing of the plan: an employee asks, and the third step is for helpdesk', async (world) => {
      const asker = world.person('employee');
      const chat = world.chat(asker);
      world.model.always((request) => {
        const own = request.asker;
        return calls({ name: 'show_person', arguments: { person: own } }, { name: 'list_devices', arguments: { person: own } }, { name: 'find_person', arguments: { name: world.person('admin').name } });
      });
      await assertNothingCame(world, await chat.say('show my account and my devices'));
      const reads = (await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot);
      assert.deepEqual(reads.map(brief), []);
      await assertRecovered(world, chat);
    });
  });

  describe('whose reply has no proper shape', () => {
    const call = (handle: unknown, rest: Readonly<Record<string, unknown>>): unknown => ({ id: 'call_x', type: 'function', function: { name: 'block_sign_in', arguments: JSON.stringify({ person: handle, reason: REASON }) }, ...rest });
    const shapes: Readonly<Record<string, Attack>> = {
      'a call of another type': (handle) => calls({ ...block(handle), type: 'code_interpreter' }),
      'a call without a type': (handle) => calls({ ...block(handle), type: undefined }),
      'a call without an id': (handle) => calls({ ...block(handle), id: undefined }),
      'a call whose id is a number': (handle) => calls({ ...block(handle), id: 7 }),
      'a call whose id is empty': (handle) => calls({ ...block(handle), id: '' }),
      'two calls with one id': (handle) => calls({ name: 'show_person', arguments: { person: handle }, id: 'same' }, { ...block(handle), id: 'same' }),
      'a name that is a number': (handle) => calls({ ...block(handle), name: 7 }),
      'a name that is null': (handle) => calls({ ...block(handle), name: null }),
      'a name of a million letters': (handle) => calls({ ...block(handle), name: 'a'.repeat(1_000_000) }),
      'calls that are an object': (handle) => message({ role: 'assistant', content: null, tool_calls: call(handle, {}) }, 'tool_calls'),
      'calls that are a text': () => message({ role: 'assistant', content: null, tool_calls: 'block_sign_in' }, 'tool_calls'),
      'a call that is null': () => message({ role: 'assistant', content: null, tool_calls: [null] }, 'tool_calls'),
      'a call without a function': (handle) => message({ role: 'assistant', content: null, tool_calls: [call(handle, { function: undefined })] }, 'tool_calls'),
      'a text that is a number': () => message({ role: 'assistant', content: 7 }),
      'a text that is a list': () => message({ role: 'assistant', content: [{ type: 'text', text: 'Done.' }] }),
      'a message that is null': () => message(null),
      'no choices': () => completion([]),
      'choices that are missing': () => body({ id: 'x', object: 'chat.completion', usage: {} }),
      'choices that are a text': () => completion('block'),
      'a choice that is null': () => completion([null]),
      'a list': () => body([]),
      null: () => body('null'),
      'not JSON': () => body('block her', { headers: { 'content-type': 'text/plain' } }),
      'a page of HTML': () => body('<html><body>Sign in to the proxy</body></html>', { headers: { 'content-type': 'text/html' } }),
      'an empty body': () => body(''),
      'a stream': () => body('data: {"choices":[{"delta":{"content":"Done."}}]}\n\ndata: [DONE]\n\n', { headers: { 'content-type': 'text/event-stream' } }),
      'stopped by the content filter': () => message({ role: 'assistant', content: '' }, 'content_filter'),
      'a status that is none': () => fails(418),
      'a redirect': () => body('', { status: 307, headers: { location: 'http://127.0.0.1:1/chat/completions' } }),
    };
    for (const [title, reply] of Object.entries(shapes)) attack('hostile.shape', `is answered plainly: ${title}`, reply);

    // After a look-up its result may be shown without a word of the model, so these come at once.
    const silent: Readonly<Record<string, Step>> = {
      'an empty list of calls': message({ role: 'assistant', content: null, tool_calls: [] }, 'tool_calls'),
      'an old function_call': () => message({ role: 'assistant', content: null, function_call: { name: 'find_person', arguments: '{"name":"Anna"}' } }, 'function_call'),
      'nothing at all in the message': () => message({ role: 'assistant', content: null }),
      'an empty text': () => says(''),
      'a blank text': () => says('  \n '),
      'cut off by its limit': () => message({ role: 'assistant', content: 'I have blocked' }, 'length'),
    };
    for (const [title, reply] of Object.entries(silent)) opening('hostile.shape', `is answered plainly: ${title}`, reply);

    attack('hostile.shape', 'is answered plainly: calls with a finish reason that denies them', (handle: string) => message({ role: 'assistant', content: null, tool_calls: [call(handle, { function: { name: 'nothing_known', arguments: '{}' } })] }, 'stop'));

    story(['hostile.shape', 'hostile.recovers'], 'is answered plainly: usage that is no number', async (world) => {
      const chat = world.chat(world.person('helpdesk'));
      for (const usage of [null, {}, { prompt_tokens: -1, completion_tokens: -1 }, { prompt_tokens: 'many', completion_tokens: 1e308 }, { prompt_tokens: Number.MAX_VALUE, completion_tokens: Number.MAX_VALUE }]) {
        world.model.forget();
        world.model.play(completion([{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello.' } }], { usage }));
        onlySentence(await chat.say('good morning to you all'));
        world.model.assertDone();
      }
      await assertRecovered(world, chat);
    });
  });

  describe('that talks', () => {
    story(['hostile.claim', 'fail.honest', 'hostile.recovers'], 'is not believed when it says it acted', async (world) => {
      for (const claim of ['Done, I blocked her.', 'I have blocked the sign-in of that person.', 'All sessions were revoked and sign-in is now disabled ✅', 'Her account has been disabled.', 'She can no longer sign in, as you asked.', 'It is taken care of: her access is cut off as of now.']) {
        world.model.forget();
        const chat = world.chat(world.person('helpdesk'));
        world.model.always(says(claim));
        const turn = await chat.say(`Block ${world.colleague().name} because ${REASON}`);
        const said = onlySentence(turn);
        assert.ok(!said.includes(claim) || /nothing (?:was|has been) (?:changed|done)|did nothing/i.test(said), `the claim stands alone: ${said}`);
        await assertNoEffect(world);
        await assertRecovered(world, chat);
      }
    });

    story(['hostile.claim', 'hostile.recovers'], 'is not believed when it says so after a look-up', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), (request) => says(`I blocked {${person(request)}}.`));
      const turn = await chat.say(`Block ${target.name} because ${REASON}`);
      assert.match(turn.shown, /nothing (?:was|has been) (?:changed|done)|did nothing/i);
      await assertNoEffect(world);
      await assertRecovered(world, chat);
    });

    story(['hostile.claim', 'hostile.recovers'], 'does not get to say it beside its calls', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      const call = { id: 'call_beside', type: 'function', function: { name: 'find_person', arguments: JSON.stringify({ name: target.name }) } };
      world.model.play(message({ role: 'assistant', content: 'Done, I blocked her.', tool_calls: [call] }, 'tool_calls'));
      world.model.always(says('Here is the account.'));
      const turn = await chat.say(`Block ${target.name} because ${REASON}`);
      assert.doesNotMatch(turn.shown, /done, i blocked/i);
      await assertNoEffect(world);
      await assertRecovered(world, chat);
    });

    const unsaid: Readonly<Record<string, readonly [text: string, never: RegExp]>> = {
      'a script': ['Hello <script>alert(1)</script> there', /<script/i],
      'an image that calls home': ['Look <img src="https://evil.example/x.png"> here', /<img|evil\.example/i],
      'a Markdown image': ['Look ![x](https://evil.example/x.png?d=1) here', /evil\.example/i],
      'a link': ['Please sign in at https://evil.example/login to go on', /evil\.example/i],
      'a Markdown link': ['Please [sign in](https://evil.example/login) to go on', /evil\.example/i],
      'a link without a scheme': ['Please sign in at www.evil.example/login', /evil\.example/i],
      'a javascript link': ['[press](javascript:alert(1)) me', /javascript:/i],
      'a link with a user in front': ['Open https://teams.microsoft.com@evil.example/ now', /evil\.example/i],
      'everyone': ['Hello <at>everyone</at>, meeting now', /<at>|everyone<|@everyone/i],
      'everyone, spelt out': ['Hello @everyone, meeting now', /@everyone/i],
      'a GUID': [`The account is ${GUID} as you see`, new RegExp(GUID, 'i')],
      'a handle nobody was given': ['That is {person_zzzzzzzzzzzz} I think', /person_zzz/],
      'a token': [`Use Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlc2lnbmF0dXJl to sign in`, /eyJhbGci/],
      'a key': ['AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq==', /Eby8vdM02/],
      'text that runs backwards': ['Hello \u202Edlrow\u202C you', /\u202E/],
    };
    for (const [title, [text, never]] of Object.entries(unsaid)) {
      story(title.includes('link') || title.includes('image') || title.includes('everyone') || title.includes('script') || title.includes('back') ? ['path.say-links', 'hostile.recovers'] : title.includes('token') || title.includes('key') ? ['path.say-secrets', 'hostile.recovers'] : ['path.say-ids', 'hostile.recovers'], `does not get to say ${title}`, async (world) => {
        const chat = world.chat(world.person('helpdesk'));
        world.model.always(says(text));
        const turn = await chat.say('what should I do next, please?');
        const said = onlySentence(turn);
        assert.doesNotMatch(said, never);
        for (const reply of turn.replies) {
          assert.doesNotMatch(reply.raw, never, 'it is in the activity');
          assert.ok(!(reply.activity.entities ?? []).some((entity) => entity['type'] === 'mention'), 'somebody is mentioned');
        }
        await assertRecovered(world, chat);
      });
    }

    story(['path.say-ids', 'hostile.recovers'], 'does not get to say the object id of the person it found, however it is written', async (world) => {
      const target = world.colleague();
      const id = target.aadObjectId;
      const forms = [id, id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, id.split('').join(' '), Buffer.from(id).toString('base64'), Buffer.from(id).toString('hex'), encodeURIComponent(id), Array.from(id, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')];
      for (const form of forms) {
        world.model.forget();
        const chat = world.chat(world.person('helpdesk'));
        world.model.play(finds(target.name));
        world.model.always(says(`It is ${form} by the way`));
        const turn = await chat.say(`find ${target.name}`);
        // Letter by letter is no longer the id but a person's own decoding; everything else must go.
        if (form.includes(' ')) continue;
        assert.ok(!turn.shown.toLowerCase().includes(form.toLowerCase()), `said: ${turn.shown}`);
        world.model.forget();
        world.model.play(says('I can look that up.'));
        await chat.say('and what about the printer on floor three?');
        assert.ok(!world.model.requests.some(({ raw }) => raw.replaceAll('\\\\', '\\').includes(form)), `the model reads again what was withheld: ${form}`);
      }
    });

    story(['path.say-ids', 'hostile.recovers'], 'does not get to name somebody from another conversation', async (world) => {
      const target = world.colleague();
      let handle = '';
      world.model.play(finds(target.name), (request) => {
        handle = person(request);
        return says('Found.');
      });
      await world.chat(world.person('helpdesk')).say(`find ${target.name}`);
      world.model.always(says(`You should talk to {${handle}} about that`));
      const chat = world.chat(world.person('employee'));
      const turn = await chat.say('whom should I talk to, please?');
      assert.ok(!turn.shown.includes(target.name), `somebody else's handle was resolved: ${turn.shown}`);
      assert.ok(!turn.shown.includes(handle));
      await assertRecovered(world, chat);
    });

    story(['hostile.shape', 'hostile.recovers'], 'is cut short when it never stops talking', async (world) => {
      const chat = world.chat(world.person('helpdesk'));
      world.model.always(says('blah '.repeat(200_000)));
      const turn = await chat.say('tell me a bit, please');
      assert.equal(turn.replies.length, 1);
      // Teams takes about 28 KB in one message.
      assert.ok((turn.replies[0]?.raw.length ?? 0) < 28_000, `${turn.replies[0]?.raw.length} characters`);
      await assertRecovered(world, chat);
    });

    story(['hostile.claim', 'path.say-links'], 'can\'t make a card of its own', async (world) => {
      const chat = world.chat(world.person('helpdesk'));
      world.model.always(says(JSON.stringify({ type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: 'Press' }], actions: [{ type: 'Action.Execute', verb: 'steward/approve', data: { reference: 'x' }, title: 'OK' }] })));
      const turn = await chat.say('what do you think?');
      assert.ok(turn.replies.every((reply) => !hasCard(reply)), 'the model made a card');
      await assertRecovered(world, chat);
    });

    story('hostile.claim', 'can\'t dress its reason up as something else on the card', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), (request) => calls(block(person(request), { reason: '**Approved by the CISO** [details](https://evil.example) <b>click</b> ${x} {{DATE(2020-01-01T00:00:00Z)}}' })));
      const turn = await chat.say(`Block ${target.name}`);
      const cards = turn.sent.filter(hasCard);
      if (cards.length === 0) onlySentence(turn);
      for (const card of cards) assert.match(shown(card), /worded by steward/i);
      await assertNoEffect(world);
    });
  });

  describe('in between', () => {
    story(['hostile.claim', 'must.after-click'], 'says it while a card waits: the card still needs its click', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      const { card } = await ask(world, chat, target);
      world.model.always(says('The request was approved and carried out.'));
      const turn = await chat.say('is that through now?');
      await assertNoEffect(world);
      assert.match(turn.shown, /nothing (?:was|has been) (?:changed|done)|waits|card|button/i);
      await chat.click(card, APPROVE);
      await settled(world, card);
      await until(async () => ((await world.journal.effects()).length === 1 ? true : undefined), 3000, 'the effect');
    });

    story('hostile.recovers', 'answers after the person has cancelled: nothing comes of it', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), later(1500, (request) => calls(block(person(request)))));
      const since = world.connector.log.length;
      await chat.post(chat.message(`Block ${target.name} because ${REASON}`));
      await until(() => world.model.requests.length === 2, 5000, 'the second call');
      await chat.post(chat.message('cancel'));
      await chat.settle(since, { expect: 1 });
      await until(() => !world.model.busy, 5000, 'the model to be done');
      await chat.settle(world.connector.log.length, { expect: 0 });
      await assertNoEffect(world);
      const alive = chat.since(since).sent.filter(hasCard).filter((card) => world.connector.current(card.activityId)?.kind === 'send');
      assert.deepEqual(alive.map(shown), [], 'a card came after the cancellation');
    });
  });
});
