import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { open, seal } from '../../../src/audit/sealed.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { PersonKeyRows, type KeyRow } from '../../../src/clients/person-key-rows.ts';
import { TablePersonKeys, WRAPPING_KEY } from '../../../src/clients/person-keys.ts';
import type { Properties, Row, Table } from '../../../src/clients/tables.ts';
import type { Clock } from '../../../src/clock.ts';
import { clientsOf, cloud, handClock, rejectsWith, tablesOf, until } from './support.ts';

const MINUTES = 60_000;
const sealKey = { digest: (value: string): string => createHmac('sha256', 'a key of tests').update(value).digest('hex') };
const newPerson = (): string => randomBytes(32).toString('hex');

interface Instance {
  readonly keys: TablePersonKeys;
  readonly table: Table;
  readonly rows: PersonKeyRows;
  /** As when the notice of it was written. */
  readonly erase: (person: string) => Promise<string>;
}

/** Two calls are two instances: nothing is shared in the process. */
async function instance(options: { readonly clock?: Clock; readonly identity?: 'keeper' | 'robot'; readonly mostHeld?: number } = {}): Promise<Instance> {
  const { clock = systemClock, identity = 'keeper', mostHeld } = options;
  const { agent, credentialFor, endpoints, identities } = await cloud();
  const { httpClient } = createEgress({ allow: [endpoints.vault], agent });
  const table = (await tablesOf()).personkeys;
  const rows = new PersonKeyRows(table, sealKey);
  const keys = new TablePersonKeys({ endpoint: endpoints.vault, credential: credentialFor(identities[identity]), httpClient, rows, clock, ...(mostHeld !== undefined && { mostHeld }) });
  const erase = async (person: string): Promise<string> => {
    const before = await keys.erase(person);
    const row = await rows.read(person);
    if (row !== undefined) await keys.noticed(person, row.value.id);
    return before;
  };
  return { table, rows, keys, erase };
}

async function rowOf(table: Table, person: string): Promise<Row> {
  const row = await table.read(person.slice(0, 2), person);
  assert(row);
  return row;
}

/** How often the vault did an operation since the journal was cleared. */
const askedOf = async (operation: string): Promise<number> => (await cloud()).journal.entries({ service: 'vault' }).filter(({ path, status }) => path.endsWith(`/${operation}`) && status === 200).length;

describe('the keys of people', () => {
  beforeEach(async () => (await cloud()).journal.clear());
  afterEach(async () => (await cloud()).faults.clear());

  it('are the same the second time, without asking anybody, and the same for another instance', async () => {
    const { journal } = await cloud();
    const [{ keys, table }, other, person] = [await instance(), await instance(), newPerson()];
    const key = await keys.keyOf(person);
    assert.equal(key.secret.length, 32);
    assert.match(key.id, /^[\w-]{16}$/);
    journal.clear();
    assert.equal((await keys.keyOf(person)).secret, key.secret);
    assert.equal(journal.entries().length, 0);
    const again = await other.keys.keyOf(person);
    assert.deepEqual([again.person, again.id, again.secret], [person, key.id, key.secret]);
    assert.deepEqual(open(seal(key, 'target', { name: 'Maria' }), again.secret), { name: 'Maria' });
    const { properties } = await rowOf(table, person);
    assert.match(String(properties.get('wrappedBy')), new RegExp(`^${WRAPPING_KEY}/[0-9a-f]{32}$`));
    assert.equal(Buffer.from(String(properties.get('wrapped')), 'base64url').length, 256);
    assert.notDeepEqual((await keys.keyOf(newPerson())).secret, key.secret);
  });

  it('show in nothing that is printed', async () => {
    const { keys, table } = await instance();
    const person = newPerson();
    const key = await keys.keyOf(person);
    const printed = [inspect(key, { depth: Infinity, showHidden: true }), JSON.stringify(key), JSON.stringify((await cloud()).journal.entries()), inspect(await rowOf(table, person), { depth: Infinity })].join('\n');
    for (const form of ['hex', 'base64', 'base64url'] as const) assert.ok(!printed.includes(key.secret.toString(form)), form);
  });

  it('are one key for a new person whom two instances ask for twenty times at once', async () => {
    const instances = [await instance(), await instance()];
    const person = newPerson();
    const found = await Promise.all(Array.from({ length: 20 }, (_, index) => instances[index % 2]!.keys.keyOf(person)));
    assert.equal(new Set(found.map(({ id, secret }) => `${id} ${secret.toString('hex')}`)).size, 1);
    assert.ok((await askedOf('wrapkey')) <= 2, 'one for each instance');
    assert.equal((await rowOf(instances[0]!.table, person)).properties.get('id'), found[0]?.id);
  });

  it('survive the rotation of the key that wraps them, and its expiry', async () => {
    const { vault } = await cloud();
    const clock = handClock();
    const { keys, table } = await instance({ clock });
    const people = [newPerson(), newPerson(), newPerson()] as const;
    const first = await keys.keyOf(people[0]);
    vault.expireKey(WRAPPING_KEY);
    try {
      assert.deepEqual((await (await instance()).keys.keyOf(people[0])).secret, first.secret);
      await rejectsWith((await instance()).keys.keyOf(people[1]), 'LEDGER_UNAVAILABLE');
    } finally {
      vault.rotateKey(WRAPPING_KEY);
    }
    assert.deepEqual((await (await instance()).keys.keyOf(people[0])).secret, first.secret);
    clock.advance(10 * MINUTES);
    await keys.keyOf(people[1]);
    const by = async (person: string): Promise<unknown> => (await rowOf(table, person)).properties.get('wrappedBy');
    assert.notEqual(await by(people[1]), await by(people[0]));
    assert.deepEqual((await keys.keyOf(people[0])).secret, first.secret);
  });

  it('are wrapped by a new version at once where the one in use is refused', async () => {
    const { vault } = await cloud();
    const { keys } = await instance({ clock: handClock() });
    await keys.keyOf(newPerson());
    vault.expireKey(WRAPPING_KEY);
    const person = newPerson();
    await rejectsWith(keys.keyOf(person), 'LEDGER_UNAVAILABLE');
    vault.rotateKey(WRAPPING_KEY);
    assert.equal((await keys.keyOf(person)).person, person);
  });

  it('once erased are gone from storage, and the next one is another', async () => {
    const { erase, keys, table } = await instance();
    const person = newPerson();
    const old = await keys.keyOf(person);
    const sealed = seal(old, 'target', { name: 'Maria' });
    const wrapped = String((await rowOf(table, person)).properties.get('wrapped'));
    assert.equal(await erase(person), 'kept');
    const erased = await rowOf(table, person);
    assert.deepEqual([erased.properties.get('wrapped'), erased.properties.get('wrappedBy')], ['', '']);
    assert.ok(Date.parse(String(erased.properties.get('erasedAt'))) > 0);
    assert.equal(await keys.erase(person), 'erased', 'there was none any more');
    const next = await keys.keyOf(person);
    assert.notEqual(next.id, old.id);
    assert.equal(open(sealed, next.secret), undefined);
    const { properties } = await rowOf(table, person);
    assert.equal(properties.get('id'), next.id);
    assert.ok(properties.get('erasedAt') === '' && !JSON.stringify([...properties]).includes(wrapped));
    assert.deepEqual((await (await instance()).keys.keyOf(person)).secret, next.secret);
    assert.equal(await keys.erase(newPerson()), 'none');
  });

  it('that replace an erased one are one key, whoever races', async () => {
    const instances = [await instance(), await instance()];
    const person = newPerson();
    await instances[0]!.keys.keyOf(person);
    await instances[0]!.erase(person);
    const found = await Promise.all(instances.map(({ keys }) => keys.keyOf(person)));
    assert.equal(found[0]?.id, found[1]?.id);
  });

  it('go out of use within ten minutes where another instance erased them', async () => {
    const clock = handClock();
    const [{ keys }, other, person] = [await instance({ clock }), await instance(), newPerson()];
    const old = await keys.keyOf(person);
    await other.erase(person);
    clock.advance(10 * MINUTES - 1);
    assert.equal((await keys.keyOf(person)).id, old.id);
    clock.advance(1);
    assert.notEqual((await keys.keyOf(person)).id, old.id);
  });

  it('that are erased while they are being read are not kept', async () => {
    const { faults } = await cloud();
    const [{ erase, keys }, other, person] = [await instance(), await instance(), newPerson()];
    const old = await other.keys.keyOf(person);
    faults.post({ service: 'vault', kind: 'delay', delayMs: 1_500, path: 'unwrapkey', times: 1 });
    const reading = keys.keyOf(person);
    await until(async () => faults.list().length === 0);
    assert.equal(await erase(person), 'kept');
    assert.equal((await reading).id, old.id, 'it was read before');
    assert.notEqual((await keys.keyOf(person)).id, old.id);
  });

  it('that are read while the erased row is being written are not kept either', async () => {
    const { faults } = await cloud();
    const [{ erase, keys }, person] = [await instance(), newPerson()];
    const old = await keys.keyOf(person);
    faults.post({ service: 'storage', kind: 'delay', delayMs: 1_500, method: 'PUT', path: 'personkeys', times: 1 });
    const erasing = erase(person);
    await until(async () => faults.list().length === 0);
    assert.equal((await keys.keyOf(person)).id, old.id, 'it was still there');
    assert.equal(await erasing, 'kept');
    assert.notEqual((await keys.keyOf(person)).id, old.id);
  });

  it('are held in a bounded number', async () => {
    const { keys } = await instance({ mostHeld: 2 });
    const people = [newPerson(), newPerson(), newPerson()];
    for (const person of people) await keys.keyOf(person);
    (await cloud()).journal.clear();
    for (const person of people.slice(1)) await keys.keyOf(person);
    assert.equal(await askedOf('unwrapkey'), 0);
    await keys.keyOf(people[0]!);
    assert.equal(await askedOf('unwrapkey'), 1);
  });

  it('are not there while the vault refuses; nothing is written or kept, and no error holds what was asked', async () => {
    const { faults } = await cloud();
    const [{ keys, table }, other, person] = [await instance(), await instance(), newPerson()];
    for (const fault of [{ kind: 'status', status: 403 }, { kind: 'status', status: 503 }, { kind: 'reset' }, { kind: 'body', status: 200, body: { kid: 'x', value: '' } }] as const) {
      faults.post({ service: 'vault', path: '/wrapkey', ...fault });
      const error = await rejectsWith(keys.keyOf(person), 'LEDGER_UNAVAILABLE');
      assert.doesNotMatch(inspect(error, { depth: Infinity, showHidden: true }), /RSA-OAEP|request/i);
      assert.equal(await table.read(person.slice(0, 2), person), undefined, JSON.stringify(fault));
      faults.clear();
    }
    const key = await keys.keyOf(person);
    faults.post({ service: 'vault', kind: 'body', body: { kid: 'x', value: key.secret.subarray(1).toString('base64url') }, path: 'unwrapkey', times: 1 });
    faults.post({ service: 'vault', kind: 'status', status: 403, path: 'unwrapkey' });
    for (let times = 0; times < 2; times += 1) {
      const error = await rejectsWith(other.keys.keyOf(person), 'LEDGER_UNAVAILABLE');
      assert.doesNotMatch(inspect(error, { depth: Infinity, showHidden: true }), new RegExp(`RSA-OAEP|request|${key.secret.subarray(3, 30).toString('base64url')}`, 'i'));
    }
    faults.clear();
    assert.deepEqual((await other.keys.keyOf(person)).secret, key.secret);
  });

  it('are not there while storage is away, nor for another identity than the keeper', async () => {
    const { faults } = await cloud();
    const robot = await instance({ identity: 'robot' });
    await rejectsWith(robot.keys.keyOf(newPerson()), 'LEDGER_UNAVAILABLE');
    const { keys } = await instance();
    const person = newPerson();
    await keys.keyOf(person);
    faults.post({ service: 'storage', kind: 'status', status: 403, path: 'personkeys' });
    await rejectsWith((await instance()).keys.keyOf(person), 'LEDGER_UNAVAILABLE');
    await rejectsWith(keys.erase(person), 'LEDGER_UNAVAILABLE');
    await rejectsWith(keys.keyOf('../latch'), 'LEDGER_UNAVAILABLE');
  });

  const good = async (): Promise<KeyRow> => {
    const { keys, rows } = await instance();
    const model = newPerson();
    await keys.keyOf(model);
    return (await rows.read(model))?.value ?? assert.fail('no row');
  };

  it('are not made anew where a row holds nonsense, which can be erased all the same', async () => {
    const { erase, keys, rows } = await instance();
    const row = await good();
    const nonsense: KeyRow[] = [
      { ...row, id: '' },
      { ...row, wrapped: '' },
      { ...row, wrapped: 'not base64!' },
      { ...row, wrapped: 'AAAA' },
      { ...row, wrapped: `${row.wrapped.startsWith('A') ? 'B' : 'A'}${row.wrapped.slice(1)}` },
      { ...row, wrappedBy: row.wrappedBy.replace('wrapping', 'signing') },
      { ...row, wrappedBy: `${WRAPPING_KEY}/${'0'.repeat(32)}` },
      { ...row, wrappedBy: `../secrets/ledger-digest-key` },
      { ...row, erasedAt: '2026-11-22T10:00:00.000Z' },
    ];
    for (const each of nonsense) {
      const person = newPerson();
      assert.ok(await rows.write(person, each, undefined));
      await rejectsWith(keys.keyOf(person), 'LEDGER_UNAVAILABLE');
      assert.deepEqual((await rows.read(person))?.value, each, 'it was changed');
      assert.equal(await erase(person), 'kept');
      assert.match((await keys.keyOf(person)).id, /^[\w-]{16}$/);
    }
  });

  it('are not taken from a row that somebody else wrote, who can neither plant one, swap two, lift a hold, nor have one erased or made anew', async () => {
    const { keys, rows, table } = await instance();
    const [one, other] = [newPerson(), newPerson()];
    await keys.keyOf(one);
    await keys.keyOf(other);
    await keys.hold(other);
    const [ofOne, ofOther] = [(await rowOf(table, one)).properties, (await rowOf(table, other)).properties];
    const plain = (properties: ReadonlyMap<string, unknown>, changes: Properties = {}): Properties => ({ ...(Object.fromEntries([...properties].filter(([name]) => name !== 'nonce')) as Properties), ...changes });
    const forged: Properties[] = [
      {}, plain(ofOne), plain(ofOther), plain(ofOther, { heldSince: '' }), plain(ofOne, { sealedBy: '' }), plain(ofOne, { erasedAt: new Date().toISOString(), wrapped: '', wrappedBy: '' }), plain(ofOne, { wrapped: true }),
    ];
    for (const each of forged) {
      const person = newPerson();
      await table.insert(person.slice(0, 2), person, each);
      const fresh = await instance();
      for (const asked of [fresh.keys.keyOf(person), fresh.keys.find(person), fresh.keys.standing(person), fresh.keys.erase(person), fresh.keys.hold(person), fresh.keys.release(person)]) await rejectsWith(asked, 'LEDGER_UNAVAILABLE');
      for (const [name, value] of Object.entries(each)) assert.equal((await rowOf(table, person)).properties.get(name), value, `it was changed: ${JSON.stringify(each)}`);
      assert.ok(!(await rows.unnoticed()).some((row) => row.person === person), 'a forged erasure is taken for ours');
      await table.remove(person.slice(0, 2), person);
    }
    await table.upsert(other.slice(0, 2), other, plain(ofOther, { heldSince: '' }));
    await rejectsWith((await instance()).keys.erase(other), 'LEDGER_UNAVAILABLE');
  });

  it('under legal hold are not erased, whoever of two is faster, until they are released', async () => {
    const [{ erase, keys, rows }, other, person] = [await instance(), await instance(), newPerson()];
    assert.equal(await keys.hold(person), 'kept', 'who had none has one for it');
    assert.deepEqual([await keys.hold(person), await keys.erase(person), await keys.standing(person)], ['held', 'held', 'held']);
    const key = await other.keys.keyOf(person);
    assert.ok(await rows.isAnyHeld());
    assert.deepEqual([await other.keys.release(person), await other.keys.release(person)], ['held', 'kept']);
    assert.deepEqual((await (await instance()).keys.keyOf(person)).secret, key.secret, 'it was changed on the way');
    for (let times = 0; times < 5; times += 1) {
      const raced = newPerson();
      await keys.keyOf(raced);
      const [held, erased] = await Promise.allSettled([other.keys.hold(raced), keys.erase(raced)]);
      const standing = await keys.standing(raced);
      assert.equal(standing === 'held', erased.status === 'fulfilled' && erased.value === 'held', `${JSON.stringify([held, erased])}, and then it was ${standing}`);
    }
    assert.equal(await erase(person), 'kept');
  });

  it('are not made anew before the notice of an erasure stands', async () => {
    const { keys, rows } = await instance();
    const person = newPerson();
    const { id } = await keys.keyOf(person);
    await keys.erase(person);
    await rejectsWith(keys.keyOf(person), 'LEDGER_UNAVAILABLE');
    assert.ok((await rows.unnoticed()).some((row) => row.person === person && row.value.id === id));
    await keys.noticed(person, 'another key');
    await rejectsWith(keys.keyOf(person), 'LEDGER_UNAVAILABLE');
    await keys.noticed(person, id);
    assert.notEqual((await keys.keyOf(person)).id, id);
    assert.ok(!(await rows.unnoticed()).some((row) => row.person === person));
  });

  it('are written by nobody who has not the key of the seal', async () => {
    const { keys, table } = await instance();
    const person = newPerson();
    const { id } = await keys.keyOf(person);
    const { credentialFor, endpoints, identities, agent } = await cloud();
    const { httpClient } = createEgress({ allow: [endpoints.vault], agent });
    const reader = new TablePersonKeys({ endpoint: endpoints.vault, credential: credentialFor(identities.keeper), httpClient, rows: new PersonKeyRows(table), clock: systemClock });
    assert.equal((await reader.find(person))?.id, id);
    await rejectsWith(reader.erase(person), 'LEDGER_UNAVAILABLE');
    await rejectsWith(reader.keyOf(newPerson()), 'LEDGER_UNAVAILABLE');
    assert.equal(await keys.standing(person), 'kept');
  });

  it('are found for who only reads: none is made, and an erased one is none', async () => {
    const { erase, keys } = await instance();
    const { keys: reader, table } = await instance();
    const [someone, erased, stranger] = [newPerson(), newPerson(), newPerson()];
    const made = await keys.keyOf(someone);
    await keys.keyOf(erased);
    await erase(erased);
    assert.deepEqual((await reader.find(someone))?.secret, made.secret);
    assert.equal(await reader.find(erased), undefined);
    assert.equal(await reader.find(stranger), undefined);
    assert.equal(await table.read(stranger.slice(0, 2), stranger), undefined, 'a key was made');
  });

  it('are the keeper’s in the clients, and cost the start nothing but their table', async () => {
    const { journal } = await cloud();
    const clients = await clientsOf();
    await clients.prepare();
    assert.ok(!journal.entries().some(({ path }) => path.includes(WRAPPING_KEY) || /personkeys\(/.test(path)));
    const person = newPerson();
    const { secret } = await clients.personKeys.keyOf(person);
    const others = await clientsOf();
    await others.prepare();
    assert.deepEqual((await others.personKeys.keyOf(person)).secret, secret);
    others.close();
    clients.close();
  });
});
