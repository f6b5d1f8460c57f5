import assert from 'node:assert/strict';
import { createScrubber, SECRET, SecretForms, type KnownSecret } from '../../../src/audit/scrub.ts';

const PASSWORD = 'Tr0ub&4dor "3"/ä-x';
const scrubber = createScrubber(() => [new SecretForms(PASSWORD)]);
const patterns = createScrubber(() => []);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const backslashU = (text: string): string => Array.from(text, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const everyByte = (text: string): string => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
const HOSTILE_BYTES = 262_144;
/** Linear takes a few hundred on a slow machine; quadratic takes minutes. */
const SUPER_LINEAR_MS = 20_000;

const forms: Readonly<Record<string, string>> = {
  raw: PASSWORD,
  'in capitals': PASSWORD.toUpperCase(),
  'base64': base64(PASSWORD),
  'base64, one byte on': base64(`u${PASSWORD}`),
  'base64, two bytes on': base64(`u:${PASSWORD}!`),
  base64url: Buffer.from(PASSWORD).toString('base64url'),
  'base64 in lines': base64(PASSWORD).replace(/.{8}/g, '$&\r\n'),
  'base64 in an address': encodeURIComponent(base64(PASSWORD)),
  hex: Buffer.from(PASSWORD).toString('hex'),
  'hex in capitals': Buffer.from(PASSWORD).toString('hex').toUpperCase(),
  'in an address': encodeURIComponent(PASSWORD),
  'in an address, every byte': everyByte(PASSWORD),
  'in an address, twice': encodeURIComponent(encodeURIComponent(PASSWORD)),
  'in a form': new URLSearchParams({ p: PASSWORD }).toString().slice(2),
  'in JSON': JSON.stringify(PASSWORD),
  'in JSON in JSON': JSON.stringify(JSON.stringify({ password: PASSWORD })),
  'escaped with \\u': backslashU(PASSWORD),
  'in HTML': PASSWORD.replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
  'with invisible characters': PASSWORD.split('').join('\u200b'),
};

describe('audit/scrub', () => {
  describe('takes out a value that is known', () => {
    for (const [title, form] of Object.entries(forms)) {
      it(title, () => {
        const scrubbed = scrubber.text(`it says ${form} here`);
        assert.match(scrubbed, /^it says .{0,20}\[secret\].{0,7} here$/s);
        assert.ok(!new SecretForms(PASSWORD).appearsIn(scrubbed), scrubbed);
        // No more than the last characters of an encoding remain, in none of the forms.
        assert.ok(scrubbed.length <= 'it says  here'.length + SECRET.length + 30, scrubbed);
      });
    }
    it('each time that it stands there, and says it once where two stand together', () => {
      assert.equal(scrubber.text(`a ${PASSWORD} b ${PASSWORD}${PASSWORD} c`), `a ${SECRET} b ${SECRET} c`);
    });
    it('in every string and key of a plain value, and leaves the rest as it is', () => {
      assert.deepEqual(scrubber.value({ [`k${PASSWORD}`]: [`v ${PASSWORD}`, 7, null, { deep: PASSWORD }], plain: 'words' }), { [`k${SECRET}`]: [`v ${SECRET}`, 7, null, { deep: SECRET }], plain: 'words' });
    });
    it('that became known after the scrubber was made', () => {
      const held: KnownSecret[] = [];
      const later = createScrubber(() => held);
      assert.equal(later.text('orange-horse'), 'orange-horse');
      held.push(new SecretForms('orange-horse'));
      assert.equal(later.text('orange-horse'), SECRET);
    });
  });
  it('changes nothing in a text without a secret, and nothing the second time', () => {
    for (const text of ['', 'x', 'block Anna because her phone was stolen', 'INC0012345 50% & more \\u00e4 100%']) assert.equal(scrubber.text(text), text);
    for (const form of Object.values(forms)) {
      const once = scrubber.text(`${form} password=correct-horse`);
      assert.equal(scrubber.text(once), once);
    }
  });

  describe('takes out what is shaped like', () => {
    // Made up here, and put together so that no scanner takes this file for a leak.
    const random = (length: number): string => 'aB3dE7gH1kLmN0pQrS5tUvW9xYz2cF4j'.repeat(6).slice(0, length);
    const shapes: Readonly<Record<string, readonly [text: string, secret: string]>> = {
      'a storage account key': [`the key is ${random(86)}== ok`, random(86)],
      'a SAS address': [`https://a.blob.core.windows.net/c/b?sv=2024-11-04&sp=r&sig=${random(43)}%3D`, random(43)],
      'a connection string': [`DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${random(86)}==;EndpointSuffix=core.windows.net`, random(86)],
      'a connection string of Service Bus': [`Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${random(43)}=`, random(43)],
      'a connection string with a short password': ['Server=db;User Id=sa;Pwd=Ab1!;Encrypt=true', 'Ab1!'],
      'a client secret of Entra': [`secret ${random(3)}8Q~${random(34)} end`, random(34)],
      'a JSON web token': [`t=eyJ${random(30)}.eyJ${random(60)}.${random(40)}`, random(40)],
      'a bearer header': [`Authorization: Bearer ${random(40)}`, random(40)],
      'a basic header': [`authorization: Basic ${base64('user:hunter22')}`, base64('user:hunter22')],
      'a key header in JSON': [`{"api-key":"${random(32)}"}`, random(32)],
      'a URL with a password': ['https://user:hunter2@h.example/x', 'hunter2'],
      'a private key': [`-----BEGIN RSA PRIVATE KEY-----\n${random(64)}\n-----END RSA PRIVATE KEY----- after`, random(64)],
      'a private key in JSON': [JSON.stringify({ k: `-----BEGIN PRIVATE KEY-----\n${random(64)}\n-----END PRIVATE KEY-----\n` }), random(64)],
      'half a private key': [`-----BEGIN PRIVATE KEY-----\n${random(64)}`, random(64)],
      'a GitHub token': [`ghp_${random(36)}`, random(36)],
      'a fine-grained GitHub token': [`github_pat_${random(22)}_${random(59)}`, random(59)],
      'a Slack token': [`xoxb-1234567890-1234567890-${random(24)}`, random(24)],
      'a Slack webhook': [`https://hooks.slack.com/services/T00000000/B00000000/${random(24)}`, random(24)],
      'a database URL': ['postgres://steward:p%40ss/word9@db:5432/x postgres://steward:s3cret@db/x', 's3cret'],
      'a URL-encoded connection string': [encodeURIComponent(`AccountName=a;AccountKey=${random(86)}==;`), random(80)],
    };
    for (const [title, [text, secret]] of Object.entries(shapes)) {
      it(title, () => {
        const scrubbed = patterns.text(text);
        assert.ok(scrubbed.includes(SECRET) && !scrubbed.includes(secret), scrubbed);
      });
    }
    it('not digests, ids, links and prose', () => {
      for (const text of [
        `"integrity": "sha512-${random(86)}=="`,
        '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
        'a'.repeat(64),
        'the password: please ask the helpdesk, and Basic authentication is off',
        'Authorization: required for this action',
        'https://learn.microsoft.com/azure/storage/common/storage-sas-overview?tabs=a',
        'mailto:anna@contoso.com, see http://h:8080/x@y',
      ]) assert.equal(patterns.text(text), text);
    });
  });

  describe('in a stream', () => {
    const inPieces = (text: string, size: number): string => {
      const stream = scrubber.stream();
      let out = '';
      for (let at = 0; at < text.length; at += size) out += stream.write(text.slice(at, at + size));
      return out + stream.end();
    };
    it('lets no secret pass in pieces, wherever it is cut', () => {
      const key = `-----BEGIN PRIVATE KEY-----\n${'QUJD'.repeat(16)}\n-----END PRIVATE KEY-----`;
      const text = `first line\nthen ${PASSWORD} and\n${key}\n${base64(PASSWORD)}`;
      for (let size = 1; size < 40; size += 1) assert.equal(inPieces(text, size), `first line\nthen ${SECRET} and\n${SECRET}\n${SECRET}`, `pieces of ${size}`);
    });
    it('gives on each line as soon as it is whole', () => {
      const stream = scrubber.stream();
      assert.equal(stream.write('one\ntw'), 'one\n');
      assert.equal(stream.write('o\n'), 'two\n');
    });
    it('shows no line that is too long to be held, and goes on after it', () => {
      const stream = scrubber.stream();
      let out = '';
      for (let index = 0; index < 40; index += 1) out += stream.write('x'.repeat(10_000));
      assert.equal(out + stream.write('x\nnext\n') + stream.end(), `${SECRET}\nnext\n`);
    });
    it('finds a key of many lines by its lines', () => {
      const lines = ['MIIEvQIBADANBgkqhkiG9w0B', 'AQEFAASCBKcwggSjAgEAAoIB'];
      const stream = createScrubber(() => [new SecretForms(lines.join('\n'))]).stream();
      assert.equal(lines.map((line) => stream.write(`${line}\n`)).join(''), `${SECRET}\n${SECRET}\n`);
    });
  });

  describe('takes linear time on 256 KiB of', () => {
    for (const part of ['a', 'eyJ', 'eyJ.', '=', ':', 'a:', '://', 'a://a:', '-----BEGIN PRIVATE KEY-----', 'sig=', 'sig=a', 'Bearer ', 'Bearer', 'authorization: ', 'password=', 'password: 1a', '%25', '\\', '\\u005c', '\\\\"', '&amp;', '&#38;', '\u200b', ' ', 'xoxb-', 'ghp_', 'AccountKey=;', ';Pwd="', 'Q~', '8Q~a', 'PuTTY-User-Key-File-2:', 'jdbc:oracle:thin:a/', PASSWORD.slice(0, -1), 'A', 'Basic a', 'hooks.slack.com/services/']) {
      it(JSON.stringify(part), () => {
        const hostile = part.repeat(Math.ceil(HOSTILE_BYTES / part.length));
        const startedMs = performance.now();
        scrubber.text(hostile);
        assert.ok(performance.now() - startedMs < SUPER_LINEAR_MS);
      }).timeout(10 * SUPER_LINEAR_MS);
    }
  });
});
