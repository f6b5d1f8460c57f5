/** Where the time of a turn went, told by the requests that were made in it. */
import type { OutgoingCall } from './facts.ts';
import { mean, round } from './figures.ts';

export type Part = `storage: ${string}` | 'model' | 'graph' | 'connector' | 'other';

export interface Breakdown {
  /** By kind of request: how many in a turn, and how long. Also what is behind the last answer. */
  readonly kinds: readonly { readonly part: Part; readonly callsPerTurn: number; readonly msEach: number; readonly msPerTurn: number }[];
  /** Time until the last answer in which a request of this kind was under way, each moment counted once, in this order. */
  readonly waited: readonly { readonly on: string; readonly ms: number }[];
  /** Time until the last answer in which nothing was under way. */
  readonly computedMs: number;
  readonly turnMs: number;
}

interface Traced {
  readonly turn: { readonly beganMs: number; readonly endedMs: number };
  readonly calls: readonly OutgoingCall[];
}

/** The first that is under way at a moment is what the turn waits for; storage last, since much of it nobody waits for. */
const order = ['model', 'graph', 'connector', 'other', 'storage'] as const;

export function breakdownOf(traced: readonly Traced[], partOf: (call: OutgoingCall) => Part): Breakdown {
  const durations = new Map<Part, number[]>();
  const waited = new Map<string, number>(order.map((on) => [on, 0]));
  for (const { turn, calls } of traced) {
    for (const call of calls) {
      const part = partOf(call);
      durations.set(part, [...(durations.get(part) ?? []), call.endedMs - call.beganMs]);
    }
    const within = calls
      .map((call) => ({ on: kindOf(partOf(call)), from: Math.max(call.beganMs, turn.beganMs), to: Math.min(call.endedMs, turn.endedMs) }))
      .filter(({ from, to }) => to > from);
    const moments = [...new Set(within.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
    for (const [index, from] of moments.entries()) {
      const to = moments[index + 1] ?? from;
      const on = order.find((kind) => within.some((span) => span.on === kind && span.from <= from && span.to >= to));
      if (on !== undefined) waited.set(on, (waited.get(on) ?? 0) + to - from);
    }
  }
  const turns = traced.length;
  const turnMs = mean(traced.map(({ turn }) => turn.endedMs - turn.beganMs));
  const waits = [...waited].map(([on, ms]) => ({ on, ms: round(ms / turns) })).filter(({ ms }) => ms > 0);
  return {
    kinds: [...durations]
      .map(([part, each]) => ({ part, callsPerTurn: round(each.length / turns), msEach: round(mean(each)), msPerTurn: round((mean(each) * each.length) / turns) }))
      .sort((a, b) => b.msPerTurn - a.msPerTurn),
    waited: waits,
    computedMs: round(turnMs - waits.reduce((sum, { ms }) => sum + ms, 0)),
    turnMs: round(turnMs),
  };
}

const kindOf = (part: Part): (typeof order)[number] => (part.startsWith('storage') ? 'storage' : (part as Exclude<Part, `storage: ${string}`>));
