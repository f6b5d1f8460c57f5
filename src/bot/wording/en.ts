import type { StewardErrorCode } from '../../errors.ts';
import type { Role } from '../../guard/ports.ts';
import type { Phase } from '../phase.ts';

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
  TARGET_MISSING: 'The account you mean is no longer in the directory, so I did nothing. Please check the name and ask again.',
  POLICY_DENIED: 'Your role does not allow that, so I did nothing. Type “help” to see what you can ask for.',
  POLICY_EVALUATION_FAILED: 'I could not check whether that is allowed, so I did nothing. Please tell your Steward admin.',
  PERSON_UNKNOWN: 'I do not find your account in this organisation’s directory, so I did nothing. Please ask your IT helpdesk.',
  PERSON_GUEST: 'I only work for members of this organisation, not for guest accounts, so I did nothing. Please ask the colleague who invited you.',
  PLACE_NOT_PERSONAL: 'I take requests like this only in our personal chat, so I did nothing here. Please open a chat with me and ask again.',
  TARGET_PRIVILEGED: 'That account is protected (it holds an admin role or is an emergency account), so I did nothing. Please ask your identity team.',
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

/** The words for one action. `title` heads its card, `button` stands on it. */
export interface ActionWording {
  readonly title: string;
  /** For `help`: what a person can ask, with an example. */
  readonly help: string;
  readonly example: string;
  readonly button?: string;
  readonly consequence?: string;
  /** While it runs, and when it is done; `who` is the label of the target. */
  readonly running?: (who: string) => string;
  readonly done?: (who: string) => string;
  readonly undo?: string;
  /** Whether another action takes it back, so that a button may offer it. */
  readonly reversible?: boolean;
}

const actions: ReadonlyMap<string, ActionWording> = new Map<string, ActionWording>([
  ['find_person', { title: 'Person found', help: 'Find people', example: 'find Anna Weber' }],
  ['show_person', { title: 'Account', help: 'Show an account', example: 'show me Anna Weber’s account' }],
  ['list_devices', { title: 'Devices', help: 'List devices', example: 'which devices does Anna Weber have?' }],
  [
    'block_sign_in',
    {
      title: 'Block sign-in',
      help: 'Block sign-in',
      example: 'block Anna Weber’s sign-in because her phone was stolen',
      button: 'Block sign-in',
      consequence: 'New sign-ins are refused. Sessions that are already open stay open until they end or are ended.',
      running: (who) => `Blocking sign-in for ${who} …`,
      done: (who) => `Sign-in is blocked for ${who}.`,
      undo: 'Can be undone: ask me to unblock sign-in.',
      reversible: true,
    },
  ],
  [
    'unblock_sign_in',
    {
      title: 'Allow sign-in again',
      help: 'Allow sign-in again',
      example: 'unblock Anna Weber, her phone was found',
      button: 'Allow sign-in',
      consequence: 'The person can sign in again with their usual password and methods.',
      running: (who) => `Allowing sign-in for ${who} …`,
      done: (who) => `Sign-in is allowed again for ${who}.`,
      undo: 'Can be undone: ask me to block sign-in.',
      reversible: true,
    },
  ],
  [
    'revoke_sessions',
    {
      title: 'End all sessions',
      help: 'End all sessions',
      example: 'sign Anna Weber out everywhere, lost laptop',
      button: 'End sessions',
      consequence: 'The person is signed out everywhere within minutes and must sign in again. Sign-in itself stays possible.',
      running: (who) => `Ending the sessions of ${who} …`,
      done: (who) => `All sessions of ${who} were ended.`,
      undo: 'Can’t be undone; the person simply signs in again.',
    },
  ],
]);

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
const secondsOf = (seconds: number): string => (seconds === 1 ? '1 second' : `${seconds} seconds`);

const roleNames: Record<Role, string> = { employee: 'employee', helpdesk: 'helpdesk', approver: 'approver', 'backup approver': 'backup approver', admin: 'admin' };

export const en = {
  errors,
  actions,
  roleNames,

  reference: (id: string) => ` (Reference: ${id})`,

  // --- conversation ------------------------------------------------------------------------------------------------
  greeting: (name: string) => `Hello ${name}! Tell me what you need, or type “help” to see what I can do for you.`,
  thanks: 'You’re welcome.',
  offTopic: 'I only help with people’s accounts, sign-in and devices here. Type “help” to see what I can do for you.',
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
  nobodyFound: 'I found nobody by that name. Please check the spelling, or give me the mail address.',
  tooManyFound: 'Too many people match that. Please give me the full name or the mail address.',
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
    things: { person: 'Who', device: 'Device' } as const,
    argument: { reason: 'Reason', name: 'Name' } as Readonly<Record<string, string>>,
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
    title: 'Several people match. Which one do you mean?',
    summary: 'Several people match',
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
      ['platform', 'Platform'],
      ['compliance', 'Compliant'],
      ['last_sync', 'Last seen'],
      ['os_version', 'Version'],
      ['model', 'Model'],
      ['serial_number', 'Serial number'],
    ]),
    /** Words for closed sets, by field: text from outside is never taken for one. The glyph is for the glance, the word for everyone. */
    values: new Map([
      ['sign_in', new Map([['allowed', '✓ allowed'], ['blocked', '✗ blocked']])],
      ['compliance', new Map([['compliant', '✓ yes'], ['noncompliant', '✗ no'], ['other', '? unknown']])],
      ['platform', new Map([['windows', 'Windows'], ['macos', 'macOS'], ['ios', 'iOS'], ['android', 'Android'], ['linux', 'Linux'], ['other', 'other platform']])],
    ]),
    /** Fields that get a column of their own beside the first; the rest stands below that. Lists that are not here have no columns. */
    columns: new Map([['list_devices', ['compliance', 'last_sync']]]),
    heads: new Map([['device', 'Device'], ['person', 'Person']]),
    count: (count: number, more: boolean) => (more ? `The first ${count}` : count === 1 ? '1 entry' : `${count} entries`),
    none: new Map([['list_devices', 'No managed devices.']]),
    nothing: 'Nothing was found.',
    missing: '–',
    more: 'There are more than I show here.',
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
