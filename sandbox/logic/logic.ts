/**
 * Azure Logic Apps (Consumption): Request triggers that take a Microsoft Entra token and no shared signature.
 * learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app, “Enable OAuth … for the Request trigger”
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { SandboxRequest, SandboxResponse, Service } from '../http.ts';
import { guidFromSeed } from '../identifiers.ts';
import type { Permissions } from '../permissions.ts';

export const logicRegions = ['westeurope', 'northeurope'] as const;
export type LogicRegion = (typeof logicRegions)[number];

/** Host names, which Azure gives out with the workflow. */
export const logicHosts: Readonly<Record<LogicRegion, string>> = {
  westeurope: 'prod-12.westeurope.logic.azure.com',
  northeurope: 'prod-33.northeurope.logic.azure.com',
};

export const workflowNames = ['grant-guest-wifi', 'offboard-person'] as const;
export type WorkflowName = (typeof workflowNames)[number];

export interface LogicOptions {
  readonly seed: number;
  readonly permissions: Permissions;
  /** The `aud` claim that the workflows' authorisation policy wants. */
  readonly audience: string;
  readonly now?: () => Date;
}

/** One run that was started. */
export interface Run {
  readonly id: string;
  readonly workflow: WorkflowName;
  readonly region: LogicRegion;
  readonly clientId: string;
  readonly input: unknown;
  readonly at: Date;
}

/** What tests look at and upset. */
export interface Logic {
  readonly services: Readonly<Record<LogicRegion, Service>>;
  readonly workflows: Readonly<Record<WorkflowName, {
    readonly id: string;
    readonly region: LogicRegion;
    /** First labels of its host, such as `prod-12.westeurope`. */
    readonly place: string;
    /** Path and query of its trigger. */
    readonly path: string;
  }>>;
  runs(): readonly Run[];
  /** As the switch in the portal does, until the reset. */
  disable(workflow: WorkflowName): void;
  reset(): void;
}

const trigger = 'manual';
/** Both regions take the same ones: a difference is a fault (`regional-endpoint`), not the reference. */
const apiVersions = new Set(['2016-06-01', '2016-10-01', '2019-05-01']);
const currentVersion = '2016-10-01';

interface TriggerSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, { readonly type: 'string' | 'integer' }>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

interface Workflow {
  readonly name: WorkflowName;
  readonly region: LogicRegion;
  readonly id: string;
  readonly version: string;
  readonly schema: TriggerSchema;
}

const schemaOf = (properties: TriggerSchema['properties']): TriggerSchema => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });

const seeded: readonly Pick<Workflow, 'name' | 'region' | 'schema'>[] = [
  { name: 'grant-guest-wifi', region: 'westeurope', schema: schemaOf({ person_mail: { type: 'string' }, days: { type: 'integer' } }) },
  { name: 'offboard-person', region: 'northeurope', schema: schemaOf({ person_object_id: { type: 'string' }, last_day: { type: 'string' } }) },
];

const errorBody = (code: string, message: string): unknown => ({ error: { code, message } });

/** Json.NET's names of the types, as its validator writes them. */
const kindOf = (value: unknown): string => {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  switch (typeof value) {
    case 'string': return 'String';
    case 'boolean': return 'Boolean';
    case 'number': return Number.isInteger(value) ? 'Integer' : 'Number';
    case 'object': return 'Object';
    default: return 'None';
  }
};
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What Json.NET's schema validator says about a body; nothing when it fits. */
function mismatches(schema: TriggerSchema, body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [`Invalid type. Expected Object but got ${kindOf(body)}.`];
  const known = new Map(Object.entries(schema.properties));
  const problems = Object.entries(body).flatMap(([name, value]) => {
    const type = known.get(name)?.type;
    if (type === undefined) return [`Property '${name}' has not been defined and the schema does not allow additional properties.`];
    return kindOf(value) === capital(type) ? [] : [`Invalid type. Expected ${capital(type)} but got ${kindOf(value)}.`];
  });
  const missing = schema.required.filter((name) => !Object.hasOwn(body, name));
  return missing.length === 0 ? problems : [...problems, `Required properties are missing from object: ${missing.join(', ')}.`];
}

const digits = (length: number): string => Array.from({ length }, () => randomInt(10)).join('');
const trackingId = /^[\w-]{1,128}$/;

/** The workflows of one subscription. Who may call one has the grant `openAuthenticationPolicies` on `workflow NAME` (`system: "logic"`). */
export function createLogic({ seed, permissions, audience, now = () => new Date() }: LogicOptions): Logic {
  const workflows: readonly Workflow[] = seeded.map((workflow) => ({
    ...workflow,
    id: guidFromSeed(seed, `workflow/${workflow.name}`).replaceAll('-', ''),
    version: `0858${digits(16)}`,
  }));
  const runs: Run[] = [];
  const disabled = new Set<WorkflowName>();
  const reset = (): void => {
    runs.length = 0;
    disabled.clear();
  };

  /** The policy names the caller (`appid`) beside issuer and audience, which the server has checked. */
  const isAllowed = (clientId: string, { name }: Workflow): boolean =>
    permissions.grantsOf(clientId).some(({ system, permission, scope }) =>
      system === 'logic' && permission === 'openAuthenticationPolicies' && scope === `workflow ${name}`);

  const invoke = (region: LogicRegion) => ({ url, params, headers, body, identity }: SandboxRequest): SandboxResponse => {
    const correlation = randomUUID();
    const about = (workflow: Workflow): Record<string, string> => ({
      'x-ms-execution-location': region,
      'x-ms-workflow-system-id': `/locations/${region}/scaleunits/${logicHosts[region].split('.')[0] ?? ''}/workflows/${workflow.id}`,
      'x-ms-workflow-id': workflow.id,
      'x-ms-workflow-version': workflow.version,
      'x-ms-workflow-name': workflow.name,
      'x-ms-tracking-id': correlation,
    });
    const common = { 'cache-control': 'no-cache', 'x-ms-request-id': `${region}:${correlation}` };
    const error = (status: number, code: string, message: string, workflow?: Workflow): SandboxResponse => ({
      status,
      headers: { ...common, ...(workflow !== undefined && about(workflow)) },
      body: errorBody(code, message),
    });

    const version = url.searchParams.get('api-version');
    if (version === null) return error(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.');
    if (!apiVersions.has(version)) {
      return error(400, 'InvalidApiVersionParameter', `The api-version '${version}' is not supported. Supported versions are: '${[...apiVersions].join(', ')}'.`);
    }
    const [id = '', name = ''] = [params['workflow'], params['trigger']];
    const workflow = workflows.find((candidate) => candidate.region === region && candidate.id === id.toLowerCase());
    if (workflow === undefined) return error(404, 'WorkflowNotFound', `The workflow '${id}' could not be found.`);
    if (name !== trigger) return error(404, 'WorkflowTriggerNotFound', `The workflow '${id}' trigger '${name}' could not be found.`);
    const clientId = identity?.clientId ?? '';
    if (!isAllowed(clientId, workflow)) return error(401, mismatch.code, mismatch.message, workflow);
    if (disabled.has(workflow.name)) {
      // learn.microsoft.com/troubleshoot/power-platform/power-automate, “WorkflowTriggerIsNotEnabled”; clients quote the status.
      return error(400, 'WorkflowTriggerIsNotEnabled', `Could not execute workflow '${id}' trigger '${trigger}' with state 'Disabled': trigger is not enabled.`, workflow);
    }
    const problems = mismatches(workflow.schema, body);
    if (problems.length > 0) {
      return error(400, 'TriggerInputSchemaMismatch',
        `The input body for trigger '${trigger}' of type 'Request' did not match its schema definition. Error details: '${problems.join(',')}'.`, workflow);
    }

    const runId = `0858${digits(25)}CU${digits(2)}`;
    runs.push({ id: runId, workflow: workflow.name, region, clientId, input: body, at: now() });
    const sent = headers['x-ms-client-tracking-id'];
    return {
      status: 202,
      headers: {
        ...common,
        ...about(workflow),
        'x-ms-workflow-run-id': runId,
        'x-ms-correlation-id': correlation,
        'x-ms-client-tracking-id': sent !== undefined && trackingId.test(sent) ? sent : runId,
        'x-ms-trigger-history-name': runId,
      },
      effect: true,
    };
  };

  const mismatch = {
    code: 'MisMatchingOAuthClaims',
    message: 'One or more claims either missing or does not match with the open authentication access control policy.',
  };

  const serviceOf = (region: LogicRegion): Service => ({
    name: 'logic',
    audience,
    handlers: [{ method: 'POST', path: '/workflows/:workflow/triggers/:trigger/paths/invoke', handle: invoke(region) }],
    error: (_status, code, message) => errorBody(code, message),
    challenge: (authorization) =>
      authorization === undefined
        ? { status: 401, code: 'DirectApiAuthorizationRequired', message: 'The request must be authenticated only by Shared Access scheme.' }
        : { status: 401, ...mismatch },
    reset,
  });

  const describe = (name: WorkflowName): Logic['workflows'][WorkflowName] => {
    const workflow = workflows.find((candidate) => candidate.name === name);
    if (workflow === undefined) throw new Error(`no workflow ${name}`);
    const place = logicHosts[workflow.region].split('.').slice(0, 2).join('.');
    return { id: workflow.id, region: workflow.region, place, path: `/workflows/${workflow.id}/triggers/${trigger}/paths/invoke?api-version=${currentVersion}` };
  };

  return {
    services: { westeurope: serviceOf('westeurope'), northeurope: serviceOf('northeurope') },
    workflows: { 'grant-guest-wifi': describe('grant-guest-wifi'), 'offboard-person': describe('offboard-person') },
    runs: () => [...runs],
    disable: (workflow) => void disabled.add(workflow),
    reset,
  };
}
