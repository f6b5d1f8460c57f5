/**
 * Every API version that Steward speaks. A newer one is a reviewed change: shapes and error codes move with it.
 * Where an SDK pins the version, the lockfile pins the SDK; it is listed here so that a reader finds all in one place.
 */
export const apiVersions = {
  /** Path segment. https://learn.microsoft.com/graph/versioning-and-support */
  graph: 'v1.0',
  /** Newest stable data-plane version of the deployments path: azure-rest-api-specs, AzureOpenAI/inference/stable. */
  openai: '2024-10-21',
  /** Sent by @azure/keyvault-secrets 4.11.2. */
  vault: '2025-07-01',
  /** Sent by @azure/data-tables 13.3.2. */
  tables: '2019-02-02',
  /** Sent by @azure/storage-blob 12.32.0. */
  blobs: '2026-04-06',
} as const;
