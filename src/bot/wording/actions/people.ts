import type { ActionWordings } from './wording.ts';

export const people: ActionWordings = [
  ['find_person', { title: 'Person found', help: 'Find people', example: 'find Anna Weber' }],
  ['show_person', { title: 'Account', help: 'Show an account', example: 'show me Anna Weber’s account' }],
  ['list_mfa_methods', { title: 'Ways to sign in', help: 'Show somebody’s sign-in methods', example: 'which MFA methods does Anna Weber have? she lost her phone' }],
  ['list_sign_ins', { title: 'Sign-ins of the last seven days', help: 'Show somebody’s latest sign-ins', example: 'why can’t Anna Weber sign in? show her sign-ins' }],
  ['list_groups', { title: 'Groups', help: 'Show somebody’s groups', example: 'which groups is Anna Weber in?' }],
  ['list_apps', { title: 'Apps', help: 'Show somebody’s apps', example: 'which apps may Anna Weber use?' }],
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
];
