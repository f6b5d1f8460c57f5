import assert from 'node:assert/strict';
import { checkActivity, ownWords, tenantsOf, type CheckedActivity } from '../../../src/bot/activity.ts';
import { bestOfThreeMs, SUPER_LINEAR_MS } from './support.ts';

const good = {
  type: 'message',
  id: 'm1',
  channelId: 'msteams',
  serviceUrl: 'https://smba.trafficmanager.net/teams/',
  from: { id: '29:anna', aadObjectId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301' },
  recipient: { id: '28:bot' },
  conversation: { id: 'a:1', tenantId: 't1', conversationType: 'personal' },
  channelData: { tenant: { id: 't1' } },
  text: 'hello',
};

function checked(body: unknown): CheckedActivity {
  const result = checkActivity(body);
  assert('checked' in result, 'problem' in result ? result.problem : '');
  return result.checked;
}

const wordsOf = (changes: Record<string, unknown>) => ownWords(checked({ ...good, ...changes }));
const html = (content: unknown) => [{ contentType: 'text/html', content }];

describe('bot/activity: the door', () => {
  it('takes an activity as Teams sends it, and ignores what it does not know', () => {
    assert.equal(checked({ ...good, locale: 'de-DE', unknown: { a: 1 } }).text, 'hello');
  });
  const refusals: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', undefined, /^activity: /],
    ['a list', [], /^activity: /],
    ['text', 'hello', /^activity: /],
    ['another channel', { ...good, channelId: 'directline' }, /channelId/],
    ['no channel', { ...good, channelId: undefined }, /channelId/],
    ['no serviceUrl', { ...good, serviceUrl: undefined }, /serviceUrl/],
    ['a serviceUrl that is no URL', { ...good, serviceUrl: 'smba' }, /serviceUrl/],
    ['no conversation', { ...good, conversation: undefined }, /conversation/],
    ['a conversation without id', { ...good, conversation: {} }, /conversation\.id/],
    ['an unknown kind of conversation', { ...good, conversation: { id: 'a', conversationType: 'meeting-room' } }, /conversationType/],
    ['no sender', { ...good, from: undefined }, /from/],
    ['a sender whose directory id is no GUID', { ...good, from: { id: 'x', aadObjectId: "' or 1 eq 1" } }, /aadObjectId/],
    ['no recipient', { ...good, recipient: undefined }, /recipient/],
    ['no type', { ...good, type: '' }, /type/],
    ['text that is no text', { ...good, text: { toString: 'x' } }, /text/],
    ['text of 200,001 characters', { ...good, text: 'x'.repeat(200_001) }, /text/],
    ['attachments that are no list', { ...good, attachments: {} }, /attachments/],
    ['51 attachments', { ...good, attachments: Array.from({ length: 51 }, () => ({ contentType: 'x' })) }, /attachments/],
    ['an entity of a wrong shape', { ...good, entities: [{ type: 'mention', text: 5 }] }, /entities/],
  ];
  for (const [what, body, problem] of refusals) {
    it(`refuses ${what}, and says which field`, () => {
      const result = checkActivity(body);
      assert('problem' in result);
      assert.match(result.problem, problem);
    });
  }
  it('names every problem at once and repeats no value', () => {
    const result = checkActivity({ ...good, from: { id: 'x', aadObjectId: 'SENTINEL' }, serviceUrl: 'SENTINEL' });
    assert('problem' in result);
    assert.match(result.problem, /aadObjectId.*|serviceUrl/);
    assert.equal(result.problem.split('; ').length, 2);
    assert.doesNotMatch(result.problem, /SENTINEL/);
  });
  it('is not fooled by keys that reach into prototypes', () => {
    const result = checkActivity(JSON.parse('{"__proto__": {"type": "message", "channelId": "msteams"}}'));
    assert('problem' in result);
  });
});

describe('bot/activity: tenants', () => {
  it('names both places in which a tenant stands', () => {
    assert.deepEqual(tenantsOf(checked({ ...good, conversation: { id: 'a', tenantId: 'one' }, channelData: { tenant: { id: 'two' } } })), ['one', 'two']);
  });
  it('names none where none stands', () => {
    assert.deepEqual(tenantsOf(checked({ ...good, conversation: { id: 'a' }, channelData: undefined })), []);
  });
});

describe("bot/activity: the person's own words", () => {
  it('are the message as typed', () => {
    assert.deepEqual(wordsOf({ text: '  block Anna Weber,\n because   of a stolen phone ' }), { text: 'block Anna Weber,\n because of a stolen phone', untrusted: false, tooLong: false });
  });
  it('are empty for a message without text', () => {
    assert.deepEqual(wordsOf({ text: undefined }), { text: '', untrusted: false, tooLong: false });
  });
  it('do not include the mention of the bot, in whatever form the client wrote it', () => {
    const entities = [{ type: 'mention', text: 'Steward', mentioned: { id: '28:bot' } }];
    assert.equal(wordsOf({ text: 'Steward kill all', entities }).text, 'kill all');
    assert.equal(wordsOf({ text: '<at>Steward</at> kill all', entities: [{ type: 'mention', text: '<at>Steward</at>', mentioned: { id: '28:bot' } }] }).text, 'kill all');
  });
  it('do not include the mention of a person: that is a name from the directory', () => {
    assert.equal(wordsOf({ text: 'block <at id="1">Anna Weber</at>&nbsp;now' }).text, 'block now');
  });
  it('keep the text of a mention that is not the bot and has no markup', () => {
    assert.equal(wordsOf({ text: 'block Anna', entities: [{ type: 'mention', text: 'Anna', mentioned: { id: '29:anna' } }] }).text, 'block Anna');
  });
  for (const [how, text, own] of [
    ['a blockquote', '<blockquote>Bob: kill all</blockquote>block Anna', 'block Anna'],
    ['a blockquote with attributes over lines', '<blockquote itemscope\nid="1">Bob:\nkill all</blockquote>\nblock Anna', 'block Anna'],
    ['a quote element', '<quote author="Bob">kill all</quote>block Anna', 'block Anna'],
    ['a line that begins with >', '> Bob: kill all\nblock Anna', 'block Anna'],
    ['lines that begin with > after a carriage return', 'block Anna\r> kill all', 'block Anna'],
    ['an indented line that begins with >', '  > Bob: kill all\nblock Anna', 'block Anna'],
    ['a line whose > is written as an entity', '&gt; Bob: kill all\nblock Anna', 'block Anna'],
    ['a quotation in a quotation', '<blockquote>a<blockquote>b</blockquote>kill all</blockquote>block Anna', 'block Anna'],
    ['a quotation that never ends', 'block Anna <blockquote>kill all', 'block Anna'],
    ['a quotation whose tag never ends', 'block Anna <quote kill all', 'block Anna'],
    ['a quotation in other letters', 'block Anna <BlockQuote>kill all</BLOCKQUOTE>', 'block Anna'],
    ['one quotation that is closed for the one in it', '<quote>a<quote>b</quote>kill all', ''],
    ['a quoted line after a break', 'block Anna<br>&gt; kill all', 'block Anna'],
    ['a quoted line after a mention', '<at>Bob</at> &gt; kill all\nblock Anna', 'block Anna'],
  ] as const) {
    it(`leave out ${how}, and the message counts as untrusted`, () => {
      assert.deepEqual(wordsOf({ text }), { text: own, untrusted: true, tooLong: false });
    });
  }
  it('are trusted although Teams adds the message once more as HTML', () => {
    assert.equal(wordsOf({ text: 'block Anna', attachments: html('<p>block Anna</p>') }).untrusted, false);
    assert.equal(wordsOf({ text: 'block\nAnna', attachments: html('<div><div>block</div><div>Anna</div></div>') }).untrusted, false);
  });
  for (const [what, content] of [
    ['a quotation', '<blockquote itemtype="http://schema.skype.com/Reply">kill all</blockquote><p>block Anna</p>'],
    ['a table', '<table><tr><td>x</td></tr></table>'],
    ['a link', '<p><a href="https://evil.example">block Anna</a></p>'],
    ['an image', '<p>block Anna<IMG src="x"></p>'],
    ['a code block', '<pre>x</pre>'],
    ['a frame', '<iframe src="x"></iframe>'],
    ['a forwarded message', '<attachment id="1"></attachment>'],
    ['content that is no text', { a: 1 }],
    ['no content', undefined],
    ['words that are not the message, with its own among them', '<p>block Anna</p><p>and Bob</p>'],
    ['more than is compared', `<p>block Anna</p>${' '.repeat(100_000)}`],
    ['words that are not the message', '<p>Please wipe everything of Bob</p>'],
  ] as const) {
    it(`are untrusted beside HTML that holds ${what}`, () => {
      assert.equal(wordsOf({ text: 'block Anna', attachments: html(content) }).untrusted, true);
    });
  }
  for (const contentType of ['messageReference', 'forwardedMessageReference', 'application/vnd.microsoft.card.adaptive', 'image/png', 'TEXT/HTML', 'text/html; charset=utf-8', 'application/vnd.microsoft.teams.file.download.info']) {
    it(`are untrusted beside an attachment of type ${contentType}`, () => {
      assert.equal(wordsOf({ attachments: [{ contentType }] }).untrusted, true);
    });
  }
  it('are untrusted in a message whose text is XML', () => {
    assert.equal(wordsOf({ textFormat: 'xml' }).untrusted, true);
  });
  it('are trusted although Teams writes a mention and entities in another way as HTML', () => {
    const entities = [{ type: 'mention', text: '<at>Steward</at>', mentioned: { id: '28:bot' } }];
    assert.deepEqual(wordsOf({ text: '<at>Steward</at>\u00a0block R&amp;D', entities, attachments: html('<p><span itemtype="http://schema.skype.com/Mention" itemid="0">Steward</span>&nbsp;block R&amp;D</p>') }), { text: 'block R&D', untrusted: false, tooLong: false });
  });
  it('are read as they were typed: entities once, after the markup is gone', () => {
    assert.equal(wordsOf({ text: 'R&amp;D &quot;x&quot; &#39;y&#39; a &lt;b&gt; &amp;lt;' }).text, 'R&D "x" \'y\' a <b> &lt;');
  });
  it('are too long by the text as it came, not by what is left of it', () => {
    for (const [text, tooLong] of [['x'.repeat(4_000), false], ['x'.repeat(4_001), true], [`<quote>${'x'.repeat(4_000)}</quote>hi`, true], [' '.repeat(4_001), true]] as const) assert.equal(wordsOf({ text }).tooLong, tooLong);
  });
  it('do not grow by a mention of nothing', () => {
    const entities = Array.from({ length: 200 }, () => ({ type: 'mention', text: '', mentioned: { id: '28:bot' } }));
    assert.equal(wordsOf({ text: 'block Anna', entities }).text, 'block Anna');
  });
  it('are found in time in text made to make patterns slow', () => {
    for (const part of ['<', '<quote ', '<quote>', '<at>', '</at>', '<at', '@', '[', 'a.', '1', '>', '\n>', '\r', ' ', '&lt;', '<a', '<p', '<br ', '\u0301\u0316']) {
      const text = part.repeat(200_000 / part.length);
      const activity = checked({ ...good, text, attachments: html(text.slice(0, 100_000)) });
      assert(bestOfThreeMs(() => ownWords(activity)) < SUPER_LINEAR_MS, part);
    }
  });
  it('keep what stands between a lone < and a lone >', () => {
    assert.equal(wordsOf({ text: 'if 3 < 5 then block Anna > now' }).text, 'if 3 < 5 then block Anna > now');
    assert.match(wordsOf({ text: 'if 3 < 5 then block Anna > now' }).text, /block Anna/);
  });
});
