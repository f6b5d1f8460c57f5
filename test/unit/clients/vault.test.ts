import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { VaultDigestKey } from '../../../src/clients/digest-key.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { SecretValue, Vault } from '../../../src/clients/vault.ts';
import { cloud, handClock, rejectsWith } from './support.ts';

async function vaultOf() {
  const { endpoints, agent, identities, credentialFor, journal } = await cloud();
  const clock = handClock();
  journal.clear();
  const vault = new Vault({ endpoint: endpoints.vault, credential: credentialFor(identities.keeper), httpClient: createEgress({ allow: [endpoints.vault], agent }).httpClient, clock });
  return { vault, clock, reads: () => journal.entries({ service: 'vault' }).filter(({ status }) => status === 200).length };
}

describe('vault', () => {
  afterEach(async () => (await cloud()).faults.clear());

  it('reads once for all who ask, and again after ten minutes', async () => {
    const { vault, clock, reads } = await vaultOf();
    const [one, other] = await Promise.all([vault.read('ledger-digest-key'), vault.read('ledger-digest-key')]);
    assert.equal(one, other);
    clock.advance(599_999);
    await vault.read('ledger-digest-key');
    assert.equal(reads(), 1);
    clock.advance(1);
    await vault.read('ledger-digest-key');
    assert.equal(reads(), 2);
    assert.equal(vault.known().length, 1, 'the same value is known once');
  });

  it('tells a missing secret from a vault that does not answer', async () => {
    const { vault } = await vaultOf();
    const { faults } = await cloud();
    faults.post({ service: 'vault', kind: 'status', status: 404, times: 1 });
    assert.match((await rejectsWith(vault.read('servicenow-password'), 'CONFIGURATION_INVALID')).message, /servicenow-password/);
    await rejectsWith(vault.read('servicenow-password'), 'SYSTEM_UNAVAILABLE'); // not granted to the keeper
    faults.post({ service: 'vault', kind: 'reset' });
    await rejectsWith(vault.read('ledger-digest-key'), 'SYSTEM_UNAVAILABLE');
  });

  it('keys digests by the secret, and not before it was read', async () => {
    const { vault } = await vaultOf();
    const key = new VaultDigestKey(vault);
    assert.throws(() => key.digest('a'), { code: 'LEDGER_UNAVAILABLE' });
    await key.load();
    assert.match(key.digest('a'), /^[0-9a-f]{64}$/);
    assert.equal(key.digest('a'), key.digest('a'));
    assert.notEqual(key.digest('a'), key.digest('b'));
  });
});

describe('secret value', () => {
  const value = 'correct horse battery staple';
  const secret = new SecretValue(value);

  it('never prints', () => {
    for (const text of [String(secret), ['', secret].join(''), JSON.stringify({ secret }), inspect({ deep: { secret } }), inspect(secret, { showHidden: true, depth: 9 }), Object.entries(secret).join(), JSON.stringify(structuredClone(secret))]) {
      assert(!text.includes('horse'), text);
    }
  });

  it('is found in a text in any common encoding', () => {
    const bytes = Buffer.from(value);
    for (const form of [value, value.toUpperCase(), bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), encodeURIComponent(value), Buffer.from(`user:${value}`).toString('base64')]) {
      assert(secret.appearsIn(`… ${form} …`), form);
    }
    assert(!secret.appearsIn('a horse'));
  });
});
