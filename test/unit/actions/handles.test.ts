import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { handle, HandleBook, handleKinds, HANDLE_IN_TEXT, HANDLE_TTL_MS } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');
const anna = new InternalId('5f3c1f0e-9a50-4e6b-8d6a-0a4a5b6c7d8e');
const invalid = readFileSync(new URL('../../vectors/handles-invalid.txt', import.meta.url), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('HandleBook', () => {
  it('mints handles of a kind, an underscore and twelve characters of base32', () => {
    const book = new HandleBook([], NOW_MS);
    for (const kind of handleKinds) assert.match(book.mint(kind, anna, 'x', NOW_MS), new RegExp(`^${kind}_[a-z2-7]{12}$`));
    assert.match(book.mintText('x', NOW_MS), /^text_[a-z2-7]{12}$/);
  });

  it('mints handles that its own parameter schema takes', () => {
    const book = new HandleBook([], NOW_MS);
    for (const kind of handleKinds) assert.equal(handle(kind).safeParse(book.mint(kind, anna, 'x', NOW_MS)).success, true);
  });

  it('never mints the same handle twice, and uses the whole alphabet', () => {
    const book = new HandleBook([], NOW_MS);
    const minted = Array.from({ length: 5_000 }, (_, index) => book.mint('person', new InternalId(`id-${index}`), 'x', NOW_MS));
    assert.equal(new Set(minted).size, minted.length);
    assert.equal(new Set(minted.flatMap((each) => [...each.slice('person_'.length)])).size, 32);
  });

  it('gives two conversations different handles for one thing, and resolves only its own', () => {
    const here = new HandleBook([], NOW_MS);
    const there = new HandleBook([], NOW_MS);
    const mine = here.mint('person', anna, 'Anna', NOW_MS);
    const foreign = there.mint('person', anna, 'Anna', NOW_MS);
    assert.notEqual(mine, foreign);
    assert.equal(here.resolve('person', foreign, NOW_MS), undefined);
    assert.equal(there.resolve('person', mine, NOW_MS), undefined);
  });

  it('shows nothing of the id or the label in a handle', () => {
    const book = new HandleBook([], NOW_MS);
    const minted = book.mint('person', anna, 'Anna', NOW_MS);
    assert.equal(anna.appearsIn(minted), false);
    assert.doesNotMatch(minted, /anna/i);
  });

  it('resolves to the thing, its kind and its label', () => {
    const book = new HandleBook([], NOW_MS);
    const minted = book.mint('person', anna, 'Anna Weber', NOW_MS);
    const reference = book.resolve('person', minted, NOW_MS);
    assert(reference);
    assert(reference.id.equals(anna));
    assert.deepEqual({ kind: reference.kind, handle: reference.handle, label: reference.label }, { kind: 'person', handle: minted, label: 'Anna Weber' });
  });

  it('resolves a handle as its own kind only', () => {
    const book = new HandleBook([], NOW_MS);
    const person = book.mint('person', anna, 'Anna', NOW_MS);
    const text = book.mintText('anna@contoso.example', NOW_MS);
    assert.equal(book.resolve('device', person, NOW_MS), undefined);
    for (const kind of handleKinds) if (kind !== 'person') assert.equal(book.resolve(kind, person, NOW_MS), undefined, kind);
    assert.equal(book.resolve('person', text, NOW_MS), undefined);
    assert.equal(book.resolveText(person, NOW_MS), undefined);
    assert.equal(book.resolveText(text, NOW_MS), 'anna@contoso.example');
    assert.notEqual(book.mint('device', anna, 'Anna', NOW_MS), person, 'one id as two kinds is two things');
  });

  it('gives one thing one handle, with its newest label, whatever the case of its id', () => {
    const book = new HandleBook([], NOW_MS);
    const first = book.mint('person', anna, 'Anna Weber', NOW_MS);
    const second = book.mint('person', new InternalId('5F3C1F0E-9A50-4E6B-8D6A-0A4A5B6C7D8E'), 'Anna Meier', NOW_MS);
    assert.equal(second, first);
    assert.equal(book.labelOf(first, NOW_MS), 'Anna Meier');
    assert.equal(book.mintText('x', NOW_MS), book.mintText('x', NOW_MS));
    assert.notEqual(book.mintText('x', NOW_MS), book.mintText('X', NOW_MS));
    assert.equal(book.entries(NOW_MS).length, 3);
  });

  it('forgets a handle eight hours after it was last minted, to the millisecond', () => {
    const book = new HandleBook([], NOW_MS);
    const minted = book.mint('person', anna, 'Anna', NOW_MS);
    const text = book.mintText('x', NOW_MS);
    assert.equal(HANDLE_TTL_MS, 8 * 3_600_000);
    assert.ok(book.resolve('person', minted, NOW_MS + HANDLE_TTL_MS - 1));
    for (const late of [NOW_MS + HANDLE_TTL_MS, NOW_MS + HANDLE_TTL_MS * 2]) {
      assert.equal(book.resolve('person', minted, late), undefined);
      assert.equal(book.labelOf(minted, late), undefined);
      assert.equal(book.resolveText(text, late), undefined);
      assert.deepEqual(book.entries(late), []);
    }
  });

  it('renews a handle by minting it again', () => {
    const book = new HandleBook([], NOW_MS);
    const minted = book.mint('person', anna, 'Anna', NOW_MS);
    book.mint('person', anna, 'Anna', NOW_MS + HANDLE_TTL_MS - 1);
    assert.ok(book.resolve('person', minted, NOW_MS + HANDLE_TTL_MS + 1));
  });

  it('is the same after it was stored and loaded, without what expired meanwhile', () => {
    const book = new HandleBook([], NOW_MS);
    const early = book.mint('person', anna, 'Anna', NOW_MS);
    const late = book.mint('device', new InternalId('laptop'), 'LAPTOP', NOW_MS + 1_000);
    const loaded = new HandleBook(book.entries(NOW_MS + 1_000), NOW_MS + HANDLE_TTL_MS);
    assert.equal(loaded.resolve('person', early, NOW_MS + 1_000), undefined, 'what had expired at loading is gone, whatever time is asked about');
    assert.ok(loaded.resolve('device', late, NOW_MS + HANDLE_TTL_MS));
    assert.notEqual(loaded.mint('person', anna, 'Anna', NOW_MS + HANDLE_TTL_MS), early, 'an expired handle must not come back to life');
  });

  it('keeps at most 240, and lets the longest unused go first', () => {
    const book = new HandleBook([], NOW_MS);
    const minted = Array.from({ length: 400 }, (_, index) => book.mint('person', new InternalId(`id-${index}`), 'x', NOW_MS + index));
    book.mint('person', new InternalId('id-0'), 'x', NOW_MS + 500);
    const kept = new Set(book.entries(NOW_MS + 500).map((entry) => entry.handle));
    assert.equal(kept.size, 240);
    assert.ok(kept.has(minted[0]!), 'what was renewed stays');
    assert.ok(!kept.has(minted[1]!), 'the oldest goes');
    assert.ok(kept.has(minted[399]!));
  });

  it('lists every internal id that it knows, for the output gate', () => {
    const book = new HandleBook([], NOW_MS);
    book.mint('person', anna, 'Anna', NOW_MS);
    book.mint('device', new InternalId('laptop'), 'LAPTOP', NOW_MS);
    book.mintText('x', NOW_MS);
    assert.equal(book.ids().length, 2);
    assert.ok(book.ids().some((id) => id.equals(anna)));
  });

  for (const line of invalid) {
    it(`resolves ${JSON.stringify(line)} to nothing`, () => {
      const book = new HandleBook([], NOW_MS);
      book.mint('person', anna, 'Anna', NOW_MS);
      book.mintText('x', NOW_MS);
      for (const kind of handleKinds) assert.equal(book.resolve(kind, line, NOW_MS), undefined);
      assert.equal(book.resolveText(line, NOW_MS), undefined);
      assert.equal(book.labelOf(line, NOW_MS), undefined);
    });
  }
});

describe('HANDLE_IN_TEXT', () => {
  const found = (text: string): readonly string[] => [...text.matchAll(HANDLE_IN_TEXT)].map((match) => match[1] ?? '');

  it('finds handles of every kind, with and without braces', () => {
    assert.deepEqual(found('{person_k7m2qz} has device_abcdefgh; see text_222222.'), ['person_k7m2qz', 'device_abcdefgh', 'text_222222']);
    for (const kind of [...handleKinds, 'text']) assert.deepEqual(found(`Close {${kind}_k7m2qz}, or ${kind}_abcdefgh.`), [`${kind}_k7m2qz`, `${kind}_abcdefgh`], kind);
  });

  it('finds none in what only looks like one', () => {
    assert.deepEqual(found('person_ person_abc superperson_k7m2qz groups_k7m2qz mapp_k7m2qz room_k7m2qz Person_k7m2qz TICKET_k7m2qz app_k1m8qz salesperson_of_year'), []);
  });
});
