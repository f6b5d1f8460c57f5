import assert from 'node:assert/strict';
import type { TurnContext } from 'botbuilder';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { inertName, inertWhole, plainInMarkdown, Speaker, type Concealed } from '../../../src/bot/say.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { ANNA, ANNA_GUID, bestOfThreeMs, failsWith, handlesWith, NOW_MS, shown, SUPER_LINEAR_MS, vectors } from './support.ts';

const speaker = new Speaker(['teams.microsoft.com'], () => []);
const modelText = (text: string, label?: string): string => speaker.modelText(text, { handles: handlesWith(label) }, NOW_MS);

/** A value that the process holds, as `clients` conceals it: it knows itself in a text. */
const secret = (value: string): Concealed => ({ appearsIn: (text) => text.includes(value) });

describe('bot/say: handles in the text of the model', () => {
  it('puts the name where the model wrote the handle in braces', () => {
    assert.equal(modelText('I found {person_k7m2qz}.'), 'I found Anna Weber.');
  });
  it('puts the name where the model forgot the braces', () => {
    assert.equal(modelText('person_k7m2qz, I think; and person_k7m2qz again'), 'Anna Weber, I think; and Anna Weber again');
  });
  it('says what the person pasted where the model wrote its text handle', () => {
    assert.equal(modelText('I looked for {text_q2w3e4}.'), 'I looked for anna@contoso.com.');
  });
  for (const [why, text] of [
    ['a handle that nobody minted', '{person_aaaaaa}'],
    ['a handle of another kind', '{device_k7m2qz}'],
    ['a handle in capitals that nobody minted', '{PERSON_AAAAAA}'],
    ['a bare handle that nobody minted', 'device_bbbbbbbb'],
  ] as const) {
    it(`names nobody for ${why}`, () => {
      assert.equal(modelText(text), en.unknownName);
    });
  }
  it('puts the name where the model wrote the handle in capitals', () => {
    assert.equal(modelText('{PERSON_K7M2QZ} and Person_k7m2qz'), 'Anna Weber and Anna Weber');
  });
  it('names nobody for a handle that has expired', () => {
    assert.equal(speaker.modelText('{person_k7m2qz}', { handles: handlesWith() }, NOW_MS + 24 * 3_600_000), en.unknownName);
  });
  it('does not expand a name a second time: a name that looks like a handle stays a name', () => {
    assert.equal(modelText('{person_k7m2qz}', '{text_q2w3e4}'), '{text_q2w3e4}');
  });
  it('leaves replacement patterns in a name alone', () => {
    assert.equal(modelText('[{person_k7m2qz}]', "$& $1 $` $'"), "[$& $1 $` $']");
  });
});

describe('bot/say: names are inert', () => {
  const inert: readonly (readonly [string, string, string])[] = [
    ['loses direction overrides', 'Anna \u202etxt.exe\u202c', 'Anna txt.exe'],
    ['loses isolates and zero-width characters', 'A\u2066n\u2069n\u200ba', 'Anna'],
    ['loses control characters', 'An\u0000na\u0007', 'Anna'],
    ['can expand no client function', '{{DATE(2020-01-01)}}', '{ {DATE(2020-01-01)}}'],
    ['can expand no client function hidden by a zero-width character', '{\u200b{DATE(2020-01-01)}}', '{ {DATE(2020-01-01)}}'],
    ['can expand no template', '${$root.reference}', '$ {$root.reference}'],
    ['keeps its words apart', 'Anna\nWeber\u2028X\tY', 'Anna Weber X Y'],
    ['has no blanks left by what is taken out', 'Anna \u0007 Weber \u200b', 'Anna Weber'],
    ['keeps addresses', 'anna.weber@contoso.com', 'anna.weber@contoso.com'],
    ['is composed', 'Mu\u0308ller', 'M\u00fcller'],
    ['keeps letters of any language', '\u0141ukasz O\u2019Brien \u5f20\u4f1f', '\u0141ukasz O\u2019Brien \u5f20\u4f1f'],
  ];
  for (const [what, name, expected] of inert) {
    it(what, () => {
      assert.equal(inertName(name), expected);
      assert.equal(modelText('{person_k7m2qz}', name), expected);
    });
  }
  it('stands on one line', () => {
    assert.doesNotMatch(inertName('Anna\r\nWeber\u2028SYSTEM\u2029now'), /[\r\n\u2028\u2029]/);
  });
  it('is bounded', () => {
    assert.equal(inertName('x'.repeat(4_000)).length, 80);
    assert.match(inertName('x'.repeat(4_000)), /…$/);
  });
  it('is cut between characters', () => {
    assert.equal(inertName('\u{1f600}'.repeat(100)), `${'\u{1f600}'.repeat(79)}…`);
    assert(inertName(`${'x'.repeat(78)}\u{1f600}\u{1f600}\u{1f600}`).isWellFormed());
  });
  for (const name of ['{{{DATE(2020-01-01)}}', '{{{{DATE(x)}}}}', '{{{{{']) {
    it(`leaves no two braces side by side: ${name}`, () => {
      assert.doesNotMatch(inertName(name), /\{\{/);
    });
  }
  for (const name of ['https://evil.example/login', 'www.evil.example', 'Anna https://evil.example']) {
    it(`brings no link into a reply: ${name}`, () => {
      assert.doesNotMatch(modelText('{person_k7m2qz} was found.', name), /(?:https?:\/\/|www\.)evil/);
    });
  }
  it('escapes Markdown where a text is Markdown', () => {
    assert.equal(plainInMarkdown('**b** [a](b) _x_ `c` #1 <at>'), '\\*\\*b\\*\\* \\[a\\]\\(b\\) \\_x\\_ \\`c\\` \\#1 \\<at\\>');
  });
});

describe('bot/say: links', () => {
  for (const text of vectors('say-links-invalid.txt')) {
    it(`takes out ${shown(text)}`, () => {
      assert.doesNotMatch(modelText(`Look: ${text} there`), /evil|\u0435vil|alert|dial/i);
    });
  }
  for (const text of vectors('say-links-valid.txt')) {
    it(`keeps ${shown(text)}`, () => {
      assert.equal(modelText(text), text);
    });
  }
  it('keeps a listed link beside one that is not', () => {
    assert.equal(modelText('https://teams.microsoft.com/x https://evil.example'), `https://teams.microsoft.com/x ${en.linkRemoved}`);
  });
  it('takes out a link that a name and the words beside it make together', () => {
    assert.equal(modelText('see {person_k7m2qz}.com/x', 'evil'), `see ${en.linkRemoved}`);
    assert.doesNotMatch(modelText('https:/{person_k7m2qz}', '/evil'), /\/\/evil/);
  });
  it('knows the personal chat for code alone', () => {
    const chat = 'https://teams.microsoft.com/l/chat/0/0?users=28:bot';
    const gate = new Speaker(['learn.contoso.com'], () => []);
    assert.equal(gate.words(`here: ${chat}`), `here: ${chat}`);
    assert.equal(gate.modelText(chat, { handles: handlesWith() }, NOW_MS), en.linkRemoved);
    assert.equal(gate.modelText('https://learn.contoso.com/x', { handles: handlesWith() }, NOW_MS), 'https://learn.contoso.com/x');
    assert.equal(gate.words('https://learn.contoso.com/x'), 'https://learn.contoso.com/x');
    assert.throws(() => new Speaker([], () => [], []).words(chat), failsWith('SAY_WITHHELD'));
  });
  for (const text of vectors('say-links-invalid.txt').filter((each) => !each.includes('<'))) {
    it(`withholds words and cards of code that hold ${shown(text)}, and takes it out of names`, () => {
      assert.throws(() => speaker.words(`Look: ${text} there`), failsWith('SAY_WITHHELD'));
      assert.throws(() => speaker.card({ body: [{ text }] }, 'x'), failsWith('SAY_WITHHELD'));
      assert.throws(() => speaker.card({ [text]: 1 }, 'x'), failsWith('SAY_WITHHELD'));
      // Whatever an outsider calls themselves, they are greeted, and the status names them.
      for (const name of [text, `Anna ${text}`, `x${text}`, `(${text})`, `${'x'.repeat(70)} ${text}`, `\\${text}`, `${text}${text}`]) {
        assert.doesNotThrow(() => speaker.words(en.greeting(inertName(name))), name);
        assert.doesNotThrow(() => speaker.words(`set by ${plainInMarkdown(name)}`), name);
      }
    });
  }
  for (const text of vectors('say-links-valid.txt').filter((each) => !each.includes('https:'))) {
    it(`lets code and names say ${shown(text)}`, () => {
      assert.equal(speaker.words(text), text);
      assert.equal(inertName(text), text);
    });
  }
  it('has no link of its own wording', () => {
    const walk = (value: unknown): readonly string[] => {
      if (typeof value === 'string') return [value];
      if (typeof value === 'function') return walk((value as (...args: string[]) => unknown)('', '', ''));
      if (value instanceof Map) return [...value.values()].flatMap(walk);
      return typeof value === 'object' && value !== null ? Object.values(value).flatMap(walk) : [];
    };
    const gate = new Speaker([], () => [], []);
    assert(walk(en).length > 100);
    for (const text of walk(en)) assert.doesNotThrow(() => gate.words(text), text);
  });
  it('lets a card name its schema', () => {
    assert.doesNotThrow(() => speaker.card({ type: 'AdaptiveCard', $schema: 'http://adaptivecards.io/schemas/adaptive-card.json' }, 'x'));
  });
  it('allows no link at all when the list is empty', () => {
    const silent = new Speaker([], () => []);
    assert.equal(silent.modelText('https://teams.microsoft.com/x', { handles: handlesWith() }, NOW_MS), en.linkRemoved);
  });
});

describe('bot/say: mentions and markup', () => {
  for (const [what, text, expected] of [
    ['a mention of everyone', '<at>everyone</at> hello', 'hello'],
    ['a mention with attributes', '<at id="0">General</at> hello', 'hello'],
    ['a tag', '<b>bold</b>', 'bold'],
    ['a script', '<script>x</script>', 'x'],
    ['an image tag', 'a<img src=x onerror=y>b', 'ab'],
    ['a tag in a tag', '<<b>script>x', 'script>x'],
    ['a Markdown image', 'see ![alt](cid:1) here', 'see  here'],
  ] as const) {
    it(`takes out ${what}`, () => {
      assert.equal(modelText(text), expected);
    });
  }
});

describe('bot/say: nothing to read', () => {
  for (const text of ['', ' ', '\n\t', '![x](https://evil.example/a.png)', '<b></b>', '\u200b\u2060', '\u3164', '\u2800 \u00ad', '<at>x</at>']) {
    it(`is empty: ${shown(text)}`, () => {
      assert.equal(modelText(text), '');
    });
  }
});

describe('bot/say: time', () => {
  it('passes 200,000 characters made to make patterns slow in linear time', () => {
    const gate = new Speaker(['teams.microsoft.com'], () => []);
    const handles = handlesWith();
    const parts = ['<', '<quote ', '<at>', '<at', '@', '[', '![', '[x](', '[x](a', 'a.', 'a-', '1', '/', '\\\\', ':', 'a:', 'https:', 'https:)', 'www.', 'eyJ', 'eyJ-', 'Bearer ', '-----BEGIN ', '{', 'person_', '%41', '\u0301\u0316', 'a.com,', 'ms-', 'a@', 'x.de_', ' '];
    for (const part of parts) {
      for (const end of ['', 'x', ')', '@']) {
        const text = part.repeat(Math.floor(200_000 / part.length)) + end;
        for (const [what, pass] of Object.entries({ inertName: () => inertName(text), plainInMarkdown: () => plainInMarkdown(text), modelText: () => gate.modelText(text, { handles }, NOW_MS), words: () => gate.words(text, { handles }), inertWhole: () => inertWhole(text) })) {
          const tookMs = bestOfThreeMs(() => {
            try {
              pass();
            } catch (error) {
              failsWith('SAY_WITHHELD')(error);
            }
          });
          assert(tookMs < SUPER_LINEAR_MS, `${what} ${part} ${end} ${tookMs}`);
        }
      }
    }
  }).timeout(300_000);
});

describe('bot/say: internal ids', () => {
  const bytes = Buffer.from(ANNA_GUID);
  const base64 = (shift: number): string => Buffer.concat([Buffer.from('xyz'.slice(0, shift)), bytes, Buffer.from('tail')]).toString('base64');
  const encodings: readonly (readonly [string, string])[] = [
    ['as it is', ANNA_GUID],
    ['in capitals', ANNA_GUID.toUpperCase()],
    ['in braces', `{${ANNA_GUID}}`],
    ['without dashes', ANNA_GUID.replaceAll('-', '')],
    ['in hex', bytes.toString('hex')],
    ['in base64', base64(0)],
    ['in base64, one byte in', base64(1)],
    ['in base64, two bytes in', base64(2)],
    ['in base64url', bytes.toString('base64url')],
    ['inside a word', `x${ANNA_GUID}y`],
    ['inside a listed link', `https://teams.microsoft.com/${ANNA_GUID}`],
    ['between invisible characters', ANNA_GUID.split('').join('\u200b')],
    ['with other dashes', ANNA_GUID.replaceAll('-', '\u2011')],
    ['with blanks', ANNA_GUID.replaceAll('-', ' ')],
    ['in full-width digits', ANNA_GUID.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))],
    ['percent-encoded', ANNA_GUID.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16)}`)],
  ];
  for (const [how, text] of encodings) {
    it(`withholds a text of the model with an id ${how}`, () => {
      assert.throws(() => modelText(`It is ${text}.`), failsWith('SAY_WITHHELD'));
    });
    it(`withholds words of code with an id ${how}`, () => {
      assert.throws(() => speaker.words(`It is ${text}.`, { ids: [ANNA] }), failsWith('SAY_WITHHELD'));
    });
  }
  it('withholds an id that is no GUID and is split by zero-width characters', () => {
    const sysId = new InternalId('SN-46d44a40a9fe');
    assert.throws(() => speaker.modelText('It is SN-46d4\u200b4a40\u2060a9fe.', { handles: handlesWith(), ids: [sysId] }, NOW_MS), failsWith('SAY_WITHHELD'));
  });
  it('withholds an id that is put together by taking markup out', () => {
    const sysId = new InternalId('SN-46d44a40a9fe');
    assert.throws(() => speaker.modelText('It is SN-46d4<b>4a40</b>a9fe.', { handles: handlesWith(), ids: [sysId] }, NOW_MS), failsWith('SAY_WITHHELD'));
  });
  for (const text of ['00000000-1111-2222-3333-444444444444', '{00000000-1111-2222-3333-444444444444}', '00000000-1111-2222-\u200b3333-444444444444', '00000000-1111-2222-3333-444444444444'.split('').join('\u200b')]) {
    it(`takes out a GUID, whosever it is: ${shown(text)}`, () => {
      assert.equal(modelText(`id ${text} end`), `id ${en.idRemoved} end`);
    });
  }
  it('withholds a name that holds an id of this conversation', () => {
    assert.throws(() => modelText('{person_k7m2qz}', `Anna ${ANNA_GUID}`), failsWith('SAY_WITHHELD'));
  });
});

describe('bot/say: secrets', () => {
  for (const text of vectors('say-secrets-invalid.txt')) {
    it(`withholds ${shown(text)}`, () => {
      assert.throws(() => modelText(`Use ${text} please`), failsWith('SAY_WITHHELD'));
    });
  }
  it('withholds a secret shape in the words of code and on a card', () => {
    assert.throws(() => speaker.words('Bearer abcdefghijklmnopqrstuvwxyz012345'), failsWith('SAY_WITHHELD'));
    assert.throws(() => speaker.card({ text: '-----BEGIN PRIVATE KEY-----' }, 'x'), failsWith('SAY_WITHHELD'));
  });
  it('withholds a secret that the process holds, asked afresh each time', () => {
    const held: Concealed[] = [];
    const gate = new Speaker([], () => held);
    assert.equal(gate.words('hunter2-hunter2'), 'hunter2-hunter2');
    held.push(secret('hunter2-hunter2'));
    assert.throws(() => gate.words('it is hunter2-hunter2'), failsWith('SAY_WITHHELD'));
    assert.throws(() => gate.modelText('it is hunter2-\u200bhunter2', { handles: handlesWith() }, NOW_MS), failsWith('SAY_WITHHELD'));
  });
  it('never says in its error what it withheld', () => {
    assert.throws(() => modelText(ANNA_GUID), (error: Error) => !error.message.includes('3f2504e0'));
  });
});

describe('bot/say: cards', () => {
  const deep = (text: string) => ({ type: 'AdaptiveCard', body: [{ type: 'Container', items: [{ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text }] }] }] });
  const inAction = (text: string) => ({ type: 'AdaptiveCard', actions: [{ type: 'Action.Execute', title: 'Go', data: { reference: 'r', inner: { text } } }] });
  const asKey = (text: string) => ({ type: 'AdaptiveCard', [text]: 1 });
  for (const [where, card] of [
    ['deep in its body', deep],
    ['in the data of an action', inAction],
    ['as a key', asKey],
  ] as const) {
    it(`refuses a card that holds an id ${where}`, () => {
      assert.throws(() => speaker.card(card(ANNA_GUID), 'x', { ids: [ANNA] }), failsWith('SAY_WITHHELD'));
    });
    it(`refuses a card that holds a secret ${where}`, () => {
      const gate = new Speaker([], () => [secret('hunter2-hunter2')]);
      assert.throws(() => gate.card(card('hunter2-hunter2'), 'x'), failsWith('SAY_WITHHELD'));
    });
  }
  for (const value of ['pa"ss-word-1234', 'pa\\ss-word-1234', 'pass\tword-1234']) {
    it(`refuses a card that holds a secret which JSON escapes: ${shown(value)}`, () => {
      const gate = new Speaker([], () => [secret(value)]);
      assert.throws(() => gate.card(deep(`it is ${value}`), 'x'), failsWith('SAY_WITHHELD'));
    });
  }
  it('refuses a card whose notification holds an id', () => {
    assert.throws(() => speaker.card({}, ANNA_GUID, { ids: [ANNA] }), failsWith('SAY_WITHHELD'));
  });
  it('lets a card with a random reference pass unchanged', () => {
    const content = inAction('x');
    assert.equal(speaker.card(content, 'Sum', { ids: [ANNA] }).content, content);
  });
});

describe('bot/say: what is sent', () => {
  const sent: Record<string, unknown>[] = [];
  const context = {
    sendActivity: async (activity: Record<string, unknown>) => (sent.push(activity), { id: 'a1' }),
    updateActivity: async (activity: Record<string, unknown>) => void sent.push(activity),
  } as unknown as TurnContext;
  const last = (): Record<string, unknown> => sent.at(-1)!;

  it('sends text as plain text, so that Markdown in a name stays inert', async () => {
    assert.equal(await speaker.say(context, speaker.words('*x*')), 'a1');
    assert.equal(last()['textFormat'], 'plain');
    assert.equal(last()['entities'], undefined);
  });
  it('labels the text of the model as generated by AI', async () => {
    await speaker.say(context, speaker.words('x'), { model: true });
    assert.deepEqual((last()['entities'] as { additionalType: string[] }[]).map((entity) => entity.additionalType), [['AIGeneratedContent']]);
  });
  it('sends a card alone in its activity, with a summary for the notification', async () => {
    await speaker.show(context, speaker.card({ type: 'AdaptiveCard' }, 'Please confirm'));
    assert.equal(last()['text'], undefined);
    assert.equal(last()['summary'], 'Please confirm');
    assert.equal((last()['attachments'] as unknown[]).length, 1);
  });
  it('replaces a card under the id of the message in which it stands', async () => {
    await speaker.replace(context, 'a7', speaker.card({ type: 'AdaptiveCard' }, 'Done'));
    assert.equal(last()['id'], 'a7');
    assert.equal(last()['summary'], 'Done');
  });
});
