import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, DeviceDirectory, OperationReceipt, Ticket, TicketDetails, TicketPerson, TicketPriority, TicketReference, TicketState, TicketSystem } from '../actions/ports.ts';
import { StewardError } from '../errors.ts';
import { idSegment, shaped, type GraphClient } from './graph.ts';
import { IdentityError, type IdentityMap } from './identity-map.ts';
import { refusedIfThere, stringBoolean } from './quirks.ts';
import { holdsWords, rowReference, rowText, serviceNowTime, type ServiceNowClient } from './service-now.ts';

const FIELDS = ['sys_id', 'number', 'short_description', 'state', 'priority', 'opened_at', 'sys_updated_on', 'caller_id.name'] as const;
const DETAILS = [...FIELDS, 'description', 'caller_id', 'assigned_to', 'assigned_to.name', 'assignment_group.name', 'cmdb_ci.name', 'cmdb_ci.serial_number'] as const;
/** What is read of a ticket before it is changed. */
const STANDING = ['sys_id', 'active', 'state', 'caller_id', 'assigned_to', 'sys_mod_count'] as const;
/** As many as a card shows. */
const MOST_COMMENTS = 5;

/** `incident.state` of the base system: servicenow.com/docs, “Incident states”. */
const states: ReadonlyMap<string, TicketState> = new Map([
  ['1', 'new'],
  ['2', 'in progress'],
  ['3', 'on hold'],
  ['6', 'resolved'],
  ['7', 'closed'],
  ['8', 'cancelled'],
]);
const RESOLVED = '6';
const OVER = ['6', '7', '8'] as const;
/**
 * The close code of the base system for what was solved: servicenow.com/docs, Australia release. An instance that has no
 * such choice drops it, and its data policy then refuses.
 */
const SOLVED = 'Solution provided';

const priorities: ReadonlyMap<string, TicketPriority> = new Map([
  ['1', 'critical'],
  ['2', 'high'],
  ['3', 'moderate'],
  ['4', 'low'],
  ['5', 'planning'],
]);

const incident = z.object({
  sys_id: z.string().min(1),
  number: z.string().regex(/^[A-Z]{2,10}\d{3,20}$/),
  short_description: rowText,
  state: rowText,
  priority: rowText,
  opened_at: rowText,
  sys_updated_on: rowText,
  'caller_id.name': rowText,
});
const incidentDetails = incident.extend({
  description: rowText,
  caller_id: rowReference,
  assigned_to: rowReference,
  'assigned_to.name': rowText,
  'assignment_group.name': rowText,
  'cmdb_ci.name': rowText,
  'cmdb_ci.serial_number': rowText,
});
const madeIncident = incident.extend({ caller_id: rowReference });
const standing = z.object({ sys_id: z.string().min(1), active: stringBoolean, state: rowText, caller_id: rowReference, assigned_to: rowReference, sys_mod_count: rowText });
const journalEntry = z.object({ sys_created_on: rowText, sys_created_by: rowText, value: rowText });

type Page = { readonly tickets: readonly Ticket[]; readonly more: boolean };

/** Tickets in ServiceNow's table `incident`, read and changed by the integration user, in the name of people of the company. */
export class ServiceNowTicketSystem implements TicketSystem {
  readonly #serviceNow: ServiceNowClient;
  readonly #identities: IdentityMap;
  readonly #graph: GraphClient;
  readonly #devices: Pick<DeviceDirectory, 'findBySerial'>;

  constructor(serviceNow: ServiceNowClient, identities: IdentityMap, graph: GraphClient, devices: Pick<DeviceDirectory, 'findBySerial'>) {
    this.#serviceNow = serviceNow;
    this.#identities = identities;
    this.#graph = graph;
    this.#devices = devices;
  }

  async find(text: string, limit: number, { signal }: CallOptions): Promise<Page> {
    const number = /^\s*#?(INC\d{3,20})\s*$/i.exec(text)?.[1]?.toUpperCase();
    const condition = number === undefined ? holdsWords('short_description', text) : `number=${number}`;
    return condition === undefined ? { tickets: [], more: false } : this.#list(`${condition}^ORDERBYstate^ORDERBYDESCsys_updated_on`, limit, signal);
  }

  async show(id: InternalId, options: CallOptions): Promise<TicketDetails> {
    const { signal } = options;
    const found = await this.#serviceNow.row('incident', id, incidentDetails, DETAILS, signal);
    const [caller, assignee, device, comments] = await Promise.all([
      this.#personOf(found.caller_id, signal),
      this.#personOf(found.assigned_to, signal),
      this.#deviceOf(found['cmdb_ci.serial_number'], options),
      this.#commentsOf(id, signal),
    ]);
    return {
      ...toTicket(found),
      description: found.description,
      comments,
      ...(caller && { caller }),
      ...(assignee && { assignee }),
      ...(device && { device }),
      ...(found['assigned_to.name'] !== '' && { assigneeName: found['assigned_to.name'] }),
      ...(found['assignment_group.name'] !== '' && { groupName: found['assignment_group.name'] }),
      ...(found['cmdb_ci.name'] !== '' && { deviceName: found['cmdb_ci.name'] }),
    };
  }

  async listOf(person: InternalId, limit: number, { signal }: CallOptions): Promise<Page> {
    const { id } = await this.#identities.toServiceNow(person, { freshness: 'brief', signal });
    return this.#list(`caller_id=${idSegment(id)}^ORDERBYstate^ORDERBYDESCsys_updated_on`, limit, signal);
  }

  async open(limit: number, { signal }: CallOptions): Promise<Page> {
    const found = await this.#serviceNow.rows('incident', incident, { query: `stateNOT IN${OVER.join(',')}^ORDERBYopened_at`, fields: FIELDS, limit, signal });
    return { tickets: found.rows.map(toTicket), more: found.more };
  }

  async create({ caller, description, summary }: { readonly caller: InternalId; readonly summary: string; readonly description: string }, options: CallOptions): Promise<{ readonly ticket: Ticket; readonly receipt: OperationReceipt }> {
    const { id } = await this.#before(this.#identities.toServiceNow(caller, { freshness: 'now', ...options }), options);
    const { receipt, row } = await this.#serviceNow.write(undefined, { caller_id: idSegment(id), short_description: summary, description }, madeIncident, [...FIELDS, 'caller_id'], options);
    // Fields that the integration user may not write are left out without a word.
    if (row.caller_id !== id.reveal()) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'a ticket was made, but not in the name of its caller');
    return { ticket: toTicket(row), receipt };
  }

  async comment(id: InternalId, { inNameOf, ownOf, text }: { readonly text: string; readonly inNameOf: InternalId; readonly ownOf?: InternalId }, options: CallOptions): Promise<OperationReceipt> {
    const [now, own, name] = await this.#before(
      Promise.all([this.#standing(id, options), ownOf === undefined ? undefined : this.#identities.toServiceNow(ownOf, { freshness: 'now', ...options }), this.#nameOf(inNameOf, options)]),
      options,
    );
    if (own !== undefined && now.caller_id !== own.id.reveal()) throw new StewardError('TARGET_NOT_OWN', 'somebody else is the caller of the ticket');
    // A comment on what is closed is answered with 200 and kept nowhere.
    if (!now.active) throw new StewardError('TICKET_CLOSED', 'the ticket takes no comments');
    const { receipt, row } = await this.#change(id, { comments: attributed(name, text) }, options);
    // A journal field reads back empty; that something was kept shows in the count of changes.
    if (row.sys_mod_count !== '' && row.sys_mod_count === now.sys_mod_count) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'ServiceNow took the comment and counts no change');
    return receipt;
  }

  async assign(id: InternalId, to: InternalId, options: CallOptions): Promise<OperationReceipt> {
    const [now, assignee] = await this.#before(Promise.all([this.#standing(id, options), this.#identities.toServiceNow(to, { freshness: 'now', ...options })]), options);
    if (now.assigned_to === assignee.id.reveal()) throw new StewardError('ALREADY_SO', 'the ticket is assigned to them');
    if (!now.active) throw new StewardError('TICKET_CLOSED', 'the ticket can no longer be assigned');
    const { receipt, row } = await this.#change(id, { assigned_to: idSegment(assignee.id) }, options);
    if (row.assigned_to !== assignee.id.reveal()) throw new StewardError('SYSTEM_REFUSED', 'ServiceNow kept another assignee');
    return receipt;
  }

  async close(id: InternalId, { inNameOf, text }: { readonly text: string; readonly inNameOf: InternalId }, options: CallOptions): Promise<OperationReceipt> {
    const [now, name] = await this.#before(Promise.all([this.#standing(id, options), this.#nameOf(inNameOf, options)]), options);
    if (!now.active || OVER.some((state) => state === now.state)) throw new StewardError('ALREADY_SO', 'the ticket is resolved, closed or cancelled');
    // Data policy “Make close info mandatory when resolved or closed”: both fields go with the state.
    const { receipt, row } = await this.#change(id, { state: RESOLVED, close_code: SOLVED, close_notes: attributed(name, text) }, options);
    if (row.state !== RESOLVED) throw new StewardError('SYSTEM_REFUSED', 'ServiceNow kept another state');
    return receipt;
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  async #list(query: string, limit: number, signal: AbortSignal): Promise<Page> {
    const found = await this.#serviceNow.rows('incident', incident, { query, fields: FIELDS, limit, signal });
    const tickets = found.rows.map(toTicket);
    const isOpen = ({ state }: Ticket): boolean => state === 'new' || state === 'in progress' || state === 'on hold';
    const newest = (one: Ticket, other: Ticket): number => (other.updatedAt?.getTime() ?? 0) - (one.updatedAt?.getTime() ?? 0);
    return { tickets: tickets.sort((one, other) => Number(isOpen(other)) - Number(isOpen(one)) || newest(one, other)), more: found.more };
  }

  async #personOf(sysId: string, signal: AbortSignal): Promise<TicketPerson | undefined> {
    if (sysId === '') return undefined;
    try {
      const { id, matchedBy, name } = await this.#identities.toEntra(new InternalId(sysId), { freshness: 'brief', signal });
      return { id, label: name, matchedBy };
    } catch (error) {
      if (error instanceof IdentityError) return { conflict: error.conflict };
      // A record that was deleted, or that the integration user may not read.
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return { conflict: 'none' };
      throw error;
    }
  }

  async #deviceOf(serialNumber: string, options: CallOptions): Promise<TicketReference | undefined> {
    if (serialNumber.trim() === '') return undefined;
    const { devices, more } = await this.#devices.findBySerial(serialNumber.trim(), 2, options);
    const [device, other] = devices;
    // Makers have shipped one number on many machines.
    return device === undefined || other !== undefined || more ? undefined : { id: device.id, label: device.name };
  }

  async #commentsOf(id: InternalId, signal: AbortSignal): Promise<TicketDetails['comments']> {
    // Only what the caller sees too: work notes are the other element.
    const query = `name=incident^element_id=${idSegment(id)}^element=comments^ORDERBYDESCsys_created_on`;
    const { rows } = await this.#serviceNow.rows('sys_journal_field', journalEntry, { query, fields: ['sys_created_on', 'sys_created_by', 'value'], limit: MOST_COMMENTS, signal });
    return rows.flatMap(({ sys_created_by: by, sys_created_on: on, value: text }) => {
      const at = serviceNowTime(on);
      return at === undefined ? [] : [{ at, by, text }];
    });
  }

  // --- changing ------------------------------------------------------------------------------------------------------

  #standing(id: InternalId, { signal }: CallOptions): Promise<z.infer<typeof standing>> {
    return this.#serviceNow.row('incident', id, standing, STANDING, signal);
  }

  async #change(id: InternalId, values: Readonly<Record<string, string>>, options: CallOptions): Promise<{ readonly row: z.infer<typeof standing>; readonly receipt: OperationReceipt }> {
    try {
      return await this.#serviceNow.write(id, values, standing, STANDING, options);
    } catch (error) {
      return refusedIfThere(error, () => this.#standing(id, options));
    }
  }

  async #nameOf(person: InternalId, { signal }: CallOptions): Promise<string> {
    const answer = await this.#graph.request('GET', `/users/${idSegment(person)}`, { query: { $select: 'displayName,userPrincipalName' }, signal });
    const { displayName, userPrincipalName } = shaped(z.object({ displayName: z.string().nullish(), userPrincipalName: z.string() }), answer);
    return displayName ?? userPrincipalName;
  }

  /** What is read before an effect: when it is called off meanwhile, nothing was done, and that is known. */
  async #before<T>(reading: Promise<T>, { signal }: CallOptions): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      if (signal.aborted) throw new StewardError('SYSTEM_UNAVAILABLE', 'called off before anything was changed', { cause: error });
      throw error;
    }
  }
}

function toTicket(found: z.infer<typeof incident>): Ticket {
  const [openedAt, updatedAt] = [serviceNowTime(found.opened_at), serviceNowTime(found.sys_updated_on)];
  return {
    id: new InternalId(found.sys_id),
    number: found.number,
    summary: found.short_description,
    state: states.get(found.state) ?? 'other',
    priority: priorities.get(found.priority) ?? 'unknown',
    ...(openedAt && { openedAt }),
    ...(updatedAt && { updatedAt }),
    ...(found['caller_id.name'] !== '' && { callerName: found['caller_id.name'] }),
  };
}

/**
 * A text as ServiceNow keeps it: it begins with whose it is. What stands between `[code]` tags is shown as HTML in a
 * journal by default, so there are none: servicenow.com/docs, “Disable embedded HTML code”.
 */
export function attributed(name: string, text: string): string {
  const line = name.normalize('NFC').replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return `${line} through Steward: ${text}`.replaceAll(/\[\s*(\/?)\s*code\s*\]/gi, '($1code)');
}
