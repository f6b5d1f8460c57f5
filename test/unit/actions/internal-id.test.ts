import assert from 'node:assert/strict';
import { format, inspect } from 'node:util';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { Stopwatch } from '../../machine.ts';

const GUID = '5f3c1f0e-9a50-4e6b-8d6a-0a4a5b6c7d8e';
const SYS_ID = 'c0ffee00a9fe19810198c1a3b5e8f4d2';
const id = new InternalId(GUID);
const PLACEHOLDER = '[internal id]';

describe('InternalId', () => {
  it('is never empty', () => {
    assert.throws(() => new InternalId(''), TypeError);
  });

  it('shows a placeholder wherever it is printed', () => {
    const forms: readonly string[] = [
      // eslint-disable-next-line @typescript-eslint/restrict-template-expressions -- that it stays hidden here is what is tested
      `${id}`,
      String(id),
      // eslint-disable-next-line @typescript-eslint/restrict-plus-operands -- as above
      '' + id,
      [id].join(),
      inspect(id),
      inspect({ deep: [{ id }] }, { depth: 9, showHidden: true }),
      format('%s %o %O %j', id, id, id, id),
      JSON.stringify(id),
      JSON.stringify({ deep: [{ id }] }),
      new Error('failed', { cause: id }).stack ?? '',
      inspect(new Error('failed', { cause: id })),
    ];
    for (const form of forms) assert.equal(id.appearsIn(form), false, form);
    assert.equal(forms[0], PLACEHOLDER);
    assert.equal(JSON.stringify({ id }), `{"id":"${PLACEHOLDER}"}`);
  });

  it('has no property that holds its value', () => {
    assert.deepEqual(Object.keys(id), []);
    assert.deepEqual(Reflect.ownKeys(id), []);
    assert.equal(JSON.stringify(Object.assign({}, id)), '{}');
    assert.equal(JSON.stringify(structuredClone(id)), '{}');
  });

  it('reveals its value to whoever asks by name', () => {
    assert.equal(id.reveal(), GUID);
  });

  it('has a digest that names it without showing it, whatever its case', () => {
    assert.match(id.digest(), /^[0-9a-f]{32}$/);
    assert.equal(id.digest(), new InternalId(GUID.toUpperCase()).digest());
    assert.notEqual(id.digest(), new InternalId(SYS_ID).digest());
    assert.equal(id.appearsIn(id.digest()), false);
  });

  it('equals the same id in another case, and no other', () => {
    assert.equal(id.equals(new InternalId(GUID.toUpperCase())), true);
    assert.equal(id.equals(new InternalId(`${GUID}0`)), false);
    assert.equal(id.equals(new InternalId(SYS_ID)), false);
  });

  for (const value of [GUID, SYS_ID, '29:1AbC_d-EfGhIjKlMnOpQrStUvWxYz0123456789']) {
    const hidden = new InternalId(value);
    const bytes = Buffer.from(value);
    const aligned = (before: string, after: string): string => Buffer.from(`${before}${value}${after}`).toString('base64');
    const forms: Readonly<Record<string, string>> = {
      raw: value,
      'upper case': value.toUpperCase(),
      'without dashes': value.replaceAll('-', ''),
      'without dashes, upper case': value.replaceAll('-', '').toUpperCase(),
      'in braces': `{${value}}`,
      'in a link': `https://example.com/users/${value}?x=1`,
      hex: bytes.toString('hex'),
      'hex, upper case': bytes.toString('hex').toUpperCase(),
      'percent-encoded': encodeURIComponent(value),
      'percent-encoded, lower case': encodeURIComponent(value).toLowerCase(),
      base64: bytes.toString('base64'),
      'base64 without padding': bytes.toString('base64').replace(/=+$/, ''),
      base64url: bytes.toString('base64url'),
      'base64 at the first alignment, between other text': aligned('{"id":"ab', '"}'),
      'base64 at the second alignment, between other text': aligned('{"id":"a', '"}'),
      'base64 at the third alignment, between other text': aligned('{"id":"', '"}'),
      'percent-encoded whole': value.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16)}`),
      'between zero-width characters': value.split('').join('\u200b'),
      'with other dashes': value.replace(/[-_:]/g, '\u2013'),
      'with blanks': value.replace(/(.{4})/g, '$1 '),
      'in JSON’s escapes': Array.from(value, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
      'in JSON’s escapes, escaped once more': Array.from(value, (character) => `\\\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
      'in JavaScript’s escapes': Array.from(value, (character, index) => (index % 2 === 0 ? `\\x${character.charCodeAt(0).toString(16)}` : `\\u{${character.charCodeAt(0).toString(16)}}`)).join(''),
      'in HTML’s escapes': Array.from(value, (character, index) => (index % 2 === 0 ? `&#${character.charCodeAt(0)};` : `&#x${character.charCodeAt(0).toString(16)};`)).join(''),
      'over lines': value.replace(/(.{8})/g, '$1\n'),
      'in full-width characters': value.replace(/[0-9A-Za-z]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
      'in full-width characters, percent-encoded': encodeURIComponent(value.replace(/[0-9]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0))),
      'base64 with neighbours that change its first and last characters': aligned('\u00ff\u00ff', '\u00ff\u00ff'),
    };
    for (const [form, text] of Object.entries(forms)) {
      it(`finds ${value.slice(0, 8)}… ${form}`, () => {
        assert.equal(hidden.appearsIn(`before ${text} after`), true, text);
      });
    }
  }

  for (let before = 0; before < 6; before += 1) {
    for (let after = 0; after < 3; after += 1) {
      it(`finds itself in base64 with ${before} bytes before and ${after} after`, () => {
        const text = Buffer.concat([Buffer.alloc(before, 0xfb), Buffer.from(GUID), Buffer.alloc(after, 0xfb)]);
        assert.equal(id.appearsIn(text.toString('base64')), true);
        assert.equal(id.appearsIn(text.toString('base64url')), true);
      });
    }
  }

  it('does not find a short id in words and numbers that happen to spell it', () => {
    assert.equal(new InternalId('ab-12-cd').appearsIn('ab 12 cd'), false);
    assert.equal(new InternalId('ab-12-cd').appearsIn('ab-12-cd'), true);
  });
  it('reads a percent sign that encodes nothing', () => {
    assert.equal(id.appearsIn(`100% %zz %e2%82 ${GUID.replaceAll('-', ' ')}`), true);
  });
  it('looks through 200,000 characters in linear time', () => {
    for (const part of ['<', '@', '[', 'a.', '1', '%41', '%', '%ff', '-', '\u200b', '\u0301\u0316']) {
      const text = part.repeat(200_000 / part.length);
      let bestMs = Infinity;
      for (let time = 0; time < 3 && bestMs >= 100; time += 1) {
        const watch = new Stopwatch();
        assert.equal(id.appearsIn(`${text}${time}`), false);
        bestMs = Math.min(bestMs, watch.ms);
      }
      assert(bestMs < 1_500, `${part} ${bestMs}`);
    }
  });
  it('does not find itself where it is not', () => {
    for (const text of ['', GUID.slice(0, -1), `${GUID.slice(0, -1)}f`, SYS_ID, 'aGVsbG8gd29ybGQsIHRoaXMgaXMgaGFybWxlc3M=', PLACEHOLDER]) assert.equal(id.appearsIn(text), false, text);
  });
});
