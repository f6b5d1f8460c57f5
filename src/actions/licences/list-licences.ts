import { z } from 'zod/v4';
import { defineAction, graph, thing } from '../action.ts';
import { knownProduct, productNames } from './product-names.ts';

/** One card shows this many rows. */
const MOST = 30;

export const listLicences = defineAction({
  name: 'list_licences',
  version: '1.0.0',
  description:
    'Lists the kinds of licences that the company has, how many there are, are used and are left, and returns a handle for each. ' +
    'Does not show who has one, does not buy any and does not change anything. Use it to get the handle of a licence by its product.',
  effect: 'read',
  operation: graph('GET', '/subscribedSkus', 'LicenseAssignment.Read.All'),
  parameters: z.strictObject({}),
  result: z.object({
    licences: z.array(z.object({ licence: thing('licence'), product: z.enum(productNames), available: z.int(), used: z.int(), total: z.int() })),
    more_matches: z.boolean(),
  }),
  run: async (_, { licences }, call) => {
    const found = await licences.list(call);
    return {
      licences: found.slice(0, MOST).map(({ available, id, name, total, used }) => ({ licence: { kind: 'licence' as const, id, label: name }, product: knownProduct(name), available, used, total })),
      more_matches: found.length > MOST,
    };
  },
});
