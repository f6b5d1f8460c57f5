import type { CallOptions, OperationReceipt, WorkflowInput, WorkflowName, Workflows } from '../actions/ports.ts';
import { InternalId } from '../actions/internal-id.ts';
import { StewardError } from '../errors.ts';
import { logicVersionIn } from './api-versions.ts';
import type { SystemClient } from './system.ts';
import type { SystemSettings } from './systems.ts';

/** What the designer calls a Request trigger; the workflow's definition must have this name. */
const TRIGGER = 'manual';

/**
 * Logic Apps (Consumption) behind their Request trigger, called with a Microsoft Entra token and never with a shared access
 * signature: https://learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app (“Enable OAuth 2.0 with Microsoft
 * Entra ID”).
 */
export class LogicWorkflows implements Workflows {
  readonly #clients: Readonly<Record<string, SystemClient>>;
  readonly #workflows: SystemSettings['workflows'];

  /** `clients` by place: Azure gives each workflow a host of its region. */
  constructor(clients: Readonly<Record<string, SystemClient>>, workflows: SystemSettings['workflows']) {
    this.#clients = clients;
    this.#workflows = workflows;
  }

  async start(name: WorkflowName, input: WorkflowInput, { signal, beforeRetry }: CallOptions): Promise<OperationReceipt> {
    const workflow = this.#workflows[name];
    const client = workflow && this.#clients[workflow.place];
    if (workflow === undefined || client === undefined || !/^[0-9a-f]{32}$/i.test(workflow.workflowId)) throw new StewardError('SYSTEM_REFUSED', 'a workflow that is not set up');
    try {
      const answer = await client.request('POST', `/workflows/${workflow.workflowId}/triggers/${TRIGGER}/paths/invoke`, {
        query: { 'api-version': logicVersionIn(workflow.place) },
        body: Object.fromEntries(Object.entries(input).map(([key, value]) => [key, value instanceof InternalId ? value.reveal() : value])),
        signal,
        beforeRetry,
      });
      // 202: a run was started. A workflow that answers by itself says something else, and what that means only its author knows.
      if (answer.status !== 202) throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', `a workflow answered ${answer.status}`);
      return { requestIds: answer.requestId === '' ? [] : [answer.requestId] };
    } catch (error) {
      // The workflow is the deployment's and not the person's: a missing one is for the admin to put right.
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') throw new StewardError('SYSTEM_REFUSED', 'the workflow does not exist at its place', { cause: error });
      throw error;
    }
  }
}
