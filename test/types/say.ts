/** What must not compile: an id as a text, and a text that no gate has seen. `tsc` checks it; nothing runs it. */
/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- the compiler must refuse it, not only the linter */
import { InternalId } from '../../src/actions/internal-id.ts';
import type { Speaker, UserCard, UserText } from '../../src/bot/say.ts';
import { en } from '../../src/bot/wording/en.ts';
import type { StewardErrorCode } from '../../src/errors.ts';

declare const id: InternalId;
declare const speaker: Speaker;

/** Stands for every sender. */
declare function send(text: UserText): void;
declare function show(card: UserCard): void;
declare function takesText(text: string): void;

declare function use(value: unknown): void;

export function idsAreNoTexts(): void {
  // @ts-expect-error -- an internal id is not a string
  takesText(id);
  // @ts-expect-error -- and has no members of one
  use(id.toLowerCase());
  // @ts-expect-error -- its value is private
  use(id.value);
  // @ts-expect-error -- nor is a string one
  const text: InternalId = '5f3c1f0e-9a50-4e6b-8d6a-0a4a5b6c7d8e';
  // @ts-expect-error -- nor is something that looks like one
  const lookalike: InternalId = { reveal: () => 'x', digest: () => 'x', equals: () => true, appearsIn: () => false, toString: () => 'x', toJSON: () => 'x' };
  // @ts-expect-error -- two ids are compared by `equals`
  use(id === 'x');
  // @ts-expect-error -- an id is made from a text
  use(new InternalId(7));
  use([text, lookalike]);
}

export function onlyTheGateMakesText(): void {
  // @ts-expect-error -- no gate has seen it
  send('hello');
  // @ts-expect-error -- wording has not been through the gate either
  send(en.errors.KILLED);
  // @ts-expect-error -- a template of gated texts is a plain text again
  send(`${speaker.words('a')} ${speaker.words('b')}`);
  // @ts-expect-error -- an id is the last thing to send
  send(id);
  send(speaker.words(en.errors.KILLED));
  // @ts-expect-error -- a card that no gate has seen
  show({ content: {}, summary: speaker.words('x') });
  show(speaker.card({}, 'x'));
}

export function everyCodeHasASentence(): void {
  const { KILLED: _, ...rest } = en.errors;
  // @ts-expect-error -- a code without a sentence does not compile
  const errors: Record<StewardErrorCode, string> = rest;
  use(errors);
}
