/** What happens in one round, drawn by chance: caps so low that 200 turns run into them, and everything that goes wrong. */
import { chanceOf, type Chance } from '../random.ts';

/** Which cap the round runs into. `overrun` is the one in which the model breaks the bound that the ceiling relies on. */
export const edges = ['month', 'person', 'held back', 'turn', 'mixed', 'overrun'] as const;
export type Edge = (typeof edges)[number];

export interface TurnPlan {
  readonly turn: number;
  /** Which of the two processes has it first. */
  readonly process: 0 | 1;
  /** Negative: nobody’s, a canary or an embedding. */
  readonly person: number;
  readonly incident: boolean;
  readonly purpose: 'turn' | 'canary' | 'embedding';
  readonly attempts: number;
  readonly paddingCharacters: number;
  readonly abortAfterMs?: number;
}

export interface RoundPlan {
  readonly seed: number;
  readonly round: number;
  readonly edge: Edge;
  /** A month of its own, so that no round sees the counters of another. */
  readonly now: string;
  readonly monthMicroUsd: number;
  readonly personDayMicroUsd: number;
  readonly turnMicroUsd: number;
  readonly turns: readonly TurnPlan[];
  readonly raised?: { readonly person: number; readonly toMicroUsd: number };
  /** Storage loses answers and drops requests. */
  readonly lossy: boolean;
  /** The model leaves reports out, cuts connections, fails and throttles. */
  readonly moody: boolean;
  readonly kill?: { readonly process: 0 | 1 } & ({ readonly atRequest: number } | { readonly afterMs: number });
}

export const TURNS = 200;
export const MOST_COMPLETION_TOKENS = 200;
/** About what one attempt reserves, at the prices of the proof. */
const ATTEMPT_MICRO_USD = 500;
const PEOPLE = 25;
/** How often one of the two is killed in a round that is not quiet. */
const KILLED = 0.6;

export const monthOf = ({ now }: Pick<RoundPlan, 'now'>): string => now.slice(0, 7);
export const heldBackOf = ({ monthMicroUsd }: Pick<RoundPlan, 'monthMicroUsd'>): number => Number((BigInt(monthMicroUsd) + 9n) / 10n);

export function planRound(seed: number, round: number): RoundPlan {
  const chance = chanceOf(seed, round);
  // One in thirty is an overrun; the others take turns.
  const edge = round % 30 === 29 ? 'overrun' : (edges[round % 5] ?? 'mixed');
  const between = (low: number, high: number): number => low + Math.floor(chance.next() * (high - low + 1));
  const attempts = (low: number, high: number): number => between(low * ATTEMPT_MICRO_USD, high * ATTEMPT_MICRO_USD);
  const quiet = edge === 'overrun' || chance.is(0.25);
  // In the rounds of the held-back tenth nobody, or hardly anybody, may touch it.
  const incident = edge !== 'held back' ? 0.5 : chance.is(0.6) ? 0 : 0.05;
  const plenty = 10_000 * ATTEMPT_MICRO_USD;
  const personDayMicroUsd = edge === 'person' || edge === 'mixed' ? attempts(2, 6) : plenty;
  return {
    seed,
    round,
    edge,
    now: `${2030 + Math.floor(round / 12)}-${String((round % 12) + 1).padStart(2, '0')}-${String(between(1, 28)).padStart(2, '0')}T12:00:00.000Z`,
    monthMicroUsd: edge === 'person' || edge === 'turn' || edge === 'overrun' ? plenty : attempts(20, 70),
    personDayMicroUsd,
    turnMicroUsd: edge === 'turn' || edge === 'mixed' ? attempts(1, 3) : plenty,
    turns: Array.from({ length: TURNS }, (_, turn) => planTurn(chance, turn, incident, quiet)),
    ...(edge === 'person' && { raised: { person: between(0, PEOPLE - 1), toMicroUsd: personDayMicroUsd + attempts(1, 4) } }),
    lossy: !quiet && chance.is(0.4),
    moody: !quiet,
    ...(!quiet && chance.is(KILLED) && { kill: { process: chance.is(0.5) ? 0 : 1, ...(chance.is(0.5) ? { atRequest: between(1, 15) } : { afterMs: between(0, 1_200) }) } }),
  };
}

function planTurn(chance: Chance, turn: number, incident: number, quiet: boolean): TurnPlan {
  const nobody = chance.is(0.06);
  return {
    turn,
    process: chance.is(0.5) ? 0 : 1,
    person: nobody ? -1 : Math.floor(chance.next() * PEOPLE),
    incident: !nobody && chance.is(incident),
    purpose: !nobody ? 'turn' : chance.is(0.5) ? 'canary' : 'embedding',
    attempts: 1 + Math.floor(chance.next() * 3),
    paddingCharacters: Math.floor(chance.next() * 300),
    ...(!quiet && chance.is(0.06) && { abortAfterMs: Math.floor(chance.next() * 250) }),
  };
}

/** What one attempt of the plan is called wherever it goes. */
export interface AttemptName {
  readonly round: number;
  readonly process: number;
  readonly person: number;
  readonly incident: boolean;
  readonly turn: number;
  readonly attempt: number;
}

export function writeName({ attempt, incident, person, process, round, turn }: AttemptName): string {
  return `[${[round, process, person, incident ? 1 : 0, turn, attempt].join(' ')}]`;
}

export function readName(text: string): AttemptName | undefined {
  const found = /\[(-?\d+) (-?\d+) (-?\d+) (-?\d+) (-?\d+) (-?\d+)\]/.exec(text);
  if (found === null) return undefined;
  const [round = 0, process = 0, person = 0, incident = 0, turn = 0, attempt = 0] = found.slice(1).map(Number);
  return { round, process, person, incident: incident === 1, turn, attempt };
}
