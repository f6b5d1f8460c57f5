import { z } from 'zod/v4';
import { defineAction, graph } from '../action.ts';
import { MOST_ROWS, reportRows } from './report.ts';

export const reportLicenceUse = defineAction({
  name: 'report_licence_use',
  version: '1.0.0',
  description:
    'Reports how many licences of each product the company has, uses and has left, with a chart and, if the person wants it, a file. ' +
    'Returns counts; the person is shown the products. Does not buy, assign or remove a licence and does not say who has one.',
  effect: 'read',
  operation: graph('GET', '/subscribedSkus', 'LicenseAssignment.Read.All'),
  parameters: z.strictObject({}),
  result: z.object({
    products: z.int(),
    complete: z.boolean(),
    products_without_any_left: z.int(),
    rows: reportRows({ licence: z.string(), used: z.int(), available: z.int(), total: z.int() }),
  }),
  report: { rows: 'rows', chart: { parts: ['used', 'available'] } },
  run: async (_, { licences }, call) => {
    const found = await licences.list(call);
    const rows = found.slice(0, MOST_ROWS).map(({ available, name, total, used }) => ({ licence: name, used, available, total }));
    return {
      products: found.length,
      complete: found.length <= MOST_ROWS,
      products_without_any_left: found.filter(({ available, total }) => total > 0 && available <= 0).length,
      // What is used most stands first: there a shortage hurts.
      rows: rows.sort((one, other) => other.used - one.used || one.licence.localeCompare(other.licence, 'en')),
    };
  },
});
