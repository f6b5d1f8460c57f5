import { z } from 'zod/v4';
import { arm, defineAction, searchText, thing } from '../action.ts';

export const listAppServices = defineAction({
  name: 'list_app_services',
  version: '1.0.0',
  description:
    'Lists the App Services that may be restarted here, all or those whose name holds the words, each with a handle and whether it runs. When there are several, the person picks one from a card. ' +
    'Does not restart, stop or change anything and does not show settings, logs or addresses.',
  effect: 'read',
  needs: 'app services',
  operation: arm('GET', '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Web/sites/{name}', 'Microsoft.Web/sites/Read'),
  parameters: z.strictObject({
    name: searchText({ max: 60, description: 'What the app is called, in the words of the person who asks. Left out, all are listed.' }).optional(),
  }),
  result: z.object({ apps: z.array(z.object({ app: thing('app'), app_state: z.enum(['running', 'stopped', 'other']) })) }),
  // The model gets no names, so only the person can say which one is meant.
  ambiguity: { list: 'apps', thing: 'app' },
  run: async ({ name }, { appServices }, call) => {
    const words = (name ?? '').toLowerCase().split(/[\s-]+/);
    // All of the words: somebody who says “shop frontend” must not be offered another app because it is the only one.
    const found = (await appServices.list(call)).filter((app) => words.every((word) => app.name.toLowerCase().includes(word)));
    return { apps: found.map(({ id, name, state }) => ({ app: { kind: 'app' as const, id, label: name }, app_state: state })) };
  },
});
