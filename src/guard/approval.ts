import type { HandleKind } from '../actions/handles.ts';
import type { InternalId } from '../actions/internal-id.ts';
import type { Provenance } from '../actions/plan.ts';
import type { StewardErrorCode } from '../errors.ts';
import type { LatchLevel, StopScope, Stored } from './ports.ts';

/**
 * `pending → approved → executing → succeeded | failed | unknown`, or one of the ends that a person or time gives it.
 * Every move is a compare-and-swap on the stored row.
 */
export type ApprovalState = 'pending' | 'approved' | 'executing' | 'succeeded' | 'failed' | 'unknown' | 'denied' | 'expired' | 'withdrawn' | 'killed';

export type StepOutcome = 'waiting' | 'running' | 'done' | 'failed' | 'unknown' | 'not run' | 'observed';

/** A step as it is stored: everything needed to run it later, and nothing else. */
export interface StoredStep {
  readonly action: string;
  readonly version: string;
  /** Resolved arguments: strings, or things with their internal id. */
  readonly arguments: Readonly<Record<string, StoredArgument>>;
  readonly targetParameter?: string;
  readonly provenance: Readonly<Record<string, Provenance>>;
  readonly digest: string;
  /** Facts about the target, fetched fresh for the card: enough to tell namesakes apart. Directory text. */
  readonly targetContext: readonly string[];
  readonly outcome: StepOutcome;
  /** Why it failed, when it did. */
  readonly problem?: StewardErrorCode;
}

export type StoredArgument = { readonly text: string } | { readonly value: number | boolean } | { readonly kind: HandleKind; readonly handle: string; readonly id: InternalId; readonly label: string };

/** One message in which the card stands. */
export interface CardInstance {
  readonly conversationId: string;
  readonly activityId: string;
}

/** A card that Steward sent, with what is needed to replace it where it stands. */
export interface SentCard extends CardInstance {
  readonly place: Place;
  /** Keyed digest of the card as it was sent: what whoever decides had before them. */
  readonly shown?: string;
  /** What its buttons are for: to decide the request, to say what became of it, or none. */
  readonly purpose: 'decide' | 'settle' | 'look';
}

/** Where a message can be sent without waiting for one: what Bot Framework calls a conversation reference. */
export interface Place {
  readonly conversationId: string;
  readonly serviceUrl: string;
  readonly tenantId: string;
  /** The bot's own id in the channel. */
  readonly botId: string;
  readonly channelId: string;
  readonly conversationType: string;
}

/** What an approval allows: steps of a plan, the revival of the deployment, more uses of an action for an hour, or that the ledger loses a person. */
export type ApprovalSubject =
  | { readonly kind: 'steps'; readonly steps: readonly StoredStep[] }
  | { readonly kind: 'revive'; readonly reason: string; readonly what: ReviveWhat; /** What stays stopped all the same, as people read it. */ readonly stillStopped: readonly string[] }
  | { readonly kind: 'raise'; readonly reason: string; readonly action: string; readonly perHour: number }
  | { readonly kind: 'records'; readonly reason: string; readonly change: 'erase' | 'release'; /** Keyed digest. */ readonly person: string; readonly label: string; readonly context: readonly string[] };

/** Everything, up to a level; or one thing, as it was stopped under that epoch. */
export type ReviveWhat = { readonly scope: 'all'; readonly level: LatchLevel } | { readonly scope: StopScope; readonly key: string; readonly label: string; readonly epoch: number };

/** What an admin who looked says about an outcome that Steward does not know. */
export interface Settlement {
  readonly outcome: 'done' | 'not done';
  readonly by: InternalId;
  readonly byName: string;
  readonly at: Date;
}

export interface ApprovalRecord {
  /** Opaque; the only thing that the card carries. */
  readonly reference: string;
  readonly state: ApprovalState;
  /** Whose click it takes: the requester's own, or another human's with the right role. */
  readonly by: 'requester' | 'second person';
  readonly subject: ApprovalSubject;
  readonly requester: InternalId;
  readonly requesterName: string;
  /** Where the request was made; the outcome is told there. */
  readonly place: Place;
  /** The message that asked; editing or deleting it withdraws the request. */
  readonly requestActivityId: string;
  readonly cards: readonly SentCard[];
  /** Digest over the steps and everything else that must not change between card and click. */
  readonly binding: string;
  readonly killEpoch: number;
  /** The marks of the stops that ever concerned it, when it was made; absent for none. */
  readonly stopMarks?: string;
  /** By storage's clock. */
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedBy?: InternalId;
  readonly decidedByName?: string;
  readonly decidedAt?: Date;
  /** An emergency account took part in a revival. */
  readonly breakGlass?: boolean;
  /** Why it was declined, in the words of whoever did. */
  readonly denyReason?: string;
  /** When those who were asked were reminded, and when the backup group was asked as well. */
  readonly remindedAt?: Date;
  readonly escalatedAt?: Date;
  /** When admins were told that the outcome is unknown, and what one of them found out. */
  readonly reportedAt?: Date;
  readonly settlement?: Settlement;
  /** While executing: the instance that runs it renews this before each step; past it, the instance has died. */
  readonly aliveUntil?: Date;
}

export interface ApprovalStore {
  insert(record: ApprovalRecord): Promise<Stored<ApprovalRecord>>;
  /** Undefined when there is none. Fails with `STORAGE_UNAVAILABLE`. */
  read(reference: string): Promise<Stored<ApprovalRecord> | undefined>;
  /** Replaces the record if it still has `etag`; undefined when somebody else was first. */
  replace(record: ApprovalRecord, etag: string): Promise<Stored<ApprovalRecord> | undefined>;
  /**
   * Records of which something is still to come: a decision, an outcome, or somebody who finds out what the outcome was;
   * and those that ended a while ago and of which nobody said that their end was shown.
   */
  open(): Promise<readonly Stored<ApprovalRecord>[]>;
  /** The end of a request stands on its cards: nothing is to come any more. Never fails: what is shown twice does no harm. */
  shown(record: ApprovalRecord): Promise<void>;
  /** Notes that something was done for a requester in a conversation, for whoever wants to take it back. */
  noteDone(record: ApprovalRecord): Promise<void>;
  /** What was done last for a requester in a conversation. */
  lastDone(conversationId: string, requester: InternalId): Promise<ApprovalRecord | undefined>;
}
