/** What must never be seen, in every form in which it could be. Written without a look at the scrubber. */
import { randomBytes } from 'node:crypto';

export interface Canary {
  readonly kind: 'known secret' | 'shaped secret' | 'internal id';
  readonly name: string;
  readonly value: string;
}

export type Encoding = 'raw' | 'base64' | 'base64url' | 'hex' | 'URL' | 'JSON' | 'in base64';

export const ENCODINGS: readonly Encoding[] = ['raw', 'base64', 'base64url', 'hex', 'URL', 'JSON', 'in base64'];
/** No form is shorter. */
const START = 8;
/** Of a secret that nobody knows, the shape is left in these. */
export const SHAPE_ENCODINGS: readonly Encoding[] = ['raw', 'URL', 'JSON'];

/** As somebody would write it down. */
export function encoded(value: string, encoding: Encoding): string {
  const bytes = Buffer.from(value);
  switch (encoding) {
    case 'raw':
      return value;
    case 'base64':
      return bytes.toString('base64');
    case 'base64url':
      return bytes.toString('base64url');
    case 'hex':
      return bytes.toString('hex');
    case 'URL':
      return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
    case 'JSON':
      return Array.from(value, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    case 'in base64':
      return Buffer.from(`u:${value}!`).toString('base64');
  }
}

/** Looks for canaries in a text: in each form, at each alignment of base64. */
export class Finder {
  /** By their first letters: there are many thousands of forms, and megabytes of text. */
  readonly #forms = new Map<string, (readonly [canary: Canary, form: string])[]>();

  constructor(canaries: readonly Canary[]) {
    for (const canary of canaries) {
      for (const form of formsOf(canary.value)) {
        const start = form.slice(0, START);
        const some = this.#forms.get(start);
        if (some === undefined) this.#forms.set(start, [[canary, form]]);
        else some.push([canary, form]);
      }
    }
  }

  /** Each canary that stands there, and the first form of it, as it stands in JSON too. */
  find(text: string): readonly (readonly [canary: Canary, form: string])[] {
    const found = new Map<Canary, string>();
    this.#look(text, found);
    if (text.includes('\\\\')) this.#look(text.replaceAll('\\\\', '\\'), found);
    return [...found];
  }

  #look(text: string, found: Map<Canary, string>): void {
    for (let at = 0; at + START <= text.length; at += 1) {
      for (const [canary, form] of this.#forms.get(text.slice(at, at + START)) ?? []) {
        if (!found.has(canary) && text.startsWith(form, at)) found.set(canary, form);
      }
    }
  }
}

function formsOf(value: string): readonly string[] {
  const alignments = ['', 'a', 'ab'].map((before) => {
    const text = Buffer.from(before + value).toString('base64').replace(/=+$/, '');
    return text.slice(before === '' ? 0 : before.length + 1, -2);
  });
  const cores = alignments.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
  return [...new Set([...ENCODINGS.filter((encoding) => encoding !== 'in base64').map((encoding) => encoded(value, encoding)), encodeURIComponent(value), ...(/^[0-9a-f-]+$/.test(value) ? [value.toUpperCase()] : []), JSON.stringify(value).slice(1, -1), ...cores])];
}

const letters = (length: number): string => {
  let text = '';
  while (text.length < length) text += randomBytes(64).toString('base64').replace(/[^A-Za-z0-9]/g, '');
  return text.slice(0, length);
};

/** Secrets of nobody's, each of a class that has a shape. `value` is the part that must not be seen. */
export function shapedSecrets(): readonly { readonly canary: Canary; readonly around: (value: string) => string }[] {
  const shaped = (name: string, value: string, around: (text: string) => string) => ({ canary: { kind: 'shaped secret' as const, name, value }, around });
  return [
    shaped('storage account key', `${letters(86)}==`, (value) => `the key ${value} of the account`),
    shaped('SAS', letters(43), (value) => `https://a.blob.core.windows.net/c?sv=2024-11-04&sig=${value}%3D`),
    shaped('connection string', letters(86), (value) => `AccountName=a;AccountKey=${value}==;EndpointSuffix=x`),
    shaped('Entra client secret', `${letters(3)}8Q~${letters(34)}`, (value) => `new secret ${value} for the app`),
    shaped('JSON web token', `eyJ${letters(30)}.eyJ${letters(60)}.${letters(43)}`, (value) => `it says ${value} here`),
    shaped('authorization header', letters(48), (value) => `Authorization: Bearer ${value}`),
    shaped('basic-auth URL', letters(20), (value) => `https://admin:${value}@h.example/`),
    shaped('private key', letters(64), (value) => `-----BEGIN PRIVATE KEY-----\n${value}\n-----END PRIVATE KEY-----`),
    shaped('GitHub token', `ghp_${letters(36)}`, (value) => `git clone with ${value} please`),
    shaped('Slack token', `xoxb-1234567890-1234567890-${letters(24)}`, (value) => `the bot token ${value} is new`),
    shaped('database URL', letters(18), (value) => `postgres://steward:${value}@db:5432/x`),
  ];
}
