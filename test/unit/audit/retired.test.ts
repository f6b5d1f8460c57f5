import assert from 'node:assert/strict';
import { begunBefore, DAY_MS } from '../../../src/audit/retired.ts';
import { verifyLedger, type Finding, type Verdict } from '../../../src/audit/verify.ts';
import { keys } from './anchored.ts';
import { dateBack, forge, OLD, OWN, recordsOf, retiring, textOf, WITNESS, YOUNG, type Copy, type RetiredEvent } from './retiring.ts';

const FORGED = '2026/10/26/forged';

const verify = ({ anchors, chains, held, now }: Copy): Promise<Verdict> => verifyLedger({ anchors, held, keys, now, chains: new Map([...chains].map(([name, text]) => [name, [Buffer.from(text)]])) });

async function finds({ copy, expected }: { readonly copy: Copy; readonly expected: readonly Pick<Finding, 'what' | 'where'>[] }): Promise<void> {
  const { findings, holds, retired } = await verify(copy);
  assert.equal(holds, false, 'it was not noticed');
  assert.deepEqual(findings.map(({ what, where }) => ({ what, where })), expected);
  assert.equal(retired, undefined);
}

/** What a holder of storage and the key would say of a chain that stands in the copy. */
const eventFor = (copy: Copy, chain: string, records = recordsOf(copy.chains.get(chain) ?? '').length): RetiredEvent => ({ kind: 'retired', chain, records, hash: recordsOf(copy.chains.get(chain) ?? '')[records - 1]?.hash ?? '', days: 400 });

describe('audit/retired', () => {
  it('is believed after its time, of the end that was vouched for long before', async () => {
    const { retired: copy, event } = await retiring();
    const verdict = await verify(copy);
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(verdict.retired?.map(({ chain, by, isProtected, namedAt, records }) => ({ chain, by, isProtected, namedAt, records })), [{ chain: OLD, by: OWN, isProtected: false, namedAt: '2025-09-01T10:00:00.000Z', records: event.records }]);
    assert.equal(verdict.protectedRecords, 12, 'records that are gone count as protected');
  });
  it('is protected by a checkpoint that was held since', async () => {
    const { retired: copy } = await retiring('after');
    const { holds, retired } = await verify(copy);
    assert.deepEqual([holds, retired?.[0]?.isProtected], [true, true]);
  });
  it('changes nothing for a chain that is still there, and excuses one of which the end is gone', async () => {
    const { retired: copy, unretired } = await retiring();
    const text = unretired.chains.get(OLD) ?? '';
    copy.chains.set(OLD, text);
    assert.deepEqual([(await verify(copy)).holds, (await verify(copy)).retired], [true, undefined]);
    copy.chains.set(OLD, textOf(recordsOf(text).slice(0, 7)));
    const { holds, protectedRecords, retired } = await verify(copy);
    assert.deepEqual([holds, retired?.length, protectedRecords], [true, 1, 12]);
  });
  it('excuses no change in what is left', async () => {
    const { retired: copy, unretired } = await retiring();
    copy.chains.set(OLD, textOf(recordsOf(unretired.chains.get(OLD) ?? '').slice(0, 7)).replace('POLICY_DENIED', 'POLICY_ALLOWS'));
    await finds({ copy, expected: [{ what: 'changed', where: OLD }] });
  });

  it('is missed where it is not said', async () => {
    const { unretired: copy } = await retiring();
    copy.chains.delete(OLD);
    await finds({ copy, expected: [{ what: 'missing', where: OLD }] });
    forge(copy, FORGED, [eventFor(copy, WITNESS)]);
    await finds({ copy, expected: [{ what: 'missing', where: OLD }] });
  });
  it('is not believed of a chain that began less than the floor before, whatever is signed with the key', async () => {
    const { unretired: copy } = await retiring();
    const event = eventFor(copy, YOUNG);
    forge(copy, FORGED, [event]);
    dateBack(copy, '2025/08/01/back', new Date('2025-08-01T10:00:00Z'), event);
    copy.chains.delete(YOUNG);
    await finds({ copy, expected: [{ what: 'retired too early', where: YOUNG }] });
  });
  it('counts the floor from the end of the day in the path, to the millisecond', async () => {
    const { unretired } = await retiring();
    const begunMs = begunBefore(OLD) ?? assert.fail();
    for (const [ms, what] of [[-1, 'retired too early'], [0, undefined]] as const) {
      const copy = { ...unretired, chains: new Map(unretired.chains), anchors: new Map(unretired.anchors) };
      forge(copy, FORGED, [eventFor(copy, OLD)], new Date(begunMs + 365 * DAY_MS + ms));
      copy.chains.delete(OLD);
      assert.equal((await verify(copy)).findings[0]?.what, what);
    }
  });
  it('is not believed where a chain’s name does not say when it began', async () => {
    const { unretired: copy } = await retiring();
    forge(copy, 'undated', [{ kind: 'sweep', days: 400 }], new Date('2025-09-02T00:00:00Z'));
    forge(copy, FORGED, [eventFor(copy, 'undated')]);
    copy.chains.delete('undated');
    await finds({ copy, expected: [{ what: 'retired too early', where: 'undated' }] });
    for (const chain of ['old', '2025/9/1/old', '2025/99/99/old', 'x/2025/09/01/old', '']) assert.equal(begunBefore(chain), undefined, chain);
  });
  it('is not believed of a time to come', async () => {
    const { unretired: copy } = await retiring();
    forge(copy, FORGED, [eventFor(copy, YOUNG)], new Date(copy.now.getTime() + 400 * DAY_MS));
    copy.chains.delete(YOUNG);
    await finds({ copy, expected: [{ what: 'retired in the future', where: YOUNG }] });
  });
  it('is not believed with another end: another hash, another count, or the end of an earlier day', async () => {
    const { unretired } = await retiring();
    const real = eventFor(unretired, OLD);
    for (const event of [{ ...real, hash: 'f'.repeat(64) }, { ...real, records: real.records + 1 }, { ...real, records: real.records - 1 }, eventFor(unretired, OLD, 6)]) {
      const copy = { ...unretired, chains: new Map(unretired.chains), anchors: new Map(unretired.anchors) };
      forge(copy, FORGED, [event]);
      copy.chains.delete(OLD);
      await finds({ copy, expected: [{ what: 'retired at another head', where: OLD }] });
    }
  });
  it('is not believed before a checkpoint vouches for the record, or where its chain does not hold', async () => {
    const { unretired: copy } = await retiring();
    const event = eventFor(copy, OLD);
    copy.chains.delete(OLD);
    forge(copy, FORGED, [event], copy.now, false);
    await finds({ copy, expected: [{ what: 'retired, and nothing vouches for that', where: OLD }] });
    forge(copy, FORGED, [{ kind: 'sweep', days: 400 }]);
    const vouched = copy.anchors.get(`checkpoints/${FORGED}/0.json`);
    forge(copy, FORGED, [{ kind: 'sweep', days: 400 }, event]);
    copy.anchors.set(`checkpoints/${FORGED}/0.json`, vouched);
    await finds({ copy, expected: [{ what: 'retired, and nothing vouches for that', where: OLD }] });
    forge(copy, FORGED, [event, event]);
    const [first = '', second = ''] = (copy.chains.get(FORGED) ?? '').split('\n');
    copy.chains.set(FORGED, `${first}\n${second.replace('AAAAA-AAAAA', 'AAAAA-AAAAB')}\n`);
    await finds({ copy, expected: [{ what: 'changed', where: FORGED }, { what: 'retired, and nothing vouches for that', where: OLD }] });
  });
  it('is not believed where no checkpoint shows that the end was vouched for long before', async () => {
    const { retired: copy } = await retiring();
    for (const name of copy.anchors.keys()) if (name.includes('/2025/')) copy.anchors.delete(name);
    await finds({ copy, expected: [{ what: 'retired without proof', where: OLD }] });
  });
  it('is not believed of an old chain that grew of late, though a checkpoint was dated back', async () => {
    const { unretired: copy } = await retiring('before', true);
    assert.deepEqual((await verify(copy)).findings, []);
    const event = eventFor(copy, OLD);
    forge(copy, FORGED, [event]);
    dateBack(copy, '2025/09/02/back', new Date('2025-09-02T10:00:00Z'), event);
    copy.chains.delete(OLD);
    await finds({ copy, expected: [{ what: 'retired without proof', where: OLD }] });
  });
  it('is believed when one record that says so is good and another is not', async () => {
    const { retired: copy, event } = await retiring();
    forge(copy, FORGED, [{ ...event, hash: 'f'.repeat(64) }]);
    const { holds, retired } = await verify(copy);
    assert.deepEqual([holds, retired?.map(({ by }) => by)], [true, [OWN]]);
  });
});
