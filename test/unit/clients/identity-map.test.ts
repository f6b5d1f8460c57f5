import assert from 'node:assert/strict';
import { identityCases } from '../../../sandbox/servicenow/servicenow.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import type { IdentityConflict } from '../../../src/actions/ports.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { GraphClient } from '../../../src/clients/graph.ts';
import { IdentityError, IdentityMap } from '../../../src/clients/identity-map.ts';
import { ServiceNowClient } from '../../../src/clients/service-now.ts';
import { noSystems } from '../../../src/clients/systems.ts';
import { SecretValue } from '../../../src/clients/vault.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { errorCode } from '../../../src/errors.ts';
import { clientsOf, cloud, handClock, json, never, rejectsWith, serve, tokens } from './support.ts';

const NOW = { freshness: 'now', signal: never } as const;
const BRIEF = { freshness: 'brief', signal: never } as const;

interface EntraUser {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName?: string;
  readonly mail?: string | null;
  readonly proxyAddresses?: readonly string[];
  readonly employeeId?: string | null;
  readonly userType?: string;
}

interface SysUser {
  readonly sys_id: string;
  readonly name?: string;
  readonly email?: string;
  readonly employee_number?: string;
  readonly active?: string;
}

const anna: EntraUser = { id: 'e-anna', userPrincipalName: 'anna@contoso.example', displayName: 'Anna Weber', mail: 'anna@contoso.example', proxyAddresses: ['SMTP:anna@contoso.example', 'smtp:Anna.Maier@contoso.example', 'x500:/o=x'], employeeId: '4711', userType: 'Member' };
const annaThere: SysUser = { sys_id: 'a'.repeat(32), name: 'Anna W.', email: 'anna@contoso.example', employee_number: '4711', active: 'true' };

/** Both systems with these accounts; each finds what shares a value with the query, as the real ones do. */
async function systemsWith(users: readonly EntraUser[], sysUsers: readonly SysUser[]) {
  const clock = handClock();
  const held = { users, sysUsers };
  const server = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'https://x');
    const last = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
    if (url.pathname.startsWith('/v1.0/users/')) {
      const found = held.users.find(({ id }) => id === last);
      return found ? json(response, 200, found) : json(response, 404, { error: { code: 'Request_ResourceNotFound', message: '' } });
    }
    if (url.pathname === '/v1.0/users') {
      const literals = [...(url.searchParams.get('$filter') ?? '').matchAll(/'((?:[^']|'')*)'/g)].map(([, text = '']) => text.replaceAll("''", "'").toLowerCase());
      return json(response, 200, { value: held.users.filter((user) => [user.employeeId, user.mail, user.userPrincipalName, ...(user.proxyAddresses ?? [])].some((value) => value && literals.includes(value.toLowerCase()))) });
    }
    if (url.pathname.startsWith('/api/now/v2/table/sys_user/')) {
      const found = held.sysUsers.find(({ sys_id: id }) => id === last);
      return found ? json(response, 200, { result: found }) : json(response, 404, { error: { message: 'No Record found', detail: null }, status: 'failure' });
    }
    const query = url.searchParams.get('sysparm_query') ?? '';
    const number = /employee_number=([^^]*)/.exec(query)?.[1];
    const emails = /emailIN([^^]*)/.exec(query)?.[1]?.split(',') ?? [];
    return json(response, 200, { result: held.sysUsers.filter((user) => (number !== undefined && user.employee_number === number) || emails.includes(user.email ?? '')) });
  });
  const { httpClient } = createEgress({ allow: [server.url], agent: server.agent });
  const graph = new GraphClient({ endpoint: server.url, credential: tokens, httpClient, clock });
  const vault = { read: async () => new SecretValue('s3cret') };
  const map = new IdentityMap(graph, new ServiceNowClient({ endpoint: server.url, user: 'u', secret: 's', vault, httpClient, clock }), clock);
  return {
    map,
    clock,
    held,
    server,
    there: (user: EntraUser, how: typeof NOW | typeof BRIEF = NOW) => map.toServiceNow(new InternalId(user.id), how),
    back: (user: SysUser, how: typeof NOW | typeof BRIEF = NOW) => map.toEntra(new InternalId(user.sys_id), how),
  };
}

async function conflicts(promise: Promise<unknown>, conflict: IdentityConflict): Promise<void> {
  const error = await promise.then(() => assert.fail('matched'), (reason: unknown) => reason);
  assert(error instanceof IdentityError, String(error));
  assert.equal(error.conflict, conflict);
}

describe('the identity map', () => {
  it('matches by employee number and mail address, there and back', async () => {
    const { back, there } = await systemsWith([anna], [annaThere]);
    const found = await there(anna);
    assert.equal(found.id.reveal(), annaThere.sys_id);
    assert.equal(found.matchedBy, 'employee number');
    const returned = await back(annaThere);
    assert.equal(returned.id.reveal(), anna.id);
    assert.equal(returned.name, 'Anna Weber', 'as the directory calls her');
  });

  it('matches by number alone where one side has no address, and by address alone where one side has no number', async () => {
    const withoutMail = { ...annaThere, email: '' };
    assert.equal((await (await systemsWith([anna], [withoutMail])).there(anna)).matchedBy, 'employee number');
    for (const [user, record] of [[anna, { ...annaThere, employee_number: '' }], [{ ...anna, employeeId: null }, annaThere]] as const) {
      const { back, there } = await systemsWith([user], [record]);
      assert.equal((await there(user)).matchedBy, 'mail address');
      assert.equal((await back(record)).id.reveal(), anna.id);
    }
  });

  it('matches a renamed account by the address that it had, and says so', async () => {
    const { back, there } = await systemsWith([anna], [{ ...annaThere, employee_number: '', email: 'Anna.Maier@contoso.example' }]);
    assert.equal((await there(anna)).matchedBy, 'former address');
    assert.equal((await back(annaThere)).matchedBy, 'former address');
  });

  it('does not care for the case of an address', async () => {
    const { there } = await systemsWith([{ ...anna, mail: 'ANNA@Contoso.example' }], [{ ...annaThere, email: 'anna@contoso.example', employee_number: '' }]);
    assert.equal((await there(anna)).id.reveal(), annaThere.sys_id);
  });

  it('finds nobody where neither number nor address leads to a record', async () => {
    const { back, there } = await systemsWith([anna], [{ ...annaThere, email: 'other@contoso.example', employee_number: '1' }]);
    await conflicts(there(anna), 'none');
    await conflicts(back(annaThere), 'none');
  });

  it('refuses several records with one address, several with one number, and asks for no names', async () => {
    const second = { ...annaThere, sys_id: 'b'.repeat(32), employee_number: '' };
    const twice = await systemsWith([anna], [annaThere, second]);
    await conflicts(twice.there(anna), 'several');
    await conflicts(twice.back(annaThere), 'several');
    await conflicts(twice.back(second), 'several');
    const numbered = await systemsWith([anna], [{ ...annaThere, email: '' }, { ...second, email: '', employee_number: '4711' }]);
    await conflicts(numbered.there(anna), 'several');
    const namesake = await systemsWith([anna], [{ sys_id: 'c'.repeat(32), name: 'Anna Weber', email: '', employee_number: '', active: 'true' }]);
    await conflicts(namesake.there(anna), 'none');
  });

  it('takes the account that the address names where somebody has a second one with the same number', async () => {
    const admin: EntraUser = { id: 'e-admin', userPrincipalName: 'adm-anna@contoso.example', mail: null, employeeId: '4711', userType: 'Member' };
    const { back, there } = await systemsWith([anna, admin], [annaThere]);
    assert.equal((await back(annaThere)).id.reveal(), anna.id);
    assert.equal((await there(anna)).id.reveal(), annaThere.sys_id);
    await conflicts(there(admin), 'contradiction');
    // Without an address, the record could be either's.
    const unnamed = await systemsWith([anna, admin], [{ ...annaThere, email: '' }]);
    await conflicts(unnamed.there(anna), 'several');
    await conflicts(unnamed.back(annaThere), 'several');
  });

  it('refuses a number that leads to one account with another address', async () => {
    const record = { ...annaThere, email: 'berta@contoso.example' };
    const { back, there } = await systemsWith([anna], [record]);
    await conflicts(there(anna), 'contradiction');
    await conflicts(back(record), 'contradiction');
  });

  it('refuses an address that has gone to somebody with another number', async () => {
    const record = { ...annaThere, employee_number: '0815' };
    const { back, there } = await systemsWith([anna], [record]);
    await conflicts(there(anna), 'recreated');
    await conflicts(back(record), 'recreated');
    // Also where another record fits in full: mail for the one would reach the other.
    await conflicts((await systemsWith([anna], [annaThere, { ...record, sys_id: 'd'.repeat(32) }])).there(anna), 'recreated');
  });

  it('refuses guests, and members whose address a guest goes by', async () => {
    const guest: EntraUser = { ...anna, id: 'e-guest', userPrincipalName: 'anna_contoso#EXT#@fabrikam.example', userType: 'Guest', employeeId: null, proxyAddresses: [] };
    const both = await systemsWith([anna, guest], [annaThere]);
    await conflicts(both.there(guest), 'guest');
    await conflicts(both.there(anna), 'guest');
    await conflicts(both.back(annaThere), 'guest');
    const { back } = await systemsWith([{ ...anna, userType: 'Guest' }], [annaThere]);
    await conflicts(back(annaThere), 'guest');
  });

  it('refuses an inactive record, also where it says so as text, and passes over it where an active one fits', async () => {
    const inactive = { ...annaThere, active: 'false' };
    const { back, there } = await systemsWith([anna], [inactive]);
    await conflicts(there(anna), 'inactive');
    await conflicts(back(inactive), 'inactive');
    const again = await systemsWith([anna], [{ ...inactive, sys_id: 'e'.repeat(32) }, annaThere]);
    assert.equal((await again.there(anna)).id.reveal(), annaThere.sys_id);
  });

  it('puts no value into a query that could change it, and still matches by the other', async () => {
    const odd = { ...anna, employeeId: '4711^active=true' };
    const { server, there } = await systemsWith([odd], [{ ...annaThere, employee_number: '' }]);
    assert.equal((await there(odd)).matchedBy, 'mail address');
    for (const { path } of server.requests) assert.doesNotMatch(decodeURIComponent(path), /4711\^/);
  });

  it('keeps a match for reading a minute, never for an effect, and never a conflict', async () => {
    const { clock, held, server, there } = await systemsWith([anna], [annaThere]);
    await there(anna, BRIEF);
    const asked = server.requests.length;
    clock.advance(59_000);
    await there(anna, BRIEF);
    assert.equal(server.requests.length, asked);
    await there(anna, NOW);
    assert.equal(server.requests.length, 2 * asked);
    held.sysUsers = [];
    await conflicts(there(anna, NOW), 'none');
    await conflicts(there(anna, BRIEF), 'none');
    held.sysUsers = [annaThere];
    assert.equal((await there(anna, BRIEF)).id.reveal(), annaThere.sys_id);
    held.sysUsers = [];
    clock.advance(60_000);
    await conflicts(there(anna, BRIEF), 'none');
  });

  it('says that somebody no longer exists, rather than that they do not fit', async () => {
    const { back, there } = await systemsWith([], []);
    await rejectsWith(there(anna), 'SYSTEM_NOT_FOUND');
    await rejectsWith(back(annaThere), 'SYSTEM_NOT_FOUND');
  });

  it('has a sentence of its own for each conflict', () => {
    const sentences = (['none', 'several', 'guest', 'inactive', 'recreated', 'contradiction'] as const).map((conflict) => en.errors[new IdentityError(conflict).code]);
    assert.equal(new Set(sentences).size, sentences.length);
    for (const sentence of sentences) assert.match(sentence, /nothing was done\. Please have /);
  });
});

describe('the identity map, in the sandbox', () => {
  const robotOf = async () => (await clientsOf({ systems: { ...noSystems, servicenow: { user: 'steward.integration', secret: 'servicenow-password' } } })).robot;
  const listOf = async (id: string) => (await robotOf()).tickets.listOf(new InternalId(id), 5, { signal: never });

  it('tells each peculiar record of the company apart', async () => {
    const { company } = await cloud();
    const cases = identityCases(company);
    for (const [id, code] of [[cases.twice, 'IDENTITY_SEVERAL'], [cases.inactive, 'IDENTITY_INACTIVE']] as const) await rejectsWith(listOf(id), code);
    for (const id of [cases.formerAddress, cases.withoutMail]) assert.equal((await listOf(id)).tickets.length, 1);
  });

  it('finds every other member with a mailbox, and nobody but them', async function () {
    const { company } = await cloud();
    const cases = identityCases(company);
    const peculiar = new Set([cases.twice, cases.inactive]);
    const outcomes = new Map<string, number>();
    for (const user of [...company.users.values()].slice(0, 60)) {
      if (peculiar.has(user.id)) continue;
      const outcome = await listOf(user.id).then(() => 'found', (error: unknown) => errorCode(error));
      const expected = user.userType === 'Guest' ? ['IDENTITY_GUEST'] : user.mail === null ? ['IDENTITY_NONE', 'IDENTITY_CONTRADICTION'] : user.accountEnabled ? ['found'] : ['IDENTITY_INACTIVE'];
      assert.ok(expected.includes(outcome), `${user.userPrincipalName}: ${outcome}`);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    assert.ok((outcomes.get('found') ?? 0) > 40, JSON.stringify([...outcomes]));
  });
});
