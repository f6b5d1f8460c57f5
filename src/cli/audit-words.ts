/** What is typed after `steward audit`, and how it is taken. */

/** What was typed wrongly, as a sentence. */
export class Misuse extends Error {}

/** What is not there or is not what it should be, as a sentence. */
export class Unreadable extends Error {}

/** Each with what its value is; an empty one takes none. */
const OPTIONS = { '--checkpoint': 'a file', '--key': 'a file', '--kept': 'a number of days', '--json': '', '--csv': '', '--person': 'a name', '--action': 'the name of an action', '--last': 'a number', '--out': 'a directory', '--redact': '', '--account': 'the name of a storage account', '--anchor-account': 'the name of a storage account', '--vault': 'the name of a vault', '--tenant': 'the id of a tenant' } as const;
export type Option = keyof typeof OPTIONS;

export interface Words {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<Option, string>;
}

/** Where the copy is, and what it is held against. */
export interface Typed {
  readonly directory: string;
  readonly checkpoint?: string;
  readonly key?: string;
  /** Days. */
  readonly kept?: number;
}

/** Fails with `Misuse` for an option that is not among these, is there twice, or lacks its value. */
export function wordsOf(given: readonly string[], known: readonly Option[]): Words {
  const words: string[] = [];
  const options = new Map<Option, string>();
  for (let index = 0; index < given.length; index += 1) {
    const word = given[index] ?? '';
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const option = known.find((each) => each === word);
    if (option === undefined) throw new Misuse(`there is no option \`${short(word)}\``);
    if (options.has(option)) throw new Misuse(`\`${option}\` is there twice`);
    const what = OPTIONS[option];
    const value = what === '' ? '' : given[(index += 1)];
    if (value === undefined || value.startsWith('--')) throw new Misuse(`\`${option}\` needs ${what}`);
    options.set(option, value);
  }
  return { words, options };
}

/** The one directory, and what it is held against. Fails with `Misuse`. */
export function typedOf(command: string, [directory, ...more]: readonly string[], options: Words['options']): Typed {
  if (directory === undefined) throw new Misuse(`\`audit ${command}\` needs the directory with the copy`);
  if (more.length > 0) throw new Misuse(`\`audit ${command}\` takes one directory; \`${short(more[0])}\` is one too many`);
  const [checkpoint, key, kept] = [options.get('--checkpoint'), options.get('--key'), options.get('--kept')];
  if (kept !== undefined && !/^\d{1,5}$/.test(kept)) throw new Misuse(`\`${short(kept)}\` is no number of days`);
  return { directory, ...(checkpoint !== undefined && { checkpoint }), ...(key !== undefined && { key }), ...(kept !== undefined && { kept: Number(kept) }) };
}

/** What was typed, to be repeated in a sentence. */
export const short = (word = ''): string => word.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 60);
