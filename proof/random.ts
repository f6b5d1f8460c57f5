/** Chance that can be repeated: the same seed and index give the same numbers on every machine. */
export interface Chance {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** True with this probability. */
  is(probability: number): boolean;
  /** One of a list that is not empty. */
  one<T>(list: readonly T[]): T;
}

/**
 * The generator of one case of a run, so that a case can be repeated alone and by whichever worker it falls to.
 * Mulberry32 (Tommy Ettinger, public domain), seeded with a mix of both numbers. Not for secrets.
 */
export function chanceOf(seed: number, index: number): Chance {
  let state = mix(mix(seed ^ 0x9e3779b9) ^ index);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    is: (probability) => next() < probability,
    // `next` stays below 1, so the index stays in the list.
    one: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T,
  };
}

/** The finaliser of MurmurHash3: neighbouring numbers become unlike ones. */
function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
