/** What a person would see of an Adaptive Card, and what they could press. */
import { isObject, listAt, objectsIn, textAt } from './json.ts';
import type { Activity, Attachment, Received } from './connector.ts';

export const CARD = 'application/vnd.microsoft.card.adaptive';

export interface Button {
  readonly type: string;
  readonly title: string;
  readonly verb: string;
  readonly data: unknown;
  /** The action as it stands in the card. */
  readonly action: Readonly<Record<string, unknown>>;
}

/** The card attachments of an activity. */
export const attachmentsOf = (activity: Activity): readonly Attachment[] => (activity.attachments ?? []).filter(({ contentType }) => contentType === CARD);

/** The one card of a message; fails when there is none or more than one. */
export function cardOf(received: Received): Readonly<Record<string, unknown>> {
  const [first, ...others] = attachmentsOf(received.activity);
  if (first === undefined || others.length > 0 || !isObject(first.content)) throw new Error(`not exactly one card in: ${received.raw.slice(0, 600)}`);
  return first.content;
}

export const hasCard = (received: Received): boolean => attachmentsOf(received.activity).length > 0;

/** Fields of card elements that people read. */
const visible = ['text', 'title', 'value', 'label', 'altText', 'placeholder', 'errorMessage', 'subtitle', 'fallbackText', 'tooltip', 'speak'] as const;

/** Everything that a person could read on a card, one piece a line. What stands in an action's `data` is not among it. */
export function textOf(card: unknown): string {
  const pieces: string[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const element of value) look(element);
      return;
    }
    if (!isObject(value)) return;
    for (const field of visible) if (typeof value[field] === 'string') pieces.push(value[field]);
    for (const [name, field] of Object.entries(value)) if (name !== 'data') look(field);
  };
  look(card);
  return pieces.join('\n');
}

/** Everything on the card that can be pressed. */
export function buttonsOf(card: unknown): readonly Button[] {
  const buttons: Button[] = [];
  for (const element of objectsIn(card)) {
    const type = textAt(element, 'type');
    if (type.startsWith('Action.')) buttons.push({ type, title: textAt(element, 'title'), verb: textAt(element, 'verb'), data: element['data'], action: element });
  }
  return buttons;
}

/** The button whose title or verb fits; fails when there is none. */
export function buttonOf(card: unknown, which: RegExp): Button {
  const buttons = buttonsOf(card);
  const found = buttons.find(({ title, verb }) => which.test(title) || which.test(verb));
  if (found === undefined) throw new Error(`no button like ${which}; there are: ${buttons.map(({ title, verb }) => `${title} (${verb})`).join(', ') || 'none'}`);
  return found;
}

/** Whether something on the card is still to be decided. Taking back what was done is a request of its own. */
export const isAlive = (card: unknown): boolean => buttonsOf(card).some(({ type, verb }) => (type === 'Action.Execute' || type === 'Action.Submit') && verb !== 'steward/undo');

/** Everything that a message shows: its text and its cards. */
export function shown(received: Received): string {
  const { text = '' } = received.activity;
  return [text, ...attachmentsOf(received.activity).map(({ content }) => textOf(content))].filter((part) => part !== '').join('\n');
}

/** Ids of the inputs of a card, with their kind. */
export const inputsOf = (card: unknown): readonly { readonly id: string; readonly type: string; readonly choices: readonly { readonly title: string; readonly value: string }[] }[] =>
  [...objectsIn(card)]
    .filter((element) => textAt(element, 'type').startsWith('Input.'))
    .map((element) => ({
      id: textAt(element, 'id'),
      type: textAt(element, 'type'),
      choices: listAt(element, 'choices').map((choice) => ({ title: textAt(choice, 'title'), value: textAt(choice, 'value') })),
    }));

/** Whether words say that something was done. “Not done” and “nothing was done” do not. */
export const saysDone = (text: string): boolean =>
  /✓|\bdone\b|\bblocked for\b|\bhas been\b|\b(?:were|was) ended\b/i.test(text.replace(/\b(?:not|nothing (?:was|is|has been|will be)|don.t) (?:yet )?(?:done|do)\b|what was done/gi, ''));

export const APPROVE = /^(confirm|approve|yes|block|unblock|allow|do it|go ahead|end|revoke|revive|raise|release|erase)/i;
export const DENY = /^(deny|decline|cancel|no\b|don.?t|reject|refuse|dismiss)/i;
