import assert from 'node:assert/strict';
import { placesOf, systemsOf } from '../../../sandbox/systems.ts';
import type { Endpoints } from '../../../src/clients/clouds.ts';
import type { SystemSettings } from '../../../src/clients/systems.ts';
import { clientsOf, cloud, never, newId, rejectsWith, sentOf } from './support.ts';

const call = { signal: never };
const wifi = { person_mail: 'nadia.petrov@example.org', days: 3 };

async function workflowsOf(change: (settings: SystemSettings) => Partial<SystemSettings> = () => ({}), logicOf: (places: Readonly<Record<string, string>>) => Endpoints['logic'] = (places) => places) {
  const all = await cloud();
  const { company, endpoints, faults, identities, journal, logic } = all;
  const systems = systemsOf(all, company);
  const { robot } = await clientsOf({ endpoints: { ...endpoints, logic: logicOf(placesOf(all)) }, systems: { ...systems, ...change(systems) } });
  journal.clear();
  return { workflows: robot.workflows, faults, identities, journal, logic };
}

describe('workflows', () => {
  afterEach(async () => (await cloud()).reset());

  it('are started each in its own region as the robot, without a signature in the address; the receipt is the run’s id', async () => {
    const { identities, journal, logic, workflows } = await workflowsOf();
    const person = newId();
    const first = await workflows.start('grant guest wifi', wifi, call);
    const second = await workflows.start('offboard person', { person_object_id: person, last_day: '2026-12-31' }, call);
    assert.deepEqual(logic.runs().map(({ id, workflow, region, clientId, input }) => [id, workflow, region, clientId, input]), [
      [first.requestIds[0], 'grant-guest-wifi', 'westeurope', identities.robot, wifi],
      [second.requestIds[0], 'offboard-person', 'northeurope', identities.robot, { person_object_id: person.reveal(), last_day: '2026-12-31' }],
    ]);
    assert.deepEqual(journal.entries({ service: 'logic' }).map(({ query }) => query), ['api-version=2016-10-01', 'api-version=2016-10-01']);
  });

  it('that are not set up, have no place or no proper id are refused before anything is sent', async () => {
    for (const [change, logicOf] of [
      [() => ({ workflows: {} }), undefined],
      [() => ({}), () => ({})],
      [({ workflows }: SystemSettings) => ({ workflows: { 'grant guest wifi': { place: workflows['grant guest wifi']?.place ?? '', workflowId: 'x/../y' } } }), undefined],
    ] as const) {
      const { journal, workflows } = await workflowsOf(change, logicOf);
      await rejectsWith(workflows.start('grant guest wifi', wifi, call), 'SYSTEM_REFUSED');
      assert.deepEqual(sentOf(journal), []);
    }
  });

  it('are refused, for the admin to put right, when the workflow is gone, in another region, disabled or has another schema', async () => {
    const elsewhere = await workflowsOf(({ workflows: { 'grant guest wifi': one, 'offboard person': other } }) => ({ workflows: { ...(one && other && { 'grant guest wifi': { ...one, place: other.place } }) } }));
    await rejectsWith(elsewhere.workflows.start('grant guest wifi', wifi, call), 'SYSTEM_REFUSED');
    const { logic, workflows } = await workflowsOf();
    await rejectsWith(workflows.start('grant guest wifi', { ...wifi, days: '3' }, call), 'SYSTEM_REFUSED');
    logic.disable('grant-guest-wifi');
    await rejectsWith(workflows.start('grant guest wifi', wifi, call), 'SYSTEM_REFUSED');
    assert.deepEqual(logic.runs(), []);
  });

  it('are refused where the region’s host does not take the path, and the other region is not harmed', async () => {
    const { faults, logic, workflows } = await workflowsOf();
    faults.post({ service: 'logic', kind: 'quirk', quirk: 'regional-endpoint', host: 'westeurope' });
    await rejectsWith(workflows.start('grant guest wifi', wifi, call), 'SYSTEM_REFUSED');
    await workflows.start('offboard person', { person_object_id: newId(), last_day: '2026-12-31' }, call);
    assert.deepEqual(logic.runs().map(({ workflow }) => workflow), ['offboard-person']);
  });

  it('are started once more after a 429 without a header, and never when the answer was lost', async () => {
    const { faults, journal, logic, workflows } = await workflowsOf();
    faults.post({ service: 'logic', kind: 'quirk', quirk: 'throttle-silent', times: 1 });
    await workflows.start('grant guest wifi', wifi, call);
    assert.equal(logic.runs().length, 1);
    for (const fault of [{ kind: 'reset' }, { kind: 'status', status: 502 }, { kind: 'html', status: 202 }, { kind: 'quirk', quirk: 'ok-with-error' }, { kind: 'redirect' }, { kind: 'body', status: 200, body: { started: true } }]) {
      journal.clear();
      faults.post({ service: 'logic', ...fault });
      await rejectsWith(workflows.start('grant guest wifi', wifi, call), 'SYSTEM_OUTCOME_UNKNOWN');
      assert.equal(sentOf(journal).length, 1, `${JSON.stringify(fault)}: sent twice, or elsewhere`);
      faults.clear();
    }
    assert.equal(logic.runs().length, 1);
  });
});
