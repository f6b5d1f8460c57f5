import assert from 'node:assert/strict';
import { answer, type AnswerPorts } from '../../../src/knowledge/answer.ts';
import { replay, type KeptAnswer } from '../../../src/knowledge/replay.ts';
import { sha256 } from '../../../src/knowledge/article.ts';
import type { Thresholds } from '../../../src/knowledge/relevance.ts';
import type { Search } from '../../../src/knowledge/search.ts';
import { rejectsWith } from '../guard/support.ts';
import { articleOf, LOCAL_ADMIN, PRINTING, VPN } from '../../stories/harness/articles.ts';
import { embed, searchOver } from './support.ts';

const thresholds: Thresholds = { similarity: 0.05, coverage: 0.4, sentenceCoverage: 0.3, unknown: 0.6, known: 0.3, doubtful: 0, agreement: 0.5 };
const settings = { contract: 'c', thresholds };
const everything = (): boolean => true;
const GIVEN = { id: 'home-tunnel', title: 'Reach the company network from outside', body: 'The VPN connection ends after 12 hours. Private computers must not be connected.' };
const QUESTION = 'When does the VPN connection end?';
const ENDS = 'The VPN connection ends after 12 hours.';

/** What the model says, by the passages it is given. */
type Says = (passages: readonly { readonly id: string; readonly text: string }[]) => unknown;
const ports = (says: Says, asked: string[] = []): AnswerPorts => ({
  embed,
  ask: async ({ user }) => {
    asked.push(user);
    return JSON.stringify({ sentences: says((JSON.parse(user) as { passages: { id: string; text: string }[] }).passages) });
  },
});
const quoting = (text: string): Says => (passages) => [{ text, passages: [passages.find((passage) => passage.text.includes(text))?.id ?? 'p1'] }];

describe('an answer', () => {
  let search: Search;
  before(async () => void (search = await searchOver([VPN, PRINTING, LOCAL_ADMIN])));

  it('keeps what a passage says, and knows where it stands', async () => {
    const { kept, refusal, retrieved } = await answer(QUESTION, search, everything, ports(quoting(ENDS)), settings);
    assert.equal(refusal, undefined);
    assert.deepEqual(kept.map(({ agreement, support, text }) => [text, support.found.article.id, support.verbatim, agreement]), [[ENDS, VPN.id, true, 1]]);
    assert.ok(retrieved.includes(kept[0]?.support.found ?? assert.fail()), 'it cites what was not retrieved');
  });

  it('puts nothing before the model that may not be said, and finds its title nowhere', async () => {
    const asked: string[] = [];
    const question = 'Who approves temporary administrator rights on a laptop?';
    const { retrieved } = await answer(question, search, ({ audience }) => audience === 'everyone', ports(quoting('x'), asked), settings);
    assert.ok(retrieved.every(({ article }) => article !== LOCAL_ADMIN));
    assert.ok(asked.every((text) => !text.includes('lead of the service desk')));
  });

  it('does not ask the model where nothing is near, and says why nothing is said', async () => {
    const asked: string[] = [];
    const far = await answer('Which wine goes with roast pork?', search, everything, ports(quoting(ENDS), asked), settings);
    assert.deepEqual([far.refusal, asked.length], ['nothing near', 0]);
    const silent = await answer(QUESTION, search, everything, ports(() => []), settings);
    assert.equal(silent.refusal, 'nothing said');
    const lying = await answer(QUESTION, search, everything, ports(() => [{ text: 'The VPN connection ends after 13 hours.', passages: ['p1'] }]), settings);
    assert.deepEqual([lying.refusal, lying.kept.length], ['nothing supported', 0]);
  });

  it('drops what answers another question, is said twice, or comes after five', async () => {
    const beside = await answer('Who pays for the VPN connection?', search, everything, ports(quoting(ENDS)), settings);
    assert.deepEqual(beside.dropped.map(({ reason }) => reason), beside.refusal === 'nothing near' ? [] : ['beside the question']);
    const twice = await answer(QUESTION, search, everything, ports((passages) => [...(quoting(ENDS)(passages) as unknown[]), ...(quoting(ENDS)(passages) as unknown[])]), settings);
    assert.deepEqual([twice.kept.length, twice.dropped.map(({ reason }) => reason)], [1, ['repeated']]);
  });

  it('keeps a rephrased sentence only where its meaning agrees as well', async () => {
    const rephrased = 'After 12 hours the VPN connection ends.';
    const says: Says = (passages) => [{ text: rephrased, passages: [passages.find(({ text }) => text.includes(ENDS))?.id ?? ''] }];
    const agrees = await answer(QUESTION, search, everything, ports(says), settings);
    assert.deepEqual(agrees.kept.map(({ support, text }) => [text, support.verbatim]), [[rephrased, false]]);
    // The same words, and a model of meaning that sees nothing alike.
    let calls = 0;
    const strange: AnswerPorts = { ...ports(says), embed: async (texts) => ((calls += 1) === 1 ? embed(texts) : texts.map((_, at) => [at % 2, (at + 1) % 2])) };
    const differs = await answer(QUESTION, search, everything, strange, settings);
    assert.deepEqual(differs.dropped.map(({ reason }) => reason), ['other meaning']);
  });

  it('fails on an answer of another form, and on vectors that are none', async () => {
    for (const text of ['', 'The VPN ends.', '[]', '{"sentences":[{"text":1,"passages":[]}]}', '{"sentences":[],"plan":[]}']) {
      await rejectsWith(answer(QUESTION, search, everything, { embed, ask: async () => text }, settings), 'MODEL_MALFORMED');
    }
    await rejectsWith(answer(QUESTION, search, everything, { embed: async () => [[NaN, 1]], ask: async () => '' }, settings), 'MODEL_MALFORMED');
  });

  it('lets reviewed questions decide: one that is answered lets in what words alone would not, one that is not keeps the model from being asked', async () => {
    const questions = ['my tunnel home keeps dropping, is that normal'];
    const unanswered = ['Who made the VPN client?'];
    const known = await searchOver([articleOf({ ...GIVEN, questions, unanswered }), PRINTING]);
    const asked: string[] = [];
    const strange = 'My tunnel home keeps dropping, is that normal?';
    assert.equal((await answer(strange, search, everything, ports(quoting(ENDS), asked), settings)).refusal, 'nothing near');
    const { kept } = await answer(strange, known, everything, ports(quoting(ENDS), asked), settings);
    assert.deepEqual([kept.map(({ text }) => text), asked.map((user) => (JSON.parse(user) as { like: unknown }).like)], [[ENDS], [questions]]);
    const refused = await answer('who made the VPN client', known, everything, ports(quoting(ENDS), asked), settings);
    assert.deepEqual([refused.refusal, asked.length], ['nothing near', 1]);
    // In its very words, it is the same question however many others there are.
    const crowded = await searchOver([articleOf({ ...GIVEN, questions: [...questions, 'how do I dial in', 'what is a private computer'], unanswered: [...unanswered, 'what does the tunnel cost', 'can I watch films through it'] }), PRINTING]);
    assert.equal((await answer(strange, crowded, everything, ports(quoting(ENDS)), settings)).kept.length, 1);
    assert.equal((await answer('who made the VPN client?', crowded, everything, ports(quoting(ENDS)), settings)).refusal, 'nothing near');
    // What may not be said answers nothing, and keeps nothing from being answered.
    const other = await answer(strange, known, ({ id }) => id !== GIVEN.id, ports(quoting(ENDS), asked), settings);
    assert.deepEqual([other.refusal, asked.length], ['nothing near', 1]);
  });

  it('comes out the same when it is asked again, and not in another index', async () => {
    const given = await answer(QUESTION, search, everything, ports(quoting(ENDS)), settings);
    const kept: KeptAnswer = {
      question: QUESTION,
      vector: given.vector,
      proposed: given.proposed,
      passages: given.retrieved.map(({ lexical, passage, score, similarity }) => ({ hash: passage.hash, lexical, score, similarity })),
      kept: given.kept.map(({ support, text }) => ({ digest: sha256(text), hash: support.found.passage.hash })),
    };
    const same = replay(kept, search, everything, settings);
    assert.deepEqual([same.isFoundAgain, same.isKeptAgain, same.cited.map((entry) => entry?.article.id)], [true, true, [VPN.id]]);
    const other = replay(kept, await searchOver([PRINTING]), everything, settings);
    assert.deepEqual([other.isFoundAgain, other.isKeptAgain, other.cited], [false, false, [undefined]]);
    const forged = replay({ ...kept, passages: kept.passages.map((passage, at) => (at === 0 ? { ...passage, similarity: passage.similarity + 0.01 } : passage)) }, search, everything, settings);
    assert.equal(forged.isFoundAgain, false);
    const said = replay({ ...kept, kept: [{ digest: sha256('The VPN connection never ends.'), hash: kept.kept[0]?.hash ?? '' }] }, search, everything, settings);
    assert.equal(said.isKeptAgain, false);
  });
});
