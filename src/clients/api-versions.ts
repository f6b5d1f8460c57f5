/**
 * Every API version that Steward speaks. A newer one is a reviewed change: shapes and error codes move with it.
 * Where an SDK pins the version, the lockfile pins the SDK; it is listed here so that a reader finds all in one place.
 */
export const apiVersions = {
  /** Path segment. https://learn.microsoft.com/graph/versioning-and-support */
  graph: 'v1.0',
  /** Newest stable data-plane version of the deployments path: azure-rest-api-specs, AzureOpenAI/inference/stable. */
  openai: '2024-10-21',
  /** Sent by @azure/keyvault-secrets 4.11.2 and @azure/keyvault-keys 4.10.2. */
  vault: '2025-07-01',
  /** Sent by @azure/data-tables 13.3.2. */
  tables: '2019-02-02',
  /** Sent by @azure/storage-blob 12.32.0. */
  blobs: '2026-04-06',
  /** Microsoft.Web/sites: https://learn.microsoft.com/rest/api/appservice/web-apps */
  arm: '2024-04-01',
  /** ServiceNow's Table API; without a version in the path an instance takes its newest. */
  servicenow: 'v2',
  /** Request triggers of Logic Apps (Consumption), in the address that Azure gives for one. */
  logic: '2016-10-01',
} as const;

/** Regions whose request triggers take another version than `apiVersions.logic`, by the region's name. None is known. */
const logicVersions: ReadonlyMap<string, string> = new Map([]);

/** The version for a place such as `prod-12.westeurope`. */
export function logicVersionIn(place: string): string {
  return logicVersions.get(place.split('.').at(-1) ?? '') ?? apiVersions.logic;
}
