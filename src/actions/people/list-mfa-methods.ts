import { z } from 'zod/v4';
import { defineAction, graph, personOnly, text, thing } from '../action.ts';
import { handle } from '../handles.ts';
import { methodKinds } from '../ports.ts';

export const listMfaMethods = defineAction({
  name: 'list_mfa_methods',
  version: '1.0.0',
  description:
    'Lists the ways in which one person can prove who they are: password, phone, authenticator app, passkey and others. ' +
    'Does not change, reset or add any of them and does not show a password, a code or a whole number. For anybody but the person who asks, give a reason.',
  effect: 'read',
  policyClass: 'sensitive_read',
  target: 'person',
  operation: graph('GET', '/users/{id}/authentication/methods', 'UserAuthenticationMethod.Read.All'),
  parameters: z.strictObject({
    person: handle('person'),
    reason: text({ max: 200, description: 'Why, in the words of the person who asks.' }).optional(),
  }),
  result: z.object({
    person: thing('person'),
    methods: z.array(z.object({ method: z.enum(methodKinds), method_name: personOnly(z.string().optional()), added: z.date().optional() })),
  }),
  run: async ({ person }, { people }, call) => {
    const methods = await people.authenticationMethods(person.id, call);
    return {
      person: { kind: 'person' as const, id: person.id, label: person.label },
      methods: methods.map(({ createdAt, detail, kind }) => ({ method: kind, method_name: detail, added: createdAt })),
    };
  },
});
