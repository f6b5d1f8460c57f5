/**
 * Cosines without what all texts of an index share. Texts about one company lie close together: their mean and the few
 * directions in which they differ most hold language and style, and hide what is asked.
 * After Mu and Viswanath, "All-but-the-Top", ICLR 2018, who take away about a hundredth of the dimensions.
 */

const DIRECTIONS = 5;
/** Of fewer vectors nothing is common: they are compared as they are. */
const FEWEST = 50;
/** Spread evenly over all; more change little and take time while an index is loaded. */
const SAMPLE = 500;
const ROUNDS = 30;
const SETTLED = 1e-9;

/** A vector as it is compared: what it has of the mean and of the directions, and its length without them. */
interface Rest {
  readonly mean: number;
  readonly along: Float64Array;
  readonly length: number;
}

/** One vector after the other, each `dimensions` long, with one divided by the length of each. */
export interface Vectors {
  readonly values: Float32Array;
  readonly scales: Float64Array;
  readonly dimensions: number;
}

export class Centred {
  readonly #vectors: Vectors;
  readonly #mean: Float64Array;
  readonly #meanSquare: number;
  readonly #directions: readonly Float64Array[];
  readonly #rests = new Map<number, Rest>();

  constructor(vectors: Vectors) {
    this.#vectors = vectors;
    const sample = evenly(vectors);
    this.#mean = sample.length < FEWEST ? new Float64Array(vectors.dimensions) : meanOf(sample, vectors.dimensions);
    this.#meanSquare = dot(this.#mean, this.#mean);
    this.#directions = sample.length < FEWEST ? [] : directionsOf(sample.map((each) => each.map((value, place) => value - (this.#mean[place] ?? 0))), vectors.dimensions);
  }

  /** From a vector of any length to the one at a place; 0 where either is nothing but what all share. */
  cosines(asked: ArrayLike<number>): (at: number) => number {
    const { dimensions, scales, values } = this.#vectors;
    const one = unit(asked);
    const mine = this.#restOf(one);
    return (at) => {
      let product = 0;
      for (let place = 0, from = at * dimensions; place < dimensions; place += 1) product += (one[place] ?? 0) * (values[from + place] ?? 0);
      const other = this.#restAt(at);
      const shared = product * (scales[at] ?? 0) - mine.mean - other.mean + this.#meanSquare - dot(mine.along, other.along);
      const lengths = mine.length * other.length;
      return lengths < SETTLED ? 0 : Math.max(-1, Math.min(1, shared / lengths));
    };
  }

  #restAt(at: number): Rest {
    const known = this.#rests.get(at);
    if (known !== undefined) return known;
    const rest = this.#restOf(unitAt(this.#vectors, at));
    this.#rests.set(at, rest);
    return rest;
  }

  #restOf(one: Float64Array): Rest {
    const mean = dot(one, this.#mean);
    const along = Float64Array.from(this.#directions, (direction) => dot(one, direction) - dot(this.#mean, direction));
    const square = dot(one, one) - 2 * mean + this.#meanSquare - dot(along, along);
    return { mean, along, length: Math.sqrt(Math.max(0, square)) };
  }
}

function evenly(vectors: Vectors): readonly Float64Array[] {
  const count = vectors.scales.length;
  const step = Math.max(1, count / SAMPLE);
  return Array.from({ length: Math.min(count, SAMPLE) }, (_, at) => unitAt(vectors, Math.floor(at * step)));
}

function meanOf(sample: readonly Float64Array[], dimensions: number): Float64Array {
  const sum = new Float64Array(dimensions);
  for (const each of sample) add(sum, each, 1 / sample.length);
  return sum;
}

/** In which the sample differs most, each of length 1: by power iteration, one after the other, from a fixed start. */
function directionsOf(sample: readonly Float64Array[], dimensions: number): readonly Float64Array[] {
  const found: Float64Array[] = [];
  while (found.length < DIRECTIONS) {
    let direction = unit(Float64Array.from({ length: dimensions }, (_, place) => 1 + (place % (found.length + 2))));
    for (let round = 0, moved = 1; round < ROUNDS && moved > SETTLED; round += 1) {
      const next = new Float64Array(dimensions);
      for (const each of sample) add(next, each, dot(each, direction));
      for (const earlier of found) add(next, earlier, -dot(next, earlier));
      // Nothing is left in which they differ.
      if (dot(next, next) < SETTLED) return found;
      const turned = unit(next);
      moved = 1 - Math.abs(dot(turned, direction));
      direction = turned;
    }
    found.push(direction);
  }
  return found;
}

function unitAt({ dimensions, scales, values }: Vectors, at: number): Float64Array {
  return Float64Array.from({ length: dimensions }, (_, place) => (values[at * dimensions + place] ?? 0) * (scales[at] ?? 0));
}

function unit(vector: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(vector);
  const length = Math.sqrt(dot(values, values));
  return length === 0 ? values : values.map((value) => value / length);
}

function add(sum: Float64Array, vector: Float64Array, factor: number): void {
  for (let place = 0; place < sum.length; place += 1) sum[place] = (sum[place] ?? 0) + (vector[place] ?? 0) * factor;
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let place = 0; place < one.length; place += 1) sum += (one[place] ?? 0) * (other[place] ?? 0);
  return sum;
}
