import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { encodings } from '../encodings.ts';

/**
 * An id of a backing system: object id, sys_id, device id. Its string, JSON and inspect forms are a placeholder, so
 * that it cannot slip into a template, a log or a prompt. A branded string would do so without complaint.
 */
export class InternalId {
  readonly #value: string;
  /** Made when first asked for: the gate asks for every id of a conversation, several times a turn. */
  #forms: { readonly encoded: readonly string[]; readonly bare: string } | undefined;

  constructor(value: string) {
    if (value === '') throw new TypeError('an internal id is never empty');
    this.#value = value;
  }

  /** The raw value, for a request to the backing system. Called in `src/clients` only, by lint. */
  reveal(): string {
    return this.#value;
  }

  /** A stable digest that names the id without showing it: 32 hex digits of SHA-256. */
  digest(): string {
    return createHash('sha256').update('internal-id\0').update(this.#value.toLowerCase()).digest('hex').slice(0, 32);
  }

  equals(other: InternalId): boolean {
    return this.#value.toLowerCase() === other.#value.toLowerCase();
  }

  /** Whether the id stands in a text: as it is, in a common encoding, or pulled apart. The output gate asks this. */
  appearsIn(text: string): boolean {
    this.#forms ??= { encoded: encodings(this.#value).map((form) => form.toLowerCase()), bare: bareOf(this.#value) };
    const { encoded, bare } = this.#forms;
    const lower = text.toLowerCase();
    // A short id without its punctuation would be found in ordinary words.
    return encoded.some((form) => lower.includes(form)) || (bare.length >= 12 && bareForm(text).includes(bare));
  }

  toString(): string {
    return '[internal id]';
  }

  toJSON(): string {
    return '[internal id]';
  }

  [inspect.custom](): string {
    return '[internal id]';
  }
}

/**
 * Unicode's normal form, for text of any length. Sorting combining marks takes quadratic time (34 s for 200,000 of them
 * in Node 20), so a run of them is cut where Unicode's Stream-Safe Text Format cuts it, after 30 (UAX #15, section 13).
 */
export function normalised(text: string, form: 'NFC' | 'NFKC'): string {
  return text.replace(/(\p{M}{30})\p{M}+/gu, '$1').normalize(form);
}

/** Letters and digits alone, percent-encoding and escapes undone: blanks, invisible characters and odd dashes hide nothing. */
function bareOf(text: string): string {
  return normalised(unescaped(text.replace(/(?:%[0-9a-f]{2})+/gi, percentDecoded)), 'NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

/** The escapes of JSON and JavaScript, and those of HTML by number. */
function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2}))|&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/gi, (whole, four?: string, braced?: string, two?: string, hex?: string, decimal?: string) => {
    const code = decimal === undefined ? Number.parseInt(four ?? braced ?? two ?? hex ?? '', 16) : Number(decimal);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}

function percentDecoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // No UTF-8: each byte for itself.
    return encoded.replace(/%(..)/g, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
  }
}

/** `bareOf` the last text: all ids of a conversation are looked for in the same one. */
let last = { text: '', bare: '' };
function bareForm(text: string): string {
  if (last.text !== text) last = { text, bare: bareOf(text) };
  return last.bare;
}
