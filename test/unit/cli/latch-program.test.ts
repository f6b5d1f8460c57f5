/** What an operator types, as a process: the real Azure CLI credential, `az` played by a script, hosts as in production. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCloud, type Cloud } from '../../../sandbox/cloud.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { ensureTables, openTables, type Tables } from '../../../src/clients/tables.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const REDIRECT = new URL('../../../bench/redirect.mjs', import.meta.url).href;

/** Answers as the Azure CLI does: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token */
const AZ = `#!/bin/sh
printf '%s\\n' "$*" >> "$FAKE_AZ/calls"
[ -f "$FAKE_AZ/error" ] && { cat "$FAKE_AZ/error" >&2; exit 1; }
cat "$FAKE_AZ/answer"
`;

describe('`npm run -s steward -- kill`', function () {
  this.timeout(60_000);
  let cloud: Cloud;
  let tables: Tables;
  let folder = '';
  let token = '';

  before(async () => {
    cloud = await startCloud({ seed: 9, company: () => ({ people: [], reset: () => undefined }) });
    const { agent, endpoints, identities } = cloud;
    tables = openTables({ endpoint: endpoints.tables, credential: cloud.credentialFor(identities.keeper), httpClient: createEgress({ allow: [endpoints.tables], agent }).httpClient });
    await ensureTables(tables);
    folder = mkdtempSync(join(tmpdir(), 'steward-az-'));
    writeFileSync(join(folder, 'az'), AZ);
    chmodSync(join(folder, 'az'), 0o755);
    writeFileSync(join(folder, 'ca.pem'), cloud.caPem);
    ({ token } = await cloud.credentialFor(identities.keeper).getToken('https://storage.azure.com/.default'));
  });
  after(async () => {
    await cloud?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (const name of ['calls', 'error']) rmSync(join(folder, name), { force: true });
    const inAnHour = Date.now() + 3_600_000;
    writeFileSync(join(folder, 'answer'), JSON.stringify({ accessToken: token, expiresOn: '2026-12-31 10:00:00.000000', expires_on: Math.floor(inAnHour / 1_000), subscription: 's', tenant: cloud.tenantId, tokenType: 'Bearer' }));
    await tables.latch.upsert('latch', 'latch', { level: 'full', epoch: 1n });
    await tables.latch.remove('latch', 'stopped');
  });

  const level = async () => (await tables.latch.read('latch', 'latch'))?.properties.get('level');
  const steward = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly out: string; readonly err: string }> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(cloud.endpoints.tables);
      const child = execFile(
        process.execPath,
        ['--import', REDIRECT, '--import', 'tsx', 'scripts/steward.ts', ...words],
        {
          cwd: root,
          env: {
            PATH: `${folder}:/usr/bin:/bin`,
            FAKE_AZ: folder,
            BENCH_REDIRECT: JSON.stringify({ [`${hostname}:443`]: Number(port) }),
            NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
            STEWARD_STORAGE_ACCOUNT: hostname.split('.')[0] ?? '',
            STEWARD_TENANT_ID: cloud.tenantId,
            ...environment,
          },
        },
        (_error, out, err) => resolve({ status: child.exitCode ?? -1, out, err }),
      );
    });

  it('kills with the login of the Azure CLI, asked once for storage in that tenant', async () => {
    const { err, out, status } = await steward(['kill', 'all', '--reason', 'three in the morning']);
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /^Everything is stopped/);
    assert.equal(await level(), 'off');
    assert.equal(readFileSync(join(folder, 'calls'), 'utf8'), `account get-access-token --output json --resource https://storage.azure.com --tenant ${cloud.tenantId}\n`);
  });

  it('takes the deployment from options, and prints one JSON document', async () => {
    const { hostname } = new URL(cloud.endpoints.tables);
    const { out, status } = await steward(['kill', 'model', '--json', '--account', hostname.split('.')[0] ?? '', '--tenant', cloud.tenantId], { STEWARD_STORAGE_ACCOUNT: '', STEWARD_TENANT_ID: '' });
    assert.equal(status, 0);
    const { by, ...rest } = JSON.parse(out);
    assert.deepEqual(rest, { done: true, stopped: { scope: 'model' }, outcome: 'done', account: hostname.split('.')[0] });
    assert.equal(typeof by, 'string');
    assert.equal((await tables.latch.read('latch', 'stopped'))?.properties.get('stopped'), 'model');
    assert.equal(await level(), 'full');
  });

  it('tells how Steward stands', async () => {
    const { out, status } = await steward(['status']);
    assert.equal(status, 0);
    assert.match(out, /^Latch {5}full, without a seal/);
    assert.equal(await level(), 'full');
  });

  const troubles: Readonly<Record<string, readonly [environment: Readonly<Record<string, string>>, error: string | undefined, sentence: RegExp]>> = {
    'there is no Azure CLI': [{ PATH: '/nonexistent' }, undefined, /^steward: the Azure CLI is not there: /],
    'nobody is signed in': [{}, "ERROR: Please run 'az login' to setup account.\n", /^steward: you are not signed in to Azure: az login --tenant [0-9a-f-]+\n/],
    'the login has to be made again': [{}, 'ERROR: AADSTS700082: The refresh token has expired due to inactivity. secret-trace\nInteractive authentication is needed. Please run:\naz login --tenant t --scope https://storage.azure.com/.default\n', /^steward: you are not signed in to Azure: az login/],
    'there is no such tenant': [{}, 'ERROR: AADSTS90002: Tenant secret-trace not found.\n', /^steward: the Azure CLI gave no token for that tenant\./],
    'there is no such account': [{ STEWARD_STORAGE_ACCOUNT: 'nosuchaccount' }, undefined, /^steward: there is no storage account nosuchaccount, or this machine can’t look up its name\.\n/],
  };
  for (const [when, [environment, error, sentence]] of Object.entries(troubles)) {
    it(`says it in one sentence when ${when}, and how it is done by hand`, async () => {
      if (error !== undefined) writeFileSync(join(folder, 'error'), error);
      const { err, out, status } = await steward(['kill', 'all'], environment);
      assert.deepEqual([status, out], [1, '']);
      assert.match(err, sentence);
      assert.match(err, /\nBy hand: Azure portal, storage account \w+, Storage browser, Tables, latch, the row latch: set level to off, or delete the row\. docs\/stopping\.md\n$/);
      assert.equal(err.split('\n').length, 3);
      assert.doesNotMatch(err, /secret-trace|AADSTS|eyJ/);
      assert.ok(!err.includes(token.slice(0, 20)));
      assert.equal(await level(), 'full');
    });
  }

  it('ends with 2 for what is typed wrongly, and does not ask for a login', async () => {
    const { status } = await steward(['kill', 'everything']);
    assert.equal(status, 2);
    assert.equal(existsSync(join(folder, 'calls')), false);
  });
});
