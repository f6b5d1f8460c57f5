import { z } from 'zod/v4';
import { defineAction, graph, personOnly } from '../action.ts';

/** One card shows this many rows. */
const MOST = 15;

export const showServiceHealth = defineAction({
  name: 'show_service_health',
  version: '1.0.0',
  description:
    'Shows what Microsoft reports as not resolved for the services of Microsoft 365 in this company: incidents and advisories. ' +
    'Does not test anything itself, does not show what was resolved and does not report a problem to Microsoft.',
  effect: 'read',
  operation: graph('GET', '/admin/serviceAnnouncement/issues', 'ServiceHealth.Read.All'),
  parameters: z.strictObject({}),
  result: z.object({
    issues: z.array(
      z.object({
        issue: personOnly(z.string()),
        issue_kind: z.enum(['incident', 'advisory', 'other']),
        since: z.date(),
        updated_at: z.date(),
        service: personOnly(z.string()),
        impact: personOnly(z.string()),
      }),
    ),
    more_matches: z.boolean(),
  }),
  run: async (_, { health }, call) => {
    const { issues, more } = await health.current(MOST, call);
    return {
      issues: issues.map(({ impact, kind, service, since, title, updatedAt }) => ({ issue: title, issue_kind: kind, since, updated_at: updatedAt, service, impact })),
      more_matches: more,
    };
  },
});
