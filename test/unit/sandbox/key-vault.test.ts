import assert from 'node:assert/strict';
import { SecretClient } from '@azure/keyvault-secrets';
import { bearer, raw, rejection, sharedCloud } from './shared-cloud.ts';

const clientFor = async (name: 'robot' | 'keeper' | 'channel'): Promise<SecretClient> => {
  const cloud = await sharedCloud();
  // Challenge resource verification stays on: the host name is a production one.
  return new SecretClient(cloud.endpoints.vault, cloud.credentialFor(cloud.identities[name]), { agent: cloud.agent, retryOptions: { maxRetries: 0 } });
};

describe('sandbox key vault', function () {

  it('answers the challenge flow of SecretClient', async () => {
    const cloud = await sharedCloud();
    const secret = await (await clientFor('keeper')).getSecret('ledger-digest-key');
    assert.equal(secret.value, cloud.vault.secret('ledger-digest-key'));
    assert.match(secret.properties.id ?? '', /^https:\/\/steward-sandbox\.vault\.azure\.net:\d+\/secrets\/ledger-digest-key\/[0-9a-f]{32}$/);
    const unauthorised = await raw(cloud.agent, `${cloud.endpoints.vault}/secrets/ledger-digest-key?api-version=7.4`);
    assert.equal(unauthorised.status, 401);
    assert.match(unauthorised.headers['www-authenticate'] ?? '', /^Bearer authorization="https:\/\/login\.microsoftonline\.com\/[^"]+", resource="https:\/\/vault\.azure\.net"$/);
  });

  it('keeps versions, refuses disabled ones and lists them', async () => {
    const client = await clientFor('robot');
    const first = await client.setSecret('rotated', 'first-value', { contentType: 'text/plain', tags: { a: 'b' } });
    await client.setSecret('rotated', 'second-value');
    assert.equal((await client.getSecret('rotated')).value, 'second-value');
    const version = first.properties.version ?? '';
    assert.equal((await client.getSecret('rotated', { version })).value, 'first-value');
    const updated = await client.updateSecretProperties('rotated', version, { enabled: false });
    assert.equal(updated.enabled, false);
    const refused = await rejection(client.getSecret('rotated', { version }));
    assert.equal(refused.statusCode, 403);
    const versions = [];
    for await (const properties of client.listPropertiesOfSecretVersions('rotated')) versions.push(properties.enabled);
    assert.deepEqual(versions, [false, true]);
  });

  it('refuses an identity without a grant on exactly that secret', async () => {
    const cases = [
      ['channel', 'ledger-digest-key'],
      ['robot', 'ledger-digest-key'],
      ['keeper', 'servicenow-password'],
      ['keeper', 'nothing-there'],
    ] as const;
    for (const [identity, name] of cases) {
      const refused = await rejection((await clientFor(identity)).getSecret(name));
      assert.equal(refused.statusCode, 403, `${identity} ${name}`);
      assert.equal(refused.code, 'Forbidden');
    }
    assert.equal((await rejection((await clientFor('keeper')).setSecret('ledger-digest-key', 'x'))).statusCode, 403);
  });

  it('answers 404 SecretNotFound for a version that does not exist', async () => {
    const refused = await rejection((await clientFor('keeper')).getSecret('ledger-digest-key', { version: '0'.repeat(32) }));
    assert.equal(refused.statusCode, 404);
    assert.equal(refused.code, 'SecretNotFound');
  });

  it('refuses tokens with another audience, and forged ones', async () => {
    const cloud = await sharedCloud();
    const url = `${cloud.endpoints.vault}/secrets/ledger-digest-key?api-version=7.4`;
    const wrongAudience = await bearer(cloud, cloud.identities.keeper, 'https://graph.microsoft.com');
    assert.equal((await raw(cloud.agent, url, { headers: wrongAudience })).status, 401);
    const { authorization } = await bearer(cloud, cloud.identities.keeper, 'https://vault.azure.net');
    assert.equal((await raw(cloud.agent, url, { headers: { authorization } })).status, 200);
    const [head, claims, signature = ''] = authorization.split('.');
    const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    assert.equal((await raw(cloud.agent, url, { headers: { authorization: forged } })).status, 401);
  });

  it('never writes a secret value into the journal, whoever sent it', async () => {
    const cloud = await sharedCloud();
    const client = await clientFor('robot');
    await client.setSecret('rotated', 'a-very-plain-value');
    await raw(cloud.agent, `${cloud.endpoints.graph}/v1.0/users?$filter=a-very-plain-value`, { headers: await bearer(cloud, cloud.identities.robot, 'https://graph.microsoft.com') });
    const text = JSON.stringify(cloud.journal.entries());
    assert.ok(text.includes('/secrets/rotated'));
    assert.ok(!text.includes('a-very-plain-value'));
    assert.ok(!/eyJ[\w-]+\./.test(text));
  });
});
