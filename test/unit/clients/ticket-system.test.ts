import assert from 'node:assert/strict';
import { InternalId } from '../../../src/actions/internal-id.ts';
import type { DeviceDirectory, Robot, Ticket } from '../../../src/actions/ports.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { IdentityMap } from '../../../src/clients/identity-map.ts';
import { ServiceNowClient } from '../../../src/clients/service-now.ts';
import { noSystems } from '../../../src/clients/systems.ts';
import { attributed, ServiceNowTicketSystem } from '../../../src/clients/ticket-system.ts';
import { SecretValue } from '../../../src/clients/vault.ts';
import { clientsOf, cloud, handClock, json, never, newId, rejectsWith, serve, tokens } from './support.ts';

const call = { signal: never };
const robotOf = async (): Promise<Robot> => (await clientsOf({ systems: { ...noSystems, servicenow: { user: 'steward.integration', secret: 'servicenow-password' } } })).robot;

/** Requests to ServiceNow since a moment, without reads. */
async function writesSince(index: number) {
  const { journal } = await cloud();
  return journal.entries().filter((entry) => entry.index >= index && entry.service === 'servicenow' && entry.method !== 'GET');
}
const moment = async (): Promise<number> => ((await cloud()).journal.entries().at(-1)?.index ?? -1) + 1;

async function personOf(role: string): Promise<InternalId> {
  const { company } = await cloud();
  const found = company.people().find(({ roles }) => roles.join() === role);
  assert(found);
  return new InternalId(found.aadObjectId);
}

async function ticketWith({ tickets }: Robot, words: string): Promise<Ticket> {
  const { tickets: found } = await tickets.find(words, 5, call);
  assert.equal(found.length, 1, `${found.length} tickets for “${words}”`);
  return found[0]!;
}

describe('the ticket system, in the sandbox', () => {
  it('finds by number in any case, and by words in any order and case', async () => {
    const robot = await robotOf();
    const ticket = await ticketWith(robot, 'sleep LAPTOP');
    assert.equal(ticket.summary, 'Laptop does not wake from sleep');
    assert.equal(ticket.state, 'in progress');
    assert.equal(ticket.priority, 'low');
    assert.ok(ticket.openedAt !== undefined && ticket.updatedAt !== undefined && ticket.callerName !== undefined);
    for (const text of [ticket.number, ticket.number.toLowerCase(), ` ${ticket.number} `]) assert.deepEqual((await robot.tickets.find(text, 5, call)).tickets.map(({ number }) => number), [ticket.number]);
    for (const nothing of ['INC9999999', 'no such words anywhere', '^', ' ']) assert.deepEqual(await robot.tickets.find(nothing, 5, call), { tickets: [], more: false });
  });

  it('finds no more than was asked for when the words hold an encoded query', async () => {
    const robot = await robotOf();
    assert.deepEqual((await robot.tickets.find('^ORactive=true^NQsys_idISNOTEMPTY', 50, call)).tickets.map(({ summary }) => summary), ['Dock broken^ORactive=true^NQsys_idISNOTEMPTY']);
    assert.deepEqual((await robot.tickets.find('nothing^ORnumberSTARTSWITHINC', 50, call)).tickets, []);
  });

  it('shows whose it is and which device it is about, as people and devices of the company', async () => {
    const { company } = await cloud();
    const robot = await robotOf();
    const shown = await robot.tickets.show((await ticketWith(robot, 'battery empty')).id, call);
    assert(shown.caller !== undefined && 'id' in shown.caller && shown.device !== undefined);
    const vip = company.users.get(shown.caller.id.reveal());
    assert.equal(shown.caller.label, vip?.displayName);
    assert.equal(company.devices.get(shown.device.id.reveal())?.userId, vip?.id);
    assert.deepEqual(shown.comments.map(({ text }) => text), ['A loan device is ready at the executive desk.']);
    const unknown = await robot.tickets.show((await ticketWith(robot, 'BitLocker key')).id, call);
    assert.equal(unknown.device, undefined, 'Intune does not know it');
    assert.match(unknown.deviceName ?? '', /^HLD-/);
  });

  it('shows the newest comments first, and no work notes', async () => {
    const robot = await robotOf();
    const { comments } = await robot.tickets.show((await ticketWith(robot, 'wake from sleep')).id, call);
    assert.deepEqual(comments.map(({ text }) => text.slice(0, 12)), ['Installed it', 'Please insta']);
  });

  it('says why a caller can’t be told, ticket by ticket', async () => {
    const robot = await robotOf();
    const caller = async (words: string) => (await robot.tickets.show((await ticketWith(robot, words)).id, call)).caller;
    assert.deepEqual(await caller('VPN disconnects'), { conflict: 'several' });
    assert.deepEqual(await caller('monitor stays black'), { conflict: 'inactive' });
    const former = await caller('shows my old address');
    assert(former !== undefined && 'matchedBy' in former);
    assert.equal(former.matchedBy, 'former address');
  });

  it('lists somebody’s own, and all that are open, the oldest first', async () => {
    const robot = await robotOf();
    const { tickets } = await robot.tickets.listOf(await personOf('employee,vip'), 10, call);
    assert.deepEqual(tickets.map(({ state }) => state), ['in progress', 'resolved']);
    const open = await robot.tickets.open(100, call);
    assert.ok(open.tickets.length > 20 && !open.more);
    assert.ok(open.tickets.every(({ state }) => ['new', 'in progress', 'on hold'].includes(state)));
    assert.deepEqual(open.tickets.map(({ openedAt }) => openedAt?.getTime()), open.tickets.map(({ openedAt }) => openedAt?.getTime()).sort((a, b) => Number(a) - Number(b)));
    assert.deepEqual([(await robot.tickets.open(3, call)).tickets.length, (await robot.tickets.open(3, call)).more], [3, true]);
  });

  it('opens one in somebody’s name, comments in somebody’s name, assigns, and resolves with code and notes', async () => {
    const { company } = await cloud();
    const robot = await robotOf();
    const [employee, helpdesk] = [await personOf('employee'), await personOf('employee,helpdesk')];
    const agent = company.users.get(helpdesk.reveal())!.displayName;
    const before = await moment();
    const { receipt, ticket } = await robot.tickets.create({ caller: employee, summary: 'Dock is dead', description: 'Since Monday.\nNo light.' }, call);
    assert.match(receipt.requestIds[0] ?? '', /^[0-9a-f]{12}$/);
    assert.match(ticket.number, /^INC\d{7}$/);
    await robot.tickets.comment(ticket.id, { text: 'see [code]<b>x</b>[/code]', inNameOf: helpdesk }, call);
    await robot.tickets.comment(ticket.id, { text: 'mine', inNameOf: employee, ownOf: employee }, call);
    await robot.tickets.assign(ticket.id, helpdesk, call);
    await rejectsWith(robot.tickets.assign(ticket.id, helpdesk, call), 'ALREADY_SO');
    await robot.tickets.close(ticket.id, { text: 'replaced', inNameOf: helpdesk }, call);
    await rejectsWith(robot.tickets.close(ticket.id, { text: 'again', inNameOf: helpdesk }, call), 'ALREADY_SO');
    const writes = await writesSince(before);
    assert.deepEqual(writes.map(({ method }) => method), ['POST', 'PATCH', 'PATCH', 'PATCH', 'PATCH']);
    assert.deepEqual(writes[1]?.body, { comments: `${agent} through Steward: see (code)<b>x</b>(/code)` });
    assert.deepEqual(writes[4]?.body, { state: '6', close_code: 'Solution provided', close_notes: `${agent} through Steward: replaced` });
    const shown = await robot.tickets.show(ticket.id, call);
    assert.equal(shown.state, 'resolved');
    assert.equal(shown.description, 'Since Monday.\nNo light.');
    assert(shown.caller && 'id' in shown.caller && shown.assignee && 'id' in shown.assignee);
    assert.ok(shown.caller.id.equals(employee) && shown.assignee.id.equals(helpdesk));
    assert.equal(shown.comments.length, 2);
  });

  it('writes nothing on somebody else’s ticket where it has to be one’s own, and nothing on a closed one', async () => {
    const robot = await robotOf();
    const [employee, helpdesk] = [await personOf('employee'), await personOf('employee,helpdesk')];
    const before = await moment();
    const other = await ticketWith(robot, 'battery empty');
    await rejectsWith(robot.tickets.comment(other.id, { text: 'x', inNameOf: employee, ownOf: employee }, call), 'TARGET_NOT_OWN');
    const closed = await ticketWith(robot, 'new phone needs');
    await rejectsWith(robot.tickets.comment(closed.id, { text: 'x', inNameOf: helpdesk }, call), 'TICKET_CLOSED');
    await rejectsWith(robot.tickets.comment(newId(), { text: 'x', inNameOf: helpdesk }, call), 'SYSTEM_NOT_FOUND');
    assert.deepEqual(await writesSince(before), []);
  });

  it('knows the password that it has read, for the output gate', async () => {
    const clients = await clientsOf({ systems: { ...noSystems, servicenow: { user: 'steward.integration', secret: 'servicenow-password' } } });
    const password = (await cloud()).vault.secret('servicenow-password') ?? '';
    assert.ok(!clients.secrets().some((secret) => secret.appearsIn(password)));
    await clients.robot.tickets.open(1, call);
    assert.ok(clients.secrets().some((secret) => secret.appearsIn(`it is ${password}`)));
  });
});

describe('the ticket system, where ServiceNow does what it does not say', () => {
  const [person, sysId, ticketId] = [newId(), 'a'.repeat(32), 'b'.repeat(32)];
  const user = { id: person.reveal(), displayName: 'Anna\u202e Weber', userPrincipalName: 'anna@contoso.example', mail: 'anna@contoso.example', employeeId: '1', userType: 'Member' };
  const record = { sys_id: sysId, name: 'Anna', email: 'anna@contoso.example', employee_number: '1', active: 'true' };
  const standing = { sys_id: ticketId, active: 'true', state: '2', caller_id: sysId, assigned_to: '', sys_mod_count: '3' };

  /** Everything fits; `written` is what ServiceNow says that it stored. */
  async function ticketsWith(written: Record<string, unknown>, onWrite?: () => void) {
    const server = await serve((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'https://x');
      if (pathname === '/v1.0/users') return json(response, 200, { value: [user] });
      if (pathname.startsWith('/v1.0/users/')) return json(response, 200, user);
      if (pathname.endsWith('/sys_user')) return json(response, 200, { result: [record] });
      if (request.method === 'GET') return json(response, 200, { result: standing });
      onWrite?.();
      return json(response, 200, { result: { ...standing, number: 'INC0010001', ...written } });
    });
    const clock = handClock();
    const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
    const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient, clock });
    const serviceNow = new ServiceNowClient({ endpoint: server.url, user: 'u', secret: 's', vault: { read: async () => new SecretValue('p') }, httpClient, clock });
    const devices: Pick<DeviceDirectory, 'findBySerial'> = { findBySerial: async () => ({ devices: [], more: false }) };
    return { server, tickets: new ServiceNowTicketSystem(serviceNow, new IdentityMap(graph, serviceNow, clock), graph, devices) };
  }
  const ticket = new InternalId(ticketId);

  it('does not say “assigned” or “resolved” when the field kept its value', async () => {
    const { tickets } = await ticketsWith({});
    await rejectsWith(tickets.assign(ticket, person, call), 'SYSTEM_REFUSED');
    await rejectsWith(tickets.close(ticket, { text: 'x', inNameOf: person }, call), 'SYSTEM_REFUSED');
  });

  it('does not say “written” when nothing was counted as changed, nor “opened” for another caller', async () => {
    const { tickets } = await ticketsWith({ caller_id: 'c'.repeat(32) });
    await rejectsWith(tickets.comment(ticket, { text: 'x', inNameOf: person }, call), 'SYSTEM_OUTCOME_UNKNOWN');
    await rejectsWith(tickets.create({ caller: person, summary: 'x', description: 'y' }, call), 'SYSTEM_OUTCOME_UNKNOWN');
  });

  it('writes when it may, and takes a reference that came as an object', async () => {
    const { tickets } = await ticketsWith({ assigned_to: { link: 'https://x', value: sysId }, sys_mod_count: '4' });
    await tickets.assign(ticket, person, call);
    await tickets.comment(ticket, { text: 'x', inNameOf: person }, call);
  });

  it('is not in doubt when it is called off while it still reads', async () => {
    const { server, tickets } = await ticketsWith({});
    const controller = new AbortController();
    const closing = tickets.close(ticket, { text: 'x', inNameOf: person }, { signal: controller.signal });
    controller.abort(new Error('killed'));
    await rejectsWith(closing, 'SYSTEM_UNAVAILABLE');
    assert.ok(server.requests.every(({ method }) => method === 'GET'));
  });

  it('names the person in front of the text, on one line, without what turns it round', () => {
    assert.equal(attributed('Anna\u202e\nWeber', 'hello'), 'Anna Weber through Steward: hello');
    assert.equal(attributed('A', '[ / CODE ] [code]'), 'A through Steward: (/code) (code)');
  });
});
