import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { readIncident, writeIncident } from './ticket-facts.ts';

export const commentOnTicket = defineAction({
  name: 'comment_on_ticket',
  version: '1.0.0',
  description:
    'Writes a comment that the caller sees on one ticket, in the name of the person who asks. Does not write work notes, does not assign or close the ticket and does not attach files. ' +
    'A person confirms it on a card before it happens.',
  effect: 'write',
  target: 'ticket',
  operation: writeIncident,
  reads: [readIncident, graph('GET', '/users/{id}', 'User.Read.All')],
  needs: 'servicenow',
  parameters: z.strictObject({
    ticket: handle('ticket'),
    text: text({ max: 1_000, description: 'The comment, in the words of the person who asks.' }),
  }),
  result: z.object({ ticket: thing('ticket'), comment_state: z.literal('written') }),
  limit: { perHour: 120, perPersonPerHour: 40, raisableTo: 300 },
  run: async ({ text: words, ticket }, { tickets }, call) => {
    call.receipt(await tickets.comment(ticket.id, { text: words, inNameOf: call.requester }, call));
    return { ticket: { kind: 'ticket' as const, id: ticket.id, label: ticket.label }, comment_state: 'written' as const };
  },
});
