import assert from 'node:assert/strict';
import type { Table } from '../../src/clients/tables.ts';
import { APPROVE, attachmentsOf, cardOf, hasCard, shown, textOf } from './harness/cards.ts';
import { assertNoEffect, assertOneBlock, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import { says } from './harness/model.ts';
import { ask, finds, proposes, REASON, settled } from './harness/scenes.ts';
import type { Chat } from './harness/teams.ts';
import { sleep } from './harness/wait.ts';
import { useWorld, type World } from './harness/world.ts';

/** A reading of the latch is good for a second. */
const LATCH_READ_MS = 1_100;
const LATCH_TOLD_MS = 5_000;
const ANSWER_MS = 12_000;

describe('stopping less than everything', () => {
  const { story } = useWorld({ model: 'scripted' });
  let admin: Chat;
  let other: Chat;
  let helpdesk: Chat;

  const meet = async (world: World): Promise<void> => {
    admin = world.chat(world.person('admin'));
    other = world.chat(world.person('admin', 1));
    helpdesk = world.chat(world.person('helpdesk'));
    world.model.always(says('Of course.'));
    for (const chat of [admin, other, helpdesk]) {
      await chat.install();
      await chat.say('hello');
    }
    world.model.forget();
    await world.journal.skip();
  };

  /** Steward is at work for somebody. What else it may still have to say there does not count. */
  const answers = async (world: World, chat: Chat): Promise<void> => {
    world.model.play(says('Of course.'));
    const since = world.connector.log.length;
    await chat.post(chat.message('are you there?'));
    await world.connector.until(() => /of course/i.test(chat.since(since).shown) || undefined, ANSWER_MS, `an answer; said was: ${chat.since(since).shown}`);
    await chat.settle(since);
  };

  /** One admin proposes, the other one confirms. */
  const revive = async (world: World, words: string): Promise<void> => {
    const since = world.connector.log.length;
    await admin.say(words);
    const card = await world.connector.until(() => world.connector.messages({ conversationId: other.id, since }).find((received) => received.kind === 'send' && attachmentsOf(received.activity).length > 0 && /revive/i.test(shown(received))), 5_000, 'the other admin got no card');
    assert.match(shown(card), /revive/i);
    const click = await other.click(card, APPROVE);
    assert.ok(click.card !== undefined, `the revival was not taken: ${click.text}`);
    await world.connector.until(() => /: Done/.test(admin.since(since).shown) || undefined, 5_000, 'the admin who proposed to be told');
  };

  story('kill.scopes', 'stops the model: sentences get a static answer and commands and cards go on; two admins revive it', async (world) => {
    await meet(world);
    const target = world.colleague();
    const { card } = await ask(world, helpdesk, target);
    assert.match((await admin.say('kill model')).shown, /language model is switched off/i);
    world.model.forget();
    for (const words of [`find ${target.name}`, 'what can I do about a broken screen?']) assert.match(onlySentence(await helpdesk.say(words)), /understand commands only/);
    assert.match((await helpdesk.say('help')).shown, /Block sign-in/i);
    assert.equal(world.model.requests.length, 0, 'the model was called');
    assert.match((await admin.say('status')).shown, /model/i);
    // What waits needs no model.
    assertTaken(await helpdesk.click(card, APPROVE));
    await settled(world, card);
    await assertOneBlock(world, target);
    await revive(world, 'revive model because it is mended');
    await answers(world, helpdesk);
  }, { timeoutMs: 40_000 });

  story(['kill.scopes', 'kill.pending'], 'stops one action: its cards die and it is refused, another one goes on; two admins revive it', async (world) => {
    const target = world.colleague();
    const { card } = await ask(world, helpdesk, target);
    assert.match((await admin.say('kill action block sign-in because it misbehaves')).shown, /stopped/i);
    assertRefused(await helpdesk.click(card, APPROVE));
    await settled(world, card);
    world.model.play(finds(target.name), proposes('block_sign_in'));
    assert.match(onlySentence(await helpdesk.say(`Block ${target.name} because ${REASON}`)), /stopped that action/);
    await assertNoEffect(world);
    const another = await ask(world, helpdesk, target, 'revoke_sessions', `Sign ${target.name} out everywhere because ${REASON}`);
    assertTaken(await helpdesk.click(another.card, APPROVE));
    await settled(world, another.card);
    await world.journal.skip();
    await revive(world, 'revive action block_sign_in because it is mended');
    assertRefused(await helpdesk.click(card, APPROVE));
    const after = await ask(world, helpdesk, target);
    assertTaken(await helpdesk.click(after.card, APPROVE));
    await settled(world, after.card);
    await assertOneBlock(world, target);
  }, { timeoutMs: 40_000 });

  story(['kill.scopes', 'kill.pending'], 'stops one person, who asks for nothing and decides nothing, and nobody else', async (world) => {
    const { upn } = helpdesk.person;
    const { card } = await ask(world, helpdesk, world.colleague());
    assert.match((await admin.say(`kill person ${upn}`)).shown, /is stopped/);
    assertRefused(await helpdesk.click(card, APPROVE));
    for (const words of [`find ${world.colleague().name}`, 'undo']) assert.match(onlySentence(await helpdesk.say(words)), /stopped me from acting for you/);
    const colleague = world.chat(world.person('helpdesk', 1));
    await answers(world, colleague);
    assert.match(onlySentence(await admin.say('kill person nobody@contoso.example')), /found nobody/);
    await assertNoEffect(world);
    await revive(world, `revive person ${upn} because it was a mistake`);
    await answers(world, helpdesk);
  }, { timeoutMs: 40_000 });

  story('kill.scopes', 'stops one chat, where it is revived as well', async (world) => {
    assert.match((await admin.say('kill here')).shown, /stopped in this chat/);
    assert.match(onlySentence(await admin.say('find somebody')), /stopped me in this chat/);
    await answers(world, helpdesk);
    await revive(world, 'revive here because it was a test');
    await answers(world, admin);
  }, { timeoutMs: 40_000 });

  story(['kill.levels', 'observe.effects'], 'lowers to observe and further to read-only, and never raises; two admins raise it', async (world) => {
    const target = world.colleague();
    assert.match((await admin.say('kill all to observe')).shown, /observe mode/);
    const { card } = await ask(world, helpdesk, target);
    assertTaken(await helpdesk.click(card, APPROVE));
    assert.match(textOf(cardOf(await settled(world, card))), /observe mode/i);
    await assertNoEffect(world);
    assert.match((await admin.say('kill to read-only')).shown, /read-only mode/);
    world.model.play(finds(target.name), proposes('block_sign_in'));
    assert.match(onlySentence(await helpdesk.say(`Block ${target.name} because ${REASON}`)), /read-only/);
    await admin.say('kill to observe');
    assert.match((await admin.say('status')).shown, /read-only/, 'a kill raised the level');
    await assertNoEffect(world);
    await revive(world, 'revive because the pilot is over');
    assert.doesNotMatch((await admin.say('status')).shown, /read-only|observe/);
  }, { timeoutMs: 40_000 });

  story('kill.admin-only', 'is for admins, in words that are understood, and else changes nothing', async (world) => {
    for (const words of ['kill model', 'kill action block sign-in', `kill person ${admin.person.upn}`, 'kill here', 'kill all to observe', 'drill kill', 'revive model because I want to']) {
      assert.match(onlySentence(await helpdesk.say(words)), /only a steward admin/i);
    }
    for (const words of ['kill the other one', 'kill action fly to the moon', 'kill all to full']) assert.match(onlySentence(await admin.say(words)), /nothing was changed/);
    assert.match(onlySentence(await admin.say('revive model because it was never stopped')), /not stopped/);
    await answers(world, helpdesk);
  });

  story('kill.drill', 'is timed by a drill on the deployed latch, which changes nothing', async (world) => {
    const { card } = await ask(world, helpdesk, world.colleague());
    const turn = await admin.say('drill kill', { timeoutMs: 30_000 });
    assert.match(turn.shown, /drill/i);
    assert.ok(turn.sent.some(hasCard));
    await assertNoEffect(world);
    assertTaken(await helpdesk.click(card, APPROVE));
    await settled(world, card);
    await world.journal.skip();
    assert.doesNotMatch((await admin.say('status')).shown, /drill/i, 'the drill left something stopped');
  }, { timeoutMs: 60_000 });

  story(['kill.graph-down', 'kill.at-once', 'fail.storage'], 'kills while Graph and storage are both away, for an admin who was read as one before, and for nobody else', async (world) => {
    const { card } = await ask(world, helpdesk, world.colleague());
    await world.control.fault({ service: 'graph', kind: 'status', status: 503 });
    // All tables; the ledger’s blobs stay, since an instance whose ledger lost a record records nothing more.
    await world.control.fault({ service: 'storage', kind: 'status', status: 503, path: '^/(?!ledger/)' });
    const since = world.connector.log.length;
    await helpdesk.post(helpdesk.message('kill all'));
    await world.connector.until(() => /only a steward admin/i.test(helpdesk.since(since).shown) || undefined, 20_000, 'the helpdesk to be refused');
    await admin.post(admin.message('kill all'));
    await world.connector.until(() => /stopped here at once/.test(admin.since(since).shown) || undefined, 20_000, 'the kill to be confirmed');
    await world.control.heal();
    const click = await helpdesk.click(card, APPROVE);
    assert.equal(click.card, undefined, 'a click was taken after the kill');
    await assertNoEffect(world);
    // Storage is told as soon as it listens.
    await world.connector.until(async () => ((await world.tables.latch.read('latch', 'latch'))?.properties.get('level') === 'off') || undefined, 10_000, 'storage to hold the kill');
    await world.connector.until(async () => {
      try {
        await revive(world, 'revive because storage is back');
        return true;
      } catch {
        await sleep(LATCH_READ_MS);
        return undefined;
      }
    }, 45_000, 'the revival');
  }, { timeoutMs: 120_000 });

  describe('by hand', () => {
    const nothingActs = async (world: World, pattern: RegExp): Promise<void> => {
      world.model.forget();
      await world.connector.until(async () => pattern.test((await admin.say('status')).shown) || undefined, LATCH_TOLD_MS, 'the status to say so');
      onlySentence(await helpdesk.say(`find ${world.colleague().name}`));
      assert.equal(world.model.requests.length, 0, 'the model was called');
      await assertNoEffect(world);
    };

    story(['kill.by-hand', 'kill.pending'], 'is stopped by `off` in storage, and not revived by `full`, nor by the old row; two admins revive it', async (world) => {
      const { card } = await ask(world, helpdesk, world.colleague());
      const rows = world.tables.latch;
      const sealed = await rows.read('latch', 'latch');
      assert.ok(sealed !== undefined);
      const properties = Object.fromEntries(sealed.properties) as Parameters<Table['upsert']>[2];
      await rows.upsert('latch', 'latch', { level: 'off' });
      await nothingActs(world, /switched off/);
      assertRefused(await helpdesk.click(card, APPROVE));
      await settled(world, card);
      await rows.upsert('latch', 'latch', { ...properties, level: 'full', reason: 'let me' });
      await nothingActs(world, /by hand/);
      await rows.upsert('latch', 'latch', { ...properties, stops: '[]', level: 'observe' });
      await sleep(LATCH_READ_MS);
      await nothingActs(world, /by hand/);
      await revive(world, 'revive because somebody changed it by hand');
      assertRefused(await helpdesk.click(card, APPROVE));
      await assertNoEffect(world);
      await answers(world, helpdesk);
    }, { timeoutMs: 60_000 });
  });
});
