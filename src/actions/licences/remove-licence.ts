import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const removeLicence = defineAction({
  name: 'remove_licence',
  version: '1.0.0',
  description:
    'Takes one licence away from one person. Does not delete the account; data of the product may be deleted by Microsoft later. Does not work for a licence that comes from a group. ' +
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
  result: z.object({ person: thing('person'), licence: thing('licence'), licence_state: z.literal('removed') }),
  limit: { perHour: 40, perPersonPerHour: 20, raisableTo: 120 },
  reversibleBy: 'assign_licence',
  run: async ({ licence, person }, { licences }, call) => {
    call.receipt(await licences.remove(person.id, licence.id, call));
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      licence: { kind: 'licence' as const, id: licence.id, label: licence.label },
      licence_state: 'removed' as const,
    };
  },
});
