import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const removeFromGroup = defineAction({
  name: 'remove_from_group',
  version: '1.0.0',
  description:
    'Removes one person from one group that is on the company’s list. Does not delete the account or the group and does not take away access that comes from elsewhere. ' +
    'A person confirms it on a card before it happens.',
  effect: 'write',
  target: 'person',
  // By owning the group, without any app role: docs/decisions/0009-group-membership.md.
  operation: graph('DELETE', '/groups/{id}/members/{id}/$ref', 'owner'),
  reads: [graph('GET', '/groups/{id}', 'Group.ReadBasic.All'), graph('GET', '/users/{id}', 'User.Read.All'), graph('GET', '/users/{id}/memberOf', 'Group.ReadBasic.All')],
  needs: 'managed groups',
  parameters: z.strictObject({
    person: handle('person'),
    group: handle('group'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), group: thing('group'), membership: z.literal('not a member') }),
  limit: { perHour: 40, perPersonPerHour: 20, raisableTo: 120 },
  reversibleBy: 'add_to_group',
  run: async ({ group, person }, { groups }, call) => {
    call.receipt(await groups.remove(group.id, person.id, call));
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      group: { kind: 'group' as const, id: group.id, label: group.label },
      membership: 'not a member' as const,
    };
  },
});
