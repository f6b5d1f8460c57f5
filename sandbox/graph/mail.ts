/** Sending mail: learn.microsoft.com/graph/api/user-sendmail. Exchange answers here, so the errors are Exchange's. */

import type { User } from '../company/company.ts';
import type { SandboxResponse } from '../http.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { GraphError } from './errors.ts';
import { findUser, isRecord } from './users.ts';

const accessDenied = (): GraphError => new GraphError(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');

/** The mailbox, when the caller may send from it. Exchange's scopes add to app roles; neither takes away from the other. */
function findMailbox(call: Call): User {
  const isEverywhere = call.granted.has('Mail.Send');
  let user: User | undefined;
  try {
    user = findUser(call);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
  }
  const isScoped = user !== undefined && [user.id, user.userPrincipalName, user.mail ?? ''].some((name) => call.mailboxes.has(name.toLowerCase()));
  // Who is let in nowhere is not told which mailboxes exist.
  if (!isEverywhere && !isScoped) throw accessDenied();
  if (user === undefined) throw new GraphError(404, 'ErrorInvalidUser', `The requested user '${call.parameter('id')}' is invalid.`);
  if (user.mail === null || user.userType === 'Guest') {
    throw new GraphError(404, 'MailboxNotEnabledForRESTAPI', 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.');
  }
  return user;
}

const cannotRead = (): GraphError => new GraphError(400, 'UnableToDeserializePostBody', 'were unable to deserialize ');

function readAddresses(input: unknown): readonly string[] {
  if (input === undefined) return [];
  if (!Array.isArray(input)) throw cannotRead();
  return input.map((recipient: unknown) => {
    const inner: unknown = isRecord(recipient) ? recipient['emailAddress'] : undefined;
    const address: unknown = isRecord(inner) ? inner['address'] : undefined;
    if (typeof address !== 'string') throw cannotRead();
    if (!/^[^\s@]+@[^\s@]+$/.test(address)) {
      throw new GraphError(400, 'ErrorInvalidRecipients', `At least one recipient isn't valid., Recipient '${address}' isn't resolved. All recipients must be resolved before a message can be submitted.`);
    }
    return address;
  });
}

function send(call: Call): SandboxResponse {
  const from = findMailbox(call);
  const { body } = call.request;
  const message: unknown = isRecord(body) ? body['message'] : undefined;
  if (!isRecord(body) || !isRecord(message)) throw cannotRead();
  const { subject = '', body: text = {} } = message;
  const { contentType = 'text', content = '' } = isRecord(text) ? text : {};
  const isSaved = body['saveToSentItems'] ?? true;
  if (typeof subject !== 'string' || typeof contentType !== 'string' || typeof content !== 'string' || typeof isSaved !== 'boolean') throw cannotRead();
  if (!/^(?:text|html)$/i.test(contentType)) throw cannotRead();
  const to = ['toRecipients', 'ccRecipients', 'bccRecipients'].flatMap((name) => readAddresses(message[name]));
  if (to.length === 0) {
    throw new GraphError(400, 'ErrorInvalidRecipients', "At least one recipient isn't valid., A message can't be sent because it contains no recipients.");
  }
  call.company.keepMail({ from: from.id, to, subject, contentType, content, isSavedToSentItems: isSaved, sentDateTime: call.now.toISOString() });
  // "202 Accepted", and it says nothing about delivery.
  return { status: 202, effect: true };
}

export const mailEndpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/users/:id/sendMail', permissions: ['Mail.Send'], asksItself: true, respond: send },
];
