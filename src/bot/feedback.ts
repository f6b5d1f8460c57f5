import { z } from 'zod/v4';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Scrubber } from '../audit/scrub.ts';
import type { Place } from '../guard/approval.ts';
import type { PersonFacts, WhoIsWho } from '../guard/ports.ts';
import { saidOf } from '../guard/said.ts';
import type { Desk } from './desk.ts';
import type { AnswerStore, ConversationStore, SaidAnswer } from './ports.ts';
import { inertWhole } from './say.ts';
import { en } from './wording/en.ts';

/** What Teams sends when somebody rates a message: learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content */
export const FEEDBACK = 'message/submitAction';

const MOST_COMMENT_CHARACTERS = 500;
const shape = z.object({ actionName: z.literal('feedback'), actionValue: z.object({ reaction: z.enum(['like', 'dislike']), feedback: z.string().max(20_000).optional() }) });

export interface FeedbackDependencies {
  readonly answers: AnswerStore;
  readonly conversations: Pick<ConversationStore, 'load'>;
  readonly whoIsWho: WhoIsWho;
  readonly desk: Desk;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly scrubber: Scrubber;
}

/** What readers think of answers: it stands in the ledger, and what somebody can act on reaches the article's owner. */
export class Feedback {
  readonly #with: FeedbackDependencies;

  constructor(dependencies: FeedbackDependencies) {
    this.#with = dependencies;
  }

  /** Takes one rating, the first of a person for an answer. What is no rating, or of no answer of ours, is passed over. */
  async take(given: { readonly person: PersonFacts; readonly place: Place; readonly activityId: string | undefined; readonly value: unknown }): Promise<void> {
    const { answers, desk, digestKey, ledger, scrubber } = this.#with;
    const parsed = shape.safeParse(given.value);
    const answer = parsed.success ? await this.#answerOf(given) : undefined;
    if (!parsed.success || answer === undefined) return;
    const who = saidOf('requester', given.person, digestKey);
    if (!(await answers.isFirstRating(answer, who.person))) return;
    const { reaction } = parsed.data.actionValue;
    const comment = scrubber.text(commentIn(parsed.data.actionValue.feedback)).slice(0, MOST_COMMENT_CHARACTERS).trim();
    const owners = await this.#owners(answer);
    const sealed = await ledger.seal(comment === '' ? [who] : [{ ...who, facts: { ...who.facts, reason: comment } }]);
    // Recorded first: an owner may be told of nothing that no record knows.
    await ledger.record({ kind: 'feedback', answer: answer.reference, turn: answer.turn, person: who.person, reaction, articles: answer.articles.map(({ id }) => id), told: owners.map(({ name }) => name), ...sealed });
    // A bare thumbs-up asks nothing of anybody.
    if (reaction === 'like' && comment === '') return;
    for (const { id, titles } of owners) await desk.tellSomebody(id, en.feedback(reaction, quoted(titles), inertWhole(comment), answer.reference));
    const heard = new Set(owners.flatMap(({ titles }) => titles));
    const unheard = answer.articles.map(({ title }) => title).filter((title) => !heard.has(title));
    if (unheard.length > 0) await desk.tellAdmins(en.feedback(reaction, quoted(unheard), inertWhole(comment), answer.reference) + en.feedbackUnheard);
  }

  /** By the message that was rated; where a client does not say which, the last answer to this person here. */
  async #answerOf({ activityId, person, place }: { readonly person: PersonFacts; readonly place: Place; readonly activityId: string | undefined }): Promise<SaidAnswer | undefined> {
    const { answers, conversations } = this.#with;
    if (activityId !== undefined) return answers.find(place.conversationId, activityId);
    return (await conversations.load(place.conversationId, person.id)).answer;
  }

  /** The people behind the articles who can be reached, each once with their titles. Nobody who is not an active colleague. */
  async #owners({ articles }: SaidAnswer): Promise<readonly { readonly id: PersonFacts['id']; readonly name: string; readonly titles: readonly string[] }[]> {
    const { desk, whoIsWho } = this.#with;
    const mails = [...new Set(articles.map(({ ownerMail }) => ownerMail))];
    const found = await Promise.all(
      mails.map(async (mail) => {
        const id = await whoIsWho.find(mail).catch(() => undefined);
        const facts = id && (await whoIsWho.describe(id, 'brief').catch(() => undefined));
        const own = articles.filter(({ ownerMail }) => ownerMail === mail);
        const isReachable = facts !== undefined && facts.enabled && !facts.guest && (await desk.canReach(facts.id).catch(() => false));
        return facts === undefined || !isReachable ? [] : [{ id: facts.id, name: own[0]?.ownerName ?? '', titles: own.map(({ title }) => title) }];
      }),
    );
    return found.flat();
  }
}

function quoted(titles: readonly string[]): string {
  return titles.map((title) => `“${inertWhole(title)}”`).join(' and ');
}

/** Teams sends the comment as JSON in a string, the Agents Playground as it is. */
function commentIn(feedback = ''): string {
  try {
    const parsed: unknown = JSON.parse(feedback);
    const text = typeof parsed === 'object' && parsed !== null && 'feedbackText' in parsed ? parsed.feedbackText : undefined;
    return typeof text === 'string' ? text : '';
  } catch {
    return feedback;
  }
}
