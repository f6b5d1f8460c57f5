import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

/** The robot's own mailbox. */

export interface Mailbox {
  /** Plain text to one person of this company. Fails with `RECIPIENT_OUTSIDE` where the person is no member with an address of the company, or as any effect. */
  send(to: InternalId, mail: { readonly subject: string; readonly body: string }, options: CallOptions): Promise<OperationReceipt>;
}
