import type { Ledger } from '../audit/ledger.ts';
import type { Clock } from '../clock.ts';
import type { Ceiling } from '../guard/ceiling.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { About } from '../guard/stops.ts';

export interface ModelCallDependencies {
  readonly killSwitch: KillSwitch;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Whose call it is and what for. */
export interface ModelCall {
  readonly about: About;
  /** Public name of the turn in the ledger. */
  readonly turn: string;
  readonly purpose: 'turn' | 'embedding';
  readonly signal: AbortSignal;
}

/**
 * One call of a model: not begun after a kill, ended by one, and told to the ledger. Fails as `ask` does and as
 * `KillSwitch.assertAlive` does.
 */
export async function callModel<Reply extends Awaited<ReturnType<Ceiling['complete'] | Ceiling['embed']>>>({ clock, killSwitch, ledger }: ModelCallDependencies, { about, purpose, signal, turn }: ModelCall, ask: (signal: AbortSignal) => Promise<Reply>): Promise<Reply> {
  await killSwitch.assertAlive(about);
  const guarded = killSwitch.guardCall(about);
  const startedMs = clock.monotonicMs();
  try {
    const reply = await ask(AbortSignal.any([signal, guarded.signal]));
    void ledger
      .record({
        kind: 'model',
        turn,
        purpose,
        model: reply.model.slice(0, 100),
        promptTokens: reply.usage?.promptTokens ?? 0,
        completionTokens: reply.usage?.completionTokens ?? 0,
        costMicroUsd: reply.costMicroUsd,
        requestId: reply.requestId.slice(0, 100),
        durationMs: Math.round(clock.monotonicMs() - startedMs),
      })
      .catch(() => undefined);
    return reply;
  } finally {
    guarded.done();
  }
}
