/** ServiceNow's data dictionary, as far as the sandbox needs it. Names and choices are those of the base system. */

/** One record: every value is text, as the Table API writes it. */
export type Row = Map<string, string>;

export type FieldType = 'string' | 'integer' | 'boolean' | 'glide_date_time' | 'journal_input' | 'choice' | 'reference' | 'GUID';

export interface Field {
  readonly label: string;
  readonly type: FieldType;
  /** Table that a reference leads to. */
  readonly reference?: string;
  readonly choices?: ReadonlyMap<string, string>;
  /** Whether a value that is no choice is dropped on writing instead of stored. */
  readonly isClosed?: boolean;
  /** Characters; longer text is cut on writing, without a word. */
  readonly maximum?: number;
  /** Kept by the system: what a client writes is ignored. */
  readonly isReadOnly?: boolean;
}

export interface Table {
  readonly name: string;
  /** The field that stands for a record where another one refers to it. */
  readonly display: string;
  readonly fields: ReadonlyMap<string, Field>;
  readonly rows: Map<string, Row>;
}

export type Database = ReadonlyMap<string, Table>;

const text = (label: string, maximum?: number): Field => ({ label, type: 'string', ...(maximum !== undefined && { maximum }) });
const integer = (label: string): Field => ({ label, type: 'integer' });
const boolean = (label: string): Field => ({ label, type: 'boolean' });
const time = (label: string): Field => ({ label, type: 'glide_date_time' });
const journal = (label: string): Field => ({ label, type: 'journal_input' });
const reference = (label: string, table: string): Field => ({ label, type: 'reference', reference: table });
const choice = (label: string, choices: Readonly<Record<string, string>>, isClosed = false): Field => ({
  label, type: 'choice', choices: new Map(Object.entries(choices)), isClosed,
});
const kept = (field: Field): Field => ({ ...field, isReadOnly: true });

const level = { 1: '1 - High', 2: '2 - Medium', 3: '3 - Low' };

/** Close codes of the base system in the Australia release; another instance may have others. */
export const closeCodes = [
  'Duplicate', 'Known error', 'No resolution provided', 'Resolved by caller', 'Resolved by change', 'Resolved by problem',
  'Resolved by request', 'Solution provided', 'Workaround provided', 'User error',
] as const;

const system: Readonly<Record<string, Field>> = {
  sys_id: kept({ label: 'Sys ID', type: 'GUID' }),
  sys_created_by: kept(text('Created by')),
  sys_created_on: kept(time('Created')),
  sys_mod_count: kept(integer('Updates')),
  sys_updated_by: kept(text('Updated by')),
  sys_updated_on: kept(time('Updated')),
};

const states = { 1: 'New', 2: 'In Progress', 3: 'On Hold', 6: 'Resolved', 7: 'Closed', 8: 'Canceled' };

const incident: Readonly<Record<string, Field>> = {
  ...system,
  active: kept(boolean('Active')),
  assigned_to: reference('Assigned to', 'sys_user'),
  assignment_group: reference('Assignment group', 'sys_user_group'),
  caller_id: reference('Caller', 'sys_user'),
  category: choice('Category', { database: 'Database', hardware: 'Hardware', inquiry: 'Inquiry / Help', network: 'Network', software: 'Software' }),
  close_code: choice('Resolution code', Object.fromEntries(closeCodes.map((code) => [code, code])), true),
  close_notes: text('Resolution notes', 4000),
  closed_at: kept(time('Closed')),
  closed_by: kept(reference('Closed by', 'sys_user')),
  cmdb_ci: reference('Configuration item', 'cmdb_ci'),
  comments: journal('Additional comments'),
  comments_and_work_notes: kept(journal('Comments and Work notes')),
  contact_type: choice('Channel', { email: 'Email', phone: 'Phone', 'self-service': 'Self-service', 'walk-in': 'Walk-in' }),
  correlation_display: text('Correlation display', 100),
  correlation_id: text('Correlation ID', 100),
  description: text('Description', 4000),
  hold_reason: choice('On hold reason', { 1: 'Awaiting Caller', 3: 'Awaiting Problem', 4: 'Awaiting Vendor', 5: 'Awaiting Change' }),
  impact: choice('Impact', level),
  incident_state: kept(choice('Incident state', states)),
  number: kept(text('Number')),
  opened_at: kept(time('Opened')),
  opened_by: kept(reference('Opened by', 'sys_user')),
  // Looked up from impact and urgency: servicenow.com/docs, “Define priority lookup rules”.
  priority: kept(choice('Priority', { 1: '1 - Critical', 2: '2 - High', 3: '3 - Moderate', 4: '4 - Low', 5: '5 - Planning' })),
  resolved_at: kept(time('Resolved')),
  resolved_by: kept(reference('Resolved by', 'sys_user')),
  short_description: text('Short description', 160),
  state: choice('State', states),
  subcategory: text('Subcategory'),
  sys_class_name: kept(text('Task type')),
  urgency: choice('Urgency', level),
  work_notes: journal('Work notes'),
};

const user: Readonly<Record<string, Field>> = {
  ...system,
  active: boolean('Active'),
  email: text('Email'),
  employee_number: text('Employee number'),
  first_name: text('First name'),
  last_name: text('Last name'),
  locked_out: boolean('Locked out'),
  manager: reference('Manager', 'sys_user'),
  mobile_phone: text('Mobile phone'),
  name: text('Name'),
  phone: text('Business phone'),
  sys_class_name: kept(text('Class')),
  title: text('Title'),
  user_name: text('User ID'),
  vip: boolean('VIP'),
  web_service_access_only: boolean('Web service access only'),
};

const group: Readonly<Record<string, Field>> = {
  ...system,
  active: boolean('Active'),
  description: text('Description'),
  email: text('Group email'),
  manager: reference('Manager', 'sys_user'),
  name: text('Name'),
};

const groupMember: Readonly<Record<string, Field>> = {
  ...system,
  group: reference('Group', 'sys_user_group'),
  user: reference('User', 'sys_user'),
};

const computer: Readonly<Record<string, Field>> = {
  ...system,
  asset_tag: text('Asset tag'),
  assigned_to: reference('Assigned to', 'sys_user'),
  install_status: choice('Status', { 1: 'Installed', 7: 'Retired' }),
  name: text('Name'),
  os: text('Operating System'),
  os_version: text('OS Version'),
  serial_number: text('Serial number'),
  sys_class_name: kept(text('Class')),
};

const journalField: Readonly<Record<string, Field>> = {
  sys_id: kept({ label: 'Sys ID', type: 'GUID' }),
  element: text('Element'),
  element_id: text('Element ID'),
  name: text('Name'),
  sys_created_by: kept(text('Created by')),
  sys_created_on: kept(time('Created')),
  value: text('Value'),
};

const table = (name: string, display: string, fields: Readonly<Record<string, Field>>, rows: Map<string, Row> = new Map()): Table => ({
  name, display, fields: new Map(Object.entries(fields)), rows,
});

/** All tables that the integration user may read, without a row. */
export function createDatabase(): Database {
  const computers = new Map<string, Row>();
  const all = [
    table('incident', 'number', incident),
    table('sys_user', 'name', user),
    table('sys_user_group', 'name', group),
    table('sys_user_grmember', 'sys_id', groupMember),
    table('cmdb_ci_computer', 'name', computer, computers),
    // The class that `incident.cmdb_ci` refers to; every computer is one of its records too.
    table('cmdb_ci', 'name', computer, computers),
    table('sys_journal_field', 'sys_id', journalField),
  ];
  return new Map(all.map((one) => [one.name, one]));
}

/** Tables that exist and that the integration user may not read. */
export const forbiddenTables: ReadonlySet<string> = new Set([
  'discovery_credentials', 'oauth_credential', 'oauth_entity', 'sys_audit', 'sys_db_object', 'sys_properties', 'sys_script',
  'sys_user_has_role', 'sys_user_password', 'sys_user_session',
]);

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
export const toServiceNowTime = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');

export interface Place {
  readonly table: Table;
  readonly field: Field;
  readonly name: string;
  readonly row: Row | undefined;
}

/**
 * Follows a name with dots through references: `caller_id.email`. Undefined when a part of it is no field, so that
 * it can be told from an empty one; `row` is undefined when a reference on the way is empty.
 */
export function walk(database: Database, start: Table, path: string, row: Row | undefined): Place | undefined {
  const parts = path.split('.');
  let place: Place | undefined;
  for (const [index, name] of parts.entries()) {
    const table: Table | undefined = place === undefined ? (index === 0 ? start : undefined) : database.get(place.field.reference ?? '');
    const field = table?.fields.get(name);
    if (table === undefined || field === undefined) return undefined;
    place = { table, field, name, row: place === undefined ? row : table.rows.get(valueAt(place)) };
  }
  return place;
}

/** The stored value, empty when there is none. */
export const valueAt = ({ row, name }: Place): string => row?.get(name) ?? '';
