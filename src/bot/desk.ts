import { randomBytes } from 'node:crypto';
import type { TurnContext } from 'botbuilder';
import type { ApprovalRecord, CardInstance, Place } from '../guard/approval.ts';
import type { ApprovalRequest, Approvals } from '../guard/approvals.ts';
import { isSameHuman } from '../guard/approvals.ts';
import type { PersonFacts, WhoIsWho } from '../guard/ports.ts';
import { StewardError } from '../errors.ts';
import type { StewardAdapter } from './adapter.ts';
import type { Action } from '../actions/action.ts';
import { approvalCard } from './cards/approval-card.ts';
import { inert } from './cards/card.ts';
import { pickedCard } from './cards/pick-card.ts';
import { resultCard } from './cards/result-card.ts';
import type { ContactStore } from './ports.ts';
import type { Speaker } from './say.ts';
import { en } from './wording/en.ts';

/** The most people who are asked to be the second person for one request. */
const MOST_ASKED = 5;

/** Puts requests on cards, and keeps every card up to date wherever it stands. */
export class Desk {
  readonly #adapter: StewardAdapter;
  readonly #speaker: Speaker;
  readonly #contacts: ContactStore;
  readonly #whoIsWho: WhoIsWho;
  readonly #held = new Map<string, Promise<void>>();
  readonly #latest = new Map<string, ApprovalRecord>();
  #approvals: Approvals | undefined;

  constructor(adapter: StewardAdapter, speaker: Speaker, contacts: ContactStore, whoIsWho: WhoIsWho) {
    this.#adapter = adapter;
    this.#speaker = speaker;
    this.#contacts = contacts;
    this.#whoIsWho = whoIsWho;
  }

  /** Approvals tell the desk about changes, and the desk stores requests with them: wired once, at start. */
  serve(approvals: Approvals): void {
    this.#approvals = approvals;
  }

  /** Asks the requester to confirm, on a card in this conversation. Resolves to the record. */
  async askRequester(context: TurnContext, request: ApprovalRequest): Promise<ApprovalRecord> {
    const approvals = this.#served();
    const record = await approvals.request(request);
    try {
      const activityId = await this.#speaker.show(context, this.#card(record));
      if (activityId === '') throw new StewardError('UNEXPECTED', 'the channel gave the card no id');
      await approvals.cardSent(record.reference, { conversationId: request.place.conversationId, activityId, place: request.place });
      return record;
    } catch (error) {
      await approvals.abandon(record.reference).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Asks other people, in their personal chats, and shows the requester what they are asked in their name. Resolves to
   * the record and the names of those who were asked. Fails with `APPROVAL_NOBODY_REACHABLE` when there is nobody.
   */
  async askOthers(context: TurnContext, request: ApprovalRequest, role: 'approver' | 'admin'): Promise<{ readonly record: ApprovalRecord; readonly asked: readonly string[] }> {
    const approvals = this.#served();
    const reachable = await this.#reachable(role, request.requester);
    if (reachable.length === 0) throw new StewardError('APPROVAL_NOBODY_REACHABLE', 'no second person has a personal chat with Steward');
    const record = await approvals.request(request);
    const asked: string[] = [];
    for (const { person, place } of reachable) {
      try {
        const activityId = await this.#adapter.at(place, (context) => this.#speaker.show(context, this.#card(record)));
        await approvals.cardSent(record.reference, { conversationId: place.conversationId, activityId, place });
        asked.push(inert(person.displayName));
      } catch {
        // Somebody who can't be reached now is not asked; the others are.
      }
    }
    if (asked.length === 0) {
      await approvals.abandon(record.reference);
      throw new StewardError('APPROVAL_NOBODY_REACHABLE', 'no second person could be sent a card');
    }
    // Without buttons: the requester's own click would not count. It shows the outcome like every other.
    const { content, summary } = approvalCard(record, { viewing: true });
    const activityId = await this.#speaker.show(context, this.#speaker.card(content, summary, { ids: idsOf(record) }));
    if (activityId !== '') await approvals.cardSent(record.reference, { conversationId: request.place.conversationId, activityId, place: request.place });
    return { record, asked };
  }

  /** Holds updates of a request's cards for a moment, until the answer to a click has arrived. */
  holdUpdates(reference: string, ms: number): void {
    const held = new Promise<void>((resolve) => {
      setTimeout(resolve, ms);
    });
    this.#held.set(reference, held);
    void held.then(() => {
      if (this.#held.get(reference) === held) this.#held.delete(reference);
    });
  }

  /**
   * Brings every card of a request up to date, `but` the one whose click is answered with it; and tells the requester
   * what somebody else decided.
   */
  readonly changed = async (record: ApprovalRecord, but?: CardInstance): Promise<void> => {
    this.#latest.set(record.reference, record);
    await this.#held.get(record.reference);
    // Only the newest state is shown: what came while this one waited has taken its place.
    if (this.#latest.get(record.reference) !== record) return;
    this.#latest.delete(record.reference);
    const cards = record.cards.filter((card) => card.activityId !== but?.activityId || card.conversationId !== but.conversationId);
    await Promise.allSettled(cards.map((card) => this.#adapter.at(card.place, (context) => this.#speaker.replace(context, card.activityId, this.#card(record)))));
    const over = record.state !== 'pending' && record.state !== 'approved' && record.state !== 'executing';
    // The card changes silently; what somebody else decided is said as well.
    if (record.by === 'second person' && over) {
      const { summary } = approvalCard(record);
      await this.#adapter.at(record.place, (context) => this.#speaker.say(context, this.#speaker.words(summary))).catch(() => undefined);
    }
  };

  /** Shows what an approved read brought back, where it was asked for. */
  readonly read = async (record: ApprovalRecord, action: Action, result: Readonly<Record<string, unknown>>): Promise<void> => {
    try {
      const { content, summary } = resultCard(action, result);
      await this.#adapter.at(record.place, (context) => this.#speaker.show(context, this.#speaker.card(content, summary, { ids: idsOf(record) })));
    } catch {
      // The read is done and recorded; that it could not be shown must not undo that. The person may ask again.
    }
  };

  /** The card of a request as it is now, for the answer to a click. */
  cardOf(record: ApprovalRecord): Readonly<Record<string, unknown>> {
    return this.#card(record).content;
  }

  /** What stands where a list was, once somebody picked from it. */
  pickedCard(name: string): Readonly<Record<string, unknown>> {
    const text = en.pick.picked(name);
    return this.#speaker.card(pickedCard(text), text).content;
  }

  async #reachable(role: 'approver' | 'admin', requester: PersonFacts): Promise<readonly { readonly person: PersonFacts; readonly place: Place }[]> {
    const found: { person: PersonFacts; place: Place }[] = [];
    for (const id of await this.#whoIsWho.membersOf(role, 100)) {
      if (found.length === MOST_ASKED) break;
      const place = await this.#contacts.find(id);
      if (place === undefined) continue;
      const person = await this.#whoIsWho.describe(id, 'brief');
      if (person === undefined || !person.enabled || person.guest || isSameHuman(person, requester)) continue;
      found.push({ person, place });
    }
    return found;
  }

  #card(record: ApprovalRecord): ReturnType<Speaker['card']> {
    const { content, summary } = approvalCard(record);
    return this.#speaker.card(content, summary, { ids: idsOf(record) });
  }

  #served(): Approvals {
    if (this.#approvals === undefined) throw new StewardError('CONFIGURATION_INVALID', 'the desk serves no approvals yet');
    return this.#approvals;
  }
}

/** Every internal id that took part in a request: none of them may stand on its card. */
function idsOf(record: ApprovalRecord): readonly ApprovalRecord['requester'][] {
  const targets = record.subject.kind === 'steps' ? record.subject.steps.flatMap((step) => Object.values(step.arguments).flatMap((value) => ('id' in value ? [value.id] : []))) : [];
  return [record.requester, ...(record.decidedBy ? [record.decidedBy] : []), ...targets];
}

/** An opaque reference for a card that is no approval. */
export function cardReference(): string {
  return randomBytes(15).toString('base64url');
}

/** Names as a sentence part: “A, B and C”. */
export function listOf(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(names);
}

export const secondPersonSentence = (names: readonly string[]): string => en.waitingForSecond(listOf(names));
