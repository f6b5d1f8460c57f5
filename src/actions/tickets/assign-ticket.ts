import { z } from 'zod/v4';
import { defineAction, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { identityReads, readIncident, writeIncident } from './ticket-facts.ts';

export const assignTicket = defineAction({
  name: 'assign_ticket',
  version: '1.0.0',
  description:
    'Assigns one ticket to one person who has an active account in ServiceNow. Does not change its group, its state or its priority and does not write a comment. ' +
    'A person confirms it on a card before it happens.',
  effect: 'write',
  // Not the person: being given work harms nobody, and those who work on tickets are in groups that make an account privileged.
  target: 'ticket',
  operation: writeIncident,
  reads: [readIncident, ...identityReads],
  needs: 'servicenow',
  parameters: z.strictObject({ ticket: handle('ticket'), person: handle('person') }),
  result: z.object({ ticket: thing('ticket'), assignee: thing('person') }),
  limit: { perHour: 120, perPersonPerHour: 40, raisableTo: 300 },
  run: async ({ person, ticket }, { tickets }, call) => {
    call.receipt(await tickets.assign(ticket.id, person.id, call));
    return { ticket: { kind: 'ticket' as const, id: ticket.id, label: ticket.label }, assignee: { kind: 'person' as const, id: person.id, label: person.label } };
  },
});
