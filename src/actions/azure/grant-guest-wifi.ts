import { z } from 'zod/v4';
import { StewardError } from '../../errors.ts';
import { defineAction, graph, logic, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const grantGuestWifi = defineAction({
  name: 'grant_guest_wifi',
  version: '1.0.0',
  description:
    'Starts the workflow that gives one person guest Wi-Fi for some days from now. Does not wait for its end, does not create an account and does not give access to anything else. ' +
    'A second person approves it on a card before it happens.',
  effect: 'critical',
  ships: 'disabled',
  needs: 'grant guest wifi',
  target: 'person',
  operation: logic('POST', '/workflows/{workflowId}/triggers/{triggerName}/paths/invoke', 'openAuthenticationPolicies'),
  // The second comes with the account, as everywhere that a person is shown.
  reads: [graph('GET', '/users/{id}', 'User.Read.All'), graph('GET', '/users/{id}/licenseDetails', 'User.Read.All')],
  parameters: z.strictObject({
    person: handle('person'),
    days: z.int().min(1).max(14).meta({ description: 'For how many days, 1 to 14.', states: 'duration' }),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), days: z.number(), run: z.literal('started') }),
  limit: { perHour: 20, perPersonPerHour: 10, raisableTo: 60 },
  run: async ({ days, person }, { people, workflows }, call) => {
    const { mail } = await people.show(person.id, call);
    if (mail === undefined) throw new StewardError('TARGET_CONFLICT', 'the person has no mail address');
    call.receipt(await workflows.start('grant guest wifi', { person_mail: mail, days }, call));
    return { person: { kind: 'person' as const, id: person.id, label: person.label }, days, run: 'started' as const };
  },
});
