import { createHash, createPublicKey } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { checkpointOf, keysOf, type CheckpointKey, type SignedCheckpoint } from '../audit/checkpoint.ts';
import { verifyLedger, type Finding, type Verdict } from '../audit/verify.ts';
import type { ExitStatus, Output } from './command.ts';

/** `steward audit verify`: works offline, on a copy of the two containers. */

export const AUDIT_USAGE = `steward audit verify DIRECTORY           checks a copy of the ledger: DIRECTORY/ledger and DIRECTORY/anchors hold what
                                         the two containers hold
  --checkpoint FILE                      the checkpoint that you kept: nothing before it can be changed unseen
  --key FILE                             the public keys that you kept, instead of those in the copy
  --json                                 prints one JSON document
`;

/** What was typed wrongly, as a sentence. */
class Misuse extends Error {}

/** What is not there or is not what it should be, as a sentence. */
class Unreadable extends Error {}

interface Typed {
  readonly directory: string;
  readonly checkpoint?: string;
  readonly key?: string;
  readonly json: boolean;
}

/** A chain's first part, and `…-0002.jsonl`, which continues it. */
const PART = /^(.+?)(?:-(\d{4}))?\.jsonl$/;
const MOST_SHOWN = 20;

/** 0: the ledger holds. 1: it does not, and what is wrong is said. 2: it was typed wrongly, or something can't be read. */
export async function auditCommand(rest: readonly string[], { complain, print }: Output): Promise<ExitStatus> {
  try {
    const typed = read(rest);
    const anchors = anchorsIn(join(typed.directory, 'anchors'));
    const keys = typed.key === undefined ? anchors.keys : keysIn(typed.key);
    const held = typed.checkpoint === undefined ? undefined : heldIn(typed.checkpoint);
    const verdict = await verifyLedger({ chains: chainsIn(join(typed.directory, 'ledger')), anchors: anchors.checkpoints, keys, ...(held && { held }) });
    if (typed.json) print(`${JSON.stringify({ ...verdict, keys: keys.map((key) => ({ key: key.key, fingerprint: fingerprintOf(key) })), ownKeys: typed.key !== undefined }, null, 2)}\n`);
    else print(`${lines(verdict, keys, typed.key !== undefined).join('\n')}\n`);
    return verdict.holds ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Misuse || error instanceof Unreadable)) throw error;
    complain(`steward: ${error.message}\n${error instanceof Misuse ? `\n${AUDIT_USAGE}` : ''}`);
    return 2;
  }
}

// --- what is typed ---------------------------------------------------------------------------------------------------

function read([command, ...given]: readonly string[]): Typed {
  if (command !== 'verify') throw new Misuse(command === undefined ? '`audit` needs to know what: verify' : `\`audit\` does not know \`${short(command)}\``);
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let index = 0; index < given.length; index += 1) {
    const word = given[index] ?? '';
    if (word === '--json') options.set(word, '');
    else if (word === '--checkpoint' || word === '--key') {
      const value = given[(index += 1)];
      if (value === undefined || value.startsWith('--')) throw new Misuse(`\`${word}\` needs a file`);
      options.set(word, value);
    } else if (word.startsWith('--')) throw new Misuse(`there is no option \`${short(word)}\``);
    else words.push(word);
  }
  const [directory, ...more] = words;
  if (directory === undefined) throw new Misuse('`audit verify` needs the directory with the copy');
  if (more.length > 0) throw new Misuse(`\`audit verify\` takes one directory; \`${short(more[0])}\` is one too many`);
  const [checkpoint, key] = [options.get('--checkpoint'), options.get('--key')];
  return { directory, json: options.has('--json'), ...(checkpoint !== undefined && { checkpoint }), ...(key !== undefined && { key }) };
}

const short = (word = ''): string => word.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 60);

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

// --- what is said ----------------------------------------------------------------------------------------------------

function lines(verdict: Verdict, keys: readonly CheckpointKey[], ownKeys: boolean): readonly string[] {
  const { chains, checkpoints, findings, heldAt, holds, protectedRecords, records } = verdict;
  return [
    `Ledger      ${counted(records, 'record')} in ${counted(chains, 'chain')}${holds ? '' : ', as far as they could be read'}`,
    `Checkpoint  ${heldAt === undefined ? 'none that you hold' : `${timeOf(heldAt)}, the one that you hold`}; ${counted(checkpoints, 'checkpoint')} looked at`,
    ...keys.map((key) => `Key         ${key.key}, SHA-256 ${fingerprintOf(key)}`),
    ...(keys.length === 0 ? ['Key         none'] : ownKeys ? [] : ['            from the copy itself: compare it with the one in your Key Vault']),
    `Holds       ${holds ? 'yes' : 'NO'}`,
    '',
    ...(holds ? guarantee(verdict) : [...findings.slice(0, MOST_SHOWN).map(sentenceOf), ...(findings.length > MOST_SHOWN ? [`… and ${findings.length - MOST_SHOWN} more`] : [])]),
    ...(holds || protectedRecords === 0 ? [] : ['', 'Nothing in this copy is to be relied on before somebody knows why.']),
  ];
}

function guarantee({ heldAt, protectedRecords, records }: Verdict): readonly string[] {
  const newer = records - protectedRecords;
  const protects = heldAt === undefined
    ? ['No record is protected by something that you hold: whoever can write storage and sign could have made all of this anew.', 'Keep a checkpoint where neither Steward nor its operators can reach it, and give it with --checkpoint.']
    : [`${counted(protectedRecords, 'record')} are protected: everything up to your checkpoint is as it was then, complete and in its order.`];
  if (heldAt === undefined || newer === 0) return protects;
  return [...protects, `${counted(newer, 'newer record')} hang together, and that is all: a holder of the signing key could have rewritten them. The next checkpoint`, 'that you keep protects them.'];
}

const WHAT: Readonly<Record<Finding['what'], string>> = {
  changed: 'was changed',
  'out of place': 'does not follow the one before it: a record was dropped, added or moved',
  unreadable: 'can’t be read',
  'cut off': 'is missing, and all after it: the chain was cut off',
  missing: 'is missing',
  'not the one that was vouched for': 'is not the one that was vouched for: the chain was written anew',
  'not signed': 'bears no signature of a known key',
  'base missing': 'refers to a checkpoint that is missing',
};

function sentenceOf({ id, sequence, vouchedAt, what, where }: Finding): string {
  const subject = sequence === undefined ? (where.startsWith('the ') ? where : `${what === 'missing' ? 'chain ' : ''}${where}`) : `record ${sequence + 1}${id === undefined ? '' : ` (${short(id)})`} of chain ${where}`;
  return `First bad: ${subject} ${WHAT[what]}.${vouchedAt === undefined ? '' : ` The checkpoint of ${timeOf(vouchedAt)} vouched for it.`}`;
}

const counted = (count: number, what: string): string => `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`;
const timeOf = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

/** Over the public key in its DER form (SubjectPublicKeyInfo), as `openssl pkey -pubin -outform DER | sha256sum` has it. */
function fingerprintOf({ jwk }: CheckpointKey): string {
  try {
    return createHash('sha256').update(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })).digest('hex');
  } catch {
    return 'none: it is no public key';
  }
}
