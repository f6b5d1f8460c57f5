/** Microsoft's service health: learn.microsoft.com/graph/api/resources/servicehealthissue */

import type { SandboxResponse } from '../http.ts';
import { toEntity } from './directory.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { project, serviceHealthIssueType } from './entity.ts';
import { collectionBody, contextOf, page, readOptions, readSelect } from './odata.ts';
import { lately } from './sign-ins.ts';

const set = 'admin/serviceAnnouncement/issues';

/** "Default page size is 100", at most 1000: serviceannouncement-list-issues. Its next links carry `$skip`. */
function list({ request, company, sinceEpochMs }: Call): SandboxResponse {
  const options = readOptions(request.url);
  const select = readSelect(options, [serviceHealthIssueType]);
  const issues = company.serviceHealthIssues.map((issue) => toEntity({
    ...issue,
    startDateTime: lately(issue.startDateTime, sinceEpochMs),
    endDateTime: issue.endDateTime === null ? null : lately(issue.endDateTime, sinceEpochMs),
    lastModifiedDateTime: lately(issue.lastModifiedDateTime, sinceEpochMs),
  }));
  const found = page(issues, options, request.headers, request.url, {
    type: serviceHealthIssueType, defaultPageSize: 100, maximumPageSize: 1000, usesSkip: true,
  });
  return {
    status: 200,
    body: collectionBody(contextOf(set, select), found, found.entities.map((issue) =>
      project(issue, serviceHealthIssueType, select ?? serviceHealthIssueType.defaults))),
  };
}

export const serviceHealthEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: `/${set}`, permissions: ['ServiceHealth.Read.All'], respond: list },
];
