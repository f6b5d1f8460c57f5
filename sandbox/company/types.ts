/** What the company's directory holds. Field names are Microsoft Graph's; times are ISO 8601 in UTC. */

export interface User {
  readonly id: string;
  readonly accountEnabled: boolean;
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
   * `employee` plus the role groups (`helpdesk`, `approver`, `admin`); `guest` for guests, nothing for strangers.
   * `vip` marks members of the VIP group: a label for choosing targets, not a role of Steward.
   */
  readonly roles: readonly string[];
}

export interface RoleGroupIds {
  readonly helpdesk: string;
  readonly approver: string;
  readonly admin: string;
  readonly vip: string;
  readonly breakGlass: string;
}
