import assert from 'node:assert/strict';
import { APPROVE, attachmentsOf, buttonOf, buttonsOf, cardOf, DENY, hasCard, isAlive, saysDone, shown, textOf } from './harness/cards.ts';
import { assertNoEffect, assertOneBlock, assertPlain, assertRefused, assertTaken } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import type { Persona } from './harness/journal.ts';
import { isObject } from './harness/json.ts';
import { calls, later, says } from './harness/model.ts';
import { ask, finds, proposes, REASON, settled } from './harness/scenes.ts';
import type { Chat, Click, Turn } from './harness/teams.ts';
import { sleep, until } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const execute = (card: Received): Readonly<Record<string, unknown>> => buttonOf(cardOf(card), APPROVE).action;
const dataOf = (card: Received): Readonly<Record<string, unknown>> => {
  const { data } = buttonOf(cardOf(card), APPROVE);
  return isObject(data) ? data : {};
};

/** The only text in the data: what the card calls its request. */
const referenceOf = (card: Received): readonly [key: string, value: string] => {
  const [found] = Object.entries(dataOf(card)).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  assert.ok(found !== undefined, 'the card carries no reference');
  return found;
};

/** Whatever was tried: nothing came of it, and the rightful click still works. */
async function assertStillOpen(world: World, chat: Chat, card: Received, target: Persona): Promise<void> {
  await sleep(150);
  await assertNoEffect(world);
  assertTaken(await chat.click(card, APPROVE));
  await settled(world, card);
  await assertOneBlock(world, target);
}

/** A click of somebody whom Steward does not serve may be turned away at the door instead of being told. */
function assertTurnedAway(click: Click): void {
  if (click.status >= 400 && click.status < 500) return;
  assertRefused(click);
}

/** One new message, which is a sentence; cards may have been updated meanwhile. */
function assertOneSentence(turn: Turn): void {
  assert.equal(turn.sent.length, 1, turn.replies.map(shown).join(' | '));
  assertPlain(turn.sent[0]?.activity.text ?? '');
}

describe('a click', () => {
  const { story } = useWorld({ model: 'scripted' });

  story('click.bystander', 'of anybody but the one who asked is refused: another helpdesk, an approver, an admin, an employee, the target', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    for (const bystander of [world.person('helpdesk', 1), world.person('approver'), world.person('admin'), world.person('employee'), target]) {
      for (const which of [APPROVE, DENY]) assertRefused(await chat.as(bystander).click(card, which));
    }
    assert.equal(world.connector.current(card.activityId)?.kind, 'send', 'a refused click changed the card');
    await assertStillOpen(world, chat, card, target);
  });

  story('click.stranger', 'of a guest or of somebody of another tenant changes nothing', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    assertTurnedAway(await chat.as(world.person('guest')).click(card, APPROVE));
    assertTurnedAway(await chat.as(world.stranger).click(card, APPROVE));
    // A stranger who says that they are of this tenant is nobody in its directory.
    assertTurnedAway(await chat.as({ ...world.stranger, tenantId: world.tenantId }).click(card, APPROVE));
    // Names prove nothing.
    assertTurnedAway(await chat.as({ ...world.stranger, tenantId: world.tenantId, name: chat.person.name, teamsId: chat.person.teamsId }).click(card, APPROVE));
    await assertStillOpen(world, chat, card, target);
  });

  story('click.forged', 'with a reference that is none is refused', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    const action = execute(card);
    const [key, value] = referenceOf(card);
    const other = value.startsWith('A') ? `B${value.slice(1)}` : `A${value.slice(1)}`;
    for (const reference of [other, value.toLowerCase() === value ? value.toUpperCase() : value.toLowerCase(), `${value}x`, ` ${value}`, value.slice(0, -1), '', '*', '..', `${value}/../${value}`, `${value}' or '1' eq '1`, '__proto__', 'x'.repeat(5000)]) {
      assertRefused(await chat.press(chat.invokeWith(card.activityId, { ...action, data: { ...dataOf(card), [key]: reference } })));
    }
    for (const reference of [null, 7, true, [value], { [key]: value }]) {
      assertTurnedAway(await chat.press(chat.invokeWith(card.activityId, { ...action, data: { [key]: reference } })));
    }
    await assertStillOpen(world, chat, card, target);
  });

  story('click.forged', 'whose payload was edited is refused', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    const action = execute(card);
    const data = dataOf(card);
    const edited: readonly unknown[] = [
      { ...action, data: { ...data, person: 'person_aaaaaaaaaaaa' } },
      { ...action, data: { ...data, approved: true, approvedBy: world.person('admin').aadObjectId } },
      { ...action, data: { ...data, action: 'revoke_sessions' } },
      { ...action, data: JSON.parse(`${JSON.stringify(data).slice(0, -1)},"__proto__":{"approved":true}}`) as unknown },
      { ...action, data: undefined },
      { ...action, data: null },
      { ...action, data: [data] },
      { ...action, data: JSON.stringify(data) },
      { ...action, verb: 'steward/execute' },
      { ...action, verb: 'constructor' },
      { ...action, verb: '' },
      { ...action, verb: undefined },
      { ...action, verb: { toString: 'x' } },
      { ...action, verb: 'block_sign_in' },
      null,
      [],
      'approve',
    ];
    for (const value of edited) assertTurnedAway(await chat.press(chat.invokeWith(card.activityId, value)));
    const invoke = chat.invoke(card, APPROVE);
    for (const value of [undefined, null, [], 'x', {}]) assertTurnedAway(await chat.press({ ...invoke, id: `f:${Math.random()}`, value }));
    await assertStillOpen(world, chat, card, target);
  });

  story('click.copied', 'on a copy of the card is refused, wherever it stands', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(says('Hello.'));
    const other = (await chat.say('a good day to you')).sent[0]?.activityId ?? '';
    const { card } = await ask(world, chat, target);
    const action = execute(card);
    assertRefused(await chat.press(chat.invokeWith(other, action)));
    assertRefused(await chat.press(chat.invokeWith('1:zzzzzzzz', action)));
    assertTurnedAway(await chat.press({ ...chat.invokeWith(card.activityId, action), replyToId: undefined, channelData: { tenant: { id: world.tenantId } } }));
    // Forwarded to another chat, with the right and with another id.
    assertRefused(await world.chat(chat.person).press(world.chat(chat.person).invokeWith(card.activityId, action)));
    const group = world.chat(chat.person, 'groupChat');
    assertRefused(await group.press(group.invokeWith(card.activityId, action)));
    assertRefused(await group.press(group.invokeWith('1:copy0001', action)));
    await assertStillOpen(world, chat, card, target);
  });

  story('click.settled', 'after it is settled is refused: done, denied, cancelled', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const target = world.colleague();
    const done = await ask(world, chat, target);
    assertTaken(await chat.click(done.card, APPROVE));
    await settled(world, done.card);
    for (const which of [APPROVE, DENY]) assertRefused(await chat.click(done.card, which));
    await assertOneBlock(world, target);
    assert.ok(saysDone(shown(world.connector.current(done.card.activityId) ?? done.card)), 'a late “no” changed the card');

    await world.journal.skip();
    const denied = await ask(world, chat, world.colleague());
    await chat.click(denied.card, DENY);
    await settled(world, denied.card);
    assertRefused(await chat.click(denied.card, APPROVE));

    const cancelled = await ask(world, chat, world.colleague());
    assertOneSentence(await chat.say('cancel'));
    await settled(world, cancelled.card);
    assertRefused(await chat.click(cancelled.card, APPROVE));
    await sleep(300);
    await assertNoEffect(world);
  });

  story(['talk.edit-withdraws'], 'after the request was edited is refused, and the card says that it was withdrawn', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const { card, turn } = await ask(world, chat, world.colleague());
    world.model.always(says('Understood.'));
    assert.ok((await chat.edit(turn.id, 'Do not block anybody')).status < 300);
    const now = await settled(world, card);
    assert.ok(!saysDone(textOf(cardOf(now))));
    assertRefused(await chat.click(card, APPROVE));
    await sleep(300);
    await assertNoEffect(world);
  });

  story(['talk.delete-withdraws'], 'after the request was deleted is refused, and the card says that it was withdrawn', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const { card, turn } = await ask(world, chat, world.colleague());
    assert.ok((await chat.remove(turn.id)).status < 300);
    await settled(world, card);
    assertRefused(await chat.click(card, APPROVE));
    await sleep(300);
    await assertNoEffect(world);
  });

  for (const [how, change] of [['edited', (chat: Chat, id: string) => chat.edit(id, 'Never mind')], ['deleted', (chat: Chat, id: string) => chat.remove(id)]] as const) {
    story([how === 'edited' ? 'talk.edit-withdraws' : 'talk.delete-withdraws'], `finds no card when the request was ${how} while it was being worked on`, async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), later(800, proposes('block_sign_in')));
      const since = world.connector.log.length;
      const message = chat.message(`Block ${target.name} because ${REASON}`);
      await chat.post(message);
      await until(() => world.model.requests.length === 2, 5000, 'the second call');
      assert.ok((await change(chat, String(message['id']))).status < 300);
      await until(() => !world.model.busy, 5000, 'the model to be done');
      await chat.settle(since, { expect: 0 });
      await sleep(300);
      for (const card of chat.since(since).sent.filter(hasCard)) {
        assert.ok(!isAlive(cardOf(world.connector.current(card.activityId) ?? card)), 'a card for a request that was taken back can be pressed');
        assertRefused(await chat.click(card, APPROVE));
      }
      await assertNoEffect(world);
    });
  }

  story(['talk.edit-withdraws', 'talk.delete-withdraws', 'click.bystander'], 'still counts after another message, or somebody else\'s, was edited or deleted', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(says('Hello.'));
    const earlier = await chat.say('a good day to you');
    const { card, turn } = await ask(world, chat, target);
    world.model.always(says('Understood.'));
    await chat.edit(earlier.id, 'good evening to you');
    await chat.remove(earlier.id);
    // The same message id in another conversation is another message.
    await world.chat(chat.person).remove(turn.id);
    await sleep(400);
    const now = world.connector.current(card.activityId);
    assert.ok(now !== undefined && isAlive(cardOf(now)), 'somebody else\'s edit withdrew the card');
    await assertStillOpen(world, chat, card, target);
  });

  story('talk.typed-yes', 'is not what “yes” is: a typed answer never approves, and points to the card', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    for (const yes of ['yes', 'Yes, do it', 'ok', 'go ahead', 'confirm', 'approved 👍', 'Ja', 'yes, please block her', 'I confirm', 'yes I approve the request, go on']) {
      world.model.forget();
      // A model that would love to go on.
      world.model.always((request) => (/"status":"|waiting/.test(request.last('tool')) || request.messages.length > 40 ? says('Please use the card.') : calls({ name: 'find_person', arguments: { name: target.name } })));
      const turn = await chat.say(yes);
      await assertNoEffect(world);
      assert.ok(turn.sent.length >= 1, `no answer to “${yes}”`);
      assert.match(turn.shown, /card|button/i, `“${yes}” does not point to the card: ${turn.shown}`);
    }
    await assertStillOpen(world, chat, card, target);
  });

  story('talk.typed-yes', 'is not what “yes” is: nor from a bystander in the same chat', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    world.model.always(says('Please use the card.'));
    await chat.as(world.person('helpdesk', 1)).say('yes');
    await assertStillOpen(world, chat, card, target);
  });

  story(['path.second-person', 'click.bystander'], 'of an approver, and of nobody else, decides where the policy asks for a second person', async (world) => {
    const target = world.person('vip');
    const requester = world.person('helpdesk');
    const chat = world.chat(requester);
    const approver = world.person('approver');
    const approverChat = world.chat(approver);
    world.model.always(says('Hello.'));
    await approverChat.install();
    await approverChat.say('hello');
    world.model.forget();

    world.model.play(finds(target.name), (request) => calls({ name: 'block_sign_in', arguments: { person: request.handle('person', 'tool'), reason: REASON } }));
    const since = world.connector.log.length;
    const turn = await chat.say(`Block ${target.name} because ${REASON}`);
    // The requester sees what is asked in their name, and can't decide it.
    assert.ok(turn.sent.some((reply) => hasCard(reply) && shown(reply).includes(target.name)), 'the requester does not see what is asked in their name');
    const offered = turn.sent.filter(hasCard).flatMap((reply) => buttonsOf(cardOf(reply)).map(({ verb }) => verb));
    assert.deepEqual(offered, ['steward/withdraw'], 'the requester can do more than withdraw it');
    const card = await world.connector.until(
      () => world.connector.messages({ conversationId: approverChat.id, since }).find((message) => attachmentsOf(message.activity).length > 0),
      5000, 'the approver got no card');
    assert.match(shown(card), new RegExp(target.name));
    assert.match(shown(card), new RegExp(requester.name), 'the approver does not learn who asks');
    assertPlain(card.activity.summary ?? '', 'the summary');
    await assertNoEffect(world);

    assertRefused(await approverChat.as(requester).click(card, APPROVE));
    assertTurnedAway(await chat.press(chat.invokeWith(card.activityId, execute(card))));
    for (const other of [world.person('helpdesk', 1), world.person('employee'), world.person('admin'), target]) assertRefused(await approverChat.as(other).click(card, APPROVE));
    // The requester's second account is the same human.
    const second = world.people.filter((person) => person.name.startsWith('adm-') && person.roles.includes('approver'));
    for (const account of second) assertRefused(await approverChat.as(account).click(card, APPROVE));
    await assertNoEffect(world);

    assertTaken(await approverChat.click(card, APPROVE));
    const outcome = await settled(world, card);
    assert.match(textOf(cardOf(outcome)), new RegExp(approver.name), 'the card does not say who approved');
    await assertOneBlock(world, target);
    await world.connector.until(() => chat.since(since).replies.some((reply) => saysDone(shown(reply))) || undefined, 5000, 'the requester was not told the outcome');
  });

  story('path.click-two-seconds', 'is answered in time while a slow message of the same person is being thought about', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    world.model.play({ delayMs: 3000, step: says('That took me a while.') });
    const since = world.connector.log.length;
    await chat.post(chat.message('and what is the meaning of it all?'));
    await sleep(200);
    assertTaken(await chat.click(card, APPROVE));
    await settled(world, card);
    await assertOneBlock(world, target);
    await chat.settle(since);
  });

  story('path.connector-no-retry', 'acts once even when the card can\'t be updated', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    world.connector.fail({ kind: 'status', method: 'PUT', status: 500, times: 50 });
    assertTaken(await chat.click(card, APPROVE));
    await sleep(2000);
    await assertOneBlock(world, target);
    world.connector.heal();
    assertRefused(await chat.click(card, APPROVE));
    await assertOneBlock(world, target);
  });

  // Last: facts about people are kept for a minute, and a breaker may stay open.
  story(['path.second-decision', 'path.roles'], 'of somebody who has lost the role since is refused', async (world) => {
    const chat = world.chat(world.person('helpdesk', 1));
    const { card } = await ask(world, chat, world.colleague());
    await world.control.fault({ service: 'graph', kind: 'body', path: 'memberOf|checkMember|getMember', body: { value: [] } });
    assertRefused(await chat.click(card, APPROVE));
    await sleep(300);
    await assertNoEffect(world);
  });

  story(['path.second-decision'], 'is refused when the target became an admin since', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    const group = { '@odata.type': '#microsoft.graph.group', id: '11111111-2222-4333-8444-555555555555', displayName: 'Tier 0', isAssignableToRole: true };
    await world.control.fault({ service: 'graph', kind: 'body', path: `/users/${target.aadObjectId}/.*(memberOf|getMember|checkMember)`, body: { value: [group] } });
    assertRefused(await chat.click(card, APPROVE));
    await sleep(300);
    await assertNoEffect(world);
  });

  story(['path.second-decision', 'fail.directory'], 'is refused when nobody can be looked up at the moment', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    await world.control.fault({ service: 'graph', kind: 'status', status: 503 });
    const click = await chat.click(card, APPROVE);
    assert.equal(click.card, undefined, 'the click was taken blindly');
    assert.ok(click.durationMs < 2000, `answered after ${Math.round(click.durationMs)} ms`);
    assertRefused(click);
    await world.control.heal();
    // The circuit may stay open for a while.
    await sleep(1000);
    await assertNoEffect(world);
  });
});
