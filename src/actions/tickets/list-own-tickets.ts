import { z } from 'zod/v4';
import { defineAction, servicenow } from '../action.ts';
import { factsOf, identityReads, ticketFacts } from './ticket-facts.ts';

/** One card shows this many rows. */
const MOST = 15;

export const listOwnTickets = defineAction({
  name: 'list_own_tickets',
  version: '1.0.0',
  description: 'Lists the tickets in ServiceNow whose caller is the person who asks, open ones first. Does not list anybody else’s, does not show what was written in them and does not change anything.',
  effect: 'read',
  operation: servicenow('GET', '/api/now/v2/table/incident', 'itil'),
  reads: identityReads,
  needs: 'servicenow',
  parameters: z.strictObject({}),
  result: z.object({ tickets: z.array(ticketFacts.omit({ caller_name: true })), more_matches: z.boolean() }),
  run: async (_, { tickets }, call) => {
    const found = await tickets.listOf(call.requester, MOST, call);
    return { tickets: found.tickets.map((ticket) => ({ ...factsOf(ticket), caller_name: undefined })), more_matches: found.more };
  },
});
