import assert from 'node:assert/strict';
import { requirements, unshown, verifies } from '../requirements.ts';

describe('requirements', () => {
  it(verifies('tests.requirements', 'are all cited by a story, or say what shows them'), () => {
    assert.deepEqual(unshown(), []);
  });

  it('have ids that are used once', () => {
    assert.equal(new Set(requirements.map(({ id }) => id)).size, requirements.length);
  });

  it('are cited by known ids only', () => {
    // @ts-expect-error an unknown id does not compile either
    assert.throws(() => verifies('no.such.requirement', 'a title'), /no requirement is called `no\.such\.requirement`/);
  });
});
