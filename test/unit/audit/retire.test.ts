import assert from 'node:assert/strict';
import { adoptChains } from '../../../src/audit/adopt.ts';
import { checkpointText, type SignedCheckpoint } from '../../../src/audit/checkpoint.ts';
import { chain as chained, GENESIS } from '../../../src/audit/ledger.ts';
import { LedgerRetirement, type AnchoredCheckpoint, type AnchorReader, type RemovableChains, type Swept } from '../../../src/audit/retire.ts';
import { createScrubber } from '../../../src/audit/scrub.ts';
import { DAY_MS } from '../../../src/audit/retired.ts';
import { verifyLedger, type Verdict } from '../../../src/audit/verify.ts';
import { deployment, eventAt, handClock, keys, signed, type Instance } from './anchored.ts';
import { recordsOf, textOf } from './retiring.ts';

const limits = { afterMs: 10_000_000, afterRecords: 100_000, mostMs: 10_000_000, againMs: 10_000_000, wholeEveryMs: DAY_MS };
const OLD = '2025/01/01/old';
const WITNESS = '2025/01/03/witness';
const OWN = '2026/03/01/own';
const OTHER = '2026/03/01/other';

interface Part {
  text: string;
  readonly writtenMs: number;
}

/** Storage: chains in parts, each with the time at which it was written last. */
class MemoryChains implements RemovableChains {
  readonly parts = new Map<string, Part[]>();
  readonly held = new Set<string>();
  /** Dies when so many parts are gone. */
  diesAfter = Infinity;
  readonly removed: string[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  write(chain: string, text: string, parts = 1): void {
    const lines = text.split(/(?<=\n)/);
    const each = Math.ceil(lines.length / parts);
    this.parts.set(chain, Array.from({ length: parts }, (_, part) => ({ text: lines.slice(part * each, (part + 1) * each).join(''), writtenMs: this.#nowMs() })));
  }
  text = (chain: string): string => (this.parts.get(chain) ?? []).map(({ text }) => text).join('');
  list = async () => [...this.parts].map(([chain, all]) => ({ chain, bytes: Buffer.byteLength(this.text(chain)), restsForMs: this.#nowMs() - Math.max(...all.map(({ writtenMs }) => writtenMs)) }));
  read = async (chain: string, from: number, most: number) => Buffer.from(this.text(chain)).subarray(from, from + most);

  async remove(chain: string): Promise<'removed' | 'held'> {
    if (this.held.has(chain)) return 'held';
    const parts = this.parts.get(chain);
    while (parts !== undefined && parts.length > 0) {
      if (this.diesAfter === 0) throw new Error('died');
      this.diesAfter -= 1;
      parts.pop();
    }
    this.parts.delete(chain);
    this.removed.push(chain);
    return 'removed';
  }
}

/** An old chain that ended, one who vouched for its end, and two instances of today. */
async function make({ aheadMs = 0, days = 400, parts = 1, said = [] as readonly Parameters<Instance['ledger']['record']>[0][] } = {}) {
  const made = deployment(handClock(Date.UTC(2025, 0, 1, 9)), limits);
  const { anchors, clock, heads } = made;
  const nowMs = (): number => clock.now().getTime();
  const chains = new MemoryChains(nowMs);
  const storedMs = new Map<string, number>();
  const note = (): void => {
    for (const name of anchors.blobs.keys()) if (!storedMs.has(name)) storedMs.set(name, nowMs());
  };
  const anchored = (writer: string, number: number): AnchoredCheckpoint | undefined => {
    note();
    const name = `checkpoints/${writer}/${number}.json`;
    const checkpoint = anchors.read().get(name);
    return checkpoint && { signed: checkpoint, restsForMs: nowMs() - (storedMs.get(name) ?? nowMs()) };
  };
  const reader: AnchorReader = {
    keys: async () => keys,
    first: async (writer) => anchored(writer, 0),
    last: async (writer) => anchored(writer, [...anchors.blobs.keys()].filter((name) => name.startsWith(`checkpoints/${writer}/`)).length - 1),
  };
  const removeHead = async (chain: string): Promise<void> => void heads.heads.delete(chain);
  const start = async (chain: string): Promise<Instance> => {
    const started = made.instance(chain);
    await started.ledger.record(eventAt(0), { pressing: true });
    return started;
  };
  const retirement = (instance: Instance, changes: Partial<ConstructorParameters<typeof LedgerRetirement>[0]> = {}): LedgerRetirement =>
    new LedgerRetirement({ ledger: instance.ledger, chain: instance.chain, anchoring: instance.anchoring, chains, anchors: reader, heads: { list: () => heads.list(), remove: removeHead }, days, isHeld: async () => false, clock, ...changes });

  clock.advance(aheadMs);
  const old = await start(OLD);
  for (let index = 1; index < 6; index += 1) await old.ledger.record(eventAt(index), { pressing: true });
  for (const event of said) await old.ledger.record(event);
  clock.advance(-aheadMs);
  chains.write(OLD, old.store.text, parts);
  await adoptChains(heads, { list: async () => [{ chain: OLD, bytes: Buffer.byteLength(old.store.text), restsForMs: DAY_MS }], read: chains.read }, WITNESS);
  clock.advance(2 * DAY_MS);
  const witness = await start(WITNESS);
  await witness.anchoring.checkpoint();
  note();
  clock.advance(10 * DAY_MS);
  await witness.ledger.record(eventAt(1), { pressing: true });
  await witness.anchoring.checkpoint();
  note();
  chains.write(WITNESS, witness.store.text);
  const [own, other] = [made.instance(OWN), made.instance(OTHER)];
  const write = (): void => {
    for (const each of [own, other]) if (each.store.text !== '') chains.write(each.chain, each.store.text);
  };
  /** What somebody finds who copies both containers now and holds `held`. */
  const verify = async (held?: SignedCheckpoint): Promise<Verdict> => {
    write();
    return verifyLedger({ chains: new Map([...chains.parts.keys()].map((chain) => [chain, [Buffer.from(chains.text(chain))]])), anchors: anchors.read(), keys, now: clock.now(), ...(held && { held }) });
  };
  const eventsIn = (instance: Instance) => recordsOf(instance.store.text).map(({ event }) => event);
  return { ...made, chains, old, witness, own, other, reader, removeHead, retirement, verify, eventsIn, storedMs };
}

/** What somebody writes who knows how: other records, of the same length. */
function rehashed(text: string): string {
  let previous = GENESIS;
  return textOf(recordsOf(text).map(({ hash: _, ...record }) => {
    const next = chained({ ...record, id: 'AAAAA-AAAAA', previous });
    previous = next.hash;
    return next;
  }));
}

type Made = Awaited<ReturnType<typeof make>>;
const retiredIn = ({ eventsIn }: Made, instance: Instance): readonly string[] => eventsIn(instance).flatMap((event) => (event.kind === 'retired' ? [event.chain] : []));
const later = (made: Made, days: number): void => made.clock.advance(days * DAY_MS);
const nothing: Swept = { retired: [], held: [], broken: [] };

describe('audit/retire', () => {
  it('takes a chain away after its days, once a checkpoint vouches for the record that says so; the ledger holds all the while', async () => {
    const made = await make();
    const { chains, clock, heads, old, own, retirement, verify } = made;
    later(made, 391);
    const held = await own.anchoring.checkpoint();
    const order: string[] = [];
    const sweeper = retirement(own, {
      ledger: { record: async (event, options) => { const record = await own.ledger.record(event, options); order.push(`${event.kind} recorded`); return record; } },
      anchoring: { checkpoint: async () => { const made = await own.anchoring.checkpoint(); order.push('checkpoint stored'); return made; } },
      chains: Object.assign(Object.create(chains) as MemoryChains, { remove: async (chain: string) => { order.push(`${chain} deleted`); return chains.remove(chain); } }),
    });
    assert.deepEqual(await sweeper.sweep(), { ...nothing, retired: [OLD] });
    assert.deepEqual(order, ['sweep recorded', 'retired recorded', 'checkpoint stored', `${OLD} deleted`]);
    assert.deepEqual([...chains.parts.keys()].includes(OLD), false);
    assert.deepEqual(made.eventsIn(own).at(-1), { kind: 'retired', chain: OLD, records: 6, hash: old.ledger.end.hash, last: '2025-01-01T09:00:00.000Z', days: 400 });
    assert.equal(heads.heads.has(OLD), false);
    clock.advance(DAY_MS + 1);
    await own.ledger.record(eventAt(1), { pressing: true });
    assert.equal((await own.anchoring.checkpoint()).checkpoint.heads.some(({ chain }) => chain === OLD), false, 'checkpoints go on to name it');
    const verdict = await verify(held);
    assert.deepEqual([verdict.findings, verdict.retired?.map(({ chain }) => chain)], [[], [OLD]]);
    assert.deepEqual([(await verify(own.anchoring.last)).holds, (await verify()).holds], [true, true]);
  });
  it('says once a day that its instance lives, so that no other takes its chain for one that is over', async () => {
    const made = await make();
    assert.deepEqual(await made.retirement(made.own).sweep(), nothing);
    assert.deepEqual(made.eventsIn(made.own), [{ kind: 'sweep', days: 400 }]);
  });

  const keeps: Readonly<Record<string, (made: Made) => Promise<void> | void>> = {
    'its last record is not old enough': (made) => later(made, 387),
    'a setting below the floor says that it may go': (made) => later(made, 352),
    'somebody wrote to it since': (made) => { later(made, 391); made.chains.write(OLD, made.old.store.text); },
    'it is the own one': (made) => later(made, 391),
    'no checkpoint names its end': (made) => {
      for (const [name] of made.anchors.blobs) made.anchors.blobs.delete(name);
      later(made, 391);
    },
    'the checkpoint that names its end came into storage of late, whatever it says of itself': (made) => {
      later(made, 391);
      for (const name of made.storedMs.keys()) made.storedMs.set(name, made.clock.now().getTime() - DAY_MS);
    },
    'the checkpoint that names its end says that it is not that old': (made) => {
      for (const [name, each] of made.anchors.read()) if (each !== undefined) made.anchors.blobs.set(name, checkpointText(signed({ ...each.checkpoint, at: '2025-06-01T00:00:00.000Z' })));
      later(made, 391);
    },
    'the checkpoint that names its end is signed by nobody known': (made) => {
      for (const [name, each] of made.anchors.read()) if (each !== undefined) made.anchors.blobs.set(name, checkpointText({ ...each, key: 'ledger-signing-key/other' }));
      later(made, 391);
    },
    'its last record says that it is not that old': (made) => later(made, 391),
    'it grew after the checkpoint that names it': async (made) => {
      await made.old.ledger.record(eventAt(6), { pressing: true });
      const [part] = made.chains.parts.get(OLD) ?? [];
      if (part !== undefined) part.text = made.old.store.text;
      later(made, 391);
    },
  };
  for (const [what, change] of Object.entries(keeps)) {
    it(`keeps a chain while ${what}`, async () => {
      const made = await make(what.includes('below the floor') ? { days: 1 } : what.includes('its last record says') ? { aheadMs: 30 * DAY_MS } : {});
      await change(made);
      const instance = what === 'it is the own one' ? made.old : made.own;
      const { broken, retired } = await made.retirement(instance).sweep();
      assert.deepEqual([broken, retired.includes(OLD), made.chains.removed.includes(OLD), retiredIn(made, instance).includes(OLD)], [[], false, false, false]);
    });
  }
  const changes: Readonly<Record<string, (parts: Part[]) => unknown>> = {
    'that was changed': ([part]) => part && (part.text = part.text.replace('POLICY_DENIED', 'POLICY_DENIES')),
    'that was hashed anew': (parts) => parts.splice(0, 3, { text: rehashed(parts.map(({ text }) => text).join('')), writtenMs: parts[0]?.writtenMs ?? 0 }),
    'of which the last part is gone and what is left was changed': (parts) => {
      parts.pop();
      const [part] = parts;
      if (part !== undefined) part.text = part.text.replace('POLICY_DENIED', 'POLICY_DENIES');
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`keeps a chain ${what}, and says so`, async () => {
      const made = await make({ parts: 3 });
      change(made.chains.parts.get(OLD) ?? []);
      later(made, 391);
      const { broken, retired } = await made.retirement(made.own).sweep();
      assert.deepEqual([broken, retired, made.chains.removed], [[OLD], [], []]);
    });
  }
  it('keeps a chain whose name does not say when it began', async () => {
    const made = await make();
    const { anchoring, ledger, store } = made.instance('undated');
    await ledger.record(eventAt(1), { pressing: true });
    await anchoring.checkpoint();
    made.chains.write('undated', store.text);
    await made.reader.first('undated');
    later(made, 402);
    await made.retirement(made.own).sweep();
    assert.equal(made.chains.parts.has('undated'), true);
  });
  it('takes its own last checkpoint for what vouches for the end of a chain, where no other does', async () => {
    const made = await make();
    for (const name of made.anchors.blobs.keys()) made.anchors.blobs.delete(name);
    const { bytes, hash, records } = made.heads.heads.get(OLD) ?? assert.fail();
    for (const number of [0, 1]) {
      const signedThen = signed({ version: 1, writer: OLD, number, at: '2025-01-01T09:00:00.000Z', previous: '0'.repeat(64), heads: [{ chain: OLD, bytes: number * bytes, records: number * records, hash }] });
      await made.anchors.put(signedThen);
      made.storedMs.set(`checkpoints/${OLD}/${number}.json`, Date.UTC(2025, 0, 1, 9));
    }
    later(made, 391);
    assert.deepEqual(await made.retirement(made.own).sweep(), { ...nothing, retired: [OLD] });
  });
  it('keeps all while somebody is under legal hold, says nothing of them, and takes them when nobody is', async () => {
    const made = await make();
    later(made, 391);
    let isHeld = true;
    const sweeper = made.retirement(made.own, { isHeld: async () => isHeld });
    assert.deepEqual(await sweeper.sweep(), { ...nothing, held: [OLD] });
    assert.deepEqual([retiredIn(made, made.own), made.chains.removed], [[], []]);
    isHeld = false;
    assert.deepEqual(await sweeper.sweep(), { ...nothing, retired: [OLD] });
  });
  it('keeps all while nobody knows whether somebody is under legal hold', async () => {
    const made = await make();
    later(made, 391);
    await assert.rejects(made.retirement(made.own, { isHeld: async () => { throw new Error('nobody knows'); } }).sweep(), /nobody knows/);
    assert.deepEqual([retiredIn(made, made.own), made.chains.removed], [[], []]);
  });
  it('says it of a few chains and no more while storage keeps them', async () => {
    const made = await make();
    const chains = Array.from({ length: 6 }, (_, index) => `2025/01/02/chain-${index}`);
    for (const chain of chains) {
      const { anchoring, ledger, store } = made.instance(chain);
      await ledger.record(eventAt(1), { pressing: true });
      await anchoring.checkpoint();
      made.chains.write(chain, store.text);
      made.chains.held.add(chain);
      await made.reader.first(chain);
    }
    made.chains.held.add(OLD);
    later(made, 402);
    const sweeper = made.retirement(made.own);
    for (const held of [3, 6, 7]) {
      assert.equal((await sweeper.sweep()).held.length, held);
      assert.equal(retiredIn(made, made.own).filter((chain) => chain !== WITNESS).length, held);
    }
  });
  it('deletes nothing while no checkpoint can be made, and says it again when one can', async () => {
    const made = await make();
    later(made, 391);
    made.signer.fails = true;
    const sweeper = made.retirement(made.own);
    await assert.rejects(sweeper.sweep());
    assert.deepEqual(made.chains.removed, []);
    made.signer.fails = false;
    assert.deepEqual((await sweeper.sweep()).retired, [OLD]);
    assert.equal((await made.verify()).holds, true);
  });
  it('deletes nothing on a checkpoint that does not name the record', async () => {
    const made = await make();
    later(made, 391);
    let before: SignedCheckpoint | undefined;
    const sweeper = made.retirement(made.own, {
      ledger: { record: async (event) => { before = await made.own.anchoring.checkpoint(); return made.own.ledger.record(event); } },
      anchoring: { checkpoint: async () => before ?? assert.fail() },
    });
    assert.deepEqual(await sweeper.sweep(), nothing);
    assert.deepEqual(made.chains.removed, []);
  });

  const deaths: Readonly<Record<string, (made: Made) => Partial<ConstructorParameters<typeof LedgerRetirement>[0]>>> = {
    'before it says so': ({ own }) => ({ ledger: { record: async (event) => { if (event.kind === 'retired') throw new Error('died'); return own.ledger.record(event); } } }),
    'before a checkpoint vouches for it': () => ({ anchoring: { checkpoint: async () => { throw new Error('died'); } } }),
    'before the first part goes': ({ chains }) => { chains.diesAfter = 0; return {}; },
    'after the first part': ({ chains }) => { chains.diesAfter = 1; return {}; },
    'after the second part': ({ chains }) => { chains.diesAfter = 2; return {}; },
    'before its head goes': () => ({ heads: { list: async () => [], remove: async () => { throw new Error('died'); } } }),
  };
  for (const [what, change] of Object.entries(deaths)) {
    it(`may die ${what}: the ledger holds, and the next instance ends it`, async () => {
      const made = await make({ parts: 3 });
      later(made, 391);
      const held = await made.own.anchoring.checkpoint();
      await assert.rejects(made.retirement(made.own, change(made)).sweep(), /died/);
      made.chains.diesAfter = Infinity;
      assert.deepEqual((await made.verify(held)).findings, []);
      // Whoever adopts meanwhile takes what is left for no broken chain.
      assert.deepEqual(await adoptChains(made.heads, made.chains, OTHER), []);
      await made.retirement(made.other).sweep();
      assert.deepEqual([made.chains.parts.has(OLD), made.heads.heads.has(OLD)], [false, false]);
      const verdict = await made.verify(held);
      assert.deepEqual([verdict.findings, verdict.retired?.map(({ chain, records }) => [chain, records])], [[], [[OLD, 6]]]);
    });
  }
  it('may be done by two instances at once', async () => {
    const made = await make({ parts: 2 });
    later(made, 391);
    await Promise.all([made.own, made.other].map((each) => made.retirement(each).sweep()));
    assert.equal(made.chains.parts.has(OLD), false);
    const verdict = await made.verify();
    assert.deepEqual([verdict.findings, verdict.retired?.length], [[], 1]);
  });
  it('leaves what storage holds, says so, says no more about it, and takes it when it may', async () => {
    const made = await make();
    made.chains.held.add(OLD);
    later(made, 391);
    const sweeper = made.retirement(made.own);
    for (let day = 0; day < 3; day += 1) assert.deepEqual(await sweeper.sweep(), { ...nothing, held: [OLD] });
    assert.deepEqual(retiredIn(made, made.own), [OLD]);
    assert.equal((await made.verify()).holds, true);
    assert.ok(made.heads.heads.has(OLD));
    made.chains.held.clear();
    assert.deepEqual(await sweeper.sweep(), { ...nothing, retired: [OLD] });
    assert.equal((await made.verify()).holds, true);
  });
  it('says it in words that the scrubber leaves as they are', async () => {
    const event = { kind: 'retired', chain: '2025/01/01/20250101T090000Z-0b0f6f0c-6d5a-4d0e-9d7c-7f1f6f3c2a11', records: 6, hash: 'deadbeef'.repeat(8), last: '2025-01-01T09:00:00.000Z', days: 400 } as const;
    assert.deepEqual(createScrubber(() => []).value(event), event);
  });
  it('says again what a chain says that goes, so that chains retired long ago are still known to be', async () => {
    const gone = { kind: 'retired', chain: '2023/01/01/gone', records: 3, hash: 'a'.repeat(64), last: '2023-01-01T10:00:00.000Z', days: 400 } as const;
    const made = await make({ said: [gone, { ...gone, chain: '2023/01/02/gone' }] });
    later(made, 391);
    await made.retirement(made.own).sweep();
    assert.deepEqual(retiredIn(made, made.own), ['2023/01/01/gone', '2023/01/02/gone', OLD]);
    assert.deepEqual(made.eventsIn(made.own)[1], gone);
  });
  it('leaves a ledger that holds when the chain that said so goes in its turn, also against a checkpoint from before all of it', async () => {
    const made = await make();
    later(made, 391);
    const held = await made.own.anchoring.checkpoint();
    await made.retirement(made.own).sweep();
    await made.own.anchoring.checkpoint();
    made.chains.write(OWN, made.own.store.text);
    await made.reader.last(OWN);
    later(made, 450);
    const next = made.instance('2027/05/01/next');
    assert.deepEqual((await made.retirement(next).sweep()).retired, [WITNESS, OWN]);
    made.chains.write(next.chain, next.store.text);
    // Not by `verify`, which writes what the instances have in memory.
    const { findings, retired } = await verifyLedger({ chains: new Map([...made.chains.parts.keys()].map((chain) => [chain, [Buffer.from(made.chains.text(chain))]])), anchors: made.anchors.read(), keys, now: made.clock.now(), held });
    assert.deepEqual([findings, retired?.map(({ by, chain }) => [chain, by]).sort()], [[], [[WITNESS, next.chain], [OLD, next.chain], [OWN, next.chain]].sort()]);
  });
  it('takes heads of chains that are gone out of the next checkpoints, and of no others', async () => {
    const made = await make();
    later(made, 391);
    for (const chain of ['2024/01/01/long gone', '2026/02/01/young']) await made.heads.put({ chain, records: 1, bytes: 1, hash: 'a'.repeat(64) });
    await made.retirement(made.own).sweep();
    assert.deepEqual([...made.heads.heads.keys()].filter((chain) => chain !== OWN).sort(), [WITNESS, '2026/02/01/young']);
  });
});
