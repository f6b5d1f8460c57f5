/**
 * ServiceNow's error body: `{"error":{"message","detail"},"status":"failure"}`. Status codes are those of
 * servicenow.com/docs “REST API HTTP response codes”; the sentences are what instances of current releases answer.
 */

import type { SandboxResponse } from '../http.ts';

export const failure = (message: string, detail: string | null): unknown => ({ error: { message, detail }, status: 'failure' });

/** A refusal that becomes an answer. */
export class ServiceNowError extends Error {
  readonly status: number;
  readonly detail: string | null;

  constructor(status: number, message: string, detail: string | null) {
    super(message);
    this.name = 'ServiceNowError';
    this.status = status;
    this.detail = detail;
  }
}

export const notAuthenticated = (): SandboxResponse => ({
  status: 401,
  headers: { 'www-authenticate': 'BASIC realm="Service-now"' },
  body: failure('User Not Authenticated', 'Required to provide Auth information'),
});

export const invalidTable = (name: string): ServiceNowError => new ServiceNowError(400, `Invalid table ${name}`, null);

export const noResource = (): ServiceNowError => new ServiceNowError(400, 'Requested URI does not represent any resource', null);

export const unreadableBody = (): ServiceNowError => new ServiceNowError(400, 'Exception while reading request', 'The payload is not valid JSON.');

/** One answer for what is not there and what may not be seen. */
export const noRecord = (): ServiceNowError => new ServiceNowError(404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");

export const mayNotQuery = (isFiltered: boolean): ServiceNowError =>
  new ServiceNowError(403, 'Insufficient rights to query records', isFiltered ? 'Field(s) present in the query do not have permission to be read' : null);

export const mayNotWrite = (operation: 'Insert' | 'Update'): ServiceNowError =>
  new ServiceNowError(403, 'Operation Failed', `ACL Exception ${operation} Failed due to security constraints`);

/** Names the fields by their labels, as forms do. */
export const mandatoryFields = (labels: readonly string[]): ServiceNowError =>
  new ServiceNowError(403, 'Operation Failed', `Data Policy Exception: The following fields are mandatory: ${labels.join(', ')}`);
