/** The bundle that both processes are started from, and changes to its text. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stage.ts';

export interface Edit {
  /** Must be found exactly once in the bundle. */
  readonly find: RegExp;
  readonly by: string;
}

/** All ASCII, by the build: one byte a character. */
const ENCODING = 'latin1';

const fileOf = ({ two }: Stage): string => join(two.folder, 'src/steward.cjs');

export function readBundle(stage: Stage): string {
  return readFileSync(fileOf(stage), ENCODING);
}

/** For processes that start from now on. */
export function writeBundle(stage: Stage, text: string): void {
  writeFileSync(fileOf(stage), text, ENCODING);
}

/** Fails when the bundle is no longer what the edits know: then they would change nothing, or something else. */
export function edited(text: string, what: string, edits: readonly Edit[]): string {
  return edits.reduce((now, { by, find }) => {
    const found = now.match(new RegExp(find, 'g'))?.length ?? 0;
    if (found !== 1) throw new Error(`“${what}” is to change one place in the bundle, and there are ${found} like ${String(find)}`);
    return now.replace(find, by);
  }, text);
}
