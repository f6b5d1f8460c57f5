import { readingsOf } from './readings.ts';

/** Classes of credentials that are known by their shape, whatever their value. */
export type SecretClass =
  | 'storage key'
  | 'sas'
  | 'connection string'
  | 'entra client secret'
  | 'jwt'
  | 'authorization header'
  | 'basic-auth url'
  | 'private key'
  | 'github token'
  | 'slack token'
  | 'database url'
  | 'named value';

interface SecretShape {
  readonly class: SecretClass;
  readonly shape: RegExp;
  /** Where the shape alone does not say. */
  readonly isMeant?: (found: string) => boolean;
}

/** What stands between a name and its value: `=`, `:`, quotation marks, and a few blanks. */
const IS = String.raw`["']?\s{0,3}[:=]{1,2}\s{0,3}["']?`;
/** A value that an earlier scrubbing took away already is none. */
const VALUE = String.raw`(?!\[secret\])`;

/**
 * The one list of credentials by shape: the output gate, the concealment of prompts and the scrubber all use it.
 *
 * INVARIANT: linear on any text. What is of unbounded length begins with something that cannot stand inside itself, or
 * where its run of characters begins; look-behinds are bounded.
 */
export const secretShapes: readonly SecretShape[] = [
  { class: 'private key', shape: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g },
  { class: 'private key', shape: /PuTTY-User-Key-File-\d:[\s\S]*?(?:Private-MAC:\s{0,3}[0-9a-f]+|$)/g },
  // RFC 7519: three parts of base64url, the first the beginning of a JSON object. Of an encrypted one there are five.
  { class: 'jwt', shape: /(?<![\w-])(?=[\w-]*\.[\w-])[\w-]*eyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g },
  // 512 bits in base64. Digests of packages have the same length, and say what they are.
  { class: 'storage key', shape: /(?<![A-Za-z0-9+/]|sha512-)[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])/g },
  { class: 'sas', shape: new RegExp(String.raw`(?<=\bsig=)${VALUE}[^\s&;]{8,}`, 'gi') },
  // Keys of functions, and webhooks, which are addresses that let anybody in.
  { class: 'sas', shape: /(?<=[?&]code=)[\w-]{20,}={0,2}/g },
  { class: 'connection string', shape: new RegExp(String.raw`(?<=\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|SharedSecretValue|client_secret|password)\s?=\s?)${VALUE}[^\s&;]{8,}`, 'gi') },
  { class: 'connection string', shape: new RegExp(String.raw`(?<=;\s?(?:Password|Pwd|User Password|Secret|AccessKey|ApiKey)\s?=\s?)${VALUE}(?:"[^"\r\n]{1,256}"|'[^'\r\n]{1,256}'|[^\s;"'<>]{3,})`, 'gi') },
  // Three characters, a digit, `Q~` and 31 to 34 more: how Entra has written them since 2021.
  { class: 'entra client secret', shape: /[\w~.-]{3}\dQ~[\w~.-]{31,34}/g },
  { class: 'authorization header', shape: /(?<=\bBearer\s{1,20})[\w.~+/-]{20,}=*/gi },
  { class: 'authorization header', shape: /(?<=\bBasic\s{1,3})[A-Za-z0-9+/]{8,}={0,2}/gi, isMeant: isUserAndPassword },
  { class: 'authorization header', shape: new RegExp(String.raw`(?<=\bauthorization${IS})${VALUE}(?:Bearer|Basic|Digest|Negotiate|NTLM|SharedKey(?:Lite)?|SharedAccessSignature|AWS4-HMAC-SHA256|Token|ApiKey|Bot|SSWS)\s{1,3}(?!\[secret\])[^\r\n"'<>]{4,}`, 'gi') },
  { class: 'authorization header', shape: new RegExp(String.raw`(?<=\b(?:authorization|x-api-key|api-key|ocp-apim-subscription-key|x-functions-key|x-ms-authorization-auxiliary|x-identity-header|x-auth-token)${IS})${VALUE}[\w.~+/=-]{16,}`, 'gi'), isMeant: isMixed },
  { class: 'database url', shape: /(?<=\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|oracle|cockroachdb|clickhouse|ldaps?)(?:\+[a-z0-9]{1,16})?:\/\/[^\s/@:"'<>]{0,128}:)[^\s/"'<>]{1,256}(?=@)/gi },
  { class: 'database url', shape: /(?<=jdbc:oracle:thin:[^\s/@]{1,64}\/)[^\s@"'<>]{1,256}(?=@)/gi },
  // Digits alone are a port, of a link that pretends to lead elsewhere.
  { class: 'basic-auth url', shape: /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/@:"'<>]{0,128}:)(?!\d{1,5}@)[^\s/"'<>]{1,256}(?=@)/gi },
  { class: 'basic-auth url', shape: /(?<=\bhttps?:\/\/)[A-Za-z0-9_-]{20,256}(?=@)/gi },
  { class: 'github token', shape: /gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}/g },
  { class: 'slack token', shape: /xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250}/g },
  { class: 'slack token', shape: /(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9+/_-]{20,250}/gi },
  { class: 'named value', shape: new RegExp(String.raw`(?<=(?:client[_-]?secret|account[_-]?key|access[_-]?key|shared[_-]?key|api[_-]?key|subscription[_-]?key|private[_-]?key|access[_-]?token|refresh[_-]?token|auth[_-]?token|id[_-]?token|password|passwd|pwd|secret)${IS})${VALUE}[^\s"',;&<>]{12,}`, 'gi'), isMeant: isMixed },
];

/** What every shape has something of; most texts have nothing of it. */
const MARKS = /[:=~@]|eyJ|gh[pousr]_|github_pat_|xox|xapp-|hooks\.slack|PRIVATE KEY|Bearer|Basic/i;

/** Where something shaped like a credential stands in a text, as it is written: from, and to before. */
export function shapedIn(text: string): readonly (readonly [from: number, to: number])[] {
  if (!MARKS.test(text)) return [];
  const spans: [number, number][] = [];
  for (const { isMeant, shape } of secretShapes) {
    for (const { 0: found, index } of text.matchAll(shape)) if (isMeant?.(found) !== false) spans.push([index, index + found.length]);
  }
  return spans;
}

/** Whether a text holds something shaped like a credential, as it is written or behind escapes. */
export function looksSecret(text: string): boolean {
  return readingsOf(text).some((reading) => !reading.gapless && shapedIn(reading.text).length > 0);
}

/** Letters and digits, both: prose after a colon has none. */
function isMixed(found: string): boolean {
  return /\d/.test(found) && /[A-Za-z]/.test(found);
}

/** RFC 7617: a user name, a colon, a password. */
function isUserAndPassword(found: string): boolean {
  return /^[\x20-\x7e]*:[\x20-\x7e]+$/.test(Buffer.from(found, 'base64').toString('utf8'));
}
