import { z } from 'zod/v4';
import type { Approvals } from '../guard/approvals.ts';
import type { PersonFacts } from '../guard/ports.ts';
import type { CheckedActivity } from './activity.ts';
import { approveVerb, denyVerb } from './cards/approval-card.ts';
import { pickVerb } from './cards/pick-card.ts';
import type { Desk } from './desk.ts';
import type { HttpAnswer } from './server.ts';
import { en } from './wording/en.ts';

/** The client replaces the card by the answer. An update that overtook it would be lost, so updates wait this long. */
const ANSWER_ARRIVES_MS = 600;

/** A card sends back a verb of ours and a reference; anything more is an edited card. */
const reference = z.string().regex(/^[\w-]{16,64}$/);
const decisionClick = z.object({ action: z.object({ verb: z.enum([approveVerb, denyVerb]), data: z.strictObject({ reference }) }) });
const pickClick = z.object({ action: z.object({ verb: z.literal(pickVerb), data: z.strictObject({ reference, choice: z.int().min(0).max(50) }) }) });

export interface ClicksDependencies {
  readonly approvals: Approvals;
  readonly desk: Desk;
  /** Continues the conversation with the match that was picked, and resolves to its name; undefined when the list is not current. */
  readonly pick: (picked: { readonly reference: string; readonly choice: number; readonly activityId: string }) => Promise<string | undefined>;
  /** Takes what goes on after the answer; a clean stop waits for it. */
  readonly behind: (work: Promise<void>) => void;
}

/** Answers a click on a card: `adaptiveCard/action`, an invoke that wants its answer in the HTTP response. */
export async function answerClick(checked: CheckedActivity, value: unknown, clicker: PersonFacts, dependencies: ClicksDependencies): Promise<HttpAnswer> {
  const activityId = checked.replyToId ?? '';
  const picked = pickClick.safeParse(value);
  if (picked.success) {
    const { data } = picked.data.action;
    const name = await dependencies.pick({ reference: data.reference, choice: data.choice, activityId });
    return name === undefined ? message(en.pick.gone) : card(dependencies.desk.pickedCard(name));
  }
  const decision = decisionClick.safeParse(value);
  if (!decision.success) return message(en.errors.APPROVAL_COPIED);
  const { verb, data } = decision.data.action;
  const { approvals, behind, desk } = dependencies;
  const clicked = { conversationId: checked.conversation.id, activityId };
  const result = await approvals.click({ reference: data.reference, decision: verb === approveVerb ? 'approve' : 'deny', clicker, card: clicked });
  if (result.kind === 'refused') return message(en.errors[result.code]);
  desk.holdUpdates(data.reference, ANSWER_ARRIVES_MS);
  // The answer shows “running” where the click was; an end is written there as well, for clients that open it later.
  behind(desk.changed(result.record, result.kind === 'approved' ? clicked : undefined));
  if (result.kind === 'approved') behind(result.proceed());
  return card(desk.cardOf(result.record));
}

/** A private sentence: Teams shows it to the person who clicked, and leaves the card alone. */
export function message(text: string): HttpAnswer {
  return { status: 200, body: { statusCode: 200, type: 'application/vnd.microsoft.activity.message', value: text } };
}

function card(content: Readonly<Record<string, unknown>>): HttpAnswer {
  return { status: 200, body: { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: content } };
}
