import assert from 'node:assert/strict';
import type { Cloud } from '../../../sandbox/cloud.ts';
import type { WorkflowName } from '../../../sandbox/logic/logic.ts';
import { readPermissions } from '../../../sandbox/permissions.ts';
import { bearer, raw, startTestCloud } from './shared-cloud.ts';
import type { RawAnswer } from './shared-cloud.ts';

const audience = 'https://management.azure.com';
const wifi = { person_mail: 'nadia.petrov@example.org', days: 3 };

const permissions = (() => {
  const document = readPermissions();
  const { robot } = document.identities;
  const grants = ['grant-guest-wifi', 'offboard-person'].map((name) => ({ system: 'logic', permission: 'openAuthenticationPolicies', scope: `workflow ${name}` }));
  return { identities: { ...document.identities, robot: { ...robot, grants: [...robot.grants.filter(({ system }) => system !== 'logic'), ...grants] } } };
})();

describe('sandbox workflows', function () {
  let cloud: Cloud;
  before(async () => {
    cloud = await startTestCloud({ permissions });
  });
  afterEach(() => cloud.reset());
  after(() => cloud.stop());

  const urlOf = (name: WorkflowName): string => cloud.endpoints.logic[cloud.logic.workflows[name].region] + cloud.logic.workflows[name].path;
  const post = async (url: string, body: unknown, headers?: Record<string, string>): Promise<RawAnswer> =>
    raw(cloud.agent, url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers ?? (await bearer(cloud, cloud.identities.robot, audience))) },
      body: JSON.stringify(body),
    });
  const refused = (answer: RawAnswer, status: number, code: string, message: RegExp): void => {
    const { error } = answer.json as { error: { code: string; message: string } };
    assert.deepEqual([answer.status, error.code], [status, code], answer.text);
    assert.match(error.message, message);
    assert.equal(answer.headers['x-ms-workflow-run-id'], undefined);
    assert.deepEqual([cloud.logic.runs(), cloud.journal.entries({ effect: true })], [[], []]);
  };

  it('starts a run in the region of its workflow, and keeps it until the reset', async () => {
    for (const [name, region, input] of [
      ['grant-guest-wifi', 'westeurope', wifi],
      ['offboard-person', 'northeurope', { person_object_id: cloud.tenantId, last_day: '2026-12-31' }],
    ] as const) {
      const answer = await post(urlOf(name), input);
      assert.deepEqual([answer.status, answer.text], [202, '']);
      const runId = answer.headers['x-ms-workflow-run-id'];
      assert.match(String(runId), /^\d{29}CU\d\d$/);
      assert.match(String(answer.headers['x-ms-request-id']), new RegExp(`^${region}:`));
      assert.deepEqual([answer.headers['x-ms-workflow-name'], answer.headers['x-ms-workflow-id'], answer.headers['x-ms-execution-location']], [name, cloud.logic.workflows[name].id, region]);
      const { id, workflow, clientId, input: kept } = cloud.logic.runs().at(-1) ?? assert.fail('no run');
      assert.deepEqual([id, workflow, clientId, kept], [runId, name, cloud.identities.robot, input]);
    }
    assert.equal(cloud.journal.entries({ service: 'logic', effect: true }).length, 2);
    await cloud.reset();
    assert.deepEqual(cloud.logic.runs(), []);
  });

  it('stands behind the host that its place names', () => {
    const { place, region } = cloud.logic.workflows['grant-guest-wifi'];
    assert.equal(place, 'prod-12.westeurope');
    assert.equal(new URL(cloud.endpoints.logic[region]).hostname, `${place}.logic.azure.com`);
    assert.equal(new URL(cloud.endpoints.logic.northeurope).hostname, 'prod-33.northeurope.logic.azure.com');
  });

  it('refuses no token, one for another audience, and a caller that the policy does not name', async () => {
    const url = urlOf('grant-guest-wifi');
    refused(await post(url, wifi, {}), 401, 'DirectApiAuthorizationRequired', /authenticated/);
    const claims = /^One or more claims either missing or does not match/;
    refused(await post(url, wifi, await bearer(cloud, cloud.identities.robot, 'https://graph.microsoft.com')), 401, 'MisMatchingOAuthClaims', claims);
    refused(await post(url, wifi, await bearer(cloud, cloud.identities.keeper, audience)), 401, 'MisMatchingOAuthClaims', claims);
  });

  it("refuses a body that breaks the trigger's schema, in Json.NET's words", async () => {
    const url = urlOf('grant-guest-wifi');
    const prefix = "^The input body for trigger 'manual' of type 'Request' did not match its schema definition\\. Error details: '";
    refused(await post(url, { ...wifi, days: '3' }), 400, 'TriggerInputSchemaMismatch', new RegExp(`${prefix}Invalid type\\. Expected Integer but got String\\.'\\.$`));
    refused(await post(url, { ...wifi, person_mail: null }), 400, 'TriggerInputSchemaMismatch', /Expected String but got Null/);
    refused(await post(url, { admin: true }), 400, 'TriggerInputSchemaMismatch',
      new RegExp(`${prefix}Property 'admin' has not been defined and the schema does not allow additional properties\\.,Required properties are missing from object: person_mail, days\\.'\\.$`));
    refused(await post(url, [wifi]), 400, 'TriggerInputSchemaMismatch', /Expected Object but got Array/);
  });

  it('refuses an unknown workflow, one of the other region, an unknown trigger, a disabled workflow and a bad version', async () => {
    const url = urlOf('grant-guest-wifi');
    const { id, path } = cloud.logic.workflows['grant-guest-wifi'];
    refused(await post(url.replace(id, '0'.repeat(32)), wifi), 404, 'WorkflowNotFound', /^The workflow '0{32}' could not be found/);
    refused(await post(cloud.endpoints.logic.northeurope + path, wifi), 404, 'WorkflowNotFound', /could not be found/);
    refused(await post(url.replace('/manual/', '/other/'), wifi), 404, 'WorkflowTriggerNotFound', /trigger 'other' could not be found/);
    refused(await post(url.replace(/\?.*/, ''), wifi), 400, 'MissingApiVersionParameter', /required for all requests/);
    refused(await post(url.replace('2016-10-01', '2015-08-01-preview'), wifi), 400, 'InvalidApiVersionParameter', /is not supported/);
    cloud.logic.disable('grant-guest-wifi');
    refused(await post(url, wifi), 400, 'WorkflowTriggerIsNotEnabled', /with state 'Disabled': trigger is not enabled\.$/);
    await cloud.reset();
    assert.equal((await post(url, wifi)).status, 202);
  });

  it('takes tokens for an app registration of the tenant where the policy wants them', async () => {
    const logicAudience = 'api://steward-workflows';
    const other = await startTestCloud({ permissions, logicAudience });
    try {
      const { region, path } = other.logic.workflows['grant-guest-wifi'];
      const call = async (resource: string) => {
        const query = new URLSearchParams({ 'api-version': '2019-08-01', resource, client_id: other.identities.robot });
        const token = (await (await fetch(`${other.endpoints.identity}?${query.toString()}`, { headers: { 'x-identity-header': other.endpoints.identityHeader } })).json()) as { access_token: string };
        return raw(other.agent, other.endpoints.logic[region] + path, { method: 'POST', headers: { authorization: `Bearer ${token.access_token}` }, body: JSON.stringify(wifi) });
      };
      assert.equal((await call(logicAudience)).status, 202);
      assert.equal((await call(audience)).status, 401);
    } finally {
      await other.stop();
    }
  });
});
