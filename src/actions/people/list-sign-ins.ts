import { z } from 'zod/v4';
import { defineAction, graph, personOnly, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

/** One card shows this many rows. */
const MOST = 20;

export const listSignIns = defineAction({
  name: 'list_sign_ins',
  version: '1.0.0',
  description:
    'Lists the newest interactive sign-ins of one person within the last seven days, with app, place and why one failed. ' +
    'Does not end a session, does not block anything and does not tell whether a sign-in was an attack. For anybody but the person who asks, give a reason.',
  effect: 'read',
  policyClass: 'sensitive_read',
  target: 'person',
  operation: graph('GET', '/auditLogs/signIns', 'AuditLog.Read.All'),
  parameters: z.strictObject({
    person: handle('person'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }).optional(),
  }),
  result: z.object({
    person: thing('person'),
    sign_ins: z.array(
      z.object({
        signed_in_at: z.date(),
        sign_in_result: z.enum(['succeeded', 'failed']),
        app_name: personOnly(z.string()),
        failure: personOnly(z.string().optional()),
        place: personOnly(z.string().optional()),
        ip_address: personOnly(z.string().optional()),
        client: personOnly(z.string().optional()),
      }),
    ),
    more_matches: z.boolean(),
  }),
  run: async ({ person }, { people }, call) => {
    const { more, signIns } = await people.signIns(person.id, MOST, call);
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      sign_ins: signIns.map(({ app, at, client, failure, ipAddress, place, succeeded }) => ({
        signed_in_at: at,
        sign_in_result: succeeded ? ('succeeded' as const) : ('failed' as const),
        app_name: app,
        failure,
        place,
        ip_address: ipAddress,
        client,
      })),
      more_matches: more,
    };
  },
});
