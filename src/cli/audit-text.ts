import type { Records, Named } from '../audit/story.ts';
import { counted, sentenceOf } from './audit-verify.ts';
import type { ReadCopy } from './audit-copy.ts';

/** How a ledger is told on a terminal of 80 columns. */

const COLUMNS = 80;
const MOST_CHARACTERS = 400;
const DIGEST_CHARACTERS = 8;

/** Text of others as one line that changes nothing about a terminal. */
export function lineOf(text: string): string {
  const line = [...text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()];
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS).join('')}…` : line.join('');
}

/** One document in which no character changes anything about a terminal: each stands escaped, and means the same. */
export function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => (character === '\n' ? character : [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')))}\n`;
}

/** A name, or the beginning of the digest where there is none. `what` is said before a digest. */
export function nameOf({ digest, name }: Named, what = 'person'): string {
  const shown = name === undefined ? '' : lineOf(name);
  return shown !== '' ? shown : digest === '' ? 'nobody named' : `${what} ${lineOf(digest).slice(0, DIGEST_CHARACTERS)}`;
}

/** Text at a column, broken between words where the terminal ends. */
export function row(head: string, text: string, column = 14): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && column + line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each, index) => `${(index === 0 ? head : '').padEnd(column)}${each}`.trimEnd()).join('\n');
}

export const secondOf = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;
export const timeOfDay = (iso: string): string => iso.slice(11, 19);

/** What stands above everything that is told: whether it holds, and whose names are missing. */
export function heading({ notUnderstood, opened, verdict }: ReadCopy, { sealed }: Records): readonly string[] {
  const [first, ...more] = verdict.findings;
  const holds = verdict.holds
    ? `The ledger holds: ${counted(verdict.records, 'record')}, ${verdict.heldAt === undefined ? 'held against no checkpoint of yours.' : `${verdict.protectedRecords.toLocaleString('en-GB')} up to your checkpoint.`}`
    : `THE LEDGER DOES NOT HOLD. ${first === undefined ? '' : lineOf(sentenceOf(first))}${more.length > 0 ? ` And ${more.length} more.` : ''} Told is what stands before the first bad record of each chain.`;
  const names =
    opened === undefined ? 'There is no people.jsonl: people are shown by the first 8 characters of their digest.'
    : sealed.opened < sealed.all ? `${counted(sealed.all - sealed.opened, 'name')} of ${sealed.all.toLocaleString('en-GB')} can’t be opened (erased, or without a key): shown by digest. No checkpoint protects people.jsonl.`
    : 'Names come from people.jsonl, which no checkpoint protects.';
  return [holds, names, ...(notUnderstood > 0 ? [`${counted(notUnderstood, 'record')} of a kind that this version does not know.`] : [])].map((line) => row('', line, 0));
}
