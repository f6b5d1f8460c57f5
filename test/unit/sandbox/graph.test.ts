import assert from 'node:assert/strict';
import { createCompany } from '../../../sandbox/company/company.ts';
import type { Company, User } from '../../../sandbox/company/company.ts';
import { createGraphService } from '../../../sandbox/graph/graph.ts';
import { matchesWords } from '../../../sandbox/graph/search.ts';
import type { SandboxResponse, Service } from '../../../sandbox/http.ts';

const tenantId = '6f1d2c3b-4a59-4e87-9c10-2b3a4c5d6e7f';
const origin = 'https://localhost:8443';
const guid = /^[0-9a-f-]{36}$/;

const clients = new Map<string, ReadonlySet<string>>([
  ['robot', new Set(['User.Read.All', 'DeviceManagementManagedDevices.Read.All', 'User.EnableDisableAccount.All', 'User.RevokeSessions.All'])],
  ['keeper', new Set(['User.Read.All', 'GroupMember.Read.All'])],
  ['basic', new Set(['User.ReadBasic.All'])],
  ['writer', new Set(['User.ReadWrite.All'])],
  ['reader', new Set(['Directory.Read.All'])],
  ['enabler', new Set(['User.EnableDisableAccount.All'])],
  ['members', new Set(['GroupMember.Read.All'])],
]);

interface Asked {
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Answer extends SandboxResponse {
  readonly json: Record<string, unknown>;
  readonly value: readonly Record<string, unknown>[];
  readonly error: { readonly code?: string; readonly message?: string; readonly innerError?: Record<string, unknown> };
}

const eventual = { consistencylevel: 'eventual' };

/** A matcher for tests; the sandbox's own is `sandbox/serve.ts`. */
async function ask(service: Service, method: string, target: string, { as = 'reader', headers = {}, body }: Asked = {}): Promise<Answer> {
  const url = new URL(target, origin);
  const segments = url.pathname.split('/').map(decodeURIComponent);
  const matching = service.handlers
    .filter((handler) => handler.method === method)
    .map((handler) => ({ handler, pattern: handler.path.split('/') }))
    .filter(({ pattern }) => pattern.length === segments.length && pattern.every((part, index) =>
      part.startsWith(':') || part.toLowerCase() === segments[index]?.toLowerCase()))
    .sort((one, other) => one.pattern.filter((part) => part.startsWith(':')).length - other.pattern.filter((part) => part.startsWith(':')).length);
  const [found] = matching;
  assert.ok(found, `${method} ${url.pathname} is served`);
  const params = Object.fromEntries(found.pattern.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), segments[index] ?? '']] : [])));
  const response = await found.handler.handle({
    method, url, params, headers, body, ...(as !== '' && { identity: { clientId: as, audience: 'https://graph.microsoft.com' } }),
  });
  const json = (typeof response.body === 'object' ? response.body : {}) as Record<string, unknown>; // the service only sends objects
  return {
    ...response,
    json,
    value: (json['value'] ?? []) as readonly Record<string, unknown>[],
    error: (json['error'] ?? {}),
  };
}

describe('sandbox graph', () => {
  let company: Company;
  let service: Service;
  const get = (target: string, asked?: Asked): Promise<Answer> => ask(service, 'GET', `/v1.0${target}`, asked);
  const refused = (answer: Answer, status: number, code: string, message?: string | RegExp): void => {
    assert.deepEqual([answer.status, answer.error.code], [status, code], answer.error.message);
    if (typeof message === 'string') assert.equal(answer.error.message, message);
    else if (message !== undefined) assert.match(answer.error.message ?? '', message);
    assert.equal(answer.effect ?? false, false);
  };
  const persona = (index: number): User => {
    const user = company.users.get(company.personas[index]?.aadObjectId ?? '');
    assert.ok(user);
    return user;
  };
  const employee = (): User => persona(6);
  const named = (displayName: string): User => {
    const user = [...company.users.values()].find((candidate) => candidate.displayName === displayName);
    assert.ok(user, displayName);
    return user;
  };

  beforeEach(() => {
    company = createCompany(1, tenantId);
    service = createGraphService({
      company, tenantId, grants: (clientId) => clients.get(clientId) ?? new Set(), now: () => new Date('2026-11-01T09:30:15.123Z'),
    });
  });

  describe('every answer', () => {
    it('carries a request id and echoes the client\'s', async () => {
      const id = '11111111-2222-4333-8444-555555555555';
      const answer = await get('/users?$top=1', { headers: { 'client-request-id': id } });
      assert.equal(answer.headers?.['client-request-id'], id);
      assert.match(answer.headers?.['request-id'] ?? '', guid);
      assert.notEqual(answer.headers?.['request-id'], id);
    });

    it('does not echo a client request id that is no GUID', async () => {
      const { headers } = await get('/users?$top=1', { headers: { 'client-request-id': 'a\r\nb' } });
      assert.equal(headers?.['client-request-id'], headers?.['request-id']);
    });

    it('has Graph\'s error body with the same ids as the headers', async () => {
      const answer = await get(`/users/${tenantId}`);
      refused(answer, 404, 'Request_ResourceNotFound', `Resource '${tenantId}' does not exist or one of its queried reference-property objects are not present.`);
      assert.deepEqual(answer.error.innerError, {
        date: '2026-11-01T09:30:15',
        'request-id': answer.headers?.['request-id'],
        'client-request-id': answer.headers?.['client-request-id'],
      });
      assert.deepEqual(Object.keys(service.error(404, 'x', 'y') as object), ['error']);
    });

    it('is a refusal without a token, and without one of the listed app roles', async () => {
      refused(await get('/users', { as: '' }), 401, 'InvalidAuthenticationToken');
      const insufficient = 'Insufficient privileges to complete the operation.';
      const id = employee().id;
      for (const [as, method, path] of [
        ['stranger', 'GET', '/users'], ['members', 'GET', `/users/${id}`], ['basic', 'GET', `/users/${id}/manager`],
        ['keeper', 'PATCH', `/users/${id}`], ['keeper', 'POST', `/users/${id}/revokeSignInSessions`], ['writer', 'POST', `/users/${id}/checkMemberGroups`],
        ['robot', 'GET', `/groups/${company.groups.admin}`], ['robot', 'GET', `/groups/${company.groups.admin}/members`],
        ['keeper', 'GET', '/deviceManagement/managedDevices'], ['writer', 'GET', `/users/${id}/transitiveMemberOf`],
      ] as const) {
        refused(await ask(service, method, `/v1.0${path}`, { as, body: {} }), 403, 'Authorization_RequestDenied', insufficient);
      }
    });
  });

  describe('users', () => {
    it('come with the default properties, in pages of 100 that a client can follow', async () => {
      const first = await get('/users');
      assert.equal(first.value.length, 100);
      assert.deepEqual(Object.keys(first.value[0] ?? {}).sort(), [
        'businessPhones', 'displayName', 'givenName', 'id', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation', 'preferredLanguage', 'surname',
        'userPrincipalName',
      ]);
      assert.equal(first.json['@odata.context'], 'https://graph.microsoft.com/v1.0/$metadata#users');
      const link = String(first.json['@odata.nextLink']);
      assert.ok(link.startsWith(`${origin}/v1.0/users?$skiptoken=`), link);
      const second = await ask(service, 'GET', link);
      assert.equal(second.value.length, 100);
      const third = await ask(service, 'GET', String(second.json['@odata.nextLink']));
      assert.equal(third.json['@odata.nextLink'], undefined);
      const ids = [...first.value, ...second.value, ...third.value].map((user) => user['id']);
      assert.deepEqual(ids, [...company.users.keys()]);
    });

    it('keep options and order over pages, also when the first page changes meanwhile', async () => {
      let link = '/v1.0/users?$filter=accountEnabled eq true&$select=id,displayName&$orderby=displayName&$count=true&$top=60';
      const seen: unknown[] = [];
      for (let pages = 0; link !== '' && pages < 10; pages += 1) {
        const answer = await ask(service, 'GET', link, { headers: eventual });
        assert.equal(answer.status, 200);
        seen.push(...answer.value.map((user) => user['id']));
        if (pages === 0) company.changeUser(String(answer.value[3]?.['id']), { accountEnabled: false });
        const next = answer.json['@odata.nextLink'];
        link = typeof next === 'string' ? next : '';
      }
      const enabled = [...createCompany(1, tenantId).users.values()].filter((user) => user.accountEnabled).map((user) => user.id);
      assert.deepEqual([...seen].sort(), enabled.sort());
    });

    it('refuse bad page sizes, tokens and options', async () => {
      refused(await get('/users?$top=1000'), 400, 'Request_UnsupportedQuery', "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.");
      refused(await get('/users?$top=0'), 400, 'Request_UnsupportedQuery');
      refused(await get('/users?$top=-1'), 400, 'BadRequest');
      refused(await get('/users?$skiptoken=nonsense'), 400, 'Directory_ExpiredPageToken');
      refused(await get('/users?$skip=5'), 400, 'Request_UnsupportedQuery', "'$skip' is not supported by the service.");
      refused(await get('/users?$foo=1'), 400, 'BadRequest', "The query parameter '$foo' is not supported.");
      refused(await get('/users?$top=1&top=2'), 400, 'BadRequest', /specified more than once/);
      assert.equal((await get('/users?foo=1&top=2')).value.length, 2);
    });

    it('have $select in any case, and refuse what the type does not have', async () => {
      const { json, value } = await get('/users?$select=DISPLAYNAME, id,faxNumber&$top=1');
      assert.equal(json['@odata.context'], 'https://graph.microsoft.com/v1.0/$metadata#users(displayName,id,faxNumber)');
      assert.deepEqual(Object.keys(value[0] ?? {}).sort(), ['displayName', 'faxNumber', 'id']);
      refused(await get('/users?$select=id,shoeSize'), 400, 'BadRequest', "Parsing OData Select and Expand failed: Could not find a property named 'shoeSize' on type 'microsoft.graph.user'.");
      refused(await get('/users?$select='), 400, 'BadRequest', /An identifier was expected/);
      refused(await get('/users?$select=members'), 400, 'BadRequest');
      refused(await get('/users?$select=aboutMe'), 501, 'NotImplemented');
    });

    const filtered = async (filter: string, headers = {}): Promise<readonly string[]> => {
      const answer = await get(`/users?$select=displayName&$count=true&$filter=${encodeURIComponent(filter)}`, { headers });
      assert.equal(answer.status, 200, `${filter}: ${answer.error.message ?? ''}`);
      return answer.value.map((user) => String(user['displayName']));
    };

    it('are filtered', async () => {
      assert.deepEqual(await filtered("displayName eq 'nadia petrov'"), ['Nadia Petrov']);
      assert.deepEqual(await filtered("displayName eq 'Sean O''Brien'"), ["Sean O'Brien", "Sean O'Brien"]);
      assert.deepEqual(await filtered("startswith(displayName,'nad') or startsWith(mail, 'hanna.v')"), ['Hanna Virtanen', 'Nadia Petrov']);
      assert.deepEqual(await filtered("givenName eq 'Anna' and (surname eq 'Schmidt' or surname eq 'Kowalska') and userType eq 'Member'"), ['Anna Schmidt', 'Anna Schmidt', 'Anna Kowalska']);
      assert.equal((await filtered('accountEnabled eq false')).length, 9);
      assert.equal((await filtered("userType eq 'Guest'")).length, 7);
      assert.deepEqual(await filtered(`employeeId eq '${persona(0).employeeId ?? ''}'`), ['Hanna Virtanen', 'adm-hvirtanen']);
      assert.deepEqual(await filtered(`id in ('${persona(0).id}', '${persona(1).id}')`), ['Hanna Virtanen', 'Jonas Weber']);
      assert.deepEqual(await filtered("proxyAddresses/any(p:p eq 'smtp:nadia.petrov@haldenworks.onmicrosoft.example')"), ['Nadia Petrov']);
      assert.deepEqual(await filtered("proxyAddresses/any(x:startswith(x,'SMTP:jonas.weber@'))"), ['Jonas Weber']);
      assert.deepEqual(await filtered("onPremisesImmutableId eq 'none'"), []);
      assert.ok((await filtered('employeeId eq null')).includes('Emergency Access 01'));
    });

    it('take ne, not and endsWith as advanced queries only', async () => {
      for (const filter of ["userType ne 'Member'", "not(userType eq 'Member')", "NOT startswith(userType,'M')", "endsWith(userPrincipalName,'@haldenworks.onmicrosoft.example') and userType eq 'Guest'"]) {
        assert.equal((await filtered(filter, eventual)).length, 7, filter);
        refused(await get(`/users?$count=true&$filter=${encodeURIComponent(filter)}`), 400, 'Request_UnsupportedQuery', /ConsistencyLevel:eventual/);
        refused(await get(`/users?$filter=${encodeURIComponent(filter)}`, { headers: eventual }), 400, 'Request_UnsupportedQuery');
      }
    });

    it('refuse filters that Graph does not understand', async () => {
      for (const [filter, code, message] of [
        ["shoeSize eq '1'", 'BadRequest', /Could not find a property named 'shoeSize'/],
        ["officeLocation eq 'x'", 'Request_UnsupportedQuery', /filter clause specified for property 'officeLocation' of resource 'User'/],
        ["contains(displayName,'a')", 'Request_UnsupportedQuery', "Unsupported property filter clause operator 'Contains'."],
        ["constructor(displayName,'a')", 'Request_UnsupportedQuery', undefined],
        ["accountEnabled eq 'true'", 'BadRequest', /incompatible types/],
        ['displayName eq true', 'BadRequest', /incompatible types/],
        ['displayName eq anna', 'BadRequest', /property named 'anna'/],
        ["displayName gt 'a'", 'Request_UnsupportedQuery', undefined],
        ["displayName eq 'Sean O'Brien'", 'BadRequest', undefined],
        ["displayName eq 'a", 'BadRequest', /unterminated/],
        ["displayName eq 'a' and", 'BadRequest', /Syntax error/],
        ["displayName eq 'a' or (", 'BadRequest', /Syntax error/],
        ["displayName eq 'a' displayName", 'BadRequest', /Syntax error/],
        ["displayName = 'a'", 'BadRequest', /Syntax error/],
        ['', 'BadRequest', undefined],
      ] as const) {
        refused(await get(`/users?$filter=${encodeURIComponent(filter)}`), 400, code, message);
      }
    });

    it('are searched by the beginnings of words', async () => {
      const search = async (text: string, more = ''): Promise<readonly string[]> => {
        const answer = await get(`/users?$select=displayName&$search=${encodeURIComponent(text)}${more}`, { headers: eventual });
        assert.equal(answer.status, 200, answer.error.message);
        return answer.value.map((user) => String(user['displayName']));
      };
      const annas = await search('"displayName:anna"');
      assert.ok(['Anna Schmidt', 'Anna Kowalska', 'Anna-Lena Schmidt', 'Annabel Hughes'].every((name) => annas.includes(name)));
      assert.ok(!annas.includes('Hanna Virtanen'), 'no "contains"');
      assert.deepEqual(await search('"displayName:petrov nadia"'), ['Nadia Petrov']);
      assert.deepEqual(await search('"displayName:virtanen"'), ['Hanna Virtanen']);
      assert.deepEqual(await search('"displayName:Jonas" OR "mail:priya.raman@"'), ['Jonas Weber', 'Priya Raman']);
      assert.deepEqual(await search('"displayName:anna" AND ("displayName:kow" OR "displayName:hug")'), ['Anna Kowalska', 'Annabel Hughes']);
      assert.deepEqual(await search('"displayName:anna schmidt"', "&$filter=userType eq 'Guest'"), ['Anna Schmidt']);
      assert.deepEqual(await search('"displayName:o\'brien sean"'), ["Sean O'Brien", "Sean O'Brien"]);
      assert.deepEqual(await search('"displayName:zoe muller"'), ['Zoë Müller', 'Zoë Müller']);
      assert.deepEqual(await search('"displayName:王"'), ['王伟']);
      assert.deepEqual(await search('"displayName:!!"'), []);
      assert.deepEqual(await search('"displayName:scarlett \\"quoted\\""'), []);
    });

    it('are not searched without the header', async () => {
      refused(await get('/users?$search="displayName:anna"'), 400, 'Request_UnsupportedQuery', "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'");
      for (const text of ['displayName:anna', '"displayName:anna" or "mail:a"', '"displayName:anna" "mail:a"', '("displayName:anna"', '']) {
        refused(await get(`/users?$search=${encodeURIComponent(text)}`, { headers: eventual }), 400, 'BadRequest');
      }
      for (const text of ['"anna"', '"shoeSize:1"', '"accountEnabled2:x"']) {
        refused(await get(`/users?$search=${encodeURIComponent(text)}`, { headers: eventual }), 400, 'Request_UnsupportedQuery');
      }
    });

    it('splits words as documented', () => {
      assert.ok(matchesWords('hello-world', 'helloworld'));
      assert.ok(matchesWords('HelloWorld', 'world'));
      assert.ok(!matchesWords('HELLOworld', 'world'));
      assert.ok(matchesWords('hello123world', '123'));
      for (const typed of ['李四(David Li)', '李四', 'David', 'Li', 'David)', '(李四', 'Li 李']) assert.ok(matchesWords('李四(David Li)', typed), typed);
    });

    it('are sorted and counted within Graph\'s limits', async () => {
      const names = (await get('/users?$orderby=displayName desc&$top=3')).value.map((user) => String(user['displayName']));
      assert.deepEqual(names, [...names].sort((one, other) => other.localeCompare(one, 'en', { sensitivity: 'base' })));
      refused(await get('/users?$orderby=jobTitle'), 400, 'Request_UnsupportedQuery', 'Sorting not supported for current query.');
      refused(await get('/users?$orderby=createdDateTime'), 400, 'Request_UnsupportedQuery');
      refused(await get("/users?$orderby=displayName&$filter=userType eq 'Guest'"), 400, 'Request_UnsupportedQuery', 'Sorting not supported for current query.');
      assert.equal((await get("/users?$orderby=displayName&$filter=userType eq 'Guest'&$count=true", { headers: eventual })).json['@odata.count'], 7);
      assert.equal('@odata.count' in (await get('/users?$count=true')).json, false);
      refused(await get('/users/$count'), 400, 'Request_BadRequest', '$count is not currently supported.');
      assert.equal((await get('/users/$count', { headers: eventual })).body, String(company.users.size));
    });

    it('show the basic profile only to User.ReadBasic.All', async () => {
      const answer = await get(`/users/${employee().id}`, { as: 'basic' });
      assert.deepEqual(Object.keys(answer.json).sort(), ['@odata.context', 'displayName', 'givenName', 'id', 'mail', 'surname', 'userPrincipalName']);
      refused(await get('/users?$select=id,department', { as: 'basic' }), 403, 'Authorization_RequestDenied');
      refused(await get("/users?$filter=department eq 'IT'", { as: 'basic' }), 403, 'Authorization_RequestDenied');
      refused(await get(`/users/${employee().id}?$expand=manager`, { as: 'basic' }), 403, 'Authorization_RequestDenied');
    });
  });

  describe('one user', () => {
    it('is found by id and by user principal name, in any case', async () => {
      const user = persona(8);
      for (const key of [user.id, user.id.toUpperCase(), encodeURIComponent(user.userPrincipalName), encodeURIComponent(user.userPrincipalName.toUpperCase())]) {
        const answer = await get(`/users/${key}?$select=id,accountEnabled,userType`, { as: 'robot' });
        assert.deepEqual(answer.json, {
          '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users(id,accountEnabled,userType)/$entity', id: user.id, accountEnabled: true, userType: 'Guest',
        });
      }
      for (const key of ['nobody', 'nobody@haldenworks.example', company.groups.admin, '__proto__']) {
        refused(await get(`/users/${key}`), 404, 'Request_ResourceNotFound');
      }
    });

    it('has a manager, alone or expanded', async () => {
      const { id } = employee();
      const manager = company.users.get(company.managers.get(id) ?? '');
      const alone = await get(`/users/${id}/manager?$select=id,displayName`, { as: 'robot' });
      assert.equal(alone.json['@odata.type'], '#microsoft.graph.user');
      assert.deepEqual([alone.json['id'], alone.json['displayName']], [manager?.id, manager?.displayName]);
      const expanded = await get(`/users/${id}?$select=id&$expand=manager($select=id,displayName)`, { as: 'robot' });
      assert.deepEqual(expanded.json['manager'], { '@odata.type': '#microsoft.graph.user', displayName: manager?.displayName, id: manager?.id });
      refused(await get(`/users/${named('Margarethe Halden').id}/manager`), 404, 'Request_ResourceNotFound', /Resource 'manager'/);
      assert.equal('manager' in (await get(`/users/${named('Margarethe Halden').id}?$expand=manager`)).json, false);
      refused(await get(`/users/${id}?$expand=photo`), 400, 'BadRequest');
      refused(await get('/users?$expand=manager', { headers: eventual }), 400, 'Request_UnsupportedQuery');
    });
  });

  describe('changing a user', () => {
    const patch = (id: string, body: unknown, as = 'robot'): Promise<Answer> => ask(service, 'PATCH', `/v1.0/users/${id}`, { as, body });

    it('blocks and unblocks, and is an effect only when something changed', async () => {
      const { id } = employee();
      const blocked = await patch(id, { accountEnabled: false });
      assert.deepEqual([blocked.status, blocked.body, blocked.effect], [204, undefined, true]);
      assert.equal((await get(`/users/${id}?$select=accountEnabled`)).json['accountEnabled'], false);
      assert.equal((await patch(id, { accountEnabled: false })).effect, false);
      assert.equal((await patch(id, { accountEnabled: true })).effect, true);
      assert.equal((await patch(encodeURIComponent(employee().userPrincipalName), { accountEnabled: false })).effect, true);
    });

    it('leaves everything but accountEnabled to User.ReadWrite.All', async () => {
      const { id } = employee();
      refused(await patch(id, { jobTitle: 'Boss' }), 403, 'Authorization_RequestDenied');
      refused(await patch(id, { accountEnabled: false, jobTitle: 'Boss' }), 403, 'Authorization_RequestDenied');
      refused(await patch(id, { accountEnabled: false }, 'enabler'), 403, 'Authorization_RequestDenied');
      assert.equal((await patch(id, { jobTitle: 'Boss', mobilePhone: null }, 'writer')).effect, true);
      assert.equal(company.users.get(id)?.jobTitle, 'Boss');
    });

    it('refuses wrong types, unknown and read-only properties, and no body', async () => {
      const { id } = employee();
      for (const value of ['false', 0, null, [], {}]) {
        refused(await patch(id, { accountEnabled: value }), 400, 'Request_BadRequest', "Invalid value specified for property 'accountEnabled' of resource 'User'.");
      }
      refused(await patch(id, JSON.parse('{"__proto__":{"accountEnabled":false}}')), 400, 'Request_BadRequest', "Invalid property '__proto__'.");
      refused(await patch(id, { constructor: true }), 400, 'Request_BadRequest');
      refused(await patch(id, { AccountEnabled: false }), 400, 'Request_BadRequest');
      refused(await patch(id, { id: tenantId }, 'writer'), 400, 'Request_BadRequest', /read-only/);
      refused(await patch(id, { signInSessionsValidFromDateTime: '2026-01-01T00:00:00Z' }, 'writer'), 400, 'Request_BadRequest');
      refused(await patch(id, undefined), 400, 'BadRequest', 'Empty Payload. JSON content expected.');
      refused(await patch(id, [{ accountEnabled: false }]), 400, 'BadRequest');
      assert.equal((await patch(id, {})).effect, false);
      refused(await patch(tenantId, { accountEnabled: false }), 404, 'Request_ResourceNotFound');
      assert.deepEqual(company.users.get(id), createCompany(1, tenantId).users.get(id));
    });

    it('refuses the sensitive properties of administrators and of members of role-assignable groups', async () => {
      const protectedUsers = [
        named('Ingrid Solheim'), named('Devika Nair'), named('Rosalind Achterberg'), named('adm-hvirtanen'), named('Emergency Access 01'),
        persona(0), persona(2), persona(4),
      ];
      for (const user of protectedUsers) {
        for (const as of ['robot', 'writer']) refused(await patch(user.id, { accountEnabled: false }, as), 403, 'Authorization_RequestDenied');
        assert.equal(company.users.get(user.id)?.accountEnabled, true);
      }
      refused(await patch(protectedUsers[0]?.id ?? '', { mobilePhone: null }, 'writer'), 403, 'Authorization_RequestDenied');
      for (const user of [persona(7), persona(8), named('Delphine Roux')]) assert.equal((await patch(user.id, { accountEnabled: false })).effect, true, user.displayName);
    });

    it('takes the account state of a synchronised user, not its profile', async () => {
      const user = [...company.users.values()].find((candidate) => candidate.onPremisesSyncEnabled === true && candidate.accountEnabled && candidate.department === 'Sales');
      assert.ok(user);
      refused(await patch(user.id, { jobTitle: 'Boss' }, 'writer'), 400, 'Request_BadRequest', /on-premises mastered/);
      assert.equal((await patch(user.id, { accountEnabled: false })).status, 204);
    });

    it('ends sessions by moving signInSessionsValidFromDateTime', async () => {
      const { id } = employee();
      const answer = await ask(service, 'POST', `/v1.0/users/${id}/REVOKESIGNINSESSIONS`, { as: 'robot' });
      assert.deepEqual([answer.status, answer.effect], [200, true]);
      assert.deepEqual(answer.json, { '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean', value: true });
      assert.equal((await get(`/users/${id}?$select=signInSessionsValidFromDateTime`)).json['signInSessionsValidFromDateTime'], '2026-11-01T09:30:15Z');
      const guest = await ask(service, 'POST', `/v1.0/users/${persona(8).id}/revokeSignInSessions`, { as: 'robot' });
      assert.deepEqual([guest.status, guest.effect], [200, false], 'a guest\'s sessions belong to another tenant');
      refused(await ask(service, 'POST', `/v1.0/users/${tenantId}/revokeSignInSessions`, { as: 'robot' }), 404, 'Request_ResourceNotFound');
    });
  });

  describe('memberships', () => {
    const check = (id: string, body: unknown, as = 'keeper'): Promise<Answer> => ask(service, 'POST', `/v1.0/users/${id}/checkMemberGroups`, { as, body });

    it('are checked for up to 20 groups, through nesting', async () => {
      const { helpdesk, approver, admin, vip } = company.groups;
      const answer = await check(persona(3).id, { groupIds: [admin, approver, helpdesk, tenantId] });
      assert.deepEqual(answer.json, { '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)', value: [approver, helpdesk] });
      assert.deepEqual((await check(named('Delphine Roux').id, { groupIds: [vip] })).value, [vip]);
      assert.deepEqual((await check(employee().id, { groupIds: [helpdesk, approver, admin, vip] })).value, []);
      refused(await check(employee().id, { groupIds: Array<string>(21).fill(admin) }), 400, 'Request_BadRequest');
      for (const body of [undefined, {}, { groupIds: [] }, { groupIds: 'x' }, { groupIds: [1] }, { groupIds: ['x'] }]) {
        refused(await check(employee().id, body), 400, 'Request_BadRequest');
      }
      refused(await check('nobody', { groupIds: [admin] }), 404, 'Request_ResourceNotFound');
    });

    it('are listed with their types, nested groups and roles held through a group', async () => {
      const answer = await get(`/users/${named('adm-hvirtanen').id}/transitiveMemberOf?$select=id,displayName,isAssignableToRole`, { as: 'reader' });
      assert.equal(answer.json['@odata.context'], 'https://graph.microsoft.com/v1.0/$metadata#directoryObjects(id,displayName,isAssignableToRole)');
      assert.deepEqual(answer.value.map((object) => [object['@odata.type'], object['displayName'], object['isAssignableToRole']]), [
        ['#microsoft.graph.group', 'Steward Approvers', true],
        ['#microsoft.graph.group', 'Directory Helpdesk Operators', true],
        ['#microsoft.graph.directoryRole', 'Helpdesk Administrator', undefined],
      ]);
      const nested = await get(`/users/${employee().id}/transitiveMemberOf`);
      assert.ok(nested.value.some((group) => group['displayName'] === 'All Staff'));
    });

    it('hide names of roles from a caller that may read users and groups only', async () => {
      const { value } = await get(`/users/${named('Ingrid Solheim').id}/transitiveMemberOf?$select=id,displayName`, { as: 'keeper' });
      const role = value.find((object) => object['@odata.type'] === '#microsoft.graph.directoryRole');
      assert.match(String(role?.['id']), guid);
      assert.equal(role?.['displayName'], null);
      assert.ok(value.some((object) => object['displayName'] === 'IT Department'));
      const robots = await get(`/users/${employee().id}/transitiveMemberOf`, { as: 'robot' });
      assert.ok(robots.value.length > 0 && robots.value.every((object) => object['displayName'] === null && object['id'] !== null));
    });

    it('are cast with the header and a count only', async () => {
      const path = `/users/${named('Ingrid Solheim').id}/transitiveMemberOf`;
      refused(await get(`${path}/microsoft.graph.directoryRole`), 400, 'Request_UnsupportedQuery');
      const roles = await get(`${path}/microsoft.graph.directoryRole?$count=true&$select=displayName`, { headers: eventual });
      assert.deepEqual(roles.json, {
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#directoryRoles(displayName)', '@odata.count': 1, value: [{ displayName: 'Global Administrator' }],
      });
      const groups = await get(`${path}/microsoft.graph.group?$count=true&$filter=startswith(displayName,'IT')`, { headers: eventual });
      assert.deepEqual(groups.value.map((group) => group['displayName']), ['IT Department']);
    });
  });

  describe('groups', () => {
    it('show whether they can hold roles', async () => {
      const select = '$select=id,displayName,isAssignableToRole,securityEnabled,membershipRule,groupTypes,onPremisesSyncEnabled';
      const { json } = await get(`/groups/${company.groups.admin}?${select}`, { as: 'keeper' });
      assert.deepEqual(json, {
        '@odata.context': `https://graph.microsoft.com/v1.0/$metadata#groups(${select.slice(8)})/$entity`,
        id: company.groups.admin, displayName: 'Steward Admins', groupTypes: [], isAssignableToRole: true, membershipRule: null, onPremisesSyncEnabled: null, securityEnabled: true,
      });
      const dynamic = [...company.directoryGroups.values()].find((group) => group.membershipRule !== null);
      assert.deepEqual((await get(`/groups/${dynamic?.id ?? ''}`)).json['groupTypes'], ['DynamicMembership']);
      assert.equal('members' in (await get(`/groups/${company.groups.admin}`)).json, false);
    });

    it('tell malformed ids from unknown ones', async () => {
      refused(await get('/groups/admins'), 400, 'Request_BadRequest', "Invalid object identifier 'admins'.");
      refused(await get(`/groups/${tenantId}`), 404, 'Request_ResourceNotFound');
      refused(await get(`/groups/${tenantId}/members`), 404, 'Request_ResourceNotFound');
    });

    it('list members directly or through nesting, in pages and cast', async () => {
      const vip = `/groups/${company.groups.vip}`;
      const direct = await get(`${vip}/members?$select=id,displayName`, { as: 'keeper' });
      assert.deepEqual(direct.value.map((member) => member['@odata.type']).sort(), ['#microsoft.graph.group', ...Array<string>(4).fill('#microsoft.graph.user')]);
      assert.equal((await get(`${vip}/members/microsoft.graph.user`)).value.length, 4);
      assert.equal((await get(`${vip}/transitiveMembers`)).value.length, 6);
      refused(await get(`${vip}/transitiveMembers/microsoft.graph.user`), 400, 'Request_UnsupportedQuery');
      assert.equal((await get(`${vip}/transitiveMembers/microsoft.graph.user?$count=true`, { headers: eventual })).json['@odata.count'], 5);

      const first = await get(`/groups/${company.groups.admin}/members?$top=2`);
      const second = await ask(service, 'GET', String(first.json['@odata.nextLink']));
      assert.deepEqual([first.value.length, second.value.length], [2, 1]);
      refused(await get(`${vip}/members?$filter=displayName eq 'x'`), 400, 'Request_UnsupportedQuery');
    });

    it('give ids only of users that the caller may not read', async () => {
      const { value } = await get(`/groups/${company.groups.admin}/members?$select=id,displayName`, { as: 'members' });
      assert.ok(value.length === 3 && value.every((member) => member['displayName'] === null && member['id'] !== null));
    });
  });

  describe('managed devices', () => {
    it('are listed by owner and by serial number', async () => {
      const { id, userPrincipalName } = employee();
      const answer = await get(`/deviceManagement/managedDevices?$filter=userId eq '${id}'&$select=id,deviceName,operatingSystem,serialNumber,userPrincipalName`, { as: 'robot' });
      assert.equal(answer.json['@odata.count'], 2);
      assert.deepEqual(answer.value.map((device) => device['userPrincipalName']), [userPrincipalName, userPrincipalName]);
      assert.deepEqual(Object.keys(answer.value[0] ?? {}), ['id', 'deviceName', 'operatingSystem', 'userPrincipalName', 'serialNumber']);
      const serial = String(answer.value[0]?.['serialNumber']);
      const one = await get(`/DEVICEMANAGEMENT/managedDevices?$filter=serialNumber eq '${serial}'`, { as: 'robot' });
      assert.deepEqual(one.value.map((device) => device['id']), [answer.value[0]?.['id']]);
      const alone = await get(`/deviceManagement/managedDevices/${String(one.value[0]?.['id'])}`, { as: 'robot' });
      assert.equal(alone.json['serialNumber'], serial);
      assert.ok(['compliant', 'noncompliant', 'inGracePeriod', 'unknown'].includes(String(alone.json['complianceState'])));
    });

    it('come in pages', async () => {
      const seen: unknown[] = [];
      let link = '/v1.0/deviceManagement/managedDevices?$top=100&$select=id';
      while (link !== '') {
        const answer = await ask(service, 'GET', link, { as: 'robot' });
        seen.push(...answer.value.map((device) => device['id']));
        const next = answer.json['@odata.nextLink'];
        link = typeof next === 'string' ? next : '';
      }
      assert.deepEqual(seen, [...company.devices.keys()]);
    });

    it('have Intune\'s errors, whose message names the id that was asked for', async () => {
      refused(await get(`/deviceManagement/managedDevices/${tenantId}`, { as: 'robot' }), 404, 'ResourceNotFound', new RegExp(tenantId));
      refused(await get('/deviceManagement/managedDevices/laptop', { as: 'robot' }), 400, 'BadRequest');
      refused(await get("/deviceManagement/managedDevices?$filter=owner eq 'x'", { as: 'robot' }), 400, 'BadRequest');
      refused(await get('/deviceManagement/managedDevices?$search="deviceName:x"', { as: 'robot', headers: eventual }), 400, 'BadRequest');
      refused(await get('/deviceManagement/managedDevices?$top=1001', { as: 'robot' }), 400, 'Request_UnsupportedQuery');
    });
  });
});
