import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { LedgerCheck } from '../../../src/audit/ledger-check.ts';
import { chain, Ledger } from '../../../src/audit/ledger.ts';
import type { LedgerRecord } from '../../../src/audit/record.ts';
import type { Clock } from '../../../src/clock.ts';
import { version } from '../../../src/version.ts';

const clock: Clock = { now: () => new Date('2026-11-22T10:00:00Z'), monotonicMs: () => 0 };

/** Storage that gives back what was appended, in pieces as small as the test wants. */
class Blob {
  bytes = Buffer.alloc(0);
  mostBytes = Number.POSITIVE_INFINITY;

  async append(lines: string): Promise<void> {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(lines)]);
  }

  async read(positionBytes: number, mostBytes: number): Promise<Uint8Array> {
    return this.bytes.subarray(positionBytes, positionBytes + Math.min(mostBytes, this.mostBytes));
  }

  change(change: (records: LedgerRecord[]) => readonly LedgerRecord[]): void {
    const records = this.bytes.toString().trimEnd().split('\n').map((line) => JSON.parse(line) as LedgerRecord);
    this.bytes = Buffer.from(change(records).map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
}

async function recorded(count: number): Promise<{ readonly blob: Blob; readonly ledger: Ledger; readonly check: LedgerCheck }> {
  const blob = new Blob();
  const ledger = new Ledger(blob, clock);
  for (let turn = 0; turn < count; turn += 1) await ledger.record({ kind: 'refusal', turn: `turn-${turn}`, person: 'digest', code: 'POLICY_DENIED', details: ['ä', '“quoted”'] });
  return { blob, ledger, check: new LedgerCheck(ledger, blob, clock) };
}

describe('the ledger read back', () => {
  it('holds as it was written, however small the pieces in which it comes', async () => {
    for (const mostBytes of [1, 7, 300, Number.POSITIVE_INFINITY]) {
      const { blob, check } = await recorded(5);
      blob.mostBytes = mostBytes;
      assert.equal(check.last, undefined);
      assert.deepEqual(await check.readBack(), { at: clock.now(), holds: true, records: 5 });
      assert.deepEqual(check.last, { at: clock.now(), holds: true, records: 5 });
    }
  });

  it('holds when nothing was written yet, and goes on with what is written later', async () => {
    const { check, ledger } = await recorded(0);
    assert.deepEqual(await check.readBack(), { at: clock.now(), holds: true, records: 0 });
    await ledger.record({ kind: 'refusal', turn: 't', person: 'd', code: 'KILLED', details: [] });
    assert.equal((await check.readBack()).records, 1);
  });

  const changed = (record: LedgerRecord | undefined): LedgerRecord => ({ ...(record ?? assert.fail()), event: { kind: 'refusal', turn: 'other', person: 'd', code: 'KILLED', details: [] } });
  const tampering: Readonly<Record<string, (records: LedgerRecord[]) => readonly LedgerRecord[]>> = {
    'a record was changed': ([one, two, ...rest]) => [one ?? assert.fail(), changed(two), ...rest],
    'a record was changed and hashed anew': ([one, two, ...rest]) => {
      const { hash: _, ...unhashed } = changed(two);
      return [one ?? assert.fail(), chain(unhashed), ...rest];
    },
    'a record is missing': (records) => records.filter((_, index) => index !== 1),
    'the first record is missing': (records) => records.slice(1),
    'the end is missing': (records) => records.slice(0, -1),
    'everything is missing': () => [],
    'two records changed places': ([one, two, ...rest]) => [two ?? assert.fail(), one ?? assert.fail(), ...rest],
  };
  for (const [what, change] of Object.entries(tampering)) {
    it(`does not hold where ${what}`, async () => {
      const { blob, check } = await recorded(4);
      blob.change(change);
      assert.equal((await check.readBack()).holds, false);
    });
  }

  it('does not hold where text stands in place of a record, nor where its end was cut off', async () => {
    const { blob, check } = await recorded(3);
    const whole = blob.bytes;
    blob.bytes = Buffer.concat([Buffer.from('nonsense\n'), whole]);
    assert.equal((await check.readBack()).holds, false);
    blob.bytes = whole.subarray(0, whole.length - 5);
    assert.equal((await check.readBack()).holds, false);
  });
});

describe('the version', () => {
  it('is that of package.json', () => {
    const { version: packaged } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
    assert.equal(version, packaged);
  });
});
