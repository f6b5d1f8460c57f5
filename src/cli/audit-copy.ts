import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { checkpointOf, keysOf, type CheckpointKey, type SignedCheckpoint } from '../audit/checkpoint.ts';
import { entryOf, openedPartOf, type Entry, type OpenedPart } from '../audit/events.ts';
import { follows, GENESIS, recordOf } from '../audit/ledger.ts';
import { verifyLedger, type Verdict } from '../audit/verify.ts';
import { systemClock } from '../clients/clock.ts';
import { short, Unreadable, type Typed } from './audit-words.ts';

/** A copy of the two containers on disk. Everything here fails with `Unreadable` for what can't be read. */

/** A chain's first part, and `…-0002.jsonl`, which continues it. */
const PART = /^(.+?)(?:-(\d{4}))?\.jsonl$/;
export const PEOPLE_FILE = 'people.jsonl';

export interface Checked {
  readonly verdict: Verdict;
  readonly keys: readonly CheckpointKey[];
}

/** What was read on the way of checking it: of each chain all up to its first bad record. */
export interface ReadCopy extends Checked {
  readonly entries: readonly Entry[];
  /** Records of a kind or form that this version does not know. */
  readonly notUnderstood: number;
  /** Lines of `people.jsonl`; undefined where there is no such file. */
  readonly opened?: readonly OpenedPart[];
}

type Chains = ReadonlyMap<string, AsyncIterable<Uint8Array>>;

/** Checks a copy, with the checkpoint and the keys that were given. */
export async function check({ checkpoint, directory, kept, key }: Typed, look: (chains: Chains) => Chains = (chains) => chains): Promise<Checked> {
  const anchors = anchorsIn(join(directory, 'anchors'));
  const keys = key === undefined ? anchors.keys : keysIn(key);
  const held = checkpoint === undefined ? undefined : heldIn(checkpoint);
  const verdict = await verifyLedger({ chains: look(chainsIn(join(directory, 'ledger'))), anchors: anchors.checkpoints, keys, now: systemClock.now(), ...(kept !== undefined && { keptDays: kept }), ...(held && { held }) });
  return { verdict, keys };
}

/** Checks a copy and keeps what it reads: what is told is what was checked. */
export async function readCopy(typed: Typed): Promise<ReadCopy> {
  const entries: Entry[] = [];
  let notUnderstood = 0;
  const checked = await check(typed, (chains) => new Map([...chains].map(([chain, pieces]) => [chain, kept(pieces, (value) => {
    const entry = entryOf(chain, value);
    if (entry === undefined) notUnderstood += 1;
    else entries.push(entry);
  })])));
  const opened = openedIn(typed.directory);
  return { ...checked, entries, notUnderstood, ...(opened && { opened }) };
}

/** Passes the bytes on, and each record that follows the one before it to `keep`. */
async function* kept(pieces: AsyncIterable<Uint8Array>, keep: (record: unknown) => void): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  let [previous, records, holds] = [GENESIS, 0, true];
  for await (const piece of pieces) {
    const bytes = Buffer.concat([rest, piece]);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(whole);
    for (const line of bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1)) {
      const record = holds ? recordOf(line) : undefined;
      holds = record !== undefined && follows(record, records, previous);
      if (!holds || record === undefined) break;
      keep(record);
      previous = record.hash;
      records += 1;
    }
    yield piece;
  }
}

/** What is no line of it is passed over: names are an addition, and prove nothing. */
function openedIn(directory: string): readonly OpenedPart[] | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, PEOPLE_FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Unreadable(`${PEOPLE_FILE} in ${short(directory)} can’t be read`);
  }
  return text.split('\n').flatMap((line) => openedPartOf(line) ?? []);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Unreadable(`${short(file)} can’t be read`);
  }
}

function heldIn(file: string): SignedCheckpoint {
  const held = checkpointOf(textOf(file));
  if (held === undefined) throw new Unreadable(`${short(file)} is no checkpoint, or not as it was written: take the blob as it is`);
  return held;
}

function keysIn(file: string): readonly CheckpointKey[] {
  const keys = keysOf(textOf(file));
  if (keys === undefined) throw new Unreadable(`${short(file)} holds no public keys: take anchors/keys as they are`);
  return keys;
}

/** Paths under a directory, with slashes, in order. */
function filesIn(directory: string, problem: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort();
  } catch {
    throw new Unreadable(problem);
  }
}

function chainsIn(directory: string): ReadonlyMap<string, AsyncIterable<Uint8Array>> {
  const parts = new Map<string, { readonly file: string; readonly number: number }[]>();
  for (const file of filesIn(directory, `there is no ledger in ${short(directory)}`)) {
    const [, chain, number = '1'] = PART.exec(file) ?? [];
    // What is no part of a chain is none of Steward's; a part that was renamed is missed where it was.
    if (chain !== undefined) parts.set(chain, [...(parts.get(chain) ?? []), { file, number: Number(number) }]);
  }
  return new Map([...parts].map(([chain, all]) => [chain, bytesOf(all.sort((one, other) => one.number - other.number).map(({ file }) => join(directory, file)))]));
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
}

function anchorsIn(directory: string): { readonly checkpoints: ReadonlyMap<string, SignedCheckpoint | undefined>; readonly keys: readonly CheckpointKey[] } {
  const files = filesIn(directory, `there are no anchors in ${short(directory)}`).filter((file) => file.endsWith('.json'));
  const checkpoints = files.filter((file) => file.startsWith('checkpoints/')).map((file) => [file, checkpointOf(textOf(join(directory, file)))] as const);
  const keys = files.filter((file) => file.startsWith('keys/')).flatMap((file) => keysIn(join(directory, file)));
  return { checkpoints: new Map(checkpoints), keys };
}
