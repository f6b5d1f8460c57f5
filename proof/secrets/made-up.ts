// made up: every secret here comes out of a seeded generator, is assembled when the module loads, and opens nothing.
/** Secrets by their published shapes, for the templates of templates.ts. The same seed gives the same text on every machine. */
import { crc32 } from 'node:zlib';
import { type Chance } from '../random.ts';
import { templatesOf, type Made, type Makers } from './templates.ts';

export type { Negative, Positive } from './templates.ts';

const SEED = 20_311_107;

export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const LOWER = UPPER.toLowerCase();
export const DIGITS = '0123456789';
export const ALNUM = UPPER + LOWER + DIGITS;
export const BASE64 = `${ALNUM}+/`;
export const URL_SAFE = `${ALNUM}-_`;
export const HEX = `${DIGITS}abcdef`;

export const some = (chance: Chance, length: number, alphabet = ALNUM) => Array.from({ length }, () => alphabet.charAt(Math.floor(chance.next() * alphabet.length))).join('');
export const bytes = (chance: Chance, length: number) => Buffer.from(Array.from({ length }, () => Math.floor(chance.next() * 256)));
export const guid = (chance: Chance) => `${some(chance, 8, HEX)}-${some(chance, 4, HEX)}-4${some(chance, 3, HEX)}-${some(chance, 1, '89ab')}${some(chance, 3, HEX)}-${some(chance, 12, HEX)}`;
export const json64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Puts something between the two pieces of a secret; the second is what must be gone. */
export function cut(value: string, at: number, between: string): Made {
  return { shown: value.slice(0, at) + between + value.slice(at), secret: value.slice(at) };
}

// Keys that carry a mark since 2021: storage `+ASt`, Cosmos DB `ACDb`, Service Bus `+ASb`, Event Hubs `+AEh`, IoT `AIoT`,
// Functions `AzFu`. github.com/microsoft/security-utilities, IdentifiableMetadata.
export const marked64 = (chance: Chance, mark: string) => `${some(chance, 76, BASE64)}${mark}${some(chance, 5, BASE64)}${some(chance, 1, 'AQgw')}==`;
export const marked32 = (chance: Chance, mark: string) => `${some(chance, 33, BASE64)}${mark}${some(chance, 1, 'ABCDEFGHIJKLMNOP')}${some(chance, 5, BASE64)}=`;
const storageKey = (chance: Chance) => marked64(chance, '+ASt');
// A signature is an HMAC-SHA256 in base64: 44 characters.
export const signature = (chance: Chance) => `${some(chance, 20, BASE64)}+${some(chance, 9, BASE64)}/${some(chance, 11, BASE64)}${some(chance, 1, 'AEIMQUYcgkosw048')}=`;

// Three characters, the mark, and 34 more (31 in the older form, 7Q~). security-utilities, SEC101/156.
export const entra = (chance: Chance, mark: string, rest: number) => some(chance, 3) + mark + some(chance, rest - 1, `${ALNUM}-_.~`) + some(chance, 1);

const WORDS = ['Herbst', 'Tulipe', 'Harbour', 'Lantern', 'Quartz', 'Brouette', 'Nordlicht', 'Pepper', 'Velours', 'Kiesel'];
/** In three shapes. Never one of the words that its surroundings use, so that "gone" can be judged by looking for it. */
const password = (chance: Chance, joints: string) => {
  const joint = () => some(chance, 1, joints);
  switch (Math.floor(chance.next() * 3)) {
    case 0:
      return `${chance.one(WORDS)}${joint()}${chance.one(WORDS)}${joint()}${some(chance, 3, DIGITS)}`;
    case 1:
      return some(chance, 8) + joint() + some(chance, 7) + joint() + some(chance, 1);
    default:
      return `${chance.one(WORDS)}${joint()}${some(chance, 4, DIGITS)}${joint()}${some(chance, 5)}`;
  }
};

export function jwt(chance: Chance, header: object, signatureLength: number, claims: object = {}): readonly [string, string, string] {
  const payload = { aud: `api://${guid(chance)}`, iss: `https://sts.windows.net/${guid(chance)}/`, iat: 1_951_000_000, exp: 1_951_003_600, oid: guid(chance), upn: 'anna.maurer@contoso.example', ...claims };
  return [json64(header), json64(payload), some(chance, signatureLength, URL_SAFE)];
}
/** Of a signed token the signature is what must be gone, however much of the rest is taken with it. */
export const signed = (chance: Chance, header: object, length: number) => {
  const parts = jwt(chance, { typ: 'JWT', ...header }, length);
  return { shown: parts.join('.'), secret: parts[2] };
};

// Six characters of base62 at the end are the CRC-32 of the 30 before it.
// github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
export function github(chance: Chance, kind: string, length = 30): string {
  const body = some(chance, length);
  let check = '';
  for (let rest = crc32(body), place = 0; place < 6; place += 1, rest = Math.floor(rest / 62)) check = (DIGITS + UPPER + LOWER).charAt(rest % 62) + check;
  return `gh${kind}_${body}${check}`;
}

export const wide = (text: string) => text.replace(/[!-~]/g, (character) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0));

/** A key in PEM. The secret is one line of the body: the first, one in the middle or the last. */
export function pem(chance: Chance, label: string, start: string, lines: number, options: { readonly newline?: string; readonly cut?: boolean; readonly secretLine?: number; readonly head?: readonly string[]; readonly indent?: string } = {}): Made {
  const newline = options.newline ?? '\n';
  const body = Array.from({ length: lines }, (_, line) => (line === 0 ? start : '') + some(chance, (line === lines - 1 ? 48 : 64) - (line === 0 ? start.length : 0), BASE64));
  const secret = body.at(options.secretLine ?? -1) ?? '';
  const shown = [`-----BEGIN ${label}-----`, ...(options.head ?? []), ...body, ...(options.cut === true ? [] : [`-----END ${label}-----`])];
  return { shown: shown.join(newline + (options.indent ?? '')), secret };
}

function puttyKey(chance: Chance): Made {
  const body = Array.from({ length: 6 }, () => some(chance, 64, BASE64));
  const shown = ['PuTTY-User-Key-File-3: ssh-rsa', 'Encryption: none', 'Comment: rsa-key-20310417', 'Public-Lines: 2', `AAAAB3NzaC1yc2EAAAADAQABAAABAQC${some(chance, 33, BASE64)}`, some(chance, 40, BASE64), 'Private-Lines: 6', ...body, `Private-MAC: ${some(chance, 64, HEX)}`];
  return { shown: shown.join('\n'), secret: body[4] ?? '' };
}

const makers: Makers = new Map<string, (chance: Chance) => Made>([
  // Storage and other 64-byte keys
  ['key64', storageKey],
  ['key64old', (chance) => bytes(chance, 64).toString('base64')],
  ['key64uri', (chance) => encodeURIComponent(storageKey(chance))],
  ['key64json', (chance) => storageKey(chance).replaceAll('+', String.raw`\u002B`)],
  ['key64html', (chance) => storageKey(chance).replaceAll('+', '&#x2B;')],
  ['key64wrapped', (chance) => cut(storageKey(chance), 64, '\n')],
  ['key64mail', (chance) => cut(storageKey(chance), 52, '\r\n> ')],
  ['key64joined', (chance) => cut(storageKey(chance), 40, '\u200b')],
  ['key64twice', (chance) => Buffer.from(storageKey(chance)).toString('base64')],
  ['cosmos', (chance) => marked64(chance, 'ACDb')],
  // 32-byte keys
  ['bus', (chance) => marked32(chance, '+ASb')],
  ['hub', (chance) => marked32(chance, '+AEh')],
  ['iot', (chance) => marked32(chance, 'AIoT')],
  ['key32', (chance) => bytes(chance, 32).toString('base64')],
  ['key32uri', (chance) => encodeURIComponent(bytes(chance, 32).toString('base64'))],
  ['key32wrapped', (chance) => cut(marked32(chance, '+ASb'), 20, '\n')],
  // Signatures
  ['sig', (chance) => encodeURIComponent(signature(chance))],
  ['siglower', (chance) => encodeURIComponent(signature(chance)).replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())],
  ['sigraw', signature],
  ['sigtwice', (chance) => encodeURIComponent(encodeURIComponent(signature(chance)))],
  ['sigwrapped', (chance) => cut(encodeURIComponent(signature(chance)), 18, '\n')],
  ['sigjoined', (chance) => cut(encodeURIComponent(signature(chance)), 22, '\u200b')],
  ['sigflow', (chance) => some(chance, 43, URL_SAFE)],
  // Entra client secrets: current, previous, and what the portals gave out before 2021
  ['entra', (chance) => entra(chance, '8Q~', 34)],
  ['entra7', (chance) => entra(chance, '7Q~', 31)],
  ['entradash', (chance) => `${entra(chance, '8Q~', 33)}-`],
  ['entrawrapped', (chance) => cut(entra(chance, '8Q~', 34), 20, '\n')],
  ['entrajoined', (chance) => cut(entra(chance, '8Q~', 34), 12, '\u200b')],
  ['entra34', (chance) => some(chance, 33, `${ALNUM}-_.~`) + some(chance, 1)],
  ['entra32', (chance) => some(chance, 31, `${ALNUM}:[]?@*+=-._/`) + some(chance, 1)],
  ['entra44', (chance) => bytes(chance, 32).toString('base64')],
  ['guid', guid],
  // Tokens
  ['jwt', (chance) => signed(chance, { alg: 'RS256', kid: some(chance, 27, URL_SAFE) }, 342)],
  ['jwtec', (chance) => signed(chance, { alg: 'ES256' }, 86)],
  ['jwths', (chance) => signed(chance, { alg: 'HS256' }, 43)],
  ['jwtpart', (chance) => {
    const [header, payload] = jwt(chance, { typ: 'JWT', alg: 'RS256' }, 0);
    return { shown: `${header}.${payload}`, secret: payload };
  }],
  ['jwtnone', (chance) => {
    const [header, payload] = jwt(chance, { alg: 'none' }, 0);
    return { shown: `${header}.${payload}.`, secret: payload };
  }],
  ['jwtpayload', (chance) => {
    const parts = jwt(chance, { typ: 'JWT', alg: 'RS256' }, 342);
    return { shown: parts.join('.'), secret: parts[1] };
  }],
  ['jwtwrapped', (chance) => {
    const [header, payload, last] = jwt(chance, { typ: 'JWT', alg: 'RS256' }, 342);
    return { shown: `${header}.\n${payload}.\n${last}`, secret: last };
  }],
  ['jwtcolumns', (chance) => {
    const whole = jwt(chance, { typ: 'JWT', alg: 'RS256' }, 342).join('.').match(/.{1,76}/g) ?? [];
    return { shown: whole.join('\n'), secret: whole.at(-2) ?? '' };
  }],
  ['jwtjoined', (chance) => {
    const [header, payload, last] = jwt(chance, { typ: 'JWT', alg: 'RS256' }, 342);
    return { shown: `${header}\u200b.${payload}\u200b.${last}`, secret: last };
  }],
  ['jwtdots', (chance) => signed(chance, { alg: 'RS256' }, 342).shown.replaceAll('.', '%2E')],
  ['jwe', (chance) => {
    const parts = [json64({ alg: 'RSA-OAEP', enc: 'A256GCM', typ: 'JWT' }), some(chance, 342, URL_SAFE), some(chance, 16, URL_SAFE), some(chance, 240, URL_SAFE), some(chance, 22, URL_SAFE)];
    return { shown: parts.join('.'), secret: parts[3] ?? '' };
  }],
  ['opaque', (chance) => some(chance, 40, URL_SAFE)],
  ['hex32', (chance) => some(chance, 32, HEX)],
  ['hex40', (chance) => some(chance, 40, HEX)],
  ['hex64', (chance) => some(chance, 64, HEX)],
  ['basic', (chance) => Buffer.from(`svc-intune:${password(chance, '!#_.')}`).toString('base64')],
  ['basicpat', (chance) => Buffer.from(`:${some(chance, 52, `${LOWER}234567`)}`).toString('base64')],
  // Passwords: plain, safe in a URL, percent-encoded, and with what a careless match stops at
  ['pw', (chance) => password(chance, '!#_.-$*+')],
  ['pwurl', (chance) => password(chance, '-_.!')],
  ['pwpercent', (chance) => encodeURIComponent(password(chance, '@/:#'))],
  ['pwat', (chance) => cut(password(chance, '_-'), 4, '@')],
  ['pwcolon', (chance) => cut(password(chance, '_-'), 4, ':')],
  ['pwsemicolon', (chance) => cut(password(chance, '_-'), 4, ';')],
  ['pwspace', (chance) => cut(password(chance, '_-'), 4, ' ')],
  ['pwquote', (chance) => cut(password(chance, '_-'), 4, '""')],
  ['pwjoined', (chance) => cut(password(chance, '_-'), 3, '\u200b')],
  ['redis', (chance) => `${some(chance, 33)}AzCaB${some(chance, 5)}=`],
  ['access', (chance) => some(chance, 84)],
  // GitHub
  ['ghp', (chance) => github(chance, 'p')],
  ['gho', (chance) => github(chance, 'o')],
  ['ghu', (chance) => github(chance, 'u')],
  ['ghs', (chance) => github(chance, 's')],
  ['ghr', (chance) => github(chance, 'r', 70)],
  ['ghpat', (chance) => `github_pat_${some(chance, 22)}_${some(chance, 59)}`],
  ['ghpwrapped', (chance) => cut(github(chance, 'p'), 22, '\n')],
  ['ghpjoined', (chance) => cut(github(chance, 'p'), 16, '\u200b')],
  ['ghpwide', (chance) => wide(github(chance, 'p'))],
  // Slack: docs.slack.dev/authentication/tokens
  ['xoxb', (chance) => `xoxb-${some(chance, 12, '123456789')}-${some(chance, 13, '123456789')}-${some(chance, 24)}`],
  ['xoxbold', (chance) => `xoxb-${some(chance, 12, '123456789')}-${some(chance, 24)}`],
  ['xoxp', (chance) => `xoxp-${some(chance, 12, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 13, '123456789')}-${some(chance, 32, HEX)}`],
  ['xoxa', (chance) => `xoxa-2-${some(chance, 12, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 32, HEX)}`],
  ['xoxr', (chance) => `xoxr-${some(chance, 12, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 32, HEX)}`],
  ['xoxc', (chance) => `xoxc-${some(chance, 12, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 64, HEX)}`],
  ['xoxd', (chance) => `xoxd-${some(chance, 40)}%2B${some(chance, 60)}%3D`],
  ['xoxe', (chance) => `xoxe-1-${some(chance, 146)}`],
  ['xoxexoxp', (chance) => `xoxe.xoxp-1-${some(chance, 166)}`],
  ['xapp', (chance) => `xapp-1-A${some(chance, 10, UPPER + DIGITS)}-${some(chance, 13, '123456789')}-${some(chance, 64, HEX)}`],
  ['slackhook', (chance) => `T${some(chance, 10, UPPER + DIGITS)}/B${some(chance, 10, UPPER + DIGITS)}/${some(chance, 24)}`],
  ['slackhookescaped', (chance) => String.raw`T${some(chance, 10, UPPER + DIGITS)}\/B${some(chance, 10, UPPER + DIGITS)}\/${some(chance, 24)}`],
  ['slackflow', (chance) => `T${some(chance, 10, UPPER + DIGITS)}/${some(chance, 18, '123456789')}/${some(chance, 24)}`],
  ['xoxbjoined', (chance) => cut(`xoxb-${some(chance, 12, '123456789')}-${some(chance, 13, '123456789')}-${some(chance, 24)}`, 32, '\u200b')],
  ['xoxbwrapped', (chance) => cut(`xoxb-${some(chance, 12, '123456789')}-${some(chance, 13, '123456789')}-${some(chance, 24)}`, 38, '\n')],
  // Private keys: RFC 7468, RFC 1421, openssh PROTOCOL.key, the PuTTY manual's appendix on key files
  ['pkcs1', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEA', 9)],
  ['pkcs1first', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEowIBAAKCAQEA', 9, { secretLine: 0 })],
  ['pkcs8', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 9)],
  ['pkcs8middle', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvgIBADANBgkqhkiG9w0BAQEFAASC', 9, { secretLine: 4 })],
  ['pkcs8enc', (chance) => pem(chance, 'ENCRYPTED PRIVATE KEY', 'MIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkq', 7)],
  ['pkcs1enc', (chance) => pem(chance, 'RSA PRIVATE KEY', '', 7, { head: ['Proc-Type: 4,ENCRYPTED', `DEK-Info: AES-256-CBC,${some(chance, 32, HEX).toUpperCase()}`, ''] })],
  ['ec', (chance) => pem(chance, 'EC PRIVATE KEY', 'MHcCAQEEI', 3, { secretLine: 0 })],
  ['dsa', (chance) => pem(chance, 'DSA PRIVATE KEY', 'MIIBvAIBAAKBgQD', 5)],
  ['openssh', (chance) => pem(chance, 'OPENSSH PRIVATE KEY', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz', 6)],
  ['pgp', (chance) => pem(chance, 'PGP PRIVATE KEY BLOCK', 'lQdGBGXk', 8, { head: ['Version: GnuPG v2', ''] })],
  ['pemescaped', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 9, { newline: String.raw`\n` })],
  ['pemcrlfescaped', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEA', 9, { newline: String.raw`\r\n` })],
  ['pemtwiceescaped', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 9, { newline: String.raw`\\n` })],
  ['pemcrlf', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 9, { newline: '\r\n' })],
  ['pemspaces', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEA', 9, { newline: ' ' })],
  ['pembr', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 9, { newline: '<br>' })],
  ['pemcut', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEA', 5, { cut: true })],
  ['pemcutescaped', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 4, { cut: true, newline: String.raw`\n` })],
  ['pemquoted', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 9, { indent: '> ' })],
  ['pemindented', (chance) => pem(chance, 'OPENSSH PRIVATE KEY', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ', 6, { indent: '      ' })],
  ['pem64', (chance) => Buffer.from((pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 6) as { readonly shown: string }).shown).toString('base64')],
  ['putty', puttyKey],
  // Filler
  ['account', (chance) => `st${chance.one(['hr', 'backup', 'intune', 'files', 'logs'])}${some(chance, 6, LOWER + DIGITS)}`],
  ['digits', (chance) => some(chance, 7, '123456789')],
  // What looks alike and is public
  ['sha512', (chance) => bytes(chance, 64).toString('base64')],
  ['fingerprint', (chance) => bytes(chance, 32).toString('base64').slice(0, -1)],
  ['public32', (chance) => bytes(chance, 32).toString('base64')],
  ['md5', (chance) => bytes(chance, 16).toString('base64')],
  ['cursor', (chance) => some(chance, 180, URL_SAFE)],
  ['blob', (chance) => some(chance, 120, BASE64)],
  ['certificate', (chance) => pem(chance, 'CERTIFICATE', 'MIIDdzCCAl+gAwIBAgIE', 9)],
  ['certificateescaped', (chance) => pem(chance, 'CERTIFICATE', 'MIIDdzCCAl+gAwIBAgIE', 9, { newline: String.raw`\n` })],
  ['request', (chance) => pem(chance, 'CERTIFICATE REQUEST', 'MIICzDCCAbQCAQAwgYYx', 7)],
  ['crl', (chance) => pem(chance, 'X509 CRL', 'MIIB3jCBxwIBATANBgkq', 5)],
  ['publickey', (chance) => pem(chance, 'PUBLIC KEY', 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A', 6)],
  ['rsapublickey', (chance) => pem(chance, 'RSA PUBLIC KEY', 'MIIBCgKCAQEA', 6)],
  ['pgppublic', (chance) => pem(chance, 'PGP PUBLIC KEY BLOCK', 'mQENBGXk', 8, { head: [''] })],
  ['ssh2public', (chance) => `---- BEGIN SSH2 PUBLIC KEY ----\nComment: "rsa-key-20310417"\nAAAAB3NzaC1yc2EAAAADAQABAAABAQC${some(chance, 33, BASE64)}\n${some(chance, 64, BASE64)}\n---- END SSH2 PUBLIC KEY ----`],
  ['sshrsa', (chance) => `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC${some(chance, 330, BASE64)}`],
  ['sshed', (chance) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${some(chance, 43, BASE64)}`],
]);

export const { positivesOf, negativesOf } = templatesOf(SEED, makers);
