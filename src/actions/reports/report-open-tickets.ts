import { z } from 'zod/v4';
import { defineAction, servicenow } from '../action.ts';
import { ticketPriorities, ticketStates } from '../ports.ts';
import { countBy, MOST_ROWS, reportRows } from './report.ts';

export const reportOpenTickets = defineAction({
  name: 'report_open_tickets',
  version: '1.0.0',
  description:
    'Reports all tickets that are not resolved or closed, the oldest first, with a chart by priority and, if the person wants it, a file. ' +
    'Returns counts; the person is shown the tickets. Does not change, assign or close a ticket and does not show what was written in one.',
  effect: 'read',
  operation: servicenow('GET', '/api/now/v2/table/incident', 'itil'),
  needs: 'servicenow',
  parameters: z.strictObject({}),
  result: z.object({
    tickets: z.int(),
    complete: z.boolean(),
    by_priority: z.array(z.object({ priority: z.enum(ticketPriorities), tickets: z.int() })),
    rows: reportRows({
      ticket: z.string(),
      priority: z.enum(ticketPriorities),
      state: z.enum(ticketStates),
      summary: z.string(),
      caller: z.string().optional(),
      opened: z.date().optional(),
      updated: z.date().optional(),
    }),
  }),
  report: { rows: 'rows', chart: 'priority' },
  run: async (_, { tickets }, call) => {
    const found = await tickets.open(MOST_ROWS, call);
    return {
      tickets: found.tickets.length,
      complete: !found.more,
      by_priority: countBy(ticketPriorities, found.tickets.map(({ priority }) => priority)).map(({ value, count }) => ({ priority: value, tickets: count })),
      rows: found.tickets.map((ticket) => ({
        ticket: ticket.number,
        priority: ticket.priority,
        state: ticket.state,
        summary: ticket.summary,
        caller: ticket.callerName,
        opened: ticket.openedAt,
        updated: ticket.updatedAt,
      })),
    };
  },
});
