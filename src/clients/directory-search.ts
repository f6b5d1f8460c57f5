/** How people write names, and how Graph is asked for them. */

const MOST_CHARACTERS = 256;

/** What to search for: on one line, without the tags of a mention. */
export function wantedText(text: string): string {
  return text
    .replaceAll(/<\/?at[^>]*>/gi, ' ')
    .normalize('NFC')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS);
}

/**
 * One clause of `$search`: Graph splits it into words and asks for all of them. An ampersand inside it is a known issue.
 * https://learn.microsoft.com/graph/search-query-parameter#using-search-on-directory-object-collections
 */
export function displayNameClause(name: string): string {
  return `"displayName:${name.replaceAll('&', ' ').replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A name without case, accents and spare spaces. */
export function folded(name: string): string {
  return name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
