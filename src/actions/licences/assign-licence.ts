import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const assignLicence = defineAction({
  name: 'assign_licence',
  version: '1.0.0',
  description:
    'Gives one licence of the company to one person. Does not buy licences, does not set a usage location and does not take any other licence away. ' +
    'A person confirms it on a card before it happens.',
  effect: 'write',
  target: 'person',
  operation: graph('POST', '/users/{id}/assignLicense', 'LicenseAssignment.ReadWrite.All'),
  reads: [graph('GET', '/users/{id}', 'User.Read.All')],
  parameters: z.strictObject({
    person: handle('person'),
    licence: handle('licence'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }),
  }),
  result: z.object({ person: thing('person'), licence: thing('licence'), licence_state: z.literal('assigned') }),
  limit: { perHour: 40, perPersonPerHour: 20, raisableTo: 120 },
  reversibleBy: 'remove_licence',
  run: async ({ licence, person }, { licences }, call) => {
    call.receipt(await licences.assign(person.id, licence.id, call));
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      licence: { kind: 'licence' as const, id: licence.id, label: licence.label },
      licence_state: 'assigned' as const,
    };
  },
});
