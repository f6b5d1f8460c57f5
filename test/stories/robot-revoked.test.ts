/** `infra/revoke-robot.sh` was run: Azure gives the robot no token any more. Everything else of Steward goes on. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APPROVE, attachmentsOf, cardOf, isAlive, saysDone, textOf } from './harness/cards.ts';
import { assertNoEffect, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import { brief } from './harness/journal.ts';
import { calls, says } from './harness/model.ts';
import { ask, finds, settled } from './harness/scenes.ts';
import { useWorld, World } from './harness/world.ts';
import { verifies } from '../requirements.ts';

const REVOKED = /the robot.s access has been taken away.*change nothing and look nothing up.*not done/i;
const STOPPED = /switched off/i;

/** Nothing was asked of any system under the robot's name. */
async function assertRobotStill(world: World): Promise<void> {
  const moved = (await world.journal.entries()).filter(({ identity, service }) => identity === world.identities.robot && service !== 'identity');
  assert.deepEqual(moved.map(brief), [], 'the robot moved');
}

/** Steward wrote to its ledger since the story began. */
async function assertLedger(world: World): Promise<void> {
  const appended = (await world.journal.entries()).filter(({ query, service, status }) => service === 'storage' && /comp=appendblock/.test(query) && status === 201);
  assert.ok(appended.length > 0, 'nothing was written to the ledger');
}

describe('a robot whose access was taken away', () => {
  const { story } = useWorld({ model: 'scripted', robotRevoked: true });

  story(['robot.revoked', 'fail.honest'], 'looks nothing up, and says why', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name));
    assert.match(onlySentence(await chat.say(`find ${target.name}`)), REVOKED);
    // A ticket system, where the robot would first read its password.
    world.model.play(calls({ name: 'find_ticket', arguments: { words: 'INC0010001' } }));
    assert.match(onlySentence(await chat.say('what about INC0010001?')), REVOKED);
    await assertRobotStill(world);
    await assertNoEffect(world);
    await assertLedger(world);
  });

  story(['robot.revoked'], 'leaves chat, help and status alive', async (world) => {
    const chat = world.chat(world.person('employee'));
    world.model.play(says('Of course.'));
    assert.match((await chat.say('are you still at work?')).shown, /of course/i);
    assert.ok((await chat.say('help')).sent.some((reply) => attachmentsOf(reply.activity).length > 0), 'no help');
    assert.match((await world.chat(world.person('admin')).say('status')).shown, /on\b/i);
    await assertLedger(world);
  });

  story(['robot.revoked', 'kill.at-once', 'revive.two-admins'], 'leaves kill and revive alive', async (world) => {
    const [admin, other] = [world.chat(world.person('admin')), world.chat(world.person('admin', 1))];
    for (const chat of [admin, other]) {
      await chat.install();
      await chat.say('hello');
    }
    assert.match((await admin.say('kill all')).shown, STOPPED);
    assert.match(onlySentence(await world.chat(world.person('helpdesk')).say('find somebody for me')), STOPPED);
    const since = world.connector.log.length;
    await admin.say('revive because the robot will be back');
    const card = await world.connector.until(
      () => world.connector.messages({ conversationId: other.id, since }).find((received) => received.kind === 'send' && attachmentsOf(received.activity).length > 0),
      5_000, 'the other admin got no card');
    assertTaken(await other.click(card, APPROVE));
    await world.connector.until(() => (isAlive(cardOf(world.connector.current(card.activityId) ?? card)) ? undefined : true), 5_000, 'the card to be settled');
    assert.doesNotMatch((await admin.say('status')).shown, STOPPED);
    await assertRobotStill(world);
    await assertLedger(world);
  });
});

describe('a robot whose access is taken away while a card waits', function () {
  this.timeout(90_000);
  const dataDir = mkdtempSync(join(tmpdir(), 'steward-story-'));
  let world: World | undefined;
  after(async () => {
    await world?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(verifies(['robot.revoked', 'fail.honest'], 'ends the step as not done, never as unknown, and says why'), async () => {
    world = await World.open({ model: 'scripted', dataDir });
    await world.begin();
    const helpdesk = world.person('helpdesk');
    const chat = world.chat(helpdesk);
    const { card } = await ask(world, chat, world.colleague());
    await world.stop();
    world = await World.open({ model: 'scripted', dataDir, robotRevoked: true }, world);
    await world.begin();

    const again = world.chat(helpdesk, 'personal', chat.id);
    const since = world.connector.log.length;
    assertTaken(await again.click(card, APPROVE));
    const now = await settled(world, card);
    const text = textOf(cardOf(now));
    assert.match(text, /not done/i);
    assert.doesNotMatch(text, /unknown|don.t know|do not know/i);
    assert.ok(!saysDone(text.replace(REVOKED, '')), text);
    const told = [text, ...again.since(since).sent.map(({ activity }) => activity.text ?? '')].join('\n');
    assert.match(told, REVOKED);
    assertRefused(await again.click(card, APPROVE));
    await assertRobotStill(world);
    await assertNoEffect(world);
    await assertLedger(world);
  });
});
