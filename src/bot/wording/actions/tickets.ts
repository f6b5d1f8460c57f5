import type { ActionWordings } from './wording.ts';

export const tickets: ActionWordings = [
  ['find_ticket', { title: 'Tickets found', help: 'Find tickets', example: 'find the ticket INC0010023' }],
  ['show_ticket', { title: 'Ticket', help: 'Show a ticket', example: 'show me INC0010023' }],
  ['list_own_tickets', { title: 'Your tickets', help: 'List your own tickets', example: 'what tickets do I have?' }],
  [
    'create_ticket',
    {
      title: 'Open a ticket',
      help: 'Open a ticket in your name',
      example: 'open a ticket: my laptop does not wake from sleep',
      button: 'Open the ticket',
      consequence: 'A ticket is opened in ServiceNow in your name. The service desk sees it at once.',
      running: (who) => (who === '' ? 'Opening the ticket …' : `Opening the ticket ${who} …`),
      done: (who) => (who === '' ? 'The ticket was opened in your name.' : `The ticket ${who} was opened.`),
      undo: 'Can’t be undone; the service desk can cancel the ticket.',
    },
  ],
  [
    'comment_on_ticket',
    {
      title: 'Comment on a ticket',
      help: 'Comment on a ticket',
      example: 'write on INC0010023: a loan device is ready',
      button: 'Write the comment',
      consequence: 'The caller of the ticket sees the comment, with your name before it.',
      running: (who) => `Writing on ${who} …`,
      done: (who) => `The comment was written on ${who}.`,
      undo: 'Can’t be undone: comments stay in ServiceNow.',
    },
  ],
  [
    'comment_on_own_ticket',
    {
      title: 'Comment on your ticket',
      help: 'Comment on your own ticket',
      example: 'add to my ticket: it happens at home too',
      button: 'Write the comment',
      consequence: 'Whoever works on your ticket sees the comment, with your name before it.',
      running: (who) => `Writing on ${who} …`,
      done: (who) => `Your comment was written on ${who}.`,
      undo: 'Can’t be undone: comments stay in ServiceNow.',
    },
  ],
  [
    'assign_ticket',
    {
      title: 'Assign a ticket',
      help: 'Assign a ticket',
      example: 'assign INC0010023 to Anna Weber',
      button: 'Assign the ticket',
      consequence: 'The ticket is theirs to work on. Its group stays as it is.',
      running: (who) => `Assigning ${who} …`,
      done: (who) => `${who} was assigned.`,
      undo: 'Can be undone: assign it to somebody else.',
    },
  ],
  [
    'close_ticket',
    {
      title: 'Resolve a ticket',
      help: 'Resolve a ticket',
      example: 'close INC0010023, the dock was replaced',
      button: 'Resolve the ticket',
      consequence: 'The ticket is resolved as solved, with these notes and your name. The caller is told and may reopen it.',
      running: (who) => `Resolving ${who} …`,
      done: (who) => `${who} was resolved.`,
      undo: 'Can’t be undone from here; the caller or the service desk can reopen it in ServiceNow.',
    },
  ],
];
