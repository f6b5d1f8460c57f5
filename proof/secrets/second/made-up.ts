// made up: every secret here comes out of a seeded generator, is assembled when the module loads, and opens nothing.
/**
 * The makers of the second yardstick: other seeds, lengths, breaks and encodings than the first one's, and formats that it
 * leaves out. Where nothing else is said, the second half of what a maker makes is what must be gone.
 */
import { type Chance } from '../../random.ts';
import { ALNUM, BASE64, DIGITS, HEX, LOWER, UPPER, URL_SAFE, bytes, cut, entra, github, guid, json64, jwt, marked32, marked64, pem, signature, signed, some, wide } from '../made-up.ts';
import { templatesOf, type Made, type Makers } from '../templates.ts';

const SEED = 19_470_623;

const WORDS = ['Marzipan', 'Otter', 'Zebulon', 'Girasol', 'Krokus', 'Saffron', 'Paprika', 'Mimosa', 'Wachtel', 'Bramble'];
const UNUSUAL = ['ü', 'ß', 'é', 'ł', 'ñ', 'å'];
/** Two pieces with what joins them; the second piece is random throughout, so that "gone" can be judged by looking for it. */
const joined = (chance: Chance, joint: string): Made => cut(`${chance.one(WORDS)}${some(chance, 2, DIGITS)}${some(chance, 9)}`, 7, joint);
const pass = (chance: Chance, marks: string) => `${chance.one(WORDS)}${some(chance, 2, DIGITS)}${some(chance, 1, marks)}${some(chance, 4)}${some(chance, 1, marks)}${some(chance, 5)}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const escapeAll = (text: string) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
const quotedPrintable = (text: string, at: number) => cut(text.replaceAll('=', '=3D'), at, '=\n');
const slashes = (text: string) => text.replaceAll('/', String.raw`\/`);
const storageKey = (chance: Chance) => marked64(chance, '+ASt');
const oldKey = (chance: Chance) => bytes(chance, 64).toString('base64');
const slackBot = (chance: Chance) => `xoxb-${some(chance, 11, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 24)}`;
const shown = (made: Made) => (typeof made === 'string' ? made : made.shown);
const connection = (chance: Chance) => `DefaultEndpointsProtocol=https;AccountName=stmedia;AccountKey=${storageKey(chance)};EndpointSuffix=core.windows.net`;
const openssh = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABlwAAAAdzc2gtcn';

/** A token whose header was written with spaces or line breaks in its JSON, so that it does not begin with `eyJ`. */
function spacedJwt(chance: Chance, header: string): Made {
  const [, payload, last] = jwt(chance, {}, 342);
  return { shown: `${Buffer.from(header).toString('base64url')}.${payload}.${last}`, secret: last };
}
function brokenJwt(chance: Chance, columns: number, between: string): Made {
  const lines = shown(signed(chance, { alg: 'RS256', kid: some(chance, 27, URL_SAFE) }, 342)).match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
  return { shown: lines.join(between), secret: lines.at(-2) ?? '' };
}
function block(chance: Chance, head: readonly string[], lines: number, width: number, alphabet: string, foot: readonly string[]): Made {
  const body = Array.from({ length: lines }, () => some(chance, width, alphabet));
  return { shown: [...head, ...body, ...foot].join('\n'), secret: body[lines - 2] ?? '' };
}
const putty = (chance: Chance, encryption: string) =>
  block(chance, ['PuTTY-User-Key-File-2: ssh-rsa', `Encryption: ${encryption}`, 'Comment: imported-openssh-key', 'Public-Lines: 1', `AAAAB3NzaC1yc2EAAAADAQABAAABAQC${some(chance, 33, BASE64)}`, 'Private-Lines: 8'], 8, 64, BASE64, [`Private-MAC: ${some(chance, 40, HEX)}`]);

const makers: Makers = new Map<string, (chance: Chance) => Made>([
  // 64-byte keys: storage, Cosmos DB, Batch
  ['skey', storageKey],
  ['skeyold', oldKey],
  ['skeyuri', (chance) => encodeURIComponent(oldKey(chance))],
  ['skeyslash', (chance) => slashes(storageKey(chance))],
  ['skeyhtml', (chance) => storageKey(chance).replaceAll('+', '&#43;').replaceAll('=', '&#61;')],
  ['skeyu', (chance) => storageKey(chance).replaceAll('+', String.raw`\u002b`).replaceAll('=', String.raw`\u003d`)],
  ['skeyqp', (chance) => quotedPrintable(storageKey(chance), 44)],
  ['skeyindent', (chance) => cut(storageKey(chance), 60, '\n    ')],
  ['skeyreply', (chance) => cut(storageKey(chance), 48, '\n> > ')],
  ['skeyshy', (chance) => cut(storageKey(chance), 30, '\u00ad')],
  ['skeybom', (chance) => cut(storageKey(chance), 44, '\ufeff')],
  ['skeybr', (chance) => cut(storageKey(chance), 57, '<br/>')],
  ['skeytwice', (chance) => base64(oldKey(chance))],
  ['cosmoskey', (chance) => marked64(chance, 'ACDb')],
  ['batchkey', (chance) => marked64(chance, '+ABa')],
  // 32-byte keys
  ['sbkey', (chance) => marked32(chance, '+ASb')],
  ['ehkey', (chance) => marked32(chance, '+AEh')],
  ['relaykey', (chance) => marked32(chance, '+ARm')],
  ['iotkey', (chance) => marked32(chance, 'AIoT')],
  ['rediskey', (chance) => marked32(chance, 'AzCa')],
  ['k32', (chance) => bytes(chance, 32).toString('base64')],
  ['k32slash', (chance) => slashes(bytes(chance, 32).toString('base64'))],
  ['k32u', (chance) => marked32(chance, '+ASb').replaceAll('+', String.raw`\u002B`).replaceAll('=', String.raw`\u003D`)],
  ['k32indent', (chance) => cut(marked32(chance, '+ASb'), 17, '\n      ')],
  ['k32reply', (chance) => cut(marked32(chance, '+ASb'), 14, '\n> ')],
  ['key84', (chance) => some(chance, 84)],
  ['storage64', (chance) => base64(connection(chance))],
  ['publish', (chance) => some(chance, 60)],
  // Signatures of SAS
  ['s', (chance) => encodeURIComponent(signature(chance))],
  ['slower', (chance) => encodeURIComponent(signature(chance)).replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())],
  ['splain', signature],
  ['stwice', (chance) => encodeURIComponent(encodeURIComponent(signature(chance)))],
  ['sthrice', (chance) => encodeURIComponent(encodeURIComponent(encodeURIComponent(signature(chance))))],
  ['sqp', (chance) => quotedPrintable(encodeURIComponent(signature(chance)), 20)],
  ['sreply', (chance) => cut(encodeURIComponent(signature(chance)), 24, '\n> ')],
  ['sshy', (chance) => cut(encodeURIComponent(signature(chance)), 15, '\u2060')],
  ['sbr', (chance) => cut(encodeURIComponent(signature(chance)), 26, '<br>')],
  ['sflow', (chance) => `${some(chance, 21, URL_SAFE)}-${some(chance, 20, URL_SAFE)}A`],
  // Entra client secrets; the first three may hold punctuation too
  ['es', (chance) => entra(chance, '8Q~', 34)],
  ['es7', (chance) => entra(chance, '7Q~', 31)],
  ['esmarks', (chance) => `${some(chance, 1)}${some(chance, 1, '.-_~')}${some(chance, 1)}8Q~${some(chance, 32, `${ALNUM}-_.~`)}${some(chance, 2)}`],
  ['esdot', (chance) => `${entra(chance, '8Q~', 33)}.`],
  ['estilde', (chance) => `${entra(chance, '8Q~', 33)}~`],
  ['esuri', (chance) => entra(chance, '8Q~', 34).replaceAll('~', '%7E')],
  ['esqp', (chance) => cut(entra(chance, '8Q~', 34), 25, '=\n')],
  ['esreply', (chance) => cut(entra(chance, '8Q~', 34), 18, '\n> ')],
  ['eszwnj', (chance) => cut(entra(chance, '8Q~', 34), 21, '\u200c')],
  ['esbase', (chance) => base64(entra(chance, '8Q~', 34))],
  ['eswide', (chance) => wide(entra(chance, '8Q~', 34))],
  ['es44', (chance) => bytes(chance, 32).toString('base64')],
  ['guid', guid],
  // Tokens
  ['j', (chance) => signed(chance, { alg: 'RS256', x5t: some(chance, 27, URL_SAFE), kid: some(chance, 27, URL_SAFE) }, 342)],
  ['jps', (chance) => signed(chance, { alg: 'PS256' }, 342)],
  ['jed', (chance) => signed(chance, { alg: 'EdDSA' }, 86)],
  ['jhs', (chance) => signed(chance, { alg: 'HS512' }, 86)],
  ['jrs512', (chance) => signed(chance, { alg: 'RS512' }, 683)],
  ['jspace', (chance) => spacedJwt(chance, '{ "typ": "JWT", "alg": "RS256" }')],
  ['jlines', (chance) => spacedJwt(chance, '{\n  "typ": "JWT",\n  "alg": "RS256"\n}')],
  ['jshort', (chance) => {
    const last = some(chance, 43, URL_SAFE);
    return { shown: `${json64({ alg: 'HS256' })}.${json64({ id: some(chance, 8, DIGITS) })}.${last}`, secret: last };
  }],
  ['jreply', (chance) => brokenJwt(chance, 64, '\n> ')],
  ['jqp', (chance) => brokenJwt(chance, 75, '=\n')],
  ['jcrlf', (chance) => brokenJwt(chance, 98, '\r\n')],
  ['jindent', (chance) => brokenJwt(chance, 80, '\n    ')],
  ['jbr', (chance) => brokenJwt(chance, 120, '<br>')],
  ['jmiddle', (chance) => {
    const parts = jwt(chance, { typ: 'JWT', alg: 'RS256' }, 342);
    return { shown: parts.join('.'), secret: parts[1] };
  }],
  ['jescaped', (chance) => shown(signed(chance, { alg: 'ES256' }, 86)).replaceAll('.', String.raw`\u002e`)],
  ['jbase', (chance) => base64(shown(signed(chance, { alg: 'RS256' }, 342)))],
  ['jwedir', (chance) => {
    const last = some(chance, 320, URL_SAFE);
    return { shown: `${json64({ alg: 'dir', enc: 'A256CBC-HS512' })}..${some(chance, 22, URL_SAFE)}.${last}.${some(chance, 43, URL_SAFE)}`, secret: last };
  }],
  // What a header carries: b68 of RFC 6750, hex, base64
  ['op', (chance) => `${some(chance, 22, `${URL_SAFE}.~`)}${some(chance, 20, `${ALNUM}+/`)}=`],
  ['op20', (chance) => some(chance, 20, URL_SAFE)],
  ['h32', (chance) => some(chance, 32, HEX)],
  ['h40', (chance) => some(chance, 40, HEX)],
  ['h64', (chance) => some(chance, 64, HEX)],
  ['b', (chance) => base64(`jira-bot@litware.example:${pass(chance, '!#')}`)],
  ['bpat', (chance) => base64(`:${some(chance, 52, `${LOWER}234567`)}`)],
  ['breply', (chance) => cut(base64(`monitoring@litware.example:${pass(chance, '!#')}`), 28, '\n> ')],
  ['ntlm', (chance) => `TlRMTVNTUAADAAAAGAAYAI${some(chance, 240, BASE64)}`],
  ['spnego', (chance) => `YIIHGQYGKwYBBQUCoIIHDTCCBwmg${some(chance, 300, BASE64)}==`],
  ['glpat', (chance) => `glpat-${some(chance, 20, URL_SAFE)}`],
  // Passwords
  ['p', (chance) => pass(chance, '!#*^~')],
  ['purl', (chance) => pass(chance, '-_.!*~')],
  ['pdollar', (chance) => joined(chance, '$')],
  ['ppercent', (chance) => encodeURIComponent(pass(chance, '@:/#?%&'))],
  ['pall', (chance) => escapeAll(pass(chance, '!@'))],
  ['phash', (chance) => joined(chance, '#')],
  ['pslash', (chance) => joined(chance, '/')],
  ['pquestion', (chance) => joined(chance, '?')],
  ['pat', (chance) => joined(chance, '@')],
  ['pcolon', (chance) => joined(chance, ':')],
  ['pequals', (chance) => joined(chance, '=')],
  ['pcomma', (chance) => joined(chance, ',')],
  ['pampersand', (chance) => joined(chance, '&amp;')],
  ['papostrophe', (chance) => joined(chance, '\'')],
  ['pquote', (chance) => joined(chance, String.raw`\"`)],
  ['pbackslash', (chance) => joined(chance, String.raw`\\`)],
  ['psemicolon', (chance) => joined(chance, ';')],
  ['pbrace', (chance) => joined(chance, '}}')],
  ['pspace', (chance) => joined(chance, ' ')],
  ['punusual', (chance) => joined(chance, chance.one(UNUSUAL))],
  ['pshy', (chance) => joined(chance, '\u00ad')],
  ['pend', (chance) => `${pass(chance, '!#')}${some(chance, 1, '.!?')}`],
  // GitHub
  ['ghp', (chance) => github(chance, 'p')],
  ['gho', (chance) => github(chance, 'o')],
  ['ghu', (chance) => github(chance, 'u')],
  ['ghs', (chance) => github(chance, 's')],
  ['ghr', (chance) => github(chance, 'r', 70)],
  ['pat11', (chance) => `github_pat_11${some(chance, 20, UPPER + DIGITS)}_${some(chance, 59)}`],
  ['ghv1', (chance) => `v1.${some(chance, 40, HEX)}`],
  ['ghpreply', (chance) => cut(github(chance, 'p'), 19, '\n> ')],
  ['ghpqp', (chance) => cut(github(chance, 'p'), 24, '=\n')],
  ['ghpshy', (chance) => cut(github(chance, 'p'), 20, '\u00ad')],
  ['ghpbr', (chance) => cut(github(chance, 's'), 22, '<br>')],
  ['pat11lines', (chance) => cut(`github_pat_11${some(chance, 20, UPPER + DIGITS)}_${some(chance, 59)}`, 60, '\n')],
  ['ghbasic', (chance) => base64(`x-access-token:${github(chance, 's')}`)],
  ['ghauth', (chance) => base64(`octo-litware:${github(chance, 'p')}`)],
  // Slack
  ['bot', slackBot],
  ['user', (chance) => `xoxp-${some(chance, 11, '123456789')}-${some(chance, 11, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 32, HEX)}`],
  ['legacy', (chance) => `xoxs-${some(chance, 10, '123456789')}-${some(chance, 10, '123456789')}-${some(chance, 10, '123456789')}-${some(chance, 10, HEX)}`],
  ['browser', (chance) => `xoxc-${some(chance, 11, '123456789')}-${some(chance, 12, '123456789')}-${some(chance, 13, '123456789')}-${some(chance, 64, HEX)}`],
  ['cookie', (chance) => `xoxd-${some(chance, 32)}%2F${some(chance, 28)}%2B${some(chance, 20)}%3D%3D`],
  ['app', (chance) => `xapp-1-A0${some(chance, 9, UPPER + DIGITS)}-${some(chance, 12, '123456789')}-${some(chance, 64, HEX)}`],
  ['rotating', (chance) => `xoxe.xoxb-1-${some(chance, 150)}`],
  ['rotatinguser', (chance) => `xoxe.xoxp-1-${some(chance, 170)}`],
  ['refreshing', (chance) => `xoxe-1-${some(chance, 140)}`],
  ['hook', (chance) => `T0${some(chance, 8, UPPER + DIGITS)}/B0${some(chance, 9, UPPER + DIGITS)}/${some(chance, 24)}`],
  ['hookuri', (chance) => `T0${some(chance, 8, UPPER + DIGITS)}%2FB0${some(chance, 9, UPPER + DIGITS)}%2F${some(chance, 24)}`],
  ['hookreply', (chance) => cut(`T0${some(chance, 8, UPPER + DIGITS)}/B0${some(chance, 9, UPPER + DIGITS)}/${some(chance, 24)}`, 34, '\n> ')],
  ['flow', (chance) => `T0${some(chance, 8, UPPER + DIGITS)}/A0${some(chance, 9, UPPER + DIGITS)}/${some(chance, 18, '123456789')}/${some(chance, 24)}`],
  ['botreply', (chance) => cut(slackBot(chance), 31, '\n> ')],
  ['botqp', (chance) => cut(slackBot(chance), 35, '=\n')],
  ['botshy', (chance) => cut(slackBot(chance), 36, '\u00ad')],
  ['botbase', (chance) => base64(slackBot(chance))],
  // Private keys
  ['rsa', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIJKQIBAAKCAgEA', 20, { secretLine: 12 })],
  ['rsafirst', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpQIBAAKCAQEA', 12, { secretLine: 0 })],
  ['p8', (chance) => pem(chance, 'PRIVATE KEY', 'MIIJQwIBADANBgkqhkiG9w0BAQEFAASC', 20)],
  ['p8ec', (chance) => pem(chance, 'PRIVATE KEY', 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg', 3)],
  ['p8ed', (chance) => {
    const body = `MC4CAQAwBQYDK2VwBCIEI${some(chance, 43, BASE64)}`;
    return { shown: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`, secret: body.slice(21) };
  }],
  ['p8enc', (chance) => pem(chance, 'ENCRYPTED PRIVATE KEY', 'MIIJrTBXBgkqhkiG9w0BBQ0wSjApBgkq', 14, { secretLine: 7 })],
  ['rsaenc', (chance) => pem(chance, 'RSA PRIVATE KEY', '', 12, { head: ['Proc-Type: 4,ENCRYPTED', `DEK-Info: DES-EDE3-CBC,${some(chance, 16, HEX).toUpperCase()}`, ''], secretLine: 6 })],
  ['sec1', (chance) => pem(chance, 'EC PRIVATE KEY', 'MIGkAgEBBD', 4, { secretLine: 2 })],
  ['ossh', (chance) => pem(chance, 'OPENSSH PRIVATE KEY', openssh.slice(0, 60), 24, { secretLine: 15 })],
  ['pgpsecret', (chance) => pem(chance, 'PGP PRIVATE KEY BLOCK', 'lFgEZ', 7, { head: [''], secretLine: 4 })],
  ['tpm', (chance) => pem(chance, 'TSS2 PRIVATE KEY', 'MIICEgYGZ4EFCgEDoAMBAQECBEAAAAEEggEYARYAAQALAAYA', 8)],
  ['ssh2', (chance) => block(chance, ['---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----', 'Comment: "2048-bit rsa, deploy@litware"'], 7, 70, BASE64, ['---- END SSH2 ENCRYPTED PRIVATE KEY ----'])],
  ['ppk2', (chance) => putty(chance, 'none')],
  ['ppk2enc', (chance) => putty(chance, 'aes256-cbc')],
  ['ovpn', (chance) => block(chance, ['-----BEGIN OpenVPN Static key V1-----'], 16, 32, HEX, ['-----END OpenVPN Static key V1-----'])],
  ['penl', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEogIBAAKCAQEA', 14, { newline: String.raw`\n`, secretLine: 7 })],
  ['peoneline', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvwIBADANBgkqhkiG9w0BAQEFAASC', 11, { newline: ' ', secretLine: 6 })],
  ['pereply', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEowIBAAKCAQEB', 11, { indent: '> > ', secretLine: 8 })],
  ['petab', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEwAIBADANBgkqhkiG9w0BAQEFAASC', 11, { indent: '\t', secretLine: 8 })],
  ['peindent', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEC', 11, { indent: '    ', secretLine: 5 })],
  ['peplus', (chance) => pem(chance, 'OPENSSH PRIVATE KEY', openssh.slice(0, 40), 9, { indent: '+', secretLine: 4 })],
  ['pebr', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQED', 8, { newline: '<br />\n', secretLine: 4 })],
  ['peblank', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvgIBADANBgkqhkiG9w0BAQEFAASD', 8, { newline: '\n\n', secretLine: 5 })],
  ['pecaret', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASE', 6, { newline: '^M\n', secretLine: 3 })],
  ['peuri', (chance) => pem(chance, 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASF', 6, { newline: '%0A', secretLine: 3 })],
  ['pecut', (chance) => pem(chance, 'OPENSSH PRIVATE KEY', openssh.slice(0, 52), 6, { cut: true })],
  ['pejoined', (chance) => pem(chance, 'RSA PRIVATE KEY', 'MIIEowIBAAKCAQEE', 8, { newline: '', secretLine: 4 })],
  ['pe64', (chance) => base64(shown(pem(chance, 'RSA PRIVATE KEY', 'MIIEowIBAAKCAQEF', 8)))],
  ['pfx', (chance) => `MIIKYwIBAzCCCh8GCSqGSIb3DQEHAaCCChAEggoM${some(chance, 1200, BASE64)}`],
  ['key43', (chance) => `${some(chance, 42, BASE64)}8=`],
  ['jwkd', (chance) => some(chance, 342, URL_SAFE)],
  ['jwkdec', (chance) => some(chance, 43, URL_SAFE)],
  ['xmld', (chance) => `${some(chance, 342, BASE64)}==`],
  ['age', (chance) => `AGE-SECRET-KEY-1${some(chance, 58, '023456789ACDEFGHJKLMNPQRSTUVWXYZ')}`],
  // Filler, and what looks alike and is public
  ['acc', (chance) => `${chance.one(['lit', 'dwh', 'bkp', 'media'])}${some(chance, 8, LOWER + DIGITS)}`],
  ['h24', (chance) => some(chance, 24, HEX)],
  ['hup', (chance) => some(chance, 40, HEX).toUpperCase()],
  ['hup24', (chance) => some(chance, 24, HEX).toUpperCase()],
  ['hup20', (chance) => some(chance, 20, HEX).toUpperCase()],
  ['n7', (chance) => some(chance, 7, '123456789')],
  ['n12', (chance) => some(chance, 12, '123456789')],
  ['sha512', (chance) => bytes(chance, 64).toString('base64')],
  ['b32', (chance) => bytes(chance, 32).toString('base64')],
  ['b20', (chance) => bytes(chance, 20).toString('base64')],
  ['b16', (chance) => bytes(chance, 16).toString('base64')],
  ['fp', (chance) => bytes(chance, 32).toString('base64').slice(0, -1)],
  ['cur', (chance) => some(chance, 160, URL_SAFE)],
  ['id22', (chance) => some(chance, 22, URL_SAFE)],
  ['id43', (chance) => some(chance, 43, URL_SAFE)],
  ['blob', (chance) => some(chance, 140, BASE64)],
  ['cert', (chance) => pem(chance, 'CERTIFICATE', 'MIIFazCCA1OgAwIBAgIR', 14)],
  ['certnl', (chance) => pem(chance, 'CERTIFICATE', 'MIIFazCCA1OgAwIBAgIR', 10, { newline: String.raw`\n` })],
  ['cert64', (chance) => base64(shown(pem(chance, 'CERTIFICATE', 'MIIFazCCA1OgAwIBAgIR', 10)))],
  ['certraw', (chance) => `MIIDQjCCAiqgAwIBAgIQ${some(chance, 500, BASE64)}`],
  ['csr', (chance) => pem(chance, 'NEW CERTIFICATE REQUEST', 'MIIEWTCCA0ECAQAwZTEL', 9)],
  ['pkcs7', (chance) => pem(chance, 'PKCS7', 'MIIHNAYJKoZIhvcNAQcC', 9)],
  ['dh', (chance) => pem(chance, 'DH PARAMETERS', 'MIIBCAKCAQEA', 5)],
  ['ecparams', () => '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----'],
  ['pub', (chance) => pem(chance, 'PUBLIC KEY', 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE', 2)],
  ['pgppub', (chance) => pem(chance, 'PGP PUBLIC KEY BLOCK', 'mDMEZ', 6, { head: ['Comment: litware release signing', ''] })],
  ['pgpsig', (chance) => pem(chance, 'PGP SIGNATURE', 'iQIzBAEBCgAdFiEE', 6, { head: [''] })],
  ['pgpmessage', (chance) => pem(chance, 'PGP MESSAGE', 'hQIMA', 6, { head: [''] })],
  ['sshrsa', (chance) => `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAACAQD${some(chance, 500, BASE64)}==`],
  ['sshed', (chance) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${some(chance, 43, BASE64)}`],
  ['ecdsa', (chance) => `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB${some(chance, 88, BASE64)}=`],
]);

export const { positivesOf, negativesOf } = templatesOf(SEED, makers);
export type { Negative, Positive } from '../templates.ts';
