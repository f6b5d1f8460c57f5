import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

/** What the customer listed of Azure: App Services that may be restarted, Logic Apps that may be started. */

export interface AppService {
  readonly id: InternalId;
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'other';
}

export interface AppServices {
  /** Those on the customer's list. */
  list(options: CallOptions): Promise<readonly AppService[]>;
  /** Fails with `SYSTEM_REFUSED` for one that is not on the list, whatever Azure would allow. */
  restart(id: InternalId, options: CallOptions): Promise<OperationReceipt>;
}

export const workflowNames = ['grant guest wifi', 'offboard person'] as const;
export type WorkflowName = (typeof workflowNames)[number];

/** Values of a request trigger's body. An internal id leaves as what it stands for, in the client alone. */
export type WorkflowInput = Readonly<Record<string, string | number | boolean | InternalId>>;

export interface Workflows {
  /** Starts a run; what the run then does is the Logic App's. `input` is the body of its request trigger. */
  start(name: WorkflowName, input: WorkflowInput, options: CallOptions): Promise<OperationReceipt>;
}
