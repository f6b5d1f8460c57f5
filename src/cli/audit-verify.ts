import { createHash, createPublicKey } from 'node:crypto';
import type { CheckpointKey } from '../audit/checkpoint.ts';
import { LEDGER_FLOOR_DAYS } from '../audit/retired.ts';
import type { Finding, Verdict } from '../audit/verify.ts';
import { check } from './audit-copy.ts';
import { short, typedOf, wordsOf } from './audit-words.ts';
import type { ExitStatus, Output } from './command.ts';

/** `steward audit verify`: works offline, on a copy of the two containers. */

export const VERIFY_USAGE = `steward audit verify DIRECTORY           checks a copy of the ledger: DIRECTORY/ledger and DIRECTORY/anchors hold what
                                         the two containers hold
  --checkpoint FILE                      the checkpoint that you kept: nothing before it can be changed unseen
  --key FILE                             the public keys that you kept, instead of those in the copy
  --kept DAYS                            how long this deployment keeps its chains; without it, 365: what is younger may not
                                         be missing, whatever record says that it was retired
  --json                                 prints one JSON document
`;

const MOST_SHOWN = 20;

/** 0: the ledger holds. 1: it does not, and what is wrong is said. Fails with `Misuse` and `Unreadable`. */
export async function verifyCommand(given: readonly string[], { print }: Pick<Output, 'print'>): Promise<ExitStatus> {
  const { options, words } = wordsOf(given, ['--checkpoint', '--key', '--kept', '--json']);
  const typed = typedOf('verify', words, options);
  const ownKeys = typed.key !== undefined;
  const { keys, verdict } = await check(typed);
  if (options.has('--json')) print(`${JSON.stringify({ ...verdict, keys: keys.map((key) => ({ key: key.key, fingerprint: fingerprintOf(key) })), ownKeys }, null, 2)}\n`);
  // Names of chains come from the copy.
  else print(`${lines(verdict, keys, ownKeys, Math.max(typed.kept ?? 0, LEDGER_FLOOR_DAYS)).map((line) => line.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?')).join('\n')}\n`);
  return verdict.holds ? 0 : 1;
}

function lines(verdict: Verdict, keys: readonly CheckpointKey[], ownKeys: boolean, keptDays: number): readonly string[] {
  const { chains, checkpoints, findings, heldAt, holds, protectedRecords, records, retired = [] } = verdict;
  return [
    `Ledger      ${counted(records, 'record')} in ${counted(chains, 'chain')}${holds ? '' : ', as far as they could be read'}`,
    `Checkpoint  ${heldAt === undefined ? 'none that you hold' : `${timeOf(heldAt)}, the one that you hold`}; ${counted(checkpoints, 'checkpoint')} looked at`,
    ...keys.map((key) => `Key         ${key.key}, SHA-256 ${fingerprintOf(key)}`),
    ...(keys.length === 0 ? ['Key         none'] : ownKeys ? [] : ['            from the copy itself: compare it with the one in your Key Vault']),
    ...(retired.length === 0 ? [] : [`Retired     ${counted(retired.length, 'chain')} of ${counted(retired.reduce((sum, each) => sum + each.records, 0), 'record')}, which the records below say were taken away`]),
    `Holds       ${holds ? 'yes' : 'NO'}`,
    '',
    ...(holds ? guarantee(verdict) : [...findings.slice(0, MOST_SHOWN).map(sentenceOf), ...(findings.length > MOST_SHOWN ? [`… and ${findings.length - MOST_SHOWN} more`] : [])]),
    ...(retired.length === 0 ? [] : ['', ...retirement(retired, heldAt, keptDays)]),
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

/** What was taken away, by which records, and what it rests on that they are believed. */
function retirement(retired: NonNullable<Verdict['retired']>, heldAt: string | undefined, keptDays: number): readonly string[] {
  const newer = retired.filter(({ isProtected }) => !isProtected).length;
  return [
    ...retired.slice(0, MOST_SHOWN).map(({ at, by, chain, id, namedAt, records }) => `Retired: chain ${chain}, ${counted(records, 'record')}; its end was vouched for on ${timeOf(namedAt)}. Record ${short(id)} of ${timeOf(at)} in chain ${by} says so.`),
    ...(retired.length > MOST_SHOWN ? [`… and ${retired.length - MOST_SHOWN} more`] : []),
    `Each began ${keptDays} days before that, or earlier, and a signed checkpoint in this copy named its last record ${keptDays} days before, or earlier.`,
    heldAt === undefined ? 'You hold no checkpoint: whoever can write storage and sign could have made those records and checkpoints.'
    : newer === 0 ? 'Your checkpoint protects the records that say so.'
    : `Your checkpoint is older than ${newer.toLocaleString('en-GB')} of the records that say so. A holder of the signing key could make such ones, but for no chain that began less than ${keptDays} days ago: its day stands in its name.`,
  ];
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
  'retired, and nothing vouches for that': 'is vouched for by nothing in this copy',
  'retired at another head': 'names another end than was vouched for',
  'retired in the future': 'is of a time that has not come yet',
  'retired too early': 'came before its time: too soon after it began',
  'retired without proof': 'stands alone: no checkpoint in this copy shows that its end was vouched for so long before',
};

export function sentenceOf({ id, sequence, vouchedAt, what, where }: Finding): string {
  if (what.startsWith('retired')) return `First bad: chain ${where} is missing, and the record ${short(id ?? '')} that says it was retired ${WHAT[what]}.${vouchedAt === undefined ? '' : ` The checkpoint of ${timeOf(vouchedAt)} named the chain.`}`;
  const subject = sequence === undefined ? (where.startsWith('the ') ? where : `${what === 'missing' ? 'chain ' : ''}${where}`) : `record ${sequence + 1}${id === undefined ? '' : ` (${short(id)})`} of chain ${where}`;
  return `First bad: ${subject} ${WHAT[what]}.${vouchedAt === undefined ? '' : ` The checkpoint of ${timeOf(vouchedAt)} vouched for it.`}`;
}

export const counted = (count: number, what: string): string => `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`;
export const timeOf = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

/** Over the public key in its DER form (SubjectPublicKeyInfo), as `openssl pkey -pubin -outform DER | sha256sum` has it. */
function fingerprintOf({ jwk }: CheckpointKey): string {
  try {
    return createHash('sha256').update(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })).digest('hex');
  } catch {
    return 'none: it is no public key';
  }
}
