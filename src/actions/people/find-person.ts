import { z } from 'zod/v4';
import { defineAction, graph, personOnly, searchText, thing } from '../action.ts';

/** More matches than this can't be told apart on one card; the person is asked for more of the name. */
const MOST = 10;

export const findPerson = defineAction({
  name: 'find_person',
  version: '1.0.0',
  description:
    'Finds people in the directory by name, mail address or user name and returns a handle for each. ' +
    'Takes a text_… handle in place of a name. Does not change anything and does not return names, addresses or ids.',
  effect: 'read',
  operation: graph('GET', '/users', 'User.Read.All'),
  parameters: z.strictObject({
    name: searchText({ max: 120, description: 'What the person is called, in the words of the person who asks, or a text_… handle from their message.' }),
  }),
  result: z.object({
    people: z.array(
      z.object({
        person: thing('person'),
        sign_in: z.enum(['allowed', 'blocked']),
        account: z.enum(['member', 'guest']),
        job_title: personOnly(z.string().optional()),
        department: personOnly(z.string().optional()),
        user_name: personOnly(z.string()),
      }),
    ),
    more_matches: z.boolean(),
  }),
  ambiguity: { list: 'people', thing: 'person' },
  run: async ({ name }, { people }, call) => {
    const found = await people.find(name, MOST, call);
    return {
      people: found.people.map((person) => ({
        person: { kind: 'person' as const, id: person.id, label: person.displayName },
        sign_in: person.signInAllowed ? ('allowed' as const) : ('blocked' as const),
        account: person.guest ? ('guest' as const) : ('member' as const),
        job_title: person.jobTitle,
        department: person.department,
        user_name: person.userPrincipalName,
      })),
      more_matches: found.more,
    };
  },
});
