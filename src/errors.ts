/**
 * The one list of error codes. What people read for each stands in `bot/wording/en.ts`, as a
 * `Record<StewardErrorCode, string>`: a new code without a sentence does not compile.
 */
export const stewardErrorCodes = [
  // the plan that the model proposed
  'PLAN_MALFORMED',
  'PLAN_UNKNOWN_ACTION',
  'PLAN_TOO_LONG',
  'PLAN_TOO_MANY_TARGETS',
  'PLAN_TEXT_TOO_LONG',
  'PLAN_SCHEDULED',
  'PLAN_BAD_ARGUMENTS',
  'PLAN_TOO_MANY_ROUNDS',
  // what it points at
  'HANDLE_UNKNOWN',
  'TARGET_MISSING',
  // what the policy says
  'POLICY_DENIED',
  'POLICY_EVALUATION_FAILED',
  'PERSON_UNKNOWN',
  'PERSON_GUEST',
  'PLACE_NOT_PERSONAL',
  'TARGET_PRIVILEGED',
  'TARGET_SELF',
  'TARGET_NOT_OWN',
  'TARGET_CONFLICT',
  'IDENTITY_NONE',
  'IDENTITY_SEVERAL',
  'IDENTITY_GUEST',
  'IDENTITY_INACTIVE',
  'IDENTITY_RECREATED',
  'IDENTITY_CONTRADICTION',
  'TICKET_CLOSED',
  'ALREADY_SO',
  'LICENCE_NONE_LEFT',
  'LICENCE_NO_LOCATION',
  'LICENCE_INHERITED',
  'GROUP_NOT_MANAGED',
  'RECIPIENT_OUTSIDE',
  'LIMIT_REACHED',
  // approvals
  'REQUEST_WITHDRAWN',
  'APPROVAL_UNKNOWN',
  'APPROVAL_NOT_YOURS',
  'APPROVAL_OWN_REQUEST',
  'APPROVAL_SETTLED',
  'APPROVAL_EXPIRED',
  'APPROVAL_STALE',
  'APPROVAL_COPIED',
  'APPROVAL_NOBODY_REACHABLE',
  // what the ledger says about people
  'RECORDS_NOT_OFFICER',
  'RECORDS_OWN',
  'RECORDS_HELD',
  'RECORDS_NONE',
  // what may be said
  'KNOWLEDGE_NONE',
  'KNOWLEDGE_UNTRUSTED',
  'TOKEN_SPENT',
  // the kill switch
  'KILLED',
  'STOPPED_MODEL',
  'STOPPED_ACTION',
  'STOPPED_PERSON',
  'STOPPED_CONVERSATION',
  'READ_ONLY',
  'LATCH_UNREADABLE',
  'KILL_NOT_ADMIN',
  'REVIVE_NOT_KILLED',
  'REVIVE_NEEDS_REASON',
  // money
  'CEILING_MONTH',
  'CEILING_HELD_BACK',
  'CEILING_PERSON',
  'CEILING_TURN',
  'CEILING_OVERRUN',
  'CEILING_OTHER_MODEL',
  'PRICE_UNKNOWN',
  // other systems
  'MODEL_UNAVAILABLE',
  'MODEL_BUSY',
  'MODEL_FILTERED',
  'MODEL_MALFORMED',
  'DIRECTORY_UNAVAILABLE',
  'SYSTEM_UNAVAILABLE',
  'SYSTEM_REFUSED',
  'SYSTEM_NOT_FOUND',
  'SYSTEM_OUTCOME_UNKNOWN',
  'ROBOT_REVOKED',
  'STORAGE_UNAVAILABLE',
  'LEDGER_UNAVAILABLE',
  // what may be said
  'SAY_WITHHELD',
  'REPLY_UNDELIVERED',
  'TURN_TOO_LONG',
  // start-up and programming
  'CONFIGURATION_INVALID',
  'CATALOGUE_INVALID',
  'UNEXPECTED',
] as const;

export type StewardErrorCode = (typeof stewardErrorCodes)[number];

/**
 * The one error class of Steward. `message` is for logs and developers (a lower-case fragment, no ids, no values
 * from outside); people read the sentence that belongs to `code`.
 */
export class StewardError extends Error {
  readonly code: StewardErrorCode;

  constructor(code: StewardErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StewardError';
    this.code = code;
  }
}

/** The code of an error, or `UNEXPECTED` for anything that is not ours. */
export function errorCode(error: unknown): StewardErrorCode {
  return error instanceof StewardError ? error.code : 'UNEXPECTED';
}
