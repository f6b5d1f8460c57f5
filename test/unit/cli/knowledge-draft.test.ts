import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { deflateRawSync, crc32 } from 'node:zlib';
import { CommentRangeEnd, CommentRangeStart, CommentReference, DeletedTextRun, Document, ExternalHyperlink, FootnoteReferenceRun, HeadingLevel, ImageRun, InsertedTextRun, LevelFormat, Packer, Paragraph, Table, TableCell, TableRow, TextRun, type ISectionOptions } from 'docx';
import { draftOf, DraftError } from '../../../src/cli/knowledge-draft.ts';
import { pack, unpack } from '../../../src/cli/knowledge-draft-zip.ts';
import { readArticle } from '../../../src/knowledge/read-article.ts';
import { unsayable } from '../../../src/knowledge/check.ts';

type Children = ISectionOptions['children'];

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

async function docx(children: Children, more: object = {}): Promise<Buffer> {
  const numbering = { config: ['bullets', 'steps'].map((reference) => ({ reference, levels: [0, 1].map((level) => ({ level, format: reference === 'steps' ? LevelFormat.DECIMAL : LevelFormat.BULLET, text: reference === 'steps' ? '%1.' : '•' })) })) };
  return Packer.toBuffer(new Document({ numbering, ...more, sections: [{ children }] }));
}

const of = (name: string, content: string | Uint8Array | object) =>
  draftOf({ name, bytes: typeof content === 'string' ? Buffer.from(content) : content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content)) });
const html = (text: string, more: object = {}) => of('kb.json', { result: { number: 'KB0010023', short_description: 'Reset your password', text, ...more } });
const bodyOf = (text: string): string => text.slice(text.indexOf('\n---\n\n') + 6);
const refuses = (made: Promise<unknown>, pattern: RegExp) =>
  assert.rejects(made, (error: unknown) => {
    assert.ok(error instanceof DraftError, String(error));
    assert.match(error.message, pattern);
    return true;
  });

/** As an author would fill it in. */
function filled({ id, text }: { readonly id: string; readonly text: string }) {
  const done = text.replace(/^owner:.*$/m, 'owner: Service Desk <desk@example.com>').replace(/^expires:.*$/m, 'expires: 2030-01-01');
  return readArticle(`${id}.md`, done).article;
}

/** By name: a run may be a mere string as well, on which `bold` and `strike` are methods of old. */
const formatted = (text: string, format: 'bold' | 'strike') => new TextRun({ text, [format]: true });

const cell = (text: string) => new TableCell({ children: [new Paragraph(text)] });
const table = (...rows: readonly (readonly string[])[]) => new Table({ rows: rows.map((cells) => new TableRow({ children: cells.map(cell) })) });

describe('drafts of articles', () => {
  it('makes the same body of a Word document, of HTML and of Markdown', async () => {
    const word = await of('reset.docx', await docx([
      new Paragraph({ heading: HeadingLevel.TITLE, children: [new TextRun('Reset your password')] }),
      new Paragraph({ children: [new TextRun('Open the '), new ExternalHyperlink({ link: 'https://portal.example.com/reset', children: [new TextRun('portal')] }), new TextRun(' and choose '), formatted('Reset', 'bold'), new TextRun('.')] }),
      new Paragraph({ heading: HeadingLevel.HEADING_1, children: [new TextRun('What you need')] }),
      ...['A telephone', 'Your badge'].map((text) => new Paragraph({ text, numbering: { reference: 'bullets', level: 0 } })),
      new Paragraph({ heading: HeadingLevel.HEADING_2, children: [new TextRun('Steps')] }),
      ...['Sign in', 'Wait'].map((text) => new Paragraph({ text, numbering: { reference: 'steps', level: 0 } })),
      new Paragraph('When to call:'),
      table(['Day', 'Hours'], ['Monday', '8 to 17'], ['Friday', '8 to 12']),
    ]));
    const servicenow = await html('<h1>Reset your password</h1><div><p>Open the <a href="https://portal.example.com/reset" target="_blank">portal</a> and choose <b>Reset</b>.</p></div><h2>What you need</h2><ul><li>A telephone</li><li><p>Your badge</p></li></ul><h4>Steps</h4><ol><li>Sign in</li><li>Wait</li></ol>When to call:<table><thead><tr><th>Day</th><th>Hours</th></tr></thead><tbody><tr><td>Monday</td><td>8&nbsp;to 17</td></tr><tr><td>Friday</td><td>8 to 12</td></tr></tbody></table>');
    const markdown = await of('reset.md', '# Reset your password\n\nOpen the [portal][p] and choose __Reset__.\n\nWhat you need\n---\n\n* A telephone\n* Your badge\n\n### Steps\n\n1) Sign in\n2) Wait\n\nWhen to call:\n\n| Day | Hours |\n| --- | :-: |\n| Monday | 8 to 17 |\n| Friday | 8 to 12 |\n\n[p]: https://portal.example.com/reset "title"\n');
    assert.equal(bodyOf(word.text), 'Open the [portal](https://portal.example.com/reset) and choose **Reset**.\n\n## What you need\n\n- A telephone\n- Your badge\n\n## Steps\n\n1. Sign in\n2. Wait\n\nWhen to call:\n\n- Day: Monday; Hours: 8 to 17.\n- Day: Friday; Hours: 8 to 12.\n');
    assert.equal(bodyOf(servicenow.text), bodyOf(word.text));
    assert.equal(bodyOf(markdown.text), bodyOf(word.text));
    for (const made of [word, servicenow, markdown]) {
      assert.equal(made.id, 'reset-your-password');
      assert.deepEqual(filled(made).passages.map(({ heading }) => heading), ['', 'What you need', 'Steps']);
    }
  });

  it('writes front matter that the check refuses until a person filled it in, and says so', async () => {
    const { id, notes, text } = await html('<p>Text.</p>', { valid_to: '2027-01-31', workflow_state: 'retired' });
    assert.ok(text.startsWith('---\nid: reset-your-password\ntitle: Reset your password\nlanguage: en\naudience: everyone\nowner:\nexpires:\nsources:\n  - ServiceNow KB0010023\n---\n\nText.\n'), text);
    assert.throws(() => readArticle(`${id}.md`, text), /owner.*expires/s);
    assert.match(notes.join('\n'), /owner and expires are empty/);
    assert.match(notes.join('\n'), /valid to 2027-01-31/);
    assert.match(notes.join('\n'), /“retired”/);
  });

  it('guesses the language, and says that it did', async () => {
    const english = await of('a.md', '# Title\n\nThis is the text that you can read if you want.');
    const german = await of('a.md', '# Über Größe\n\nDas ist der Text, den Sie lesen und auf dem Gerät nicht finden.');
    const french = await of('a.md', '# Écran\n\nLe texte est dans la liste des documents pour vous.');
    assert.deepEqual([english, german, french].map(({ text }) => /^language: (.*)$/m.exec(text)?.[1]), ['en', 'de', 'fr']);
    assert.match(german.notes.join('\n'), /language was guessed: German/);
    assert.deepEqual([german.id, french.id], ['ueber-groesse', 'ecran']);
  });

  it('takes no front matter from the text: neither from a title, nor a name, nor a body', async () => {
    const title = 'x\n---\nowner: Evil <e@example.com>\nexpires: 2099-01-01\nreviewed: 2026-01-01 "\' # &a *a !!js';
    const made = [
      await of('a\nowner: x.json', { short_description: title, text: '<p>---</p><p>owner: Evil</p>', number: 'KB1\nreviewer: me' }),
      await of('a.md', `---\n${JSON.stringify({ title, owner: 'Evil <e@example.com>', expires: '2099-01-01', reviewer: 'me', audience: 'admin' })}\n---\nText.\n\n---\nowner: Evil\n---\n`),
    ];
    for (const { id, text } of made) {
      const [, front = ''] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
      assert.deepEqual([...front.matchAll(/^(\w+):/gm)].map(([, name]) => name), ['id', 'title', 'language', 'audience', 'owner', 'expires', 'sources']);
      assert.match(front, /^owner:\s*$/m);
      assert.match(front, /^audience: everyone$/m);
      assert.equal(filled({ id, text }).title, title.replace(/\s+/g, ' '));
    }
    assert.match(made[1]?.notes.join('\n') ?? '', /only the title was taken/);
  });

  it('makes an id that every file system takes', async () => {
    const ids = await Promise.all(['CON', 'README', 'Пароль', 'a '.repeat(90), 'w'.repeat(90), '../../etc/passwd'].map(async (title) => (await html('<p>Text.</p>', { short_description: title })).id));
    assert.deepEqual(ids, ['con-article', 'readme-article', 'servicenow-kb0010023', `${'a-'.repeat(29)}a`, 'w'.repeat(60), 'etc-passwd']);
  });

  it('keeps of hostile HTML only what an article may have, and counts the rest', async () => {
    const { id, notes, text } = await html(
      '<style>.x{display:none}</style><script>steal()</script><p onclick="steal()">Seen &lt;script&gt;&amp;lt; \u200bhere<!-- said to a program --></p>' +
        ['display:none', 'DISPLAY : n\\6f ne !important', 'color:red;visibility/**/:hidden', 'font-size:0', 'opacity:0', 'position:absolute;left:-9999px'].map((style) => `<span style="${style}">UNSEEN</span>`).join(' and ') +
        '<div hidden>UNSEEN</div><template>UNSEEN</template><noscript>UNSEEN</noscript><pre><code>UNSEEN</code></pre><del>UNSEEN</del><iframe src="https://evil.example"></iframe><svg><script>steal()</script><text>UNSEEN</text></svg>' +
        '<img src="https://evil.example/x.png" onerror="steal()"><img src="data:image/png;base64,AAAA"><form><input value="UNSEEN"><textarea>UNSEEN</textarea></form>' +
        '<p><a href="javascript:steal()">one</a> <a href="https://user:pass@evil.example/">two</a> <a href="//evil.example">three</a> <a href="data:text/html,x">four</a> <a href="https://good.example/a(b)&quot;c d">five</a></p><blockquote>said</blockquote><b>Note:</b>text <b>a</b><b>b</b>',
    );
    const body = bodyOf(text);
    assert.doesNotMatch(text, /UNSEEN|steal|evil|program|display|base64/);
    assert.match(body, /Seen \\<script>\\&lt; here/);
    assert.match(body, /one two three four \[five\]\(<?https:\/\/good\.example\/a/);
    assert.match(body, /\*\*Note\*\*:text \*\*ab\*\*/);
    assert.deepEqual(unsayable(filled({ id, text }), () => false), []);
    for (const note of ['3 pictures were left out', '1 block of code was left out', '1 quotation was turned into paragraphs', '1 script was left out', '1 comment was left out', '7 pieces of hidden text were left out', '1 deleted passage was left out', '1 embedded object was left out', '2 form fields were left out', '1 invisible character was left out']) assert.ok(notes.includes(note), `${note}\n${notes.join('\n')}`);
    assert.ok(notes.some((note) => note.startsWith('4 links were made plain text')), notes.join('\n'));
    assert.ok(notes.some((note) => note.startsWith('1 style sheet was left out: text that it hid')), notes.join('\n'));
  });

  it('leaves out the same of Markdown', async () => {
    const { id, notes, text } = await of('a.md', '# T\n\nSeen <span style="display: none">UNSEEN</span> text ~~UNSEEN~~<!-- UNSEEN -->.\n\n<div hidden>\n\nUNSEEN\n\n</div>\n\n<script>\nUNSEEN\n</script>\n\n```\nUNSEEN\n```\n\n![UNSEEN](https://evil.example/x.png) ![a][evil]\n\n[mail](mailto:a@example.com)\n\n<p>UNSEEN</p>\n\nEnd\n\n[evil]: https://evil.example\n');
    assert.equal(bodyOf(text), 'Seen text .\n\nmail\n\nEnd\n');
    assert.ok(filled({ id, text }));
    for (const note of ['2 pictures were left out', '1 block of code was left out', '1 piece of HTML was left out', '1 script was left out', '1 comment was left out', '2 pieces of hidden text were left out', '1 deleted passage was left out']) assert.ok(notes.includes(note), `${note}\n${notes.join('\n')}`);
  });

  it('leaves out what Word hides, deleted or only hangs on: hidden text, deletions, comments, pictures, footnotes, tables of contents', async () => {
    const change = { id: 1, author: 'A', date: '2026-01-01T00:00:00Z' };
    const { notes, text } = await of('a.docx', await docx([
      new Paragraph({ heading: HeadingLevel.HEADING_1, text: 'Title' }),
      new Paragraph({ children: [new TextRun('Seen '), new TextRun({ text: 'UNSEEN', vanish: true }), new TextRun({ text: 'UNSEEN', style: 'Ghost' }), new TextRun({ text: 'UNSEEN', size: 2 }), new DeletedTextRun({ text: 'UNSEEN', ...change }), new InsertedTextRun({ text: 'added', ...change, id: 2 }), formatted(' struck', 'strike')] }),
      new Paragraph({ style: 'TOC1', children: [new TextRun('UNSEEN')] }),
      new Paragraph({ style: 'Spectre', children: [new TextRun('UNSEEN')] }),
      new Paragraph({ children: [new CommentRangeStart(0), new TextRun('commented'), new FootnoteReferenceRun(1), new CommentRangeEnd(0), new TextRun({ children: [new CommentReference(0)] }), new ImageRun({ type: 'png', data: PIXEL, transformation: { width: 1, height: 1 }, altText: { name: 'UNSEEN', title: 'UNSEEN', description: 'UNSEEN' } })] }),
    ], {
      footnotes: { 1: { children: [new Paragraph('UNSEEN')] } },
      comments: { children: [{ id: 0, author: 'A', date: new Date(0), children: [new Paragraph('UNSEEN')] }] },
      styles: { characterStyles: [{ id: 'Ghost', name: 'Ghost', run: { vanish: true } }], paragraphStyles: [{ id: 'TOC1', name: 'toc 1' }, { id: 'Base', name: 'Base', run: { vanish: true } }, { id: 'Spectre', name: 'Spectre', basedOn: 'Base' }] },
    }));
    assert.equal(bodyOf(text), 'Seen added\n\ncommented\n');
    for (const note of ['2 pieces of hidden text were left out', '2 deleted passages were left out', '1 comment was left out', '1 picture was left out']) assert.ok(notes.includes(note), `${note}\n${notes.join('\n')}`);
    for (const note of ['1 tracked insertion was kept', '1 footnote was left out', '1 line of a table of contents']) assert.ok(notes.some((each) => each.startsWith(note)), `${note}\n${notes.join('\n')}`);
  });

  describe('of a Word document that reaches out', () => {
    let server: Server;
    let asked = 0;
    before((done) => {
      server = createServer((_, response) => {
        asked += 1;
        response.end();
      }).listen(0, '127.0.0.1', done);
    });
    after((done) => void server.close(done));

    it('reads no file and no address that its pictures and links name', async () => {
      const { port } = server.address() as { port: number };
      for (const target of [`http://127.0.0.1:${port}/x.png`, 'file:///etc/hostname']) {
        const parts = [...unpack(await docx([new Paragraph({ heading: HeadingLevel.HEADING_1, text: 'T' }), new Paragraph({ children: [new TextRun('Seen'), new ImageRun({ type: 'png', data: PIXEL, transformation: { width: 1, height: 1 } })] })]), (name) => /\.(?:xml|rels)$/.test(name), 1e7)].map(([name, part]) => {
          const xml = Buffer.from(part).toString().replace('r:embed', 'r:link').replace(/Target="media\/[^"]*"/, `Target="${target}" TargetMode="External"`);
          return [name, xml] as const;
        });
        assert.ok(parts.some(([, xml]) => xml.includes(target)) && parts.some(([, xml]) => xml.includes('r:link')));
        const { notes, text } = await of('a.docx', pack(new Map(parts)));
        assert.equal(bodyOf(text), 'Seen\n');
        assert.ok(notes.includes('1 picture was left out'));
      }
      assert.equal(asked, 0);
    });
  });

  it('refuses what it can’t read, and says what to do', async () => {
    const compound = Buffer.from('d0cf11e0a1b11ae1', 'hex');
    const good = await docx([new Paragraph('Text')]);
    const encrypted = Buffer.from(good);
    const entry = encrypted.indexOf(Buffer.from('504b0102', 'hex'));
    encrypted.writeUInt16LE(encrypted.readUInt16LE(entry + 8) | 1, entry + 8);
    await refuses(of('a.md', Buffer.alloc(5 * 1024 * 1024 + 1, 'a')), /larger than 5 MB/);
    await refuses(of('a.md', 'word '.repeat(50_000)), /more text than an article/);
    await refuses(of('a.md', Buffer.from('caf\u00e9', 'latin1')), /UTF-8/);
    await refuses(of('a.md', Buffer.from('text', 'utf16le')), /UTF-8/);
    await refuses(of('a.doc', compound), /old Word document/);
    await refuses(of('a.docx', compound), /old Word document/);
    await refuses(of('a.docx', Buffer.concat([compound, Buffer.from('EncryptedPackage', 'utf16le')])), /encrypted/);
    await refuses(of('a.docx', encrypted), /encrypted/);
    await refuses(of('a.pdf', '%PDF-1.7'), /PDF/);
    await refuses(of('a.md', '%PDF-1.7'), /PDF/);
    await refuses(of('a.md', good), /call it \.docx/);
    await refuses(of('a.docx', 'no zip'), /broken/);
    await refuses(of('a.docx', good.subarray(0, good.length - 30)), /broken/);
    await refuses(of('a.docx', pack(new Map([['word/other.xml', '<x/>']]))), /broken/);
    await refuses(of('a.docx', pack(new Map([['word/document.xml', '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>']]))), /broken/);
    await refuses(of('a.xlsx', 'x'), /of a kind that is not read/);
    await refuses(of('a.json', '{'), /no JSON/);
    await refuses(of('a.json', '[1, 2]'), /2 records/);
    for (const none of ['null', '"text"', '{}', '{"result":{"name":"x"}}', '{"result":{"text":{"__proto__":1}}}']) await refuses(of('a.json', none), /no article/);
    await refuses(of('a.json', { error: { message: 'No Record found' }, status: 'failure' }), /error that ServiceNow/);
    await refuses(html('', { wiki: '=Title=' }), /wiki markup/);
    for (const empty of ['', ' \n', '# Only a title', '```\ncode\n```']) await refuses(of('a.md', empty), /empty|no text/);
    await refuses(html('<p hidden>text</p>'), /no text/);
    await refuses(html('<div>'.repeat(5_000)), /can’t be converted|no text/);
  });

  it('refuses a zip bomb, whatever size it claims, without unpacking it', async () => {
    const bomb = Buffer.alloc(200_000_000, '<w:p/>');
    const archive = pack(new Map([['word/document.xml', 'placeholder']]));
    const packed = deflateRawSync(bomb);
    // The directory still claims eleven bytes.
    const local = Buffer.concat([archive.subarray(0, 47), packed]);
    const central = Buffer.from(archive.subarray(47 + 11));
    central.writeUInt16LE(8, 10);
    central.writeUInt32LE(crc32(bomb), 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(local.length, central.length - 6);
    const file = Buffer.concat([local, central]);
    assert.ok(file.length < 1_000_000);
    const before = process.memoryUsage().rss;
    await refuses(of('a.docx', file), /unpacks to more text/);
    assert.ok(process.memoryUsage().rss - before < 100_000_000);
  });

  it('says in each row of a table what spans several, and takes a frame for no table', async () => {
    const { notes, text } = await html('<table><tr><td><h2>Hours</h2><p>See below.</p><table><tr><th>Site</th><th>Day</th><th>From</th></tr><tr><td rowspan="2">Bern</td><td>Mon</td><td><ul><li>8</li><li>9</li></ul></td></tr><tr><td>Tue</td><td></td></tr></table></td></tr></table><table><tr><th>Mail</th><td>desk</td></tr><tr><th>Room</th><td>2</td></tr></table>');
    assert.equal(bodyOf(text), '## Hours\n\nSee below.\n\n- Site: Bern; Day: Mon; From: 8 9.\n- Site: Bern; Day: Tue.\n- Mail: desk.\n- Room: 2.\n');
    assert.ok(notes.some((note) => note.startsWith('2 tables were turned')) && notes.includes('1 table with a single column was turned into paragraphs'), notes.join('\n'));
  });

  it('keeps every passage of the articles that there are', async () => {
    const folder = new URL('../../../src/knowledge/articles/', import.meta.url);
    const files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md');
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      const { article } = readArticle(file, text);
      const drafted = filled(await of(file, text));
      const passages = ({ passages }: typeof article) => passages.map(({ heading, text: said }) => [heading, said]);
      assert.deepEqual(passages(drafted), passages(article), file);
      assert.deepEqual([drafted.title, drafted.language], [article.title, article.language], file);
    }
  });

  it('reads the record also without `result`, as the only one of a list, and with display values', async () => {
    const record = { number: 'KB7', short_description: 'T', text: '<p>Text.</p>' };
    const pairs = Object.fromEntries(Object.entries(record).map(([name, value]) => [name, { display_value: value, value }]));
    const made = await Promise.all([record, { result: record }, { result: [record] }, { result: pairs }].map((each) => of('a.json', each)));
    assert.equal(new Set(made.map(({ text }) => text)).size, 1);
    assert.match(made[0]?.text ?? '', /ServiceNow KB7/);
  });
});
