import assert from 'node:assert/strict';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { GraphDeviceDirectory } from '../../../src/clients/device-directory.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { GraphPeopleDirectory } from '../../../src/clients/people-directory.ts';
import { RecentWrites } from '../../../src/clients/quirks.ts';
import { clientsOf, cloud, json, never, newId, rejectsWith, serve, tokens } from './support.ts';

const call = { signal: never };

function user(displayName: string, more: Record<string, unknown> = {}) {
  return { id: newId().reveal(), displayName, userPrincipalName: `${displayName.toLowerCase().replaceAll(' ', '.')}@example.com`, accountEnabled: true, userType: 'Member', ...more };
}

/** A Graph that answers each search with what it is told, and keeps what was asked. */
async function graphSaying(answer: (query: URLSearchParams) => unknown) {
  const server = await serve((request, response) => json(response, 200, answer(new URL(request.url ?? '', 'https://x').searchParams)));
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
  const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient, clock: systemClock });
  const query = (index = 0) => new URL(server.requests[index]?.path ?? '', 'https://x').searchParams;
  return { people: new GraphPeopleDirectory(graph, systemClock, new RecentWrites(() => 0)), devices: new GraphDeviceDirectory(graph, systemClock), server, query };
}

describe('people directory', () => {
  it('finds by name, address, further address and object id in the sandbox', async () => {
    const { company } = await cloud();
    const { robot } = await clientsOf();
    const [persona] = company.personas;
    assert(persona);
    for (const text of [persona.name, persona.name.toUpperCase(), `<at>${persona.name}</at>`, persona.upn, persona.upn.toUpperCase(), persona.aadObjectId]) {
      const { people, more } = await robot.people.find(text, 5, call);
      assert.deepEqual(people.map(({ displayName }) => displayName), [persona.name], text);
      assert.equal(people[0]?.id.reveal(), persona.aadObjectId);
      assert.equal(more, false);
    }
    const alias = [...company.users.values()].flatMap(({ id, proxyAddresses }) => proxyAddresses.map((address) => ({ id, address }))).find(({ address }) => address.startsWith('smtp:'));
    if (alias !== undefined) assert.equal((await robot.people.find(alias.address.slice('smtp:'.length), 5, call)).people[0]?.id.reveal(), alias.id);
    assert.deepEqual(await robot.people.find('Nobody Whatsoever', 5, call), { people: [], more: false });
    assert.deepEqual(await robot.people.find(newId().reveal(), 5, call), { people: [], more: false });
    assert.deepEqual(await robot.people.find('  \u0000 ', 5, call), { people: [], more: false });
  });

  it('finds every namesake of the sandbox', async () => {
    const { company } = await cloud();
    const { robot } = await clientsOf();
    const users = [...company.users.values()];
    const name = users.map(({ displayName }) => displayName).find((each, index, all) => all.indexOf(each) !== index);
    assert(name !== undefined);
    const namesakes = users.filter(({ displayName }) => displayName === name);
    const { people } = await robot.people.find(name, 10, call);
    assert.deepEqual(new Set(people.map(({ id }) => id.reveal())), new Set(namesakes.map(({ id }) => id)));
  });

  it('finds each person of the sandbox by their name, however it is written', async () => {
    const { company } = await cloud();
    const { robot } = await clientsOf();
    for (const { displayName, id } of company.users.values()) {
      const { people, more } = await robot.people.find(displayName, 20, call);
      assert(more || people.some((person) => person.id.reveal() === id), displayName);
    }
  });

  it('returns only those who are called exactly so, if there are any', async () => {
    const value = [user('Anna Lindqvist'), user('Anna Li'), user('ÁNNA  LI'), user('Li Anna')];
    const { people } = await graphSaying(() => ({ value }));
    assert.deepEqual((await people.find('anna li', 10, call)).people.map(({ displayName }) => displayName), ['Anna Li', 'ÁNNA  LI']);
    assert.equal((await people.find('anna', 10, call)).people.length, 4);
    assert.deepEqual((await people.find('anna', 2, call)).more, true);
  });

  it('asks for the exact name by itself when there are more matches than one page', async () => {
    const many = Array.from({ length: 60 }, (_, index) => user(`Anna Lindqvist ${index}`));
    const { people, query } = await graphSaying((asked) => ({ value: asked.has('$filter') ? [user("Anna O'Li")] : many }));
    const found = await people.find("Anna O'Li", 5, call);
    assert.deepEqual(found.people.map(({ displayName }) => displayName), ["Anna O'Li"]);
    assert.equal(query(1).get('$filter'), "displayName eq 'Anna O''Li'");
  });

  it('escapes what would end a clause or a literal', async () => {
    const { people, server, query } = await graphSaying(() => ({ value: [] }));
    await people.find('A" OR "mail:x\\ & b', 5, call);
    assert.equal(query().get('$search'), '"displayName:A\\" OR \\"mail:x\\\\   b"');
    assert.equal(query().get('$count'), 'true');
    assert.equal(server.requests[0]?.headers['consistencylevel'], 'eventual');
    await people.find("o'brien@example.com", 5, call);
    assert.equal(query(1).get('$filter'), "userPrincipalName eq 'o''brien@example.com' or mail eq 'o''brien@example.com' or proxyAddresses/any(p:p eq 'smtp:o''brien@example.com')");
    assert.equal(server.requests[1]?.headers['consistencylevel'], undefined);
  });

  it('fails when an answer lacks what a decision needs', async () => {
    const { people } = await graphSaying(() => ({ value: [user('Anna', { accountEnabled: undefined })] }));
    await rejectsWith(people.find('Anna', 5, call), 'SYSTEM_UNAVAILABLE');
  });

  it('takes an account without a type for a guest', async () => {
    const { people } = await graphSaying(() => ({ value: [user('Anna', { userType: null })] }));
    assert.equal((await people.find('Anna', 5, call)).people[0]?.guest, true);
  });

  it('shows the manager, and fails for nobody', async () => {
    const { company } = await cloud();
    const { robot } = await clientsOf();
    const [id, manager] = [...company.managers][0] ?? [];
    assert(id !== undefined && manager !== undefined);
    assert.equal((await robot.people.show(new InternalId(id), call)).manager?.id.reveal(), manager);
    await rejectsWith(robot.people.show(newId(), call), 'SYSTEM_NOT_FOUND');
  });

  it('acts in the sandbox as the robot and as nobody else', async () => {
    const { company, journal, identities } = await cloud();
    const { robot } = await clientsOf();
    const target = company.people().find(({ roles }) => roles.length === 1 && roles[0] === 'employee');
    assert(target);
    journal.clear();
    const id = new InternalId(target.aadObjectId);
    await robot.people.setSignInAllowed(id, false, call);
    assert.equal(company.users.get(target.aadObjectId)?.accountEnabled, false);
    await robot.people.setSignInAllowed(id, true, call);
    await robot.people.revokeSessions(id, call);
    const effects = journal.entries({ effect: true });
    assert.equal(effects.length, 3);
    assert(effects.every((entry) => entry.identity === identities.robot));
  });
});

describe('device directory', () => {
  it('lists the newest sync first and says when there are more', async () => {
    const device = (name: string, lastSyncDateTime: string, operatingSystem: string) => ({ id: newId().reveal(), deviceName: name, lastSyncDateTime, operatingSystem, complianceState: 'inGracePeriod' });
    const { devices } = await graphSaying(() => ({
      value: [device('a', '2026-01-01T00:00:00Z', 'Windows'), device('never', '0001-01-01T00:00:00Z', 'Plan 9'), device('b', '2026-02-01T00:00:00Z', 'iPadOS')],
    }));
    const found = await devices.listOf(newId(), 2, call);
    assert.deepEqual(found.devices.map(({ name, platform, compliance }) => [name, platform, compliance]), [['b', 'ios', 'other'], ['a', 'windows', 'other']]);
    assert.equal(found.more, true);
    assert.equal((await devices.listOf(newId(), 3, call)).devices[2]?.lastSyncAt, undefined);
  });

  it('lists the devices of each person in the sandbox', async () => {
    const { company } = await cloud();
    const { robot } = await clientsOf();
    const [device] = company.devices.values();
    assert(device);
    const found = await robot.devices.listOf(new InternalId(device.userId), 10, call);
    assert(found.devices.some(({ id }) => id.reveal() === device.id));
  });
});
