/** What the company's directory holds. Field names are Microsoft Graph's; times are ISO 8601 in UTC. */

export interface AssignedLicense {
  readonly disabledPlans: readonly string[];
  readonly skuId: string;
}

export interface LicenseAssignmentState {
  readonly skuId: string;
  readonly disabledPlans: readonly string[];
  readonly lastUpdatedDateTime: string;
  /** Id of the group that the licence comes from; null when it was assigned directly. */
  readonly assignedByGroup: string | null;
  readonly state: 'Active';
  readonly error: 'None';
}

export interface User {
  readonly id: string;
  readonly accountEnabled: boolean;
  readonly assignedLicenses: readonly AssignedLicense[];
  readonly businessPhones: readonly string[];
  readonly city: string | null;
  readonly companyName: string | null;
  readonly country: string | null;
  readonly createdDateTime: string;
  readonly creationType: string | null;
  readonly department: string | null;
  readonly displayName: string;
  readonly employeeId: string | null;
  readonly employeeType: string | null;
  readonly externalUserState: string | null;
  readonly givenName: string | null;
  readonly jobTitle: string | null;
  readonly lastPasswordChangeDateTime: string;
  readonly licenseAssignmentStates: readonly LicenseAssignmentState[];
  readonly mail: string | null;
  readonly mailNickname: string;
  readonly mobilePhone: string | null;
  readonly officeLocation: string | null;
  readonly onPremisesImmutableId: string | null;
  readonly onPremisesSamAccountName: string | null;
  readonly onPremisesSyncEnabled: boolean | null;
  readonly otherMails: readonly string[];
  readonly preferredLanguage: string | null;
  readonly proxyAddresses: readonly string[];
  readonly signInSessionsValidFromDateTime: string;
  readonly surname: string | null;
  readonly usageLocation: string | null;
  readonly userPrincipalName: string;
  readonly userType: 'Member' | 'Guest';
}

/** What Graph may change about a user here. Keys and identity never change. */
export type UserChanges = Partial<Omit<User, 'id' | 'createdDateTime' | 'creationType' | 'userType'>>;

export interface Group {
  readonly id: string;
  readonly createdDateTime: string;
  readonly description: string | null;
  readonly displayName: string;
  readonly groupTypes: readonly string[];
  /** Null on ordinary groups, as Graph answers for groups made without the property. */
  readonly isAssignableToRole: boolean | null;
  readonly mail: string | null;
  readonly mailEnabled: boolean;
  readonly mailNickname: string;
  readonly membershipRule: string | null;
  readonly membershipRuleProcessingState: string | null;
  readonly onPremisesSyncEnabled: boolean | null;
  readonly securityEnabled: boolean;
  readonly visibility: string | null;
  /** Ids of users and of nested groups; not a Graph property. */
  readonly members: readonly string[];
  /** Ids of users and of service principals; not a Graph property. */
  readonly owners: readonly string[];
}

export interface ServicePlan {
  readonly servicePlanId: string;
  readonly servicePlanName: string;
  readonly provisioningStatus: 'Success';
  readonly appliesTo: 'User';
}

/** A subscription of the company. How many units are consumed follows from the users. */
export interface Subscription {
  readonly skuId: string;
  readonly skuPartNumber: string;
  readonly subscriptionId: string;
  readonly enabledUnits: number;
  readonly servicePlans: readonly ServicePlan[];
}

export interface ServicePrincipal {
  readonly id: string;
  /** Null for the robot, whose client id belongs to the cloud and not to the company. */
  readonly appId: string | null;
  readonly accountEnabled: boolean;
  readonly appDisplayName: string;
  readonly appRoleAssignmentRequired: boolean;
  readonly description: string | null;
  readonly displayName: string;
  readonly homepage: string | null;
  readonly loginUrl: string | null;
  readonly servicePrincipalType: 'Application' | 'ManagedIdentity';
  readonly tags: readonly string[];
}

export interface AppRoleAssignment {
  readonly id: string;
  readonly appRoleId: string;
  readonly createdDateTime: string;
  readonly principalDisplayName: string;
  readonly principalId: string;
  readonly principalType: 'User' | 'Group';
  readonly resourceDisplayName: string;
  readonly resourceId: string;
}

/** One of Graph's `…AuthenticationMethod` types; which properties it has depends on the type. */
export interface AuthenticationMethod {
  readonly '@odata.type': `#microsoft.graph.${string}AuthenticationMethod`;
  readonly id: string;
  readonly createdDateTime: string | null;
  readonly [property: string]: unknown;
}

export interface SignIn {
  readonly id: string;
  readonly createdDateTime: string;
  readonly userDisplayName: string;
  readonly userPrincipalName: string;
  readonly userId: string;
  readonly appId: string;
  readonly appDisplayName: string;
  readonly ipAddress: string;
  readonly clientAppUsed: string;
  readonly correlationId: string;
  readonly conditionalAccessStatus: 'success' | 'failure' | 'notApplied';
  readonly isInteractive: boolean;
  readonly resourceDisplayName: string;
  readonly resourceId: string;
  readonly status: { readonly errorCode: number; readonly failureReason: string | null; readonly additionalDetails: string | null };
  readonly deviceDetail: {
    readonly deviceId: string; readonly displayName: string | null; readonly operatingSystem: string; readonly browser: string;
    readonly isCompliant: boolean | null; readonly isManaged: boolean | null; readonly trustType: string | null;
  };
  readonly location: {
    readonly city: string | null; readonly state: string | null; readonly countryOrRegion: string | null;
    readonly geoCoordinates: { readonly altitude: null; readonly latitude: null; readonly longitude: null };
  };
}

export interface ServiceHealthIssue {
  readonly id: string;
  readonly title: string;
  readonly service: string;
  readonly feature: string;
  readonly featureGroup: string;
  readonly impactDescription: string;
  /** Members of `serviceHealthStatus` in Graph's CSDL that occur here. */
  readonly status: 'serviceDegradation' | 'investigating' | 'serviceRestored' | 'falsePositive';
  readonly classification: 'advisory' | 'incident';
  readonly origin: 'microsoft';
  readonly isResolved: boolean;
  readonly startDateTime: string;
  readonly endDateTime: string | null;
  readonly lastModifiedDateTime: string;
}

/** A mail that an app sent, as far as Graph was told. */
export interface SentMail {
  /** Id of the mailbox's user. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly contentType: string;
  readonly content: string;
  readonly isSavedToSentItems: boolean;
  readonly sentDateTime: string;
}

/** Accounts that a naive identity map mistakes for each other; all ids are users' object ids. */
export interface IdentityCases {
  /** Somebody whose user principal name changed; the old one is still a proxy address. */
  readonly renamed: { readonly id: string; readonly formerUserPrincipalName: string };
  /** A guest whose `mail` is one of the proxy addresses of a member. */
  readonly lookalike: { readonly guestId: string; readonly memberId: string; readonly address: string };
  /** An account that was deleted and made again with the same user principal name; `formerId` is nobody's any more. */
  readonly recreated: { readonly id: string; readonly formerId: string; readonly userPrincipalName: string };
  /** Pairs of accounts with one `employeeId`. */
  readonly sharedEmployeeIds: readonly (readonly [string, string])[];
}

export interface DirectoryRole {
  readonly id: string;
  readonly description: string;
  readonly displayName: string;
  readonly roleTemplateId: string;
  /** Ids of users and of role-assignable groups; not a Graph property. */
  readonly members: readonly string[];
}

export type OperatingSystem = 'Windows' | 'macOS' | 'iOS' | 'Android';

/** Members of `complianceState` in Graph's CSDL that occur here. */
export type ComplianceState = 'compliant' | 'noncompliant' | 'inGracePeriod' | 'unknown';

export interface ManagedDevice {
  readonly id: string;
  readonly userId: string;
  readonly deviceName: string;
  readonly managedDeviceOwnerType: 'company' | 'personal';
  readonly enrolledDateTime: string;
  readonly lastSyncDateTime: string;
  readonly operatingSystem: OperatingSystem;
  readonly complianceState: ComplianceState;
  readonly jailBroken: string;
  readonly managementAgent: 'mdm';
  readonly osVersion: string;
  readonly azureADRegistered: boolean;
  readonly azureADDeviceId: string;
  readonly deviceRegistrationState: 'registered';
  readonly deviceCategoryDisplayName: string;
  readonly isSupervised: boolean;
  readonly isEncrypted: boolean;
  readonly userPrincipalName: string;
  readonly userDisplayName: string;
  readonly emailAddress: string;
  readonly model: string;
  readonly manufacturer: string;
  readonly serialNumber: string;
  readonly phoneNumber: string;
  readonly totalStorageSpaceInBytes: number;
  readonly freeStorageSpaceInBytes: number;
}

/** One person as Teams shows them; what the control endpoint `GET people` lists. */
export interface Persona {
  readonly name: string;
  readonly teamsId: string;
  readonly aadObjectId: string;
  readonly upn: string;
  readonly tenantId: string;
  /**
   * `employee` plus the role groups (`helpdesk`, `approver`, `admin`, `data protection`); `guest` for guests, nothing for strangers.
   * `vip` marks members of the VIP group: a label for choosing targets, not a role of Steward.
   */
  readonly roles: readonly string[];
}

export interface RoleGroupIds {
  readonly helpdesk: string;
  readonly approver: string;
  readonly admin: string;
  readonly dataProtection: string;
  readonly vip: string;
  readonly breakGlass: string;
}
