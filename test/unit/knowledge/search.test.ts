import assert from 'node:assert/strict';
import { chanceOf } from '../../../proof/random.ts';
import { articleHash, passageHash, sha256, type Article } from '../../../src/knowledge/article.ts';
import { indexText, readIndex, vectorBytes, type LoadedIndex } from '../../../src/knowledge/index-file.ts';
import { Search, type Found, type Ranking } from '../../../src/knowledge/search.ts';

const anybody = (): boolean => true;

function articleOf(id: string, texts: readonly string[], { audience = 'everyone', language = 'en', questions = [] }: Partial<Pick<Article, 'audience' | 'language' | 'questions'>> = {}): Article {
  const passages = texts.map((text) => ({ heading: '', text, hash: passageHash(id, { heading: '', text }) }));
  const article = { id, title: 'Untitled', language, audience, owner: { name: 'Service Desk', mail: 'desk@contoso.example' }, expires: '2099-12-31', sources: ['https://contoso.example'], questions, unanswered: [], body: sha256(id), passages };
  return { ...article, review: { hash: articleHash(article), reviewer: 'Ada', author: 'Grace', reviewed: '2026-01-31' } };
}

/** Loaded as it would be from files. */
function loadedOf(articles: readonly Article[], vectors: readonly (readonly number[])[], dimensions: number): LoadedIndex {
  return readIndex({ index: new TextEncoder().encode(indexText({ articles, model: 'm', dimensions })), vectors: vectorBytes(Float32Array.from(vectors.flat())) });
}

const searchOf = (articles: readonly Article[], vectors: readonly (readonly number[])[], dimensions = vectors[0]?.length ?? 1): Search => new Search(loadedOf(articles, vectors, dimensions));

const asked = (text: string, vector: readonly number[]): { readonly text: string; readonly vector: Float32Array } => ({ text, vector: Float32Array.from(vector) });
const textsOf = (found: readonly Found[]): readonly string[] => found.map(({ passage }) => passage.text);

describe('searching an index', () => {
  describe('by vectors', () => {
    // A number of passages and of dimensions that neither four nor eight divides.
    const [COUNT, DIMENSIONS] = [2_003, 97];
    const chance = chanceOf(7, 0);
    const numbers = (): readonly number[] => Array.from({ length: DIMENSIONS }, () => Math.fround((chance.next() * 2 - 1) * 3));
    const vectors = Array.from({ length: COUNT }, numbers);
    const texts = vectors.map((_, at) => `passage ${at}`);
    const articles = Array.from({ length: Math.ceil(COUNT / 10) }, (_, at) => articleOf(`a-${String(at).padStart(4, '0')}`, texts.slice(at * 10, at * 10 + 10)));
    const search = searchOf(articles, vectors);

    const cosine = (one: readonly number[], other: readonly number[]): number => {
      const dot = (left: readonly number[], right: readonly number[]): number => left.reduce((sum, value, at) => sum + value * right[at]!, 0);
      return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
    };

    it('finds what comparing each vector by hand finds, in the same order and with the same cosine', () => {
      for (let question = 0; question < 20; question += 1) {
        const vector = numbers();
        const byHand = vectors.map((each, at) => ({ text: `passage ${at}`, similarity: cosine(vector, each) })).sort((one, other) => other.similarity - one.similarity).slice(0, 50);
        const found = search.find(asked('', vector), anybody, 50, 'vectors');
        assert.deepEqual(textsOf(found), byHand.map(({ text }) => text));
        found.forEach(({ similarity }, at) => assert.ok(Math.abs(similarity - byHand[at]!.similarity) < 1e-9, `${similarity} for ${byHand[at]!.similarity}`));
      }
    });

    it('finds the vector itself at each place of the index', () => {
      for (const at of [0, 1, 2, 3, 4, COUNT - 4, COUNT - 3, COUNT - 2, COUNT - 1]) {
        const [first] = search.find(asked('', vectors[at]!), anybody, 1, 'vectors');
        assert.equal(first?.passage.text, `passage ${at}`);
        assert.ok(Math.abs(first.similarity - 1) < 1e-9);
      }
    });

    it('finds the same on every run, and in another copy of the index', () => {
      const question = asked('passage 12 or passage 700', numbers());
      const once = search.find(question, anybody, 50);
      assert.deepEqual(search.find(question, anybody, 50), once);
      assert.deepEqual(searchOf(articles, vectors).find(question, anybody, 50), once);
    });

    it('does not change what it was loaded from', () => {
      const loaded = loadedOf(articles, vectors, DIMENSIONS);
      new Search(loaded).find(asked('passage 1', vectors[0]!), anybody, 5);
      assert.deepEqual([...loaded.vectors], vectors.flat());
    });
  });

  it('reads vectors that begin anywhere among other bytes', () => {
    const articles = [articleOf('printers', ['Printer.', 'Toner.'])];
    const vectors = [[0.25, -3], [7, 1.5]];
    const bytes = vectorBytes(Float32Array.from(vectors.flat()));
    const index = new TextEncoder().encode(indexText({ articles, model: 'm', dimensions: 2 }));
    for (const offset of [0, 1, 2, 3, 4]) {
      const among = new Uint8Array(bytes.length + offset);
      among.set(bytes, offset);
      assert.deepEqual([...readIndex({ index, vectors: among.subarray(offset) }).vectors], vectors.flat());
    }
  });

  describe('what may not be said', () => {
    const hidden = articleOf('hidden', ['The vault combination.', 'Another vault.'], { audience: 'admin' });
    const open = articleOf('open', ['The vault is in the cellar.', 'Lunch is at noon.']);
    const search = searchOf([hidden, open], [[1, 0], [0.9, 0.1], [0.5, 0.5], [0, 1]]);
    const rankings: readonly Ranking[] = ['both', 'vectors', 'words'];

    for (const ranking of rankings) {
      it(`is not found by ${ranking}, however well it fits`, () => {
        const question = asked('vault combination', [1, 0]);
        assert.equal(search.find(question, anybody, 10, ranking)[0]?.article.id, 'hidden');
        const found = search.find(question, ({ audience }) => audience === 'everyone', 10, ranking);
        assert.ok(found.length > 0);
        assert.deepEqual(new Set(found.map(({ article }) => article.id)), new Set(['open']));
      });
    }

    it('takes no place from what may', () => {
      const many = articleOf('many', Array.from({ length: 60 }, (_, at) => `Vault number ${at}.`), { audience: 'admin' });
      const crowded = searchOf([many, open], [...many.passages.map(() => [1, 0]), [0.5, 0.5], [0, 1]]);
      assert.deepEqual(textsOf(crowded.find(asked('vault', [1, 0]), ({ id }) => id === 'open', 10)), ['The vault is in the cellar.', 'Lunch is at noon.']);
    });

    it('is asked once for each article, not for each passage', () => {
      const judged: string[] = [];
      search.find(asked('vault lunch', [1, 1]), ({ id }) => judged.push(id) > 0, 10);
      assert.deepEqual(judged.sort(), ['hidden', 'open']);
    });

    it('is nothing at all when nothing may be said', () => {
      assert.deepEqual(search.find(asked('vault', [1, 0]), () => false, 10), []);
    });
  });

  it('reads the vector of each reviewed question behind those of the passages', () => {
    const printers = articleOf('printers', ['Restart the printer.', 'Change the toner.', 'Paper jams.'], { questions: ['Why is my page grey?'] });
    const vault = articleOf('vault', ['The vault is in the cellar.', 'It is cold.'], { audience: 'admin', questions: ['Where is the vault?', 'How cold is it?'] });
    const search = searchOf([printers, vault], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [3, 0, 4], [0, 0, 0], [-5, 0, 0]]);
    // Their likeness is half of the cosine: none of the words is in them.
    const near = search.compare(asked('zzyzx', [0.6, 0, 0.8]), anybody).answering.flatMap(({ nearest }) => nearest.map(({ likeness, question }) => [question, Number(likeness.toFixed(6))]));
    assert.deepEqual(near, [['Why is my page grey?', 0.5], ['Where is the vault?', 0], ['How cold is it?', -0.3]]);
    const judged: string[] = [];
    const found = search.find(asked('zzyzx', [0.6, 0, 0.8]), ({ id }) => judged.push(id) > 0 && id === 'printers', 10);
    assert.deepEqual(new Set(found.map(({ article }) => article.id)), new Set(['printers']));
    assert.deepEqual(judged.sort(), ['printers', 'vault']);
  });

  it('puts passages that fit alike in the order of the index, wherever they stand in it', () => {
    const texts = Array.from({ length: 70 }, (_, at) => `Reset the badge at desk${'abcdefghij'.charAt(at % 10)}${'abcdefghij'.charAt(Math.floor(at / 10))}.`);
    const article = articleOf('badges', texts);
    const search = searchOf([article], texts.map(() => [0.3, 0.7, 0.1]));
    for (const ranking of ['vectors', 'words', 'both'] as const) assert.deepEqual(textsOf(search.find(asked('badge', [0.2, 0.9, 0.4]), anybody, 50, ranking)), texts.slice(0, 50));
  });

  describe('a question', () => {
    const articles = [articleOf('printers', ['Restart the printer.', 'Change the toner.', 'Paper jams.'])];
    const search = searchOf(articles, [[1, 0], [0, 1], [0, 0]]);

    it('without a word that anybody wrote is answered by its vector', () => {
      const found = search.find(asked('zzyzx qwrtp', [0, 2]), anybody, 1);
      assert.deepEqual(textsOf(found), ['Change the toner.']);
      assert.deepEqual(found.map(({ lexical, similarity }) => [lexical, similarity]), [[0, 1]]);
      assert.deepEqual(search.find(asked('zzyzx qwrtp', [0, 2]), anybody, 10, 'words'), []);
    });

    it('without a direction is answered by its words, and is like nothing', () => {
      const [first] = search.find(asked('paper jam', [0, 0]), anybody, 3);
      assert.equal(first?.passage.text, 'Paper jams.');
      assert.equal(first.similarity, 0);
      assert.ok(first.lexical > 0);
    });

    it('is like no passage whose vector has no direction', () => {
      const found = search.find(asked('', [1, 1]), anybody, 3, 'vectors');
      assert.equal(found[2]?.passage.text, 'Paper jams.');
      assert.equal(found[2].similarity, 0);
    });

    it('with neither words nor direction finds no reason to prefer one', () => {
      assert.deepEqual(search.find(asked('', [0, 0]), anybody, 3).map(({ lexical, similarity }) => [lexical, similarity]), [[0, 0], [0, 0], [0, 0]]);
    });
  });

  it('finds nothing in an index without articles', () => {
    const empty = searchOf([], [], 3);
    assert.deepEqual(empty.find(asked('printer', [1, 0, 0]), anybody, 10), []);
    assert.equal(empty.passage('0'.repeat(64)), undefined);
  });
});
