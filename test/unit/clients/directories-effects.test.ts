import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InternalId } from '../../../src/actions/internal-id.ts';
import { productNames } from '../../../src/actions/licences/product-names.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { GraphGroupDirectory } from '../../../src/clients/group-directory.ts';
import { GraphLicenceDirectory } from '../../../src/clients/licence-directory.ts';
import { GraphMailbox } from '../../../src/clients/mailbox.ts';
import { GraphPeopleDirectory } from '../../../src/clients/people-directory.ts';
import { RecentWrites } from '../../../src/clients/quirks.ts';
import { SystemRefusal } from '../../../src/clients/refusal.ts';
import { GraphServiceHealth } from '../../../src/clients/service-health.ts';
import type { StewardErrorCode } from '../../../src/errors.ts';
import { clientsOf, cloud, handClock, json, never, newId, rejectsWith, serve, tokens } from './support.ts';

const call = { signal: never };
type Answers = (method: string, path: string, response: ServerResponse, body: string, request: IncomingMessage) => void;

const error = (response: ServerResponse, status: number, code: string, message = 'x'): void => json(response, status, { error: { code, message, innerError: { 'request-id': 'r-1' } } });
const notFound = (response: ServerResponse): void => error(response, 404, 'Request_ResourceNotFound', 'Resource does not exist.');

/** A Graph that answers as it is told, and the clients on it. */
async function graphWith(answers: Answers) {
  const server = await serve((request, response, body) => answers(request.method ?? '', (request.url ?? '').replace('/v1.0', ''), response, body, request));
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
  const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient, clock: systemClock });
  const clock = handClock();
  const recent = new RecentWrites(() => clock.monotonicMs());
  const managed = newId();
  const mailbox = newId();
  return {
    server, graph, clock, managed, mailbox,
    people: new GraphPeopleDirectory(graph, clock, recent),
    licences: new GraphLicenceDirectory(graph, recent),
    groups: new GraphGroupDirectory(graph, [managed.reveal().toUpperCase()]),
    mail: new GraphMailbox(graph, mailbox.reveal()),
    health: new GraphServiceHealth(graph),
    sent: () => server.requests.map(({ method, path }) => `${method} ${decodeURIComponent(path.replace('/v1.0', '').replace(/\?.*$/, ''))}`),
  };
}

describe('what a system refused', () => {
  it('keeps status and code, matches its message, and shows the message to nobody', async () => {
    const secret = 'Subscription with SKU 05e9a617 does not have any available licenses.';
    const { graph } = await graphWith((_method, _path, response) => error(response, 400, 'Request_BadRequest', secret));
    const refusal = await rejectsWith(graph.request('GET', '/x'), 'SYSTEM_REFUSED');
    assert.ok(refusal instanceof SystemRefusal);
    assert.deepEqual([refusal.status, refusal.systemCode, refusal.says(/available licenses/)], [400, 'Request_BadRequest', true]);
    for (const text of [inspect(refusal, { depth: 9, showHidden: true }), JSON.stringify(refusal), String(refusal), refusal.message, refusal.stack ?? '']) assert.doesNotMatch(text, /05e9a617|available licenses/);
  });

  it('takes no code that is not a plain word, and nothing from an answer in another shape', () => {
    for (const code of ['<b>x</b>', 'a b', 'x'.repeat(200), '05e9a617-0261', 7, null]) assert.equal(new SystemRefusal('SYSTEM_REFUSED', 'x', 400, { error: { code, message: 'y' } }).systemCode, '', String(code));
    for (const answer of [undefined, null, 'text', [], { error: 'no' }]) assert.equal(new SystemRefusal('SYSTEM_REFUSED', 'x', 400, answer).says(/./), false);
  });
});

describe('licence directory', () => {
  const sentences: readonly (readonly ['assign' | 'remove', string, StewardErrorCode])[] = [
    ['assign', 'Subscription with SKU 05e9a617-0261-4cee-bb44-138d3ef5d965 does not have any available licenses.', 'LICENCE_NONE_LEFT'],
    ['assign', 'License assignment cannot be done for user with invalid usage location.', 'LICENCE_NO_LOCATION'],
    ['remove', 'User license is inherited from a group membership and it cannot be removed directly from the user.', 'LICENCE_INHERITED'],
    ['remove', 'User does not have a corresponding license.', 'ALREADY_SO'],
    ['assign', 'License assignment failed because service plans a and b are mutually exclusive.', 'SYSTEM_REFUSED'],
  ];
  for (const [what, message, code] of sentences) {
    it(`says ${code} for “${message.slice(0, 60)}…”`, async () => {
      const { licences, sent } = await graphWith((method, _path, response) => (method === 'GET' ? json(response, 200, { id: 'x', licenseAssignmentStates: [] }) : error(response, 400, 'Request_BadRequest', message)));
      await rejectsWith(licences[what](newId(), newId(), call), code);
      assert.equal(sent().filter((each) => each.startsWith('POST')).length, 1);
    });
  }

  it('gives nothing that somebody has already, unless that was changed here a moment ago', async () => {
    const [person, licence] = [newId(), newId()];
    const { clock, licences, sent } = await graphWith((method, path, response) =>
      json(response, 200, method === 'GET' ? { id: 'x', licenseAssignmentStates: [{ skuId: licence.reveal().toUpperCase(), state: 'Active', assignedByGroup: null }] } : { id: path }));
    await rejectsWith(licences.assign(person, licence, call), 'ALREADY_SO');
    assert.deepEqual(sent().filter((each) => each.startsWith('POST')), []);
    await licences.remove(person, licence, call);
    assert.deepEqual(await licences.assign(person, licence, call), { requestIds: ['r-1'] });
    clock.advance(61_000);
    await rejectsWith(licences.assign(person, licence, call), 'ALREADY_SO');
    // A licence in error is none.
    const other = await graphWith((method, _path, response) => json(response, 200, method === 'GET' ? { id: 'x', licenseAssignmentStates: [{ skuId: licence.reveal(), state: 'Error' }] } : { id: 'x' }));
    assert.deepEqual(await other.licences.assign(person, licence, call), { requestIds: ['r-1'] });
  });

  it('sends both lists, since Graph refuses one alone', async () => {
    const { licences, server } = await graphWith((method, _path, response) => json(response, 200, { id: 'x', ...(method === 'GET' && { licenseAssignmentStates: [] }) }));
    const licence = newId();
    await licences.assign(newId(), licence, call);
    await licences.remove(newId(), licence, call);
    assert.deepEqual(server.requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as unknown), [
      { addLicenses: [{ skuId: licence.reveal(), disabledPlans: [] }], removeLicenses: [] },
      { addLicenses: [], removeLicenses: [licence.reveal()] },
    ]);
  });

  it('takes an answer without the account for an unknown outcome, and a 404 for an account that is there for a refusal', async () => {
    const odd = await graphWith((_method, _path, response) => json(response, 200, {}));
    await rejectsWith(odd.licences.remove(newId(), newId(), call), 'SYSTEM_OUTCOME_UNKNOWN');
    const there = await graphWith((method, _path, response) => (method === 'GET' ? json(response, 200, { id: 'x' }) : notFound(response)));
    await rejectsWith(there.licences.remove(newId(), newId(), call), 'SYSTEM_REFUSED');
    const gone = await graphWith((_method, _path, response) => notFound(response));
    await rejectsWith(gone.licences.remove(newId(), newId(), call), 'SYSTEM_NOT_FOUND');
  });

  it('counts what can be given: enabled units of a subscription that runs, of products for people', async () => {
    const sku = (skuPartNumber: string, enabled: number, consumedUnits: number, more = {}) => ({ skuId: newId().reveal(), skuPartNumber, appliesTo: 'User', capabilityStatus: 'Enabled', consumedUnits, prepaidUnits: { enabled, suspended: 0, warning: 7, lockedOut: 0 }, ...more });
    const value = [sku('SPE_E3', 10, 4), sku('POWER_BI_PRO', 3, 5), sku('SPE_E5', 9, 1, { capabilityStatus: 'Suspended' }), sku('CPC_X', 1, 0), sku('COMPANY_THING', 1, 0, { appliesTo: 'Company' })];
    const { licences } = await graphWith((_method, _path, response) => json(response, 200, { value }));
    assert.deepEqual((await licences.list(call)).map(({ available, name, total, used }) => [name, total, used, available]), [['CPC_X', 1, 0, 1], ['Microsoft 365 E3', 10, 4, 6], ['Microsoft 365 E5', 9, 1, 0], ['Power BI Pro', 3, 5, 0]]);
    assert.equal(new Set(productNames).size, productNames.length, 'two products share a name');
  });

  it('lists the sandbox’s licences with the names of their products', async () => {
    const { company } = await cloud();
    const { robot } = await clientsOf();
    const found = await robot.licences.list(call);
    assert.deepEqual(found.map(({ id }) => id.reveal()).sort(), company.subscriptions.map(({ skuId }) => skuId).sort());
    for (const { name } of found) assert.ok((productNames as readonly string[]).includes(name), name);
  });
});

describe('group directory', () => {
  it('puts those on the list first, and only exact names where there are any', async () => {
    const ids = [newId().reveal(), newId().reveal()];
    const holder = { managed: '' };
    const { groups, managed } = await graphWith((_method, _path, response) => json(response, 200, { value: [{ id: ids[0], displayName: 'Sales EMEA' }, { id: holder.managed, displayName: 'Sales APAC', description: 'x' }, { id: ids[1], displayName: 'sales' }] }));
    holder.managed = managed.reveal();
    assert.deepEqual((await groups.find('Sal', 10, call)).groups.map(({ managed: is, name }) => [name, is]), [['Sales APAC', true], ['Sales EMEA', false], ['sales', false]]);
    assert.deepEqual((await groups.find('Sales', 10, call)).groups.map(({ name }) => name), ['sales']);
    assert.equal((await groups.find('Sal', 2, call)).more, true);
    assert.deepEqual(await groups.find(' \u0000', 2, call), { groups: [], more: false });
  });

  it('finds by object id, and nothing where there is none', async () => {
    const { groups } = await graphWith((_method, path, response) => (path.includes('11111111') ? json(response, 200, { id: '11111111-1111-1111-1111-111111111111', displayName: 'One' }) : notFound(response)));
    assert.deepEqual((await groups.find('11111111-1111-1111-1111-111111111111', 5, call)).groups.map(({ name }) => name), ['One']);
    assert.deepEqual(await groups.find('22222222-2222-2222-2222-222222222222', 5, call), { groups: [], more: false });
  });

  it('names the person in the body by the address of Graph itself', async () => {
    const { groups, sent, server } = await graphWith((_method, _path, response) => void response.writeHead(204, { 'request-id': 'r-7' }).end());
    const [group, person] = [newId(), newId()];
    assert.deepEqual(await groups.add(group, person, call), { requestIds: ['r-7'] });
    assert.deepEqual(JSON.parse(server.requests[0]?.body ?? ''), { '@odata.id': `${server.url}/v1.0/directoryObjects/${person.reveal()}` });
    await groups.remove(group, person, call);
    assert.deepEqual(sent(), [`POST /groups/${group.reveal()}/members/$ref`, `DELETE /groups/${group.reveal()}/members/${person.reveal()}/$ref`]);
  });

  it('never deletes a person: every DELETE ends in $ref', async () => {
    const { groups, server } = await graphWith((_method, _path, response) => void response.writeHead(204).end());
    await groups.remove(newId(), newId(), call);
    for (const { method, path } of server.requests) if (method === 'DELETE') assert.match(path, /\/members\/[0-9a-f-]{36}\/\$ref$/);
  });

  const [group, person] = [newId(), newId()];
  const removals: readonly (readonly [string, readonly string[] | 'gone', StewardErrorCode])[] = [
    ['somebody who is in other groups only', [newId().reveal()], 'ALREADY_SO'],
    ['somebody who is in the group all the same', [group.reveal().toUpperCase()], 'SYSTEM_REFUSED'],
    ['somebody who is gone', 'gone', 'SYSTEM_NOT_FOUND'],
  ];
  for (const [who, memberships, code] of removals) {
    it(`says ${code} to a 404 for ${who}`, async () => {
      const { groups } = await graphWith((method, path, response) => {
        if (method === 'DELETE' || (memberships === 'gone' && path.includes('/users/'))) notFound(response);
        else if (path.includes('/memberOf')) json(response, 200, { value: memberships === 'gone' ? [] : memberships.map((id) => ({ id })) });
        else json(response, 200, { id: 'x' });
      });
      await rejectsWith(groups.remove(group, person, call), code);
    });
  }

  it('tells a member who is there already from any other refusal', async () => {
    const already = await graphWith((_method, _path, response) => error(response, 400, 'Request_BadRequest', "One or more added object references already exist for the following modified properties: 'members'."));
    await rejectsWith(already.groups.add(group, person, call), 'ALREADY_SO');
    for (const [status, code] of [[400, 'Request_BadRequest'], [403, 'Authorization_RequestDenied']] as const) {
      const refused = await graphWith((_method, _path, response) => error(response, status, code));
      await rejectsWith(refused.groups.add(group, person, call), 'SYSTEM_REFUSED');
    }
    const lost = await graphWith((_method, _path, response) => void response.destroy());
    await rejectsWith(lost.groups.add(group, person, call), 'SYSTEM_OUTCOME_UNKNOWN');
    assert.equal(lost.server.requests.length, 1, 'an effect was repeated');
  });
});

describe('mailbox', () => {
  const own = { userPrincipalName: 'steward@halden.example', mail: 'steward@halden.example', userType: 'Member' };
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, boolean])[] = [
    ['a member at the company’s own address', { userPrincipalName: 'a.weber@halden.example', mail: 'anna.weber@halden.example', userType: 'Member' }, true],
    ['a member whose address is in the domain of Steward’s', { userPrincipalName: 'a.weber@halden.onmicrosoft.example', mail: 'anna.weber@HALDEN.example', userType: 'Member' }, true],
    ['a guest', { userPrincipalName: 'a.weber@halden.example', mail: 'a.weber@halden.example', userType: 'Guest' }, false],
    ['an account without a type', { userPrincipalName: 'a.weber@halden.example', mail: 'a.weber@halden.example', userType: null }, false],
    ['a member without a mail address', { userPrincipalName: 'a.weber@halden.example', mail: null, userType: 'Member' }, false],
    ['a member whose address is elsewhere', { userPrincipalName: 'a.weber@halden.example', mail: 'a.weber@evil.example', userType: 'Member' }, false],
    ['a member of another tenant', { userPrincipalName: 'a.weber_halden.example#EXT#@halden.example', mail: 'a.weber@halden.example', userType: 'Member' }, false],
    ['an address that is none', { userPrincipalName: 'a.weber@halden.example', mail: '"a" <a@halden.example>', userType: 'Member' }, false],
  ];
  for (const [who, account, isSent] of cases) {
    it(`${isSent ? 'sends to' : 'refuses'} ${who}`, async () => {
      const { mail, mailbox, sent, server } = await graphWith((method, path, response) => {
        if (method === 'POST') response.writeHead(202, { 'request-id': 'r-3' }).end();
        else json(response, 200, path.includes(mailbox.reveal()) ? own : account);
      });
      const sending = mail.send(newId(), { subject: 'Hello', body: 'There\nyou are.' }, call);
      if (!isSent) await rejectsWith(sending, 'RECIPIENT_OUTSIDE');
      else {
        assert.deepEqual(await sending, { requestIds: ['r-3'] });
        assert.deepEqual(JSON.parse(server.requests.at(-1)?.body ?? ''), { message: { subject: 'Hello', body: { contentType: 'text', content: 'There\nyou are.' }, toRecipients: [{ emailAddress: { address: account['mail'] } }] }, saveToSentItems: true });
      }
      assert.deepEqual(sent().filter((each) => each.startsWith('POST')), isSent ? [`POST /users/${mailbox.reveal()}/sendMail`] : []);
    });
  }

  it('says that Steward can’t send, not that the person is gone, when its own mailbox is', async () => {
    const { mail } = await graphWith((method, _path, response) => (method === 'POST' ? error(response, 404, 'MailboxNotEnabledForRESTAPI') : json(response, 200, own)));
    await rejectsWith(mail.send(newId(), { subject: 'a', body: 'b' }, call), 'SYSTEM_REFUSED');
  });

  it('sends nothing where no mailbox is set up', async () => {
    const { graph, server } = await graphWith((_method, _path, response) => json(response, 200, own));
    await rejectsWith(new GraphMailbox(graph, undefined).send(newId(), { subject: 'a', body: 'b' }, call), 'SYSTEM_REFUSED');
    assert.equal(server.requests.length, 0);
  });
});

describe('service health', () => {
  it('asks for what is not resolved, without its history, and puts the newest first', async () => {
    const issue = (title: string, startDateTime: string, classification = 'incident') => ({ service: 'Exchange Online', title, classification, impactDescription: 'x', startDateTime, lastModifiedDateTime: startDateTime });
    const { health, server } = await graphWith((_method, _path, response) => json(response, 200, { value: [issue('old', '2026-11-01T00:00:00Z'), issue('new', '2026-11-20T08:30:00Z', 'unknownFutureValue')] }));
    assert.deepEqual((await health.current(5, call)).issues.map(({ kind, since, title }) => [title, kind, since.toISOString()]), [['new', 'other', '2026-11-20T08:30:00.000Z'], ['old', 'incident', '2026-11-01T00:00:00.000Z']]);
    assert.equal((await health.current(1, call)).more, true);
    const { searchParams } = new URL(server.requests[0]?.path ?? '', 'https://x');
    assert.deepEqual([searchParams.get('$filter'), searchParams.get('$select')?.includes('posts')], ['isResolved eq false', false]);
  });
});

describe('people directory, beside accounts', () => {
  it('masks what could be called or written to', async () => {
    const value = [
      { '@odata.type': '#microsoft.graph.phoneAuthenticationMethod', id: '1', phoneNumber: '+44 7700 900123' },
      { '@odata.type': '#microsoft.graph.emailAuthenticationMethod', id: '2', emailAddress: 'anna.private@mail.example' },
      { '@odata.type': '#microsoft.graph.fido2AuthenticationMethod', id: '3', displayName: 'Blue key', createdDateTime: '2026-01-02T00:00:00Z' },
      { '@odata.type': '#microsoft.graph.softwareOathAuthenticationMethod', id: '4', secretKey: 'JBSWY3DP' },
      { '@odata.type': '#microsoft.graph.somethingNewAuthenticationMethod', id: '5' },
    ];
    const { people, sent } = await graphWith((_method, _path, response) => json(response, 200, { value }));
    const id = newId();
    const methods = await people.authenticationMethods(id, call);
    assert.deepEqual(methods.map(({ detail, kind }) => [kind, detail]), [['phone', '… 23'], ['email', 'a…@mail.example'], ['passkey', 'Blue key'], ['one-time code', undefined], ['other', undefined]]);
    assert.doesNotMatch(JSON.stringify(methods), /900123|anna\.private|JBSWY3DP/);
    assert.deepEqual(sent(), [`GET /users/${id.reveal()}/authentication/methods`]);
  });

  it('shows each app once, and groups without the roles and units beside them', async () => {
    const value = [{ '@odata.type': '#microsoft.graph.directoryRole', id: 'r', displayName: 'Admin' }, { '@odata.type': '#microsoft.graph.group', id: 'b', displayName: 'B', groupTypes: ['Unified'] }, { '@odata.type': '#microsoft.graph.group', id: 'a', displayName: 'A', groupTypes: [], securityEnabled: true }];
    const apps = [{ resourceId: '1', resourceDisplayName: 'Payroll' }, { resourceId: '1', resourceDisplayName: 'Payroll' }, { resourceId: '2', resourceDisplayName: 'Expenses' }];
    const { people, server } = await graphWith((_method, path, response) => json(response, 200, { value: path.includes('memberOf') ? value : apps }));
    assert.deepEqual((await people.groupsOf(newId(), 5, call)).groups.map(({ kind, name }) => [name, kind]), [['A', 'security'], ['B', 'microsoft 365']]);
    assert.deepEqual(await people.appsOf(newId(), 5, call), { apps: [{ name: 'Expenses' }, { name: 'Payroll' }], more: false });
    assert.equal((await people.appsOf(newId(), 1, call)).more, true);
    assert.equal(server.requests.at(-1)?.headers['consistencylevel'], 'eventual');
  });

  it('says for a minute that what was changed here may still look as before, also when nobody knows whether it was', async () => {
    const account = { id: newId().reveal(), userPrincipalName: 'a@b.example', accountEnabled: true, userType: 'Member' };
    const how = { patch: 204 };
    const { clock, people } = await graphWith((method, path, response) => {
      if (method === 'PATCH') response.writeHead(how.patch, { 'content-type': 'application/json' }).end(how.patch === 204 ? undefined : '{}');
      else json(response, 200, path.includes('licenseDetails') ? { value: [{ skuPartNumber: 'SPE_E3' }, { skuPartNumber: 'CPC_X' }] } : account);
    });
    const settles = async (id: InternalId): Promise<boolean | undefined> => (await people.show(id, call)).settling;
    const [done, unknown, refused] = [newId(), newId(), newId()];
    assert.deepEqual((await people.show(done, call)).licences, ['CPC_X', 'Microsoft 365 E3']);
    assert.equal(await settles(done), false);
    await people.setSignInAllowed(done, false, call);
    how.patch = 500;
    await rejectsWith(people.setSignInAllowed(unknown, false, call), 'SYSTEM_OUTCOME_UNKNOWN');
    how.patch = 403;
    await rejectsWith(people.setSignInAllowed(refused, false, call), 'SYSTEM_REFUSED');
    assert.deepEqual([await settles(done), await settles(unknown), await settles(refused)], [true, true, false]);
    clock.advance(60_000);
    assert.equal(await settles(done), false);
  });

  it('takes a 404 to an effect on an account that is there for a refusal', async () => {
    const { people } = await graphWith((method, _path, response) => (method === 'GET' ? json(response, 200, { id: 'x' }) : notFound(response)));
    await rejectsWith(people.setSignInAllowed(newId(), false, call), 'SYSTEM_REFUSED');
    await rejectsWith(people.revokeSessions(newId(), call), 'SYSTEM_REFUSED');
  });
});
