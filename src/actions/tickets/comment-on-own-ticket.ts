import { z } from 'zod/v4';
import { defineAction, text, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { identityReads, readIncident, writeIncident } from './ticket-facts.ts';

export const commentOnOwnTicket = defineAction({
  name: 'comment_on_own_ticket',
  version: '1.0.0',
  description: 'Writes a comment on a ticket of the person who asks, in their name. Does not comment on anybody else’s ticket, does not close it and does not attach files.',
  effect: 'write',
  policyClass: 'self_service',
  target: 'ticket',
  operation: writeIncident,
  reads: [readIncident, ...identityReads],
  needs: 'servicenow',
  parameters: z.strictObject({
    ticket: handle('ticket'),
    text: text({ max: 1_000, description: 'The comment, in the words of the person who asks.' }),
  }),
  result: z.object({ ticket: thing('ticket'), comment_state: z.literal('written') }),
  limit: { perHour: 120, perPersonPerHour: 20, raisableTo: 300 },
  run: async ({ text: words, ticket }, { tickets }, call) => {
    // INVARIANT: whose ticket it is, is read afresh and compared before anything is written; the policy can't know it.
    call.receipt(await tickets.comment(ticket.id, { text: words, inNameOf: call.requester, ownOf: call.requester }, call));
    return { ticket: { kind: 'ticket' as const, id: ticket.id, label: ticket.label }, comment_state: 'written' as const };
  },
});
