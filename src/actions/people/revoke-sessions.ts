import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const revokeSessions = defineAction({
  name: 'revoke_sessions',
  version: '1.1.0',
  description:
    'Ends all sign-in sessions of one person, who must then sign in again everywhere. Does not block sign-in and does not change a password. ' +
    'A person confirms it on a card before it happens.',
  effect: 'destructive',
  target: 'person',
  operation: graph('POST', '/users/{id}/revokeSignInSessions', 'User.RevokeSessions.All'),
  parameters: z.strictObject({
    person: handle('person'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), sessions: z.literal('ended') }),
  limit: { perHour: 20, perPersonPerHour: 10, raisableTo: 60 },
  run: async ({ person }, { people }, call) => {
    call.receipt(await people.revokeSessions(person.id, call));
    return { person: { kind: 'person' as const, id: person.id, label: person.label }, sessions: 'ended' as const };
  },
});
