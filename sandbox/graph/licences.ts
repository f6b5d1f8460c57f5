/** Licences: learn.microsoft.com/graph/api/resources/subscribedsku and learn.microsoft.com/graph/api/user-assignlicense */

import { countConsumed } from '../company/licences.ts';
import type { AssignedLicense, LicenseAssignmentState, Subscription, User } from '../company/company.ts';
import type { SandboxResponse } from '../http.ts';
import { toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { licenseDetailsType, project, subscribedSkuType, userType } from './entity.ts';
import { badQuery, badRequest, isGuid } from './errors.ts';
import { metadataRoot, readOptions, readSelect, contextOf } from './odata.ts';
import type { Options } from './odata.ts';
import { findUser, isRecord } from './users.ts';

/** "Supports only the $select OData query parameter": subscribedsku-list and user-list-licensedetails. */
function readOnlySelect(url: URL): Options {
  const options = readOptions(url);
  const other = [...options.keys()].find((name) => name !== '$select');
  if (other !== undefined) throw badQuery(`The query parameter '${other}' is not supported.`);
  return options;
}

const skuEntity = (subscription: Subscription, call: Call) => toEntity({
  id: `${call.tenantId}_${subscription.skuId}`,
  accountName: call.company.domain.split('.')[0],
  accountId: call.tenantId,
  appliesTo: 'User',
  capabilityStatus: 'Enabled',
  consumedUnits: countConsumed(call.company.users.values(), subscription.skuId),
  skuId: subscription.skuId,
  skuPartNumber: subscription.skuPartNumber,
  subscriptionIds: [subscription.subscriptionId],
  prepaidUnits: { enabled: subscription.enabledUnits, suspended: 0, warning: 0, lockedOut: 0 },
  servicePlans: subscription.servicePlans,
});

function listSkus(call: Call): SandboxResponse {
  const select = readSelect(readOnlySelect(call.request.url), [subscribedSkuType]);
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#${contextOf('subscribedSkus', select)}`,
      value: call.company.subscriptions.map((subscription) =>
        project(skuEntity(subscription, call), subscribedSkuType, select ?? subscribedSkuType.defaults)),
    },
  };
}

/** An id that names user and product, as the service makes one. */
const detailId = (user: User, skuId: string): string =>
  Buffer.from(`${user.id}${skuId}`.replaceAll('-', ''), 'hex').toString('base64url');

function listDetails(call: Call): SandboxResponse {
  const select = readSelect(readOnlySelect(call.request.url), [licenseDetailsType]);
  const user = findUser(call);
  const value = user.assignedLicenses.flatMap(({ skuId, disabledPlans }) => {
    const subscription = call.company.subscriptions.find((candidate) => candidate.skuId === skuId);
    if (subscription === undefined) return [];
    const servicePlans = subscription.servicePlans.map((plan) =>
      disabledPlans.includes(plan.servicePlanId) ? { ...plan, provisioningStatus: 'Disabled' } : plan);
    const details = toEntity({ id: detailId(user, skuId), skuId, skuPartNumber: subscription.skuPartNumber, servicePlans });
    return [project(details, licenseDetailsType, select ?? licenseDetailsType.defaults)];
  });
  return { status: 200, body: { '@odata.context': `${metadataRoot}#users('${user.id}')/${contextOf('licenseDetails', select)}`, value } };
}

interface Wanted {
  readonly add: readonly AssignedLicense[];
  readonly remove: readonly string[];
}

const areGuids = (input: unknown): input is readonly string[] =>
  Array.isArray(input) && input.every((one) => typeof one === 'string' && isGuid(one));

function readWanted(body: unknown): Wanted {
  const given = isRecord(body) ? body : {};
  const missing = ['addLicenses', 'removeLicenses'].filter((name) => given[name] === undefined);
  if (missing.length > 0) {
    throw badRequest(`One or more parameters of the operation 'assignLicense' are missing from the request payload. The missing parameters are: ${missing.join(', ')}.`);
  }
  const { addLicenses, removeLicenses } = given;
  if (!areGuids(removeLicenses)) throw badRequest("Invalid value specified for property 'removeLicenses'.");
  if (!Array.isArray(addLicenses)) throw badRequest("Invalid value specified for property 'addLicenses'.");
  const add = addLicenses.map((one: unknown): AssignedLicense => {
    const { skuId, disabledPlans = [] } = isRecord(one) ? one : {};
    if (typeof skuId !== 'string' || !isGuid(skuId) || !areGuids(disabledPlans)) throw badRequest("Invalid value specified for property 'addLicenses'.");
    return { skuId: skuId.toLowerCase(), disabledPlans: disabledPlans.map((id) => id.toLowerCase()) };
  });
  return { add, remove: removeLicenses.map((id) => id.toLowerCase()) };
}

/** Service plans of the same kind, of which one person can have one only. */
const exclusivePlans = ['efb87545-963c-4e0d-99df-69c6916d9eb0', '4a82b400-a79f-41a4-b4e2-e94f5787b113'];

/** Both lists are applied together, or nothing is. */
function assign(call: Call): SandboxResponse {
  const { company, now } = call;
  const { add, remove } = readWanted(call.request.body);
  const user = findUser(call);
  const subscriptionOf = (skuId: string): Subscription => {
    const found = company.subscriptions.find((candidate) => candidate.skuId === skuId);
    if (found === undefined) throw badRequest(`License ${skuId} does not correspond to a valid company License.`);
    return found;
  };

  let states: readonly LicenseAssignmentState[] = user.licenseAssignmentStates;
  for (const skuId of remove) {
    subscriptionOf(skuId);
    const held = states.filter((state) => state.skuId === skuId);
    if (held.length === 0) throw badRequest('User does not have a corresponding license.');
    if (held.every((state) => state.assignedByGroup !== null)) {
      throw badRequest('User license is inherited from a group membership and it cannot be removed directly from the user.');
    }
    states = states.filter((state) => state.skuId !== skuId || state.assignedByGroup !== null);
  }
  for (const { skuId, disabledPlans } of add) {
    const subscription = subscriptionOf(skuId);
    if (user.usageLocation === null) throw badRequest('License assignment cannot be done for user with invalid usage location.');
    const unknown = disabledPlans.find((id) => !subscription.servicePlans.some((plan) => plan.servicePlanId === id));
    if (unknown !== undefined) throw badRequest(`License ${skuId} does not contain the service plan ${unknown}.`);
    const isTaken = user.assignedLicenses.some((licence) => licence.skuId === skuId);
    if (!isTaken && countConsumed(company.users.values(), skuId) >= subscription.enabledUnits) {
      throw badRequest(`Subscription with SKU ${skuId} does not have any available licenses.`);
    }
    // Assigning once more changes which plans are disabled, and nothing else.
    const before = states.find((state) => state.skuId === skuId && state.assignedByGroup === null);
    if (before !== undefined && JSON.stringify(before.disabledPlans) === JSON.stringify(disabledPlans)) continue;
    states = [
      ...states.filter((state) => state !== before),
      { skuId, disabledPlans, lastUpdatedDateTime: now.toISOString().replace(/\.\d{3}Z$/, 'Z'), assignedByGroup: null, state: 'Active', error: 'None' },
    ];
  }

  const skuIds = [...new Set(states.map(({ skuId }) => skuId))];
  const enabled = skuIds.flatMap((skuId) => {
    const disabled = states.filter((state) => state.skuId === skuId).map((state) => state.disabledPlans);
    return subscriptionOf(skuId).servicePlans.map((plan) => plan.servicePlanId).filter((id) => !disabled.every((ids) => ids.includes(id)));
  });
  if (add.length > 0 && exclusivePlans.every((id) => enabled.includes(id))) {
    throw badRequest(`License assignment failed because service plans ${exclusivePlans.join(' and ')} are mutually exclusive.`);
  }
  const isChanged = company.changeUser(user.id, {
    licenseAssignmentStates: states,
    assignedLicenses: skuIds.map((skuId) => {
      const [first = [], ...others] = states.filter((state) => state.skuId === skuId).map((state) => state.disabledPlans);
      return { disabledPlans: first.filter((id) => others.every((ids) => ids.includes(id))), skuId };
    }),
  });
  const changed = company.users.get(user.id) ?? user;
  return {
    status: 200,
    effect: isChanged,
    body: { '@odata.context': `${metadataRoot}#users/$entity`, ...project(toEntity(changed), userType, userType.defaults) },
  };
}

export const licenceEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/subscribedSkus',
    permissions: ['LicenseAssignment.Read.All', 'Organization.Read.All', 'Organization.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    respond: listSkus,
  },
  {
    method: 'GET',
    path: '/users/:id/licenseDetails',
    permissions: ['LicenseAssignment.Read.All', 'User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    respond: listDetails,
  },
  {
    method: 'POST',
    path: '/users/:id/assignLicense',
    permissions: ['LicenseAssignment.ReadWrite.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
    respond: assign,
  },
];
