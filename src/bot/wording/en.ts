import type { StewardErrorCode } from '../../errors.ts';
import type { Role } from '../../guard/ports.ts';

/**
 * Everything that code says to people, in one file. Sentences are plain: what happened, that nothing happened, what
 * to do next. No codes, no ids, no blame.
 */

/** One sentence for each error. A new code without a sentence does not compile. */
const errors: Record<StewardErrorCode, string> = {
  PLAN_MALFORMED: 'I could not turn that into a plan I am allowed to follow, so I did nothing. Please say it in other words.',
  PLAN_UNKNOWN_ACTION: 'That would need something I am not able to do, so I did nothing. Type “help” to see what I can do.',
  PLAN_TOO_LONG: 'That is more steps than I take at once, so I did nothing. Please ask for less at a time.',
  PLAN_BAD_ARGUMENTS: 'I could not work out the details of that safely, so I did nothing. Please say who it is about, and why.',
  PLAN_TOO_MANY_ROUNDS: 'I went round in circles over that and stopped. Nothing was changed. Please ask for one thing at a time.',
  HANDLE_UNKNOWN: 'I lost track of whom you mean, so I did nothing. Please give me the name again.',
  TARGET_MISSING: 'The account you mean is no longer in the directory, so I did nothing.',
  POLICY_DENIED: 'Your role does not allow that, so I did nothing. Type “help” to see what you can ask for.',
  POLICY_EVALUATION_FAILED: 'I could not check whether that is allowed, so I did nothing. Please tell your Steward admin.',
  PERSON_UNKNOWN: 'I do not find your account in this organisation’s directory, so I can’t do anything for you.',
  PERSON_GUEST: 'I only work for members of this organisation, not for guest accounts. Nothing was done.',
  PLACE_NOT_PERSONAL: 'I take requests like this only in our personal chat, so I did nothing here.',
  TARGET_PRIVILEGED: 'That account is protected (it holds an admin role or is an emergency account), so I did nothing. Please ask your identity team.',
  TARGET_SELF: 'I do not do that to your own account, so I did nothing. Please ask a colleague.',
  LIMIT_REACHED: 'This action has reached its limit for this hour, so I did nothing. Please try again later or tell your Steward admin.',
  REQUEST_WITHDRAWN: 'You changed or deleted that message, so I dropped it. Nothing was done. Please ask again if you still need it.',
  APPROVAL_UNKNOWN: 'I do not know this request any more. Nothing was done. Please ask again.',
  APPROVAL_NOT_YOURS: 'This card is not for you to decide. Nothing was done by your click.',
  APPROVAL_OWN_REQUEST: 'You asked for this, or your account can’t be told apart from the one that did, so somebody else has to decide. Nothing was done by your click.',
  APPROVAL_SETTLED: 'This request has already been decided. Your click changed nothing.',
  APPROVAL_EXPIRED: 'This request waited too long and has expired. Nothing was done. Please ask again.',
  APPROVAL_STALE: 'Something changed since this card was made, so it no longer counts. Nothing was done. Please ask again.',
  APPROVAL_COPIED: 'This is not the original card, so your click does not count. Nothing was done. Please use the card that I sent.',
  APPROVAL_NOBODY_REACHABLE: 'This needs a second person, and nobody who may approve it can be reached by me yet, so I did nothing. Ask an approver to say hello to me first.',
  TOKEN_SPENT: 'This was already carried out once. Nothing was done a second time.',
  KILLED: 'Steward is switched off, so nothing was done. An admin can tell you more.',
  READ_ONLY: 'Steward is in read-only mode, so nothing was changed.',
  LATCH_UNREADABLE: 'I can’t check right now whether I may act, so I did nothing. Please try again in a moment.',
  KILL_NOT_ADMIN: 'Only a Steward admin can do that. Nothing was changed.',
  REVIVE_NOT_KILLED: 'Steward is running; there is nothing to revive.',
  REVIVE_NEEDS_REASON: 'Please add a reason: “revive because …”.',
  CEILING_MONTH: 'This month’s budget for the language model is used up, so I can’t work on that. An admin knows more.',
  CEILING_PERSON: 'Your share of today’s budget for the language model is used up, so I can’t work on that until tomorrow.',
  PRICE_UNKNOWN: 'I can’t tell what this would cost, so I did nothing. Please tell your Steward admin.',
  MODEL_UNAVAILABLE: 'I can’t think right now: the language model does not answer. Nothing was done. Please try again in a few minutes.',
  MODEL_BUSY: 'The language model is busy. Nothing was done. Please try again in a minute.',
  MODEL_FILTERED: 'The language model’s content filter stopped that message, so nothing was done. Please say it in other words.',
  MODEL_MALFORMED: 'The language model gave an answer that I can’t use, so nothing was done. Please try again.',
  DIRECTORY_UNAVAILABLE: 'I can’t reach the directory to check who is who, so I did nothing. Please try again in a few minutes.',
  SYSTEM_UNAVAILABLE: 'The system behind this does not answer, so it was not done. Please try again in a few minutes.',
  SYSTEM_REFUSED: 'The system behind this refused it, so it was not done.',
  SYSTEM_NOT_FOUND: 'It no longer exists in the system behind this, so nothing was done.',
  SYSTEM_OUTCOME_UNKNOWN: 'I do not know whether this took effect: the answer got lost. Please check in the directory before you try again.',
  STORAGE_UNAVAILABLE: 'I can’t keep my records right now, so I did nothing. Please try again in a few minutes.',
  LEDGER_UNAVAILABLE: 'I can’t write my audit record right now, so I did nothing. Please tell your Steward admin.',
  SAY_WITHHELD: 'I had an answer, but it contained something that I must not show, so I kept it back.',
  CONFIGURATION_INVALID: 'I am not set up correctly, so I did nothing. Please tell your Steward admin.',
  CATALOGUE_INVALID: 'I am not set up correctly, so I did nothing. Please tell your Steward admin.',
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
}

const actions: ReadonlyMap<string, ActionWording> = new Map<string, ActionWording>([
  ['find_person', { title: 'People found', help: 'find people', example: 'find Anna Weber' }],
  ['show_person', { title: 'Account', help: 'show an account', example: 'show me Anna Weber’s account' }],
  ['list_devices', { title: 'Devices', help: 'list devices', example: 'which devices does Anna Weber have?' }],
  [
    'block_sign_in',
    {
      title: 'Block sign-in',
      help: 'block someone’s sign-in',
      example: 'block Anna Weber’s sign-in because her phone was stolen',
      button: 'Block sign-in',
      consequence: 'New sign-ins are refused. Sessions that are already open stay open until they end or are ended.',
      running: (who) => `Blocking sign-in for ${who} …`,
      done: (who) => `Sign-in is blocked for ${who}.`,
      undo: 'Can be undone: ask me to unblock sign-in.',
    },
  ],
  [
    'unblock_sign_in',
    {
      title: 'Allow sign-in again',
      help: 'allow sign-in again',
      example: 'unblock Anna Weber, her phone was found',
      button: 'Allow sign-in',
      consequence: 'The person can sign in again with their usual password and methods.',
      running: (who) => `Allowing sign-in for ${who} …`,
      done: (who) => `Sign-in is allowed again for ${who}.`,
      undo: 'Can be undone: ask me to block sign-in.',
    },
  ],
  [
    'revoke_sessions',
    {
      title: 'End all sessions',
      help: 'end all sessions of someone',
      example: 'sign Anna Weber out everywhere, lost laptop',
      button: 'End sessions',
      consequence: 'The person is signed out everywhere within minutes and must sign in again. Sign-in itself stays possible.',
      running: (who) => `Ending the sessions of ${who} …`,
      done: (who) => `All sessions of ${who} were ended.`,
      undo: 'Can’t be undone; the person simply signs in again.',
    },
  ],
]);

const roleNames: Record<Role, string> = { employee: 'employee', helpdesk: 'helpdesk', approver: 'approver', admin: 'admin' };

export const en = {
  errors,
  actions,
  roleNames,

  reference: (id: string) => ` (Reference: ${id})`,

  // --- conversation ------------------------------------------------------------------------------------------------
  greeting: (name: string) => `Hello ${name}! Tell me what you need, or type “help” to see what I can do for you.`,
  thanks: 'You’re welcome.',
  welcome: 'Hello, I’m Steward. I look things up and carry out IT operations when you ask, and I change nothing before a person confirms it on a card. Type “help” to see what I can do for you.',
  offTopic: 'I only help with people’s accounts, sign-in and devices here. Type “help” to see what I can do for you.',
  helpTitle: (roles: string) => `What you can ask me (as ${roles}):`,
  helpLine: (what: string, example: string, own: boolean) => `- ${what}${own ? ' (your own)' : ''} — for example “${example}”`,
  helpApproval: { run: '', confirm: ' You confirm it on a card first.', 'second person': ' A second person approves it first.' },
  helpOwnExamples: new Map([
    ['show_person', 'show my account'],
    ['list_devices', 'which devices do I have?'],
  ]),
  helpAdmin: '- as an admin: “kill all”, “revive because …”, “status”',
  helpEnd: '“cancel” stops what I am doing and withdraws your open cards.',
  helpNothing: 'Your account has no role that lets you ask me for actions. Please ask your IT helpdesk.',
  groupOnly: (link: string) => `I take requests only in our personal chat: ${link} — here I answer “help” and “status”.`,
  yesIsNotApproval: 'A typed answer never approves anything. Please use the button on the card above, or type “cancel”.',
  cancelled: (cards: number, running: boolean) =>
    running ? 'I stopped working on it. Nothing was changed.' : cards === 0 ? 'There is nothing to cancel.' : cards === 1 ? 'Cancelled. The card is no longer valid, and nothing was changed.' : 'Cancelled. The cards are no longer valid, and nothing was changed.',
  interrupted: 'I was interrupted while working on your last message; nothing was done after that, and cards that were already sent stay valid. Please ask again if you still need it.',
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

  // --- cards -------------------------------------------------------------------------------------------------------
  card: {
    confirmTitle: (what: string) => `Please confirm: ${what}`,
    severalSteps: (count: number) => `${count} steps`,
    secondTitle: (what: string) => `Approval needed: ${what}`,
    who: 'Who',
    account: 'Account',
    argument: { reason: 'Reason', name: 'Name' } as Readonly<Record<string, string>>,
    from: { 'your words': 'in your own words', 'composed by Steward': 'worded by Steward' } as const,
    fromRequester: { 'your words': 'in the words of the person who asked', 'composed by Steward': 'worded by Steward' } as const,
    askedBy: 'Asked by',
    runsAtOnce: 'It runs at once when you confirm.',
    runsAtOnceSecond: 'It runs at once when you approve.',
    expires: (time: string) => `This card is valid until ${time}.`,
    confirm: 'Confirm',
    approve: 'Approve',
    deny: 'Don’t do it',
    cancelHint: 'It waits for somebody else. Type “cancel” to withdraw it.',
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
    ended: {
      denied: (who: string) => `${who} declined. Nothing was done.`,
      expired: 'Nobody decided in time. Nothing was done.',
      withdrawn: 'The request was withdrawn. Nothing was done.',
      killed: 'Steward was stopped before this was decided. Nothing was done.',
    } as const,
    decidedBy: (who: string, time: string) => `Approved by ${who}, ${time}`,
    step: { waiting: 'waiting', running: 'running', done: 'done', failed: 'not done', unknown: 'outcome unknown', 'not run': 'not run', observed: 'would have been done (observe mode); nothing was changed' } as const,
    interruptedBeforeStart: 'I was interrupted before this began. Nothing was done.',
  },

  pick: {
    title: 'Several people match. Which one do you mean?',
    summary: 'Several people match',
    guest: 'Guest',
    picked: (name: string) => `You picked ${name}.`,
    gone: 'This list is no longer current. Please ask again.',
  },

  results: {
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
      ['compliance', 'Compliance'],
      ['last_sync', 'Last seen'],
      ['model', 'Model'],
      ['os_version', 'Version'],
      ['serial_number', 'Serial number'],
    ]),
    values: new Map([
      ['allowed', 'allowed'],
      ['blocked', 'blocked'],
      ['windows', 'Windows'],
      ['macos', 'macOS'],
      ['ios', 'iOS'],
      ['android', 'Android'],
      ['linux', 'Linux'],
      ['noncompliant', 'not compliant'],
    ]),
    none: new Map([['list_devices', 'No managed devices.']]),
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
    line: (level: string, since: string, by: string) => `Steward is ${level}${since === '' ? '' : ` since ${since}`}${by === '' ? '' : `, set by ${by}`}.`,
    levels: { full: 'on', 'read-only': 'in read-only mode', observe: 'in observe mode (it changes nothing)', off: 'switched off' } as const,
    pending: (count: number) => (count === 1 ? '1 request waits for a person.' : `${count} requests wait for a person.`),
    spend: (spent: string, cap: string) => `Model spend this month: ${spent} of at most ${cap} USD.`,
    unreadable: 'I can’t read my kill switch, so I do nothing.',
    missing: 'My kill switch is missing, so I count as switched off. A deployment has to write it again.',
  },
} as const;
