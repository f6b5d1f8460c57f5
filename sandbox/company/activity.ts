/** What people registered to sign in with, when they signed in, and what Microsoft says about its services. */

import { toGraphTime } from './devices.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import type { AuthenticationMethod, ServiceHealthIssue, SignIn, User } from './types.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A generator of one person's own, so that what is made for one does not depend on the others. */
const randomOf = (seed: number, user: User, salt: number): Random =>
  createRandom([...user.id].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193), seed ^ salt));

/** The same in every tenant: learn.microsoft.com/graph/api/resources/phoneauthenticationmethod and passwordauthenticationmethod */
const methodIds = {
  password: '28c10230-6103-485e-b985-444c60001490',
  mobile: '3179e48a-750b-4051-897c-87b9720928f7',
  office: 'e37fc753-ff3b-4958-9484-eaa9425c82bc',
} as const;

const isPlain = (user: User): boolean => user.userType === 'Member' && user.givenName !== null;

/** A guest registers at home, and a shared mailbox or an emergency account has a password at most. */
export function createMethods(seed: number, user: User): readonly AuthenticationMethod[] {
  if (user.userType === 'Guest') return [];
  const password: AuthenticationMethod = {
    '@odata.type': '#microsoft.graph.passwordAuthenticationMethod',
    id: methodIds.password,
    createdDateTime: user.lastPasswordChangeDateTime,
    password: null,
  };
  if (!isPlain(user)) return [password];
  const random = randomOf(seed, user, 0x6d65);
  const createdMs = Date.parse(user.createdDateTime);
  const spanDays = Math.max(1, Math.floor((Date.parse(user.lastPasswordChangeDateTime) - createdMs) / dayMs));
  const at = (): string => toGraphTime(createdMs + random.integer(0, spanDays) * dayMs);
  const methods = [password];
  // One in twelve has nothing but a password.
  if (random.chance(1 / 12)) return methods;
  if (user.mobilePhone !== null && random.chance(0.8)) {
    methods.push({
      '@odata.type': '#microsoft.graph.phoneAuthenticationMethod',
      id: methodIds.mobile,
      createdDateTime: null,
      phoneNumber: user.mobilePhone,
      phoneType: 'mobile',
      smsSignInState: 'notAllowedByPolicy',
    });
  }
  const [office] = user.businessPhones;
  if (office !== undefined && random.chance(0.2)) {
    methods.push({
      '@odata.type': '#microsoft.graph.phoneAuthenticationMethod',
      id: methodIds.office,
      createdDateTime: null,
      phoneNumber: office,
      phoneType: 'office',
      smsSignInState: 'notSupported',
    });
  }
  if (methods.length === 1 || random.chance(0.85)) {
    methods.push({
      '@odata.type': '#microsoft.graph.microsoftAuthenticatorAuthenticationMethod',
      id: random.uuid(),
      createdDateTime: at(),
      displayName: random.pick(['iPhone 15', 'iPhone 16 Pro', 'Pixel 9', 'SM-S921B']),
      deviceTag: 'SoftwareTokenActivated',
      phoneAppVersion: random.pick(['6.8.35', '6.2508.5712']),
    });
  }
  if (random.chance(0.15)) {
    methods.push({
      '@odata.type': '#microsoft.graph.fido2AuthenticationMethod',
      id: `${random.text('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 22)}2`,
      createdDateTime: at(),
      displayName: 'Security key',
      aaGuid: '2fc0579f-8113-47ea-b116-555a8db9202a',
      model: 'NFC key',
      attestationCertificates: [random.text('0123456789abcdef', 40)],
      attestationLevel: 'attested',
    });
  }
  if (random.chance(0.3)) {
    methods.push({
      '@odata.type': '#microsoft.graph.windowsHelloForBusinessAuthenticationMethod',
      id: random.uuid(),
      createdDateTime: at(),
      displayName: `HLD-${random.text('0123456789ABCDEF', 8)}`,
      keyStrength: 'normal',
    });
  }
  return methods;
}

// Ids and names of Microsoft's own applications are the same in every tenant.
const signInApps = [
  ['Microsoft Teams', '1fec8e78-bce4-4aaf-ab1b-5451cc387264'],
  ['Office 365 Exchange Online', '00000002-0000-0ff1-ce00-000000000000'],
  ['Microsoft Office', 'd3590ed6-52b3-4102-aeff-aad2292ab01c'],
  ['Office365 Shell WCSS-Client', '89bee1f7-5e6e-4d8a-9f3d-ecd601259da7'],
] as const;

interface Outcome {
  readonly errorCode: number;
  readonly failureReason: string | null;
  readonly conditionalAccessStatus: SignIn['conditionalAccessStatus'];
}

const success: Outcome = { errorCode: 0, failureReason: null, conditionalAccessStatus: 'success' };
const disabled: Outcome = { errorCode: 50057, failureReason: 'The user account is disabled.', conditionalAccessStatus: 'notApplied' };
// learn.microsoft.com/entra/identity-platform/reference-error-codes
const failures: readonly Outcome[] = [
  { errorCode: 50126, failureReason: 'Error validating credentials due to invalid username or password.', conditionalAccessStatus: 'notApplied' },
  { errorCode: 50053, failureReason: 'The account is locked, you\'ve tried to sign in too many times with an incorrect user ID or password.', conditionalAccessStatus: 'notApplied' },
  { errorCode: 50074, failureReason: 'Strong Authentication is required.', conditionalAccessStatus: 'failure' },
  { errorCode: 53003, failureReason: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.', conditionalAccessStatus: 'failure' },
];

/** What a tenant with Entra ID P1 keeps. */
const retentionDays = 30;
const elsewhere = [['Amsterdam', 'NL'], ['Warsaw', 'PL'], ['Lagos', 'NG']] as const;
const geoCoordinates = { altitude: null, latitude: null, longitude: null };

/** Sign-ins of one person in the month before the epoch, newest first. Addresses are those reserved for documentation. */
export function createSignIns(seed: number, user: User, epochMs: number): readonly SignIn[] {
  if (user.givenName === null) return [];
  const random = randomOf(seed, user, 0x7369);
  const home = `203.0.113.${random.integer(1, 254)}`;
  const office = `198.51.100.${random.integer(1, 30)}`;
  const make = (beforeMs: number): SignIn => {
    const [appDisplayName, appId] = random.pick(signInApps);
    const outcome = !user.accountEnabled ? disabled : random.chance(0.85) ? success : random.pick(failures);
    const away = random.chance(0.05) ? random.pick(elsewhere) : undefined;
    const isBrowser = random.chance(0.5);
    const isManaged = away === undefined && random.chance(0.8);
    return {
      id: random.uuid(),
      createdDateTime: toGraphTime(epochMs - beforeMs),
      userDisplayName: user.displayName,
      userPrincipalName: user.userPrincipalName.toLowerCase(),
      userId: user.id,
      appId,
      appDisplayName,
      ipAddress: away === undefined ? (random.chance(0.6) ? office : home) : `192.0.2.${random.integer(1, 254)}`,
      clientAppUsed: isBrowser ? 'Browser' : 'Mobile Apps and Desktop clients',
      correlationId: random.uuid(),
      conditionalAccessStatus: outcome.conditionalAccessStatus,
      isInteractive: true, // v1.0 lists no others: learn.microsoft.com/graph/api/signin-list
      resourceDisplayName: 'Microsoft Graph',
      resourceId: '00000003-0000-0000-c000-000000000000',
      status: { errorCode: outcome.errorCode, failureReason: outcome.failureReason, additionalDetails: null },
      deviceDetail: {
        deviceId: isManaged ? random.uuid() : '',
        displayName: isManaged ? `HLD-${random.text('0123456789ABCDEF', 8)}` : null,
        operatingSystem: random.pick(['Windows10', 'MacOs', 'Ios 18.6']),
        browser: isBrowser ? random.pick(['Edge 141.0.0', 'Safari 26.0', 'Chrome 141.0.0']) : '',
        isCompliant: isManaged ? random.chance(0.9) : null,
        isManaged: isManaged ? true : null,
        trustType: isManaged ? 'Azure AD joined' : null,
      },
      location: { city: away?.[0] ?? user.city, state: null, countryOrRegion: away?.[1] ?? user.usageLocation, geoCoordinates },
    };
  };
  const count = user.userType === 'Guest' ? random.integer(1, 3) : random.integer(4, 9);
  const oldestMinutes = Math.min(retentionDays * dayMs, epochMs - Date.parse(user.createdDateTime)) / minuteMs - 1;
  // The first is fresh; the others anywhere in what is kept.
  const ages = [random.integer(5, 600) * minuteMs, ...Array.from({ length: count - 1 }, () => random.integer(10 * 60, Math.floor(oldestMinutes)) * minuteMs)];
  return ages.sort((one, other) => one - other).map(make);
}

interface IssueDraft {
  readonly id: string;
  readonly title: string;
  readonly service: string;
  readonly feature: string;
  readonly featureGroup: string;
  readonly impactDescription: string;
  readonly classification: ServiceHealthIssue['classification'];
  readonly status: ServiceHealthIssue['status'];
  readonly startedHoursAgo: number;
  /** Absent while it is open. */
  readonly endedHoursAgo?: number;
}

const issues: readonly IssueDraft[] = [
  {
    id: 'EX1148201', title: 'Some users see delays when sending email', service: 'Exchange Online', feature: 'E-Mail timely delivery',
    featureGroup: 'E-Mail and calendar access', impactDescription: 'Messages to external recipients may arrive up to two hours late.',
    classification: 'incident', status: 'serviceDegradation', startedHoursAgo: 5,
  },
  {
    id: 'TM1147966', title: 'Some users cannot see presence in Microsoft Teams', service: 'Microsoft Teams', feature: 'Teams Components',
    featureGroup: 'Teams Components', impactDescription: 'Presence may be shown as unknown in the desktop client.',
    classification: 'advisory', status: 'investigating', startedHoursAgo: 22,
  },
  {
    id: 'SP1145310', title: 'Search results in SharePoint Online were incomplete', service: 'SharePoint Online', feature: 'Search',
    featureGroup: 'Search', impactDescription: 'Documents changed on one day were not found.',
    classification: 'advisory', status: 'serviceRestored', startedHoursAgo: 100, endedHoursAgo: 80,
  },
  {
    id: 'IT1143877', title: 'Device compliance was reported late', service: 'Microsoft Intune', feature: 'Device configuration and compliance',
    featureGroup: 'Microsoft Intune', impactDescription: 'Compliance states were up to six hours old.',
    classification: 'incident', status: 'serviceRestored', startedHoursAgo: 170, endedHoursAgo: 158,
  },
  {
    id: 'MO1142005', title: 'Sign-in to Microsoft 365 was reported to be slow', service: 'Microsoft 365 suite', feature: 'Portal',
    featureGroup: 'Portal', impactDescription: 'Nobody was found to be affected.',
    classification: 'advisory', status: 'falsePositive', startedHoursAgo: 300, endedHoursAgo: 296,
  },
];

/** Five issues, the first two of which are open. */
export const createIssues = (epochMs: number): readonly ServiceHealthIssue[] => issues.map(({ startedHoursAgo, endedHoursAgo, ...issue }) => ({
  ...issue,
  origin: 'microsoft',
  isResolved: endedHoursAgo !== undefined,
  startDateTime: toGraphTime(epochMs - startedHoursAgo * hourMs),
  endDateTime: endedHoursAgo === undefined ? null : toGraphTime(epochMs - endedHoursAgo * hourMs),
  lastModifiedDateTime: toGraphTime(epochMs - (endedHoursAgo ?? startedHoursAgo / 2) * hourMs),
}));
