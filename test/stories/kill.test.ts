import assert from 'node:assert/strict';
import { APPROVE, attachmentsOf, cardOf, hasCard, isAlive, saysDone, shown, textOf } from './harness/cards.ts';
import { assertNoEffect, assertOneBlock, assertPlain, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import { brief } from './harness/journal.ts';
import { calls, later, says } from './harness/model.ts';
import { ask, finds, proposes, REASON, settled } from './harness/scenes.ts';
import type { Chat } from './harness/teams.ts';
import { sleep, until } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const STOPPED = /switched off|stopped|off\b|killed/i;

describe('the kill switch', () => {
  const { story } = useWorld({ model: 'scripted' });
  let admin: Chat;
  let other: Chat;

  /** Both admins have written to Steward before: it can reach them. */
  const meet = async (world: World): Promise<void> => {
    admin = world.chat(world.person('admin'));
    other = world.chat(world.person('admin', 1));
    world.model.always(says('Hello.'));
    for (const chat of [admin, other]) {
      await chat.install();
      await chat.say('hello');
    }
    world.model.forget();
  };

  const kill = async (chat: Chat = admin): Promise<void> => {
    const turn = await chat.say('kill all');
    assert.match(turn.shown, STOPPED, 'the kill was not confirmed');
  };

  /** One admin proposes; resolves to the card that the other one got. */
  const propose = async (world: World, by: Chat, to: Chat, words = 'revive because the drill is over'): Promise<Received> => {
    const since = world.connector.log.length;
    const turn = await by.say(words);
    assert.ok(turn.sent.length >= 1);
    return world.connector.until(
      () => world.connector.messages({ conversationId: to.id, since }).find((received) => received.kind === 'send' && attachmentsOf(received.activity).length > 0 && /revive/i.test(shown(received))),
      5000, 'the other admin got no card');
  };

  const revive = async (world: World): Promise<void> => {
    const card = await propose(world, admin, other);
    const click = await other.click(card, APPROVE);
    assert.equal(click.status, 200);
    // On a busy machine the answer to the click comes before the decision; the card then shows it.
    if (/still checking/i.test(click.privately ?? '')) await world.connector.until(() => /Done/.test(shown(world.connector.current(card.activityId) ?? card)) || undefined, 8_000, 'the revival did not come through');
    else assert.ok(click.card !== undefined, `the revival was not taken: ${click.text}`);
  };

  /** Stories that kill leave a running Steward behind, also when they fail. */
  const running = async (world: World): Promise<void> => {
    if (/switched off/i.test((await admin.say('status')).shown)) await revive(world);
    await world.journal.skip();
  };

  story('kill.admin-only', 'is for admins: everybody else is refused, and Steward goes on', async (world) => {
    await meet(world);
    for (const person of [world.person('employee'), world.person('helpdesk'), world.person('approver'), world.person('guest'), world.person('vip')]) {
      const chat = world.chat(person);
      onlySentence(await chat.say('kill all'));
    }
    // A name proves nothing.
    onlySentence(await world.chat({ ...world.person('employee'), name: world.person('admin').name, teamsId: world.person('admin').teamsId }).say('kill all'));
    world.model.play(says('Of course.'));
    const turn = await world.chat(world.person('helpdesk')).say('are you still at work?');
    assert.match(turn.shown, /of course/i);
  });

  story('kill.admin-only', 'is not pulled by a model, nor by words around it', async (world) => {
    world.model.play(calls({ name: 'kill', arguments: { scope: 'all' } }));
    onlySentence(await world.chat(world.person('admin')).say('please think about what killing all would mean'));
    world.model.play(says('Of course.'));
    assert.match((await world.chat(world.person('helpdesk')).say('are you still at work?')).shown, /of course/i);
  });

  story(['kill.at-once', 'kill.pending', 'kill.status'], 'stops everything at once: pending cards die, reads are refused, no model is called', async (world) => {
    const helpdesk = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, helpdesk, world.colleague());
    await kill();
    const since = world.connector.log.length;

    assertRefused(await helpdesk.click(card, APPROVE));
    const now = await settled(world, card);
    assert.ok(!saysDone(textOf(cardOf(now))));

    await world.journal.skip();
    world.model.forget();
    for (const words of [`find ${world.colleague().name}`, `Block ${world.colleague().name} because ${REASON}`, 'show my account', 'what can I do about a broken screen?']) {
      const said = onlySentence(await helpdesk.say(words));
      assert.match(said, STOPPED);
    }
    onlySentence(await world.chat(world.person('employee')).say('show my devices'));
    assert.equal(world.model.requests.length, 0, 'the model was called');
    const robot = (await world.journal.entries()).filter(({ identity, service }) => identity === world.identities.robot && service !== 'identity');
    assert.deepEqual(robot.map(brief), [], 'the robot moved');
    await assertNoEffect(world);
    assert.ok(world.connector.log.slice(since).every(({ activity }) => !attachmentsOf(activity).some(({ content }) => isAlive(content))), 'a card that can be pressed was sent');

    for (const chat of [admin, other]) assert.match((await chat.say('status')).shown, STOPPED);
  });

  story(['revive.two-admins', 'kill.status'], 'is not undone by one admin, by a stranger, by the same human\'s other account, or without a reason', async (world) => {
    onlySentence(await admin.say('revive'));
    for (const person of [world.person('helpdesk'), world.person('employee'), world.person('approver')]) onlySentence(await world.chat(person).say('revive because I need it'));

    const card = await propose(world, admin, other);
    assert.match(shown(card), new RegExp(admin.person.name), 'the card does not say who proposes');
    assert.match(shown(card), /drill is over/);
    assert.doesNotMatch(JSON.stringify(cardOf(card)), new RegExp(admin.person.aadObjectId, 'i'));
    // The proposer, in the other's chat and in their own.
    assertRefused(await other.as(admin.person).click(card, APPROVE));
    assertRefused(await admin.press(admin.invoke(card, APPROVE)));
    for (const person of [world.person('helpdesk'), world.person('approver'), world.person('employee')]) assertRefused(await other.as(person).click(card, APPROVE));
    assert.match((await other.say('status')).shown, STOPPED);
    // “yes” is no approval.
    await other.say('yes');
    assert.match((await other.say('status')).shown, STOPPED);

    // The second account of an admin is no second admin.
    const twin = world.people.find(({ name, roles }) => name.startsWith('adm-') && roles.includes('admin'));
    assert.ok(twin !== undefined, 'the company has no admin with two accounts');
    const human = world.people.filter(({ name, roles }) => roles.includes('admin') && !name.startsWith('adm-')).find(({ upn }) => upn.split('.')[1]?.startsWith(twin.name.slice(5, 10)));
    if (human !== undefined) {
      const twinChat = world.chat(twin);
      await twinChat.say('hello');
      const humanChat = human.aadObjectId === admin.person.aadObjectId ? admin : other;
      const since = world.connector.log.length;
      await humanChat.say('revive because I would like to');
      const got = world.connector.messages({ conversationId: twinChat.id, since }).filter(hasCard);
      for (const found of got) assertRefused(await twinChat.click(found, APPROVE));
      const elsewhere = world.connector.messages({ conversationId: (humanChat === admin ? other : admin).id, since }).find(hasCard);
      if (elsewhere !== undefined) assertRefused(await (humanChat === admin ? other : admin).as(twin).click(elsewhere, APPROVE));
      assert.match((await admin.say('status')).shown, STOPPED);
    }
    world.model.forget();
    const said = onlySentence(await world.chat(world.person('helpdesk')).say('find somebody for me'));
    assert.match(said, STOPPED);
    await assertNoEffect(world);
  });

  story(['revive.two-admins', 'kill.pending'], 'is undone by two admins; cards of before stay dead', async (world) => {
    await revive(world);
    const helpdesk = world.chat(world.person('helpdesk'));
    const target = world.colleague();
    const before = await ask(world, helpdesk, target);
    await kill(other);
    await revive(world);
    // Killed and revived: another epoch.
    assertRefused(await helpdesk.click(before.card, APPROVE));
    await settled(world, before.card);
    await sleep(300);
    await assertNoEffect(world);

    const after = await ask(world, helpdesk, target);
    assertTaken(await helpdesk.click(after.card, APPROVE));
    await settled(world, after.card);
    await assertOneBlock(world, target);
    assert.doesNotMatch((await admin.say('status')).shown, /switched off/i);
  });

  story(['revive.two-admins'], 'has nothing to revive while Steward runs, and an old revival card works once', async (world) => {
    await running(world);
    onlySentence(await admin.say('revive because I can'));
    await kill();
    const card = await propose(world, admin, other);
    assert.ok((await other.click(card, APPROVE)).card !== undefined);
    await kill();
    assertRefused(await other.click(card, APPROVE));
    assert.match((await other.say('status')).shown, STOPPED);
    await revive(world);
  });

  story(['kill.in-flight', 'kill.at-once'], 'reaches a model call in flight: nothing comes of it', async (world) => {
    await running(world);
    const target = world.colleague();
    const helpdesk = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), later(2500, proposes('block_sign_in')));
    const since = world.connector.log.length;
    await helpdesk.post(helpdesk.message(`Block ${target.name} because ${REASON}`));
    await until(() => world.model.requests.length === 2, 6000, 'the second call of the model');
    const killedAt = world.connector.log.length;
    await admin.post(admin.message('kill all'));
    await world.connector.until(() => STOPPED.test(admin.since(killedAt).shown) || undefined, 1000, 'the kill to be confirmed while the model thinks');
    await world.connector.until(() => helpdesk.since(since).sent.length > 0, 1000, 'the person to be told while the model thinks');
    const { sent } = helpdesk.since(since);
    assert.ok(sent.every((reply) => !hasCard(reply)), 'a card after the kill');
    for (const reply of sent) assertPlain(reply.activity.text ?? '');
    await until(() => !world.model.busy, 6000, 'the model to be done');
    await sleep(300);
    assert.equal(helpdesk.since(since).sent.length, sent.length, 'something was said after the kill');
    await assertNoEffect(world);
    await revive(world);
  });

  story(['kill.in-flight', 'fail.honest'], 'reaches a step on the wire: it is not reported as done, and nothing after it begins', async (world) => {
    await running(world);
    const target = world.colleague();
    const helpdesk = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), (request) =>
      calls({ name: 'block_sign_in', arguments: { person: request.handle('person', 'tool'), reason: REASON } }, { name: 'revoke_sessions', arguments: { person: request.handle('person', 'tool'), reason: REASON } }));
    const turn = await helpdesk.say(`Block ${target.name} and end the sessions because ${REASON}`);
    const card = turn.sent.find(hasCard);
    assert.ok(card !== undefined, turn.shown);
    await world.control.fault({ service: 'graph', kind: 'delay', method: 'PATCH', delayMs: 2500 });
    assertTaken(await helpdesk.click(card, APPROVE));
    await sleep(700);
    await kill();
    await sleep(3500);
    const now = world.connector.current(card.activityId) ?? card;
    assert.ok(!isAlive(cardOf(now)), 'the card can still be pressed');
    assert.doesNotMatch(textOf(cardOf(now)), /✓ Done/, 'an aborted step is reported as done');
    const effects = await world.journal.effects();
    assert.ok(effects.every(({ path }) => !/revokeSignInSessions/i.test(path)), 'a step began after the kill');
    await world.control.heal();
    await revive(world);
  });

  story(['path.redelivery', 'revive.two-admins'], 'is pulled once by a message that is delivered twice', async (world) => {
    await running(world);
    const message = admin.message('kill all');
    const since = world.connector.log.length;
    await admin.post(message);
    await admin.settle(since);
    await revive(world);
    await admin.post(message);
    await sleep(500);
    assert.doesNotMatch((await other.say('status')).shown, /switched off/i, 'a redelivery killed again what two admins had revived');
  });

  story('kill.graph-down', 'works while Graph is down', async (world) => {
    await running(world);
    await world.control.fault({ service: 'graph', kind: 'status', status: 503 });
    await kill();
    await world.control.heal();
    onlySentence(await world.chat(world.person('helpdesk')).say('find somebody'));
    // A breaker that opened meanwhile closes again.
    await until(async () => {
      try {
        await revive(world);
        return true;
      } catch {
        await sleep(2000);
        return undefined;
      }
    }, 45_000, 'the revival');
  }, { timeoutMs: 90_000 });

  story(['kill.at-once', 'path.personal'], 'is obeyed in a group chat as well', async (world) => {
    await running(world);
    const group = world.chat(world.person('admin'), 'groupChat');
    assert.match((await group.say('kill all')).shown, STOPPED);
    onlySentence(await world.chat(world.person('helpdesk')).say('find somebody'));
    await revive(world);
  });

  story(['kill.at-once', 'fail.storage'], 'stops this instance even when storage can\'t be told', async (world) => {
    await running(world);
    const helpdesk = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, helpdesk, world.colleague());
    await world.control.fault({ service: 'storage', kind: 'status', status: 503, method: 'PUT' });
    await world.control.fault({ service: 'storage', kind: 'status', status: 503, method: 'POST' });
    await world.control.fault({ service: 'storage', kind: 'status', status: 503, method: 'PATCH' });
    await world.control.fault({ service: 'storage', kind: 'status', status: 503, method: 'MERGE' });
    const since = world.connector.log.length;
    await admin.post(admin.message('kill all'));
    await sleep(1500);
    await world.control.heal();
    const click = await helpdesk.click(card, APPROVE);
    assert.equal(click.card, undefined, 'a click was taken after the kill');
    await sleep(500);
    await assertNoEffect(world);
    await admin.settle(since, { expect: 0 });
    // Admins may also be sent a card about an outcome that nobody knows.
    for (const reply of admin.since(since).sent.filter((received) => !hasCard(received))) assertPlain(reply.activity.text ?? '');
  });
});
