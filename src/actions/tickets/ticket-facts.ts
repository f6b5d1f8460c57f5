import { z } from 'zod/v4';
import { graph, personOnly, servicenow, thing, type Operation } from '../action.ts';
import { ticketPriorities, ticketStates, type Ticket } from '../ports.ts';

/** `itil` is the base system's role for who works on incidents; it contains reading the CMDB. */
export const readIncident = servicenow('GET', '/api/now/v2/table/incident/{sys_id}', 'itil');
export const writeIncident = servicenow('PATCH', '/api/now/v2/table/incident/{sys_id}', 'itil');

/** What the identity map reads to tell who somebody is in the other system. */
export const identityReads: readonly Operation[] = [
  graph('GET', '/users/{id}', 'User.Read.All'),
  graph('GET', '/users', 'User.Read.All'),
  servicenow('GET', '/api/now/v2/table/sys_user', 'itil', 'read sys_user'),
  servicenow('GET', '/api/now/v2/table/sys_user/{sys_id}', 'itil', 'read sys_user'),
];

/** One ticket as a row. Its number is public; what somebody wrote is for the person who reads it. */
export const ticketFacts = z.object({
  ticket: thing('ticket'),
  state: z.enum(ticketStates),
  priority: z.enum(ticketPriorities),
  updated: z.date().optional(),
  summary: personOnly(z.string()),
  caller_name: personOnly(z.string().optional()),
});

export function factsOf(ticket: Ticket): z.infer<typeof ticketFacts> {
  return { ticket: ticketThing(ticket), state: ticket.state, priority: ticket.priority, updated: ticket.updatedAt, summary: quotation(ticket.summary, 160), caller_name: ticket.callerName };
}

export function ticketThing({ id, number }: Pick<Ticket, 'id' | 'number'>): { kind: 'ticket'; id: Ticket['id']; label: string } {
  return { kind: 'ticket', id, label: number };
}

/** What somebody wrote, so that nobody takes it for Steward's words. At most so many characters of it. */
export function quotation(text: string, most: number): string {
  const characters = [...text.trim()];
  if (characters.length === 0) return '';
  return characters.length > most ? `“${characters.slice(0, most).join('')}…”` : `“${characters.join('')}”`;
}
