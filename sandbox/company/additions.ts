/**
 * People and groups that came after the first ones. They draw from a generator of their own, so that everybody who was
 * here before is the same for every seed.
 */

import { guidFromSeed } from '../identifiers.ts';
import { toGraphTime } from './devices.ts';
import { toAlias } from './names.ts';
import type { Random } from './random.ts';
import type { Group, IdentityCases, User } from './types.ts';

const dayMs = 86_400_000;

/** Where everybody at a company that was bought had their addresses. */
const formerDomain = 'northwind.example';

interface Newcomer {
  readonly given: string;
  readonly surname: string;
  readonly department: string;
  readonly jobTitle: string;
  readonly createdDaysAgo: number;
}

export interface AdditionOptions {
  readonly random: Random;
  readonly seed: number;
  readonly epochMs: number;
  readonly companyName: string;
  readonly domain: string;
  readonly tenantDomain: string;
  /** Everybody who works here, without guests and second accounts. */
  readonly staff: readonly User[];
  /** People whose memberships and licences should be no surprise; they are in none of the groups by chance. */
  readonly personas: readonly User[];
  readonly administrator: User;
  readonly chief: User;
  readonly financeHead: User;
}

export interface Additions {
  readonly users: readonly User[];
  /** The new users who are people, with their guests; the robot's mailbox is none. */
  readonly people: readonly User[];
  readonly groups: readonly Group[];
  readonly managedGroups: readonly string[];
  readonly frontlineGroup: Group;
  readonly robotMailbox: { readonly id: string; readonly address: string };
  readonly robotPrincipalId: string;
  readonly cases: Omit<IdentityCases, 'sharedEmployeeIds'>;
}

/** Seven users, and eleven groups of which the robot owns five. */
export function createAdditions(options: AdditionOptions): Additions {
  const { random, epochMs, domain, tenantDomain, staff, personas } = options;
  let nextEmployeeNumber = 20_001;

  const blank = (createdDaysAgo: number): Omit<User, 'displayName' | 'mailNickname' | 'userPrincipalName' | 'userType'> => {
    const createdMs = epochMs - createdDaysAgo * dayMs;
    const passwordAt = toGraphTime(createdMs + dayMs);
    return {
      id: random.uuid(), accountEnabled: true, assignedLicenses: [], businessPhones: [], city: null, companyName: null, country: null,
      createdDateTime: toGraphTime(createdMs), creationType: null, department: null, employeeId: null, employeeType: null,
      externalUserState: null, givenName: null, jobTitle: null, lastPasswordChangeDateTime: passwordAt, licenseAssignmentStates: [],
      mail: null, mobilePhone: null, officeLocation: null, onPremisesImmutableId: null, onPremisesSamAccountName: null,
      onPremisesSyncEnabled: null, otherMails: [], preferredLanguage: null, proxyAddresses: [],
      signInSessionsValidFromDateTime: passwordAt, surname: null, usageLocation: null,
    };
  };
  const hire = (person: Newcomer, extra: Partial<User> = {}): User => {
    const alias = toAlias(person);
    const mail = `${alias}@${domain}`;
    return {
      ...blank(person.createdDaysAgo),
      city: 'Leeds',
      companyName: options.companyName,
      country: 'United Kingdom',
      department: person.department,
      displayName: `${person.given} ${person.surname}`,
      employeeId: `HW${nextEmployeeNumber++}`,
      employeeType: 'Employee',
      givenName: person.given,
      jobTitle: person.jobTitle,
      mail,
      mailNickname: alias,
      mobilePhone: `+44 7700 900${random.text('0123456789', 3)}`,
      officeLocation: `Leeds ${random.integer(1, 4)}.${random.text('0123456789', 2)}`,
      preferredLanguage: 'en-GB',
      proxyAddresses: [`SMTP:${mail}`, `smtp:${alias}@${tenantDomain}`],
      surname: person.surname,
      usageLocation: 'GB',
      userPrincipalName: mail,
      userType: 'Member',
      ...extra,
    };
  };

  const formerUserPrincipalName = `oriane.delacroix@${domain}`;
  const renamed = hire({ given: 'Oriane', surname: 'Castellan', department: 'Sales', jobTitle: 'Account Manager', createdDaysAgo: 900 }, {
    proxyAddresses: [`SMTP:oriane.castellan@${domain}`, `smtp:${formerUserPrincipalName}`, `smtp:oriane.delacroix@${tenantDomain}`],
  });
  const address = `t.wray@${formerDomain}`;
  const acquired = hire({ given: 'Thaddeus', surname: 'Wray', department: 'Engineering', jobTitle: 'Mechanical Engineer', createdDaysAgo: 200 }, {
    proxyAddresses: [`SMTP:thaddeus.wray@${domain}`, `smtp:thaddeus.wray@${tenantDomain}`, `smtp:${address}`],
  });
  // Invited before the companies became one, and never removed.
  const guest: User = {
    ...blank(700),
    creationType: 'Invitation',
    displayName: 'Thaddeus Wray (Northwind)',
    externalUserState: 'Accepted',
    givenName: 'Thaddeus',
    mail: address,
    mailNickname: `${address.replace('@', '_')}#EXT#`,
    otherMails: [address],
    surname: 'Wray',
    userPrincipalName: `${address.replace('@', '_')}#EXT#@${tenantDomain}`,
    userType: 'Guest',
  };
  const recreated = hire({ given: 'Perpetua', surname: 'Lindqvist', department: 'Human Resources', jobTitle: 'Recruiter', createdDaysAgo: 30 });
  const formerId = random.uuid();
  // Accounts as a hasty script leaves them: no usage location, so no licence can be assigned.
  const hasty = [
    hire({ given: 'Calliope', surname: 'Marsh', department: 'Marketing', jobTitle: 'Designer', createdDaysAgo: 12 }, { usageLocation: null }),
    hire({ given: 'Bastien', surname: 'Okoro', department: 'Sales', jobTitle: 'Sales Engineer', createdDaysAgo: 9 }, { usageLocation: null }),
  ];
  // The account of a shared mailbox is blocked for sign-in: learn.microsoft.com/microsoft-365/admin/email/about-shared-mailboxes
  const robotAddress = `steward@${domain}`;
  const mailbox: User = {
    ...blank(120),
    accountEnabled: false,
    displayName: 'Steward',
    mail: robotAddress,
    mailNickname: 'steward',
    proxyAddresses: [`SMTP:${robotAddress}`, `smtp:steward@${tenantDomain}`],
    userPrincipalName: robotAddress,
    userType: 'Member',
  };
  const people = [renamed, acquired, guest, recreated, ...hasty];

  const robotPrincipalId = guidFromSeed(options.seed, 'principal/robot');
  const others = staff.filter((user) => user.accountEnabled && !personas.includes(user));
  const some = (count: number): string[] => random.shuffle(others).slice(0, count).map(({ id }) => id);
  const group = (displayName: string, description: string, members: readonly string[], owners: readonly string[], extra: Partial<Group> = {}): Group => ({
    id: random.uuid(),
    createdDateTime: toGraphTime(epochMs - random.integer(60, 250) * dayMs),
    description,
    displayName,
    groupTypes: [],
    isAssignableToRole: null,
    mail: null,
    mailEnabled: false,
    mailNickname: displayName.toLowerCase().replaceAll(' ', '-'),
    membershipRule: null,
    membershipRuleProcessingState: null,
    onPremisesSyncEnabled: null,
    securityEnabled: true,
    visibility: null,
    ...extra,
    members,
    owners,
  });
  const owned = [robotPrincipalId];
  const managed = [
    // More than one page of members.
    group('VPN Users', 'May connect from outside.', some(120), [options.administrator.id, ...owned]),
    group('Leeds Printers', 'Prints on every floor in Leeds.', some(25), owned),
    group('Design Tools', 'Uses the drawing tools.', some(14), owned),
    group('Travel Desk', 'Books travel for others.', some(6), owned),
    group('Project Aurora', 'The team of a project.', some(9), owned, {
      groupTypes: ['Unified'], mailEnabled: true, securityEnabled: false, mail: `project-aurora@${domain}`, visibility: 'Private',
    }),
  ];
  const frontline = others.filter((user) => ['Operations', 'Facilities'].includes(user.department ?? '') && user.mail !== null && user !== options.chief);
  const frontlineGroup = group('Licence Microsoft 365 F3', 'Gives its members a licence.', frontline.map(({ id }) => id), [options.administrator.id]);
  const groups = [
    ...managed,
    group('Payroll Readers', 'Reads the payroll.', some(4), [options.financeHead.id]),
    group('Board Papers', 'Reads what the board reads.', [options.chief.id, options.financeHead.id], [options.chief.id]),
    group('Everyone in Leeds', 'Follows a rule.', [...staff, ...people].filter((user) => user.city === 'Leeds').map(({ id }) => id), [], {
      groupTypes: ['DynamicMembership'], membershipRule: '(user.city -eq "Leeds")', membershipRuleProcessingState: 'On',
    }),
    group('Legacy File Share', 'Comes from the old directory.', some(18), [], { onPremisesSyncEnabled: true }),
    group('Privileged Operations', 'May hold directory roles.', [options.administrator.id], [options.administrator.id], {
      isAssignableToRole: true, visibility: 'Private',
    }),
    frontlineGroup,
  ];

  return {
    users: [...people, mailbox],
    people,
    groups,
    managedGroups: managed.map(({ id }) => id),
    frontlineGroup,
    robotMailbox: { id: mailbox.id, address: robotAddress },
    robotPrincipalId,
    cases: {
      renamed: { id: renamed.id, formerUserPrincipalName },
      lookalike: { guestId: guest.id, memberId: acquired.id, address },
      recreated: { id: recreated.id, formerId, userPrincipalName: recreated.userPrincipalName },
    },
  };
}
