/**
 * The company's subscriptions, and who has which. Part numbers and ids are Microsoft's published ones, service plans are
 * a selection: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
 */

import type { Random } from './random.ts';
import type { LicenseAssignmentState, ServicePlan, Subscription, User } from './types.ts';

const plan = (servicePlanName: string, servicePlanId: string): ServicePlan => ({
  servicePlanId, servicePlanName, provisioningStatus: 'Success', appliesTo: 'User',
});

const teams = plan('TEAMS1', '57ff2da0-773e-42df-b2af-ffb7a2317929');
const intune = plan('INTUNE_A', 'c1ec4a95-1f05-45b3-a911-aa3fa01094f5');
const premium = plan('AAD_PREMIUM', '41781fb2-bc02-4b7c-bd55-b576c07bb09d');

interface Product {
  readonly skuId: string;
  readonly skuPartNumber: string;
  readonly servicePlans: readonly ServicePlan[];
  /** Seats that nobody has when the company is made. */
  readonly freeUnits: number;
}

export const products = {
  /** Microsoft 365 E3 */
  office: {
    skuId: '05e9a617-0261-4cee-bb44-138d3ef5d965',
    skuPartNumber: 'SPE_E3',
    servicePlans: [
      plan('EXCHANGE_S_ENTERPRISE', 'efb87545-963c-4e0d-99df-69c6916d9eb0'),
      plan('SHAREPOINTENTERPRISE', '5dbe027f-2339-4123-9542-606e4d348a72'),
      plan('OFFICESUBSCRIPTION', '43de0ff5-c92c-492b-9116-175376d08c38'),
      teams, intune, premium,
    ],
    freeUnits: 12,
  },
  /** Microsoft 365 F3 */
  frontline: {
    skuId: '66b55226-6b4f-492c-910c-a3b7a3c9d993',
    skuPartNumber: 'SPE_F1',
    servicePlans: [
      plan('EXCHANGE_S_DESKLESS', '4a82b400-a79f-41a4-b4e2-e94f5787b113'),
      plan('SHAREPOINTDESKLESS', '902b47e5-dcb2-4fdc-858b-c63a90a2bdb9'),
      teams, intune, premium,
    ],
    freeUnits: 5,
  },
  /** Visio Plan 2; no seat is left. */
  visio: {
    skuId: 'c5928f49-12ba-48f7-ada3-0d743a3601d5',
    skuPartNumber: 'VISIOCLIENT',
    servicePlans: [
      plan('VISIO_CLIENT_SUBSCRIPTION', '663a804f-1c30-4ff0-9915-9db84f0d1cea'),
      plan('VISIOONLINE', '2bdbaf8f-738f-4ac7-9234-3c3ee2ce7d0f'),
    ],
    freeUnits: 0,
  },
  /** Planner and Project Plan 3 */
  project: {
    skuId: '53818b1b-4a27-454b-8896-0dba576410e6',
    skuPartNumber: 'PROJECTPROFESSIONAL',
    servicePlans: [
      plan('PROJECT_CLIENT_SUBSCRIPTION', 'fafd7243-e5c1-4a3a-9e40-495efcb1d3c3'),
      plan('SHAREPOINT_PROJECT', 'fe71d6c3-a2ea-4499-9778-da042bf08063'),
    ],
    freeUnits: 3,
  },
  /** Power BI Pro; one seat is left. */
  reports: {
    skuId: 'f8a1db68-be16-40ed-86d5-cb42ce701560',
    skuPartNumber: 'POWER_BI_PRO',
    servicePlans: [plan('BI_AZURE_P2', '70d33638-9c74-4d01-bfd3-562de28bd4ba')],
    freeUnits: 1,
  },
} as const satisfies Record<string, Product>;

const licensed = (user: User, sources: readonly (readonly [product: Product, group: string | null])[], since: string): User => ({
  ...user,
  assignedLicenses: sources.map(([{ skuId }]) => ({ disabledPlans: [], skuId })),
  licenseAssignmentStates: sources.map(([{ skuId }, assignedByGroup]): LicenseAssignmentState => ({
    skuId, disabledPlans: [], lastUpdatedDateTime: since, assignedByGroup, state: 'Active', error: 'None',
  })),
});

interface Licensing {
  readonly random: Random;
  /** Members of the group that gives its members a frontline licence. */
  readonly frontlineGroup: { readonly id: string; readonly members: readonly string[] };
  /** Users who certainly have an office licence of their own. */
  readonly certain: ReadonlySet<string>;
}

/** Gives nine in ten of the staff a licence; accounts without a usage location get none, as in Entra. */
export function assignLicences(users: readonly User[], { random, frontlineGroup, certain }: Licensing): readonly User[] {
  const inherits = new Set(frontlineGroup.members);
  return users.map((user) => {
    if (user.usageLocation === null || user.mail === null || !user.accountEnabled) return user;
    if (inherits.has(user.id)) return licensed(user, [[products.frontline, frontlineGroup.id]], user.createdDateTime);
    const [hasOffice, extra] = [random.chance(0.9), random.next()];
    if (!hasOffice && !certain.has(user.id)) return user;
    const more = extra < 0.06 ? [products.visio] : extra < 0.12 ? [products.project] : extra < 0.2 ? [products.reports] : [];
    return licensed(user, [products.office, ...more].map((product) => [product, null] as const), user.createdDateTime);
  });
}

/** The number of users who have the product, directly or through a group. */
export function countConsumed(users: Iterable<User>, skuId: string): number {
  let count = 0;
  for (const { assignedLicenses } of users) if (assignedLicenses.some((licence) => licence.skuId === skuId)) count += 1;
  return count;
}

/** As many seats as are taken, and the free ones. */
export function createSubscriptions(users: readonly User[], random: Random): readonly Subscription[] {
  return Object.values(products).map(({ freeUnits, ...product }) => ({
    ...product, subscriptionId: random.uuid(), enabledUnits: countConsumed(users, product.skuId) + freeUnits,
  }));
}
