import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import { looksSecret } from '../../../src/audit/secret-shapes.ts';
import { buildIndex } from '../../../src/knowledge/build.ts';
import { loadIndex, manifestOf, readIndex, signatureText, type IndexFiles } from '../../../src/knowledge/index-file.ts';
import { StewardError } from '../../../src/errors.ts';
import { hearsOf, Library, type IndexStore } from '../../../src/knowledge/library.ts';
import { EDITED, EXPIRED, LOCAL_ADMIN, POISONED, PRINTING, VPN } from '../../stories/harness/articles.ts';
import { rejectsWith } from '../guard/support.ts';
import { embed, MODEL } from './support.ts';

const KEY = `knowledge-signing-key/${'a'.repeat(32)}`;
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk: JsonWebKey = pair.publicKey.export({ format: 'jwk' });
const keyOf = async (name: string): Promise<JsonWebKey | undefined> => (name === KEY ? jwk : undefined);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function signed(index: Uint8Array, vectors: Uint8Array, { key = KEY, privateKey = pair.privateKey } = {}): IndexFiles {
  return { index, vectors, signature: text(signatureText(index, vectors, key, sign('RSA-SHA256', Buffer.from(manifestOf(index, vectors)), privateKey).toString('base64url'))) };
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));

describe('an index', () => {
  let files: IndexFiles;
  before(async () => {
    const { index, vectors } = await buildIndex([PRINTING, VPN], MODEL, embed);
    files = signed(index, vectors);
  });

  it('is the same bytes from the same articles, whatever their order, and embeds only what changed', async () => {
    const again = await buildIndex([VPN, PRINTING], MODEL, embed);
    assert.deepEqual([Buffer.from(again.index), Buffer.from(again.vectors)], [Buffer.from(files.index), Buffer.from(files.vectors)]);
    let texts = 0;
    const counted = (all: readonly string[]): ReturnType<typeof embed> => {
      texts += all.length;
      return embed(all);
    };
    const before = readIndex(files);
    await buildIndex([VPN, PRINTING], MODEL, counted, before);
    assert.equal(texts, 0);
    await buildIndex([VPN, PRINTING, LOCAL_ADMIN], MODEL, counted, before);
    assert.equal(texts, LOCAL_ADMIN.passages.length);
    await buildIndex([VPN], 'another model', counted, before);
    assert.equal(texts, LOCAL_ADMIN.passages.length + VPN.passages.length);
  });

  it('loads where the key of the deployment signed it', async () => {
    const { digest, index } = await loadIndex(files, keyOf);
    assert.deepEqual(index.articles.map(({ id }) => id), [PRINTING.id, VPN.id]);
    assert.equal(digest, createHash('sha256').update(manifestOf(files.index, files.vectors)).digest('hex'));
  });

  it('is refused unsigned, signed by another, and with any byte changed', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    await rejectsWith(loadIndex({ ...files, signature: text('') }, keyOf), 'KNOWLEDGE_UNTRUSTED');
    await rejectsWith(loadIndex(signed(files.index, files.vectors, { privateKey: other }), keyOf), 'KNOWLEDGE_UNTRUSTED');
    await rejectsWith(loadIndex(signed(files.index, files.vectors, { key: 'another-key' }), keyOf), 'KNOWLEDGE_UNTRUSTED');
    await rejectsWith(loadIndex(files, async () => undefined), 'KNOWLEDGE_UNTRUSTED');
    for (const part of ['index', 'vectors', 'signature'] as const) {
      for (const at of [0, 100, files[part].length >> 1, files[part].length - 3]) await rejectsWith(loadIndex({ ...files, [part]: flipped(files[part], at) }, keyOf), 'KNOWLEDGE_UNTRUSTED');
    }
  });

  it('is refused with passages or vectors that are not its own, though they are signed', async () => {
    const changed = text(Buffer.from(files.index).toString('utf8').replace('after 12 hours', 'after 13 hours'));
    await rejectsWith(loadIndex(signed(changed, files.vectors), keyOf), 'KNOWLEDGE_UNTRUSTED');
    await rejectsWith(loadIndex(signed(files.index, files.vectors.subarray(4)), keyOf), 'KNOWLEDGE_UNTRUSTED');
    const wrong = Uint8Array.from(files.vectors);
    new DataView(wrong.buffer).setFloat32(0, NaN, true);
    await rejectsWith(loadIndex(signed(files.index, wrong), keyOf), 'KNOWLEDGE_UNTRUSTED');
    await rejectsWith(loadIndex(signed(text('{"version":2}'), files.vectors), keyOf), 'KNOWLEDGE_UNTRUSTED');
  });
});

describe('the library', () => {
  const kept = new Map<string, IndexFiles>();
  const storeOf = (files: IndexFiles | undefined, more: Partial<IndexStore> = {}): IndexStore => ({
    deployed: async () => files,
    keyOf,
    archive: async (digest, archived) => void kept.set(digest, archived),
    archived: async (digest) => kept.get(digest),
    ...more,
  });
  const libraryOf = (store: IndexStore, model = MODEL): Library => new Library(store, { model, today: () => '2026-11-23', looksSecret });
  const everybody = new Set(['everyone', 'helpdesk', 'admin'] as const);
  let files: IndexFiles;
  before(async () => {
    const { index, vectors } = await buildIndex([VPN, PRINTING, LOCAL_ADMIN, EXPIRED, EDITED, POISONED, { ...PRINTING, id: 'nobodys', passages: [], owner: { name: '', mail: '' } }], MODEL, embed);
    files = signed(index, vectors);
  });

  it('says of a signed index only what may be said: nothing expired, edited, ownerless or poisoned', async () => {
    const library = libraryOf(storeOf(files));
    const { index } = await loadIndex(files, keyOf);
    await library.search();
    assert.deepEqual(index.articles.filter(library.maySay(everybody, library.today)).map(({ id }) => id), [LOCAL_ADMIN.id, PRINTING.id, VPN.id].sort());
    assert.deepEqual(index.articles.filter(library.maySay(hearsOf(['employee'], true), library.today)).map(({ id }) => id), [PRINTING.id, VPN.id]);
    assert.deepEqual(index.articles.filter(library.maySay(everybody, '2100-01-01')), [], 'something never expires');
  });

  it('hears by role, and in a group as everybody', () => {
    assert.deepEqual([...hearsOf(['employee', 'helpdesk'], true)], ['everyone', 'helpdesk']);
    assert.deepEqual([...hearsOf(['employee', 'admin'], true)], ['everyone', 'helpdesk', 'admin']);
    assert.deepEqual([...hearsOf(['employee', 'admin'], false)], ['everyone']);
    assert.deepEqual([...hearsOf([], true)], ['everyone']);
  });

  it('loads once, for the first who asks, and keeps the index before anything is said from it', async () => {
    const counted: string[] = [];
    kept.clear();
    const library = libraryOf(storeOf(files, { deployed: async () => {
      counted.push('read');
      return files;
    } }));
    assert.deepEqual(counted, []);
    const [one, other] = await Promise.all([library.search(), library.search()]);
    assert.ok(one === other && kept.has(one.digest));
    assert.deepEqual(counted, ['read']);
    await rejectsWith(libraryOf(storeOf(files, { archive: () => Promise.reject(new StewardError('STORAGE_UNAVAILABLE', 'away')) })).search(), 'STORAGE_UNAVAILABLE');
  });

  it('refuses without an index, with one of another model, and after a failure tries again', async () => {
    await rejectsWith(libraryOf(storeOf(undefined)).search(), 'KNOWLEDGE_NONE');
    await rejectsWith(libraryOf(storeOf(files), 'text-embedding-3-small').search(), 'KNOWLEDGE_UNTRUSTED');
    let isThere = false;
    const library = libraryOf(storeOf(undefined, { deployed: async () => (isThere ? files : undefined) }));
    await rejectsWith(library.search(), 'KNOWLEDGE_NONE');
    isThere = true;
    await library.search();
  });

  it('finds the index of another time by its digest, and believes no other under its name', async () => {
    const older = await buildIndex([VPN], MODEL, embed);
    const { digest } = readIndex(older);
    const library = libraryOf(storeOf(files, { archived: async (name) => (name === digest ? { index: older.index, vectors: older.vectors } : undefined) }));
    await library.search();
    assert.equal((await library.searchOf(digest))?.digest, digest);
    assert.equal(await library.searchOf('f'.repeat(64)), undefined);
    await rejectsWith(libraryOf(storeOf(files, { archived: async () => files })).searchOf(digest), 'KNOWLEDGE_UNTRUSTED');
  });
});
