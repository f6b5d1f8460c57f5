/** Requests that somebody else decides. */
import { cardOf, hasCard, isAlive } from './cards.ts';
import type { Received } from './connector.ts';
import type { Persona } from './journal.ts';
import type { Chat } from './teams.ts';
import type { World } from './world.ts';

const SOON_MS = 6_000;

/** A person in a new personal chat that Steward knows, so that it can ask them: it writes to the newest one. */
export async function reachable(world: World, person: Persona): Promise<Chat> {
  const chat = world.chat(person);
  await chat.install();
  await chat.say('hello');
  return chat;
}

/** The newest card with something to decide that came to a chat since a position in the connector's log. */
export const cardFor = (world: World, chat: Chat, since: number): Promise<Received> =>
  world.connector.until(() => world.connector.messages({ conversationId: chat.id, since }).findLast((message) => message.kind === 'send' && hasCard(message) && isAlive(cardOf(message))), SOON_MS, `no card came to ${chat.person.name}`);
