import type { StoredHandle } from '../actions/handles.ts';
import type { InternalId } from '../actions/internal-id.ts';
import type { Place, StoredStep } from '../guard/approval.ts';
import type { ModelMessage } from '../guard/reasoner.ts';
import type { Audience } from '../knowledge/article.ts';
import type { DropReason, ProposedSentence } from '../knowledge/ground.ts';

/** What the Teams surface keeps between turns. `clients` implements these over Table storage under the keeper's identity. */

/** What Steward remembers of one person in one conversation. */
export interface Memory {
  /** Model messages, oldest first; always whole exchanges (every tool call has its result). */
  readonly history: readonly ModelMessage[];
  readonly handles: readonly StoredHandle[];
  /** The person's unquoted messages, oldest first, for provenance. */
  readonly words: readonly string[];
  /** A card on which the person picks among several matches. */
  readonly choice?: Choice;
  /** The last answer from articles, for whoever asks why. */
  readonly answer?: StoredAnswer;
  /** Set by `load`. Outside a turn, `save` needs it to see that nobody saved in between; carried along, never made. */
  readonly version?: string;
}

export interface Choice {
  readonly reference: string;
  readonly handles: readonly string[];
  /** The message in which the list stands. */
  readonly activityId: string;
  /** The message that asked. */
  readonly requestActivityId: string;
}

/** What was said from articles, and where: nothing about who asked, or what. */
export interface SaidAnswer {
  /** Public name of its record in the ledger. */
  readonly reference: string;
  readonly turn: string;
  readonly conversationId: string;
  readonly activityId: string;
  /** Those that it quotes; none for a refusal. */
  readonly articles: readonly { readonly id: string; readonly title: string; readonly ownerName: string; readonly ownerMail: string }[];
}

/** With all that it takes to look again. */
export interface StoredAnswer extends SaidAnswer {
  readonly trace: {
    readonly question: string;
    /** Digest of the index. */
    readonly index: string;
    readonly hears: readonly Audience[];
    readonly day: string;
    /** Of the question, base64url. */
    readonly vector: string;
    readonly proposed: readonly ProposedSentence[];
    readonly passages: readonly { readonly hash: string; readonly similarity: number; readonly lexical: number; readonly score: number }[];
    readonly kept: readonly { readonly text: string; readonly hash: string; readonly agreement: number }[];
    readonly dropped: readonly { readonly text: string; readonly reason: DropReason }[];
    readonly refusal?: string;
  };
}

/** Answers that were said, for feedback on them. */
export interface AnswerStore {
  add(answer: SaidAnswer): Promise<void>;
  find(conversationId: string, activityId: string): Promise<SaidAnswer | undefined>;
  /** True once for each person and answer, over all instances. `person` is a keyed digest. */
  isFirstRating(answer: Pick<SaidAnswer, 'conversationId' | 'activityId'>, person: string): Promise<boolean>;
}

export interface Lease {
  /** Aborted when the lease was lost to another instance. */
  readonly signal: AbortSignal;
}

/** A message that was acknowledged; kept until it is answered, so that a crash in between is noticed. */
export interface Received {
  readonly conversationId: string;
  readonly activityId: string;
  readonly place: Place;
}

export interface ConversationStore {
  /**
   * Notes an activity durably, before it is acknowledged. False when it was noted before: a redelivery.
   */
  receive(received: Received): Promise<boolean>;
  /** Runs one turn of a conversation at a time, over all instances, in the order of the calls within this one. */
  inOrder<T>(conversationId: string, turn: (lease: Lease) => Promise<T>): Promise<T>;
  load(conversationId: string, person: InternalId): Promise<Memory>;
  /**
   * Saves what is remembered and marks the activity as answered. In a turn it fails when the turn's lease was lost, and
   * outside one when the memory was saved since it was loaded, both with `STORAGE_UNAVAILABLE`.
   */
  save(conversationId: string, person: InternalId, memory: Memory, answered?: string): Promise<void>;
  /** Marks an activity as answered where there is nothing to remember. */
  answered(conversationId: string, activityId: string): Promise<void>;
  /**
   * Marks a message as withdrawn: the person edited or deleted it. Whichever instance works on it, or will, learns of it
   * by `isWithdrawn`.
   */
  withdraw(conversationId: string, activityId: string): Promise<void>;
  /** Whether a message was withdrawn, or was given up as interrupted: nothing may be done for it any more. One read. */
  isWithdrawn(conversationId: string, activityId: string): Promise<boolean>;
  /**
   * Activities that were acknowledged and never answered, and that no living instance works on or has waiting. Each is
   * given to one caller, once, and counts as withdrawn from then on.
   */
  interrupted(): Promise<readonly Received[]>;
}

/** Where people can be reached: the personal chats that Steward has seen. */
export interface ContactStore {
  remember(person: InternalId, place: Place): Promise<void>;
  /** Remembers as well. True for one caller, over all instances: the one before whom this person was not known. */
  meet(person: InternalId, place: Place): Promise<boolean>;
  find(person: InternalId): Promise<Place | undefined>;
}

/** The group chats and channels in which an admin said `approvals here`. */
export interface ApprovalPlaceStore {
  /** `name` is what people call it; empty where Teams does not say. */
  add(place: Place, name: string): Promise<void>;
  /** False when it was not one. */
  remove(conversationId: string): Promise<boolean>;
  list(): Promise<readonly { readonly place: Place; readonly name: string }[]>;
}

/** A report that a person may have as a file: what it takes to read it again, and nothing of what was read. */
export interface FileOffer {
  readonly reference: string;
  readonly requester: InternalId;
  readonly place: Place;
  /** The message in which Teams asks. */
  readonly activityId: string;
  readonly step: StoredStep;
}

export interface FileOfferStore {
  add(offer: FileOffer): Promise<void>;
  /**
   * Takes an offer, once over all instances. Undefined when it is not this person's in this conversation, was made on
   * another card (where the click names one), was taken before, or is older than 15 minutes.
   */
  take(reference: string, by: { readonly requester: InternalId; readonly conversationId: string; readonly activityId?: string }): Promise<FileOffer | undefined>;
}

/** Where Teams lets the bot put a file that a person accepted: the OneDrive host of the tenant and no other. */
export interface FilePlace {
  /** Whether an address is https on exactly that host, without credentials in it. */
  isItsAddress(url: string): boolean;
  /** Fails with `SYSTEM_REFUSED` or `SYSTEM_UNAVAILABLE` when it is surely not there, else with `SYSTEM_OUTCOME_UNKNOWN`. */
  put(uploadUrl: string, file: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>;
}
