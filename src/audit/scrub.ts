import { encodings } from '../encodings.ts';
import { lowered, readingsOf } from './readings.ts';
import { shapedIn } from './secret-shapes.ts';

/** What stands in the place of a secret. */
export const SECRET = '[secret]';

/** Where something stands in a text, from the first character to before the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A secret that this process holds. It finds itself in a text, and shows itself to nobody. */
export interface KnownSecret {
  appearsIn(text: string): boolean;
  spansIn(text: string): readonly Span[];
}

/** Shorter ones would be found in ordinary words. */
const SHORTEST_FORM = 6;
/** A key of many lines is looked for line by line too: what is written out by lines must not show one of them. */
const SHORTEST_LINE = 16;
/** A line that is longer is not shown at all by a stream. */
const LONGEST_LINE = 262_144;
/** More than the text of a private key of 16,384 bits. */
const LONGEST_KEY = 65_536;

interface Form {
  readonly text: string;
  /** Its first and last characters depend on what is beside it and are not in the form. */
  readonly cut: boolean;
}

/** The forms of one value, made when first asked for. Case is not regarded. */
export class SecretForms implements KnownSecret {
  readonly #value: string;
  #made: readonly Form[] | undefined;

  constructor(value: string) {
    this.#value = value;
  }

  appearsIn(text: string): boolean {
    return readingsOf(text).some((reading) => {
      const lower = reading.lower();
      return this.#forms().some((form) => lower.includes(form.text));
    });
  }

  /** Where the value stands: raw, in base64 at any alignment, base64url, hex, and percent-, JSON- or HTML-escaped in part or whole. */
  spansIn(text: string): readonly Span[] {
    const spans: Span[] = [];
    for (const { endOf, gapless, lower: lowerOf, startOf, text: read } of readingsOf(text)) {
      const lower = lowerOf();
      for (const form of this.#forms()) {
        for (let at = lower.indexOf(form.text); at !== -1; at = lower.indexOf(form.text, at + form.text.length)) {
          const before = form.cut && !gapless ? (/[\w+/-]{1,2}$/.exec(read.slice(Math.max(0, at - 2), at))?.[0].length ?? 0) : 0;
          const end = at + form.text.length;
          const after = form.cut && !gapless ? (/^[\w+/=-]{1,4}/.exec(read.slice(end, end + 4))?.[0].length ?? 0) : 0;
          spans.push({ from: startOf(at - before), to: endOf(end + after - 1) });
        }
      }
    }
    return spans;
  }

  #forms(): readonly Form[] {
    if (this.#made !== undefined) return this.#made;
    const lines = this.#value.split(/\r?\n/);
    const values = [this.#value, ...(lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : [])];
    const whole = new Set(values.flatMap((value) => [value, value.replace(/\s+/g, ''), value.replaceAll(' ', '+'), value.replaceAll('-', ''), encodeURIComponent(value), Buffer.from(value).toString('hex')]).map(lowered));
    const encoded = new Set(values.flatMap((value) => encodings(value, SHORTEST_FORM)).map(lowered));
    this.#made = [...[...whole].map((text) => ({ text, cut: false })), ...[...encoded].filter((text) => !whole.has(text)).map((text) => ({ text, cut: true }))].filter(({ text }) => text.length >= SHORTEST_FORM);
    return this.#made;
  }
}

export interface Scrubber {
  /** A text with `[secret]` in the place of each secret. Linear in the text, and the same when done twice. */
  text(text: string): string;
  /** The same for every string in a plain value, keys included. */
  value<T>(value: T): T;
  /** For what comes in pieces. A line is given on when it is whole, so that no secret passes in two halves. */
  stream(): ScrubbedStream;
}

export interface ScrubbedStream {
  /** What may be given on by now. */
  write(piece: string): string;
  /** The rest. */
  end(): string;
}

/** Knows the actual values that `known` gives at each time of asking, and the shapes of credentials. */
export function createScrubber(known: () => readonly KnownSecret[]): Scrubber {
  const scrub = (text: string): string => {
    if (text.length < SHORTEST_FORM) return text;
    const spans = [...shapesIn(text), ...known().flatMap((secret) => secret.spansIn(text))];
    return spans.length === 0 ? text : without(text, spans);
  };
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return scrub(value);
    if (Array.isArray(value)) return value.map(deep);
    // What is not plain, such as a handle or an internal id, hides itself.
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [scrub(key), deep(field)]));
  };
  // The shape of a plain value stays: only its strings are others.
  return { text: scrub, value: <T>(value: T): T => deep(value) as T, stream: () => new LineStream(scrub) };
}

function shapesIn(text: string): readonly Span[] {
  return readingsOf(text).flatMap(({ endOf, gapless, startOf, text: read }) => (gapless ? [] : shapedIn(read).map(([from, to]) => ({ from: startOf(from), to: endOf(to - 1) }))));
}

/** Spans that touch or overlap become one placeholder. */
function without(text: string, spans: readonly Span[]): string {
  let result = '';
  let done = 0;
  let open = false;
  for (const { from, to } of [...spans].sort((one, other) => one.from - other.from)) {
    if (open && from <= done) {
      done = Math.max(done, to);
      continue;
    }
    result += text.slice(done, from) + SECRET;
    done = to;
    open = true;
  }
  return result + text.slice(done);
}

const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/;
const KEY_ENDS = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;

/** INVARIANT: holds at most one line, or one private key; what is longer is not shown. */
class LineStream implements ScrubbedStream {
  readonly #scrub: (text: string) => string;
  #held = '';
  /** What was held grew too long: nothing is shown until a line ends. */
  #dropping = false;

  constructor(scrub: (text: string) => string) {
    this.#scrub = scrub;
  }

  write(piece: string): string {
    let from = 0;
    if (this.#dropping) {
      from = piece.indexOf('\n') + 1;
      if (from === 0) return '';
      this.#dropping = false;
    }
    this.#held += piece.slice(from);
    let out = '';
    if (piece.includes('\n')) {
      let end = this.#held.lastIndexOf('\n') + 1;
      const begun = lastIndexOf(this.#held.slice(0, end), KEY_BEGINS);
      if (begun !== -1 && this.#held.length - begun < LONGEST_KEY && !KEY_ENDS.test(this.#held.slice(begun, end))) end = begun;
      out = this.#scrub(this.#held.slice(0, end));
      this.#held = this.#held.slice(end);
    }
    if (this.#held.length <= LONGEST_LINE) return out;
    this.#held = '';
    this.#dropping = true;
    return `${out}${SECRET}\n`;
  }

  end(): string {
    const rest = this.#scrub(this.#held);
    this.#held = '';
    return rest;
  }
}

function lastIndexOf(text: string, what: RegExp): number {
  let at = -1;
  for (const { index } of text.matchAll(new RegExp(what, 'g'))) at = index;
  return at;
}
