import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

/** Tickets in ServiceNow: rows of its table `incident`. Texts in them were written by anybody. */

export const ticketStates = ['new', 'in progress', 'on hold', 'resolved', 'closed', 'cancelled', 'other'] as const;
export type TicketState = (typeof ticketStates)[number];

export const ticketPriorities = ['critical', 'high', 'moderate', 'low', 'planning', 'unknown'] as const;
export type TicketPriority = (typeof ticketPriorities)[number];

/** Why the account of somebody in the other system can't be told for sure. */
export const identityConflicts = ['none', 'several', 'guest', 'inactive', 'recreated', 'contradiction'] as const;
export type IdentityConflict = (typeof identityConflicts)[number];

/** What two accounts of one human were matched by. */
export type MatchedBy = 'employee number' | 'mail address' | 'former address';

/** Something that a ticket refers to, found in Intune. */
export interface TicketReference {
  readonly id: InternalId;
  readonly label: string;
}

/** Somebody whom a ticket refers to: found in Entra, or why not. */
export type TicketPerson = (TicketReference & { readonly matchedBy: MatchedBy }) | { readonly conflict: IdentityConflict };

export interface Ticket {
  readonly id: InternalId;
  /** Public, such as INC0010023. */
  readonly number: string;
  readonly summary: string;
  readonly state: TicketState;
  readonly priority: TicketPriority;
  readonly openedAt?: Date;
  readonly updatedAt?: Date;
  readonly callerName?: string;
}

export interface TicketDetails extends Ticket {
  readonly description: string;
  /** The newest first. */
  readonly comments: readonly { readonly at: Date; readonly by: string; readonly text: string }[];
  /** Absent where the ticket has none. */
  readonly caller?: TicketPerson;
  readonly assignee?: TicketPerson;
  /** In Intune, by serial number. Absent where Intune has none of that number, or several. */
  readonly device?: TicketReference;
  readonly assigneeName?: string;
  readonly groupName?: string;
  readonly deviceName?: string;
}

export interface TicketSystem {
  /** By number, else by words in the summary; open ones first. */
  find(text: string, limit: number, options: CallOptions): Promise<{ readonly tickets: readonly Ticket[]; readonly more: boolean }>;
  /** Fails with `SYSTEM_NOT_FOUND`. */
  show(id: InternalId, options: CallOptions): Promise<TicketDetails>;
  /** Whose caller is this person; open ones first. Fails with an `IDENTITY_…` where their record in ServiceNow can’t be told for sure, as every effect below. */
  listOf(person: InternalId, limit: number, options: CallOptions): Promise<{ readonly tickets: readonly Ticket[]; readonly more: boolean }>;
  /** Every ticket that is not resolved or closed, the oldest first. */
  open(limit: number, options: CallOptions): Promise<{ readonly tickets: readonly Ticket[]; readonly more: boolean }>;
  /** In the name of `caller`. */
  create(ticket: { readonly caller: InternalId; readonly summary: string; readonly description: string }, options: CallOptions): Promise<{ readonly ticket: Ticket; readonly receipt: OperationReceipt }>;
  /**
   * A comment that the caller of the ticket sees, in somebody's name. With `ownOf`, fails with `TARGET_NOT_OWN` unless
   * that person is the ticket's caller. Fails with `TICKET_CLOSED` where the ticket takes no comments any more.
   */
  comment(id: InternalId, comment: { readonly text: string; readonly inNameOf: InternalId; readonly ownOf?: InternalId }, options: CallOptions): Promise<OperationReceipt>;
  /** Fails with `ALREADY_SO` or `TICKET_CLOSED`. */
  assign(id: InternalId, to: InternalId, options: CallOptions): Promise<OperationReceipt>;
  /** Resolves it, with ServiceNow's close code and these notes in somebody's name. Fails with `ALREADY_SO`. */
  close(id: InternalId, notes: { readonly text: string; readonly inNameOf: InternalId }, options: CallOptions): Promise<OperationReceipt>;
}
