import { z } from 'zod/v4';
import { defineAction, graph, personOnly, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const showPerson = defineAction({
  name: 'show_person',
  version: '1.1.0',
  description:
    'Shows the account of one person: whether sign-in is allowed, licences, department, job title, office and manager. ' +
    'Does not change anything and does not show devices, groups, sign-ins or passwords.',
  effect: 'read',
  target: 'person',
  operation: graph('GET', '/users/{id}', 'User.Read.All'),
  reads: [graph('GET', '/users/{id}/licenseDetails', 'User.Read.All')],
  parameters: z.strictObject({ person: handle('person') }),
  result: z.object({
    person: thing('person'),
    sign_in: z.enum(['allowed', 'blocked']),
    account: z.enum(['member', 'guest']),
    /** Through Steward, within the last minute: the directory may still show what was before. */
    changed_recently: z.boolean(),
    manager: thing('person').optional(),
    job_title: personOnly(z.string().optional()),
    department: personOnly(z.string().optional()),
    office: personOnly(z.string().optional()),
    user_name: personOnly(z.string()),
    mail: personOnly(z.string().optional()),
    licences: personOnly(z.string()),
  }),
  run: async ({ person }, { people }, call) => {
    const shown = await people.show(person.id, call);
    return {
      person: { kind: 'person' as const, id: shown.id, label: shown.displayName },
      sign_in: shown.signInAllowed ? ('allowed' as const) : ('blocked' as const),
      account: shown.guest ? ('guest' as const) : ('member' as const),
      changed_recently: shown.settling === true,
      manager: shown.manager && { kind: 'person' as const, id: shown.manager.id, label: shown.manager.displayName },
      job_title: shown.jobTitle,
      department: shown.department,
      office: shown.officeLocation,
      user_name: shown.userPrincipalName,
      mail: shown.mail,
      licences: shown.licences.join(', '),
    };
  },
});
