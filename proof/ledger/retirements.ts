/** Chains that somebody takes away and says that they were retired: with records and checkpoints of their own, signed with the key, dated as they like. */
import type { LedgerEvent } from '../../src/audit/record.ts';
import { begunBefore, DAY_MS, LEDGER_FLOOR_DAYS } from '../../src/audit/retired.ts';
import { verifyLedger, type Verdict } from '../../src/audit/verify.ts';
import { keys } from '../../test/unit/audit/anchored.ts';
import { dateBack, forge, OLD, OWN, recordsOf, retiring, YOUNG, type Copy, type RetiredEvent } from '../../test/unit/audit/retiring.ts';
import type { Outcome, ProofOptions } from '../proof.ts';
import { chanceOf, type Chance } from '../random.ts';

const ROUNDS_OF_CHANCE = 2_000;
const MOST_DAYS = 800;

export async function retirements({ count, seed }: ProofOptions): Promise<Outcome> {
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  /** `gone` is taken away; that has to be found, or rightly not. */
  const tries = async (what: string, copy: Copy, gone: string, isFound = true): Promise<void> => {
    counts[what] = (counts[what] ?? 0) + 1;
    copy.chains.delete(gone);
    const { findings, holds, retired = [] } = await verify(copy);
    const isNamed = isFound ? findings.some(({ where }) => where === gone) : retired.some(({ chain }) => chain === gone);
    if (holds === isFound || !isNamed) violations.push(`${what}: ${holds ? 'it holds' : JSON.stringify(findings).slice(0, 300)}`);
  };

  for (const held of ['before', 'after'] as const) await tries('chains retired in their time, and accepted', (await retiring(held)).retired, OLD, false);
  const { unretired } = await retiring();
  const { unretired: grown } = await retiring('before', true);
  const begunMs = begunBefore(OLD) ?? 0;
  for (let day = 0; day < LEDGER_FLOOR_DAYS; day += 1) {
    const copy = copyOf(unretired);
    forge(copy, '2026/10/26/forged', [retiredAs(copy, OLD)], new Date(begunMs + day * DAY_MS));
    await tries('chains lost, and retired on each day before their time', copy, OLD);
  }
  for (let records = 1; records < recordsOf(unretired.chains.get(OLD) ?? '').length; records += 1) {
    const copy = copyOf(unretired);
    forge(copy, '2026/10/26/forged', [retiredAs(copy, OLD, records)]);
    dateBack(copy, '2025/09/02/back', new Date(begunMs), retiredAs(copy, OLD, records));
    await tries('chains lost, and retired with an end that they once had', copy, OLD);
  }
  const unvouched = copyOf(unretired);
  forge(unvouched, '2026/10/26/forged', [retiredAs(unvouched, OLD)], unvouched.now, false);
  await tries('chains lost, and retired by a record that nothing vouches for', unvouched, OLD);
  const without = copyOf((await retiring()).retired);
  for (const name of without.anchors.keys()) if (name.includes('/2025/')) without.anchors.delete(name);
  await tries('chains lost, and no checkpoint left of their time', without, OLD);

  for (let index = 0; index < Math.min(ROUNDS_OF_CHANCE, count ?? ROUNDS_OF_CHANCE); index += 1) {
    const chance = chanceOf(seed, 2_000_000 + index);
    const [young, old] = [copyOf(unretired), copyOf(grown)];
    const gone = chance.one([YOUNG, OWN]);
    forgeAtWill(young, gone, chance);
    await tries('chains of these weeks lost, and retired with the key at any time', young, gone);
    forgeAtWill(old, OLD, chance);
    await tries('an old chain that grew of late lost, and retired with the key at any time', old, OLD);
  }
  return { counts, violations };
}

/** A few chains and checkpoints of one who holds the key and knows how it is verified. */
function forgeAtWill(copy: Copy, gone: string, chance: Chance): void {
  const any = (): Date => new Date(copy.now.getTime() + (chance.next() * 2 - 1.5) * MOST_DAYS * DAY_MS);
  const event = retiredAs(copy, gone);
  const others: LedgerEvent = { kind: 'sweep', days: 400 };
  for (let each = 0; each <= chance.next() * 3; each += 1) {
    forge(copy, `${dayOf(any())}/forged-${each}`, chance.one([[event], [others, event], [event, event]]), chance.is(0.3) ? copy.now : any());
    dateBack(copy, `${dayOf(any())}/back-${each}`, any(), event);
  }
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10).replaceAll('-', '/');
const copyOf = (copy: Copy): Copy => ({ ...copy, chains: new Map(copy.chains), anchors: new Map(copy.anchors) });

function retiredAs(copy: Copy, chain: string, records?: number): RetiredEvent {
  const all = recordsOf(copy.chains.get(chain) ?? '');
  const length = records ?? all.length;
  return { kind: 'retired', chain, records: length, hash: all[length - 1]?.hash ?? '', days: 400 };
}

const verify = ({ anchors, chains, held, now }: Copy): Promise<Verdict> => verifyLedger({ anchors, held, keys, now, chains: new Map([...chains].map(([name, text]) => [name, [Buffer.from(text)]])) });
