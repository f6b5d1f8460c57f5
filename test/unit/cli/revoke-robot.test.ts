/** The two scripts that take the robot's access away and put it back, with `az` played by a script that keeps a little Azure. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const infra = fileURLToPath(new URL('../../../infra/', import.meta.url));
const GROUP = 'rg steward prod';
const APP = 'steward-app';
const ROBOT = "robot's own";
const ID = `/subscriptions/s1/resourcegroups/${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${ROBOT}`;
const PRINCIPAL = '7b9c0e5a-0c11-4f6e-9d52-1f2e3d4c5b6a';
const roleIn = (subscription: string, name: string): string => `/subscriptions/${subscription}/resourceGroups/rg a/providers/Microsoft.Authorization/roleAssignments/${name}`;
const GRANTS = `https://graph.microsoft.com/v1.0/servicePrincipals/${PRINCIPAL}/appRoleAssignments`;

/**
 * Writes each call as one JSON line, and answers from what is there. `FAKE_FAIL` is a pattern: calls that match it fail.
 * In JavaScript, so that arguments with blanks arrive as they are.
 */
const AZ = `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path');
const args = process.argv.slice(2), home = process.env.FAKE_AZURE, line = args.join(' ');
fs.appendFileSync(path.join(home, 'calls'), JSON.stringify(args) + '\\n');
if (process.env.FAKE_FAIL && new RegExp(process.env.FAKE_FAIL).test(line)) { process.stderr.write('ERROR: (AuthorizationFailed) no\\n'); process.exit(1); }
const file = path.join(home, 'azure.json'), azure = JSON.parse(fs.readFileSync(file, 'utf8'));
const value = (name) => args[args.indexOf(name) + 1];
const say = (text) => process.stdout.write(text === '' ? '' : text + '\\n');
const fail = (text) => { process.stderr.write('ERROR: ' + text + '\\n'); process.exit(1); };
const one = () => /=='(.*)'\\]/.exec(value('--query'))[1];
if (line.startsWith('identity show')) {
  if (value('--name') !== azure.robot || value('--resource-group') !== azure.group) fail('(ResourceNotFound)');
  say(value('--query') === 'id' ? azure.id : azure.principal);
} else if (line.startsWith('webapp identity show')) say(azure.attached.join('\\n'));
else if (line.startsWith('webapp identity remove')) {
  const wanted = value('--identities').toLowerCase();
  if (!azure.attached.some((id) => id.toLowerCase() === wanted)) fail("'" + wanted + "' are not associated with 'app'");
  azure.attached = azure.attached.filter((id) => id.toLowerCase() !== wanted);
} else if (line.startsWith('webapp identity assign')) azure.attached.push(value('--identities'));
else if (line.startsWith('webapp restart')) azure.restarts += 1;
else if (line.startsWith('account list')) say(azure.subscriptions.join('\\n'));
else if (line.startsWith('role assignment list')) {
  const roles = azure.roles.filter(({ id }) => id.startsWith('/subscriptions/' + value('--subscription') + '/'));
  if (value('--assignee') !== azure.principal) fail('another principal');
  if (args.includes('json')) { const { body } = roles.find(({ id }) => id === one()); say(JSON.stringify(body)); } else say(roles.map(({ id }) => id).join('\\n'));
} else if (line.startsWith('role assignment delete')) azure.roles = azure.roles.filter(({ id }) => id !== value('--ids'));
else if (line.startsWith('rest')) {
  const method = value('--method'), url = value('--url'), body = () => JSON.parse(value('--body').startsWith('@') ? fs.readFileSync(value('--body').slice(1), 'utf8') : value('--body'));
  if (method === 'GET') { if (args.includes('json')) { const { body } = azure.grants.find(({ id }) => id === one()); say(JSON.stringify(body)); } else say(azure.grants.map(({ id }) => id).join('\\n')); }
  else if (method === 'DELETE') azure.grants = azure.grants.filter(({ id }) => !url.endsWith('/' + id));
  else if (method === 'PATCH') azure.enabled = body().accountEnabled;
  else if (method === 'POST') { if (azure.grants.some((grant) => JSON.stringify(grant.body) === JSON.stringify(body()))) fail('Permission being assigned already exists on the object'); azure.grants.push({ id: 'again' + azure.grants.length, body: body() }); }
  else if (method === 'PUT') { const id = url.slice('https://management.azure.com'.length).split('?')[0]; if (azure.roles.some((role) => role.id === id)) fail('(RoleAssignmentExists) it exists'); azure.roles.push({ id, body: body() }); }
} else fail('unknown: ' + line);
fs.writeFileSync(file, JSON.stringify(azure));
`;

interface Azure {
  readonly group: string;
  readonly robot: string;
  readonly id: string;
  readonly principal: string;
  readonly attached: readonly string[];
  readonly restarts: number;
  readonly enabled: boolean;
  readonly subscriptions: readonly string[];
  readonly roles: readonly { readonly id: string; readonly body: unknown }[];
  readonly grants: readonly { readonly id: string; readonly body: unknown }[];
}

const role = (subscription: string, name: string) => ({ id: roleIn(subscription, name), body: { properties: { roleDefinitionId: `/subscriptions/${subscription}/d/${name}`, principalId: PRINCIPAL, principalType: 'ServicePrincipal', condition: null, conditionVersion: null } } });
const grant = (id: string) => ({ id, body: { principalId: PRINCIPAL, resourceId: 'graph', appRoleId: `role of ${id}` } });
const KEEPER = '/subscriptions/s1/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/keeper';
const before: Azure = {
  group: GROUP, robot: ROBOT, id: ID, principal: PRINCIPAL, attached: [KEEPER, ID.replace('resourcegroups', 'resourceGroups')], restarts: 0, enabled: true, subscriptions: ['s1', 's2', 's3'],
  roles: [role('s1', 'aaa'), role('s1', 'bbb'), role('s3', 'ccc')], grants: [grant('g-1_x'), grant('g-2_y')],
};

describe('infra/revoke-robot.sh', function () {
  this.timeout(60_000);
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'steward-azure-'));
    writeFileSync(join(home, 'az'), AZ);
    chmodSync(join(home, 'az'), 0o755);
    writeFileSync(join(home, 'azure.json'), JSON.stringify(before));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const azure = (): Azure => JSON.parse(readFileSync(join(home, 'azure.json'), 'utf8'));
  const calls = (): readonly (readonly string[])[] => (existsSync(join(home, 'calls')) ? readFileSync(join(home, 'calls'), 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : []);
  const forget = (): void => rmSync(join(home, 'calls'), { force: true });
  const changes = (): readonly string[] => calls().map((call) => call.join(' ')).filter((call) => !/^(identity show|webapp identity show|account list|role assignment list|rest --method GET)/.test(call));
  const run = (script: string, words: readonly string[], fail = ''): Promise<{ readonly status: number; readonly out: string; readonly err: string }> =>
    new Promise((resolve) => {
      const child = execFile('bash', [join(infra, script), ...words], { cwd: home, env: { PATH: `${home}:/usr/bin:/bin`, FAKE_AZURE: home, FAKE_FAIL: fail } }, (_error, out, err) => resolve({ status: child.exitCode ?? -1, out, err }));
    });
  const revoke = (more: readonly string[] = ['--save', join(home, 'kept it')], fail = '') => run('revoke-robot.sh', [GROUP, APP, ROBOT, ...more], fail);
  const restore = (more: readonly string[] = [], fail = '') => run('restore-robot.sh', [GROUP, APP, ROBOT, join(home, 'kept it'), ...more], fail);

  const ORDER = [
    `webapp identity remove --resource-group ${GROUP} --name ${APP} --identities ${ID}`,
    `webapp restart --resource-group ${GROUP} --name ${APP}`,
    ...before.roles.map(({ id }) => `role assignment delete --ids ${id}`),
    ...before.grants.map(({ id }) => `rest --method DELETE --url ${GRANTS}/${id}`),
    `rest --method PATCH --url https://graph.microsoft.com/v1.0/servicePrincipals/${PRINCIPAL} --headers Content-Type=application/json --body {"accountEnabled":false}`,
  ];

  it('takes all of it away, the web app first, and nothing of the other identities', async () => {
    const { err, out, status } = await revoke();
    assert.deepEqual([status, err], [0, '']);
    assert.deepEqual(changes(), ORDER);
    assert.deepEqual(azure(), { ...before, attached: [KEEPER], restarts: 1, enabled: false, roles: [], grants: [] });
    assert.match(out, /The robot is revoked\. To put it back: infra\/restore-robot\.sh rg\\ steward\\ prod steward-app /);
  });

  it('hands names with blanks and quotation marks over as they are', async () => {
    await revoke();
    const [first] = calls();
    assert.deepEqual(first, ['identity', 'show', '--resource-group', GROUP, '--name', ROBOT, '--query', 'id', '--output', 'tsv']);
    assert.ok(calls().some((call) => call.includes('remove') && call.at(-1) === ID));
  });

  it('changes nothing and writes nothing in a dry run, and shows every command', async () => {
    const { out, status } = await revoke(['--dry-run']);
    assert.equal(status, 0);
    assert.deepEqual([changes(), azure()], [[], before]);
    assert.deepEqual(readdirSync(home).sort(), ['az', 'azure.json', 'calls']);
    assert.equal([...out.matchAll(/^would: .*\n {3}az .*$/gm)].length, ORDER.length);
    assert.match(out, /az webapp identity remove --resource-group rg\\ steward\\ prod --name steward-app/);
  });

  it('can be run again: what is gone already is no failure, and what was kept stays', async () => {
    await revoke();
    const kept = readdirSync(join(home, 'kept it'), { recursive: true });
    forget();
    const { err, out, status } = await revoke();
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /so already: the identity is not on the web app/);
    assert.deepEqual(changes().map((call) => call.split(' ').slice(0, 2).join(' ')), ['webapp restart', 'rest --method']);
    assert.deepEqual(readdirSync(join(home, 'kept it'), { recursive: true }), kept);
  });

  for (const [what, pattern, gone] of [
    ['taking it off the web app', '^webapp identity remove', { attached: before.attached }],
    ['looking at the web app', '^webapp identity show', {}],
    ['the restart', '^webapp restart', { restarts: 0 }],
    ['one role', 'role assignment delete .*/bbb$', { roles: [before.roles[1]] }],
    ['looking up the roles of one subscription', 'role assignment list .*--subscription s1', { roles: before.roles.slice(0, 2) }],
    ['looking up the subscriptions', '^account list', { roles: before.roles }],
    ['one permission', 'DELETE .*/g-1_x$', { grants: [before.grants[0]] }],
    ['looking up the permissions', '^rest --method GET', { grants: before.grants }],
    ['disabling the account', '^rest --method PATCH', { enabled: true }],
    ['keeping one role', "^role assignment list .*json.*aaa'", {}],
  ] as const) {
    it(`does all the rest when ${what} fails, says which, and ends with 1`, async () => {
      const { err, status } = await revoke(undefined, pattern);
      assert.equal(status, 1);
      assert.deepEqual(azure(), { ...before, attached: [KEEPER], restarts: 1, enabled: false, roles: [], grants: [], ...gone });
      assert.match(err, /^FAILED: /m);
      assert.match(err, /^1 step\(s\) failed\. The rest is done/m);
    });
  }

  it('changes nothing where there is no such identity', async () => {
    const { err, status } = await run('revoke-robot.sh', [GROUP, APP, 'rob']);
    assert.equal(status, 1);
    assert.match(err, /There is no identity rob in rg steward prod, or you may not see it\. Nothing was changed\./);
    assert.deepEqual([changes(), azure()], [[], before]);
  });

  for (const words of [[], [GROUP], [GROUP, APP], [GROUP, APP, ROBOT, 'more'], [GROUP, APP, ROBOT, '--force'], [GROUP, APP, ROBOT, '--save']]) {
    it(`ends with 2 and asks nothing when it is called with ${JSON.stringify(words)}`, async () => {
      assert.deepEqual([(await run('revoke-robot.sh', words)).status, calls()], [2, []]);
    });
  }

  describe('and restore-robot.sh', () => {
    it('puts back what was there, the web app last', async () => {
      await revoke();
      forget();
      const { err, out, status } = await restore();
      assert.deepEqual([status, err], [0, '']);
      const after = azure();
      assert.deepEqual({ ...after, attached: [...after.attached].map((id) => id.toLowerCase()), grants: after.grants.map(({ body }) => body), roles: [...after.roles] }, {
        ...before, restarts: 2, attached: before.attached.map((id) => id.toLowerCase()), grants: before.grants.map(({ body }) => body),
      });
      assert.deepEqual(changes().map((call) => call.split(' ').slice(0, 3).join(' ')), ['rest --method PATCH', 'rest --method POST', 'rest --method POST', 'rest --method PUT', 'rest --method PUT', 'rest --method PUT', 'webapp identity assign', 'webapp restart --resource-group']);
      assert.match(out, /The latch is as it was\./);
    });

    it('takes what is there already for done', async () => {
      await revoke();
      await restore();
      const { err, out, status } = await restore();
      assert.deepEqual([status, err], [0, '']);
      assert.equal([...out.matchAll(/^so already: /gm)].length, 5);
      assert.equal(azure().roles.length, 3);
    });

    it('changes nothing in a dry run', async () => {
      await revoke();
      const revoked = azure();
      const { out, status } = await restore(['--dry-run']);
      assert.deepEqual([status, azure(), [...out.matchAll(/^would: /gm)].length], [0, revoked, 8]);
    });

    it('does all the rest when a step fails, and ends with 1', async () => {
      await revoke();
      const { err, status } = await restore([], 'PUT .*/aaa');
      assert.equal(status, 1);
      assert.match(err, /AuthorizationFailed[\s\S]*FAILED: the role assignment aaa is made/);
      assert.deepEqual([azure().roles.length, azure().enabled, azure().attached.length], [2, true, 2]);
    });

    it('does not put the identity on a web app that did not have it', async () => {
      writeFileSync(join(home, 'azure.json'), JSON.stringify({ ...before, attached: [KEEPER] }));
      await revoke();
      await restore();
      assert.deepEqual(azure().attached, [KEEPER]);
    });

    it('refuses a folder that is none of its own', async () => {
      mkdirSync(join(home, 'kept it'));
      const { err, status } = await restore();
      assert.deepEqual([status, calls()], [1, []]);
      assert.match(err, /is not a folder that revoke-robot\.sh wrote/);
    });
  });
});
