import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APPROVE, hasCard, shown } from './harness/cards.ts';
import { assertNoEffect, assertOneBlock, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import { calls, says } from './harness/model.ts';
import { ask, finds, settled } from './harness/scenes.ts';
import { sleep } from './harness/wait.ts';
import { World } from './harness/world.ts';
import { verifies } from '../requirements.ts';

describe('after a restart', function () {
  this.timeout(60_000);
  let dataDir = '';
  let world: World;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'steward-story-'));
    world = await World.open({ model: 'scripted', dataDir });
    await world.begin();
  });

  afterEach(async () => {
    await world.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const restart = async (): Promise<void> => {
    await world.stop();
    world = await World.open({ model: 'scripted', dataDir }, world);
    await world.begin();
  };

  it(verifies(['path.durable', 'must.once'], 'a card that waits still counts, once, and a card that was settled does not'), async () => {
    const helpdesk = world.person('helpdesk');
    const [target, other] = [world.colleague(), world.colleague()];
    const chat = world.chat(helpdesk);
    const waiting = await ask(world, chat, target);
    const done = await ask(world, chat, other);
    assertTaken(await chat.click(done.card, APPROVE));
    await settled(world, done.card);
    await restart();

    const again = world.chat(helpdesk, 'personal', chat.id);
    assertRefused(await again.click(done.card, APPROVE));
    const clicks = await Promise.all([1, 2, 3].map(() => again.click(waiting.card, APPROVE)));
    assert.equal(clicks.filter((click) => click.card !== undefined).length, 1);
    await settled(world, waiting.card);
    await assertOneBlock(world, target);
  });

  it(verifies(['path.durable', 'path.redelivery'], 'a message that was answered is not answered again, and the conversation goes on where it was'), async () => {
    const helpdesk = world.person('helpdesk');
    const target = world.colleague();
    const chat = world.chat(helpdesk);
    world.model.play(finds(target.name), says('There you are.'));
    const message = chat.message(`find ${target.name}`);
    await chat.deliver(message);
    await restart();

    const again = world.chat(helpdesk, 'personal', chat.id);
    const since = world.connector.log.length;
    await again.post(message);
    await sleep(600);
    assert.deepEqual(again.since(since).sent.map(shown), []);
    world.model.play((request) => calls({ name: 'list_devices', arguments: { person: request.handle('person', 'tool') } }), says('There you are.'));
    const turn = await again.say('and the devices?');
    assert.ok(turn.sent.some(hasCard), turn.shown);
    assert.ok(turn.shown.includes(target.name));
    await assertNoEffect(world);
    world.model.assertDone();
  });

  it(verifies('kill.persistent', 'a killed Steward is still killed, and its cards are still dead'), async () => {
    const helpdesk = world.person('helpdesk');
    const chat = world.chat(helpdesk);
    const { card } = await ask(world, chat, world.colleague());
    await world.chat(world.person('admin')).say('kill all');
    await restart();

    const again = world.chat(helpdesk, 'personal', chat.id);
    assertRefused(await again.click(card, APPROVE));
    onlySentence(await again.say('find somebody for me'));
    assert.equal(world.model.requests.length, 0, 'the model was called');
    assert.match((await world.chat(world.person('admin')).say('status')).shown, /switched off/i);
    await assertNoEffect(world);
  });
});
