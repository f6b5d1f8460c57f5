import assert from 'node:assert/strict';
import { APPROVE, cardOf, hasCard, isAlive, saysDone, shown, textOf } from './harness/cards.ts';
import { assertNoEffect, assertPlain, assertRefused, assertTaken, assertWellFormed, onlySentence } from './harness/claims.ts';
import type { Fault } from './harness/journal.ts';
import { body, calls, fails, resets, says } from './harness/model.ts';
import type { Reply } from './harness/model.ts';
import { ask, finds, REASON } from './harness/scenes.ts';
import type { Chat, Turn } from './harness/teams.ts';
import { sleep, until } from './harness/wait.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

/** Longer than a breaker stays open. */
const RECOVERY_MS = 40_000;

/** Steward serves again once the trouble is over. */
async function assertRecovers(world: World, chat: Chat): Promise<void> {
  await world.control.heal();
  await until(async () => {
    world.model.forget();
    world.model.always(says('I am back at work.'));
    const turn = await chat.say('are you back at work by now?');
    for (const request of world.model.requests) assertWellFormed(request);
    if (/back at work/.test(turn.shown)) return true;
    await sleep(1000);
    return undefined;
  }, RECOVERY_MS, 'Steward to recover');
  world.model.forget();
}

/** One plain sentence at the end, no card, and no word of success. */
function assertToldPlainly(turn: Turn): void {
  const said = onlySentence(turn);
  assert.ok(!saysDone(said), `it says done: ${said}`);
}

describe('when something fails', () => {
  const { story } = useWorld({ model: 'scripted' });

  describe('the directory', () => {
    const faults: Readonly<Record<string, Fault>> = {
      'is down': { service: 'graph', kind: 'status', status: 503 },
      'fails': { service: 'graph', kind: 'status', status: 500 },
      'is busy': { service: 'graph', kind: 'status', status: 429, retryAfterSeconds: 60 },
      'refuses': { service: 'graph', kind: 'status', status: 403 },
      'does not know the token': { service: 'graph', kind: 'status', status: 401 },
      'answers HTML': { service: 'graph', kind: 'body', body: '<html><body>Sign in to the proxy</body></html>', contentType: 'text/html' },
      'answers an empty body': { service: 'graph', kind: 'body', body: '' },
      'answers a list': { service: 'graph', kind: 'body', body: [] },
      'answers null': { service: 'graph', kind: 'body', body: 'null' },
      'cuts the connection': { service: 'graph', kind: 'reset' },
    };
    for (const [title, fault] of Object.entries(faults)) {
      story(['fail.directory', 'control.faults'], `${title}: no, said plainly`, async (world) => {
        const target = world.colleague();
        // Somebody who has not been looked up lately.
        const chat = world.chat(world.person('helpdesk', 1));
        await world.control.fault(fault);
        world.model.always(finds(target.name));
        assertToldPlainly(await chat.say(`find ${target.name}`, { timeoutMs: 40_000 }));
        await assertNoEffect(world);
        await assertRecovers(world, chat);
        await assertNoEffect(world);
      }, { timeoutMs: 90_000 });
    }

    story('fail.directory', 'is slow: the person is not left without an answer', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      await world.control.fault({ service: 'graph', kind: 'hang' });
      world.model.always(finds(target.name));
      const turn = await chat.say(`find ${target.name}`, { timeoutMs: 60_000 });
      assertToldPlainly(turn);
      await assertNoEffect(world);
      await assertRecovers(world, chat);
    }, { timeoutMs: 120_000 });

    story('fail.directory', 'fails between the search and the card: no card, said plainly', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name));
      let broken: Promise<void> | undefined;
      world.model.always((request) => {
        broken ??= world.control.fault({ service: 'graph', kind: 'status', status: 503 });
        return calls({ name: 'block_sign_in', arguments: { person: request.handle('person', 'tool'), reason: REASON } });
      });
      const turn = await chat.say(`Block ${target.name} because ${REASON}`, { timeoutMs: 40_000 });
      await broken;
      await assertNoEffect(world);
      assert.ok(turn.sent.length >= 1);
      for (const reply of turn.sent.filter((sent) => !hasCard(sent))) assertPlain(reply.activity.text ?? '');
      await assertRecovers(world, chat);
    }, { timeoutMs: 90_000 });
  });

  describe('an effect', () => {
    const faults: Readonly<Record<string, readonly [fault: Fault, mayHappen: boolean]>> = {
      'is refused': [{ service: 'graph', kind: 'status', method: 'PATCH', status: 403 }, false],
      'is not found': [{ service: 'graph', kind: 'status', method: 'PATCH', status: 404 }, false],
      'is invalid': [{ service: 'graph', kind: 'status', method: 'PATCH', status: 400 }, false],
      'fails': [{ service: 'graph', kind: 'status', method: 'PATCH', status: 500 }, false],
      'is turned away': [{ service: 'graph', kind: 'status', method: 'PATCH', status: 429, retryAfterSeconds: 30 }, false],
      'times out at the gateway': [{ service: 'graph', kind: 'status', method: 'PATCH', status: 504 }, false],
      'loses its connection': [{ service: 'graph', kind: 'reset', method: 'PATCH' }, false],
      'answers HTML with a success': [{ service: 'graph', kind: 'body', method: 'PATCH', body: '<html>proxy</html>', contentType: 'text/html' }, true],
      'never answers': [{ service: 'graph', kind: 'hang', method: 'PATCH' }, true],
    };
    for (const [title, [fault, unsure]] of Object.entries(faults)) {
      story('fail.honest', `${title}: never reported as done`, async (world) => {
        const target = world.colleague();
        const chat = world.chat(world.person('helpdesk'));
        const { card } = await ask(world, chat, target);
        await world.control.fault(fault);
        const since = world.connector.log.length;
        const click = await chat.click(card, APPROVE);
        assertTaken(click);
        assert.ok(!saysDone(textOf(click.card)));
        const now = await world.connector.until(() => {
          const current = world.connector.current(card.activityId);
          return current !== undefined && /not done|unknown|fail|don.t know|do not know/i.test(textOf(cardOf(current))) ? current : undefined;
        }, 45_000, 'the card to say what happened');
        assert.ok(!isAlive(cardOf(now)), 'the card can be pressed again');
        assert.ok(!saysDone(textOf(cardOf(now))), `it says done: ${textOf(cardOf(now))}`);
        if (unsure || fault.kind === 'reset') assert.match(textOf(cardOf(now)), /unknown|do not know|don.t know/i, 'nobody knows, and it does not say so');
        for (const reply of chat.since(since).sent) {
          assertPlain(shown(reply));
          assert.ok(!saysDone(shown(reply)));
        }
        await world.control.heal();
        // Nothing is tried again behind the person's back.
        await sleep(500);
        await assertNoEffect(world);
        assertRefused(await chat.click(card, APPROVE));
        await assertRecovers(world, chat);
        await assertNoEffect(world);
      }, { timeoutMs: 120_000 });
    }

    story('fail.honest', 'that fails stops the steps after it', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      world.model.play(finds(target.name), (request) => {
        const both = { person: request.handle('person', 'tool'), reason: REASON };
        return calls({ name: 'block_sign_in', arguments: both }, { name: 'revoke_sessions', arguments: both });
      });
      const turn = await chat.say(`Block ${target.name} and end all sessions because ${REASON}`);
      const card = turn.sent.find(hasCard);
      assert.ok(card !== undefined, turn.shown);
      await world.control.fault({ service: 'graph', kind: 'status', method: 'PATCH', status: 403 });
      assertTaken(await chat.click(card, APPROVE));
      const now = await world.connector.until(() => {
        const current = world.connector.current(card.activityId);
        return current !== undefined && /not run|not done/i.test(textOf(cardOf(current))) && !/running/i.test(textOf(cardOf(current))) ? current : undefined;
      }, 20_000, 'the card to say what happened');
      assert.match(textOf(cardOf(now)), /not run/i, 'the step that did not run is not named');
      await sleep(300);
      await assertNoEffect(world);
      await assertRecovers(world, chat);
    }, { timeoutMs: 90_000 });
  });

  describe('the model', () => {
    const replies: Readonly<Record<string, Reply>> = {
      'fails': fails(500),
      'is down': fails(503),
      'is busy': fails(429, { 'retry-after': '30' }),
      'refuses the token': fails(401),
      'does not know the deployment': fails(404),
      'filters the prompt': body({ error: { code: 'content_filter', message: 'The response was filtered.', innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: {} } } }, { status: 400 }),
      'has too long a prompt': body({ error: { code: 'context_length_exceeded', message: 'This model\'s maximum context length is 8192 tokens.' } }, { status: 400 }),
      'answers garbage': body('\u0000\u0001garbage', { headers: { 'content-type': 'application/octet-stream' } }),
      'answers half a body': body('{"choices":[{"message":{"role":"assistant","content":"Do', {}),
      'cuts the connection': resets,
    };
    for (const [title, reply] of Object.entries(replies)) {
      story('fail.model', `${title}: nothing happens, said plainly`, async (world) => {
        const chat = world.chat(world.person('helpdesk'));
        world.model.always(reply);
        assertToldPlainly(await chat.say(`Block ${world.colleague().name} because ${REASON}`, { timeoutMs: 30_000 }));
        assert.ok(world.model.requests.length <= 1, `${world.model.requests.length} attempts`);
        await assertNoEffect(world);
        await assertRecovers(world, chat);
        await assertNoEffect(world);
      }, { timeoutMs: 90_000 });
    }
    // That it never answers is told in waiting.test.ts, where others wait at the same time.
  });

  describe('the records', () => {
    const kinds: Readonly<Record<string, readonly Fault[]>> = {
      'can\'t be read or written': [{ service: 'storage', kind: 'status', status: 503 }],
      'fail': [{ service: 'storage', kind: 'status', status: 500 }],
      'refuse': [{ service: 'storage', kind: 'status', status: 403 }],
      'cut the connection': [{ service: 'storage', kind: 'reset' }],
    };
    for (const [title, faults] of Object.entries(kinds)) {
      story('fail.storage', `${title}: nothing happens`, async (world) => {
        const target = world.colleague();
        const chat = world.chat(world.person('helpdesk'));
        const { card } = await ask(world, chat, target);
        for (const fault of faults) await world.control.fault(fault);
        await sleep(1100);
        const click = await chat.click(card, APPROVE);
        assert.equal(click.card, undefined, 'the click was taken without a record');
        if (click.status === 200) assertRefused(click);
        else assert.ok(click.status < 500 || click.status === 503, `answered ${click.status}`);
        assert.ok(click.durationMs < 5000, `answered after ${Math.round(click.durationMs)} ms`);
        const since = world.connector.log.length;
        world.model.always(says('Hello.'));
        const posted = await chat.post(chat.message(`find ${target.name}`));
        // Teams delivers again what was not acknowledged; both are honest.
        if (posted.status < 300) {
          await chat.settle(since, { timeoutMs: 20_000 });
          for (const reply of chat.since(since).sent) assertPlain(shown(reply));
        } else assert.ok(posted.status === 500 || posted.status === 503 || posted.status === 429, `answered ${posted.status}`);
        await assertNoEffect(world);
        await assertRecovers(world, chat);
        await assertNoEffect(world);
      }, { timeoutMs: 90_000 });
    }

    story('fail.storage', 'take everything but the ledger: no effect without its record', async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      const { card } = await ask(world, chat, target);
      const blobs = (await world.control.journal()).filter(({ service, query, method }) => service === 'storage' && method === 'PUT' && /comp=appendblock/.test(query));
      const path = blobs.at(-1)?.path ?? '';
      assert.notEqual(path, '', 'no append to a blob was seen');
      await world.control.fault({ service: 'storage', kind: 'status', status: 503, method: 'PUT', path: path.replace(/[^/]*$/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&') });
      const click = await chat.click(card, APPROVE);
      // Longer than an append is tried again: one that succeeds after the trouble would rightly be followed by the effect.
      await sleep(7000);
      await assertNoEffect(world);
      const now = world.connector.current(card.activityId) ?? card;
      assert.ok(!saysDone(textOf(cardOf(now))), 'it says done');
      assert.ok(click.card === undefined || !saysDone(textOf(click.card)));
      await assertRecovers(world, chat);
      await assertNoEffect(world);
    }, { timeoutMs: 90_000 });
  });
});
