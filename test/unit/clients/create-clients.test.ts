import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { endpointsFor, scopeOf } from '../../../src/clients/clouds.ts';
import { clientsOf, cloud, newId, rejectsWith } from './support.ts';

/** Runs the child with an identity endpoint; resolves with what it printed. */
async function child(input: unknown, identity: { readonly endpoint: string; readonly header: string }): Promise<Record<string, unknown>> {
  const path = fileURLToPath(new URL('./managed-identity.child.ts', import.meta.url));
  const started = spawn(process.execPath, ['--import=tsx', path], { env: { PATH: process.env['PATH'], INPUT: JSON.stringify(input), IDENTITY_ENDPOINT: identity.endpoint, IDENTITY_HEADER: identity.header }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  started.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  started.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => started.once('close', resolve));
  assert.equal(code, 0, err);
  return JSON.parse(out) as Record<string, unknown>;
}

describe('clients', () => {
  it('prepare everything in the sandbox, and know the secrets they read', async () => {
    const { credentialFor, identities, vault } = await cloud();
    const clients = await clientsOf();
    assert.throws(() => clients.digestKey.digest('x'), { code: 'LEDGER_UNAVAILABLE' });
    await clients.prepare();
    const isKnown = (text: string): boolean => clients.secrets().some((secret) => secret.appearsIn(text));
    assert.ok(isKnown(`the key is ${vault.secret('ledger-digest-key') ?? 'missing'}.`));
    const { token } = await credentialFor(identities.keeper).getToken('https://vault.azure.net/.default');
    assert.equal(isKnown(`a key, ${token.slice(0, 30)}`), false, 'what nobody was given counts as known');
    assert(clients.digestKey.digest('x'));
    clients.close();
  });

  it('know whether the ledger is under legal hold: in Azure, or for the sake of somebody; and nobody knows while one can’t be asked', async () => {
    const { faults, storage } = await cloud();
    const clients = await clientsOf();
    await clients.prepare();
    storage.legalHolds.add('ledger');
    try {
      assert.equal(await clients.isLedgerHeld(), true);
    } finally {
      storage.legalHolds.clear();
    }
    const person = clients.digestKey.digest(randomUUID());
    await clients.records.hold(person);
    assert.equal(await clients.isLedgerHeld(), true);
    faults.post({ service: 'storage', kind: 'status', status: 403, method: 'GET' });
    await assert.rejects(clients.isLedgerHeld());
    faults.clear();
    await clients.records.release(person);
    clients.close();
  });

  it('do not write the latch: a missing one means killed', async () => {
    const { journal } = await cloud();
    const clients = await clientsOf();
    journal.clear();
    await clients.prepare();
    assert(!journal.entries().some(({ method, path }) => method !== 'GET' && path.includes('/latch')));
  });

  it('do not start with a role group that people could join', async () => {
    const { company } = await cloud();
    const clients = await clientsOf({ roleGroups: { ...company.groups, admin: newId().reveal() } });
    await rejectsWith(clients.prepare(), 'CONFIGURATION_INVALID');
  });

  it('work with managed identities, as in production', async () => {
    const { endpoints, caPem, tenantId, identities, company } = await cloud();
    const printed = await child({ endpoints, caPem, tenantId, identities, roleGroups: company.groups }, { endpoint: endpoints.identity, header: endpoints.identityHeader });
    assert.match(String(printed['digest']), /^[0-9a-f]{64}$/);
    assert.ok(Number(printed['secrets']) > 1, 'the tokens that it was given are not known');
  });

  it('do not wait for an identity endpoint that hangs, and ask none elsewhere', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/msi/token`;
    const [hanging, elsewhere] = await Promise.all([child({ probe: newId().reveal() }, { endpoint, header: 'h' }), child({ probe: newId().reveal() }, { endpoint: 'http://evil.example/msi/token', header: 'h' })]);
    silent.closeAllConnections();
    silent.close();
    assert.equal(hanging['code'], 'SYSTEM_UNAVAILABLE');
    assert(Number(hanging['tookMs']) < 6_500, `took ${String(hanging['tookMs'])} ms`);
    assert.equal(elsewhere['code'], 'SYSTEM_UNAVAILABLE');
    assert(Number(elsewhere['tookMs']) < 2_500);
  });
});

describe('clouds', () => {
  it('form hosts from names', () => {
    assert.deepEqual(endpointsFor('public', { vault: 'kv-steward', openai: 'aoai-steward', storage: 'ststeward1' }), {
      graph: 'https://graph.microsoft.com',
      vault: 'https://kv-steward.vault.azure.net',
      openai: 'https://aoai-steward.openai.azure.com',
      tables: 'https://ststeward1.table.core.windows.net',
      blobs: 'https://ststeward1.blob.core.windows.net',
      anchors: 'https://ststeward1.blob.core.windows.net',
      arm: 'https://management.azure.com',
      logic: {},
    });
    assert.equal(endpointsFor('public', { vault: 'kv-steward', openai: 'aoai-steward', storage: 'ststeward1', anchors: 'stsecurity' }).anchors, 'https://stsecurity.blob.core.windows.net');
    assert.throws(() => endpointsFor('public', { vault: 'kv-steward', openai: 'aoai-steward', storage: 'ststeward1', anchors: 'evil.example/' }), { code: 'CONFIGURATION_INVALID', message: /anchors/ });
    assert.equal(scopeOf('openai'), 'https://cognitiveservices.azure.com/.default');
  });

  it('take nothing for a name that could be another host', () => {
    for (const name of ['', 'evil.example/', 'a.b', 'a@b', 'a/b', 'a#', 'a?', 'ä', 'a b', 'x\n', '-a-', 'evil.example:1']) {
      assert.throws(() => endpointsFor('public', { vault: name, openai: name, storage: name }), { code: 'CONFIGURATION_INVALID', message: /vault, openai, storage/ }, name);
    }
  });

  it('forms a OneDrive host of a tenant alone, on the usual port', () => {
    const named = (oneDriveHost: string) => endpointsFor('public', { vault: 'kv-steward', openai: 'aoai-steward', storage: 'ststeward1', oneDriveHost }).oneDrive;
    assert.equal(named('Contoso-my.sharepoint.com'), 'https://contoso-my.sharepoint.com');
    for (const host of ['contoso.sharepoint.com', 'contoso-my.sharepoint.com.evil.example', 'evil.example/contoso-my.sharepoint.com', 'user@contoso-my.sharepoint.com', 'contoso-my.sharepoint.com:444', 'contoso-my.evil-my.sharepoint.com', 'contoso-mysharepoint.com', 'contoso-my.sharepointxcom', '-my.sharepoint.com', 'a\nb-my.sharepoint.com']) assert.throws(() => named(host), { code: 'CONFIGURATION_INVALID' }, host);
  });
});
