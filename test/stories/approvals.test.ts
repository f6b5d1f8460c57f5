import assert from 'node:assert/strict';
import { APPROVE, buttonOf, buttonsOf, cardOf, DENY, hasCard, inputsOf, isAlive, textOf } from './harness/cards.ts';
import { assertNoEffect, assertNoIds, assertPlain, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import { brief } from './harness/journal.ts';
import type { Persona } from './harness/journal.ts';
import { objectsIn, textAt } from './harness/json.ts';
import { calls, says } from './harness/model.ts';
import { ask, finds, proposes, REASON, settled } from './harness/scenes.ts';
import type { Chat, Turn } from './harness/teams.ts';
import { sleep } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

/** Something that happens in the background: a card to others, an update. */
const SOON_MS = 6_000;
/** Housekeeping looks every 15 s. */
const SWEPT_MS = 25_000;
const WITHDRAW = /^withdraw$/i;
const UNDO = /^undo$/i;

/** A person whose personal chat Steward knows, so that it can ask them. */
async function reachable(world: World, person: Persona): Promise<Chat> {
  const chat = world.chat(person);
  await chat.install();
  await chat.say('hello');
  return chat;
}

const named = (world: World, name: string): Persona => {
  const found = world.people.find((person) => person.name === name);
  assert.ok(found !== undefined, `nobody is called ${name}`);
  return found;
};

/** The newest card with something to decide that came to a chat. */
const cardFor = (world: World, chat: Chat, since: number, timeoutMs = SOON_MS): Promise<Received> =>
  world.connector.until(() => world.connector.messages({ conversationId: chat.id, since }).find((message) => message.kind === 'send' && hasCard(message) && isAlive(cardOf(message))), timeoutMs, `no card came to ${chat.person.name}`);

/** Waits until a card, wherever it stands, shows this. */
const shows = (world: World, card: Received, what: RegExp, timeoutMs = SOON_MS): Promise<Received> =>
  world.connector.until(() => {
    const now = world.connector.current(card.activityId);
    return now !== undefined && hasCard(now) && what.test(textOf(cardOf(now))) ? now : undefined;
  }, timeoutMs, `the card never says ${String(what)}`);

const told = (world: World, chat: Chat, since: number, what: RegExp, timeoutMs = SOON_MS): Promise<string> =>
  world.connector.until(() => chat.since(since).sent.map((reply) => reply.activity.text ?? '').find((text) => what.test(text)), timeoutMs, `${chat.person.name} was not told ${String(what)}`);

interface Second {
  readonly requester: Chat;
  readonly target: Persona;
  readonly turn: Turn;
  /** What the requester looks at. */
  readonly look: Received;
  readonly since: number;
}

/** Somebody who is blocked already shows no effect, so each request is about the next. */
const VIPS = 3;
let nextVip = 0;

/** A helpdesk asks for something that takes a second person: the block of a VIP. */
async function asksSecond(world: World, requester = world.chat(world.person('helpdesk')), target = world.person('vip', nextVip++ % VIPS)): Promise<Second> {
  world.model.play(finds(target.name), proposes('block_sign_in'));
  const since = world.connector.log.length;
  const turn = await requester.say(`Block ${target.name} because ${REASON}`, { expect: 2 });
  const look = turn.sent.find(hasCard);
  assert.ok(look !== undefined, turn.shown);
  assert.deepEqual(buttonsOf(cardOf(look)).map(({ title }) => title), ['Withdraw']);
  return { requester, target, turn, look, since };
}

/** Asks for one action over many people: the model looks all of them up, then proposes it for all of them. */
async function asksForMany(world: World, chat: Chat, targets: readonly Persona[], words = `Block ${targets.map(({ name }) => name).join(', ')} because ${REASON}`): Promise<Turn> {
  world.model.play(
    calls(...targets.map(({ name }) => ({ name: 'find_person', arguments: { name } }))),
    (request) => calls(...request.texts('tool').slice(-targets.length).map((text) => ({ name: 'block_sign_in', arguments: { person: /person_[a-z2-7]{6,40}/.exec(text)?.[0] ?? '', reason: REASON } }))),
  );
  return chat.say(words, { timeoutMs: 25_000 });
}

const theCard = (turn: Turn): Received => {
  const [card, ...others] = turn.sent.filter(hasCard);
  assert.ok(card !== undefined && others.length === 0, `not one card: ${turn.shown}`);
  return card;
};

const colleagues = (world: World, count: number): readonly Persona[] => Array.from({ length: count }, () => world.colleague());
const blocks = (people: readonly Persona[], enabled = false): readonly string[] => people.map(({ aadObjectId }) => `PATCH ${aadObjectId} ${JSON.stringify({ accountEnabled: enabled })}`);
const effectsOf = async (world: World): Promise<readonly string[]> => (await world.journal.effects()).map(({ body, method, path }) => `${method} ${path.split('/').at(-1) ?? ''} ${JSON.stringify(body)}`);

describe('a second person', () => {
  const { story } = useWorld({ model: 'scripted' });

  // First: nobody has said hello yet.
  story(['approve.nobody', 'path.second-person'], 'that nobody can be reached for is said at once, and nothing waits', async (world) => {
    const target = world.person('vip');
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), proposes('block_sign_in'));
    const sentence = onlySentence(await chat.say(`Block ${target.name} because ${REASON}`));
    assert.match(sentence, /second person/);
    assert.match(sentence, /nobody/);
    assert.match(onlySentence(await chat.say('pending')), /nothing waits/i);
    await assertNoEffect(world);
  });

  story(['approve.deny-reason', 'path.deny', 'approve.here'], 'declines and says why: every card shows it, and the requester is told who was asked and that it was declined', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const other = await reachable(world, named(world, 'Tobias Lindgren'));
    const { look, requester, since, target, turn } = await asksSecond(world);
    assert.match(turn.shown, new RegExp(approver.person.name));
    assert.match(turn.shown, /Tobias Lindgren/);
    const [card, others] = [await cardFor(world, approver, since), await cardFor(world, other, since)];
    assert.deepEqual(inputsOf(cardOf(card)).map(({ id, type }) => [id, type]), [['denyReason', 'Input.Text']]);
    const click = await approver.click(card, DENY, { denyReason: '  He told me on the phone\nthat it is in his bag. ' });
    assertTaken(click);
    const reason = /He told me on the phone that it is in his bag\./;
    assert.match(textOf(click.card), reason);
    for (const each of [card, others, look]) {
      const now = textOf(cardOf(await shows(world, each, /Declined/)));
      assert.match(now, reason);
      assert.match(now, new RegExp(`${approver.person.name} declined`));
    }
    const sentence = await told(world, requester, since, /Declined/);
    assertPlain(sentence);
    assert.match(sentence, new RegExp(target.name));
    assert.match(sentence, /reason is on the card/);
    assertRefused(await other.click(others, APPROVE));
    await sleep(200);
    await assertNoEffect(world);
  });

  story('approve.deny-reason', 'whose reason tries to be more than text is shown as text, and one that can\'t be shown is refused with nothing decided', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const { look, since } = await asksSecond(world);
    const card = await cardFor(world, approver, since);
    for (const denyReason of ['x'.repeat(301), 'no\u0007', 'gnp.exe \u202egpj', '\u0000']) {
      const sentence = assertRefused(await approver.click(card, DENY, { denyReason }));
      assert.match(sentence, /reason .*nothing was decided/);
    }
    for (const denyReason of [7, null, ['no'], { text: 'no' }]) assertRefused(await approver.click(card, DENY, { denyReason }));
    assertRefused(await approver.click(card, DENY, { denyReason: 'no', decision: 'approve' }));
    assert.ok(isAlive(cardOf(world.connector.current(look.activityId) ?? look)), 'something was decided');

    const hostile = '**no** [see](https://evil.example/a) {{DATE(2020-01-02T03:04:05Z, SHORT)}} ${reference} <at>everyone</at>';
    assertTaken(await approver.click(card, DENY, { denyReason: hostile }));
    for (const each of [card, look]) {
      const now = cardOf(await shows(world, each, /Declined/));
      const places = [...objectsIn(now)].filter((element) => textAt(element, 'text').includes('**no**'));
      assert.deepEqual(places.map((element) => textAt(element, 'type')), ['TextRun'], 'the reason stands where Markdown is rendered');
      assert.doesNotMatch(textAt(places[0], 'text'), /\{\{|https:\/\//, 'the client would expand it');
      assert.match(textAt(places[0], 'text'), /\$\{reference\}/, 'the template was expanded again');
    }
    await assertNoEffect(world);
  });

  story('approve.deny-reason', 'declines without a word, and no reason is made up', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const { look, requester, since } = await asksSecond(world);
    const card = await cardFor(world, approver, since);
    assertTaken(await approver.click(card, DENY, { denyReason: '   ' }));
    // The first reason is that of the request.
    assert.equal(textOf(cardOf(await shows(world, look, /Declined/))).match(/Reason/g)?.length, 1);
    assert.doesNotMatch(await told(world, requester, since, /Declined/), /reason/i);
    await assertNoEffect(world);
  });

  story(['approve.withdraw', 'click.bystander', 'click.copied'], 'is no longer asked once the requester withdrew it by a click, and nobody else could', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const { look, requester, since, target } = await asksSecond(world);
    const card = await cardFor(world, approver, since);
    const { action } = buttonOf(cardOf(look), WITHDRAW);
    for (const person of [world.person('helpdesk', 1), world.person('approver'), world.person('admin'), world.person('employee'), target]) assertRefused(await requester.as(person).click(look, WITHDRAW));
    assertRefused(await requester.press(requester.invokeWith('1:zzzzzzzz', action)));
    assertRefused(await approver.press(approver.as(requester.person).invokeWith(card.activityId, action)));
    assert.ok(isAlive(cardOf(world.connector.current(card.activityId) ?? card)));

    const click = await requester.click(look, WITHDRAW);
    assertTaken(click);
    assert.match(textOf(click.card), /Withdrawn/);
    assert.doesNotMatch(textOf(cardOf(await shows(world, card, /Withdrawn/))), /Waiting/);
    assertRefused(await approver.click(card, APPROVE));
    assertRefused(await requester.click(look, WITHDRAW));
    assert.equal(requester.since(since).sent.length, 2, 'the requester is told what they have just done');
    await sleep(200);
    await assertNoEffect(world);
  });

  story('approve.withdraw', 'is no longer asked, and the click is answered in time while the channel is slow', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    // A machine that is busy may be late by itself; one that waits for the channel is late every time.
    for (let attempt = 1; ; attempt += 1) {
      const { look, requester, since } = await asksSecond(world);
      await cardFor(world, approver, since);
      world.connector.fail({ kind: 'delay', method: 'PUT', delayMs: 3_000, times: 4 });
      const click = await requester.click(look, WITHDRAW);
      assertTaken(click);
      if (attempt < 3 && click.card === undefined) continue;
      assert.match(textOf(click.card), /Withdrawn/);
      return;
    }
  });

  story('approve.pending', 'and whoever asked each read under “pending” what waits for them, and others that nothing does', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const { requester, since, target, look } = await asksSecond(world);
    await cardFor(world, approver, since);
    const deciding = (await approver.say('pending')).shown;
    assert.match(deciding, /for your decision/i);
    assert.match(deciding, new RegExp(`Block sign\\\\?-in: ${target.name} \\(asked by ${requester.person.name}\\)`));
    const asking = (await requester.say('pending')).shown;
    assert.match(asking, /you asked/i);
    assert.doesNotMatch(asking, /your decision/i);
    assert.match(asking, new RegExp(target.name));
    for (const text of [deciding, asking]) assertNoIds(text, 'the list');
    for (const person of [world.person('employee'), world.person('helpdesk', 1)]) assert.match(onlySentence(await world.chat(person).say('what is pending?')), /nothing waits/i);
    const inGroup = (await world.chat(approver.person, 'groupChat').say('pending')).shown;
    assert.doesNotMatch(inGroup, new RegExp(target.name), 'what waits is told to a group');
    assertTaken(await requester.click(look, WITHDRAW));
    await shows(world, look, /Withdrawn/);
    assert.match(onlySentence(await requester.say('pending')), /nothing waits/i);
  });

  story(['approve.unblock', 'approve.same-human', 'path.second-person'], 'decides about unblocking whom somebody else has blocked, and the requester\'s second account is none', async (world) => {
    const target = world.colleague();
    const approver = await reachable(world, world.person('approver'));
    const blocker = world.chat(world.person('helpdesk', 1));
    const blocked = await ask(world, blocker, target);
    assertTaken(await blocker.click(blocked.card, APPROVE));
    await settled(world, blocked.card);
    await world.journal.skip();

    const requester = world.chat(world.person('helpdesk'));
    const since = world.connector.log.length;
    world.model.play(finds(target.name), proposes('unblock_sign_in'));
    const turn = await requester.say(`unblock ${target.name}, ${REASON}`, { expect: 2 });
    assert.match(turn.shown, new RegExp(approver.person.name));
    const card = await cardFor(world, approver, since);
    assertRefused(await approver.as(requester.person).click(card, APPROVE));
    assertRefused(await approver.as(blocker.person).click(card, APPROVE));
    const second = world.people.filter((person) => person.name === 'adm-hvirtanen');
    assert.equal(second.length, 1);
    assert.ok(second[0]?.roles.includes('approver'), 'the second account could not approve anyway');
    for (const account of second) assert.match(assertRefused(await approver.as(account).click(card, APPROVE)), /told apart/);
    await assertNoEffect(world);
    assertTaken(await approver.click(card, APPROVE));
    await settled(world, card);
    assert.deepEqual(await effectsOf(world), blocks([target], true));
  });
});

describe('taking back', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['approve.undo', 'approve.unblock', 'click.bystander', 'click.copied'], 'by the button is a new card for whoever asked, without asking the model; nobody else gets one, and nothing happens before its click', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    assertTaken(await chat.click(card, APPROVE));
    const done = await settled(world, card);
    await world.journal.skip();
    const asked = world.model.requests.length;
    const { action } = buttonOf(cardOf(done), UNDO);
    for (const person of [world.person('helpdesk', 1), world.person('approver'), target]) assert.match(assertRefused(await chat.as(person).click(done, UNDO)), /nothing here/);
    const elsewhere = world.chat(chat.person);
    assert.match(assertRefused(await elsewhere.press(elsewhere.invokeWith(card.activityId, action))), /nothing here/);
    await sleep(300);
    assert.equal(elsewhere.since(0).sent.length, 0);

    const since = world.connector.log.length;
    assert.match(assertRefused(await chat.click(done, UNDO)), /new card/);
    await chat.settle(since);
    const proposed = theCard({ ...chat.since(since) } as Turn);
    const text = textOf(cardOf(proposed));
    assert.match(text, /Allow sign-in again/);
    assert.match(text, new RegExp(target.name));
    assert.match(text, /worded by Steward/);
    assert.equal(world.model.requests.length, asked, 'a model was asked');
    await assertNoEffect(world);
    assertRefused(await chat.as(world.person('approver')).click(proposed, APPROVE));
    assertTaken(await chat.click(proposed, APPROVE));
    await settled(world, proposed);
    assert.deepEqual(await effectsOf(world), blocks([target], true));
    // The conversation goes on: the history with what the model never said is whole.
    world.model.play(says('Hello.'));
    onlySentence(await chat.say('a good day to you'));
  });

  story('approve.undo', 'by the word proposes the inverse of what was done last here, and says when there is nothing', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    for (const words of ['undo', 'take it back', 'Rückgängig!']) assert.match(onlySentence(await chat.say(words)), /nothing here/);
    const target = world.colleague();
    const { card } = await ask(world, chat, target);
    assert.match(onlySentence(await chat.say('undo')), /nothing here/, 'what only waits can be taken back');
    assertTaken(await chat.click(card, APPROVE));
    await settled(world, card);
    await world.journal.skip();
    assert.match(onlySentence(await chat.as(world.person('helpdesk', 1)).say('undo')), /nothing here/, 'of somebody else in the same chat');
    assert.match(onlySentence(await world.chat(chat.person).say('undo')), /nothing here/, 'of another conversation');
    const proposed = theCard(await chat.say('undo'));
    assert.match(textOf(cardOf(proposed)), /Allow sign-in again/);
    assertTaken(await chat.click(proposed, DENY));
    await settled(world, proposed);

    const ended = await ask(world, chat, target, 'revoke_sessions', `sign ${target.name} out everywhere, ${REASON}`);
    assertTaken(await chat.click(ended.card, APPROVE));
    assert.ok(!buttonsOf(cardOf(await settled(world, ended.card))).some(({ title }) => UNDO.test(title)), 'what can\'t be undone offers it');
    await world.journal.skip();
    assert.match(onlySentence(await chat.say('undo')), /nothing here/);
    await assertNoEffect(world);
  });

  story(['approve.undo', 'approve.unblock'], 'what a second person had approved a moment ago is the requester\'s own confirmation, on a VIP too', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const { look, requester, since, target } = await asksSecond(world);
    const card = await cardFor(world, approver, since);
    assertTaken(await approver.click(card, APPROVE));
    await shows(world, card, /\bDone\b/);
    const done = await shows(world, look, /\bDone\b/);
    assert.ok(!buttonsOf(cardOf(world.connector.current(card.activityId) ?? card)).some(({ title }) => UNDO.test(title)), 'the approver is offered what would not count');
    await told(world, requester, since, /Done/);
    await world.journal.skip();
    const again = world.connector.log.length;
    assertRefused(await requester.click(done, UNDO));
    await requester.settle(again);
    const proposed = theCard({ ...requester.since(again) } as Turn);
    assertTaken(await requester.click(proposed, APPROVE));
    await settled(world, proposed);
    assert.deepEqual(await effectsOf(world), blocks([target], true));
  });
});

describe('where approvals are asked for', () => {
  const { story } = useWorld({ model: 'scripted' });

  for (const where of ['groupChat', 'channel'] as const) {
    story(['approve.here', 'click.bystander', 'people.group', 'path.second-person'], `“approvals here” by an admin in a ${where === 'channel' ? 'channel' : 'group chat'} brings the cards there: an approver decides, a bystander is refused`, async (world) => {
      const admin = world.person('admin');
      const room = world.chat(admin, where);
      for (const person of [world.person('helpdesk'), world.person('approver'), world.person('employee')]) assert.match(onlySentence(await room.as(person).say('approvals here')), /only a steward admin/i);
      assert.match(onlySentence(await world.chat(admin).say('approvals here')), /group chat or channel/);
      assert.match(onlySentence(await room.say('approvals not here')), /did not ask/);
      assert.match(onlySentence(await room.say('approvals here', { with: { conversation: { ...(room.envelope()['conversation'] as object), name: 'Security desk' } } })), /from now on/i);

      const approver = await reachable(world, world.person('approver'));
      const { look, requester, since, target, turn } = await asksSecond(world);
      assert.match(turn.shown, /I have asked Security desk/);
      const card = await cardFor(world, room, since);
      assert.match(textOf(cardOf(card)), new RegExp(target.name));
      assert.match(textOf(cardOf(card)), new RegExp(requester.person.name));
      assertNoIds(textOf(cardOf(card)), 'the card');
      assert.ok(!approver.since(since).sent.some(hasCard), 'the approver is asked twice');
      for (const person of [requester.person, world.person('employee'), world.person('helpdesk', 1), admin, target]) {
        for (const which of [APPROVE, DENY]) assertRefused(await room.as(person).click(card, which));
      }
      await assertNoEffect(world);
      assertTaken(await room.as(approver.person).click(card, APPROVE));
      for (const each of [card, look]) assert.match(textOf(cardOf(await shows(world, each, /\bDone\b/))), new RegExp(`Approved by ${approver.person.name}`));
      assert.match(await told(world, requester, since, /Done/), new RegExp(target.name));
      assert.deepEqual(await effectsOf(world), blocks([target]));

      // Another thread of a channel is the same channel.
      const thread = where === 'channel' ? world.chat(admin, where, room.id.replace(/messageid=\d+/, 'messageid=1700000000001')) : room;
      assert.match(onlySentence(await thread.as(world.person('employee')).say('approvals not here')), /only a steward admin/i);
      assert.match(onlySentence(await thread.say('approvals not here')), /no longer/);
      const back = await asksSecond(world);
      await cardFor(world, approver, back.since);
      assert.equal(room.since(back.since).sent.length, 0, 'the room is still asked');
      assertTaken(await back.requester.click(back.look, WITHDRAW));
    }, { timeoutMs: 45_000 });
  }
});

describe('one action over several people', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['approve.targets', 'path.card-whole', 'must.after-click'], 'is one card with every name and what tells namesakes apart, and it ticks off live, at most once a second', async (world) => {
    const targets = colleagues(world, 3);
    const chat = world.chat(world.person('helpdesk'));
    const card = theCard(await asksForMany(world, chat, targets));
    const text = textOf(cardOf(card));
    assert.match(text, /Block sign-in for 3 people/);
    for (const { name, upn } of targets) {
      assert.match(text, new RegExp(name));
      assert.ok(text.toLowerCase().includes(upn.toLowerCase()), `nothing tells ${name} from a namesake`);
    }
    assert.equal(text.split(REASON).length, 2, 'what is the same for all is said once');
    await assertNoEffect(world);

    await world.control.fault({ service: 'graph', kind: 'delay', method: 'PATCH', delayMs: 1_200, times: 3 });
    const since = world.connector.log.length;
    assertTaken(await chat.click(card, APPROVE));
    const halfway = textOf(cardOf(await shows(world, card, /✓[^]*… [^]*running[^]*○/)));
    assert.match(halfway, /Running[^]*\d of 3 done/);
    assert.ok((await effectsOf(world)).length < 3, 'it was over already');
    const done = textOf(cardOf(await shows(world, card, /\bDone\b/, 12_000)));
    assert.equal(done.match(/✓/g)?.length, 4, `not every one is ticked off: ${done}`);
    assert.deepEqual(await effectsOf(world), blocks(targets));
    const updates = world.connector.messages({ conversationId: chat.id, since }).filter(({ kind }) => kind === 'update');
    assert.ok(updates.length <= 5, `${updates.length} updates`);
    for (const [index, { atMs }] of updates.slice(1, -1).entries()) assert.ok(atMs - (updates[index]?.atMs ?? 0) > 900, 'two updates within a second');
  }, { timeoutMs: 45_000 });

  story(['approve.partly', 'approve.undo', 'fail.honest'], 'ends at the first that fails: the card says what is done, what is not and why, and takes back what is done and nothing else', async (world) => {
    const targets = colleagues(world, 3);
    const [first, second] = targets;
    assert.ok(first !== undefined && second !== undefined);
    const chat = world.chat(world.person('helpdesk'));
    const card = theCard(await asksForMany(world, chat, targets));
    await world.control.fault({ service: 'graph', kind: 'status', status: 403, method: 'PATCH', path: `/users/${second.aadObjectId}$` });
    assertTaken(await chat.click(card, APPROVE));
    const failed = await settled(world, card);
    const text = textOf(cardOf(failed));
    assert.match(text, /Not done in full[^]*1 of 3 done/);
    assert.match(text, new RegExp(`✓[^]*${first.name}[^]*✗[^]*${second.name}[^]*refused[^]*–[^]*not run`));
    assert.deepEqual((await world.journal.effects()).filter(({ status }) => status < 300).map(brief).length, 1);
    assert.ok(!(await world.journal.entries()).some(({ method, path }) => method === 'PATCH' && path.includes(targets[2]?.aadObjectId ?? '?')), 'a later one was tried');
    await world.control.heal();
    await world.journal.skip();
    const since = world.connector.log.length;
    assertRefused(await chat.click(failed, UNDO));
    await chat.settle(since);
    const proposed = theCard({ ...chat.since(since) } as Turn);
    const offered = textOf(cardOf(proposed));
    assert.match(offered, new RegExp(first.name));
    assert.doesNotMatch(offered, new RegExp(second.name));
    assertTaken(await chat.click(proposed, APPROVE));
    await settled(world, proposed);
    assert.deepEqual(await effectsOf(world), blocks([first], true));
  });

  story('approve.too-many', 'is refused above 25, with how to split it', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const targets = colleagues(world, 26);
    world.model.play(
      calls(...targets.slice(0, 1).map(({ name }) => ({ name: 'find_person', arguments: { name } }))),
      (request) => calls(...targets.map(() => ({ name: 'block_sign_in', arguments: { person: request.handle('person', 'tool'), reason: REASON } }))),
    );
    const sentence = onlySentence(await chat.say(`Block ${targets.map(({ name }) => name).join(', ')} because ${REASON}`));
    assert.match(sentence, /split it into requests of at most 25/);
    await assertNoEffect(world);
  });

  story(['approve.raise', 'approve.targets', 'path.second-person', 'kill.status'], 'is refused where it passes the hourly limit, until a second person raises it: for 25 people then, one card and 25 effects, and `status` shows it', async (world) => {
    const requester = world.chat(world.person('helpdesk', 1));
    const targets = colleagues(world, 25);
    assert.match(onlySentence(await asksForMany(world, requester, targets)), /limit for this hour/);
    for (const [words, answer] of [
      ['raise limit of erase disk because there is an incident', /don’t know an action/],
      ['raise the limit for constructor because there is an incident', /don’t know an action/],
      ['raise limit of find person because there is an incident', /can’t be raised/],
      ['raise limit of block sign-in', /add a reason/],
      ['raise limit of block sign-in because', /add a reason/],
      [`raise limit of block sign-in because ${'x'.repeat(301)}`, /under 300 characters/],
    ] as const) assert.match(onlySentence(await requester.say(words)), answer, words);
    for (const person of [world.person('employee'), world.person('approver'), world.person('admin')]) assert.match(onlySentence(await world.chat(person).say('raise limit of block sign-in because I want to')), /don’t know an action/);
    assert.match((await world.chat(requester.person, 'groupChat').say('raise limit of block sign-in because of it')).shown, /personal chat/);

    // After the others spoke: a person is asked where they spoke last.
    const approver = await reachable(world, world.person('approver'));
    const since = world.connector.log.length;
    const asked = await requester.say('raise limit of block sign-in because a phishing wave hit the sales team', { expect: 2 });
    assert.match(asked.shown, new RegExp(`I have asked .*${approver.person.name}`));
    const card = await cardFor(world, approver, since);
    const text = textOf(cardOf(card));
    for (const part of [/Raise the limit: Block sign-in/, /a phishing wave hit the sales team/, /Up to 60 times an hour for 60 minutes/, new RegExp(requester.person.name)]) assert.match(text, part);
    assertRefused(await approver.as(requester.person).click(card, APPROVE));
    for (const person of [world.person('helpdesk'), world.person('admin')]) assertRefused(await approver.as(person).click(card, APPROVE));
    assert.doesNotMatch((await requester.say('status')).shown, /Limit raised/);
    assertTaken(await approver.click(card, APPROVE));
    await told(world, requester, since, /Raise the limit: Block sign-in: Done/);
    const standing = (await requester.say('status')).shown;
    assert.match(standing, /Limit raised[^]*Block sign-in: up to 60 an hour[^]*until/);

    const many = theCard(await asksForMany(world, requester, targets));
    const names = textOf(cardOf(many));
    for (const { name, upn } of targets) assert.ok(names.includes(name) && names.toLowerCase().includes(upn.toLowerCase()), name);
    // Teams takes about 80 KB a message.
    assert.ok(Buffer.byteLength(many.raw, 'utf16le') < 60_000, `${Buffer.byteLength(many.raw, 'utf16le')} bytes`);
    await assertNoEffect(world);
    const before = world.connector.log.length;
    const startedMs = performance.now();
    assertTaken(await requester.click(many, APPROVE));
    await shows(world, many, /\bDone\b/, 30_000);
    assert.deepEqual(await effectsOf(world), blocks(targets));
    const updates = world.connector.messages({ conversationId: requester.id, since: before }).filter(({ kind }) => kind === 'update').length;
    assert.ok(updates <= 3 + (performance.now() - startedMs) / 1_000, `${updates} updates`);
  }, { timeoutMs: 90_000 });
});

describe('what is not done now', () => {
  const { story } = useWorld({ model: 'scripted' });

  story('approve.later', 'is what is asked for later or under a condition, whatever the model makes of it: no card, said plainly', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    for (const words of [`Block NAME on Friday because ${REASON}`, `Block NAME tomorrow, ${REASON}`, `Block NAME if he does not answer, ${REASON}`, `Sperre NAME morgen, ${REASON}`]) {
      const target = world.colleague();
      world.model.play(finds(target.name), proposes('block_sign_in'));
      const sentence = onlySentence(await chat.say(words.replace('NAME', target.name)));
      assert.match(sentence, /only do things at once/, words);
    }
    await assertNoEffect(world);
  });

  story('approve.too-long', 'is a message over 4,000 characters, or a reason that would have to be cut', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    assert.match(onlySentence(await chat.say(`Block ${target.name} because ${'she lost it '.repeat(400)}`)), /under 4,000 characters/);
    world.model.play(finds(target.name), proposes('block_sign_in', { reason: 'x'.repeat(4_001) }));
    onlySentence(await chat.say(`Block ${target.name} because ${REASON}`));
    await assertNoEffect(world);
  });
});

describe('an outcome that nobody knows', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['approve.unknown', 'fail.honest', 'click.bystander'], 'is told to the requester and to the admins, of whom one looks and says: the others see it, and `status` counts it until then', async (world) => {
    const target = world.colleague();
    const [admin, other] = [await reachable(world, world.person('admin')), await reachable(world, named(world, 'Tobias Lindgren'))];
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    await world.control.fault({ service: 'graph', kind: 'reset', method: 'PATCH' });
    const since = world.connector.log.length;
    assertTaken(await chat.click(card, APPROVE));
    const sentence = await told(world, chat, since, /unknown/i);
    assertPlain(sentence);
    assert.match(sentence, new RegExp(target.name));
    await shows(world, card, /Outcome unknown/);
    assert.match((await chat.say('status')).shown, /Of 1 nobody knows/);

    const [one, two] = [await cardFor(world, admin, since, SWEPT_MS), await cardFor(world, other, since, SWEPT_MS)];
    assert.deepEqual(buttonsOf(cardOf(one)).map(({ title }) => title), ['It took effect', 'It did not']);
    for (const part of [new RegExp(target.name), new RegExp(chat.person.name), /look there/]) assert.match(textOf(cardOf(one)), part);
    assertNoIds(textOf(cardOf(one)), 'the card');
    for (const person of [chat.person, world.person('approver'), world.person('employee'), target]) assert.match(assertRefused(await admin.as(person).click(one, /took effect/)), /only a steward admin/i);
    // Neither the requester's card nor a copy elsewhere settles it.
    assertRefused(await chat.as(admin.person).press(chat.as(admin.person).invokeWith(card.activityId, buttonOf(cardOf(one), /took effect/).action)));
    const journalled = (await world.journal.entries()).filter(({ method }) => method === 'PATCH').length;

    const click = await admin.click(one, /did not/);
    assertTaken(click);
    assert.match(textOf(click.card), /Not done, an admin checked/);
    for (const each of [one, two, card]) {
      const now = await shows(world, each, /Not done, an admin checked/);
      assert.match(textOf(cardOf(now)), new RegExp(`${admin.person.name} looked`));
      assert.deepEqual(buttonsOf(cardOf(now)), []);
    }
    await told(world, chat, since, /Not done, an admin checked/);
    assertRefused(await other.click(two, /took effect/));
    assert.doesNotMatch((await chat.say('status')).shown, /nobody knows/);
    assert.equal((await world.journal.entries()).filter(({ method }) => method === 'PATCH').length, journalled, 'settling did something');
    await assertNoEffect(world);
  }, { timeoutMs: 60_000 });
});
