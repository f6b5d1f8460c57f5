/** A small seeded generator, so that a seed always gives the same company. Not for secrets. */

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [low, high]. */
  integer(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** A copy in random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** A string of `length` characters out of `alphabet`. */
  text(alphabet: string, length: number): string;
  /** A version 4 UUID in lower case. */
  uuid(): string;
}

/** Mulberry32 (public domain, Tommy Ettinger): 32 bits of state are plenty for two hundred people. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };

  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));

  const pick = <T>(items: readonly T[]): T => {
    const item = items[integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  };

  const text = (alphabet: string, length: number): string => {
    let result = '';
    while (result.length < length) result += alphabet.charAt(integer(0, alphabet.length - 1));
    return result;
  };

  return {
    next,
    integer,
    pick,
    text,
    chance: (probability) => next() < probability,
    shuffle: (items) => {
      const copy = [...items];
      for (let last = copy.length - 1; last > 0; last -= 1) {
        const other = integer(0, last);
        const [a, b] = [copy[last], copy[other]];
        if (a === undefined || b === undefined) continue;
        copy[last] = b;
        copy[other] = a;
      }
      return copy;
    },
    uuid: () => {
      const hex = text('0123456789abcdef', 32);
      const variant = pick(['8', '9', 'a', 'b']);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}
