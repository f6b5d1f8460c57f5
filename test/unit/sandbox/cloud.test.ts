import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { guidFromSeed } from '../../../sandbox/identifiers.ts';
import { raw, sharedCloud, startTestCloud } from './shared-cloud.ts';

describe('sandbox cloud', function () {

  it('serves production code with real SDKs and lets the process end by itself', async () => {
    const child = fileURLToPath(new URL('production-path.child.ts', import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child], { timeout: 15_000 });
    const outcome = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(
      { ...outcome, stranger: String(outcome['stranger']).includes('No User Assigned or Delegated Managed Identity found') },
      {
        secretIsRight: true,
        secretIsInJournal: false,
        level: 'full',
        blob: 'one\n',
        cached: true,
        graphTokensIssued: 1,
        stranger: true,
        identities: [null, outcome['keeper']], // null: Key Vault's first request comes without a token
        keeper: outcome['keeper'],
      },
    );
    assert.equal(stderr, '');
  });

  it('gives the same ids for the same seed', async () => {
    const { tenantId, identities } = await sharedCloud();
    assert.equal(tenantId, guidFromSeed(7, 'tenant'));
    assert.match(tenantId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(new Set(Object.values(identities)).size, 4);
  });

  it('accepts tokens of another cloud with the same seed, since MSAL caches them for the process', async () => {
    const [one, other] = [await startTestCloud(), await startTestCloud()];
    try {
      const { token } = await one.credentialFor(one.identities.keeper).getToken('https://vault.azure.net/.default');
      const answer = await raw(other.agent, `${other.endpoints.vault}/secrets/ledger-digest-key?api-version=7.4`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
  });

  it('serves a ServiceNow instance that is handed in, with its password from the vault, and says whose credentials came', async () => {
    const seen: string[] = [];
    let resets = 0;
    const cloud = await startTestCloud({
      servicenow: ({ servicenowUser, servicenowPassword }) => {
        seen.push(servicenowUser, servicenowPassword);
        return {
          name: 'servicenow',
          handlers: [{ method: 'GET', path: '/api/now/table/:table', handle: ({ params }) => ({ status: 200, body: { result: params['table'] } }) }],
          error: (_status, _code, message) => ({ error: { message, detail: null }, status: 'failure' }),
          reset: () => void (resets += 1),
        };
      },
    });
    try {
      const [user = '', password = ''] = seen;
      assert.equal(cloud.vault.secret('servicenow-password'), password);
      assert.notEqual(password, '');
      assert.equal(new URL(cloud.endpoints.servicenow).hostname, 'haldenworks.service-now.com');
      const ask = (secret: string) => raw(cloud.agent, `${cloud.endpoints.servicenow}/api/now/table/incident?sysparm_query=${password}`, { headers: { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` } });
      assert.deepEqual((await ask(password)).json, { result: 'incident' });
      await ask('guess');
      assert.deepEqual(cloud.journal.entries({ service: 'servicenow' }).map(({ identity }) => identity), [user, null]);
      assert.doesNotMatch(JSON.stringify(cloud.journal.entries()), new RegExp(password));
      await cloud.reset();
      assert.equal(resets, 1);
    } finally {
      await cloud.stop();
    }
  });

  it('has Resource Manager, workflows and ServiceNow behind production names, whether or not anything answers there', async () => {
    const { agent, endpoints } = await sharedCloud();
    for (const url of [endpoints.arm, ...Object.values(endpoints.logic), endpoints.servicenow]) {
      assert.match(url, /^https:\/\/[a-z0-9.-]+\.(?:azure|service-now)\.com:\d+$/);
      assert.ok((await raw(agent, `${url}/`)).status >= 400, url);
    }
  });

  it('resets company, vault and faults, then calls the hooks in order', async () => {
    const calls: string[] = [];
    const cloud = await startTestCloud({ company: () => ({ people: [], reset: () => void calls.push('company') }) });
    try {
      const before = cloud.vault.secret('ledger-digest-key');
      cloud.vault.setSecret('ledger-digest-key', 'rotated-value');
      cloud.faults.post({ service: 'graph', kind: 'status' });
      cloud.onReset(async () => void calls.push('stores'));
      cloud.onReset(() => void calls.push('latch'));
      await cloud.reset();
      assert.deepEqual(calls, ['company', 'stores', 'latch']);
      assert.equal(cloud.vault.secret('ledger-digest-key'), before);
      assert.deepEqual(cloud.faults.list(), []);
      assert.deepEqual(cloud.journal.entries(), []);
    } finally {
      await cloud.stop();
    }
  });

  it('stops while requests hang, and twice', async () => {
    const cloud = await startTestCloud();
    cloud.faults.post({ service: 'identity', kind: 'hang' });
    const hanging = fetch(cloud.endpoints.identity).then(() => 'answered', () => 'cut');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await cloud.stop();
    await cloud.stop();
    assert.equal(await hanging, 'cut');
  });
});
