/** Acts out one fault on a live request, the same way for our own services and for storage. */
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from './faults.ts';
import { send } from './wire.ts';

/** What the real service would write for an injected status. */
export type ErrorAnswer = (
  status: number,
  code: string,
  message: string,
) => { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };

/**
 * True when the request is settled, false when it still wants its real answer. `before` is called with the status
 * (0: never answered) before the client can see it.
 */
export async function playFault(
  fault: Fault,
  response: ServerResponse,
  error: ErrorAnswer,
  before: (status: number) => void,
): Promise<boolean> {
  const { retryAfterSeconds } = fault;
  const retryAfter: Record<string, string> = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  switch (fault.kind) {
    case 'delay':
      // Not tied to the client: a request whose sender gave up still takes effect, as it does in the real world.
      await wait(fault.delayMs ?? 0, undefined, { ref: false });
      return false;
    case 'hang':
      before(0);
      return true;
    case 'reset':
      before(0);
      response.socket?.destroy();
      return true;
    case 'status': {
      const status = fault.status ?? 503;
      before(status);
      const { headers, body } = error(status, fault.code ?? 'ServiceUnavailable', 'The sandbox was told to fail this request.');
      send(response, { status, headers: { ...headers, ...retryAfter }, body });
      return true;
    }
    case 'body': {
      const status = fault.status ?? 200;
      before(status);
      const type: Record<string, string> = fault.contentType === undefined ? {} : { 'content-type': fault.contentType };
      send(response, { status, headers: { ...type, ...retryAfter }, body: fault.body });
      return true;
    }
  }
}
