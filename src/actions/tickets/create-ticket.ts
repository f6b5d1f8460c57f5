import { z } from 'zod/v4';
import { defineAction, servicenow, text, thing } from '../action.ts';
import { ticketStates } from '../ports.ts';
import { identityReads, ticketThing } from './ticket-facts.ts';

export const createTicket = defineAction({
  name: 'create_ticket',
  version: '1.0.0',
  description: 'Opens a ticket in ServiceNow in the name of the person who asks. Does not open one for anybody else, does not assign it and does not attach files.',
  effect: 'write',
  policyClass: 'self_service',
  operation: servicenow('POST', '/api/now/v2/table/incident', 'itil'),
  reads: identityReads,
  needs: 'servicenow',
  parameters: z.strictObject({
    // ServiceNow keeps 160 characters of a short description and drops the rest without a word.
    summary: text({ max: 160, description: 'What it is about, in one line, in the words of the person who asks.' }),
    description: text({ max: 2_000, description: 'What happened, in the words of the person who asks.' }),
  }),
  result: z.object({ ticket: thing('ticket'), state: z.enum(ticketStates) }),
  limit: { perHour: 120, perPersonPerHour: 10, raisableTo: 300 },
  run: async ({ description, summary }, { tickets }, call) => {
    const { receipt, ticket } = await tickets.create({ caller: call.requester, summary, description }, call);
    call.receipt(receipt);
    return { ticket: ticketThing(ticket), state: ticket.state };
  },
});
