import type { ActionWordings } from './wording.ts';

export const licences: ActionWordings = [
  ['list_licences', { title: 'Licences', help: 'Show licences', example: 'how many Power BI licences are left?' }],
  [
    'assign_licence',
    {
      title: 'Give a licence',
      help: 'Give a licence',
      example: 'give Anna Weber a Power BI Pro licence for the sales report',
      button: 'Give licence',
      consequence: 'The person gets the licence with everything in it. One less is left.',
      running: (who) => `Giving ${who} the licence …`,
      done: (who) => `${who} has the licence.`,
      undo: 'Can be undone: ask me to take the licence back.',
      reversible: true,
    },
  ],
  [
    'remove_licence',
    {
      title: 'Take a licence back',
      help: 'Take a licence back',
      example: 'take the Power BI Pro licence back from Anna Weber, the project is over',
      button: 'Take licence back',
      consequence: 'The person can’t use the product any more. Microsoft deletes its data, such as a mailbox, after about 30 days.',
      running: (who) => `Taking the licence back from ${who} …`,
      done: (who) => `The licence was taken back from ${who}.`,
      undo: 'Can be undone: ask me to give the licence again, while one is left.',
      reversible: true,
    },
  ],
];
