import assert from 'node:assert/strict';
import { judge, type DropReason } from '../../../src/knowledge/ground.ts';
import type { Found } from '../../../src/knowledge/search.ts';
import { articleOf } from '../../stories/harness/articles.ts';

const found = (body: string, language = 'en', title = 'Remote access'): ReadonlyMap<string, Found> => {
  const article = articleOf({ id: 'a', title, body, language });
  return new Map(article.passages.map((passage, at) => [`p${at + 1}`, { article, passage, similarity: 1, lexical: 1, score: 1 }]));
};
const VPN = found('The VPN connection ends after 12 hours, or after 60 minutes without use. Private computers must not be connected to the VPN. Managers may request a second token from the Network Team before 31 March 2027. Only company laptops in Germany and France can connect.');
const verdictOn = (text: string, passages: readonly string[] = ['p1'], retrieved = VPN): DropReason | 'kept' => {
  const judged = judge({ text, passages }, retrieved);
  return 'dropped' in judged ? judged.dropped : 'kept';
};

describe('what a sentence may say', () => {
  for (const [text, why] of [
    ['The VPN connection ends after 12 hours, or after 60 minutes without use.', 'word for word'],
    ['the vpn connection ends after 12 hours or after 60 minutes without use', 'but for case and punctuation'],
    ['Private computers must not be connected to the VPN.', 'a prohibition as it stands'],
    ['After 12 hours, or after 60 minutes without use, the VPN connection ends.', 'in another order'],
  ] as const) {
    it(`keeps what is said ${why}`, () => assert.equal(verdictOn(text), 'kept'));
  }

  const refused: readonly (readonly [string, DropReason, string])[] = [
    ['The VPN connection ends after 24 hours, or after 60 minutes without use.', 'other numbers', 'another figure'],
    ['The VPN connection ends after 60 hours, or after 12 minutes without use.', 'other numbers', 'the figures of the source, swapped'],
    ['The VPN connection ends after twelve days, or after 60 minutes without use.', 'other numbers', 'a number in words with another unit'],
    ['Private computers must be connected to the VPN.', 'other negation', 'a prohibition turned round'],
    ['The VPN connection never ends after 12 hours, or after 60 minutes without use.', 'other negation', 'a negation put in'],
    ['Managers may request a second token from the Network Team before 31 April 2027.', 'other numbers', 'another month'],
    ['Managers may request a second token from the Network Team after 31 March 2027.', 'other force', 'after for before'],
    ['Managers must request a second token from the Network Team before 31 March 2027.', 'other force', 'must for may'],
    ['Managers may request a second token from the Security Team before 31 March 2027.', 'other names', 'another team'],
    ['Managers may request a second token from the Network Team.', 'other force', 'a deadline left out'],
    ['Company laptops in Germany and France can connect.', 'other force', 'only left out'],
    ['Only company laptops in Germany and Spain can connect.', 'other names', 'another country'],
    ['The VPN password is changed by the night porter every week.', 'other words', 'words of somewhere else'],
    ['', 'no citation', 'nothing'],
    ['The VPN connection ends after 12 hours. '.repeat(20), 'too long', 'no end'],
  ];
  for (const [text, reason, why] of refused) it(`drops ${why}`, () => assert.equal(verdictOn(text), reason));

  it('drops a sentence without a citation, and one of whose citations one was invented', () => {
    const sentence = 'Private computers must not be connected to the VPN.';
    assert.equal(verdictOn(sentence, []), 'no citation');
    assert.equal(verdictOn(sentence, ['p9']), 'citation invented');
    assert.equal(verdictOn(sentence, ['p1', 'p9']), 'citation invented');
    assert.equal(verdictOn(sentence, ['__proto__']), 'citation invented');
  });

  it('puts nothing together from two sentences of a passage', () => {
    assert.notEqual(verdictOn('Private computers must not be connected to the VPN after 12 hours.'), 'kept');
    assert.notEqual(verdictOn('Only managers in Germany and France can connect private computers to the VPN.'), 'kept');
  });

  it('is as strict in German and French, in their own language', () => {
    const german = found('Der Zuschuss für einen Stuhl beträgt höchstens 250 Euro. Private Drucker dürfen nicht angeschlossen werden.', 'de', 'Homeoffice');
    assert.equal(verdictOn('Der Zuschuss für einen Stuhl beträgt höchstens 250 Euro.', ['p1'], german), 'kept');
    assert.equal(verdictOn('Der Zuschuss für einen Stuhl beträgt 250 Euro.', ['p1'], german), 'other force');
    assert.equal(verdictOn('Der Zuschuss für einen Stuhl beträgt höchstens 350 Euro.', ['p1'], german), 'other numbers');
    assert.equal(verdictOn('Private Drucker dürfen angeschlossen werden.', ['p1'], german), 'other negation');
    const french = found('Le badge provisoire est valable jusqu’à 18 heures. Il ne faut jamais prêter le badge.', 'fr', 'Badge');
    assert.equal(verdictOn('Le badge provisoire est valable jusqu’à 18 heures.', ['p1'], french), 'kept');
    assert.equal(verdictOn('Le badge provisoire est valable jusqu’à 20 heures.', ['p1'], french), 'other numbers');
    assert.equal(verdictOn('Il faut prêter le badge.', ['p1'], french), 'other negation');
    // Translated is rephrased further than words can follow.
    assert.equal(verdictOn('The temporary badge is valid until 18 hours.', ['p1'], french), 'other words');
  });
});
