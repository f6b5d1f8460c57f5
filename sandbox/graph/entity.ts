/** Which properties the served types have. Names are checked against Graph's CSDL by test. */

/** A directory object as the OData layer sees it: property values by name. */
export type Entity = Readonly<Record<string, unknown>> & { readonly id: string };

export interface EntityType {
  /** As in `microsoft.graph.user`. */
  readonly name:
    | 'user' | 'group' | 'directoryRole' | 'servicePrincipal' | 'appRoleAssignment' | 'subscribedSku' | 'licenseDetails' | 'signIn'
    | 'serviceHealthIssue' | 'managedDevice';
  /** Where it lives, if not in the directory: other services know no advanced queries. */
  readonly service?: 'intune' | 'reports' | 'announcements';
  readonly properties: readonly string[];
  /** Returned without `$select`. */
  readonly defaults: readonly string[];
  readonly filterable: readonly string[];
  /** Sortable, and whether that takes advanced query parameters. */
  readonly sortable: ReadonlyMap<string, 'default' | 'advanced'>;
  /** Properties that `$search` tokenises; others that are filterable are matched from their beginning. */
  readonly tokenised: readonly string[];
}

const userDefaults = [
  'businessPhones', 'displayName', 'givenName', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation', 'preferredLanguage',
  'surname', 'userPrincipalName', 'id',
];

export const userType: EntityType = {
  name: 'user',
  properties: [
    ...userDefaults,
    'accountEnabled', 'assignedLicenses', 'city', 'companyName', 'country', 'createdDateTime', 'creationType', 'department', 'employeeId',
    'employeeType', 'externalUserState', 'lastPasswordChangeDateTime', 'licenseAssignmentStates', 'mailNickname', 'onPremisesImmutableId',
    'onPremisesSamAccountName', 'onPremisesSyncEnabled', 'otherMails', 'proxyAddresses', 'signInSessionsValidFromDateTime',
    'usageLocation', 'userType',
    // Known to Graph, empty in this company.
    'ageGroup', 'employeeHireDate', 'faxNumber', 'isResourceAccount', 'postalCode', 'state', 'streetAddress',
  ],
  defaults: userDefaults,
  filterable: [
    'accountEnabled', 'city', 'companyName', 'country', 'createdDateTime', 'department', 'displayName', 'employeeId', 'givenName',
    'id', 'jobTitle', 'mail', 'mailNickname', 'onPremisesImmutableId', 'onPremisesSyncEnabled', 'otherMails', 'proxyAddresses',
    'surname', 'usageLocation', 'userPrincipalName', 'userType',
  ],
  // learn.microsoft.com/graph/aad-advanced-queries, "Support for sorting by properties"
  sortable: new Map([['displayName', 'default'], ['userPrincipalName', 'default'], ['createdDateTime', 'advanced']]),
  tokenised: ['displayName'],
};

/** What `User.ReadBasic.All` may see: "basic profile" in learn.microsoft.com/graph/permissions-reference. */
export const basicUserProperties: readonly string[] = ['displayName', 'givenName', 'id', 'mail', 'surname', 'userPrincipalName'];

const groupProperties = [
  'id', 'createdDateTime', 'description', 'displayName', 'groupTypes', 'isAssignableToRole', 'mail', 'mailEnabled', 'mailNickname',
  'membershipRule', 'membershipRuleProcessingState', 'onPremisesSyncEnabled', 'securityEnabled', 'visibility',
];

export const groupType: EntityType = {
  name: 'group',
  properties: groupProperties,
  defaults: groupProperties,
  filterable: ['id', 'displayName', 'groupTypes', 'isAssignableToRole', 'mail', 'mailEnabled', 'mailNickname', 'onPremisesSyncEnabled', 'securityEnabled'],
  sortable: new Map([['displayName', 'default']]),
  tokenised: ['displayName', 'description'],
};

const roleProperties = ['id', 'description', 'displayName', 'roleTemplateId'];

export const directoryRoleType: EntityType = {
  name: 'directoryRole',
  properties: roleProperties,
  defaults: roleProperties,
  filterable: ['id', 'displayName', 'roleTemplateId'],
  sortable: new Map(),
  tokenised: ['displayName', 'description'],
};

const servicePrincipalProperties = [
  'id', 'accountEnabled', 'appDisplayName', 'appId', 'appRoleAssignmentRequired', 'description', 'displayName', 'homepage', 'loginUrl',
  'servicePrincipalType', 'tags',
];

export const servicePrincipalType: EntityType = {
  name: 'servicePrincipal',
  properties: servicePrincipalProperties,
  defaults: servicePrincipalProperties,
  filterable: ['id', 'accountEnabled', 'appId', 'displayName', 'homepage', 'servicePrincipalType', 'tags'],
  sortable: new Map([['displayName', 'default']]),
  tokenised: ['displayName'],
};

const appRoleAssignmentProperties = [
  'id', 'deletedDateTime', 'appRoleId', 'createdDateTime', 'principalDisplayName', 'principalId', 'principalType', 'resourceDisplayName', 'resourceId',
];

export const appRoleAssignmentType: EntityType = {
  name: 'appRoleAssignment',
  properties: appRoleAssignmentProperties,
  defaults: appRoleAssignmentProperties,
  filterable: ['resourceId'],
  sortable: new Map(),
  tokenised: [],
};

const subscribedSkuProperties = [
  'accountName', 'accountId', 'appliesTo', 'capabilityStatus', 'consumedUnits', 'id', 'skuId', 'skuPartNumber', 'subscriptionIds',
  'prepaidUnits', 'servicePlans',
];

export const subscribedSkuType: EntityType = {
  name: 'subscribedSku',
  properties: subscribedSkuProperties,
  defaults: subscribedSkuProperties,
  filterable: [],
  sortable: new Map(),
  tokenised: [],
};

const licenseDetailsProperties = ['id', 'servicePlans', 'skuId', 'skuPartNumber'];

export const licenseDetailsType: EntityType = {
  name: 'licenseDetails',
  properties: licenseDetailsProperties,
  defaults: licenseDetailsProperties,
  filterable: [],
  sortable: new Map(),
  tokenised: [],
};

const signInProperties = [
  'id', 'createdDateTime', 'userDisplayName', 'userPrincipalName', 'userId', 'appId', 'appDisplayName', 'ipAddress', 'clientAppUsed',
  'correlationId', 'conditionalAccessStatus', 'isInteractive', 'resourceDisplayName', 'resourceId', 'status', 'deviceDetail', 'location',
];

export const signInType: EntityType = {
  name: 'signIn',
  service: 'reports',
  properties: signInProperties,
  defaults: signInProperties,
  // learn.microsoft.com/graph/api/resources/signin
  filterable: [
    'id', 'appDisplayName', 'appId', 'clientAppUsed', 'conditionalAccessStatus', 'correlationId', 'createdDateTime', 'ipAddress',
    'userDisplayName', 'userId', 'userPrincipalName',
  ],
  sortable: new Map([['createdDateTime', 'default']]),
  tokenised: [],
};

const serviceHealthIssueProperties = [
  'startDateTime', 'endDateTime', 'lastModifiedDateTime', 'title', 'id', 'impactDescription', 'classification', 'origin', 'status', 'service',
  'feature', 'featureGroup', 'isResolved',
];

export const serviceHealthIssueType: EntityType = {
  name: 'serviceHealthIssue',
  service: 'announcements',
  properties: serviceHealthIssueProperties,
  defaults: serviceHealthIssueProperties,
  filterable: ['classification', 'isResolved', 'lastModifiedDateTime', 'service', 'startDateTime', 'status'],
  sortable: new Map([['lastModifiedDateTime', 'default'], ['startDateTime', 'default']]),
  tokenised: [],
};

const deviceProperties = [
  'id', 'userId', 'deviceName', 'managedDeviceOwnerType', 'enrolledDateTime', 'lastSyncDateTime', 'operatingSystem', 'complianceState',
  'jailBroken', 'managementAgent', 'osVersion', 'azureADRegistered', 'azureADDeviceId', 'deviceRegistrationState',
  'deviceCategoryDisplayName', 'isSupervised', 'isEncrypted', 'userPrincipalName', 'userDisplayName', 'emailAddress', 'model',
  'manufacturer', 'serialNumber', 'phoneNumber', 'totalStorageSpaceInBytes', 'freeStorageSpaceInBytes',
];

export const managedDeviceType: EntityType = {
  name: 'managedDevice',
  service: 'intune',
  properties: deviceProperties,
  defaults: deviceProperties,
  filterable: [
    'id', 'userId', 'deviceName', 'operatingSystem', 'osVersion', 'complianceState', 'managedDeviceOwnerType', 'azureADDeviceId',
    'userPrincipalName', 'emailAddress', 'model', 'manufacturer', 'serialNumber', 'lastSyncDateTime', 'enrolledDateTime',
  ],
  sortable: new Map(),
  tokenised: [],
};

/** The type's own spelling of a property, since Graph ignores case in queries. */
export function findProperty(type: EntityType, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return type.properties.find((property) => property.toLowerCase() === wanted);
}

/** Keeps the named properties, in the order of the type; what the company does not know is null. */
export function project(entity: Entity, type: EntityType, names: readonly string[]): Record<string, unknown> {
  const wanted = new Set(names);
  return Object.fromEntries(type.properties.filter((name) => wanted.has(name)).map((name) => [name, entity[name] ?? null]));
}
