import type { HandleBook } from '../actions/handles.ts';
import { normalised } from '../actions/internal-id.ts';
import { secretShapes } from '../audit/secret-shapes.ts';

/** A shape, and whether a text of that shape is meant where the shape alone does not say. */
interface Concealed {
  readonly shape: RegExp;
  readonly isMeant?: (found: string) => boolean;
}

/**
 * What people paste and the model must not see: addresses and user names, GUIDs, phone numbers, serial numbers and
 * asset tags, and anything shaped like a credential. Order matters: a shape sees only what those before it left.
 *
 * INVARIANT: linear on any text. Shapes of unbounded length begin only where their run of characters begins (the
 * look-behinds), so that no character is read again from each place before it.
 */
const CONCEALED: readonly Concealed[] = [
  // Credentials by name: the value, whatever it looks like.
  { shape: /(?<=(?:pass(?:word|wd|wort|phrase|code)|pwd|kennwort|secret|token|api[ _-]?key|account_?key|access_?key|signature|(?<!\p{L})(?:sig|pin|otp))["']?\s{0,3}[:=]{1,2}\s{0,3})[^\s:=]\S*/giu },
  // Credentials by shape: the one list, and anything that is armoured.
  ...secretShapes,
  { shape: /-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [A-Z ]{1,40}-----|$)/g },
  // Addresses and user principal names, guests' included (anna_example.com#EXT#@contoso.onmicrosoft.com), without a dot too.
  { shape: /(?<![\p{L}\p{M}\p{N}._%+'#&~-])[\p{L}\p{M}\p{N}._%+'#&~-]+@[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)*/gu },
  { shape: /(?<![\p{L}\p{N}._-])[\p{L}\p{N}][\p{L}\p{N}._-]*\\{1,2}[\p{L}\p{N}._$-]*[\p{L}\p{N}$]/gu },
  // GUIDs, with whatever stands or does not stand between their parts.
  { shape: /(?<![0-9a-f])[0-9a-f]{8}(?:[ _-]{0,3}[0-9a-f]{4}){3}[ _-]{0,3}[0-9a-f]{12}(?![0-9a-f])/gi },
  // Phone numbers: international; area code in parentheses; with a leading 0; French pairs; American; grouped.
  { shape: /\+\d[\d ()/.-]{6,}\d/g },
  { shape: /\(\d{2,5}\)[ /.-]{0,2}\d[\d /.-]{4,20}\d/g },
  { shape: /(?<![\p{L}\p{N}.:])(?=(?:[ /.-]?\d){7})0\d{2,5}(?:[ /.-]\d{2,12}){1,6}(?![\p{L}\p{N}])/gu },
  { shape: /(?<![\p{L}\p{N}.:])0\d(?:(?:[ .]\d\d){4}|(?: \d{3,4}){2})(?![\p{L}\p{N}])/gu },
  { shape: /(?<![\p{L}\p{N}.])\d{3}\.\d{3}\.\d{4}(?![\p{L}\p{N}.]\d)/gu },
  { shape: /(?<![\p{L}\p{N}.:])\d{3,5}[ /-](?:\d{5,12}|\d{3,8}(?:[ /-]\d{2,8}){1,3})(?![\p{L}\p{N}])/gu },
  { shape: /(?<![\p{L}\p{N}])\d{9,}(?![\p{L}\p{N}])/gu },
  // Serial numbers and asset tags: by name, since some have no digit, and by shape.
  { shape: /(?<=[Ss](?:erial(?:[ _-]?(?:[Nn]umber|[Nn]o|[Nn]r))?|\/[Nn])[."']?\s{0,3}(?:is|[:=#])?\s{0,3})[A-Z0-9][A-Z0-9-]{4,}(?![\p{L}\p{N}])/gu },
  { shape: /[\p{L}\p{N}]+(?:[_-]+[\p{L}\p{N}]+)*/gu, isMeant: isSerialNumber },
  // Keys, signatures, long random strings.
  { shape: /(?<![A-Za-z0-9+/_~.-])[A-Za-z0-9+/_~.-]{40,}={0,2}/g },
];

/** Letters and digits together that are public names: tickets, error codes, products, a word with a year or a small number, times. */
const ORDINARY: readonly RegExp[] = [
  /^(?:INC|REQ|RITM|CHG|PRB|TASK|SCTASK|KB)\d+$/i,
  /^(?:0x[\da-f]{1,8}|AADSTS\d{4,8})$/i,
  /^(?:office|microsoft|windows|win|server|exchange|sharepoint|outlook|teams|sql)-?\d{2,4}$/i,
  /^[A-Z]+-?(?:\d{1,2}|(?:19|20)\d\d)$/,
  /^\d{1,4}(?:-\p{L}+)+$/u,
  /^\d{4}-\d\d-\d\dT\d\d$/i,
];

/** Capitals with a digit, six or more; or letters with three digits or more, eight or more. */
function isSerialNumber(found: string): boolean {
  if (ORDINARY.some((shape) => shape.test(found))) return false;
  if (/^[A-Z0-9_-]{6,}$/.test(found)) return /\d/.test(found) && /[A-Z]/.test(found);
  // Part by part: of `text_q2w3e4` it is the second that could be one.
  return found.split('_').some((part) => part.length >= 8 && /\p{L}/u.test(part) && /\d(?:\D*\d){2}/.test(part));
}

/** The length of the shortest thing that is concealed by its shape: `a@b`. */
const SHORTEST = 3;

/**
 * Replaces what the model must not see by `text_…` handles, which find actions accept. A handle that the person typed
 * stays, if it is live for this person here. Look-alike characters are unified first, so the result is for the model only.
 */
export function conceal(text: string, handles: HandleBook, nowMs: number): string {
  const minted = new Map<string, string>();
  const handleFor = (found: string): string => {
    if (handles.labelOf(found, nowMs) !== undefined) return found;
    const handle = minted.get(found) ?? handles.mintText(found, nowMs);
    minted.set(found, handle);
    return handle;
  };
  return concealFrom(0, unified(text), handleFor);
}

/** Conceals by one shape, and what lies between its finds by the shapes after it. */
function concealFrom(rank: number, text: string, handleFor: (found: string) => string): string {
  const concealed = CONCEALED[rank];
  if (concealed === undefined || text.length < SHORTEST) return text;
  let done = '';
  let from = 0;
  for (const { 0: found, index } of text.matchAll(concealed.shape)) {
    if (concealed.isMeant?.(found) === false) continue;
    done += concealFrom(rank + 1, text.slice(from, index), handleFor) + handleFor(found);
    from = index + found.length;
  }
  return done + concealFrom(rank + 1, text.slice(from), handleFor);
}

/** One spelling for what looks the same: full-width letters, split letters, invisible characters, dashes. */
function unified(text: string): string {
  return normalised(normalised(text, 'NFKC').replace(/\p{Cf}/gu, ''), 'NFKC').replace(/[\u2010-\u2015\u2212]/g, '-');
}
