import { z } from 'zod/v4';
import { LEDGER_FLOOR_DAYS } from './audit/retired.ts';
import { defaultRetention, type RetentionSettings } from './clients/retention.ts';
import type { SystemSettings } from './clients/systems.ts';
import { StewardError } from './errors.ts';
import { parseUsd } from './guard/money.ts';

/** What an operator sets: names and ids, never a value that is a secret. */
export interface Configuration {
  readonly tenantId: string;
  readonly identities: { readonly channel: string; readonly reasoner: string; readonly robot: string; readonly keeper: string };
  readonly cloud: 'public';
  readonly resources: { readonly vault: string; readonly storage: string; readonly openai: string };
  readonly model: { readonly deployment: string; readonly name: string };
  readonly roleGroups: { readonly helpdesk: string; readonly approver: string; readonly backupApprover?: string; readonly admin: string; readonly dataProtection?: string; readonly vip: string; readonly breakGlass: string };
  /** Absent: nothing is embedded. */
  readonly embedding?: { readonly deployment: string; readonly name: string };
  /** The folder with the index of the articles. Absent: nothing is answered from articles. */
  readonly knowledgeDirectory?: string;
  readonly monthMicroUsd: number;
  readonly personDayMicroUsd: number;
  readonly turnMicroUsd: number;
  readonly linkHosts: readonly string[];
  /** More Cedar, which may only forbid: docs/policy.md. */
  readonly policyOverlay: string;
  readonly systems: SystemSettings & { readonly servicenowInstance?: string; readonly oneDriveHost?: string };
  readonly enableActions: readonly string[];
  readonly disableActions: readonly string[];
  readonly retention: RetentionSettings;
  readonly port: number;
}

const guid = z.guid();
const list = <T>(item: z.ZodType<T, string>) =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').map((each) => each.trim()).filter((each) => each !== ''))
    .pipe(z.array(item));
const actionName = z.string().regex(/^[a-z]+(?:_[a-z]+)+$/, 'must be names of actions separated by commas');
const AZURE_NAME = '[A-Za-z0-9](?:[A-Za-z0-9._()-]{0,88}[A-Za-z0-9_()-])?';
/** `SUBSCRIPTION/RESOURCE-GROUP/NAME` */
const site = z
  .string()
  .regex(new RegExp(`^[0-9a-fA-F-]{36}/${AZURE_NAME}/${AZURE_NAME}$`), 'must be SUBSCRIPTION/RESOURCE-GROUP/NAME, several separated by commas')
  .transform((text) => {
    const [subscription = '', resourceGroup = '', name = ''] = text.split('/');
    return { subscription, resourceGroup, name };
  });
const resourceGroup = z
  .string()
  .regex(new RegExp(`^[0-9a-fA-F-]{36}/${AZURE_NAME}$`), 'must be SUBSCRIPTION/RESOURCE-GROUP')
  .transform((text) => {
    const [subscription = '', name = ''] = text.split('/');
    return { subscription, resourceGroup: name };
  });
/** `PLACE/WORKFLOW-ID`, as in the address of its request trigger. */
const workflow = z
  .string()
  .regex(/^prod-\d{2,3}\.[a-z0-9]{3,40}\/[0-9a-f]{32}$/, 'must be PLACE/WORKFLOW-ID such as prod-12.westeurope/ and 32 hex characters')
  .transform((text) => {
    const [place = '', workflowId = ''] = text.split('/');
    return { place, workflowId };
  });
const usd = z.string().transform((text, context) => {
  const microUsd = parseUsd(text);
  if (microUsd !== undefined) return microUsd;
  context.addIssue({ code: 'custom', message: 'must be an amount in USD such as 250 or 99.50' });
  return z.NEVER;
});
/** How long something is kept; less than the floor would take away what somebody still needs. */
const days = (floor: number) => z.string().regex(/^\d{1,4}$/, `must be a number of days, ${floor} or more`).transform(Number).pipe(z.int().min(floor, `must be ${floor} or more`));
/** Half a dollar: six attempts of a long conversation, each at its upper bound. */
const TURN_MICRO_USD = 500_000;
const hosts = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((host) => host.trim()).filter((host) => host !== ''))
  .pipe(z.array(z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i, "must be host names separated by commas")));

/** Every variable there is. An unknown `STEWARD_…` name is refused: it is a typing error, or a setting that does nothing. */
const shape = z.object({
  STEWARD_TENANT_ID: guid,
  STEWARD_CHANNEL_CLIENT_ID: guid,
  STEWARD_REASONER_CLIENT_ID: guid,
  STEWARD_ROBOT_CLIENT_ID: guid,
  STEWARD_KEEPER_CLIENT_ID: guid,
  STEWARD_CLOUD: z.literal('public').default('public'),
  STEWARD_VAULT_NAME: z.string().min(1),
  STEWARD_STORAGE_ACCOUNT: z.string().min(1),
  STEWARD_ANCHOR_STORAGE_ACCOUNT: z.string().min(1).optional(),
  STEWARD_OPENAI_RESOURCE: z.string().min(1),
  STEWARD_OPENAI_DEPLOYMENT: z.string().min(1),
  STEWARD_OPENAI_MODEL: z.string().min(1),
  STEWARD_EMBEDDING_DEPLOYMENT: z.string().min(1).optional(),
  STEWARD_EMBEDDING_MODEL: z.string().min(1).optional(),
  STEWARD_KNOWLEDGE_DIR: z.string().min(1).max(500).optional(),
  STEWARD_HELPDESK_GROUP_ID: guid,
  STEWARD_APPROVER_GROUP_ID: guid,
  STEWARD_BACKUP_APPROVER_GROUP_ID: guid.optional(),
  STEWARD_ADMIN_GROUP_ID: guid,
  STEWARD_DATA_PROTECTION_GROUP_ID: guid.optional(),
  STEWARD_VIP_GROUP_ID: guid,
  STEWARD_BREAK_GLASS_GROUP_ID: guid,
  STEWARD_MONTHLY_CEILING_USD: usd,
  STEWARD_PERSON_DAILY_CEILING_USD: usd,
  STEWARD_TURN_CEILING_USD: usd.default(TURN_MICRO_USD),
  STEWARD_LINK_HOSTS: hosts,
  STEWARD_POLICY_OVERLAY: z.string().max(20_000).default(''),
  STEWARD_ENABLE_ACTIONS: list(actionName),
  STEWARD_DISABLE_ACTIONS: list(actionName),
  STEWARD_MANAGED_GROUP_IDS: list(guid),
  STEWARD_MAILBOX_ID: guid.optional(),
  STEWARD_SERVICENOW_INSTANCE: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/i, 'must be the first label of your instance’s host').optional(),
  STEWARD_SERVICENOW_USER: z.string().regex(/^[\w.@-]{1,100}$/).optional(),
  STEWARD_SERVICENOW_SECRET: z.string().regex(/^[A-Za-z0-9-]{1,127}$/).default('servicenow-password'),
  STEWARD_ONEDRIVE_HOST: z.string().regex(/^[a-z0-9-]+-my\.sharepoint\.com$/i, 'must be your tenant’s OneDrive host, such as contoso-my.sharepoint.com').optional(),
  STEWARD_APP_SERVICES: list(site),
  STEWARD_RESOURCE_GROUP: resourceGroup.optional(),
  STEWARD_WORKFLOW_GRANT_GUEST_WIFI: workflow.optional(),
  STEWARD_WORKFLOW_OFFBOARD_PERSON: workflow.optional(),
  STEWARD_KEEP_CONVERSATIONS_DAYS: days(1).default(defaultRetention.conversationDays),
  STEWARD_KEEP_APPROVALS_DAYS: days(90).default(defaultRetention.approvalDays),
  STEWARD_KEEP_LEDGER_DAYS: days(LEDGER_FLOOR_DAYS).default(defaultRetention.ledgerDays),
  PORT: z.string().regex(/^\d{1,5}$/, 'must be a port').transform(Number).pipe(z.int().min(1).max(65_535)).default(3978),
});

/** Variables that would print secrets, trust anyone, ask somebody else for tokens or add a key: production does not start with them. */
const FORBIDDEN: readonly string[] = [
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_EXTRA_CA_CERTS',
  'SSLKEYLOGFILE',
  'NODE_V8_COVERAGE',
  'NODE_REPL_EXTERNAL_MODULE',
  'AZURE_AUTHORITY_HOST',
  'NODE_DEBUG',
  'NODE_DEBUG_NATIVE',
  // `console.log` of whole requests by openai 4.77.4 is switched by DEBUG, by OPENAI_LOG from version 5 on.
  'DEBUG',
  'AZURE_LOG_LEVEL',
  'OPENAI_LOG',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'AZURE_OPENAI_API_KEY',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'MicrosoftAppId',
  'MicrosoftAppPassword',
  'MicrosoftAppType',
];

/** Options of Node that production may be started with. Any other could open a debugger, write keys to a file or load code. */
const NODE_OPTIONS: ReadonlySet<string> = new Set(['--max-old-space-size', '--enable-source-maps', '--disable-sigusr1', '--no-warnings', '--import', '--unhandled-rejections']);

/** The options that are not allowed, without their values, as they were written. */
function optionProblems(options: readonly string[]): readonly string[] {
  return options.flatMap((option) => {
    // Node takes quotation marks and backslashes out of NODE_OPTIONS, and `_` for `-`. What is no option is the value of one.
    const name = /^(?:--[\w-]+|-\w?)/.exec(option.replace(/["'\\]/g, ''))?.[0];
    return name === undefined || NODE_OPTIONS.has(name.replaceAll('_', '-')) ? [] : [`the option ${name} must not be used`];
  });
}

/** Settings of which no two may be the same, in whatever case they are written. */
function areDistinct(ids: readonly string[]): boolean {
  return new Set(ids.map((id) => id.toLowerCase())).size === ids.length;
}

/**
 * Reads the environment, once. Fails with `CONFIGURATION_INVALID` and everything that is wrong, one line each; values
 * are not repeated.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>, nodeOptions: readonly string[] = []): Configuration {
  const problems: string[] = [];
  for (const name of FORBIDDEN) if (env[name] !== undefined && env[name] !== '') problems.push(`${name} must not be set`);
  problems.push(...optionProblems([...nodeOptions, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)]));
  for (const name of Object.keys(env)) if (name.startsWith('STEWARD_') && !(name in shape.shape)) problems.push(`${name} is not a setting of Steward`);
  // A line of .env.example that was left as it is says nothing.
  const parsed = shape.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => ((env[String(issue.path[0])] ?? '') === '' ? `${String(issue.path[0])} is missing` : `${String(issue.path[0])}: ${issue.message}`)));
  if (parsed.success) {
    const { data } = parsed;
    if (!areDistinct([data.STEWARD_CHANNEL_CLIENT_ID, data.STEWARD_REASONER_CLIENT_ID, data.STEWARD_ROBOT_CLIENT_ID, data.STEWARD_KEEPER_CLIENT_ID])) problems.push('the four client ids must be four different identities');
    const optional = [data.STEWARD_BACKUP_APPROVER_GROUP_ID, data.STEWARD_DATA_PROTECTION_GROUP_ID].filter((group) => group !== undefined);
    const roles = [data.STEWARD_HELPDESK_GROUP_ID, data.STEWARD_APPROVER_GROUP_ID, data.STEWARD_ADMIN_GROUP_ID, ...optional];
    if (!areDistinct(roles)) problems.push('helpdesk, approver, backup approver, admin and data protection must be different groups');
    // One group for VIP and emergency accounts does no harm; one that gives a role would make its members targets of another kind.
    if (![data.STEWARD_VIP_GROUP_ID, data.STEWARD_BREAK_GLASS_GROUP_ID].every((id) => areDistinct([id, ...new Set(roles)]))) problems.push('the groups of VIP and emergency accounts must not be groups that give a role');
  }
  if (parsed.success) {
    const { data } = parsed;
    if ((data.STEWARD_EMBEDDING_DEPLOYMENT === undefined) !== (data.STEWARD_EMBEDDING_MODEL === undefined)) problems.push('STEWARD_EMBEDDING_DEPLOYMENT and STEWARD_EMBEDDING_MODEL are set together or not at all');
    if (data.STEWARD_KNOWLEDGE_DIR !== undefined && data.STEWARD_EMBEDDING_MODEL === undefined) problems.push('STEWARD_KNOWLEDGE_DIR needs STEWARD_EMBEDDING_DEPLOYMENT and STEWARD_EMBEDDING_MODEL: questions are compared with articles as vectors');
    if ((data.STEWARD_SERVICENOW_INSTANCE === undefined) !== (data.STEWARD_SERVICENOW_USER === undefined)) problems.push('STEWARD_SERVICENOW_INSTANCE and STEWARD_SERVICENOW_USER are set together or not at all');
    const own = data.STEWARD_RESOURCE_GROUP;
    if (data.STEWARD_APP_SERVICES.length > 0 && own === undefined) problems.push('STEWARD_RESOURCE_GROUP is missing: where Steward itself is must never be a target');
    const isOwn = ({ resourceGroup: group, subscription }: { readonly resourceGroup: string; readonly subscription: string }): boolean =>
      own !== undefined && `${subscription}/${group}`.toLowerCase() === `${own.subscription}/${own.resourceGroup}`.toLowerCase();
    if (data.STEWARD_APP_SERVICES.some(isOwn)) problems.push('STEWARD_APP_SERVICES names something in Steward’s own resource group');
  }
  if (problems.length > 0 || !parsed.success) throw new StewardError('CONFIGURATION_INVALID', `the configuration does not hold:\n  ${problems.join('\n  ')}`);
  const { data } = parsed;
  return {
    tenantId: data.STEWARD_TENANT_ID,
    identities: { channel: data.STEWARD_CHANNEL_CLIENT_ID, reasoner: data.STEWARD_REASONER_CLIENT_ID, robot: data.STEWARD_ROBOT_CLIENT_ID, keeper: data.STEWARD_KEEPER_CLIENT_ID },
    cloud: data.STEWARD_CLOUD,
    resources: { vault: data.STEWARD_VAULT_NAME, storage: data.STEWARD_STORAGE_ACCOUNT, openai: data.STEWARD_OPENAI_RESOURCE, ...(data.STEWARD_ANCHOR_STORAGE_ACCOUNT !== undefined && { anchors: data.STEWARD_ANCHOR_STORAGE_ACCOUNT }) },
    model: { deployment: data.STEWARD_OPENAI_DEPLOYMENT, name: data.STEWARD_OPENAI_MODEL },
    roleGroups: {
      helpdesk: data.STEWARD_HELPDESK_GROUP_ID,
      approver: data.STEWARD_APPROVER_GROUP_ID,
      ...(data.STEWARD_BACKUP_APPROVER_GROUP_ID !== undefined && { backupApprover: data.STEWARD_BACKUP_APPROVER_GROUP_ID }),
      admin: data.STEWARD_ADMIN_GROUP_ID,
      ...(data.STEWARD_DATA_PROTECTION_GROUP_ID !== undefined && { dataProtection: data.STEWARD_DATA_PROTECTION_GROUP_ID }),
      vip: data.STEWARD_VIP_GROUP_ID,
      breakGlass: data.STEWARD_BREAK_GLASS_GROUP_ID,
    },
    ...(data.STEWARD_EMBEDDING_DEPLOYMENT !== undefined && data.STEWARD_EMBEDDING_MODEL !== undefined && { embedding: { deployment: data.STEWARD_EMBEDDING_DEPLOYMENT, name: data.STEWARD_EMBEDDING_MODEL } }),
    ...(data.STEWARD_KNOWLEDGE_DIR !== undefined && { knowledgeDirectory: data.STEWARD_KNOWLEDGE_DIR }),
    monthMicroUsd: data.STEWARD_MONTHLY_CEILING_USD,
    personDayMicroUsd: data.STEWARD_PERSON_DAILY_CEILING_USD,
    turnMicroUsd: data.STEWARD_TURN_CEILING_USD,
    linkHosts: data.STEWARD_LINK_HOSTS,
    policyOverlay: data.STEWARD_POLICY_OVERLAY,
    enableActions: data.STEWARD_ENABLE_ACTIONS,
    disableActions: data.STEWARD_DISABLE_ACTIONS,
    systems: {
      managedGroups: data.STEWARD_MANAGED_GROUP_IDS,
      sites: data.STEWARD_APP_SERVICES,
      workflows: {
        ...(data.STEWARD_WORKFLOW_GRANT_GUEST_WIFI && { 'grant guest wifi': data.STEWARD_WORKFLOW_GRANT_GUEST_WIFI }),
        ...(data.STEWARD_WORKFLOW_OFFBOARD_PERSON && { 'offboard person': data.STEWARD_WORKFLOW_OFFBOARD_PERSON }),
      },
      ...(data.STEWARD_MAILBOX_ID !== undefined && { mailbox: data.STEWARD_MAILBOX_ID }),
      ...(data.STEWARD_SERVICENOW_USER !== undefined && { servicenow: { user: data.STEWARD_SERVICENOW_USER, secret: data.STEWARD_SERVICENOW_SECRET } }),
      ...(data.STEWARD_SERVICENOW_INSTANCE !== undefined && { servicenowInstance: data.STEWARD_SERVICENOW_INSTANCE }),
      ...(data.STEWARD_ONEDRIVE_HOST !== undefined && { oneDriveHost: data.STEWARD_ONEDRIVE_HOST }),
      ...(data.STEWARD_RESOURCE_GROUP && { ownResourceGroup: data.STEWARD_RESOURCE_GROUP }),
    },
    retention: { conversationDays: data.STEWARD_KEEP_CONVERSATIONS_DAYS, approvalDays: data.STEWARD_KEEP_APPROVALS_DAYS, ledgerDays: data.STEWARD_KEEP_LEDGER_DAYS },
    port: data.PORT,
  };
}
