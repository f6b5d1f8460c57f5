/** Beginnings that many stories share. */
import assert from 'node:assert/strict';
import { hasCard, isAlive, cardOf, shown } from './cards.ts';
import type { Received } from './connector.ts';
import type { Persona } from './journal.ts';
import { calls } from './model.ts';
import type { Step } from './model.ts';
import type { Chat, Turn } from './teams.ts';
import type { World } from './world.ts';

export const REASON = 'her laptop was stolen on the train';

/** The model looks somebody up by the words of the person. */
export const finds = (name: string): Step => calls({ name: 'find_person', arguments: { name } });

/** The model proposes an action on the person found last. */
export const proposes = (action: string, rest: Readonly<Record<string, unknown>> = { reason: REASON }): Step => (request) =>
  calls({ name: action, arguments: { person: request.handle('person', 'tool'), ...rest } });

export interface Asked {
  readonly turn: Turn;
  readonly card: Received;
}

/** Asks for something that needs a card, and gets it: one card, alone, and nothing has happened. */
export async function ask(world: World, chat: Chat, target: Persona, action = 'block_sign_in', words = `Block ${target.name}'s sign-in because ${REASON}`): Promise<Asked> {
  world.model.play(finds(target.name), proposes(action));
  const turn = await chat.say(words);
  const cards = turn.sent.filter(hasCard);
  const [card] = cards;
  assert.ok(card !== undefined && cards.length === 1, `expected one card, got: ${turn.replies.map((reply) => `[${reply.kind}] ${shown(reply)}`).join(' | ') || turn.text}`);
  assert.ok(isAlive(cardOf(card)), 'the card has nothing to press');
  return { turn, card };
}

/** Waits until the card stands updated with nothing more to press and nothing running; gives its last form. */
export async function settled(world: World, card: Received, timeoutMs = 8000): Promise<Received> {
  return world.connector.until(
    () => {
      const now = world.connector.current(card.activityId);
      return now !== undefined && now.kind === 'update' && hasCard(now) && !isAlive(cardOf(now)) && !/running …/i.test(shown(now)) ? now : undefined;
    },
    timeoutMs,
    'the card was not updated',
  );
}
