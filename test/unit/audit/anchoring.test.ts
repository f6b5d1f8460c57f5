import assert from 'node:assert/strict';
import { adoptChains, type ChainReader } from '../../../src/audit/adopt.ts';
import { checkpointOf, isSigned } from '../../../src/audit/checkpoint.ts';
import type { LedgerEvent } from '../../../src/audit/record.ts';
import { verifyLedger } from '../../../src/audit/verify.ts';
import { StewardError } from '../../../src/errors.ts';
import { deployment, eventAt, handClock, keys, type Instance } from './anchored.ts';

const NEVER_MS = 10 * 60_000;
const promised = { afterMs: NEVER_MS, afterRecords: 60, mostMs: 300_000, againMs: NEVER_MS, wholeEveryMs: 86_400_000 };

const intent = (execution: string, approver?: string): LedgerEvent => ({ kind: 'intent', execution, turn: 't', action: 'block_sign_in', version: '1.0.0', step: 's', requester: 'ada', policies: [], killEpoch: 1, ...(approver !== undefined && { approver }) });
const outcome = (execution: string): LedgerEvent => ({ kind: 'outcome', execution, outcome: 'done', requestIds: [], durationMs: 1 });
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const isRefused = (error: unknown): boolean => error instanceof StewardError && error.code === 'LEDGER_UNAVAILABLE';

async function record({ ledger }: Instance, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await ledger.record(eventAt(index), { pressing: true });
}

describe('audit/anchoring', () => {
  it('vouches for the head of every chain, in a signature that the public key alone can check', async () => {
    const { anchors, instance } = deployment(handClock(), promised);
    const [one, two] = [instance('one'), instance('two')];
    await record(one, 3);
    await record(two, 2);
    await one.anchoring.checkpoint();
    const { checkpoint } = await two.anchoring.checkpoint();
    assert.deepEqual(checkpoint.heads.map(({ chain, records, hash }) => [chain, records, hash]), [['one', 3, one.ledger.end.hash], ['two', 2, two.ledger.end.hash]]);
    assert.deepEqual([...anchors.blobs.values()].map((text) => isSigned(checkpointOf(text)!, keys)), [true, true]);
    assert.equal(one.anchoring.waiting, 0);
  });
  it('does so by itself within a hundred records', async () => {
    const { anchors, instance } = deployment(handClock(), promised);
    const one = instance('one');
    await record(one, 59);
    await settle();
    assert.equal(anchors.blobs.size, 0);
    await record(one, 1);
    await settle();
    assert.equal(one.anchoring.last?.checkpoint.heads[0]?.records, 60);
    assert.ok(one.anchoring.waiting < 100);
  });
  it('does so by itself after a while', async () => {
    const { instance } = deployment(handClock(), { ...promised, afterMs: 20 });
    const one = instance('one');
    await record(one, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(one.anchoring.last?.checkpoint.heads[0]?.records, 1);
  });
  it('does so at once after an effect that a second person decided, and not after one’s own', async () => {
    const { anchors, instance } = deployment(handClock(), promised);
    const one = instance('one');
    for (const event of [intent('own', 'ada'), outcome('own'), intent('none'), outcome('none'), intent('two', 'paul')]) await one.ledger.record(event);
    await settle();
    assert.equal(anchors.blobs.size, 0);
    await one.ledger.record(outcome('two'));
    await settle();
    assert.equal(one.anchoring.last?.checkpoint.heads[0]?.records, 6);
  });
  it('names all chains at first, and then what has changed, with a reference to where the rest stands', async () => {
    const { heads, instance } = deployment(handClock(), promised);
    await heads.put({ chain: 'old', records: 7, bytes: 700, hash: 'f'.repeat(64) });
    const one = instance('one');
    await record(one, 1);
    assert.equal((await one.anchoring.checkpoint()).checkpoint.heads.length, 2);
    await record(one, 1);
    const { checkpoint } = await one.anchoring.checkpoint();
    assert.deepEqual(checkpoint.heads.map(({ chain }) => chain), ['one']);
    assert.equal(checkpoint.base, checkpoint.previous);
    await heads.put({ chain: 'old', records: 8, bytes: 800, hash: 'e'.repeat(64) });
    assert.deepEqual((await one.anchoring.checkpoint()).checkpoint.heads.map(({ chain, records }) => [chain, records]), [['old', 8], ['one', 2]]);
  });
  it('puts a checkpoint whose answer was lost again as it was, and goes on from it', async () => {
    const { anchors, errors, instance } = deployment(handClock(), promised);
    const one = instance('one');
    await record(one, 1);
    anchors.fails = 'after';
    await assert.rejects(one.anchoring.checkpoint(), isRefused);
    await record(one, 1);
    anchors.fails = 'no';
    await one.anchoring.checkpoint();
    const written = [...anchors.read().values()].map((signed) => signed?.checkpoint);
    assert.deepEqual(written.map((each) => [each?.number, each?.heads[0]?.records]), [[0, 1], [1, 2]]);
    assert.equal(errors.length, 1);
    const verdict = await verifyLedger({ anchors: anchors.read(), keys, now: new Date(), held: one.anchoring.last!, chains: new Map([['one', [Buffer.from(one.store.text)]]]) });
    assert.deepEqual([verdict.holds, verdict.protectedRecords], [true, 2]);
  });
  const aways: Readonly<Record<string, (made: ReturnType<typeof deployment>) => void>> = {
    'the key can’t be reached': ({ signer }) => void (signer.fails = true),
    'checkpoints can’t be stored': ({ anchors }) => void (anchors.fails = 'before'),
  };
  for (const [what, away] of Object.entries(aways)) {
    it(`lets nothing be done once ${what} for five minutes, lets everything else be recorded, and again as soon as it can`, async () => {
      const made = deployment(handClock(), promised);
      const one = made.instance('one');
      away(made);
      await record(one, 1);
      await assert.rejects(one.anchoring.checkpoint(), isRefused);
      made.clock.advance(300_000);
      await one.ledger.record(intent('in time'));
      made.clock.advance(1);
      await assert.rejects(one.ledger.record(intent('too late')), isRefused);
      await one.ledger.record(outcome('in time'));
      made.signer.fails = false;
      made.anchors.fails = 'no';
      await one.anchoring.checkpoint();
      await one.ledger.record(intent('once more'));
      assert.equal(one.store.text.includes('too late'), false);
      assert.equal(one.ledger.isBroken, false);
    });
  }
  it('tries again by itself', async () => {
    const { anchors, instance } = deployment(handClock(), { ...promised, againMs: 10 });
    const one = instance('one');
    anchors.fails = 'before';
    await record(one, 1);
    await assert.rejects(one.anchoring.checkpoint(), isRefused);
    anchors.fails = 'no';
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(anchors.blobs.size, 1);
  });
  it('vouches once more when the instance stops', async () => {
    const { anchors, instance } = deployment(handClock(), promised);
    const one = instance('one');
    await record(one, 2);
    await one.anchoring.stop();
    await one.anchoring.stop();
    assert.deepEqual([...anchors.read().values()].map((signed) => signed?.checkpoint.heads[0]?.records), [2]);
  });
});

describe('audit/adopt', () => {
  const reader = (chains: ReadonlyMap<string, string>, restsForMs = 600_000): ChainReader => ({
    list: async () => [...chains].map(([chain, text]) => ({ chain, bytes: Buffer.byteLength(text), restsForMs })),
    read: async (chain, from, most) => Buffer.from(chains.get(chain) ?? '').subarray(from, from + most),
  });

  it('reads on where an instance died, so that its last records are vouched for as well', async () => {
    const { heads, instance } = deployment(handClock(), promised);
    const [dead, alive] = [instance('dead'), instance('alive')];
    await record(dead, 3);
    await dead.anchoring.checkpoint();
    await record(dead, 2);
    assert.deepEqual(await adoptChains(heads, reader(new Map([['dead', dead.store.text]])), 'alive'), []);
    await record(alive, 1);
    assert.deepEqual((await alive.anchoring.checkpoint()).checkpoint.heads.map(({ chain, records }) => [chain, records]), [['alive', 1], ['dead', 5]]);
  });
  it('finds a chain of which nobody ever told', async () => {
    const { heads, instance } = deployment(handClock(), promised);
    const dead = instance('dead');
    await record(dead, 3);
    await adoptChains(heads, reader(new Map([['dead', dead.store.text]])), 'alive');
    assert.deepEqual(heads.heads.get('dead'), { chain: 'dead', records: 3, bytes: Buffer.byteLength(dead.store.text), hash: dead.ledger.end.hash });
  });
  it('leaves alone what is its own and what still moves', async () => {
    const { heads, instance } = deployment(handClock(), promised);
    const one = instance('one');
    await record(one, 3);
    const chains = new Map([['one', one.store.text]]);
    await adoptChains(heads, reader(chains), 'one');
    await adoptChains(heads, reader(chains, 1_000), 'other');
    assert.equal(heads.heads.size, 0);
  });
  it('says which chain does not hang together, and keeps its last good head', async () => {
    const { heads, instance } = deployment(handClock(), promised);
    const dead = instance('dead');
    await record(dead, 4);
    const text = dead.store.text.split('\n').map((line, index) => (index === 2 ? line.replace('1.5', '2.5') : line)).join('\n');
    assert.deepEqual(await adoptChains(heads, reader(new Map([['dead', text]])), 'alive'), ['dead']);
    assert.equal(heads.heads.get('dead')?.records, 2);
    const cut = new Map([['dead', dead.store.text.slice(0, -20)]]);
    assert.deepEqual(await adoptChains(heads, reader(cut), 'alive'), ['dead']);
  });
});
