import assert from 'node:assert/strict';
import { placesOf, systemsOf } from '../../../sandbox/systems.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import type { SystemSettings } from '../../../src/clients/systems.ts';
import { clientsOf, cloud, never, rejectsWith, sentOf } from './support.ts';

const call = { signal: never };

/** App Services of the sandbox, by the settings of its company or by changed ones. */
async function appServicesOf(change: (settings: SystemSettings) => Partial<SystemSettings> = () => ({})) {
  const all = await cloud();
  const { arm, company, endpoints, faults, identities, journal } = all;
  const systems = systemsOf(all, company);
  const { robot } = await clientsOf({ endpoints: { ...endpoints, logic: placesOf(all) }, systems: { ...systems, ...change(systems) } });
  journal.clear();
  const idOf = (name: string): InternalId => new InternalId(arm.sites.get(name)?.id ?? assert.fail(name));
  const asked = () => journal.entries({ service: 'arm' }).map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`);
  return { appServices: robot.appServices, arm, faults, identities, journal, idOf, asked };
}

const OWN = 'haldenworks-steward';
const RUNNING = 'haldenworks-intranet';

describe('App Services', () => {
  afterEach(async () => (await cloud()).reset());

  it('are those on the list, with their state, and nothing else of the resource groups is asked for', async () => {
    const { appServices, asked } = await appServicesOf();
    const list = await appServices.list(call);
    assert.deepEqual(list.map(({ name, state }) => [name, state]), [[RUNNING, 'running'], ['haldenworks-booking', 'running'], ['haldenworks-booking-test', 'stopped']]);
    assert.deepEqual(asked().sort(), list.map(({ name }) => `GET sites/${name}`).sort());
  });

  it('are read and restarted as the robot, at the pinned version, and the receipt names what the activity log calls it', async () => {
    const { appServices, arm, identities, journal } = await appServicesOf();
    const [first] = await appServices.list(call);
    assert.ok(first);
    journal.clear();
    const { requestIds } = await appServices.restart(first.id, call);
    assert.match(requestIds[0] ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual(arm.restarts().map(({ site }) => site), [arm.sites.get(RUNNING)?.id]);
    const [entry, ...others] = journal.entries({ effect: true });
    assert.equal(others.length, 0);
    assert.deepEqual([entry?.identity, entry?.query, entry?.method, entry?.path], [identities.robot, 'api-version=2024-04-01', 'POST', `${arm.sites.get(RUNNING)?.id ?? ''}/restart`]);
  });

  it('that are not on the list are refused before anything is sent', async () => {
    const { appServices, asked, idOf } = await appServicesOf(({ sites }) => ({ sites: sites.slice(0, 1) }));
    for (const name of ['haldenworks-booking', OWN]) await rejectsWith(appServices.restart(idOf(name), call), 'SYSTEM_REFUSED');
    await rejectsWith(appServices.restart(new InternalId(`${idOf(RUNNING).reveal()}/slots/x`), call), 'SYSTEM_REFUSED');
    assert.deepEqual(asked(), []);
  });

  it('of Steward’s own resource group are neither listed nor restarted, whatever the list says and however it is written', async () => {
    const own = (resourceGroup: string) => ({ sites, ownResourceGroup }: SystemSettings) => ({ sites: [...sites.slice(0, 1), { subscription: ownResourceGroup?.subscription ?? '', resourceGroup, name: OWN }] });
    for (const written of ['steward', 'STEWARD']) {
      const { appServices, arm, asked, idOf } = await appServicesOf(own(written));
      assert.deepEqual((await appServices.list(call)).map(({ name }) => name), [RUNNING]);
      await rejectsWith(appServices.restart(idOf(OWN), call), 'SYSTEM_REFUSED');
      assert.deepEqual(arm.restarts(), []);
      assert.deepEqual(asked(), [`GET sites/${RUNNING}`]);
    }
  });

  it('whose names could lead elsewhere are refused before anything is sent', async () => {
    for (const bad of [{ name: 'x/../y' }, { name: 'x?y' }, { resourceGroup: '..' + '/x' }, { resourceGroup: 'x.' }, { subscription: 'all' }]) {
      const { appServices, asked } = await appServicesOf(({ sites }) => ({ sites: sites.slice(0, 1).map((site) => ({ ...site, ...bad })) }));
      await rejectsWith(appServices.list(call), 'SYSTEM_REFUSED');
      assert.deepEqual(asked(), [], JSON.stringify(bad));
    }
  });

  it('that are gone are left out of the list, and one that can’t be read fails it', async () => {
    const { appServices, faults } = await appServicesOf(({ sites }) => ({ sites: [...sites.slice(0, 1).map((site) => ({ ...site, name: 'gone' })), ...sites.slice(1, 2)] }));
    assert.deepEqual((await appServices.list(call)).map(({ name }) => name), ['haldenworks-booking']);
    faults.post({ service: 'arm', kind: 'status', status: 403 });
    await rejectsWith(appServices.list(call), 'SYSTEM_REFUSED');
  });

  it('are not restarted while another operation holds them, when the subscription’s writes are spent, or when they are gone', async () => {
    const { appServices, arm, faults, idOf } = await appServicesOf();
    arm.occupy(RUNNING);
    await rejectsWith(appServices.restart(idOf(RUNNING), call), 'SYSTEM_REFUSED');
    faults.post({ service: 'arm', kind: 'status', status: 404, method: 'POST' });
    await rejectsWith(appServices.restart(idOf('haldenworks-booking'), call), 'SYSTEM_NOT_FOUND');
    faults.clear();
    faults.post({ service: 'arm', kind: 'quirk', quirk: 'throttle-silent' });
    await rejectsWith(appServices.restart(idOf('haldenworks-booking'), call), 'SYSTEM_UNAVAILABLE');
    assert.deepEqual(arm.restarts(), []);
  });

  it('are not said to be restarted when the answer is lost, an error, a page or not Azure’s', async () => {
    const { appServices, arm, faults, idOf, journal } = await appServicesOf();
    for (const fault of [{ kind: 'reset' }, { kind: 'status', status: 500 }, { kind: 'quirk', quirk: 'ok-with-error' }, { kind: 'html', status: 200 }, { kind: 'redirect' }]) {
      journal.clear();
      faults.post({ service: 'arm', method: 'POST', ...fault });
      await rejectsWith(appServices.restart(idOf(RUNNING), call), 'SYSTEM_OUTCOME_UNKNOWN');
      assert.equal(sentOf(journal).length, 1, `${fault.kind}: sent twice, or elsewhere`);
      faults.clear();
    }
    assert.deepEqual(arm.restarts(), []);
  });
});
