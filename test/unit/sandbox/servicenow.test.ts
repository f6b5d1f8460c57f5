import assert from 'node:assert/strict';
import { createCompany } from '../../../sandbox/company/company.ts';
import type { Company } from '../../../sandbox/company/company.ts';
import { createFaults } from '../../../sandbox/faults.ts';
import { createIssuer } from '../../../sandbox/issuer.ts';
import { createJournal } from '../../../sandbox/journal.ts';
import { mount } from '../../../sandbox/serve.ts';
import { createServiceNowService } from '../../../sandbox/servicenow/servicenow.ts';
import type { ServiceNowService } from '../../../sandbox/servicenow/servicenow.ts';

const tenantId = '6f1d2c3b-4a59-4e87-9c10-2b3a4c5d6e7f';
const origin = 'https://halden.service-now.example';
const user = 'steward.integration';
const password = 'correct:horse';
const credentials = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const base = '/api/now/table';
const sysId = /^[0-9a-f]{32}$/;

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly quirk?: string;
}

type Shown = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- a field is text or an object, by the parameters

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly effect: boolean;
  readonly one: Shown;
  readonly all: readonly Shown[];
  readonly failure: unknown;
}

/** A matcher for tests; the sandbox's own is `sandbox/serve.ts`. */
async function ask(service: ServiceNowService, method: string, target: string, { headers = { authorization: credentials }, body, quirk }: Asked = {}): Promise<Answer> {
  const url = new URL(target, origin);
  const segments = url.pathname.split('/');
  const found = service.handlers.find((handler) => {
    const pattern = handler.path.split('/');
    return handler.method === method && pattern.length === segments.length && pattern.every((part, index) => part.startsWith(':') || part === segments[index]);
  });
  assert.ok(found, `${method} ${url.pathname} is served`);
  const params = Object.fromEntries(found.path.split('/').flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), segments[index] ?? '']] : [])));
  const request = { method, url, params, headers, body, ...(quirk !== undefined && { quirk }) };
  const response = await found.handle(request);
  const json = response.body as { result?: Shown | Shown[] }; // the service only sends objects
  return {
    status: response.status,
    headers: response.headers ?? {},
    effect: response.effect ?? false,
    one: Array.isArray(json.result) ? {} : (json.result ?? {}),
    all: Array.isArray(json.result) ? json.result : [],
    failure: json,
  };
}

describe('sandbox servicenow', () => {
  let company: Company;
  let service: ServiceNowService;
  let now = new Date('2026-11-01T09:30:15.123Z');
  const get = (path: string, asked?: Asked): Promise<Answer> => ask(service, 'GET', `${base}${path}`, asked);
  const query = (table: string, text: string, more = ''): Promise<Answer> => get(`/${table}?sysparm_query=${encodeURIComponent(text)}${more}`);
  const patch = (id: string, body: unknown, more = ''): Promise<Answer> => ask(service, 'PATCH', `${base}/incident/${id}${more}`, { body });
  const post = (body: unknown, more = ''): Promise<Answer> => ask(service, 'POST', `${base}/incident${more}`, { body });
  const numbers = async (text: string): Promise<readonly string[]> => (await query('incident', text)).all.map((row) => String(row['number']));
  const first = async (text: string): Promise<Shown> => {
    const [row] = (await query('incident', text, '&sysparm_limit=1')).all;
    assert.ok(row, text);
    return row;
  };
  const refused = (answer: Answer, status: number, message: string, detail: string | null): void => {
    assert.equal(answer.status, status);
    assert.deepEqual(answer.failure, { error: { message, detail }, status: 'failure' });
    assert.equal(answer.effect, false);
  };

  beforeEach(() => {
    now = new Date('2026-11-01T09:30:15.123Z');
    company = createCompany(7, tenantId);
    service = createServiceNowService({ company, seed: 7, tenantId, user, password, now: () => now });
  });

  describe('authentication', () => {
    it('refuses no, wrong and foreign credentials with its own error body', async () => {
      const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
      for (const authorization of ['', 'Bearer abc', 'Basic', basic(`${user}:wrong`), basic(user), basic('admin:correct:horse')]) {
        const answer = await get('/incident', { headers: { authorization } });
        refused(answer, 401, 'User Not Authenticated', 'Required to provide Auth information');
        assert.equal(answer.headers['www-authenticate'], 'BASIC realm="Service-now"');
      }
    });

    it('changes nothing for somebody who is not signed in', async () => {
      const { sys_id: id } = await first('state=1');
      const answer = await ask(service, 'PATCH', `${base}/incident/${String(id)}`, { headers: {}, body: { state: '2' } });
      assert.equal(answer.status, 401);
      assert.equal((await get(`/incident/${String(id)}`)).one['state'], '1');
    });

    it('takes a password with a colon and the scheme in any case', async () => {
      assert.equal((await get('/incident?sysparm_limit=1', { headers: { authorization: credentials.replace('Basic', 'basic') } })).status, 200);
    });
  });

  describe('lists', () => {
    it('writes every value as text and references as link and value', async () => {
      const ticket = await first('assigned_toISNOTEMPTY^cmdb_ciISNOTEMPTY');
      assert.equal(ticket['active'], 'true');
      assert.match(ticket['sys_mod_count'], /^\d+$/);
      assert.match(ticket['opened_at'], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      assert.match(ticket['number'], /^INC\d{7}$/);
      for (const [field, table] of [['caller_id', 'sys_user'], ['assignment_group', 'sys_user_group'], ['cmdb_ci', 'cmdb_ci']] as const) {
        const { link, value } = ticket[field];
        assert.match(value, sysId);
        assert.equal(link, `${origin}${base}/${table}/${value}`);
        assert.equal((await ask(service, 'GET', new URL(link).pathname)).one['sys_id'], value, `the link of ${field} leads there`);
      }
      for (const [name, value] of Object.entries(ticket)) assert.ok(typeof value === 'string' || typeof value === 'object', name);
    });

    it('counts all that match, cuts by limit and offset, and links to the other pages', async () => {
      const whole = await numbers('ORDERBYnumber');
      assert.equal(whole.length, 40);
      const page = await query('incident', 'ORDERBYnumber', '&sysparm_limit=15&sysparm_offset=15&sysparm_fields=number');
      assert.deepEqual(page.all.map((row) => row['number']), whole.slice(15, 30));
      assert.equal(page.headers['x-total-count'], '40');
      const links = [...(page.headers['link'] ?? '').matchAll(/<([^>]+)>;rel="(\w+)"/g)];
      assert.deepEqual(links.map(([, href = '', relation]) => [relation, new URL(href).searchParams.get('sysparm_offset')]), [['first', '0'], ['prev', '0'], ['next', '30'], ['last', '30']]);
      const next = links.find(([, , relation]) => relation === 'next')?.[1] ?? '';
      const { pathname, search } = new URL(next);
      const last = await ask(service, 'GET', pathname + search);
      assert.deepEqual(last.all.map((row) => row['number']), whole.slice(30));
      assert.doesNotMatch(last.headers['link'] ?? '', /rel="next"/);
    });

    it('leaves the count and the links out when asked to', async () => {
      const { headers } = await get('/incident?sysparm_limit=1&sysparm_no_count=true&sysparm_suppress_pagination_header=true');
      assert.deepEqual([headers['x-total-count'], headers['link']], [undefined, undefined]);
    });

    it('answers an empty list with an empty array, in version 1 and by quirk with 404', async () => {
      const nothing = '?sysparm_query=number%3DINC9999999';
      for (const path of [`${base}/incident`, '/api/now/v2/table/incident']) {
        const answer = await ask(service, 'GET', path + nothing);
        assert.deepEqual([answer.status, answer.failure, answer.headers['x-total-count']], [200, { result: [] }, '0']);
      }
      const none = ['No Record found', "Record doesn't exist or ACL restricts the record retrieval"] as const;
      refused(await ask(service, 'GET', `/api/now/v1/table/incident${nothing}`), 404, ...none);
      refused(await get(`/incident${nothing}`, { quirk: 'empty-is-404' }), 404, ...none);
      assert.equal((await get('/incident?sysparm_limit=1', { quirk: 'empty-is-404' })).status, 200);
    });

    it('filters by plain name-value pairs where there is no encoded query', async () => {
      const { all } = await get('/incident?active=false&state=8');
      assert.deepEqual(all.map((row) => row['state']), ['8']);
      assert.equal((await get('/incident?sysparm_query=state%3D7&state=8')).all.every((row) => row['state'] === '7'), true);
    });
  });

  describe('fields', () => {
    it('returns what sysparm_fields names, through references too, and leaves out what is no field', async () => {
      const [row] = (await query('incident', 'caller_id.emailISNOTEMPTY', '&sysparm_limit=1&sysparm_fields=number,caller_id.email,nonsense,caller_id.nonsense,number.email')).all;
      assert.deepEqual(Object.keys(row ?? {}), ['number', 'caller_id.email']);
      assert.match(row?.['caller_id.email'], /@haldenworks\.example$/);
    });

    it('shows display values: labels of choices, names of references', async () => {
      const fields = '&sysparm_limit=1&sysparm_fields=state,priority,caller_id,sys_updated_on';
      const filter = 'state=2^priority=2';
      const [plain, shown, both] = await Promise.all(['false', 'true', 'all'].map(async (mode) => (await query('incident', filter, `${fields}&sysparm_display_value=${mode}`)).all[0]));
      assert.deepEqual([plain?.['state'], plain?.['priority']], ['2', '2']);
      assert.deepEqual([shown?.['state'], shown?.['priority'], shown?.['sys_updated_on']], ['In Progress', '2 - High', plain?.['sys_updated_on']]);
      assert.deepEqual(shown?.['caller_id'], { display_value: 'Victor Almeida', link: plain?.['caller_id'].link });
      assert.deepEqual(both?.['state'], { display_value: 'In Progress', value: '2' });
      assert.deepEqual(both?.['caller_id'], { display_value: 'Victor Almeida', value: plain?.['caller_id'].value, link: plain?.['caller_id'].link });
    });

    it('leaves links out when asked to, so that a reference is its sys_id or its name', async () => {
      const ask = async (mode: string): Promise<unknown> =>
        (await query('incident', 'state=2^priority=2', `&sysparm_limit=1&sysparm_exclude_reference_link=true&sysparm_display_value=${mode}`)).all[0]?.['caller_id'];
      assert.match(String(await ask('false')), sysId);
      assert.equal(await ask('true'), 'Victor Almeida');
      assert.deepEqual(await ask('all'), { display_value: 'Victor Almeida', value: await ask('false') });
    });
  });

  describe('encoded queries', () => {
    it('knows =, !=, IN, NOT IN, ISEMPTY and ISNOTEMPTY', async () => {
      const states = async (text: string): Promise<readonly string[]> => [...new Set((await query('incident', text)).all.map((row) => String(row['state'])))].sort();
      assert.deepEqual(await states('state=7'), ['7']);
      assert.deepEqual(await states('state!=7'), ['1', '2', '3', '6', '8']);
      assert.deepEqual(await states('stateIN1,8'), ['1', '8']);
      assert.deepEqual(await states('stateNOT IN1,8'), ['2', '3', '6', '7']);
      assert.deepEqual(await states('assigned_toISEMPTY'), ['1']);
      assert.deepEqual(await states('close_codeISNOTEMPTY'), ['6', '7']);
    });

    it('knows LIKE, NOT LIKE, STARTSWITH and ENDSWITH, with the case of letters', async () => {
      const summaries = async (text: string): Promise<readonly string[]> => (await query('incident', text)).all.map((row) => String(row['short_description']));
      assert.deepEqual(await summaries('short_descriptionLIKEdoes not wake'), ['Laptop does not wake from sleep']);
      assert.deepEqual(await summaries('short_descriptionLIKEDOES NOT WAKE'), []);
      assert.equal((await summaries('short_descriptionNOT LIKEdoes not wake')).length, 39);
      assert.deepEqual(await summaries('short_descriptionSTARTSWITHLaptop'), ['Laptop does not wake from sleep']);
      assert.deepEqual(await summaries('short_descriptionSTARTSWITHdoes not wake'), []);
      assert.deepEqual(await summaries('short_descriptionENDSWITHdoes not wake'), []);
      assert.deepEqual(await summaries('short_descriptionENDSWITHsleep'), ['Laptop does not wake from sleep']);
    });

    it('compares times and numbers', async () => {
      const [oldest = '', , third = ''] = (await query('incident', 'ORDERBYopened_at')).all.map((row) => String(row['opened_at']));
      assert.equal((await numbers(`opened_at<${third}`)).length, 2);
      assert.equal((await numbers(`opened_at<=${third}`)).length, 3);
      assert.equal((await numbers(`opened_at>${oldest}`)).length, 39);
      assert.equal((await numbers('priority<=2')).length, (await numbers('priorityIN1,2')).length);
    });

    it('walks through references', async () => {
      const employee = company.personas[6];
      const found = (await query('incident', `caller_id.email=${employee?.upn ?? ''}`, '&sysparm_fields=caller_id.name')).all;
      assert.deepEqual(found, Array(3).fill({ 'caller_id.name': 'Nadia Petrov' }));
      assert.ok((await numbers('caller_id.manager.nameISNOTEMPTY')).length > 0);
    });

    it('binds ^OR to the condition before it, and ^NQ to nothing', async () => {
      const both = await numbers('state=7^ORstate=8^priority=5');
      assert.deepEqual(both, (await query('incident', 'stateIN7,8')).all.filter((row) => row['priority'] === '5').map((row) => row['number']));
      assert.equal((await numbers('state=7^priority=1^NQstate=8')).length, (await numbers('state=8')).length);
    });

    it('orders up and down, by several fields', async () => {
      const sorted = (await query('incident', 'ORDERBYstate^ORDERBYDESCnumber')).all.map((row) => `${String(row['state'])}${String(row['number'])}`);
      const expected = [...(await query('incident', '')).all]
        .sort((one, other) => Number(one['state']) - Number(other['state']) || String(other['number']).localeCompare(String(one['number'])))
        .map((row) => `${String(row['state'])}${String(row['number'])}`);
      assert.deepEqual(sorted, expected);
    });

    it('ignores what is no condition or names no field, so that the result grows', async () => {
      assert.equal((await numbers('caller=somebody')).length, 40);
      assert.equal((await numbers('state=8^nonsense')).length, 1);
    });

    it('lets a caret in a value start another condition: nothing can be escaped', async () => {
      assert.equal((await numbers('short_description=x^ORactive=true')).length, (await numbers('active=true')).length);
      assert.equal((await numbers('short_description=Dock broken^ORactive=true^NQsys_idISNOTEMPTY')).length, 40);
    });

    it('resolves javascript:gs.getUserID() to the integration user', async () => {
      assert.deepEqual(await numbers('opened_by=javascript:gs.getUserID()'), []);
      const { one } = await post({ short_description: 'mine' });
      assert.deepEqual(await numbers('opened_by=javascript:gs.getUserID()'), [one['number']]);
    });
  });

  describe('errors', () => {
    it('answers 400 for a table that does not exist, whatever the operation', async () => {
      for (const [method, path] of [['GET', '/incidents'], ['GET', '/incidents/x'], ['POST', '/__proto__'], ['PATCH', '/toString/x']] as const) {
        refused(await ask(service, method, base + path, { body: {} }), 400, `Invalid table ${path.split('/')[1] ?? ''}`, null);
      }
    });

    it('answers 403 for tables that the integration user may not list, and 404 for their records', async () => {
      refused(await get('/sys_properties'), 403, 'Insufficient rights to query records', null);
      refused(await query('discovery_credentials', 'active=true'), 403, 'Insufficient rights to query records', 'Field(s) present in the query do not have permission to be read');
      refused(await get('/sys_user_has_role/x'), 404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");
    });

    it('answers 403 for writing anything but incidents', async () => {
      const person = (await query('sys_user', 'active=true', '&sysparm_limit=1')).all[0]?.['sys_id'];
      refused(await ask(service, 'POST', `${base}/sys_user`, { body: { name: 'x' } }), 403, 'Operation Failed', 'ACL Exception Insert Failed due to security constraints');
      refused(await ask(service, 'PATCH', `${base}/sys_user/${String(person)}`, { body: { active: 'false' } }), 403, 'Operation Failed', 'ACL Exception Update Failed due to security constraints');
      refused(await ask(service, 'POST', `${base}/sys_journal_field`, { body: { value: 'x' } }), 403, 'Operation Failed', 'ACL Exception Insert Failed due to security constraints');
      assert.equal((await get(`/sys_user/${String(person)}`)).one['active'], 'true');
    });

    it('answers 404 for a record that is not there, a number among them', async () => {
      for (const id of ['0'.repeat(32), 'INC0010001', '__proto__']) {
        refused(await get(`/incident/${id}`), 404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");
        refused(await patch(id, { state: '2' }), 404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");
      }
    });

    it('answers 400 for a body that is no object and a version that is none', async () => {
      refused(await post(['x']), 400, 'Exception while reading request', 'The payload is not valid JSON.');
      refused(await ask(service, 'GET', '/api/now/v3/table/incident'), 400, 'Requested URI does not represent any resource', null);
    });
  });

  describe('creating', () => {
    it('fills in number, opener, times and defaults, and says where the record is', async () => {
      const caller = (await query('sys_user', 'name=Nadia Petrov')).all[0]?.['sys_id'];
      const { status, effect, one, headers } = await post({ short_description: 'No sound', caller_id: caller, urgency: 2, impact: 2, correlation_id: 'abc' });
      assert.deepEqual([status, effect], [201, true]);
      assert.equal(headers['location'], `${origin}${base}/incident/${String(one['sys_id'])}`);
      assert.match(one['sys_id'], sysId);
      const { number, state, incident_state, active, priority, category, short_description, opened_at, sys_created_on, sys_created_by, sys_mod_count, correlation_id } = one;
      assert.deepEqual(
        { number, state, incident_state, active, priority, category, short_description, opened_at, sys_created_on, sys_created_by, sys_mod_count, correlation_id },
        {
          number: 'INC0010041', state: '1', incident_state: '1', active: 'true', priority: '3', category: 'inquiry', short_description: 'No sound', opened_at: '2026-11-01 09:30:15',
          sys_created_on: '2026-11-01 09:30:15', sys_created_by: user, sys_mod_count: '0', correlation_id: 'abc',
        },
      );
      assert.equal(one['caller_id'].value, caller);
      assert.deepEqual((await get(`/incident/${String(one['sys_id'])}`)).one, one);
      assert.equal((await get('/incident?sysparm_limit=1')).headers['x-total-count'], '41');
    });

    it('ignores unknown and read-only fields without a word', async () => {
      const { status, one } = await post({ short_description: 'x', u_nonsense: 'y', number: 'INC0000001', sys_created_by: 'ceo', priority: '1', sys_id: 'a', opened_by: 'b', __proto__: { state: '7' } });
      assert.equal(status, 201);
      assert.equal('u_nonsense' in one, false);
      assert.deepEqual([one['number'], one['sys_created_by'], one['priority'], one['state']], ['INC0010041', user, '5', '1']);
      assert.match(one['sys_id'], sysId);
    });

    it('cuts a summary at 160 characters', async () => {
      assert.equal((await post({ short_description: 'x'.repeat(500) })).one['short_description'].length, 160);
    });

    it('takes names and labels with sysparm_input_display_value, and stores them as they are without', async () => {
      const body = { caller_id: 'Nadia Petrov', state: 'In Progress' };
      const named = (await post(body, '?sysparm_input_display_value=true&sysparm_display_value=true')).one;
      assert.deepEqual([named['caller_id'].display_value, named['state']], ['Nadia Petrov', 'In Progress']);
      assert.equal((await post(body, '?sysparm_exclude_reference_link=true')).one['caller_id'], 'Nadia Petrov');
    });
  });

  describe('changing', () => {
    it('counts the change, names its author, and keeps what was not sent', async () => {
      const before = await first('state=1^assigned_toISEMPTY');
      const agent = (await query('sys_user', 'name=Hanna Virtanen')).all[0]?.['sys_id'];
      const { status, effect, one } = await patch(before['sys_id'], { assigned_to: agent, state: '2' });
      assert.deepEqual([status, effect], [200, true]);
      assert.deepEqual([one['state'], one['incident_state'], one['assigned_to'].value], ['2', '2', agent]);
      assert.deepEqual([one['sys_updated_on'], one['sys_updated_by']], ['2026-11-01 09:30:15', user]);
      assert.equal(Number(one['sys_mod_count']), Number(before['sys_mod_count']) + 1);
      assert.equal(one['short_description'], before['short_description']);
      assert.deepEqual((await get(`/incident/${String(before['sys_id'])}`)).one, one);
    });

    it('is no effect when nothing changes', async () => {
      const before = await first('state=1');
      const { status, effect, one } = await patch(before['sys_id'], { state: '1', u_nonsense: 'x' });
      assert.deepEqual([status, effect], [200, false]);
      assert.deepEqual(one, before);
    });

    it('looks the priority up again when impact or urgency change', async () => {
      const { sys_id: id } = await first('state=1^priority=5');
      assert.equal((await patch(id, { impact: '1', urgency: '1' })).one['priority'], '1');
      assert.equal((await patch(id, { priority: '4' })).one['priority'], '1');
    });

    it('keeps comments and work notes in the journal; the field itself reads empty', async () => {
      const { sys_id: id } = await first('short_descriptionSTARTSWITHLaptop');
      const { effect, one } = await patch(id, { comments: 'A loan laptop is ready.' });
      assert.deepEqual([effect, one['comments']], [true, '']);
      now = new Date('2026-11-01T09:31:00Z');
      await patch(id, { work_notes: 'Loan laptop P1000199' });
      const entries = (await query('sys_journal_field', `element_id=${String(id)}^element=comments^ORDERBYDESCsys_created_on`)).all;
      assert.equal(entries.length, 3);
      const { element, value, name, sys_created_by, sys_created_on } = entries[0] ?? {};
      assert.deepEqual({ element, value, name, sys_created_by, sys_created_on }, {
        element: 'comments', value: 'A loan laptop is ready.', name: 'incident', sys_created_by: user, sys_created_on: '2026-11-01 09:30:15',
      });
      const shown = (await get(`/incident/${String(id)}?sysparm_display_value=true`)).one;
      assert.ok(shown['comments'].startsWith('2026-11-01 09:30:15 - Steward Integration (Additional comments)\nA loan laptop is ready.\n\n'));
      assert.ok(!shown['comments'].includes('P1000199'));
      assert.equal(shown['comments'].match(/\(Additional comments\)/g)?.length, 3);
      assert.ok(shown['comments_and_work_notes'].startsWith('2026-11-01 09:31:00 - Steward Integration (Work notes)\nLoan laptop P1000199\n\n'));
    });

    it('refuses to resolve or close without code and notes, by their labels, and changes nothing', async () => {
      const before = await first('state=2');
      const id = String(before['sys_id']);
      const detail = 'Data Policy Exception: The following fields are mandatory:';
      refused(await patch(id, { state: '6', comments: 'done' }), 403, 'Operation Failed', `${detail} Resolution code, Resolution notes`);
      refused(await patch(id, { state: '7', close_code: 'Solution provided' }), 403, 'Operation Failed', `${detail} Resolution notes`);
      // A code that this instance does not have is dropped, and then missing.
      refused(await patch(id, { state: '6', close_code: 'Solved (Permanently)', close_notes: 'done' }), 403, 'Operation Failed', `${detail} Resolution code`);
      assert.deepEqual((await get(`/incident/${id}`)).one, before);
      assert.equal((await query('sys_journal_field', `element_id=${id}^value=done`)).all.length, 0);
    });

    it('resolves, then closes, and says who and when', async () => {
      const { sys_id: id } = await first('state=2');
      const resolved = (await patch(id, { state: '6', close_code: 'Solution provided', close_notes: 'Replaced the cable.' })).one;
      assert.deepEqual([resolved['active'], resolved['resolved_at'], resolved['closed_at']], ['true', '2026-11-01 09:30:15', '']);
      now = new Date('2026-11-02T08:00:00Z');
      assert.equal((await patch(id, { close_notes: 'Replaced both cables.' })).one['resolved_at'], '2026-11-01 09:30:15');
      const closed = (await patch(id, { state: '7' }, '?sysparm_display_value=true')).one;
      assert.deepEqual([closed['active'], closed['resolved_at'], closed['closed_at']], ['false', '2026-11-01 09:30:15', '2026-11-02 08:00:00']);
      assert.deepEqual([closed['resolved_by'].display_value, closed['closed_by'].display_value], ['Steward Integration', 'Steward Integration']);
      assert.deepEqual([closed['incident_state'], closed['close_code']], ['Closed', 'Solution provided']);
    });

    it('drops a comment on a closed or cancelled incident with 200, and keeps one that comes with the closing', async () => {
      for (const state of ['7', '8']) {
        const before = await first(`state=${state}`);
        const { status, effect, one } = await patch(before['sys_id'], { comments: 'too late', work_notes: 'too late' });
        assert.deepEqual([status, effect], [200, false]);
        assert.deepEqual(one, before);
      }
      assert.equal((await query('sys_journal_field', 'value=too late')).all.length, 0);
      const { sys_id: id } = await first('state=2');
      await patch(id, { state: '7', close_code: 'Solution provided', close_notes: 'x', comments: 'in time' });
      assert.equal((await query('sys_journal_field', 'value=in time')).all.length, 1);
    });

    it('is undone by reset, new records and journal entries too', async () => {
      const dump = async (): Promise<unknown> => Promise.all(['incident', 'sys_journal_field'].map(async (table) => (await get(`/${table}`)).all));
      const before = await dump();
      const { one } = await post({ short_description: 'x', comments: 'y' });
      const entry = (await query('sys_journal_field', 'value=y')).all;
      await patch((await first('state=1'))['sys_id'], { state: '2', comments: 'z' });
      assert.notDeepEqual(await dump(), before);
      service.reset();
      assert.deepEqual(await dump(), before);
      assert.equal((await post({ short_description: 'again', comments: 'y' })).one['number'], one['number']);
      assert.deepEqual((await query('sys_journal_field', 'value=y')).all, entry);
    });
  });

  it('is on the wire with its own errors for what is not served, and marks effects in the journal', async () => {
    const journal = createJournal();
    const server = await mount({ service, journal, faults: createFaults(), issuer: createIssuer('tenant') });
    try {
      const call = async (method: string, path: string, body?: string): Promise<readonly [number, unknown]> => {
        const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers: { authorization: credentials }, ...(body !== undefined && { body }) });
        return [answer.status, await answer.json()];
      };
      const failed = (message: string): unknown => ({ error: { message, detail: null }, status: 'failure' });
      assert.deepEqual(await call('PUT', `${base}/incident/x`, '{}'), [405, failed('Method not supported')]);
      assert.deepEqual(await call('POST', `${base}/incident/x`, '{}'), [405, failed('Method not supported')]);
      assert.deepEqual(await call('GET', '/api/now/stats/incident/x/y'), [404, failed('Requested URI does not represent any resource')]);
      assert.equal((await call('POST', `${base}/incident`, '{'))[0], 400);
      assert.equal((await call('POST', `${base}/incident`, '{"short_description":"x"}'))[0], 201);
      assert.equal((await call('GET', `${base}/incident?sysparm_limit=1`))[0], 200);
      assert.deepEqual(journal.entries({ effect: true }).map(({ service: name, method, status }) => [name, method, status]), [['servicenow', 'POST', 201]]);
    } finally {
      await server.close();
    }
  });
});
