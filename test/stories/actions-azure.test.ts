import assert from 'node:assert/strict';
import { createCompany } from '../../sandbox/company/company.ts';
import { buttonsOf, cardOf, hasCard, shown } from './harness/cards.ts';
import { assertNoEffect, assertNoIds, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import type { Fault, Persona } from './harness/journal.ts';
import { calls } from './harness/model.ts';
import type { ModelRequest, Step } from './harness/model.ts';
import { finds, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import type { Chat, Turn } from './harness/teams.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const SEED = 4711;
/** The buttons have words of their own; what approves is the verb. */
const YES = /^steward\/approve$/;
const WHY = 'the fire drill is over';
const APPS = ['haldenworks-intranet', 'haldenworks-booking', 'haldenworks-booking-test'];
const OWN_APP = 'haldenworks-steward';
const DAY_MS = 86_400_000;

const handleOf = (request: ModelRequest, kind: string, role: 'tool' | 'user' = 'tool'): string => new RegExp(`\\b${kind}_[a-z2-7]{6,40}\\b`).exec(request.last(role))?.[0] ?? assert.fail(`no ${kind}_… handle in: ${request.last(role)}`);
const dayIn = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

function theCard(turn: Turn): Received {
  const [card, ...others] = turn.sent.filter(hasCard);
  assert.ok(card !== undefined && others.length === 0, `not one card: ${turn.shown}`);
  return card;
}

interface Asked {
  readonly chat: Chat;
  readonly look: Received;
  readonly approver: Chat;
  readonly card: Received;
}

/** Says something whose plan takes a second person; `say` plays the model and talks. */
async function asksSecond(world: World, say: (chat: Chat) => Promise<Turn>): Promise<Asked> {
  const approver = await reachable(world, world.person('approver'));
  world.model.forget();
  const since = world.connector.log.length;
  const chat = world.chat(world.person('helpdesk'));
  const look = theCard(await say(chat));
  assert.deepEqual(buttonsOf(cardOf(look)).map(({ title }) => title), ['Withdraw'], 'the requester may decide alone');
  return { chat, look, approver, card: await cardFor(world, approver, since) };
}

/** The person picks the app of this name from the card, and the model asks for its restart. */
async function picksAndRestarts(world: World, chat: Chat, name: string): Promise<Turn> {
  world.model.play(calls({ name: 'list_app_services', arguments: {} }));
  const list = theCard(await chat.say(`restart ${name} because ${WHY}`));
  const index = APPS.indexOf(name) + 1;
  const since = world.connector.log.length;
  world.model.play((request) => calls({ name: 'restart_app_service', arguments: { app: handleOf(request, 'app', 'user'), reason: WHY } }));
  const posted = await chat.press(chat.invoke(list, new RegExp(`^${index}$`)));
  await chat.settle(since, { expect: 2 });
  return { ...posted, id: '', ...chat.since(since) };
}

const asksRestart = (world: World, name = 'haldenworks-booking'): Promise<Asked> => asksSecond(world, (chat) => picksAndRestarts(world, chat, name));

const withPerson = (action: string, rest: Readonly<Record<string, unknown>>): Step => (request) => calls({ name: action, arguments: { person: request.handle('person', 'tool'), reason: WHY, ...rest } });

const asksWifi = (world: World, target: Persona, days = 3): Promise<Asked> =>
  asksSecond(world, (chat) => {
    world.model.play(finds(target.name), withPerson('grant_guest_wifi', { days }));
    return chat.say(`give ${target.name} guest wifi for ${days} days because ${WHY}`, { expect: 2 });
  });

const asksOffboarding = (world: World, target: Persona, lastDay: string, words = `offboard ${target.name} on ${lastDay} because ${WHY}`): Promise<Asked> =>
  asksSecond(world, (chat) => {
    world.model.play(finds(target.name), withPerson('offboard_person', { last_day: lastDay }));
    return chat.say(words, { expect: 2 });
  });

const effectsOf = async (world: World) => (await world.journal.effects()).map(({ body, identity, method, path, service, status }) => ({ service, method, path, status, body, identity }));

function assertStarted(card: Received, what: RegExp): void {
  assert.match(shown(card), /▷ Started/);
  assert.match(shown(card), what);
  assert.doesNotMatch(shown(card), /\bDone\b|✓/);
  assertNoIds(shown(card));
}

describe('App Services', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['app.restart', 'must.model-clean'], 'on the list stand on a card to pick from; Steward’s own does not, and the model learns no name', async (world) => {
    world.model.play(calls({ name: 'list_app_services', arguments: {} }));
    const turn = await world.chat(world.person('helpdesk')).say('which apps can you restart?');
    for (const name of APPS) assert.ok(turn.shown.includes(name), turn.shown);
    assert.ok(!turn.shown.includes(OWN_APP), turn.shown);
    assertNoIds(turn.shown);
    const asked = (await world.journal.of('arm')).map(({ identity, method, path, query }) => [identity, method, path.split('/').at(-1), query]);
    assert.deepEqual(asked.sort(), APPS.map((name) => [world.identities.robot, 'GET', name, 'api-version=2024-04-01']).sort());
    for (const { raw } of world.model.requests) for (const name of [...APPS, 'subscriptions']) assert.ok(!raw.includes(name), name);
    await assertNoEffect(world);
  });

  story(['app.restart', 'must.after-click'], 'are restarted after a second person’s click, said to be started; the requester’s click is none', async (world) => {
    const { approver, card, look } = await asksRestart(world);
    assert.ok(shown(card).includes('haldenworks-booking') && /Everybody who uses the app is interrupted/.test(shown(card)), shown(card));
    assertRefused(await approver.as(world.person('helpdesk')).click(card, YES));
    await assertNoEffect(world);
    assertTaken(await approver.click(card, YES));
    assertStarted(await settled(world, look), /has begun to restart haldenworks-booking/);
    const [effect, ...others] = await effectsOf(world);
    assert.equal(others.length, 0);
    assert.deepEqual([effect?.service, effect?.method, effect?.status, effect?.identity], ['arm', 'POST', 200, world.identities.robot]);
    assert.match(effect?.path ?? '', /\/resourceGroups\/apps-prod\/providers\/Microsoft\.Web\/sites\/haldenworks-booking\/restart$/);
  });

  story(['app.restart', 'path.roles'], 'are neither listed nor restarted for somebody who is not helpdesk', async (world) => {
    for (const role of ['employee', 'approver', 'admin'] as const) {
      world.model.forget();
      world.model.play(calls({ name: 'list_app_services', arguments: {} }));
      assert.match(onlySentence(await world.chat(world.person(role)).say('which apps can you restart?')), /role does not allow/);
    }
    assert.deepEqual(await world.journal.of('arm'), []);
  });

  const errors: readonly (readonly [string, Omit<Fault, 'service'>, RegExp])[] = [
    ['403 AuthorizationFailed', { kind: 'status', status: 403, code: 'AuthorizationFailed' }, /Not done[\s\S]*refused it/],
    ['404 ResourceNotFound', { kind: 'status', status: 404, code: 'ResourceNotFound' }, /Not done[\s\S]*no longer exists/],
    ['409 Conflict', { kind: 'status', status: 409, code: 'Conflict' }, /Not done[\s\S]*refused it/],
    ['429 without a header', { kind: 'quirk', quirk: 'throttle-silent' }, /Not done[\s\S]*does not answer/],
    ['200 with an error', { kind: 'quirk', quirk: 'ok-with-error' }, /Outcome unknown/],
    ['500', { kind: 'status', status: 500 }, /Outcome unknown/],
  ];
  for (const [answer, fault, told] of errors) {
    story(['azure.errors', 'fail.honest'], `where Azure answers a restart with ${answer}: the card says so`, async (world) => {
      const { approver, card, look } = await asksRestart(world);
      await world.control.fault({ service: 'arm', method: 'POST', ...fault });
      assertTaken(await approver.click(card, YES));
      const end = shown(await settled(world, look));
      assert.match(end, told);
      assert.doesNotMatch(end, /▷ Started|✓/);
      await assertNoEffect(world);
    });
  }

  story('azure.errors', 'that can’t be read are not listed in part: one plain sentence', async (world) => {
    await world.control.fault({ service: 'arm', kind: 'status', status: 403, code: 'AuthorizationFailed', path: 'haldenworks-booking$' });
    world.model.play(calls({ name: 'list_app_services', arguments: {} }));
    assert.match(onlySentence(await world.chat(world.person('helpdesk')).say('which apps can you restart?')), /refused it/);
  });
});

describe('workflows', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['workflow.start', 'must.after-click', 'approve.later'], 'for guest Wi-Fi: “for 3 days” is an argument, the address is the directory’s, and the run is said to be started', async (world) => {
    const target = world.colleague();
    const { approver, card, look } = await asksWifi(world, target);
    assert.match(shown(card), /Days\n3\n/);
    assert.ok(shown(card).includes(target.name));
    assertRefused(await approver.as(world.person('helpdesk')).click(card, YES));
    await assertNoEffect(world);
    assertTaken(await approver.click(card, YES));
    assertStarted(await settled(world, look), /was started\. The run goes on in Azure; I don’t learn how it ends/);
    const { mail } = createCompany(SEED, world.tenantId).users.get(target.aadObjectId) ?? assert.fail();
    const [effect, ...others] = await effectsOf(world);
    assert.equal(others.length, 0);
    assert.deepEqual([effect?.service, effect?.method, effect?.status, effect?.identity, effect?.body], ['logic', 'POST', 202, world.identities.robot, { person_mail: mail, days: 3 }]);
    assert.match(effect?.path ?? '', /^\/workflows\/[0-9a-f]{32}\/triggers\/manual\/paths\/invoke$/);
    for (const { raw } of world.model.requests) assert.ok(!raw.includes(mail ?? '@'), 'the model was told the address');
  });

  for (const [words, lastDay] of [['on', dayIn(30)], ['whose last day was', dayIn(-2)]] as const) {
    story(['workflow.start', 'approve.later'], `for offboarding: a day (“${words} …”) is an argument and shown, the person goes as the object id, and nobody reads it`, async (world) => {
      const target = world.colleague();
      const { approver, card, look } = await asksOffboarding(world, target, lastDay, `offboard ${target.name} ${words} ${lastDay} because ${WHY}`);
      assert.match(shown(card), new RegExp(`Last day\\n“${lastDay}”\\nin the words of the person who asked`));
      assertNoIds(shown(card));
      assertTaken(await approver.click(card, YES));
      assertStarted(await settled(world, look), /offboarding workflow .* was started\. The run goes on in Azure/);
      assert.deepEqual((await effectsOf(world)).map(({ body, identity, service, status }) => [service, status, identity, body]), [['logic', 202, world.identities.robot, { person_object_id: target.aadObjectId, last_day: lastDay }]]);
    });
  }

  const refused: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    ['0 days', 'grant_guest_wifi', { days: 0 }],
    ['15 days', 'grant_guest_wifi', { days: 15 }],
    ['half a day', 'grant_guest_wifi', { days: 0.5 }],
    ['days as text', 'grant_guest_wifi', { days: '3' }],
    ['a mail address of the model’s own', 'grant_guest_wifi', { days: 3, person_mail: 'x@example.org' }],
    ['a day that is none', 'offboard_person', { last_day: '2027-02-30' }],
    ['a day in words', 'offboard_person', { last_day: 'Friday' }],
    ['a day more than a year ahead', 'offboard_person', { last_day: dayIn(368) }],
    ['a day more than a year ago', 'offboard_person', { last_day: dayIn(-368) }],
  ];
  story('workflow.start', 'take typed inputs in their bounds and nothing else', async (world) => {
    const target = world.colleague();
    for (const [what, action, rest] of refused) {
      world.model.forget();
      world.model.play(finds(target.name), withPerson(action, rest));
      assert.match(onlySentence(await world.chat(world.person('helpdesk')).say(`please do it for ${target.name} because ${WHY}`)), /could not work out the details/, what);
    }
    await assertNoEffect(world);
  });

  story(['workflow.start', 'approve.later'], 'are not started under a condition, and a duration puts off what has none', async (world) => {
    const target = world.colleague();
    const said: readonly (readonly [string, Step])[] = [
      [`offboard ${target.name} on ${dayIn(30)} if nobody objects`, withPerson('offboard_person', { last_day: dayIn(30) })],
      [`give ${target.name} guest wifi for 3 days, starting on Friday`, withPerson('grant_guest_wifi', { days: 3 })],
      [`block ${target.name} for 3 days`, withPerson('block_sign_in', {})],
    ];
    for (const [words, step] of said) {
      world.model.forget();
      world.model.play(finds(target.name), step);
      assert.match(onlySentence(await world.chat(world.person('helpdesk')).say(words)), /only do things at once/, words);
    }
    await assertNoEffect(world);
  });

  story(['workflow.start', 'path.roles'], 'are not started for somebody who is not helpdesk, for admins’ accounts, nor for oneself', async (world) => {
    for (const role of ['employee', 'approver', 'admin'] as const) {
      world.model.forget();
      world.model.play((request) => calls({ name: 'offboard_person', arguments: { person: request.asker, last_day: dayIn(1), reason: WHY } }));
      assert.match(onlySentence(await world.chat(world.person(role)).say(`offboard me because ${WHY}`)), /role does not allow/);
    }
    for (const target of [world.person('admin'), world.person('helpdesk')]) {
      world.model.forget();
      world.model.play(finds(target.name), withPerson('offboard_person', { last_day: dayIn(1) }));
      assert.match(onlySentence(await world.chat(world.person('helpdesk')).say(`offboard ${target.name} because ${WHY}`)), /protected|your own account/);
    }
    await assertNoEffect(world);
  });

  story('azure.errors', 'for guest Wi-Fi are not started for a person without a mail address', async (world) => {
    const target = world.colleague();
    const { approver, card, look } = await asksWifi(world, target);
    // As the directory shows an account without a mailbox.
    await world.control.fault({ service: 'graph', kind: 'body', method: 'GET', path: `users/${target.aadObjectId}$`, times: 3, status: 200, body: { ...createCompany(SEED, world.tenantId).users.get(target.aadObjectId), mail: null } });
    assertTaken(await approver.click(card, YES));
    assert.match(shown(await settled(world, look)), /Not done/);
    assert.deepEqual(await world.journal.of('logic'), []);
  });

  const errors: readonly (readonly [string, Omit<Fault, 'service'>, RegExp])[] = [
    ['401 MisMatchingOAuthClaims', { kind: 'status', status: 401, code: 'MisMatchingOAuthClaims' }, /Not done[\s\S]*refused it/],
    ['400 TriggerInputSchemaMismatch', { kind: 'status', status: 400, code: 'TriggerInputSchemaMismatch' }, /Not done[\s\S]*refused it/],
    ['404 of a host that does not take the path', { kind: 'quirk', quirk: 'regional-endpoint', host: 'westeurope' }, /Not done[\s\S]*refused it/],
    ['429 without a header', { kind: 'quirk', quirk: 'throttle-silent' }, /Not done[\s\S]*does not answer/],
    ['200 with an error', { kind: 'quirk', quirk: 'ok-with-error' }, /Outcome unknown/],
    ['502 and a page', { kind: 'html', status: 502 }, /Outcome unknown/],
  ];
  for (const [answer, fault, told] of errors) {
    story(['azure.errors', 'fail.honest'], `where a trigger answers ${answer}: the card says so, and nothing is said to be started`, async (world) => {
      const { approver, card, look } = await asksWifi(world, world.colleague());
      await world.control.fault({ service: 'logic', ...fault });
      assertTaken(await approver.click(card, YES));
      const end = shown(await settled(world, look));
      assert.match(end, told);
      assert.doesNotMatch(end, /▷ Started|✓|was started/);
      await assertNoEffect(world);
    });
  }

  story('observe.effects', 'are not started in observe mode, and the card says that they would have been', async (world) => {
    await world.level('observe');
    const { approver, card, look } = await asksOffboarding(world, world.colleague(), dayIn(10));
    assertTaken(await approver.click(card, YES));
    assert.match(shown(await settled(world, look)), /Observe mode: this would have been carried out, nothing was changed/);
    await assertNoEffect(world);
  });
});
