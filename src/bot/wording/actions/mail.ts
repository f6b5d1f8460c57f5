import type { ActionWordings } from './wording.ts';

export const mail: ActionWordings = [
  [
    'send_mail',
    {
      title: 'Send a mail',
      help: 'Send a mail to a colleague',
      example: 'mail Anna Weber: your new laptop is ready at the helpdesk',
      button: 'Send mail',
      consequence: 'The mail is sent at once, from Steward’s mailbox and with exactly this text.',
      running: (who) => `Sending the mail to ${who} …`,
      done: (who) => `The mail to ${who} was handed to Exchange.`,
      undo: 'Can’t be undone.',
    },
  ],
];
