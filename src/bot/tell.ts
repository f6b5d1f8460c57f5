import type { TurnContext } from 'botbuilder';
import type { StewardErrorCode } from '../errors.ts';
import type { Speaker } from './say.ts';
import { en } from './wording/en.ts';

/** Says something that code wrote. */
export async function tell(speaker: Speaker, to: TurnContext, text: string, options: { readonly lines?: boolean } = {}): Promise<void> {
  await speaker.say(to, speaker.words(text), options);
}

/** Says the sentence of an error. */
export function tellCode(speaker: Speaker, to: TurnContext, code: StewardErrorCode): Promise<void> {
  return tell(speaker, to, en.errors[code]);
}

/** Shows a card that code wrote. What comes from outside stands in its runs, made inert. */
export async function show(speaker: Speaker, to: TurnContext, card: { readonly content: Readonly<Record<string, unknown>>; readonly summary: string }): Promise<void> {
  await speaker.show(to, speaker.card(card.content, card.summary));
}
