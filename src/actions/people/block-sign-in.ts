import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const blockSignIn = defineAction({
  name: 'block_sign_in',
  version: '1.1.0',
  description:
    'Blocks sign-in for one person. Does not end sessions that are already open, does not delete anything and does not touch devices. ' +
    'A person confirms it on a card before it happens.',
  effect: 'destructive',
  target: 'person',
  operation: graph('PATCH', '/users/{id}', 'User.EnableDisableAccount.All'),
  parameters: z.strictObject({
    person: handle('person'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), sign_in: z.literal('blocked') }),
  limit: { perHour: 20, perPersonPerHour: 10, raisableTo: 60 },
  reversibleBy: 'unblock_sign_in',
  run: async ({ person }, { people }, call) => {
    call.receipt(await people.setSignInAllowed(person.id, false, call));
    return { person: { kind: 'person' as const, id: person.id, label: person.label }, sign_in: 'blocked' as const };
  },
});
