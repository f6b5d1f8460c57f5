import assert from 'node:assert/strict';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { GraphDeviceDirectory } from '../../../src/clients/device-directory.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { clientsOf, cloud, handClock, json, never, newId, rejectsWith, sentOf, serve, tokens } from './support.ts';

const call = { signal: never };
const DAY_MS = 86_400_000;

async function directory() {
  const { company, faults, identities, journal } = await cloud();
  const { robot } = await clientsOf();
  const deviceOf = (operatingSystem: string) => [...company.devices.values()].find((device) => device.operatingSystem === operatingSystem && device.userId !== '') ?? assert.fail(operatingSystem);
  journal.clear();
  return { devices: robot.devices, company, faults, identities, journal, deviceOf };
}

/** A Graph that answers each request with this status and body. */
async function graphAnswering(status: number, body?: unknown, headers: Record<string, string> = {}) {
  const server = await serve((_request, response) => (body === undefined ? response.writeHead(status, headers).end() : json(response, status, body, headers)));
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
  const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient, clock: systemClock, totalMs: 2_000 });
  return { devices: new GraphDeviceDirectory(graph, systemClock), server };
}

type Effect = 'sync' | 'lock' | 'wipe';
const effects: readonly Effect[] = ['sync', 'lock', 'wipe'];
const effectsIn = (journal: Cloud['journal']) => journal.entries({ effect: true }).map(({ method, path, body, identity }) => ({ method, path, body, identity }));

describe('managed devices', () => {
  afterEach(async () => {
    const { company, faults } = await cloud();
    faults.clear();
    company.reset();
  });

  it('are found by their serial number however it is spaced and cased, and not by a part of it', async () => {
    const { devices, deviceOf } = await directory();
    const device = deviceOf('macOS');
    const { serialNumber } = device;
    for (const written of [serialNumber, serialNumber.toLowerCase(), ` ${serialNumber.slice(0, 4)} ${serialNumber.slice(4)}\u0000 `]) {
      const found = await devices.findBySerial(written, 5, call);
      assert.deepEqual(found.devices.map(({ id }) => id.reveal()), [device.id], written);
      assert.equal(found.more, false);
    }
    const none = { devices: [], more: false };
    for (const written of [serialNumber.slice(0, -1), `${serialNumber}' or id ne '`, '', ' ', 'X'.repeat(65)]) assert.deepEqual(await devices.findBySerial(written, 5, call), none, written);
  });

  it('are not asked for where the text can be no serial number', async () => {
    const { devices, journal } = await directory();
    await devices.findBySerial('X'.repeat(65), 5, call);
    await devices.findBySerial(' \n', 5, call);
    assert.deepEqual(sentOf(journal), []);
  });

  it('are not believed where Graph hands over others than were asked for, and are counted where the serial number is nobody’s own', async () => {
    const device = (serialNumber: string) => ({ id: newId().reveal(), serialNumber });
    const { devices } = await graphAnswering(200, { value: [device('0'), device('AB12'), device('0'), device('0')] });
    assert.deepEqual((await devices.findBySerial('AB12', 5, call)).devices.map(({ serialNumber }) => serialNumber), ['AB12']);
    const many = await devices.findBySerial('0', 2, call);
    assert.deepEqual([many.devices.length, many.more], [2, true]);
  });

  it('show who uses them, whose property they are, and whether they are encrypted', async () => {
    const { devices, company } = await directory();
    // Every tenth, and those of nobody.
    for (const device of [...company.devices.values()].filter(({ userId }, index) => index % 10 === 0 || userId === '')) {
      const shown = await devices.show(new InternalId(device.id), call);
      assert.deepEqual(
        [shown.name, shown.user?.id.reveal() ?? '', shown.user?.displayName ?? '', shown.owner, shown.encrypted, shown.enrolledAt?.getTime(), shown.serialNumber],
        [device.deviceName, device.userId, device.userDisplayName, device.managedDeviceOwnerType, device.isEncrypted, Date.parse(device.enrolledDateTime), device.serialNumber],
      );
    }
    await rejectsWith(devices.show(newId(), call), 'SYSTEM_NOT_FOUND');
  });

  it('that were silent for so many days are listed, the longest silence first, and those that never checked in before them', async () => {
    const { company, endpoints, agent, identities, credentialFor } = await cloud();
    const newest = Math.max(...[...company.devices.values()].map(({ lastSyncDateTime }) => Date.parse(lastSyncDateTime)));
    const clock = handClock(newest);
    const graph = new GraphClient({ endpoint: endpoints.graph, credential: credentialFor(identities.robot), httpClient: createEgress({ allow: [endpoints.graph], agent }).httpClient, clock });
    const devices = new GraphDeviceDirectory(graph, clock);
    const expected = [...company.devices.values()].filter(({ lastSyncDateTime }) => Date.parse(lastSyncDateTime) <= newest - 7 * DAY_MS).map(({ lastSyncDateTime }) => Date.parse(lastSyncDateTime)).sort((a, b) => a - b);
    assert.ok(expected.length > 1, 'the company has forgotten devices');
    const stale = await devices.stale(7, 1_000, call);
    assert.deepEqual(stale.devices.map(({ lastSyncAt }) => lastSyncAt?.getTime()), expected);
    assert.equal(stale.more, false);
    assert.equal((await devices.stale(7, 1, call)).more, true);
    const { devices: saying } = await graphAnswering(200, { value: [{ id: 'a', lastSyncDateTime: '2026-01-01T00:00:00Z' }, { id: 'never', lastSyncDateTime: '0001-01-01T00:00:00Z' }] });
    assert.deepEqual((await saying.stale(7, 5, call)).devices.map(({ id }) => id.reveal()), ['never', 'a']);
  });

  it('take sync, lock and wipe as the robot’s, each one request of the published shape', async () => {
    const { devices, deviceOf, identities, journal } = await directory();
    const { id } = deviceOf('iOS');
    for (const effect of effects) assert.match((await devices[effect](new InternalId(id), call)).requestIds[0] ?? '', /./, effect);
    const path = `/v1.0/deviceManagement/managedDevices/${id}`;
    const body = { keepEnrollmentData: false, keepUserData: false };
    assert.deepEqual(effectsIn(journal).map(({ method, path: asked, identity }) => [method, asked, identity]), ['syncDevice', 'remoteLock', 'wipe'].map((action) => ['POST', `${path}/${action}`, identities.robot]));
    assert.deepEqual(effectsIn(journal)[2]?.body, body);
  });

  it('refuse a lock that the platform does not have, and nothing is done', async () => {
    const { devices, deviceOf, journal } = await directory();
    await rejectsWith(devices.lock(new InternalId(deviceOf('Windows').id), call), 'SYSTEM_REFUSED');
    assert.deepEqual(effectsIn(journal), []);
  });

  for (const effect of effects) {
    it(`${effect}: a 404 for a device that is there is a refusal, and one for a device that is not says so`, async () => {
      const { devices, deviceOf, faults, journal } = await directory();
      faults.post({ service: 'graph', kind: 'status', status: 404, method: 'POST' });
      await rejectsWith(devices[effect](new InternalId(deviceOf('iOS').id), call), 'SYSTEM_REFUSED');
      faults.clear();
      await rejectsWith(devices[effect](newId(), call), 'SYSTEM_NOT_FOUND');
      assert.deepEqual(effectsIn(journal), []);
    });

    it(`${effect}: 429 without a header is waited out and sent once more; a second one is “not done”`, async () => {
      const { devices, deviceOf, faults, journal } = await directory();
      const id = new InternalId(deviceOf('iOS').id);
      let asked = 0;
      const counting = { ...call, beforeRetry: async () => void (asked += 1) };
      faults.post({ service: 'graph', kind: 'quirk', quirk: 'throttle-silent', method: 'POST', times: 1 });
      await devices[effect](id, counting);
      assert.deepEqual([effectsIn(journal).length, asked], [1, 1]);
      faults.post({ service: 'graph', kind: 'quirk', quirk: 'throttle-silent', method: 'POST' });
      await rejectsWith(devices[effect](id, counting), 'SYSTEM_UNAVAILABLE');
      assert.deepEqual([effectsIn(journal).length, asked], [1, 2]);
    });

    it(`${effect}: is unknown, not done and not repeated, when the answer is lost or is not Intune’s`, async () => {
      const { devices, deviceOf, faults, journal } = await directory();
      const id = new InternalId(deviceOf('iOS').id);
      for (const fault of [{ kind: 'reset' }, { kind: 'status', status: 500 }, { kind: 'status', status: 503 }, { kind: 'quirk', quirk: 'ok-with-error' }, { kind: 'html', status: 200 }, { kind: 'body', status: 200, body: { value: true } }]) {
        faults.post({ service: 'graph', method: 'POST', ...fault });
        journal.clear();
        await rejectsWith(devices[effect](id, call), 'SYSTEM_OUTCOME_UNKNOWN');
        assert.equal(journal.entries({ service: 'graph' }).length, 1, JSON.stringify(fault));
        faults.clear();
      }
    });

    it(`${effect}: needs the permission`, async () => {
      const { devices } = await graphAnswering(403, { error: { code: 'Forbidden', message: 'x' } });
      await rejectsWith(devices[effect](newId(), call), 'SYSTEM_REFUSED');
    });
  }
});
