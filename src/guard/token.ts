import type { Step } from '../actions/plan.ts';
import type { InternalId } from '../actions/internal-id.ts';
import { StewardError } from '../errors.ts';
import type { About } from './stops.ts';

/** What a token allows: one step, for one person, under what was true when it was issued. */
export interface Grant {
  readonly step: Pick<Step, 'action' | 'resolved' | 'target'>;
  readonly stepDigest: string;
  readonly requester: InternalId;
  /** The person whose click allowed it; absent where none was needed. */
  readonly approverDigest?: string;
  readonly policies: readonly string[];
  readonly killEpoch: number;
  /** What a stop may concern, and the marks of the stops that ever did when the token was issued. */
  readonly about?: About;
  readonly stopMarks?: string;
  readonly turn: string;
}

/** Good for one execution. Others may name the type; only the gate and the approvals construct it. */
class ExecutionToken {
  #grant: Grant | undefined;

  constructor(grant: Grant) {
    this.#grant = grant;
  }

  /** What it allows, once. Fails with `TOKEN_SPENT` from then on. */
  redeem(): Grant {
    const grant = this.#grant;
    // Spent before anything happens: a crash between the two loses one action, the other order repeats one.
    this.#grant = undefined;
    if (grant === undefined) throw new StewardError('TOKEN_SPENT', 'the execution token was redeemed before');
    return grant;
  }
}

export type { ExecutionToken };

/** Makes a token. Imported by `gate.ts` and `approvals.ts` alone, by an import rule. */
export function issueToken(grant: Grant): ExecutionToken {
  return new ExecutionToken(grant);
}
