import { z } from 'zod/v4';
import { defineAction, graph, text, thing } from '../action.ts';
import { handle } from '../handles.ts';

export const sendMail = defineAction({
  name: 'send_mail',
  version: '1.0.0',
  description:
    'Sends one plain-text mail from Steward’s own mailbox to one colleague. Does not send to guests or to outside addresses, takes no attachments, ' +
    'does not read mail and can’t be taken back. A person confirms the whole text on a card before it is sent.',
  effect: 'write',
  target: 'person',
  // By Exchange's RBAC for Applications, for one mailbox: https://learn.microsoft.com/exchange/permissions-exo/application-rbac
  operation: graph('POST', '/users/{id}/sendMail', 'Application Mail.Send'),
  reads: [graph('GET', '/users/{id}', 'User.Read.All')],
  needs: 'mailbox',
  parameters: z.strictObject({
    person: handle('person'),
    subject: text({ max: 200, description: 'The subject, in the words of the person who asks where they gave one.' }),
    body: text({ max: 4_000, description: 'The whole mail, in the words of the person who asks where they gave them. Handles are not replaced by names.' }),
  }),
  result: z.object({ person: thing('person'), mail_state: z.literal('sent') }),
  limit: { perHour: 30, perPersonPerHour: 10, raisableTo: 90 },
  run: async ({ body, person, subject }, { mail }, call) => {
    call.receipt(await mail.send(person.id, { subject, body }, call));
    return { person: { kind: 'person' as const, id: person.id, label: person.label }, mail_state: 'sent' as const };
  },
});
