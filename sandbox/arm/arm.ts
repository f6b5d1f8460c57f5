/** Azure Resource Manager as far as App Service: read, list and restart sites. learn.microsoft.com/rest/api/appservice/web-apps */
import { randomUUID } from 'node:crypto';
import type { Handler, SandboxRequest, SandboxResponse, Service } from '../http.ts';
import { guidFromSeed, identityNames } from '../identifiers.ts';
import type { Identities } from '../identifiers.ts';
import type { Permissions } from '../permissions.ts';

export interface ArmOptions {
  readonly seed: number;
  readonly identities: Identities;
  readonly permissions: Permissions;
  readonly now?: () => Date;
}

/** One restart that was carried out. */
export interface Restart {
  /** Resource id of the site. */
  readonly site: string;
  readonly at: Date;
}

/** What tests look at and upset. */
export interface Arm {
  readonly service: Service;
  readonly subscriptionId: string;
  /** By name. The one in `ownResourceGroup` is Steward. */
  readonly sites: ReadonlyMap<string, { readonly id: string; readonly resourceGroup: string }>;
  readonly ownResourceGroup: string;
  restarts(): readonly Restart[];
  /** Another operation holds the site, until the reset: a restart answers 409. */
  occupy(site: string): void;
  /** Spends what the subscription may write now; the next write answers 429. */
  exhaustWrites(): void;
  reset(): void;
}

export const armAudience = 'https://management.azure.com';

const provider = 'Microsoft.Web';
/** Some of those that Microsoft.Web/sites has; `2024-04-01` is what clients here ask for. */
const apiVersions = ['2025-03-01', '2024-11-01', '2024-04-01', '2023-12-01', '2023-01-01', '2022-09-01', '2022-03-01'];

/** learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling: writes of a subscription. */
const writesMost = 200;
const writesPerSecond = 10;
const readsMost = 250;

interface Site {
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly kind: string;
  readonly state: 'Running' | 'Stopped';
}

const ownResourceGroup = 'steward';
const resourceGroups = ['apps-prod', 'apps-test', ownResourceGroup];
const seededSites: readonly Site[] = [
  { name: 'haldenworks-intranet', resourceGroup: 'apps-prod', location: 'West Europe', kind: 'app', state: 'Running' },
  { name: 'haldenworks-booking', resourceGroup: 'apps-prod', location: 'North Europe', kind: 'app,linux', state: 'Running' },
  { name: 'haldenworks-booking-test', resourceGroup: 'apps-test', location: 'North Europe', kind: 'app,linux', state: 'Stopped' },
  // Steward itself: nothing that it does may end it.
  { name: 'haldenworks-steward', resourceGroup: ownResourceGroup, location: 'West Europe', kind: 'app,linux', state: 'Running' },
];

class ArmError extends Error {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super('refused');
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

const errorBody = (code: string, message: string): unknown => ({ error: { code, message } });
const refuse = (status: number, code: string, message: string, headers?: Readonly<Record<string, string>>): ArmError =>
  new ArmError(status, errorBody(code, message), headers);

/** App Service writes its own errors, in capitals. */
function appServiceConflict(message: string): ArmError {
  return new ArmError(409, {
    Code: 'Conflict',
    Message: message,
    Target: null,
    Details: [{ Message: message }, { Code: 'Conflict' }, { ErrorEntity: { Code: 'Conflict', Message: message } }],
    Innererror: null,
  });
}

const sameText = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** `Microsoft.Web/sites/*` covers `Microsoft.Web/sites/restart/action`: learn.microsoft.com/azure/role-based-access-control/role-definitions */
function actionCovers(pattern: string, action: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 'i').test(action);
}

/** A role on a scope holds below it. `*` stands for one segment here: a committed file cannot know ids that follow from the seed. */
function scopeCovers(scope: string, resource: string): boolean {
  const wanted = resource.split('/');
  const given = scope.replace(/\/$/, '').split('/');
  return given.length <= wanted.length && given.every((segment, index) => segment === '*' || sameText(segment, wanted[index] ?? ''));
}

/** Sites in the resource groups of one subscription, open to whom `infra/permissions.json` says (`system: "arm"`). */
export function createArm({ seed, identities, permissions, now = () => new Date() }: ArmOptions): Arm {
  const subscriptionId = guidFromSeed(seed, 'subscription');
  const objectIds = new Map(identityNames.map((name) => [identities[name], guidFromSeed(seed, `principal/${name}`)] as const));
  const groupId = (group: string): string => `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
  const idOf = ({ resourceGroup, name }: Site): string => `${groupId(resourceGroup)}/providers/${provider}/sites/${name}`;

  const done: Restart[] = [];
  const occupied = new Map<string, string>();
  let writes = { left: writesMost, atMs: now().getTime() };
  let reads = readsMost;
  const reset = (): void => {
    done.length = 0;
    occupied.clear();
    writes = { left: writesMost, atMs: now().getTime() };
    reads = readsMost;
  };

  const describe = (site: Site): unknown => {
    const host = `${site.name}.azurewebsites.net`;
    return {
      id: idOf(site),
      name: site.name,
      type: `${provider}/sites`,
      kind: site.kind,
      location: site.location,
      properties: {
        name: site.name,
        state: site.state,
        hostNames: [host],
        usageState: 'Normal',
        enabled: true,
        enabledHostNames: [host, `${site.name}.scm.azurewebsites.net`],
        availabilityState: 'Normal',
        lastModifiedTimeUtc: '2026-10-01T06:00:00',
        resourceGroup: site.resourceGroup,
        defaultHostName: host,
        httpsOnly: true,
      },
    };
  };

  const authorise = (request: SandboxRequest, action: string, resource: string): void => {
    const clientId = request.identity?.clientId ?? '';
    const grants = permissions.grantsOf(clientId).filter(({ system }) => system === 'arm');
    if (grants.some(({ permission, scope }) => actionCovers(permission, action) && scopeCovers(scope, resource))) return;
    throw refuse(403, 'AuthorizationFailed',
      `The client '${clientId}' with object id '${objectIds.get(clientId) ?? ''}' does not have authorization to perform action ` +
      `'${action}' over scope '${resource}' or the scope is invalid. If access was recently granted, please refresh your credentials.`);
  };

  const requireVersion = ({ url }: SandboxRequest, location: string): void => {
    const version = url.searchParams.get('api-version') ?? '';
    if (apiVersions.includes(version)) return;
    throw refuse(400, 'NoRegisteredProviderFound',
      `No registered resource provider found for location '${location}' and API version '${version}' for type 'sites'. The supported ` +
      `api-versions are '${apiVersions.join(', ')}'. The supported locations are 'westeurope, northeurope'.`);
  };

  const spendWrite = (clientId: string): void => {
    const atMs = now().getTime();
    writes = { left: Math.min(writesMost, writes.left + ((atMs - writes.atMs) / 1000) * writesPerSecond), atMs };
    if (writes.left < 1) {
      const seconds = Math.ceil((1 - writes.left) / writesPerSecond);
      throw refuse(429, 'SubscriptionRequestsThrottled',
        `Number of 'write' requests for subscription '${subscriptionId}' actor '${objectIds.get(clientId) ?? ''}' exceeded. Please try again ` +
        `after '${seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
        { 'retry-after': String(seconds) });
    }
    writes = { left: writes.left - 1, atMs };
  };

  /** What every request passes, in ARM's order: version present, subscription, role, group. */
  const enter = (request: SandboxRequest, action: string, resource: (group: string) => string): string => {
    const { params, url } = request;
    if (!url.searchParams.has('api-version')) {
      throw refuse(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.');
    }
    const [subscription = '', group = ''] = [params['subscription'], params['group']];
    if (!sameText(subscription, subscriptionId)) throw refuse(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
    authorise(request, action, resource(group));
    if (request.method !== 'GET') spendWrite(request.identity?.clientId ?? '');
    const known = resourceGroups.find((name) => sameText(name, group));
    if (known === undefined) throw refuse(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
    return known;
  };

  const findSite = (request: SandboxRequest, action: string): Site => {
    const name = request.params['name'] ?? '';
    const group = enter(request, action, (given) => `${groupId(given)}/providers/${provider}/sites/${name}`);
    const site = seededSites.find((candidate) => sameText(candidate.name, name) && candidate.resourceGroup === group);
    requireVersion(request, (site?.location ?? 'West Europe').replace(' ', '').toLowerCase());
    if (site !== undefined) return site;
    throw refuse(404, 'ResourceNotFound',
      `The Resource '${provider}/sites/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`);
  };

  const list = (request: SandboxRequest): SandboxResponse => {
    const group = enter(request, 'Microsoft.Web/sites/read', groupId);
    requireVersion(request, 'westeurope');
    return { status: 200, body: { value: seededSites.filter((site) => site.resourceGroup === group).map(describe), nextLink: null } };
  };

  const restart = (request: SandboxRequest): SandboxResponse => {
    const site = findSite(request, 'Microsoft.Web/sites/restart/action');
    const operation = occupied.get(site.name);
    if (operation !== undefined) throw appServiceConflict(`Cannot modify this site because another operation is in progress. Details: ${operation}`);
    done.push({ site: idOf(site), at: now() });
    return { status: 200, effect: true };
  };

  const handler = (method: Handler['method'], rest: string, respond: (request: SandboxRequest) => SandboxResponse): Handler => ({
    method,
    path: `/subscriptions/:subscription/resourceGroups/:group/providers/${provider}/sites${rest}`,
    handle: (request) => {
      const correlation = request.headers['x-ms-correlation-request-id'] ?? randomUUID();
      const answer = (): SandboxResponse => {
        try {
          return respond(request);
        } catch (error) {
          if (!(error instanceof ArmError)) throw error;
          return { status: error.status, headers: error.headers, body: error.body };
        }
      };
      const response = answer();
      if (method === 'GET') reads = Math.max(0, reads - 1);
      const [counter, left] = method === 'GET' ? ['reads', reads] : ['writes', Math.floor(writes.left)];
      const stamp = now().toISOString().replace(/[-:]|\.\d+/g, '');
      return {
        ...response,
        headers: {
          'cache-control': 'no-cache',
          'x-ms-correlation-request-id': correlation,
          'x-ms-routing-request-id': `WESTEUROPE:${stamp}:${correlation}`,
          [`x-ms-ratelimit-remaining-subscription-${counter}`]: String(left),
          ...response.headers,
        },
      };
    },
  });

  return {
    subscriptionId,
    sites: new Map(seededSites.map((site) => [site.name, { id: idOf(site), resourceGroup: site.resourceGroup }])),
    ownResourceGroup,
    restarts: () => [...done],
    occupy: (site) => {
      occupied.set(site, `Id: ${randomUUID()}, OperationName: Update, CreatedTime: ${now().toLocaleString('en-US', { timeZone: 'UTC' }).replace(',', '')}, RequestId: ${randomUUID()}, EntityType: 3`);
    },
    exhaustWrites: () => {
      writes = { left: 0, atMs: now().getTime() };
    },
    reset,
    service: {
      name: 'arm',
      audience: armAudience,
      handlers: [
        handler('GET', '', list),
        handler('GET', '/:name', (request) => ({ status: 200, body: describe(findSite(request, 'Microsoft.Web/sites/read')) })),
        handler('POST', '/:name/restart', restart),
      ],
      error: (_status, code, message) => errorBody(code, message),
      challenge: (authorization) =>
        authorization === undefined
          ? { status: 401, code: 'AuthenticationFailed', message: "Authentication failed. The 'Authorization' header is missing." }
          : { status: 401, code: 'InvalidAuthenticationToken', message: 'The access token is invalid.' },
      reset,
    },
  };
}
