import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { canonicalJson, chain, firstBadRecord, Ledger } from '../../../src/audit/ledger.ts';
import type { LedgerEvent, LedgerRecord } from '../../../src/audit/record.ts';
import type { Clock } from '../../../src/clock.ts';
import { createScrubber, SECRET, SecretForms } from '../../../src/audit/scrub.ts';
import { open, type PersonKeys } from '../../../src/audit/sealed.ts';
import { StewardError } from '../../../src/errors.ts';
import { Stopwatch } from '../../machine.ts';

const clock: Clock = { now: () => new Date('2026-11-22T10:00:00Z'), monotonicMs: () => 0 };
const event = (turn: number): LedgerEvent => ({ kind: 'refusal', turn: `turn-${turn}`, person: 'digest', code: 'POLICY_DENIED', details: ['ä', '“quoted”'] });

/** An append blob: bytes, and a refusal of any append that does not start at its end. */
class Blob {
  bytes = Buffer.alloc(0);
  readonly appends: string[] = [];
  onAppend: (() => Promise<void>) | undefined;

  async append(lines: string, positionBytes: number): Promise<void> {
    await this.onAppend?.();
    assert.equal(positionBytes, this.bytes.length, 'appended where the last append did not end');
    this.bytes = Buffer.concat([this.bytes, Buffer.from(lines)]);
    this.appends.push(lines);
  }

  records(): LedgerRecord[] {
    return this.bytes.toString().trimEnd().split('\n').map((line) => JSON.parse(line) as LedgerRecord);
  }
}

async function recorded(count: number): Promise<LedgerRecord[]> {
  const blob = new Blob();
  const ledger = new Ledger(blob, clock);
  for (let turn = 0; turn < count; turn += 1) await ledger.record(event(turn));
  return blob.records();
}

const unavailable = (error: unknown): boolean => error instanceof StewardError && error.code === 'LEDGER_UNAVAILABLE';

describe('ledger', () => {
  it('chains each record to the one before it, from 64 zeros', async () => {
    const records = await recorded(4);
    assert.deepEqual(records.map(({ sequence }) => sequence), [0, 1, 2, 3]);
    assert.equal(records[0]?.previous, '0'.repeat(64));
    for (const [index, record] of records.entries()) {
      const { hash, ...rest } = record;
      assert.equal(hash, createHash('sha256').update(canonicalJson(rest)).digest('hex'));
      if (index > 0) assert.equal(record.previous, records[index - 1]?.hash);
      assert.match(record.id, /^[A-HJ-NP-Z2-9]{5}-[A-HJ-NP-Z2-9]{5}$/);
    }
    assert.equal(firstBadRecord(records), undefined);
  });

  it('says of people only what their keys open, without secrets, and leaves the ciphertext as it is', async () => {
    const blob = new Blob();
    const secret = Buffer.alloc(32, 7);
    const keys: PersonKeys = { keyOf: async (person) => ({ person, id: `key-of-${person}`, secret }) };
    // Takes every long run of letters for a secret, as the shapes may once by chance.
    const shapes = createScrubber(() => [new SecretForms('orange-horse')]);
    const eager = { value: <T>(value: T): T => JSON.parse(JSON.stringify(shapes.value(value)).replaceAll(/[\w-]{60,}/g, 'X')) as T };
    const ledger = new Ledger(blob, clock, eager, keys);
    const sealed = await ledger.seal([{ as: 'requester', person: 'p1', facts: { name: 'Ada' } }, { as: 'target', person: 'p2', facts: { name: 'Ben', arguments: { reason: 'the password is orange-horse' } } }]);
    await ledger.record({ kind: 'plan', turn: 't', plan: 'p', steps: [], ...sealed });
    const [record] = blob.records();
    const parts = record?.event.kind === 'plan' ? (record.event.sealed ?? []) : [];
    assert.deepEqual(parts.map(({ as, key, person }) => [as, key, person]), [['requester', 'key-of-p1', 'p1'], ['target', 'key-of-p2', 'p2']]);
    assert.deepEqual(parts.map((part) => open(part, secret)), [{ name: 'Ada' }, { name: 'Ben', arguments: { reason: `the password is ${SECRET}` } }]);
    assert.ok(!/Ada|Ben|password/.test(blob.bytes.toString()), 'a name stands in the open');
  });

  it('says nothing about people where a key can’t be had, and fails', async () => {
    const ledger = new Ledger(new Blob(), clock, undefined, { keyOf: () => Promise.reject(new StewardError('LEDGER_UNAVAILABLE', 'no key')) });
    await assert.rejects(ledger.seal([{ as: 'requester', person: 'p1', facts: { name: 'Ada' } }]), unavailable);
    assert.deepEqual(await ledger.seal([]), {});
  });

  it('holds no secret that another system put in, and hashes what it holds', async () => {
    const blob = new Blob();
    const ledger = new Ledger(blob, clock, createScrubber(() => [new SecretForms('orange-horse')]));
    const record = await ledger.record({ kind: 'outcome', execution: 'e', outcome: 'failed', requestIds: ['orange-horse', `eyJ${'a1'.repeat(9)}.eyJ${'a1'.repeat(9)}.a1`, 'r-1'], durationMs: 1 });
    assert.deepEqual(blob.records(), [record]);
    assert.deepEqual('requestIds' in record.event && record.event.requestIds, [SECRET, SECRET, 'r-1']);
    assert.equal(firstBadRecord(blob.records()), undefined);
  });

  it('hashes in the order of the calls, whatever the order in which storage answers', async () => {
    const blob = new Blob();
    let left = 3;
    blob.onAppend = () => new Promise((resolve) => setTimeout(resolve, 5 * left--));
    const ledger = new Ledger(blob, clock);
    const results = await Promise.all(Array.from({ length: 20 }, (_, turn) => ledger.record(event(turn))));
    assert.deepEqual(blob.records(), results);
    assert.deepEqual(blob.records().map(({ event: each }) => ('turn' in each ? each.turn : '')), Array.from({ length: 20 }, (_, turn) => `turn-${turn}`));
    assert.equal(firstBadRecord(blob.records()), undefined);
  });

  it('writes in one append what gathered while another was on its way, and resolves nothing before it is durable', async () => {
    const blob = new Blob();
    const releases: (() => void)[] = [];
    blob.onAppend = () => new Promise((resolve) => releases.push(resolve));
    const ledger = new Ledger(blob, clock);
    const durable: number[] = [];
    const first = ledger.record(event(0)).then(() => durable.push(0));
    await new Promise((resolve) => setImmediate(resolve));
    const later = [1, 2, 3].map((turn) => ledger.record(event(turn)).then(() => durable.push(turn)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(releases.length, 1, 'a second append left before the first one ended');
    assert.deepEqual(durable, []);
    releases[0]?.();
    await first;
    assert.deepEqual(durable, [0]);
    await new Promise((resolve) => setImmediate(resolve));
    releases[1]?.();
    await Promise.all(later);
    assert.deepEqual(blob.appends.map((lines) => lines.split('\n').length - 1), [1, 3]);
    assert.deepEqual(durable, [0, 1, 2, 3]);
  });

  it('writes what only tells together with the next record that somebody waits for, in the order of the calls', async () => {
    const blob = new Blob();
    const ledger = new Ledger(blob, clock);
    const told = (turn: number): LedgerEvent => ({ kind: 'reply', turn: `turn-${turn}`, digest: '', withheld: false });
    const early = [ledger.record(told(0)), ledger.record(told(1))];
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(blob.appends.length, 0);
    await Promise.all([...early, ledger.record(event(2))]);
    assert.deepEqual(blob.appends.map((lines) => lines.split('\n').length - 1), [3]);
    assert.equal(firstBadRecord(blob.records()), undefined);
  });

  it('writes what only tells after a moment, and at once when it is flushed', async () => {
    const blob = new Blob();
    const ledger = new Ledger(blob, clock);
    await ledger.record({ kind: 'reply', turn: 'turn-0', digest: '', withheld: false });
    assert.equal(blob.appends.length, 1);
    const watch = new Stopwatch();
    void ledger.record(event(1), { pressing: false });
    await ledger.flush();
    assert.equal(blob.appends.length, 2);
    assert.ok(watch.ms < 40, 'a flush waited for more to gather');
  });

  it('flushes only when everything recorded so far is durable', async () => {
    const blob = new Blob();
    let release = (): void => undefined;
    blob.onAppend = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const ledger = new Ledger(blob, clock);
    const written = ledger.record(event(0));
    let flushed = false;
    const flush = ledger.flush().then(() => {
      flushed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(flushed, false);
    release();
    await Promise.all([written, flush]);
  });

  it('is broken for good after one failed append, and accepts nothing after it', async () => {
    const blob = new Blob();
    const ledger = new Ledger(blob, clock);
    await ledger.record(event(0));
    let calls = 0;
    blob.onAppend = async () => {
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error('the network went away');
    };
    const failing = ledger.record(event(1));
    await new Promise((resolve) => setImmediate(resolve));
    const gathered = ledger.record(event(2));
    await Promise.all([assert.rejects(failing, unavailable), assert.rejects(gathered, unavailable)]);
    blob.onAppend = undefined;
    await assert.rejects(ledger.record(event(3)), unavailable);
    await assert.rejects(ledger.flush(), unavailable);
    assert.equal(calls, 1, 'what gathered behind a failed append must not be written');
    assert.deepEqual(blob.records().length, 1);
    assert.equal(firstBadRecord(blob.records()), undefined, 'what is there still holds');
  });
});

describe('firstBadRecord', () => {
  const changes: readonly (readonly [string, (records: LedgerRecord[]) => LedgerRecord[], number])[] = [
    ['a flipped bit in an event', (all) => at(all, 2, (record) => ({ ...record, event: { ...record.event, turn: 'turn-X' } as LedgerEvent })), 2],
    ['a changed time', (all) => at(all, 1, (record) => ({ ...record, at: '2026-11-22T10:00:01.000Z' })), 1],
    ['a changed public name', (all) => at(all, 1, (record) => ({ ...record, id: 'AAAAA-AAAAA' })), 1],
    ['a changed version', (all) => at(all, 0, (record) => ({ ...record, version: 2 as 1 })), 0],
    ['a changed hash', (all) => at(all, 3, (record) => ({ ...record, hash: 'f'.repeat(64) })), 3],
    ['an added field', (all) => at(all, 2, (record) => ({ ...record, note: 'harmless' })), 2],
    ['a removed field', (all) => at(all, 2, ({ at: _, ...record }) => record as LedgerRecord), 2],
    ['a first record dropped', (all) => all.slice(1), 0],
    ['a middle record dropped', (all) => all.filter((_, index) => index !== 2), 2],
    ['two records swapped', ([a, b, c, ...rest]) => [a!, c!, b!, ...rest], 1],
    ['a record inserted twice', (all) => [...all.slice(0, 2), all[1]!, ...all.slice(2)], 2],
    ['a record of another chain inserted', (all) => [...all.slice(0, 2), chain({ ...bare(all[2]!), previous: '0'.repeat(64) }), ...all.slice(3)], 2],
    // Rehashed with care, but the next record still names the old hash.
    ['a record rewritten with a fitting hash', (all) => at(all, 2, (record) => chain({ ...bare(record), event: event(99) })), 3],
  ];
  for (const [title, change, expected] of changes) {
    it(`finds ${title}`, async () => {
      assert.equal(firstBadRecord(change(await recorded(5))), expected);
    });
  }

  it('holds for an empty chain and for one record', async () => {
    assert.equal(firstBadRecord([]), undefined);
    assert.equal(firstBadRecord(await recorded(1)), undefined);
  });
});

describe('canonicalJson', () => {
  it('gives one form to one value, whatever the order of its keys', () => {
    assert.equal(canonicalJson({ b: 1, a: { d: [3, { z: 1, y: 2 }], c: null } }), '{"a":{"c":null,"d":[3,{"y":2,"z":1}]},"b":1}');
    assert.equal(canonicalJson({ a: 1, b: 2 }), canonicalJson({ b: 2, a: 1 }));
  });

  it('keeps the order of lists and the difference of types', () => {
    assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
    assert.notEqual(canonicalJson('1'), canonicalJson(1));
    assert.notEqual(canonicalJson({ a: [] }), canonicalJson({ a: {} }));
  });

  it('leaves out what JSON leaves out, so that a record reads back to the same form', () => {
    const value = { a: undefined, b: 'x', c: { d: undefined } };
    assert.equal(canonicalJson(value), '{"b":"x","c":{}}');
    assert.equal(canonicalJson(JSON.parse(JSON.stringify(value))), canonicalJson(value));
  });

  it('cannot be confused by keys and values that hold its own punctuation', () => {
    assert.notEqual(canonicalJson({ 'a":1,"b': 2 }), canonicalJson({ a: 1, b: 2 }));
    assert.equal(canonicalJson({ 'q"': '\n' }), '{"q\\"":"\\n"}');
  });
});

function at(records: LedgerRecord[], index: number, change: (record: LedgerRecord) => LedgerRecord): LedgerRecord[] {
  return records.map((record, position) => (position === index ? change(record) : record));
}

function bare({ hash: _, ...record }: LedgerRecord): Omit<LedgerRecord, 'hash'> {
  return record;
}
