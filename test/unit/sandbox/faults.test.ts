import assert from 'node:assert/strict';
import { createFaults, FaultError } from '../../../sandbox/faults.ts';

describe('sandbox faults', () => {
  it('refuses what is no fault and names each bad field', () => {
    const faults = createFaults();
    const bad: [unknown, RegExp][] = [
      [{}, /`service`.*`kind`/s],
      [{ service: 'graf', kind: 'status' }, /`service`/],
      [{ service: 'graph', kind: 'explode' }, /`kind`/],
      [{ service: 'graph', kind: 'status', status: 1000 }, /`status`/],
      [{ service: 'graph', kind: 'delay' }, /`delayMs`: needed/],
      [{ service: 'graph', kind: 'status', path: '(' }, /`path`: not a regular expression/],
      [{ service: 'graph', kind: 'status', times: 0 }, /`times`/],
      [{ service: 'graph', kind: 'status', tmies: 1 }, /tmies/],
      [{ clear: false }, /`clear`/],
      [{ clear: true, service: 'graph' }, /`clear`/],
      [null, /`fault`/],
      [[], /`fault`/],
    ];
    for (const [input, message] of bad) {
      assert.throws(() => faults.post(input), (error: unknown) => error instanceof FaultError && message.test(error.message), JSON.stringify(input));
    }
    assert.deepEqual(faults.list(), []);
  });

  it('counts down, and forgets a fault that is used up', () => {
    const faults = createFaults();
    faults.post({ service: 'graph', kind: 'status', times: 2 });
    faults.post({ service: 'graph', kind: 'hang' });
    assert.equal(faults.take('vault', 'GET', '/'), undefined);
    assert.equal(faults.take('graph', 'GET', '/')?.kind, 'status');
    assert.deepEqual(faults.list().map(({ times }) => times), [1, undefined]);
    assert.equal(faults.take('graph', 'GET', '/')?.kind, 'status');
    assert.equal(faults.take('graph', 'GET', '/')?.kind, 'hang');
    faults.post({ clear: true });
    assert.equal(faults.take('graph', 'GET', '/'), undefined);
  });
});
