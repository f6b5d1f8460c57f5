import assert from 'node:assert/strict';
import { checkpointOf, checkpointText, type SignedCheckpoint } from '../../../src/audit/checkpoint.ts';
import { chain as chained, GENESIS } from '../../../src/audit/ledger.ts';
import type { LedgerRecord } from '../../../src/audit/record.ts';
import { verifyLedger, type Finding, type Verdict } from '../../../src/audit/verify.ts';
import { deployment, eventAt, keys, signed } from './anchored.ts';

interface Copy {
  readonly chains: Map<string, string>;
  readonly anchors: Map<string, SignedCheckpoint | undefined>;
  held: SignedCheckpoint;
}

const ONE = '2026/11/22/one';
const TWO = '2026/11/22/two';
const NOW = new Date('2026-11-23T00:00:00Z');

/** Two chains of 12 records, a checkpoint after every 4 of the first, and two newer records in each. */
async function copied(): Promise<Copy> {
  const { anchors, clock, instance } = deployment();
  const [one, two] = [instance(ONE), instance(TWO)];
  for (let index = 0; index < 12; index += 1) {
    await one.ledger.record(eventAt(index), { pressing: true });
    await two.ledger.record(eventAt(index + 1), { pressing: true });
    clock.advance(1_000);
    if (index % 4 === 3) {
      await two.anchoring.checkpoint();
      await one.anchoring.checkpoint();
    }
  }
  const held = one.anchoring.last ?? assert.fail('no checkpoint');
  for (const each of [one, two]) for (let index = 0; index < 2; index += 1) await each.ledger.record(eventAt(index), { pressing: true });
  return { chains: new Map([one, two].map(({ chain, store }) => [chain, store.text])), anchors: new Map(anchors.read()), held };
}

const verify = ({ anchors, chains, held }: Copy): Promise<Verdict> => verifyLedger({ anchors, held, keys, now: NOW, chains: new Map([...chains].map(([name, text]) => [name, [Buffer.from(text)]])) });
const recordsOf = (text: string): LedgerRecord[] => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LedgerRecord);
const textOf = (records: readonly LedgerRecord[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
/** Every record from one on, hashed anew: what somebody does who knows how. */
const rehashed = (records: readonly LedgerRecord[]): LedgerRecord[] => {
  let previous = GENESIS;
  return records.map(({ hash: _, ...record }, sequence) => {
    const next = chained({ ...record, sequence, previous });
    previous = next.hash;
    return next;
  });
};

async function finds(change: (copy: Copy) => void, expected: Partial<Finding>): Promise<void> {
  const copy = await copied();
  change(copy);
  const { findings, holds } = await verify(copy);
  assert.equal(holds, false, 'it was not noticed');
  const [first] = findings;
  assert.ok(first);
  for (const [name, value] of Object.entries(expected)) assert.equal(first[name as keyof Finding], value, JSON.stringify(findings));
}

const inOne = (change: (records: LedgerRecord[]) => readonly LedgerRecord[]) => ({ chains }: Copy): void => void chains.set(ONE, textOf(change(recordsOf(chains.get(ONE) ?? ''))));

describe('audit/verify', () => {
  it('says how much is protected by the checkpoint that is held, and how much is newer', async () => {
    const copy = await copied();
    const verdict = await verify(copy);
    assert.deepEqual(verdict, { holds: true, findings: [], chains: 2, records: 28, protectedRecords: 24, heldAt: copy.held.checkpoint.at, checkpoints: 7 });
  });
  it('protects nothing without one, and still finds what does not hang together', async () => {
    const { anchors, chains } = await copied();
    const without = { anchors, keys, now: NOW, chains: new Map([...chains].map(([name, text]) => [name, [Buffer.from(text)]])) };
    const verdict = await verifyLedger(without);
    assert.deepEqual([verdict.holds, verdict.protectedRecords, verdict.heldAt], [true, 0, undefined]);
    assert.equal((await verifyLedger({ ...without, chains: new Map([[ONE, [Buffer.from((chains.get(ONE) ?? '').replace('tainted":true', 'tainted":false'))]]]) })).holds, false);
  });
  it('reads pieces of any length', async () => {
    const { anchors, chains, held } = await copied();
    const bytes = (text: string): Uint8Array[] => [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));
    assert.equal((await verifyLedger({ anchors, held, keys, now: NOW, chains: new Map([...chains].map(([name, text]) => [name, bytes(text)])) })).holds, true);
  });

  it('finds a changed record', () => finds(inOne((all) => all.map((record, index) => (index === 5 ? { ...record, at: '2026-01-01T00:00:00.000Z' } : record))), { what: 'changed', where: ONE, sequence: 5 }));
  it('finds what says the same in other bytes', () => finds(({ chains }) => void chains.set(ONE, (chains.get(ONE) ?? '').replace('\\u001f', '\\u001F')), { what: 'unreadable', where: ONE, sequence: 1 }));
  it('finds bytes that are no text', async () => {
    const { anchors, chains, held } = await copied();
    const bytes = Buffer.from(chains.get(ONE) ?? '');
    bytes[bytes.indexOf('Zo') + 2] = 0xff;
    const { findings } = await verifyLedger({ anchors, held, keys, now: NOW, chains: new Map([[ONE, [bytes]], [TWO, [Buffer.from(chains.get(TWO) ?? '')]]]) });
    assert.deepEqual([findings[0]?.what, findings[0]?.sequence], ['unreadable', 1]);
  });
  it('finds a dropped record', () => finds(inOne((all) => all.filter((_, index) => index !== 3)), { what: 'out of place', where: ONE, sequence: 3 }));
  it('finds a doubled record', () => finds(inOne((all) => all.flatMap((record, index) => (index === 3 ? [record, record] : [record]))), { what: 'out of place', where: ONE, sequence: 4 }));
  it('finds two that changed places', () => finds(inOne((all) => { [all[2], all[3]] = [all[3]!, all[2]!]; return all; }), { what: 'out of place', where: ONE, sequence: 2 }));
  it('finds a tail that was cut off before the checkpoint', () => finds(inOne((all) => all.slice(0, 11)), { what: 'cut off', where: ONE, sequence: 11 }));
  it('finds a last line that is no whole one', () => finds(({ chains }) => void chains.set(ONE, (chains.get(ONE) ?? '').slice(0, -1)), { what: 'unreadable', where: ONE, sequence: 13 }));
  it('finds a chain that is gone', () => finds(({ chains }) => void chains.delete(TWO), { what: 'missing', where: TWO }));
  it('finds a chain that was hashed anew from a record on, and names the first checkpoint that knows better', () => finds(inOne((all) => rehashed(all.map((record, index) => (index === 1 ? { ...record, at: '2026-01-01T00:00:00.000Z' } : record)))), { what: 'not the one that was vouched for', where: ONE, sequence: 3 }));
  it('finds a ledger that was made anew as a whole and signed by a holder of the key', async () => {
    const [held, forged] = [(await copied()).held, await copied()];
    const chains = new Map([...forged.chains].map(([name, text]) => [name, textOf(rehashed(recordsOf(text).map((record) => ({ ...record, id: 'AAAAA-AAAAA' }))))]));
    const { holds, findings } = await verify({ chains, anchors: new Map(), held });
    assert.equal(holds, false);
    assert.deepEqual(findings.map(({ what }) => what), ['base missing', 'not the one that was vouched for', 'not the one that was vouched for']);
  });
  it('does not protect what is newer than the checkpoint, and says so', async () => {
    const copy = await copied();
    inOne((all) => all.slice(0, 13))(copy);
    const verdict = await verify(copy);
    assert.deepEqual([verdict.holds, verdict.records - verdict.protectedRecords], [true, 3]);
  });

  it('finds a checkpoint that nobody known has signed, one that can’t be read, and one that is gone', async () => {
    const [name = ''] = (await copied()).anchors.keys();
    await finds(({ anchors }) => void anchors.set(name, { ...anchors.get(name)!, signature: signed({ ...anchors.get(name)!.checkpoint, at: 'x' }).signature }), { what: 'not signed', where: name });
    await finds(({ anchors }) => void anchors.set(name, undefined), { what: 'unreadable', where: name });
    await finds(({ anchors }) => void anchors.delete(name), { what: 'missing' });
    await finds((copy) => void (copy.held = { ...copy.held, key: 'ledger-signing-key/other' }), { what: 'not signed', where: 'the checkpoint that you hold' });
  });
  it('finds that the held checkpoint is not among the anchors of its writer', () => finds(({ anchors, held }) => {
    for (const [name, each] of anchors) if (each?.signature === held.signature) anchors.delete(name);
  }, { what: 'missing', where: 'the checkpoint that you hold, among the anchors' }));
  it('takes a checkpoint only as it was written', async () => {
    const text = checkpointText((await copied()).held);
    assert.ok(checkpointOf(text));
    for (const other of [text.trim(), ` ${text}`, text.replace('"version":1', '"version":2'), text.replace('{', '{"more":1,'), 'null', '']) assert.equal(checkpointOf(other), undefined, other.slice(0, 40));
  });
});
