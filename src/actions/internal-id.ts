import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * An id of a backing system: object id, sys_id, device id. Its string, JSON and inspect forms are a placeholder, so
 * that it cannot slip into a template, a log or a prompt. A branded string would do so without complaint.
 */
export class InternalId {
  readonly #value: string;

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

  /** Whether the id stands in a text, as it is or in a common encoding. The output gate asks this. */
  appearsIn(text: string): boolean {
    return encodings(this.#value).some((encoded) => text.toLowerCase().includes(encoded.toLowerCase()));
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

/** The forms in which a value may hide: raw, without dashes, base64 (three alignments), base64url, hex, percent-encoded. */
export function encodings(value: string): readonly string[] {
  const forms = new Set([value, value.replaceAll('-', ''), encodeURIComponent(value)]);
  const bytes = Buffer.from(value, 'utf8');
  forms.add(bytes.toString('hex'));
  for (let shift = 0; shift < 3; shift += 1) {
    // The same bytes read differently at each of the three base64 alignments; the first and last characters depend on
    // the neighbours and are cut.
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
    const core = encoded.slice(shift === 0 ? 0 : shift + 1, -2);
    if (core.length >= 12) {
      forms.add(core);
      forms.add(core.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return [...forms].filter((form) => form.length >= 6);
}
