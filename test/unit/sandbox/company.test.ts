import assert from 'node:assert/strict';
import { createCompany } from '../../../sandbox/company/company.ts';
import type { Company, Persona, User } from '../../../sandbox/company/company.ts';

const tenantId = '6f1d2c3b-4a59-4e87-9c10-2b3a4c5d6e7f';
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** People under each value of one property, where that is more than one person. */
const shared = (users: readonly User[], keyOf: (user: User) => string): readonly (readonly User[])[] => {
  const groups = new Map<string, User[]>();
  for (const user of users) groups.set(keyOf(user), [...(groups.get(keyOf(user)) ?? []), user]);
  return [...groups.values()].filter((group) => group.length > 1);
};

const dump = (company: Company): string => JSON.stringify({
  users: [...company.users.values()],
  groups: [...company.directoryGroups.values()],
  roles: [...company.directoryRoles.values()],
  devices: [...company.devices.values()],
  managers: [...company.managers],
  people: company.people(),
  licences: company.subscriptions,
  apps: [[...company.servicePrincipals.values()], company.appRoleAssignments],
  signIns: company.signIns(),
  methods: [...company.users.keys()].map((id) => company.authenticationMethodsOf(id)),
  issues: company.serviceHealthIssues,
  mail: company.sentMail,
});

describe('sandbox company', () => {
  const company = createCompany(1, tenantId);
  const users = [...company.users.values()];
  const devices = [...company.devices.values()];

  const userOf = (persona: Persona | undefined): User => {
    const user = company.users.get(persona?.aadObjectId ?? '');
    assert.ok(user, `${persona?.name ?? 'nobody'} is in the directory`);
    return user;
  };
  const rolesOf = (index: number): readonly string[] | undefined => company.personas[index]?.roles;

  it('is the same for the same seed and another for another', () => {
    assert.equal(dump(createCompany(1, tenantId)), dump(company));
    assert.notEqual(dump(createCompany(2, tenantId)), dump(company));
  });

  it('does not depend on the clock', () => {
    const later = createCompany(1, tenantId, { epoch: '2027-11-01T08:00:00Z' });
    assert.deepEqual(later.people(), company.people());
    for (const device of later.devices.values()) assert.ok(device.lastSyncDateTime <= '2027-11-01T08:00:00Z');
    assert.throws(() => createCompany(1, tenantId, { epoch: 'soon' }), RangeError);
  });

  for (const seed of [1, 2, 3, 42, 4711]) {
    it(`has about 200 people and 300 devices with ids, addresses and employee numbers that hold together (seed ${seed})`, () => {
      const made = createCompany(seed, tenantId);
      const all = [...made.users.values()];
      assert.ok(all.length >= 180 && all.length <= 220, `${all.length} users`);
      assert.ok(made.devices.size >= 250 && made.devices.size <= 350, `${made.devices.size} devices`);
      for (const user of all) assert.match(user.id, guid);
      assert.equal(new Set(all.map((user) => user.userPrincipalName.toLowerCase())).size, all.length);
      assert.equal(new Set(made.people().map((person) => person.teamsId)).size, made.people().length);
      assert.equal(new Set([...made.devices.values()].map((device) => device.serialNumber)).size, made.devices.size);
      for (const user of all) {
        assert.match(user.userPrincipalName, /^[a-z0-9._#-]+(?:#EXT#)?@[a-z.]+\.example$/i);
        assert.ok(user.createdDateTime < user.lastPasswordChangeDateTime && user.lastPasswordChangeDateTime < '2026-11-01T08:00:00Z');
      }
      const names = new Set(['Hanna', 'Jonas', 'Priya', 'Marco', 'Adele', 'Tobias', 'Nadia', 'Victor', 'Gwen', 'Felix']);
      const sameName = made.people().slice(made.personas.length).filter(({ name }) => names.has(name.split(' ')[0] ?? ''));
      assert.deepEqual(sameName, []);
    });
  }

  it('lists the personas in the promised order', () => {
    assert.deepEqual(company.personas.map(({ name }) => name), [
      'Hanna Virtanen', 'Jonas Weber', 'Priya Raman', 'Marco Bellini', 'Adele Fontaine', 'Tobias Lindgren', 'Nadia Petrov', 'Victor Almeida',
      'Gwen Harper', 'Felix Moreau',
    ]);
    assert.deepEqual([rolesOf(0), rolesOf(1)], [['employee', 'helpdesk'], ['employee', 'helpdesk']]);
    assert.deepEqual(rolesOf(2), ['employee', 'approver']);
    assert.deepEqual(rolesOf(3), ['employee', 'helpdesk', 'approver']);
    assert.deepEqual([rolesOf(4), rolesOf(5)], [['employee', 'admin'], ['employee', 'approver', 'admin']]);
    assert.deepEqual(rolesOf(6), ['employee']);
    assert.deepEqual(rolesOf(7), ['employee', 'vip']);
    assert.deepEqual(rolesOf(8), ['guest']);
    assert.deepEqual(rolesOf(9), []);
    assert.deepEqual(company.people().slice(0, company.personas.length), company.personas);
    for (const { teamsId } of company.people()) assert.match(teamsId, /^29:1[\w-]{60}$/);
  });

  it('keeps the stranger out of the directory and of the tenant', () => {
    const stranger = company.personas.at(-1);
    assert.notEqual(stranger?.tenantId, tenantId);
    assert.equal(company.users.has(stranger?.aadObjectId ?? ''), false);
    assert.ok(company.people().filter((person) => person !== stranger).every((person) => person.tenantId === tenantId && company.users.has(person.aadObjectId)));
  });

  it('says the same about roles in people() and in the groups', () => {
    for (const [role, id] of Object.entries(company.groups)) {
      const group = company.directoryGroups.get(id);
      assert.ok(group, role);
      assert.equal(group.securityEnabled, true);
      if (role === 'vip' || role === 'breakGlass') continue;
      assert.equal(group.isAssignableToRole, true);
      assert.deepEqual(
        [...group.members].sort(),
        company.people().filter((person) => person.roles.includes(role === 'dataProtection' ? 'data protection' : role)).map((person) => person.aadObjectId).sort(),
      );
      assert.ok(group.members.every((member) => company.users.has(member)), 'role-assignable groups do not nest');
    }
  });

  it('has namesakes in different departments, and people who share one name', () => {
    const members = users.filter((user) => user.userType === 'Member');
    const pairs = shared(members, (user) => user.displayName);
    assert.ok(pairs.length >= 3);
    for (const pair of pairs) assert.equal(new Set(pair.map((user) => user.department)).size, pair.length);
    assert.ok(users.filter((user) => user.givenName === 'Anna').length >= 3);
    assert.ok(users.filter((user) => user.surname === 'Schmidt').length >= 4);
  });

  it('has names that break naive programs', () => {
    const names = users.map((user) => user.displayName);
    for (const pattern of [/[äöüß]/, /['’]/, /\p{Script=Han}/u, /\p{Script=Cyrillic}/u, /\p{Script=Arabic}/u, /\[.*\]\(https:/, /<script>/, /\{\{DATE\(\)\}\}/, /\$\{x\}/, /\u202E/, /ignore all previous/i]) {
      assert.ok(names.some((name) => pattern.test(name)), String(pattern));
    }
    assert.equal(Math.max(...names.map((name) => name.length)), 256);
    const hostile = users.filter((user) => /[[<{$]|\u202E|Ignore/.test(user.displayName));
    assert.ok(hostile.every((user) => user.accountEnabled && user.userType === 'Member' && user.employeeId !== null));
  });

  it('has guests, leavers, administrators, a break-glass account and VIPs', () => {
    const guests = users.filter((user) => user.userType === 'Guest');
    assert.equal(guests.length, 7);
    assert.ok(guests.every((user) => user.userPrincipalName.includes('#EXT#@')));
    assert.equal(users.filter((user) => !user.accountEnabled).length, 9, 'eight leavers and the shared mailbox');
    const roleNames = [...company.directoryRoles.values()].map((role) => role.displayName);
    assert.ok(roleNames.includes('Global Administrator') && roleNames.includes('User Administrator'));
    const breakGlass = company.directoryGroups.get(company.groups.breakGlass)?.members ?? [];
    assert.equal(breakGlass.length, 1);
    assert.deepEqual(company.people().find((person) => person.aadObjectId === breakGlass[0])?.roles, []);
    assert.equal(company.people().filter((person) => person.roles.includes('vip')).length, 5);
  });

  it('has people with two accounts and one employee number', () => {
    const numbered = users.filter((user) => user.employeeId !== null);
    assert.deepEqual(
      shared(numbered, (user) => user.employeeId ?? '').map((group) => group.map((user) => user.displayName)),
      [['Hanna Virtanen', 'adm-hvirtanen'], ['Tobias Lindgren', 'adm-tlindgren']],
    );
  });

  it('has one tree of managers, and only active ones', () => {
    const roots = new Set<string>();
    for (const id of company.managers.keys()) {
      let [current, steps] = [id, 0];
      for (let manager = company.managers.get(current); manager !== undefined; manager = company.managers.get(current)) {
        assert.equal(company.users.get(manager)?.accountEnabled, true);
        current = manager;
        assert.ok((steps += 1) < 6, 'no circle');
      }
      roots.add(current);
    }
    assert.equal(roots.size, 1);
    assert.ok(company.managers.size > 150);
  });

  it('has devices with no, one, two and three to a person', () => {
    const counts = new Set(users.map((user) => devices.filter((device) => device.userId === user.id).length));
    for (const count of [0, 1, 2, 3]) assert.ok(counts.has(count), `${count} devices`);
    for (const device of devices) {
      assert.ok(['Windows', 'macOS', 'iOS', 'Android'].includes(device.operatingSystem));
      assert.ok(device.enrolledDateTime < device.lastSyncDateTime || device.lastSyncDateTime === device.enrolledDateTime);
      const owner = company.users.get(device.userId);
      assert.equal(device.userPrincipalName, owner?.userPrincipalName ?? '');
    }
    const employee = userOf(company.personas[6]);
    assert.deepEqual(devices.filter((device) => device.userId === employee.id).map((device) => device.operatingSystem === 'Windows'), [true, false]);
  });

  for (const seed of [1, 7, 4711]) {
    it(`has accounts that an identity map mistakes for each other (seed ${seed})`, () => {
      const made = createCompany(seed, tenantId);
      const all = [...made.users.values()];
      const { renamed, lookalike, recreated, sharedEmployeeIds } = made.identityCases;
      const person = made.users.get(renamed.id);
      assert.notEqual(person?.userPrincipalName, renamed.formerUserPrincipalName);
      assert.ok(person?.proxyAddresses.includes(`smtp:${renamed.formerUserPrincipalName}`));
      assert.deepEqual(all.filter((user) => user.userPrincipalName === renamed.formerUserPrincipalName), [], 'the old name is free');
      const [guest, member] = [made.users.get(lookalike.guestId), made.users.get(lookalike.memberId)];
      assert.deepEqual([guest?.userType, guest?.mail, member?.userType], ['Guest', lookalike.address, 'Member']);
      assert.ok(member?.proxyAddresses.includes(`smtp:${lookalike.address}`));
      assert.equal(made.users.get(recreated.id)?.userPrincipalName, recreated.userPrincipalName);
      assert.equal(made.users.has(recreated.formerId), false);
      for (const [one, other] of sharedEmployeeIds) {
        assert.equal(typeof made.users.get(one)?.employeeId, 'string');
        assert.equal(made.users.get(one)?.employeeId, made.users.get(other)?.employeeId);
      }
    });

    it(`has licences: most people one, some by a group, one product used up (seed ${seed})`, () => {
      const made = createCompany(seed, tenantId);
      const members = [...made.users.values()].filter((user) => user.userType === 'Member');
      assert.ok(members.filter((user) => user.assignedLicenses.length > 0).length > members.length * 0.75);
      assert.ok(members.some((user) => user.usageLocation === null && user.accountEnabled && user.givenName !== null));
      assert.ok(members.every((user) => user.usageLocation !== null || user.assignedLicenses.length === 0));
      const inherited = members.filter((user) => user.licenseAssignmentStates.some((state) => state.assignedByGroup !== null));
      assert.ok(inherited.length > 5);
      for (const user of inherited) {
        for (const { assignedByGroup } of user.licenseAssignmentStates) assert.ok(made.directoryGroups.get(assignedByGroup ?? '')?.members.includes(user.id));
      }
      const free = made.subscriptions.map(({ skuId, enabledUnits }) =>
        enabledUnits - members.filter((user) => user.assignedLicenses.some((licence) => licence.skuId === skuId)).length);
      assert.deepEqual(free, [12, 5, 0, 3, 1]);
    });
  }

  it('has groups that the robot owns, and groups of which it must stay away', () => {
    const groups = [...company.directoryGroups.values()];
    const owned = groups.filter((group) => group.owners.includes(company.robotPrincipalId)).map((group) => group.id);
    assert.deepEqual(owned, company.managedGroups);
    assert.equal(owned.length, 5);
    for (const id of owned) {
      const group = company.directoryGroups.get(id);
      assert.deepEqual([group?.isAssignableToRole, group?.onPremisesSyncEnabled, group?.membershipRule], [null, null, null]);
      assert.ok(company.personas.every((persona) => group?.members.includes(persona.aadObjectId) === false), 'personas are in none by chance');
    }
    const others = groups.slice(-6);
    assert.ok(others.every((group) => !group.owners.includes(company.robotPrincipalId)));
    assert.ok(others.some((group) => group.membershipRule !== null) && others.some((group) => group.onPremisesSyncEnabled === true));
    assert.ok(others.some((group) => group.isAssignableToRole === true));
    assert.ok(groups.every((group) => group.members.every((id) => company.users.has(id) || company.directoryGroups.has(id))));
  });

  it('has a shared mailbox for the robot that nobody can sign in to or chat as', () => {
    const mailbox = company.users.get(company.robotMailbox.id);
    assert.deepEqual([mailbox?.mail, mailbox?.accountEnabled, mailbox?.employeeId], [company.robotMailbox.address, false, null]);
    assert.deepEqual(company.people().filter((person) => person.aadObjectId === company.robotMailbox.id), []);
  });

  it('has sign-ins of the last month, newest first, that failed for some', () => {
    const signIns = company.signIns();
    const times = signIns.map((signIn) => signIn.createdDateTime);
    assert.deepEqual(times, [...times].sort().reverse());
    assert.ok((times.at(-1) ?? '') > '2026-10-02' && (times[0] ?? '') < '2026-11-01T08:00:00Z');
    assert.ok(signIns.some(({ status }) => status.errorCode === 50126) && signIns.some(({ status }) => status.errorCode === 0));
    for (const { status, userId, createdDateTime } of signIns) {
      const user = company.users.get(userId);
      assert.ok(user !== undefined && user.createdDateTime < createdDateTime);
      if (!user.accountEnabled) assert.equal(status.errorCode, 50057);
      assert.equal(status.errorCode === 0, status.failureReason === null);
    }
  });

  it('changes one user at a time and can be put back', () => {
    const made = createCompany(1, tenantId);
    const id = made.personas[6]?.aadObjectId ?? '';
    const before = made.users.get(id);
    assert.equal(made.changeUser(id, { accountEnabled: false }), true);
    assert.equal(made.changeUser(id, { accountEnabled: false }), false);
    assert.equal(made.changeUser('nobody', { accountEnabled: false }), false);
    assert.equal(made.users.get(id)?.accountEnabled, false);
    const [groupId = ''] = made.managedGroups;
    assert.equal(made.changeMembers(groupId, [id]), true);
    assert.equal(made.changeMembers(groupId, [id]), false);
    assert.equal(made.changeMembers('no group', [id]), false);
    for (let sent = 0; sent < 501; sent += 1) {
      made.keepMail({ from: id, to: [], subject: String(sent), contentType: 'text', content: '', isSavedToSentItems: true, sentDateTime: '' });
    }
    assert.deepEqual([made.sentMail.length, made.sentMail[0]?.subject], [500, '1'], 'the oldest goes first');
    made.reset();
    assert.deepEqual(made.users.get(id), before);
    assert.equal(dump(made), dump(company));
  });
});
