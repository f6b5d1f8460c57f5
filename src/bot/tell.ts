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
