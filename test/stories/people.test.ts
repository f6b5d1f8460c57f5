import assert from 'node:assert/strict';
import { APPROVE, buttonOf, cardOf, hasCard, isAlive, shown } from './harness/cards.ts';
import { assertNoEffect, assertOneBlock, assertPlain, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import { brief } from './harness/journal.ts';
import { calls, says } from './harness/model.ts';
import { ask, finds, REASON, settled } from './harness/scenes.ts';
import { sleep } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';

/** What Agents Playground can't show: it has one person at a time, and hands on only what mentions the bot. */
describe('several people', () => {
  const { story } = useWorld({ model: 'scripted' });

  story('people.switch', 'in one client: the second has neither the words nor the handles of the first', async (world) => {
    const target = world.colleague();
    const first = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), says('Here.'));
    await first.say(`find ${target.name}`);
    const handle = world.model.requests[1]?.handle('person', 'tool') ?? '';
    assert.notEqual(handle, '');
    world.model.forget();

    const second = first.as(world.person('helpdesk', 1));
    world.model.play(calls({ name: 'block_sign_in', arguments: { person: handle, reason: REASON } }));
    const turn = await second.say(`block her because ${REASON}`);
    const [request] = world.model.requests;
    assert.ok(request !== undefined && !request.raw.includes(handle) && !request.raw.includes(target.name), 'the model was told what somebody else had asked');
    assert.match(onlySentence({ ...turn, replies: turn.replies.map((reply) => ({ ...reply, activity: { ...reply.activity, text: (reply.activity.text ?? '').replace(/ \(Reference: [\w-]+\)/, '') } })) }), /lost track of whom you mean/i);
    await assertNoEffect(world);
  });

  story(['people.switch', 'click.bystander', 'talk.typed-yes'], 'in one client: what the second clicks, types and calls off leaves the card of the first as it is', async (world) => {
    const target = world.colleague();
    const first = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, first, target);
    const second = first.as(world.person('admin'));
    assertRefused(await second.click(card, APPROVE));
    world.model.always(says('Please use the card.'));
    await second.say('yes');
    assert.match((await second.say('cancel')).shown, /nothing to cancel/i);
    assert.ok(isAlive(cardOf(world.connector.current(card.activityId) ?? card)));
    await assertNoEffect(world);
    assertTaken(await first.click(card, APPROVE));
    await settled(world, card);
    await assertOneBlock(world, target);
  });

  for (const where of ['groupChat', 'channel'] as const) {
    story(['people.group', 'path.personal', 'click.bystander', 'click.copied'], `in a ${where === 'channel' ? 'channel' : 'group'}: no card is made, and a card that was brought there is dead for everybody`, async (world) => {
      const target = world.colleague();
      const personal = world.chat(world.person('helpdesk'));
      const { card } = await ask(world, personal, target);
      const { action } = buttonOf(cardOf(card), APPROVE);
      const group = world.chat(personal.person, where);
      const turn = await group.say(`block ${target.name} because ${REASON}`);
      assert.ok(turn.sent.length === 1 && !turn.sent.some(hasCard), turn.shown);
      for (const person of [personal.person, world.person('helpdesk', 1), world.person('approver'), world.person('admin'), target]) {
        for (const id of [card.activityId, turn.sent[0]?.activityId ?? '']) assertRefused(await group.as(person).press(group.as(person).invokeWith(id, action)));
      }
      await assertNoEffect(world);
      assertTaken(await personal.click(card, APPROVE));
      await settled(world, card);
      await assertOneBlock(world, target);
    });

    story('people.group', `in a ${where === 'channel' ? 'channel' : 'group'}: what does not mention Steward is not planned, not looked up, and calls nothing off`, async (world) => {
      const target = world.colleague();
      const personal = world.chat(world.person('helpdesk'));
      const { card } = await ask(world, personal, target);
      const asked = world.model.requests.length;
      await world.journal.skip();
      const group = world.chat(personal.person, where);
      for (const person of [personal.person, world.person('helpdesk', 1)]) {
        for (const words of [`block ${target.name} because ${REASON}`, 'yes', 'cancel', 'go ahead']) {
          const since = world.connector.log.length;
          await group.as(person).post(group.as(person).message('', { with: { text: words, entities: [] } }));
          // One pointer to the personal chat, or nothing; and nothing after it.
          await world.connector.until(() => group.since(since).sent[0], 3_000, 'a pointer').catch(() => undefined);
          await sleep(100);
          const said = group.since(since).sent;
          assert.ok(said.length <= 1 && !said.some(hasCard), said.map(shown).join(' | '));
          for (const reply of said) assertPlain((reply.activity.text ?? '').replace(/https:\/\/teams\.microsoft\.com\S+/, ''));
        }
      }
      assert.equal(world.model.requests.length, asked, 'the model was asked in a group');
      assert.deepEqual((await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot).map(brief), []);
      assert.ok(isAlive(cardOf(world.connector.current(card.activityId) ?? card)), 'the card was called off from a group');
      await assertNoEffect(world);
    });
  }
});
