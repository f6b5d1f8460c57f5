import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open, parts, seal, type PersonalFacts, type PersonKey, type Sealed } from '../../../src/audit/sealed.ts';

const keyOf = (person: string): PersonKey => ({ person, id: randomBytes(12).toString('base64url'), secret: randomBytes(32) });
const maria = keyOf('a'.repeat(64));
const facts: PersonalFacts = { name: 'Maria “Mia” Weiß', context: ['Finance', 'maria.weiss@contoso.com'], step: 'b'.repeat(64), arguments: { reason: 'left the company' }, reason: 'not hers' };
const bytesOf = ({ box }: Sealed): Buffer => Buffer.from(box, 'base64url');

describe('what a record says about somebody', () => {
  it('comes out as it went in, as each part, and stands in the record in no readable form', () => {
    for (const as of parts) {
      const sealed = seal(maria, as, facts);
      assert.deepEqual([sealed.as, sealed.person, sealed.key], [as, maria.person, maria.id]);
      assert.deepEqual(open(sealed, maria.secret), facts);
      for (const text of ['Maria', 'Finance', maria.secret.toString('base64url')]) assert.ok(!JSON.stringify(sealed).includes(text) && !bytesOf(sealed).includes(text), text);
    }
    assert.deepEqual(open(seal(maria, 'target', {}), maria.secret), {});
  });
  it('is opened by the key of that person and no other', () => {
    const sealed = seal(maria, 'requester', facts);
    assert.equal(open(sealed, keyOf(maria.person).secret), undefined);
    assert.equal(open(sealed, randomBytes(16)), undefined);
    assert.equal(open(sealed, Buffer.alloc(0)), undefined);
  });
  it('can’t be said of somebody else, as another part, or under another key’s name', () => {
    const sealed = seal(maria, 'requester', facts);
    for (const moved of [{ person: 'c'.repeat(64) }, { as: 'approver' as const }, { key: 'AAAAAAAAAAAAAAAA' }]) assert.equal(open({ ...sealed, ...moved }, maria.secret), undefined, JSON.stringify(moved));
  });
  it('is not opened when one bit of it was changed, wherever, or when it was cut', () => {
    const sealed = seal(maria, 'target', { name: 'M' });
    const bytes = bytesOf(sealed);
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      assert.equal(open({ ...sealed, box: changed.toString('base64url') }, maria.secret), undefined, `byte ${index}`);
    }
    for (const length of [0, 1, 12, 27, 28, bytes.length - 1]) assert.equal(open({ ...sealed, box: bytes.subarray(0, length).toString('base64url') }, maria.secret), undefined, `${length} bytes`);
  });
  it('is never enciphered in the same way twice', () => {
    const boxes = Array.from({ length: 50 }, () => seal(maria, 'target', facts));
    assert.equal(new Set(boxes.map((sealed) => bytesOf(sealed).subarray(0, 12).toString('hex'))).size, 50);
  });
  it('tells its length in steps only', () => {
    const lengths = Array.from({ length: 130 }, (_, length) => bytesOf(seal(maria, 'target', { name: 'n'.repeat(length) })).length);
    assert.deepEqual([...new Set(lengths)], [64, 128, 192].map((text) => 12 + text + 16));
    assert.equal(bytesOf(seal(maria, 'target', { name: 'Al' })).length, bytesOf(seal(maria, 'target', { name: 'Wolfeschlegelsteinhausen' })).length);
  });
  it('is nothing that seal does not take, though the key fits', () => {
    for (const other of ['"text"', { name: 1 }, { more: true }]) assert.equal(open(seal(maria, 'target', other as PersonalFacts), maria.secret), undefined, JSON.stringify(other));
  });
});
