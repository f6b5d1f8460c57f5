import { digestOf, isSigned, type ChainHead, type Checkpoint, type CheckpointKey, type SignedCheckpoint } from './checkpoint.ts';
import { follows, GENESIS, recordOf } from './ledger.ts';
import { judge, retirementOf, type Bounds, type NamedHead, type RecordedRetirement, type RetirementProblem } from './retired.ts';

/** What was taken out of storage, and what the verifier holds against it. */
export interface Evidence extends Bounds {
  /** Every chain as it stands, in pieces of any length. */
  readonly chains: ReadonlyMap<string, AsyncIterable<Uint8Array> | Iterable<Uint8Array>>;
  /** Every anchored checkpoint, by the name of its blob; undefined where it can't be read. */
  readonly anchors: ReadonlyMap<string, SignedCheckpoint | undefined>;
  /** The checkpoint that the verifier kept, out of reach of whoever could write storage. */
  readonly held?: SignedCheckpoint;
  readonly keys: readonly CheckpointKey[];
}

/** One thing that is wrong, and where it begins. */
export interface Finding {
  readonly what: 'changed' | 'out of place' | 'unreadable' | 'cut off' | 'missing' | 'not the one that was vouched for' | 'not signed' | 'base missing' | RetirementProblem;
  /** The chain, or the name of an anchor. */
  readonly where: string;
  /** The first bad record of the chain, counted from 0. */
  readonly sequence?: number;
  /** Its public name, where it can be read; of a chain that is said to be retired, the name of the record that says so. */
  readonly id?: string;
  /** When the checkpoint was made that says otherwise. */
  readonly vouchedAt?: string;
}

/** A chain that is not there, or no longer there as a whole, and rightly so. */
export interface Retired {
  readonly chain: string;
  readonly records: number;
  /** The record that says so, its chain and its time. */
  readonly id: string;
  readonly by: string;
  readonly at: string;
  /** When a checkpoint named the chain's last record. */
  readonly namedAt: string;
  /** Whether the held checkpoint vouches for the record that says so. */
  readonly isProtected: boolean;
}

export interface Verdict {
  readonly holds: boolean;
  readonly findings: readonly Finding[];
  /** Absent where there is none. */
  readonly retired?: readonly Retired[];
  readonly chains: number;
  readonly records: number;
  /** Of those, vouched for by the held checkpoint. */
  readonly protectedRecords: number;
  readonly heldAt?: string;
  /** Checkpoints that were looked at, the held one included. */
  readonly checkpoints: number;
}

const NEWLINE = 0x0a;

/**
 * Checks all chains against each other, the checkpoints and above all the held one. Everything up to the held checkpoint
 * is protected by it; what is newer is only known to hang together.
 */
export async function verifyLedger({ anchors, chains, held, keys, keptDays, now }: Evidence): Promise<Verdict> {
  const findings: Finding[] = [];
  const good: SignedCheckpoint[] = [];
  for (const [name, signed] of anchors) {
    if (signed === undefined) findings.push({ what: 'unreadable', where: name });
    else if (!isSigned(signed, keys)) findings.push({ what: 'not signed', where: name });
    else good.push(signed);
  }
  const isHeldGood = held !== undefined && isSigned(held, keys);
  if (held !== undefined && !isHeldGood) findings.push({ what: 'not signed', where: 'the checkpoint that you hold' });
  if (held !== undefined && isHeldGood) good.push(held);
  findings.push(...gapsAmong(good, anchors, held));

  const byDigest = new Map(good.map((signed) => [digestOf(signed.checkpoint).toString('hex'), signed.checkpoint]));
  const heldHeads = new Map<string, ChainHead>();
  const vouched = new Map<string, NamedHead[]>();
  for (const { checkpoint } of good) {
    const base = checkpoint.base === undefined ? undefined : byDigest.get(checkpoint.base);
    if (checkpoint.base !== undefined && base === undefined) findings.push({ what: 'base missing', where: checkpoint.writer, vouchedAt: checkpoint.at });
    // What stands in the base is looked at there: each of a day's checkpoints would say again where every chain was.
    for (const head of checkpoint.heads) {
      const heads = vouched.get(head.chain) ?? [];
      heads.push({ ...head, at: checkpoint.at });
      vouched.set(head.chain, heads);
    }
    if (held !== undefined && checkpoint === held.checkpoint) for (const head of headsOf(checkpoint, base)) heldHeads.set(head.chain, head);
  }

  const read = new Map<string, ReadChain>();
  for (const [chain, pieces] of chains) read.set(chain, await readChain(chain, pieces, vouched.get(chain) ?? []));

  const said = retirementsIn(read);
  const retired: Retired[] = [];
  /** Whether a chain that is missing, or ends too early, is so rightly; if not, what is wrong with the record that says so. */
  const isRetired = (chain: string): { readonly holds: boolean; readonly finding?: Finding } => {
    const heads = vouched.get(chain) ?? [];
    let finding: Finding | undefined;
    for (const record of said.get(chain) ?? []) {
      const { namedAt, problem } = judge(record, heads, isNamed(record, read, vouched), { now, ...(keptDays !== undefined && { keptDays }) });
      if (namedAt !== undefined) {
        const { at, by, id, records, sequence } = record;
        retired.push({ chain, records, id, by, at: new Date(at).toISOString(), namedAt, isProtected: sequence < (heldHeads.get(by)?.records ?? 0) });
        return { holds: true };
      }
      finding ??= problem && { what: problem, where: chain, id: record.id, vouchedAt: firstOf(heads).at };
    }
    return { holds: false, ...(finding && { finding }) };
  };

  let records = 0;
  const protects = new Map(heldHeads);
  for (const [chain, { finding, records: here }] of read) {
    // What is left of a chain that is being taken away is its beginning, good as far as it goes, and protected by nothing any more.
    if (finding?.what === 'cut off' && isRetired(chain).holds) {
      protects.delete(chain);
      continue;
    }
    records += here;
    if (finding !== undefined) findings.push(finding);
  }
  for (const [chain, heads] of vouched) {
    if (chains.has(chain)) continue;
    const { finding, holds } = isRetired(chain);
    if (holds) protects.delete(chain);
    else findings.push(finding ?? { what: 'missing', where: chain, vouchedAt: firstOf(heads).at });
  }
  const protectedRecords = [...protects.values()].reduce((sum, head) => sum + head.records, 0);
  return { holds: findings.length === 0, findings, chains: chains.size, records, protectedRecords, ...(isHeldGood && { heldAt: held.checkpoint.at }), checkpoints: good.length, ...(retired.length > 0 && { retired }) };
}

/** What records say was taken away, by chain; of chains that hold. */
function retirementsIn(read: ReadonlyMap<string, ReadChain>): ReadonlyMap<string, readonly RecordedRetirement[]> {
  const said = new Map<string, RecordedRetirement[]>();
  for (const { retirements } of read.values()) for (const each of retirements) said.set(each.chain, [...(said.get(each.chain) ?? []), each]);
  return said;
}

/** Whether the chain of a record holds, and a checkpoint names it beyond that record. */
function isNamed({ by, sequence }: RecordedRetirement, read: ReadonlyMap<string, ReadChain>, vouched: ReadonlyMap<string, readonly NamedHead[]>): boolean {
  return read.get(by)?.finding === undefined && vouched.get(by)?.some((head) => head.records > sequence) === true;
}

/** Checkpoints of one writer are numbered and name the one before: one that was taken away is missed. */
function gapsAmong(good: readonly SignedCheckpoint[], anchors: Evidence['anchors'], held: SignedCheckpoint | undefined): readonly Finding[] {
  if (anchors.size === 0) return [];
  const digests = new Set([...anchors.values()].flatMap((signed) => (signed === undefined ? [] : [digestOf(signed.checkpoint).toString('hex')])));
  const missing = good.filter(({ checkpoint }) => checkpoint.previous !== GENESIS && !digests.has(checkpoint.previous)).map(({ checkpoint }): Finding => ({ what: 'missing', where: `the checkpoint before number ${checkpoint.number} of ${checkpoint.writer}`, vouchedAt: checkpoint.at }));
  const isHeldThere = held === undefined || !isKnownWriter(held, anchors) || digests.has(digestOf(held.checkpoint).toString('hex'));
  return isHeldThere ? missing : [...missing, { what: 'missing', where: 'the checkpoint that you hold, among the anchors', vouchedAt: held.checkpoint.at }];
}

function isKnownWriter({ checkpoint: { writer } }: SignedCheckpoint, anchors: Evidence['anchors']): boolean {
  return [...anchors.values()].some((signed) => signed?.checkpoint.writer === writer);
}

/** Its own heads, and those of its base for chains that it does not name. */
function headsOf({ heads }: Checkpoint, base: Checkpoint | undefined): readonly ChainHead[] {
  const own = new Set(heads.map(({ chain }) => chain));
  return [...heads, ...(base?.heads ?? []).filter(({ chain }) => !own.has(chain))];
}

interface ReadChain {
  readonly records: number;
  /** What its good records say was taken away. */
  readonly retirements: readonly RecordedRetirement[];
  readonly finding?: Finding;
}

async function readChain(chain: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, vouched: readonly NamedHead[]): Promise<ReadChain> {
  const places = new Map<number, NamedHead[]>();
  for (const head of vouched) {
    const heads = places.get(head.records) ?? [];
    heads.push(head);
    places.set(head.records, heads);
  }
  const retirements: RecordedRetirement[] = [];
  let previous = GENESIS;
  let records = 0;
  let bytes = 0;
  const differing = (): Finding | undefined => {
    const wrong = places.get(records)?.find((head) => head.hash !== previous || head.bytes !== bytes);
    return wrong && { what: 'not the one that was vouched for', where: chain, sequence: Math.max(0, records - 1), vouchedAt: wrong.at };
  };
  const finding = differing();
  if (finding !== undefined) return { records, retirements, finding };
  for await (const line of linesOf(pieces)) {
    const record = line.whole ? recordOf(line.text) : undefined;
    if (record === undefined) return { records, retirements, finding: { what: 'unreadable', where: chain, sequence: records, ...vouchedAfter(vouched, records) } };
    if (!follows(record, records, previous)) {
      const what = record.sequence === records && record.previous === previous ? 'changed' : 'out of place';
      return { records, retirements, finding: { what, where: chain, sequence: records, id: record.id, ...vouchedAfter(vouched, records) } };
    }
    const retirement = retirementOf(record, chain);
    if (retirement !== undefined) retirements.push(retirement);
    previous = record.hash;
    records += 1;
    bytes += line.bytes;
    const rewritten = differing();
    if (rewritten !== undefined) return { records, retirements, finding: { ...rewritten, id: record.id } };
  }
  const beyond = vouched.find((head) => head.records > records);
  return { records, retirements, ...(beyond && { finding: { what: 'cut off', where: chain, sequence: records, vouchedAt: beyond.at } }) };
}

function vouchedAfter(vouched: readonly NamedHead[], records: number): Pick<Finding, 'vouchedAt'> {
  const by = vouched.find((head) => head.records > records);
  return by === undefined ? {} : { vouchedAt: by.at };
}

function firstOf(heads: readonly NamedHead[]): NamedHead {
  const [first] = heads;
  if (first === undefined) throw new TypeError('a chain is named by nobody');
  return first;
}

interface Line {
  readonly text: string;
  readonly bytes: number;
  /** Ended by a line feed, and UTF-8. */
  readonly whole: boolean;
}

async function* linesOf(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    const all = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = all.indexOf(NEWLINE, from); end !== -1; end = all.indexOf(NEWLINE, from)) {
      const bytes = all.subarray(from, end);
      yield { ...textOf(decoder, bytes), bytes: bytes.length + 1 };
      from = end + 1;
    }
    rest = all.subarray(from);
  }
  if (rest.length > 0) yield { text: '', bytes: rest.length, whole: false };
}

function textOf(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): Pick<Line, 'text' | 'whole'> {
  try {
    return { text: decoder.decode(bytes), whole: true };
  } catch {
    return { text: '', whole: false };
  }
}
