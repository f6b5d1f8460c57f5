import { z } from 'zod/v4';
import { defineAction, day, logic, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

/** A year, and the day of a leap year. */
const WITHIN_DAYS = 366;

export const offboardPerson = defineAction({
  name: 'offboard_person',
  version: '1.0.0',
  description:
    'Starts the workflow that takes one person out of the company on their last day. Does not wait for its end and does not itself block sign-in, remove licences or touch devices: what happens is the workflow’s. ' +
    'A second person approves it on a card before it happens.',
  effect: 'critical',
  ships: 'disabled',
  needs: 'offboard person',
  target: 'person',
  operation: logic('POST', '/workflows/{workflowId}/triggers/{triggerName}/paths/invoke', 'openAuthenticationPolicies'),
  parameters: z.strictObject({
    person: handle('person'),
    last_day: day({ withinDays: WITHIN_DAYS, description: 'The last day at work as YYYY-MM-DD, at most a year from today. Ask where the day or the year was not given.' }),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), run: z.literal('started') }),
  limit: { perHour: 6, perPersonPerHour: 3, raisableTo: 20 },
  run: async ({ last_day, person }, { workflows }, call) => {
    call.receipt(await workflows.start('offboard person', { person_object_id: person.id, last_day }, call));
    return { person: { kind: 'person' as const, id: person.id, label: person.label }, run: 'started' as const };
  },
});
