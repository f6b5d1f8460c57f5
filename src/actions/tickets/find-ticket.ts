import { z } from 'zod/v4';
import { defineAction, searchText, servicenow } from '../action.ts';
import { factsOf, ticketFacts } from './ticket-facts.ts';

/** More matches than this can't be told apart on one card. */
const MOST = 10;

export const findTicket = defineAction({
  name: 'find_ticket',
  version: '1.0.0',
  description:
    'Finds tickets in ServiceNow by number, or by words of their summary, and returns a handle for each. Takes a text_… handle in place of words. ' +
    'Does not search descriptions or comments, does not change anything and does not return what was written in a ticket.',
  effect: 'read',
  operation: servicenow('GET', '/api/now/v2/table/incident', 'itil'),
  needs: 'servicenow',
  parameters: z.strictObject({
    words: searchText({ max: 120, description: 'The number of the ticket, such as INC0010023, or words of its summary.' }),
  }),
  result: z.object({ tickets: z.array(ticketFacts), more_matches: z.boolean() }),
  ambiguity: { list: 'tickets', thing: 'ticket' },
  run: async ({ words }, { tickets }, call) => {
    const found = await tickets.find(words, MOST, call);
    return { tickets: found.tickets.map(factsOf), more_matches: found.more };
  },
});
