import assert from 'node:assert/strict';
import { createCompany } from '../../../sandbox/company/company.ts';
import type { Company } from '../../../sandbox/company/company.ts';
import { createGraphService } from '../../../sandbox/graph/graph.ts';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { readPermissions } from '../../../sandbox/permissions.ts';
import { bearer, raw, startTestCloud } from './shared-cloud.ts';
import type { RawAnswer } from './shared-cloud.ts';

const audience = 'https://graph.microsoft.com';

/** A robot that may act on devices, and a keeper that may only wipe. */
const permissions = (() => {
  const { identities } = readPermissions();
  const grant = (permission: string) => ({ system: 'graph', permission, scope: 'tenant' });
  const managed = 'DeviceManagementManagedDevices';
  const only = (permissions: readonly string[]) => permissions.map((permission) => grant(`${managed}.${permission}`));
  return { identities: {
    ...identities,
    robot: { ...identities.robot, grants: only(['Read.All', 'PrivilegedOperations.All']) },
    keeper: { ...identities.keeper, grants: only(['ReadWrite.All']) },
    reasoner: { ...identities.reasoner, grants: only(['Read.All']) },
  } };
})();

describe('sandbox Intune actions', function () {
  let cloud: Cloud;
  let company: Company;
  before(async () => {
    cloud = await startTestCloud({
      permissions,
      company: (seed, tenantId) => {
        company = createCompany(seed, tenantId);
        return { people: company.people(), reset: () => company.reset() };
      },
      graph: ({ graphGrants, tenantId }) => createGraphService({ company, grants: graphGrants, tenantId }),
    });
  });
  afterEach(() => cloud.reset());
  after(() => cloud.stop());

  const set = '/v1.0/deviceManagement/managedDevices';
  const ask = async (method: string, path: string, body?: unknown, as: 'robot' | 'keeper' | 'reasoner' = 'robot'): Promise<RawAnswer> =>
    raw(cloud.agent, `${cloud.endpoints.graph}${set}${path}`, {
      method,
      headers: { ...(await bearer(cloud, cloud.identities[as], audience)), 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const deviceOf = (operatingSystem: string): string =>
    [...company.devices.values()].find((device) => device.operatingSystem === operatingSystem)?.id ?? assert.fail(operatingSystem);
  const read = async (id: string): Promise<Record<string, unknown>> => (await ask('GET', `/${id}`)).json as Record<string, unknown>;
  const effects = (): number => cloud.journal.entries({ service: 'graph', effect: true }).length;
  const refused = (answer: RawAnswer, status: number, code: string, message: RegExp): void => {
    const { error } = answer.json as { error: { code: string; message: string } };
    assert.deepEqual([answer.status, error.code], [status, code], answer.text);
    assert.match(error.message, message);
    assert.equal(effects(), 0);
  };

  it('note a sync, a lock and a wipe in the device, until the reset', async () => {
    const id = deviceOf('iOS');
    const before = await read(id);
    assert.deepEqual([before['managementState'], before['deviceActionResults']], ['managed', []]);
    for (const [action, body] of [['syncDevice', undefined], ['remoteLock', undefined], ['wipe', { keepEnrollmentData: false, keepUserData: false, persistEsimDataPlan: true }]] as const) {
      const answer = await ask('POST', `/${id}/${action}`, body);
      assert.deepEqual([answer.status, answer.text], [204, ''], action);
    }
    const after = await read(id);
    assert.equal(after['managementState'], 'wipePending');
    assert.notEqual(after['lastSyncDateTime'], before['lastSyncDateTime']);
    const results = after['deviceActionResults'] as { actionName: string; actionState: string }[];
    assert.deepEqual(results.map(({ actionName, actionState }) => `${actionName} ${actionState}`), ['syncDevice done', 'remoteLock pending', 'wipe pending']);
    assert.equal(effects(), 3);
    await cloud.reset();
    assert.deepEqual(await read(id), before);
  });

  it('show in lists too, and touch no other device', async () => {
    const id = deviceOf('Android');
    await ask('POST', `/${id}/wipe`, {});
    const serial = company.devices.get(id)?.serialNumber ?? '';
    const found = (await ask('GET', `?$filter=serialNumber eq '${serial}'&$select=id,managementState`)).json as { value: unknown[] };
    assert.deepEqual(found.value.map((one) => JSON.stringify(one)), [JSON.stringify({ id, managementState: 'wipePending' })]);
    const all = (await ask('GET', '?$select=id,managementState')).json as { value: { managementState: string }[] };
    assert.equal(all.value.filter(({ managementState }) => managementState !== 'managed').length, 1);
  });

  it('give the lock of a Mac a PIN in its result, and no other lock', async () => {
    const [mac, phone] = [deviceOf('macOS'), deviceOf('iOS')];
    for (const id of [mac, phone]) await ask('POST', `/${id}/remoteLock`);
    const [first] = (await read(mac))['deviceActionResults'] as { unlockPin?: string }[];
    assert.match(first?.unlockPin ?? '', /^\d{6}$/);
    assert.equal(JSON.stringify(await read(phone)).includes('unlockPin'), false);
  });

  it('refuse to lock Windows without a reason, as Intune does', async () => {
    const id = deviceOf('Windows');
    refused(await ask('POST', `/${id}/remoteLock`), 400, 'BadRequest', new RegExp(`"_version":3,"Message":"An error has occurred - .*managedDevices\\('${id}'\\)/microsoft\\.management\\.services\\.api\\.remoteLock`));
    assert.equal((await ask('POST', `/${id}/syncDevice`)).status, 204);
  });

  it('refuse unknown devices, ids that are none, and parameters that the action does not have', async () => {
    refused(await ask('POST', `/${cloud.tenantId}/wipe`, {}), 404, 'ResourceNotFound', /Device not found/);
    refused(await ask('POST', '/laptop/syncDevice'), 400, 'BadRequest', /not a valid Guid/);
    refused(await ask('POST', `/${deviceOf('iOS')}/wipe`, { keepUserData: 'false' }), 400, 'BadRequest', /An error has occurred/);
    refused(await ask('POST', `/${deviceOf('iOS')}/wipe`, { everything: true }), 400, 'BadRequest', /An error has occurred/);
    refused(await ask('POST', `/${deviceOf('iOS')}/remoteLock`, { pin: '1' }), 400, 'BadRequest', /An error has occurred/);
  });

  it('want the permission of the reference: ReadWrite.All wipes and does not lock', async () => {
    const id = deviceOf('iOS');
    const denied = /^Insufficient privileges/;
    for (const action of ['syncDevice', 'remoteLock', 'wipe']) refused(await ask('POST', `/${id}/${action}`, {}, 'reasoner'), 403, 'Authorization_RequestDenied', denied);
    for (const action of ['syncDevice', 'remoteLock']) refused(await ask('POST', `/${id}/${action}`, {}, 'keeper'), 403, 'Authorization_RequestDenied', denied);
    assert.equal((await ask('POST', `/${id}/wipe`, {}, 'keeper')).status, 204);
  });
});
