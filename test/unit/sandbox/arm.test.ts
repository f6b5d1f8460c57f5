import assert from 'node:assert/strict';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { readPermissions } from '../../../sandbox/permissions.ts';
import { bearer, raw, startTestCloud } from './shared-cloud.ts';
import type { RawAnswer } from './shared-cloud.ts';

const audience = 'https://management.azure.com';
const version = 'api-version=2024-04-01';
const production = '/subscriptions/*/resourceGroups/apps-prod';

/** A robot that may read the sites of one resource group, and restart one of them. */
const permissions = (() => {
  const document = readPermissions();
  const { robot } = document.identities;
  const grant = (permission: string, scope: string) => ({ system: 'arm', permission, scope });
  const grants = [
    ...robot.grants.filter(({ system }) => system !== 'arm'),
    grant('Microsoft.Web/sites/Read', production),
    grant('Microsoft.Web/sites/restart/Action', `${production}/providers/Microsoft.Web/sites/haldenworks-intranet`),
    grant('Microsoft.Web/sites/*', '/subscriptions/*/resourceGroups/nowhere'),
  ];
  return { identities: { ...document.identities, robot: { ...robot, grants } } };
})();

describe('sandbox resource manager', function () {
  let cloud: Cloud;
  before(async () => {
    cloud = await startTestCloud({ permissions });
  });
  afterEach(() => cloud.reset());
  after(() => cloud.stop());

  const group = (name: string): string => `/subscriptions/${cloud.arm.subscriptionId}/resourceGroups/${name}`;
  const site = (name: string, at = 'apps-prod'): string => `${group(at)}/providers/Microsoft.Web/sites/${name}`;
  const ask = async (method: string, path: string, as: 'robot' | 'keeper' = 'robot'): Promise<RawAnswer> =>
    raw(cloud.agent, cloud.endpoints.arm + path, { method, headers: await bearer(cloud, cloud.identities[as], audience) });
  const errorOf = ({ json }: RawAnswer): { code?: string; message?: string } => (json as { error?: object }).error ?? {};
  const refused = (answer: RawAnswer, status: number, code: string, message: RegExp): void => {
    assert.deepEqual([answer.status, errorOf(answer).code], [status, code], answer.text);
    assert.match(errorOf(answer).message ?? '', message);
    assert.deepEqual(cloud.journal.entries({ effect: true }), []);
  };

  it('shows a site, and the sites of a group, with the ids that a request is traced by', async () => {
    const answer = await ask('GET', `${site('haldenworks-intranet')}?${version}`);
    const { id, name, location, properties } = answer.json as { id: string; name: string; location: string; properties: { state: string } };
    assert.deepEqual([answer.status, id, name, location, properties.state], [200, site('haldenworks-intranet'), 'haldenworks-intranet', 'West Europe', 'Running']);
    assert.equal(cloud.arm.sites.get(name)?.id, id);
    for (const header of ['x-ms-request-id', 'x-ms-correlation-request-id', 'x-ms-ratelimit-remaining-subscription-reads']) assert.ok(answer.headers[header], header);
    const list = (await ask('GET', `${group('APPS-PROD')}/providers/microsoft.web/sites?${version}`)).json as { value: { name: string }[] };
    assert.deepEqual(list.value.map((one) => one.name), ['haldenworks-intranet', 'haldenworks-booking']);
  });

  it('restarts a site, and forgets it with the reset', async () => {
    const answer = await ask('POST', `${site('haldenworks-intranet')}/restart?${version}`);
    assert.deepEqual([answer.status, answer.text], [200, '']);
    assert.deepEqual(cloud.arm.restarts().map((one) => one.site), [site('haldenworks-intranet')]);
    assert.equal(cloud.journal.entries({ service: 'arm', effect: true }).length, 1);
    assert.equal(answer.headers['x-ms-ratelimit-remaining-subscription-writes'], '199');
    await cloud.reset();
    assert.deepEqual(cloud.arm.restarts(), []);
  });

  it('opens what the role assignments open, and nothing beside or above it', async () => {
    const sentence = /^The client '\S+' with object id '\S+' does not have authorization to perform action 'Microsoft.Web\/sites\/restart\/action' over scope '\S+' or the scope is invalid\. If access/;
    refused(await ask('POST', `${site('haldenworks-booking')}/restart?${version}`), 403, 'AuthorizationFailed', sentence);
    refused(await ask('POST', `${site('haldenworks-steward', 'steward')}/restart?${version}`), 403, 'AuthorizationFailed', sentence);
    refused(await ask('GET', `${site('haldenworks-steward', 'steward')}?${version}`), 403, 'AuthorizationFailed', /'Microsoft.Web\/sites\/read'/);
    refused(await ask('POST', `${site('haldenworks-intranet')}/restart?${version}`, 'keeper'), 403, 'AuthorizationFailed', sentence);
    assert.deepEqual(cloud.arm.restarts(), []);
  });

  it('refuses a request without a version, and one for a version that the provider does not have', async () => {
    refused(await ask('POST', `${site('haldenworks-intranet')}/restart`), 400, 'MissingApiVersionParameter', /^The api-version query parameter/);
    refused(await ask('POST', `${site('haldenworks-intranet')}/restart?api-version=2030-01-01`), 400, 'NoRegisteredProviderFound', /'westeurope' and API version '2030-01-01' for type 'sites'.*2024-04-01/);
  });

  it('knows no other site, group or subscription', async () => {
    refused(await ask('GET', `${site('gone')}?${version}`), 404, 'ResourceNotFound', /'Microsoft.Web\/sites\/gone' under resource group 'apps-prod' was not found/);
    refused(await ask('GET', `${site('gone', 'nowhere')}?${version}`), 404, 'ResourceGroupNotFound', /^Resource group 'nowhere' could not be found/);
    const elsewhere = site('haldenworks-intranet').replace(cloud.arm.subscriptionId, cloud.tenantId);
    refused(await ask('GET', `${elsewhere}?${version}`), 404, 'SubscriptionNotFound', /could not be found/);
  });

  it('answers 409 in the capitals of App Service while another operation holds the site', async () => {
    cloud.arm.occupy('haldenworks-intranet');
    const answer = await ask('POST', `${site('haldenworks-intranet')}/restart?${version}`);
    const { Code, Message } = answer.json as { Code: string; Message: string };
    assert.deepEqual([answer.status, Code], [409, 'Conflict']);
    assert.match(Message, /^Cannot modify this site because another operation is in progress\. Details: Id: /);
    assert.deepEqual(cloud.arm.restarts(), []);
  });

  it('answers 429 when the subscription has no writes left, and fills up again', async () => {
    cloud.arm.exhaustWrites();
    const answer = await ask('POST', `${site('haldenworks-intranet')}/restart?${version}`);
    refused(answer, 429, 'SubscriptionRequestsThrottled', /^Number of 'write' requests for subscription '\S+' actor '\S+' exceeded\./);
    assert.deepEqual([answer.headers['retry-after'], answer.headers['x-ms-ratelimit-remaining-subscription-writes']], ['1', '0']);
    assert.equal((await ask('GET', `${site('haldenworks-intranet')}?${version}`)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal((await ask('POST', `${site('haldenworks-intranet')}/restart?${version}`)).status, 200);
  });

  it('tells a missing token from a bad one', async () => {
    const url = `${cloud.endpoints.arm}${site('haldenworks-intranet')}?${version}`;
    refused(await raw(cloud.agent, url), 401, 'AuthenticationFailed', /header is missing/);
    refused(await raw(cloud.agent, url, { headers: await bearer(cloud, cloud.identities.robot, 'https://graph.microsoft.com') }), 401, 'InvalidAuthenticationToken', /invalid/);
  });
});
