import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { Cloud } from '../../../sandbox/cloud.ts';
import type { JournalEntry } from '../../../sandbox/journal.ts';
import { journalPage } from '../../../sandbox/journal-page.ts';
import { startTestCloud } from './shared-cloud.ts';

const id = '0b2c7a1e-9d34-4c55-8f10-2a6b7c8d9e0f';
const entry: JournalEntry = {
  index: 3, time: '2026-11-22T10:14:05.123Z', service: 'graph', method: 'PATCH', path: `/v1.0/users/${id}`, query: '',
  identity: 'client-of-the-robot', audience: null, status: 204, body: { accountEnabled: false }, effect: true,
};
const identities = { robot: 'client-of-the-robot', keeper: 'another' };

describe('the journal page', () => {
  const page = (change: Partial<JournalEntry> = {}, name = 'Nadia Petrov'): string => journalPage({ entries: [{ ...entry, ...change }], identities, names: new Map([[id, name]]) });

  it('says when, who, what and how it ended, with names for ids', () => {
    const text = page();
    for (const part of ['10:14:05', 'robot', 'graph', 'PATCH', 'Nadia Petrov', 'accountEnabled', '204']) assert.ok(text.includes(part), part);
    assert.ok(!text.includes(id) && !text.includes('client-of-the-robot'));
  });

  it('puts the newest first, and says when there is nothing', () => {
    const text = journalPage({ entries: [entry, { ...entry, index: 4, time: '2026-11-22T11:00:00.000Z' }], identities, names: new Map() });
    assert.ok(text.indexOf('11:00:00') < text.indexOf('10:14:05'));
    assert.match(journalPage({ entries: [], identities, names: new Map() }), /Nothing was changed so far/);
  });

  it('makes text of everything that came from outside', () => {
    const attack = `<script>alert(1)</script><img src=x onerror="a('b')">`;
    const attacked = [page({}, attack), page({ path: `/v1.0/${attack}` }), page({ query: attack }), page({ body: { reason: attack } }), page({ body: attack }), page({ method: attack }), page({ identity: attack })];
    const tags = (text: string): readonly string[] => [...new Set([...text.matchAll(/<(\w+)/g)].map(([, tag = '']) => tag))].sort();
    const ours = new Set(tags(page()));
    for (const text of attacked) assert.deepEqual(tags(text).filter((tag) => !ours.has(tag)), []);
    assert.ok(attacked[0]?.includes('&lt;script&gt;'), 'the name is not shown');
  });

  describe('on the control server', function () {
    let cloud: Cloud;
    before(async () => {
      cloud = await startTestCloud();
    });
    after(() => cloud.stop());

    const get = (path: string, headers: Record<string, string>): Promise<{ status: number; type: string; policy: string; text: string }> =>
      new Promise((resolve, reject) => {
        request(cloud.endpoints.control + path, { headers }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, type: String(answer.headers['content-type']), policy: String(answer.headers['content-security-policy']), text }));
        }).on('error', reject).end();
      });
    const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

    it('is for browsers, and shows what had an effect only; programs get all of it as JSON', async () => {
      await fetch(cloud.endpoints.identity);
      const seen = await get('/journal', browser);
      assert.match(seen.type, /^text\/html/);
      assert.match(seen.policy, /default-src 'none'/);
      assert.match(seen.text, /Nothing was changed so far/);
      assert.match((await get('/journal?effect=false', browser)).text, /identity/);
      for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }] as readonly Record<string, string>[]) {
        const { type, text } = await get('/journal', headers);
        assert.match(type, /^application\/json/);
        assert.ok((JSON.parse(text) as unknown[]).length > 0);
      }
    });

    it('is for this machine only, as everything there', async () => {
      assert.equal((await get('/journal', { ...browser, host: 'evil.example' })).status, 403);
      assert.equal((await get('/journal', { ...browser, origin: 'https://evil.example' })).status, 403);
    });
  });
});
