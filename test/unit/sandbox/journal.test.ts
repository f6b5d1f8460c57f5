import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJournal } from '../../../sandbox/journal.ts';
import type { RequestRecord } from '../../../sandbox/journal.ts';

const request = (more: Partial<RequestRecord> = {}): RequestRecord => ({ service: 'graph', method: 'POST', url: new URL('https://graph.microsoft.com/v1.0/x'), status: 200, ...more });

describe('sandbox journal', () => {
  it('masks by the name of a field, by known values and by the shape of a token', () => {
    const journal = createJournal();
    journal.hide('s3cret/value');
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln';
    journal.record(
      request({
        url: new URL('https://graph.microsoft.com/v1.0/x?q=s3cret%2Fvalue&t=' + token),
        body: { passwordProfile: { password: 'hunter22', forceChange: true }, max_tokens: 100, client_secret: 'abc', note: `uses s3cret/value and s3cret%2Fvalue and ${token}`, list: [{ Authorization: 'Basic eHh4' }] },
      }),
    );
    const [entry] = journal.entries();
    const text = JSON.stringify(entry);
    for (const secret of ['hunter22', '"abc"', 's3cret', 'eyJ', 'eHh4']) assert.ok(!text.includes(secret), secret);
    assert.deepEqual(entry?.body, {
      passwordProfile: { password: '[masked]', forceChange: true },
      max_tokens: 100,
      client_secret: '[masked]',
      note: 'uses [masked] and [masked] and [masked]',
      list: [{ Authorization: '[masked]' }],
    });
  });

  it('masks `value` of Key Vault and nobody else\'s', () => {
    const journal = createJournal();
    journal.record(request({ service: 'vault', body: { value: 'plain' } }));
    journal.record(request({ body: { value: 'plain' } }));
    assert.deepEqual(journal.entries().map(({ body }) => body), [{ value: '[masked]' }, { value: 'plain' }]);
  });

  it('survives deep, odd and prototype-named bodies', () => {
    const journal = createJournal();
    let deep: unknown = 'end';
    for (let depth = 0; depth < 5000; depth += 1) deep = [deep];
    journal.record(request({ body: deep }));
    journal.record(request({ body: JSON.parse('{"__proto__":{"password":"hunter22"},"constructor":1}') }));
    assert.ok(!JSON.stringify(journal.entries()).includes('hunter22'));
  });

  it('forgets the oldest, by count and by size, and keeps counting', () => {
    const byCount = createJournal({ entriesKept: 10 });
    for (let count = 0; count < 100; count += 1) byCount.record(request());
    assert.ok(byCount.entries().length <= 10);
    assert.equal(byCount.entries().at(-1)?.index, 99);
    const bySize = createJournal({ bodyBytesKept: 1000 });
    for (let count = 0; count < 20; count += 1) bySize.record(request({ body: 'x', bodyBytes: 100 }));
    assert.ok(bySize.entries().length <= 10);
    bySize.clear();
    bySize.record(request());
    assert.equal(bySize.entries()[0]?.index, 20);
  });

  it('filters by service, effect and index', () => {
    const journal = createJournal();
    journal.record(request());
    journal.record(request({ effect: true }));
    journal.record(request({ service: 'storage' }));
    assert.deepEqual(journal.entries({ effect: true }).map(({ index }) => index), [1]);
    assert.deepEqual(journal.entries({ service: 'storage' }).map(({ index }) => index), [2]);
    assert.deepEqual(journal.entries({ since: 1, service: 'graph' }).map(({ index }) => index), [1]);
  });

  it('writes one line per request to a file, at once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'steward-journal-'));
    const file = join(folder, 'journal.jsonl');
    try {
      const journal = createJournal({ file });
      journal.record(request({ body: { note: 'line\nbreak' } }));
      journal.record(request({ status: 404 }));
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.deepEqual(lines, journal.entries());
      journal.close();
      journal.record(request());
      journal.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
