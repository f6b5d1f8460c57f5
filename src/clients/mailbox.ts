import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { CallOptions, Mailbox, OperationReceipt } from '../actions/ports.ts';
import { StewardError } from '../errors.ts';
import { idSegment, shaped, type GraphClient } from './graph.ts';

const account = z.object({ userPrincipalName: z.string(), mail: z.string().nullish(), userType: z.string().nullish() });

/**
 * The robot's mailbox in Exchange. The robot has no `Mail.Send` in Graph, which would be for every mailbox; Exchange lets it
 * send from this one: https://learn.microsoft.com/exchange/permissions-exo/application-rbac
 */
export class GraphMailbox implements Mailbox {
  readonly #graph: GraphClient;
  readonly #mailbox: InternalId | undefined;

  /** `mailbox` is the object id of its user; without it nothing is sent. */
  constructor(graph: GraphClient, mailbox: string | undefined) {
    this.#graph = graph;
    this.#mailbox = mailbox === undefined ? undefined : new InternalId(mailbox);
  }

  async send(to: InternalId, { body, subject }: { readonly subject: string; readonly body: string }, { beforeRetry, signal }: CallOptions): Promise<OperationReceipt> {
    if (this.#mailbox === undefined) throw new StewardError('SYSTEM_REFUSED', 'no mailbox is set up');
    const [recipient, own] = await Promise.all([this.#account(to, signal), this.#account(this.#mailbox, signal)]);
    const message = { subject, body: { contentType: 'text', content: body }, toRecipients: [{ emailAddress: { address: addressOf(recipient, own) } }] };
    try {
      // 202: Exchange has taken it. Whether it arrives is another matter. https://learn.microsoft.com/graph/api/user-sendmail
      const answer = await this.#graph.request('POST', `/users/${idSegment(this.#mailbox)}/sendMail`, { body: { message, saveToSentItems: true }, signal, beforeRetry });
      return { requestIds: [answer.requestId] };
    } catch (error) {
      // What is not found is the mailbox of the robot, not the person who was just read.
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') throw new StewardError('SYSTEM_REFUSED', 'the mailbox can’t be used', { cause: error });
      throw error;
    }
  }

  async #account(id: InternalId, signal: AbortSignal): Promise<z.infer<typeof account>> {
    return shaped(account, await this.#graph.request('GET', `/users/${idSegment(id)}`, { query: { $select: Object.keys(account.shape).join(',') }, signal }));
  }
}

/**
 * Where mail of the company reaches a member, never a guest. A user name is always in a verified domain of the tenant
 * (https://learn.microsoft.com/graph/api/resources/user), a mail address may be anywhere: its domain must be the one of the
 * person's user name or of the robot's own. Fails with `RECIPIENT_OUTSIDE`.
 */
function addressOf({ mail, userPrincipalName, userType }: z.infer<typeof account>, own: z.infer<typeof account>): string {
  const isOurs = [userPrincipalName, own.userPrincipalName].some((name) => domainOf(name) === domainOf(mail ?? ''));
  if (userType !== 'Member' || userPrincipalName.includes('#EXT#') || !mail || !isOurs) throw new StewardError('RECIPIENT_OUTSIDE', 'the person has no mailbox of the company');
  return mail;
}

function domainOf(address: string): string {
  return /^[^\s@<>"]+@([^\s@<>"]+\.[^\s@<>".]+)$/.exec(address)?.[1]?.toLowerCase() ?? '';
}
