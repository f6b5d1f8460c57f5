import { z } from 'zod/v4';
import { arm, defineAction, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const restartAppService = defineAction({
  name: 'restart_app_service',
  version: '1.0.0',
  description:
    'Restarts one App Service of the list: whoever uses it is interrupted. Does not wait until it answers again, does not deploy, scale or change settings. ' +
    'A second person approves it on a card before it happens.',
  effect: 'critical',
  ships: 'disabled',
  needs: 'app services',
  target: 'app',
  operation: arm('POST', '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Web/sites/{name}/restart', 'Microsoft.Web/sites/restart/Action'),
  parameters: z.strictObject({
    app: handle('app'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ app: thing('app'), restart: z.literal('begun') }),
  limit: { perHour: 6, perPersonPerHour: 3, raisableTo: 20 },
  run: async ({ app }, { appServices }, call) => {
    call.receipt(await appServices.restart(app.id, call));
    return { app: { kind: 'app' as const, id: app.id, label: app.label }, restart: 'begun' as const };
  },
});
