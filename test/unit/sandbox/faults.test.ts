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
      [{ service: 'graph', kind: 'quirk' }, /`quirk`/],
      [{ service: 'graph', kind: 'quirk', quirk: 'odd' }, /`quirk`/],
      [{ service: 'graph', kind: 'status', quirk: 'stale-read' }, /`quirk`: goes with/],
      [{ service: 'vault', kind: 'quirk', quirk: 'stale-read' }, /`quirk`: not one of this service/],
      [{ service: 'graph', kind: 'redirect', location: 'nowhere' }, /`location`/],
      [{ service: 'logic', kind: 'status', host: '(' }, /`host`: not a regular expression/],
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

  it('meets the requests that its host, path and method name, and no quirk that waits for the answer is taken before it', () => {
    const faults = createFaults();
    faults.post({ service: 'logic', kind: 'status', host: '^prod-33', path: '/invoke$' });
    assert.equal(faults.take('logic', 'POST', '/x/invoke', 'prod-12.westeurope.logic.azure.com'), undefined);
    assert.equal(faults.take('logic', 'POST', '/x', 'prod-33.northeurope.logic.azure.com'), undefined);
    assert.equal(faults.take('logic', 'POST', '/x/invoke', 'prod-33.northeurope.logic.azure.com')?.kind, 'status');
    faults.post({ service: 'servicenow', kind: 'quirk', quirk: 'empty-is-404', times: 1 });
    assert.equal(faults.take('servicenow', 'GET', '/'), undefined);
    assert.deepEqual(faults.quirksOf('servicenow', 'PATCH', '/'), []);
    const [quirk] = faults.quirksOf('servicenow', 'GET', '/');
    assert.equal(quirk?.quirk, 'empty-is-404');
    assert.equal(faults.quirksOf('servicenow', 'GET', '/').length, 1, 'not used up before it is spent');
    quirk.spend();
    assert.deepEqual(faults.quirksOf('servicenow', 'GET', '/'), []);
  });
});
