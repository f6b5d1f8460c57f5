/** What people have Steward do, so that it really holds the ids and the secrets that are looked for afterwards. */
import { createCompany, type Company } from '../../sandbox/company/company.ts';
import { createData } from '../../sandbox/servicenow/data.ts';
import type { Persona } from '../../test/stories/harness/journal.ts';
import { calls, type ModelRequest, type Step } from '../../test/stories/harness/model.ts';

const REASON = 'her laptop was stolen on the train';

/** The newest handle of a kind in anything that the model was told. */
const handleIn = (request: ModelRequest, kind: string): string => request.texts('tool').concat(request.texts('user')).join('\n').match(new RegExp(`\\b${kind}_[a-z2-7]{6,40}\\b`, 'g'))?.at(-1) ?? `${kind}_none`;
const about = (action: string, kinds: readonly string[], rest: Readonly<Record<string, unknown>> = {}): Step => (request) => calls({ name: action, arguments: { ...Object.fromEntries(kinds.map((kind) => [kind, handleIn(request, kind)])), ...rest } });
const findsDevice: Step = (request) => calls({ name: 'find_device', arguments: { serial_number: handleIn(request, 'text') } });

/** One message and what the model makes of it. */
export interface Path {
  readonly what: string;
  readonly words: string;
  readonly steps: readonly Step[];
  /** It ends in a card: for the one who asks, or for a second person. */
  readonly card?: 'own' | 'second';
}

/** A thing that has an internal id, and how a model gets hold of it. */
export interface Thing extends Path {
  readonly kind: 'person' | 'group' | 'device' | 'ticket';
  readonly id: string;
}

export interface Paths {
  readonly things: readonly Thing[];
  readonly reads: readonly Path[];
  readonly effects: readonly Path[];
}

/** The same company as the sandbox's, so that its ids are known here. `many`: things of each kind. */
export function pathsOf(seed: number, tenantId: string, people: readonly Persona[], many: number): Paths {
  const company: Company = createCompany(seed, tenantId);
  const { database } = createData(company, seed, 'steward.integration');
  const plain = people.filter(({ name, roles }) => roles.join() === 'employee' && /^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name) && people.filter((other) => other.name.startsWith(name)).length === 1);
  const vip = people.find(({ roles }) => roles.join() === 'employee,vip');
  // A serial number that looks like a word is not taken for one.
  const serials = [...company.devices.values()].filter(({ serialNumber, userId }) => userId !== '' && /\d.*\d.*\d/.test(serialNumber));
  const deviceOf = (person: Persona): (typeof serials)[number] | undefined => serials.find(({ userId }) => userId === person.aadObjectId);
  const target = plain.find((person) => deviceOf(person) !== undefined);
  const device = target && deviceOf(target);
  if (target === undefined || device === undefined || vip === undefined) throw new Error('the company has nobody to ask about');
  const { name } = target;
  const groups = [...company.directoryGroups.values()];
  const tickets = [...(database.get('incident')?.rows.values() ?? [])];
  const things: Thing[] = [
    ...plain.map((person): Thing => ({ kind: 'person', id: person.aadObjectId, what: 'find_person', words: `who is ${person.name}?`, steps: [calls({ name: 'find_person', arguments: { name: person.name } })] })),
    ...groups.slice(0, many).map(({ displayName, id }): Thing => ({ kind: 'group', id, what: 'find_group', words: `which group is ${displayName}?`, steps: [calls({ name: 'find_group', arguments: { name: displayName } })] })),
    ...serials.slice(0, many).map(({ id, serialNumber }): Thing => ({ kind: 'device', id, what: 'find_device', words: `which device is ${serialNumber}?`, steps: [findsDevice] })),
    ...tickets.slice(0, many).map((row): Thing => ({ kind: 'ticket', id: row.get('sys_id') ?? '', what: 'find_ticket', words: `show ${row.get('number') ?? ''}`, steps: [calls({ name: 'find_ticket', arguments: { words: row.get('number') ?? '' } })] })),
  ];
  const finds = calls({ name: 'find_person', arguments: { name } });
  const findsGroup = calls({ name: 'find_group', arguments: { name: 'VPN Users' } });
  const findsTicket = calls({ name: 'find_ticket', arguments: { words: tickets[0]?.get('number') ?? '' } });
  const ofPerson = ['show_person', 'list_devices', 'list_groups', 'list_apps', 'list_mfa_methods', 'list_sign_ins', 'list_licences'];
  const alone = ['list_own_tickets', 'list_app_services', 'show_service_health', 'report_licence_use', 'report_open_tickets'];
  const reads: Path[] = [
    ...ofPerson.map((what) => ({ what, words: `${what.replaceAll('_', ' ')} of ${name}`, steps: [finds, about(what, ['person'])] })),
    ...alone.map((what) => ({ what, words: what.replaceAll('_', ' '), steps: [calls({ name: what, arguments: {} })] })),
    { what: 'report_stale_devices', words: 'report of stale devices', steps: [calls({ name: 'report_stale_devices', arguments: { days: 30 } })] },
    { what: 'report_group_members', words: 'report of the members of VPN Users', steps: [findsGroup, about('report_group_members', ['group'])] },
    { what: 'show_ticket', words: `show ${tickets[0]?.get('number') ?? ''}`, steps: [findsTicket, about('show_ticket', ['ticket'])] },
    { what: 'show_device', words: `show ${device.serialNumber}`, steps: [findsDevice, about('show_device', ['device'])] },
  ];
  const effects: Path[] = [
    { what: 'block_sign_in', words: `block ${name} because ${REASON}`, steps: [finds, about('block_sign_in', ['person'], { reason: REASON })], card: 'own' },
    { what: 'unblock_sign_in', words: `unblock ${name} because ${REASON}`, steps: [finds, about('unblock_sign_in', ['person'], { reason: REASON })], card: 'own' },
    { what: 'revoke_sessions', words: `end the sessions of ${name} because ${REASON}`, steps: [finds, about('revoke_sessions', ['person'], { reason: REASON })], card: 'own' },
    { what: 'add_to_group', words: `add ${name} to VPN Users because ${REASON}`, steps: [finds, findsGroup, about('add_to_group', ['person', 'group'], { reason: REASON })], card: 'own' },
    { what: 'comment_on_ticket', words: `comment on ${tickets[0]?.get('number') ?? ''}: looked at it`, steps: [findsTicket, about('comment_on_ticket', ['ticket'], { text: 'looked at it' })], card: 'own' },
    { what: 'create_ticket', words: 'open a ticket: the dock is dead', steps: [calls({ name: 'create_ticket', arguments: { summary: 'Dock is dead', description: 'No light since Monday.' } })] },
    { what: 'sync_device', words: `sync ${device.serialNumber}`, steps: [findsDevice, about('sync_device', ['device'])], card: 'own' },
    { what: 'block_sign_in of a VIP', words: `block ${vip.name} because ${REASON}`, steps: [calls({ name: 'find_person', arguments: { name: vip.name } }), about('block_sign_in', ['person'], { reason: REASON })], card: 'second' },
    { what: 'grant_guest_wifi', words: `give ${name} guest wifi for 3 days because ${REASON}`, steps: [finds, about('grant_guest_wifi', ['person'], { days: 3, reason: REASON })], card: 'second' },
  ];
  return { things, reads, effects };
}
