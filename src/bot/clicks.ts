import { z } from 'zod/v4';
import { errorCode, type StewardErrorCode } from '../errors.ts';
import type { Approvals, ClickResult } from '../guard/approvals.ts';
import type { PersonFacts } from '../guard/ports.ts';
import type { CheckedActivity } from './activity.ts';
import { approveVerb, denyVerb } from './cards/approval-card.ts';
import { pickedCard, pickVerb } from './cards/pick-card.ts';
import type { Desk } from './desk.ts';
import type { HttpAnswer } from './server.ts';
import { en } from './wording/en.ts';

/** Teams shows an error when a click is not answered for long; ours is answered before that, whatever storage does. */
const ANSWER_WITHIN_MS = 1_700;

/** The client replaces the card by the answer. An update that overtook it would be lost, so updates wait this long. */
const ANSWER_ARRIVES_MS = 600;

/** A card sends back a verb of ours and a reference; anything more is an edited card. */
const reference = z.string().regex(/^[\w-]{16,64}$/);
const decisionClick = z.object({ action: z.object({ verb: z.enum([approveVerb, denyVerb]), data: z.strictObject({ reference }) }) });
const pickClick = z.object({ action: z.object({ verb: z.literal(pickVerb), data: z.strictObject({ reference, choice: z.int().min(0).max(50) }) }) });

export interface ClicksDependencies {
  readonly approvals: Approvals;
  readonly desk: Desk;
  /** Continues the conversation with the match that was picked. False when the list is no longer current. */
  readonly pick: (picked: { readonly reference: string; readonly choice: number; readonly activityId: string }) => Promise<string | undefined>;
  readonly onError: (error: unknown) => void;
}

/** Answers a click on a card: `adaptiveCard/action`, an invoke that wants its answer in the HTTP response. */
export async function answerClick(checked: CheckedActivity, value: unknown, clicker: PersonFacts, dependencies: ClicksDependencies): Promise<HttpAnswer> {
  const activityId = checked.replyToId ?? '';
  const picked = pickClick.safeParse(value);
  if (picked.success) {
    const { data } = picked.data.action;
    const name = await dependencies.pick({ reference: data.reference, choice: data.choice, activityId });
    return name === undefined ? message(en.pick.gone) : card(pickedCard(en.pick.picked(name)));
  }
  const decision = decisionClick.safeParse(value);
  if (!decision.success) return message(en.errors.APPROVAL_COPIED);
  const { verb, data } = decision.data.action;
  const clicked = dependencies.approvals.click({
    reference: data.reference,
    decision: verb === approveVerb ? 'approve' : 'deny',
    clicker,
    card: { conversationId: checked.conversation.id, activityId },
  });
  // Whatever becomes of it, it is carried through: the answer to the click must not decide that.
  dependencies.desk.holdUpdates(data.reference, ANSWER_ARRIVES_MS);
  const carriedOut = clicked.then((result) => carryOut(result, dependencies));
  carriedOut.catch(dependencies.onError);
  try {
    const result = await within(clicked, ANSWER_WITHIN_MS);
    return result === undefined ? message(en.stillChecking) : answer(result, dependencies.desk);
  } catch (error) {
    return message(en.errors[errorCode(error)]);
  }
}

async function carryOut(result: ClickResult, { desk }: ClicksDependencies): Promise<void> {
  if (result.kind === 'refused') return;
  // The answer replaces the card only for the person who clicked, and only in their client.
  if (result.kind === 'settled') await desk.changed(result.record);
  else await Promise.all([desk.changed(result.record), result.proceed()]);
}

function answer(result: ClickResult, desk: Desk): HttpAnswer {
  return result.kind === 'refused' ? message(en.errors[result.code]) : card(desk.cardOf(result.record));
}

/** Resolves to undefined when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, ms);
  });
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}

/** A private sentence: Teams shows it to the person who clicked, and leaves the card alone. */
export function message(text: string): HttpAnswer {
  return { status: 200, body: { statusCode: 200, type: 'application/vnd.microsoft.activity.message', value: text } };
}

function card(content: Readonly<Record<string, unknown>>): HttpAnswer {
  return { status: 200, body: { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: content } };
}

/** The refusal that a click gets before it reaches the approvals. */
export function refuseClick(code: StewardErrorCode): HttpAnswer {
  return message(en.errors[code]);
}

