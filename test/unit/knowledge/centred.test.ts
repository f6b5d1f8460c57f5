import assert from 'node:assert/strict';
import { Centred } from '../../../src/knowledge/centred.ts';

const DIMENSIONS = 24;

/** The same on every machine. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 1_073_741_824 - 1;
  };
}

function over(rows: readonly (readonly number[])[]): Centred {
  const values = Float32Array.from(rows.flat());
  return new Centred({ values, scales: Float64Array.from(rows, (row) => 1 / (Math.hypot(...Array.from(row, Math.fround)) || Infinity)), dimensions: rows[0]?.length ?? 1 });
}

const cosine = (one: readonly number[], other: readonly number[]): number => one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0) / (Math.hypot(...one) * Math.hypot(...other));

describe('vectors without what all of them share', () => {
  it('are compared as they are where they are few', () => {
    const rows = [[1, 0, 0], [0, 2, 0], [3, 0, 4], [0, 0, 0]];
    const cosines = over(rows).cosines([0.6, 0, 0.8]);
    assert.deepEqual([0, 1, 2, 3].map((at) => Number(cosines(at).toFixed(6))), [0.6, 0, 1, 0]);
  });

  it('tell texts apart that all lean one way', () => {
    const next = noise(7);
    // What is common is ten times what is own.
    const own = Array.from({ length: 80 }, () => Array.from({ length: DIMENSIONS }, () => next()));
    const rows = own.map((row) => row.map((value, place) => value + 10 * (place % 3)));
    const twin = (rows[5] ?? []).map((value) => value + 0.05 * next());
    assert.ok(cosine(twin, rows[6] ?? []) > 0.98, 'they look alike');
    const cosines = over(rows).cosines(twin);
    const others = rows.map((_, at) => cosines(at)).filter((_, at) => at !== 5);
    assert.ok(cosines(5) > 0.95 && Math.max(...others) < 0.8 && Math.min(...others) < -0.2, `${cosines(5)} against ${Math.max(...others)}`);
  });

  it('lose the directions in which they differ most: two styles of one text are alike again', () => {
    const next = noise(11);
    const rows = Array.from({ length: 60 }, (_, at) => Array.from({ length: DIMENSIONS }, (__, place) => next() + (place === 0 ? (at % 2 === 0 ? 20 : -20) : 0)));
    const other = (rows[8] ?? []).map((value, place) => (place === 0 ? -value : value));
    assert.ok(cosine(other, rows[8] ?? []) < -0.9);
    const without = over(rows).cosines(other)(8);
    assert.ok(without > 0.9, `${without}`);
  });

  it('are numbers, whatever they are: all the same, nothing at all, few dimensions', () => {
    for (const rows of [Array.from({ length: 60 }, () => [1, 2, 3]), Array.from({ length: 60 }, () => [0, 0, 0]), Array.from({ length: 60 }, (_, at) => [at % 2, 1 - (at % 2)])]) {
      for (const asked of [[1, 2, 3], [0, 0, 0], [-1, 0, 0]]) {
        const value = over(rows).cosines(asked)(0);
        assert.ok(Number.isFinite(value) && Math.abs(value) <= 1, `${value}`);
      }
    }
  });

  it('come out the same each time', () => {
    const next = noise(3);
    const rows = Array.from({ length: 200 }, () => Array.from({ length: DIMENSIONS }, () => next()));
    const [one, other] = [over(rows).cosines(rows[1] ?? []), over(rows).cosines(rows[1] ?? [])];
    for (let at = 0; at < rows.length; at += 1) assert.equal(one(at), other(at));
  });
});
