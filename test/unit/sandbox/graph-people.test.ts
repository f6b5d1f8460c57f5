/** The people side of the emulated Graph over real HTTP: licences, groups, sign-ins, apps, mail and service health. */
import assert from 'node:assert/strict';
import { startCloud } from '../../../sandbox/cloud.ts';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { createCompany } from '../../../sandbox/company/company.ts';
import type { Company, Group, Subscription, User } from '../../../sandbox/company/company.ts';
import { createGraphService } from '../../../sandbox/graph/graph.ts';
import { bearer, permissions, raw } from './shared-cloud.ts';

const serviceStart = '2026-11-20T10:00:00.000Z';
const nobody = '6f1d2c3b-4a59-4e87-9c10-2b3a4c5d6e7f';
const reference = (id: string): unknown => ({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` });

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly error: { readonly code?: string; readonly message?: string };
}

interface Asked {
  /** App roles of the caller. */
  readonly roles?: readonly string[];
  readonly as?: 'robot' | 'keeper';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('sandbox graph, people side', () => {
  let cloud: Cloud;
  let company: Company;
  let granted: ReadonlySet<string> = new Set();

  before(async () => {
    cloud = await startCloud({
      seed: 7,
      permissions,
      company: (seed, tenantId) => {
        company = createCompany(seed, tenantId);
        return { people: company.people(), reset: () => company.reset() };
      },
      graph: ({ tenantId, identities }) => createGraphService({
        company,
        tenantId,
        grants: () => granted,
        now: () => new Date(serviceStart),
        robotClientId: identities.robot,
        exchangeScopes: new Map([[identities.robot, new Set([company.robotMailbox.address.toUpperCase()])]]),
      }),
    });
  });
  after(() => cloud.stop());
  afterEach(() => company.reset());

  const ask = async (method: string, target: string, { roles = [], as = 'robot', body, headers = {} }: Asked = {}): Promise<Answer> => {
    granted = new Set(roles);
    const url = target.startsWith('https:') ? target : `${cloud.endpoints.graph}/v1.0${target}`;
    const { status, text, json } = await raw(cloud.agent, url, {
      method,
      headers: {
        ...(await bearer(cloud, cloud.identities[as], 'https://graph.microsoft.com')),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const object = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>; // the service sends objects or nothing
    return { status, text, json: object, value: (object['value'] ?? []) as Answer['value'], error: (object['error'] ?? {}) };
  };
  const get = (target: string, ...roles: string[]): Promise<Answer> => ask('GET', target, { roles });
  const advanced = (target: string, ...roles: string[]): Promise<Answer> => ask('GET', target, { roles, headers: { consistencylevel: 'eventual' } });
  const refused = ({ status, error }: Answer, wanted: number, code: string, message?: string): void => {
    assert.deepEqual([status, error.code], [wanted, code], error.message);
    if (message !== undefined) assert.equal(error.message, message);
  };
  const denied = (answer: Answer): void => refused(answer, 403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
  const persona = (index: number): User => {
    const user = company.users.get(company.personas[index]?.aadObjectId ?? '');
    assert.ok(user, `persona ${index}`);
    return user;
  };
  const employee = (): User => persona(6);
  const groupOf = (displayName: string): Group => {
    const group = [...company.directoryGroups.values()].find((candidate) => candidate.displayName === displayName);
    assert.ok(group, displayName);
    return group;
  };
  const follow = async (target: string, asked: Asked): Promise<readonly unknown[]> => {
    const seen: unknown[] = [];
    for (let [link, pages] = [target, 0]; link !== '' && pages < 20; pages += 1) {
      const answer = await ask('GET', link, asked);
      assert.equal(answer.status, 200, answer.error.message);
      seen.push(...answer.value.map((object) => object['id']));
      const next = answer.json['@odata.nextLink'];
      link = typeof next === 'string' ? next : '';
    }
    return seen;
  };

  it('refuses every new reading without one of its app roles', async () => {
    const { id } = employee();
    for (const path of [
      `/users/${id}/authentication/methods`, '/auditLogs/signIns', `/users/${id}/memberOf`, `/users/${id}/memberOf/microsoft.graph.group`,
      '/subscribedSkus', `/users/${id}/licenseDetails`, '/groups', `/groups/${company.groups.vip}/owners`, `/users/${id}/appRoleAssignments`,
      '/servicePrincipals', `/servicePrincipals/${company.robotPrincipalId}`, '/admin/serviceAnnouncement/issues',
    ]) {
      denied(await get(path, 'User.ReadBasic.All'));
    }
  });

  describe('authentication methods', () => {
    const read = 'UserAuthenticationMethod.Read.All';

    it('come with their types, and nobody\'s password', async () => {
      const kinds = new Set<unknown>();
      for (const id of [...company.users.keys()].slice(0, 40)) {
        const { status, value } = await get(`/users/${id}/authentication/methods`, read);
        assert.equal(status, 200);
        for (const method of value) {
          kinds.add(method['@odata.type']);
          assert.equal(method['password'] ?? null, null);
          assert.equal(typeof method['id'], 'string');
        }
      }
      for (const kind of ['password', 'phone', 'microsoftAuthenticator', 'fido2', 'windowsHelloForBusiness']) {
        assert.ok(kinds.has(`#microsoft.graph.${kind}AuthenticationMethod`), kind);
      }
    });

    it('are found by user principal name, empty for a guest, and 404 for nobody', async () => {
      const byName = await get(`/users/${employee().userPrincipalName}/authentication/methods`, read);
      assert.deepEqual(byName.value, company.authenticationMethodsOf(employee().id));
      assert.deepEqual((await get(`/users/${persona(8).id}/authentication/methods`, read)).value, []);
      refused(await get(`/users/${nobody}/authentication/methods`, read), 404, 'Request_ResourceNotFound');
    });
  });

  describe('sign-ins', () => {
    const read = 'AuditLog.Read.All';

    it('are those of one person since a time, newest first', async () => {
      const { id } = employee();
      const all = await get(`/auditLogs/signIns?$filter=userId eq '${id}'`, read);
      assert.ok(all.value.length >= 4 && all.value.every((entry) => entry['userId'] === id), 'theirs only');
      const times = all.value.map((entry) => String(entry['createdDateTime']));
      assert.deepEqual(times, [...times].sort().reverse());
      const since = times[2] ?? '';
      const some = await get(`/auditLogs/signIns?$filter=userId eq '${id}' and createdDateTime ge ${since}&$orderby=createdDateTime desc&$top=50`, read);
      assert.deepEqual(some.value, all.value.slice(0, 3));
      const oldestFirst = await get(`/auditLogs/signIns?$filter=userId eq '${id}'&$orderby=createdDateTime`, read);
      assert.deepEqual(oldestFirst.value, [...all.value].reverse());
    });

    it('are recent however old the company is, and say why one failed', async () => {
      const { value } = await get(`/auditLogs/signIns?$filter=createdDateTime ge 2026-11-19T10:00:00Z`, read);
      assert.ok(value.length > 20, `${value.length} in one day`);
      assert.equal(value.every((entry) => String(entry['createdDateTime']) < serviceStart), true);
      const failed = (await get('/auditLogs/signIns', read)).value.find((entry) => (entry['status'] as { errorCode: number }).errorCode === 50126);
      assert.equal((failed?.['status'] as { failureReason: string }).failureReason, 'Error validating credentials due to invalid username or password.');
      assert.deepEqual(Object.keys(failed ?? {}).filter((name) => ['appDisplayName', 'clientAppUsed', 'conditionalAccessStatus', 'ipAddress', 'isInteractive', 'location'].includes(name)).length, 6);
    });

    it('come in pages, one by one, and with the limits of the log', async () => {
      const seen = await follow('/auditLogs/signIns?$top=400&$select=id', { roles: [read] });
      assert.deepEqual(seen, company.signIns().map((entry) => entry.id));
      assert.equal((await get(`/auditLogs/signIns/${String(seen[0])}`, read)).json['id'], seen[0]);
      refused(await get(`/auditLogs/signIns/${nobody}`, read), 404, 'Request_ResourceNotFound');
      refused(await get('/auditLogs/signIns?$top=1001', read), 400, 'Request_UnsupportedQuery');
      refused(await get("/auditLogs/signIns?$filter=shoeSize eq '1'", read), 400, 'BadRequest');
      refused(await get('/auditLogs/signIns?$orderby=appDisplayName', read), 400, 'Request_UnsupportedQuery');
    });
  });

  describe('direct memberships', () => {
    const read = ['GroupMember.ReadBasic.All', 'Group.ReadBasic.All'];

    it('leave out what comes through nesting', async () => {
      const delphine = [...company.users.values()].find((user) => user.displayName === 'Delphine Roux');
      const { value } = await get(`/users/${delphine?.id ?? ''}/memberOf?$select=id,displayName`, ...read);
      const names = value.map((group) => group['displayName']);
      assert.ok(names.includes('Executive Assistants') && !names.includes('VIP') && !names.includes('All Staff'), names.join(', '));
    });

    it('are cast to groups with the header and a count, in pages', async () => {
      const { id } = employee();
      const target = `/users/${id}/memberOf/microsoft.graph.group?$count=true&$select=id,displayName,groupTypes&$top=1`;
      refused(await get(target, ...read), 400, 'Request_UnsupportedQuery');
      const seen = await follow(target, { roles: read, headers: { consistencylevel: 'eventual' } });
      assert.deepEqual(seen, [...company.directoryGroups.values()].filter((group) => group.members.includes(id)).map((group) => group.id));
      assert.notEqual(seen.length, 0);
    });
  });

  describe('licences', () => {
    const write = 'LicenseAssignment.ReadWrite.All';
    const sku = (part: string): Subscription => {
      const found = company.subscriptions.find(({ skuPartNumber }) => skuPartNumber === part);
      assert.ok(found, part);
      return found;
    };
    const consumed = async (part: string): Promise<unknown> => {
      const { value } = await get('/subscribedSkus', 'LicenseAssignment.Read.All');
      return value.find((one) => one['skuPartNumber'] === part)?.['consumedUnits'];
    };
    const assign = (id: string, add: readonly string[], remove: readonly string[] = [], disabledPlans: readonly string[] = []): Promise<Answer> =>
      ask('POST', `/users/${id}/assignLicense`, { roles: [write], body: { addLicenses: add.map((skuId) => ({ skuId, disabledPlans })), removeLicenses: remove } });
    const unlicensed = (): User => {
      const user = [...company.users.values()].find((candidate) => candidate.usageLocation !== null && candidate.accountEnabled && candidate.assignedLicenses.length === 0);
      assert.ok(user, 'somebody without a licence');
      return user;
    };
    const inheriting = (): User => {
      const user = [...company.users.values()].find((candidate) => candidate.licenseAssignmentStates.some((state) => state.assignedByGroup !== null));
      assert.ok(user, 'somebody with a licence of a group');
      return user;
    };
    const held = (id: string): readonly string[] => (company.users.get(id)?.assignedLicenses ?? []).map(({ skuId }) => skuId);

    it('are counted by product, with published names and ids', async () => {
      const { value, json } = await get('/subscribedSkus', 'Organization.Read.All');
      assert.equal(json['@odata.context'], 'https://graph.microsoft.com/v1.0/$metadata#subscribedSkus');
      assert.deepEqual(value.map((one) => [one['skuPartNumber'], one['skuId']]), [
        ['SPE_E3', '05e9a617-0261-4cee-bb44-138d3ef5d965'], ['SPE_F1', '66b55226-6b4f-492c-910c-a3b7a3c9d993'],
        ['VISIOCLIENT', 'c5928f49-12ba-48f7-ada3-0d743a3601d5'], ['PROJECTPROFESSIONAL', '53818b1b-4a27-454b-8896-0dba576410e6'],
        ['POWER_BI_PRO', 'f8a1db68-be16-40ed-86d5-cb42ce701560'],
      ]);
      const visio = value[2];
      assert.equal(visio?.['consumedUnits'], (visio?.['prepaidUnits'] as { enabled: number }).enabled, 'used up');
      assert.deepEqual(Object.keys((await get('/subscribedSkus?$select=skuId,consumedUnits', 'Organization.Read.All')).value[0] ?? {}), ['consumedUnits', 'skuId']);
      refused(await get("/subscribedSkus?$filter=skuPartNumber eq 'SPE_E3'", 'Organization.Read.All'), 400, 'BadRequest');
    });

    it('of one person come with their plans', async () => {
      const { value } = await get(`/users/${employee().id}/licenseDetails`, 'User.Read.All');
      assert.deepEqual(value.map((one) => one['skuPartNumber']).slice(0, 1), ['SPE_E3']);
      assert.deepEqual(value[0]?.['servicePlans'], sku('SPE_E3').servicePlans);
      assert.deepEqual((await get(`/users/${unlicensed().id}/licenseDetails`, 'User.Read.All')).value, []);
      refused(await get(`/users/${nobody}/licenseDetails`, 'User.Read.All'), 404, 'Request_ResourceNotFound');
    });

    it('are assigned and removed, take and free a seat, and answer with the user', async () => {
      const { id, displayName } = unlicensed();
      const { skuId } = sku('POWER_BI_PRO');
      const before = Number(await consumed('POWER_BI_PRO'));
      const answer = await assign(id, [skuId]);
      assert.deepEqual([answer.status, answer.json['id'], answer.json['displayName']], [200, id, displayName]);
      assert.deepEqual(held(id), [skuId]);
      assert.equal(await consumed('POWER_BI_PRO'), before + 1);
      const shown = await get(`/users/${id}?$select=assignedLicenses,licenseAssignmentStates`, 'User.Read.All');
      assert.deepEqual(shown.json['assignedLicenses'], [{ disabledPlans: [], skuId }]);
      assert.equal((await assign(id, [], [skuId])).status, 200);
      assert.deepEqual(held(id), []);
      assert.equal(await consumed('POWER_BI_PRO'), before);
    });

    it('run out: the last seat goes once', async () => {
      const [one, other] = [...company.users.values()].filter((user) => user.usageLocation !== null && user.assignedLicenses.length === 0);
      const { skuId } = sku('POWER_BI_PRO');
      assert.equal((await assign(one?.id ?? '', [skuId])).status, 200);
      refused(await assign(other?.id ?? '', [skuId]), 400, 'Request_BadRequest', `Subscription with SKU ${skuId} does not have any available licenses.`);
      assert.deepEqual(held(other?.id ?? ''), []);
      const visio = sku('VISIOCLIENT').skuId;
      refused(await assign(unlicensed().id, [visio]), 400, 'Request_BadRequest', `Subscription with SKU ${visio} does not have any available licenses.`);
    });

    it('are refused without a usage location, for an unknown product and for a product that is not held', async () => {
      const nowhere = [...company.users.values()].find((user) => user.displayName === 'Calliope Marsh');
      const { skuId } = sku('SPE_E3');
      refused(await assign(nowhere?.id ?? '', [skuId]), 400, 'Request_BadRequest', 'License assignment cannot be done for user with invalid usage location.');
      refused(await assign(employee().id, [nobody]), 400, 'Request_BadRequest', `License ${nobody} does not correspond to a valid company License.`);
      refused(await assign(unlicensed().id, [], [skuId]), 400, 'Request_BadRequest', 'User does not have a corresponding license.');
      refused(await assign(nobody, [skuId]), 404, 'Request_ResourceNotFound');
    });

    it('that come from a group are not removed from the person', async () => {
      const { id } = inheriting();
      refused(await assign(id, [], [sku('SPE_F1').skuId]), 400, 'Request_BadRequest', 'User license is inherited from a group membership and it cannot be removed directly from the user.');
      assert.deepEqual(held(id), [sku('SPE_F1').skuId]);
    });

    it('do not combine when their plans exclude each other, and then nothing changes', async () => {
      const { id } = inheriting();
      const project = sku('PROJECTPROFESSIONAL').skuId;
      const answer = await assign(id, [project, sku('SPE_E3').skuId]);
      refused(answer, 400, 'Request_BadRequest');
      assert.match(answer.error.message ?? '', /mutually exclusive/);
      assert.deepEqual(held(id), [sku('SPE_F1').skuId]);
    });

    it('assigned again change nothing but the disabled plans', async () => {
      const { id } = employee();
      const [first] = sku('SPE_E3').servicePlans;
      const before = await consumed('SPE_E3');
      const same = JSON.stringify(company.users.get(id));
      assert.equal((await assign(id, [sku('SPE_E3').skuId])).status, 200);
      assert.equal(JSON.stringify(company.users.get(id)), same);
      assert.equal((await assign(id, [sku('SPE_E3').skuId], [], [first?.servicePlanId ?? ''])).status, 200);
      const details = await get(`/users/${id}/licenseDetails`, 'User.Read.All');
      const plans = details.value.find((one) => one['skuPartNumber'] === 'SPE_E3')?.['servicePlans'] as readonly { provisioningStatus: string }[];
      assert.deepEqual(plans.map((plan) => plan.provisioningStatus), ['Disabled', ...Array<string>(plans.length - 1).fill('Success')]);
      assert.equal(await consumed('SPE_E3'), before);
    });

    it('want both lists, GUIDs and the app role', async () => {
      const target = `/users/${employee().id}/assignLicense`;
      refused(await ask('POST', target, { roles: [write], body: { addLicenses: [] } }), 400, 'Request_BadRequest', "One or more parameters of the operation 'assignLicense' are missing from the request payload. The missing parameters are: removeLicenses.");
      for (const body of [{ addLicenses: 'x', removeLicenses: [] }, { addLicenses: [{ skuId: 'E3' }], removeLicenses: [] }, { addLicenses: [], removeLicenses: ['E3'] }, { addLicenses: [null], removeLicenses: [] }]) {
        refused(await ask('POST', target, { roles: [write], body }), 400, 'Request_BadRequest');
      }
      denied(await ask('POST', target, { roles: ['LicenseAssignment.Read.All', 'User.Read.All'], body: { addLicenses: [], removeLicenses: [] } }));
    });

    it('are as before after a reset', async () => {
      const before = await consumed('POWER_BI_PRO');
      await assign(unlicensed().id, [sku('POWER_BI_PRO').skuId]);
      company.reset();
      assert.equal(await consumed('POWER_BI_PRO'), before);
    });
  });

  describe('groups', () => {
    const write = 'GroupMember.ReadWrite.All';
    const add = (group: string, body: unknown, asked: Asked = {}): Promise<Answer> => ask('POST', `/groups/${group}/members/$ref`, { body, ...asked });
    const remove = (group: string, member: string, asked: Asked = {}): Promise<Answer> => ask('DELETE', `/groups/${group}/members/${member}/$ref`, asked);
    const members = (id: string): readonly string[] => company.directoryGroups.get(id)?.members ?? [];

    it('are filtered and searched by name, in pages', async () => {
      const read = 'Group.ReadBasic.All';
      assert.deepEqual((await get("/groups?$filter=displayName eq 'vpn users'&$select=id,displayName", read)).value, [{ id: groupOf('VPN Users').id, displayName: 'VPN Users' }]);
      assert.deepEqual((await get("/groups?$filter=startswith(displayName,'Steward')&$select=displayName", read)).value.length, 3);
      assert.deepEqual((await get("/groups?$filter=groupTypes/any(c:c eq 'DynamicMembership')&$select=displayName", read)).value.map((one) => one['displayName']), ['All Contractors', 'Everyone in Leeds']);
      assert.deepEqual((await advanced('/groups?$search="displayName:leeds"&$select=displayName', read)).value.map((one) => one['displayName']), ['Leeds Printers', 'Everyone in Leeds']);
      refused(await get('/groups?$search="displayName:leeds"', read), 400, 'Request_UnsupportedQuery');
      assert.deepEqual(await follow('/groups?$top=7&$select=id', { roles: [read] }), [...company.directoryGroups.keys()]);
      assert.equal('owners' in ((await get('/groups?$top=1', read)).value[0] ?? {}), false);
    });

    it('list their members over pages, cast to users', async () => {
      const { id } = groupOf('VPN Users');
      const target = `/groups/${id}/members/microsoft.graph.user?$select=id,displayName`;
      assert.deepEqual(await follow(target, { roles: ['GroupMember.Read.All', 'User.Read.All'] }), members(id));
      assert.equal(members(id).length, 120);
    });

    it('list people among their owners, not service principals', async () => {
      const read = 'GroupMember.Read.All';
      const { value } = await get(`/groups/${groupOf('VPN Users').id}/owners?$select=id`, read);
      const [person, robot] = groupOf('VPN Users').owners;
      assert.equal(robot, company.robotPrincipalId);
      assert.deepEqual(value, [{ '@odata.type': '#microsoft.graph.user', id: person }]);
      assert.deepEqual((await get(`/groups/${groupOf('Leeds Printers').id}/owners`, read)).value, []);
      refused(await get(`/groups/${nobody}/owners`, read), 404, 'Request_ResourceNotFound');
    });

    it('are filled and emptied by a service principal that owns them, without any app role', async () => {
      const [group = ''] = company.managedGroups;
      const { id } = employee();
      const added = await add(group, reference(id));
      assert.deepEqual([added.status, added.text], [204, '']);
      assert.equal(members(group).at(-1), id);
      assert.equal((await remove(group, id)).status, 204);
      assert.equal(members(group).includes(id), false);
      company.reset();
      assert.equal(members(group).length, 120);
    });

    it('are closed to everybody else without an app role, and do not tell whether they exist', async () => {
      const { id } = employee();
      const [managed = ''] = company.managedGroups;
      for (const group of [groupOf('Payroll Readers').id, groupOf('Board Papers').id, company.groups.vip, nobody, 'vip']) {
        denied(await add(group, reference(id)));
        denied(await remove(group, id));
      }
      denied(await add(managed, reference(id), { as: 'keeper', roles: ['GroupMember.Read.All'] }));
      assert.equal(members(managed).includes(id), false);
    });

    it('are open to GroupMember.ReadWrite.All', async () => {
      const { id } = employee();
      const payroll = groupOf('Payroll Readers').id;
      assert.equal((await add(payroll, reference(id), { as: 'keeper', roles: [write] })).status, 204);
      assert.equal(members(payroll).includes(id), true);
      refused(await add(nobody, reference(id), { roles: [write] }), 404, 'Request_ResourceNotFound');
      refused(await add('payroll', reference(id), { roles: [write] }), 400, 'Request_BadRequest');
    });

    it('refuse a member twice, and the removal of somebody who is none', async () => {
      const [group = ''] = company.managedGroups;
      const [first = ''] = members(group);
      refused(await add(group, reference(first)), 400, 'Request_BadRequest', "One or more added object references already exist for the following modified properties: 'members'.");
      assert.equal(members(group).length, 120);
      refused(await remove(group, employee().id), 404, 'Request_ResourceNotFound', `Resource '${employee().id}' does not exist or one of its queried reference-property objects are not present.`);
    });

    it('refuse what is no reference to somebody', async () => {
      const [group = ''] = company.managedGroups;
      for (const body of [{}, { '@odata.id': employee().id }, { '@odata.id': `https://evil.example/v1.0/directoryObjects/${employee().id}` }, []]) {
        refused(await add(group, body), 400, 'Request_BadRequest', 'Invalid URL format specified in payload.');
      }
      refused(await add(group, reference(nobody)), 404, 'Request_ResourceNotFound');
      assert.equal(members(group).length, 120);
    });

    it('refuse changes where a rule, another directory or a role stands behind them', async () => {
      const { id } = employee();
      const asked: Asked = { roles: [write, 'Group.ReadWrite.All'] };
      for (const name of ['Everyone in Leeds', 'Privileged Operations', 'Steward Admins']) {
        const group = groupOf(name);
        denied(await add(group.id, reference(id), asked));
        denied(await remove(group.id, group.members[0] ?? '', asked));
        assert.deepEqual(members(group.id), group.members);
      }
      const synced = groupOf('Legacy File Share');
      const message = 'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.';
      refused(await add(synced.id, reference(id), asked), 400, 'Request_BadRequest', message);
      refused(await remove(synced.id, synced.members[0] ?? '', asked), 400, 'Request_BadRequest', message);
      const roleManager: Asked = { roles: [write, 'RoleManagement.ReadWrite.Directory'] };
      assert.equal((await add(groupOf('Privileged Operations').id, reference(id), roleManager)).status, 204);
    });

    it('take groups only from who may write groups, and never into a Microsoft 365 group', async () => {
      const inner = groupOf('Travel Desk').id;
      denied(await add(groupOf('Design Tools').id, reference(inner)));
      refused(await add(groupOf('Project Aurora').id, reference(inner), { roles: ['Group.ReadWrite.All'] }), 400, 'Request_BadRequest');
      assert.equal((await add(groupOf('Design Tools').id, reference(inner), { roles: ['Group.ReadWrite.All'] })).status, 204);
    });
  });

  describe('apps', () => {
    it('that a person may use are assigned to them or to a group they are in', async () => {
      const direct = await get(`/users/${persona(0).id}/appRoleAssignments`, 'Directory.Read.All');
      assert.deepEqual(direct.value.map((one) => [one['resourceDisplayName'], one['principalType'], one['principalDisplayName']]), [['Expenses', 'User', persona(0).displayName]]);
      const throughGroup = await get(`/users/${employee().id}/appRoleAssignments`, 'Directory.Read.All');
      assert.deepEqual(throughGroup.value.map((one) => [one['resourceDisplayName'], one['principalDisplayName']]), [['Expenses', 'Marketing Department'], ['Learning Portal', 'Marketing Department']]);
      const resource = String(throughGroup.value[1]?.['resourceId']);
      const filtered = await get(`/users/${employee().id}/appRoleAssignments?$filter=resourceId eq ${resource}`, 'Directory.Read.All');
      assert.deepEqual(filtered.value.map((one) => one['resourceId']), [resource]);
      refused(await get(`/users/${nobody}/appRoleAssignments`, 'Directory.Read.All'), 404, 'Request_ResourceNotFound');
    });

    it('are listed, filtered and read one by one', async () => {
      const read = 'Application.Read.All';
      const [expenses] = (await get("/servicePrincipals?$filter=displayName eq 'Expenses'&$select=id,displayName,homepage", read)).value;
      assert.deepEqual([expenses?.['displayName'], expenses?.['homepage']], ['Expenses', 'https://expenses.haldenworks.example/']);
      const one = await get(`/servicePrincipals/${String(expenses?.['id'])}?$select=displayName,homepage`, read);
      assert.deepEqual([one.json['displayName'], one.json['homepage']], ['Expenses', 'https://expenses.haldenworks.example/']);
      assert.equal((await get("/servicePrincipals?$filter=displayName eq 'Badge Reader Sync'", read)).value[0]?.['homepage'], null);
      refused(await get(`/servicePrincipals/${nobody}`, read), 404, 'Request_ResourceNotFound');
      refused(await get('/servicePrincipals?$select=members', read), 400, 'BadRequest');
    });

    it('hold the robot under the id that its token carries', async () => {
      const robot = await get(`/servicePrincipals/${company.robotPrincipalId}`, 'Application.Read.All');
      assert.deepEqual([robot.json['appId'], robot.json['servicePrincipalType']], [cloud.identities.robot, 'ManagedIdentity']);
      const { token } = await cloud.credentialFor(cloud.identities.robot).getToken('https://graph.microsoft.com/.default');
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { oid?: string }; // our own issuer's shape
      assert.equal(claims.oid, company.robotPrincipalId);
    });
  });

  describe('mail', () => {
    const message = (address = 'nadia.petrov@haldenworks.example'): unknown => ({
      message: { subject: 'Your laptop', body: { contentType: 'Text', content: 'It is ready.' }, toRecipients: [{ emailAddress: { address } }] },
      saveToSentItems: false,
    });
    const send = (from: string, asked: Asked = {}): Promise<Answer> => ask('POST', `/users/${from}/sendMail`, { body: message(), ...asked });

    it('is sent from the one mailbox that Exchange\'s scope holds, and kept', async () => {
      for (const key of [company.robotMailbox.id, company.robotMailbox.address]) {
        const answer = await send(key);
        assert.deepEqual([answer.status, answer.text], [202, '']);
      }
      assert.equal(company.sentMail.length, 2);
      assert.deepEqual(company.sentMail[0], {
        from: company.robotMailbox.id, to: ['nadia.petrov@haldenworks.example'], subject: 'Your laptop', contentType: 'Text', content: 'It is ready.',
        isSavedToSentItems: false, sentDateTime: serviceStart,
      });
      company.reset();
      assert.deepEqual(company.sentMail, []);
    });

    it('is refused from any other mailbox, existing or not, and to any other app', async () => {
      const message403 = 'Access is denied. Check credentials and try again.';
      for (const from of [employee().id, employee().userPrincipalName, nobody]) refused(await send(from), 403, 'ErrorAccessDenied', message403);
      refused(await send(company.robotMailbox.id, { as: 'keeper', roles: ['User.ReadWrite.All', 'Mail.Read'] }), 403, 'ErrorAccessDenied', message403);
      assert.deepEqual(company.sentMail, []);
    });

    it('is sent from everywhere with the app role, which is why nobody should have it', async () => {
      assert.equal((await send(employee().id, { as: 'keeper', roles: ['Mail.Send'] })).status, 202);
      refused(await send(nobody, { as: 'keeper', roles: ['Mail.Send'] }), 404, 'ErrorInvalidUser', `The requested user '${nobody}' is invalid.`);
      refused(await send(persona(8).id, { as: 'keeper', roles: ['Mail.Send'] }), 404, 'MailboxNotEnabledForRESTAPI');
    });

    it('wants a message and recipients with addresses', async () => {
      const from = company.robotMailbox.id;
      for (const body of [{}, { message: 'hi' }, { message: { toRecipients: 'x' } }, { message: { toRecipients: [{}] } }, { message: { body: { contentType: 'rtf' } } }]) {
        refused(await send(from, { body }), 400, 'UnableToDeserializePostBody');
      }
      refused(await send(from, { body: message('not an address') }), 400, 'ErrorInvalidRecipients');
      refused(await send(from, { body: { message: { subject: 'x' } } }), 400, 'ErrorInvalidRecipients');
      assert.deepEqual(company.sentMail, []);
    });
  });

  describe('service health', () => {
    const read = 'ServiceHealth.Read.All';

    it('has the open issues, recent ones, with everything that a person wants to know', async () => {
      const { value } = await get('/admin/serviceAnnouncement/issues?$filter=isResolved eq false&$top=100', read);
      assert.deepEqual(value.map((issue) => [issue['service'], issue['status'], issue['classification']]), [
        ['Exchange Online', 'serviceDegradation', 'incident'], ['Microsoft Teams', 'investigating', 'advisory'],
      ]);
      for (const issue of value) {
        for (const name of ['title', 'impactDescription', 'feature']) assert.equal(typeof issue[name], 'string');
        assert.ok(String(issue['startDateTime']) > '2026-11-19' && String(issue['lastModifiedDateTime']) < serviceStart, `${String(issue['startDateTime'])} is recent`);
        assert.equal(issue['endDateTime'], null);
      }
      refused(await get("/admin/serviceAnnouncement/issues?$filter=isResolved eq 'false'", read), 400, 'BadRequest');
    });

    it('has older ones too, in pages that pass over so many', async () => {
      const first = await get('/admin/serviceAnnouncement/issues?$top=2', read);
      assert.match(String(first.json['@odata.nextLink']), /[?&]\$skip=2/);
      assert.deepEqual(await follow('/admin/serviceAnnouncement/issues?$top=2', { roles: [read] }), company.serviceHealthIssues.map((issue) => issue.id));
      refused(await get('/admin/serviceAnnouncement/issues?$skip=x', read), 400, 'BadRequest');
    });
  });

  it('lets the properties be selected that an identity map compares', async () => {
    const { renamed, lookalike } = company.identityCases;
    const select = 'id,proxyAddresses,employeeId,onPremisesImmutableId,onPremisesSamAccountName,usageLocation,assignedLicenses';
    const { json } = await get(`/users/${renamed.id}?$select=${select}`, 'User.Read.All');
    assert.deepEqual(Object.keys(json).sort(), ['@odata.context', ...select.split(',')].sort());
    const byOldName = await get(`/users?$filter=proxyAddresses/any(p:p eq 'smtp:${renamed.formerUserPrincipalName}')&$select=id`, 'User.Read.All');
    assert.deepEqual(byOldName.value, [{ id: renamed.id }]);
    const byAddress = await get(`/users?$filter=mail eq '${lookalike.address}' or proxyAddresses/any(p:p eq 'smtp:${lookalike.address}')&$select=id`, 'User.Read.All');
    assert.deepEqual(byAddress.value.map((user) => user['id']), [lookalike.memberId, lookalike.guestId]);
    refused(await get(`/users/${company.identityCases.recreated.formerId}`, 'User.Read.All'), 404, 'Request_ResourceNotFound');
  });
});
