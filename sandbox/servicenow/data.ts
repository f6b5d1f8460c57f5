/** The tickets, people and computers that ServiceNow holds about the company. */

import type { Company, ManagedDevice, User } from '../company/company.ts';
import { createRandom } from '../company/random.ts';
import { guidFromSeed } from '../identifiers.ts';
import { closeCodes, createDatabase, toServiceNowTime } from './tables.ts';
import type { Database, Row } from './tables.ts';
import { hostileTexts, ordinaryTexts } from './texts.ts';
import type { CallerPart, GroupName, TicketText } from './texts.ts';

/** People whom ServiceNow and Entra do not agree about: ids of Entra users, none of them a persona. */
export interface IdentityCases {
  /** Two active records with one email address; only the first has an employee number. */
  readonly twice: string;
  /** The record's address is the person's former one: in Entra a secondary `smtp:` proxy address. */
  readonly formerAddress: string;
  /** Enabled in Entra, inactive in ServiceNow. */
  readonly inactive: string;
  /** No email address; the employee number is right. */
  readonly withoutMail: string;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Where the company's people list has employees without any peculiarity: after the personas, before the special cases. */
const ordinaryRange = [10, 100] as const;
const firstNumber = 10_001;
const meanHoursBetweenTickets = 11;
const groupNames: readonly GroupName[] = ['Service Desk', 'Hardware', 'Network', 'Software', 'Executive Support'];

/** 32 hexadecimal digits, the same for the same seed and label. */
export const toSysId = (seed: number, label: string): string => guidFromSeed(seed, `servicenow/${label}`).replaceAll('-', '');

/** `INC` and seven digits, as the base system counts. */
export const toIncidentNumber = (index: number): string => `INC${String(firstNumber + index).padStart(7, '0')}`;

/** Priority lookup rules of the base system, by impact, then urgency. */
const priorities: readonly (readonly string[])[] = [['1', '2', '3'], ['2', '3', '4'], ['3', '4', '5']];
export const priorityOf = (impact: string, urgency: string): string => priorities[Number(impact) - 1]?.[Number(urgency) - 1] ?? '5';

const isComputer = ({ operatingSystem }: ManagedDevice): boolean => operatingSystem === 'Windows' || operatingSystem === 'macOS';

function computersOf(company: Company): ReadonlyMap<string, readonly ManagedDevice[]> {
  const owned = new Map<string, ManagedDevice[]>();
  for (const device of company.devices.values()) {
    if (isComputer(device)) owned.set(device.userId, [...(owned.get(device.userId) ?? []), device]);
  }
  return owned;
}

/** Ordinary employees who have a computer. */
function ordinaryPeople(company: Company): readonly User[] {
  const owned = computersOf(company);
  return company.people().slice(...ordinaryRange).flatMap(({ aadObjectId }) => {
    const user = company.users.get(aadObjectId);
    return user !== undefined && owned.has(user.id) && user.department !== 'IT' ? [user] : [];
  });
}

/** Who the peculiar records belong to. */
export function identityCases(company: Company): IdentityCases {
  const [twice, formerAddress, inactive, withoutMail] = ordinaryPeople(company).slice(-4).map(({ id }) => id);
  if (twice === undefined || formerAddress === undefined || inactive === undefined || withoutMail === undefined) {
    throw new Error('the company has four ordinary employees with a computer');
  }
  return { twice, formerAddress, inactive, withoutMail };
}

/** The whole content, the same for the same company and seed. `integrationUser` is the `user_name` that Steward signs in with. */
export function createData(company: Company, seed: number, integrationUser: string): { readonly database: Database; readonly integrationUserId: string } {
  const database = createDatabase();
  const random = createRandom(seed);
  const epochMs = company.epoch.getTime();
  const cases = identityCases(company);
  const importedMs = epochMs - 400 * dayMs;

  const insert = (tableName: string, label: string, values: Readonly<Record<string, string>>, createdMs = importedMs, createdBy = 'admin'): Row => {
    const table = database.get(tableName);
    if (table === undefined) throw new Error(`there is no table ${tableName}`);
    const time = toServiceNowTime(createdMs);
    const given: Readonly<Record<string, string>> = {
      sys_id: toSysId(seed, `${tableName}/${label}`), sys_created_by: createdBy, sys_created_on: time, sys_mod_count: '0',
      sys_updated_by: createdBy, sys_updated_on: time, sys_class_name: tableName, ...values,
    };
    const row = new Map([...table.fields.keys()].map((name) => [name, given[name] ?? '']));
    table.rows.set(row.get('sys_id') ?? '', row);
    return row;
  };
  const idOf = (row: Row | undefined): string => row?.get('sys_id') ?? '';

  // People: everybody with a mailbox of their own. Guests and second accounts are not in ServiceNow.
  const vipIds = new Set(company.people().filter(({ roles }) => roles.includes('vip')).map(({ aadObjectId }) => aadObjectId));
  const userRows = new Map<string, Row>();
  for (const user of company.users.values()) {
    if (user.userType !== 'Member' || user.mail === null) continue;
    const former = user.proxyAddresses.find((address) => address.startsWith('smtp:'))?.slice('smtp:'.length) ?? '';
    const isFormer = user.id === cases.formerAddress;
    const isWithoutMail = user.id === cases.withoutMail;
    userRows.set(user.id, insert('sys_user', user.id, {
      active: String(user.accountEnabled && user.id !== cases.inactive),
      email: isWithoutMail ? '' : isFormer ? former : user.mail,
      employee_number: isFormer ? '' : (user.employeeId ?? ''),
      first_name: user.givenName ?? '',
      last_name: user.surname ?? '',
      locked_out: 'false',
      mobile_phone: user.mobilePhone ?? '',
      name: user.displayName,
      phone: user.businessPhones[0] ?? '',
      title: user.jobTitle ?? '',
      // Microsoft's connector writes `userPrincipalName` here; people without an address are kept by number.
      user_name: isWithoutMail ? (user.employeeId ?? '') : isFormer ? former : user.userPrincipalName,
      vip: String(vipIds.has(user.id)),
      web_service_access_only: 'false',
    }));
  }
  for (const [id, row] of userRows) row.set('manager', idOf(userRows.get(company.managers.get(id) ?? '')));
  const first = userRows.get(cases.twice);
  const second = insert('sys_user', `${cases.twice}/second`, {
    active: 'true', email: first?.get('email') ?? '', first_name: first?.get('first_name') ?? '', last_name: first?.get('last_name') ?? '',
    locked_out: 'false', name: first?.get('name') ?? '', user_name: (first?.get('email') ?? '').split('@')[0] ?? '', vip: 'false', web_service_access_only: 'false',
  });
  const integration = insert('sys_user', 'integration', {
    active: 'true', first_name: 'Steward', last_name: 'Integration', locked_out: 'false', name: 'Steward Integration', user_name: integrationUser, vip: 'false',
    web_service_access_only: 'true',
  });

  // Groups, with the people of IT in them.
  const persona = (index: number): User | undefined => company.users.get(company.personas[index]?.aadObjectId ?? '');
  const [helpdeskOne, helpdeskTwo, approver, lead, head] = [0, 1, 2, 3, 4].map(persona);
  const technicians = [...company.users.values()].filter((user) => user.department === 'IT' && user.accountEnabled && userRows.has(user.id) && !company.personas.some(({ aadObjectId }) => aadObjectId === user.id));
  const members = new Map<GroupName, readonly User[]>(groupNames.map((name) => {
    const drawn = random.shuffle(technicians).slice(0, 3);
    return [name, name === 'Service Desk' ? [helpdeskOne, helpdeskTwo, lead].filter((user) => user !== undefined) : drawn];
  }));
  const groups = new Map(groupNames.map((name) => {
    const row = insert('sys_user_group', name, { active: 'true', manager: idOf(userRows.get((name === 'Service Desk' ? lead : head)?.id ?? '')), name });
    for (const user of members.get(name) ?? []) {
      insert('sys_user_grmember', `${name}/${user.id}`, { group: idOf(row), user: idOf(userRows.get(user.id)) });
    }
    return [name, row];
  }));

  // Computers that Intune knows, and one that it has forgotten.
  let assetNumber = 1_000_100;
  const computerRows = new Map<string, Row>();
  for (const device of company.devices.values()) {
    if (!isComputer(device)) continue;
    computerRows.set(device.id, insert('cmdb_ci_computer', device.id, {
      asset_tag: `P${assetNumber++}`, assigned_to: idOf(userRows.get(device.userId)), install_status: '1', name: device.deviceName,
      os: device.operatingSystem, os_version: device.osVersion, serial_number: device.serialNumber,
    }));
  }
  const retiredSerial = random.text('0123456789ABCDEFGHJKLMNPQRSTUVWXYZ', 8);
  const retired = insert('cmdb_ci_computer', 'retired', {
    asset_tag: `P${assetNumber}`, install_status: '7', name: `HLD-${retiredSerial}`, os: 'Windows', os_version: '10.0.19045.4046', serial_number: retiredSerial,
  });

  // Tickets.
  const owned = computersOf(company);
  const others = random.shuffle(ordinaryPeople(company).slice(0, -4));
  let nextOther = 0;
  const hostile = company.people().slice(ordinaryRange[1]).map(({ aadObjectId }) => company.users.get(aadObjectId))
    .find((user) => user?.displayName.includes('Ignore all previous instructions') === true);
  const callers: Readonly<Record<Exclude<CallerPart, 'anybody'>, User | undefined>> = {
    helpdesk: helpdeskOne, approver, employee: persona(6), vip: persona(7), hostile,
    twice: company.users.get(cases.twice), formerAddress: company.users.get(cases.formerAddress),
    inactive: company.users.get(cases.inactive), withoutMail: company.users.get(cases.withoutMail),
  };
  const texts = random.shuffle([...ordinaryTexts, ...hostileTexts]);

  const addTicket = (text: TicketText, index: number): void => {
    const part = text.caller ?? 'anybody';
    const caller = part === 'anybody' ? others[nextOther++ % others.length] : callers[part];
    // The second record is the one that the caller's ticket hangs on, so that neither can simply be preferred.
    const callerRow = part === 'twice' ? second : userRows.get(caller?.id ?? '');
    const device = owned.get(caller?.id ?? '')?.[0];
    const computer = text.device === 'own' ? computerRows.get(device?.id ?? '') : text.device === 'retired' ? retired : undefined;
    const openedMs = epochMs - (texts.length - index) * meanHoursBetweenTickets * hourMs + random.integer(0, 5 * 60) * minuteMs;
    const agent = text.state === 1 ? undefined : userRows.get(random.pick(members.get(text.group) ?? []).id);
    const agentName = agent?.get('user_name') ?? 'admin';
    const callerName = callerRow?.get('user_name') ?? '';
    const [impact, urgency] = [String(text.impact ?? 3), String(text.urgency ?? 3)];
    const number = toIncidentNumber(index);
    let nowMs = openedMs;
    const later = (): number => (nowMs += random.integer(6, 50) * minuteMs);

    const row = insert('incident', number, {
      active: String(text.state < 7), assigned_to: idOf(agent), assignment_group: idOf(groups.get(text.group)), caller_id: idOf(callerRow), category: text.category,
      cmdb_ci: idOf(computer), contact_type: random.pick(['email', 'phone', 'self-service', 'walk-in']), description: text.description,
      hold_reason: text.state === 3 ? '1' : '', impact, incident_state: String(text.state), number, opened_at: toServiceNowTime(openedMs),
      opened_by: idOf(random.chance(0.5) ? callerRow : userRows.get(helpdeskTwo?.id ?? '')), priority: priorityOf(impact, urgency),
      short_description: text.summary, state: String(text.state), urgency,
    }, openedMs, callerName);
    for (const [position, comment] of (text.comments ?? []).entries()) {
      const author = comment.by === 'caller' ? callerName : agentName;
      insert('sys_journal_field', `${number}/${position}`, {
        element: comment.isWorkNote === true ? 'work_notes' : 'comments', element_id: idOf(row), name: 'incident', value: comment.text,
      }, later(), author);
    }
    if (text.state === 1 && nowMs === openedMs) return;
    if (text.closeNotes !== undefined) {
      row.set('close_code', random.pick(closeCodes.filter((code) => code.startsWith('Solution') || code.startsWith('Resolved by caller'))));
      row.set('close_notes', text.closeNotes);
      row.set('resolved_at', toServiceNowTime(later()));
      row.set('resolved_by', idOf(agent));
    }
    if (text.state >= 7) {
      row.set('closed_at', toServiceNowTime(later()));
      row.set('closed_by', idOf(agent));
    }
    row.set('sys_updated_on', toServiceNowTime(later()));
    row.set('sys_updated_by', agentName);
    row.set('sys_mod_count', String((text.comments?.length ?? 0) + 1));
  };
  for (const [index, text] of texts.entries()) addTicket(text, index);

  return { database, integrationUserId: idOf(integration) };
}
