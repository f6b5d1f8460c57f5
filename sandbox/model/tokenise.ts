/** Cuts a message into words, handles and punctuation, each with its place in the text, so that arguments can be quoted exactly. */

export interface Token {
  readonly kind: 'word' | 'handle' | 'punctuation';
  /** As written, without a possessive ending. */
  readonly text: string;
  /** NFKC, lower case, straight apostrophes. */
  readonly lower: string;
  readonly stem: string;
  readonly start: number;
  readonly end: number;
  readonly possessive: boolean;
  /** First word of a sentence: its capital says nothing. */
  readonly initial: boolean;
}

/** Kind, underscore, at least six base32 characters; braces when the product wrote it. */
const HANDLE = /\{([a-z][a-z]*_[a-z2-7]{6,})\}|(?<![\p{L}\p{N}_])([a-z]+_[a-z2-7]{6,})(?![\p{L}\p{N}_])/u;
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’‘\-‐‑_.@&][\p{L}\p{M}\p{N}]+)*['’]?/u;
/** `Dr.` and `J.` keep their dot, so that it does not end a sentence. */
const DOTTED = /(?:\p{L}|dr|mr|mrs|ms|prof|st)\.(?=\s+[\p{L}])/iu;
const NEXT = new RegExp(`(?<handle>${HANDLE.source})|(?<dotted>(?<![\\p{L}\\p{N}])${DOTTED.source})|(?<word>${WORD.source})|(?<punctuation>[^\\s])`, 'giu');

/** Written as one word or with a hyphen, meant as two. */
const COMPOUNDS: ReadonlyMap<string, readonly string[]> = new Map(
  ['sign in', 'sign out', 'sign off', 'sign on', 'log in', 'log on', 'log out', 'log off', 'look up', 'lock out', 'kick out', 'shut out', 'let in', 'pull up'].flatMap((pair) => {
    const [first = '', second = ''] = pair.split(' ');
    return [first + second, `${first}-${second}`, `${first}${second}s`, `${first}-${second}s`].map((written) => [written, [first, second]] as const);
  }),
);

/** `who's` is `who is`, not the possession of somebody called Who. */
const IS_CONTRACTIONS: ReadonlySet<string> = new Set(['what', 'who', 'it', 'he', 'she', 'that', 'there', 'how', 'where', 'when', 'here', 'which']);

export function tokenise(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let initial = true;
  const push = (kind: Token['kind'], written: string, start: number, end: number, possessive = false, lower = fold(written)): void => {
    tokens.push({ kind, text: written, lower, stem: stem(lower), start, end, possessive, initial });
    initial = kind === 'punctuation' && /[.!?:;\n]/u.test(written);
  };
  for (const match of text.matchAll(NEXT)) {
    const start = match.index;
    const written = match[0];
    const end = start + written.length;
    if (match.groups?.['handle'] !== undefined) {
      push('handle', match[2] ?? match[3] ?? written, start, end, /^['’]s\b/u.test(text.slice(end, end + 3)));
    } else if (match.groups?.['punctuation'] !== undefined) {
      push('punctuation', written, start, end);
    } else {
      pushWord(written, start, end, push);
    }
  }
  return tokens.filter((token, index) => !isPossessiveRest(token, tokens[index - 1]));
}

/** NFKC and case-folded, with typographic apostrophes and hyphens made plain. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[’‘]/gu, "'").replace(/[‐‑]/gu, '-');
}

/** A light English stemmer: only as strong as matching a word list needs. */
export function stem(word: string): string {
  if (word.length <= 3 || !/^[a-z]+$/u.test(word)) return word;
  let base = word;
  if (/(?:ing|ed)$/u.test(base) && base.length > 5) {
    base = base.replace(/(?:ing|ed)$/u, '').replace(/([bdgmnprt])\1$/u, '$1');
  } else if (/ies$/u.test(base)) {
    base = `${base.slice(0, -3)}y`;
  } else if (/[^s]s$/u.test(base)) {
    base = base.slice(0, -1);
  } else if (/ed$/u.test(base) && base.length > 4) {
    base = base.slice(0, -2);
  }
  return base.length > 3 ? base.replace(/e$/u, '') : base;
}

type Push = (kind: Token['kind'], written: string, start: number, end: number, possessive?: boolean, lower?: string) => void;

function pushWord(written: string, start: number, end: number, push: Push): void {
  const lower = fold(written);
  const possessive = /^(.+?)'s$|^(.+s)'$/u.exec(lower);
  const owner = possessive?.[1] ?? possessive?.[2];
  if (owner !== undefined) {
    const ownerEnd = start + written.length - (possessive?.[1] === undefined ? 1 : 2);
    if (IS_CONTRACTIONS.has(owner)) {
      push('word', written.slice(0, owner.length), start, ownerEnd);
      push('word', 'is', ownerEnd, end, false, 'is');
    } else {
      push('word', written.slice(0, ownerEnd - start), start, ownerEnd, true);
    }
    return;
  }
  const parts = COMPOUNDS.get(lower);
  if (parts !== undefined) {
    for (const part of parts) push('word', written, start, end, false, part);
    return;
  }
  const plain = written.replace(/['’]$/u, '');
  // `re-enable` and `un-block` are the verbs without the hyphen.
  push('word', plain, start, start + plain.length, false, fold(plain).replace(/^(re|un|de)-(?=[a-z]{3,})/u, '$1'));
}

/** `{person_k7m2qz}'s` leaves an apostrophe and an s behind. */
function isPossessiveRest(token: Token, previous: Token | undefined): boolean {
  return (previous?.kind === 'handle' && previous.possessive && /^['’]$/u.test(token.text)) || (token.lower === 's' && /^['’]$/u.test(previous?.text ?? ''));
}
