import type { InternalId } from '../actions/internal-id.ts';

/** What the guard needs from the world. `clients` implements these under the keeper's identity, over Azure Storage and Graph. */

/**
 * A backup approver is asked when the approvers let half and more of their time pass. Data protection asks that the ledger
 * loses somebody's names, and puts them under legal hold.
 */
export const roles = ['employee', 'helpdesk', 'approver', 'backup approver', 'admin', 'data protection'] as const;
export type Role = (typeof roles)[number];

/** Everything the policy asks about a person, whether requester, approver or target. */
export interface PersonFacts {
  readonly id: InternalId;
  readonly displayName: string;
  readonly userPrincipalName: string;
  readonly jobTitle?: string;
  readonly department?: string;
  readonly officeLocation?: string;
  readonly enabled: boolean;
  readonly guest: boolean;
  /** Accounts with the same employee id are one human. Absent: the account can't be the second person. */
  readonly employeeId?: string;
  readonly roles: readonly Role[];
  /** Holds a directory role or is in a role-assignable group, directly or through a group. */
  readonly privileged: boolean;
  readonly breakGlass: boolean;
  readonly vip: boolean;
}

/** What the policy asks about a group. */
export interface GroupFacts {
  /** On the customer's list of groups that Steward may change. */
  readonly managed: boolean;
  /** Gives a role in Steward, or protects people from it. */
  readonly steward: boolean;
  readonly roleAssignable: boolean;
  readonly dynamic: boolean;
  /** Comes from on-premises. */
  readonly synced: boolean;
}

export interface WhoIsWho {
  /**
   * Facts about one account, or undefined when the directory has no such account.
   * `freshness` 'brief' may answer from a cache of at most 60 s; 'now' never does (approvals, execution).
   * Fails with `DIRECTORY_UNAVAILABLE` when the directory can't be read.
   */
  describe(id: InternalId, freshness: 'brief' | 'now', signal?: AbortSignal): Promise<PersonFacts | undefined>;
  /**
   * Facts about the person who uses a managed device; `'nobody'` where it has no primary user, undefined when there is
   * no such device. Same errors.
   */
  userOf(device: InternalId, freshness: 'brief' | 'now'): Promise<PersonFacts | 'nobody' | undefined>;
  /** Never from a cache. Undefined when there is no such group. Same errors. */
  describeGroup(group: InternalId): Promise<GroupFacts | undefined>;
  /** The account with exactly this sign-in name (user principal name), or undefined. Same errors. */
  find(signInName: string): Promise<InternalId | undefined>;
  /** The accounts that hold a role, nested groups included; at most `limit`. Same errors. */
  membersOf(role: Exclude<Role, 'employee'>, limit: number): Promise<readonly InternalId[]>;
}

/** A stored value with what is needed to replace it. */
export interface Stored<T> {
  readonly value: T;
  /** Version tag for optimistic concurrency. */
  readonly etag: string;
  /** Storage's own clock when it answered. */
  readonly storageNow: Date;
}

// --- kill switch ---------------------------------------------------------------------------------------------------

export const latchLevels = ['full', 'read-only', 'observe', 'off'] as const;
export type LatchLevel = (typeof latchLevels)[number];

export const stopScopes = ['model', 'action', 'person', 'conversation'] as const;
export type StopScope = (typeof stopScopes)[number];

/** Something less than everything that is stopped, or was until lately. */
export interface Stop {
  readonly scope: StopScope;
  /** Empty for the model, the action's name, or a digest of the person's or the conversation's id. */
  readonly key: string;
  /** What people are shown; empty where the key says it. */
  readonly label: string;
  /** Raised by every stop and every revival of the same thing; 0 for one that a hand wrote. */
  readonly epoch: number;
  readonly at: Date;
  /** Digest of the admin, or of whoever else it was, and the display name to show, or empty. */
  readonly by: string;
  readonly byName: string;
  readonly reason: string;
  /** Two admins lifted it. Kept for a day, so that nothing that waited under it lives again. */
  readonly lifted: boolean;
}

export interface Latch {
  readonly level: LatchLevel;
  /** Raised by every change of the level; approvals and tokens of an older epoch are dead. */
  readonly epoch: number;
  readonly changedAt: Date;
  /** Digest of the admin who changed it, or `deployment`. */
  readonly changedBy: string;
  /** The display name to show, or empty. */
  readonly changedByName: string;
  readonly reason: string;
  /** A random name of the last kill of everything, which a revival keeps: whoever is not sure whether their kill landed looks for it. */
  readonly kill?: string;
  readonly stops?: readonly Stop[];
  /** What hands and the command line stopped, in a row of its own, as text: `model; action NAME; person OBJECT-ID`. */
  readonly stopped?: string;
  /** Whether Steward itself wrote this row, and just then. A broken seal counts as off; what is off needs none. */
  readonly seal?: 'holds' | 'broken' | 'not needed';
}

export interface LatchStore {
  /** Undefined when the latch row is missing (which means killed). Fails when it can't be read. */
  read(signal: AbortSignal): Promise<Stored<Latch> | undefined>;
  /** Replaces the latch if it still has `etag`; the etag `any` replaces it whatever it holds. False on a conflict. */
  write(latch: Latch, etag: string): Promise<boolean>;
}

export interface AdminRoster {
  /** Remembers that these accounts were read as admin, for `kill` and `status` while Graph is down. */
  remember(id: InternalId, admin: boolean): Promise<void>;
  /** Whether the account was read as an admin within the last 24 h. */
  wasAdmin(id: InternalId): Promise<boolean>;
}

// --- money ---------------------------------------------------------------------------------------------------------

/** One movement of money. Amounts are integers of micro-USD, months and days those of UTC (`2026-01`, `2026-01-31`). */
export interface SpendEntry {
  readonly month: string;
  readonly day: string;
  /** Absent: the deployment's own account (embeddings, canaries), which has no day of its own. */
  readonly person?: InternalId;
  /** Negative where money is given back. */
  readonly amountMicroUsd: number;
  /** What the month may come to for whoever asks: less for those who must leave something to incidents. */
  readonly monthCapMicroUsd: number;
  /** An admin may have raised it for this person and day; the store knows. */
  readonly personDayCapMicroUsd: number;
  /** Books whatever the caps say: money that is spent already must be counted. */
  readonly force?: boolean;
}

export interface SpendAnswer {
  readonly kind: 'added' | 'month full' | 'person full';
  /** Spent and reserved in the month, as far as is known. */
  readonly monthMicroUsd: number;
}

export interface MonthSpend {
  readonly monthMicroUsd: number;
  /** Days on which money moved, oldest first. */
  readonly days: readonly { readonly day: string; readonly microUsd: number }[];
}

/** Counters of a month, of its days and of each person's day, over all instances. Fails with `STORAGE_UNAVAILABLE`. */
export interface SpendStore {
  /** Adds to all counters at once if none would pass its cap; fails with `PRICE_UNKNOWN` on what is no amount. */
  add(entry: SpendEntry): Promise<SpendAnswer>;
  read(month: string): Promise<MonthSpend>;
  /** From now on a person may spend so much on that day, and no more than the month has. An earlier raise is replaced. */
  raiseDay(raise: { readonly month: string; readonly day: string; readonly person: InternalId; readonly toMicroUsd: number }): Promise<void>;
  /** True for the first that asks about this matter in this month, over all instances. */
  isFirst(month: string, matter: string): Promise<boolean>;
}

// --- what the ledger says about people ----------------------------------------------------------------------------------

/** `kept`: it can be read; `held`: and is under legal hold; `erased`: it can't any more; `none`: nothing was ever said. */
export type PersonStanding = 'none' | 'kept' | 'held' | 'erased';

/** People by the keyed digest of their id. Everything fails with `LEDGER_UNAVAILABLE`. */
export interface PersonRecords {
  standing(person: string): Promise<PersonStanding>;
  /** For good, restored backups included, unless it is held. Resolves to how it stood before. */
  erase(person: string): Promise<PersonStanding>;
  /** From now on nothing of this person is erased. Resolves to how it stood before. */
  hold(person: string): Promise<PersonStanding>;
  /** Resolves to how it stood before. */
  release(person: string): Promise<PersonStanding>;
}

// --- limits --------------------------------------------------------------------------------------------------------

/** An action whose limits a second person raised, to `perHour` uses in an hour, until then. */
export interface RaisedLimit {
  readonly action: string;
  readonly perHour: number;
  readonly until: Date;
}

/** Counters by hour (`2026-01-31T09`) and key. */
export interface LimitStore {
  /** How often each key was counted in the hour. */
  used(hour: string, keys: readonly string[]): Promise<readonly number[]>;
  /** Counts one use of `key` in the hour if fewer than `limit` were counted. */
  count(hour: string, key: string, limit: number): Promise<boolean>;
  raise(raised: RaisedLimit): Promise<void>;
  /** What was raised last, also when it is over. */
  raisedFor(action: string): Promise<RaisedLimit | undefined>;
  raised(): Promise<readonly RaisedLimit[]>;
}

// --- effects that can be taken back --------------------------------------------------------------------------------

/** Who had an effect done to whom, for those who want to take it back. The newest one for each target. */
export interface EffectNotes {
  /** Notes that somebody had something done to `target` which the action `undoneBy` takes back. */
  note(undoneBy: string, target: InternalId, requesterDigest: string): Promise<void>;
  forget(undoneBy: string, target: InternalId): Promise<void>;
  /** Its age is by storage's clock. */
  find(undoneBy: string, target: InternalId): Promise<{ readonly requesterDigest: string; readonly ageMs: number } | undefined>;
}
