/** The ways in which Steward is killed, by people in chat and by whoever can write storage. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/stories/harness/wait.ts';
import type { Chance } from '../random.ts';
import type { Cut } from './door.ts';
import { BOTH, otherThan, type Stage, type Which } from './stage.ts';
import { nowMs } from './wire.ts';

/** A process that was told in chat, and when it did what. */
export interface Told {
  readonly at: Which;
  readonly conversationId: string;
  /** The message arrived. */
  readonly cameMs: number;
  /** The process itself was stopped: by then, it calls running calls off, reads the row, and writes it. The first of those that was seen. */
  readonly latchMs: number;
}

export interface Struck {
  readonly told: readonly Told[];
  /** The write of the latch was handed over, and storage acknowledged it. */
  readonly writeMs: number;
  readonly storedMs: number;
  /** A row that nobody can revive: an admin has to kill in chat first. */
  readonly needsKill: boolean;
  /** What goes on with storage cut off; healed by whoever judges. */
  readonly cutOff: readonly Which[];
}

export interface Stroke {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** A process loses storage: what became of its work is told when another one notices. */
  readonly shakes?: true;
  /** Nothing of the row is left but its level: one that is not `off` can't be read then. */
  readonly leavesLevelAlone?: true;
  strike(stage: Stage, chance: Chance): Promise<Struck>;
}

const STORED_MS = 20_000;
/** How long before the kill a process loses the latch: it stops a second after its last reading in any case. */
const MOST_LEAD_MS = 600;
/** An own storage that is away when the kill comes is back after this. */
const OWN_CUT_MS = 400;

const anyOf = (chance: Chance): Which => (chance.is(0.5) ? 0 : 1);
const howOf = (chance: Chance): Cut['how'] => (chance.is(0.5) ? 'broken' : 'silent');

/** Says `kill all` to these processes at the same time, and waits until the wires tell what became of it. */
async function inChat(stage: Stage, processes: readonly Which[], cutOff: readonly Which[] = [], behind?: () => Promise<void>): Promise<Struck> {
  const sinceMs = nowMs();
  const kills = processes.map((at, index) => ({ at, ...stage.kill(at, index) }));
  await Promise.all([...kills.map(({ posted }) => posted), behind?.()]);
  const told = kills.map(async ({ at, conversationId, mark }): Promise<Told & { readonly writeMs: number; readonly storedMs: number }> => {
    const wire = stage.wires[at];
    return until(
      () => {
        const came = wire.of('came', sinceMs).find(({ what }) => what.endsWith(mark));
        if (came === undefined) return undefined;
        const writes = wire.of('write', came.atMs);
        const stored = writes.map((write) => wire.endOf(write)).find((end) => end !== undefined && /^2/.test(end.what));
        const [first] = writes;
        if (first === undefined || stored === undefined) return undefined;
        const abortMs = wire.of('abort', came.atMs)[0]?.atMs ?? Number.POSITIVE_INFINITY;
        // Right before it is written, and after the process itself was stopped, the row is read.
        const readMs = wire.of('read', came.atMs).filter(({ atMs }) => atMs < first.atMs).at(-1)?.atMs ?? Number.POSITIVE_INFINITY;
        return { at, conversationId, cameMs: came.atMs, latchMs: Math.min(first.atMs, readMs, abortMs), writeMs: first.atMs, storedMs: stored.atMs };
      },
      STORED_MS,
      `the kill at process ${at} did not reach storage`,
    );
  });
  const all = await Promise.all(told);
  return { told: all, writeMs: Math.min(...all.map(({ writeMs }) => writeMs)), storedMs: Math.min(...all.map(({ storedMs }) => storedMs)), needsKill: false, cutOff };
}

async function byHand(write: () => Promise<void>, needsKill: boolean): Promise<Struck> {
  const writeMs = nowMs();
  await write();
  return { told: [], writeMs, storedMs: nowMs(), needsKill, cutOff: [] };
}

/** In chat, at one process while the other one can't reach what is cut. */
async function besideCut(stage: Stage, chance: Chance, what: 'storage' | 'latch'): Promise<Struck> {
  const at = anyOf(chance);
  const other = otherThan(at);
  stage.cut(other, { what, how: howOf(chance) });
  // Without storage an effect can't be recorded, and the other process stops by itself.
  if (what === 'latch') await sleep(chance.next() * MOST_LEAD_MS);
  return inChat(stage, [at], [other]);
}

export const strokes: readonly Stroke[] = [
  { name: 'in chat', weight: 34, strike: (stage, chance) => inChat(stage, [anyOf(chance)]) },
  { name: 'in chat, at both processes at once', weight: 10, strike: (stage) => inChat(stage, BOTH) },
  { name: 'in chat, the other process without storage', weight: 10, shakes: true, strike: (stage, chance) => besideCut(stage, chance, 'storage') },
  { name: 'in chat, the other process without the latch alone', weight: 14, shakes: true, strike: (stage, chance) => besideCut(stage, chance, 'latch') },
  {
    name: 'in chat, at a process without storage',
    weight: 4,
    shakes: true,
    strike: async (stage, chance) => {
      const at = anyOf(chance);
      stage.cut(at, { what: 'storage', how: howOf(chance) });
      return inChat(stage, [at], [], async () => {
        await sleep(OWN_CUT_MS);
        stage.heal(at);
      });
    },
  },
  { name: 'by hand, level off', weight: 12, strike: (stage) => byHand(() => stage.writeLatch({ level: 'off' }), false) },
  { name: 'by hand, a row of nothing but the level', weight: 3, leavesLevelAlone: true, strike: (stage) => byHand(() => stage.writeLatch({ level: 'off' }, 'Replace'), false) },
  { name: 'the row deleted', weight: 4, strike: (stage) => byHand(() => stage.deleteLatch(), true) },
  { name: 'the level unreadable', weight: 3, strike: (stage) => byHand(() => stage.writeLatch({ level: 'fulll' }), true) },
  { name: 'the epoch unreadable', weight: 3, strike: (stage) => byHand(() => stage.writeLatch({ epoch: 'seven' }), true) },
  { name: 'the epoch raised by hand', weight: 3, strike: (stage) => byHand(async () => stage.writeLatch({ epoch: BigInt(Date.now() + 1_000) }), true) },
];

/** `isCalm`: only those that let every process tell at once what became of its work. */
export function strokeOf(chance: Chance, isCalm = false): Stroke {
  const ways = strokes.filter(({ shakes }) => !isCalm || shakes !== true);
  let left = chance.next() * ways.reduce((sum, { weight }) => sum + weight, 0);
  const found = ways.find(({ weight }) => (left -= weight) < 0) ?? ways[0];
  if (found === undefined) throw new Error('there is no way to kill');
  return found;
}

/** One of them by its name. */
export function strokeNamed(name: string): Stroke {
  const found = strokes.find((stroke) => stroke.name === name);
  if (found === undefined) throw new Error(`there is no way to kill called “${name}”`);
  return found;
}
