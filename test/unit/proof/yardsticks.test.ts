import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as first from '../../../proof/secrets/vectors.ts';
import * as second from '../../../proof/secrets/second/vectors.ts';

const FEWEST_OF_A_CLASS = 45;
const FEWEST_POSITIVES = 520;
const FEWEST_NEGATIVES = 700;
// The least that cannot stand in a text by chance.
const SHORTEST_SECRET = 9;

const textsOf = ({ positives, negatives }: typeof second) => [...positives, ...negatives].map(({ text }) => text);
const classesOf = ({ positives }: typeof second) => new Set(positives.map((positive) => positive.class));

describe('the yardsticks of the secret scanner', () => {
  it('the first makes the texts that it made before it shared its templates with the second', () => {
    const digest = createHash('sha256').update(JSON.stringify({ p: first.positives, n: first.negatives })).digest('hex');
    assert.equal(digest, '4c73e65599a8b995bb7653e85dcf439f6a838aaec062ae63a26805abf1f5fcb7');
  });

  for (const [name, yardstick] of Object.entries({ first, second })) {
    it(`every positive of the ${name} holds its secret`, () => {
      assert.deepEqual(yardstick.positives.filter(({ text, secret }) => secret.length < SHORTEST_SECRET || !text.includes(secret)), []);
    });

    it(`no negative of the ${name} holds the secret of a positive`, () => {
      const secrets = yardstick.positives.map(({ secret }) => secret);
      assert.deepEqual(yardstick.negatives.filter(({ text }) => secrets.some((secret) => text.includes(secret))), []);
    });

    it(`every place in a template of the ${name} is filled`, () => {
      assert.deepEqual(textsOf(yardstick).filter((text) => /[«‹]\w+[»›]/u.test(text)), []);
    });
  }

  it('no text is in both, and no secret of one in a text of the other', () => {
    const others = new Set(textsOf(first));
    assert.deepEqual(textsOf(second).filter((text) => others.has(text)), []);
    const all = textsOf(first).join('\n');
    assert.deepEqual(second.positives.filter(({ secret }) => all.includes(secret)), []);
  });

  it('the second has no text twice', () => {
    const negatives = second.negatives.map(({ text }) => text);
    assert.equal(new Set(negatives).size, negatives.length);
    assert.equal(new Set(second.positives.map(({ text, secret }) => text + secret)).size, second.positives.length);
  });

  it('the second has the classes of the first, and enough of each', () => {
    assert.deepEqual(classesOf(second), classesOf(first));
    for (const name of classesOf(second)) {
      const count = second.positives.filter((positive) => positive.class === name).length;
      assert.ok(count >= FEWEST_OF_A_CLASS, `${name}: ${String(count)}`);
    }
    assert.ok(second.positives.length >= FEWEST_POSITIVES);
    assert.ok(second.negatives.length >= FEWEST_NEGATIVES);
  });
});
