import { z } from 'zod/v4';
import type { CallOptions, ServiceHealth, ServiceIssue } from '../actions/ports.ts';
import { StewardError } from '../errors.ts';
import type { GraphClient } from './graph.ts';

/** More open issues than this were never seen. */
const MOST_ISSUES = 500;

const issue = z.object({
  service: z.string(),
  title: z.string(),
  classification: z.string(),
  impactDescription: z.string(),
  startDateTime: z.string(),
  lastModifiedDateTime: z.string(),
});
/** Without `posts`: the whole history of each issue, as HTML. */
const SELECT = Object.keys(issue.shape).join(',');

const kinds: ReadonlyMap<string, ServiceIssue['kind']> = new Map([['incident', 'incident'], ['advisory', 'advisory']]);

/** What Microsoft says about the health of its services for this tenant, read by the robot through Graph. */
export class GraphServiceHealth implements ServiceHealth {
  readonly #graph: GraphClient;

  constructor(graph: GraphClient) {
    this.#graph = graph;
  }

  async current(limit: number, { signal }: CallOptions): Promise<{ readonly issues: readonly ServiceIssue[]; readonly more: boolean }> {
    // https://learn.microsoft.com/graph/api/serviceannouncement-list-issues. Ordered here: they are few.
    const query = { $filter: 'isResolved eq false', $select: SELECT, $top: '100' };
    const { complete, items } = await this.#graph.list('/admin/serviceAnnouncement/issues', issue, MOST_ISSUES, { query, signal });
    const issues = items.map(toIssue).sort((a, b) => b.since.getTime() - a.since.getTime());
    return { issues: issues.slice(0, limit), more: !complete || issues.length > limit };
  }
}

function toIssue({ classification, impactDescription, lastModifiedDateTime, service, startDateTime, title }: z.infer<typeof issue>): ServiceIssue {
  return { service, title, kind: kinds.get(classification) ?? 'other', impact: impactDescription, since: timeOf(startDateTime), updatedAt: timeOf(lastModifiedDateTime) };
}

function timeOf(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new StewardError('SYSTEM_UNAVAILABLE', 'an issue without a time');
  return at;
}
