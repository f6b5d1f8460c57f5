/**
 * The catalogue against the published description of Graph, and the robot's hands against the catalogue: what an action
 * declares exists and takes the permissions that it names, and what it then sends is what it declared.
 */
import assert from 'node:assert/strict';
import { createHttpHeaders, type HttpClient, type PipelineRequest } from '@azure/core-rest-pipeline';
import { z } from 'zod/v4';
import { requirements, type Action, type Operation } from '../../../src/actions/action.ts';
import { catalogue, toolsOf } from '../../../src/actions/catalogue.ts';
import type { HandleKind } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { endpointsFor } from '../../../src/clients/clouds.ts';
import { createRobot } from '../../../src/clients/robot.ts';
import { met, type SystemSettings } from '../../../src/clients/systems.ts';
import { readGraphPermissions, readGraphTypes } from './graph-reference.ts';

const operationsOf = ({ operation, reads = [] }: Action): readonly Operation[] => [operation, ...reads];
const declared = catalogue.all().flatMap((action) => operationsOf(action).map((operation) => ({ name: action.name, ...operation })));

/**
 * Where Microsoft's file and its pages part, or a permission is not Graph's own. `accepted` stands for the permission in the
 * file; absent where the file does not have the operation.
 */
const EXCEPTIONS: readonly { readonly operation: string; readonly permission: string; readonly accepted?: string; readonly source: string }[] = [
  // The file knows no `$ref`. Group ownership is no app role: docs/decisions/0009-group-membership.md.
  { operation: 'POST /groups/{id}/members/$ref', permission: 'owner', source: 'https://learn.microsoft.com/graph/api/group-post-members' },
  { operation: 'DELETE /groups/{id}/members/{id}/$ref', permission: 'owner', source: 'https://learn.microsoft.com/graph/api/group-delete-members' },
  // Exchange's application role for the same operation, with a scope.
  { operation: 'POST /users/{id}/sendMail', permission: 'Application Mail.Send', accepted: 'Mail.Send', source: 'https://learn.microsoft.com/graph/auth-limit-mailbox-access' },
  // Membership opens the list; the members' own properties come only with the permission to read users.
  { operation: 'GET /groups/{id}/members', permission: 'User.Read.All', accepted: 'Group.ReadBasic.All', source: 'https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects' },
];

describe('what an action declares of Graph', () => {
  it('is published, and takes each permission that it names', function () {
    const known = readGraphPermissions();
    if (known === undefined) return this.skip();
    for (const { method, name, path, permissions, system } of declared) {
      if (system !== 'graph') continue;
      const accepted = known.acceptedFor(method, path);
      for (const permission of permissions) {
        const exception = EXCEPTIONS.find((each) => each.operation === `${method} ${path}` && each.permission === permission);
        if (exception === undefined) assert.ok(accepted.has(permission), `${name}: ${method} ${path} takes ${[...accepted].join(', ') || 'nothing: it is not published'}, not ${permission}`);
        else assert.equal(exception.accepted === undefined ? accepted.size === 0 : accepted.has(exception.accepted), true, `${name}: the exception for ${exception.operation} is none any more`);
      }
    }
  });

  it('needs each of its exceptions', () => {
    for (const { operation, permission } of EXCEPTIONS) assert.ok(declared.some(({ method, path, permissions }) => `${method} ${path}` === operation && permissions.includes(permission)), `${operation} with ${permission} is declared by no action`);
  });

  it('names a permission, for every system', () => {
    for (const { method, name, path, permissions } of declared) assert.ok(permissions.length > 0 && permissions.every((permission) => permission.trim() !== ''), `${name}: ${method} ${path}`);
  });
});

// --- what the hands then send -----------------------------------------------------------------------------------------

const GUID = '5f3c1f0e-9a50-4e6b-8d6a-0a4a5b6c7d8e';
const SYS_ID = '0123456789abcdef0123456789abcdef';
const SITE = { subscription: GUID, resourceGroup: 'rg-shop', name: 'shop-frontend' };
const PLACE = { place: 'prod-12.westeurope', workflowId: SYS_ID };
const settings: SystemSettings = {
  managedGroups: [GUID],
  mailbox: GUID,
  servicenow: { user: 'steward', secret: 'servicenow-password' },
  sites: [SITE],
  workflows: { 'grant guest wifi': PLACE, 'offboard person': PLACE },
};
const endpoints = endpointsFor('public', { vault: 'kv-steward', openai: 'aoai-steward', storage: 'ststeward1', servicenow: 'contoso', logicPlaces: [PLACE.place] });

interface Sent {
  readonly system: Operation['system'];
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

const HOSTS: Readonly<Record<string, Operation['system']>> = { [endpoints.graph]: 'graph', [endpoints.arm]: 'arm', [endpoints.servicenow ?? '']: 'servicenow', [endpoints.logic[PLACE.place] ?? '']: 'logic' };

/** Whatever anybody could ask for, in one body: a list of none and a thing of every kind. Of people there is one. */
const graphBody = {
  ...{ id: GUID, value: [], displayName: 'Anna Weber', userPrincipalName: 'anna@contoso.example', mail: 'anna@contoso.example', accountEnabled: true, userType: 'Member', usageLocation: 'DE', employeeId: '1', licenseAssignmentStates: [], assignedLicenses: [] },
  ...{ deviceName: 'LAPTOP-1', operatingSystem: 'Windows', osVersion: '10', model: 'm', serialNumber: 's', complianceState: 'compliant', userId: GUID, managedDeviceOwnerType: 'company', groupTypes: [] },
};
const user = { sys_id: SYS_ID, user_name: 'anna', name: 'Anna Weber', email: 'anna@contoso.example', employee_number: '1', active: 'true' };
const incident = { sys_id: SYS_ID, number: 'INC0010023', short_description: 'x', description: 'x', state: '2', priority: '3', opened_at: '2026-11-20 10:00:00', sys_updated_on: '2026-11-20 10:00:00', caller_id: SYS_ID, assigned_to: '', cmdb_ci: '', active: 'true', sys_mod_count: '3' };

function answerTo({ method, path, system }: Sent): { readonly status: number; readonly body?: unknown } {
  if (system === 'graph') return method === 'GET' ? { status: 200, body: path === '/v1.0/users' ? { ...graphBody, value: [graphBody] } : graphBody } : method === 'POST' && path.endsWith('/revokeSignInSessions') ? { status: 200, body: { value: true } } : { status: 204 };
  if (system === 'arm') return method === 'GET' ? { status: 200, body: { name: SITE.name, properties: { state: 'Running' } } } : { status: 200 };
  if (system === 'logic') return { status: 202 };
  const row = path.includes('/sys_user') ? user : incident;
  return { status: method === 'POST' ? 201 : 200, body: { result: method === 'GET' && !path.endsWith(SYS_ID) ? [row] : row } };
}

/** Everything that the run of an action sent, whatever came of it. */
async function sentBy(action: Action): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const httpClient: HttpClient = {
    sendRequest: async (request: PipelineRequest) => {
      const url = new URL(request.url);
      const answer = (status: number, body?: unknown) => ({ request, status, headers: createHttpHeaders({ 'content-type': 'application/json', 'x-total-count': '1' }), ...(body !== undefined && { bodyAsText: JSON.stringify(body) }) });
      if (url.origin === endpoints.vault) return answer(200, { value: 'a password', id: `${endpoints.vault}/secrets/servicenow-password/${SYS_ID}`, attributes: { enabled: true } });
      const system = HOSTS[url.origin];
      assert.ok(system, `a request to ${url.origin}`);
      const one: Sent = { system, method: request.method, path: decodeURIComponent(url.pathname), query: url.searchParams, body: typeof request.body === 'string' ? (JSON.parse(request.body) as unknown) : undefined };
      sent.push(one);
      const { status, body } = answerTo(one);
      return answer(status, body);
    },
  };
  const credential = { getToken: async () => ({ token: 'a-token', expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const { hands } = createRobot({ endpoints, systems: settings, credential, httpClient, clock: systemClock });
  const { signal } = new AbortController();
  // What the answers above do not satisfy fails after it was sent, and what was sent is looked at.
  await action.run(sampleArguments(action), hands, { requester: new InternalId(GUID), signal, receipt: () => undefined }).catch(() => undefined);
  return sent;
}

const APP_PATH = `/subscriptions/${GUID}/resourceGroups/${SITE.resourceGroup}/providers/Microsoft.Web/sites/${SITE.name}`;

/** Arguments as the gate hands them on. */
function sampleArguments(action: Action): Readonly<Record<string, unknown>> {
  const [tool] = toolsOf([action]);
  const properties = tool!.function.parameters['properties'] as Record<string, { readonly type: string; readonly minimum?: number; readonly enum?: readonly unknown[] }>;
  return Object.fromEntries(
    Object.entries(action.parameters.shape).map(([name, schema]) => {
      const meta = z.globalRegistry.get(schema);
      const kind = meta?.['handle'] as HandleKind | undefined;
      const { enum: choice, minimum, type } = properties[name]!;
      if (kind !== undefined) return [name, { kind, handle: `${kind}_aaaaaa`, id: new InternalId(kind === 'ticket' ? SYS_ID : kind === 'app' ? APP_PATH : GUID), label: 'x' }];
      if (choice !== undefined) return [name, choice[0]];
      if (type === 'integer') return [name, minimum];
      if (type === 'boolean') return [name, true];
      return [name, meta?.['states'] === 'day' ? new Date(Date.now() + 86_400_000).toISOString().slice(0, 10) : 'x'];
    }),
  );
}

/** The path template of a request: ids as the reference writes them, without version and cast. */
function templateOf({ path, system }: Pick<Sent, 'system' | 'path'>): string {
  switch (system) {
    case 'graph':
      return path.replace(/^\/v1\.0/, '').replaceAll(GUID, '{id}').replace(/\/microsoft\.graph\.\w+/, '').replace(/\/\$count$/, '');
    case 'servicenow':
      return path.replaceAll(SYS_ID, '{sys_id}');
    case 'arm':
      return path.replace(APP_PATH, '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Web/sites/{name}');
    case 'logic':
      return path.replace(SYS_ID, '{workflowId}').replace('/triggers/manual/', '/triggers/{triggerName}/');
  }
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['/users', 'user'],
  ['/users/{id}', 'user'],
  ['/users/{id}/licenseDetails', 'licenseDetails'],
  ['/users/{id}/memberOf', 'group'],
  ['/users/{id}/appRoleAssignments', 'appRoleAssignment'],
  ['/users/{id}/authentication/methods', 'authenticationMethod'],
  ['/auditLogs/signIns', 'signIn'],
  ['/groups', 'group'],
  ['/groups/{id}', 'group'],
  ['/groups/{id}/members', 'user'],
  ['/deviceManagement/managedDevices', 'managedDevice'],
  ['/deviceManagement/managedDevices/{id}', 'managedDevice'],
  ['/subscribedSkus', 'subscribedSku'],
  ['/admin/serviceAnnouncement/issues', 'serviceHealthIssue'],
]);

describe('what the run of an action sends', () => {
  const all: (readonly [Action, readonly Sent[]])[] = [];

  before(async () => {
    assert.deepEqual(met(settings), new Set(requirements), 'everything is set up');
    for (const action of catalogue.all()) all.push([action, await sentBy(action)]);
  });

  it('is its declared operation, and beside it only reads that it declares', () => {
    for (const [action, sent] of all) {
      const made = sent.map((each) => `${each.system} ${each.method} ${templateOf(each)}`);
      const may = new Set(operationsOf(action).map(({ method, path, system }) => `${system} ${method} ${path}`));
      assert.deepEqual(made.filter((each) => !may.has(each)), [], `${action.name} sent what it does not declare`);
      const { method, path, system } = action.operation;
      assert.ok(made.includes(`${system} ${method} ${path}`), `${action.name} did not send its operation; it sent ${made.join(', ') || 'nothing'}`);
    }
  });

  it('has one effect at most, and a read has none', () => {
    for (const [action, sent] of all) assert.equal(sent.filter(({ method }) => method !== 'GET').length, action.effect === 'read' ? 0 : 1, action.name);
  });

  it('asks Graph for properties that the type has', function () {
    const types = readGraphTypes();
    if (types === undefined) return this.skip();
    for (const [action, sent] of all) {
      for (const each of sent.filter(({ system }) => system === 'graph')) {
        const select = each.query.get('$select')?.split(',') ?? [];
        if (select.length === 0) continue;
        const type = TYPES.get(templateOf(each));
        assert.ok(type !== undefined, `${action.name}: of which type is ${templateOf(each)}?`);
        const known = types.propertiesOf(type);
        assert.ok(known.size > 1, `${type} is published`);
        assert.deepEqual(select.filter((name) => name !== 'id' && !known.has(name)), [], `${action.name}: $select of ${type}`);
        const ordered = (each.query.get('$orderby') ?? '').split(',').filter(Boolean).map((term) => term.trim().split(' ')[0] ?? '');
        // In `any(p:p eq …)` the variable is no property.
        const filter = (each.query.get('$filter') ?? '').replaceAll(/\/any\((\w+):\1 eq /g, ' eq ');
        const filtered = [...filter.matchAll(/(\w+) (?:eq|ne|le|ge|lt|gt) |startswith\((\w+),/g)].map(([, compared, begun]) => compared ?? begun ?? '');
        assert.deepEqual([...ordered, ...filtered].filter((name) => name !== 'id' && !known.has(name)), [], `${action.name}: $orderby and $filter of ${type}`);
      }
    }
  });

  it('sends Graph a body of fields that the type or the action has', function () {
    const types = readGraphTypes();
    if (types === undefined) return this.skip();
    let bodies = 0;
    for (const [action, sent] of all) {
      for (const each of sent.filter(({ body, method, system }) => system === 'graph' && method !== 'GET' && body !== undefined)) {
        bodies += 1;
        const template = templateOf(each);
        const fields = Object.keys(each.body as object);
        if (template.endsWith('/$ref')) assert.deepEqual(fields, ['@odata.id'], action.name);
        else if (each.method === 'PATCH') assert.deepEqual(fields.filter((name) => !types.propertiesOf(TYPES.get(template) ?? '').has(name)), [], action.name);
        else {
          const known = types.parametersOf(template.split('/').at(-1) ?? '');
          assert.deepEqual(fields.filter((name) => !known.has(name.toLowerCase())), [], `${action.name}: ${template}`);
          const { message } = each.body as { readonly message?: object };
          if (message !== undefined) assert.deepEqual(Object.keys(message).filter((name) => !types.propertiesOf('message').has(name)), [], action.name);
        }
      }
    }
    assert.ok(bodies > 2, 'no body was sent');
  });
});
