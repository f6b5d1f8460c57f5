import type { TurnContext } from 'botbuilder';
import type { Catalogue } from '../actions/catalogue.ts';
import { errorCode } from '../errors.ts';
import type { ApprovalRecord } from '../guard/approval.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { Gate } from '../guard/gate.ts';
import type { PersonFacts, WhoIsWho } from '../guard/ports.ts';
import { isActiveAdmin } from '../guard/who-decides.ts';
import { placeOf } from './adapter.ts';
import { titleOf, whomOf } from './cards/approval-card.ts';
import { inert } from './cards/card.ts';
import { listOf, type Desk } from './desk.ts';
import { actionCalled } from './named-action.ts';
import type { ApprovalPlaceStore } from './ports.ts';
import { plainInMarkdown, type Speaker } from './say.ts';
import { tell, tellCode } from './tell.ts';
import { en } from './wording/en.ts';

const MOST_REASON_CHARACTERS = 300;
const MOST_PLACE_NAME_CHARACTERS = 80;
/** More than this many lines nobody reads in a chat. */
const MOST_LISTED = 15;

export interface RequestCommandsDependencies {
  readonly tenantId: string;
  readonly speaker: Speaker;
  readonly desk: Desk;
  readonly approvals: Approvals;
  readonly approvalPlaces: ApprovalPlaceStore;
  readonly catalogue: Catalogue;
  readonly gate: Gate;
  readonly whoIsWho: WhoIsWho;
}

/** What people say about requests that wait: list them, choose where they are decided, ask for more of an action. */
export class RequestCommands {
  readonly #with: RequestCommandsDependencies;

  constructor(dependencies: RequestCommandsDependencies) {
    this.#with = dependencies;
  }

  /** `pending`: what waits for this person, and what this person waits for. */
  async pending(context: TurnContext, person: PersonFacts): Promise<void> {
    const { asked, toDecide } = await this.#with.approvals.pendingFor(person);
    const lines = [...list(en.pendingForYou, toDecide), ...list(en.pendingFromYou, asked)];
    await tell(this.#with.speaker, context, lines.length === 0 ? en.pendingNothing : lines.join('\n'), { lines: true });
  }

  /** `approvals here`: second-person cards come to this chat from now on. By an admin, freshly checked. */
  async approvalsHere(context: TurnContext, person: PersonFacts, here: boolean): Promise<void> {
    const { approvalPlaces, speaker, tenantId, whoIsWho } = this.#with;
    const place = placeOf(context.activity, tenantId);
    if (place.conversationType === 'personal') return tell(speaker, context, en.approvalsNeedGroup);
    const fresh = await whoIsWho.describe(person.id, 'now');
    if (fresh === undefined || !isActiveAdmin(fresh)) return tellCode(speaker, context, 'KILL_NOT_ADMIN');
    if (here) {
      await this.#forgetThreads(place.conversationId, place.conversationId);
      const name = context.activity.conversation.name as string | undefined;
      await approvalPlaces.add(place, (name ?? '').slice(0, MOST_PLACE_NAME_CHARACTERS));
      return tell(speaker, context, en.approvalsHere);
    }
    await tell(speaker, context, (await this.#forgetThreads(place.conversationId)) ? en.approvalsNotHere : en.approvalsWereNotHere);
  }

  /** A channel is asked in the thread that was named last; every thread of it is the channel. Resolves to whether one was forgotten. */
  async #forgetThreads(conversationId: string, but?: string): Promise<boolean> {
    const { approvalPlaces } = this.#with;
    const ids = (await approvalPlaces.list()).map(({ place }) => place.conversationId);
    const forgotten = ids.filter((id) => id !== but && channelOf(id) === channelOf(conversationId));
    await Promise.all(forgotten.map((id) => approvalPlaces.remove(id)));
    return forgotten.length > 0;
  }

  /** `raise limit of … because …`: proposes more uses of an action for an hour to a second person. */
  async raise(context: TurnContext, person: PersonFacts, named: string, reason: string): Promise<void> {
    const { catalogue, desk, gate, speaker, tenantId } = this.#with;
    const action = actionCalled(catalogue, named);
    // Who may not ask for it at all learns nothing about its limits.
    if (action === undefined || gate.permitted([action], person).length === 0) return tell(speaker, context, en.raise.unknown);
    const most = action.limit?.raisableTo;
    if (most === undefined) return tell(speaker, context, en.raise.fixed);
    if (reason === '') return tell(speaker, context, en.raise.needsReason);
    // What is approved is shown whole, so what would have to be cut is not asked.
    if (reason.length > MOST_REASON_CHARACTERS) return tell(speaker, context, en.raise.tooLong(MOST_REASON_CHARACTERS));
    const subject = { kind: 'raise' as const, reason, action: action.name, perHour: most };
    try {
      const request = { subject, by: 'second person' as const, requester: person, place: placeOf(context.activity, tenantId), requestActivityId: context.activity.id ?? '', turn: '' };
      const { asked } = await desk.askOthers(context, request, 'approver');
      await tell(speaker, context, en.waitingForSecond(listOf(asked)));
    } catch (error) {
      await tellCode(speaker, context, errorCode(error));
    }
  }
}

function list(title: string, records: readonly ApprovalRecord[]): readonly string[] {
  if (records.length === 0) return [];
  const lines = records.slice(0, MOST_LISTED).map((record) => en.pendingLine(titleOf(record), plainInMarkdown(whomOf(record)), plainInMarkdown(inert(record.requesterName))));
  const more = records.length > MOST_LISTED ? [en.pendingMore(records.length - MOST_LISTED)] : [];
  return [title, '', ...lines, ...more, ''];
}

/** Teams writes the thread of a channel behind the channel: `19:…@thread.tacv2;messageid=1700000000000`. */
function channelOf(conversationId: string): string {
  return conversationId.split(';', 1)[0] ?? '';
}
