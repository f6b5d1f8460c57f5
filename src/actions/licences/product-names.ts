/**
 * Names of common products by Microsoft's part number, so that the model can tell them apart: a closed set.
 * “Product names and service plan identifiers for licensing”: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
 */
const names = {
  O365_BUSINESS_ESSENTIALS: 'Microsoft 365 Business Basic',
  O365_BUSINESS_PREMIUM: 'Microsoft 365 Business Standard',
  SPB: 'Microsoft 365 Business Premium',
  O365_BUSINESS: 'Microsoft 365 Apps for business',
  OFFICESUBSCRIPTION: 'Microsoft 365 Apps for enterprise',
  SPE_E3: 'Microsoft 365 E3',
  SPE_E5: 'Microsoft 365 E5',
  M365_F1: 'Microsoft 365 F1',
  SPE_F1: 'Microsoft 365 F3',
  STANDARDPACK: 'Office 365 E1',
  ENTERPRISEPACK: 'Office 365 E3',
  ENTERPRISEPREMIUM: 'Office 365 E5',
  DESKLESSPACK: 'Office 365 F3',
  EXCHANGESTANDARD: 'Exchange Online (Plan 1)',
  EXCHANGEENTERPRISE: 'Exchange Online (Plan 2)',
  EXCHANGEDESKLESS: 'Exchange Online Kiosk',
  EMS: 'Enterprise Mobility + Security E3',
  EMSPREMIUM: 'Enterprise Mobility + Security E5',
  AAD_PREMIUM: 'Microsoft Entra ID P1',
  AAD_PREMIUM_P2: 'Microsoft Entra ID P2',
  MCOEV: 'Microsoft Teams Phone Standard',
  MCOMEETADV: 'Microsoft 365 Audio Conferencing',
  POWER_BI_STANDARD: 'Microsoft Fabric (Free)',
  POWER_BI_PRO: 'Power BI Pro',
  PBI_PREMIUM_PER_USER: 'Power BI Premium Per User',
  PROJECT_P1: 'Planner Plan 1',
  PROJECTPROFESSIONAL: 'Planner and Project Plan 3',
  PROJECTPREMIUM: 'Planner and Project Plan 5',
  VISIO_PLAN1_DEPT: 'Visio Plan 1',
  VISIOCLIENT: 'Visio Plan 2',
  WIN10_VDA_E3: 'Windows 10/11 Enterprise E3',
  RIGHTSMANAGEMENT: 'Azure Information Protection Plan 1',
  Microsoft_365_Copilot: 'Copilot for Microsoft 365',
} as const;

export const otherProduct = 'another product';
/** Every name that a product can have for the model. */
export const productNames = [...Object.values(names), otherProduct] as const;
export type ProductName = (typeof productNames)[number];

const byPartNumber: ReadonlyMap<string, ProductName> = new Map(Object.entries(names));

/** The product's name where it is known, else Microsoft's part number. */
export function productName(partNumber: string): string {
  return byPartNumber.get(partNumber) ?? partNumber;
}

/** What the model may know of a product: a part number that is in no list is text from outside. */
export function knownProduct(name: string): ProductName {
  return productNames.find((known) => known === name) ?? otherProduct;
}
