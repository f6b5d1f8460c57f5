import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const unblockSignIn = defineAction({
  name: 'unblock_sign_in',
  version: '1.1.0',
  description:
    'Allows sign-in again for one person whose sign-in is blocked. Does not reset a password and does not restore sessions or licences. ' +
    'A person confirms it on a card before it happens: the requester what they blocked themselves within half an hour, else a second person.',
  effect: 'destructive',
  policyClass: 'restore',
  target: 'person',
  operation: graph('PATCH', '/users/{id}', 'User.EnableDisableAccount.All'),
  parameters: z.strictObject({
    person: handle('person'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), sign_in: z.literal('allowed') }),
  limit: { perHour: 20, perPersonPerHour: 10, raisableTo: 60 },
  reversibleBy: 'block_sign_in',
  run: async ({ person }, { people }, call) => {
    call.receipt(await people.setSignInAllowed(person.id, true, call));
    return { person: { kind: 'person' as const, id: person.id, label: person.label }, sign_in: 'allowed' as const };
  },
});
