import { z } from 'zod/v4';
import { defineAction, graph, personOnly, thing } from '../action.ts';
import { handle } from '../handles.ts';

/** One card shows this many rows. */
const MOST = 25;

export const listApps = defineAction({
  name: 'list_apps',
  version: '1.0.0',
  description:
    'Lists the company’s apps that one person was assigned to, directly or through a group that they are in. ' +
    'Does not change anything, does not assign or remove an app and does not show apps that are open to everybody.',
  effect: 'read',
  target: 'person',
  operation: graph('GET', '/users/{id}/appRoleAssignments', 'Directory.Read.All'),
  parameters: z.strictObject({ person: handle('person') }),
  result: z.object({ person: thing('person'), app_count: z.int(), apps: z.array(z.object({ app_name: personOnly(z.string()) })), more_matches: z.boolean() }),
  run: async ({ person }, { people }, call) => {
    const { apps, more } = await people.appsOf(person.id, MOST, call);
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      app_count: apps.length,
      apps: apps.map(({ name }) => ({ app_name: name })),
      more_matches: more,
    };
  },
});
