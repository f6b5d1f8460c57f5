import { z } from 'zod/v4';
import { defineAction, graph, personOnly, servicenow, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { identityConflicts, ticketPriorities, ticketStates, type TicketPerson } from '../ports.ts';
import { identityReads, quotation, readIncident, ticketThing } from './ticket-facts.ts';

/** A card holds 28 KB in Teams; all that is quoted on it together stays far below that. */
const MOST_DESCRIPTION = 1_500;
const MOST_COMMENT = 600;

const nobody = { person: undefined, conflict: undefined } as const;

/** Somebody as a thing; or why it can't be told who it is. */
function told(found: TicketPerson | undefined) {
  if (found === undefined) return nobody;
  return 'conflict' in found ? { person: undefined, conflict: found.conflict } : { person: { kind: 'person' as const, id: found.id, label: found.label }, conflict: undefined };
}

export const showTicket = defineAction({
  name: 'show_ticket',
  version: '1.0.0',
  description:
    'Shows one ticket to the person who asks: what was written in it, its state, its newest comments. Returns handles for its caller, its assignee and its device, ' +
    'where it is certain who and what they are; `caller_unmatched` and `assignee_unmatched` say why not. Does not return what was written, does not show work notes and does not change anything.',
  effect: 'read',
  target: 'ticket',
  operation: readIncident,
  reads: [servicenow('GET', '/api/now/v2/table/sys_journal_field', 'read sys_journal_field'), graph('GET', '/deviceManagement/managedDevices', 'DeviceManagementManagedDevices.Read.All'), ...identityReads],
  needs: 'servicenow',
  parameters: z.strictObject({ ticket: handle('ticket') }),
  result: z.object({
    ticket: thing('ticket'),
    summary: personOnly(z.string()),
    state: z.enum(ticketStates),
    priority: z.enum(ticketPriorities),
    caller: thing('person').optional(),
    caller_name: personOnly(z.string().optional()),
    caller_unmatched: z.enum(identityConflicts).optional(),
    /** Only worth a word where it is not what everybody would expect. */
    caller_matched_by: z.literal('former address').optional(),
    assignee: thing('person').optional(),
    assignee_name: personOnly(z.string().optional()),
    assignee_unmatched: z.enum(identityConflicts).optional(),
    assignment_group: personOnly(z.string().optional()),
    device: thing('device').optional(),
    device_name: personOnly(z.string().optional()),
    opened: z.date().optional(),
    updated: z.date().optional(),
    description: personOnly(z.string().optional()),
    comments: z.array(z.object({ written_by: personOnly(z.string()), written: z.date(), comment: personOnly(z.string()) })),
  }),
  run: async ({ ticket }, { tickets }, call) => {
    const shown = await tickets.show(ticket.id, call);
    const [caller, assignee] = [told(shown.caller), told(shown.assignee)];
    return {
      ticket: ticketThing(shown),
      summary: quotation(shown.summary, 160),
      state: shown.state,
      priority: shown.priority,
      caller: caller.person,
      caller_name: caller.conflict && shown.callerName,
      caller_unmatched: caller.conflict,
      caller_matched_by: shown.caller !== undefined && 'matchedBy' in shown.caller && shown.caller.matchedBy === 'former address' ? ('former address' as const) : undefined,
      assignee: assignee.person,
      assignee_name: assignee.conflict && shown.assigneeName,
      assignee_unmatched: assignee.conflict,
      assignment_group: shown.groupName,
      device: shown.device && { kind: 'device' as const, id: shown.device.id, label: shown.device.label },
      device_name: shown.device === undefined ? shown.deviceName : undefined,
      opened: shown.openedAt,
      updated: shown.updatedAt,
      description: quotation(shown.description, MOST_DESCRIPTION) || undefined,
      comments: shown.comments.map(({ at, by, text }) => ({ written_by: by, written: at, comment: quotation(text, MOST_COMMENT) })),
    };
  },
});
