import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

/** Groups in Entra. What the robot may change are those that it owns: the customer's list. */

export interface Group {
  readonly id: InternalId;
  readonly name: string;
  readonly description?: string;
  /** On the customer's list. */
  readonly managed: boolean;
}

export interface GroupMember {
  readonly id: InternalId;
  readonly displayName: string;
  readonly userPrincipalName: string;
  readonly jobTitle?: string;
  readonly department?: string;
}

export interface GroupDirectory {
  /** Groups whose name begins with or holds the words; those on the list first. */
  find(text: string, limit: number, options: CallOptions): Promise<{ readonly groups: readonly Group[]; readonly more: boolean }>;
  /** People in the group, directly. */
  members(id: InternalId, limit: number, options: CallOptions): Promise<{ readonly members: readonly GroupMember[]; readonly more: boolean }>;
  /** Fails with `ALREADY_SO` where the person is in it, else with the errors of any effect. */
  add(group: InternalId, person: InternalId, options: CallOptions): Promise<OperationReceipt>;
  /** Fails with `ALREADY_SO` where the person is not in it. */
  remove(group: InternalId, person: InternalId, options: CallOptions): Promise<OperationReceipt>;
}
