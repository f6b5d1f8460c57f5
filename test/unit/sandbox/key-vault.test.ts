import assert from 'node:assert/strict';
import { constants, publicEncrypt, randomBytes, createPublicKey } from 'node:crypto';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
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

describe('sandbox key vault: the key that wraps', () => {
  const NAME = 'ledger-wrapping-key';
  const secret = randomBytes(32);

  const clientsOf = async (name: 'robot' | 'keeper'): Promise<{ readonly keys: KeyClient; readonly using: (key: KeyVaultKey | string) => CryptographyClient }> => {
    const { agent, credentialFor, endpoints, identities } = await sharedCloud();
    const options = { agent, retryOptions: { maxRetries: 0 } };
    return { keys: new KeyClient(endpoints.vault, credentialFor(identities[name]), options), using: (key) => new CryptographyClient(key, credentialFor(identities[name]), options) };
  };

  it('unwraps what it wrapped, and what the published key wrapped elsewhere', async () => {
    const { keys, using } = await clientsOf('keeper');
    const key = await keys.getKey(NAME);
    assert.deepEqual(key.keyOperations, ['wrapKey', 'unwrapKey']);
    const { result } = await using(key).wrapKey('RSA-OAEP-256', secret);
    assert.equal(result.length, 256);
    assert.deepEqual(Buffer.from((await using(key).unwrapKey('RSA-OAEP-256', result)).result), secret);
    assert(key.key?.n && key.key.e);
    const published = createPublicKey({ key: { kty: 'RSA', n: Buffer.from(key.key.n).toString('base64url'), e: Buffer.from(key.key.e).toString('base64url') }, format: 'jwk' });
    const elsewhere = publicEncrypt({ key: published, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, secret);
    assert.deepEqual(Buffer.from((await using(key).unwrapKey('RSA-OAEP-256', elsewhere)).result), secret);
  });

  it('takes nothing that another version wrapped, nonsense, or what is too long', async () => {
    const { vault } = await sharedCloud();
    const { keys, using } = await clientsOf('keeper');
    const older = await keys.getKey(NAME);
    const { result } = await using(older).wrapKey('RSA-OAEP-256', secret);
    vault.rotateKey(NAME);
    const newer = await keys.getKey(NAME);
    assert.notEqual(newer.id, older.id);
    for (const value of [result, Buffer.from('nonsense')]) assert.equal((await rejection(using(newer).unwrapKey('RSA-OAEP-256', value))).statusCode, 400);
    assert.equal((await rejection(using(newer).wrapKey('RSA-OAEP-256', Buffer.alloc(256)))).statusCode, 400);
    assert.deepEqual(Buffer.from((await using(older).unwrapKey('RSA-OAEP-256', result)).result), secret);
  });

  it('is for the keeper, who may not sign with it, and the signing key wraps nothing', async () => {
    const { agent, endpoints, identities } = await sharedCloud();
    const refused = await rejection((await clientsOf('robot')).keys.getKey(NAME));
    assert.equal(refused.statusCode, 403);
    // By hand: the SDK looks at what a key is for, and would not ask.
    const ask = async (name: string, operation: string, alg: string): Promise<{ status: number; body: string }> => {
      const { keys } = await clientsOf('keeper');
      const version = (await keys.getKey(name)).properties.version ?? '';
      const headers = { ...(await bearer(await sharedCloud(), identities.keeper, 'https://vault.azure.net')), 'content-type': 'application/json' };
      const answer = await raw(agent, `${endpoints.vault}/keys/${name}/${version}/${operation}?api-version=2025-07-01`, { method: 'POST', headers, body: JSON.stringify({ alg, value: secret.toString('base64url') }) });
      return { status: answer.status, body: answer.text };
    };
    const signed = await ask(NAME, 'sign', 'RS256');
    assert.equal(signed.status, 403);
    assert.match(signed.body, /ForbiddenByRbac/);
    const wrapped = await ask('ledger-signing-key', 'wrapkey', 'RSA-OAEP-256');
    assert.equal(wrapped.status, 403);
    assert.match(wrapped.body, /KeyOperationForbidden/);
    assert.equal((await ask(NAME, 'wrapkey', 'RSA1_5')).status, 400);
  });
});
