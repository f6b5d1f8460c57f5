import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

export interface Person {
  readonly id: InternalId;
  readonly displayName: string;
  readonly userPrincipalName: string;
  readonly mail?: string;
  readonly jobTitle?: string;
  readonly department?: string;
  readonly officeLocation?: string;
  readonly signInAllowed: boolean;
  readonly guest: boolean;
  /** Changed through Steward a moment ago: the directory may still show what was before. */
  readonly settling?: boolean;
}

/** Kinds of what somebody proves with who they are: https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview */
export const methodKinds = ['password', 'phone', 'authenticator app', 'passkey', 'certificate', 'email', 'one-time code', 'windows hello', 'temporary access pass', 'other'] as const;
export type MethodKind = (typeof methodKinds)[number];

export interface AuthenticationMethod {
  readonly kind: MethodKind;
  /** The name of a phone or key, or the masked end of a number; never a secret. */
  readonly detail?: string;
  readonly createdAt?: Date;
}

export interface SignIn {
  readonly at: Date;
  readonly succeeded: boolean;
  /** Why not, as the directory words it. */
  readonly failure?: string;
  readonly app: string;
  readonly ipAddress?: string;
  readonly place?: string;
  readonly client?: string;
}

export interface Membership {
  readonly id: InternalId;
  readonly name: string;
  readonly kind: 'security' | 'microsoft 365' | 'other';
}

/** An app that somebody was assigned to. */
export interface AssignedApp {
  readonly name: string;
}

export interface PersonDetails extends Person {
  /** Product names. */
  readonly licences: readonly string[];
  readonly manager?: { readonly id: InternalId; readonly displayName: string };
}

export interface PeopleDirectory {
  /**
   * People whose name, mail address, user name or object id is `text`. An exact match on an address or id returns that
   * one person only.
   */
  find(text: string, limit: number, options: CallOptions): Promise<{ readonly people: readonly Person[]; readonly more: boolean }>;
  /** Fails with `SYSTEM_NOT_FOUND` when the person does not exist. */
  show(id: InternalId, options: CallOptions): Promise<PersonDetails>;
  authenticationMethods(id: InternalId, options: CallOptions): Promise<readonly AuthenticationMethod[]>;
  /** The newest first, of the last seven days. Fails with `SYSTEM_REFUSED` where the tenant's licence has no sign-in log. */
  signIns(id: InternalId, limit: number, options: CallOptions): Promise<{ readonly signIns: readonly SignIn[]; readonly more: boolean }>;
  /** Groups that the person is in directly. */
  groupsOf(id: InternalId, limit: number, options: CallOptions): Promise<{ readonly groups: readonly Membership[]; readonly more: boolean }>;
  /** Enterprise apps that the person was assigned to. */
  appsOf(id: InternalId, limit: number, options: CallOptions): Promise<{ readonly apps: readonly AssignedApp[]; readonly more: boolean }>;
  /** Sets `accountEnabled`. Fails with `SYSTEM_REFUSED`, `SYSTEM_NOT_FOUND`, `SYSTEM_UNAVAILABLE` or `SYSTEM_OUTCOME_UNKNOWN`. */
  setSignInAllowed(id: InternalId, allowed: boolean, options: CallOptions): Promise<OperationReceipt>;
  /** Ends every sign-in session. Same errors as `setSignInAllowed`. */
  revokeSessions(id: InternalId, options: CallOptions): Promise<OperationReceipt>;
}
