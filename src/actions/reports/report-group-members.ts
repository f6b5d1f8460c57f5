import { z } from 'zod/v4';
import { defineAction, graph, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { MOST_ROWS, reportRows } from './report.ts';

export const reportGroupMembers = defineAction({
  name: 'report_group_members',
  version: '1.0.0',
  description:
    'Reports the people who are direct members of one group, as a table and, if the person wants it, a file. ' +
    'Returns a count; the person is shown the members. Does not change the group and does not look into groups within it.',
  effect: 'read',
  target: 'group',
  // Names come with the membership; department and job title are the user's own.
  operation: graph('GET', '/groups/{id}/members', 'Group.ReadBasic.All', 'User.Read.All'),
  parameters: z.strictObject({ group: handle('group') }),
  result: z.object({
    group: thing('group'),
    members: z.int(),
    complete: z.boolean(),
    rows: reportRows({ person: z.string(), department: z.string().optional(), job_title: z.string().optional(), user_name: z.string() }),
  }),
  report: { rows: 'rows' },
  run: async ({ group }, { groups }, call) => {
    const found = await groups.members(group.id, MOST_ROWS, call);
    return {
      group: { kind: 'group' as const, id: group.id, label: group.label },
      members: found.members.length,
      complete: !found.more,
      rows: found.members.map(({ department, displayName, jobTitle, userPrincipalName }) => ({ person: displayName, department, job_title: jobTitle, user_name: userPrincipalName })),
    };
  },
});
