import assert from 'node:assert/strict';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { GraphWhoIsWho } from '../../../src/clients/who-is-who.ts';
import { clientsOf, cloud, handClock, never, newId, rejectsWith } from './support.ts';

/** Who is who over the sandbox's Graph, with a clock to turn. */
async function whoIsWhoOf(groups = {}, managed: readonly string[] = []) {
  const { endpoints, agent, identities, credentialFor, company, journal } = await cloud();
  const clock = handClock();
  const graph = new GraphClient({ endpoint: endpoints.graph, credential: credentialFor(identities.keeper), httpClient: createEgress({ allow: [endpoints.graph], agent }).httpClient, clock, totalMs: 1_000, attemptMs: 300 });
  journal.clear();
  return { whoIsWho: new GraphWhoIsWho(graph, { ...company.groups, ...groups }, clock, managed), clock, company, asked: () => journal.entries({ service: 'graph' }).length };
}

describe('who is who', () => {
  afterEach(async () => (await cloud()).faults.clear());

  it('knows roles, guests, privileged, VIP and break-glass accounts', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    for (const persona of company.people()) {
      if (persona.tenantId !== company.tenantId) continue;
      const facts = await whoIsWho.describe(new InternalId(persona.aadObjectId), 'now', never);
      assert(facts, persona.name);
      const roles = persona.roles.filter((role) => ['employee', 'helpdesk', 'approver', 'admin', 'data protection'].includes(role));
      assert.deepEqual(new Set(facts.roles), new Set(persona.roles.includes('guest') || roles.includes('employee') ? roles : ['employee', ...roles]), persona.name);
      assert.equal(facts.guest, persona.roles.includes('guest'));
      assert.equal(facts.vip, persona.roles.includes('vip'), persona.name);
      if (facts.roles.some((role) => role !== 'employee') || facts.breakGlass) assert.equal(facts.privileged, true, persona.name);
    }
  });

  it('answers `brief` from what it read within a minute, `now` never', async () => {
    const { whoIsWho, clock, company, asked } = await whoIsWhoOf();
    const id = new InternalId(company.personas[0]?.aadObjectId ?? '');
    await Promise.all(Array.from({ length: 5 }, () => whoIsWho.describe(id, 'brief')));
    assert.equal(asked(), 2, 'one reading of two requests for all');
    clock.advance(59_000);
    await whoIsWho.describe(id, 'brief');
    assert.equal(asked(), 2);
    await whoIsWho.describe(id, 'now');
    assert.equal(asked(), 4);
    clock.advance(59_999);
    await whoIsWho.describe(id, 'brief');
    assert.equal(asked(), 4, 'a reading `now` is as good');
    clock.advance(1);
    await whoIsWho.describe(id, 'brief');
    assert.equal(asked(), 6);
  });

  it('finds an account by exactly its sign-in name, in whatever case', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    for (const { aadObjectId, upn: userPrincipalName } of company.personas.slice(0, 5)) {
      for (const name of [userPrincipalName, userPrincipalName.toUpperCase()]) assert.equal((await whoIsWho.find(name))?.equals(new InternalId(aadObjectId)), true, name);
    }
    const [known] = company.personas;
    assert(known);
    for (const name of [`x${known.upn}`, known.upn.slice(1), `${known.upn}.example`]) assert.equal(await whoIsWho.find(name), undefined, name);
  });

  it('asks nothing about what is no sign-in name', async () => {
    const { whoIsWho, company, asked } = await whoIsWhoOf();
    const odd = ['', 'me', company.personas[0]?.aadObjectId ?? '', company.personas[0]?.name ?? '', 'guest_x.example#EXT#@contoso.example', '$a@contoso.example', 'a@b', 'a/b@contoso.example', '../me@contoso.example', 'a?b@contoso.example', 'a%2fb@contoso.example', "a')/x@contoso.example", 'ä@contoso.example', 'a@contoso.example\n', `${'a'.repeat(65)}@contoso.example`];
    for (const name of odd) assert.equal(await whoIsWho.find(name), undefined, name);
    assert.equal(asked(), 0);
  });

  it('says so when the directory can’t be asked about a name', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    (await cloud()).faults.post({ service: 'graph', kind: 'status', status: 403 });
    await rejectsWith(whoIsWho.find(company.personas[0]?.upn ?? ''), 'DIRECTORY_UNAVAILABLE');
  });

  it('does not remember that an account was missing', async () => {
    const { whoIsWho, asked } = await whoIsWhoOf();
    const id = newId();
    assert.equal(await whoIsWho.describe(id, 'brief'), undefined);
    const first = asked();
    assert.equal(await whoIsWho.describe(id, 'brief'), undefined);
    assert(asked() > first);
  });

  for (const [what, fault] of [
    ['the account cannot be read', { kind: 'status', status: 500, path: '/users/[^/]+$' }],
    ['the groups cannot be read', { kind: 'status', status: 403, path: 'transitiveMemberOf' }],
    ['the groups are not found', { kind: 'status', status: 404, path: 'transitiveMemberOf' }],
    ['the answer is HTML', { kind: 'body', status: 200, body: '<html></html>', contentType: 'text/html', path: 'transitiveMemberOf' }],
    ['the answer lacks the type of an entry', { kind: 'body', status: 200, body: { value: [{ id: 'x' }] }, path: 'transitiveMemberOf' }],
    ['Graph hangs', { kind: 'hang' }],
    ['Graph cuts the connection', { kind: 'reset' }],
  ] as const) {
    it(`says that the directory is unavailable when ${what}`, async () => {
      const { whoIsWho, company } = await whoIsWhoOf();
      (await cloud()).faults.post({ service: 'graph', ...fault });
      const id = new InternalId(company.personas[0]?.aadObjectId ?? '');
      await rejectsWith(whoIsWho.describe(id, 'now'), 'DIRECTORY_UNAVAILABLE');
      await rejectsWith(whoIsWho.describe(id, 'brief'), 'DIRECTORY_UNAVAILABLE');
    });
  }

  it('refuses to reckon with more groups than it can read', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    const value = Array.from({ length: 2_001 }, (_, index) => ({ '@odata.type': '#microsoft.graph.group', id: `g${index}` }));
    (await cloud()).faults.post({ service: 'graph', kind: 'body', status: 200, body: { value }, path: 'transitiveMemberOf' });
    await rejectsWith(whoIsWho.describe(new InternalId(company.personas[0]?.aadObjectId ?? ''), 'now'), 'DIRECTORY_UNAVAILABLE');
  });

  it('does not lose a shared reading to the abort of one who waits', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    (await cloud()).faults.post({ service: 'graph', kind: 'delay', delayMs: 100 });
    const id = new InternalId(company.personas[0]?.aadObjectId ?? '');
    const reason = new Error('gone');
    const controller = new AbortController();
    const [one, other] = [whoIsWho.describe(id, 'brief', controller.signal), whoIsWho.describe(id, 'brief', never)];
    controller.abort(reason);
    await assert.rejects(one, reason);
    assert((await other)?.displayName);
  });

  it('lists the members of a role', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    const admins = company.people().filter(({ roles }) => roles.includes('admin'));
    const members = await whoIsWho.membersOf('admin', 50);
    assert.deepEqual(new Set(members.map((id) => id.reveal())), new Set(admins.map(({ aadObjectId }) => aadObjectId)));
    assert.equal((await whoIsWho.membersOf('admin', 1)).length, 1);
    (await cloud()).faults.post({ service: 'graph', kind: 'status', status: 403 });
    await rejectsWith(whoIsWho.membersOf('admin', 50), 'DIRECTORY_UNAVAILABLE');
  });

  it('accepts the role groups of the sandbox, and names each that is wrong', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    await whoIsWho.checkRoleGroups();
    const wrong = await whoIsWhoOf({ helpdesk: company.groups.vip, approver: newId().reveal(), admin: company.groups.breakGlass });
    const { message } = await rejectsWith(wrong.whoIsWho.checkRoleGroups(), 'CONFIGURATION_INVALID');
    assert.match(message, /STEWARD_HELPDESK_GROUP_ID is not role-assignable/);
    assert.match(message, /STEWARD_APPROVER_GROUP_ID does not exist/);
    assert.match(message, /STEWARD_ADMIN_GROUP_ID has fewer than two/);
    await rejectsWith((await whoIsWhoOf({ admin: '' })).whoIsWho.checkRoleGroups(), 'CONFIGURATION_INVALID');
  });

  it('knows backup approvers where there is a group of them, and none where there is none', async () => {
    const company = (await cloud()).company;
    const approver = company.people().find(({ roles, tenantId }) => roles.includes('approver') && tenantId === company.tenantId);
    assert(approver);
    const id = new InternalId(approver.aadObjectId);
    const { whoIsWho: without } = await whoIsWhoOf();
    assert.equal((await without.describe(id, 'now'))?.roles.includes('backup approver'), false);
    assert.deepEqual(await without.membersOf('backup approver', 50), []);
    // The approvers' own group stands in for one of backups.
    const { whoIsWho } = await whoIsWhoOf({ backupApprover: company.groups.approver });
    assert.deepEqual((await whoIsWho.describe(id, 'now'))?.roles.filter((role) => role.endsWith('approver')).sort(), ['approver', 'backup approver']);
    assert.ok((await whoIsWho.membersOf('backup approver', 50)).some((member) => member.equals(id)));
    await whoIsWho.checkRoleGroups();
    const wrong = await whoIsWhoOf({ backupApprover: company.groups.vip });
    assert.match((await rejectsWith(wrong.whoIsWho.checkRoleGroups(), 'CONFIGURATION_INVALID')).message, /STEWARD_BACKUP_APPROVER_GROUP_ID is not role-assignable/);
    const missing = await whoIsWhoOf({ backupApprover: newId().reveal() });
    assert.match((await rejectsWith(missing.whoIsWho.checkRoleGroups(), 'CONFIGURATION_INVALID')).message, /STEWARD_BACKUP_APPROVER_GROUP_ID does not exist/);
  });

  it('knows who uses a device: a person, nobody, or no device at all', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    const all = [...company.devices.values()];
    const used = all.find(({ userId }) => company.personas.some(({ aadObjectId, roles }) => aadObjectId === userId && roles.includes('vip'))) ?? assert.fail('no VIP has a device');
    const facts = await whoIsWho.userOf(new InternalId(used.id), 'now');
    assert(typeof facts === 'object');
    assert.deepEqual([facts.id.reveal(), facts.vip], [used.userId, true]);
    const ownerless = all.find(({ userId }) => userId === '') ?? assert.fail('every device has a user');
    assert.equal(await whoIsWho.userOf(new InternalId(ownerless.id), 'now'), 'nobody');
    assert.equal(await whoIsWho.userOf(newId(), 'now'), undefined);
  });

  it('takes a device whose user was deleted for nobody’s', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    const device = [...company.devices.values()].find(({ userId }) => userId !== '') ?? assert.fail();
    (await cloud()).faults.post({ service: 'graph', kind: 'status', status: 404, path: '/users/' });
    assert.equal(await whoIsWho.userOf(new InternalId(device.id), 'now'), 'nobody');
  });

  it('knows of a group whether it is managed, Steward’s own, role-assignable, dynamic or synced', async () => {
    const { company } = await cloud();
    const all = [...company.directoryGroups.values()];
    const { whoIsWho } = await whoIsWhoOf({}, company.managedGroups.map((id) => id.toUpperCase()));
    const own = new Set<string>(Object.values(company.groups));
    for (const group of all) {
      assert.deepEqual(await whoIsWho.describeGroup(new InternalId(group.id)), {
        managed: company.managedGroups.includes(group.id),
        steward: own.has(group.id),
        roleAssignable: group.isAssignableToRole === true,
        dynamic: group.groupTypes.includes('DynamicMembership'),
        synced: group.onPremisesSyncEnabled === true,
      }, group.displayName);
    }
    for (const fact of ['isAssignableToRole', 'onPremisesSyncEnabled'] as const) assert(all.some((group) => group[fact] === true), fact);
    assert(all.some(({ groupTypes }) => groupTypes.includes('DynamicMembership')));
    assert.equal(await whoIsWho.describeGroup(newId()), undefined);
  });

  it('says that the directory is unavailable when a device or a group can’t be read', async () => {
    const { whoIsWho, company } = await whoIsWhoOf();
    for (const status of [403, 500]) {
      (await cloud()).faults.post({ service: 'graph', kind: 'status', status });
      await rejectsWith(whoIsWho.userOf(new InternalId([...company.devices.keys()][0] ?? ''), 'now'), 'DIRECTORY_UNAVAILABLE');
      await rejectsWith(whoIsWho.describeGroup(new InternalId(company.groups.vip)), 'DIRECTORY_UNAVAILABLE');
      (await cloud()).faults.clear();
    }
  });

  it('is read as the keeper', async () => {
    const { journal, identities, company } = await cloud();
    const { whoIsWho } = await clientsOf();
    journal.clear();
    await whoIsWho.describe(new InternalId(company.personas[0]?.aadObjectId ?? ''), 'now');
    assert.notEqual(await whoIsWho.userOf(new InternalId([...company.devices.keys()][0] ?? ''), 'now'), undefined);
    assert.notEqual(await whoIsWho.describeGroup(new InternalId(company.groups.vip)), undefined);
    assert(journal.entries().every(({ identity }) => identity === identities.keeper));
  });
});
