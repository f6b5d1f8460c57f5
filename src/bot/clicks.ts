import { z } from 'zod/v4';
import type { Approvals } from '../guard/approvals.ts';
import type { PersonFacts } from '../guard/ports.ts';
import type { CheckedActivity } from './activity.ts';
import { approveVerb, denyReasonInput, denyVerb, MOST_DENY_REASON_CHARACTERS, settleDoneVerb, settleNotDoneVerb, undoVerb, withdrawVerb } from './cards/approval-card.ts';
import { pickVerb } from './cards/pick-card.ts';
import type { Desk } from './desk.ts';
import type { HttpAnswer } from './server.ts';
import { en } from './wording/en.ts';

/** The client replaces the card by the answer. An update that overtook it would be lost, so updates wait this long. */
const ANSWER_ARRIVES_MS = 600;

/** A card sends back a verb of ours and a reference; anything more is an edited card. */
const reference = z.string().regex(/^[\w-]{16,64}$/);
/** Written by whoever clicks; shown on the card, so it is kept as it is or not at all. */
const denyReason = z
  .string()
  .trim()
  .max(MOST_DENY_REASON_CHARACTERS)
  .refine((text) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text.replace(/[\n\r\t]/g, ' ')));
const decisionClick = z.object({ action: z.object({ verb: z.enum([approveVerb, denyVerb]), data: z.strictObject({ reference, [denyReasonInput]: z.string().optional() }) }) });
const settleClick = z.object({ action: z.object({ verb: z.enum([settleDoneVerb, settleNotDoneVerb]), data: z.strictObject({ reference }) }) });
const ownClick = z.object({ action: z.object({ verb: z.enum([undoVerb, withdrawVerb]), data: z.strictObject({ reference }) }) });
const pickClick = z.object({ action: z.object({ verb: z.literal(pickVerb), data: z.strictObject({ reference, choice: z.int().min(0).max(50) }) }) });

export interface ClicksDependencies {
  readonly approvals: Approvals;
  readonly desk: Desk;
  /** Continues the conversation with the match that was picked, and resolves to its name; undefined when the list is not current. */
  readonly pick: (picked: { readonly reference: string; readonly choice: number; readonly activityId: string }) => Promise<string | undefined>;
  /** Proposes to take back what a request did. Resolves to false when there is nothing of this person's to take back. */
  readonly undo: (reference: string) => Promise<boolean>;
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
  const clicked = { conversationId: checked.conversation.id, activityId };
  const { approvals, behind, desk } = dependencies;
  const settled = settleClick.safeParse(value);
  if (settled.success) {
    const { data, verb } = settled.data.action;
    const result = await approvals.settle({ reference: data.reference, outcome: verb === settleDoneVerb ? 'done' : 'not done', clicker, card: clicked });
    if (result.kind === 'refused') return message(en.errors[result.code]);
    desk.holdUpdates(data.reference, ANSWER_ARRIVES_MS);
    behind(desk.changed(result.record));
    return card(desk.cardOf(result.record, 'settle'));
  }
  const own = ownClick.safeParse(value);
  if (own.success) {
    const { data, verb } = own.data.action;
    if (verb === undoVerb) return message((await dependencies.undo(data.reference)) ? en.undo.started : en.undo.nothing);
    // Before it: the cards are brought up to date by then.
    desk.holdUpdates(data.reference, ANSWER_ARRIVES_MS);
    const withdrawn = await approvals.withdrawOwn({ reference: data.reference, clicker, card: clicked });
    return withdrawn.kind === 'refused' ? message(en.errors[withdrawn.code]) : card(desk.cardOf(withdrawn.record, 'look'));
  }
  const decision = decisionClick.safeParse(value);
  if (!decision.success) return message(en.errors.APPROVAL_COPIED);
  const { verb, data } = decision.data.action;
  const reason = denyReason.safeParse(data[denyReasonInput] ?? '');
  // Only of a no: whoever approves has the input before them as well, and what stands in it is not kept.
  if (verb === denyVerb && !reason.success) return message(en.card.denyReasonUnusable(MOST_DENY_REASON_CHARACTERS));
  const decided = verb === approveVerb ? ({ decision: 'approve' } as const) : ({ decision: 'deny', ...(reason.data !== undefined && reason.data !== '' && { reason: reason.data }) } as const);
  const result = await approvals.click({ reference: data.reference, ...decided, clicker, card: clicked });
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
