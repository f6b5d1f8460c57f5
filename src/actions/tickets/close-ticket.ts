import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { readIncident, writeIncident } from './ticket-facts.ts';

export const closeTicket = defineAction({
  name: 'close_ticket',
  version: '1.0.0',
  description:
    'Resolves one ticket as solved, with notes that the caller sees. ServiceNow closes it later by itself. Does not cancel or delete it and does not reopen one. ' +
    'A person confirms it on a card before it happens.',
  effect: 'write',
  target: 'ticket',
  operation: writeIncident,
  reads: [readIncident, graph('GET', '/users/{id}', 'User.Read.All')],
  needs: 'servicenow',
  parameters: z.strictObject({
    ticket: handle('ticket'),
    notes: text({ max: 1_000, description: 'What solved it, in the words of the person who asks.' }),
  }),
  result: z.object({ ticket: thing('ticket'), state: z.literal('resolved') }),
  limit: { perHour: 60, perPersonPerHour: 30, raisableTo: 120 },
  run: async ({ notes, ticket }, { tickets }, call) => {
    call.receipt(await tickets.close(ticket.id, { text: notes, inNameOf: call.requester }, call));
    return { ticket: { kind: 'ticket' as const, id: ticket.id, label: ticket.label }, state: 'resolved' as const };
  },
});
