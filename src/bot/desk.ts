import { randomBytes } from 'node:crypto';
import type { TurnContext } from 'botbuilder';
import type { ApprovalRecord, CardInstance, Place, SentCard } from '../guard/approval.ts';
import type { ApprovalRequest, Approvals } from '../guard/approvals.ts';
import type { Audience } from '../guard/approval-rows.ts';
import { isSameHuman } from '../guard/who-decides.ts';
import type { PersonFacts, WhoIsWho } from '../guard/ports.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import { Serial } from '../serial.ts';
import type { StewardAdapter } from './adapter.ts';
import type { Action } from '../actions/action.ts';
import type { InternalId } from '../actions/internal-id.ts';
import { approvalCard, outcomeOf, titleOf } from './cards/approval-card.ts';
import { inert } from './cards/card.ts';
import { pickedCard } from './cards/pick-card.ts';
import { resultCard } from './cards/result-card.ts';
import type { ApprovalPlaceStore, ContactStore } from './ports.ts';
import type { Speaker } from './say.ts';
import { en } from './wording/en.ts';

/** The most people, and the most chats, that are asked to be the second person for one request. */
const MOST_ATTEMPTS = 5;
const MOST_ASKED = 5;
/** A card that several steps tick off is updated at most this often; its end is shown at once. */
const UPDATE_EVERY_MS = 1_000;

/** Somebody, or a chat, that a card can be sent to. */
interface Reachable {
  readonly name: string;
  readonly place: Place;
}

/** Puts requests on cards, and keeps every card up to date wherever it stands. */
export class Desk implements Audience {
  readonly #adapter: StewardAdapter;
  readonly #speaker: Speaker;
  readonly #contacts: Pick<ContactStore, 'find'>;
  readonly #approvalPlaces: ApprovalPlaceStore;
  readonly #whoIsWho: WhoIsWho;
  readonly #clock: Clock;
  readonly #held = new Map<string, Promise<void>>();
  /** Two updates of one card at the same time may arrive in either order, and the older one would stand. */
  readonly #updates = new Serial();
  readonly #latest = new Map<string, ApprovalRecord>();
  /** When the cards of a running request were updated last, by the clock that never jumps. */
  readonly #updatedMs = new Map<string, number>();
  /** How often the end of a request was shown without reaching every card. */
  readonly #attempts = new Map<string, number>();
  /** Requests whose end nobody knows, and whose cards say so. */
  readonly #redrawn = new Set<string>();
  #approvals: Approvals | undefined;

  constructor(adapter: StewardAdapter, speaker: Speaker, contacts: Pick<ContactStore, 'find'>, approvalPlaces: ApprovalPlaceStore, whoIsWho: WhoIsWho, clock: Clock) {
    this.#adapter = adapter;
    this.#speaker = speaker;
    this.#contacts = contacts;
    this.#approvalPlaces = approvalPlaces;
    this.#whoIsWho = whoIsWho;
    this.#clock = clock;
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
      const card = this.#card(record, 'decide');
      const activityId = await this.#speaker.show(context, card);
      if (activityId === '') throw new StewardError('UNEXPECTED', 'the channel gave the card no id');
      await this.#sent(record.reference, activityId, request.place, 'decide', card.content);
      return record;
    } catch (error) {
      await approvals.abandon(record.reference).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Asks other people: in the chats where an admin said `approvals here`, else in their personal chats; and shows the
   * requester what they are asked in their name. Resolves to the record and the names of those who were asked. Fails with
   * `APPROVAL_NOBODY_REACHABLE` when there is nobody.
   */
  async askOthers(context: TurnContext, request: ApprovalRequest, role: 'approver' | 'admin'): Promise<{ readonly record: ApprovalRecord; readonly asked: readonly string[] }> {
    const approvals = this.#served();
    // Settled before anything is stored: a request that nobody can see is not made.
    const reachable = await this.#reachable(role, request.requester.id, request.requester);
    if (reachable.length === 0) throw new StewardError('APPROVAL_NOBODY_REACHABLE', 'no second person can be reached');
    const record = await approvals.request(request);
    const asked = await this.#send(record, reachable, 'decide');
    if (asked.length === 0) {
      await approvals.abandon(record.reference);
      throw new StewardError('APPROVAL_NOBODY_REACHABLE', 'no second person could be sent a card');
    }
    // Without buttons: the requester's own click would not count. It shows the outcome like every other.
    const { content, summary } = approvalCard(record, { purpose: 'look' });
    const activityId = await this.#speaker.show(context, this.#speaker.card(content, summary, { ids: idsOf(record) }));
    if (activityId !== '') await this.#sent(record.reference, activityId, request.place, 'look', content);
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
    const wait = isOver(record) ? 0 : (this.#updatedMs.get(record.reference) ?? 0) + UPDATE_EVERY_MS - this.#clock.monotonicMs();
    if (wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.#latest.get(record.reference) !== record) return;
    }
    await this.#updates.inTurn(record.reference, () => this.#show(record, but));
  };

  async #show(record: ApprovalRecord, but?: CardInstance): Promise<void> {
    if (this.#latest.get(record.reference) !== record) return;
    this.#latest.delete(record.reference);
    if (isOver(record)) this.#updatedMs.delete(record.reference);
    else this.#updatedMs.set(record.reference, this.#clock.monotonicMs());
    const isShown = await this.#replace(record, but);
    const attempts = (this.#attempts.get(record.reference) ?? 0) + 1;
    if (isTold(record) && attempts === 1) await this.#tell(record.place, outcomeOf(record));
    if (record.breakGlass === true && record.state === 'succeeded' && attempts === 1) await this.tellAdmins(en.kill.breakGlass(titleOf(record), inert(record.requesterName)));
    if (!isOver(record)) return;
    // Left open, it is shown again by the next sweeps. A chat that is gone for good is not asked for ever.
    const isDone = isShown || attempts >= MOST_ATTEMPTS;
    if (isDone) this.#attempts.delete(record.reference);
    else this.#attempts.set(record.reference, attempts);
    if (isDone) await this.#served().shown(record);
  }

  /** Replaces the cards of a request, `but` one; resolves to whether all of them took it. */
  async #replace(record: ApprovalRecord, but?: CardInstance): Promise<boolean> {
    const cards = record.cards.filter((card) => card.activityId !== but?.activityId || card.conversationId !== but.conversationId);
    const updates = await Promise.allSettled(cards.map((card) => this.#adapter.at(card.place, (context) => this.#speaker.replace(context, card.activityId, this.#card(record, card.purpose)))));
    return updates.every(({ status }) => status === 'fulfilled');
  }

  /** Says once more, where the cards stand, that a request waits. */
  readonly remind = async (record: ApprovalRecord): Promise<void> => {
    const places = new Map(record.cards.filter(({ purpose }) => purpose === 'decide').map(({ place }) => [place.conversationId, place]));
    const text = en.reminder(titleOf(record), inert(record.requesterName));
    await Promise.all([...places.values()].map((place) => this.#tell(place, text)));
  };

  /** Asks the backup group as well, and tells the requester. */
  readonly escalate = async (record: ApprovalRecord): Promise<void> => {
    try {
      const requester = await this.#whoIsWho.describe(record.requester, 'brief');
      const has = new Set(record.cards.map(({ conversationId }) => conversationId));
      // Somebody in both groups has the card already.
      const others = (await this.#reachable('backup approver', record.requester, requester)).filter(({ place }) => !has.has(place.conversationId));
      const asked = await this.#send(record, others, 'decide');
      await this.#tell(record.place, asked.length === 0 ? en.escalatedToNobody : en.escalated(listOf(asked)));
    } catch {
      // The request still waits where it was sent first; the requester can withdraw it at any time.
    }
  };

  /** Asks admins to find out what became of a request. Resolves to whether one of them was reached. */
  readonly doubt = async (record: ApprovalRecord): Promise<boolean> => {
    try {
      // Whoever settled it may have died before its cards said so. Once: admins who can't be reached are asked with each sweep.
      if (!this.#redrawn.has(record.reference)) await this.#updates.inTurn(record.reference, () => this.#replace(record));
      this.#redrawn.add(record.reference);
      const isAsked = (await this.#send(record, await this.#reachable('admin'), 'settle')).length > 0;
      if (isAsked) this.#redrawn.delete(record.reference);
      return isAsked;
    } catch {
      return false;
    }
  };

  /** Whether somebody has a personal chat with Steward. Fails with `STORAGE_UNAVAILABLE`. */
  async canReach(id: InternalId): Promise<boolean> {
    return (await this.#contacts.find(id)) !== undefined;
  }

  /** Says one plain sentence to somebody in their personal chat, if they have one. Never fails for what the channel does not take. */
  async tellSomebody(id: InternalId, text: string): Promise<void> {
    const place = await this.#contacts.find(id);
    if (place !== undefined) await this.#tell(place, text);
  }

  /** Says one plain sentence to every admin who can be reached, but one. Never fails. */
  readonly tellAdmins = async (text: string, but?: InternalId): Promise<void> => {
    try {
      const admins = await this.#reachable('admin', but);
      await Promise.all(admins.map(({ place }) => this.#tell(place, text)));
    } catch {
      // Whom to tell can't be read; the status says the same to whoever asks.
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
  cardOf(record: ApprovalRecord, purpose: SentCard['purpose'] = 'decide'): Readonly<Record<string, unknown>> {
    return this.#card(record, purpose).content;
  }

  /** What stands where a list was, once somebody picked from it. */
  pickedCard(name: string): Readonly<Record<string, unknown>> {
    const text = en.pick.picked(name);
    return this.#speaker.card(pickedCard(text), text).content;
  }

  /** Chats that were set up for approvals, else people in their personal chats. The requester is never among them. */
  async #reachable(role: 'approver' | 'backup approver' | 'admin', besides?: InternalId, human?: PersonFacts): Promise<readonly Reachable[]> {
    const places = role === 'approver' ? await this.#approvalPlaces.list() : [];
    if (places.length > 0) return places.slice(0, MOST_ASKED).map(({ name, place }) => ({ name: name === '' ? en.approvalsChat : inert(name), place }));
    const found: Reachable[] = [];
    for (const id of await this.#whoIsWho.membersOf(role, 100)) {
      if (found.length === MOST_ASKED) break;
      const place = await this.#contacts.find(id);
      if (place === undefined || besides?.equals(id) === true) continue;
      const person = await this.#whoIsWho.describe(id, 'brief');
      if (person === undefined || !person.enabled || person.guest || (human !== undefined && isSameHuman(person, human))) continue;
      found.push({ name: inert(person.displayName), place });
    }
    return found;
  }

  /** Sends the card of a request to each; who can't be reached now is left out. Resolves to the names of the others. */
  async #send(record: ApprovalRecord, to: readonly Reachable[], purpose: SentCard['purpose']): Promise<readonly string[]> {
    const reached: string[] = [];
    for (const { name, place } of to) {
      try {
        const card = this.#card(record, purpose);
        const activityId = await this.#adapter.at(place, (context) => this.#speaker.show(context, card));
        if (activityId === '') continue;
        await this.#sent(record.reference, activityId, place, purpose, card.content);
        reached.push(name);
      } catch {
        // The others are asked all the same.
      }
    }
    return reached;
  }

  /** Notes where a card stands. If the request was decided while it was on its way, the card missed that, and is told now. */
  async #sent(reference: string, activityId: string, place: Place, purpose: SentCard['purpose'], content: Readonly<Record<string, unknown>>): Promise<void> {
    const record = await this.#served().cardSent(reference, { conversationId: place.conversationId, activityId, place, purpose }, content);
    const isLate = purpose !== 'settle' && record.state !== 'pending';
    if (isLate) await this.#updates.inTurn(reference, () => this.#adapter.at(place, (context) => this.#speaker.replace(context, activityId, this.#card(record, purpose)))).catch(() => undefined);
  }

  async #tell(place: Place, text: string): Promise<void> {
    await this.#adapter.at(place, (context) => this.#speaker.say(context, this.#speaker.words(text))).catch(() => undefined);
  }

  #card(record: ApprovalRecord, purpose: SentCard['purpose']): ReturnType<Speaker['card']> {
    const { content, summary } = approvalCard(record, { purpose });
    return this.#speaker.card(content, summary, { ids: idsOf(record) });
  }

  #served(): Approvals {
    if (this.#approvals === undefined) throw new StewardError('CONFIGURATION_INVALID', 'the desk serves no approvals yet');
    return this.#approvals;
  }
}

/** Whether a request has come to an end. */
function isOver({ state }: ApprovalRecord): boolean {
  return state !== 'pending' && state !== 'approved' && state !== 'executing';
}

/** The card changes silently. What others decided or found out is said as well; what the requester withdrew is no news. */
function isTold(record: ApprovalRecord): boolean {
  return record.state === 'unknown' || (record.by === 'second person' && isOver(record) && record.state !== 'withdrawn');
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
