import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { sharedCloud } from './shared-cloud.ts';

const get = async (query: Record<string, string>, header?: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const { endpoints } = await sharedCloud();
  const answer = await fetch(`${endpoints.identity}?${new URLSearchParams(query).toString()}`, { headers: { 'x-identity-header': header ?? endpoints.identityHeader } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('sandbox managed identity endpoint', function () {
  const version = { 'api-version': '2019-08-01' };

  it('echoes the resource and sends expires_on as text, as MSAL needs both', async () => {
    const { identities, tenantId } = await sharedCloud();
    const resource = 'https://storage.azure.com/';
    const { status, body } = await get({ ...version, resource, client_id: identities.robot });
    assert.equal(status, 200);
    assert.equal(body['resource'], resource);
    assert.equal(typeof body['expires_on'], 'string');
    const claims = decodeJwt(String(body['access_token']));
    assert.equal(claims.aud, 'https://storage.azure.com');
    assert.equal(claims.iss, `https://sts.windows.net/${tenantId}/`);
    assert.equal(claims['appid'], identities.robot);
    assert.equal(claims['tid'], tenantId);
  });

  it('refuses an unknown client id, no client id, an unknown resource and a wrong version with 400', async () => {
    const { identities } = await sharedCloud();
    const resource = 'https://graph.microsoft.com';
    const good = { ...version, resource, client_id: identities.keeper };
    for (const bad of [{ ...good, client_id: '1' }, { ...version, resource }, { ...good, resource: 'https://evil.example' }, { ...good, 'api-version': '2018-02-01' }]) {
      const { status, body } = await get(bad);
      assert.equal(status, 400, JSON.stringify(bad));
      assert.equal(body['statusCode'], 400);
      assert.equal(typeof body['correlationId'], 'string');
    }
  });

  it('refuses a wrong X-IDENTITY-HEADER', async () => {
    const { identities } = await sharedCloud();
    assert.equal((await get({ ...version, resource: 'https://graph.microsoft.com', client_id: identities.keeper }, 'guess')).status, 401);
  });
});
