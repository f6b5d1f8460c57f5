import type { StewardErrorCode } from '../../errors.ts';
import type { Role } from '../../guard/ports.ts';
import type { Phase } from '../phase.ts';
import type { ActionWording } from './actions/wording.ts';
import { azure } from './actions/azure.ts';
import { devices } from './actions/devices.ts';
import { groups } from './actions/groups.ts';
import { health } from './actions/health.ts';
import { licences } from './actions/licences.ts';
import { mail } from './actions/mail.ts';
import { people } from './actions/people.ts';
import { reports } from './actions/reports.ts';
import { tickets } from './actions/tickets.ts';

export type { ActionWording } from './actions/wording.ts';

/**
 * Everything that code says to people, in one file. Sentences are plain: what happened, that nothing happened, what
 * to do next. No codes, no ids, no blame.
 */

/** One sentence for each error. A new code without a sentence does not compile. */
const errors: Record<StewardErrorCode, string> = {
  PLAN_MALFORMED: 'I could not turn that into a plan I am allowed to follow, so I did nothing. Please say it in other words.',
  PLAN_UNKNOWN_ACTION: 'That would need something I am not able to do, so I did nothing. Type “help” to see what I can do.',
  PLAN_TOO_LONG: 'That is more steps than I take at once, so I did nothing. Please ask for less at a time.',
  PLAN_TOO_MANY_TARGETS: 'That is more than 25 at once, so I did nothing. Please split it into requests of at most 25 each.',
  PLAN_TEXT_TOO_LONG: 'That text is longer than 4,000 characters, too long to be shown whole on a card, so I did nothing. Please shorten it.',
  PLAN_SCHEDULED: 'I can only do things at once: not later, and not under a condition. So I did nothing. Please ask again when it is time, without the day, hour or condition.',
  PLAN_BAD_ARGUMENTS: 'I could not work out the details of that safely, so I did nothing. Please say who it is about, and why.',
  PLAN_TOO_MANY_ROUNDS: 'I went round in circles over that and stopped. Nothing was changed. Please ask for one thing at a time.',
  HANDLE_UNKNOWN: 'I lost track of whom you mean, so I did nothing. Please give me the name again.',
  TARGET_MISSING: 'The account, device or group you mean is no longer in the directory, so I did nothing. Please check the name and ask again.',
  POLICY_DENIED: 'Your role does not allow that, so I did nothing. Type “help” to see what you can ask for.',
  POLICY_EVALUATION_FAILED: 'I could not check whether that is allowed, so I did nothing. Please tell your Steward admin.',
  PERSON_UNKNOWN: 'I do not find your account in this organisation’s directory, so I did nothing. Please ask your IT helpdesk.',
  PERSON_GUEST: 'I only work for members of this organisation, not for guest accounts, so I did nothing. Please ask the colleague who invited you.',
  PLACE_NOT_PERSONAL: 'I take requests like this only in our personal chat, so I did nothing here. Please open a chat with me and ask again.',
  TARGET_PRIVILEGED: 'That account is protected (it holds an admin role or is an emergency account), so I did nothing. Please ask your identity team.',
  TARGET_NOT_OWN: 'That ticket is not yours, so I did nothing. Please ask your IT helpdesk.',
  TARGET_CONFLICT: 'I could not tell for sure which account that is in the other system, so nothing was done. Please have the records of this person put right there first.',
  IDENTITY_NONE: 'ServiceNow has no account with this person’s employee number or mail address, so nothing was done. Please have the account made there, or its number and address corrected.',
  IDENTITY_SEVERAL: 'Several accounts in ServiceNow or in the directory could be this person’s, so nothing was done. Please have the duplicates merged or put out of use.',
  IDENTITY_GUEST: 'A guest account goes by this mail address, and I don’t take guests for colleagues, so nothing was done. Please have the address of the guest account put right.',
  IDENTITY_INACTIVE: 'This person’s account in ServiceNow is inactive, so nothing was done. Please have it activated there, or ask for somebody else.',
  IDENTITY_RECREATED: 'The account with this mail address in ServiceNow has another employee number: it may belong to somebody else, so nothing was done. Please have number and address put right there.',
  IDENTITY_CONTRADICTION: 'This person’s employee number and mail address don’t lead to the same account in ServiceNow, so nothing was done. Please have the mail address put right there.',
  TICKET_CLOSED: 'That ticket is closed and takes no changes any more, so nothing was done. Please open a new one.',
  ALREADY_SO: 'That is already so, so nothing was changed. Please look at it if you expected something else.',
  LICENCE_NONE_LEFT: 'No licence of that kind is left, so nothing was changed. Please ask for more, or take one back first.',
  LICENCE_NO_LOCATION: 'The account has no usage location, without which Microsoft gives no licence. Nothing was changed. Please have the location set first.',
  LICENCE_INHERITED: 'That licence comes from a group, so it can’t be taken from the person alone. Nothing was changed. Please remove the person from that group instead.',
  RECIPIENT_OUTSIDE: 'I send mail only to members of this organisation at its own addresses, so I did nothing. Please have the address in the directory checked.',
  GROUP_NOT_MANAGED: 'That group is not on the list of groups that I may change, so I did nothing. Please ask your identity team.',
  TARGET_SELF: 'I do not do that to your own account, so I did nothing. Please ask a colleague.',
  LIMIT_REACHED: 'This action has reached its limit for this hour, so I did nothing. Please try again later, or tell your Steward admin if it can’t wait.',
  REQUEST_WITHDRAWN: 'You changed or deleted that message, so I dropped it. Nothing was done. Please ask again if you still need it.',
  APPROVAL_UNKNOWN: 'I do not know this request any more, so I did nothing. Please ask again.',
  APPROVAL_NOT_YOURS: 'This card is not for you to decide, so your click changed nothing. Please leave it to the people who were asked.',
  APPROVAL_OWN_REQUEST: 'You asked for this, or your account can’t be told apart from the one that did, so your click changed nothing. Somebody else has to decide.',
  APPROVAL_SETTLED: 'This request has already been decided, so your click changed nothing. The card shows what came of it.',
  APPROVAL_EXPIRED: 'This request waited too long and has expired, so nothing was done. Please ask again.',
  APPROVAL_STALE: 'Something changed since this card was made, so it no longer counts and nothing was done. Please ask again.',
  APPROVAL_COPIED: 'This is not the original card, so your click changed nothing. Please use the card that I sent.',
  APPROVAL_NOBODY_REACHABLE: 'This needs a second person, and I can reach nobody who may approve it, so I did nothing. Please ask an approver to say hello to me, then ask again.',
  TOKEN_SPENT: 'This was already carried out once, so nothing was done a second time. Please check the card above, and ask again only if you still need it.',
  KILLED: 'Steward is switched off, so nothing was done. Please ask your Steward admin when it will be back.',
  READ_ONLY: 'Steward is in read-only mode, so nothing was changed. Please ask me only to look things up, or ask your Steward admin.',
  LATCH_UNREADABLE: 'I can’t check right now whether I may act, so I did nothing. Please try again in a moment.',
  KILL_NOT_ADMIN: 'Only a Steward admin can do that, so nothing was changed. Please ask one of them.',
  REVIVE_NOT_KILLED: 'Steward is running, so nothing was changed. Type “status” to see how it stands.',
  REVIVE_NEEDS_REASON: 'I need a reason for that, so nothing was changed. Please type “revive because …” with the reason.',
  CEILING_MONTH: 'This month’s budget for the language model is used up, so I did nothing. Please tell your Steward admin.',
  CEILING_PERSON: 'Your share of today’s budget for the language model is used up, so I did nothing. Please ask again tomorrow, or ask a colleague.',
  PRICE_UNKNOWN: 'I can’t tell what this would cost, so I did nothing. Please tell your Steward admin.',
  MODEL_UNAVAILABLE: 'The language model does not answer, so nothing was done. Please try again in a few minutes.',
  MODEL_BUSY: 'The language model is busy, so nothing was done. Please try again in a minute.',
  MODEL_FILTERED: 'The language model’s content filter stopped that message, so nothing was done. Please say it in other words.',
  MODEL_MALFORMED: 'The language model gave an answer that I can’t use, so nothing was done. Please ask again.',
  DIRECTORY_UNAVAILABLE: 'I can’t reach the directory to check who is who, so I did nothing. Please try again in a few minutes.',
  SYSTEM_UNAVAILABLE: 'The system behind this does not answer, so it was not done. Please try again in a few minutes.',
  SYSTEM_REFUSED: 'The system behind this refused it, so it was not done. Please tell your Steward admin.',
  SYSTEM_NOT_FOUND: 'It no longer exists in the system behind this, so nothing was done. Please check the name and ask again.',
  SYSTEM_OUTCOME_UNKNOWN: 'I do not know whether this took effect: the answer got lost. Please check the account before you try again.',
  STORAGE_UNAVAILABLE: 'I can’t keep my records right now, so I did nothing. Please try again in a few minutes.',
  LEDGER_UNAVAILABLE: 'I can’t write my audit record right now, so I did nothing. Please tell your Steward admin.',
  SAY_WITHHELD: 'I had an answer, but it contained something that I must not show, so I kept it back. Please ask in other words, or tell your Steward admin.',
  CONFIGURATION_INVALID: 'I am not set up correctly, so I did nothing. Please tell your Steward admin.',
  CATALOGUE_INVALID: 'I am not set up correctly, so I did nothing. Please tell your Steward admin.',
  REPLY_UNDELIVERED: 'I had trouble delivering my answer, so you may not see all of it. Please ask again if something is missing.',
  TURN_TOO_LONG: 'That took too long, so I stopped. Nothing was done. Please try again in a few minutes.',
  UNEXPECTED: 'Something went wrong on my side, so I stopped. Please tell your Steward admin if it happens again.',
};

const actions: ReadonlyMap<string, ActionWording> = new Map([...people, ...devices, ...groups, ...licences, ...mail, ...health, ...tickets, ...azure, ...reports]);

/** What takes so long, and what did when it took too long. */
const doing: Record<Exclude<Phase, 'queued' | 'acting'>, string> = {
  starting: 'I am checking who you are and what we said before',
  thinking: 'I am asking the language model',
  'looking up': 'I am looking it up in the directory',
  'asking people': 'I am preparing the card',
};
const late: Record<Phase, string> = {
  starting: 'my records or the directory did not answer in time',
  queued: 'I was still busy with your earlier message',
  thinking: 'the language model did not answer in time',
  'looking up': 'the directory did not answer in time',
  'asking people': 'the card could not be made in time',
  acting: 'the system behind it did not answer in time',
};
const plurals: Readonly<Record<string, string>> = { person: 'people', device: 'devices', group: 'groups', ticket: 'tickets' };
const secondsOf = (seconds: number): string => (seconds === 1 ? '1 second' : `${seconds} seconds`);

const roleNames: Record<Role, string> = { employee: 'employee', helpdesk: 'helpdesk', approver: 'approver', 'backup approver': 'backup approver', admin: 'admin' };

/** Why somebody in a ticket is not shown as a person of the directory. */
const unmatched: ReadonlyMap<string, string> = new Map([
  ['none', 'Nobody in the directory has that employee number or mail address.'],
  ['several', 'Several accounts could be meant.'],
  ['guest', 'A guest account goes by that mail address.'],
  ['inactive', 'The account in ServiceNow is inactive.'],
  ['recreated', 'The mail address belongs to somebody with another employee number.'],
  ['contradiction', 'Employee number and mail address don’t lead to the same account.'],
]);

export const en = {
  errors,
  actions,
  roleNames,

  reference: (id: string) => ` (Reference: ${id})`,

  // --- conversation ------------------------------------------------------------------------------------------------
  greeting: (name: string) => `Hello ${name}! Tell me what you need, or type “help” to see what I can do for you.`,
  thanks: 'You’re welcome.',
  offTopic: 'I only help with IT matters here: accounts, devices, groups, licences, tickets and the like. Type “help” to see what I can do for you.',
  groupOnly: (link: string) => `I take requests only in our personal chat: ${link} — here I answer “help” and “status”.`,
  yesIsNotApproval: 'A typed answer never approves anything. Please use the button on the card above, or type “cancel”.',
  cancelled: (cards: number, running: boolean) =>
    running ? 'I stopped working on it. Nothing was changed.' : cards === 0 ? 'There is nothing to cancel.' : cards === 1 ? 'Cancelled. The card is no longer valid, and nothing was changed.' : 'Cancelled. The cards are no longer valid, and nothing was changed.',
  interrupted: 'I was interrupted while working on your last message; nothing was done after that, and cards that were already sent stay valid. Please ask again if you still need it.',
  cancelledActing: 'I stopped what had not begun. One step was already on its way; I’ll tell you here what came of it.',
  cancelCardsUnknown: 'I could not reach my records to withdraw your open cards, if there are any. Please type “cancel” again in a moment.',
  doneSentence: (title: string) => `This was done: ${title}.`,
  stoppedAfter: (done: string) => `${done} After that I stopped; nothing more was done.`,
  tookTooLong: (phase: Phase, seconds: number) => `That took too long, so I stopped after ${seconds} seconds: ${late[phase]}. Nothing was done. Please try again in a few minutes.`,
  tookTooLongActing: 'This takes longer than it should. One step has already begun, and I don’t know yet whether it took effect; I’ll tell you here as soon as I do.',
  progress: {
    status: (phase: Phase) => (phase === 'acting' ? 'Still working on it: I am carrying it out.' : `Still working on ${phase === 'queued' ? 'your earlier message; this one comes next' : `it: ${doing[phase]}`}. Type “cancel” to stop.`),
    ended: {
      over: (seconds: number) => `That took ${secondsOf(seconds)}.`,
      cancelled: (seconds: number) => `Cancelled after ${secondsOf(seconds)}.`,
      stopped: (seconds: number) => `Stopped after ${secondsOf(seconds)}.`,
    },
    undelivered: 'I could not deliver my answer. Please ask again.',
  },
  /** By the kind of what was looked for. */
  noneFound: {
    person: 'I found nobody by that name. Please check the spelling, or give me the mail address.',
    device: 'I found no device with that serial number. Please check it, or ask me for the devices of a person.',
    group: 'I found no group by that name. Please check the spelling.',
    ticket: 'I found no ticket like that. Please check the number, or use other words.',
    app: 'I found no app by that name among those that I may restart. Please check the name.',
  } as Readonly<Record<string, string>>,
  tooManyFound: {
    person: 'Too many people match that. Please give me the full name or the mail address.',
    device: 'Too many devices match that. Please give me the whole serial number.',
    group: 'Too many groups match that. Please give me the full name.',
    ticket: 'Too many tickets match that. Please give me the number, or more words.',
  } as Readonly<Record<string, string>>,
  nothingChanged: 'To be clear: nothing was changed.',
  emptyMessage: 'I can only read text. Please write what you need, or type “help”.',
  tooLong: 'That message is longer than I can take. Please keep it under 4,000 characters. Nothing was done.',
  unknownName: 'somebody I don’t know',
  linkRemoved: '[link removed]',
  idRemoved: '[id removed]',
  stillChecking: 'I am still checking your click. The card will show the result.',
  waitingForSecond: (who: string) => `This needs a second person. I have asked ${who}; I’ll tell you here what comes of it.`,

  // --- requests that wait ------------------------------------------------------------------------------------------
  approvalsChat: 'the approvals chat',
  reminder: (what: string, who: string) => `Reminder: ${who} still waits for a decision about “${what}”. The card is above.`,
  escalated: (who: string) => `Nobody has decided yet, so I have asked ${who} as well.`,
  escalatedToNobody: 'Nobody has decided yet, and there is nobody else I could ask. You can withdraw the request with “cancel”.',
  pendingNothing: 'Nothing waits for you.',
  pendingForYou: 'Waiting for your decision, on the cards above:',
  pendingFromYou: 'You asked, and others decide:',
  pendingLine: (what: string, whom: string, who: string) => `- ${what}${whom === '' ? '' : `: ${whom}`} (asked by ${who})`,
  pendingMore: (count: number) => `- and ${count} more`,
  andOthers: (first: string, count: number) => `${first} and ${count} more`,
  approvalsNeedGroup: 'Say that in the group chat or channel where requests should be decided.',
  approvalsHere: 'From now on I ask for second approvals here. “approvals not here” ends that.',
  approvalsNotHere: 'I no longer ask for approvals here.',
  approvalsWereNotHere: 'I did not ask for approvals here. Nothing was changed.',
  raise: {
    title: (what: string) => `Raise the limit: ${what}`,
    button: 'Raise the limit',
    consequence: (perHour: number) => `Up to ${perHour} times an hour for 60 minutes. Then the usual limit holds again by itself.`,
    unknown: 'I don’t know an action of that name that you may ask for. Say for example “raise limit of block sign-in because …”.',
    fixed: 'The limit of that action can’t be raised. Nothing was changed.',
    needsReason: 'Please add a reason: “raise limit of … because …”. Nothing was changed.',
    tooLong: (most: number) => `Please keep the reason under ${most} characters. Nothing was changed.`,
  },
  undo: {
    command: 'undo',
    started: 'I am preparing it; please look at the new card.',
    nothing: 'There is nothing here that I could take back for you.',
    reason: 'Taking back what was done before',
  },

  // --- what a person can ask -----------------------------------------------------------------------------------------
  help: {
    title: 'What you can ask me',
    welcome: 'Hello, I’m Steward',
    who: 'I look things up and carry out IT operations when you ask, in your own words.',
    promises: ['I change nothing before a person confirms it on a card.', 'An admin can stop me at once.'],
    roles: (roles: string) => `Your roles: ${roles}`,
    groups: { run: 'Look things up', confirm: 'Change something (you confirm)', 'second person': 'Change something (a second person approves)' } as const,
    own: new Map([
      ['show_person', { help: 'Show your own account', example: 'show my account' }],
      ['list_devices', { help: 'List your own devices', example: 'which devices do I have?' }],
    ]),
    approver: 'Decide for others',
    approverText: 'Requests that need a second person come to you as cards. Only the button on the card decides.',
    admin: 'Stop and start me',
    adminLines: [
      ['Stop everything at once', 'kill all'],
      ['Start again, with a second admin', 'revive because …'],
      ['See how I stand', 'status'],
      ['Have requests decided in a group chat', 'approvals here'],
    ],
    end: 'Type “cancel” to stop what I am doing and withdraw your open cards, “undo” to take back what was done last, “pending” to see what waits, “status” to see how I stand.',
    nothing: 'Your account has no role that lets you ask me for anything. Please ask your IT helpdesk.',
  },

  // --- cards -------------------------------------------------------------------------------------------------------
  card: {
    confirmTitle: (what: string) => `Please confirm: ${what}`,
    severalSteps: (count: number) => `${count} steps`,
    severalTargets: (what: string, count: number) => `${what} for ${count} people`,
    settleTitle: (what: string) => `Please check: ${what}`,
    progress: (done: number, count: number) => `${done} of ${count} done`,
    secondTitle: (what: string) => `Approval needed: ${what}`,
    things: { person: 'Who', device: 'Device', group: 'Group', licence: 'Licence', ticket: 'Ticket', app: 'App' } as const,
    flag: (on: boolean) => (on ? 'yes' : 'no'),
    argument: { reason: 'Reason', name: 'Name', summary: 'Summary', description: 'Description', text: 'Comment', notes: 'Notes', subject: 'Subject', body: 'Mail', person: 'Who', days: 'Days', last_day: 'Last day' } as Readonly<Record<string, string>>,
    from: { 'your words': 'in your own words', 'composed by Steward': 'worded by Steward' } as const,
    fromRequester: { 'your words': 'in the words of the person who asked', 'composed by Steward': 'worded by Steward' } as const,
    askedBy: 'Asked by',
    effect: 'Effect',
    undo: 'Undo',
    when: 'When',
    runsAtOnce: 'It runs at once when you confirm.',
    runsAtOnceOthers: 'It runs at once when somebody approves.',
    runsAtOnceSecond: 'It runs at once when you approve.',
    validUntil: 'Valid until',
    whySecond: 'This is sensitive, so the person who asks can’t confirm it alone. Please check with them if anything looks odd.',
    whySecondRaise: 'Doing more of this than usual takes a second person. It ends by itself after an hour.',
    whySettle: 'The answer of the system behind this got lost. Please look there whether it took effect, then say here what you found.',
    settleDone: 'It took effect',
    settleNotDone: 'It did not',
    settled: { done: 'Done, an admin checked', 'not done': 'Not done, an admin checked' } as const,
    settledBy: (who: string) => `${who} looked and said so.`,
    unknownNext: 'Admins are asked to look.',
    withdraw: 'Withdraw',
    undoButton: 'Undo',
    denyReason: 'If you decline: why? (optional)',
    denyReasonUnusable: (most: number) => `That reason is longer than ${most} characters, or holds some that can’t be shown, so nothing was decided. Please change it and press the button again.`,
    deniedBecause: (reason: string) => `Reason: ${reason}`,
    whySecondRevive: 'Reviving takes two admins: one proposes it, another one confirms it here.',
    waiting: { requester: 'Waiting for you to confirm', 'second person': 'Waiting for a second person' } as const,
    confirm: 'Confirm',
    approve: 'Approve',
    deny: 'Don’t do it',
    cancelHint: 'Somebody else was asked. You can withdraw it.',
    fallback: 'This card needs a newer version of Teams. Nothing happens without it.',
    summary: (what: string) => `Please confirm: ${what}`,
    state: {
      pending: 'Waiting',
      approved: 'Running …',
      executing: 'Running …',
      succeeded: 'Done',
      failed: 'Not done',
      unknown: 'Outcome unknown',
      denied: 'Declined',
      expired: 'Expired',
      withdrawn: 'Withdrawn',
      killed: 'Stopped',
    } as const,
    partly: 'Not done in full',
    outcome: (what: string, whom: string, state: string) => `${what}${whom === '' ? '' : ` (${whom})`}: ${state}.`,
    reasonOnCard: 'The reason is on the card.',
    observed: 'Observe mode: this would have been carried out, nothing was changed',
    ended: {
      denied: (who: string) => `${who} declined. Nothing was done.`,
      expired: 'Nobody decided in time. Nothing was done.',
      withdrawn: 'The request was withdrawn. Nothing was done.',
      killed: 'Steward was stopped before this was decided. Nothing was done.',
    } as const,
    decidedBy: { requester: (who: string) => `Confirmed by ${who}`, 'second person': (who: string) => `Approved by ${who}` } as const,
    step: { waiting: 'waiting', running: 'running', done: 'done', failed: 'not done', unknown: 'outcome unknown', 'not run': 'not run', observed: 'would have been done (observe mode); nothing was changed' } as const,
    interruptedBeforeStart: 'I was interrupted before this began. Nothing was done.',
  },

  pick: {
    title: (kind: string) => `Several ${plurals[kind] ?? 'things'} match. Which one do you mean?`,
    summary: (kind: string) => `Several ${plurals[kind] ?? 'things'} match`,
    how: 'Pick a row or press its number. Nothing changes by picking.',
    row: (number: number) => `Row ${number}`,
    done: 'Picked',
    guest: 'Guest',
    picked: (name: string) => `You picked ${name}.`,
    gone: 'This list is no longer current. Please ask again.',
  },

  results: {
    /** In the order in which they are shown side by side. */
    fields: new Map([
      ['sign_in', 'Sign-in'],
      ['account', 'Kind'],
      ['manager', 'Manager'],
      ['job_title', 'Job title'],
      ['department', 'Department'],
      ['office', 'Office'],
      ['user_name', 'User name'],
      ['mail', 'Mail'],
      ['licences', 'Licences'],
      ['platform', 'Platform'],
      ['compliance', 'Compliant'],
      ['last_sync', 'Last seen'],
      ['os_version', 'Version'],
      ['model', 'Model'],
      ['serial_number', 'Serial number'],
      ['user', 'User'],
      ['app_state', 'State'],
      ['enrolled', 'Enrolled'],
      ['encryption', 'Encrypted'],
      ['owner', 'Owned by'],
      ['licence', 'Product'],
      ['used', 'Used'],
      ['available', 'Left'],
      ['total', 'In all'],
      ['priority', 'Priority'],
      ['state', 'State'],
      ['summary', 'Summary'],
      ['caller', 'Caller'],
      ['opened', 'Opened'],
      ['updated', 'Changed'],
      ['caller_name', 'Caller, as the ticket says'],
      ['caller_unmatched', 'Who is that?'],
      ['caller_matched_by', 'Found by'],
      ['assignee', 'Assigned to'],
      ['assignee_name', 'Assigned to, as the ticket says'],
      ['assignee_unmatched', 'Who is that?'],
      ['assignment_group', 'Group'],
      ['device', 'Device'],
      ['device_name', 'Device, as the ticket says'],
      ['description', 'The ticket says'],
      ['written', 'Written'],
      ['comment', 'Wrote'],
      ['comment_state', 'Comment'],
      ['method', 'Method'],
      ['method_name', 'Name'],
      ['added', 'Added'],
      ['signed_in_at', 'When'],
      ['sign_in_result', 'Result'],
      ['app_name', 'App'],
      ['failure', 'Why'],
      ['place', 'Place'],
      ['ip_address', 'IP address'],
      ['client', 'With'],
      ['group_kind', 'Kind'],
      ['members_changeable', 'I may change its members'],
      ['group_description', 'Description'],
      ['issue_kind', 'Kind'],
      ['since', 'Since'],
      ['updated_at', 'Last news'],
      ['service', 'Service'],
      ['impact', 'What it does'],
    ]),
    /** Quotations: shown whole, since nothing else shows what was written. */
    whole: new Set(['description', 'comment', 'impact']),
    /** What the model needs to tell things apart, and people read from their names already. */
    modelOnly: new Set(['product', 'app_count']),
    /** Said when it is so. */
    sentences: new Map([['changed_recently', 'I changed this account within the last minute: some of this may still be as it was before.']]),
    /** Points in time that are shown with the hour. */
    timed: new Set(['signed_in_at', 'since', 'updated_at']),
    time: (iso: string) => `${iso.slice(0, 16).replace('T', ' ')} UTC`,
    /** Words for closed sets, by field: text from outside is never taken for one. The glyph is for the glance, the word for everyone. */
    values: new Map([
      ['sign_in', new Map([['allowed', '✓ allowed'], ['blocked', '✗ blocked']])],
      ['compliance', new Map([['compliant', '✓ yes'], ['noncompliant', '✗ no'], ['other', '? unknown']])],
      ['platform', new Map([['windows', 'Windows'], ['macos', 'macOS'], ['ios', 'iOS'], ['android', 'Android'], ['linux', 'Linux'], ['other', 'other platform']])],
      ['method', new Map([['password', 'Password'], ['phone', 'Phone'], ['authenticator app', 'Authenticator app'], ['passkey', 'Passkey'], ['certificate', 'Certificate'], ['email', 'Mail, to reset a password'], ['one-time code', 'One-time code'], ['windows hello', 'Windows Hello'], ['temporary access pass', 'Temporary Access Pass'], ['other', 'Another method']])],
      ['sign_in_result', new Map([['succeeded', '✓ signed in'], ['failed', '✗ failed']])],
      ['group_kind', new Map([['security', 'Security'], ['microsoft 365', 'Microsoft 365'], ['other', 'Other']])],
      ['issue_kind', new Map([['incident', 'Incident'], ['advisory', 'Advisory'], ['other', 'Other']])],
      ['members_changeable', new Map([['true', '✓ yes'], ['false', '✗ no']])],
      ['encryption', new Map([['on', '✓ yes'], ['off', '✗ no']])],
      ['app_state', new Map([['running', '✓ running'], ['stopped', '✗ stopped'], ['other', '? unknown']])],
      ['caller_unmatched', unmatched],
      ['assignee_unmatched', unmatched],
      ['caller_matched_by', new Map([['former address', 'an address that they had before']])],
      ['owner', new Map([['company', 'the company'], ['personal', 'the person'], ['unknown', 'unknown']])],
    ]),
    /** Fields that get a column of their own beside the first; the rest stands below that. Lists that are not here have no columns. */
    columns: new Map([
      ['list_devices', ['compliance', 'last_sync']],
      ['list_mfa_methods', ['method_name', 'added']],
      ['list_sign_ins', ['sign_in_result', 'app_name']],
      ['list_groups', ['group_kind']],
      ['list_licences', ['used', 'available']],
      ['list_own_tickets', ['state', 'updated']],
      ['report_stale_devices', ['user', 'compliance', 'last_sync']],
      ['report_licence_use', ['used', 'available', 'total']],
      ['report_group_members', ['department']],
      ['report_open_tickets', ['priority', 'opened']],
    ]),
    heads: new Map([['app', 'App'], ['group', 'Group'], ['licence', 'Licence'], ['device', 'Device'], ['person', 'Person'], ['ticket', 'Ticket'], ['user', 'User']]),
    count: (count: number, more: boolean) => (more ? `The first ${count}` : count === 1 ? '1 entry' : `${count} entries`),
    none: new Map([
      ['list_mfa_methods', 'No sign-in methods.'], ['list_sign_ins', 'No sign-ins in the last seven days.'], ['list_groups', 'No groups.'], ['list_apps', 'No apps.'], ['list_licences', 'No licences.'], ['show_service_health', 'Microsoft reports no problem that is not resolved.'],
      ['list_devices', 'No managed devices.'], ['list_app_services', 'No apps that I may restart.'], ['list_own_tickets', 'You have no tickets.'], ['show_ticket', 'No comments.'],
      ['report_stale_devices', 'Every managed device checked in.'],
      ['report_licence_use', 'No licences.'],
      ['report_group_members', 'Nobody is in that group directly.'],
      ['report_open_tickets', 'No open tickets.'],
    ]),
    /** `count` rows were read; where that is not all, there are more. */
    reportCount: (shown: number, count: number, complete: boolean) => {
      const all = `${complete ? '' : 'more than '}${count.toLocaleString('en-GB')}`;
      return shown < count || !complete ? `The first ${shown} of ${all}` : count === 1 ? '1 entry' : `${count} entries`;
    },
    incomplete: 'There are more than a report can hold.',
    /** By the field whose values are counted, or by the first part of each bar. */
    chartTitles: new Map([['platform', 'By platform'], ['priority', 'By priority'], ['used', 'Used and left']]),
    chartParts: (name: string, part: number, whole: number) => `${name}: ${part} of ${whole} used`,
    nothing: 'Nothing was found.',
    missing: '–',
    more: 'There are more than I show here.',
  },

  // --- a report as a file ------------------------------------------------------------------------------------------
  files: {
    name: (title: string, day: string) => `${title} ${day}.xlsx`,
    /** Teams shows it above its two buttons. */
    offer: (rows: number) => `${rows === 1 ? 'The row' : `All ${rows.toLocaleString('en-GB')} rows`} as a table for Excel, read again when you accept. It is put into your OneDrive; the offer ends after 15 minutes.`,
    incomplete: 'This table is not complete: there is more than a report can hold.',
    summary: 'Report as a file',
    declined: 'All right, no file was made.',
    gone: 'That file is no longer on offer, so none was made. Please ask for the report again.',
    elsewhere: 'Teams named a place for the file that is not your organisation’s OneDrive, so I did not put it there. Please tell your Steward admin.',
    notNow: 'I put no files anywhere at the moment. Type “status” to see how I stand.',
    failed: 'I could not put the file into your OneDrive. Please ask for the report again.',
    unknown: 'I do not know whether the file reached your OneDrive: the answer got lost. Please look there before you ask again.',
  },

  // --- kill switch -------------------------------------------------------------------------------------------------
  kill: {
    done: 'Steward is switched off. Nothing new begins; a request that was already on its way may still take effect. Two admins can revive it: “revive because …”.',
    doneHereOnly: 'I stopped here at once, but my storage did not answer, so other instances may still run. Please also stop the deployment in Azure.',
    unknownScope: 'I understand “kill all”. Nothing was changed.',
    proposed: (who: string) => `I have asked ${who} to confirm the revival.`,
    reviveTitle: 'Revive Steward?',
    reviveButton: 'Revive',
    nobody: 'No other admin can be reached by me yet. Ask another admin to say hello to me, then propose again.',
    reason: 'Reason',
  },

  status: {
    title: 'How Steward stands',
    line: (level: string) => `Steward is ${level}.`,
    levels: { full: 'on', 'read-only': 'in read-only mode (it changes nothing)', observe: 'in observe mode (it changes nothing)', off: 'switched off' } as const,
    since: 'Since',
    by: 'Set by',
    waiting: 'Requests',
    pending: (count: number) => (count === 0 ? 'None waits for a person.' : count === 1 ? '1 waits for a person.' : `${count} wait for a person.`),
    unknown: (count: number) => (count === 1 ? 'Of 1 nobody knows the outcome: an admin has to look.' : `Of ${count} nobody knows the outcome: an admin has to look.`),
    limit: 'Limit raised',
    raised: (what: string, perHour: number) => `${what}: up to ${perHour} an hour`,
    raisedUntil: (time: string) => `until ${time}`,
    spendLabel: 'Model spend',
    spend: (spent: string, cap: string) => `${spent} of at most ${cap} USD this month`,
    partly: 'The rest can’t be read right now. Please try again in a few minutes.',
    unreadable: 'I can’t read my kill switch, so I do nothing.',
    missing: 'My kill switch is missing, so I count as switched off. A deployment has to write it again.',
  },
} as const;

/** What people call an action. */
export function actionTitle(action: string): string {
  return actions.get(action)?.title ?? action.replaceAll('_', ' ');
}
