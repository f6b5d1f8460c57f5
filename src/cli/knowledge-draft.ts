import { parse as parseYaml, stringify } from 'yaml';
import { ARTICLE_ID, languages, type Language } from '../knowledge/article.ts';
import { INVISIBLE } from '../knowledge/check.ts';
import { htmlOfDocx } from './knowledge-draft-docx.ts';
import { markdownOfHtml } from './knowledge-draft-html.ts';
import { plainOf, readBody, writeBody, type Body } from './knowledge-draft-markdown.ts';
import { DraftError, Tally } from './knowledge-draft-notes.ts';
import { readServiceNow } from './knowledge-draft-servicenow.ts';

export { DraftError };

/** A text that somebody has already → the draft of an article that nobody has reviewed. Reads no file and no network. */

export interface Draft {
  readonly id: string;
  /** The file `id`.md. */
  readonly text: string;
  /** What whoever goes on with it must know, a sentence part each. */
  readonly notes: readonly string[];
}

const MOST_BYTES = 5 * 1024 * 1024;
/** Of an article: `readArticle` refuses more. */
const MOST_ARTICLE_BYTES = 100_000;
/** What is converted: more is more than two articles, and Markdown's readers take the square of the time for some of it. */
const MOST_MARKDOWN = 200_000;
const MOST_HTML = 1_000_000;
const MOST_TITLE = 120;
const MOST_ID = 60;
const MOST_SOURCE = 300;

/** What a text came as, before anything is decided about it. */
interface Source {
  readonly body: Body;
  /** What it says of its title beside the text. */
  readonly title: string;
  readonly from: string;
  readonly notes: readonly string[];
}

/** Fails with `DraftError`. */
export async function draftOf(file: { readonly name: string; readonly bytes: Uint8Array }): Promise<Draft> {
  const tally = new Tally();
  try {
    return draft(await read(file, tally), nameOf(file.name), tally);
  } catch (error) {
    if (error instanceof DraftError) throw error;
    // Whatever a library stumbles over, nesting without end above all, is in the file.
    throw new DraftError('can’t be converted: copy its text into a new document, save that, and try again', { cause: error });
  }
}

async function read({ bytes, name }: { readonly name: string; readonly bytes: Uint8Array }, tally: Tally): Promise<Source> {
  if (bytes.byteLength > MOST_BYTES) throw new DraftError('is larger than 5 MB: split it, or take the pictures out');
  if (bytes.byteLength === 0) throw new DraftError('is empty: there is nothing to make a draft of');
  const kind = /\.([a-z0-9]+)$/i.exec(nameOf(name))?.[1]?.toLowerCase();
  refuseOthers(bytes, kind);
  const from = nameOf(name);
  switch (kind) {
    case 'docx':
      return { body: bodyOf(await markdownOfHtml(limited(await htmlOfDocx(bytes, tally), MOST_HTML), tally), false, tally), title: '', from, notes: [] };
    case 'json': {
      const { html, notes, number, title } = readServiceNow(textOf(bytes));
      // Pictures inside the text are most of it.
      const text = html.replace(/\bdata:image\/[a-z.+-]+;base64,[A-Za-z0-9+/=\s]*/gi, '');
      return { body: bodyOf(await markdownOfHtml(limited(text, MOST_HTML), tally), false, tally), title, from: number === '' ? from : `ServiceNow ${number}`, notes };
    }
    case 'md':
    case 'markdown': {
      const { notes, rest, title } = withoutFrontMatter(textOf(bytes));
      return { body: bodyOf(rest, true, tally), title, from, notes };
    }
    case undefined:
    default:
      throw new DraftError('is of a kind that is not read: give Markdown (.md), Word (.docx), or an article of ServiceNow (.json)');
  }
}

function bodyOf(markdown: string, isWritten: boolean, tally: Tally): Body {
  return readBody(limited(markdown, MOST_MARKDOWN), isWritten, tally);
}

function limited(text: string, most: number): string {
  if (text.length > most) throw new DraftError('has more text than an article can have: split it');
  return text;
}

const COMPOUND = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/** By what a file begins with, whatever it is called. */
function refuseOthers(bytes: Uint8Array, kind: string | undefined): void {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.subarray(0, 8).equals(COMPOUND)) {
    // [MS-OFFCRYPTO] 2.3.4.4: an encrypted document is a compound file with a stream of this name in it.
    if (file.includes(Buffer.from('EncryptedPackage', 'utf16le'))) throw new DraftError('is encrypted: open it in Word, remove its password and save it anew as .docx');
    throw new DraftError('is an old Word document (.doc): open it in Word and save it as .docx');
  }
  if (file.subarray(0, 1024).includes('%PDF-') || kind === 'pdf') throw new DraftError('is a PDF, which keeps no paragraphs: give the document that it was made from, as .docx or .md');
  if (kind === 'doc') throw new DraftError('is an old Word document (.doc): open it in Word and save it as .docx');
  if (kind !== 'docx' && file.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004'))) throw new DraftError('is an archive or a document under a wrong name: if it is a Word document, call it .docx');
}

function textOf(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  } catch {
    // Said below.
  }
  throw new DraftError('is not text in UTF-8: open it in an editor and save it with that encoding');
}

/** Of a Markdown file's own front matter only a title is taken. */
function withoutFrontMatter(text: string): { readonly rest: string; readonly title: string; readonly notes: readonly string[] } {
  const [whole, , front] = /^(---|\+\+\+)[ \t]*\n([\s\S]*?)(?<=\n)(?:\1|\.\.\.)[ \t]*(?:\n|$)/.exec(text) ?? [];
  if (whole === undefined) return { rest: text, title: '', notes: [] };
  let fields: unknown;
  try {
    fields = text.startsWith('---') ? parseYaml(front ?? '', { schema: 'core', uniqueKeys: true, maxAliasCount: 0, logLevel: 'silent' }) : undefined;
  } catch {
    return { rest: text.slice(whole.length), title: '', notes: ['its own front matter can’t be read and was left out'] };
  }
  // Between two lines that divide a text there may be text.
  if (typeof fields === 'string') return { rest: text, title: '', notes: [] };
  const own = typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? new Map<string, unknown>(Object.entries(fields)) : new Map<string, unknown>();
  const title = own.get('title');
  const taken = typeof title === 'string' && title.trim() !== '' ? title : '';
  // An article's questions stand under its text; whoever reviews the draft writes its own.
  const rest = text.slice(whole.length).replace(/\n\n---\nquestions:\n[\s\S]*$/, '\n');
  return { rest, title: taken, notes: [taken === '' ? 'its own front matter was left out' : 'of its own front matter only the title was taken'] };
}

function draft({ body: { blocks }, from, notes, title: stated }: Source, file: string, tally: Tally): Draft {
  const at = blocks.findIndex(({ type }) => type === 'heading');
  const heading = headingAt(blocks, at);
  const own = lineOf(stated);
  // A title that is stated beside the text may stand above it as well; any other heading then is one of its sections.
  const isTitle = heading !== '' && (own === '' || (at === 0 && heading.toLowerCase() === own.toLowerCase()));
  const rest = isTitle ? blocks.filter((_, index) => index !== at) : blocks;
  const found = own || heading || lineOf(file.replace(/\.[a-z0-9]+$/i, ''));
  const title = cut(found, MOST_TITLE) || 'Untitled';
  if (!rest.some(({ type }) => type !== 'heading')) throw new DraftError('has no text that could be kept: an article is made of headings, paragraphs and lists');
  const body = writeBody({ blocks: rest });
  const language = languageOf(body);
  const id = idOf(title, language) || idOf(from, language) || 'article';
  // Written by the library, so that no title, however it is made up, is anything but a title.
  const front = stringify({ id, title, language, audience: 'everyone', owner: null, expires: null, sources: [cut(lineOf(from), MOST_SOURCE) || 'unknown'] }, { lineWidth: 0, nullStr: '' });
  const text = `---\n${front}---\n\n${body}`;
  return {
    id,
    text,
    notes: [
      'owner and expires are empty: `knowledge check` refuses the draft until a person has filled them in',
      `the language was guessed: ${NAMES[language]}`,
      ...(own === '' && heading === '' ? ['it has no heading: the title is the name of the file'] : []),
      ...(own === '' && at > 0 ? ['text stands before the first heading, which became the title: check that it is one'] : []),
      ...(title !== found ? [`the title was cut to ${MOST_TITLE} characters`] : []),
      ...(Buffer.byteLength(text) > MOST_ARTICLE_BYTES ? ['it is longer than the 100,000 bytes that an article may have: split it'] : []),
      ...notes,
      ...tally.sentences(),
    ],
  };
}

function headingAt(blocks: Body['blocks'], at: number): string {
  const block = blocks[at];
  return block?.type === 'heading' ? plainOf(block.children) : '';
}

const NAMES: Readonly<Record<Language, string>> = { en: 'English', de: 'German', fr: 'French' };

/** Words that each of them is full of and the others are not. */
const TELLTALES: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: new Set('the and of to is are for with you your that this it on be not can from have will or if'.split(' ')),
  de: new Set('der die das und ist sind nicht mit zu auf für ein eine einen dem den sie ihr ihre wird im bei oder wenn von'.split(' ')),
  fr: new Set('le la les et est sont des une un pour dans vous votre que qui du sur pas avec ce cette au aux ou si par'.split(' ')),
};

function languageOf(text: string): Language {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const counts = languages.map((language) => ({ language, count: words.filter((word) => TELLTALES[language].has(word)).length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).language;
}

/** Names that some file systems keep for themselves, and one that the folder of articles does. */
const TAKEN = /^(?:con|prn|aux|nul|com\d|lpt\d|readme)$/;

function idOf(text: string, language: Language): string {
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[äöü]/g, (letter) => (language === 'de' ? `${letter.normalize('NFD').charAt(0)}e` : letter))
    .replace(/[ßæœøłđ]/g, (letter) => ({ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd' })[letter] ?? '')
    .normalize('NFKD')
    .replace(/[\p{M}'’]/gu, '')
    .match(/[a-z0-9]+/g);
  let id = '';
  for (const word of words ?? []) {
    const longer = id === '' ? word.slice(0, MOST_ID) : `${id}-${word}`;
    if (longer.length > MOST_ID) break;
    id = longer;
  }
  if (TAKEN.test(id)) return `${id}-article`;
  return ARTICLE_ID.test(id) ? id : '';
}

/** One line without anything that can't be seen. */
function lineOf(text: string): string {
  return text.normalize('NFC').replace(new RegExp(INVISIBLE, 'gu'), '').replace(/\s+/g, ' ').trim();
}

/** At a word, if there is one to cut at. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // Not between the halves of one character.
  const head = text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '');
  const word = head.lastIndexOf(' ');
  return `${(word > most / 2 ? head.slice(0, word) : head).trimEnd()}…`;
}

/** Without its folders: where it lay says who its author is. */
function nameOf(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? '';
}
