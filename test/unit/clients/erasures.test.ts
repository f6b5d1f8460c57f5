import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { open, seal } from '../../../src/audit/sealed.ts';
import { ANCHOR_CONTAINER } from '../../../src/clients/anchor-store.ts';
import { openContainer } from '../../../src/clients/blobs.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { ErasureNotices, Erasures } from '../../../src/clients/erasures.ts';
import { LEDGER_CONTAINER } from '../../../src/clients/ledger-store.ts';
import { isUnderLegalHold } from '../../../src/clients/legal-hold.ts';
import { PersonKeyRows } from '../../../src/clients/person-key-rows.ts';
import { TablePersonKeys } from '../../../src/clients/person-keys.ts';
import type { Properties } from '../../../src/clients/tables.ts';
import { clientsOf, cloud, rejectsWith, tablesOf } from './support.ts';

const sealKey = { digest: (value: string): string => createHmac('sha256', 'a key of these tests').update(value).digest('hex') };
const newPerson = (): string => randomBytes(32).toString('hex');

async function instance() {
  const { agent, credentialFor, endpoints, identities } = await cloud();
  const { httpClient } = createEgress({ allow: [endpoints.vault, endpoints.anchors, endpoints.blobs], agent });
  const keeper = { credential: credentialFor(identities.keeper), httpClient };
  const table = (await tablesOf()).personkeys;
  const rows = new PersonKeyRows(table, sealKey);
  const keys = new TablePersonKeys({ endpoint: endpoints.vault, ...keeper, rows, clock: systemClock });
  const anchors = { endpoint: endpoints.anchors, ...keeper };
  const notices = new ErasureNotices(anchors, sealKey);
  const records = new Erasures(keys, rows, notices, () => isUnderLegalHold([{ name: LEDGER_CONTAINER, ...keeper, endpoint: endpoints.blobs }, { name: ANCHOR_CONTAINER, ...anchors }]));
  return { table, rows, keys, notices, records, container: openContainer(ANCHOR_CONTAINER, anchors) };
}

/** What a backup of the table holds of somebody. */
async function backupOf(person: string): Promise<() => Promise<void>> {
  const { table } = await instance();
  const row = (await table.read(person.slice(0, 2), person)) ?? assert.fail('no row');
  const properties = Object.fromEntries([...row.properties].filter(([name]) => name !== 'nonce')) as Properties;
  return async () => {
    await table.upsert(person.slice(0, 2), person, properties);
  };
}

describe('an erasure', () => {
  before(async () => {
    const clients = await clientsOf();
    await clients.prepare();
    clients.close();
  });
  afterEach(async () => {
    const { faults, storage } = await cloud();
    faults.clear();
    storage.legalHolds.clear();
  });

  it('leaves nothing that opens what was sealed, and a notice without a name', async () => {
    const { keys, notices, records } = await instance();
    const person = newPerson();
    const key = await keys.keyOf(person);
    const sealed = seal(key, 'target', { name: 'Maria' });
    assert.equal(await records.erase(person), 'kept');
    assert.equal(await (await instance()).keys.find(person), undefined);
    assert.deepEqual((await notices.list()).notices.filter((notice) => notice.person === person), [{ person, key: key.id }]);
    assert.deepEqual([await records.standing(person), await records.erase(person)], ['erased', 'erased']);
    const next = await keys.keyOf(person);
    assert.equal(open(sealed, next.secret), undefined);
  });

  it('is done again where a backup brought the key back, and leaves a newer key alone', async () => {
    const { keys, records } = await instance();
    const person = newPerson();
    const old = await keys.keyOf(person);
    const restore = await backupOf(person);
    await records.erase(person);
    await restore();
    assert.deepEqual((await (await instance()).keys.find(person))?.secret, old.secret, 'the backup does not work');
    const fresh = await instance();
    assert.deepEqual((await fresh.records.reapply()).again, [person]);
    assert.equal(await (await instance()).keys.find(person), undefined);
    assert.deepEqual(await fresh.records.reapply(), { again: [], problems: [] });
    const next = await fresh.keys.keyOf(person);
    assert.deepEqual(await fresh.records.reapply(), { again: [], problems: [] });
    assert.equal((await fresh.keys.find(person))?.id, next.id);
    await restore();
    assert.deepEqual((await fresh.records.reapply()).again, [person], 'the second time');
  });

  it('is done again though the backup says that the person was under legal hold', async () => {
    const { keys, records } = await instance();
    const person = newPerson();
    await keys.keyOf(person);
    await records.hold(person);
    const restore = await backupOf(person);
    await records.release(person);
    await records.erase(person);
    await restore();
    assert.deepEqual((await (await instance()).records.reapply()).again, [person]);
    assert.equal(await records.standing(person), 'erased');
  });

  it('that died before its notice is finished by the next sweep, and again where a backup comes after', async () => {
    const { keys, notices, records } = await instance();
    const { faults } = await cloud();
    const person = newPerson();
    await keys.keyOf(person);
    const restore = await backupOf(person);
    faults.post({ service: 'storage', kind: 'status', status: 403, method: 'PUT', path: 'erasures/' });
    await rejectsWith(records.erase(person), 'LEDGER_UNAVAILABLE');
    assert.equal(await (await instance()).keys.find(person), undefined, 'it was not erased');
    assert.ok(!(await notices.list()).notices.some((notice) => notice.person === person));
    await rejectsWith((await instance()).keys.keyOf(person), 'LEDGER_UNAVAILABLE');
    faults.clear();
    await (await instance()).records.reapply();
    assert.ok((await notices.list()).notices.some((notice) => notice.person === person));
    await (await instance()).keys.keyOf(person);
    await restore();
    assert.ok((await (await instance()).records.reapply()).again.includes(person));
  });

  it('is refused under legal hold, of the person, of the ledger and of its checkpoints, and when nobody knows', async () => {
    const { keys, records } = await instance();
    const { faults, storage } = await cloud();
    const person = newPerson();
    const key = await keys.keyOf(person);
    await records.hold(person);
    assert.deepEqual([await records.standing(person), await records.erase(person)], ['held', 'held']);
    await records.release(person);
    for (const container of [LEDGER_CONTAINER, ANCHOR_CONTAINER]) {
      storage.legalHolds.add(container);
      assert.deepEqual([await records.standing(person), await records.erase(person)], ['held', 'held'], container);
      storage.legalHolds.clear();
    }
    faults.post({ service: 'storage', kind: 'status', status: 403, path: `/${LEDGER_CONTAINER}$` });
    await rejectsWith(records.erase(person), 'LEDGER_UNAVAILABLE');
    await rejectsWith(records.standing(person), 'LEDGER_UNAVAILABLE');
    faults.clear();
    assert.deepEqual((await (await instance()).keys.find(person))?.secret, key.secret);
    assert.equal(await records.erase(person), 'kept');
  });

  it('is not made by a notice that somebody else wrote', async () => {
    const { container, keys, notices, records } = await instance();
    const person = newPerson();
    const { id } = await keys.keyOf(person);
    const sealOf = (whom: string, key: string): string => sealKey.digest(`erasure\0${whom}\0${key}`);
    for (const name of [`${person}/${id}`, `${person}/${id}/${'0'.repeat(64)}`, `${person}/${id}/${sealOf(newPerson(), id)}`, `${person}/${id}/${sealOf(person, 'another-key-id--')}`]) {
      const blob = container.getBlockBlobClient(`erasures/${name}`);
      await blob.upload('', 0, { conditions: { ifNoneMatch: '*' } });
      const { again, problems } = await records.reapply();
      assert.ok(again.length === 0 && problems.length === 1, 'nobody is told');
      assert.equal((await (await instance()).keys.find(person))?.id, id, 'it was erased');
    }
    assert.equal(await records.erase(person), 'kept', 'and keeps nobody from erasing');
    assert.ok((await notices.list()).notices.some((notice) => notice.person === person && notice.key === id));
  });
});
