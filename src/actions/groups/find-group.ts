import { z } from 'zod/v4';
import { defineAction, graph, personOnly, searchText, thing } from '../action.ts';

/** More matches than this can't be told apart on one card; the person is asked for more of the name. */
const MOST = 10;

export const findGroup = defineAction({
  name: 'find_group',
  version: '1.0.0',
  description:
    'Finds groups by name and returns a handle for each, and whether Steward may change who is in it. ' +
    'Takes a text_… handle in place of a name. Does not change anything and does not show who is in a group.',
  effect: 'read',
  operation: graph('GET', '/groups', 'Group.ReadBasic.All'),
  reads: [graph('GET', '/groups/{id}', 'Group.ReadBasic.All')],
  parameters: z.strictObject({
    name: searchText({ max: 120, description: 'What the group is called, in the words of the person who asks, or a text_… handle from their message.' }),
  }),
  result: z.object({
    groups: z.array(z.object({ group: thing('group'), members_changeable: z.boolean(), group_description: personOnly(z.string().optional()) })),
    more_matches: z.boolean(),
  }),
  ambiguity: { list: 'groups', thing: 'group' },
  run: async ({ name }, { groups }, call) => {
    const found = await groups.find(name, MOST, call);
    return {
      groups: found.groups.map(({ description, id, managed, name: label }) => ({ group: { kind: 'group' as const, id, label }, members_changeable: managed, group_description: description })),
      more_matches: found.more,
    };
  },
});
