import { z } from 'zod/v4';
import { defineAction, graph, thing } from '../action.ts';
import { handle } from '../handles.ts';

/** One card shows this many rows. */
const MOST = 25;

export const listGroups = defineAction({
  name: 'list_groups',
  version: '1.0.0',
  description:
    'Lists the groups that one person is in directly and returns a handle for each. ' +
    'Does not change anything, does not show groups within groups and does not show directory roles.',
  effect: 'read',
  target: 'person',
  operation: graph('GET', '/users/{id}/memberOf', 'Group.ReadBasic.All'),
  parameters: z.strictObject({ person: handle('person') }),
  result: z.object({
    person: thing('person'),
    groups: z.array(z.object({ group: thing('group'), group_kind: z.enum(['security', 'microsoft 365', 'other']) })),
    more_matches: z.boolean(),
  }),
  run: async ({ person }, { people }, call) => {
    const { groups, more } = await people.groupsOf(person.id, MOST, call);
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      groups: groups.map(({ id, kind, name }) => ({ group: { kind: 'group' as const, id, label: name }, group_kind: kind })),
      more_matches: more,
    };
  },
});
