/** One way to read a text, and where each of its characters stands in the text itself. */
export interface Reading {
  readonly text: string;
  /** In lower case, and of the same length. Made when first asked for: every secret is looked for in it. */
  readonly lower: () => string;
  /** Blanks and line breaks are left out: words stand together that do not belong together. */
  readonly gapless: boolean;
  /** The places in the original where the character at `index` begins, and ends. */
  readonly startOf: (index: number) => number;
  readonly endOf: (index: number) => number;
}

/** One character of UTF-8 in percent-encoding, `%2B`, `\u002b`, `\x2b`, `&#43;`, `&#x2b;`, `&amp;` and the escapes of JSON. */
const ESCAPE = /%[c-f][0-9a-f](?:%[89ab][0-9a-f]){1,3}|%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\["'\\/bfnrt]|&#\d{1,7};|&#x[0-9a-f]{1,6};|&(?:amp|lt|gt|quot|apos);/gi;
const INVISIBLE = /\p{Cf}+/gu;
const GAPS = /\s+/g;
const NAMED: ReadonlyMap<string, string> = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"]]);
const JSON_ESCAPES: ReadonlyMap<string, string> = new Map([['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t']]);
/** A value in JSON in JSON in an address: nobody's pipeline escapes more often than that. */
const DEPTH = 3;

/** All readings of the last text: every secret and every shape is looked for in the same one. */
let last: { readonly text: string; readonly all: readonly Reading[] } = { text: '', all: [] };

/** A text as it is, with its escapes undone once, twice and thrice, and each of these without what is invisible, and without gaps. Linear. */
export function readingsOf(text: string): readonly Reading[] {
  if (last.text !== text || last.all.length === 0) last = { text, all: read(text) };
  return last.all;
}

function read(text: string): readonly Reading[] {
  const unescaped: Reading[] = [{ text, lower: lowerOf(text), gapless: false, startOf: (index) => index, endOf: (index) => index + 1 }];
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const before = unescaped.at(-1);
    const next = before && rewritten(before, ESCAPE, undone);
    if (next === undefined) break;
    unescaped.push(next);
  }
  const visible = unescaped.flatMap((reading) => rewritten(reading, INVISIBLE, () => '') ?? []);
  const all = [...unescaped, ...visible];
  return [...all, ...all.flatMap((reading) => rewritten(reading, GAPS, () => '', true) ?? [])];
}

/** Undefined when there is nothing to rewrite. */
function rewritten({ endOf, startOf, text }: Reading, what: RegExp, by: (found: string) => string, gapless = false): Reading | undefined {
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let from = 0;
  const keep = (to: number): void => {
    parts.push(text.slice(from, to));
    for (let index = from; index < to; index += 1) {
      starts.push(startOf(index));
      ends.push(endOf(index));
    }
  };
  for (const { 0: found, index } of text.matchAll(what)) {
    keep(index);
    const instead = by(found);
    parts.push(instead);
    // An escape makes one character, or two halves of one.
    for (let at = 0; at < instead.length; at += 1) {
      starts.push(startOf(index));
      ends.push(endOf(index + found.length - 1));
    }
    from = index + found.length;
  }
  if (from === 0) return undefined;
  keep(text.length);
  const result = parts.join('');
  return { text: result, lower: lowerOf(result), gapless, startOf: (index) => starts[index] ?? 0, endOf: (index) => ends[index] ?? 0 };
}

function lowerOf(text: string): () => string {
  let lower: string | undefined;
  return () => (lower ??= lowered(text));
}

/** In lower case, and of the same length. */
export function lowered(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : [...text].map((letter) => (letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter)).join('');
}

function undone(escape: string): string {
  if (escape.startsWith('%')) return percentDecoded(escape);
  if (escape.startsWith('&#')) return fromCode(/x/i.test(escape) ? Number.parseInt(escape.slice(3, -1), 16) : Number(escape.slice(2, -1)));
  if (escape.startsWith('&')) return NAMED.get(escape.slice(1, -1).toLowerCase()) ?? escape;
  const kind = escape.charAt(1);
  return /[ux]/i.test(kind) ? fromCode(Number.parseInt(escape.slice(2), 16)) : (JSON_ESCAPES.get(kind.toLowerCase()) ?? kind);
}

function fromCode(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

function percentDecoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // No UTF-8: each byte for itself.
    return encoded.replace(/%(..)/g, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
  }
}
