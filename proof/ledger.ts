/**
 * A ledger that somebody changes, one change at a time, held against a checkpoint: every byte flipped, every record dropped,
 * doubled, moved, every tail cut, chains and checkpoints lost, everything made anew with the key; and chains lost that a forged
 * record says were taken away after their time. And two instances that append to storage at the same time, while it fails.
 */
import { checkpointText, type SignedCheckpoint } from '../src/audit/checkpoint.ts';
import { chain as chained, GENESIS } from '../src/audit/ledger.ts';
import type { LedgerRecord } from '../src/audit/record.ts';
import { verifyLedger, type Verdict } from '../src/audit/verify.ts';
import { deployment, eventAt, keys, signed } from '../test/unit/audit/anchored.ts';
import { appendUnderFaults } from './ledger/appends.ts';
import { retirements } from './ledger/retirements.ts';
import type { Outcome, Proof, ProofOptions } from './proof.ts';
import { chanceOf } from './random.ts';

const RECORDS = 200;
const CHAINS = ['2026/11/22/one', '2026/11/22/two', '2026/11/22/three'] as const;
const CHECKPOINT_EVERY = 20;
const NOW = new Date('2026-11-23T00:00:00Z');
/** Appends by each of the two instances. */
const APPENDS = 10_000;
const ROUNDS_OF_CHANCE = 2_000;
const PROGRESS_EVERY = 20_000;
const CASE_BIT = 0x20;

interface Copy {
  readonly chains: ReadonlyMap<string, Buffer>;
  readonly anchors: ReadonlyMap<string, SignedCheckpoint | undefined>;
  readonly held: SignedCheckpoint;
}

export const proof: Proof = {
  claim: 'whatever is changed in a ledger before the checkpoint that somebody holds is found, with the first bad record; and two instances that append while storage fails leave no gap and no fork',
  async run(options) {
    const enumerated = await enumerate(options);
    const retired = await retirements(options);
    const appended = await appendUnderFaults(options.count === undefined ? APPENDS : options.count * 10, options);
    return { counts: { ...enumerated.counts, ...retired.counts, ...appended.counts }, violations: [...enumerated.violations, ...retired.violations, ...appended.violations] };
  },
};

/** With `count`, so many of each kind instead of all. */
async function enumerate({ count, progress, seed }: ProofOptions): Promise<Outcome> {
  const copy = await makeLedger();
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  const whole = await verify(copy);
  if (!whole.holds || whole.protectedRecords !== RECORDS) violations.push(`the ledger as it was made does not hold: ${JSON.stringify(whole.findings)}`);
  let done = 0;
  /** `first`: the record that has to be named; absent where a checkpoint or a chain is named instead. */
  const tries = async (what: string, changed: Copy, first?: { readonly chain: string; readonly sequence: number | readonly [least: number, most: number] }): Promise<void> => {
    counts[what] = (counts[what] ?? 0) + 1;
    done += 1;
    if (done % PROGRESS_EVERY === 0) progress(`${done.toLocaleString('en-GB')} changes, ${violations.length} unseen`);
    const { findings, holds } = await verify(changed);
    if (holds) violations.push(`${what} was not found (${JSON.stringify(first)})`);
    else if (first !== undefined) {
      const [least, most] = typeof first.sequence === 'number' ? [first.sequence, first.sequence] : first.sequence;
      const named = findings.find(({ where }) => where === first.chain)?.sequence ?? -1;
      if (named < least || named > most) violations.push(`${what}: the first bad record is ${least}, and named was ${JSON.stringify(findings).slice(0, 300)}`);
    }
  };
  const chance = chanceOf(seed, 0);
  const isTried = (of: number): boolean => count === undefined || chance.is(Math.min(1, count / of));

  for (const [chain, bytes] of copy.chains) {
    const starts = startsOf(bytes);
    const records = recordsOf(bytes);
    const replaced = (now: Buffer | readonly LedgerRecord[]): Copy => ({ ...copy, chains: new Map([...copy.chains, [chain, Buffer.isBuffer(now) ? now : bytesOf(now)]]) });
    for (let at = 0; at < bytes.length; at += 1) {
      const sequence = starts.findLastIndex((start) => start <= at);
      if (!isTried(bytes.length)) continue;
      const flipped = Buffer.from(bytes);
      // Another letter case says the same in some places of JSON; any bit may be the one that nobody looks at.
      flipped[at] = (flipped[at] ?? 0) ^ (chance.is(0.5) ? CASE_BIT : 1 << Math.floor(chance.next() * 8));
      await tries('bytes flipped', replaced(flipped), { chain, sequence });
    }
    for (const sequence of records.keys()) {
      const record = records[sequence];
      const next = records[sequence + 1];
      if (record === undefined || !isTried(records.length)) continue;
      await tries('records dropped', replaced(records.toSpliced(sequence, 1)), { chain, sequence });
      // After the last one the chain still holds up to the checkpoint: what is newer is not protected, but does not hang together either.
      await tries('records doubled', replaced(records.toSpliced(sequence, 0, record)), { chain, sequence: sequence + 1 });
      if (next !== undefined) await tries('records swapped', replaced(records.toSpliced(sequence, 2, next, record)), { chain, sequence });
      const strange = chained({ ...withoutHash(record), id: 'AAAAA-AAAAA' });
      await tries('records inserted, with a fitting hash', replaced(records.toSpliced(sequence, 0, strange)), { chain, sequence: [sequence, sequence + 1] });
      await tries('tails cut', replaced(records.slice(0, sequence)), { chain, sequence });
      await tries('tails cut in the middle of a record', replaced(bytes.subarray(0, (starts[sequence] ?? 0) + 1 + Math.floor(chance.next() * 100))), { chain, sequence });
      // Hashed anew from here on: what tells is the first checkpoint that names a later record.
      const rebuilt = rehashed(records.with(sequence, { ...record, at: '2026-01-01T00:00:00.000Z' }));
      await tries('rebuilt from a record on', replaced(rebuilt), { chain, sequence: [sequence, Math.min(records.length - 1, sequence + CHECKPOINT_EVERY)] });
      await tries('rebuilt from a record on, and signed with the key', { ...replaced(rebuilt), anchors: forged(copy, new Map([...copy.chains, [chain, bytesOf(rebuilt)]])) });
    }
    await tries('chains lost', { ...copy, chains: new Map([...copy.chains].filter(([name]) => name !== chain)) });
    await tries('chains emptied', replaced(Buffer.alloc(0)), { chain, sequence: 0 });
    await tries('chains under another name', { ...copy, chains: new Map([...copy.chains].map(([name, text]) => [name === chain ? `${name}-0002` : name, text])) });
  }
  for (const [name, anchor] of copy.anchors) {
    if (anchor === undefined) continue;
    // The last one of a writer is missed by nobody, unless it is the held one: what it vouched for, the held one does.
    if (isReferredTo(anchor, copy)) await tries('checkpoints lost', { ...copy, anchors: new Map([...copy.anchors].filter(([other]) => other !== name)) });
    await tries('checkpoints signed by another key', { ...copy, anchors: new Map([...copy.anchors, [name, { ...anchor, signature: signed({ ...anchor.checkpoint, number: 99 }).signature }]]) });
  }
  counts['bytes of the held checkpoint'] = Buffer.byteLength(checkpointText(copy.held));
  await everything(copy, tries);
  for (let index = 0; index < Math.min(ROUNDS_OF_CHANCE, count ?? ROUNDS_OF_CHANCE); index += 1) await several(copy, seed, index, tries);
  return { counts, violations };
}

function isReferredTo({ checkpoint, signature }: SignedCheckpoint, { anchors, held }: Copy): boolean {
  return signature === held.signature || [...anchors.values()].some((other) => other?.checkpoint.writer === checkpoint.writer && other.checkpoint.number === checkpoint.number + 1);
}

type Tries = (what: string, changed: Copy) => Promise<void>;

/** All chains made anew with other contents, and all checkpoints with the key: only the held one is not. */
async function everything(copy: Copy, tries: Tries): Promise<void> {
  const chains = new Map([...copy.chains].map(([name, bytes]) => [name, bytesOf(rehashed(recordsOf(bytes).map((record) => ({ ...record, id: 'AAAAA-AAAAA' }))))]));
  await tries('everything rebuilt', { ...copy, chains });
  await tries('everything rebuilt, and signed with the key', { ...copy, chains, anchors: forged(copy, chains) });
  await tries('everything rebuilt, and no checkpoint left', { ...copy, chains, anchors: new Map() });
}

/** Several changes at once, which might hide each other. */
async function several(copy: Copy, seed: number, index: number, tries: Tries): Promise<void> {
  const chance = chanceOf(seed, index + 1);
  const chains = new Map(copy.chains);
  for (let change = 0; change < 1 + Math.floor(chance.next() * 4); change += 1) {
    const chain = chance.one(CHAINS);
    const records = recordsOf(chains.get(chain) ?? Buffer.alloc(0));
    const at = Math.floor(chance.next() * Math.max(1, records.length - 1));
    const record = records[at];
    if (record === undefined) continue;
    const changed = chance.one([records.toSpliced(at, 1), records.with(at, { ...record, id: `AAAAA-${String(change).padStart(5, 'A')}` }), records.slice(0, at)]);
    chains.set(chain, bytesOf(chance.is(0.5) ? rehashed(changed) : changed));
  }
  const isSame = [...chains].every(([chain, bytes]) => bytes.equals(copy.chains.get(chain) ?? Buffer.alloc(0)));
  if (!isSame) await tries('several changes at once', { ...copy, chains, anchors: chance.is(0.3) ? forged(copy, chains) : copy.anchors });
}

/** What a holder of the key makes of the checkpoints, so that they fit the chains as they are now. */
function forged({ anchors }: Copy, chains: ReadonlyMap<string, Buffer>): Copy['anchors'] {
  let base: string | undefined;
  const previous = new Map<string, string>();
  return new Map(
    [...anchors].map(([name, anchor]) => {
      if (anchor === undefined) return [name, anchor];
      const heads = anchor.checkpoint.heads.map((head) => {
        const records = recordsOf(chains.get(head.chain) ?? Buffer.alloc(0)).slice(0, head.records);
        return { ...head, records: records.length, bytes: bytesOf(records).length, hash: records.at(-1)?.hash ?? GENESIS };
      });
      const { base: _, ...rest } = anchor.checkpoint;
      const made = signed({ ...rest, previous: previous.get(anchor.checkpoint.writer) ?? GENESIS, ...(base !== undefined && anchor.checkpoint.base !== undefined && { base }), heads });
      return [name, made];
    }),
  );
}

async function makeLedger(): Promise<Copy> {
  const { anchors, clock, instance } = deployment(undefined, { afterMs: 600_000, afterRecords: RECORDS * 2, mostMs: 600_000, againMs: 600_000, wholeEveryMs: 1 });
  const instances = CHAINS.map(instance);
  for (let index = 0; index < RECORDS; index += 1) {
    const at = instances[index % instances.length];
    await at?.ledger.record(eventAt(index), { pressing: true });
    clock.advance(700);
    if (index % CHECKPOINT_EVERY === CHECKPOINT_EVERY - 1) await at?.anchoring.checkpoint();
  }
  for (const each of instances) await each.anchoring.checkpoint();
  const held = instances.at(-1)?.anchoring.last;
  if (held === undefined) throw new Error('there is no checkpoint');
  return { chains: new Map(instances.map(({ chain, store }) => [chain, Buffer.from(store.text)])), anchors: anchors.read(), held };
}

const verify = ({ anchors, chains, held }: Copy): Promise<Verdict> => verifyLedger({ anchors, held, keys, now: NOW, chains: new Map([...chains].map(([name, bytes]) => [name, [bytes]])) });

function recordsOf(bytes: Buffer): readonly LedgerRecord[] {
  return bytes.toString('utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as LedgerRecord);
}

function bytesOf(records: readonly LedgerRecord[]): Buffer {
  return Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

/** Where each record begins. */
function startsOf(bytes: Buffer): readonly number[] {
  const starts = [0];
  for (let at = bytes.indexOf(0x0a); at !== -1 && at + 1 < bytes.length; at = bytes.indexOf(0x0a, at + 1)) starts.push(at + 1);
  return starts;
}

function withoutHash({ hash: _, ...record }: LedgerRecord): Omit<LedgerRecord, 'hash'> {
  return record;
}

function rehashed(records: readonly LedgerRecord[]): readonly LedgerRecord[] {
  let previous = GENESIS;
  return records.map((record, sequence) => {
    const next = chained({ ...withoutHash(record), sequence, previous });
    previous = next.hash;
    return next;
  });
}
